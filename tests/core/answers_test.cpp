#include <algorithm>

#include "core/decide.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using std::chrono::days;
using How = SendSettled::How;
using Strings = std::vector<std::string>;

// ---- they answer ----

TEST_CASE("a reply raises the call with their words, and a burst of bubbles is one prompt") {
    World world;
    world.warm();
    world.advance(5min);
    world.reply("Hi Maya!");
    CHECK(world.phase() == "call_due");
    CHECK(world.prompt() == "replied");
    CHECK(world.c.prompt->alert_at == world.now + 20s);
    world.advance(10s);
    world.reply("All good here, thanks");
    CHECK(world.c.prompt->words == "Hi Maya!\nAll good here, thanks");
    const auto told = std::ranges::count(world.news, "ring maya");
    CHECK(told == 0);
    world.advance(10s);
    CHECK(world.told() == Strings{"maya: prompt"});
    world.advance(5min);
    CHECK(std::ranges::count(world.news, "ring maya") == 1);
}

TEST_CASE("a reply before the text left cancels the text") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    world.reply("Hi, how are you?");
    CHECK(world.state(text) == "cancelled");
    CHECK(world.prompt() == "replied");
    World planned;
    planned.now = planned.at(1, 9, 30);
    planned.happens(Enrolled{"gentle"});
    planned.reply("Hi, how are you?");
    CHECK(planned.phase() == "call_due");
    planned.advance(1h);
    CHECK(planned.outbox.empty());
}

TEST_CASE(
    "a reply before our send was acknowledged: the answer to the send changes nothing for the rep") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.reply("Hello!");
    CHECK(world.state(text) == "claimed");
    CHECK(world.may_go(text).code == GateCode::replied);
    const Prompt prompt = *world.c.prompt;
    world.settles(text, How::accepted, fact_accepted(world.now));
    CHECK(world.state(text) == "settled");
    CHECK(world.phase() == "call_due");
    CHECK(world.c.prompt == prompt);
}

TEST_CASE("a receipt before the acknowledgement: both are known in the end") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.learns(text, fact_delivered(world.now + 1s));
    CHECK(world.state(text) == "settled");
    world.settles(text, How::accepted, fact_accepted(world.now));
    CHECK(world.message(text).facts.accepted);
    CHECK(world.message(text).facts.delivered);
    CHECK(world.phase() == "warming");
}

TEST_CASE("a reply at night is a prompt for the morning, and no phone rings before") {
    World world;
    world.now = world.at(1, 20, 30);
    world.warm();
    world.advance_to(world.at(1, 22));
    world.news.clear();
    world.reply("Sorry, only saw this now");
    CHECK(world.prompt() == "replied");
    CHECK(world.c.prompt->due_at == world.at(2, 10));
    world.advance_to(world.at(2, 9, 59));
    CHECK(std::ranges::count(world.news, "ring maya") == 0);
    world.advance(1min);
    CHECK(world.told() == Strings{"maya: prompt"});
}

TEST_CASE("on a weekend the rep's phone stays quiet") {
    World world;
    world.now = world.at(5, 17, 50);  // Friday
    world.warm();
    world.advance_to(world.at(6, 11));
    world.reply("Hello!");
    CHECK(world.c.prompt->due_at == world.at(8, 10));
}

TEST_CASE("a reply while a call is due makes the same prompt rise, never a second one") {
    World world;
    world.call_is_due();
    const PromptId id = world.c.prompt->id;
    world.reply("Here I am");
    CHECK(world.c.prompt->id == id);
    CHECK(world.prompt() == "replied");
    CHECK(world.c.prompt->words == "Here I am");
}

TEST_CASE(
    "a reply while the prompt is claimed: the words are there, and no phone rings in the rep's hand") {
    World world;
    world.call_is_due();
    world.happens(Claimed{maya});
    world.news.clear();
    world.reply("Here I am");
    CHECK(world.prompt() == "replied");
    CHECK(world.c.prompt->lease->holder == maya);
    world.advance(9min);
    CHECK(std::ranges::count(world.news, "ring maya") == 0);
}

