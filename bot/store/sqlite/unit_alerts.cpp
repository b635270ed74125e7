// The reps' phones: what is to be told, and how it went. In doubt it is told again.

#include "store/sqlite/unit.hpp"

namespace warmcall::store {

namespace {

constexpr auto alert_columns = [](Rows& rows) {
    Alert a;
    rows.read(a.id, a.rep, a.contact, a.prompt, a.text, a.tries, a.needs_template, a.token,
              a.provider_id);
    return a;
};

}  // namespace

std::vector<Alert> SqliteUnit::claim_alerts(core::Timestamp now, core::Duration lease,
                                            std::span<const Token> tokens) {
    std::vector<Alert> claimed;
    {
        Rows rows =
            sql("SELECT id, rep, contact_id, prompt_id, text, tries, needs_template, token, provider_id FROM alert"
                " WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT ?")
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
    for (const AlertOutcome& o : outcomes) {
        std::string state;
        bool again = false;
        {
            Rows rows = sql("SELECT state, again FROM alert WHERE id = ?").rows(o.id);
            if (!rows.next())
                continue;
            rows.read(state, again);
        }
        std::string_view next = o.done && !again ? "done" : "waiting";
        if (state == "dropped")
            next = "dropped";  // acknowledged while it was on its way
        sql("UPDATE alert SET state = ?, leased = 0, again = 0, tries = CASE ? WHEN 1 THEN 0 ELSE tries END, due_at = ?,"
            " needs_template = ?, provider_id = coalesce(?, provider_id), problem = ? WHERE id = ?")
            .run(next, again, again ? now : o.again_at.value_or(now), o.needs_template,
                 unless_empty(o.provider_id), o.problem, o.id);
        tally("alert", "waiting", (next == "waiting" ? 1 : 0) - (state == "waiting" ? 1 : 0));
    }
}

std::optional<Alert> SqliteUnit::alert_by(const core::ChannelId&, std::string_view provider_id) {
    // Not by channel: an alert goes out over whichever channel its rep has, and the ids are the
    // providers' own.
    Rows rows =
        sql("SELECT id, rep, contact_id, prompt_id, text, tries, needs_template, token, provider_id FROM alert WHERE provider_id = ?"
            " ORDER BY id DESC LIMIT 1")
            .rows(provider_id);
    if (!rows.next())
        return std::nullopt;
    return alert_columns(rows);
}

void SqliteUnit::drop_alerts(core::PromptId prompt) {
    tally(
        "alert", "waiting",
        -sql("UPDATE alert SET state = 'dropped', again = 0 WHERE prompt_id = ? AND state = 'waiting'")
             .run(prompt));
}

void SqliteUnit::rep_wrote(const core::RepId& rep, const core::ChannelId& channel,
                           core::Timestamp window_until) {
    sql("INSERT INTO rep_window (rep, channel, until_at) VALUES (?, ?, ?)"
        " ON CONFLICT (rep, channel) DO UPDATE SET until_at = max(until_at, excluded.until_at)")
        .run(rep, channel, window_until);
}

}  // namespace warmcall::store
