#include "engine/taps.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace warmcall {

namespace {

constexpr std::string_view mark = "wc1.";
constexpr core::Duration snooze_for = std::chrono::minutes{30};
constexpr core::Duration tap_later_for = std::chrono::hours{2};

struct VerbWord {
    TapVerb verb;
    std::string_view word;
};
constexpr std::array<VerbWord, 3> verbs{
    {{TapVerb::call, "call"}, {TapVerb::snooze, "snooze"}, {TapVerb::later, "later"}}};

std::string_view word_of(TapVerb verb) {
    return std::ranges::find(verbs, verb, &VerbWord::verb)->word;
}

std::string mac_of(const Secret& key, const core::RepId& rep, std::string_view said) {
    const auto bytes = hmac_sha256(key, "tap\n" + rep.value + "\n" + std::string{said});
    return base64url({reinterpret_cast<const char*>(bytes.data()), 16});
}

// Takes "123." off the front.
std::optional<std::int64_t> number_of(std::string_view& text) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || n < 0 || end == text.data() + text.size() || *end != '.') {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return n;
}

Tap tap_of(const Secret& key, const core::RepId& rep, const RepTap& tap) {
    return {word_of(tap.verb), tap_id(key, rep, tap)};
}

// {name} stands for the contact's first name.
struct TapSentences {
    std::string_view language, call, snooze, later, late, taken, first;
};
using TapLanguages = std::array<TapSentences, 3>;
constexpr TapLanguages naming{{
    {"en", "{name} is yours. Good talk!", "I'll remind you of {name} in 30 minutes.",
     "I'll remind you of {name} in 2 hours.", "{name} has been dealt with already. Nothing to do.",
     "A colleague is on it: {name} is in good hands.",
     "{name} needs a word from you first: open the card."},
    {"hi", "{name} आपके हैं। अच्छी बात हो!", "30 मिनट में {name} की याद दिलाई जाएगी।",
     "2 घंटे में {name} की याद दिलाई जाएगी।", "{name} का काम पहले ही हो चुका है। कुछ नहीं करना।",
     "{name} का काम एक साथी के हाथ में है।", "{name} के लिए पहले आपका जवाब चाहिए: कार्ड खोलें।"},
    {"ar", "{name} لك. محادثة طيبة!", "سأذكّرك بـ {name} بعد 30 دقيقة.",
     "سأذكّرك بـ {name} بعد ساعتين.", "تم التعامل مع {name} من قبل. لا شيء مطلوب.",
     "زميل يتولى {name} الآن.", "يلزم ردّك أولاً بشأن {name}: افتح البطاقة."},
}};
// For reps who want no names on the screen.
constexpr TapLanguages nameless{{
    {"en", "The call is yours. Good talk!", "I'll remind you in 30 minutes.",
     "I'll remind you in 2 hours.", "That has been dealt with already. Nothing to do.",
     "A colleague is on it: all in good hands.", "A word from you is needed first: open the card."},
    {"hi", "यह कॉल आपकी है। अच्छी बात हो!", "30 मिनट में याद दिलाया जाएगा।", "2 घंटे में याद दिलाया जाएगा।",
     "यह काम पहले ही हो चुका है। कुछ नहीं करना।", "यह काम एक साथी के हाथ में है।",
     "पहले आपका जवाब चाहिए: कार्ड खोलें।"},
    {"ar", "المكالمة لك. محادثة طيبة!", "سأذكّرك بعد 30 دقيقة.", "سأذكّرك بعد ساعتين.",
     "تم التعامل مع هذا من قبل. لا شيء مطلوب.", "زميل يتولى الأمر الآن.",
     "يلزم ردّك أولاً: افتح البطاقة."},
}};

struct SeveralSentence {
    std::string_view language, text;
};
constexpr std::array<SeveralSentence, 3> several_sentences{{
    {"en", "That message was about several people. Open your list and tap on one of them."},
    {"hi", "वह संदेश कई लोगों के बारे में था। अपनी सूची खोलें और किसी एक को चुनें।"},
    {"ar", "كانت تلك الرسالة عن عدة أشخاص. افتح قائمتك واختر واحدًا منهم."},
}};

template <class Table>
const auto& words_in(const Table& table, std::string_view language) {
    const auto at = std::ranges::find(table, language.substr(0, 2),
                                      [](const auto& words) { return words.language; });
    return at == table.end() ? table.front() : *at;
}

std::string with_name(std::string_view sentence, std::string_view name) {
    std::string text{sentence};
    if (const auto at = text.find("{name}"); at != std::string::npos) {
        text.replace(at, 6, name);
    }
    return text;
}

std::string_view sentence_of(TapVerb verb, const TapSentences& words) {
    switch (verb) {
        case TapVerb::call:
            return words.call;
        case TapVerb::snooze:
            return words.snooze;
        case TapVerb::later:
            return words.later;
    }
    return words.late;
}

