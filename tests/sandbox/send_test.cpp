#include <functional>

#include "sandbox/world.hpp"
#include "support/catch.hpp"

using namespace sandbox_tests;

namespace {

struct Refused {
    const char* why;
    std::function<void(Json&)> change;
    int status;
    int code;
    const char* says;  // somewhere in the message or the details
};

void check_refusal(const Heard& heard, int status, int code, const std::string& says) {
    CHECK(heard.status == status);
    const Json body = heard.json();
    REQUIRE(body.contains("error"));
    const Json& error = body["error"];
    CHECK(error["code"] == code);
    CHECK(error["type"] == "OAuthException");
    CHECK(error["fbtrace_id"].get<std::string>().starts_with("A"));
    CHECK_THAT(error.dump(), Catch::Contains(says));
    if (error.contains("error_data"))
        CHECK(error["error_data"]["messaging_product"] == "whatsapp");
}

Json buttons(std::size_t count, const std::string& title = "Yes ") {
    Json list = Json::array();
    for (std::size_t i = 0; i < count; ++i)
        list.push_back(
            {{"type", "reply"},
             {"reply", {{"id", "b" + std::to_string(i)}, {"title", title + std::to_string(i)}}}});
    return {{"type", "button"}, {"body", {{"text", "Well?"}}}, {"action", {{"buttons", list}}}};
}

Json interactive_to(const std::string& number, Json interactive) {
    return {{"messaging_product", "whatsapp"},
            {"to", number},
            {"type", "interactive"},
            {"interactive", std::move(interactive)}};
}

Json& body_parameters(Json& send) {
    return send["template"]["components"][0]["parameters"];
}

}  // namespace

TEST_CASE("a template message is taken and answered with an id, the input and the wa_id") {
    World world;
    const Heard heard = world.send(wellbeing_to("+61 491 570-156"));
    REQUIRE(heard.status == 200);
    const Json body = heard.json();
    CHECK(body["messaging_product"] == "whatsapp");
    CHECK(body["contacts"] ==
          Json::array({{{"input", "+61 491 570-156"}, {"wa_id", "61491570156"}}}));
    CHECK(body["messages"][0]["id"].get<std::string>().starts_with("wamid."));
    CHECK(body["messages"][0]["message_status"] == "accepted");
    CHECK(heard.headers.at("content-type") == "application/json; charset=UTF-8");
}

TEST_CASE("the path may carry a version or none") {
    World world;
    world.opened(ines);
    for (const std::string version : {"", "/v24.0", "/v23.0"}) {
        const Heard heard =
            world.graph("POST", version + "/" + number_id + "/messages", text_to(ines));
        CHECK(heard.status == 200);
        CHECK_FALSE(heard.json()["messages"][0].contains("message_status"));
    }
    CHECK(world.graph("POST", std::string{"/version/"} + number_id + "/messages", text_to(ines))
              .status == 400);
}

TEST_CASE("without the right token nothing is taken") {
    World world;
    const std::string path = std::string{"/v24.0/"} + number_id + "/messages";
    const std::string body = wellbeing_to(ines).dump();
    for (const std::vector<std::string>& headers : {std::vector<std::string>{},
                                                    {"Authorization: Bearer another token"},
                                                    {"Authorization: Bearer "},
                                                    {"Authorization: Basic dGhl"}}) {
        const Heard heard = ask(world.port, "POST", path, body, headers);
        check_refusal(heard, 401, 190, "Invalid OAuth access token");
    }
    CHECK(world.entries("accepted").empty());
    world.control("settings", {{"token_valid", false}});
    check_refusal(world.send(wellbeing_to(ines)), 401, 190, "token");
}

