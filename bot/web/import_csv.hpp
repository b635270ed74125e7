#pragma once
// A file of contacts, row by row with a verdict each: read, check, and only then add, all in one
// transaction. Knows nothing of HTTP: the import over the API and `warmcall import` are the same.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/plan.hpp"
#include "ports/store.hpp"
#include "support/result.hpp"
#include "web/import_words.hpp"
#include "web/problem.hpp"

namespace warmcall::web {

inline constexpr std::size_t import_rows_max = 100'000;
inline constexpr std::size_t import_bytes_max = 32 * 1024 * 1024;

struct CsvRow {
    std::size_t line = 0;  // where it begins in the file, from 1
    std::vector<std::string> fields;
};

struct CsvTable {
    std::string encoding;  // "UTF-8", "UTF-16", "Windows-1252": as it was found
    char separator = ',';
    CsvRow header;
    std::vector<CsvRow> rows;  // without blank lines
};

// RFC 4180, with comma, semicolon or tab: found from the first line, or named by Excel's "sep=;". A
// quote that is never closed, or text after a closing quote, is an error that names the line:
// nobody can tell where the rows after it begin.
Result<CsvTable> read_csv(std::string_view bytes);

// The file's text as UTF-8: by its byte order mark, else UTF-8 where it is valid, else
// Windows-1252.
struct Decoded {
    std::string text;
    std::string encoding;
};
Result<Decoded> to_utf8(std::string_view bytes);

struct ImportRules {  // what holds where a row does not say
    core::RepId rep;
    std::string cadence;
    std::string region;  // of numbers without a country code
    std::string language = "en";
    std::set<core::RepId> allowed;  // whose contacts the caller may add; empty: anybody's
};

struct ImportRow {
    std::size_t line = 0;
    NewContact add;
    std::string cadence;  // "" : not enrolled
};

struct Reject {
    std::size_t line = 0;
    std::string reason;               // all that is wrong, in English
    std::vector<std::string> fields;  // as in the file
    std::string code{};               // of the first, for other languages: "phone_twice"
    Values values{};                  // {"line": "2"}
    std::vector<FieldError> more{};   // of the others
};
// Not in the file of the caller alone: the number is a contact of ours.
Reject known_already(std::size_t line, std::vector<std::string> fields);
json to_json(const Reject& reject);  // without the fields

// Says of each row what becomes of it. Remembers the numbers it has seen.
class RowChecker {
 public:
    RowChecker(const core::Plan& plan, ImportRules rules, Columns columns, core::Timestamp now);

    // All that is wrong with a row is said at once.
    std::variant<ImportRow, Reject> check(const CsvRow& row);

 private:
    void check_owner(const core::Contact& contact, std::vector<FieldError>& errors) const;
    void check_cadence(const ImportRow& row, std::vector<FieldError>& errors) const;
    void check_twice(const std::string& e164, std::size_t line, std::vector<FieldError>& errors);

    const core::Plan& plan_;
    ImportRules rules_;
    Columns columns_;
    core::Timestamp now_;
    std::map<std::string, std::size_t> seen_;  // E.164 -> line
};

// Adds every row and enrols those with a cadence, inside the caller's transaction. A row whose
// number turns out to be taken, or that cannot be enrolled, is left out and said so; the others
// stand.
std::vector<Reject> add_rows(Unit& unit, const core::Plan& plan, const std::vector<ImportRow>& rows,
                             std::string_view actor, core::Timestamp now);

// The rejected rows as CSV, to be corrected and imported again: the file's columns, between its own
// separators, then line and reason. Cells that a spreadsheet would run as a formula are defused.
std::string rejects_csv(const CsvRow& header, const std::vector<Reject>& rejected,
                        char separator = ',');

}  // namespace warmcall::web
