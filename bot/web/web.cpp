#include "web/web.hpp"

#include <spdlog/spdlog.h>

#include "web/files.hpp"
#include "web/idempotency.hpp"
#include "web/sign_in.hpp"

namespace warmcall {

namespace web {

namespace {

constexpr core::Duration counts_live = std::chrono::seconds{5};

Handled answer_to(Site& site, const Match& found, Call& call) {
    if (found.route == nullptr && found.allow.empty())
        co_return co_await show_file(site, call);
    if (found.route == nullptr) {
        auto answer = problem(405, "wrong_method", "This address takes " + found.allow + ".");
        answer.headers.push_back({"Allow", found.allow});
        co_return answer;
    }
    if (found.route->access ==
        Access::signed_by_provider)  // the busy way: nothing besides what a webhook needs
        co_return co_await found.route->handler(site, call);
    call.query = decode_form(call.request.query());
    if (found.route->access == Access::signed_in || found.route->access == Access::installation ||
        found.route->access == Access::loopback)
        co_await identify(site, call);
    if (auto refusal = admit(site, *found.route, call))
        co_return std::move(*refusal);
    co_return co_await once(site, *found.route, call);
}

// One request's failures end here: it is answered, the rest goes on.
Handled guarded(Site& site, const Match& found, Call& call) {
    std::string why;
    try {
        co_return co_await answer_to(site, found, call);
    } catch (const StoreUnavailable& e) {
        spdlog::warn("turned away: the store is not available why={}", e.what());
        co_return busy();
    } catch (const Conflict&) {
        co_return busy();
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted)
            throw;  // the client is gone, or we are stopping
        why = e.what();
    } catch (const std::exception& e) {
        why = e.what();
    }
    spdlog::error("a request failed route={} why={}",
                  found.route == nullptr ? std::string_view{"none"} : found.route->pattern, why);
    co_return problem(
        500, "failed",
        "This is a fault here, not yours. Nothing was kept of this request; it stands in the log.");
}

// Anybody may send so much without having signed in; the large limits are for those who at least
// bring a credential.
constexpr std::size_t stranger_bytes_max = 64 * 1024;

}  // namespace

asio::awaitable<Outcome> happen(Site& site, core::ContactId contact, core::Event event,
                                std::string actor) {
    Outcome outcome =
        co_await site.door.apply(Happened{contact, std::move(event), std::move(actor)});
    if (outcome.failure)
        std::rethrow_exception(outcome.failure);
    co_return outcome;
}

asio::awaitable<StoreCounts> counts(Site& site) {
    if (!site.counts_at || site.now() >= *site.counts_at + counts_live ||
        site.now() < *site.counts_at) {
        site.counts_at = site.now();  // those who come meanwhile see the old ones
        site.counts = co_await ask(site, [](Store& store) { return store.counts(); });
    }
    co_return site.counts;
}

}  // namespace web

Web::Web(Door& door, const core::Plan& plan, std::map<core::ChannelId, Account> accounts,
         Clock& clock, Rng& rng, WebOptions options)
    : site_{new web::Site{door, plan, clock, rng, std::move(options)}} {
    while (site_->options.public_url.ends_with('/'))
        site_->options.public_url.pop_back();
    for (auto& [id, account] : accounts) {
        const Provider* provider = find_provider(account.provider);
        if (provider == nullptr)
            continue;  // the configuration's check has said so
        web::Hook hook;
        hook.account = std::move(account);
        hook.provider = provider;
        static_cast<HttpResponse&>(hook.received) = provider->received(hook.account);
        hook.received.fixed = std::make_shared<const std::string>(std::move(hook.received.body));
        hook.received.body.clear();
        web::add_security_headers(*site_, hook.received);
        site_->hooks.emplace(id, std::move(hook));
    }
    door.on_commit([listeners = site_->listeners] { listeners->wake(); });
    door.on_plan_news([site = site_.get()](const PlanNews& news) {
        take(site->plan, news);
        site->said = news.said;
    });
}

Web::~Web() = default;

net::asio::awaitable<net::Outgoing> Web::handle(net::Incoming request) {
    web::Call call{std::move(request), {}, {}, {}, {}};
    web::Match found = web::match(call.request.method, call.request.path());
    call.parameters = std::move(found.parameters);
    net::Outgoing answer = co_await web::guarded(*site_, found, call);
    ++site_->answers[{found.route, answer.status}];
    if (!answer.fixed)  // prebuilt answers carry their headers already
        web::add_security_headers(*site_, answer);
    co_return answer;
}

std::size_t Web::body_limit(const net::Incoming& request) const {
    const web::Match found = web::match(request.method, request.path());
    if (found.route == nullptr)
        return web::stranger_bytes_max;
    if (found.route->access == web::Access::signed_by_provider) {
        const auto hook = site_->hooks.find(core::ChannelId{found.parameters.at(0)});
        return hook == site_->hooks.end() ? web::stranger_bytes_max
                                          : hook->second.provider->webhook_body_bytes_max;
    }
    const bool stranger =
        request.header("Authorization").empty() && request.header("Cookie").empty();
    return stranger ? std::min(found.route->body_bytes_max, web::stranger_bytes_max)
                    : found.route->body_bytes_max;
}

net::asio::awaitable<std::optional<net::Outgoing>> Web::turn_away(const net::Incoming& request) {
    web::Call call{request, {}, {}, {}, {}};
    const web::Match found = web::match(request.method, request.path());
    if (found.route == nullptr || found.route->access != web::Access::signed_in)
        co_return std::nullopt;
    std::optional<net::Outgoing> answer;
    try {
        co_await web::identify(*site_, call);
        answer = web::admit(*site_, *found.route, call);
    } catch (const std::exception& e) {
        spdlog::warn("turned away: nobody can tell who it is why={}", e.what());
        answer = web::busy();
    }
    if (answer) {
        ++site_->answers[{found.route, answer->status}];
        web::add_security_headers(*site_, *answer);
    }
    co_return answer;
}

}  // namespace warmcall
