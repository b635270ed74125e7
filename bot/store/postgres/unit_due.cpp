// What is due: wake-ups, messages to send, leases that ran out. What another replica is at is
// stepped over. The contact and then the row that is due are locked, always without waiting: so
// nobody acts on a state that has just changed, and nobody waits the wrong way round. In this
// order, that of the list: of what is stepped over nothing stays locked.

#include <algorithm>

#include "store/postgres/unit.hpp"
#include "store/written_lately.hpp"

namespace warmcall::store::pg {

namespace {

void read_refs(Rows rows, std::vector<MessageRef>& into) {
    while (rows.next()) {
        MessageRef& ref = into.emplace_back();
        rows.read(ref.message, ref.contact, ref.outreach, ref.round);
    }
}

core::Timestamp own_now() {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now());
}

}  // namespace

core::Timestamp PostgresUnit::database_now() {
    core::Timestamp now{};
    if (Rows rows = db_.ask("SELECT " WARMCALL_PG_NOW); rows.next())
        rows.read(now);
    return now;
}

std::vector<core::ContactId> PostgresUnit::due(core::Timestamp now, std::size_t limit) {
    std::vector<core::ContactId> found;
    Rows rows = db_.ask(
        "SELECT o.contact_id FROM outreach o JOIN contact c ON c.id = o.contact_id"
        " WHERE o.live AND o.wake_at <= $1 ORDER BY o.wake_at LIMIT $2"
        " FOR NO KEY UPDATE OF c, o SKIP LOCKED",
        now, limit);
    while (rows.next())
        rows.read(found.emplace_back());
    return found;
}

std::vector<MessageRef> PostgresUnit::due_messages(core::Timestamp now,
                                                   std::span<const Room> rooms) {
    std::vector<MessageRef> found;
    for (const Room& room : rooms) {
        std::vector<Connection::Ticket> kinds;
        for (const core::MessageKind kind : sending_order)
            kinds.push_back(
                db_.ask_later("SELECT m.id, m.contact_id, m.outreach_id, m.round FROM outbox m"
                              " JOIN contact c ON c.id = m.contact_id"
                              " WHERE m.state = 'queued' AND m.channel = $1 AND m.kind = $2"
                              " AND m.not_before <= $3 ORDER BY m.not_before LIMIT $4"
                              " FOR NO KEY UPDATE OF c, m SKIP LOCKED",
                              room.channel, kind, now, room.messages));
        std::vector<MessageRef> here;
        for (const auto& kind : kinds)
            read_refs(db_.take(kind), here);
        here.resize(std::min(here.size(), room.messages));
        found.insert(found.end(), here.begin(), here.end());
    }
    shared_.expect(found);
    return found;
}

std::size_t PostgresUnit::waiting(const core::ChannelId& channel, core::Timestamp now,
                                  std::size_t limit) {
    Rows rows = db_.ask(
        "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state = 'queued' AND channel = $1"
        " AND kind = 'wellbeing' AND not_before <= $2 LIMIT $3) q",
        channel, now, limit);
    std::int64_t n = 0;
    if (rows.next())
        rows.read(n);
    return static_cast<std::size_t>(n);
}

std::vector<WrittenTo> PostgresUnit::written_to(std::span<const core::ChannelId> channels,
                                                core::Timestamp since, std::size_t most) {
    return written_lately(channels, since, most, [this](std::int64_t before, std::int64_t limit) {
        return db_.ask("SELECT " WARMCALL_WRITTEN_COLUMNS
                       " FROM outbox WHERE id < $1 ORDER BY id DESC LIMIT $2",
                       before, limit);
    });
}

void PostgresUnit::claim(std::span<const Claim> claims, core::Timestamp now) {
    Many rows;
    for (const Claim& c : claims)
        rows.add(c.message, c.token, c.lease_until, c.text, now);
    constexpr const char* otherwise = "the message was claimed or cancelled meanwhile";
    if (lease_time_ == LeaseTime::given) {
        put_exactly(
            otherwise,
            WARMCALL_PG_EXACTLY(
                "$6",
                "UPDATE outbox m SET state = 'claimed', token = v.token,"
                " lease_until = v.lease_until, rendered = v.rendered,"
                " claimed_at = coalesce(m.claimed_at, v.now)"
                " FROM unnest($1, $2, $3, $4, $5) AS v(id, token, lease_until, rendered, now)"
                " WHERE m.id = v.id AND m.state = 'queued'"),
            rows);
    } else {
        put_exactly(
            otherwise,
            WARMCALL_PG_EXACTLY(
                "$6",
                "UPDATE outbox m SET state = 'claimed', token = v.token,"
                " lease_until = v.lease_until - v.now + " WARMCALL_PG_NOW
                ", rendered = v.rendered, claimed_at = coalesce(m.claimed_at, v.now)"
                " FROM unnest($1, $2, $3, $4, $5) AS v(id, token, lease_until, rendered, now)"
                " WHERE m.id = v.id AND m.state = 'queued'"),
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
                      ") ORDER BY m.lease_until LIMIT $2 FOR NO KEY UPDATE OF c, m SKIP LOCKED",
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
