// What is SQLite's own: the schema's constraints as they refuse by themselves, migrations, strange
// files, full disks.

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "store/folder.hpp"
#include "store/people.hpp"
#include "store/registry.hpp"
#include "store/shell.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using namespace warmcall::people;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::string refusal_to_open(const std::string& path, const SqliteOptions& options = {}) {
    try {
        open_sqlite(path, options);
    } catch (const StoreUnavailable& e) {
        return e.what();
    }
    return "";
}

// A database with one of everything a live contact has.
struct Filled {
    Folder folder;
    std::string path = folder.file("warmcall.db");
    core::ContactId contact;

    Filled() {
        const auto store = open_sqlite(path);
        contact = with_prompt(*store);
        change(*store, contact, [](Case& c) { c.messages.push_back(wellbeing()); },
               {core::Noted{"enrolled", ""},
                core::TellRep{{"ravi"}, core::TellRep::What::prompt, {}}});
    }
};

}  // namespace

// ---------------------------------------------------------------- the schema refuses by itself

TEST_CASE("the schema itself refuses a live outreach without a next action, whoever writes it") {
    const Filled filled;
    Shell shell{filled.path};
    for (const std::string column : {"next_kind", "next_owner", "next_due_at", "wake_at"}) {
        INFO(column);
        CHECK_THAT(shell.refusal("UPDATE outreach SET " + column + " = NULL"),
                   Contains("a_live_outreach_has_a_next_action"));
    }
    CHECK_THAT(shell.refusal("UPDATE outreach SET next_owner = ''"), Contains("next_owner <> ''"));
    CHECK_THAT(shell.refusal("UPDATE outreach SET live = 0, phase = 'closed'"),
               Contains("a_closed_outreach_has_a_reason"));
    CHECK_THAT(shell.refusal("UPDATE outreach SET live = 0, phase = 'closed', phase_at = 1, "
                             "phase_reason = 'no_reply'"),
               Contains("a_closed_outreach_has_a_reason"));
    CHECK_THAT(shell.refusal("UPDATE outreach SET phase = 'held', phase_at = 1"),
               Contains("a_deferral_has_a_reason_and_an_end"));
    CHECK_THAT(shell.refusal("UPDATE outreach SET phase = 'on_call'"),
               Contains("a_call_has_a_caller"));
    CHECK_THAT(shell.refusal("UPDATE outreach SET phase = 'finished'"), Contains("CHECK"));
    CHECK_THAT(shell.refusal("UPDATE outreach SET live = 0"), Contains("CHECK"));
}

TEST_CASE(
    "the schema itself refuses a second live outreach, open prompt, step, token, address and inbox "
    "key") {
    const Filled filled;
    Shell shell{filled.path};
    const auto copy = [&](const std::string& table, const std::string& columns,
                          const std::string& values) {
        return shell.refusal("INSERT INTO " + table + " (" + columns + ") SELECT " + values +
                             " FROM " + table + " LIMIT 1");
    };
    const std::string outreach =
        "contact_id, live, phase, next_kind, next_owner, next_due_at, wake_at, round, attempt, "
        "rerouted, enrolled_at, cadence";
    CHECK_THAT(copy("outreach", outreach, outreach),
               Contains("UNIQUE constraint failed: outreach.contact_id"));
    const std::string prompt =
        "contact_id, outreach_id, open, rep, kind, reason, words, raised_at, due_at, ladder_step";
    CHECK_THAT(copy("prompt", prompt, prompt), Contains("one open prompt for each outreach"));
    const std::string closed =
        "contact_id, outreach_id, 0, rep, kind, reason, words, raised_at, due_at, ladder_step";
    CHECK(copy("prompt", prompt, closed).empty());
    CHECK_THAT(shell.refusal("UPDATE prompt SET open = 1 WHERE open = 0"),
               Contains("one open prompt for each outreach"));
    const std::string step =
        "contact_id, outreach_id, round, step, kind, state, not_before, not_after, tries, channel, "
        "to_kind, to_value, template_name, language, text";
    CHECK_THAT(copy("outbox", step, step),
               Contains("UNIQUE constraint failed: outbox.outreach_id, outbox.round, outbox.step"));
    shell.run("UPDATE outbox SET token = zeroblob(16)");
    CHECK_THAT(copy("outbox", step + ", token",
                    "contact_id, outreach_id, round, step + 1, kind, state, not_before, not_after, "
                    "tries, channel, to_kind, to_value, template_name, language, text, token"),
               Contains("UNIQUE constraint failed: outbox.token"));
    CHECK_THAT(copy("address", "kind, value, contact_id, alias, position",
                    "kind, value, contact_id, alias, position"),
               Contains("UNIQUE constraint failed: address.kind, address.value"));
    shell.run("INSERT INTO inbox (event_key) VALUES (x'01')");
    CHECK_THAT(shell.refusal("INSERT INTO inbox (event_key) VALUES (x'01')"),
               Contains("UNIQUE constraint failed: inbox.event_key"));
}

