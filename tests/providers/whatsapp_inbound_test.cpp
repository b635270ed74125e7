// What WhatsApp posts to us, payload by payload.

#include "golden.hpp"
#include "providers/whatsapp_errors.hpp"
#include "support/catch.hpp"

using namespace warmcall;

namespace {

std::vector<Inbound> parsed(const std::string& body) {
    auto found = golden::whatsapp().parse(golden::account(), golden::delivery(body));
    REQUIRE(found);
    return *found;
}

std::vector<Inbound> from_file(const std::string& name) {
    return parsed(golden::read(golden::folder("inbound") / (name + ".json")));
}

std::string ignored(const Inbound& one) {
    const auto* what = std::get_if<InIgnored>(&one.what);
    return what == nullptr ? "" : what->what;
}

std::string with_updates(std::size_t count) {
    std::string messages;
    for (std::size_t i = 0; i < count; ++i)
        messages += std::string{i == 0 ? "" : ","} + R"({"from":"61491570156","id":"wamid.BULK)" +
                    std::to_string(i) +
                    R"(","timestamp":"1770112345","type":"text","text":{"body":"hi"}})";
    return R"({"object":"whatsapp_business_account","entry":[{"id":"200000000000001","changes":[{"field":"messages","value":)"
           R"({"metadata":{"phone_number_id":"300000000000002"},"messages":[)" +
           messages + "]}}]}]}";
}

}  // namespace

TEST_CASE("every golden delivery is read as it is written down beside it") {
    for (const auto& file : golden::files("inbound", ".json")) {
        auto expected = file;
        expected.replace_extension(".expected");
        const std::string now = golden::dump(parsed(golden::read(file))).dump(1) + "\n";
        INFO(file.filename().string());
        if (golden::updating())
            golden::write(expected, now);
        CHECK(golden::read(expected) == now);
    }
}

TEST_CASE("no golden file lies about unused") {
    for (const auto& entry : std::filesystem::directory_iterator{golden::folder("inbound")}) {
        auto sibling = entry.path();
        sibling.replace_extension(entry.path().extension() == ".json" ? ".expected" : ".json");
        INFO(entry.path().filename().string());
        CHECK((entry.path().extension() == ".json" || entry.path().extension() == ".expected"));
        CHECK(std::filesystem::exists(sibling));
    }
    for (const char* kind : {"outbound", "reply"})
        for (const auto& entry : std::filesystem::directory_iterator{golden::folder(kind)})
            CHECK(entry.path().extension() == ".json");
}

TEST_CASE("there is a golden delivery for every kind of message, receipt and event") {
    std::set<std::string> seen;
    const auto note = [&seen](const char* what, const golden::Json& json, const char* key) {
        if (json.is_object() && json.contains(key) && json[key].is_string())
            seen.insert(what + json[key].get<std::string>());
    };
    for (const auto& file : golden::files("inbound", ".json")) {
        const golden::Json root = golden::Json::parse(golden::read(file), nullptr, false);
        if (root.is_discarded())
            continue;  // half an emoji
        for (const auto& entry : root.value("entry", golden::Json::array()))
            for (const auto& change : entry.is_object()
                                          ? entry.value("changes", golden::Json::array())
                                          : golden::Json::array()) {
                note("field ", change, "field");
                const golden::Json value = change.is_object()
                                               ? change.value("value", golden::Json::object())
                                               : golden::Json::object();
                note("event ", value, "event");
                for (const auto& message : value.value("messages", golden::Json::array())) {
                    note("message ", message, "type");
                    if (message.is_object() && message.contains("interactive"))
                        note("interactive ", message["interactive"], "type");
                    if (message.is_object() && message.contains("system"))
                        note("system ", message["system"], "type");
                }
                for (const auto& status : value.value("statuses", golden::Json::array()))
                    note("status ", status, "status");
                for (const auto& call : value.value("calls", golden::Json::array()))
                    note("call ", call, "event");
            }
    }
    for (const char* type : {"text", "button", "interactive", "reaction", "image", "video", "audio",
                             "voice", "document", "sticker", "location", "contacts", "order",
                             "system", "unsupported", "edit", "revoke"})
        CHECK(seen.contains(std::string{"message "} + type));
    for (const char* type : {"button_reply", "list_reply", "nfm_reply", "call_permission_reply"})
        CHECK(seen.contains(std::string{"interactive "} + type));
    for (const char* type :
         {"user_changed_number", "user_changed_user_id", "customer_identity_changed"})
        CHECK(seen.contains(std::string{"system "} + type));
    for (const char* status : {"sent", "delivered", "read", "played", "failed", "deleted"})
        CHECK(seen.contains(std::string{"status "} + status));
    for (const char* event : {"connect", "terminate"})
        CHECK(seen.contains(std::string{"call "} + event));
    for (const char* field :
         {"messages", "calls", "user_preferences", "user_id_update", "smb_message_echoes",
          "smb_app_state_sync", "history", "message_template_status_update",
          "message_template_quality_update", "template_category_update",
          "message_template_components_update", "account_update", "account_alerts",
          "phone_number_quality_update", "business_capability_update"})
        CHECK(seen.contains(std::string{"field "} + field));
    for (const char* event :
         {"APPROVED", "ARCHIVED", "DELETED", "DISABLED", "FLAGGED", "IN_APPEAL", "LIMIT_EXCEEDED",
          "LOCKED", "PAUSED", "PENDING", "REINSTATED", "PENDING_DELETION", "REJECTED"})
        CHECK(seen.contains(std::string{"event "} + event));
}

