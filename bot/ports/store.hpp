#pragma once
// Storage, as the engine and the web need it. Everything that changes goes through one Unit: a
// transaction over a batch. Whatever a store is made of, it passes tests/store/conformance.hpp.
// `now` is always a parameter.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/decide.hpp"
#include "core/outreach.hpp"
#include "ports/provider.hpp"
#include "ports/shared.hpp"

namespace warmcall {

// Somebody else changed the row since it was read: read again, decide again.
struct Conflict : std::runtime_error {
    using std::runtime_error::runtime_error;
};
// The disk is full, the database is gone: nothing can be written now. Answer 503.
struct StoreUnavailable : std::runtime_error {
    using std::runtime_error::runtime_error;
};
// The disk did not keep what was written (a failed sync): nothing works until the process starts
// again.
struct MustRestart : StoreUnavailable {
    using StoreUnavailable::StoreUnavailable;
};

struct RawDelivery {  // one webhook POST as it came
    core::ChannelId channel;
    core::Timestamp received_at{};
    std::string body;
};

struct InboxRow {
    std::string key;            // Inbound::key
    std::int64_t delivery = 0;  // the raw delivery it came in
};

struct MessageRef {
    core::MessageId message;
    core::ContactId contact;
    core::OutreachId outreach;
    int round = 0;
};

// A receipt whose message is not known yet; joined when the id turns up, dropped after 7 days.
struct ParkedReceipt {
    core::ChannelId channel;
    std::string provider_id;
    core::Facts facts;
    core::Timestamp parked_at{};
};

struct Wanted {
    core::ContactId contact;
    std::optional<core::MessageId> message;  // to be in Case::messages although its round is over
};

// As it was at one moment: whoever has it may keep it, and nobody changes it.
using SharedCase = std::shared_ptr<const core::Case>;

struct Change {
    const core::Case* before = nullptr;
    const core::Case* after = nullptr;
    std::span<const core::Effect> effects;
    std::string_view actor;  // "warmcall", "provider", or a rep's id: for the timeline
};

// How many messages a channel may send at this moment.
struct Room {
    core::ChannelId channel;
    std::size_t messages = 0;
};

// In which messages of one channel leave: who is in a conversation does not wait for those who are
// not yet.
inline constexpr std::array sending_order{
    core::MessageKind::stop_confirmation, core::MessageKind::conversation,
    core::MessageKind::call_me_back, core::MessageKind::wellbeing};

// Somebody who was written to outside of their window.
struct WrittenTo {
    core::Address to;
    core::Timestamp at{};  // last
};

struct Claim {
    core::MessageId message;
    Token token{};
    core::Timestamp lease_until{};
    std::string text;  // as rendered: our record of what they read
};

// What goes to a rep's phone. In doubt it is sent again; its tag collapses doubles.
struct Alert {
    std::int64_t id = 0;
    core::RepId rep;
    core::ContactId contact;
    core::PromptId prompt;        // none: a notice
    std::string text;             // of a notice
    int tries = 0;                // claims so far, this one included
    bool needs_template = false;  // the provider said the rep's window is closed
    Token token{};
    std::string provider_id;
    std::string device;       // empty: says whom to tell, and is still to be split by device
    std::int64_t origin = 0;  // of a part: the alert it was split from
    bool take_back = false;   // the prompt is dealt with: off the device's screen with it
};

struct AlertPart {
    std::string device;
    core::Timestamp due_at{};
};

struct AlertOutcome {
    std::int64_t id = 0;
    bool done = false;                        // accepted, or given up
    bool failed = false;                      // given up: the next device is told at once
    bool not_tried = false;                   // put back as it was: this claim does not count
    bool can_take_back = false;               // accepted, and may be taken off the screen again
    std::optional<core::Timestamp> again_at;  // else when to try again
    bool needs_template = false;
    std::string provider_id;
    std::string problem;           // the provider's sentence, shown to the rep
    std::optional<Token> claim{};  // of a send: it counts as long as nobody else claimed the alert
};

// One sentence to a rep that goes with no prompt.
struct RepNotice {
    core::RepId rep;
    core::ContactId contact;
    std::string text;
    std::string device;  // "" : by the rep's ladder
};

// A device that signed up by itself: a browser with Web Push.
struct StoredDevice {
    std::int64_t id = 0;
    core::RepId rep;
    std::string way;      // a word of the notifiers' registry
    std::string name;     // "Firefox on Android"
    std::string address;  // where it is told: unique in the installation
    std::string keys;     // as its way keeps them
    core::Timestamp created_at{}, seen_at{};
    std::optional<core::Timestamp> told_at;
    std::string problem;  // of the last try, a sentence for the rep; "" when it went well
};

struct NewContact {
    core::Contact contact;
    std::vector<core::Address> aliases;  // the same line written otherwise
};
struct Added {
    core::ContactId id;  // of the new contact, or of the one that has the address already
    bool conflict = false;
};

// What was erased of a person.
struct Erased {
    core::ContactId contact;               // the record that stays, empty; none: nobody was there
    std::vector<core::Address> addresses;  // for who keeps some in memory
    std::int64_t records = 0;              // of theirs, those that were merged included
    std::int64_t messages = 0, replies = 0, lines = 0, deliveries = 0;
};

struct StoredTemplate {
    std::string provider_name;
    std::string language;  // with "_"
    core::TemplateStatus status = core::TemplateStatus::unknown;
    std::string category, quality, reason;
    core::Timestamp at{};
};

struct ApiToken {
    std::int64_t id = 0;
    std::string name;
    std::string hash;  // SHA-256 hex of the token
    core::RepId rep;   // none: the whole installation
    core::Timestamp created_at{};
    std::optional<core::Timestamp> last_used_at, revoked_at;
};

struct Session {
    std::string hash;
    core::RepId rep;
    core::Timestamp created_at{}, seen_at{}, expires_at{};
    std::string device;  // "Firefox on Android"
};

struct KeptAnswer {  // of a POST with an Idempotency-Key, for 24 hours
    std::string request_hash;
    int status = 0;
    std::string body;
};

// One transaction. Methods take spans so that a remote store can do each in one statement.
class Unit {
 public:
    virtual ~Unit() = default;

