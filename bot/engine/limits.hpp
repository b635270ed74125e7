#pragma once
// How fast and how stubbornly: what may leave now by the providers' limits, when it is the turn of
// a text that is still to be planned, back-off with full jitter, a circuit breaker. Values over
// time in the hand; nothing here waits.

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/ids.hpp"
#include "core/outreach.hpp"
#include "core/time.hpp"
#include "ports/clock.hpp"
#include "ports/provider.hpp"
#include "ports/store.hpp"

namespace warmcall {

// Never more than `per_second` in any second: a 32nd of the rate is what may have gathered
// meanwhile, the rest is what flows in.
struct TokenBucket {
    double per_second = 80;
    double burst = 80;
    double tokens = 80;
    core::Timestamp filled_at{};

    static TokenBucket of(double rate, core::Timestamp now) {
        const double burst = 1 + rate / 32;
        return {.per_second = rate * 31 / 32, .burst = burst, .tokens = burst, .filled_at = now};
    }

    std::size_t available(core::Timestamp now) {
        if (now > filled_at) {
            const double seconds = std::chrono::duration<double>(now - filled_at).count();
            tokens = std::min(burst, tokens + seconds * per_second);
        }
        filled_at = now;  // also when the clock was set back: not until it has caught up
        return static_cast<std::size_t>(std::max(tokens, 0.0));
    }
    void take(double n) { tokens -= n; }  // below zero: a long text is paid off before the next
    // When at least one is there.
    core::Timestamp next(core::Timestamp now) const {
        const double missing = std::max(0.0, 1 - tokens) / per_second;
        return std::max(now,
                        filled_at + core::Duration{static_cast<std::int64_t>(missing * 1000) + 1});
    }
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
        core::Timestamp& until = spent(m, now);
        if (until - now > gap_ * (burst_ - 1)) {
            return until - gap_ * (burst_ - 1);
        }
        until += gap_;
        return std::nullopt;
    }
    // The provider asked this pair to wait.
    void hold(const core::Message& m, core::Timestamp now, core::Timestamp until) {
        core::Timestamp& paid_off = spent(m, now);
        paid_off = std::max(paid_off, until + gap_ * (burst_ - 1));
    }
    // What another gateway knows of the pair.
    void know(const core::Message& m, core::Timestamp until) {
        core::Timestamp& paid_off = spent_[{m.channel, m.to}];
        paid_off = std::max(paid_off, until);
    }
    // They were erased, and are not written to again.
    void forget(const core::Address& to) {
        std::erase_if(spent_, [&](const auto& entry) { return entry.first.second == to; });
    }
    std::optional<core::Timestamp> known(const core::Message& m) const {
        const auto at = spent_.find({m.channel, m.to});
        return at == spent_.end() ? std::nullopt : std::optional{at->second};
    }

 private:
    // All that was sent is paid off by then.
    core::Timestamp& spent(const core::Message& m, core::Timestamp now) {
        if (spent_.size() > forget_at) {
            std::erase_if(spent_, [now](const auto& entry) { return entry.second <= now; });
        }
        core::Timestamp& until = spent_[{m.channel, m.to}];
        until = std::max(until, now);
        return until;
    }

    static constexpr std::size_t forget_at = 100'000;
    core::Duration gap_;
    int burst_;
    std::map<std::pair<core::ChannelId, core::Address>, core::Timestamp> spent_;
};

// Different people written to outside of their windows, at most so many in a rolling day. Knows at
// most `most` of them.
class PeopleLimit {
 public:
    explicit PeopleLimit(std::size_t most) : most_{most} {}

    // Beyond the limit: when one more person may be written to. Else notes this one.
    std::optional<core::Timestamp> take(const core::Address& to, core::Timestamp now);
    // When the person after `ahead` others may be written to; none: now.
    std::optional<core::Timestamp> free_at(std::size_t ahead, core::Timestamp now);
    void note(const core::Address& to, core::Timestamp at);  // was written to then
    void hold(core::Timestamp until) { held_until_ = std::max(held_until_, until); }
    // They were erased: somebody of the day, and nobody knows any more who.
    void make_nameless(const core::Address& to);
    std::size_t most() const { return most_; }

    // A minute more than the provider's day: its clock starts when the message reaches it.
    static constexpr core::Duration day = std::chrono::hours{24} + std::chrono::minutes{1};

 private:
    void forget(core::Timestamp now);

    std::size_t most_;
    core::Timestamp held_until_{};
    std::unordered_map<std::string, core::Timestamp> last_;
    using Written = std::pair<core::Timestamp, std::string>;
    std::deque<Written> order_;  // by time; stale where last_ is later
    std::size_t nameless_ = 0;
};

// One channel, as the limits see it.
struct Sender {
    core::ChannelId channel;
    Rates rates;
    std::string account;    // whose senders share rates.account_per_second …
    std::string portfolio;  // … and rates.people_per_day
};

// A message about to leave.
struct Leaving {
    const core::Message* message = nullptr;
    bool unasked = false;  // outside of their window: counts among the people of the day
    int parts = 1;
};

