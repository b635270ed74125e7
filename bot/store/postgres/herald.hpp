#pragma once
// Tells the other gateways that there is something new, and hears it from them (NOTIFY, LISTEN),
// with a connection and a thread of its own. A hint and no more: nothing waits for it, nothing is
// lost without it. The transactions that bring the news do not notify themselves: PostgreSQL lets
// such transactions commit only one at a time.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "store/postgres/connection.hpp"

namespace warmcall::store::pg {

class Herald {
 public:
    // `hint` is called on the herald's thread.
    Herald(std::string url, std::function<void()> hint);
    ~Herald();
    Herald(const Herald&) = delete;
    Herald& operator=(const Herald&) = delete;

    void tell();  // from any thread; several in a short time are one

 private:
    using Clock = std::chrono::steady_clock;
    enum class Standing { listens, retries, never };

    void run();
    Standing listen();
    void drop();
    bool attend();  // false: the connection broke
    void wait();
    void hear();

    std::string url_;
    std::function<void()> hint_;
    int wake_ = -1;  // an eventfd: there is something to tell, or it is over
    std::atomic<bool> over_{false};
    std::unique_ptr<PGconn, ConnectionCloser> db_;
    bool to_tell_ = false, telling_ = false;
    Clock::time_point told_{}, retry_at_{};
    std::chrono::milliseconds pause_{0};
    std::thread thread_;
};

}  // namespace warmcall::store::pg
