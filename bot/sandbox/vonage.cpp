#include "sandbox/vonage.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <memory>

#include "sandbox/exchange.hpp"
#include "sandbox/numbers.hpp"
#include "sandbox/sms.hpp"
#include "sandbox/whatsapp/templates.hpp"
#include "support/crypto.hpp"

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;
using net::Incoming;

// Is it signed by the owner of this private key? The gateway's configuration has it, and the public
// half Vonage would have is in it.
bool rs256_verified(const Secret& pem, std::string_view signature, std::string_view data) {
    const std::string& text = pem.reveal();
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio{
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
        PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free};
    const auto bytes = [](std::string_view t) {
        return reinterpret_cast<const unsigned char*>(t.data());
    };
    return key &&
           EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(data),
                            data.size()) == 1;
}

struct KnownError {
    int code;
    int status;
    std::string_view title, detail;
};

// https://developer.vonage.com/api-errors/messages
constexpr std::array errors{
    KnownError{1000, 429, "Throttled",
               "You have exceeded the submission capacity allowed on this account. Please wait and "
               "retry"},
    KnownError{1010, 422, "Missing params",
               "Your request is incomplete and missing some mandatory parameters."},
    KnownError{1020, 422, "Invalid params", "The value of one or more parameters is invalid."},
    KnownError{1022, 422, "Invalid template", "Invalid template or template parameters"},
    KnownError{1030, 500, "Internal error",
               "There was an error processing your request in the Platform."},
    KnownError{1040, 422, "Invalid message", "The Platform was unable to process your request."},
    KnownError{
        1050, 403, "Number barred",
        "The number you are trying to submit to is blacklisted and may not receive messages."},
    KnownError{1060, 403, "Partner account barred", "The account has been barred."},
    KnownError{1070, 402, "Partner quota exceeded",
               "Your pre-paid account does not have sufficient credit to process this message."},
    KnownError{1100, 422, "Communication Failed",
               "Message was not submitted because there was a communication failure."},
    KnownError{1300, 422, "Not part of the provider network",
               "The number you are attempting to send messages to is not part of the provider "
               "network."},
    KnownError{1340, 422, "Outside of the allowed window",
               "This message is sent outside of allowed response window."},
    KnownError{1120, 422, "Illegal Sender Address - rejected",
               "The SenderID you set in from in the request was not accepted."},
};

const KnownError& look_up(int code) {
    static constexpr KnownError other{-1, 422, "Rejected", "The message was rejected."};
    const auto found = std::ranges::find(errors, code, &KnownError::code);
    return found == errors.end() ? other : *found;
}

std::string type_of(int code) {
    return "https://developer.vonage.com/api-errors/messages#" + std::to_string(code);
}

HttpResponse problem(int status, const std::string& type, std::string_view title,
                     std::string_view detail, std::uint64_t number,
                     const char* parameter = nullptr) {
    Json body{{"type", type},
              {"title", title},
              {"detail", detail},
              {"instance", uuid(sha256_hex("instance|" + std::to_string(number)))}};
    if (parameter != nullptr)
        body["invalid_parameters"] =
            Json::array({Json{{"name", parameter}, {"reason", "it is missing or not valid"}}});
    return json_answer(status, body);
}

HttpResponse error_answer(int code, std::uint64_t number, const char* parameter = nullptr) {
    const KnownError& known = look_up(code);
    return problem(known.status, type_of(code), known.title, known.detail, number, parameter);
}

Verdict refuse(int code, const Call& call, const char* parameter = nullptr) {
    Verdict verdict;
    verdict.response = error_answer(code, call.number, parameter);
    verdict.noted = Json{{"accepted", false}, {"code", code}};
    return verdict;
}

class VonageLine final : public Line {
 public:
    VonageLine(const LineOptions& given, Parts& parts)
        : Line{given, parts}, whatsapp_{given.provider == "vonage_whatsapp"} {}

