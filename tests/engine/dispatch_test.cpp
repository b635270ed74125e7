// The outbox on its way: what an exchange means, how fast and how stubbornly, and a send that fails
// at each step in turn.

#include "engine/dispatch.hpp"

#include <algorithm>

#include "core/calendar.hpp"
#include "engine/door.hpp"
#include "running.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

using How = core::SendSettled::How;

core::Timestamp noon() {
    return core::from_unix_ms(1'793'600'000'000);
}

core::Message text_with(int tries = 0) {
    core::Message m;
    m.id = core::MessageId{7};
    m.channel = channel;
    m.to = {core::AddressKind::phone, std::string{amara_number}};
    m.tries = tries;
    return m;
}

Settled settled(const Exchange& exchange, int tries = 0) {
    simulator::SeededRng rng{5};
    return settle(line(), text_with(tries), exchange, noon(), rng);
}

struct Row {
    std::string name;
    Exchange exchange;
    How how;
    bool again;    // by itself
    bool trouble;  // counts against the circuit
    bool pause;    // of others than this message
};

bool asked_to_wait(const Settled& s, core::Duration d) {
    return s.event.again_at == noon() + d;
}

}  // namespace

TEST_CASE("what follows from how far a request got and what came back") {
    const std::vector<Row> rows{
        {"taken", accepted("wamid.1"), How::accepted, false, false, false},
        {"never left", not_sent(), How::not_sent, true, true, false},
        {"written, and no answer", written(), How::unknown, false, true, false},
        {"500", refused(131000, 500), How::unknown, false, true, false},
        {"503 without a body", answered(503, ""), How::unknown, false, true, false},
        {"408", answered(408, ""), How::unknown, false, true, false},
        {"a 200 that cannot be read", answered(200, "<html>"), How::unknown, false, true, false},
        {"a 200 without an id", answered(200, R"({"messages":[]})"), How::unknown, false, true,
         false},
        {"a fault of theirs", refused(131000, 400), How::refused, true, false, false},
        {"busy, and nothing was taken", refused(133004, 503), How::refused, true, false, false},
        {"maintenance of the number", refused(131057, 500), How::refused, true, false, true},
        {"too fast for the number", refused(130429, 429), How::refused, true, false, true},
        {"429 and no reason", answered(429, ""), How::refused, true, false, true},
        {"too fast for this person", refused(131056, 400), How::refused, true, false, true},
        {"the token has run out", refused(190, 401), How::refused, true, false, true},
        {"a wrong parameter", refused(100, 400), How::refused, false, false, false},
        {"outside the window", refused(131047, 400), How::refused, false, false, false},
        {"not on WhatsApp", refused(131026, 400), How::refused, false, false, false},
    };
    for (const Row& row : rows) {
        INFO(row.name);
        const Settled s = settled(row.exchange);
        CHECK(s.event.message == core::MessageId{7});
        CHECK(s.event.how == row.how);
        CHECK(s.event.again_at.has_value() == row.again);
        CHECK(s.trouble == row.trouble);
        CHECK(s.pause.has_value() == row.pause);
        CHECK(s.event.facts.failed.has_value() == (row.how == How::refused));
        CHECK(s.event.facts.accepted.has_value() == (row.how == How::accepted));
        CHECK((!s.event.again_at || *s.event.again_at > noon()));
    }
}

TEST_CASE("an accepted send tells its id and the addresses that go with the number") {
    const Settled s = settled(accepted("wamid.1", "919876500009"));
    CHECK(s.event.facts.provider_id == "wamid.1");
    CHECK(s.learned == std::vector<core::Address>{{core::AddressKind::whatsapp, "919876500009"}});
}

TEST_CASE("how long a provider asks us to wait is honoured between a second and an hour") {
    CHECK(asked_to_wait(settled(refused(130429, 429, "60")), 60s));
    CHECK(asked_to_wait(settled(refused(130429, 429, "0")), 1s));
    CHECK(asked_to_wait(settled(refused(130429, 429, "999999")), 1h));
    CHECK(settled(refused(130429, 429, "60")).pause->until == noon() + 60s);
}

TEST_CASE("too many texts to one person: four times as long each time, and nobody else waits") {
    CHECK(asked_to_wait(settled(refused(131056), 0), 4s));
    CHECK(asked_to_wait(settled(refused(131056), 1), 16s));
    CHECK(asked_to_wait(settled(refused(131056), 2), 64s));
    CHECK(asked_to_wait(settled(refused(131056), 50), 4096s));
}

