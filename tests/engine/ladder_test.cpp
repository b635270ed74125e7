// Who is told, and when: the owner, the stand-in, the lead; and what any acknowledgement does to
// the other phones.

#include "engine/alerts.hpp"
#include "engine/taps.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

const core::RepId lena{"lena"};

core::Plan with_a_lead() {
    core::Plan all = plan();
    all.reps[lena] = all.reps.at(ravi);
    all.reps[lena].id = lena;
    all.reps[lena].name = "Lena Iyer";
    all.reps[maya].lead = lena;
    return all;
}

Device device(const core::RepId& rep, const std::string& way, core::Duration after = {}) {
    return {.id = rep.value + "/" + way,
            .rep = rep,
            .way = way,
            .after = after,
            .settings = {{"topic", "calls"}, {"url", "https://push.test"}}};
}

// Everybody with a phone, the clock in the hand; who is told is written down as "rep/way".
struct Office {
    World w;
    Phones phones;
    RecentlyTold recent;
    std::size_t taps = 0;  // that were offered with what was told last

    explicit Office(std::map<core::RepId, std::vector<Device>> devices) {
        w.applier = std::make_unique<Applier>(*w.store, with_a_lead(), w.clock);
        w.applier->set_tap_key(Secret{"key"});
        phones = {.devices = std::move(devices), .tap_key = Secret{"key"}};
        phones.link = [](core::PromptId, const core::RepId&) { return "https://calls.test/"; };
    }

    // What goes out at this moment; each phone takes it.
    std::vector<std::string> told() {
        for (int turns = 0; turns < 3; ++turns) {  // what is due may make the next thing due
            w.applier->wake(100);
        }
        std::vector<std::string> who;
        const Means means = means_of(phones, &w.main, w.rng);
        for (const AlertOnItsWay& one :
             claim_alerts(*w.store, *w.applier, phones, recent, w.tokens(10), w.clock.at)
                 .on_their_way) {
            taps = one.taps.size();
            who.push_back(one.device.id + (one.alerts.front().take_back ? " back" : ""));
            const AlertSettled settled =
                settle_alert(one, means, answered(201, R"({"id":"1"})"), w.clock.at, w.rng);
            w.store->transact([&](Unit& unit) { save_settled(unit, one, settled, w.clock.at); });
        }
        return who;
    }
    // From now on, minute by minute: "minute rep/way".
    std::vector<std::string> told_within(int minutes) {
        std::vector<std::string> all;
        for (int m = 0; m <= minutes; ++m) {
            for (const std::string& one : told()) {
                all.push_back(std::to_string(m) + " " + one);
            }
            if (m < minutes) {
                w.advance(1min);
            }
        }
        return all;
    }
    core::Prompt prompt() { return *w.of(w.amara).prompt; }
};

std::map<core::RepId, std::vector<Device>> one_phone_each() {
    return {{maya, {device(maya, "ntfy")}},
            {ravi, {device(ravi, "ntfy")}},
            {lena, {device(lena, "ntfy")}}};
}

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("not acknowledged: the owner again, then the stand-in, then the lead") {
    Office o{one_phone_each()};
    o.w.prompt(o.w.amara);
    const auto gap = std::chrono::duration_cast<std::chrono::minutes>(plan().policy.ladder_gap);
    const int minutes = static_cast<int>(gap.count());
    const auto in = [&](int steps) { return std::to_string(steps * minutes); };
    CHECK(o.told_within(3 * minutes) ==
          Told{"0 maya/ntfy", in(1) + " maya/ntfy", in(2) + " ravi/ntfy", in(3) + " lena/ntfy"});
}

TEST_CASE("while the owner is away the stand-in is told at once, and then the lead") {
    Office o{one_phone_each()};
    o.w.sent(o.w.amara);
    std::vector<Work> away;
    away.emplace_back(RepAway{maya, o.w.from_now(48h)});
    o.w.applier->apply(std::move(away));
    o.w.advance(10min);
    o.w.delivered({text_from("919876500001", "Fine, and you?", "wamid.IN", o.w.clock.at)});
    o.w.advance(1min);
    const auto all = o.told_within(60);
    REQUIRE(all.size() >= 3);
    CHECK(all.front() == "0 ravi/ntfy");
    CHECK(std::ranges::none_of(all, [](const auto& one) { return one.ends_with("maya/ntfy"); }));
    CHECK(all.back().ends_with("lena/ntfy"));
    CHECK(o.prompt().rep == lena);
}

