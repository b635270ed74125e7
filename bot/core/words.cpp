#include "core/words.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <utility>

namespace warmcall::core {
namespace {

bool apostrophe(UChar32 c) {
    return c == '\'' || c == 0x2019 || c == 0x02BC || c == '`';
}

bool in_ascii_word(UChar32 c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Letters with what belongs to them: Devanagari vowel signs are marks.
bool in_word(UChar32 c) {
    if (c < 0x80)
        return in_ascii_word(c);
    return u_isalnum(c) || (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
}

// Joiners, zero-width spaces, direction marks, the selector after an emoji: nobody sees them.
bool invisible(UChar32 c) {
    return c >= 0x80 && u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

bool ends_thought(UChar32 c) {
    return c == '.' || c == ',' || c == '!' || c == '?' || c == ';' || c == ':' || c == '\n' ||
           c == 0x0964 || c == 0x060C || c == 0x061F || c == 0x2026;
}

UChar32 next_character(std::string_view text, std::int32_t& i) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(text.data(), i, static_cast<std::int32_t>(text.size()), c);
    return c;
}

// The byte after the {{variable}} that opens at `at`, or `at` itself.
std::size_t past_variable(std::string_view text, std::size_t at) {
    if (!text.substr(at).starts_with("{{"))
        return at;
    const auto close = text.find("}}", at);
    return close == std::string_view::npos ? at : close + 2;
}

}  // namespace

std::string folded(std::string_view text) {
    if (std::all_of(text.begin(), text.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
        std::string small{text};
        for (char& c : small)
            if (c >= 'A' && c <= 'Z')
                c = static_cast<char>(c - 'A' + 'a');
        return small;
    }
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCCasefoldInstance(error);
    std::string out;
    nfkc->normalize(
            icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())}),
            error)
        .toUTF8String(out);
    return out;
}

std::vector<Word> words_of(std::string_view text, Braces braces) {
    std::vector<Word> words;
    std::string letters;
    std::size_t begin = 0;
    std::size_t end = 0;  // of the last letter
    bool breaks = false;
    bool quoted = false;  // an apostrophe stands after the last letter
    const auto finish = [&] {
        if (!letters.empty())
            words.push_back({folded(letters), begin, end, std::exchange(breaks, false)});
        letters.clear();
        quoted = false;
    };
    for (std::int32_t i = 0; static_cast<std::size_t>(i) < text.size();) {
        const auto at = static_cast<std::size_t>(i);
        const auto past = braces == Braces::variables ? past_variable(text, at) : at;
        if (past > at) {
            finish();
            words.push_back(
                {std::string{text.substr(at, past - at)}, at, past, std::exchange(breaks, false)});
            i = static_cast<std::int32_t>(past);
            continue;
        }
        const UChar32 c = next_character(text, i);
        if (invisible(c))
            continue;
        if (in_word(c)) {
            if (letters.empty())
                begin = at;
            if (std::exchange(quoted, false))
                letters += '\'';
            while (static_cast<std::size_t>(i) < text.size() &&
                   in_ascii_word(static_cast<unsigned char>(text[static_cast<std::size_t>(i)])))
                ++i;  // plain letters, which most are, all at once
            end = static_cast<std::size_t>(i);
            letters.append(text.substr(at, end - at));
        } else if (apostrophe(c) && !letters.empty() && !quoted) {
            quoted = true;
        } else {
            finish();
            breaks = breaks || ends_thought(c);
        }
    }
    finish();
    return words;
}

}  // namespace warmcall::core
