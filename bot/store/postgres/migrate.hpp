#pragma once
// Brings the schema up to date under a lock of the database: replicas that start together take
// turns. Each step is a transaction of its own, so that none holds locks that another does not
// need. A step only adds (expand); what it replaces is taken away by a later release (contract), so
// that replicas of both can run side by side meanwhile.

#include <span>

#include "store/migration.hpp"
#include "store/postgres/connection.hpp"

namespace warmcall::store::pg {

// The first line of a step says the oldest schema whose replicas can still run beside it:
// "-- works with 3". Throws StoreUnavailable when the database is ahead of what this build can work
// with, or is another program's.
void migrate(Connection& db, std::span<const Migration> steps);

int newest(std::span<const Migration> steps);  // 0: there are none

// What migrate() refuses at the start, for a replica that runs already: another may have brought a
// step since. `ours` is the newest schema this build knows.
void check_schema(Connection& db, int ours);

}  // namespace warmcall::store::pg
