#include "core/decide.hpp"

#include <algorithm>
#include <utility>

#include "core/turn.hpp"

namespace warmcall::core {

using Code = Refusal::Code;

Refused refuse(Code code, std::string sentence, std::optional<RepId> holder) {
    return Refusal{code, std::move(sentence), std::move(holder)};
}

Refused refuse_none_live(const Turn& t) {
    return refuse(Code::none_live, t.name() + " has no outreach under way.");
}

Refused refuse_unanswered(const Turn& t) {
    return refuse(Code::wrong_phase,
                  "Answer the question first: did " + t.name() + " ask us to stop?");
}

bool all_suppressed(const Contact& contact) {
    return std::ranges::any_of(contact.suppressions, [](const Suppression& s) {
        return s.scope == SuppressionScope::all;
    });
}

namespace {

// Whatever was decided, the service looks again later, never at once and never not at all.
void keep_awake(Turn& t) {
    if (t.live() && t.outreach().wake_at <= t.now && t.in<Planned>() == nullptr &&
        t.in<CallDue>() == nullptr) {
        t.outreach().wake_at = t.now + std::chrono::minutes{1};
    }
    if (t.live() && t.in<CallDue>() != nullptr) {  // however long the prompt may rest
        t.outreach().wake_at = t.before_promise(t.outreach().wake_at);
    }
}

}  // namespace

Transition decide(const Plan& plan, const Case& before, const Event& event, Timestamp now) {
    Turn turn{plan, now, before, {}};
    turn.c.messages.reserve(before.messages.size() +
                            4);  // references into it stay good while one is added
    if (auto refusal = std::visit([&turn](const auto& e) { return on(turn, e); }, event)) {
        return {before, {}, std::move(refusal)};
    }
    keep_awake(turn);
    return {std::move(turn.c), std::move(turn.effects), std::nullopt};
}

}  // namespace warmcall::core
