#include "store/words.hpp"

namespace warmcall::store {

namespace {

struct PhaseWord {
    std::string_view operator()(const core::Planned&) const { return "planned"; }
    std::string_view operator()(const core::Warming&) const { return "warming"; }
    std::string_view operator()(const core::CallDue&) const { return "call_due"; }
    std::string_view operator()(const core::OnCall&) const { return "on_call"; }
    std::string_view operator()(const core::WrapUp&) const { return "wrap_up"; }
    std::string_view operator()(const core::Waiting&) const { return "waiting"; }
    std::string_view operator()(const core::Held&) const { return "held"; }
    std::string_view operator()(const core::Closed&) const { return "closed"; }
};

}  // namespace

std::string_view phase_word(const core::Phase& phase) {
    return std::visit(PhaseWord{}, phase);
}

}  // namespace warmcall::store
