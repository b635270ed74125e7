#include "engine/apply.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/speech.hpp"
#include "engine/compose.hpp"
#include "engine/mornings.hpp"
#include "engine/taps.hpp"
#include "support/crypto.hpp"

namespace warmcall {

namespace {

using core::Case;
using core::ContactId;

// After these, the next event on the contact needs a fresh look: what was closed makes room for
// what is new.
bool closed_something(const Case& c) {
    return (c.prompt && !c.prompt->open) || (c.outreach && !core::live(*c.outreach));
}

// A text that may go now or that goes elsewhere than before.
bool leaves_texts(const Case& before, const Case& after) {
    return std::ranges::any_of(after.messages, [&](const core::Message& m) {
        if (m.state != core::MessageState::queued) {
            return false;
        }
        const auto was = std::ranges::find(before.messages, m.id, &core::Message::id);
        return !m.id || was == before.messages.end() || *was != m;
    });
}

// Something to tell a rep, or to take off a screen.
bool leaves_alerts(const Case& before, const Case& after,
                   const std::vector<core::Effect>& effects) {
    return (before.prompt && before.prompt != after.prompt) ||
           std::ranges::any_of(effects, [](const core::Effect& e) {
               return std::holds_alternative<core::TellRep>(e);
           });
}

// WhatsApp ids are digits; the number they were made from is the best second guess.
std::optional<core::Address> as_phone(const core::Address& address) {
    if (address.kind != core::AddressKind::whatsapp) {
        return std::nullopt;
    }
    return core::Address{core::AddressKind::phone, "+" + address.value};
}

}  // namespace

AlertOutcome after_failed_receipt(const Alert& alert, core::FailureClass failure,
                                  core::Timestamp now) {
    const bool window = failure == core::FailureClass::needs_window;
    const bool done = !window || alert.needs_template;
    return {.id = alert.id,
            .done = done,
            .failed = done,
            .again_at = now,
            .needs_template = window,
            .provider_id = alert.provider_id,
            .problem = "the provider could not deliver it"};
}

// One transaction under way: cases as loaded and as they become, saved together at its end.
struct Batch {
    Applier& applier;
    Unit& unit;
    core::Timestamp now;

    struct Open {
        Case before, after;
        std::vector<core::Effect> effects;
        std::string actor;
    };
    std::unordered_map<ContactId, Open> open{};
    std::vector<ContactId> order{};
    std::map<core::Address, ContactId>
        learned{};  // in this batch: what comes after knows them by it

    Open& take(ContactId contact, std::span<const core::MessageId> messages = {}) {
        const auto known = open.find(contact);
        if (known != open.end() && has_all(known->second.after, messages)) {
            return known->second;
        }
        if (known != open.end()) {
            flush();
        }
        std::vector<Wanted> wanted{{contact, std::nullopt}};
        for (const core::MessageId message : messages) {
            wanted.push_back({contact, message});
        }
        load(wanted);
        return open.at(contact);
    }

    static bool has_all(const Case& c, std::span<const core::MessageId> messages) {
        return std::ranges::all_of(messages, [&](core::MessageId id) {
            return std::ranges::find(c.messages, id, &core::Message::id) != c.messages.end();
        });
    }

    // Loads what is not open yet; several wanted messages of one contact join in one case.
    void load(std::span<const Wanted> wanted) {
        std::vector<Wanted> missing;
        for (const Wanted& w : wanted) {
            const auto known = open.find(w.contact);
            if (known == open.end() ||
                (w.message && !has_all(known->second.before, {&*w.message, 1}))) {
                missing.push_back(w);
            }
        }
        if (missing.empty()) {
            return;
        }
        std::vector<Case> cases = unit.load(missing);
        for (std::size_t i = 0; i < cases.size(); ++i) {
            const ContactId id = missing[i].contact;
            const auto [at, fresh] = open.try_emplace(id);
            if (fresh) {
                at->second.before = std::move(cases[i]);
                at->second.after = at->second.before;
                order.push_back(id);
                continue;
            }
            for (core::Message& m : cases[i].messages) {
                if (!has_all(at->second.before, {&m.id, 1})) {
                    at->second.before.messages.push_back(m);
                    at->second.after.messages.push_back(std::move(m));
                }
            }
        }
    }

    void load_all(std::span<const MessageRef> refs) {
        std::vector<Wanted> wanted;
        for (const MessageRef& ref : refs) {
            wanted.push_back({ref.contact, ref.message});
        }
        load(wanted);
    }

    std::optional<core::Refusal> decide(ContactId contact, const core::Event& event,
                                        std::string_view actor,
                                        std::span<const core::MessageId> messages = {}) {
        Open* o = &take(contact, messages);
        if (closed_something(o->after)) {
            flush();
            o = &take(contact, messages);
        }
        core::Transition t = core::decide(applier.plan_, o->after, event, now);
        if (t.refusal) {
            return std::move(t.refusal);
        }
        o->after = std::move(t.next);
        std::ranges::move(t.effects, std::back_inserter(o->effects));
        o->actor = actor;
        return std::nullopt;
    }

    void flush() {
        std::vector<Change> changes;
        changes.reserve(order.size());
        for (const ContactId id : order) {
            const Open& o = open.at(id);
            if (o.before != o.after || !o.effects.empty()) {
                changes.push_back({&o.before, &o.after, o.effects, o.actor});
                applier.note_write(id);
                Errands& left = applier.errands_;
                left.texts = left.texts || leaves_texts(o.before, o.after);
                left.alerts = left.alerts || leaves_alerts(o.before, o.after, o.effects);
            }
        }
        applier.step("decided");
        if (!changes.empty()) {
            unit.save(changes, now);
        }
        applier.step("saved");
        open.clear();
        order.clear();
    }

