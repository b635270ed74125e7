// Somebody says stop without writing it to us: at the provider, on one channel, in a letter that is
// late. What then goes out, which is nothing.

#include "core/decide.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using Choice = MarketingPreference::Choice;
using Strings = std::vector<std::string>;

namespace {

const Strings stop_told{"maya: Amara asked to stop. Nothing more will be sent."};

}  // namespace

TEST_CASE(
    "the SMS provider knows that they said stop: that is a STOP, and no WhatsApp text follows") {
    World world;
    world.plan.channels.insert(world.plan.channels.begin(),
                               {.id = sms, .provider = "twilio", .medium = Medium::sms});
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.message(text).channel == sms);
    SECTION("it refuses our text") {
        REQUIRE(world.claims(text));
        world.settles(text, SendSettled::How::refused,
                      fact_failed(world.now, 21610, FailureClass::suppress));
    }
    SECTION("a receipt says so") {
        world.sends(text);
        world.learns(text, fact_failed(world.now, 40300, FailureClass::suppress));
    }
    SECTION("it tells us of its own accord") {
        world.happens(MarketingPreference{sms, Choice::stop});
    }
    CHECK(world.why() == "opted_out");
    CHECK(world.told() == stop_told);
    CHECK(world.outbox.size() == 1);
    REQUIRE(world.c.contact.suppressions.size() == 1);
    CHECK(world.c.contact.suppressions.front().scope == SuppressionScope::all);
    world.happens(MarketingPreference{sms, Choice::stop});
    CHECK(world.told().empty());  // once
    world.happens(Enrolled{"gentle"});
    CHECK(world.refused() == "suppressed");
}

TEST_CASE("an SMS stop of an earlier time stops whatever is under way now") {
    World world;
    world.add_sms();
    world.on_call();
    world.happens(MarketingPreference{sms, Choice::stop});
    CHECK(world.why() == "opted_out");
    CHECK(world.told() == stop_told);
}

TEST_CASE("who does not want our texts on WhatsApp gets no SMS instead: the rep calls") {
    World world;
    world.add_sms();
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.message(text).channel == whatsapp);
    SECTION("the provider refuses the text") {
        REQUIRE(world.claims(text));
        world.settles(text, SendSettled::How::refused,
                      fact_failed(world.now, 131050, FailureClass::suppress));
        CHECK(world.prompt() == "undelivered");
        CHECK(world.c.prompt->reason ==
              "Amara does not want such messages on this channel. Call Amara anyway.");
    }
    SECTION("they switch it off while the text waits") {
        world.happens(MarketingPreference{whatsapp, Choice::stop});
        CHECK(world.state(text) == "cancelled");
        CHECK(world.prompt() == "no_warmup");
    }
    SECTION("they switch it off while the text is leaving") {
        REQUIRE(world.claims(text));
        world.happens(MarketingPreference{whatsapp, Choice::stop});
        world.happens(GateRefused{text, world.may_go(text)});
        CHECK(world.prompt() == "no_warmup");
    }
    CHECK(world.outbox.size() == 1);
    world.logs(Reached::no_answer);
    CHECK(world.phase() == "waiting");
    CHECK(world.outbox.size() == 1);  // nor are they asked by SMS to call back
}

TEST_CASE("who switches our texts off before the first one is due is called without one") {
    World world;
    world.add_sms();
    world.now = world.at(1, 7);
    world.happens(Enrolled{"gentle"});
    world.happens(MarketingPreference{whatsapp, Choice::stop});
    world.advance_to(world.at(1, 10));
    CHECK(world.outbox.empty());
    CHECK(world.prompt() == "no_warmup");
    CHECK(world.c.prompt->reason ==
          "No message went out first. They switched off messages at the provider. Call Amara "
          "anyway.");
}

TEST_CASE("in the next round the way they did not switch off may be taken") {
    World world;
    world.add_sms();
    world.enrol(Network::delivers);
    world.happens(MarketingPreference{whatsapp, Choice::stop});
    world.advance(45min);
    world.logs(Said::talked, world.at(15, 15));
    world.advance_to(world.at(15, 14));
    CHECK(world.message(world.newest()).channel == sms);
    CHECK(world.phase() == "warming");
}

TEST_CASE("a switching on that was under way for days does not undo a later switching off") {
    World world;
    const Timestamp before = world.now;
    world.advance(2h);
    world.happens(MarketingPreference{whatsapp, Choice::stop, before + 1h});
    world.happens(MarketingPreference{whatsapp, Choice::resume, before});
    REQUIRE(world.c.contact.suppressions.size() == 1);
    CHECK(world.c.contact.suppressions.front().at == before + 1h);
    CHECK_FALSE(world.noted("marketing_resumed"));
    SECTION("a later one does") {
        world.happens(MarketingPreference{whatsapp, Choice::resume, before + 90min});
        CHECK(world.c.contact.suppressions.empty());
        CHECK(world.noted("marketing_resumed"));
    }
    SECTION("and one without a time is of now") {
        world.happens(MarketingPreference{whatsapp, Choice::resume});
        CHECK(world.c.contact.suppressions.empty());
    }
    SECTION("switched off twice, the later time counts") {
        world.happens(MarketingPreference{whatsapp, Choice::stop, before + 100min});
        world.happens(MarketingPreference{whatsapp, Choice::resume, before + 90min});
        CHECK(world.c.contact.suppressions.size() == 1);
    }
}

TEST_CASE("what is switched off on an SMS number is off for what the rep types there, too") {
    World world;
    world.plan.channels = {{.id = sms, .provider = "twilio", .medium = Medium::sms}};
    world.call_is_due();
    world.c.contact.suppressions = {{.scope = SuppressionScope::channel, .channel = sms}};
    world.happens(WroteByRep{maya, "How is the shop?"});
    CHECK(world.refused() == "gate");
}
