#include "store/sqlite/connection.hpp"

#include <fcntl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <new>

#include "store/sqlite/page_cache.hpp"
#include "store/sqlite/wal_file.hpp"

namespace warmcall::store {

namespace {

// SQLite's locks and its shared memory do not hold across machines: two writers there lose data
// without a word.
bool on_network(const std::string& path) {
    constexpr std::array<unsigned long, 5> network_types{
        0x6969 /* nfs */, 0x517B /* smb */, 0xFF534D42 /* cifs */, 0xFE534D42 /* smb2 */,
        0x01021997 /* 9p */};
    struct statfs info{};
    const std::string folder = std::filesystem::absolute(path).parent_path().string();
    if (::statfs(folder.c_str(), &info) != 0)
        return false;
    for (const unsigned long type : network_types) {
        if ((static_cast<unsigned long>(info.f_type) & 0xFFFFFFFFUL) == type)
            return true;
    }
    return false;
}

// Made by us before SQLite does, so that nobody else can ever read it; the -wal and -shm files take
// its mode.
void make_private(const std::string& path) {
    const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        ::close(fd);  // before the first SQLite connection of this process: closing drops its POSIX
                      // locks
}

int flags(const std::string& path, Role role) {
    if (path == ":memory:")
        return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_FULLMUTEX;
    return SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX |
           (role == Role::writer ? SQLite::OPEN_CREATE : 0);
}

// To be said before its first use. SQLite counts its memory under a lock at every allocation, and
// nobody reads that count.
void configure_sqlite() {
    static const bool said = [] {
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        use_page_cache();
        return true;
    }();
    (void)said;
}

SQLite::Database open(const std::string& path, Role role) try {
    configure_sqlite();
    if (path != ":memory:" && role == Role::writer) {
        if (on_network(path))
            throw StoreUnavailable{
                path +
                " lies on a network file system, where SQLite cannot keep it safe: put it on a local disk, or use PostgreSQL"};
        if (!std::filesystem::exists(path))
            make_private(path);
    }
    return SQLite::Database{path.c_str(), flags(path, role), 0,
                            role == Role::writer ? wal_vfs() : nullptr};
} catch (const SQLite::Exception&) {
    throw StoreUnavailable{
        "the database " + path +
        " cannot be opened: does its folder exist, and may warmcall write there?"};
}

// FULL from the first statement on: the VFS of the WAL counts on it.
constexpr const char* settings_of_both = R"sql(
    PRAGMA busy_timeout = 5000;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA mmap_size = 0;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;
)sql";

// Of a new file: an event changes a few bytes in each of a few places, so small pages write less.
constexpr const char* settings_of_a_new_file = "PRAGMA page_size = 2048;";

constexpr const char* settings_of_the_writer = R"sql(
    PRAGMA journal_mode = WAL;
    PRAGMA secure_delete = ON;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA wal_autocheckpoint = 10000;
    PRAGMA cache_size = -49152;
)sql";

constexpr const char* settings_of_a_reader = R"sql(
    PRAGMA query_only = ON;
    PRAGMA cell_size_check = ON;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA cache_size = -16384;
)sql";

}  // namespace

Connection::Connection(const std::string& path, Role role) : path_{path}, db_{open(path, role)} {
    sqlite3_extended_result_codes(handle(), 1);
    sqlite3_db_config(handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    run(settings_of_both);
    run(role == Role::writer ? settings_of_a_new_file : settings_of_a_reader);
}

void Connection::settle_to_write() {
    run(settings_of_the_writer);
}

Connection::~Connection() = default;

Query& Connection::sql(Sql statement) {
    std::unique_ptr<Query>& query = queries_[statement.text];
    if (query == nullptr)
        query = std::make_unique<Query>(*this, statement.text);
    return *query;
}

void Connection::run(const char* script) {
    const int code = sqlite3_exec(handle(), script, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        fail(code);
}

std::int64_t Connection::number(Sql statement) {
    Rows rows = sql(statement).rows();
    std::int64_t found = 0;
    if (rows.next())
        rows.read(found);
    return found;
}

void Connection::fail(int code) const {
    const std::string detail =
        sqlite3_errmsg(handle());  // names tables and constraints, never values
    const std::string number = " (SQLite error " + std::to_string(code) + ")";
    switch (code) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
            throw Conflict{"somebody else was faster: " + detail};
        case SQLITE_CONSTRAINT_TRIGGER:  // some hold what an index would
            if (detail.starts_with("UNIQUE"))
                throw Conflict{"somebody else was faster: " + detail};
            break;
        case SQLITE_IOERR_FSYNC:
        case SQLITE_IOERR_DIR_FSYNC:
            // After a failed sync the kernel may have dropped what it could not write: only a new
            // start reads what is really there.
            throw MustRestart{
                "the disk that holds " + path_ + " did not keep what was written" + number +
                ": what was confirmed is safe, but warmcall must be started again, after a look at the disk"};
        default:
            break;
    }
    switch (code & 0xFF) {
        case SQLITE_FULL:
            throw StoreUnavailable{"the disk that holds " + path_ +
                                   " is full: nothing is lost, free some space"};
        case SQLITE_IOERR:
            throw StoreUnavailable{"the disk that holds " + path_ + " gives errors" + number +
                                   ": nothing that was confirmed is lost; look at the disk"};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            throw StoreUnavailable{"another program keeps the database " + path_ +
                                   " locked: close it, nothing is lost"};
        case SQLITE_READONLY:
        case SQLITE_PERM:
            throw StoreUnavailable{
                "the database " + path_ +
                " cannot be written: is the disk read-only, or the file another user's?"};
        case SQLITE_CANTOPEN:
            throw StoreUnavailable{
                "the database " + path_ +
                " cannot be opened: does its folder exist, and may warmcall write there?"};
        case SQLITE_NOTADB:
            throw StoreUnavailable{path_ + " is not a warmcall database"};
        case SQLITE_CORRUPT:
            throw StoreUnavailable{"the database " + path_ + " is damaged" + number +
                                   ": stop warmcall and restore the last backup"};
        case SQLITE_NOMEM:
            throw std::bad_alloc{};
        case SQLITE_INTERRUPT:
            throw StoreUnavailable{"reading took too long and was given up"};
        case SQLITE_CONSTRAINT:
            throw std::logic_error{"the database refused what would break its rules: " + detail};
        default:
            throw std::runtime_error{"the database answered: " + detail + number};
    }
}

Query::Query(Connection& connection, const char* sql) : connection_{connection} {
    const int code = sqlite3_prepare_v3(connection.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        &statement_, nullptr);
    if (code != SQLITE_OK)
        connection.fail(code);
}

}  // namespace warmcall::store
