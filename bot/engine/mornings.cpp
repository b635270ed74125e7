#include "engine/mornings.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/calendar.hpp"

namespace warmcall {

namespace {

using State = Morning::State;
using Say = MorningMove::Say;

constexpr core::Duration morning_later_for = std::chrono::hours{2};
constexpr core::Duration clocks_differ_by = std::chrono::minutes{1};  // of gateways, at most
constexpr std::array<std::pair<State, std::string_view>, 6> state_words{{{State::none, "none"},
                                                                         {State::told, "told"},
                                                                         {State::waits, "waits"},
                                                                         {State::start, "start"},
                                                                         {State::later, "later"},
                                                                         {State::off, "off"}}};

std::string_view next_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

bool working(const core::Rep& rep, core::Timestamp now) {
    return !(rep.away_until && now < *rep.away_until) && core::open(rep.hours, {}, {rep.zone}, now);
}

// A gateway that starts in the afternoon does not say good morning, and neither is there a morning
// for somebody whose phone may ring around the clock.
bool begins_work(const core::Rep& rep, core::Timestamp now) {
    constexpr int morning_minutes = 120;
    const core::LocalTime here = core::local(now, rep.zone);
    const std::vector<core::Span>& spans = rep.hours.days[here.weekday];
    if (spans.empty() || spans.front().from.minutes == 0) {
        return false;
    }
    const int since = here.minutes - spans.front().from.minutes;
    return since >= 0 && since < morning_minutes && working(rep, now);
}

MorningMove answer(Say say, const std::string& day) {
    return {.say = say, .then = {State::told, day, {}}, .away_until = {}};
}

struct MorningSentences {
    std::string_view language, begin, begin_nameless, nobody, later, off, too_late;
};
constexpr std::array<MorningSentences, 3> morning_sentences{{
    {"en", "Calls waiting for you: {count}. {first} comes first: {link}",
     "Calls waiting for you: {count}. Your list: {link}",
     "Nobody waits for your call just now: {link}", "I'll ask again in 2 hours.",
     "Enjoy your day off. Whoever writes today is told to your stand-in; you are back tomorrow.",
     "That was for another day, so nothing has changed. Today's list: {link}"},
    {"hi", "आज के फ़ोन: {count}। पहले {first}: {link}", "आज के फ़ोन: {count}। आपकी सूची: {link}",
     "अभी किसी को आपके फ़ोन का इंतज़ार नहीं: {link}", "2 घंटे में फिर पूछा जाएगा।",
     "आज की छुट्टी मुबारक। आज के जवाब आपके साथी को मिलेंगे; कल आप वापस हैं।",
     "वह किसी और दिन के लिए था, कुछ नहीं बदला। आज की सूची: {link}"},
    {"ar", "مكالمات تنتظرك: {count}. البداية مع {first}: {link}",
     "مكالمات تنتظرك: {count}. قائمتك: {link}", "لا أحد ينتظر مكالمتك الآن: {link}",
     "سأسألك مجددًا بعد ساعتين.", "يوم إجازة سعيد. من يكتب اليوم يُبلَّغ به بديلك، وتعود غدًا.",
     "كان ذلك ليوم آخر، فلم يتغير شيء. قائمة اليوم: {link}"},
}};

const MorningSentences& morning_words(std::string_view language) {
    const auto at =
        std::ranges::find(morning_sentences, language.substr(0, 2), &MorningSentences::language);
    return at == morning_sentences.end() ? morning_sentences.front() : *at;
}

void put(std::string& text, std::string_view mark, std::string_view value) {
    if (const auto at = text.find(mark); at != std::string::npos) {
        text.replace(at, mark.size(), value);
    }
}

}  // namespace

std::string to_text(const Morning& morning) {
    const auto* word =
        std::ranges::find(state_words, morning.state, &std::pair<State, std::string_view>::first);
    return fmt::format("{} {} {}", word->second, morning.day.empty() ? "-" : morning.day,
                       morning.until.time_since_epoch().count());
}

Morning read_morning(std::string_view text) {
    const auto* word = std::ranges::find(state_words, next_word(text),
                                         &std::pair<State, std::string_view>::second);
    if (word == state_words.end()) {
        return {};
    }
    Morning morning{.state = word->first, .day = std::string{next_word(text)}, .until = {}};
    core::Timestamp::duration::rep since = 0;
    std::from_chars(text.data(), text.data() + text.size(), since);
    morning.until = core::Timestamp{core::Timestamp::duration{since}};
    return morning;
}

std::string morning_key(const core::RepId& rep) {
    return "morning." + rep.value;
}

void tapped_for_the_day(Unit& unit, const core::RepId& rep, const DayTap& tap) {
    const State state = tap.verb == DayVerb::start   ? State::start
                        : tap.verb == DayVerb::later ? State::later
                                                     : State::off;
    unit.set_setting(morning_key(rep), to_text({state, tap.day, {}}));
}

std::string day_of(const core::Rep& rep, core::Timestamp now) {
    const auto day = core::local(now, rep.zone).day;
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

core::Timestamp end_of_day(const core::Rep& rep, core::Timestamp now) {
    const auto today = std::chrono::sys_days{core::local(now, rep.zone).day};
    return core::instant(today + std::chrono::days{1}, {}, rep.zone);
}

MorningMove next_morning(const core::Rep& rep, const Morning& morning, core::Timestamp now) {
    const std::string today = day_of(rep, now);
    const bool of_today = morning.day == today;
    switch (morning.state) {
        case State::start:
            return answer(Say::begin, today);
        case State::later:
            return of_today ? MorningMove{.say = Say::later,
                                          .then = {State::waits, today, now + morning_later_for},
                                          .away_until = {}}
                            : answer(Say::too_late, today);
        case State::off: {
            MorningMove move = answer(of_today ? Say::off : Say::too_late, today);
            if (of_today) {
                move.away_until = end_of_day(rep, now);
            }
            return move;
        }
        case State::waits:
            if (of_today) {
                // Further off than it was ever set: the clock was put back since.
                const bool put_back = morning.until > now + morning_later_for + clocks_differ_by;
                const bool over = now >= morning.until || put_back;
                return over && working(rep, now) ? answer(Say::greet, today) : MorningMove{};
            }
            break;
        case State::told:
            if (of_today) {
                return {};
            }
            break;
        case State::none:
            break;
    }
    return begins_work(rep, now) ? answer(Say::greet, today) : MorningMove{};
}

std::string answer_of(Say say, const core::Rep& rep, std::size_t waiting, std::string_view first,
                      std::string_view link) {
    const MorningSentences& words = morning_words(rep.language);
    const bool nameless = rep.lock_screen == core::Rep::LockScreen::no_names;
    std::string text{say == Say::later      ? words.later
                     : say == Say::off      ? words.off
                     : say == Say::too_late ? words.too_late
                     : waiting == 0         ? words.nobody
                     : nameless             ? words.begin_nameless
                                            : words.begin};
    put(text, "{count}", std::to_string(waiting));
    put(text, "{first}", first);
    put(text, "{link}", link);
    return text;
}

}  // namespace warmcall
