// What all the providers share: the ledger, the faults, the people; and Kannel's, Telnyx's and
// Vonage's formats.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <functional>
#include <set>

#include "sandbox/telnyx.hpp"
#include "sandbox/world.hpp"
#include "support/catch.hpp"

using namespace sandbox_tests;
using namespace std::chrono_literals;

namespace {

constexpr const char* token = "00112233445566778899aabbccddeeff";

struct Way {
    const char* channel;
    std::function<Heard(const World&, std::chrono::milliseconds)> send;
    int accepted;
    int too_many;
    std::size_t receipts;
};

std::string callback(const World& world, const char* channel) {
    const std::string url = world.gateway.url();
    return url.substr(0, url.rfind('/') + 1) + channel + "/status/" + token;
}

std::vector<Way> ways() {
    const auto json = "Content-Type: application/json";
    return {
        {"main",
         [=](const World& w, auto limit) {
             return ask(w.port, "POST", std::string{"/v24.0/"} + number_id + "/messages",
                        wellbeing_to(ines, "Ines", token).dump(), {bearer, json}, limit);
         },
         200, 429, 3},
        {"sms",
         [](const World& w, auto limit) {
             return ask(w.port, "POST",
                        std::string{"/2010-04-01/Accounts/"} + account_sid + "/Messages.json",
                        form_of({{"To", ines},
                                 {"From", "+12025550101"},
                                 {"Body", "Hello"},
                                 {"StatusCallback", callback(w, "sms")}}),
                        {twilio_basic, "Content-Type: application/x-www-form-urlencoded"}, limit);
         },
         201, 429, 2},
        {"kannel",
         [](const World& w, auto limit) {
             return ask(w.port, "GET",
                        "/cgi-bin/sendsms?" +
                            form_of({{"username", "warmcall"},
                                     {"password", "the password"},
                                     {"from", "+12025550103"},
                                     {"to", ines},
                                     {"text", "Hello"},
                                     {"dlr-mask", "31"},
                                     {"dlr-url", callback(w, "kannel") + "?code=%d&time=%T"}}),
                        {}, {}, limit);
         },
         202, 503, 2},
        {"telnyx",
         [=](const World& w, auto limit) {
             const Json body{{"from", "+12025550104"},
                             {"to", ines},
                             {"text", "Hello"},
                             {"webhook_url", callback(w, "telnyx")}};
             return ask(w.port, "POST", "/v2/messages", body.dump(),
                        {"Authorization: Bearer the API key", json}, limit);
         },
         200, 429, 2},
        {"vonage",
         [=](const World& w, auto limit) {
             const Json body{{"message_type", "text"},
                             {"channel", "sms"},
                             {"from", "12025550105"},
                             {"to", "61491570156"},
                             {"text", "Hello"},
                             {"client_ref", token},
                             {"webhook_url", callback(w, "vonage")}};
             return ask(w.port, "POST", "/v1/messages", body.dump(), {vonage_basic, json}, limit);
         },
         202, 429, 2},
    };
}

std::string unbase64(std::string text) {
    for (char& c : text)
        c = c == '-' ? '+' : c == '_' ? '/' : c;
    text.resize((text.size() + 3) / 4 * 4, '=');
    std::string out(text.size(), '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    const auto padding = static_cast<std::size_t>(std::count(text.begin(), text.end(), '='));
    out.resize(static_cast<std::size_t>(length) - padding);
    return out;
}

bool ed25519_fits(const std::string& public_key, const std::string& signature,
                  const std::string& text) {
    const auto bytes = [](const std::string& s) {
        return reinterpret_cast<const unsigned char*>(s.data());
    };
    EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(public_key),
                                                public_key.size());
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const bool fits = EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key) == 1 &&
                      EVP_DigestVerify(context, bytes(signature), signature.size(), bytes(text),
                                       text.size()) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return fits;
}

}  // namespace

TEST_CASE("every provider takes a message, keeps our mark, and reports it") {
    for (const Way& way : ways()) {
        INFO(way.channel);
        World world{all_providers()};
        const Heard heard = way.send(world, 10s);
        INFO(heard.body);
        REQUIRE(heard.status == way.accepted);
        const Json taken = world.entries("accepted").at(0);
        CHECK(taken["channel"] == way.channel);
        CHECK(taken["to"] == ines);
        CHECK(taken["token"] == token);
        CHECK(world.gateway.wait_for(way.receipts).size() == way.receipts);
    }
}

