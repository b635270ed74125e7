#include <algorithm>

#include "core/decide.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using std::chrono::days;
using How = SendSettled::How;
using Strings = std::vector<std::string>;

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

TEST_CASE(
    "a tap on the number by mistake is taken back: the prompt is as before, and no outcome is made up") {
    World world;
    world.call_is_due();
    const std::string kind = world.prompt();
    world.happens(Dialled{maya});
    SECTION("at once") {}
    SECTION("back from the phone's own app") {
        world.happens(CallEnded{maya});
    }
    world.happens(NotCalled{ravi});
    CHECK(world.refused() == "taken");
    world.happens(NotCalled{maya});
    CHECK(world.refused() == "");
    CHECK(world.phase() == "call_due");
    CHECK(world.prompt() == kind);
    CHECK_FALSE(world.c.prompt->lease);
    CHECK(world.c.outreach->attempt == 0);
    const Case before = world.c;
    world.happens(NotCalled{maya});
    CHECK(world.c == before);
    world.news.clear();
    world.advance(world.plan.policy.acknowledged_for);
    CHECK(world.news == Strings{"ring maya"});
}

TEST_CASE("what the line has rung is not taken back") {
    World world;
    world.call_is_due();
    world.happens(Dialled{maya, Dialled::Over::line});
    world.happens(LineTold{maya, world.now, {LineState::no_answer, 0}});
    world.happens(NotCalled{maya});
    CHECK(world.refused() == "wrong_phase");
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
