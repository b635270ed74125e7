#pragma once
// Liveness, readiness and the numbers (Prometheus text exposition 0.0.4).

#include "web/routes.hpp"

namespace warmcall::web {

Handled alive(Site& site, Call& call);
Handled ready(Site& site, Call& call);
Handled show_metrics(Site& site, Call& call);

}  // namespace warmcall::web
