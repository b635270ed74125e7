#pragma once
// Time and chance come from outside, so that a test can hold them in its hand.

#include <array>
#include <cstdint>

#include "core/time.hpp"

namespace warmcall {

class Clock {
 public:
    virtual ~Clock() = default;
    virtual core::Timestamp now() const = 0;
};

class Rng {
 public:
    virtual ~Rng() = default;
    virtual std::uint64_t next() = 0;  // cryptographically strong in production

    std::array<std::uint8_t, 16> token();        // 128 random bits
    core::Duration up_to(core::Duration bound);  // uniform in [0, bound]
};

}  // namespace warmcall
