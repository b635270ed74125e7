#pragma once
// Prompts and notices on their way to the reps' phones. Unlike a contact's message, one in doubt is
// sent again.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "engine/apply.hpp"
#include "engine/dispatch.hpp"
#include "engine/door.hpp"
#include "ports/notifier.hpp"
#include "ports/transport.hpp"

namespace warmcall {

using PromptLink = std::function<std::string(core::PromptId, const core::RepId&)>;

// One alert that has been claimed, with all that its sending needs; or what became of it already.
struct AlertOnItsWay {
    Alert alert;
    core::ChannelId channel;
    std::optional<Outbound> outbound;
    AlertOutcome outcome;  // when there is nothing to send
};

// Claims what is due and composes it. On the writing thread.
std::vector<AlertOnItsWay> claim_alerts(Store& store, const Applier& applier,
                                        const Notifier& notifier, const PromptLink& link,
                                        std::span<const Token> tokens, core::Timestamp now);

// What follows for the alert from the exchange.
AlertOutcome settle_alert(const Line& line, const Alert& alert, const Exchange& exchange,
                          core::Timestamp now, Rng& rng);

// Stores what became of it, and what receipts that were quicker than the answer said of it.
void save_outcome(Unit& unit, const Alert& alert, const core::ChannelId& channel,
                  AlertOutcome outcome, core::Timestamp now);

class Alerts {
 public:
    Alerts(boost::asio::io_context& context, Door& door, Applier& applier, Store& store,
           const Dispatch& lines, Transport& transport, const Notifier& notifier, PromptLink link,
           Clock& clock, Rng& rng);

    boost::asio::awaitable<void> run();
    void nudge();
    void stop();

 private:
    boost::asio::awaitable<std::size_t> send_some();
    boost::asio::awaitable<AlertOutcome> send(const AlertOnItsWay& one);

    Door& door_;
    Applier& applier_;
    Store& store_;
    const Dispatch& lines_;
    Transport& transport_;
    const Notifier& notifier_;
    PromptLink link_;
    Clock& clock_;
    Rng& rng_;
    boost::asio::steady_timer wake_;
    bool stopping_ = false;
};

}  // namespace warmcall
