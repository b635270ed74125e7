#pragma once
// The shape of a way to a rep's phone: a pure function that turns an alert into one HTTP request
// for one device, and one that reads the answer. A way is one file in notifiers/, or one row of
// notifiers/rows.cpp, and a word in the registry.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan.hpp"
#include "ports/clock.hpp"
#include "ports/provider.hpp"
#include "ports/store.hpp"

namespace warmcall {

// One way to one rep's phone: from the configuration, or signed up by itself (Web Push).
struct Device {
    std::string id;  // "joel.ntfy" from the configuration, "push-17" of one that signed up
    core::RepId rep;
    std::string way;         // a word of the registry: "message", "web_push", …
    std::string name;        // as its rep knows it
    core::Duration after{};  // not acknowledged in this time: this device, too
    std::map<std::string, std::string> settings;  // the way's own, checked by its `check`
    std::map<std::string, Secret> secrets;
};

// The key our pushes are signed with (RFC 8292). Made once; browsers subscribe to its public half.
struct PushKey {
    Secret private_key;      // 32 bytes
    std::string public_key;  // 65 bytes, uncompressed point
    std::string subject;     // "mailto:…" or "https://…": whom a push service may write to
};

struct Tap {                // what the rep may answer by one tap
    std::string_view verb;  // "call", "snooze", "later", …: engine/taps.hpp
    std::string id;         // signed; comes back as the button's payload
};

// What is to be said, and to whom.
struct Telling {
    const core::Plan& plan;
    const core::Rep& rep;
    const Device& device;
    const Alert& alert;
    std::span<const core::Case> subjects;  // one; several: a digest; none: a trial
    std::string link;                      // "https://…/p/…": opens the card, or the day's list
    std::vector<Tap> taps;                 // none where nothing can be answered
    bool window_open = false;    // the rep wrote to the device's channel in the last 24 hours
    bool news_approved = false;  // the provider has approved the text "rep_news"
    std::optional<std::size_t> calls_today;  // the day's first message: so many people wait
    core::Timestamp now{};
};

// What it is said with.
struct Means {
    const Provider* provider = nullptr;  // of the channel, where the way goes through one
    const Account* account = nullptr;
    const PushKey* push_key = nullptr;
    std::span<const std::string> push_services;  // further origins pushes may go to
    Rng* rng = nullptr;
};

struct Told {
    enum class Kind {
        accepted,
        again,           // later, or nobody can tell
        needs_template,  // the rep's 24-hour window is closed: again, as the approved text
        refused,         // and so it would be the next time
        gone,            // the device no longer listens, and never will
    } kind = Kind::again;
    std::string provider_id;
    std::string sentence;  // for the rep: no secrets, no numbers
    std::optional<core::Duration> retry_after;
};

struct Notifier {
    std::string_view name;
    bool can_take_back = false;  // it can compose an alert with `take_back`
    // Settings and secrets the device lacks or has wrong, each a sentence that begins with the key.
    std::vector<std::string> (*check)(const Device&) = nullptr;
    // The error says what is missing, in the rep's words.
    Result<HttpRequest> (*compose)(const Telling&, const Means&) = nullptr;
    Told (*read)(const Device&, const Means&, const HttpResponse&) = nullptr;
};

// nullptr when there is none of that name.
const Notifier* find_notifier(std::string_view name);
std::vector<std::string_view> notifier_names();

}  // namespace warmcall
