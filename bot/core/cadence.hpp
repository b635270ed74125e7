#pragma once
// A cadence: which texts, how long to wait, when to call again. Data in config/cadences/*.toml,
// checked on load.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "support/result.hpp"

namespace warmcall::core {

// When nobody answered: the n-th further attempt comes `after` the last one, at `part` of the day
// where that is another one than before ("other time of day first").
enum class DayPart { any, morning, afternoon, evening };

struct Rung {
    Duration after{};
    DayPart part = DayPart::any;

    bool operator==(const Rung&) const = default;
};

struct Cadence {
    std::string name;                     // file name without .toml
    std::string title;                    // what a rep reads
    std::string wellbeing = "wellbeing";  // template names
    std::string call_me_back = "call_me_back";
    Duration lead_time = std::chrono::minutes{45};  // from delivered to "call anyway"
    Duration lead_time_without_receipt =
        std::chrono::hours{3};  // from accepted, if no receipt comes
    Duration useful_life = std::chrono::hours{
        4};                    // a well-being text is not sent later than this after it was planned
    std::vector<Rung> ladder;  // at least one; the last one repeats
    Duration touch_base = std::chrono::days{14};  // suggested next date after "talked"
    // Lines of the talk, templates with {{name}} {{rep}} {{topic}}, by what came before the call.
    std::vector<std::string> script_replied, script_called, script_silent, script_unsent;

    bool operator==(const Cadence&) const = default;
};

// Reads one file's text. An error names the file, the line, and what was expected. Unknown keys are
// errors.
Result<Cadence> read_cadence(std::string_view toml, std::string_view file_name);

}  // namespace warmcall::core
