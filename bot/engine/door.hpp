#pragma once
// The one door with its thread: what arrives while the previous commit syncs goes through the next
// transaction together.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/apply.hpp"

namespace warmcall {

struct DoorCounts {
    std::uint64_t batches = 0, works = 0, refused_full = 0;
    std::size_t waiting = 0;
};

class Door {
 public:
    // Starts the writing thread and the reading thread; answers come back on `context`.
    Door(boost::asio::io_context& context, Applier& applier, Store& store,
         std::size_t waiting_max = 20'000);
    ~Door();  // closes it

    // Finishes what has been taken in, and ends both threads: from then on they touch nothing of
    // anybody's. What only looks around is not begun any more, because nobody will be there to do
    // what it finds; it, and whoever comes later, is told StoreUnavailable.
    void close();

    // Decided and durable when it returns. Throws StoreUnavailable when nothing can be written, or
    // the queue is full.
    boost::asio::awaitable<Outcome> apply(Work work);

    // Several at once, in the same transaction where possible; outcomes in order.
    boost::asio::awaitable<std::vector<Outcome>> apply_all(std::vector<Work> works);

    // Runs a reading function on the reading thread. Its exceptions pass on.
    boost::asio::awaitable<void> read(std::function<void(Store&)> reading);

    // Runs something with transactions of its own on the writing thread, between two batches.
    // Listeners of on_commit do not hear of it: a sender that looks for work must not wake itself.
    boost::asio::awaitable<void> on_writer(std::function<void()> job);

    // After an erasure was committed: these are forgotten in memory, and what is left in the
    // store's files is cleaned up (Store::clean_up(), and what it says).
    boost::asio::awaitable<std::string> forget(std::vector<core::Address> addresses);

    // Called on `context` after every committed batch of works: the live stream and the sender look
    // for news.
    void on_commit(std::function<void()> listener);

    // Called on `context` after a commit that left something to do: texts to send, reps to tell.
    // Most receipts leave nothing, and then nobody need look.
    void on_errands(std::function<void(Errands)> listener);

    // Called on `context` when a channel rests or works again, a provider judged a text, a rep is
    // away or back.
    void on_plan_news(std::function<void(const PlanNews&)> listener);

    // Tells the listeners of the first two: for a job that did write. On `context`.
    void announce(Errands left = Errands::all());

    // Somebody has brought news since the present batch was taken: a long job had better be short.
    // From any thread.
    bool anyone_waits() const;

    bool writable() const;  // false after the store failed and until a write worked again
    bool full()
        const;  // more is waiting than can be committed in a second: answer 503 before reading more
    DoorCounts counts() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace warmcall
