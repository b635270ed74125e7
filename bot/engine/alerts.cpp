#include "engine/alerts.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <utility>

#include "core/speech.hpp"
#include "engine/taps.hpp"

namespace warmcall {

namespace asio = boost::asio;

namespace {

constexpr core::Duration alert_lease = std::chrono::seconds{60};
constexpr core::Duration window_margin = std::chrono::minutes{3};
constexpr core::Duration digest_minute = std::chrono::seconds{60};
constexpr core::Duration message_after = std::chrono::minutes{3};
constexpr core::Duration retry_after_max = std::chrono::minutes{15};
constexpr std::size_t digest_from = 3;
constexpr int alert_tries_max = 6;
constexpr std::size_t answer_bytes_max = 500;
constexpr std::string_view message_way = "message";
constexpr std::string_view stored_mark = "push-";  // no id of the configuration is without a "."

AlertOutcome done(const Alert& alert, std::string problem) {
    return {.id = alert.id, .done = true, .problem = std::move(problem)};
}
AlertOutcome failed(const Alert& alert, std::string problem) {
    return {.id = alert.id, .done = true, .failed = true, .problem = std::move(problem)};
}
AlertOutcome held(const Alert& alert, core::Timestamp until) {
    return {.id = alert.id, .not_tried = true, .again_at = until};
}

core::ChannelId channel_of(const Device& device) {
    const auto at = device.settings.find("channel");
    return {at == device.settings.end() ? std::string{} : at->second};
}

std::optional<std::int64_t> stored_id(const Device& device) {
    std::int64_t id = 0;
    const std::string_view text = device.id;
    if (!text.starts_with(stored_mark) ||
        std::from_chars(text.data() + stored_mark.size(), text.data() + text.size(), id).ec !=
            std::errc{}) {
        return std::nullopt;
    }
    return id;
}

bool window_open(const Applier& applier, const core::RepId& rep, const Device& device,
                 core::Timestamp now) {
    const auto state = applier.rep_states().find(rep);
    if (state == applier.rep_states().end()) {
        return false;
    }
    const auto until = state->second.windows.find(channel_of(device));
    return until != state->second.windows.end() && now + window_margin < until->second;
}

// The rep's devices in the order they are told; the first one at once, whatever it is.
std::vector<Device> in_order(std::vector<Device> devices) {
    std::multimap<core::Duration, Device> ordered;  // of the same time, the earlier one first
    for (Device& device : devices) {
        ordered.emplace(device.after, std::move(device));
    }
    devices.clear();
    for (auto& [after, device] : ordered) {
        device.after = after - ordered.begin()->first;
        devices.push_back(std::move(device));
    }
    return devices;
}

// One turn of claiming, inside its transaction.
class Claiming {
 public:
    Claiming(Unit& unit, const Applier& applier, const Phones& phones, RecentlyTold& recent,
             core::Timestamp now)
        : unit_{unit}, applier_{applier}, phones_{phones}, recent_{recent}, now_{now} {}

    AlertsClaimed run(std::span<const Token> tokens) {
        std::vector<Alert> claimed = unit_.claim_alerts(now_, alert_lease, tokens);
        tokens = tokens.subspan(claimed.size());
        const bool any_whole = std::erase_if(claimed, [this](const Alert& alert) {
                                   if (alert.device.empty()) {
                                       split(alert);
                                   }
                                   return alert.device.empty();
                               }) > 0;
        if (any_whole && !tokens.empty()) {
            std::vector<Alert> parts = unit_.claim_alerts(now_, alert_lease, tokens);
            tokens = tokens.subspan(parts.size());
            std::ranges::move(parts, std::back_inserter(claimed));
        }
        for (Alert& alert : claimed) {
            take(std::move(alert));
        }
        make_digests();
        if (!settled_.empty()) {
            unit_.settle_alerts(settled_, now_);
        }
        return {.on_their_way = std::move(found_), .more = tokens.empty()};
    }

 private:
    const std::vector<Device>& devices_of(const core::RepId& rep) {
        const auto [at, fresh] = devices_.try_emplace(rep);
        if (fresh) {
            std::vector<Device> all;
            if (const auto known = phones_.devices.find(rep); known != phones_.devices.end()) {
                all = known->second;
            }
            for (const StoredDevice& stored : unit_.devices(rep)) {
                all.push_back(device_of(stored));
            }
            at->second = in_order(std::move(all));
        }
        return at->second;
    }

