#pragma once
// Timers are columns: this loop looks which outreaches are due, sleeps until the next one, and
// reconciles claims whose lease ran out.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/apply.hpp"
#include "engine/door.hpp"

namespace warmcall {

class Wakeups {
 public:
    Wakeups(boost::asio::io_context& context, Door& door, Applier& applier)
        : door_{door}, applier_{applier}, timer_{context} {}

    boost::asio::awaitable<void> run();
    void stop();

    // In one transaction at the most. Many are cheaper together, but whoever comes meanwhile waits
    // for them: while people come and go it is a few at a time, in a third of the time.
    static constexpr std::size_t at_once = 128, a_few = 32;
    static constexpr auto calm_after = std::chrono::seconds{1};

 private:
    struct Woken {
        std::size_t n = 0;
        bool more = false;
        std::chrono::steady_clock::duration pause{};  // before more of them
        Errands left;
        bool untidy = false;  // there is more to forget than was forgotten at once
    };
    Woken wake_due();  // on the writing thread

    Door& door_;
    Applier& applier_;
    boost::asio::steady_timer timer_;
    std::size_t slice_ = a_few;                            // these two
    std::chrono::steady_clock::time_point somebody_at_{};  // on the writing thread only
    bool stopping_ = false;
};

}  // namespace warmcall
