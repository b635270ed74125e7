#pragma once
// A small world around decide(): one contact, three reps, a clock in the hand, and what the store,
// the sender and the provider would do between events. After every event it checks what must always
// hold, and fails the test where it does not.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/decide.hpp"
#include "core/gate.hpp"
#include "core/plan.hpp"

namespace warmcall::core {

const Plan& shipped_plan();  // config/ and templates/ of this repository, three reps in Kolkata,
                             // one WhatsApp number

// What the provider makes of a text.
enum class Network {
    off,       // texts stay queued until a test sends them
    accepts,   // taken, and no receipt comes
    delivers,  // taken and delivered in the same minute
};

inline const RepId maya{"maya"};  // the contact's owner; works Monday to Friday, 9:00 to 18:00
inline const RepId ravi{"ravi"};  // her stand-in
inline const RepId lena{"lena"};  // their lead
inline const ChannelId whatsapp{"wa"};
inline const ChannelId sms{"sms"};
inline constexpr std::string_view kolkata = "Asia/Kolkata";

struct World {
    World();

    Plan plan = shipped_plan();
    Case c;         // Amara in Kolkata, as loaded for the next event
    Timestamp now;  // at first day 1, 10:00 in Kolkata: Monday, 2 November 2026
    Network network = Network::off;
    Transition last;                // what the last event led to
    std::optional<Outreach> ended;  // the outreach that was closed last
    std::vector<std::string>
        news;  // what came of everything so far, one line each, as a story has it
    std::map<MessageId, Message> outbox;  // every message ever stored

    // -- making things happen
    void happens(const Event& event);
    void advance(Duration by) { advance_to(now + by); }
    void advance_to(
        Timestamp to);  // the service wakes when it is due, texts leave as the network lets them
    void enrol(Network with = Network::off);
    void warm();         // enrolled, sent, delivered
    void call_is_due();  // warm, and the lead time is over
    void on_call();      // and the rep has dialled
    void reply(std::string words, ReplyKind kind = ReplyKind::text);
    void logs(Reached reached, bool leave_message = true, const RepId& by = maya);
    void logs(Said said, std::optional<Timestamp> next_at = {}, std::string topic = {},
              const RepId& by = maya);
    void add_sms();

    // -- the sender's side, by the newest message or the one named
    MessageId newest() const;
    bool claims(MessageId id);  // false: the gate refused, and decide() has been told
    void settles(MessageId id, SendSettled::How how, Facts facts = {},
                 std::optional<Timestamp> again_at = {});
    void learns(MessageId id, Facts facts) { happens(DeliveryLearned{id, std::move(facts)}); }
    void sends(MessageId id);  // claimed and accepted
    void delivers(MessageId id);

    // -- looking
    std::string phase() const;   // "call_due"; "closed" and "none" where nothing is live
    std::string prompt() const;  // the open prompt's kind, "" when there is none
    std::string next() const;    // what is to be done next, "call"
    std::string why() const;     // the hold's reason, the closed outreach's reason
    std::vector<std::string> messages() const;  // "wellbeing queued", of this round
    std::string state(MessageId id) const;      // "queued"
    bool noted(std::string_view what) const;    // by the last event
    std::vector<std::string> told()
        const;  // by the last event: "maya: prompt", "maya: Amara asked to stop. …"
    std::string refused() const;  // the last event's refusal, "" when it went through
    Verdict may_go(MessageId id) const { return gate(plan, loaded_with(id), outbox.at(id), now); }
    const Message& message(MessageId id) const { return outbox.at(id); }

    Timestamp at(int day, int hour, int minute = 0) const;  // on Amara's clock
    std::string clock(Timestamp t) const;                   // "day 2 16:30"

 private:
    Case loaded_with(MessageId id) const;
    void judge(const Case& before, const Event& event) const;
    void tell_news(const Case& before);
    void store();
    void work_the_network();

    std::int64_t ids_ = 0;
};

// What is wrong with this step, by the invariants of DESIGN.md 5; empty: nothing.
std::vector<std::string> wrong_with(const Case& before, const Event& event, const Transition& t,
                                    Timestamp now);

Facts fact_accepted(Timestamp at);
Facts fact_sent(Timestamp at);
Facts fact_delivered(Timestamp at);
Facts fact_read(Timestamp at);
Facts fact_failed(Timestamp at, int code = 131026, FailureClass kind = FailureClass::permanent);

std::string to_string(Refusal::Code code);

}  // namespace warmcall::core
