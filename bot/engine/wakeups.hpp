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

    static constexpr std::size_t at_once =
        500;  // in one transaction; replies get their turn in between

 private:
    Door& door_;
    Applier& applier_;
    boost::asio::steady_timer timer_;
    bool stopping_ = false;
};

}  // namespace warmcall
