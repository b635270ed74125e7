#include "ports/clock.hpp"

#include <limits>

namespace warmcall {

std::array<std::uint8_t, 16> Rng::token() {
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t half = 0; half < 2; ++half) {
        std::uint64_t bits = next();
        for (std::size_t i = 0; i < 8; ++i, bits >>= 8)
            bytes[half * 8 + i] = static_cast<std::uint8_t>(bits & 0xff);
    }
    return bytes;
}

core::Duration Rng::up_to(core::Duration bound) {
    if (bound <= core::Duration::zero())
        return core::Duration::zero();
    const std::uint64_t choices = static_cast<std::uint64_t>(bound.count()) + 1;
    // Draws above the largest multiple of `choices` would favour small values: draw again.
    const std::uint64_t whole = std::numeric_limits<std::uint64_t>::max() / choices * choices;
    std::uint64_t drawn = next();
    while (drawn >= whole)
        drawn = next();
    return core::Duration{static_cast<core::Duration::rep>(drawn % choices)};
}

}  // namespace warmcall