TEST_CASE("a message of the wrong shape is refused as Meta refuses it") {
    World world;
    world.opened(ines);
    const std::vector<Refused> table{
        {"no messaging_product", [](Json& j) { j.erase("messaging_product"); }, 400, 100,
         "The parameter messaging_product is required"},
        {"another product", [](Json& j) { j["messaging_product"] = "sms"; }, 400, 100,
         "messaging_product must be one of"},
        {"no to", [](Json& j) { j.erase("to"); }, 400, 100, "The parameter to is required"},
        {"to is a word", [](Json& j) { j["to"] = "Ines"; }, 400, 131009,
         "not a valid phone number"},
        {"to is short", [](Json& j) { j["to"] = "+6149"; }, 400, 131009,
         "not a valid phone number"},
        {"to is a list", [](Json& j) { j["to"] = Json::array(); }, 400, 131009,
         "not a valid phone number"},
        {"to ourselves", [](Json& j) { j["to"] = "+1 202 555 0101"; }, 400, 131021,
         "Recipient cannot be sender"},
        {"unknown type", [](Json& j) { j["type"] = "poll"; }, 400, 131051,
         "not currently supported"},
        {"no text object", [](Json& j) { j.erase("text"); }, 400, 100,
         "The parameter text is required"},
        {"empty text", [](Json& j) { j["text"]["body"] = ""; }, 400, 100,
         "text['body'] is required"},
        {"text is a number", [](Json& j) { j["text"]["body"] = 7; }, 400, 100,
         "text['body'] is required"},
        {"text too long", [](Json& j) { j["text"]["body"] = std::string(4097, 'a'); }, 400, 100,
         "at most 4096 characters"},
        {"a key that is none", [](Json& j) { j["text"]["boody"] = "x"; }, 400, 100,
         "Unexpected key \\\"boody\\\""},
        {"opaque data of another kind", [](Json& j) { j["biz_opaque_callback_data"] = 5; }, 400,
         131009, "biz_opaque_callback_data"},
        {"opaque data too long",
         [](Json& j) { j["biz_opaque_callback_data"] = std::string(513, 'x'); }, 400, 131009,
         "512"},
        {"a group", [](Json& j) { j["recipient_type"] = "group"; }, 400, 131009, "recipient_type"},
    };
    for (const Refused& row : table) {
        INFO(row.why);
        Json body = text_to(ines);
        row.change(body);
        check_refusal(world.send(body), row.status, row.code, row.says);
    }
    check_refusal(world.send_raw("{\"messaging_product\":"), 400, 100, "not JSON");
    check_refusal(world.send_raw("[]"), 400, 100, "Invalid parameter");
    check_refusal(world.send_raw(std::string(100, '[') + std::string(100, ']')), 400, 100,
                  "nested deeper");
    CHECK(world.send(text_to(ines, std::string(4096, 'a'))).status == 200);
    CHECK(world.entries("accepted").size() == 1);
}

TEST_CASE("a template message has to fit its template") {
    World world;
    const std::vector<Refused> table{
        {"unknown name", [](Json& j) { j["template"]["name"] = "nothing"; }, 404, 132001,
         "template name (nothing) does not exist in en_US"},
        {"unknown language", [](Json& j) { j["template"]["language"]["code"] = "fr"; }, 404, 132001,
         "does not exist in fr"},
        {"no name", [](Json& j) { j["template"].erase("name"); }, 400, 100,
         "template['name'] is required"},
        {"no language", [](Json& j) { j["template"].erase("language"); }, 400, 100,
         "template['language']['code'] is required"},
        {"one parameter too few", [](Json& j) { body_parameters(j).erase(1); }, 400, 132000,
         "number of localizable_params (1)"},
        {"no parameters", [](Json& j) { j["template"].erase("components"); }, 400, 132000,
         "number of localizable_params (0)"},
        {"one too many", [](Json& j) { body_parameters(j).push_back(body_parameters(j)[0]); }, 400,
         132000, "expected number of params (2)"},
        {"no parameter name", [](Json& j) { body_parameters(j)[0].erase("parameter_name"); }, 400,
         132012, "Parameter name is missing"},
        {"another name", [](Json& j) { body_parameters(j)[0]["parameter_name"] = "nick"; }, 400,
         132012, "nick does not exist"},
        {"a name twice", [](Json& j) { body_parameters(j)[0]["parameter_name"] = "rep_name"; }, 400,
         132012, "given twice"},
        {"not a text", [](Json& j) { body_parameters(j)[0]["type"] = "image"; }, 400, 132012,
         "expected TEXT, received image"},
        {"an empty value", [](Json& j) { body_parameters(j)[0]["text"] = ""; }, 400, 131008,
         "missing text value"},
        {"a line break", [](Json& j) { body_parameters(j)[0]["text"] = "Ines\nM"; }, 400, 132018,
         "new-line"},
        {"too long in all", [](Json& j) { body_parameters(j)[0]["text"] = std::string(1000, 'n'); },
         400, 132005, "longer than 1024"},
        {"an unknown part", [](Json& j) { j["template"]["components"][0]["type"] = "tail"; }, 400,
         100, "component of type 'tail'"},
        {"a button that is not there",
         [](Json& j) {
             j["template"]["components"].push_back(
                 {{"type", "button"},
                  {"sub_type", "quick_reply"},
                  {"index", "5"},
                  {"parameters", {{{"type", "payload"}, {"payload", "p"}}}}});
         },
         400, 132018, "Button index"},
        {"a policy of its own", [](Json& j) { j["template"]["language"]["policy"] = "fallback"; },
         400, 100, "DETERMINISTIC"},
    };
    for (const Refused& row : table) {
        INFO(row.why);
        Json body = wellbeing_to(ines);
        row.change(body);
        check_refusal(world.send(body), row.status, row.code, row.says);
    }
    CHECK(world.entries("accepted").empty());
}

