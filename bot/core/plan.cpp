#include "core/plan.hpp"

#include <algorithm>

namespace warmcall::core {

const Rep* Plan::rep_for(const RepId& owner) const {
    auto rep = reps.find(owner);
    if (rep == reps.end()) {
        rep = std::ranges::find_if(reps, [this](const auto& one) {
            return std::ranges::any_of(
                reps, [&](const auto& other) { return other.second.lead == one.first; });
        });
    }
    if (rep == reps.end()) {
        rep = reps.begin();
    }
    return rep == reps.end() ? nullptr : &rep->second;
}

}  // namespace warmcall::core
