// Makes the store the benchmarks multiply: contacts in live outreaches, through the door as
// anybody's would come.
//   prepare CONFIG CONTACTS planned    their well-being message is due now
//   prepare CONFIG CONTACTS queued     it is in the outbox
//   prepare CONFIG CONTACTS warming    the provider has accepted it as wamid.BENCH<contact>

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/apply.hpp"
#include "ports/system.hpp"
#include "settings/settings.hpp"
#include "store/registry.hpp"

using namespace warmcall;

namespace {

constexpr std::size_t at_once = 1'000;

// tests/bench/measure.py makes the same numbers for those it adds.
std::string phone(std::size_t i) {
    return "+9198" + std::to_string(10'000'000 + i);
}

std::vector<NewContact> people(std::size_t n, const core::RepId& rep) {
    std::vector<NewContact> all;
    for (std::size_t i = 1; i <= n; ++i) {
        core::Contact c;
        c.name = "Contact Number" + std::to_string(i);
        c.addresses = {{core::AddressKind::phone, phone(i)},
                       {core::AddressKind::whatsapp, phone(i).substr(1)},
                       {core::AddressKind::whatsapp_user, "IN.WARM" + phone(i).substr(1)}};
        c.owner = rep;
        c.language = "en";
        c.zones = {"Asia/Kolkata"};
        c.zone_source = core::ZoneSource::number;
        c.region = "IN";
        c.consent = core::Consent{"benchmark", {}, {}};
        all.push_back({std::move(c), {}});
    }
    return all;
}

void enrol(const Settings& s, Store& store, Applier& applier, Clock& clock, std::size_t n) {
    std::vector<Work> works;
    store.transact([&](Unit& unit) {
        const auto added = unit.add_contacts(people(n, s.plan.reps.begin()->first), clock.now());
        for (const Added& one : added) {
            works.emplace_back(
                Happened{one.id, core::Enrolled{s.plan.cadences.begin()->first}, "bench"});
        }
    });
    for (const Outcome& o : applier.apply(std::move(works))) {
        if (o.refusal) {
            std::cerr << o.refusal->sentence << '\n';
            std::exit(1);
        }
    }
}

void accept_all(Applier& applier, Clock& clock) {
    SystemRng rng;
    for (;;) {
        std::vector<Token> fresh(at_once);
        for (Token& t : fresh) {
            t = rng.token();
        }
        const std::vector<Claimed> claimed = applier.claim(fresh, std::chrono::hours{1});
        if (claimed.empty()) {
            return;
        }
        std::vector<Work> settled;
        for (const Claimed& c : claimed) {
            core::SendSettled e{.message = c.message.id, .how = core::SendSettled::How::accepted};
            e.facts.accepted = clock.now();
            e.facts.provider_id = "wamid.BENCH" + std::to_string(c.contact.value);
            settled.emplace_back(Happened{c.contact, e, "bench"});
        }
        applier.apply(std::move(settled));
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view state = argc == 4 ? argv[3] : "";
    if (state != "planned" && state != "queued" && state != "warming") {
        std::cerr << "prepare CONFIG CONTACTS planned|queued|warming\n";
        return 2;
    }
    const auto settings = load_settings(argv[1]);
    if (!settings) {
        std::cerr << settings.error().message << '\n';
        return 1;
    }
    const std::unique_ptr<Store> store = make_store(settings->store_url);
    SystemClock clock;
    Applier applier{*store, settings->plan, clock};
    enrol(*settings, *store, applier, clock, std::strtoull(argv[2], nullptr, 10));
    if (state != "planned") {
        while (applier.wake(at_once) > 0) {
        }
    }
    if (state == "warming") {
        accept_all(applier, clock);
    }
    return 0;
}
