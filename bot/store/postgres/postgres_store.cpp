#include "store/postgres/postgres_store.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "store/postgres/bulk.hpp"
#include "store/postgres/herald.hpp"
#include "store/postgres/migrate.hpp"
#include "store/postgres/reads.hpp"
#include "store/postgres/unit.hpp"
#include "support/secret.hpp"

namespace warmcall::store::pg {

namespace {

// Every statement of ours walks an index; the planner is kept from better ideas it may have of a
// table that has just begun to fill, from planning anew for each batch, and from compiling what
// takes a millisecond. A replica that
// stops in the middle of a transaction must not hold the others up for long: the server ends it.
// For this transaction only: the next may run in another session.
constexpr Sql settings_of_a_write =
    "SELECT set_config('statement_timeout', '15s', true), set_config('lock_timeout', '10s', true),"
    " set_config('idle_in_transaction_session_timeout', '5s', true),"
    " set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit')"
    "  IN ('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, true),"
    " set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true), set_config('enable_material', 'off', true),"
    " set_config('enable_bitmapscan', 'off', true), set_config('jit', 'off', true),"
    " set_config('plan_cache_mode', 'force_generic_plan', true)";

// Where something of a person stands.
constexpr std::array<std::string_view, 17> tables_of_people{
    "contact", "address",    "consent",     "suppression",   "contact_window", "outreach",
    "outbox",  "prompt",     "reply",       "event_log",     "alert",          "delivery",
    "parked",  "quarantine", "kept_answer", "person_of_day", "pair_pace"};

// In a range of its own among the locks of this database; unit_save.cpp has another.
std::int64_t lock_of(const std::string& id) {
    const auto hash = sha256(id);
    std::int64_t low = 0;
    for (std::size_t i = 0; i < 6; ++i)
        low = low << 8 | hash[i];
    return (std::int64_t{22338} << 48) + low;
}

class Writer {
 public:
    Writer(const std::string& url, const PostgresOptions& options)
        : db_{url},
          unit_{db_, options.lease_time},
          schema_{newest(options.migrations)},
          schema_look_gap_{options.schema_look_gap} {
        db_.connect();
        migrate(db_, options.migrations);
        refuse_half_a_copy();
        db_.ask("DELETE FROM gateway WHERE at < now() - interval '30 days'");
    }

    // The whole of it again when the server gave way to another transaction, or when the
    // connection broke before the commit: nothing of it is there then. When it broke at the commit,
    // the server is asked what became of it.
    void transact(const std::function<void(Unit&)>& work) {
        constexpr int tries_max = 5;
        for (int tries = 1;; ++tries) {
            try {
                connect();
                begin();
                look_at_schema();
                work(unit_);
                unit_.finish();
                if (commit()) {
                    unit_.committed();
                    has_news_ = unit_.has_news();
                    return;
                }
                if (tries == tries_max)
                    throw StoreUnavailable{"PostgreSQL goes away before each commit"};
            } catch (const Again& rolled_back) {
                roll_back();
                if (tries == tries_max)
                    throw Conflict{rolled_back.what()};
            } catch (const Lost&) {
                db_.drop();
                if (tries == tries_max)
                    throw;
            } catch (...) {
                roll_back();
                throw;
            }
        }
    }
    bool has_news() const { return has_news_; }  // of the last transaction

    // A VACUUM of what is not ours would be passed over with a warning only.
    bool may_vacuum() {
        db_.connect();
        Rows rows = db_.ask(
            "SELECT count(*) FROM pg_class WHERE relname = ANY($1) AND relkind IN ('r', 'p')"
            " AND relnamespace = ANY (SELECT to_regnamespace(quote_ident(n))::oid"
            "  FROM unnest(current_schemas(false)) n)"
            " AND NOT pg_has_role(relowner, 'USAGE')",
            column_of(std::vector<std::string>{tables_of_people.begin(), tables_of_people.end()}));
        std::int64_t others = 0;
        if (rows.next())
            rows.read(others);
        return others == 0;
    }

 private:
    using Clock = std::chrono::steady_clock;

    void connect() {
        if (!db_.connected())
            look_at_schema_at_ = {};
        db_.connect();
    }

    // Another replica may have brought one since that this build must not write to. Once it was
    // refused, each transaction looks.
    void look_at_schema() {
        const auto now = Clock::now();
        if (now < look_at_schema_at_)
            return;
        check_schema(db_, schema_);
        look_at_schema_at_ = now + schema_look_gap_;
    }

    // Under a lock of this gateway's own: a transaction of it whose connection was lost, and which
    // the server is still at, ends before the next begins.
    void begin() {
        db_.forget_queued();
        unit_.begin();
        db_.tell("BEGIN ISOLATION LEVEL READ COMMITTED");
        db_.tell(settings_of_a_write);
        db_.tell("SELECT pg_advisory_xact_lock($1)", lock_);
    }

    void refuse_half_a_copy() {
        Rows rows = db_.ask("SELECT source FROM store_copy WHERE finished_at IS NULL");
        std::string source;
        if (!rows.next())
            return;
        rows.read(source);
        throw StoreUnavailable{"this database holds half a copy of " + source +
                               ": run `warmcall store copy` again, it goes on where it stopped"};
    }

