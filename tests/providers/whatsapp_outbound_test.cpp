// What we write to WhatsApp, and what it answers.

#include "golden.hpp"
#include "providers/whatsapp_errors.hpp"
#include "support/catch.hpp"

using namespace warmcall;

namespace {

golden::Json built(const Outbound& message) {
    return golden::dump(golden::whatsapp().build_send(golden::account(), message));
}

Answer answer_to(int status, std::vector<Header> headers, std::string body) {
    return golden::whatsapp().read_send(golden::account(),
                                        {status, std::move(headers), std::move(body)});
}

std::string error_body(int code) {
    return R"({"error":{"message":"(#1) invented","type":"OAuthException","code":)" +
           std::to_string(code) + R"(,"fbtrace_id":"A1"}})";
}

}  // namespace

TEST_CASE("every golden message is written as it stands beside it") {
    for (const auto& file : golden::files("outbound", ".json")) {
        golden::Json written = golden::Json::parse(golden::read(file));
        const golden::Json now = built(golden::outbound_from(written.at("message")));
        INFO(file.filename().string());
        if (golden::updating()) {
            written["request"] = now;
            golden::write(file, written.dump(1) + "\n");
        }
        CHECK(written.at("request").dump(1) == now.dump(1));
    }
}

TEST_CASE("every golden answer is read as it stands beside it") {
    for (const auto& file : golden::files("reply", ".json")) {
        golden::Json written = golden::Json::parse(golden::read(file));
        const golden::Json now = golden::dump(golden::whatsapp().read_send(
            golden::account(), golden::response_from(written.at("response"))));
        INFO(file.filename().string());
        if (golden::updating()) {
            written["answer"] = now;
            golden::write(file, written.dump(1) + "\n");
        }
        CHECK(written.at("answer").dump(1) == now.dump(1));
    }
}

TEST_CASE("there is a golden answer for every error code we know") {
    std::set<int> seen;
    for (const auto& file : golden::files("reply", ".json")) {
        const golden::Json body = golden::Json::parse(golden::read(file)).at("response").at("body");
        if (body.is_object() && body.contains("error") && body["error"]["code"].is_number_integer())
            seen.insert(body["error"]["code"].get<int>());
    }
    for (const WhatsappError& error : whatsapp_errors) {
        INFO(error.first);
        CHECK(seen.contains(error.first));
        CHECK(seen.contains(error.last));
    }
}

TEST_CASE("every error has a sentence for the rep, and no code is found that is not in the table") {
    for (const WhatsappError& error : whatsapp_errors) {
        CHECK(error.sentence.size() > 20);
        CHECK(whatsapp_error(error.first) == &error);
        CHECK(whatsapp_error(error.last) == &error);
    }
    for (const int code : {-1, 5, 99, 101, 300, 131027, 132002, 138024, 2147483647})
        CHECK(whatsapp_error(code) == nullptr);
}

TEST_CASE("a number always goes out with its plus, or it might reach a stranger") {
    Outbound message;
    message.text = "Hello";
    for (const core::Address& to : {core::Address{core::AddressKind::phone, "+61491570156"},
                                    core::Address{core::AddressKind::phone, "61491570156"},
                                    core::Address{core::AddressKind::whatsapp, "61491570156"}}) {
        message.to = to;
        CHECK(built(message)["body"]["to"] == "+61491570156");
        CHECK_FALSE(built(message)["body"].contains("recipient"));
    }
    message.to = {core::AddressKind::whatsapp_user, "AU.WARM0000000000000001"};
    CHECK(built(message)["body"]["recipient"] == "AU.WARM0000000000000001");
    CHECK_FALSE(built(message)["body"].contains("to"));
}

TEST_CASE("every message carries our token, and it comes back from a receipt as the same") {
    Outbound message;
    message.to = {core::AddressKind::phone, "+61491570156"};
    message.token = {0xDE, 0xAD, 0xBE, 0xEF};
    const std::string opaque = built(message)["body"]["biz_opaque_callback_data"];
    CHECK(opaque == "wc1.deadbeef000000000000000000000000");
    const auto found = golden::whatsapp().parse(
        golden::account(),
        golden::delivery(
            R"({"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"300000000000002"},)"
            R"("statuses":[{"id":"wamid.A","timestamp":"1770112345","status":"sent","biz_opaque_callback_data":")" +
            opaque + R"("}]}}]}]})"));
    REQUIRE(found);
    CHECK(std::get<InStatus>((*found)[0].what).token == message.token);
}

