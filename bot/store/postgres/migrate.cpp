#include "store/postgres/migrate.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace warmcall::store::pg {

namespace {

int works_with(const Migration& step) {
    constexpr std::string_view opening = "-- works with ";
    int oldest = step.number;
    if (step.sql.starts_with(opening))
        std::from_chars(step.sql.data() + opening.size(), step.sql.data() + step.sql.size(),
                        oldest);
    return oldest;
}

struct Version {
    int newest = 0;           // the last step that was taken
    int oldest_that_may = 0;  // the oldest schema whose replicas may still run
};

// Asked of the catalogue as of this statement: to_regclass() may still answer what it answered
// before the lock was had.
bool has_table(Connection& db, std::string_view name) {
    Rows rows = db.ask(
        "SELECT count(*) > 0 FROM pg_tables"
        " WHERE schemaname = ANY (current_schemas(false)) AND tablename = $1",
        name);
    bool there = false;
    if (rows.next())
        rows.read(there);
    return there;
}

bool has_steps(Connection& db) {
    return has_table(db, "schema_step");
}

// Only under the lock: else the schema that another replica brings just now would be a stranger's.
void refuse_strangers(Connection& db) {
    if (!has_steps(db) && has_table(db, "contact"))
        throw StoreUnavailable{
            "this PostgreSQL database has a table \"contact\" that is not warmcall's: give warmcall "
            "a database of its own in [store] url"};
}

Version version_of(Connection& db) {
    Version v;
    Rows rows =
        db.ask("SELECT coalesce(max(number), 0), coalesce(max(works_with), 0) FROM schema_step");
    if (rows.next())
        rows.read(v.newest, v.oldest_that_may);
    return v;
}

void check(const Version& v, int ours) {
    if (v.oldest_that_may > ours)
        throw StoreUnavailable{"the database was brought to schema " + std::to_string(v.newest) +
                               " by a newer warmcall, and this one (schema " +
                               std::to_string(ours) +
                               ") cannot work with it: install the newer version here, too"};
}

// The first that is missing, if any; gives the newest there is then. A step takes as long as it
// takes, whatever the role's statements may.
int take_next(Connection& db, std::span<const Migration> steps) {
    db.script("SET LOCAL statement_timeout = 0");
    // A number of our own, so that no other program's lock is meant.
    db.script("SELECT pg_advisory_xact_lock(6290467361812480000)");
    refuse_strangers(db);
    db.script(
        "CREATE TABLE IF NOT EXISTS schema_step (number integer PRIMARY KEY, name text NOT NULL,"
        " works_with integer NOT NULL, taken_at timestamptz NOT NULL DEFAULT now())");
    const Version v = version_of(db);
    check(v, newest(steps));
    const auto step = std::ranges::find_if(
        steps, [&](const Migration& candidate) { return candidate.number > v.newest; });
    if (step == steps.end())
        return v.newest;
    db.script(std::string{step->sql});
    db.ask("INSERT INTO schema_step (number, name, works_with) VALUES ($1, $2, $3)", step->number,
           step->name, works_with(*step));
    return step->number;
}

int take_next_alone(Connection& db, std::span<const Migration> steps) {
    db.script("BEGIN");
    try {
        const int there = take_next(db, steps);
        db.script("COMMIT");
        return there;
    } catch (...) {
        if (db.connected()) {
            try {
                db.script("ROLLBACK");
            } catch (const std::exception&) {
                db.drop();
            }
        }
        throw;
    }
}

}  // namespace

int newest(std::span<const Migration> steps) {
    return steps.empty() ? 0 : steps.back().number;
}

void check_schema(Connection& db, int ours) {
    check(version_of(db), ours);
}

void migrate(Connection& db, std::span<const Migration> steps) {
    const int ours = newest(steps);
    const Version seen = has_steps(db) ? version_of(db) : Version{};
    check(seen, ours);
    for (int there = seen.newest; there < ours;)
        there = take_next_alone(db, steps);
}

}  // namespace warmcall::store::pg
