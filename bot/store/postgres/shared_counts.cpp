#include "store/postgres/shared_counts.hpp"

#include <set>
#include <utility>

namespace warmcall::store::pg {

void SharedCounts::begin() {
    kept_.clear();
    expected_.clear();
    pairs_.clear();
    paced_.clear();
    people_ = {};
}

bool SharedCounts::finish() {
    Many levels, pairs;
    for (const auto& [key, level] : kept_)
        levels.add(key, level.amount, level.at);
    for (const auto& [pair, until] : paced_) {
        const auto& [contact, channel, to] = pair;
        pairs.add(contact, channel, to.kind, to.value, until);
    }
    if (!levels.empty())
        db_.tell(
            "UPDATE shared_level s SET amount = v.amount, at = v.at"
            " FROM unnest($1, $2, $3) AS v(key, amount, at) WHERE s.key = v.key",
            levels);
    if (!pairs.empty())
        db_.tell(
            "INSERT INTO pair_pace (contact_id, channel, address_kind, address_value, until_at)"
            " SELECT * FROM unnest($1, $2, $3, $4, $5)"
            " ON CONFLICT (contact_id, channel, address_value, address_kind)"
            " DO UPDATE SET until_at = greatest(pair_pace.until_at, excluded.until_at)",
            pairs);
    if (!people_.empty())
        db_.tell(
            "INSERT INTO person_of_day (portfolio, address_kind, address_value, at)"
            " SELECT * FROM unnest($1, $2, $3, $4)",
            people_);
    return !levels.empty() || !pairs.empty() || !people_.empty();
}

// In the order of the keys, so that two who want several wait one way round. What nobody has
// counted yet gets a row first, because only a row can be locked.
Levels SharedCounts::lock(std::span<const std::string> keys, core::Timestamp now) {
    Levels levels{.now = now, .by_key = {}};
    Column wanted{Wire::text};
    for (const std::string& key : keys)
        wanted.add(key);
    for (int tries = 0; tries < 2; ++tries) {
        const auto time = [&] {
            const auto rows = db_.ask_later(
                "SELECT key, amount, at FROM shared_level WHERE key = ANY($1) ORDER BY key"
                " FOR UPDATE",
                wanted);
            const auto clock =
                db_.ask_later("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
            return std::pair{rows, clock};
        }();
        Rows rows = db_.take(time.first);
        const int there = rows.size();
        while (rows.next()) {
            std::string key;
            Level level;
            rows.read(key, level.amount, level.at);
            if (core::unix_ms(level.at) != 0)
                levels.by_key[key] = level;
        }
        Rows clock = db_.take(time.second);
        if (time_ == LeaseTime::database && clock.next())
            clock.read(levels.now);
        if (there == static_cast<int>(keys.size()))
            break;
        db_.tell(
            "INSERT INTO shared_level (key, amount, at) SELECT key, 0, 0 FROM unnest($1) AS v(key)"
            " ORDER BY key ON CONFLICT DO NOTHING",
            wanted);
    }
    return levels;
}

void SharedCounts::expect(std::span<const MessageRef> due) {
    for (const MessageRef& ref : due)
        expected_.insert(ref.contact);
}

void SharedCounts::read_pairs() {
    Column contacts{Wire::int8};
    for (const core::ContactId contact : std::exchange(expected_, {}))
        contacts.add(contact);
    if (contacts.size() == 0)
        return;
    Rows rows = db_.ask(
        "SELECT contact_id, channel, address_kind, address_value, until_at FROM pair_pace"
        " WHERE contact_id = ANY($1)",
        contacts);
    while (rows.next()) {
        core::ContactId contact;
        core::ChannelId channel;
        core::Address to;
        core::Timestamp until{};
        rows.read(contact, channel, to.kind, to.value, until);
        pairs_[{contact, channel, to}] = until;
    }
}

std::optional<core::Timestamp> SharedCounts::paced_until(const core::Message& m) {
    read_pairs();
    const auto at = pairs_.find({m.contact, m.channel, m.to});
    return at == pairs_.end() ? std::nullopt : std::optional{at->second};
}

void SharedCounts::pace(const core::Message& m, core::Timestamp until) {
    pairs_[{m.contact, m.channel, m.to}] = until;
    paced_[{m.contact, m.channel, m.to}] = until;
}

std::vector<PersonOfDay> SharedCounts::people(const std::string& portfolio, std::int64_t after,
                                              core::Timestamp since) {
    std::vector<PersonOfDay> found;
    Rows rows = db_.ask(
        "SELECT number, address_kind, address_value, at FROM person_of_day"
        " WHERE number > $2 AND portfolio = $1 AND at >= $3 ORDER BY number",
        portfolio, after, since);
    while (rows.next()) {
        PersonOfDay& person = found.emplace_back();
        rows.read(person.number, person.to.kind, person.to.value, person.at);
    }
    return found;
}

void SharedCounts::add_person(const std::string& portfolio, const core::Address& to,
                              core::Timestamp at) {
    people_.add(portfolio, to.kind, to.value, at);
}

}  // namespace warmcall::store::pg
