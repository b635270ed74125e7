// People: new ones, and their addresses. Everything about one person is changed under the lock of
// their contact row.

#include <algorithm>

#include "store/fold.hpp"
#include "store/postgres/unit.hpp"

namespace warmcall::store::pg {

namespace {

std::optional<int> minutes(const std::optional<core::DayTime>& at) {
    return at ? std::optional{at->minutes} : std::nullopt;
}

std::vector<core::Address> all_addresses(std::span<const NewContact> contacts) {
    std::vector<core::Address> all;
    for (const NewContact& n : contacts) {
        all.insert(all.end(), n.contact.addresses.begin(), n.contact.addresses.end());
        all.insert(all.end(), n.aliases.begin(), n.aliases.end());
    }
    return all;
}

// Everything of new contacts, table by table.
struct NewRows {
    Many contacts, addresses, consents, suppressions, windows;
    std::set<core::ContactId> with_parts;
    // One order for everybody, so that two replicas that add the same lines wait one way round.
    std::map<core::Address, std::tuple<core::ContactId, int, bool>> lines;

    void add(core::ContactId id, const NewContact& n) {
        const core::Contact& c = n.contact;
        contacts.add(id, c.name, fold(c.name), c.owner, c.language, lines_as_text(c.zones),
                     c.zone_source, c.region, minutes(c.preferences.from),
                     minutes(c.preferences.to), c.preferences.reach, c.preferences.if_lost, c.topic,
                     c.whatsapp_unreachable_at, c.last_wellbeing_at, c.last_call_me_back_at,
                     c.last_reply_at);
        int position = 0;
        for (const core::Address& a : c.addresses)
            lines[a] = {id, position++, false};
        for (const core::Address& a : n.aliases)
            lines[a] = {id, position++, true};
        if (c.consent)
            consents.add(id, true, c.consent->source, c.consent->at, c.consent->text,
                         lines_as_text(c.consent->covers));
        for (const core::Suppression& s : c.suppressions)
            suppressions.add(id, s.scope, s.address.kind, s.address.value, s.channel, s.reason,
                             s.at);
        for (const core::Window& w : c.windows)
            windows.add(id, w.channel, w.until);
        if (!c.suppressions.empty() || !c.windows.empty())
            with_parts.insert(id);
    }

