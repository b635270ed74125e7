#pragma once
// May this go now? One function for the planner, the console's preview, the simulator and the
// sender.

#include <optional>
#include <string>

#include "core/outreach.hpp"
#include "core/plan.hpp"

namespace warmcall::core {

enum class GateCode {
    go,
    not_live,
    held,
    suppressed,
    no_consent,
    replied,
    template_missing,
    template_not_approved,
    template_unfit,
    country_rule,
    quiet_hours,
    window_closed,
    frequency,
    channel_down,
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

Verdict gate(const Plan& plan, const Case& subject, const Message& message, Timestamp now);

// The way a text of this kind would take now: the first channel in order that the gate lets
// through, else the most hopeful refusal. `except` is a channel that has just failed.
struct Route {
    ChannelId channel;
    Address to;
    std::string template_name;  // empty: free-form
    std::string language;
    Verdict verdict;
};
Route route(const Plan& plan, const Case& subject, MessageKind kind, Timestamp now,
            const ChannelId& except = {});

std::string_view to_string(GateCode code);

}  // namespace warmcall::core
