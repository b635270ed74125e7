#include "store/postgres/herald.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace warmcall::store::pg {

namespace {

constexpr std::chrono::milliseconds tell_gap{50}, pause_first{1'000}, pause_max{30'000};

struct NotifyDeleter {
    void operator()(PGnotify* n) const { PQfreemem(n); }
};

bool worked(const Result& result) {
    const ExecStatusType status = PQresultStatus(result.get());
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

}  // namespace

Herald::Herald(std::string url, std::function<void()> hint)
    : url_{std::move(url)}, hint_{std::move(hint)}, wake_{::eventfd(0, EFD_CLOEXEC)} {
    thread_ = std::thread{[this] { run(); }};
}

Herald::~Herald() {
    over_ = true;
    tell();
    thread_.join();
    ::close(wake_);
}

void Herald::tell() {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
}

void Herald::run() {
    while (!over_) {
        if (db_ == nullptr && Clock::now() >= retry_at_) {
            const Standing standing = listen();
            if (standing == Standing::never)
                return;
            if (standing == Standing::retries)
                drop();
        }
        wait();
        if (db_ != nullptr && !attend())
            drop();
    }
}

// Behind a pooler that changes the session with every transaction nobody can listen; the service
// looks by itself every second.
Herald::Standing Herald::listen() {
    db_ = connect_to(url_);
    if (PQstatus(db_.get()) != CONNECTION_OK)
        return Standing::retries;
    PQsetNoticeProcessor(db_.get(), [](void*, const char*) {}, nullptr);
    const Result pid{PQexec(db_.get(), "SELECT pg_backend_pid()")};
    if (!worked(pid))
        return Standing::retries;
    if (std::to_string(PQbackendPID(db_.get())) != PQgetvalue(pid.get(), 0, 0)) {
        db_.reset();
        return Standing::never;
    }
    // A hint need not wait for the disk.
    if (!worked(Result{PQexec(db_.get(), "SET synchronous_commit = off")}) ||
        !worked(Result{PQexec(db_.get(), "LISTEN warmcall_news")}))
        return Standing::retries;
    PQsetnonblocking(db_.get(), 1);
    pause_ = {};
    hint_();  // what was said while nobody listened
    return Standing::listens;
}

void Herald::drop() {
    db_.reset();
    telling_ = false;
    pause_ = std::clamp(2 * pause_, pause_first, pause_max);
    retry_at_ = Clock::now() + pause_;
}

// Until somebody said something, we have something to say and may, or it is time to connect again.
void Herald::wait() {
    Clock::time_point until = Clock::now() + std::chrono::hours{1};
    if (db_ == nullptr)
        until = retry_at_;
    else if (to_tell_ && !telling_)
        until = told_ + tell_gap;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    std::array<pollfd, 2> on{pollfd{wake_, POLLIN, 0},
                             pollfd{db_ == nullptr ? -1 : PQsocket(db_.get()), POLLIN, 0}};
    if (db_ != nullptr && PQflush(db_.get()) == 1)
        on[1].events |= POLLOUT;
    ::poll(on.data(), on.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if ((on[0].revents & POLLIN) != 0) {
        std::uint64_t times = 0;
        (void)!::read(wake_, &times, sizeof times);
        to_tell_ = true;
    }
}

bool Herald::attend() {
    if (PQconsumeInput(db_.get()) == 0 || PQflush(db_.get()) < 0)
        return false;
    while (telling_ && PQisBusy(db_.get()) == 0) {
        const Result result{PQgetResult(db_.get())};
        telling_ = result != nullptr;
        if (telling_ && !worked(result))
            return false;
    }
    hear();
    if (to_tell_ && !telling_ && Clock::now() >= told_ + tell_gap) {
        if (PQsendQuery(db_.get(), "NOTIFY warmcall_news") == 0)
            return false;
        to_tell_ = false;
        telling_ = true;
        told_ = Clock::now();
    }
    return true;
}

// Our own words come back to us, and are no news.
void Herald::hear() {
    bool news = false;
    while (const std::unique_ptr<PGnotify, NotifyDeleter> said{PQnotifies(db_.get())})
        news = news || said->be_pid != PQbackendPID(db_.get());
    if (news)
        hint_();
}

}  // namespace warmcall::store::pg
