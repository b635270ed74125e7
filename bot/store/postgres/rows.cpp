#include "store/postgres/rows.hpp"

#include <algorithm>
#include <set>

namespace warmcall::store::pg {

namespace {

std::vector<std::string> lines_from_text(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

core::Phase phase_of(std::string_view word, core::RepId by, core::Timestamp at,
                     std::string_view reason) {
    if (word == "planned")
        return core::Planned{};
    if (word == "warming")
        return core::Warming{};
    if (word == "call_due")
        return core::CallDue{};
    if (word == "on_call")
        return core::OnCall{std::move(by), at};
    if (word == "wrap_up")
        return core::WrapUp{std::move(by), at};
    if (word == "waiting")
        return core::Waiting{};
    if (word == "held")
        return core::Held{from_word<core::HoldReason>(reason), at};
    if (word == "closed")
        return core::Closed{from_word<core::CloseReason>(reason), at};
    throw std::runtime_error{"the database holds the phase \"" + std::string{word} +
                             "\", which this build does not know"};
}

std::optional<core::DayTime> day_time(const std::optional<int>& minutes) {
    return minutes ? std::optional{core::DayTime{*minutes}} : std::nullopt;
}

core::Contact read_contact(Rows& rows) {
    core::Contact c;
    std::string zones;
    std::optional<int> from, to;
    rows.read(c.id, c.name, c.owner, c.language, zones, c.zone_source, c.region, from, to,
              c.preferences.reach, c.preferences.if_lost, c.topic, c.whatsapp_unreachable_at,
              c.last_wellbeing_at, c.last_call_me_back_at, c.last_reply_at, c.version);
    c.zones = lines_from_text(zones);
    c.preferences.from = day_time(from);
    c.preferences.to = day_time(to);
    std::optional<bool> given;
    rows.read(given);
    if (given.value_or(false)) {
        core::Consent& consent = c.consent.emplace();
        std::string covers;
        rows.read(consent.source, consent.at, consent.text, covers);
        consent.covers = lines_from_text(covers);
    } else {
        rows.skip(4);
    }
    return c;
}

}  // namespace

std::string lines_as_text(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        if (!text.empty())
            text += '\n';
        text += line;
    }
    return text;
}

core::Facts read_facts(Rows& rows) {
    core::Facts f;
    rows.read(f.queued, f.claimed, f.unknown, f.accepted, f.sent, f.delivered, f.read);
    if (rows.next_is_null()) {
        rows.skip(3);
    } else {
        core::Failure& failed = f.failed.emplace();
        rows.read(failed.at, failed.code, failed.kind);
    }
    rows.read(f.provider_id);
    return f;
}

core::Message read_message(Rows& rows) {
    core::Message m;
    rows.read(m.id, m.contact, m.outreach, m.round, m.step, m.kind, m.state, m.not_before,
              m.not_after, m.tries);
    m.facts = read_facts(rows);
    rows.read(m.channel, m.to.kind, m.to.value, m.template_name, m.language, m.text);
    return m;
}

core::Outreach read_outreach(Rows& rows) {
    core::Outreach o;
    std::string phase, reason;
    core::RepId by;
    core::Timestamp at{};
    rows.read(o.id, o.contact, phase, by, at, reason);
    o.phase = phase_of(phase, std::move(by), at, reason);
    if (rows.next_is_null())  // closed: nothing is next
        rows.skip(4);
    else
        rows.read(o.next.kind, o.next.owner, o.next.due_at, o.wake_at);
    rows.read(o.round, o.attempt, o.rerouted, o.replied_at);
    if (rows.next_is_null()) {
        rows.skip(2);
    } else {
        core::Promise& promise = o.promise.emplace();
        rows.read(promise.at, promise.topic);
    }
    rows.read(o.enrolled_at, o.cadence, o.version);
    return o;
}

core::Prompt read_prompt(Rows& rows) {
    core::Prompt p;
    rows.read(p.id, p.contact, p.outreach, p.open, p.rep, p.kind, p.reason, p.words, p.raised_at,
              p.due_at, p.alert_at, p.ladder_step, p.acknowledged_at);
    if (rows.next_is_null()) {
        rows.skip(2);
    } else {
        core::Line& line = p.line.emplace();
        rows.read(line.state, line.seconds);
    }
    if (!rows.next_is_null()) {
        core::Lease& lease = p.lease.emplace();
        rows.read(lease.holder, lease.until);
    }
    return p;
}

namespace {

// The statements of one look at many contacts, all on their way together.
struct Look {
    Connection::Ticket contacts, outreaches, addresses, suppressions, windows, messages, wanted;
    bool wants_messages = false;

