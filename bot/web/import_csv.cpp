#include "web/import_csv.hpp"

#include <unicode/unistr.h>

#include <algorithm>
#include <iterator>

#include "core/words.hpp"
#include "web/fields.hpp"
#include "web/new_contact.hpp"

namespace warmcall::web {

namespace {

// ---- encodings

bool valid_utf8(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t more = lead < 0x80                   ? 0
                                 : lead >= 0xc2 && lead < 0xe0 ? 1
                                 : lead >= 0xe0 && lead < 0xf0 ? 2
                                 : lead >= 0xf0 && lead < 0xf5 ? 3
                                                               : 9;
        if (more == 9 || i + more >= text.size() + (more == 0 ? 1 : 0))
            return false;
        for (std::size_t k = 1; k <= more; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80U)
                return false;
        const auto second = more > 0 ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
            (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
            return false;  // overlong, a surrogate, or above the last character
        i += more + 1;
    }
    return true;
}

std::optional<std::string> convert(std::string_view bytes, const char* from) {
    const icu::UnicodeString text{bytes.data(), static_cast<std::int32_t>(bytes.size()), from};
    if (text.isBogus() || text.indexOf(static_cast<char16_t>(0xfffd)) >= 0)
        return std::nullopt;
    std::string utf8;
    text.toUTF8String(utf8);
    return utf8;
}

// UTF-16 without a mark, as some spreadsheets write it: every other byte of the first line is zero.
const char* unmarked_utf16(std::string_view bytes) {
    const std::string_view start = bytes.substr(0, 64);
    std::size_t even = 0;
    std::size_t odd = 0;
    for (std::size_t i = 0; i < start.size(); ++i)
        if (start[i] == '\0')
            ++(i % 2 == 0 ? even : odd);
    if (odd > start.size() / 4 && even == 0)
        return "UTF-16LE";
    if (even > start.size() / 4 && odd == 0)
        return "UTF-16BE";
    return nullptr;
}

// ---- rows

constexpr std::size_t fields_per_row_max = 200;
constexpr std::size_t field_bytes_max = 16 * 1024;
constexpr std::size_t cells_max = 4'000'000;

// The separator that the first line uses most, outside of quotes.
char separator_of(std::string_view text) {
    std::map<char, int> seen{{',', 0}, {';', 0}, {'\t', 0}};
    bool quoted = false;
    for (const char c : text) {
        if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '\n' || c == '\r'))
            break;
        else if (!quoted && seen.contains(c))
            ++seen[c];
    }
    const auto most = std::max_element(
        seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return most->second == 0 ? ',' : most->first;
}

// "sep=;" is a first line for Excel's own eyes.
std::optional<char> separator_named(std::string_view text) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    const std::string named = core::folded(line.starts_with('"') ? line.substr(1) : line);
    if (!named.starts_with("sep=") || named.size() < 5 ||
        std::string_view{",;\t"}.find(named[4]) == std::string_view::npos ||
        (named.size() > 5 && named.substr(5) != "\""))
        return std::nullopt;
    return named[4];
}

class CsvReader {
 public:
    CsvReader(std::string_view text, char separator) : text_{text}, separator_{separator} {}

    void skip_line() {
        at_ = std::min(text_.find_first_of("\r\n"), text_.size());
        if (!at_end())
            end_of_line();
    }

    bool at_end() const { return at_ >= text_.size(); }

    Result<CsvRow> row() {
        CsvRow row;
        row.line = line_;
        while (true) {
            if (row.fields.size() == fields_per_row_max)
                return wrong(
                    row.line,
                    "there are more than 200 fields in this line. Is the separator right?");
            auto field = !at_end() && text_[at_] == '"' ? quoted() : plain();
            if (!field)
                return field.error();
            row.fields.push_back(std::move(*field));
            if (at_end())
                return row;
            if (text_[at_] == separator_) {
                ++at_;
                continue;
            }
            end_of_line();
            return row;
        }
    }

 private:
    static Error wrong(std::size_t line, std::string_view why) {
        return {Errc::bad_input, "Line " + std::to_string(line) + ": " + std::string{why}};
    }
    static Error too_long(std::size_t line) {
        return wrong(line, "a field is longer than 16,384 bytes. Is a quote missing?");
    }