TEST_CASE("on every provider a message can be taken and the sender left in the dark") {
    const std::string then =
        GENERATE("accept-then-hang", "accept-then-reset", "accept-then-500", "reject-then-hang",
                 "reject-then-reset", "reject-then-500", "too-many-requests");
    for (const Way& way : ways()) {
        INFO(way.channel << " " << then);
        World world{all_providers()};
        world.control("rules", {{"then", then}, {"times", 1}, {"retry_after_s", 3}});
        const Heard heard = way.send(world, 300ms);
        if (then.ends_with("hang"))
            CHECK(heard.end == Heard::End::silent);
        else if (then.ends_with("reset"))
            CHECK(heard.end == Heard::End::reset);
        else
            CHECK(heard.status == (then.ends_with("500") ? 500 : way.too_many));
        if (then == "too-many-requests")
            CHECK(heard.headers.at("retry-after") == "3");
        const bool taken = then.starts_with("accept");
        CHECK(world.entries("accepted").size() == (taken ? 1U : 0U));
        if (taken)
            world.gateway.wait_for(way.receipts);
        CHECK(way.send(world, 10s).status == way.accepted);
    }
}

TEST_CASE("a rule for one channel leaves the others alone") {
    World world{all_providers()};
    world.control("rules", {{"channel", "kannel"}, {"then", "reject"}});
    for (const Way& way : ways()) {
        INFO(way.channel);
        const bool kannel = std::string{way.channel} == "kannel";
        CHECK((way.send(world, 10s).status == way.accepted) != kannel);
    }
}

TEST_CASE("each provider has its own rate, and its own word for too much") {
    auto options = all_providers();
    options.behaviour.sends_per_second_max = 1;
    World world{options};
    for (const Way& way : ways()) {
        INFO(way.channel);
        CHECK(way.send(world, 10s).status == way.accepted);
        CHECK(way.send(world, 10s).status == way.too_many);
    }
}

TEST_CASE("Kannel reports by GET, its escapes filled in, and only what the mask asks for") {
    World world{all_providers()};
    const auto send = [&](const char* mask) {
        return ask(
            world.port, "GET",
            "/cgi-bin/sendsms?" +
                form_of({{"username", "warmcall"},
                         {"password", "the password"},
                         {"from", "+12025550103"},
                         {"to", ines},
                         {"text", "नमस्ते 🙂"},
                         {"coding", "2"},
                         {"charset", "UTF-8"},
                         {"dlr-mask", mask},
                         {"dlr-url", callback(world, "kannel") + "?code=%d&time=%T&to=%p"}}));
    };
    CHECK(send("31").body == "0: Accepted for delivery");
    const auto posts = world.gateway.wait_for(2);
    CHECK(posts[0].head.starts_with("GET /webhooks/kannel/status/"));
    CHECK(posts[0].head.find("?code=8&time=") != std::string::npos);
    CHECK(posts[0].head.find("&to=%2B61491570156") != std::string::npos);
    CHECK(posts[1].head.find("?code=1&time=") != std::string::npos);
    CHECK(world.view("messages")["messages"][0]["text"] == "नमस्ते 🙂");
    send("1");
    world.flush();
    CHECK(world.gateway.wait_for(3)[2].head.find("?code=1&") != std::string::npos);
    CHECK(world.gateway.posts().size() == 3);
    const Json request = world.entries("request").at(0);
    CHECK(request["url"].get<std::string>().find("the%20password") == std::string::npos);
}

TEST_CASE(
    "Kannel turns what its alphabet lacks into question marks, unless it is told the coding") {
    World world{all_providers()};
    ask(world.port, "GET",
        "/cgi-bin/sendsms?" + form_of({{"username", "warmcall"},
                                       {"password", "the password"},
                                       {"from", "x"},
                                       {"to", ines},
                                       {"text", "Ça va, Ñandú? я"}}));
    CHECK(world.view("messages")["messages"][0]["text"] == "Ça va, Ñand?? ?");
}

