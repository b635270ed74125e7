#include "sandbox/push_socket.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <charconv>
#include <set>

#include "support/secret.hpp"

namespace warmcall::sandbox {

namespace {

namespace websocket = boost::beast::websocket;
using namespace asio::experimental::awaitable_operators;
using asio::ip::tcp;
using Socket = websocket::stream<tcp::socket>;

constexpr std::size_t message_bytes_max = 64 * 1024;
constexpr std::size_t id_length_max = 64;

bool is_id(const std::string& text) {
    return !text.empty() && text.size() <= id_length_max &&
           text.find_first_not_of("0123456789abcdefABCDEF-") == text.npos;
}

std::string plain_base64url(std::string text) {
    while (text.ends_with('='))
        text.pop_back();
    return text;
}

std::string bytes_of(const std::string& base64) {
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string bytes;
    unsigned bits = 0;
    int held = 0;
    for (const char c : base64) {
        const std::size_t value = alphabet.find(c);
        if (value == alphabet.npos)
            return {};
        bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffffU;
        if ((held += 6) >= 8)
            bytes += static_cast<char>(bits >> (held -= 8) & 0xffU);
    }
    return bytes;
}

}  // namespace

struct PushSocket::Impl {
    // One browser's line.
    struct Line {
        explicit Line(tcp::socket socket) : stream{std::move(socket)}, news{stream.get_executor()} {
            news.expires_at(asio::steady_timer::time_point::max());
        }
        Socket stream;
        asio::steady_timer news;  // cancelled when there is something to write
        std::string browser;
        std::deque<std::string> to_write;
        std::set<std::string> sent;  // versions under way
    };

    Impl(asio::io_context& context_, PushService& service_)
        : context{context_}, service{service_}, acceptor{context_} {
        service.on_news = [this](const std::string& browser) {
            for (Line* line : lines)
                if (line->browser == browser)
                    deliver(*line);
        };
    }
    ~Impl() {
        service.on_news = [](const std::string&) {};
    }

    void say(Line& line, const Json& message) {
        line.to_write.push_back(message.dump());
        line.news.cancel();
    }

    void deliver(Line& line) {
        for (const PushMessage& m : service.waiting(line.browser, PushService::Clock::now())) {
            if (!line.sent.insert(m.version).second)
                continue;
            Json message{
                {"messageType", "notification"}, {"channelID", m.channel}, {"version", m.version}};
            if (!m.data.empty()) {
                message["data"] = m.data;
                message["headers"] = {{"encoding", "aes128gcm"}};
            }
            say(line, message);
        }
    }

    void hello(Line& line, const Json& message) {
        const std::string known = text_in(message, "uaid");
        line.browser = is_id(known) ? known : sha256_hex(random_token(16)).substr(0, 32);
        say(line, {{"messageType", "hello"},
                   {"uaid", line.browser},
                   {"status", 200},
                   {"use_webpush", true},
                   {"broadcasts", Json::object()}});
        deliver(line);
    }

    void subscribe(Line& line, const Json& message) {
        const std::string channel = text_in(message, "channelID");
        const std::string key = bytes_of(plain_base64url(text_in(message, "key")));
        const std::string endpoint =
            is_id(channel) ? service.subscribe(line.browser, channel, key) : std::string{};
        say(line, {{"messageType", "register"},
                   {"channelID", channel},
                   {"status", endpoint.empty() ? 400 : 200},
                   {"pushEndpoint", endpoint}});
    }

    void acknowledge(Line& line, const Json& message) {
        for (const Json& update : message.value("updates", Json::array())) {
            if (!update.is_object())
                continue;
            const Json code = update.value("code", Json(100));
            const std::string version = text_in(update, "version");
            service.acknowledge(line.browser, version,
                                code.is_number_integer() ? code.get<int>() : 0);
            line.sent.erase(version);
        }
    }

    void hear(Line& line, const std::string& text) {
        const Json message = Json::parse(text, nullptr, false);
        if (!message.is_object())
            return;
        const std::string type = text_in(message, "messageType");
        if (message.empty() || type == "ping") {
            say(line, Json::object());
        } else if (type == "hello") {
            hello(line, message);
        } else if (line.browser.empty()) {
            return;  // everything else is for those who said who they are
        } else if (type == "register") {
            subscribe(line, message);
        } else if (type == "unregister") {
            const std::string channel = text_in(message, "channelID");
            service.unsubscribe(line.browser, channel);
            say(line, {{"messageType", "unregister"}, {"channelID", channel}, {"status", 200}});
        } else if (type == "ack") {
            acknowledge(line, message);
        }
    }

    // This and write_to() return when the browser is gone and do not throw: after a failure `||`
    // would go on waiting for the other one.
    static asio::awaitable<void> listen_to(Impl& self, Line& line) {
        boost::beast::flat_buffer buffer;
        for (;;) {
            const auto [failed, bytes] =
                co_await line.stream.async_read(buffer, asio::as_tuple(asio::use_awaitable));
            if (failed)
                co_return;
            self.hear(line, boost::beast::buffers_to_string(buffer.data()));
            buffer.consume(buffer.size());
        }
    }

