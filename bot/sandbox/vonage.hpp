#pragma once
// Vonage's Messages API with SMS or WhatsApp, as far as a messaging gateway uses it
// (PROVIDERS.md 4.1).

#include "sandbox/parts.hpp"

namespace warmcall::sandbox {

// Provider "vonage_sms" or "vonage_whatsapp". Settings: from, application_id?; secrets: api_key?,
// api_secret?, private_key?, signature_secret.
Result<std::unique_ptr<Line>> make_vonage_line(const LineOptions& options, Parts& parts);

}  // namespace warmcall::sandbox
