#include "core/gate.hpp"

#include <functional>
#include <set>

#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using std::chrono::days;

namespace {

// A text that may go: everything in order, on a Monday at noon.
struct Scene {
    World world;
    Message message;

    Scene() {
        world.now = world.at(1, 12);
        world.happens(Enrolled{"gentle"});
        message = {.contact = world.c.contact.id,
                   .outreach = world.c.outreach->id,
                   .step = 1,
                   .channel = whatsapp,
                   .to = world.c.contact.addresses.front(),
                   .template_name = "wellbeing",
                   .language = "en",
                   .not_before = world.now,
                   .not_after = world.now + 4h};
        message.facts.queued = world.now;
    }

    Outreach& outreach() { return *world.c.outreach; }
    Contact& contact() { return world.c.contact; }
    Verdict verdict() const { return gate(world.plan, world.c, message, world.now); }
};

enum class When { never, later, elsewhere };

struct Row {
    GateCode code;
    When when;
    std::string why;
    std::function<void(Scene&)> make;
};

void free_form(Scene& s) {
    s.message.kind = MessageKind::conversation;
    s.message.template_name.clear();
}

const std::vector<Row> table{
    {GateCode::cancelled, When::never, "it was cancelled",
     [](Scene& s) { s.message.state = MessageState::cancelled; }},
    {GateCode::too_late, When::never, "it is no longer fresh",
     [](Scene& s) { s.world.now = s.message.not_after + 1ms; }},
    {GateCode::too_late, When::never, "the call came first",
     [](Scene& s) {
         s.message.id.value = 5;
         s.outreach().phase = CallDue{};
     }},
    {GateCode::not_yet, When::later, "its time has not come",
     [](Scene& s) { s.message.not_before = s.world.now + 1ms; }},
    {GateCode::no_route, When::elsewhere, "its channel is gone",
     [](Scene& s) { s.message.channel = ChannelId{"sold"}; }},
    {GateCode::not_live, When::never, "the outreach has ended",
     [](Scene& s) { s.world.c.outreach.reset(); }},
    {GateCode::not_live, When::never, "another outreach is under way",
     [](Scene& s) { s.message.outreach.value += 100; }},
    {GateCode::held, When::later, "the rep put it on hold",
     [](Scene& s) { s.outreach().phase = Held{HoldReason::by_rep, s.world.now + 1h}; }},
    {GateCode::held, When::never, "they may have asked to stop",
     [](Scene& s) { s.outreach().phase = Held{HoldReason::perhaps_stop, s.world.now + 1h}; }},
    {GateCode::held, When::never, "they may have asked to stop, and the rep typed it",
     [](Scene& s) {
         free_form(s);
         s.contact().windows = {{whatsapp, s.world.now + 23h}};
         s.outreach().phase = Held{HoldReason::perhaps_stop, s.world.now + 1h};
     }},
    {GateCode::replied, When::never, "they have answered in this round",
     [](Scene& s) { s.outreach().replied_at = s.world.now - 1h; }},
    {GateCode::replied, When::never, "they answered after the call-back text was planned",
     [](Scene& s) {
         s.message.kind = MessageKind::call_me_back;
         s.outreach().replied_at = s.world.now + 1ms;
     }},
    {GateCode::suppressed, When::elsewhere, "they opted out",
     [](Scene& s) { s.contact().suppressions = {{.scope = SuppressionScope::all}}; }},
    {GateCode::suppressed, When::elsewhere, "this number is not to be written to",
     [](Scene& s) {
         s.contact().suppressions = {{.scope = SuppressionScope::address, .address = s.message.to}};
     }},
    {GateCode::suppressed, When::elsewhere, "they switched off marketing on this channel",
     [](Scene& s) {
         s.contact().suppressions = {{.scope = SuppressionScope::channel, .channel = whatsapp}};
     }},
    {GateCode::no_consent, When::never, "nobody noted that they agreed",
     [](Scene& s) { s.contact().consent.reset(); }},
    {GateCode::not_agreed, When::elsewhere, "they agreed to SMS only",
     [](Scene& s) { s.contact().consent->covers = {"sms"}; }},
    {GateCode::not_agreed, When::elsewhere, "they agreed to another of our numbers",
     [](Scene& s) { s.contact().consent->covers = {"wa-two", "sms"}; }},
    {GateCode::template_missing, When::never, "there is no such text",
     [](Scene& s) { s.message.template_name = "gone"; }},
    {GateCode::template_not_approved, When::elsewhere, "the provider paused the text",
     [](Scene& s) { s.world.plan.templates.status["wellbeing/en"] = TemplateStatus::paused; }},
    {GateCode::template_not_approved, When::elsewhere, "the provider is still looking at the text",
     [](Scene& s) { s.world.plan.templates.status["wellbeing/en"] = TemplateStatus::pending; }},
    {GateCode::template_not_approved, When::elsewhere, "the provider rejected the text",
     [](Scene& s) { s.world.plan.templates.status["wellbeing/en"] = TemplateStatus::rejected; }},
    {GateCode::window_closed, When::elsewhere, "a free text outside the window", free_form},
    {GateCode::country_rule, When::elsewhere, "WhatsApp delivers no marketing in the US",
     [](Scene& s) { s.contact().region = "US"; }},
    {GateCode::frequency, When::never, "the last one is not a week old",
     [](Scene& s) { s.contact().last_wellbeing_at = s.world.now - days{7} + 1ms; }},
    {GateCode::frequency, When::never, "they were asked to call back today",
     [](Scene& s) {
         s.message.kind = MessageKind::call_me_back;
         s.contact().last_call_me_back_at = s.world.now - 24h + 1ms;
     }},
    {GateCode::frequency, When::never, "the same text is leaving already",
     [](Scene& s) {
         Message other = s.message;
         other.id.value = 77;
         other.state = MessageState::claimed;
         s.world.c.messages = {other};
     }},
    {GateCode::quiet_hours, When::later, "it is night there",
     [](Scene& s) {
         s.world.now = s.world.at(1, 21);
         s.message.not_after = s.world.now + 1h;
     }},
    {GateCode::quiet_hours, When::never, "nobody knows what time it is there",
     [](Scene& s) { s.contact().zones.clear(); }},
    {GateCode::channel_down, When::later, "the provider is out of order",
     [](Scene& s) { s.world.plan.channels.front().working = false; }},
    {GateCode::channel_full, When::later, "many wait for the channel already",
     [](Scene& s) { s.world.plan.channels.front().room_at = s.world.now + 1h; }},
    {GateCode::go, When::never, "nothing is against it", [](Scene&) {}},
};

}  // namespace

