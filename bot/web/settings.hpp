#pragma once
// What is configured, to look at: reps, channels and how they do, templates and what the lint and
// the provider say of them.

#include "web/routes.hpp"

namespace warmcall::web {

Handled list_reps(Site& site, Call& call);
Handled set_away(Site& site, Call& call);
Handled list_channels(Site& site, Call& call);
Handled list_templates(Site& site, Call& call);

}  // namespace warmcall::web