    Result<std::string> plain() {
        const std::size_t begin = at_;
        while (!at_end() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r')
            ++at_;
        if (at_ - begin > field_bytes_max)
            return too_long(line_);
        return std::string{text_.substr(begin, at_ - begin)};
    }

    Result<std::string> quoted() {
        const std::size_t opened = line_;
        std::string value;
        for (++at_; !at_end(); ++at_) {
            const char c = text_[at_];
            if (c == '"') {
                if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
                    value += '"';
                    ++at_;
                    continue;
                }
                ++at_;
                if (at_end() || text_[at_] == separator_ || text_[at_] == '\n' ||
                    text_[at_] == '\r')
                    return value;
                return wrong(line_,
                             "there is text after a closing quote. Write a quote inside a field "
                             "twice (\"\").");
            }
            if (value.size() == field_bytes_max)
                return too_long(opened);
            if (c == '\n')
                ++line_;
            value += c;
        }
        return wrong(opened, "the quote opened here is never closed.");
    }

    void end_of_line() {
        if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n')
            ++at_;
        ++at_;
        ++line_;
    }

    std::string_view text_;
    char separator_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

bool blank(const CsvRow& row) {
    return std::all_of(row.fields.begin(), row.fields.end(),
                       [](const std::string& field) { return trimmed(field).empty(); });
}

// ---- cells

// A cell that Excel or LibreOffice would take for a formula.
std::string cell(std::string_view value) {
    std::string text{value};
    if (!text.empty() && std::string_view{"=+-@\t\r"}.find(text.front()) != std::string_view::npos)
        text.insert(0, "'");
    if (text.find_first_of("\",\r\n;\t") == std::string::npos)
        return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"')
            quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

// A rejects file that comes back corrected.
std::string undefused(std::string text) {
    if (text.size() > 1 && text[0] == '\'' &&
        std::string_view{"=+-@"}.find(text[1]) != std::string_view::npos)
        text.erase(0, 1);
    return text;
}

// "WhatsApp; SMS" as words, in small letters: the ways a consent covers.
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : std::string{text} + ",") {
        if (c >= 'A' && c <= 'Z') {
            word += static_cast<char>(c + 32);
        } else if (std::string_view{",;|+/ \t\r\n"}.find(c) == std::string_view::npos) {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    return words;
}

// A row's cells, by what their columns hold.
class Cells {
 public:
    Cells(const Columns& columns, const CsvRow& row) : columns_{columns}, row_{row} {}

    bool has(const char* column) const { return columns_.contains(column); }
    std::string at(const char* column) const {
        const auto found = columns_.find(column);
        if (found == columns_.end() || found->second >= row_.fields.size())
            return {};
        return undefused(trimmed(row_.fields[found->second]));
    }
    std::string or_else(const char* column, const std::string& fallback) const {
        const std::string value = at(column);
        return value.empty() ? fallback : value;
    }

 private:
    const Columns& columns_;
    const CsvRow& row_;
};

// "Name" beside "Vorname", and "Nombre" beside "Apellidos", is only the other half; a name that
// holds the half already is whole.
std::string name_in(const Cells& cells) {
    const std::string name = cells.at("name");
    const std::string first = cells.at("first_name");
    const std::string last = cells.at("last_name");
    if (name.empty())
        return trimmed(first + " " + last);
    const std::string& half = cells.has("first_name") ? first : last;
    const bool whole = (cells.has("first_name") && cells.has("last_name")) ||
                       (" " + name + " ").find(" " + half + " ") != std::string::npos;
    if (whole || half.empty())
        return name;
    return cells.has("first_name") ? first + " " + name : name + " " + last;
}

// An answer of a form ("May we write?" no) in the column that says where they agreed.
bool says_no(std::string_view source) {
    static const std::set<std::string, std::less<>> words{
        "no", "n", "nein", "non", "não", "nee", "नहीं", "لا", "false", "falsch", "faux", "0"};
    return words.contains(core::folded(source));
}

std::optional<core::Consent> consent_in(const Cells& cells, std::vector<FieldError>& errors) {
    const std::string source = cells.at("consent_source");
    const std::string at = cells.at("consent_at");
    const std::string text = cells.at("consent_text");
    const std::string covers = cells.at("consent_covers");
    if (source.empty() && at.empty() && text.empty() && covers.empty())
        return std::nullopt;
    const auto when = at.empty() ? Result<core::Timestamp>{core::Timestamp{}} : read_date(at);
    if (!when)
        errors.push_back({"consent_at", when.error().message, "consent_at_unreadable"});
    if (says_no(source))
        errors.push_back({"consent_source",
                          "says no: empty the columns of consent of whoever has not agreed",
                          "consent_source_says_no"});
    return core::Consent{source, when ? *when : core::Timestamp{}, text, words_of(covers)};
}

bool among(const std::vector<FieldError>& errors, std::string_view code) {
    return std::any_of(errors.begin(), errors.end(),
                       [&](const FieldError& error) { return error.code == code; });
}

// Of several errors, or none.
Reject rejected(const CsvRow& row, std::vector<FieldError> errors) {
    Reject reject{row.line, "", row.fields};
    for (const FieldError& error : errors) {
        std::string column = error.field;
        std::replace(column.begin(), column.end(), '.', '_');  // consent.at is the API's name
        reject.reason += (reject.reason.empty() ? "" : "; ") + column + ": " + error.detail;
    }
    reject.code = std::move(errors.front().code);
    reject.values = std::move(errors.front().values);
    errors.erase(errors.begin());
    reject.more = std::move(errors);
    return reject;
}

}  // namespace

Result<Decoded> to_utf8(std::string_view bytes) {
    const auto as = [&](std::size_t mark, const char* codec, std::string name) -> Result<Decoded> {
        auto text = convert(bytes.substr(mark), codec);
        if (!text)
            return Error{Errc::bad_input,
                         "The file says it is " + name + " and is not. Save it as \"CSV UTF-8\"."};
        return Decoded{std::move(*text), std::move(name)};
    };
    if (bytes.size() > import_bytes_max)
        return Error{Errc::bad_input, "The file is larger than 32 MiB. Split it."};
    if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("\xd0\xcf\x11\xe0"))
        return Error{
            Errc::bad_input,
            "This is a spreadsheet, not CSV. Save it as \"CSV UTF-8\" and send that file."};
    if (bytes.starts_with("\xef\xbb\xbf")) {
        if (!valid_utf8(bytes.substr(3)))
            return Error{Errc::bad_input,
                         "The file says it is UTF-8 and is not. Save it as \"CSV UTF-8\"."};
        return Decoded{std::string{bytes.substr(3)}, "UTF-8"};
    }
    if (bytes.starts_with("\xff\xfe"))
        return as(2, "UTF-16LE", "UTF-16");
    if (bytes.starts_with("\xfe\xff"))
        return as(2, "UTF-16BE", "UTF-16");
    if (const char* codec = unmarked_utf16(bytes))
        return as(0, codec, "UTF-16");
    if (valid_utf8(bytes))
        return Decoded{std::string{bytes}, "UTF-8"};
    return as(0, "windows-1252", "Windows-1252");
}

