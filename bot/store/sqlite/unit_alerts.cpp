// The reps' phones: what is to be told, and how it went. In doubt it is told again.

#include "store/sqlite/reads.hpp"
#include "store/sqlite/unit.hpp"

namespace warmcall::store {

namespace {

#define WARMCALL_ALERT_COLUMNS                                                                  \
    "id, rep, contact_id, prompt_id, text, tries, needs_template, token, provider_id, device, " \
    "coalesce(origin, 0), shown"

enum Shown : int { not_shown = 0, shown = 1, take_back = 2 };

constexpr auto alert_columns = [](Rows& rows) {
    Alert a;
    int on_screen = not_shown;
    rows.read(a.id, a.rep, a.contact, a.prompt, a.text, a.tries, a.needs_template, a.token,
              a.provider_id, a.device, a.origin, on_screen);
    a.take_back = on_screen == take_back;
    return a;
};

}  // namespace

std::vector<Alert> SqliteUnit::claim_alerts(core::Timestamp now, core::Duration lease,
                                            std::span<const Token> tokens) {
    std::vector<Alert> claimed;
    {
        Rows rows =
            sql("SELECT " WARMCALL_ALERT_COLUMNS
                " FROM alert WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT ?")
                .rows(now, tokens.size());
        while (rows.next())
            claimed.push_back(alert_columns(rows));
    }
    for (std::size_t i = 0; i < claimed.size(); ++i) {
        claimed[i].token = tokens[i];
        ++claimed[i].tries;
        sql("UPDATE alert SET leased = 1, due_at = ?, tries = tries + 1, token = ? WHERE id = ?")
            .run(now + lease, tokens[i], claimed[i].id);
    }
    return claimed;
}

void SqliteUnit::settle_alerts(std::span<const AlertOutcome> outcomes, core::Timestamp now) {
    for (const AlertOutcome& outcome : outcomes)
        settle_alert(outcome, now);
}

void SqliteUnit::settle_alert(const AlertOutcome& o, core::Timestamp now) {
    std::string state;
    bool again = false, notice = false;
    std::int64_t origin = 0;
    int on_screen = not_shown;
    {
        Rows rows =
            sql("SELECT state, again, prompt_id IS NULL, coalesce(origin, 0), shown, token FROM alert WHERE id = ?")
                .rows(o.id);
        if (!rows.next())
            return;
        Token token{};
        rows.read(state, again, notice, origin, on_screen, token);
        if (o.claim && *o.claim != token)
            return;
    }
    const bool told = o.done && !o.failed && on_screen != take_back;
    std::string_view next = o.done && !again ? "done" : "waiting";
    if (state == "dropped")
        next = "dropped";  // acknowledged while it was on its way
    if (told)
        on_screen = o.can_take_back ? shown : not_shown;
    else if (o.done)
        on_screen = not_shown;
    if (state == "dropped" && on_screen == shown) {
        on_screen = take_back;
        next = "waiting";
        again = true;
    }
    sql("UPDATE alert SET state = ?, leased = 0, again = 0, tries = CASE ? WHEN 1 THEN 0 ELSE tries - ? END, due_at = ?,"
        " needs_template = ?, provider_id = coalesce(?, provider_id), problem = ?, shown = ? WHERE id = ?")
        .run(next, again, o.not_tried ? 1 : 0, again ? now : o.again_at.value_or(now),
             o.needs_template, unless_empty(o.provider_id), o.problem, on_screen, o.id);
    tally("alert", "waiting", (next == "waiting" ? 1 : 0) - (state == "waiting" ? 1 : 0));
    if (origin != 0 && o.failed && state != "dropped")
        tell_next_device(origin, now);
    if (origin != 0 && told && notice)
        drop_later_devices(origin);
}

// Unless another device took it, or has it in hand.
void SqliteUnit::tell_next_device(std::int64_t origin, core::Timestamp now) {
    sql("UPDATE alert SET due_at = ?2 WHERE origin = ?1 AND state = 'waiting' AND due_at > ?2"
        " AND due_at = (SELECT min(due_at) FROM alert WHERE origin = ?1 AND state = 'waiting')"
        " AND NOT EXISTS (SELECT 1 FROM alert WHERE origin = ?1 AND (leased = 1 OR (state = 'done' AND problem = '')))")
        .run(origin, now);
}

// A notice asks for nothing, so that nobody acknowledges it: one device is enough.
void SqliteUnit::drop_later_devices(std::int64_t origin) {
    tally(
        "alert", "waiting",
        -sql("UPDATE alert SET state = 'dropped' WHERE origin = ? AND state = 'waiting' AND leased = 0")
             .run(origin));
}

std::vector<Alert> SqliteUnit::alerts_by(const core::ChannelId&, std::string_view provider_id) {
    // Not by channel: an alert goes out over whichever channel its rep has, and the ids are the
    // providers' own.
    Rows rows =
        sql("SELECT " WARMCALL_ALERT_COLUMNS " FROM alert WHERE provider_id = ? ORDER BY id")
            .rows(provider_id);
    std::vector<Alert> found;
    while (rows.next())
        found.push_back(alert_columns(rows));
    return found;
}

std::optional<Alert> SqliteUnit::last_alert(const core::RepId& rep) {
    Rows rows =
        sql("SELECT " WARMCALL_ALERT_COLUMNS
            " FROM alert WHERE rep = ? AND prompt_id IS NOT NULL AND provider_id IS NOT NULL ORDER BY id DESC LIMIT 1")
            .rows(rep);
    if (!rows.next())
        return std::nullopt;
    return alert_columns(rows);
}

void SqliteUnit::split_alert(const Alert& alert, std::span<const AlertPart> parts,
                             core::Timestamp now) {
    sql("UPDATE alert SET state = 'done', leased = 0, again = 0, due_at = ? WHERE id = ? AND state = 'waiting'")
        .run(now, alert.id);
    tally("alert", "waiting", -1);
    for (const AlertPart& part : parts) {
        bool waits = false;
        {
            Rows rows = sql("SELECT state = 'waiting' FROM alert WHERE origin = ? AND device = ?")
                            .rows(alert.id, part.device);
            if (rows.next())
                rows.read(waits);
        }
        sql("INSERT INTO alert (contact_id, rep, prompt_id, ladder_step, text, state, due_at, leased, again, tries, needs_template,"
            " problem, device, origin)"
            " SELECT contact_id, rep, prompt_id, ladder_step, text, 'waiting', ?3, 0, 0, 0, 0, '', ?2, id FROM alert WHERE id = ?1"
            " ON CONFLICT (origin, device) WHERE origin IS NOT NULL DO UPDATE SET state = 'waiting', due_at = excluded.due_at,"
            " again = leased, tries = 0, shown = 0, problem = ''")
            .run(alert.id, part.device, part.due_at);
        if (!waits)
            tally("alert", "waiting", 1);
    }
}

void SqliteUnit::tell_rep(const RepNotice& notice, core::Timestamp now) {
    sql("INSERT INTO alert (contact_id, rep, ladder_step, text, state, due_at, leased, again, tries, needs_template, problem, device)"
        " VALUES (?, ?, 0, ?, 'waiting', ?, 0, 0, 0, 0, '', ?)")
        .run(notice.contact, notice.rep, notice.text, now, notice.device);
    tally("alert", "waiting", 1);
}

void SqliteUnit::drop_alerts(core::PromptId prompt) {
    const std::int64_t taken_back =
        sql("UPDATE alert SET state = 'waiting', shown = 2, tries = 0 WHERE prompt_id = ? AND state = 'done' AND shown = 1")
            .run(prompt);
    const std::int64_t dropped =
        sql("UPDATE alert SET state = 'dropped', again = 0 WHERE prompt_id = ? AND state = 'waiting' AND shown <> 2")
            .run(prompt);
    tally("alert", "waiting", taken_back - dropped);
}

void SqliteUnit::rep_wrote(const core::RepId& rep, const core::ChannelId& channel,
                           core::Timestamp window_until) {
    sql("INSERT INTO rep_window (rep, channel, until_at) VALUES (?, ?, ?)"
        " ON CONFLICT (rep, channel) DO UPDATE SET until_at = max(until_at, excluded.until_at)")
        .run(rep, channel, window_until);
}

std::int64_t SqliteUnit::add_device(const StoredDevice& d) {
    {
        Rows rows =
            sql("UPDATE device SET rep = ?, way = ?, name = ?, keys = ?, seen_at = ?, problem = '' WHERE address = ? RETURNING id")
                .rows(d.rep, d.way, d.name, d.keys, d.seen_at, d.address);
        std::int64_t id = 0;
        if (rows.next()) {
            rows.read(id);
            return id;
        }
    }
    return sql("INSERT INTO device (rep, way, name, address, keys, created_at, seen_at, problem) VALUES (?, ?, ?, ?, ?, ?, ?, '')")
        .insert(d.rep, d.way, d.name, d.address, d.keys, d.created_at, d.seen_at);
}

bool SqliteUnit::remove_device(std::int64_t id) {
    return sql("DELETE FROM device WHERE id = ?").run(id) > 0;
}

void SqliteUnit::note_device(std::int64_t id, std::string_view problem, core::Timestamp now) {
    sql("UPDATE device SET told_at = CASE ?2 WHEN '' THEN ?3 ELSE told_at END, problem = ?2 WHERE id = ?1")
        .run(id, problem, now);
}

std::vector<StoredDevice> SqliteUnit::devices(const core::RepId& rep) {
    return find_devices(db_, rep);
}

}  // namespace warmcall::store
