#pragma once
// A push service (RFC 8030) for browsers on this machine, so that notifications can be tried
// without Google's, Apple's or Mozilla's. It relays what it cannot read, and is strict where public
// mocks are lax: who signs for whom, for how long, and how large.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ports/http.hpp"
#include "sandbox/json.hpp"

namespace warmcall::sandbox {

struct PushMessage {
    std::string subscription, channel;
    std::string version;  // the message's id
    std::string data;     // base64url of the encrypted body
    std::string topic;
    std::chrono::system_clock::time_point lives_until;
};

class PushService {
 public:
    using Clock = std::chrono::system_clock;

    // Where browsers' endpoints begin: "http://127.0.0.1:9099".
    void serve_at(std::string origin) { origin_ = std::move(origin); }

    // A browser's channel; `key` is the 65 bytes it asked for, or none. Gives the endpoint; "" when
    // there are too many.
    std::string subscribe(const std::string& browser, const std::string& channel, std::string key);
    void unsubscribe(const std::string& browser, const std::string& channel);

    // POST to an endpoint: judged as FCM, Mozilla and Apple together would; kept for the browser.
    HttpResponse take(const HttpRequest& request, Clock::time_point now);

    // What waits for a browser, oldest first; it stays until it is acknowledged or its time is
    // over.
    std::vector<PushMessage> waiting(const std::string& browser, Clock::time_point now);
    void acknowledge(const std::string& browser, const std::string& version, int code);

    // {subscriptions: [...], messages: [{version, status, ack}]}, without what was in them.
    Json report() const;

    std::function<void(const std::string& browser)> on_news = [](const std::string&) {};

    static constexpr std::size_t subscriptions_max = 1000;
    static constexpr std::size_t waiting_max = 100;
    static constexpr std::size_t report_max = 500;

 private:
    struct Subscription {
        std::string browser, channel, key;
        bool gone = false;
        std::deque<PushMessage> waiting;
    };
    struct Seen {
        std::string version, subscription;
        int status = 0;
        std::optional<int> ack;
    };

    std::optional<HttpResponse> wrong_with(const HttpRequest& request, const Subscription& to,
                                           Clock::time_point now) const;
    std::optional<HttpResponse> wrong_signer(const HttpRequest& request, const Subscription& to,
                                             Clock::time_point now) const;
    void note(Seen seen);

    std::string origin_;
    std::map<std::string, Subscription> subscriptions_;  // by the endpoint's last part
    std::deque<Seen> seen_;
    std::uint64_t versions_ = 0;
};

}  // namespace warmcall::sandbox
