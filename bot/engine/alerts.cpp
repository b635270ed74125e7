#include "engine/alerts.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <stdexcept>
#include <utility>

namespace warmcall {

namespace asio = boost::asio;

namespace {

constexpr core::Duration alert_lease = std::chrono::seconds{60};
constexpr core::Duration window_margin = std::chrono::minutes{3};
constexpr int tries_max = 6;
constexpr std::size_t at_once = 16;

AlertOnItsWay give_up(Alert alert, std::string problem) {
    AlertOnItsWay one{.alert = std::move(alert)};
    one.outcome = {.id = one.alert.id, .done = true, .problem = std::move(problem)};
    return one;
}

AlertOnItsWay prepare(Unit& unit, const core::Plan& plan, const Notifier& notifier,
                      const PromptLink& link, const std::map<core::RepId, RepState>& states,
                      Alert alert, core::Timestamp now) {
    const auto rep = plan.reps.find(alert.rep);
    if (rep == plan.reps.end() || rep->second.phone.empty() || !rep->second.channel) {
        return give_up(std::move(alert), "this rep has no phone to write to; the console shows it");
    }
    const Wanted wanted{alert.contact, std::nullopt};
    const core::Case subject = unit.load({&wanted, 1}).front();
    if (alert.prompt && (!subject.prompt || subject.prompt->id != alert.prompt ||
                         subject.prompt->acknowledged_at)) {
        return give_up(std::move(alert), "seen in the meantime");
    }
    bool window_open = false;
    if (const auto state = states.find(alert.rep); state != states.end()) {
        const auto until = state->second.windows.find(rep->second.channel);
        window_open = until != state->second.windows.end() && now + window_margin < until->second;
    }
    const std::string to_open = link(alert.prompt, alert.rep);
    Result<Outbound> outbound =
        notifier.compose(plan, {rep->second, subject, alert, to_open, window_open});
    if (!outbound) {
        return give_up(std::move(alert), outbound.error().message);
    }
    return {.alert = std::move(alert),
            .channel = rep->second.channel,
            .outbound = std::move(*outbound)};
}

// One that cannot even be read, its contact being gone, must not keep the others from the reps.
AlertOnItsWay prepare_alone(Unit& unit, const core::Plan& plan, const Notifier& notifier,
                            const PromptLink& link, const std::map<core::RepId, RepState>& states,
                            Alert alert, core::Timestamp now) {
    try {
        return prepare(unit, plan, notifier, link, states, alert, now);
    } catch (const std::logic_error& problem) {
        spdlog::error("alert {}: {}", alert.id, problem.what());
        return give_up(std::move(alert), "it could not be put into words");
    }
}

}  // namespace

std::vector<AlertOnItsWay> claim_alerts(Store& store, const Applier& applier,
                                        const Notifier& notifier, const PromptLink& link,
                                        std::span<const Token> tokens, core::Timestamp now) {
    std::vector<AlertOnItsWay> found;
    store.transact([&](Unit& unit) {
        found.clear();
        std::vector<AlertOutcome> given_up;
        for (Alert& alert : unit.claim_alerts(now, alert_lease, tokens)) {
            AlertOnItsWay one = prepare_alone(unit, applier.plan(), notifier, link,
                                              applier.rep_states(), std::move(alert), now);
            if (one.outbound) {
                found.push_back(std::move(one));
            } else {
                given_up.push_back(std::move(one.outcome));
            }
        }
        if (!given_up.empty()) {
            unit.settle_alerts(given_up, now);
        }
    });
    return found;
}

AlertOutcome settle_alert(const Line& line, const Alert& alert, const Exchange& exchange,
                          core::Timestamp now, Rng& rng) {
    const core::Timestamp later =
        now + backoff(alert.tries, std::chrono::seconds{5}, std::chrono::minutes{5}, rng);
    AlertOutcome outcome{.id = alert.id, .again_at = later};
    if (exchange.progress != Exchange::Progress::answered) {
        outcome.problem = exchange.problem;  // in doubt it goes again: a doubled prompt costs
                                             // little, a lost one a customer
    } else {
        const Answer answer = line.provider->read_send(line.account, exchange.response);
        outcome.done = answer.kind == Answer::Kind::accepted;
        outcome.provider_id = answer.provider_id;
        outcome.problem = answer.sentence;
        if (answer.kind == Answer::Kind::refused) {
            const bool window =
                answer.failure == core::FailureClass::needs_window && !alert.needs_template;
            const bool for_now = answer.failure == core::FailureClass::retry ||
                                 answer.failure == core::FailureClass::slow_down ||
                                 answer.failure == core::FailureClass::config;
            outcome.needs_template = window;
            outcome.done = !window && !for_now;
            if (window) {
                outcome.again_at = now;
            }
        }
    }
    if (alert.tries >= tries_max) {
        outcome.done = true;
    }
    if (outcome.done) {
        outcome.again_at.reset();
    }
    return outcome;
}

void save_outcome(Unit& unit, const Alert& alert, const core::ChannelId& channel,
                  AlertOutcome outcome, core::Timestamp now) {
    unit.settle_alerts({&outcome, 1}, now);
    if (outcome.provider_id.empty()) {
        return;
    }
    for (const ParkedReceipt& receipt : unit.unpark(channel, outcome.provider_id)) {
        if (receipt.facts.failed) {
            Alert told = alert;
            told.provider_id = outcome.provider_id;
            outcome = after_failed_receipt(told, receipt.facts.failed->kind, now);
            unit.settle_alerts({&outcome, 1}, now);
        }
    }
}

Alerts::Alerts(asio::io_context& context, Door& door, Applier& applier, Store& store,
               const Dispatch& lines, Transport& transport, const Notifier& notifier,
               PromptLink link, Clock& clock, Rng& rng)
    : door_{door},
      applier_{applier},
      store_{store},
      lines_{lines},
      transport_{transport},
      notifier_{notifier},
      link_{std::move(link)},
      clock_{clock},
      rng_{rng},
      wake_{context} {}

void Alerts::nudge() {
    wake_.cancel();
}

void Alerts::stop() {
    stopping_ = true;
    wake_.cancel();
}

asio::awaitable<void> Alerts::run() {
    while (!stopping_) {
        std::size_t sent = 0;
        try {
            sent = co_await send_some();
        } catch (const std::exception& problem) {
            spdlog::error("the reps' phones wait: {}", problem.what());
        }
        if (sent == 0) {
            wake_.expires_after(std::chrono::seconds{1});
            boost::system::error_code nudged;
            co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, nudged));
        }
    }
}

