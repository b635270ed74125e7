// What is due: wake-ups, messages to send, leases that ran out.

#include <algorithm>
#include <unordered_set>

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

// The lines of `wake` up to now, in their order, until `limit` outreaches are due. A line met too
// early moves to where its outreach is now; one whose outreach has ended, or a second one, goes.
std::vector<core::ContactId> SqliteUnit::due(core::Timestamp now, std::size_t limit) {
    std::vector<core::ContactId> found;
    std::unordered_set<std::int64_t> known;
    struct Line {
        core::Timestamp at{};
        core::OutreachId outreach;
        core::ContactId contact;  // none: the outreach has ended
        std::optional<core::Timestamp> wake_at;
    };
    Line last{.at = core::Timestamp::min()};
    for (bool more = true; more && found.size() < limit;) {
        std::vector<Line> lines;
        {
            Rows rows =
                sql("SELECT w.at, w.outreach_id, o.contact_id, o.wake_at FROM wake w LEFT JOIN outreach o"
                    " ON o.id = w.outreach_id AND o.live = 1 WHERE (w.at, w.outreach_id) > (?, ?) AND w.at <= ?"
                    " ORDER BY w.at, w.outreach_id LIMIT ?")
                    .rows(last.at, last.outreach, now, limit);
            while (rows.next()) {
                Line& line = lines.emplace_back();
                rows.read(line.at, line.outreach, line.contact, line.wake_at);
            }
        }
        more = lines.size() == limit;
        for (const Line& line : lines) {
            const bool is_due = line.wake_at && *line.wake_at <= now;
            if (is_due && found.size() < limit && known.insert(line.outreach.value).second) {
                found.push_back(line.contact);
                continue;
            }
            if (is_due && found.size() >= limit)
                break;
            sql("DELETE FROM wake WHERE at = ? AND outreach_id = ?").run(line.at, line.outreach);
            if (line.wake_at && !is_due)
                wake_outreach(line.outreach, *line.wake_at);
        }
        if (more)
            last = lines.back();
    }
    return found;
}

void SqliteUnit::wake_outreach(core::OutreachId outreach, core::Timestamp at) {
    sql("INSERT INTO wake (at, outreach_id) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .run(at, outreach);
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
        " WHERE id = ? AND state = 'queued' RETURNING contact_id");
    for (const Claim& c : claims) {
        core::ContactId contact;
        {
            Rows rows = query.rows(c.token, c.lease_until, c.text, now, c.message);
            if (!rows.next())
                throw Conflict{"the message was claimed or cancelled meanwhile"};
            rows.read(contact);
        }
        remember_claim(contact, c.message, now);
    }
    tally("message", "queued", -static_cast<std::int64_t>(claims.size()));
    tally("message", "claimed", static_cast<std::int64_t>(claims.size()));
}

void SqliteUnit::remember_claim(core::ContactId contact, core::MessageId message,
                                core::Timestamp now) {
    core::Case* known = cases_.change(contact);
    if (known == nullptr)
        return;
    const auto m = std::ranges::find(known->messages, message, &core::Message::id);
    if (m == known->messages.end())
        return;
    m->state = core::MessageState::claimed;
    m->facts.claimed = m->facts.claimed.value_or(now);
}

std::vector<MessageRef> SqliteUnit::lapsed(core::Timestamp now, std::size_t limit) {
    std::vector<MessageRef> found;
    read_refs(
        sql("SELECT id, contact_id, outreach_id, round FROM outbox WHERE state = 'claimed' AND lease_until <= ? ORDER BY lease_until LIMIT ?")
            .rows(now, limit),
        found);
    return found;
}

std::vector<MessageRef> SqliteUnit::unsettled(const core::ChannelId& channel, core::Timestamp since,
                                              std::size_t limit) {
    std::vector<MessageRef> found;
    read_refs(
        sql("SELECT id, contact_id, outreach_id, round FROM outbox WHERE state = 'unknown' AND channel = ? AND claimed_at >= ?"
            " ORDER BY claimed_at LIMIT ?")
            .rows(channel, since, limit),
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
