#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>

#include "net/raw.hpp"
#include "support/catch.hpp"

namespace warmcall::tests {

namespace {

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

// Long enough for the test's own thread to send a few bytes on a busy machine.
net::ServerLimits quick(core::Duration limit = 250ms) {
    net::ServerLimits limits;
    limits.header_time = limits.body_time = limits.write_time = limits.idle_time = limit;
    return limits;
}

// The lines that were logged while it lives.
class Log : public spdlog::sinks::base_sink<std::mutex>, public std::enable_shared_from_this<Log> {
 public:
    static std::shared_ptr<Log> keep() {
        auto log = std::make_shared<Log>();
        spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", log));
        return log;
    }
    bool holds(std::string_view words, std::size_t times = 1) {
        std::unique_lock lock{guard_};
        return changed_.wait_for(lock, std::chrono::milliseconds{patience_ms},
                                 [&] { return count(words) >= times; });
    }
    std::size_t times(std::string_view words) {
        const std::lock_guard lock{guard_};
        return count(words);
    }

 protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        const std::lock_guard lock{guard_};
        text_.append(message.payload.data(), message.payload.size()).append("\n");
        changed_.notify_all();
    }
    void flush_() override {}

 private:
    std::size_t count(std::string_view words) const {
        std::size_t found = 0;
        for (std::size_t at = text_.find(words); at != std::string::npos;
             at = text_.find(words, at + 1))
            ++found;
        return found;
    }
    std::mutex guard_;
    std::condition_variable changed_;
    std::string text_;
};

// A handler that answers when the test says so.
struct Gate {
    explicit Gate(std::shared_ptr<asio::io_context> context_)
        : context{std::move(context_)}, timer{*context, asio::steady_timer::time_point::max()} {}
    void open() {
        asio::post(timer.get_executor(), [this] { timer.cancel(); });
    }
    std::shared_ptr<asio::io_context> context;
    asio::steady_timer timer;
    std::promise<void> entered;
};

asio::awaitable<net::Outgoing> answer_at(std::shared_ptr<Gate> gate) {
    gate->entered.set_value();
    co_await gate->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    net::Outgoing answer;
    answer.body = "at last";
    co_return answer;
}

// Looks again until it is so, with the pauses spent waiting on the client's socket.
template <class What>
bool soon(RawClient& client, What what) {
    const auto start = std::chrono::steady_clock::now();
    while (!what()) {
        if (std::chrono::steady_clock::now() - start > std::chrono::milliseconds{patience_ms})
            return false;
        client.readable(1);
    }
    return true;
}

// What a server does that runs out of descriptors: it answers, fails, says so and pauses.
void rehearse_starving() {
    Serving serving;
    RawClient client = serving.client();
    client.send(get);
    CHECK(client.read_answer()->status == 200);
    const boost::system::error_code failure{EMFILE, boost::system::system_category()};
    spdlog::error("{}", failure == asio::error::eof ? "" : failure.message());
    asio::io_context context;
    asio::cancellation_signal end;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            asio::steady_timer pause{context, 1ms};
            co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        },
        asio::bind_cancellation_slot(end.slot(), asio::detached));
    context.run();
}

}  // namespace

TEST_CASE("a HEAD is answered by the length of the body and without it") {
    Serving serving;
    RawClient client = serving.client();
    client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto head = client.read_answer(true);
    REQUIRE(head);
    CHECK(head->head.find("Content-Length: 9\r\n") != std::string::npos);
    CHECK(client.read_answer()->body == "GET /b 0");
}

TEST_CASE("an answer without a body has no length either") {
    Serving serving{{}, [](net::Incoming) -> asio::awaitable<net::Outgoing> {
                        net::Outgoing answer;
                        answer.status = 204;
                        answer.body = "not to be sent";
                        co_return answer;
                    }};
    RawClient client = serving.client();
    client.send(get);
    const auto answer = client.read_answer();
    REQUIRE(answer);
    CHECK(answer->head.find("Content-Length") == std::string::npos);
    CHECK(answer->head.find("HTTP/1.1 204 No Content\r\n") == 0);
    client.send(get);
    CHECK(client.read_answer()->status == 204);
}

