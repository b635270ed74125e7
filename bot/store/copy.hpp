#pragma once
// Moves an installation from SQLite to PostgreSQL: every table, row by row, compared afterwards. It
// goes on where it was interrupted. From its first moment on nobody serves from the file any more,
// and nobody from the copy before it is whole: two gateways with the same outbox would send
// everything twice.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace warmcall {

struct CopyProgress {
    std::string table;
    std::int64_t rows = 0, rows_of = 0;  // of all tables; what an earlier run copied is in `rows`
    bool comparing = false;
};

struct CopyOptions {
    std::size_t rows_at_once = 20'000;  // or as many as are in 4 MiB; one transaction
    std::function<void(const CopyProgress&)> progress = [](const CopyProgress&) {};
};

struct CopiedTable {
    std::string name;
    std::int64_t rows = 0;
    std::string sum;  // of the rows' contents, in hex; the same on both sides
};

// `file` is SQLite's. Throws StoreUnavailable with a sentence for the user: the file is being
// served, the target holds other data or was copied into before, the connection broke, what was
// compared differs.
std::vector<CopiedTable> copy_store(const std::string& file, const std::string& url,
                                    const CopyOptions& options = {});

// The file may be served again. What has been copied is then not to be used any more.
void give_up_copy(const std::string& file);

}  // namespace warmcall