    int hears(const Incoming& request) const override {
        if (!request.path().starts_with("/v1/messages"))
            return 0;
        const auto body = read_json(request.body);
        return body && same_number(text_in(*body, "from")) && text_in(*body, "channel") == channel()
                   ? 3
                   : 2;
    }
    Json noted(const Incoming& request) const override {
        const auto body = read_json(request.body);
        return body ? Json{{"to", text_in(*body, "to")},
                           {"type", text_in(*body, "message_type")},
                           {"token", text_in(*body, "client_ref")}}
                    : Json::object();
    }
    Verdict answer(const Call& call) override;
    HttpResponse accepted(const Bubble& taken) const override {
        return json_answer(202, Json{{"message_uuid", taken.id}});
    }
    HttpResponse refused(int code, std::uint64_t number) const override {
        return error_answer(code, number);
    }
    HttpResponse broken(std::uint64_t number) const override { return error_answer(1030, number); }
    HttpResponse too_many(std::uint64_t number) const override {
        return error_answer(1000, number);
    }
    std::string new_id(const Person& who, std::uint64_t number) const override {
        return uuid(parts_.people.unique(number, who.wa_id));
    }
    int usual_code() const override { return 1050; }
    bool tells_read() const override { return whatsapp_; }
    void know(const Template& known) override { templates_.push_back(known); }
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
        request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "Vonage/1.0"}};
        request.body = std::move(body);
        return request;
    }
    void sign(HttpRequest& request, Signing how, Timestamp now) const override;
    std::optional<Duration> wait_after(int tries, const HttpRequest&,
                                       const Exchange&) const override {
        static constexpr std::array waits{5'000ms, 10'000ms, 60'000ms, 300'000ms, 900'000ms};
        constexpr int tries_max = 100;  // about 24 hours
        if (tries >= tries_max)
            return std::nullopt;
        return waits[std::min(static_cast<std::size_t>(tries - 1), waits.size() - 1)];
    }
    std::string number() const override { return options.setting("from"); }
    std::string_view medium() const override { return whatsapp_ ? "whatsapp" : "sms"; }

 private:
    std::string channel() const { return whatsapp_ ? "whatsapp" : "sms"; }
    Verdict create(const Call& call, const Json& body);
    const char* compose(const Json& body, Bubble& bubble) const;
    int fate(const Bubble& bubble, const Person& whom) const;

    bool same_number(const std::string& given) const {
        const auto digits = digits_of(given);
        const auto own = digits_of(options.setting("from"));
        return digits && own ? *digits == *own : given == options.setting("from");
    }
    std::string own() const {
        return digits_of(options.setting("from")).value_or(options.setting("from"));
    }
    bool may(const Call& call) const;
    bool is_jwt_of_ours(std::string_view token) const;
    // Some keys name a secret by their ending, others do not.
    std::string text_of(const std::string& key) const {
        return options.setting(key, options.secret(key).reveal());
    }

    bool whatsapp_;
    std::vector<Template> templates_;
};

// header.claims.signature, by the application's own key, at its right time.
bool VonageLine::is_jwt_of_ours(std::string_view token) const {
    const std::size_t first = token.find('.');
    const std::size_t last = token.rfind('.');
    if (first == token.npos || first == last)
        return false;
    const auto header = from_base64(token.substr(0, first));
    const auto claims = from_base64(token.substr(first + 1, last - first - 1));
    const auto signature = from_base64(token.substr(last + 1));
    if (!header || !claims || !signature)
        return false;
    const auto head = read_json(*header);
    const auto said = read_json(*claims);
    if (!head || !said || text_in(*head, "alg") != "RS256" || !said->is_object() ||
        text_in(*said, "application_id") != options.setting("application_id") ||
        text_in(*said, "jti").empty() || !said->contains("iat") ||
        !(*said)["iat"].is_number_integer())
        return false;
    const auto now = core::unix_ms(parts_.clock.now()) / 1000;
    const auto made = (*said)["iat"].get<std::int64_t>();
    const auto ends = said->value("exp", Json(made + 900));
    return made <= now + 60 && ends.is_number_integer() && ends.get<std::int64_t>() >= now &&
           rs256_verified(options.secret("private_key"), *signature, token.substr(0, last));
}

bool VonageLine::may(const Call& call) const {
    const std::string_view given = call.request.header("Authorization");
    if (!parts_.behaviour.token_valid)
        return false;
    if (given.starts_with("Bearer "))
        return is_jwt_of_ours(given.substr(7));
    if (!given.starts_with("Basic ") || text_of("api_secret").empty())
        return false;
    const auto pair = from_base64(given.substr(6));
    return pair && equal_constant_time(*pair, text_of("api_key") + ":" + text_of("api_secret"));
}

Verdict VonageLine::answer(const Call& call) {
    if (!may(call)) {
        Verdict verdict;
        verdict.response =
            problem(401, "https://developer.vonage.com/api-errors#unauthorized",
                    "You did not provide correct credentials.",
                    "Check that you're using the correct credentials, and that your account has "
                    "this feature enabled",
                    call.number);
        verdict.noted = Json{{"accepted", false}, {"code", 401}};
        return verdict;
    }
    if (!call.is("POST", 2)) {
        Verdict verdict;
        verdict.response = problem(404, "https://developer.vonage.com/api-errors#not-found",
                                   "Not found", "There is nothing here", call.number);
        return verdict;
    }
    if (!within_rate(parts_, *this))
        return refuse(1000, call);
    const auto body = read_json(call.request.body);
    if (!body || !body->is_object())
        return refuse(1020, call, "body");
    return create(call, *body);
}

