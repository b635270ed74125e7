#include "core/phone.hpp"

#include <unicode/regex.h>
#include <unicode/uchar.h>
#include <unicode/uloc.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_map>

#include "core/phone_table.hpp"

namespace warmcall::core {
namespace {

constexpr std::size_t longest_text = 64;    // characters somebody may type for a number
constexpr std::size_t longest_number = 15;  // digits of an E.164 number

Error wrong(std::string sentence) {
    return {Errc::bad_input, std::move(sentence)};
}

// ---- patterns of the table

// Each is compiled once per thread; a pattern is a view into the table, so its address is its name.
const icu::RegexPattern& compiled(std::string_view pattern) {
    thread_local std::unordered_map<const char*, std::unique_ptr<icu::RegexPattern>> known;
    auto& entry = known[pattern.data()];
    if (!entry) {
        UErrorCode error = U_ZERO_ERROR;
        UParseError where;
        entry.reset(icu::RegexPattern::compile(
            icu::UnicodeString::fromUTF8(
                {pattern.data(), static_cast<std::int32_t>(pattern.size())}),
            where, error));
    }
    return *entry;
}

icu::UnicodeString utf16(std::string_view s) {
    return icu::UnicodeString::fromUTF8({s.data(), static_cast<std::int32_t>(s.size())});
}

// A match of a pattern at the beginning of some digits.
class Match {
 public:
    Match(std::string_view pattern, std::string_view digits) : digits_{utf16(digits)} {
        if (pattern.empty())
            return;
        UErrorCode error = U_ZERO_ERROR;
        matcher_.reset(compiled(pattern).matcher(digits_, error));
    }
    bool whole() {
        UErrorCode error = U_ZERO_ERROR;
        return matcher_ && matcher_->matches(error);
    }
    // How many digits it takes; nothing where it does not match.
    std::optional<std::size_t> prefix() {
        UErrorCode error = U_ZERO_ERROR;
        if (!matcher_ || !matcher_->lookingAt(error))
            return std::nullopt;
        return static_cast<std::size_t>(matcher_->end(error));
    }
    std::string group(int n) const {  // empty where it took no part
        UErrorCode error = U_ZERO_ERROR;
        const icu::UnicodeString part = matcher_->group(n, error);
        std::string out;
        return U_SUCCESS(error) ? part.toUTF8String(out) : out;
    }
    std::string last_group() const {
        return matcher_->groupCount() > 0 ? group(matcher_->groupCount()) : std::string{};
    }

