// The reps' phones: what is to be told, and how it went. In doubt it is told again. How many wait
// is counted where it is asked: they are few, and have an index of their own.

#include "store/postgres/reads.hpp"
#include "store/postgres/unit.hpp"

namespace warmcall::store::pg {

namespace {

#define WARMCALL_PG_ALERT                                                                       \
    "id, rep, contact_id, prompt_id, text, tries, needs_template, token, provider_id, device, " \
    "coalesce(origin, 0), shown"

enum Shown : int { not_shown = 0, shown = 1, take_back = 2 };

Alert read_alert(Rows& rows) {
    Alert a;
    int on_screen = not_shown;
    rows.read(a.id, a.rep, a.contact, a.prompt, a.text, a.tries, a.needs_template, a.token,
              a.provider_id, a.device, a.origin, on_screen);
    a.take_back = on_screen == take_back;
    return a;
}

std::optional<Alert> one_alert(Rows rows) {
    return rows.next() ? std::optional{read_alert(rows)} : std::nullopt;
}

std::vector<Alert> all_alerts(Rows rows) {
    std::vector<Alert> found;
    while (rows.next())
        found.push_back(read_alert(rows));
    return found;
}

// What is stored of an alert that comes back.
struct Stored {
    std::string state;
    bool again = false, notice = false;
    std::int64_t origin = 0;
    int on_screen = not_shown;
    Token token{};
};

// What becomes of it.
struct Settled {
    std::string_view state;
    bool again = false, told = false;
    int on_screen = not_shown;
};

Settled settled(const Stored& was, const AlertOutcome& o) {
    Settled s{.again = was.again,
              .told = o.done && !o.failed && was.on_screen != take_back,
              .on_screen = was.on_screen};
    s.state = o.done && !was.again ? "done" : "waiting";
    if (was.state == "dropped")
        s.state = "dropped";  // acknowledged while it was on its way
    if (s.told)
        s.on_screen = o.can_take_back ? shown : not_shown;
    else if (o.done)
        s.on_screen = not_shown;
    if (was.state == "dropped" && s.on_screen == shown) {
        s.on_screen = take_back;
        s.state = "waiting";
        s.again = true;
    }
    return s;
}

}  // namespace

std::vector<Alert> PostgresUnit::claim_alerts(core::Timestamp now, core::Duration lease,
                                              std::span<const Token> tokens) {
    std::vector<Alert> claimed;
    const core::Timestamp lease_now = lease_time_ == LeaseTime::given ? now : database_now();
    Rows rows = db_.ask("SELECT " WARMCALL_PG_ALERT
                        " FROM alert WHERE state = 'waiting' AND due_at <= greatest($1, $2)"
                        " AND due_at <= CASE WHEN leased THEN $2 ELSE $1 END"
                        " ORDER BY due_at, id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED",
                        now, lease_now, tokens.size());
    Many taken;
    while (rows.next()) {
        Alert& a = claimed.emplace_back(read_alert(rows));
        a.token = tokens[claimed.size() - 1];
        ++a.tries;
        taken.add(a.id, a.token, lease_now + lease);
    }
    put_rows(
        "UPDATE alert a SET leased = true, due_at = v.until, tries = a.tries + 1, token = v.token"
        " FROM unnest($1, $2, $3) AS v(id, token, until) WHERE a.id = v.id",
        taken);
    return claimed;
}

void PostgresUnit::settle_alerts(std::span<const AlertOutcome> outcomes, core::Timestamp now) {
    Column ids{Wire::int8};
    for (const AlertOutcome& o : outcomes)
        ids.add(o.id);
    std::map<std::int64_t, Stored> stored;
    Rows rows = db_.ask(
        "SELECT id, state, again, prompt_id IS NULL, coalesce(origin, 0), shown, token FROM alert"
        " WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE",
        ids);
    while (rows.next()) {
        std::int64_t id = 0;
        Stored s;
        rows.read(id, s.state, s.again, s.notice, s.origin, s.on_screen, s.token);
        stored[id] = std::move(s);
    }
    for (const AlertOutcome& o : outcomes) {
        const auto was = stored.find(o.id);
        if (was != stored.end() && (!o.claim || *o.claim == was->second.token)) {
            const Settled s = settled(was->second, o);
            put("UPDATE alert SET state = $2, leased = false, again = false,"
                " tries = CASE WHEN $3 THEN 0 ELSE tries - $4 END, due_at = $5,"
                " needs_template = $6, provider_id = coalesce($7, provider_id), problem = $8,"
                " shown = $9 WHERE id = $1",
                o.id, s.state, s.again, o.not_tried ? 1 : 0,
                s.again ? now : o.again_at.value_or(now), o.needs_template,
                unless_empty(o.provider_id), o.problem, s.on_screen);
            if (was->second.origin != 0 && o.failed && was->second.state != "dropped")
                tell_next_device(was->second.origin, now);
            if (was->second.origin != 0 && s.told && was->second.notice)
                drop_later_devices(was->second.origin);
        }
    }
}

// Unless another device took it, or has it in hand.
void PostgresUnit::tell_next_device(std::int64_t origin, core::Timestamp now) {
    put("UPDATE alert SET due_at = $2 WHERE origin = $1 AND state = 'waiting' AND due_at > $2"
        " AND due_at = (SELECT min(due_at) FROM alert WHERE origin = $1 AND state = 'waiting')"
        " AND NOT EXISTS (SELECT 1 FROM alert WHERE origin = $1"
        "  AND (leased OR (state = 'done' AND problem = '')))",
        origin, now);
}

// A notice asks for nothing, so that nobody acknowledges it: one device is enough.
void PostgresUnit::drop_later_devices(std::int64_t origin) {
    put("UPDATE alert SET state = 'dropped' WHERE origin = $1 AND state = 'waiting'"
        " AND NOT leased",
        origin);
}

std::vector<Alert> PostgresUnit::alerts_by(const core::ChannelId&, std::string_view provider_id) {
    // Not by channel: an alert goes out over whichever channel its rep has, and the ids are the
    // providers' own.
    return all_alerts(db_.ask(
        "SELECT " WARMCALL_PG_ALERT " FROM alert WHERE provider_id = $1 ORDER BY id", provider_id));
}

std::optional<Alert> PostgresUnit::last_alert(const core::RepId& rep) {
    return one_alert(db_.ask("SELECT " WARMCALL_PG_ALERT
                             " FROM alert WHERE rep = $1 AND prompt_id IS NOT NULL"
                             " AND provider_id IS NOT NULL ORDER BY id DESC LIMIT 1",
                             rep));
}

void PostgresUnit::split_alert(const Alert& alert, std::span<const AlertPart> parts,
                               core::Timestamp now) {
    put("UPDATE alert SET state = 'done', leased = false, again = false, due_at = $1"
        " WHERE id = $2 AND state = 'waiting'",
        now, alert.id);
    Many rows;
    for (const AlertPart& part : parts)
        rows.add(alert.id, part.device, part.due_at);
    put_rows(
        "INSERT INTO alert AS a (contact_id, rep, prompt_id, ladder_step, text, state, due_at,"
        " leased, again, tries, needs_template, problem, device, origin)"
        " SELECT o.contact_id, o.rep, o.prompt_id, o.ladder_step, o.text, 'waiting', v.due_at,"
        "  false, false, 0, false, '', v.device, o.id"
        " FROM unnest($1, $2, $3) AS v(id, device, due_at) JOIN alert o ON o.id = v.id"
        " ON CONFLICT (origin, device) WHERE origin IS NOT NULL DO UPDATE SET state = 'waiting',"
        " due_at = excluded.due_at, again = a.leased, tries = 0, shown = 0, problem = ''",
        rows);
}

void PostgresUnit::tell_rep(const RepNotice& notice, core::Timestamp now) {
    put("INSERT INTO alert (contact_id, rep, ladder_step, text, state, due_at, leased, again,"
        " tries, needs_template, problem, device)"
        " VALUES ($1, $2, 0, $3, 'waiting', $4, false, false, 0, false, '', $5)",
        notice.contact.value, notice.rep, notice.text, now, notice.device);
}

void PostgresUnit::drop_alerts(core::PromptId prompt) {
    drop_alerts_of({prompt});
}

void PostgresUnit::drop_alerts_of(const std::vector<core::PromptId>& prompts) {
    if (prompts.empty())
        return;
    Column ids{Wire::int8};
    for (const core::PromptId id : prompts)
        ids.add(id);
    put("UPDATE alert SET state = 'waiting', shown = 2, tries = 0"
        " WHERE prompt_id = ANY($1) AND state = 'done' AND shown = 1",
        ids);
    put("UPDATE alert SET state = 'dropped', again = false"
        " WHERE prompt_id = ANY($1) AND state = 'waiting' AND shown <> 2",
        ids);
}

std::int64_t PostgresUnit::add_device(const StoredDevice& d) {
    Rows rows = put_and_ask(
        "INSERT INTO device (rep, way, name, address, keys, created_at, seen_at, problem)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, '') ON CONFLICT (address) DO UPDATE SET"
        " rep = excluded.rep, way = excluded.way, name = excluded.name, keys = excluded.keys,"
        " seen_at = excluded.seen_at, problem = '' RETURNING id",
        d.rep, d.way, d.name, d.address, d.keys, d.created_at, d.seen_at);
    std::int64_t id = 0;
    if (rows.next())
        rows.read(id);
    return id;
}

bool PostgresUnit::remove_device(std::int64_t id) {
    return put_and_ask("DELETE FROM device WHERE id = $1", id).changed() > 0;
}

void PostgresUnit::note_device(std::int64_t id, std::string_view problem, core::Timestamp now) {
    put("UPDATE device SET told_at = CASE $2 WHEN '' THEN $3 ELSE told_at END, problem = $2"
        " WHERE id = $1",
        id, problem, now);
}

std::vector<StoredDevice> PostgresUnit::devices(const core::RepId& rep) {
    return find_devices(db_, rep);
}

void PostgresUnit::rep_wrote(const core::RepId& rep, const core::ChannelId& channel,
                             core::Timestamp window_until) {
    put("INSERT INTO rep_window AS w (rep, channel, until_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (rep, channel) DO UPDATE SET until_at = greatest(w.until_at, excluded.until_at)",
        rep, channel, window_until);
}

}  // namespace warmcall::store::pg
