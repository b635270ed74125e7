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

bool has_all(const Case& c, std::span<const core::MessageId> messages) {
    return std::ranges::all_of(messages, [&](core::MessageId id) {
        return std::ranges::find(c.messages, id, &core::Message::id) != c.messages.end();
    });
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
    if (known != open_.end() && has_all(known->second.after, messages)) {
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
        const auto [at, fresh] = open_.try_emplace(id);
        if (fresh) {
            at->second.before = std::move(cases[i]);
            at->second.after = at->second.before;
            order_.push_back(id);
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

void Batch::load_all(std::span<const MessageRef> refs) {
    std::vector<Wanted> wanted;
    for (const MessageRef& ref : refs) {
        wanted.push_back({ref.contact, ref.message});
    }
    load(wanted);
}

const Case& Batch::take(ContactId contact, std::span<const core::MessageId> messages) {
    return opened(contact, messages).after;
}

std::optional<core::Refusal> Batch::decide(ContactId contact, const core::Event& event,
                                           std::string_view actor,
                                           std::span<const core::MessageId> messages) {
    Open* o = &opened(contact, messages);
    if (closed_something(o->after)) {
        flush();
        o = &opened(contact, messages);
    }
    core::Transition t = core::decide(applier_.plan_, o->after, event, now);
    if (t.refusal) {
        return std::move(t.refusal);
    }
    o->after = std::move(t.next);
    std::ranges::move(t.effects, std::back_inserter(o->effects));
    o->actor = actor;
    return std::nullopt;
}

void Batch::flush() {
    std::vector<Change> changes;
    changes.reserve(order_.size());
    for (const ContactId id : order_) {
        const Open& o = open_.at(id);
        if (o.before != o.after || !o.effects.empty()) {
            changes.push_back({&o.before, &o.after, o.effects, o.actor});
            applier_.note_write(id);
            Errands& left = applier_.errands_;
            left.texts = left.texts || leaves_texts(o.before, o.after);
            left.alerts = left.alerts || leaves_alerts(o.before, o.after, o.effects);
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

Outcome Batch::happen(const Happened& h) {
    const std::vector<core::MessageId> messages = messages_of(h.event);
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
    const Case& c = open_.at(contact).after;
    const auto m = std::ranges::find(c.messages, settled.message, &core::Message::id);
    if (m == c.messages.end()) {
        return;
    }
    for (const ParkedReceipt& receipt : unit.unpark(m->channel, settled.facts.provider_id)) {
        decide(contact, core::DeliveryLearned{settled.message, receipt.facts}, "provider",
               {&settled.message, 1});
    }
}

}  // namespace warmcall
