#include "engine/batch.hpp"

#include <algorithm>
#include <utility>

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
        const core::Message* was = core::message_in(before, m.id);
        return !m.id || was == nullptr || *was != m;
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

bool has_all(const Case& c, std::span<const core::MessageId> messages) {
    return std::ranges::all_of(
        messages, [&](core::MessageId id) { return core::message_in(c, id) != nullptr; });
}

// With the other's messages as well.
SharedCase joined(const SharedCase& c, const Case& other) {
    Case both = *c;
    for (const core::Message& m : other.messages) {
        if (core::message_in(both, m.id) == nullptr) {
            both.messages.push_back(m);
        }
    }
    return std::make_shared<const Case>(std::move(both));
}

std::vector<core::MessageId> messages_of(const core::Event& event) {
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

}  // namespace

Batch::Open& Batch::opened(ContactId contact, std::span<const core::MessageId> messages) {
    const auto known = open_.find(contact);
    if (known != open_.end() && has_all(*known->second.after, messages)) {
        return known->second;
    }
    if (known != open_.end()) {
        flush();
    }
    std::vector<Wanted> wanted{{contact, std::nullopt}};
    for (const core::MessageId message : messages) {
        wanted.push_back({contact, message});
    }
    load(wanted);
    return open_.at(contact);
}

void Batch::load(std::span<const Wanted> wanted) {
    std::vector<Wanted> missing;
    for (const Wanted& w : wanted) {
        const auto known = open_.find(w.contact);
        if (known == open_.end() ||
            (w.message && !has_all(*known->second.before, {&*w.message, 1}))) {
            missing.push_back(w);
        }
    }
    if (missing.empty()) {
        return;
    }
    const std::vector<SharedCase> cases = unit.load(missing);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const ContactId id = missing[i].contact;
        const auto [at, fresh] = open_.try_emplace(id);
        Open& o = at->second;
        if (fresh) {
            o.before = o.after = cases[i];
            order_.push_back(id);
        } else {
            const bool undecided = o.after == o.before;
            o.before = joined(o.before, *cases[i]);
            o.after = undecided ? o.before : joined(o.after, *cases[i]);
        }
    }
}

void Batch::load_all(std::span<const MessageRef> refs) {
    std::vector<Wanted> wanted;
    for (const MessageRef& ref : refs) {
        wanted.push_back({ref.contact, ref.message});
    }
    load(wanted);
}

SharedCase Batch::take(ContactId contact, std::span<const core::MessageId> messages) {
    return opened(contact, messages).after;
}

std::optional<core::Refusal> Batch::decide(ContactId contact, const core::Event& event,
                                           std::string_view actor,
                                           std::span<const core::MessageId> messages) {
    Open* o = &opened(contact, messages);
    if (closed_something(*o->after)) {
        flush();
        o = &opened(contact, messages);
    }
    core::Transition t = core::decide(applier_.plan_, *o->after, event, now);
    if (t.refusal) {
        return std::move(t.refusal);
    }
    o->after = std::make_shared<const Case>(std::move(t.next));
    std::ranges::move(t.effects, std::back_inserter(o->effects));
    o->actor = actor;
    return std::nullopt;
}

void Batch::flush() {
    std::vector<Change> changes;
    changes.reserve(order_.size());
    for (const ContactId id : order_) {
        const Open& o = open_.at(id);
        if ((o.before != o.after && *o.before != *o.after) || !o.effects.empty()) {
            changes.push_back({o.before.get(), o.after.get(), o.effects, o.actor});
            applier_.note_write(id);
            Errands& left = applier_.errands_;
            left.texts = left.texts || leaves_texts(*o.before, *o.after);
            left.alerts = left.alerts || leaves_alerts(*o.before, *o.after, o.effects);
        }
    }
    applier_.step("decided");
    if (!changes.empty()) {
        unit.save(changes, now);
    }
    applier_.step("saved");
    open_.clear();
    order_.clear();
}

void Batch::load_for(std::span<const Work> works) {
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

// A send that ended without reaching anybody lets its message go again, once: told twice, or after
// another gateway found out by itself, it must not end a send that began since.
bool Batch::is_of_another_send(const Happened& h) const {
    const auto* settled = std::get_if<core::SendSettled>(&h.event);
    if (!h.claim || settled == nullptr || !settled->again_at) {
        return false;
    }
    const auto held = unit.claim_of(settled->message);
    return !held || held->token != *h.claim;
}

Outcome Batch::happen(const Happened& h) {
    const std::vector<core::MessageId> messages = messages_of(h.event);
    if (is_of_another_send(h)) {
        return {.after = take(h.contact, messages)};
    }
    Outcome outcome{.refusal = decide(h.contact, h.event, h.actor, messages)};
    outcome.after = open_.at(h.contact).after;
    const auto* settled = std::get_if<core::SendSettled>(&h.event);
    if (settled != nullptr && !settled->facts.provider_id.empty()) {
        join_parked(h.contact, *settled);
    }
    return outcome;
}

// Receipts that were quicker than the answer to our send.
void Batch::join_parked(ContactId contact, const core::SendSettled& settled) {
    const SharedCase c = open_.at(contact).after;
    const core::Message* m = core::message_in(*c, settled.message);
    if (m == nullptr) {
        return;
    }
    for (const ParkedReceipt& receipt : unit.unpark(m->channel, settled.facts.provider_id)) {
        decide(contact, core::DeliveryLearned{settled.message, receipt.facts}, "provider",
               {&settled.message, 1});
    }
}

}  // namespace warmcall
