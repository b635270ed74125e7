#pragma once
// The outbox on its way: claim, connect, the gate once more, write, settle (DESIGN.md 7). What an
// exchange means is a pure function; the coroutine around it only waits.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/apply.hpp"
#include "engine/door.hpp"
#include "engine/limits.hpp"
#include "ports/transport.hpp"

namespace warmcall {

struct ChannelLimits {
    double per_second = 80;                             // WhatsApp: 80 messages a second and number
    core::Duration pair_gap = std::chrono::seconds{6};  // 1 message per 6 s to the same person …
    int pair_burst = 10;                                // … with some in a row forgiven
    core::Duration answer_limit =
        std::chrono::seconds{30};  // from the first byte written to the whole answer
};

struct Line {  // one channel: where and how fast
    Account account;
    const Provider* provider = nullptr;
    ChannelLimits limits;
};

struct Settled {
    core::SendSettled event;
    std::vector<core::Address> learned;
    bool trouble = false;  // counts against the channel's circuit
    std::optional<core::Timestamp>
        channel_pause;  // the provider asked the whole sender to wait, or the account is at fault
};

// What follows from how far the request got and what came back.
Settled settle(const Line& line, const core::Message& message, const Exchange& exchange,
               core::Timestamp now, Rng& rng);

struct DispatchCounts {
    std::uint64_t accepted = 0, refused = 0, not_sent = 0, unknown = 0, held_back = 0;
    std::size_t under_way = 0;
};

class Dispatch {
 public:
    Dispatch(boost::asio::io_context& context, Door& door, Applier& applier, Transport& transport,
             std::vector<Line> lines, Clock& clock, Rng& rng);

    // Claims and sends until cancelled; wakes on nudge() and at the latest after a second.
    boost::asio::awaitable<void> run();
    void nudge();
    // Stops claiming, and waits for what is on its way, at most `limit`.
    boost::asio::awaitable<void> drain(core::Duration limit);

    const DispatchCounts& counts() const { return counts_; }
    const Line* line(const core::ChannelId& id) const;

    static constexpr core::Duration io_budget = std::chrono::seconds{45};
    static constexpr core::Duration lease = std::chrono::seconds{120};
    static constexpr std::size_t under_way_max = 64;

 private:
    boost::asio::awaitable<std::size_t> claim_some();
    boost::asio::awaitable<void> send(Claimed claimed);
    boost::asio::awaitable<void> done(const Claimed& claimed, Settled settled);
    boost::asio::awaitable<void> keep(const Claimed& claimed, std::vector<Work> works);
    void note(const core::ChannelId& channel, const Settled& settled);

    boost::asio::io_context& context_;
    Door& door_;
    Applier& applier_;
    Transport& transport_;
    std::map<core::ChannelId, Line> lines_;
    std::map<core::ChannelId, TokenBucket> buckets_;
    std::map<core::ChannelId, Breaker> breakers_;
    std::map<core::ChannelId, PairLimit> pairs_;  // used on the writing thread only
    Clock& clock_;
    Rng& rng_;
    boost::asio::steady_timer wake_;
    bool stopping_ = false;
    DispatchCounts counts_;
};

}  // namespace warmcall
