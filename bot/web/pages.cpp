#include "web/pages.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "core/calendar.hpp"
#include "core/speech.hpp"
#include "web/calls.hpp"
#include "web/files.hpp"
#include "web/links.hpp"
#include "web/page_words.hpp"
#include "web/prompts.hpp"
#include "web/suggestions.hpp"
#include "web/when.hpp"

namespace warmcall::web {

namespace {

// A request for a page whose token holds: the link, the rep's own record and the case as it is now.
struct Visit {
    PromptLink link;
    std::string token;
    const core::Rep* rep = nullptr;
    core::Case subject;
    bool open = false;
    bool rings = false;  // they have just asked to be rung
};

using Form = std::vector<Header>;

net::Outgoing no_such_link() {
    return page_of(
        "note",
        {{"title", "This link does not work"},
         {"text",
          "It is not whole, or it was for somebody else. Open the newest message from warmcall."}},
        404);
}

asio::awaitable<std::optional<Visit>> visit_of(Site& site, const Call& call) {
    const auto link = read_prompt_token(site.options.link_key, call.parameters.at(0));
    if (!link)
        co_return std::nullopt;
    const auto rep = site.plan.reps.find(link->rep);
    auto found = co_await find_prompt(site, link->prompt);
    if (!found || rep == site.plan.reps.end() || !may_act(site.plan, link->rep, found->subject))
        co_return std::nullopt;
    co_return Visit{*link, call.parameters.at(0), &rep->second, std::move(found->subject),
                    found->open};
}

std::string field(const Form& form, std::string_view name) {
    const auto found = std::ranges::find(form, name, &Header::name);
    return found == form.end() ? std::string{} : trimmed(found->value);
}

std::string initials(std::string_view name) {
    std::string letters;
    bool start = true;
    for (std::size_t i = 0; i < name.size() && letters.size() < 8; ++i) {
        const auto byte = static_cast<unsigned char>(name[i]);
        if (start && byte != ' ') {
            letters += name[i];
            while (byte >= 0x80 && i + 1 < name.size() &&
                   (static_cast<unsigned char>(name[i + 1]) & 0xc0U) == 0x80U)
                letters += name[++i];
            start = false;
        }
        start = start || byte == ' ';
    }
    return letters;
}

std::string zone_of(const core::Rep& rep) {
    return core::known_zone(rep.zone) ? rep.zone : "UTC";
}

json facts_of(const core::Case& subject, const PageWords& words) {
    json facts = json::array();
    const auto add = [&](std::string_view label, const std::string& value) {
        if (!value.empty())
            facts.push_back({{"label", words.say(label)}, {"value", value}});
    };
    const core::Preferences& p = subject.contact.preferences;
    const auto clock = [&](std::string_view key, const core::DayTime& t) {
        return words.say(key,
                         {{"time", fmt::format("{:02}:{:02}", t.minutes / 60, t.minutes % 60)}});
    };
    std::string hours = p.from ? clock("after", *p.from) : "";
    if (p.to)
        hours += (hours.empty() ? "" : " ") + clock("until", *p.to);
    std::string prefers = p.reach;
    if (!hours.empty())
        prefers += (prefers.empty() ? "" : " · ") + hours;
    add("f_topic", subject.contact.topic);
    add("f_prefers", prefers);
    add("f_lost", p.if_lost);
    if (!subject.contact.language.empty())
        add("f_speaks", words.name_of_language(subject.contact.language));
    std::vector<core::Message> newest{subject.messages.rbegin(), subject.messages.rend()};
    add("f_message", words.say("s_" + reply_status(subject, newest)));
    return facts;
}

struct Choice {
    std::string_view value;
    core::Reached reached;
    std::optional<core::Said> said;
    bool ends = false;
    bool won = false;
};

const std::vector<Choice>& choices() {
    using core::Reached;
    using core::Said;
    static const std::vector<Choice> table{
        {"talked", Reached::human, Said::talked, false},
        {"no_answer", Reached::no_answer, std::nullopt, false},
        {"machine", Reached::machine, std::nullopt, false},
        {"busy", Reached::busy, std::nullopt, false},
        {"callback", Reached::human, Said::callback_asked, false},
        {"someone_else", Reached::someone_else, std::nullopt, false},
        {"won", Reached::human, Said::talked, true, true},
        {"stop", Reached::human, Said::stop, true},
        {"not_interested", Reached::human, Said::not_interested, true},
        {"wrong_person", Reached::human, Said::wrong_person, true},
        {"bad_number", Reached::bad_number, std::nullopt, false},
    };
    return table;
}

// What the line says came of the call; the rep corrects that. A short talk is often a voice box:
// nothing is presumed.
std::string by_line(const std::optional<core::Line>& line) {
    constexpr int talked_s = 20;
    if (!line)
        return {};
    switch (line->state) {
        case core::LineState::completed:
            return line->seconds >= talked_s ? "talked" : "";
        case core::LineState::no_answer:
            return "no_answer";
        case core::LineState::busy:
            return "busy";
        case core::LineState::ringing:
        case core::LineState::failed:
        case core::LineState::not_rung:
            return {};
    }
    return {};
}

json outcomes_of(const std::string& chosen, const PageWords& words) {
    json list = json::array();
    for (const Choice& choice : choices())
        list.push_back({{"value", choice.value},
                        {"label", words.say("o_" + std::string{choice.value})},
                        {"checked", choice.value == chosen}});
    return list;
}

// An offered time is called by its day and hour: what is tapped is what is kept.
struct Naming {
    const PageWords& words;
    std::string zone;
    core::Timestamp now{};

