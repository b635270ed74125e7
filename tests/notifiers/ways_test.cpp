// What each way puts on the wire, and how it reads the answers.

#include <algorithm>

#include "notifiers/words.hpp"
#include "support/catch.hpp"
#include "telling.hpp"

namespace warmcall::tests {

namespace {

using Kind = Told::Kind;

Story ntfy() {
    Story s{"ntfy"};
    s.device.settings = {{"topic", "maya-calls-x1"}};
    s.device.secrets["token"] = Secret{"tk_invented"};
    return s;
}

Story webhook() {
    Story s{"webhook"};
    s.device.settings = {{"url", "https://hooks.test/in"}};
    s.device.secrets["secret"] = Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    return s;
}

Story row(const std::string& way) {
    Story s{way};
    s.device.settings = {{"url", "https://own.test"}, {"chat_id", "42"}};
    s.device.secrets["token"] = Secret{"T0KEN"};
    s.device.secrets["user_token"] = Secret{"U5ER"};
    s.device.secrets["hook_token"] = Secret{"https://hooks.slack.test/services/T/B/X"};
    return s;
}

std::map<std::string, std::string> form(const HttpRequest& request) {
    std::map<std::string, std::string> found;
    for (const Header& pair : decode_form(request.body)) {
        found[pair.name] = pair.value;
    }
    return found;
}

}  // namespace

TEST_CASE("on the lock screen stands a first name and nothing they wrote") {
    for (const char* way : {"ntfy", "gotify", "pushover", "telegram", "slack", "webhook"}) {
        INFO(way);
        Story s = row(way);
        s.device.settings["topic"] = "t";
        s.device.secrets["secret"] = Secret{"a-secret-of-at-least-24-characters"};
        for (const auto screen :
             {core::Rep::LockScreen::first_name, core::Rep::LockScreen::quote}) {
            s.rep.lock_screen = screen;  // a quote travels encrypted or not at all
            const std::string sent = s.request().url + s.request().body;
            CHECK(sent.find("Amara") != std::string::npos);
            CHECK(sent.find("Okafor") == std::string::npos);
            CHECK(sent.find("exams") == std::string::npos);
        }
        s.rep.lock_screen = core::Rep::LockScreen::no_names;
        if (std::string_view{way} != "webhook") {  // a program of the user's own, not a screen
            CHECK(s.request().body.find("Amara") == std::string::npos);
            CHECK(s.request().body.find("919876500001") == std::string::npos);
        }
    }
}

TEST_CASE("ntfy gets JSON at its root, never at the topic, with a button that dials") {
    Story s = ntfy();
    const HttpRequest request = s.request();
    CHECK(request.url == "https://ntfy.sh/");
    CHECK(request.header("Authorization") == "Bearer tk_invented");
    const json body = s.body();
    CHECK(body.at("topic") == "maya-calls-x1");
    CHECK(body.at("title") == "Amara replied");
    CHECK(body.at("priority") == 5);
    CHECK(body.at("click") == "https://calls.test/p/5.maya.mac");
    REQUIRE(body.at("actions").size() == 2);
    CHECK(body.at("actions")[0].at("url") == "tel:+919876500001");
    CHECK(body.at("actions")[1].at("url") == "https://calls.test/p/5.maya.mac");
    s.device.settings["url"] = "https://ntfy.own.test";
    CHECK(s.request().url == "https://ntfy.own.test/");
    s.subjects[0].prompt->kind = core::PromptKind::silent;
    CHECK(s.body().at("priority") == 4);
}

TEST_CASE("ntfy's answers are understood, and none of them repeats the topic") {
    const Story s = ntfy();
    CHECK(s.told(200, R"({"id":"abc","event":"message"})").kind == Kind::accepted);
    CHECK(s.told(200, R"({"id":"abc","event":"message"})").provider_id == "abc");
    const Told forbidden =
        s.told(403, R"({"code":40301,"http":403,"error":"forbidden: maya-calls-x1"})");
    CHECK(forbidden.kind == Kind::refused);
    CHECK(forbidden.sentence == "ntfy answers 40301: this topic is not open to us");
    CHECK(s.told(401, R"({"code":40101})").kind == Kind::refused);
    CHECK(s.told(400, R"({"code":40024})").kind == Kind::refused);
    const Told busy = s.told(429, R"({"code":42901})");  // ntfy sends no Retry-After
    CHECK(busy.kind == Kind::again);
    CHECK_FALSE(busy.retry_after);
    CHECK(s.told(503, "<html>").kind == Kind::again);
}

TEST_CASE("a device that lacks something is named by key") {
    Story s{"ntfy"};
    CHECK(s.notifier().check(s.device).size() == 1);
    s.device.settings["topic"] = "with space";
    CHECK(s.notifier().check(s.device).front().starts_with("topic "));
    s.device.settings["topic"] = "fine";
    s.device.settings["tpoic"] = "typo";
    CHECK(s.notifier().check(s.device).front().starts_with("tpoic "));
    for (const char* way : {"gotify", "pushover", "telegram", "slack", "webhook"}) {
        INFO(way);
        Story bare{way};
        CHECK_FALSE(bare.notifier().check(bare.device).empty());
    }
    CHECK(ntfy().notifier().check(ntfy().device).empty());
    CHECK(webhook().notifier().check(webhook().device).empty());
    Story telegram = row("telegram");
    telegram.device.secrets.erase("user_token");
    CHECK(telegram.notifier().check(telegram.device).empty());
}

TEST_CASE("a webhook is signed over id, time and body, and keeps its id when it goes again") {
    const Story s = webhook();
    const HttpRequest request = s.request();
    CHECK(request.url == "https://hooks.test/in");
    CHECK(request.header("webhook-id") == "alert-7");
    CHECK(request.header("webhook-timestamp") == "1793593800");
    // base64 of "whsec_…" is the key, as standardwebhooks.com has it
    const std::string key{
        "\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d\xa4\xb0",
        24};
    const auto mac = hmac_sha256(Secret{key}, "alert-7.1793593800." + request.body);
    std::string expected = base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
    std::replace(expected.begin(), expected.end(), '-', '+');
    std::replace(expected.begin(), expected.end(), '_', '/');
    CHECK(request.header("webhook-signature") == "v1," + expected + "=");
    const json body = s.body();
    CHECK(body.at("type") == "prompt");
    CHECK(body.at("people")[0].at("why") == "replied");
    CHECK(body.at("tel") == "+919876500001");
    Story again = webhook();
    again.now += 1min;
    CHECK(again.request().header("webhook-id") == "alert-7");
    CHECK(again.request().header("webhook-signature") != request.header("webhook-signature"));
    again.alert.take_back = true;
    CHECK(again.request().header("webhook-id") == "alert-7-done");
    CHECK(again.body().at("type") == "prompt.done");
}

TEST_CASE("Gotify, Pushover, Telegram and Slack are each told in their own words") {
    SECTION("Gotify") {
        const Story s = row("gotify");
        CHECK(s.request().url == "https://own.test/message");
        CHECK(s.request().header("X-Gotify-Key") == "T0KEN");
        CHECK(s.body() ==
              json::parse(R"({"title":"Amara replied","message":"Tap to call.","priority":8,
            "extras":{"client::notification":{"click":{"url":"https://calls.test/p/5.maya.mac"}}}})"));
        CHECK(s.told(200, R"({"id":25})").provider_id == "25");
        CHECK(s.told(401, R"({"error":"Unauthorized"})").kind == Kind::refused);
    }
    SECTION("Pushover") {
        Story s = row("pushover");
        s.device.settings.erase("url");
        CHECK(s.request().url == "https://api.pushover.net/1/messages.json");
        const auto sent = form(s.request());
        CHECK(sent.at("token") == "T0KEN");
        CHECK(sent.at("user") == "U5ER");
        CHECK(sent.at("title") == "Amara replied");
        CHECK(sent.at("message") == "Tap to call.");
        CHECK(sent.at("priority") == "1");
        CHECK(sent.at("url") == "https://calls.test/p/5.maya.mac");
        CHECK(sent.at("ttl") == "14400");
        CHECK(s.told(200, R"({"status":1,"request":"r-1"})").kind == Kind::accepted);
        CHECK(s.told(400, R"({"status":0,"user":"invalid"})").kind == Kind::refused);
        CHECK(s.told(429, "").kind == Kind::again);
    }
    SECTION("Telegram, which takes a message back once it is dealt with") {
        Story s = row("telegram");
        CHECK(s.request().url == "https://own.test/botT0KEN/sendMessage");
        CHECK(s.body().at("chat_id") == "42");
        CHECK(s.body().at("text") == "Amara replied\nTap to call.");
        CHECK(s.body().at("reply_markup").at("inline_keyboard")[0][0].at("url") ==
              "https://calls.test/p/5.maya.mac");
        CHECK(s.told(200, R"({"ok":true,"result":{"message_id":99}})").provider_id == "99");
        const Told slow = s.told(429, "{}", {{"Retry-After", "7"}});
        CHECK(slow.retry_after == 7s);
        CHECK(s.notifier().can_take_back);
        s.alert.take_back = true;
        s.alert.provider_id = "99";
        CHECK(s.request().url == "https://own.test/botT0KEN/deleteMessage");
        CHECK(s.body() == json::parse(R"({"chat_id":"42","message_id":"99"})"));
    }
    SECTION("Slack, where a name cannot become a mark, and only \"ok\" is a success") {
        Story s = row("slack");
        s.subjects[0].contact.name = "<!channel>";
        CHECK(s.request().url == "https://hooks.slack.test/services/T/B/X");
        CHECK(s.body().at("text") ==
              "&lt;!channel&gt; replied\nTap to call.\n<https://calls.test/p/5.maya.mac|Open>");
        CHECK(s.told(200, "ok").kind == Kind::accepted);
        CHECK(s.told(200, "invalid_payload").kind == Kind::refused);
        CHECK(s.told(404, "no_service").kind == Kind::refused);
    }
    SECTION("a name with quotes and braces stays a name") {
        Story s = row("gotify");
        s.subjects[0].contact.name = R"({link}\"}x)";
        CHECK(s.body().at("title") == R"({link}\"}x replied)");
    }
}

TEST_CASE("the rep reads it in the rep's language") {
    Story s = ntfy();
    s.rep.language = "hi";
    CHECK(s.body().at("title") == "Amara ने जवाब दिया");
    s.rep.language = "ar-EG";
    CHECK(s.body().at("title") == "ردّ Amara");
    s.rep.language = "sw";
    CHECK(s.body().at("title") == "Amara replied");
}

TEST_CASE("several people are one sentence, a trial says so, and a question offers no call") {
    Story s = ntfy();
    SECTION("a digest") {
        for (const char* name : {"Ben Ray", "Cem Ak", "Dia Sen"}) {
            s.subjects.push_back(s.subjects.front());
            s.subjects.back().contact.name = name;
        }
        CHECK(s.body().at("title") == "4 people to call");
        CHECK(s.body().at("message") == "Amara, Ben, Cem and 1 more");
        CHECK(s.body().at("actions").size() == 1);
    }
    SECTION("a digest in Arabic, whose numbers would each want another plural") {
        s.rep.language = "ar";
        for (const char* name : {"Ben Ray", "Cem Ak", "Dia Sen"}) {
            s.subjects.push_back(s.subjects.front());
            s.subjects.back().contact.name = name;
        }
        CHECK(s.body().at("title") == "مكالمات تنتظرك: 4");
        CHECK(s.body().at("message") == "Amara, Ben, Cem (+1)");
    }
    SECTION("a trial") {
        s.subjects.clear();
        s.alert.prompt = {};
        CHECK(s.body().at("title") == "This works");
    }
    SECTION("perhaps they asked to stop") {
        s.subjects[0].prompt->kind = core::PromptKind::unanswered_question;
        CHECK(s.body().at("title") == "Did Amara ask us to stop?");
        CHECK(s.body().at("actions").size() == 1);
    }
}

TEST_CASE("the Hindi of a button does not say whether a man or a woman taps it") {
    const Tap call{"call", "x"};
    CHECK(notifiers::title_of(call, "hi") == "अभी फ़ोन");
}

TEST_CASE("every title of a button fits WhatsApp's twenty characters") {
    for (const char* language : {"en", "hi", "ar"}) {
        for (const char* verb : {"call", "snooze", "later"}) {
            Story s{"ntfy"};
            s.rep.language = language;
            const std::string title = notifiers::title_of(Tap{verb, "x"}, language);
            const auto characters = std::count_if(title.begin(), title.end(),
                                                  [](char c) { return (c & 0xC0) != 0x80; });
            INFO(language << " " << verb << " " << title);
            CHECK(characters <= 20);
        }
    }
}

}  // namespace warmcall::tests
