#pragma once
// A text as words: case folded, with the bytes each one came from. Splits at anything that is
// neither letter, mark, digit nor an apostrophe inside a word; knows nothing of what the words
// mean.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace warmcall::core {

struct Word {
    std::string
        folded;  // NFKC and case folded, any apostrophe inside as '; a {{variable}} as it is
    std::size_t begin = 0;  // bytes in the text
    std::size_t end = 0;
    bool breaks =
        false;  // a mark of punctuation or a line's end stands between the word before and this one

    bool operator==(const Word&) const = default;
};

enum class Braces { variables, plain };  // is {{name}} one word, or has it no meaning

std::vector<Word> words_of(std::string_view text, Braces braces = Braces::variables);

// NFKC and case folding, default-ignorable characters gone.
std::string folded(std::string_view text);

}  // namespace warmcall::core