TEST_CASE("the version and the address of the account are used as given") {
    Account account = golden::account();
    account.base_url = "http://127.0.0.1:9";
    account.settings["version"] = "v25.0";
    CHECK(golden::whatsapp().build_send(account, {}).url ==
          "http://127.0.0.1:9/v25.0/300000000000002/messages");
    account.base_url.clear();
    account.settings.erase("version");
    CHECK(golden::whatsapp().build_send(account, {}).url ==
          "https://graph.facebook.com/v24.0/300000000000002/messages");
}

TEST_CASE("texts and titles are kept to WhatsApp's limits, counted in characters") {
    Outbound message;
    message.to = {core::AddressKind::phone, "+61491570156"};
    for (int i = 0; i < 5000; ++i)
        message.text += "é";
    CHECK(built(message)["body"]["text"]["body"].get<std::string>().size() == 4096 * 2);
    for (int i = 0; i < 4; ++i)
        message.buttons.emplace_back("id" + std::to_string(i),
                                     "a title of more than twenty characters");
    const auto interactive = built(message)["body"]["interactive"];
    CHECK(interactive["body"]["text"].get<std::string>().size() == 1024 * 2);
    CHECK(interactive["action"]["buttons"].size() == 3);
    CHECK(interactive["action"]["buttons"][0]["reply"]["title"] == "a title of more than");
}

TEST_CASE("broken letters in a text do not stop it from being sent") {
    Outbound message;
    message.to = {core::AddressKind::phone, "+61491570156"};
    message.text = "caf\xE9";
    CHECK(built(message)["body"]["text"]["body"] == "caf\xEF\xBF\xBD");
}

TEST_CASE("a fault of the server's whose code means that nothing was taken is a refusal") {
    using core::FailureClass;
    using Scope = Answer::Scope;
    const auto check = [](int status, int code, FailureClass failure, Scope scope) {
        INFO(code);
        const Answer answer = answer_to(status, {}, error_body(code));
        CHECK(answer.kind == Answer::Kind::refused);
        CHECK(answer.code == code);
        CHECK(answer.failure == failure);
        CHECK(answer.scope == scope);
    };
    check(500, 3, FailureClass::config, Scope::account);
    check(500, 131045, FailureClass::config, Scope::sender);
    check(500, 131057, FailureClass::retry, Scope::sender);
    check(503, 133004, FailureClass::retry, Scope::message);
    check(500, 134102, FailureClass::template_fault, Scope::message);
    CHECK(answer_to(500, {}, R"({"code":133004})").kind == Answer::Kind::unreadable);
    CHECK(answer_to(500, {}, R"({"error":"133004"})").kind == Answer::Kind::unreadable);
    CHECK(answer_to(408, {}, error_body(133004)).kind == Answer::Kind::unreadable);
}

TEST_CASE("any other answer of the server's fault class is unknown, whatever it says") {
    for (const int status : {500, 502, 503, 504, 599}) {
        for (const int code : {2, 131000, 131016, 100}) {
            CHECK(answer_to(status, {}, error_body(code)).kind == Answer::Kind::unreadable);
            CHECK(answer_to(status, {}, "").kind == Answer::Kind::unreadable);
        }
    }
    CHECK(answer_to(408, {}, "").kind == Answer::Kind::unreadable);
}

