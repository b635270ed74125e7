// What follows from what becomes of a message: receipts, answers to a send, refusals of the gate.

#include <algorithm>
#include <utility>

#include "core/disposition.hpp"
#include "core/speech.hpp"
#include "core/turn.hpp"

namespace warmcall::core {

using Code = Refusal::Code;

namespace {

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
        opted_out_at_provider(t, m.channel, "The provider says they do not want such messages.",
                              std::min(failure.at, t.now));
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
    if (m.kind == MessageKind::conversation) {
        t.tell(t.c.contact.owner, "Your text to " + t.name() + " did not arrive.");
    }
    if (m.kind == MessageKind::wellbeing && t.of_this_round(m)) {
        t.way_failed(failure_sentence(t, failure));
    }
}

// What the frequency caps count from; nothing for kinds that have none.
std::optional<Timestamp>* last_of(Turn& t, MessageKind kind) {
    switch (kind) {
        case MessageKind::wellbeing:
            return &t.c.contact.last_wellbeing_at;
        case MessageKind::call_me_back:
            return &t.c.contact.last_call_me_back_at;
        case MessageKind::conversation:
        case MessageKind::stop_confirmation:
            break;
    }
    return nullptr;
}

// They count from when a text left, by the earliest word of it: a receipt that comes days later
// moves nothing.
void went_out(Turn& t, const Message& m) {
    std::optional<Timestamp>* const last = last_of(t, m.kind);
    if (last == nullptr) {
        return;
    }
    const Facts& f = m.facts;
    Timestamp at = t.now;
    for (const auto& known : {f.accepted, f.sent, f.delivered, f.read}) {
        at = std::min(at, known.value_or(at));
    }
    if (!f.accepted && !f.sent && !f.delivered && !f.read) {  // else that may be of an earlier send
        at = std::min(at, f.unknown.value_or(at));
    }
    *last = std::max(last->value_or(at), at);
}

// What nobody knew the end of has not left, as it turns out: it may go as if it had never tried.
void never_went_out(Turn& t, const Message& m) {
    std::optional<Timestamp>* const last = last_of(t, m.kind);
    if (last != nullptr && *last == m.facts.unknown) {
        last->reset();
    }
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
    const bool on_its_way = m.state == MessageState::claimed || m.state == MessageState::unknown;
    // Queued again because it was thought not to have left: it had.
    const bool had_left = m.state == MessageState::queued && went;
    if ((on_its_way && (went || m.facts.failed)) || had_left) {
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

}  // namespace

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

namespace {

// The provider has definitely not taken it: the same message may go again.
void again(Turn& t, Message& m, Timestamp at) {
    if (at > m.not_after) {
        m.state = MessageState::cancelled;
        t.note("too_late", std::string{to_string(m.kind)});
        if (m.kind == MessageKind::conversation) {
            t.tell(t.c.contact.owner, "Your text to " + t.name() + " did not go out in time.");
        }
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
    if (m.kind == MessageKind::stop_confirmation || m.kind == MessageKind::conversation) {
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

void cannot_tell(Turn& t, Message& m) {
    m.facts.unknown = m.facts.unknown.value_or(t.now);
    m.state = MessageState::unknown;  // never sent again by itself
    t.note("unknown", std::string{to_string(m.kind)});
    if (m.kind == MessageKind::conversation) {
        t.tell(t.c.contact.owner,
               "Nobody can tell whether your text to " + t.name() + " went out.");
    }
    went_out(t, m);
    if (t.in<Warming>() != nullptr && &m == t.wellbeing()) {
        t.warm_until();
    }
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

}  // namespace

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
            if (m->state == MessageState::unknown) {
                never_went_out(t, *m);
            }
            if (still_wanted(t, *m)) {
                again(t, *m, e.again_at.value_or(t.now + std::chrono::minutes{1}));
            } else {
                m->state = MessageState::cancelled;
            }
            break;
        case SendSettled::How::unknown:
            cannot_tell(t, *m);
            break;
    }
    return {};
}

// Somebody who had a later date at the time of the backup has still got it, as far as anybody can
// tell; with everybody else a round may have begun since, and its text have left.
Refused on(Turn& t, const PutBack& e) {
    if (!t.live()) {
        return {};
    }
    const auto may_have_left = [&e](std::optional<Timestamp>& last) {
        last = std::max(last.value_or(e.unknown_until), e.unknown_until);
    };
    const bool has_a_later_date =
        (t.in<Planned>() != nullptr || t.in<Waiting>() != nullptr || t.in<Held>() != nullptr) &&
        t.outreach().wake_at > e.unknown_until;
    if (!has_a_later_date) {
        may_have_left(t.c.contact.last_wellbeing_at);
    }
    may_have_left(t.c.contact.last_call_me_back_at);
    t.note("put_back", "");
    return {};
}

namespace {

// A text of somebody else's came first, the rep's from the phone's own app: then that is answered
// or not.
void not_that_way(Turn& t, const Verdict& verdict) {
    const auto asked = t.c.contact.last_wellbeing_at;
    const bool came_first = verdict.code == GateCode::frequency && asked &&
                            asked != t.plan.unknown_until && !t.outreach().promise;
    if (came_first) {
        t.warm_by_rep(*asked);
    } else {
        t.way_failed(verdict.sentence,
                     verdict.other_route ? Turn::OtherWay::may_do : Turn::OtherWay::would_not_do);
    }
}

}  // namespace

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
        not_that_way(t, e.verdict);
    }
    return {};
}

Refused on(Turn& t, const PerhapsLeft& e) {
    Message* m = t.find(e.message);
    if (m != nullptr && m->state == MessageState::queued) {
        cannot_tell(t, *m);
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
    if (t.switched_off()) {
        return refuse(Code::gate, "They switched off messages at the provider.");
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
    t.warm_until();
    t.note("sent_again", "the rep asked for it");
    return {};
}

}  // namespace warmcall::core
