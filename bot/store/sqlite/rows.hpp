#pragma once
// A contact's case as rows: reading it, the same for the writing connection and for the reading
// one.

#include <optional>
#include <string>
#include <vector>

#include "store/sqlite/connection.hpp"

namespace warmcall::store {

// Zones of a contact, ways of a consent: a few words in one column.
std::string lines_as_text(const std::vector<std::string>& lines);

// The columns of outbox in the order read_message() takes them.
#define WARMCALL_MESSAGE_COLUMNS                                                                                                    \
    "m.id, m.contact_id, m.outreach_id, m.round, m.step, m.kind, m.state, m.not_before, m.not_after, m.tries, m.queued_at, "        \
    "m.claimed_at, m.unknown_at, m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.failed_at, m.failed_code, m.failed_class, " \
    "m.provider_id, m.channel, m.to_kind, m.to_value, m.template_name, m.language, m.text"
#define WARMCALL_OUTREACH_COLUMNS                                                                                                \
    "o.id, o.contact_id, o.phase, o.phase_by, o.phase_at, o.phase_reason, o.next_kind, o.next_owner, o.next_due_at, o.wake_at, " \
    "o.round, o.attempt, o.rerouted, o.replied_at, o.promise_at, o.promise_topic, o.enrolled_at, o.cadence, o.version"
#define WARMCALL_PROMPT_COLUMNS                                                                                        \
    "p.id, p.contact_id, p.outreach_id, p.open, p.rep, p.kind, p.reason, p.words, p.raised_at, p.due_at, p.alert_at, " \
    "p.ladder_step, p.acknowledged_at, p.line_state, p.line_seconds, p.lease_holder, p.lease_until"

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

// Follows a merge: the case may be of another contact than the one asked for. None when there is no
// such contact. Besides the messages of the present round it holds the wanted one.
std::optional<core::Case> read_case(Connection& db, core::ContactId id,
                                    std::optional<core::MessageId> wanted = std::nullopt);

// The contact's message of that id joins the case's, whatever its round, if it is not there.
void add_message(Connection& db, core::Case& c, core::MessageId wanted);

std::optional<core::ContactId> contact_with(Connection& db,
                                            const core::Address& address);  // aliases count

}  // namespace warmcall::store
