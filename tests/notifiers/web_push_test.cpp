// Web Push: the RFC's own example, the headers, where pushes may go, and what the answers mean.

#include "notifiers/web_push.hpp"

#include "notifiers/push_crypto.hpp"
#include "store/registry.hpp"
#include "support/catch.hpp"
#include "telling.hpp"

namespace warmcall::tests {

namespace {

using namespace notifiers;
using Kind = Told::Kind;

// RFC 8291, section 5 and appendix A.
constexpr const char* ua_public =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
constexpr const char* auth = "BTBZMqHH6r4Tts7J_aSIgg";
constexpr const char* as_private = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
constexpr const char* as_public =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
constexpr const char* salt = "DGv6ra1nlYgDCS1FRnbzlw";

std::string bytes(std::string_view text) {
    return *base64url_decoded(text);
}

PushKey key() {
    PushKey key{.private_key = Secret{bytes(as_private)}, .subject = "mailto:owner@example.com"};
    key.public_key = public_key_of(key.private_key);
    return key;
}

Story pushed(const PushKey& signer) {
    Story s{"web_push"};
    s.device.settings = {{"address", "https://updates.push.services.mozilla.com/wpush/v2/abc"},
                         {"keys", std::string{ua_public} + " " + auth}};
    s.means.push_key = &signer;
    return s;
}

std::string keys() {
    return std::string{ua_public} + " " + auth;
}

}  // namespace

TEST_CASE("the example of RFC 8291 comes out byte for byte") {
    CHECK(base64url(public_key_of(Secret{bytes(as_private)})) == as_public);
    const auto body =
        encrypt_push("When I grow up, I want to be a watermelon",
                     *read_push_target(ua_public, auth), bytes(salt), Secret{bytes(as_private)});
    REQUIRE(body);
    CHECK(body->size() == 144);
    CHECK(base64url(*body) ==
          "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY"
          "WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS"
          "gSxsj_Qulcy4a-fN");
}

TEST_CASE("a push holds 3993 bytes and not one more") {
    const PushTarget target = *read_push_target(ua_public, auth);
    const auto full =
        encrypt_push(std::string(3993, 'x'), target, bytes(salt), Secret{bytes(as_private)});
    REQUIRE(full);
    CHECK(full->size() == 4096);
    CHECK_FALSE(
        encrypt_push(std::string(3994, 'x'), target, bytes(salt), Secret{bytes(as_private)}));
}

TEST_CASE("a browser's key is taken with padding or without, and only when it is a key") {
    CHECK(read_push_target(std::string{ua_public} + "=", std::string{auth} + "=="));
    CHECK_FALSE(read_push_target("", auth));
    CHECK_FALSE(read_push_target(ua_public, ""));
    CHECK_FALSE(read_push_target(ua_public, "AAAA"));
    CHECK_FALSE(read_push_target(as_private, auth));
    std::string off_curve = bytes(ua_public);
    off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
    CHECK_FALSE(read_push_target(base64url(off_curve), auth));
    CHECK_FALSE(read_push_target("B*Vx", auth));
}

TEST_CASE("a push carries what RFC 8030 and RFC 8292 ask for") {
    const PushKey signer = key();
    Story s = pushed(signer);
    const HttpRequest request = s.request();
    CHECK(request.method == "POST");
    CHECK(request.url == "https://updates.push.services.mozilla.com/wpush/v2/abc");
    CHECK(request.header("TTL") == "14400");
    CHECK(request.header("Urgency") == "high");
    CHECK(request.header("Topic") == "prompt-5");
    CHECK(request.header("Content-Encoding") == "aes128gcm");
    const std::string authorization{request.header("Authorization")};
    CHECK(authorization.starts_with("vapid t="));
    CHECK(authorization.ends_with(std::string{", k="} + as_public));
    const std::string token = authorization.substr(8, authorization.find(',') - 8);
    const std::size_t dot = token.find('.'), last = token.rfind('.');
    const json claims = json::parse(bytes(token.substr(dot + 1, last - dot - 1)));
    CHECK(claims.at("aud") == "https://updates.push.services.mozilla.com");
    CHECK(claims.at("exp") == core::unix_ms(s.now + 12h) / 1000);
    CHECK(claims.at("sub") == "mailto:owner@example.com");
    CHECK(bytes(token.substr(last + 1)).size() == 64);
    CHECK(json::parse(bytes(token.substr(0, dot))).at("alg") == "ES256");
    CHECK(request.body.find("Amara") == std::string::npos);
    CHECK(s.request().body != request.body);  // a fresh key and salt each time
    s.subjects[0].prompt->kind = core::PromptKind::silent;
    CHECK(s.request().header("Urgency") == "normal");
    s.alert.prompt = core::PromptId{9'000'000'000'000'000'000};
    CHECK(s.request().header("Topic").size() <= 32);
}

TEST_CASE("a push service is shown one signature for an hour, and no other service's") {
    const PushKey signer = key();
    Story s = pushed(signer);
    s.now += std::chrono::hours{24 * 365};
    const auto shown = [&s] { return std::string{s.request().header("Authorization")}; };
    const std::string first = shown();
    s.now += 59min;
    CHECK(shown() == first);
    Story other = pushed(signer);
    other.now = s.now;
    other.device.settings["address"] = "https://fcm.googleapis.com/fcm/send/abc";
    CHECK(other.request().header("Authorization") != first);
    CHECK(shown() == first);
    s.now += 1min;
    CHECK(shown() != first);
}

TEST_CASE("pushes go to push services and nowhere else") {
    const std::vector<std::string> sandbox{"http://127.0.0.1:9099"};
    for (const char* good :
         {"https://fcm.googleapis.com/fcm/send/x", "https://web.push.apple.com/Q",
          "https://updates.push.services.mozilla.com/wpush/v2/x",
          "https://wns2-par02p.notify.windows.com/w/?token=x", "http://127.0.0.1:9099/push/1"}) {
        INFO(good);
        CHECK(wrong_with(good, keys(), sandbox).empty());
    }
    for (const char* bad :
         {"http://fcm.googleapis.com/fcm/send/x", "https://fcm.googleapis.com.evil.test/x",
          "https://evil.test/fcm.googleapis.com/", "https://fcm.googleapis.com@evil.test/x",
          "https://push.apple.com.evil.test/x", "https://evilpush.apple.com.test/",
          "https://.push.apple.com/x", "https://fcm.googleapis.com:8443/x",
          "https://fcm.googleapis.com", "https://127.0.0.1/x", "http://127.0.0.1:9098/x",
          "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "gopher://x/",
          "https://fcm.googleapis.com/a b", "https://fcm.googleapis.com/x\r\nHost: evil", "//x/",
          "https:///x", ""}) {
        INFO(bad);
        CHECK_FALSE(wrong_with(bad, keys(), sandbox).empty());
    }
    CHECK_FALSE(wrong_with("http://127.0.0.1:9099/push/1", keys(), {}).empty());
    CHECK_FALSE(wrong_with("https://fcm.googleapis.com/x", "not a key", {}).empty());
    const PushKey signer = key();
    Story s = pushed(signer);
    s.device.settings["address"] = "https://evil.test/x";  // kept by an older build, say
    CHECK_FALSE(s.composed());
}

TEST_CASE("whom a push service may write to is an address it can write to") {
    CHECK(is_push_subject("mailto:owner@example.com"));
    CHECK(is_push_subject("https://calls.example.com"));
    for (const char* bad :
         {"", "owner@example.com", "mailto:owner@localhost", "mailto:", "mailto:@",
          "https://localhost:8080", "https://127.0.0.1", "http://calls.test"}) {
        INFO(bad);
        CHECK_FALSE(is_push_subject(bad));
    }
}

TEST_CASE("a push service's answers: gone is forgotten, our own fault is never tried again") {
    const PushKey signer = key();
    const Story s = pushed(signer);
    CHECK(s.told(201).kind == Kind::accepted);
    CHECK(s.told(404).kind == Kind::gone);
    CHECK(s.told(410).kind == Kind::gone);
    for (const int status : {400, 401, 403, 413, 301}) {
        INFO(status);
        CHECK(s.told(status).kind == Kind::refused);
        CHECK(s.told(status).sentence.find(std::to_string(status)) != std::string::npos);
    }
    CHECK(s.told(429, "", {{"Retry-After", "30"}}).kind == Kind::again);
    CHECK(s.told(429, "", {{"Retry-After", "30"}}).retry_after == 30s);
    CHECK(s.told(503).kind == Kind::again);
}

TEST_CASE("the push key is made once and kept") {
    const auto store = make_store("sqlite::memory:");
    const PushKey first = push_key(*store, "mailto:owner@example.com");
    CHECK(first.public_key.size() == 65);
    const PushKey second = push_key(*store, "mailto:owner@example.com");
    CHECK(second.public_key == first.public_key);
    CHECK(second.private_key.reveal() == first.private_key.reveal());
    CHECK(push_key(*make_store("sqlite::memory:"), "").public_key != first.public_key);
}

}  // namespace warmcall::tests
