#pragma once
// What the console and the API read, each from one committed state.

#include "store/postgres/rows.hpp"

namespace warmcall::store::pg {

std::optional<core::Case> find_case(Connection& db, core::ContactId id);
std::optional<core::ContactId> contact_of_outreach(Connection& db, core::OutreachId id);
std::optional<core::ContactId> contact_of_prompt(Connection& db, core::PromptId id);
std::optional<core::Prompt> find_prompt(Connection& db, core::PromptId id);
std::optional<core::Outreach> find_last_outreach(Connection& db, core::ContactId id);
std::vector<core::ContactId> find_live(Connection& db, core::ContactId after, std::size_t limit);
std::vector<core::Case> find_contacts(Connection& db, const ContactQuery& query);
std::vector<core::Case> find_queue(Connection& db, const QueueQuery& query);
std::vector<core::Message> find_messages(Connection& db, core::ContactId id, std::size_t limit);
std::vector<ConversationRow> find_conversation(Connection& db, core::ContactId id,
                                               std::size_t limit);
std::vector<TimelineRow> find_timeline(Connection& db, core::ContactId id, std::int64_t before,
                                       std::size_t limit);
std::vector<TimelineRow> find_calls_logged(Connection& db, const core::RepId& rep,
                                           core::Timestamp since, std::size_t limit);
std::string find_setting(Connection& db, std::string_view key);
std::map<std::string, std::string> find_settings_under(Connection& db, std::string_view prefix);
std::vector<core::RepId> find_owners(Connection& db);
std::map<core::RepId, RepState> find_rep_states(Connection& db);
std::vector<StoredTemplate> find_templates(Connection& db);
std::vector<ApiToken> find_tokens(Connection& db);
std::optional<ApiToken> find_token(Connection& db, std::string_view hash);
std::optional<Session> find_session(Connection& db, std::string_view hash);
std::vector<Session> find_sessions(Connection& db, const core::RepId& rep);
std::vector<StoredDevice> find_devices(Connection& db, const core::RepId& rep);
StoreCounts find_counts(Connection& db);
std::optional<core::Timestamp> find_next_due(Connection& db);

// The two below must not run in one snapshot: they look at who is writing first.
std::vector<TimelineRow> find_feed(Connection& db, std::int64_t after, std::size_t limit);
std::int64_t find_feed_end(Connection& db);

}  // namespace warmcall::store::pg