TEST_CASE(
    "the schema itself refuses a claim without a token and a lease, and a lease without a claim") {
    const Filled filled;
    Shell shell{filled.path};
    CHECK_THAT(shell.refusal("UPDATE outbox SET state = 'claimed'"),
               Contains("a_claim_has_a_token_and_a_lease"));
    CHECK_THAT(shell.refusal("UPDATE outbox SET lease_until = 1"),
               Contains("only_a_claim_has_a_lease"));
    CHECK_THAT(shell.refusal("UPDATE outbox SET state = 'cancelled'"),
               Contains("a_cancelled_message_frees_its_step"));
    CHECK_THAT(shell.refusal("UPDATE outbox SET failed_at = 1"), Contains("CHECK"));
    CHECK_THAT(shell.refusal("UPDATE outbox SET token = x'00'"), Contains("CHECK"));
}

TEST_CASE("consent and the timeline only grow, whoever writes") {
    const Filled filled;
    Shell shell{filled.path};
    REQUIRE(shell.number("SELECT count(*) FROM consent") == 1);
    REQUIRE(shell.number("SELECT count(*) FROM event_log") == 1);
    CHECK_THAT(shell.refusal("UPDATE consent SET given = 0"), Contains("consent only grows"));
    CHECK_THAT(shell.refusal("DELETE FROM consent"), Contains("consent only grows"));
    CHECK_THAT(shell.refusal("UPDATE event_log SET text = 'x'"), Contains("event_log only grows"));
    CHECK_THAT(shell.refusal("DELETE FROM event_log"), Contains("event_log only grows"));
}

TEST_CASE("every closed set is closed, every table strict, and every time a number") {
    const Filled filled;
    Shell shell{filled.path};
    const std::vector<std::string> wrong{"UPDATE address SET kind = 'fax'",
                                         "UPDATE contact SET zone_source = 'guess'",
                                         "UPDATE outreach SET next_kind = 'nothing'",
                                         "UPDATE outbox SET kind = 'pitch'",
                                         "UPDATE outbox SET state = 'sent'",
                                         "UPDATE prompt SET kind = 'other'",
                                         "UPDATE prompt SET open = 2",
                                         "UPDATE alert SET state = 'x'",
                                         "UPDATE outreach SET wake_at = 'tomorrow'",
                                         "UPDATE contact SET best_from = 1441",
                                         "UPDATE outreach SET round = 0",
                                         "UPDATE outreach SET contact_id = 999",
                                         "UPDATE prompt SET lease_holder = 'mia'"};
    for (const std::string& sql : wrong) {
        INFO(sql);
        CHECK_FALSE(shell.refusal(sql).empty());
    }
    CHECK(shell.number("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = "
                       "'table' AND name NOT LIKE 'sqlite_%' AND strict = 0") == 0);
}

