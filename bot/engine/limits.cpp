#include "engine/limits.hpp"

#include <cmath>

namespace warmcall {

namespace {

// One person, whether by number or by WhatsApp's id of it.
std::string person(const core::Address& to) {
    return to.value.starts_with('+') ? to.value.substr(1) : to.value;
}

}  // namespace

void PeopleLimit::forget(core::Timestamp now) {
    while (!order_.empty()) {
        const auto& [at, who] = order_.front();
        const auto known = last_.find(who);
        const bool stale = known == last_.end() || known->second != at;
        if (!stale && at + day > now) {
            return;
        }
        if (!stale) {
            last_.erase(known);
        }
        order_.pop_front();
    }
}

void PeopleLimit::note(const core::Address& to, core::Timestamp at) {
    core::Timestamp& last = last_[person(to)];
    if (at > last) {
        last = at;
        const auto later = std::ranges::upper_bound(order_, at, {}, &Written::first);
        order_.emplace(later, at, person(to));  // mostly at the end
    }
}

std::optional<core::Timestamp> PeopleLimit::take(const core::Address& to, core::Timestamp now) {
    forget(now);
    if (now < held_until_) {
        return held_until_;
    }
    if (!last_.contains(person(to)) && last_.size() >= most_) {
        return free_at(0, now);
    }
    note(to, now);
    return std::nullopt;
}

std::optional<core::Timestamp> PeopleLimit::free_at(std::size_t ahead, core::Timestamp now) {
    forget(now);
    const std::size_t free = most_ - std::min(most_, last_.size());
    if (ahead < free) {
        return now < held_until_ ? std::optional{held_until_} : std::nullopt;
    }
    // As each of those before leaves the day, one more may come, and those who come now leave it
    // tomorrow; a day later the same again.
    const std::size_t nth = (ahead - free) % most_;
    const auto days = static_cast<std::int64_t>((ahead - free) / most_) + 1;
    const core::Timestamp came = nth < order_.size() ? order_[nth].first : now;
    return std::max(held_until_, came + days * day);
}

void PeopleLimit::make_nameless(const core::Address& to) {
    const auto known = last_.find(person(to));
    if (known == last_.end()) {
        return;
    }
    const std::string nobody = "erased " + std::to_string(++nameless_);
    const core::Timestamp at = known->second;
    last_.erase(known);
    last_[nobody] = at;
    for (Written& written : order_) {
        if (written.second == person(to)) {
            written.second = nobody;
        }
    }
}

OwnLimits::OwnLimits(const std::vector<Sender>& senders, core::Timestamp now) {
    for (const Sender& sender : senders) {
        const Rates& rates = sender.rates;
        One one{.sender = sender,
                .bucket = TokenBucket::of(rates.per_second, now),
                .pairs = PairLimit{rates.pair_gap, rates.pair_burst}};
        if (rates.account_per_second > 0) {
            one.account =
                &accounts_
                     .try_emplace(sender.account, TokenBucket::of(rates.account_per_second, now))
                     .first->second;
        }
        if (rates.people_per_day > 0) {
            one.people =
                &portfolios_.try_emplace(sender.portfolio, rates.people_per_day).first->second;
        }
        senders_.insert_or_assign(sender.channel, std::move(one));
    }
}

void OwnLimits::forget(std::span<const core::Address> addresses) {
    for (const core::Address& address : addresses) {
        for (auto& [channel, one] : senders_) {
            one.pairs.forget(address);
        }
        for (auto& [portfolio, people] : portfolios_) {
            people.make_nameless(address);
        }
    }
}

OwnLimits::One* OwnLimits::find(const core::ChannelId& channel) {
    const auto at = senders_.find(channel);
    return at == senders_.end() ? nullptr : &at->second;
}

void OwnLimits::begin(Unit& unit, core::Timestamp now) {
    for (auto& [portfolio, people] : portfolios_) {
        std::vector<core::ChannelId> channels;
        for (const auto& [id, one] : senders_) {
            if (one.people == &people) {
                channels.push_back(id);
            }
        }
        for (const WrittenTo& written :
             unit.written_to(channels, now - PeopleLimit::day, people.most())) {
            people.note(written.to, written.at);
        }
    }
}

std::vector<Room> OwnLimits::rooms(Unit&, core::Timestamp now) {
    std::vector<Room> rooms;
    for (auto& [id, one] : senders_) {
        std::size_t n = one.bucket.available(now);
        if (one.account != nullptr) {
            n = std::min(n, one.account->available(now));
        }
        if (n > 0) {
            rooms.push_back({id, n});
        }
    }
    return rooms;
}

std::optional<Wait> OwnLimits::take(Unit&, const Leaving& leaving, core::Timestamp now) {
    One* one = find(leaving.message->channel);
    if (one == nullptr) {
        return std::nullopt;
    }
    for (TokenBucket* bucket : {&one->bucket, one->account}) {
        if (bucket != nullptr && bucket->available(now) == 0) {
            return Wait{Wait::For::sender, bucket->next(now)};
        }
    }
    if (const auto until = one->pairs.take(*leaving.message, now)) {
        return Wait{Wait::For::pair, *until};
    }
    if (leaving.unasked && one->people != nullptr) {
        if (const auto until = one->people->take(leaving.message->to, now)) {
            return Wait{Wait::For::people, *until};
        }
    }
    for (TokenBucket* bucket : {&one->bucket, one->account}) {
        if (bucket != nullptr) {
            bucket->take(leaving.parts);
        }
    }
    return std::nullopt;
}

std::optional<core::Timestamp> OwnLimits::next_room(core::Timestamp now) {
    std::optional<core::Timestamp> next;
    for (auto& [id, one] : senders_) {
        core::Timestamp free = now;
        for (TokenBucket* bucket : {&one.bucket, one.account}) {
            if (bucket != nullptr && bucket->available(now) == 0) {
                free = std::max(free, bucket->next(now));
            }
        }
        if (free > now) {
            next = std::min(next.value_or(free), free);
        }
    }
    return next;
}

std::optional<double> OwnLimits::per_second(const core::ChannelId& channel) const {
    const auto at = senders_.find(channel);
    return at == senders_.end() ? std::nullopt : std::optional{at->second.bucket.per_second};
}

std::optional<core::Timestamp> OwnLimits::people_at(const core::ChannelId& channel,
                                                    std::size_t ahead, core::Timestamp now) {
    One* one = find(channel);
    return one == nullptr || one->people == nullptr ? std::nullopt
                                                    : one->people->free_at(ahead, now);
}

void OwnLimits::hold(const core::Message& message, Answer::Scope scope, core::Timestamp now,
                     core::Timestamp until) {
    One* one = find(message.channel);
    if (one != nullptr && scope == Answer::Scope::pair) {
        one->pairs.hold(message, now, until);
    }
    if (one != nullptr && scope == Answer::Scope::portfolio && one->people != nullptr) {
        one->people->hold(until);
    }
}

bool OwnLimits::share_account(const core::ChannelId& a, const core::ChannelId& b) const {
    const auto one = senders_.find(a), other = senders_.find(b);
    return one != senders_.end() && other != senders_.end() &&
           one->second.sender.account == other->second.sender.account;
}

std::size_t Turns::line_max(const Limits& limits, const core::ChannelId& channel) {
    constexpr double seconds = 60, at_least = 10, at_most = 100'000;
    const double rate = limits.per_second(channel).value_or(at_most);
    return static_cast<std::size_t>(std::clamp(rate * seconds, at_least, at_most));
}

bool Turns::counted_long_ago(core::Timestamp now) const {
    const core::Duration tenth = static_cast<std::int64_t>(waiting_ / 10) * step_;
    return now < counted_at_ ||
           now >= counted_at_ + std::max<core::Duration>(std::chrono::seconds{1}, tenth);
}

void Turns::begin(const Limits& limits, const core::ChannelId& channel, core::Timestamp now) {
    channel_ = channel;
    line_max_ = line_max(limits, channel);
    const double rate = limits.per_second(channel).value_or(1'000);
    step_ = core::Duration{static_cast<std::int64_t>(std::ceil(1'000 / rate))};
    if (!std::ranges::is_sorted(given_)) {
        std::ranges::sort(given_);
    }
    while (!given_.empty() && given_.front() <= now) {
        given_.pop_front();
    }
}

std::optional<core::Timestamp> Turns::room_at(Limits& limits, core::Timestamp now) const {
    const bool line_full = waiting_ >= line_max_;
    const bool day_full = limits.people_at(channel_, waiting_, now).has_value();
    if (!line_full && !day_full) {
        return std::nullopt;
    }
    core::Timestamp at = now + std::chrono::seconds{1};
    if (line_full) {
        // Half of the line is still there then: the channel never runs dry.
        at = now + static_cast<std::int64_t>(waiting_ / 2) * step_;
        if (!given_.empty()) {
            at = std::max(at, given_.back() + step_);
        }
    }
    const auto free_after = [&](std::size_t turns) {
        return std::max(at, limits.people_at(channel_, waiting_ + turns, now).value_or(at));
    };
    // Who missed their turn by a moment goes in front of those of the days that follow.
    constexpr std::size_t looked_at = 64;
    for (std::size_t i = 0; i < std::min(looked_at, given_.size()); ++i) {
        if (given_[i] > free_after(i) + std::chrono::minutes{1}) {
            return free_after(i);
        }
    }
    return free_after(given_.size());
}

}  // namespace warmcall
