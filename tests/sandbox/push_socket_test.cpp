#include "sandbox/push_socket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <future>

#include "support/catch.hpp"

namespace warmcall::sandbox {

namespace {

namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using namespace std::chrono_literals;

// A push service whose lines are served on a thread of its own, until nothing is left to do there.
struct Serving {
    asio::io_context context;
    PushService service;
    PushSocket socket{context, service};
    tcp::endpoint endpoint = *socket.listen("127.0.0.1:0");
    std::future<void> ended;

    Serving() {
        asio::co_spawn(context, socket.run(), asio::detached);
        ended = std::async(std::launch::async, [this] { context.run(); });
    }
    ~Serving() { context.stop(); }

    void stop() {
        asio::post(context, [this] { socket.stop(); });
    }
    bool ends() { return ended.wait_for(10s) == std::future_status::ready; }
};

// What Firefox does first; it has been answered when this returns.
struct Browser {
    asio::io_context context;
    websocket::stream<tcp::socket> line{context};

    explicit Browser(const Serving& serving) {
        line.next_layer().connect(serving.endpoint);
        line.handshake("127.0.0.1", "/");
        line.write(asio::buffer(std::string{R"({"messageType":"hello","use_webpush":true})"}));
        boost::beast::flat_buffer answer;
        line.read(answer);
        REQUIRE(boost::beast::buffers_to_string(answer.data()).find("uaid") != std::string::npos);
    }
};

}  // namespace

TEST_CASE("the push service ends when it is told to, though a browser keeps its line open") {
    Serving serving;
    const Browser browser{serving};
    serving.stop();
    CHECK(serving.ends());
}

TEST_CASE("a browser that went away leaves nothing behind that the push service waits for") {
    Serving serving;
    {
        Browser browser{serving};
        browser.line.next_layer().close();
    }
    serving.stop();
    CHECK(serving.ends());
}

}  // namespace warmcall::sandbox
