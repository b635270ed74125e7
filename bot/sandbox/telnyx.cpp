#include "sandbox/telnyx.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

#include "sandbox/exchange.hpp"
#include "sandbox/numbers.hpp"
#include "sandbox/sms.hpp"
#include "support/crypto.hpp"

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;
using net::Incoming;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// The private half nobody but Telnyx has; made of the API key, so that a test knows the public one.
Key key_of(const std::string& word) {
    const auto seed = sha256("telnyx|" + word);
    Key key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
            &EVP_PKEY_free};
    if (!key)
        throw std::runtime_error{"OpenSSL makes no Ed25519 key"};
    return key;
}

std::string ed25519(const std::string& word, std::string_view message) {
    const Key key = key_of(word);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free};
    std::array<unsigned char, 64> signature{};
    std::size_t size = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1)
        throw std::runtime_error{"OpenSSL does not sign with Ed25519"};
    return base64({reinterpret_cast<const char*>(signature.data()), size});
}

struct KnownError {
    int code;
    int status;
    std::string_view title, detail;
};

// https://developers.telnyx.com/docs/messaging/messages/error-codes
constexpr std::array errors{
    KnownError{10004, 422, "Missing required parameter", "A required parameter was not given."},
    KnownError{10007, 500, "Unexpected error", "An unexpected error occured."},
    KnownError{10009, 401, "Authentication failed",
               "Could not understand the provided credentials."},
    KnownError{10005, 404, "Resource not found",
               "The requested resource or URL could not be found."},
    KnownError{10011, 429, "Too many requests",
               "You have exceeded the maximum number of allowed requests."},
    KnownError{10015, 400, "Bad Request", "The request failed because it was not well-formed."},
    KnownError{40001, 400, "Not routable",
               "The destination number is either a landline or not routable."},
    KnownError{40002, 400, "Blocked as spam - temporary",
               "The message was flagged by a SPAM filter."},
    KnownError{40003, 400, "Blocked as spam - permanent",
               "The from address is permanently blocked."},
    KnownError{40004, 400, "Rejected by destination", "The recipient server rejected the message."},
    KnownError{40005, 400, "Message expired", "The message expired before it could be sent."},
    KnownError{40006, 400, "Recipient server unavailable",
               "The recipient server is not responding."},
    KnownError{40008, 400, "Undeliverable", "The recipient carrier did not accept the message."},
    KnownError{40009, 400, "Invalid message body", "The message body is not valid."},
    KnownError{40011, 429, "Too many requests", "The messaging rate limit was exceeded."},
    KnownError{40300, 400, "Blocked due to STOP message",
               "Messages cannot be sent from your messaging profile to this number: it has sent a "
               "STOP message."},
    KnownError{40305, 400, "Invalid 'from' address",
               "The 'from' address is not yours to send from."},
    KnownError{40310, 400, "Invalid 'to' address", "The 'to' address is no valid number."},
};

const KnownError& look_up(int code) {
    static constexpr KnownError other{-1, 400, "Bad Request", "The request failed."};
    const auto found = std::ranges::find(errors, code, &KnownError::code);
    return found == errors.end() ? other : *found;
}

HttpResponse error_answer(int code, const char* pointer = nullptr) {
    const KnownError& known = look_up(code);
    Json error{{"code", std::to_string(code)}, {"title", known.title}, {"detail", known.detail}};
    if (pointer != nullptr)
        error["source"] = Json{{"pointer", pointer}};
    return json_answer(known.status, Json{{"errors", Json::array({error})}});
}

Verdict refuse(int code, const char* pointer = nullptr) {
    Verdict verdict;
    verdict.response = error_answer(code, pointer);
    verdict.noted = Json{{"accepted", false}, {"code", code}};
    return verdict;
}

bool is_word_of(std::string text, std::initializer_list<std::string_view> words) {
    text = upper(std::move(text));
    return std::ranges::find(words, text) != words.end();
}