// A template as WhatsApp's own API has it ("custom"), as Vonage's has it; what its quick replies
// bring back goes into `payloads`. Nothing when it is anything else.
std::optional<Json> as_vonage_template(const Json& body, std::vector<std::string>& payloads) {
    const Json custom = body.value("custom", Json::object());
    if (!custom.is_object() || text_in(custom, "type") != "template")
        return std::nullopt;
    const Json wanted = custom.value("template", Json::object());
    const Json language = wanted.value("language", Json::object());
    Json values = Json::array();
    for (const Json& component : wanted.value("components", Json::array()))
        for (const Json& parameter : component.value("parameters", Json::array()))
            if (text_in(component, "type") == "body")
                values.push_back(text_in(parameter, "text"));
            else if (text_in(component, "sub_type") == "quick_reply" &&
                     text_in(component, "index") == std::to_string(payloads.size()))
                payloads.push_back(text_in(parameter, "payload"));
    return Json{{"whatsapp", {{"locale", text_in(language, "code")}}},
                {"template", {{"name", text_in(wanted, "name")}, {"parameters", values}}}};
}

std::string with_hyphen(std::string language) {
    std::ranges::replace(language, '_', '-');
    return language;
}

// The words of the message, or the name of what is wrong with it.
const char* VonageLine::compose(const Json& given, Bubble& bubble) const {
    Json body = given;
    bubble.type = text_in(body, "message_type");
    if (bubble.type == "custom" && whatsapp_) {
        const auto plain = as_vonage_template(given, bubble.payloads);
        if (!plain)
            return "custom";
        body = *plain;
        bubble.type = "template";
    }
    if (bubble.type == "text") {
        bubble.text = text_in(body, "text");
        const std::size_t most = whatsapp_ ? 4096 : 1000;
        return bubble.text.empty() || characters(bubble.text) > most ? "text" : nullptr;
    }
    if (bubble.type != "template" || !whatsapp_)
        return "message_type";
    const Json wanted = body.value("template", Json::object());
    const std::string language = text_in(body.value("whatsapp", Json::object()), "locale");
    const auto known = std::ranges::find_if(templates_, [&](const Template& t) {
        return t.name == text_in(wanted, "name") &&
               with_hyphen(t.language) == with_hyphen(language);
    });
    const Json values = wanted.is_object() ? wanted.value("parameters", Json::array()) : Json{};
    if (known == templates_.end() || !values.is_array() ||
        values.size() != known->body_variables.size())
        return "template";
    bubble.template_name = known->name;
    bubble.category = lower(known->category);
    bubble.text = known->body;
    for (const Json& button : known->buttons) {
        bubble.buttons.push_back(text_in(button, "text"));
        if (bubble.payloads.size() < bubble.buttons.size())
            bubble.payloads.push_back(text_in(button, "text"));  // where the send names none
    }
    if (bubble.payloads.size() > bubble.buttons.size())
        return "template";
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!values[i].is_string() || values[i].get_ref<const std::string&>().empty())
            return "template";
        const std::string mark = "{{" + known->body_variables[i] + "}}";
        const std::string value = values[i];
        for (std::size_t at = bubble.text.find(mark); at != std::string::npos;
             at = bubble.text.find(mark, at + value.size()))
            bubble.text.replace(at, mark.size(), value);
    }
    return nullptr;
}

int VonageLine::fate(const Bubble& bubble, const Person& whom) const {
    if (!whatsapp_)
        return 0;
    if (!whom.on_whatsapp)
        return 1300;
    const bool open = whom.window_open(options.id, parts_.clock.now());
    return bubble.type == "template" || open ? 0 : 1340;
}

Verdict VonageLine::create(const Call& call, const Json& body) {
    if (text_in(body, "channel") != channel())
        return refuse(1020, call, "channel");
    const std::string to = text_in(body, "to");
    const auto digits = to.starts_with('+') ? std::nullopt : digits_of(to);
    if (!digits)
        return refuse(to.empty() ? 1010 : 1020, call, "to");
    if (!same_number(text_in(body, "from")))
        return refuse(1120, call, "from");
    Bubble bubble;
    if (const char* wrong = compose(body, bubble))
        return refuse(std::string_view{wrong} == "template" ? 1022 : 1020, call, wrong);
    bubble.token = text_in(body, "client_ref");
    if (characters(bubble.token) > 100)
        return refuse(1020, call, "client_ref");
    const Person& whom = parts_.people.person(*digits);
    bubble.wa_id = whom.wa_id;
    bubble.callback = text_in(body, "webhook_url");
    const int fails_with = fate(bubble, whom);
    return take(parts_, *this, call, std::move(bubble), fails_with);
}

