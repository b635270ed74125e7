#include "web/prompts.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/calendar.hpp"
#include "core/disposition.hpp"
#include "engine/erasure.hpp"
#include "web/contacts.hpp"
#include "web/when.hpp"

namespace warmcall::web {

namespace {

int rank(std::string_view section) {
    constexpr std::string_view order[] = {"replied",  "question", "good_from", "promised",
                                          "unlogged", "silent",   "later"};
    return static_cast<int>(std::find(std::begin(order), std::end(order), section) -
                            std::begin(order));
}

// A prompt that stood already when they answered keeps the time at which it was raised.
core::Timestamp answered_at(const core::Case& subject) {
    const core::Timestamp raised = subject.prompt->raised_at;
    return subject.outreach ? subject.outreach->replied_at.value_or(raised) : raised;
}

Handled apply_tap(Site& site, const Call& call, const Fields& fields,
                  const std::optional<core::RepId>& rep, core::Event event) {
    Tap tap = co_await tapped(site, call, fields, rep);
    if (auto* answer = std::get_if<net::Outgoing>(&tap))
        co_return std::move(*answer);
    const core::ContactId contact = std::get<core::Case>(tap).contact.id;
    const Outcome outcome = co_await happen(site, contact, std::move(event), rep->value);
    if (outcome.refusal)
        co_return refused(site.plan, *outcome.refusal);
    co_return co_await contact_answer(site, contact, 200);
}

// For the taps that say nothing but who.
template <class Event>
Handled plain_tap(Site& site, Call& call) {
    auto fields = body_fields(call, {"rep"});
    if (!fields)
        co_return bad_body(fields.error());
    const auto rep = acting_rep(site, call, *fields);
    co_return co_await apply_tap(site, call, *fields, rep, Event{rep.value_or(core::RepId{})});
}

core::Disposition disposition_in(Fields& fields) {
    core::Disposition d;
    const std::string reached = fields.text("reached", 32);
    if (const auto word = core::reached_from(reached))
        d.reached = *word;
    else if (!reached.empty())
        fields.wrong(
            "reached",
            "must be one of human, someone_else, machine, no_answer, busy, rejected, bad_number");
    if (const auto said = fields.text_if("said", 32)) {
        d.said = core::said_from(*said);
        if (!d.said)
            fields.wrong("said",
                         "must be one of talked, busy_now, callback_asked, not_interested, stop, "
                         "wrong_person, agreed_next");
    }
    d.next_at = fields.time_if("next_at");
    d.topic = fields.text_if("topic", 500).value_or("");
    d.leave_message = fields.flag_if("leave_message").value_or(true);
    d.won = fields.flag_if("won").value_or(false);
    return d;
}

std::vector<core::Case> with_prompt(std::vector<core::Case> cases) {
    std::erase_if(cases,
                  [](const core::Case& c) { return !c.prompt || !c.prompt->open || !c.outreach; });
    return cases;
}

// Where a page of the queue ended: when the last one is due, and its outreach.
std::string cursor_at(const core::Case& last) {
    return std::to_string(core::unix_ms(last.outreach->next.due_at)) + "." +
           std::to_string(last.outreach->id.value);
}
bool read_cursor(std::string_view text, QueueQuery& into) {
    if (text.empty())
        return true;
    std::int64_t due_ms = 0;
    const char* const end = text.data() + text.size();
    const auto due = std::from_chars(text.data(), end, due_ms);
    if (due.ec != std::errc{} || due.ptr == end || *due.ptr != '.' || due_ms < 0)
        return false;
    const auto id = std::from_chars(due.ptr + 1, end, into.after.value);
    into.after_due = core::from_unix_ms(due_ms);
    return id.ec == std::errc{} && id.ptr == end;
}

// "talked", "no_answer": what came of a logged call, without the number of the try before it.
std::string_view outcome_of(const TimelineRow& row) {
    const std::string_view text = row.text;
    const std::size_t space = text.rfind(' ');
    return space == std::string_view::npos ? text : text.substr(space + 1);
}

struct Day {
    std::vector<core::Case> cases;
    std::vector<TimelineRow> logged;
    std::vector<core::Case> logged_cases;  // in the order of `logged`, one per contact
};

Day read_day(Store& store, const core::RepId& rep, core::Timestamp from, core::Timestamp until) {
    Day day;
    day.cases = store.queue({.rep = rep, .until = until, .limit = 500});
    std::set<core::ContactId> seen;
    for (TimelineRow& row : store.calls_logged(rep, from, 200)) {
        if (!seen.insert(row.contact).second)
            continue;
        auto subject = store.contact(row.contact);
        if (subject && !is_erased(subject->contact)) {
            day.logged_cases.push_back(std::move(*subject));
            day.logged.push_back(std::move(row));
        }
    }
    return day;
}

json today_json(const Site& site, const Viewer& viewer, const core::Rep& rep, Day day) {
    sort_by_section(viewer, day.cases);
    json prompts = json::array();
    json unlogged = json::array();
    json later = json::array();
    std::set<core::ContactId> to_call;
    for (const core::Case& subject : day.cases) {
        if (!subject.outreach || !core::live(*subject.outreach))
            continue;
        const std::string section = section_of(viewer, subject);
        const bool has_prompt = subject.prompt && subject.prompt->open;
        if (section == "unlogged" && has_prompt)
            unlogged.push_back(prompt_json(viewer, subject));
        else if (section == "later" || !has_prompt)
            later.push_back(later_json(viewer, subject));
        else
            prompts.push_back(prompt_json(viewer, subject));
        to_call.insert(subject.contact.id);
    }
    json done = json::array();
    int reached = 0;
    for (std::size_t i = 0; i < day.logged.size(); ++i) {
        done.push_back({{"contact", card_json(viewer, day.logged_cases[i])},
                        {"at", rfc3339(day.logged[i].at)},
                        {"outcome", outcome_of(day.logged[i])},
                        {"text", outcome_words(day.logged[i])}});
        reached += day.logged[i].what == "talked" ? 1 : 0;
        to_call.erase(day.logged[i].contact);
    }
    const bool provider_ok = std::ranges::all_of(
        site.plan.channels, [&](const core::Channel& c) { return c.works(viewer.now); });
    return {{"rep",
             {{"id", rep.id.value},
              {"name", rep.name},
              {"zone", rep.zone},
              {"language", rep.language}}},
            {"now", rfc3339(viewer.now)},
            {"called", day.logged.size()},
            {"total", day.logged.size() + to_call.size()},
            {"reached", reached},
            {"prompts", prompts},
            {"unlogged", unlogged},
            {"later", later},
            {"done", done},
            {"provider_ok", provider_ok},
            {"bridge", bool{site.options.voice.bridge} && !rep.phone.empty()}};
}

}  // namespace

asio::awaitable<Tap> tapped(Site& site, const Call& call, const Fields& fields,
                            const std::optional<core::RepId>& rep) {
    if (!fields.good() || !rep)
        co_return fields.problem();
    const core::PromptId id{call.id(0).value_or(0)};
    auto found = co_await find_prompt(site, id);
    if (!found || !may_see(site, call.who, found->subject) ||
        !may_act(site.plan, *rep, found->subject))
        co_return not_among_yours("prompt", id.value);
    if (!found->open)
        co_return dealt_with(found->subject);
    co_return std::move(found->subject);
}

std::string outcome_words(const TimelineRow& row) {
    static const std::map<std::string_view, std::string_view> words{
        {"talked", "We talked"},
        {"busy_now", "Busy, call again"},
        {"callback_asked", "Asked to be called back"},
        {"not_interested", "Said no"},
        {"stop", "Asked to stop"},
        {"wrong_person", "Wrong person"},
        {"agreed_next", "Agreed a date"},
        {"someone_else", "Someone else"},
        {"machine", "Answering machine"},
        {"no_answer", "No answer"},
        {"busy", "Line busy"},
        {"rejected", "Call rejected"},
        {"bad_number", "Number not in use"}};
    const auto found = words.find(outcome_of(row));
    return found == words.end() ? row.what : std::string{found->second};
}

void sort_by_section(const Viewer& viewer, std::vector<core::Case>& cases) {
    struct Keyed {
        int rank = 0;
        std::int64_t at = 0;
        core::Case subject;
    };
    std::vector<Keyed> keyed;
    keyed.reserve(cases.size());
    for (core::Case& subject : cases) {
        const std::string section = section_of(viewer, subject);
        std::int64_t at = 0;
        if (subject.prompt)  // replied: newest first; the others: whoever waits longest
            at = section == "replied" ? -core::unix_ms(answered_at(subject))
                                      : core::unix_ms(subject.prompt->due_at);
        else if (subject.outreach)
            at = core::unix_ms(subject.outreach->next.due_at);
        keyed.push_back({rank(section), at, std::move(subject)});
    }
    const auto key = [](const Keyed& k) { return std::tuple{k.rank, k.at, k.subject.contact.id}; };
    std::ranges::sort(keyed, [&](const Keyed& a, const Keyed& b) { return key(a) < key(b); });
    for (std::size_t i = 0; i < cases.size(); ++i)
        cases[i] = std::move(keyed[i].subject);
}

asio::awaitable<std::optional<OpenPrompt>> find_prompt(Site& site, core::PromptId id) {
    co_return co_await ask(site, [id](Store& store) -> std::optional<OpenPrompt> {
        const auto contact = id ? store.contact_of(id) : std::nullopt;
        auto subject = contact ? store.contact(*contact) : std::nullopt;
        if (!subject)
            return std::nullopt;
        const bool open = subject->prompt && subject->prompt->id == id && subject->prompt->open;
        return OpenPrompt{std::move(*subject), open};
    });
}

net::Outgoing dealt_with(const core::Case& subject) {
    std::string next;
    if (subject.outreach && core::live(*subject.outreach))
        next = " Next: " + sentence_of(subject) + ".";
    return problem(409, "late", "This has been dealt with already." + next);
}

Handled show_today(Site& site, Call& call) {
    Fields fields{json::object(), {}};
    const auto rep = acting_rep(site, call, fields);
    if (!rep)
        co_return fields.problem();
    const core::Rep& who = site.plan.reps.at(*rep);
    const Viewer viewer{site.plan, site.now()};
    const std::string zone = core::known_zone(who.zone) ? who.zone : std::string{"UTC"};
    const std::chrono::sys_days today{core::local(viewer.now, zone).day};
    const core::Timestamp from =
        core::instant(std::chrono::year_month_day{today}, core::DayTime{0}, zone);
    const core::Timestamp until = core::instant(
        std::chrono::year_month_day{today + std::chrono::days{1}}, core::DayTime{0}, zone);
    Day day = co_await ask(site, [rep = *rep, from, until](Store& store) {
        return read_day(store, rep, from, until);
    });
    json body = today_json(site, viewer, who, std::move(day));
    const StoreCounts now = co_await counts(site);
    const auto queued = now.messages_by_state.find("queued");
    body["messages_waiting"] = queued == now.messages_by_state.end() ? 0 : queued->second;
    co_return json_answer(200, body);
}

Handled list_prompts(Site& site, Call& call) {
    QueueQuery query;
    query.until = site.now();
    query.limit = limit_of(call);
    if (const std::string_view state = call.ask("state"); !state.empty() && state != "open")
        co_return invalid({{"state", "only open prompts can be listed: state=open"}});
    if (const std::string_view rep = call.ask("rep"); !rep.empty())
        query.rep = core::RepId{std::string{rep}};
    else if (!call.who.any_rep)
        query.rep = call.who.rep;
    if (query.rep && !call.who.any_rep && !may_act_for(site.plan, call.who.rep, *query.rep))
        co_return problem(
            403, "not_yours",
            "You can list your own prompts and those of reps you stand in for or lead.");
    if (!read_cursor(call.ask("after"), query))
        co_return invalid({{"after", "is not a cursor; use \"next\" of the page before"}});
    auto cases = co_await ask(site, [query](Store& store) { return store.queue(query); });
    const json next = cases.size() == query.limit ? json(cursor_at(cases.back())) : json(nullptr);
    cases = with_prompt(std::move(cases));
    const Viewer viewer{site.plan, site.now()};
    sort_by_section(viewer, cases);
    json items = json::array();
    for (const core::Case& subject : cases)
        items.push_back(prompt_json(viewer, subject));
    co_return json_answer(200, {{"items", items}, {"next", next}});
}

Handled show_prompt(Site& site, Call& call) {
    const core::PromptId id{call.id(0).value_or(0)};
    const auto found = co_await find_prompt(site, id);
    if (!found || !may_see(site, call.who, found->subject))
        co_return not_among_yours("prompt", id.value);
    if (!found->open)
        co_return dealt_with(found->subject);
    co_return json_answer(200, prompt_json({site.plan, site.now()}, found->subject));
}

Handled claim_prompt(Site& site, Call& call) {
    return plain_tap<core::Claimed>(site, call);
}
Handled dial_prompt(Site& site, Call& call) {
    return plain_tap<core::Dialled>(site, call);
}
Handled end_prompt(Site& site, Call& call) {
    return plain_tap<core::CallEnded>(site, call);
}
Handled not_called_prompt(Site& site, Call& call) {
    return plain_tap<core::NotCalled>(site, call);
}
Handled acknowledge_prompt(Site& site, Call& call) {
    return plain_tap<core::Acknowledged>(site, call);
}

Handled snooze_prompt(Site& site, Call& call) {
    auto fields = body_fields(call, {"until", "rep"});
    if (!fields)
        co_return bad_body(fields.error());
    const auto until = fields->time_if("until");
    if (!until && fields->good())
        fields->wrong("until", "is missing: when should it come back?");
    const auto rep = acting_rep(site, call, *fields);
    co_return co_await apply_tap(
        site, call, *fields, rep,
        core::Snoozed{rep.value_or(core::RepId{}), until.value_or(core::Timestamp{})});
}

Handled dispose_prompt(Site& site, Call& call) {
    auto fields =
        body_fields(call, {"reached", "said", "next_at", "topic", "leave_message", "won", "rep"});
    if (!fields)
        co_return bad_body(fields.error());
    core::Disposition disposition = disposition_in(*fields);
    const auto rep = acting_rep(site, call, *fields);
    co_return co_await apply_tap(
        site, call, *fields, rep,
        core::Disposed{rep.value_or(core::RepId{}), std::move(disposition)});
}

Handled answer_prompt(Site& site, Call& call) {
    auto fields = body_fields(call, {"stop", "send_again", "rep"});
    if (!fields)
        co_return bad_body(fields.error());
    const auto stop = fields->flag_if("stop");
    const auto send_again = fields->flag_if("send_again");
    if (fields->good() && stop.has_value() == send_again.has_value())
        fields->wrong(
            "stop",
            "answer one question: {\"stop\": true or false}, or {\"send_again\": true or false}");
    const auto rep = acting_rep(site, call, *fields);
    if (stop) {
        using Answer = core::StopAnswered::Answer;
        co_return co_await apply_tap(
            site, call, *fields, rep,
            core::StopAnswered{rep.value_or(core::RepId{}),
                               *stop ? Answer::it_was_stop : Answer::it_was_not});
    }
    const Tap tap = co_await tapped(site, call, *fields, rep);
    if (const auto* answer = std::get_if<net::Outgoing>(&tap))
        co_return *answer;
    const core::Case& subject = std::get<core::Case>(tap);
    const auto unknown = std::ranges::find_if(subject.messages, [](const core::Message& m) {
        return m.state == core::MessageState::unknown;
    });
    if (unknown == subject.messages.end())
        co_return problem(409, "late", "This question has been settled already.");
    using Answer = core::UnknownAnswered::Answer;
    co_return co_await apply_tap(
        site, call, *fields, rep,
        core::UnknownAnswered{unknown->id,
                              send_again.value_or(false) ? Answer::send_again : Answer::leave_it});
}

}  // namespace warmcall::web
