#pragma once
// Importing a file of contacts: taken in at once, worked on as a job with progress.

#include "web/routes.hpp"

namespace warmcall::web {

Handled import_contacts(Site& site, Call& call);
Handled show_job(Site& site, Call& call);
Handled show_rejects(Site& site, Call& call);

}  // namespace warmcall::web