    // ---- webhooks ----

    struct Fresh {
        const Delivered* delivery;
        const Inbound* event;
    };

    void deliver(std::span<const Delivered* const> deliveries) {
        if (!open.empty()) {
            flush();  // what was settled just before is looked up below by its provider id
        }
        const std::vector<Fresh> fresh = accept(deliveries);
        const std::vector<std::optional<MessageRef>> messages = find_messages(fresh);
        const std::vector<std::optional<ContactId>> people = find_people(fresh);
        std::vector<Wanted> wanted;
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            if (messages[i]) {
                wanted.push_back({messages[i]->contact, messages[i]->message});
            } else if (people[i]) {
                wanted.push_back({*people[i], std::nullopt});
            }
        }
        load(wanted);
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            const std::optional<ContactId> person =
                people[i] ? people[i] : learned_person(*fresh[i].event);
            std::visit([&](const auto& what) { on(fresh[i], what, person, messages[i]); },
                       fresh[i].event->what);
        }
    }

    std::vector<Fresh> accept(std::span<const Delivered* const> deliveries) {
        std::vector<RawDelivery> raw;
        raw.reserve(deliveries.size());
        for (const Delivered* d : deliveries) {
            if (d->kept == 0) {
                raw.push_back({d->channel, now, d->body});
            }
        }
        const std::vector<std::int64_t> stored = unit.keep(raw);
        auto next = stored.begin();
        std::vector<std::int64_t> kept;
        for (const Delivered* d : deliveries) {
            kept.push_back(d->kept == 0 ? *next++ : d->kept);
        }
        std::vector<InboxRow> rows;
        std::vector<Fresh> all;
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            if (!deliveries[i]->unreadable.empty()) {
                unit.quarantine(kept[i], deliveries[i]->unreadable, now);
            }
            for (const Inbound& event : deliveries[i]->events) {
                rows.push_back({event.key, kept[i]});
                all.push_back({deliveries[i], &event});
            }
        }
        look_ahead(all);
        const std::vector<bool> is_new = unit.accept(rows, now);
        applier.step("accepted");
        std::vector<Fresh> fresh;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (is_new[i]) {
                fresh.push_back(all[i]);
            }
        }
        return fresh;
    }

    // What find_messages() and find_people() begin with; that an event came before is rare.
    void look_ahead(const std::vector<Fresh>& all) {
        std::vector<Token> tokens;
        std::vector<core::Address> addresses;
        for (const Fresh& f : all) {
            const auto* status = std::get_if<InStatus>(&f.event->what);
            if (status == nullptr) {
                addresses.insert(addresses.end(), f.event->who.begin(), f.event->who.end());
            } else if (status->token) {
                tokens.push_back(*status->token);
            }
        }
        unit.look_ahead(tokens, addresses);
    }

    std::vector<std::optional<MessageRef>> find_messages(const std::vector<Fresh>& fresh) {
        std::vector<std::optional<MessageRef>> found(fresh.size());
        std::vector<Token> tokens;
        std::vector<std::size_t> whose;
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            const auto* status = std::get_if<InStatus>(&fresh[i].event->what);
            if (status != nullptr && status->token) {
                tokens.push_back(*status->token);
                whose.push_back(i);
            }
        }
        if (!tokens.empty()) {
            const auto by_token = unit.messages_by(tokens);
            for (std::size_t k = 0; k < whose.size(); ++k) {
                found[whose[k]] = by_token[k];
            }
        }
        std::map<core::ChannelId, std::pair<std::vector<std::string>, std::vector<std::size_t>>>
            by_channel;
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            const std::string* id = nullptr;
            if (const auto* status = std::get_if<InStatus>(&fresh[i].event->what);
                status != nullptr && !found[i]) {
                id = &status->provider_id;
            }
            if (id != nullptr && !id->empty()) {
                auto& [ids, at] = by_channel[fresh[i].delivery->channel];
                ids.push_back(*id);
                at.push_back(i);
            }
        }
        for (auto& [channel, pair] : by_channel) {
            const auto refs = unit.messages_by(channel, pair.first);
            for (std::size_t k = 0; k < refs.size(); ++k) {
                found[pair.second[k]] = refs[k];
            }
        }
        return found;
    }

    // An address an event names, or the number made from one, and whose it is.
    struct Named {
        std::size_t event = 0;
        core::Address address;
        bool guessed = false;
        std::optional<ContactId> holder{};
    };

    void look_up(const std::vector<Named*>& named) {
        if (named.empty()) {
            return;
        }
        std::vector<core::Address> addresses;
        for (const Named* one : named) {
            addresses.push_back(one->address);
        }
        const auto found = unit.contacts_by(addresses);
        for (std::size_t k = 0; k < named.size(); ++k) {
            named[k]->holder = found[k];
        }
    }

    std::vector<std::optional<ContactId>> find_people(const std::vector<Fresh>& fresh) {
        std::vector<Named> named;
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            if (std::holds_alternative<InStatus>(fresh[i].event->what)) {
                continue;
            }
            for (const core::Address& a : fresh[i].event->who) {
                named.push_back({i, a});
                if (auto phone = as_phone(a)) {
                    named.push_back({i, std::move(*phone), true});
                }
            }
        }
        std::vector<Named*> first, second;  // a guess is needed only where nobody is known yet
        for (Named& one : named) {
            if (!one.guessed) {
                first.push_back(&one);
            }
        }
        look_up(first);
        std::vector<std::optional<ContactId>> people(fresh.size());
        const auto settle = [&](const Named& one) {
            if (one.holder && !people[one.event]) {
                people[one.event] = one.holder;
            }
        };
        for (std::size_t k = 0; k < named.size(); ++k) {
            const bool leads = k == 0 || named[k - 1].event != named[k].event;
            if (leads) {
                settle(named[k]);  // the one an event begins with counts for most
            }
            if (named[k].guessed && !people[named[k].event]) {
                second.push_back(&named[k]);
            }
        }
        look_up(second);
        std::ranges::for_each(named, settle);
        for (const Named& one : named) {  // an id nobody had yet belongs to whom the others name
            const auto& person = people[one.event];
            if (!one.holder && person && one.address.kind != core::AddressKind::phone) {
                learn(*person, one.address);
            }
        }
        return people;
    }

    // Whose it is by what this very batch taught us, as when a new number and its first message
    // come in one delivery.
    std::optional<ContactId> learned_person(const Inbound& event) const {
        for (const core::Address& a : event.who) {
            if (const auto at = learned.find(a); at != learned.end()) {
                return at->second;
            }
        }
        return std::nullopt;
    }

    void learn(ContactId contact, const core::Address& address) {
        if (!learned.try_emplace(address, contact).second) {
            return;  // the first evidence stands
        }
        const Open& o = take(contact);
        if (std::ranges::find(o.after.contact.addresses, address) ==
            o.after.contact.addresses.end()) {
            decide(contact, core::AddressLearned{.now = address}, "provider");
        }
    }

    std::optional<core::RepId> rep_of(const Inbound& event) const {
        for (const core::Address& a : event.who) {
            if (const auto at = applier.reps_by_address_.find(a);
                at != applier.reps_by_address_.end()) {
                return at->second;
            }
        }
        return std::nullopt;
    }

    void on(const Fresh& f, const InReply& reply, const std::optional<ContactId>& person,
            const std::optional<MessageRef>&) {
        if (const auto rep = rep_of(*f.event)) {  // a rep's word is never taken for a contact's
            const core::Timestamp until = f.event->at + std::chrono::hours{24};
            unit.rep_wrote(*rep, f.delivery->channel, until);
            applier.errands_.alerts = true;
            core::Timestamp& open_until = applier.rep_states_[*rep].windows[f.delivery->channel];
            open_until = std::max(open_until, until);
            rep_says(*rep, f, reply);
            return;
        }
        if (!person) {
            unit.count_ignored("reply of a stranger", 1);
            return;
        }
        core::Replied replied{.at = f.event->at,
                              .channel = f.delivery->channel,
                              .kind = reply.kind,
                              .words = reply.words};
        if (!f.event->who.empty()) {
            replied.from = f.event->who.front();
        }
        decide(*person, replied, "contact");
    }

    // A rep's tap or digit. Late, doubled or a colleague's: the rep reads how it stands, and
    // nothing else happens.
    void rep_says(const core::RepId& rep, const Fresh& f, const InReply& reply) {
        if (const auto tap = read_day_tap(applier.tap_key_, rep, reply.button_payload)) {
            tapped_for_the_day(unit, rep, *tap);  // engine/mornings answers
            return;
        }
        std::optional<RepTap> tap = read_tap(applier.tap_key_, rep, reply.button_payload);
        if (!tap && reply.button_payload.starts_with("wc1.")) {
            unit.count_ignored("forged tap", 1);
            return;
        }
        std::optional<Alert> about = unit.alert_by(f.delivery->channel, reply.about_provider_id);
        if (!tap) {
            const auto verb = read_digit(reply.words);
            if (!about || !about->prompt) {
                about = verb ? unit.last_alert(rep) : std::nullopt;
            }
            if (!verb || !about || about->rep != rep) {
                return;
            }
            tap = RepTap{*verb, about->prompt, about->contact};
        }
        const Case subject = take(tap->contact).after;  // followed through a merge
        const auto refusal = tapped(rep, *tap, subject);
        const auto known = applier.plan_.reps.find(rep);
        unit.tell_rep(
            {.rep = rep,
             .contact = subject.contact.id,
             .text = answer_to(
                 tap->verb, core::first_name(subject.contact.name),
                 known == applier.plan_.reps.end() ? std::string{} : known->second.language,
                 refusal),
             .device = about && !about->device.empty() ? about->device : message_device(rep)},
            now);
    }

    std::optional<core::Refusal> tapped(const core::RepId& rep, const RepTap& tap,
                                        const Case& subject) {
        if (!subject.prompt || !subject.prompt->open || subject.prompt->id != tap.prompt) {
            return core::Refusal{.code = core::Refusal::Code::late};
        }
        return decide(subject.contact.id, event_of(tap.verb, rep, now), rep.value);
    }

    // A receipt may say that we write too fast, as the answer to a send may. It counts from when it
    // is heard, unless it was under way for so long that it is about another hour.
    void slow_down(const core::Message& message, const core::Facts& facts) {
        if (!applier.pause_after_ || !facts.failed) {
            return;
        }
        core::Failure failure = *facts.failed;
        if (now - failure.at < std::chrono::minutes{10}) {
            failure.at = now;
        }
        const auto pause = applier.pause_after_(message, failure);
        if (pause && pause->until > now) {
            applier.slow_down(message, pause->scope, pause->until);
            applier.refresh(now);
        }
    }

    const core::Message* message_of(const MessageRef& ref) const {
        const auto& messages = open.at(ref.contact).after.messages;
        const auto m = std::ranges::find(messages, ref.message, &core::Message::id);
        return m == messages.end() ? nullptr : &*m;
    }

    void on(const Fresh& f, const InStatus& status, const std::optional<ContactId>&,
            const std::optional<MessageRef>& message) {
        if (message) {
            decide(message->contact, core::DeliveryLearned{message->message, status.facts},
                   "provider", {&message->message, 1});
            if (const core::Message* m = message_of(*message)) {
                slow_down(*m, status.facts);
            }
            return;
        }
        slow_down({.channel = f.delivery->channel}, status.facts);
        if (const auto alert = unit.alert_by(f.delivery->channel, status.provider_id)) {
            if (status.facts.failed) {
                const AlertOutcome outcome =
                    after_failed_receipt(*alert, status.facts.failed->kind, now);
                unit.settle_alerts({&outcome, 1}, now);
                applier.errands_.alerts = true;
            }
            return;
        }
        const ParkedReceipt receipt{f.delivery->channel, status.provider_id, status.facts, now};
        unit.park({&receipt, 1});
    }

    void on(const Fresh& f, const InCall& call, const std::optional<ContactId>& person,
            const std::optional<MessageRef>&) {
        if (!person || rep_of(*f.event)) {
            unit.count_ignored("call of a stranger", 1);
        } else if (call.stage == InCall::Stage::ringing) {
            decide(*person,
                   core::TheyCalled{f.event->at, f.delivery->channel, f.event->who.front()},
                   "contact");
        }
    }

    void on(const Fresh& f, const InEcho&, const std::optional<ContactId>& person,
            const std::optional<MessageRef>&) {
        if (person) {
            decide(*person, core::RepWrote{f.event->at}, "rep");
        }
    }

    void on(const Fresh& f, const InPreference& preference, const std::optional<ContactId>& person,
            const std::optional<MessageRef>&) {
        if (person) {
            decide(*person, core::MarketingPreference{f.delivery->channel, preference.choice},
                   "contact");
        }
    }

    void on(const Fresh& f, const InAddressChange& change, const std::optional<ContactId>& person,
            const std::optional<MessageRef>&) {
        if (!person || f.event->who.empty()) {
            return;
        }
        std::vector<core::Address> old = f.event->who;
        std::vector<core::Address> now_at{change.now};
        if (const auto phone = as_phone(change.now)) {
            now_at.push_back(*phone);
        }
        const auto taken = unit.contacts_by(now_at);
        for (std::size_t i = 0; i < now_at.size(); ++i) {
            if (taken[i] && *taken[i] != *person) {
                unit.count_ignored("new number belongs to another contact", 1);
                continue;
            }
            const core::Address known =
                i == 0 ? old.front() : as_phone(old.front()).value_or(old.front());
            // Only like replaces like: a number learned of somebody known by a user id comes beside
            // it.
            const auto how =
                known.kind == now_at[i].kind ? change.how : core::AddressLearned::How::alias;
            decide(*person, core::AddressLearned{known, now_at[i], how}, "provider");
            learned.try_emplace(now_at[i], *person);
        }
    }

    void on(const Fresh&, const InTemplate& t, const std::optional<ContactId>&,
            const std::optional<MessageRef>&) {
        const core::TemplateStatus status = t.status.value_or(core::TemplateStatus::unknown);
        unit.note_template({t.name, t.language, status, t.category, t.quality, t.reason, now});
        warmcall::take(applier.plan_.templates,
                       {t.name, t.language, status, t.category, "", "", now});
    }

    void on(const Fresh& f, const InAccount& account, const std::optional<ContactId>&,
            const std::optional<MessageRef>&) {
        unit.note_account(f.delivery->channel, account.what, now);
        using Severity = InAccount::Severity;
        if (account.severity != Severity::note) {
            const auto rest = account.severity == Severity::stop ? std::chrono::minutes{60}
                                                                 : std::chrono::minutes{15};
            applier.channel_down(f.delivery->channel, now + rest);
            applier.refresh(now);
        }
    }

    void on(const Fresh&, const InIgnored& ignored, const std::optional<ContactId>&,
            const std::optional<MessageRef>&) {
        unit.count_ignored(ignored.what, 1);
    }

    // ---- everything else ----

    static std::vector<core::MessageId> messages_of(const core::Event& event) {
        std::vector<core::MessageId> messages;
        std::visit(
            [&](const auto& e) {
                if constexpr (requires {
                                  { e.message } -> std::convertible_to<core::MessageId>;
                              }) {
                    messages.push_back(e.message);
                }
            },
            event);
        return messages;
    }

    // What the next of them are about, in one look.
    void load_for(std::span<const Work> works) {
        std::vector<Wanted> wanted;
        for (const Work& work : works) {
            const auto* happened = std::get_if<Happened>(&work);
            if (happened == nullptr) {
                break;
            }
            wanted.push_back({happened->contact, std::nullopt});
            for (const core::MessageId message : messages_of(happened->event)) {
                wanted.push_back({happened->contact, message});
            }
        }
        load(wanted);
    }

    Outcome happen(const Happened& h) {
        const std::vector<core::MessageId> messages = messages_of(h.event);
        Outcome outcome{.refusal = decide(h.contact, h.event, h.actor, messages)};
        outcome.after = open.at(h.contact).after;
        const auto* settled = std::get_if<core::SendSettled>(&h.event);
        if (settled != nullptr && !settled->facts.provider_id.empty()) {
            join_parked(h.contact, *settled);
        }
        return outcome;
    }

    // Receipts that were quicker than the answer to our send.
    void join_parked(ContactId contact, const core::SendSettled& settled) {
        const Case& c = open.at(contact).after;
        const auto m = std::ranges::find(c.messages, settled.message, &core::Message::id);
        if (m == c.messages.end()) {
            return;
        }
        for (const ParkedReceipt& receipt : unit.unpark(m->channel, settled.facts.provider_id)) {
            decide(contact, core::DeliveryLearned{settled.message, receipt.facts}, "provider",
                   {&settled.message, 1});
        }
    }
};