struct Wait {
    enum class For { sender, pair, people } what = For::sender;
    core::Timestamp until{};
};

// What may leave. Asked on the writing thread only, inside the claim's transaction: whoever shares
// a database with other gateways can keep the counts there, behind the same functions.
class Limits {
 public:
    virtual ~Limits() = default;

    // Before anything else: what was sent lately counts, also what another process sent.
    virtual void begin(Unit& unit, core::Timestamp now) = 0;
    // The channels that may send now, and about how many messages.
    virtual std::vector<Room> rooms(Unit& unit, core::Timestamp now) = 0;
    // May it leave? Then it is counted. Else what it waits for; a whole sender, or only this one.
    virtual std::optional<Wait> take(Unit& unit, const Leaving& leaving, core::Timestamp now) = 0;
    // When a channel that may not send now may again; none: all of them may.
    virtual std::optional<core::Timestamp> next_room(core::Timestamp now) = 0;

    // How many messages the channel sends in a second; none: as many as there are.
    virtual std::optional<double> per_second(const core::ChannelId& channel) const = 0;
    // When the person after `ahead` others may be written to unasked; none: now.
    virtual std::optional<core::Timestamp> people_at(const core::ChannelId& channel,
                                                     std::size_t ahead, core::Timestamp now) = 0;

    // The provider asked this pair, or all that is unasked, to wait. Senders and accounts rest as
    // channels that are down.
    virtual void hold(const core::Message& message, Answer::Scope scope, core::Timestamp now,
                      core::Timestamp until) = 0;
    virtual bool share_account(const core::ChannelId& a, const core::ChannelId& b) const = 0;
    // Who was erased is not known by name any more; that somebody was written to still counts.
    virtual void forget(std::span<const core::Address> addresses) = 0;

    // A sender rests until then, for other gateways to know; and those that rest by the word of
    // other gateways, as of the last rooms().
    virtual void rest(const core::ChannelId& /*channel*/, core::Timestamp /*until*/) {}
    virtual std::map<core::ChannelId, core::Timestamp> resting() const { return {}; }
};

// The limits of one process alone.
class OwnLimits : public Limits {
 public:
    OwnLimits(const std::vector<Sender>& senders, core::Timestamp now);

    void begin(Unit& unit, core::Timestamp now) override;
    std::vector<Room> rooms(Unit& unit, core::Timestamp now) override;
    std::optional<Wait> take(Unit& unit, const Leaving& leaving, core::Timestamp now) override;
    std::optional<core::Timestamp> next_room(core::Timestamp now) override;
    std::optional<double> per_second(const core::ChannelId& channel) const override;
    std::optional<core::Timestamp> people_at(const core::ChannelId& channel, std::size_t ahead,
                                             core::Timestamp now) override;
    void hold(const core::Message& message, Answer::Scope scope, core::Timestamp now,
              core::Timestamp until) override;
    bool share_account(const core::ChannelId& a, const core::ChannelId& b) const override;
    void forget(std::span<const core::Address> addresses) override;

 protected:
    struct One {
        Sender sender;
        TokenBucket bucket;
        PairLimit pairs;
        TokenBucket* account = nullptr;  // none: no bound
        PeopleLimit* people = nullptr;
    };
    One* find(const core::ChannelId& channel);

    std::map<core::ChannelId, One> senders_;
    std::map<std::string, TokenBucket> accounts_;
    std::map<std::string, PeopleLimit> portfolios_;
};

// Whose turn it is. A channel takes a minute's worth of well-being texts into its line; who comes
// later gets a time of their own, one after the other as fast as the channel sends. So 50,000 who
// are due at nine o'clock spread themselves, and none of them is looked at more often than needed.
class Turns {
 public:
    // How many wait. From then on planned() counts on, and who has left meanwhile is not missed.
    void counted(std::size_t waiting, core::Timestamp now) {
        waiting_ = waiting;
        counted_at_ = now;
    }
    // Longer ago than a second, and than a tenth of the line takes to leave: a long line takes long
    // to count.
    bool counted_long_ago(core::Timestamp now) const;
    // As a look at what is due begins.
    void begin(const Limits& limits, const core::ChannelId& channel, core::Timestamp now);
    // When the next text may be planned; none: now.
    std::optional<core::Timestamp> room_at(Limits& limits, core::Timestamp now) const;
    void planned() { ++waiting_; }
    void put_off(core::Timestamp at) { given_.push_back(at); }

    // As many as wait at the most, and so many are worth counting.
    static std::size_t line_max(const Limits& limits, const core::ChannelId& channel);

 private:
    core::ChannelId channel_;
    std::size_t waiting_ = 0, line_max_ = 0;
    core::Timestamp counted_at_{};
    core::Duration step_{};
    std::deque<core::Timestamp> given_;  // turns that are still to come, earliest first
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
    // It has rested, and nothing has shown yet that it takes messages again: one will tell.
    bool on_trial() const { return opened_ > 0; }
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
