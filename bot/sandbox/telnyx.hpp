#pragma once
// Telnyx Messaging, as far as a messaging gateway uses it (PROVIDERS.md 4.2).

#include "sandbox/parts.hpp"

namespace warmcall::sandbox {

// Settings: from and/or messaging_profile_id; secret: api_key. Its webhooks are signed with a key
// made of the API key: telnyx_public_key() is what the gateway has to be told.
Result<std::unique_ptr<Line>> make_telnyx_line(const LineOptions& options, Parts& parts);

// Base64, as Telnyx shows it on its portal.
std::string telnyx_public_key(const Secret& api_key);

}  // namespace warmcall::sandbox