asio::awaitable<std::size_t> Alerts::send_some() {
    std::vector<Token> tokens(at_once);
    std::ranges::generate(tokens, [this] { return rng_.token(); });
    auto claimed = std::make_shared<std::vector<AlertOnItsWay>>();
    auto job = [this, tokens, claimed] {
        *claimed = claim_alerts(store_, applier_, notifier_, link_, tokens, clock_.now());
    };
    co_await door_.on_writer(std::move(job));
    for (const AlertOnItsWay& one :
         *claimed) {  // each stored at once: its receipt may come while the next is on its way
        AlertOutcome became = co_await send(one);
        Write settle_it = [alert = one.alert, channel = one.channel, outcome = std::move(became)](
                              Unit& unit, core::Timestamp now) {
            save_outcome(unit, alert, channel, outcome, now);
        };
        co_await door_.apply(Work{std::move(settle_it)});
    }
    co_return claimed->size();
}

asio::awaitable<AlertOutcome> Alerts::send(const AlertOnItsWay& one) {
    const Line* line = lines_.line(one.channel);
    if (line == nullptr) {
        co_return AlertOutcome{
            .id = one.alert.id, .done = true, .problem = "the rep's channel is not configured"};
    }
    HttpRequest request = line->provider->build_send(line->account, *one.outbound);
    const std::string_view url = request.url;
    const std::string origin{url.substr(0, url.find('/', url.find("://") + 3))};
    Exchange exchange;
    Result<std::unique_ptr<Connection>> connection =
        co_await transport_.connect(origin, std::chrono::seconds{10});
    if (connection) {
        exchange = co_await (*connection)->exchange(std::move(request), std::chrono::seconds{20});
    } else {
        exchange.problem = connection.error().message;
    }
    AlertOutcome outcome = settle_alert(*line, one.alert, exchange, clock_.now(), rng_);
    if (!outcome.problem.empty()) {
        spdlog::warn("alert {} for {}: {}", one.alert.id, one.alert.rep.value, outcome.problem);
    }
    co_return outcome;
}

}  // namespace warmcall
