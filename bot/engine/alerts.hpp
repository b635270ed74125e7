#pragma once
// Prompts and notices on their way to the reps' phones, told in order until somebody acknowledges.
// Unlike a contact's message, one in doubt is sent again.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <string>
#include <vector>

#include "engine/alert_claims.hpp"
#include "engine/apply.hpp"
#include "engine/dispatch.hpp"
#include "engine/door.hpp"
#include "engine/mornings.hpp"
#include "ports/notifier.hpp"
#include "ports/transport.hpp"

namespace warmcall {

Means means_of(const Phones& phones, const Line* line, Rng& rng);
Result<HttpRequest> compose_alert(const core::Plan& plan, const AlertOnItsWay& one,
                                  const Means& means, core::Timestamp now);

// What became of one request, for every alert it carried.
struct AlertSettled {
    std::vector<AlertOutcome> outcomes;
    bool gone = false;  // the device is to be forgotten
};
AlertSettled settle_alert(const AlertOnItsWay& one, const Means& means, const Exchange& exchange,
                          core::Timestamp now, Rng& rng);
AlertSettled given_up(const AlertOnItsWay& one, std::string sentence);

// Stores what became of it, and what receipts that were quicker than the answer said of it.
void save_settled(Unit& unit, const AlertOnItsWay& one, const AlertSettled& settled,
                  core::Timestamp now);

struct DeviceTrial {  // a test message, and what came back
    bool went = false;
    int status = 0;        // of the answer; 0: there was none
    std::string sentence;  // what it means, for the rep
    std::string answer;    // the provider's own words, cut
};

// What one rep is told of the day, on the device they get messages on.
struct MorningCall {
    core::Rep rep;
    Device device;
    MorningMove move;
    bool window_open = false;
};

class Alerts {
 public:
    // `plan` is the configuration's, which nothing changes while this lives.
    Alerts(boost::asio::io_context& context, Door& door, Applier& applier, Store& store,
           const Dispatch& lines, Transport& transport, const core::Plan& plan, Phones phones,
           Clock& clock, Rng& rng);

    boost::asio::awaitable<void> run();
    void nudge();
    void stop();  // claiming
    // Stops, and waits for the claim that is being made and for what is on its way, at most
    // `limit`.
    boost::asio::awaitable<void> drain(core::Duration limit);

    // All devices of a rep, in the order they are told. On the reading thread's side.
    boost::asio::awaitable<std::vector<Device>> devices(core::RepId rep);
    // Sends a few words to this device alone. not_found: the rep has none of that id.
    boost::asio::awaitable<Result<DeviceTrial>> try_device(core::RepId rep, std::string device);

    static constexpr std::size_t under_way_max = 32;

 private:
    boost::asio::awaitable<bool> claim_some();  // whether there may be more
    boost::asio::awaitable<void> send(AlertOnItsWay one);
    boost::asio::awaitable<void> greet_reps();
    using Days = std::map<std::string, std::string>;  // settings: how each rep's day stands
    // On the writing thread, both.
    std::vector<MorningCall> perhaps_due_mornings(const Days& days, core::Timestamp now);
    std::vector<MorningCall> due_mornings(const Days& days);
    boost::asio::awaitable<void> say_morning(MorningCall call);
    boost::asio::awaitable<Exchange> exchange(HttpRequest request);
    const Line* line_of(const Device& device) const;

    boost::asio::io_context& context_;
    Door& door_;
    Applier& applier_;
    Store& store_;
    const Dispatch& lines_;
    Transport& transport_;
    const core::Plan& plan_;
    Phones phones_;
    Clock& clock_;
    Rng& rng_;
    RecentlyTold recent_;            // used on the writing thread only
    core::Timestamp mornings_at_{};  // when they are looked at again
    boost::asio::steady_timer wake_;
    bool nudged_ = false;
    std::size_t under_way_ = 0;
    bool running_ = false, stopping_ = false;
};

}  // namespace warmcall
