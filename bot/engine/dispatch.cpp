#include "engine/dispatch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <string_view>
#include <utility>

#include "core/speech.hpp"

namespace warmcall {

namespace asio = boost::asio;
using How = core::SendSettled::How;

namespace {

constexpr core::Duration retry_base = std::chrono::seconds{2};
constexpr core::Duration retry_max = std::chrono::minutes{10};
constexpr core::Duration send_retry_after_min = std::chrono::seconds{1};
constexpr core::Duration send_retry_after_max = std::chrono::hours{1};
constexpr core::Duration config_pause = std::chrono::minutes{10};
constexpr int send_tries_max = 8;

std::string_view to_string(Answer::Scope scope) {
    switch (scope) {
        case Answer::Scope::message:
            return "the message";
        case Answer::Scope::pair:
            return "one person";
        case Answer::Scope::sender:
            return "the sender";
        case Answer::Scope::portfolio:
            return "what is unasked";
        case Answer::Scope::account:
            return "the account";
    }
    return "";
}

core::Duration pair_wait(int tries) {  // 4^X seconds, X growing
    return std::chrono::seconds{1LL << std::min(2 * (tries + 1), 12)};
}

std::optional<core::Duration> wait_of(const Answer& answer) {
    return answer.retry_after ? std::optional{std::clamp(*answer.retry_after, send_retry_after_min,
                                                         send_retry_after_max)}
                              : std::nullopt;
}

// When it may be tried again, were it only for what the provider said; never: not at all.
std::optional<core::Timestamp> again_at(const core::Message& message, const Answer& answer,
                                        core::Duration wait, core::Timestamp now) {
    switch (answer.failure) {
        case core::FailureClass::retry:
            return message.tries < answer.again_max.value_or(send_tries_max)
                       ? std::optional{now + wait}
                       : std::nullopt;
        case core::FailureClass::slow_down:
            return now + (answer.scope == Answer::Scope::pair ? pair_wait(message.tries) : wait);
        case core::FailureClass::config:
            return now + config_pause;
        case core::FailureClass::permanent:
        case core::FailureClass::suppress:
        case core::FailureClass::needs_window:
        case core::FailureClass::template_fault:
            break;
    }
    return std::nullopt;
}

std::optional<Pause> pause_of(const core::Message& message, const Answer& answer,
                              core::Duration wait, core::Timestamp now) {
    const auto until = again_at(message, answer, wait, now);
    return until && answer.scope != Answer::Scope::message
               ? std::optional{Pause{answer.scope, *until}}
               : std::nullopt;
}

Settled refused(const core::Message& message, const Answer& answer, core::Timestamp now, Rng& rng) {
    Settled s;
    s.event.how = How::refused;
    s.event.facts.failed = core::Failure{now, answer.code, answer.failure};
    // With a reason, it is about this message; who answers with one is not out of order.
    s.trouble = answer.failure == core::FailureClass::retry && answer.code == 0;
    s.template_is = answer.template_is;
    const auto told = wait_of(answer);
    const core::Duration wait = told ? *told : backoff(message.tries, retry_base, retry_max, rng);
    s.event.again_at = again_at(message, answer, wait, now);
    s.pause = pause_of(message, answer, wait, now);
    return s;
}

}  // namespace

std::vector<Sender> senders_of(const std::vector<Line>& lines) {
    std::vector<Sender> senders;
    for (const Line& line : lines) {
        const std::string key{line.provider->account_key};
        const auto named = line.account.settings.find(key);
        std::string account = line.account.base_url + " ";
        account +=
            named == line.account.settings.end() ? std::string{line.provider->name} : named->second;
        senders.push_back({line.account.id, line.rates, std::move(account), line.portfolio});
    }
    return senders;
}

Unfit unfit_on(const std::vector<Line>& lines) {
    std::map<core::ChannelId, Line> known;
    for (const Line& line : lines) {
        known[line.account.id] = line;
    }
    return [known = std::move(known)](const core::ChannelId& channel,
                                      const Outbound& out) -> std::optional<std::string> {
        const auto line = known.find(channel);
        if (line == known.end() || line->second.provider->unfit == nullptr) {
            return std::nullopt;
        }
        return line->second.provider->unfit(line->second.account, out);
    };
}

AftermathOf aftermath_of(const std::vector<Line>& lines) {
    std::map<core::ChannelId, Answer (*)(int)> meanings;
    for (const Line& line : lines) {
        meanings[line.account.id] = line.provider->meaning;
    }
    return [meanings = std::move(meanings)](const core::Message& message,
                                            const core::Failure& failure) -> Aftermath {
        const auto meaning = meanings.find(message.channel);
        if (meaning == meanings.end() || meaning->second == nullptr) {
            return {};
        }
        const Answer answer = meaning->second(failure.code);
        if (answer.failure != failure.kind) {  // the same number among other codes
            return {};
        }
        return {pause_of(message, answer, wait_of(answer).value_or(retry_base), failure.at),
                answer.template_is};
    };
}

Settled settle(const Line& line, const core::Message& message, const Exchange& exchange,
               core::Timestamp now, Rng& rng) {
    Settled s;
    switch (exchange.progress) {
        case Exchange::Progress::not_sent:
            s.event.how = How::not_sent;
            s.event.again_at = now + backoff(message.tries, retry_base, retry_max, rng);
            s.trouble = true;
            break;
        case Exchange::Progress::written:
            s.event.how = How::unknown;
            s.trouble = true;
            break;
        case Exchange::Progress::answered: {
            const Answer answer = line.provider->read_send(line.account, exchange.response);
            if (answer.kind == Answer::Kind::accepted) {
                s.event.how = How::accepted;
                s.event.facts.accepted = now;
                s.event.facts.provider_id = answer.provider_id;
                s.learned = answer.learned;
            } else if (answer.kind == Answer::Kind::refused) {
                s = refused(message, answer, now, rng);
            } else {
                s.event.how = How::unknown;
                s.trouble = true;
            }
            break;
        }
    }
    s.event.message = message.id;
    return s;
}

Dispatch::Dispatch(asio::io_context& context, Door& door, Applier& applier, Transport& transport,
                   std::vector<Line> lines, Limits& limits, Clock& clock, Rng& rng)
    : context_{context},
      door_{door},
      applier_{applier},
      transport_{transport},
      limits_{limits},
      clock_{clock},
      rng_{rng},
      wake_{context} {
    for (Sender& sender : senders_of(lines)) {
        accounts_[sender.channel] = std::move(sender.account);
    }
    for (Line& line : lines) {
        const core::ChannelId id = line.account.id;
        lines_[id] = std::move(line);
        under_way_[id] = 0;
    }
}

const Line* Dispatch::line(const core::ChannelId& id) const {
    const auto at = lines_.find(id);
    return at == lines_.end() ? nullptr : &at->second;
}

void Dispatch::nudge() {
    nudged_ = true;  // perhaps while a claim is under way that did not see it any more
    wake_.cancel();
}

asio::awaitable<void> Dispatch::run() {
    running_ = true;
    while (!stopping_) {
        std::size_t claimed = 0;
        nudged_ = false;
        try {
            claimed = co_await claim_some();
        } catch (const std::exception& problem) {
            spdlog::error("sending waits: {}", problem.what());
        }
        const bool idle = (claimed == 0 && !nudged_) || counts_.under_way >= under_way_max;
        if (idle && !stopping_) {
            wake_.expires_after(idle_for());
            boost::system::error_code nudged;
            co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, nudged));
        }
    }
    running_ = false;
}