TEST_CASE("the tallies are what counting would give") {
    const Filled filled;
    {
        const auto store = open_sqlite(filled.path);
        const core::ContactId other = with_message(*store, plain("Ben", "+4915112345678"));
        claim(*store, store->contact(other)->messages.at(0).id, token(1));
        store->transact([&](Unit& u) { u.merge_contacts(other, filled.contact, t0); });
        change(*store, filled.contact, [](Case& c) {
            c.messages.at(0).state = core::MessageState::cancelled;
            c.outreach->phase = core::Closed{core::CloseReason::won, t0};
            c.prompt.reset();
        });
    }
    Shell shell{filled.path};
    CHECK(shell.number(
              "SELECT count(*) FROM (SELECT word, n FROM tally WHERE kind = 'outreach' AND n <> 0"
              " EXCEPT SELECT phase, count(*) FROM outreach GROUP BY phase)") == 0);
    CHECK(shell.number(
              "SELECT count(*) FROM (SELECT word, n FROM tally WHERE kind = 'message' AND n <> 0"
              " EXCEPT SELECT state, count(*) FROM outbox GROUP BY state)") == 0);
    CHECK(shell.number("SELECT n FROM tally WHERE kind = 'prompts_open'") ==
          shell.number("SELECT count(*) FROM prompt WHERE open = 1"));
    CHECK(shell.number("SELECT n FROM tally WHERE kind = 'alert'") ==
          shell.number("SELECT count(*) FROM alert WHERE state = 'waiting'"));
    CHECK(shell.number("SELECT n FROM tally WHERE kind = 'contacts'") ==
          shell.number("SELECT count(*) FROM contact WHERE merged_into IS NULL"));
}

// ---------------------------------------------------------------- files

