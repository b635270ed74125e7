#include "sandbox/sandbox.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "net/client.hpp"
#include "net/server.hpp"
#include "sandbox/control.hpp"
#include "sandbox/graph.hpp"
#include "sandbox/numbers.hpp"
#include "sandbox/page.hpp"
#include "sandbox/parts.hpp"

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

asio::awaitable<Outgoing> answer_any(Parts& parts, Incoming request) {
    if (is_control(request))
        co_return co_await answer_control(parts, std::move(request));
    if (request.method == "GET") {
        if (auto page = answer_page(request.path()))
            co_return *std::move(page);
    }
    co_return co_await answer_graph(parts, std::move(request));
}

Error wrong(std::string what) {
    return {Errc::bad_input, std::move(what)};
}

Result<void> check(const Options& options) {
    const auto is_id = [](const std::string& id) {
        return !id.empty() && id.find_first_not_of("0123456789") == id.npos;
    };
    if (options.access_token.empty())
        return wrong("the sandbox needs the access token that the gateway will send");
    if (options.posting.app_secret.empty())
        return wrong("the sandbox needs the app secret its webhooks are signed with");
    if (!is_id(options.account.phone_number_id) || !is_id(options.account.waba_id))
        return wrong("phone_number_id and waba_id are digits");
    if (!digits_of(options.account.display_number))
        return wrong(
            "the business's own number: a phone number with its country code was expected, like "
            "+12025550101");
    return {};
}

}  // namespace

struct Sandbox::Impl {
    Impl(asio::io_context& context_, Options options_)
        : context{context_}, options{std::move(options_)} {}

    asio::io_context& context;
    Options options;
    JumpingClock clock;
    std::unique_ptr<Parts> parts;
    std::optional<net::Server> server;

    Result<void> prepare();
};

Result<void> Sandbox::Impl::prepare() {
    if (auto fine = check(options); !fine)
        return fine;
    auto ledger = Ledger::open(options.ledger_path, clock);
    if (!ledger)
        return ledger.error();
    parts = std::make_unique<Parts>(context, net::make_transport(context), *std::move(ledger),
                                    clock, options);
    for (const Template& known : options.templates)
        parts->cloud.templates.put(known);
    for (const Known& known : options.people) {
        const auto person = parts->cloud.person_at(known.number);
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
    impl_->server.emplace(
        impl_->context, limits_for(impl_->options), body_limit,
        [&parts](Incoming request) { return answer_any(parts, std::move(request)); });
    auto endpoint = impl_->server->listen(impl_->options.listen);
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
    co_await (impl_->server->run() || impl_->parts->office.run());
    impl_->parts->ledger.add("stop", Json::object());
}

void Sandbox::stop() {
    if (!impl_->parts)
        return;
    impl_->parts->office.stop();
    for (asio::steady_timer* sleeper : impl_->parts->sleepers)
        sleeper->cancel();
    impl_->server->stop();
}

}  // namespace warmcall::sandbox
