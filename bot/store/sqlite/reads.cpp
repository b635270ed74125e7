#include "store/sqlite/reads.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

#include "core/delivery.hpp"
#include "store/needle.hpp"

namespace warmcall::store {

namespace {

constexpr std::chrono::seconds read_time_max{30};

// The steady clock is the process's own business: it bounds a query, it decides nothing.
thread_local std::chrono::steady_clock::time_point give_up_at;
int past_the_limit(void*) {
    return std::chrono::steady_clock::now() > give_up_at ? 1 : 0;
}

std::vector<core::Case> read_cases(Connection& db, const std::vector<core::ContactId>& ids) {
    std::vector<core::Case> cases;
    cases.reserve(ids.size());
    for (const core::ContactId id : ids) {
        if (auto found = read_case(db, id))
            cases.push_back(std::move(*found));
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
    return one_id(db.sql("SELECT coalesce(merged_into, id) FROM contact WHERE id = ?").rows(id))
        .value_or(id);
}

TimelineRow read_timeline_row(Rows& rows) {
    TimelineRow row;
    rows.read(row.id, row.contact, row.outreach, row.at, row.actor, row.what, row.text);
    return row;
}

}  // namespace

ReadTransaction::ReadTransaction(Connection& db)
    : db_{db}, ours_{sqlite3_get_autocommit(db.handle()) != 0} {
    if (!ours_)
        return;
    give_up_at = std::chrono::steady_clock::now() + read_time_max;
    constexpr int steps_between_looks = 100'000;
    sqlite3_progress_handler(db.handle(), steps_between_looks, past_the_limit, nullptr);
    db_.sql("BEGIN").run();
}

ReadTransaction::~ReadTransaction() {
    if (!ours_)
        return;
    sqlite3_progress_handler(db_.handle(), 0, nullptr, nullptr);
    if (sqlite3_get_autocommit(db_.handle()) == 0)
        sqlite3_exec(db_.handle(), "COMMIT", nullptr, nullptr, nullptr);
}

std::optional<core::ContactId> contact_of_outreach(Connection& db, core::OutreachId id) {
    return one_id(db.sql("SELECT contact_id FROM outreach WHERE id = ?").rows(id));
}

std::optional<core::ContactId> contact_of_prompt(Connection& db, core::PromptId id) {
    // By its outreach: a merge moves outreaches, and leaves closed prompts as they were.
    return one_id(
        db.sql(
              "SELECT o.contact_id FROM prompt p JOIN outreach o ON o.id = p.outreach_id WHERE p.id = ?")
            .rows(id));
}

std::optional<core::Prompt> find_prompt(Connection& db, core::PromptId id) {
    std::optional<core::Prompt> prompt;
    {
        Rows rows =
            db.sql("SELECT " WARMCALL_PROMPT_COLUMNS " FROM prompt p WHERE p.id = ?").rows(id);
        if (rows.next())
            prompt = read_prompt(rows);
    }
    if (prompt)
        prompt->contact = present_id(db, prompt->contact);
    return prompt;
}

std::optional<core::Outreach> find_last_outreach(Connection& db, core::ContactId id) {
    id = present_id(db, id);
    {
        Rows live = db.sql("SELECT " WARMCALL_OUTREACH_COLUMNS
                           " FROM outreach o WHERE o.contact_id = ? AND o.live = 1")
                        .rows(id);
        if (live.next())
            return read_outreach(live);
    }
    Rows past =
        db.sql("SELECT " WARMCALL_OUTREACH_COLUMNS
               " FROM outreach o WHERE o.contact_id = ? AND o.live = 0 ORDER BY o.id DESC LIMIT 1")
            .rows(id);
    return past.next() ? std::optional{read_outreach(past)} : std::nullopt;
}

std::vector<core::ContactId> find_live(Connection& db, core::ContactId after, std::size_t limit) {
    std::vector<core::ContactId> found;
    Rows rows = db.sql(
                      "SELECT contact_id FROM outreach WHERE live = 1 AND contact_id > ?"
                      " ORDER BY contact_id LIMIT ?")
                    .rows(after.value, limit);
    while (rows.next())
        rows.read(found.emplace_back());
    return found;
}

namespace {

// The words' every three characters in a row, as an expression of FTS5; nothing of shorter words.
std::string trigrams_of(std::string_view words) {
    std::vector<std::size_t> starts;  // of the characters, and the end
    for (std::size_t i = 0; i < words.size(); ++i) {
        if ((static_cast<unsigned char>(words[i]) & 0xC0U) != 0x80U)
            starts.push_back(i);
    }
    starts.push_back(words.size());
    std::string all;
    for (std::size_t i = 0; i + 3 < starts.size(); ++i) {
        all += i == 0 ? "\"" : " AND \"";
        for (const char c : words.substr(starts[i], starts[i + 3] - starts[i]))
            all += c == '"' ? std::string{"\"\""} : std::string{c};
        all += '"';
    }
    return all;
}

// Whom to look at; nothing when the index cannot tell.
std::string expression_of(const Needle& needle) {
    const std::string by_name = trigrams_of(needle.name);
    const std::string by_number = trigrams_of(needle.digits);
    if (by_name.empty() || (by_number.empty() && !needle.digits.empty()))
        return {};
    return by_number.empty() ? by_name : "(" + by_name + ") OR (" + by_number + ")";
}

#define WARMCALL_FOUND_BY(name, digits)                                                            \
    " AND c.merged_into IS NULL AND c.name <> '' AND (" name " = '' OR instr(c.name_folded, " name \
    ") > 0 OR (" digits                                                                            \
    " <> '' AND EXISTS (SELECT 1 FROM address a WHERE a.contact_id = c.id"                         \
    " AND instr(a.value, " digits ") > 0)))"

}  // namespace

// A rep's own by the owner's part of the index; everybody's by the search's, or, for one or two
// characters, by walking.
std::vector<core::Case> find_contacts(Connection& db, const ContactQuery& query) {
    const Needle needle{query.search};
    const std::string expression = expression_of(needle);
    std::vector<core::ContactId> ids;
    if (query.rep)
        ids = ids_of(
            db.sql("SELECT c.id FROM contact c WHERE c.owner = ?1 AND c.id > ?2" WARMCALL_FOUND_BY(
                       "?3", "?4") " ORDER BY c.id LIMIT ?5")
                .rows(*query.rep, query.after.value, needle.name, needle.digits, query.limit));
    else if (!expression.empty())
        ids = ids_of(
            db.sql("SELECT c.id FROM contact_search s CROSS JOIN contact c ON c.id = s.rowid"
                   " WHERE s.contact_search MATCH ?1 AND s.rowid > ?2" WARMCALL_FOUND_BY(
                       "?3", "?4") " ORDER BY s.rowid LIMIT ?5")
                .rows(expression, query.after.value, needle.name, needle.digits, query.limit));
    else
        ids = ids_of(db.sql("SELECT c.id FROM contact c WHERE c.id > ?1" WARMCALL_FOUND_BY(
                                "?2", "?3") " ORDER BY c.id LIMIT ?4")
                         .rows(query.after.value, needle.name, needle.digits, query.limit));
    return read_cases(db, ids);
}

namespace {

// The first `limit` (one at least) of what several walks find, by when they are due; after the
// query's cursor.
class Earliest {
 public:
    explicit Earliest(const QueueQuery& query)
        : limit_{query.limit}, after_{core::unix_ms(query.after_due), query.after.value} {}

