// Prompts on their way to the reps' phones.

#include "engine/alerts.hpp"

#include <set>

#include "engine/devices.hpp"
#include "engine/taps.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

Phones phones(std::map<core::RepId, std::vector<Device>> devices = {}) {
    Phones found{.devices = with_messages(plan(), std::move(devices)), .tap_key = Secret{"key"}};
    found.link = [](core::PromptId id, const core::RepId& rep) {
        return "https://calls.test/p/" + std::to_string(id.value) + rep.value;
    };
    return found;
}

// The phones of one test, and what they were told in the last minute.
struct Telephones {
    Phones phones = warmcall::tests::phones();
    RecentlyTold recent;
};

std::vector<AlertOnItsWay> due(World& w, Telephones& t) {
    return claim_alerts(*w.store, *w.applier, t.phones, t.recent, w.tokens(10), w.clock.at)
        .on_their_way;
}

std::vector<AlertOnItsWay> due(World& w) {
    Telephones t;
    return due(w, t);
}

Means means(World& w) {
    static const Phones none = phones();
    return means_of(none, &w.main, w.rng);
}

// The request that carries it.
HttpRequest request(World& w, const AlertOnItsWay& one) {
    const core::Plan by = plan();
    const auto composed = compose_alert(by, one, means(w), w.clock.at);
    REQUIRE(composed);
    return *composed;
}

json sent(World& w, const AlertOnItsWay& one) {
    return json::parse(request(w, one).body);
}

AlertOutcome after(World& w, const AlertOnItsWay& one, const Exchange& exchange) {
    const AlertSettled settled = settle_alert(one, means(w), exchange, w.clock.at, w.rng);
    w.store->transact([&](Unit& unit) { save_settled(unit, one, settled, w.clock.at); });
    return settled.outcomes.front();
}

void maya_writes(World& w) {
    w.delivered({text_from(maya_number.substr(1), "here", "wamid.R", w.clock.at)});
}

AlertOnItsWay only(World& w) {
    auto all = due(w);
    REQUIRE(all.size() == 1);
    return std::move(all.front());
}

}  // namespace

TEST_CASE("inside the rep's own window the prompt is a plain message that quotes their words") {
    World w;
    maya_writes(w);
    w.prompt(w.amara, "Fine, the kids have exams");
    AlertOnItsWay one = only(w);
    one.rep.lock_screen = core::Rep::LockScreen::quote;
    const json body = sent(w, one);
    CHECK(body.at("type") == "interactive");
    CHECK(body.at("to") == maya_number);
    const std::string text = body.at("interactive").at("body").at("text");
    CHECK(text.find("\"Fine, the kids have exams\"") != std::string::npos);
    CHECK(text.find("https://calls.test/p/") != std::string::npos);
    CHECK(text.find("Amara") != std::string::npos);
    const json& buttons = body.at("interactive").at("action").at("buttons");
    REQUIRE(buttons.size() == 3);
    for (const json& button : buttons) {
        const std::string id = button.at("reply").at("id");
        CHECK(read_tap(Secret{"key"}, maya, id)->prompt == w.of(w.amara).prompt->id);
        CHECK_FALSE(read_tap(Secret{"key"}, ravi, id));
    }
}

TEST_CASE("the rep's window counts to the second, and is left three minutes before it closes") {
    const auto [before, quoted] = GENERATE(table<core::Duration, bool>(
        {{3min + 1s, true}, {3min, false}, {1s, false}, {0s, false}, {-1s, false}}));
    CAPTURE(before.count());
    World w;
    w.advance(1h);
    maya_writes(w);
    w.advance(24h - 11min - before);  // the prompt comes eleven minutes later
    w.prompt(w.amara, "Fine, the kids have exams");
    const json body = sent(w, only(w));
    CHECK((body.at("type") == "interactive") == quoted);
    CHECK(body.contains("template") != quoted);
}

TEST_CASE("outside the window the prompt is the approved text, and no words of theirs are in it") {
    World w;
    SECTION("the rep has never written") {}
    SECTION("the rep's window ends in a moment") {
        w.advance(1h);
        maya_writes(w);
        w.advance(24h - 12min);  // the prompt comes eleven minutes later
    }
    w.prompt(w.amara, "Fine, the kids have exams");
    const AlertOnItsWay one = only(w);
    const json body = sent(w, one);
    CHECK(body.at("template").at("name") == "rep_notice");
    CHECK(body.at("template").at("language").at("code") == "en");
    CHECK(body.at("template").at("components").at(0).at("parameters").size() == 3);
    CHECK(body.dump().find("exams") == std::string::npos);
}

