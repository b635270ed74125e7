#pragma once
// What the web and the program need of Web Push besides sending: the key, and whether a
// subscription may be kept.

#include "ports/notifier.hpp"

namespace warmcall::notifiers {

// The key kept in the store's settings; made when there is none yet.
PushKey push_key(Store& store, std::string subject);

// What is wrong with a subscription, for its rep; "" when it may be kept. `keys` is
// "p256dh auth", both base64url. The address comes from the browser's owner, so only push services
// known by name are called, and those of `services` ("http://127.0.0.1:9000", of a sandbox).
std::string wrong_with(std::string_view address, std::string_view keys,
                       std::span<const std::string> services);

// A push service writes to this when something is wrong; Apple refuses what it cannot write to.
bool is_push_subject(std::string_view subject);

}  // namespace warmcall::notifiers
