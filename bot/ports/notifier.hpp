#pragma once
// The shape of a way to a rep's phone: a pure function that turns an alert into one HTTP request,
// and one that reads the answer. A way is one file in notifiers/ and one word in its registry.

#include <string>
#include <string_view>

#include "core/plan.hpp"
#include "ports/provider.hpp"
#include "ports/store.hpp"

namespace warmcall {

struct AlertToSend {
    const core::Rep& rep;
    const core::Case& subject;  // the contact the alert is about
    const Alert& alert;
    std::string link;          // "https://…/p/…"
    bool window_open = false;  // the rep wrote to the channel in the last 24 hours
};

struct Notifier {
    std::string_view name;
    // The text in the rep's words, ready for the provider; the error says what is missing.
    Result<Outbound> (*compose)(const core::Plan&, const AlertToSend&) = nullptr;
};

const Notifier* find_notifier(std::string_view name);

}  // namespace warmcall