TEST_CASE("news outside the rep's window has a text of its own as soon as that is approved") {
    World w;
    const bool approved = GENERATE(true, false);
    w.sent(w.amara);
    if (approved) {
        w.delivered({envelope("message_template_status_update",
                              {{"event", "APPROVED"},
                               {"message_template_id", 5},
                               {"message_template_name", "rep_news"},
                               {"message_template_language", "en"},
                               {"message_template_category", "UTILITY"}})});
    }
    w.delivered({text_from(amara_number.substr(1), "STOP", "wamid.S", w.clock.at)});
    const AlertOnItsWay one = only(w);
    CHECK(sent(w, one).at("template").at("name") == (approved ? "rep_news" : "rep_notice"));
}

TEST_CASE(
    "the provider says the rep's window is closed: the prompt goes again at once, as the approved "
    "text") {
    World w;
    maya_writes(w);
    w.prompt(w.amara);
    const AlertOnItsWay first = only(w);
    REQUIRE(sent(w, first).at("type") != "template");
    SECTION("in its answer") {
        const AlertOutcome outcome = after(w, first, refused(131047));
        CHECK_FALSE(outcome.done);
        CHECK(outcome.again_at == w.clock.at);
    }
    SECTION("in a receipt") {
        after(w, first, accepted("wamid.P"));
        w.delivered({receipt("wamid.P", "failed", w.clock.at, first.alerts.front().token, 131047)});
    }
    SECTION("in a receipt that is quicker than the answer") {
        w.delivered({receipt("wamid.P", "failed", w.clock.at, first.alerts.front().token, 131047)});
        after(w, first, accepted("wamid.P"));
        CHECK(w.counts().parked == 0);
    }
    const AlertOnItsWay second = only(w);
    CHECK(sent(w, second).at("template").at("name") == "rep_notice");
    CHECK(after(w, second, refused(131047)).done);  // that does not go either: given up
    w.advance(1min);
    CHECK(due(w).empty());
}

TEST_CASE("who claims until there is no more has told everybody, also when nobody has a phone") {
    World w;
    Telephones t;
    const bool phones = GENERATE(true, false);
    if (!phones) {
        t.phones.devices.clear();
    }
    constexpr std::size_t prompts = 3;  // a fourth within the minute would wait for a digest
    for (std::size_t i = 0; i < prompts; ++i) {
        w.prompt(w.add("Ben Ray", "+91987650001" + std::to_string(i)));
    }
    std::set<core::PromptId> told;
    std::size_t turns = 0;
    for (bool more = true; more; ++turns) {
        const AlertsClaimed claimed =
            claim_alerts(*w.store, *w.applier, t.phones, t.recent, w.tokens(2), w.clock.at);
        for (const AlertOnItsWay& one : claimed.on_their_way) {
            for (const Alert& alert : one.alerts) {
                told.insert(alert.prompt);
            }
        }
        more = claimed.more;
        REQUIRE(turns < 10);
    }
    CHECK(told.size() == (phones ? prompts : 0));
    CHECK(turns > 1);
}

TEST_CASE("a prompt that was acknowledged meanwhile is not sent") {
    World w;
    w.prompt(w.amara);
    SECTION("before it was claimed") {
        w.happens(w.amara, core::Acknowledged{maya}, "maya");
        CHECK(due(w).empty());
    }
    SECTION("while its first try was on its way") {
        const AlertOnItsWay one = only(w);
        w.happens(w.amara, core::Acknowledged{maya}, "maya");
        after(w, one, not_sent());
        w.advance(5min);
        CHECK(due(w).empty());
    }
    CHECK(w.counts().alerts_waiting == 0);
}

TEST_CASE("a prompt in doubt is sent again") {
    World w;
    w.prompt(w.amara);
    const AlertOnItsWay first = only(w);
    SECTION("no answer came") {
        const AlertOutcome outcome = after(w, first, written());
        CHECK_FALSE(outcome.done);
        REQUIRE(outcome.again_at);
        CHECK(*outcome.again_at > w.clock.at);
        CHECK(*outcome.again_at <= w.from_now(10s));
        CHECK(due(w).empty());
        w.clock.at = *outcome.again_at;
    }
    SECTION("their server failed") {
        CHECK_FALSE(after(w, first, answered(500, "")).done);
        w.advance(10s);
    }
    SECTION("we died with it") {
        w.advance(59s);
        CHECK(due(w).empty());
        w.advance(1s);
    }
    const AlertOnItsWay second = only(w);
    CHECK(second.alerts.front().id == first.alerts.front().id);
    CHECK(second.alerts.front().tries == 2);
    CHECK(after(w, second, accepted("wamid.P")).done);
    w.advance(5min);
    CHECK(due(w).empty());
}

