// People who are erased: what says who they are goes, what happened stays.

#include <algorithm>

#include "store/sqlite/reads.hpp"
#include "store/sqlite/unit.hpp"

namespace warmcall::store {

namespace {

// Theirs by ?1: records that were merged into it lead there, outreaches and messages have moved.
#define WARMCALL_RECORDS "(SELECT id FROM contact WHERE id = ?1 OR merged_into = ?1)"
#define WARMCALL_OUTREACHES                                       \
    "(SELECT id FROM outreach WHERE contact_id = ?1 AND live = 1" \
    " UNION ALL SELECT id FROM outreach WHERE contact_id = ?1 AND live = 0)"

std::vector<core::Address> addresses_in(Rows rows) {
    std::vector<core::Address> found;
    while (rows.next()) {
        core::Address& address = found.emplace_back();
        rows.read(address.kind, address.value);
    }
    return found;
}

std::vector<std::string> words_in(Rows rows) {
    std::vector<std::string> found;
    while (rows.next())
        rows.read(found.emplace_back());
    return found;
}

// Where somebody else has the address by now, it betrays them and not who had it before.
void leave_out_others(Connection& db, core::ContactId contact, std::vector<core::Address>& all) {
    std::erase_if(all, [&](const core::Address& address) {
        const std::vector<core::Address> same = both_kinds(address);
        return address.value.empty() || std::ranges::any_of(same, [&](const core::Address& one) {
                   const auto holder = contact_with(db, one);
                   return holder && *holder != contact;
               });
    });
}

}  // namespace

Erased SqliteUnit::erase(core::ContactId contact, std::span<const core::Address> known_as,
                         std::string_view actor, core::Timestamp now) {
    Erased erased;
    Traces traces;
    std::vector<core::Address> written_to{known_as.begin(), known_as.end()};
    if (contact) {
        const auto subject = read_case(db_, contact);
        if (!subject)
            throw std::out_of_range{"the contact that is to be erased does not exist"};
        if (subject->outreach)
            throw std::logic_error{"an outreach is ended before its contact is erased"};
        contact = erased.contact = subject->contact.id;
        if (subject->contact.name.empty() && subject->contact.addresses.empty())
            return erased;  // it is done
        erased.addresses =
            addresses_in(sql("SELECT kind, value FROM address WHERE contact_id = ?").rows(contact));
        for (Query* to :
             {&sql("SELECT DISTINCT to_kind, to_value FROM outbox WHERE outreach_id IN"
                   " " WARMCALL_OUTREACHES),
              &sql("SELECT DISTINCT to_kind, to_value FROM outbox WHERE outreach_id IS NULL"
                   " AND contact_id = ?1")})
            std::ranges::move(addresses_in(to->rows(contact)), std::back_inserter(written_to));
        for (const std::string& id :
             words_in(sql("SELECT provider_id FROM outbox WHERE provider_id IS NOT NULL AND"
                          " (outreach_id IN " WARMCALL_OUTREACHES
                          " OR (outreach_id IS NULL AND contact_id = ?1))")
                          .rows(contact)))
            traces.add_id(id);
    }
    leave_out_others(db_, contact, written_to);
    for (const auto* all : {&erased.addresses, &written_to}) {
        for (const core::Address& address : *all)
            traces.add(address);
    }
    erased.deliveries = empty_deliveries(traces);
    drop_parked_with(traces);
    if (!contact)
        return erased;

    const std::vector<core::ContactId> records = records_of(contact);
    erased.records = static_cast<std::int64_t>(records.size());
    for (const std::string& name :
         words_in(sql("SELECT name FROM contact WHERE id IN " WARMCALL_RECORDS).rows(contact)))
        traces.add_name(name);
    empty_answers(traces);
    remember_erased(erased.addresses, now);
    erased.messages = erase_messages(contact);
    erased.replies = erase_words(contact);
    erase_alerts(contact);
    erased.lines = erase_lines(contact);
    erase_record(contact, now);
    note(contact, now, actor, "erased", "");
    for (const core::ContactId record : records)
        cases_.forget(record);
    return erased;
}

std::vector<core::ContactId> SqliteUnit::records_of(core::ContactId contact) {
    std::vector<core::ContactId> records;
    Rows rows = sql("SELECT id FROM contact WHERE id IN " WARMCALL_RECORDS).rows(contact);
    while (rows.next())
        rows.read(records.emplace_back());
    return records;
}

void SqliteUnit::erase_record(core::ContactId contact, core::Timestamp now) {
    end_searchable(contact);
    sql("DELETE FROM address WHERE contact_id IN " WARMCALL_RECORDS).run(contact);
    sql("DELETE FROM suppression WHERE contact_id IN " WARMCALL_RECORDS).run(contact);
    sql("UPDATE consent SET text = '' WHERE text <> '' AND contact_id IN " WARMCALL_RECORDS)
        .run(contact);
    sql("UPDATE contact SET name = '', name_folded = '', zones = '', zone_source = 'unknown', region = '', best_from = NULL,"
        " best_to = NULL, reach = '', if_lost = '', topic = '', windows = 0, window_times = '{}', suppressions = 0,"
        " version = version + 1 WHERE id IN " WARMCALL_RECORDS)
        .run(contact);
    add_suppression(contact, {.reason = std::string{erased_reason}, .at = now});
    count_suppressions(contact);
    tally("contacts", "", -1);
}

// What is being sent at this moment keeps its claim: it is settled as ever, and put back it goes
// no more.
std::int64_t SqliteUnit::erase_messages(core::ContactId contact) {
    std::int64_t messages = 0, queued = 0;
    for (
        Query* theirs :
        {&sql(
             "UPDATE outbox SET state = 'cancelled', cancelled_id = id WHERE state = 'queued' AND outreach_id IN"
             " " WARMCALL_OUTREACHES),
         &sql(
             "UPDATE outbox SET state = 'cancelled', cancelled_id = id WHERE state = 'queued' AND outreach_id IS NULL"
             " AND contact_id = ?1")})
        queued += theirs->run(contact);
    for (
        Query* theirs :
        {&sql(
             "UPDATE outbox SET to_value = '', text = '', rendered = NULL, provider_id = NULL WHERE outreach_id IN"
             " " WARMCALL_OUTREACHES),
         &sql(
             "UPDATE outbox SET to_value = '', text = '', rendered = NULL, provider_id = NULL WHERE outreach_id IS NULL"
             " AND contact_id = ?1")})
        messages += theirs->run(contact);
    tally("message", "queued", -queued);
    tally("message", "cancelled", queued);
    sql("UPDATE outreach SET promise_topic = '' WHERE promise_topic IS NOT NULL AND id IN"
        " " WARMCALL_OUTREACHES)
        .run(contact);
    return messages;
}

std::int64_t SqliteUnit::erase_words(core::ContactId contact) {
    sql("UPDATE prompt SET reason = '', words = '' WHERE contact_id IN " WARMCALL_RECORDS
        " OR outreach_id IN " WARMCALL_OUTREACHES)
        .run(contact);
    return sql("UPDATE reply SET words = '' WHERE id IN"
               " (WITH RECURSIVE said (id) AS (SELECT last_reply FROM contact WHERE id IN " WARMCALL_RECORDS
               "  UNION SELECT r.prior FROM said JOIN reply r ON r.id = said.id)"
               " SELECT id FROM said WHERE id IS NOT NULL)")
        .run(contact);
}

// What is on a rep's screen is still to be taken off it.
void SqliteUnit::erase_alerts(core::ContactId contact) {
    tally(
        "alert", "waiting",
        -sql("UPDATE alert SET state = 'dropped', again = 0 WHERE state = 'waiting' AND shown <> 2 AND contact_id IN"
             " " WARMCALL_RECORDS)
             .run(contact));
    sql("UPDATE alert SET text = '', problem = '' WHERE (text <> '' OR problem <> '') AND contact_id IN"
        " " WARMCALL_RECORDS)
        .run(contact);
}

std::int64_t SqliteUnit::erase_lines(core::ContactId contact) {
    return sql("UPDATE event_log SET text = '' WHERE text <> '' AND id IN"
               " (WITH RECURSIVE line (id) AS (SELECT last_line FROM contact WHERE id IN " WARMCALL_RECORDS
               "  UNION SELECT last_line FROM outreach WHERE id IN " WARMCALL_OUTREACHES
               "  UNION SELECT e.prior FROM line JOIN event_log e ON e.id = line.id)"
               " SELECT id FROM line WHERE id IS NOT NULL)")
        .run(contact);
}

// There is no other way to them than through all that is kept: they are nobody's until they are
// read.
std::int64_t SqliteUnit::empty_deliveries(const Traces& traces) {
    std::vector<std::int64_t> found;
    if (!traces.all().empty()) {
        Rows rows = sql("SELECT id, body FROM delivery").rows();
        std::int64_t id = 0;
        std::string body;
        while (rows.next()) {
            rows.read(id, body);
            if (traces.in(body))
                found.push_back(id);
        }
    }
    empty(found);
    return static_cast<std::int64_t>(found.size());
}

void SqliteUnit::empty(std::span<const std::int64_t> deliveries) {
    Query& query = sql("UPDATE delivery SET body = x'' WHERE id = ?");
    Query& reason = sql("UPDATE quarantine SET reason = ? WHERE delivery = ?");
    for (const std::int64_t id : deliveries) {
        query.run(id);
        reason.run(emptied_reason, id);
    }
}

void SqliteUnit::drop_parked_with(const Traces& traces) {
    std::vector<std::int64_t> found;
    {
        Rows rows =
            sql("SELECT id, provider_id || ' ' || coalesce(facts_id, '') FROM parked").rows();
        std::int64_t id = 0;
        std::string ids;
        while (rows.next()) {
            rows.read(id, ids);
            if (traces.in(ids))
                found.push_back(id);
        }
    }
    for (const std::int64_t id : found)
        sql("DELETE FROM parked WHERE id = ?").run(id);
    tally("parked", "", -static_cast<std::int64_t>(found.size()));
}

// A request that comes again is still not done twice; it is told less.
void SqliteUnit::empty_answers(const Traces& traces) {
    std::vector<std::string> found;
    {
        Rows rows = sql("SELECT key, body FROM kept_answer").rows();
        std::string key, body;
        while (rows.next()) {
            rows.read(key, body);
            if (traces.in(body))
                found.push_back(key);
        }
    }
    for (const std::string& key : found)
        sql("UPDATE kept_answer SET body = '' WHERE key = ?").run(key);
}

void SqliteUnit::remember_erased(std::span<const core::Address> addresses, core::Timestamp now) {
    std::string key = setting(erasure_key_setting);
    if (key.empty()) {
        key = make_erasure_key();
        set_setting(erasure_key_setting, key);
    }
    for (const core::Address& address : addresses)
        sql("INSERT INTO erased (hash, at) VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET at = excluded.at")
            .run(Blob{erased_hash(key, address)}, now);
}

std::vector<bool> SqliteUnit::erased(std::span<const core::Address> addresses) {
    std::vector<bool> found(addresses.size(), false);
    if (addresses.empty())
        return found;
    const std::string key = setting(erasure_key_setting);
    for (std::size_t i = 0; i < addresses.size() && !key.empty(); ++i)
        found[i] = sql("SELECT 1 FROM erased WHERE hash = ?")
                       .rows(Blob{erased_hash(key, addresses[i])})
                       .next();
    return found;
}

void SqliteUnit::suppress_if_erased(core::ContactId contact,
                                    std::span<const core::Address> addresses, core::Timestamp now) {
    const std::vector<bool> found = erased(addresses);
    if (std::ranges::find(found, true) == found.end())
        return;
    add_suppression(contact, {.reason = std::string{erased_reason}, .at = now});
    count_suppressions(contact);
}

}  // namespace warmcall::store
