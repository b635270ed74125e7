#include "sandbox/whatsapp/refusals.hpp"

#include <algorithm>
#include <array>

namespace warmcall::sandbox {

namespace {

struct KnownRefusal {
    int code;
    int status;
    std::string_view title;
    std::string_view details;  // what statuses[].errors says
};

constexpr std::string_view undelivered =
    "Message failed to send because of the state of the recipient or of your account.";

constexpr std::array known{
    KnownRefusal{0, 401, "AuthException", undelivered},
    KnownRefusal{1, 400, "API Unknown", undelivered},
    KnownRefusal{2, 503, "API Service", "Temporary outage or overload."},
    KnownRefusal{3, 500, "API Method", "Capability or permission issue."},
    KnownRefusal{4, 400, "API Too Many Calls", "The app has reached its API call rate limit."},
    KnownRefusal{10, 403, "Permission Denied",
                 "Permission is either not granted or has been removed."},
    KnownRefusal{33, 400, "Parameter value is not valid",
                 "The business phone number has been deleted."},
    KnownRefusal{100, 400, "Invalid parameter",
                 "One or more parameters are unsupported or misspelled."},
    KnownRefusal{190, 401, "Access token has expired", "The access token has expired."},
    KnownRefusal{200, 403, "API Permission",
                 "Permission is either not granted or has been removed."},
    KnownRefusal{368, 403, "Temporarily blocked for policies violations",
                 "The account has been restricted from messaging for violating a policy."},
    KnownRefusal{80007, 400, "Rate limit issues",
                 "The WhatsApp Business Account has hit a rate limit."},
    KnownRefusal{130429, 429, "Rate limit hit", "Cloud API message throughput has been reached."},
    KnownRefusal{
        130472, 400, "User's number is part of an experiment",
        "Failed to send message because this user's phone number is part of an experiment"},
    KnownRefusal{130497, 403,
                 "Business account is restricted from messaging users in this country.",
                 "Business account is restricted from messaging users in this country."},
    KnownRefusal{131000, 500, "Something went wrong",
                 "Message failed to send due to an unknown error."},
    KnownRefusal{131005, 403, "Access denied",
                 "Permission is either not granted or has been removed."},
    KnownRefusal{131008, 400, "Required parameter is missing",
                 "The request is missing a parameter."},
    KnownRefusal{131009, 400, "Parameter value is not valid", "One or more values are invalid."},
    KnownRefusal{131016, 500, "Service unavailable", "A service is temporarily unavailable."},
    KnownRefusal{131021, 400, "Recipient cannot be sender", "Sender and recipient are the same."},
    KnownRefusal{131026, 400, "Message undeliverable", "Message Undeliverable."},
    KnownRefusal{
        131030, 400, "Recipient phone number not in allowed list",
        "Recipient phone number not in allowed list: Add recipient phone number to recipient "
        "list and try again."},
    KnownRefusal{131031, 403, "Business Account locked", "The business account has been locked."},
    KnownRefusal{131037, 400, "Display name approval needed",
                 "The business phone number needs an approved display name."},
    KnownRefusal{131042, 400, "Business eligibility payment issue",
                 "Message failed to send because of an error related to your payment method."},
    KnownRefusal{131044, 400, "Business eligibility payment issue", "Payment account is missing."},
    KnownRefusal{131045, 500, "Incorrect certificate",
                 "Message failed to send due to a phone number registration error."},
    KnownRefusal{
        131047, 400, "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last "
        "replied to this number."},
    KnownRefusal{
        131048, 400, "Spam rate limit hit",
        "Message failed to send because there are restrictions on how many messages can be sent "
        "from this phone number."},
    KnownRefusal{131049, 400,
                 "This message was not delivered to maintain healthy ecosystem engagement.",
                 "In order to maintain a healthy ecosystem engagement, the message failed to be "
                 "delivered."},
    KnownRefusal{
        131050, 400,
        "Unable to deliver the message. This recipient has chosen to stop receiving marketing "
        "messages on WhatsApp from your business",
        "The recipient has chosen to stop receiving marketing messages from your business."},
    KnownRefusal{131051, 400, "Unsupported message type",
                 "Message type is not currently supported"},
    KnownRefusal{131052, 400, "Media download error",
                 "Unable to download the media sent by the user."},
    KnownRefusal{131053, 400, "Media upload error",
                 "Unable to upload the media used in the message."},
    KnownRefusal{
        131056, 400, "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number "
        "to the same phone number in a short period of time."},
    KnownRefusal{131057, 500, "Account in maintenance mode",
                 "Business account is in maintenance mode"},
    KnownRefusal{131062, 400,
                 "Business-scoped User ID (BSUID) recipients are not supported for this "
                 "message.",
                 "Use a phone number."},
    KnownRefusal{132000, 400, "Number of parameters does not match the expected number of params",
                 "The number of parameters does not match the template."},
    KnownRefusal{132001, 404, "Template name does not exist in the translation",
                 "The template does not exist in the specified language or is not approved."},
    KnownRefusal{132005, 400, "Translated text too long", "Translated text is too long."},
    KnownRefusal{132007, 400, "Template content violates WhatsApp policy",
                 "Template content violates a WhatsApp policy."},
    KnownRefusal{132008, 400, "Parameter value is not valid",
                 "Template parameter values are invalid."},
    KnownRefusal{132012, 400, "Parameter format does not match format in the created template",
                 "Variable parameter values are formatted incorrectly."},
    KnownRefusal{
        132015, 400, "Template is Paused",
        "Template is paused due to low quality so it cannot be sent in a template message."},
    KnownRefusal{
        132016, 400, "Template is Disabled",
        "Template has been paused too many times due to low quality and is now permanently "
        "disabled."},
    KnownRefusal{132018, 400, "There is an issue with the parameters in your template",
                 "A parameter of the template is not valid."},
    KnownRefusal{133004, 503, "Server Temporarily Unavailable",
                 "Server is temporarily unavailable."},
    KnownRefusal{133010, 400, "Phone number not registered",
                 "The phone number is not registered on the WhatsApp Business Platform."},
    KnownRefusal{134101, 400, "Template is still being synchronised", "Try again in ten minutes."},
    KnownRefusal{134102, 500, "Template is not usable", "The template cannot be used."},
    KnownRefusal{
        135000, 400, "Generic user error",
        "Message failed to send because of an unknown error with your request parameters."},
    KnownRefusal{137000, 400, "Identity key hash does not match",
                 "The identity of the user changed."},
    KnownRefusal{138006, 400, "No approved call permission from the recipient",
                 "The user has not granted permission to be called."},
};

const KnownRefusal& look_up(int code) {
    static constexpr KnownRefusal other{-1, 400, "Something went wrong", undelivered};
    const auto found = std::ranges::find(known, code, &KnownRefusal::code);
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
    const KnownRefusal& entry = look_up(code);
    return Json{{"code", code},
                {"title", entry.title},
                {"message", entry.title},
                {"error_data", Json{{"details", entry.details}}},
                {"href",
                 "https://developers.facebook.com/documentation/business-messaging/whatsapp/"
                 "support/error-codes/"}};
}

}  // namespace warmcall::sandbox
