#include "net/server.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <utility>

#include "net/session.hpp"

namespace warmcall::net {

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using namespace asio::experimental::awaitable_operators;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr core::Duration accept_pause{100};
constexpr core::Duration kill_time{1'000};  // what a cancelled handler has to end
constexpr std::size_t refusals_max =
    64;  // connections told "full" at a time; more are closed without a word

std::string plain_address(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    return address.to_string();
}

Result<tcp::endpoint> endpoint_of(std::string_view text) {
    const Error wrong{
        Errc::bad_input,
        "\"" + std::string{text} +
            "\" is no address to listen on: write it as 127.0.0.1:8080 or [::1]:8080"};
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return wrong;
    std::string host{text.substr(0, colon)};
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (bad != std::errc{} || end != digits.data() + digits.size())
        return wrong;
    if (host == "localhost")
        host = "127.0.0.1";
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    error_code ec;
    const auto address = asio::ip::make_address(host, ec);
    if (ec)
        return wrong;
    return tcp::endpoint{address, port};
}

Error listen_error(std::string_view where, std::uint16_t port, const error_code& ec) {
    std::string words;
    if (ec == asio::error::address_in_use)
        words = "port " + std::to_string(port) +
                " is taken by another program: stop that one, or choose another port";
    else if (ec == asio::error::access_denied)
        words =
            "port " + std::to_string(port) + " may not be used by this user: choose one above 1023";
    else
        words = ec.message();
    return {Errc::io, "cannot listen on " + std::string{where} + ": " + words};
}

bool out_of_resources(const error_code& ec) {
    return ec == asio::error::no_descriptors || ec == asio::error::no_buffer_space ||
           ec == asio::error::no_memory || ec == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

std::string counted_address(asio::ip::address address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    if (address.is_v4())
        return address.to_string();
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    return asio::ip::address_v6{bytes}.to_string();
}

struct Server::Impl : Shared {
    using Shared::Shared;

    Acceptor acceptor{context};
    std::size_t refusing = 0;

    void stop();
    bool full(const std::string& address) const;
    void seat(Socket socket, const std::shared_ptr<Impl>& self);
    void unseat(std::list<Session>::iterator seat, const std::string& address, bool counted);
    static asio::awaitable<void> accept_all(std::shared_ptr<Impl> self);
    static asio::awaitable<void> sweep(std::shared_ptr<Impl> self);
};

void Server::Impl::stop() {
    if (stopping)
        return;
    stopping = true;
    drained_by = std::chrono::steady_clock::now() + limits.drain_time;
    error_code ignored;
    acceptor.close(ignored);
    for (Session& session : sessions)
        session.stop();
    tick.cancel();
}

bool Server::Impl::full(const std::string& address) const {
    if (counts.connections >= limits.connections_max)
        return true;
    const auto found = per_address.find(address);
    return limits.connections_per_address_max > 0 && found != per_address.end() &&
           found->second >= limits.connections_per_address_max;
}

void Server::Impl::unseat(std::list<Session>::iterator seat, const std::string& address,
                          bool counted) {
    sessions.erase(seat);
    if (!counted) {
        --refusing;
    } else {
        --counts.connections;
        if (const auto found = per_address.find(address); --found->second == 0)
            per_address.erase(found);
    }
    if (stopping)
        tick.cancel();  // the drain may be over
}

void Server::Impl::seat(Socket socket, const std::shared_ptr<Impl>& self) {
    error_code ec;
    const auto remote = socket.remote_endpoint(ec);
    if (ec)
        return;  // gone already
    ++counts.accepted;
    const std::string address = counted_address(remote.address());
    const bool taken = !full(address);
    if (!taken && (++counts.refused_full, refusing >= refusals_max))
        return;
    if (taken)
        ++counts.connections, ++per_address[address];
    else
        ++refusing;
    const auto seat =
        sessions.emplace(sessions.end(), *this, std::move(socket), plain_address(remote.address()));
    asio::co_spawn(context, taken ? seat->run() : seat->refuse(),
                   asio::bind_cancellation_slot(
                       seat->kill().slot(), [self, seat, address, taken](std::exception_ptr) {
                           // Only a kill ends a session by an exception. Unseated a turn later: the
                           // coroutine still unwinds.
                           asio::post(self->context, [self, seat, address, taken] {
                               self->unseat(seat, address, taken);
                           });
                       }));
}

asio::awaitable<void> Server::Impl::accept_all(std::shared_ptr<Impl> self) {
    co_await asio::this_coro::throw_if_cancelled(false);  // being cancelled is being told to stop
    asio::steady_timer pause{self->context};
    bool starved = false;
    while (!self->stopping) {
        auto [ec, socket] = co_await self->acceptor.async_accept(tuple_awaitable);
        if (!ec) {
            starved = false;
            self->seat(std::move(socket), self);
            continue;
        }
        if (ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor)
            break;
        if (!out_of_resources(ec))
            continue;  // that client gave up before it was served
        if (!std::exchange(starved, true))
            spdlog::error("no connection can be accepted for now: {}", ec.message());
        pause.expires_after(accept_pause);
        if (const auto [aborted] = co_await pause.async_wait(tuple_awaitable); aborted)
            break;
    }
    self->stop();
}

// Looks at every deadline a few times within the shortest of them; ends when the server has stopped
// and is drained.
asio::awaitable<void> Server::Impl::sweep(std::shared_ptr<Impl> self) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    const ServerLimits& limits = self->limits;
    const auto interval =
        std::clamp(std::min({limits.header_time, limits.body_time, limits.write_time,
                             limits.idle_time, limits.drain_time}) /
                       4,
                   core::Duration{5}, core::Duration{250});
    bool killed = false;
    while (!self->stopping || !self->sessions.empty()) {
        self->tick.expires_after(interval);
        co_await self->tick.async_wait(tuple_awaitable);
        const auto now = std::chrono::steady_clock::now();
        for (Session& session : self->sessions)
            session.expire(now);
        if (!self->stopping || now < self->drained_by)
            continue;
        if (now >= self->drained_by + kill_time) {
            spdlog::warn("{} connections did not end in time", self->sessions.size());
            break;
        }
        if (!std::exchange(killed, true))
            for (Session& session : self->sessions)
                session.kill().emit(asio::cancellation_type::terminal);
    }
}

Server::Server(asio::io_context& context, ServerLimits limits, BodyLimit body_limit,
               Handler handler, MayBeLarge may_be_large)
    : impl_{std::make_shared<Impl>(context, std::move(limits), std::move(body_limit),
                                   std::move(handler), std::move(may_be_large))} {}

Server::~Server() = default;

Result<tcp::endpoint> Server::listen(const std::string& host_and_port) {
    const auto endpoint = endpoint_of(host_and_port);
    if (!endpoint)
        return endpoint.error();
    error_code ec;
    Acceptor& acceptor = impl_->acceptor;
    acceptor.open(endpoint->protocol(), ec);
    if (!ec)
        acceptor.set_option(Acceptor::reuse_address{true}, ec);
    if (!ec)
        acceptor.bind(*endpoint, ec);
    if (!ec)
        acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) {
        error_code ignored;
        acceptor.close(ignored);
        return listen_error(host_and_port, endpoint->port(), ec);
    }
    return acceptor.local_endpoint();
}

asio::awaitable<void> Server::run() {
    const std::shared_ptr<Impl> impl = impl_;
    co_await (Impl::accept_all(impl) && Impl::sweep(impl));
}

void Server::stop() {
    impl_->stop();
}

const ServerCounts& Server::counts() const {
    impl_->counts.large_body_bytes = impl_->large_bodies->bytes;
    return impl_->counts;
}

}  // namespace warmcall::net
