#pragma once
// The database file as SQLite's own, but what lies unused in a page goes to the disk as zeros.

#include <sqlite3.h>

#include <cstddef>

namespace warmcall::store {

// What such a file takes in front of SQLite's own.
constexpr std::size_t page_file_bytes = 2 * sizeof(void*);

// xOpen() of a VFS whose szOsFile has room for both.
int open_page_file(sqlite3_vfs* own, const char* name, sqlite3_file* file, int flags, int* got);

}  // namespace warmcall::store
