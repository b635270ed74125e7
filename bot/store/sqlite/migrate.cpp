#include "store/sqlite/migrate.hpp"

#include <string>

namespace warmcall::store {

namespace {

int version_of(Connection& db, std::span<const Migration> steps) {
    const auto application = db.number("PRAGMA application_id");
    const auto version = static_cast<int>(db.number("PRAGMA user_version"));
    const bool empty = db.number("SELECT count(*) FROM sqlite_schema") == 0;
    if (application != application_id && !(empty && application == 0 && version == 0))
        throw StoreUnavailable{
            db.path() +
            " is a database of another program, not warmcall's: choose another path in [store] url"};
    const int newest = steps.empty() ? 0 : steps.back().number;
    if (version > newest)
        throw StoreUnavailable{
            db.path() + " was written by a newer warmcall (schema " + std::to_string(version) +
            ", this one knows " + std::to_string(newest) +
            "): install that version again, or restore the backup made before the upgrade"};
    return version;
}

void apply(Connection& db, const Migration& step) {
    db.run("BEGIN IMMEDIATE");
    try {
        db.run(std::string{step.sql}.c_str());
        db.run(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
        db.run(("PRAGMA user_version = " + std::to_string(step.number)).c_str());
        db.run("COMMIT");
    } catch (...) {
        if (sqlite3_get_autocommit(db.handle()) == 0)
            sqlite3_exec(db.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
}

}  // namespace

void migrate(Connection& db, std::span<const Migration> steps) {
    const int version = version_of(db, steps);
    for (const Migration& step : steps) {
        if (step.number > version)
            apply(db, step);
    }
}

void check_schema(Connection& db, std::span<const Migration> steps) {
    const int version = version_of(db, steps);
    if (version == 0)
        throw StoreUnavailable{db.path() + " holds no warmcall data yet: start warmcall once"};
    if (version < steps.back().number)
        throw StoreUnavailable{db.path() + " is from an older warmcall (schema " +
                               std::to_string(version) +
                               "): start warmcall once, it brings it up to date"};
}

}  // namespace warmcall::store
