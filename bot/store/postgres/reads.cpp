#include "store/postgres/reads.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/delivery.hpp"
#include "store/needle.hpp"

namespace warmcall::store::pg {

namespace {

std::vector<core::Case> cases_of(Connection& db, const std::vector<core::ContactId>& ids) {
    const Cases found = read_cases(db, ids, {}, Lock::no);
    std::vector<core::Case> cases;
    cases.reserve(ids.size());
    for (const core::ContactId id : ids) {
        if (const auto at = found.by_asked.find(id); at != found.by_asked.end())
            cases.push_back(at->second);
    }
    return cases;
}

std::vector<core::ContactId> ids_of(Rows rows) {
    std::vector<core::ContactId> ids;
    while (rows.next())
        rows.read(ids.emplace_back());
    return ids;
}

std::optional<core::ContactId> one_id(Rows rows) {
    if (!rows.next())
        return std::nullopt;
    core::ContactId id;
    rows.read(id);
    return id;
}

// Whom a contact was merged into, or the contact itself.
core::ContactId present_id(Connection& db, core::ContactId id) {
    return one_id(db.ask("SELECT coalesce(merged_into, id) FROM contact WHERE id = $1", id.value))
        .value_or(id);
}

std::vector<TimelineRow> timeline_rows(Rows rows) {
    std::vector<TimelineRow> lines;
    while (rows.next()) {
        TimelineRow& row = lines.emplace_back();
        rows.read(row.id, row.contact, row.outreach, row.at, row.actor, row.what, row.text);
    }
    return lines;
}

}  // namespace

std::optional<core::Case> find_case(Connection& db, core::ContactId id) {
    Cases found = read_cases(db, {&id, 1}, {}, Lock::no);
    const auto at = found.by_asked.find(id);
    return at == found.by_asked.end() ? std::nullopt : std::optional{std::move(at->second)};
}

std::optional<core::ContactId> contact_of_outreach(Connection& db, core::OutreachId id) {
    return one_id(db.ask("SELECT contact_id FROM outreach WHERE id = $1", id));
}

std::optional<core::ContactId> contact_of_prompt(Connection& db, core::PromptId id) {
    // By its outreach: a merge moves outreaches, and leaves closed prompts as they were.
    return one_id(
        db.ask("SELECT o.contact_id FROM prompt p JOIN outreach o ON o.id = p.outreach_id"
               " WHERE p.id = $1",
               id));
}

std::optional<core::Prompt> find_prompt(Connection& db, core::PromptId id) {
    Rows rows = db.ask("SELECT " WARMCALL_PG_PROMPT " FROM prompt p WHERE p.id = $1", id);
    if (!rows.next())
        return std::nullopt;
    core::Prompt prompt = read_prompt(rows);
    prompt.contact = present_id(db, prompt.contact);
    return prompt;
}

std::optional<core::Outreach> find_last_outreach(Connection& db, core::ContactId id) {
    Rows rows =
        db.ask("SELECT " WARMCALL_PG_OUTREACH
               " FROM outreach o WHERE o.contact_id = $1 ORDER BY o.live DESC, o.id DESC LIMIT 1",
               present_id(db, id));
    return rows.next() ? std::optional{read_outreach(rows)} : std::nullopt;
}

std::vector<core::ContactId> find_live(Connection& db, core::ContactId after, std::size_t limit) {
    std::vector<core::ContactId> found;
    Rows rows = db.ask(
        "SELECT contact_id FROM outreach WHERE live AND contact_id > $1"
        " ORDER BY contact_id LIMIT $2",
        after.value, limit);
    while (rows.next())
        rows.read(found.emplace_back());
    return found;
}

namespace {

// Part of a text, as a pattern of LIKE.
std::string anywhere(std::string_view words) {
    std::string pattern = "%";
    for (const char c : words) {
        if (c == '%' || c == '_' || c == '\\')
            pattern += '\\';
        pattern += c;
    }
    return pattern + "%";
}

// Everybody's, by what the trigrams' indexes find, or by walking when that is shorter: the server
// knows how rare the words are.
std::vector<core::ContactId> find_among_all(Connection& db, const ContactQuery& query,
                                            const Needle& needle) {
    if (needle.digits.empty())
        return ids_of(
            db.ask("SELECT c.id FROM contact c WHERE c.id > $1"
                   " AND c.merged_into IS NULL AND c.name <> '' AND c.name_folded LIKE $2"
                   " ORDER BY c.id LIMIT $3",
                   query.after.value, anywhere(needle.name), query.limit));
    return ids_of(
        db.ask("(SELECT c.id FROM contact c WHERE c.id > $1 AND c.merged_into IS NULL"
               "  AND c.name <> '' AND c.name_folded LIKE $2 ORDER BY c.id LIMIT $4)"
               " UNION (SELECT DISTINCT a.contact_id FROM address a WHERE a.contact_id > $1"
               "  AND a.value LIKE $3 ORDER BY a.contact_id LIMIT $4) ORDER BY 1 LIMIT $4",
               query.after.value, anywhere(needle.name), anywhere(needle.digits), query.limit));
}

}  // namespace

std::vector<core::Case> find_contacts(Connection& db, const ContactQuery& query) {
    const Needle needle{query.search};
    if (query.rep)  // by the owner's part of the index
        return cases_of(
            db,
            ids_of(db.ask("SELECT c.id FROM contact c WHERE c.owner = $1 AND c.id > $2"
                          " AND c.merged_into IS NULL AND c.name <> ''"
                          " AND ($3 = '' OR position($3 IN c.name_folded) > 0 OR ($4 <> '' AND"
                          "  EXISTS (SELECT 1 FROM address a WHERE a.contact_id = c.id"
                          "   AND position($4 IN a.value) > 0))) ORDER BY c.id LIMIT $5",
                          *query.rep, query.after.value, needle.name, needle.digits, query.limit)));
    if (!needle.name.empty())
        return cases_of(db, find_among_all(db, query, needle));
    return cases_of(
        db, ids_of(db.ask("SELECT c.id FROM contact c WHERE c.id > $1"
                          " AND c.merged_into IS NULL AND c.name <> '' ORDER BY c.id LIMIT $2",
                          query.after.value, query.limit)));
}

// Short walks, each along an index: what is due, who is on the phone, what was asked of this rep. A
// prompt the ladder took to somebody else has been due for long, so that its owner sees it among
// what is due.
std::vector<core::Case> find_queue(Connection& db, const QueueQuery& query) {
    if (query.rep)
        return cases_of(
            db, ids_of(db.ask(
                    "SELECT contact_id FROM ("
                    "(SELECT contact_id, next_due_at, id FROM outreach WHERE live"
                    "  AND next_owner = $2 AND next_due_at <= $1 AND next_due_at >= $4"
                    "  AND (next_due_at, id) > ($4, $5) ORDER BY next_due_at, id LIMIT $3)"
                    " UNION SELECT contact_id, next_due_at, id FROM outreach"
                    "  WHERE phase IN ('on_call', 'wrap_up') AND (next_owner = $2 OR phase_by = $2)"
                    " UNION SELECT o.contact_id, o.next_due_at, o.id FROM prompt p"
                    "  JOIN outreach o ON o.id = p.outreach_id"
                    "  WHERE p.open AND p.rep = $2 AND o.live"
                    ") q WHERE (next_due_at, id) > ($4, $5) ORDER BY next_due_at, id LIMIT $3",
                    query.until, *query.rep, query.limit, query.after_due, query.after.value)));
    return cases_of(
        db, ids_of(db.ask(
                "SELECT contact_id FROM ("
                "(SELECT contact_id, next_due_at, id FROM outreach WHERE live AND wake_at <= $1"
                "  AND next_due_at = wake_at AND wake_at >= $3"
                "  AND (next_due_at, id) > ($3, $4) ORDER BY wake_at, id LIMIT $2)"
                " UNION (SELECT contact_id, next_due_at, id FROM outreach WHERE live"
                "  AND next_due_at <= $1 AND next_due_at <> wake_at AND next_due_at >= $3"
                "  AND (next_due_at, id) > ($3, $4) ORDER BY next_due_at, id LIMIT $2)"
                " UNION SELECT contact_id, next_due_at, id FROM outreach"
                "  WHERE phase IN ('on_call', 'wrap_up')"
                " UNION SELECT o.contact_id, o.next_due_at, o.id FROM prompt p"
                "  JOIN outreach o ON o.id = p.outreach_id WHERE p.open AND o.live"
                ") q WHERE (next_due_at, id) > ($3, $4) ORDER BY next_due_at, id LIMIT $2",
                query.until, query.limit, query.after_due, query.after.value)));
}

namespace {

// A message, and what they read of it.
using Sent = std::pair<core::Message, std::optional<std::string>>;

std::vector<Sent> sent_messages(Connection& db, core::ContactId id, std::size_t limit) {
    Rows rows =
        db.ask("SELECT " WARMCALL_PG_MESSAGE
               ", m.rendered FROM outreach o JOIN outbox m ON m.outreach_id = o.id"
               " WHERE o.contact_id = $1 UNION ALL SELECT " WARMCALL_PG_MESSAGE
               ", m.rendered FROM outbox m WHERE m.outreach_id IS NULL AND m.contact_id = $1"
               " ORDER BY 1 DESC LIMIT $2",
               id.value, limit);
    std::vector<Sent> sent;
    while (rows.next()) {
        Sent& one = sent.emplace_back(read_message(rows), std::nullopt);
        rows.read(one.second);
    }
    return sent;
}

// When it was said: the earliest we know of its way out.
core::Timestamp said_at(const core::Message& m) {
    for (const auto& at : {m.facts.sent, m.facts.accepted, m.facts.claimed, m.facts.queued}) {
        if (at)
            return *at;
    }
    return m.not_before;
}

}  // namespace

std::vector<core::Message> find_messages(Connection& db, core::ContactId id, std::size_t limit) {
    std::vector<core::Message> messages;
    for (Sent& one : sent_messages(db, present_id(db, id), limit))
        messages.push_back(std::move(one.first));
    return messages;
}

std::vector<ConversationRow> find_conversation(Connection& db, core::ContactId id,
                                               std::size_t limit) {
    id = present_id(db, id);
    std::vector<ConversationRow> all;
    for (const auto& [m, rendered] : sent_messages(db, id, limit)) {
        const std::string text = rendered.value_or(m.text);
        if (m.state == core::MessageState::cancelled || text.empty())
            continue;  // never said
        all.push_back({.at = said_at(m),
                       .from_contact = false,
                       .text = text,
                       .message_kind = m.kind,
                       .shown = core::shown(m.facts),
                       .message = m.id});
    }
    Rows rows =
        db.ask("SELECT at, kind, words FROM reply WHERE contact_id = $1 ORDER BY id DESC LIMIT $2",
               id.value, limit);
    while (rows.next()) {
        ConversationRow& row = all.emplace_back();
        row.from_contact = true;
        rows.read(row.at, row.kind, row.text);
    }
    std::sort(all.begin(), all.end(), [](const ConversationRow& a, const ConversationRow& b) {
        return std::tie(b.at, b.from_contact, b.message, b.text) <
               std::tie(a.at, a.from_contact, a.message, a.text);
    });
    all.resize(std::min(all.size(), limit));
    return all;
}

std::vector<TimelineRow> find_timeline(Connection& db, core::ContactId id, std::int64_t before,
                                       std::size_t limit) {
    return timeline_rows(
        db.ask("SELECT id, contact_id, outreach_id, at, actor, what, text FROM event_log"
               " WHERE contact_id IN (SELECT $1 UNION ALL SELECT id FROM contact"
               "  WHERE merged_into = $1) AND ($2 = 0 OR id < $2) ORDER BY id DESC LIMIT $3",
               present_id(db, id).value, before, limit));
}

std::vector<TimelineRow> find_calls_logged(Connection& db, const core::RepId& rep,
                                           core::Timestamp since, std::size_t limit) {
    return timeline_rows(db.ask(
        "SELECT id, contact_id, outreach_id, at, actor, what, text FROM event_log WHERE actor = $1"
        " AND at >= $2 AND what IN ('talked', 'attempt') ORDER BY at DESC, id DESC LIMIT $3",
        rep, since, limit));
}

namespace {

// Up to which line the feed is complete: numbers are taken before they are committed. In three
// steps, each with a look of its own: what has been given out; who is still writing, and from which
// number on (unit_save.cpp, watch_feed); and only then the lines. Whoever had taken a number by the
// first look is in the second, or done and seen by the third.
std::int64_t feed_complete_to(Connection& db) {
    const auto given_out =
        db.ask_later("SELECT last_value - (NOT is_called)::integer FROM event_log_id_seq");
    const auto writing = db.ask_later(
        "SELECT min((classid::bigint & 65535) << 32 | objid::bigint) - 1 FROM pg_locks"
        " WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = 22337"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
    std::int64_t end = 0;
    if (Rows rows = db.take(given_out); rows.next())
        rows.read(end);
    std::optional<std::int64_t> before_writers;
    if (Rows rows = db.take(writing); rows.next())
        rows.read(before_writers);
    return std::min(end, before_writers.value_or(end));
}

}  // namespace

std::vector<TimelineRow> find_feed(Connection& db, std::int64_t after, std::size_t limit) {
    const std::int64_t end = feed_complete_to(db);
    return timeline_rows(
        db.ask("SELECT id, contact_id, outreach_id, at, actor, what, text FROM event_log"
               " WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3",
               after, end, limit));
}

std::int64_t find_feed_end(Connection& db) {
    const std::int64_t complete_to = feed_complete_to(db);
    Rows rows = db.ask("SELECT coalesce(max(id), 0) FROM event_log WHERE id <= $1", complete_to);
    std::int64_t end = 0;
    if (rows.next())
        rows.read(end);
    return end;
}

std::string find_setting(Connection& db, std::string_view key) {
    Rows rows = db.ask("SELECT value FROM setting WHERE key = $1", key);
    std::string value;
    if (rows.next())
        rows.read(value);
    return value;
}

std::map<std::string, std::string> find_settings_under(Connection& db, std::string_view prefix) {
    std::map<std::string, std::string> settings;
    Rows rows = db.ask("SELECT key, value FROM setting WHERE starts_with(key, $1)", prefix);
    while (rows.next()) {
        std::string key;
        std::string value;
        rows.read(key, value);
        settings.emplace(std::move(key), std::move(value));
    }
    return settings;
}

// From one to the next in the index, however many outreaches each has.
std::vector<core::RepId> find_owners(Connection& db) {
    std::vector<core::RepId> owners;
    for (
        Rows rows = db.ask(
            "WITH RECURSIVE o (owner) AS (SELECT min(next_owner) FROM outreach WHERE live UNION ALL"
            " SELECT (SELECT min(next_owner) FROM outreach WHERE live AND next_owner > o.owner) FROM o WHERE o.owner IS NOT NULL)"
            " SELECT owner FROM o WHERE owner IS NOT NULL");
        rows.next();) {
        rows.read(owners.emplace_back());
    }
    return owners;
}

std::map<core::RepId, RepState> find_rep_states(Connection& db) {
    std::map<core::RepId, RepState> states;
    core::RepId rep;
    const auto windows = db.ask_later("SELECT rep, channel, until_at FROM rep_window");
    for (Rows rows = db.ask("SELECT id, away_until FROM rep"); rows.next();) {
        std::optional<core::Timestamp> until;
        rows.read(rep, until);
        states[rep].away_until = until;
    }
    for (Rows rows = db.take(windows); rows.next();) {
        core::ChannelId channel;
        core::Timestamp until{};
        rows.read(rep, channel, until);
        states[rep].windows[channel] = until;
    }
    return states;
}

std::vector<StoredTemplate> find_templates(Connection& db) {
    Rows rows = db.ask(
        "SELECT provider_name, language, status, category, quality, reason, at FROM template_state"
        " ORDER BY provider_name, language");
    std::vector<StoredTemplate> all;
    while (rows.next()) {
        StoredTemplate& t = all.emplace_back();
        rows.read(t.provider_name, t.language, t.status, t.category, t.quality, t.reason, t.at);
    }
    return all;
}

namespace {

std::vector<ApiToken> read_tokens(Rows rows) {
    std::vector<ApiToken> all;
    while (rows.next()) {
        ApiToken& t = all.emplace_back();
        rows.read(t.id, t.name, t.hash, t.rep, t.created_at, t.last_used_at, t.revoked_at);
    }
    return all;
}

std::vector<Session> read_sessions(Rows rows) {
    std::vector<Session> all;
    while (rows.next()) {
        Session& s = all.emplace_back();
        rows.read(s.hash, s.rep, s.created_at, s.seen_at, s.expires_at, s.device);
    }
    return all;
}

template <class T>
std::optional<T> first_of(std::vector<T> found) {
    return found.empty() ? std::nullopt : std::optional{std::move(found.front())};
}

}  // namespace

std::vector<ApiToken> find_tokens(Connection& db) {
    return read_tokens(
        db.ask("SELECT id, name, hash, rep, created_at, last_used_at, revoked_at FROM api_token"
               " ORDER BY id"));
}

std::optional<ApiToken> find_token(Connection& db, std::string_view hash) {
    return first_of(read_tokens(
        db.ask("SELECT id, name, hash, rep, created_at, last_used_at, revoked_at FROM api_token"
               " WHERE hash = $1",
               hash)));
}

std::optional<Session> find_session(Connection& db, std::string_view hash) {
    return first_of(read_sessions(
        db.ask("SELECT hash, rep, created_at, seen_at, expires_at, device FROM session"
               " WHERE hash = $1",
               hash)));
}

std::vector<Session> find_sessions(Connection& db, const core::RepId& rep) {
    return read_sessions(
        db.ask("SELECT hash, rep, created_at, seen_at, expires_at, device FROM session"
               " WHERE rep = $1 ORDER BY created_at DESC, hash",
               rep));
}

std::vector<StoredDevice> find_devices(Connection& db, const core::RepId& rep) {
    Rows rows = db.ask(
        "SELECT id, rep, way, name, address, keys, created_at, seen_at, told_at, problem"
        " FROM device WHERE rep = $1 ORDER BY id",
        rep);
    std::vector<StoredDevice> found;
    while (rows.next()) {
        StoredDevice& d = found.emplace_back();
        rows.read(d.id, d.rep, d.way, d.name, d.address, d.keys, d.created_at, d.seen_at, d.told_at,
                  d.problem);
    }
    return found;
}

StoreCounts find_counts(Connection& db) {
    StoreCounts counts;
    std::map<std::string_view, std::map<std::string, std::int64_t>*> by_word{
        {"outreach", &counts.outreaches_by_phase},
        {"message", &counts.messages_by_state},
        {"ignored", &counts.ignored}};
    std::map<std::string_view, std::int64_t*> single{{"contacts", &counts.contacts},
                                                     {"prompts_open", &counts.prompts_open},
                                                     {"inbox", &counts.inbox},
                                                     {"quarantined", &counts.quarantined},
                                                     {"parked", &counts.parked}};
    const auto alerts = db.ask_later("SELECT count(*) FROM alert WHERE state = 'waiting'");
    Rows rows = db.ask(
        "SELECT kind, word, sum(n)::bigint FROM tally GROUP BY kind, word HAVING sum(n) <> 0");
    while (rows.next()) {
        std::string kind, word;
        std::int64_t n = 0;
        rows.read(kind, word, n);
        if (const auto several = by_word.find(kind); several != by_word.end())
            (*several->second)[word] = n;
        else if (const auto one = single.find(kind); one != single.end())
            *one->second = n;  // else a newer replica counts what this one does not know
    }
    if (Rows waiting = db.take(alerts); waiting.next())
        waiting.read(counts.alerts_waiting);
    return counts;
}

std::optional<core::Timestamp> find_next_due(Connection& db) {
    Rows rows = db.ask(
        "SELECT least((SELECT min(wake_at) FROM outreach WHERE live),"
        " (SELECT min(not_before) FROM outbox WHERE state = 'queued'),"
        " (SELECT min(lease_until) FROM outbox WHERE state = 'claimed'),"
        " (SELECT min(due_at) FROM alert WHERE state = 'waiting'))");
    std::optional<core::Timestamp> at;
    if (rows.next())
        rows.read(at);
    return at;
}

}  // namespace warmcall::store::pg
