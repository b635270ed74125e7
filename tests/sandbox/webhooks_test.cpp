#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <set>

#include "sandbox/world.hpp"
#include "support/catch.hpp"

using namespace sandbox_tests;

namespace {

std::string hmac_hex(const std::string& key, const std::string& body) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest, &size);
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        constexpr const char* digits = "0123456789abcdef";
        hex += digits[digest[i] >> 4];
        hex += digits[digest[i] & 15];
    }
    return hex;
}

std::vector<std::string> words(const std::vector<Json>& statuses) {
    std::vector<std::string> found;
    for (const Json& status : statuses)
        found.push_back(status["status"]);
    return found;
}

Json message_of(const Json& change) {
    return change["value"]["messages"][0];
}

}  // namespace

TEST_CASE(
    "a message is sent, delivered and read, in this order, and each status carries our token") {
    World world;
    const std::string id =
        world.send(wellbeing_to(ines, "Ines", "ob_01")).json()["messages"][0]["id"];
    world.gateway.wait_for(3);  // by themselves, nobody flushes
    const auto statuses = world.statuses();
    CHECK(words(statuses) == std::vector<std::string>{"sent", "delivered", "read"});
    for (const Json& status : statuses) {
        CHECK(status["id"] == id);
        CHECK(status["recipient_id"] == "61491570156");
        CHECK(status["biz_opaque_callback_data"] == "ob_01");
        CHECK(status["timestamp"].is_string());
    }
    CHECK(statuses[0]["pricing"]["category"] == "marketing");
    CHECK(statuses[0]["pricing"]["type"] == "regular");
    CHECK_FALSE(statuses[2].contains("pricing"));
    const Json value = world.changes()[0]["value"];
    CHECK(value["messaging_product"] == "whatsapp");
    CHECK(value["metadata"] ==
          Json{{"display_phone_number", "12025550101"}, {"phone_number_id", number_id}});
}

TEST_CASE(
    "every webhook is signed over the very bytes it is made of, with non-ASCII escaped in lower "
    "case") {
    World world;
    world.control("reply", {{"from", ines}, {"text", "मैं ठीक हूँ, धन्यवाद 🙂 https://a.example/b"}});
    world.flush();
    const Heard post = world.gateway.wait_for(1)[0];
    CHECK(post.head.starts_with("POST /webhooks/main HTTP/1.1"));
    CHECK(post.headers.at("content-type") == "application/json");
    const std::string signed_with = post.headers.at("x-hub-signature-256");
    CHECK(signed_with.size() == 71);
    CHECK(signed_with == "sha256=" + hmac_hex(app_secret, post.body));
    CHECK(post.body.find("\\u092e\\u0948\\u0902") != std::string::npos);
    CHECK(post.body.find("\\ud83d\\ude42") != std::string::npos);
    CHECK(post.body.find("https:\\/\\/a.example\\/b") != std::string::npos);
    CHECK(std::all_of(post.body.begin(), post.body.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 128; }));
    CHECK(message_of(world.changes()[0])["text"]["body"] ==
          "मैं ठीक हूँ, धन्यवाद 🙂 https://a.example/b");
    CHECK(post.json()["object"] == "whatsapp_business_account");
    CHECK(post.json()["entry"][0]["id"] == waba_id);
    CHECK_FALSE(post.json()["entry"][0].contains("time"));
}

