#pragma once
// A POST with an Idempotency-Key has its effect once: the second of the same key gets the first
// one's answer, also when both come at once.

#include "web/routes.hpp"

namespace warmcall::web {

// Runs the route's handler, or answers from what was kept.
Handled once(Site& site, const Route& route, Call& call);

}  // namespace warmcall::web
