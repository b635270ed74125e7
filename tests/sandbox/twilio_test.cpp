#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <functional>

#include "sandbox/world.hpp"
#include "support/catch.hpp"

using namespace sandbox_tests;
using namespace std::chrono_literals;

namespace {

const std::string messages = std::string{"/2010-04-01/Accounts/"} + account_sid + "/Messages.json";

warmcall::sandbox::Options twilio_alone() {
    auto options = usual();
    options.lines = {twilio("sms", "twilio_sms"), twilio("wa", "twilio_whatsapp")};
    return options;
}

using Form = std::vector<std::pair<std::string, std::string>>;

Heard twilio_send(const World& world, const Form& form) {
    return ask(world.port, "POST", messages, form_of(form),
               {twilio_basic, "Content-Type: application/x-www-form-urlencoded"});
}

Form sms(const World& world, const std::string& to, const std::string& body = "Hello") {
    const std::string url = world.gateway.url();
    return {{"To", to},
            {"From", "+12025550101"},
            {"Body", body},
            {"StatusCallback", url + "/status/00112233445566778899aabbccddeeff"}};
}

Json twilio_get(const World& world, const std::string& path) {
    const Heard heard = ask(world.port, "GET", path, {}, {twilio_basic});
    INFO(heard.body);
    REQUIRE(heard.status == 200);
    return heard.json();
}

// base64(HMAC-SHA1(token, URL and every pair by its key)), by hand.
std::string signed_by_hand(const std::string& url, const std::string& body) {
    std::string text = url;
    for (const auto& [key, value] : read_form(body))
        text += key + value;
    const std::string token = "the auth token";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha1(), token.data(), static_cast<int>(token.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
    unsigned char encoded[64];
    const int length = EVP_EncodeBlock(encoded, digest, static_cast<int>(size));
    return {reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length)};
}

std::string url_of(const World& world, const Heard& post) {
    const std::string base = world.gateway.url();
    const std::size_t begin = post.head.find(' ') + 1;
    return base.substr(0, base.find('/', 8)) +
           post.head.substr(begin, post.head.find(' ', begin) - begin);
}

}  // namespace

TEST_CASE("Twilio takes an SMS and posts signed receipts to the callback with our mark") {
    World world{twilio_alone()};
    const Heard heard = twilio_send(world, sms(world, ines, "How are you? 🙂"));
    REQUIRE(heard.status == 201);
    const Json made = heard.json();
    CHECK(made["sid"].get<std::string>().starts_with("SM"));
    CHECK(made["status"] == "queued");
    CHECK(made["num_segments"] == "1");
    CHECK(made["date_sent"].is_null());
    const auto posts = world.gateway.wait_for(2);
    std::vector<std::string> words;
    for (const Heard& post : posts) {
        const auto form = read_form(post.body);
        words.push_back(form.at("MessageStatus"));
        CHECK(form.at("MessageSid") == made["sid"].get<std::string>());
        CHECK(form.at("To") == ines);
        CHECK(post.head.find("/status/00112233445566778899aabbccddeeff") != std::string::npos);
        CHECK(post.headers.at("x-twilio-signature") ==
              signed_by_hand(url_of(world, post), post.body));
    }
    CHECK(words == std::vector<std::string>{"sent", "delivered"});
    CHECK(world.entries("accepted").at(0)["token"] == "00112233445566778899aabbccddeeff");
    CHECK(world.entries("accepted").at(0)["channel"] == "sms");
}

TEST_CASE("Twilio refuses what the real one refuses, with its codes") {
    World world{twilio_alone()};
    struct Wrong {
        std::function<void(Form&)> change;
        int code;
    };
    const std::vector<Wrong> table{
        {[](Form& f) { f[0].second = ""; }, 21604},
        {[](Form& f) { f[0].second = "61491570156"; }, 21211},
        {[](Form& f) { f[0].second = "+12025550101"; }, 21266},
        {[](Form& f) { f[0].second = "whatsapp:+61491570156"; }, 21612},
        {[](Form& f) { f[1].second = ""; }, 21603},
        {[](Form& f) { f[1].second = "+12025550199"; }, 21606},
        {[](Form& f) { f[1] = {"MessagingServiceSid", std::string("MG") + std::string(32, '0')}; },
         21701},
        {[](Form& f) { f[2].second = ""; }, 21602},
        {[](Form& f) { f[2].second = std::string(1601, 'x'); }, 21617},
        {[](Form& f) { f[3].second = "https://with_underscore.example.com/"; }, 21609},
        {[](Form& f) { f.emplace_back("ValidityPeriod", "40000"); }, 20001},
        {[](Form& f) { f.emplace_back("ContentSid", "HX" + std::string(32, '0')); }, 21655},
    };
    for (const Wrong& row : table) {
        Form form = sms(world, ines);
        row.change(form);
        const Heard heard = twilio_send(world, form);
        INFO(heard.body);
        CHECK(heard.status >= 400);
        CHECK(heard.json()["code"] == row.code);
        CHECK(heard.json()["status"] == heard.status);
    }
    const Heard stranger =
        ask(world.port, "POST", messages, form_of(sms(world, ines)), {"Authorization: Basic AAAA"});
    CHECK(stranger.status == 401);
    CHECK(stranger.json()["code"] == 20003);
    CHECK(world.entries("accepted").empty());
}

