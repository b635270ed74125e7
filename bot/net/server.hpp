#pragma once
// The HTTP server: strict, bounded in everything, graceful at the end. It knows nothing of
// warmcall's routes. Judged against ASSURANCE.md 5 ("Beast 1.81 server").

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "ports/http.hpp"
#include "support/result.hpp"

namespace warmcall::net {

namespace asio = boost::asio;

inline constexpr std::size_t large_body_bytes_min = 64 * 1024;

struct ServerLimits {
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 256 * 1024;  // where the body_limit below does not say otherwise
    core::Duration header_time = std::chrono::seconds{10};
    core::Duration body_time = std::chrono::seconds{20};  // in total, not per read
    core::Duration write_time = std::chrono::seconds{10};
    core::Duration idle_time = std::chrono::seconds{30};
    std::size_t requests_per_connection_max = 10'000;
    std::size_t connections_max = 4096;
    std::size_t connections_per_address_max = 64;  // 0: no bound (loopback, a trusted proxy)
    core::Duration drain_time =
        std::chrono::seconds{10};  // after stop(): to finish what is under way
    // What all bodies of more than large_body_bytes_min that are under way may take together.
    std::size_t large_bodies_bytes_max = 64 * 1024 * 1024;
    // Under this path what the server itself refuses is told as RFC 9457 has it; "": nowhere.
    std::string problems_under;
    std::vector<std::string>
        hosts;  // Host allow-list, without port, lower case; empty: any one valid Host
};

struct Incoming : HttpRequest {
    std::string peer;  // address without port
    bool secure = false;
};

// An answer that goes on: text/event-stream. `next` gives the next bytes to write; an empty string
// ends the stream. It is cancelled when the client is gone or the server stops.
struct Outgoing : HttpResponse {
    // reset: no answer at all, the connection is torn down at once (RST). For the sandbox, which
    // plays a bad network.
    enum class Ending { answer, reset };
    Ending ending = Ending::answer;
    std::function<asio::awaitable<std::string>()> next;
    std::shared_ptr<const std::string> fixed;  // a prebuilt body, shared, instead of `body`
};

// The largest body this path may carry, decided after the header and before a byte of the body is
// read.
using BodyLimit = std::function<std::size_t(const Incoming&)>;
// Asked before a body of more than large_body_bytes_min is read: nothing, or the answer to give
// instead. It throws nothing.
using MayBeLarge = std::function<asio::awaitable<std::optional<Outgoing>>(const Incoming&)>;
using Handler = std::function<asio::awaitable<Outgoing>(Incoming)>;

struct ServerCounts {
    std::size_t connections = 0;       // now
    std::size_t large_body_bytes = 0;  // now
    std::uint64_t accepted = 0, requests = 0, refused_full = 0, bad_requests = 0, timeouts = 0;
};

// Under which name an address is counted: a v4 address in v6 clothes is the v4 address; of v6 the
// /64 counts, which one customer has whole.
std::string counted_address(asio::ip::address address);

class Server {
 public:
    Server(asio::io_context& context, ServerLimits limits, BodyLimit body_limit, Handler handler,
           MayBeLarge may_be_large = nullptr);
    ~Server();

    // Binds and listens; port 0 picks one. The error names the address and what to do ("port 8080
    // is taken by another program: …").
    Result<asio::ip::tcp::endpoint> listen(const std::string& host_and_port);
    // Accepts and serves until stop() or until cancelled; survives EMFILE. Then finishes what is
    // under way within drain_time and returns.
    asio::awaitable<void> run();
    void stop();  // from the thread that runs the context
    const ServerCounts& counts() const;

 private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with the connections, which may outlive it by a turn
};

}  // namespace warmcall::net