void take(core::TemplateBook& book, const StoredTemplate& said) {
    const std::string key = said.provider_name + "/" + said.language;
    if (said.status != core::TemplateStatus::unknown) {
        book.status[key] = said.status;
    }
    if (said.category == "MARKETING" || said.category == "UTILITY") {
        book.category[key] =
            said.category == "MARKETING" ? core::Category::marketing : core::Category::utility;
    }
}

Applier::Applier(Store& store, core::Plan plan, Clock& clock)
    : store_{store}, plan_{std::move(plan)}, clock_{clock} {
    for (const auto& [id, rep] : plan_.reps) {
        if (rep.phone.size() > 1) {
            reps_by_address_[{core::AddressKind::phone, rep.phone}] = id;
            reps_by_address_[{core::AddressKind::whatsapp, rep.phone.substr(1)}] = id;
        }
    }
    learn_from_others();
}

void Applier::learn_from_others() {
    learn_templates();
    rep_states_ = store_.rep_states();
    for (const auto& [id, state] : rep_states_) {
        if (const auto rep = plan_.reps.find(id); rep != plan_.reps.end()) {
            rep->second.away_until = state.away_until;
        }
    }
}

void Applier::learn_templates() {
    for (const StoredTemplate& t : store_.templates()) {
        take(plan_.templates, t);
    }
}

