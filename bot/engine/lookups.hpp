#pragma once
// What a provider's own lists can tell: whether a send nobody knows the end of went out (DESIGN.md
// 7), what people wrote while webhooks could not reach us, and what became of our texts. Only
// providers with such lists are asked; for the others a receipt or the rep settles it.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/dispatch.hpp"

namespace warmcall {

// What the provider's list says of one unknown send, the ids of our other messages left out.
enum class LookedUp { went_out, absent, cannot_tell };
LookedUp looked_up(std::span<const Sighting> sightings);

// When to look, and what to believe: nothing there must be seen twice, some time apart, because a
// provider's list runs behind its sending.
class Absences {
 public:
    static constexpr core::Duration first_look = std::chrono::minutes{10};  // after the lease
    static constexpr core::Duration apart = std::chrono::minutes{10};

    // Of a send, by its claim: what was seen of an earlier one of the same message proves nothing.
    bool may_look(const Token& send, core::Timestamp lease_end, core::Timestamp now) const;
    // Not there: true when it was not there before either, so that it never arrived.
    bool absent(const Token& send, core::Timestamp now);
    void leave(const Token& send);   // to the rep: it is not looked up again
    void forget(const Token& send);  // it is settled
    void forget_before(core::Timestamp claimed);
    std::size_t size() const { return looks_.size(); }

 private:
    struct Look {
        core::Timestamp at{};
        bool left = false;
    };
    std::map<Token, Look> looks_;
};

class Lookups {
 public:
    Lookups(boost::asio::io_context& context, Door& door, Applier& applier, Transport& transport,
            std::vector<Line> lines, Clock& clock);

    boost::asio::awaitable<void> run();  // until stop()
    void stop();
    // After a backup was put back: until what people wrote since is in, as far as providers list
    // it, or until stop(). Whoever asked us to stop must not be written to.
    boost::asio::awaitable<void> caught_up();

    boost::asio::awaitable<void> settle(const Line& line);
    // Gives how many of their messages had not reached us.
    boost::asio::awaitable<std::size_t> fetch_missed(const Line& line);

    // Asks what became of our texts there; what is new goes through the door as its webhook would.
    // Gives how much was new.
    boost::asio::awaitable<std::size_t> ask_templates(const Line& line);

    static constexpr core::Duration given_up_after = std::chrono::hours{24};
    static constexpr std::size_t at_once = 100;
    static constexpr std::size_t pages_max = 50;
    static constexpr std::size_t missed_pages_max = 1'000;  // hours of what was not heard

 private:
    boost::asio::awaitable<bool> is_behind(const Line& line);
    boost::asio::awaitable<std::string> heard_until(const Line& line);
    boost::asio::awaitable<void> settle_one(const Line& line, const Unsettled& unsettled);
    boost::asio::awaitable<Result<HttpResponse>> ask(HttpRequest request);
    boost::asio::awaitable<Result<std::vector<Sighting>>> sightings(const Line& line,
                                                                    const UnknownSend& send);
    boost::asio::awaitable<Result<std::vector<InTemplate>>> templates(const Line& line);
    boost::asio::awaitable<Result<std::vector<Inbound>>> missed(const Line& line,
                                                                core::Timestamp since);
    boost::asio::awaitable<void> deliver(const Line& line, std::vector<Inbound>& events);

    Door& door_;
    Applier& applier_;
    Transport& transport_;
    std::vector<Line> lines_;
    Clock& clock_;
    Absences absences_;
    boost::asio::steady_timer timer_, behind_timer_;
    bool stopping_ = false;
};

}  // namespace warmcall
