#pragma once
// Hours of a week as TOML writes them: { mon = ["09:00-12:30", "14:00-18:00"], … }; a day that is
// not named is closed.

#include "core/calendar.hpp"
#include "core/toml_file.hpp"

namespace warmcall::core {

// Throws TomlFault.
WeekHours week_hours(const TomlFile& file, const toml::node& node);

}  // namespace warmcall::core
