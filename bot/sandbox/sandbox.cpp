#include "sandbox/sandbox.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "net/client.hpp"
#include "net/server.hpp"
#include "sandbox/control.hpp"
#include "sandbox/exchange.hpp"
#include "sandbox/page.hpp"
#include "sandbox/parts.hpp"
#include "sandbox/push_socket.hpp"

namespace warmcall::sandbox {

namespace {

using namespace asio::experimental::awaitable_operators;
using net::Incoming;
using net::Outgoing;

bool is_loopback(const std::string& host_and_port) {
    return host_and_port.starts_with("127.") || host_and_port.starts_with("localhost") ||
           host_and_port.starts_with("[::1]");
}

net::ServerLimits limits_for(const Options& options) {
    net::ServerLimits limits;
    limits.connections_per_address_max = 0;  // one gateway, many connections
    limits.requests_per_connection_max = 1'000'000;
    limits.idle_time = std::chrono::seconds{60};
    limits.drain_time = std::chrono::seconds{3};
    if (is_loopback(options.listen))
        limits.hosts = {"127.0.0.1", "localhost", "[::1]", "::1"};
    return limits;
}

bool is_control(const Incoming& request) {
    return request.path() == "/_control" || request.path().starts_with("/_control/");
}

std::size_t body_limit(const Incoming& request) {
    return is_control(request) ? 8 * 1024 * 1024 : 256 * 1024;
}

// Who is spoken to; of several, the one the request names.
Line& line_for(Parts& parts, const Incoming& request) {
    const auto most = std::ranges::max_element(
        parts.lines, {}, [&](const auto& line) { return line->hears(request); });
    return **most;
}

Outgoing answer_push(PushService& push, const Incoming& request) {
    Outgoing answer;
    static_cast<HttpResponse&>(answer) =
        is_control(request) ? HttpResponse{.status = 200,
                                           .headers = {{"Content-Type", "application/json"}},
                                           .body = push.report().dump()}
                            : push.take(request, PushService::Clock::now());
    return answer;
}

asio::awaitable<Outgoing> answer_any(Parts& parts, PushService& push, Incoming request) {
    if (request.path().starts_with("/push/") || request.path() == "/_control/push")
        co_return answer_push(push, request);
    if (is_control(request))
        co_return co_await answer_control(parts, std::move(request));
    if (request.method == "GET") {
        if (auto page = answer_page(request.path()))
            co_return *std::move(page);
    }
    Line& line = line_for(parts, request);
    co_return co_await answer_line(parts, line, std::move(request));
}

}  // namespace

struct Sandbox::Impl {
    Impl(asio::io_context& context_, Options options_)
        : context{context_}, options{std::move(options_)} {}

    asio::io_context& context;
    Options options;
    JumpingClock clock;
    std::unique_ptr<Parts> parts;
    PushService push;
    std::unique_ptr<PushSocket> push_socket;
    std::optional<net::Server> server;

    Result<void> prepare();
};

Result<void> Sandbox::Impl::prepare() {
    const auto wrong = [](std::string what) { return Error{Errc::bad_input, std::move(what)}; };
    if (options.lines.empty())
        return wrong("there is no channel to play");
    auto ledger = Ledger::open(options.ledger_path, clock);
    if (!ledger)
        return ledger.error();
    parts = std::make_unique<Parts>(context, net::make_transport(context), *std::move(ledger),
                                    clock, options);
    for (const LineOptions& wanted : options.lines) {
        auto line = make_line(wanted, *parts);
        if (!line)
            return line.error();
        for (const Template& known : options.templates)
            (*line)->know(known);
        parts->lines.push_back(*std::move(line));
    }
    for (const Known& known : options.people) {
        const auto person = parts->people.person_at(known.number);
        if (!person)
            return wrong("a person to begin with: " + person.error().message);
        (*person)->name = known.name;
        (*person)->rep = known.rep;
    }
    return {};
}

Sandbox::Sandbox(asio::io_context& context, Options options)
    : impl_{std::make_unique<Impl>(context, std::move(options))} {}
Sandbox::~Sandbox() = default;

Result<asio::ip::tcp::endpoint> Sandbox::listen() {
    if (auto ready = impl_->prepare(); !ready)
        return ready.error();
    Parts& parts = *impl_->parts;
    impl_->server.emplace(impl_->context, limits_for(impl_->options), body_limit,
                          [&parts, &push = impl_->push](Incoming request) {
                              return answer_any(parts, push, std::move(request));
                          });
    auto endpoint = impl_->server->listen(impl_->options.listen);
    if (endpoint) {
        impl_->push.serve_at("http://" + endpoint->address().to_string() + ":" +
                             std::to_string(endpoint->port()));
        impl_->push_socket = std::make_unique<PushSocket>(impl_->context, impl_->push);
        if (!impl_->options.push_listen.empty())
            if (auto line = impl_->push_socket->listen(impl_->options.push_listen); !line)
                return line.error();
    }
    if (endpoint)
        parts.ledger.add("start", Json{{"listen", endpoint->address().to_string() + ":" +
                                                      std::to_string(endpoint->port())},
                                       {"seed", impl_->options.seed},
                                       {"version", WARMCALL_VERSION}});
    return endpoint;
}

asio::awaitable<void> Sandbox::run() {
    // the server ends after stop(), when what it was doing is done; what waits to be posted then
    // waits no longer
    if (impl_->options.push_listen.empty())
        co_await (impl_->server->run() || impl_->parts->office.run());
    else
        co_await ((impl_->server->run() && impl_->push_socket->run()) ||
                  impl_->parts->office.run());
    impl_->parts->ledger.add("stop", Json::object());
}

void Sandbox::stop() {
    if (!impl_->parts)
        return;
    impl_->parts->office.stop();
    for (asio::steady_timer* sleeper : impl_->parts->sleepers)
        sleeper->cancel();
    if (impl_->push_socket)
        impl_->push_socket->stop();
    impl_->server->stop();
}

}  // namespace warmcall::sandbox
