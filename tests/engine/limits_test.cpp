// What may leave and when: the limits of senders, accounts, pairs and people, and whose turn it is.

#include "engine/limits.hpp"

#include "core/calendar.hpp"
#include "engine/dispatch.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

core::Timestamp noon() {
    return core::from_unix_ms(1'793'600'000'000);
}

core::Message to(int person, const core::ChannelId& over = channel) {
    core::Message m;
    m.channel = over;
    m.to = {core::AddressKind::phone, "+91987650" + std::to_string(1000 + person)};
    return m;
}

const core::ChannelId second{"second"};

Line another(Line line, const core::ChannelId& id) {
    line.account.id = id;
    return line;
}

// Some unit to ask with; the limits of one process do not look into it.
void with_unit(const std::function<void(Unit&)>& use) {
    World().store->transact(use);
}

}  // namespace

TEST_CASE("in no second more leaves than the rate allows, however it is asked for") {
    for (const double rate : {1.0, 3.0, 10.0, 31.0, 80.0, 500.0}) {
        TokenBucket bucket = TokenBucket::of(rate, noon());
        std::deque<core::Timestamp> sent;
        std::size_t most = 0, all = 0;
        for (core::Timestamp now = noon(); now < noon() + 60s; now += 7ms) {
            for (; bucket.available(now) > 0; ++all) {
                bucket.take(1);
                sent.push_back(now);
            }
            while (!sent.empty() && sent.front() + 1s <= now) {
                sent.pop_front();
            }
            most = std::max(most, sent.size());
        }
        INFO(rate << " a second");
        CHECK(most <= static_cast<std::size_t>(rate));
        CHECK(static_cast<double>(all) >= 0.95 * rate * 60);
    }
}

TEST_CASE("a text of several parts is paid off before the next one goes") {
    TokenBucket bucket = TokenBucket::of(1, noon());
    REQUIRE(bucket.available(noon()) == 1);
    bucket.take(3);
    CHECK(bucket.available(noon() + 2s) == 0);
    CHECK(bucket.next(noon()) > noon() + 3s);
    CHECK(bucket.available(bucket.next(noon())) == 1);
}

TEST_CASE("senders of one account share its rate, and others do not") {
    Line one = line();
    one.rates = {.per_second = 10, .account_per_second = 1};
    Line other_account = another(one, core::ChannelId{"third"});
    other_account.account.settings["waba_id"] = "200000000000009";
    OwnLimits limits{senders_of({one, another(one, second), other_account}), noon()};
    with_unit([&](Unit& unit) {
        const auto take = [&](const core::Message& m) {
            return limits.take(unit, {.message = &m}, noon());
        };
        CHECK_FALSE(take(to(1)));
        const auto wait = take(to(2, second));
        REQUIRE(wait);
        CHECK(wait->what == Wait::For::sender);
        CHECK_FALSE(take(to(3, core::ChannelId{"third"})));
        CHECK(limits.share_account(channel, second));
        CHECK_FALSE(limits.share_account(channel, core::ChannelId{"third"}));
        CHECK(limits.rooms(unit, noon()).empty());
        REQUIRE(limits.next_room(noon()));
        CHECK(limits.rooms(unit, *limits.next_room(noon()) + 100ms).size() == 3);
    });
}

TEST_CASE("different people of a rolling day are counted over all numbers of the business") {
    Line one = line();
    one.rates = {.per_second = 1000, .people_per_day = 3};
    Line other_business = another(one, core::ChannelId{"third"});
    other_business.portfolio = "another";
    OwnLimits limits{senders_of({one, another(one, second), other_business}), noon()};
    with_unit([&](Unit& unit) {
        const auto take = [&](const core::Message& m, core::Duration after = 0s) {
            return limits.take(unit, {.message = &m, .unasked = true}, noon() + after);
        };
        CHECK_FALSE(take(to(1)));
        CHECK_FALSE(take(to(2, second), 1h));
        CHECK_FALSE(take(to(1), 2h));  // again: no other person, and counted from now on
        CHECK_FALSE(take(to(3), 3h));
        const auto wait = take(to(4), 4h);
        REQUIRE(wait);
        CHECK(wait->what == Wait::For::people);
        CHECK(wait->until == noon() + 1h + PeopleLimit::day);  // when the second one leaves the day
        CHECK_FALSE(take(to(1), 4h));
        CHECK_FALSE(take(to(4, core::ChannelId{"third"}), 4h));
        const core::Message answer = to(9);
        CHECK_FALSE(limits.take(unit, {.message = &answer}, noon() + 4h));  // in their window
        CHECK(take(to(4), 25h + 30s));
        CHECK_FALSE(take(to(4), 25h + 1min));
    });
}

