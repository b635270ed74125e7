// Who may speak to us, judged by the providers' own libraries: signatures.mjs wrote what they sign
// and what they refuse.

#include "golden.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using golden::Json;

namespace {

std::size_t agreed_with(const std::string& name) {
    const auto file =
        std::filesystem::path{WARMCALL_SOURCE_DIR} / "tests/golden" / name / "signatures.json";
    std::size_t agreed = 0;
    for (const Json& one : Json::parse(golden::read(file))) {
        INFO(one.at("name").get<std::string>());
        Account account = golden::account(name);
        account.public_url = one.value("public_url", account.public_url);
        HttpRequest request = golden::request_from(one.at("request"));
        request.received_at += std::chrono::seconds{one.value("later_s", 0)};
        CHECK(golden::provider(name).authentic(account, request) == one.at("authentic"));
        ++agreed;
    }
    return agreed;
}

}  // namespace

TEST_CASE("we believe what Twilio's own library believes, and nothing else") {
    CHECK(agreed_with("twilio_sms") > 25);
}

TEST_CASE("we believe what Telnyx's own library believes, and nothing older than five minutes") {
    CHECK(agreed_with("telnyx") > 10);
}

TEST_CASE(
    "we believe what Vonage's own library signs for this very body, in one way and no other") {
    CHECK(agreed_with("vonage_sms") > 10);
}

TEST_CASE("what Kannel brings is believed by the secret in its address alone") {
    const Provider& kannel = golden::provider("kannel");
    const auto believed = [&](const Account& account, std::string query) {
        return kannel.authentic(account, {"GET", "/webhooks/main?" + query, {}, {}, golden::now});
    };
    Account account = golden::account("kannel");
    CHECK(believed(account, "from=1&secret=invented-webhook-secret"));
    CHECK_FALSE(believed(account, "from=1&secret=invented-webhook-secre"));
    CHECK_FALSE(believed(account, "from=1&secret="));
    CHECK_FALSE(believed(account, "from=1"));
    account.secrets["webhook_secret"].emplace_back("another-webhook-secret");
    CHECK(believed(account, "secret=invented-webhook-secret"));
    CHECK(believed(account, "secret=another-webhook-secret"));
    account.secrets["webhook_secret"] = {Secret{""}};
    CHECK_FALSE(believed(account, "secret="));
}
