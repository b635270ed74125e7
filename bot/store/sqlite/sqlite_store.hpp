#pragma once
// The store in one SQLite file: nothing to install, no second process. One connection does all
// writing and checkpoints, another reads what is committed; ":memory:" has one for both.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "ports/store.hpp"
#include "store/migration.hpp"

namespace warmcall {

struct SqliteOptions {
    enum class Access {
        write,
        read
    } access = Access::write;    // read: beside a running warmcall; transact() is refused
    std::int64_t pages_max = 0;  // 0: as many as the disk holds; else 2 KiB each
    std::span<const store::Migration> migrations = store::migrations();
    // A file that was copied to PostgreSQL is not written to any more, and a backup not before it
    // is put back: either way the same would be sent twice.
    bool even_if_set_aside = false;
};

namespace store {
// The setting that says where to: "<id of the copy> <address>"; empty: it was given up.
inline constexpr const char* copied_to_setting = "copied_to";
// The setting of a backup that says when it was made, in ms since 1970; empty: it was put back.
inline constexpr const char* backup_of_setting = "backup_of";
// Not empty: pages of an older warmcall's may hold bytes that nothing stands in any more.
inline constexpr const char* pages_of_old_setting = "pages_of_old";
}  // namespace store

// Throws StoreUnavailable with a sentence for the user: no such folder, another program's file, a
// newer schema, already in use.
std::unique_ptr<Store> open_sqlite(const std::string& path, const SqliteOptions& options = {});

}  // namespace warmcall
