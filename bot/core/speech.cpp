#include "core/speech.hpp"

#include <array>

namespace warmcall::core {

namespace {

template <std::size_t N, class Enum>
std::string_view named(const std::array<std::string_view, N>& names, Enum value) {
    return names.at(static_cast<std::size_t>(value));
}

constexpr auto phases = std::to_array<std::string_view>(
    {"planned", "warming", "call_due", "on_call", "wrap_up", "waiting", "held", "closed"});
constexpr auto prompt_kinds =
    std::to_array<std::string_view>({"no_warmup", "silent", "undelivered", "retry", "promised",
                                     "replied", "they_called", "unanswered_question"});
constexpr auto action_kinds = std::to_array<std::string_view>(
    {"send", "wait_then_call", "call", "log_outcome", "answer_question", "resume"});
constexpr auto hold_reasons =
    std::to_array<std::string_view>({"automatic_reply", "perhaps_stop", "by_rep", "no_template"});
constexpr auto close_reasons = std::to_array<std::string_view>(
    {"won", "said_no", "wrong_person", "no_reachable_address", "opted_out", "merged"});
constexpr auto message_kinds = std::to_array<std::string_view>(
    {"wellbeing", "call_me_back", "stop_confirmation", "conversation"});
constexpr auto message_states =
    std::to_array<std::string_view>({"queued", "claimed", "unknown", "settled", "cancelled"});
static_assert(std::variant_size_v<Phase> == phases.size());

}  // namespace

std::string first_name(std::string_view name) {
    const auto begin = name.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        return std::string{name};
    }
    return std::string{name.substr(begin, name.find_first_of(" \t", begin) - begin)};
}

std::string_view to_string(const Phase& phase) {
    return phases.at(phase.index());
}
std::string_view to_string(PromptKind kind) {
    return named(prompt_kinds, kind);
}
std::string_view to_string(ActionKind kind) {
    return named(action_kinds, kind);
}
std::string_view to_string(HoldReason reason) {
    return named(hold_reasons, reason);
}
std::string_view to_string(CloseReason reason) {
    return named(close_reasons, reason);
}
std::string_view to_string(MessageKind kind) {
    return named(message_kinds, kind);
}
std::string_view to_string(MessageState state) {
    return named(message_states, state);
}

std::string cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) {
        return std::string{text};
    }
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return std::string{text.substr(0, end)};
}

}  // namespace warmcall::core