TEST_CASE("Kannel refuses in words") {
    World world{all_providers()};
    const auto send = [&](const std::string& query) {
        return ask(world.port, "GET", "/cgi-bin/sendsms?" + query);
    };
    const std::string user = "username=warmcall&password=the%20password&from=x";
    CHECK(send("username=warmcall&password=no&to=x").status == 403);
    CHECK(send(user + "&text=x").status == 400);
    CHECK(send(user + "&to=nobody&text=x").status == 400);
    CHECK(world.entries("accepted").empty());
}

TEST_CASE("a text to Kannel comes in by GET; words in the answer would be sent back") {
    World world{all_providers()};
    world.control("reply", {{"from", ines}, {"channel", "kannel"}, {"text", "Alles gut 👍"}});
    world.flush();
    const Heard heard = world.gateway.wait_for(1)[0];
    CHECK(heard.head.starts_with("GET /webhooks/main?from=%2B61491570156&"));
    // as Kannel does it: UCS-2 is passed on as it came
    CHECK(heard.head.find("&charset=UTF-16BE&coding=2&") != std::string::npos);
    CHECK(heard.head.find("%D8%3D%DCM&charset") != std::string::npos);
    CHECK(world.entries("accepted").empty());
    world.gateway.answer_with("text/html", "thank you");
    world.control("reply", {{"from", ines}, {"channel", "kannel"}, {"text", "Alles gut"}});
    world.flush();
    CHECK(world.entries("accepted").at(0)["text"] == "thank you");
    CHECK(world.gateway.wait_for(2)[1].head.find("text=Alles%20gut&charset=UTF-8&coding=0&") !=
          std::string::npos);
    CHECK(
        world.control("reply", {{"from", ines}, {"channel", "kannel"}, {"type", "voice"}}).status ==
        400);
}

TEST_CASE("Telnyx signs time and body with its key, and stops at STOP for the whole profile") {
    World world{all_providers()};
    const Way way = ways()[3];
    REQUIRE(way.send(world, 10s).status == 200);
    const auto posts = world.gateway.wait_for(2);
    const std::string key =
        unbase64(warmcall::sandbox::telnyx_public_key(warmcall::Secret{"the API key"}));
    for (const Heard& post : posts) {
        CHECK(ed25519_fits(key, unbase64(post.headers.at("telnyx-signature-ed25519")),
                           post.headers.at("telnyx-timestamp") + "|" + post.body));
    }
    CHECK(posts[0].json()["data"]["event_type"] == "message.sent");
    CHECK(posts[1].json()["data"]["event_type"] == "message.finalized");
    CHECK(posts[1].json()["data"]["payload"]["to"][0]["status"] == "delivered");
    world.control("reply", {{"from", ines}, {"channel", "telnyx"}, {"text", "Stop"}});
    const Heard refused = way.send(world, 10s);
    CHECK(refused.json()["errors"][0]["code"] == "40300");
    world.flush();
    const Json inbound = world.gateway.wait_for(3)[2].json()["data"];
    CHECK(inbound["event_type"] == "message.received");
    CHECK(inbound["payload"]["from"]["phone_number"] == ines);
    CHECK(inbound["payload"]["text"] == "Stop");
    CHECK(inbound["payload"]["autoresponse_type"] == "STOP");
}

TEST_CASE("Telnyx says which of its keywords was written, or that none was") {
    World world{all_providers()};
    std::size_t posts = 0;
    for (const auto& [words, type] : std::vector<std::pair<std::string, Json>>{
             {"unsubscribe", "STOP"}, {"Unstop", "START"}, {"help", "HELP"}, {"fine", nullptr}}) {
        INFO(words);
        world.control("reply", {{"from", ines}, {"channel", "telnyx"}, {"text", words}});
        world.flush();
        const Json told = world.gateway.wait_for(++posts).back().json()["data"]["payload"];
        CHECK(told["text"] == words);
        CHECK(told.at("autoresponse_type") == type);
    }
}

TEST_CASE("Telnyx says what is wrong with a message") {
    World world{all_providers()};
    const auto send = [&](const Json& body, const char* key = "Bearer the API key") {
        return ask(world.port, "POST", "/v2/messages", body.dump(),
                   {std::string{"Authorization: "} + key, "Content-Type: application/json"});
    };
    const auto code = [](const Heard& heard) {
        return heard.json()["errors"][0]["code"].get<std::string>();
    };
    CHECK(send({{"to", ines}}, "Bearer no").status == 401);
    CHECK(code(send({{"from", "+12025550104"}, {"text", "x"}})) == "10004");
    CHECK(code(send({{"from", "+12025550199"}, {"to", ines}, {"text", "x"}})) == "40305");
    CHECK(code(send({{"from", "+12025550104"}, {"to", "ines"}, {"text", "x"}})) == "40310");
    CHECK(world.entries("accepted").empty());
}