void Dispatch::stop() {
    stopping_ = true;
    wake_.cancel();
}

asio::awaitable<void> Dispatch::drain(core::Duration limit) {
    stop();
    asio::steady_timer pause{context_};
    const auto until = std::chrono::steady_clock::now() + limit;
    while ((running_ || counts_.under_way > 0) && std::chrono::steady_clock::now() < until) {
        pause.expires_after(std::chrono::milliseconds{20});
        co_await pause.async_wait(asio::use_awaitable);
    }
}

// Until a channel may send again; not for every single message, where many wait.
core::Duration Dispatch::idle_for() const {
    constexpr core::Duration least{30}, most = std::chrono::seconds{1};
    return room_at_ ? std::clamp(*room_at_ - clock_.now(), least, most) : most;
}

Places places_left(const std::map<core::ChannelId, std::size_t>& under_way, std::size_t all,
                   std::size_t kept_for_each) {
    const std::size_t kept =
        std::min(kept_for_each, all / std::max<std::size_t>(under_way.size(), 1));
    std::size_t free = all;  // for whoever comes first
    for (const auto& [channel, n] : under_way) {
        free -= std::min(free, std::max(kept, n));
    }
    Places places;
    for (const auto& [channel, n] : under_way) {
        places[channel] = free + kept - std::min(kept, n);
    }
    return places;
}

// A channel whose provider was not taking messages gets one place to show that it does again.
Places Dispatch::places() const {
    Places places = places_left(under_way_, under_way_max, kept_for_each);
    for (const auto& [channel, breaker] : breakers_) {
        if (breaker.on_trial()) {
            places[channel] = under_way_.at(channel) == 0 ? 1 : 0;
        }
    }
    return places;
}

