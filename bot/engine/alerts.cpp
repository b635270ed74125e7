#include "engine/alerts.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "core/speech.hpp"
#include "engine/devices.hpp"

namespace warmcall {

namespace asio = boost::asio;

namespace {

constexpr core::Duration retry_after_max = std::chrono::minutes{15};
constexpr int alert_tries_max = 6;
constexpr std::size_t answer_bytes_max = 500;

}  // namespace

Means means_of(const Phones& phones, const Line* line, Rng& rng) {
    Means means{.push_services = phones.push_services, .rng = &rng};
    if (line != nullptr) {
        means.provider = line->provider;
        means.account = &line->account;
    }
    if (phones.push_key) {
        means.push_key = &*phones.push_key;
    }
    return means;
}

Result<HttpRequest> compose_alert(const core::Plan& plan, const AlertOnItsWay& one,
                                  const Means& means, core::Timestamp now) {
    return one.notifier->compose({.plan = plan,
                                  .rep = one.rep,
                                  .device = one.device,
                                  .alert = one.alerts.front(),
                                  .subjects = one.subjects,
                                  .link = one.link,
                                  .taps = one.taps,
                                  .window_open = one.window_open,
                                  .news_approved = one.news_approved,
                                  .now = now},
                                 means);
}

namespace {

AlertOutcome outcome_of(const AlertOnItsWay& one, const Alert& alert, const Told& told,
                        core::Timestamp now, Rng& rng) {
    core::Duration wait =
        backoff(alert.tries, std::chrono::seconds{5}, std::chrono::minutes{5}, rng);
    if (told.retry_after) {
        wait = std::clamp<core::Duration>(*told.retry_after, wait, retry_after_max);
    }
    AlertOutcome outcome{.id = alert.id,
                         .again_at = now + wait,
                         .provider_id = told.provider_id,
                         .problem = told.sentence,
                         .claim = alert.token};
    switch (told.kind) {
        case Told::Kind::accepted:
            outcome.done = true;
            // what names several people stays as long as any of them waits
            outcome.can_take_back =
                one.notifier->can_take_back && alert.prompt && one.subjects.size() == 1;
            outcome.problem.clear();
            break;
        case Told::Kind::needs_template:
            outcome.needs_template = true;
            outcome.again_at = now;
            outcome.done = outcome.failed = alert.needs_template;
            break;
        case Told::Kind::refused:
        case Told::Kind::gone:
            outcome.done = outcome.failed = true;
            break;
        case Told::Kind::again:  // in doubt it goes again: a doubled prompt costs little, a lost
                                 // one a customer
            outcome.done = outcome.failed = alert.tries >= alert_tries_max;
            break;
    }
    if (outcome.done) {
        outcome.again_at.reset();
    }
    return outcome;
}

Told told_by(const Notifier& notifier, const Device& device, const Means& means,
             const Exchange& exchange) {
    if (exchange.progress != Exchange::Progress::answered) {
        return {.kind = Told::Kind::again, .sentence = exchange.problem};
    }
    return notifier.read(device, means, exchange.response);
}

}  // namespace

AlertSettled settle_alert(const AlertOnItsWay& one, const Means& means, const Exchange& exchange,
                          core::Timestamp now, Rng& rng) {
    const Told told = told_by(*one.notifier, one.device, means, exchange);
    AlertSettled settled{.gone = told.kind == Told::Kind::gone};
    for (const Alert& alert : one.alerts) {
        settled.outcomes.push_back(outcome_of(one, alert, told, now, rng));
    }
    return settled;
}

AlertSettled given_up(const AlertOnItsWay& one, std::string sentence) {
    AlertSettled settled;
    for (const Alert& alert : one.alerts) {
        settled.outcomes.push_back(
            {.id = alert.id, .done = true, .failed = true, .problem = sentence});
    }
    return settled;
}

void save_settled(Unit& unit, const AlertOnItsWay& one, const AlertSettled& settled,
                  core::Timestamp now) {
    unit.settle_alerts(settled.outcomes, now);
    if (const auto id = stored_id(one.device)) {
        if (settled.gone) {
            unit.remove_device(*id);
        } else {
            unit.note_device(*id, settled.outcomes.front().problem, now);
        }
    }
    const std::string& provider_id = settled.outcomes.front().provider_id;
    const core::ChannelId channel = channel_of(one.device);
    if (provider_id.empty() || !channel) {
        return;
    }
    for (const ParkedReceipt& receipt : unit.unpark(channel, provider_id)) {
        if (receipt.facts.failed) {
            for (Alert alert : one.alerts) {
                alert.provider_id = provider_id;
                const AlertOutcome outcome =
                    after_failed_receipt(alert, receipt.facts.failed->kind, now);
                unit.settle_alerts({&outcome, 1}, now);
            }
        }
    }
}

Alerts::Alerts(asio::io_context& context, Door& door, Applier& applier, Store& store,
               const Dispatch& lines, Transport& transport, const core::Plan& plan, Phones phones,
               Clock& clock, Rng& rng)
    : context_{context},
      door_{door},
      applier_{applier},
      store_{store},
      lines_{lines},
      transport_{transport},
      plan_{plan},
      phones_{std::move(phones)},
      clock_{clock},
      rng_{rng},
      wake_{context} {}

void Alerts::nudge() {
    nudged_ = true;  // perhaps while a claim is under way that did not see it any more
    wake_.cancel();
}

void Alerts::stop() {
    stopping_ = true;
    wake_.cancel();
}

asio::awaitable<void> Alerts::drain(core::Duration limit) {
    stop();
    asio::steady_timer pause{context_};
    const auto until = std::chrono::steady_clock::now() + limit;
    while ((running_ || under_way_ > 0) && std::chrono::steady_clock::now() < until) {
        pause.expires_after(std::chrono::milliseconds{20});
        co_await pause.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> Alerts::run() {
    // A claim is a commit: what comes within the same moment is claimed together.
    constexpr std::chrono::milliseconds moment{50};
    asio::steady_timer pause{context_};
    running_ = true;
    while (!stopping_) {
        pause.expires_after(moment);
        bool more = false;
        nudged_ = false;
        try {
            co_await greet_reps();
            more = co_await claim_some();
        } catch (const std::exception& problem) {
            spdlog::error("the reps' phones wait: {}", problem.what());
        }
        const bool full = under_way_ >= under_way_max;
        if (stopping_ || (more && !full)) {
            continue;
        }
        if (!nudged_ || full) {
            wake_.expires_after(std::chrono::seconds{1});
            boost::system::error_code nudged;
            co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, nudged));
        }
        co_await pause.async_wait(asio::use_awaitable);
    }
    running_ = false;
}

asio::awaitable<bool> Alerts::claim_some() {
    if (stopping_ || under_way_ >= under_way_max) {
        co_return false;
    }
    std::vector<Token> tokens(under_way_max - under_way_);
    std::ranges::generate(tokens, [this] { return rng_.token(); });
    auto claimed = std::make_shared<AlertsClaimed>();
    auto job = [this, tokens, claimed] {
        *claimed = claim_alerts(store_, applier_, phones_, recent_, tokens, clock_.now());
    };
    co_await door_.on_writer(std::move(job));
    for (AlertOnItsWay& one : claimed->on_their_way) {
        ++under_way_;
        asio::co_spawn(context_, send(std::move(one)), [this](std::exception_ptr problem) {
            --under_way_;
            if (problem) {  // its lease runs out, and it is sent again
                try {
                    std::rethrow_exception(problem);
                } catch (const std::exception& e) {
                    spdlog::error("an alert ended without being settled: {}", e.what());
                }
            }
            wake_.cancel();
        });
    }
    co_return claimed->more;
}

const Line* Alerts::line_of(const Device& device) const {
    return lines_.line(channel_of(device));
}

asio::awaitable<Exchange> Alerts::exchange(HttpRequest request) {
    const std::string_view url = request.url;
    const std::string origin{url.substr(0, url.find('/', url.find("://") + 3))};
    Result<std::unique_ptr<Connection>> connection =
        co_await transport_.connect(origin, std::chrono::seconds{10});
    if (!connection) {
        Exchange never{.problem = connection.error().message};
        co_return never;
    }
    co_return co_await (*connection)->exchange(std::move(request), std::chrono::seconds{20});
}

asio::awaitable<void> Alerts::send(AlertOnItsWay one) {
    const Means means = means_of(phones_, line_of(one.device), rng_);
    AlertSettled settled;
    Result<HttpRequest> request = compose_alert(plan_, one, means, clock_.now());
    if (!request) {
        settled = given_up(one, request.error().message);
    } else {
        const Exchange came = co_await exchange(std::move(*request));
        settled = settle_alert(one, means, came, clock_.now(), rng_);
    }
    if (const std::string& problem = settled.outcomes.front().problem; !problem.empty()) {
        spdlog::warn("alert {} for {} by {}: {}", one.alerts.front().id, one.rep.id.value,
                     one.device.way, problem);
    }
    Write settle_it = [one, settled](Unit& unit, core::Timestamp now) {
        save_settled(unit, one, settled, now);
    };
    const Outcome outcome = co_await door_.apply(Work{std::move(settle_it)});
    if (outcome.failure) {
        std::rethrow_exception(outcome.failure);
    }
}

// Reps who are told over a WhatsApp channel, and to whom there is something to say as their day
// stands.
std::vector<MorningCall> Alerts::perhaps_due_mornings(const Days& days, core::Timestamp now) {
    std::vector<MorningCall> due;
    for (const auto& [id, devices] : phones_.devices) {
        const auto rep = applier_.plan().reps.find(id);
        const auto device = std::ranges::find_if(devices, [this](const Device& one) {
            const Line* line = one.way == message_way ? line_of(one) : nullptr;
            return line != nullptr && line->provider->medium == core::Medium::whatsapp;
        });
        if (rep == applier_.plan().reps.end() || device == devices.end()) {
            continue;
        }
        const auto day = days.find(morning_key(id));
        MorningMove move =
            next_morning(rep->second, read_morning(day == days.end() ? "" : day->second), now);
        if (move.say != MorningMove::Say::nothing) {
            due.push_back(
                {rep->second, *device, std::move(move), window_open(applier_, id, *device, now)});
        }
    }
    return due;
}

// How their day stands is written before it is said: it goes out once or not at all. A day off is
// kept in the same transaction as that it was tapped.
std::vector<MorningCall> Alerts::due_mornings(const Days& days) {
    const core::Timestamp now = clock_.now();
    const std::vector<MorningCall> asked = perhaps_due_mornings(days, now);
    std::vector<MorningCall> due;
    if (asked.empty()) {
        return due;
    }
    store_.transact([&](Unit& unit) {
        due = asked;
        std::erase_if(due, [&](MorningCall& call) {
            const core::RepId& id = call.rep.id;
            call.move = next_morning(call.rep, read_morning(unit.setting(morning_key(id))), now);
            if (call.move.say == MorningMove::Say::nothing) {
                return true;  // another gateway has said it
            }
            unit.set_setting(morning_key(id), to_text(call.move.then));
            if (call.move.away_until) {
                unit.set_rep_away(id, call.move.away_until);
            }
            return false;
        });
    });
    for (const MorningCall& call : due) {
        if (call.move.away_until) {
            applier_.remember({call.rep.id, call.move.away_until});
        }
    }
    return due;
}

asio::awaitable<void> Alerts::greet_reps() {
    constexpr core::Duration look_every = std::chrono::seconds{2};
    const bool has_text = plan_.templates.find("rep_morning", "en") != nullptr;
    const core::Timestamp now = clock_.now();
    const bool put_back = mornings_at_ > now + look_every;  // the clock was, since
    if (!has_text || (now < mornings_at_ && !put_back)) {
        co_return;
    }
    mornings_at_ = now + look_every;
    auto days = std::make_shared<Days>();
    auto read = [days](Store& store) { *days = store.settings_under(morning_key({})); };
    co_await door_.read(std::move(read));
    auto due = std::make_shared<std::vector<MorningCall>>();
    auto look = [this, days, due] { *due = due_mornings(*days); };
    co_await door_.on_writer(std::move(look));
    if (std::ranges::any_of(
            *due, [](const MorningCall& one) { return one.move.away_until.has_value(); })) {
        door_.announce({.alerts = true});
    }
    for (MorningCall& call : *due) {
        ++under_way_;
        asio::co_spawn(context_, say_morning(std::move(call)), [this](std::exception_ptr problem) {
            --under_way_;
            if (problem) {
                spdlog::error("a rep's morning could not be told");
            }
            wake_.cancel();
        });
    }
}

asio::awaitable<void> Alerts::say_morning(MorningCall call) {
    auto waiting = std::make_shared<std::vector<core::Case>>();
    auto look = [waiting, rep = call.rep.id, until = end_of_day(call.rep, clock_.now())](
                    Store& store) { *waiting = store.queue({.rep = rep, .until = until}); };
    co_await door_.read(std::move(look));
    const bool greets = call.move.say == MorningMove::Say::greet;
    if (greets && waiting->empty()) {
        co_return;
    }
    Alert alert{.rep = call.rep.id, .tries = 1, .token = rng_.token()};
    const std::string link = phones_.link({}, call.rep.id);
    const auto text_of = [&](MorningMove::Say say) {
        const std::string first =
            waiting->empty() ? std::string{} : core::first_name(waiting->front().contact.name);
        return answer_of(say, call.rep, waiting->size(), first, link);
    };
    if (!greets) {
        alert.text = text_of(call.move.say);
    }
    const Notifier& notifier = *phones_.find(call.device.way);
    const Means means = means_of(phones_, line_of(call.device), rng_);
    const auto told = [&](const std::vector<Tap>& taps) -> asio::awaitable<Told> {
        Result<HttpRequest> request = notifier.compose({.plan = plan_,
                                                        .rep = call.rep,
                                                        .device = call.device,
                                                        .alert = alert,
                                                        .link = link,
                                                        .taps = taps,
                                                        .window_open = call.window_open,
                                                        .calls_today = waiting->size(),
                                                        .now = clock_.now()},
                                                       means);
        if (!request) {
            co_return Told{.kind = Told::Kind::refused, .sentence = request.error().message};
        }
        co_return told_by(notifier, call.device, means, co_await exchange(std::move(*request)));
    };
    const std::vector<Tap> taps =
        greets ? day_taps(phones_.tap_key, call.rep.id, call.move.then.day) : std::vector<Tap>{};
    Told answer = co_await told(taps);
    if (greets && answer.kind == Told::Kind::refused && call.window_open) {
        spdlog::warn("the day's message for {}: {}", call.rep.id.value, answer.sentence);
        alert.text = text_of(MorningMove::Say::begin);
        answer = co_await told({});
    }
    const std::string& problem = answer.sentence;
    if (!problem.empty()) {
        spdlog::warn("the day's message for {}: {}", call.rep.id.value, problem);
    }
}

asio::awaitable<std::vector<Device>> Alerts::devices(core::RepId rep) {
    std::vector<Device> all;
    if (const auto known = phones_.devices.find(rep); known != phones_.devices.end()) {
        all = known->second;
    }
    auto stored = std::make_shared<std::vector<StoredDevice>>();
    co_await door_.read([rep, stored](Store& store) { *stored = store.devices(rep); });
    for (const StoredDevice& one : *stored) {
        all.push_back(device_of(one));
    }
    co_return in_order(std::move(all));
}

asio::awaitable<Result<DeviceTrial>> Alerts::try_device(core::RepId rep, std::string device) {
    const std::vector<Device> all = co_await devices(rep);
    const auto at = std::ranges::find(all, device, &Device::id);
    const auto who = plan_.reps.find(rep);
    if (at == all.end() || who == plan_.reps.end() || phones_.find(at->way) == nullptr) {
        co_return Error{Errc::not_found, "You have no such phone."};
    }
    AlertOnItsWay one{.alerts = {{.rep = rep, .tries = 1, .token = rng_.token()}},
                      .rep = who->second,
                      .device = *at,
                      .notifier = phones_.find(at->way),
                      .link = phones_.link({}, rep)};
    auto open = std::make_shared<bool>(false);
    auto look = [this, rep, device = one.device, open, now = clock_.now()] {
        *open = warmcall::window_open(applier_, rep, device, now);
    };
    co_await door_.on_writer(std::move(look));
    one.window_open = *open;
    const Means means = means_of(phones_, line_of(one.device), rng_);
    Result<HttpRequest> request = compose_alert(plan_, one, means, clock_.now());
    DeviceTrial trial;
    if (!request) {
        trial.sentence = request.error().message;
        co_return trial;
    }
    const Exchange came = co_await exchange(std::move(*request));
    const Told told = told_by(*one.notifier, one.device, means, came);
    trial.went = told.kind == Told::Kind::accepted;
    trial.sentence = told.sentence;
    if (came.progress == Exchange::Progress::answered) {
        trial.status = came.response.status;
        trial.answer = core::cut(came.response.body, answer_bytes_max);
    }
    if (const auto id = stored_id(one.device)) {
        Write note_it = [id = *id, gone = told.kind == Told::Kind::gone,
                         problem = trial.went ? std::string{} : told.sentence](
                            Unit& unit, core::Timestamp now) {
            if (gone) {
                unit.remove_device(id);
            } else {
                unit.note_device(id, problem, now);
            }
        };
        co_await door_.apply(Work{std::move(note_it)});
    }
    co_return trial;
}

}  // namespace warmcall
