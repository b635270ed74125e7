#pragma once
// The one door, without its threads: a batch of work, one transaction { accept, load, decide, save
// }. Runs on the store's thread in production, and straight under the simulator's hand in tests.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/decide.hpp"
#include "core/plan.hpp"
#include "engine/limits.hpp"
#include "ports/clock.hpp"
#include "ports/provider.hpp"
#include "ports/store.hpp"
#include "support/secret.hpp"

namespace warmcall {

// A provider's webhook, authentic and parsed; or authentic and unreadable, to be kept raw.
struct Delivered {
    core::ChannelId channel;
    std::string body;
    std::vector<Inbound> events;
    std::string unreadable;  // why, when it could not be parsed
    std::int64_t kept =
        0;  // the raw delivery, when it is stored already: a part of one that was split
};

// What they wrote, be it under a file; none: they wrote nothing.
std::optional<core::Reading> reading_of(const core::ReplyWords& words, const InReply& reply,
                                        core::Timestamp at);

// The words of replies depend on nothing that is stored: read before they come to the door, they
// take none of its time. Unread ones are read behind it.
void read_replies(const core::ReplyWords& words, std::vector<Inbound>& events,
                  core::Timestamp received_at);

// Something that happened to one contact: a rep's tap, an API call, a settled send.
struct Happened {
    core::ContactId contact;
    core::Event event;
    std::string actor = "warmcall";
    std::optional<Token> claim{};  // of SendSettled: the send it tells of
};

// Any other write: contacts, tokens, sessions. It may throw; then only it fails.
using Write = std::function<void(Unit&, core::Timestamp now)>;

// A rep goes away, or is back (no `until`): while away their prompts go to the stand-in.
struct RepAway {
    core::RepId rep;
    std::optional<core::Timestamp> until;
};

// The service looks what is to be done, and perhaps notes that it is at it: within the batch it
// comes with. Only what the commit holds counts: an Outcome with a failure means that it never was.
struct Look {
    std::function<void(Unit&, core::Timestamp now)> at;
    bool counts = false;  // locks the counts that replicas share, so it comes last: whoever holds
                          // them waits for nobody's contact
};

using Work = std::variant<Delivered, Happened, Write, RepAway, Look>;

struct Outcome {
    std::optional<core::Refusal> refusal;
    SharedCase after;            // of Happened
    std::exception_ptr failure;  // of Write; or StoreUnavailable for any
};

// What a commit may have left for others to do: texts that wait to be sent, reps to be told.
struct Errands {
    bool texts = false, alerts = false;

    static Errands all() { return {true, true}; }
    bool any() const { return texts || alerts; }
};

// A message on its way out: claimed, rendered, with everything its sending needs.
struct Claimed {
    core::ContactId contact;
    core::Message message;
    Token token{};
    core::Timestamp lease_until{};
    Outbound outbound;
};

// How many more of a channel's messages may be on their way; of one that is not named, any number.
using Places = std::map<core::ChannelId, std::size_t>;

// Why the channel's provider would not take a text as it is, in the rep's words; nothing when it
// would.
using Unfit = std::function<std::optional<std::string>(const core::ChannelId&, const Outbound&)>;

// Whom the provider asked to wait, or whose account is at fault, and until when.
struct Pause {
    Answer::Scope scope = Answer::Scope::sender;
    core::Timestamp until{};
};

// What a failure that a receipt told of a message means for others: who rests, and what became of
// the text; nothing after most of them.
struct Aftermath {
    std::optional<Pause> pause;
    core::TemplateStatus template_is = core::TemplateStatus::unknown;
};
using AftermathOf = std::function<Aftermath(const core::Message&, const core::Failure&)>;

// A send whose end nobody knows, with what the provider's list is searched by.
struct Unsettled {
    core::ContactId contact;
    core::MessageId message;
    UnknownSend send;
};

// What a receipt that a rep's alert did not get through means for it.
AlertOutcome after_failed_receipt(const Alert& alert, core::FailureClass failure,
                                  core::Timestamp now);

// What the provider said of a text, for the gate; what it was silent about stays. Was it news?
bool take(core::TemplateBook& book, const StoredTemplate& said);

// What of the plan moves while warmcall runs, for whoever shows it on another thread.
struct PlanNews {
    std::vector<core::Channel> channels;
    std::map<core::ChannelId, std::string> said;  // by the provider, of a channel that rests
    std::map<std::string, core::TemplateStatus> status;
    std::map<std::string, core::Category> category;
    std::map<core::RepId, std::optional<core::Timestamp>> away_until;
    std::optional<core::Timestamp> unknown_until;
};
void take(core::Plan& plan, const PlanNews& news);

// What another gateway may have stored that the plan goes by.
struct Learned {
    std::vector<StoredTemplate> templates;
    std::map<core::RepId, RepState> reps;
    std::uint64_t as_of = 0;  // Applier::moves() before it was read
};

// What is known of a text that the provider has just refused for everybody.
StoredTemplate stopped(std::string provider_name, std::string language, core::TemplateStatus status,
                       int code, core::Timestamp now);

class Batch;

class Applier {
 public:
    // Keeps its own copy of the plan: template and channel states in it move with what the
    // providers say.
    Applier(Store& store, core::Plan plan, Clock& clock);

    // Applies the batch in one transaction; when that fails it is split, so that one poisoned piece
    // cannot hold up the others.
    std::vector<Outcome> apply(std::vector<Work> batch);

    // What the batches since the last asking left to do. Rather too much than too little.
    Errands take_errands() { return std::exchange(errands_, {}); }

