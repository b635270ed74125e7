#include "store/sqlite/rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace warmcall::store {

namespace {

std::vector<std::string> lines_from_text(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

core::Phase phase_of(std::string_view word, core::RepId by, core::Timestamp at,
                     std::string_view reason) {
    if (word == "planned")
        return core::Planned{};
    if (word == "warming")
        return core::Warming{};
    if (word == "call_due")
        return core::CallDue{};
    if (word == "on_call")
        return core::OnCall{std::move(by), at};
    if (word == "wrap_up")
        return core::WrapUp{std::move(by), at};
    if (word == "waiting")
        return core::Waiting{};
    if (word == "held")
        return core::Held{from_word<core::HoldReason>(reason), at};
    if (word == "closed")
        return core::Closed{from_word<core::CloseReason>(reason), at};
    throw std::runtime_error{"the database holds the phase \"" + std::string{word} +
                             "\", which this build does not know"};
}

std::optional<core::DayTime> day_time(const std::optional<int>& minutes) {
    return minutes ? std::optional{core::DayTime{*minutes}} : std::nullopt;
}

std::vector<core::Window> windows_from_text(std::string_view text) {
    const auto times = nlohmann::json::parse(text);
    std::vector<core::Window> windows;
    for (const auto& [channel, until] : times.items())
        windows.push_back({{channel}, core::from_unix_ms(until.get<std::int64_t>())});
    return windows;
}

// The columns of case_ that are the contact's, consent included; how many suppressions there are
// elsewhere.
struct ContactRow {
    core::Contact contact;
    std::int64_t suppressions = 0;
};

ContactRow read_contact(Rows& rows) {
    ContactRow row;
    core::Contact& c = row.contact;
    std::string zones, window_times;
    std::int64_t windows = 0;
    std::optional<int> from, to;
    rows.read(c.id, c.name, c.owner, c.language, zones, c.zone_source, c.region, from, to,
              c.preferences.reach, c.preferences.if_lost, c.topic, row.suppressions, windows,
              window_times, c.whatsapp_unreachable_at, c.last_wellbeing_at, c.last_call_me_back_at,
              c.last_reply_at, c.version);
    c.zones = lines_from_text(zones);
    if (windows > 0)
        c.windows = windows_from_text(window_times);
    c.preferences.from = day_time(from);
    c.preferences.to = day_time(to);
    std::optional<bool> given;
    rows.read(given);
    if (given.value_or(false)) {
        core::Consent& consent = c.consent.emplace();
        std::string covers;
        rows.read(consent.source, consent.at, consent.text, covers);
        consent.covers = lines_from_text(covers);
    } else {
        rows.skip(4);
    }
    return row;
}

}  // namespace

std::string lines_as_text(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        if (!text.empty())
            text += '\n';
        text += line;
    }
    return text;
}

core::Facts read_facts(Rows& rows) {
    core::Facts f;
    rows.read(f.queued, f.claimed, f.unknown, f.accepted, f.sent, f.delivered, f.read);
    if (rows.next_is_null()) {
        rows.skip(3);
    } else {
        core::Failure& failed = f.failed.emplace();
        rows.read(failed.at, failed.code, failed.kind);
    }
    rows.read(f.provider_id);
    return f;
}

core::Message read_message(Rows& rows) {
    core::Message m;
    rows.read(m.id, m.contact, m.outreach, m.round, m.step, m.kind, m.state, m.not_before,
              m.not_after, m.tries);
    m.facts = read_facts(rows);
    rows.read(m.channel, m.to.kind, m.to.value, m.template_name, m.language, m.text);
    return m;
}

core::Outreach read_outreach(Rows& rows) {
    core::Outreach o;
    std::string phase, reason;
    core::RepId by;
    core::Timestamp at{};
    rows.read(o.id, o.contact, phase, by, at, reason);
    o.phase = phase_of(phase, std::move(by), at, reason);
    if (rows.next_is_null())  // closed: nothing is next
        rows.skip(4);
    else
        rows.read(o.next.kind, o.next.owner, o.next.due_at, o.wake_at);
    rows.read(o.round, o.attempt, o.rerouted, o.replied_at);
    if (rows.next_is_null()) {
        rows.skip(2);
    } else {
        core::Promise& promise = o.promise.emplace();
        rows.read(promise.at, promise.topic);
    }
    rows.read(o.enrolled_at, o.cadence, o.version);
    return o;
}

