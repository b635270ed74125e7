#pragma once
// What a provider's error codes mean for us, as data: each provider has a table of these rows, read
// when a send is refused and when a receipt says "failed".

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "core/delivery.hpp"
#include "ports/provider.hpp"

namespace warmcall {

struct ProviderError {
    int first = 0;  // codes first…last
    int last = 0;
    core::FailureClass kind = core::FailureClass::permanent;
    Answer::Scope scope = Answer::Scope::message;
    int wait_s = 0;  // not before, where the provider says so; 0: it does not
    std::string_view sentence;
    core::TemplateStatus template_is = core::TemplateStatus::unknown;  // for everybody
    std::optional<int> again_max{};
};

// Tables are searched by halves.
constexpr bool in_order(std::span<const ProviderError> table) {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (table[i].last < table[i].first || (i > 0 && table[i].first <= table[i - 1].last))
            return false;
    return true;
}

// nullptr for a code the table does not have.
constexpr const ProviderError* find_error(std::span<const ProviderError> table, int code) {
    const auto after = std::ranges::upper_bound(table, code, {}, &ProviderError::first);
    if (after == table.begin())
        return nullptr;
    const ProviderError& found = *std::prev(after);
    return code <= found.last ? &found : nullptr;
}

// Puts the meaning of `code` over what the HTTP status said; a code nobody knows is named only.
void judge_code(Answer& answer, std::span<const ProviderError> table, int code);
// A receipt's failure; a code nobody knows is permanent.
core::Failure failure_of(std::span<const ProviderError> table, int code, core::Timestamp at);

// How an answer to a send is to be taken by its HTTP status. A refusal is certain only where the
// provider says so with a 4xx; any 5xx (and 408) may have been taken all the same: it is never sent
// again, a receipt, a list or a person settles it.
enum class Outcome { accepted, refused, unknown };
Outcome outcome_of(int http_status);

// What an HTTP status means while no code explains it. `name` is the provider's, `credentials` the
// keys to look at.
void judge_status(Answer& answer, int http_status, std::string_view name,
                  std::string_view credentials);

// The answer to a send that cannot be told from a loss.
Answer unknown_answer(std::string_view name);

}  // namespace warmcall
