#pragma once
// The real clock and the real source of chance.

#include "ports/clock.hpp"

namespace warmcall {

class SystemClock : public Clock {
 public:
    core::Timestamp now() const override;
};

class SystemRng : public Rng {
 public:
    std::uint64_t next() override;
};

}  // namespace warmcall
