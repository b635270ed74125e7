#pragma once
// The method, and the only place that knows it: what follows from an event. Pure: no I/O, no clock,
// no chance, no locale.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/event.hpp"
#include "core/outreach.hpp"
#include "core/plan.hpp"

namespace warmcall::core {

// A new message is simply in `next.messages` with id 0, a cancelled one has its state changed, a
// new prompt has id 0: the store writes what differs and numbers what is new. Effects are what the
// state does not show.
struct TellRep {  // to the rep's phone: the open prompt, or a one-line notice ("Ana asked to
                  // stop.")
    RepId rep;
    enum class What { prompt, notice } what = What::notice;
    std::string text;  // of a notice
};
struct Noted {         // one line of the contact's timeline; the text holds no message words
    std::string what;  // stable word: "replied", "silent", "attempt", …
    std::string text;
};

struct KeepWords {  // what they wrote goes into the conversation
    Timestamp at{};
    ChannelId channel;
    ReplyKind kind = ReplyKind::text;
    std::string words;
};

using Effect = std::variant<TellRep, Noted, KeepWords>;

// A refused transition changes nothing (I8).
struct Refusal {
    enum class Code {
        none_live,
        has_live,
        no_consent,
        no_address,
        suppressed,
        unknown_cadence,
        wrong_phase,
        taken,
        next_action_missing,
        not_a_disposition,
        late,
        template_unfit,
        gate
    };
    Code code = Code::wrong_phase;
    std::string sentence;  // for the rep
    std::optional<RepId> holder;
};

struct Transition {
    Case next;
    std::vector<Effect> effects;
    std::optional<Refusal> refusal;
};

Transition decide(const Plan& plan, const Case& before, const Event& event, Timestamp now);

}  // namespace warmcall::core
