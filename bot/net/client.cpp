#include "net/client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "net/answer.hpp"
#include "net/url.hpp"

namespace warmcall::net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_bytes_max = 16 * 1024;
constexpr std::size_t answer_header_bytes_max = 32 * 1024;
constexpr int interim_answers_max = 8;  // "100 Continue", "103 Early Hints" before the real one

bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return lower(x) == lower(y); });
}

std::string words_for(const error_code& ec) {
    if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated)
        return "the connection was closed before the whole answer";
    if (ec == asio::error::connection_reset || ec == asio::error::broken_pipe)
        return "the connection was reset";
    if (ec == asio::error::connection_refused)
        return "the connection was refused";
    if (ec == asio::error::operation_aborted)
        return "given up";
    if (ec == http::error::body_limit || ec == http::error::header_limit)
        return "the answer is too large";
    if (ec.category() == http::make_error_code(http::error::bad_version).category())
        return "the answer is not HTTP";
    return ec.message();
}

// One TCP connection, plain or TLS, told apart nowhere else.
class Wire {
 public:
    explicit Wire(asio::io_context& context) : socket_{context} {}

    tcp::socket& socket() { return socket_; }
    asio::ssl::stream<tcp::socket&>& start_tls(asio::ssl::context& tls) {
        return tls_.emplace(socket_, tls);
    }

    asio::awaitable<std::tuple<error_code, std::size_t>> read(asio::mutable_buffer into) {
        if (tls_)
            co_return co_await tls_->async_read_some(into, tuple_awaitable);
        co_return co_await socket_.async_read_some(into, tuple_awaitable);
    }
    // The bytes counted are the kernel's: TLS reports a record only when all of it was taken.
    asio::awaitable<std::tuple<error_code, std::size_t>> write(asio::const_buffer from) {
        if (tls_)
            co_return co_await tls_->async_write_some(from, tuple_awaitable);
        co_return co_await socket_.async_write_some(from, tuple_awaitable);
    }
    void close() {
        error_code ignored;
        socket_.close(ignored);
    }
    // Has the peer neither closed it nor said anything unasked.
    bool quiet() {
        char byte = 0;
        return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
               (errno == EAGAIN || errno == EWOULDBLOCK);
    }

 private:
    tcp::socket socket_;
    std::optional<asio::ssl::stream<tcp::socket&>> tls_;
};

// Closes the wire when the time is over: whatever waits on it then ends. Plain Asio sockets rather
// than Beast's: a write that the kernel took whole is never reported as failed because the time ran
// out in the same moment.
class Deadline {
 public:
    Deadline(asio::io_context& context, std::shared_ptr<Wire> wire, core::Duration limit)
        : state_{std::make_shared<State>(context, std::move(wire))} {
        state_->timer.expires_after(limit);
        state_->timer.async_wait([state = state_](const error_code& ec) {
            if (ec || state->over)
                return;
            state->expired = true;
            state->wire->close();
        });
    }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    ~Deadline() {
        state_->over = true;  // the timer may have fired already, its turn still to come
        state_->timer.cancel();
    }
    bool expired() const { return state_->expired; }
    Clock::time_point at() const { return state_->timer.expiry(); }

 private:
    struct State {
        State(asio::io_context& context, std::shared_ptr<Wire> wire_)
            : timer{context}, wire{std::move(wire_)} {}
        asio::steady_timer timer;
        std::shared_ptr<Wire> wire;
        bool expired = false;
        bool over = false;
    };
    std::shared_ptr<State> state_;
};

struct Pool {
    struct Idle {
        std::shared_ptr<Wire> wire;
        Clock::time_point since;
    };

    asio::io_context& context;
    ClientOptions options;
    std::optional<asio::ssl::context>
        tls{};  // made when first needed: reading the authorities takes its time
    std::map<std::string, std::deque<Idle>> idle{};  // by origin; the longest idle first

