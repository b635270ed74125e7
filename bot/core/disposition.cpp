#include "core/disposition.hpp"

#include <algorithm>
#include <array>

namespace warmcall::core {

namespace {

constexpr auto reached_words = std::to_array<std::string_view>(
    {"human", "someone_else", "machine", "no_answer", "busy", "rejected", "bad_number"});
constexpr auto said_words =
    std::to_array<std::string_view>({"talked", "busy_now", "callback_asked", "not_interested",
                                     "stop", "wrong_person", "agreed_next"});

constexpr auto line_words = std::to_array<std::string_view>(
    {"ringing", "completed", "no_answer", "busy", "failed", "not_rung"});

template <class Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& words, std::string_view word) {
    const auto at = std::ranges::find(words, word);
    return at == words.end() ? std::nullopt : std::optional{static_cast<Enum>(at - words.begin())};
}

bool ends_it(Said said) {
    return said == Said::not_interested || said == Said::stop || said == Said::wrong_person;
}

bool fixes_a_date(Said said) {
    return said == Said::talked || said == Said::callback_asked || said == Said::agreed_next;
}

}  // namespace

std::optional<Missing> what_is_missing(const Disposition& d, Timestamp now) {
    if (d.reached != Reached::human && d.said) {
        return Missing{false, "What they said needs a person who said it: choose \"human\" first."};
    }
    if (d.reached == Reached::human && !d.said) {
        return Missing{false, "You reached them: what did they say?"};
    }
    if (d.won && (!d.said || *d.said != Said::talked)) {
        return Missing{false, "Won goes with \"talked\"."};
    }
    if (d.next_at && (*d.next_at <= now || *d.next_at > now + std::chrono::days{366})) {
        return Missing{true, "Choose a next date between now and a year from now."};
    }
    if (d.said && ends_it(*d.said)) {
        return d.next_at ? std::optional{Missing{
                               false, "This ends the outreach, so there is no next date."}}
                         : std::nullopt;
    }
    if (d.said && fixes_a_date(*d.said) && !d.won && !d.next_at) {
        return Missing{true, "When will you call again? Every talk ends with a date you own."};
    }
    return std::nullopt;
}

std::string_view to_string(Reached reached) {
    return reached_words.at(static_cast<std::size_t>(reached));
}
std::string_view to_string(Said said) {
    return said_words.at(static_cast<std::size_t>(said));
}
std::string_view to_string(LineState state) {
    return line_words.at(static_cast<std::size_t>(state));
}
std::string words_of(const Line& line) {
    std::string words{to_string(line.state)};
    if (line.state == LineState::completed) {
        words += " " + std::to_string(line.seconds);
    }
    return words;
}
std::optional<Reached> reached_from(std::string_view word) {
    return find<Reached>(reached_words, word);
}
std::optional<Said> said_from(std::string_view word) {
    return find<Said>(said_words, word);
}

}  // namespace warmcall::core