TEST_CASE("a reply while the rep is on the phone is only added to the card") {
    World world;
    world.on_call();
    world.reply("You can call now");
    CHECK(world.phase() == "on_call");
    CHECK(world.prompt() == "silent");
    CHECK(world.c.prompt->words == "You can call now");
}

TEST_CASE("a reaction, a button or a voice message is a reply") {
    const auto [kind, words] =
        GENERATE(table<ReplyKind, std::string>({{ReplyKind::reaction, "👍"},
                                                {ReplyKind::button, "I'm fine"},
                                                {ReplyKind::voice, "sent a voice message"},
                                                {ReplyKind::media, "sent a photo"}}));
    World world;
    world.warm();
    world.reply(words, kind);
    CHECK(world.prompt() == "replied");
    CHECK(world.c.prompt->words == words);
}

TEST_CASE("the word STOP on a button is a STOP, in a voice message's description it is not") {
    World world;
    world.warm();
    SECTION("button") {
        world.reply("Stop", ReplyKind::button);
        CHECK(world.phase() == "closed");
    }
    SECTION("a file called so") {
        world.reply("stop", ReplyKind::media);
        CHECK(world.prompt() == "replied");
    }
}

TEST_CASE("a reply in a later round is a reply, whichever round's text it answers") {
    World world;
    world.call_is_due();
    world.network = Network::delivers;
    world.logs(Reached::no_answer, false);
    while (world.c.outreach->round == 1) {
        world.advance(days(1));
        if (world.phase() == "call_due" && world.c.outreach->round == 1) {
            world.logs(Reached::no_answer, false);
        }
    }
    world.happens(Replied{.at = world.now,
                          .channel = whatsapp,
                          .from = world.c.contact.addresses.front(),
                          .words = "Hi"});
    CHECK(world.prompt() == "replied");
}

TEST_CASE("a reply that was read on its way in is not read again") {
    World world;
    world.warm();
    const auto wrote = [&](const char* words, std::optional<Reading> reading) {
        World w = world;
        w.happens(Replied{.at = w.now,
                          .channel = whatsapp,
                          .from = w.c.contact.addresses.front(),
                          .words = words,
                          .reading = reading});
        return w.phase();
    };
    CHECK(wrote("Hi", std::nullopt) == "call_due");
    CHECK(wrote("Stop", std::nullopt) == "closed");
    CHECK(wrote("Stop", Reading{Reading::Kind::human, {}}) == "call_due");
    CHECK(wrote("Hi", Reading{Reading::Kind::stop, {}}) == "closed");
}

TEST_CASE("receipts of an earlier round move nothing in this one") {
    World world;
    world.call_is_due();
    const MessageId old = world.newest();
    world.network = Network::off;
    world.logs(Said::talked, world.at(10, 15));
    world.advance_to(world.c.outreach->wake_at);
    REQUIRE(world.phase() == "warming");
    REQUIRE(world.c.outreach->round == 2);
    const Outreach before = *world.c.outreach;
    world.learns(old, fact_read(world.now));
    world.learns(old, fact_failed(world.now, 1, FailureClass::permanent));
    CHECK(world.c.outreach == before);
    CHECK(world.messages() == Strings{"wellbeing queued"});
}

