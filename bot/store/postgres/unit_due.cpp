// What is due: wake-ups, messages to send, leases that ran out. What another replica is at is
// stepped over. Both the row that is due and its contact are locked, always without waiting: so
// nobody acts on a state that has just changed, and nobody waits the wrong way round.

#include "store/postgres/unit.hpp"

namespace warmcall::store::pg {

namespace {

void read_refs(Rows rows, std::vector<MessageRef>& into) {
    while (rows.next()) {
        MessageRef& ref = into.emplace_back();
        rows.read(ref.message, ref.contact, ref.outreach, ref.round);
    }
}

// The database's own clock, in milliseconds.
#define WARMCALL_PG_NOW "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

core::Timestamp own_now() {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now());
}

}  // namespace

std::vector<core::ContactId> PostgresUnit::due(core::Timestamp now, std::size_t limit) {
    std::vector<core::ContactId> found;
    Rows rows = db_.ask(
        "SELECT o.contact_id FROM outreach o JOIN contact c ON c.id = o.contact_id"
        " WHERE o.live AND o.wake_at <= $1 ORDER BY o.wake_at LIMIT $2"
        " FOR NO KEY UPDATE OF o, c SKIP LOCKED",
        now, limit);
    while (rows.next())
        rows.read(found.emplace_back());
    return found;
}

std::vector<MessageRef> PostgresUnit::due_messages(core::Timestamp now, std::size_t limit) {
    std::vector<MessageRef> found;
    const auto first = db_.ask_later(
        "SELECT m.id, m.contact_id, m.outreach_id, m.round FROM outbox m"
        " JOIN contact c ON c.id = m.contact_id"
        " WHERE m.state = 'queued' AND m.kind = 'stop_confirmation' AND m.not_before <= $1"
        " ORDER BY m.not_before LIMIT $2 FOR NO KEY UPDATE OF m, c SKIP LOCKED",
        now, limit);
    const auto others = db_.ask_later(
        "SELECT m.id, m.contact_id, m.outreach_id, m.round FROM outbox m"
        " JOIN contact c ON c.id = m.contact_id"
        " WHERE m.state = 'queued' AND m.kind <> 'stop_confirmation' AND m.not_before <= $1"
        " ORDER BY m.not_before LIMIT $2 FOR NO KEY UPDATE OF m, c SKIP LOCKED",
        now, limit);
    read_refs(db_.take(first), found);
    read_refs(db_.take(others), found);
    found.resize(std::min(found.size(), limit));
    return found;
}

void PostgresUnit::claim(std::span<const Claim> claims, core::Timestamp now) {
    Many rows;
    for (const Claim& c : claims)
        rows.add(c.message, c.token, c.lease_until, c.text, now);
    constexpr const char* otherwise = "the message was claimed or cancelled meanwhile";
    if (lease_time_ == LeaseTime::given) {
        put_exactly(otherwise,
                    "UPDATE outbox m SET state = 'claimed', token = v.token,"
                    " lease_until = v.lease_until, rendered = v.rendered,"
                    " claimed_at = coalesce(m.claimed_at, v.now)"
                    " FROM unnest($1, $2, $3, $4, $5) AS v(id, token, lease_until, rendered, now)"
                    " WHERE m.id = v.id AND m.state = 'queued'",
                    rows);
    } else {
        put_exactly(otherwise,
                    "UPDATE outbox m SET state = 'claimed', token = v.token,"
                    " lease_until = v.lease_until - v.now + " WARMCALL_PG_NOW
                    ", rendered = v.rendered, claimed_at = coalesce(m.claimed_at, v.now)"
                    " FROM unnest($1, $2, $3, $4, $5) AS v(id, token, lease_until, rendered, now)"
                    " WHERE m.id = v.id AND m.state = 'queued'",
                    rows);
    }
    tally("message", "queued", -static_cast<std::int64_t>(claims.size()));
    tally("message", "claimed", static_cast<std::int64_t>(claims.size()));
}

std::vector<MessageRef> PostgresUnit::lapsed(core::Timestamp now, std::size_t limit) {
    std::vector<MessageRef> found;
    const std::optional<core::Timestamp> given =
        lease_time_ == LeaseTime::given ? std::optional{now} : std::nullopt;
    read_refs(db_.ask("SELECT m.id, m.contact_id, m.outreach_id, m.round FROM outbox m"
                      " JOIN contact c ON c.id = m.contact_id WHERE m.state = 'claimed'"
                      " AND m.lease_until <= coalesce($1, " WARMCALL_PG_NOW
                      ") ORDER BY m.lease_until LIMIT $2 FOR NO KEY UPDATE OF m, c SKIP LOCKED",
                      given, limit),
              found);
    return found;
}

std::vector<MessageRef> PostgresUnit::unsettled(const core::ChannelId& channel,
                                                core::Timestamp since, std::size_t limit) {
    std::vector<MessageRef> found;
    read_refs(
        db_.ask("SELECT id, contact_id, outreach_id, round FROM outbox WHERE state = 'unknown'"
                " AND channel = $1 AND claimed_at >= $2 ORDER BY claimed_at LIMIT $3",
                channel, since, limit),
        found);
    return found;
}

// Until when it is ours, on the clock of whoever asks: what is left of it by the database's.
std::optional<Claim> PostgresUnit::claim_of(core::MessageId message) {
    Rows rows = db_.ask(
        "SELECT id, token, coalesce(lease_until, 0), coalesce(rendered, ''), "
        "" WARMCALL_PG_NOW
        " FROM outbox WHERE id = $1 AND token IS NOT NULL"
        " AND state NOT IN ('queued', 'cancelled')",
        message);
    if (!rows.next())
        return std::nullopt;
    Claim claim;
    core::Timestamp database_now{};
    rows.read(claim.message, claim.token, claim.lease_until, claim.text, database_now);
    if (lease_time_ == LeaseTime::database && core::unix_ms(claim.lease_until) != 0)
        claim.lease_until += own_now() - database_now;
    return claim;
}

}  // namespace warmcall::store::pg
