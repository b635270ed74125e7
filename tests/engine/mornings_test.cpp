// The day's first message to a rep, and what a tap on it does.

#include "engine/mornings.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <map>

#include "engine/alerts.hpp"
#include "engine/devices.hpp"
#include "running.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

using Say = MorningMove::Say;
using State = Morning::State;

const Secret key{"key"};
constexpr std::string_view maya_id = "919876500099";

core::Timestamp at(int day, int hour, int minute = 0) {
    return core::instant(std::chrono::year_month_day{std::chrono::year{2026} / 11 / day},
                         core::DayTime{hour * 60 + minute}, "Asia/Kolkata");
}

core::Rep rep() {
    return plan().reps.at(maya);  // Monday to Friday, 9 to 18 in Kolkata; 2 November is a Monday
}

// The loop with a WhatsApp line whose answers and requests the test holds.
struct Running {
    World w;
    asio::io_context context;
    Wire wire;
    Door door{context, *w.applier, *w.store};
    OwnLimits limits{senders_of({w.main}), w.clock.at};
    Dispatch lines{context, door, *w.applier, wire, {w.main}, limits, w.clock, w.rng};
    core::Plan by = plan();
    Alerts alerts{context, door, *w.applier, *w.store, lines, wire, by, phones(), w.clock, w.rng};
    bool ended = false;

    Running() {
        w.applier->set_tap_key(key);
        wire.script = {{.exchange = accepted("wamid.M", "919876500099")}};
        asio::co_spawn(context, alerts.run(), [this](std::exception_ptr) { ended = true; });
    }
    ~Running() {
        finish(context, alerts.drain(10s));
        turn_until(context, [this] { return ended; });
    }
    static Phones phones() {
        Phones p{.devices = with_messages(plan(), {}), .tap_key = key};
        p.link = [](core::PromptId, const core::RepId&) { return "https://calls.test/"; };
        return p;
    }
    json said(std::size_t nth) {
        turn_until(context, [&] { return wire.bodies.size() > nth; });
        return json::parse(wire.bodies.at(nth));
    }
    void taps(std::string_view payload, std::string_view id) {
        finish(context, deliver(*this, std::string{payload}, std::string{id}));
    }
    static asio::awaitable<void> deliver(Running& r, std::string payload, std::string id) {
        const json more{{"type", "button"}, {"button", {{"payload", payload}, {"text", "x"}}}};
        co_await r.door.apply(r.w.webhook(text_from(maya_id, "x", id, r.w.clock.at, more)));
    }
    Morning day() {
        std::string text;
        finish(context, read_day(*this, text));
        return read_morning(text);
    }
    static asio::awaitable<void> read_day(Running& r, std::string& into) {
        auto look = [&] {
            r.w.store->transact([&](Unit& unit) { into = unit.setting(morning_key(maya)); });
        };
        co_await r.door.on_writer(std::move(look));
    }
    // The loop has looked at this moment, and had nothing to say.
    void stays_silent() {
        const std::size_t before = wire.bodies.size();
        for (int looks = 0; looks < 3; ++looks) {
            w.advance(3s);
            alerts.nudge();
            finish(context, look(door));
            context.restart();
            context.run_for(std::chrono::milliseconds{30});
        }
        CHECK(wire.bodies.size() == before);
    }
    static asio::awaitable<void> look(Door& at) {
        auto nothing = [] {};
        co_await at.on_writer(std::move(nothing));
    }
};

std::string payload_of(const json& sent, std::size_t button) {
    return sent.at("template").at("components").at(1 + button).at("parameters").at(0).at("payload");
}

}  // namespace

TEST_CASE("a rep's day is greeted once, in its first two hours of work") {
    CHECK(next_morning(rep(), {}, at(2, 8, 59)).say == Say::nothing);
    const MorningMove move = next_morning(rep(), {}, at(2, 9));
    CHECK(move.say == Say::greet);
    CHECK(next_morning(rep(), move.then, at(2, 9)).say == Say::nothing);
    CHECK(next_morning(rep(), move.then, at(2, 10, 30)).say == Say::nothing);
    CHECK(next_morning(rep(), move.then, at(3, 9)).say == Say::greet);
    CHECK(next_morning(rep(), {}, at(2, 11)).say == Say::nothing);  // no morning any more
    CHECK(next_morning(rep(), {}, at(7, 9)).say == Say::nothing);   // Saturday
    core::Rep away = rep();
    away.away_until = at(3, 0);
    CHECK(next_morning(away, {}, at(2, 9)).say == Say::nothing);
    core::Rep around_the_clock = rep();
    for (auto& day : around_the_clock.hours.days) {
        day = {{core::DayTime{0}, core::DayTime{24 * 60}}};
    }
    CHECK(next_morning(around_the_clock, {}, at(2, 0, 1)).say == Say::nothing);
}

