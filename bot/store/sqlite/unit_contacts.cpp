// People: their addresses, consent and suppressions, and two records that turn out to be one
// person.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "store/fold.hpp"
#include "store/sqlite/unit.hpp"

namespace warmcall::store {

namespace {

std::optional<int> minutes(const std::optional<core::DayTime>& at) {
    return at ? std::optional{at->minutes} : std::nullopt;
}

// Equal in what a person tells us once. The name is folded, the owner is in a tree: both are
// written only when they change.
bool same_record(const core::Contact& a, const core::Contact& b) {
    return a.language == b.language && a.zones == b.zones && a.zone_source == b.zone_source &&
           a.region == b.region && a.preferences == b.preferences && a.topic == b.topic;
}

std::string windows_as_text(const std::vector<core::Window>& windows) {
    nlohmann::json times = nlohmann::json::object();
    for (const core::Window& w : windows)
        times[w.channel.value] = core::unix_ms(w.until);
    return times.dump();
}

template <class T>
bool holds(const std::vector<T>& all, const T& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

std::vector<Added> SqliteUnit::add_contacts(std::span<const NewContact> contacts,
                                            core::Timestamp now) {
    std::vector<Added> added;
    added.reserve(contacts.size());
    for (const NewContact& n : contacts) {
        const auto holder = holder_of_any(n);
        added.push_back(holder ? Added{*holder, true} : Added{add_contact(n, now), false});
    }
    return added;
}

std::optional<core::ContactId> SqliteUnit::holder_of_any(const NewContact& n) {
    for (const auto* addresses : {&n.contact.addresses, &n.aliases}) {
        for (const core::Address& address : *addresses) {
            if (const auto holder = contact_with(db_, address))
                return holder;
        }
    }
    return std::nullopt;
}

core::ContactId SqliteUnit::add_contact(const NewContact& n, core::Timestamp now) {
    const core::Contact& c = n.contact;
    const core::ContactId id{
        sql("INSERT INTO contact (name, name_folded, owner, language, zones, zone_source, region, best_from, best_to, reach, if_lost, topic,"
            " whatsapp_unreachable_at, last_wellbeing_at, last_call_me_back_at, last_reply_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .insert(c.name, fold(c.name), c.owner, c.language, lines_as_text(c.zones),
                    c.zone_source, c.region, minutes(c.preferences.from), minutes(c.preferences.to),
                    c.preferences.reach, c.preferences.if_lost, c.topic, c.whatsapp_unreachable_at,
                    c.last_wellbeing_at, c.last_call_me_back_at, c.last_reply_at)};
    int position = 0;
    for (const core::Address& address : c.addresses)
        place_address(id, address, position++, Alias::no);
    for (const core::Address& address : n.aliases)
        place_address(id, address, position++, Alias::yes);
    make_searchable(id);
    if (c.consent)
        add_consent(id, c.consent, now);
    for (const core::Suppression& s : c.suppressions)
        add_suppression(id, s);
    count_suppressions(id);
    std::vector<core::Address> lines = c.addresses;
    lines.insert(lines.end(), n.aliases.begin(), n.aliases.end());
    suppress_if_erased(id, lines, now);
    if (!c.windows.empty())
        write_windows(id, c.windows);
    tally("contacts", "", 1);
    return id;
}

void SqliteUnit::add_addresses(core::ContactId contact, std::span<const core::Address> addresses,
                               core::Timestamp now) {
    cases_.forget(contact);
    end_searchable(contact);
    int position = next_position(contact);
    for (const core::Address& address : addresses) {
        const auto holder = contact_with(db_, address);
        if (!holder)
            place_address(contact, address, position++, Alias::no);
        else if (*holder != contact)
            note_shared_address(contact, now);
    }
    make_searchable(contact);
    suppress_if_erased(contact, addresses, now);
}

// What the search knows them by, after its number.
#define WARMCALL_SEARCHED_BY                                                  \
    "c.id, coalesce((SELECT group_concat(a.value, ' ') FROM address a"        \
    " WHERE a.contact_id = c.id), '') || ' ' || c.name_folded FROM contact c" \
    " WHERE c.id = ?"

void SqliteUnit::make_searchable(core::ContactId contact) {
    sql("INSERT INTO contact_search (rowid, words) SELECT " WARMCALL_SEARCHED_BY).run(contact);
}

// Before name or numbers change: the index keeps no copy, it must be told what stood there.
void SqliteUnit::end_searchable(core::ContactId contact) {
    sql("INSERT INTO contact_search (contact_search, rowid, words)"
        " SELECT 'delete', " WARMCALL_SEARCHED_BY)
        .run(contact);
}

// A line two people share stays with the record that had it first; the rep is told, and can merge
// them.
void SqliteUnit::note_shared_address(core::ContactId contact, core::Timestamp now) {
    note(contact, now, "warmcall", "shared_address",
         "An address of theirs is kept with another contact.");
}

int SqliteUnit::next_position(core::ContactId contact) {
    Rows rows = sql("SELECT coalesce(max(position) + 1, 0) FROM address WHERE contact_id = ?")
                    .rows(contact);
    int position = 0;
    if (rows.next())
        rows.read(position);
    return position;
}

bool SqliteUnit::place_address(core::ContactId contact, const core::Address& address, int position,
                               Alias alias) {
    return sql("INSERT INTO address (kind, value, contact_id, alias, position) VALUES (?, ?, ?, ?, ?)"
               " ON CONFLICT (kind, value) DO UPDATE SET alias = excluded.alias, position = excluded.position"
               " WHERE contact_id = excluded.contact_id")
               .run(address.kind, address.value, contact, alias == Alias::yes, position) == 1;
}

void SqliteUnit::add_consent(core::ContactId contact, const std::optional<core::Consent>& consent,
                             core::Timestamp now) {
    const core::Consent taken_back{.source = "taken back", .at = now, .text = {}};
    const core::Consent& row = consent ? *consent : taken_back;
    const std::int64_t id =
        sql("INSERT INTO consent (contact_id, given, source, at, text, covers) VALUES (?, ?, ?, ?, ?, ?)")
            .insert(contact, consent.has_value(), row.source, row.at, row.text,
                    lines_as_text(row.covers));
    sql("UPDATE contact SET consent_id = ? WHERE id = ?").run(id, contact);
}

void SqliteUnit::add_suppression(core::ContactId contact, const core::Suppression& s) {
    sql("INSERT INTO suppression (contact_id, scope, address_kind, address_value, channel, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .run(contact, s.scope, s.address.kind, s.address.value, s.channel, s.reason, s.at);
}

void SqliteUnit::count_suppressions(core::ContactId contact) {
    sql("UPDATE contact SET suppressions = (SELECT count(*) FROM suppression WHERE contact_id = contact.id) WHERE id = ?")
        .run(contact);
}

void SqliteUnit::write_windows(core::ContactId contact, const std::vector<core::Window>& windows) {
    sql("UPDATE contact SET windows = ?, window_times = ? WHERE id = ?")
        .run(windows.size(), windows_as_text(windows), contact);
}

void SqliteUnit::save_contact(const core::Contact& before, const core::Contact& after,
                              std::optional<std::int64_t> last_reply, core::Timestamp now) {
    if (before == after) {
        if (last_reply)
            sql("UPDATE contact SET last_reply = ? WHERE id = ?").run(last_reply, after.id);
        return;
    }
    // The version is compared whatever differs, so that two decisions about one person cannot pass
    // each other.
    if (sql("UPDATE contact SET whatsapp_unreachable_at = ?, last_wellbeing_at = ?, last_call_me_back_at = ?, last_reply_at = ?,"
            " windows = ?, window_times = ?, last_reply = coalesce(?, last_reply), version = version + 1 WHERE id = ? AND version = ?")
            .run(after.whatsapp_unreachable_at, after.last_wellbeing_at, after.last_call_me_back_at,
                 after.last_reply_at, after.windows.size(), windows_as_text(after.windows),
                 last_reply, after.id, before.version) != 1)
        throw Conflict{"the contact was changed meanwhile"};
    if (!same_record(before, after))
        sql("UPDATE contact SET language = ?, zones = ?, zone_source = ?, region = ?, best_from = ?, best_to = ?, reach = ?, if_lost = ?,"
            " topic = ? WHERE id = ?")
            .run(after.language, lines_as_text(after.zones), after.zone_source, after.region,
                 minutes(after.preferences.from), minutes(after.preferences.to),
                 after.preferences.reach, after.preferences.if_lost, after.topic, after.id);
    if (before.owner != after.owner)
        sql("UPDATE contact SET owner = ? WHERE id = ?").run(after.owner, after.id);
    if (before.consent != after.consent)
        add_consent(after.id, after.consent, now);
    if (before.name != after.name || before.addresses != after.addresses)
        save_searched(before, after, now);
    if (before.suppressions != after.suppressions)
        save_suppressions(before, after);
}

void SqliteUnit::save_searched(const core::Contact& before, const core::Contact& after,
                               core::Timestamp now) {
    end_searchable(after.id);
    if (before.name != after.name)
        sql("UPDATE contact SET name = ?, name_folded = ? WHERE id = ?")
            .run(after.name, fold(after.name), after.id);
    if (before.addresses != after.addresses)
        save_addresses(before, after, now);
    make_searchable(after.id);
}

void SqliteUnit::save_addresses(const core::Contact& before, const core::Contact& after,
                                core::Timestamp now) {
    for (const core::Address& address : before.addresses) {
        if (!holds(after.addresses, address))
            sql("DELETE FROM address WHERE kind = ? AND value = ? AND contact_id = ?")
                .run(address.kind, address.value, after.id);
    }
    int position = 0;
    for (const core::Address& address : after.addresses) {
        if (!place_address(after.id, address, position++, Alias::no))
            note_shared_address(after.id, now);
    }
    std::vector<core::Address> fresh = after.addresses;
    std::erase_if(fresh, [&](const core::Address& a) { return holds(before.addresses, a); });
    suppress_if_erased(after.id, fresh, now);
}

void SqliteUnit::save_suppressions(const core::Contact& before, const core::Contact& after) {
    for (const core::Suppression& s : before.suppressions) {
        if (!holds(after.suppressions, s))
            sql("DELETE FROM suppression WHERE contact_id = ? AND scope = ? AND address_kind = ? AND address_value = ? AND channel = ?"
                " AND reason = ? AND at = ?")
                .run(after.id, s.scope, s.address.kind, s.address.value, s.channel, s.reason, s.at);
    }
    for (const core::Suppression& s : after.suppressions) {
        if (!holds(before.suppressions, s))
            add_suppression(after.id, s);
    }
    count_suppressions(after.id);
}

void SqliteUnit::merge_contacts(core::ContactId from, core::ContactId into, core::Timestamp now) {
    const auto gone = read_case(db_, from);
    const auto stays = read_case(db_, into);
    if (!gone || !stays)
        throw std::out_of_range{"a contact that is to be merged does not exist"};
    if (gone->contact.id == stays->contact.id)
        return;  // already one
    from = gone->contact.id;
    into = stays->contact.id;
    cases_.forget(from);
    cases_.forget(into);
    if (gone->outreach && stays->outreach)
        close_as_merged(*gone, now);
    end_searchable(from);
    end_searchable(into);
    sql("UPDATE address SET contact_id = ?, position = position + ? WHERE contact_id = ?")
        .run(into, next_position(into), from);
    make_searchable(into);
    move_outreaches(from, into);
    merge_replies(from, into);
    sql("UPDATE alert SET contact_id = ? WHERE state = 'waiting' AND contact_id = ?")
        .run(into, from);
    merge_suppressions(gone->contact, stays->contact);
    merge_windows(gone->contact, stays->contact);
    merge_consent(from, into);
    // Consent and timeline are never changed: theirs are found through this pointer.
    sql("UPDATE contact SET merged_into = ? WHERE merged_into = ?").run(into, from);
    sql("UPDATE contact SET merged_into = ?, suppressions = 0, version = version + 1 WHERE id = ?")
        .run(into, from);
    sql("UPDATE contact SET version = version + 1,"
        " last_wellbeing_at = nullif(max(coalesce(last_wellbeing_at, 0), coalesce(?, 0)), 0),"
        " last_call_me_back_at = nullif(max(coalesce(last_call_me_back_at, 0), coalesce(?, 0)), 0),"
        " last_reply_at = nullif(max(coalesce(last_reply_at, 0), coalesce(?, 0)), 0) WHERE id = ?")
        .run(gone->contact.last_wellbeing_at, gone->contact.last_call_me_back_at,
             gone->contact.last_reply_at, into);
    note(into, now, "warmcall", "merged",
         "Another record of the same person was merged into this one.");
    tally("contacts", "", -1);
}

// Whoever asks for the merge normally ends this outreach first, with the method's own event; a
// merge may not fail for want of it.
void SqliteUnit::close_as_merged(const core::Case& gone, core::Timestamp now) {
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

void SqliteUnit::move_outreaches(core::ContactId from, core::ContactId into) {
    sql("UPDATE outbox SET contact_id = ?1 WHERE outreach_id IN (SELECT id FROM outreach WHERE contact_id = ?2 AND live = 1)")
        .run(into, from);
    sql("UPDATE outbox SET contact_id = ?1 WHERE outreach_id IN (SELECT id FROM outreach WHERE contact_id = ?2 AND live = 0)")
        .run(into, from);
    sql("UPDATE outbox SET contact_id = ?1 WHERE outreach_id IS NULL AND contact_id = ?2")
        .run(into, from);
    sql("UPDATE prompt SET contact_id = ?1 WHERE id IN"
        " (SELECT prompt_id FROM outreach WHERE contact_id = ?2 AND live = 1)")
        .run(into, from);
    sql("UPDATE outreach SET contact_id = ?1 WHERE contact_id = ?2 AND live = 0").run(into, from);
    sql("UPDATE outreach SET contact_id = ?1, version = version + 1 WHERE contact_id = ?2 AND live = 1")
        .run(into, from);
}

void SqliteUnit::merge_suppressions(const core::Contact& from, const core::Contact& into) {
    for (const core::Suppression& s : from.suppressions) {
        if (!holds(into.suppressions, s))
            add_suppression(into.id, s);
    }
    sql("DELETE FROM suppression WHERE contact_id = ?").run(from.id);
    count_suppressions(into.id);
}

void SqliteUnit::merge_windows(const core::Contact& from, const core::Contact& into) {
    std::vector<core::Window> windows = into.windows;
    for (const core::Window& w : from.windows) {
        const auto known = std::ranges::find(windows, w.channel, &core::Window::channel);
        if (known == windows.end())
            windows.push_back(w);
        else
            known->until = std::max(known->until, w.until);
    }
    write_windows(into.id, windows);
    write_windows(from.id, {});
}

// Two chains become one, in the order of their numbers.
void SqliteUnit::merge_replies(core::ContactId from, core::ContactId into) {
    std::vector<std::int64_t> replies;
    {
        Rows rows =
            sql("WITH RECURSIVE said (id) AS (SELECT last_reply FROM contact WHERE id IN (?1, ?2)"
                " UNION ALL SELECT r.prior FROM said JOIN reply r ON r.id = said.id)"
                " SELECT id FROM said WHERE id IS NOT NULL ORDER BY id")
                .rows(from, into);
        while (rows.next())
            rows.read(replies.emplace_back());
    }
    std::optional<std::int64_t> prior;
    for (const std::int64_t reply : replies) {
        sql("UPDATE reply SET contact_id = ?, prior = ? WHERE id = ?").run(into, prior, reply);
        prior = reply;
    }
    sql("UPDATE contact SET last_reply = iif(id = ?1, ?2, NULL) WHERE id IN (?1, ?3)")
        .run(into, prior, from);
}

// The stricter stands: what was taken back on either record stays taken back, and what covers some
// ways only goes before what covers them all. A record that never said anything about consent is no
// statement, so the other's holds.
void SqliteUnit::merge_consent(core::ContactId from, core::ContactId into) {
    sql("UPDATE contact SET consent_id = (SELECT k.id FROM consent k JOIN contact c ON c.consent_id = k.id WHERE c.id IN (?1, ?2)"
        " ORDER BY k.given, k.covers = '', c.id = ?2 DESC LIMIT 1) WHERE id = ?2")
        .run(from, into);
}

}  // namespace warmcall::store
