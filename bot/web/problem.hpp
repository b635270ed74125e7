#pragma once
// Answers: JSON, and problems as RFC 9457 has them (application/problem+json), each with the next
// step in plain words.

#include <map>
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

// What is wrong with something from outside: in English, and as a code with what the sentence
// names, so that it can be said in another language.
using Values = std::map<std::string, std::string>;
struct FieldError {
    std::string field;  // "consent.at"
    std::string detail;
    std::string code{};  // "rep_unknown"; "" where only a program's mistake can be the cause
    Values values{};     // {"known": "joel, sam"}
};
net::Outgoing invalid(const std::vector<FieldError>& errors);

// What decide() refused, with the holder's name where somebody else has it.
std::string_view code_of(const core::Refusal& refusal);  // "no_consent"
net::Outgoing refused(const core::Plan& plan, const core::Refusal& refusal);

net::Outgoing busy();  // 503: nothing was taken in, come again

std::string_view title_of(int status);
std::string to_text(
    const json& body);  // texts from outside may be broken UTF-8: replaced, never thrown over

}  // namespace warmcall::web
