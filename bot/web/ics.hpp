#pragma once
// The calendar feed: what a rep has promised, to subscribe to from a calendar. Pulled every hour or
// every day, so nothing that is "now" is in it.

#include "web/routes.hpp"

namespace warmcall::web {

struct CalendarEntry {
    std::string uid;  // stays the same for the same promise
    std::string summary, description, url;
    core::Timestamp at{};
    core::Duration length = std::chrono::minutes{15};
    std::int64_t sequence = 0;
    core::Timestamp changed_at{};
};

// RFC 5545 text: CRLF, folded at 75 octets.
std::string calendar_text(std::string_view name, const std::vector<CalendarEntry>& entries);

// "<rep>.<generation>.<mac>"; rotating makes the next generation, and the old address is gone.
std::string calendar_token(const Secret& key, const core::RepId& rep, std::int64_t generation);

Handled show_calendar(Site& site, Call& call);
Handled calendar_address(Site& site, Call& call);
Handled rotate_calendar(Site& site, Call& call);

}  // namespace warmcall::web
