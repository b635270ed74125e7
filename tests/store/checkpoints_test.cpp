// What was committed moves out of SQLite's WAL into the database file: when, how much, and what
// happens when the disk does not keep it.

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "store/folder.hpp"
#include "store/people.hpp"
#include "store/shell.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "support/catch.hpp"

// SQLite's own call comes here: the program's symbols are before those of its libraries.
extern "C" int fdatasync(int fd);

using namespace warmcall;
using namespace warmcall::people;

namespace {

std::atomic<const std::string*> failing_file{nullptr};
std::atomic<int> failed_syncs{0};

// As long as it lives, the disk does not keep what is written to this file.
class FailingSyncs {
 public:
    explicit FailingSyncs(std::string path) : path_{std::move(path)} {
        failed_syncs = 0;
        failing_file = &path_;
    }
    ~FailingSyncs() { failing_file = nullptr; }
    int seen() const { return failed_syncs; }

 private:
    std::string path_;
};

// A webhook's body, raw.
void keep(Store& store, std::size_t bytes) {
    store.transact([&](Unit& u) {
        const RawDelivery raw{{"wa"}, t0, std::string(bytes, 'x')};
        u.keep({&raw, 1});
    });
}

constexpr std::size_t KiB = 1024, MiB = 1024 * KiB;

}  // namespace

int fdatasync(int fd) {
    const std::string* failing = failing_file;
    if (failing != nullptr &&
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)) == *failing) {
        ++failed_syncs;
        errno = EIO;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

TEST_CASE(
    "a pause between two commits moves pages where there are many, and a quiet moment the rest") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    const auto store = open_sqlite(path);
    store->idle();
    const auto in_database = [&] { return std::filesystem::file_size(path); };
    const auto at_first = in_database();
    keep(*store, 64 * KiB);
    store->pause();
    CHECK(in_database() == at_first);  // a few pages are not worth moving
    keep(*store, 2 * MiB);
    store->pause();  // what is there now moves at the next step, without a sync
    keep(*store, 2 * MiB);
    store->pause();
    const auto then = in_database();
    CHECK(then > at_first + 2 * MiB);
    CHECK(then < at_first + 4 * MiB);
    keep(*store, 64 * KiB);
    store->pause();
    CHECK(in_database() == then);
    store->idle();
    CHECK(in_database() > at_first + 4 * MiB);
}

TEST_CASE("quiet moments move the WAL into the database and keep it small") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    const auto store = open_sqlite(path);
    for (int i = 0; i < 150; ++i)
        keep(*store, 64 * KiB);
    REQUIRE(std::filesystem::file_size(path + "-wal") > 8 * MiB);
    store->pause();
    REQUIRE(std::filesystem::file_size(path + "-wal") > 8 * MiB);
    store->idle();
    CHECK(std::filesystem::file_size(path + "-wal") == 0);
    CHECK(Shell{path}.number("SELECT count(*) FROM delivery") == 150);
}

TEST_CASE("a quiet moment does not wait for somebody who reads") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    const auto store = open_sqlite(path);
    for (int i = 0; i < 150; ++i)
        keep(*store, 64 * KiB);
    Shell shell{path};
    shell.run("BEGIN");
    REQUIRE(shell.number("SELECT count(*) FROM delivery") == 150);
    const auto begun = std::chrono::steady_clock::now();
    store->idle();
    CHECK(std::chrono::steady_clock::now() - begun <
          std::chrono::seconds{4});  // who waits, waits 5
    CHECK(std::filesystem::file_size(path + "-wal") > 8 * MiB);
    shell.run("COMMIT");
    store->idle();
    CHECK(std::filesystem::file_size(path + "-wal") == 0);
}

TEST_CASE("the WAL stays bounded when nobody ever pauses") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    const auto store = open_sqlite(path);
    for (int i = 0; i < 200; ++i)
        keep(*store, MiB);
    CHECK(std::filesystem::file_size(path + "-wal") <= 64'000'000U);
    CHECK(Shell{path}.number("SELECT count(*) FROM delivery") == 200);
}

// What has been moved is synced on a thread of its own, and the kernel tells an error of a sync
// only once.
TEST_CASE("a sync that fails behind a commit ends the writing, and a new start finds everything") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    int kept = 0;
    {
        const auto store = open_sqlite(path);
        const FailingSyncs failing{path};
        const auto go_on = [&] {
            while (kept < 1'000) {
                keep(*store, MiB);
                ++kept;
                store->pause();
            }
        };
        CHECK_THROWS_AS(go_on(), MustRestart);
        CHECK(failing.seen() == 1);
        CHECK_THROWS_AS(keep(*store, MiB), MustRestart);
    }
    CHECK(std::filesystem::file_size(path + "-wal") > 0);  // what is in doubt was not thrown away
    const auto store = open_sqlite(path);
    CHECK(store->counts().inbox == 0);
    CHECK(Shell{path}.number("SELECT count(*) FROM delivery") == kept);
    CHECK(Shell{path}.text("PRAGMA integrity_check") == "ok");
    keep(*store, MiB);
}
