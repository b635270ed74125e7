#pragma once
// One contact going through one cadence: its phase, its one next action, its messages and its
// prompt.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/contact.hpp"
#include "core/delivery.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"

namespace warmcall::core {

enum class HoldReason { automatic_reply, perhaps_stop, by_rep, no_template };
enum class CloseReason { won, said_no, wrong_person, no_reachable_address, opted_out, merged };

struct Planned {
    bool operator==(const Planned&) const = default;
};
struct Warming {
    bool operator==(const Warming&) const = default;
};
struct CallDue {
    bool operator==(const CallDue&) const = default;
};
struct OnCall {
    RepId by;
    Timestamp since{};
    bool operator==(const OnCall&) const = default;
};
struct WrapUp {
    RepId by;
    Timestamp since{};
    bool operator==(const WrapUp&) const = default;
};
struct Waiting {
    bool operator==(const Waiting&) const = default;
};
struct Held {
    HoldReason reason = HoldReason::by_rep;
    Timestamp until{};
    bool operator==(const Held&) const = default;
};
struct Closed {
    CloseReason reason = CloseReason::said_no;
    Timestamp at{};
    bool operator==(const Closed&) const = default;
};

using Phase = std::variant<Planned, Warming, CallDue, OnCall, WrapUp, Waiting, Held, Closed>;

enum class ActionKind { send, wait_then_call, call, log_outcome, answer_question, resume };

// I1: a live outreach has exactly one, with an owner and a due time.
struct NextAction {
    ActionKind kind = ActionKind::send;
    RepId owner;
    Timestamp due_at{};

    bool operator==(const NextAction&) const = default;
};

struct Promise {
    Timestamp at{};  // "I'll call you Thursday 10:00"
    std::string topic;

    bool operator==(const Promise&) const = default;
};

struct Outreach {
    OutreachId id;
    ContactId contact;
    std::string cadence;
    Phase phase = Planned{};
    NextAction next;
    Timestamp wake_at{};                  // when the service looks at it again by itself
    int round = 1;                        // counts well-being messages or touch-bases
    int attempt = 0;                      // calls of this round that reached nobody
    bool rerouted = false;                // this round already tried its second way
    std::optional<Timestamp> replied_at;  // a person answered in this round, last then
    std::optional<Promise> promise;
    Timestamp enrolled_at{};
    std::int64_t version = 0;

    bool operator==(const Outreach&) const = default;
};

bool live(const Outreach& outreach);

enum class MessageKind { wellbeing, call_me_back, stop_confirmation, conversation };

enum class MessageState { queued, claimed, unknown, settled, cancelled };

// One outgoing text. `id` 0 until stored. The body is rendered when it is claimed, so that names
// and wording are today's.
struct Message {
    MessageId id;
    ContactId contact;
    OutreachId outreach;
    int round = 1;
    int step = 0;  // (outreach, round, step) is unique while it may be on the wire: invariant I2
    MessageKind kind = MessageKind::wellbeing;
    MessageState state = MessageState::queued;
    ChannelId channel;
    Address to;
    std::string template_name;  // empty: free-form text, allowed inside the 24-hour window only
    std::string language;
    std::string text;  // of a conversation message, as the rep typed it
    Timestamp not_before{};
    Timestamp not_after{};
    int tries = 0;
    Facts facts;

    bool operator==(const Message&) const = default;
};

// In rising order: a prompt may rise in kind, never sink. The question stands above all, because
// nothing is sent until it is answered; answered with "it was not a stop" it becomes the reply that
// it was.
enum class PromptKind {
    no_warmup,
    silent,
    undelivered,
    retry,
    promised,
    replied,
    they_called,
    unanswered_question
};

struct Lease {
    RepId holder;
    Timestamp until{};

    bool operator==(const Lease&) const = default;
};

// A call over the provider's line, as the line knows it: no words, no recording.
enum class LineState {
    ringing,  // the rep is there, and the contact's phone rings
    completed,
    no_answer,
    busy,
    failed,   // the number could not be reached
    not_rung  // it never came to the contact's phone: the rep's own was not picked up
};

struct Line {
    LineState state = LineState::ringing;
    int seconds = 0;  // completed: that the two could talk

    bool operator==(const Line&) const = default;
};

// "Call this person now, because …". At most one open per outreach (I5).
struct Prompt {
    PromptId id;
    ContactId contact;
    OutreachId outreach;
    RepId rep;  // who is asked now: the owner, later the stand-in, then the lead
    PromptKind kind = PromptKind::silent;
    std::string reason;  // one sentence a rep understands
    std::string words;   // what they wrote, newest last, at most 2,000 bytes
    Timestamp raised_at{};
    Timestamp due_at{};
    std::optional<Timestamp>
        alert_at;         // when the rep's phone is (next) to be told; none: nothing to tell
    int ladder_step = 0;  // 0 the owner, 1 again, 2 the stand-in, 3 the lead
    std::optional<Timestamp> acknowledged_at;  // seen; in a call: dialled
    std::optional<Lease> lease;
    std::optional<Line>
        line;  // of the last call over the provider's line; pre-fills what came of it
    bool open = true;

    bool operator==(const Prompt&) const = default;
};

// All that decide() sees and changes of one contact.
struct Case {
    Contact contact;
    std::optional<Outreach> outreach;  // the live one, or none
    std::vector<Message>
        messages;  // of the live outreach's present round, newest last; new ones have id 0
    std::optional<Prompt> prompt;  // the open one; after a decision perhaps just closed

    bool operator==(const Case&) const = default;
};

// nullptr when it is not in the case: none of the present round, and nobody asked for it.
const Message* message_in(const Case& c, MessageId id);

}  // namespace warmcall::core
