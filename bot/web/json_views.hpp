#pragma once
// How a contact, a prompt and the rest look in JSON. Pure, besides the readings that fetch what a
// view needs.

#include <optional>
#include <string>
#include <vector>

#include "core/plan.hpp"
#include "ports/store.hpp"
#include "web/problem.hpp"

namespace warmcall::web {

struct Viewer {
    const core::Plan& plan;
    core::Timestamp now{};
};

// What a contact's view is made of.
struct Subject {
    core::Case now;
    std::optional<core::Outreach> last;   // when none is live
    std::vector<core::Message> messages;  // newest first
    std::optional<ConversationRow> last_reply;
    std::vector<TimelineRow> timeline;  // newest first
};

enum class Depth { list, full };  // a list carries no timeline
Subject read_subject(Store& store, core::Case now, Depth depth);

json contact_json(const Viewer& viewer, const Subject& subject, Depth depth);
json prompt_json(const Viewer& viewer, const core::Case& subject);  // null without an open prompt
json card_json(const Viewer& viewer,
               const core::Case& subject);  // the contact within a prompt or a list
json later_json(const Viewer& viewer, const core::Case& subject);
json outreach_json(const core::Outreach& outreach);

bool opted_out(const core::Contact& contact);  // of everything
std::string reply_status(const core::Case& subject, const std::vector<core::Message>& messages);
std::string section_of(const Viewer& viewer, const core::Case& subject);
std::string sentence_of(const core::Case& subject);  // of the next action
std::string_view word_of(core::ReplyKind kind);

}  // namespace warmcall::web