TEST_CASE("a fault of the provider's is tried again eight times and not for ever") {
    CHECK(settled(refused(131000), 7).event.again_at);
    CHECK_FALSE(settled(refused(131000), 8).event.again_at);
}

TEST_CASE("what may be a fault of the request itself is tried twice and no more") {
    for (const int code : {1, 131053}) {
        CHECK(settled(refused(code), 0).event.again_at);
        CHECK_FALSE(settled(refused(code), 1).event.again_at);
    }
}

TEST_CASE(
    "what never left waits a random time whose bound doubles, from one second up to ten minutes") {
    simulator::SeededRng rng{11};
    for (int tries = 0; tries < 20; ++tries) {
        const core::Duration bound =
            std::min<core::Duration>(2s * (1LL << std::min(tries, 12)), 10min);
        core::Duration longest{}, shortest{24h};
        for (int i = 0; i < 200; ++i) {
            const Settled s = settle(line(), text_with(tries), not_sent(), noon(), rng);
            longest = std::max(longest, *s.event.again_at - noon());
            shortest = std::min(shortest, *s.event.again_at - noon());
        }
        INFO("tries " << tries);
        CHECK(shortest >= 1s);
        CHECK(longest <= bound);
        CHECK(longest > bound / 2);
        CHECK((tries < 3 || shortest < bound / 3));
    }
}

TEST_CASE(
    "the circuit opens after five failures in a row, for longer each time, and a success closes "
    "it") {
    Breaker breaker;
    core::Timestamp now = noon();
    for (int i = 0; i < 4; ++i) {
        CHECK_FALSE(breaker.failed(now));
    }
    CHECK(breaker.failed(now) == now + 30s);
    SECTION("one more failure after each pause opens it for twice as long, at most ten minutes") {
        for (const core::Duration pause :
             std::vector<core::Duration>{60s, 120s, 240s, 480s, 600s, 600s}) {
            now += 11min;
            CHECK(breaker.failed(now) == now + pause);
        }
    }
    SECTION("what was on its way when it opened does not open it again") {
        for (int i = 0; i < 60; ++i) {
            CHECK_FALSE(breaker.failed(now + 1s));
        }
        CHECK(breaker.failed(now + 31s) == now + 31s + 60s);
    }
    SECTION("a success, and all counts from the beginning") {
        breaker.succeeded();
        for (int i = 0; i < 4; ++i) {
            CHECK_FALSE(breaker.failed(now));
        }
        CHECK(breaker.failed(now) == now + 30s);
    }
}

TEST_CASE("a channel sends what its bucket holds, which fills with time and never over its brim") {
    TokenBucket bucket{.per_second = 10, .burst = 20, .tokens = 20, .filled_at = noon()};
    CHECK(bucket.available(noon()) == 20);
    bucket.take(20);
    CHECK(bucket.available(noon()) == 0);
    CHECK(bucket.available(noon() + 500ms) == 5);
    CHECK(bucket.available(noon() + 1h) == 20);
    CHECK(bucket.available(noon()) == 20);  // a clock that goes back takes nothing away
    bucket.available(noon() + 5h);
    bucket.take(20);
    CHECK(bucket.available(noon()) == 0);
    CHECK(bucket.available(noon() + 500ms) == 5);  // and need not catch up first
}

TEST_CASE(
    "one person gets ten texts in a row and then one in six seconds; another one is not affected") {
    PairLimit limit{6s, 10};
    core::Message to_amara = text_with(), to_ines = text_with();
    to_ines.to.value = "+919876500002";
    for (int i = 0; i < 10; ++i) {
        CHECK_FALSE(limit.take(to_amara, noon()));
    }
    CHECK(limit.take(to_amara, noon()) == noon() + 6s);
    CHECK_FALSE(limit.take(to_ines, noon()));
    CHECK_FALSE(limit.take(to_amara, noon() + 6s));
    CHECK(limit.take(to_amara, noon() + 6s) == noon() + 12s);
}

