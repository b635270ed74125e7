// Thousands who are due in the same minute: the real door, limits, store and provider functions
// under a virtual clock, against a provider that knows its limits to the letter and refuses what is
// beyond them with its own codes.

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/calendar.hpp"
#include "engine/apply.hpp"
#include "engine/dispatch.hpp"
#include "settings/settings.hpp"
#include "simulator/people.hpp"
#include "simulator/world.hpp"
#include "store/registry.hpp"
#include "support/catch.hpp"

namespace warmcall {

namespace {

using namespace std::chrono_literals;
using core::Duration;
using core::Timestamp;

struct VirtualClock : Clock {
    Timestamp at{};
    Timestamp now() const override { return at; }
};

// ---- the provider, as strict as its documents ----

struct Rules {
    std::size_t per_second = 80;  // in any second, wherever it begins
    Duration pair_gap = 6s;       // of one pair, with `pair_burst` in a row
    int pair_burst = 45;
    std::size_t people_per_day = 0;  // different ones written to outside of a window; 0: no bound
};

class Meter {
 public:
    explicit Meter(Rules rules) : rules_{rules} {}

    // The code it is refused with, 0 when it is taken.
    int judge(const std::string& to, bool unasked, Timestamp now) {
        while (!second_.empty() && second_.front() + 1s <= now) {
            second_.pop_front();
        }
        while (!day_.empty() && day_.front().first + 24h <= now) {
            if (last_[day_.front().second] == day_.front().first) {
                last_.erase(day_.front().second);
            }
            day_.pop_front();
        }
        if (second_.size() >= rules_.per_second) {
            return 130429;
        }
        Timestamp& paid_off = pairs_[to];
        paid_off = std::max(paid_off, now);
        if (paid_off - now >= rules_.pair_gap * rules_.pair_burst) {
            return 131056;
        }
        if (unasked && rules_.people_per_day > 0 && !last_.contains(to) &&
            last_.size() >= rules_.people_per_day) {
            return 131048;
        }
        paid_off += rules_.pair_gap;
        second_.push_back(now);
        busiest = std::max(busiest, second_.size());
        if (unasked) {
            last_[to] = now;
            day_.emplace_back(now, to);
            most_people = std::max(most_people, last_.size());
        }
        return 0;
    }

    std::size_t busiest = 0;  // messages in one second
    std::size_t most_people = 0;

 private:
    Rules rules_;
    std::deque<Timestamp> second_;
    std::deque<std::pair<Timestamp, std::string>> day_;
    std::map<std::string, Timestamp> last_, pairs_;
};

// ---- the service, its contacts and the rep ----

struct Rush {
    std::size_t people = 0;
    Rules rules;
    Duration restart_after{};  // from the first text on; 0: never
    Duration limit = 24h;      // the run ends by then in any case
};

struct Drained {
    std::map<int, std::size_t> refusals;  // by the provider's code
    std::size_t texts = 0, doubled = 0, messages = 0;
    Duration took{};  // from nine o'clock to the last text
    Duration confirmation_max{}, words_max{};
    std::size_t confirmations = 0, words = 0, busiest = 0, most_people = 0;
    Duration real{};

    std::size_t refused() const {
        std::size_t n = 0;
        for (const auto& [code, times] : refusals) {
            n += times;
        }
        return n;
    }
};

class Run {
 public:
    Run(Settings settings, Rush rush)
        : settings_{std::move(settings)}, rush_{rush}, meter_{rush.rules} {
        const ChannelSettings& channel = settings_.channels.front();
        line_ = {channel.account, find_provider(channel.account.provider), channel.rates,
                 channel.portfolio};
        begin_ = core::instant(std::chrono::year_month_day{std::chrono::year{2026} / 11 / 2},
                               core::DayTime{9 * 60}, "Asia/Kolkata");
        clock_.at = begin_ - 30min;
        start();
    }

    Drained go() {
        const auto from = std::chrono::steady_clock::now();
        enrol();
        clock_.at = begin_;
        Timestamp restart_at =
            rush_.restart_after > 0s ? begin_ + rush_.restart_after : Timestamp::max();
        Timestamp busy_at = clock_.at, look_at = clock_.at;
        while (drained_.texts < rush_.people && clock_.at < begin_ + rush_.limit) {
            if (clock_.at >= restart_at) {
                restart_at = Timestamp::max();
                start();  // what was counted in memory is gone
            }
            happen();
            if (clock_.at >= look_at) {
                while (applier_->wake(100) == 100) {
                }
                look_at = clock_.at + 1s;
            }
            if (send() > 0 || !upcoming_.empty()) {
                busy_at = clock_.at;
            }
            clock_.at += limits_->next_room(clock_.at) ? 30ms
                         : clock_.at < busy_at + 2min  ? Duration{1s}
                                                       : Duration{1min};
        }
        drained_.busiest = meter_.busiest;
        drained_.most_people = meter_.most_people;
        drained_.real =
            std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - from);
        return drained_;
    }

