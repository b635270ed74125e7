#pragma once
// warmcall over HTTP: webhooks, the REST API, the live stream, sign-in, the pages, health and
// metrics. It checks who asks and what they may, and puts everything that happens through the one
// door; it decides nothing of the method.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "console/assets.hpp"
#include "core/plan.hpp"
#include "engine/alerts.hpp"
#include "engine/door.hpp"
#include "net/server.hpp"
#include "ports/clock.hpp"
#include "ports/provider.hpp"
#include "ports/transport.hpp"
#include "support/secret.hpp"

namespace warmcall {

// Calls that a provider carries (Twilio Voice).
struct VoiceOptions {
    core::ChannelId bridge;  // rings the rep, then the contact; none: the rep's own phone dials
    core::Duration ring_for = std::chrono::seconds{25};
    CallAnswer::How answer = CallAnswer::How::decline;  // what a contact hears who rings us
    Transport* transport = nullptr;                     // with a bridge
};

struct WebOptions {
    std::string
        public_url;  // "https://calls.example.com": what links, cookies and the origin check go by
    std::string default_region;  // ISO alpha-2 of numbers written without a country code
    Secret link_key;             // signs /p links: web::link_key(store)
    const Asset* (*find_asset)(std::string_view path) =
        nullptr;                  // the console's files; none: the API alone
    Alerts* alerts = nullptr;     // the reps' phones; none: no device can be listed or tried
    std::string push_public_key;  // base64url, for browsers; "": they cannot sign up
    // What is wrong with a subscription, for its rep; "": nothing.
    std::function<std::string(std::string_view address, std::string_view keys)> wrong_with_push;
    std::function<net::ServerCounts()> server_counts;  // for /metrics
    VoiceOptions voice;
    bool shared_store = false;  // other gateways write to it, too, and have jobs of their own
    core::Duration ping_every = std::chrono::seconds{15};  // of a live stream
};

namespace web {
struct Site;
}

// Lives as long as the server and the door it was given.
class Web {
 public:
    Web(Door& door, const core::Plan& plan, std::map<core::ChannelId, Account> accounts,
        Clock& clock, Rng& rng, WebOptions options);
    ~Web();

    net::asio::awaitable<net::Outgoing> handle(net::Incoming request);
    std::size_t body_limit(const net::Incoming& request) const;
    // A large body is read for those who are known; the others get their answer before it.
    net::asio::awaitable<std::optional<net::Outgoing>> turn_away(const net::Incoming& request);

 private:
    std::unique_ptr<web::Site> site_;
};

}  // namespace warmcall
