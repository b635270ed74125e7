#pragma once
// One word per way to a rep's phone.

#include "ports/notifier.hpp"

namespace warmcall::notifiers {

extern const Notifier provider_message;

}  // namespace warmcall::notifiers
