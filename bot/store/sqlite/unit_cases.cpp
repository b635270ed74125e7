// Cases: read whole, decided elsewhere, and written back as what differs.

#include <algorithm>
#include <cassert>

#include "core/delivery.hpp"
#include "store/sqlite/unit.hpp"

namespace warmcall::store {

namespace {

// A phase as its columns.
struct PhaseColumns {
    std::optional<std::string_view> by;
    std::optional<core::Timestamp> at;
    std::optional<std::string_view> reason;

    void operator()(const core::Planned&) {}
    void operator()(const core::Warming&) {}
    void operator()(const core::CallDue&) {}
    void operator()(const core::Waiting&) {}
    void operator()(const core::OnCall& p) { by = unless_empty(p.by.value), at = p.since; }
    void operator()(const core::WrapUp& p) { by = unless_empty(p.by.value), at = p.since; }
    void operator()(const core::Held& p) { at = p.until, reason = word(p.reason); }
    void operator()(const core::Closed& p) { at = p.at, reason = word(p.reason); }
};

bool is_closed(const core::Outreach& o) {
    return std::holds_alternative<core::Closed>(o.phase);
}

// An outreach's columns that are not simply its members.
struct OutreachColumns {
    PhaseColumns phase;
    std::optional<core::ActionKind> next_kind;
    std::optional<std::string_view> next_owner;
    std::optional<core::Timestamp> next_due_at, wake_at;
    std::optional<core::Timestamp> promise_at;
    std::optional<std::string_view> promise_topic;

