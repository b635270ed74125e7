#include "engine/erasure.hpp"

#include "core/decide.hpp"

namespace warmcall {

Erased erase(Unit& unit, const core::Plan& plan, core::ContactId contact, std::string_view actor,
             core::Timestamp now) {
    const Wanted wanted{contact, std::nullopt};
    const SharedCase before = unit.load({&wanted, 1}).front();
    const core::Transition decided =
        core::decide(plan, *before, core::OptedOut{"They asked to be erased."}, now);
    const Change change{before.get(), &decided.next, decided.effects, actor};
    unit.save({&change, 1}, now);
    return unit.erase(before->contact.id, {}, actor, now);
}

bool is_erased(const core::Contact& contact) {
    return contact.name.empty() && contact.addresses.empty();
}

}  // namespace warmcall