TEST_CASE("a new database is marked as ours, in WAL, and nobody else can read it") {
    const Filled filled;
    Shell shell{filled.path};
    CHECK(shell.number("PRAGMA application_id") == 0x5741524D);
    CHECK(shell.number("PRAGMA user_version") == store::migrations().back().number);
    CHECK(shell.text("PRAGMA journal_mode") == "wal");
    CHECK(shell.text("PRAGMA integrity_check") == "ok");
    CHECK(shell.number("SELECT count(*) FROM pragma_foreign_key_check") == 0);
    struct stat info{};
    REQUIRE(::stat(filled.path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
}

TEST_CASE("the writing connection syncs every commit, and both are set up to distrust the file") {
    const Filled filled;
    store::Connection writer{filled.path, store::Role::writer},
        reader{filled.path, store::Role::reader};
    writer.settle_to_write();
    CHECK(writer.number("PRAGMA synchronous") == 2);  // FULL
    CHECK(writer.number("PRAGMA wal_autocheckpoint") == 10'000);
    CHECK(writer.number("PRAGMA secure_delete") == 1);
    CHECK(writer.number("PRAGMA journal_size_limit") == 64 * 1024 * 1024);
    CHECK(writer.number("PRAGMA query_only") == 0);
    CHECK(reader.number("PRAGMA query_only") == 1);
    CHECK(reader.number("PRAGMA wal_autocheckpoint") == 0);
    CHECK(reader.number("PRAGMA cell_size_check") == 1);  // the writer would pay 7 % for it
    for (store::Connection* db : {&writer, &reader}) {
        CHECK(db->number("PRAGMA foreign_keys") == 1);
        CHECK(db->number("PRAGMA busy_timeout") == 5000);
        CHECK(db->number("PRAGMA mmap_size") == 0);
        CHECK(db->number("PRAGMA trusted_schema") == 0);
        CHECK_THROWS(db->run("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = ''"));
    }
}

TEST_CASE("a file that is not a database is refused and left as it is") {
    const Folder folder;
    const std::string path = folder.file("notes.txt"), words(5000, 'x');
    std::ofstream{path} << words;
    CHECK_THAT(refusal_to_open(path), Contains("is not a warmcall database"));
    std::ifstream in{path};
    CHECK(std::string{std::istreambuf_iterator<char>{in}, {}} == words);
}

TEST_CASE("another program's database is refused and left as it is") {
    const Folder folder;
    const std::string path = folder.file("other.db");
    Shell{path}.run("CREATE TABLE theirs (x); PRAGMA user_version = 1");
    CHECK_THAT(refusal_to_open(path), Contains("a database of another program"));
    CHECK(Shell{path}.text("PRAGMA journal_mode") == "delete");
    Shell{path}.run("PRAGMA application_id = 42");
    CHECK_THAT(refusal_to_open(path), Contains("a database of another program"));
    CHECK(Shell{path}.number("SELECT count(*) FROM sqlite_schema") == 1);
}

TEST_CASE("a database of a newer warmcall is refused with both numbers") {
    const Filled filled;
    Shell{filled.path}.run("PRAGMA user_version = 9999");
    CHECK_THAT(refusal_to_open(filled.path), Contains("written by a newer warmcall (schema 9999"));
    CHECK_THAT(refusal_to_open(filled.path, {.access = SqliteOptions::Access::read}),
               Contains("written by a newer warmcall"));
}

TEST_CASE("a damaged database says so, and that a backup is what helps") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    {
        const auto store = open_sqlite(path);
        for (int i = 0; i < 300; ++i)
            add(*store,
                plain("Person " + std::to_string(i), "+49151" + std::to_string(1'000'000 + i)));
    }
    {
        Shell{path}.run("PRAGMA wal_checkpoint(TRUNCATE)");
        std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(0, std::ios::end);
        const auto size = file.tellp();
        const std::string noise(4096, '\x5A');
        for (std::streamoff page = 4096; page < size;
             page += 4096) {  // everything but the first page
            file.seekp(page);
            file.write(noise.data(), static_cast<std::streamsize>(noise.size()));
        }
    }
    std::string said = refusal_to_open(path);
    if (said.empty()) {
        const auto store = open_sqlite(path);
        try {
            store->contacts({});
        } catch (const StoreUnavailable& e) {
            said = e.what();
        }
    }
    CHECK_THAT(said, Contains("is damaged"));
    CHECK_THAT(said, Contains("backup"));
}

TEST_CASE("a folder that does not exist is named") {
    CHECK_THAT(refusal_to_open("/nowhere/at/all/warmcall.db"),
               Contains("/nowhere/at/all/warmcall.db") && Contains("does its folder exist"));
}

TEST_CASE("a second warmcall on the same file is refused; one that only reads is not") {
    const Filled filled;
    const auto first = open_sqlite(filled.path);
    CHECK_THAT(refusal_to_open(filled.path), Contains("another warmcall is using"));
    const auto reader = open_sqlite(filled.path, {.access = SqliteOptions::Access::read});
    CHECK(reader->contact(filled.contact));
    CHECK_THROWS_AS(reader->transact([](Unit&) {}), StoreUnavailable);
    change(*first, filled.contact, [](Case& c) { c.contact.topic = "seen"; });
    CHECK(reader->contact(filled.contact)->contact.topic == "seen");
}

TEST_CASE("what is not a store's address is refused, and a password in it is not repeated") {
    const auto said = [](std::string_view url) {
        try {
            make_store(url);
        } catch (const StoreUnavailable& e) {
            return std::string{e.what()};
        }
        return std::string{};
    };
    CHECK_THAT(said("postgresql://warmcall:hunter2@127.0.0.1:1/warmcall"),
               Contains("PostgreSQL cannot be reached") && !Contains("hunter2"));
    CHECK_THAT(said("sqlite:"), Contains("sqlite:PATH"));
    CHECK_THAT(said("mysql://x"), Contains("sqlite:PATH"));
}

// ---------------------------------------------------------------- migrations

TEST_CASE("every older schema is brought up to today's, and used") {
    const auto all = store::migrations();
    REQUIRE_FALSE(all.empty());
    for (std::size_t known = 1; known <= all.size(); ++known) {
        const int number = all[known - 1].number;
        CHECK(number == all.front().number + static_cast<int>(known) - 1);
        const Folder folder;
        const std::string path = folder.file("warmcall.db");
        open_sqlite(path, {.migrations = all.first(known)});
        CHECK(Shell{path}.number("PRAGMA user_version") == number);
        const auto store = open_sqlite(path);
        CHECK(store->contact(with_message(*store))->messages.size() == 1);
    }
}

TEST_CASE(
    "what stood in tables of its own before step 7 is found with the contact and the outreach") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    open_sqlite(path, {.migrations = store::migrations().first(1)});
    Shell{path}.run(
        "INSERT INTO contact (id, name, name_folded, owner, language, zones, zone_source, region, reach, if_lost, topic, windows)"
        " VALUES (1, 'Ravi', 'ravi', 'mia', 'en', 'Asia/Kolkata', 'given', 'IN', '', '', '', 2);"
        "INSERT INTO contact_window VALUES (1, 'sms', 1790000000000), (1, 'wa', 1800000000000);"
        "INSERT INTO outreach (id, contact_id, live, phase, next_kind, next_owner, next_due_at, wake_at, round, attempt, rerouted,"
        " enrolled_at, cadence) VALUES (7, 1, 1, 'call_due', 'call', 'mia', 1780000000000, 1780000000000, 1, 0, 0, 1770000000000, 'gentle');"
        "INSERT INTO wake VALUES (1780000000000, 7);"
        "INSERT INTO prompt (id, contact_id, outreach_id, open, rep, kind, reason, words, raised_at, due_at, ladder_step) VALUES"
        " (3, 1, 7, 0, 'mia', 'silent', '', '', 1770000000000, 1770000000000, 0),"
        " (4, 1, 7, 1, 'mia', 'replied', '', 'All well', 1770000000000, 1770000000000, 0);"
        "INSERT INTO reply (id, contact_id, outreach_id, at, channel, kind, words) VALUES"
        " (5, 1, 7, 1770000000000, 'wa', 'text', 'Hello'), (6, 1, 7, 1770000001000, 'wa', 'text', 'All well')");
    const auto store = open_sqlite(path);
    const auto found = store->contact({1});
    REQUIRE(found);
    CHECK(found->contact.windows ==
          std::vector<core::Window>{{{"sms"}, core::from_unix_ms(1790000000000)},
                                    {{"wa"}, core::from_unix_ms(1800000000000)}});
    REQUIRE(found->prompt);
    CHECK(found->prompt->id == core::PromptId{4});
    const auto said = store->conversation({1}, 10);
    REQUIRE(said.size() == 2);
    CHECK(said[0].text == "All well");
    CHECK(said[1].text == "Hello");
    store->transact([&](Unit& u) {
        CHECK(u.due(core::from_unix_ms(1780000000000), 10) == std::vector<core::ContactId>{{1}});
    });
}

TEST_CASE("a migration keeps what is there") {
    const Filled filled;
    std::vector<store::Migration> more{store::migrations().begin(), store::migrations().end()};
    more.push_back(
        {more.back().number + 1, "more",
         "ALTER TABLE contact ADD COLUMN shoe_size INTEGER; UPDATE contact SET shoe_size = 42;"});
    CHECK_THAT(
        refusal_to_open(filled.path, {.access = SqliteOptions::Access::read, .migrations = more}),
        Contains("from an older warmcall"));
    const auto store = open_sqlite(filled.path, {.migrations = more});
    CHECK(store->contact(filled.contact)->prompt);
    CHECK(Shell{filled.path}.number("SELECT shoe_size FROM contact") == 42);
    CHECK_THAT(
        refusal_to_open(filled.folder.file("none.db"), {.access = SqliteOptions::Access::read}),
        Contains("cannot be opened"));
}

TEST_CASE("a migration that fails half-way leaves the schema it found") {
    const Filled filled;
    std::vector<store::Migration> more{store::migrations().begin(), store::migrations().end()};
    more.push_back({more.back().number + 1, "broken",
                    "CREATE TABLE half (x INTEGER) STRICT; UPDATE event_log SET text = 'x';"});
    CHECK_THROWS(open_sqlite(filled.path, {.migrations = more}));
    CHECK(Shell{filled.path}.number("SELECT count(*) FROM sqlite_schema WHERE name = 'half'") == 0);
    CHECK(open_sqlite(filled.path)->contact(filled.contact));
}

// ---------------------------------------------------------------- a full disk

namespace {

// Fills until the store refuses; what it says.
std::string fill_up(Store& store, int& added) {
    for (int i = 0; i < 100'000; ++i) {
        NewContact n =
            plain("Person " + std::to_string(i), "+49151" + std::to_string(1'000'000 + i));
        n.contact.topic = std::string(2000, 'x');
        try {
            add(store, n);
            ++added;
        } catch (const StoreUnavailable& e) {
            return e.what();
        }
    }
    return "";
}

}  // namespace

TEST_CASE(
    "a full disk is told in plain words, loses nothing that was confirmed, and is over when there "
    "is room") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    int added = 0;
    {
        const auto store = open_sqlite(path, {.pages_max = 200});
        const std::string said = fill_up(*store, added);
        CHECK_THAT(said, Contains(path) && Contains("is full") &&
                             Contains("nothing is lost, free some space"));
        REQUIRE(added > 10);
        CHECK(store->counts().contacts == added);
        CHECK(store->contacts({.limit = 1}).size() == 1);  // reading goes on
        CHECK_THROWS_AS(add(*store, plain("Another", std::string(4000, '9'))), StoreUnavailable);
        CHECK_NOTHROW(store->transact([](Unit& u) { (void)u.setting("x"); }));
    }
    const auto store = open_sqlite(path);
    CHECK(store->counts().contacts == added);
    add(*store, plain("Another", "+4915199999999"));
    CHECK(Shell{path}.text("PRAGMA integrity_check") == "ok");
}

