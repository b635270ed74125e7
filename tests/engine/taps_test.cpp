// What a rep answers with one tap or one digit from their own phone.

#include "engine/taps.hpp"

#include "engine/alerts.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

const Secret key{"key"};

std::string button(std::string_view from, const std::string& id, World& w, std::string_view about,
                   std::string_view message = "wamid.TAP") {
    const json reply{{"type", "interactive"},
                     {"context", {{"id", about}}},
                     {"interactive",
                      {{"type", "button_reply"}, {"button_reply", {{"id", id}, {"title", "x"}}}}}};
    return text_from(from, "x", message, w.clock.at, reply);
}

// The other shape: a tap on an approved text's own button.
std::string quick_reply(std::string_view from, const std::string& id, World& w,
                        std::string_view message) {
    return text_from(from, "x", message, w.clock.at,
                     {{"type", "button"}, {"button", {{"payload", id}, {"text", "x"}}}});
}

std::vector<std::string> answers(World& w) {
    std::vector<std::string> texts;
    w.store->transact([&](Unit& u) {
        for (const Alert& alert : u.claim_alerts(w.clock.at, 1min, w.tokens(10))) {
            if (!alert.prompt && !alert.text.empty()) {
                texts.push_back(alert.text);
                CHECK(alert.rep == maya);
                CHECK(alert.device == "maya.message");  // where she wrote, not by her ladder
            }
        }
    });
    return texts;
}

using Answers = std::vector<std::string>;

// Amara answered; Maya was told over WhatsApp as "wamid.P".
struct Told {
    World w;
    core::PromptId prompt;

    Told() {
        w.applier->set_tap_key(key);
        tell(w.amara);
        prompt = w.of(w.amara).prompt->id;
    }

    // As "wamid.P", alone or together with others.
    void tell(core::ContactId contact) {
        w.prompt(contact);
        w.store->transact([&](Unit& u) {
            const Alert whole = u.claim_alerts(w.clock.at, 1min, w.tokens(10)).at(0);
            const std::vector<AlertPart> parts{{"maya.message", w.clock.at}};
            u.split_alert(whole, parts, w.clock.at);
            const Alert part = u.claim_alerts(w.clock.at, 1min, w.tokens(10)).at(0);
            const AlertOutcome done{.id = part.id, .done = true, .provider_id = "wamid.P"};
            u.settle_alerts({&done, 1}, w.clock.at);
        });
    }

    std::string id(TapVerb verb, const core::RepId& rep = maya) const {
        return tap_id(key, rep, {verb, prompt, w.amara});
    }
    core::Prompt open() { return *w.of(w.amara).prompt; }
};

constexpr std::string_view maya_id = "919876500099";

}  // namespace

TEST_CASE("a button's id says what it is and is worth nothing in other hands") {
    const RepTap tap{TapVerb::snooze, core::PromptId{12}, core::ContactId{7}};
    const std::string id = tap_id(key, maya, tap);
    CHECK(id.starts_with("wc1.12.7.snooze."));
    CHECK(id.size() <= 256);
    const auto read = read_tap(key, maya, id);
    REQUIRE(read);
    CHECK(read->verb == TapVerb::snooze);
    CHECK(read->prompt == tap.prompt);
    CHECK(read->contact == tap.contact);
    CHECK_FALSE(read_tap(key, ravi, id));
    CHECK_FALSE(read_tap(Secret{"another"}, maya, id));
    CHECK_FALSE(read_tap(Secret{}, maya, tap_id(Secret{}, maya, tap)));
    for (const char* bad : {"", "wc1.", "wc1.12.7.snooze.", "wc1.12.7.snooze.AAAA", "hello",
                            "wc1....", "wc1.99999999999999999999.7.call.x"}) {
        INFO(bad);
        CHECK_FALSE(read_tap(key, maya, bad));
    }
    std::string changed = id;
    changed.replace(changed.find("12"), 2, "13");
    CHECK_FALSE(read_tap(key, maya, changed));
}

TEST_CASE("the answer to a tap names nobody to a rep who wants no names on the screen") {
    Told t;
    core::Plan nameless = plan();
    nameless.reps.at(maya).lock_screen = core::Rep::LockScreen::no_names;
    t.w.applier = std::make_unique<Applier>(*t.w.store, nameless, t.w.clock);
    t.w.applier->set_tap_key(key);
    t.w.delivered({button(maya_id, t.id(TapVerb::call), t.w, "wamid.P")});
    CHECK(answers(t.w) == Answers{"The call is yours. Good talk!"});
}

TEST_CASE("a tap on \"I'll call now\" takes the prompt, and the rep reads so") {
    Told t;
    const bool as_interactive = GENERATE(true, false);
    const std::string id = t.id(TapVerb::call);
    t.w.delivered({as_interactive ? button(maya_id, id, t.w, "wamid.P")
                                  : quick_reply(maya_id, id, t.w, "wamid.QR")});
    CHECK(t.open().acknowledged_at == t.w.clock.at);
    REQUIRE(t.open().lease);
    CHECK(t.open().lease->holder == maya);
    CHECK(answers(t.w) == Answers{"Amara is yours. Good talk!"});
    SECTION("tapped twice: the same answer, and nothing breaks") {
        t.w.delivered({button(maya_id, id, t.w, "wamid.P", "wamid.TAP2")});
        CHECK(answers(t.w) == Answers{"Amara is yours. Good talk!"});
        CHECK(t.open().lease->holder == maya);
    }
    SECTION("the webhook comes twice: answered once") {
        t.w.delivered({as_interactive ? button(maya_id, id, t.w, "wamid.P")
                                      : quick_reply(maya_id, id, t.w, "wamid.QR")});
        CHECK(answers(t.w).empty());
    }
}

