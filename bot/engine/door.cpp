#include "engine/door.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace warmcall {

namespace asio = boost::asio;

namespace {

struct Waiting {
    std::vector<Work> works;
    std::function<void()> job;  // instead of works
    std::function<void(std::vector<Outcome>)> answer;
};

constexpr const char* at_the_end = "the gateway is stopping";

// Looking around is no news, or looking around would never end.
bool tells_news(const Waiting& w) {
    return std::ranges::any_of(
        w.works, [](const Work& work) { return !std::holds_alternative<Look>(work); });
}

struct Listeners {
    std::vector<std::function<void()>> commit;
    std::vector<std::function<void(Errands)>> errands;
    std::vector<std::function<void(const PlanNews&)>> plan_news;

    void tell(const PlanNews& news) const {
        for (const auto& listener : plan_news) {
            listener(news);
        }
    }
    void tell(Errands left) const {
        for (const auto& listener : commit) {
            listener();
        }
        if (!left.any()) {
            return;
        }
        for (const auto& listener : errands) {
            listener(left);
        }
    }
};

}  // namespace

struct Door::Impl {
    asio::io_context& context;
    Applier& applier;
    Store& store;
    std::size_t waiting_max;
    // Shared with the answers on their way, which may come after the door is gone.
    std::shared_ptr<Listeners> listeners = std::make_shared<Listeners>();

    std::mutex mutex;  // guards the two queues and nothing else; held for a swap
    std::condition_variable writer_wakes, reader_wakes;
    std::vector<Waiting> writes;
    std::vector<std::function<void()>> reads;
    std::size_t works_waiting = 0;
    std::atomic<bool> closing{false};  // set under the mutex, for those who wait

