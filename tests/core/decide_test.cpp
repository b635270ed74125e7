#include "core/decide.hpp"

#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using std::chrono::days;
using How = SendSettled::How;
using Strings = std::vector<std::string>;

namespace {

Verdict closed_window() {
    return {.code = GateCode::window_closed, .sentence = "The 24-hour window is closed."};
}

}  // namespace

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

TEST_CASE("the rep learns that a typed text did not arrive, came too late, or may not have left") {
    World world;
    world.warm();
    world.reply("Hello!");
    world.network = Network::off;
    world.happens(WroteByRep{maya, "How is the shop?"});
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.news.clear();
    SECTION("did not arrive") {
        world.settles(text, SendSettled::How::accepted, {.accepted = world.now});
        world.happens(DeliveryLearned{text, {.failed = Failure{.at = world.now}}});
        CHECK(world.told() == Strings{"maya: Your text to Amara did not arrive."});
    }
    SECTION("too late") {
        world.settles(text, SendSettled::How::not_sent, {}, world.message(text).not_after + 1min);
        CHECK(world.told() == Strings{"maya: Your text to Amara did not go out in time."});
    }
    SECTION("nobody knows") {
        world.settles(text, SendSettled::How::unknown);
        CHECK(world.told() ==
              Strings{"maya: Nobody can tell whether your text to Amara went out."});
    }
    SECTION("the call was logged meanwhile, and it goes again") {
        world.happens(Dialled{maya});
        world.happens(Disposed{maya, {.reached = Reached::no_answer, .leave_message = false}});
        world.settles(text, SendSettled::How::not_sent, {}, world.now + 1min);
        CHECK(world.state(text) == "queued");
    }
}

TEST_CASE("a receipt for a text that was thought not to have left keeps it from going again") {
    World world;
    world.network = Network::off;
    world.enrol();
    world.advance_to(world.at(1, 10));
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.settles(text, SendSettled::How::not_sent, {}, world.now + 1min);
    REQUIRE(world.state(text) == "queued");
    world.happens(DeliveryLearned{text, {.delivered = world.now}});
    CHECK(world.state(text) == "settled");
    CHECK(world.c.contact.last_wellbeing_at == world.now);
    CHECK(world.phase() == "warming");
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
    "handed over while somebody talks with them: whoever talks ends it, and nobody else dials") {
    World world;
    world.call_is_due();
    world.happens(Dialled{maya});
    world.happens(Reassigned{ravi});
    CHECK(world.c.prompt->rep == ravi);
    world.happens(Dialled{ravi});
    CHECK(world.refused() == "taken");
    world.happens(CallEnded{maya});
    CHECK(world.refused() == "");
    CHECK(world.phase() == "wrap_up");
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
