// What came in: raw deliveries, the keys that have been decided, receipts that wait for their
// message.

#include <algorithm>
#include <set>

#include "store/postgres/unit.hpp"

namespace warmcall::store::pg {

namespace {

MessageRef read_ref(Rows& rows) {
    MessageRef ref;
    rows.read(ref.message, ref.contact, ref.outreach, ref.round);
    return ref;
}

Connection::Ticket ask_messages_of(Connection& db, std::span<const Token> tokens) {
    Column numbers{Wire::int8}, values{Wire::bytes};
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        numbers.add(i);
        values.add(tokens[i]);
    }
    return db.ask_later(
        "SELECT v.i, m.id, m.contact_id, m.outreach_id, m.round"
        " FROM unnest($1, $2) AS v(i, token) JOIN outbox m ON m.token = v.token",
        numbers, values);
}

// Answers numbered by what was asked.
std::vector<std::optional<MessageRef>> numbered_refs(Rows rows, std::size_t asked) {
    std::vector<std::optional<MessageRef>> found(asked);
    while (rows.next()) {
        std::size_t i = 0;
        rows.read(i);
        found.at(i) = read_ref(rows);
    }
    return found;
}

}  // namespace

std::vector<std::int64_t> PostgresUnit::keep(std::span<const RawDelivery> deliveries) {
    std::vector<std::int64_t> ids = numbers_in_stock(
        "SELECT nextval('delivery_id_seq') FROM generate_series(1, $1)", deliveries.size());
    Many raw;
    for (std::size_t i = 0; i < deliveries.size(); ++i)
        raw.add(ids[i], deliveries[i].channel, deliveries[i].received_at, Blob{deliveries[i].body});
    put_rows(
        "INSERT INTO delivery (id, channel, received_at, body)"
        " SELECT * FROM unnest($1, $2, $3, $4)",
        raw);
    return ids;
}

// In the order of the keys, so that two replicas that are given the same events wait for each other
// at most one way round.
std::vector<bool> PostgresUnit::accept(std::span<const InboxRow> rows, core::Timestamp) {
    std::vector<bool> fresh(rows.size(), false);
    if (rows.empty())
        return fresh;
    std::map<std::string_view, std::size_t> first;  // of each key
    for (std::size_t i = 0; i < rows.size(); ++i)
        first.try_emplace(rows[i].key, i);
    Many keys;
    for (const auto& [key, i] : first)
        keys.add(Blob{key}, rows[i].delivery);
    Rows added = put_and_ask(
        "INSERT INTO inbox (event_key, delivery) SELECT * FROM unnest($1, $2)"
        " ON CONFLICT DO NOTHING RETURNING event_key",
        keys);
    while (added.next())
        fresh[first.at(added.bytes())] = true;
    tally("inbox", "", added.size());
    return fresh;
}

std::vector<bool> PostgresUnit::accepted(std::span<const std::string> keys) {
    std::vector<bool> known(keys.size(), false);
    Many asked;
    for (std::size_t i = 0; i < keys.size(); ++i)
        asked.add(i, Blob{keys[i]});
    if (asked.empty())
        return known;
    Rows rows = db_.ask(
        "SELECT v.i FROM unnest($1, $2) AS v(i, key) JOIN inbox n ON n.event_key = v.key", asked);
    while (rows.next()) {
        std::size_t i = 0;
        rows.read(i);
        known.at(i) = true;
    }
    return known;
}

void PostgresUnit::quarantine(std::int64_t delivery, std::string_view reason, core::Timestamp now) {
    put("INSERT INTO quarantine (delivery, reason, at) VALUES ($1, $2, $3)", delivery, reason, now);
    tally("quarantined", "", 1);
}

void PostgresUnit::count_ignored(std::string_view what, std::int64_t n) {
    tally("ignored", what, n);
}

