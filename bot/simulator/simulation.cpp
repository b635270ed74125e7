#include "simulator/simulation.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <queue>
#include <set>
#include <stdexcept>
#include <utility>

#include "core/disposition.hpp"
#include "core/speech.hpp"
#include "engine/alerts.hpp"
#include "engine/devices.hpp"
#include "simulator/judge.hpp"
#include "simulator/people.hpp"
#include "simulator/world.hpp"

namespace warmcall::simulator {

namespace {

using core::Duration;
using core::Timestamp;

struct VirtualClock : Clock {
    Timestamp at{};
    Timestamp now() const override { return at; }
};

struct Crash {};  // no std::exception: nothing in the service may catch it

// Something that is going to happen in the world outside.
struct Upcoming {
    Timestamp at{};
    std::uint64_t order = 0;  // of two at the same time, the one planned first
    std::function<void()> happen;

    bool operator>(const Upcoming& other) const {
        return std::tie(at, order) > std::tie(other.at, other.order);
    }
};

// Whatever reaches a rep in life (a browser, ntfy), here it is a message to a phone.
core::Plan with_phones(core::Plan plan, const Line& line) {
    std::int64_t made_up = 12'025'550'000;
    for (auto& [id, rep] : plan.reps) {
        if (rep.phone.empty()) {
            rep.phone = "+" + std::to_string(++made_up);
        }
        rep.channel = rep.channel ? rep.channel : line.account.id;
    }
    return plan;
}

class Run {
 public:
    Run(const Options& options, core::Plan plan, const Line& line, Store& store)
        : options_{options},
          plan_{with_phones(std::move(plan), line)},
          line_{line},
          store_{store},
          rng_{options.seed},
          world_{line, rng_},
          judge_{report_, plan_} {
        clock_.at = options.begin;
        phones_.devices = with_messages(plan_, {});
        phones_.link = [](core::PromptId id, const core::RepId& rep) {
            return "http://127.0.0.1/p/" + std::to_string(id.value) + "." + rep.value;
        };
        start();
    }

    Report go() {
        enrol();
        const Timestamp end = options_.begin + std::chrono::days{options_.days};
        while (clock_.at < end) {
            work();
            advance(end);
        }
        judge_.finish(store_, clock_.at);
        return std::move(report_);
    }

 private:
    // ---- the service ----

    void start() {
        applier_ = std::make_unique<Applier>(store_, plan_, clock_);
        limits_ = std::make_unique<OwnLimits>(senders_of({line_}), clock_.at);
        applier_->set_limits(*limits_);
        applier_->set_unfit(unfit_on({line_}));
        applier_->set_aftermath_of(aftermath_of({line_}));
        applier_->writes_to = [this](core::ContactId contact) { judge_.changed(contact); };
        if (options_.faults) {
            applier_->between_steps = [this](std::string_view) {
                if (rng_.next() % 400 == 0) {
                    throw Crash{};
                }
            };
        }
    }

    // What was in memory is gone; what was committed stays. Gives whether it went through.
    bool surviving(const std::function<void()>& step) {
        ++report_.steps;
        try {
            step();
            return true;
        } catch (const Crash&) {
            ++report_.crashes;
            start();
            died_with_claims();
            return false;
        }
    }

    void died_with_claims() {
        claims_out_until_ = clock_.at + Dispatch::lease + std::chrono::minutes{1};
    }

    // Everything the service does by itself at this moment, until it has nothing left to do.
    void work() {
        for (int round = 0; round < 50; ++round) {
            std::size_t n = 0;
            surviving([&] { n += applier_->wake(100); });
            n += send_some();
            n += alert_some();
            if (n == 0) {
                break;
            }
        }
        if (clock_.at >= reconcile_at_) {
            surviving([&] { applier_->reconcile(100); });
            reconcile_at_ = clock_.at + std::chrono::seconds{30};
        }
        judge_.look(store_, clock_.at);
    }

    std::vector<Token> tokens(std::size_t n) {
        std::vector<Token> all(n);
        std::ranges::generate(all, [this] { return rng_.token(); });
        return all;
    }

    std::size_t send_some() {
        std::vector<Claimed> claimed;
        surviving([&] { claimed = applier_->claim(tokens(20), Dispatch::lease); });
        for (const Claimed& one : claimed) {
            if (options_.faults && rng_.chance(1)) {
                died_with_claims();  // it is in nobody's hand: its lease runs out
                continue;
            }
            send(one);
        }
        return claimed.size();
    }

