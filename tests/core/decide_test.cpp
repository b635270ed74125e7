#include "core/decide.hpp"

#include <algorithm>

#include "core/speech.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using How = SendSettled::How;
using Strings = std::vector<std::string>;

namespace {

using std::chrono::days;

Verdict closed_window() {
    return {.code = GateCode::window_closed, .sentence = "The 24-hour window is closed."};
}

}  // namespace

// ---- enrolling, and the first text ----

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

// ---- warming ----

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

// ---- nobody acknowledges ----

TEST_CASE(
    "a prompt nobody looks at goes to the rep again, to the stand-in, to the lead, and the next day starts over") {
    World world;
    world.call_is_due();
    world.news.clear();
    world.advance(15min);
    CHECK(world.told() == Strings{"maya: prompt"});
    world.advance(15min);
    CHECK(world.told() == Strings{"ravi: prompt"});
    CHECK(world.c.prompt->rep == ravi);
    world.advance(15min);
    CHECK(world.told() == Strings{"lena: prompt"});
    world.news.clear();
    world.advance_to(world.at(2, 9));
    CHECK(world.news.empty());
    world.advance_to(world.at(2, 12));
    CHECK(std::ranges::count(world.news, "ring maya") == 2);
}

TEST_CASE("a rep who is away is not rung; the stand-in is") {
    World world;
    world.plan.reps[maya].away_until = world.at(3, 9);
    world.call_is_due();
    CHECK(world.told() == Strings{"ravi: prompt"});
}

TEST_CASE("a prompt that was seen is quiet for an hour, then comes back") {
    World world;
    world.call_is_due();
    world.happens(Acknowledged{maya});
    CHECK(world.c.prompt->acknowledged_at == world.now);
    world.news.clear();
    world.advance(59min);
    CHECK(world.news.empty());
    world.advance(1min);
    CHECK(world.news == Strings{"ring maya"});
}

TEST_CASE("where the rep's hours and the contact's never meet, the rep's own count") {
    World world;
    world.c.contact.region = "US";
    world.c.contact.zones = {"America/Chicago"};
    world.enrol();
    world.advance(16h);  // morning in Chicago
    REQUIRE(world.prompt() == "no_warmup");
    const Rep& rep = world.plan.reps.at(maya);
    CHECK(open(rep.hours, {}, {rep.zone}, world.c.prompt->due_at));
}

TEST_CASE("no phone rings outside the rep's hours") {
    World world;
    world.now = world.at(1, 17, 20);
    world.warm();
    world.advance(45min);
    CHECK(world.prompt() == "silent");
    CHECK(world.c.prompt->due_at == world.at(2, 10));
    CHECK(std::ranges::count(world.news, "ring maya") == 0);
}

TEST_CASE("a snoozed prompt comes back when the rep asked, and is nobody's meanwhile") {
    World world;
    world.call_is_due();
    world.happens(Claimed{maya});
    world.happens(Snoozed{maya, world.at(1, 15)});
    CHECK(world.phase() == "call_due");
    CHECK_FALSE(world.c.prompt->lease);
    world.news.clear();
    world.advance_to(world.at(1, 14, 59));
    CHECK(world.news.empty());
    world.advance(1min);
    CHECK(world.news == Strings{"ring maya"});
}

TEST_CASE(
    "a prompt that had gone up to the lead comes back to its owner when there is news, or the time it was put off to has come") {
    World world;
    world.call_is_due();
    world.advance(45min);
    REQUIRE(world.c.prompt->rep == lena);
    SECTION("news") {
        world.reply("Here I am");
        world.advance(20s);
    }
    SECTION("put off") {
        world.happens(Snoozed{lena, world.at(1, 15)});
        world.advance_to(world.at(1, 15));
    }
    SECTION("seen, and nothing done") {
        world.happens(Acknowledged{lena});
        world.advance(1h);
    }
    CHECK(world.told() == Strings{"maya: prompt"});
    CHECK(world.c.prompt->rep == maya);
}

TEST_CASE("a snooze has an end, in the future and within a month") {
    World world;
    world.call_is_due();
    world.happens(Snoozed{maya, world.now});
    CHECK(world.refused() == "next_action_missing");
    world.happens(Snoozed{maya, world.now + days(32)});
    CHECK(world.refused() == "next_action_missing");
    world.happens(Dialled{maya});
    world.happens(Snoozed{maya, world.now + 1h});
    CHECK(world.refused() == "wrong_phase");
}

