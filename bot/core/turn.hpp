#pragma once
// The working copy of one decision: the case as it becomes, and what is to be done besides. Only
// decide*.cpp use it.

#include <optional>
#include <string>
#include <vector>

#include "core/decide.hpp"
#include "core/gate.hpp"

namespace warmcall::core {

struct Turn {
    const Plan& plan;
    Timestamp now;
    Case c;
    std::vector<Effect> effects;

    // -- reading
    Outreach& outreach() { return *c.outreach; }
    const Cadence& cadence() const;
    template <class P>
    const P* in() const {
        return c.outreach ? std::get_if<P>(&c.outreach->phase) : nullptr;
    }
    bool live() const { return c.outreach && core::live(*c.outreach); }
    std::string name() const;  // the contact's first name
    Message* find(MessageId id);
    bool of_this_round(
        const Message& m) const;   // an earlier round's receipts say nothing about this one
    Message* wellbeing();          // this round's latest
    ChannelId failed_way() const;  // over which this round's text did not reach them, last
    // They switched off a channel while this round was on: nothing goes another way instead.
    bool switched_off() const;
    std::optional<Timestamp> arrived_at()
        const;  // when this round's first well-being text reached them
    // The first moment from `from` on that suits the rep's phone, and the contact as far as their
    // hours are known.
    Timestamp call_moment(Timestamp from) const;

    // -- doing
    void note(std::string what, std::string text);
    void tell(const RepId& rep, std::string text);
    void become(Phase phase, ActionKind kind, Timestamp due_at, Timestamp wake_at);
    void cancel_automatic(
        std::string reason);  // what we would have written unasked; what the rep typed still goes
    void cancel_queued(std::string reason);  // everything but the confirmation of a STOP
    int free_step(int step) const;           // that step, or the next one that nothing holds
    // A new message, through the gate's first open route; false when there is none.
    bool queue(MessageKind kind, int step, const ChannelId& except = {});
    void call_due(PromptKind kind, std::string reason, Timestamp due_at,
                  Duration quiet_for = Duration{});
    // They wrote or called: the call is due, and rings again what was seen, put off or given up for
    // today. Whoever has it in hand is left in peace.
    void news(PromptKind kind, std::string reason, Timestamp due_at, Duration quiet_for);
    // They wrote or called since the rep dialled, and the call is not logged yet.
    bool news_since_dialled() const;
    void tell_who_called();  // that there is such news, where the rep is off the phone by now
    void ring_again(Timestamp due_at, Duration quiet_for = Duration{});
    void call_once_more();  // nobody was reached, and they had something to say meanwhile
    void
    begin_ladder();  // there is news, or the rep has had it in hand: the owner is told first again
    void add_words(std::string_view words);
    void close_prompt();
    void close(CloseReason reason);
    void stop_all(std::string reason);     // suppresses everything, once, and closes
    void open_unasked();                   // a contact without a live outreach wrote or called
    void plan_round(Timestamp from);       // the next well-being text at the first decent moment
    void warm_until();                     // when the lead time of this round is over
    void warm_by_rep(Timestamp wrote_at);  // the rep's own words are the warm-up of this round
    enum class OtherWay { may_do, would_not_do };
    // This round's text cannot go (or went) the way it was meant to.
    void way_failed(std::string sentence, OtherWay other = OtherWay::may_do);
    bool promised_later() const;                   // a date with them still lies ahead
    Timestamp before_promise(Timestamp at) const;  // that moment, or the promised one if sooner
    void next_try(std::optional<Timestamp>
                      at);    // waiting for the next call by the ladder, or at a time the rep chose
    bool ask_to_call_back();  // the call_me_back text, where the gate lets it
};

// Steps of a round; (outreach, round, step) is unique in the store, so nothing is asked twice.
inline constexpr int step_wellbeing = 1;
inline constexpr int step_second_route = 2;
inline constexpr int step_call_me_back = 10;  // + those of this round before it
inline constexpr int step_again = 40;         // + times the rep asked
inline constexpr int step_stop_confirmation = 90;
inline constexpr int step_conversation = 100;  // + texts the rep wrote

inline constexpr int ladder_steps = 4;  // the owner, the owner again, the stand-in, the lead

inline constexpr std::size_t words_bytes_max = 2000;
inline constexpr std::size_t topic_bytes_max = 500;

using Refused = std::optional<Refusal>;

// What follows from an event: changes the turn, or refuses and changes nothing.
// -- of time: decide_waking.cpp
Refused on(Turn& t, const Enrolled& e);
Refused on(Turn& t, const Woke& e);
// -- of the contact: decide_contact.cpp
Refused on(Turn& t, const Replied& e);
Refused on(Turn& t, const TheyCalled& e);
Refused on(Turn& t, const RepWrote& e);
Refused on(Turn& t, const MarketingPreference& e);
Refused on(Turn& t, const AddressLearned& e);
// -- of a message: decide_message.cpp
Refused on(Turn& t, const DeliveryLearned& e);
Refused on(Turn& t, const SendSettled& e);
Refused on(Turn& t, const GateRefused& e);
Refused on(Turn& t, const UnknownAnswered& e);
Refused on(Turn& t, const PutBack& e);
Refused on(Turn& t, const PerhapsLeft& e);
// -- of the rep: decide_rep.cpp
Refused on(Turn& t, const Claimed& e);
Refused on(Turn& t, const Acknowledged& e);
Refused on(Turn& t, const Dialled& e);
Refused on(Turn& t, const CallEnded& e);
Refused on(Turn& t, const NotCalled& e);
Refused on(Turn& t, const LineTold& e);
Refused on(Turn& t, const Snoozed& e);
Refused on(Turn& t, const Disposed& e);
Refused on(Turn& t, const HeldByRep& e);
Refused on(Turn& t, const Resumed& e);
Refused on(Turn& t, const ClosedByRep& e);
Refused on(Turn& t, const Reassigned& e);
Refused on(Turn& t, const StopAnswered& e);
Refused on(Turn& t, const MergedAway& e);
Refused on(Turn& t, const WroteByRep& e);
Refused on(Turn& t, const OptedOut& e);

// What more than one of them needs.
Refused refuse(Refusal::Code code, std::string sentence,
               std::optional<RepId> holder = std::nullopt);
Refused refuse_none_live(const Turn& t);
Refused refuse_unanswered(const Turn& t);  // did they ask us to stop? comes first
bool all_suppressed(const Contact& contact);
bool rep_is_talking(const Turn& t);
// The first moment from `from` on at which that rep may be told.
Timestamp rep_hours(const Turn& t, const RepId& id, Timestamp from);
void to_wrap_up(Turn& t, const RepId& by);
void await_promise(Turn& t);
void ask_about_stop(Turn& t, Timestamp due_at);
void resume(Turn& t);
// The provider knows that they want no more of us there: on WhatsApp no marketing on that channel,
// on SMS nothing at all any more.
void opted_out_at_provider(Turn& t, const ChannelId& channel, std::string reason, Timestamp at);

}  // namespace warmcall::core