TEST_CASE(
    "a text goes when nothing is against it, and otherwise the rep reads why, and when or how else it may") {
    for (const Row& row : table) {
        Scene scene;
        REQUIRE(scene.verdict().go());
        row.make(scene);
        const Verdict v = scene.verdict();
        INFO(row.why);
        CHECK(to_string(v.code) == to_string(row.code));
        CHECK(v.go() == v.sentence.empty());
        if (!v.go()) {
            CHECK(v.again_at.has_value() == (row.when == When::later));
            CHECK((v.other_route || row.when != When::elsewhere));
        }
        if (v.again_at) {
            CHECK(*v.again_at > scene.world.now);
        }
    }
}

TEST_CASE(
    "every reason of the gate has its row, but the one the sender finds while it writes the text") {
    std::set<GateCode> seen;
    for (const Row& row : table) {
        seen.insert(row.code);
    }
    for (int code = 0; code <= static_cast<int>(GateCode::cancelled); ++code) {
        const auto it = static_cast<GateCode>(code);
        INFO(to_string(it));
        CHECK(seen.contains(it) == (it != GateCode::template_unfit));
    }
}

TEST_CASE("quiet hours begin and end on the second") {
    Scene scene;
    const auto code_at = [&](Timestamp at) {
        scene.world.now = at;
        scene.message.not_before = at;
        scene.message.not_after = at;
        return scene.verdict().code;
    };
    CHECK(code_at(scene.world.at(2, 10) - 1ms) == GateCode::quiet_hours);
    CHECK(code_at(scene.world.at(2, 10)) == GateCode::go);
    CHECK(code_at(scene.world.at(2, 21) - 1ms) == GateCode::go);
    CHECK(code_at(scene.world.at(2, 21)) == GateCode::quiet_hours);
    CHECK(scene.verdict().again_at == scene.world.at(3, 10));
}

