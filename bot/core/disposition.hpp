#pragma once
// The two-stage grammar of a call's outcome, as a total function: every combination is either
// complete, or what it lacks is said.

#include <optional>
#include <string>
#include <string_view>

#include "core/event.hpp"

namespace warmcall::core {

struct Missing {
    bool next_action = false;  // there is no date the rep owns; else the stages do not fit
    std::string sentence;
};

std::optional<Missing> what_is_missing(const Disposition& disposition, Timestamp now);

std::string_view to_string(Reached reached);
std::string_view to_string(Said said);
std::string_view to_string(LineState state);
std::string words_of(const Line& line);  // "completed 63", "no_answer": for the timeline
std::optional<Reached> reached_from(std::string_view word);
std::optional<Said> said_from(std::string_view word);

}  // namespace warmcall::core
