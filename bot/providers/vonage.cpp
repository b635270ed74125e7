// Vonage's Messages API: SMS, and WhatsApp through Vonage. Two rows of one file, because a channel
// has one medium. Webhooks carry a JWT; we send with one of our own, or with a key and a secret.
// https://developer.vonage.com/en/messages/overview

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include "providers/account.hpp"
#include "providers/json.hpp"
#include "providers/reading.hpp"
#include "providers/vonage_errors.hpp"
#include "support/crypto.hpp"

namespace warmcall {

namespace {

using core::Address;
using core::AddressKind;
using core::Medium;
using core::ReplyKind;
using core::Timestamp;
using std::chrono::seconds;
using Written = nlohmann::ordered_json;

constexpr std::string_view name_for_people = "Vonage";
constexpr std::string_view credentials =
    "application_id and private_key (or api_key and api_secret)";
constexpr std::string_view token_mark = "wc1.";
constexpr std::size_t body_bytes_max = 256 * 1024;
constexpr std::size_t text_characters_max = 1'000;  // of an SMS, says the API's description
constexpr std::size_t whatsapp_characters_max = 4'096;
constexpr int parts_max = 99;  // the characters are the bound here
constexpr std::size_t payload_bytes_max = 1'024;

bool is_whatsapp(const Account& account) {
    return account.provider == "vonage_whatsapp";
}

// ---- the account ----

bool is_uuid(std::string_view text) {
    return text.size() == 36 &&
           text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos;
}

void check_credentials(const Account& account, Wrong& wrong) {
    const bool basic_given =
        !secrets(account, "api_key").empty() || !secrets(account, "api_secret").empty();
    if (basic_given) {
        check_secret(account, "api_key", 1, "Dashboard > API settings shows it", wrong);
        check_secret(account, "api_secret", 1, "Dashboard > API settings shows it", wrong);
    }
    if (basic_given && secrets(account, "private_key").empty())
        return;
    check_secret(account, "private_key", 1,
                 "the file Dashboard > Applications gave with the application (or give api_key and "
                 "api_secret)",
                 wrong);
    if (const Secret& key = secret(account, "private_key");
        !key.empty() && !rs256_signature(key, "a try"))
        wrong.push_back("private_key must be an RSA key in PEM (\"-----BEGIN PRIVATE KEY-----\")");
    if (setting(account, "application_id").empty())
        wrong.push_back("application_id is missing: Dashboard > Applications shows it");
}

std::vector<std::string> check(const Account& account) {
    Wrong wrong;
    const std::string_view from = setting(account, "from");
    if (from.empty())
        wrong.push_back("from is missing: the number or name messages come from");
    else if (is_whatsapp(account) ? !phone_address(from) : !is_sender(from) && !is_digits(from))
        wrong.push_back("from must be a number such as \"12025550101\"" +
                        std::string{is_whatsapp(account)
                                        ? ""
                                        : ", a short code, or a name of at most 11 letters"});
    check_secret(account, "signature_secret", 2,
                 "Dashboard > API settings shows it under Signed webhooks", wrong);
    check_credentials(account, wrong);
    if (const auto id = setting(account, "application_id"); !id.empty() && !is_uuid(id))
        wrong.push_back(
            "application_id must look like 00000000-0000-0000-0000-000000000000, as Dashboard > "
            "Applications shows it");
    check_keys(account, {"from", "application_id"},
               {"signature_secret", "private_key", "api_key", "api_secret"}, wrong);
    return wrong;
}

// ---- whom to believe ----

struct Jwt {
    std::string_view told;  // what was signed: header and claims, as they came
    std::string header, claims, signature;
};

std::optional<Jwt> read_jwt(std::string_view authorization) {
    constexpr std::string_view mark = "Bearer ";
    if (!authorization.starts_with(mark))
        return std::nullopt;
    const std::string_view token = authorization.substr(mark.size());
    const std::size_t first = token.find('.');
    const std::size_t second = token.find('.', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos)
        return std::nullopt;
    auto header = from_base64(token.substr(0, first));
    auto claims = from_base64(token.substr(first + 1, second - first - 1));
    auto signature = from_base64(token.substr(second + 1));
    if (!header || !claims || !signature)
        return std::nullopt;
    return Jwt{token.substr(0, second), std::move(*header), std::move(*claims),
               std::move(*signature)};
}

// One way of signing and no other: whoever lets the token choose also lets it choose "none".
bool signed_with_our_secret(const Account& account, const Jwt& jwt) {
    JsonDocument document;
    if (document.read(jwt.header)["alg"].text() != "HS256")
        return false;
    bool known = false;
    for (const Secret& secret : secrets(account, "signature_secret")) {
        const auto digest = hmac_sha256(secret, jwt.told);
        const std::string_view bytes{reinterpret_cast<const char*>(digest.data()), digest.size()};
        known |= !secret.empty() && equal_constant_time(bytes, jwt.signature);
    }
    return known;
}

// Vonage tries for 24 hours, and nothing says that it signs anew each time; what was seen before is
// known by its key.
bool is_recent(Json claims, Timestamp now) {
    constexpr auto oldest = std::chrono::hours{25};
    constexpr auto clocks_apart = std::chrono::minutes{5};
    const auto issued = unix_time(claims["iat"].scalar());
    return issued && *issued > now - oldest && *issued < now + clocks_apart;
}

bool is_ours(const Account& account, Json claims) {
    const std::string_view application = claims["application_id"].text();
    const std::string_view ours = setting(account, "application_id");
    return application.empty() || ours.empty() || application == ours;
}

bool authentic(const Account& account, const HttpRequest& request) {
    const auto jwt = read_jwt(request.header("Authorization"));
    if (!jwt || !signed_with_our_secret(account, *jwt))
        return false;
    JsonDocument document;
    const Json claims = document.read(jwt->claims);
    return equal_constant_time(sha256_hex(request.body), claims["payload_hash"].text()) &&
           is_recent(claims, request.received_at) && is_ours(account, claims);
}

HttpResponse received(const Account&) {
    return {200, {}, {}};
}

// ---- reading: what they wrote ----

InReply tapped(std::string_view words, std::string_view payload) {
    InReply tap = reply_of(ReplyKind::button, words);
    tap.button_payload = payload.size() <= payload_bytes_max ? payload : std::string_view{};
    return tap;
}

InWhat read_reaction(Json reaction) {
    if (reaction["action"].text() == "unreact" || reaction["emoji"].text().empty())
        return InIgnored{"reaction removed"};
    return reply_of(ReplyKind::reaction, "reacted with " + std::string{reaction["emoji"].text()});
}

InWhat read_content(Json root) {
    const std::string_view type = root["message_type"].text();
    const Json content = root[type];
    if (type == "text")
        return reply_of(ReplyKind::text, root["text"].text());
    if (type == "button")
        return tapped(content["text"].text(), content["payload"].text());
    if (type == "reply")
        return tapped(content["title"].text(), content["id"].text());
    if (type == "reaction")
        return read_reaction(content);
    if (type == "image" || type == "video")
        return captioned(ReplyKind::media, sent_a(type == "image" ? "photo" : "video"),
                         content["caption"].text());
    if (type == "audio")  // it does not tell what was recorded in the chat from another file
        return reply_of(ReplyKind::voice, sent_a("voice message"));
    if (type == "file")
        return captioned(ReplyKind::media, sent_a("document"), content["caption"].text());
    if (type == "sticker")
        return reply_of(ReplyKind::media, sent_a("sticker"));
    if (type == "location")
        return reply_of(ReplyKind::location, sent_a("location", content["name"].text()));
    if (type == "contact" || type == "vcard")
        return reply_of(ReplyKind::contact_card, sent_a("contact card"));
    return reply_of(ReplyKind::other, "sent something that cannot be shown here");
}

std::optional<Address> address_of(const Account& account, Json number) {
    return is_whatsapp(account) ? whatsapp_party(number.scalar()) : phone_address(number.scalar());
}

// Who hides the number has a user id in its place; `party` may have both, and that of linked
// portfolios.
// https://developer.vonage.com/en/messages/guides/handling-whatsapp-usernames-and-bsuids
std::vector<Address> addresses_of(const Account& account, Json named, Json party) {
    std::vector<Address> who;
    const auto add = [&](Json one) {
        const auto address = address_of(account, one);
        if (address && std::ranges::find(who, *address) == who.end())
            who.push_back(*address);
    };
    add(named);
    if (is_whatsapp(account))
        for (const char* key : {"wa_id", "user_id", "parent_user_id"})
            add(party[key]);
    return who;
}

struct Event {
    const Account& account;
    const HttpRequest& request;
    Json root;
    std::string_view id;
    Timestamp at{};
    Timestamp told{};  // the provider's own time; 1970 when it sends none
};

Inbound made(const Event& event, std::string_view kind, std::vector<Address> who, InWhat what) {
    return {event_key(event.told, {"vonage", kind, event.id}), event.at, std::move(who),
            std::move(what)};
}

Inbound read_message(const Event& event) {
    std::vector<Address> who =
        addresses_of(event.account, event.root["from"], event.root["whatsapp"]["sender"]);
    if (who.empty())
        return made(event, "message", {}, InIgnored{"sender is no phone"});
    InWhat what = read_content(event.root);
    if (auto* reply = std::get_if<InReply>(&what)) {
        reply->profile_name = tidy(event.root["profile"]["name"].text(), name_bytes_max);
        reply->about_provider_id = printable_id(event.root["context"]["message_uuid"].text());
    }
    return made(event, "message", std::move(who), std::move(what));
}

// ---- reading: receipts ----

// The code is the title (a number), or the end of the type's address ("…/messages#1340").
int code_of(Json error) {
    std::string_view text = error["title"].scalar();
    if (!is_digits(text)) {
        const std::string_view type = error["type"].text();
        text = type.substr(std::min(type.size(), type.rfind('#') + 1));
    }
    int code = 0;
    constexpr std::size_t digits_max = 6;
    if (is_digits(text) && text.size() <= digits_max)
        std::from_chars(text.data(), text.data() + text.size(), code);
    return code;
}

// That a number is not on the channel's network is of importance on WhatsApp only, and known to us
// by Meta's own code for it; of an SMS it says no more than the others.
int code_of(const Account& account, Json error) {
    constexpr int not_of_the_network = 1300, not_on_whatsapp = 131026;
    const int code = code_of(error);
    return is_whatsapp(account) && code == not_of_the_network ? not_on_whatsapp : code;
}

std::optional<core::Facts> facts_of(const Account& account, std::string_view status, Json error,
                                    Timestamp at) {
    core::Facts facts;
    if (status == "submitted")  // handed to the network
        facts.sent = at;
    else if (status == "delivered")
        facts.delivered = at;
    else if (status == "read")
        facts.read = at;
    else if (status == "rejected" || status == "undeliverable")
        facts.failed = failure_of(vonage_errors, code_of(account, error), at);
    else
        return std::nullopt;
    return facts;
}

std::optional<Token> token_of(const Event& event) {
    const std::string_view said = event.root["client_ref"].text();
    if (said.starts_with(token_mark))
        return token_from_hex(said.substr(token_mark.size()));
    return token_in_path(event.request);
}

Inbound read_status(const Event& event) {
    const std::string_view status = event.root["status"].text();
    const std::string kind = "status " + std::string{status};
    auto facts = facts_of(event.account, status, event.root["error"], event.at);
    if (!facts)
        return made(event, kind, {}, InIgnored{label("status", status)});
    facts->provider_id = event.id;
    std::vector<Address> who =
        addresses_of(event.account, event.root["to"], event.root["whatsapp"]["recipient"]);
    return made(event, kind, std::move(who),
                InStatus{std::string{event.id}, token_of(event), std::move(*facts)});
}

Result<std::vector<Inbound>> parse(const Account& account, const HttpRequest& request) {
    JsonDocument document;
    const Json root = document.read(request.body);
    Event event{account, request, root, printable_id(root["message_uuid"].text())};
    if (event.id.empty())
        return Error{Errc::bad_payload, "the delivery is none of Vonage's: it has no message_uuid"};
    event.told = iso_time(root["timestamp"].text()).value_or(Timestamp{});
    event.at = event.told == Timestamp{} ? request.received_at : event.told;
    const std::string_view channel = root["channel"].text();
    if (!channel.empty() && channel != (is_whatsapp(account) ? "whatsapp" : "sms"))
        return std::vector{made(event, "ignored", {}, InIgnored{label("channel", channel)})};
    return std::vector{root["status"] ? read_status(event) : read_message(event)};
}

// ---- sending ----

// RFC 7519, with the claims of
// https://developer.vonage.com/en/getting-started/concepts/authentication `once` never comes twice;
// one that cannot be signed is left out, and Vonage will say so.
std::string jwt(const Account& account, Timestamp now, std::string_view once) {
    constexpr auto good_for = std::chrono::minutes{15};
    const auto unix_s = [](Timestamp at) {
        return std::chrono::floor<seconds>(at).time_since_epoch().count();
    };
    const Written header = {{"alg", "RS256"}, {"typ", "JWT"}};
    const Written claims = {{"application_id", setting(account, "application_id")},
                            {"iat", unix_s(now)},
                            {"exp", unix_s(now + good_for)},
                            {"jti", once}};
    std::string token = base64url(header.dump()) + "." + base64url(claims.dump());
    const auto signature = rs256_signature(secret(account, "private_key"), token);
    return token + "." + base64url(signature.value_or(""));
}

std::vector<Header> headers(const Account& account, Timestamp now, std::string_view once) {
    const bool by_key = !secret(account, "private_key").empty();
    return {{"Authorization", by_key ? "Bearer " + jwt(account, now, once)
                                     : basic(secret(account, "api_key").reveal(),
                                             secret(account, "api_secret").reveal())},
            {"Content-Type", "application/json"},
            {"Accept", "application/json"}};
}

std::string digits_of(std::string_view number) {
    return std::string{number.starts_with('+') ? number.substr(1) : number};
}

bool as_template(const Account& account, const Outbound& message) {
    return is_whatsapp(account) && !message.template_name.empty();
}

// Vonage's own way to write a template, which knows no buttons. The language is BCP 47 there.
// Values in the order of the text; Vonage hands them on to WhatsApp as {{1}}, {{2}}, ….
// https://developer.vonage.com/en/messages/guides/whatsapp-deterministic
void write_plain_template(Written& body, const Outbound& message) {
    Written values = Written::array();
    for (const auto& [name, value] : message.parameters)
        values.push_back(cut_characters(on_one_line(value), text_characters_max));
    std::string locale = message.template_language;
    std::ranges::replace(locale, '_', '-');
    body["message_type"] = "template";
    body["whatsapp"] = {{"policy", "deterministic"}, {"locale", std::move(locale)}};
    body["template"] = {{"name", message.template_name}, {"parameters", std::move(values)}};
}

// As WhatsApp's own API has it, handed on as it is: so a tap on a quick reply brings our id back.
// https://developer.vonage.com/en/messages/code-snippets/whatsapp/send-button-quick-reply
void write_template_with_buttons(Written& body, const Outbound& message) {
    Written values = Written::array();
    for (const auto& [name, value] : message.parameters)
        values.push_back(
            {{"type", "text"}, {"text", cut_characters(on_one_line(value), text_characters_max)}});
    Written components = Written::array();
    if (!values.empty())
        components.push_back({{"type", "body"}, {"parameters", std::move(values)}});
    for (std::size_t i = 0; i < message.buttons.size(); ++i)
        components.push_back(
            {{"type", "button"},
             {"sub_type", "quick_reply"},
             {"index", std::to_string(i)},
             {"parameters",
              Written::array({Written{
                  {"type", "payload"},
                  {"payload", cut_characters(message.buttons[i].first, id_bytes_max)}}})}});
    Written there = {
        {"name", message.template_name},
        {"language",
         {{"policy", "deterministic"}, {"code", with_underscore(message.template_language)}}},
        {"components", std::move(components)}};
    body["message_type"] = "custom";
    body["custom"] = {{"type", "template"}, {"template", std::move(there)}};
}

void write_template(Written& body, const Outbound& message) {
    message.buttons.empty() ? write_plain_template(body, message)
                            : write_template_with_buttons(body, message);
}

std::optional<std::string> unfit(const Account& account, const Outbound& message) {
    if (!is_whatsapp(account))
        return too_long_for_sms(message.text, parts_max, text_characters_max);
    if (!as_template(account, message) && characters_in(message.text) > whatsapp_characters_max)
        return "it has " + std::to_string(characters_in(message.text)) +
               " characters, and WhatsApp takes 4096";
    if (as_template(account, message) && !message.url_button_suffix.empty())
        return "its button carries a link, which warmcall cannot fill in at Vonage";
    return std::nullopt;
}

HttpRequest build_send(const Account& account, const Outbound& message) {
    constexpr std::int64_t ttl_min_s = 20, ttl_max_s = 604'800;
    const std::string token = to_hex(message.token);
    Written body = {{"channel", is_whatsapp(account) ? "whatsapp" : "sms"},
                    {"to", digits_of(message.to.value)},
                    {"from", digits_of(setting(account, "from"))}};
    if (as_template(account, message)) {
        write_template(body, message);
    } else {
        body["message_type"] = "text";
        body["text"] = message.text;
    }
    body["client_ref"] = std::string{token_mark} + token;
    body["webhook_url"] = receipt_url(account, message.token);
    body["webhook_version"] = "v1";
    const auto useful_s = std::chrono::floor<seconds>(message.useful_for).count();
    if (!is_whatsapp(account) && useful_s >= ttl_min_s && useful_s <= ttl_max_s)
        body["ttl"] = useful_s;
    return {"POST", account.base_url + "/v1/messages", headers(account, message.at, token),
            body.dump(-1, ' ', false, Written::error_handler_t::replace)};
}

// ---- reading answers ----

Answer read_refusal(const Account& account, const HttpResponse& response, Json root) {
    Answer answer;
    answer.kind = Answer::Kind::refused;
    answer.retry_after = retry_after(response);
    judge_status(answer, response.status, name_for_people, credentials);
    if (response.status == 402) {
        answer.failure = core::FailureClass::config;
        answer.scope = Answer::Scope::account;
        answer.sentence = "The account at Vonage has no credit left";
    }
    if (const int code = code_of(account, root); code != 0)
        judge_code(answer, vonage_errors, code);
    return answer;
}

Answer meaning_of(int code) {
    Answer answer;
    answer.kind = Answer::Kind::refused;
    judge_code(answer, vonage_errors, code);
    return answer;
}

Answer read_send(const Account& account, const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    const Outcome outcome = outcome_of(response.status);
    if (outcome == Outcome::refused)
        return read_refusal(account, response, root);
    const std::string_view id = printable_id(root["message_uuid"].text());
    if (outcome == Outcome::unknown || id.empty())
        return unknown_answer(name_for_people);
    Answer answer;
    answer.kind = Answer::Kind::accepted;
    answer.provider_id = id;
    return answer;
}

// An empty message is never sent: credentials are judged first, then its lack of everything (422).
HttpRequest build_probe(const Account& account, Timestamp now) {
    return {"POST", account.base_url + "/v1/messages", headers(account, now, "probe"), "{}"};
}

std::optional<std::string> read_probe(const Account& account, const HttpResponse& response) {
    if (response.status == 422)
        return std::nullopt;
    if (response.status < 300)
        return "base_url answers, but not as Vonage would: check base_url";
    if (response.status >= 500)
        return "Vonage is out of order for the moment (HTTP " + std::to_string(response.status) +
               ")";
    JsonDocument document;
    return read_refusal(account, response, document.read(response.body)).sentence;
}

constexpr Provider row(std::string_view name, Medium medium) {
    return {
        .name = name,
        .medium = medium,
        .default_base_url = "https://api.nexmo.com",
        .webhook_body_bytes_max = body_bytes_max,
        // What an API key may; a US long number 1.
        .rates = medium == Medium::sms
                     ? Rates{.per_second = 10, .account_per_second = 30}
                     : Rates{.per_second = 30, .account_per_second = 30, .people_per_day = 250},
        .account_key = "application_id",
        .check = check,
        .authentic = authentic,
        .parse = parse,
        .received = received,
        .unfit = unfit,
        .build_send = build_send,
        .read_send = read_send,
        .meaning = meaning_of,
        .build_probe = build_probe,
        .read_probe = read_probe,
    };
}

}  // namespace

extern const Provider vonage_sms, vonage_whatsapp;
constinit const Provider vonage_sms = row("vonage_sms", Medium::sms);
constinit const Provider vonage_whatsapp = row("vonage_whatsapp", Medium::whatsapp);

}  // namespace warmcall