class TelnyxLine final : public Line {
 public:
    TelnyxLine(const LineOptions& given, Parts& parts) : Line{given, parts} {}

    int hears(const Incoming& request) const override {
        const std::string_view path = request.path();
        if (!path.starts_with("/v2/messages") && path != "/v2/public_key" && path != "/v2/balance")
            return 0;
        const auto body = read_json(request.body);
        return body && text_in(*body, "from") == options.setting("from") && may(request) ? 3 : 2;
    }
    Json noted(const Incoming& request) const override {
        const auto body = read_json(request.body);
        return body ? Json{{"to", text_in(*body, "to")},
                           {"type", "text"},
                           {"token", last_segment(text_in(*body, "webhook_url"))}}
                    : Json::object();
    }
    Verdict answer(const Call& call) override;
    HttpResponse accepted(const Bubble& taken) const override {
        return json_answer(200, Json{{"data", shown(taken, "queued", 0)}});
    }
    HttpResponse refused(int code, std::uint64_t) const override { return error_answer(code); }
    HttpResponse broken(std::uint64_t) const override { return error_answer(10007); }
    HttpResponse too_many(std::uint64_t) const override { return error_answer(10011); }
    std::string new_id(const Person& who, std::uint64_t number) const override {
        return uuid(parts_.people.unique(number, who.wa_id));
    }
    int usual_code() const override { return 40008; }
    std::string title(int code) const override { return std::string{look_up(code).title}; }

    std::optional<Change> receipt(const Person& whom, const Bubble& about,
                                  const Step& step) const override;
    Result<Change> reply(const Json& wanted, Person& from, const Bubble* about,
                         Bubble& bubble) override;
    HttpRequest write(std::span<const Change> changes, BatchShape, Timestamp) const override {
        HttpRequest request =
            raw(changes.front().value.dump(-1, ' ', false, Json::error_handler_t::replace));
        if (!changes.front().url.empty())
            request.url = changes.front().url;
        return request;
    }
    HttpRequest raw(std::string body) const override {
        HttpRequest request;
        request.method = "POST";
        request.url = options.webhook_url;
        request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "telnyx-webhooks"}};
        request.body = std::move(body);
        return request;
    }
    // Anew at every try: the time is part of it, and is good for five minutes.
    void sign(HttpRequest& request, Signing how, Timestamp now) const override {
        if (how == Signing::none)
            return;
        const std::string at = unix_seconds(now);
        const std::string word =
            how == Signing::right ? options.secret("api_key").reveal() : "not the API key";
        request.headers.push_back(
            {"telnyx-signature-ed25519", ed25519(word, at + "|" + request.body)});
        request.headers.push_back({"telnyx-timestamp", at});
    }
    std::optional<Duration> wait_after(int tries, const HttpRequest&,
                                       const Exchange&) const override {
        return tries < 3 ? std::optional<Duration>{tries * 1000ms} : std::nullopt;
    }
    std::string number() const override {
        return options.setting("from", options.setting("messaging_profile_id"));
    }
    std::string_view medium() const override { return "sms"; }

 private:
    bool may(const Incoming& request) const {
        constexpr std::string_view scheme = "Bearer ";
        const std::string_view given = request.header("Authorization");
        return parts_.behaviour.token_valid && given.starts_with(scheme) &&
               equal_constant_time(given.substr(scheme.size()), options.secret("api_key").reveal());
    }
    Verdict create(const Call& call);
    Json shown(const Bubble& bubble, const std::string& status, int code) const;
    Json event(const std::string& type, const std::string& about, Timestamp at, Json payload) const;
};