// ---- the call ----

TEST_CASE("two reps: the first to claim has it, and the second is told who") {
    World world;
    world.call_is_due();
    world.happens(Claimed{maya});
    world.happens(Claimed{ravi});
    CHECK(world.refused() == "taken");
    CHECK(world.last.refusal->sentence == "Maya has this one.");
    CHECK(world.last.refusal->holder == maya);
    world.happens(Dialled{ravi});
    CHECK(world.refused() == "taken");
    world.happens(Disposed{ravi, {.reached = Reached::no_answer}});
    CHECK(world.refused() == "taken");
    world.advance(10min);
    world.happens(Claimed{ravi});
    CHECK(world.refused() == "");
    CHECK(world.c.prompt->lease->holder == ravi);
}

TEST_CASE("dialling makes it a call, a second tap changes nothing") {
    World world;
    world.on_call();
    CHECK(world.next() == "log_outcome");
    CHECK(world.c.prompt->lease->holder == maya);
    const Case before = world.c;
    world.happens(Dialled{maya});
    CHECK(world.refused() == "");
    CHECK(world.c == before);
}

TEST_CASE("back from the phone, or after ten minutes, the rep is asked how it went") {
    World world;
    world.on_call();
    SECTION("back") {
        world.advance(2min);
        world.happens(CallEnded{maya});
        CHECK(world.phase() == "wrap_up");
    }
    SECTION("ten minutes") {
        world.advance(10min);
        CHECK(world.phase() == "wrap_up");
    }
    CHECK(world.next() == "log_outcome");
    world.advance(30min);
    CHECK(world.told() == Strings{"maya: You called Amara. How did it go?"});
    CHECK(world.phase() == "wrap_up");
}

TEST_CASE("over the line a second tap is refused, so that it rings once") {
    World world;
    world.call_is_due();
    world.happens(Dialled{maya, Dialled::Over::line});
    CHECK(world.refused() == "");
    CHECK(world.phase() == "on_call");
    const Case before = world.c;
    world.happens(Dialled{maya, Dialled::Over::line});
    CHECK(world.refused() == "late");
    CHECK(world.c == before);
}

TEST_CASE("the line tells that it rings and how it ended, and the rep logs it with that at hand") {
    World world;
    world.call_is_due();
    world.happens(Dialled{maya, Dialled::Over::line});
    const Timestamp dialled = world.now;
    const auto tells = [&](LineState state, int seconds = 0) {
        world.happens(LineTold{maya, dialled, {state, seconds}});
    };
    tells(LineState::ringing);
    CHECK(world.phase() == "on_call");
    SECTION("they talked") {
        world.advance(2min);
        tells(LineState::completed, 63);
        CHECK(world.phase() == "wrap_up");
        CHECK(world.c.prompt->line == Line{LineState::completed, 63});
        const Case before = world.c;
        tells(LineState::completed, 63);  // twice, late and out of order
        tells(LineState::not_rung);
        tells(LineState::ringing);
        CHECK(world.c == before);
        world.happens(Dialled{maya, Dialled::Over::line});
        CHECK_FALSE(world.c.prompt->line);
    }
    SECTION("the rep came back to the list before the end was told") {
        world.happens(CallEnded{maya});
        tells(LineState::busy);
        CHECK(world.phase() == "wrap_up");
        CHECK(world.c.prompt->line == Line{LineState::busy, 0});
    }
}

TEST_CASE("a line that never came to their phone has called nobody: the prompt is as before") {
    World world;
    world.call_is_due();
    const std::string kind = world.prompt();
    world.happens(Dialled{maya, Dialled::Over::line});
    world.happens(LineTold{maya, world.now, {LineState::not_rung, 0}});
    CHECK(world.phase() == "call_due");
    CHECK(world.next() == "call");
    CHECK(world.prompt() == kind);
    CHECK_FALSE(world.c.prompt->lease);
    CHECK(world.c.outreach->attempt == 0);
    world.happens(Dialled{ravi});
    CHECK(world.refused() == "");
}