    std::string operator()(const Suggestion& s) const { return words.when(s.at, zone, now); }
};

json nexts_of(const Suggestions& offered, const std::string& chosen, const Naming& name) {
    json list = json::array();
    const auto add = [&](const std::string& value, const std::string& label) {
        const bool known =
            std::ranges::any_of(list, [&](const json& item) { return item["value"] == value; });
        if (!known)
            list.push_back({{"value", value}, {"label", label}, {"checked", value == chosen}});
    };
    for (const auto* some : {&offered.no_answer, &offered.talked})
        for (const Suggestion& s : *some)
            add(rfc3339(s.at), name(s));
    return list;
}

json snoozes_of(const Suggestions& offered, const Naming& name) {
    json list = json::array();
    const auto add = [&](core::Timestamp at, const std::string& label) {
        list.push_back({{"value", rfc3339(at)}, {"label", label}});
    };
    add(name.now + std::chrono::minutes{30}, name.words.say("in_30_min"));
    add(name.now + std::chrono::hours{2}, name.words.say("in_2_h"));
    if (offered.no_answer.size() > 1)
        add(offered.no_answer[1].at, name(offered.no_answer[1]));
    return list;
}

std::string meta_of(const core::Contact& contact, core::Timestamp now, const PageWords& words) {
    if (contact.zones.size() != 1)
        return {};
    const std::string& zone = contact.zones.front();
    const std::size_t slash = zone.rfind('/');
    std::string place = slash == std::string::npos ? zone : zone.substr(slash + 1);
    std::ranges::replace(place, '_', ' ');
    return words.clock(now, zone) + " " + words.say("there") + " · " + place;
}

std::string why_of(const core::Case& subject, const PageWords& words) {
    if (words.english())
        return subject.prompt->reason;
    return words.say("why_" + std::string{core::to_string(subject.prompt->kind)},
                     {{"name", core::first_name(subject.contact.name)}});
}

void add_words(json& values, const PageWords& words, const std::string& name) {
    values["lang"] = words.language();
    values["dir"] = words.right_to_left() ? "rtl" : "ltr";
    for (const auto& [key, text] : words.all(name))
        values[key] = text;
}

json values_of(Site& site, const Visit& visit, const std::string& problem, const Form& typed) {
    const core::Case& subject = visit.subject;
    const core::Prompt& prompt = *subject.prompt;
    const core::Timestamp now = site.now();
    const std::string zone = zone_of(*visit.rep);
    const PageWords words{visit.rep->language};
    const Naming naming{words, zone, now};
    const Suggestions offered = suggestions(site.plan, subject, *visit.rep, now);
    const std::string phase{core::to_string(subject.outreach->phase)};
    const auto phone = std::ranges::find(subject.contact.addresses, core::AddressKind::phone,
                                         &core::Address::kind);
    const bool taken =
        prompt.lease && now < prompt.lease->until && prompt.lease->holder != visit.link.rep;
    const bool asks_stop = prompt.kind == core::PromptKind::unanswered_question;
    const bool mine = !taken && !asks_stop;

    json values{
        {"name", subject.contact.name},
        {"first_name", core::first_name(subject.contact.name)},
        {"initials", initials(subject.contact.name)},
        {"meta", meta_of(subject.contact, now, words)},
        {"why", why_of(subject, words)},
        {"words", prompt.words},
        {"facts", facts_of(subject, words)},
        {"base", "/p/" + percent_encode(visit.token)},
        {"form", form_token(site.options.link_key, visit.link)},
        {"problem", problem},
        {"tel", phone == subject.contact.addresses.end() ? "" : phone->value},
        {"zone", zone},
        {"asks_stop", asks_stop && !taken},
        {"may_call", mine},
        {"may_dial", mine && phase == "call_due"},
        {"may_ring", mine && phase == "call_due" && may_ring(site, *visit.rep) &&
                         phone != subject.contact.addresses.end()},
        {"on_call", mine && phase == "on_call"},
        {"may_take_back", mine && (phase == "on_call" || phase == "wrap_up") && !prompt.line},
        {"rings", visit.rings && mine && phase == "on_call"},
        {"may_dispose", mine},
        {"may_snooze", mine && phase == "call_due"},
        {"outcomes",
         outcomes_of(typed.empty() ? by_line(prompt.line) : field(typed, "outcome"), words)},
        {"nexts", nexts_of(offered, field(typed, "next"), naming)},
        {"picked", field(typed, "next") == "pick"},
        {"pick", field(typed, "pick")},
        {"topic_typed", field(typed, "topic")},
        {"leave_message", typed.empty() || !field(typed, "leave_message").empty()},
        {"snoozes", snoozes_of(offered, naming)}};
    for (const char* text :
         {"meta", "words", "problem", "tel"})  // an empty text is no text: its section is left out
        if (values[text] == "")
            values[text] = false;
    add_words(values, words, core::first_name(subject.contact.name));
    json lines = json::array();
    for (const std::string& line : script(site.plan, subject))
        lines.push_back({{"line", line}});
    values["has_script"] = !lines.empty();
    values["script"] = std::move(lines);
    if (taken) {
        const auto holder = site.plan.reps.find(prompt.lease->holder);
        const std::string who = holder == site.plan.reps.end()
                                    ? prompt.lease->holder.value
                                    : core::first_name(holder->second.name);
        values["taken"] =
            words.say("taken", {{"rep", who}, {"time", words.clock(prompt.lease->until, zone)}});
    }
    return values;
}

net::Outgoing note(const PageWords& words, const std::string& title, const std::string& text,
                   int status = 200) {
    json values{{"title", title}, {"text", text}};
    add_words(values, words, {});
    return page_of("note", values, status);
}

net::Outgoing done_page(const Site& site, const Visit& visit) {
    const PageWords words{visit.rep->language};
    const core::Case& subject = visit.subject;
    std::string next = words.say("done_nothing");
    if (subject.outreach && core::live(*subject.outreach)) {
        const std::string time =
            words.when(subject.outreach->next.due_at, zone_of(*visit.rep), site.now());
        next = words.english() ? "Next: " + sentence_of(subject) + " (" + time + ")."
                               : words.say("done_next", {{"time", time}});
    }
    return note(words, words.say("done", {{"name", core::first_name(subject.contact.name)}}), next);
}

net::Outgoing page(Site& site, const Visit& visit, int status = 200,
                   const std::string& problem = {}, const Form& typed = {}) {
    if (!visit.open)
        return done_page(site, visit);
    return page_of("prompt", values_of(site, visit, problem, typed), status);
}

PageWords words_of(const Visit& visit) {
    return PageWords{visit.rep->language};
}

// The refusal's own sentence is English; elsewhere what its code means on this page.
std::string why_not(const Site& site, const PageWords& words, const core::Refusal& refusal) {
    using Code = core::Refusal::Code;
    if (words.english())
        return refusal.sentence;
    if (refusal.code == Code::taken && refusal.holder) {
        const auto rep = site.plan.reps.find(*refusal.holder);
        return words.say("refused_taken", {{"rep", rep == site.plan.reps.end()
                                                       ? refusal.holder->value
                                                       : core::first_name(rep->second.name)}});
    }
    for (const Code code : {Code::late, Code::next_action_missing, Code::wrong_phase})
        if (refusal.code == code)
            return words.say("refused_" + std::string{code_of(refusal)});
    return words.say("refused");
}

struct Posted {
    Visit visit;
    Form form;
};

// A form that came from our page, for a link that holds; else the answer.
asio::awaitable<std::variant<Posted, net::Outgoing>> posted(Site& site, const Call& call) {
    auto visit = co_await visit_of(site, call);
    if (!visit)
        co_return no_such_link();
    Form form = decode_form(call.request.body);
    const bool ours =
        equal_constant_time(field(form, "form"), form_token(site.options.link_key, visit->link));
    const PageWords words{visit->rep->language};
    if (!ours || call.request.header("Sec-Fetch-Site") == "cross-site")
        co_return note(words, words.say("again_title"), words.say("again_text"), 403);
    if (!visit->open)
        co_return done_page(site, *visit);
    co_return Posted{std::move(*visit), std::move(form)};
}

Handled apply(Site& site, const Posted& post, core::Event event) {
    const Outcome outcome = co_await happen(site, post.visit.subject.contact.id, std::move(event),
                                            post.visit.link.rep.value);
    if (outcome.refusal) {
        const int status = refused(site.plan, *outcome.refusal).status;
        co_return page(site, post.visit, status,
                       why_not(site, words_of(post.visit), *outcome.refusal), post.form);
    }
    co_return see_other("/p/" + percent_encode(post.visit.token));
}

template <class Event>
Handled plain(Site& site, Call& call) {
    const auto post = co_await posted(site, call);
    if (const auto* answer = std::get_if<net::Outgoing>(&post))
        co_return *answer;
    const Posted& ok = std::get<Posted>(post);
    co_return co_await apply(site, ok, Event{ok.visit.link.rep});
}

// "2026-11-23T10:00" of a datetime-local field, on the rep's clock.
std::optional<core::Timestamp> picked_time(const std::string& text, const std::string& zone) {
    const auto at = read_rfc3339(text + (text.size() == 16 ? ":00Z" : "Z"));
    if (!at)
        return std::nullopt;
    const auto day = std::chrono::floor<std::chrono::days>(*at);
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(*at - day).count();
    return core::instant(std::chrono::year_month_day{day}, core::DayTime{static_cast<int>(minutes)},
                         zone);
}

}  // namespace

Handled show_page(Site& site, Call& call) {
    auto visit = co_await visit_of(site, call);
    if (!visit)
        co_return no_such_link();
    visit->rings = call.ask("rings") == "1";
    co_return page(site, *visit);
}

Handled page_dial(Site& site, Call& call) {
    return plain<core::Dialled>(site, call);
}
Handled page_ring(Site& site, Call& call) {
    const auto post = co_await posted(site, call);
    if (const auto* answer = std::get_if<net::Outgoing>(&post))
        co_return *answer;
    const Visit& visit = std::get<Posted>(post).visit;
    const Ring ends = co_await ring(site, visit.subject, *visit.rep);
    if (ends.end == Ring::End::placed)
        co_return see_other("/p/" + percent_encode(visit.token) + "?rings=1");
    const PageWords words = words_of(visit);
    if (ends.end == Ring::End::unknown)
        co_return page(site, visit, 202, words.say("ring_unknown"));
    const int status = ends.refusal ? refused(site.plan, *ends.refusal).status : ends.status;
    const std::string why = ends.refusal      ? why_not(site, words, *ends.refusal)
                            : words.english() ? ends.sentence
                                              : words.say("ring_not");
    co_return page(site, visit, status, why);
}
Handled page_ended(Site& site, Call& call) {
    return plain<core::CallEnded>(site, call);
}
Handled page_not_called(Site& site, Call& call) {
    return plain<core::NotCalled>(site, call);
}
Handled page_acknowledge(Site& site, Call& call) {
    return plain<core::Acknowledged>(site, call);
}

Handled page_snooze(Site& site, Call& call) {
    const auto post = co_await posted(site, call);
    if (const auto* answer = std::get_if<net::Outgoing>(&post))
        co_return *answer;
    const Posted& ok = std::get<Posted>(post);
    const auto until = read_rfc3339(field(ok.form, "until"));
    co_return co_await apply(site, ok,
                             core::Snoozed{ok.visit.link.rep, until ? *until : core::Timestamp{}});
}

Handled page_answer(Site& site, Call& call) {
    const auto post = co_await posted(site, call);
    if (const auto* answer = std::get_if<net::Outgoing>(&post))
        co_return *answer;
    const Posted& ok = std::get<Posted>(post);
    const std::string said = field(ok.form, "stop");
    if (said != "yes" && said != "no")
        co_return page(site, ok.visit, 422, words_of(ok.visit).say("choose_answer"), ok.form);
    using Answer = core::StopAnswered::Answer;
    co_return co_await apply(
        site, ok,
        core::StopAnswered{ok.visit.link.rep,
                           said == "yes" ? Answer::it_was_stop : Answer::it_was_not});
}

Handled page_disposition(Site& site, Call& call) {
    const auto post = co_await posted(site, call);
    if (const auto* answer = std::get_if<net::Outgoing>(&post))
        co_return *answer;
    const Posted& ok = std::get<Posted>(post);
    const auto choice = std::ranges::find(choices(), field(ok.form, "outcome"), &Choice::value);
    if (choice == choices().end())
        co_return page(site, ok.visit, 422, words_of(ok.visit).say("choose_outcome"), ok.form);
    core::Disposition d;
    d.reached = choice->reached;
    d.said = choice->said;
    d.won = choice->won;
    d.topic = core::cut(field(ok.form, "topic"), 500);
    if (!clean(d.topic, Lines::several))
        co_return page(site, ok.visit, 422, words_of(ok.visit).say("topic_unfit"), ok.form);
    d.leave_message = !field(ok.form, "leave_message").empty();
    const std::string next = field(ok.form, "next");
    if (!choice->ends && !next.empty()) {
        const auto given = read_rfc3339(next);
        d.next_at = next == "pick" ? picked_time(field(ok.form, "pick"), zone_of(*ok.visit.rep))
                    : given        ? std::optional{*given}
                                   : std::nullopt;
    }
    if (!choice->ends && !d.next_at)
        co_return page(site, ok.visit, 422, words_of(ok.visit).say("choose_next"), ok.form);
    co_return co_await apply(site, ok, core::Disposed{ok.visit.link.rep, std::move(d)});
}

}  // namespace warmcall::web
