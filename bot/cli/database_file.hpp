#pragma once
// SQLite databases as files: how a backup comes out of one that is in use, and how it is put back.

#include <filesystem>
#include <string>

#include "support/result.hpp"

namespace warmcall::cli {

// One snapshot of a warmcall database, which may be in use, with the script (SQL) run on it,
// checked and on the disk before it gets its name: whatever is called `to` is whole. Readable by
// its owner only, for it holds names and numbers. Errors: either file cannot be used, or is
// damaged.
Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to,
                           const std::string& script = "");

// On the disk when it returns.
Result<void> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace warmcall::cli