TEST_CASE("the end of an earlier call, or of somebody else's, moves nothing") {
    World world;
    world.call_is_due();
    world.happens(Dialled{maya, Dialled::Over::line});
    const Case before = world.c;
    world.happens(LineTold{maya, world.now - 1s, {LineState::completed, 9}});
    CHECK(world.refused() == "late");
    world.happens(LineTold{ravi, world.now, {LineState::completed, 9}});
    CHECK(world.refused() == "late");
    CHECK(world.c == before);
    world.happens(Disposed{maya, {.reached = Reached::no_answer}});
    world.happens(LineTold{maya, world.now, {LineState::no_answer, 0}});
    CHECK(world.refused() == "late");
}

TEST_CASE("an ordinary call opens no window at WhatsApp, a WhatsApp call does") {
    for (const AddressKind kind : {AddressKind::phone, AddressKind::whatsapp}) {
        World world;
        world.warm();
        world.happens(TheyCalled{world.now, whatsapp, {kind, "61491570156"}});
        CHECK(world.c.contact.windows.empty() == (kind == AddressKind::phone));
    }
}

TEST_CASE("there is nothing to dial while nothing is due") {
    World world;
    world.warm();
    world.happens(Dialled{maya});
    CHECK(world.refused() == "late");
    World idle;
    idle.happens(Dialled{maya});
    CHECK(idle.refused() == "none_live");
}

TEST_CASE("nobody picks up: a text asks them to call back, and the next call is set") {
    World world;
    world.on_call();
    world.network = Network::off;
    world.logs(Reached::no_answer);
    CHECK(world.phase() == "waiting");
    CHECK(world.next() == "call");
    CHECK(world.c.outreach->attempt == 1);
    CHECK(world.messages() == Strings{"wellbeing settled", "call_me_back queued"});
    CHECK(world.c.outreach->wake_at == world.at(1, 14, 45));
    CHECK(world.prompt() == "");
    world.advance_to(world.at(1, 14, 45));
    CHECK(world.prompt() == "retry");
    CHECK(world.c.prompt->reason == "Try Amara again: attempt 2.");
}

TEST_CASE("further attempts come at another time of day, on a day that suits both") {
    World world;
    world.on_call();
    world.logs(Reached::no_answer);
    world.advance_to(world.c.outreach->wake_at);
    world.logs(Reached::busy);
    CHECK(world.clock(world.c.outreach->wake_at) ==
          "day 3 10:00");  // a day later is past the morning of day 2; India opens at ten
    world.advance_to(world.c.outreach->wake_at);
    world.logs(Reached::no_answer);
    CHECK(world.clock(world.c.outreach->wake_at) == "day 5 17:00");
    world.advance_to(world.c.outreach->wake_at);
    world.logs(Reached::no_answer);
    CHECK(world.clock(world.c.outreach->wake_at) == "day 9 13:00");
}

TEST_CASE("the rep may choose when to try again") {
    World world;
    world.on_call();
    world.happens(Disposed{maya, {.reached = Reached::no_answer, .next_at = world.at(3, 15)}});
    CHECK(world.c.outreach->wake_at == world.at(3, 15));
}

TEST_CASE("they are asked to call back once in 24 hours, and not when somebody else picked up") {
    World world;
    world.on_call();
    world.logs(Reached::no_answer);
    CHECK(world.messages() == Strings{"wellbeing settled", "call_me_back settled"});
    world.advance_to(world.c.outreach->wake_at);
    world.logs(Reached::no_answer);
    CHECK(world.messages().size() == 2);
    World other;
    other.on_call();
    other.logs(Reached::someone_else);
    CHECK(other.messages() == Strings{"wellbeing settled"});
    CHECK(other.phase() == "waiting");
    World quiet;
    quiet.on_call();
    quiet.logs(Reached::no_answer, false);
    CHECK(quiet.messages() == Strings{"wellbeing settled"});
}

TEST_CASE(
    "they can be asked to call back again after they called and were missed, in the same round") {
    World world;
    world.on_call();
    world.logs(Reached::no_answer);
    world.advance(days(2));
    world.happens(TheyCalled{world.now, whatsapp, world.c.contact.addresses.front()});
    world.logs(Reached::no_answer);
    CHECK(world.c.outreach->attempt == 1);
    CHECK(world.messages() ==
          Strings{"wellbeing settled", "call_me_back settled", "call_me_back settled"});
}