TEST_CASE("each type of reply has WhatsApp's shape") {
    World world;
    const std::string about = world.send(wellbeing_to(ines)).json()["messages"][0]["id"];
    world.control("settings", {{"receipts", false}});
    world.flush();
    std::size_t seen = world.changes().size();
    const auto said = [&](Json reply) {
        reply["from"] = ines;
        const Heard heard = world.control("reply", reply);
        INFO(heard.body);
        REQUIRE(heard.status == 200);
        world.flush();
        const auto changes = world.changes();
        REQUIRE(changes.size() == seen + 1);
        seen = changes.size();
        const Json value = changes.back()["value"];
        CHECK(value["contacts"][0]["wa_id"] == "61491570156");
        const Json message = value["messages"][0];
        CHECK(message["from"] == "61491570156");
        CHECK(message["from_user_id"] == value["contacts"][0]["user_id"]);
        CHECK(message["timestamp"].is_string());
        return message;
    };
    CHECK(said({{"text", "Fine"}})["text"]["body"] == "Fine");
    const Json quoting = said({{"text", "Fine"}, {"about", about}});
    CHECK(quoting["context"] == Json{{"from", "12025550101"}, {"id", about}});
    const Json tapped = said({{"tap", 1}});
    CHECK(tapped["type"] == "button");
    CHECK(tapped["button"] == Json{{"payload", "Call me"}, {"text", "Call me"}});
    CHECK(tapped["context"]["id"] == about);
    const Json thumb = said({{"type", "reaction"}, {"about", "last"}, {"emoji", "👍"}});
    CHECK(thumb["reaction"] == Json{{"message_id", about}, {"emoji", "👍"}});
    CHECK_FALSE(said({{"type", "reaction"}, {"about", "last"}, {"emoji", ""}})["reaction"].contains(
        "emoji"));
    const Json voice = said({{"type", "voice"}});
    CHECK(voice["type"] == "audio");
    CHECK(voice["audio"]["voice"] == true);
    CHECK(said({{"type", "image"}, {"text", "my garden"}})["image"]["caption"] == "my garden");
    const Json row = said({{"type", "list_reply"}, {"id", "slot-1"}, {"title", "Tuesday"}});
    CHECK(row["type"] == "interactive");
    CHECK(row["interactive"] ==
          Json{{"type", "list_reply"}, {"list_reply", {{"id", "slot-1"}, {"title", "Tuesday"}}}});
    CHECK(said({{"type", "call_permission_reply"},
                {"response", "accept"}})["interactive"]["call_permission_reply"]["response"] ==
          "accept");
    CHECK(said({{"type", "nfm_reply"}})["interactive"]["nfm_reply"]["response_json"].is_string());
    CHECK(said({{"type", "unsupported"}})["errors"][0]["code"] == 131051);
    CHECK(said({{"type", "location"}})["location"]["latitude"].is_number());
    CHECK(said({{"type", "contacts"},
                {"phone", "+61491570158"}})["contacts"][0]["phones"][0]["phone"] == "+61491570158");
    CHECK(said({{"text", "look"}, {"forwarded", true}})["context"] == Json{{"forwarded", true}});
    for (const char* type : {"audio", "video", "document", "sticker", "order"})
        CHECK(said({{"type", type}}).contains(type));
    CHECK(said({{"type", "edit"},
                {"about", about},
                {"text", "Good"}})["edit"]["original_message_id"] == about);
    CHECK(said({{"type", "revoke"}, {"about", about}})["revoke"]["original_message_id"] == about);
}

TEST_CASE("a tap on a free-form button or list comes as an interactive reply") {
    World world;
    world.opened(ines);
    world.send(
        {{"messaging_product", "whatsapp"},
         {"to", ines},
         {"type", "interactive"},
         {"interactive",
          {{"type", "button"},
           {"body", {{"text", "Ready?"}}},
           {"action",
            {{"buttons",
              {{{"type", "reply"}, {"reply", {{"id", "wc1.7.done"}, {"title", "Done"}}}}}}}}}}});
    CHECK(world.control("reply", {{"from", ines}, {"tap", 0}}).status == 200);
    CHECK(world.control("reply", {{"from", ines}, {"tap", 1}}).status == 400);
    world.flush();
    Json reply;
    for (const Json& change : world.changes()) {
        if (change["value"].contains("messages"))
            reply = message_of(change);
    }
    CHECK(reply["interactive"] ==
          Json{{"type", "button_reply"},
               {"button_reply", {{"id", "wc1.7.done"}, {"title", "Done"}}}});
}

