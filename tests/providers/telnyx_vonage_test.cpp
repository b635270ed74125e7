// What is particular to Telnyx and Vonage: their keys, their credentials, their tables of errors.

#include "golden.hpp"
#include "providers/account.hpp"
#include "providers/json.hpp"
#include "providers/telnyx_errors.hpp"
#include "providers/vonage_errors.hpp"
#include "support/catch.hpp"
#include "support/crypto.hpp"

using namespace warmcall;

namespace {

template <class F>
std::string complaint(std::string_view provider, F&& change) {
    Account account = golden::account(provider);
    change(account);
    const auto sentences = golden::provider(provider).check(account);
    REQUIRE(sentences.size() == 1);
    CHECK(sentences[0].find("invented") == std::string::npos);
    return sentences[0];
}

Answer answer_to(std::string_view provider, int status, std::string body) {
    Answer answer = golden::provider(provider).read_send(golden::account(provider),
                                                         {status, {}, std::move(body)});
    CHECK(answer.kind == Answer::Kind::refused);
    return answer;
}

core::FailureClass refused(std::string_view provider, std::string body) {
    return answer_to(provider, 422, std::move(body)).failure;
}

std::vector<Inbound> told(std::string_view provider, const golden::Json& body) {
    HttpRequest request{.method = "POST", .url = "/webhooks/main", .body = body.dump()};
    request.received_at = golden::now;
    auto found = golden::provider(provider).parse(golden::account(provider), request);
    REQUIRE(found);
    return std::move(*found);
}

// What somebody wrote, with Telnyx's word for it.
golden::Json telnyx_text(std::string_view words, const golden::Json& autoresponse) {
    golden::Json payload{{"autoresponse_type", autoresponse},
                         {"from", {{"phone_number", "+61491570156"}}},
                         {"text", words}};
    return {{"data",
             {{"event_type", "message.received"},
              {"id", "b301ed3f-0000-4000-8000-000000000071"},
              {"occurred_at", "2026-02-03T10:00:01.123+00:00"},
              {"payload", std::move(payload)}}}};
}

golden::Json vonage_text(std::string_view from, golden::Json whatsapp) {
    golden::Json body{
        {"channel", "whatsapp"},  {"message_uuid", "aaaaaaaa-0000-4000-8000-000000000571"},
        {"to", "12025550101"},    {"timestamp", "2026-02-03T10:00:01Z"},
        {"message_type", "text"}, {"text", "STOP"}};
    if (!from.empty())
        body["from"] = from;
    if (!whatsapp.is_null())
        body["whatsapp"] = std::move(whatsapp);
    return body;
}

}  // namespace

TEST_CASE("Telnyx's errors mean what PROVIDERS.md says, and each has a sentence for the rep") {
    using enum core::FailureClass;
    for (const ProviderError& error : telnyx_errors)
        CHECK(error.sentence.size() > 20);
    const auto meaning = [](int code) {
        return refused("telnyx", R"({"errors":[{"code":")" + std::to_string(code) + R"("}]})");
    };
    for (const int code : {40001, 40005, 40008, 40009})
        CHECK(meaning(code) == permanent);
    for (const int code : {40002, 40011, 10011})
        CHECK(meaning(code) == slow_down);
    for (const int code : {40003, 10009})
        CHECK(meaning(code) == config);
    for (const int code : {40004, 40006})
        CHECK(meaning(code) == retry);
    CHECK(meaning(40300) == suppress);
    CHECK(meaning(49999) == permanent);
}

TEST_CASE("Vonage's errors are read by title or by type, and each has a sentence for the rep") {
    using enum core::FailureClass;
    for (const ProviderError& error : vonage_errors)
        CHECK(error.sentence.size() > 20);
    const auto by_title = [](int code) {
        return refused("vonage_sms", R"({"title":")" + std::to_string(code) + "\"}");
    };
    CHECK(by_title(1000) == slow_down);
    CHECK(by_title(1120) == config);
    CHECK(by_title(1180) == retry);
    CHECK(by_title(1190) == permanent);
    CHECK(by_title(1240) == suppress);
    CHECK(by_title(1022) == template_fault);
    CHECK(refused(
              "vonage_sms",
              R"({"type":"https://developer.vonage.com/api-errors/messages#1340","title":"x"})") ==
          needs_window);
}

