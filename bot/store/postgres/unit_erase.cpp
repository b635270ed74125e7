// People who are erased: what says who they are goes, what happened stays.

#include <algorithm>

#include "store/postgres/reads.hpp"
#include "store/postgres/unit.hpp"

namespace warmcall::store::pg {

namespace {

std::vector<core::Address> addresses_of(Rows rows) {
    std::vector<core::Address> found;
    while (rows.next()) {
        core::Address& address = found.emplace_back();
        rows.read(address.kind, address.value);
    }
    return found;
}

std::vector<std::string> texts_of(Rows rows) {
    std::vector<std::string> found;
    while (rows.next())
        rows.read(found.emplace_back());
    return found;
}

Column column_of(std::span<const core::ContactId> contacts) {
    Column ids{Wire::int8};
    for (const core::ContactId id : contacts)
        ids.add(id);
    return ids;
}

Column bytes_of(const std::vector<std::string>& all) {
    Column column{Wire::bytes};
    for (const std::string& one : all)
        column.add(Blob{one});
    return column;
}

#define WARMCALL_PG_BETRAYED_BY(needles, text) \
    "EXISTS (SELECT 1 FROM unnest(" needles ") AS n(x) WHERE position(n.x IN " text ") > 0)"

}  // namespace

Erased PostgresUnit::erase(core::ContactId contact, std::span<const core::Address> known_as,
                           std::string_view actor, core::Timestamp now) {
    // It looks through all that was delivered.
    db_.tell("SELECT set_config('statement_timeout', '600s', true)");
    Erased erased;
    Traces traces;
    std::vector<core::Address> written_to{known_as.begin(), known_as.end()};
    if (contact) {
        const Cases cases = read_cases(db_, {&contact, 1}, {}, Lock::yes);
        if (!cases.by_asked.contains(contact))
            throw std::out_of_range{"the contact that is to be erased does not exist"};
        const core::Case& subject = cases.by_asked.at(contact);
        if (subject.outreach)
            throw std::logic_error{"an outreach is ended before its contact is erased"};
        contact = erased.contact = subject.contact.id;
        if (subject.contact.name.empty() && subject.contact.addresses.empty())
            return erased;  // it is done
        erased.addresses =
            addresses_of(db_.ask("SELECT kind, value FROM address WHERE contact_id = $1", contact));
        std::ranges::move(addresses_of(db_.ask(
                              "SELECT DISTINCT to_kind, to_value FROM outbox WHERE outreach_id IN"
                              "  (SELECT id FROM outreach WHERE contact_id = $1)"
                              " OR (outreach_id IS NULL AND contact_id = $1)",
                              contact)),
                          std::back_inserter(written_to));
        for (const std::string& id :
             texts_of(db_.ask("SELECT provider_id FROM outbox WHERE provider_id IS NOT NULL AND"
                              " (outreach_id IN (SELECT id FROM outreach WHERE contact_id = $1)"
                              "  OR (outreach_id IS NULL AND contact_id = $1))",
                              contact)))
            traces.add_id(id);
    }
    // Where somebody else has the address by now, it betrays them and not who had it before.
    for (const core::Address& address : written_to) {
        const std::vector<core::Address> same = both_kinds(address);
        const bool others = std::ranges::any_of(contacts_with(db_, same), [&](const auto& holder) {
            return holder && *holder != contact;
        });
        if (!address.value.empty() && !others)
            traces.add(address);
    }
    for (const core::Address& address : erased.addresses)
        traces.add(address);
    erase_what_came_in(traces, erased);
    if (!contact)
        return erased;

    const std::vector<core::ContactId> records = records_of(contact);
    erased.records = static_cast<std::int64_t>(records.size());
    for (const std::string& name :
         texts_of(db_.ask("SELECT name FROM contact WHERE id = ANY($1)", column_of(records))))
        traces.add_name(name);
    empty_answers(traces);
    remember_erased(erased.addresses, now);
    erase_messages(contact, records, erased);
    erase_records(contact, records, now, erased);
    watch_feed();
    put("INSERT INTO event_log (contact_id, at, actor, what, text)"
        " VALUES ($1, $2, $3, 'erased', '')",
        contact, now, actor);
    return erased;
}

std::vector<core::ContactId> PostgresUnit::records_of(core::ContactId contact) {
    std::vector<core::ContactId> records;
    Rows rows = db_.ask("SELECT id FROM contact WHERE id = $1 OR merged_into = $1", contact);
    while (rows.next())
        rows.read(records.emplace_back());
    return records;
}

void PostgresUnit::erase_what_came_in(const Traces& traces, Erased& erased) {
    if (traces.all().empty())
        return;
    const Column needles = bytes_of(traces.all());
    std::vector<std::int64_t> deliveries;
    Rows raw = db_.ask("SELECT id, body FROM delivery WHERE " WARMCALL_PG_BETRAYED_BY("$1", "body"),
                       needles);
    while (raw.next()) {
        std::int64_t id = 0;
        raw.read(id);
        if (traces.in(raw.bytes()))
            deliveries.push_back(id);
    }
    empty(deliveries);
    erased.deliveries = static_cast<std::int64_t>(deliveries.size());

    Column parked{Wire::int8};
    Rows receipts = db_.ask(
        "SELECT id, provider_id || ' ' || coalesce(facts_id, '') FROM parked WHERE"
        " " WARMCALL_PG_BETRAYED_BY(
            "$1", "convert_to(provider_id || ' ' || coalesce(facts_id, ''), 'UTF8')"),
        needles);
    while (receipts.next()) {
        std::int64_t id = 0;
        receipts.read(id);
        if (traces.in(receipts.bytes()))
            parked.add(id);
    }
    if (parked.size() > 0)
        tally("parked", "",
              -put_and_ask("DELETE FROM parked WHERE id = ANY($1)", parked).changed());
}

// A request that comes again is still not done twice; it is told less.
void PostgresUnit::empty_answers(const Traces& traces) {
    Column keys{Wire::text};
    Rows rows = db_.ask("SELECT key, body FROM kept_answer WHERE " WARMCALL_PG_BETRAYED_BY(
                            "$1", "convert_to(body, 'UTF8')"),
                        bytes_of(traces.all()));
    while (rows.next()) {
        std::string key;
        rows.read(key);
        if (traces.in(rows.bytes()))
            keys.add(key);
    }
    if (keys.size() > 0)
        put("UPDATE kept_answer SET body = '' WHERE key = ANY($1)", keys);
}

// What is being sent at this moment keeps its claim: it is settled as ever, and put back it goes
// no more.
void PostgresUnit::erase_messages(core::ContactId contact, std::span<const core::ContactId> records,
                                  Erased& erased) {
    std::int64_t queued = 0;
    for (Sql theirs : {Sql{"UPDATE outbox SET state = 'cancelled', cancelled_id = id"
                           " WHERE state = 'queued' AND outreach_id IN"
                           " (SELECT id FROM outreach WHERE contact_id = $1)"},
                       Sql{"UPDATE outbox SET state = 'cancelled', cancelled_id = id"
                           " WHERE state = 'queued' AND outreach_id IS NULL AND contact_id = $1"}})
        queued += put_and_ask(theirs, contact).changed();
    for (Sql theirs : {Sql{"UPDATE outbox SET to_value = '', text = '', rendered = NULL,"
                           " provider_id = NULL WHERE outreach_id IN"
                           " (SELECT id FROM outreach WHERE contact_id = $1)"},
                       Sql{"UPDATE outbox SET to_value = '', text = '', rendered = NULL,"
                           " provider_id = NULL WHERE outreach_id IS NULL AND contact_id = $1"}})
        erased.messages += put_and_ask(theirs, contact).changed();
    tally("message", "queued", -queued);
    tally("message", "cancelled", queued);
    put("UPDATE outreach SET promise_topic = '' WHERE promise_topic IS NOT NULL"
        " AND contact_id = $1",
        contact);
    const Column ids = column_of(records);
    put("UPDATE prompt SET reason = '', words = '' WHERE contact_id = ANY($1)"
        " OR outreach_id IN (SELECT id FROM outreach WHERE contact_id = ANY($1))",
        ids);
    erased.replies =
        put_and_ask("UPDATE reply SET words = '' WHERE contact_id = ANY($1)", ids).changed();
    // What is on a rep's screen is still to be taken off it.
    tally("alert", "waiting",
          -put_and_ask("UPDATE alert SET state = 'dropped', again = false"
                       " WHERE state = 'waiting' AND shown <> 2 AND contact_id = ANY($1)",
                       ids)
               .changed());
    put("UPDATE alert SET text = '', problem = '' WHERE (text <> '' OR problem <> '')"
        " AND contact_id = ANY($1)",
        ids);
}

void PostgresUnit::erase_records(core::ContactId contact, std::span<const core::ContactId> records,
                                 core::Timestamp now, Erased& erased) {
    const Column ids = column_of(records);
    erased.lines =
        put_and_ask("UPDATE event_log SET text = '' WHERE text <> '' AND contact_id = ANY($1)", ids)
            .changed();
    put("UPDATE consent SET text = '' WHERE text <> '' AND contact_id = ANY($1)", ids);
    Column values{Wire::text};
    for (const core::Address& address : erased.addresses)
        values.add(address.value);
    put("UPDATE person_of_day SET address_value = 'erased ' || number"
        " WHERE address_value = ANY($1)",
        values);
    put("DELETE FROM pair_pace WHERE contact_id = ANY($1)", ids);
    put("DELETE FROM contact_window WHERE contact_id = ANY($1)", ids);
    put("DELETE FROM suppression WHERE contact_id = ANY($1)", ids);
    put("DELETE FROM address WHERE contact_id = ANY($1)", ids);
    put("UPDATE contact SET name = '', name_folded = '', zones = '', zone_source = 'unknown',"
        " region = '', best_from = NULL, best_to = NULL, reach = '', if_lost = '', topic = '',"
        " windows = 0, suppressions = 0, version = version + 1 WHERE id = ANY($1)",
        ids);
    suppress_as_erased({contact}, now);
    tally("contacts", "", -1);
}

void PostgresUnit::suppress_as_erased(const std::set<core::ContactId>& contacts,
                                      core::Timestamp now) {
    Many rows;
    for (const core::ContactId contact : contacts)
        rows.add(contact, core::SuppressionScope::all, core::AddressKind::phone, std::string_view{},
                 std::string_view{}, erased_reason, now);
    put_rows(
        "INSERT INTO suppression (contact_id, scope, address_kind, address_value, channel, reason,"
        " at) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)",
        rows);
    count_parts(contacts);
}

void PostgresUnit::remember_erased(std::span<const core::Address> addresses, core::Timestamp now) {
    std::string key = setting(erasure_key_setting);
    if (key.empty()) {
        key = make_erasure_key();
        set_setting(erasure_key_setting, key);
    }
    std::set<std::string> hashes;  // in one order for everybody, each once
    for (const core::Address& address : addresses)
        hashes.insert(erased_hash(key, address));
    Many rows;
    for (const std::string& hash : hashes)
        rows.add(Blob{hash}, now);
    put_rows(
        "INSERT INTO erased (hash, at) SELECT * FROM unnest($1, $2)"
        " ON CONFLICT (hash) DO UPDATE SET at = excluded.at",
        rows);
}

std::vector<bool> PostgresUnit::erased(std::span<const core::Address> addresses) {
    std::vector<bool> found(addresses.size(), false);
    if (addresses.empty())
        return found;
    const std::string key = find_setting(db_, erasure_key_setting);
    if (key.empty())
        return found;
    std::map<std::string, std::vector<std::size_t>> asked;
    for (std::size_t i = 0; i < addresses.size(); ++i)
        asked[erased_hash(key, addresses[i])].push_back(i);
    Column hashes{Wire::bytes};
    for (const auto& [hash, places] : asked)
        hashes.add(Blob{hash});
    Rows rows = db_.ask("SELECT hash FROM erased WHERE hash = ANY($1)", hashes);
    while (rows.next()) {
        for (const std::size_t i : asked.at(std::string{rows.bytes()}))
            found[i] = true;
    }
    return found;
}

void PostgresUnit::suppress_if_erased(const std::map<core::Address, core::ContactId>& lines,
                                      core::Timestamp now) {
    std::vector<core::Address> addresses;
    for (const auto& [address, contact] : lines)
        addresses.push_back(address);
    const std::vector<bool> found = erased(addresses);
    std::set<core::ContactId> contacts;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        if (found[i])
            contacts.insert(lines.at(addresses[i]));
    }
    if (!contacts.empty())
        suppress_as_erased(contacts, now);
}

void PostgresUnit::empty(std::span<const std::int64_t> deliveries) {
    Column ids{Wire::int8};
    for (const std::int64_t id : deliveries)
        ids.add(id);
    if (deliveries.empty())
        return;
    put("UPDATE delivery SET body = '' WHERE id = ANY($1)", ids);
    put("UPDATE quarantine SET reason = $2 WHERE delivery = ANY($1)", ids, emptied_reason);
}

}  // namespace warmcall::store::pg
