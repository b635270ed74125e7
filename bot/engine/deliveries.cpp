#include "engine/deliveries.hpp"

#include <algorithm>
#include <utility>

#include "core/phone.hpp"
#include "core/speech.hpp"
#include "engine/erasure.hpp"
#include "engine/mornings.hpp"

namespace warmcall {

namespace {

using core::Address;
using core::AddressKind;
using core::Case;
using core::ContactId;

// WhatsApp ids are digits; the number they were made from is the best second guess.
std::optional<Address> as_phone(const Address& address) {
    if (address.kind != AddressKind::whatsapp) {
        return std::nullopt;
    }
    return Address{AddressKind::phone, "+" + address.value};
}

// The number of an address as it is dialled, then as others write it; none of a user id. WhatsApp
// goes on without the 9 that Brazil's mobiles have got, and with the 1 that Mexico's have lost.
std::vector<Address> numbers_of(const Address& address) {
    const std::optional<Address> phone =
        address.kind == AddressKind::phone ? address : as_phone(address);
    if (!phone) {
        return {};
    }
    const auto read = core::read_phone(phone->value, "");
    if (!read) {
        return {*phone};
    }
    std::vector<Address> numbers{{AddressKind::phone, read->e164}};
    for (const std::string& alias : read->aliases) {
        numbers.push_back({AddressKind::phone, alias});
    }
    constexpr std::size_t without_the_9 = std::string_view{"+55"}.size() + 10;
    if (read->region == "BR" && read->e164.size() == without_the_9 && numbers.size() > 1) {
        std::swap(numbers[0], numbers[1]);
    }
    return numbers;
}

bool holds(const std::vector<Address>& all, const Address& one) {
    return std::ranges::find(all, one) != all.end();
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

void Deliveries::deliver(std::span<const Delivered* const> deliveries) {
    if (!batch_.empty()) {
        batch_.flush();  // what was settled just before is looked up below by its provider id
    }
    const std::vector<Fresh> fresh = accept(deliveries);
    const std::vector<Ours> messages = find_messages(fresh);
    const std::vector<Person> people = find_people(fresh);
    std::vector<Wanted> wanted;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        if (messages[i]) {
            wanted.push_back({messages[i]->contact, messages[i]->message});
        } else if (people[i]) {
            wanted.push_back({*people[i], std::nullopt});
        }
    }
    batch_.load(wanted);
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        const Person person = people[i] ? people[i] : learned_person(*fresh[i].event);
        std::visit([&](const auto& what) { on(fresh[i], what, person, messages[i]); },
                   fresh[i].event->what);
    }
    empty_what_the_erased_left(fresh, people, messages);
}

// Receipts still come for days, and who was erased may write again: it is not kept what.
void Deliveries::empty_what_the_erased_left(const std::vector<Fresh>& fresh,
                                            const std::vector<Person>& people,
                                            const std::vector<Ours>& messages) {
    std::vector<Address> strangers;
    std::vector<std::int64_t> from, emptied;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        if (messages[i]) {
            if (is_erased(batch_.take(messages[i]->contact)->contact)) {
                emptied.push_back(fresh[i].kept);
            }
        } else if (!people[i] && !rep_of(*fresh[i].event)) {
            for (const Address& address : fresh[i].event->who) {
                strangers.push_back(address);
                from.push_back(fresh[i].kept);
            }
        }
    }
    const std::vector<bool> erased = batch_.unit.erased(strangers);
    for (std::size_t k = 0; k < erased.size(); ++k) {
        if (erased[k]) {
            emptied.push_back(from[k]);
        }
    }
    if (!emptied.empty()) {
        batch_.unit.empty(emptied);
    }
}

std::vector<Deliveries::Fresh> Deliveries::accept(std::span<const Delivered* const> deliveries) {
    std::vector<RawDelivery> raw;
    raw.reserve(deliveries.size());
    for (const Delivered* d : deliveries) {
        if (d->kept == 0) {
            raw.push_back({d->channel, batch_.now, d->body});
        }
    }
    const std::vector<std::int64_t> stored = batch_.unit.keep(raw);
    auto next = stored.begin();
    std::vector<std::int64_t> kept;
    for (const Delivered* d : deliveries) {
        kept.push_back(d->kept == 0 ? *next++ : d->kept);
    }
    std::vector<InboxRow> rows;
    std::vector<Fresh> all;
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        if (!deliveries[i]->unreadable.empty()) {
            batch_.unit.quarantine(kept[i], deliveries[i]->unreadable, batch_.now);
        }
        for (const Inbound& event : deliveries[i]->events) {
            rows.push_back({event.key, kept[i]});
            all.push_back({deliveries[i], &event, kept[i]});
        }
    }
    look_ahead(all);
    const std::vector<bool> is_new = batch_.unit.accept(rows, batch_.now);
    applier_.step("accepted");
    std::vector<Fresh> fresh;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (is_new[i]) {
            fresh.push_back(all[i]);
        }
    }
    return fresh;
}