    void send(const Claimed& claimed) {
        const HttpRequest request = line_.provider->build_send(line_.account, claimed.outbound);
        bool go = true;
        if (!surviving([&] { go = applier_->may_leave(claimed, 2 * Dispatch::io_budget); }) ||
            !go) {
            return;
        }
        const Exchange exchange = on_the_wire(request);
        const Settled settled = settle(line_, claimed.message, exchange, clock_.at, rng_);
        if (settled.pause) {
            applier_->slow_down(claimed.message, settled.pause->scope, settled.pause->until);
        }
        std::vector<Work> works;
        works.emplace_back(Happened{claimed.contact, settled.event, "provider"});
        for (const core::Address& address : settled.learned) {
            works.emplace_back(
                Happened{claimed.contact, core::AddressLearned{.now = address}, "provider"});
        }
        surviving([&] { check(applier_->apply(works)); });
    }

    std::size_t alert_some() {
        AlertsClaimed claimed;
        surviving([&] {
            claimed = claim_alerts(store_, *applier_, phones_, recent_, tokens(10), clock_.at);
        });
        for (const AlertOnItsWay& one : claimed.on_their_way) {
            tell(one);
        }
        return claimed.on_their_way.size();
    }

    void tell(const AlertOnItsWay& one) {
        const Means means = means_of(phones_, &line_, rng_);
        Result<HttpRequest> request = compose_alert(plan_, one, means, clock_.at);
        const AlertSettled settled =
            request ? settle_alert(one, means, on_the_wire(std::move(*request)), clock_.at, rng_)
                    : given_up(one, request.error().message);
        const AlertOutcome& became = settled.outcomes.front();
        for (const Alert& alert : one.alerts) {
            if (became.done && !became.failed && alert.prompt && !alert.take_back) {
                story(alert.contact,
                      "-> " + rep_name(alert.rep) + "'s phone: " + said_of(one, alert));
                rep_sees(alert.prompt, alert.contact, alert.rep);
            }
        }
        ++report_.alerts;
        surviving([&] {
            store_.transact([&](Unit& unit) { save_settled(unit, one, settled, clock_.at); });
        });
    }

    static std::string said_of(const AlertOnItsWay& one, const Alert& alert) {
        for (const core::Case& subject : one.subjects) {
            if (subject.prompt && subject.prompt->id == alert.prompt) {
                return subject.prompt->reason;
            }
        }
        return alert.text;
    }

    void check(const std::vector<Outcome>& outcomes) {
        for (const Outcome& outcome : outcomes) {
            if (outcome.failure) {
                try {
                    std::rethrow_exception(outcome.failure);
                } catch (const std::exception& problem) {
                    judge_.violation(clock_.at, std::string{"the door threw: "} + problem.what());
                }
            }
        }
    }

    // ---- the network and the provider ----

    Exchange on_the_wire(const HttpRequest& request) {
        ++report_.requests;
        const Fault fault = options_.faults ? world_.fault() : Fault::none;
        const Sent sent = world_.take(request, fault, clock_.at);
        if (sent.kind == Sent::Kind::taken) {
            judge_.taken(sent, clock_.at);
            arrived(sent);
        } else if (sent.kind == Sent::Kind::refused) {
            judge_.refused(sent, clock_.at);
        }
        return sent.exchange;
    }

    // The provider has it: receipts come, and the person may answer.
    void arrived(const Sent& sent) {
        Person* person = find(sent.to);
        const bool reaches = person == nullptr || person->temper != Temper::unreachable;
        for (const Receipt& receipt : world_.receipts(sent, reaches, options_.faults)) {
            webhook(clock_.at + receipt.after,
                    world_.status(sent, receipt, clock_.at + receipt.after));
        }
        if (person == nullptr) {
            return;
        }
        if (sent.template_name == "wellbeing" || sent.template_name == "call_me_back") {
            story(person->contact, "-> " + std::string{sent.template_name} + " to " + person->name);
        }
        if (reaches && !person->asked_to_stop) {
            for (const Reply& reply : replies_of(*person, rng_)) {
                planned_reply(*person, reply, sent.id);
            }
        }
    }