 private:
    void start() {
        limits_ = std::make_unique<OwnLimits>(senders_of({line_}), clock_.at);
        applier_ = std::make_unique<Applier>(*store_, settings_.plan, clock_);
        applier_->set_limits(*limits_);
        applier_->set_unfit(unfit_on({line_}));
    }

    void enrol() {
        for (std::size_t from = 0; from < rush_.people; from += 1'000) {
            std::vector<NewContact> contacts;
            for (std::size_t i = from; i < std::min(from + 1'000, rush_.people); ++i) {
                core::Contact c;
                c.name = "Amara Okafor";
                c.addresses = {
                    {core::AddressKind::phone, "+9198" + std::to_string(10'000'000 + i)}};
                c.owner = settings_.plan.reps.begin()->first;
                c.language = "en";
                c.zones = {"Asia/Kolkata"};
                c.zone_source = core::ZoneSource::given;  // and no region: decent from nine on
                c.consent = core::Consent{"the sign-up form", begin_ - 24h, "You may write to me"};
                contacts.push_back({std::move(c), {}});
            }
            std::vector<Added> added;
            store_->transact([&](Unit& unit) { added = unit.add_contacts(contacts, clock_.at); });
            std::vector<Work> works;
            for (const Added& one : added) {
                works.emplace_back(Happened{one.id, core::Enrolled{"gentle"}});
            }
            apply(std::move(works));
        }
    }

    void apply(std::vector<Work> works) {
        for (const Outcome& outcome : applier_->apply(std::move(works))) {
            REQUIRE_FALSE(outcome.failure);
            REQUIRE_FALSE(outcome.refusal);
        }
    }

    std::size_t send() {
        std::vector<Token> tokens(Dispatch::under_way_max);
        std::ranges::generate(tokens, [this] { return rng_.token(); });
        const std::vector<Claimed> claimed = applier_->claim(tokens, Dispatch::lease);
        std::vector<Work> works;
        for (const Claimed& one : claimed) {
            if (!applier_->may_leave(one, 2 * Dispatch::io_budget)) {
                continue;
            }
            const HttpRequest request = line_.provider->build_send(line_.account, one.outbound);
            const Exchange exchange = on_the_wire(request, one);
            const Settled settled = settle(line_, one.message, exchange, clock_.at, rng_);
            if (settled.pause) {
                applier_->slow_down(one.message, settled.pause->scope, settled.pause->until);
            }
            works.emplace_back(Happened{one.contact, settled.event, "provider"});
        }
        if (!works.empty()) {
            apply(std::move(works));
        }
        return claimed.size();
    }

    Exchange on_the_wire(const HttpRequest& request, const Claimed& one) {
        const simulator::Sent sent = wire_.take(request, simulator::Fault::none, clock_.at);
        const int code = meter_.judge(sent.to, !sent.template_name.empty(), clock_.at);
        if (code != 0) {
            ++drained_.refusals[code];
            return {.progress = Exchange::Progress::answered,
                    .response = {.status = 400,
                                 .body = R"({"error":{"message":"refused","code":)" +
                                         std::to_string(code) + "}}"}};
        }
        ++drained_.messages;
        const Duration waited = clock_.at - one.message.facts.queued.value_or(clock_.at);
        switch (one.message.kind) {
            case core::MessageKind::wellbeing:
                drained_.doubled += texted_[one.contact]++ > 0 ? 1 : 0;
                drained_.took = clock_.at - begin_;
                answer_to(one.contact, sent, drained_.texts++);
                break;
            case core::MessageKind::stop_confirmation:
                ++drained_.confirmations;
                drained_.confirmation_max = std::max(drained_.confirmation_max, waited);
                break;
            case core::MessageKind::conversation:
            case core::MessageKind::call_me_back:
                ++drained_.words;
                drained_.words_max = std::max(drained_.words_max, waited);
                break;
        }
        return sent.exchange;
    }

    // One in twenty answers, one in fifty says STOP; to every fifth answer the rep writes back.
    void answer_to(core::ContactId contact, const simulator::Sent& sent, std::size_t n) {
        if (n % 50 == 7) {
            says(sent, "STOP", clock_.at + 20s);
        } else if (n % 20 == 3) {
            says(sent, "I'm well, thank you!", clock_.at + 25s);
            if (n % 100 == 3) {
                upcoming_.emplace(clock_.at + 60s, [this, contact] {
                    return Happened{contact,
                                    core::WroteByRep{settings_.plan.reps.begin()->first,
                                                     "So good to hear from you!"},
                                    "rep"};
                });
            }
        }
    }

    void says(const simulator::Sent& sent, const std::string& words, Timestamp at) {
        const std::string body = wire_.reply(sent.to, "Amara", {.words = words}, sent.id, at);
        upcoming_.emplace(at, [this, body]() -> Work {
            Result<std::vector<Inbound>> events =
                line_.provider->parse(line_.account, wire_.sign(body));
            REQUIRE(events);
            return Delivered{line_.account.id, body, std::move(*events), {}};
        });
    }

    void happen() {
        std::vector<Work> works;
        while (!upcoming_.empty() && upcoming_.begin()->first <= clock_.at) {
            works.push_back(upcoming_.begin()->second());
            upcoming_.erase(upcoming_.begin());
        }
        if (!works.empty()) {
            apply(std::move(works));
        }
    }

    Settings settings_;
    Rush rush_;
    Meter meter_;
    Line line_;
    std::unique_ptr<Store> store_ = make_store("sqlite::memory:");
    VirtualClock clock_;
    simulator::SeededRng rng_{1};
    simulator::World wire_{line_, rng_};
    std::unique_ptr<OwnLimits> limits_;
    std::unique_ptr<Applier> applier_;
    Timestamp begin_{};
    std::multimap<Timestamp, std::function<Work()>> upcoming_;
    std::map<core::ContactId, int> texted_;
    Drained drained_;
};

Settings settings(std::size_t people_per_day) {
    const ReadSettings read =
        read_settings(WARMCALL_SOURCE_DIR "/tests/sim/simulation.toml",
                      [](const std::string&) { return std::optional<std::string>{"sim"}; });
    for (const Problem& problem : read.problems) {
        FAIL(problem.sentence);
    }
    Settings s = read.settings;
    s.channels.front().rates.people_per_day = people_per_day;
    return s;
}

double seconds(Duration d) {
    return std::chrono::duration<double>(d).count();
}

void report(const std::string& what, const Rush& rush, const Drained& d, Duration floor) {
    WARN(what << ": " << d.texts << " of " << rush.people << " texts in " << seconds(d.took)
              << " s, the limit's floor is " << seconds(floor) << " s ("
              << 100 * (seconds(d.took) / seconds(floor) - 1) << " % above); " << d.messages
              << " messages, " << d.refused() << " refused; busiest second " << d.busiest
              << ", most people in a day " << d.most_people << "; " << d.confirmations
              << " STOP confirmations waited at most " << seconds(d.confirmation_max) << " s, "
              << d.words << " reps' words at most " << seconds(d.words_max) << " s; real time "
              << seconds(d.real) << " s");
    for (const auto& [code, times] : d.refusals) {
        WARN(what << ": refused with " << code << ": " << times << " times");
    }
}

}  // namespace

TEST_CASE(
    "50,000 people enrolled for nine o'clock are written to as fast as the number may send, none "
    "of it refused, and nobody in a conversation waits for them") {
    const Rush rush{.people = 50'000};
    const Drained d = Run{settings(0), rush}.go();
    const Duration floor{static_cast<std::int64_t>(d.messages * 1'000 / rush.rules.per_second)};
    report("throughput", rush, d, floor);
    CHECK(d.texts == rush.people);
    CHECK(d.doubled == 0);
    CHECK(d.refused() == 0);
    CHECK(d.busiest <= rush.rules.per_second);
    CHECK(seconds(d.took) <= 1.05 * seconds(floor));
    CHECK(d.confirmations > 500);
    CHECK(d.confirmation_max <= 1s);
    CHECK(d.words > 300);
    CHECK(d.words_max <= 1s);
}

TEST_CASE(
    "more people than WhatsApp allows in a day are written to on the days that follow, also when "
    "the service starts again in between, and nobody before their turn") {
    Rush rush{.people = 2'000, .restart_after = 26h, .limit = 24h * 5};
    rush.rules.people_per_day = 500;
    const Drained d = Run{settings(500), rush}.go();
    const Duration floor = 24h * 3;
    report("people of a day", rush, d, floor);
    CHECK(d.texts == rush.people);
    CHECK(d.doubled == 0);
    CHECK(d.refused() == 0);
    CHECK(d.most_people == 500);
    CHECK(seconds(d.took) <= 1.05 * seconds(floor));
}

}  // namespace warmcall
