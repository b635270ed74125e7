// Runs the gateway: builds the parts, runs them, and on SIGTERM stops them in order: no new
// requests, those under way are finished, sends on their way are settled, the store is closed.

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "cli/commands.hpp"
#include "cli/control.hpp"
#include "engine/alerts.hpp"
#include "engine/devices.hpp"
#include "engine/dispatch.hpp"
#include "engine/door.hpp"
#include "engine/lookups.hpp"
#include "engine/shared_limits.hpp"
#include "engine/wakeups.hpp"
#include "net/client.hpp"
#include "net/server.hpp"
#include "notifiers/web_push.hpp"
#include "ports/system.hpp"
#include "settings/settings.hpp"
#include "store/registry.hpp"
#include "support/log.hpp"
#include "web/links.hpp"
#include "web/web.hpp"

namespace warmcall::cli {
namespace {

namespace asio = boost::asio;

std::vector<Line> lines_of(const Settings& settings) {
    std::vector<Line> lines;
    for (const ChannelSettings& channel : settings.channels) {
        lines.push_back({channel.account, find_provider(channel.account.provider), channel.rates,
                         channel.portfolio, settings.server.send_timeout});
    }
    return lines;
}

std::map<core::ChannelId, Account> accounts_of(const Settings& settings) {
    std::map<core::ChannelId, Account> accounts;
    for (const ChannelSettings& channel : settings.channels) {
        accounts[channel.account.id] = channel.account;
    }
    return accounts;
}

net::ServerLimits limits_of(const ServerSettings& server) {
    net::ServerLimits limits;
    limits.connections_max = server.connections_max;
    limits.connections_per_address_max = server.connections_per_address_max;
    limits.hosts = server.hosts;
    limits.problems_under = "/api/v1/";
    return limits;
}

std::string push_subject(const Settings& s) {
    if (!s.push.subject.empty()) {
        return s.push.subject;
    }
    return notifiers::is_push_subject(s.server.public_url) ? s.server.public_url
                                                           : "mailto:owner@warmcall.invalid";
}

Phones phones_of(const Settings& s, const Secret& link_key, const PushKey& push_key) {
    Phones phones{.devices = with_messages(s.plan, s.devices),
                  .tap_key = link_key,
                  .push_key = push_key,
                  .push_services = s.push.services};
    phones.link = [link_key, url = s.server.public_url](core::PromptId prompt,
                                                        const core::RepId& rep) {
        return prompt ? url + "/p/" + web::prompt_token(link_key, {prompt, rep}) : url + "/";
    };
    return phones;
}

std::unique_ptr<Limits> make_limits(const Settings& s, bool shared, core::Timestamp now) {
    if (shared) {
        return std::make_unique<SharedLimits>(senders_of(lines_of(s)), now);
    }
    return std::make_unique<OwnLimits>(senders_of(lines_of(s)), now);
}

// Everything the gateway is made of, in the order it is built; destroyed the other way round.
struct Gateway {  // NOLINT: members refer to earlier ones, so it never moves
    asio::io_context context{1};
    asio::steady_timer news{context};  // waits for what other gateways did
    SystemClock clock;
    SystemRng rng;
    bool shared = false;  // other gateways write to the store, too
    std::unique_ptr<Store> store;
    PushKey push_key;
    Applier applier;
    std::unique_ptr<Limits> limits;
    Door door;
    std::unique_ptr<Transport> transport;
    Dispatch dispatch;
    Secret link_key;
    Alerts alerts;
    Wakeups wakeups;
    Lookups lookups;
    std::unique_ptr<net::Server> server;
    Web web;
    Control control;

