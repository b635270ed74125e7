#pragma once
// Phone numbers to E.164, from a table generated at build time out of libphonenumber's metadata.

#include <string>
#include <string_view>
#include <vector>

#include "support/result.hpp"

namespace warmcall::core {

struct Phone {
    std::string e164;    // "+61491570156"
    std::string region;  // "AU"; "" for non-geographic
    std::vector<std::string>
        zones;  // every zone the number may be in (tzdata zone.tab by region); one: certain
    std::vector<std::string>
        aliases;  // the same line written otherwise: BR with/without the 9, MX +52 1, AR +54 9
};

// Reads what people type: spaces, brackets, Arabic and Devanagari digits, "00", "tel:", a national
// number with its trunk prefix when `default_region` (ISO alpha-2) is given. The error says what is
// wrong with it.
Result<Phone> read_phone(std::string_view text, std::string_view default_region);

// Does this country (ISO alpha-2, "IN") have numbers of its own?
bool known_region(std::string_view region);

// The digits of a number, or of a part of one, as people type it: without what only leads the way
// to it ("+", "00", "0", "(0)"), so that they are found within its E.164 form. Empty when it is
// none.
std::string part_of_number(std::string_view text);

// "+61•••••156": enough to tell two apart, for logs.
std::string masked(std::string_view e164);

}  // namespace warmcall::core