TEST_CASE("an answer that says yes and cannot be read is unknown") {
    for (const char* body : {"", "{}", "OK", R"({"messages":[]})", R"({"messages":[{}]})",
                             R"({"messages":[{"id":""}]})", R"({"messages":{"id":"wamid.A"}})",
                             R"({"messages":[{"id":"wam id"}]})"})
        CHECK(answer_to(200, {}, body).kind == Answer::Kind::unreadable);
}

TEST_CASE("how long to wait is read in seconds and as a date") {
    const auto wait = [](std::vector<Header> headers) {
        return answer_to(429, std::move(headers), "").retry_after;
    };
    using namespace std::chrono_literals;
    CHECK(wait({{"Retry-After", "120"}}) == core::Duration{120s});
    CHECK(wait({{"retry-after", "0"}}) == core::Duration{0});
    CHECK(wait({{"Retry-After", "Tue, 03 Feb 2026 10:02:00 GMT"},
                {"Date", "Tue, 03 Feb 2026 10:00:30 GMT"}}) == core::Duration{90s});
    CHECK(wait({{"Retry-After", "Tue, 03 Feb 2026 09:00:00 GMT"},
                {"Date", "Tue, 03 Feb 2026 10:00:30 GMT"}}) == core::Duration{0});
    for (const char* strange : {"", "-5", "1.5", "soon", "99999999999999999999",
                                "Tue, 31 Feb 2026 10:00:00 GMT", "Tue, 03 Fbe 2026 10:00:00 GMT",
                                "Tue, 03 Feb 2026 25:00:00 GMT", "Tue, xx Feb 2026 10:00:00 GMT"})
        CHECK_FALSE(wait({{"Retry-After", strange}, {"Date", "Tue, 03 Feb 2026 10:00:30 GMT"}}));
    CHECK_FALSE(wait({{"Retry-After", "Tue, 03 Feb 2026 10:02:00 GMT"}}));
}

TEST_CASE("too many messages to one person slow down that pair only") {
    const Answer answer = answer_to(400, {}, error_body(131056));
    CHECK(answer.kind == Answer::Kind::refused);
    CHECK(answer.failure == core::FailureClass::slow_down);
    CHECK(answer.scope == Answer::Scope::pair);
}

TEST_CASE("no answer, however broken, makes a sentence with the provider's own words in it") {
    const Answer answer = answer_to(
        400, {},
        R"({"error":{"message":"61491570156 said hello","code":100,"error_data":{"details":"61491570156"}}})");
    CHECK(answer.sentence.find("61491570156") == std::string::npos);
}

TEST_CASE("the probe asks for the number and nothing else, and is content when it gets it") {
    const HttpRequest probe = golden::whatsapp().build_probe(golden::account(), {});
    CHECK(probe.method == "GET");
    CHECK(probe.url ==
          "https://graph.facebook.com/v24.0/"
          "300000000000002?fields=id,display_phone_number,quality_rating,verified_name");
    CHECK(probe.header("Authorization") == "Bearer invented-access-token");
    const auto reading = [](int status, std::string body) {
        return golden::whatsapp().read_probe(golden::account(), {status, {}, std::move(body)});
    };
    CHECK_FALSE(reading(
        200,
        R"({"id":"300000000000002","display_phone_number":"+1 202-555-0101","quality_rating":"GREEN"})"));
    CHECK(reading(401, error_body(190))->find("access_token") != std::string::npos);
    CHECK(reading(400, error_body(33))->find("phone_number_id") != std::string::npos);
    CHECK(reading(404, "")->find("phone_number_id") != std::string::npos);
    CHECK(reading(301, "")->find("base_url") != std::string::npos);
    CHECK(reading(200, R"({"id":"1"})")->find("base_url") != std::string::npos);
    CHECK(reading(200, "<html>")->find("base_url") != std::string::npos);
    CHECK(reading(503, "")->find("out of order") != std::string::npos);
}