Result<CsvTable> read_csv(std::string_view bytes) {
    auto decoded = to_utf8(bytes);
    if (!decoded)
        return decoded.error();
    const std::string_view text = decoded->text;
    if (text.find('\0') != std::string_view::npos)
        return Error{Errc::bad_input,
                     "The file holds zero bytes: it is not a text. Save it as \"CSV UTF-8\"."};
    CsvTable table;
    table.encoding = decoded->encoding;
    const auto named = separator_named(text);
    table.separator = named ? *named : separator_of(text);
    CsvReader reader{text, table.separator};
    if (named)
        reader.skip_line();
    std::size_t cells = 0;
    while (!reader.at_end()) {
        auto row = reader.row();
        if (!row)
            return row.error();
        if (blank(*row))
            continue;
        if (table.header.fields.empty()) {
            table.header = std::move(*row);
            continue;
        }
        if (row->fields.size() > table.header.fields.size())  // nobody can say what they mean
            row->fields.resize(table.header.fields.size());
        cells += row->fields.size();
        if (cells > cells_max)
            return Error{Errc::bad_input,
                         "The file has more than 4,000,000 cells. Leave out the columns that "
                         "nobody needs, or split it."};
        if (table.rows.size() == import_rows_max)
            return Error{Errc::bad_input, "The file has more than 100,000 rows. Split it."};
        table.rows.push_back(std::move(*row));
    }
    if (table.header.fields.empty())
        return Error{Errc::bad_input,
                     "The file is empty. The first line names the columns: name, phone, …"};
    return table;
}

RowChecker::RowChecker(const core::Plan& plan, ImportRules rules, Columns columns,
                       core::Timestamp now)
    : plan_{plan}, rules_{std::move(rules)}, columns_{std::move(columns)}, now_{now} {}

void RowChecker::check_owner(const core::Contact& contact, std::vector<FieldError>& errors) const {
    if (!rules_.allowed.empty() && plan_.reps.contains(contact.owner) &&
        !rules_.allowed.contains(contact.owner))
        errors.push_back({"rep", "you can import for yourself and those you stand in for or lead",
                          "rep_not_yours"});
}

void RowChecker::check_cadence(const ImportRow& row, std::vector<FieldError>& errors) const {
    if (row.cadence.empty())
        return;
    if (!plan_.cadences.contains(row.cadence))
        errors.push_back({"cadence",
                          "there is no such cadence; there are: " + cadence_list(plan_),
                          "cadence_unknown",
                          {{"known", cadence_list(plan_)}}});
    else if (!row.add.contact.consent)
        errors.push_back(
            {"consent",
             "a cadence writes to nobody who has not agreed: say in the columns consent_source, "
             "consent_at and consent_text where, when (2026-11-01) and to which words they did, or "
             "import without a cadence",
             "consent_missing"});
}