TEST_CASE("who was erased still counts as one of the day's people, and nobody knows who") {
    PeopleLimit people{2};
    CHECK_FALSE(people.take(to(1).to, noon()));
    CHECK_FALSE(people.take(to(2).to, noon() + 10s));
    people.make_nameless(to(1).to);
    CHECK(people.take(to(3).to, noon() + 1min) == noon() + PeopleLimit::day);
    CHECK(people.take(to(1).to, noon() + 1min) == noon() + PeopleLimit::day);  // a stranger by now
    CHECK_FALSE(people.take(to(2).to, noon() + 1min));
    CHECK_FALSE(people.take(to(3).to, noon() + PeopleLimit::day));  // that place is free again
}

TEST_CASE("the turns of people beyond the day's number are those of the people before them") {
    PeopleLimit people{2};
    CHECK_FALSE(people.free_at(1, noon()));
    people.note(to(1).to, noon());
    people.note(to(2).to, noon() + 10s);
    const core::Timestamp now = noon() + 1min;
    CHECK(people.free_at(0, now) == noon() + PeopleLimit::day);
    CHECK(people.free_at(1, now) == noon() + 10s + PeopleLimit::day);
    CHECK(people.free_at(2, now) == noon() + 2 * PeopleLimit::day);
    const core::Timestamp next = noon() + PeopleLimit::day;  // the first of them has left the day
    CHECK_FALSE(people.free_at(0, next));
    CHECK(people.free_at(1, next) == noon() + 10s + PeopleLimit::day);
    CHECK(people.free_at(2, next) == next + PeopleLimit::day);
    people.hold(now + std::chrono::days{3});
    CHECK(people.free_at(0, now) == now + std::chrono::days{3});
    CHECK(people.take(to(1).to, now) == now + std::chrono::days{3});
}

TEST_CASE("who is told of late leaves the day at their own time") {
    PeopleLimit people{3};
    people.note(to(3).to, noon() + 8h);
    people.note(to(1).to, noon());  // as another gateway tells
    people.note(to(2).to, noon() + 1h);
    CHECK(people.free_at(0, noon() + 9h) == noon() + PeopleLimit::day);
    CHECK(people.free_at(1, noon() + 9h) == noon() + 1h + PeopleLimit::day);
    CHECK_FALSE(people.take(to(4).to, noon() + PeopleLimit::day));
}

TEST_CASE("who was written to in the last day still counts after a restart") {
    World w;
    w.main.rates = {.per_second = 1000, .people_per_day = 2};
    const auto limits = [&] {
        auto fresh = std::make_unique<OwnLimits>(senders_of({w.main}), w.clock.at);
        w.applier->set_limits(*fresh);
        return fresh;
    };
    const auto before = limits();
    w.sent(w.amara);
    w.advance(1h);
    w.sent(w.add("Ines Moreau", "+919876500002"));
    w.restart();
    const auto after = limits();
    const core::ContactId late = w.add("Farid Haddad", "+919876500003");
    w.happens(late, core::Enrolled{"gentle"});
    w.applier->wake(100);
    CHECK(w.phase(late) == "planned");
    const core::Timestamp turn = w.of(late).outreach->wake_at;
    CHECK(turn > w.clock.at + 22h);
    CHECK(w.claim().empty());
    w.clock.at = turn;
    w.applier->wake(100);
    CHECK(w.claim().size() == 1);
}

TEST_CASE("a line takes a minute's worth, and who comes later gets a turn of their own") {
    Line one = line();
    one.rates = {.per_second = 10};
    OwnLimits limits{senders_of({one}), noon()};
    CHECK(Turns::line_max(limits, channel) == 581);
    Turns turns;
    CHECK(turns.counted_long_ago(noon()));
    turns.counted(580, noon());
    CHECK_FALSE(turns.counted_long_ago(noon() + 999ms));
    CHECK(turns.counted_long_ago(noon() + 1s));
    turns.begin(limits, channel, noon());
    CHECK_FALSE(turns.counted_long_ago(noon() + 5s));  // a tenth of a line of a minute
    CHECK(turns.counted_long_ago(noon() + 7s));
    CHECK_FALSE(turns.room_at(limits, noon()));
    turns.planned();
    core::Timestamp last = noon();
    for (int i = 0; i < 1'000; ++i) {
        const auto at = turns.room_at(limits, noon());
        REQUIRE(at);
        CHECK(*at > last);
        turns.put_off(*at);
        last = *at;
    }
    CHECK(last > noon() + 120s);  // a thousand at ten a second, after half of the line
    CHECK(last < noon() + 140s);
    turns.counted(0, last + 1s);
    turns.begin(limits, channel, last + 1s);
    CHECK_FALSE(turns.room_at(limits, last + 1s));
}

// ---- whom a refusal slows down ----