void Applier::refresh(core::Timestamp now) {
    for (core::Channel& channel : plan_.channels) {
        const auto down = down_until_.find(channel.id);
        channel.working = down == down_until_.end() || now >= down->second;
        channel.back_at = channel.working ? std::nullopt : std::optional{down->second};
        channel.room_at.reset();
    }
}

void Applier::remember(const RepAway& away) {
    rep_states_[away.rep].away_until = away.until;
    if (const auto rep = plan_.reps.find(away.rep); rep != plan_.reps.end()) {
        rep->second.away_until = away.until;
    }
}

void Applier::run(std::vector<Work>& works, std::vector<Outcome>& outcomes) {
    const core::Timestamp now = clock_.now();
    refresh(now);
    store_.transact([&](Unit& unit) {
        Batch batch{*this, unit, now};
        std::vector<const Delivered*> deliveries;
        const auto deliver = [&] {
            if (!deliveries.empty()) {
                batch.deliver(deliveries);
                deliveries.clear();
            }
        };
        for (std::size_t i = 0; i < works.size(); ++i) {
            outcomes[i] = {};
            if (const auto* delivered = std::get_if<Delivered>(&works[i])) {
                deliveries.push_back(delivered);
                continue;
            }
            deliver();
            if (const auto* happened = std::get_if<Happened>(&works[i])) {
                if (i == 0 || !std::holds_alternative<Happened>(works[i - 1])) {
                    batch.load_for(std::span{works}.subspan(i));
                }
                outcomes[i] = batch.happen(*happened);
            } else if (const auto* away = std::get_if<RepAway>(&works[i])) {
                unit.set_rep_away(away->rep, away->until);
                errands_.alerts = true;
            } else {
                batch.flush();
                errands_ = Errands::all();  // nobody but the write itself knows
                std::get<Write>(works[i])(unit, now);
            }
        }
        deliver();
        batch.flush();
    });
    for (const Work& work : works) {
        if (const auto* away = std::get_if<RepAway>(&work)) {
            remember(*away);
        }
    }
    step("committed");
}

