#pragma once
// What providers send. Authentic or turned away; then parsed, through the door, and only when it is
// durable and decided: 200.

#include "web/routes.hpp"

namespace warmcall::web {

Handled take_webhook(Site& site, Call& call);
Handled shake_hands(Site& site, Call& call);

}  // namespace warmcall::web
