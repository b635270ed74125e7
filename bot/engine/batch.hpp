#pragma once
// One transaction under way: cases as they were loaded and as they become, saved together at its
// end.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/apply.hpp"

namespace warmcall {

class Batch {
 public:
    Batch(Applier& applier, Unit& in, core::Timestamp at) : unit{in}, now{at}, applier_{applier} {}

    Unit& unit;
    const core::Timestamp now;

    // As it is by now; with these messages in it, although their round may be over.
    SharedCase take(core::ContactId contact, std::span<const core::MessageId> messages = {});
    // Those that are not there yet in one look; several wanted messages of one contact join in one
    // case.
    void load(std::span<const Wanted> wanted);
    void load_all(std::span<const MessageRef> refs);
    // What the works up to the next of another kind are about.
    void load_for(std::span<const Work> works);

    // Decides what follows from the event; a refusal changes nothing.
    std::optional<core::Refusal> decide(core::ContactId contact, const core::Event& event,
                                        std::string_view actor,
                                        std::span<const core::MessageId> messages = {});
    Outcome happen(const Happened& happened);

    // What was decided so far into the tables; what comes after is loaded anew.
    void flush();
    bool empty() const { return open_.empty(); }

 private:
    struct Open {
        SharedCase before, after;  // the same one until something was decided
        std::vector<core::Effect> effects;
        std::string actor;
    };
    Open& opened(core::ContactId contact, std::span<const core::MessageId> messages);
    bool is_of_another_send(const Happened& happened) const;
    void join_parked(core::ContactId contact, const core::SendSettled& settled);

    Applier& applier_;
    std::unordered_map<core::ContactId, Open> open_;
    std::vector<core::ContactId> order_;
};

}  // namespace warmcall
