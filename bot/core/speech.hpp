#pragma once
// What people and states are called: first names, and one stable word per phase, kind and reason.

#include <string>
#include <string_view>

#include "core/outreach.hpp"

namespace warmcall::core {

// "Ana" of "Ana Pérez", of "Dr. Ana Pérez" and of "Pérez, Ana". A name that is nothing but a title
// stays as it is.
std::string first_name(std::string_view name);

std::string_view to_string(const Phase& phase);  // "planned", "call_due", …
std::string_view to_string(PromptKind kind);
std::string_view to_string(ActionKind kind);
std::string_view to_string(HoldReason reason);
std::string_view to_string(CloseReason reason);
std::string_view to_string(MessageKind kind);
std::string_view to_string(MessageState state);

// At most `bytes_max` bytes, cut between UTF-8 characters.
std::string cut(std::string_view text, std::size_t bytes_max);

}  // namespace warmcall::core