namespace {

std::size_t most_of(const Places& places) {
    std::size_t most = 0;
    for (const auto& [channel, n] : places) {
        most = std::max(most, n);
    }
    return most;
}

}  // namespace

asio::awaitable<std::size_t> Dispatch::claim_some() {
    // A claim is a commit: where sends end one after the other it waits for a few of them.
    constexpr std::size_t worth_a_claim = under_way_max / 4;
    constexpr std::chrono::milliseconds moment{5};
    Places left = places();
    if (most_of(left) < worth_a_claim) {
        asio::steady_timer pause{context_, moment};
        co_await pause.async_wait(asio::use_awaitable);
        left = places();
    }
    if (most_of(left) == 0) {
        co_return 0;
    }
    std::vector<Token> tokens(under_way_max - counts_.under_way);
    std::ranges::generate(
        tokens, [this, now = clock_.now()] { return in_order_of_time(rng_.token(), now); });
    struct Found {
        std::vector<Claimed> claimed;
        std::optional<core::Timestamp> room_at;
    };
    auto found = std::make_shared<Found>();
    Look look{.at =
                  [this, tokens, left, found](Unit& unit, core::Timestamp now) {
                      found->claimed = applier_.claim(unit, now, tokens, lease, left);
                      found->room_at = limits_.next_room(now);
                  },
              .counts = true};
    co_await door_.apply(std::move(look));
    room_at_ = found->room_at;
    for (Claimed& one : found->claimed) {
        ++counts_.under_way;
        ++under_way_[one.message.channel];
        const core::ChannelId channel = one.message.channel;
        asio::co_spawn(context_, send(std::move(one)), [this, channel](std::exception_ptr problem) {
            --counts_.under_way;
            --under_way_[channel];
            if (problem) {  // its lease runs out and reconcile finds it: unknown, never sent again
                            // by itself
                try {
                    std::rethrow_exception(problem);
                } catch (const std::exception& e) {
                    spdlog::error("a send ended without being settled: {}", e.what());
                }
            }
            wake_.cancel();
        });
    }
    co_return found->claimed.size();
}

asio::awaitable<void> Dispatch::send(Claimed claimed) {
    const Line* to = line(claimed.message.channel);
    if (to == nullptr) {
        co_return;
    }
    constexpr core::Duration connect_limit = std::chrono::seconds{10};
    claimed.outbound.at = clock_.now();
    HttpRequest request = to->provider->build_send(to->account, claimed.outbound);
    const std::string_view url = request.url;
    const auto path = url.find('/', url.find("://") + 3);
    Result<std::unique_ptr<Connection>> connection =
        co_await transport_.connect(url.substr(0, path), connect_limit);
    if (!connection) {
        Exchange never{.problem = connection.error().message};
        spdlog::warn("channel {}: {}", claimed.message.channel.value, never.problem);
        co_await done(claimed, settle(*to, claimed.message, never, clock_.now(), rng_));
        co_return;
    }
    auto go = std::make_shared<std::optional<bool>>();
    Look look{.at = [this, go, claimed](Unit& unit, core::Timestamp now) {
        *go = applier_.may_leave(unit, now, claimed, 2 * io_budget);
    }};
    try {
        co_await door_.apply(std::move(look));
    } catch (const MustRestart&) {
        throw;
    } catch (const std::exception& problem) {
        go->reset();
        spdlog::warn("message {} waits: {}", claimed.message.id.value, problem.what());
    }
    if (!*go) {  // nothing of it has left, and nobody may look: it goes again when the store is
                 // back
        Exchange never{.problem = "the store could not be asked"};
        Settled settled = settle(*to, claimed.message, never, clock_.now(), rng_);
        settled.trouble = false;  // not the provider's
        co_await done(claimed, std::move(settled));
        co_return;
    }
    if (!**go) {
        ++counts_.held_back;
        co_return;
    }
    const Exchange exchange =
        co_await (*connection)->exchange(std::move(request), to->answer_limit);
    if (exchange.progress != Exchange::Progress::answered) {
        spdlog::warn("channel {}: message {}: {}", claimed.message.channel.value,
                     claimed.message.id.value, exchange.problem);
    }
    Settled settled = settle(*to, claimed.message, exchange, clock_.now(), rng_);
    if (exchange.progress == Exchange::Progress::answered && settled.event.how == How::unknown) {
        spdlog::warn(
            "channel {}: message {}: the answer (HTTP {}) does not tell whether it was taken",
            claimed.message.channel.value, claimed.message.id.value, exchange.response.status);
    }
    co_await done(claimed, std::move(settled));
}

