#pragma once
// Instants as the API writes and reads them: RFC 3339, "2026-11-22T09:00:00Z".

#include <string>
#include <string_view>

#include "core/time.hpp"
#include "support/result.hpp"

namespace warmcall::web {

// Always UTC, to the second.
std::string rfc3339(core::Timestamp at);

// With "Z" or an offset ("+05:30"), fractions cut to milliseconds. The error says what was
// expected.
Result<core::Timestamp> read_rfc3339(std::string_view text);

}  // namespace warmcall::web
