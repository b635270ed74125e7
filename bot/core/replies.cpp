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

std::string with_look_alikes(std::string_view word) {
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

// A word as it is compared: accents gone, "st0p" and "stooop" as "stop".
std::string key_of(std::string_view word) {
    UErrorCode error = U_ZERO_ERROR;
    const auto decomposed = icu::Normalizer2::getNFDInstance(error)->normalize(
        icu::UnicodeString::fromUTF8({word.data(), static_cast<std::int32_t>(word.size())}), error);
    const bool lettered =
        std::any_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    icu::UnicodeString out;
    std::int32_t run = 0;
    UChar32 before = 0;
    for (std::int32_t i = 0; i < decomposed.length(); i = decomposed.moveIndex32(i, 1)) {
        UChar32 c = decomposed.char32At(i);
        if (optional_mark(c))
            continue;
        if (c == 0x0901)
            c = 0x0902;  // हूँ and हूं are one word
        if (c == '0' && lettered)
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

struct Key {
    std::string word;
    bool breaks = false;
};

std::vector<Key> keys_of(std::string_view text) {
    std::vector<Key> keys;
    for (const Word& word : words_of(text, Braces::plain))
        if (std::string key = key_of(with_look_alikes(word.folded)); !key.empty())
            keys.push_back({std::move(key), word.breaks});
    return keys;
}

std::string joined(const std::vector<Key>& keys) {
    std::string out;
    for (const Key& key : keys)
        out += (out.empty() ? "" : " ") + key.word;
    return out;
}

std::string phrase_key(std::string_view phrase) {
    return joined(keys_of(phrase));
}

// Where a phrase begins among the words, whole words only; npos: not there. `padded` has a blank at
// both ends.
std::size_t position(std::string_view padded, std::string_view phrase, std::size_t from = 0) {
    for (std::size_t at = padded.find(phrase, from); at != std::string_view::npos && at > 0;
         at = padded.find(phrase, at + 1))
        if (padded[at - 1] == ' ' && padded[at + phrase.size()] == ' ')
            return at;
    return std::string_view::npos;
}

bool any_of(const std::vector<std::string>& phrases, std::string_view padded) {
    return std::any_of(phrases.begin(), phrases.end(), [&](const std::string& phrase) {
        return position(padded, phrase) != std::string_view::npos;
    });
}

void erase_phrase(std::string& padded, std::string_view phrase) {
    for (auto at = position(padded, phrase); at != std::string::npos; at = position(padded, phrase))
        padded.erase(at, phrase.size() + 1);
}

// Is all of it made of stop entries: "stop", "STOP STOP", "stop unsubscribe"?
bool made_of(const std::vector<std::string>& entries, std::string_view padded) {
    if (padded.size() == 1)
        return true;
    return std::any_of(entries.begin(), entries.end(), [&](const std::string& entry) {
        return padded.substr(1).starts_with(entry) && padded[1 + entry.size()] == ' ' &&
               made_of(entries, padded.substr(1 + entry.size()));
    });
}

// "s t o p" and "S.T.O.P."
std::string spelled_out(const std::vector<Key>& keys) {
    std::string word;
    for (const Key& key : keys) {
        if (key.word.size() != 1)
            return {};
        word += key.word;
    }
    return word;
}

bool whole_message_stops(const ReplyWords& words, const std::vector<Key>& keys,
                         std::string padded) {
    if (keys.empty() || keys.size() > longest_stop)
        return false;
    if (made_of(words.stop, padded))
        return true;
    if (const std::string word = spelled_out(keys);
        word.size() > 2 && made_of(words.stop, " " + word + " "))
        return true;
    for (const std::string& courtesy : words.courtesies)
        erase_phrase(padded, courtesy);
    return padded.size() > 1 && made_of(words.stop, padded);
}

// The words right before `at`, at most three and of the same thought.
std::string thought_before(const std::vector<Key>& keys, std::string_view padded, std::size_t at) {
    const auto index = static_cast<std::size_t>(std::count(
                           padded.begin(), padded.begin() + static_cast<std::ptrdiff_t>(at), ' ')) -
                       1;
    std::size_t first = index;
    while (first > 0 && index - first < 3 && !keys[first].breaks)
        --first;
    std::string before = " ";
    for (std::size_t i = first; i < index; ++i)
        before += keys[i].word + " ";
    return before;
}

enum class Strength { none, doubtful, plain };

Strength stop_phrase(const ReplyWords& words, const std::vector<Key>& keys,
                     std::string_view padded) {
    Strength strongest = Strength::none;
    for (const std::string& phrase : words.stop_phrases)
        if (const auto at = position(padded, phrase); at != std::string_view::npos) {
            const bool doubtful = any_of(words.negations, thought_before(keys, padded, at));
            strongest = std::max(strongest, doubtful ? Strength::doubtful : Strength::plain);
        }
    return strongest;
}

// A hand or a stop sign: alone it may well mean stop; a raised hand beside words is a greeting as
// often.
bool stop_sign(std::string_view text, bool alone) {
    static constexpr std::array<UChar32, 5> signs{0x1F6D1, 0x1F6AB, 0x26D4, 0x1F515, 0x1F4F5};
    static constexpr std::array<UChar32, 4> hands{0x270B, 0x1F590, 0x1F91A, 0x270B};
    for (std::int32_t i = 0; static_cast<std::size_t>(i) < text.size();) {
        UChar32 c = 0;
        U8_NEXT_OR_FFFD(text.data(), i, static_cast<std::int32_t>(text.size()), c);
        if (std::find(signs.begin(), signs.end(), c) != signs.end() ||
            (alone && std::find(hands.begin(), hands.end(), c) != hands.end()))
            return true;
    }
    return false;
}

void add_phrases(const TomlFile& file, std::string_view key, std::vector<std::string>& into) {
    const toml::node* node = file.root().get(key);
    if (node == nullptr)
        return;
    for (const toml::node& item : file.array(*node)) {
        std::string phrase = phrase_key(file.text(item));
        if (phrase.empty())
            file.wrong(item, "expected words, found nothing but punctuation");
        if (std::find(into.begin(), into.end(), phrase) == into.end())
            into.push_back(std::move(phrase));
    }
}

}  // namespace

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
    const std::vector<Key> keys = keys_of(text);
    const std::string padded = " " + joined(keys) + " ";
    if (whole_message_stops(words, keys, padded))
        return {Kind::stop, {}};
    const bool automatic = any_of(words.automatic, padded) && !any_of(words.human, padded);
    const Strength strength = stop_phrase(words, keys, padded);
    if (strength == Strength::plain)
        return {automatic ? Kind::perhaps_stop : Kind::stop,
                {}};  // a machine that says "stop" is for the rep to judge
    if (automatic)
        return {Kind::automatic, away_until(text, received_at)};
    if (strength == Strength::doubtful || any_of(words.stop_hints, padded) ||
        stop_sign(text, keys.empty()))
        return {Kind::perhaps_stop, {}};
    return {Kind::human, {}};
}

Result<void> read_reply_words(ReplyWords& into, std::string_view toml,
                              std::string_view file_name) try {
    const TomlFile file{toml, file_name};
    file.only(file.root(), {"stop", "stop_phrases", "stop_hints", "automatic", "courtesies",
                            "negations", "human"});
    ReplyWords added = into;
    add_phrases(file, "stop", added.stop);
    add_phrases(file, "stop_phrases", added.stop_phrases);
    add_phrases(file, "stop_hints", added.stop_hints);
    add_phrases(file, "automatic", added.automatic);
    add_phrases(file, "courtesies", added.courtesies);
    add_phrases(file, "negations", added.negations);
    add_phrases(file, "human", added.human);
    into = std::move(added);
    return {};
} catch (const TomlFault& fault) {
    return fault.error;
}

}  // namespace warmcall::core