TEST_CASE("Vonage signs a JWT over a hash of the body, anew at every try") {
    World world{all_providers()};
    world.gateway.answer_next({500});
    REQUIRE(ways()[4].send(world, 10s).status == 202);
    const auto posts = world.gateway.wait_for(3);
    std::set<std::string> ids;
    for (const Heard& post : posts) {
        const std::string jwt = post.headers.at("authorization").substr(7);
        const std::size_t first = jwt.find('.');
        const std::size_t last = jwt.rfind('.');
        const std::string secret = "the signature secret";
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned int size = 0;
        HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<const unsigned char*>(jwt.data()), last, digest, &size);
        CHECK(unbase64(jwt.substr(last + 1)) ==
              std::string(reinterpret_cast<const char*>(digest), size));
        CHECK(Json::parse(unbase64(jwt.substr(0, first)))["alg"] == "HS256");
        const Json claims = Json::parse(unbase64(jwt.substr(first + 1, last - first - 1)));
        CHECK(claims["payload_hash"] == warmcall::sha256_hex(post.body));
        CHECK(claims["api_key"] == "abcd1234");
        ids.insert(claims["jti"].get<std::string>());
        CHECK(post.json()["client_ref"] == token);
    }
    CHECK(ids.size() == 3);
    CHECK(posts[0].json()["status"] == "submitted");
}

TEST_CASE("Vonage says what is wrong with a message") {
    World world{all_providers()};
    const auto send = [&](const Json& body) {
        return ask(world.port, "POST", "/v1/messages", body.dump(),
                   {vonage_basic, "Content-Type: application/json"});
    };
    const Json good{{"message_type", "text"},
                    {"channel", "sms"},
                    {"from", "12025550105"},
                    {"to", "61491570156"},
                    {"text", "Hello"}};
    const auto wrong = [&](const char* key, const Json& value) {
        Json body = good;
        body[key] = value;
        return send(body);
    };
    CHECK(ask(world.port, "POST", "/v1/messages", good.dump()).status == 401);
    CHECK(wrong("to", "+61491570156").status == 422);
    CHECK(wrong("to", "+61491570156").json()["invalid_parameters"][0]["name"] == "to");
    CHECK(wrong("from", "12025550199").json()["title"] == "Illegal Sender Address - rejected");
    CHECK(wrong("client_ref", std::string(101, 'x')).status == 422);
    CHECK(send(good).status == 202);
}

TEST_CASE("people answer on the channel they were written to, and the page tells which that is") {
    World world{all_providers()};
    ways()[4].send(world, 10s);
    const Json said = world.control("reply", {{"from", ines}, {"text", "Fine"}}).json();
    CHECK(said["channel"] == "vonage");
    const Json bubbles = world.view("messages")["messages"];
    CHECK(bubbles[0]["channel"] == "vonage");
    const Json channels = world.view("state")["channels"];
    CHECK(channels.size() == 6);
    CHECK(channels[3]["provider"] == "kannel");
    CHECK(channels[3]["medium"] == "sms");
}

TEST_CASE("what is wrong with a channel is said before the sandbox starts") {
    const auto problem = [](const warmcall::sandbox::LineOptions& line) {
        auto options = usual();
        options.lines = {line};
        boost::asio::io_context context;
        warmcall::sandbox::Sandbox sandbox{context, options};
        const auto endpoint = sandbox.listen();
        return endpoint ? std::string{} : endpoint.error().message;
    };
    auto line = telnyx();
    CHECK(problem(line).empty());
    line.settings["public_key"] = "AAAA";
    CHECK_THAT(problem(line), Catch::Contains("public_key is Telnyx's own; the sandbox's"));
    line = twilio("sms", "twilio_sms");
    line.settings["account_sid"] = "no";
    CHECK_THAT(problem(line), Catch::Contains("channel \"sms\": account_sid"));
    line.provider = "pigeon";
    CHECK_THAT(problem(line), Catch::Contains("cannot play pigeon"));
}