TEST_CASE("after six tries a prompt's message is given up") {
    World w;
    w.prompt(w.amara);
    int tries = 0;
    for (AlertOutcome outcome; !outcome.done && tries < 20; ++tries) {
        outcome = after(w, only(w), not_sent());
        CHECK(outcome.problem == "cannot connect");
        w.clock.at = outcome.again_at.value_or(w.clock.at);
    }
    CHECK(tries == 6);
    CHECK(w.counts().alerts_waiting == 0);
    CHECK(w.of(w.amara).prompt->open);
}

TEST_CASE("a refusal that will not change is not tried again") {
    World w;
    w.prompt(w.amara);
    const AlertOutcome outcome = after(w, only(w), refused(131026));
    CHECK(outcome.done);
    CHECK_FALSE(outcome.problem.empty());
}

TEST_CASE("a rep without a phone keeps the prompt on the console alone") {
    World w;
    const core::ContactId ines = w.add("Ines Moreau", "+919876500002", ravi);
    w.prompt(ines);
    CHECK(w.counts().alerts_waiting == 1);
    CHECK(due(w).empty());
    CHECK(w.counts().alerts_waiting == 0);
    CHECK(w.of(ines).prompt->open);
}

TEST_CASE("a notice carries its own sentence and no words of theirs") {
    World w;
    maya_writes(w);
    w.sent(w.amara);
    w.delivered({text_from("919876500001", "STOP", "wamid.S", w.clock.at)});
    const AlertOnItsWay one = only(w);
    CHECK_FALSE(one.alerts.front().prompt);
    const std::string text = sent(w, one).at("text").at("body");
    CHECK(text.find("asked to stop") != std::string::npos);
    CHECK(text.find('"') == std::string::npos);
}

namespace {

Device device(std::string id, std::string way, core::Duration after = {}) {
    Device d{.id = std::move(id), .rep = maya, .way = std::move(way), .after = after};
    d.settings = {{"topic", "maya-calls"}, {"url", "https://push.test"}};
    d.secrets["secret"] = Secret{"a-secret-of-at-least-24-characters"};
    return d;
}

// Maya has ntfy on her phone, told at once; a message follows in three minutes.
Telephones with_ntfy() {
    return {phones({{maya, {device("maya/ntfy", "ntfy")}}}), {}};
}

Exchange ok() {
    return answered(200, R"({"id":"n1"})");
}

std::vector<std::string> ways(const std::vector<AlertOnItsWay>& all) {
    std::vector<std::string> found;
    for (const AlertOnItsWay& one : all) {
        found.push_back(one.device.way);
    }
    return found;
}

using Ways = std::vector<std::string>;

}  // namespace

TEST_CASE("a rep's phones are told in turn until somebody acknowledges") {
    World w;
    Telephones t = with_ntfy();
    w.prompt(w.amara);
    const auto first = due(w, t);
    REQUIRE(ways(first) == Ways{"ntfy"});
    CHECK(due(w, t).empty());
    SECTION("nobody does: the message follows") {
        CHECK(after(w, first.front(), ok()).done);
        w.advance(3min - 1s);
        CHECK(due(w, t).empty());
        w.advance(1s);
        CHECK(ways(due(w, t)) == Ways{"message"});
    }
    SECTION("somebody does, on whatever way: the message does not follow") {
        after(w, first.front(), ok());
        w.happens(w.amara, core::Acknowledged{maya}, "maya");
        w.advance(10min);
        CHECK(due(w, t).empty());
        CHECK(w.counts().alerts_waiting == 0);
    }
    SECTION("the first phone cannot be told: the message goes at once") {
        const AlertOutcome outcome = after(w, first.front(), answered(403, R"({"code":40301})"));
        CHECK(outcome.failed);
        CHECK(outcome.problem == "ntfy answers 40301: this topic is not open to us");
        CHECK(ways(due(w, t)) == Ways{"message"});
    }
    SECTION("the first phone's server is busy: tried again, while the message keeps its time") {
        CHECK_FALSE(after(w, first.front(), answered(429, R"({"code":42901})")).done);
        CHECK(due(w, t).empty());
        w.advance(10s);
        CHECK(ways(due(w, t)) == Ways{"ntfy"});
    }
}