TEST_CASE(
    "a channel without budget keeps its texts waiting, and a pair over its rate gets a later "
    "time") {
    World w;
    w.main.rates = {.per_second = 0.01, .pair_gap = 90s, .pair_burst = 1};
    OwnLimits limits{senders_of({w.main}), w.clock.at};
    w.applier->set_limits(limits);
    const core::ContactId ines = w.add("Ines Moreau", "+919876500002");
    w.queue_text(w.amara);
    w.queue_text(ines);
    CHECK(w.claim().size() == 1);  // two in three minutes is all this channel may
    CHECK(w.claim().empty());
    const core::ContactId late =
        w.text(w.amara).state == core::MessageState::queued ? w.amara : ines;
    CHECK(w.text(late).state == core::MessageState::queued);
    CHECK(w.text(late).not_before <= w.clock.at);  // it stands in its line as it was
    limits.hold(w.text(late), Answer::Scope::pair, w.clock.at, w.from_now(5min));
    w.advance(2min);
    CHECK(w.claim().empty());
    CHECK(w.text(late).not_before == w.from_now(3min));
    w.advance(3min);
    CHECK(w.claim().size() == 1);
}

// ---- between the claim and the bytes ----

TEST_CASE("a STOP that comes while the connection is being made keeps the text from leaving") {
    World w;
    const Claimed c = w.claimed(w.amara);
    w.delivered({text_from("919876500001", "STOP", "wamid.S", w.clock.at)});
    CHECK_FALSE(w.applier->may_leave(c, 2 * Dispatch::io_budget));
    CHECK(w.phase(w.amara) == "none");
    for (const Claimed& one : w.claim()) {
        CHECK(one.message.kind == core::MessageKind::stop_confirmation);
    }
    w.advance(5min);
    w.applier->reconcile(100);
    const auto all = w.store->messages(w.amara, 10);
    const auto wellbeing = std::ranges::find(all, c.message.id, &core::Message::id);
    REQUIRE(wellbeing != all.end());
    CHECK(wellbeing->state == core::MessageState::cancelled);
}

TEST_CASE(
    "too little of the lease is left: it does not leave now, and may be claimed again because "
    "nothing of it left") {
    World w;
    const Claimed first = w.claimed(w.amara);
    w.advance(Dispatch::lease - 2 * Dispatch::io_budget);
    SECTION("just enough is enough") {
        CHECK(w.applier->may_leave(first, 2 * Dispatch::io_budget));
    }
    SECTION("a moment later it is not") {
        w.advance(1ms);
        CHECK_FALSE(w.applier->may_leave(first, 2 * Dispatch::io_budget));
        const std::vector<Claimed> again = w.claim();
        REQUIRE(again.size() == 1);
        CHECK(again.front().token != first.token);
        CHECK_FALSE(w.applier->may_leave(
            first, 2 * Dispatch::io_budget));  // whoever slept over it holds nothing
        CHECK(w.applier->may_leave(again.front(), 2 * Dispatch::io_budget));
    }
}

TEST_CASE("a claim whose holder died becomes unknown and is never sent again by itself") {
    World w;
    const Claimed c = w.claimed(w.amara);
    w.restart();
    w.advance(Dispatch::lease - 1s);
    CHECK(w.applier->reconcile(100) == 0);
    w.advance(1s);
    CHECK(w.applier->reconcile(100) == 1);
    CHECK(w.text(w.amara).state == core::MessageState::unknown);
    CHECK_FALSE(w.applier->may_leave(c, 0ms));
    for (int hour = 0; hour < 5; ++hour) {
        w.advance(1h);
        w.applier->wake(100);
        CHECK(w.claim().empty());
    }
    SECTION("a receipt with our token settles it") {
        w.delivered({receipt("wamid.X", "delivered", w.clock.at, c.token)});
        CHECK(w.text(w.amara).state == core::MessageState::settled);
        CHECK(core::shown(w.text(w.amara).facts) == core::Shown::delivered);
    }
}

TEST_CASE(
    "quiet hours that begin between claim and bytes put the text off, with a reason and a time") {
    World w;
    const core::Contact contact = w.of(w.amara).contact;
    core::Timestamp quiet = w.clock.at;
    while (core::decent(w.applier->plan().calendar, contact, quiet)) {
        quiet += 1min;
    }
    w.clock.at = quiet - 5s;
    const Claimed c = w.claimed(w.amara);
    CHECK(w.applier->may_leave(c, 2 * Dispatch::io_budget));
    w.clock.at = quiet + 5s;
    CHECK_FALSE(w.applier->may_leave(c, 2 * Dispatch::io_budget));
    CHECK(w.phase(w.amara) == "planned");
    const core::Timestamp next = w.of(w.amara).outreach->next.due_at;
    CHECK(next > w.clock.at);
    CHECK(core::decent(w.applier->plan().calendar, contact, next));
    const auto rows = w.store->timeline(w.amara, 0, 20);
    CHECK(std::ranges::any_of(rows, [](const TimelineRow& row) {
        return row.text.find("decent hour") != std::string::npos;
    }));
    w.clock.at = next;
    w.applier->wake(100);
    CHECK(w.claim().size() == 1);
}