std::vector<Outcome> Applier::apply(std::vector<Work> works) {
    std::vector<Outcome> outcomes(works.size());
    if (works.empty()) {
        return outcomes;
    }
    constexpr int tries_max = 3;
    for (int attempt = 1;; ++attempt) {
        try {
            run(works, outcomes);
            return outcomes;
        } catch (const Conflict&) {
            outcomes.front() = {.failure = std::current_exception()};
            if (attempt == tries_max) {
                break;
            }
        } catch (const StoreUnavailable&) {
            for (Outcome& outcome : outcomes) {
                outcome = {.failure = std::current_exception()};
            }
            return outcomes;
        } catch (const std::exception&) {
            outcomes.front() = {.failure = std::current_exception()};
            break;
        }
    }
    if (works.size() > 1) {  // split, so that the poisoned one stands alone
        const auto middle = works.begin() + static_cast<std::ptrdiff_t>(works.size() / 2);
        std::vector<Outcome> first =
            apply({std::make_move_iterator(works.begin()), std::make_move_iterator(middle)});
        std::vector<Outcome> second =
            apply({std::make_move_iterator(middle), std::make_move_iterator(works.end())});
        std::ranges::move(first, outcomes.begin());
        std::ranges::move(second, outcomes.begin() + static_cast<std::ptrdiff_t>(first.size()));
        return outcomes;
    }
    if (auto* delivered = std::get_if<Delivered>(&works.front())) {
        try {
            outcomes.front() = delivered->events.size() > 1 ? apply_in_parts(std::move(*delivered))
                                                            : quarantine(*delivered);
        } catch (const std::exception&) {  // those beside it may be committed already: only this
                                           // one is told
            outcomes.front() = {.failure = std::current_exception()};
        }
    }
    return outcomes;
}

// One POST can carry a thousand updates of a thousand people: the poisoned one stands alone here
// too. Kept raw once.
Outcome Applier::apply_in_parts(Delivered delivered) {
    if (delivered.kept == 0) {
        const RawDelivery raw{delivered.channel, clock_.now(), std::move(delivered.body)};
        store_.transact([&](Unit& unit) { delivered.kept = unit.keep({&raw, 1}).front(); });
    }
    const auto middle =
        delivered.events.begin() + static_cast<std::ptrdiff_t>(delivered.events.size() / 2);
    Delivered first{
        .channel = delivered.channel, .unreadable = delivered.unreadable, .kept = delivered.kept};
    first.events.assign(std::make_move_iterator(delivered.events.begin()),
                        std::make_move_iterator(middle));
    Delivered second{.channel = delivered.channel, .kept = delivered.kept};
    second.events.assign(std::make_move_iterator(middle),
                         std::make_move_iterator(delivered.events.end()));
    for (Delivered* part : {&first, &second}) {
        std::vector<Work> works;
        works.emplace_back(std::move(*part));
        Outcome outcome = std::move(apply(std::move(works)).front());
        if (outcome.failure) {
            return outcome;  // the provider comes again; what is done is known by its key
        }
    }
    return {};
}

