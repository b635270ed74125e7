// Templates, settings, ways in, kept answers; and the tallies every other file adds to.

#include "store/sqlite/reads.hpp"
#include "store/sqlite/unit.hpp"

namespace warmcall::store {

void SqliteUnit::begin() {
    tallies_.clear();
    cases_.roll_back();
}

void SqliteUnit::committed() {
    cases_.commit();
}

void SqliteUnit::finish() {
    Query& query =
        sql("INSERT INTO tally (kind, word, n) VALUES (?, ?, ?) ON CONFLICT (kind, word) DO UPDATE "
            "SET n = n + excluded.n");
    for (const auto& [key, n] : tallies_) {
        if (n != 0)
            query.run(key.first, key.second, n);
    }
}

void SqliteUnit::tally(std::string_view kind, std::string_view word, std::int64_t n) {
    if (n != 0)
        tallies_[{kind, std::string{word}}] += n;
}

// A notice tells what changed; what it is silent about stays as it was known.
void SqliteUnit::note_template(const StoredTemplate& t) {
    sql("INSERT INTO template_state (provider_name, language, status, category, quality, reason, "
        "at) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (provider_name, language) DO UPDATE SET"
        " status = CASE excluded.status WHEN 'unknown' THEN status ELSE excluded.status END,"
        " category = CASE excluded.category WHEN '' THEN category ELSE excluded.category END,"
        " quality = CASE excluded.quality WHEN '' THEN quality ELSE excluded.quality END,"
        " reason = CASE excluded.status WHEN 'unknown' THEN reason ELSE excluded.reason END, at = "
        "excluded.at")
        .run(t.provider_name, t.language, t.status, t.category, t.quality, t.reason, t.at);
}

void SqliteUnit::note_account(const core::ChannelId& channel, std::string_view what,
                              core::Timestamp now) {
    sql("INSERT INTO account_note (channel, what, at) VALUES (?, ?, ?)").run(channel, what, now);
}

std::string SqliteUnit::setting(std::string_view key) {
    return find_setting(db_, key);
}

void SqliteUnit::set_setting(std::string_view key, std::string_view value) {
    sql("INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = "
        "excluded.value")
        .run(key, value);
}

void SqliteUnit::add_token(const ApiToken& t) {
    sql("INSERT INTO api_token (name, hash, rep, created_at, last_used_at, revoked_at) VALUES (?, "
        "?, ?, ?, ?, ?)")
        .run(t.name, t.hash, t.rep, t.created_at, t.last_used_at, t.revoked_at);
}

bool SqliteUnit::revoke_token(std::string_view name, core::Timestamp now) {
    return sql("UPDATE api_token SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL")
               .run(now, name) > 0;
}

void SqliteUnit::add_session(const Session& s) {
    sql("DELETE FROM session WHERE expires_at <= ?").run(s.created_at);
    sql("INSERT INTO session (hash, rep, created_at, seen_at, expires_at, device) VALUES (?, ?, ?, "
        "?, ?, ?)")
        .run(s.hash, s.rep, s.created_at, s.seen_at, s.expires_at, s.device);
}

void SqliteUnit::touch_session(std::string_view hash, core::Timestamp now) {
    sql("UPDATE session SET seen_at = ? WHERE hash = ?").run(now, hash);
}

void SqliteUnit::end_session(std::string_view hash) {
    sql("DELETE FROM session WHERE hash = ?").run(hash);
}

void SqliteUnit::add_link(std::string_view hash, const core::RepId& rep,
                          core::Timestamp expires_at) {
    sql("INSERT INTO sign_in_link (hash, rep, expires_at) VALUES (?, ?, ?)")
        .run(hash, rep, expires_at);
}

std::optional<core::RepId> SqliteUnit::use_link(std::string_view hash, core::Timestamp now) {
    sql("DELETE FROM sign_in_link WHERE expires_at <= ?").run(now);
    core::RepId rep;
    {
        Rows rows = sql("SELECT rep FROM sign_in_link WHERE hash = ?").rows(hash);
        if (!rows.next())
            return std::nullopt;
        rows.read(rep);
    }
    sql("DELETE FROM sign_in_link WHERE hash = ?").run(hash);
    return rep;
}

std::optional<KeptAnswer> SqliteUnit::kept_answer(std::string_view key) {
    Rows rows = sql("SELECT request_hash, status, body FROM kept_answer WHERE key = ?").rows(key);
    if (!rows.next())
        return std::nullopt;
    KeptAnswer answer;
    rows.read(answer.request_hash, answer.status, answer.body);
    return answer;
}

void SqliteUnit::drop_answers(core::Timestamp now) {
    sql("DELETE FROM kept_answer WHERE at <= ?").run(now - std::chrono::hours{24});
}

void SqliteUnit::keep_answer(std::string_view key, const KeptAnswer& answer, core::Timestamp now) {
    drop_answers(now);
    sql("INSERT INTO kept_answer (key, request_hash, status, body, at) VALUES (?, ?, ?, ?, ?)")
        .run(key, answer.request_hash, answer.status, answer.body, now);
}

void SqliteUnit::set_rep_away(const core::RepId& rep, std::optional<core::Timestamp> until) {
    sql("INSERT INTO rep (id, away_until) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET away_until "
        "= excluded.away_until")
        .run(rep, until);
}

}  // namespace warmcall::store