TEST_CASE("a digit does what the button in its place does, on the last prompt told") {
    Told t;
    const auto [words, minutes] = GENERATE(table<const char*, int>(
        {{"2", 30}, {" 2. ", 30}, {"snooze", 30}, {"3", 120}, {"Later!", 120}, {"३", 120}}));
    INFO(words);
    t.w.delivered({text_from(maya_id, words, "wamid.D", t.w.clock.at)});
    CHECK(t.open().alert_at == t.w.from_now(std::chrono::minutes{minutes}));
    CHECK(answers(t.w).size() == 1);
}

TEST_CASE(
    "a digit under a message about several people claims none of them, and the rep reads why") {
    Told t;
    const core::ContactId ines = t.w.add("Ines", "+919876500002");
    t.tell(ines);
    const core::Case before = t.w.of(t.w.amara);
    const core::Case other = t.w.of(ines);
    SECTION("in answer to it") {
        t.w.delivered(
            {text_from(maya_id, "1", "wamid.D", t.w.clock.at, {{"context", {{"id", "wamid.P"}}}})});
    }
    SECTION("as the last that was told") {
        t.w.delivered({text_from(maya_id, "1", "wamid.D", t.w.clock.at)});
    }
    CHECK(t.w.of(t.w.amara) == before);
    CHECK(t.w.of(ines) == other);
    CHECK(answers(t.w) ==
          Answers{"That message was about several people. Open your list and tap on one of them."});
}

TEST_CASE("what a rep writes besides is theirs, and never a contact's reply") {
    Told t;
    const core::Case before = t.w.of(t.w.amara);
    t.w.delivered({text_from(maya_id, "I am in a meeting, 2 of them", "wamid.D", t.w.clock.at)});
    CHECK(t.w.of(t.w.amara) == before);
    CHECK(answers(t.w).empty());
    CHECK(t.w.store->rep_states().at(maya).windows.at(channel) == t.w.from_now(24h));
}

TEST_CASE("a tap that comes days later is answered kindly and changes nothing") {
    Told t;
    t.w.happens(t.w.amara, core::Claimed{maya}, "maya");
    t.w.happens(t.w.amara, core::Dialled{maya}, "maya");
    core::Disposition reached{.reached = core::Reached::human,
                              .said = core::Said::agreed_next,
                              .next_at = t.w.from_now(72h),
                              .topic = "exams"};
    REQUIRE_FALSE(t.w.happens(t.w.amara, core::Disposed{maya, reached}, "maya").refusal);
    t.w.advance(48h);
    const core::Case before = t.w.of(t.w.amara);
    t.w.delivered({button(maya_id, t.id(TapVerb::snooze), t.w, "wamid.P")});
    CHECK(t.w.of(t.w.amara) == before);
    CHECK(answers(t.w) == Answers{"Amara has been dealt with already. Nothing to do."});
}

TEST_CASE("a tap where a word is needed first says so, not that all is done") {
    Told t;
    const std::string answer = "Amara needs a word from you first: open the card.";
    SECTION("did they ask to stop?") {
        t.w.delivered(
            {text_from("919876500001", "Can you stop by at 5?", "wamid.S", t.w.clock.at)});
        t.w.delivered({button(maya_id, t.id(TapVerb::snooze), t.w, "wamid.P")});
    }
    SECTION("how did the call go?") {
        t.w.happens(t.w.amara, core::Dialled{maya}, "maya");
        t.w.delivered({button(maya_id, t.id(TapVerb::later), t.w, "wamid.P")});
    }
    const auto all = answers(t.w);
    CHECK(std::ranges::count(all, answer) == 1);
}

TEST_CASE("a forged tap, and one made for a colleague, do nothing") {
    Told t;
    const bool colleague = GENERATE(true, false);
    const core::Case before = t.w.of(t.w.amara);
    std::string id = t.id(TapVerb::call, colleague ? ravi : maya);
    if (!colleague) {
        id.back() = id.back() == 'A' ? 'B' : 'A';
        id[id.size() - 2] = id[id.size() - 2] == 'A' ? 'B' : 'A';
    }
    t.w.delivered({button(maya_id, id, t.w, "wamid.P")});
    CHECK(t.w.of(t.w.amara) == before);
    CHECK(answers(t.w).empty());
    CHECK(t.w.ignored("forged tap") == 1);
}

TEST_CASE("a contact who sends a rep's button id is only a contact") {
    Told t;
    t.w.delivered({button("919876500001", t.id(TapVerb::call), t.w, "wamid.P")});
    CHECK_FALSE(t.open().acknowledged_at);
}

TEST_CASE("a prompt that a colleague has taken is in good hands, and says so") {
    Told t;
    t.w.happens(t.w.amara, core::Claimed{ravi}, "ravi");
    t.w.delivered({button(maya_id, t.id(TapVerb::call), t.w, "wamid.P")});
    CHECK(t.open().lease->holder == ravi);
    CHECK(answers(t.w) == Answers{"A colleague is on it: Amara is in good hands."});
}

}  // namespace warmcall::tests
