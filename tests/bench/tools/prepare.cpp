// Makes what the ingest benchmark feeds on: a store with N contacts in live outreaches, and files
// of signed webhooks with distinct ids, 60 % statuses and 40 % replies, one "signature<TAB>body" a
// line.
//   prepare CONFIG CONTACTS EVENTS ROUNDS BATCH OUT_PREFIX

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "engine/apply.hpp"
#include "ports/system.hpp"
#include "settings.hpp"
#include "simulator/people.hpp"
#include "store/registry.hpp"

using namespace warmcall;

namespace {

struct Noon : Clock {  // a decent hour, so that everything may go out
    core::Timestamp at =
        std::chrono::floor<std::chrono::days>(SystemClock{}.now()) + std::chrono::hours{7};
    core::Timestamp now() const override { return at; }
};

std::string phone(std::size_t i) {
    return "+9198" + std::to_string(10'000'000 + i);
}

std::string user_id(std::size_t i) {
    return "IN.WARM00000000000000000000" + std::to_string(i + 1);
}

std::vector<NewContact> people(std::size_t from, std::size_t n, const core::RepId& rep) {
    std::vector<NewContact> all;
    for (std::size_t i = from; i < from + n; ++i) {
        core::Contact c;
        c.name = "Contact Number" + std::to_string(i);
        c.addresses = {{core::AddressKind::phone, phone(i)},
                       {core::AddressKind::whatsapp, phone(i).substr(1)},
                       {core::AddressKind::whatsapp_user, user_id(i)}};
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

std::vector<std::string> make_live(const Settings& s, Store& store, std::size_t n) {
    Noon clock;
    SystemRng rng;
    Applier applier{store, s.plan, clock};
    std::vector<std::string> tokens(n + 1);
    const core::RepId rep = s.plan.reps.begin()->first;
    constexpr std::size_t chunk = 5'000;
    for (std::size_t from = 0; from < n; from += chunk) {
        std::vector<core::ContactId> ids;
        store.transact([&](Unit& unit) {
            for (const Added& added :
                 unit.add_contacts(people(from, std::min(chunk, n - from), rep), clock.now())) {
                ids.push_back(added.id);
            }
        });
        std::vector<Work> works;
        for (const core::ContactId id : ids) {
            works.emplace_back(
                Happened{id, core::Enrolled{s.plan.cadences.begin()->first}, "bench"});
        }
        for (const Outcome& o : applier.apply(std::move(works))) {
            if (o.refusal) {
                std::cerr << o.refusal->sentence << '\n';
                std::exit(1);
            }
        }
        while (applier.wake(chunk) > 0) {
        }
        for (;;) {
            std::vector<Token> fresh(1'000);
            for (Token& t : fresh) {
                t = rng.token();
            }
            const std::vector<Claimed> claimed =
                applier.claim({.budget = {{s.channels.front().account.id, 100'000}}}, fresh,
                              std::chrono::hours{1});
            if (claimed.empty()) {
                break;
            }
            std::vector<Work> settled;
            for (const Claimed& c : claimed) {
                core::SendSettled e{.message = c.message.id,
                                    .how = core::SendSettled::How::accepted};
                e.facts.accepted = clock.now();
                e.facts.provider_id = "wamid.BENCH" + std::to_string(c.contact.value);
                tokens.at(static_cast<std::size_t>(c.contact.value)) = to_hex(c.token);
                settled.emplace_back(Happened{c.contact, e, "bench"});
            }
            applier.apply(std::move(settled));
        }
    }
    return tokens;
}

std::string status(std::size_t contact, const std::string& token, std::uint64_t id,
                   std::int64_t at) {
    return R"({"id":"wamid.BENCH)" + std::to_string(contact) + R"(","status":")" +
           (id % 2 == 0 ? "delivered" : "read") + R"(","timestamp":")" +
           std::to_string(at + static_cast<std::int64_t>(id / 5'000)) + R"(","recipient_id":")" +
           phone(contact - 1).substr(1) + R"(","biz_opaque_callback_data":"wc1.)" + token +
           R"(","pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"marketing"}})";
}

std::string envelope(const std::string& number, const std::string& members) {
    return R"({"object":"whatsapp_business_account","entry":[{"id":"200000000000001","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",)"
           R"("metadata":{"display_phone_number":"12025550101","phone_number_id":")" +
           number + "\"}," + members + "}}]}]}";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::cerr << "prepare CONFIG CONTACTS EVENTS ROUNDS BATCH OUT_PREFIX\n";
        return 2;
    }
    const auto settings = load_settings(argv[1]);
    if (!settings) {
        std::cerr << settings.error().message << '\n';
        return 1;
    }
    const std::size_t contacts = std::strtoull(argv[2], nullptr, 10),
                      events = std::strtoull(argv[3], nullptr, 10);
    const std::size_t rounds = std::strtoull(argv[4], nullptr, 10),
                      batch = std::strtoull(argv[5], nullptr, 10);
    const std::unique_ptr<Store> store = make_store(settings->store_url);
    const std::vector<std::string> tokens = make_live(*settings, *store, contacts);
    const Account& account = settings->channels.front().account;
    const Secret& secret = account.secrets.at("app_secret").front();
    const std::string& number = account.settings.at("phone_number_id");
    simulator::SeededRng rng{1};
    const std::int64_t at = core::unix_ms(SystemClock{}.now()) / 1000;
    std::uint64_t id = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        std::ofstream out{std::string{argv[6]} + std::to_string(round)};
        for (std::size_t k = 0; k < events; k += batch) {
            std::string body;
            if (batch == 1) {
                const auto contact =
                    static_cast<std::size_t>(rng.between(1, static_cast<std::int64_t>(contacts)));
                ++id;
                if (rng.chance(60)) {
                    body = envelope(
                        number, "\"contacts\":[{\"profile\":{\"name\":\"Contact\"},\"wa_id\":\"" +
                                    phone(contact - 1).substr(1) + "\",\"user_id\":\"" +
                                    user_id(contact - 1) + "\"}],\"statuses\":[" +
                                    status(contact, tokens[contact], id, at) + "]");
                } else {
                    body = envelope(
                        number,
                        "\"contacts\":[{\"profile\":{\"name\":\"Contact\"},\"wa_id\":\"" +
                            phone(contact - 1).substr(1) + "\"}],\"messages\":[{\"from\":\"" +
                            phone(contact - 1).substr(1) +
                            "\",\"id\":\"wamid.HBgLOTE5ODc2NTAwMDAyFQ" + std::to_string(id) +
                            "\",\"timestamp\":\"" +
                            std::to_string(at + static_cast<std::int64_t>(id / 5'000)) +
                            "\",\"type\":\"text\",\"context\":{\"from\":\"12025550101\",\"id\":\"wamid.BENCH" +
                            std::to_string(contact) +
                            "\"},\"text\":{\"body\":\"Doing well, thank you for asking! We had the whole family here over the weekend and "
                            "the children start school again on Monday, so it is a little quieter now.\"}}]");
                }
            } else {
                std::string all;
                for (std::size_t b = 0; b < batch; ++b) {
                    const auto contact = static_cast<std::size_t>(
                        rng.between(1, static_cast<std::int64_t>(contacts)));
                    all += (b == 0 ? "" : ",") + status(contact, tokens[contact], ++id, at);
                }
                body = envelope(number, "\"statuses\":[" + all + "]");
            }
            out << "sha256=" << hmac_sha256_hex(secret, body) << '\t' << body << '\n';
        }
    }
    return 0;
}