    Result<void> prepare_tls() {
        if (tls)
            return {};
        asio::ssl::context made{asio::ssl::context::tls_client};
        SSL_CTX_set_min_proto_version(made.native_handle(), TLS1_2_VERSION);
        SSL_CTX_set_options(made.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
        made.set_verify_mode(asio::ssl::verify_peer);
        error_code ec;
        made.set_default_verify_paths(ec);
        if (const std::string& file = options.ca_file; !file.empty())
            if (made.load_verify_file(file, ec); ec)
                return Error{Errc::io,
                             "cannot read the CA certificates in " + file + ": " + ec.message()};
        tls = std::move(made);
        return {};
    }

    // The most recently used that is still good; the doubtful ones are closed on the way.
    std::shared_ptr<Wire> take(const std::string& origin) {
        prune();
        const auto found = idle.find(origin);
        while (found != idle.end() && !found->second.empty()) {
            const std::shared_ptr<Wire> wire = std::move(found->second.back().wire);
            found->second.pop_back();
            if (wire->quiet())
                return wire;
        }
        return nullptr;
    }

    void give_back(const std::string& origin, std::shared_ptr<Wire> wire) {
        prune();
        auto& waiting = idle[origin];
        waiting.push_back({std::move(wire), Clock::now()});
        if (waiting.size() > options.idle_per_origin_max)
            waiting.pop_front();
    }

    void prune() {
        const auto oldest = Clock::now() - options.idle_time;
        for (auto entry = idle.begin(); entry != idle.end();) {
            auto& waiting = entry->second;
            while (!waiting.empty() && waiting.front().since <= oldest)
                waiting.pop_front();
            entry = waiting.empty() ? idle.erase(entry) : std::next(entry);
        }
    }
};

// What the wire carries; or why this request cannot be put on one.
Result<std::string> serialised(const HttpRequest& request, const Origin& origin) {
    const auto target = target_on(origin, request.url);
    if (!target)
        return target.error();
    if (request.method.empty() || !std::all_of(request.method.begin(), request.method.end(),
                                               [](char c) { return c >= 'A' && c <= 'Z'; }))
        return Error{Errc::bad_input, "the request's method is not a word in capitals"};
    std::string bytes =
        request.method + " " + *target + " HTTP/1.1\r\nHost: " + origin.authority + "\r\n";
    for (const Header& header : request.headers) {
        if (breaks_head(header))
            return Error{Errc::bad_input, "a header field of the request holds a line break"};
        if (same(header.name, "Host") || same(header.name, "Content-Length") ||
            same(header.name, "Transfer-Encoding") || same(header.name, "Connection"))
            continue;
        bytes += header.name + ": " + header.value + "\r\n";
    }
    if (request.header("User-Agent").empty())
        bytes += "User-Agent: warmcall/" WARMCALL_VERSION "\r\n";
    if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD"))
        bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    bytes += "\r\n";
    bytes += request.body;
    return bytes;
}

HttpResponse plain_values(const http::response<http::string_body>& message) {
    HttpResponse response;
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message)
        response.headers.push_back({field.name_string(), field.value()});
    response.body = message.body();
    return response;
}

class PooledConnection : public Connection {
 public:
    PooledConnection(std::shared_ptr<Pool> pool, Origin origin, std::shared_ptr<Wire> wire)
        : pool_{std::move(pool)}, origin_{std::move(origin)}, wire_{std::move(wire)} {}
    ~PooledConnection() override {
        if (reusable_)
            pool_->give_back(origin_.text, std::move(wire_));
    }
    PooledConnection(const PooledConnection&) = delete;
    PooledConnection& operator=(const PooledConnection&) = delete;

    asio::awaitable<Exchange> exchange(HttpRequest request, core::Duration limit) override {
        Exchange result;
        const auto bytes = serialised(request, origin_);
        if (!bytes) {
            result.problem = bytes.error().message;
            co_return result;
        }
        if (!std::exchange(reusable_, false)) {
            result.problem = "this connection is used up";
            co_return result;
        }
        // Cancelled midway, it still has to say how far it got.
        const bool throws = co_await asio::this_coro::throw_if_cancelled();
        co_await asio::this_coro::throw_if_cancelled(false);
        {
            const Deadline deadline{pool_->context, wire_, limit};
            const error_code ec = co_await exchange_bytes(*bytes, request.method == "HEAD", result);
            if (ec)
                result.problem = deadline.expired() ? "timeout" : words_for(ec);
        }
        if (!reusable_)
            wire_->close();
        co_await asio::this_coro::throw_if_cancelled(throws);
        co_return result;
    }