// What find_messages() and find_people() begin with; that an event came before is rare.
void Deliveries::look_ahead(const std::vector<Fresh>& all) {
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
    batch_.unit.look_ahead(tokens, addresses);
}

std::vector<Deliveries::Ours> Deliveries::find_messages(const std::vector<Fresh>& fresh) {
    std::vector<Ours> found(fresh.size());
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
        const auto by_token = batch_.unit.messages_by(tokens);
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
        const auto refs = batch_.unit.messages_by(channel, pair.first);
        for (std::size_t k = 0; k < refs.size(); ++k) {
            found[pair.second[k]] = refs[k];
        }
    }
    return found;
}

void Deliveries::look_up(const std::vector<Named*>& named) {
    if (named.empty()) {
        return;
    }
    std::vector<core::Address> addresses;
    for (const Named* one : named) {
        addresses.push_back(one->address);
    }
    const auto found = batch_.unit.contacts_by(addresses);
    for (std::size_t k = 0; k < named.size(); ++k) {
        named[k]->holder = found[k];
    }
}

std::vector<Deliveries::Person> Deliveries::find_people(const std::vector<Fresh>& fresh) {
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
    std::vector<Person> people(fresh.size());
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
Deliveries::Person Deliveries::learned_person(const Inbound& event) const {
    for (const core::Address& a : event.who) {
        if (const auto at = learned_.find(a); at != learned_.end()) {
            return at->second;
        }
    }
    return std::nullopt;
}

void Deliveries::learn(ContactId contact, const core::Address& address) {
    if (!learned_.try_emplace(address, contact).second) {
        return;  // the first evidence stands
    }
    const std::vector<core::Address> known = batch_.take(contact)->contact.addresses;
    if (std::ranges::find(known, address) == known.end()) {
        batch_.decide(contact, core::AddressLearned{.now = address}, "provider");
    }
}

std::optional<core::RepId> Deliveries::rep_of(const Inbound& event) const {
    for (const core::Address& a : event.who) {
        if (const auto at = applier_.reps_by_address_.find(a);
            at != applier_.reps_by_address_.end()) {
            return at->second;
        }
    }
    return std::nullopt;
}

void Deliveries::on(const Fresh& f, const InReply& reply, const Person& person, const Ours&) {
    if (const auto rep = rep_of(*f.event)) {  // a rep's word is never taken for a contact's
        const core::Timestamp until = f.event->at + std::chrono::hours{24};
        batch_.unit.rep_wrote(*rep, f.delivery->channel, until);
        applier_.errands_.alerts = true;
        core::Timestamp& open_until = applier_.rep_states_[*rep].windows[f.delivery->channel];
        ++applier_.moves_;
        open_until = std::max(open_until, until);
        rep_says(*rep, f, reply);
        return;
    }
    if (!person) {
        batch_.unit.count_ignored("reply of a stranger", 1);
        return;
    }
    core::Replied replied{.at = f.event->at,
                          .channel = f.delivery->channel,
                          .kind = reply.kind,
                          .words = reply.words,
                          .reading = reply.reading ? reply.reading
                                                   : reading_of(applier_.plan_.replies, reply,
                                                                std::min(f.event->at, batch_.now)),
                          .confirmed_stop = reply.confirmed_stop};
    if (!f.event->who.empty()) {
        replied.from = f.event->who.front();
    }
    batch_.decide(*person, replied, "contact");
}

// A rep's tap or digit. Late, doubled or a colleague's: the rep reads how it stands, and
// nothing else happens.
void Deliveries::rep_says(const core::RepId& rep, const Fresh& f, const InReply& reply) {
    if (const auto tap = read_day_tap(applier_.tap_key_, rep, reply.button_payload)) {
        tapped_for_the_day(batch_.unit, rep, *tap);  // engine/mornings answers
        return;
    }
    std::optional<RepTap> tap = read_tap(applier_.tap_key_, rep, reply.button_payload);
    if (!tap && reply.button_payload.starts_with("wc1.")) {
        batch_.unit.count_ignored("forged tap", 1);
        return;
    }
    const auto known = applier_.plan_.reps.find(rep);
    const core::Rep who = known == applier_.plan_.reps.end() ? core::Rep{} : known->second;
    std::vector<Alert> about = batch_.unit.alerts_by(f.delivery->channel, reply.about_provider_id);
    const bool typed = !tap;
    if (typed) {
        const auto verb = read_digit(reply.words);
        if (verb && (about.empty() || !about.back().prompt)) {
            const auto last = batch_.unit.last_alert(rep);
            about.clear();
            if (last) {
                about = batch_.unit.alerts_by(f.delivery->channel, last->provider_id);
            }
            if (last && about.empty()) {
                about.push_back(*last);  // told over another way
            }
        }
        if (!verb || about.empty() || about.back().rep != rep) {
            return;
        }
        tap = RepTap{*verb, about.back().prompt, about.back().contact};
    }
    const std::string device =
        !about.empty() && !about.back().device.empty() ? about.back().device : message_device(rep);
    if (typed && about.size() > 1) {  // a digit does not say which of them
        batch_.unit.tell_rep({.rep = rep,
                              .contact = tap->contact,
                              .text = answer_to_digest(who.language),
                              .device = device},
                             batch_.now);
        return;
    }
    const SharedCase subject = batch_.take(tap->contact);  // followed through a merge
    const auto refusal = tapped(rep, *tap, *subject);
    const bool named = who.lock_screen != core::Rep::LockScreen::no_names;
    batch_.unit.tell_rep(
        {.rep = rep,
         .contact = subject->contact.id,
         .text =
             answer_to(tap->verb, named ? core::first_name(subject->contact.name) : std::string{},
                       who.language, refusal),
         .device = device},
        batch_.now);
}

std::optional<core::Refusal> Deliveries::tapped(const core::RepId& rep, const RepTap& tap,
                                                const Case& subject) {
    if (!subject.prompt || !subject.prompt->open || subject.prompt->id != tap.prompt) {
        return core::Refusal{.code = core::Refusal::Code::late};
    }
    return batch_.decide(subject.contact.id, event_of(tap.verb, rep, batch_.now), rep.value);
}

// A receipt may say that we write too fast or that the text is stopped, as the answer to a send
// may. It counts from when it is heard, unless it was under way for so long that it is about
// another hour.
void Deliveries::heed(const core::Message& message, const core::Facts& facts) {
    if (!applier_.aftermath_of_ || !facts.failed) {
        return;
    }
    core::Failure failure = *facts.failed;
    if (batch_.now - failure.at < std::chrono::minutes{10}) {
        failure.at = batch_.now;
    }
    const auto [pause, template_is] = applier_.aftermath_of_(message, failure);
    if (pause && pause->until > batch_.now) {
        applier_.slow_down(message, pause->scope, pause->until);
        applier_.refresh(batch_.now);
    }
    const core::Template* text =
        applier_.plan_.templates.find(message.template_name, message.language);
    if (template_is != core::TemplateStatus::unknown && text != nullptr) {
        applier_.note_template(batch_.unit, stopped(text->provider_name, text->provider_language,
                                                    template_is, failure.code, batch_.now));
    }
}

void Deliveries::on(const Fresh& f, const InStatus& status, const Person&, const Ours& message) {
    if (message) {
        batch_.decide(message->contact, core::DeliveryLearned{message->message, status.facts},
                      "provider", {&message->message, 1});
        const SharedCase subject = batch_.take(message->contact);
        if (const core::Message* m = core::message_in(*subject, message->message)) {
            heed(*m, status.facts);
        }
        return;
    }
    heed({.channel = f.delivery->channel}, status.facts);
    const std::vector<Alert> alerts =
        batch_.unit.alerts_by(f.delivery->channel, status.provider_id);
    if (!alerts.empty()) {
        if (status.facts.failed) {
            std::vector<AlertOutcome> outcomes;  // several: a digest told them together
            for (const Alert& alert : alerts) {
                outcomes.push_back(
                    after_failed_receipt(alert, status.facts.failed->kind, batch_.now));
            }
            batch_.unit.settle_alerts(outcomes, batch_.now);
            applier_.errands_.alerts = true;
        }
        return;
    }
    const ParkedReceipt receipt{f.delivery->channel, status.provider_id, status.facts, batch_.now};
    batch_.unit.park({&receipt, 1});
}

void Deliveries::on(const Fresh& f, const InCall& call, const Person& person, const Ours&) {
    if (!person || rep_of(*f.event)) {
        batch_.unit.count_ignored("call of a stranger", 1);
    } else if (call.stage == InCall::Stage::ringing) {
        batch_.decide(*person,
                      core::TheyCalled{f.event->at, f.delivery->channel, f.event->who.front()},
                      "contact");
    }
}

void Deliveries::on(const Fresh& f, const InEcho&, const Person& person, const Ours&) {
    if (person) {
        batch_.decide(*person, core::RepWrote{f.event->at}, "rep");
    }
}

void Deliveries::on(const Fresh& f, const InPreference& preference, const Person& person,
                    const Ours&) {
    if (person) {
        batch_.decide(
            *person, core::MarketingPreference{f.delivery->channel, preference.choice, f.event->at},
            "contact");
    }
}

void Deliveries::on(const Fresh& f, const InAddressChange& change, const Person& person,
                    const Ours&) {
    if (!person || f.event->who.empty()) {
        return;
    }
    std::vector<Address> now_at = numbers_of(change.now);
    if (change.now.kind != AddressKind::phone) {
        now_at.push_back(change.now);
    }
    const auto taken = batch_.unit.contacts_by(now_at);
    std::vector<Address> ours;
    for (std::size_t i = 0; i < now_at.size(); ++i) {
        if (!taken[i] || *taken[i] == *person) {
            ours.push_back(now_at[i]);
            learned_.try_emplace(now_at[i], *person);
        }
    }
    if (ours.size() < now_at.size()) {
        batch_.unit.count_ignored("new number belongs to another contact", 1);
    }
    const Address& old = f.event->who.front();
    // Only like replaces like: a number learned of somebody known by a user id comes beside it.
    if (change.how == core::AddressLearned::How::replaced && old.kind == change.now.kind) {
        replace(*person, old, ours);
    }
    know(*person, ours);
}

void Deliveries::know(ContactId person, const std::vector<Address>& addresses) {
    for (const Address& address : addresses) {
        batch_.decide(person, core::AddressLearned{.now = address}, "provider");
    }
}

// The old id and every way its number is written go, where there is something in their place; what
// waited for them goes to the new number. The rep hears of it once.
void Deliveries::replace(ContactId person, const Address& old, const std::vector<Address>& ours) {
    std::vector<Address> gone = numbers_of(old);
    if (!holds(gone, old)) {
        gone.push_back(old);
    }
    const auto in_place_of = [&](const Address& address) {  // of the numbers, the one to dial
        return std::ranges::find(ours, address.kind, &Address::kind);
    };
    std::erase_if(gone, [&](const Address& address) {
        return holds(ours, address) || in_place_of(address) == ours.end();
    });
    // Aliases are in the store alone: what is to go is first taken for an address like the others.
    const auto holders = batch_.unit.contacts_by(gone);
    for (std::size_t i = 0; i < gone.size(); ++i) {
        if (holders[i] == person) {
            batch_.decide(person, core::AddressLearned{.now = gone[i]}, "provider");
        }
    }
    batch_.flush();
    for (const Address& address : gone) {
        if (holds(batch_.take(person)->contact.addresses, address)) {
            batch_.decide(person,
                          core::AddressLearned{address, *in_place_of(address),
                                               core::AddressLearned::How::replaced},
                          "provider");
            know(person, ours);  // by now the rep has heard of it: the rest is no news
        }
    }
}

void Deliveries::on(const Fresh&, const InTemplate& t, const Person&, const Ours&) {
    const core::TemplateStatus status = t.status.value_or(core::TemplateStatus::unknown);
    applier_.note_template(
        batch_.unit, {t.name, t.language, status, t.category, t.quality, t.reason, batch_.now});
}

void Deliveries::on(const Fresh& f, const InAccount& account, const Person&, const Ours&) {
    batch_.unit.note_account(f.delivery->channel, account.what, batch_.now);
    using Severity = InAccount::Severity;
    if (account.severity != Severity::note) {
        const auto rest = account.severity == Severity::stop ? std::chrono::minutes{60}
                                                             : std::chrono::minutes{15};
        const core::ChannelId& channel = f.delivery->channel;
        spdlog::error(
            "channel {}: its provider says \"{}\": nothing is sent over it for {} minutes",
            channel.value, account.what, rest.count());
        applier_.channel_down(channel, batch_.now + rest, account.what);
        applier_.refresh(batch_.now);
    }
}

void Deliveries::on(const Fresh&, const InIgnored& ignored, const Person&, const Ours&) {
    batch_.unit.count_ignored(ignored.what, 1);
}

}  // namespace warmcall