    static asio::awaitable<void> write_to(Line& line) {
        for (;;) {
            while (!line.to_write.empty()) {
                const std::string text = std::move(line.to_write.front());
                line.to_write.pop_front();
                const auto [failed, bytes] = co_await line.stream.async_write(
                    asio::buffer(text), asio::as_tuple(asio::use_awaitable));
                if (failed)
                    co_return;
            }
            line.news.expires_at(asio::steady_timer::time_point::max());
            boost::system::error_code woken;
            co_await line.news.async_wait(asio::redirect_error(asio::use_awaitable, woken));
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none)
                co_return;
        }
    }

    // A page of some site has the Origin of that site and no business here; the browser itself
    // names the service.
    static asio::awaitable<bool> shake_hands(Line& line) {
        line.stream.set_option(
            websocket::stream_base::timeout::suggested(boost::beast::role_type::server));
        line.stream.read_message_max(message_bytes_max);
        boost::beast::flat_buffer buffer;
        boost::beast::http::request<boost::beast::http::string_body> asked;
        co_await boost::beast::http::async_read(line.stream.next_layer(), buffer, asked,
                                                asio::use_awaitable);
        const std::string origin{asked[boost::beast::http::field::origin]};
        if (!websocket::is_upgrade(asked) || (!origin.empty() && !origin.starts_with("ws://")))
            co_return false;
        line.stream.set_option(websocket::stream_base::decorator(
            [protocol = std::string{asked[boost::beast::http::field::sec_websocket_protocol]}](
                websocket::response_type& answer) {
                if (!protocol.empty())
                    answer.set(boost::beast::http::field::sec_websocket_protocol, protocol);
            }));
        co_await line.stream.async_accept(asked, asio::use_awaitable);
        co_return true;
    }

    static asio::awaitable<void> serve(Impl& self, tcp::socket socket) {
        Line line{std::move(socket)};
        self.lines.insert(&line);
        try {
            if (co_await shake_hands(line))
                co_await (listen_to(self, line) || write_to(line));
        } catch (const boost::system::system_error&) {
            // the browser is gone; what waits for it stays
        }
        self.lines.erase(&line);
    }

    asio::awaitable<void> pause(std::chrono::milliseconds time) {
        asio::steady_timer timer{context, time};
        co_await timer.async_wait(asio::use_awaitable);
    }

    asio::io_context& context;
    PushService& service;
    tcp::acceptor acceptor;
    std::set<Line*> lines;
    bool stopping = false;
};

PushSocket::PushSocket(asio::io_context& context, PushService& service)
    : impl_{std::make_unique<Impl>(context, service)} {}
PushSocket::~PushSocket() = default;

Result<tcp::endpoint> PushSocket::listen(const std::string& host_and_port) {
    const std::size_t colon = host_and_port.rfind(':');
    std::uint16_t port = 0;
    boost::system::error_code failed;
    const auto address = asio::ip::make_address(host_and_port.substr(0, colon), failed);
    if (colon == host_and_port.npos || failed ||
        std::from_chars(host_and_port.data() + colon + 1,
                        host_and_port.data() + host_and_port.size(), port)
                .ec != std::errc{})
        return Error{Errc::bad_input, "expected ADDRESS:PORT such as 127.0.0.1:9100"};
    try {
        const tcp::endpoint endpoint{address, port};
        impl_->acceptor.open(endpoint.protocol());
        impl_->acceptor.set_option(tcp::acceptor::reuse_address{true});
        impl_->acceptor.bind(endpoint);
        impl_->acceptor.listen();
        return impl_->acceptor.local_endpoint();
    } catch (const boost::system::system_error& problem) {
        return Error{Errc::io, host_and_port + ": " + problem.code().message()};
    }
}

asio::awaitable<void> PushSocket::run() {
    Impl& self = *impl_;
    while (!self.stopping) {
        auto [failed, socket] =
            co_await self.acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (failed && !self.stopping)
            co_await self.pause(std::chrono::milliseconds{50});  // out of descriptors, say
        if (failed || self.lines.size() >= lines_max)
            continue;
        asio::co_spawn(self.context, Impl::serve(self, std::move(socket)),
                       [](std::exception_ptr problem) {
                           if (problem)
                               spdlog::error("a push line ended badly");
                       });
    }
    for (int i = 0; i < 100 && !self.lines.empty(); ++i)  // they end as their sockets are closed
        co_await self.pause(std::chrono::milliseconds{10});
}

void PushSocket::stop() {
    impl_->stopping = true;
    boost::system::error_code ignored;
    impl_->acceptor.close(ignored);
    for (Impl::Line* line : impl_->lines)
        line->stream.next_layer().close(ignored);
}

}  // namespace warmcall::sandbox