    void split(const Alert& alert) {
        if (alert.device.empty() && !alert.take_back) {
            std::vector<AlertPart> parts;
            for (const Device& device : devices_of(alert.rep)) {
                parts.push_back({device.id, now_ + device.after});
            }
            if (!parts.empty()) {
                unit_.split_alert(alert, parts, now_);
                return;
            }
        }
        settled_.push_back(done(alert, "this rep has no phone to write to; the console shows it"));
    }

    // One that cannot even be read, its contact being gone, must not keep the others from the reps.
    void take(Alert alert) {
        const std::int64_t id = alert.id;
        try {
            prepare(alert);
        } catch (const std::logic_error& problem) {
            spdlog::error("alert {}: {}", id, problem.what());
            settled_.push_back(
                {.id = id, .done = true, .problem = "it could not be put into words"});
        }
    }

    void prepare(const Alert& alert) {
        const auto rep = applier_.plan().reps.find(alert.rep);
        const auto& devices = devices_of(alert.rep);
        const auto device = std::ranges::find(devices, alert.device, &Device::id);
        if (rep == applier_.plan().reps.end() || device == devices.end() ||
            phones_.find(device->way) == nullptr) {
            settled_.push_back(failed(alert, "this phone is no longer there"));
            return;
        }
        const Wanted wanted{alert.contact, std::nullopt};
        core::Case subject = *unit_.load({&wanted, 1}).front();
        if (!alert.take_back) {
            if (alert.prompt && !waits_for(subject, alert.prompt)) {
                settled_.push_back(done(alert, "seen in the meantime"));
                return;
            }
            if (const auto until = quiet_until(rep->second, alert, subject)) {
                settled_.push_back(held(alert, *until));
                return;
            }
        }
        AlertOnItsWay one{.alerts = {alert},
                          .rep = rep->second,
                          .device = *device,
                          .notifier = phones_.find(device->way),
                          .link = phones_.link(alert.prompt, alert.rep),
                          .window_open = window_open(applier_, alert.rep, *device, now_)};
        if (alert.prompt && !alert.take_back) {
            one.taps = prompt_taps(phones_.tap_key, alert.rep, alert.prompt, subject.contact.id);
        }
        one.subjects.push_back(std::move(subject));
        found_.push_back(std::move(one));
    }

    static bool waits_for(const core::Case& subject, core::PromptId prompt) {
        return subject.prompt && subject.prompt->id == prompt && !subject.prompt->acknowledged_at;
    }

    // A promised call is told whenever it is due, and the answer to what the rep just wrote at
    // once; everything else waits for the rep's hours.
    std::optional<core::Timestamp> quiet_until(const core::Rep& rep, const Alert& alert,
                                               const core::Case& subject) const {
        const bool promised =
            alert.prompt && subject.prompt && subject.prompt->kind == core::PromptKind::promised;
        const bool answer = alert.origin == 0;
        if (promised || answer) {
            return std::nullopt;
        }
        const auto next = core::next_open(rep.hours, {}, {rep.zone}, now_);
        return next && *next > now_ ? next : std::nullopt;
    }

    static bool is_prompt(const AlertOnItsWay& one) {
        return one.alerts.front().prompt && !one.alerts.front().take_back;
    }

    void make_digests() {
        std::map<std::string, std::vector<AlertOnItsWay>> by_device;
        std::vector<AlertOnItsWay> alone;
        for (AlertOnItsWay& one : found_) {
            (is_prompt(one) ? by_device[one.device.id] : alone).push_back(std::move(one));
        }
        found_ = std::move(alone);
        for (auto& [device, prompts] : by_device) {
            gather(device, std::move(prompts));
        }
    }