    // Rows of due time, outreach and contact.
    void add(Rows rows) {
        while (rows.next())
            add_one(rows);
    }
    // The same with a time in front by which they are ordered, and which none is due before: what
    // comes after the last place is not read.
    void add_in_order(Rows rows) {
        while (rows.next()) {
            std::int64_t not_before = 0;
            rows.read(not_before);
            if (found_.size() == limit_ && not_before > found_.rbegin()->due)
                return;
            add_one(rows);
        }
    }
    std::vector<core::ContactId> contacts() const {
        std::vector<core::ContactId> ids;
        for (const Found& one : found_)
            ids.push_back(one.contact);
        return ids;
    }

 private:
    struct Found {
        std::int64_t due = 0, outreach = 0;
        core::ContactId contact;
        auto operator<=>(const Found&) const = default;
    };

    void add_one(Rows& rows) {
        Found one;
        rows.read(one.due, one.outreach, one.contact);
        if (std::pair{one.due, one.outreach} <= after_)
            return;
        found_.insert(one);
        if (found_.size() > limit_)
            found_.erase(std::prev(found_.end()));
    }

    std::size_t limit_;
    std::pair<std::int64_t, std::int64_t> after_;
    std::set<Found> found_;
};

}  // namespace

// Short walks, each along an index: what is due, who is on the phone, what was asked of this rep. A
// prompt the ladder took to somebody else has been due for long, so that its owner sees it among
// what is due. For everybody's, what is due stands in two places (see outreach_by_due).
std::vector<core::Case> find_queue(Connection& db, const QueueQuery& query) {
    Earliest found{query};
    if (query.rep) {
        found.add(
            db.sql(
                  "SELECT next_due_at, id, contact_id FROM outreach WHERE live = 1 AND next_owner = ?1 AND next_due_at <= ?2")
                .rows(*query.rep, query.until));
        found.add(
            db.sql(
                  "SELECT next_due_at, id, contact_id FROM outreach WHERE phase IN ('on_call', 'wrap_up')"
                  " AND (next_owner = ?1 OR phase_by = ?1)")
                .rows(*query.rep));
        found.add(
            db.sql(
                  "SELECT o.next_due_at, o.id, o.contact_id FROM prompt p JOIN outreach o ON o.id = p.outreach_id"
                  " WHERE p.open = 1 AND p.rep = ?1 AND o.live = 1")
                .rows(*query.rep));
    } else {
        found.add_in_order(
            db.sql(
                  "SELECT w.at, o.next_due_at, o.id, o.contact_id FROM wake w JOIN outreach o ON o.id = w.outreach_id"
                  " WHERE w.at <= ?1 AND o.live = 1 AND o.next_due_at <= ?1 AND o.next_due_at = o.wake_at ORDER BY w.at")
                .rows(query.until));
        found.add_in_order(
            db.sql(
                  "SELECT next_due_at, next_due_at, id, contact_id FROM outreach WHERE live = 1 AND next_due_at <= ?1"
                  " AND next_due_at <> wake_at ORDER BY next_due_at")
                .rows(query.until));
        found.add(
            db.sql(
                  "SELECT next_due_at, id, contact_id FROM outreach WHERE phase IN ('on_call', 'wrap_up')")
                .rows());
        found.add(
            db.sql(
                  "SELECT o.next_due_at, o.id, o.contact_id FROM prompt p JOIN outreach o ON o.id = p.outreach_id"
                  " WHERE p.open = 1 AND o.live = 1")
                .rows());
    }
    return read_cases(db, found.contacts());
}

std::vector<core::Message> find_messages(Connection& db, core::ContactId id, std::size_t limit) {
    id = present_id(db, id);
    Rows rows =
        db.sql(
              "SELECT " WARMCALL_MESSAGE_COLUMNS
              " FROM outbox m WHERE m.outreach_id IN (SELECT id FROM outreach WHERE contact_id = ?1 AND live = 1 UNION ALL"
              " SELECT id FROM outreach WHERE contact_id = ?1 AND live = 0)"
              " UNION ALL SELECT " WARMCALL_MESSAGE_COLUMNS
              " FROM outbox m WHERE m.outreach_id IS NULL AND m.contact_id = ?1 ORDER BY 1 DESC LIMIT ?2")
            .rows(id, limit);
    std::vector<core::Message> messages;
    while (rows.next())
        messages.push_back(read_message(rows));
    return messages;
}

namespace {

std::optional<std::string> rendered_text(Connection& db, core::MessageId id) {
    Rows rows = db.sql("SELECT rendered FROM outbox WHERE id = ?").rows(id);
    std::optional<std::string> text;
    if (rows.next())
        rows.read(text);
    return text;
}

// When it was said: the earliest we know of its way out.
core::Timestamp said_at(const core::Message& m) {
    for (const auto& at : {m.facts.sent, m.facts.accepted, m.facts.claimed, m.facts.queued}) {
        if (at)
            return *at;
    }
    return m.not_before;
}

std::vector<ConversationRow> our_words(Connection& db, core::ContactId id, std::size_t limit) {
    std::vector<ConversationRow> rows;
    for (const core::Message& m : find_messages(db, id, limit)) {
        const std::string text = rendered_text(db, m.id).value_or(m.text);
        if (m.state == core::MessageState::cancelled || text.empty())
            continue;  // never said
        rows.push_back({.at = said_at(m),
                        .from_contact = false,
                        .text = text,
                        .message_kind = m.kind,
                        .shown = core::shown(m.facts),
                        .message = m.id});
    }
    return rows;
}

}  // namespace

std::vector<ConversationRow> find_conversation(Connection& db, core::ContactId id,
                                               std::size_t limit) {
    id = present_id(db, id);
    std::vector<ConversationRow> all = our_words(db, id, limit);
    Rows rows =
        db.sql(
              "WITH RECURSIVE said (prior, at, kind, words) AS ("
              "SELECT r.prior, r.at, r.kind, r.words FROM contact c JOIN reply r ON r.id = c.last_reply WHERE c.id = ?1"
              " UNION ALL SELECT r.prior, r.at, r.kind, r.words FROM said JOIN reply r ON r.id = said.prior LIMIT ?2)"
              " SELECT at, kind, words FROM said")
            .rows(id, limit);
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

namespace {

// Where the contact's lines begin: one chain for each outreach and each record that was merged.
std::priority_queue<std::int64_t> last_lines(Connection& db, core::ContactId id) {
    std::priority_queue<std::int64_t> lines;
    Rows rows =
        db.sql(
              "SELECT last_line FROM contact WHERE id = ?1 AND last_line IS NOT NULL"
              " UNION ALL SELECT last_line FROM contact WHERE merged_into = ?1 AND last_line IS NOT NULL"
              " UNION ALL SELECT last_line FROM outreach WHERE contact_id = ?1 AND live = 1 AND last_line IS NOT NULL"
              " UNION ALL SELECT last_line FROM outreach WHERE contact_id = ?1 AND live = 0 AND last_line IS NOT NULL")
            .rows(id);
    while (rows.next()) {
        std::int64_t line = 0;
        rows.read(line);
        lines.push(line);
    }
    return lines;
}

}  // namespace

// Follows the chains from their newest lines, the newest of all first.
std::vector<TimelineRow> find_timeline(Connection& db, core::ContactId id, std::int64_t before,
                                       std::size_t limit) {
    id = present_id(db, id);
    std::vector<TimelineRow> lines;
    for (auto next = last_lines(db, id); !next.empty() && lines.size() < limit;) {
        Rows rows =
            db.sql(
                  "SELECT id, contact_id, outreach_id, at, actor, what, text, prior FROM event_log WHERE id = ?")
                .rows(next.top());
        next.pop();
        if (!rows.next())
            continue;
        TimelineRow line = read_timeline_row(rows);
        std::optional<std::int64_t> prior;
        rows.read(prior);
        if (prior)
            next.push(*prior);
        if (before == 0 || line.id < before)
            lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<TimelineRow> find_feed(Connection& db, std::int64_t after, std::size_t limit) {
    Rows rows =
        db.sql(
              "SELECT id, contact_id, outreach_id, at, actor, what, text FROM event_log WHERE id > ? ORDER BY id LIMIT ?")
            .rows(after, limit);
    std::vector<TimelineRow> lines;
    while (rows.next())
        lines.push_back(read_timeline_row(rows));
    return lines;
}

std::vector<TimelineRow> find_calls_logged(Connection& db, const core::RepId& rep,
                                           core::Timestamp since, std::size_t limit) {
    Rows rows =
        db.sql(
              "SELECT id, contact_id, outreach_id, at, actor, what, text FROM event_log"
              " WHERE actor = ? AND at >= ? AND what IN ('talked', 'attempt') ORDER BY at DESC, id DESC LIMIT ?")
            .rows(rep.value, since, limit);
    std::vector<TimelineRow> lines;
    while (rows.next())
        lines.push_back(read_timeline_row(rows));
    return lines;
}

std::string find_setting(Connection& db, std::string_view key) {
    Rows rows = db.sql("SELECT value FROM setting WHERE key = ?").rows(key);
    std::string value;
    if (rows.next())
        rows.read(value);
    return value;
}

std::map<std::string, std::string> find_settings_under(Connection& db, std::string_view prefix) {
    std::map<std::string, std::string> settings;
    Rows rows =
        db.sql("SELECT key, value FROM setting WHERE substr(key, 1, length(?1)) = ?1").rows(prefix);
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
    Rows rows =
        db.sql(
              "WITH RECURSIVE o (owner) AS (SELECT min(next_owner) FROM outreach WHERE live = 1 UNION ALL"
              " SELECT (SELECT min(next_owner) FROM outreach WHERE live = 1 AND next_owner > o.owner) FROM o WHERE o.owner IS NOT NULL)"
              " SELECT owner FROM o WHERE owner IS NOT NULL")
            .rows();
    while (rows.next()) {
        rows.read(owners.emplace_back());
    }
    return owners;
}

std::map<core::RepId, RepState> find_rep_states(Connection& db) {
    std::map<core::RepId, RepState> states;
    core::RepId rep;
    {
        Rows rows = db.sql("SELECT id, away_until FROM rep").rows();
        while (rows.next()) {
            std::optional<core::Timestamp> until;
            rows.read(rep, until);
            states[rep].away_until = until;
        }
    }
    Rows rows = db.sql("SELECT rep, channel, until_at FROM rep_window").rows();
    while (rows.next()) {
        core::ChannelId channel;
        core::Timestamp until{};
        rows.read(rep, channel, until);
        states[rep].windows[channel] = until;
    }
    return states;
}

std::vector<StoredTemplate> find_templates(Connection& db) {
    Rows rows =
        db.sql(
              "SELECT provider_name, language, status, category, quality, reason, at FROM template_state ORDER BY provider_name, language")
            .rows();
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
        db.sql(
              "SELECT id, name, hash, rep, created_at, last_used_at, revoked_at FROM api_token ORDER BY id")
            .rows());
}

std::optional<ApiToken> find_token(Connection& db, std::string_view hash) {
    return first_of(read_tokens(
        db.sql(
              "SELECT id, name, hash, rep, created_at, last_used_at, revoked_at FROM api_token WHERE hash = ?")
            .rows(hash)));
}

std::optional<Session> find_session(Connection& db, std::string_view hash) {
    return first_of(read_sessions(
        db.sql(
              "SELECT hash, rep, created_at, seen_at, expires_at, device FROM session WHERE hash = ?")
            .rows(hash)));
}

std::vector<Session> find_sessions(Connection& db, const core::RepId& rep) {
    return read_sessions(
        db.sql(
              "SELECT hash, rep, created_at, seen_at, expires_at, device FROM session WHERE rep = ? ORDER BY created_at DESC, hash")
            .rows(rep));
}

std::vector<StoredDevice> find_devices(Connection& db, const core::RepId& rep) {
    std::vector<StoredDevice> found;
    Rows rows =
        db.sql(
              "SELECT id, rep, way, name, address, keys, created_at, seen_at, told_at, problem FROM device WHERE rep = ? ORDER BY id")
            .rows(rep);
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
    std::map<std::string_view, std::int64_t*> single{
        {"contacts", &counts.contacts}, {"prompts_open", &counts.prompts_open},
        {"inbox", &counts.inbox},       {"quarantined", &counts.quarantined},
        {"parked", &counts.parked},     {"alert", &counts.alerts_waiting}};
    Rows rows = db.sql("SELECT kind, word, n FROM tally WHERE n <> 0").rows();
    while (rows.next()) {
        std::string kind, word;
        std::int64_t n = 0;
        rows.read(kind, word, n);
        if (const auto several = by_word.find(kind); several != by_word.end())
            (*several->second)[word] = n;
        else
            *single.at(kind) = n;
    }
    return counts;
}

namespace {

// The lines of `wake` may be too early: the first of them is only where to begin.
std::optional<core::Timestamp> first_wake(Connection& db) {
    std::optional<core::Timestamp> first;
    Rows rows =
        db.sql(
              "SELECT w.at, o.wake_at FROM wake w JOIN outreach o ON o.id = w.outreach_id AND o.live = 1"
              " ORDER BY w.at")
            .rows();
    while (rows.next()) {
        core::Timestamp line{}, wake_at{};
        rows.read(line, wake_at);
        if (first && *first <= line)
            break;
        first = std::min(first.value_or(wake_at), wake_at);
    }
    return first;
}

}  // namespace

std::optional<core::Timestamp> find_next_due(Connection& db) {
    std::optional<core::Timestamp> at = first_wake(db);
    Rows rows = db.sql(
                      "SELECT min(at) FROM ("
                      "SELECT min(not_before) AS at FROM outbox WHERE state = 'queued'"
                      " UNION ALL SELECT min(lease_until) FROM outbox WHERE state = 'claimed'"
                      " UNION ALL SELECT min(due_at) FROM alert WHERE state = 'waiting')")
                    .rows();
    std::optional<core::Timestamp> other;
    if (rows.next())
        rows.read(other);
    return at && other ? std::min(at, other) : (at ? at : other);
}

}  // namespace warmcall::store
