// What came in: raw deliveries, the keys that have been decided, receipts that wait for their
// message.

#include "store/sqlite/unit.hpp"

namespace warmcall::store {

namespace {

std::optional<MessageRef> read_ref(Rows rows) {
    if (!rows.next())
        return std::nullopt;
    MessageRef ref;
    rows.read(ref.message, ref.contact, ref.outreach, ref.round);
    return ref;
}

}  // namespace

std::vector<std::int64_t> SqliteUnit::keep(std::span<const RawDelivery> deliveries) {
    std::vector<std::int64_t> ids;
    ids.reserve(deliveries.size());
    Query& query = sql("INSERT INTO delivery (channel, received_at, body) VALUES (?, ?, ?)");
    for (const RawDelivery& d : deliveries)
        ids.push_back(query.insert(d.channel, d.received_at, Blob{d.body}));
    return ids;
}

std::vector<bool> SqliteUnit::accept(std::span<const InboxRow> rows, core::Timestamp) {
    std::vector<bool> fresh;
    fresh.reserve(rows.size());
    Query& query =
        sql("INSERT INTO inbox (event_key, delivery) VALUES (?, ?) ON CONFLICT DO NOTHING");
    std::int64_t added = 0;
    for (const InboxRow& row : rows) {
        fresh.push_back(query.run(Blob{row.key}, row.delivery) == 1);
        added += fresh.back() ? 1 : 0;
    }
    tally("inbox", "", added);
    return fresh;
}

std::vector<bool> SqliteUnit::accepted(std::span<const std::string> keys) {
    std::vector<bool> known;
    known.reserve(keys.size());
    Query& query = sql("SELECT 1 FROM inbox WHERE event_key = ?");
    for (const std::string& key : keys)
        known.push_back(query.rows(Blob{key}).next());
    return known;
}

void SqliteUnit::quarantine(std::int64_t delivery, std::string_view reason, core::Timestamp now) {
    sql("INSERT INTO quarantine (delivery, reason, at) VALUES (?, ?, ?)")
        .run(delivery, reason, now);
    tally("quarantined", "", 1);
}

void SqliteUnit::count_ignored(std::string_view what, std::int64_t n) {
    tally("ignored", what, n);
}

std::size_t SqliteUnit::drop_inbox(core::Timestamp older_than, std::size_t limit) {
    // What is in quarantine stays until somebody has looked at it.
    std::vector<std::int64_t> deliveries;
    {
        Rows rows =
            sql("DELETE FROM delivery WHERE id IN (SELECT id FROM delivery"
                " WHERE id NOT IN (SELECT delivery FROM quarantine) ORDER BY id LIMIT ?) AND received_at < ?"
                " RETURNING id")
                .rows(limit, older_than);
        while (rows.next())
            rows.read(deliveries.emplace_back());
    }
    // A key goes after the delivery it came in: a provider's time may be none, or wrong.
    Query& timeless = sql(
        "DELETE FROM inbox INDEXED BY inbox_timeless WHERE event_key < x'0000000000000001' AND delivery = ?");
    std::int64_t keys = 0;
    for (const std::int64_t delivery : deliveries)
        keys += timeless.run(delivery);
    // It begins with that time in seconds, big-endian, so that "older" is "smaller".
    const auto seconds =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, core::unix_ms(older_than) / 1000));
    std::string bound;
    for (int shift = 56; shift >= 0; shift -= 8)
        bound += static_cast<char>((seconds >> shift) & 0xFF);
    keys += sql("DELETE FROM inbox WHERE event_key IN (SELECT event_key FROM inbox"
                " WHERE event_key >= x'0000000000000001' AND event_key < ?"
                " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.id = inbox.delivery)"
                " ORDER BY event_key LIMIT ?)")
                .run(Blob{bound}, limit);
    tally("inbox", "", -keys);
    return std::max(deliveries.size(), static_cast<std::size_t>(keys));
}

std::vector<std::optional<core::ContactId>> SqliteUnit::contacts_by(
    std::span<const core::Address> addresses) {
    std::vector<std::optional<core::ContactId>> found;
    found.reserve(addresses.size());
    for (const core::Address& address : addresses)
        found.push_back(contact_with(db_, address));
    return found;
}

std::vector<std::optional<MessageRef>> SqliteUnit::messages_by(std::span<const Token> tokens) {
    std::vector<std::optional<MessageRef>> found;
    found.reserve(tokens.size());
    Query& query = sql("SELECT id, contact_id, outreach_id, round FROM outbox WHERE token = ?");
    for (const Token& token : tokens)
        found.push_back(read_ref(query.rows(token)));
    return found;
}

std::vector<std::optional<MessageRef>> SqliteUnit::messages_by(
    const core::ChannelId& channel, std::span<const std::string> provider_ids) {
    std::vector<std::optional<MessageRef>> found;
    found.reserve(provider_ids.size());
    Query& query = sql(
        "SELECT id, contact_id, outreach_id, round FROM outbox WHERE provider_id = ? AND channel = ? LIMIT 1");
    for (const std::string& id : provider_ids)
        found.push_back(read_ref(query.rows(id, channel)));
    return found;
}

void SqliteUnit::park(std::span<const ParkedReceipt> receipts) {
    Query& query = sql(
        "INSERT INTO parked (channel, provider_id, parked_at, queued_at, claimed_at, unknown_at, accepted_at, sent_at, delivered_at,"
        " read_at, failed_at, failed_code, failed_class, facts_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    std::int64_t parked = 0;
    for (const ParkedReceipt& r : receipts) {
        if (r.provider_id.empty())
            continue;  // nothing it could ever be joined by
        ++parked;
        const auto failed = FailureColumns{r.facts.failed};
        query.run(r.channel, r.provider_id, r.parked_at, r.facts.queued, r.facts.claimed,
                  r.facts.unknown, r.facts.accepted, r.facts.sent, r.facts.delivered, r.facts.read,
                  failed.at, failed.code, failed.kind, r.facts.provider_id);
    }
    tally("parked", "", parked);
}

std::vector<ParkedReceipt> SqliteUnit::unpark(const core::ChannelId& channel,
                                              std::string_view provider_id) {
    std::vector<ParkedReceipt> taken;
    {
        Rows rows =
            sql("SELECT channel, provider_id, parked_at, queued_at, claimed_at, unknown_at, accepted_at, sent_at, delivered_at, read_at,"
                " failed_at, failed_code, failed_class, facts_id FROM parked WHERE provider_id = ? AND channel = ? ORDER BY id")
                .rows(provider_id, channel);
        while (rows.next()) {
            ParkedReceipt& receipt = taken.emplace_back();
            rows.read(receipt.channel, receipt.provider_id, receipt.parked_at);
            receipt.facts = read_facts(rows);
        }
    }
    if (!taken.empty())
        tally("parked", "",
              -sql("DELETE FROM parked WHERE provider_id = ? AND channel = ?")
                   .run(provider_id, channel));
    return taken;
}

std::size_t SqliteUnit::drop_parked(core::Timestamp older_than) {
    const std::int64_t dropped = sql("DELETE FROM parked WHERE parked_at < ?").run(older_than);
    tally("parked", "", -dropped);
    return static_cast<std::size_t>(dropped);
}

}  // namespace warmcall::store
