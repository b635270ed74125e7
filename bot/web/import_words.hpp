#pragma once
// What people's own words in a file of contacts mean: the names of its columns, of countries, and
// its days. Knows nothing of rows.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "support/result.hpp"

namespace warmcall::web {

// Which column holds what, guessed from the header's words ("Mobile number" is the phone).
using Columns = std::map<std::string, std::size_t>;
Result<Columns> guess_columns(const std::vector<std::string>& header);

// "DE" of "de", "Germany", "Deutschland" or "Allemagne"; "" of what is no country with numbers of
// its own.
std::string region_called(std::string_view text);

// A day, at midnight UTC, or a time of it: 2026-11-01, 1.11.2026, 25/12/2026, 12/25/2026,
// 2026-11-01 10:00, RFC 3339. What may be two days (03/04/2026) is an error that says both.
Result<core::Timestamp> read_date(std::string_view text);

}  // namespace warmcall::web
