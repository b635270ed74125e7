#include "web/suggestions.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "core/calendar.hpp"
#include "core/speech.hpp"
#include "core/template.hpp"
#include "web/page_words.hpp"

namespace warmcall::web {

namespace {

// To the next five minutes: nobody promises 14:03.
core::Timestamp rounded(core::Timestamp at) {
    return std::chrono::ceil<std::chrono::duration<std::int64_t, std::ratio<300>>>(at);
}

core::Timestamp days_on(core::Timestamp now, int days, int minutes, const std::string& zone) {
    const std::chrono::year_month_day day{std::chrono::sys_days{core::local(now, zone).day} +
                                          std::chrono::days{days}};
    return core::instant(day, core::DayTime{minutes}, zone);
}

// The first moment from then on in which this contact may be reached and the rep is at work; where
// the two never meet, the rep's own hours count, as they do for a prompt.
core::Timestamp suited(const core::Plan& plan, const core::Contact& contact, const core::Rep& rep,
                       core::Timestamp from) {
    constexpr int tries_max = 20;
    const auto ours = [&](core::Timestamp at) {
        return core::next_open(rep.hours, {}, {rep.zone}, at).value_or(at);
    };
    core::Timestamp at = ours(from);
    for (int i = 0; i < tries_max; ++i) {
        const core::Timestamp theirs = core::next_decent(plan.calendar, contact, at).value_or(at);
        const core::Timestamp both = ours(theirs);
        if (both == at)
            return at;
        at = both;
    }
    return ours(from);
}

// Two that moved to the same moment are one offer.
std::vector<Suggestion> apart(std::vector<Suggestion> offers) {
    std::vector<Suggestion> kept;
    for (Suggestion& offer : offers)
        if (std::ranges::find(kept, offer.at, &Suggestion::at) == kept.end())
            kept.push_back(std::move(offer));
    return kept;
}

std::string length_label(core::Duration length) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(length).count();
    if (minutes < 90)
        return fmt::format("Call again in {} min", minutes);
    if (minutes < 24 * 60)
        return fmt::format("Call again in {} h", (minutes + 30) / 60);
    return minutes < 36 * 60
               ? std::string{"Call again tomorrow"}
               : fmt::format("Call again in {} days", (minutes + 12 * 60) / (24 * 60));
}

}  // namespace

Suggestions suggestions(const core::Plan& plan, const core::Case& subject, const core::Rep& rep,
                        core::Timestamp now) {
    const std::string zone = core::known_zone(rep.zone) ? rep.zone : std::string{"UTC"};
    const PageWords words{"en"};
    // A time that had to move away from its name is called by what it is.
    const auto offer = [&](std::string label, core::Timestamp wanted) {
        const core::Timestamp at = suited(plan, subject.contact, rep, wanted);
        return Suggestion{at == wanted ? std::move(label) : words.when(at, zone, now), at};
    };
    const auto day = [&](std::string label, int days, int hour) {
        return offer(std::move(label), days_on(now, days, hour * 60, zone));
    };
    const auto in = [&](std::string label, core::Duration length) {
        return offer(std::move(label), rounded(now + length));
    };

    core::Duration again = std::chrono::hours{2};
    core::Duration touch_base = std::chrono::days{14};
    if (subject.outreach) {
        const auto cadence = plan.cadences.find(subject.outreach->cadence);
        if (cadence != plan.cadences.end()) {
            const auto& ladder = cadence->second.ladder;
            const auto rung = static_cast<std::size_t>(std::max(subject.outreach->attempt, 0));
            if (!ladder.empty())
                again = ladder[std::min(rung, ladder.size() - 1)].after;
            touch_base = cadence->second.touch_base;
        }
    }
    const int touch_days =
        static_cast<int>(std::chrono::ceil<std::chrono::days>(touch_base).count());

    Suggestions found;
    found.no_answer = apart({in(length_label(again), again), day("Tomorrow 10:00", 1, 10),
                             day("Tomorrow 17:00", 1, 17), day("In a week", 7, 10)});
    found.talked = apart(
        {day(touch_days == 14 ? std::string{"In two weeks"} : fmt::format("In {} days", touch_days),
             touch_days, 10),
         day("In a week", 7, 10), day("In a month", 30, 10)});
    found.callback = apart({in("In 1 hour", std::chrono::hours{1}),
                            in("In 3 hours", std::chrono::hours{3}), day("Tomorrow 10:00", 1, 10)});
    return found;
}

namespace {

// Such a line speaks of the last talk; where nothing is noted there was none to speak of.
bool names_topic(const std::string& line) {
    return line.find("{{topic}}") != std::string::npos;
}

// What came before this call says how it opens.
const std::vector<std::string>& talk_of(const core::Cadence& cadence, const core::Case& subject) {
    using core::PromptKind;
    const PromptKind kind = subject.prompt ? subject.prompt->kind : PromptKind::silent;
    if (kind == PromptKind::they_called)
        return cadence.script_called;
    if (subject.outreach->replied_at || kind >= PromptKind::replied)
        return cadence.script_replied;
    const bool text_went = std::ranges::any_of(subject.messages, [](const core::Message& m) {
        const core::Facts& f = m.facts;
        return !f.failed && (f.unknown || f.accepted || f.sent || f.delivered || f.read);
    });
    return text_went ? cadence.script_silent : cadence.script_unsent;
}

}  // namespace

std::vector<std::string> script(const core::Plan& plan, const core::Case& subject) {
    if (!subject.outreach)
        return {};
    const auto cadence = plan.cadences.find(subject.outreach->cadence);
    if (cadence == plan.cadences.end())
        return {};
    const core::Rep* rep = plan.rep_for(subject.contact.owner);
    const core::Variables names{
        {"name", core::first_name(subject.contact.name)},
        {"rep", rep == nullptr ? subject.contact.owner.value : core::first_name(rep->name)},
        {"topic", subject.contact.topic}};
    std::vector<std::string> lines;
    for (const std::string& text : talk_of(cadence->second, subject)) {
        if (subject.contact.topic.empty() && names_topic(text)) {
            lines.emplace_back("Ask how they have been, and listen.");
            continue;
        }
        core::Template line;
        line.name = "script";
        line.text = text;
        const auto rendered = core::render(line, names);
        lines.push_back(rendered ? *rendered : text);
    }
    return lines;
}

}  // namespace warmcall::web
