#include "ports/system.hpp"

#include <openssl/rand.h>

#include <chrono>
#include <stdexcept>

namespace warmcall {

core::Timestamp SystemClock::now() const {
    return std::chrono::floor<core::Duration>(std::chrono::system_clock::now());
}

std::uint64_t SystemRng::next() {
    std::uint64_t bits = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&bits), sizeof bits) != 1)
        throw std::runtime_error{"the system gave no random bytes"};
    return bits;
}

}  // namespace warmcall
