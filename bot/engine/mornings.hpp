#pragma once
// The day's first message to a rep over WhatsApp: how many people wait, with Start, In 2 hours and
// Off today. One approved text a day; a tap on it opens the rep's own 24-hour window, in which the
// day's prompts have buttons and quote what was written. It goes out once or not at all.

#include <optional>
#include <string>
#include <string_view>

#include "core/plan.hpp"
#include "engine/taps.hpp"
#include "ports/store.hpp"

namespace warmcall {

// How a rep's day stands; kept in the store.
struct Morning {
    enum class State { none, told, waits, start, later, off } state = State::none;
    std::string day;          // the rep's: the day that was told, or of the tapped button
    core::Timestamp until{};  // of waits: when it is said again
};
std::string to_text(const Morning& morning);
Morning read_morning(std::string_view text);  // what is not one: none

std::string morning_key(const core::RepId& rep);  // of the store's settings
// Keeps what was tapped; it is answered outside of the transaction.
void tapped_for_the_day(Unit& unit, const core::RepId& rep, const DayTap& tap);

struct MorningMove {
    enum class Say { nothing, greet, begin, later, off, too_late } say = Say::nothing;
    Morning then;
    std::optional<core::Timestamp> away_until;
};
// What is to be said at this moment, and how the day stands once it is said.
MorningMove next_morning(const core::Rep& rep, const Morning& morning, core::Timestamp now);

// "2026-11-23", where the rep is; and when that day is over.
std::string day_of(const core::Rep& rep, core::Timestamp now);
core::Timestamp end_of_day(const core::Rep& rep, core::Timestamp now);

// What a tap is answered with; `first` is who comes first on the list, "" when nobody waits.
std::string answer_of(MorningMove::Say say, const core::Rep& rep, std::size_t waiting,
                      std::string_view first, std::string_view link);

}  // namespace warmcall