std::string plain(std::string_view words) {
    std::string text;
    for (const char c : words) {
        if (c != ' ' && c != '\n' && c != '\t' && c != '.' && c != '!') {
            text += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        }
    }
    return text;
}

}  // namespace

std::string tap_id(const Secret& key, const core::RepId& rep, const RepTap& tap) {
    const std::string said = std::string{mark} + std::to_string(tap.prompt.value) + "." +
                             std::to_string(tap.contact.value) + "." +
                             std::string{word_of(tap.verb)};
    return said + "." + mac_of(key, rep, said);
}

std::optional<RepTap> read_tap(const Secret& key, const core::RepId& rep, std::string_view id) {
    const std::size_t last = id.rfind('.');
    if (key.empty() || !id.starts_with(mark) || last < mark.size() ||
        !equal_constant_time(id.substr(last + 1), mac_of(key, rep, id.substr(0, last)))) {
        return std::nullopt;
    }
    std::string_view rest = id.substr(mark.size(), last - mark.size());
    const auto prompt = number_of(rest);
    const auto contact = prompt ? number_of(rest) : std::nullopt;
    const auto verb = std::ranges::find(verbs, rest, &VerbWord::word);
    if (!contact || verb == verbs.end()) {
        return std::nullopt;
    }
    return RepTap{verb->verb, core::PromptId{*prompt}, core::ContactId{*contact}};
}

std::vector<Tap> prompt_taps(const Secret& key, const core::RepId& rep, core::PromptId prompt,
                             core::ContactId contact) {
    std::vector<Tap> taps;
    for (const TapVerb verb : {TapVerb::call, TapVerb::snooze, TapVerb::later}) {
        taps.push_back(tap_of(key, rep, {verb, prompt, contact}));
    }
    return taps;
}

namespace {

constexpr std::string_view day_mark = "wc1.day.";
constexpr std::size_t day_length = 10;  // of "2026-11-23"
constexpr std::array<DayVerb, 3> day_verbs{DayVerb::start, DayVerb::later, DayVerb::off};

}  // namespace

std::string_view word_of(DayVerb verb) {
    switch (verb) {
        case DayVerb::start:
            return "start";
        case DayVerb::later:
            return "later";
        case DayVerb::off:
            return "off";
    }
    return "start";
}

std::string day_tap_id(const Secret& key, const core::RepId& rep, const DayTap& tap) {
    const std::string said = std::string{day_mark} + tap.day + "." + std::string{word_of(tap.verb)};
    return said + "." + mac_of(key, rep, said);
}

std::optional<DayTap> read_day_tap(const Secret& key, const core::RepId& rep, std::string_view id) {
    if (key.empty() || !id.starts_with(day_mark)) {
        return std::nullopt;
    }
    const std::string day{id.substr(day_mark.size(), day_length)};
    for (const DayVerb verb : day_verbs) {
        if (equal_constant_time(id, day_tap_id(key, rep, {verb, day}))) {
            return DayTap{verb, day};
        }
    }
    return std::nullopt;
}

std::vector<Tap> day_taps(const Secret& key, const core::RepId& rep, const std::string& day) {
    std::vector<Tap> taps;
    for (const DayVerb verb : day_verbs) {
        taps.push_back({word_of(verb), day_tap_id(key, rep, {verb, day})});
    }
    return taps;
}

std::optional<TapVerb> read_digit(std::string_view words) {
    const std::string text = plain(words);
    if (text == "1" || text == "call" || text == "calling" || text == "done" || text == "१" ||
        text == "١") {
        return TapVerb::call;
    }
    if (text == "2" || text == "snooze" || text == "२" || text == "٢") {
        return TapVerb::snooze;
    }
    if (text == "3" || text == "later" || text == "३" || text == "٣") {
        return TapVerb::later;
    }
    return std::nullopt;
}

core::Event event_of(TapVerb verb, const core::RepId& rep, core::Timestamp now) {
    switch (verb) {
        case TapVerb::call:
            return core::Claimed{rep};
        case TapVerb::snooze:
            return core::Snoozed{rep, now + snooze_for};
        case TapVerb::later:
            return core::Snoozed{rep, now + tap_later_for};
    }
    return core::Acknowledged{rep};
}

std::string answer_to(TapVerb verb, std::string_view first_name, std::string_view language,
                      const std::optional<core::Refusal>& refusal) {
    const TapSentences& words = words_in(first_name.empty() ? nameless : naming, language);
    if (!refusal) {
        return with_name(sentence_of(verb, words), first_name);
    }
    if (refusal->code == core::Refusal::Code::taken) {
        return with_name(words.taken, first_name);
    }
    if (refusal->code == core::Refusal::Code::wrong_phase) {
        return with_name(words.first, first_name);
    }
    return with_name(words.late, first_name);
}

std::string answer_to_digest(std::string_view language) {
    return std::string{words_in(several_sentences, language).text};
}

}  // namespace warmcall
