#pragma once
// Erasing a person, as they may ask for. First nothing more goes to them, decided at the one door
// like any other opt-out; then all that says who they are goes, in the same transaction.

#include <string_view>

#include "core/plan.hpp"
#include "ports/store.hpp"

namespace warmcall {

// The contact and all records merged with it. Afterwards, outside of the transaction,
// Door::forget() does the rest. `actor` is a rep's id or "operator".
Erased erase(Unit& unit, const core::Plan& plan, core::ContactId contact, std::string_view actor,
             core::Timestamp now);

// What is left of somebody who was erased: a record without a name.
bool is_erased(const core::Contact& contact);

}  // namespace warmcall
