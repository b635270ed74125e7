#pragma once
// The next dates offered after a call, so that saving an outcome takes two taps, and the lines to
// say in it. Pure.

#include <string>
#include <vector>

#include "core/outreach.hpp"
#include "core/plan.hpp"

namespace warmcall::web {

struct Suggestion {
    std::string label;  // English: "Tomorrow 10:00", on the rep's clock; always of `at`
    core::Timestamp at{};
};

struct Suggestions {
    std::vector<Suggestion> no_answer, talked, callback;  // the first is preselected
};

Suggestions suggestions(const core::Plan& plan, const core::Case& subject, const core::Rep& rep,
                        core::Timestamp now);

// The lines of the talk: by whether they replied, with names and topic filled in. Where no topic is
// noted, a line that names it is replaced by one that does not.
std::vector<std::string> script(const core::Plan& plan, const core::Case& subject);

}  // namespace warmcall::web