TEST_CASE("the 24-hour window counts as closed three minutes early") {
    Scene scene;
    free_form(scene);
    scene.contact().windows = {{whatsapp, scene.world.now + 24h}};
    const Timestamp until = scene.contact().windows.front().until;
    const auto code_at = [&](Timestamp at) {
        scene.world.now = at;
        scene.message.not_after = at;
        return scene.verdict().code;
    };
    CHECK(code_at(until - 3min - 1ms) == GateCode::go);
    CHECK(code_at(until - 3min) == GateCode::window_closed);
    CHECK(code_at(until) == GateCode::window_closed);
    scene.contact().windows.front().channel = ChannelId{"another number"};
    CHECK(code_at(until - 1h) == GateCode::window_closed);
}

TEST_CASE("the caps end on the second") {
    Scene scene;
    scene.contact().last_wellbeing_at = scene.world.now - days{7};
    CHECK(scene.verdict().go());
    scene.message.kind = MessageKind::call_me_back;
    scene.contact().last_call_me_back_at = scene.world.now - 24h;
    CHECK(scene.verdict().go());
}

TEST_CASE("a text is useful up to its last moment, and no longer") {
    Scene scene;
    scene.world.now = scene.message.not_after;
    CHECK(scene.verdict().go());
}

TEST_CASE(
    "where a number's owner may be in several zones, it must be a decent hour in all of them") {
    Scene scene;
    scene.contact().region = "AU";
    scene.contact().zones = {"Australia/Sydney", "Australia/Perth"};
    using namespace std::chrono;
    const auto code_at = [&](Timestamp at) {
        scene.world.now = at;
        scene.message.not_before = at;
        scene.message.not_after = at;
        return scene.verdict().code;
    };
    const Timestamp monday = sys_days{year{2026} / November / 2};
    CHECK(code_at(monday + 1h - 1ms) == GateCode::quiet_hours);  // 11:59 in Sydney, 8:59 in Perth
    CHECK(code_at(monday + 1h) == GateCode::go);
    CHECK(code_at(monday + 9h - 1ms) == GateCode::go);
    CHECK(code_at(monday + 9h) == GateCode::quiet_hours);  // 20:00 in Sydney
}

TEST_CASE("a utility text is not marketing, and what the rep types is not either") {
    Scene scene;
    scene.contact().region = "US";
    scene.contact().suppressions = {{.scope = SuppressionScope::channel, .channel = whatsapp}};
    scene.contact().zones = {"America/Chicago"};
    scene.world.now = scene.world.at(1, 12);
    scene.message.not_before = scene.world.now;
    scene.message.not_after = scene.world.now + 1h;
    scene.contact().windows = {{whatsapp, scene.world.now + 10h}};
    free_form(scene);
    CHECK(scene.verdict().go());
    Scene utility;
    for (Template& t : utility.world.plan.templates.templates) {
        t.category = Category::utility;
    }
    utility.contact().suppressions = {{.scope = SuppressionScope::channel, .channel = whatsapp}};
    CHECK(utility.verdict().go());
}

TEST_CASE("the confirmation of a STOP goes at once, once everything else is refused") {
    Scene scene;
    scene.contact().suppressions = {{.scope = SuppressionScope::all}};
    scene.contact().windows = {{whatsapp, scene.world.now + 24h}};
    scene.world.c.outreach.reset();
    scene.world.now = scene.world.at(1, 23);
    scene.message = {.kind = MessageKind::stop_confirmation,
                     .channel = whatsapp,
                     .to = scene.message.to,
                     .not_before = scene.world.now,
                     .not_after = scene.world.now + 1h};
    CHECK(scene.verdict().go());
    scene.contact().windows.clear();
    CHECK(scene.verdict().code == GateCode::window_closed);
}