TEST_CASE("a call-back text is not sent to somebody who answered before it left") {
    World world;
    world.on_call();
    world.network = Network::off;
    world.logs(Reached::no_answer);
    const MessageId text = world.newest();
    SECTION("while it waits") {
        world.advance(1min);
        world.reply("Saw your call, I'm free now");
        CHECK(world.state(text) == "cancelled");
    }
    SECTION("while it is leaving") {
        REQUIRE(world.claims(text));
        world.advance(1min);
        world.reply("Saw your call, I'm free now");
        CHECK(world.may_go(text).code == GateCode::replied);
        world.settles(text, How::not_sent, {}, world.now + 1min);
        CHECK(world.state(text) == "cancelled");
    }
}

TEST_CASE("talked, and the next date: the promise is kept in the ledger and comes up at its time") {
    World world;
    world.on_call();
    world.logs(Said::talked, world.at(4, 15), "her new shop");
    CHECK(world.phase() == "waiting");
    CHECK(world.c.outreach->promise == Promise{world.at(4, 15), "her new shop"});
    CHECK(world.c.contact.topic == "her new shop");
    world.advance_to(world.at(4, 14, 59));
    CHECK(world.prompt() == "");
    CHECK(world.outbox.size() == 1);  // the last well-being text is not a week old
    world.advance(1min);
    CHECK(world.prompt() == "promised");
    CHECK(world.c.prompt->reason == "You promised Amara this call. Ask about: her new shop");
}

TEST_CASE(
    "a promised call over a week away gets a new text an hour before, and comes at its minute") {
    World world;
    world.on_call();
    world.logs(Said::agreed_next, world.at(15, 15));
    world.advance_to(world.at(15, 13, 59));
    CHECK(world.outbox.size() == 1);
    world.advance(1min);
    CHECK(world.phase() == "warming");
    CHECK(world.outbox.size() == 2);
    CHECK(world.c.outreach->round == 2);
    world.advance_to(world.at(15, 14, 59));
    CHECK(world.prompt() == "");
    world.advance(1min);
    CHECK(world.prompt() == "promised");
}

TEST_CASE("a promised call comes at its time when its text could not be delivered") {
    World world;
    world.on_call();
    world.logs(Said::agreed_next, world.at(15, 15));
    world.network = Network::accepts;
    world.advance_to(world.at(15, 14));
    world.learns(world.newest(), fact_failed(world.now));
    CHECK(world.prompt() == "");
    CHECK(world.c.outreach->wake_at == world.at(15, 15));
    world.advance_to(world.at(15, 15));
    CHECK(world.prompt() == "promised");
}

TEST_CASE("a talk without a next date is refused, and nothing changes") {
    World world;
    world.on_call();
    const Case before = world.c;
    for (const Said said : {Said::talked, Said::callback_asked, Said::agreed_next}) {
        world.logs(said);
        CHECK(world.refused() == "next_action_missing");
    }
    world.logs(Said::talked, world.now - 1h);
    CHECK(world.refused() == "next_action_missing");
    world.happens(Disposed{maya, {.reached = Reached::human}});
    CHECK(world.refused() == "not_a_disposition");
    world.happens(Disposed{maya, {.reached = Reached::no_answer, .said = Said::not_interested}});
    CHECK(world.refused() == "not_a_disposition");
    CHECK(world.c == before);
}

TEST_CASE("busy now is not an end: the ladder says when to call again") {
    World world;
    world.on_call();
    world.logs(Said::busy_now);
    CHECK(world.phase() == "waiting");
    CHECK(world.c.outreach->wake_at == world.at(1, 14, 45));
    CHECK(world.messages() == Strings{"wellbeing settled"});
}

TEST_CASE("not interested, wrong person, won and stop end it; stop also suppresses") {
    const auto [said, won, reason] =
        GENERATE(table<Said, bool, std::string>({{Said::not_interested, false, "said_no"},
                                                 {Said::wrong_person, false, "wrong_person"},
                                                 {Said::talked, true, "won"},
                                                 {Said::stop, false, "opted_out"}}));
    World world;
    world.on_call();
    world.happens(Disposed{maya, {.reached = Reached::human, .said = said, .won = won}});
    CHECK(world.phase() == "closed");
    CHECK(world.why() == reason);
    CHECK(world.prompt() == "");
    CHECK(world.c.contact.suppressions.empty() == (said != Said::stop));
}

