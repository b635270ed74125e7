#pragma once
// Contacts' cases as rows: many of them read in one round trip, the same for the writing connection
// and for the reading one.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/postgres/connection.hpp"

namespace warmcall::store::pg {

// Zones of a contact, ways of a consent: a few words in one column.
std::string lines_as_text(const std::vector<std::string>& lines);

// The columns in the order the readers below take them.
#define WARMCALL_PG_FACTS(t)                                                                 \
    t ".queued_at, " t ".claimed_at, " t ".unknown_at, " t ".accepted_at, " t ".sent_at, " t \
      ".delivered_at, " t ".read_at, " t ".failed_at, " t ".failed_code, " t ".failed_class, "
#define WARMCALL_PG_MESSAGE                                                               \
    "m.id, m.contact_id, m.outreach_id, m.round, m.step, m.kind, m.state, m.not_before, " \
    "m.not_after, m.tries, " WARMCALL_PG_FACTS(                                           \
        "m") "m.provider_id, m.channel, m.to_kind, m.to_value, m.template_name, m.language, m.text"
#define WARMCALL_PG_OUTREACH                                                                 \
    "o.id, o.contact_id, o.phase, o.phase_by, o.phase_at, o.phase_reason, o.next_kind, "     \
    "o.next_owner, o.next_due_at, o.wake_at, o.round, o.attempt, o.rerouted, o.replied_at, " \
    "o.promise_at, o.promise_topic, o.enrolled_at, o.cadence, o.version"
#define WARMCALL_PG_PROMPT                                                                \
    "p.id, p.contact_id, p.outreach_id, p.open, p.rep, p.kind, p.reason, p.words, "       \
    "p.raised_at, p.due_at, p.alert_at, p.ladder_step, p.acknowledged_at, p.line_state, " \
    "p.line_seconds, p.lease_holder, p.lease_until"

// A failure as its three columns: all of them, or none.
struct FailureColumns {
    std::optional<core::Timestamp> at;
    std::optional<int> code;
    std::optional<core::FailureClass> kind;

    explicit FailureColumns(const std::optional<core::Failure>& failed) {
        if (failed) {
            at = failed->at;
            code = failed->code;
            kind = failed->kind;
        }
    }
};

core::Facts read_facts(Rows& rows);
core::Message read_message(Rows& rows);
core::Outreach read_outreach(Rows& rows);
core::Prompt read_prompt(Rows& rows);

// Whether the contacts' rows are locked, in the order of their ids, before anything is read: then
// nobody else can change anything of theirs until the transaction ends.
enum class Lock { no, yes };

// The cases of these contacts and, apart, the wanted messages. Follows merges: a case may be of
// another contact than the one asked for. A contact that does not exist is not in the map.
struct Cases {
    std::map<core::ContactId, core::Case> by_asked;
    std::map<core::MessageId, core::Message> wanted;

    // With the wanted message, when it is that contact's and not there already.
    core::Case with(core::ContactId asked, std::optional<core::MessageId> message) const;
};
Cases read_cases(Connection& db, std::span<const core::ContactId> contacts,
                 std::span<const core::MessageId> messages, Lock lock);

// Whose the addresses are, in order; aliases count. Also in two steps.
Connection::Ticket ask_contacts_with(Connection& db, std::span<const core::Address> addresses);
std::vector<std::optional<core::ContactId>> take_contacts_with(Rows rows, std::size_t asked);
std::vector<std::optional<core::ContactId>> contacts_with(Connection& db,
                                                          std::span<const core::Address> addresses);

}  // namespace warmcall::store::pg