TEST_CASE("three prompts within a minute are one on the phone, and it names them") {
    World w;
    Telephones t = with_ntfy();
    const core::ContactId ben = w.add("Ben Ray", "+919876500011"),
                          cem = w.add("Cem Ak", "+919876500012"),
                          dia = w.add("Dia Sen", "+919876500013");
    SECTION("all at once") {
        for (const core::ContactId id : {w.amara, ben, cem, dia}) {
            w.queue_text(id);
        }
        w.advance(30h);  // nobody answered
        for (int i = 0; i < 5; ++i) {
            w.applier->wake(100);
        }
        const auto told = due(w, t);
        REQUIRE(told.size() == 1);
        CHECK(told.front().alerts.size() == 4);
        const json body = sent(w, told.front());
        CHECK(body.at("title") == "4 people to call");
        CHECK(body.at("message").get<std::string>().find("and 1 more") != std::string::npos);
        CHECK(body.at("click") == "https://calls.test/p/0maya");
        after(w, told.front(), ok());
        CHECK(due(w, t).empty());
        w.advance(3min);
        CHECK(ways(due(w, t)) == Ways{"message"});  // one again
    }
    SECTION("one after the other") {
        t.phones.devices[maya] = {device("maya/ntfy", "ntfy")};
        const auto told = [&] {
            auto all = due(w, t);
            for (const AlertOnItsWay& one : all) {
                after(w, one, ok());
            }
            return all;
        };
        const auto ring = [&](core::ContactId id) {
            w.store->transact([&](Unit& u) {
                const Wanted wanted{id, std::nullopt};
                const core::Case before = *u.load({&wanted, 1}).front();
                core::Case after = before;
                REQUIRE(after.prompt);
                after.prompt->ladder_step += 1;
                const std::vector<core::Effect> effects{
                    core::TellRep{maya, core::TellRep::What::prompt, {}}};
                const Change change{&before, &after, effects, "warmcall"};
                u.save({&change, 1}, w.clock.at);
            });
        };
        for (const core::ContactId id : {w.amara, ben, cem, dia}) {
            w.prompt(id);
        }
        for (int minute = 0; minute < 4; ++minute) {  // whatever was to be told so far
            told();
            w.advance(1min);
        }
        REQUIRE(told().empty());
        ring(w.amara);
        CHECK(told().size() == 1);
        w.advance(10s);
        ring(ben);
        CHECK(told().size() == 1);
        w.advance(10s);
        ring(cem);
        const auto third = told();
        REQUIRE(third.size() == 1);
        CHECK(third.front().subjects.size() == 3);
        CHECK(sent(w, third.front()).at("title") == "3 people to call");
        w.advance(10s);
        ring(dia);
        CHECK(told().empty());  // the minute of the digest
        w.advance(50s);
        const auto fourth = told();
        REQUIRE(fourth.size() == 1);
        CHECK(fourth.front().alerts.front().tries == 1);
        w.advance(2min);
        for (const core::ContactId id : {w.amara, w.amara, ben, cem}) {
            ring(id);
        }
        const auto twice = told();
        REQUIRE(twice.size() == 1);
        CHECK(twice.front().alerts.size() == 4);
        CHECK(sent(w, twice.front()).at("title") == "3 people to call");
    }
}

TEST_CASE(
    "what names one person is taken off the screen with the prompt, what names several stays") {
    World w;
    Telephones t;
    Device phone = device("maya/telegram", GENERATE("telegram", "web_push"));
    phone.settings["chat_id"] = "42";
    phone.secrets["token"] = Secret{"T0KEN"};
    t.phones.devices[maya] = {phone};
    const bool several = GENERATE(false, true);
    w.prompt(w.amara);
    if (several) {
        w.prompt(w.add("Ben Ray", "+919876500011"));
        w.prompt(w.add("Cem Ak", "+919876500012"));
    }
    const auto told = due(w, t);
    REQUIRE(told.size() == 1);
    after(w, told.front(), answered(201, R"({"ok":true,"result":{"message_id":99}})"));
    w.happens(w.amara, core::Acknowledged{maya}, "maya");
    const auto then = due(w, t);
    REQUIRE(then.size() == (several ? 0 : 1));
    if (!several) {
        CHECK(then.front().alerts.front().take_back);
    }
}

