// Copies the database while the gateway runs: SQLite's own backup. The copy says that it is one, so
// that nobody serves from it who has not put it back (restore.cpp).

#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/database_file.hpp"
#include "ports/system.hpp"
#include "settings/settings.hpp"
#include "store/registry.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace warmcall::cli {
namespace {

namespace fs = std::filesystem;

struct BackupOptions {
    std::filesystem::path config;
    std::filesystem::path to;
};

// What left from now on may not be in the copy.
std::string mark() {
    return "INSERT OR REPLACE INTO setting (key, value) VALUES ('" +
           std::string{store::backup_of_setting} + "', '" +
           std::to_string(core::unix_ms(SystemClock{}.now())) + "')";
}

int run_backup(const BackupOptions& options) {
    const auto settings = load_settings(options.config, Secrets::unasked);
    if (!settings)
        return complain(settings.error().message);
    const fs::path from = sqlite_path(settings->store_url);
    if (from.empty())
        return complain(
            "the store is on PostgreSQL, which has its own tools for this: pg_dump, or pg_basebackup "
            "with the WAL for any moment in time");
    std::error_code problem;
    if (!fs::exists(from, problem))
        return complain(from.string() + ": there is no database yet");
    if (fs::exists(options.to, problem))
        return complain(options.to.string() + ": is there already; a backup never overwrites one");
    if (const auto made = copy_database(from, options.to, mark()); !made)
        return complain(made.error().message);
    std::printf("%s: %ju bytes, checked. To put it back: warmcall restore %s\n", options.to.c_str(),
                static_cast<std::uintmax_t>(fs::file_size(options.to)), options.to.c_str());
    return succeeded;
}

}  // namespace

Run backup(CLI::App& app) {
    const auto options = std::make_shared<BackupOptions>();
    add_config(app, options->config);
    app.add_option("FILE", options->to, "Where to; it must not be there yet")->required();
    return [options] { return run_backup(*options); };
}

}  // namespace warmcall::cli
