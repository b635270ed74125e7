#pragma once
// The store on PostgreSQL, for any number of equal replicas: two connections for each, one that
// writes and one that reads.

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "ports/store.hpp"
#include "store/migration.hpp"

namespace warmcall {

// Whose clock a lease runs by. Clocks of replicas differ, so it is the database's, unless time is
// the test's own.
enum class LeaseTime { database, given };

namespace store {
std::span<const Migration> postgres_migrations();
}  // namespace store

struct PostgresOptions {
    LeaseTime lease_time = LeaseTime::database;
    std::span<const store::Migration> migrations = store::postgres_migrations();
    // Another replica may bring a schema that this one cannot write to: it looks before the first
    // transaction of a connection, and of those that follow at most so often.
    std::chrono::milliseconds schema_look_gap{1'000};
};

// `url` as libpq takes it. Brings the schema up to date. Throws StoreUnavailable with a sentence
// for the user: not reachable, no rights, a schema that this build cannot work with.
std::unique_ptr<Store> open_postgres(const std::string& url, const PostgresOptions& options = {});

}  // namespace warmcall
