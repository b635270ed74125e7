// Cases: read whole under lock, decided elsewhere, and written back as what differs: however many
// they are, in one statement for each table.

#include <algorithm>

#include "store/fold.hpp"
#include "store/postgres/unit.hpp"

namespace warmcall::store::pg {

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

bool is_open(const std::optional<core::Prompt>& prompt) {
    return prompt && prompt->open;
}

std::optional<int> minutes_of(const std::optional<core::DayTime>& at) {
    return at ? std::optional{at->minutes} : std::nullopt;
}

template <class T>
bool holds(const std::vector<T>& all, const T& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

bool has_new_outreach(const Change& c) {
    return !c.before->outreach && c.after->outreach;
}

bool has_same_prompt(const Change& c) {
    return c.before->prompt && c.after->prompt && c.before->prompt->id == c.after->prompt->id;
}

bool has_new_prompt(const Change& c) {
    return is_open(c.after->prompt) && !has_same_prompt(c);
}

std::size_t count_of(std::span<const Change> changes, bool (*is)(const Change&)) {
    return static_cast<std::size_t>(std::count_if(changes.begin(), changes.end(), is));
}

}  // namespace

std::vector<SharedCase> PostgresUnit::load(std::span<const Wanted> wanted) {
    std::vector<core::ContactId> contacts;
    std::vector<core::MessageId> messages;
    for (const Wanted& w : wanted) {
        contacts.push_back(w.contact);
        if (w.message)
            messages.push_back(*w.message);
    }
    const Cases found = read_cases(db_, contacts, messages, Lock::yes);
    std::vector<SharedCase> cases;
    cases.reserve(wanted.size());
    for (const Wanted& w : wanted) {
        if (!found.by_asked.contains(w.contact))
            throw std::out_of_range{"there is no contact " + std::to_string(w.contact.value)};
        cases.push_back(std::make_shared<const core::Case>(found.with(w.contact, w.message)));
    }
    return cases;
}

// The rows of one save(), gathered change by change, table by table.
class Saving {
 public:
    Saving(PostgresUnit& unit, core::Timestamp now) : unit_{unit}, now_{now} {}

    void take(const Change& change, core::OutreachId new_outreach, core::PromptId new_prompt);
    void write();

 private:
    // One change, with the numbers that what is new in it was given.
    struct Step {
        const Change& change;
        const core::Case& before;
        const core::Case& after;
        core::ContactId contact;
        core::OutreachId outreach{};
        core::PromptId prompt{};  // the open one
    };

    void take_contact(const Step& s);
    void take_addresses(const Step& s);
    void take_suppressions(const Step& s);
    void take_windows(const Step& s);
    void take_outreach(Step& s, core::OutreachId fresh);
    void add_outreach(Many& to, const Step& s, const core::Outreach& o, std::int64_t version);
    void take_prompt(Step& s, core::PromptId fresh);
    void add_prompt(Many& to, const Step& s, const core::Prompt& p, bool was_open);
    void take_messages(const Step& s);
    void take_message(const core::Message& was, const core::Message& m);
    void take(const Step& s, const core::TellRep& tell);
    void take(const Step& s, const core::Noted& noted);
    void take(const Step& s, const core::KeepWords& kept);
    void write_contacts();
    void write_outreaches();
    void write_prompts();
    void write_messages();
    void write_effects();