TEST_CASE("acknowledged in any way: nobody else is told, and the other phone is cleared") {
    const auto [what, event] = GENERATE(table<std::string, core::Event>(
        {{"opened", core::Acknowledged{maya}},
         {"claimed", core::Claimed{maya}},
         {"dialled", core::Dialled{maya}},
         {"the button of a message", event_of(TapVerb::call, maya, {})}}));
    INFO(what);
    Office o{{{maya, {device(maya, "ntfy"), device(maya, "gotify", 2min)}},
              {ravi, {device(ravi, "ntfy")}}}};
    StoredDevice browser{.rep = maya,
                         .way = "web_push",
                         .name = "Firefox",
                         .address = "https://updates.push.services.mozilla.com/wpush/v2/1",
                         .keys = "",
                         .created_at = o.w.clock.at,
                         .seen_at = o.w.clock.at};
    o.w.store->transact([&](Unit& u) { u.add_device(browser); });
    o.w.prompt(o.w.amara);
    CHECK(o.told() == Told{"maya/ntfy", "push-1"});
    o.w.happens(o.w.amara, event, "maya");
    CHECK(o.told() == Told{"push-1 back"});  // ntfy cannot take back
    CHECK(o.told_within(3).empty());         // nor does the message follow
}

TEST_CASE("a promised call rings whoever gave their word also after hours") {
    Office o{one_phone_each()};
    o.w.prompt(o.w.amara);
    o.told();
    const core::Timestamp evening = o.w.from_now(10h);  // after 20:00; Maya's day ends at 18:00
    REQUIRE_FALSE(o.w.happens(o.w.amara, core::Claimed{maya}, "maya").refusal);
    const core::Disposition agreed{
        .reached = core::Reached::human, .said = core::Said::agreed_next, .next_at = evening};
    REQUIRE_FALSE(o.w.happens(o.w.amara, core::Disposed{maya, agreed}, "maya").refusal);
    o.told();
    const bool thanked = GENERATE(false, true);
    if (thanked) {  // the prompt is for their words then, and put off until the promised time
        o.w.delivered({text_from("919876500001", "Thanks!", "wamid.T", o.w.clock.at)});
        REQUIRE_FALSE(o.w.happens(o.w.amara, core::Snoozed{maya, evening}, "maya").refusal);
    }
    o.w.clock.at = evening - 1min;
    CHECK(o.told().empty());
    o.w.advance(1min);
    CHECK(o.told() == Told{"maya/ntfy"});
    CHECK(o.prompt().kind == (thanked ? core::PromptKind::replied : core::PromptKind::promised));
    SECTION("others, who promised nothing, are left in peace until their own hours") {
        const auto night = o.told_within(120);
        CHECK(
            std::ranges::all_of(night, [](const auto& one) { return one.ends_with("maya/ntfy"); }));
    }
}

TEST_CASE("whether they asked to stop is asked again every day, also of who has looked at it") {
    Office o{one_phone_each()};
    o.w.sent(o.w.amara);
    o.w.delivered({text_from("919876500001", "Can you stop by at 5?", "wamid.S", o.w.clock.at)});
    CHECK(o.told() == Told{"maya/ntfy"});
    CHECK(o.taps == 0);  // it is answered on the card, not put off
    const auto [what, event] = GENERATE(table<std::string, core::Event>(
        {{"opened", core::Acknowledged{maya}}, {"claimed", core::Claimed{maya}}}));
    INFO(what);
    REQUIRE_FALSE(o.w.happens(o.w.amara, event, "maya").refusal);
    CHECK(o.told_within(60).empty());
    std::vector<std::string> days;
    for (int day = 0; day < 4; ++day) {
        o.w.advance(24h);
        for (const std::string& one : o.told()) {
            days.push_back(one);
        }
        o.w.happens(o.w.amara, event, "maya");
    }
    CHECK(days.size() >= 2);
    CHECK(o.prompt().kind == core::PromptKind::unanswered_question);
}

}  // namespace warmcall::tests
