#include "web/call.hpp"

#include <algorithm>
#include <charconv>

#include "web/new_contact.hpp"

namespace warmcall::web {

std::string_view Call::ask(std::string_view name) const {
    const auto found = std::find_if(query.begin(), query.end(),
                                    [&](const Header& pair) { return pair.name == name; });
    return found == query.end() ? std::string_view{} : std::string_view{found->value};
}

std::optional<std::int64_t> Call::id(std::size_t parameter) const {
    const std::string& text = parameters.at(parameter);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value <= 0)
        return std::nullopt;
    return value;
}

Result<json> Call::body() const {
    if (request.body.empty())
        return json::object();
    const std::string_view type = request.header("Content-Type");
    if (!type.starts_with("application/json"))
        return Error{Errc::refused, "Send JSON, with \"Content-Type: application/json\"."};
    return read_json(request.body);
}

std::string Call::actor() const {
    return who.rep ? who.rep.value : "api";
}

net::Outgoing bad_body(const Error& error) {
    if (error.code == Errc::refused)
        return problem(415, "content_type", error.message);
    return problem(400, "not_json", error.message);
}

Result<Fields> body_fields(const Call& call, std::initializer_list<std::string_view> known) {
    const auto body = call.body();
    if (!body)
        return body.error();
    return Fields{*body, known};
}

bool may_act_for(const core::Plan& plan, const core::RepId& rep, const core::RepId& owner) {
    if (rep == owner)
        return true;
    const core::Rep* found = plan.rep_for(owner);
    return found != nullptr && (found->id == rep || found->stand_in == rep || found->lead == rep);
}

bool may_act(const core::Plan& plan, const core::RepId& rep, const core::Case& subject) {
    return may_act_for(plan, rep, subject.contact.owner) ||
           (subject.prompt && subject.prompt->rep == rep) ||
           (subject.outreach && subject.outreach->next.owner == rep);
}

bool may_see(const Site& site, const Who& who, const core::Case& subject) {
    return who.any_rep || may_act(site.plan, who.rep, subject);
}

net::Outgoing not_among_yours(std::string_view what, std::int64_t id) {
    const std::string name{what};
    return problem(404, "no_such_" + name,
                   "There is no " + name + " " + std::to_string(id) +
                       " among yours. If a colleague has taken it over, it is on their list now.");
}

std::optional<core::RepId> known_rep(const core::Plan& plan, std::string_view id, Fields& fields,
                                     std::string_view field) {
    core::RepId rep{std::string{id}};
    if (plan.reps.contains(rep))
        return rep;
    fields.wrong(field, "there is no such rep; there are: " + rep_list(plan));
    return std::nullopt;
}

std::optional<core::RepId> acting_rep(const Site& site, const Call& call, Fields& fields) {
    std::string named = fields.text_if("rep", 64).value_or("");
    if (named.empty())
        named = call.request.header("X-Warmcall-Rep");
    if (named.empty())
        named = call.ask("rep");
    if (named.empty() && call.who.rep)
        return call.who.rep;
    if (named.empty()) {
        fields.wrong("rep",
                     "is missing: this token belongs to no rep, so say for whom (\"rep\", or the "
                     "header X-Warmcall-Rep)");
        return std::nullopt;
    }
    const auto rep = known_rep(site.plan, named, fields, "rep");
    if (rep && !call.who.any_rep && *rep != call.who.rep) {
        fields.wrong("rep", "you are signed in as " + call.who.rep.value);
        return std::nullopt;
    }
    return rep;
}

}  // namespace warmcall::web
