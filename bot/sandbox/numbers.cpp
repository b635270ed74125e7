#include "sandbox/numbers.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace warmcall::sandbox {

namespace {

constexpr std::array<std::string_view, 44> two_digit_codes{
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
    "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
    "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"};

// Area codes of +1 that are not the United States: Canada, the Caribbean, Bermuda.
constexpr std::array<std::string_view, 79> foreign_area_codes{
    "204", "226", "236", "249", "250", "257", "263", "289", "306", "343", "354", "365",
    "367", "368", "382", "387", "403", "416", "418", "428", "431", "437", "438", "450",
    "460", "468", "474", "506", "514", "519", "537", "548", "579", "581", "584", "587",
    "604", "613", "639", "647", "672", "683", "705", "709", "742", "753", "778", "780",
    "782", "807", "819", "825", "867", "873", "879", "902", "905", "942",  // Canada
    "242", "246", "264", "268", "284", "345", "441", "473", "649", "658", "664", "721",
    "758", "767", "784", "809", "829", "849", "868", "869", "876"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 30> countries{{
    {"20", "EG"}, {"27", "ZA"}, {"31", "NL"},  {"33", "FR"},  {"34", "ES"},  {"39", "IT"},
    {"41", "CH"}, {"43", "AT"}, {"44", "GB"},  {"46", "SE"},  {"47", "NO"},  {"48", "PL"},
    {"49", "DE"}, {"52", "MX"}, {"54", "AR"},  {"55", "BR"},  {"60", "MY"},  {"61", "AU"},
    {"62", "ID"}, {"63", "PH"}, {"64", "NZ"},  {"65", "SG"},  {"7", "RU"},   {"81", "JP"},
    {"90", "TR"}, {"91", "IN"}, {"234", "NG"}, {"254", "KE"}, {"966", "SA"}, {"971", "AE"},
}};

}  // namespace

std::optional<std::string> digits_of(std::string_view number) {
    if (number.starts_with('+'))
        number.remove_prefix(1);
    std::string digits;
    for (const char c : number) {
        if (c >= '0' && c <= '9')
            digits += c;
        else if (c != ' ' && c != '-' && c != '(' && c != ')' && c != '.')
            return std::nullopt;
    }
    if (digits.size() < 7 || digits.size() > 15)
        return std::nullopt;
    return digits;
}

std::string country_code(std::string_view digits) {
    if (digits.starts_with('1') || digits.starts_with('7'))
        return std::string{digits.substr(0, 1)};
    const std::string_view two = digits.substr(0, 2);
    if (std::ranges::find(two_digit_codes, two) != two_digit_codes.end())
        return std::string{two};
    return std::string{digits.substr(0, 3)};
}

std::optional<std::string> dialled(std::string_view to, std::string_view business_digits) {
    const auto digits = digits_of(to);
    if (!digits || to.starts_with('+'))
        return digits;
    return digits_of(country_code(business_digits) + *digits);
}

std::string wa_id_of(std::string_view digits) {
    const std::string own{digits};
    if (digits.starts_with("55") && digits.size() == 13 && digits[4] == '9' &&
        digits.substr(2, 2) >= "31")
        return own.substr(0, 4) + own.substr(5);
    if (digits.starts_with("52") && digits.size() == 12)
        return "521" + own.substr(2);
    if (digits.starts_with("54") && digits.size() == 12 && digits[2] != '9')
        return "549" + own.substr(2);
    return own;
}

bool in_united_states(std::string_view digits) {
    if (!digits.starts_with('1') || digits.size() != 11)
        return false;
    return std::ranges::find(foreign_area_codes, digits.substr(1, 3)) == foreign_area_codes.end();
}

std::string iso_country(std::string_view digits) {
    if (digits.starts_with('1'))
        return in_united_states(digits) ? "US" : "CA";
    const std::string code = country_code(digits);
    const auto found =
        std::ranges::find(countries, code, &std::pair<std::string_view, std::string_view>::first);
    return found == countries.end() ? "ZZ" : std::string{found->second};
}

}  // namespace warmcall::sandbox
