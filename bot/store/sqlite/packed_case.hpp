#pragma once
// A case in a fifth of the bytes that it takes as an object, for the cache. Never stored: what
// reads it is the process that wrote it.

#include <string>
#include <string_view>

#include "core/outreach.hpp"

namespace warmcall::store {

std::string packed(const core::Case& c);
core::Case unpacked(std::string_view bytes);  // what packed() gave, whole

}  // namespace warmcall::store