// ---- one whole send, scripted, and replayed failing at each step in turn ----

namespace {

class Sender {
 public:
    Sender(World& w, Wire& wire)
        : door{context, *w.applier, *w.store},
          limits{senders_of({w.main}), w.clock.at},
          dispatch{context, door, *w.applier, wire, {w.main}, limits, w.clock, w.rng} {
        asio::co_spawn(context, dispatch.run(), [this](const std::exception_ptr& problem) {
            ended_ = true;
            failed_ = problem != nullptr;
        });
    }
    ~Sender() {
        finish(context, dispatch.drain(10s));
        turn_until(context, [this] { return ended_; });
        CHECK_FALSE(failed_);
    }
    void until(const std::function<bool()>& so) {
        turn_until(context, [&] {
            dispatch.nudge();
            return so();
        });
    }

    asio::io_context context;
    Door door;
    OwnLimits limits;
    Dispatch dispatch;

 private:
    bool ended_ = false, failed_ = false;
};

struct Failing {
    std::string step;
    std::string store_fails_at;   // once, by the applier's own word for the step …
    bool after_exchange = false;  // … and from the answer on
    Meets wire;                   // what the first request meets
    core::MessageState ends;
    int requests;  // that were whole on the wire
};

std::vector<Failing> failings() {
    using enum core::MessageState;
    const Meets fine{.exchange = accepted("wamid.OUT"), .taken = true};
    return {
        {"nothing", "", false, fine, settled, 1},
        {"storing the claim", "claimed", false, fine, settled, 1},
        {"dying with the claim", "committed", false, fine, unknown, 0},
        {"connecting", "", false, {.no_connection = "cannot resolve"}, settled, 1},
        {"writing", "", false, {.exchange = not_sent()}, settled, 2},
        {"waiting for the answer", "", false, {.exchange = written(), .taken = true}, unknown, 1},
        {"their server, after it took it",
         "",
         false,
         {.exchange = answered(500, ""), .taken = true},
         unknown,
         1},
        {"reading the answer",
         "",
         false,
         {.exchange = answered(200, "…"), .taken = true},
         unknown,
         1},
        {"being let in", "", false, {.exchange = refused(130429, 429, "5")}, settled, 2},
        {"storing the answer", "saved", true, fine, unknown, 1},
    };
}

}  // namespace

TEST_CASE(
    "a send that fails at any one step reaches the person once or leaves a question, and never "
    "twice") {
    for (const Failing& failing : failings()) {
        INFO("failing at: " << failing.step);
        World w;
        w.queue_text(w.amara);
        Wire wire;
        wire.script = {failing.wire, {.exchange = accepted("wamid.OUT"), .taken = true}};
        std::atomic<bool> connected = false, failed = failing.store_fails_at.empty(),
                          broken = !failed;
        wire.on_connect = [&] { connected = true; };
        w.applier->between_steps = [&](std::string_view step) {
            const bool now = !failing.after_exchange || wire.exchanged;
            if (broken && now && step == failing.store_fails_at) {
                failed = true;
                broken =
                    failing.after_exchange;  // a full disk stays full; a stumble is over at once
                throw StoreUnavailable{"the disk is full"};
            }
        };
        const auto tried = [&](const Sender& s) {
            return failed && (connected || failing.store_fails_at.starts_with("c")) &&
                   (failing.after_exchange ||  // it is being tried again: here the process dies
                                               // instead
                    s.dispatch.counts().under_way == 0);
        };
        {
            Sender first{w, wire};
            first.until([&] { return tried(first) && first.door.counts().batches > 1; });
        }
        broken = false;
        w.advance(20min);
        w.applier->reconcile(100);
        {
            Sender second{w, wire};
            second.until([&] {
                return second.dispatch.counts().under_way == 0 &&
                       second.door.counts().batches > 2 && w.text(w.amara).state == failing.ends;
            });
        }
        CHECK(static_cast<int>(wire.bodies.size()) == failing.requests);
        CHECK(wire.taken <= 1);
        CHECK(wire.taken == (failing.step == "dying with the claim" ? 0 : 1));
        CHECK(w.text(w.amara).state == failing.ends);
    }
}

