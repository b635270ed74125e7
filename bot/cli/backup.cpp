// Copies the database while the gateway runs: SQLite's own backup, into a file of another name
// first, so that a file with the name asked for is always whole.

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "settings/settings.hpp"

namespace warmcall::cli {
namespace {

namespace fs = std::filesystem;

struct BackupOptions {
    std::filesystem::path config;
    std::filesystem::path to;
};

struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, Closer>;

Result<Database> open(const fs::path& path, int flags) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
    Database database{opened};
    if (code != SQLITE_OK)
        return Error{Errc::io, path.string() + ": " + sqlite3_errstr(code)};
    sqlite3_busy_timeout(database.get(), 5000);
    return database;
}

// In one step: that is one snapshot, while the gateway goes on writing. In several, every write of
// its would start it anew.
Result<void> copy(sqlite3* from, sqlite3* to, const fs::path& path) {
    sqlite3_backup* backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == nullptr)
        return Error{Errc::io, path.string() + ": " + sqlite3_errmsg(to)};
    const int code = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    if (code != SQLITE_DONE)
        return Error{Errc::io,
                     path.string() + ": the copy was not finished: " + sqlite3_errstr(code)};
    return {};
}

// The copy must be a database one can go on with, not only bytes.
Result<void> verify(sqlite3* database, const fs::path& path) {
    std::string verdict;
    sqlite3_exec(
        database, "PRAGMA journal_mode=DELETE; PRAGMA quick_check(1);",
        [](void* to, int, char** values, char**) {
            *static_cast<std::string*>(to) = values[0] == nullptr ? "" : values[0];
            return 0;
        },
        &verdict, nullptr);
    if (verdict != "ok")
        return Error{Errc::io, path.string() + ": the copy is damaged: " + verdict};
    return {};
}

// On the disk before it gets its name, and the name too.
Result<void> keep(const fs::path& partial, const fs::path& path) {
    const auto sync = [](const fs::path& what) {
        const int file = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
        const bool synced = file >= 0 && ::fsync(file) == 0;
        if (file >= 0)
            ::close(file);
        return synced;
    };
    std::error_code problem;
    if (!sync(partial))
        return Error{Errc::io, partial.string() + ": could not be written to the disk"};
    fs::rename(partial, path, problem);
    if (problem)
        return Error{Errc::io, path.string() + ": " + problem.message()};
    sync(path.has_parent_path() ? path.parent_path() : fs::path{"."});
    return {};
}

Result<void> make(const fs::path& from, const fs::path& partial, const fs::path& path) {
    auto source = open(
        from, SQLITE_OPEN_READWRITE);  // a reader of a WAL database needs its shared memory file
    if (!source)
        return source.error();
    sqlite3_db_config(source->get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                      nullptr);  // checkpoints are the gateway's
    auto target = open(partial, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE);
    if (!target)
        return target.error();
    if (const auto copied = copy(source->get(), target->get(), partial); !copied)
        return copied;
    if (const auto whole = verify(target->get(), partial); !whole)
        return whole;
    target->reset();
    return keep(partial, path);
}

int run_backup(const BackupOptions& options) {
    const auto settings = load_settings(options.config, Secrets::unasked);
    if (!settings)
        return complain(settings.error().message);
    if (!settings->store_url.starts_with("sqlite:"))
        return complain(
            "the store is on PostgreSQL, which has its own tools for this: pg_dump, or pg_basebackup "
            "with the WAL for any moment in time");
    const fs::path from = settings->store_url.substr(settings->store_url.find(':') + 1);
    std::error_code problem;
    if (!fs::exists(from, problem))
        return complain(from.string() + ": there is no database yet");
    if (fs::exists(options.to, problem))
        return complain(options.to.string() + ": is there already; a backup never overwrites one");
    const fs::path partial = options.to.string() + ".partial-" + std::to_string(::getpid());
    const mode_t others = ::umask(077);  // it holds names and numbers
    const auto made = make(from, partial, options.to);
    ::umask(others);
    if (!made) {
        fs::remove(partial, problem);
        fs::remove(partial.string() + "-journal", problem);
        return complain(made.error().message);
    }
    std::printf("%s: %ju bytes, checked\n", options.to.c_str(),
                static_cast<std::uintmax_t>(fs::file_size(options.to)));
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