TEST_CASE("a customer's words reach the rep with who said them and what they answered") {
    const auto found = from_file("message_text_as_reply");
    REQUIRE(found.size() == 1);
    const auto& reply = std::get<InReply>(found[0].what);
    CHECK(reply.words == "Much better 🙂");
    CHECK(reply.profile_name == "Ines Moreau");
    CHECK(reply.about_provider_id == "wamid.WARMOUT0007");
    REQUIRE(found[0].who.size() == 2);
    CHECK(found[0].who[0] == core::Address{core::AddressKind::whatsapp, "61491570156"});
    CHECK(found[0].who[1] ==
          core::Address{core::AddressKind::whatsapp_user, "AU.WARM0000000000000001"});
}

TEST_CASE("every update of a thousand in one delivery is read, in order") {
    const auto found = parsed(with_updates(1000));
    REQUIRE(found.size() == 1000);
    std::set<std::string> keys;
    for (const Inbound& one : found)
        keys.insert(one.key);
    CHECK(keys.size() == 1000);
    CHECK(golden::dump(found)[999]["what"]["words"] == "hi");
}

TEST_CASE(
    "a delivery with far more updates than WhatsApp combines is kept aside instead of filling the "
    "memory") {
    const auto found =
        golden::whatsapp().parse(golden::account(), golden::delivery(with_updates(10'002)));
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::bad_payload);
}

TEST_CASE("a delivery of three megabytes is read, a larger one is not") {
    std::string body = with_updates(1);
    body.append(3 * 1024 * 1024 - body.size(), ' ');
    CHECK(golden::whatsapp().webhook_body_bytes_max == body.size());
    CHECK(parsed(body).size() == 1);
    body += ' ';
    CHECK_FALSE(golden::whatsapp().parse(golden::account(), golden::delivery(body)));
}

TEST_CASE("the same event delivered again has the same key, also when it comes in other company") {
    const auto alone = from_file("message_text");
    std::string both = golden::read(golden::folder("inbound") / "message_text.json");
    const auto again = parsed(both);
    CHECK(alone[0].key == again[0].key);

    golden::Json merged = golden::Json::parse(both);
    merged["entry"].push_back(golden::Json::parse(
        golden::read(golden::folder("inbound") / "status_read.json"))["entry"][0]);
    const auto batched = parsed(merged.dump());
    REQUIRE(batched.size() == 2);
    CHECK(batched[0].key == alone[0].key);
    CHECK(batched[1].key == from_file("status_read")[0].key);
}

TEST_CASE("a key is short and begins with the provider's time, so that later events sort later") {
    const auto found = from_file("message_text");
    CHECK(found[0].key.size() == 20);
    CHECK(hex(found[0].key).substr(0, 16) == "000000006981c52d");
    CHECK(core::unix_ms(found[0].at) == 1770112301000);
}

TEST_CASE("receipts for one message differ in their keys by status and by recipient") {
    const auto key = [](const char* status, const char* recipient) {
        return parsed(
                   R"({"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"300000000000002"},)"
                   R"("statuses":[{"id":"wamid.A","timestamp":"1770112345","status":")" +
                   std::string{status} + R"(","recipient_id":")" + recipient + R"("}]}}]}]})")[0]
            .key;
    };
    const std::set<std::string> keys{key("sent", "61491570156"), key("delivered", "61491570156"),
                                     key("delivered", "61491570157")};
    CHECK(keys.size() == 3);
    CHECK(key("sent", "61491570156") == key("sent", "61491570156"));
}

TEST_CASE("all golden events have keys of their own") {
    std::map<std::string, std::string> seen;
    for (const auto& file : golden::files("inbound", ".json")) {
        for (const Inbound& one : parsed(golden::read(file))) {
            const auto [before, fresh] = seen.emplace(one.key, file.filename().string());
            INFO(file.filename().string() << " and " << before->second);
            CHECK(fresh);
        }
    }
}

TEST_CASE("one malformed message does not cost the others of the delivery") {
    const auto found = from_file("malformed_message_among_good_ones");
    REQUIRE(found.size() == 8);
    CHECK(std::holds_alternative<InReply>(found.front().what));
    CHECK(std::holds_alternative<InReply>(found.back().what));
    for (std::size_t i = 1; i + 1 < found.size(); ++i)
        CHECK(ignored(found[i]) == "malformed message");
}