TEST_CASE(
    "calls, preferences, number changes, echoes and account events are told in their own fields") {
    World world;
    world.control("call", {{"from", ines}, {"duration_s", 20}});
    world.control("stop-marketing", {{"from", ines}});
    world.control("number-change", {{"from", farid}, {"to", "+61491570159"}});
    world.control("echo", {{"to", ines}, {"text", "typed on the phone"}});
    world.control("account-event",
                  {{"field", "account_update"}, {"value", {{"event", "ACCOUNT_RESTRICTION"}}}});
    world.control("template-event",
                  {{"name", "wellbeing"}, {"language", "en_US"}, {"quality", "RED"}});
    world.control("template-event",
                  {{"name", "wellbeing"}, {"language", "en_US"}, {"category", "UTILITY"}});
    world.flush();
    std::map<std::string, std::vector<Json>> by_field;
    for (const Json& change : world.changes())
        by_field[change["field"]].push_back(change["value"]);
    REQUIRE(by_field["calls"].size() == 2);
    CHECK(by_field["calls"][0]["calls"][0]["event"] == "connect");
    CHECK(by_field["calls"][0]["calls"][0]["direction"] == "USER_INITIATED");
    CHECK(by_field["calls"][1]["calls"][0]["status"] == "COMPLETED");
    CHECK(by_field["calls"][1]["calls"][0]["id"] == by_field["calls"][0]["calls"][0]["id"]);
    const Json preference = by_field["user_preferences"].at(0)["user_preferences"][0];
    CHECK(preference["value"] == "stop");
    CHECK(preference["timestamp"].is_number_integer());
    const Json moved = by_field["messages"].at(0);
    CHECK_FALSE(moved.contains("contacts"));
    CHECK(moved["messages"][0]["from"] == "61491570157");
    CHECK(moved["messages"][0]["system"]["wa_id"] == "61491570159");
    CHECK(by_field["smb_message_echoes"].at(0)["message_echoes"][0]["to"] == "61491570156");
    CHECK(by_field["account_update"].at(0)["event"] == "ACCOUNT_RESTRICTION");
    CHECK(by_field["message_template_quality_update"].at(0)["new_quality_score"] == "RED");
    CHECK(by_field["template_category_update"].at(0)["previous_category"] == "MARKETING");
    for (const Heard& post : world.gateway.posts()) {
        const Json entry = post.json()["entry"][0];
        const bool of_a_number =
            entry["changes"][0]["field"] == "messages" || entry["changes"][0]["field"] == "calls";
        CHECK(entry.contains("time") == !of_a_number);
    }
}

TEST_CASE("a person with a username is told without a number, and can be written to by the id") {
    World world;
    const Json person =
        world
            .control(
                "contact",
                {{"phone", ines}, {"name", "Ines"}, {"username", "@ines"}, {"hides_phone", true}})
            .json();
    const std::string user_id = person["user_id"];
    CHECK(user_id.starts_with("AU."));
    world.control("reply", {{"from", ines}, {"text", "hi"}});
    world.flush();
    const Json value = world.changes()[0]["value"];
    CHECK_FALSE(value["messages"][0].contains("from"));
    CHECK(value["messages"][0]["from_user_id"] == user_id);
    CHECK_FALSE(value["contacts"][0].contains("wa_id"));
    CHECK(value["contacts"][0]["profile"]["username"] == "@ines");
    Json body = text_to(ines);
    body.erase("to");
    body["recipient"] = user_id;
    const Heard heard = world.send(body);
    CHECK(heard.json()["contacts"][0] == Json{{"input", user_id}, {"user_id", user_id}});
    body["recipient"] = "AU.NOBODY";
    CHECK(code_of(world.send(body)) == 131026);
}

TEST_CASE("up to a thousand updates come in one POST, in any of three shapes") {
    const std::string shape = GENERATE("changes", "entries", "values");
    World world;
    world.control("settings",
                  {{"batch_max", 1000}, {"batch_shape", shape}, {"hold_webhooks", true}});
    Json replies = Json::array();
    for (int i = 0; i < 1500; ++i)
        replies.push_back({{"from", "+6149157" + std::to_string(1000 + i)},
                           {"text", "reply " + std::to_string(i)}});
    REQUIRE(world.control("reply", {{"replies", replies}}).json()["wamids"].size() == 1500);
    CHECK(world.gateway.posts().empty());
    CHECK(world.flush() == Json{{"posted", 2}, {"failed", 0}, {"waiting", 0}});
    const auto posts = world.gateway.posts();
    REQUIRE(posts.size() == 2);
    std::vector<std::size_t> counts;
    std::set<std::string> ids;
    for (const Heard& post : posts) {
        std::size_t count = 0;
        const Json body = post.json();
        CHECK(body["entry"].size() ==
              (shape == "entries" ? (posts.front().body == post.body ? 1000 : 500) : 1));
        for (const Json& entry : body["entry"]) {
            for (const Json& change : entry["changes"]) {
                for (const Json& message : change["value"]["messages"]) {
                    ids.insert(message["id"].get<std::string>());
                    ++count;
                }
            }
        }
        counts.push_back(count);
        CHECK(post.headers.at("x-hub-signature-256") ==
              "sha256=" + hmac_hex(app_secret, post.body));
    }
    CHECK(counts == std::vector<std::size_t>{1000, 500});
    CHECK(ids.size() == 1500);
}

