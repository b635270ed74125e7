#pragma once
// /p/<token>: one prompt as a page that needs neither script nor sign-in. Looking changes nothing
// (mail scanners and previews open links); its forms do.

#include "web/routes.hpp"

namespace warmcall::web {

Handled show_page(Site& site, Call& call);
Handled page_dial(Site& site, Call& call);
Handled page_ring(Site& site, Call& call);  // the line of [voice] rings the rep, then the contact
Handled page_ended(Site& site, Call& call);
Handled page_not_called(Site& site, Call& call);
Handled page_snooze(Site& site, Call& call);
Handled page_acknowledge(Site& site, Call& call);
Handled page_answer(Site& site, Call& call);
Handled page_disposition(Site& site, Call& call);

}  // namespace warmcall::web
