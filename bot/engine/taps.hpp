#pragma once
// What a rep answers with one tap or one digit: signed button ids, and what each means. A tap
// counts only from the rep it was made for.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.hpp"
#include "ports/notifier.hpp"
#include "support/secret.hpp"

namespace warmcall {

enum class TapVerb { call, snooze, later };

struct RepTap {
    TapVerb verb = TapVerb::call;
    core::PromptId prompt;
    core::ContactId contact;
};

// "wc1.<prompt>.<contact>.<verb>.<mac>"
std::string tap_id(const Secret& key, const core::RepId& rep, const RepTap& tap);
// None: not one of ours, or not this rep's.
std::optional<RepTap> read_tap(const Secret& key, const core::RepId& rep, std::string_view id);

// The buttons of a prompt, in the order the digits 1, 2, 3 stand for.
std::vector<Tap> prompt_taps(const Secret& key, const core::RepId& rep, core::PromptId prompt,
                             core::ContactId contact);

// The buttons under the day's first message, and what a rep's tap on one says.
enum class DayVerb { start, later, off };

struct DayTap {
    DayVerb verb = DayVerb::start;
    std::string day;  // "2026-11-23", the rep's
};

// "wc1.day.<day>.<verb>.<mac>"
std::string day_tap_id(const Secret& key, const core::RepId& rep, const DayTap& tap);
std::optional<DayTap> read_day_tap(const Secret& key, const core::RepId& rep, std::string_view id);
// In the order of the approved text's own buttons.
std::vector<Tap> day_taps(const Secret& key, const core::RepId& rep, const std::string& day);
std::string_view word_of(DayVerb verb);

// What a short text means: a digit, or the button's word in the rep's language typed out ("2",
// "snooze").
std::optional<TapVerb> read_digit(std::string_view words);

// What happened to the prompt by this tap.
core::Event event_of(TapVerb verb, const core::RepId& rep, core::Timestamp now);

// The device that a rep's own messages come from, unless the configuration names others.
inline std::string message_device(const core::RepId& rep) {
    return rep.value + ".message";
}

// What the rep reads back, without a name where that is ""; `refusal` is the door's, if it had one.
std::string answer_to(TapVerb verb, std::string_view first_name, std::string_view language,
                      const std::optional<core::Refusal>& refusal);
// To a digit that answers a message about several people.
std::string answer_to_digest(std::string_view language);

}  // namespace warmcall