TEST_CASE("positional parameters go by their place, and are not mixed with names") {
    World world;
    Json body{
        {"messaging_product", "whatsapp"},
        {"to", ines},
        {"type", "template"},
        {"template",
         {{"name", "old_style"},
          {"language", {{"code", "hi"}, {"policy", "deterministic"}}},
          {"components",
           {{{"type", "body"},
             {"parameters",
              {{{"type", "text"}, {"text", "Ines"}}, {{"type", "text"}, {"text", "Joel"}}}}}}}}}};
    CHECK(world.send(body).status == 200);
    CHECK(world.view("messages")["messages"][0]["text"] == "Namaste Ines, yours Joel.");
    body_parameters(body)[0]["parameter_name"] = "first_name";
    check_refusal(world.send(body), 400, 132012, "positional");
}

TEST_CASE("a link button of a template needs the end of its link") {
    World world;
    Json body{{"messaging_product", "whatsapp"},
              {"to", farid},
              {"type", "template"},
              {"template",
               {{"name", "rep_notice"},
                {"language", {{"code", "en_US"}}},
                {"components",
                 {{{"type", "body"},
                   {"parameters",
                    {{{"type", "text"}, {"parameter_name", "name"}, {"text", "Ines"}}}}}}}}}};
    check_refusal(world.send(body), 400, 131008, "of type Url requires a parameter");
    body["template"]["components"].push_back(
        {{"type", "button"},
         {"sub_type", "url"},
         {"index", "0"},
         {"parameters", {{{"type", "text"}, {"text", "tok123"}}}}});
    CHECK(world.send(body).status == 200);
    const Json bubble = world.view("messages")["messages"][0];
    CHECK(bubble["payloads"][0] == "https://example.org/p/tok123");
    CHECK(world.view("contacts")["contacts"][0]["rep"] == true);
}

TEST_CASE("a paused, disabled or rejected template is not sent") {
    World world;
    const auto set = [&](const char* event) {
        CHECK(world
                  .control("template-event",
                           {{"name", "wellbeing"}, {"language", "en_US"}, {"event", event}})
                  .status == 200);
    };
    set("PAUSED");
    check_refusal(world.send(wellbeing_to(ines)), 400, 132015, "Template is Paused");
    set("DISABLED");
    check_refusal(world.send(wellbeing_to(ines)), 400, 132016, "Template is Disabled");
    set("REJECTED");
    check_refusal(world.send(wellbeing_to(ines)), 404, 132001, "not approved");
    set("REINSTATED");
    CHECK(world.send(wellbeing_to(ines)).status == 200);
}

TEST_CASE("interactive messages keep to WhatsApp's lengths and counts") {
    World world;
    world.opened(ines);
    const auto code = [&](const Json& interactive) {
        return code_of(world.send(interactive_to(ines, interactive)));
    };
    CHECK(code(buttons(3)) == 0);
    CHECK(code(buttons(4)) == 131009);
    CHECK(code(buttons(0)) == 131009);
    CHECK(code(buttons(1, std::string(20, 't'))) == 131009);  // and a digit: 21
    CHECK(code(buttons(1, std::string(19, 't'))) == 0);
    Json doubled = buttons(2);
    doubled["action"]["buttons"][1]["reply"]["id"] = "b0";
    CHECK(code(doubled) == 131009);
    Json no_body = buttons(1);
    no_body["body"]["text"] = "";
    CHECK(code(no_body) == 131009);
    Json long_footer = buttons(1);
    long_footer["footer"]["text"] = std::string(61, 'f');
    CHECK(code(long_footer) == 131009);

    Json rows = Json::array();
    for (int i = 0; i < 10; ++i)
        rows.push_back({{"id", "r" + std::to_string(i)}, {"title", "Row " + std::to_string(i)}});
    Json list{
        {"type", "list"},
        {"body", {{"text", "When?"}}},
        {"action", {{"button", "Choose"}, {"sections", {{{"title", "Days"}, {"rows", rows}}}}}}};
    CHECK(code(list) == 0);
    list["action"]["sections"][0]["rows"].push_back({{"id", "r10"}, {"title", "Row 10"}});
    CHECK(code(list) == 131009);
    CHECK(
        code({{"type", "cta_url"},
              {"body", {{"text", "See"}}},
              {"action",
               {{"parameters", {{"display_text", "Open"}, {"url", "https://a.example/p/1"}}}}}}) ==
        0);
    CHECK(code({{"type", "dance"}, {"body", {{"text", "See"}}}}) == 131009);
}

