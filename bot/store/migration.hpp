#pragma once
// The numbered steps the schema is built by. Only added to, never changed: what a user has on disk
// was made by them.

#include <span>
#include <string_view>

namespace warmcall::store {

struct Migration {
    int number = 0;
    std::string_view name;
    std::string_view sql;
};

// store/schema/NNNN_name.sql, in order, built into the binary.
std::span<const Migration> migrations();

}  // namespace warmcall::store