Verdict TelnyxLine::answer(const Call& call) {
    if (!may(call.request))
        return refuse(10009);
    Verdict verdict;
    if (call.is("POST", 2) && call.path[1] == "messages")
        return create(call);
    if (call.is("GET", 2) && call.path[1] == "public_key") {
        verdict.response = json_answer(
            200, Json{{"data", Json{{"record_type", "public_key"},
                                    {"public", telnyx_public_key(options.secret("api_key"))}}}});
        return verdict;
    }
    if (call.is("GET", 2) && call.path[1] == "balance") {
        verdict.response = json_answer(
            200,
            Json{{"data",
                  Json{{"record_type", "balance"}, {"balance", "300.00"}, {"currency", "USD"}}}});
        return verdict;
    }
    const Bubble* found = call.is("GET", 3) ? parts_.people.find(call.path[2]) : nullptr;
    if (found == nullptr || found->channel != options.id)
        return refuse(10005);
    const Step last = found->steps.empty() ? Step{} : found->steps.back();
    const std::string word = last.status == "accepted" ? "queued"
                             : last.status == "failed" ? "delivery_failed"
                                                       : last.status;
    verdict.response = json_answer(200, Json{{"data", shown(*found, word, last.code)}});
    return verdict;
}

Verdict TelnyxLine::create(const Call& call) {
    if (!within_rate(parts_, *this))
        return refuse(40011);
    const auto body = read_json(call.request.body);
    if (!body || !body->is_object())
        return refuse(10015);
    const std::string to = text_in(*body, "to");
    const std::string from = text_in(*body, "from");
    const std::string profile = text_in(*body, "messaging_profile_id");
    if (to.empty())
        return refuse(10004, "/to");
    if (from.empty() && profile.empty())
        return refuse(10004, "/from");
    if ((!from.empty() && from != options.setting("from")) ||
        (from.empty() && profile != options.setting("messaging_profile_id")))
        return refuse(40305, "/from");
    const auto digits = to.starts_with('+') ? digits_of(to) : std::nullopt;
    if (!digits)
        return refuse(40310, "/to");
    Bubble bubble;
    bubble.text = text_in(*body, "text");
    if (bubble.text.empty())
        return refuse(10004, "/text");
    Person& whom = parts_.people.person(*digits);
    if (whom.opted_out.contains(options.id))
        return refuse(40300);
    bubble.wa_id = whom.wa_id;
    bubble.type = "text";
    bubble.callback = text_in(*body, "webhook_url");
    bubble.token = last_segment(bubble.callback);
    bubble.kept = Json{{"tags", body->value("tags", Json::array())}};
    return take(parts_, *this, call, std::move(bubble), 0);
}

Json TelnyxLine::shown(const Bubble& bubble, const std::string& status, int code) const {
    const std::string theirs = "+" + parts_.people.all().at(bubble.wa_id).phone;
    const std::string ours = options.setting("from");
    const SmsSize size = sms_size(bubble.text);
    const auto party = [](const std::string& phone) {
        return Json{{"phone_number", phone}, {"carrier", ""}, {"line_type", "Wireless"}};
    };
    Json to = party(bubble.ours ? theirs : ours);
    to["status"] = status;
    Json found = Json::array();
    if (code != 0)
        found.push_back(Json{{"code", std::to_string(code)},
                             {"title", look_up(code).title},
                             {"detail", look_up(code).detail}});
    Json out{{"record_type", "message"},
             {"direction", bubble.ours ? "outbound" : "inbound"},
             {"id", bubble.id},
             {"type", "SMS"},
             {"messaging_profile_id", options.setting("messaging_profile_id")},
             {"organization_id", uuid(sha256_hex("organization"))},
             {"from", party(bubble.ours ? ours : theirs)},
             {"to", Json::array({to})},
             {"cc", Json::array()},
             {"text", bubble.text},
             {"media", Json::array()},
             {"webhook_url", bubble.callback.empty() ? options.webhook_url : bubble.callback},
             {"webhook_failover_url", nullptr},
             {"encoding", size.gsm7 ? "GSM-7" : "UCS-2"},
             {"parts", size.parts},
             {"tags",
              bubble.kept.is_object() ? bubble.kept.value("tags", Json::array()) : Json::array()},
             {"cost", nullptr},
             {"received_at", iso_time(bubble.at)},
             {"sent_at", nullptr},
             {"completed_at", nullptr},
             {"valid_until", nullptr},
             {"errors", found}};
    return out;
}

