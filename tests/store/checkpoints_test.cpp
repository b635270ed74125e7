// What was committed moves out of SQLite's WAL into the database file: when, how much, and what
// happens when the disk does not keep it.

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>

#include "store/folder.hpp"
#include "store/people.hpp"
#include "store/shell.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "support/catch.hpp"

// SQLite's own call comes here, and ours: the program's symbols are before those of its libraries.
extern "C" int fdatasync(int fd);
extern "C" int sync_file_range(int fd, off_t from, off_t bytes, unsigned flags);

using namespace warmcall;
using namespace warmcall::people;

namespace {

std::atomic<const std::string*> failing_file{nullptr};
enum class Call { sync, write_out };
std::atomic<Call> failing_call{Call::sync};
std::atomic<int> failing_with{EIO};
std::atomic<int> failures{0};

// As long as it lives, this call fails on this file: with EIO, the disk did not keep what was
// written.
class Failing {
 public:
    explicit Failing(std::string path, Call call, int error = EIO) : path_{std::move(path)} {
        failures = 0;
        failing_call = call;
        failing_with = error;
        failing_file = &path_;
    }
    ~Failing() { failing_file = nullptr; }
    int seen() const { return failures; }

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

namespace {

bool fails(Call call, int fd) {
    const std::string* file = failing_file;
    if (file == nullptr || failing_call != call ||
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)) != *file)
        return false;
    ++failures;
    errno = failing_with;
    return true;
}

}  // namespace

int fdatasync(int fd) {
    return fails(Call::sync, fd) ? -1 : static_cast<int>(::syscall(SYS_fdatasync, fd));
}

int sync_file_range(int fd, off_t from, off_t bytes, unsigned flags) {
    return fails(Call::write_out, fd)
               ? -1
               : static_cast<int>(::syscall(SYS_sync_file_range, fd, from, bytes, flags));
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
TEST_CASE("where a system cannot write out ahead of a sync, the sync does it all") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    {
        const auto store = open_sqlite(path);
        const Failing failing{path, Call::write_out, ENOSYS};
        for (int i = 0; i < 100; ++i) {
            keep(*store, MiB);
            store->pause();
        }
        CHECK(failing.seen() > 0);
        store->idle();
    }
    CHECK(Shell{path}.number("SELECT count(*) FROM delivery") == 100);
}

TEST_CASE("a sync that fails behind a commit ends the writing, and a new start finds everything") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    const Call call = GENERATE(Call::sync, Call::write_out);
    int kept = 0;
    {
        const auto store = open_sqlite(path);
        const Failing failing{path, call};
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
