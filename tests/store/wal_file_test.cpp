// How a commit reaches the WAL: in few large pieces, and whole.

#include <filesystem>
#include <fstream>
#include <string>

#include "store/folder.hpp"
#include "store/people.hpp"
#include "store/shell.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using namespace warmcall::people;

namespace {

constexpr std::size_t MiB = 1024UL * 1024;

void keep(Unit& u, std::size_t bytes) {
    const RawDelivery raw{{"wa"}, t0, std::string(bytes, 'x')};
    u.keep({&raw, 1});
}

// Calls of this process that write, since it began (proc(5)).
long writes() {
    std::ifstream io{"/proc/self/io"};
    std::string word;
    while (io >> word) {
        if (word == "syscw:") {
            long n = 0;
            io >> n;
            return n;
        }
    }
    return -1;
}

}  // namespace

TEST_CASE("a commit is written in few large pieces, not page by page") {
    const Folder folder;
    const auto store = open_sqlite(folder.file("warmcall.db"));
    store->transact([](Unit& u) { keep(u, MiB); });
    const long before = writes();
    REQUIRE(before > 0);
    store->transact([](Unit& u) { keep(u, MiB); });
    CHECK(writes() - before < 60);  // 512 pages, and each was two
}

TEST_CASE(
    "a transaction larger than the page cache is whole when it is committed, and nothing when it is not") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    const auto store = open_sqlite(path);
    const auto much = [](Unit& u) {
        for (int i = 0; i < 64; ++i)
            keep(u, MiB);
    };
    store->transact(much);
    CHECK_THROWS(store->transact([&](Unit& u) {
        much(u);
        throw std::runtime_error{"taken back"};
    }));
    store->transact([](Unit& u) { keep(u, 1); });
    CHECK(Shell{path}.number("SELECT count(*) FROM delivery") == 65);
    CHECK(Shell{path}.number("SELECT sum(length(body)) FROM delivery") == 64 * MiB + 1);
    CHECK(Shell{path}.text("PRAGMA integrity_check") == "ok");
}

TEST_CASE("what was taken back is not written afterwards, when the WAL may be somebody else's") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    auto store = open_sqlite(path);
    store->idle();  // the next transaction begins the WAL anew, and page 1 is not in it
    Shell shell{path};
    REQUIRE(shell.number("SELECT count(*) FROM delivery") == 0);
    CHECK_THROWS(store->transact([&](Unit& u) {
        for (int i = 0; i < 60; ++i)
            keep(u, MiB);
        throw std::runtime_error{"taken back"};
    }));
    const std::string wal = path + "-wal";
    const auto bytes = std::filesystem::file_size(wal);
    REQUIRE(bytes > MiB);
    SECTION("by the next commit") {
        store->transact([](Unit& u) { keep(u, 1); });
        CHECK(std::filesystem::file_size(wal) == bytes);
        CHECK(Shell{path}.number("SELECT count(*) FROM delivery") == 1);
    }
    SECTION("by closing") {
        const auto changed = std::filesystem::last_write_time(wal);
        store.reset();
        CHECK(std::filesystem::file_size(wal) == bytes);
        CHECK(std::filesystem::last_write_time(wal) == changed);
    }
}

TEST_CASE("who reads beside the writer sees each commit at once") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    const auto store = open_sqlite(path);
    Shell shell{path};
    for (int i = 1; i <= 20; ++i) {
        store->transact([](Unit& u) { keep(u, 5'000); });
        CHECK(shell.number("SELECT count(*) FROM delivery") == i);
    }
}
