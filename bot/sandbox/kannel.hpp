#pragma once
// Kannel's smsbox, as far as a messaging gateway uses it (PROVIDERS.md 5): sendsms, delivery
// reports by GET on the dlr-url, incoming texts by GET on the get-url.

#include "sandbox/parts.hpp"

namespace warmcall::sandbox {

// Settings: username, from; secrets: password, webhook_secret?.
Result<std::unique_ptr<Line>> make_kannel_line(const LineOptions& options, Parts& parts);

}  // namespace warmcall::sandbox
