#pragma once
// The line a browser keeps open to its push service, as Firefox speaks it (autopush over
// WebSocket). In about:config: dom.push.serverURL = ws://127.0.0.1:PORT/ and
// dom.push.testing.allowInsecureServerURL = true.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "sandbox/push.hpp"
#include "support/result.hpp"

namespace warmcall::sandbox {

namespace asio = boost::asio;

class PushSocket {
 public:
    PushSocket(asio::io_context& context, PushService& service);
    ~PushSocket();

    Result<asio::ip::tcp::endpoint> listen(const std::string& host_and_port);
    // Serves until stop(); then every line is closed.
    asio::awaitable<void> run();
    void stop();

    static constexpr std::size_t lines_max = 64;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace warmcall::sandbox
