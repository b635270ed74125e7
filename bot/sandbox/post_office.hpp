#pragma once
// Carries webhooks to the gateway as the providers do: signed, one or many to a POST, again and
// again for as long as the provider has the patience. Each person's events keep their order until
// one of them has to be tried again. What is in them is the line's business.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ports/transport.hpp"
#include "sandbox/ledger.hpp"
#include "sandbox/line.hpp"

namespace warmcall::sandbox {

namespace asio = boost::asio;

struct Posting {
    std::size_t batch_max = 1;  // updates in one POST, up to 1000, where the provider does that
    BatchShape shape = BatchShape::changes;
    bool hold = false;        // collect until flushed
    double retry_factor = 1;  // 0.01: the waits between tries a hundred times shorter
    Duration give_up_after = std::chrono::hours{7 * 24};  // by the sandbox's clock
    Duration answer_time{10'000};
    std::size_t queue_max = 500'000;
};

struct Update {
    Line* line = nullptr;
    // Written when it is posted; nothing: the provider tells nobody.
    std::function<std::optional<Change>(Timestamp at)> change;
    std::function<void(Timestamp at)> posted;                       // once, before its first try
    std::function<void(const Change&, const HttpResponse&)> heard;  // what the gateway answered
    Timestamp due{};
};

class PostOffice {
 public:
    PostOffice(asio::io_context& context, Transport& transport, Ledger& ledger,
               const JumpingClock& clock, Posting posting);

    // Due now or later; `lane` keeps what belongs together in order (a wa_id). False when the queue
    // is full.
    bool post(Update update, Timestamp due, const std::string& lane, std::size_t copies = 1);
    bool post_raw(Line& line, std::string body, Signing signing, Timestamp due);
    // One POST at once, outside the queue; done when it was answered or given up. Not tried again.
    asio::awaitable<void> post_now(Update update);

    struct Flushed {
        std::size_t posted = 0;   // POSTs answered 200
        std::size_t failed = 0;   // tried, and waiting for the next try
        std::size_t waiting = 0;  // updates still in the queue
    };
    // Everything queued is due now; waits until each was tried once, at most `limit`.
    asio::awaitable<Flushed> flush(Duration limit);
    // One request outside the queue, kept in no ledger.
    asio::awaitable<Exchange> exchange(HttpRequest request);

    asio::awaitable<void> run();  // until it is cancelled
    void stop();                  // nobody waits for a flush any longer
    void look_again();            // the clock has jumped, or the settings have changed
    std::size_t waiting() const;

    Posting posting;

 private:
    struct Parcel {
        Line* line = nullptr;
        std::vector<Update> updates;
        std::vector<Change> changes;         // what the updates became
        std::optional<HttpRequest> request;  // written at the first try, the same in every other
        std::string written_for;             // the channel's webhook URL then
        Signing signing = Signing::right;
        int tries = 0;
        Timestamp first_try{};
        std::uint64_t flush = 0;  // the flush that waits for it
        bool released = false;    // goes although webhooks are held
    };
    struct Lane {
        explicit Lane(asio::io_context& context) : wake{context} {}
        std::multimap<Timestamp, Parcel> queue;
        asio::steady_timer wake;
        std::size_t under_way = 0;     // updates
        std::uint64_t awaited_by = 0;  // the flush that found them under way
    };

    Lane& lane_for(const std::string& name);
    bool put(Lane& lane, Parcel parcel, Timestamp due);
    asio::awaitable<void> serve(Lane& lane);
    Parcel take(Lane& lane);
    void write(Lane& lane, Parcel& parcel);
    void write_once(Parcel& parcel) const;
    asio::awaitable<Exchange> try_post(const Parcel& parcel);
    void settle(Lane& lane, Parcel parcel, const Exchange& last);
    void again(Lane& lane, Parcel parcel, const Exchange& last);

    asio::io_context& context_;
    Transport& transport_;
    Ledger& ledger_;
    const JumpingClock& clock_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    asio::steady_timer flushed_;
    std::uint64_t flush_ = 0;  // the newest one; 0 is none
    std::size_t flush_left_ = 0;
    Flushed flush_counts_;
    bool stopped_ = false;
};

}  // namespace warmcall::sandbox
