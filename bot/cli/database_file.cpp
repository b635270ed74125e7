#include "cli/database_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "store/sqlite/connection.hpp"

namespace warmcall::cli {
namespace {

namespace fs = std::filesystem;

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

// The first value that the script gives; nothing when it fails.
std::optional<std::string> ask(sqlite3* database, const std::string& script) {
    std::optional<std::string> value;
    const int code = sqlite3_exec(
        database, script.c_str(),
        [](void* to, int, char** values, char**) {
            auto& first = *static_cast<std::optional<std::string>*>(to);
            if (!first)
                first = values[0] == nullptr ? "" : values[0];
            return 0;
        },
        &value, nullptr);
    return code == SQLITE_OK ? value.value_or("") : std::optional<std::string>{};
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
Result<void> settle(sqlite3* database, const std::string& script, const fs::path& path) {
    const auto verdict = ask(database, "PRAGMA quick_check(1)");
    if (verdict != "ok")
        return Error{Errc::io, path.string() + ": the copy is damaged: " +
                                   verdict.value_or(sqlite3_errmsg(database))};
    if (!ask(database, "PRAGMA journal_mode = DELETE") || !ask(database, script))
        return Error{Errc::io, path.string() + ": " + sqlite3_errmsg(database)};
    return {};
}

bool sync(const fs::path& what) {
    const int file = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = file >= 0 && ::fsync(file) == 0;
    if (file >= 0)
        ::close(file);
    return synced;
}

Result<void> make(const fs::path& from, const fs::path& partial, const std::string& script) {
    auto source = open(
        from, SQLITE_OPEN_READWRITE);  // a reader of a WAL database needs its shared memory file
    if (!source)
        return source.error();
    sqlite3_db_config(source->get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                      nullptr);  // checkpoints are the gateway's
    if (ask(source->get(), "PRAGMA application_id") != std::to_string(store::application_id))
        return Error{Errc::bad_input, from.string() + " is not a database of warmcall"};
    auto target = open(partial, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE);
    if (!target)
        return target.error();
    if (const auto copied = copy(source->get(), target->get(), partial); !copied)
        return copied;
    return settle(target->get(), script, partial);
}

}  // namespace

Result<void> copy_database(const fs::path& from, const fs::path& to, const std::string& script) {
    const fs::path partial = to.string() + ".partial-" + std::to_string(::getpid());
    const mode_t others = ::umask(077);
    Result<void> made = make(from, partial, script);
    ::umask(others);
    if (made)
        made = rename_durably(partial, to);
    if (!made) {
        std::error_code ignored;
        fs::remove(partial, ignored);
        fs::remove(partial.string() + "-journal", ignored);
    }
    return made;
}

Result<void> rename_durably(const fs::path& from, const fs::path& to) {
    std::error_code problem;
    if (!sync(from))
        return Error{Errc::io, from.string() + ": could not be written to the disk"};
    fs::rename(from, to, problem);
    if (problem)
        return Error{Errc::io, to.string() + ": " + problem.message()};
    sync(to.has_parent_path() ? to.parent_path() : fs::path{"."});
    return {};
}

}  // namespace warmcall::cli