// Kept raw, out of the others' way, visible.
Outcome Applier::quarantine(const Delivered& delivered) {
    spdlog::error("a webhook of channel {} could not be processed and was put into quarantine",
                  delivered.channel.value);
    const core::Timestamp now = clock_.now();
    store_.transact([&](Unit& unit) {
        std::int64_t kept = delivered.kept;
        if (kept == 0) {
            const RawDelivery raw{delivered.channel, now, delivered.body};
            kept = unit.keep({&raw, 1}).front();
        }
        unit.quarantine(kept, "could not be processed", now);
    });
    return {};
}

namespace {

// Decides one event for each; when that fails together, each alone, so that one cannot hold up the
// others.
std::size_t each_alone(const std::vector<ContactId>& contacts,
                       const std::function<void(const std::vector<ContactId>&)>& all) {
    try {
        all(contacts);
        return contacts.size();
    } catch (const StoreUnavailable&) {
        throw;
    } catch (const std::exception& problem) {
        if (contacts.size() <= 1) {
            spdlog::error("contact {}: {}", contacts.empty() ? 0 : contacts.front().value,
                          problem.what());
            return 0;
        }
    }
    std::size_t done = 0;
    for (const ContactId contact : contacts) {
        done += each_alone({contact}, all);
    }
    return done;
}

}  // namespace

// Only what is planned by wake-ups takes turns: an answer, a call or a rep's tap never waits in
// this line.
void Applier::begin_turns(Unit& unit, core::Timestamp now) {
    begin_limits(unit, now);
    for (core::Channel& channel : plan_.channels) {
        if (limits_ != nullptr) {
            Turns& turns = turns_[channel.id];
            // A long line takes long to count: once a second, unless others stand in it as well.
            if (unit.shared() != nullptr || turns.counted_long_ago(now)) {
                const std::size_t most = Turns::line_max(*limits_, channel.id);
                turns.counted(unit.waiting(channel.id, now, most), now);
            }
            turns.begin(*limits_, channel.id, now);
            channel.room_at = turns.room_at(*limits_, now);
        }
    }
}

void Applier::take_turn(const Case& before, const Case& after, core::Timestamp now) {
    if (limits_ == nullptr || before == after || !after.outreach) {
        return;
    }
    const bool put_off = std::holds_alternative<core::Planned>(after.outreach->phase);
    for (core::Channel& channel : plan_.channels) {
        const bool planned = std::ranges::any_of(after.messages, [&](const core::Message& m) {
            return !m.id && m.kind == core::MessageKind::wellbeing && m.channel == channel.id;
        });
        Turns& turns = turns_[channel.id];
        if (planned) {
            turns.planned();
        } else if (put_off && channel.room_at && after.outreach->wake_at == *channel.room_at) {
            turns.put_off(*channel.room_at);
        } else {
            continue;
        }
        channel.room_at = turns.room_at(*limits_, now);
    }
}

std::size_t Applier::wake(std::size_t limit) {
    const core::Timestamp now = clock_.now();
    refresh(now);
    std::vector<ContactId> contacts;
    const auto wake_in = [&](Unit& unit, const std::vector<ContactId>& some) {
        Batch batch{*this, unit, now};
        std::vector<Wanted> wanted;
        for (const ContactId contact : some) {
            wanted.push_back({contact, std::nullopt});
        }
        batch.load(wanted);
        begin_turns(unit, now);
        for (const ContactId contact : some) {
            const Case before = batch.take(contact).after;
            batch.decide(contact, core::Woke{}, "warmcall");
            take_turn(before, batch.take(contact).after, now);
        }
        batch.flush();
    };
    try {  // found and woken in one transaction: what one replica is at is not another's as well
        store_.transact([&](Unit& unit) {
            contacts = unit.due(now, limit);
            wake_in(unit, contacts);
        });
    } catch (const StoreUnavailable&) {
        throw;
    } catch (const std::exception&) {
        if (contacts.empty()) {
            throw;
        }
        each_alone(contacts, [&](const std::vector<ContactId>& some) {
            store_.transact([&](Unit& unit) { wake_in(unit, some); });
        });
    }
    step("woken");
    return contacts.size();
}

std::size_t Applier::reconcile(std::size_t limit) {
    const core::Timestamp now = clock_.now();
    refresh(now);
    std::size_t n = 0;
    store_.transact([&](Unit& unit) {
        Batch batch{*this, unit, now};
        const std::vector<MessageRef> lapsed = unit.lapsed(now, limit);
        batch.load_all(lapsed);
        n = lapsed.size();
        for (const MessageRef& ref : lapsed) {
            batch.decide(
                ref.contact,
                core::SendSettled{.message = ref.message, .how = core::SendSettled::How::unknown},
                "warmcall", {&ref.message, 1});
        }
        batch.flush();
    });
    return n;
}

std::size_t Applier::tidy(std::size_t limit) {
    constexpr auto parked_for = std::chrono::days{7};
    constexpr auto inbox_for =
        std::chrono::days{45};  // a provider tries for 7 days; ids are kept at least 30
    const core::Timestamp now = clock_.now();
    std::size_t n = 0;
    store_.transact([&](Unit& unit) {
        unit.drop_parked(now - parked_for);
        n = unit.drop_inbox(now - inbox_for, limit);
    });
    return n;
}

