#pragma once
// A client that sends bytes as they are, and a server in a thread of its own to send them to.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "net/server.hpp"

namespace warmcall::tests {

using namespace std::chrono_literals;
namespace asio = boost::asio;

inline constexpr int patience_ms =
    10'000;  // then the test fails; nothing waits this long when all is well

struct Answer {
    int status = 0;
    std::string head;
    std::string body;
};

class RawClient {
 public:
    explicit RawClient(std::uint16_t port = 0) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (port != 0)
            connect(port);
    }
    RawClient(RawClient&& other) noexcept
        : fd_{std::exchange(other.fd_, -1)}, got_{std::move(other.got_)} {}
    RawClient(const RawClient&) = delete;
    ~RawClient() { close(); }

    void connect(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error{"the test cannot connect"};
    }
    void close() {
        if (fd_ >= 0)
            ::close(std::exchange(fd_, -1));
    }
    int fd() const { return fd_; }

    // As much as the server takes: one that refused already need not take all.
    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                return;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    bool readable(int within_ms) {
        pollfd wait{fd_, POLLIN, 0};
        return ::poll(&wait, 1, within_ms) > 0;
    }

    // One more piece; false at the end of the stream.
    bool read_more() {
        if (!readable(patience_ms))
            throw std::runtime_error{"the server neither answered nor closed"};
        char part[16384];
        const ssize_t count = ::recv(fd_, part, sizeof part, 0);
        reset_ = count < 0;
        if (count <= 0)
            return false;
        got_.append(part, static_cast<std::size_t>(count));
        return true;
    }

    std::string read_until(std::string_view mark) {
        while (got_.find(mark) == std::string::npos)
            if (!read_more())
                break;
        return std::exchange(got_, {});
    }

    std::string read_all() {
        while (read_more()) {
        }
        return std::exchange(got_, {});
    }

    // One answer framed by Content-Length; nothing when the server closed first.
    std::optional<Answer> read_answer(bool head_only = false) {
        std::size_t end = 0;
        while ((end = got_.find("\r\n\r\n")) == std::string::npos)
            if (!read_more())
                return std::nullopt;
        Answer answer{std::stoi(got_.substr(9, 3)), got_.substr(0, end + 4), {}};
        got_.erase(0, end + 4);
        const std::size_t field = answer.head.find("Content-Length: ");
        if (head_only || field == std::string::npos)
            return answer;
        const std::size_t size = std::stoul(answer.head.substr(field + 16));
        while (got_.size() < size)
            if (!read_more())
                return std::nullopt;
        answer.body = got_.substr(0, size);
        got_.erase(0, size);
        return answer;
    }

    // In good order: a reset may take an answer with it.
    bool closed() { return got_.empty() && !read_more() && !reset_; }

 private:
    int fd_ = -1;
    bool reset_ = false;
    std::string got_;
};

inline asio::awaitable<net::Outgoing> echo(net::Incoming request) {
    net::Outgoing answer;
    answer.body = request.method + " " + request.url + " " + std::to_string(request.body.size());
    co_return answer;
}

class Serving {
 public:
    explicit Serving(net::ServerLimits limits = {}, net::Handler handler = echo,
                     net::BodyLimit body_limit = nullptr, net::MayBeLarge may_be_large = nullptr)
        : server_{*context_, std::move(limits), std::move(body_limit), std::move(handler),
                  std::move(may_be_large)} {
        const auto endpoint = server_.listen("127.0.0.1:0");
        if (!endpoint)
            throw std::runtime_error{endpoint.error().message};
        port_ = endpoint->port();
        ended_ = asio::co_spawn(*context_, server_.run(), asio::use_future);
        thread_ = std::thread{[this] { context_->run(); }};
    }
    ~Serving() {
        stop();
        thread_.join();
    }

    std::uint16_t port() const { return port_; }
    RawClient client() const { return RawClient{port_}; }
    void stop() {
        asio::post(*context_, [this] { server_.stop(); });
    }
    // Did run() return within this time.
    bool ended(std::chrono::milliseconds within) {
        return ended_.wait_for(within) == std::future_status::ready;
    }

    template <class What>
    auto ask(What what) {  // on the server's thread
        std::promise<decltype(what(server_))> answer;
        asio::post(*context_, [&] { answer.set_value(what(server_)); });
        return answer.get_future().get();
    }
    net::ServerCounts counts() {
        return ask([](const net::Server& server) { return server.counts(); });
    }
    std::shared_ptr<asio::io_context> context() { return context_; }  // for what outlives this

 private:
    std::shared_ptr<asio::io_context> context_ = std::make_shared<asio::io_context>(1);
    net::Server server_;
    std::uint16_t port_ = 0;
    std::future<void> ended_;
    std::thread thread_;
};

}  // namespace warmcall::tests
