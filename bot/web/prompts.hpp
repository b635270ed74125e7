#pragma once
// What a rep sees and does: today's list, and the taps on one prompt.

#include "web/json_views.hpp"
#include "web/routes.hpp"

namespace warmcall::web {

Handled show_today(Site& site, Call& call);
Handled list_prompts(Site& site, Call& call);
Handled show_prompt(Site& site, Call& call);
Handled claim_prompt(Site& site, Call& call);
Handled dial_prompt(Site& site, Call& call);
Handled end_prompt(Site& site, Call& call);
Handled not_called_prompt(Site& site, Call& call);
Handled snooze_prompt(Site& site, Call& call);
Handled acknowledge_prompt(Site& site, Call& call);
Handled answer_prompt(Site& site, Call& call);
Handled dispose_prompt(Site& site, Call& call);

// One tap, after everything about it has been checked: who taps, on what, and that it is still
// open. Else the answer to give.
using Tap = std::variant<core::Case, net::Outgoing>;
asio::awaitable<Tap> tapped(Site& site, const Call& call, const Fields& fields,
                            const std::optional<core::RepId>& rep);

struct OpenPrompt {
    core::Case subject;
    bool open = false;  // and the one that was asked for
};
// The case a prompt belongs to; none: there is no such prompt.
asio::awaitable<std::optional<OpenPrompt>> find_prompt(Site& site, core::PromptId id);

net::Outgoing dealt_with(const core::Case& subject);

// In the order of PHONE.md 4.1: replied, a question, good from later, promised, silent.
void sort_by_section(const Viewer& viewer, std::vector<core::Case>& cases);

// "talked", "attempt" of the timeline as a rep says it.
std::string outcome_words(const TimelineRow& row);

}  // namespace warmcall::web
