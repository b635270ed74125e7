#include "web/json_views.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "core/calendar.hpp"
#include "core/disposition.hpp"
#include "core/gate.hpp"
#include "core/speech.hpp"
#include "web/suggestions.hpp"
#include "web/when.hpp"

namespace warmcall::web {

namespace {

json when(const std::optional<core::Timestamp>& at) {
    return at ? json(rfc3339(*at)) : json(nullptr);
}
json or_null(const std::string& text) {
    return text.empty() ? json(nullptr) : json(text);
}

std::string clock_text(int minutes) {
    return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

json day_time(const std::optional<core::DayTime>& time) {
    return time ? json(clock_text(time->minutes)) : json(nullptr);
}

std::string address_of(const core::Contact& contact, core::AddressKind kind) {
    const auto found = std::ranges::find(contact.addresses, kind, &core::Address::kind);
    return found == contact.addresses.end() ? std::string{} : found->value;
}

bool zone_known(const core::Contact& contact) {
    return contact.zones.size() == 1 && contact.zone_source != core::ZoneSource::unknown;
}

json time_zone(const core::Contact& contact) {
    return zone_known(contact) ? json(contact.zones.front()) : json(nullptr);
}

json preferences_json(const core::Preferences& p) {
    return {{"from", day_time(p.from)},
            {"to", day_time(p.to)},
            {"reach", p.reach},
            {"if_lost", p.if_lost}};
}

template <class P>
const P* in(const core::Case& subject) {
    return subject.outreach ? std::get_if<P>(&subject.outreach->phase) : nullptr;
}

json consent_json(const std::optional<core::Consent>& consent) {
    if (!consent)
        return nullptr;
    return {{"source", consent->source},
            {"at", rfc3339(consent->at)},
            {"text", consent->text},
            {"covers", consent->covers}};
}

json next_action_json(const core::Case& subject) {
    if (!subject.outreach || !core::live(*subject.outreach))
        return nullptr;
    const core::NextAction& next = subject.outreach->next;
    return {{"kind", core::to_string(next.kind)},
            {"owner", next.owner.value},
            {"due_at", rfc3339(next.due_at)},
            {"sentence", sentence_of(subject)}};
}

json reply_json(const std::optional<ConversationRow>& reply) {
    if (!reply)
        return nullptr;
    return {{"at", rfc3339(reply->at)}, {"words", reply->text}, {"kind", word_of(reply->kind)}};
}

json timeline_json(const std::vector<TimelineRow>& rows) {
    json list = json::array();
    for (const TimelineRow& row : rows)
        list.push_back({{"id", row.id},
                        {"at", rfc3339(row.at)},
                        {"actor", row.actor},
                        {"what", row.what},
                        {"text", row.text}});
    return list;
}

json suggestion_list(const std::vector<Suggestion>& list) {
    json items = json::array();
    for (const Suggestion& s : list)
        items.push_back({{"label", s.label}, {"at", rfc3339(s.at)}});
    return items;
}

// "stop": did they ask us to stop? "send": we cannot tell whether it went out. null: nothing is
// asked.
json question(const core::Case& subject) {
    if (const auto* held = in<core::Held>(subject);
        held != nullptr && held->reason == core::HoldReason::perhaps_stop)
        return "stop";
    const bool unknown = std::ranges::any_of(subject.messages, [](const core::Message& m) {
        return m.kind == core::MessageKind::wellbeing && m.state == core::MessageState::unknown &&
               core::shown(m.facts) == core::Shown::unknown;
    });
    return unknown && in<core::CallDue>(subject) != nullptr && !subject.outreach->replied_at
               ? json("send")
               : json(nullptr);
}

bool answered(core::PromptKind kind) {
    return kind == core::PromptKind::replied || kind == core::PromptKind::they_called;
}

}  // namespace

std::string_view word_of(core::ReplyKind kind) {
    switch (kind) {
        case core::ReplyKind::text:
            return "text";
        case core::ReplyKind::button:
            return "button";
        case core::ReplyKind::reaction:
            return "reaction";
        case core::ReplyKind::media:
            return "media";
        case core::ReplyKind::voice:
            return "voice";
        case core::ReplyKind::location:
            return "location";
        case core::ReplyKind::contact_card:
            return "contact_card";
        case core::ReplyKind::call_permission:
            return "call_permission";
        case core::ReplyKind::other:
            return "other";
    }
    return "other";
}

bool opted_out(const core::Contact& contact) {
    return std::ranges::any_of(contact.suppressions, [](const core::Suppression& s) {
        return s.scope == core::SuppressionScope::all;
    });
}

Subject read_subject(Store& store, core::Case now, Depth depth) {
    Subject subject;
    const core::ContactId id = now.contact.id;
    subject.messages = store.messages(id, 10);
    if (now.contact.last_reply_at) {
        const auto rows = store.conversation(id, 30);
        const auto found = std::ranges::find_if(rows, &ConversationRow::from_contact);
        if (found != rows.end())
            subject.last_reply = *found;
    }
    if (!now.outreach)
        subject.last = store.last_outreach(id);
    if (depth == Depth::full)
        subject.timeline = store.timeline(id, 0, 50);
    subject.now = std::move(now);
    return subject;
}

std::string reply_status(const core::Case& subject, const std::vector<core::Message>& messages) {
    if (opted_out(subject.contact))
        return "opted_out";
    const auto warm = [](const core::Message& m) {
        return (m.kind == core::MessageKind::wellbeing ||
                m.kind == core::MessageKind::call_me_back) &&
               m.state != core::MessageState::cancelled;
    };
    const auto last = std::ranges::find_if(messages, warm);
    const auto& replied_at = subject.contact.last_reply_at;
    const bool replied = (subject.outreach && subject.outreach->replied_at) ||
                         (replied_at && (last == messages.end() || !last->facts.queued ||
                                         *replied_at >= *last->facts.queued));
    if (replied)
        return "replied";
    if (last == messages.end())
        return "none";
    switch (core::shown(last->facts)) {
        case core::Shown::none:
        case core::Shown::queued:
            return "queued";
        case core::Shown::unknown:
            return "unknown";
        case core::Shown::accepted:
        case core::Shown::sent:
            return "sent";
        case core::Shown::failed:
            return "undeliverable";
        case core::Shown::delivered:
            return "delivered";
        case core::Shown::read:
            return "read";
    }
    return "none";
}

std::string sentence_of(const core::Case& subject) {
    const std::string name = core::first_name(subject.contact.name);
    switch (subject.outreach->next.kind) {
        case core::ActionKind::send:
            return "The first text goes to " + name;
        case core::ActionKind::wait_then_call:
            return "Wait for " + name + "'s answer, then call in any case";
        case core::ActionKind::call:
            return "Call " + name;
        case core::ActionKind::log_outcome:
            return "Say how the call with " + name + " went";
        case core::ActionKind::answer_question:
            return "Say whether " + name + " asked us to stop";
        case core::ActionKind::resume:
            return "Go on with " + name;
    }
    return "Call " + name;
}

std::string section_of(const Viewer& viewer, const core::Case& subject) {
    if (in<core::OnCall>(subject) != nullptr || in<core::WrapUp>(subject) != nullptr)
        return "unlogged";
    if (!subject.prompt)
        return "later";
    const core::Prompt& prompt = *subject.prompt;
    if (prompt.kind == core::PromptKind::unanswered_question)
        return "question";
    const bool decent = core::decent(viewer.plan.calendar, subject.contact, viewer.now);
    if (answered(prompt.kind))
        return decent && prompt.due_at <= viewer.now ? "replied" : "good_from";
    if (prompt.due_at > viewer.now)
        return "later";
    return prompt.kind == core::PromptKind::promised ? "promised" : "silent";
}

json card_json(const Viewer& viewer, const core::Case& subject) {
    const core::Contact& contact = subject.contact;
    json local_time = nullptr;
    if (zone_known(contact))
        local_time = clock_text(core::local(viewer.now, contact.zones.front()).minutes);
    std::vector<core::Message> newest{subject.messages.rbegin(), subject.messages.rend()};
    return {{"id", contact.id.value},
            {"name", contact.name},
            {"first_name", core::first_name(contact.name)},
            {"phone", or_null(address_of(contact, core::AddressKind::phone))},
            {"time_zone", time_zone(contact)},
            {"local_time", local_time},
            {"language", contact.language},
            {"topic", contact.topic},
            {"preferences", preferences_json(contact.preferences)},
            {"delivery", reply_status(subject, newest)}};
}

namespace {

// Who is at it: on the phone, or back from it and still to say how it went.
struct Calling {
    core::RepId by;
    core::Timestamp since{};  // when it was dialled
};

// In a call the prompt's acknowledgement is the dialling; one that came after the call is not.
core::Timestamp dialled_at(const core::Case& subject, core::Timestamp ended) {
    const auto& seen = subject.prompt ? subject.prompt->acknowledged_at : std::nullopt;
    return seen && *seen < ended ? *seen : ended;
}

std::optional<Calling> calling(const core::Case& subject) {
    if (const auto* on_call = in<core::OnCall>(subject))
        return Calling{on_call->by, on_call->since};
    if (const auto* wrap_up = in<core::WrapUp>(subject))
        return Calling{wrap_up->by, dialled_at(subject, wrap_up->since)};
    return std::nullopt;
}

json name_of(const core::Plan& plan, const core::RepId& rep) {
    const auto found = plan.reps.find(rep);
    return found == plan.reps.end() ? json(nullptr) : json(found->second.name);
}

}  // namespace

json prompt_json(const Viewer& viewer, const core::Case& subject) {
    if (!subject.prompt || !subject.prompt->open || !subject.outreach)
        return nullptr;
    const core::Prompt& prompt = *subject.prompt;
    const bool decent = core::decent(viewer.plan.calendar, subject.contact, viewer.now);
    const auto caller = calling(subject);
    const bool leased = prompt.lease && viewer.now < prompt.lease->until;
    json body{{"id", prompt.id.value},
              {"kind", core::to_string(prompt.kind)},
              {"section", section_of(viewer, subject)},
              {"reason", prompt.reason},
              {"words", prompt.words},
              {"question", question(subject)},
              {"contact", card_json(viewer, subject)},
              {"outreach", prompt.outreach.value},
              {"phase", core::to_string(subject.outreach->phase)},
              {"rep", prompt.rep.value},
              {"owner", subject.contact.owner.value},
              {"owner_name", name_of(viewer.plan, subject.contact.owner)},
              {"raised_at", rfc3339(prompt.raised_at)},
              {"replied_at", when(subject.outreach->replied_at)},
              {"called_at", caller ? json(rfc3339(caller->since)) : json(nullptr)},
              {"called_by", caller ? json(caller->by.value) : json(nullptr)},
              {"called_by_name", caller ? name_of(viewer.plan, caller->by) : json(nullptr)},
              {"due_at", rfc3339(prompt.due_at)},
              {"good_from",
               decent ? json(nullptr)
                      : when(core::next_decent(viewer.plan.calendar, subject.contact, viewer.now))},
              {"attempt", subject.outreach->attempt + 1},
              {"script", script(viewer.plan, subject)},
              {"claimed_by", leased ? json(prompt.lease->holder.value) : json(nullptr)},
              {"claimed_until", leased ? json(rfc3339(prompt.lease->until)) : json(nullptr)},
              {"acknowledged_at", when(prompt.acknowledged_at)},
              {"line", nullptr}};
    if (prompt.line)
        body["line"] = {{"state", core::to_string(prompt.line->state)},
                        {"seconds", prompt.line->seconds}};
    auto rep = viewer.plan.reps.find(prompt.rep);
    if (rep == viewer.plan.reps.end())
        rep = viewer.plan.reps.find(subject.contact.owner);
    if (rep != viewer.plan.reps.end()) {
        const Suggestions next = suggestions(viewer.plan, subject, rep->second, viewer.now);
        body["suggestions"] = {{"no_answer", suggestion_list(next.no_answer)},
                               {"talked", suggestion_list(next.talked)},
                               {"callback", suggestion_list(next.callback)}};
    }
    return body;
}

json outreach_json(const core::Outreach& o) {
    json body{{"id", o.id.value},  {"cadence", o.cadence}, {"phase", core::to_string(o.phase)},
              {"reason", nullptr}, {"round", o.round},     {"attempt", o.attempt},
              {"until", nullptr},  {"promise", nullptr},   {"enrolled_at", rfc3339(o.enrolled_at)}};
    if (const auto* held = std::get_if<core::Held>(&o.phase)) {
        body["reason"] = core::to_string(held->reason);
        body["until"] = rfc3339(held->until);
    } else if (const auto* closed = std::get_if<core::Closed>(&o.phase)) {
        body["reason"] = core::to_string(closed->reason);
    } else if (std::holds_alternative<core::Waiting>(o.phase)) {
        body["until"] = rfc3339(o.next.due_at);
    }
    if (o.promise)
        body["promise"] = {{"at", rfc3339(o.promise->at)}, {"topic", o.promise->topic}};
    return body;
}

json later_json(const Viewer& viewer, const core::Case& subject) {
    const core::Timestamp due =
        subject.prompt ? subject.prompt->due_at : subject.outreach->next.due_at;
    return {{"contact", card_json(viewer, subject)},
            {"due_at", rfc3339(due)},
            {"kind", core::to_string(subject.outreach->next.kind)},
            {"sentence", sentence_of(subject)}};
}

namespace {

// The ways a text would have now, in the order they are tried.
json ways_json(const Viewer& viewer, const core::Case& subject) {
    const std::vector<core::Route> ways = core::preview(viewer.plan, subject, viewer.now);
    const core::Route chosen = core::choose(ways);
    json list = json::array();
    for (const core::Route& way : ways)
        list.push_back({{"channel", way.channel.value},
                        {"chosen", way.channel == chosen.channel && way.verdict.go()},
                        {"verdict", core::to_string(way.verdict.code)},
                        {"sentence", way.verdict.sentence},
                        {"again_at", when(way.verdict.again_at)}});
    return list;
}

}  // namespace

json contact_json(const Viewer& viewer, const Subject& subject, Depth depth) {
    const core::Contact& contact = subject.now.contact;
    const auto& outreach = subject.now.outreach ? subject.now.outreach : subject.last;
    json body{{"id", contact.id.value},
              {"name", contact.name},
              {"first_name", core::first_name(contact.name)},
              {"phone", or_null(address_of(contact, core::AddressKind::phone))},
              {"whatsapp", or_null(address_of(contact, core::AddressKind::whatsapp))},
              {"rep", contact.owner.value},
              {"language", contact.language},
              {"time_zone", time_zone(contact)},
              {"time_zones", contact.zones},
              {"zone_known", zone_known(contact)},
              {"topic", contact.topic},
              {"preferences", preferences_json(contact.preferences)},
              {"consent", consent_json(contact.consent)},
              {"opted_out", opted_out(contact)},
              {"reply_status", reply_status(subject.now, subject.messages)},
              {"last_reply", reply_json(subject.last_reply)},
              {"outreach", outreach ? outreach_json(*outreach) : json(nullptr)},
              {"next_action", next_action_json(subject.now)},
              {"prompt", prompt_json(viewer, subject.now)}};
    if (depth == Depth::full)
        body["timeline"] = timeline_json(subject.timeline);
    if (depth == Depth::full)
        body["ways"] = ways_json(viewer, subject.now);
    return body;
}

}  // namespace warmcall::web
