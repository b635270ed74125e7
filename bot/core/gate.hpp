#pragma once
// May this go now? One function for the planner, the console's preview, the simulator and the
// sender.

#include <optional>
#include <string>
#include <vector>

#include "core/outreach.hpp"
#include "core/plan.hpp"

namespace warmcall::core {

enum class GateCode {
    go,
    not_live,
    held,
    suppressed,
    no_consent,
    not_agreed,  // they agreed, and not to this way
    replied,
    template_missing,
    template_not_approved,
    template_unfit,
    country_rule,
    quiet_hours,
    window_closed,
    frequency,
    channel_down,
    channel_full,
    too_late,
    not_yet,
    no_route,
    cancelled
};

struct Verdict {
    GateCode code = GateCode::go;
    std::string sentence;               // for the rep; empty on go
    std::optional<Timestamp> again_at;  // when it may be tried again; none: never for this message
    bool other_route = false;           // another channel might do

    bool go() const { return code == GateCode::go; }
};

// May free-form text go to them on the channel: they wrote or called within 24 hours.
bool window_open(const Plan& plan, const Contact& contact, const ChannelId& channel, Timestamp now);

Verdict gate(const Plan& plan, const Case& subject, const Message& message, Timestamp now);

// A way to the contact over one channel, and what the gate says of it.
struct Route {
    ChannelId channel;
    Address to;
    std::string template_name;  // empty: free-form
    std::string language;
    Verdict verdict;
};

// Every channel as a way for a text of this kind, in the order they are tried: what the contact
// asked for, where their 24-hour window is open, the cheaper, then as they are configured. `except`
// is a channel that has just failed; it is left out.
std::vector<Route> routes(const Plan& plan, const Case& subject, MessageKind kind, Timestamp now,
                          const ChannelId& except = {});

// Which of them it takes: the first that the gate lets through, or that is only busy for a while;
// else the most hopeful refusal.
Route choose(const std::vector<Route>& ways);

Route route(const Plan& plan, const Case& subject, MessageKind kind, Timestamp now,
            const ChannelId& except = {});

// The ways a well-being text would have now, also for a contact who is not enrolled yet.
std::vector<Route> preview(const Plan& plan, const Case& subject, Timestamp now);

// "sms; not main: They asked not to be written to." – why the way is not an earlier one.
std::string explain(const Route& chosen, const std::vector<Route>& ways);

std::string_view to_string(GateCode code);

}  // namespace warmcall::core