TEST_CASE("no answer never ends or suppresses anything, however often") {
    World world;
    world.on_call();
    for (int i = 0; i < 40; ++i) {
        const auto reached =
            std::array{Reached::no_answer, Reached::machine, Reached::busy, Reached::rejected,
                       Reached::someone_else}[static_cast<std::size_t>(i % 5)];
        world.logs(reached);
        REQUIRE(world.phase() == "waiting");
        while (world.prompt().empty()) {
            world.advance_to(std::max(world.c.outreach->wake_at, world.now + 1min));
        }
    }
    CHECK(world.c.contact.suppressions.empty());
    CHECK(world.c.outreach->attempt == 40);
}

TEST_CASE("a number that does not work ends it only when there is no other way") {
    World world;
    world.on_call();
    world.logs(Reached::bad_number);
    CHECK(world.why() == "no_reachable_address");
    World other;
    other.c.contact.addresses.push_back({AddressKind::whatsapp, "919876543210"});
    other.on_call();
    other.logs(Reached::bad_number);
    CHECK(other.phase() == "waiting");
    CHECK(other.c.contact.addresses.size() == 1);
    CHECK(other.told() == Strings{"maya: Ask Amara for the right number: this one does not work."});
}

TEST_CASE("what the rep logs without having dialled counts too") {
    World world;
    world.call_is_due();
    world.logs(Reached::no_answer);
    CHECK(world.phase() == "waiting");
    world.logs(Reached::no_answer);
    CHECK(world.refused() == "late");
}

TEST_CASE("a week of silence later there is a new text before the next call") {
    World world;
    world.call_is_due();
    world.logs(Reached::no_answer, false);
    int calls = 1;
    while (world.c.outreach->round == 1) {
        world.advance(15min);
        if (world.phase() == "call_due") {
            world.logs(Reached::no_answer, false);
            ++calls;
        }
    }
    CHECK(calls >= 4);
    CHECK(world.phase() == "warming");
    CHECK(world.now >= world.at(8, 10));
    CHECK(world.messages() == Strings{"wellbeing settled"});
}

// ---- they call ----

TEST_CASE("they call back: attempts start over, the promise is released, the prompt says so") {
    World world;
    world.on_call();
    world.logs(Said::talked, world.at(4, 15));
    world.advance(1h);
    world.happens(TheyCalled{world.now, whatsapp, world.c.contact.addresses.front()});
    CHECK(world.phase() == "call_due");
    CHECK(world.prompt() == "they_called");
    CHECK_FALSE(world.c.outreach->promise);
    CHECK(world.c.outreach->attempt == 0);
}

TEST_CASE("they call while a prompt is open: the same prompt becomes theirs") {
    World world;
    world.call_is_due();
    const PromptId id = world.c.prompt->id;
    world.happens(TheyCalled{world.now, whatsapp, world.c.contact.addresses.front()});
    CHECK(world.c.prompt->id == id);
    CHECK(world.prompt() == "they_called");
    world.advance(1min);
    CHECK(std::ranges::count(world.news, "ring maya") == 2);
}

TEST_CASE("they call before the text left: the text is cancelled") {
    World world;
    world.enrol();
    world.happens(TheyCalled{world.now, whatsapp, world.c.contact.addresses.front()});
    CHECK(world.messages() == Strings{"wellbeing cancelled"});
    CHECK(world.prompt() == "they_called");
}

TEST_CASE("they call while the rep is on the phone: the call goes on") {
    World world;
    world.on_call();
    world.happens(TheyCalled{world.now, whatsapp, world.c.contact.addresses.front()});
    CHECK(world.phase() == "on_call");
}

TEST_CASE("somebody who opted out of texts and calls us is called back, and still not written to") {
    World world;
    world.warm();
    world.reply("STOP");
    world.advance(days(1));
    world.happens(TheyCalled{world.now, whatsapp, world.c.contact.addresses.front()});
    CHECK(world.prompt() == "they_called");
    world.logs(Reached::no_answer);
    CHECK(world.messages().empty());
    world.reply("STOP");
    CHECK(world.phase() == "closed");
    CHECK(world.why() == "opted_out");
}

