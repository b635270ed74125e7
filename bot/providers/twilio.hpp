#pragma once
// What the files of the Twilio provider share: messages (twilio.cpp), the review of texts
// (twilio_content.cpp) and calls (twilio_voice.cpp). Nobody else includes it.

#include "ports/provider.hpp"

namespace warmcall::twilio {

std::string authorization(const Account& account);
// Why a request was refused, in a sentence for whoever runs the gateway.
Answer read_refusal(const HttpResponse& response);
// Twilio's ids: two capital letters and 32 hex digits.
bool is_sid(std::string_view text, std::string_view mark);

// ---- Content templates, for WhatsApp ----
HttpRequest build_templates(const Account& account, std::string_view page);
Result<Page<InTemplate>> read_templates(const Account& account, const HttpResponse& response);
HttpRequest build_submit(const Account& account, const core::Template& t, std::string_view step);
Result<Submitted> read_submit(const Account& account, const core::Template& t,
                              std::string_view step, const HttpResponse& response);

// ---- Programmable Voice ----
// A call on the account's number, or how it ended; nothing when the form is about something else.
std::optional<Inbound> read_call(const Account& account, const std::vector<Header>& form,
                                 core::Timestamp at);
HttpResponse answer_call(const Account& account, const CallAnswer& answer);
HttpRequest build_bridge(const Account& account, const Bridge& bridge);
Answer read_bridge(const Account& account, const HttpResponse& response);
Result<LineNews> read_line(const Account& account, const HttpRequest& request);
HttpResponse connect_line(const Account& account, const Bridge& bridge);
HttpResponse hang_up(const Account& account);

}  // namespace warmcall::twilio
