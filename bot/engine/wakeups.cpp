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
    constexpr std::chrono::milliseconds pause_max{50};
    const auto begun = std::chrono::steady_clock::now();
    Woken woken;
    woken.n = applier_.wake(slice_);
    woken.more = woken.n == slice_;
    const auto ended = std::chrono::steady_clock::now();
    if (door_.anyone_waits()) {
        somebody_at_ = ended;
    }
    if (ended - somebody_at_ < calm_after) {
        slice_ = a_few;
        woken.pause = std::min<std::chrono::steady_clock::duration>(2 * (ended - begun), pause_max);
    } else {
        slice_ = std::min(2 * slice_, at_once);
    }
    return woken;
}

asio::awaitable<void> Wakeups::run() {
    constexpr std::chrono::steady_clock::duration look_every = std::chrono::seconds{1};
    constexpr auto reconcile_every = std::chrono::seconds{5};
    constexpr std::chrono::steady_clock::duration tidy_every = std::chrono::minutes{1};
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
                woken->untidy = applier_.tidy(tidied_at_once) >= tidied_at_once;
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
            tidy_at = std::chrono::steady_clock::now() + (woken->untidy ? look_every : tidy_every);
        }
        timer_.expires_after(woken->more ? woken->pause : look_every);
        boost::system::error_code stopped;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
    }
}

}  // namespace warmcall
