#pragma once
// What kind of reply this is: a person, an automatic answer, a plain STOP, or perhaps one. Words
// are data: config/replies/<language>.toml.

#include <bitset>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "support/result.hpp"

namespace warmcall::core {

// Phrases in order, each once; one that ends with a * goes on as it likes: "no me escrib*". Few
// words of a message begin any, and those that begin none are told by their first two bytes.
class Phrases {
 public:
    Phrases() = default;
    Phrases(std::initializer_list<std::string> phrases);

    void add(std::string phrase);
    const std::vector<std::string>& sorted() const { return sorted_; }
    bool none_begins_like(std::string_view word) const { return !begun_.test(beginning(word)); }

 private:
    static std::size_t beginning(std::string_view text);

    std::vector<std::string> sorted_;
    std::bitset<1024> begun_;
};

// The entries are normalised and without accents: as read_reply_words() makes them.
struct ReplyWords {
    Phrases stop;          // the whole message, after normalising
    Phrases stop_phrases;  // anywhere: "take me off"
    Phrases stop_hints;    // a weak hit inside a sentence: ask the rep
    Phrases automatic;     // of automatic replies: "out of office", "thank you for contacting"
    Phrases footers;     // how a machine says that one may stop it: "reply stop", "to unsubscribe"
    Phrases courtesies;  // change nothing about a STOP: "please", "thank you"
    Phrases
        negations;  // just before a stop phrase they make it doubtful: "don't stop messaging me"
    Phrases restrictions;  // just after one they do the same: "don't text me at work"
    Phrases human;         // only a person writes this, whatever else is there: "thanks for asking"
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
// phrase → automatic, and beside a wish to be left alone → perhaps_stop; a stop word inside a
// sentence, or nothing but a stop sign → perhaps_stop.
Reading read_reply(const ReplyWords& words, std::string_view text, Timestamp received_at);

// The last day somebody says they are away, out of "until 3 March", "back on March 4th", "until
// 03/12", "20 Nov - 2 Jan": the next such day after `received_at`. None where no day is understood,
// it is more than half a year off, or the absence begins later than in a few days. Figures alone
// count only beside such a word, or as a range.
std::optional<std::chrono::year_month_day> away_until(std::string_view text, Timestamp received_at);

// Adds one language file's words; an error names file and line.
Result<void> read_reply_words(ReplyWords& into, std::string_view toml, std::string_view file_name);

}  // namespace warmcall::core