Json TelnyxLine::event(const std::string& type, const std::string& about, Timestamp at,
                       Json payload) const {
    return Json{{"data", Json{{"record_type", "event"},
                              {"event_type", type},
                              {"id", uuid(sha256_hex(about + "|" + type + "|" + unix_seconds(at)))},
                              {"occurred_at", iso_time(at)},
                              {"payload", std::move(payload)}}},
                {"meta", Json{{"attempt", 1}, {"delivered_to", options.webhook_url}}}};
}

std::optional<Change> TelnyxLine::receipt(const Person&, const Bubble& about,
                                          const Step& step) const {
    if (step.status != "sent" && step.status != "delivered" && step.status != "failed")
        return std::nullopt;
    const bool final = step.status != "sent";
    Json payload =
        shown(about, step.status == "failed" ? "delivery_failed" : step.status, step.code);
    payload["sent_at"] = iso_time(step.at);
    if (final)
        payload["completed_at"] = iso_time(step.at);
    const std::string type = final ? "message.finalized" : "message.sent";
    Json value = event(type, about.id + step.status, step.at, std::move(payload));
    if (!about.callback.empty())
        value["meta"]["delivered_to"] = about.callback;
    return Change{type, std::move(value), about.callback};
}

Result<Change> TelnyxLine::reply(const Json& wanted, Person& from, const Bubble*, Bubble& bubble) {
    bubble.type = text_in(wanted, "type", "text");
    bubble.text = text_in(wanted, "text");
    if (bubble.type != "text" || bubble.text.empty())
        return Error{Errc::bad_input,
                     "text: the words of the reply were expected; nothing else "
                     "goes by SMS"};
    Json payload = shown(bubble, "webhook_delivered", 0);
    payload["autoresponse_type"] = nullptr;
    if (is_word_of(bubble.text,
                   {"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})) {
        from.opted_out.insert(options.id);
        payload["autoresponse_type"] = "STOP";
    } else if (is_word_of(bubble.text, {"START", "UNSTOP"})) {
        from.opted_out.erase(options.id);
        payload["autoresponse_type"] = "START";
    } else if (is_word_of(bubble.text, {"HELP"})) {
        payload["autoresponse_type"] = "HELP";
    }
    return Change{"message.received",
                  event("message.received", bubble.id, bubble.at, std::move(payload)),
                  {}};
}

}  // namespace

std::string telnyx_public_key(const Secret& api_key) {
    std::array<unsigned char, 32> bytes{};
    std::size_t size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(key_of(api_key.reveal()).get(), bytes.data(), &size) != 1)
        throw std::runtime_error{"OpenSSL has no Ed25519 key"};
    return base64({reinterpret_cast<const char*>(bytes.data()), size});
}

Result<std::unique_ptr<Line>> make_telnyx_line(const LineOptions& given, Parts& parts) {
    const auto wrong = [](std::string what) { return Error{Errc::bad_input, std::move(what)}; };
    if (given.secret("api_key").empty())
        return wrong("api_key is what the gateway will send, and is needed");
    if (given.setting("from").empty() && given.setting("messaging_profile_id").empty())
        return wrong("from or messaging_profile_id is needed");
    const std::string needed = telnyx_public_key(given.secret("api_key"));
    if (const std::string told = given.setting("public_key"); !told.empty() && told != needed)
        return wrong("public_key is Telnyx's own; the sandbox's, for this API key, is \"" + needed +
                     "\"");
    return std::unique_ptr<Line>{std::make_unique<TelnyxLine>(given, parts)};
}

}  // namespace warmcall::sandbox
