#include "engine/wakeups.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace warmcall {

namespace asio = boost::asio;

void Wakeups::stop() {
    stopping_ = true;
    timer_.cancel();
}

asio::awaitable<void> Wakeups::run() {
    constexpr auto look_every = std::chrono::seconds{1};
    constexpr auto reconcile_every = std::chrono::seconds{5};
    constexpr auto tidy_every = std::chrono::minutes{1};
    constexpr std::size_t tidied_at_once = 2'000;
    auto reconcile_at = std::chrono::steady_clock::now();
    auto tidy_at = reconcile_at;
    while (!stopping_) {
        auto woken = std::make_shared<std::size_t>(0);
        const bool reconcile = std::chrono::steady_clock::now() >= reconcile_at;
        const bool tidy = std::chrono::steady_clock::now() >= tidy_at;
        auto job = [this, woken, reconcile, tidy] {
            *woken = applier_.wake(at_once);
            if (reconcile) {
                applier_.reconcile(at_once);
            }
            if (tidy) {
                applier_.tidy(tidied_at_once);
            }
        };
        try {
            co_await door_.on_writer(std::move(job));
            if (*woken > 0) {
                door_.announce();  // there may be something to send, or to show
            }
        } catch (const MustRestart&) {
            throw;  // only a new process can go on: this one stops, and whoever watches it starts
                    // it again
        } catch (const std::exception& problem) {
            spdlog::error("wake-ups wait: {}", problem.what());
        }
        if (reconcile) {
            reconcile_at = std::chrono::steady_clock::now() + reconcile_every;
        }
        if (tidy) {
            tidy_at = std::chrono::steady_clock::now() + tidy_every;
        }
        if (*woken < at_once) {
            timer_.expires_after(look_every);
            boost::system::error_code stopped;
            co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
        }
    }
}

}  // namespace warmcall
