#include "web/settings.hpp"

#include "core/template.hpp"
#include "web/when.hpp"

namespace warmcall::web {

namespace {

std::string_view word_of(core::TemplateStatus status) {
    switch (status) {
        case core::TemplateStatus::unknown:
            return "unknown";
        case core::TemplateStatus::approved:
            return "approved";
        case core::TemplateStatus::pending:
            return "pending";
        case core::TemplateStatus::paused:
            return "paused";
        case core::TemplateStatus::rejected:
            return "rejected";
        case core::TemplateStatus::disabled:
            return "disabled";
    }
    return "unknown";
}

std::string_view word_of(core::TemplateKind kind) {
    switch (kind) {
        case core::TemplateKind::wellbeing:
            return "wellbeing";
        case core::TemplateKind::call_me_back:
            return "call_me_back";
        case core::TemplateKind::rep_notice:
            return "rep_notice";
        case core::TemplateKind::stop_confirmation:
            return "stop_confirmation";
        case core::TemplateKind::call_answer:
            return "call_answer";
        case core::TemplateKind::call_bridge:
            return "call_bridge";
    }
    return "wellbeing";
}

json template_json(const core::Template& t, const std::vector<StoredTemplate>& stored) {
    json findings = json::array();
    for (const core::Finding& finding : core::lint(t))
        findings.push_back({{"code", finding.code},
                            {"sentence", finding.sentence},
                            {"begin", finding.begin},
                            {"end", finding.end}});
    json body{{"name", t.name},
              {"language", t.language},
              {"kind", word_of(t.kind)},
              {"text", t.text},
              {"provider_name", t.provider_name},
              {"findings", findings},
              {"status", word_of(core::TemplateStatus::unknown)},
              {"quality", nullptr},
              {"reason", nullptr}};
    for (const StoredTemplate& s : stored) {
        std::string language = t.provider_language;
        std::replace(language.begin(), language.end(), '-', '_');
        if (s.provider_name != t.provider_name || s.language != language)
            continue;
        body["status"] = word_of(s.status);
        body["quality"] = s.quality.empty() ? json(nullptr) : json(s.quality);
        body["reason"] = s.reason.empty() ? json(nullptr) : json(s.reason);
    }
    return body;
}

}  // namespace

Handled list_reps(Site& site, Call&) {
    const auto states = co_await ask(site, [](Store& store) { return store.rep_states(); });
    json items = json::array();
    for (const auto& [id, rep] : site.plan.reps) {
        auto away = rep.away_until;
        if (const auto state = states.find(id); state != states.end())
            away = state->second.away_until;  // what they said themselves last
        items.push_back(
            {{"id", id.value},
             {"name", rep.name},
             {"zone", rep.zone},
             {"language", rep.language},
             {"stand_in", rep.stand_in ? json(rep.stand_in.value) : json(nullptr)},
             {"lead", rep.lead ? json(rep.lead.value) : json(nullptr)},
             {"away_until", away && *away > site.now() ? json(rfc3339(*away)) : json(nullptr)}});
    }
    co_return json_answer(200, {{"items", items}});
}

Handled set_away(Site& site, Call& call) {
    auto fields = body_fields(call, {"until"});
    if (!fields)
        co_return bad_body(fields.error());
    constexpr core::Duration away_max = std::chrono::hours{24 * 366};
    const auto until = fields->time_if("until");
    if (until && (*until <= site.now() || *until > site.now() + away_max))
        fields->wrong("until", "choose a time between now and a year from now, or null: back");
    if (!fields->good())
        co_return fields->problem();
    const core::RepId rep{call.parameters.at(0)};
    if (!site.plan.reps.contains(rep))
        co_return problem(404, "no_such_rep",
                          "There is no such rep. Reps are written in warmcall.toml.");
    if (!call.who.any_rep && call.who.rep != rep)
        co_return problem(403, "not_yours", "You can only say when you are away yourself.");
    const Outcome outcome = co_await site.door.apply(RepAway{rep, until});
    if (outcome.failure)
        std::rethrow_exception(outcome.failure);
    co_return json_answer(
        200, {{"id", rep.value}, {"away_until", until ? json(rfc3339(*until)) : json(nullptr)}});
}

namespace {

std::string why_it_rests(const Site& site, const core::ChannelId& channel) {
    const auto said = site.said.find(channel);
    return said == site.said.end() ? "The provider does not answer, or asked us to wait."
                                   : "The provider says: " + said->second + ".";
}

}  // namespace

Handled list_channels(Site& site, Call&) {
    json items = json::array();
    for (const core::Channel& channel : site.plan.channels) {
        const bool working = channel.works(site.now());
        json one{{"id", channel.id.value},
                 {"provider", channel.provider},
                 {"medium", channel.medium == core::Medium::sms ? "sms" : "whatsapp"},
                 {"working", working},
                 {"problem", working ? json(nullptr) : json(why_it_rests(site, channel.id))},
                 {"back_at",
                  working || !channel.back_at ? json(nullptr) : json(rfc3339(*channel.back_at))},
                 {"webhook_url", site.options.public_url + "/webhooks/" + channel.id.value}};
        if (const auto hook = site.hooks.find(channel.id); hook != site.hooks.end())
            one["webhooks"] = {{"taken", hook->second.taken},
                               {"unreadable", hook->second.unreadable},
                               {"not_authentic", hook->second.forged},
                               {"turned_away", hook->second.turned_away}};
        items.push_back(std::move(one));
    }
    co_return json_answer(200, {{"items", items}});
}

Handled list_templates(Site& site, Call&) {
    const auto stored = co_await ask(site, [](Store& store) { return store.templates(); });
    json items = json::array();
    for (const core::Template& t : site.plan.templates.templates)
        items.push_back(template_json(t, stored));
    co_return json_answer(200, {{"items", items}});
}

}  // namespace warmcall::web