TEST_CASE(
    "a text to somebody who has just answered does not leave, although the connection stands") {
    World w;
    w.queue_text(w.amara);
    Wire wire;
    wire.script = {{.exchange = accepted("wamid.OUT"), .taken = true}};
    Sender sender{w, wire};
    bool said = false;
    wire.on_connect = [&] {
        asio::co_spawn(
            sender.context,
            [](World& world, Door& door) -> asio::awaitable<void> {
                co_await door.apply(world.webhook(
                    text_from("919876500001", "Hello you", "wamid.A", world.clock.at)));
            }(w, sender.door),
            [&](const std::exception_ptr& problem) { said = problem == nullptr; });
        sender.context.poll();  // it is in the queue before the last look is
    };
    sender.until([&] { return said && sender.dispatch.counts().under_way == 0; });
    CHECK(wire.bodies.empty());
    CHECK(sender.dispatch.counts().held_back == 1);
}

TEST_CASE("a channel that waits for its provider leaves places for the others") {
    const core::ChannelId a{"a"}, b{"b"}, c{"c"};
    CHECK(places_left({{a, 0}}, 128, 16) == Places{{a, 128}});
    CHECK(places_left({{a, 0}, {b, 0}}, 128, 16) == Places{{a, 112}, {b, 112}});
    CHECK(places_left({{a, 112}, {b, 0}}, 128, 16) == Places{{a, 0}, {b, 16}});
    CHECK(places_left({{a, 100}, {b, 20}}, 128, 16) == Places{{a, 8}, {b, 8}});
    CHECK(places_left({{a, 96}, {b, 0}, {c, 16}}, 128, 16) == Places{{a, 0}, {b, 16}, {c, 0}});
    CHECK(places_left({{a, 0}, {b, 0}, {c, 0}}, 30, 16) == Places{{a, 10}, {b, 10}, {c, 10}});
}

TEST_CASE("a channel that has rested tries with one text, and rests again when that fails") {
    World w;
    w.advance(1h);
    for (int i = 0; i < 10; ++i) {
        w.queue_text(w.add("Somebody", "+9198765010" + std::to_string(10 + i)));
    }
    Wire wire;
    wire.script = {{.no_connection = "cannot connect"}};
    Sender sender{w, wire};
    const auto failed = [&] { return sender.dispatch.counts().not_sent; };
    sender.until([&] { return failed() == 10 && sender.dispatch.counts().under_way == 0; });
    w.advance(15min);
    sender.dispatch.nudge();
    sender.until([&] { return failed() == 11 && sender.dispatch.counts().under_way == 0; });
    const auto batches = sender.door.counts().batches;
    sender.dispatch.nudge();
    sender.until([&] { return sender.door.counts().batches >= batches + 2; });
    CHECK(failed() == 11);
    wire.script = {{.exchange = accepted("wamid.OUT"), .taken = true}};
    w.advance(15min);
    sender.dispatch.nudge();
    sender.until([&] { return sender.dispatch.counts().accepted == 10; });
}

TEST_CASE(
    "an account that is asked to slow down rests twice as long each time, up to a quarter of an "
    "hour, until it takes a text again") {
    World w;
    w.queue_text(w.amara);
    Wire wire;
    wire.script = {{.exchange = refused(80007)}};
    Sender sender{w, wire};
    const auto rests = [&] {
        core::Duration rest{};
        const std::function<void()> look = [&] {
            w.applier->refresh(w.clock.at);
            const auto back_at = w.applier->plan().channels.front().back_at;
            rest = back_at ? *back_at - w.clock.at : core::Duration{};
        };
        finish(sender.context, sender.door.on_writer(look));
        return rest;
    };
    std::uint64_t refusals = 0;
    const auto refused_once_more = [&] {
        sender.until([&, n = ++refusals] {
            return sender.dispatch.counts().refused == n && sender.dispatch.counts().under_way == 0;
        });
        return rests();
    };
    core::Duration least = 2s;
    for (int i = 0; i < 10; ++i, least *= 2) {
        const core::Duration rest = refused_once_more();
        CHECK(rest >= std::min<core::Duration>(least, 15min));
        CHECK(rest <= 15min);
        w.advance(rest);
    }
    const core::Duration longest = refused_once_more();
    CHECK(longest == 15min);
    wire.script = {{.exchange = accepted("wamid.OUT"), .taken = true}};
    w.advance(longest);
    sender.until([&] { return sender.dispatch.counts().accepted == 1; });
    wire.script = {{.exchange = refused(80007)}};
    const std::function<void()> another = [&] { w.queue_text(w.add("Somebody", "+919876501010")); };
    finish(sender.context, sender.door.on_writer(another));
    CHECK(refused_once_more() <= 2s);
}

