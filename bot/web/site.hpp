#pragma once
// What every handler works with: the parts the web was given, and the little it keeps in memory
// (all of it bounded, none of it needed after a restart).

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "web/jobs.hpp"
#include "web/limiter.hpp"
#include "web/stream.hpp"
#include "web/web.hpp"

namespace warmcall::web {

namespace asio = boost::asio;

// Says what goes wrong over and over in one line a minute.
struct Complaint {
    std::uint64_t since = 0;  // the last line
    std::optional<core::Timestamp> said_at;

    // How many to tell of now; 0: it is too early for another line.
    std::uint64_t count(core::Timestamp now) {
        ++since;
        if (said_at && now >= *said_at && now < *said_at + std::chrono::minutes{1})
            return 0;
        said_at = now;
        return std::exchange(since, 0);
    }
};

// One configured channel with everything a webhook needs at hand.
struct Hook {
    Account account;
    const Provider* provider = nullptr;
    net::Outgoing received;  // prebuilt
    std::uint64_t taken = 0, unreadable = 0, forged = 0, turned_away = 0;
    Complaint wrong_signature, wrong_token;
};

// POSTs under way that carry an Idempotency-Key: the second of the same key waits for the first.
// Shared with them: at the end they may outlive the site by a moment.
using UnderWay = std::map<std::string, std::shared_ptr<asio::steady_timer>>;

struct Site {
    Site(Door& to, const core::Plan& by, Clock& time, Rng& chance, WebOptions with)
        : door{to}, configured{by}, plan{by}, clock{time}, rng{chance}, options{std::move(with)} {}

    Door& door;
    const core::Plan& configured;  // as the files have it, for any thread
    core::Plan plan;               // as the door goes by it; on the network thread only
    std::map<core::ChannelId, std::string> said;  // by providers, of channels that rest
    Clock& clock;
    Rng& rng;
    WebOptions options;
    std::map<core::ChannelId, Hook> hooks;
    std::uint64_t unknown_channel = 0;
    Complaint channel_unknown;
    std::map<std::pair<const void*, int>, std::uint64_t> answers;  // by route and status
    Limiter sign_ins{5, std::chrono::minutes{1}};
    std::shared_ptr<UnderWay> under_way = std::make_shared<UnderWay>();
    Jobs jobs;
    std::shared_ptr<Listeners> listeners = std::make_shared<Listeners>();
    StoreCounts counts;  // as of counts_at: counting is not for every request
    std::optional<core::Timestamp> counts_at;

    bool https() const { return options.public_url.starts_with("https://"); }
    core::Timestamp now() const { return clock.now(); }
};

// Runs `reading` on the reading thread and gives what it found. It must hold its arguments by
// value: the request may be gone before it runs.
template <class Reading>
asio::awaitable<std::invoke_result_t<Reading, Store&>> ask(Site& site, Reading reading) {
    auto found = std::make_shared<std::optional<std::invoke_result_t<Reading, Store&>>>();
    co_await site.door.read(
        [found, reading = std::move(reading)](Store& store) { found->emplace(reading(store)); });
    co_return std::move(**found);
}

// Runs `writing` inside the door's transaction and gives what it returned, durable. It may run more
// than once (a batch that failed is split), so it must only assign; it holds its arguments by value
// like above.
template <class Writing>
asio::awaitable<std::invoke_result_t<Writing, Unit&, core::Timestamp>> put(Site& site,
                                                                           Writing writing) {
    auto made =
        std::make_shared<std::optional<std::invoke_result_t<Writing, Unit&, core::Timestamp>>>();
    const Outcome outcome = co_await site.door.apply(
        Write{[made, writing = std::move(writing)](Unit& unit, core::Timestamp now) {
            made->emplace(writing(unit, now));
        }});
    if (outcome.failure)
        std::rethrow_exception(outcome.failure);
    co_return std::move(**made);
}

// Something happened to one contact; what the door made of it.
asio::awaitable<Outcome> happen(Site& site, core::ContactId contact, core::Event event,
                                std::string actor);

asio::awaitable<StoreCounts> counts(Site& site);  // at most 5 s old

}  // namespace warmcall::web
