#include "core/decide.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using std::chrono::days;
using How = SendSettled::How;
using Strings = std::vector<std::string>;

TEST_CASE("a silent contact becomes a call prompt when the lead time is over") {
    World world;
    world.warm();
    world.advance(44min);
    CHECK(world.prompt() == "");
    CHECK(world.next() == "wait_then_call");
    world.advance(1min);
    CHECK(world.phase() == "call_due");
    CHECK(world.prompt() == "silent");
    CHECK(world.told() == Strings{"maya: prompt"});
}

TEST_CASE("without a receipt the rep waits three hours from when the provider took the text") {
    World world;
    world.enrol(Network::accepts);
    world.advance(2h + 59min);
    CHECK(world.prompt() == "");
    world.advance(1min);
    CHECK(world.prompt() == "silent");
}

TEST_CASE("the lead time counts from when the text arrived, not from when we heard of it") {
    World world;
    world.enrol(Network::accepts);
    world.advance(30min);
    world.learns(world.newest(), fact_delivered(world.at(1, 10, 5)));
    CHECK(world.c.outreach->wake_at == world.at(1, 10, 50));
    world.learns(world.newest(), fact_read(world.at(1, 10, 25)));
    CHECK(world.c.outreach->wake_at == world.at(1, 10, 50));
}

TEST_CASE("a receipt from a clock that runs ahead does not put the call off") {
    World world;
    world.enrol(Network::accepts);
    world.learns(world.newest(), fact_delivered(world.now + days(3000)));
    CHECK(world.c.outreach->wake_at == world.at(1, 10, 45));
}

TEST_CASE("a receipt that comes after the lead time is over brings the call at once") {
    World world;
    world.enrol(Network::accepts);
    world.advance(2h);
    world.learns(world.newest(), fact_delivered(world.at(1, 10, 1)));
    CHECK(world.phase() == "warming");
    CHECK(world.c.outreach->wake_at == world.now + 1min);
    world.advance(1min);
    CHECK(world.prompt() == "silent");
}

TEST_CASE("a text that failed for good brings the call, with the reason") {
    World world;
    world.enrol(Network::accepts);
    world.learns(world.newest(), fact_failed(world.now));
    CHECK(world.phase() == "call_due");
    CHECK(world.prompt() == "undelivered");
    CHECK(world.c.contact.whatsapp_unreachable_at == world.now);
}

TEST_CASE("a text that failed for good is not sent the same way again, whatever the reason") {
    World world;
    world.enrol(Network::accepts);
    world.learns(world.newest(), fact_failed(world.now, 131049));
    CHECK(world.prompt() == "undelivered");
    CHECK(world.outbox.size() == 1);
}

TEST_CASE("a text that failed for good tries the other way once") {
    World world;
    world.add_sms();
    world.enrol();
    const MessageId first = world.newest();
    world.sends(first);
    world.learns(first, fact_failed(world.now));
    CHECK(world.phase() == "warming");
    CHECK(world.messages() == Strings{"wellbeing settled", "wellbeing queued"});
    const MessageId second = world.newest();
    CHECK(world.message(second).channel == sms);
    world.sends(second);
    world.learns(second, fact_failed(world.now, 30003));
    CHECK(world.prompt() == "undelivered");
    CHECK(world.outbox.size() == 2);
}

TEST_CASE("failed, then delivered after all: the lead time runs as if it had never failed") {
    World world;
    world.enrol(Network::accepts);
    world.learns(world.newest(), fact_failed(world.now));
    REQUIRE(world.prompt() == "undelivered");
    world.learns(world.newest(), fact_delivered(world.now));
    CHECK(world.phase() == "warming");
    CHECK(world.prompt() == "");
    CHECK(world.c.outreach->wake_at == world.at(1, 10, 45));
    CHECK_FALSE(world.c.contact.whatsapp_unreachable_at);
}

TEST_CASE("delivered, then failed: what arrived has arrived") {
    World world;
    world.warm();
    world.learns(world.newest(), fact_failed(world.now));
    CHECK(world.phase() == "warming");
    CHECK(world.c.outreach->wake_at == world.at(1, 10, 45));
    CHECK(shown(world.message(world.newest()).facts) == Shown::delivered);
    CHECK_FALSE(world.c.contact.whatsapp_unreachable_at);
}

TEST_CASE("a rep who already has the prompt keeps it when the text turns out to have arrived") {
    World world;
    world.enrol(Network::accepts);
    world.learns(world.newest(), fact_failed(world.now));
    world.happens(Claimed{maya});
    world.learns(world.newest(), fact_delivered(world.now));
    CHECK(world.prompt() == "undelivered");
    CHECK(world.phase() == "call_due");
}

TEST_CASE("the other way is not taken when the first text arrives after all") {
    World world;
    world.add_sms();
    world.enrol();
    const MessageId first = world.newest();
    world.sends(first);
    world.learns(first, fact_failed(world.now));
    const MessageId second = world.newest();
    world.learns(first, fact_delivered(world.now));
    CHECK(world.state(second) == "cancelled");
    CHECK(world.phase() == "warming");
    CHECK(world.c.outreach->wake_at == world.at(1, 10, 45));
}

