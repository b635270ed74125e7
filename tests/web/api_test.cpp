// The REST API over real HTTP: contacts, outreaches, prompts, and what is refused.

#include <set>
#include <thread>

#include "support/catch.hpp"
#include "web/routes.hpp"
#include "web/suggestions.hpp"
#include "world.hpp"

using namespace warmcall;
using namespace warmcall::tests;
using namespace std::chrono_literals;

namespace {

std::string contact_path(std::int64_t id) {
    return "/api/v1/contacts/" + std::to_string(id);
}
std::string prompt_path(std::int64_t id, const char* verb = "") {
    return "/api/v1/prompts/" + std::to_string(id) + verb;
}

std::vector<std::string> wrong_fields(const Reply& reply) {
    std::vector<std::string> names;
    for (const json& error : reply.object().value("errors", json::array()))
        names.push_back(error.at("field"));
    return names;
}

}  // namespace

TEST_CASE("a contact that is added can be looked at, with every field that was given") {
    World world;
    json wish = new_contact("Ana Pérez", "612 34 56 78");
    wish["topic"] = "mother's knee";
    wish["language"] = "es";
    wish["preferences"] = {
        {"from", "18:00"}, {"reach", "WhatsApp first"}, {"if_lost", "ask sister Eva"}};
    const Reply made = world.post("/api/v1/contacts", wish);
    INFO(made.body);
    REQUIRE(made.status == 201);
    const json contact = world.get(made.header("Location")).object();
    CHECK(contact["name"] == "Ana Pérez");
    CHECK(contact["first_name"] == "Ana");
    CHECK(contact["phone"] == "+34612345678");
    CHECK(contact["rep"] == "joel");
    CHECK(contact["language"] == "es");
    CHECK(contact["time_zone"] == "Europe/Madrid");
    CHECK(contact["topic"] == "mother's knee");
    CHECK(contact["preferences"] == json{{"from", "18:00"},
                                         {"to", nullptr},
                                         {"reach", "WhatsApp first"},
                                         {"if_lost", "ask sister Eva"}});
    CHECK(contact["consent"]["source"] == "signup form");
    CHECK(contact["reply_status"] == "none");
    CHECK(contact["outreach"].is_null());
    CHECK(contact["next_action"].is_null());
}

TEST_CASE("a number that is a contact already is refused with whose it is") {
    World world;
    const auto first =
        world.post("/api/v1/contacts", new_contact("Ana", "+34612345678", "sam")).object();
    const Reply again = world.post_as("joel", "/api/v1/contacts", new_contact("Ana", "612345678"));
    CHECK(again.status == 409);
    CHECK(again.object()["holder"] == "Sam");
    CHECK(again.object()["holder_id"] == "sam");
    CHECK(again.object()["contact_id"] == first["id"]);
    CHECK(again.body.find("Ask them to hand it over") != std::string::npos);
}

TEST_CASE("adding with a cadence enrols in the same go, or adds nothing") {
    World world;
    json wish = new_contact("Ana", "+34612345678");
    wish["cadence"] = "gentle";
    const Reply made = world.post("/api/v1/contacts", wish);
    INFO(made.body);
    REQUIRE(made.status == 201);
    CHECK(made.object()["outreach"]["phase"] == "planned");
    CHECK(made.object()["next_action"]["kind"] == "send");
    CHECK(made.object()["next_action"]["owner"] == "joel");

    json bare = new_contact("Bo", "+34612345679");
    bare["cadence"] = "gentle";
    bare.erase("consent");
    const Reply refused = world.post("/api/v1/contacts", bare);
    CHECK(refused.status == 422);
    CHECK(wrong_fields(refused) == std::vector<std::string>{"consent"});
    CHECK(world.get("/api/v1/contacts?search=Bo").object()["items"].empty());
}

TEST_CASE("bad input is answered with the field and what to write instead") {
    World world;
    const auto with = [](const char* field, json value) {
        json wish = new_contact("Ana", "+34612345678");
        wish[field] = std::move(value);
        return wish;
    };
    const std::vector<std::pair<json, std::string>> table{
        {with("name", ""), "name"},
        {with("name", 5), "name"},
        {with("name", "two\nlines"), "name"},
        {with("name", std::string(201, 'a')), "name"},
        {with("phone", "12"), "phone"},
        {with("phone", "call me"), "phone"},
        {with("rep", "nobody"), "rep"},
        {with("time_zone", "Europe/Madird"), "time_zone"},
        {with("language", "english please"), "language"},
        {with("preferences", {{"from", "25:00"}}), "preferences.from"},
        {with("preferences", {{"form", "18:00"}}), "preferences.form"},
        {with("preferences", "evenings"), "preferences"},
        {with("consent", {{"source", "form"}, {"text", "yes"}}), "consent.at"},
        {with("consent", {{"source", "form"}, {"text", "yes"}, {"at", "yesterday"}}), "consent.at"},
        {with("consent", {{"source", ""}, {"text", "yes"}, {"at", "2026-11-01T09:00:00Z"}}),
         "consent.source"},
        {with("consent", {{"source", "form"}, {"text", "yes"}, {"at", "2027-11-01T09:00:00Z"}}),
         "consent.at"},
        {with("consent",
              {{"source", "form"}, {"text", "yes"}, {"at", "2026-11-01T09:00:00Z"}, {"covers", 5}}),
         "consent.covers"},
        {with("consent", {{"source", "form"},
                          {"text", "yes"},
                          {"at", "2026-11-01T09:00:00Z"},
                          {"covers", {"fax"}}}),
         "consent.covers"},
        {with("tpoic", "knee"), "tpoic"},
        {with("cadence", "gentel"), "cadence"},
        {json::array(), "body"},
        {json("text"), "body"},
    };
    for (const auto& [wish, field] : table) {
        const Reply reply = world.post("/api/v1/contacts", wish);
        INFO(wish.dump() << " -> " << reply.body);
        CHECK(reply.status == 422);
        CHECK(reply.header("Content-Type") == "application/problem+json");
        const auto fields = wrong_fields(reply);
        CHECK(std::find(fields.begin(), fields.end(), field) != fields.end());
    }
    CHECK(world.get("/api/v1/contacts").object()["items"].empty());
}

