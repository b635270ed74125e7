#pragma once
// The writing side: every statement that changes something, on the writing connection. What gives
// nothing back is queued and goes out with the next question or the commit. A file for each
// subject: unit_inbox, unit_contacts, unit_save, unit_merge, unit_erase, unit_due, unit_alerts,
// unit_rest.

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "ports/store.hpp"
#include "store/erasure.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/postgres/rows.hpp"
#include "store/postgres/shared_counts.hpp"

namespace warmcall::store::pg {

class Saving;

// The database's own clock, in milliseconds.
#define WARMCALL_PG_NOW "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

class PostgresUnit final : public Unit {
 public:
    PostgresUnit(Connection& db, LeaseTime lease_time)
        : db_{db}, lease_time_{lease_time}, shared_{db, lease_time} {}

    void begin();      // forgets what a transaction that was rolled back had counted
    void finish();     // queues the tallies, before the commit
    void committed();  // what it was given is its own
    bool wrote() const { return wrote_; }
    bool has_news() const { return watched_; }  // lines of the timeline

    std::vector<std::int64_t> keep(std::span<const RawDelivery> deliveries) override;
    std::vector<bool> accept(std::span<const InboxRow> rows, core::Timestamp now) override;
    std::vector<bool> accepted(std::span<const std::string> keys) override;
    void quarantine(std::int64_t delivery, std::string_view reason, core::Timestamp now) override;
    void count_ignored(std::string_view what, std::int64_t n) override;
    std::size_t drop_inbox(core::Timestamp older_than, std::size_t limit) override;

    void look_ahead(std::span<const Token> tokens,
                    std::span<const core::Address> addresses) override;
    std::vector<std::optional<core::ContactId>> contacts_by(
        std::span<const core::Address> addresses) override;
    std::vector<std::optional<MessageRef>> messages_by(std::span<const Token> tokens) override;
    std::vector<std::optional<MessageRef>> messages_by(
        const core::ChannelId& channel, std::span<const std::string> provider_ids) override;
    void park(std::span<const ParkedReceipt> receipts) override;
    std::vector<ParkedReceipt> unpark(const core::ChannelId& channel,
                                      std::string_view provider_id) override;
    std::size_t drop_parked(core::Timestamp older_than) override;

    std::vector<SharedCase> load(std::span<const Wanted> wanted) override;
    void save(std::span<const Change> changes, core::Timestamp now) override;
    std::vector<Added> add_contacts(std::span<const NewContact> contacts,
                                    core::Timestamp now) override;
    void add_addresses(core::ContactId contact, std::span<const core::Address> addresses,
                       core::Timestamp now) override;
    void merge_contacts(core::ContactId from, core::ContactId into, core::Timestamp now) override;
    Erased erase(core::ContactId contact, std::span<const core::Address> known_as,
                 std::string_view actor, core::Timestamp now) override;
    std::vector<bool> erased(std::span<const core::Address> addresses) override;
    void empty(std::span<const std::int64_t> deliveries) override;

    std::vector<core::ContactId> due(core::Timestamp now, std::size_t limit) override;
    std::vector<MessageRef> due_messages(core::Timestamp now, std::span<const Room> rooms) override;
    std::size_t waiting(const core::ChannelId& channel, core::Timestamp now,
                        std::size_t limit) override;
    std::vector<WrittenTo> written_to(std::span<const core::ChannelId> channels,
                                      core::Timestamp since, std::size_t most) override;
    void claim(std::span<const Claim> claims, core::Timestamp now) override;
    std::vector<MessageRef> lapsed(core::Timestamp now, std::size_t limit) override;
    std::vector<MessageRef> unsettled(const core::ChannelId& channel, core::Timestamp since,
                                      std::size_t limit) override;
    std::optional<Claim> claim_of(core::MessageId message) override;

    std::vector<Alert> claim_alerts(core::Timestamp now, core::Duration lease,
                                    std::span<const Token> tokens) override;
    void settle_alerts(std::span<const AlertOutcome> outcomes, core::Timestamp now) override;
    std::vector<Alert> alerts_by(const core::ChannelId& channel,
                                 std::string_view provider_id) override;
    void drop_alerts(core::PromptId prompt) override;
    void rep_wrote(const core::RepId& rep, const core::ChannelId& channel,
                   core::Timestamp window_until) override;
    void split_alert(const Alert& alert, std::span<const AlertPart> parts,
                     core::Timestamp now) override;
    void tell_rep(const RepNotice& notice, core::Timestamp now) override;
    std::optional<Alert> last_alert(const core::RepId& rep) override;
    std::int64_t add_device(const StoredDevice& device) override;
    bool remove_device(std::int64_t id) override;
    void note_device(std::int64_t id, std::string_view problem, core::Timestamp now) override;
    std::vector<StoredDevice> devices(const core::RepId& rep) override;

