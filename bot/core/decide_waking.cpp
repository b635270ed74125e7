// A round begins, and time passes: what follows when a contact is enrolled, and when the service
// wakes up.

#include <algorithm>
#include <utility>

#include "core/disposition.hpp"
#include "core/speech.hpp"
#include "core/turn.hpp"

namespace warmcall::core {

using Code = Refusal::Code;

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

namespace {

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
    const ChannelId failed = t.failed_way();
    const std::vector<Route> ways = routes(t.plan, t.c, MessageKind::wellbeing, t.now, failed);
    const Route way =
        t.switched_off()
            ? Route{.verdict = {.code = GateCode::suppressed,
                                .sentence = "They switched off messages at the provider."}}
            : choose(ways);
    const Timestamp planned = t.outreach().next.due_at;
    if (way.verdict.go()) {
        t.queue(MessageKind::wellbeing, step_wellbeing, failed);
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
    const Rep* owner = t.plan.rep_for(t.c.contact.owner);
    if (owner == nullptr) {
        return t.c.contact.owner;
    }
    const Rep& rep = *owner;
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

}  // namespace

Timestamp rep_hours(const Turn& t, const RepId& id, Timestamp from) {
    const auto rep = t.plan.reps.find(id);
    return rep == t.plan.reps.end()
               ? from
               : next_open(rep->second.hours, {}, {rep->second.zone}, from).value_or(from);
}

namespace {

// What was promised to a customer rings whoever gave their word at any hour; everything else, and
// everybody else, is left in peace outside of their own.
Timestamp ringing_hours(const Turn& t, const RepId& rep, Timestamp from) {
    const auto& promise = t.c.outreach->promise;
    const bool own_word = promise && promise->at <= from && rep == t.c.contact.owner;
    return own_word ? from : rep_hours(t, rep, from);
}

// The promised time has come while a prompt is open for another reason: however long it was to
// rest, it rings now, and says what was promised.
void remind_of_promise(Turn& t) {
    const auto& promise = t.outreach().promise;
    if (!promise || t.now < promise->at) {
        return;
    }
    Prompt& prompt = *t.c.prompt;
    prompt.kind = std::max(prompt.kind, PromptKind::promised);
    prompt.reason = promise_reason(t);
    if (prompt.due_at < promise->at) {
        t.ring_again(promise->at);
        t.note("promised_due", "");
    }
}

void wake(Turn& t, const CallDue&) {
    if (!t.c.prompt) {
        t.call_due(PromptKind::silent, "Call " + t.name() + ".", t.call_moment(t.now));
        return;
    }
    Prompt& prompt = *t.c.prompt;
    const bool busy = prompt.lease && t.now < prompt.lease->until;
    if (!busy) {
        remind_of_promise(t);
    }
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
    // When their day has ended, a call that they do not wait for rests until the next.
    const bool may_rest = prompt.kind < PromptKind::promised || prompt.kind == PromptKind::replied;
    const bool around = prompt.ladder_step % ladder_steps == 0;
    const Timestamp rung =
        t.now + (around ? Duration{std::chrono::hours{20}} : t.plan.policy.ladder_gap);
    const Timestamp next = may_rest || around ? t.call_moment(rung) : rung;
    prompt.alert_at = ringing_hours(t, rep_of_step(t, prompt.ladder_step), next);
    t.outreach().wake_at = *prompt.alert_at;
}

}  // namespace

void to_wrap_up(Turn& t, const RepId& by) {
    t.become(WrapUp{by, t.now}, ActionKind::log_outcome, t.now,
             t.now + t.plan.policy.wrap_up_reminder);
    if (t.c.prompt) {
        t.c.prompt->lease = Lease{by, t.now + t.plan.policy.wrap_up_reminder};
    }
    if (t.news_since_dialled()) {
        t.tell_who_called();
    }
}

namespace {

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

void try_again(Turn& t) {
    t.call_due(
        PromptKind::retry,
        "Try " + t.name() + " again: attempt " + std::to_string(t.outreach().attempt + 1) + ".",
        t.call_moment(t.now));
}

void before_promised_call(Turn& t) {
    if (t.outreach().next.due_at <= t.now) {  // the rep chose to try once more before it
        try_again(t);
    } else if (text_is_due(t)) {
        next_round(t);
        t.outreach().attempt = 0;
        wake(t, Planned{});
    } else {
        t.outreach().wake_at = t.outreach().promise->at;
    }
}

void wake(Turn& t, const Waiting&) {
    if (t.now < t.outreach().next.due_at && !t.outreach().promise) {
        t.outreach().wake_at = t.outreach().next.due_at;
        return;
    }
    if (t.promised_later()) {
        before_promised_call(t);
        return;
    }
    if (t.outreach().promise) {
        keep_promise(t);
        return;
    }
    if (text_is_due(t)) {
        next_round(t);
        wake(t, Planned{});
        return;
    }
    try_again(t);
}

}  // namespace

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
        prompt.acknowledged_at.reset();  // looking at a question is not answering it
        if (prompt.lease && prompt.lease->until <= t.now) {
            prompt.lease.reset();
        }
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

namespace {

void wake(Turn& t, const Held& phase) {
    if (phase.reason != HoldReason::perhaps_stop) {
        t.note("resumed", "");
        resume(t);
        return;
    }
    ask_about_stop(t, t.outreach().next.due_at);
}

void wake(Turn&, const Closed&) {}

}  // namespace

Refused on(Turn& t, const Woke&) {
    if (t.live() && t.now >= t.outreach().wake_at) {
        const Phase phase = t.outreach().phase;
        std::visit([&t](const auto& p) { wake(t, p); }, phase);
    }
    return {};
}

}  // namespace warmcall::core