void Applier::slow_down(const core::Message& message, Answer::Scope scope, core::Timestamp until) {
    switch (scope) {
        case Answer::Scope::message:
            break;
        case Answer::Scope::pair:
        case Answer::Scope::portfolio:
            if (limits_ != nullptr) {
                limits_->hold(message, scope, clock_.now(), until);
            }
            break;
        case Answer::Scope::account:
            for (const core::Channel& channel : plan_.channels) {
                if (limits_ != nullptr && limits_->share_account(message.channel, channel.id)) {
                    channel_down(channel.id, until);
                }
            }
            [[fallthrough]];
        case Answer::Scope::sender:
            channel_down(message.channel, until);
            break;
    }
}

void Applier::begin_limits(Unit& unit, core::Timestamp now) {
    if (limits_ != nullptr && !limits_begun_) {
        limits_->begin(unit, now);
        limits_begun_ = true;
    }
}

// Of the channels that work, at most so many messages each.
std::vector<Room> Applier::rooms(Unit& unit, core::Timestamp now, std::size_t at_most) {
    std::vector<Room> rooms;
    if (limits_ != nullptr) {
        rooms = limits_->rooms(unit, now);
        for (const auto& [channel, until] : limits_->resting()) {
            core::Timestamp& down = down_until_[channel];
            down = std::max(down, until);
        }
        refresh(now);
    } else {
        for (const core::Channel& channel : plan_.channels) {
            rooms.push_back({channel.id, at_most});
        }
    }
    std::erase_if(rooms, [this](const Room& room) {
        const auto channel = std::ranges::find(plan_.channels, room.channel, &core::Channel::id);
        return channel == plan_.channels.end() || !channel->working;
    });
    for (Room& room : rooms) {
        room.messages = std::min(room.messages, at_most);
    }
    return rooms;
}

// What still keeps a text that may go from going now: its provider would not take it, or it is not
// its turn. None: it is counted, and goes.
std::optional<core::Verdict> Applier::hindrance(Batch& batch, const Case& subject,
                                                const Claimed& claimed,
                                                std::set<core::ChannelId>& spent) {
    const core::Message& message = claimed.message;
    if (unfit_) {
        if (auto why = unfit_(message.channel, claimed.outbound)) {
            return core::Verdict{.code = core::GateCode::template_unfit,
                                 .sentence = "The text cannot go out over " +
                                             message.channel.value + ": " + *why + ".",
                                 .other_route = true};
        }
    }
    if (limits_ == nullptr) {
        return std::nullopt;
    }
    const auto channel = std::ranges::find(plan_.channels, message.channel, &core::Channel::id);
    const bool sms = channel->medium == core::Medium::sms;
    const auto wait = limits_->take(
        batch.unit,
        {.message = &message,
         .unasked = !sms && !message.template_name.empty() &&
                    !core::window_open(plan_, subject.contact, message.channel, batch.now),
         .parts = sms ? std::max(core::sms_length(claimed.outbound.text).parts, 1) : 1},
        batch.now);
    if (!wait) {
        return std::nullopt;
    }
    switch (wait->what) {
        case Wait::For::sender:  // stays as it is; the channel's next moment takes it
            spent.insert(message.channel);
            break;
        case Wait::For::pair:
            return core::Verdict{.code = core::GateCode::not_yet,
                                 .sentence = "This person was written to a moment ago.",
                                 .again_at = wait->until};
        case Wait::For::people:
            return core::Verdict{.code = core::GateCode::channel_full,
                                 .sentence =
                                     "As many people as WhatsApp allows us in a day were "
                                     "written to already.",
                                 .again_at = wait->until};
    }
    return std::nullopt;
}

std::optional<Claimed> Applier::prepare(Batch& batch, const MessageRef& ref, const Token& token,
                                        std::set<core::ChannelId>& spent) {
    const std::span<const core::MessageId> id{&ref.message, 1};
    const Case& c = batch.take(ref.contact, id).after;
    const auto at = std::ranges::find(c.messages, ref.message, &core::Message::id);
    if (at == c.messages.end() || at->state != core::MessageState::queued ||
        spent.contains(at->channel)) {
        return std::nullopt;
    }
    core::Verdict verdict = core::gate(plan_, c, *at, batch.now);
    if (verdict.go()) {
        Claimed claimed{.contact = ref.contact, .message = *at, .token = token};
        Result<Outbound> outbound = compose(plan_, c, *at, token);
        if (!outbound) {
            verdict = {.code = core::GateCode::template_unfit,
                       .sentence = outbound.error().message};
        } else {
            claimed.outbound = std::move(*outbound);
            auto hindered = hindrance(batch, c, claimed, spent);
            if (spent.contains(claimed.message.channel)) {
                return std::nullopt;
            }
            if (!hindered) {
                return claimed;
            }
            verdict = std::move(*hindered);
        }
    }
    batch.decide(ref.contact, core::GateRefused{ref.message, verdict}, "warmcall", id);
    return std::nullopt;
}

std::vector<Claimed> Applier::claim(std::span<const Token> tokens, core::Duration lease) {
    const core::Timestamp now = clock_.now();
    refresh(now);
    std::vector<Claimed> claimed;
    store_.transact([&](Unit& unit) {
        claimed.clear();
        begin_limits(unit, now);
        const std::vector<Room> room = rooms(unit, now, tokens.size());
        if (room.empty()) {
            return;
        }
        Batch batch{*this, unit, now};
        std::set<core::ChannelId> spent;
        const std::vector<MessageRef> due = unit.due_messages(now, room);
        batch.load_all(due);
        for (const MessageRef& ref : due) {
            if (claimed.size() == tokens.size()) {
                break;
            }
            if (std::optional<Claimed> one = prepare(batch, ref, tokens[claimed.size()], spent)) {
                one->lease_until = now + lease;
                claimed.push_back(std::move(*one));
            }
        }
        batch.flush();
        std::vector<Claim> claims;
        claims.reserve(claimed.size());
        for (const Claimed& c : claimed) {
            claims.push_back({c.message.id, c.token, c.lease_until, c.outbound.text});
            note_write(c.contact);
        }
        if (!claims.empty()) {
            unit.claim(claims, now);
        }
        step("claimed");
    });
    step("claim committed");
    return claimed;
}