core::Prompt read_prompt(Rows& rows) {
    core::Prompt p;
    rows.read(p.id, p.contact, p.outreach, p.open, p.rep, p.kind, p.reason, p.words, p.raised_at,
              p.due_at, p.alert_at, p.ladder_step, p.acknowledged_at);
    if (rows.next_is_null()) {
        rows.skip(2);
    } else {
        core::Line& line = p.line.emplace();
        rows.read(line.state, line.seconds);
    }
    if (!rows.next_is_null()) {
        core::Lease& lease = p.lease.emplace();
        rows.read(lease.holder, lease.until);
    }
    return p;
}

namespace {

// Everything of which a contact has at most one, in one statement.
constexpr Sql one_case =
    "SELECT c.id, c.name, c.owner, c.language, c.zones, c.zone_source, c.region, c.best_from, c.best_to, c.reach, c.if_lost, c.topic,"
    " c.suppressions, c.windows, c.window_times, c.whatsapp_unreachable_at, c.last_wellbeing_at, c.last_call_me_back_at, c.last_reply_at, c.version,"
    " k.given, k.source, k.at, k.text, k.covers, c.merged_into, o.id, p.id, " WARMCALL_OUTREACH_COLUMNS
    ", " WARMCALL_PROMPT_COLUMNS
    " FROM contact c LEFT JOIN consent k ON k.id = c.consent_id"
    " LEFT JOIN outreach o ON o.contact_id = c.id AND o.live = 1"
    " LEFT JOIN prompt p ON p.id = o.prompt_id"
    " WHERE c.id = ?";

void read_addresses(Connection& db, core::Contact& contact) {
    Rows rows =
        db.sql(
              "SELECT kind, value FROM address WHERE contact_id = ? AND alias = 0 ORDER BY position")
            .rows(contact.id);
    while (rows.next()) {
        core::Address& address = contact.addresses.emplace_back();
        rows.read(address.kind, address.value);
    }
}

void read_suppressions(Connection& db, core::Contact& contact) {
    Rows rows =
        db.sql(
              "SELECT scope, address_kind, address_value, channel, reason, at FROM suppression WHERE contact_id = ? ORDER BY id")
            .rows(contact.id);
    while (rows.next()) {
        core::Suppression& s = contact.suppressions.emplace_back();
        rows.read(s.scope, s.address.kind, s.address.value, s.channel, s.reason, s.at);
    }
}

void read_messages(Connection& db, core::Case& c) {
    if (!c.outreach)
        return;
    Rows rows = db.sql("SELECT " WARMCALL_MESSAGE_COLUMNS
                       " FROM outbox m WHERE m.outreach_id = ? AND m.round = ?")
                    .rows(c.outreach->id, c.outreach->round);
    while (rows.next())
        c.messages.push_back(read_message(rows));
    std::ranges::sort(c.messages, {}, &core::Message::id);
}

// The row of one_case; where the contact was merged into another, only that.
std::optional<core::ContactId> read_row(Connection& db, core::ContactId id, core::Case& into,
                                        ContactRow& row) {
    Rows rows = db.sql(one_case).rows(id);
    if (!rows.next())
        return std::nullopt;
    row = read_contact(rows);
    core::ContactId merged_into;
    core::OutreachId outreach;
    core::PromptId prompt;
    rows.read(merged_into, outreach, prompt);
    if (merged_into)
        return merged_into;
    if (outreach)
        into.outreach = read_outreach(rows);
    if (prompt)
        into.prompt = read_prompt(rows);
    return id;
}

}  // namespace

std::optional<core::Case> read_case(Connection& db, core::ContactId id,
                                    std::optional<core::MessageId> wanted) {
    core::Case found;
    ContactRow row;
    const auto whose = read_row(db, id, found, row);
    if (!whose)
        return std::nullopt;
    if (*whose != id)
        return read_case(db, *whose, wanted);
    found.contact = std::move(row.contact);
    read_addresses(db, found.contact);
    if (row.suppressions > 0)
        read_suppressions(db, found.contact);
    read_messages(db, found);
    if (wanted)
        add_message(db, found, *wanted);
    return found;
}

void add_message(Connection& db, core::Case& c, core::MessageId wanted) {
    if (core::message_in(c, wanted) != nullptr)
        return;
    Rows rows = db.sql("SELECT " WARMCALL_MESSAGE_COLUMNS
                       " FROM outbox m WHERE m.id = ? AND m.contact_id = ?")
                    .rows(wanted, c.contact.id);
    if (rows.next())
        c.messages.push_back(read_message(rows));
    std::ranges::sort(c.messages, {}, &core::Message::id);
}

std::optional<core::ContactId> contact_with(Connection& db, const core::Address& address) {
    Rows rows = db.sql("SELECT contact_id FROM address WHERE kind = ? AND value = ?")
                    .rows(address.kind, address.value);
    if (!rows.next())
        return std::nullopt;
    core::ContactId id;
    rows.read(id);
    return id;
}

}  // namespace warmcall::store
