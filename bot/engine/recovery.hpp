#pragma once
// After a backup was put back (ASSURANCE F29): what happened between its making and the end of the
// installation it was made of is not in it. Texts have left that it takes for waiting or has never
// heard of, and none of them may leave twice.

#include <functional>
#include <optional>

#include "engine/apply.hpp"

namespace warmcall {

// Until when nobody can tell what left, if a backup was put back; kept for good.
std::optional<core::Timestamp> unknown_until(Store& store);

struct Recovered {
    std::size_t texts = 0;   // that waited, and may have left meanwhile: none goes again
    std::size_t people = 0;  // with an outreach under way
};

// Decides for each of them (core::PerhapsLeft, core::PutBack), part by part, and tells how far it
// is after each. Interrupted, it may begin anew with the same moment or a later one. Throws what
// the store throws.
Recovered recover(Store& store, Applier& applier, core::Timestamp unknown_until,
                  const std::function<void(const Recovered&)>& progress);

}  // namespace warmcall