std::vector<Unsettled> Applier::unsettled(const core::ChannelId& channel, core::Timestamp since,
                                          std::size_t limit) {
    std::vector<Unsettled> found;
    store_.transact([&](Unit& unit) {
        found.clear();
        std::vector<Wanted> wanted;
        for (const MessageRef& ref : unit.unsettled(channel, since, limit)) {
            wanted.push_back({ref.contact, ref.message});
        }
        for (const Case& c : unit.load(wanted)) {
            const core::MessageId id = *wanted[found.size()].message;
            const auto m = std::ranges::find(c.messages, id, &core::Message::id);
            const auto claim = unit.claim_of(id);
            Unsettled& one =
                found.emplace_back(Unsettled{.contact = c.contact.id, .message = id, .send = {}});
            if (m == c.messages.end() || !claim) {
                continue;
            }
            one.send.message.token = claim->token;
            one.send.message.to = m->to;
            one.send.message.text = claim->text;
            one.send.from = m->facts.claimed.value_or(since);
            one.send.until = m->facts.unknown.value_or(one.send.from);
        }
    });
    std::erase_if(found, [](const Unsettled& one) { return one.send.message.text.empty(); });
    return found;
}

void Applier::leave_out_others(const core::ChannelId& channel, core::MessageId message,
                               std::vector<Sighting>& sightings) {
    std::vector<std::string> ids;
    for (const Sighting& sighting : sightings) {
        ids.push_back(sighting.provider_id);
    }
    std::vector<Sighting> left;
    store_.transact([&](Unit& unit) {
        left.clear();
        const auto known = unit.messages_by(channel, ids);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (!known[i] || known[i]->message == message) {
                left.push_back(sightings[i]);
            }
        }
    });
    sightings = std::move(left);
}

void Applier::leave_out_known(std::vector<Inbound>& events) {
    std::vector<std::string> keys;
    for (const Inbound& event : events) {
        keys.push_back(event.key);
    }
    std::vector<bool> known;
    store_.transact([&](Unit& unit) { known = unit.accepted(keys); });
    std::size_t i = 0;
    std::erase_if(events, [&](const Inbound&) { return known[i++]; });
}

namespace {

bool is_ours(const core::TemplateBook& book, const InTemplate& t) {
    return std::ranges::any_of(book.templates, [&](const core::Template& ours) {
        std::string language = ours.provider_language;
        std::ranges::replace(language, '-', '_');
        return ours.provider_name == t.name && language == t.language;
    });
}

bool known_like_that(const std::vector<StoredTemplate>& known, const InTemplate& t) {
    return std::ranges::any_of(known, [&](const StoredTemplate& k) {
        return k.provider_name == t.name && k.language == t.language &&
               (!t.status || k.status == *t.status) && k.category == t.category &&
               k.quality == t.quality;
    });
}

}  // namespace

std::vector<Inbound> Applier::template_news(const std::vector<InTemplate>& list) {
    const core::Timestamp now = clock_.now();
    const std::vector<StoredTemplate> known = store_.templates();
    std::vector<Inbound> news;
    for (const InTemplate& t : list) {
        if (!is_ours(plan_.templates, t) || known_like_that(known, t)) {
            continue;
        }
        Inbound& one = news.emplace_back();
        const auto seconds = static_cast<std::uint64_t>(core::unix_ms(now) / 1000);
        for (int shift = 56; shift >= 0; shift -= 8) {
            one.key += static_cast<char>((seconds >> shift) & 0xFF);
        }
        const auto hash = sha256(t.name + "/" + t.language);
        one.key.append(hash.begin(), hash.begin() + 12);
        one.at = now;
        one.what = t;
    }
    return news;
}

std::string Applier::setting(std::string_view key) {
    std::string value;
    store_.transact([&](Unit& unit) { value = unit.setting(key); });
    return value;
}

bool Applier::may_leave(const Claimed& claimed, core::Duration budget) {
    const core::Timestamp now = clock_.now();
    refresh(now);
    bool go = false;
    store_.transact([&](Unit& unit) {
        Batch batch{*this, unit, now};
        const std::span<const core::MessageId> id{&claimed.message.id, 1};
        const Case& c = batch.take(claimed.contact, id).after;
        const auto at = std::ranges::find(c.messages, claimed.message.id, &core::Message::id);
        const auto claim = unit.claim_of(claimed.message.id);
        const bool ours = at != c.messages.end() && at->state == core::MessageState::claimed &&
                          claim && claim->token == claimed.token;
        if (!ours) {
            go = false;  // whoever holds it now settles it
            return;
        }
        if (claim->lease_until < now + budget) {  // too late to be sure of the end; nothing of it
                                                  // has left, so it may be claimed again
            go = false;
            batch.decide(claimed.contact,
                         core::SendSettled{.message = claimed.message.id,
                                           .how = core::SendSettled::How::not_sent,
                                           .again_at = now},
                         "warmcall", id);
            batch.flush();
            return;
        }
        const core::Verdict verdict = core::gate(plan_, c, *at, now);
        go = verdict.go();
        if (!go) {
            batch.decide(claimed.contact, core::GateRefused{claimed.message.id, verdict},
                         "warmcall", id);
            batch.flush();
        }
    });
    return go;
}

}  // namespace warmcall