TEST_CASE("a number without its plus goes to a stranger, and the ledger shows whom") {
    World world;
    Json body = wellbeing_to("61491570156");
    const Heard heard = world.send(body);
    REQUIRE(heard.status == 200);
    CHECK(heard.json()["contacts"][0] == Json{{"input", "61491570156"}, {"wa_id", "161491570156"}});
    const Json taken = world.entries("accepted").at(0);
    CHECK(taken["wa_id"] == "161491570156");
}

TEST_CASE("Brazilian, Mexican and Argentinian numbers are answered with another wa_id") {
    World world;
    const auto wa_id = [&](const char* number) {
        return world.send(wellbeing_to(number)).json()["contacts"][0]["wa_id"].get<std::string>();
    };
    CHECK(wa_id("+5531987654321") == "553187654321");
    CHECK(wa_id("+5511987654321") == "5511987654321");
    CHECK(wa_id("+525512345678") == "5215512345678");
    CHECK(wa_id("+541123456789") == "5491123456789");
}

TEST_CASE("outside the 24 hours a free text fails later, or at once when so set") {
    World world;
    CHECK(world.send(text_to(ines)).status == 200);
    world.flush();
    REQUIRE(world.statuses().size() == 1);
    CHECK(world.statuses()[0]["status"] == "failed");
    CHECK(world.statuses()[0]["errors"][0]["code"] == 131047);

    world.control("settings", {{"closed_window", "refused-at-once"}});
    check_refusal(world.send(text_to(ines)), 400, 131047, "more than 24 hours");
    world.opened(ines);
    CHECK(world.send(text_to(ines)).status == 200);
    world.advance(std::chrono::hours{24} - std::chrono::minutes{1});
    CHECK(world.send(text_to(ines)).status == 200);
    world.advance(std::chrono::minutes{2});
    check_refusal(world.send(text_to(ines)), 400, 131047, "more than 24 hours");
    CHECK(world.send(wellbeing_to(ines)).status == 200);
    world.control("reply", {{"from", ines}, {"type", "reaction"}, {"about", "last"}});
    CHECK(world.send(text_to(ines)).status == 200);
    world.advance(std::chrono::hours{25});
    CHECK(code_of(world.send(text_to(ines))) == 131047);
    world.control("call", {{"from", ines}});
    CHECK(world.send(text_to(ines)).status == 200);
}

TEST_CASE("whom WhatsApp does not reach is told by a failed status") {
    World world;
    const auto failure = [&](const Json& body) {
        const std::string id = world.send(body).json()["messages"][0]["id"];
        world.flush();
        for (const Json& status : world.statuses()) {
            if (status["id"] == id)
                return status["status"] == "failed" ? status["errors"][0]["code"].get<int>() : 0;
        }
        return -1;
    };
    CHECK(failure(wellbeing_to(ines)) == 0);
    CHECK(failure(wellbeing_to("+12025550123")) == 131049);  // marketing to the United States
    CHECK(failure(wellbeing_to("+16135550123")) == 0);       // Canada is not
    world.control("contact", {{"phone", ines}, {"on_whatsapp", false}});
    CHECK(failure(wellbeing_to(ines)) == 131026);
    world.control("stop-marketing", {{"from", farid}});
    CHECK(failure(wellbeing_to(farid)) == 131050);
    world.control("stop-marketing", {{"from", farid}, {"value", "resume"}});
    CHECK(failure(wellbeing_to(farid)) == 0);
}