TEST_CASE("Twilio's list has what was sent and what came in, newest first, by person and by day") {
    World world{twilio_alone()};
    const std::string first = twilio_send(world, sms(world, ines, "one")).json()["sid"];
    twilio_send(world, sms(world, farid, "two"));
    world.control("reply", {{"from", ines}, {"text", "three"}});
    const Json all = twilio_get(world, messages);
    REQUIRE(all["messages"].size() == 3);
    CHECK(all["messages"][0]["body"] == "three");
    CHECK(all["messages"][0]["direction"] == "inbound");
    const Json to_ines = twilio_get(world, messages + "?To=%2B61491570156");
    REQUIRE(to_ines["messages"].size() == 1);
    CHECK(to_ines["messages"][0]["sid"] == first);
    CHECK(twilio_get(world, messages + "?DateSent%3E=2999-01-01")["messages"].empty());
    const Json page = twilio_get(world, messages + "?PageSize=2");
    CHECK(page["messages"].size() == 2);
    const Json next = twilio_get(world, page["next_page_uri"].get<std::string>());
    CHECK(next["messages"].size() == 1);
    CHECK(next["next_page_uri"].is_null());
    world.flush();
    const Json one =
        twilio_get(world, messages.substr(0, messages.size() - 5) + "/" + first + ".json");
    CHECK(one["status"] == "delivered");
}

TEST_CASE("whoever says STOP by SMS is told by Twilio, and then nothing reaches them until START") {
    World world{twilio_alone()};
    world.control("reply", {{"from", ines}, {"channel", "sms"}, {"text", " stop "}});
    CHECK(twilio_send(world, sms(world, ines)).json()["code"] == 21610);
    CHECK(world.entries("provider_text").size() == 1);
    const auto form = read_form(world.gateway.wait_for(1)[0].body);
    CHECK(form.at("Body") == " stop ");
    CHECK(form.at("From") == ines);
    CHECK(twilio_send(world, sms(world, farid)).status == 201);
    world.control("reply", {{"from", ines}, {"channel", "sms"}, {"text", "START"}});
    CHECK(twilio_send(world, sms(world, ines)).status == 201);
}

TEST_CASE("words in the answer to an incoming message become a message, as at Twilio") {
    World world{twilio_alone()};
    const auto answered = [&](const char* type, const char* body) {
        world.gateway.answer_with(type, body);
        world.control("reply", {{"from", ines}, {"channel", "sms"}, {"text", "Hello"}});
        world.flush();
        return world.entries("accepted").size();
    };
    CHECK(answered("text/xml", "<Response></Response>") == 0);
    CHECK(answered("application/json", R"({"ok":true})") == 0);
    CHECK(answered("text/plain", "ok") == 1);
    CHECK(answered("text/xml", "<Response><Message>Thanks</Message></Response>") == 2);
    CHECK(world.entries("accepted")[1]["text"] == "Thanks");
}

