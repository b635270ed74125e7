#pragma once
// PostgreSQL's text holds valid UTF-8 without NUL; people's words may be any bytes. What it would
// refuse is written as SUB and two hex digits, so that nothing is lost and ordinary text stays as
// it is.

#include <string>
#include <string_view>

namespace warmcall::store::pg {

void append_storable(std::string& to, std::string_view text);
std::string from_storable(std::string_view stored);

}  // namespace warmcall::store::pg
