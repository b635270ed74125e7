#pragma once
// Phone numbers as WhatsApp reads them: what it makes of `to`, which wa_id it answers with, who is
// in the United States.

#include <optional>
#include <string>
#include <string_view>

namespace warmcall::sandbox {

// The digits of a number as people write it ("+61 491 570-156"); nothing when there is anything
// else in it, or not 7 to 15 digits.
std::optional<std::string> digits_of(std::string_view number);

std::string country_code(std::string_view digits);  // "61"; E.164 calling code

// Where a message really goes. Without '+', Meta puts the country code of the business number in
// front, so that a foreign number becomes a stranger's (PROVIDERS.md 2.6).
std::optional<std::string> dialled(std::string_view to, std::string_view business_digits);

// The WhatsApp id behind a dialled number: Brazil drops the ninth digit, Mexico and Argentina carry
// a prefix.
std::string wa_id_of(std::string_view digits);

bool in_united_states(
    std::string_view digits);  // +1 with a US area code; Canada and the Caribbean are not
std::string iso_country(
    std::string_view digits);  // two letters, for business-scoped ids; "ZZ" when not listed

}  // namespace warmcall::sandbox
