#include "core/turn.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "core/speech.hpp"

namespace warmcall::core {

bool live(const Outreach& outreach) {
    return !std::holds_alternative<Closed>(outreach.phase);
}

const Message* message_in(const Case& c, MessageId id) {
    const auto at = std::ranges::find(c.messages, id, &Message::id);
    return at == c.messages.end() ? nullptr : &*at;
}

const Cadence& Turn::cadence() const {
    static const Cadence plain{
        .ladder = {{std::chrono::hours{4}, DayPart::any}, {std::chrono::days{1}, DayPart::any}}};
    const auto at = c.outreach ? plan.cadences.find(c.outreach->cadence) : plan.cadences.end();
    return at == plan.cadences.end() || at->second.ladder.empty() ? plain : at->second;
}

std::string Turn::name() const {
    return first_name(c.contact.name);
}

Message* Turn::find(MessageId id) {
    const auto at = std::ranges::find(c.messages, id, &Message::id);
    return at == c.messages.end() ? nullptr : &*at;
}

bool Turn::of_this_round(const Message& m) const {
    return live() && m.outreach == c.outreach->id && m.round == c.outreach->round;
}

Message* Turn::wellbeing() {
    Message* last = nullptr;
    for (Message& m : c.messages) {
        if (m.kind == MessageKind::wellbeing && of_this_round(m)) {
            last = &m;
        }
    }
    return last;
}

ChannelId Turn::failed_way() const {
    ChannelId failed;
    for (const Message& m : c.messages) {
        if (m.kind == MessageKind::wellbeing && of_this_round(m) && m.facts.failed) {
            failed = m.channel;
        }
    }
    return failed;
}

bool Turn::switched_off() const {
    std::optional<Timestamp> began;
    if (c.outreach && c.outreach->round == 1) {
        began = c.outreach->enrolled_at;
    }
    for (const Message& m : c.messages) {
        if (of_this_round(m) && m.facts.queued) {
            began = std::min(began.value_or(*m.facts.queued), *m.facts.queued);
        }
    }
    return std::ranges::any_of(c.contact.suppressions, [&](const Suppression& s) {
        return s.scope == SuppressionScope::channel &&
               (began ? s.at >= *began : c.outreach && c.outreach->rerouted);
    });
}

std::optional<Timestamp> Turn::arrived_at() const {
    std::optional<Timestamp> first;
    for (const Message& m : c.messages) {
        if (m.kind == MessageKind::wellbeing && of_this_round(m)) {
            for (const auto& at : {m.facts.delivered, m.facts.read}) {
                first = at ? std::min(first.value_or(*at), *at) : first;
            }
        }
    }
    return first;
}

Timestamp Turn::call_moment(Timestamp from) const {
    const Rep* rep = plan.rep_for(c.contact.owner);
    const auto ours = [&](Timestamp at) {
        return rep == nullptr ? at : next_open(rep->hours, {}, {rep->zone}, at).value_or(at);
    };
    Timestamp at = ours(from);
    for (int i = 0; i < 20; ++i) {
        const Timestamp theirs = next_decent(plan.calendar, c.contact, at).value_or(at);
        const Timestamp both = ours(theirs);
        if (both == at) {
            return at;
        }
        at = both;
    }
    return ours(from);  // two sets of hours that never meet: the rep's own count
}

void Turn::note(std::string what, std::string text) {
    effects.emplace_back(Noted{std::move(what), std::move(text)});
}

void Turn::tell(const RepId& rep, std::string text) {
    const Rep* known = plan.rep_for(rep);
    effects.emplace_back(
        TellRep{known == nullptr ? rep : known->id, TellRep::What::notice, std::move(text)});
}

void Turn::become(Phase phase, ActionKind kind, Timestamp due_at, Timestamp wake_at) {
    outreach().phase = std::move(phase);
    outreach().next = {kind, c.contact.owner, due_at};
    outreach().wake_at = wake_at;
}

namespace {

bool cancel(std::vector<Message>& messages, std::initializer_list<MessageKind> kinds) {
    bool any = false;
    for (Message& m : messages) {
        if (m.state == MessageState::queued && std::ranges::find(kinds, m.kind) != kinds.end()) {
            m.state = MessageState::cancelled;
            any = true;
        }
    }
    return any;
}

}  // namespace

void Turn::cancel_automatic(std::string reason) {
    if (cancel(c.messages, {MessageKind::wellbeing, MessageKind::call_me_back})) {
        note("cancelled", std::move(reason));
    }
}

void Turn::cancel_queued(std::string reason) {
    if (cancel(c.messages,
               {MessageKind::wellbeing, MessageKind::call_me_back, MessageKind::conversation})) {
        note("cancelled", std::move(reason));
    }
}

// A round may be planned anew after one of its texts was sent or failed: what may be on the wire
// keeps its step.
int Turn::free_step(int step) const {
    const auto held = [&](int wanted) {
        return std::ranges::any_of(c.messages, [&](const Message& m) {
            return of_this_round(m) && m.step == wanted && m.state != MessageState::cancelled;
        });
    };
    while (held(step)) {
        ++step;
    }
    return step;
}

bool Turn::queue(MessageKind kind, int step, const ChannelId& except) {
    if (kind != MessageKind::conversation && switched_off()) {
        return false;
    }
    const Route way = route(plan, c, kind, now, except);
    if (!way.verdict.go()) {
        return false;
    }
    Message message{.contact = c.contact.id,
                    .outreach = outreach().id,
                    .round = outreach().round,
                    .step = free_step(step),
                    .kind = kind,
                    .channel = way.channel,
                    .to = way.to,
                    .template_name = way.template_name,
                    .language = way.language,
                    .not_before = now,
                    .not_after = now + cadence().useful_life};
    message.facts.queued = now;
    c.messages.push_back(std::move(message));
    return true;
}

bool Turn::promised_later() const {
    return c.outreach && c.outreach->promise && now < c.outreach->promise->at;
}

Timestamp Turn::before_promise(Timestamp at) const {
    return promised_later() ? std::min(at, c.outreach->promise->at) : at;
}

void Turn::call_due(PromptKind kind, std::string reason, Timestamp due_at, Duration quiet_for) {
    due_at = before_promise(due_at);
    if (!c.prompt) {
        c.prompt = Prompt{.contact = c.contact.id,
                          .outreach = outreach().id,
                          .rep = c.contact.owner,
                          .kind = kind,
                          .reason = std::move(reason),
                          .raised_at = now,
                          .due_at = due_at,
                          .alert_at = std::max(due_at, now + quiet_for)};
    } else if (kind > c.prompt->kind) {  // the same prompt rises; never a second one
        c.prompt->kind = kind;
        c.prompt->reason = std::move(reason);
        c.prompt->due_at = std::min(c.prompt->due_at, due_at);
        c.prompt->acknowledged_at.reset();
        c.prompt->alert_at = std::max(due_at, now + quiet_for);
        begin_ladder();
    }
    become(CallDue{}, ActionKind::call, c.prompt->due_at,
           c.prompt->alert_at.value_or(c.prompt->due_at));
}

void Turn::news(PromptKind kind, std::string reason, Timestamp due_at, Duration quiet_for) {
    if (c.prompt && kind <= c.prompt->kind) {
        const Prompt& p = *c.prompt;
        const bool in_hand = p.lease && now < p.lease->until;
        const bool rests =
            p.acknowledged_at || (p.alert_at && *p.alert_at > now + plan.policy.ladder_gap);
        if (rests && !in_hand) {
            ring_again(due_at, quiet_for);
            return;
        }
    }
    call_due(kind, std::move(reason), due_at, quiet_for);
}

bool Turn::news_since_dialled() const {
    const bool talking = in<OnCall>() != nullptr || in<WrapUp>() != nullptr;
    return talking && c.prompt && c.prompt->acknowledged_at && c.outreach->replied_at &&
           *c.outreach->replied_at >= *c.prompt->acknowledged_at;
}

void Turn::tell_who_called() {
    if (const auto* off_the_phone = in<WrapUp>()) {
        tell(off_the_phone->by, name() + " called or wrote since you called. How did it go?");
    }
}

void Turn::ring_again(Timestamp due_at, Duration quiet_for) {
    Prompt& prompt = *c.prompt;
    prompt.due_at = before_promise(due_at);
    prompt.acknowledged_at.reset();
    prompt.alert_at = std::max(prompt.due_at, now + quiet_for);
    begin_ladder();
    become(CallDue{}, ActionKind::call, prompt.due_at, *prompt.alert_at);
}

void Turn::call_once_more() {
    Prompt& prompt = *c.prompt;
    prompt.kind = std::max(prompt.kind, PromptKind::replied);
    prompt.reason = name() + (prompt.kind == PromptKind::they_called ? " called you. Call back now."
                                                                     : " replied. Call now.");
    prompt.raised_at = now;
    prompt.lease.reset();
    prompt.line.reset();
    ring_again(call_moment(now));
}

void Turn::begin_ladder() {
    c.prompt->ladder_step =
        (c.prompt->ladder_step + ladder_steps - 1) / ladder_steps * ladder_steps;
}

void Turn::add_words(std::string_view words) {
    if (!c.prompt || words.empty()) {
        return;
    }
    std::string& all = c.prompt->words;
    if (!all.empty()) {
        all += '\n';
    }
    all += words;
    if (all.size() > words_bytes_max) {  // the newest matter most
        std::size_t from = all.size() - words_bytes_max;
        while (from < all.size() && (static_cast<unsigned char>(all[from]) & 0xC0U) == 0x80U) {
            ++from;
        }
        all.erase(0, from);
    }
}

void Turn::close_prompt() {
    if (c.prompt) {
        c.prompt->open = false;
        c.prompt->alert_at.reset();
        c.prompt->lease.reset();
    }
}

void Turn::close(CloseReason reason) {
    cancel_queued(std::string{"closed: "} + std::string{to_string(reason)});
    close_prompt();
    outreach().promise.reset();
    outreach().phase = Closed{reason, now};
    note("closed", std::string{to_string(reason)});
}

void Turn::stop_all(std::string reason) {
    if (std::ranges::find(c.contact.suppressions, SuppressionScope::all, &Suppression::scope) ==
        c.contact.suppressions.end()) {
        c.contact.suppressions.push_back(
            {.scope = SuppressionScope::all, .reason = reason, .at = now});
        note("opted_out", std::move(reason));
    }
    if (live()) {
        close(CloseReason::opted_out);
    }
}

void Turn::open_unasked() {
    c.outreach = Outreach{
        .contact = c.contact.id,
        .cadence = plan.cadences.empty() ? std::string{"gentle"} : plan.cadences.begin()->first,
        .enrolled_at = now};
    become(Planned{}, ActionKind::send, now, now);
}

void Turn::plan_round(Timestamp from) {
    const auto at = next_decent(plan.calendar, c.contact, from);
    become(Planned{}, ActionKind::send, at.value_or(from), at.value_or(from));
}

void Turn::warm_until() {
    const Message* m = wellbeing();
    Timestamp until = now + cadence().lead_time_without_receipt;
    if (const auto arrived = arrived_at()) {
        until = std::min(*arrived, now) +
                cadence().lead_time;  // a provider's clock may run ahead of ours
    } else if (m != nullptr) {
        const Facts& f = m->facts;
        if (f.accepted || f.sent) {
            until = std::min(f.accepted.value_or(f.sent.value_or(now)), now) +
                    cadence().lead_time_without_receipt;
        } else if (f.unknown) {
            until = *f.unknown + plan.policy.unknown_wait;
        } else {
            until = m->not_after + std::chrono::milliseconds{1};
        }
    }
    if (outreach().promise) {
        until = outreach().promise->at;
    }
    become(Warming{}, ActionKind::wait_then_call, until, until);
}

void Turn::warm_by_rep(Timestamp wrote_at) {
    const Timestamp until = wrote_at + cadence().lead_time;
    become(Warming{}, ActionKind::wait_then_call, until, until);
}

void Turn::way_failed(std::string sentence, OtherWay other) {
    if (in<Warming>() == nullptr) {
        return;
    }
    if (arrived_at()) {  // the other way did reach them
        warm_until();
        return;
    }
    if (other == OtherWay::may_do && !outreach().rerouted) {
        outreach().rerouted = true;
        const auto last =
            std::exchange(c.contact.last_wellbeing_at, std::nullopt);  // that one reached nobody
        if (queue(MessageKind::wellbeing, step_second_route,
                  wellbeing() == nullptr ? ChannelId{} : wellbeing()->channel)) {
            note("rerouted", sentence);
            warm_until();
            return;
        }
        c.contact.last_wellbeing_at = last;
    }
    note("undelivered", sentence);
    if (outreach().promise) {  // the call they were promised comes at its time, with a text before
                               // it or without
        warm_until();
        return;
    }
    const bool tried = std::ranges::any_of(c.messages, [this](const Message& m) {
        return m.kind == MessageKind::wellbeing && of_this_round(m) &&
               (m.facts.failed || m.facts.accepted);
    });
    call_due(tried ? PromptKind::undelivered : PromptKind::no_warmup,
             sentence + " Call " + name() + " anyway.", call_moment(now));
}

namespace {

// The first moment at or after `from` in that part of the contact's day.
Timestamp at_part(Timestamp from, DayPart part, const Contact& contact, const Plan& plan) {
    const Rep* rep = plan.rep_for(contact.owner);
    const std::string zone = !contact.zones.empty() ? contact.zones.front()
                             : rep == nullptr       ? "UTC"
                                                    : rep->zone;
    if (part == DayPart::any || !known_zone(zone)) {
        return from;
    }
    const auto [begin, end] = part == DayPart::morning     ? std::pair{9 * 60, 12 * 60}
                              : part == DayPart::afternoon ? std::pair{13 * 60, 17 * 60}
                                                           : std::pair{17 * 60, 20 * 60};
    const LocalTime there = local(from, zone);
    if (there.minutes >= begin && there.minutes < end) {
        return from;
    }
    const std::chrono::sys_days day{there.day};
    const std::chrono::year_month_day then =
        there.minutes < begin ? there.day : std::chrono::year_month_day{day + std::chrono::days{1}};
    return std::max(from, instant(then, DayTime{begin}, zone));
}

}  // namespace

void Turn::next_try(std::optional<Timestamp> at) {
    if (!at) {
        const auto& ladder = cadence().ladder;
        const auto rung = ladder.at(std::min(
            static_cast<std::size_t>(std::max(outreach().attempt - 1, 0)), ladder.size() - 1));
        at = call_moment(at_part(now + rung.after, rung.part, c.contact, plan));
    }
    become(Waiting{}, ActionKind::call, *at, *at);
}

bool Turn::ask_to_call_back() {
    const auto before = std::ranges::count_if(c.messages, [this](const Message& m) {
        return m.kind == MessageKind::call_me_back && of_this_round(m);
    });
    return before < step_again - step_call_me_back &&
           queue(MessageKind::call_me_back, step_call_me_back + static_cast<int>(before));
}

}  // namespace warmcall::core