    Look(Connection& db, const Column& ids, std::span<const core::MessageId> messages_wanted,
         Lock lock) {
        if (lock == Lock::yes)
            db.tell("SELECT 1 FROM contact WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", ids);
        contacts = db.ask_later(
            "SELECT c.id, c.name, c.owner, c.language, c.zones, c.zone_source, c.region,"
            " c.best_from, c.best_to, c.reach, c.if_lost, c.topic, c.whatsapp_unreachable_at,"
            " c.last_wellbeing_at, c.last_call_me_back_at, c.last_reply_at, c.version,"
            " k.given, k.source, k.at, k.text, k.covers, c.merged_into"
            " FROM contact c LEFT JOIN consent k ON k.id = c.consent_id WHERE c.id = ANY($1)",
            ids);
        // LEFT, so that no plan can begin with everybody's prompts.
        outreaches = db.ask_later("SELECT " WARMCALL_PG_OUTREACH ", " WARMCALL_PG_PROMPT
                                  " FROM outreach o"
                                  " LEFT JOIN prompt p ON p.outreach_id = o.id AND p.open"
                                  " WHERE o.contact_id = ANY($1) AND o.live",
                                  ids);
        addresses = db.ask_later(
            "SELECT contact_id, kind, value FROM address WHERE contact_id = ANY($1)"
            " AND NOT alias ORDER BY contact_id, position",
            ids);
        suppressions = db.ask_later(
            "SELECT contact_id, scope, address_kind, address_value, channel, reason, at"
            " FROM suppression WHERE contact_id = ANY($1) ORDER BY id",
            ids);
        windows = db.ask_later(
            "SELECT contact_id, channel, until_at FROM contact_window"
            " WHERE contact_id = ANY($1) ORDER BY channel",
            ids);
        messages = db.ask_later(
            "SELECT " WARMCALL_PG_MESSAGE
            " FROM outreach o JOIN outbox m ON m.outreach_id = o.id AND m.round = o.round"
            " WHERE o.contact_id = ANY($1) AND o.live ORDER BY m.id",
            ids);
        wants_messages = !messages_wanted.empty();
        if (wants_messages) {
            Column wanted_ids{Wire::int8};
            for (const core::MessageId id : messages_wanted)
                wanted_ids.add(id);
            wanted = db.ask_later(
                "SELECT " WARMCALL_PG_MESSAGE " FROM outbox m WHERE m.id = ANY($1)", wanted_ids);
        }
    }
};

using ByContact = std::map<core::ContactId, core::Case>;

core::Case* case_of(ByContact& cases, Rows& rows) {
    core::ContactId id;
    rows.read(id);
    const auto found = cases.find(id);
    return found == cases.end() ? nullptr : &found->second;
}

// The contacts' own rows; whom those who were merged lead to.
void take_contacts(Rows rows, ByContact& cases,
                   std::map<core::ContactId, core::ContactId>& merged) {
    while (rows.next()) {
        core::Contact contact = read_contact(rows);
        core::ContactId into;
        rows.read(into);
        const core::ContactId id = contact.id;
        if (into)
            merged[id] = into;
        else
            cases[id].contact = std::move(contact);
    }
}

void take_parts(Connection& db, const Look& look, ByContact& cases) {
    for (Rows rows = db.take(look.outreaches); rows.next();) {
        core::Outreach o = read_outreach(rows);
        const auto at = cases.find(o.contact);
        if (at == cases.end())
            continue;
        at->second.outreach = std::move(o);
        if (!rows.next_is_null())
            at->second.prompt = read_prompt(rows);
    }
    for (Rows rows = db.take(look.addresses); rows.next();) {
        if (core::Case* c = case_of(cases, rows)) {
            core::Address& a = c->contact.addresses.emplace_back();
            rows.read(a.kind, a.value);
        }
    }
    for (Rows rows = db.take(look.suppressions); rows.next();) {
        if (core::Case* c = case_of(cases, rows)) {
            core::Suppression& s = c->contact.suppressions.emplace_back();
            rows.read(s.scope, s.address.kind, s.address.value, s.channel, s.reason, s.at);
        }
    }
    for (Rows rows = db.take(look.windows); rows.next();) {
        if (core::Case* c = case_of(cases, rows)) {
            core::Window& w = c->contact.windows.emplace_back();
            rows.read(w.channel, w.until);
        }
    }
    for (Rows rows = db.take(look.messages); rows.next();) {
        core::Message m = read_message(rows);
        if (const auto at = cases.find(m.contact); at != cases.end())
            at->second.messages.push_back(std::move(m));
    }
}

}  // namespace

core::Case Cases::with(core::ContactId asked, std::optional<core::MessageId> message) const {
    core::Case c = by_asked.at(asked);
    const auto found = message ? wanted.find(*message) : wanted.end();
    if (found == wanted.end() || found->second.contact != c.contact.id)
        return c;
    const auto at =
        std::lower_bound(c.messages.begin(), c.messages.end(), *message,
                         [](const core::Message& m, core::MessageId id) { return m.id < id; });
    if (at == c.messages.end() || at->id != *message)
        c.messages.insert(at, found->second);
    return c;
}

Cases read_cases(Connection& db, std::span<const core::ContactId> contacts,
                 std::span<const core::MessageId> messages, Lock lock) {
    Cases found;
    const std::set<core::ContactId> asked{contacts.begin(), contacts.end()};
    if (asked.empty())
        return found;
    Column ids{Wire::int8};
    for (const core::ContactId id : asked)
        ids.add(id.value);
    const Look look{db, ids, messages, lock};
    std::map<core::ContactId, core::ContactId> merged;
    take_contacts(db.take(look.contacts), found.by_asked, merged);
    take_parts(db, look, found.by_asked);
    if (look.wants_messages) {
        for (Rows rows = db.take(look.wanted); rows.next();) {
            core::Message m = read_message(rows);
            const core::MessageId id = m.id;
            found.wanted.emplace(id, std::move(m));
        }
    }
    if (!merged.empty()) {
        std::vector<core::ContactId> into;
        for (const auto& [from, to] : merged)
            into.push_back(to);
        const Cases present = read_cases(db, into, {}, lock);
        for (const auto& [from, to] : merged) {
            if (const auto at = present.by_asked.find(to); at != present.by_asked.end())
                found.by_asked[from] = at->second;
        }
    }
    return found;
}

Connection::Ticket ask_contacts_with(Connection& db, std::span<const core::Address> addresses) {
    Column numbers{Wire::int8}, kinds{Wire::text}, values{Wire::text};
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        numbers.add(i);
        kinds.add(addresses[i].kind);
        values.add(addresses[i].value);
    }
    return db.ask_later(
        "SELECT v.i, a.contact_id FROM unnest($1, $2, $3) AS v(i, kind, value)"
        " JOIN address a ON a.value = v.value AND a.kind = v.kind",
        numbers, kinds, values);
}

std::vector<std::optional<core::ContactId>> take_contacts_with(Rows rows, std::size_t asked) {
    std::vector<std::optional<core::ContactId>> found(asked);
    while (rows.next()) {
        std::size_t i = 0;
        rows.read(i);
        rows.read(found.at(i).emplace());
    }
    return found;
}

std::vector<std::optional<core::ContactId>> contacts_with(
    Connection& db, std::span<const core::Address> addresses) {
    if (addresses.empty())
        return {};
    return take_contacts_with(db.take(ask_contacts_with(db, addresses)), addresses.size());
}

}  // namespace warmcall::store::pg
