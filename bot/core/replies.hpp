#pragma once
// What kind of reply this is: a person, an automatic answer, a plain STOP, or perhaps one. Words
// are data: config/replies/<language>.toml.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "support/result.hpp"

namespace warmcall::core {

// Every list is sorted, its entries normalised and without accents: as read_reply_words() makes
// them.
struct ReplyWords {
    std::vector<std::string> stop;          // the whole message, after normalising
    std::vector<std::string> stop_phrases;  // anywhere: "take me off"
    std::vector<std::string> stop_hints;    // a weak hit inside a sentence: ask the rep
    std::vector<std::string>
        automatic;  // phrases of automatic replies: "out of office", "thank you for contacting"
    std::vector<std::string> courtesies;  // change nothing about a STOP: "please", "thank you"
    std::vector<std::string>
        negations;  // just before a stop phrase they make it doubtful: "don't stop messaging me"
    std::vector<std::string>
        human;  // only a person writes this, whatever else is there: "thanks for asking"
};

struct Reading {
    enum class Kind { human, stop, perhaps_stop, automatic } kind = Kind::human;
    std::optional<std::chrono::year_month_day>
        away_until;  // automatic: the day understood from the text
};

// NFKC, case folded, punctuation, emoji and zero-width characters gone, look-alikes mapped, spaces
// single.
std::string normalise(std::string_view text);

// The whole message is a stop word (and courtesies) → stop; a strong phrase → stop; an automatic
// phrase → automatic; a stop word inside a sentence, or nothing but a stop sign → perhaps_stop.
Reading read_reply(const ReplyWords& words, std::string_view text, Timestamp received_at);

// The last day somebody says they are away, out of "until 3 March", "back on March 4th", "03/12",
// "2026-12-03": the next such day after `received_at`. None where no day is understood, or it is
// more than half a year off.
std::optional<std::chrono::year_month_day> away_until(std::string_view text, Timestamp received_at);

// Adds one language file's words; an error names file and line.
Result<void> read_reply_words(ReplyWords& into, std::string_view toml, std::string_view file_name);

}  // namespace warmcall::core