// Only a good row takes its number away from those after it.
void RowChecker::check_twice(const std::string& e164, std::size_t line,
                             std::vector<FieldError>& errors) {
    if (e164.empty())
        return;
    if (const auto first = seen_.find(e164); first != seen_.end())
        errors.push_back({"phone",
                          "the same number as in line " + std::to_string(first->second),
                          "phone_twice",
                          {{"line", std::to_string(first->second)}}});
    else if (errors.empty())
        seen_.emplace(e164, line);
}

std::variant<ImportRow, Reject> RowChecker::check(const CsvRow& row) {
    const Cells cells{columns_, row};
    std::vector<FieldError> consent_errors;
    ContactWish wish;
    wish.name = name_in(cells);
    wish.phone = cells.at("phone");
    wish.rep = cells.or_else("rep", rules_.rep.value);
    wish.language = cells.or_else("language", rules_.language);
    wish.time_zone = cells.at("time_zone");
    wish.topic = cells.at("topic");
    wish.consent = consent_in(cells, consent_errors);

    // a country that nobody knows is none: a number is not read by the rules of another one
    const std::string country = cells.at("region");
    const std::string region = country.empty() ? rules_.region : region_called(country);
    MadeContact made = make_contact(plan_, wish, region, now_);
    std::vector<FieldError>& errors = made.errors;
    if (region.empty() && !country.empty() && among(errors, "phone_unreadable"))
        errors.insert(errors.begin(),
                      {"region",
                       "write the country as two letters, such as DE, or the number with its "
                       "country code",
                       "region_unknown"});
    if (among(consent_errors, "consent_at_unreadable"))  // and so it is not missing
        std::erase_if(errors, [](const FieldError& e) { return e.code == "consent_at_missing"; });
    std::move(consent_errors.begin(), consent_errors.end(), std::back_inserter(errors));

    ImportRow good{row.line, std::move(made.add), cells.or_else("cadence", rules_.cadence)};
    check_owner(good.add.contact, errors);
    check_cadence(good, errors);
    check_twice(made.e164, row.line, errors);
    if (!errors.empty())
        return rejected(row, std::move(errors));
    return good;
}

Reject known_already(std::size_t line, std::vector<std::string> fields) {
    return {line, "phone: this number is a contact already", std::move(fields), "phone_known"};
}

json to_json(const Reject& reject) {
    json one{{"line", reject.line}, {"reason", reject.reason}, {"code", reject.code}};
    if (!reject.values.empty())
        one["values"] = reject.values;
    for (const FieldError& error : reject.more) {
        json other{{"code", error.code}};
        if (!error.values.empty())
            other["values"] = error.values;
        one["more"].push_back(std::move(other));
    }
    return one;
}

std::vector<Reject> add_rows(Unit& unit, const core::Plan& plan, const std::vector<ImportRow>& rows,
                             std::string_view actor, core::Timestamp now) {
    std::vector<NewContact> contacts;
    contacts.reserve(rows.size());
    for (const ImportRow& row : rows)
        contacts.push_back(row.add);
    const std::vector<Added> added = unit.add_contacts(contacts, now);

    std::vector<Reject> rejected;
    std::vector<std::pair<core::ContactId, std::string>> wanted;
    std::vector<std::size_t> line_of;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (added[i].conflict) {
            rejected.push_back(known_already(rows[i].line, {}));
        } else if (!rows[i].cadence.empty()) {
            wanted.emplace_back(added[i].id, rows[i].cadence);
            line_of.push_back(rows[i].line);
        }
    }
    const auto refusals = enrol(unit, plan, wanted, actor, now);
    for (std::size_t i = 0; i < refusals.size(); ++i)
        if (refusals[i])
            rejected.push_back({line_of[i],
                                "added, but not enrolled: " + refusals[i]->sentence,
                                {},
                                "not_enrolled",
                                {{"why", std::string{code_of(*refusals[i])}}}});
    return rejected;
}

std::string rejects_csv(const CsvRow& header, const std::vector<Reject>& rejected, char separator) {
    std::string csv = "\xef\xbb\xbf";  // so that spreadsheets read it as UTF-8
    const auto line = [&](const std::vector<std::string>& fields, std::string_view number,
                          std::string_view reason) {
        for (std::size_t i = 0; i < header.fields.size(); ++i)
            csv += (i < fields.size() ? cell(fields[i]) : "") + separator;
        csv.append(number).append(1, separator).append(cell(reason)).append("\r\n");
    };
    line(header.fields, "line", "reason");
    for (const Reject& reject : rejected)
        line(reject.fields, std::to_string(reject.line), reject.reason);
    return csv;
}

}  // namespace warmcall::web
