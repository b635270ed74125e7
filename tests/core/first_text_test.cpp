#include "core/decide.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

TEST_CASE("an enrolled contact is planned, and the first text waits for a decent hour") {
    World world;
    world.now = world.at(1, 7);
    world.happens(Enrolled{"gentle"});
    CHECK(world.phase() == "planned");
    CHECK(world.next() == "send");
    CHECK(world.c.outreach->next.owner == maya);
    CHECK(world.c.outreach->wake_at == world.at(1, 10));
    world.advance_to(world.at(1, 9, 59));
    CHECK(world.messages().empty());
    world.advance(1min);
    CHECK(world.phase() == "warming");
    CHECK(world.messages() == Strings{"wellbeing queued"});
}

TEST_CASE("on a holiday no first text goes out") {
    World world;
    world.now = instant({std::chrono::year{2027}, std::chrono::January, std::chrono::day{26}},
                        DayTime{11 * 60}, kolkata);
    world.happens(Enrolled{"gentle"});
    CHECK(world.c.outreach->wake_at ==
          instant({std::chrono::year{2027}, std::chrono::January, std::chrono::day{27}},
                  DayTime{10 * 60}, kolkata));
}

TEST_CASE("a contact's own wishes narrow the hours") {
    World world;
    world.c.contact.preferences = {.from = DayTime{18 * 60}, .to = DayTime{20 * 60}};
    world.happens(Enrolled{"gentle"});
    CHECK(world.c.outreach->wake_at == world.at(1, 18));
}

TEST_CASE("nobody is enrolled twice, and the rep is told whose it is") {
    World world;
    world.warm();
    world.happens(Enrolled{"gentle"});
    CHECK(world.refused() == "has_live");
    CHECK(world.last.refusal->holder == maya);
}

TEST_CASE("nobody is enrolled without consent, a number, a cadence, or after a STOP") {
    World world;
    world.happens(Enrolled{"pushy"});
    CHECK(world.refused() == "unknown_cadence");
    World shy;
    shy.c.contact.consent.reset();
    shy.happens(Enrolled{"gentle"});
    CHECK(shy.refused() == "no_consent");
    World unlisted;
    unlisted.c.contact.addresses.clear();
    unlisted.happens(Enrolled{"gentle"});
    CHECK(unlisted.refused() == "no_address");
    World done;
    done.c.contact.suppressions = {
        {.scope = SuppressionScope::all, .reason = "STOP", .at = done.now}};
    done.happens(Enrolled{"gentle"});
    CHECK(done.refused() == "suppressed");
    World speechless;
    speechless.plan.templates.templates.clear();
    speechless.happens(Enrolled{"gentle"});
    CHECK(speechless.refused() == "template_unfit");
}

TEST_CASE("where no text may go, the rep calls without one and reads why") {
    World world;
    world.c.contact.region = "US";
    world.c.contact.zones = {"America/Chicago"};
    world.now = world.at(3, 11);
    world.enrol();
    CHECK(world.phase() == "call_due");
    CHECK(world.prompt() == "no_warmup");
    CHECK(world.c.prompt->reason.find("US numbers") != std::string::npos);
    CHECK(world.outbox.empty());
}

TEST_CASE("where WhatsApp may not be used, SMS takes the first text") {
    World world;
    world.add_sms();
    world.c.contact.region = "US";
    world.c.contact.zones = {"America/Chicago"};
    world.now = world.at(3, 11);
    world.enrol();
    CHECK(world.phase() == "warming");
    CHECK(world.message(world.newest()).channel == sms);
}

TEST_CASE("without a known time zone no text goes out, and the rep still calls") {
    World world;
    world.c.contact.zones.clear();
    world.enrol();
    CHECK(world.prompt() == "no_warmup");
}

TEST_CASE(
    "whom the provider says not to be on WhatsApp gets one SMS instead, whoever the provider is") {
    for (const int code : {131026, 63003, 63024}) {
        World world;
        world.add_sms();
        world.enrol();
        REQUIRE(world.message(world.newest()).channel == whatsapp);
        world.sends(world.newest());
        world.learns(world.newest(), fact_failed(world.now, code));
        CHECK(world.c.contact.whatsapp_unreachable_at == world.now);
        CHECK(world.message(world.newest()).channel == sms);
        CHECK(world.phase() == "warming");
        world.sends(world.newest());
        world.learns(world.newest(), fact_failed(world.now, 30005));
        CHECK(world.outbox.size() == 2);
        CHECK(world.prompt() == "undelivered");
    }
}

TEST_CASE("a text its provider would not take is not sent, and the rep reads why") {
    World world;
    world.enrol();
    const Verdict unfit{.code = GateCode::template_unfit,
                        .sentence = "The text is longer than one SMS.",
                        .other_route = true};
    SECTION("with another way it goes there") {
        world.add_sms();
        world.happens(GateRefused{world.newest(), unfit});
        CHECK(world.message(world.newest()).channel == sms);
    }
    SECTION("without, it is a call") {
        world.happens(GateRefused{world.newest(), unfit});
        CHECK(world.prompt() == "no_warmup");
        CHECK(world.c.prompt->reason == "The text is longer than one SMS. Call Amara anyway.");
    }
}

TEST_CASE("whose turn has not come waits for it, for days if need be, and is no call prompt") {
    World world;
    world.plan.channels.front().room_at = world.at(3, 12);
    world.enrol();
    CHECK(world.phase() == "planned");
    CHECK(world.c.outreach->wake_at == world.at(3, 12));
    CHECK(world.c.outreach->next.due_at == world.at(3, 12));
    world.plan.channels.front().room_at.reset();
    world.advance_to(world.at(3, 12));
    CHECK(world.phase() == "warming");
    SECTION("and when the day is full at the last moment, begins again then") {
        world.happens(GateRefused{
            world.newest(),
            {.code = GateCode::channel_full, .sentence = "Full.", .again_at = world.at(4, 12)}});
        CHECK(world.phase() == "planned");
        CHECK(world.c.outreach->wake_at == world.at(4, 12));
        CHECK(world.state(world.newest()) == "cancelled");
    }
}

TEST_CASE(
    "a provider that is down for a moment is waited for, and no longer than the text is worth sending") {
    World world;
    world.plan.channels.front().working = false;
    world.enrol();
    CHECK(world.phase() == "planned");
    CHECK(world.noted("deferred"));
    CHECK(world.c.outreach->wake_at == world.at(1, 10, 10));
    world.advance(3h + 49min);
    CHECK(world.phase() == "planned");
    world.advance(15min);
    CHECK(world.prompt() == "no_warmup");
}
