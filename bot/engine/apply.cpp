#include "engine/apply.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/phone.hpp"
#include "engine/batch.hpp"
#include "engine/deliveries.hpp"
#include "engine/recovery.hpp"
#include "support/crypto.hpp"

namespace warmcall {

namespace {

using core::Case;
using core::ContactId;

// A rep's number in every way a provider may write it: WhatsApp keeps a 1 in Mexico's, and leaves
// the 9 out of Brazil's.
std::vector<std::string> written_as(const std::string& phone) {
    if (phone.size() < 2) {
        return {};
    }
    std::vector<std::string> all{phone};
    if (const auto read = core::read_phone(phone, "")) {
        all.insert(all.end(), read->aliases.begin(), read->aliases.end());
    }
    return all;
}

}  // namespace

std::optional<core::Reading> reading_of(const core::ReplyWords& words, const InReply& reply,
                                        core::Timestamp at) {
    const bool written =
        reply.kind == core::ReplyKind::text || reply.kind == core::ReplyKind::button;
    const std::string& theirs = written ? reply.words : reply.caption;  // "sent a photo" is ours
    return theirs.empty() ? std::nullopt : std::optional{core::read_reply(words, theirs, at)};
}

void read_replies(const core::ReplyWords& words, std::vector<Inbound>& events,
                  core::Timestamp received_at) {
    for (Inbound& event : events) {
        if (auto* reply = std::get_if<InReply>(&event.what)) {
            reply->reading = reading_of(words, *reply, std::min(event.at, received_at));
        }
    }
}

bool take(core::TemplateBook& book, const StoredTemplate& said) {
    const std::string key = said.provider_name + "/" + said.language;
    bool moved = false;
    if (said.status != core::TemplateStatus::unknown) {
        core::TemplateStatus& status = book.status[key];
        moved = std::exchange(status, said.status) != said.status;
    }
    if (said.category == "MARKETING" || said.category == "UTILITY") {
        const core::Category is =
            said.category == "MARKETING" ? core::Category::marketing : core::Category::utility;
        const auto [at, fresh] = book.category.try_emplace(key, is);
        moved = moved || fresh || at->second != is;
        at->second = is;
    }
    return moved;
}

void take(core::Plan& plan, const PlanNews& news) {
    plan.channels = news.channels;
    plan.templates.status = news.status;
    plan.templates.category = news.category;
    for (const auto& [id, until] : news.away_until) {
        if (const auto rep = plan.reps.find(id); rep != plan.reps.end()) {
            rep->second.away_until = until;
        }
    }
    plan.unknown_until = news.unknown_until;
}

StoredTemplate stopped(std::string provider_name, std::string language, core::TemplateStatus status,
                       int code, core::Timestamp now) {
    std::ranges::replace(language, '-', '_');
    return {.provider_name = std::move(provider_name),
            .language = std::move(language),
            .status = status,
            .reason = "error " + std::to_string(code),
            .at = now};
}

Applier::Applier(Store& store, core::Plan plan, Clock& clock)
    : store_{store}, plan_{std::move(plan)}, clock_{clock} {
    for (const auto& [id, rep] : plan_.reps) {
        for (const std::string& number : written_as(rep.phone)) {
            reps_by_address_[{core::AddressKind::phone, number}] = id;
            reps_by_address_[{core::AddressKind::whatsapp, number.substr(1)}] = id;
        }
    }
    plan_.unknown_until = unknown_until(store_);
    learn(read_others(store_));
}

Learned Applier::read_others(Store& store) const {
    Learned learned{.as_of = moves_};
    learned.templates = store.templates();
    learned.reps = store.rep_states();
    return learned;
}

void Applier::learn(const Learned& learned) {
    if (learned.as_of != moves_) {
        return;  // it may be older than what is known here; the next look comes in a second
    }
    bool moved = false;
    for (const StoredTemplate& t : learned.templates) {
        moved = take(plan_.templates, t) || moved;
    }
    rep_states_ = learned.reps;
    for (const auto& [id, state] : rep_states_) {
        if (const auto rep = plan_.reps.find(id); rep != plan_.reps.end()) {
            moved = moved || rep->second.away_until != state.away_until;
            rep->second.away_until = state.away_until;
        }
    }
    moves_ += moved ? 1 : 0;
}

void Applier::learn_templates() {
    for (const StoredTemplate& t : store_.templates()) {
        take(plan_.templates, t);
    }
    ++moves_;
}

void Applier::note_template(Unit& unit, const StoredTemplate& said) {
    unit.note_template(said);
    take(plan_.templates, said);
    ++moves_;
}

void Applier::channel_down(const core::ChannelId& channel, core::Timestamp until,
                           std::string_view said) {
    core::Timestamp& down = down_until_[channel];
    down = std::max(down, until);
    if (!said.empty()) {
        said_[channel] = said;
    }
    if (limits_ != nullptr) {
        limits_->rest(channel, until);
    }
    ++moves_;
}

std::shared_ptr<const PlanNews> Applier::take_plan_news() {
    if (std::exchange(told_, moves_.load()) == moves_) {
        return nullptr;
    }
    auto news = std::make_shared<PlanNews>();
    news->channels = plan_.channels;
    for (core::Channel& channel : news->channels) {
        channel.room_at.reset();  // of this moment only
    }
    news->said = said_;
    news->status = plan_.templates.status;
    news->category = plan_.templates.category;
    for (const auto& [id, rep] : plan_.reps) {
        news->away_until[id] = rep.away_until;
    }
    news->unknown_until = plan_.unknown_until;
    return news;
}

void Applier::refresh(core::Timestamp now) {
    for (core::Channel& channel : plan_.channels) {
        const auto down = down_until_.find(channel.id);
        const bool works = down == down_until_.end() || now >= down->second;
        const auto back_at = works ? std::nullopt : std::optional{down->second};
        if (channel.working != works || channel.back_at != back_at) {
            ++moves_;
        }
        channel.working = works;
        channel.back_at = back_at;
        channel.room_at.reset();
        if (works) {
            said_.erase(channel.id);
        }
    }
}

void Applier::remember(const RepAway& away) {
    rep_states_[away.rep].away_until = away.until;
    if (const auto rep = plan_.reps.find(away.rep); rep != plan_.reps.end()) {
        rep->second.away_until = away.until;
    }
    ++moves_;
}

void Applier::run(std::vector<Work>& works, std::vector<Outcome>& outcomes) {
    const core::Timestamp now = clock_.now();
    refresh(now);
    const std::uint64_t moves = moves_;
    store_.transact([&](Unit& unit) {
        Batch batch{*this, unit, now};
        Deliveries webhooks{*this, batch};
        std::vector<const Delivered*> deliveries;
        const auto deliver = [&] {
            if (!deliveries.empty()) {
                webhooks.deliver(deliveries);
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
            } else if (const auto* write = std::get_if<Write>(&works[i])) {
                batch.flush();
                errands_ = Errands::all();  // nobody but the write itself knows
                (*write)(unit, now);
            }
        }
        deliver();
        batch.flush();
        for (const bool counts : {false, true}) {
            for (const Work& work : works) {
                const auto* look = std::get_if<Look>(&work);
                if (look != nullptr && look->counts == counts) {
                    look->at(unit, now);
                }
            }
        }
    });
    if (moves_ != moves) {
        ++moves_;  // who read what is stored before the commit has read what was
    }
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
    // With whoever else writes to the store: alone it gets its turn sooner or later.
    const int tries_max = works.size() > 1 ? 3 : 20;
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
            // Counted now and then only, unless others stand in it as well.
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
            const SharedCase before = batch.take(contact);
            batch.decide(contact, core::Woke{}, "warmcall");
            take_turn(*before, *batch.take(contact), now);
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
        unit.drop_answers(now);
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

namespace {

constexpr core::Duration lease_max = std::chrono::minutes{2};

// When the present send was claimed: a message keeps the time of its first claim only.
std::optional<core::Timestamp> began(const core::Message& message, const Claim& claim) {
    const auto& first = message.facts.claimed;
    return first ? std::optional{std::max(*first, time_of(claim.token))} : std::nullopt;
}

}  // namespace

std::vector<Unsettled> Applier::unsettled(const core::ChannelId& channel, core::Timestamp since,
                                          std::size_t limit) {
    std::vector<Unsettled> found;
    store_.transact([&](Unit& unit) {
        found.clear();
        std::vector<Wanted> wanted;
        for (const MessageRef& ref : unit.unsettled(channel, since, limit)) {
            wanted.push_back({ref.contact, ref.message});
        }
        for (const SharedCase& c : unit.load(wanted)) {
            const core::MessageId id = *wanted[found.size()].message;
            const core::Message* m = core::message_in(*c, id);
            const auto claim = unit.claim_of(id);
            Unsettled& one =
                found.emplace_back(Unsettled{.contact = c->contact.id, .message = id, .send = {}});
            if (m == nullptr || !claim) {
                continue;
            }
            one.send.message.token = claim->token;
            one.send.message.to = m->to;
            one.send.message.text = claim->text;
            one.send.from = began(*m, *claim).value_or(since);
            one.send.until = m->facts.unknown.value_or(one.send.from);
            if (one.send.until < one.send.from) {  // it was unknown before, and went again
                one.send.until = one.send.from + lease_max;
            }
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

}  // namespace warmcall