    // -- the inbox
    virtual std::vector<std::int64_t> keep(std::span<const RawDelivery> deliveries) = 0;
    virtual std::vector<bool> accept(
        std::span<const InboxRow> rows,
        core::Timestamp now) = 0;  // true: not seen before (also within the span)
    virtual std::vector<bool> accepted(std::span<const std::string> keys) = 0;  // were they before
    virtual void quarantine(std::int64_t delivery, std::string_view reason,
                            core::Timestamp now) = 0;
    virtual void count_ignored(std::string_view what, std::int64_t n) = 0;
    // Forgets raw deliveries older than this, and the keys that came in them; at most about `limit`
    // of each. As many as `limit`: there may be more. Never younger than 30 days: a replay must not
    // count again.
    virtual std::size_t drop_inbox(core::Timestamp older_than, std::size_t limit) = 0;

    // -- whose is it
    // What the next messages_by() and contacts_by() will ask, or a part of them: a store that is
    // far away finds it on the way of accept().
    virtual void look_ahead(std::span<const Token> /*tokens*/,
                            std::span<const core::Address> /*addresses*/) {}
    virtual std::vector<std::optional<core::ContactId>> contacts_by(
        std::span<const core::Address> addresses) = 0;  // aliases count
    virtual std::vector<std::optional<MessageRef>> messages_by(std::span<const Token> tokens) = 0;
    virtual std::vector<std::optional<MessageRef>> messages_by(
        const core::ChannelId& channel, std::span<const std::string> provider_ids) = 0;
    virtual void park(std::span<const ParkedReceipt> receipts) = 0;
    virtual std::vector<ParkedReceipt> unpark(const core::ChannelId& channel,
                                              std::string_view provider_id) = 0;  // taken out
    virtual std::size_t drop_parked(core::Timestamp older_than) = 0;

