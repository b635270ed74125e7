#include "net/session.hpp"

#include <netinet/tcp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <stdexcept>
#include <typeinfo>

#include "net/request_parser.hpp"
#include "net/strict.hpp"

namespace warmcall::net {

namespace {

using boost::system::error_code;
namespace http = boost::beast::http;
using namespace asio::experimental::awaitable_operators;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t read_bytes_first = 4 * 1024;  // what an idle connection holds
constexpr std::size_t read_bytes_max = 64 * 1024;
constexpr std::size_t write_piece_bytes =
    64 * 1024;  // each has write_time: a slow reader, but not a stalled one
constexpr std::size_t linger_bytes_max = 256 * 1024;
constexpr core::Duration linger_time{1'000};
constexpr int unacknowledged_ms_max = 40'000;

int status_of(const error_code& ec) {
    if (ec == http::error::body_limit)
        return 413;
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
        return 431;
    if (ec == http::error::bad_version)
        return 505;
    return 400;
}

// What an exception may say in the log: the words of our own kinds. Others (a JSON parser's) may
// quote what they read.
std::string loggable(const std::exception& problem) {
    if (dynamic_cast<const std::runtime_error*>(&problem) ||
        dynamic_cast<const std::logic_error*>(&problem))
        return problem.what();
    return typeid(problem).name();
}

Outgoing plain(int status, std::string_view words) {
    Outgoing answer;
    answer.status = status;
    answer.headers = {{"Content-Type", "text/plain; charset=utf-8"},
                      {"X-Content-Type-Options", "nosniff"}};
    answer.body = std::string{words} + "\n";
    return answer;
}

// The texts are ours: nothing in them is to be escaped.
Outgoing problem(int status, std::string_view words) {
    Outgoing answer = plain(status, {});
    answer.headers.front().value = "application/problem+json";
    answer.body = "{\"type\":\"about:blank\",\"title\":\"" + std::string{reason_of(status)} +
                  "\",\"status\":" + std::to_string(status) + ",\"detail\":\"" +
                  std::string{words} + "\"}";
    return answer;
}

// What one body takes of the memory that all large ones share. It may outlive the server by a turn.
class Room {
 public:
    explicit Room(std::shared_ptr<LargeBodies> all) : all_{std::move(all)} {}
    ~Room() { release(); }
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;

    // False: the others have the rest.
    bool take(std::size_t bytes, std::size_t bytes_max) {
        if (bytes <= large_body_bytes_min || bytes <= taken_)
            return true;
        if (all_->bytes + (bytes - taken_) > bytes_max)
            return false;
        all_->bytes += bytes - taken_;
        taken_ = bytes;
        return true;
    }
    void release() { all_->bytes -= std::exchange(taken_, 0); }

 private:
    std::shared_ptr<LargeBodies> all_;
    std::size_t taken_ = 0;
};

std::string_view body_of(const Outgoing& answer) {
    return answer.fixed ? std::string_view{*answer.fixed} : std::string_view{answer.body};
}

std::string chunk_head(std::size_t bytes) {
    std::array<char, 24> text{};
    const int size = std::snprintf(text.data(), text.size(), "%zx\r\n", bytes);
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

struct Session::Arrived {
    explicit Arrived(const Shared& shared)
        : parser{request, shared.limits.header_bytes_max}, room{shared.large_bodies} {}

    Incoming request;
    RequestParser parser;
    Room room;
    Framing framing;
    bool head_only = false;
};

Shared::Shared(asio::io_context& context_, ServerLimits limits_, BodyLimit body_limit_,
               Handler handler_, MayBeLarge may_be_large_)
    : context{context_},
      limits{std::move(limits_)},
      body_limit{std::move(body_limit_)},
      handler{std::move(handler_)},
      may_be_large{std::move(may_be_large_)},
      tick{context_} {}

Session::Session(Shared& shared, Socket socket, std::string peer)
    : shared_{shared}, socket_{std::move(socket)}, peer_{std::move(peer)} {}

void Session::enter(Phase phase, core::Duration limit) {
    phase_ = phase;
    timed_out_ = false;
    deadline_ = std::chrono::steady_clock::now() + limit;
}

void Session::expire(SteadyTime now) {
    if (now < deadline_)
        return;
    if (!timed_out_ && phase_ != Phase::idle && phase_ != Phase::lingering)
        ++shared_.counts.timeouts;
    timed_out_ = true;
    error_code ignored;
    socket_.cancel(ignored);
}

void Session::stop() {
    error_code ignored;
    if (phase_ == Phase::idle)
        socket_.cancel(ignored);
    else if (phase_ == Phase::streaming)
        kill_.emit(asio::cancellation_type::terminal);
}

void Session::consume(std::size_t bytes) {
    consumed_ += bytes;
    if (consumed_ < buffer_.size())
        return;
    buffer_.clear();
    consumed_ = 0;
}

// 0 when the client is gone, the time is over or the server wants the connection back.
asio::awaitable<std::size_t> Session::read_some(std::size_t bytes_max) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
    const std::size_t held = buffer_.size();
    buffer_.resize(held + bytes_max);
    const auto [ec, bytes] = co_await socket_.async_read_some(
        asio::buffer(buffer_.data() + held, bytes_max), tuple_awaitable);
    buffer_.resize(held + (ec ? 0 : bytes));
    co_return ec ? 0 : bytes;
}

asio::awaitable<void> Session::run() {
    error_code ec;
    socket_.set_option(asio::ip::tcp::no_delay{true}, ec);
    // A phone that lost its line says no goodbye: what it was sent last is not acknowledged.
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms_max,
                 sizeof unacknowledged_ms_max);
    socket_.non_blocking(true, ec);
    enter(Phase::idle, shared_.limits.header_time);
    for (std::size_t left = shared_.limits.requests_per_connection_max; left > 0; --left) {
        if (!co_await answer_one(left == 1))
            break;
        enter(Phase::idle, shared_.limits.idle_time);
    }
    socket_.close(ec);
}

// One request and its answer; false when the connection is over.
asio::awaitable<bool> Session::answer_one(bool last) {
    Arrived request{shared_};
    if (!co_await read_head(request) || !co_await read_body(request))
        co_return false;
    ++shared_.counts.requests;
    Outgoing answer = co_await handle(request);
    request.room.release();
    if (answer.ending == Outgoing::Ending::reset) {
        error_code ignored;
        socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
        co_return false;  // run() closes it, and a close that does not linger is a reset
    }
    co_return co_await send(answer,
                            {.head_only = request.head_only,
                             .close = last || !request.framing.keep_alive || shared_.stopping,
                             .takes_chunks = request.parser.version() >= 11});
}

asio::awaitable<bool> Session::read_head(Arrived& request) {
    const ServerLimits& limits = shared_.limits;
    HeadScan scan;
    HeadScan::State state = HeadScan::State::more;
    bool skipped = false;
    while (true) {
        if (!skipped && buffered().starts_with("\r\n")) {  // before a request line (RFC 9112 2.2)
            consume(2);
            scan = {};
            skipped = true;
        }
        state = scan.look(buffered());
        if (state != HeadScan::State::more)
            break;
        if (buffered().size() >= limits.header_bytes_max)
            co_return co_await refuse_request(request, 431, "the header is too large");
        if (buffered().empty() && shared_.stopping)
            co_return false;
        if (co_await read_some(std::min(read_bytes_first, limits.header_bytes_max)) == 0) {
            if (timed_out_ && !buffered().empty())
                co_return co_await refuse_request(request, 408, "the header took too long");
            co_return false;
        }
        if (phase_ == Phase::idle)
            enter(Phase::reading, limits.header_time);
    }
    phase_ = Phase::reading;
    if (state == HeadScan::State::bad)
        co_return co_await refuse_request(request, 400,
                                          "the header's lines are not ended by CRLF each");
    if (scan.size() > limits.header_bytes_max)
        co_return co_await refuse_request(request, 431, "the header is too large");

    error_code ec;
    request.parser.put(asio::buffer(buffered().data(), scan.size()), ec);
    if (ec || !request.parser.is_header_done())
        co_return co_await refuse_request(request, status_of(ec), "the header cannot be read");
    consume(scan.size());
    request.request.peer = peer_;
    request.head_only = request.request.method == "HEAD";
    auto verdict = judge(request.request, request.parser.version(), limits.hosts);
    if (const auto* refusal = std::get_if<Refusal>(&verdict))
        co_return co_await refuse_request(request, refusal->status, refusal->why);
    request.framing = std::get<Framing>(verdict);
    co_return true;
}

asio::awaitable<bool> Session::read_body(Arrived& request) {
    RequestParser& parser = request.parser;
    if (parser.is_done())
        co_return true;
    const ServerLimits& limits = shared_.limits;
    const std::size_t bytes_max =
        shared_.body_limit ? shared_.body_limit(request.request) : limits.body_bytes_max;
    if (request.framing.content_length.value_or(0) > bytes_max)
        co_return co_await refuse_request(request, 413, "the body is too large");
    const bool large = request.framing.content_length.value_or(bytes_max) > large_body_bytes_min;
    if (large && bytes_max > large_body_bytes_min && shared_.may_be_large)
        if (const auto instead = co_await shared_.may_be_large(request.request)) {
            co_await send(*instead, {.head_only = request.head_only, .close = true});
            co_return false;
        }
    parser.limit_body(bytes_max);
    enter(Phase::reading, limits.body_time);
    if (request.framing.expects_continue && buffered().empty())
        if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n", {}))
            co_return false;
    while (!parser.is_done()) {
        error_code ec;
        if (!buffered().empty())
            consume(parser.put(asio::buffer(buffered().data(), buffered().size()), ec));
        else
            ec = http::error::need_more;
        if (!request.room.take(request.request.body.size(), limits.large_bodies_bytes_max))
            co_return co_await refuse_request(request, 503,
                                              "too many large bodies at once, try again shortly");
        if (!ec)
            continue;
        if (ec != http::error::need_more)
            co_return co_await refuse_request(request, status_of(ec), "the body cannot be read");
        if (buffered().size() >=
            limits.header_bytes_max)  // a chunk's line or the trailers, without an end
            co_return co_await refuse_request(request, 400, "the body cannot be read");
        if (co_await read_some(read_bytes_max) == 0) {
            if (timed_out_)
                co_return co_await refuse_request(request, 408, "the body took too long");
            co_return false;
        }
    }
    co_return true;
}

// As far as it was read: a head that cannot be read may still say what was asked for.
bool Session::wants_problems(const Arrived& request) const {
    const std::string& under = shared_.limits.problems_under;
    std::string_view target = request.request.url;
    if (target.empty()) {
        target = buffered();
        target.remove_prefix(std::min(target.find(' ') + 1, target.size()));
    }
    return !under.empty() && target.starts_with(under);
}

asio::awaitable<bool> Session::refuse_request(Arrived& request, int status, std::string_view why) {
    ++shared_.counts.bad_requests;
    request.request.body = {};
    request.room.release();
    Outgoing answer = wants_problems(request) ? problem(status, why) : plain(status, why);
    if (status == 405)
        answer.headers.push_back({"Allow", std::string{methods_known}});
    if (status == 503)
        answer.headers.push_back({"Retry-After", "2"});
    co_await send(answer, {.head_only = request.head_only, .close = true});
    co_return false;
}

asio::awaitable<void> Session::refuse() {
    error_code ec;
    socket_.non_blocking(true, ec);
    Outgoing answer = plain(503, "too many connections, try again shortly");
    answer.headers.push_back({"Retry-After", "2"});
    co_await send(answer, {.close = true});
    socket_.close(ec);
}

asio::awaitable<Outgoing> Session::handle(Arrived& request) {
    phase_ = Phase::handling;
    deadline_ = SteadyTime::max();  // the handler bounds its own waits
    try {
        Outgoing answer = co_await shared_.handler(std::move(request.request));
        co_return answer;
    } catch (const boost::system::system_error& problem) {
        if (problem.code() == asio::error::operation_aborted && shared_.stopping)
            throw;  // the server is done waiting for this one
        spdlog::error("a request failed inside: {}", problem.code().message());
    } catch (const std::exception& problem) {
        spdlog::error("a request failed inside: {}", loggable(problem));
    }
    co_return plain(500, "something went wrong here; it is in the log");
}

asio::awaitable<bool> Session::send(const Outgoing& answer, Manner manner) {
    const bool streams = answer.next != nullptr;
    std::string_view body = has_body(answer.status) ? body_of(answer) : std::string_view{};
    Body kind = has_body(answer.status) ? Body::sized : Body::none;
    if (streams)
        kind = manner.takes_chunks ? Body::chunked : Body::until_close;
    manner.close = manner.close || streams || answer.header("Connection") == "close";
    try {
        write_head(head_, answer, shared_.date, kind, body.size(), manner.close);
    } catch (const std::logic_error& problem) {
        spdlog::error("a request failed inside: {}", problem.what());
        write_head(head_, {500, {}, {}}, shared_.date, Body::sized, 0, true);
        manner = {.head_only = true, .close = true};
    }
    if (manner.head_only)
        body = {};
    if (!co_await write(head_, body))
        co_return false;
    if (streams && !manner.head_only)
        co_await stream(answer, kind == Body::chunked);
    if (manner.close)
        co_await linger();
    co_return !manner.close;
}

// Both parts in one system call when the kernel takes them, which it nearly always does.
asio::awaitable<bool> Session::write(std::string_view head, std::string_view body) {
    error_code ec;
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head.data(), head.size()),
                                                  asio::buffer(body.data(), body.size())};
    std::size_t written = socket_.write_some(parts, ec);
    if (ec && ec != asio::error::would_block)
        co_return false;
    for (std::string_view rest : {head, body}) {
        const std::size_t skipped = std::min(written, rest.size());
        written -= skipped;
        rest.remove_prefix(skipped);
        while (!rest.empty()) {
            const std::string_view piece = rest.substr(0, write_piece_bytes);
            enter(Phase::writing, shared_.limits.write_time);
            const auto [error, bytes] = co_await asio::async_write(
                socket_, asio::buffer(piece.data(), piece.size()), tuple_awaitable);
            if (error)
                co_return false;
            rest.remove_prefix(bytes);
        }
    }
    co_return true;
}

