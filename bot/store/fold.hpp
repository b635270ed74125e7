#pragma once
// A name as it is looked for: without case and accents, so that "jose" finds "José", and without
// NULs, which FTS5 would take for the end.

#include <string>
#include <string_view>

namespace warmcall::store {

std::string fold(std::string_view text);

}  // namespace warmcall::store
