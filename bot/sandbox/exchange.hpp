#pragma once
// One request to a provider's API, from the ledger's first line about it to its last: the same for
// every provider.

#include "sandbox/parts.hpp"

namespace warmcall::sandbox {

asio::awaitable<net::Outgoing> answer_line(Parts& parts, Line& line, net::Incoming request);

// A message the provider would take; what becomes of it is up to the script. `template_name` and
// `type` of the bubble are what rules go by.
Verdict take(Parts& parts, const Line& line, const Call& call, Bubble message, int fails_with);

// Is this send over the channel's rate?
bool within_rate(Parts& parts, const Line& line);

// Real time, not the sandbox's; ends early when the sandbox stops.
asio::awaitable<void> sleep(Parts& parts, Duration time);

// Plans the webhook of one status of one of our messages.
void plan_status(Parts& parts, const Bubble& about, const std::string& status, int code,
                 Timestamp due, int copies);

}  // namespace warmcall::sandbox