    void planned_reply(Person& person, const Reply& reply, const std::string& about) {
        const Timestamp at = clock_.at + reply.after;
        const std::string phone = person.phone;
        plan_at(at, [this, phone, reply, about] {
            Person& who = *find(phone);
            ++report_.replies;
            if (reply.words == "STOP") {
                who.asked_to_stop = true;
                ++report_.stops;
            }
            story(who.contact,
                  who.name + (reply.words.empty() ? " gives a sign of life" : ": " + reply.words));
            webhook(clock_.at, world_.reply(who.phone, who.name, reply, about, clock_.at),
                    reply.words == "STOP" ? who.phone : std::string{});
        });
    }

    // Delivered until it is acknowledged: the provider tries again after a crash, and sometimes
    // although it was.
    void webhook(Timestamp at, std::string body, std::string stop_of = {}) {
        plan_at(at, [this, body = std::move(body), stop_of = std::move(stop_of)] {
            deliver(body, stop_of);
        });
    }

    void deliver(const std::string& body, const std::string& stop_of) {
        ++report_.webhooks;
        const HttpRequest request = world_.sign(body);
        if (!line_.provider->authentic(line_.account, request)) {
            judge_.violation(clock_.at, "a signed webhook was taken for a forgery");
            return;
        }
        Result<std::vector<Inbound>> events = line_.provider->parse(line_.account, request);
        if (!events) {
            judge_.violation(clock_.at, "a webhook could not be read: " + events.error().message);
            return;
        }
        std::vector<Work> works;
        works.emplace_back(Delivered{line_.account.id, body, *events, {}});
        const bool acknowledged = surviving([&] { check(applier_->apply(works)); });
        if (acknowledged && !stop_of.empty()) {
            judge_.stop_acknowledged(stop_of, clock_.at);
        }
        const bool again = options_.faults && rng_.chance(3);
        if (!acknowledged || again) {
            webhook(clock_.at + std::chrono::seconds{rng_.between(1, 900)}, body,
                    acknowledged ? std::string{} : stop_of);
        }
    }

    // ---- the rep ----

    void rep_sees(core::PromptId prompt, core::ContactId contact, const core::RepId& rep) {
        if (rng_.chance(15)) {
            return;  // the phone lies in the kitchen
        }
        plan_at(clock_.at + std::chrono::minutes{rng_.between(1, 12)}, [this, prompt, contact,
                                                                        rep] {
            const auto now = store_.prompt(prompt);
            if (!now || !now->open) {
                return;
            }
            const auto c = store_.contact(contact);
            if (c && c->outreach && std::holds_alternative<core::Held>(c->outreach->phase)) {
                const auto answer = rng_.chance(30) ? core::StopAnswered::Answer::it_was_stop
                                                    : core::StopAnswered::Answer::it_was_not;
                tap(contact, core::StopAnswered{rep, answer}, rep);
                return;
            }
            if (rng_.chance(10)) {
                tap(contact,
                    core::Snoozed{rep, clock_.at + std::chrono::hours{rng_.between(1, 30)}}, rep);
                return;
            }
            tap(contact, core::Claimed{rep}, rep);
            tap(contact, core::Dialled{rep}, rep);
            ++report_.calls;
            plan_at(clock_.at + std::chrono::minutes{rng_.between(1, 14)},
                    [this, contact, rep] { hang_up(contact, rep); });
        });
    }

    void hang_up(core::ContactId contact, const core::RepId& rep) {
        tap(contact, core::CallEnded{rep}, rep);
        const Person* person = find(contact);
        core::Disposition d = outcome_of(*person, rng_, clock_.at);
        if (d.next_at && !options_.faults) {  // as a rep would; the search for faults takes any
            const core::Rep& who = plan_.reps.at(rep);
            d.next_at = core::next_open(who.hours, {}, {who.zone}, *d.next_at).value_or(*d.next_at);
        }
        story(contact, rep_name(rep) + " called " + person->name + ": " +
                           std::string{core::to_string(d.reached)} +
                           (d.said ? ", " + std::string{core::to_string(*d.said)} : ""));
        tap(contact, core::Disposed{rep, d}, rep);
        if (options_.faults && rng_.chance(5)) {
            tap(contact, core::Disposed{rep, std::move(d)},
                rep);  // the second tap of the same thumb
        }
    }