    std::atomic<bool> writable{true};
    std::atomic<std::size_t> waiting{0};
    std::atomic<std::uint64_t> batches{0}, works{0}, refused_full{0};
    std::atomic<std::size_t> per_second{
        2'000};  // what the last batches committed, so that "full" means more than a second's work

    static constexpr auto quiet = std::chrono::seconds{5};
    std::chrono::steady_clock::time_point last_write = std::chrono::steady_clock::now();

    std::thread writer, reader;  // last: they use the others

    Impl(asio::io_context& c, Applier& a, Store& s, std::size_t max)
        : context{c}, applier{a}, store{s}, waiting_max{max} {
        writer = std::thread{[this] { write_loop(); }};
        reader = std::thread{[this] { read_loop(); }};
    }

    ~Impl() { close(); }

    void close() {
        {
            const std::lock_guard lock{mutex};
            closing = true;
        }
        writer_wakes.notify_one();
        reader_wakes.notify_one();
        for (std::thread* one : {&writer, &reader}) {
            if (one->joinable()) {
                one->join();
            }
        }
    }

    void refuse_if_closing() const {
        if (closing) {
            throw StoreUnavailable{at_the_end};
        }
    }

    // Swaps the whole queue: what has arrived while the last batch was committed goes through
    // together.
    std::vector<Waiting> take() {
        std::unique_lock lock{mutex};
        while (writes.empty() && !closing) {
            lock.unlock();
            look_after_store();
            lock.lock();
            if (writes.empty() && !closing) {
                writer_wakes.wait_for(lock, quiet);
            }
        }
        return std::exchange(writes, {});
    }

    // Nobody waits: if only for a moment, or nothing has come for a while.
    void look_after_store() {
        try {
            if (std::chrono::steady_clock::now() - last_write < quiet) {
                store.pause();
            } else {
                store.idle();
            }
        } catch (const std::exception& problem) {
            spdlog::warn("store: {}", problem.what());
        }
    }

    void write_loop() {
        for (;;) {
            std::vector<Waiting> taken = take();
            if (closing) {
                turn_away_looks(taken);
            }
            if (taken.empty()) {
                return;
            }
            const auto begun = std::chrono::steady_clock::now();
            std::vector<std::vector<Outcome>> answers(taken.size());
            apply(taken, answers);
            const auto took =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
            std::size_t n = 0;
            for (const auto& a : answers) {
                n += a.size();
            }
            if (n > 16 && took > 0) {
                per_second = static_cast<std::size_t>(0.8 * static_cast<double>(per_second) +
                                                      0.2 * static_cast<double>(n) / took);
            }
            const bool news = std::ranges::any_of(taken, tells_news);
            if (news) {
                last_write = std::chrono::steady_clock::now();
            }
            waiting -= n;
            ++batches;
            works += n;
            // What a look leaves waits for the next news or the next wake-ups, a second at most.
            const Errands left = news ? applier.take_errands() : Errands{};
            // One post back for the whole batch.
            asio::post(context, [told = listeners, news, left, moved = applier.take_plan_news(),
                                 taken = std::move(taken), answers = std::move(answers)]() mutable {
                if (moved) {
                    told->tell(*moved);
                }
                for (std::size_t i = 0; i < taken.size(); ++i) {
                    taken[i].answer(std::move(answers[i]));
                }
                if (news) {
                    told->tell(left);
                }
            });
        }
    }

    void turn_away_looks(std::vector<Waiting>& taken) {
        const Outcome refused{.failure = std::make_exception_ptr(StoreUnavailable{at_the_end})};
        std::erase_if(taken, [&](const Waiting& w) {
            if (tells_news(w)) {
                return false;
            }
            const std::vector<Outcome> outcomes(w.works.size() + (w.job ? 1U : 0U), refused);
            waiting -= outcomes.size();
            asio::post(context, [answer = w.answer, outcomes] { answer(outcomes); });
            return true;
        });
    }

    void apply(std::vector<Waiting>& taken, std::vector<std::vector<Outcome>>& answers) {
        std::vector<Work> batch;
        for (Waiting& w : taken) {
            std::ranges::move(w.works, std::back_inserter(batch));
        }
        std::vector<Outcome> outcomes;
        try {
            outcomes = applier.apply(std::move(batch));
        } catch (...) {  // the loop's turn ends, the loop goes on; each asker is told
            outcomes.assign(batch_size(taken), Outcome{.failure = std::current_exception()});
        }
        bool failed = false;
        std::size_t next = 0;
        for (std::size_t i = 0; i < taken.size(); ++i) {
            for (std::size_t k = 0; k < taken[i].works.size(); ++k) {
                failed = failed || is_unavailable(outcomes[next]);
                answers[i].push_back(std::move(outcomes[next++]));
            }
            if (taken[i].job) {
                answers[i].push_back(run(taken[i].job));
                failed = failed || is_unavailable(answers[i].back());
            }
        }
        const bool wrote = std::ranges::any_of(taken, tells_news);
        if (failed || wrote) {
            writable = !failed;
        } else if (!writable) {
            writable = can_write();  // a look around succeeds on a full disk too; only a write
                                     // shows that it is over
        }
    }

    // As much as a webhook with all it leads to, and a little more: a few pages still fit where
    // that does not.
    bool can_write() {
        constexpr std::size_t probe_bytes = 64UL * 1024;
        try {
            for (const std::size_t bytes : {probe_bytes, 1UL}) {
                store.transact([bytes](Unit& unit) {
                    unit.set_setting("write_probe", std::string(bytes, '.'));
                });
            }
            return true;
        } catch (const std::exception&) {
            return false;
        }
    }

    static std::size_t batch_size(const std::vector<Waiting>& taken) {
        std::size_t n = 0;
        for (const Waiting& w : taken) {
            n += w.works.size();
        }
        return n;
    }

    static Outcome run(const std::function<void()>& job) {
        try {
            job();
            return {};
        } catch (...) {
            return {.failure = std::current_exception()};
        }
    }

    static bool is_unavailable(const Outcome& outcome) {
        if (!outcome.failure) {
            return false;
        }
        try {
            std::rethrow_exception(outcome.failure);
        } catch (const StoreUnavailable& problem) {
            spdlog::error("store: {}", problem.what());
            return true;
        } catch (...) {
            return false;
        }
    }

    void read_loop() {
        for (;;) {
            std::vector<std::function<void()>> taken;
            {
                std::unique_lock lock{mutex};
                reader_wakes.wait(lock, [this] { return !reads.empty() || closing; });
                if (reads.empty()) {
                    return;
                }
                taken = std::exchange(reads, {});
            }
            for (const auto& job : taken) {
                job();
            }
        }
    }

    void put(Waiting w, std::size_t n) {
        waiting += n;
        {
            const std::lock_guard lock{mutex};
            writes.push_back(std::move(w));
        }
        writer_wakes.notify_one();
    }

    asio::awaitable<std::vector<Outcome>> ask(std::vector<Work> asked, std::function<void()> job) {
        refuse_if_closing();
        const std::size_t n = asked.size() + (job ? 1U : 0U);
        const bool our_own = job || (!asked.empty() && std::holds_alternative<Look>(asked.front()));
        if (waiting + n > waiting_max + (our_own ? 1'000U : 0U)) {
            ++refused_full;
            throw StoreUnavailable{
                "more is waiting to be stored than can be taken in; try again in a moment"};
        }
        co_return co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                                void(std::vector<Outcome>)>(
            [this, n](auto handler, std::vector<Work> w, std::function<void()> j) {
                auto kept = std::make_shared<decltype(handler)>(std::move(handler));
                put({std::move(w), std::move(j),
                     [kept](std::vector<Outcome> outcomes) { (*kept)(std::move(outcomes)); }},
                    n);
            },
            asio::use_awaitable, std::move(asked), std::move(job));
    }
};

Door::Door(asio::io_context& context, Applier& applier, Store& store, std::size_t waiting_max)
    : impl_{std::make_unique<Impl>(context, applier, store, waiting_max)} {}

Door::~Door() = default;

void Door::close() {
    impl_->close();
}

namespace {

void pass_on(const Outcome& outcome) {
    if (outcome.failure) {
        std::rethrow_exception(outcome.failure);
    }
}

}  // namespace

asio::awaitable<Outcome> Door::apply(Work work) {
    std::vector<Work> works;
    works.push_back(std::move(work));
    std::vector<Outcome> outcomes = co_await impl_->ask(std::move(works), nullptr);
    pass_on(outcomes.front());
    co_return std::move(outcomes.front());
}

asio::awaitable<std::vector<Outcome>> Door::apply_all(std::vector<Work> works) {
    if (works.empty()) {
        co_return std::vector<Outcome>{};
    }
    std::vector<Outcome> outcomes = co_await impl_->ask(std::move(works), nullptr);
    co_return outcomes;
}

asio::awaitable<void> Door::on_writer(std::function<void()> job) {
    const std::vector<Outcome> outcomes = co_await impl_->ask({}, std::move(job));
    pass_on(outcomes.front());
}

asio::awaitable<std::string> Door::forget(std::vector<core::Address> addresses) {
    auto left = std::make_shared<std::string>();
    std::function<void()> job = [impl = impl_.get(), left, addresses = std::move(addresses)] {
        impl->applier.forget(addresses);
        *left = impl->store.clean_up();
    };
    co_await on_writer(std::move(job));
    co_return *left;
}

asio::awaitable<void> Door::read(std::function<void(Store&)> reading) {
    impl_->refuse_if_closing();
    const std::exception_ptr failure =
        co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                      void(std::exception_ptr, std::exception_ptr)>(
            [this](auto handler, std::function<void(Store&)> work) {
                auto kept = std::make_shared<decltype(handler)>(std::move(handler));
                auto job = [this, kept, work = std::move(work)] {
                    std::exception_ptr problem;
                    try {
                        work(impl_->store);
                    } catch (...) {
                        problem = std::current_exception();
                    }
                    asio::post(impl_->context, [kept, problem] { (*kept)(nullptr, problem); });
                };
                {
                    const std::lock_guard lock{impl_->mutex};
                    impl_->reads.push_back(std::move(job));
                }
                impl_->reader_wakes.notify_one();
            },
            asio::use_awaitable, std::move(reading));
    if (failure) {
        std::rethrow_exception(failure);
    }
}

void Door::on_commit(std::function<void()> listener) {
    impl_->listeners->commit.push_back(std::move(listener));
}

void Door::on_errands(std::function<void(Errands)> listener) {
    impl_->listeners->errands.push_back(std::move(listener));
}

void Door::on_plan_news(std::function<void(const PlanNews&)> listener) {
    impl_->listeners->plan_news.push_back(std::move(listener));
}

void Door::announce(Errands left) {
    impl_->listeners->tell(left);
}

bool Door::anyone_waits() const {
    const std::lock_guard lock{impl_->mutex};
    return std::ranges::any_of(impl_->writes, tells_news);
}

bool Door::writable() const {
    return impl_->writable;
}

bool Door::full() const {
    return impl_->waiting > std::min(impl_->per_second.load() + 200, impl_->waiting_max);
}

DoorCounts Door::counts() const {
    return {.batches = impl_->batches,
            .works = impl_->works,
            .refused_full = impl_->refused_full,
            .waiting = impl_->waiting};
}

}  // namespace warmcall