    // -- the cases
    virtual std::vector<SharedCase> load(
        std::span<const Wanted> wanted) = 0;  // in order; a missing contact throws
    // Writes what differs, numbers what is new, appends the timeline. Throws Conflict when a
    // version has moved.
    virtual void save(std::span<const Change> changes, core::Timestamp now) = 0;
    virtual std::vector<Added> add_contacts(std::span<const NewContact> contacts,
                                            core::Timestamp now) = 0;
    virtual void add_addresses(core::ContactId contact, std::span<const core::Address> addresses,
                               core::Timestamp now) = 0;
    // Moves addresses, history and the stricter of both records' suppressions and consent to
    // `into`.
    virtual void merge_contacts(core::ContactId from, core::ContactId into,
                                core::Timestamp now) = 0;

    // Empties whatever says who the contact is, or what was said: names, addresses, words and
    // texts, the provider's ids, and the body of each raw delivery that betrays one of `known_as`
    // or of their addresses. The record stays with its number, dates and counts, so do what
    // happened when (without words) and the proof of consent; and a hash of each address, by which
    // whoever is added with it later is suppressed at once. What is queued is cancelled; an
    // outreach under way must have been ended before, by the method's own event. Without a contact
    // only deliveries are emptied. Not before Store::clean_up() is it gone from the files as well.
    virtual Erased erase(core::ContactId contact, std::span<const core::Address> known_as,
                         std::string_view actor, core::Timestamp now) = 0;
    // Which of these somebody had who was erased.
    virtual std::vector<bool> erased(std::span<const core::Address> addresses) = 0;
    // Empties raw deliveries; their rows stay, and with them the keys that came in them.
    virtual void empty(std::span<const std::int64_t> deliveries) = 0;

    // -- what is due
    virtual std::vector<core::ContactId> due(
        core::Timestamp now,
        std::size_t limit) = 0;  // live outreaches with wake_at <= now, earliest first
    // Queued, not_before <= now, of each channel as many as there is room for, in sending_order,
    // each kind the oldest first.
    virtual std::vector<MessageRef> due_messages(core::Timestamp now,
                                                 std::span<const Room> rooms) = 0;
    // How many well-being texts are due on the channel; counts to `limit` at the most.
    virtual std::size_t waiting(const core::ChannelId& channel, core::Timestamp now,
                                std::size_t limit) = 0;
    // Whom a template went to on these channels since then, each with the last time; earliest
    // first, and of more than `most` the latest. Reads what was queued in the two days before
    // `since` as well: for the start only.
    virtual std::vector<WrittenTo> written_to(std::span<const core::ChannelId> channels,
                                              core::Timestamp since, std::size_t most) = 0;
    virtual void claim(std::span<const Claim> claims,
                       core::Timestamp now) = 0;  // queued -> claimed, or throws Conflict
    virtual std::vector<MessageRef> lapsed(
        core::Timestamp now, std::size_t limit) = 0;  // claimed, and the lease ran out
    // Claimed since then, and nobody can tell whether they went out; earliest first.
    virtual std::vector<MessageRef> unsettled(const core::ChannelId& channel, core::Timestamp since,
                                              std::size_t limit) = 0;
    virtual std::optional<Claim> claim_of(core::MessageId message) = 0;

