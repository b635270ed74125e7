#pragma once
// What the error codes of Vonage's Messages API mean for us, as data. Read when a send is refused
// and when a receipt says it was rejected or could not be delivered.
// https://developer.vonage.com/en/api-errors/messages

#include <array>

#include "providers/errors.hpp"

namespace warmcall {

namespace vonage_error_words {
using enum core::FailureClass;
using enum Answer::Scope;

inline constexpr std::array table = {
    ProviderError{1000, 1000, slow_down, account, 0, "The account sends faster than Vonage allows"},
    ProviderError{1010, 1021, permanent, message, 0,
                  "Vonage found a parameter wrong: this is a fault of warmcall"},
    ProviderError{1022, 1022, template_fault, message, 0,
                  "The template does not exist in this language or takes other parameters"},
    ProviderError{1030, 1030, retry, message, 0, "Vonage had a fault of its own"},
    ProviderError{1040, 1040, permanent, message, 0,
                  "Vonage could not make sense of the message: this is a fault of warmcall"},
    ProviderError{1050, 1050, permanent, message, 0, "The number is barred at Vonage"},
    ProviderError{1060, 1060, config, account, 0, "The account at Vonage is barred"},
    ProviderError{1070, 1070, config, account, 0, "The account at Vonage has no credit left"},
    ProviderError{1080, 1080, config, account, 0, "The account at Vonage may not use this API"},
    ProviderError{1090, 1090, permanent, message, 0, "The message is too long for Vonage"},
    ProviderError{1100, 1100, retry, message, 0, "Vonage could not reach the network"},
    ProviderError{1110, 1110, config, account, 0, "Vonage does not accept our signature"},
    ProviderError{1120, 1120, config, sender, 0, "Vonage cannot send from this: check from"},
    ProviderError{1160, 1160, config, message, 0,
                  "A trial account writes only to numbers on Vonage's list of test numbers"},
    ProviderError{1170, 1170, permanent, message, 0, "The phone number is not valid"},
    ProviderError{1180, 1180, retry, message, 10'800,
                  "The phone could not be reached: off, or without a network"},
    ProviderError{1190, 1190, permanent, message, 0, "The number is not in use any more"},
    ProviderError{1200, 1200, retry, message, 0, "The network had a fault of its own"},
    ProviderError{1210, 1210, permanent, message, 0,
                  "The network filtered the message out as unwanted"},
    ProviderError{1220, 1220, retry, message, 900, "Their phone was busy at that moment"},
    ProviderError{1230, 1230, retry, message, 900, "The network had a fault of its own"},
    ProviderError{1240, 1240, suppress, message, 0,
                  "They have asked for no more messages, or the number may not be written to"},
    ProviderError{1241, 1241, slow_down, pair, 0, "Too many messages to this one person"},
    ProviderError{1250, 1250, permanent, message, 0, "Vonage has no way to this number"},
    ProviderError{1260, 1260, permanent, message, 0, "The number cannot be reached"},
    ProviderError{1270, 1280, permanent, message, 0,
                  "Their network or their contract blocks messages from us"},
    ProviderError{1290, 1290, permanent, message, 0, "Their prepaid credit is used up"},
    ProviderError{1300, 1310, permanent, message, 0,
                  "Their number or phone cannot take this kind of message"},
    ProviderError{1340, 1340, needs_window, message, 0,
                  "More than 24 hours since they wrote: only a template may go"},
    ProviderError{1360, 1360, permanent, message, 0,
                  "It could not be delivered while it was still fresh"},
    ProviderError{1370, 1370, config, account, 0, "The credentials at Vonage have run out"},
    ProviderError{1420, 1420, config, sender, 0, "Vonage cannot send from this: check from"},
    ProviderError{1430, 1430, permanent, message, 0, "The number cannot be written to"},
    ProviderError{1460, 1460, slow_down, account, 3600,
                  "The account's daily number of messages at Vonage is used up"},
    ProviderError{131026, 131026, permanent, message, 0, "Not reachable on WhatsApp"},
};
}  // namespace vonage_error_words

inline constexpr const auto& vonage_errors = vonage_error_words::table;
static_assert(in_order(vonage_errors));

}  // namespace warmcall