TEST_CASE("a second way that fails does not call the first one undelivered") {
    World world;
    world.add_sms();
    world.enrol();
    const MessageId first = world.newest();
    world.sends(first);
    world.learns(first, fact_failed(world.now));
    const MessageId second = world.newest();
    REQUIRE(world.claims(second));
    world.learns(first, fact_delivered(world.now));
    world.settles(second, How::refused, fact_failed(world.now, 30003));
    CHECK(world.phase() == "warming");
    CHECK(world.c.outreach->wake_at == world.at(1, 10, 45));
}

TEST_CASE(
    "a provider that says they do not want such texts is believed, in whatever order it says so") {
    const bool arrives_first = GENERATE(true, false);
    World world;
    world.enrol(Network::accepts);
    if (arrives_first) {
        world.learns(world.newest(), fact_delivered(world.now));
    }
    world.learns(world.newest(), fact_failed(world.now, 131050, FailureClass::suppress));
    world.learns(world.newest(), fact_delivered(world.now));
    CHECK(world.phase() == "warming");
    REQUIRE(world.c.contact.suppressions.size() == 1);
    CHECK(world.c.contact.suppressions.front().scope == SuppressionScope::channel);
}

TEST_CASE(
    "we cannot tell whether it went out: it is not sent again, and the rep calls half an hour later") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.settles(text, How::unknown);
    CHECK(world.state(text) == "unknown");
    CHECK(world.c.outreach->wake_at == world.at(1, 10, 30));
    world.advance(30min);
    CHECK(world.prompt() == "silent");
    CHECK(world.c.prompt->reason.find("cannot tell") != std::string::npos);
    CHECK(world.outbox.size() == 1);
}

TEST_CASE("a receipt settles what we could not tell") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.settles(text, How::unknown);
    world.learns(text, fact_delivered(world.now));
    CHECK(world.state(text) == "settled");
    CHECK(world.c.outreach->wake_at == world.at(1, 10, 45));
}

TEST_CASE("what turns out never to have left did not ask them anything, and goes") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.settles(text, How::unknown);
    world.advance(21min);
    world.settles(text, How::not_sent, {}, world.now);
    CHECK(world.state(text) == "queued");
    CHECK(world.may_go(text).go());
    REQUIRE(world.claims(text));
    world.settles(text, How::accepted, fact_accepted(world.now));
    CHECK(world.state(text) == "settled");
    CHECK(world.c.contact.last_wellbeing_at == world.now);  // not when it was tried in vain
}

TEST_CASE("the rep may send again what perhaps never went out, and may leave it") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.settles(text, How::unknown);
    world.advance(30min);
    SECTION("again") {
        world.happens(UnknownAnswered{text, UnknownAnswered::Answer::send_again});
        CHECK(world.phase() == "warming");
        CHECK(world.prompt() == "");
        CHECK(world.messages() == Strings{"wellbeing settled", "wellbeing queued"});
        CHECK(world.may_go(world.newest()).go());
    }
    SECTION("leave it") {
        world.happens(UnknownAnswered{text, UnknownAnswered::Answer::leave_it});
        CHECK(world.phase() == "call_due");
        CHECK(world.outbox.size() == 1);
    }
    SECTION("they have answered meanwhile") {
        world.reply("All good");
        world.happens(UnknownAnswered{text, UnknownAnswered::Answer::send_again});
        CHECK(world.refused() == "wrong_phase");
    }
    SECTION("the rep is on the phone") {
        world.happens(Dialled{maya});
        world.happens(UnknownAnswered{text, UnknownAnswered::Answer::send_again});
        CHECK(world.refused() == "wrong_phase");
    }
    SECTION("twice") {
        world.happens(UnknownAnswered{text, UnknownAnswered::Answer::leave_it});
        world.happens(UnknownAnswered{text, UnknownAnswered::Answer::leave_it});
        CHECK(world.refused() == "late");
    }
}

TEST_CASE(
    "what never reached the provider is tried again while it is fresh, and then the rep calls") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.settles(text, How::not_sent, {}, world.now + 5s);
    CHECK(world.state(text) == "queued");
    CHECK(world.message(text).not_before == world.now + 5s);
    CHECK(world.message(text).tries == 1);
    world.advance(5s);
    REQUIRE(world.claims(text));
    world.settles(text, How::not_sent, {}, world.now + 5h);
    CHECK(world.state(text) == "cancelled");
    CHECK(world.prompt() == "no_warmup");
}

TEST_CASE("a text that nobody took in time is not sent, and the rep calls") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    world.advance(4h);
    CHECK(world.state(text) == "cancelled");
    CHECK(world.prompt() == "no_warmup");
}

TEST_CASE("a text the provider refuses while nobody wants it any more is not left hanging") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.reply("All good");
    world.settles(text, How::refused, fact_failed(world.now, 4, FailureClass::slow_down),
                  world.now + 1min);
    CHECK(world.state(text) == "cancelled");
    CHECK(world.prompt() == "replied");
}

TEST_CASE(
    "the frequency cap counts from when a text left, not from a receipt that comes days later") {
    World world;
    world.warm();
    const MessageId text = world.newest();
    world.advance(days(3));
    world.learns(text, fact_read(world.now));
    CHECK(world.c.contact.last_wellbeing_at == world.at(1, 10));
}
