// Two records that turn out to be one person.

#include <algorithm>

#include "store/postgres/unit.hpp"

namespace warmcall::store::pg {

void PostgresUnit::merge_contacts(core::ContactId from, core::ContactId into, core::Timestamp now) {
    const std::vector<core::ContactId> both{from, into};
    const Cases cases = read_cases(db_, both, {}, Lock::yes);
    if (!cases.by_asked.contains(from) || !cases.by_asked.contains(into))
        throw std::out_of_range{"a contact that is to be merged does not exist"};
    const core::Case& gone = cases.by_asked.at(from);
    const core::Case& stays = cases.by_asked.at(into);
    from = gone.contact.id;
    into = stays.contact.id;
    if (from == into)
        return;  // already one
    if (gone.outreach && stays.outreach)
        close_as_merged(gone, now);
    put("UPDATE address SET contact_id = $1, position = position +"
        " (SELECT coalesce(max(position) + 1, 0) FROM address WHERE contact_id = $1)"
        " WHERE contact_id = $2",
        into, from);
    put("UPDATE outbox SET contact_id = $1 WHERE outreach_id IN"
        " (SELECT id FROM outreach WHERE contact_id = $2)",
        into, from);
    put("UPDATE outbox SET contact_id = $1 WHERE outreach_id IS NULL AND contact_id = $2", into,
        from);
    put("UPDATE prompt SET contact_id = $1 WHERE open AND outreach_id IN"
        " (SELECT id FROM outreach WHERE contact_id = $2 AND live)",
        into, from);
    put("UPDATE outreach SET contact_id = $1, version = version + live::integer"
        " WHERE contact_id = $2",
        into, from);
    put("UPDATE reply SET contact_id = $1 WHERE contact_id = $2", into, from);
    put("UPDATE alert SET contact_id = $1 WHERE state = 'waiting' AND contact_id = $2", into, from);
    merge_parts(gone.contact, stays.contact);
    // Consent and timeline are never changed: theirs are found through this pointer.
    put("UPDATE contact SET merged_into = $1 WHERE merged_into = $2", into, from);
    put("UPDATE contact SET merged_into = $1, suppressions = 0, windows = 0,"
        " version = version + 1 WHERE id = $2",
        into, from);
    put("UPDATE contact SET version = version + 1,"
        " last_wellbeing_at = greatest(last_wellbeing_at, $2),"
        " last_call_me_back_at = greatest(last_call_me_back_at, $3),"
        " last_reply_at = greatest(last_reply_at, $4) WHERE id = $1",
        into, gone.contact.last_wellbeing_at, gone.contact.last_call_me_back_at,
        gone.contact.last_reply_at);
    watch_feed();
    put("INSERT INTO event_log (contact_id, at, actor, what, text) VALUES ($1, $2, 'warmcall',"
        " 'merged', 'Another record of the same person was merged into this one.')",
        into, now);
    tally("contacts", "", -1);
}

// Whoever asks for the merge normally ends this outreach first, with the method's own event; a
// merge may not fail for want of it.
void PostgresUnit::close_as_merged(const core::Case& gone, core::Timestamp now) {
    core::Case closed = gone;
    closed.outreach->phase = core::Closed{core::CloseReason::merged, now};
    closed.outreach->promise.reset();
    closed.prompt.reset();
    for (core::Message& m : closed.messages) {
        if (m.state == core::MessageState::queued)
            m.state = core::MessageState::cancelled;
    }
    const Change change{&gone, &closed, {}, "warmcall"};
    save({&change, 1}, now);
}

// The stricter of both: every suppression, the later end of a window; and consent that was taken
// back on either record stays taken back. A record that never said anything about consent is no
// statement, so the other's holds.
void PostgresUnit::merge_parts(const core::Contact& from, const core::Contact& into) {
    put("UPDATE suppression s SET contact_id = $1 WHERE contact_id = $2 AND NOT EXISTS"
        " (SELECT 1 FROM suppression o WHERE o.contact_id = $1 AND o.scope = s.scope"
        "  AND o.address_kind = s.address_kind AND o.address_value = s.address_value"
        "  AND o.channel = s.channel AND o.reason = s.reason AND o.at = s.at)",
        into.id, from.id);
    put("DELETE FROM suppression WHERE contact_id = $1", from.id);
    put("INSERT INTO contact_window AS w (contact_id, channel, until_at)"
        " SELECT $1, channel, until_at FROM contact_window WHERE contact_id = $2"
        " ON CONFLICT (contact_id, channel) DO UPDATE"
        "  SET until_at = greatest(w.until_at, excluded.until_at)",
        into.id, from.id);
    put("DELETE FROM contact_window WHERE contact_id = $1", from.id);
    put("UPDATE contact SET consent_id = (SELECT k.id FROM consent k"
        "  JOIN contact c ON c.consent_id = k.id WHERE c.id IN ($1, $2)"
        "  ORDER BY k.given, k.covers = '', c.id = $2 DESC LIMIT 1) WHERE id = $2",
        from.id, into.id);
    count_parts({into.id});
}

}  // namespace warmcall::store::pg
