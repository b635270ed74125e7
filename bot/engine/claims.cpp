// What of the queued messages may leave now: the limits, the gate once more, the claim, and the
// last look before the bytes.

#include <algorithm>
#include <set>
#include <utility>

#include "engine/apply.hpp"
#include "engine/batch.hpp"
#include "engine/compose.hpp"

namespace warmcall {

namespace {

using core::Case;

}  // namespace

void Applier::begin_limits(Unit& unit, core::Timestamp now) {
    if (limits_ != nullptr && !limits_begun_) {
        limits_->begin(unit, now);
        limits_begun_ = true;
    }
}

// Of the channels that work, at most so many messages each.
std::vector<Room> Applier::rooms(Unit& unit, core::Timestamp now, std::size_t at_most,
                                 const Places& places) {
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
        const auto place = places.find(room.channel);
        room.messages =
            std::min({room.messages, at_most, place == places.end() ? at_most : place->second});
    }
    std::erase_if(rooms, [](const Room& room) { return room.messages == 0; });
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
    const SharedCase c = batch.take(ref.contact, id);
    const core::Message* at = core::message_in(*c, ref.message);
    if (at == nullptr || at->state != core::MessageState::queued || spent.contains(at->channel)) {
        return std::nullopt;
    }
    core::Verdict verdict = core::gate(plan_, *c, *at, batch.now);
    if (verdict.go()) {
        Claimed claimed{.contact = ref.contact, .message = *at, .token = token};
        Result<Outbound> outbound = compose(plan_, *c, *at, token);
        if (!outbound) {
            verdict = {.code = core::GateCode::template_unfit,
                       .sentence = outbound.error().message};
        } else {
            claimed.outbound = std::move(*outbound);
            auto hindered = hindrance(batch, *c, claimed, spent);
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
    store_.transact([&](Unit& unit) { claimed = claim(unit, now, tokens, lease); });
    step("claim committed");
    return claimed;
}

std::vector<Claimed> Applier::claim(Unit& unit, core::Timestamp now, std::span<const Token> tokens,
                                    core::Duration lease, const Places& places) {
    std::vector<Claimed> claimed;
    begin_limits(unit, now);
    const std::vector<Room> room = rooms(unit, now, tokens.size(), places);
    if (room.empty()) {
        return claimed;
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
    return claimed;
}

bool Applier::may_leave(const Claimed& claimed, core::Duration budget) {
    const core::Timestamp now = clock_.now();
    refresh(now);
    bool go = false;
    store_.transact([&](Unit& unit) { go = may_leave(unit, now, claimed, budget); });
    return go;
}

bool Applier::may_leave(Unit& unit, core::Timestamp now, const Claimed& claimed,
                        core::Duration budget) {
    now = std::max(now, clock_.now());  // the batch may have waited for the store
    Batch batch{*this, unit, now};
    const std::span<const core::MessageId> id{&claimed.message.id, 1};
    const SharedCase c = batch.take(claimed.contact, id);
    const core::Message* at = core::message_in(*c, claimed.message.id);
    const auto claim = unit.claim_of(claimed.message.id);
    const bool ours = at != nullptr && at->state == core::MessageState::claimed && claim &&
                      claim->token == claimed.token;
    if (!ours) {
        return false;  // whoever holds it now settles it
    }
    if (claim->lease_until < now + budget) {  // too late to be sure of the end; nothing of it has
                                              // left, so it may be claimed again
        batch.decide(claimed.contact,
                     core::SendSettled{.message = claimed.message.id,
                                       .how = core::SendSettled::How::not_sent,
                                       .again_at = now},
                     "warmcall", id);
        batch.flush();
        return false;
    }
    const core::Verdict verdict = core::gate(plan_, *c, *at, now);
    if (!verdict.go()) {
        batch.decide(claimed.contact, core::GateRefused{claimed.message.id, verdict}, "warmcall",
                     id);
        batch.flush();
    }
    return verdict.go();
}

}  // namespace warmcall
