// Contacts from a CSV file: every row gets its verdict before anything is written, and what is
// written is one transaction.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/open.hpp"
#include "ports/system.hpp"
#include "support/read_file.hpp"
#include "web/import_csv.hpp"

namespace warmcall::cli {
namespace {

constexpr std::size_t rows_between_looks = 500;
constexpr std::size_t verdicts_shown_max =
    20;  // of rejected rows; all of them are in the rejects file

struct ImportOptions {
    std::filesystem::path config;
    std::filesystem::path file;
    std::filesystem::path rejects;
    std::string rep;
    std::string cadence;
    std::string language = "en";
    bool dry_run = false;
};

// "checking [#####.....] 12345 of 100000", on a terminal only.
class Progress {
 public:
    explicit Progress(std::size_t total)
        : total_{total}, shown_{::isatty(STDERR_FILENO) == 1 && total > 0} {}
    ~Progress() {
        if (shown_)
            std::fputs("\r\033[K", stderr);
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void at(const char* stage, std::size_t done) const {
        if (!shown_)
            return;
        constexpr std::size_t width = 30;
        const std::string bar(width * done / total_, '#');
        std::fprintf(stderr, "\r\033[K%s [%-30s] %zu of %zu", stage, bar.c_str(), done, total_);
        std::fflush(stderr);
    }

 private:
    std::size_t total_;
    bool shown_;
};

std::optional<web::Reject> verdict_on(const web::CsvRow& row, web::RowChecker& checker,
                                      Store* store) {
    auto verdict = checker.check(row);
    if (auto* reject = std::get_if<web::Reject>(&verdict))
        return std::move(*reject);
    if (store == nullptr)
        return std::nullopt;
    for (const core::Address& address : std::get<web::ImportRow>(verdict).add.contact.addresses)
        if (store->contact_by(address))
            return web::known_already(row.line, row.fields);
    return std::nullopt;
}

// Every row's verdict; nothing is written. Without a store nobody is known yet.
std::vector<web::Reject> rejected_of(const web::CsvTable& table, web::RowChecker& checker,
                                     Store* store) {
    std::vector<web::Reject> rejected;
    const Progress progress{table.rows.size()};
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        if (i % rows_between_looks == 0)
            progress.at("Checking", i);
        if (auto reject = verdict_on(table.rows[i], checker, store))
            rejected.push_back(std::move(*reject));
    }
    return rejected;
}

// What the import answered, with the rows as they were in the file, so that they can be corrected
// and imported again.
std::vector<web::Reject> rejected_of(const web::CsvTable& table, const json& answer) {
    std::vector<web::Reject> rejected;
    for (const json& one : answer.at("rejected")) {
        web::Reject reject{one.at("line"), one.at("reason"), {}};
        const auto row =
            std::lower_bound(table.rows.begin(), table.rows.end(), reject.line,
                             [](const web::CsvRow& r, std::size_t line) { return r.line < line; });
        if (row != table.rows.end() && row->line == reject.line)
            reject.fields = row->fields;
        rejected.push_back(std::move(reject));
    }
    return rejected;
}

void print_verdicts(const std::vector<web::Reject>& rejected) {
    for (std::size_t i = 0; i < std::min(rejected.size(), verdicts_shown_max); ++i)
        std::printf("  line %zu: %s\n", rejected[i].line, rejected[i].reason.c_str());
    if (rejected.size() > verdicts_shown_max)
        std::printf("  … and %zu more\n", rejected.size() - verdicts_shown_max);
}

bool write_rejects(const std::filesystem::path& path, const std::string& csv) {
    std::ofstream out{path, std::ios::binary | std::ios::trunc};
    out << csv;
    out.close();
    return bool{out};
}

int report(const ImportOptions& options, const web::CsvTable& table,
           std::vector<web::Reject> rejected) {
    std::sort(rejected.begin(), rejected.end(),
              [](const auto& a, const auto& b) { return a.line < b.line; });
    const std::size_t taken = table.rows.size() - rejected.size();
    std::printf("%s: %zu rows (%s): %zu %s, %zu rejected\n", options.file.c_str(),
                table.rows.size(), table.encoding.c_str(), taken,
                options.dry_run ? "would be imported" : "imported", rejected.size());
    print_verdicts(rejected);
    if (rejected.empty())
        return succeeded;
    if (!write_rejects(options.rejects, web::rejects_csv(table.header, rejected, table.separator)))
        return complain(options.rejects.string() +
                        ": the rejected rows could not be written there");
    std::printf(
        "The rejected rows are in %s, each with its reason: correct them there and import that "
        "file.\n",
        options.rejects.c_str());
    return taken == 0 ? failed : succeeded;
}

Result<web::ImportRules> rules_of(const Settings& settings, const ImportOptions& options) {
    web::ImportRules rules{
        core::RepId{options.rep}, options.cadence, settings.default_region, options.language, {}};
    if (!options.rep.empty() && !settings.plan.reps.contains(rules.rep))
        return Error{Errc::bad_input,
                     "--rep: there is no rep \"" + options.rep + "\" in the configuration"};
    if (options.rep.empty() && settings.plan.reps.size() == 1)
        rules.rep = settings.plan.reps.begin()->first;
    if (!options.cadence.empty() && !settings.plan.cadences.contains(options.cadence))
        return Error{Errc::bad_input, "--cadence: there is no cadence \"" + options.cadence +
                                          "\" in the configuration"};
    return rules;
}

int rehearse(const ImportOptions& options, Settings& settings, const web::ImportRules& rules,
             const web::CsvTable& table, const web::Columns& columns) {
    const auto desk = Desk::open(settings, Desk::Missing::is_an_error);
    if (!desk && desk.error().code != Errc::not_found)
        return complain(desk.error().message);
    web::RowChecker checker{settings.plan, rules, columns, SystemClock{}.now()};
    return report(options, table, rejected_of(table, checker, desk ? &desk->store() : nullptr));
}

// Everything in one transaction, ours or the running gateway's: nothing is half-imported when it
// fails on the way.
int import_all(const ImportOptions& options, Settings& settings, const web::ImportRules& rules,
               const web::CsvTable& table, const std::string& bytes) {
    const auto text = web::to_utf8(bytes);
    if (!text)
        return complain(text.error().message);
    const auto desk = Desk::open(settings, Desk::Missing::is_made);
    if (!desk)
        return complain(desk.error().message);
    Result<json> answer = Errc::unavailable;
    {
        const Progress progress{table.rows.size()};
        answer =
            desk->carry_out({{"do", "import"},
                             {"csv", text->text},
                             {"rep", rules.rep.value},
                             {"cadence", rules.cadence},
                             {"language", rules.language}},
                            [&](std::size_t done, std::size_t) { progress.at("Importing", done); });
    }
    if (!answer)
        return complain(answer.error().message);
    return report(options, table, rejected_of(table, *answer));
}

int run_import(const ImportOptions& given) {
    ImportOptions options = given;
    if (options.rejects.empty())
        options.rejects = options.file.string() + ".rejected.csv";
    auto settings = load_settings(options.config, Secrets::unasked);
    if (!settings)
        return complain(settings.error().message);
    const auto rules = rules_of(*settings, options);
    if (!rules)
        return complain(rules.error().message);
    const auto bytes = read_file(options.file, web::import_bytes_max);
    if (!bytes)
        return complain(bytes.error().message +
                        (bytes.error().code == Errc::bad_input ? ". Split it." : ""));
    const auto table = web::read_csv(*bytes);
    if (!table)
        return complain(options.file.string() + ": " + table.error().message);
    const auto columns = web::guess_columns(table->header.fields);
    if (!columns)
        return complain(options.file.string() + ": " + columns.error().message);

    return options.dry_run ? rehearse(options, *settings, *rules, *table, *columns)
                           : import_all(options, *settings, *rules, *table, *bytes);
}

}  // namespace

Run import(CLI::App& app) {
    const auto options = std::make_shared<ImportOptions>();
    add_config(app, options->config);
    app.add_option("FILE", options->file,
                   "A CSV file with a header: name, phone, and whatever else is known")
        ->required();
    app.add_flag("--dry-run", options->dry_run,
                 "Say what would become of each row, and write nothing");
    app.add_option("--rep", options->rep, "Who calls those whose row names nobody")
        ->type_name("ID");
    app.add_option("--cadence", options->cadence, "Enrol those whose row names no cadence")
        ->type_name("NAME");
    app.add_option("--language", options->language, "Of those whose row names none")
        ->capture_default_str();
    app.add_option("--rejects", options->rejects, "Where the rejected rows go [FILE.rejected.csv]")
        ->type_name("FILE");
    return [options] { return run_import(*options); };
}

}  // namespace warmcall::cli