TEST_CASE(
    "the route is the first channel that may, and a channel that has just failed is not one") {
    Scene scene;
    scene.world.add_sms();
    const auto way = [&](const ChannelId& except = {}) {
        return route(scene.world.plan, scene.world.c, MessageKind::wellbeing, scene.world.now,
                     except);
    };
    CHECK(way().channel == whatsapp);
    CHECK(way(whatsapp).channel == sms);
    scene.contact().region = "US";
    scene.contact().zones = {"America/Chicago"};
    scene.world.now = scene.world.at(1, 12);
    CHECK(way().channel == sms);
    scene.contact().region = "IN";
    scene.contact().whatsapp_unreachable_at = scene.world.now - days{30} + 1ms;
    CHECK(way().channel == sms);
    scene.contact().whatsapp_unreachable_at = scene.world.now - days{30};
    CHECK(way().channel == whatsapp);
}

TEST_CASE("where no channel may, the rep reads the most hopeful reason") {
    Scene scene;
    scene.world.add_sms();
    scene.contact().region = "US";
    scene.contact().zones = {"America/Chicago"};
    scene.world.now = scene.world.at(1, 23);
    const Route way =
        route(scene.world.plan, scene.world.c, MessageKind::wellbeing, scene.world.now);
    CHECK(way.channel == sms);
    CHECK(way.verdict.code == GateCode::quiet_hours);
    CHECK(way.verdict.again_at == scene.world.at(2, 9));
    scene.world.plan.channels.clear();
    CHECK(route(scene.world.plan, scene.world.c, MessageKind::wellbeing, scene.world.now)
              .verdict.code == GateCode::no_route);
}

TEST_CASE("somebody known by a WhatsApp id alone is written to there") {
    Scene scene;
    scene.contact().addresses = {{AddressKind::whatsapp_user, "IN.WARM0000000000000001"}};
    const Route way =
        route(scene.world.plan, scene.world.c, MessageKind::wellbeing, scene.world.now);
    CHECK(way.verdict.go());
    CHECK(way.to == scene.contact().addresses.front());
    scene.world.plan.channels = {{.id = sms, .provider = "twilio", .medium = Medium::sms}};
    CHECK(route(scene.world.plan, scene.world.c, MessageKind::wellbeing, scene.world.now)
              .verdict.code == GateCode::no_route);
}

// ---- routes ----

