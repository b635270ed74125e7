#pragma once
// The writing side: every statement that changes something, on the one writing connection. A file
// for each subject: unit_inbox, unit_contacts, unit_erase, unit_cases, unit_due, unit_alerts,
// unit_rest.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ports/store.hpp"
#include "store/erasure.hpp"
#include "store/sqlite/case_cache.hpp"
#include "store/sqlite/rows.hpp"

namespace warmcall::store {

class SqliteUnit final : public Unit {
 public:
    explicit SqliteUnit(Connection& db) : db_{db} {}

    void begin();      // forgets what a transaction that was rolled back had counted and changed
    void finish();     // writes the tallies, before the commit
    void committed();  // what this transaction changed is what is stored

    std::vector<std::int64_t> keep(std::span<const RawDelivery> deliveries) override;
    std::vector<bool> accept(std::span<const InboxRow> rows, core::Timestamp now) override;
    std::vector<bool> accepted(std::span<const std::string> keys) override;
    void quarantine(std::int64_t delivery, std::string_view reason, core::Timestamp now) override;
    void count_ignored(std::string_view what, std::int64_t n) override;
    std::size_t drop_inbox(core::Timestamp older_than, std::size_t limit) override;

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

 private:
    struct Saving;  // one Change on its way into the tables
    enum class Alias { no, yes };

    Query& sql(Sql statement) { return db_.sql(statement); }
    void tally(std::string_view kind, std::string_view word, std::int64_t n);
    void note(core::ContactId contact, core::Timestamp at, std::string_view actor,
              std::string_view what, std::string_view text);

    void settle_alert(const AlertOutcome& outcome, core::Timestamp now);
    void tell_next_device(std::int64_t origin, core::Timestamp now);
    void drop_later_devices(std::int64_t origin);

    std::optional<core::ContactId> holder_of_any(const NewContact& n);
    core::ContactId add_contact(const NewContact& n, core::Timestamp now);
    int next_position(core::ContactId contact);
    bool place_address(core::ContactId contact, const core::Address& address, int position,
                       Alias alias);  // false: another contact's
    void note_shared_address(core::ContactId contact, core::Timestamp now);
    void make_searchable(core::ContactId contact);
    void end_searchable(core::ContactId contact);
    void add_consent(core::ContactId contact, const std::optional<core::Consent>& consent,
                     core::Timestamp now);
    void add_suppression(core::ContactId contact, const core::Suppression& s);
    void count_suppressions(core::ContactId contact);
    void write_windows(core::ContactId contact, const std::vector<core::Window>& windows);
    void save_contact(const core::Contact& before, const core::Contact& after,
                      std::optional<std::int64_t> last_reply, core::Timestamp now);
    void save_searched(const core::Contact& before, const core::Contact& after,
                       core::Timestamp now);
    void save_addresses(const core::Contact& before, const core::Contact& after,
                        core::Timestamp now);
    void save_suppressions(const core::Contact& before, const core::Contact& after);

    std::vector<core::ContactId> records_of(core::ContactId contact);
    void suppress_if_erased(core::ContactId contact, std::span<const core::Address> addresses,
                            core::Timestamp now);
    void remember_erased(std::span<const core::Address> addresses, core::Timestamp now);
    void erase_record(core::ContactId contact, core::Timestamp now);
    std::int64_t erase_messages(core::ContactId contact);
    std::int64_t erase_words(core::ContactId contact);
    void erase_alerts(core::ContactId contact);
    std::int64_t erase_lines(core::ContactId contact);
    std::int64_t empty_deliveries(const Traces& traces);
    void drop_parked_with(const Traces& traces);
    void empty_answers(const Traces& traces);

    void close_as_merged(const core::Case& gone, core::Timestamp now);
    void move_outreaches(core::ContactId from, core::ContactId into);
    void merge_suppressions(const core::Contact& from, const core::Contact& into);
    void merge_windows(const core::Contact& from, const core::Contact& into);
    void merge_replies(core::ContactId from, core::ContactId into);
    void merge_consent(core::ContactId from, core::ContactId into);

    void save_one(const Change& change, core::Timestamp now);
    void save_outreach(Saving& saving);
    void insert_outreach(Saving& saving);
    void update_outreach(Saving& saving);
    void link_outreach(const Saving& saving);
    void wake_outreach(core::OutreachId outreach, core::Timestamp at, core::Timestamp now);
    void touch_outreach(const Saving& saving);
    void save_prompt(Saving& saving);
    void insert_prompt(Saving& saving, const core::Prompt& prompt);
    void update_prompt(const core::Prompt& before, const core::Prompt& after);
    void close_prompt(core::PromptId prompt);
    void save_messages(Saving& saving);
    core::MessageId insert_message(const core::Message& message);
    core::Facts update_message(const core::Message& before, const core::Message& after);
    void remember(const Saving& saving);
    void remember_claim(core::ContactId contact, core::MessageId message, core::Timestamp now);
    std::int64_t update_progress(const core::Message& before, const core::Message& after,
                                 const core::Facts& facts);
    core::Facts stored_facts(core::ContactId contact, core::MessageId id);
    void record(Saving& saving, const core::Noted& noted);
    void record(Saving& saving, const core::KeepWords& kept);
    void record(Saving&, const core::TellRep&) {}  // tell()
    void tell(const Saving& saving, const core::TellRep& tell);

    Connection& db_;
    CaseCache cases_;
    std::map<std::pair<std::string_view, std::string>, std::int64_t> tallies_;
};

}  // namespace warmcall::store
