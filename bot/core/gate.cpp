#include "core/gate.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/speech.hpp"

namespace warmcall::core {

bool window_open(const Plan& plan, const Contact& contact, const ChannelId& channel,
                 Timestamp now) {
    return std::ranges::any_of(contact.windows, [&](const Window& w) {
        return w.channel == channel && now + plan.policy.window_margin < w.until;
    });
}

namespace {

Verdict never(GateCode code, std::string sentence) {
    return {.code = code, .sentence = std::move(sentence)};
}

Verdict later(GateCode code, std::string sentence, Timestamp at) {
    return {.code = code, .sentence = std::move(sentence), .again_at = at};
}

Verdict elsewhere(GateCode code, std::string sentence) {
    return {.code = code, .sentence = std::move(sentence), .other_route = true};
}

const Channel* find_channel(const Plan& plan, const ChannelId& id) {
    const auto at = std::ranges::find(plan.channels, id, &Channel::id);
    return at == plan.channels.end() ? nullptr : &*at;
}

// What counts as business-initiated marketing: everything we write unasked. A text typed by the
// rep, or one inside the 24-hour window, is service.
Category category_of(const Plan& plan, const Message& message) {
    if (message.template_name.empty()) {
        return Category::service;
    }
    const Template* t = plan.templates.find(message.template_name, message.language);
    return t == nullptr ? Category::marketing : plan.templates.category_of(*t);
}

bool suppressed(const Contact& contact, const Message& message, Medium medium, Category category) {
    return std::ranges::any_of(contact.suppressions, [&](const Suppression& s) {
        switch (s.scope) {
            case SuppressionScope::all:
                return true;
            case SuppressionScope::channel:
                return s.channel == message.channel &&
                       (category == Category::marketing || medium == Medium::sms);
            case SuppressionScope::address:
                return s.address == message.to;
        }
        return true;
    });
}

bool automatic(MessageKind kind) {
    return kind == MessageKind::wellbeing || kind == MessageKind::call_me_back;
}

std::string_view way_of(Medium medium) {
    return medium == Medium::whatsapp ? "whatsapp" : "sms";
}

// "WhatsApp", "SMS", or the name the channel has here.
std::string spoken(const std::string& way) {
    return way == "whatsapp" ? "WhatsApp" : way == "sms" ? "SMS" : way;
}

Verdict consent_verdict(const Contact& contact, const Channel& channel) {
    if (!contact.consent) {
        return never(GateCode::no_consent, "There is no record that they agreed to be written to.");
    }
    const std::vector<std::string>& covers = contact.consent->covers;
    const bool covered = covers.empty() || std::ranges::any_of(covers, [&](const auto& way) {
                             return way == way_of(channel.medium) || way == channel.id.value;
                         });
    if (covered) {
        return {};
    }
    std::string agreed;
    for (const std::string& way : covers) {
        agreed += (agreed.empty() ? "" : ", ") + spoken(way);
    }
    return elsewhere(GateCode::not_agreed, "They agreed to " + agreed + ", not to " +
                                               spoken(std::string{way_of(channel.medium)}) +
                                               " over " + channel.id.value + ".");
}

Verdict template_verdict(const Plan& plan, const Message& message, Medium medium) {
    const Template* t = plan.templates.find(message.template_name, message.language);
    if (t == nullptr) {
        return never(GateCode::template_missing,
                     "There is no text \"" + message.template_name + "\" to send.");
    }
    if (medium != Medium::whatsapp) {  // there alone texts are judged
        return {};
    }
    switch (plan.templates.status_of(*t)) {
        case TemplateStatus::unknown:
        case TemplateStatus::approved:
            return {};
        case TemplateStatus::pending:
            return elsewhere(GateCode::template_not_approved,
                             "The provider has not approved the text yet.");
        case TemplateStatus::paused:
            return elsewhere(GateCode::template_not_approved, "The provider has paused the text.");
        case TemplateStatus::rejected:
        case TemplateStatus::disabled:
            return elsewhere(GateCode::template_not_approved,
                             "The provider does not let this text through.");
    }
    return {};
}

std::string written(std::chrono::year_month_day day) {
    const auto two = [](unsigned n) { return (n < 10 ? "-0" : "-") + std::to_string(n); };
    return std::to_string(static_cast<int>(day.year())) + two(static_cast<unsigned>(day.month())) +
           two(static_cast<unsigned>(day.day()));
}

Verdict country_verdict(const Plan& plan, const Contact& contact, Medium medium, Category category,
                        Timestamp now) {
    for (const Ban& ban : plan.calendar.rules(contact.region).bans) {
        const bool over = ban.until && now >= std::chrono::sys_days{*ban.until};
        if (ban.medium == medium && ban.category == category && !over &&
            now >= std::chrono::sys_days{ban.since}) {
            return elsewhere(GateCode::country_rule,
                             ban.because + " (since " + written(ban.since) + ").");
        }
    }
    return {};
}

Verdict hours_verdict(const Plan& plan, const Contact& contact, Timestamp now) {
    if (decent(plan.calendar, contact, now)) {
        return {};
    }
    const auto at = next_decent(plan.calendar, contact, now);
    if (!at) {
        return never(GateCode::quiet_hours,
                     "We do not know what time it is where " + first_name(contact.name) + " is.");
    }
    return later(GateCode::quiet_hours,
                 "It is not a decent hour where " + first_name(contact.name) + " is.", *at);
}

// Was their last text lost with what a backup did not hold? So it may be with whoever the backup
// knew to be under way, and with whoever was enrolled since: perhaps not for the first time.
bool not_known(const Plan& plan, const Case& subject) {
    return plan.unknown_until &&
           (subject.contact.last_wellbeing_at == plan.unknown_until ||
            (subject.outreach && subject.outreach->enrolled_at >= *plan.unknown_until));
}

Verdict frequency_verdict(const Plan& plan, const Case& subject, const Message& message,
                          Timestamp now) {
    const Contact& contact = subject.contact;
    const MessageKind kind = message.kind;
    const bool another_leaving =
        automatic(kind) && std::ranges::any_of(subject.messages, [&](const Message& m) {
            return m.kind == kind && m.id != message.id &&
                   (m.state == MessageState::claimed || m.state == MessageState::queued);
        });
    if (another_leaving) {
        return never(GateCode::frequency, "The same text is already on its way.");
    }
    const auto too_soon = [now](const std::optional<Timestamp>& last, Duration gap) {
        return last && now < *last + gap;
    };
    if (kind == MessageKind::wellbeing && not_known(plan, subject) &&
        too_soon(plan.unknown_until, plan.policy.wellbeing_gap)) {
        return never(
            GateCode::frequency,
            "A backup was put back, so we cannot tell whether they were asked how they are "
            "less than a week ago.");
    }
    if (kind == MessageKind::wellbeing &&
        too_soon(contact.last_wellbeing_at, plan.policy.wellbeing_gap)) {
        return never(GateCode::frequency, "They were asked how they are less than a week ago.");
    }
    if (kind == MessageKind::call_me_back &&
        too_soon(contact.last_call_me_back_at, plan.policy.call_me_back_gap)) {
        return never(GateCode::frequency, "They were asked to call back in the last 24 hours.");
    }
    return {};
}

// The confirmation of a STOP is the one text that may follow it: once, at once, inside the window
// their own word opened.
Verdict confirmation_verdict(const Plan& plan, const Case& subject, const Message& message,
                             const Channel& channel, Timestamp now) {
    if (message.to.value.empty()) {
        return never(GateCode::suppressed, "They were erased.");
    }
    if (channel.medium == Medium::whatsapp &&
        !window_open(plan, subject.contact, message.channel, now)) {
        return never(GateCode::window_closed, "The 24-hour window is closed.");
    }
    return {};
}

Verdict outreach_verdict(const Case& subject, const Message& message) {
    if (!subject.outreach || (message.outreach && message.outreach != subject.outreach->id)) {
        return never(GateCode::not_live, "This outreach has ended.");
    }
    if (const auto* held = std::get_if<Held>(&subject.outreach->phase)) {
        if (held->reason == HoldReason::perhaps_stop) {
            return never(GateCode::held,
                         "They may have asked to stop; answer that question first.");
        }
        if (message.kind != MessageKind::conversation) {
            return later(GateCode::held, "The outreach is on hold.", held->until);
        }
    }
    const auto& replied_at = subject.outreach->replied_at;
    const bool answered =
        replied_at && (message.kind == MessageKind::wellbeing ||
                       (message.facts.queued && *replied_at > *message.facts.queued));
    if (automatic(message.kind) && answered) {
        return never(GateCode::replied, "They have already answered.");
    }
    const bool planned_earlier =
        message.id && !std::holds_alternative<Warming>(subject.outreach->phase);
    if (message.kind == MessageKind::wellbeing && planned_earlier) {
        return never(GateCode::too_late, "The call came first.");
    }
    return {};
}

const Cadence& cadence_of(const Plan& plan, const Case& subject) {
    static const Cadence plain{};
    const auto at =
        subject.outreach ? plan.cadences.find(subject.outreach->cadence) : plan.cadences.end();
    return at == plan.cadences.end() ? plain : at->second;
}

// What is only busy is waited for, unless that takes longer than the text is worth sending.
Verdict channel_verdict(const Plan& plan, const Case& subject, const Message& message,
                        const Channel& channel, Timestamp now) {
    if (!channel.working) {
        Verdict v = later(GateCode::channel_down, "The provider is not taking messages now.",
                          channel.back_at.value_or(now + std::chrono::minutes{10}));
        v.other_route = true;
        return v;
    }
    const bool planned_now = message.kind == MessageKind::wellbeing && !message.id;
    if (planned_now && channel.room_at) {
        Verdict v =
            later(GateCode::channel_full, "Many are being written to now; it is their turn soon.",
                  *channel.room_at);
        v.other_route = *channel.room_at > now + cadence_of(plan, subject).useful_life;
        return v;
    }
    return {};
}

}  // namespace

Verdict gate(const Plan& plan, const Case& subject, const Message& message, Timestamp now) {
    const Contact& contact = subject.contact;
    const Channel* channel = find_channel(plan, message.channel);
    if (message.state == MessageState::cancelled) {
        return never(GateCode::cancelled, "The message was cancelled.");
    }
    if (now > message.not_after) {
        return never(GateCode::too_late, "It was no longer fresh enough to send.");
    }
    if (now < message.not_before) {
        return later(GateCode::not_yet, "Its time has not come.", message.not_before);
    }
    if (channel == nullptr) {
        return elsewhere(GateCode::no_route, "There is no channel to send it on.");
    }
    if (message.kind == MessageKind::stop_confirmation) {
        return confirmation_verdict(plan, subject, message, *channel, now);
    }
    if (const Verdict v = outreach_verdict(subject, message); !v.go()) {
        return v;
    }
    const Category category = category_of(plan, message);
    if (suppressed(contact, message, channel->medium, category)) {
        return elsewhere(GateCode::suppressed, "They asked not to be written to.");
    }
    if (automatic(message.kind)) {
        if (const Verdict v = consent_verdict(contact, *channel); !v.go()) {
            return v;
        }
    }
    if (!message.template_name.empty()) {
        if (const Verdict v = template_verdict(plan, message, channel->medium); !v.go()) {
            return v;
        }
    } else if (channel->medium == Medium::whatsapp &&
               !window_open(plan, contact, message.channel, now)) {
        return elsewhere(
            GateCode::window_closed,
            "They have not written in the last 24 hours, so WhatsApp takes approved texts only.");
    }
    if (const Verdict v = country_verdict(plan, contact, channel->medium, category, now); !v.go()) {
        return v;
    }
    if (const Verdict v = frequency_verdict(plan, subject, message, now); !v.go()) {
        return v;
    }
    if (automatic(message.kind)) {
        if (const Verdict v = hours_verdict(plan, contact, now); !v.go()) {
            return v;
        }
    }
    return channel_verdict(plan, subject, message, *channel, now);
}

namespace {

const Address* find_kind(const Contact& contact, AddressKind kind) {
    const auto at = std::ranges::find(contact.addresses, kind, &Address::kind);
    return at == contact.addresses.end() ? nullptr : &*at;
}

const Address* address_for(const Plan& plan, const Contact& contact, Medium medium, Timestamp now) {
    if (medium == Medium::sms) {
        return find_kind(contact, AddressKind::phone);
    }
    if (contact.whatsapp_unreachable_at &&
        now < *contact.whatsapp_unreachable_at + plan.policy.whatsapp_recheck) {
        return nullptr;
    }
    for (const AddressKind kind :
         {AddressKind::phone, AddressKind::whatsapp, AddressKind::whatsapp_user}) {
        if (const Address* found = find_kind(contact, kind)) {
            return found;
        }
    }
    return nullptr;
}

Verdict no_address(const Contact& contact, const Channel& channel) {
    const bool known = channel.medium == Medium::whatsapp && !contact.addresses.empty();
    return elsewhere(GateCode::no_route, known ? "WhatsApp said that they are not on it."
                                               : "They have no number for it.");
}

std::string_view template_for(const Plan& plan, const Case& subject, MessageKind kind) {
    const Cadence& cadence = cadence_of(plan, subject);
    return kind == MessageKind::wellbeing ? cadence.wellbeing : cadence.call_me_back;
}

// "WhatsApp first", "sms", or a channel's own name: the first word of how they like to be reached.
bool asked_for(const Contact& contact, const Channel& channel) {
    const std::string& reach = contact.preferences.reach;
    const auto begins_with = [&](std::string_view word) {
        const auto same = [](char a, char b) {
            return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
        };
        return reach.size() >= word.size() &&
               std::equal(word.begin(), word.end(), reach.begin(),
                          [&](char b, char a) { return same(a, b); }) &&
               (reach.size() == word.size() || reach[word.size()] == ' ' ||
                reach[word.size()] == ',');
    };
    return begins_with(channel.id.value) ||
           begins_with(channel.medium == Medium::whatsapp ? "whatsapp" : "sms");
}

std::vector<const Channel*> in_order(const Plan& plan, const Contact& contact, Timestamp now) {
    std::vector<const Channel*> channels;
    for (const Channel& channel : plan.channels) {
        channels.push_back(&channel);
    }
    const auto rank = [&](const Channel* c) {
        return std::tuple{!asked_for(contact, *c), !window_open(plan, contact, c->id, now), c->cost,
                          c};  // they lie in one vector, in the order of the configuration
    };
    std::ranges::sort(channels, {}, rank);
    return channels;
}

}  // namespace

std::vector<Route> routes(const Plan& plan, const Case& subject, MessageKind kind, Timestamp now,
                          const ChannelId& except) {
    std::vector<Route> ways;
    for (const Channel* channel : in_order(plan, subject.contact, now)) {
        if (channel->id == except) {
            continue;
        }
        const Address* to = address_for(plan, subject.contact, channel->medium, now);
        if (to == nullptr) {
            ways.push_back(
                {.channel = channel->id, .verdict = no_address(subject.contact, *channel)});
            continue;
        }
        Message message{.contact = subject.contact.id,
                        .kind = kind,
                        .channel = channel->id,
                        .to = *to,
                        .language = subject.contact.language,
                        .not_before = now,
                        .not_after = now};
        // Inside the window a text is free and needs no approval; our own wording goes out either
        // way.
        if (automatic(kind)) {
            message.template_name = template_for(plan, subject, kind);
        }
        ways.push_back({channel->id, *to, message.template_name, message.language,
                        gate(plan, subject, message, now)});
    }
    return ways;
}

Route choose(const std::vector<Route>& ways) {
    Route best{.verdict = elsewhere(GateCode::no_route, "There is no channel that reaches them.")};
    for (const Route& way : ways) {
        const Verdict& verdict = way.verdict;
        if (verdict.go() || (verdict.code == GateCode::channel_full && !verdict.other_route)) {
            return way;
        }
        const bool sooner = verdict.again_at &&
                            (!best.verdict.again_at || *verdict.again_at < *best.verdict.again_at);
        if (verdict.code == GateCode::no_route) {
            if (best.channel.value.empty() && &way == &ways.front()) {
                best.verdict.sentence = verdict.sentence;
            }
            continue;
        }
        const bool first = best.channel.value.empty();
        if (first || sooner) {
            best = way;
        }
    }
    return best;
}

Route route(const Plan& plan, const Case& subject, MessageKind kind, Timestamp now,
            const ChannelId& except) {
    return choose(routes(plan, subject, kind, now, except));
}

std::vector<Route> preview(const Plan& plan, const Case& subject, Timestamp now) {
    if (subject.outreach || plan.cadences.empty()) {
        return routes(plan, subject, MessageKind::wellbeing, now);
    }
    Case enrolled = subject;
    enrolled.outreach = Outreach{
        .contact = subject.contact.id, .cadence = plan.cadences.begin()->first, .enrolled_at = now};
    return routes(plan, enrolled, MessageKind::wellbeing, now);
}

std::string explain(const Route& chosen, const std::vector<Route>& ways) {
    std::string text = chosen.channel.value;
    for (const Route& way : ways) {
        if (way.channel == chosen.channel) {
            break;
        }
        text += "; not " + way.channel.value + ": " + way.verdict.sentence;
    }
    return text;
}

std::string_view to_string(GateCode code) {
    switch (code) {
        case GateCode::go:
            return "go";
        case GateCode::not_live:
            return "not_live";
        case GateCode::held:
            return "held";
        case GateCode::suppressed:
            return "suppressed";
        case GateCode::no_consent:
            return "no_consent";
        case GateCode::not_agreed:
            return "not_agreed";
        case GateCode::replied:
            return "replied";
        case GateCode::template_missing:
            return "template_missing";
        case GateCode::template_not_approved:
            return "template_not_approved";
        case GateCode::template_unfit:
            return "template_unfit";
        case GateCode::country_rule:
            return "country_rule";
        case GateCode::quiet_hours:
            return "quiet_hours";
        case GateCode::window_closed:
            return "window_closed";
        case GateCode::frequency:
            return "frequency";
        case GateCode::channel_down:
            return "channel_down";
        case GateCode::channel_full:
            return "channel_full";
        case GateCode::too_late:
            return "too_late";
        case GateCode::not_yet:
            return "not_yet";
        case GateCode::no_route:
            return "no_route";
        case GateCode::cancelled:
            return "cancelled";
    }
    return "no_route";
}

}  // namespace warmcall::core
