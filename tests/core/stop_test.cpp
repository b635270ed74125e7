#include <algorithm>

#include "core/decide.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using std::chrono::days;
using How = SendSettled::How;
using Strings = std::vector<std::string>;

TEST_CASE("STOP ends it: nothing queued goes out, they are told once, the rep is told") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    world.reply("STOP");
    CHECK(world.phase() == "closed");
    CHECK(world.why() == "opted_out");
    CHECK(world.state(text) == "cancelled");
    CHECK(world.told() == Strings{"maya: Amara asked to stop. Nothing more will be sent."});
    const MessageId confirmation = world.newest();
    CHECK(world.message(confirmation).kind == MessageKind::stop_confirmation);
    CHECK(world.may_go(confirmation).go());
    world.reply("STOP!!!");
    CHECK(world.newest() == confirmation);
    CHECK(world.told().empty());
}

TEST_CASE("a STOP that the provider has answered itself is not confirmed twice, any other is") {
    World world;
    world.add_sms();
    world.enrol();
    const bool answered = GENERATE(true, false);
    const Address from = world.c.contact.addresses.front();
    world.happens(Replied{.at = world.now,
                          .channel = sms,
                          .from = from,
                          .words = "Take me off your list",
                          .reading = Reading{Reading::Kind::stop, {}},
                          .confirmed_stop = answered});
    CHECK(world.why() == "opted_out");
    const Message& newest = world.message(world.newest());
    CHECK((newest.kind == MessageKind::stop_confirmation) != answered);
    if (!answered) {
        CHECK(newest.channel == sms);
        CHECK(world.may_go(newest.id).go());
    }
}

TEST_CASE("STOP while a send is leaving: the gate refuses it just before the bytes leave") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.reply("stop");
    CHECK(world.state(text) == "claimed");
    CHECK_FALSE(world.may_go(text).go());
    SECTION("in time") {
        world.happens(GateRefused{text, world.may_go(text)});
        CHECK(world.state(text) == "cancelled");
    }
    SECTION("it had never left") {
        world.settles(text, How::not_sent, {}, world.now + 1min);
        CHECK(world.state(text) == "cancelled");
    }
    SECTION("it had left") {
        world.settles(text, How::accepted, fact_accepted(world.now));
        CHECK(world.state(text) == "settled");
    }
    SECTION("we cannot tell") {
        world.settles(text, How::unknown);
        CHECK(world.state(text) == "unknown");
    }
    CHECK(world.phase() == "closed");
    CHECK(world.c.contact.suppressions.size() == 1);
}

TEST_CASE("STOP from any phase ends it") {
    World world;
    SECTION("planned") {
        world.now = world.at(1, 8);
        world.happens(Enrolled{"gentle"});
    }
    SECTION("warming") {
        world.warm();
    }
    SECTION("call due") {
        world.call_is_due();
    }
    SECTION("on the phone") {
        world.on_call();
    }
    SECTION("waiting") {
        world.on_call();
        world.logs(Said::talked, world.at(4, 12));
    }
    SECTION("held") {
        world.warm();
        world.happens(HeldByRep{world.at(3, 12)});
    }
    SECTION("asked already") {
        world.warm();
        world.reply("can you stop by at 5?");
    }
    world.reply("Stop");
    CHECK(world.phase() == "closed");
    CHECK(world.why() == "opted_out");
    CHECK(world.prompt() == "");
}

TEST_CASE("what they write after a STOP is shown to the rep and undoes nothing") {
    World world;
    world.warm();
    world.reply("STOP");
    world.advance(days(1));
    world.reply("Actually, how are you?");
    CHECK(world.phase() == "closed");
    CHECK(world.told() == Strings{"maya: Amara wrote again after asking to stop."});
}

TEST_CASE("perhaps STOP: nothing is sent, and the rep is asked once") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    world.reply("Can you stop by at 5?");
    CHECK(world.phase() == "held");
    CHECK(world.why() == "perhaps_stop");
    CHECK(world.next() == "answer_question");
    CHECK(world.state(text) == "cancelled");
    CHECK(world.prompt() == "unanswered_question");
    CHECK(world.told() == Strings{"maya: prompt"});
    CHECK(world.c.prompt->words == "Can you stop by at 5?");
    world.reply("or stop at the shop");
    CHECK(world.told().empty());
    world.happens(WroteByRep{maya, "Which shop?"});
    CHECK(world.refused() == "gate");
    world.advance_to(world.at(2, 10));
    CHECK(world.told() == Strings{"maya: prompt"});
    CHECK(world.outbox.size() == 1);
}

