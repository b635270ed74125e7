// A prompt as a WhatsApp message or SMS to the rep's own number, through the same provider as the
// contacts' messages. Inside the rep's own 24-hour window it has buttons, and their words where the
// rep wants them on the screen; outside it is the approved text.

#include "core/speech.hpp"
#include "core/template.hpp"
#include "notifiers/registry.hpp"
#include "notifiers/words.hpp"

namespace warmcall::notifiers {

namespace {

constexpr std::size_t quote_bytes_max = 600;

using LockScreen = core::Rep::LockScreen;

// The answer to what the rep just tapped. Of a rep who wants no names on the screen it has none.
bool is_answer(const Telling& t) {
    return t.alert.origin == 0 && !t.alert.prompt && !t.alert.text.empty();
}

std::string reason_of(const Telling& t) {
    if (t.rep.lock_screen == LockScreen::no_names && !is_answer(t)) {
        const Said said = say(t, Travels::readable);
        return t.alert.prompt && t.subjects.size() == 1 ? said.title : said.body;
    }
    if (!t.alert.text.empty()) {
        return t.alert.text;
    }
    if (t.subjects.size() != 1) {
        return say(t, Travels::readable).body;
    }
    const core::Case& subject = t.subjects.front();
    return subject.prompt ? subject.prompt->reason : "Open the card.";
}

std::string name_of(const Telling& t) {
    return t.subjects.size() == 1 ? name_for(t, t.subjects.front())
                                  : say(t, Travels::readable).title;
}

bool is_sms(const Means& means) {
    return means.provider->medium == core::Medium::sms;
}

void as_template(Outbound& out, const core::Template& t, const core::Variables& variables) {
    out.template_name = t.provider_name;
    out.template_language = t.provider_language;
    for (const std::string& variable : t.variables) {
        out.parameters.emplace_back(variable, variables.at(variable));
    }
}

// By SMS, and where the provider writes no buttons of ours, a digit does what a button would.
void with_digits(Outbound& out, const Telling& t) {
    if (!t.taps.empty()) {
        out.text += "\n" + digits_of(t.taps, t.rep.language);
    }
}

void in_window(Outbound& out, const Telling& t, const Means& means) {
    if (t.rep.lock_screen == LockScreen::quote && t.alert.prompt && t.subjects.size() == 1 &&
        t.subjects.front().prompt && !t.subjects.front().prompt->words.empty()) {
        out.text += "\n\n\"" + core::cut(t.subjects.front().prompt->words, quote_bytes_max) + "\"";
    }
    if (!means.provider->writes_buttons) {
        with_digits(out, t);
        return;
    }
    for (const Tap& tap : t.taps) {
        out.buttons.emplace_back(tap.id, title_of(tap, t.rep.language));
    }
}

bool takes(const Means& means, const Outbound& out) {
    return means.provider->unfit == nullptr || !means.provider->unfit(*means.account, out);
}

// The day's first message: outside the window the approved text, whose own quick replies carry
// our ids; inside it the same words with the same buttons, at no cost, where the provider writes
// buttons without a template.
Result<Outbound> morning_of(const Telling& t, const Means& means) {
    const core::Template* text = t.plan.templates.find("rep_morning", t.rep.language);
    if (text == nullptr || is_sms(means)) {
        return Error{Errc::not_found, "there is no text \"rep_morning\" for this way"};
    }
    const core::Variables variables{{"rep", core::first_name(t.rep.name)},
                                    {"count", std::to_string(*t.calls_today)},
                                    {"company", t.plan.company},
                                    {"link", t.link}};
    Result<std::string> rendered = core::render(*text, variables);
    if (!rendered) {
        return rendered.error();
    }
    Outbound out{.token = t.alert.token,
                 .to = {core::AddressKind::phone, t.rep.phone},
                 .text = std::move(*rendered),
                 .useful_for = std::chrono::hours{4},
                 .at = t.now};
    for (const Tap& tap : t.taps) {
        out.buttons.emplace_back(tap.id, title_of(tap, t.rep.language));
    }
    if (!t.window_open || !means.provider->writes_buttons) {
        Outbound approved = out;
        as_template(approved, *text, variables);
        if (!t.window_open || takes(means, approved)) {
            return approved;
        }
    }
    return out;
}

// The answer to a tap of the morning, and nothing around it.
Outbound plain(const Telling& t) {
    return {.token = t.alert.token,
            .to = {core::AddressKind::phone, t.rep.phone},
            .text = t.alert.text,
            .useful_for = std::chrono::hours{4},
            .at = t.now};
}

// The approved text for what is outside the rep's window. News that asks for no call has one of its
// own; until that is approved, it goes in the frame of a call, which is better than not at all.
const core::Template* frame_of(const Telling& t) {
    const bool is_news = !t.alert.prompt && !t.alert.text.empty();
    const core::Template* news =
        is_news && t.news_approved ? t.plan.templates.find("rep_news", t.rep.language) : nullptr;
    return news != nullptr ? news : t.plan.templates.find("rep_notice", t.rep.language);
}

// News that asks for no call ("Ravi asked to stop."), in words of our own: the approved text says
// that there is one to make.
Outbound news(const Telling& t) {
    Outbound out = plain(t);
    out.text = reason_of(t) + "\n" + t.link;
    return out;
}

Result<Outbound> outbound_of(const Telling& t, const Means& means) {
    if (t.calls_today) {
        return t.alert.text.empty() ? morning_of(t, means) : Result<Outbound>{plain(t)};
    }
    const bool own_words = is_sms(means) || (t.window_open && !t.alert.needs_template);
    if (own_words && !t.alert.prompt && !t.alert.text.empty()) {
        return news(t);
    }
    const core::Template* text = frame_of(t);
    if (text == nullptr) {
        return Error{Errc::not_found, "there is no text \"rep_notice\""};
    }
    const core::Variables variables{{"name", name_of(t)},
                                    {"rep", core::first_name(t.rep.name)},
                                    {"reason", reason_of(t)},
                                    {"link", t.link},
                                    {"company", t.plan.company}};
    Result<std::string> rendered = core::render(*text, variables);
    if (!rendered) {
        return rendered.error();
    }
    Outbound out{.token = t.alert.token,
                 .to = {core::AddressKind::phone, t.rep.phone},
                 .text = std::move(*rendered),
                 .useful_for = std::chrono::hours{4},
                 .at = t.now};
    if (is_sms(means)) {
        with_digits(out, t);
    } else if (t.window_open && !t.alert.needs_template) {
        in_window(out, t, means);
    } else {
        as_template(out, *text, variables);
    }
    return out;
}

Result<HttpRequest> compose(const Telling& t, const Means& means) {
    if (means.provider == nullptr || means.account == nullptr) {
        return Error{Errc::not_found, "the rep's channel is not configured"};
    }
    Result<Outbound> out = outbound_of(t, means);
    if (!out) {
        return out.error();
    }
    return means.provider->build_send(*means.account, *out);
}

Told read(const Device&, const Means& means, const HttpResponse& response) {
    const Answer answer = means.provider->read_send(*means.account, response);
    Told told{.provider_id = answer.provider_id,
              .sentence = answer.sentence,
              .retry_after = answer.retry_after};
    switch (answer.kind) {
        case Answer::Kind::accepted:
            told.kind = Told::Kind::accepted;
            return told;
        case Answer::Kind::unreadable:
            told.kind = Told::Kind::again;
            return told;
        case Answer::Kind::refused:
            break;
    }
    switch (answer.failure) {
        case core::FailureClass::needs_window:
            told.kind = Told::Kind::needs_template;
            break;
        case core::FailureClass::retry:
        case core::FailureClass::slow_down:
        case core::FailureClass::config:
            told.kind = Told::Kind::again;
            break;
        case core::FailureClass::permanent:
        case core::FailureClass::suppress:
        case core::FailureClass::template_fault:
            told.kind = Told::Kind::refused;
            break;
    }
    return told;
}

std::vector<std::string> check(const Device& device) {
    std::vector<std::string> wrong;
    if (!device.settings.contains("channel")) {
        wrong.emplace_back("channel is missing: over which [[channel]] the message goes");
    }
    for (const auto& [key, value] : device.settings) {
        if (key != "channel") {
            wrong.push_back(key + " is not known to a message; expected channel");
        }
    }
    return wrong;
}

}  // namespace

extern const Notifier message{
    .name = "message", .check = &check, .compose = &compose, .read = &read};

}  // namespace warmcall::notifiers