TEST_CASE("the provider could not deliver what named several people: each of them is told again") {
    World w;
    maya_writes(w);
    for (const core::ContactId id :
         {w.amara, w.add("Ben Ray", "+919876500011"), w.add("Cem Ak", "+919876500012")}) {
        w.prompt(id);
    }
    const AlertOnItsWay first = only(w);
    REQUIRE(first.subjects.size() == 3);
    const std::size_t told = first.alerts.size();  // Amara's a second time by now
    after(w, first, accepted("wamid.D"));
    REQUIRE(w.counts().alerts_waiting == 0);
    w.delivered({receipt("wamid.D", "failed", w.clock.at, first.alerts.front().token, 131047)});
    CHECK(w.counts().alerts_waiting == static_cast<std::int64_t>(told));
    const AlertOnItsWay second = only(w);
    CHECK(second.alerts.size() == told);
    CHECK(sent(w, second).at("template").at("name") == "rep_notice");
}

TEST_CASE("a claim that is rolled back has told nobody: what it gathered goes with the next one") {
    World w;
    Telephones t = with_ntfy();
    t.phones.devices[maya] = {device("maya/gotify", "ntfy"), device("maya/ntfy", "ntfy")};
    int gathered = 0;
    t.phones.link = [&](core::PromptId prompt, const core::RepId&) -> std::string {
        if (!prompt && ++gathered == 2) {
            throw std::runtime_error{"rolled back after the first digest"};
        }
        return "https://calls.test/";
    };
    for (const core::ContactId id :
         {w.amara, w.add("Ben Ray", "+919876500011"), w.add("Cem Ak", "+919876500012")}) {
        w.prompt(id);
    }
    CHECK_THROWS(due(w, t));
    CHECK(due(w, t).size() == 2);
}

TEST_CASE(
    "a clock that was ahead and is put back holds no prompt for longer than a digest's minute") {
    World w;
    Telephones t = with_ntfy();
    t.phones.devices[maya] = {device("maya/ntfy", "ntfy")};
    for (const core::ContactId id :
         {w.amara, w.add("Ben Ray", "+919876500011"), w.add("Cem Ak", "+919876500012")}) {
        w.prompt(id);
    }
    w.advance(4h);
    const auto digest = due(w, t);
    REQUIRE(digest.size() == 1);
    after(w, digest.front(), ok());
    w.advance(-4h);
    w.prompt(w.add("Dia Sen", "+919876500013"));
    due(w, t);
    w.advance(1min);
    CHECK_FALSE(due(w, t).empty());
}

TEST_CASE("a notice waits for the rep's hours; a promised call does not") {
    World w;
    w.sent(w.amara);
    w.advance(9h);  // 19:00, Maya's day ended at 18:00
    w.delivered({text_from("919876500001", "STOP", "wamid.S", w.clock.at)});
    CHECK(due(w).empty());
    CHECK(w.counts().alerts_waiting == 1);
    w.advance(14h - 1s);
    CHECK(due(w).empty());
    w.advance(1s);
    CHECK(due(w).size() == 1);
}

TEST_CASE("a browser that no longer listens is forgotten, and the message goes at once") {
    World w;
    Telephones t;
    const auto sign_up = [&](std::string address) {
        StoredDevice d{.rep = maya,
                       .way = "web_push",
                       .name = "Firefox on Android",
                       .address = std::move(address),
                       .keys = "p256dh auth",
                       .created_at = w.clock.at,
                       .seen_at = w.clock.at};
        w.store->transact([&](Unit& u) { u.add_device(d); });
    };
    sign_up("https://updates.push.services.mozilla.com/wpush/v2/1");
    w.prompt(w.amara);
    const auto first = due(w, t);
    REQUIRE(ways(first) == Ways{"web_push"});
    SECTION("it is gone") {
        CHECK(after(w, first.front(), answered(410, "")).failed);
        CHECK(w.store->devices(maya).empty());
        CHECK(ways(due(w, t)) == Ways{"message"});
    }
    SECTION("it is there") {
        CHECK(after(w, first.front(), answered(201, "")).done);
        REQUIRE(w.store->devices(maya).size() == 1);
        CHECK(w.store->devices(maya).front().told_at == w.clock.at);
        w.happens(w.amara, core::Acknowledged{maya}, "maya");
        const auto back = due(w, t);
        REQUIRE(ways(back) == Ways{"web_push"});
        CHECK(back.front().alerts.front().take_back);
        CHECK(after(w, back.front(), answered(201, "")).done);
        CHECK(due(w, t).empty());
    }
    SECTION("the push service refuses our key: told once, never again, and the rep can read why") {
        CHECK(after(w, first.front(), answered(403, "BadJwtToken")).failed);
        CHECK(w.store->devices(maya).front().problem.find("refuses our key (403)") !=
              std::string::npos);
    }
}

}  // namespace warmcall::tests