// ---- STOP ----

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

// ---- the rep writes ----

TEST_CASE(
    "the rep wrote from the phone's own app: our text stays away, and the call comes after the lead time") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    world.happens(RepWrote{world.now});
    CHECK(world.state(text) == "cancelled");
    CHECK(world.phase() == "warming");
    world.advance(45min);
    CHECK(world.prompt() == "silent");
    CHECK(world.c.prompt->reason == "No reply from Amara. Call anyway.");
}

TEST_CASE("the rep wrote before our text was due: nothing of ours goes out") {
    World world;
    world.now = world.at(1, 8);
    world.happens(Enrolled{"gentle"});
    world.happens(RepWrote{world.now});
    CHECK(world.phase() == "planned");
    world.advance_to(world.at(1, 10));
    CHECK(world.outbox.empty());
    CHECK(world.prompt() == "no_warmup");
    CHECK(world.c.prompt->reason.starts_with("They were asked how they are"));
}

TEST_CASE("a text the rep typed goes inside the 24-hour window only") {
    World world;
    world.warm();
    world.happens(WroteByRep{maya, "How is the shop?"});
    CHECK(world.refused() == "gate");
    world.reply("Hello!");
    world.happens(WroteByRep{maya, "How is the shop?"});
    CHECK(world.refused() == "");
    CHECK(world.message(world.newest()).text == "How is the shop?");
    CHECK(world.message(world.newest()).kind == MessageKind::conversation);
    world.happens(WroteByRep{maya, ""});
    CHECK(world.refused() == "not_a_disposition");
}

TEST_CASE("what the rep typed still goes out when they write another line or the call begins") {
    World world;
    world.warm();
    world.reply("Hello!");
    world.network = Network::off;
    world.happens(WroteByRep{maya, "How is the shop?"});
    const MessageId text = world.newest();
    world.reply("Are you there?");
    CHECK(world.state(text) == "queued");
    world.happens(Dialled{maya});
    CHECK(world.state(text) == "queued");
    world.reply("STOP");
    CHECK(world.state(text) == "cancelled");
}

TEST_CASE(
    "the 24-hour window closes between plan and send: the rep learns that the text did not go out") {
    World world;
    world.warm();
    world.reply("Hello!");
    world.network = Network::off;
    world.advance(23h + 56min);
    world.happens(WroteByRep{maya, "How is the shop?"});
    REQUIRE(world.refused() == "");
    const MessageId text = world.newest();
    CHECK(world.may_go(text).go());
    world.advance(1min);
    CHECK(world.may_go(text).code == GateCode::window_closed);
    CHECK_FALSE(world.claims(text));
    CHECK(world.state(text) == "cancelled");
    REQUIRE(world.told().size() == 1);
    CHECK(world.told().front().starts_with("maya: Your text to Amara did not go out."));
    CHECK(world.phase() == "call_due");
}

TEST_CASE("a reply dated in the future opens the window for 24 hours from now, and no longer") {
    World world;
    world.warm();
    world.happens(Replied{.at = world.now + days(5), .channel = whatsapp, .words = "Hello!"});
    REQUIRE(world.c.contact.windows.size() == 1);
    CHECK(world.c.contact.windows.front().until == world.now + 24h);
    CHECK(world.c.contact.last_reply_at == world.now);
    world.happens(TheyCalled{world.now + days(5), whatsapp, {}});
    CHECK(world.c.contact.windows.front().until == world.now + 24h);
}

TEST_CASE("a confirmation of a STOP whose window closed is let go quietly") {
    World world;
    world.enrol();
    world.reply("STOP");
    world.happens(GateRefused{world.newest(), closed_window()});
    CHECK(world.state(world.newest()) == "cancelled");
    CHECK(world.told().empty());
}

// ---- time ----

