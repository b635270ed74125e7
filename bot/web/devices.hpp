#pragma once
// A rep's phones: which there are, a browser that signs up for notifications, and a trial with the
// service's own answer.

#include "web/routes.hpp"

namespace warmcall::web {

Handled list_devices(Site& site, Call& call);
Handled add_device(Site& site, Call& call);
Handled remove_device(Site& site, Call& call);
Handled try_device(Site& site, Call& call);

}  // namespace warmcall::web
