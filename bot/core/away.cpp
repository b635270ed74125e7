// The day in "I'm away until …", in the languages whose months and days are listed below.

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>

#include "core/replies.hpp"
#include "core/words.hpp"

namespace warmcall::core {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr days furthest{183};
constexpr days soon{3};  // "closed on 25 December", said in November, is no absence yet

struct Token {
    enum class Kind { number, word, sign } kind = Kind::sign;
    std::string text;
    bool spaced = true;  // a blank stands before it
    int value() const { return text.size() <= 4 ? std::stoi(text) : -1; }
    bool is(std::string_view sign) const { return kind != Kind::number && text == sign; }
};

using Names = std::vector<std::string_view>;

// Without accents, in small letters. en, es, fr, de, it, pt, hi and hi in Latin letters.
const std::array<Names, 12> months{{
    {"january", "jan", "enero", "ene", "janvier", "janv", "januar", "janner", "gennaio", "gen",
     "janeiro", "जनवरी", "janvari", "janwari"},
    {"february", "feb", "febrero", "fevrier", "fevr", "februar", "febbraio", "fevereiro", "fev",
     "फरवरी", "farvari", "farwari"},
    {"march", "mar", "marzo", "mars", "marz", "maerz", "marco", "मार्च"},
    {"april", "apr", "abril", "abr", "avril", "avr", "aprile", "अप्रैल", "aprail"},
    {"may", "mayo", "mai", "maggio", "maio", "मई"},
    {"june", "jun", "junio", "juin", "juni", "giugno", "junho", "जून", "joon"},
    {"july", "jul", "julio", "juillet", "juil", "juli", "luglio", "julho", "जुलाई", "julai"},
    {"august", "aug", "agosto", "ago", "aout", "अगस्त", "agast"},
    {"september", "sept", "sep", "septiembre", "setiembre", "septembre", "settembre", "setembro",
     "set", "सितंबर", "सितम्बर", "sitambar"},
    {"october", "oct", "octubre", "octobre", "oktober", "okt", "ottobre", "outubro", "out", "अक्टूबर",
     "अक्तूबर", "aktubar", "octubar"},
    {"november", "nov", "noviembre", "novembre", "novembro", "नवंबर", "नवम्बर", "navambar",
     "november"},
    {"december", "dec", "diciembre", "dic", "decembre", "dezember", "dez", "dicembre", "dezembro",
     "दिसंबर", "दिसम्बर", "disambar"},
}};

const std::array<Names, 7> weekdays{{
    {"monday", "mon", "lunes", "lundi", "montag", "lunedi", "सोमवार", "somvar", "somwar"},
    {"tuesday", "tue", "tues", "martes", "mardi", "dienstag", "martedi", "मंगलवार", "mangalvar",
     "mangalwar"},
    {"wednesday", "wed", "miercoles", "mercredi", "mittwoch", "mercoledi", "बुधवार", "budhvar",
     "budhwar"},
    {"thursday", "thu", "thurs", "jueves", "jeudi", "donnerstag", "giovedi", "गुरुवार", "गुरूवार",
     "guruvar", "guruwar"},
    {"friday", "fri", "viernes", "vendredi", "freitag", "venerdi", "शुक्रवार", "shukravar",
     "shukrawar"},
    {"saturday", "sat", "sabado", "samedi", "samstag", "sonnabend", "sabato", "शनिवार", "shanivar",
     "shaniwar"},
    {"sunday", "sun", "domingo", "dimanche", "sonntag", "domenica", "रविवार", "इतवार", "ravivar",
     "raviwar", "itvar"},
}};

const Names until_words{"until",  "till", "til",    "through", "thru",      "to",
                        "bis",    "zum",  "hasta",  "al",      "jusquau",   "jusqua",
                        "jusque", "au",   "ate",    "fino",    "including", "tot",
                        "tm",     "до",   "sampai", "hingga",  "حتى"};
const Names until_after{"तक", "tak", "kadar"};
const Names back_words{"back",  "return", "returning", "returns",   "zuruck", "wieder",
                       "ab",    "vuelta", "regreso",   "regresare", "vuelvo", "retour",
                       "volta", "volto",  "retorno",   "rientro",   "torno",  "वापस",
                       "vapas", "wapas",  "terug",     "kembali",   "вернусь"};
const Names back_after{"से", "se", "को", "ko", "wieder"};
const Names between{"of", "de", "del", "di", "den", "the", "le", "el", "do", "da"};
const Names ordinals{"st", "nd", "rd", "th", "er", "o", "a"};

bool one_of(const Names& names, const Token& token) {
    return token.kind == Token::Kind::word &&
           std::find(names.begin(), names.end(), token.text) != names.end();
}

template <std::size_t N>
int index_in(const std::array<Names, N>& table, const Token& token) {
    for (std::size_t i = 0; i < N; ++i)
        if (one_of(table[i], token))
            return static_cast<int>(i);
    return -1;
}

bool dropped(UChar32 c) {
    return (c >= 0x0300 && c <= 0x036F) || c == 0x093C || c == '\'' || c == 0x2019;
}

std::vector<Token> tokens_of(std::string_view text) {
    UErrorCode error = U_ZERO_ERROR;
    const std::string small = folded(text);
    const auto in = icu::Normalizer2::getNFDInstance(error)->normalize(
        icu::UnicodeString::fromUTF8({small.data(), static_cast<std::int32_t>(small.size())}),
        error);
    std::vector<Token> tokens;
    bool spaced = true;
    for (std::int32_t i = 0; i < in.length(); i = in.moveIndex32(i, 1)) {
        const UChar32 c = in.char32At(i);
        if (dropped(c))
            continue;
        const bool blank = u_isUWhiteSpace(c);
        const int digit = u_charDigitValue(c);
        const bool letter = u_isalpha(c) || (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
        const auto kind = digit >= 0 ? Token::Kind::number
                          : letter   ? Token::Kind::word
                                     : Token::Kind::sign;
        if (!blank) {
            if (tokens.empty() || spaced || kind != tokens.back().kind || kind == Token::Kind::sign)
                tokens.push_back({kind, {}, spaced});
            if (digit >= 0)
                tokens.back().text += static_cast<char>('0' + digit);
            else
                icu::UnicodeString{c}.toUTF8String(tokens.back().text);
        }
        spaced = blank;
    }
    return tokens;
}

struct Found {
    sys_days day{};
    std::size_t begin = 0;  // tokens
    std::size_t end = 0;
    bool figures_only = false;  // "03/12": as well part of a phone number, or of an invoice's
};

class Reader {
 public:
    Reader(std::vector<Token> tokens, sys_days today) : tokens_{std::move(tokens)}, today_{today} {}

    std::optional<sys_days> last_day_away() const {
        const auto by_date = last_day(&Reader::date_at, Plain::counts);
        return by_date ? by_date : last_day(&Reader::weekday_at, Plain::says_nothing);
    }

 private:
    using Find = std::optional<Found> (Reader::*)(std::size_t) const;
    enum class Plain {
        counts,
        says_nothing
    };  // what a day without "until" or "back" beside it means

    // The last one named counts, and "until" before all others. What begins later than in a few
    // days is no absence now.
    std::optional<sys_days> last_day(Find find, Plain alone) const {
        std::optional<sys_days> until;
        std::optional<sys_days> back;
        std::optional<sys_days> plain;
        std::optional<sys_days> begins;
        std::size_t ended = 0;
        for (std::size_t i = 0; i < tokens_.size(); ++i)
            if (const auto found = (this->*find)(i)) {
                const bool range = alone == Plain::counts && ends_range(*found, ended);
                if (range || before(found->begin, until_words) || after(found->end, until_after)) {
                    const auto since = begun(*found, begins);
                    if (since && *since <= found->day && *since > today_ + soon)
                        return std::nullopt;
                    until = found->day;
                } else if (before(found->begin, back_words) || after(found->end, back_after)) {
                    back = found->day - days{1};
                } else if (alone == Plain::counts) {
                    begins = found->day;
                    if (!found->figures_only && found->day <= today_ + soon)
                        plain = found->day;
                }
                ended = found->end;
                i = found->end - 1;
            }
        return until ? until : back ? back : plain;
    }

    // "20 Nov - 2 Jan", "3.12.-10.12.", "5-20 November"
    bool ends_range(const Found& found, std::size_t earlier_ended) const {
        const std::size_t dash = found.begin - 1;
        return found.begin >= 2 && is_dash(dash) &&
               (earlier_ended == dash || bare_day_before(dash) > 0 ||
                index_in(months, tokens_[dash - 1]) >= 0);  // of a day that is past
    }
    bool is_dash(std::size_t i) const { return sign(i, "-") || sign(i, "–") || sign(i, "—"); }
    int bare_day_before(std::size_t dash) const {
        const std::size_t last = sign(dash - 1, ".") && dash >= 2 ? dash - 2 : dash - 1;
        return number(last) <= 31 ? number(last) : -1;
    }

    // When an absence that ends with `last` begins, where that is said.
    std::optional<sys_days> begun(const Found& last, std::optional<sys_days> named) const {
        if (named || last.begin < 2 || !is_dash(last.begin - 1))
            return named;
        const int day = bare_day_before(last.begin - 1);
        const int until = static_cast<int>(static_cast<unsigned>(year_month_day{last.day}.day()));
        return day > 0 && day <= until ? std::optional{last.day - days{until - day}} : std::nullopt;
    }

    const Token* at(std::size_t i) const { return i < tokens_.size() ? &tokens_[i] : nullptr; }
    int number(std::size_t i) const {
        return at(i) != nullptr && at(i)->kind == Token::Kind::number ? at(i)->value() : -1;
    }
    bool sign(std::size_t i, std::string_view text) const {
        return at(i) != nullptr && at(i)->is(text);
    }

    bool before(std::size_t begin, const Names& names) const {
        for (std::size_t back = 1; back <= 3 && back <= begin; ++back) {
            const Token& token = tokens_[begin - back];
            if (one_of(names, token) && (back == 1 || token.text != "to"))  // not "talk to us 24/7"
                return true;
            if (token.is(".") || token.is(";") || token.kind == Token::Kind::number)
                return false;
        }
        return false;
    }
    bool after(std::size_t end, const Names& names) const {
        if (at(end) != nullptr && at(end)->kind == Token::Kind::word && !at(end)->spaced)
            ++end;  // the suffix of a Turkish date: "3.12.'ye kadar"
        return at(end) != nullptr && one_of(names, tokens_[end]);
    }

    // The next such day from today on, not too far; a year of its own decides.
    std::optional<sys_days> next(int day, int month, int year = 0) const {
        const auto this_year = static_cast<int>(year_month_day{today_}.year());
        for (int y = year > 0 ? year : this_year; y <= (year > 0 ? year : this_year + 1); ++y) {
            const year_month_day date{std::chrono::year{y},
                                      std::chrono::month{static_cast<unsigned>(month)},
                                      std::chrono::day{static_cast<unsigned>(day)}};
            if (day > 0 && month > 0 && date.ok() && sys_days{date} >= today_ &&
                sys_days{date} <= today_ + furthest)
                return sys_days{date};
        }
        return std::nullopt;
    }

    std::optional<Found> found(std::optional<sys_days> day, std::size_t begin,
                               std::size_t end) const {
        return day ? std::optional{Found{*day, begin, end}} : std::nullopt;
    }

    std::optional<Found> in_figures(std::optional<sys_days> day, std::size_t begin,
                                    std::size_t end) const {
        auto all = found(day, begin, end);
        if (all)
            all->figures_only = true;
        return all;
    }

    std::optional<Found> date_at(std::size_t i) const {
        if (const auto iso = iso_at(i))
            return iso;
        if (const auto numeric = numeric_at(i))
            return numeric;
        if (const auto day_first = day_month_at(i))
            return day_first;
        return month_day_at(i);
    }

    std::optional<Found> iso_at(std::size_t i) const {
        if (number(i) < 2000 || !sign(i + 1, "-") || !sign(i + 3, "-"))
            return std::nullopt;
        return in_figures(next(number(i + 4), number(i + 2), number(i)), i, i + 5);
    }

    // "03/12", "3.12.", "03/12/2026", "3-12-26". Whether the day or the month comes first, the
    // sooner of the two is meant. "24/7" is no date, and "030/12" begins a phone number.
    std::optional<Found> numeric_at(std::size_t i) const {
        const int a = number(i);
        const int b = number(i + 2);
        const Token* separator = at(i + 1);
        if (a < 1 || b < 1 || a > 31 || b > 31 || separator == nullptr || separator->spaced ||
            at(i + 2)->spaced)
            return std::nullopt;
        if (at(i)->text.size() > 2 || at(i + 2)->text.size() > 2)
            return std::nullopt;
        const bool slash = separator->is("/");
        const bool dot = separator->is(".");
        const bool closed =
            at(i + 3) != nullptr && at(i + 3)->text == separator->text && !at(i + 3)->spaced;
        const bool with_year = closed && number(i + 4) > 0 && !at(i + 4)->spaced;
        if (!slash && !(dot && closed) && !(separator->is("-") && with_year))
            return std::nullopt;
        if (slash && !with_year && a == 24 && b == 7)
            return std::nullopt;
        const int written = with_year ? number(i + 4) : 0;
        const int year = written > 0 && written < 100 ? 2000 + written : written;
        const std::size_t end = with_year ? i + 5 : closed ? i + 4 : i + 3;
        auto day = next(a, b, year);
        if (const auto other = dot ? std::nullopt : next(b, a, year);
            other && (!day || *other < *day))
            day = other;
        return in_figures(day, i, end);
    }

    // The year that may follow a day and a month, and where it ends.
    std::pair<int, std::size_t> year_at(std::size_t i) const {
        const std::size_t skipped =
            sign(i, ",") || (at(i) != nullptr && one_of(between, *at(i))) ? i + 1 : i;
        const int year = number(skipped);
        return year >= 2000 && year < 2200 ? std::pair{year, skipped + 1} : std::pair{0, i};
    }

    std::size_t past_ordinal(std::size_t i) const {
        const Token* token = at(i);
        const bool ordinal =
            token != nullptr && !token->spaced && (one_of(ordinals, *token) || token->is("."));
        return ordinal ? i + 1 : i;
    }

    std::optional<Found> day_month_at(std::size_t i) const {
        if (number(i) < 1 || number(i) > 31)
            return std::nullopt;
        std::size_t m = past_ordinal(i + 1);
        if (at(m) != nullptr && (one_of(between, *at(m)) || at(m)->is("-")))
            ++m;
        const int month = at(m) == nullptr ? -1 : index_in(months, *at(m));
        if (month < 0)
            return std::nullopt;
        const auto [year, end] = year_at(sign(m + 1, ".") ? m + 2 : m + 1);
        return found(next(number(i), month + 1, year), i, year > 0 ? end : m + 1);
    }

    std::optional<Found> month_day_at(std::size_t i) const {
        const int month = index_in(months, tokens_[i]);
        if (month < 0)
            return std::nullopt;
        std::size_t d = sign(i + 1, ".") ? i + 2 : i + 1;
        if (at(d) != nullptr && one_of(between, *at(d)))
            ++d;
        if (number(d) < 1 || number(d) > 31)
            return std::nullopt;
        const std::size_t past = past_ordinal(d + 1);
        const auto [year, end] = year_at(past);
        return found(next(number(d), month + 1, year), i, year > 0 ? end : past);
    }

    std::optional<Found> weekday_at(std::size_t i) const {
        const int wanted = index_in(weekdays, tokens_[i]);
        if (wanted < 0)
            return std::nullopt;
        const auto now = static_cast<int>(std::chrono::weekday{today_}.iso_encoding()) - 1;
        const int ahead = (wanted - now + 7) % 7;
        return found(today_ + days{ahead == 0 ? 7 : ahead}, i, i + 1);
    }

    std::vector<Token> tokens_;
    sys_days today_;
};

}  // namespace

std::optional<year_month_day> away_until(std::string_view text, Timestamp received_at) {
    const auto today = std::chrono::floor<days>(received_at);
    const auto day = Reader{tokens_of(text), today}.last_day_away();
    if (!day || *day < today)
        return std::nullopt;
    return year_month_day{*day};
}

}  // namespace warmcall::core
