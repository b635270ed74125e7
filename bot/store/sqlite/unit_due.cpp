// What is due: wake-ups, messages to send, leases that ran out.

#include "store/sqlite/unit.hpp"

namespace warmcall::store {

namespace {

void read_refs(Rows rows, std::vector<MessageRef>& into) {
    while (rows.next()) {
        MessageRef& ref = into.emplace_back();
        rows.read(ref.message, ref.contact, ref.outreach, ref.round);
    }
}

}  // namespace

std::vector<core::ContactId> SqliteUnit::due(core::Timestamp now, std::size_t limit) {
    std::vector<core::ContactId> found;
    Rows rows =
        sql("SELECT contact_id FROM outreach WHERE live = 1 AND wake_at <= ? ORDER BY wake_at LIMIT ?")
            .rows(now, limit);
    while (rows.next())
        rows.read(found.emplace_back());
    return found;
}

std::vector<MessageRef> SqliteUnit::due_messages(core::Timestamp now, std::size_t limit) {
    std::vector<MessageRef> found;
    read_refs(
        sql("SELECT id, contact_id, outreach_id, round FROM outbox WHERE state = 'queued' AND kind = 'stop_confirmation'"
            " AND not_before <= ? ORDER BY not_before LIMIT ?")
            .rows(now, limit),
        found);
    read_refs(
        sql("SELECT id, contact_id, outreach_id, round FROM outbox WHERE state = 'queued' AND kind <> 'stop_confirmation'"
            " AND not_before <= ? ORDER BY not_before LIMIT ?")
            .rows(now, limit - found.size()),
        found);
    return found;
}

void SqliteUnit::claim(std::span<const Claim> claims, core::Timestamp now) {
    Query& query = sql(
        "UPDATE outbox SET state = 'claimed', token = ?, lease_until = ?, rendered = ?, claimed_at = coalesce(claimed_at, ?)"
        " WHERE id = ? AND state = 'queued'");
    for (const Claim& c : claims) {
        if (query.run(c.token, c.lease_until, c.text, now, c.message) != 1)
            throw Conflict{"the message was claimed or cancelled meanwhile"};
    }
    tally("message", "queued", -static_cast<std::int64_t>(claims.size()));
    tally("message", "claimed", static_cast<std::int64_t>(claims.size()));
}

std::vector<MessageRef> SqliteUnit::lapsed(core::Timestamp now, std::size_t limit) {
    std::vector<MessageRef> found;
    read_refs(
        sql("SELECT id, contact_id, outreach_id, round FROM outbox WHERE state = 'claimed' AND lease_until <= ? ORDER BY lease_until LIMIT ?")
            .rows(now, limit),
        found);
    return found;
}

std::optional<Claim> SqliteUnit::claim_of(core::MessageId message) {
    Rows rows =
        sql("SELECT id, token, coalesce(lease_until, 0), coalesce(rendered, '') FROM outbox WHERE id = ? AND token IS NOT NULL"
            " AND state NOT IN ('queued', 'cancelled')")
            .rows(message);
    if (!rows.next())
        return std::nullopt;
    Claim claim;
    rows.read(claim.message, claim.token, claim.lease_until, claim.text);
    return claim;
}

}  // namespace warmcall::store