namespace {

std::vector<std::string> tried(const Scene& scene) {
    std::vector<std::string> all;
    for (const Route& way :
         routes(scene.world.plan, scene.world.c, MessageKind::wellbeing, scene.world.now)) {
        all.push_back(way.channel.value + (way.verdict.go() ? "" : " not"));
    }
    return all;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "of several ways the one they asked for comes first, then the open window, then the cheaper") {
    Scene scene;
    scene.world.add_sms();
    CHECK(tried(scene) == Names{"wa", "sms"});
    SECTION("the cheaper") {
        scene.world.plan.channels.front().cost = 2;
        CHECK(tried(scene) == Names{"sms", "wa"});
        scene.contact().windows = {{whatsapp, scene.world.now + 10h}};
        CHECK(tried(scene) == Names{"wa", "sms"});
    }
    SECTION("what they asked for, in their own spelling") {
        for (const std::string words : {"SMS", "sms please", "Sms, not in the morning"}) {
            scene.contact().preferences.reach = words;
            CHECK(tried(scene) == Names{"sms", "wa"});
        }
        for (const std::string words : {"", "smsish", "no SMS", "WhatsApp first", "wa"}) {
            scene.contact().preferences.reach = words;
            CHECK(tried(scene) == Names{"wa", "sms"});
        }
    }
}

TEST_CASE("a text goes only on the ways they agreed to; naming none is agreeing to all") {
    Scene scene;
    scene.world.add_sms();
    const auto agreed = [&](std::vector<std::string> ways) {
        scene.contact().consent->covers = std::move(ways);
        return tried(scene);
    };
    CHECK(agreed({}) == Names{"wa", "sms"});
    CHECK(agreed({"whatsapp"}) == Names{"wa", "sms not"});
    CHECK(agreed({"sms"}) == Names{"wa not", "sms"});
    CHECK(agreed({"wa"}) == Names{"wa", "sms not"});  // one channel by its name
    CHECK(agreed({"sms", "whatsapp"}) == Names{"wa", "sms"});
    CHECK(agreed({"gone"}) == Names{"wa not", "sms not"});

    agreed({"sms"});
    const auto ways =
        routes(scene.world.plan, scene.world.c, MessageKind::wellbeing, scene.world.now);
    CHECK(explain(choose(ways), ways) ==
          "sms; not wa: They agreed to SMS, not to WhatsApp over wa.");
    // What they write first may be answered there: that is a talk, and not ours to begin.
    scene.contact().windows = {{whatsapp, scene.world.now + 20h}};
    free_form(scene);
    CHECK(scene.verdict().go());
}

TEST_CASE("a way that is refused says why, and what was chosen says what was not") {
    Scene scene;
    scene.world.add_sms();
    scene.contact().suppressions = {{.scope = SuppressionScope::channel, .channel = whatsapp}};
    CHECK(tried(scene) == Names{"wa not", "sms"});
    const auto ways =
        routes(scene.world.plan, scene.world.c, MessageKind::wellbeing, scene.world.now);
    CHECK(explain(choose(ways), ways) == "sms; not wa: They asked not to be written to.");
    scene.contact().suppressions.clear();
    scene.contact().whatsapp_unreachable_at = scene.world.now;
    CHECK(tried(scene) == Names{"wa not", "sms"});
    scene.world.plan.channels.pop_back();
    const Route none =
        choose(routes(scene.world.plan, scene.world.c, MessageKind::wellbeing, scene.world.now));
    CHECK(none.verdict.code == GateCode::no_route);
    CHECK(none.verdict.sentence == "WhatsApp said that they are not on it.");
}

TEST_CASE(
    "a rule of a country counts from its day on until the day it is over, on its medium only") {
    Scene scene;
    scene.world.add_sms();
    const auto ban = [&](std::chrono::year_month_day since,
                         std::optional<std::chrono::year_month_day> until = {}) {
        scene.world.plan.calendar.countries["IN"].bans = {
            {.since = since, .until = until, .because = "Not here"}};
    };
    using namespace std::chrono;  // today is 2 November 2026
    ban(year{2026} / 11 / 2);
    CHECK(tried(scene) == Names{"wa not", "sms"});
    CHECK(scene.verdict().sentence == "Not here (since 2026-11-02).");
    ban(year{2026} / 11 / 3);
    CHECK(tried(scene) == Names{"wa", "sms"});
    ban(year{2025} / 1 / 1, year{2026} / 11 / 3);
    CHECK(tried(scene) == Names{"wa not", "sms"});
    ban(year{2025} / 1 / 1, year{2026} / 11 / 2);
    CHECK(tried(scene) == Names{"wa", "sms"});
    scene.world.plan.calendar.countries["IN"].bans = {
        {.category = Category::utility, .since = year{2025} / 1 / 1, .because = "Not here"}};
    CHECK(tried(scene) == Names{"wa", "sms"});
}

TEST_CASE(
    "a way that is only busy is waited for, unless that takes longer than the text is worth") {
    Scene scene;
    scene.world.add_sms();
    Channel& channel = scene.world.plan.channels.front();
    const auto way = [&] {
        return route(scene.world.plan, scene.world.c, MessageKind::wellbeing, scene.world.now);
    };
    channel.room_at = scene.world.now + 10min;
    CHECK(way().channel == whatsapp);
    CHECK(way().verdict.code == GateCode::channel_full);
    CHECK(way().verdict.again_at == scene.world.now + 10min);
    channel.room_at = scene.world.now + 5h;
    CHECK(way().channel == sms);
    CHECK(way().verdict.go());
    scene.outreach().phase = Warming{};
    scene.message.id.value = 7;  // one that stands in the line already is not sent to its end
    CHECK(scene.verdict().go());
}

TEST_CASE("the ways of somebody who is not enrolled are those a first text would have") {
    Scene scene;
    scene.world.c.outreach.reset();
    CHECK(preview(scene.world.plan, scene.world.c, scene.world.now).front().verdict.go());
    scene.contact().consent.reset();
    CHECK(preview(scene.world.plan, scene.world.c, scene.world.now).front().verdict.code ==
          GateCode::no_consent);
}
