#include "core/speech.hpp"

#include <algorithm>
#include <array>

namespace warmcall::core {

namespace {

template <std::size_t N, class Enum>
std::string_view named(const std::array<std::string_view, N>& names, Enum value) {
    return names.at(static_cast<std::size_t>(value));
}

constexpr auto phases = std::to_array<std::string_view>(
    {"planned", "warming", "call_due", "on_call", "wrap_up", "waiting", "held", "closed"});
constexpr auto prompt_kinds =
    std::to_array<std::string_view>({"no_warmup", "silent", "undelivered", "retry", "promised",
                                     "replied", "they_called", "unanswered_question"});
constexpr auto action_kinds = std::to_array<std::string_view>(
    {"send", "wait_then_call", "call", "log_outcome", "answer_question", "resume"});
constexpr auto hold_reasons =
    std::to_array<std::string_view>({"automatic_reply", "perhaps_stop", "by_rep", "no_template"});
constexpr auto close_reasons = std::to_array<std::string_view>(
    {"won", "said_no", "wrong_person", "no_reachable_address", "opted_out", "merged"});
constexpr auto message_kinds = std::to_array<std::string_view>(
    {"wellbeing", "call_me_back", "stop_confirmation", "conversation"});
constexpr auto message_states =
    std::to_array<std::string_view>({"queued", "claimed", "unknown", "settled", "cancelled"});
static_assert(std::variant_size_v<Phase> == phases.size());

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view around_words = " \t\r\n,;:.\"'()/";

std::string_view stripped(std::string_view text, std::string_view of = around_words) {
    const auto begin = text.find_first_not_of(of);
    return begin == std::string_view::npos
               ? std::string_view{}
               : text.substr(begin, text.find_last_not_of(of) - begin + 1);
}

std::string_view next_word(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    const std::string_view word = rest.substr(0, rest.find_first_of(blanks));
    rest.remove_prefix(word.size());
    return word;
}

constexpr auto titles = std::to_array<std::string_view>(
    {"dr", "mr",  "mrs",  "ms",  "miss",   "prof", "herr",   "frau", "sr", "sra",   "srta",
     "m",  "mme", "mlle", "sig", "sig.ra", "श्री",  "श्रीमती", "डॉ",   "د",  "السيد", "السيدة"});
// What stands behind a name's comma and is no first name: "Ravi Sharma, MD".
constexpr auto behind_names = std::to_array<std::string_view>(
    {"jr",  "ii",   "iii", "iv", "phd", "ph.d", "md",  "m.d", "mba", "mbbs", "msc", "m.sc",
     "bsc", "b.sc", "ma",  "ba", "esq", "cpa",  "dds", "inc", "ltd", "llc",  "gmbh"});

std::string lower(std::string_view word) {
    std::string text{word};
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

bool is_title(std::string_view word) {
    return std::ranges::find(titles, lower(word)) != titles.end();
}

// "" of "Dr.", "Sharma" of "Dr.Sharma" and of "Sharma"; "M.S" stays: those are initials.
std::string_view without_title(std::string_view word) {
    if (is_title(word)) {
        return {};
    }
    const auto dot = word.find('.');
    const bool written_together =
        dot != std::string_view::npos && dot > 1 && is_title(word.substr(0, dot));
    return written_together ? stripped(word.substr(dot)) : word;
}

// Is there a name in it, beside titles and degrees?
bool names_somebody(std::string_view text) {
    while (!text.empty()) {
        const std::string_view word = without_title(stripped(next_word(text)));
        if (!word.empty() && std::ranges::find(behind_names, lower(word)) == behind_names.end()) {
            return true;
        }
    }
    return false;
}

constexpr auto particles = std::to_array<std::string_view>(
    {"van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "al", "el", "bin", "zu"});

// A family name: one word, besides titles and particles.
bool is_family_name(std::string_view text) {
    int words = 0;
    while (!text.empty()) {
        const std::string_view word = without_title(stripped(next_word(text)));
        if (!word.empty() && std::ranges::find(particles, lower(word)) == particles.end()) {
            ++words;
        }
    }
    return words == 1;
}

// "Ravi" of "Sharma, Ravi"; of "Ravi Sharma, Delhi", what stands before the comma.
std::string_view given_part(std::string_view name) {
    constexpr std::string_view arabic_comma = "،";
    const std::size_t comma = std::min(name.find(','), name.find(arabic_comma));
    if (comma == std::string_view::npos) {
        return name;
    }
    std::string_view behind = name.substr(comma + (name[comma] == ',' ? 1 : arabic_comma.size()));
    behind = behind.substr(0, std::min(behind.find(','), behind.find(arabic_comma)));
    const std::string_view before = name.substr(0, comma);
    return is_family_name(before) && names_somebody(behind) ? behind : before;
}

}  // namespace

std::string first_name(std::string_view name) {
    for (std::string_view rest = given_part(name); !rest.empty();) {
        const std::string_view word = without_title(stripped(next_word(rest)));
        if (!word.empty()) {
            return std::string{word};
        }
    }
    const std::string_view bare = stripped(name, blanks);
    return std::string{bare.empty() ? name : bare};
}

std::string_view to_string(const Phase& phase) {
    return phases.at(phase.index());
}
std::string_view to_string(PromptKind kind) {
    return named(prompt_kinds, kind);
}
std::string_view to_string(ActionKind kind) {
    return named(action_kinds, kind);
}
std::string_view to_string(HoldReason reason) {
    return named(hold_reasons, reason);
}
std::string_view to_string(CloseReason reason) {
    return named(close_reasons, reason);
}
std::string_view to_string(MessageKind kind) {
    return named(message_kinds, kind);
}
std::string_view to_string(MessageState state) {
    return named(message_states, state);
}

std::string cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) {
        return std::string{text};
    }
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return std::string{text.substr(0, end)};
}

}  // namespace warmcall::core
