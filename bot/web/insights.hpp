#pragma once
// What a rep's own calls say when they look back: how many, when people pick up, whether a reply
// first makes a difference. From the timeline alone; nothing is kept for it, and nobody else's
// numbers are in it.

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "ports/store.hpp"
#include "web/call.hpp"

namespace warmcall::web {

// One contact the rep called, as far as calls go.
struct CallHistory {
    std::string zone;               // of the contact; empty: not known
    std::vector<TimelineRow> rows;  // oldest first
};

struct Reached {
    int calls = 0;
    int reached = 0;  // a human who is the contact
};

struct LookBack {
    static constexpr int tries_max = 5;  // the last counts "that many or more"
    static constexpr std::array<int, 4> minutes_up_to{5, 30, 120, 480};

    std::vector<std::pair<std::chrono::year_month_day, Reached>> days;  // each, in the rep's zone
    Reached after_reply, without_reply;  // calls they did not ask for by calling themselves
    std::array<int, tries_max> tries{};  // people reached at the first try, the second, …
    std::array<std::array<Reached, 24>, 7> hours{};  // in the contact's zone, from Monday
    int promises_kept = 0, promises_late = 0, promises_open = 0;
    std::array<int, minutes_up_to.size() + 1> reply_to_call{};  // by minutes_up_to, then the rest
    std::optional<int> reply_to_call_median_min;
};

// A promise is kept when the call is made within the hour that was promised.
inline constexpr core::Duration promise_grace = std::chrono::hours{1};

LookBack look_back(const core::RepId& rep, std::string_view zone,
                   const std::vector<CallHistory>& histories, core::Timestamp from,
                   core::Timestamp now);

Handled show_insights(Site& site, Call& call);

}  // namespace warmcall::web