TEST_CASE(
    "when the system refuses to write, the store refuses too, and goes on by itself afterwards") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    const auto store = open_sqlite(path);
    add(*store, plain("First", "+4915100000000"));

    struct rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small{256 * 1024, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    int added = 0;
    const std::string said = fill_up(*store, added);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, old_handler);

    CHECK_THAT(said, Contains(path) && Contains("lost"));
    CHECK(store->counts().contacts == added + 1);
    add(*store, plain("Last", "+4915199999999"));
    CHECK(store->counts().contacts == added + 2);
    CHECK(Shell{path}.text("PRAGMA integrity_check") == "ok");
}

TEST_CASE("a sync that failed asks for a restart, other trouble only for patience") {
    const Filled filled;
    store::Connection db{filled.path, store::Role::reader};
    CHECK_THROWS_AS(db.fail(SQLITE_IOERR_FSYNC), MustRestart);
    CHECK_THROWS_WITH(db.fail(SQLITE_IOERR_FSYNC), Contains("must be started again"));
    for (const int code :
         {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_BUSY, SQLITE_READONLY, SQLITE_CORRUPT}) {
        INFO(code);
        try {
            db.fail(code);
        } catch (const MustRestart&) {
            FAIL("no restart would help");
        } catch (const StoreUnavailable& e) {
            CHECK_THAT(e.what(), Contains(filled.path));
        }
    }
}