 private:
    asio::awaitable<error_code> exchange_bytes(const std::string& bytes, bool head_only,
                                               Exchange& result) {
        for (std::size_t taken = 0; taken < bytes.size();) {
            const auto [ec, count] =
                co_await wire_->write(asio::buffer(bytes.data() + taken, bytes.size() - taken));
            taken += count;
            if (ec && taken < bytes.size())
                co_return ec;
        }
        result.progress = Exchange::Progress::written;
        std::string read;
        for (int i = 0; i <= interim_answers_max; ++i) {
            http::response_parser<http::string_body> parser;
            parser.eager(true);
            parser.skip(head_only);
            parser.header_limit(answer_header_bytes_max);
            parser.body_limit(pool_->options.answer_bytes_max);
            if (const error_code ec = co_await read_answer(parser, read))
                co_return ec;
            if (parser.get().result_int() < 200)
                continue;
            reusable_ = parser.keep_alive() && read.empty();
            result.response = plain_values(parser.get());
            result.progress = Exchange::Progress::answered;
            co_return error_code{};
        }
        co_return http::make_error_code(http::error::bad_status);
    }

    // Reads until one answer is whole; what came after it stays in `read`.
    asio::awaitable<error_code> read_answer(http::response_parser<http::string_body>& parser,
                                            std::string& read) {
        while (true) {
            error_code ec;
            if (!read.empty())
                read.erase(0, parser.put(asio::buffer(read), ec));
            if (ec && ec != http::error::need_more)
                co_return ec;
            if (parser.is_done())
                co_return error_code{};
            if (read.size() >
                answer_header_bytes_max)  // a line of a chunk, or trailers, without an end
                co_return http::make_error_code(http::error::header_limit);
            const std::size_t held = read.size();
            read.resize(held + read_bytes_max);
            const auto [error, count] =
                co_await wire_->read(asio::buffer(read.data() + held, read_bytes_max));
            read.resize(held + count);
            if (error == asio::error::eof && parser.got_some()) {
                parser.put_eof(ec);
                co_return ec ? error : ec;
            }
            if (error)
                co_return error;
        }
    }

    std::shared_ptr<Pool> pool_;
    Origin origin_;
    std::shared_ptr<Wire> wire_;
    bool reusable_ = true;  // not in the middle of anything
};

// The name's addresses. Asio's look-up cannot be interrupted, so it is left to itself when the time
// is over.
asio::awaitable<Result<std::vector<tcp::endpoint>>> resolve(asio::io_context& context,
                                                            const Origin& origin,
                                                            Clock::time_point until) {
    struct Lookup {
        explicit Lookup(asio::io_context& on) : resolver{on}, waiter{on} {}
        tcp::resolver resolver;
        asio::steady_timer waiter;
        std::optional<error_code> ended;
        std::vector<tcp::endpoint> found;
    };
    error_code ec;
    if (const auto address = asio::ip::make_address(origin.host, ec); !ec)
        co_return std::vector{tcp::endpoint{address, origin.port}};
    if (origin.host == "localhost")  // this machine, whatever a resolver says: RFC 6761 6.3
        co_return std::vector{tcp::endpoint{asio::ip::address_v4::loopback(), origin.port},
                              tcp::endpoint{asio::ip::address_v6::loopback(), origin.port}};
    const auto lookup = std::make_shared<Lookup>(context);
    lookup->waiter.expires_at(until);
    lookup->resolver.async_resolve(
        origin.host, std::to_string(origin.port), tcp::resolver::numeric_service,
        [lookup](const error_code& error, const tcp::resolver::results_type& results) {
            lookup->ended = error;
            for (const auto& entry : results)
                lookup->found.push_back(entry.endpoint());
            lookup->waiter.cancel();
        });
    co_await lookup->waiter.async_wait(tuple_awaitable);
    if (!lookup->ended) {
        lookup->resolver.cancel();
        co_return Error{Errc::timeout, "cannot resolve " + origin.host + ": timeout"};
    }
    if (*lookup->ended || lookup->found.empty())
        co_return Error{Errc::unavailable,
                        "cannot resolve " + origin.host + ": " + lookup->ended->message()};
    co_return std::move(lookup->found);
}