TEST_CASE("what Telnyx takes for a STOP or a START of its user's own words is told beside them") {
    using Choice = core::MarketingPreference::Choice;
    const auto stopped = told("telnyx", telnyx_text("ARRET", "STOP"));
    REQUIRE(stopped.size() == 2);
    CHECK(std::get<InPreference>(stopped[0].what).choice == Choice::stop);
    CHECK(std::get<InReply>(stopped[1].what).words == "ARRET");
    CHECK(stopped[0].who == stopped[1].who);
    CHECK(stopped[0].key != stopped[1].key);
    CHECK(std::get<InReply>(stopped[1].what).confirmed_stop);
    const auto started = told("telnyx", telnyx_text("ENCORE", "START"));
    REQUIRE(started.size() == 2);
    CHECK(std::get<InPreference>(started[0].what).choice == Choice::resume);
    CHECK_FALSE(std::get<InReply>(started[1].what).confirmed_stop);
    for (const golden::Json& nothing : {golden::Json("HELP"), golden::Json(nullptr)}) {
        const auto plain = told("telnyx", telnyx_text("ARRET", nothing));
        REQUIRE(plain.size() == 1);
        CHECK_FALSE(std::get<InReply>(plain[0].what).confirmed_stop);
        CHECK(plain[0].key == stopped[1].key);  // known already, whatever Telnyx says of it
    }
}

TEST_CASE("who hides the number is heard on WhatsApp through Vonage, by the user id") {
    using core::AddressKind;
    const core::Address user{AddressKind::whatsapp_user, "AU.13491208655302741918"};
    const core::Address parent{AddressKind::whatsapp_user, "AU.ENT.506847293015824"};
    const core::Address id{AddressKind::whatsapp, "61491570156"};
    using Who = std::vector<core::Address>;
    const auto who = [](const golden::Json& body) {
        const auto found = told("vonage_whatsapp", body);
        REQUIRE(found.size() == 1);
        CHECK(std::get<InReply>(found[0].what).words == "STOP");
        return found[0].who;
    };
    const golden::Json ids{{"user_id", user.value}, {"parent_user_id", parent.value}};
    const golden::Json sender{{"sender", ids}};
    CHECK(who(vonage_text(user.value, nullptr)) == Who{user});
    CHECK(who(vonage_text(user.value, sender)) == Who{user, parent});
    CHECK(who(vonage_text({}, sender)) == Who{user, parent});
    CHECK(who(vonage_text(id.value, sender)) == Who{id, user, parent});
    CHECK(who(vonage_text(user.value, {{"sender", {{"wa_id", id.value}}}})) == Who{user, id});
    golden::Json receipt{
        {"channel", "whatsapp"}, {"message_uuid", "bbbbbbbb-0000-4000-8000-000000000571"},
        {"to", user.value},      {"timestamp", "2026-02-03T10:00:05Z"},
        {"status", "read"},      {"whatsapp", {{"recipient", {{"wa_id", id.value}}}}}};
    CHECK(told("vonage_whatsapp", receipt)[0].who == Who{user, id});
}

TEST_CASE("a code that is known says more than the HTTP status it came with") {
    using core::FailureClass;
    const auto vonage = [](std::string_view provider, int status, int code) {
        return answer_to(provider, status,
                         R"({"type":"https://developer.vonage.com/api-errors/messages#)" +
                             std::to_string(code) + R"(","title":"invented"})");
    };
    for (const char* provider : {"vonage_sms", "vonage_whatsapp"}) {
        const Answer barred = vonage(provider, 403, 1050);  // this number, and no other
        CHECK(barred.failure == FailureClass::permanent);
        CHECK(barred.scope == Answer::Scope::message);
        CHECK(barred.code == 1050);
        CHECK(vonage(provider, 401, 1110).failure == FailureClass::config);
        const Answer strange = vonage(provider, 403, 1999);
        CHECK(strange.failure == FailureClass::config);
        CHECK(strange.scope == Answer::Scope::account);
    }
    for (const int code : {40012, 40301, 40309, 40319, 40322}) {
        INFO(code);
        const Answer answer =
            answer_to("telnyx", 403, R"({"errors":[{"code":")" + std::to_string(code) + R"("}]})");
        CHECK(answer.failure == FailureClass::permanent);
        CHECK(answer.scope == Answer::Scope::message);
    }
}

TEST_CASE("Vonage's word for a number without WhatsApp is kept as such, and of an SMS it is not") {
    const auto failure = [](std::string_view provider) {
        golden::Json receipt{{"channel", provider == "vonage_sms" ? "sms" : "whatsapp"},
                             {"message_uuid", "bbbbbbbb-0000-4000-8000-000000000572"},
                             {"to", "61491570156"},
                             {"timestamp", "2026-02-03T10:00:05Z"},
                             {"status", "rejected"},
                             {"error", {{"title", "1300"}}}};
        return *std::get<InStatus>(told(provider, receipt)[0].what).facts.failed;
    };
    CHECK(core::not_on_whatsapp(failure("vonage_whatsapp")));
    CHECK(failure("vonage_whatsapp").kind == core::FailureClass::permanent);
    CHECK_FALSE(core::not_on_whatsapp(failure("vonage_sms")));
    const std::string refusal = R"({"title":"1300"})";
    const Answer on_whatsapp = answer_to("vonage_whatsapp", 422, refusal);
    CHECK(core::not_on_whatsapp({{}, on_whatsapp.code, on_whatsapp.failure}));
    CHECK(answer_to("vonage_sms", 422, refusal).code == 1300);
}