    void finish() {
        for (const auto& [address, row] : lines)
            addresses.add(address.kind, address.value, std::get<0>(row), std::get<1>(row),
                          std::get<2>(row));
    }
};

}  // namespace

void PostgresUnit::lock(std::span<const core::ContactId> contacts) {
    Column ids{Wire::int8};
    for (const core::ContactId id : contacts)
        ids.add(id.value);
    db_.tell("SELECT 1 FROM contact WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", ids);
}

std::vector<std::int64_t> PostgresUnit::numbers(Sql next_of, std::size_t n) {
    std::vector<std::int64_t> ids;
    if (n == 0)
        return ids;
    Rows rows = db_.ask(next_of, n);
    while (rows.next())
        rows.read(ids.emplace_back());
    return ids;
}

// For what nobody orders by its number: a thousand are taken at once, so that most batches need not
// ask. After a transaction that was not committed they are forgotten, because a server that crashes
// may give its numbers again.
std::vector<std::int64_t> PostgresUnit::numbers_in_stock(Sql next_of, std::size_t n) {
    constexpr std::size_t at_once = 1'000;
    std::deque<std::int64_t>& stock = stock_[next_of.text];
    if (stock.size() < n) {
        const auto more = numbers(next_of, std::max(n, at_once));
        stock.insert(stock.end(), more.begin(), more.end());
    }
    const auto end = stock.begin() + static_cast<std::ptrdiff_t>(n);
    std::vector<std::int64_t> ids{stock.begin(), end};
    stock.erase(stock.begin(), end);
    return ids;
}

std::vector<Added> PostgresUnit::add_contacts(std::span<const NewContact> contacts,
                                              core::Timestamp now) {
    const std::vector<core::Address> asked = all_addresses(contacts);
    const std::vector<std::optional<core::ContactId>> holders = contacts_with(db_, asked);
    std::map<core::Address, core::ContactId> known;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (holders[i])
            known[asked[i]] = *holders[i];
    }
    const std::vector<std::int64_t> ids =
        numbers("SELECT nextval('contact_id_seq') FROM generate_series(1, $1)", contacts.size());
    std::vector<Added> added;
    NewRows rows;
    std::int64_t fresh = 0;
    for (const NewContact& n : contacts) {
        const std::vector<core::Address> lines = all_addresses({&n, 1});
        const auto held = std::find_if(lines.begin(), lines.end(),
                                       [&](const core::Address& a) { return known.contains(a); });
        if (held != lines.end()) {
            added.push_back({known.at(*held), true});
            continue;
        }
        const core::ContactId id{ids[added.size()]};
        for (const core::Address& a : lines)
            known[a] = id;
        rows.add(id, n);
        added.push_back({id, false});
        ++fresh;
    }
    rows.finish();
    put_rows(
        "INSERT INTO contact (id, name, name_folded, owner, language, zones, zone_source, region,"
        " best_from, best_to, reach, if_lost, topic, whatsapp_unreachable_at, last_wellbeing_at,"
        " last_call_me_back_at, last_reply_at) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7,"
        " $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        rows.contacts);
    put_rows(
        "INSERT INTO address (kind, value, contact_id, position, alias)"
        " SELECT * FROM unnest($1, $2, $3, $4, $5)",
        rows.addresses);
    add_consents(rows.consents);
    put_rows(
        "INSERT INTO suppression (contact_id, scope, address_kind, address_value, channel, reason,"
        " at) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)",
        rows.suppressions);
    put_rows(
        "INSERT INTO contact_window AS w (contact_id, channel, until_at)"
        " SELECT v.contact_id, v.channel, max(v.until_at)"
        " FROM unnest($1, $2, $3) AS v(contact_id, channel, until_at) GROUP BY 1, 2",
        rows.windows);
    count_parts(rows.with_parts);
    std::map<core::Address, core::ContactId> lines;
    for (const auto& [address, row] : rows.lines)
        lines[address] = std::get<0>(row);
    suppress_if_erased(lines, now);
    tally("contacts", "", fresh);
    return added;
}

void PostgresUnit::add_consents(const Many& rows) {
    put_rows(
        "WITH k AS (INSERT INTO consent (contact_id, given, source, at, text, covers)"
        "  SELECT * FROM unnest($1, $2, $3, $4, $5, $6) RETURNING id, contact_id)"
        " UPDATE contact c SET consent_id = k.id FROM k WHERE c.id = k.contact_id",
        rows);
}

void PostgresUnit::count_parts(const std::set<core::ContactId>& contacts) {
    Column ids{Wire::int8};
    for (const core::ContactId id : contacts)
        ids.add(id);
    if (!contacts.empty())
        put("UPDATE contact c SET"
            " suppressions = (SELECT count(*) FROM suppression WHERE contact_id = c.id),"
            " windows = (SELECT count(*) FROM contact_window WHERE contact_id = c.id)"
            " WHERE id = ANY($1)",
            ids);
}

// A line two people share stays with the record that had it first; the rep is told, and can merge
// them.
void PostgresUnit::add_addresses(core::ContactId contact, std::span<const core::Address> addresses,
                                 core::Timestamp now) {
    Column numbers{Wire::int8}, kinds{Wire::text}, values{Wire::text};
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        numbers.add(i);
        kinds.add(addresses[i].kind);
        values.add(addresses[i].value);
    }
    if (addresses.empty())
        return;
    lock({&contact, 1});
    watch_feed();
    put("WITH v AS MATERIALIZED (SELECT * FROM unnest($3, $4, $5) AS v(i, kind, value)),"
        " placed AS (INSERT INTO address (kind, value, contact_id, alias, position)"
        "  SELECT v.kind, v.value, $1, false, v.i +"
        "   (SELECT coalesce(max(position) + 1, 0) FROM address WHERE contact_id = $1) FROM v"
        "  ORDER BY v.value, v.kind ON CONFLICT DO NOTHING)"
        " INSERT INTO event_log (contact_id, at, actor, what, text)"
        " SELECT $1, $2, 'warmcall', 'shared_address',"
        "  'An address of theirs is kept with another contact.'"
        " FROM v JOIN address a ON a.value = v.value AND a.kind = v.kind"
        " WHERE a.contact_id <> $1",
        contact, now, numbers, kinds, values);
    std::map<core::Address, core::ContactId> lines;
    for (const core::Address& address : addresses)
        lines[address] = contact;
    suppress_if_erased(lines, now);
}

void PostgresUnit::place_addresses(const std::map<core::Address, AddressRow>& rows,
                                   core::Timestamp now) {
    Many lines;
    for (const auto& [address, row] : rows)
        lines.add(std::get<0>(row), address.kind, address.value, std::get<1>(row), std::get<2>(row),
                  now);
    if (lines.empty())
        return;
    watch_feed();
    put("WITH v AS MATERIALIZED (SELECT * FROM unnest($1, $2, $3, $4, $5, $6)"
        "  AS v(contact_id, kind, value, position, alias, now)),"
        " placed AS (INSERT INTO address AS a (contact_id, kind, value, position, alias)"
        "  SELECT contact_id, kind, value, position, alias FROM v"
        "  ON CONFLICT (value, kind) DO UPDATE"
        "   SET alias = excluded.alias, position = excluded.position"
        "   WHERE a.contact_id = excluded.contact_id RETURNING a.kind, a.value)"
        " INSERT INTO event_log (contact_id, at, actor, what, text)"
        " SELECT v.contact_id, v.now, 'warmcall', 'shared_address',"
        "  'An address of theirs is kept with another contact.'"
        " FROM v WHERE NOT EXISTS"
        "  (SELECT 1 FROM placed p WHERE p.value = v.value AND p.kind = v.kind)",
        lines);
}

}  // namespace warmcall::store::pg
