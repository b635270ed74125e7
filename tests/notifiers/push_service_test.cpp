// Our pushes against the sandbox's push service, which refuses what FCM, Mozilla and Apple would.

#include "notifiers/push_crypto.hpp"
#include "sandbox/push.hpp"
#include "support/catch.hpp"
#include "telling.hpp"

namespace warmcall::tests {

namespace {

using namespace notifiers;
using sandbox::PushService;

constexpr const char* origin = "http://127.0.0.1:9099";
constexpr const char* keys =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4 "
    "BTBZMqHH6r4Tts7J_aSIgg";

PushKey key(char last = 1) {
    std::string scalar(32, 'k');
    scalar.back() = last;
    PushKey made{.private_key = Secret{scalar}, .subject = "mailto:owner@example.com"};
    made.public_key = public_key_of(made.private_key);
    return made;
}

// A browser with one channel, and a push for it.
struct Browser {
    PushService service;
    PushKey signer = key();
    std::vector<std::string> services{origin};
    Story story{"web_push"};
    std::string endpoint;
    HttpRequest push;

    Browser() {
        service.serve_at(origin);
        endpoint = service.subscribe("b1", "c1", signer.public_key);
        story.device.settings = {{"address", endpoint}, {"keys", keys}};
        story.means.push_key = &signer;
        story.means.push_services = services;
        push = story.request();
        push.url = endpoint.substr(std::string_view{origin}.size());
    }
    PushService::Clock::time_point at(core::Duration later = {}) const {
        return PushService::Clock::time_point{(story.now + later).time_since_epoch()};
    }
    int status(const HttpRequest& request) { return service.take(request, at()).status; }
    int with(std::string_view name, std::string value) {
        HttpRequest changed = push;
        for (Header& header : changed.headers) {
            if (header.name == name) {
                header.value = std::move(value);
            }
        }
        return status(changed);
    }
    int without(std::string_view name) {
        HttpRequest changed = push;
        std::erase_if(changed.headers, [&](const Header& h) { return h.name == name; });
        return status(changed);
    }
    int signed_as(const PushKey& by, std::string_view audience, core::Duration valid) {
        return with("Authorization", vapid_authorization(by, audience, story.now + valid));
    }
};

}  // namespace

TEST_CASE("our push is taken, waits for its browser, and is gone once it was acknowledged") {
    Browser b;
    std::vector<std::string> told;
    b.service.on_news = [&](const std::string& browser) { told.push_back(browser); };
    const HttpResponse taken = b.service.take(b.push, b.at());
    CHECK(taken.status == 201);
    CHECK_FALSE(taken.header("Location").empty());
    CHECK(told == std::vector<std::string>{"b1"});
    const auto waiting = b.service.waiting("b1", b.at());
    REQUIRE(waiting.size() == 1);
    CHECK(waiting[0].channel == "c1");
    CHECK(waiting[0].data == base64url(b.push.body));
    CHECK(b.service.waiting("b2", b.at()).empty());
    CHECK(b.service.waiting("b1", b.at(5h)).empty());  // its TTL is over
}

TEST_CASE("a newer push of the same topic replaces the one that waits") {
    Browser b;
    CHECK(b.status(b.push) == 201);
    CHECK(b.status(b.push) == 201);
    CHECK(b.service.waiting("b1", b.at()).size() == 1);
    CHECK(b.with("Topic", "another") == 201);
    CHECK(b.service.waiting("b1", b.at()).size() == 2);
    b.service.acknowledge("b1", b.service.waiting("b1", b.at())[0].version, 100);
    CHECK(b.service.waiting("b1", b.at()).size() == 1);
    CHECK(b.service.report().at("messages").at(1).at("ack") == 100);
}

TEST_CASE("what a real push service refuses is refused here") {
    Browser b;
    CHECK(b.signed_as(b.signer, origin, 24h) == 201);
    CHECK(b.signed_as(b.signer, "https://fcm.googleapis.com", 12h) == 403);
    CHECK(b.signed_as(b.signer, origin, 48h) == 403);
    CHECK(b.signed_as(b.signer, origin, -1s) == 403);
    CHECK(b.signed_as(key(2), origin, 12h) == 403);  // not the key this browser subscribed with
    PushKey nobody = b.signer;
    nobody.subject = "mailto:owner@localhost";
    CHECK(b.signed_as(nobody, origin, 12h) == 403);
    std::string forged = vapid_authorization(b.signer, origin, b.story.now + 12h);
    const std::size_t mark = forged.find(", k=") - 2;
    forged[mark] = forged[mark] == 'A' ? 'B' : 'A';
    CHECK(b.with("Authorization", forged) == 403);
    CHECK(b.without("Authorization") == 401);
    CHECK(b.with("Authorization", "WebPush x") == 401);  // the old draft
    CHECK(b.without("TTL") == 400);
    CHECK(b.with("TTL", "soon") == 400);
    CHECK(b.with("Content-Encoding", "aesgcm") == 400);
    CHECK(b.with("Urgency", "urgent") == 400);
    CHECK(b.with("Topic", std::string(32, 'a')) == 201);
    CHECK(b.with("Topic", std::string(33, 'a')) == 400);
    CHECK(b.with("Topic", "with space") == 400);
    HttpRequest large = b.push;
    large.body.resize(4096, 'x');
    CHECK(b.status(large) == 201);
    large.body.resize(4097, 'x');
    CHECK(b.status(large) == 413);
    HttpRequest broken = b.push;
    broken.body = "not encrypted";
    CHECK(b.status(broken) == 400);
    HttpRequest elsewhere = b.push;
    elsewhere.url += "x";
    CHECK(b.status(elsewhere) == 404);
    b.service.unsubscribe("b1", "c1");
    CHECK(b.status(b.push) == 410);
    CHECK(b.service.waiting("b1", b.at()).empty());
}

}  // namespace warmcall::tests