    // -- the reps' phones
    virtual std::vector<Alert> claim_alerts(
        core::Timestamp now, core::Duration lease,
        std::span<const Token> tokens) = 0;  // at most tokens.size()
    virtual void settle_alerts(std::span<const AlertOutcome> outcomes, core::Timestamp now) = 0;
    // What went out as that message of the provider's, by id: one, or all that a digest told.
    virtual std::vector<Alert> alerts_by(const core::ChannelId& channel,
                                         std::string_view provider_id) = 0;
    virtual void drop_alerts(
        core::PromptId prompt) = 0;  // acknowledged, or closed: nothing more to tell
    virtual void rep_wrote(const core::RepId& rep, const core::ChannelId& channel,
                           core::Timestamp window_until) = 0;
    // Splits an alert without a device: it is done, each part waits for its own time. A part that
    // is there already, from an earlier telling of the same step, is told again.
    virtual void split_alert(const Alert& alert, std::span<const AlertPart> parts,
                             core::Timestamp now) = 0;
    virtual void tell_rep(const RepNotice& notice, core::Timestamp now) = 0;
    // The last prompt that went to this rep as a message of a provider: what a "1" answers.
    virtual std::optional<Alert> last_alert(const core::RepId& rep) = 0;
    // New, or the same address again with fresh keys, and then perhaps another rep's; its id.
    virtual std::int64_t add_device(const StoredDevice& device) = 0;
    virtual bool remove_device(std::int64_t id) = 0;  // false: there is none
    virtual void note_device(std::int64_t id, std::string_view problem, core::Timestamp now) = 0;
    virtual std::vector<StoredDevice> devices(const core::RepId& rep) = 0;  // by id

    // -- the rest
    virtual void note_template(const StoredTemplate& t) = 0;
    virtual void note_account(const core::ChannelId& channel, std::string_view what,
                              core::Timestamp now) = 0;
    virtual std::string setting(std::string_view key) = 0;  // "" when there is none
    virtual void set_setting(std::string_view key, std::string_view value) = 0;
    virtual void add_token(const ApiToken& token) = 0;
    virtual bool revoke_token(std::string_view name, core::Timestamp now) = 0;
    virtual void add_session(const Session& session) = 0;
    virtual void touch_session(std::string_view hash, core::Timestamp now) = 0;
    virtual void end_session(std::string_view hash) = 0;
    virtual void add_link(std::string_view hash, const core::RepId& rep,
                          core::Timestamp expires_at) = 0;  // one-time sign-in
    virtual std::optional<core::RepId> use_link(std::string_view hash,
                                                core::Timestamp now) = 0;  // once
    virtual std::optional<KeptAnswer> kept_answer(std::string_view key) = 0;
    virtual void keep_answer(std::string_view key, const KeptAnswer& answer,
                             core::Timestamp now) = 0;
    virtual void drop_answers(core::Timestamp now) = 0;  // those of more than a day ago
    virtual void set_rep_away(const core::RepId& rep, std::optional<core::Timestamp> until) = 0;

    // What all gateways on this store count together; null: only one can be on it.
    virtual Shared* shared() { return nullptr; }
};

struct TimelineRow {
    std::int64_t id = 0;  // grows; the live stream's event id
    core::ContactId contact;
    core::OutreachId outreach;
    core::Timestamp at{};
    std::string actor, what, text;
};

struct ConversationRow {
    core::Timestamp at{};
    bool from_contact = false;
    std::string text;  // theirs, or ours as rendered
    core::ReplyKind kind = core::ReplyKind::text;
    core::MessageKind message_kind = core::MessageKind::wellbeing;  // of ours
    core::Shown shown = core::Shown::none;                          // of ours
    core::MessageId message;
};

struct ContactQuery {
    std::optional<core::RepId> rep;
    std::string search;     // name or number, accents folded
    core::ContactId after;  // the cursor
    std::size_t limit = 50;
};

struct QueueQuery {
    std::optional<core::RepId> rep;  // prompts asked of this rep, and outreaches owned by them
    core::Timestamp until{};         // with an open prompt, in a call, or next due by then
    std::size_t limit = 200;
    core::Timestamp after_due{};  // the cursor: next.due_at and outreach of the last one before
    core::OutreachId after;
};

struct RepState {
    std::map<core::ChannelId, core::Timestamp> windows;
    std::optional<core::Timestamp> away_until;
};

struct StoreCounts {  // for /metrics and the health page
    std::map<std::string, std::int64_t> outreaches_by_phase, messages_by_state, ignored;
    std::int64_t contacts = 0, prompts_open = 0, inbox = 0, quarantined = 0, parked = 0,
                 alerts_waiting = 0;
};

class Store {
 public:
    virtual ~Store() = default;

