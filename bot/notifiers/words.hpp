#pragma once
// What a rep reads on the phone, in their language: the same for every way. By default a first
// name and no word of what the contact wrote.

#include <string>

#include "ports/notifier.hpp"

namespace warmcall::notifiers {

enum class Travels { encrypted, readable };  // on its way to the device, by third parties

struct Said {
    std::string title, body;
    std::string tag;         // of [a-z0-9-]: a newer one of the same tag replaces it
    std::string link;        // opens the card, or the day's list
    std::string phone;       // "+34…" of the one contact it is about; "" when there is none to call
    std::string call, open;  // what the buttons are called
    std::string language = "en";
    bool right_to_left = false;
    bool pressing = false;  // somebody waits: replied, called, was promised
    core::Duration useful_for{};
};

Said say(const Telling& telling, Travels travels);
// What a contact is called on this rep's screen: by the first name, or "A contact".
std::string name_for(const Telling& telling, const core::Case& subject);

// "I'll call now", "In 30 minutes", …: at most 20 characters, as WhatsApp has it.
std::string title_of(const Tap& tap, std::string_view language);
// "1 …, 2 …, 3 …", for a way without buttons.
std::string digits_of(std::span<const Tap> taps, std::string_view language);

// What an HTTP status means where a service has no code of its own: 2xx, 408/425/429/5xx, others.
Told told_by_status(std::string_view service, const HttpResponse& response);
// The seconds of Retry-After; a date in it is not worth reading here.
std::optional<core::Duration> retry_after(const HttpResponse& response);

}  // namespace warmcall::notifiers
