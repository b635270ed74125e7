#include "sandbox/whatsapp/refusals.hpp"

#include <algorithm>
#include <array>

namespace warmcall::sandbox {

namespace {

struct Known {
    int code;
    int status;
    std::string_view title;
    std::string_view details;  // what statuses[].errors says
};

constexpr std::string_view undelivered =
    "Message failed to send because of the state of the recipient or of your account.";

constexpr std::array known{
    Known{0, 401, "AuthException", undelivered},
    Known{1, 400, "API Unknown", undelivered},
    Known{2, 503, "API Service", "Temporary outage or overload."},
    Known{3, 500, "API Method", "Capability or permission issue."},
    Known{4, 400, "API Too Many Calls", "The app has reached its API call rate limit."},
    Known{10, 403, "Permission Denied", "Permission is either not granted or has been removed."},
    Known{33, 400, "Parameter value is not valid", "The business phone number has been deleted."},
    Known{100, 400, "Invalid parameter", "One or more parameters are unsupported or misspelled."},
    Known{190, 401, "Access token has expired", "The access token has expired."},
    Known{200, 403, "API Permission", "Permission is either not granted or has been removed."},
    Known{368, 403, "Temporarily blocked for policies violations",
          "The account has been restricted from messaging for violating a policy."},
    Known{80007, 400, "Rate limit issues", "The WhatsApp Business Account has hit a rate limit."},
    Known{130429, 429, "Rate limit hit", "Cloud API message throughput has been reached."},
    Known{130472, 400, "User's number is part of an experiment",
          "Failed to send message because this user's phone number is part of an experiment"},
    Known{130497, 403, "Business account is restricted from messaging users in this country.",
          "Business account is restricted from messaging users in this country."},
    Known{131000, 500, "Something went wrong", "Message failed to send due to an unknown error."},
    Known{131005, 403, "Access denied", "Permission is either not granted or has been removed."},
    Known{131008, 400, "Required parameter is missing", "The request is missing a parameter."},
    Known{131009, 400, "Parameter value is not valid", "One or more values are invalid."},
    Known{131016, 500, "Service unavailable", "A service is temporarily unavailable."},
    Known{131021, 400, "Recipient cannot be sender", "Sender and recipient are the same."},
    Known{131026, 400, "Message undeliverable", "Message Undeliverable."},
    Known{131030, 400, "Recipient phone number not in allowed list",
          "Recipient phone number not in allowed list: Add recipient phone number to recipient "
          "list and try again."},
    Known{131031, 403, "Business Account locked", "The business account has been locked."},
    Known{131037, 400, "Display name approval needed",
          "The business phone number needs an approved display name."},
    Known{131042, 400, "Business eligibility payment issue",
          "Message failed to send because of an error related to your payment method."},
    Known{131044, 400, "Business eligibility payment issue", "Payment account is missing."},
    Known{131045, 500, "Incorrect certificate",
          "Message failed to send due to a phone number registration error."},
    Known{131047, 400, "Re-engagement message",
          "Message failed to send because more than 24 hours have passed since the customer last "
          "replied to this number."},
    Known{131048, 400, "Spam rate limit hit",
          "Message failed to send because there are restrictions on how many messages can be sent "
          "from this phone number."},
    Known{131049, 400, "This message was not delivered to maintain healthy ecosystem engagement.",
          "In order to maintain a healthy ecosystem engagement, the message failed to be "
          "delivered."},
    Known{131050, 400,
          "Unable to deliver the message. This recipient has chosen to stop receiving marketing "
          "messages on WhatsApp from your business",
          "The recipient has chosen to stop receiving marketing messages from your business."},
    Known{131051, 400, "Unsupported message type", "Message type is not currently supported"},
    Known{131052, 400, "Media download error", "Unable to download the media sent by the user."},
    Known{131053, 400, "Media upload error", "Unable to upload the media used in the message."},
    Known{131056, 400, "(Business Account, Consumer Account) pair rate limit hit",
          "Message failed to send because there were too many messages sent from this phone number "
          "to the same phone number in a short period of time."},
    Known{131057, 500, "Account in maintenance mode", "Business account is in maintenance mode"},
    Known{131062, 400,
          "Business-scoped User ID (BSUID) recipients are not supported for this "
          "message.",
          "Use a phone number."},
    Known{132000, 400, "Number of parameters does not match the expected number of params",
          "The number of parameters does not match the template."},
    Known{132001, 404, "Template name does not exist in the translation",
          "The template does not exist in the specified language or is not approved."},
    Known{132005, 400, "Translated text too long", "Translated text is too long."},
    Known{132007, 400, "Template content violates WhatsApp policy",
          "Template content violates a WhatsApp policy."},
    Known{132008, 400, "Parameter value is not valid", "Template parameter values are invalid."},
    Known{132012, 400, "Parameter format does not match format in the created template",
          "Variable parameter values are formatted incorrectly."},
    Known{132015, 400, "Template is Paused",
          "Template is paused due to low quality so it cannot be sent in a template message."},
    Known{132016, 400, "Template is Disabled",
          "Template has been paused too many times due to low quality and is now permanently "
          "disabled."},
    Known{132018, 400, "There is an issue with the parameters in your template",
          "A parameter of the template is not valid."},
    Known{133004, 503, "Server Temporarily Unavailable", "Server is temporarily unavailable."},
    Known{133010, 400, "Phone number not registered",
          "The phone number is not registered on the WhatsApp Business Platform."},
    Known{134101, 400, "Template is still being synchronised", "Try again in ten minutes."},
    Known{134102, 500, "Template is not usable", "The template cannot be used."},
    Known{135000, 400, "Generic user error",
          "Message failed to send because of an unknown error with your request parameters."},
    Known{137000, 400, "Identity key hash does not match", "The identity of the user changed."},
    Known{138006, 400, "No approved call permission from the recipient",
          "The user has not granted permission to be called."},
};

const Known& look_up(int code) {
    static constexpr Known other{-1, 400, "Something went wrong", undelivered};
    const auto found = std::ranges::find(known, code, &Known::code);
    return found == known.end() ? other : *found;
}

}  // namespace

std::string to_wire(const Json& payload) {
    const std::string plain = payload.dump(-1, ' ', true);
    std::string wire;
    wire.reserve(plain.size() + plain.size() / 16);
    for (const char c : plain) {
        if (c == '/')
            wire += '\\';
        wire += c;
    }
    return wire;
}

std::string signature(const Secret& app_secret, std::string_view body) {
    return "sha256=" + hmac_sha256_hex(app_secret, body);
}

int http_status(const Refusal& refusal) {
    return refusal.status != 0 ? refusal.status : look_up(refusal.code).status;
}

std::string title(int code) {
    return std::string{look_up(code).title};
}

HttpResponse answer(const Refusal& refusal, std::string_view trace) {
    const std::string& own = refusal.message;
    Json error{{"message", "(#" + std::to_string(refusal.code) + ") " +
                               (own.empty() ? title(refusal.code) : own)},
               {"type", "OAuthException"},
               {"code", refusal.code}};
    if (refusal.code == 190)  // the one text of Graph's that carries no number
        error["message"] =
            own.empty() ? "Invalid OAuth access token - Cannot parse access token" : own;
    if (!refusal.details.empty())
        error["error_data"] = Json{{"messaging_product", "whatsapp"}, {"details", refusal.details}};
    error["fbtrace_id"] = trace;
    return json_answer(http_status(refusal), Json{{"error", error}});
}

Json status_error(int code) {
    const Known& entry = look_up(code);
    return Json{{"code", code},
                {"title", entry.title},
                {"message", entry.title},
                {"error_data", Json{{"details", entry.details}}},
                {"href",
                 "https://developers.facebook.com/documentation/business-messaging/whatsapp/"
                 "support/error-codes/"}};
}

}  // namespace warmcall::sandbox
