#pragma once
// Twilio's Programmable Messaging, as far as a messaging gateway uses it (PROVIDERS.md 3): SMS, and
// WhatsApp with Content templates.

#include "sandbox/parts.hpp"

namespace warmcall::sandbox {

// Settings: account_sid, from and/or messaging_service_sid, api_key_sid?; secrets: auth_token,
// api_key_secret?. Provider "twilio_sms" or "twilio_whatsapp".
Result<std::unique_ptr<Line>> make_twilio_line(const LineOptions& options, Parts& parts);

}  // namespace warmcall::sandbox
