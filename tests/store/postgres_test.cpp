// What is PostgreSQL's own: several replicas on one database, connections that break, the schema
// under two releases.

#include <libpq-fe.h>

#include <future>

#include "store/cluster.hpp"
#include "store/people.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/postgres/text.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using namespace warmcall::people;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

// A database of this test's own.
struct Database {
    std::string name;
    std::string url;

    explicit Database(std::string called) : name{std::move(called)} {
        Cluster::shared().ask("postgres", "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        url = Cluster::shared().create(name);
    }
    std::unique_ptr<Store> replica() const {
        return open_postgres(url, {.lease_time = LeaseTime::given});
    }
    std::string ask(const std::string& sql) const { return Cluster::shared().ask(name, sql); }
    // Ends every session of warmcall's, as an operator or a failing network does.
    void cut() const {
        Cluster::shared().ask("postgres",
                              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                              " WHERE application_name = 'warmcall'");
    }
};

// A session by other hands that stays open.
struct Psql {
    std::unique_ptr<PGconn, decltype(&PQfinish)> session;

    explicit Psql(const Database& db) : session{PQconnectdb(db.url.c_str()), &PQfinish} {}
    void run(const char* sql) const { PQclear(PQexec(session.get(), sql)); }
};

std::vector<store::Migration> todays_steps() {
    const auto steps = store::postgres_migrations();
    return {steps.begin(), steps.end()};
}

std::string refusal_to_open(const std::string& url, const PostgresOptions& options = {}) {
    try {
        open_postgres(url, options);
    } catch (const StoreUnavailable& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("what one replica is at, another steps over") {
    const Database db{"stepped_over"};
    const auto here = db.replica(), there = db.replica();
    const core::ContactId a = enrolled(*here), b = enrolled(*here, plain("Ben", "+4915112345678"));
    here->transact([&](Unit& mine) {
        CHECK(mine.due(after(1h), 1) == std::vector{a});
        there->transact([&](Unit& theirs) { CHECK(theirs.due(after(1h), 10) == std::vector{b}); });
    });
    here->transact([&](Unit& mine) { CHECK(mine.due(after(1h), 10).size() == 2); });
}

TEST_CASE("a message is due on one replica at a time") {
    const Database db{"one_at_a_time"};
    const auto here = db.replica(), there = db.replica();
    with_message(*here);
    here->transact([&](Unit& mine) {
        const Room rooms[] = {{{"wa"}, 10}};
        CHECK(mine.due_messages(t0, rooms).size() == 1);
        there->transact([&](Unit& theirs) { CHECK(theirs.due_messages(t0, rooms).empty()); });
    });
}

TEST_CASE("the feed stops before a line that may still be on its way, and misses none") {
    const Database db{"feed"};
    const auto here = db.replica(), there = db.replica();
    const core::ContactId a = add(*here, amara()), b = add(*here, plain("Ben", "+491"));
    here->transact([&](Unit& slow) {
        const Case seen = load(slow, a);
        save(slow, seen, seen, {core::Noted{"first", ""}});
        (void)slow.setting("x");  // its lines have their numbers now, and are not committed
        change(*there, b, [](Case&) {}, {core::Noted{"second", ""}});
        CHECK(there->feed(0, 10).empty());
        CHECK(there->feed_end() == 0);
    });
    const auto lines = there->feed(0, 10);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].what == "first");
    CHECK(lines[1].what == "second");
}

TEST_CASE("a transaction whose connection is cut before the commit is done again, once") {
    const Database db{"cut"};
    const auto store = db.replica();
    const core::ContactId id = add(*store, amara());
    int times = 0;
    store->transact([&](Unit& u) {
        const Case seen = load(u, id);
        if (++times == 1)
            db.cut();
        save(u, seen, seen, {core::Noted{"noted", ""}});
    });
    CHECK(times == 2);
    CHECK(store->timeline(id, 0, 10).size() == 1);
}

TEST_CASE("reading goes on over a connection that was cut meanwhile") {
    const Database db{"cut_reading"};
    const auto store = db.replica();
    const core::ContactId id = add(*store, amara());
    CHECK(store->contact(id));
    db.cut();
    CHECK(store->contact(id));
}

TEST_CASE("of two replicas that change one person, the second decides on what the first left") {
    const Database db{"take_turns"};
    const auto here = db.replica(), there = db.replica();
    const core::ContactId id = enrolled(*here);
    const Case seen = *there->contact(id);
    change(*here, id, [](Case& c) { c.outreach->attempt = 1; });
    Case next = seen;
    next.outreach->attempt = 5;
    CHECK_THROWS_AS(there->transact([&](Unit& u) { save(u, seen, next); }), Conflict);
    CHECK(change(*there, id, [](Case& c) { ++c.outreach->attempt; }).outreach->attempt == 2);
}

TEST_CASE("a lock that another session keeps means come again, not that somebody was faster") {
    const Database db{"locked_out"};
    const auto store = db.replica();
    const core::ContactId id = add(*store, amara());
    db.ask(
        "CREATE FUNCTION hurry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM set_config('lock_timeout', '20ms', true); RETURN NEW; END $$");
    db.ask("CREATE TRIGGER hurry BEFORE INSERT ON setting FOR EACH ROW EXECUTE FUNCTION hurry()");
    int times = 0;
    const auto note = [&] {
        store->transact([&](Unit& u) {
            ++times;
            u.set_setting("asked", "yes");
            const Case seen = load(u, id);
            save(u, seen, seen, {core::Noted{"noted", ""}});
        });
    };
    const Psql other{db};
    for (const char* lock : {"BEGIN; SELECT 1 FROM contact FOR UPDATE",
                             "BEGIN; LOCK TABLE event_log IN ACCESS EXCLUSIVE MODE"}) {
        other.run(lock);
        times = 0;
        CHECK_THROWS_AS(note(), StoreUnavailable);
        CHECK(times == 1);
        other.run("ROLLBACK");
        CHECK(db.ask("SELECT count(*) FROM setting WHERE key = 'asked'") == "0");
    }
    note();
    CHECK(store->timeline(id, 0, 10).size() == 1);
}

TEST_CASE(
    "tables that are not as they should be keep webhooks coming, and are no fault of theirs") {
    const Database db{"tables_gone"};
    const auto store = db.replica();
    const auto write = [&] {
        store->transact([](Unit& u) {
            const RawDelivery raw{{"wa"}, t0, "{}"};
            u.keep({&raw, 1});
        });
    };
    db.ask("ALTER TABLE delivery RENAME TO elsewhere");
    CHECK_THROWS_AS(write(), StoreUnavailable);
    db.ask("ALTER TABLE elsewhere RENAME TO delivery");
    db.ask("ALTER TABLE delivery RENAME body TO words");
    CHECK_THROWS_AS(write(), StoreUnavailable);
    db.ask("ALTER TABLE delivery RENAME words TO body");
    write();
    CHECK(db.ask("SELECT count(*) FROM delivery") == "1");
}

TEST_CASE("a replica that stops in the middle of a read does not keep its session") {
    const Database db{"stopped_reading"};
    const auto store = db.replica();
    store->transact([](Unit& u) {
        u.note_template(
            {"how_are_you", "en", core::TemplateStatus::approved, "UTILITY", "", "", t0});
    });
    db.ask("ALTER TABLE template_state RENAME TO noted");
    db.ask(
        "CREATE VIEW template_state AS SELECT provider_name, language, status, category, quality,"
        " current_setting('idle_in_transaction_session_timeout') AS reason, at FROM noted");
    CHECK(store->templates().at(0).reason == "5s");
}

TEST_CASE("a lease runs by the database's clock, whatever a replica's own says") {
    const Database db{"leases"};
    const auto store = open_postgres(db.url);
    const core::MessageId message = store->contact(with_message(*store))->messages.at(0).id;
    claim(*store, message, token(1), t0, 1h);  // t0 is nowhere near now
    store->transact([&](Unit& u) { CHECK(u.lapsed(after(1000h), 10).empty()); });
    db.ask("UPDATE outbox SET lease_until = 1");
    store->transact([&](Unit& u) { CHECK(u.lapsed(t0, 10).size() == 1); });
}

TEST_CASE("two replicas that start together agree on what one of them made up") {
    const Database db{"agree"};
    const auto here = db.replica(), there = db.replica();
    const auto key = [](Store& store, const char* mine) {
        std::string value;
        store.transact([&](Unit& u) {
            value = u.setting("key");
            if (value.empty()) {
                value = mine;
                u.set_setting("key", value);
            }
        });
        return value;
    };
    CHECK(key(*here, "a") == "a");
    CHECK(key(*there, "b") == "a");
}

TEST_CASE("a replica of the release before runs beside a newer schema, unless it would do harm") {
    const Database db{"two_releases"};
    std::vector<store::Migration> next = todays_steps();
    next.push_back({1000, "expand", "-- works with 1\nCREATE TABLE added (x integer);"});
    open_postgres(db.url, {.migrations = next});
    CHECK(refusal_to_open(db.url).empty());
    next.push_back({1001, "contract", "-- works with 1000\nDROP TABLE added;"});
    open_postgres(db.url, {.migrations = next});
    CHECK(refusal_to_open(db.url).find("newer warmcall") != std::string::npos);
}

TEST_CASE("a replica that runs writes nothing more once another brought what it cannot work with") {
    const Database db{"brought_meanwhile"};
    const auto store = open_postgres(db.url, {.schema_look_gap = 0s});
    std::vector<store::Migration> next = todays_steps();
    next.push_back({1000, "expand", "-- works with 1\nSELECT 1;"});
    open_postgres(db.url, {.migrations = next});
    add(*store, amara());
    next.push_back({1001, "contract", "-- works with 1000\nSELECT 1;"});
    open_postgres(db.url, {.migrations = next});
    for (int tries = 0; tries < 2; ++tries)
        CHECK_THROWS_WITH(add(*store, plain("Ben", "+491")), Contains("newer warmcall"));
    CHECK(db.ask("SELECT count(*) FROM contact") == "1");
}

TEST_CASE("a replica whose connection was cut looks at the schema before it writes again") {
    const Database db{"brought_while_cut"};
    const auto store = open_postgres(db.url, {.schema_look_gap = 1h});
    add(*store, amara());
    std::vector<store::Migration> next = todays_steps();
    next.push_back({1000, "contract", "-- works with 1000\nSELECT 1;"});
    open_postgres(db.url, {.migrations = next});
    db.cut();
    CHECK_THROWS_WITH(add(*store, plain("Ben", "+491")), Contains("newer warmcall"));
    CHECK(db.ask("SELECT count(*) FROM contact") == "1");
}

TEST_CASE("a step of the schema takes its time, however short the role keeps statements") {
    const Database db{"slow_step"};
    std::vector<store::Migration> next = todays_steps();
    next.push_back({1000, "slow",
                    "-- works with 1\nCREATE TABLE limits AS SELECT"
                    " current_setting('statement_timeout') AS statement,"
                    " current_setting('lock_timeout') AS lock;"});
    open_postgres(db.url + "&options=-c%20statement_timeout%3D5s%20-c%20lock_timeout%3D2s",
                  {.migrations = next});
    CHECK(db.ask("SELECT statement || ', ' || lock FROM limits") == "0, 2s");
}

TEST_CASE("a step of the schema holds no lock of the step before it") {
    const Database db{"steps_apart"};
    std::vector<store::Migration> next = todays_steps();
    next.push_back({1000, "locks", "-- works with 1\nCREATE INDEX by_topic ON contact (topic);"});
    next.push_back({1001, "looks",
                    "-- works with 1\nCREATE TABLE held AS SELECT mode FROM pg_locks"
                    " WHERE pid = pg_backend_pid() AND relation = 'contact'::regclass;"});
    open_postgres(db.url, {.migrations = next});
    CHECK(db.ask("SELECT count(*) FROM held") == "0");
}

TEST_CASE(
    "a replica that comes while another brings the schema waits, and sees no stranger in it") {
    const Database db{"brought_just_now"};
    db.replica();
    db.ask("ALTER TABLE schema_step RENAME TO unseen");
    const Psql other{db};
    other.run(
        "BEGIN; SELECT pg_advisory_xact_lock(6290467361812480000);"
        " ALTER TABLE unseen RENAME TO schema_step");
    auto opened = std::async(std::launch::async, [&] { return refusal_to_open(db.url); });
    while (opened.wait_for(5ms) == std::future_status::timeout &&
           db.ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                  " AND application_name = 'warmcall' AND wait_event = 'advisory'") == "0") {
    }
    other.run("COMMIT");
    CHECK(opened.get() == "");
}

TEST_CASE("another program's database is left alone") {
    const Database db{"strangers"};
    db.ask("CREATE TABLE contact (x integer)");
    CHECK(refusal_to_open(db.url).find("not warmcall's") != std::string::npos);
}

TEST_CASE("a database that is not there is said so, without the password") {
    const std::string words =
        refusal_to_open("postgresql://warmcall:hunter2@127.0.0.1:1/none?connect_timeout=1");
    CHECK(words.find("cannot be reached") != std::string::npos);
    CHECK(words.find("hunter2") == std::string::npos);
}

TEST_CASE("what PostgreSQL's text cannot hold comes back byte for byte") {
    for (const std::string& text :
         {std::string{"plain"}, std::string{"a\0b", 3}, std::string{"\x1A"},
          std::string{"\xff\xfe"}, std::string{"\xC0\x80"}, std::string{"\xED\xA0\x80"},
          std::string{"grüße 🙂\x1A\0", 15}}) {
        std::string stored;
        store::pg::append_storable(stored, text);
        CHECK(stored.find('\0') == std::string::npos);
        CHECK(store::pg::from_storable(stored) == text);
    }
}