namespace {

// The store is away, and may come back: not when only a new process can go on.
bool is_unavailable(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const MustRestart&) {
        return false;
    } catch (const StoreUnavailable&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

void Dispatch::note(const core::ChannelId& channel, const Settled& settled) {
    switch (settled.event.how) {
        case How::accepted:
            ++counts_.accepted;
            break;
        case How::refused:
            ++counts_.refused;
            break;
        case How::not_sent:
            ++counts_.not_sent;
            break;
        case How::unknown:
            ++counts_.unknown;
            break;
    }
    if (!settled.trouble && settled.event.how != How::not_sent) {
        breakers_[channel].succeeded();
    }
}

// How long one message waits comes from its own tries, and the next one would ask as soon as it
// may: whoever is asked to slow down again and again, by whichever message, waits longer.
void Dispatch::rest_longer(const core::ChannelId& channel, Settled& settled) {
    const std::string by_account = "account " + accounts_[channel];
    if (settled.event.how == How::accepted) {
        slow_downs_.erase(by_account);
        slow_downs_.erase(channel.value);
    }
    const auto& failed = settled.event.facts.failed;
    if (!settled.pause || !failed || failed->kind != core::FailureClass::slow_down) {
        return;
    }
    Pause& pause = *settled.pause;
    if (pause.scope == Answer::Scope::account || pause.scope == Answer::Scope::sender) {
        SlowDowns& before =
            slow_downs_[pause.scope == Answer::Scope::account ? by_account : channel.value];
        pause.until = std::max(pause.until, before.asked(clock_.now()));
    }
}

asio::awaitable<void> Dispatch::done(const Claimed& claimed, Settled settled) {
    note(claimed.message.channel, settled);
    rest_longer(claimed.message.channel, settled);
    std::vector<Work> works;
    std::vector<Pause> pauses;
    if (settled.pause) {
        pauses.push_back(*settled.pause);
    }
    if (settled.trouble) {
        if (const auto open_until = breakers_[claimed.message.channel].failed(clock_.now())) {
            pauses.push_back({Answer::Scope::sender, *open_until});
        }
    }
    if (!pauses.empty()) {
        for (const Pause& pause : pauses) {
            spdlog::warn("channel {}: {} rests: the provider is not taking messages",
                         claimed.message.channel.value, to_string(pause.scope));
        }
        works.emplace_back(Write{[this, message = claimed.message, pauses](Unit&, core::Timestamp) {
            for (const Pause& pause : pauses) {
                applier_.slow_down(message, pause.scope, pause.until);
            }
        }});
    }
    if (const auto& failed = settled.event.facts.failed;
        failed && settled.template_is != core::TemplateStatus::unknown &&
        !claimed.outbound.template_name.empty()) {
        const StoredTemplate said =
            stopped(claimed.outbound.template_name, claimed.outbound.template_language,
                    settled.template_is, failed->code, failed->at);
        works.emplace_back(Write{
            [this, said](Unit& unit, core::Timestamp) { applier_.note_template(unit, said); }});
    }
    works.emplace_back(Happened{claimed.contact, settled.event, "provider", claimed.token});
    for (const core::Address& address : settled.learned) {
        works.emplace_back(
            Happened{claimed.contact, core::AddressLearned{.now = address}, "provider"});
    }
    co_await keep(claimed, std::move(works));
}

// What became of a send is known here and nowhere else: while the store is away it is tried again.
// Once the message is not ours any more, only for as long as nobody looks it up.
asio::awaitable<void> Dispatch::keep(const Claimed& claimed, std::vector<Work> works) {
    constexpr core::Duration kept_on = std::chrono::minutes{10};
    asio::steady_timer pause{context_};
    for (;;) {
        std::exception_ptr failure;
        try {
            const std::vector<Outcome> outcomes = co_await door_.apply_all(works);
            const auto failed = std::ranges::find_if(
                outcomes, [](const Outcome& outcome) { return outcome.failure != nullptr; });
            failure = failed == outcomes.end() ? nullptr : failed->failure;
        } catch (const StoreUnavailable&) {  // more is waiting than can be taken in
            failure = std::current_exception();
        }
        if (!failure) {
            co_return;
        }
        const core::Timestamp until =
            claimed.lease_until + (stopping_ ? core::Duration{} : kept_on);
        if (!is_unavailable(failure) || clock_.now() >= until) {
            std::rethrow_exception(failure);
        }
        pause.expires_after(std::chrono::seconds{1});
        co_await pause.async_wait(asio::use_awaitable);
    }
}

}  // namespace warmcall