TEST_CASE("half an emoji and broken letters cost only themselves") {
    CHECK(std::get<InReply>(from_file("half_an_emoji")[0].what).words == "so happy \xEF\xBF\xBD");
    CHECK(from_file("half_an_emoji").size() == 2);
    CHECK(std::get<InReply>(from_file("broken_utf8")[0].what).words ==
          "caf\xEF\xBF\xBD 🙂 \xEF\xBF\xBD");
}

TEST_CASE("a very long text is cut between two characters and says so") {
    const std::string words = std::get<InReply>(from_file("message_text_too_long")[0].what).words;
    CHECK(words.size() <= 2000);
    CHECK(words.size() > 1990);
    CHECK(words.ends_with("…"));
    CHECK_NOTHROW(nlohmann::json(words).dump());  // it throws on a character cut in two
}

TEST_CASE("control characters in a text do not reach the rep's screen") {
    const std::string words =
        std::get<InReply>(from_file("message_text_control_characters")[0].what).words;
    CHECK(words == "line one\nline\ttwo   [31m end");
}

TEST_CASE("a receipt carries our token back, and somebody else's is none") {
    const auto token = std::get<InStatus>(from_file("status_sent")[0].what).token;
    REQUIRE(token);
    CHECK(to_hex(*token) == "000102030405060708090a0b0c0d0e0f");
    CHECK_FALSE(std::get<InStatus>(from_file("status_with_somebody_elses_token")[0].what).token);
    CHECK_FALSE(std::get<InStatus>(from_file("status_with_broken_token")[0].what).token);
}

TEST_CASE("a failed receipt says in our words what the failure means") {
    const auto kind = [](const char* name) {
        return std::get<InStatus>(from_file(name)[0].what).facts.failed->kind;
    };
    CHECK(kind("status_failed_131026") == core::FailureClass::permanent);
    CHECK(kind("status_failed_131047") == core::FailureClass::needs_window);
    CHECK(kind("status_failed_131050") == core::FailureClass::suppress);
    CHECK(kind("status_failed_131056") == core::FailureClass::slow_down);
    CHECK(kind("status_failed_132015") == core::FailureClass::template_fault);
    CHECK(kind("status_failed_131042") == core::FailureClass::config);
    CHECK(kind("status_failed_131000") == core::FailureClass::retry);
    CHECK(kind("status_failed_unknown_code") == core::FailureClass::permanent);
}

TEST_CASE("a customer who hid their number is known by their user id") {
    const auto found = from_file("message_text_without_phone");
    REQUIRE_FALSE(found[0].who.empty());
    CHECK(found[0].who[0] ==
          core::Address{core::AddressKind::whatsapp_user, "AU.WARM0000000000000001"});
    for (const core::Address& address : found[0].who)
        CHECK(address.kind == core::AddressKind::whatsapp_user);
}

TEST_CASE("when a number changes, the address that it replaces stands first") {
    const auto found = from_file("message_system_user_changed_number_and_id");
    REQUIRE(found.size() == 2);
    for (const Inbound& one : found)
        CHECK(one.who.front().kind == std::get<InAddressChange>(one.what).now.kind);
}

TEST_CASE("a number shared on request comes beside what we know of the customer") {
    const auto found = from_file("message_contacts_on_request");
    REQUIRE(found.size() == 2);
    const auto& change = std::get<InAddressChange>(found[0].what);
    CHECK(change.now == core::Address{core::AddressKind::phone, "+61491570156"});
    CHECK(change.how == core::AddressLearned::How::alias);
    CHECK(std::holds_alternative<InReply>(found[1].what));
}

TEST_CASE("a removed reaction, an edit and a revoke are no replies") {
    for (const char* name :
         {"message_reaction_removed", "message_edit", "message_revoke", "message_in_group"}) {
        INFO(name);
        const auto found = from_file(name);
        REQUIRE(found.size() == 1);
        CHECK_FALSE(ignored(found[0]).empty());
    }
}

TEST_CASE("what is not JSON, or JSON of something else, is a bad payload and not a crash") {
    for (const char* body :
         {"", " ", "null", "[]", "{}", "7", "\"x\"", "{\"object\":\"whatsapp_business_account\"}",
          "{\"entry\":{}}", "<html></html>",
          "{\"object\":\"whatsapp_business_account\",\"entry\":[]", "{\"entry\":[]}x"}) {
        INFO(body);
        const auto found = golden::whatsapp().parse(golden::account(), golden::delivery(body));
        REQUIRE_FALSE(found);
        CHECK(found.error().code == Errc::bad_payload);
    }
}

TEST_CASE("a label made of the provider's words is short and harmless") {
    const auto found = parsed(
        R"({"object":"whatsapp_business_account","entry":[{"id":"200000000000001","changes":[{"field":")" +
        std::string(500, 'x') + R"(\"<script>","value":{}}]}]})");
    REQUIRE(found.size() == 1);
    CHECK(ignored(found[0]).size() == 64);
    CHECK(ignored(parsed(R"({"object":"<b>\u0000","entry":[]})")[0]) == "object ?b??");
}
