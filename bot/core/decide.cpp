#include "core/decide.hpp"

#include <algorithm>
#include <utility>

#include "core/disposition.hpp"
#include "core/speech.hpp"
#include "core/turn.hpp"

namespace warmcall::core {

namespace {

using Code = Refusal::Code;

Refused refuse(Code code, std::string sentence, std::optional<RepId> holder = std::nullopt) {
    return Refusal{code, std::move(sentence), std::move(holder)};
}

Refused refuse_none_live(const Turn& t) {
    return refuse(Code::none_live, t.name() + " has no outreach under way.");
}

Refused refuse_unanswered(const Turn& t) {
    return refuse(Code::wrong_phase,
                  "Answer the question first: did " + t.name() + " ask us to stop?");
}

bool all_suppressed(const Contact& contact) {
    return std::ranges::any_of(contact.suppressions, [](const Suppression& s) {
        return s.scope == SuppressionScope::all;
    });
}

// ---- beginning a round ----

Refused on(Turn& t, const Enrolled& e) {
    const Contact& contact = t.c.contact;
    if (t.live()) {
        return refuse(Code::has_live, t.name() + " already has an outreach under way.",
                      contact.owner);
    }
    if (!t.plan.cadences.contains(e.cadence)) {
        return refuse(Code::unknown_cadence, "There is no cadence \"" + e.cadence + "\".");
    }
    if (all_suppressed(contact)) {
        return refuse(Code::suppressed, t.name() + " asked not to be contacted.");
    }
    if (!contact.consent) {
        return refuse(Code::no_consent,
                      "Note first when and how " + t.name() + " agreed to be written to.");
    }
    if (contact.addresses.empty()) {
        return refuse(Code::no_address, t.name() + " has no number.");
    }
    const Template* text =
        t.plan.templates.find(t.plan.cadences.at(e.cadence).wellbeing, contact.language);
    if (text == nullptr) {
        return refuse(Code::template_unfit,
                      "The cadence has no text for " + t.name() + "'s language.");
    }
    t.c.outreach = Outreach{.contact = contact.id, .cadence = e.cadence, .enrolled_at = t.now};
    t.plan_round(t.now);
    t.note("enrolled", e.cadence);
    return {};
}

std::string promise_reason(const Turn& t) {
    const std::string topic = t.c.outreach->promise ? t.c.outreach->promise->topic : std::string{};
    return "You promised " + t.name() + " this call." +
           (topic.empty() ? "" : " Ask about: " + topic);
}

// Is the last well-being text over a week old?
bool text_is_due(const Turn& t) {
    return !t.c.contact.last_wellbeing_at ||
           t.now >= *t.c.contact.last_wellbeing_at + t.plan.policy.wellbeing_gap;
}

void keep_promise(Turn& t) {
    t.cancel_automatic("the promised time has come");
    t.call_due(PromptKind::promised, promise_reason(t), std::max(t.outreach().promise->at, t.now));
    t.note("promised_due", "");
}

void wake(Turn& t, const Planned&) {
    const auto promise = t.outreach().promise;
    if (promise && promise->at <= t.now) {
        keep_promise(t);
        return;
    }
    const std::vector<Route> ways = routes(t.plan, t.c, MessageKind::wellbeing, t.now);
    const Route way = choose(ways);
    const Timestamp planned = t.outreach().next.due_at;
    if (way.verdict.go()) {
        t.queue(MessageKind::wellbeing, step_wellbeing);
        const Timestamp until = t.now + t.cadence().useful_life;
        t.become(Warming{}, ActionKind::wait_then_call, promise ? promise->at : until,
                 promise ? promise->at : until);
        t.note("wellbeing_queued", explain(way, ways));
        return;
    }
    const bool hours = way.verdict.code == GateCode::quiet_hours ||
                       way.verdict.code == GateCode::held ||
                       way.verdict.code == GateCode::channel_full;
    if (way.verdict.again_at &&
        (hours || *way.verdict.again_at < planned + t.cadence().useful_life)) {
        t.note("deferred", way.verdict.sentence);
        const Timestamp again =
            promise ? std::min(*way.verdict.again_at, promise->at) : *way.verdict.again_at;
        t.become(Planned{}, ActionKind::send, hours ? again : planned, again);
        return;
    }
    t.note("no_warmup", way.verdict.sentence);
    if (promise) {
        keep_promise(t);
        return;
    }
    const bool one_went = way.verdict.code == GateCode::frequency;
    t.call_due(PromptKind::no_warmup,
               (one_went ? "" : "No message went out first. ") + way.verdict.sentence + " Call " +
                   t.name() + " anyway.",
               t.call_moment(t.now));
}

void wake(Turn& t, const Warming&) {
    if (t.now < t.outreach().next.due_at) {
        t.outreach().wake_at = t.outreach().next.due_at;
        return;
    }
    if (t.outreach().promise) {
        keep_promise(t);
        return;
    }
    const Message* m = t.wellbeing();
    const bool instead = !text_is_due(t);  // the rep wrote to them from the phone's own app
    const bool never_went = m == nullptr || m->state == MessageState::queued ||
                            (m->state == MessageState::cancelled && !instead);
    if (never_went) {
        t.cancel_automatic("no longer fresh");
        t.call_due(PromptKind::no_warmup,
                   "The message could not go out in time. Call " + t.name() + " anyway.",
                   t.call_moment(t.now));
        t.note("no_warmup", "not sent in time");
        return;
    }
    const bool cannot_tell =
        m->state != MessageState::cancelled &&
        (shown(m->facts) == Shown::unknown || m->state == MessageState::claimed);
    t.call_due(PromptKind::silent,
               cannot_tell
                   ? "We cannot tell whether the message went out. Call " + t.name() + " anyway."
                   : "No reply from " + t.name() + ". Call anyway.",
               t.call_moment(t.now));
    t.note("silent",
           cannot_tell ? "cannot tell whether the message went out" : "the lead time is over");
}

// Not acknowledged in time: the same phone once more, then the stand-in, then the lead; the next
// day from the start.
RepId rep_of_step(const Turn& t, int step) {
    const auto owner = t.plan.reps.find(t.c.contact.owner);
    if (owner == t.plan.reps.end()) {
        return t.c.contact.owner;
    }
    const Rep& rep = owner->second;
    const bool away = rep.away_until && t.now < *rep.away_until;
    switch (step % ladder_steps) {
        case 2:
            return rep.stand_in ? rep.stand_in : rep.id;
        case 3:
            return rep.lead ? rep.lead : rep.id;
        default:
            return away && rep.stand_in ? rep.stand_in : rep.id;
    }
}

Timestamp rep_hours(const Turn& t, const RepId& id, Timestamp from) {
    const auto rep = t.plan.reps.find(id);
    return rep == t.plan.reps.end()
               ? from
               : next_open(rep->second.hours, {}, {rep->second.zone}, from).value_or(from);
}

// What was promised to a customer rings whoever gave their word at any hour; everything else, and
// everybody else, is left in peace outside of their own.
Timestamp ringing_hours(const Turn& t, const RepId& rep, Timestamp from) {
    const bool own_word = t.c.prompt->kind == PromptKind::promised && rep == t.c.contact.owner;
    return own_word ? from : rep_hours(t, rep, from);
}

void wake(Turn& t, const CallDue&) {
    if (!t.c.prompt) {
        t.call_due(PromptKind::silent, "Call " + t.name() + ".", t.call_moment(t.now));
        return;
    }
    Prompt& prompt = *t.c.prompt;
    const bool busy = prompt.lease && t.now < prompt.lease->until;
    if (busy || (prompt.alert_at && t.now < *prompt.alert_at)) {
        t.outreach().wake_at = busy ? prompt.lease->until : *prompt.alert_at;
        return;
    }
    prompt.lease.reset();
    prompt.acknowledged_at.reset();
    const RepId rep = rep_of_step(t, prompt.ladder_step);
    const Timestamp ring = ringing_hours(t, rep, t.now);
    if (ring > t.now) {
        prompt.alert_at = ring;
        t.outreach().wake_at = ring;
        return;
    }
    prompt.rep = rep;
    t.effects.emplace_back(TellRep{rep, TellRep::What::prompt, {}});
    ++prompt.ladder_step;
    const bool around = prompt.ladder_step % ladder_steps == 0;
    const Timestamp next =
        around ? t.call_moment(t.now + std::chrono::hours{20}) : t.now + t.plan.policy.ladder_gap;
    prompt.alert_at = ringing_hours(t, rep_of_step(t, prompt.ladder_step), next);
    t.outreach().wake_at = *prompt.alert_at;
}

void to_wrap_up(Turn& t, const RepId& by) {
    t.become(WrapUp{by, t.now}, ActionKind::log_outcome, t.now,
             t.now + t.plan.policy.wrap_up_reminder);
    if (t.c.prompt) {
        t.c.prompt->lease = Lease{by, t.now + t.plan.policy.wrap_up_reminder};
    }
}

void wake(Turn& t, const OnCall& phase) {
    to_wrap_up(t, RepId{phase.by});
}

void wake(Turn& t, const WrapUp& phase) {
    t.tell(phase.by, "You called " + t.name() + ". How did it go?");
    t.outreach().wake_at = rep_hours(t, phase.by, t.now + std::chrono::days{1});
}

void next_round(Turn& t) {
    t.cancel_automatic("a new round begins");
    ++t.outreach().round;
    t.outreach().rerouted = false;
    t.outreach().replied_at.reset();
}

void wake(Turn& t, const Waiting&) {
    if (t.now < t.outreach().next.due_at && !t.outreach().promise) {
        t.outreach().wake_at = t.outreach().next.due_at;
        return;
    }
    if (t.outreach().promise) {
        if (t.now < t.outreach().promise->at && text_is_due(t)) {
            next_round(t);
            t.outreach().attempt = 0;
            wake(t, Planned{});
            return;
        }
        if (t.now < t.outreach().promise->at) {
            t.outreach().wake_at = t.outreach().promise->at;
            return;
        }
        keep_promise(t);
        return;
    }
    if (text_is_due(t)) {
        next_round(t);
        wake(t, Planned{});
        return;
    }
    t.call_due(
        PromptKind::retry,
        "Try " + t.name() + " again: attempt " + std::to_string(t.outreach().attempt + 1) + ".",
        t.call_moment(t.now));
}

// A well-being text goes ahead of the promised call when the last one is over a week old by then.
void await_promise(Turn& t) {
    const Timestamp at = t.outreach().promise->at;
    const Timestamp text_at = at - t.cadence().lead_time - std::chrono::minutes{15};
    const auto last = t.c.contact.last_wellbeing_at;
    const bool text = text_at > t.now && (!last || text_at >= *last + t.plan.policy.wellbeing_gap);
    t.become(Waiting{}, ActionKind::call, at, text ? text_at : at);
}

// Nothing is sent while we are unsure; the question comes back every day until it is answered, by
// the ladder, and never at night.
void ask_about_stop(Turn& t, Timestamp due_at) {
    t.call_due(PromptKind::unanswered_question,
               "Did " + t.name() + " ask us to stop? Nothing is sent until you say.", due_at);
    t.c.prompt->alert_at.reset();
    Prompt& prompt = *t.c.prompt;
    prompt.rep = rep_of_step(t, prompt.ladder_step);
    Timestamp next = rep_hours(t, prompt.rep, t.now);
    if (next <= t.now) {
        t.effects.emplace_back(TellRep{prompt.rep, TellRep::What::prompt, {}});
        ++prompt.ladder_step;
        next = rep_hours(t, rep_of_step(t, prompt.ladder_step), t.now + std::chrono::days{1});
    }
    t.become(Held{HoldReason::perhaps_stop, next}, ActionKind::answer_question, due_at, next);
}

void resume(Turn& t) {
    t.c.prompt = t.c.prompt && t.c.prompt->open ? t.c.prompt : std::nullopt;
    if (t.outreach().promise) {
        if (t.outreach().promise->at <= t.now) {
            keep_promise(t);
        } else {
            await_promise(t);
        }
        return;
    }
    if (t.wellbeing() == nullptr || t.wellbeing()->state == MessageState::cancelled) {
        if (t.wellbeing() != nullptr) {
            next_round(t);
        }
        t.plan_round(t.now);
        return;
    }
    t.warm_until();
    if (t.outreach().replied_at ||
        t.outreach().wake_at <= t.now) {  // else the text is still leaving, or its lead time runs
        t.call_due(PromptKind::silent, "The pause for " + t.name() + " is over. Call now.",
                   t.call_moment(t.now));
    }
}

void wake(Turn& t, const Held& phase) {
    if (phase.reason != HoldReason::perhaps_stop) {
        t.note("resumed", "");
        resume(t);
        return;
    }
    ask_about_stop(t, t.outreach().next.due_at);
}

void wake(Turn&, const Closed&) {}

Refused on(Turn& t, const Woke&) {
    if (t.live() && t.now >= t.outreach().wake_at) {
        const Phase phase = t.outreach().phase;
        std::visit([&t](const auto& p) { wake(t, p); }, phase);
    }
    return {};
}

// ---- what the contact does ----

void open_window(Turn& t, const ChannelId& channel, Timestamp at) {
    const auto known = std::ranges::find(t.plan.channels, channel, &Channel::id);
    if (known == t.plan.channels.end() || known->medium != Medium::whatsapp) {
        return;
    }
    const Timestamp until = at + std::chrono::hours{24};
    const auto window = std::ranges::find(t.c.contact.windows, channel, &Window::channel);
    if (window == t.c.contact.windows.end()) {
        t.c.contact.windows.push_back({channel, until});
    } else {
        window->until = std::max(window->until, until);
    }
}

void confirm_stop(Turn& t, const Replied& e) {
    Message message{.contact = t.c.contact.id,
                    .outreach = t.outreach().id,
                    .round = t.outreach().round,
                    .step = step_stop_confirmation,
                    .kind = MessageKind::stop_confirmation,
                    .channel = e.channel,
                    .to = e.from,
                    .language = t.c.contact.language,
                    .not_before = t.now,
                    .not_after = t.now + std::chrono::hours{1}};
    message.facts.queued = t.now;
    t.c.messages.push_back(std::move(message));
}

void stopped(Turn& t, const Replied& e) {
    const bool first = !all_suppressed(t.c.contact);
    if (!first && !t.live()) {
        return;
    }
    if (first && t.live()) {  // one confirmation at most
        confirm_stop(t, e);
    }
    t.stop_all("They wrote that they do not want messages.");
    t.tell(t.c.contact.owner, t.name() + " asked to stop. Nothing more will be sent.");
}

void perhaps_stopped(Turn& t, const Replied& e) {
    t.cancel_queued("they may have asked to stop");
    const auto* held = t.in<Held>();
    const bool asked = held != nullptr && held->reason == HoldReason::perhaps_stop;
    if (!asked) {  // one question, however many bubbles
        ask_about_stop(t, t.now);
        t.note("perhaps_stop", "asked the rep");
    }
    t.add_words(e.words);
}

// When the day after begins where they are: in the last of the zones they may be in.
Timestamp day_after(const Turn& t, std::chrono::year_month_day day) {
    const std::chrono::sys_days next = std::chrono::sys_days{day} + std::chrono::days{1};
    Timestamp begins = next;
    for (const std::string& zone : t.c.contact.zones) {
        if (known_zone(zone)) {
            begins = std::max(begins, instant(std::chrono::year_month_day{next}, DayTime{0}, zone));
        }
    }
    return begins;
}

void away(Turn& t, const Reading& reading) {
    t.note("automatic_reply", reading.away_until ? "they are away" : "");
    // A time fixed with them in person counts for more than what their phone says.
    if (!reading.away_until || t.outreach().promise ||
        (t.in<Planned>() == nullptr && t.in<Warming>() == nullptr)) {
        return;
    }
    t.cancel_automatic("they are away");
    const Timestamp until =
        std::max(t.call_moment(day_after(t, *reading.away_until)), t.now + std::chrono::minutes{1});
    t.become(Held{HoldReason::automatic_reply, until}, ActionKind::resume, until, until);
}

bool rep_is_talking(const Turn& t) {
    return t.in<OnCall>() != nullptr || t.in<WrapUp>() != nullptr;
}

void person_answered(Turn& t, const Replied& e) {
    t.outreach().replied_at = t.now;
    t.note("replied", "");
    if (rep_is_talking(t)) {
        t.add_words(e.words);
        return;
    }
    if (const auto* held = t.in<Held>();
        held != nullptr && held->reason == HoldReason::perhaps_stop) {
        t.add_words(e.words);  // the question stands until the rep answers it
        return;
    }
    t.cancel_automatic("they answered");
    const Timestamp due = t.call_moment(t.now);
    const bool claimed = t.c.prompt && t.c.prompt->lease && t.now < t.c.prompt->lease->until;
    t.call_due(PromptKind::replied, t.name() + " replied. Call now.", due,
               claimed ? t.plan.policy.prompt_lease : t.plan.policy.debounce);
    t.add_words(e.words);
}

Refused on(Turn& t, const Replied& e) {
    const Timestamp at = std::min(e.at, t.now);  // a provider's clock may run ahead of ours
    open_window(t, e.channel, at);
    t.effects.emplace_back(KeepWords{at, e.channel, e.kind, cut(e.words, words_bytes_max)});
    const bool written = e.kind == ReplyKind::text || e.kind == ReplyKind::button;
    const Reading reading = written ? read_reply(t.plan.replies, e.words, at) : Reading{};
    if (reading.kind != Reading::Kind::automatic) {  // which never counts as a reply
        t.c.contact.last_reply_at = std::max(t.c.contact.last_reply_at.value_or(at), at);
    }
    if (reading.kind == Reading::Kind::stop) {
        stopped(t, e);
        return {};
    }
    if (all_suppressed(t.c.contact)) {  // a later word does not undo a STOP; the rep may call
        t.add_words(e.words);
        t.tell(t.c.contact.owner, t.name() + " wrote again after asking to stop.");
        return {};
    }
    if (reading.kind == Reading::Kind::automatic) {
        if (t.live()) {
            away(t, reading);
        }
        return {};
    }
    if (!t.live()) {
        t.open_unasked();
    }
    if (reading.kind == Reading::Kind::perhaps_stop) {
        perhaps_stopped(t, e);
    } else {
        person_answered(t, e);
    }
    return {};
}

Refused on(Turn& t, const TheyCalled& e) {
    if (e.from.kind != AddressKind::phone) {  // an ordinary call opens nothing at WhatsApp
        open_window(t, e.channel, std::min(e.at, t.now));
    }
    t.note("they_called", "");
    if (!t.live()) {
        t.open_unasked();
    }
    t.outreach().attempt = 0;
    t.outreach().promise.reset();
    t.cancel_automatic("they called");
    if (rep_is_talking(t)) {
        return {};
    }
    if (const auto* held = t.in<Held>();
        held != nullptr && held->reason == HoldReason::perhaps_stop) {
        t.tell(t.c.contact.owner, t.name() + " called.");
        return {};
    }
    t.outreach().replied_at = t.now;
    t.call_due(PromptKind::they_called, t.name() + " called you. Call back now.",
               rep_hours(t, t.c.contact.owner, t.now));
    return {};
}

Refused on(Turn& t, const RepWrote& e) {
    const Timestamp at = std::min(e.at, t.now);
    t.c.contact.last_wellbeing_at = std::max(t.c.contact.last_wellbeing_at.value_or(at), at);
    t.note("rep_wrote", "from the phone's own app");
    if (!t.live()) {
        return {};
    }
    t.cancel_automatic("you wrote to them yourself");
    if (t.in<Warming>() != nullptr && !t.outreach().promise && t.wellbeing() != nullptr &&
        t.wellbeing()->state == MessageState::cancelled) {
        const Timestamp until = at + t.cadence().lead_time;  // theirs is the warm-up now
        t.become(Warming{}, ActionKind::wait_then_call, until, until);
    }
    return {};
}

bool on_channel(const Suppression& s, const ChannelId& channel) {
    return s.scope == SuppressionScope::channel && s.channel == channel;
}

void suppress_channel(Turn& t, const ChannelId& channel, std::string reason) {
    auto& all = t.c.contact.suppressions;
    if (std::ranges::none_of(all, [&](const Suppression& s) { return on_channel(s, channel); })) {
        all.push_back({.scope = SuppressionScope::channel,
                       .channel = channel,
                       .reason = std::move(reason),
                       .at = t.now});
    }
}

Refused on(Turn& t, const MarketingPreference& e) {
    if (e.choice == MarketingPreference::Choice::resume) {
        std::erase_if(t.c.contact.suppressions,
                      [&](const Suppression& s) { return on_channel(s, e.channel); });
        t.note("marketing_resumed", e.channel.value);
        return {};
    }
    suppress_channel(t, e.channel, "They switched off messages at the provider.");
    t.note("marketing_stopped", e.channel.value);
    const bool waiting_to_send = t.in<Warming>() != nullptr && t.wellbeing() != nullptr &&
                                 t.wellbeing()->state == MessageState::queued &&
                                 t.wellbeing()->channel == e.channel;
    bool any = false;
    for (Message& m : t.c.messages) {
        const bool goes_there = m.channel == e.channel && (m.kind == MessageKind::wellbeing ||
                                                           m.kind == MessageKind::call_me_back);
        if (goes_there && m.state == MessageState::queued) {
            m.state = MessageState::cancelled;
            any = true;
        }
    }
    if (any) {
        t.note("cancelled", "they switched off messages");
    }
    if (waiting_to_send) {
        t.way_failed("They switched off messages on this channel.");
    }
    return {};
}

Refused on(Turn& t, const AddressLearned& e) {
    auto& addresses = t.c.contact.addresses;
    const bool has = std::ranges::find(addresses, e.now) != addresses.end();
    if (e.how == AddressLearned::How::replaced) {
        std::erase(addresses, e.known);
        for (Message& m : t.c.messages) {
            if (m.state == MessageState::queued && m.to == e.known) {
                m.to = e.now;  // the old number may be somebody else's soon
            }
        }
    }
    if (!has) {
        addresses.push_back(e.now);
        if (e.how == AddressLearned::How::replaced) {
            t.note("address_changed", "");
            t.tell(t.c.contact.owner, t.name() + " has a new number.");
        }
    }
    if (addresses.empty() && t.live()) {
        t.close(CloseReason::no_reachable_address);
    }
    return {};
}

// ---- what becomes of a message ----

std::string failure_sentence(const Turn& t, const Failure& failure) {
    switch (failure.kind) {
        case FailureClass::suppress:
            return t.name() + " does not want such messages on this channel.";
        case FailureClass::template_fault:
            return "The provider did not let the text through.";
        case FailureClass::config:
            return "The provider refused it because of our account.";
        case FailureClass::needs_window:
            return "WhatsApp takes only approved texts now.";
        case FailureClass::retry:
        case FailureClass::slow_down:
        case FailureClass::permanent:
            break;
    }
    return "The message did not reach " + t.name() + ".";
}

// A failure that came to light now. What it says of the person holds even for a message that
// arrived after all.
void failed(Turn& t, Message& m) {
    const Failure failure = *m.facts.failed;
    if (failure.kind == FailureClass::suppress) {
        suppress_channel(t, m.channel, "The provider says they do not want such messages.");
        t.note("suppressed", m.channel.value);
    }
    if (failure.kind == FailureClass::needs_window) {
        std::erase_if(t.c.contact.windows, [&](const Window& w) { return w.channel == m.channel; });
    }
    if (m.facts.delivered || m.facts.read) {
        return;
    }
    if (not_on_whatsapp(failure)) {
        t.c.contact.whatsapp_unreachable_at = t.now;
    }
    t.note("failed", std::string{to_string(m.kind)} + " " + std::to_string(failure.code));
    if (m.kind == MessageKind::wellbeing && t.of_this_round(m)) {
        t.way_failed(failure_sentence(t, failure));
    }
}

// The frequency caps count from when a text left, by the earliest word of it: a receipt that comes
// days later moves nothing.
void went_out(Turn& t, const Message& m) {
    if (m.kind != MessageKind::wellbeing && m.kind != MessageKind::call_me_back) {
        return;
    }
    Timestamp at = t.now;
    for (const auto& known :
         {m.facts.unknown, m.facts.accepted, m.facts.sent, m.facts.delivered, m.facts.read}) {
        at = std::min(at, known.value_or(at));
    }
    std::optional<Timestamp>& last = m.kind == MessageKind::wellbeing
                                         ? t.c.contact.last_wellbeing_at
                                         : t.c.contact.last_call_me_back_at;
    last = std::max(last.value_or(at), at);
}

// It did reach them. What was thought and done because it had not is taken back, where nobody has
// acted on it yet: whatever the order the receipts came in, the lead time runs.
void arrived(Turn& t, const Message& m) {
    if (m.facts.failed && not_on_whatsapp(*m.facts.failed)) {
        t.c.contact.whatsapp_unreachable_at.reset();
    }
    if (m.kind != MessageKind::wellbeing || !t.of_this_round(m) ||
        (t.in<Warming>() == nullptr && t.in<CallDue>() == nullptr)) {
        return;
    }
    const auto& prompt = t.c.prompt;
    const bool acted_on = prompt && (prompt->kind != PromptKind::undelivered ||
                                     prompt->acknowledged_at || prompt->lease);
    if (t.in<CallDue>() != nullptr && (!prompt || acted_on || !m.facts.failed)) {
        return;
    }
    t.close_prompt();
    for (Message& other : t.c.messages) {
        if (other.id != m.id && other.kind == MessageKind::wellbeing &&
            other.state == MessageState::queued) {
            other.state = MessageState::cancelled;
            t.note("cancelled", "the first message arrived");
        }
    }
    t.warm_until();
}

void progressed(Turn& t, Message& m, const Facts& before) {
    const bool reached = m.facts.delivered || m.facts.read;
    const bool went = reached || m.facts.accepted || m.facts.sent;
    if ((went || m.facts.failed) &&
        (m.state == MessageState::claimed || m.state == MessageState::unknown)) {
        m.state = MessageState::settled;
    }
    if (went && (reached || !m.facts.failed)) {
        went_out(t, m);
    }
    if (shown(m.facts) != shown(before)) {
        t.note("delivery",
               std::string{to_string(m.kind)} + " " + std::string{to_string(shown(m.facts))});
    }
    if (m.facts.failed && !before.failed) {
        failed(t, m);
    }
    if (reached) {
        arrived(t, m);
    } else if (t.in<Warming>() != nullptr && &m == t.wellbeing() && !m.facts.failed) {
        t.warm_until();
    }
}

Refused on(Turn& t, const DeliveryLearned& e) {
    Message* m = t.find(e.message);
    if (m == nullptr) {
        return {};
    }
    const Facts before = m->facts;
    m->facts = join(before, e.facts);
    progressed(t, *m, before);
    return {};
}

// The provider has definitely not taken it: the same message may go again.
void again(Turn& t, Message& m, Timestamp at) {
    if (at > m.not_after) {
        m.state = MessageState::cancelled;
        t.note("too_late", std::string{to_string(m.kind)});
        if (m.kind == MessageKind::wellbeing && t.of_this_round(m)) {
            t.way_failed("The message could not go out in time.");
        }
        return;
    }
    m.state = MessageState::queued;
    m.not_before = at;
    ++m.tries;
}

// Cancelled while it was leaving: once it is known not to have left, it stays cancelled.
bool still_wanted(const Turn& t, const Message& m) {
    if (m.kind == MessageKind::stop_confirmation) {
        return true;
    }
    if (!t.of_this_round(m)) {
        return false;
    }
    const Outreach& o = *t.c.outreach;
    const bool replied_since = o.replied_at && (!m.facts.queued || *o.replied_at > *m.facts.queued);
    switch (m.kind) {
        case MessageKind::wellbeing:
            return t.in<Warming>() != nullptr && !o.replied_at;
        case MessageKind::call_me_back:
            return t.in<Waiting>() != nullptr && !o.promise && !replied_since;
        case MessageKind::conversation:
        case MessageKind::stop_confirmation:
            break;
    }
    return true;
}

void refused_by_provider(Turn& t, Message& m, const SendSettled& e) {
    if (e.again_at && !still_wanted(t, m)) {
        m.state = MessageState::cancelled;
        return;
    }
    if (e.again_at) {
        t.note("deferred", "the provider asked us to wait");
        again(t, m, *e.again_at);
        return;
    }
    const Facts before = m.facts;
    m.facts = join(before, e.facts);
    if (!m.facts.failed) {
        m.facts.failed = Failure{.at = t.now};
    }
    m.state = MessageState::settled;
    progressed(t, m, before);
}

Refused on(Turn& t, const SendSettled& e) {
    Message* m = t.find(e.message);
    if (m == nullptr || (m->state != MessageState::claimed && m->state != MessageState::unknown)) {
        if (m != nullptr) {  // a receipt was quicker; the answer still adds what it knows
            const Facts before = m->facts;
            m->facts = join(before, e.facts);
            progressed(t, *m, before);
        }
        return {};
    }
    switch (e.how) {
        case SendSettled::How::accepted: {
            const Facts before = m->facts;
            m->facts = join(before, e.facts);
            m->state = MessageState::settled;
            progressed(t, *m, before);
            break;
        }
        case SendSettled::How::refused:
            refused_by_provider(t, *m, e);
            break;
        case SendSettled::How::not_sent:
            if (still_wanted(t, *m)) {
                again(t, *m, e.again_at.value_or(t.now + std::chrono::minutes{1}));
            } else {
                m->state = MessageState::cancelled;
            }
            break;
        case SendSettled::How::unknown: {
            m->facts.unknown = m->facts.unknown.value_or(t.now);
            m->state = MessageState::unknown;  // never sent again by itself
            t.note("unknown", std::string{to_string(m->kind)});
            went_out(t, *m);
            if (t.live() && t.in<Warming>() != nullptr && m == t.wellbeing()) {
                t.warm_until();
            }
            break;
        }
    }
    return {};
}

Refused on(Turn& t, const GateRefused& e) {
    Message* m = t.find(e.message);
    if (m == nullptr || (m->state != MessageState::queued && m->state != MessageState::claimed)) {
        return {};
    }
    const bool wanted = still_wanted(t, *m);
    const auto again_at = wanted ? e.verdict.again_at : std::nullopt;
    t.note(again_at ? "deferred" : "not_sent", e.verdict.sentence);
    const bool begins_again =
        e.verdict.code == GateCode::quiet_hours || e.verdict.code == GateCode::channel_full;
    if (again_at && begins_again && *again_at > m->not_after && m->kind == MessageKind::wellbeing) {
        m->state = MessageState::cancelled;  // the night came between, or too many others; the
                                             // round begins again then
        const Timestamp at =
            t.outreach().promise ? std::min(*again_at, t.outreach().promise->at) : *again_at;
        t.become(Planned{}, ActionKind::send, *again_at, at);
        return {};
    }
    if (again_at) {
        const int tries = m->tries;
        again(t, *m, *again_at);
        m->tries = tries;
        return {};
    }
    m->state = MessageState::cancelled;
    if (m->kind == MessageKind::conversation) {
        t.tell(t.c.contact.owner,
               "Your text to " + t.name() + " did not go out. " + e.verdict.sentence);
    }
    if (m->kind == MessageKind::wellbeing && wanted) {
        t.way_failed(e.verdict.sentence);
    }
    return {};
}

Refused on(Turn& t, const UnknownAnswered& e) {
    Message* m = t.find(e.message);
    if (m == nullptr || m->state != MessageState::unknown) {
        return refuse(Code::late, "This question has been settled already.");
    }
    m->state = MessageState::settled;
    if (e.answer == UnknownAnswered::Answer::leave_it) {
        t.note("unknown_left", "");
        return {};
    }
    const bool before_the_call = t.in<Warming>() != nullptr || t.in<CallDue>() != nullptr;
    if (!before_the_call || !t.of_this_round(*m) || m->kind != MessageKind::wellbeing ||
        t.outreach().replied_at) {
        return refuse(Code::wrong_phase, "It is not needed any more.");
    }
    const auto last = std::exchange(t.c.contact.last_wellbeing_at, std::nullopt);
    const Route way = route(t.plan, t.c, MessageKind::wellbeing, t.now);
    if (!way.verdict.go()) {
        t.c.contact.last_wellbeing_at = last;
        return refuse(Code::gate, way.verdict.sentence);
    }
    const auto times = std::ranges::count_if(t.c.messages, [](const Message& x) {
        return x.step >= step_again && x.step < step_stop_confirmation;
    });
    if (times >= step_stop_confirmation - step_again) {
        return refuse(Code::gate, "It was sent again often enough.");
    }
    t.queue(MessageKind::wellbeing, step_again + static_cast<int>(times));
    t.close_prompt();
    t.become(Warming{}, ActionKind::wait_then_call, t.now + t.cadence().useful_life,
             t.now + t.cadence().useful_life);
    t.note("sent_again", "the rep asked for it");
    return {};
}

// ---- what the rep does ----

Refused taken_by_another(const Turn& t, const RepId& by) {
    if (t.c.prompt && t.c.prompt->lease && t.now < t.c.prompt->lease->until &&
        t.c.prompt->lease->holder != by) {
        const RepId holder = t.c.prompt->lease->holder;
        const auto rep = t.plan.reps.find(holder);
        const std::string who =
            rep == t.plan.reps.end() ? holder.value : first_name(rep->second.name);
        return refuse(Code::taken, who + " has this one.", holder);
    }
    return {};
}

Refused need_prompt(const Turn& t, const RepId& by) {
    if (!t.live()) {
        return refuse_none_live(t);
    }
    if (!t.c.prompt) {
        return refuse(Code::late, "This has been dealt with already.");
    }
    return taken_by_another(t, by);
}

void acknowledge(Turn& t, const RepId& by, Duration lease) {
    Prompt& prompt = *t.c.prompt;
    prompt.acknowledged_at = t.now;
    if (lease.count() > 0) {
        prompt.lease = Lease{by, t.now + lease};
    }
    if (t.in<CallDue>() != nullptr) {
        prompt.alert_at = t.now + t.plan.policy.acknowledged_for;
        t.begin_ladder();
        t.outreach().wake_at = *prompt.alert_at;
    }
}

Refused on(Turn& t, const Claimed& e) {
    if (auto refused = need_prompt(t, e.by)) {
        return refused;
    }
    acknowledge(t, e.by, t.plan.policy.prompt_lease);
    return {};
}

Refused on(Turn& t, const Acknowledged& e) {
    if (auto refused = need_prompt(t, e.by)) {
        return refused;
    }
    acknowledge(t, e.by, Duration{});
    return {};
}

Refused on(Turn& t, const Dialled& e) {
    if (auto refused = need_prompt(t, e.by)) {
        return refused;
    }
    if (t.in<Held>() != nullptr) {
        return refuse_unanswered(t);
    }
    if (t.in<OnCall>() != nullptr) {  // the second tap
        return e.over == Dialled::Over::own_phone
                   ? Refused{}
                   : refuse(Code::late, "This call is under way already.");
    }
    t.cancel_automatic("the call began");
    t.c.prompt->lease =
        Lease{e.by, t.now + t.plan.policy.call_length_max + t.plan.policy.wrap_up_reminder};
    t.c.prompt->acknowledged_at = t.now;
    t.c.prompt->alert_at.reset();
    t.c.prompt->line.reset();
    t.become(OnCall{e.by, t.now}, ActionKind::log_outcome, t.now + t.plan.policy.call_length_max,
             t.now + t.plan.policy.call_length_max);
    t.note("dialled", "");
    return {};
}

Refused on(Turn& t, const CallEnded& e) {
    if (auto refused = need_prompt(t, e.by)) {
        return refused;
    }
    if (t.in<OnCall>() != nullptr) {
        to_wrap_up(t, e.by);
    }
    return {};
}

// Nobody was called: the prompt is as it was before the tap, and comes back by itself.
void not_called(Turn& t) {
    Prompt& prompt = *t.c.prompt;
    prompt.lease.reset();
    prompt.line.reset();
    prompt.alert_at = t.now + t.plan.policy.acknowledged_for;
    t.begin_ladder();
    t.become(CallDue{}, ActionKind::call, prompt.due_at, *prompt.alert_at);
}

// The line's word comes when it comes, perhaps twice: only the call that it is about moves by it,
// and an end is not taken back.
Refused on(Turn& t, const LineTold& e) {
    const auto* calling = t.in<OnCall>();
    const auto* back = t.in<WrapUp>();  // the rep came back to the list meanwhile
    const bool this_call =
        calling != nullptr && calling->by == e.by && calling->since == e.dialled_at;
    const bool spoken_of = back != nullptr && back->by == e.by;
    if (!t.c.prompt || (!this_call && !spoken_of)) {
        return refuse(Code::late, "This call is over.");
    }
    const std::optional<Line> known = t.c.prompt->line;
    const bool begins = e.line.state == LineState::ringing;
    const bool nobody = e.line.state == LineState::not_rung;
    if (known && (known->state != LineState::ringing || begins || nobody)) {
        return {};
    }
    t.note("line_told", words_of(e.line));
    if (nobody) {
        not_called(t);
        return {};
    }
    if (this_call && !begins) {
        to_wrap_up(t, e.by);
    }
    t.c.prompt->line = e.line;
    return {};
}

Refused on(Turn& t, const Snoozed& e) {
    if (auto refused = need_prompt(t, e.by)) {
        return refused;
    }
    if (t.in<CallDue>() == nullptr) {
        return refuse(Code::wrong_phase, "Say first how the call went.");
    }
    if (e.until <= t.now || e.until > t.now + std::chrono::days{31}) {
        return refuse(Code::next_action_missing, "Choose a time between now and a month from now.");
    }
    Prompt& prompt = *t.c.prompt;
    prompt.due_at = e.until;
    prompt.alert_at = e.until;
    prompt.acknowledged_at = t.now;
    prompt.lease.reset();
    t.begin_ladder();
    t.become(CallDue{}, ActionKind::call, e.until, e.until);
    t.note("snoozed", "");
    return {};
}

void lost_phone(Turn& t) {
    std::erase_if(t.c.contact.addresses,
                  [](const Address& a) { return a.kind == AddressKind::phone; });
    t.note("bad_number", "");
    if (t.c.contact.addresses.empty()) {
        t.close(CloseReason::no_reachable_address);
    } else {
        t.tell(t.c.contact.owner,
               "Ask " + t.name() + " for the right number: this one does not work.");
    }
}

void promised(Turn& t, const Disposition& d) {
    t.outreach().attempt = 0;
    t.outreach().promise = Promise{*d.next_at, cut(d.topic, topic_bytes_max)};
    await_promise(t);
    t.note("promised", "");
}

void nobody_reached(Turn& t, const Disposition& d) {
    Outreach& o = t.outreach();
    ++o.attempt;
    o.promise.reset();
    t.note("attempt", std::to_string(o.attempt) + " " + std::string{to_string(d.reached)});
    if (d.reached == Reached::bad_number) {
        lost_phone(t);
        if (!t.live()) {
            return;
        }
    } else if (d.leave_message && d.reached != Reached::someone_else) {
        if (t.ask_to_call_back()) {
            t.note("call_me_back_queued", "");
        }
    }
    t.next_try(d.next_at);
}

void talked(Turn& t, const Disposition& d) {
    switch (*d.said) {
        case Said::stop:
            t.stop_all("They said on the phone that they want no more messages.");
            return;
        case Said::not_interested:
            t.close(CloseReason::said_no);
            return;
        case Said::wrong_person:
            t.close(CloseReason::wrong_person);
            return;
        case Said::busy_now:
            t.outreach().promise.reset();
            t.next_try(d.next_at);
            return;
        case Said::talked:
        case Said::callback_asked:
        case Said::agreed_next:
            if (d.won) {
                t.close(CloseReason::won);
            } else {
                promised(t, d);
            }
            return;
    }
}

Refused on(Turn& t, const Disposed& e) {
    if (auto refused = need_prompt(t, e.by)) {
        return refused;
    }
    if (const auto wrong = what_is_missing(e.disposition, t.now)) {
        return refuse(wrong->next_action ? Code::next_action_missing : Code::not_a_disposition,
                      wrong->sentence);
    }
    const auto* held = t.in<Held>();
    if (held != nullptr && held->reason == HoldReason::perhaps_stop &&
        e.disposition.reached != Reached::human) {
        return refuse_unanswered(t);  // only they themselves can answer it otherwise
    }
    t.cancel_automatic("the call was made");
    t.close_prompt();
    if (!e.disposition.topic.empty()) {
        t.c.contact.topic = cut(e.disposition.topic, topic_bytes_max);
    }
    if (e.disposition.reached == Reached::human) {
        t.note("talked", std::string{to_string(*e.disposition.said)});
        talked(t, e.disposition);
    } else {
        nobody_reached(t, e.disposition);
    }
    return {};
}

Refused on(Turn& t, const HeldByRep& e) {
    if (!t.live()) {
        return refuse_none_live(t);
    }
    if (e.until <= t.now || e.until > t.now + std::chrono::days{366}) {
        return refuse(Code::next_action_missing,
                      "Choose a time between now and a year from now: every pause has an end.");
    }
    if (rep_is_talking(t)) {
        return refuse(Code::wrong_phase, "Say first how the call went.");
    }
    if (const auto* held = t.in<Held>();
        held != nullptr && held->reason == HoldReason::perhaps_stop) {
        return refuse_unanswered(t);
    }
    t.cancel_automatic("on hold");
    t.close_prompt();
    t.become(Held{HoldReason::by_rep, e.until}, ActionKind::resume, e.until, e.until);
    t.note("held", "");
    return {};
}

Refused on(Turn& t, const Resumed&) {
    const auto* held = t.in<Held>();
    if (held == nullptr || held->reason == HoldReason::perhaps_stop) {
        return refuse(Code::wrong_phase, "This outreach is not on hold.");
    }
    t.note("resumed", "");
    resume(t);
    return {};
}

Refused on(Turn& t, const ClosedByRep& e) {
    if (!t.live()) {
        return refuse_none_live(t);
    }
    switch (e.reason) {
        case CloseReason::opted_out:
            t.stop_all("The rep noted that they want no more messages.");
            return {};
        case CloseReason::won:
        case CloseReason::said_no:
        case CloseReason::wrong_person:
            t.close(e.reason);
            return {};
        case CloseReason::no_reachable_address:
        case CloseReason::merged:
            break;
    }
    return refuse(Code::not_a_disposition,
                  "An outreach ends with what they said: won, said_no, wrong_person or opted_out.");
}

Refused on(Turn& t, const Reassigned& e) {
    if (!t.plan.reps.contains(e.to)) {
        return refuse(Code::not_a_disposition, "There is no rep \"" + e.to.value + "\".");
    }
    t.c.contact.owner = e.to;
    if (t.live()) {
        t.outreach().next.owner = e.to;
    }
    if (t.c.prompt) {
        t.c.prompt->rep = e.to;
        t.c.prompt->lease.reset();
        if (t.in<CallDue>() != nullptr) {
            t.begin_ladder();
            t.c.prompt->acknowledged_at.reset();
            t.c.prompt->alert_at = std::max(t.c.prompt->due_at, t.now);
            t.outreach().wake_at = *t.c.prompt->alert_at;
        }
    }
    t.note("reassigned", e.to.value);
    return {};
}

Refused on(Turn& t, const StopAnswered& e) {
    const auto* held = t.in<Held>();
    if (held == nullptr || held->reason != HoldReason::perhaps_stop) {
        return refuse(Code::late, "This question has been answered already.");
    }
    if (e.answer == StopAnswered::Answer::it_was_stop) {
        t.stop_all("The rep read their message as a wish to stop.");
        return {};
    }
    t.outreach().replied_at = t.now;
    if (t.c.prompt) {
        t.c.prompt->kind = PromptKind::silent;  // so that it may rise to the reply that it was
        t.c.prompt->due_at = t.call_moment(t.now);
    }
    t.call_due(PromptKind::replied, t.name() + " replied. Call now.", t.call_moment(t.now));
    t.note("not_a_stop", "");
    return {};
}

Refused on(Turn& t, const MergedAway&) {
    if (t.live()) {
        t.close(CloseReason::merged);
    }
    return {};
}

Refused on(Turn& t, const WroteByRep& e) {
    if (!t.live()) {
        return refuse_none_live(t);
    }
    if (e.text.empty() || e.text.size() > 4096) {
        return refuse(Code::not_a_disposition, "A text has between 1 and 4,096 bytes.");
    }
    const Route way = route(t.plan, t.c, MessageKind::conversation, t.now);
    if (!way.verdict.go()) {
        return refuse(Code::gate, way.verdict.sentence);
    }
    const auto texts = std::ranges::count(t.c.messages, MessageKind::conversation, &Message::kind);
    t.queue(MessageKind::conversation, step_conversation + static_cast<int>(texts));
    t.c.messages.back().text = e.text;
    t.note("wrote", "");
    return {};
}

Refused on(Turn& t, const OptedOut& e) {
    t.stop_all(e.how.empty() ? "They asked not to be contacted." : cut(e.how, 200));
    return {};
}

// Whatever was decided, the service looks again later, never at once and never not at all.
void keep_awake(Turn& t) {
    if (t.live() && t.outreach().wake_at <= t.now && t.in<Planned>() == nullptr &&
        t.in<CallDue>() == nullptr) {
        t.outreach().wake_at = t.now + std::chrono::minutes{1};
    }
}

}  // namespace

Transition decide(const Plan& plan, const Case& before, const Event& event, Timestamp now) {
    Turn turn{plan, now, before, {}};
    turn.c.messages.reserve(before.messages.size() +
                            4);  // references into it stay good while one is added
    if (auto refusal = std::visit([&turn](const auto& e) { return on(turn, e); }, event)) {
        return {before, {}, std::move(refusal)};
    }
    keep_awake(turn);
    return {std::move(turn.c), std::move(turn.effects), std::nullopt};
}

}  // namespace warmcall::core