namespace {

std::string on_enrolling(World& w, const std::string& number) {
    const core::ContactId id = w.add("Somebody", number);
    w.happens(id, core::Enrolled{"gentle"});
    w.applier->wake(100);
    return w.phase(id);
}

std::string template_status(std::string_view event) {
    return envelope("message_template_status_update", {{"event", event},
                                                       {"message_template_id", 5},
                                                       {"message_template_name", "wellbeing"},
                                                       {"message_template_language", "en"},
                                                       {"reason", "NONE"}});
}

void answer_with(World& w, const Exchange& exchange) {
    w.queue_text(w.amara);
    Wire wire;
    wire.script = {{.exchange = exchange}};
    Sender sender{w, wire};
    sender.until([&] {
        return sender.dispatch.counts().refused == 1 && sender.dispatch.counts().under_way == 0;
    });
}

}  // namespace

TEST_CASE("a text that WhatsApp has stopped goes to nobody else, until it is approved again") {
    const int code = GENERATE(132001, 132015, 132016);
    INFO(code);
    World w;
    w.applier->set_aftermath_of(aftermath_of({w.main}));
    SECTION("it says so when it is sent") {
        answer_with(w, refused(code));
    }
    SECTION("it says so in a receipt") {
        w.delivered({receipt(w.sent(w.amara), "failed", w.clock.at, {}, code)});
    }
    CHECK(on_enrolling(w, "+919876501010") == "call_due");
    w.restart();
    CHECK(on_enrolling(w, "+919876501011") == "call_due");
    w.delivered({template_status("APPROVED")});
    CHECK(on_enrolling(w, "+919876501012") == "warming");
}

TEST_CASE("a text whose variables did not fit once is not stopped for everybody") {
    World w;
    answer_with(w, refused(132012));
    CHECK(on_enrolling(w, "+919876501010") == "warming");
}

TEST_CASE("requests that the provider refuses with a reason do not close the channel") {
    World w;
    for (int i = 0; i < 12; ++i) {
        w.queue_text(w.add("Somebody", "+9198765010" + std::to_string(10 + i)));
    }
    Wire wire;
    wire.script = {{.exchange = refused(1)}};
    Sender sender{w, wire};
    sender.until([&] {
        return sender.dispatch.counts().refused == 12 && sender.dispatch.counts().under_way == 0;
    });
    wire.script = {{.exchange = accepted("wamid.OUT"), .taken = true}};
    const std::function<void()> one_more = [&] { w.queue_text(w.amara); };
    finish(sender.context, sender.door.on_writer(one_more));
    sender.until([&] { return sender.dispatch.counts().accepted == 1; });
}

TEST_CASE("a text whose claim is at the door when the end comes still goes out") {
    World w;
    w.queue_text(w.amara);
    Wire wire;
    wire.script = {{.exchange = accepted("wamid.OUT"), .taken = true}};
    asio::io_context context;
    Door door{context, *w.applier, *w.store};
    OwnLimits limits{senders_of({w.main}), w.clock.at};
    Dispatch dispatch{context, door, *w.applier, wire, {w.main}, limits, w.clock, w.rng};
    Holding holding;
    holding.hold(context, door);
    bool ended = false;
    asio::co_spawn(context, dispatch.run(), [&](const std::exception_ptr&) { ended = true; });
    turn_until(context, [&] { return door.counts().waiting == 2; });
    std::optional<int> taken;
    asio::co_spawn(context, dispatch.drain(60s),
                   [&](const std::exception_ptr&) { taken = wire.taken; });
    holding.go_on();
    turn_until(context, [&] { return ended && taken; });
    CHECK(*taken == 1);
    CHECK(w.text(w.amara).state == core::MessageState::settled);
}

TEST_CASE("five failures in a row close a channel, and what waits goes when it opens again") {
    World w;
    w.advance(1h);
    for (int i = 0; i < 5; ++i) {
        w.queue_text(w.add("Somebody", "+9198765010" + std::to_string(10 + i)));
    }
    Wire wire;
    wire.script = {{.no_connection = "cannot connect"}};
    {
        Sender sender{w, wire};
        sender.until([&] {
            return sender.dispatch.counts().not_sent >= 5 &&
                   sender.dispatch.counts().under_way == 0;
        });
    }
    w.advance(20s);
    CHECK(w.claim().empty());
    w.advance(15min);
    CHECK(w.claim().size() == 5);
}

}  // namespace warmcall::tests