TEST_CASE(
    "quiet hours begin between plan and send: the text waits for the morning and the call for the text") {
    World world;
    world.now = world.at(1, 20, 59);
    world.enrol();
    const MessageId text = world.newest();
    world.advance(1min);
    CHECK_FALSE(world.claims(text));
    CHECK(world.state(text) == "cancelled");
    CHECK(world.phase() == "planned");
    CHECK(world.next() == "send");
    CHECK(world.noted("deferred"));
    CHECK(world.c.outreach->wake_at == world.at(2, 10));
    world.network = Network::delivers;
    world.advance_to(world.at(2, 10));
    CHECK(world.phase() == "warming");
    CHECK(world.messages() == Strings{"wellbeing cancelled", "wellbeing settled"});
}

TEST_CASE("a short pause in the hours only delays the text") {
    World world;
    auto& allowed = world.plan.calendar.countries.at("IN").allowed;
    for (auto& day : allowed.days) {
        day = {{DayTime{10 * 60}, DayTime{12 * 60}}, {DayTime{13 * 60}, DayTime{21 * 60}}};
    }
    world.now = world.at(1, 11, 59);
    world.enrol();
    const MessageId text = world.newest();
    world.advance(1min);
    CHECK_FALSE(world.claims(text));
    CHECK(world.state(text) == "queued");
    CHECK(world.message(text).not_before == world.at(1, 13));
    CHECK(world.message(text).tries == 0);
    CHECK(world.phase() == "warming");
}

TEST_CASE("a text planned for an hour that daylight saving skips goes out right after it") {
    World world;
    world.c.contact.zones = {"Europe/Berlin"};
    world.c.contact.region = "XX";
    auto rules = world.plan.calendar.rules("");
    for (auto& day : rules.allowed.days) {
        day = {{DayTime{2 * 60 + 30}, DayTime{4 * 60}}};
    }
    world.plan.calendar.countries["XX"] = rules;
    using namespace std::chrono;
    world.now =
        sys_days{year{2027} / March / 28} + 0h;  // the clocks go from 2:00 to 3:00 at 1:00 UTC
    world.happens(Enrolled{"gentle"});
    CHECK(world.c.outreach->wake_at == sys_days{year{2027} / March / 28} + 1h);
}

TEST_CASE(
    "in the hour that comes twice a text goes out once, in the first of the two that counts") {
    World world;
    world.c.contact.zones = {"Europe/Berlin"};
    world.c.contact.region = "XX";
    auto rules = world.plan.calendar.rules("");
    for (auto& day : rules.allowed.days) {
        day = {{DayTime{2 * 60 + 30}, DayTime{4 * 60}}};
    }
    world.plan.calendar.countries["XX"] = rules;
    using namespace std::chrono;
    world.now = sys_days{year{2026} / October / 25} -
                1h;  // the clocks go from 3:00 back to 2:00 at 1:00 UTC
    world.enrol(Network::delivers);
    world.advance(5h);
    CHECK(world.outbox.size() == 1);
    CHECK(world.outbox.begin()->second.facts.queued == sys_days{year{2026} / October / 25} + 30min);
}

TEST_CASE("a promise at a time the clocks skip is kept right after it") {
    World world;
    world.c.contact.zones = {"Europe/Berlin"};
    world.c.contact.region = "DE";
    using namespace std::chrono;
    const Timestamp at =
        instant(year_month_day{year{2027} / March / 28}, DayTime{150}, "Europe/Berlin");
    CHECK(at == sys_days{year{2027} / March / 28} + 1h);
    world.now = at - days(3);
    world.happens(Enrolled{"gentle"});
    world.reply("Hello");
    world.logs(Said::agreed_next, at);
    world.advance_to(at);
    CHECK(world.prompt() == "promised");
}

TEST_CASE("a wake-up that comes too early does nothing") {
    World world;
    world.warm();
    const Case before = world.c;
    world.happens(Woke{});
    CHECK(world.c == before);
    CHECK(world.last.effects.empty());
}

// ---- holding, closing, changing hands ----

