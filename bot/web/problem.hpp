#pragma once
// Answers: JSON, and problems as RFC 9457 has them (application/problem+json), each with the next
// step in plain words.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/decide.hpp"
#include "core/plan.hpp"
#include "net/server.hpp"

namespace warmcall::web {

using nlohmann::json;

net::Outgoing json_answer(int status, const json& body);
net::Outgoing no_content();
net::Outgoing see_other(std::string_view where);

// `code` is stable, for programs ("taken"); `detail` is for people and says what to do next.
net::Outgoing problem(int status, std::string_view code, std::string_view detail,
                      json extras = json::object());

struct FieldError {
    std::string field;  // "consent.at"
    std::string detail;
};
net::Outgoing invalid(const std::vector<FieldError>& errors);

// What decide() refused, with the holder's name where somebody else has it.
net::Outgoing refused(const core::Plan& plan, const core::Refusal& refusal);

net::Outgoing busy();  // 503: nothing was taken in, come again

std::string_view title_of(int status);
std::string to_text(
    const json& body);  // texts from outside may be broken UTF-8: replaced, never thrown over

}  // namespace warmcall::web
