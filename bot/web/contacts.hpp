#pragma once
// Contacts over the API: add, look, correct, opt out, merge, and what was written to and fro.

#include "web/json_views.hpp"
#include "web/routes.hpp"

namespace warmcall::web {

Handled create_contact(Site& site, Call& call);
Handled list_contacts(Site& site, Call& call);
Handled show_contact(Site& site, Call& call);
Handled change_contact(Site& site, Call& call);
Handled erase_contact(Site& site, Call& call);
Handled opt_out_contact(Site& site, Call& call);
Handled merge_contact(Site& site, Call& call);
Handled show_conversation(Site& site, Call& call);
Handled write_message(Site& site, Call& call);

// The contact as it is now, if the caller may see it.
asio::awaitable<std::optional<core::Case>> visible_contact(Site& site, const Who& who,
                                                           core::ContactId id);

// {"contact": …, "prompt": …}: what most writes answer with.
Handled contact_answer(Site& site, core::ContactId id, int status, json extras = json::object());

// "limit" of a list, 1 to 200; "after" is the cursor.
std::size_t limit_of(const Call& call);

}  // namespace warmcall::web