TEST_CASE(
    "a client that asks is told to go on before it sends the body, and only after its head was "
    "judged") {
    net::ServerLimits limits;
    limits.body_bytes_max = 10;
    Serving serving{limits};
    RawClient client = serving.client();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    CHECK(client.read_answer()->head == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    CHECK(client.read_answer()->body == "POST / 5");
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    CHECK(client.read_answer()->status == 413);
    CHECK(client.closed());
}

TEST_CASE("every path has its own largest body, asked for before the body is read") {
    Serving serving{{}, echo, [](const net::Incoming& request) -> std::size_t {
                        return request.path() == "/large" ? 300'000 : 10;
                    }};
    RawClient client = serving.client();
    client.send("POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" +
                std::string(300'000, 'x'));
    CHECK(client.read_answer()->body == "POST /large 300000");
    client.send("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
    CHECK(client.read_answer()->status == 413);
    CHECK(client.closed());
}

TEST_CASE("large bodies share their memory, small ones always find room") {
    net::ServerLimits limits;
    limits.large_bodies_bytes_max = 1'000'000;
    Serving serving{limits, echo, [](const net::Incoming&) { return std::size_t{3'000'000}; }};
    const auto post = [](std::size_t bytes) {
        return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(bytes) +
               "\r\n\r\n";
    };
    RawClient first = serving.client();
    first.send(post(900'001) + std::string(900'000, 'a'));
    RawClient small = serving.client();
    REQUIRE(soon(small, [&] { return serving.counts().large_body_bytes >= 800'000; }));

    RawClient second = serving.client();
    second.send(post(300'000) + std::string(300'000, 'b'));
    const auto turned_away = second.read_answer();
    REQUIRE(turned_away);
    CHECK(turned_away->status == 503);
    CHECK(turned_away->head.find("Retry-After: ") != std::string::npos);
    small.send(post(60'000) + std::string(60'000, 'c'));
    CHECK(small.read_answer()->status == 200);

    first.send("a");
    CHECK(first.read_answer()->status == 200);
    CHECK(serving.counts().large_body_bytes == 0);
    RawClient third = serving.client();
    third.send(post(300'000) + std::string(300'000, 'b'));
    CHECK(third.read_answer()->status == 200);
}

asio::awaitable<std::optional<net::Outgoing>> nobody_may(const net::Incoming&) {
    net::Outgoing answer;
    answer.status = 401;
    co_return answer;
}

TEST_CASE("who may send a large body is asked before it is read") {
    Serving serving{
        {}, echo, [](const net::Incoming&) { return std::size_t{3'000'000}; }, nobody_may};
    RawClient large = serving.client();
    large.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    CHECK(large.read_answer()->status == 401);
    RawClient endless = serving.client();
    endless.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(endless.read_answer()->status == 401);
    RawClient small = serving.client();
    small.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
    CHECK(small.read_answer()->status == 200);
}

TEST_CASE("what a program asked is refused in words for programs, also by the server itself") {
    net::ServerLimits limits = quick();
    limits.problems_under = "/api/v1/";
    Serving serving{limits, echo, [](const net::Incoming&) { return std::size_t{10}; }};
    const auto refusal = [&](const std::string& request) {
        RawClient client = serving.client();
        client.send(request);
        return client.read_answer().value();
    };
    const std::string large = " HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n";
    const Answer answer = refusal("POST /api/v1/contacts" + large);
    CHECK(answer.status == 413);
    CHECK(answer.head.find("Content-Type: application/problem+json\r\n") != std::string::npos);
    CHECK(answer.body.find("\"status\":413") != std::string::npos);
    CHECK(answer.body.find("\"detail\":\"the body is too large\"") != std::string::npos);
    CHECK(refusal("POST /p/1" + large).head.find("text/plain") != std::string::npos);
    for (const std::string& head :
         {std::string{"GET /api/v1/me HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"},
          std::string{"GET /api/v1/me HTTP/1.1\r\nHost: h\r\n"},
          "GET /api/v1/me HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"})
        CHECK(refusal(head).head.find("application/problem+json") != std::string::npos);
}

TEST_CASE("what comes in trailers never reaches the handler") {
    std::string seen = "nothing";
    Serving serving{{}, [&](net::Incoming request) -> asio::awaitable<net::Outgoing> {
                        seen = std::string{request.header("X-Signature")} + "|" +
                               std::string{request.body};
                        co_return net::Outgoing{};
                    }};
    RawClient client = serving.client();
    client.send(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\nx\r\n0\r\nX-Signature: forged\r\n\r\n");
    CHECK(client.read_answer()->status == 200);
    CHECK(seen == "|x");
}

TEST_CASE("a client that never ends its header is told so and put out") {
    Serving serving{quick()};
    RawClient client = serving.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n");
    CHECK(client.read_answer()->status == 408);
    CHECK(client.closed());
    CHECK(serving.counts().timeouts == 1);
}

TEST_CASE("a header that trickles does not win time with every byte") {
    Serving serving{quick()};
    RawClient client = serving.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n");
    const auto start = std::chrono::steady_clock::now();
    while (!client.readable(5))  // a byte every 5 ms, for as long as the server listens
        client.send("X");
    CHECK(client.read_answer()->status == 408);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds{patience_ms});
}

TEST_CASE("a body that trickles has one time in total") {
    net::ServerLimits limits;
    limits.header_time = 1h;
    limits.body_time = 250ms;
    Serving serving{limits};
    RawClient client = serving.client();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    REQUIRE(soon(client, [&] {
        client.send("X");
        return client.readable(5);
    }));
    CHECK(client.read_answer()->status == 408);
    CHECK(client.closed());
}

TEST_CASE("a connection that says nothing is closed without a word") {
    Serving serving{quick()};
    RawClient fresh = serving.client();
    RawClient used = serving.client();
    used.send(get);
    CHECK(used.read_answer()->status == 200);
    CHECK(fresh.closed());
    CHECK(used.closed());
    CHECK(serving.counts().timeouts == 0);
}

TEST_CASE("a client that does not read its answer is put out") {
    Serving serving{quick(), [](net::Incoming) -> asio::awaitable<net::Outgoing> {
                        net::Outgoing answer;
                        answer.fixed =
                            std::make_shared<const std::string>(std::size_t{32} * 1024 * 1024, 'x');
                        co_return answer;
                    }};
    RawClient client = serving.client();
    client.send(get);
    CHECK(soon(client, [&] {
        return serving.counts().timeouts == 1 && serving.counts().connections == 0;
    }));
    CHECK(client.read_all().size() < std::size_t{32} * 1024 * 1024);
}

TEST_CASE("a slow handler is not cut short by the client's deadlines") {
    asio::io_context* context = nullptr;
    Serving serving{quick(), [&](net::Incoming) -> asio::awaitable<net::Outgoing> {
                        asio::steady_timer timer{*context, 400ms};
                        co_await timer.async_wait(asio::use_awaitable);
                        co_return net::Outgoing{};
                    }};
    context = serving.context().get();
    RawClient client = serving.client();
    client.send(get);
    CHECK(client.read_answer()->status == 200);
}

TEST_CASE("a connection ends after its share of requests") {
    net::ServerLimits limits;
    limits.requests_per_connection_max = 2;
    Serving serving{limits};
    RawClient client = serving.client();
    client.send(get);
    CHECK(client.read_answer()->head.find("Connection: close") == std::string::npos);
    client.send(get);
    CHECK(client.read_answer()->head.find("Connection: close\r\n") != std::string::npos);
    CHECK(client.closed());
}

TEST_CASE("a full server says so, and serves again when there is room") {
    net::ServerLimits limits;
    limits.connections_max = 2;
    Serving serving{limits};
    RawClient first = serving.client();
    RawClient second = serving.client();
    first.send(get);
    second.send(get);
    CHECK(first.read_answer()->status == 200);
    CHECK(second.read_answer()->status == 200);
    RawClient third = serving.client();
    third.send(get);
    const auto refused = third.read_answer();
    REQUIRE(refused);
    CHECK(refused->status == 503);
    CHECK(refused->head.find("Retry-After: ") != std::string::npos);
    CHECK(third.closed());
    CHECK(serving.counts().refused_full == 1);
    first.close();
    CHECK(soon(second, [&] { return serving.counts().connections == 1; }));
    RawClient fourth = serving.client();
    fourth.send(get);
    CHECK(fourth.read_answer()->status == 200);
}

TEST_CASE("one address has only its share of the connections") {
    net::ServerLimits limits;
    limits.connections_per_address_max = 1;
    Serving serving{limits};
    RawClient first = serving.client();
    first.send(get);
    CHECK(first.read_answer()->status == 200);
    RawClient second = serving.client();
    second.send(get);
    CHECK(second.read_answer()->status == 503);
}

TEST_CASE(
    "a failing handler costs its own request only, and one line in the log without what it read") {
    const auto log = Log::keep();
    Serving serving{{}, [](net::Incoming request) -> asio::awaitable<net::Outgoing> {
                        struct Parser : std::exception {
                            const char* what() const noexcept override {
                                return "at 'Amara +4917012345678'";
                            }
                        };
                        if (request.url == "/ours")
                            throw std::runtime_error{"the disk is full"};
                        if (request.url == "/theirs")
                            throw Parser{};
                        co_return net::Outgoing{};
                    }};
    RawClient client = serving.client();
    client.send("GET /ours HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.read_answer()->status == 500);
    client.send("GET /theirs HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto answer = client.read_answer();
    CHECK(answer->status == 500);
    CHECK(answer->body.find("Amara") == std::string::npos);
    client.send(get);
    CHECK(client.read_answer()->status == 200);
    CHECK(log->times("the disk is full") == 1);
    CHECK(log->times("a request failed inside") == 2);
    CHECK(log->times("Amara") == 0);
}

TEST_CASE("a handler cannot break its own answer in two") {
    const auto log = Log::keep();
    Serving serving{{}, [](net::Incoming) -> asio::awaitable<net::Outgoing> {
                        net::Outgoing answer;
                        answer.headers = {{"Location", "/\r\nSet-Cookie: stolen"}};
                        co_return answer;
                    }};
    RawClient client = serving.client();
    client.send(get);
    const auto answer = client.read_answer();
    CHECK(answer->status == 500);
    CHECK(answer->head.find("stolen") == std::string::npos);
    CHECK(log->holds("line break"));
}

TEST_CASE("the server lives on when there are no descriptors left") {
    const auto log = Log::keep();
    // The sanitizer opens a pipe when it first meets a type: everything that happens while there
    // are no descriptors has happened once before, and nothing is checked meanwhile.
    rehearse_starving();
    Serving serving;
    serving.ask([](net::Server&) { return true; });  // its thread runs
    RawClient first;
    RawClient second;
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(second.fd()) + 1;
    setrlimit(RLIMIT_NOFILE, &none);
    first.connect(serving.port());
    second.connect(serving.port());
    first.send(get);
    second.send(get);
    const bool told = log->holds("no connection can be accepted for now");
    const bool answered = first.readable(150);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK(told);
    CHECK_FALSE(answered);
    CHECK(first.read_answer()->status == 200);
    CHECK(second.read_answer()->status == 200);
    CHECK(log->times("no connection can be accepted for now") == 1);
}

TEST_CASE("stopping finishes what is under way, closes what is idle and takes nobody new") {
    std::shared_ptr<Gate> gate;
    Serving serving{{}, [&](net::Incoming request) {
                        return request.url == "/slow" ? answer_at(gate) : echo(std::move(request));
                    }};
    gate = std::make_shared<Gate>(serving.context());
    RawClient idle = serving.client();
    idle.send(get);
    CHECK(idle.read_answer()->status == 200);
    RawClient busy = serving.client();
    busy.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    gate->entered.get_future().wait();
    serving.stop();
    CHECK(idle.closed());
    CHECK_THROWS(serving.client());
    CHECK_FALSE(serving.ended(20ms));
    gate->open();
    const auto answer = busy.read_answer();
    REQUIRE(answer);
    CHECK(answer->body == "at last");
    CHECK(answer->head.find("Connection: close\r\n") != std::string::npos);
    busy.close();
    CHECK(serving.ended(std::chrono::milliseconds{patience_ms}));
}

TEST_CASE("a handler that does not end is given up when the time to drain is over") {
    net::ServerLimits limits;
    limits.drain_time = 50ms;
    std::shared_ptr<Gate> gate;
    bool cancelled = false;
    Serving serving{limits, [&](net::Incoming) -> asio::awaitable<net::Outgoing> {
                        gate->entered.set_value();
                        const auto [ec] =
                            co_await gate->timer.async_wait(asio::as_tuple(asio::use_awaitable));
                        cancelled = ec == asio::error::operation_aborted;
                        co_return net::Outgoing{};
                    }};
    gate = std::make_shared<Gate>(serving.context());
    RawClient client = serving.client();
    client.send(get);
    gate->entered.get_future().wait();
    serving.stop();
    CHECK(serving.ended(std::chrono::milliseconds{patience_ms}));
    CHECK(cancelled);
}

namespace {

// A stream of the numbers from 1, then nothing more until it is cancelled.
struct Numbers {
    int sent = 0;
    bool cancelled = false;
    std::promise<void> ended;

    net::Handler handler(asio::io_context*& context, int count) {
        return [this, &context, count](net::Incoming) -> asio::awaitable<net::Outgoing> {
            net::Outgoing answer;
            answer.headers = {{"Content-Type", "text/event-stream"}};
            answer.next = [this, &context, count] { return next(*context, count); };
            co_return answer;
        };
    }
    asio::awaitable<std::string> next(asio::io_context& context, int count) {
        if (sent < count)
            co_return "data: " + std::to_string(++sent) + "\n\n";
        if (count < 0)
            co_return "";
        asio::steady_timer timer{context, asio::steady_timer::time_point::max()};
        const auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        cancelled = ec == asio::error::operation_aborted;
        ended.set_value();
        co_return "";
    }
};

}  // namespace

TEST_CASE("a stream goes out piece by piece, and stopping the server cuts it") {
    asio::io_context* context = nullptr;
    Numbers numbers;
    Serving serving{quick(), numbers.handler(context, 3)};
    context = serving.context().get();
    RawClient client = serving.client();
    client.send(get);
    const std::string text = client.read_until("data: 3\n\n\r\n");
    CHECK(text.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    CHECK(text.find("Connection: close\r\n") != std::string::npos);
    CHECK(text.find("9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n") != std::string::npos);
    CHECK_FALSE(client.readable(400));  // longer than every deadline of the server
    serving.stop();
    CHECK(client.closed());
    CHECK(serving.ended(std::chrono::milliseconds{patience_ms}));
    CHECK(numbers.cancelled);
}

TEST_CASE("a stream ends when its client is gone") {
    asio::io_context* context = nullptr;
    Numbers numbers;
    Serving serving{{}, numbers.handler(context, 1)};
    context = serving.context().get();
    RawClient client = serving.client();
    client.send(get);
    client.read_until("data: 1");
    client.close();
    REQUIRE(numbers.ended.get_future().wait_for(std::chrono::milliseconds{patience_ms}) ==
            std::future_status::ready);
    CHECK(numbers.cancelled);
}

TEST_CASE("a stream may end by itself, and says so") {
    asio::io_context* context = nullptr;
    Numbers numbers;
    Serving serving{{}, numbers.handler(context, -1)};
    context = serving.context().get();
    RawClient client = serving.client();
    client.send(get);
    const std::string all = client.read_all();
    CHECK(all.substr(all.size() - 9) == "\r\n\r\n0\r\n\r\n");
}

TEST_CASE("an old client gets a stream without chunks, ended by the close") {
    asio::io_context* context = nullptr;
    Numbers numbers;
    Serving serving{{}, numbers.handler(context, 1)};
    context = serving.context().get();
    RawClient client = serving.client();
    client.send("GET / HTTP/1.0\r\nHost: h\r\n\r\n");
    const std::string text = client.read_until("\n\n");
    CHECK(text.find("Transfer-Encoding") == std::string::npos);
    CHECK(text.ends_with("\r\n\r\ndata: 1\n\n"));
}

TEST_CASE("a HEAD of a stream is answered by its head alone") {
    asio::io_context* context = nullptr;
    Numbers numbers;
    Serving serving{{}, numbers.handler(context, 1)};
    context = serving.context().get();
    RawClient client = serving.client();
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.read_all().ends_with("\r\n\r\n"));
    CHECK(numbers.sent == 0);
}

TEST_CASE("the context may end while connections are open") {
    auto context = std::make_unique<asio::io_context>(1);
    auto server = std::make_unique<net::Server>(*context, net::ServerLimits{}, nullptr, echo);
    const auto endpoint = server->listen("127.0.0.1:0");
    REQUIRE(endpoint);
    asio::co_spawn(*context, server->run(), [](std::exception_ptr) {});
    RawClient client{endpoint->port()};
    client.send("GET / HTTP/1.1\r\n");
    while (server->counts().connections == 0)
        context->run_one();
    context->poll();
    server.reset();
    context.reset();
    CHECK(client.closed());
}

TEST_CASE("an address that cannot be listened on is refused with what to do about it") {
    asio::io_context context;
    net::Server first{context, {}, nullptr, echo};
    const auto endpoint = first.listen("127.0.0.1:0");
    REQUIRE(endpoint);
    net::Server second{context, {}, nullptr, echo};
    const auto taken = second.listen("127.0.0.1:" + std::to_string(endpoint->port()));
    REQUIRE_FALSE(taken);
    CHECK(taken.error().message.find("is taken by another program") != std::string::npos);
    for (const char* wrong :
         {"", "8080", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "nowhere:80", "[::1:80"})
        CHECK_FALSE(second.listen(wrong));
}

TEST_CASE("the client's address is told without its port") {
    Serving serving{{}, [](net::Incoming request) -> asio::awaitable<net::Outgoing> {
                        net::Outgoing answer;
                        answer.body = request.peer;
                        co_return answer;
                    }};
    RawClient client = serving.client();
    client.send(get);
    CHECK(client.read_answer()->body == "127.0.0.1");
}

TEST_CASE("a cancelled run stops as gracefully as a told one") {
    using namespace asio::experimental::awaitable_operators;
    asio::io_context context;
    net::Server server{context, {}, nullptr, echo};
    const auto endpoint = server.listen("127.0.0.1:0");
    REQUIRE(endpoint);
    asio::steady_timer signal{context, asio::steady_timer::time_point::max()};
    auto ended = asio::co_spawn(
        context, server.run() || signal.async_wait(asio::as_tuple(asio::use_awaitable)),
        asio::use_future);
    std::thread thread{[&] { context.run(); }};
    RawClient client{endpoint->port()};
    client.send(get);
    CHECK(client.read_answer()->status == 200);
    asio::post(context, [&] { signal.cancel(); });
    CHECK(client.closed());
    CHECK(ended.wait_for(std::chrono::milliseconds{patience_ms}) == std::future_status::ready);
    thread.join();
}

}  // namespace warmcall::tests
