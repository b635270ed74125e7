#pragma once
// How the WhatsApp Cloud API writes: its JSON on the wire, its signature, its refusals. Nothing
// here knows what is refused when. Written from PROVIDERS.md 2 alone, so that the gateway is judged
// by a second reading of it.

#include <string>
#include <string_view>

#include "sandbox/json.hpp"

namespace warmcall::sandbox {

// As Meta writes it: non-ASCII as \uXXXX with lower-case hex, '/' as '\/'. The signature is over
// these very bytes.
std::string to_wire(const Json& payload);

// "sha256=<64 lower-case hex>": X-Hub-Signature-256.
std::string signature(const Secret& app_secret, std::string_view body);

// A refusal, by its code in Meta's list
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes).
struct Refusal {
    int code = 0;
    std::string details;  // error_data.details; empty: no error_data
    std::string message;  // after "(#code) "; empty: the code's own title
    int status = 0;       // 0: the code's own HTTP status
};

int http_status(const Refusal& refusal);
std::string title(int code);
HttpResponse answer(const Refusal& refusal, std::string_view trace);
// The same trouble as statuses[].errors has it.
Json status_error(int code);

}  // namespace warmcall::sandbox
