#pragma once
// So many failures in so much time per address, in bounded memory.

#include <cstddef>
#include <deque>
#include <map>
#include <string>

#include "core/time.hpp"

namespace warmcall::web {

class Limiter {
 public:
    Limiter(std::size_t failures_max, core::Duration within)
        : failures_max_{failures_max}, within_{within} {}

    bool blocked(const std::string& address, core::Timestamp now);
    void failed(const std::string& address, core::Timestamp now);

 private:
    void forget(core::Timestamp now);

    std::size_t failures_max_;
    core::Duration within_;
    std::map<std::string, std::deque<core::Timestamp>> failures_;
};

}  // namespace warmcall::web
