#include "engine/lookups.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

namespace warmcall {

namespace asio = boost::asio;
using How = core::SendSettled::How;

LookedUp looked_up(std::span<const Sighting> sightings) {
    if (sightings.empty()) {
        return LookedUp::absent;
    }
    const auto same = std::ranges::count_if(sightings, &Sighting::same_text);
    return same == 1 ? LookedUp::went_out : LookedUp::cannot_tell;
}

bool Absences::may_look(const Token& send, core::Timestamp lease_end, core::Timestamp now) const {
    const auto look = looks_.find(send);
    if (look == looks_.end()) {
        return now >= lease_end + first_look;
    }
    return !look->second.left && now >= look->second.at + apart;
}

bool Absences::absent(const Token& send, core::Timestamp now) {
    const auto [look, first] = looks_.try_emplace(send, Look{.at = now});
    return !first && now >= look->second.at + apart;
}

void Absences::leave(const Token& send) {
    looks_[send].left = true;
}

void Absences::forget(const Token& send) {
    looks_.erase(send);
}

void Absences::forget_before(core::Timestamp claimed) {
    std::erase_if(looks_, [claimed](const auto& look) { return time_of(look.first) < claimed; });
}

Lookups::Lookups(asio::io_context& context, Door& door, Applier& applier, Transport& transport,
                 std::vector<Line> lines, Clock& clock)
    : door_{door},
      applier_{applier},
      transport_{transport},
      lines_{std::move(lines)},
      clock_{clock},
      timer_{context},
      behind_timer_{context} {
    std::erase_if(lines_, [](const Line& line) {
        return line.provider->build_lookup == nullptr && line.provider->build_missed == nullptr &&
               line.provider->build_templates == nullptr;
    });
}

void Lookups::stop() {
    stopping_ = true;
    timer_.cancel();
    behind_timer_.cancel();
}

asio::awaitable<void> Lookups::run() {
    constexpr auto settle_every = std::chrono::minutes{1};
    constexpr int rounds_a_fetch = 60;  // at the start, and once an hour
    for (int round = 0; !stopping_ && !lines_.empty(); ++round) {
        for (const Line& line : lines_) {
            try {
                if (line.provider->build_lookup != nullptr) {
                    co_await settle(line);
                }
                if (line.provider->build_missed != nullptr &&
                    (round % rounds_a_fetch == 0 || co_await is_behind(line))) {
                    co_await fetch_missed(line);
                }
                if (line.provider->build_templates != nullptr && round % rounds_a_fetch == 0) {
                    co_await ask_templates(line);
                }
            } catch (const std::exception& problem) {
                spdlog::warn("channel {}: looking up waits: {}", line.account.id.value,
                             problem.what());
            }
        }
        timer_.expires_after(settle_every);
        boost::system::error_code stopped;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
    }
}

asio::awaitable<Result<HttpResponse>> Lookups::ask(HttpRequest request) {
    constexpr core::Duration connect_limit = std::chrono::seconds{10};
    constexpr core::Duration exchange_limit = std::chrono::seconds{30};
    const std::string_view url = request.url;
    const std::string origin{url.substr(0, url.find('/', url.find("://") + 3))};
    Result<std::unique_ptr<Connection>> connection =
        co_await transport_.connect(origin, connect_limit);
    if (!connection) {
        co_return connection.error();
    }
    Exchange exchange = co_await (*connection)->exchange(std::move(request), exchange_limit);
    if (exchange.progress != Exchange::Progress::answered) {
        co_return Error{Errc::unavailable, exchange.problem};
    }
    co_return std::move(exchange.response);
}

// Every page, or nothing: half a list proves nothing.
asio::awaitable<Result<std::vector<Sighting>>> Lookups::sightings(const Line& line,
                                                                  const UnknownSend& send) {
    std::vector<Sighting> all;
    std::string page;
    for (std::size_t n = 0; n < pages_max; ++n) {
        const Result<HttpResponse> response =
            co_await ask(line.provider->build_lookup(line.account, send, page));
        if (!response) {
            co_return response.error();
        }
        Result<Page<Sighting>> read = line.provider->read_lookup(line.account, send, *response);
        if (!read) {
            co_return read.error();
        }
        std::ranges::move(read->found, std::back_inserter(all));
        page = read->next;
        if (page.empty()) {
            co_return all;
        }
    }
    co_return Error{Errc::bad_payload, "the provider's list does not end"};
}

asio::awaitable<void> Lookups::settle(const Line& line) {
    auto unsettled = std::make_shared<std::vector<Unsettled>>();
    const core::Timestamp now = clock_.now();
    // Those that were looked for, or are left to the rep, must not stand before the others.
    absences_.forget_before(now - 2 * given_up_after);
    const std::size_t most = at_once + absences_.size();
    auto job = [this, unsettled, channel = line.account.id, now, most] {
        *unsettled = applier_.unsettled(channel, now - given_up_after, most);
    };
    co_await door_.on_writer(std::move(job));
    for (const Unsettled& one : *unsettled) {
        if (!stopping_ &&
            absences_.may_look(one.send.message.token, one.send.until, clock_.now())) {
            co_await settle_one(line, one);
        }
    }
}

asio::awaitable<void> Lookups::settle_one(const Line& line, const Unsettled& unsettled) {
    Result<std::vector<Sighting>> seen = co_await sightings(line, unsettled.send);
    if (!seen) {
        spdlog::warn("channel {}: message {} could not be looked up: {}", line.account.id.value,
                     unsettled.message.value, seen.error().message);
        co_return;
    }
    auto others = std::make_shared<std::vector<Sighting>>(std::move(*seen));
    auto job = [this, others, channel = line.account.id, message = unsettled.message] {
        applier_.leave_out_others(channel, message, *others);
    };
    co_await door_.on_writer(std::move(job));

    const Token& send = unsettled.send.message.token;
    core::SendSettled settled{.message = unsettled.message};
    switch (looked_up(*others)) {
        case LookedUp::went_out: {
            const auto it = std::ranges::find_if(*others, &Sighting::same_text);
            settled.how = How::accepted;
            settled.facts = it->facts;
            settled.facts.provider_id = it->provider_id;
            break;
        }
        case LookedUp::absent:
            if (!absences_.absent(send, clock_.now())) {
                co_return;  // looked for once more later
            }
            settled.how = How::not_sent;
            settled.again_at = clock_.now();
            break;
        case LookedUp::cannot_tell:
            absences_.leave(send);
            co_return;
    }
    spdlog::info("channel {}: message {} {}", line.account.id.value, unsettled.message.value,
                 settled.how == How::accepted ? "was found to have gone out"
                                              : "never arrived at the provider");
    absences_.forget(send);
    co_await door_.apply(Happened{unsettled.contact, settled, "provider", send});
}

asio::awaitable<Result<std::vector<InTemplate>>> Lookups::templates(const Line& line) {
    std::vector<InTemplate> all;
    std::string page;
    for (std::size_t n = 0; n < pages_max; ++n) {
        const Result<HttpResponse> response =
            co_await ask(line.provider->build_templates(line.account, page));
        if (!response) {
            co_return response.error();
        }
        Result<Page<InTemplate>> read = line.provider->read_templates(line.account, *response);
        if (!read) {
            co_return read.error();
        }
        std::ranges::move(read->found, std::back_inserter(all));
        page = read->next;
        if (page.empty()) {
            break;
        }
    }
    co_return all;
}

asio::awaitable<std::size_t> Lookups::ask_templates(const Line& line) {
    auto list = co_await templates(line);
    if (!list) {
        spdlog::warn("channel {}: what became of our texts could not be asked: {}",
                     line.account.id.value, list.error().message);
        co_return 0;
    }
    auto news = std::make_shared<std::vector<Inbound>>();
    auto look = [this, news, rows = std::move(*list)] { *news = applier_.template_news(rows); };
    co_await door_.on_writer(std::move(look));
    const std::size_t n = news->size();
    if (n > 0) {
        co_await deliver(line, *news);
    }
    co_return n;
}

asio::awaitable<Result<std::vector<Inbound>>> Lookups::missed(const Line& line,
                                                              core::Timestamp since) {
    std::vector<Inbound> all;
    std::string page;
    for (std::size_t n = 0; n < missed_pages_max; ++n) {
        const Result<HttpResponse> response =
            co_await ask(line.provider->build_missed(line.account, since, page));
        if (!response) {
            co_return response.error();
        }
        Result<Page<Inbound>> read = line.provider->read_missed(line.account, since, *response);
        if (!read) {
            co_return read.error();
        }
        std::ranges::move(read->found, std::back_inserter(all));
        page = read->next;
        if (page.empty()) {
            break;
        }
    }
    if (!page.empty()) {
        spdlog::error(
            "channel {}: the provider's list of what people wrote is longer than {} pages: what is "
            "older has to be read there",
            line.account.id.value, missed_pages_max);
    }
    std::ranges::reverse(all);  // they come newest first
    co_return all;
}

// A few at a time: whoever waits at the door meanwhile comes between.
asio::awaitable<void> Lookups::deliver(const Line& line, std::vector<Inbound>& events) {
    for (std::size_t from = 0; from < events.size(); from += at_once) {
        Delivered delivered{.channel = line.account.id};
        const std::size_t n = std::min(at_once, events.size() - from);
        const auto first = events.begin() + static_cast<std::ptrdiff_t>(from);
        delivered.events.assign(std::make_move_iterator(first),
                                std::make_move_iterator(first + static_cast<std::ptrdiff_t>(n)));
        const Outcome outcome = co_await door_.apply(std::move(delivered));
        if (outcome.failure) {
            std::rethrow_exception(outcome.failure);
        }
    }
}

namespace {

std::string heard_until_key(const Line& line) {
    return "heard_until/" + line.account.id.value;
}

}  // namespace

asio::awaitable<std::string> Lookups::heard_until(const Line& line) {
    auto value = std::make_shared<std::string>();
    auto job = [this, value, key = heard_until_key(line)] { *value = applier_.setting(key); };
    co_await door_.on_writer(std::move(job));
    co_return std::move(*value);
}

asio::awaitable<bool> Lookups::is_behind(const Line& line) {
    const auto unknown_until = applier_.plan().unknown_until;
    if (!unknown_until || line.provider->build_missed == nullptr) {
        co_return false;
    }
    const std::string heard = co_await heard_until(line);
    co_return heard.empty() || core::from_unix_ms(std::stoll(heard)) < *unknown_until;
}

asio::awaitable<void> Lookups::caught_up() {
    bool said = false;
    for (std::size_t i = 0; i < lines_.size() && !stopping_;) {
        bool behind = true;
        try {
            behind = co_await is_behind(lines_[i]);
        } catch (const StoreUnavailable&) {
            // whoever needs it says so
        }
        if (!behind) {
            ++i;
            continue;
        }
        if (!std::exchange(said, true)) {
            spdlog::warn(
                "a backup was put back: nothing is sent before what people wrote since has been "
                "fetched");
        }
        behind_timer_.expires_after(std::chrono::seconds{1});
        boost::system::error_code stopped;
        co_await behind_timer_.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
    }
}

// How far back is asked, where a backup does not say until when the channel was heard.
constexpr std::chrono::days unheard_of_max{7};

asio::awaitable<std::size_t> Lookups::fetch_missed(const Line& line) {
    const core::Timestamp begun = clock_.now();
    const std::string heard = co_await heard_until(line);
    std::size_t missing = 0;
    const auto unknown_until = applier_.plan().unknown_until;
    if (!heard.empty() || unknown_until) {  // a new installation has missed nothing
        const core::Timestamp since =
            heard.empty() ? *unknown_until - unheard_of_max
                          : core::from_unix_ms(std::stoll(heard)) - std::chrono::hours{24};
        Result<std::vector<Inbound>> events = co_await missed(line, since);
        if (!events) {
            spdlog::warn("channel {}: what people wrote meanwhile could not be asked for: {}",
                         line.account.id.value, events.error().message);
            co_return 0;
        }
        auto unheard = std::make_shared<std::vector<Inbound>>(std::move(*events));
        auto look = [this, unheard] { applier_.leave_out_known(*unheard); };
        co_await door_.on_writer(std::move(look));
        missing = unheard->size();
        if (missing > 0) {
            spdlog::warn("channel {}: {} messages from people had not reached us; they are in now",
                         line.account.id.value, missing);
            co_await deliver(line, *unheard);
        }
    }
    Write note = [key = heard_until_key(line), begun](Unit& unit, core::Timestamp) {
        unit.set_setting(key, std::to_string(core::unix_ms(begun)));
    };
    co_await door_.apply(std::move(note));
    co_return missing;
}

}  // namespace warmcall