    explicit Gateway(const Settings& s)
        : shared{sqlite_path(s.store_url).empty()},
          store{make_store(s.store_url)},
          push_key{notifiers::push_key(*store, push_subject(s))},
          applier{*store, s.plan, clock},
          limits{make_limits(s, shared, clock.now())},
          door{context, applier, *store},
          transport{net::make_transport(context)},
          dispatch{context, door, applier, *transport, lines_of(s), *limits, clock, rng},
          link_key{web::link_key(*store)},
          alerts{context,  door,       applier, *store,
                 dispatch, *transport, s.plan,  phones_of(s, link_key, push_key),
                 clock,    rng},
          wakeups{context, door, applier},
          lookups{context, door, applier, *transport, lines_of(s), clock},
          server{std::make_unique<net::Server>(
              context, limits_of(s.server),
              [this](const net::Incoming& request) { return web.body_limit(request); },
              [this](net::Incoming request) { return web.handle(std::move(request)); },
              [this](const net::Incoming& request) { return web.turn_away(request); })},
          web{door,
              s.plan,
              accounts_of(s),
              clock,
              rng,
              {.public_url = s.server.public_url,
               .default_region = s.default_region,
               .link_key = link_key,
               .find_asset = &find_asset,
               .alerts = &alerts,
               .push_public_key = base64url(push_key.public_key),
               .wrong_with_push =
                   [services = s.push.services](std::string_view address, std::string_view keys) {
                       return notifiers::wrong_with(address, keys, services);
                   },
               .server_counts = [this] { return server->counts(); },
               .voice = {s.voice.bridge, s.voice.ring_for, s.voice.answer, transport.get()},
               .shared_store = shared}},
          control{context, door, s.plan, s.default_region, control_path(s.store_url), [this] {
                      applier.learn_templates();
                  }} {
        applier.set_tap_key(link_key);
        applier.set_limits(*limits);
        applier.set_unfit(unfit_on(lines_of(s)));
        applier.set_aftermath_of(aftermath_of(lines_of(s)));
        store->on_news([this] { asio::post(context, [this] { news.cancel(); }); });
        door.on_errands([this](Errands left) {
            if (left.texts) {
                dispatch.nudge();
            }
            if (left.alerts) {
                alerts.nudge();
            }
        });
    }
    // What the door's threads are at may be anybody's here: they end while everybody is there.
    ~Gateway() { door.close(); }
};

// Their contacts are not left alone: somebody else is rung for them.
void warn_of_lost_owners(Store& store, const core::Plan& plan) {
    for (const core::RepId& owner : store.owners()) {
        const core::Rep* rep = plan.rep_for(owner);
        if (rep != nullptr && rep->id != owner) {
            spdlog::warn(
                "contacts are with a rep \"{0}\" whom the configuration does not have: {1} is told of "
                "their calls; give them to somebody with: warmcall reassign {0} {1}",
                owner.value, rep->id.value);
        }
    }
}

// On a store that other gateways write to as well: what they did is told here within a second, and
// at once when the store hints at it, so that live streams show it and what they left to send is
// seen.
asio::awaitable<void> watch_others(Gateway& gateway) {
    std::int64_t seen = 0;
    for (;;) {
        gateway.news.expires_after(std::chrono::seconds{1});
        boost::system::error_code hinted;
        co_await gateway.news.async_wait(asio::redirect_error(asio::use_awaitable, hinted));
        struct Others {
            std::int64_t end = 0;
            Learned learned;
        };
        const auto others = std::make_shared<Others>();
        // Not read on the writing thread: there it would wait for whatever page is being read.
        std::function<void(Store&)> look = [others, &gateway](Store& store) {
            others->end = store.feed_end();
            others->learned = gateway.applier.read_others(store);
        };
        std::function<void()> learn = [others, &gateway] {
            gateway.applier.learn(others->learned);
        };
        try {
            co_await gateway.door.read(std::move(look));
            co_await gateway.door.on_writer(std::move(learn));
        } catch (const StoreUnavailable&) {
            continue;  // whoever needs it says so
        }
        if (std::exchange(seen, others->end) != others->end) {
            gateway.door.announce();
        }
    }
}

// Runs until it is told to stop; an exception ends the program with its sentence, never silently.
void start(Gateway& gateway, asio::awaitable<void> loop, std::exception_ptr& failure) {
    asio::co_spawn(gateway.context, std::move(loop),
                   [&gateway, &failure](std::exception_ptr problem) {
                       if (problem && !failure) {
                           failure = problem;
                           gateway.server->stop();
                       }
                   });
}

asio::awaitable<void> send(Gateway& gateway) {
    co_await gateway.lookups.caught_up();
    co_await gateway.dispatch.run();
}

asio::awaitable<void> run(Gateway& gateway, std::exception_ptr& failure) {
    start(gateway, send(gateway), failure);
    start(gateway, gateway.alerts.run(), failure);
    start(gateway, gateway.wakeups.run(), failure);
    if (gateway.shared) {
        start(gateway, watch_others(gateway), failure);
    }
    start(gateway, gateway.lookups.run(), failure);
    start(gateway, gateway.control.run(), failure);
    co_await gateway.server
        ->run();  // returns once a signal has stopped it and the requests under way are answered
    gateway.control.stop();
    gateway.wakeups.stop();
    gateway.lookups.stop();
    gateway.alerts.stop();  // nobody claims any more
    gateway.dispatch.stop();
    co_await gateway.alerts.drain(std::chrono::seconds{5});
    co_await gateway.dispatch.drain(std::chrono::seconds{10});
    spdlog::info("stopped");
}

int run_serve(const std::filesystem::path& config) {
    const auto settings = load_settings(config);
    if (!settings) {
        return complain(settings.error().message);
    }
    if (const auto logging = start_log(settings->log_level); !logging) {
        return complain(logging.error().message);
    }
    Gateway gateway{*settings};
    const auto endpoint = gateway.server->listen(settings->server.listen);
    if (!endpoint) {
        return complain(endpoint.error().message);
    }
    if (const auto commands = gateway.control.listen(); !commands) {
        return complain(commands.error().message);
    }
    asio::signal_set signals{gateway.context, SIGTERM, SIGINT};
    signals.async_wait([&gateway](boost::system::error_code ec, int) {
        if (!ec) {
            spdlog::info("stopping: what is under way is finished first");
            gateway.server->stop();
        }
    });
    std::exception_ptr failure;
    asio::co_spawn(gateway.context, run(gateway, failure), [&](std::exception_ptr problem) {
        if (problem && !failure) {
            failure = problem;
        }
        gateway.context.stop();
    });
    warn_of_lost_owners(*gateway.store, settings->plan);
    spdlog::info("warmcall " WARMCALL_VERSION " serves {} on {}:{}, store {}",
                 settings->server.public_url, endpoint->address().to_string(), endpoint->port(),
                 gateway.store->describe());
    gateway.context.run();
    if (failure) {
        std::rethrow_exception(failure);
    }
    return succeeded;
}

}  // namespace

Run serve(CLI::App& app) {
    const auto config = std::make_shared<std::filesystem::path>();
    add_config(app, *config);
    return [config] { return run_serve(*config); };
}

}  // namespace warmcall::cli