TEST_CASE("one person gets no more than 45 at once, and then one in six seconds") {
    World world;
    int taken = 0;
    Heard heard;
    while ((heard = world.send(wellbeing_to(ines))).status == 200)
        ++taken;
    CHECK(taken >= 45);
    CHECK(taken <= 47);  // a slow machine earns one or two more
    check_refusal(heard, 400, 131056, "pair rate limit");
    CHECK(world.send(wellbeing_to(farid)).status == 200);
    world.advance(std::chrono::seconds{7});
    CHECK(world.send(wellbeing_to(ines)).status == 200);
    world.control("settings", {{"pair_limit", false}});
    for (int i = 0; i < 5; ++i)
        CHECK(world.send(wellbeing_to(ines)).status == 200);
}

TEST_CASE("a number sends no more than its messages a second") {
    auto options = usual();
    options.behaviour.sends_per_second_max = 1;
    World world{options};
    CHECK(world.send(wellbeing_to(ines)).status == 200);
    check_refusal(world.send(wellbeing_to(farid)), 429, 130429, "Rate limit hit");
    world.advance(std::chrono::seconds{1});
    CHECK(world.send(wellbeing_to(farid)).status == 200);
}

TEST_CASE("a message that came in can be marked as read, with or without typing") {
    World world;
    const std::string wamid = world.opened(ines);
    const Heard heard =
        world.send({{"messaging_product", "whatsapp"}, {"status", "read"}, {"message_id", wamid}});
    CHECK(heard.status == 200);
    CHECK(heard.json() == Json{{"success", true}});
    CHECK(world
              .send({{"messaging_product", "whatsapp"},
                     {"status", "read"},
                     {"message_id", wamid},
                     {"typing_indicator", {{"type", "text"}}}})
              .status == 200);
    CHECK(code_of(world.send({{"messaging_product", "whatsapp"},
                              {"status", "read"},
                              {"message_id", "wamid.other"}})) == 100);
    CHECK(code_of(world.send({{"messaging_product", "whatsapp"},
                              {"status", "delivered"},
                              {"message_id", wamid}})) == 100);
}

TEST_CASE("the number, the account and the history of a message can be read") {
    World world;
    const Json node = world
                          .graph("GET", std::string{"/v24.0/"} + number_id +
                                            "?fields=display_phone_number,health_status,whatsapp_"
                                            "business_manager_messaging_limit")
                          .json();
    CHECK(node["display_phone_number"] == "+1 202-555-0101");
    CHECK(node["health_status"]["can_send_message"] == "AVAILABLE");
    CHECK(node["id"] == number_id);
    CHECK(code_of(world.graph("GET", std::string{"/"} + number_id + "?fields=shoe_size")) == 100);
    CHECK(world.graph("GET", std::string{"/"} + waba_id).json()["id"] == waba_id);

    const std::string id = world.send(wellbeing_to(ines)).json()["messages"][0]["id"];
    world.flush();
    const Json history =
        world.graph("GET", std::string{"/v24.0/"} + number_id + "/message_history?message_id=" + id)
            .json();
    std::vector<std::string> events;
    for (const Json& event : history["data"][0]["events"]["data"])
        events.push_back(event["delivery_status"]);
    CHECK(events == std::vector<std::string>{"ACCEPTED", "SENT", "DELIVERED", "READ"});
    CHECK(
        world.graph("GET", std::string{"/"} + number_id + "/message_history?message_id=wamid.none")
            .json()["data"]
            .empty());
}

TEST_CASE("what Graph does not have it refuses in Graph's way") {
    World world;
    const Heard object = world.graph("POST", "/v24.0/12345/messages", text_to(ines));
    CHECK(object.status == 400);
    CHECK(object.json()["error"]["type"] == "GraphMethodException");
    CHECK(object.json()["error"]["error_subcode"] == 33);
    const Heard path =
        world.graph("POST", std::string{"/v24.0/"} + number_id + "/massages", text_to(ines));
    CHECK(path.status == 404);
    CHECK(path.json()["error"]["code"] == 2500);
}