    // Three prompts for one device within a minute are told as one, and what follows in that
    // minute waits for its end.
    void gather(const std::string& device, std::vector<AlertOnItsWay> prompts) {
        const auto digest = recent_.digest_at(device);
        if (digest && now_ < *digest + digest_minute) {
            for (const AlertOnItsWay& one : prompts) {
                settled_.push_back(held(one.alerts.front(), *digest + digest_minute));
            }
            return;
        }
        std::deque<RecentlyTold::Prompt> before = recent_.prompts(device, now_);
        std::erase_if(before, [&](const RecentlyTold::Prompt& told) {  // those that come again
            return std::ranges::any_of(prompts, [&](const AlertOnItsWay& one) {
                return one.alerts.front().prompt == told.prompt;
            });
        });
        if (before.size() + prompts.size() < digest_from) {
            for (AlertOnItsWay& one : prompts) {
                recent_.note(device, {now_, one.alerts.front().contact, one.alerts.front().prompt});
                found_.push_back(std::move(one));
            }
            return;
        }
        AlertOnItsWay all = std::move(prompts.front());
        for (auto one = std::next(prompts.begin()); one != prompts.end(); ++one) {
            all.alerts.push_back(one->alerts.front());
            all.subjects.push_back(std::move(one->subjects.front()));
        }
        for (const RecentlyTold::Prompt& told : before) {
            add_if_open(all, told);
        }
        if (all.subjects.size() > 1) {
            all.taps.clear();
            all.link = phones_.link({}, all.rep.id);
            recent_.note_digest(device, now_);
        }
        found_.push_back(std::move(all));
    }

    // What the device was told alone a moment ago is named once more, if it still waits.
    void add_if_open(AlertOnItsWay& all, const RecentlyTold::Prompt& told) {
        const bool there = std::ranges::any_of(all.subjects, [&](const core::Case& c) {
            return c.prompt && c.prompt->id == told.prompt;
        });
        if (there) {
            return;
        }
        const Wanted wanted{told.contact, std::nullopt};
        core::Case subject = *unit_.load({&wanted, 1}).front();
        if (waits_for(subject, told.prompt)) {
            all.subjects.push_back(std::move(subject));
        }
    }