TEST_CASE("on WhatsApp through Twilio a content template opens the talk; a free text cannot") {
    World world{twilio_alone()};
    const auto to_whatsapp = [&](Form more) {
        Form form{{"To", std::string{"whatsapp:"} + ines},
                  {"From", "whatsapp:+12025550101"},
                  {"StatusCallback", world.gateway.url() + "/status/ab"}};
        form.insert(form.end(), more.begin(), more.end());
        return twilio_send(world, form);
    };
    const Json contents = twilio_get(world, "/v1/ContentAndApprovals")["contents"];
    const auto wellbeing = std::find_if(contents.begin(), contents.end(), [](const Json& c) {
        return c["friendly_name"] == "wellbeing";
    });
    REQUIRE(wellbeing != contents.end());
    CHECK((*wellbeing)["approval_requests"]["status"] == "approved");
    const std::string sid = (*wellbeing)["sid"];
    CHECK(to_whatsapp({{"ContentSid", sid}, {"ContentVariables", R"({"1":"Ines"})"}})
              .json()["code"] == 21656);
    const Heard sent =
        to_whatsapp({{"ContentSid", sid}, {"ContentVariables", R"({"1":"Ines","2":"Joel"})"}});
    REQUIRE(sent.status == 201);
    CHECK(sent.json()["body"] == "Hi Ines, it is Joel. I hope you are well these days.");
    CHECK(sent.json()["to"] == std::string{"whatsapp:"} + ines);
    world.flush();
    const auto posts = world.gateway.wait_for(3);
    CHECK(read_form(posts[2].body).at("MessageStatus") == "read");
    CHECK(read_form(posts[2].body).at("EventType") == "READ");

    REQUIRE(to_whatsapp({{"Body", "Hello again"}}).status == 201);
    world.flush();
    const auto failed = read_form(world.gateway.wait_for(4)[3].body);
    CHECK(failed.at("MessageStatus") == "failed");
    CHECK(failed.at("ErrorCode") == "63016");
    world.control("reply", {{"from", ines}, {"channel", "wa"}, {"text", "Hi"}});
    world.flush();
    const auto inbound = read_form(world.gateway.wait_for(5)[4].body);
    CHECK(inbound.at("From") == std::string{"whatsapp:"} + ines);
    CHECK(inbound.at("WaId") == "61491570156");
    CHECK(to_whatsapp({{"Body", "Now it works"}}).status == 201);
    world.flush();
    CHECK(read_form(world.gateway.wait_for(6)[5].body).at("MessageStatus") == "sent");
}

TEST_CASE("a content template is made and approved over Twilio's API") {
    World world{twilio_alone()};
    const Heard made = ask(
        world.port, "POST", "/v1/Content",
        R"({"friendly_name":"hello","language":"en","variables":{"1":"x"},"types":{"twilio/quick-reply":{"body":"Hi {{1}}!","actions":[{"title":"Fine","id":"ok"}]}}})",
        {twilio_basic, "Content-Type: application/json"});
    REQUIRE(made.status == 201);
    const std::string path = "/v1/Content/" + made.json()["sid"].get<std::string>();
    CHECK(twilio_get(world, path + "/ApprovalRequests")["whatsapp"]["status"] == "unsubmitted");
    CHECK(ask(world.port, "POST", path + "/ApprovalRequests/whatsapp",
              R"({"name":"hello","category":"MARKETING"})",
              {twilio_basic, "Content-Type: application/json"})
              .json()["status"] == "received");
    CHECK(twilio_get(world, path + "/ApprovalRequests")["whatsapp"]["status"] == "approved");
}

TEST_CASE("a quick reply comes back with what was filled into its id") {
    World world{twilio_alone()};
    const Heard made = ask(
        world.port, "POST", "/v1/Content",
        R"({"friendly_name":"morning","language":"en","variables":{"1":"rep","2":"Start"},"types":{"twilio/quick-reply":{"body":"Good morning, {{1}}.","actions":[{"title":"Start","id":"{{2}}"}]},"twilio/text":{"body":"Good morning, {{1}}."}}})",
        {twilio_basic, "Content-Type: application/json"});
    REQUIRE(made.status == 201);
    const std::string content = made.json()["sid"].get<std::string>();
    ask(world.port, "POST", "/v1/Content/" + content + "/ApprovalRequests/whatsapp",
        R"({"name":"morning","category":"UTILITY"})",
        {twilio_basic, "Content-Type: application/json"});
    twilio_send(world, {{"To", std::string{"whatsapp:"} + ines},
                        {"From", "whatsapp:+12025550101"},
                        {"ContentSid", content},
                        {"ContentVariables", R"({"1":"Maya","2":"wc1.start.abc"})"}});
    world.flush();
    const auto before = world.gateway.posts().size();
    world.control("reply", {{"from", ines}, {"channel", "wa"}, {"tap", 0}});
    world.flush();
    const auto inbound = read_form(world.gateway.wait_for(before + 1)[before].body);
    CHECK(inbound.at("ButtonText") == "Start");
    CHECK(inbound.at("ButtonPayload") == "wc1.start.abc");
}

TEST_CASE("Twilio tries a webhook once more when nobody was there, and oftener when the URL asks") {
    World world{twilio_alone()};
    const std::string fragment = GENERATE("", "#rc=3&rp=all");
    Form form = sms(world, ines);
    form[3].second += fragment;
    world.gateway.answer_next({500, 500, 500, 200});
    world.control("rules", {{"receipts", "none"}});
    twilio_send(world, form);
    world.control("status", {{"to", ines}, {"status", "delivered"}});
    world.flush();
    if (fragment.empty()) {
        CHECK(world.entries("webhook_dropped").size() == 1);  // a 500 is not tried again
    } else {
        world.gateway.wait_for(4);
        CHECK(world.entries("webhook_dropped").empty());
        CHECK(world.gateway.posts()[0].head.find('#') == std::string::npos);
    }
}
