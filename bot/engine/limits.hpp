#pragma once
// How fast and how stubbornly: token buckets, back-off with full jitter, a circuit breaker. Values
// over time in the hand.

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "core/ids.hpp"
#include "core/outreach.hpp"
#include "core/time.hpp"
#include "ports/clock.hpp"

namespace warmcall {

struct TokenBucket {
    double per_second = 80;
    double burst = 80;
    double tokens = 80;
    core::Timestamp filled_at{};

    std::size_t available(core::Timestamp now) {
        if (now > filled_at) {
            const double seconds = std::chrono::duration<double>(now - filled_at).count();
            tokens = std::min(burst, tokens + seconds * per_second);
            filled_at = now;
        }
        return static_cast<std::size_t>(std::max(tokens, 0.0));
    }
    void take(std::size_t n) { tokens -= static_cast<double>(n); }
};

// Full jitter: uniform in [0, base * 2^tries], at most `max`, at least one second.
inline core::Duration backoff(int tries, core::Duration base, core::Duration max, Rng& rng) {
    const core::Duration bound =
        std::min(max, core::Duration{base.count() << std::clamp(tries, 0, 16)});
    return std::max<core::Duration>(rng.up_to(bound), std::chrono::seconds{1});
}

// A pair (our number, theirs) may talk once in `gap`; a few in a row are forgiven, as the provider
// does.
class PairLimit {
 public:
    explicit PairLimit(core::Duration gap, int burst) : gap_{gap}, burst_{burst} {}

    // When the pair is over its rate: the time it may talk again. Else notes the message.
    std::optional<core::Timestamp> take(const core::Message& m, core::Timestamp now) {
        if (gap_.count() == 0) {
            return std::nullopt;
        }
        if (spent_.size() > forget_at) {
            std::erase_if(spent_, [now](const auto& entry) { return entry.second <= now; });
        }
        core::Timestamp& until =
            spent_[{m.channel, m.to}];  // all that was sent is paid off by then
        until = std::max(until, now);
        if (until - now >= gap_ * burst_) {
            return until - gap_ * (burst_ - 1);
        }
        until += gap_;
        return std::nullopt;
    }

 private:
    static constexpr std::size_t forget_at = 100'000;
    core::Duration gap_;
    int burst_;
    std::map<std::pair<core::ChannelId, core::Address>, core::Timestamp> spent_;
};

// Opens after `failures_max` in a row, for 30 s, doubling to 10 min; any success closes it.
class Breaker {
 public:
    // The time until which the channel is to be left alone, when this failure opened it.
    std::optional<core::Timestamp> failed(core::Timestamp now) {
        if (now < open_until_) {
            return std::nullopt;  // it left before the circuit opened, and tells nothing new
        }
        if (++failures_ < failures_max) {
            return std::nullopt;
        }
        const core::Duration pause = std::min<core::Duration>(
            std::chrono::seconds{30} * (1 << std::min(opened_, 5)), std::chrono::minutes{10});
        ++opened_;
        failures_ = failures_max - 1;  // one more failure after the pause opens it again
        open_until_ = now + pause;
        return open_until_;
    }
    void succeeded() {
        failures_ = 0;
        opened_ = 0;
        open_until_ = {};
    }

 private:
    static constexpr int failures_max = 5;
    int failures_ = 0;
    int opened_ = 0;
    core::Timestamp open_until_{};
};

}  // namespace warmcall