    // False: it was rolled back, and is to be done again.
    bool commit() {
        ++write_;
        if (unit_.wrote())
            db_.tell(
                "INSERT INTO gateway (id, last_write) VALUES ($1, $2)"
                " ON CONFLICT (id) DO UPDATE SET last_write = excluded.last_write, at = now()",
                id_, write_);
        try {  // in one round trip with what is still queued: nothing is done behind what failed
            if (!db_.ask("COMMIT").is("COMMIT"))
                throw Again{"the transaction had failed before its commit"};
            return true;
        } catch (const Lost&) {
            db_.drop();
            return !unit_.wrote() || committed();
        }
    }

    // What became of a transaction whose commit was not answered. The server may still be at it,
    // and then the lock is waited for.
    bool committed() {
        constexpr auto patience = std::chrono::seconds{15};
        constexpr auto step = std::chrono::milliseconds{100};
        const auto until = Clock::now() + patience;
        for (;;) {
            try {
                connect();
                begin();
                Rows rows = db_.ask("SELECT last_write FROM gateway WHERE id = $1", id_);
                std::int64_t last = 0;
                if (rows.next())
                    rows.read(last);
                roll_back();
                if (last == write_)
                    spdlog::info("store: a commit whose answer was lost is there");
                return last == write_;
            } catch (const Lost&) {
                db_.drop();
            } catch (const Again&) {
                roll_back();
            } catch (const StoreUnavailable&) {  // not there yet, or the lock is not to be had yet
                roll_back();
            }
            if (Clock::now() > until)
                throw StoreUnavailable{
                    "PostgreSQL went away in the middle of a commit and has not come back to say "
                    "what became of it"};
            std::this_thread::sleep_for(step);
        }
    }

    void roll_back() {
        db_.forget_queued();
        if (!db_.connected())
            return;
        try {
            db_.tell("ROLLBACK");
            db_.land();
        } catch (const std::exception&) {
            db_.drop();
        }
    }

    Connection db_;
    PostgresUnit unit_;
    bool has_news_ = false;
    const std::string id_ = random_token();  // of this process, in the table of gateways
    const std::int64_t lock_ = lock_of(id_);
    std::int64_t write_ = 0;
    const int schema_;  // the newest this build knows
    const std::chrono::milliseconds schema_look_gap_;
    Clock::time_point look_at_schema_at_{};
};

class PostgresStore final : public Store {
    // One committed state from the first row to the last.
    template <class Reading>
    auto read(const Reading& reading) {
        return apart([&](Connection& db) {
            db.tell("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            db.tell(
                "SELECT set_config('statement_timeout', '15s', true),"
                " set_config('idle_in_transaction_session_timeout', '5s', true),"
                " set_config('jit', 'off', true)");
            auto result = reading(db);
            db.tell("COMMIT");
            db.land();
            return result;
        });
    }

    // On the reading connection, whoever asks; they take turns. A connection that broke since it
    // was last used is made anew once.
    template <class Reading>
    auto apart(const Reading& reading) {
        const std::lock_guard turn{reader_turn_};
        for (int tries = 1;; ++tries) {
            try {
                reader_.connect();
                reader_.forget_queued();
                return reading(reader_);
            } catch (const Lost&) {
                reader_.drop();
                if (tries == 2)
                    throw;
            } catch (...) {
                end_reading();
                throw;
            }
        }
    }

    void end_reading() {
        reader_.forget_queued();
        if (!reader_.connected())
            return;
        try {
            reader_.tell("ROLLBACK");
            reader_.land();
        } catch (const std::exception&) {
            reader_.drop();
        }
    }

 public:
    PostgresStore(const std::string& url, const PostgresOptions& options)
        : url_{url}, name_{without_secrets(url)}, writer_{url, options}, reader_{url} {}

    void transact(const std::function<void(Unit&)>& work) override {
        writer_.transact(work);
        if (herald_ != nullptr && writer_.has_news())
            herald_->tell();
    }
    void on_news(std::function<void()> hint) override {
        herald_ = std::make_unique<Herald>(url_, std::move(hint));
    }
    std::string describe() const override { return name_; }
    void pause() override {  // said once, by who serves
        if (std::exchange(looked_, true))
            return;
        const bool safe = read([](Connection& db) {
            Rows rows = db.ask(
                "SELECT current_setting('fsync') = 'on'"
                " AND current_setting('full_page_writes') = 'on'");
            bool both = true;
            if (rows.next())
                rows.read(both);
            return both;
        });
        if (!safe)
            spdlog::warn(
                "PostgreSQL runs with fsync or full_page_writes off: what it confirms may be lost "
                "with the power");
    }

