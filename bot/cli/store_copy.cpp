// Moves an installation from SQLite to PostgreSQL, and says how far it is and what was compared.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/control.hpp"
#include "store/copy.hpp"
#include "store/registry.hpp"

namespace warmcall::cli {
namespace {

struct CopyOptions {
    std::string from, to;
    bool give_up = false;
};

std::string with_commas(std::int64_t n) {
    std::string text = std::to_string(n);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), ",");
    return text;
}

// A line twice a second on a terminal, over itself; else one every five seconds.
class CopyProgressLine {
 public:
    void show(const CopyProgress& p) {
        const auto now = Clock::now();
        if (p.comparing != comparing_ || first_rows_ < 0) {
            comparing_ = p.comparing;
            first_rows_ = p.rows;
            begun_ = now;
        } else if (now - shown_ <
                   (terminal_ ? std::chrono::milliseconds{500} : std::chrono::milliseconds{5000})) {
            return;
        }
        shown_ = now;
        const double seconds = std::chrono::duration<double>(now - begun_).count();
        const double rate = seconds > 0 ? static_cast<double>(p.rows - first_rows_) / seconds : 0;
        std::string line = std::string{comparing_ ? "comparing " : "copying "} + p.table + ": " +
                           with_commas(p.rows) + " of " + with_commas(p.rows_of) + " rows";
        if (rate > 0)
            line += ", " + with_commas(static_cast<std::int64_t>(rate)) + " rows/s, " +
                    std::to_string(
                        static_cast<std::int64_t>(static_cast<double>(p.rows_of - p.rows) / rate)) +
                    " s left";
        std::fprintf(stderr, terminal_ ? "\r%-78s" : "%s\n", line.c_str());
    }
    void end() const {
        if (terminal_ && first_rows_ >= 0)
            std::fputc('\n', stderr);
    }

 private:
    using Clock = std::chrono::steady_clock;
    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    bool comparing_ = false;
    std::int64_t first_rows_ = -1;
    Clock::time_point begun_, shown_;
};

// "env:NAME" keeps a password out of the list of processes.
std::string address(const std::string& given) {
    constexpr std::string_view reference = "env:";
    if (!given.starts_with(reference))
        return given;
    const char* value = std::getenv(given.substr(reference.size()).c_str());
    return value == nullptr ? "" : value;
}

bool is_postgres(const std::string& url) {
    return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

int copy(const std::string& file, const std::string& to) {
    CopyProgressLine line;
    const auto tables =
        copy_store(file, to, {.progress = [&line](const CopyProgress& p) { line.show(p); }});
    line.end();
    std::int64_t rows = 0;
    std::printf("%-18s %14s  %s\n", "table", "rows", "sum of the contents, the same on both sides");
    for (const CopiedTable& table : tables) {
        std::printf("%-18s %14s  %s\n", table.name.c_str(), with_commas(table.rows).c_str(),
                    table.sum.c_str());
        rows += table.rows;
    }
    std::printf(
        "%s rows in %zu tables were copied and compared.\n"
        "Now let [store] url name %s, and start warmcall. The file is left as it is, and is not "
        "served any more.\n",
        with_commas(rows).c_str(), tables.size(), store_name(to).c_str());
    return succeeded;
}

int run_copy(const CopyOptions& options) {
    const std::string from = address(options.from), to = address(options.to);
    const std::string file = sqlite_path(from);
    std::error_code problem;
    if (file.empty() || file == ":memory:")
        return complain("--from must be \"sqlite:PATH\"");
    if (!std::filesystem::exists(file, problem))
        return complain(file + ": there is no database");
    if (gateway_runs(control_path(from)))
        return complain(file + " is being served: stop that warmcall first");
    if (options.give_up) {
        give_up_copy(file);
        std::printf(
            "%s may be served again. Whatever was copied must not be used any more: drop it.\n",
            file.c_str());
        return succeeded;
    }
    if (!is_postgres(to))
        return complain("--to must be \"postgresql://…\", or env:NAME with that in it");
    return copy(file, to);
}

}  // namespace

Run store(CLI::App& app) {
    const auto options = std::make_shared<CopyOptions>();
    CLI::App* sub = app.add_subcommand(
        "copy",
        "Copies everything from SQLite to an empty PostgreSQL database, and compares it.\n"
        "Stop the gateway first. Interrupted, it goes on where it stopped: give the same command "
        "again. From its beginning on the file is not served any more, and the copy not before it "
        "is whole, so that nothing is sent twice.");
    sub->add_option("--from", options->from, "The database that there is: sqlite:PATH")->required();
    CLI::Option* to = sub->add_option(
        "--to", options->to,
        "Where to: postgresql://USER@HOST/DATABASE, or env:NAME of a variable that says so");
    sub->add_flag("--give-up", options->give_up,
                  "Instead: lets the file be served again; the copy must not be used then")
        ->excludes(to);
    app.require_subcommand(1);
    return [options] { return run_copy(*options); };
}

}  // namespace warmcall::cli
