#pragma once
// An io_context turned until something is so, and a network that answers as a test wrote down.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "engine/door.hpp"
#include "ports/transport.hpp"
#include "support/catch.hpp"

namespace warmcall::tests {

namespace asio = boost::asio;

inline void turn_until(asio::io_context& context, const std::function<bool()>& so) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!so()) {
        if (std::chrono::steady_clock::now() > limit) {
            FAIL("what was waited for did not happen");
        }
        context.restart();
        context.run_one_for(std::chrono::milliseconds{20});
    }
}

// Runs one coroutine to its end; what it throws passes on.
inline void finish(asio::io_context& context, asio::awaitable<void> work) {
    bool done = false;
    std::exception_ptr problem;
    asio::co_spawn(context, std::move(work), [&](std::exception_ptr p) {
        done = true;
        problem = std::move(p);
    });
    turn_until(context, [&] { return done; });
    if (problem) {
        std::rethrow_exception(problem);
    }
}

// Holds the writing thread until told to go on.
class Holding {
 public:
    Work work() {
        return Write{[this](Unit&, core::Timestamp) {
            if (!reached_.exchange(true)) {
                entered_.set_value();
            }
            gate_.wait();
        }};
    }
    void wait_until_entered(asio::io_context& context) {
        turn_until(context, [&] {
            return entered.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
        });
    }
    // Through this door, until it has been reached.
    void hold(asio::io_context& context, Door& door) {
        asio::co_spawn(
            context,
            [](Door& d, Work one) -> asio::awaitable<void> { co_await d.apply(std::move(one)); }(
                                      door, work()),
            [](const std::exception_ptr&) {});
        wait_until_entered(context);
    }
    void go_on() { open_.set_value(); }

 private:
    std::promise<void> entered_, open_;
    std::atomic<bool> reached_ = false;
    std::shared_future<void> gate_ = open_.get_future().share();

 public:
    std::future<void> entered = entered_.get_future();
};

// What one request meets: no connection, or an exchange.
struct Meets {
    std::string no_connection;
    Exchange exchange;
    bool taken = false;  // the provider has it, whatever we get to see
};

class Wire : public Transport {
 public:
    std::deque<Meets> script;  // the last one stays
    std::vector<std::string> bodies;
    std::function<void()> on_connect = [] {};
    int taken = 0;
    std::atomic<bool> exchanged = false;

    asio::awaitable<Result<std::unique_ptr<Connection>>> connect(std::string_view,
                                                                 core::Duration) override {
        on_connect();
        if (!script.front().no_connection.empty()) {
            const Error error{Errc::io, next().no_connection};
            co_return error;
        }
        std::unique_ptr<Connection> one = std::make_unique<One>(*this);
        co_return std::move(one);
    }

 private:
    struct One : Connection {
        explicit One(Wire& w) : wire{w} {}
        Wire& wire;
        asio::awaitable<Exchange> exchange(HttpRequest request, core::Duration) override {
            const Meets meets = wire.next();
            wire.bodies.push_back(request.body);
            wire.taken += meets.taken ? 1 : 0;
            wire.exchanged = true;
            co_return meets.exchange;
        }
    };

    Meets next() {
        Meets meets = script.front();
        if (script.size() > 1) {
            script.pop_front();
        }
        return meets;
    }
};

}  // namespace warmcall::tests
