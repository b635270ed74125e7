#include "simulator/judge.hpp"

#include <algorithm>
#include <array>

#include "core/speech.hpp"

namespace warmcall::simulator {

namespace {

using core::Timestamp;

// Whether the plan's hours allow it, apart from the code under test: offsets written down, not
// computed, and no search for an open moment.
bool decent_there(const core::Calendar& calendar, const Person& person, Timestamp at) {
    struct Known {
        std::string_view zone, region;
        int minutes;
    };
    constexpr auto fixed =
        std::to_array<Known>({{"Asia/Kolkata", "IN", 330}, {"Asia/Dubai", "AE", 240}});
    const auto known = std::ranges::find(fixed, person.zone, &Known::zone);
    if (known == fixed.end()) {
        return true;  // zones with summer time are judged by the calendar's own tests
    }
    constexpr std::int64_t day = 24 * 60;
    const std::int64_t local = core::unix_ms(at) / 60'000 + known->minutes;
    const auto weekday =
        static_cast<std::size_t>((local / day + 3) % 7);  // 1970 began on a Thursday
    const auto& spans = calendar.rules(known->region).allowed.days[weekday];
    return std::ranges::any_of(spans, [&](const core::Span& span) {
        return span.from.minutes <= local % day && local % day < span.to.minutes;
    });
}

constexpr std::size_t large_town = 8;
constexpr auto woken_within = std::chrono::minutes{5};

void keep_recent(std::vector<Timestamp>& times, Timestamp at, core::Duration gap) {
    std::erase_if(times, [&](Timestamp t) { return t + gap <= at; });
}

}  // namespace

void Judge::violation(Timestamp at, std::string what) {
    if (report_.violations.size() < 20) {
        const auto minutes =
            std::chrono::duration_cast<std::chrono::minutes>(at.time_since_epoch()).count();
        report_.violations.push_back("at minute " + std::to_string(minutes) + ": " +
                                     std::move(what));
    }
}

void Judge::knows(const Person& person) {
    seen_[person.phone].person = person;
    phones_[person.contact] = person.phone;
}

void Judge::changed(core::ContactId contact) {
    if (const auto phone = phones_.find(contact); phone != phones_.end()) {
        changed_.insert(phone->second);
    }
}

void Judge::stop_acknowledged(const std::string& phone, Timestamp at) {
    seen_[phone].stopped = at;
}

void Judge::taken(const Sent& sent, Timestamp at) {
    const auto known = seen_.find(sent.to);
    if (known == seen_.end()) {
        return;  // a rep's phone
    }
    Seen& seen = known->second;
    const bool automatic =
        sent.template_name == "wellbeing" || sent.template_name == "call_me_back";
    if (seen.stopped && at > *seen.stopped) {  // G4: opt-out beats the queue
        if (automatic || ++seen.confirmations > 1) {
            violation(at, "something was sent after the STOP was acknowledged");
        }
    }
    if (automatic && !decent_there(plan_.calendar, seen.person, at)) {
        violation(at, "a text went out at an indecent hour");
    }
    if (sent.template_name == "wellbeing") {
        keep_recent(seen.wellbeing, at, plan_.policy.wellbeing_gap - std::chrono::hours{1});
        seen.wellbeing.push_back(at);
        if (seen.wellbeing.size() > 1 && seen.person.temper != Temper::unreachable) {
            violation(at, "the well-being text went out twice");
        }
    }
    if (sent.template_name == "call_me_back") {
        keep_recent(seen.call_me_back, at, plan_.policy.call_me_back_gap - std::chrono::hours{1});
        seen.call_me_back.push_back(at);
        if (seen.call_me_back.size() > 1) {
            violation(at, "they were asked twice in a day to call back");
        }
    }
}

void Judge::refused(const Sent&, Timestamp) {}

void Judge::one(Seen& seen, const core::Case& now, Timestamp at) {
    const std::string who = seen.person.name + ": ";
    if (now.outreach) {
        const core::Outreach& o = *now.outreach;
        if (!o.next.owner || o.next.due_at == Timestamp{} || o.wake_at == Timestamp{}) {
            violation(at, who + "no owned, dated next step (I1)");
        }
        if (o.wake_at + woken_within < at) {
            violation(at, who + "its time came and nobody looked, " +
                              std::string{core::to_string(o.phase)});
        }
        if (std::holds_alternative<core::CallDue>(o.phase) && !now.prompt) {
            violation(at, who + "a call is due and there is no prompt");
        }
        if (std::holds_alternative<core::Warming>(o.phase) &&
            o.next.due_at > at + std::chrono::days{2} && !o.promise) {
            violation(at, who + "warming without an end in sight");
        }
    }
    const bool was_live = seen.last && seen.last->outreach.has_value();
    if (was_live && !now.outreach && !seen.stopped) {
        // I7: an outreach ends by what somebody said, never by silence; the store's own record says
        // by what.
        seen.unchanged_since.reset();
    }
    if (now.outreach) {
        for (const core::Message& m : now.messages) {
            if (m.state == core::MessageState::queued && m.kind == core::MessageKind::wellbeing &&
                now.outreach->replied_at && m.round == now.outreach->round) {
                violation(at, who + "a text still waits although they answered");
            }
        }
    }
    if (seen.last && seen.last->outreach) {
        due_.erase({seen.last->outreach->wake_at, seen.person.phone});
    }
    if (now.outreach) {
        due_.insert({now.outreach->wake_at, seen.person.phone});
    }
    seen.last = now;
}

void Judge::look_at(Seen& seen, Store& store, Timestamp at) {
    const auto now = store.contact(seen.person.contact);
    if (!now || (seen.last && *now == *seen.last &&
                 !(now->outreach && now->outreach->wake_at + woken_within < at))) {
        return;
    }
    const bool ended = seen.last && seen.last->outreach && !now->outreach;
    if (ended) {
        const auto last = store.last_outreach(seen.person.contact);
        const auto* closed = last ? std::get_if<core::Closed>(&last->phase) : nullptr;
        if (closed == nullptr || closed->reason == core::CloseReason::merged) {
            violation(at, seen.person.name + ": it ended without anybody having said so (I7)");
        }
    }
    one(seen, *now, at);
}

void Judge::look(Store& store, Timestamp at) {
    if (seen_.size() <= large_town || at >= next_round_) {
        for (auto& [phone, seen] : seen_) {
            look_at(seen, store, at);
        }
        next_round_ = at + std::chrono::hours{1};
    } else {
        for (const auto& [wake_at, phone] : due_) {
            if (wake_at + woken_within >= at) {
                break;
            }
            changed_.insert(phone);
        }
        for (const std::string& phone : changed_) {
            look_at(seen_.at(phone), store, at);
        }
    }
    changed_.clear();
}

void Judge::finish(Store& store, Timestamp at) {
    next_round_ = at;
    look(store, at);
    for (auto& [phone, seen] : seen_) {
        const auto last = store.last_outreach(seen.person.contact);
        if (!last) {
            violation(at, seen.person.name + ": was never enrolled");
            continue;
        }
        const auto* closed = std::get_if<core::Closed>(&last->phase);
        if (closed == nullptr && last->next.due_at > at + std::chrono::days{40}) {
            violation(at, seen.person.name + ": the next step is out of sight");
        }
        if (seen.stopped && closed == nullptr) {
            violation(at, seen.person.name + ": said STOP and is still being called on");
        }
    }
}

}  // namespace warmcall::simulator
