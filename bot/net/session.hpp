#pragma once
// One client's connection, from its first byte to its close, and what all connections of a server
// share.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/answer.hpp"
#include "net/server.hpp"

namespace warmcall::net {

using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using SteadyTime = std::chrono::steady_clock::time_point;

class Session;

// What the large bodies under way take of the memory they share.
struct LargeBodies {
    std::size_t bytes = 0;
};

struct Shared {
    Shared(asio::io_context& context_, ServerLimits limits_, BodyLimit body_limit_,
           Handler handler_, MayBeLarge may_be_large_);

    asio::io_context& context;
    const ServerLimits limits;
    const BodyLimit body_limit;
    const Handler handler;
    const MayBeLarge may_be_large;
    const std::shared_ptr<LargeBodies> large_bodies = std::make_shared<LargeBodies>();
    ServerCounts counts;
    DateLine date;
    std::list<Session> sessions;
    std::unordered_map<std::string, std::size_t> per_address;
    bool stopping = false;
    SteadyTime drained_by{};
    asio::steady_timer tick;  // wakes the sweep
};

class Session {
 public:
    Session(Shared& shared, Socket socket, std::string peer);

    asio::awaitable<void> run();
    // Tells the client that the server is full, and closes.
    asio::awaitable<void> refuse();

    // Ends what waits when its time is over. Deadlines are swept rather than timers kept: setting
    // one costs nothing.
    void expire(SteadyTime now);
    // The server stops: an idle connection closes, a stream is cut, a request under way is
    // finished.
    void stop();

    const std::string& peer() const { return peer_; }
    asio::cancellation_signal& kill() { return kill_; }

 private:
    enum class Phase { idle, reading, handling, writing, streaming, lingering };
    struct Arrived;
    struct Manner {  // how this client is to be answered
        bool head_only = false;
        bool close = false;
        bool takes_chunks = true;
    };

    asio::awaitable<bool> answer_one(bool last);
    asio::awaitable<bool> read_head(Arrived& request);
    asio::awaitable<bool> read_body(Arrived& request);
    asio::awaitable<bool> refuse_request(Arrived& request, int status, std::string_view why);
    bool wants_problems(const Arrived& request) const;
    asio::awaitable<Outgoing> handle(Arrived& request);
    asio::awaitable<bool> send(const Outgoing& answer, Manner manner);
    asio::awaitable<bool> write(std::string_view head, std::string_view body);
    asio::awaitable<void> stream(const Outgoing& answer, bool chunked);
    asio::awaitable<void> pump(const Outgoing& answer, bool chunked);
    asio::awaitable<void> until_gone();
    asio::awaitable<void> linger();
    asio::awaitable<std::size_t> read_some(std::size_t bytes_max);
    void enter(Phase phase, core::Duration limit);
    std::string_view buffered() const { return std::string_view{buffer_}.substr(consumed_); }
    void consume(std::size_t bytes);

    Shared& shared_;
    Socket socket_;
    std::string peer_;
    asio::cancellation_signal kill_;
    std::string buffer_;  // what came and is not used yet begins at consumed_
    std::size_t consumed_ = 0;
    std::string head_;  // of the answer; kept for its memory
    Phase phase_ = Phase::idle;
    SteadyTime deadline_ = SteadyTime::max();
    bool timed_out_ = false;
};

}  // namespace warmcall::net