    // Outreaches whose time has come, at most `limit`; gives how many there were.
    std::size_t wake(std::size_t limit);
    // Claims whose lease ran out become unknown; never sent again by themselves.
    std::size_t reconcile(std::size_t limit);
    // Forgets what nobody can ask for any more: old inbox keys with their raw deliveries, old
    // parked receipts.
    std::size_t tidy(std::size_t limit);

    // Queued messages whose time has come, gated once more, rendered, as far as the limits let them
    // go, and claimed for `lease`; one per token at the most.
    std::vector<Claimed> claim(std::span<const Token> tokens, core::Duration lease);
    std::vector<Claimed> claim(Unit& unit, core::Timestamp now, std::span<const Token> tokens,
                               core::Duration lease, const Places& places = {});
    // Sends of the channel that were claimed since then and whose end nobody knows.
    std::vector<Unsettled> unsettled(const core::ChannelId& channel, core::Timestamp since,
                                     std::size_t limit);
    // Of what a provider's list holds, only what may be this message: others of ours are known by
    // their ids.
    void leave_out_others(const core::ChannelId& channel, core::MessageId message,
                          std::vector<Sighting>& sightings);
    void leave_out_known(std::vector<Inbound>& events);
    // Of a provider's list of texts, what is ours and is not known like that yet, as its webhook
    // would tell it.
    std::vector<Inbound> template_news(const std::vector<InTemplate>& list);
    // Who was erased, out of what is known by heart.
    void forget(std::span<const core::Address> addresses) {
        if (limits_ != nullptr) {
            limits_->forget(addresses);
        }
    }
    // What is stored about our texts, into the plan: another process may have written it.
    void learn_templates();
    // Read on any thread, taken in on the writing one; what was decided here meanwhile stands.
    Learned read_others(Store& store) const;
    void learn(const Learned& learned);
    std::uint64_t moves() const { return moves_; }
    // What has moved since the last asking; null: nothing.
    std::shared_ptr<const PlanNews> take_plan_news();
    void remember(const RepAway& away);  // once it is committed
    std::string setting(std::string_view key);

    // The last look before the bytes leave: the gate again, still claimed by this token, and at
    // least `budget` of the lease left. When not, the message is put back or dropped in the same
    // transaction; a claim that is no longer ours is left alone.
    bool may_leave(const Claimed& claimed, core::Duration budget);
    bool may_leave(Unit& unit, core::Timestamp now, const Claimed& claimed, core::Duration budget);

    const core::Plan& plan() const { return plan_; }
    // What the reps' buttons are signed with; without one no tap counts.
    void set_tap_key(Secret key) { tap_key_ = std::move(key); }
    // Until when each rep's own 24-hour window is open on a channel.
    const std::map<core::RepId, RepState>& rep_states() const { return rep_states_; }
    // The gate refuses the channel until then; a shorter rest never cuts a longer one.
    void channel_down(const core::ChannelId& channel, core::Timestamp until,
                      std::string_view said = {});
    // The provider asked for it: whom it concerns waits until then, and nobody else.
    void slow_down(const core::Message& message, Answer::Scope scope, core::Timestamp until);
    void refresh(core::Timestamp now);  // channel states as of now
    // What the provider said of a text, for the gate from now on and after a restart.
    void note_template(Unit& unit, const StoredTemplate& said);

    // How fast what goes out goes; without, as fast as it comes. Outlives this.
    void set_limits(Limits& limits) { limits_ = &limits; }
    void set_unfit(Unfit unfit) { unfit_ = std::move(unfit); }
    void set_aftermath_of(AftermathOf aftermath_of) { aftermath_of_ = std::move(aftermath_of); }

    // Set by tests: called between any two steps inside the transaction; throwing from it is a
    // crash there.
    std::function<void(std::string_view step)> between_steps;
    // Set by the simulator: told of each contact that a transaction writes to.
    std::function<void(core::ContactId)> writes_to;

 private:
    friend class Batch;
    friend class Deliveries;
    std::optional<Claimed> prepare(Batch& batch, const MessageRef& ref, const Token& token,
                                   std::set<core::ChannelId>& spent);
    std::optional<core::Verdict> hindrance(Batch& batch, const core::Case& subject,
                                           const Claimed& claimed,
                                           std::set<core::ChannelId>& spent);
    void begin_limits(Unit& unit, core::Timestamp now);
    std::vector<Room> rooms(Unit& unit, core::Timestamp now, std::size_t at_most,
                            const Places& places);
    void begin_turns(Unit& unit, core::Timestamp now);
    void take_turn(const core::Case& before, const core::Case& after, core::Timestamp now);
    void run(std::vector<Work>& batch, std::vector<Outcome>& outcomes);
    Outcome apply_in_parts(Delivered delivered);
    Outcome quarantine(const Delivered& delivered);
    void step(std::string_view name) const {
        if (between_steps) {
            between_steps(name);
        }
    }
    void note_write(core::ContactId contact) const {
        if (writes_to) {
            writes_to(contact);
        }
    }

    Store& store_;
    core::Plan plan_;
    Clock& clock_;
    Limits* limits_ = nullptr;
    bool limits_begun_ = false;
    Errands errands_;
    Unfit unfit_;
    AftermathOf aftermath_of_;
    std::map<core::ChannelId, Turns> turns_;
    std::map<core::ChannelId, core::Timestamp> down_until_;
    std::map<core::ChannelId, std::string> said_;  // why it rests, in the provider's word
    std::atomic<std::uint64_t> moves_ = 1;
    std::uint64_t told_ = 0;  // of them
    std::map<core::Address, core::RepId> reps_by_address_;
    std::map<core::RepId, RepState> rep_states_;
    Secret tap_key_;
};

}  // namespace warmcall
