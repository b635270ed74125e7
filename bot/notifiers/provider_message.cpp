// A prompt as a WhatsApp message or SMS to the rep's own number, through the same provider as the
// contacts' messages.

#include "core/speech.hpp"
#include "core/template.hpp"
#include "notifiers/registry.hpp"

namespace warmcall::notifiers {

namespace {

constexpr std::size_t quote_bytes_max = 600;

std::string reason_of(const AlertToSend& a) {
    if (!a.alert.text.empty()) {
        return a.alert.text;
    }
    return a.subject.prompt ? a.subject.prompt->reason : "Open the card.";
}

Result<Outbound> compose(const core::Plan& plan, const AlertToSend& a) {
    const core::Template* t = plan.templates.find("rep_notice", a.rep.language);
    if (t == nullptr) {
        return Error{Errc::not_found, "there is no text \"rep_notice\""};
    }
    const core::Variables variables{{"name", core::first_name(a.subject.contact.name)},
                                    {"rep", core::first_name(a.rep.name)},
                                    {"reason", reason_of(a)},
                                    {"link", a.link},
                                    {"company", plan.company}};
    Result<std::string> text = core::render(*t, variables);
    if (!text) {
        return text.error();
    }
    Outbound out{.token = a.alert.token,
                 .to = {core::AddressKind::phone, a.rep.phone},
                 .text = std::move(*text),
                 .useful_for = std::chrono::hours{4}};
    if (a.window_open && !a.alert.needs_template) {  // free-form: their words may be quoted, the
                                                     // window is the rep's own
        if (a.alert.text.empty() && a.subject.prompt && !a.subject.prompt->words.empty()) {
            out.text += "\n\n\"" + core::cut(a.subject.prompt->words, quote_bytes_max) + "\"";
        }
        return out;
    }
    out.template_name = t->provider_name;
    out.template_language = t->provider_language;
    for (const std::string& variable : t->variables) {
        out.parameters.emplace_back(variable, variables.at(variable));
    }
    return out;
}

}  // namespace

extern const Notifier provider_message{"provider_message", &compose};

}  // namespace warmcall::notifiers
