#include <functional>

#include "sandbox/world.hpp"
#include "support/catch.hpp"

using namespace sandbox_tests;

TEST_CASE("bad input to the control side is answered with what was expected") {
    World world;
    struct Wrong {
        const char* path;
        Json body;
        const char* says;
    };
    const std::vector<Wrong> table{
        {"reply", {{"text", "hi"}}, "from: a phone number"},
        {"reply", {{"from", "Ines"}, {"text", "hi"}}, "from: a phone number"},
        {"reply", {{"from", ines}}, "text: the words of the reply were expected"},
        {"reply", {{"from", ines}, {"type", "song"}}, "type: one of text, button"},
        {"reply", {{"from", ines}, {"text", "x"}, {"txet", "y"}}, "unknown key 'txet'"},
        {"reply",
         {{"from", ines}, {"text", "x"}, {"copies", 0}},
         "copies: a number from 1 to 1000"},
        {"reply",
         {{"from", ines}, {"text", "x"}, {"copies", "two"}},
         "copies: a number from 1 to 1000"},
        {"reply", {{"from", ines}, {"type", "reaction"}, {"about", "last"}}, "about: a wamid"},
        {"reply",
         {{"replies", {{{"from", ines}, {"text", "one"}}, {{"from", 7}}}}},
         "replies[1]: from:"},
        {"reply", Json::array(), "a JSON object was expected"},
        {"rules", {{"then", "explode"}}, "then: one of accept, accept-then-hang"},
        {"rules", {{"then", "reject"}, {"probability", 2}}, "probability: a number from 0 to 1"},
        {"rules",
         {{"rules", {{{"then", "accept"}}, {{"nth", 1.5}}}}},
         "rule 2: nth: a whole number"},
        {"call", {{"from", ines}, {"events", "ring"}}, "events: one of connect, terminate, both"},
        {"clock", Json::object(), "advance_s"},
        {"clock", {{"advance_s", -5}}, "advance_s: a number from 0"},
        {"status",
         {{"wamid", "wamid.no"}, {"status", "read"}},
         "wamid of a message the business sent"},
        {"template-event",
         {{"name", "nothing"}, {"language", "en_US"}, {"event", "PAUSED"}},
         "there is no template"},
        {"template-event",
         {{"name", "wellbeing"}, {"language", "en_US"}},
         "event, quality or category"},
        {"template",
         {{"name", "Bad Name"}, {"language", "en"}, {"text", "x"}},
         "template 1: name:"},
        {"template",
         {{"name", "ok"}, {"language", "en"}, {"text", "Hi {{a}} there"}, {"parameters", {"b"}}},
         "{{a}} is in the text"},
        {"account-event", {{"field", "x"}, {"value", 3}}, "value: an object"},
        {"contact", {{"phone", ines}, {"window", "ajar"}}, "window: one of open, closed"},
        {"number-change", {{"from", ines}, {"to", ines}}, "already have"},
        {"settings", {{"batch_max", 5000}}, "batch_max: a number from 1 to 1000"},
        {"settings", {{"webhook_url", "ftp://x"}}, "http:// or https://"},
        {"nothing", Json::object(), "there is no POST /_control/nothing"},
    };
    for (const Wrong& row : table) {
        INFO(row.path << " " << row.body.dump());
        const Heard heard = world.control(row.path, row.body);
        CHECK(heard.status >= 400);
        CHECK(heard.status < 500);
        const Json body = heard.json();
        REQUIRE(body.is_object());
        CHECK_THAT(body["error"].get<std::string>(), Catch::Contains(row.says));
    }
    CHECK(world.view("rules")["rules"].empty());  // a list of rules is taken whole or not at all
    CHECK(world.view("settings")["batch_max"] == 1);
}

TEST_CASE("the control side takes JSON only, from no other page, and says what it has") {
    World world;
    const std::string reply = R"({"from":"+61491570156","text":"hi"})";
    CHECK(ask(world.port, "POST", "/_control/reply", reply).status == 400);
    CHECK(ask(world.port, "POST", "/_control/reply", reply, {"Content-Type: text/plain"}).status ==
          400);
    CHECK(ask(world.port, "POST", "/_control/reply", reply,
              {"Content-Type: application/json", "Origin: https://evil.example"})
              .status == 400);
    CHECK(ask(world.port, "POST", "/_control/reply", reply,
              {"Content-Type: application/json; charset=utf-8",
               "Origin: http://127.0.0.1:" + std::to_string(world.port)})
              .status == 200);
    CHECK(
        ask(world.port, "POST", "/_control/reply", "{\"from\":", {"Content-Type: application/json"})
            .json()["error"]
            .get<std::string>()
            .find("breaks at byte") != std::string::npos);
    CHECK(ask(world.port, "PUT", "/_control/reply", reply, {"Content-Type: application/json"})
              .status == 400);
    CHECK(ask(world.port, "GET", "/_control/ledger?after=x").status == 400);
    CHECK(ask(world.port, "GET", "/_control/unknown").status == 404);
    const Json help = world.view("");
    CHECK(help.contains("POST /_control/reply"));
    CHECK(help.contains("GET /_control/ledger"));
}

