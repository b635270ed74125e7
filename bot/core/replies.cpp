#include "core/replies.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/toml_file.hpp"
#include "core/words.hpp"

namespace warmcall::core {
namespace {

constexpr std::size_t longest_read = 16 * 1024;  // bytes; providers let fewer through
constexpr std::size_t longest_stop = 12;         // words of a message that is nothing but a stop

// What is written with letters of another alphabet that look the same, after case folding.
char32_t look_alike(char32_t c) {
    static constexpr std::u32string_view from =
        U"авеіјкмнорстухѕԁһԛԝүґ"
        U"αεικνορτυχγ"
        U"ɑɡıꜱᴛᴏᴘᴜᴇᴄʀɴɪʟᴀᴅᴍʙ";
    static constexpr std::u32string_view to =
        U"abeijkmhopctyxsdhqwyr"
        U"aeikvoptuxy"
        U"agistopuecrniladmb";
    static_assert(from.size() == to.size());
    const auto at = from.find(c);
    return at == std::u32string_view::npos ? c : to[at];
}

bool is_ascii(std::string_view word) {
    return std::all_of(word.begin(), word.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool lettered(std::string_view word) {
    return std::any_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

std::string with_look_alikes(std::string_view word) {
    if (is_ascii(word)) {
        std::string out{word};
        std::erase(out, '\'');
        return out;
    }
    icu::UnicodeString out;
    const auto in =
        icu::UnicodeString::fromUTF8({word.data(), static_cast<std::int32_t>(word.size())});
    for (std::int32_t i = 0; i < in.length(); i = in.moveIndex32(i, 1))
        if (const UChar32 c = in.char32At(i); c != '\'')
            out.append(static_cast<UChar32>(look_alike(static_cast<char32_t>(c))));
    std::string utf8;
    return out.toUTF8String(utf8);
}

// Marks that people leave out or in: accents, the nukta, Arabic vowel signs and the stretching
// line.
bool optional_mark(UChar32 c) {
    return (c >= 0x0300 && c <= 0x036F) || c == 0x093C || c == 0x0640 ||
           (c >= 0x064B && c <= 0x065F) || c == 0x0670;
}

icu::UnicodeString decomposed(std::string_view word) {
    const auto in =
        icu::UnicodeString::fromUTF8({word.data(), static_cast<std::int32_t>(word.size())});
    UErrorCode error = U_ZERO_ERROR;
    return icu::Normalizer2::getNFDInstance(error)->normalize(in, error);
}

// The key of a word in ASCII, which most are, at the end of a text: nothing there can be
// decomposed, and only an apostrophe looks like nothing.
void append_ascii_key(std::string_view word, std::string& out) {
    const bool zero_is_o = lettered(word);
    int run = 0;
    char before = 0;
    for (char c : word) {
        if (c == '\'')
            continue;
        if (c == '0' && zero_is_o)
            c = 'o';
        run = c == before ? run + 1 : 1;
        if (run == 3)
            out.pop_back();
        if (run < 3)
            out += c;
        before = c;
    }
}

// A word as it is compared: accents gone, "st0p" and "stooop" as "stop".
std::string key_of(std::string_view word) {
    const bool zero_is_o = lettered(word);
    if (is_ascii(word)) {
        std::string key;
        append_ascii_key(word, key);
        return key;
    }
    const icu::UnicodeString in = decomposed(word);
    icu::UnicodeString out;
    std::int32_t run = 0;
    UChar32 before = 0;
    for (std::int32_t i = 0; i < in.length(); i = in.moveIndex32(i, 1)) {
        UChar32 c = in.char32At(i);
        if (optional_mark(c))
            continue;
        if (c == 0x0901)
            c = 0x0902;  // हूँ and हूं are one word
        if (c == '0' && zero_is_o)
            c = 'o';
        run = c == before ? run + 1 : 1;
        if (run == 3)
            out.truncate(out.length() - U16_LENGTH(c));  // three and more are one
        if (run < 3)
            out.append(c);
        before = c;
    }
    std::string utf8;
    return out.toUTF8String(utf8);
}

// The words of a message as they are compared, and a line of them with a blank after each.
struct TextLine {
    std::string text;
    std::vector<std::size_t> starts;  // of each word in the text
    std::vector<bool> breaks;         // punctuation stands before the word

    std::size_t size() const { return starts.size(); }
    std::string_view from(std::size_t word) const {
        return std::string_view{text}.substr(starts[word]);
    }
    void add(std::string_view word, bool after_break) {
        starts.push_back(text.size());
        breaks.push_back(after_break);
        text += word;
        text += ' ';
    }
    void add_ascii(std::string_view word, bool after_break) {
        const std::size_t start = text.size();
        append_ascii_key(word, text);
        if (text.size() == start)
            return;
        starts.push_back(start);
        breaks.push_back(after_break);
        text += ' ';
    }
};

TextLine line_of(std::string_view text) {
    TextLine line;
    line.text.reserve(text.size() + 1);
    for (const Word& word : words_of(text, Braces::plain))
        if (is_ascii(word.folded))
            line.add_ascii(word.folded, word.breaks);
        else if (const std::string key = key_of(with_look_alikes(word.folded)); !key.empty())
            line.add(key, word.breaks);
    return line;
}

std::string phrase_key(std::string_view phrase) {
    TextLine line = line_of(phrase);
    if (!line.text.empty())
        line.text.pop_back();
    return line.text;
}

constexpr char more = '*';  // at the end of a phrase: its last word may go on

// Calls `found` with each of the sorted phrases that `rest` begins with; only those of its first
// word are looked at.
template <class Found>
void phrases_at(const Phrases& all, std::string_view rest, Found found) {
    if (all.none_begins_like(rest))
        return;
    const std::vector<std::string>& phrases = all.sorted();
    const std::string_view word = rest.substr(0, rest.find(' '));
    const auto same_word =
        [&](const std::string& phrase) {  // a blank sorts before all else that may follow
            return phrase.starts_with(word) &&
                   (phrase.size() == word.size() || phrase[word.size()] == ' ');
        };
    auto phrase = std::lower_bound(phrases.begin(), phrases.end(), word);
    for (; phrase != phrases.end() && same_word(*phrase); ++phrase) {
        const std::string_view begun{phrase->data(), phrase->size() - 1};
        const bool goes_on = phrase->ends_with(more) && rest.starts_with(begun);
        if (goes_on || (rest.starts_with(*phrase) && rest[phrase->size()] == ' '))
            found(std::string_view{*phrase});
    }
}

bool has_any(const Phrases& phrases, const TextLine& line, std::size_t first, std::size_t last) {
    bool any = false;
    for (std::size_t word = first; word < last && !any; ++word)
        phrases_at(phrases, line.from(word), [&](std::string_view) { any = true; });
    return any;
}

bool has_any(const Phrases& phrases, const TextLine& line) {
    return has_any(phrases, line, 0, line.size());
}

TextLine without(const Phrases& phrases, const TextLine& line) {
    TextLine left;
    std::size_t covered = 0;  // bytes of the text a phrase has taken
    bool breaks = false;      // before what was taken, or behind it
    for (std::size_t word = 0; word < line.size(); ++word) {
        const std::string_view rest = line.from(word);
        phrases_at(phrases, rest, [&](std::string_view phrase) {
            covered = std::max(covered, line.starts[word] + phrase.size());
        });
        breaks = breaks || line.breaks[word];
        if (line.starts[word] >= covered)
            left.add(rest.substr(0, rest.find(' ')), std::exchange(breaks, false));
    }
    return left;
}

// Is all of it made of stop entries: "stop", "STOP STOP", "stop unsubscribe"?
bool made_of(const Phrases& entries, std::string_view rest) {
    bool made = rest.empty();
    phrases_at(entries, rest, [&](std::string_view entry) {
        made = made || made_of(entries, rest.substr(entry.size() + 1));
    });
    return made;
}

// "s t o p" and "S.T.O.P."
std::string spelled_out(const TextLine& line) {
    if (line.text.size() != 2 * line.size() || line.size() < 3)
        return {};
    std::string word = line.text;
    std::erase(word, ' ');
    return word + " ";
}

// `plain` is the same without courtesies.
bool whole_message_stops(const ReplyWords& words, const TextLine& line, const TextLine& plain) {
    if (line.size() == 0 || line.size() > longest_stop)
        return false;
    if (made_of(words.stop, line.text))
        return true;
    if (const std::string word = spelled_out(line); !word.empty() && made_of(words.stop, word))
        return true;
    return plain.size() > 0 && made_of(words.stop, plain.text);
}

// "I'm on leave until Monday. Stop."
bool any_thought_stops(const ReplyWords& words, const TextLine& line) {
    for (std::size_t first = 0, end = 0; first < line.size(); first = end) {
        for (end = first + 1; end < line.size() && !line.breaks[end];)
            ++end;
        const std::size_t stop = end < line.size() ? line.starts[end] : line.text.size();
        if (made_of(words.stop, line.from(first).substr(0, stop - line.starts[first])))
            return true;
    }
    return false;
}

// Stands a "don't" right before this word, at most three words away and in the same thought?
bool negated(const ReplyWords& words, const TextLine& line, std::size_t word) {
    std::size_t first = word;
    while (first > 0 && word - first < 3 && !line.breaks[first])
        --first;
    return has_any(words.negations, line, first, word);
}

// Stands a "at work" or "before six" right behind, at most three words away and in the same
// thought?
bool restricted(const ReplyWords& words, const TextLine& line, std::size_t after) {
    std::size_t last = after;
    while (last < line.size() && last - after < 3 && !line.breaks[last])
        ++last;
    return has_any(words.restrictions, line, after, last);
}

std::size_t words_in(std::string_view phrase) {
    return static_cast<std::size_t>(std::count(phrase.begin(), phrase.end(), ' ')) + 1;
}

// A hint of more than one word: a machine says "cancel" and "remove" of appointments.
bool has_long_hint(const ReplyWords& words, const TextLine& line) {
    bool any = false;
    for (std::size_t word = 0; word < line.size() && !any; ++word)
        phrases_at(words.stop_hints, line.from(word),
                   [&](std::string_view hint) { any = any || words_in(hint) > 1; });
    return any;
}

enum class Strength { none, doubtful, plain };

Strength stop_phrase(const ReplyWords& words, const TextLine& line) {
    Strength strongest = Strength::none;
    for (std::size_t word = 0; word < line.size(); ++word)
        phrases_at(words.stop_phrases, line.from(word), [&](std::string_view phrase) {
            const bool doubtful =
                negated(words, line, word) || restricted(words, line, word + words_in(phrase));
            strongest = std::max(strongest, doubtful ? Strength::doubtful : Strength::plain);
        });
    return strongest;
}

// A hand or a stop sign: alone it may well mean stop; a raised hand beside words is a greeting as
// often.
bool stop_sign(std::string_view text, bool alone) {
    static constexpr std::array<UChar32, 5> signs{0x1F6D1, 0x1F6AB, 0x26D4, 0x1F515, 0x1F4F5};
    static constexpr std::array<UChar32, 3> hands{0x270B, 0x1F590, 0x1F91A};
    for (std::int32_t i = 0; static_cast<std::size_t>(i) < text.size();) {
        UChar32 c = 0;
        U8_NEXT_OR_FFFD(text.data(), i, static_cast<std::int32_t>(text.size()), c);
        if (c < 0x80)
            continue;
        if (std::find(signs.begin(), signs.end(), c) != signs.end() ||
            (alone && std::find(hands.begin(), hands.end(), c) != hands.end()))
            return true;
    }
    return false;
}

enum class Ends { as_written, may_go_on };

void add_phrases(const TomlFile& file, std::string_view key, Phrases& into,
                 Ends ends = Ends::as_written) {
    const toml::node* node = file.root().get(key);
    if (node == nullptr)
        return;
    for (const toml::node& item : file.array(*node)) {
        const std::string text = file.text(item);
        std::string phrase = phrase_key(text);
        if (phrase.empty())
            file.wrong(item, "expected words, found nothing but punctuation");
        if (text.ends_with(more)) {
            if (ends == Ends::as_written || words_in(phrase) < 2)
                file.wrong(item, "a * may end a phrase of two words or more in stop_hints only");
            phrase += more;
        }
        into.add(std::move(phrase));
    }
}

}  // namespace

Phrases::Phrases(std::initializer_list<std::string> phrases) {
    for (const std::string& phrase : phrases)
        add(phrase);
}

void Phrases::add(std::string phrase) {
    const auto at = std::ranges::lower_bound(sorted_, phrase);
    if (at != sorted_.end() && *at == phrase)
        return;
    begun_.set(beginning(phrase));
    sorted_.insert(at, std::move(phrase));
}

// A word of one letter has a blank after it, or nothing more.
std::size_t Phrases::beginning(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.empty() ? ' ' : text[0]);
    const auto second = static_cast<unsigned char>(text.size() < 2 ? ' ' : text[1]);
    return (first * 33U + second) % 1024;
}

std::string normalise(std::string_view text) {
    std::string out;
    for (const Word& word : words_of(text, Braces::plain))
        if (const std::string mapped = with_look_alikes(word.folded); !mapped.empty())
            out += (out.empty() ? "" : " ") + mapped;
    return out;
}

Reading read_reply(const ReplyWords& words, std::string_view text, Timestamp received_at) {
    using Kind = Reading::Kind;
    text = text.substr(0, longest_read);
    const TextLine line = line_of(text);
    const TextLine plain = without(words.courtesies, line);  // "schreiben Sie mir bitte nicht mehr"
    if (whole_message_stops(words, line, plain))
        return {Kind::stop, {}};
    const bool automatic = has_any(words.automatic, line) && !has_any(words.human, line);
    const Strength strength = std::max(stop_phrase(words, line), stop_phrase(words, plain));
    if (strength == Strength::plain && !automatic)
        return {Kind::stop, {}};
    if (automatic) {  // a machine that says "stop" is for the rep to judge, unless it says how we
                      // may
        const TextLine theirs = without(words.footers, plain);
        const bool asks = stop_phrase(words, theirs) != Strength::none ||
                          has_long_hint(words, theirs) || any_thought_stops(words, theirs);
        return asks ? Reading{Kind::perhaps_stop, {}}
                    : Reading{Kind::automatic, away_until(text, received_at)};
    }
    if (strength == Strength::doubtful || has_any(words.stop_hints, line) ||
        has_any(words.stop_hints, plain) || stop_sign(text, line.size() == 0))
        return {Kind::perhaps_stop, {}};
    return {Kind::human, {}};
}

Result<void> read_reply_words(ReplyWords& into, std::string_view toml,
                              std::string_view file_name) try {
    const TomlFile file{toml, file_name};
    file.only(file.root(), {"stop", "stop_phrases", "stop_hints", "automatic", "footers",
                            "courtesies", "negations", "restrictions", "human"});
    ReplyWords added = into;
    add_phrases(file, "stop", added.stop);
    add_phrases(file, "stop_phrases", added.stop_phrases);
    add_phrases(file, "stop_hints", added.stop_hints, Ends::may_go_on);
    add_phrases(file, "automatic", added.automatic);
    add_phrases(file, "footers", added.footers);
    add_phrases(file, "courtesies", added.courtesies);
    add_phrases(file, "negations", added.negations);
    add_phrases(file, "restrictions", added.restrictions);
    add_phrases(file, "human", added.human);
    into = std::move(added);
    return {};
} catch (const TomlFault& fault) {
    return fault.error;
}

}  // namespace warmcall::core
