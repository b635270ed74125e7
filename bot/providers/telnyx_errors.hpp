#pragma once
// What Telnyx's error codes mean for us, as data. Read when a send is refused and when a receipt
// says it failed.
// https://developers.telnyx.com/docs/messaging/messages/error-codes

#include <array>

#include "providers/errors.hpp"

namespace warmcall {

namespace telnyx_error_words {
using enum core::FailureClass;
using enum Answer::Scope;

inline constexpr std::array table = {
    ProviderError{10001, 10001, config, sender, 0, "The number at Telnyx is inactive: check from"},
    ProviderError{10002, 10002, permanent, message, 0, "The phone number is not valid"},
    ProviderError{10007, 10007, retry, message, 0, "Telnyx had a fault it does not explain"},
    ProviderError{10009, 10009, config, account, 0, "Telnyx does not accept the api_key"},
    ProviderError{10010, 10010, config, account, 0, "The api_key may not send messages"},
    ProviderError{10011, 10011, slow_down, account, 0,
                  "The account makes more requests than Telnyx allows"},
    ProviderError{10016, 10016, permanent, message, 0,
                  "Telnyx wants numbers with a plus: this is a fault of warmcall"},
    ProviderError{40001, 40001, permanent, message, 0,
                  "The number is a landline or cannot be reached by SMS: call instead"},
    ProviderError{40002, 40002, slow_down, sender, 3600,
                  "The network takes our messages for spam at the moment"},
    ProviderError{40003, 40003, config, sender, 0,
                  "The network has blocked our number for spam: use another"},
    ProviderError{40004, 40004, retry, message, 3600,
                  "Their network refused it without saying why"},
    ProviderError{40005, 40005, permanent, message, 0,
                  "It could not be delivered while it was still fresh"},
    ProviderError{40006, 40006, retry, message, 900, "Their network is out of order"},
    ProviderError{40008, 40008, permanent, message, 0, "Their network did not take the message"},
    ProviderError{40009, 40009, permanent, message, 0,
                  "The text cannot be sent as an SMS: this is a fault of warmcall"},
    ProviderError{40010, 40010, config, sender, 0,
                  "The number is not registered for US networks (10DLC)"},
    ProviderError{40011, 40011, slow_down, sender, 0,
                  "The number sends faster than Telnyx or the network allows"},
    ProviderError{40012, 40012, permanent, message, 0,
                  "Their network does not know the number: look at it again"},
    ProviderError{40014, 40014, permanent, message, 0,
                  "It waited at Telnyx until it was not fresh any more"},
    ProviderError{40015, 40015, permanent, message, 0, "Telnyx took the message for spam"},
    ProviderError{40300, 40300, suppress, message, 0,
                  "They have answered STOP, and Telnyx holds messages back"},
    ProviderError{40301, 40301, permanent, message, 0,
                  "The number does not take this kind of message"},
    ProviderError{40302, 40302, permanent, message, 0, "The message is too long for Telnyx"},
    ProviderError{40305, 40305, config, sender, 0, "Telnyx cannot send from this: check from"},
    ProviderError{40309, 40309, permanent, message, 0,
                  "The messaging profile at Telnyx does not allow this country: add it there"},
    ProviderError{40310, 40310, permanent, message, 0, "The number cannot be written to"},
    ProviderError{40312, 40312, config, account, 0,
                  "The messaging profile at Telnyx is switched off"},
    ProviderError{40318, 40318, slow_down, sender, 60,
                  "The number has more messages waiting at Telnyx than it can send"},
    ProviderError{40319, 40319, permanent, message, 0,
                  "The number does not take this kind of message"},
    ProviderError{40322, 40322, permanent, message, 0,
                  "Telnyx does not let a text with these words through"},
    ProviderError{40333, 40333, config, account, 0,
                  "The messaging profile's daily budget at Telnyx is used up"},
};
}  // namespace telnyx_error_words

inline constexpr const auto& telnyx_errors = telnyx_error_words::table;
static_assert(in_order(telnyx_errors));

}  // namespace warmcall
