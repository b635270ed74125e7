#pragma once
// Calls that a provider carries: what a contact hears who rings our number, and the bridge that
// rings the rep first and then the contact. The voices themselves never come here.

#include "web/routes.hpp"

namespace warmcall::web {

// POST /api/v1/prompts/{id}/ring: the rep's own phone rings now. Twice is once.
Handled ring_prompt(Site& site, Call& call);

// The provider's side of such a call: asks how to go on, tells how it ended.
Handled take_line(Site& site, Call& call);

// Somebody rings the channel's number: what they are to hear.
Handled answer_caller(Site& site, const Hook& hook, const core::Address& caller);

}  // namespace warmcall::web
