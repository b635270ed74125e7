#include "web/suggestions.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "core/speech.hpp"
#include "core/template.hpp"

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

// The first moment from then on in which this contact may be reached.
core::Timestamp suited(const core::Plan& plan, const core::Contact& contact, core::Timestamp at) {
    return core::next_decent(plan.calendar, contact, at).value_or(at);
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
    const auto day = [&](int days, int hour) {
        return suited(plan, subject.contact, days_on(now, days, hour * 60, zone));
    };
    const auto in = [&](core::Duration length) {
        return suited(plan, subject.contact, rounded(now + length));
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
    found.no_answer = {{length_label(again), in(again)},
                       {"Tomorrow 10:00", day(1, 10)},
                       {"Tomorrow 17:00", day(1, 17)},
                       {"In a week", day(7, 10)}};
    found.talked = {
        {touch_days == 14 ? std::string{"In two weeks"} : fmt::format("In {} days", touch_days),
         day(touch_days, 10)},
        {"In a week", day(7, 10)},
        {"In a month", day(30, 10)}};
    found.callback = {{"In 1 hour", in(std::chrono::hours{1})},
                      {"In 3 hours", in(std::chrono::hours{3})},
                      {"Tomorrow 10:00", day(1, 10)}};
    return found;
}

namespace {

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
    const auto rep = plan.reps.find(subject.contact.owner);
    const std::string topic =
        subject.contact.topic.empty() ? "how they have been" : subject.contact.topic;
    const core::Variables names{
        {"name", core::first_name(subject.contact.name)},
        {"rep",
         rep == plan.reps.end() ? subject.contact.owner.value : core::first_name(rep->second.name)},
        {"topic", topic}};
    std::vector<std::string> lines;
    for (const std::string& text : talk_of(cadence->second, subject)) {
        core::Template line;
        line.name = "script";
        line.text = text;
        const auto rendered = core::render(line, names);
        lines.push_back(rendered ? *rendered : text);
    }
    return lines;
}

}  // namespace warmcall::web
