#include "engine/wakeups.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace warmcall {

namespace asio = boost::asio;

void Wakeups::stop() {
    stopping_ = true;
    timer_.cancel();
}

Wakeups::Woken Wakeups::wake_due() {
    Woken woken;
    bool others = false;
    do {
        const std::size_t n = applier_.wake(slice_);
        woken.n += n;
        woken.more = n == slice_;
        others = door_.anyone_waits();
        const auto now = std::chrono::steady_clock::now();
        if (others) {
            somebody_at_ = now;
        }
        slice_ = now - somebody_at_ < calm_after ? a_few : std::min(2 * slice_, at_once);
    } while (woken.more && !others && woken.n < at_once);
    return woken;
}

asio::awaitable<void> Wakeups::run() {
    constexpr auto look_every = std::chrono::seconds{1};
    constexpr auto reconcile_every = std::chrono::seconds{5};
    constexpr auto tidy_every = std::chrono::minutes{1};
    constexpr std::size_t tidied_at_once = 2'000;
    auto reconcile_at = std::chrono::steady_clock::now();
    auto tidy_at = reconcile_at;
    while (!stopping_) {
        auto woken = std::make_shared<Woken>();
        const bool reconcile = std::chrono::steady_clock::now() >= reconcile_at;
        const bool tidy = std::chrono::steady_clock::now() >= tidy_at;
        auto job = [this, woken, reconcile, tidy] {
            *woken = wake_due();
            if (reconcile) {
                applier_.reconcile(at_once);
            }
            if (tidy) {
                applier_.tidy(tidied_at_once);
            }
            woken->left = applier_.take_errands();  // also what reconciling left
        };
        try {
            co_await door_.on_writer(std::move(job));
            if (woken->n > 0 || woken->left.any()) {
                door_.announce(woken->left);  // there may be something to send, or to show
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
        if (!woken->more) {
            timer_.expires_after(look_every);
            boost::system::error_code stopped;
            co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
        }
    }
}

}  // namespace warmcall