TEST_CASE("what a Telnyx account has wrong is named") {
    CHECK(complaint("telnyx", [](Account& a) {
              a.settings["public_key"] = "not a key";
          }).starts_with("public_key must be"));
    CHECK(complaint("telnyx", [](Account& a) {
              a.settings.erase("from");
              a.settings.erase("messaging_profile_id");
          }).starts_with("from is missing"));
    CHECK(complaint("telnyx", [](Account& a) {
              a.settings["from"] = "+1 202 555 0101";
          }).starts_with("from must be"));
}

TEST_CASE("a name as the sender is told from a number, and needs a messaging profile at Telnyx") {
    for (const char* name : {"Kestrel", "Kestrel 24", "A-1"}) {
        INFO(name);
        CHECK(is_sender_name(name));
        CHECK(is_sender(name));
    }
    for (const char* number : {"+12025550101", "72345", "", "Kestrel Foods Ltd"}) {
        INFO(number);
        CHECK_FALSE(is_sender_name(number));
    }
    CHECK(complaint("telnyx", [](Account& a) {
              a.settings["from"] = "Kestrel";
              a.settings.erase("messaging_profile_id");
          }).starts_with("from is a name"));
    Account with_profile = golden::account("telnyx");
    with_profile.settings["from"] = "Kestrel";
    with_profile.settings["messaging_profile_id"] = "00000000-0000-4000-8000-000000000000";
    CHECK(golden::provider("telnyx").check(with_profile).empty());
}

TEST_CASE("Vonage is sent to by a key and secret, or by an RSA key, and a broken one is named") {
    CHECK(complaint("vonage_whatsapp", [](Account& a) {
              a.secrets["private_key"] = {Secret{"-----BEGIN PRIVATE KEY-----\ninvented"}};
          }).starts_with("private_key must be an RSA key"));
    CHECK(complaint("vonage_whatsapp", [](Account& a) {
              a.settings.erase("application_id");
          }).starts_with("application_id is missing"));
    CHECK(complaint("vonage_sms", [](Account& a) {
              a.secrets.erase("api_secret");
          }).starts_with("api_secret is missing"));
    CHECK(complaint("vonage_sms", [](Account& a) {
              a.settings["application_id"] = "my application";
          }).starts_with("application_id must look like"));
    Account broken = golden::account("vonage_whatsapp");
    broken.secrets["private_key"] = {Secret{"no key"}};
    CHECK_NOTHROW(golden::provider("vonage_whatsapp").build_send(broken, {}));
}

TEST_CASE("a JWT of ours says who, since when, for how long, and never twice the same") {
    const Account account = golden::account("vonage_whatsapp");
    Outbound message;
    message.at = golden::now;
    message.token = {0xAB};
    const std::string token{golden::provider("vonage_whatsapp")
                                .build_send(account, message)
                                .header("Authorization")
                                .substr(7)};
    const auto claims =
        from_base64(token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1));
    REQUIRE(claims);
    JsonDocument document;
    const Json read = document.read(*claims);
    CHECK(read["application_id"].text() == account.settings.at("application_id"));
    CHECK(read["iat"].integer() == 1'770'112'800);
    CHECK(read["exp"].integer() == 1'770'112'800 + 900);
    CHECK(read["jti"].text() == to_hex(message.token));
}

TEST_CASE("Vonage's probe sends nothing, and is content when Vonage misses everything in it") {
    const Account account = golden::account("vonage_sms");
    const HttpRequest probe = golden::provider("vonage_sms").build_probe(account, golden::now);
    CHECK(probe.body == "{}");
    CHECK(probe.header("Authorization").starts_with("Basic "));
    CHECK_FALSE(golden::provider("vonage_sms").read_probe(account, {422, {}, ""}));
}

TEST_CASE("base64 is read in both alphabets and in one spelling of each text only") {
    for (const std::string& bytes : {std::string{}, std::string{"f"}, std::string{"fo"},
                                     std::string{"foo"}, std::string{"\xFB\xFF\xFE\x00", 4}}) {
        CHECK(from_base64(base64(bytes)) == bytes);
        CHECK(from_base64(base64url(bytes)) == bytes);
    }
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("\xFB\xFF") == "+/8=");
    for (const char* wrong : {"A", "A===", "Zm9=", "Zm8 ", "Zm\n8", "Zm8===", "=", "Z=m8"})
        CHECK_FALSE(from_base64(wrong));
}
