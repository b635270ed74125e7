#pragma once
// The outbox on its way: claim, connect, the gate once more, write, settle (DESIGN.md 7). What an
// exchange means is a pure function; the coroutine around it only waits.

#include <algorithm>
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

struct Line {  // one channel: where and how fast
    Account account;
    const Provider* provider = nullptr;
    Rates rates;
    std::string portfolio;  // channels of the same one share rates.people_per_day
    core::Duration answer_limit =
        std::chrono::seconds{30};  // from the first byte written to the whole answer
};

// The lines as the limits see them: who shares an account at the provider, and who a portfolio.
std::vector<Sender> senders_of(const std::vector<Line>& lines);

// Why the line's provider would not take this text; asked before it is claimed.
Unfit unfit_on(const std::vector<Line>& lines);

// What follows for others from a receipt, as from the same refusal of a send.
AftermathOf aftermath_of(const std::vector<Line>& lines);

struct Settled {
    core::SendSettled event;
    std::vector<core::Address> learned;
    bool trouble = false;  // counts against the channel's circuit
    std::optional<Pause> pause;
    core::TemplateStatus template_is = core::TemplateStatus::unknown;  // for everybody
};

// Whoever asks us again and again to slow down is left alone twice as long each time.
class SlowDowns {
 public:
    // Asked once more: until when.
    core::Timestamp asked(core::Timestamp now) {
        if (now >= until_) {  // else it left before the rest began, and tells nothing new
            until_ = now + std::min<core::Duration>(first * (1 << in_a_row_), most);
            in_a_row_ = std::min(in_a_row_ + 1, 16);
        }
        return until_;
    }

 private:
    static constexpr core::Duration first = std::chrono::seconds{2};
    static constexpr core::Duration most = std::chrono::minutes{15};
    int in_a_row_ = 0;
    core::Timestamp until_{};
};

// What follows from how far the request got and what came back.
Settled settle(const Line& line, const core::Message& message, const Exchange& exchange,
               core::Timestamp now, Rng& rng);

// How many more of each channel may be on their way, of so many for all. A provider that takes long
// to answer fills its own channel's places, never everybody's: a few are kept for each.
Places places_left(const std::map<core::ChannelId, std::size_t>& under_way, std::size_t all,
                   std::size_t kept_for_each);

struct DispatchCounts {
    std::uint64_t accepted = 0, refused = 0, not_sent = 0, unknown = 0, held_back = 0;
    std::size_t under_way = 0;
};

class Dispatch {
 public:
    Dispatch(boost::asio::io_context& context, Door& door, Applier& applier, Transport& transport,
             std::vector<Line> lines, Limits& limits, Clock& clock, Rng& rng);

    // Claims and sends until cancelled; wakes on nudge(), when a channel may send again, and at the
    // latest after a second.
    boost::asio::awaitable<void> run();
    void nudge();
    void stop();  // claiming
    // Stops, and waits for the claim that is being made and for what is on its way, at most
    // `limit`.
    boost::asio::awaitable<void> drain(core::Duration limit);

    const DispatchCounts& counts() const { return counts_; }
    const Line* line(const core::ChannelId& id) const;

    static constexpr core::Duration io_budget = std::chrono::seconds{45};
    static constexpr core::Duration lease = std::chrono::seconds{120};
    static constexpr std::size_t under_way_max = 128;
    static constexpr std::size_t kept_for_each = 16;  // of those, for each channel

 private:
    boost::asio::awaitable<std::size_t> claim_some();
    Places places() const;
    core::Duration idle_for() const;
    boost::asio::awaitable<void> send(Claimed claimed);
    boost::asio::awaitable<void> done(const Claimed& claimed, Settled settled);
    boost::asio::awaitable<void> keep(const Claimed& claimed, std::vector<Work> works);
    void note(const core::ChannelId& channel, const Settled& settled);
    void rest_longer(const core::ChannelId& channel, Settled& settled);

    boost::asio::io_context& context_;
    Door& door_;
    Applier& applier_;
    Transport& transport_;
    std::map<core::ChannelId, Line> lines_;
    std::map<core::ChannelId, Breaker> breakers_;
    std::map<core::ChannelId, std::string> accounts_;
    std::map<std::string, SlowDowns> slow_downs_;  // by account, or by the channel alone
    Limits& limits_;                               // used on the writing thread only
    std::optional<core::Timestamp> room_at_;
    Clock& clock_;
    Rng& rng_;
    boost::asio::steady_timer wake_;
    bool nudged_ = false;
    bool running_ = false, stopping_ = false;
    DispatchCounts counts_;
    std::map<core::ChannelId, std::size_t> under_way_;
};

}  // namespace warmcall