    void note_template(const StoredTemplate& t) override;
    void note_account(const core::ChannelId& channel, std::string_view what,
                      core::Timestamp now) override;
    std::string setting(std::string_view key) override;
    void set_setting(std::string_view key, std::string_view value) override;
    void add_token(const ApiToken& token) override;
    bool revoke_token(std::string_view name, core::Timestamp now) override;
    void add_session(const Session& session) override;
    void touch_session(std::string_view hash, core::Timestamp now) override;
    void end_session(std::string_view hash) override;
    void add_link(std::string_view hash, const core::RepId& rep,
                  core::Timestamp expires_at) override;
    std::optional<core::RepId> use_link(std::string_view hash, core::Timestamp now) override;
    std::optional<KeptAnswer> kept_answer(std::string_view key) override;
    void keep_answer(std::string_view key, const KeptAnswer& answer, core::Timestamp now) override;
    void drop_answers(core::Timestamp now) override;
    void set_rep_away(const core::RepId& rep, std::optional<core::Timestamp> until) override;
    Shared* shared() override { return &shared_; }

 private:
    friend class Saving;  // the changes of one save(), statement by statement

    // Queues a statement that changes something.
    template <class... Values>
    void put(Sql statement, const Values&... values) {
        wrote_ = true;
        db_.tell(statement, values...);
    }
    // The same, where there may be no rows to change.
    void put_rows(Sql statement, const Many& rows) {
        if (!rows.empty())
            put(statement, rows);
    }
    // `statement` is a WARMCALL_PG_EXACTLY; behind the columns comes how many rows there are.
    void put_exactly(const char* otherwise, Sql statement, const Many& rows) {
        if (rows.empty())
            return;
        wrote_ = true;
        db_.tell_exactly(otherwise, statement, rows, rows.size());
    }
    template <class... Values>
    Rows put_and_ask(Sql statement, const Values&... values) {
        wrote_ = true;
        return db_.ask(statement, values...);
    }

    void tally(std::string_view kind, std::string_view word, std::int64_t n);
    void lock(std::span<const core::ContactId> contacts);
    void watch_feed();  // before a line is added to the timeline
    std::vector<std::int64_t> numbers(Sql next_of, std::size_t n);
    std::vector<std::int64_t> numbers_in_stock(Sql next_of, std::size_t n);

    using AddressRow = std::tuple<core::ContactId, int, bool>;  // whose, position, alias
    void place_addresses(const std::map<core::Address, AddressRow>& rows, core::Timestamp now);
    void add_consents(const Many& rows);
    void count_parts(const std::set<core::ContactId>& contacts);  // suppressions and windows
    void drop_alerts_of(const std::vector<core::PromptId>& prompts);
    void tell_next_device(std::int64_t origin, core::Timestamp now);
    void drop_later_devices(std::int64_t origin);
    std::vector<core::ContactId> records_of(core::ContactId contact);
    void erase_what_came_in(const Traces& traces, Erased& erased);
    void empty_answers(const Traces& traces);
    void erase_messages(core::ContactId contact, std::span<const core::ContactId> records,
                        Erased& erased);
    void erase_records(core::ContactId contact, std::span<const core::ContactId> records,
                       core::Timestamp now, Erased& erased);
    void remember_erased(std::span<const core::Address> addresses, core::Timestamp now);
    void suppress_as_erased(const std::set<core::ContactId>& contacts, core::Timestamp now);
    void suppress_if_erased(const std::map<core::Address, core::ContactId>& lines,
                            core::Timestamp now);
    void merge_parts(const core::Contact& from, const core::Contact& into);
    void close_as_merged(const core::Case& gone, core::Timestamp now);

    // What was asked ahead, each once, and where its answer will be; the next question takes it.
    template <class Key>
    struct Ahead {
        std::map<Key, std::size_t> number;
        Connection::Ticket answer;
    };
    template <class Key, class Ask>
    void ahead(Ahead<Key>& kept, std::span<const Key> keys, Ask ask) {
        kept = {};
        std::vector<Key> once;
        for (const Key& key : keys) {
            if (kept.number.try_emplace(key, once.size()).second)
                once.push_back(key);
        }
        if (!once.empty())
            kept.answer = ask(db_, once);
    }
    template <class Key, class Ask, class Take>
    auto find(std::span<const Key> keys, Ahead<Key>& kept, Ask ask, Take take) {
        const Ahead<Key> known = std::exchange(kept, {});
        if (keys.empty())
            return take(Rows{}, 0);
        if (!std::ranges::all_of(keys, [&](const Key& k) { return known.number.contains(k); }))
            return take(db_.take(ask(db_, keys)), keys.size());
        const auto all = take(db_.take(known.answer), known.number.size());
        auto found = take(Rows{}, 0);
        for (const Key& key : keys)
            found.push_back(all[known.number.at(key)]);
        return found;
    }

    core::Timestamp database_now();  // by its own clock

    Connection& db_;
    LeaseTime lease_time_;
    SharedCounts shared_;
    bool wrote_ = false;
    bool watched_ = false;  // the feed knows that lines of ours are on their way
    std::map<std::pair<std::string, std::string>, std::int64_t> tallies_;
    bool committed_ = false;  // the last transaction was
    std::map<const char*, std::deque<std::int64_t>> stock_;
    Ahead<Token> messages_ahead_;
    Ahead<core::Address> people_ahead_;
};

}  // namespace warmcall::store::pg