TEST_CASE("In 2 hours is asked again in two hours, and not after work") {
    const MorningMove move = next_morning(rep(), {State::later, "2026-11-02", {}}, at(2, 9, 5));
    CHECK(move.say == Say::later);
    CHECK(next_morning(rep(), move.then, at(2, 11, 4)).say == Say::nothing);
    CHECK(next_morning(rep(), move.then, at(2, 11, 5)).say == Say::greet);
    const MorningMove late = next_morning(rep(), {State::later, "2026-11-02", {}}, at(2, 17));
    CHECK(next_morning(rep(), late.then, at(2, 19)).say == Say::nothing);
    CHECK(next_morning(rep(), late.then, at(3, 9)).say == Say::greet);
}

TEST_CASE("In 2 hours that was tapped while the clock was ahead is over when the clock is right") {
    const MorningMove move = next_morning(rep(), {State::later, "2026-11-02", {}}, at(2, 15));
    CHECK(next_morning(rep(), move.then, at(2, 14, 59)).say == Say::nothing);  // hardly
    CHECK(next_morning(rep(), move.then, at(2, 14, 58)).say == Say::greet);
}

TEST_CASE("Off today lasts until midnight where the rep is; yesterday's button does nothing") {
    const MorningMove off = next_morning(rep(), {State::off, "2026-11-02", {}}, at(2, 9, 5));
    CHECK(off.say == Say::off);
    CHECK(off.away_until == at(3, 0));
    const MorningMove late = next_morning(rep(), {State::off, "2026-11-02", {}}, at(3, 9, 5));
    CHECK(late.say == Say::too_late);
    CHECK_FALSE(late.away_until);
    CHECK(next_morning(rep(), {State::later, "2026-11-02", {}}, at(3, 9, 5)).say == Say::too_late);
    // to start is never too late
    CHECK(next_morning(rep(), {State::start, "2026-11-02", {}}, at(3, 9, 5)).say == Say::begin);
}

TEST_CASE("how a day stands survives the store, and what is not one is none") {
    const Morning waits{State::waits, "2026-11-02", at(2, 11, 5)};
    const Morning read = read_morning(to_text(waits));
    CHECK(read.state == State::waits);
    CHECK(read.day == waits.day);
    CHECK(read.until == waits.until);
    CHECK(read_morning("").state == State::none);
    CHECK(read_morning("nonsense 1 2").state == State::none);
}

TEST_CASE("a button of the day is worth nothing in other hands, or on another day") {
    const std::string id = day_tap_id(key, maya, {DayVerb::off, "2026-11-02"});
    CHECK(id.starts_with("wc1.day.2026-11-02.off."));
    const auto read = read_day_tap(key, maya, id);
    REQUIRE(read);
    CHECK(read->verb == DayVerb::off);
    CHECK(read->day == "2026-11-02");
    CHECK_FALSE(read_day_tap(key, ravi, id));
    CHECK_FALSE(read_day_tap(Secret{"another"}, maya, id));
    CHECK_FALSE(read_day_tap(Secret{}, maya, day_tap_id(Secret{}, maya, {DayVerb::off, "x"})));
    std::string forged = id;
    forged.replace(forged.find("02.off"), 2, "03");
    CHECK_FALSE(read_day_tap(key, maya, forged));
    CHECK_FALSE(read_day_tap(key, maya, "wc1.day."));
    CHECK_FALSE(read_tap(key, maya, id));  // nor is it a prompt's
}

