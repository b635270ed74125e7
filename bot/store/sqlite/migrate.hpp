#pragma once
// Brings a database file up to the schema this build knows, and refuses the ones it must not touch.

#include <span>

#include "store/migration.hpp"
#include "store/sqlite/connection.hpp"

namespace warmcall::store {

// Each migration is one transaction. Throws StoreUnavailable with a sentence for a file that is not
// warmcall's, or is newer than this build.
void migrate(Connection& connection, std::span<const Migration> steps);

// Throws as migrate() does, also when the file still needs one. Changes nothing.
void check_schema(Connection& connection, std::span<const Migration> steps);

}  // namespace warmcall::store