// ---------------------------------------------------------------- two threads

TEST_CASE("a reader sees whole decisions while the writer goes on") {
    const Folder folder;
    const auto store = make_store("sqlite:" + folder.file("warmcall.db"));
    const core::ContactId id = enrolled(*store);
    std::atomic<int> torn{0}, seen{0};
    std::jthread reader{[&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const auto c = store->contact(id);
            const bool whole =
                c && c->outreach && c->contact.topic == std::to_string(c->outreach->attempt);
            (whole || c->outreach->attempt == 0 ? seen : torn)++;
        }
    }};
    for (int i = 1; i <= 200; ++i) {
        change(*store, id, [&](Case& c) {
            c.outreach->attempt = i;
            c.contact.topic = std::to_string(i);
        });
    }
    reader.request_stop();
    reader.join();
    CHECK(torn == 0);
    CHECK(seen > 0);
}

TEST_CASE("in memory, too, two threads may use the store") {
    const auto store = make_store("sqlite::memory:");
    const core::ContactId id = enrolled(*store);
    std::atomic<int> seen{0};
    std::jthread reader{[&](const std::stop_token& stop) {
        do {
            seen += store->contact(id)->outreach ? 1 : 0;
        } while (!stop.stop_requested());
    }};
    for (int i = 1; i <= 200; ++i)
        store->transact([&](Unit& u) { u.set_setting("k", std::to_string(i)); });
    reader.request_stop();
    reader.join();
    CHECK(seen > 0);
}
