// What follows from what the contact does: they reply, call, ask us to stop, change their number.

#include <algorithm>
#include <utility>

#include "core/disposition.hpp"
#include "core/speech.hpp"
#include "core/turn.hpp"

namespace warmcall::core {

using Code = Refusal::Code;

namespace {

void open_window(Turn& t, const ChannelId& channel, Timestamp at) {
    const auto known = std::ranges::find(t.plan.channels, channel, &Channel::id);
    if (known == t.plan.channels.end() || known->medium != Medium::whatsapp) {
        return;
    }
    t.c.contact.whatsapp_unreachable_at.reset();  // whatever was thought before: here they are
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

void said_stop(Turn& t, std::string reason) {
    if (all_suppressed(t.c.contact) && !t.live()) {
        return;
    }
    t.stop_all(std::move(reason));
    t.tell(t.c.contact.owner, t.name() + " asked to stop. Nothing more will be sent.");
}

void stopped(Turn& t, const Replied& e) {
    const bool first = !all_suppressed(t.c.contact) && t.live();
    if (first && !e.confirmed_stop) {  // one confirmation at most, whoever gives it
        confirm_stop(t, e);
    }
    said_stop(t, "They wrote that they do not want messages.");
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
    if (until > t.now + std::chrono::days{14}) {  // a machine's word should not cost months unseen
        const auto weeks = std::chrono::round<std::chrono::weeks>(until - t.now).count();
        t.tell(t.c.contact.owner, "An automatic reply says that " + t.name() + " is away for " +
                                      std::to_string(weeks) + " weeks. The call waits until then.");
    }
}

}  // namespace

bool rep_is_talking(const Turn& t) {
    return t.in<OnCall>() != nullptr || t.in<WrapUp>() != nullptr;
}

namespace {

// The call goes on, and what they say meanwhile comes after it.
void while_talking(Turn& t) {
    const bool told = t.news_since_dialled();
    t.outreach().replied_at = t.now;
    if (!told) {
        t.tell_who_called();
    }
}

void person_answered(Turn& t, const Replied& e) {
    t.note("replied", "");
    if (rep_is_talking(t)) {
        while_talking(t);
        t.add_words(e.words);
        return;
    }
    t.outreach().replied_at = t.now;
    if (const auto* held = t.in<Held>();
        held != nullptr && held->reason == HoldReason::perhaps_stop) {
        t.add_words(e.words);  // the question stands until the rep answers it
        return;
    }
    t.cancel_automatic("they answered");
    const Timestamp due = t.call_moment(t.now);
    const bool claimed = t.c.prompt && t.c.prompt->lease && t.now < t.c.prompt->lease->until;
    t.news(PromptKind::replied, t.name() + " replied. Call now.", due,
           claimed ? t.plan.policy.prompt_lease : t.plan.policy.debounce);
    t.add_words(e.words);
}

}  // namespace

Refused on(Turn& t, const Replied& e) {
    const Timestamp at = std::min(e.at, t.now);  // a provider's clock may run ahead of ours
    open_window(t, e.channel, at);
    t.effects.emplace_back(KeepWords{at, e.channel, e.kind, cut(e.words, words_bytes_max)});
    const bool written = e.kind == ReplyKind::text || e.kind == ReplyKind::button;
    const Reading reading = e.reading ? *e.reading
                            : written ? read_reply(t.plan.replies, e.words, at)
                                      : Reading{};
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
        while_talking(t);
        if (t.c.prompt) {
            t.c.prompt->kind = std::max(t.c.prompt->kind, PromptKind::they_called);
        }
        return {};
    }
    if (const auto* held = t.in<Held>();
        held != nullptr && held->reason == HoldReason::perhaps_stop) {
        t.tell(t.c.contact.owner, t.name() + " called.");
        return {};
    }
    t.outreach().replied_at = t.now;
    t.news(PromptKind::they_called, t.name() + " called you. Call back now.",
           rep_hours(t, t.c.contact.owner, t.now), Duration{});
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
        t.warm_by_rep(at);
    }
    return {};
}

namespace {

bool on_channel(const Suppression& s, const ChannelId& channel) {
    return s.scope == SuppressionScope::channel && s.channel == channel;
}

}  // namespace

void opted_out_at_provider(Turn& t, const ChannelId& channel, std::string reason, Timestamp at) {
    const auto known = std::ranges::find(t.plan.channels, channel, &Channel::id);
    if (known != t.plan.channels.end() && known->medium == Medium::sms) {
        said_stop(t, std::move(reason));  // there it is the carriers' STOP, which means everything
        return;
    }
    if (t.in<Planned>() != nullptr) {
        t.outreach().rerouted = true;  // this round has no message yet that it could be told by
    }
    auto& all = t.c.contact.suppressions;
    const auto before =
        std::ranges::find_if(all, [&](const Suppression& s) { return on_channel(s, channel); });
    if (before != all.end()) {
        before->at = std::max(before->at, at);
        return;
    }
    all.push_back({.scope = SuppressionScope::channel,
                   .channel = channel,
                   .reason = std::move(reason),
                   .at = at});
}

Refused on(Turn& t, const MarketingPreference& e) {
    const Timestamp at = e.at == Timestamp{} ? t.now : std::min(e.at, t.now);
    if (e.choice == MarketingPreference::Choice::resume) {
        const auto undone = [&](const Suppression& s) {  // what they said later stands
            return on_channel(s, e.channel) && s.at <= at;
        };
        if (std::erase_if(t.c.contact.suppressions, undone) > 0) {
            t.note("marketing_resumed", e.channel.value);
        }
        return {};
    }
    opted_out_at_provider(t, e.channel, "They switched off messages at the provider.", at);
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

}  // namespace warmcall::core
