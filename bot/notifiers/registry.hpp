#pragma once
// One word per way to a rep's phone. Explicit, because a static library drops what registers
// itself.

#include <span>

#include "ports/notifier.hpp"

namespace warmcall::notifiers {

extern const Notifier message;
extern const Notifier web_push;
extern const Notifier ntfy;
extern const Notifier webhook;
std::span<const Notifier> rows();  // services that are one POST each: rows.cpp

}  // namespace warmcall::notifiers
