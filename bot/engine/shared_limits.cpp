#include "engine/shared_limits.hpp"

#include <set>

namespace warmcall {

namespace {

std::string sender_key(const core::ChannelId& channel) {
    return "sender " + channel.value;
}
std::string account_key(const std::string& account) {
    return "account " + account;
}
std::string people_key(const std::string& portfolio) {
    return "people " + portfolio;
}
std::string rest_key(const core::ChannelId& channel) {
    return "rest " + channel.value;
}

// As the gateway left it that sent last; full, when nobody has sent yet.
void refill(TokenBucket& bucket, const Levels& levels, const std::string& key) {
    const auto level = levels.by_key.find(key);
    if (level == levels.by_key.end()) {
        bucket.tokens = bucket.burst;
        bucket.filled_at = levels.now;
        return;
    }
    bucket.tokens = level->second.amount;
    bucket.filled_at = level->second.at;
}

Level level_of(const TokenBucket& bucket) {
    return {bucket.tokens, bucket.filled_at};
}

}  // namespace

SharedLimits::SharedLimits(const std::vector<Sender>& senders, core::Timestamp now)
    : OwnLimits{senders, now} {
    std::set<std::string> keys;
    for (const auto& [id, one] : senders_) {
        keys.insert(sender_key(id));
        keys.insert(rest_key(id));
        if (one.account != nullptr) {
            keys.insert(account_key(one.sender.account));
        }
    }
    for (const auto& [portfolio, people] : portfolios_) {
        keys.insert(people_key(portfolio));
    }
    keys_.assign(keys.begin(), keys.end());
}

void SharedLimits::begin(Unit& unit, core::Timestamp now) {
    OwnLimits::begin(unit, now);  // what went out before gateways shared this store
    people_seen_.clear();
}

std::vector<Room> SharedLimits::rooms(Unit& unit, core::Timestamp now) {
    Shared& shared = *unit.shared();
    const Levels levels = shared.lock(keys_, now);
    ahead_ = levels.now - now;
    for (auto& [id, one] : senders_) {
        refill(one.bucket, levels, sender_key(id));
        if (one.account != nullptr) {
            refill(*one.account, levels, account_key(one.sender.account));
        }
    }
    exchange_rests(shared, levels);
    read_people(shared, levels.now);
    return OwnLimits::rooms(unit, levels.now);
}

// The later of what we know and what the others said, both ways.
void SharedLimits::exchange_rests(Shared& shared, const Levels& levels) {
    const auto exchanged = [&](const std::string& key) {
        const auto level = levels.by_key.find(key);
        const core::Timestamp theirs =
            level == levels.by_key.end() ? core::Timestamp{} : level->second.at;
        core::Timestamp& until = rests_[key];
        if (until > theirs) {
            shared.keep(key, {0, until});
        }
        until = std::max(until, theirs);
        return until;
    };
    resting_.clear();
    for (const auto& [id, one] : senders_) {
        if (const core::Timestamp until = exchanged(rest_key(id)); until > levels.now) {
            resting_[id] = until - ahead_;
        }
    }
    for (auto& [portfolio, people] : portfolios_) {
        people.hold(exchanged(people_key(portfolio)));
    }
}

void SharedLimits::read_people(Shared& shared, core::Timestamp now) {
    for (auto& [portfolio, people] : portfolios_) {
        std::int64_t& seen = people_seen_[portfolio];
        for (const PersonOfDay& person : shared.people(portfolio, seen, now - PeopleLimit::day)) {
            people.note(person.to, person.at);
            seen = person.number;
        }
    }
}

std::optional<Wait> SharedLimits::take(Unit& unit, const Leaving& leaving, core::Timestamp now) {
    Shared& shared = *unit.shared();
    const core::Message& message = *leaving.message;
    One* one = find(message.channel);
    if (one == nullptr) {
        return std::nullopt;
    }
    if (const auto until = shared.paced_until(message)) {
        one->pairs.know(message, *until);
    }
    if (auto wait = OwnLimits::take(unit, leaving, now + ahead_)) {
        wait->until -= ahead_;
        return wait;
    }
    shared.keep(sender_key(message.channel), level_of(one->bucket));
    if (one->account != nullptr) {
        shared.keep(account_key(one->sender.account), level_of(*one->account));
    }
    if (const auto until = one->pairs.known(message)) {
        shared.pace(message, *until);
    }
    if (leaving.unasked && one->people != nullptr) {
        shared.add_person(one->sender.portfolio, message.to, now + ahead_);
    }
    return std::nullopt;
}

std::optional<core::Timestamp> SharedLimits::next_room(core::Timestamp now) {
    const auto next = OwnLimits::next_room(now + ahead_);
    return next ? std::optional{*next - ahead_} : std::nullopt;
}

void SharedLimits::hold(const core::Message& message, Answer::Scope scope, core::Timestamp now,
                        core::Timestamp until) {
    OwnLimits::hold(message, scope, now + ahead_, until + ahead_);
    const One* one = find(message.channel);
    if (scope == Answer::Scope::portfolio && one != nullptr && one->people != nullptr) {
        core::Timestamp& known = rests_[people_key(one->sender.portfolio)];
        known = std::max(known, until + ahead_);
    }
}

void SharedLimits::rest(const core::ChannelId& channel, core::Timestamp until) {
    core::Timestamp& known = rests_[rest_key(channel)];
    known = std::max(known, until + ahead_);
}

}  // namespace warmcall