TEST_CASE("templates are made, listed page by page, edited and deleted") {
    World world;
    const std::string edge = std::string{"/v24.0/"} + waba_id + "/message_templates";
    Json made{{"name", "wellbeing_v2"},
              {"language", "en_US"},
              {"category", "marketing"},
              {"parameter_format", "named"},
              {"components",
               {{{"type", "BODY"},
                 {"text", "Dear {{first_name}}, how have you been?"},
                 {"example",
                  {{"body_text_named_params",
                    {{{"param_name", "first_name"}, {"example", "Ines"}}}}}}}}}};
    const Heard heard = world.graph("POST", edge, made);
    REQUIRE(heard.status == 200);
    CHECK(heard.json()["status"] == "APPROVED");
    const std::string id = heard.json()["id"];
    check_refusal(world.graph("POST", edge, made), 400, 100, "already");

    const auto refusal = [&](const std::function<void(Json&)>& change) {
        Json wrong = made;
        wrong["name"] = "another";
        change(wrong);
        return code_of(world.graph("POST", edge, wrong));
    };
    CHECK(refusal([](Json& j) { j["name"] = "With Capitals"; }) == 100);
    CHECK(refusal([](Json& j) { j["language"] = "English"; }) == 100);
    CHECK(refusal([](Json& j) { j["category"] = "FRIENDLY"; }) == 100);
    CHECK(refusal([](Json& j) { j["components"][0].erase("example"); }) == 100);
    CHECK(refusal([](Json& j) { j["components"][0]["text"] = "{{first_name}}, how are you?"; }) ==
          2388299);
    CHECK(refusal([](Json& j) { j["components"][0]["text"] = "How are you {{1}} today?"; }) == 100);
    CHECK(refusal([](Json& j) { j["components"] = Json::array(); }) == 100);

    std::vector<std::string> names;
    std::string after;
    for (int page = 0; page < 10; ++page) {
        const Json list = world
                              .graph("GET", edge + "?limit=3&fields=name,status,id" +
                                                (after.empty() ? "" : "&after=" + after))
                              .json();
        for (const Json& t : list["data"])
            names.push_back(t["name"]);
        if (!list["paging"].contains("next"))
            break;
        after = list["paging"]["cursors"]["after"];
    }
    CHECK(names ==
          std::vector<std::string>{"wellbeing", "rep_notice", "old_style", "wellbeing_v2"});

    made["components"][0]["text"] = "Dear {{first_name}}, how are you these days?";
    CHECK(world.graph("POST", "/v24.0/" + id, {{"components", made["components"]}}).status == 200);
    CHECK(world.graph("GET", "/" + id + "?fields=components").json()["components"][0]["text"] ==
          "Dear {{first_name}}, how are you these days?");
    CHECK(world.graph("DELETE", edge + "?name=wellbeing_v2").json() == Json{{"success", true}});
    CHECK(world.graph("DELETE", edge + "?name=wellbeing_v2").status == 400);
    CHECK(world.graph("GET", edge + "?name=wellbeing_v2").json()["data"].empty());
}

TEST_CASE("a template waits for approval when so set, and the approval is told") {
    World world;
    world.control("settings", {{"approve_templates_at_once", false}});
    const Json made{{"name", "late_one"},
                    {"language", "en_US"},
                    {"category", "UTILITY"},
                    {"components", {{{"type", "BODY"}, {"text", "Hello there."}}}}};
    CHECK(world.graph("POST", std::string{"/"} + waba_id + "/message_templates", made)
              .json()["status"] == "PENDING");
    const Json send{{"messaging_product", "whatsapp"},
                    {"to", ines},
                    {"type", "template"},
                    {"template", {{"name", "late_one"}, {"language", {{"code", "en_US"}}}}}};
    check_refusal(world.send(send), 404, 132001, "not approved");
    world.control("template-event",
                  {{"name", "late_one"}, {"language", "en_US"}, {"event", "APPROVED"}});
    CHECK(world.send(send).status == 200);
    world.flush();
    const Json change = world.changes().at(0);
    CHECK(change["field"] == "message_template_status_update");
    CHECK(change["value"]["message_template_language"] == "en-US");
    CHECK(change["value"]["event"] == "APPROVED");
    CHECK(change["value"]["message_template_id"].is_number_integer());
}

TEST_CASE("only so many different people in a day, those who wrote first not counted") {
    auto options = usual();
    options.behaviour.users_per_day_max = 1;
    World world{options};
    CHECK(world.send(wellbeing_to(ines)).status == 200);
    CHECK(world.send(wellbeing_to(ines)).status == 200);  // the same person again
    CHECK(code_of(world.send(wellbeing_to(farid))) == 131048);
    world.opened(farid);
    CHECK(world.send(wellbeing_to(farid)).status == 200);
    world.advance(std::chrono::hours{25});
    CHECK(world.send(wellbeing_to("+61491570158")).status == 200);
}
