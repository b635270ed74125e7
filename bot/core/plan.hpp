#pragma once
// What decide() and gate() go by, as values: cadences, calendar, templates, reply words, reps,
// channels, policy.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/cadence.hpp"
#include "core/calendar.hpp"
#include "core/contact.hpp"
#include "core/replies.hpp"
#include "core/template.hpp"

namespace warmcall::core {

struct Rep {
    RepId id;
    std::string name;
    std::string zone;  // IANA
    std::string language = "en";
    WeekHours hours;  // when their phone may ring
    RepId stand_in;   // none: empty
    RepId lead;
    std::string phone;  // E.164; prompts go there over `channel`
    ChannelId channel;  // empty: no message to the phone, the console only
    std::optional<Timestamp> away_until;
    // What of a contact may be read over the rep's shoulder; `quote` only where it travels
    // encrypted.
    enum class LockScreen { first_name, no_names, quote } lock_screen = LockScreen::first_name;
};

struct Channel {
    ChannelId id;
    std::string provider;
    Medium medium = Medium::whatsapp;
    bool working = true;  // false while its circuit is open or its account is stopped
    int cost = 1;         // among ways that are as good otherwise the cheaper one is taken
    std::optional<Timestamp> back_at;  // while not working: when it is tried again
    // As many texts wait for it as it can send soon: when the next one may be planned.
    std::optional<Timestamp> room_at;

    bool works(Timestamp now) const { return working || (back_at && *back_at <= now); }
};

struct Policy {
    Duration unknown_wait =
        std::chrono::minutes{30};  // how long a receipt may settle a send we cannot tell about
    Duration acknowledged_for =
        std::chrono::hours{1};  // a prompt that was seen and not acted on comes back
    Duration whatsapp_recheck = std::chrono::days{30};    // "not on WhatsApp" is believed this long
    Duration debounce = std::chrono::seconds{20};         // a burst of bubbles is one prompt
    Duration call_length_max = std::chrono::minutes{10};  // on_call turns into wrap_up
    Duration prompt_lease = std::chrono::minutes{10};
    Duration ladder_gap = std::chrono::minutes{15};  // not acknowledged: the next one is told
    Duration window_margin =
        std::chrono::minutes{3};  // the 24-hour window counts as closed this early
    Duration wellbeing_gap = std::chrono::days{7};  // at most one well-being text in this time
    Duration call_me_back_gap = std::chrono::hours{24};
    Duration wrap_up_reminder = std::chrono::minutes{30};
};

struct Plan {
    std::map<std::string, Cadence> cadences;
    Calendar calendar;
    TemplateBook templates;
    ReplyWords replies;
    std::map<RepId, Rep> reps;
    std::vector<Channel> channels;  // in order of preference
    Policy policy;
    std::string company;  // how the sender is called in texts; may be empty
    // A backup was put back: who was written to shortly before this moment, nobody can tell.
    std::optional<Timestamp> unknown_until;

    // Who works with this rep's contacts: the rep, or a lead, or whoever comes first, when the
    // configuration has nobody of that name any more. Null: it has no reps.
    const Rep* rep_for(const RepId& owner) const;
};

}  // namespace warmcall::core
