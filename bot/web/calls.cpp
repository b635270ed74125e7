#include "web/calls.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/calendar.hpp"
#include "core/speech.hpp"
#include "web/contacts.hpp"
#include "web/links.hpp"
#include "web/prompts.hpp"

namespace warmcall::web {

namespace {

std::string phone_of(const core::Contact& contact) {
    const auto phone =
        std::ranges::find(contact.addresses, core::AddressKind::phone, &core::Address::kind);
    return phone == contact.addresses.end() ? std::string{} : phone->value;
}

struct Spoken {
    std::string words, language;
};

// A text that is spoken, in the listener's language where there is one.
Result<Spoken> spoken(const Site& site, std::string_view name, std::string_view language,
                      const core::Contact& contact, const core::Rep& rep) {
    const core::Template* t = site.plan.templates.find(name, language);
    if (t == nullptr)
        return Error{Errc::not_found, "There is no text \"" + std::string{name} + "\"."};
    auto words = core::render(*t, {{"name", core::first_name(contact.name)},
                                   {"rep", core::first_name(rep.name)},
                                   {"company", site.plan.company}});
    if (!words)
        return words.error();
    return Spoken{std::move(*words), t->language};
}

HttpResponse answered(const Hook& hook, const CallAnswer& answer) {
    return hook.provider->answer_call(hook.account, answer);
}

net::Outgoing outgoing(HttpResponse response) {
    net::Outgoing answer;
    static_cast<HttpResponse&>(answer) = std::move(response);
    return answer;
}

bool at_work(const core::Rep& rep, core::Timestamp now) {
    return (!rep.away_until || *rep.away_until <= now) &&
           core::open(rep.hours, {}, {rep.zone}, now);
}

// Their rep's phone when that was asked for and may ring now, else the words.
CallAnswer answer_for(const Site& site, const core::Contact& contact, const core::Rep& rep) {
    using How = CallAnswer::How;
    const How wanted = site.options.voice.answer;
    if (wanted == How::decline)
        return {};
    if (wanted == How::forward && !rep.phone.empty() && at_work(rep, site.now()))
        return {.how = How::forward, .phone = rep.phone};
    auto words = spoken(site, "call_answer", contact.language, contact, rep);
    if (!words)
        return {};
    return {.how = How::say, .words = std::move(words->words), .language = words->language};
}

Hook* bridge_of(Site& site) {
    const auto found = site.hooks.find(site.options.voice.bridge);
    const bool able = found != site.hooks.end() && found->second.provider->build_bridge != nullptr;
    return able && site.options.voice.transport != nullptr ? &found->second : nullptr;
}

Result<Bridge> bridge_for(const Site& site, const Hook& hook, const core::Case& subject,
                          const core::Rep& rep, core::Timestamp dialled_at) {
    auto words = spoken(site, "call_bridge", rep.language, subject.contact, rep);
    if (!words)
        return words.error();
    const LineLink link{{subject.prompt->id, rep.id}, dialled_at};
    return Bridge{.rep = rep.phone,
                  .words = std::move(words->words),
                  .language = std::move(words->language),
                  .contact = phone_of(subject.contact),
                  .url = site.options.public_url + "/webhooks/" + hook.account.id.value + "/line/" +
                         line_token(site.options.link_key, link),
                  .patience = site.options.voice.ring_for};
}

Ring not_rung(int status, std::string code, std::string sentence) {
    return {.status = status, .code = std::move(code), .sentence = std::move(sentence)};
}

// Why this call is not to be placed, before anything has happened.
std::optional<Ring> not_to_be_rung(Site& site, const core::Case& subject, const core::Rep& rep) {
    const std::string name = core::first_name(subject.contact.name);
    if (rep.phone.empty())
        return not_rung(409, "no_phone", "Your own number is not known here.");
    if (phone_of(subject.contact).empty())
        return not_rung(409, "no_phone", "There is no number to call " + name + " at.");
    if (!core::decent(site.plan.calendar, subject.contact, site.now()))
        return not_rung(409, "quiet_hours", "It is not a decent hour where " + name + " is.");
    return std::nullopt;
}

// One request to the provider, sent once: who cannot tell whether it arrived does not send it
// again, because it would ring a person's phone twice.
asio::awaitable<Answer> place(Site& site, const Hook& hook, const Bridge& bridge) {
    constexpr core::Duration connect_limit = std::chrono::seconds{5};
    constexpr core::Duration answer_limit = std::chrono::seconds{10};
    HttpRequest request = hook.provider->build_bridge(hook.account, bridge);
    const std::string_view url = request.url;
    const std::string origin{url.substr(0, url.find('/', url.find("://") + 3))};
    Answer never{.kind = Answer::Kind::refused,
                 .sentence = "the line's provider could not be reached"};
    auto connection = co_await site.options.voice.transport->connect(origin, connect_limit);
    if (!connection)
        co_return never;
    const Exchange got = co_await (*connection)->exchange(std::move(request), answer_limit);
    if (got.progress == Exchange::Progress::not_sent)
        co_return never;
    if (got.progress == Exchange::Progress::written)
        co_return Answer{.kind = Answer::Kind::unreadable};
    co_return hook.provider->read_bridge(hook.account, got.response);
}

asio::awaitable<Outcome> told(Site& site, core::ContactId contact, const LineLink& link,
                              core::Line line) {
    return happen(site, contact, core::LineTold{link.prompt.rep, link.dialled_at, line},
                  "provider");
}

asio::awaitable<Ring> rung(Site& site, const Hook& hook, const core::Case& subject,
                           const core::Rep& rep) {
    const auto* calling = std::get_if<core::OnCall>(&subject.outreach->phase);
    const core::Timestamp dialled_at = calling == nullptr ? site.now() : calling->since;
    const auto bridge = bridge_for(site, hook, subject, rep, dialled_at);
    Answer answer{.kind = Answer::Kind::refused};
    if (bridge)
        answer = co_await place(site, hook, *bridge);
    else
        answer.sentence = bridge.error().message;
    if (answer.kind == Answer::Kind::accepted)
        co_return Ring{.end = Ring::End::placed};
    if (answer.kind != Answer::Kind::refused) {
        spdlog::warn("channel {}: nobody can tell whether a call was placed",
                     hook.account.id.value);
        co_return Ring{.end = Ring::End::unknown};
    }
    spdlog::warn("channel {}: a call was not placed: {}", hook.account.id.value, answer.sentence);
    const LineLink link{{subject.prompt->id, rep.id}, dialled_at};
    const core::Line nobody{core::LineState::not_rung, 0};
    co_await told(site, subject.contact.id, link, nobody);
    co_return not_rung(502, "not_rung", "Nobody's phone rings: " + answer.sentence + ".");
}

}  // namespace

bool may_ring(Site& site, const core::Rep& rep) {
    return bridge_of(site) != nullptr && !rep.phone.empty();
}

asio::awaitable<Ring> ring(Site& site, const core::Case& subject, const core::Rep& rep) {
    const Hook* hook = bridge_of(site);
    if (hook == nullptr)
        co_return not_rung(404, "no_bridge", "No line is configured ([voice] bridge).");
    if (auto why = not_to_be_rung(site, subject, rep))
        co_return std::move(*why);
    const core::Dialled dialled{rep.id, core::Dialled::Over::line};
    Outcome outcome = co_await happen(site, subject.contact.id, dialled, rep.id.value);
    if (outcome.refusal)
        co_return Ring{.refusal = std::move(outcome.refusal)};
    co_return co_await rung(site, *hook, *outcome.after, rep);
}

Handled ring_prompt(Site& site, Call& call) {
    auto fields = body_fields(call, {"rep"});
    if (!fields)
        co_return bad_body(fields.error());
    if (bridge_of(site) == nullptr)
        co_return problem(404, "no_bridge", "No line is configured ([voice] bridge).");
    if (call.who.by != Who::By::session)
        co_return problem(403, "not_signed_in",
                          "A phone rings only for the rep who is signed in at it.");
    const auto id = acting_rep(site, call, *fields);
    Tap tap = co_await tapped(site, call, *fields, id);
    if (auto* answer = std::get_if<net::Outgoing>(&tap))
        co_return std::move(*answer);
    const core::Case& subject = std::get<core::Case>(tap);
    const Ring ends = co_await ring(site, subject, site.plan.reps.at(*id));
    if (ends.refusal)
        co_return refused(site.plan, *ends.refusal);
    if (ends.end == Ring::End::not_rung)
        co_return problem(ends.status, ends.code, ends.sentence);
    json line{{"line", ends.end == Ring::End::placed ? "placed" : "unknown"}};
    co_return co_await contact_answer(site, subject.contact.id, 202, std::move(line));
}

Handled take_line(Site& site, Call& call) {
    const auto found = site.hooks.find(core::ChannelId{call.parameters.at(0)});
    if (found == site.hooks.end() || found->second.provider->read_line == nullptr)
        co_return problem(404, "no_such_channel", "No line of this name is configured here.");
    Hook& hook = found->second;
    call.request.received_at = site.now();
    if (!hook.provider->authentic(hook.account, call.request)) {
        ++hook.forged;
        co_return problem(401, "not_authentic",
                          "The signature does not fit the body and this channel's secret.");
    }
    const auto link = read_line_token(site.options.link_key, call.parameters.at(1));
    const auto news = hook.provider->read_line(hook.account, call.request);
    const net::Outgoing end = outgoing(hook.provider->hang_up(hook.account));
    ++(link && news ? hook.taken : hook.unreadable);
    if (!link || !news)
        co_return end;
    if (news->stage == LineNews::Stage::under_way)
        co_return hook.received;
    const auto open = co_await find_prompt(site, link->prompt.prompt);
    const auto rep = site.plan.reps.find(link->prompt.rep);
    if (!open || !open->open || rep == site.plan.reps.end())
        co_return end;
    const core::Case& subject = open->subject;
    if (news->stage == LineNews::Stage::ended) {
        co_await told(site, subject.contact.id, *link, news->line);
        co_return end;
    }
    if (not_to_be_rung(site, subject, rep->second))
        co_return end;
    const auto bridge = bridge_for(site, hook, subject, rep->second, link->dialled_at);
    const core::Line ringing{core::LineState::ringing, 0};
    const Outcome outcome = co_await told(site, subject.contact.id, *link, ringing);
    if (outcome.refusal || !bridge)  // the call is not theirs any more
        co_return end;
    co_return outgoing(hook.provider->connect_line(hook.account, *bridge));
}

Handled answer_caller(Site& site, const Hook& hook, const core::Address& caller) {
    const auto contact = co_await ask(site, [caller](Store& store) -> std::optional<core::Contact> {
        const auto id = store.contact_by(caller);
        const auto subject = id ? store.contact(*id) : std::nullopt;
        return subject ? std::optional{subject->contact} : std::nullopt;
    });
    const core::Rep* rep = contact ? site.plan.rep_for(contact->owner) : nullptr;
    if (rep == nullptr)  // nobody would ring a stranger back: they hear it is busy
        co_return outgoing(answered(hook, {}));
    co_return outgoing(answered(hook, answer_for(site, *contact, *rep)));
}

}  // namespace warmcall::web