TEST_CASE("in the morning the approved text goes out once, its buttons carry our ids") {
    Running r;
    r.w.queue_text(r.w.amara);
    r.w.clock.at = at(3, 9);
    const json body = r.said(0);
    CHECK(body.at("to") == maya_number);
    CHECK(body.at("type") == "template");
    CHECK(body.at("template").at("name") == "rep_morning");
    const json parameters = body.at("template").at("components").at(0).at("parameters");
    CHECK(parameters.at(0).at("text") == "Maya");
    CHECK(parameters.at(1).at("text") == "1");
    CHECK(payload_of(body, 0) == day_tap_id(key, maya, {DayVerb::start, "2026-11-03"}));
    CHECK(payload_of(body, 1) == day_tap_id(key, maya, {DayVerb::later, "2026-11-03"}));
    CHECK(payload_of(body, 2) == day_tap_id(key, maya, {DayVerb::off, "2026-11-03"}));
    r.stays_silent();

    SECTION("Start opens the day, and so it does twice") {
        for (const std::string_view tap : {"wamid.T1", "wamid.T2"}) {
            r.taps(payload_of(body, 0), tap);
            r.w.advance(3s);
            const json answer = r.said(r.wire.bodies.size());
            CHECK(answer.at("type") == "text");
            CHECK(answer.at("text").at("body") ==
                  "Calls waiting for you: 1. Amara comes first: https://calls.test/");
        }
    }
    SECTION("In 2 hours says so, and asks again with free words, for the window is open") {
        r.taps(payload_of(body, 1), "wamid.T1");
        r.w.advance(3s);
        CHECK(r.said(1).at("text").at("body") == "I'll ask again in 2 hours.");
        r.w.advance(2h);
        const json again = r.said(2);
        CHECK(again.at("type") == "interactive");
        CHECK(again.at("interactive").at("action").at("buttons").size() == 3);
        r.stays_silent();
    }
    SECTION("Off today hands the day's prompts to the stand-in") {
        r.taps(payload_of(body, 2), "wamid.T1");
        r.w.advance(3s);
        r.said(1);
        CHECK(r.w.applier->plan().reps.at(maya).away_until == at(4, 0));
    }
    SECTION("a forged one is counted and answered by nobody") {
        std::string forged = payload_of(body, 2);
        forged.back() = forged.back() == 'A' ? 'B' : 'A';
        r.taps(forged, "wamid.T1");
        r.stays_silent();
        CHECK(r.w.ignored("forged tap") == 1);
        CHECK_FALSE(r.w.applier->plan().reps.at(maya).away_until);
    }
}

TEST_CASE(
    "a greeting that the provider refuses is said in free words while the rep's window is open") {
    Running r;
    r.w.queue_text(r.w.amara);
    r.w.delivered({text_from(maya_id, "hello", "wamid.H", r.w.clock.at)});
    r.wire.script = {{.exchange = refused(132001)},
                     {.exchange = accepted("wamid.M", "919876500099")}};
    r.w.clock.at = at(3, 9);
    r.said(0);
    CHECK(r.said(1).at("text").at("body") ==
          "Calls waiting for you: 1. Amara comes first: https://calls.test/");
    r.stays_silent();
}

TEST_CASE("Off today and its answer are stored together: whatever fails then, the rep is off") {
    Running r;
    std::atomic<bool> full = false;
    r.w.applier->between_steps = [&](std::string_view step) {
        if (full && step == "saved") {
            throw StoreUnavailable{"the disk is full"};
        }
    };
    r.w.clock.at = at(3, 9);
    r.taps(day_tap_id(key, maya, {DayVerb::off, "2026-11-03"}), "wamid.T1");
    full = true;
    r.w.advance(3s);
    turn_until(r.context, [&] { return r.day().state == State::told; });
    CHECK(r.w.store->rep_states().at(maya).away_until == at(4, 0));
    CHECK(r.w.applier->plan().reps.at(maya).away_until == at(4, 0));
    CHECK(r.said(0).at("text").at("body").get<std::string>().starts_with("Enjoy your day off"));
}

TEST_CASE("a clock that was ahead and is put back keeps no tap waiting") {
    Running r;
    r.w.clock.at = at(2, 15);
    r.stays_silent();
    r.w.clock.at = at(2, 9, 5);
    r.taps(day_tap_id(key, maya, {DayVerb::start, "2026-11-02"}), "wamid.T1");
    r.w.advance(3s);
    CHECK(r.said(0).at("text").at("body") ==
          "Nobody waits for your call just now: https://calls.test/");
}

TEST_CASE("how many calls wait is said without a plural, and without a name where none is wanted") {
    core::Rep maya_rao = rep();
    for (const auto& [language, begin] :
         {std::pair{"en", "Calls waiting for you: 1. "}, std::pair{"hi", "आज के फ़ोन: 1। "},
          std::pair{"ar", "مكالمات تنتظرك: 1. "}}) {
        INFO(language);
        maya_rao.language = language;
        maya_rao.lock_screen = core::Rep::LockScreen::first_name;
        const std::string named =
            answer_of(Say::begin, maya_rao, 1, "Amara", "https://calls.test/");
        CHECK(named.starts_with(begin));
        CHECK(named.find("Amara") != std::string::npos);
        maya_rao.lock_screen = core::Rep::LockScreen::no_names;
        const std::string bare = answer_of(Say::begin, maya_rao, 1, "Amara", "https://calls.test/");
        CHECK(bare.starts_with(begin));
        CHECK(bare.find("Amara") == std::string::npos);
        CHECK(bare.ends_with("https://calls.test/"));
    }
}

TEST_CASE("nobody waits: nobody is disturbed") {
    Running r;
    r.w.clock.at = at(3, 9);
    r.stays_silent();
}

}  // namespace warmcall::tests
