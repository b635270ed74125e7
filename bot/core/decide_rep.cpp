// What follows from what the rep does.

#include <algorithm>
#include <utility>

#include "core/disposition.hpp"
#include "core/phone.hpp"
#include "core/speech.hpp"
#include "core/turn.hpp"

namespace warmcall::core {

using Code = Refusal::Code;

namespace {

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
    if (!rep_is_talking(t)) {  // then it says when they dialled
        prompt.acknowledged_at = t.now;
    }
    if (lease.count() > 0) {
        prompt.lease = Lease{by, t.now + lease};
    }
    if (t.in<CallDue>() != nullptr) {
        // Who looks at a card that is due later is not rung before that.
        prompt.alert_at = std::max(prompt.due_at, t.now + t.plan.policy.acknowledged_for);
        t.begin_ladder();
        t.outreach().wake_at = *prompt.alert_at;
    }
}

}  // namespace

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

namespace {

// Nobody was called: the prompt is as it was before the tap, and comes back by itself.
void not_called(Turn& t) {
    if (t.news_since_dialled()) {
        t.call_once_more();
        return;
    }
    Prompt& prompt = *t.c.prompt;
    prompt.lease.reset();
    prompt.line.reset();
    prompt.alert_at = t.now + t.plan.policy.acknowledged_for;
    t.begin_ladder();
    t.become(CallDue{}, ActionKind::call, prompt.due_at, *prompt.alert_at);
}

}  // namespace

Refused on(Turn& t, const NotCalled& e) {
    if (auto refused = need_prompt(t, e.by)) {
        return refused;
    }
    if (t.in<OnCall>() == nullptr && t.in<WrapUp>() == nullptr) {
        return {};  // the second tap
    }
    if (t.c.prompt->line) {
        return refuse(Code::wrong_phase, "The line has rung. Say how the call went.");
    }
    t.note("not_called", "");
    not_called(t);
    return {};
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
    if (t.in<Held>() != nullptr) {
        return refuse_unanswered(t);
    }
    if (t.in<CallDue>() == nullptr) {
        return refuse(Code::wrong_phase, "Say first how the call went.");
    }
    if (e.until <= t.now || e.until > t.now + std::chrono::days{31}) {
        return refuse(Code::next_action_missing, "Choose a time between now and a month from now.");
    }
    const Timestamp until = t.before_promise(e.until);
    Prompt& prompt = *t.c.prompt;
    prompt.due_at = until;
    prompt.alert_at = until;
    prompt.acknowledged_at = t.now;
    prompt.lease.reset();
    t.begin_ladder();
    t.become(CallDue{}, ActionKind::call, until, until);
    t.note("snoozed", "");
    return {};
}

namespace {

void lost_phone(Turn& t) {
    auto& addresses = t.c.contact.addresses;
    const auto find_phone = [&] {
        return std::ranges::find(addresses, AddressKind::phone, &Address::kind);
    };
    if (const auto dialled = find_phone(); dialled != addresses.end()) {
        const Address lost = *dialled;
        const auto phone = read_phone(lost.value, "");
        std::erase_if(addresses, [&](const Address& known) {  // other spellings are the same line
            return known == lost ||
                   (known.kind == AddressKind::phone && phone &&
                    std::ranges::find(phone->aliases, known.value) != phone->aliases.end());
        });
    }
    t.note("bad_number", "");
    if (addresses.empty()) {
        t.close(CloseReason::no_reachable_address);
    } else if (find_phone() != addresses.end()) {
        t.tell(t.c.contact.owner,
               "That number of " + t.name() + " does not work. The next call goes to the other.");
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

// One for a later date stands, whoever was tried to be reached before.
void forget_kept_promise(Turn& t) {
    if (!t.promised_later()) {
        t.outreach().promise.reset();
    }
}

enum class Meanwhile { nothing, they_wrote_or_called };

void try_later(Turn& t, const Disposition& d, Meanwhile meanwhile) {
    if (meanwhile == Meanwhile::they_wrote_or_called) {
        t.call_once_more();
    } else if (t.promised_later() && (!d.next_at || *d.next_at >= t.outreach().promise->at)) {
        await_promise(t);
    } else {
        t.next_try(d.next_at);
    }
}

void nobody_reached(Turn& t, const Disposition& d, Meanwhile meanwhile) {
    Outreach& o = t.outreach();
    ++o.attempt;
    forget_kept_promise(t);
    t.note("attempt", std::to_string(o.attempt) + " " + std::string{to_string(d.reached)});
    if (d.reached == Reached::bad_number) {
        lost_phone(t);
        if (!t.live()) {
            return;
        }
    } else if (d.leave_message && d.reached != Reached::someone_else &&
               meanwhile == Meanwhile::nothing && !t.promised_later()) {
        if (t.ask_to_call_back()) {
            t.note("call_me_back_queued", "");
        }
    }
    try_later(t, d, meanwhile);
}

void talked(Turn& t, const Disposition& d, Meanwhile meanwhile) {
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
            forget_kept_promise(t);
            try_later(t, d, meanwhile);
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

}  // namespace

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
    const bool not_talked_about =
        e.disposition.reached != Reached::human || e.disposition.said == Said::busy_now;
    const auto meanwhile = not_talked_about && t.news_since_dialled()
                               ? Meanwhile::they_wrote_or_called
                               : Meanwhile::nothing;
    if (meanwhile == Meanwhile::nothing) {
        t.close_prompt();
    }
    if (!e.disposition.topic.empty()) {
        t.c.contact.topic = cut(e.disposition.topic, topic_bytes_max);
    }
    if (e.disposition.reached == Reached::human) {
        t.note("talked", std::string{to_string(*e.disposition.said)});
        talked(t, e.disposition, meanwhile);
    } else {
        nobody_reached(t, e.disposition, meanwhile);
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
        if (t.in<CallDue>() != nullptr) {  // else whoever is talking has it until they are done
            t.c.prompt->lease.reset();
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

}  // namespace warmcall::core