TEST_CASE("a provider's wish to slow down reaches whom it means, and nobody else") {
    World w;
    core::Plan both = plan();
    both.channels.push_back({.id = second, .provider = "whatsapp_cloud"});
    both.channels.push_back({.id = core::ChannelId{"third"}, .provider = "whatsapp_cloud"});
    w.applier = std::make_unique<Applier>(*w.store, both, w.clock);
    Line other_account = another(w.main, core::ChannelId{"third"});
    other_account.account.settings["waba_id"] = "200000000000009";
    w.main.rates.people_per_day = 100;
    OwnLimits limits{senders_of({w.main, another(w.main, second), other_account}), w.clock.at};
    w.applier->set_limits(limits);
    const auto working = [&] {
        w.applier->refresh(w.clock.at);
        std::string names;
        for (const core::Channel& c : w.applier->plan().channels) {
            names += c.working ? c.id.value + " " : "";
        }
        return names;
    };
    const core::Message m = to(1);
    w.applier->slow_down(m, Answer::Scope::message, w.from_now(1h));
    w.applier->slow_down(m, Answer::Scope::pair, w.from_now(1h));
    w.applier->slow_down(m, Answer::Scope::portfolio, w.from_now(1h));
    CHECK(working() == "main second third ");
    CHECK(limits.people_at(second, 0, w.clock.at) == w.from_now(1h));
    w.applier->slow_down(m, Answer::Scope::sender, w.from_now(1h));
    CHECK(working() == "second third ");
    w.applier->slow_down(m, Answer::Scope::account, w.from_now(1h));
    CHECK(working() == "third ");
    w.advance(1h);
    CHECK(working() == "main second third ");
}

TEST_CASE("a channel without room does not stand in the way of another one") {
    World w;
    core::Plan both = plan();
    both.channels.push_back({.id = second, .provider = "whatsapp_cloud"});
    w.applier = std::make_unique<Applier>(*w.store, both, w.clock);
    w.main.rates = {.per_second = 0.01};
    Line free_one = another(w.main, second);
    free_one.rates = {.per_second = 100};
    OwnLimits limits{senders_of({w.main, free_one}), w.clock.at};
    for (int i = 0; i < 8; ++i) {
        w.queue_text(w.add("Somebody", "+9198765" + std::to_string(20'000 + i)));
    }
    w.applier->set_limits(limits);
    CHECK(w.claim(3).size() == 1);
    w.applier->channel_down(channel, w.from_now(1h));
    w.queue_text(w.add("Ines Moreau", "+919876500002"));
    const auto claimed = w.claim(3);
    REQUIRE(claimed.size() == 1);
    CHECK(claimed.front().message.channel == second);
}

TEST_CASE("a text its provider would not take never leaves: the rep is told to call, and why") {
    World w;
    w.queue_text(w.amara);
    w.applier->set_unfit([](const core::ChannelId&, const Outbound& out) {
        return out.text.empty() ? std::optional<std::string>{}
                                : std::optional<std::string>{"it is too long"};
    });
    CHECK(w.claim().empty());
    CHECK(w.text(w.amara).state == core::MessageState::cancelled);
    const core::Case c = w.of(w.amara);
    REQUIRE(c.prompt);
    CHECK(c.prompt->reason ==
          "The text cannot go out over main: it is too long. Call Amara anyway.");
}

// ---- told by a receipt

namespace {

// Amara's text went out, Bo's waits, and the receipt of the first one says that it failed.
struct Told {
    explicit Told(int code, core::Duration late = 0s) {
        w.applier->set_limits(limits);
        w.applier->set_aftermath_of(aftermath_of({w.main}));
        const std::string id = w.sent(w.amara);
        w.advance(1s);  // room for one more
        w.queue_text(w.add("Bo Ray", "+919876500007"));
        w.delivered({receipt(id, "failed", w.clock.at - late, {}, code)});
    }
    bool sender_works() {
        w.applier->refresh(w.clock.at);
        return w.applier->plan().channels.front().working;
    }

    World w;
    OwnLimits limits{senders_of({w.main}), w.clock.at};
};

}  // namespace

TEST_CASE("a receipt that says we write too fast stops the sender, as a refused send does") {
    for (const int code : {130429, 131048, 80007}) {
        INFO(code);
        Told told{code};
        CHECK_FALSE(told.sender_works());
        CHECK(told.w.claim().empty());
        told.w.advance(61min);
        CHECK(told.sender_works());
    }
}

TEST_CASE("a receipt about one person's pace holds up nobody else") {
    Told told{131056};
    CHECK(told.sender_works());
    CHECK(told.w.claim().size() == 1);
    core::Message again;
    again.channel = channel;
    again.to = {core::AddressKind::phone, std::string{amara_number}};
    told.w.store->transact([&](Unit& unit) {
        const auto wait = told.limits.take(unit, {.message = &again}, told.w.clock.at + 1s);
        REQUIRE(wait);
        CHECK(wait->what == Wait::For::pair);
    });
}

TEST_CASE(
    "a receipt that says why one text failed, or that was under way for hours, stops nobody") {
    Told other_fault{131026};
    CHECK(other_fault.sender_works());
    CHECK(other_fault.w.claim().size() == 1);
    Told old{130429, 2h};
    CHECK(old.sender_works());
}

}  // namespace warmcall::tests
