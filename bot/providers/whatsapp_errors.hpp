#pragma once
// What WhatsApp's error codes mean for us, as data. Read when a send is refused and when a receipt
// says "failed".
// https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes

#include <array>

#include "providers/errors.hpp"

namespace warmcall {

using WhatsappError = ProviderError;

namespace whatsapp_error_words {
using enum core::FailureClass;
using enum Answer::Scope;
using enum core::TemplateStatus;

inline constexpr std::array table = {
    WhatsappError{0, 0, config, account, 0,
                  "WhatsApp does not accept the access_token: make a new one"},
    WhatsappError{1, 1, retry, message, 0,
                  "WhatsApp did not understand the request or had a fault of its own", unknown, 1},
    WhatsappError{2, 2, retry, message, 0, "WhatsApp is out of order for the moment"},
    WhatsappError{3, 3, config, account, 0, "The app lacks the capability to send"},
    WhatsappError{4, 4, slow_down, account, 0,
                  "The app makes more requests than WhatsApp allows it"},
    WhatsappError{10, 10, config, account, 0, "The access_token lacks the permission to send"},
    WhatsappError{33, 33, config, sender, 0,
                  "The business phone number does not exist any more: check phone_number_id"},
    WhatsappError{
        100, 100, permanent, message, 0,
        "WhatsApp found a parameter wrong: this is a fault of warmcall or of the template"},
    WhatsappError{190, 190, config, account, 0,
                  "The access_token has run out or was revoked: make a new one"},
    WhatsappError{200, 299, config, account, 0, "The access_token lacks a permission"},
    WhatsappError{368, 368, config, account, 0,
                  "WhatsApp has blocked the account for breaking its policy"},
    WhatsappError{613, 613, slow_down, sender, 0, "More calls were asked for than WhatsApp allows"},
    WhatsappError{80007, 80007, slow_down, account, 0,
                  "The WhatsApp account makes more requests than it may"},
    WhatsappError{130429, 130429, slow_down, sender, 0,
                  "The number sends faster than WhatsApp allows it"},
    WhatsappError{130472, 130472, permanent, message, 0,
                  "WhatsApp keeps marketing from this person as an experiment: use another way"},
    WhatsappError{130497, 130497, permanent, message, 0,
                  "The account may not write to people in this country"},
    WhatsappError{131000, 131000, retry, message, 0, "WhatsApp had a fault it does not explain"},
    WhatsappError{131005, 131005, config, account, 0,
                  "The access_token lacks the permission to send"},
    WhatsappError{131008, 131008, permanent, message, 0,
                  "WhatsApp misses a parameter: this is a fault of warmcall or of the template"},
    WhatsappError{131009, 131009, permanent, message, 0,
                  "WhatsApp found a value wrong: this is a fault of warmcall or of the template"},
    WhatsappError{131016, 131016, retry, message, 0,
                  "A service of WhatsApp is out of order for the moment"},
    WhatsappError{131021, 131021, permanent, message, 0,
                  "The message was addressed to the business number itself"},
    WhatsappError{131026, 131026, permanent, message, 0,
                  "Not reachable on WhatsApp: not on it, an old app, or its terms not accepted"},
    WhatsappError{131030, 131030, config, message, 0,
                  "The person is not on the list of recipients allowed to a test number"},
    WhatsappError{131031, 131031, config, account, 0, "WhatsApp has locked the account"},
    WhatsappError{131037, 131037, config, sender, 0,
                  "The display name of the business number is not approved yet"},
    WhatsappError{131042, 131042, config, account, 0,
                  "WhatsApp cannot charge for messages: look at the payment settings"},
    WhatsappError{131044, 131044, config, account, 0,
                  "WhatsApp has no way to charge for messages: add one"},
    WhatsappError{131045, 131045, config, sender, 0,
                  "The business number is not registered properly: register it again"},
    WhatsappError{131047, 131047, needs_window, message, 0,
                  "More than 24 hours since they wrote: only a template may go"},
    WhatsappError{131048, 131048, slow_down, sender, 3600,
                  "People blocked or reported this number: WhatsApp limits it, stop campaigns"},
    // Their advice is to wait a day; a well-being text is not worth sending by then, and early
    // tries are punished.
    WhatsappError{131049, 131049, permanent, message, 86400,
                  "WhatsApp chose not to deliver marketing to this person now"},
    WhatsappError{131050, 131050, suppress, message, 0,
                  "This person has stopped marketing from this number on WhatsApp"},
    WhatsappError{131051, 131051, permanent, message, 0,
                  "WhatsApp does not support this kind of message"},
    WhatsappError{131052, 131052, permanent, message, 0,
                  "WhatsApp could not fetch the file they sent"},
    WhatsappError{131053, 131053, retry, message, 0, "WhatsApp could not take the file", unknown,
                  1},
    WhatsappError{131055, 131055, permanent, message, 0,
                  "This way of sending takes marketing templates only"},
    WhatsappError{131056, 131056, slow_down, pair, 0,
                  "Too many messages to this one person in a short time"},
    WhatsappError{131057, 131057, retry, sender, 60,
                  "The business number is being maintained for a minute"},
    WhatsappError{131062, 131062, permanent, message, 0,
                  "This message needs a phone number: the person's user id will not do"},
    WhatsappError{131063, 131063, config, account, 0,
                  "Marketing is switched off for this account on the Cloud API"},
    WhatsappError{131064, 131064, config, account, 0,
                  "WhatsApp limits the account because of templates in the wrong category"},
    WhatsappError{132000, 132000, template_fault, message, 0,
                  "The template takes another number of parameters"},
    WhatsappError{132001, 132001, template_fault, message, 0,
                  "The template does not exist in this language or is not approved", disabled},
    WhatsappError{132005, 132005, template_fault, message, 0, "The filled-in template is too long"},
    WhatsappError{132007, 132008, template_fault, message, 0,
                  "The template's text breaks a rule of WhatsApp"},
    WhatsappError{132012, 132012, template_fault, message, 0,
                  "The template takes its parameters in another form"},
    WhatsappError{132015, 132015, template_fault, message, 0,
                  "WhatsApp has paused the template for low quality", paused},
    WhatsappError{132016, 132016, template_fault, message, 0,
                  "WhatsApp has disabled the template for good", disabled},
    WhatsappError{132018, 132018, template_fault, message, 0,
                  "A parameter of the template is not valid"},
    WhatsappError{132068, 132069, template_fault, message, 0,
                  "The template's form is blocked or throttled"},
    WhatsappError{133004, 133004, retry, message, 0, "WhatsApp's servers are busy"},
    WhatsappError{133010, 133010, config, sender, 0, "The business number is not registered"},
    WhatsappError{133016, 133016, config, sender, 0,
                  "The business number was registered too often: wait and register it again"},
    WhatsappError{134100, 134100, permanent, message, 0,
                  "This way of sending takes marketing templates only"},
    WhatsappError{134101, 134101, retry, message, 600,
                  "The template is still being copied: ten minutes"},
    WhatsappError{134102, 134102, template_fault, message, 0,
                  "The template cannot be used for this"},
    WhatsappError{
        135000, 135000, permanent, message, 0,
        "WhatsApp refused the message without saying which part: this is a fault of warmcall"},
    WhatsappError{137000, 137000, permanent, message, 0,
                  "The person behind the number may have changed: ask before writing again"},
    WhatsappError{138000, 138023, permanent, message, 0, "WhatsApp refused the call"},
};
}  // namespace whatsapp_error_words

inline constexpr const auto& whatsapp_errors = whatsapp_error_words::table;

static_assert(in_order(whatsapp_errors));

// nullptr for a code the table does not have.
constexpr const WhatsappError* whatsapp_error(int code) {
    return find_error(whatsapp_errors, code);
}

}  // namespace warmcall
