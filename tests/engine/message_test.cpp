// A prompt as a message to the rep's own number, over providers with and without buttons of ours.

#include "notifiers/registry.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

using LockScreen = core::Rep::LockScreen;

struct Asked {
    std::string news = {};
    LockScreen lock_screen = LockScreen::first_name;
    std::int64_t origin = 1;  // 0: the answer to what Maya tapped
    bool news_approved = false;
    std::optional<std::size_t> calls_today = {};  // the day's first message
};

// What Maya reads, with two buttons to it, when the account is of this provider.
std::string read_over(std::string_view provider, bool window_open, const Asked& asked = {}) {
    World w;
    w.prompt(w.amara);
    core::Plan by = plan();
    by.reps.at(maya).lock_screen = asked.lock_screen;
    const std::vector<core::Case> subjects{w.of(w.amara)};
    const Device device{.id = "maya.message", .rep = maya, .way = "message"};
    Alert alert{.id = 7, .rep = maya, .contact = w.amara, .prompt = subjects[0].prompt->id};
    std::vector<Tap> taps{{"call", "wc1.now"}, {"snooze", "wc1.later"}};
    if (asked.calls_today) {
        alert.prompt = {};
    }
    if (!asked.news.empty()) {
        alert.prompt = {};
        alert.text = asked.news;
        alert.origin = asked.origin;
        taps.clear();
    }
    Account account = w.main.account;
    account.provider = provider;
    account.settings = {{"account_sid", "AC" + std::string(32, '0')},
                        {"from", "+12025550101"},
                        {"content_rep_morning", "HX" + std::string(32, '7')}};
    const Means means{.provider = find_provider(provider), .account = &account, .rng = &w.rng};
    const auto request = find_notifier("message")->compose({.plan = by,
                                                            .rep = by.reps.at(maya),
                                                            .device = device,
                                                            .alert = alert,
                                                            .subjects = subjects,
                                                            .link = "https://calls.test/p/5",
                                                            .taps = taps,
                                                            .window_open = window_open,
                                                            .news_approved = asked.news_approved,
                                                            .calls_today = asked.calls_today,
                                                            .now = w.clock.at},
                                                           means);
    REQUIRE(request);
    if (request->body.starts_with('{')) {
        return request->body;
    }
    const auto form = decode_form(request->body);
    std::string text;
    for (const Header& pair : form) {
        text += pair.value + "\n";
    }
    return text;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("news that asks for no call does not say that there is one") {
    const std::string stop = "Amara asked to stop. Nothing more will be sent.";
    for (const char* provider : {"whatsapp_cloud", "twilio_whatsapp", "twilio_sms"}) {
        INFO(provider);
        const std::string text = read_over(provider, true, {.news = stop});
        CHECK(has(text, stop));
        CHECK(has(text, "https://calls.test/p/5"));
        CHECK_FALSE(has(text, "A call for you"));
    }
}

TEST_CASE("outside the rep's window, news goes in a text of its own once that is approved") {
    const std::string stop = "Amara asked to stop. Nothing more will be sent.";
    const std::string approved =
        read_over("whatsapp_cloud", false, {.news = stop, .news_approved = true});
    CHECK(has(approved, "\"rep_news\""));
    CHECK(has(approved, stop));
    CHECK(has(approved, "https://calls.test/p/5"));
    CHECK(has(read_over("whatsapp_cloud", false, {.news = stop}), "\"rep_notice\""));
    // a call is a call
    CHECK(has(read_over("whatsapp_cloud", false, {.news_approved = true}), "\"rep_notice\""));
}

TEST_CASE("where the provider writes no buttons of ours, the rep reads which digit does what") {
    for (const char* provider : {"twilio_whatsapp", "vonage_whatsapp"}) {
        INFO(provider);
        const std::string text = read_over(provider, true);
        CHECK(has(text, "1 "));
        CHECK(has(text, ", 2 "));
        CHECK_FALSE(has(text, "wc1.now"));
        CHECK_FALSE(has(read_over(provider, false), ", 2 "));  // the approved text has its own
    }
    const std::string text = read_over("whatsapp_cloud", true);
    CHECK(has(text, "wc1.now"));
    CHECK_FALSE(has(text, ", 2 "));
}

TEST_CASE("the morning's buttons come back with our ids, whether the window is open or not") {
    for (const char* provider : {"whatsapp_cloud", "twilio_whatsapp", "vonage_whatsapp"}) {
        for (const bool window_open : {true, false}) {
            INFO(provider << window_open);
            const std::string text = read_over(provider, window_open, {.calls_today = 3});
            CHECK(has(text, "wc1.now"));
            CHECK(has(text, "wc1.later"));
        }
    }
}

TEST_CASE("a rep who wants no names on the screen gets none by message either, nor their words") {
    for (const char* provider : {"whatsapp_cloud", "twilio_whatsapp", "twilio_sms"}) {
        for (const bool window_open : {true, false}) {
            INFO(provider << window_open);
            const Asked asked{.lock_screen = LockScreen::no_names};
            const std::string text = read_over(provider, window_open, asked);
            CHECK_FALSE(has(text, "Amara"));
            CHECK_FALSE(has(text, "I am fine"));
            CHECK(has(text, "A contact replied"));
            CHECK(has(text, "https://calls.test/p/5"));
            const std::string news =
                read_over(provider, window_open,
                          {.news = "Amara asked to stop.", .lock_screen = LockScreen::no_names});
            CHECK_FALSE(has(news, "Amara"));
            CHECK(has(news, "There is news for you."));
        }
    }
}

TEST_CASE("what Maya tapped is answered, whatever she wants on the screen") {
    const Asked answer{
        .news = "The call is yours. Good talk!", .lock_screen = LockScreen::no_names, .origin = 0};
    CHECK(has(read_over("whatsapp_cloud", true, answer), "Good talk!"));
}

TEST_CASE("their words are quoted in a message only for a rep who asked for it") {
    for (const auto& [screen, quoted] :
         {std::pair{LockScreen::first_name, false}, std::pair{LockScreen::quote, true}}) {
        const std::string text = read_over("whatsapp_cloud", true, {.lock_screen = screen});
        CHECK(has(text, "Amara"));
        CHECK(has(text, "I am fine") == quoted);
        CHECK_FALSE(has(read_over("whatsapp_cloud", false, {.lock_screen = screen}), "I am fine"));
    }
}

}  // namespace warmcall::tests
