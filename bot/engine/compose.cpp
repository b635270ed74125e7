#include "engine/compose.hpp"

#include <algorithm>

#include "core/speech.hpp"
#include "core/template.hpp"

namespace warmcall {

namespace {

constexpr std::string_view stop_confirmation_template = "stop_confirmation";

core::Variables names(const core::Plan& plan, const core::Contact& contact) {
    const core::Rep* rep = plan.rep_for(contact.owner);
    return {{"name", core::first_name(contact.name)},
            {"rep", rep == nullptr ? std::string{} : core::first_name(rep->name)},
            {"company", plan.company}};
}

Result<void> from_template(Outbound& out, const core::Template& t,
                           const core::Variables& variables) {
    Result<std::string> text = core::render(t, variables);
    if (!text) {
        return text.error();
    }
    out.text = std::move(*text);
    out.template_name = t.provider_name;
    out.template_language = t.provider_language;
    for (const std::string& variable : t.variables) {
        out.parameters.emplace_back(variable, variables.at(variable));
    }
    return {};
}

}  // namespace

Result<Outbound> compose(const core::Plan& plan, const core::Case& subject,
                         const core::Message& message, const Token& token) {
    Outbound out{
        .token = token, .to = message.to, .useful_for = message.not_after - message.not_before};
    if (message.kind == core::MessageKind::conversation) {
        out.text = message.text;
        return out;
    }
    const bool confirmation = message.kind == core::MessageKind::stop_confirmation;
    const std::string_view name =
        confirmation ? stop_confirmation_template : std::string_view{message.template_name};
    const core::Template* t = plan.templates.find(name, message.language);
    if (t == nullptr) {
        return Error{Errc::not_found, "There is no text \"" + std::string{name} + "\"."};
    }
    if (Result<void> filled = from_template(out, *t, names(plan, subject.contact)); !filled) {
        return filled.error();
    }
    if (confirmation) {  // inside the window that their own word opened
        out.template_name.clear();
        out.parameters.clear();
    }
    return out;
}

}  // namespace warmcall