    Unit& unit_;
    const Applier& applier_;
    const Phones& phones_;
    RecentlyTold& recent_;
    core::Timestamp now_;
    std::map<core::RepId, std::vector<Device>> devices_;
    std::vector<AlertOnItsWay> found_;
    std::vector<AlertOutcome> settled_;
};

}  // namespace

std::map<core::RepId, std::vector<Device>> with_messages(
    const core::Plan& plan, std::map<core::RepId, std::vector<Device>> devices) {
    for (const auto& [id, rep] : plan.reps) {
        std::vector<Device>& own = devices[id];
        const bool has_one = std::ranges::find(own, message_way, &Device::way) != own.end();
        if (rep.phone.empty() || !rep.channel || has_one) {
            continue;
        }
        Device message{.id = message_device(id),
                       .rep = id,
                       .way = std::string{message_way},
                       .name = "Message to the phone",
                       .after = message_after};
        message.settings["channel"] = rep.channel.value;
        own.push_back(std::move(message));
    }
    return devices;
}

Device device_of(const StoredDevice& stored) {
    return {.id = std::string{stored_mark} + std::to_string(stored.id),
            .rep = stored.rep,
            .way = stored.way,
            .name = stored.name,
            .settings = {{"address", stored.address}, {"keys", stored.keys}}};
}

const std::deque<RecentlyTold::Prompt>& RecentlyTold::prompts(const std::string& device,
                                                              core::Timestamp now) {
    std::deque<Prompt>& all = prompts_[device];
    while (!all.empty() && all.front().at + digest_minute <= now) {
        all.pop_front();
    }
    return all;
}

std::optional<core::Timestamp> RecentlyTold::digest_at(const std::string& device) const {
    const auto at = digests_.find(device);
    return at == digests_.end() ? std::nullopt : std::optional{at->second};
}

void RecentlyTold::note(const std::string& device, const Prompt& prompt) {
    prompts_[device].push_back(prompt);
}

void RecentlyTold::note_digest(const std::string& device, core::Timestamp at) {
    digests_[device] = at;
    prompts_[device].clear();
}

AlertsClaimed claim_alerts(Store& store, const Applier& applier, const Phones& phones,
                           RecentlyTold& recent, std::span<const Token> tokens,
                           core::Timestamp now) {
    AlertsClaimed claimed;
    store.transact(
        [&](Unit& unit) { claimed = Claiming{unit, applier, phones, recent, now}.run(tokens); });
    return claimed;
}

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
                         .problem = told.sentence};
    switch (told.kind) {
        case Told::Kind::accepted:
            outcome.done = true;
            outcome.can_take_back = one.notifier->can_take_back && alert.prompt;
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
        settled.outcomes.push_back(failed(alert, sentence));
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

asio::awaitable<void> Alerts::drain(core::Duration limit) {
    stopping_ = true;
    wake_.cancel();
    asio::steady_timer pause{context_};
    const auto until = std::chrono::steady_clock::now() + limit;
    while (under_way_ > 0 && std::chrono::steady_clock::now() < until) {
        pause.expires_after(std::chrono::milliseconds{20});
        co_await pause.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> Alerts::run() {
    // A claim is a commit: what comes within the same moment is claimed together.
    constexpr std::chrono::milliseconds moment{50};
    asio::steady_timer pause{context_};
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
        if (more && !full) {
            continue;
        }
        if (!nudged_ || full) {
            wake_.expires_after(std::chrono::seconds{1});
            boost::system::error_code nudged;
            co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, nudged));
        }
        co_await pause.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<bool> Alerts::claim_some() {
    if (under_way_ >= under_way_max) {
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

// Reps who are told over a WhatsApp channel. How their day stands is written before it is said: it
// goes out once or not at all.
std::vector<MorningCall> Alerts::due_mornings() {
    std::vector<MorningCall> due;
    const core::Timestamp now = clock_.now();
    store_.transact([&](Unit& unit) {
        due.clear();
        for (const auto& [id, devices] : phones_.devices) {
            const auto rep = applier_.plan().reps.find(id);
            const auto device = std::ranges::find_if(devices, [this](const Device& one) {
                const Line* line = one.way == message_way ? line_of(one) : nullptr;
                return line != nullptr && line->provider->medium == core::Medium::whatsapp;
            });
            if (rep == applier_.plan().reps.end() || device == devices.end()) {
                continue;
            }
            const Morning morning = read_morning(unit.setting(morning_key(id)));
            MorningMove move = next_morning(rep->second, morning, now);
            if (move.say != MorningMove::Say::nothing) {
                unit.set_setting(morning_key(id), to_text(move.then));
                due.push_back({rep->second, *device, std::move(move),
                               window_open(applier_, id, *device, now)});
            }
        }
    });
    return due;
}

asio::awaitable<void> Alerts::greet_reps() {
    constexpr core::Duration look_every = std::chrono::seconds{2};
    const bool has_text = plan_.templates.find("rep_morning", "en") != nullptr;
    if (!has_text || clock_.now() < mornings_at_) {
        co_return;
    }
    mornings_at_ = clock_.now() + look_every;
    auto due = std::make_shared<std::vector<MorningCall>>();
    auto look = [this, due] { *due = due_mornings(); };
    co_await door_.on_writer(std::move(look));
    for (MorningCall& call : *due) {
        if (call.move.away_until) {
            co_await door_.apply(Work{RepAway{call.rep.id, call.move.away_until}});
        }
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
    if (!greets) {
        const std::string first =
            waiting->empty() ? std::string{} : core::first_name(waiting->front().contact.name);
        alert.text = answer_of(call.move.say, call.rep, waiting->size(), first, link);
    }
    const Notifier& notifier = *phones_.find(call.device.way);
    const Means means = means_of(phones_, line_of(call.device), rng_);
    Result<HttpRequest> request = notifier.compose(
        {.plan = plan_,
         .rep = call.rep,
         .device = call.device,
         .alert = alert,
         .link = link,
         .taps = greets ? day_taps(phones_.tap_key, call.rep.id, call.move.then.day)
                        : std::vector<Tap>{},
         .window_open = call.window_open,
         .calls_today = waiting->size(),
         .now = clock_.now()},
        means);
    std::string problem = request ? std::string{} : request.error().message;
    if (request) {
        problem =
            told_by(notifier, call.device, means, co_await exchange(std::move(*request))).sentence;
    }
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