TEST_CASE("perhaps STOP, answered") {
    World world;
    world.warm();
    world.reply("Can you stop by at 5?");
    SECTION("it was not: they replied, and the rep calls") {
        world.happens(StopAnswered{maya, StopAnswered::Answer::it_was_not});
        CHECK(world.phase() == "call_due");
        CHECK(world.prompt() == "replied");
        CHECK(world.c.prompt->words == "Can you stop by at 5?");
        world.happens(StopAnswered{maya, StopAnswered::Answer::it_was_stop});
        CHECK(world.refused() == "late");
    }
    SECTION("it was") {
        world.happens(StopAnswered{maya, StopAnswered::Answer::it_was_stop});
        CHECK(world.why() == "opted_out");
        CHECK(world.c.contact.suppressions.size() == 1);
    }
}

TEST_CASE("perhaps STOP at night rings nobody before the morning") {
    World world;
    world.now = world.at(1, 17);
    world.warm();
    world.advance_to(world.at(1, 23));
    world.news.clear();
    world.reply("Can you stop by at 5?");
    CHECK(world.phase() == "held");
    world.advance_to(world.at(2, 8, 59));
    CHECK(std::ranges::count(world.news, "ring maya") == 0);
    world.advance(1min);
    CHECK(std::ranges::count(world.news, "ring maya") == 1);
}

TEST_CASE(
    "perhaps STOP in the middle of things holds them too, and the question comes first on the card") {
    World world;
    SECTION("they had replied") {
        world.warm();
        world.reply("Hello");
    }
    SECTION("they had called") {
        world.warm();
        world.happens(TheyCalled{world.now, whatsapp, world.c.contact.addresses.front()});
    }
    SECTION("the rep is on the phone") {
        world.on_call();
    }
    world.reply("Can you stop by at 5?");
    CHECK(world.phase() == "held");
    CHECK(world.prompt() == "unanswered_question");
    CHECK(world.c.prompt->reason.starts_with("Did Amara ask us to stop?"));
    world.happens(Dialled{maya});
    CHECK(world.refused() == "wrong_phase");
    world.logs(Reached::no_answer);
    CHECK(world.refused() == "wrong_phase");
    world.happens(HeldByRep{world.at(3, 12)});
    CHECK(world.refused() == "wrong_phase");
    world.logs(Said::talked, world.at(4, 12));  // they said it themselves
    CHECK(world.phase() == "waiting");
}

TEST_CASE("they opted out by letter, or by telling the rep") {
    World world;
    world.enrol();
    world.happens(OptedOut{"by letter"});
    CHECK(world.why() == "opted_out");
    CHECK(world.messages().empty());
    CHECK(world.c.contact.suppressions.size() == 1);
    world.happens(OptedOut{"again"});
    CHECK(world.c.contact.suppressions.size() == 1);
    World told;
    told.call_is_due();
    told.happens(ClosedByRep{CloseReason::opted_out});
    CHECK(told.c.contact.suppressions.size() == 1);
}

TEST_CASE("they switched off our texts at the provider: the rep calls") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    SECTION("no other way") {
        world.happens(MarketingPreference{whatsapp, MarketingPreference::Choice::stop});
        CHECK(world.state(text) == "cancelled");
        CHECK(world.prompt() == "no_warmup");
        CHECK(world.phase() == "call_due");
    }
    SECTION("twice, and on again") {
        world.happens(MarketingPreference{whatsapp, MarketingPreference::Choice::stop});
        world.happens(MarketingPreference{whatsapp, MarketingPreference::Choice::stop});
        CHECK(world.c.contact.suppressions.size() == 1);
        world.happens(MarketingPreference{whatsapp, MarketingPreference::Choice::resume});
        CHECK(world.c.contact.suppressions.empty());
    }
}