    explicit OutreachColumns(const core::Outreach& o) {
        std::visit([this](const auto& p) { phase(p); }, o.phase);
        if (!is_closed(o)) {  // when it is closed nothing is next
            next_kind = o.next.kind;
            next_owner = unless_empty(o.next.owner.value);
            next_due_at = o.next.due_at;
            wake_at = o.wake_at;
        }
        if (o.promise) {
            promise_at = o.promise->at;
            promise_topic = o.promise->topic;
        }
    }
};

bool is_open(const std::optional<core::Prompt>& prompt) {
    return prompt && prompt->open;
}

}  // namespace

// One Change on its way into the tables, with the numbers that what is new in it was given.
struct SqliteUnit::Saving {
    const core::Case& before;
    const core::Case& after;
    std::string_view actor;
    core::Timestamp now;
    core::ContactId contact{};
    core::OutreachId outreach{};
    core::PromptId prompt{};                   // the open one
    std::optional<std::int64_t> last_line{};   // of the outreach's timeline, when some were added
    std::optional<std::int64_t> last_reply{};  // of the contact, when there are new ones
    std::vector<core::Message> messages{};     // as they are stored now
};

std::vector<SharedCase> SqliteUnit::load(std::span<const Wanted> wanted) {
    std::vector<SharedCase> cases;
    cases.reserve(wanted.size());
    for (const Wanted& w : wanted) {
        SharedCase found = cases_.find(w.contact);
        if (found == nullptr) {
            auto stored = read_case(db_, w.contact);
            if (!stored)
                throw std::out_of_range{"there is no contact " + std::to_string(w.contact.value)};
            found = std::make_shared<const core::Case>(std::move(*stored));
            if (found->contact.id == w.contact)  // not merged into another
                cases_.put(found);
        }
        if (w.message && !core::message_in(*found, *w.message)) {
            core::Case more = *found;
            add_message(db_, more, *w.message);
            found = std::make_shared<const core::Case>(std::move(more));
        }
        cases.push_back(std::move(found));
    }
    return cases;
}

void SqliteUnit::save(std::span<const Change> changes, core::Timestamp now) {
    for (const Change& change : changes)
        save_one(change, now);
}

void SqliteUnit::save_one(const Change& change, core::Timestamp now) {
    Saving saving{*change.before, *change.after, change.actor, now};
    saving.contact = saving.after.contact.id;
    const bool is_new = !saving.before.outreach;
    if (is_new)
        save_outreach(saving);  // the others need its number
    else
        saving.outreach = saving.before.outreach->id;
    for (const core::Effect& effect : change.effects)
        std::visit([&](const auto& e) { record(saving, e); }, effect);
    save_prompt(saving);
    if (is_new)
        link_outreach(saving);
    else
        save_outreach(saving);  // with the numbers of what hangs on it, in one write
    save_contact(saving.before.contact, saving.after.contact, saving.last_reply, now);
    save_messages(saving);
    for (const core::Effect& effect : change.effects) {
        if (const auto* told = std::get_if<core::TellRep>(&effect))
            tell(saving, *told);
    }
    remember(saving);
}

namespace {

// What changes more than one row of one table: it is read again when it is asked for.
bool changes_much(const core::Case& before, const core::Case& after) {
    const core::Contact &was = before.contact, &is = after.contact;
    const bool goes_on = before.outreach && after.outreach && core::live(*after.outreach) &&
                         before.outreach->round == after.outreach->round;
    return !goes_on || was.consent != is.consent || was.addresses != is.addresses ||
           was.suppressions != is.suppressions;
}

}  // namespace

// The case as load() would read it now.
void SqliteUnit::remember(const Saving& saving) {
    if (changes_much(saving.before, saving.after)) {
        cases_.forget(saving.contact);
        return;
    }
    core::Case stored = saving.after;
    const core::Case& before = saving.before;
    stored.contact.version =
        before.contact.version + (before.contact == saving.after.contact ? 0 : 1);
    std::ranges::sort(stored.contact.windows, {}, &core::Window::channel);
    stored.outreach->version =
        before.outreach->version +
        (before.outreach == saving.after.outreach && before.prompt == saving.after.prompt ? 0 : 1);
    if (is_open(stored.prompt)) {
        stored.prompt->id = saving.prompt;
        stored.prompt->contact = saving.contact;
        stored.prompt->outreach = saving.outreach;
    } else {
        stored.prompt.reset();
    }
    stored.messages.clear();
    for (const core::Message& m : saving.messages) {
        if (m.outreach == stored.outreach->id && m.round == stored.outreach->round)
            stored.messages.push_back(m);
    }
    std::ranges::sort(stored.messages, {}, &core::Message::id);
    cases_.put(std::make_shared<const core::Case>(std::move(stored)));
    assert(read_case(db_, saving.contact) == *cases_.find(saving.contact));
}

void SqliteUnit::save_outreach(Saving& saving) {
    const auto& before = saving.before.outreach;
    const auto& after = saving.after.outreach;
    if (before && (!after || after->id != before->id))
        throw std::logic_error{"a live outreach cannot vanish: it is closed first, then saved"};
    if (!after)
        return;
    if (!before) {
        insert_outreach(saving);
        return;
    }
    // The outreach's version guards its prompt as well: two reps who claim it at once must not both
    // have it.
    if (before != after)
        update_outreach(saving);
    else if (saving.before.prompt != saving.after.prompt || saving.last_line)
        touch_outreach(saving);
}

void SqliteUnit::insert_outreach(Saving& saving) {
    const core::Outreach& o = *saving.after.outreach;
    const OutreachColumns c{o};
    saving.outreach.value =
        sql("INSERT INTO outreach (contact_id, live, phase, phase_by, phase_at, phase_reason, next_kind, next_owner, next_due_at, wake_at, round,"
            " attempt, rerouted, replied_at, promise_at, promise_topic, enrolled_at, cadence)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .insert(saving.contact, !is_closed(o), phase_word(o.phase), c.phase.by, c.phase.at,
                    c.phase.reason, c.next_kind, c.next_owner, c.next_due_at, c.wake_at, o.round,
                    o.attempt, o.rerouted, o.replied_at, c.promise_at, c.promise_topic,
                    o.enrolled_at, o.cadence);
    if (c.wake_at)
        wake_outreach(saving.outreach, *c.wake_at, saving.now);
    tally("outreach", phase_word(o.phase), 1);
}

void SqliteUnit::link_outreach(const Saving& saving) {
    if (saving.outreach && (saving.prompt || saving.last_line))
        sql("UPDATE outreach SET prompt_id = ?, last_line = ? WHERE id = ?")
            .run(saving.prompt, saving.last_line, saving.outreach);
}

namespace {

// Equal but for when it is looked at again: most receipts change no more than that.
bool only_later(const core::Case& before, const core::Case& after) {
    if (before.prompt != after.prompt)
        return false;
    core::Outreach moved = *before.outreach;
    moved.next.due_at = after.outreach->next.due_at;
    moved.wake_at = after.outreach->wake_at;
    return moved == *after.outreach;
}

}  // namespace

// SQLite rewrites every tree a named column is part of, and looks up what it refers to, changed or
// not: so an update names no more than it must.
void SqliteUnit::update_outreach(Saving& saving) {
    const core::Outreach& o = *saving.after.outreach;
    const core::Outreach& was = *saving.before.outreach;
    if (is_closed(was))
        throw std::logic_error{"a closed outreach is not opened again: the next one is new"};
    const OutreachColumns c{o};
    const std::int64_t changed =
        only_later(saving.before, saving.after)
            ? sql("UPDATE outreach SET next_due_at = ?, wake_at = ?, last_line = coalesce(?, last_line), version = version + 1"
                  " WHERE id = ? AND version = ?")
                  .run(c.next_due_at, c.wake_at, saving.last_line, o.id, was.version)
        : is_closed(o)
            ? sql("UPDATE outreach SET live = 0, phase = ?, phase_by = NULL, phase_at = ?, phase_reason = ?, next_kind = NULL, next_owner = NULL,"
                  " next_due_at = NULL, wake_at = NULL, round = ?, attempt = ?, rerouted = ?, replied_at = ?, promise_at = ?, promise_topic = ?,"
                  " prompt_id = ?, last_line = coalesce(?, last_line), version = version + 1 WHERE id = ? AND version = ?")
                  .run(phase_word(o.phase), c.phase.at, c.phase.reason, o.round, o.attempt,
                       o.rerouted, o.replied_at, c.promise_at, c.promise_topic, saving.prompt,
                       saving.last_line, o.id, was.version)
            : sql("UPDATE outreach SET phase = ?, phase_by = ?, phase_at = ?, phase_reason = ?, next_kind = ?, next_due_at = ?, wake_at = ?,"
                  " round = ?, attempt = ?, rerouted = ?, replied_at = ?, promise_at = ?, promise_topic = ?, enrolled_at = ?,"
                  " cadence = ?, prompt_id = ?, last_line = coalesce(?, last_line), version = version + 1 WHERE id = ? AND version = ?")
                  .run(phase_word(o.phase), c.phase.by, c.phase.at, c.phase.reason, c.next_kind,
                       c.next_due_at, c.wake_at, o.round, o.attempt, o.rerouted, o.replied_at,
                       c.promise_at, c.promise_topic, o.enrolled_at, o.cadence, saving.prompt,
                       saving.last_line, o.id, was.version);
    if (changed != 1)
        throw Conflict{"the outreach was changed meanwhile"};
    if (!is_closed(o) && o.next.owner != was.next.owner)
        sql("UPDATE outreach SET next_owner = ? WHERE id = ?").run(c.next_owner, o.id);
    if (c.wake_at && *c.wake_at < was.wake_at)
        wake_outreach(o.id, *c.wake_at, saving.now);
    if (phase_word(was.phase) != phase_word(o.phase)) {
        tally("outreach", phase_word(was.phase), -1);
        tally("outreach", phase_word(o.phase), 1);
    }
}

void SqliteUnit::touch_outreach(const Saving& saving) {
    const core::Outreach& was = *saving.before.outreach;
    const bool other_prompt = saving.before.prompt != saving.after.prompt;
    if (sql("UPDATE outreach SET version = version + ?, prompt_id = ?, last_line = coalesce(?, last_line) WHERE id = ? AND version = ?")
            .run(other_prompt ? 1 : 0, saving.prompt, saving.last_line, was.id, was.version) != 1)
        throw Conflict{"the outreach was changed meanwhile"};
}

// What the timeline says of this change. Each line knows the one before; the last is kept with the
// outreach, which is written anyway.
void SqliteUnit::record(Saving& saving, const core::Noted& noted) {
    if (saving.outreach)
        saving.last_line =
            sql("INSERT INTO event_log (contact_id, outreach_id, prior, at, actor, what, text)"
                " VALUES (?1, ?2, coalesce(?3, (SELECT last_line FROM outreach WHERE id = ?2)), ?4, ?5, ?6, ?7)")
                .insert(saving.contact, saving.outreach, saving.last_line, saving.now, saving.actor,
                        noted.what, noted.text);
    else
        note(saving.contact, saving.now, saving.actor, noted.what, noted.text);
}

// The same for what they wrote, with the contact.
void SqliteUnit::record(Saving& saving, const core::KeepWords& kept) {
    saving.last_reply =
        sql("INSERT INTO reply (contact_id, outreach_id, prior, at, channel, kind, words)"
            " VALUES (?1, ?2, coalesce(?3, (SELECT last_reply FROM contact WHERE id = ?1)), ?4, ?5, ?6, ?7)")
            .insert(saving.contact, saving.outreach, saving.last_reply, kept.at, kept.channel,
                    kept.kind, kept.words);
}

void SqliteUnit::save_prompt(Saving& saving) {
    const auto& before = saving.before.prompt;
    const auto& after = saving.after.prompt;
    const bool same = before && after && before->id == after->id;
    if (is_open(before) && !same)
        close_prompt(before->id);
    if (same) {
        if (*before != *after)
            update_prompt(*before, *after);
        if (after->open)
            saving.prompt = after->id;
    } else if (is_open(after)) {
        insert_prompt(saving, *after);
    }
}

void SqliteUnit::insert_prompt(Saving& saving, const core::Prompt& p) {
    saving.prompt.value =
        sql("INSERT INTO prompt (contact_id, outreach_id, open, rep, kind, reason, words, raised_at, due_at, alert_at, ladder_step,"
            " acknowledged_at, line_state, line_seconds, lease_holder, lease_until) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .insert(saving.contact, saving.outreach, p.rep, p.kind, p.reason, p.words, p.raised_at,
                    p.due_at, p.alert_at, p.ladder_step, p.acknowledged_at,
                    p.line ? std::optional{p.line->state} : std::nullopt,
                    p.line ? std::optional{p.line->seconds} : std::nullopt,
                    p.lease ? std::optional{p.lease->holder} : std::nullopt,
                    p.lease ? std::optional{p.lease->until} : std::nullopt);
    tally("prompts_open", "", 1);
}

void SqliteUnit::update_prompt(const core::Prompt& before, const core::Prompt& after) {
    const std::int64_t changed =
        sql("UPDATE prompt SET kind = ?, reason = ?, words = ?, raised_at = ?, due_at = ?, alert_at = ?, ladder_step = ?, acknowledged_at = ?,"
            " line_state = ?, line_seconds = ?, lease_holder = ?, lease_until = ? WHERE id = ? AND open = ?")
            .run(after.kind, after.reason, after.words, after.raised_at, after.due_at,
                 after.alert_at, after.ladder_step, after.acknowledged_at,
                 after.line ? std::optional{after.line->state} : std::nullopt,
                 after.line ? std::optional{after.line->seconds} : std::nullopt,
                 after.lease ? std::optional{after.lease->holder} : std::nullopt,
                 after.lease ? std::optional{after.lease->until} : std::nullopt, after.id,
                 before.open);
    if (changed != 1)
        throw Conflict{"the prompt was dealt with meanwhile"};
    if (before.rep != after.rep)
        sql("UPDATE prompt SET rep = ? WHERE id = ?").run(after.rep, after.id);
    if (before.open != after.open) {
        sql("UPDATE prompt SET open = ? WHERE id = ?").run(after.open, after.id);
        tally("prompts_open", "", after.open ? 1 : -1);
    }
    const bool acknowledged = !before.acknowledged_at && after.acknowledged_at;
    if (!after.open || acknowledged)
        drop_alerts(after.id);
}

void SqliteUnit::close_prompt(core::PromptId prompt) {
    if (sql("UPDATE prompt SET open = 0, lease_holder = NULL, lease_until = NULL WHERE id = ? AND open = 1")
            .run(prompt) != 1)
        throw Conflict{"the prompt was dealt with meanwhile"};
    tally("prompts_open", "", -1);
    drop_alerts(prompt);
}

void SqliteUnit::save_messages(Saving& saving) {
    for (const core::Message& after : saving.after.messages) {
        core::Message stored = after;
        if (!after.id) {
            if (after.state == core::MessageState::cancelled)
                continue;  // thought better of before it was ever stored
            stored.contact = saving.contact;
            stored.outreach = after.outreach ? after.outreach : saving.outreach;
            stored.facts.queued = after.facts.queued.value_or(saving.now);
            stored.id = insert_message(stored);
        } else {
            const core::Message* before = core::message_in(saving.before, after.id);
            if (before == nullptr)
                throw std::logic_error{"a message is to be saved that was not loaded"};
            if (*before != after)
                stored.facts = update_message(*before, after);
        }
        saving.messages.push_back(std::move(stored));
    }
}

core::MessageId SqliteUnit::insert_message(const core::Message& m) {
    if (m.state != core::MessageState::queued)
        throw std::logic_error{"a new message is queued first"};
    const core::MessageId id{
        sql("INSERT INTO outbox (contact_id, outreach_id, round, step, kind, state, not_before, not_after, tries, queued_at, channel, to_kind,"
            " to_value, template_name, language, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .insert(m.contact, m.outreach, m.round, m.step, m.kind, m.state, m.not_before,
                    m.not_after, m.tries, m.facts.queued, m.channel, m.to.kind, m.to.value,
                    m.template_name, m.language, m.text)};
    tally("message", word(m.state), 1);
    return id;
}

core::Facts SqliteUnit::update_message(const core::Message& before, const core::Message& after) {
    // What is stored may know more than the decision did; a fact once known is never lost.
    const core::Facts known =
        before.facts == after.facts ? before.facts : stored_facts(after.contact, after.id);
    const core::Facts f = core::join(known, after.facts);
    if (update_progress(before, after, f) != 1)
        throw Conflict{"the message went on meanwhile"};
    if (f.failed != known.failed) {
        const FailureColumns failed{f.failed};
        sql("UPDATE outbox SET failed_at = ?, failed_code = ?, failed_class = ? WHERE id = ?")
            .run(failed.at, failed.code, failed.kind, after.id);
    }
    // Its contact was erased while it was on its way: WhatsApp's ids hold the number.
    if (f.provider_id != known.provider_id && !after.to.value.empty())
        sql("UPDATE outbox SET provider_id = ? WHERE id = ?")
            .run(unless_empty(f.provider_id), after.id);
    if (before.state != after.state) {
        tally("message", word(before.state), -1);
        tally("message", word(after.state), 1);
    }
    if (before.channel != after.channel || before.to != after.to ||
        before.template_name != after.template_name || before.language != after.language ||
        before.text != after.text)
        sql("UPDATE outbox SET channel = ?, to_kind = ?, to_value = ?, template_name = ?, language = ?, text = ? WHERE id = ?")
            .run(after.channel, after.to.kind, after.to.value, after.template_name, after.language,
                 after.text, after.id);
    return f;
}

// The state and the times; how many rows were still in the state the decision saw.
std::int64_t SqliteUnit::update_progress(const core::Message& before, const core::Message& after,
                                         const core::Facts& f) {
    if (before.state == core::MessageState::cancelled && after.state != before.state)
        throw std::logic_error{"a cancelled message is not sent after all: the next one is new"};
    const bool only_facts = before.state == after.state && before.not_before == after.not_before &&
                            before.not_after == after.not_after && before.tries == after.tries;
    if (only_facts)  // the busiest write of all
        return sql("UPDATE outbox SET queued_at = ?, claimed_at = ?, unknown_at = ?, accepted_at = ?, sent_at = ?, delivered_at = ?, read_at = ?"
                   " WHERE id = ? AND state = ?")
            .run(f.queued, f.claimed, f.unknown, f.accepted, f.sent, f.delivered, f.read, after.id,
                 before.state);
    core::MessageState seen = before.state;
    if (after.state == core::MessageState::cancelled &&
        seen != after.state) {  // its step's tree is touched by this one only
        if (sql("UPDATE outbox SET cancelled_id = id, state = 'cancelled', lease_until = NULL WHERE id = ? AND state = ?")
                .run(after.id, seen) != 1)
            return 0;
        seen = after.state;
    }
    return sql("UPDATE outbox SET state = ?1, not_before = ?2, not_after = ?3, tries = ?4, queued_at = ?5, claimed_at = ?6, unknown_at = ?7,"
               " accepted_at = ?8, sent_at = ?9, delivered_at = ?10, read_at = ?11, lease_until = CASE ?1 WHEN 'claimed' THEN lease_until END"
               " WHERE id = ?12 AND state = ?13")
        .run(after.state, after.not_before, after.not_after, after.tries, f.queued, f.claimed,
             f.unknown, f.accepted, f.sent, f.delivered, f.read, after.id, seen);
}

core::Facts SqliteUnit::stored_facts(core::ContactId contact, core::MessageId id) {
    if (const SharedCase known = cases_.find(contact)) {
        if (const core::Message* m = core::message_in(*known, id))
            return m->facts;
    }
    Rows rows =
        sql("SELECT queued_at, claimed_at, unknown_at, accepted_at, sent_at, delivered_at, read_at, failed_at, failed_code,"
            " failed_class, provider_id FROM outbox WHERE id = ?")
            .rows(id);
    return rows.next() ? read_facts(rows) : core::Facts{};
}

// A prompt is told once for each rep and step of the ladder. When it is told again because it rose,
// what waits will carry the news anyway; what is done is told anew; what is on its way now is told
// again when it comes back.
void SqliteUnit::tell(const Saving& saving, const core::TellRep& tell) {
    const bool prompt = tell.what == core::TellRep::What::prompt;
    if (prompt && !saving.prompt)
        return;  // raised and dealt with in the same batch
    if (!prompt) {
        sql("INSERT INTO alert (contact_id, rep, ladder_step, text, state, due_at, leased, again, tries, needs_template, problem)"
            " VALUES (?, ?, 0, ?, 'waiting', ?, 0, 0, 0, 0, '')")
            .run(saving.contact, tell.rep, tell.text, saving.now);
        tally("alert", "waiting", 1);
        return;
    }
    const int step = saving.after.prompt->ladder_step;
    const bool waits = [&] {
        Rows rows =
            sql("SELECT 1 FROM alert WHERE prompt_id = ? AND rep = ? AND ladder_step = ? AND device = '' AND state = 'waiting'")
                .rows(saving.prompt, tell.rep, step);
        return rows.next();
    }();
    sql("INSERT INTO alert (contact_id, rep, prompt_id, ladder_step, text, state, due_at, leased, again, tries, needs_template, problem)"
        " VALUES (?, ?, ?, ?, '', 'waiting', ?, 0, 0, 0, 0, '')"
        " ON CONFLICT (prompt_id, rep, ladder_step, device) WHERE prompt_id IS NOT NULL DO UPDATE SET"
        " again = leased, tries = CASE state WHEN 'waiting' THEN tries ELSE 0 END,"
        " due_at = CASE state WHEN 'waiting' THEN due_at ELSE excluded.due_at END, state = 'waiting'")
        .run(saving.contact, tell.rep, saving.prompt, step, saving.now);
    if (!waits)
        tally("alert", "waiting", 1);
}

// A line outside of any outreach.
void SqliteUnit::note(core::ContactId contact, core::Timestamp at, std::string_view actor,
                      std::string_view what, std::string_view text) {
    const std::int64_t line =
        sql("INSERT INTO event_log (contact_id, prior, at, actor, what, text)"
            " VALUES (?1, (SELECT last_line FROM contact WHERE id = ?1), ?2, ?3, ?4, ?5)")
            .insert(contact, at, actor, what, text);
    sql("UPDATE contact SET last_line = ? WHERE id = ?").run(line, contact);
}

}  // namespace warmcall::store
