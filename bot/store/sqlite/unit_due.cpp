// What is due: wake-ups, messages to send, leases that ran out.

#include <algorithm>
#include <unordered_set>

#include "store/sqlite/unit.hpp"
#include "store/written_lately.hpp"

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
        core::Timestamp at{}, put_at{};
        core::OutreachId outreach;
        core::ContactId contact;  // none: the outreach has ended
        std::optional<core::Timestamp> wake_at;
    };
    Line last{.at = core::Timestamp::min()};
    for (bool more = true; more && found.size() < limit;) {
        std::vector<Line> lines;
        {
            Rows rows =
                sql("SELECT w.at, w.put_at, w.outreach_id, o.contact_id, o.wake_at FROM wake w LEFT JOIN outreach o"
                    " ON o.id = w.outreach_id AND o.live = 1 WHERE (w.at, w.put_at, w.outreach_id) > (?, ?, ?) AND w.at <= ?"
                    " ORDER BY w.at, w.put_at, w.outreach_id LIMIT ?")
                    .rows(last.at, last.put_at, last.outreach, now, limit);
            while (rows.next()) {
                Line& line = lines.emplace_back();
                rows.read(line.at, line.put_at, line.outreach, line.contact, line.wake_at);
            }
        }
        more = lines.size() == limit;
        const Line* first_gone = nullptr;  // of those that go and stand together
        const Line* last_gone = nullptr;
        const auto forget = [&] {
            if (first_gone != nullptr)
                sql("DELETE FROM wake WHERE (at, put_at, outreach_id) >= (?, ?, ?) AND (at, put_at, outreach_id) <= (?, ?, ?)")
                    .run(first_gone->at, first_gone->put_at, first_gone->outreach, last_gone->at,
                         last_gone->put_at, last_gone->outreach);
            first_gone = nullptr;
        };
        for (const Line& line : lines) {
            const bool is_due = line.wake_at && *line.wake_at <= now;
            if (is_due && found.size() >= limit)
                break;
            if (is_due && known.insert(line.outreach.value).second) {
                found.push_back(line.contact);
                forget();
                continue;
            }
            first_gone = first_gone == nullptr ? &line : first_gone;
            last_gone = &line;
            if (line.wake_at && !is_due)
                wake_outreach(line.outreach, *line.wake_at, now);
        }
        forget();
        if (more)
            last = lines.back();
    }
    return found;
}

void SqliteUnit::wake_outreach(core::OutreachId outreach, core::Timestamp at, core::Timestamp now) {
    sql("INSERT INTO wake (at, put_at, outreach_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .run(at, now, outreach);
}

std::vector<MessageRef> SqliteUnit::due_messages(core::Timestamp now, std::span<const Room> rooms) {
    std::vector<MessageRef> found;
    for (const Room& room : rooms) {
        std::size_t left = room.messages;
        for (const core::MessageKind kind : sending_order) {
            if (left == 0) {
                break;
            }
            const std::size_t before = found.size();
            read_refs(sql("SELECT id, contact_id, outreach_id, round FROM outbox"
                          " WHERE state = 'queued' AND channel = ? AND kind = ? AND not_before <= ?"
                          " ORDER BY not_before LIMIT ?")
                          .rows(room.channel, kind, now, left),
                      found);
            left -= found.size() - before;
        }
    }
    return found;
}

std::size_t SqliteUnit::waiting(const core::ChannelId& channel, core::Timestamp now,
                                std::size_t limit) {
    Rows rows =
        sql("SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state = 'queued' AND channel = ?"
            " AND kind = 'wellbeing' AND not_before <= ? LIMIT ?)")
            .rows(channel, now, limit);
    std::int64_t n = 0;
    if (rows.next()) {
        rows.read(n);
    }
    return static_cast<std::size_t>(n);
}

std::vector<WrittenTo> SqliteUnit::written_to(std::span<const core::ChannelId> channels,
                                              core::Timestamp since, std::size_t most) {
    return written_lately(channels, since, most, [this](std::int64_t before, std::int64_t limit) {
        return sql("SELECT " WARMCALL_WRITTEN_COLUMNS
                   " FROM outbox WHERE id < ? ORDER BY id DESC LIMIT ?")
            .rows(before, limit);
    });
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
    const SharedCase known = cases_.find(contact);
    if (known == nullptr || core::message_in(*known, message) == nullptr)
        return;
    core::Case claimed = *known;
    core::Message& m = *std::ranges::find(claimed.messages, message, &core::Message::id);
    m.state = core::MessageState::claimed;
    m.facts.claimed = m.facts.claimed.value_or(now);
    cases_.put(std::make_shared<const core::Case>(std::move(claimed)));
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
