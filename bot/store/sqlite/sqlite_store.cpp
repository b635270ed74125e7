#include "store/sqlite/sqlite_store.hpp"

#include <mutex>
#include <utility>

#include "store/sqlite/checkpoints.hpp"
#include "store/sqlite/migrate.hpp"
#include "store/sqlite/reads.hpp"
#include "store/sqlite/sole_use.hpp"
#include "store/sqlite/unit.hpp"
#include "store/sqlite/wal_file.hpp"

namespace warmcall::store {

namespace {

class Writer {
 public:
    Writer(const std::string& path, const SqliteOptions& options)
        : alone_{path}, db_{path, Role::writer} {
        migrate(db_, options.migrations);
        db_.settle_to_write();
        if (!db_.in_memory())
            checkpoints_.emplace(db_);
        if (!options.even_if_set_aside)
            refuse_if_set_aside();
        if (options.pages_max > 0)
            db_.run(("PRAGMA max_page_count = " + std::to_string(options.pages_max)).c_str());
    }

    Connection& connection() { return db_; }

    void transact(const std::function<void(Unit&)>& work) {
        if (!broken_.empty())
            throw MustRestart{broken_};
        try {
            if (checkpoints_)
                checkpoints_->check();
            db_.sql("BEGIN IMMEDIATE").run();
            unit_.begin();
            work(unit_);
            unit_.finish();
            db_.sql("COMMIT").run();
            unit_.committed();
        } catch (const MustRestart& e) {
            broken_ = e.what();
            roll_back();
            throw;
        } catch (...) {
            roll_back();
            throw;
        }
        if (checkpoints_)
            checkpoints_->after_commit();
    }

    std::string clean_up(Store::CleanUp how) {
        if (!broken_.empty())
            throw MustRestart{broken_};
        // What the search took out is marked as gone, and stands there until its parts are merged.
        db_.run("INSERT INTO contact_search (contact_search) VALUES ('optimize')");
        if (how == Store::CleanUp::all_anew) {
            db_.run("VACUUM");
            db_.sql("DELETE FROM setting WHERE key = ?").run(pages_of_old_setting);
        }
        constexpr std::chrono::milliseconds patience{250};  // webhooks wait meanwhile
        std::string left;
        if (!find_setting(db_, pages_of_old_setting).empty())
            left =
                "An older warmcall has written this database, and left bytes in it that nothing "
                "stands in any more: clean it once, with warmcall stopped: warmcall erase --vacuum.";
        if (checkpoints_ && !checkpoints_->cut(patience))
            left += std::string{left.empty() ? "" : " "} +
                    "Somebody is reading the database: as soon as they have ended, the last copies "
                    "go from " +
                    db_.path() + "-wal.";
        return left;
    }

    Checkpoints* checkpoints() {
        return checkpoints_ && broken_.empty() ? &*checkpoints_ : nullptr;
    }

 private:
    void refuse_if_set_aside() {
        if (!find_setting(db_, backup_of_setting).empty())
            throw StoreUnavailable{
                db_.path() +
                " is a backup that was not put back yet: what was sent since it was made is not in it, and would be "
                "sent twice. Put it back with: warmcall restore"};
        const std::string to = find_setting(db_, copied_to_setting);
        if (to.empty())
            return;
        const std::string name = "sqlite:" + db_.path();
        throw StoreUnavailable{
            name + " was copied to " + to.substr(to.find(' ') + 1) +
            ": serve from there, or everything would be sent twice. If that copy "
            "is not to be used: warmcall store copy --from " +
            name + " --give-up"};
    }

    void roll_back() {
        if (sqlite3_get_autocommit(db_.handle()) == 0)  // SQLite itself rolls back on some errors
            sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        forget_unwritten(db_.handle());
    }

    SoleUse alone_;
    Connection db_;
    SqliteUnit unit_{db_};
    std::optional<Checkpoints> checkpoints_;  // none in memory
    std::string broken_;                      // why nothing more is written until a restart
};

class SqliteStore final : public Store {
    // One committed state from the first row to the last. In memory, inside transact(), it is the
    // transaction's own.
    template <class Reading>
    auto read(const Reading& reading) {
        const std::lock_guard turn{reader_turn_};
        Connection& db = reader_ != nullptr ? *reader_ : writer_->connection();
        const ReadTransaction snapshot{db};
        return reading(db);
    }

    // In memory there is one connection, and whoever wants it waits; on disk nobody waits for the
    // writer.
    std::unique_lock<std::recursive_mutex> writer_turn() {
        return reader_ != nullptr ? std::unique_lock<std::recursive_mutex>{}
                                  : std::unique_lock{reader_turn_};
    }

 public:
    SqliteStore(const std::string& path, const SqliteOptions& options) : path_{path} {
        if (options.access == SqliteOptions::Access::write)
            writer_ = std::make_unique<Writer>(path, options);
        if (path != ":memory:")
            reader_ = std::make_unique<Connection>(path, Role::reader);
        else if (writer_ == nullptr)
            throw StoreUnavailable{"a database in memory cannot be opened only to be read"};
        if (writer_ == nullptr)
            check_schema(*reader_, options.migrations);
    }

    void transact(const std::function<void(Unit&)>& work) override {
        if (writer_ == nullptr)
            throw StoreUnavailable{path_ + " was opened to be read only"};
        const auto turn = writer_turn();
        writer_->transact(work);
    }

    std::string describe() const override { return "sqlite:" + path_; }

    void pause() override {
        if (writer_ != nullptr && writer_->checkpoints() != nullptr)
            writer_->checkpoints()->pause();
    }
    void idle() override {
        if (writer_ != nullptr && writer_->checkpoints() != nullptr)
            writer_->checkpoints()->idle();
    }

    std::string clean_up(CleanUp how) override {
        if (writer_ == nullptr)
            throw StoreUnavailable{path_ + " was opened to be read only"};
        const auto turn = writer_turn();
        return writer_->clean_up(how);
    }

    std::optional<core::Case> contact(core::ContactId id) override {
        return read([&](Connection& db) { return read_case(db, id); });
    }
    std::optional<core::ContactId> contact_by(const core::Address& address) override {
        return read([&](Connection& db) { return contact_with(db, address); });
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
        return read([&](Connection& db) { return find_feed(db, after, limit); });
    }
    std::int64_t feed_end() override {
        return read(
            [](Connection& db) { return db.number("SELECT coalesce(max(id), 0) FROM event_log"); });
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
    std::string path_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<Connection> reader_;
    std::recursive_mutex reader_turn_;  // more than one thread may read; they take turns
};

}  // namespace

}  // namespace warmcall::store

namespace warmcall {

std::unique_ptr<Store> open_sqlite(const std::string& path, const SqliteOptions& options) {
    return std::make_unique<store::SqliteStore>(path, options);
}

}  // namespace warmcall
