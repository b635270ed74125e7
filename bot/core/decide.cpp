#include "core/decide.hpp"

#include <algorithm>
#include <utility>

#include "core/disposition.hpp"
#include "core/turn.hpp"
#include "core/speech.hpp"

namespace warmcall::core {

namespace {

using Code = Refusal::Code;

Refused refuse(Code code, std::string sentence, std::optional<RepId> holder = std::nullopt) {
    return Refusal{code, std::move(sentence), std::move(holder)};
}

Refused refuse_none_live(const Turn& t) { return refuse(Code::none_live, t.name() + " has no outreach under way."); }

bool all_suppressed(const Contact& contact) {
    return std::ranges::any_of(contact.suppressions, [](const Suppression& s) { return s.scope == SuppressionScope::all; });
}

// ---- beginning a round ----

Refused on(Turn& t, const Enrolled& e) {
    const Contact& contact = t.c.contact;
    if (t.live()) {
        return refuse(Code::has_live, t.name() + " already has an outreach under way.", contact.owner);
    }
    if (!t.plan.cadences.contains(e.cadence)) {
        return refuse(Code::unknown_cadence, "There is no cadence \"" + e.cadence + "\".");
    }
    if (all_suppressed(contact)) {
        return refuse(Code::suppressed, t.name() + " asked not to be contacted.");
    }
    if (!contact.consent) {
        return refuse(Code::no_consent, "Note first when and how " + t.name() + " agreed to be written to.");
    }
    if (contact.addresses.empty()) {
        return refuse(Code::no_address, t.name() + " has no number.");
    }
    const Template* text = t.plan.templates.find(t.plan.cadences.at(e.cadence).wellbeing, contact.language);
    if (text == nullptr) {
        return refuse(Code::template_unfit, "The cadence has no text for " + t.name() + "'s language.");
    }
    t.c.outreach = Outreach{.contact = contact.id, .cadence = e.cadence, .enrolled_at = t.now};
    t.plan_round(t.now);
    t.note("enrolled", e.cadence);
    return {};
}

std::string promise_reason(const Turn& t) {
    const std::string topic = t.c.outreach->promise ? t.c.outreach->promise->topic : std::string{};
    return "You promised " + t.name() + " this call." + (topic.empty() ? "" : " Ask about: " + topic);
}

void keep_promise(Turn& t) {
    t.cancel_queued("the promised time has come");
    t.call_due(PromptKind::promised, promise_reason(t), std::max(t.outreach().promise->at, t.now));
    t.note("promised_due", "");
}

void wake(Turn& t, const Planned&) {
    const auto promise = t.outreach().promise;
    if (promise && promise->at <= t.now) {
        keep_promise(t);
        return;
    }
    const Route way = route(t.plan, t.c, MessageKind::wellbeing, t.now);
    const Timestamp planned = t.outreach().next.due_at;
    if (way.verdict.go()) {
        t.queue(MessageKind::wellbeing, step_wellbeing);
        const Timestamp until = t.now + t.cadence().useful_life;
        t.become(Warming{}, ActionKind::wait_then_call, promise ? promise->at : until, promise ? promise->at : until);
        t.note("wellbeing_queued", way.channel.value);
        return;
    }
    const bool hours = way.verdict.code == GateCode::quiet_hours || way.verdict.code == GateCode::held;
    if (way.verdict.again_at && (hours || *way.verdict.again_at < planned + t.cadence().useful_life)) {
        t.note("deferred", way.verdict.sentence);
        const Timestamp again = promise ? std::min(*way.verdict.again_at, promise->at) : *way.verdict.again_at;
        t.become(Planned{}, ActionKind::send, hours ? again : planned, again);
        return;
    }
    t.note("no_warmup", way.verdict.sentence);
    if (promise) {
        keep_promise(t);
        return;
    }
    t.call_due(PromptKind::no_warmup, "No message went out first. " + way.verdict.sentence + " Call " + t.name() + " anyway.",
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
    const bool never_went = m == nullptr || m->state == MessageState::queued || m->state == MessageState::cancelled;
    if (never_went) {
        t.cancel_queued("no longer fresh");
        t.call_due(PromptKind::no_warmup, "The message could not go out in time. Call " + t.name() + " anyway.", t.call_moment(t.now));
        t.note("no_warmup", "not sent in time");
        return;
    }
    const bool cannot_tell = shown(m->facts) == Shown::unknown || m->state == MessageState::claimed;
    t.call_due(PromptKind::silent,
               cannot_tell ? "We cannot tell whether the message went out. Call " + t.name() + " anyway."
                           : "No reply from " + t.name() + ". Call anyway.",
               t.call_moment(t.now));
    t.note("silent", cannot_tell ? "cannot tell whether the message went out" : "the lead time is over");
}

// Not acknowledged in time: the same phone once more, then the stand-in, then the lead; the next day from the start.
RepId rep_of_step(const Turn& t, int step) {
    const auto owner = t.plan.reps.find(t.c.contact.owner);
    if (owner == t.plan.reps.end()) {
        return t.c.contact.owner;
    }
    const Rep& rep = owner->second;
    const bool away = rep.away_until && t.now < *rep.away_until;
    switch (step % 4) {
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
    return rep == t.plan.reps.end() ? from : next_open(rep->second.hours, {}, {rep->second.zone}, from).value_or(from);
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
    const Timestamp ring = rep_hours(t, rep, t.now);
    if (ring > t.now) {
        prompt.alert_at = ring;
        t.outreach().wake_at = ring;
        return;
    }
    prompt.rep = rep;
    t.effects.emplace_back(TellRep{rep, TellRep::What::prompt, {}});
    ++prompt.ladder_step;
    const bool around = prompt.ladder_step % 4 == 0;
    const Timestamp next = around ? t.call_moment(t.now + std::chrono::hours{20}) : t.now + t.plan.policy.ladder_gap;
    prompt.alert_at = rep_hours(t, rep_of_step(t, prompt.ladder_step), next);
    t.outreach().wake_at = *prompt.alert_at;
}

void to_wrap_up(Turn& t, const RepId& by) {
    t.become(WrapUp{by, t.now}, ActionKind::log_outcome, t.now, t.now + t.plan.policy.wrap_up_reminder);
    if (t.c.prompt) {
        t.c.prompt->lease = Lease{by, t.now + t.plan.policy.wrap_up_reminder};
    }
}

void wake(Turn& t, const OnCall& phase) { to_wrap_up(t, RepId{phase.by}); }

void wake(Turn& t, const WrapUp& phase) {
    t.tell(phase.by, "You called " + t.name() + ". How did it go?");
    t.outreach().wake_at = rep_hours(t, phase.by, t.now + std::chrono::days{1});
}

bool text_is_due(const Turn& t) {
    return !t.c.contact.last_wellbeing_at || t.now >= *t.c.contact.last_wellbeing_at + t.plan.policy.wellbeing_gap;
}

void next_round(Turn& t) {
    t.cancel_queued("a new round begins");
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
    t.call_due(PromptKind::retry, "Try " + t.name() + " again: attempt " + std::to_string(t.outreach().attempt + 1) + ".",
               t.call_moment(t.now));
}

void resume(Turn& t) {
    t.c.prompt = t.c.prompt && t.c.prompt->open ? t.c.prompt : std::nullopt;
    if (t.wellbeing() == nullptr || t.wellbeing()->state == MessageState::cancelled) {
        if (t.wellbeing() != nullptr) {
            next_round(t);
        }
        t.plan_round(t.now);
        return;
    }
    t.call_due(PromptKind::silent, "The pause for " + t.name() + " is over. Call now.", t.call_moment(t.now));
}

void wake(Turn& t, const Held& phase) {
    if (phase.reason != HoldReason::perhaps_stop) {
        t.note("resumed", "");
        resume(t);
        return;
    }
    // Nothing is sent while we are unsure; the question comes back every day until it is answered.
    if (t.c.prompt) {
        t.effects.emplace_back(TellRep{t.c.prompt->rep, TellRep::What::prompt, {}});
        ++t.c.prompt->ladder_step;
    }
    const Timestamp next = rep_hours(t, t.c.contact.owner, t.now + std::chrono::days{1});
    t.become(Held{phase.reason, next}, ActionKind::answer_question, t.outreach().next.due_at, next);
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
    if (!first) {
        return;
    }
    if (t.live()) {
        confirm_stop(t, e);
    }
    t.stop_all("They wrote that they do not want messages.");
    t.tell(t.c.contact.owner, t.name() + " asked to stop. Nothing more will be sent.");
}

void perhaps_stopped(Turn& t, const Replied& e) {
    t.cancel_queued("they may have asked to stop");
    const Timestamp until = t.now + std::chrono::days{1};
    t.call_due(PromptKind::unanswered_question, "Did " + t.name() + " ask us to stop? Nothing is sent until you say.", t.now);
    t.add_words(e.words);
    t.c.prompt->kind = PromptKind::unanswered_question;
    t.c.prompt->due_at = t.now;
    t.effects.emplace_back(TellRep{t.c.prompt->rep, TellRep::What::prompt, {}});
    ++t.c.prompt->ladder_step;
    t.c.prompt->alert_at.reset();
    t.become(Held{HoldReason::perhaps_stop, until}, ActionKind::answer_question, t.now, until);
    t.note("perhaps_stop", "asked the rep");
}

void away(Turn& t, const Reading& reading) {
    t.note("automatic_reply", reading.away_until ? "they are away" : "");
    if (!reading.away_until || (t.in<Planned>() == nullptr && t.in<Warming>() == nullptr)) {
        return;
    }
    t.cancel_queued("they are away");
    const std::chrono::sys_days back = std::chrono::sys_days{*reading.away_until} + std::chrono::days{1};
    const Timestamp morning{std::chrono::duration_cast<Duration>(back.time_since_epoch())};
    const Timestamp until = std::max(t.call_moment(morning), t.now + std::chrono::minutes{1});
    t.become(Held{HoldReason::automatic_reply, until}, ActionKind::resume, until, until);
}

bool rep_is_talking(const Turn& t) { return t.in<OnCall>() != nullptr || t.in<WrapUp>() != nullptr; }

void person_answered(Turn& t, const Replied& e) {
    t.outreach().replied_at = t.outreach().replied_at.value_or(t.now);
    t.note("replied", "");
    if (rep_is_talking(t)) {
        t.add_words(e.words);
        return;
    }
    if (const auto* held = t.in<Held>(); held != nullptr && held->reason == HoldReason::perhaps_stop) {
        t.add_words(e.words);  // the question stands until the rep answers it
        return;
    }
    t.cancel_queued("they answered");
    const Timestamp due = t.call_moment(t.now);
    const bool claimed = t.c.prompt && t.c.prompt->lease && t.now < t.c.prompt->lease->until;
    t.call_due(PromptKind::replied, t.name() + " replied. Call now.", due, claimed ? t.plan.policy.prompt_lease : t.plan.policy.debounce);
    t.add_words(e.words);
}

Refused on(Turn& t, const Replied& e) {
    open_window(t, e.channel, e.at);
    t.c.contact.last_reply_at = std::max(t.c.contact.last_reply_at.value_or(e.at), e.at);
    t.effects.emplace_back(KeepWords{e.at, e.channel, e.kind, cut(e.words, words_bytes_max)});
    const bool written = e.kind == ReplyKind::text || e.kind == ReplyKind::button;
    const Reading reading = written ? read_reply(t.plan.replies, e.words, e.at) : Reading{};
    if (reading.kind == Reading::Kind::stop) {
        stopped(t, e);
        return {};
    }
    if (all_suppressed(t.c.contact)) {  // a later word does not undo a STOP; the rep may call
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
    if (reading.kind == Reading::Kind::perhaps_stop && !rep_is_talking(t)) {
        perhaps_stopped(t, e);
    } else {
        person_answered(t, e);
    }
    return {};
}

Refused on(Turn& t, const TheyCalled& e) {
    open_window(t, e.channel, e.at);
    t.note("they_called", "");
    if (!t.live()) {
        t.open_unasked();
    }
    t.outreach().attempt = 0;
    t.outreach().promise.reset();
    t.cancel_queued("they called");
    if (rep_is_talking(t)) {
        return {};
    }
    if (const auto* held = t.in<Held>(); held != nullptr && held->reason == HoldReason::perhaps_stop) {
        t.tell(t.c.contact.owner, t.name() + " called.");
        return {};
    }
    t.outreach().replied_at = t.outreach().replied_at.value_or(t.now);
    t.call_due(PromptKind::they_called, t.name() + " called you. Call back now.", rep_hours(t, t.c.contact.owner, t.now));
    return {};
}

Refused on(Turn& t, const RepWrote& e) {
    t.c.contact.last_wellbeing_at = std::max(t.c.contact.last_wellbeing_at.value_or(e.at), e.at);
    t.note("rep_wrote", "from the phone's own app");
    if (!t.live()) {
        return {};
    }
    t.cancel_queued("you wrote to them yourself");
    if (t.in<Warming>() != nullptr && t.wellbeing() != nullptr && t.wellbeing()->state == MessageState::cancelled) {
        const Timestamp until = t.now + t.cadence().lead_time;
        t.wellbeing()->facts = join(t.wellbeing()->facts, {});
        t.become(Warming{}, ActionKind::wait_then_call, until, until);
    }
    return {};
}

Refused on(Turn& t, const MarketingPreference& e) {
    auto& suppressions = t.c.contact.suppressions;
    const auto same = [&](const Suppression& s) { return s.scope == SuppressionScope::channel && s.channel == e.channel; };
    if (e.choice == MarketingPreference::Choice::resume) {
        std::erase_if(suppressions, same);
        t.note("marketing_resumed", e.channel.value);
        return {};
    }
    if (std::ranges::none_of(suppressions, same)) {
        suppressions.push_back({.scope = SuppressionScope::channel, .channel = e.channel, .reason = "They switched off messages at the provider.", .at = t.now});
    }
    t.note("marketing_stopped", e.channel.value);
    const bool waiting_to_send = t.in<Warming>() != nullptr && t.wellbeing() != nullptr && t.wellbeing()->state == MessageState::queued;
    if (t.live()) {
        t.cancel_queued("they switched off messages");
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

void suppress_address(Turn& t, const Message& m) {
    t.c.contact.suppressions.push_back({.scope = SuppressionScope::channel, .channel = m.channel, .reason = "The provider says they do not want such messages.", .at = t.now});
    t.note("suppressed", m.channel.value);
}

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

// A failure that came to light now, of a message nobody has received.
void failed(Turn& t, Message& m) {
    const Failure failure = *m.facts.failed;
    m.state = MessageState::settled;
    if (failure.kind == FailureClass::suppress) {
        suppress_address(t, m);
    }
    constexpr int not_on_whatsapp = 131026;
    if (failure.code == not_on_whatsapp) {
        t.c.contact.whatsapp_unreachable_at = t.now;
    }
    if (failure.kind == FailureClass::needs_window) {
        std::erase_if(t.c.contact.windows, [&](const Window& w) { return w.channel == m.channel; });
    }
    t.note("failed", std::string{to_string(m.kind)} + " " + std::to_string(failure.code));
    if (m.kind == MessageKind::wellbeing && t.live() && m.round == t.outreach().round) {
        t.way_failed(failure_sentence(t, failure));
    }
}

void progressed(Turn& t, Message& m, const Facts& before) {
    const bool reached = m.facts.delivered || m.facts.read;
    const bool went = reached || m.facts.accepted || m.facts.sent;
    if ((went || m.facts.failed) && (m.state == MessageState::claimed || m.state == MessageState::unknown)) {
        m.state = MessageState::settled;
    }
    if (went && !m.facts.failed && m.kind == MessageKind::wellbeing) {
        t.c.contact.last_wellbeing_at = std::max(t.c.contact.last_wellbeing_at.value_or(t.now), t.now);
    }
    if (shown(m.facts) != shown(before)) {
        t.note("delivery", std::string{to_string(m.kind)} + " " + std::string{to_string(shown(m.facts))});
    }
    if (m.facts.failed && !before.failed && !reached) {
        failed(t, m);
        return;
    }
    const bool current = t.live() && t.in<Warming>() != nullptr && m.kind == MessageKind::wellbeing && m.round == t.outreach().round;
    if (!current) {
        return;
    }
    if (reached) {  // it did arrive after all: a second way still waiting is not needed
        for (Message& other : t.c.messages) {
            if (other.id != m.id && other.kind == MessageKind::wellbeing && other.state == MessageState::queued) {
                t.cancel_queued("the first message arrived");
                const Timestamp until = m.facts.delivered.value_or(m.facts.read.value_or(t.now)) + t.cadence().lead_time;
                t.become(Warming{}, ActionKind::wait_then_call, until, until);
                return;
            }
        }
    }
    if (&m == t.wellbeing()) {
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
        if (m.kind == MessageKind::wellbeing && t.live() && m.round == t.outreach().round && t.in<Warming>() != nullptr) {
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
    if (!t.live() || m.outreach != t.c.outreach->id || m.round != t.c.outreach->round) {
        return false;
    }
    return m.kind != MessageKind::wellbeing || (t.in<Warming>() != nullptr && !t.c.outreach->replied_at);
}

void refused_by_provider(Turn& t, Message& m, const SendSettled& e) {
    if (e.again_at && still_wanted(t, m)) {
        t.note("deferred", "the provider asked us to wait");
        again(t, m, *e.again_at);
        return;
    }
    const Facts before = m.facts;
    m.facts = join(before, e.facts);
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
            if (m->kind == MessageKind::call_me_back) {
                t.c.contact.last_call_me_back_at = t.now;
            }
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
            if (m->kind == MessageKind::wellbeing) {
                t.c.contact.last_wellbeing_at = t.now;
                if (t.live() && t.in<Warming>() != nullptr && m == t.wellbeing()) {
                    t.warm_until();
                }
            } else if (m->kind == MessageKind::call_me_back) {
                t.c.contact.last_call_me_back_at = t.now;
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
    t.note("deferred", e.verdict.sentence);
    if (e.verdict.again_at && still_wanted(t, *m)) {
        const int tries = m->tries;
        again(t, *m, *e.verdict.again_at);
        m->tries = tries;
        return {};
    }
    m->state = MessageState::cancelled;
    if (m->kind == MessageKind::wellbeing && still_wanted(t, *m)) {
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
    if (!t.live() || m->kind != MessageKind::wellbeing || t.outreach().replied_at) {
        return refuse(Code::wrong_phase, "It is not needed any more.");
    }
    const auto last = std::exchange(t.c.contact.last_wellbeing_at, std::nullopt);
    const Route way = route(t.plan, t.c, MessageKind::wellbeing, t.now);
    if (!way.verdict.go()) {
        t.c.contact.last_wellbeing_at = last;
        return refuse(Code::gate, way.verdict.sentence);
    }
    const auto times = std::ranges::count_if(t.c.messages, [](const Message& x) { return x.step >= step_again && x.step < step_stop_confirmation; });
    if (times >= step_stop_confirmation - step_again) {
        return refuse(Code::gate, "It was sent again often enough.");
    }
    t.queue(MessageKind::wellbeing, step_again + static_cast<int>(times));
    t.close_prompt();
    t.become(Warming{}, ActionKind::wait_then_call, t.now + t.cadence().useful_life, t.now + t.cadence().useful_life);
    t.note("sent_again", "the rep asked for it");
    return {};
}

// ---- what the rep does ----

Refused taken_by_another(const Turn& t, const RepId& by) {
    if (t.c.prompt && t.c.prompt->lease && t.now < t.c.prompt->lease->until && t.c.prompt->lease->holder != by) {
        const RepId holder = t.c.prompt->lease->holder;
        const auto rep = t.plan.reps.find(holder);
        const std::string who = rep == t.plan.reps.end() ? holder.value : first_name(rep->second.name);
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
    if (const auto* held = t.in<Held>(); held != nullptr) {
        return refuse(Code::wrong_phase, "Answer the question first: did " + t.name() + " ask us to stop?");
    }
    if (t.in<OnCall>() != nullptr) {
        return {};  // the second tap
    }
    t.cancel_queued("the call began");
    t.c.prompt->lease = Lease{e.by, t.now + t.plan.policy.call_length_max + t.plan.policy.wrap_up_reminder};
    t.c.prompt->acknowledged_at = t.now;
    t.c.prompt->alert_at.reset();
    t.become(OnCall{e.by, t.now}, ActionKind::log_outcome, t.now + t.plan.policy.call_length_max, t.now + t.plan.policy.call_length_max);
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
    t.become(CallDue{}, ActionKind::call, e.until, e.until);
    t.note("snoozed", "");
    return {};
}

void lost_phone(Turn& t) {
    std::erase_if(t.c.contact.addresses, [](const Address& a) { return a.kind == AddressKind::phone; });
    t.note("bad_number", "");
    if (t.c.contact.addresses.empty()) {
        t.close(CloseReason::no_reachable_address);
    } else {
        t.tell(t.c.contact.owner, "Ask " + t.name() + " for the right number: this one does not work.");
    }
}

void promised(Turn& t, const Disposition& d) {
    Outreach& o = t.outreach();
    o.attempt = 0;
    o.promise = Promise{*d.next_at, d.topic};
    // A well-being text goes ahead of the promised call when the last one is over a week old by then.
    const Timestamp text_at = *d.next_at - t.cadence().lead_time - std::chrono::minutes{15};
    const auto last = t.c.contact.last_wellbeing_at;
    const bool text = text_at > t.now && (!last || text_at >= *last + t.plan.policy.wellbeing_gap);
    t.become(Waiting{}, ActionKind::call, *d.next_at, text ? text_at : *d.next_at);
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
        if (t.queue(MessageKind::call_me_back, step_call_me_back + std::min(o.attempt, step_again - step_call_me_back - 1))) {
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
        return refuse(wrong->next_action ? Code::next_action_missing : Code::not_a_disposition, wrong->sentence);
    }
    t.cancel_queued("the call was made");
    t.close_prompt();
    if (!e.disposition.topic.empty()) {
        t.c.contact.topic = cut(e.disposition.topic, 500);
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
    if (e.until <= t.now) {
        return refuse(Code::next_action_missing, "Choose a time in the future: every pause has an end.");
    }
    if (rep_is_talking(t)) {
        return refuse(Code::wrong_phase, "Say first how the call went.");
    }
    if (const auto* held = t.in<Held>(); held != nullptr && held->reason == HoldReason::perhaps_stop) {
        return refuse(Code::wrong_phase, "Answer the question first: did " + t.name() + " ask us to stop?");
    }
    t.cancel_queued("on hold");
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
    return refuse(Code::not_a_disposition, "An outreach ends with what they said: won, said_no, wrong_person or opted_out.");
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
            t.c.prompt->ladder_step = (t.c.prompt->ladder_step / 4 + 1) * 4;
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
    const std::string words = t.c.prompt ? t.c.prompt->words : std::string{};
    t.outreach().replied_at = t.outreach().replied_at.value_or(t.now);
    if (t.c.prompt) {
        t.c.prompt->kind = PromptKind::silent;  // so that it may rise again
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
    if (all_suppressed(t.c.contact)) {
        return {};
    }
    t.stop_all(e.how.empty() ? "They asked not to be contacted." : cut(e.how, 200));
    return {};
}

// Whatever was decided, the service looks again later, never at once and never not at all.
void keep_awake(Turn& t) {
    if (t.live() && t.outreach().wake_at <= t.now && t.in<Planned>() == nullptr && t.in<CallDue>() == nullptr) {
        t.outreach().wake_at = t.now + std::chrono::minutes{1};
    }
}

}  // namespace

Transition decide(const Plan& plan, const Case& before, const Event& event, Timestamp now) {
    Turn turn{plan, now, before, {}};
    turn.c.messages.reserve(before.messages.size() + 4);  // references into it stay good while one is added
    if (auto refusal = std::visit([&turn](const auto& e) { return on(turn, e); }, event)) {
        return {before, {}, std::move(refusal)};
    }
    keep_awake(turn);
    return {std::move(turn.c), std::move(turn.effects), std::nullopt};
}

}  // namespace warmcall::core