TEST_CASE(
    "a body that is not JSON, too deep, too large or of another type is refused and says so") {
    World world;
    const auto post = [&](const std::string& body, const char* type = "application/json") {
        return world.send("POST", "/api/v1/contacts", body, {world.bearer, {"Content-Type", type}});
    };
    CHECK(post("{\"name\": ").status == 400);
    CHECK(post("\xff\xfe{}").status == 400);
    CHECK(post("{\"name\": \"\xc3\x28\"}").status == 400);
    CHECK(post(std::string(200, '[') + std::string(200, ']')).object()["detail"] ==
          "The JSON is nested more than 32 levels deep.");
    CHECK(post("name=Ana", "application/x-www-form-urlencoded").status == 415);
    CHECK(world.announce("/api/v1/contacts", 70'000, {world.bearer}).status == 413);
}

TEST_CASE("contacts are listed by page, and found by name without its accents") {
    World world;
    for (int i = 0; i < 7; ++i)
        REQUIRE(world
                    .post("/api/v1/contacts",
                          new_contact(i == 3 ? "José Ñuñez" : "Ana " + std::to_string(i),
                                      "+3461234567" + std::to_string(i)))
                    .status == 201);
    std::vector<std::int64_t> seen;
    std::string next;
    int pages = 0;
    do {
        const json page =
            world.get("/api/v1/contacts?limit=3" + (next.empty() ? "" : "&after=" + next)).object();
        for (const json& item : page["items"])
            seen.push_back(item["id"]);
        next = page["next"].is_null() ? "" : page["next"].get<std::string>();
        REQUIRE(++pages < 10);
    } while (!next.empty());
    CHECK(seen.size() == 7);
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
    CHECK(world.get("/api/v1/contacts?search=jose%20nunez").object()["items"].size() == 1);
}

TEST_CASE("a contact is corrected, and the timeline says what was") {
    World world;
    const auto id = world.post("/api/v1/contacts", new_contact("Ana", "+34612345678"))
                        .object()["id"]
                        .get<std::int64_t>();
    const Reply changed = world.send(
        "PATCH", contact_path(id),
        R"({"topic":"the new shop","time_zone":"Asia/Dubai","preferences":{"to":"20:00"}})",
        {world.bearer, {"Content-Type", "application/json"}});
    INFO(changed.body);
    REQUIRE(changed.status == 200);
    CHECK(changed.object()["topic"] == "the new shop");
    CHECK(changed.object()["time_zone"] == "Asia/Dubai");
    CHECK(changed.object()["preferences"]["to"] == "20:00");
    CHECK(changed.object()["timeline"][0]["what"] == "edited");
}

TEST_CASE("a contact gets a new number, which is called first; the old one is still known") {
    World world;
    const auto ana = world.called("joel");
    const auto farid = world.called("sam", "Farid Al Amiri", "971501234567");
    const auto patch = [&](const json& body) {
        return world.send("PATCH", contact_path(ana.contact), body.dump(),
                          {world.rep_bearer.at("joel"), {"Content-Type", "application/json"}});
    };
    const Reply taken = patch({{"phone", "+971 50 123 4567"}, {"topic", "not this"}});
    CHECK(taken.status == 409);
    CHECK(taken.object()["contact_id"] == farid.contact);
    CHECK(taken.object()["holder"] == "Sam");
    CHECK(wrong_fields(patch({{"phone", "12"}})) == std::vector<std::string>{"phone"});
    json contact = world.get(contact_path(ana.contact)).object();
    CHECK(contact["phone"] == "+34612345678");
    CHECK(contact["topic"] == "");  // all of it or nothing

    const Reply changed = patch({{"phone", "+34 611 222 333"}});
    INFO(changed.body);
    REQUIRE(changed.status == 200);
    CHECK(changed.object()["phone"] == "+34611222333");
    CHECK(changed.object()["timeline"][0]["what"] == "edited");
    CHECK(changed.object()["timeline"][0]["text"] == "phone");
    world.advance(1min);
    REQUIRE(world.they_write("34612345678", "It is me, from the old one.").status == 200);
    contact = world.get(contact_path(ana.contact)).object();
    CHECK(contact["last_reply"]["words"] == "It is me, from the old one.");
    CHECK(contact["phone"] == "+34611222333");
    CHECK(patch({{"phone", "+34612345678"}}).object()["phone"] == "+34612345678");
    CHECK(patch({{"phone", "+34611222333"}}).object()["phone"] == "+34611222333");
    const std::size_t told = world.get(contact_path(ana.contact)).object()["timeline"].size();
    CHECK(patch({{"phone", "611 222 333"}}).object()["timeline"].size() == told);  // no change
}

TEST_CASE("what waits for somebody whose number is changed goes to the new one") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = contact_path(ana.contact);
    REQUIRE(world.post_as("joel", path + "/messages", {{"text", "How is the shop?"}}).status ==
            202);
    const Reply changed = world.send("PATCH", path, json{{"phone", "+34611222333"}}.dump(),
                                     {world.bearer, {"Content-Type", "application/json"}});
    REQUIRE(changed.status == 200);
    core::Case now;
    world.transact([&](Unit& unit) {
        const Wanted wanted{core::ContactId{ana.contact}, std::nullopt};
        now = *unit.load({&wanted, 1}).front();
    });
    const auto text =
        std::ranges::find(now.messages, core::MessageKind::conversation, &core::Message::kind);
    REQUIRE(text != now.messages.end());
    CHECK(text->to == core::Address{core::AddressKind::phone, "+34611222333"});
    CHECK(now.contact.windows.empty());  // it was open for who wrote
}

TEST_CASE("an outreach has one live at a time, and the second is refused with its holder") {
    World world;
    const auto id = world.post("/api/v1/contacts", new_contact("Ana", "+34612345678"))
                        .object()["id"]
                        .get<std::int64_t>();
    const Reply begun =
        world.post("/api/v1/outreaches", {{"contact_id", id}, {"cadence", "gentle"}});
    INFO(begun.body);
    REQUIRE(begun.status == 201);
    CHECK(begun.object()["outreach"]["cadence"] == "gentle");
    const Reply again =
        world.post("/api/v1/outreaches", {{"contact_id", id}, {"cadence", "gentle"}});
    CHECK(again.status == 409);
    CHECK(again.object()["holder"] == "Joel");
    CHECK(world.post("/api/v1/outreaches", {{"contact_id", 999}, {"cadence", "gentle"}}).status ==
          404);
    CHECK(world.post("/api/v1/outreaches", {{"contact_id", "1"}, {"cadence", "gentle"}}).status ==
          422);
}

TEST_CASE(
    "an outreach can be held with an end, resumed, handed over and closed with what they said") {
    World world;
    const auto id = world.post("/api/v1/contacts", new_contact("Ana", "+34612345678"))
                        .object()["id"]
                        .get<std::int64_t>();
    const std::string outreach =
        "/api/v1/outreaches/" +
        std::to_string(world.post("/api/v1/outreaches", {{"contact_id", id}, {"cadence", "gentle"}})
                           .object()["outreach"]["id"]
                           .get<std::int64_t>());
    CHECK(wrong_fields(world.post(outreach + "/hold", json::object())) ==
          std::vector<std::string>{"until"});
    CHECK(world.post(outreach + "/hold", {{"until", "2026-11-25T09:00:00Z"}})
              .object()["outreach"]["phase"] == "held");
    CHECK(world.post(outreach + "/resume", json::object()).object()["outreach"]["phase"] ==
          "planned");
    const Reply moved = world.post(outreach + "/reassign", {{"rep", "kim"}});
    CHECK(moved.object()["contact"]["rep"] == "kim");
    CHECK(moved.object()["contact"]["next_action"]["owner"] == "kim");
    CHECK(world.post(outreach + "/close", {{"reason", "no_reply"}}).status == 422);
    const Reply closed = world.post(outreach + "/close", {{"reason", "said_no"}});
    INFO(closed.body);
    CHECK(closed.status == 200);
    CHECK(closed.object()["contact"]["outreach"]["phase"] == "closed");
    CHECK(closed.object()["contact"]["outreach"]["reason"] == "said_no");
    CHECK(world.post(outreach + "/hold", {{"until", "2026-11-25T09:00:00Z"}}).status == 409);
}

TEST_CASE("a reply opens a prompt with the words, a script and dates to choose from") {
    World world;
    const auto ana = world.called("joel");
    const json today = world.get_as("joel", "/api/v1/today").object();
    INFO(today.dump(1));
    REQUIRE(today["prompts"].size() == 1);
    const json prompt = today["prompts"][0];
    CHECK(prompt["id"] == ana.prompt);
    CHECK(prompt["kind"] == "replied");
    CHECK(prompt["section"] == "replied");
    CHECK(prompt["words"] == "I'm well, thank you!");
    CHECK(prompt["contact"]["phone"] == "+34612345678");
    CHECK(prompt["contact"]["local_time"] == "11:00");
    CHECK(prompt["contact"]["delivery"] == "replied");
    CHECK(prompt["script"][0] == "Thank Ana for the answer.");
    CHECK(prompt["suggestions"]["no_answer"][0] ==
          json{{"label", "Call again in 2 h"}, {"at", "2026-11-22T12:00:00Z"}});
    CHECK(prompt["suggestions"]["talked"][0]["label"] == "In two weeks");
    CHECK(today["total"] == 1);
    CHECK(today["called"] == 0);
    const json contact = world.get(contact_path(ana.contact)).object();
    CHECK(contact["reply_status"] == "replied");
    CHECK(contact["last_reply"]["words"] == "I'm well, thank you!");
}

TEST_CASE("how the talk opens depends on what came before the call") {
    using core::PromptKind;
    core::Plan plan;
    plan.cadences["gentle"] = {.script_replied = {"replied"},
                               .script_called = {"called"},
                               .script_silent = {"silent"},
                               .script_unsent = {"unsent"}};
    core::Case ana;
    ana.outreach.emplace().cadence = "gentle";
    const auto opens = [&](PromptKind kind) {
        ana.prompt.emplace().kind = kind;
        return web::script(plan, ana).front();
    };
    CHECK(opens(PromptKind::no_warmup) == "unsent");
    CHECK(opens(PromptKind::promised) == "unsent");
    core::Facts& facts = ana.messages.emplace_back().facts;
    const core::Timestamp now{std::chrono::hours{500'000}};
    facts.claimed = facts.accepted = now;
    CHECK(opens(PromptKind::silent) == "silent");
    CHECK(opens(PromptKind::retry) == "silent");
    facts.failed.emplace();
    CHECK(opens(PromptKind::undelivered) == "unsent");
    CHECK(opens(PromptKind::they_called) == "called");
    CHECK(opens(PromptKind::replied) == "replied");
    ana.outreach->replied_at = now;
    CHECK(opens(PromptKind::retry) == "replied");
}

TEST_CASE("nobody is asked about a last talk of which nothing is noted") {
    core::Plan plan;
    plan.cadences["gentle"] = {
        .script_unsent = {"Last time you talked about: {{topic}}. Ask how that went.", "Listen."}};
    core::Case ana;
    ana.outreach.emplace().cadence = "gentle";
    CHECK(web::script(plan, ana) ==
          std::vector<std::string>{"Ask how they have been, and listen.", "Listen."});
    ana.contact.topic = "the new shop";
    CHECK(web::script(plan, ana) ==
          std::vector<std::string>{"Last time you talked about: the new shop. Ask how that went.",
                                   "Listen."});
}

TEST_CASE("a call goes claim, dial, ended, outcome; and the next action is the rep's") {
    World world;
    const auto ana = world.called("joel");
    CHECK(world.post_as("joel", prompt_path(ana.prompt, "/claim"), json::object())
              .object()["prompt"]["claimed_by"] == "joel");
    CHECK(world.post_as("joel", prompt_path(ana.prompt, "/dial"), json::object())
              .object()["prompt"]["phase"] == "on_call");
    CHECK(world.post_as("joel", prompt_path(ana.prompt, "/ended"), json::object())
              .object()["prompt"]["phase"] == "wrap_up");
    CHECK(world.get_as("joel", "/api/v1/today").object()["unlogged"].size() == 1);

    const Reply without = world.post_as("joel", prompt_path(ana.prompt, "/disposition"),
                                        {{"reached", "human"}, {"said", "talked"}});
    CHECK(without.status == 422);
    CHECK(without.object()["type"] == "urn:warmcall:problem:next_action_missing");

    const Reply done = world.post_as("joel", prompt_path(ana.prompt, "/disposition"),
                                     {{"reached", "human"},
                                      {"said", "talked"},
                                      {"next_at", "2026-11-26T09:00:00Z"},
                                      {"topic", "the exams"}});
    INFO(done.body);
    REQUIRE(done.status == 200);
    CHECK(done.object()["prompt"].is_null());
    CHECK(done.object()["contact"]["outreach"]["promise"] ==
          json{{"at", "2026-11-26T09:00:00Z"}, {"topic", "the exams"}});
    CHECK(done.object()["contact"]["next_action"]["owner"] == "joel");
    CHECK(done.object()["contact"]["topic"] == "the exams");

    const json today = world.get_as("joel", "/api/v1/today").object();
    CHECK(today["prompts"].empty());
    CHECK(today["called"] == 1);
    CHECK(today["reached"] == 1);
    REQUIRE(today["done"].size() == 1);
    CHECK(today["done"][0]["text"] == "We talked");
    CHECK(world.post_as("joel", prompt_path(ana.prompt, "/disposition"), {{"reached", "no_answer"}})
              .status == 409);
}

TEST_CASE("the second rep is told who has the call") {
    World world;
    const auto ana = world.called("joel");
    REQUIRE(world.post_as("sam", prompt_path(ana.prompt, "/claim"), json::object()).status == 200);
    const Reply late = world.post_as("joel", prompt_path(ana.prompt, "/dial"), json::object());
    CHECK(late.status == 409);
    CHECK(late.object()["holder"] == "Sam");
    CHECK(late.object()["holder_id"] == "sam");
}

TEST_CASE("an outcome that makes no sense names the field, or says what does not fit") {
    World world;
    const auto ana = world.called("joel");
    const auto post = [&](const json& body) {
        return world.post_as("joel", prompt_path(ana.prompt, "/disposition"), body);
    };
    CHECK(wrong_fields(post({{"reached", "nobody"}})) == std::vector<std::string>{"reached"});
    CHECK(wrong_fields(post(json::object())) == std::vector<std::string>{"reached"});
    CHECK(wrong_fields(post({{"reached", "human"}, {"said", "blah"}})) ==
          std::vector<std::string>{"said"});
    CHECK(wrong_fields(post({{"reached", "no_answer"}, {"next_at", "tomorrow"}})) ==
          std::vector<std::string>{"next_at"});
    CHECK(post({{"reached", "no_answer"}, {"said", "talked"}}).object()["type"] ==
          "urn:warmcall:problem:not_a_disposition");
    CHECK(world.get(prompt_path(ana.prompt)).status == 200);
}

TEST_CASE("snoozed and acknowledged prompts stay open") {
    World world;
    const auto ana = world.called("joel");
    CHECK(world.post_as("joel", prompt_path(ana.prompt, "/acknowledge"), json::object())
              .object()["prompt"]["acknowledged_at"] == "2026-11-22T10:00:00Z");
    CHECK(wrong_fields(world.post_as("joel", prompt_path(ana.prompt, "/snooze"), json::object())) ==
          std::vector<std::string>{"until"});
    const Reply snoozed = world.post_as("joel", prompt_path(ana.prompt, "/snooze"),
                                        {{"until", "2026-11-22T12:00:00Z"}});
    CHECK(snoozed.object()["prompt"]["due_at"] == "2026-11-22T12:00:00Z");
    CHECK(snoozed.object()["prompt"]["id"] == ana.prompt);
}

TEST_CASE("perhaps a STOP is a question to the rep, and the answer settles it") {
    World world;
    const auto ana = world.called("joel");
    REQUIRE(world.they_write("34612345678", "please stop by at 5").status == 200);
    const json asked = world.get_as("joel", prompt_path(ana.prompt)).object();
    CHECK(asked["question"] == "stop");
    CHECK(asked["section"] == "question");
    CHECK(wrong_fields(world.post_as("joel", prompt_path(ana.prompt, "/answer"), json::object())) ==
          std::vector<std::string>{"stop"});
    const Reply answered =
        world.post_as("joel", prompt_path(ana.prompt, "/answer"), {{"stop", true}});
    INFO(answered.body);
    CHECK(answered.object()["contact"]["opted_out"] == true);
    CHECK(answered.object()["contact"]["reply_status"] == "opted_out");
}

TEST_CASE("opting out by phone closes the outreach and keeps them out") {
    World world;
    const auto ana = world.called("joel");
    const Reply out =
        world.post_as("joel", contact_path(ana.contact) + "/opt_out", {{"how", "on the phone"}});
    CHECK(out.object()["contact"]["reply_status"] == "opted_out");
    CHECK(out.object()["contact"]["outreach"]["reason"] == "opted_out");
    const Reply again =
        world.post("/api/v1/outreaches", {{"contact_id", ana.contact}, {"cadence", "gentle"}});
    CHECK(again.status == 409);
}

TEST_CASE("who may see a contact may erase them, once; then there is no such contact") {
    World world;
    const auto ana = world.called("sam");
    const auto as = [&](const char* rep, std::string_view method) {
        return world.send(method, contact_path(ana.contact), {}, {world.rep_bearer.at(rep)});
    };
    CHECK(as("joel", "DELETE").status == 404);
    CHECK(as("sam", "GET").object()["name"] == "Ana Pérez");
    const Reply erased = as("sam", "DELETE");
    INFO(erased.body);
    REQUIRE(erased.status == 200);
    CHECK(erased.object()["contact_id"] == ana.contact);
    CHECK(erased.object()["replies"] == 1);
    CHECK(erased.object()["left"].is_null());
    CHECK(as("sam", "GET").status == 404);
    CHECK(as("sam", "DELETE").status == 404);
    CHECK(world.get(contact_path(ana.contact)).status == 404);
    CHECK(world.get("/api/v1/contacts").object()["items"].empty());
    CHECK(world.get("/api/v1/prompts?rep=sam&state=open").object()["items"].empty());
    const Reply again = world.post("/api/v1/contacts", new_contact("Ana", "+34612345678", "sam"));
    REQUIRE(again.status == 201);
    CHECK(again.object()["opted_out"] == true);
}

TEST_CASE("a rep writes while the window is open, and is told why not when it is closed") {
    World world;
    const auto ana = world.called("joel");
    CHECK(
        world.post_as("joel", contact_path(ana.contact) + "/messages", {{"text", "Glad to hear!"}})
            .status == 202);
    const json talk = world.get_as("joel", contact_path(ana.contact) + "/conversation").object();
    CHECK(talk["window_open_until"] == "2026-11-23T10:00:00Z");
    REQUIRE_FALSE(talk["items"].empty());
    CHECK(talk.dump().find("I'm well, thank you!") != std::string::npos);
    world.advance(25h);
    const Reply closed =
        world.post_as("joel", contact_path(ana.contact) + "/messages", {{"text", "Still there?"}});
    CHECK(closed.status == 409);
    CHECK_FALSE(closed.object()["detail"].get<std::string>().empty());
}

TEST_CASE("two records of one person become one; the live outreach is never lost by it") {
    World world;
    const auto ana = world.called("joel");
    const auto other = world.post("/api/v1/contacts", new_contact("Ana P.", "+34612345679"))
                           .object()["id"]
                           .get<std::int64_t>();
    const Reply wrong = world.post(contact_path(ana.contact) + "/merge", {{"into", other}});
    CHECK(wrong.status == 409);
    CHECK(wrong.object()["type"] == "urn:warmcall:problem:merge_the_other_way");
    const Reply merged = world.post(contact_path(other) + "/merge", {{"into", ana.contact}});
    INFO(merged.body);
    CHECK(merged.status == 200);
    CHECK(merged.object()["contact"]["id"] == ana.contact);
    CHECK(merged.object()["prompt"]["id"] == ana.prompt);
    CHECK(world.post(contact_path(ana.contact) + "/merge", {{"into", ana.contact}}).status == 422);
}

TEST_CASE("a merge that comes twice is once") {
    World world;
    const auto ana = world.called("joel");
    const auto other = world.post("/api/v1/contacts", new_contact("Ana P.", "+34612345679"))
                           .object()["id"]
                           .get<std::int64_t>();
    const std::string merge = contact_path(other) + "/merge";
    REQUIRE(world.post(merge, {{"into", ana.contact}}).status == 200);
    const Reply again = world.post(merge, {{"into", ana.contact}});
    CHECK(again.status == 200);
    CHECK(again.object()["prompt"]["id"] == ana.prompt);
    const Reply back = world.post(contact_path(ana.contact) + "/merge", {{"into", other}});
    CHECK(back.status == 200);
    CHECK(back.object()["contact"]["id"] == ana.contact);
    CHECK(back.object()["prompt"]["id"] == ana.prompt);
}

TEST_CASE("who asked to stop under one record is left alone under the other") {
    World world;
    const auto ana = world.called("joel");
    const auto other = world.post("/api/v1/contacts", new_contact("Ana P.", "+34612345679"))
                           .object()["id"]
                           .get<std::int64_t>();
    REQUIRE(world.post(contact_path(other) + "/opt_out", {{"how", "on the phone"}}).status == 200);
    const Reply merged = world.post(contact_path(other) + "/merge", {{"into", ana.contact}});
    REQUIRE(merged.status == 200);
    const json contact = merged.object()["contact"];
    CHECK(contact["opted_out"] == true);
    CHECK(contact["prompt"].is_null());
    CHECK(contact["outreach"]["phase"] == "closed");
    CHECK(contact["outreach"]["reason"] == "opted_out");
}

TEST_CASE("the same Idempotency-Key is one effect and one answer, also when both come at once") {
    World world;
    const auto ana = world.called("joel");
    const json text{{"text", "Glad to hear!"}};
    const std::string path = contact_path(ana.contact) + "/messages";
    std::vector<Reply> replies(6);
    {
        std::vector<std::jthread> threads;
        for (Reply& reply : replies)
            threads.emplace_back(
                [&] { reply = world.post_as("joel", path, text, {{"Idempotency-Key", "tap-1"}}); });
    }
    for (const Reply& reply : replies) {
        CHECK(reply.status == 202);
        CHECK(reply.body == replies.front().body);
    }
    const auto texts = [&] {
        int n = 0;
        const json conversation =
            world.get_as("joel", contact_path(ana.contact) + "/conversation").object();
        for (const json& item : conversation["items"])
            n += item["text"] == "Glad to hear!" ? 1 : 0;
        const json contact = world.get(contact_path(ana.contact)).object();
        for (const json& item : contact["timeline"])
            n += item["what"] == "wrote" ? 1 : 0;
        return n;
    };
    const int once = texts();
    CHECK(once >= 1);
    CHECK(world.post_as("joel", path, text, {{"Idempotency-Key", "tap-1"}})
              .header("Idempotent-Replayed") == "true");
    CHECK(texts() == once);
    CHECK(world.post_as("joel", path, text, {{"Idempotency-Key", "tap-2"}}).status == 202);
    CHECK(texts() == 2 * once);
}

TEST_CASE(
    "a key used for something else is refused; a request that was refused may be corrected under "
    "its key") {
    World world;
    const Headers key{{"Idempotency-Key", "k"}};
    json wish = new_contact("Ana", "12");
    CHECK(world.post("/api/v1/contacts", wish, key).status == 422);
    wish["phone"] = "+34612345678";
    const Reply made = world.post("/api/v1/contacts", wish, key);
    CHECK(made.status == 201);
    CHECK(world.post("/api/v1/contacts", wish, key).body == made.body);
    wish["name"] = "Bo";
    const Reply other = world.post("/api/v1/contacts", wish, key);
    CHECK(other.status == 422);
    CHECK(other.object()["type"] == "urn:warmcall:problem:key_used");
    CHECK(
        world.post("/api/v1/contacts", wish, {{"Idempotency-Key", std::string(201, 'k')}}).status ==
        400);
}

TEST_CASE("a token of the installation says for whom it acts") {
    World world;
    const auto ana = world.called("joel");
    const std::string claim = prompt_path(ana.prompt, "/claim");
    CHECK(wrong_fields(world.post(claim, json::object())) == std::vector<std::string>{"rep"});
    CHECK(wrong_fields(world.post(claim, {{"rep", "nobody"}})) == std::vector<std::string>{"rep"});
    CHECK(world.post(claim, json::object(), {{"X-Warmcall-Rep", "joel"}})
              .object()["prompt"]["claimed_by"] == "joel");
    CHECK(world.post(claim, {{"rep", "joel"}}).status == 200);
    CHECK(world.post_as("sam", claim, {{"rep", "joel"}}).status == 422);
}

TEST_CASE("settings show reps, channels and templates with what is wrong with them") {
    World world;
    CHECK(world.get("/api/v1/reps").object()["items"].size() == 4);
    const json channel = world.get("/api/v1/channels").object()["items"][0];
    CHECK(channel["id"] == "main");
    CHECK(channel["webhook_url"] == "http://warmcall.test/webhooks/main");
    CHECK(world.get("/api/v1/templates").object()["items"].size() == 3);
    const json me = world.get_as("joel", "/api/v1/me").object();
    CHECK(me["rep"]["id"] == "joel");
    CHECK(me["token"] == "of joel");
    CHECK(me["cadences"][0] == json{{"name", "gentle"}, {"title", "Gentle"}});
    CHECK(world.get("/api/v1/me").object()["rep"].is_null());
}

TEST_CASE("a channel that rests says so on the day and among the channels, with until when") {
    World world;
    CHECK(world.get_as("joel", "/api/v1/today").object()["provider_ok"] == true);
    CHECK(world.get("/api/v1/channels").object()["items"][0]["back_at"].is_null());
    const json ban{{"event", "DISABLED_UPDATE"}, {"ban_info", {{"waba_ban_state", "DISABLE"}}}};
    REQUIRE(world.webhook(news_of("account_update", ban)).status == 200);
    CHECK(world.get_as("joel", "/api/v1/today").object()["provider_ok"] == false);
    const json channel = world.get("/api/v1/channels").object()["items"][0];
    CHECK(channel["working"] == false);
    CHECK_THAT(channel["problem"].get<std::string>(),
               Catch::Matchers::StartsWith("The provider says: "));
    CHECK(channel["back_at"].is_string());
}

TEST_CASE("a text that its provider paused is shown as one that does not go") {
    World world;
    json wish = new_contact("Ana", "+34612345678");
    wish["consent"] = consent();
    const std::string path = contact_path(world.post("/api/v1/contacts", wish).object()["id"]);
    CHECK(world.get(path).object()["ways"][0]["verdict"] == "go");
    const json paused{{"event", "PAUSED"},
                      {"message_template_name", "wellbeing"},
                      {"message_template_language", "en"}};
    REQUIRE(world.webhook(news_of("message_template_status_update", paused)).status == 200);
    CHECK(world.get(path).object()["ways"][0]["verdict"] == "template_not_approved");
}

TEST_CASE(
    "a consent may name the ways it covers, and the contact shows which way a text would go") {
    World world;
    json wish = new_contact("Ana", "+34612345678");
    wish["consent"] = consent();
    wish["consent"]["covers"] = {"sms", "sms"};
    const Reply made = world.post("/api/v1/contacts", wish);
    INFO(made.body);
    REQUIRE(made.status == 201);
    const std::string path = contact_path(made.object()["id"].get<std::int64_t>());
    json ana = world.get(path).object();
    CHECK(ana["consent"]["covers"] == json{"sms"});
    for (const json& way : ana["ways"])
        if (way["channel"] == "main") {
            CHECK(way["verdict"] == "not_agreed");
            CHECK(way["sentence"] == "They agreed to SMS, not to WhatsApp over main.");
        }

    const auto patched = [&](const json& covers) {
        json changed{{"consent", consent()}};
        changed["consent"]["covers"] = covers;
        return world.send("PATCH", path, changed.dump(),
                          {world.bearer, {"Content-Type", "application/json"}});
    };
    CHECK(patched({"main", "sms"}).object()["consent"]["covers"] == json{"main", "sms"});
    CHECK(patched({"telegram"}).status == 422);
    const json without{
        {"consent", consent()}};  // says nothing of the ways: they stay what they were
    const Reply kept = world.send("PATCH", path, without.dump(),
                                  {world.bearer, {"Content-Type", "application/json"}});
    CHECK(kept.object()["consent"]["covers"] == json{"main", "sms"});
    CHECK(patched(json::array()).object()["consent"]["covers"] == json::array());
}

TEST_CASE("the end may come while a tap under a key is still under way") {
    const auto rung = std::make_shared<int>(0);
    World world{{.rung = rung, .line_hangs = true}};
    const auto ana = world.called("joel");
    world.leave("POST", prompt_path(ana.prompt, "/ring"), "{}",
                {{"Cookie", world.sign_in("joel")},
                 {"X-Requested-With", "warmcall"},
                 {"Origin", "http://warmcall.test"},
                 {"Content-Type", "application/json"},
                 {"Idempotency-Key", "tap"}});
    while (*rung == 0)
        REQUIRE(world.send("GET", "/healthz").status == 200);
}

TEST_CASE("a key is for one rep, and an answer given again says where to find it, too") {
    World world;
    const Headers key{{"Idempotency-Key", "k"}};
    const json wish = new_contact("Ana", "+34612345678");
    const Reply made = world.post("/api/v1/contacts", wish, key);
    REQUIRE(made.status == 201);
    CHECK_FALSE(made.header("Location").empty());
    CHECK(world.post("/api/v1/contacts", wish, key).header("Location") == made.header("Location"));
    const Headers for_sam{key.front(), {"X-Warmcall-Rep", "sam"}};
    CHECK(world.post("/api/v1/contacts", wish, for_sam).status == 422);
    const auto file = [&] {
        return world.send("POST", "/api/v1/contacts/import?rep=joel", "name,phone\n",
                          {world.bearer, {"Content-Type", "text/csv"}, {"Idempotency-Key", "f"}});
    };
    const std::string job = file().header("Location");
    CHECK_FALSE(job.empty());
    CHECK(file().header("Location") == job);
}

TEST_CASE("what lets somebody in is not kept for a second try") {
    World world;
    for (const char* path : {"/api/v1/reps/joel/sign_in_link", "/api/v1/calendar/rotate"}) {
        const Headers key{{"Idempotency-Key", path}, {"X-Warmcall-Rep", "joel"}};
        const Reply first = world.post(path, json::object(), key);
        REQUIRE(first.status < 300);
        const Reply second = world.post(path, json::object(), key);
        CHECK(second.header("Idempotent-Replayed").empty());
        CHECK(second.body != first.body);
    }
}

TEST_CASE("whoever asked to stop is not to be written to, and nobody is advised to begin again") {
    World world;
    const auto ana = world.called("joel");
    REQUIRE(world.post(contact_path(ana.contact) + "/opt_out", json::object()).status == 200);
    const json talk = world.get(contact_path(ana.contact) + "/conversation").object();
    CHECK(talk["may_write"] == false);
    CHECK(talk["why_not_code"] == "suppressed");
    CHECK(talk["why_not"] == "Ana asked to stop. You can't write.");
}

TEST_CASE("a card says when they answered last, and who called them when") {
    World world;
    const auto ana = world.called("joel");
    world.advance(std::chrono::minutes{5});
    REQUIRE(world.they_write("34612345678", "And you?").status == 200);
    json prompt = world.get_as("joel", prompt_path(ana.prompt)).object();
    CHECK(prompt["raised_at"] == "2026-11-22T10:00:00Z");
    CHECK(prompt["replied_at"] == "2026-11-22T10:05:00Z");
    CHECK(prompt["called_at"].is_null());
    CHECK(prompt["called_by"].is_null());
    world.advance(std::chrono::minutes{1});
    REQUIRE(world.post_as("sam", prompt_path(ana.prompt, "/dial"), json::object()).status == 200);
    prompt = world.get_as("joel", prompt_path(ana.prompt)).object();
    CHECK(prompt["called_at"] == "2026-11-22T10:06:00Z");
    CHECK(prompt["called_by"] == "sam");
    CHECK(prompt["called_by_name"] == "Sam");
    CHECK(prompt["owner"] == "joel");
    CHECK(prompt["owner_name"] == "Joel");
    world.advance(std::chrono::minutes{12});
    REQUIRE(world.post_as("sam", prompt_path(ana.prompt, "/ended"), json::object()).status == 200);
    prompt = world.get_as("joel", prompt_path(ana.prompt)).object();
    CHECK(prompt["called_by"] == "sam");
    CHECK(prompt["called_at"] == "2026-11-22T10:06:00Z");  // when it was dialled, not when it ended
}

TEST_CASE("whoever wrote last stands first, also where the prompt is older") {
    World world;
    const auto ana = world.called("joel");
    world.advance(5min);
    const auto farid = world.called("joel", "Farid Al Amiri", "971501234567");
    const auto names = [&] {
        const json today = world.get_as("joel", "/api/v1/today").object();
        std::vector<std::string> found;
        for (const json& prompt : today["prompts"])
            found.push_back(prompt["contact"]["name"]);
        return found;
    };
    CHECK(names() == std::vector<std::string>{"Farid Al Amiri", "Ana Pérez"});
    world.advance(5min);
    REQUIRE(world.they_write("34612345678", "And you?").status == 200);
    CHECK(names() == std::vector<std::string>{"Ana Pérez", "Farid Al Amiri"});
    CHECK(world.get_as("joel", prompt_path(ana.prompt)).object()["raised_at"] <
          world.get_as("joel", prompt_path(farid.prompt)).object()["raised_at"]);
}

TEST_CASE("open prompts are read page by page, none twice and none left out") {
    World world;
    std::set<std::int64_t> prompts;
    for (int i = 0; i < 5; ++i)
        prompts.insert(
            world.called("joel", "Ana " + std::to_string(i), "3461234560" + std::to_string(i))
                .prompt);
    std::multiset<std::int64_t> listed;
    std::string after;
    int pages = 0;
    do {
        const json page = world.get_as("joel", "/api/v1/prompts?limit=2" + after).object();
        for (const json& prompt : page["items"])
            listed.insert(prompt["id"].get<std::int64_t>());
        after = page["next"].is_null() ? "" : "&after=" + page["next"].get<std::string>();
    } while (!after.empty() && ++pages < 10);
    CHECK(listed == std::multiset<std::int64_t>{prompts.begin(), prompts.end()});
    CHECK(world.get_as("joel", "/api/v1/prompts?after=nonsense").status == 422);
}