    void tap(core::ContactId contact, core::Event event, const core::RepId& rep) {
        std::vector<Work> works;
        works.emplace_back(Happened{contact, std::move(event), rep.value});
        for (int tries = 0; tries < 5; ++tries) {  // a tap that met a crash is made again
            if (surviving([&] { check(applier_->apply(works)); })) {
                return;
            }
        }
    }

    // ---- time ----

    void plan_at(Timestamp at, std::function<void()> happen) {
        upcoming_.push({std::max(at, clock_.at), ++order_, std::move(happen)});
    }

    void advance(Timestamp end) {
        const std::optional<Timestamp> due = store_.next_due();
        Timestamp next = end;
        if (due) {
            next = std::min(next, std::max(*due, clock_.at + std::chrono::milliseconds{1}));
        }
        if (!upcoming_.empty() && upcoming_.top().at <= next) {
            next = upcoming_.top().at;
        }
        if (claims_out()) {
            next = std::min(next, clock_.at + std::chrono::seconds{30});
        }
        clock_.at = std::max(clock_.at, next);
        while (!upcoming_.empty() && upcoming_.top().at <= clock_.at) {
            const auto happen = upcoming_.top().happen;
            upcoming_.pop();
            happen();
        }
    }

    // A claim whose holder died is out until its lease ends; the service looks for such every now
    // and then.
    bool claims_out() const { return clock_.at < claims_out_until_; }

    // ---- the people ----

    void enrol() {
        std::vector<core::RepId> reps;
        for (const auto& [id, rep] : plan_.reps) {
            reps.push_back(id);
        }
        std::vector<NewContact> contacts =
            options_.contacts.empty() ? make_people(rng_, reps) : options_.contacts;
        store_.transact([&](Unit& unit) {
            const std::vector<Added> added = unit.add_contacts(contacts, clock_.at);
            for (std::size_t i = 0; i < added.size(); ++i) {
                if (!added[i].conflict) {
                    const core::Contact& c = contacts[i].contact;
                    people_.push_back({added[i].id, core::first_name(c.name), phone_of(c),
                                       c.zones.empty() ? "" : c.zones.front(), temper_for(rng_)});
                }
            }
        });
        for (const Person& person : people_) {
            judge_.knows(person);
            const Timestamp at = clock_.at + std::chrono::minutes{rng_.between(0, 60 * 24)};
            plan_at(at, [this, contact = person.contact, name = person.name] {
                story(contact, "enrol " + name + " in " + options_.cadence);
                tap(contact, core::Enrolled{options_.cadence}, core::RepId{"simulate"});
            });
        }
    }

    static std::string phone_of(const core::Contact& c) {
        const auto at =
            std::ranges::find(c.addresses, core::AddressKind::phone, &core::Address::kind);
        return at == c.addresses.end() ? std::string{} : at->value;
    }

    Person* find(std::string_view phone) {
        const auto at = std::ranges::find(people_, phone, &Person::phone);
        return at == people_.end() ? nullptr : &*at;
    }
    Person* find(core::ContactId contact) {
        const auto at = std::ranges::find(people_, contact, &Person::contact);
        return at == people_.end() ? nullptr : &*at;
    }
    std::string rep_name(const core::RepId& id) const {
        const auto rep = plan_.reps.find(id);
        return rep == plan_.reps.end() ? id.value : core::first_name(rep->second.name);
    }
    void story(core::ContactId contact, std::string what) {
        if (options_.story) {
            const Person* person = find(contact);
            report_.story.push_back(
                {clock_.at, contact, person == nullptr ? "" : person->name, std::move(what)});
        }
    }

    const Options& options_;
    core::Plan plan_;
    const Line& line_;
    Phones phones_;
    RecentlyTold recent_;
    Store& store_;
    VirtualClock clock_;
    SeededRng rng_;
    Report report_;
    World world_;
    Judge judge_;
    std::unique_ptr<Applier> applier_;
    std::unique_ptr<OwnLimits> limits_;
    std::vector<Person> people_;
    std::priority_queue<Upcoming, std::vector<Upcoming>, std::greater<>> upcoming_;
    std::uint64_t order_ = 0;
    Timestamp reconcile_at_{};
    Timestamp claims_out_until_{};
};

}  // namespace

Report simulate(const Options& options, core::Plan plan, const Line& line, Store& store) {
    return Run{options, std::move(plan), line, store}.go();
}

}  // namespace warmcall::simulator