TEST_CASE("receipts of an outreach that ended move nothing in the next") {
    World world;
    world.warm();
    const MessageId old = world.newest();
    world.happens(ClosedByRep{CloseReason::said_no});
    world.advance(days(10));
    world.network = Network::off;
    world.happens(Enrolled{"gentle"});
    world.advance_to(world.c.outreach->wake_at);
    REQUIRE(world.messages() == Strings{"wellbeing queued"});
    const Outreach before = *world.c.outreach;
    world.learns(old, fact_read(world.now));
    CHECK(world.messages() == Strings{"wellbeing queued"});
    World failing;
    failing.enrol();
    const MessageId text = failing.newest();
    failing.sends(text);
    failing.happens(ClosedByRep{CloseReason::said_no});
    failing.advance(days(10));
    failing.happens(Enrolled{"gentle"});
    failing.advance_to(failing.c.outreach->wake_at);
    failing.learns(text, fact_failed(failing.now));
    CHECK(failing.phase() == "warming");
    CHECK(world.c.outreach == before);
}

TEST_CASE("somebody who writes without being asked gets a call") {
    World world;
    world.reply("Are you still there?");
    CHECK(world.prompt() == "replied");
    CHECK(world.c.outreach->next.owner == maya);
    CHECK(world.outbox.empty());
}

TEST_CASE("what is kept of their words is cut between letters") {
    World world;
    world.warm();
    std::string words;
    for (int i = 0; i < 1500; ++i) {
        words += "é";
    }
    world.reply(words);
    CHECK(world.c.prompt->words.size() == 2000);
    world.reply("last");
    CHECK(world.c.prompt->words.ends_with("\nlast"));
    CHECK(world.c.prompt->words.size() <= 2000);
    CHECK((static_cast<unsigned char>(world.c.prompt->words.front()) & 0xC0U) != 0x80U);
}

// ---- their machine answers ----

TEST_CASE("an automatic reply never counts as a reply") {
    World world;
    world.warm();
    world.reply("Thank you for contacting us. We will get back to you.");
    CHECK(world.phase() == "warming");
    CHECK_FALSE(world.c.contact.last_reply_at);
    CHECK(world.noted("automatic_reply"));
    world.advance(45min);
    CHECK(world.prompt() == "silent");
}

TEST_CASE("an automatic reply with a date holds everything until the day after") {
    World world;
    world.warm();
    world.reply("I am out of office until 5 November.");
    CHECK(world.phase() == "held");
    CHECK(world.why() == "automatic_reply");
    CHECK(world.c.outreach->wake_at == world.at(5, 10));  // 5 November is day 4
    world.advance_to(world.at(5, 10));
    CHECK(world.phase() == "call_due");
}

TEST_CASE("an automatic reply that would hold them for more than two weeks is told to the rep") {
    World world;
    world.warm();
    world.reply("I am out of office until 15 November.");
    CHECK(world.told().empty());
    World longer;
    longer.warm();
    longer.reply("I am out of office until 30 November.");
    CHECK(longer.phase() == "held");
    CHECK(longer.told() ==
          Strings{"maya: An automatic reply says that Amara is away for 4 weeks. The call waits "
                  "until then."});
}

TEST_CASE("away means away on their calendar, west of Greenwich too") {
    World world;
    world.c.contact.zones = {"America/Los_Angeles"};
    world.c.contact.region = "CA";
    world.plan.reps[maya].zone = "America/Los_Angeles";
    world.now = world.at(1, 10);
    world.warm();
    world.reply("I am out of office until 5 November.");
    CHECK(world.c.outreach->wake_at == world.at(5, 9));
}

TEST_CASE("a text that never went out goes out when they are back") {
    World world;
    world.enrol();
    world.reply("I am out of office until 5 November.");
    CHECK(world.messages() == Strings{"wellbeing cancelled"});
    world.network = Network::delivers;
    world.advance_to(world.at(5, 10));
    CHECK(world.phase() == "warming");
    CHECK(world.messages() == Strings{"wellbeing settled"});
}

TEST_CASE("a promise made in person counts for more than what their phone says") {
    World world;
    world.call_is_due();
    world.logs(Said::talked, world.at(10, 12));
    world.advance_to(world.at(10, 11));
    REQUIRE(world.phase() == "warming");
    world.reply("I am out of office until 20 November.");
    world.advance_to(world.at(10, 12));
    CHECK(world.prompt() == "promised");
}