    // On a thread of its own: webhooks do not wait for it. Who is destroyed waits for it.
    std::string clean_up(CleanUp how) override {
        std::string left =
            "PostgreSQL keeps what was overwritten in its write-ahead log and in archives of it "
            "until they are recycled, and in free space of its files until something else stands "
            "there or VACUUM FULL was run.";
        if (!writer_.may_vacuum())
            return left +
                   " This role may not vacuum the tables: have their owner run VACUUM, or wait for "
                   "autovacuum.";
        vacuum_ = {};  // one at a time
        vacuum_ = std::jthread{[url = url_, full = how == CleanUp::all_anew] {
            try {
                Connection db{url};
                db.connect();
                for (const std::string_view table : tables_of_people)
                    db.script((full ? "VACUUM FULL " : "VACUUM ") + quoted_name(table));
            } catch (const std::exception& problem) {
                spdlog::warn("store: VACUUM after an erasure: {}", problem.what());
            }
        }};
        return left;
    }

    std::optional<core::Case> contact(core::ContactId id) override {
        return read([&](Connection& db) { return find_case(db, id); });
    }
    std::optional<core::ContactId> contact_by(const core::Address& address) override {
        return read([&](Connection& db) { return contacts_with(db, {&address, 1}).front(); });
    }
    std::optional<core::ContactId> contact_of(core::OutreachId id) override {
        return read([&](Connection& db) { return contact_of_outreach(db, id); });
    }
    std::optional<core::ContactId> contact_of(core::PromptId id) override {
        return read([&](Connection& db) { return contact_of_prompt(db, id); });
    }
    std::optional<core::Prompt> prompt(core::PromptId id) override {
        return read([&](Connection& db) { return find_prompt(db, id); });
    }
    std::optional<core::Outreach> last_outreach(core::ContactId id) override {
        return read([&](Connection& db) { return find_last_outreach(db, id); });
    }
    std::vector<core::ContactId> live(core::ContactId after, std::size_t limit) override {
        return read([&](Connection& db) { return find_live(db, after, limit); });
    }
    std::vector<core::Case> contacts(const ContactQuery& query) override {
        return read([&](Connection& db) { return find_contacts(db, query); });
    }
    std::vector<core::Case> queue(const QueueQuery& query) override {
        return read([&](Connection& db) { return find_queue(db, query); });
    }
    std::vector<core::Message> messages(core::ContactId id, std::size_t limit) override {
        return read([&](Connection& db) { return find_messages(db, id, limit); });
    }
    std::vector<ConversationRow> conversation(core::ContactId id, std::size_t limit) override {
        return read([&](Connection& db) { return find_conversation(db, id, limit); });
    }
    std::vector<TimelineRow> timeline(core::ContactId id, std::int64_t before,
                                      std::size_t limit) override {
        return read([&](Connection& db) { return find_timeline(db, id, before, limit); });
    }
    std::vector<TimelineRow> feed(std::int64_t after, std::size_t limit) override {
        return apart([&](Connection& db) { return find_feed(db, after, limit); });
    }
    std::int64_t feed_end() override {
        return apart([](Connection& db) { return find_feed_end(db); });
    }
    std::vector<TimelineRow> calls_logged(const core::RepId& rep, core::Timestamp since,
                                          std::size_t limit) override {
        return read([&](Connection& db) { return find_calls_logged(db, rep, since, limit); });
    }
    std::string setting(std::string_view key) override {
        return read([&](Connection& db) { return find_setting(db, key); });
    }
    std::map<std::string, std::string> settings_under(std::string_view prefix) override {
        return read([&](Connection& db) { return find_settings_under(db, prefix); });
    }
    std::vector<core::RepId> owners() override {
        return read([](Connection& db) { return find_owners(db); });
    }
    std::map<core::RepId, RepState> rep_states() override {
        return read([](Connection& db) { return find_rep_states(db); });
    }
    std::vector<StoredTemplate> templates() override {
        return read([](Connection& db) { return find_templates(db); });
    }
    std::vector<ApiToken> tokens() override {
        return read([](Connection& db) { return find_tokens(db); });
    }
    std::optional<ApiToken> token(std::string_view hash) override {
        return read([&](Connection& db) { return find_token(db, hash); });
    }
    std::optional<Session> session(std::string_view hash) override {
        return read([&](Connection& db) { return find_session(db, hash); });
    }
    std::vector<Session> sessions(const core::RepId& rep) override {
        return read([&](Connection& db) { return find_sessions(db, rep); });
    }
    std::vector<StoredDevice> devices(const core::RepId& rep) override {
        return read([&](Connection& db) { return find_devices(db, rep); });
    }
    StoreCounts counts() override {
        return read([](Connection& db) { return find_counts(db); });
    }
    std::optional<core::Timestamp> next_due() override {
        return read([](Connection& db) { return find_next_due(db); });
    }

 private:
    std::string url_, name_;
    Writer writer_;
    Connection reader_;
    bool looked_ = false;
    std::mutex reader_turn_;  // more than one thread may read
    std::unique_ptr<Herald> herald_;
    std::jthread vacuum_;
};

}  // namespace

}  // namespace warmcall::store::pg

namespace warmcall {

std::unique_ptr<Store> open_postgres(const std::string& url, const PostgresOptions& options) {
    return std::make_unique<store::pg::PostgresStore>(url, options);
}

}  // namespace warmcall