    PostgresUnit& unit_;
    core::Timestamp now_;
    Many contacts_, consents_, gone_addresses_, gone_suppressions_, new_suppressions_,
        gone_windows_, new_windows_;
    std::map<core::Address, PostgresUnit::AddressRow> addresses_;
    std::map<core::Address, core::ContactId> new_addresses_;
    std::vector<core::ContactId> sharing_;  // of a line two of this very save have
    Many outreaches_, touched_, new_outreaches_;
    Many prompts_, closed_prompts_, new_prompts_;
    std::vector<core::PromptId> quiet_prompts_;
    Many messages_, new_messages_;
    std::map<std::tuple<core::PromptId, core::RepId, int>, core::ContactId> alerts_;
    Many notices_, lines_, words_;
};

void PostgresUnit::save(std::span<const Change> changes, core::Timestamp now) {
    const auto outreaches = numbers("SELECT nextval('outreach_id_seq') FROM generate_series(1, $1)",
                                    count_of(changes, has_new_outreach));
    const auto prompts =
        numbers_in_stock("SELECT nextval('prompt_id_seq') FROM generate_series(1, $1)",
                         count_of(changes, has_new_prompt));
    auto next_outreach = outreaches.begin();
    auto next_prompt = prompts.begin();
    Saving saving{*this, now};
    for (const Change& change : changes) {
        const core::OutreachId outreach{has_new_outreach(change) ? *next_outreach++ : 0};
        const core::PromptId prompt{has_new_prompt(change) ? *next_prompt++ : 0};
        saving.take(change, outreach, prompt);
    }
    saving.write();
}

void Saving::take(const Change& change, core::OutreachId new_outreach, core::PromptId new_prompt) {
    Step s{change, *change.before, *change.after, change.after->contact.id};
    if (s.before.contact != s.after.contact)
        take_contact(s);
    take_outreach(s, new_outreach);
    take_prompt(s, new_prompt);
    take_messages(s);
    for (const core::Effect& effect : change.effects)
        std::visit([&](const auto& e) { take(s, e); }, effect);
}

void Saving::write() {
    write_contacts();
    write_outreaches();
    write_prompts();
    write_messages();
    write_effects();
}

// ---------------------------------------------------------------- the contact

void Saving::take_contact(const Step& s) {
    const core::Contact& was = s.before.contact;
    const core::Contact& c = s.after.contact;
    const std::optional<std::string> folded =
        was.name == c.name ? std::nullopt : std::optional{fold(c.name)};
    contacts_.add(c.id, was.version, c.name, folded, c.owner, c.language, lines_as_text(c.zones),
                  c.zone_source, c.region, minutes_of(c.preferences.from),
                  minutes_of(c.preferences.to), c.preferences.reach, c.preferences.if_lost, c.topic,
                  c.whatsapp_unreachable_at, c.last_wellbeing_at, c.last_call_me_back_at,
                  c.last_reply_at, c.suppressions.size(), c.windows.size());
    if (was.consent != c.consent) {
        const core::Consent taken_back{.source = "taken back", .at = now_, .text = {}};
        const core::Consent& row = c.consent ? *c.consent : taken_back;
        consents_.add(c.id, c.consent.has_value(), row.source, row.at, row.text,
                      lines_as_text(row.covers));
    }
    if (was.addresses != c.addresses)
        take_addresses(s);
    if (was.suppressions != c.suppressions)
        take_suppressions(s);
    if (was.windows != c.windows)
        take_windows(s);
}

void Saving::take_addresses(const Step& s) {
    for (const core::Address& a : s.before.contact.addresses) {
        if (!holds(s.after.contact.addresses, a))
            gone_addresses_.add(s.contact, a.kind, a.value);
    }
    int position = 0;
    for (const core::Address& a : s.after.contact.addresses) {
        if (!holds(s.before.contact.addresses, a))
            new_addresses_[a] = s.contact;
        const auto [at, fresh] = addresses_.try_emplace(a, s.contact, position++, false);
        if (!fresh && std::get<0>(at->second) != s.contact)
            sharing_.push_back(s.contact);
    }
}

void Saving::take_suppressions(const Step& s) {
    const auto& was = s.before.contact.suppressions;
    const auto& is = s.after.contact.suppressions;
    const auto put = [&](Many& to, const core::Suppression& x) {
        to.add(s.contact, x.scope, x.address.kind, x.address.value, x.channel, x.reason, x.at);
    };
    for (const core::Suppression& x : was) {
        if (!holds(is, x))
            put(gone_suppressions_, x);
    }
    for (const core::Suppression& x : is) {
        if (!holds(was, x))
            put(new_suppressions_, x);
    }
}

void Saving::take_windows(const Step& s) {
    const auto& was = s.before.contact.windows;
    const auto& is = s.after.contact.windows;
    for (const core::Window& w : was) {
        if (std::ranges::find(is, w.channel, &core::Window::channel) == is.end())
            gone_windows_.add(s.contact, w.channel);
    }
    for (const core::Window& w : is) {
        if (!holds(was, w))
            new_windows_.add(s.contact, w.channel, w.until);
    }
}

// The version is compared whatever differs, so that two decisions about one person cannot pass each
// other.
void Saving::write_contacts() {
    unit_.put_exactly(
        "the contact was changed meanwhile",
        WARMCALL_PG_EXACTLY(
            "$21",
            "UPDATE contact c SET name = v.name, name_folded = coalesce(v.name_folded, c.name_folded),"
            " owner = v.owner, language = v.language, zones = v.zones, zone_source = v.zone_source,"
            " region = v.region, best_from = v.best_from, best_to = v.best_to, reach = v.reach,"
            " if_lost = v.if_lost, topic = v.topic,"
            " whatsapp_unreachable_at = v.whatsapp_unreachable_at,"
            " last_wellbeing_at = v.last_wellbeing_at, last_call_me_back_at = v.last_call_me_back_at,"
            " last_reply_at = v.last_reply_at, suppressions = v.suppressions, windows = v.windows,"
            " version = c.version + 1"
            " FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
            "  $18, $19, $20) AS v(id, version, name, name_folded, owner, language, zones, zone_source,"
            "  region, best_from, best_to, reach, if_lost, topic, whatsapp_unreachable_at,"
            "  last_wellbeing_at, last_call_me_back_at, last_reply_at, suppressions, windows)"
            " WHERE c.id = v.id AND c.version = v.version"),
        contacts_);
    unit_.add_consents(consents_);
    unit_.put_rows(
        "DELETE FROM address a USING unnest($1, $2, $3) AS v(contact_id, kind, value)"
        " WHERE a.value = v.value AND a.kind = v.kind AND a.contact_id = v.contact_id",
        gone_addresses_);
    unit_.place_addresses(addresses_, now_);
    for (const core::ContactId contact : sharing_)
        lines_.add(contact, core::OutreachId{}, now_, std::string_view{"warmcall"},
                   std::string_view{"shared_address"},
                   std::string_view{"An address of theirs is kept with another contact."});
    unit_.put_rows(
        "DELETE FROM suppression s USING unnest($1, $2, $3, $4, $5, $6, $7)"
        "  AS v(contact_id, scope, kind, value, channel, reason, at)"
        " WHERE s.contact_id = v.contact_id AND s.scope = v.scope AND s.address_kind = v.kind"
        " AND s.address_value = v.value AND s.channel = v.channel AND s.reason = v.reason"
        " AND s.at = v.at",
        gone_suppressions_);
    unit_.put_rows(
        "INSERT INTO suppression (contact_id, scope, address_kind, address_value, channel, reason,"
        " at) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)",
        new_suppressions_);
    unit_.put_rows(
        "DELETE FROM contact_window w USING unnest($1, $2) AS v(contact_id, channel)"
        " WHERE w.contact_id = v.contact_id AND w.channel = v.channel",
        gone_windows_);
    unit_.put_rows(
        "INSERT INTO contact_window (contact_id, channel, until_at) SELECT * FROM unnest($1, $2, $3)"
        " ON CONFLICT (contact_id, channel) DO UPDATE SET until_at = excluded.until_at",
        new_windows_);
    unit_.suppress_if_erased(new_addresses_, now_);
}

// ---------------------------------------------------------------- the outreach

void Saving::take_outreach(Step& s, core::OutreachId fresh) {
    const auto& before = s.before.outreach;
    const auto& after = s.after.outreach;
    if (before && (!after || after->id != before->id))
        throw std::logic_error{"a live outreach cannot vanish: it is closed first, then saved"};
    if (!after)
        return;
    if (!before) {
        s.outreach = fresh;
        add_outreach(new_outreaches_, s, *after, 0);
        unit_.tally("outreach", phase_word(after->phase), 1);
        return;
    }
    s.outreach = after->id;
    if (*before != *after) {
        if (is_closed(*before))
            throw std::logic_error{"a closed outreach is not opened again: the next one is new"};
        add_outreach(outreaches_, s, *after, before->version);
        if (phase_word(before->phase) != phase_word(after->phase)) {
            unit_.tally("outreach", phase_word(before->phase), -1);
            unit_.tally("outreach", phase_word(after->phase), 1);
        }
    } else if (s.before.prompt != s.after.prompt) {
        // The outreach's version guards its prompt as well: two reps who claim it at once must not
        // both have it.
        touched_.add(after->id, before->version);
    }
}

void Saving::add_outreach(Many& to, const Step& s, const core::Outreach& o, std::int64_t version) {
    PhaseColumns phase;
    std::visit([&](const auto& p) { phase(p); }, o.phase);
    const bool live = !is_closed(o);  // when it is closed nothing is next
    const auto if_live = [live](const auto& v) { return live ? std::optional{v} : std::nullopt; };
    const std::optional<core::Timestamp> promise_at =
        o.promise ? std::optional{o.promise->at} : std::nullopt;
    const std::optional<std::string_view> promise_topic =
        o.promise ? std::optional<std::string_view>{o.promise->topic} : std::nullopt;
    to.add(s.outreach, s.contact, version, live, phase_word(o.phase), phase.by, phase.at,
           phase.reason, if_live(o.next.kind),
           live ? unless_empty(o.next.owner.value) : std::nullopt, if_live(o.next.due_at),
           if_live(o.wake_at), o.round, o.attempt, o.rerouted, o.replied_at, promise_at,
           promise_topic, o.enrolled_at, o.cadence);
}

#define WARMCALL_PG_OUTREACH_ROWS                                                              \
    "unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, " \
    "$19, $20) AS v(id, contact_id, version, live, phase, phase_by, phase_at, phase_reason, "  \
    "next_kind, next_owner, next_due_at, wake_at, round, attempt, rerouted, replied_at, "      \
    "promise_at, promise_topic, enrolled_at, cadence)"

void Saving::write_outreaches() {
    constexpr const char* changed = "the outreach was changed meanwhile";
    unit_.put_exactly(
        changed,
        WARMCALL_PG_EXACTLY(
            "$21",
            "UPDATE outreach o SET live = v.live, phase = v.phase, phase_by = v.phase_by,"
            " phase_at = v.phase_at, phase_reason = v.phase_reason, next_kind = v.next_kind,"
            " next_owner = v.next_owner, next_due_at = v.next_due_at, wake_at = v.wake_at,"
            " round = v.round, attempt = v.attempt, rerouted = v.rerouted, replied_at = v.replied_at,"
            " promise_at = v.promise_at, promise_topic = v.promise_topic, enrolled_at = v.enrolled_at,"
            " cadence = v.cadence, version = o.version + 1 FROM " WARMCALL_PG_OUTREACH_ROWS
            " WHERE o.id = v.id AND o.contact_id = v.contact_id AND o.version = v.version"),
        outreaches_);
    unit_.put_exactly(changed,
                      WARMCALL_PG_EXACTLY("$3",
                                          "UPDATE outreach o SET version = o.version + 1"
                                          " FROM unnest($1, $2) AS v(id, version)"
                                          " WHERE o.id = v.id AND o.version = v.version"),
                      touched_);
    unit_.put_rows(
        "INSERT INTO outreach (id, contact_id, version, live, phase, phase_by, phase_at,"
        " phase_reason, next_kind, next_owner, next_due_at, wake_at, round, attempt, rerouted,"
        " replied_at, promise_at, promise_topic, enrolled_at, cadence)"
        " SELECT * FROM " WARMCALL_PG_OUTREACH_ROWS,
        new_outreaches_);
}

// ---------------------------------------------------------------- the prompt

void Saving::take_prompt(Step& s, core::PromptId fresh) {
    const auto& before = s.before.prompt;
    const auto& after = s.after.prompt;
    const bool same = has_same_prompt(s.change);
    if (is_open(before) && !same) {
        closed_prompts_.add(before->id);
        quiet_prompts_.push_back(before->id);
        unit_.tally("prompts_open", "", -1);
    }
    if (same) {
        if (*before != *after) {
            add_prompt(prompts_, s, *after, before->open);
            if (before->open != after->open)
                unit_.tally("prompts_open", "", after->open ? 1 : -1);
            if (!after->open || (!before->acknowledged_at && after->acknowledged_at))
                quiet_prompts_.push_back(after->id);
        }
        if (after->open)
            s.prompt = after->id;
    } else if (is_open(after)) {
        s.prompt = fresh;
        add_prompt(new_prompts_, s, *after, true);
        unit_.tally("prompts_open", "", 1);
    }
}

void Saving::add_prompt(Many& to, const Step& s, const core::Prompt& p, bool was_open) {
    const std::optional<core::RepId> holder =
        p.lease ? std::optional{p.lease->holder} : std::nullopt;
    const std::optional<core::Timestamp> until =
        p.lease ? std::optional{p.lease->until} : std::nullopt;
    to.add(s.prompt ? s.prompt : p.id, s.contact, s.outreach, p.open, p.rep, p.kind, p.reason,
           p.words, p.raised_at, p.due_at, p.alert_at, p.ladder_step, p.acknowledged_at,
           p.line ? std::optional{p.line->state} : std::nullopt,
           p.line ? std::optional{p.line->seconds} : std::nullopt, holder, until, was_open);
}

void Saving::write_prompts() {
    constexpr const char* dealt_with = "the prompt was dealt with meanwhile";
    unit_.put_exactly(
        dealt_with,
        WARMCALL_PG_EXACTLY(
            "$2",
            "UPDATE prompt p SET open = false, lease_holder = NULL, lease_until = NULL"
            " FROM unnest($1) AS v(id) WHERE p.id = v.id AND p.open"),
        closed_prompts_);
    unit_.put_exactly(
        dealt_with,
        WARMCALL_PG_EXACTLY(
            "$19",
            "UPDATE prompt p SET open = v.open, rep = v.rep, kind = v.kind, reason = v.reason,"
            " words = v.words, raised_at = v.raised_at, due_at = v.due_at, alert_at = v.alert_at,"
            " ladder_step = v.ladder_step, acknowledged_at = v.acknowledged_at,"
            " line_state = v.line_state, line_seconds = v.line_seconds,"
            " lease_holder = v.lease_holder, lease_until = v.lease_until"
            " FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
            "  $18) AS v(id, contact_id, outreach_id, open, rep, kind, reason, words, raised_at,"
            "  due_at, alert_at, ladder_step, acknowledged_at, line_state, line_seconds, lease_holder,"
            "  lease_until, was_open)"
            " WHERE p.id = v.id AND p.open = v.was_open"),
        prompts_);
    unit_.drop_alerts_of(quiet_prompts_);
    unit_.put_rows(
        "INSERT INTO prompt (id, contact_id, outreach_id, open, rep, kind, reason, words,"
        " raised_at, due_at, alert_at, ladder_step, acknowledged_at, line_state, line_seconds,"
        " lease_holder, lease_until)"
        " SELECT id, contact_id, outreach_id, open, rep, kind, reason, words, raised_at, due_at,"
        "  alert_at, ladder_step, acknowledged_at, line_state, line_seconds, lease_holder,"
        "  lease_until"
        " FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
        "  $18) AS v(id, contact_id, outreach_id, open, rep, kind, reason, words, raised_at,"
        "  due_at, alert_at, ladder_step, acknowledged_at, line_state, line_seconds, lease_holder,"
        "  lease_until, was_open)",
        new_prompts_);
}

// ---------------------------------------------------------------- the messages

void Saving::take_messages(const Step& s) {
    for (const core::Message& m : s.after.messages) {
        if (m.id) {
            const core::Message* was = core::message_in(s.before, m.id);
            if (was == nullptr)
                throw std::logic_error{"a message is to be saved that was not loaded"};
            if (*was != m)
                take_message(*was, m);
            continue;
        }
        if (m.state == core::MessageState::cancelled)
            continue;  // thought better of before it was ever stored
        if (m.state != core::MessageState::queued)
            throw std::logic_error{"a new message is queued first"};
        new_messages_.add(s.contact, m.outreach ? m.outreach : s.outreach, m.round, m.step, m.kind,
                          m.state, m.not_before, m.not_after, m.tries,
                          m.facts.queued.value_or(now_), m.channel, m.to.kind, m.to.value,
                          m.template_name, m.language, m.text);
        unit_.tally("message", word(m.state), 1);
    }
}

void Saving::take_message(const core::Message& was, const core::Message& m) {
    if (was.state == core::MessageState::cancelled && m.state != was.state)
        throw std::logic_error{"a cancelled message is not sent after all: the next one is new"};
    const core::Facts& f = m.facts;
    const FailureColumns failed{f.failed};
    // Where its contact was erased while it was on its way: WhatsApp's ids hold the number.
    const std::string_view provider_id =
        m.to.value.empty() ? std::string_view{} : std::string_view{f.provider_id};
    messages_.add(m.id, was.state, m.state, m.not_before, m.not_after, m.tries, f.queued, f.claimed,
                  f.unknown, f.accepted, f.sent, f.delivered, f.read, failed.at, failed.code,
                  failed.kind, unless_empty(provider_id), m.channel, m.to.kind, m.to.value,
                  m.template_name, m.language, m.text);
    if (was.state != m.state) {
        unit_.tally("message", word(was.state), -1);
        unit_.tally("message", word(m.state), 1);
    }
}

// What is stored may know more than the decision did; a fact once known is never lost. This is
// core::join() over the stored row and ours: of each fact the earlier, of two failures the smaller
// by time, code and class, of two ids the smaller.
#define WARMCALL_PG_CLASS(t)                                                              \
    "array_position(ARRAY['retry', 'slow_down', 'permanent', 'suppress', 'needs_window'," \
    " 'template_fault', 'config'], " t ".failed_class)"
#define WARMCALL_PG_FAILED_AS_STORED                                          \
    "v.failed_at IS NULL OR (m.failed_at, m.failed_code, " WARMCALL_PG_CLASS( \
        "m") ") <= (v.failed_at, v.failed_code, " WARMCALL_PG_CLASS("v") ")"

void Saving::write_messages() {
    unit_.put_exactly(
        "the message went on meanwhile",
        WARMCALL_PG_EXACTLY(
            "$24",
            "UPDATE outbox m SET state = v.state,"
            " cancelled_id = CASE v.state WHEN 'cancelled' THEN m.id ELSE 0 END,"
            " not_before = v.not_before, not_after = v.not_after, tries = v.tries,"
            " lease_until = CASE v.state WHEN 'claimed' THEN m.lease_until END,"
            " queued_at = least(m.queued_at, v.queued_at),"
            " claimed_at = least(m.claimed_at, v.claimed_at),"
            " unknown_at = least(m.unknown_at, v.unknown_at),"
            " accepted_at = least(m.accepted_at, v.accepted_at), sent_at = least(m.sent_at, v.sent_at),"
            " delivered_at = least(m.delivered_at, v.delivered_at),"
            " read_at = least(m.read_at, v.read_at),"
            " failed_at = CASE WHEN " WARMCALL_PG_FAILED_AS_STORED
            " THEN m.failed_at ELSE v.failed_at END,"
            " failed_code = CASE WHEN " WARMCALL_PG_FAILED_AS_STORED
            " THEN m.failed_code ELSE v.failed_code END,"
            " failed_class = CASE WHEN " WARMCALL_PG_FAILED_AS_STORED
            " THEN m.failed_class ELSE v.failed_class END,"
            " provider_id = least(m.provider_id, v.provider_id), channel = v.channel,"
            " to_kind = v.to_kind, to_value = v.to_value, template_name = v.template_name,"
            " language = v.language, text = v.text"
            " FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
            "  $18, $19, $20, $21, $22, $23) AS v(id, seen, state, not_before, not_after, tries,"
            "  queued_at, claimed_at, unknown_at, accepted_at, sent_at, delivered_at, read_at,"
            "  failed_at, failed_code, failed_class, provider_id, channel, to_kind, to_value,"
            "  template_name, language, text) WHERE m.id = v.id AND m.state = v.seen"),
        messages_);
    unit_.put_rows(
        "INSERT INTO outbox (contact_id, outreach_id, round, step, kind, state, not_before,"
        " not_after, tries, queued_at, channel, to_kind, to_value, template_name, language, text)"
        " SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
        "  $16)",
        new_messages_);
}

// ---------------------------------------------------------------- what else follows

void Saving::take(const Step& s, const core::TellRep& tell) {
    if (tell.what == core::TellRep::What::notice)
        notices_.add(s.contact, tell.rep, tell.text, now_);
    else if (s.prompt)  // else it was raised and dealt with in the same batch
        alerts_[{s.prompt, tell.rep, s.after.prompt->ladder_step}] = s.contact;
}

void Saving::take(const Step& s, const core::Noted& noted) {
    lines_.add(s.contact, s.outreach, now_, s.change.actor, noted.what, noted.text);
}

void Saving::take(const Step& s, const core::KeepWords& kept) {
    words_.add(s.contact, s.outreach, kept.at, kept.channel, kept.kind, kept.words);
}

// A prompt is told once for each rep and step of the ladder. When it is told again because it rose,
// what waits will carry the news anyway; what is done is told anew; what is on its way now is told
// again when it comes back.
void Saving::write_effects() {
    Many alerts;
    for (const auto& [key, contact] : alerts_)
        alerts.add(contact, std::get<1>(key), std::get<0>(key), std::get<2>(key), now_);
    unit_.put_rows(
        "INSERT INTO alert AS a (contact_id, rep, prompt_id, ladder_step, text, state, due_at,"
        " leased, again, tries, needs_template, problem) SELECT v.contact_id, v.rep, v.prompt_id,"
        "  v.step, '', 'waiting', v.now, false, false, 0, false, ''"
        " FROM unnest($1, $2, $3, $4, $5) AS v(contact_id, rep, prompt_id, step, now)"
        " ON CONFLICT (prompt_id, rep, ladder_step, device) WHERE prompt_id IS NOT NULL DO UPDATE SET"
        " again = a.leased, tries = CASE a.state WHEN 'waiting' THEN a.tries ELSE 0 END,"
        " due_at = CASE a.state WHEN 'waiting' THEN a.due_at ELSE excluded.due_at END,"
        " state = 'waiting'",
        alerts);
    unit_.put_rows(
        "INSERT INTO alert (contact_id, rep, ladder_step, text, state, due_at, leased, again,"
        " tries, needs_template, problem) SELECT v.contact_id, v.rep, 0, v.text, 'waiting', v.now,"
        "  false, false, 0, false, ''"
        " FROM unnest($1, $2, $3, $4) AS v(contact_id, rep, text, now)",
        notices_);
    unit_.put_rows(
        "INSERT INTO reply (contact_id, outreach_id, at, channel, kind, words)"
        " SELECT * FROM unnest($1, $2, $3, $4, $5, $6)",
        words_);
    if (lines_.empty())
        return;
    unit_.watch_feed();
    unit_.put_rows(
        "INSERT INTO event_log (contact_id, outreach_id, at, actor, what, text)"
        " SELECT * FROM unnest($1, $2, $3, $4, $5, $6)",
        lines_);
}

// Lines get their numbers before they are committed, and a later number may be committed first.
// Whoever is about to take numbers says from which on, so that a reader of the feed stops there
// (reads.cpp) and misses nothing.
void PostgresUnit::watch_feed() {
    if (std::exchange(watched_, true))
        return;
    db_.tell(
        "SELECT pg_advisory_xact_lock_shared((22337::bigint << 48) + last_value"
        " + is_called::integer) FROM event_log_id_seq");
}

}  // namespace warmcall::store::pg