 private:
    icu::UnicodeString digits_;
    std::unique_ptr<icu::RegexMatcher> matcher_;
};

bool fits(std::string_view pattern, std::string_view digits) {
    return Match{pattern, digits}.whole();
}

// ---- what people type

struct Typed {
    bool plus = false;
    std::string digits;
};

bool punctuation(UChar32 c) {
    constexpr std::u32string_view signs = U"-()[]./~‐‑‒–—―−·・•*_'\u2060\u00ad";
    return u_isUWhiteSpace(c) || u_charType(c) == U_FORMAT_CHAR ||
           signs.find(static_cast<char32_t>(c)) != std::u32string_view::npos;
}

bool is_plus(UChar32 c) {
    return c == '+' || c == 0xFF0B;
}

// "tel:+61-2-5550-0000;ext=5" and "tel:5550;phone-context=+612" (RFC 3966).
Result<std::string> without_tel(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    text.remove_prefix(begin == std::string_view::npos ? text.size() : begin);
    const auto is_tel = [](std::string_view s) {
        return s.size() >= 4 && (s[0] | 0x20) == 't' && (s[1] | 0x20) == 'e' &&
               (s[2] | 0x20) == 'l' && s[3] == ':';
    };
    if (!is_tel(text))
        return std::string{text};
    text.remove_prefix(4);
    const auto semicolon = text.find(';');
    std::string number{text.substr(0, semicolon)};
    const std::string_view parameters =
        semicolon == std::string_view::npos ? std::string_view{} : text.substr(semicolon);
    if (parameters.find(";ext=") != std::string_view::npos)
        return wrong("has an extension; give the number that reaches the person directly");
    constexpr std::string_view context = ";phone-context=+";
    if (const auto at = parameters.find(context); at != std::string_view::npos) {
        const std::string_view rest = parameters.substr(at + context.size());
        number = "+" + std::string{rest.substr(0, rest.find(';'))} + number;
    }
    return number;
}

// "4,91701E+11" and "491701234567.0": what a spreadsheet makes of digits that it takes for an
// amount. Without the point the second would be somebody else's number.
std::optional<Error> taken_for_an_amount(const std::string& text) {
    if (text.find_first_of(".,eE") == std::string::npos)
        return std::nullopt;
    if (fits(R"(\s*\+?\d(?:[.,]\d+)?\s*[eE]\+?\d{1,3}\s*)", text))
        return wrong(
            "was shortened by a spreadsheet (E+) and has lost its digits: make the column text, "
            "write the number again and save");
    if (fits(R"(\s*\+?\d{7,}[.,]0{1,2}\s*)", text))
        return wrong(
            "was made a decimal number by a spreadsheet: take the zeros behind its point away");
    return std::nullopt;
}

Result<Typed> read_typed(std::string_view text) {
    const auto number = without_tel(text);
    if (!number)
        return number.error();
    if (auto amount = taken_for_an_amount(*number))
        return *amount;
    Typed typed;
    std::size_t characters = 0;
    for (std::int32_t i = 0; static_cast<std::size_t>(i) < number->size(); ++characters) {
        UChar32 c = 0;
        U8_NEXT(number->data(), i, static_cast<std::int32_t>(number->size()), c);
        if (c < 0)
            return wrong("is not UTF-8");
        if (const int digit = u_charDigitValue(c); digit >= 0)
            typed.digits += static_cast<char>('0' + digit);
        else if (is_plus(c) && typed.digits.empty() && !typed.plus)
            typed.plus = true;
        else if (is_plus(c))
            return wrong("has a + in the middle; is it two numbers?");
        else if (u_isalpha(c) || c == '#')
            return wrong("has letters or an extension in it; expected digits only");
        else if (c == ',' || c == ';' || c == '|')
            return wrong("looks like more than one number; expected one");
        else if (!punctuation(c))
            return wrong("has a sign in it that does not belong into a number");
    }
    if (typed.digits.empty())
        return wrong(characters == 0 ? "is empty" : "has no digits");
    if (characters > longest_text || typed.digits.size() > 2 * longest_number)
        return wrong("is too long: " + std::to_string(typed.digits.size()) +
                     " digits; a number has at most 15");
    return typed;
}

// ---- numbering plans

using Plans = std::span<const NumberingPlan>;

// "Australia", for sentences.
std::string country(const NumberingPlan& plan) {
    if (plan.region.empty())
        return "+" + std::string{plan.calling_code};
    const std::string locale = "und_" + std::string{plan.region};
    UErrorCode error = U_ZERO_ERROR;
    icu::UnicodeString name;
    const std::int32_t length =
        uloc_getDisplayCountry(locale.c_str(), "en", name.getBuffer(64), 64, &error);
    name.releaseBuffer(U_SUCCESS(error) ? length : 0);
    std::string utf8;
    return name.isEmpty() ? std::string{plan.region} : name.toUTF8String(utf8);
}

const NumberingPlan* plan_of(std::string_view region) {
    for (const NumberingPlan& plan : numbering_plans())
        if (plan.region == region && !region.empty())
            return &plan;
    return nullptr;
}

// The plans of the calling code the digits begin with; none: empty. No calling code begins with
// another one.
Plans plans_for(std::string_view digits) {
    const Plans all = numbering_plans();
    const auto matches = [&](const NumberingPlan& plan) {
        return digits.starts_with(plan.calling_code);
    };
    const auto first = std::find_if(all.begin(), all.end(), matches);
    const auto last = std::find_if_not(first, all.end(), matches);
    return all.subspan(static_cast<std::size_t>(first - all.begin()),
                       static_cast<std::size_t>(last - first));
}

std::string substituted(std::string_view becomes, const Match& match) {
    std::string out;
    for (std::size_t i = 0; i < becomes.size(); ++i)
        if (becomes[i] == '$' && i + 1 < becomes.size())
            out += match.group(becomes[++i] - '0');
        else
            out += becomes[i];
    return out;
}

// What is left of a national number without what is dialled before it at home; kept whole where
// only the whole fits.
std::string without_trunk(const NumberingPlan& plan, const std::string& digits) {
    Match trunk{plan.trunk, digits};
    const auto taken = trunk.prefix();
    if (!taken || *taken == 0)
        return digits;
    std::string rest = digits.substr(*taken);
    if (!plan.trunk_becomes.empty() && !trunk.last_group().empty())
        rest = substituted(plan.trunk_becomes, trunk) + rest;
    if (fits(plan.number, rest))
        return rest;
    return fits(plan.number, digits) || rest.size() < plan.lengths.front() ? digits : rest;
}

// Whose number it is, where several share a calling code; nullptr: nobody's yet.
const NumberingPlan* owner(Plans plans, const std::string& national) {
    if (plans.size() == 1)
        return &plans.front();
    for (const NumberingPlan& plan : plans) {
        const bool begins = !plan.leading.empty() && Match{plan.leading, national}.prefix();
        const bool is_kind =
            plan.leading.empty() &&
            std::any_of(plan.kinds.begin(), plan.kinds.end(),
                        [&](std::string_view kind) { return fits(kind, national); });
        if (begins || is_kind)
            return &plan;
    }
    return nullptr;
}

std::string counted(std::size_t digits) {
    return std::to_string(digits) + (digits == 1 ? " digit" : " digits");
}

// "9", "9 or 10", "8, 9 or 10"
std::string listed(std::span<const std::uint8_t> lengths) {
    std::string out;
    for (std::size_t i = 0; i < lengths.size(); ++i)
        out += (i == 0 ? "" : i + 1 == lengths.size() ? " or " : ", ") + std::to_string(lengths[i]);
    return out;
}

// Is there a number of so many digits that begins with these, or that these begin with?
bool fits_cut_or_filled(const NumberingPlan& plan, const std::string& national,
                        std::size_t length) {
    if (length <= national.size())
        return fits(plan.number, national.substr(0, length));
    for (char digit = '0'; digit <= '9'; ++digit)
        if (fits(plan.number, national + std::string(length - national.size(), digit)))
            return true;
    return false;
}

// What is wrong with a national number that does not fit its plan.
Error misfit(const NumberingPlan& plan, const std::string& national) {
    const auto lengths = plan.lengths;
    const std::size_t size = national.size();
    const std::string rest =
        " for " + country(plan) + ": " + counted(size) + ", expected " + listed(lengths);
    if (size < lengths.front())
        return wrong("too short" + rest);
    if (size > lengths.back())
        return wrong("too long" + rest);
    if (std::find(lengths.begin(), lengths.end(), size) == lengths.end())
        return wrong("wrong length" + rest);
    const std::string begins = national.substr(0, 3);
    std::vector<std::uint8_t> fitting;  // with these digits, only more or fewer of them
    for (const std::uint8_t length : lengths)
        if (fits_cut_or_filled(plan, national, length))
            fitting.push_back(length);
    const std::string of_these = " for " + country(plan) + ": " + counted(size) +
                                 "; numbers there that begin with " + begins + " have ";
    if (!fitting.empty() && fitting.front() > size)
        return wrong("too short" + of_these + "at least " + std::to_string(fitting.front()));
    if (!fitting.empty() && fitting.back() < size)
        return wrong("too long" + of_these + "at most " + std::to_string(fitting.back()));
    if (!fitting.empty())
        return wrong("wrong length" + of_these + listed(fitting));
    return wrong("not a number of " + country(plan) + ": none there begins with " + begins);
}

std::vector<std::string> zones_of(Plans plans, const NumberingPlan* whose) {
    std::vector<std::string> zones;
    for (const NumberingPlan& plan : plans)
        if (whose == nullptr || whose == &plan)
            zones.insert(zones.end(), plan.zones.begin(), plan.zones.end());
    std::sort(zones.begin(), zones.end());
    zones.erase(std::unique(zones.begin(), zones.end()), zones.end());
    return zones;
}

// The same line as others write it: providers keep digits that a reform took away or brought.
std::vector<std::string> aliases_of(std::string_view region, const std::string& national) {
    const auto digit = [&](std::size_t i) { return i < national.size() ? national[i] : ' '; };
    const auto mobile = [](char c) {
        return c >= '6' && c <= '9';
    };  // what mobile numbers began with before the 9
    if (region == "BR" && national.size() == 11 && digit(2) == '9' && mobile(digit(3)))
        return {"+55" + national.substr(0, 2) + national.substr(3)};
    if (region == "BR" && national.size() == 10 && mobile(digit(2)))
        return {"+55" + national.substr(0, 2) + "9" + national.substr(2)};
    if (region == "MX" && national.size() == 10)
        return {"+521" + national};
    if (region == "AR" && national.size() == 11 && digit(0) == '9')
        return {"+54" + national.substr(1)};
    if (region == "AR" && national.size() == 10)
        return {"+549" + national};
    return {};
}

// A national number as it is written at home, in the plan of one of the regions of its calling
// code.
Result<Phone> national(Plans plans, const NumberingPlan& home, const std::string& digits) {
    const std::string number = without_trunk(home, digits);
    const NumberingPlan* whose = owner(plans, number);
    const NumberingPlan& plan = whose == nullptr ? home : *whose;
    if (!fits(plan.number, number))
        return misfit(plan, number);
    if (plan.calling_code.size() + number.size() > longest_number)
        return wrong("too long: a number has at most 15 digits with its country code");
    const std::string region{plan.region};
    return Phone{"+" + std::string{plan.calling_code} + number, region, zones_of(plans, whose),
                 aliases_of(region, number)};
}

Result<Phone> international(const std::string& digits) {
    const Plans plans = plans_for(digits);
    if (plans.empty())
        return wrong("begins with +" + digits.substr(0, 3) + ", which is no country's code");
    return national(plans, plans.front(), digits.substr(plans.front().calling_code.size()));
}

// Without a plus: a foreign number with what is dialled before it, a number of the region, or one
// with its code and no plus.
Result<Phone> at_home(const NumberingPlan& home, const std::string& digits) {
    if (const auto idd = Match{home.idd, digits}.prefix();
        idd && *idd < digits.size() && digits[*idd] != '0')
        if (auto phone = international(digits.substr(*idd)))
            return phone;
    if (digits.starts_with("00"))
        return international(digits.substr(2));
    auto phone = national(plans_for(home.calling_code), home, digits);
    if (phone || !digits.starts_with(home.calling_code))
        return phone;
    auto with_code = international(digits);
    return with_code ? with_code : phone;
}

}  // namespace

bool known_region(std::string_view region) {
    return plan_of(region) != nullptr;
}

Result<Phone> read_phone(std::string_view text, std::string_view default_region) {
    const auto typed = read_typed(text);
    if (!typed)
        return typed.error();
    if (typed->plus)
        return international(typed->digits);
    if (const NumberingPlan* home = plan_of(default_region))
        return at_home(*home, typed->digits);
    if (typed->digits.starts_with("00"))
        return international(typed->digits.substr(2));
    if (!default_region.empty())
        return wrong("\"" + std::string{default_region} +
                     "\" is no country with phone numbers of its own; expected two capital letters "
                     "such as \"IN\"");
    return wrong(
        "begins without + and no country is known for it; write it with its country code, such as "
        "+91 …");
}

std::string part_of_number(std::string_view text) {
    std::string written{text};
    constexpr std::string_view at_home_only = "(0)";  // "+49 (0)151"
    if (const auto at = written.find(at_home_only); at != std::string::npos)
        written.erase(at, at_home_only.size());
    const auto typed = read_typed(written);
    if (!typed)
        return {};
    const auto first = typed->digits.find_first_not_of('0');
    return first == std::string::npos ? std::string{} : typed->digits.substr(first);
}

std::string masked(std::string_view e164) {
    std::string digits;
    for (const char c : e164)
        if (c >= '0' && c <= '9')
            digits += c;
    if (digits.size() < 7)
        return "•••••";
    const Plans plans = plans_for(digits);
    const std::string code =
        plans.empty() ? digits.substr(0, 1) : std::string{plans.front().calling_code};
    return "+" + code + "•••••" + digits.substr(digits.size() - 3);
}

}  // namespace warmcall::core
