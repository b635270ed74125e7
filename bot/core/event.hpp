#pragma once
// Everything that can happen to a contact, in our words. A new event does not compile until
// decide() handles it.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/gate.hpp"
#include "core/outreach.hpp"
#include "core/replies.hpp"

namespace warmcall::core {

// Stage A: was a human reached.
enum class Reached { human, someone_else, machine, no_answer, busy, rejected, bad_number };
// Stage B: only after a human: what did they say.
enum class Said {
    talked,
    busy_now,
    callback_asked,
    not_interested,
    stop,
    wrong_person,
    agreed_next
};

struct Disposition {
    Reached reached = Reached::no_answer;
    std::optional<Said> said;
    std::optional<Timestamp> next_at;  // the next action the rep owns
    std::string topic;                 // to pick up next time
    bool leave_message = true;         // nobody reached: may the "call me back" text go out
    bool won = false;                  // with talked: closed as won, no next date
};

enum class ReplyKind {
    text,
    button,
    reaction,
    media,
    voice,
    location,
    contact_card,
    call_permission,
    other
};

struct Enrolled {
    std::string cadence;
};
struct Woke {};
struct Replied {
    Timestamp at{};  // the provider's time
    ChannelId channel;
    Address from;
    ReplyKind kind = ReplyKind::text;
    std::string words;  // what a rep reads; for media a plain word such as "sent a voice message"
    // Of what they wrote, be it under a file; none: nobody has read it yet, or there is nothing.
    std::optional<Reading> reading;
    bool confirmed_stop = false;  // the provider took it for a STOP, and answered it itself
};
struct DeliveryLearned {  // receipts; also the answer to our send
    MessageId message;
    Facts facts;
};
struct SendSettled {
    enum class How { accepted, refused, not_sent, unknown };
    MessageId message;
    How how = How::unknown;
    Facts facts;                        // provider id, accepted or failed
    std::optional<Timestamp> again_at;  // not_sent, or refused for now: when to try again
};
struct GateRefused {  // at claim, or just before the bytes would leave
    MessageId message;
    Verdict verdict;
};
struct TheyCalled {
    Timestamp at{};
    ChannelId channel;
    Address from;
};
struct RepWrote {  // echo: the rep wrote from the phone's own app
    Timestamp at{};
};
struct MarketingPreference {  // the provider's own stop / resume of marketing
    ChannelId channel;
    enum class Choice { stop, resume } choice = Choice::stop;
    Timestamp at{};  // the provider's time; none: now
};
struct AddressLearned {
    Address known;
    Address now;
    enum class How { alias, replaced } how = How::alias;
};
struct Claimed {
    RepId by;
};
struct Dialled {
    RepId by;
    enum class Over { own_phone, line } over = Over::own_phone;
};
struct CallEnded {  // back from the phone
    RepId by;
};
struct NotCalled {  // dialled by mistake: nobody's phone rang
    RepId by;
};
struct LineTold {  // the provider's word about a call it carried for a rep
    RepId by;
    Timestamp dialled_at{};  // which call: OnCall::since
    Line line;
};
struct Snoozed {
    RepId by;
    Timestamp until{};
};
struct Acknowledged {
    RepId by;
};
struct Disposed {
    RepId by;
    Disposition disposition;
};
struct HeldByRep {
    Timestamp until{};
};
struct Resumed {};
struct ClosedByRep {
    CloseReason reason = CloseReason::said_no;
};
struct Reassigned {
    RepId to;
};
struct StopAnswered {  // the one-tap question after "perhaps STOP"
    RepId by;
    enum class Answer { it_was_stop, it_was_not } answer = Answer::it_was_not;
};
struct UnknownAnswered {  // "we cannot tell whether this went out"
    MessageId message;
    enum class Answer { leave_it, send_again } answer = Answer::leave_it;
};
struct MergedAway {
};  // this contact's live outreach ends because another record of the same person goes on
struct WroteByRep {  // a text the rep typed in the console
    RepId by;
    std::string text;
};
struct OptedOut {  // revoked by any other means: on the phone, by letter
    std::string how;
};
struct PutBack {  // what we know of them is from a backup; what happened since, until then, is lost
    Timestamp unknown_until{};
};
struct PerhapsLeft {  // a text that waited when that backup was made
    MessageId message;
};

using Event = std::variant<Enrolled, Woke, Replied, DeliveryLearned, SendSettled, GateRefused,
                           TheyCalled, RepWrote, MarketingPreference, AddressLearned, Claimed,
                           Dialled, CallEnded, NotCalled, LineTold, Snoozed, Acknowledged, Disposed,
                           HeldByRep, Resumed, ClosedByRep, Reassigned, StopAnswered,
                           UnknownAnswered, MergedAway, WroteByRep, OptedOut, PutBack, PerhapsLeft>;

}  // namespace warmcall::core
