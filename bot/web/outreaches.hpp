#pragma once
// Outreaches over the API: enrol, hold, resume, close, hand over.

#include "web/routes.hpp"

namespace warmcall::web {

Handled create_outreach(Site& site, Call& call);
Handled show_outreach(Site& site, Call& call);
Handled hold_outreach(Site& site, Call& call);
Handled resume_outreach(Site& site, Call& call);
Handled close_outreach(Site& site, Call& call);
Handled reassign_outreach(Site& site, Call& call);

}  // namespace warmcall::web