// The first address that answers; a dead one gets only its share of the time left.
asio::awaitable<Result<std::shared_ptr<Wire>>> reach(asio::io_context& context,
                                                     const Origin& origin,
                                                     const std::vector<tcp::endpoint>& endpoints,
                                                     Clock::time_point until) {
    Error last{Errc::timeout, "cannot connect to " + origin.host + ": timeout"};
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const auto left = std::chrono::duration_cast<core::Duration>(until - Clock::now());
        if (left <= core::Duration::zero())
            break;
        const auto wire = std::make_shared<Wire>(context);
        const Deadline deadline{context, wire,
                                left / static_cast<core::Duration::rep>(endpoints.size() - i)};
        const auto [ec] = co_await wire->socket().async_connect(endpoints[i], tuple_awaitable);
        if (!ec && !deadline.expired()) {
            error_code ignored;
            wire->socket().set_option(tcp::no_delay{true}, ignored);
            co_return wire;
        }
        last = deadline.expired()
                   ? Error{Errc::timeout, "cannot connect to " + origin.host + ": timeout"}
                   : Error{Errc::unavailable,
                           "cannot connect to " + origin.host + ": " + words_for(ec)};
    }
    co_return last;
}

// Asio's host name check, which says why it failed.
auto verification_of(const std::string& host) {
    return [check = asio::ssl::host_name_verification{host}](bool good,
                                                             asio::ssl::verify_context& context) {
        if (check(good, context))
            return true;
        if (X509_STORE_CTX_get_error(context.native_handle()) == X509_V_OK)
            X509_STORE_CTX_set_error(context.native_handle(), X509_V_ERR_HOSTNAME_MISMATCH);
        return false;
    };
}

asio::awaitable<Result<void>> secure(Pool& pool, const Origin& origin,
                                     const std::shared_ptr<Wire>& wire, Clock::time_point until) {
    auto& stream = wire->start_tls(*pool.tls);
    stream.set_verify_callback(verification_of(origin.host));
    error_code ec;
    asio::ip::make_address(origin.host, ec);
    if (ec && SSL_set_tlsext_host_name(stream.native_handle(), origin.host.c_str()) != 1)
        co_return Error{Errc::bad_input, "\"" + origin.host + "\" is no host name"};
    const auto left = std::chrono::duration_cast<core::Duration>(until - Clock::now());
    const Deadline deadline{pool.context, wire, left};
    const auto [error] =
        co_await stream.async_handshake(asio::ssl::stream_base::client, tuple_awaitable);
    if (deadline.expired())
        co_return Error{Errc::timeout, "no TLS with " + origin.host + ": timeout"};
    if (!error)
        co_return Result<void>{};
    const long verdict = SSL_get_verify_result(stream.native_handle());
    if (verdict != X509_V_OK)
        co_return Error{Errc::unavailable, "the certificate of " + origin.host + " is not good: " +
                                               X509_verify_cert_error_string(verdict)};
    co_return Error{Errc::unavailable, "no TLS with " + origin.host + ": " + words_for(error)};
}

class PooledTransport : public Transport {
 public:
    explicit PooledTransport(std::shared_ptr<Pool> pool) : pool_{std::move(pool)} {}

    asio::awaitable<Result<std::unique_ptr<Connection>>> connect(std::string_view text,
                                                                 core::Duration limit) override {
        const std::shared_ptr<Pool> pool = pool_;
        const auto origin = origin_of(text);
        if (!origin)
            co_return origin.error();
        if (auto wire = pool->take(origin->text))
            co_return std::make_unique<PooledConnection>(pool, *origin, std::move(wire));
        if (origin->tls)
            if (const auto prepared = pool->prepare_tls(); !prepared)
                co_return prepared.error();
        const auto until = Clock::now() + limit;  // from here it is the network's time
        const auto endpoints = co_await resolve(pool->context, *origin, until);
        if (!endpoints)
            co_return endpoints.error();
        auto wire = co_await reach(pool->context, *origin, *endpoints, until);
        if (!wire)
            co_return wire.error();
        if (origin->tls)
            if (const auto secured = co_await secure(*pool, *origin, *wire, until); !secured)
                co_return secured.error();
        co_return std::make_unique<PooledConnection>(pool, *origin, std::move(*wire));
    }

 private:
    std::shared_ptr<Pool> pool_;
};

}  // namespace

std::unique_ptr<Transport> make_transport(asio::io_context& context, ClientOptions options) {
    auto pool = std::make_shared<Pool>(Pool{context, std::move(options)});
    return std::make_unique<PooledTransport>(std::move(pool));
}

}  // namespace warmcall::net
