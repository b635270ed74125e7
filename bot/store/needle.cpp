#include "store/needle.hpp"

#include <algorithm>
#include <iterator>

#include "store/fold.hpp"

namespace warmcall::store {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// "+49 (151) 234"
bool looks_like_a_number(std::string_view text) {
    return text.find_first_not_of("0123456789 +()-./") == std::string_view::npos;
}

}  // namespace

Needle::Needle(std::string_view search) : name{fold(search)} {
    if (looks_like_a_number(search))
        std::ranges::copy_if(search, std::back_inserter(digits), is_digit);
}

}  // namespace warmcall::store