TEST_CASE("the conversations are shown rendered, and only what is new on the next look") {
    World world;
    world.send(wellbeing_to(ines));
    world.flush();
    const Json first = world.view("messages");
    REQUIRE(first["messages"].size() == 1);
    const Json bubble = first["messages"][0];
    CHECK(bubble["text"] == "Hi Ines, it is Joel. I hope you are well these days.");
    CHECK(bubble["from"] == "business");
    CHECK(bubble["buttons"] == Json{"All good", "Call me"});
    CHECK(bubble["steps"].back()["status"] == "read");
    CHECK(world.view("messages?after=" + first["last"].dump())["messages"].empty());
    world.control("reply", {{"from", ines}, {"text", "Thank you"}});
    world.send(wellbeing_to(farid));
    const Json next = world.view("messages?phone=%2B61491570156&after=" + first["last"].dump());
    REQUIRE(next["messages"].size() == 1);
    CHECK(next["messages"][0]["text"] == "Thank you");
    CHECK(next["messages"][0]["from"] == "contact");
}

TEST_CASE("one receipt can be made by hand") {
    World world;
    world.control("settings", {{"receipts", false}});
    const std::string id = world.send(wellbeing_to(ines)).json()["messages"][0]["id"];
    CHECK(world.control("status", {{"wamid", id}, {"status", "failed"}, {"code", 131026}}).status ==
          200);
    CHECK(world.control("status", {{"to", ines}, {"status", "delivered"}, {"copies", 2}}).status ==
          200);
    world.flush();
    std::vector<std::string> words;
    for (const Json& status : world.statuses())
        words.push_back(status["status"]);
    CHECK(words == std::vector<std::string>{"failed", "delivered", "delivered"});
}

TEST_CASE("the page and its files are served under a strict policy") {
    World world;
    for (const auto& [path, type, holds] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {"/", "text/html; charset=utf-8", "<script"},
             {"/_page/app.js", "text/javascript; charset=utf-8", "fetch("},
             {"/_page/style.css", "text/css; charset=utf-8", "{"}}) {
        const Heard heard = ask(world.port, "GET", path);
        CHECK(heard.status == 200);
        CHECK(heard.headers.at("content-type") == type);
        CHECK(heard.headers.at("x-content-type-options") == "nosniff");
        CHECK(heard.headers.at("content-security-policy").find("script-src 'self'") !=
              std::string::npos);
        CHECK(heard.headers.at("content-security-policy").find("unsafe") == std::string::npos);
        CHECK(heard.body.find(holds) != std::string::npos);
    }
    const std::string html = ask(world.port, "GET", "/").body;
    CHECK(html.find("style=") == std::string::npos);
    CHECK(html.find(" onclick") == std::string::npos);
}

TEST_CASE("what the sandbox cannot begin with it says in words") {
    boost::asio::io_context context;
    const auto problem = [&](const std::function<void(warmcall::sandbox::Options&)>& change) {
        auto options = usual();
        change(options);
        warmcall::sandbox::Sandbox sandbox{context, options};
        const auto endpoint = sandbox.listen();
        return endpoint ? std::string{} : endpoint.error().message;
    };
    CHECK_THAT(problem([](auto& o) { o.lines[0].secrets.erase("access_token"); }),
               Catch::Contains("access token"));
    CHECK_THAT(problem([](auto& o) { o.lines[0].secrets.erase("app_secret"); }),
               Catch::Contains("app secret"));
    CHECK_THAT(problem([](auto& o) { o.lines[0].settings["display_number"] = "call us"; }),
               Catch::Contains("like +12025550101"));
    CHECK_THAT(problem([](auto& o) { o.lines[0].settings["phone_number_id"] = "one"; }),
               Catch::Contains("digits"));
    CHECK_THAT(problem([](auto& o) { o.ledger_path = "/nowhere/ledger"; }),
               Catch::Contains("/nowhere/ledger"));
    CHECK_THAT(problem([](auto& o) { o.people = {{"nobody", "Ines", false}}; }),
               Catch::Contains("+61491570156"));
    CHECK(problem([](auto&) {}).empty());
    for (const auto& [text, says] : std::vector<std::pair<std::string, std::string>>{
             {"{", "not JSON"},
             {"{}", "[{name"},
             {"[5]", "template 1"},
             {R"([{"name":"a","language":"en","text":"x","colour":"red"}])",
              "unknown key 'colour'"}}) {
        const auto read = warmcall::sandbox::read_templates(text);
        REQUIRE_FALSE(read);
        CHECK_THAT(read.error().message, Catch::Contains(says));
    }
}
