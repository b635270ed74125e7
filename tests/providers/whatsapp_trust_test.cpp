// Who may speak to us: the handshake, the signature, and an account that is set up right.

#include "golden.hpp"
#include "support/catch.hpp"

using namespace warmcall;

namespace {

HttpRequest signed_with(const char* secret, std::string body) {
    HttpRequest request = golden::delivery(std::move(body));
    request.headers.push_back(
        {"X-Hub-Signature-256", "sha256=" + hmac_sha256_hex(Secret{secret}, request.body)});
    return request;
}

bool believed(const HttpRequest& request, const Account& account = golden::account()) {
    return golden::whatsapp().authentic(account, request);
}

HttpResponse shaken(const std::string& query) {
    return golden::whatsapp().handshake(golden::account(),
                                        {"GET", "/webhooks/main?" + query, {}, {}});
}

}  // namespace

TEST_CASE("a delivery signed with the app secret is believed") {
    CHECK(believed(signed_with("invented-app-secret", "{\"a\":1}")));
    CHECK(believed(signed_with("invented-app-secret", "")));
}

TEST_CASE("the signature is the one Meta would write") {  // computed with: printf '%s' '{"a":1}' |
                                                          // openssl dgst -sha256 -hmac
                                                          // invented-app-secret
    HttpRequest request = golden::delivery("{\"a\":1}");
    request.headers.push_back(
        {"x-hub-signature-256",
         "sha256=d040ce8150e5b7ba5175004de64ba330b81394445abb8ebbd4b7d80810559bfd"});
    CHECK(believed(request));
}

TEST_CASE("a forged, altered or unsigned delivery is not believed") {
    CHECK_FALSE(believed(golden::delivery("{\"a\":1}")));
    CHECK_FALSE(believed(signed_with("another-secret", "{\"a\":1}")));
    CHECK_FALSE(believed(signed_with("", "{\"a\":1}")));
    HttpRequest altered = signed_with("invented-app-secret", "{\"a\":1}");
    altered.body = "{\"a\":2}";
    CHECK_FALSE(believed(altered));
    HttpRequest respelled = signed_with("invented-app-secret", "{\"a\":1}");
    respelled.body = "{\"a\": 1}";
    CHECK_FALSE(believed(respelled));
}

TEST_CASE("a signature in any other form is not believed") {
    const HttpRequest right = signed_with("invented-app-secret", "{}");
    const std::string value = right.headers.back().value;
    for (const std::string& wrong :
         {value.substr(7), "sha1=" + value.substr(7), value.substr(0, 70), value + "0", value + " ",
          "SHA256=" + value.substr(7), std::string{"sha256="}, std::string{}}) {
        HttpRequest request = right;
        request.headers.back().value = wrong;
        CHECK_FALSE(believed(request));
    }
}

TEST_CASE("both secrets are good while one is being replaced, and an empty one never is") {
    Account account = golden::account();
    account.secrets["app_secret"].emplace_back("new-app-secret");
    CHECK(believed(signed_with("invented-app-secret", "{}"), account));
    CHECK(believed(signed_with("new-app-secret", "{}"), account));
    account.secrets["app_secret"] = {Secret{""}};
    CHECK_FALSE(believed(signed_with("", "{}"), account));
    account.secrets.erase("app_secret");
    CHECK_FALSE(believed(signed_with("", "{}"), account));
}

TEST_CASE("Meta's handshake gets its challenge back, to the letter and harmless to a browser") {
    const auto answer = shaken(
        "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=invented-verify-token");
    CHECK(answer.status == 200);
    CHECK(answer.body == "1158201444");
    CHECK(answer.header("Content-Type") == "text/plain; charset=utf-8");
    CHECK(answer.header("X-Content-Type-Options") == "nosniff");
    CHECK(shaken(
              "hub.challenge=%3Cb%3E%20x&hub.verify_token=invented-verify-token&hub.mode=subscribe")
              .body == "<b> x");
}

TEST_CASE("a handshake with another token or mode is refused and not echoed") {
    for (const char* query :
         {"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=wrong",
          "hub.mode=unsubscribe&hub.challenge=1158201444&hub.verify_token=invented-verify-token",
          "hub.challenge=1158201444&hub.verify_token=invented-verify-token",
          "hub.mode=subscribe&hub.challenge=1158201444", ""}) {
        INFO(query);
        CHECK(shaken(query).status == 403);
        CHECK(shaken(query).body.find("1158201444") == std::string::npos);
    }
    Account account = golden::account();
    account.secrets["verify_token"] = {Secret{""}};
    CHECK(golden::whatsapp()
              .handshake(account,
                         {"GET",
                          "/webhooks/main?hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
                          {},
                          {}})
              .status == 403);
}

TEST_CASE("a handshake without a challenge, or with a huge one, is refused") {
    CHECK(shaken("hub.mode=subscribe&hub.verify_token=invented-verify-token").status == 400);
    CHECK(shaken("hub.mode=subscribe&hub.verify_token=invented-verify-token&hub.challenge=" +
                 std::string(257, '1'))
              .status == 400);
}

TEST_CASE("a delivery is answered with 200 and nothing else") {
    CHECK(golden::whatsapp().received(golden::account()).status == 200);
}

TEST_CASE("an account that is set up right has nothing to complain of") {
    Account account = golden::account();
    CHECK(golden::whatsapp().check(account).empty());
    account.settings["version"] = "v25.0";
    account.settings["display_name"] = "Harbour Dental";
    account.secrets["app_secret"].emplace_back("second");
    CHECK(golden::whatsapp().check(account).empty());
}

TEST_CASE("everything an account lacks is named in a sentence of its own") {
    const auto sentences = golden::whatsapp().check({});
    REQUIRE(sentences.size() == 5);
    const char* keys[] = {"phone_number_id", "waba_id", "access_token", "app_secret",
                          "verify_token"};
    for (std::size_t i = 0; i < 5; ++i)
        CHECK(sentences[i].starts_with(std::string{keys[i]} + " is missing: "));
}

TEST_CASE("what an account has wrong is named, and a secret is never shown") {
    const auto complaint = [](auto change) {
        Account account = golden::account();
        change(account);
        const auto sentences = golden::whatsapp().check(account);
        REQUIRE(sentences.size() == 1);
        CHECK(sentences[0].find("invented") == std::string::npos);
        return sentences[0];
    };
    CHECK(complaint([](Account& a) {
              a.settings["phone_number_id"] = "+1 202 555 0101";
          }).starts_with("phone_number_id "));
    CHECK(complaint([](Account& a) { a.settings["version"] = "24"; }).starts_with("version "));
    CHECK(complaint([](Account& a) {
              a.settings["phone_nummer_id"] = "1";
          }).starts_with("phone_nummer_id "));
    CHECK(complaint([](Account& a) {
              a.secrets["app_secret"].resize(3, Secret{"x"});
          }).starts_with("app_secret "));
    CHECK(complaint([](Account& a) {
              a.secrets["app_secret"].emplace_back("");
          }).starts_with("app_secret "));
    CHECK(complaint([](Account& a) {
              a.secrets["access_token"].emplace_back("x");
          }).starts_with("access_token "));
}

TEST_CASE("the registry knows its providers by name") {
    CHECK(find_provider("whatsapp_cloud") != nullptr);
    CHECK(find_provider("pigeon") == nullptr);
    for (const auto name : provider_names())
        CHECK(find_provider(name)->name == name);
}