    // Runs `work` in one transaction and commits durably; an exception rolls everything back and
    // passes on. From one thread at a time.
    virtual void transact(const std::function<void(Unit&)>& work) = 0;
    virtual std::string describe()
        const = 0;           // "sqlite:/var/lib/warmcall/warmcall.db", without secrets
    virtual void pause() {}  // between two transactions when nobody waits: a moment's work at most
    virtual void idle() {}   // nothing has come for seconds: checkpoints and the like
    // After an erasure, between two transactions: no copy of what was erased stays in the store's
    // files. "" when it is so; else a sentence for the operator that says what is left, and until
    // when. `all_anew` writes the files again from what stands in them: that takes its time, and
    // nobody else may be using them.
    enum class CleanUp { usual, all_anew };
    virtual std::string clean_up(CleanUp /*how*/ = CleanUp::usual) { return {}; }
    // Called from a thread of the store's own when another gateway has written: a hint, which may
    // come late or never.
    virtual void on_news(std::function<void()> /*hint*/) {}

    // Reads, from any one thread besides the writing one; each sees a committed state.
    virtual std::optional<core::Case> contact(core::ContactId id) = 0;
    virtual std::optional<core::ContactId> contact_by(const core::Address& address) = 0;
    virtual std::optional<core::ContactId> contact_of(core::OutreachId id) = 0;
    virtual std::optional<core::ContactId> contact_of(core::PromptId id) = 0;  // open or not
    virtual std::optional<core::Prompt> prompt(core::PromptId id) = 0;
    virtual std::optional<core::Outreach> last_outreach(core::ContactId id) = 0;  // live or closed
    virtual std::vector<core::ContactId> live(
        core::ContactId after, std::size_t limit) = 0;  // who has a live outreach, by id
    virtual std::vector<core::Case> contacts(const ContactQuery& query) = 0;
    virtual std::vector<core::Case> queue(const QueueQuery& query) = 0;  // by next.due_at
    virtual std::vector<core::Message> messages(core::ContactId id,
                                                std::size_t limit) = 0;  // newest first, all rounds
    virtual std::vector<ConversationRow> conversation(core::ContactId id,
                                                      std::size_t limit) = 0;  // newest first
    virtual std::vector<TimelineRow> timeline(
        core::ContactId id, std::int64_t before,
        std::size_t limit) = 0;  // newest first; before 0: from the end
    virtual std::vector<TimelineRow> feed(std::int64_t after,
                                          std::size_t limit) = 0;  // oldest first, everybody's
    virtual std::int64_t feed_end() = 0;
    // What a rep logged of their calls since then ("talked", "attempt"), newest first: the day's
    // tally.
    virtual std::vector<TimelineRow> calls_logged(const core::RepId& /*rep*/,
                                                  core::Timestamp /*since*/,
                                                  std::size_t /*limit*/) {
        return {};
    }
    virtual std::string setting(std::string_view key) = 0;  // "" when there is none
    // Those whose keys begin with this.
    virtual std::map<std::string, std::string> settings_under(std::string_view prefix) = 0;
    // Who owns the next action of a live outreach, each once.
    virtual std::vector<core::RepId> owners() = 0;
    virtual std::map<core::RepId, RepState> rep_states() = 0;
    virtual std::vector<StoredTemplate> templates() = 0;
    virtual std::vector<ApiToken> tokens() = 0;
    virtual std::optional<ApiToken> token(std::string_view hash) = 0;
    virtual std::optional<Session> session(std::string_view hash) = 0;
    virtual std::vector<Session> sessions(const core::RepId& rep) = 0;
    virtual std::vector<StoredDevice> devices(const core::RepId& rep) = 0;  // by id
    virtual StoreCounts counts() = 0;
    virtual std::optional<core::Timestamp>
    next_due() = 0;  // the earliest wake_at, message or alert: how long the engine may sleep
};

}  // namespace warmcall
