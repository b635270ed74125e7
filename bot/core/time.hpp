#pragma once
// Instants and lengths of time as the whole of warmcall counts them: UTC, to the millisecond.
// Zones and calendars live in calendar.hpp; nothing here reads a clock.

#include <chrono>
#include <cstdint>

namespace warmcall::core {

using Duration = std::chrono::milliseconds;
using Timestamp = std::chrono::sys_time<Duration>;

constexpr Timestamp from_unix_ms(std::int64_t ms) {
    return Timestamp{Duration{ms}};
}
constexpr std::int64_t unix_ms(Timestamp at) {
    return at.time_since_epoch().count();
}

}  // namespace warmcall::core
