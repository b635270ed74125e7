// From SQLite to PostgreSQL: everything, once, and nobody serves from both.

#include "store/copy.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <future>

#include "store/cluster.hpp"
#include "store/folder.hpp"
#include "store/people.hpp"
#include "store/postgres/bulk.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using namespace warmcall::people;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

struct Move {
    Folder folder;
    std::string file = folder.file("warmcall.db");
    std::string name, url;

    explicit Move(std::string called) : name{std::move(called)} {
        Cluster::shared().ask("postgres", "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        url = Cluster::shared().create(name);
    }
    std::unique_ptr<Store> old_store() const { return open_sqlite(file); }
    std::unique_ptr<Store> new_store() const {
        return open_postgres(url, {.lease_time = LeaseTime::given});
    }
    std::string there(const std::string& sql) const { return Cluster::shared().ask(name, sql); }
    std::string here(const std::string& sql) const {
        SQLite::Database db{file, SQLite::OPEN_READWRITE};
        return db.execAndGet(sql).getString();
    }
    // Stops after so many steps, as a process that is killed does.
    void interrupted(int steps, std::size_t rows_at_once = 2) const {
        CopyOptions options{.rows_at_once = rows_at_once};
        options.progress = [&steps](const CopyProgress&) {
            if (--steps < 0)
                throw std::runtime_error{"killed"};
        };
        CHECK_THROWS_WITH(copy_store(file, url, options), "killed");
    }
    std::string refusal(CopyOptions options = {}) const {
        try {
            copy_store(file, url, options);
        } catch (const StoreUnavailable& e) {
            return e.what();
        }
        return "";
    }
};

// People in every state, and what surrounds them.
void fill(Store& store) {
    const core::ContactId amara_id = with_message(store);
    claim(store, store.contact(amara_id)->messages.at(0).id, token(7));
    with_prompt(store, plain("Ben \xff\x1A", "+4915112345678"));
    const core::ContactId gone = enrolled(store, plain("Cleo", "+4915112345679"));
    store.transact([&](Unit& u) {
        u.merge_contacts(gone, amara_id, t0);
        const RawDelivery raw{{"wa"}, t0, std::string{"{\"a\0b\":1}", 9}};
        const auto kept = u.keep({&raw, 1});
        const std::vector<InboxRow> rows{{key(1'790'000'000, "one"), kept.front()},
                                         {key(1'790'000'001, "two"), kept.front()}};
        u.accept(rows, t0);
        u.quarantine(kept.front(), "strange", t0);
        const ParkedReceipt parked{{"wa"}, "wamid.1", {.delivered = t0}, t0};
        u.park({&parked, 1});
        u.count_ignored("typing", 3);
        u.note_template(
            {"how_are_you", "en", core::TemplateStatus::approved, "UTILITY", "", "", t0});
        u.note_account({"wa"}, "quality is high", t0);
        u.set_setting("link_key", "k");
        u.add_token({.name = "crm", .hash = "h1", .created_at = t0});
        u.add_session({"h2", {"ravi"}, t0, t0, after(24h), "Firefox"});
        u.add_link("h3", {"ravi"}, after(1h));
        u.keep_answer("key 1", {"r", 201, "{}"}, t0);
        u.set_rep_away({"ravi"}, after(2h));
        u.rep_wrote({"ravi"}, {"wa"}, after(20h));
        const std::int64_t first = u.add_device({.rep = {"ravi"},
                                                 .way = "web_push",
                                                 .name = "Firefox",
                                                 .address = "https://push.example/1",
                                                 .created_at = t0,
                                                 .seen_at = t0});
        u.remove_device(first);
    });
    change(store, amara_id,
           [](Case& c) {
               c.contact.suppressions.push_back(
                   {core::SuppressionScope::channel, {}, {"wa"}, "asked", t0});
               c.contact.windows.push_back({{"wa"}, after(3h)});
           },
           {core::Noted{"noted", "a line"}});
}

}  // namespace

TEST_CASE("everything in SQLite is in PostgreSQL afterwards") {
    const Move move{"copied_whole"};
    std::vector<std::optional<Case>> before;
    StoreCounts counts;
    std::vector<TimelineRow> lines;
    {
        const auto old = move.old_store();
        fill(*old);
        for (std::int64_t id = 1; id <= 3; ++id)
            before.push_back(old->contact({id}));
        counts = old->counts();
        lines = old->feed(0, 100);
    }
    const auto tables = copy_store(move.file, move.url);
    CHECK(tables.size() > 20);
    const auto store = move.new_store();
    for (std::int64_t id = 1; id <= 3; ++id)
        CHECK(store->contact({id}) == before.at(static_cast<std::size_t>(id - 1)));
    const StoreCounts now = store->counts();
    CHECK(now.contacts == counts.contacts);
    CHECK(now.inbox == counts.inbox);
    CHECK(now.quarantined == counts.quarantined);
    CHECK(now.messages_by_state == counts.messages_by_state);
    CHECK(now.ignored == counts.ignored);
    CHECK(now.alerts_waiting == counts.alerts_waiting);
    const auto lines_there = store->feed(0, 100);
    REQUIRE(lines_there.size() == lines.size());
    CHECK(lines_there.back().text == lines.back().text);
    CHECK(store->token("h1"));
    CHECK(store->session("h2"));
    CHECK(store->rep_states().at({"ravi"}).away_until == after(2h));
    CHECK(move.there("SELECT encode(body, 'hex') FROM delivery") ==
          move.here("SELECT lower(hex(body)) FROM delivery"));
    store->transact([](Unit& u) {
        CHECK(u.setting("link_key") == "k");
        const std::vector<InboxRow> again{{key(1'790'000'001, "two"), 0}};
        CHECK(u.accept(again, t0) == std::vector{false});
        CHECK(u.claim_of({1})->token == token(7));
    });
}

TEST_CASE("what is new after a copy gets numbers that were never used") {
    const Move move{"copied_numbers"};
    fill(*move.old_store());
    copy_store(move.file, move.url);
    const auto store = move.new_store();
    CHECK(enrolled(*store, plain("Dina", "+4915112345670")).value == 4);
    store->transact([](Unit& u) {
        CHECK(u.add_device(
                  {.rep = {"ravi"}, .way = "web_push", .address = "https://push.example/2"}) == 2);
    });
}

TEST_CASE("an interrupted copy goes on, wherever it stopped") {
    const Move move{"copied_on"};
    fill(*move.old_store());
    int runs = 0;
    for (bool done = false; !done; ++runs) {
        int steps = 0;
        CopyOptions options{.rows_at_once = 2};
        options.progress = [&](const CopyProgress&) {
            if (++steps > 12 + 3 * runs)
                throw std::runtime_error{"killed"};
        };
        try {
            copy_store(move.file, move.url, options);
            done = true;
        } catch (const std::runtime_error& e) {
            REQUIRE(std::string{e.what()} == "killed");
        }
    }
    CHECK(runs > 3);
    CHECK(move.new_store()->counts().contacts == 2);
    CHECK(move.there("SELECT count(*) FROM event_log") ==
          move.here("SELECT count(*) || '' FROM event_log"));
}

TEST_CASE("nobody serves from a file that is being moved, nor from half a copy") {
    const Move move{"copied_half"};
    fill(*move.old_store());
    move.interrupted(8);
    CHECK_THROWS_WITH(move.old_store(), Contains("was copied to postgresql://"));
    CHECK_THROWS_WITH(move.new_store(), Contains("half a copy"));
    copy_store(move.file, move.url);
    CHECK(move.new_store()->counts().contacts == 2);
    CHECK_THROWS_WITH(move.old_store(), Contains("sent twice"));
    CHECK(open_sqlite(move.file, {.access = SqliteOptions::Access::read})->contact({1}));
}

TEST_CASE("a copy that is given up leaves the file to be served again") {
    const Move move{"given_up"};
    fill(*move.old_store());
    move.interrupted(8);
    give_up_copy(move.file);
    CHECK(move.old_store()->counts().contacts == 2);
    CHECK_THROWS_WITH(move.new_store(), Contains("half a copy"));
    CHECK_THAT(move.refusal(), Contains("copy into an empty database"));
}

TEST_CASE("a file that is being served is not copied") {
    const Move move{"served"};
    const auto serving = move.old_store();
    CHECK_THAT(move.refusal(), Contains("stop it first"));
}

TEST_CASE("a file that is being served is known by every name it has") {
    const Move move{"by_every_name"};
    const std::string link = move.folder.file("link.db"), beside = move.folder.file("beside");
    fill(*move.old_store());
    std::filesystem::create_symlink("warmcall.db", link);
    std::filesystem::create_directory_symlink(".", beside);
    for (const std::string& name : {move.file, link, beside + "/warmcall.db"}) {
        const auto serving = open_sqlite(name);
        for (const std::string& other : {move.file, link, beside + "/link.db"}) {
            CHECK_THROWS_WITH(open_sqlite(other), Contains("stop it first"));
            CHECK_THROWS_WITH(copy_store(other, move.url), Contains("stop it first"));
        }
    }
}

TEST_CASE("a link to a file that is not there yet is known by where it leads") {
    const Move move{"not_there_yet"};
    const std::string link = move.folder.file("link.db");
    std::filesystem::create_symlink("warmcall.db", link);
    const auto serving = open_sqlite(link);
    CHECK_THROWS_WITH(open_sqlite(move.file), Contains("stop it first"));
}

TEST_CASE("what is copied is written in its own time, however short the role keeps statements") {
    const Move move{"slow_write"};
    fill(*move.old_store());
    move.new_store();
    move.there(
        "CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_setting('statement_timeout') <> '0' THEN RAISE 'hurried'; END IF;"
        " RETURN NEW; END $$");
    move.there("CREATE TRIGGER look BEFORE INSERT ON contact FOR EACH ROW EXECUTE FUNCTION look()");
    copy_store(move.file, move.url + "&options=-c%20statement_timeout%3D5s");
    CHECK(move.new_store()->counts().contacts == 2);
}

TEST_CASE("what was copied is read in its own time, however short the role keeps statements") {
    const Move move{"slow_read"};
    move.there("CREATE TABLE slow AS SELECT 1 AS x");
    store::pg::Bulk reader{move.url + "&options=-c%20statement_timeout%3D200ms"};
    auto other = std::async(std::launch::async, [&] {
        move.there("BEGIN; LOCK TABLE slow; SELECT pg_sleep(0.5); COMMIT");
    });
    while (other.wait_for(1ms) == std::future_status::timeout &&
           move.there("SELECT count(*) FROM pg_locks WHERE relation = 'slow'::regclass"
                      " AND mode = 'AccessExclusiveLock' AND granted") == "0") {
    }
    CHECK(reader.unload("slow", "(x)", [](std::string_view) {}) == 1);
}

TEST_CASE("a database that holds other data is not copied into, and stays as it is") {
    const Move move{"holds_data"};
    fill(*move.old_store());
    add(*move.new_store(), plain("Somebody else", "+4915112345000"));
    CHECK_THAT(move.refusal(), Contains("is not empty"));
    CHECK(move.there("SELECT count(*) FROM contact") == "1");
    CHECK(move.old_store()->counts().contacts == 2);
}

TEST_CASE("a file goes to one database only, and once") {
    const Move move{"first_target"}, other{"second_target"};
    fill(*move.old_store());
    copy_store(move.file, move.url);
    CHECK_THAT(move.refusal(), Contains("already"));
    try {
        copy_store(move.file, other.url);
        FAIL("it was copied twice");
    } catch (const StoreUnavailable& e) {
        CHECK_THAT(e.what(), Contains("--give-up"));
    }
    fill(*other.old_store());
    try {
        copy_store(other.file, move.url);
        FAIL("two files are in one database");
    } catch (const StoreUnavailable& e) {
        CHECK_THAT(e.what(), Contains("holds a copy of"));
    }
}

TEST_CASE("what differs after copying is found, and said") {
    const Move move{"differs"};
    fill(*move.old_store());
    CopyOptions options;
    options.progress = [&](const CopyProgress& p) {
        if (p.comparing && p.rows == 0)
            move.there("UPDATE contact SET topic = 'something else' WHERE id = 1");
    };
    CHECK_THAT(move.refusal(options), Contains("differs in \"contact\""));
    CHECK_THROWS_WITH(move.new_store(), Contains("half a copy"));
}