std::size_t PostgresUnit::drop_inbox(core::Timestamp older_than, std::size_t limit) {
    // What is in quarantine stays until somebody has looked at it. A key goes after the delivery it
    // came in: a provider's time may be none, or wrong.
    Rows gone = put_and_ask(
        "WITH gone AS (DELETE FROM delivery WHERE id IN (SELECT d.id FROM delivery d"
        "  WHERE NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.delivery = d.id)"
        "  ORDER BY d.id LIMIT $1 FOR UPDATE SKIP LOCKED) AND received_at < $2 RETURNING id),"
        " timeless AS (DELETE FROM inbox n USING gone WHERE n.delivery = gone.id"
        "  AND n.event_key < '\\x0000000000000001' RETURNING n.delivery)"
        " SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM timeless)",
        limit, older_than);
    std::int64_t deliveries = 0, keys = 0;
    if (gone.next())
        gone.read(deliveries, keys);
    // It begins with that time in seconds, big-endian, so that "older" is "smaller".
    std::string bound;
    append_int64(bound, std::max<std::int64_t>(0, core::unix_ms(older_than) / 1000));
    keys += static_cast<std::int64_t>(
        put_and_ask("DELETE FROM inbox WHERE event_key IN (SELECT n.event_key FROM inbox n"
                    " WHERE n.event_key >= '\\x0000000000000001' AND n.event_key < $1"
                    " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.id = n.delivery)"
                    " ORDER BY n.event_key LIMIT $2 FOR UPDATE SKIP LOCKED)",
                    Blob{bound}, limit)
            .changed());
    tally("inbox", "", -keys);
    return static_cast<std::size_t>(std::max(deliveries, keys));
}

void PostgresUnit::look_ahead(std::span<const Token> tokens,
                              std::span<const core::Address> addresses) {
    ahead(messages_ahead_, tokens, ask_messages_of);
    ahead(people_ahead_, addresses, ask_contacts_with);
}

std::vector<std::optional<core::ContactId>> PostgresUnit::contacts_by(
    std::span<const core::Address> addresses) {
    return find(addresses, people_ahead_, ask_contacts_with, take_contacts_with);
}

std::vector<std::optional<MessageRef>> PostgresUnit::messages_by(std::span<const Token> tokens) {
    return find(tokens, messages_ahead_, ask_messages_of, numbered_refs);
}

std::vector<std::optional<MessageRef>> PostgresUnit::messages_by(
    const core::ChannelId& channel, std::span<const std::string> provider_ids) {
    Column numbers{Wire::int8}, ids{Wire::text};
    for (std::size_t i = 0; i < provider_ids.size(); ++i) {
        numbers.add(i);
        ids.add(provider_ids[i]);
    }
    if (provider_ids.empty())
        return {};
    return numbered_refs(
        db_.ask("SELECT v.i, m.id, m.contact_id, m.outreach_id, m.round"
                " FROM unnest($2, $3) AS v(i, provider_id)"
                " JOIN outbox m ON m.provider_id = v.provider_id AND m.channel = $1",
                channel, numbers, ids),
        provider_ids.size());
}

void PostgresUnit::park(std::span<const ParkedReceipt> receipts) {
    Many rows;
    for (const ParkedReceipt& r : receipts) {
        if (r.provider_id.empty())
            continue;  // nothing it could ever be joined by
        const FailureColumns failed{r.facts.failed};
        rows.add(r.channel, r.provider_id, r.parked_at, r.facts.queued, r.facts.claimed,
                 r.facts.unknown, r.facts.accepted, r.facts.sent, r.facts.delivered, r.facts.read,
                 failed.at, failed.code, failed.kind, r.facts.provider_id);
    }
    put_rows(
        "INSERT INTO parked (channel, provider_id, parked_at, queued_at, claimed_at, unknown_at,"
        " accepted_at, sent_at, delivered_at, read_at, failed_at, failed_code, failed_class,"
        " facts_id) SELECT * FROM"
        " unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        rows);
    tally("parked", "", static_cast<std::int64_t>(rows.size()));
}

std::vector<ParkedReceipt> PostgresUnit::unpark(const core::ChannelId& channel,
                                                std::string_view provider_id) {
    std::vector<ParkedReceipt> taken;
    Rows rows = put_and_ask(
        "WITH gone AS (DELETE FROM parked WHERE provider_id = $1 AND channel = $2 RETURNING *)"
        " SELECT p.channel, p.provider_id, p.parked_at, " WARMCALL_PG_FACTS(
            "p") "p.facts_id FROM gone p ORDER BY p.id",
        provider_id, channel);
    while (rows.next()) {
        ParkedReceipt& receipt = taken.emplace_back();
        rows.read(receipt.channel, receipt.provider_id, receipt.parked_at);
        receipt.facts = read_facts(rows);
    }
    tally("parked", "", -static_cast<std::int64_t>(taken.size()));
    return taken;
}

std::size_t PostgresUnit::drop_parked(core::Timestamp older_than) {
    const std::int64_t dropped =
        put_and_ask("DELETE FROM parked WHERE parked_at < $1", older_than).changed();
    tally("parked", "", -dropped);
    put("DELETE FROM pair_pace WHERE until_at < $1", older_than);
    put("DELETE FROM person_of_day WHERE at < $1", older_than);
    return static_cast<std::size_t>(dropped);
}

}  // namespace warmcall::store::pg
