// Templates, settings, ways in, kept answers; and the tallies every other file adds to.

#include "store/postgres/unit.hpp"

namespace warmcall::store::pg {

void PostgresUnit::begin() {
    tallies_.clear();
    shared_.begin();
    wrote_ = false;
    watched_ = false;
    messages_ahead_ = {};
    people_ahead_ = {};
    if (!std::exchange(committed_, false))
        stock_.clear();
}

void PostgresUnit::committed() {
    committed_ = true;
}

// Each server process has rows of its own to add to; two never run in one at the same time.
void PostgresUnit::finish() {
    wrote_ = shared_.finish() || wrote_;
    Many rows;
    for (const auto& [key, n] : tallies_) {
        if (n != 0)
            rows.add(key.first, key.second, n);
    }
    put_rows(
        "INSERT INTO tally AS t (kind, word, slot, n)"
        " SELECT v.kind, v.word, pg_backend_pid() % 64, v.n"
        " FROM unnest($1, $2, $3) AS v(kind, word, n)"
        " ON CONFLICT (kind, word, slot) DO UPDATE SET n = t.n + excluded.n",
        rows);
}

void PostgresUnit::tally(std::string_view kind, std::string_view word, std::int64_t n) {
    if (n != 0)
        tallies_[{std::string{kind}, std::string{word}}] += n;
}

// A notice tells what changed; what it is silent about stays as it was known.
void PostgresUnit::note_template(const StoredTemplate& t) {
    put("INSERT INTO template_state AS s (provider_name, language, status, category, quality,"
        " reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (provider_name, language) DO UPDATE SET"
        " status = CASE excluded.status WHEN 'unknown' THEN s.status ELSE excluded.status END,"
        " category = CASE excluded.category WHEN '' THEN s.category ELSE excluded.category END,"
        " quality = CASE excluded.quality WHEN '' THEN s.quality ELSE excluded.quality END,"
        " reason = CASE excluded.status WHEN 'unknown' THEN s.reason ELSE excluded.reason END,"
        " at = excluded.at",
        t.provider_name, t.language, t.status, t.category, t.quality, t.reason, t.at);
}

void PostgresUnit::note_account(const core::ChannelId& channel, std::string_view what,
                                core::Timestamp now) {
    put("INSERT INTO account_note (channel, what, at) VALUES ($1, $2, $3)", channel, what, now);
}

// Whoever looks is about to write what is missing; two replicas that start for the first time must
// not both make up a key. Only while there is none do they take turns.
// Whoever reads one goes by it: nobody else changes it until this transaction ends.
std::string PostgresUnit::setting(std::string_view key) {
    std::string value;
    Rows known = db_.ask("SELECT value FROM setting WHERE key = $1 FOR NO KEY UPDATE", key);
    if (known.next()) {
        known.read(value);
        return value;
    }
    db_.tell("SELECT pg_advisory_xact_lock(hashtextextended('warmcall setting ' || $1, 0))", key);
    Rows rows = db_.ask("SELECT value FROM setting WHERE key = $1 FOR NO KEY UPDATE", key);
    if (rows.next())
        rows.read(value);
    return value;
}

void PostgresUnit::set_setting(std::string_view key, std::string_view value) {
    put("INSERT INTO setting (key, value) VALUES ($1, $2)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key, value);
}

void PostgresUnit::add_token(const ApiToken& t) {
    put("INSERT INTO api_token (name, hash, rep, created_at, last_used_at, revoked_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        t.name, t.hash, t.rep, t.created_at, t.last_used_at, t.revoked_at);
}

bool PostgresUnit::revoke_token(std::string_view name, core::Timestamp now) {
    return put_and_ask(
               "UPDATE api_token SET revoked_at = $1 WHERE name = $2 AND revoked_at IS NULL", now,
               name)
               .changed() > 0;
}

void PostgresUnit::add_session(const Session& s) {
    put("DELETE FROM session WHERE expires_at <= $1", s.created_at);
    put("INSERT INTO session (hash, rep, created_at, seen_at, expires_at, device)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        s.hash, s.rep, s.created_at, s.seen_at, s.expires_at, s.device);
}

void PostgresUnit::touch_session(std::string_view hash, core::Timestamp now) {
    put("UPDATE session SET seen_at = $1 WHERE hash = $2", now, hash);
}

void PostgresUnit::end_session(std::string_view hash) {
    put("DELETE FROM session WHERE hash = $1", hash);
}

void PostgresUnit::add_link(std::string_view hash, const core::RepId& rep,
                            core::Timestamp expires_at) {
    put("INSERT INTO sign_in_link (hash, rep, expires_at) VALUES ($1, $2, $3)", hash, rep,
        expires_at);
}

std::optional<core::RepId> PostgresUnit::use_link(std::string_view hash, core::Timestamp now) {
    put("DELETE FROM sign_in_link WHERE expires_at <= $1", now);
    Rows rows = put_and_ask("DELETE FROM sign_in_link WHERE hash = $1 RETURNING rep", hash);
    if (!rows.next())
        return std::nullopt;
    core::RepId rep;
    rows.read(rep);
    return rep;
}

std::optional<KeptAnswer> PostgresUnit::kept_answer(std::string_view key) {
    Rows rows = db_.ask("SELECT request_hash, status, body FROM kept_answer WHERE key = $1", key);
    if (!rows.next())
        return std::nullopt;
    KeptAnswer answer;
    rows.read(answer.request_hash, answer.status, answer.body);
    return answer;
}

void PostgresUnit::drop_answers(core::Timestamp now) {
    put("DELETE FROM kept_answer WHERE at <= $1", now - std::chrono::hours{24});
}

void PostgresUnit::keep_answer(std::string_view key, const KeptAnswer& answer,
                               core::Timestamp now) {
    drop_answers(now);
    put("INSERT INTO kept_answer (key, request_hash, status, body, at) VALUES ($1, $2, $3, $4, $5)",
        key, answer.request_hash, answer.status, answer.body, now);
}

void PostgresUnit::set_rep_away(const core::RepId& rep, std::optional<core::Timestamp> until) {
    put("INSERT INTO rep (id, away_until) VALUES ($1, $2)"
        " ON CONFLICT (id) DO UPDATE SET away_until = excluded.away_until",
        rep, until);
}

}  // namespace warmcall::store::pg