TEST_CASE("a POST stays below 3 MB however long the texts are") {
    World world;
    world.control("settings", {{"batch_max", 1000}, {"hold_webhooks", true}});
    std::string hindi;
    for (int i = 0; i < 1300; ++i)
        hindi += "म";  // six bytes each on the wire
    Json replies = Json::array();
    for (int i = 0; i < 500; ++i)
        replies.push_back({{"from", "+6149157" + std::to_string(1000 + i)}, {"text", hindi}});
    world.control("reply", {{"replies", replies}});
    world.flush();
    std::size_t messages = 0;
    for (const Heard& post : world.gateway.posts()) {
        CHECK(post.body.size() <= 3 * 1024 * 1024);
        messages += post.json()["entry"][0]["changes"].size();
    }
    CHECK(messages == 500);
    CHECK(world.gateway.posts().size() > 1);
}

TEST_CASE("what is not answered 200 is posted again, the same bytes, until it is") {
    World world;
    world.gateway.answer_next({500, 201, 302, 503});
    world.control("reply", {{"from", ines}, {"text", "still here"}});
    const auto posts = world.gateway.wait_for(5);
    for (const Heard& post : posts)
        CHECK(post.body == posts[0].body);
    world.flush();
    CHECK(world.gateway.posts().size() == 5);
    std::vector<int> tries;
    for (const Json& entry : world.entries("webhook"))
        tries.push_back(entry["try"]);
    CHECK(tries == std::vector<int>{1, 2, 3, 4, 5});
    std::vector<int> answers;
    for (const Json& entry : world.entries("webhook_answer"))
        answers.push_back(entry["status"]);
    CHECK(answers == std::vector<int>{500, 201, 302, 503, 200});
}

TEST_CASE("a gateway that is down gets its webhooks when it is back, and none after seven days") {
    auto options = usual();
    options.lines[0].webhook_url = "http://127.0.0.1:1/webhooks/main";  // nobody listens there
    options.posting.retry_factor = 1;
    World world{options};
    world.control("reply", {{"from", ines}, {"text", "anybody there?"}});
    CHECK(world.flush()["failed"] == 1);
    CHECK(world.view("state")["webhooks_waiting"] == 1);
    world.control("settings", {{"webhook_url", world.gateway.url()}});
    world.flush();
    CHECK(world.gateway.wait_for(1).size() == 1);

    world.control("settings", {{"webhook_url", "http://127.0.0.1:1/webhooks/main"}});
    world.control("reply", {{"from", ines}, {"text", "and now?"}});
    world.flush();
    world.advance(std::chrono::hours{7 * 24 + 1});
    world.flush();
    for (int i = 0; i < 5 && world.view("state")["webhooks_waiting"] != 0; ++i)
        world.flush();
    CHECK(world.entries("webhook_dropped").size() == 1);
}

TEST_CASE("any JSON can be signed and posted, with a wrong signature or none as well") {
    World world;
    const std::string odd =
        R"({"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"new_thing","value":{"x":"é"}}]}]})";
    const auto raw = [&](const std::string& query, const std::string& body) {
        return ask(world.port, "POST", "/_control/raw" + query, body,
                   {"Content-Type: application/json"})
            .status;
    };
    CHECK(raw("", odd) == 200);
    CHECK(raw("?signature=wrong", odd) == 200);
    CHECK(raw("?signature=none", odd) == 200);
    CHECK(raw("?bytes=as-sent", "{\"cut\": ") == 200);
    CHECK(raw("", "{\"cut\": ") == 400);
    CHECK(raw("?signature=maybe", odd) == 400);
    world.flush();
    const auto posts = world.gateway.posts();
    REQUIRE(posts.size() == 4);
    CHECK(posts[0].headers.at("x-hub-signature-256") ==
          "sha256=" + hmac_hex(app_secret, posts[0].body));
    CHECK(posts[0].body.find("\\u00e9") != std::string::npos);
    CHECK(posts[1].headers.at("x-hub-signature-256") !=
          "sha256=" + hmac_hex(app_secret, posts[1].body));
    CHECK(posts[2].headers.count("x-hub-signature-256") == 0);
    CHECK(posts[3].body == "{\"cut\": ");
}

TEST_CASE("the handshake is asked for, and judged by the very body") {
    World world;
    CHECK(world.control("handshake").json()["ok"] == true);
    world.gateway.answer_gets_with("something else");
    const Json wrong = world.control("handshake").json();
    CHECK(wrong["ok"] == false);
    CHECK(wrong["problem"] == "the body is not exactly the challenge");
    world.gateway.answer_next({403});
    CHECK(world.control("handshake").json()["status"] == 403);
}