asio::awaitable<void> Session::stream(const Outgoing& answer, bool chunked) {
    if (shared_.stopping)
        co_return;
    phase_ = Phase::streaming;
    deadline_ = SteadyTime::max();
    co_await (pump(answer, chunked) || until_gone());
}

// Ends normally whatever happens: `||` waits on when one side ends by an exception.
asio::awaitable<void> Session::pump(const Outgoing& answer, bool chunked) try {
    while (true) {
        const std::string part = co_await answer.next();
        const std::string framed = chunked ? chunk_head(part.size()) + part + "\r\n" : part;
        if (!co_await write(framed, {}) || part.empty())
            co_return;
        phase_ = Phase::streaming;
        deadline_ = SteadyTime::max();
    }
} catch (const boost::system::system_error& problem) {
    if (problem.code() != asio::error::operation_aborted)
        spdlog::error("a stream failed inside: {}", problem.code().message());
} catch (const std::exception& problem) {
    spdlog::error("a stream failed inside: {}", loggable(problem));
}

asio::awaitable<void> Session::until_gone() {
    std::array<char, 512> dropped{};
    while (true) {
        const auto [ec, bytes] =
            co_await socket_.async_read_some(asio::buffer(dropped), tuple_awaitable);
        if (ec || bytes == 0)
            co_return;
    }
}

// Closing with unread bytes would reset the connection and may take the answer with it: first let
// the client read it.
asio::awaitable<void> Session::linger() {
    error_code ec;
    socket_.shutdown(Socket::shutdown_send, ec);
    if (ec)
        co_return;
    enter(Phase::lingering, std::min(linger_time, shared_.limits.write_time));
    std::array<char, 4096> dropped{};
    for (std::size_t left = linger_bytes_max; left > 0;) {
        const auto [error, bytes] =
            co_await socket_.async_read_some(asio::buffer(dropped), tuple_awaitable);
        if (error)
            co_return;
        left -= std::min(left, bytes);
    }
}

}  // namespace warmcall::net