TEST_CASE("the rep puts it on hold, and it goes on by itself") {
    World world;
    world.enrol();
    world.happens(HeldByRep{world.at(3, 12)});
    CHECK(world.phase() == "held");
    CHECK(world.next() == "resume");
    CHECK(world.messages() == Strings{"wellbeing cancelled"});
    world.network = Network::delivers;
    world.advance_to(world.at(3, 12));
    CHECK(world.phase() == "warming");
    world.happens(HeldByRep{world.at(4, 12)});
    world.advance(1min);
    world.happens(Resumed{});
    CHECK(world.phase() == "warming");
    CHECK(world.c.outreach->wake_at == world.at(3, 12, 45));  // the lead time has been running
    world.happens(HeldByRep{world.at(4, 12)});
    world.advance_to(world.at(4, 12));
    CHECK(world.prompt() == "silent");
    world.happens(Resumed{});
    CHECK(world.refused() == "wrong_phase");
}

TEST_CASE("a hold has an end, and the outcome of a call comes before it") {
    World world;
    world.warm();
    world.happens(HeldByRep{world.now});
    CHECK(world.refused() == "next_action_missing");
    world.happens(HeldByRep{world.now + days(400)});
    CHECK(world.refused() == "next_action_missing");
    World talking;
    talking.on_call();
    talking.happens(HeldByRep{talking.at(3, 12)});
    CHECK(talking.refused() == "wrong_phase");
}

TEST_CASE("a hold does not lose a promise") {
    World world;
    world.on_call();
    world.logs(Said::talked, world.at(4, 15));
    SECTION("it ends before") {
        world.happens(HeldByRep{world.at(3, 12)});
        world.advance_to(world.at(4, 14));
        CHECK(world.phase() == "waiting");
        world.advance_to(world.at(4, 15));
    }
    SECTION("it ends after") {
        world.happens(HeldByRep{world.at(5, 12)});
        world.advance_to(world.at(5, 12));
    }
    CHECK(world.prompt() == "promised");
}

TEST_CASE("they answer while it is on hold: the hold is over") {
    World world;
    world.warm();
    world.happens(HeldByRep{world.at(3, 12)});
    world.reply("I have time now");
    CHECK(world.prompt() == "replied");
}

TEST_CASE("the rep ends it with what they said, never with silence") {
    World world;
    world.call_is_due();
    world.happens(ClosedByRep{CloseReason::no_reachable_address});
    CHECK(world.refused() == "not_a_disposition");
    world.happens(ClosedByRep{CloseReason::merged});
    CHECK(world.refused() == "not_a_disposition");
    world.happens(ClosedByRep{CloseReason::said_no});
    CHECK(world.why() == "said_no");
    world.happens(ClosedByRep{CloseReason::said_no});
    CHECK(world.refused() == "none_live");
}

TEST_CASE(
    "reassigned: the contact, the next move and the open prompt change hands together, and the new rep's phone rings") {
    World world;
    world.call_is_due();
    world.happens(Claimed{maya});
    world.happens(Reassigned{ravi});
    CHECK(world.c.contact.owner == ravi);
    CHECK(world.c.outreach->next.owner == ravi);
    CHECK(world.c.prompt->rep == ravi);
    CHECK_FALSE(world.c.prompt->lease);
    world.advance(1min);
    CHECK(world.told() == Strings{"ravi: prompt"});
    world.happens(Reassigned{RepId{"nobody"}});
    CHECK(world.refused() == "not_a_disposition");
}

TEST_CASE(
    "two records of one person are merged: this one's outreach ends, its texts and its prompt with it") {
    World world;
    world.enrol();
    const MessageId text = world.newest();
    world.happens(MergedAway{});
    CHECK(world.why() == "merged");
    CHECK(world.state(text) == "cancelled");
    World due;
    due.call_is_due();
    due.happens(MergedAway{});
    CHECK(due.prompt() == "");
    World idle;
    idle.happens(MergedAway{});
    CHECK(idle.refused() == "");
}

TEST_CASE("they changed their number: what waits goes to the new one") {
    World world;
    world.enrol();
    const Address old = world.c.contact.addresses.front();
    const Address now{AddressKind::phone, "+919811111111"};
    world.happens(AddressLearned{old, now, AddressLearned::How::replaced});
    CHECK(world.c.contact.addresses == std::vector{now});
    CHECK(world.message(world.newest()).to == now);
    CHECK(world.told() == Strings{"maya: Amara has a new number."});
    world.happens(
        AddressLearned{now, {AddressKind::whatsapp, "919811111111"}, AddressLearned::How::alias});
    CHECK(world.c.contact.addresses.size() == 2);
    CHECK(world.told().empty());
}