std::optional<Change> VonageLine::receipt(const Person& whom, const Bubble& about,
                                          const Step& step) const {
    const std::string word = step.status == "sent"     ? "submitted"
                             : step.status != "failed" ? step.status
                             : step.code == 1100       ? "undeliverable"
                                                       : "rejected";
    if (word != "submitted" && word != "delivered" && step.status != "failed" &&
        (word != "read" || !whatsapp_))
        return std::nullopt;
    Json value{{"message_uuid", about.id},       {"to", whom.phone}, {"from", own()},
               {"timestamp", iso_time(step.at)}, {"status", word},   {"channel", channel()}};
    if (!about.token.empty())
        value["client_ref"] = about.token;
    if (step.status == "failed")
        value["error"] = Json{{"type", type_of(step.code)},
                              {"title", std::to_string(step.code)},
                              {"detail", look_up(step.code).detail},
                              {"instance", uuid(sha256_hex(about.id))}};
    else
        value["usage"] = Json{{"currency", "EUR"}, {"price", "0.0333"}};
    if (!whatsapp_)
        value["sms"] = Json{{"count_total", std::to_string(sms_size(about.text).parts)}};
    return Change{word, std::move(value), about.callback};
}

Result<Change> VonageLine::reply(const Json& wanted, Person& from, const Bubble* about,
                                 Bubble& bubble) {
    bubble.type = text_in(wanted, "type", "text");
    bubble.text = text_in(wanted, "text");
    const bool tap = bubble.type == "button" && whatsapp_;
    if ((bubble.type != "text" && !tap) || bubble.text.empty())
        return Error{Errc::bad_input,
                     "text: the words of the reply, or a tap, were expected; the sandbox "
                     "plays nothing else here"};
    Json value{
        {"channel", channel()}, {"message_uuid", bubble.id},        {"to", own()},
        {"from", from.phone},   {"timestamp", iso_time(bubble.at)}, {"message_type", bubble.type}};
    if (tap)
        value["button"] = Json{{"text", bubble.text}, {"payload", text_in(wanted, "payload")}};
    else
        value["text"] = bubble.text;
    if (whatsapp_) {
        value["profile"] = Json{{"name", from.name.empty() ? from.phone : from.name}};
        if (about != nullptr)
            value["context"] = Json{{"message_uuid", about->id}, {"message_from", own()}};
    } else {
        value["sms"] = Json{{"num_messages", std::to_string(sms_size(bubble.text).parts)},
                            {"keyword", upper(bubble.text.substr(0, bubble.text.find(' ')))}};
    }
    value["usage"] = Json{{"currency", "EUR"}, {"price", "0.0000"}};
    return Change{"inbound", std::move(value), {}};
}

// A JWT with a hash of the body in it, made anew at every try.
void VonageLine::sign(HttpRequest& request, Signing how, Timestamp now) const {
    if (how == Signing::none)
        return;
    Json claims{{"iat", core::unix_ms(now) / 1000},
                {"jti", uuid(sha256_hex(random_token(16)))},
                {"iss", "Vonage"},
                {"payload_hash", sha256_hex(request.body)}};
    if (const std::string key = text_of("api_key"); !key.empty())
        claims["api_key"] = key;
    if (const std::string application = options.setting("application_id"); !application.empty())
        claims["application_id"] = application;
    const std::string head = base64url(Json{{"alg", "HS256"}, {"typ", "JWT"}}.dump());
    const std::string signed_text = head + "." + base64url(claims.dump());
    static const Secret other{"not the signature secret"};
    const auto mac = hmac_sha256(how == Signing::right ? options.secret("signature_secret") : other,
                                 signed_text);
    request.headers.push_back(
        {"Authorization", "Bearer " + signed_text + "." +
                              base64url({reinterpret_cast<const char*>(mac.data()), mac.size()})});
}

}  // namespace

Result<std::unique_ptr<Line>> make_vonage_line(const LineOptions& given, Parts& parts) {
    const auto wrong = [](const char* what) { return Error{Errc::bad_input, what}; };
    if (given.secret("signature_secret").empty())
        return wrong("signature_secret is what webhooks are signed with, and is needed");
    if (given.setting("from").empty())
        return wrong("from is needed");
    return std::unique_ptr<Line>{std::make_unique<VonageLine>(given, parts)};
}

}  // namespace warmcall::sandbox
