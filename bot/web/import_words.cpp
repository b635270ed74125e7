#include "web/import_words.hpp"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/phone.hpp"
#include "core/words.hpp"
#include "web/when.hpp"

namespace warmcall::web {

namespace {

// Letters and digits alone, without case and accents, so that "TÉLÉPHONE" is "telephone".
std::string squeezed(std::string_view text) {
    const std::string small = core::folded(text);
    UErrorCode error = U_ZERO_ERROR;
    const icu::UnicodeString apart = icu::Normalizer2::getNFDInstance(error)->normalize(
        icu::UnicodeString::fromUTF8(small), error);
    icu::UnicodeString bare;
    for (std::int32_t i = 0; i < apart.length();) {
        const UChar32 c = apart.char32At(i);
        i += U16_LENGTH(c);
        const bool sits_on_a_letter = u_getCombiningClass(c) != 0;
        if (!sits_on_a_letter && (u_isUAlphabetic(c) || u_isdigit(c)))
            bare.append(c);
    }
    std::string word;
    return bare.toUTF8String(word);
}

// ---- columns

const std::map<std::string, std::string_view>& column_words() {
    struct Known {
        std::string_view column;
        std::vector<std::string_view> words;
    };
    static const std::vector<Known> table{
        {"name",
         {"name", "fullname", "contact", "contactname", "customer", "customername", "client",
          "nombre", "nom", "nome", "kontakt", "ansprechpartner", "kunde", "kundenname",
          "nomcomplet", "contacto", "cliente", "nombrecompleto", "नाम"}},
        {"first_name", {"firstname", "givenname", "vorname", "prenom"}},
        {"last_name",
         {"lastname", "surname", "familyname", "nachname", "familienname", "nomdefamille",
          "apellido", "apellidos", "cognome", "sobrenome"}},
        {"phone", {"phone",           "phonenumber",
                   "mobile",          "mobilenumber",
                   "mobilephone",     "cell",
                   "cellphone",       "tel",
                   "telephone",       "number",
                   "whatsapp",        "whatsappnumber",
                   "telefono",        "telefon",
                   "movil",           "handy",
                   "phone1value",     "telefonnummer",
                   "telefonnr",       "telnr",
                   "mobil",           "mobilnummer",
                   "mobiltelefon",    "handynummer",
                   "rufnummer",       "numerodetelephone",
                   "portable",        "telephoneportable",
                   "telephonemobile", "celular",
                   "telefonomovil",   "numerodetelefono",
                   "cellulare",       "telefone",
                   "telemovel",       "फ़ोन",
                   "मोबाइल"}},
        {"rep",
         {"rep", "owner", "salesrep", "assignedto", "agent", "accountowner", "contactowner"}},
        {"language",
         {"language", "lang", "locale", "idioma", "sprache", "langue", "lingua", "भाषा"}},
        {"time_zone", {"timezone", "tz", "zone", "zonahoraria", "zeitzone", "fuseauhoraire"}},
        {"region", {"country", "countrycode", "region", "pais", "land", "pays", "paese"}},
        {"topic",
         {"topic", "lasttopic", "about", "notes", "note", "tema", "thema", "notizen", "notas"}},
        {"consent_source", {"consentsource", "consent", "optinsource", "optin"}},
        {"consent_at", {"consentat", "consentdate", "optinat", "optindate", "consentedat"}},
        {"consent_text", {"consenttext", "consentwording", "optintext", "wording"}},
        {"consent_covers",
         {"consentcovers", "consentchannels", "consentchannel", "optinchannels", "optinchannel"}},
        {"cadence", {"cadence", "sequence"}},
    };
    static const auto by_word = [] {
        std::map<std::string, std::string_view> all;
        for (const Known& known : table)
            for (const std::string_view word : known.words)
                all.emplace(squeezed(word), known.column);
        return all;
    }();
    return by_word;
}

// ---- countries

constexpr std::array country_languages{"en", "de", "fr", "es", "it", "pt", "nl", "hi", "ar"};

// What every country is called in those languages. A name that two of them have is none.
const std::map<std::string, std::string>& regions_by_name() {
    static const auto by_name = [] {
        std::map<std::string, std::string> all;
        for (const char* const* iso = icu::Locale::getISOCountries(); *iso != nullptr; ++iso) {
            if (!core::known_region(*iso))
                continue;
            for (const char* language : country_languages) {
                icu::UnicodeString name;
                icu::Locale{"", *iso}.getDisplayCountry(icu::Locale{language}, name);
                std::string utf8;
                const auto [known, fresh] =
                    all.try_emplace(squeezed(name.toUTF8String(utf8)), *iso);
                if (!fresh && known->second != *iso)
                    known->second.clear();
            }
        }
        return all;
    }();
    return by_name;
}

// ---- days

std::string_view take_digits(std::string_view& text) {
    const std::string_view digits =
        text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
    text.remove_prefix(digits.size());
    return digits;
}

// "24.12.2026 10:00" as it stands, whatever its numbers mean.
struct WrittenDay {
    std::string_view first, second, third;
    char sign = '-';
    std::string_view time;  // "" or "10:00"
};

std::optional<WrittenDay> written_day(std::string_view text) {
    WrittenDay day;
    day.first = take_digits(text);
    if (text.empty() || std::string_view{"./-"}.find(text.front()) == std::string_view::npos)
        return std::nullopt;
    day.sign = text.front();
    text.remove_prefix(1);
    day.second = take_digits(text);
    if (!text.starts_with(day.sign))
        return std::nullopt;
    text.remove_prefix(1);
    day.third = take_digits(text);
    if (!text.empty() && std::string_view{"Tt "}.find(text.front()) == std::string_view::npos)
        return std::nullopt;
    day.time = text.empty() ? text : text.substr(1);
    if (!text.empty() && day.time.empty())
        return std::nullopt;
    return day;
}

std::string two_digits(std::string_view number) {
    return (number.size() == 1 ? "0" : "") + std::string{number};
}

std::string iso_day(std::string_view year, std::string_view month, std::string_view day) {
    return std::string{year} + "-" + two_digits(month) + "-" + two_digits(day);
}

// "9:05" as RFC 3339 has it.
std::string iso_time(std::string_view time) {
    if (time.empty())
        return "00:00:00Z";
    const std::string full = (time.find(':') == 1 ? "0" : "") + std::string{time};
    return full + (full.size() == 5 ? ":00Z" : full.size() == 8 ? "Z" : "");
}

}  // namespace

Result<Columns> guess_columns(const std::vector<std::string>& header) {
    Columns columns;
    for (std::size_t i = 0; i < header.size(); ++i)
        if (const auto known = column_words().find(squeezed(header[i]));
            known != column_words().end())
            columns.try_emplace(std::string{known->second}, i);
    if (!columns.contains("phone"))
        return Error{Errc::bad_input,
                     "No column is a phone number. The first line names the columns; call one of "
                     "them \"phone\"."};
    if (!columns.contains("name") && !columns.contains("first_name"))
        return Error{
            Errc::bad_input,
            "No column is a name. The first line names the columns; call one of them \"name\"."};
    return columns;
}

std::string region_called(std::string_view text) {
    if (text.size() == 2) {
        std::string region{text};
        for (char& c : region)
            c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        return core::known_region(region) ? region : std::string{};
    }
    const auto found = regions_by_name().find(squeezed(text));
    return found == regions_by_name().end() ? std::string{} : found->second;
}

Result<core::Timestamp> read_date(std::string_view text) {
    const Error unread{Errc::bad_input, "write the day as 2026-11-01"};
    const auto day = written_day(text);
    if (!day) {
        const bool serial =
            text.size() == 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
        return serial ? Error{Errc::bad_input,
                              "is a spreadsheet's number for a day: " + unread.message}
                      : unread;
    }
    const auto at = [&](const std::string& date) {
        return read_rfc3339(date + "T" + iso_time(day->time));
    };
    if (day->first.size() == 4) {
        const auto read = at(iso_day(day->first, day->second, day->third));
        return read ? read : unread;
    }
    if (day->third.size() == 2)
        return Error{Errc::bad_input, "write the year in full: 2026-11-01"};
    const std::string day_first = iso_day(day->third, day->second, day->first);
    const std::string month_first = iso_day(day->third, day->first, day->second);
    const auto by_day = at(day_first);
    // between dots the day is first in every country (CLDR has none where it is not)
    const auto by_month = day->sign == '.' ? Result<core::Timestamp>{unread} : at(month_first);
    if (by_day && by_month && day_first != month_first)
        return Error{Errc::bad_input,
                     "may be two days: write it as " + day_first + " or as " + month_first};
    return by_day ? by_day : by_month ? by_month : unread;
}

}  // namespace warmcall::web
