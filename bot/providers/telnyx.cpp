// Telnyx messaging: JSON in both directions, webhooks signed with Ed25519.
// https://developers.telnyx.com/docs/messaging

#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include "providers/account.hpp"
#include "providers/json.hpp"
#include "providers/reading.hpp"
#include "providers/telnyx_errors.hpp"
#include "support/crypto.hpp"

namespace warmcall {

namespace {

using core::ReplyKind;
using core::Timestamp;
using std::chrono::seconds;

constexpr std::string_view name_for_people = "Telnyx";
constexpr std::string_view credentials = "api_key";
constexpr std::size_t body_bytes_max = 256 * 1024;
constexpr int parts_max = 10;
constexpr auto window = seconds{300};  // older or newer is a replay, says its own library

// ---- the account ----

std::vector<std::string> check(const Account& account) {
    Wrong wrong;
    const std::string_view from = setting(account, "from");
    if (from.empty() && setting(account, "messaging_profile_id").empty())
        wrong.push_back(
            "from is missing: the number or name messages come from (or give "
            "messaging_profile_id)");
    if (!from.empty() && !is_sender(from))
        wrong.push_back(
            "from must be a number such as \"+12025550101\", a short code, or a name of at most 11 "
            "letters");
    if (is_sender_name(from) && setting(account, "messaging_profile_id").empty())
        wrong.push_back(
            "from is a name, and Telnyx sends from one only with messaging_profile_id beside it");
    const std::string_view key = setting(account, "public_key");
    if (key.empty())
        wrong.push_back("public_key is missing: Mission Control > Keys & Credentials shows it");
    else if (from_base64(key).value_or("").size() != 32)
        wrong.push_back("public_key must be the 44 letters Mission Control shows (base64)");
    check_secret(account, "api_key", 1, "Mission Control > API Keys makes it", wrong);
    check_keys(account, {"from", "messaging_profile_id", "public_key"}, {"api_key"}, wrong);
    return wrong;
}

// ---- whom to believe ----

bool authentic(const Account& account, const HttpRequest& request) {
    const std::string_view written = request.header("telnyx-timestamp");
    const auto at = unix_time(written);
    const auto signature = from_base64(request.header("telnyx-signature-ed25519"));
    const auto key = from_base64(setting(account, "public_key"));
    if (!at || !signature || !key)
        return false;
    const auto now = std::chrono::floor<seconds>(request.received_at);
    if (*at > now + window || *at < now - window)
        return false;
    return ed25519_verified(*key, *signature, std::string{written} + "|" + request.body);
}

HttpResponse received(const Account&) {
    return {200, {}, {}};
}

// ---- reading ----

std::optional<int> code_of(Json errors) {
    const auto code = errors.first()["code"].integer();
    constexpr std::int64_t code_max = 1'000'000;
    if (!code || *code < 0 || *code > code_max)
        return std::nullopt;
    return static_cast<int>(*code);
}

InReply read_message(Json payload) {
    const std::string_view text = payload["text"].text();
    const Json file = payload["media"].first();
    if (file)
        return file_reply(file["content_type"].text(), text);
    if (text.empty())
        return reply_of(ReplyKind::other, "sent something that cannot be shown here");
    return reply_of(ReplyKind::text, text);
}

std::optional<core::Facts> facts_of(std::string_view status, Json errors, Timestamp at) {
    constexpr int message_expired = 40005;
    core::Facts facts;
    if (status == "queued" || status == "sending")
        facts.accepted = at;
    else if (status == "sent" || status == "delivery_unconfirmed")  // no word of the network's came
        facts.sent = at;
    else if (status == "delivered")
        facts.delivered = at;
    else if (status == "read")
        facts.read = at;
    else if (status == "sending_failed" || status == "delivery_failed")
        facts.failed = failure_of(telnyx_errors, code_of(errors).value_or(0), at);
    else if (status == "expired")
        facts.failed = failure_of(telnyx_errors, code_of(errors).value_or(message_expired), at);
    else
        return std::nullopt;
    return facts;
}

struct Event {
    const HttpRequest& request;
    Json data;
    Json payload;
    std::string_view type;
    std::string_view id;
    Timestamp at{};
    Timestamp told{};  // the provider's own time; 1970 when it sends none
};

Inbound made(const Event& event, std::vector<core::Address> who, InWhat what) {
    return {event_key(event.told, {"telnyx", event.id}), event.at, std::move(who), std::move(what)};
}

// The words that mean STOP can be changed at Telnyx, to words we do not know: what Telnyx took for
// one counts, besides what the words say to us.
// https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out
std::optional<InPreference> read_opt_out(Json payload) {
    using Choice = core::MarketingPreference::Choice;
    const std::string_view type = payload["autoresponse_type"].text();
    if (type == "STOP")
        return InPreference{Choice::stop};
    if (type == "START")
        return InPreference{Choice::resume};
    return std::nullopt;
}

std::vector<Inbound> read_received(const Event& event) {
    const auto who = phone_address(event.payload["from"]["phone_number"].text());
    if (!who)
        return {made(event, {}, InIgnored{"sender is no phone"})};
    std::vector<Inbound> found;
    const auto choice = read_opt_out(event.payload);
    if (choice)
        found.push_back(
            {event_key(event.told, {"telnyx", "preference", event.id}), event.at, {*who}, *choice});
    InReply reply = read_message(event.payload);
    reply.confirmed_stop = choice && choice->choice == core::MarketingPreference::Choice::stop;
    found.push_back(made(event, {*who}, std::move(reply)));
    return found;
}

Inbound read_status(const Event& event) {
    const Json to = event.payload["to"].first();
    const std::string_view status = to["status"].text();
    const std::string_view id = printable_id(event.payload["id"].text());
    auto facts = facts_of(status, event.payload["errors"], event.at);
    if (!facts || id.empty())
        return made(event, {}, InIgnored{label("status", status)});
    facts->provider_id = id;
    std::vector<core::Address> who;
    if (const auto phone = phone_address(to["phone_number"].text()))
        who.push_back(*phone);
    return made(event, std::move(who),
                InStatus{std::string{id}, token_in_path(event.request), std::move(*facts)});
}

bool of_other_profile(const Account& account, Json payload) {
    const std::string_view ours = setting(account, "messaging_profile_id");
    const std::string_view theirs = payload["messaging_profile_id"].text();
    return !ours.empty() && !theirs.empty() && ours != theirs;
}

Result<std::vector<Inbound>> parse(const Account& account, const HttpRequest& request) {
    JsonDocument document;
    const Json root = document.read(request.body);
    const Json data = root["data"];
    Event event{request, data, data["payload"], data["event_type"].text(),
                printable_id(data["id"].text())};
    if (!event.payload.is_object() || event.type.empty() || event.id.empty())
        return Error{Errc::bad_payload, "the delivery is no event of Telnyx's"};
    event.told = iso_time(data["occurred_at"].text()).value_or(Timestamp{});
    event.at = event.told == Timestamp{} ? request.received_at : event.told;
    if (of_other_profile(account, event.payload))
        return std::vector{made(event, {}, InIgnored{"other profile"})};
    if (event.type == "message.received")
        return read_received(event);
    if (event.type == "message.sent" || event.type == "message.finalized" ||
        event.type == "message.read")
        return std::vector{read_status(event)};
    return std::vector{made(event, {}, InIgnored{label("event", event.type)})};
}

// ---- sending ----

std::vector<Header> headers(const Account& account) {
    return {{"Authorization", "Bearer " + secret(account, "api_key").reveal()},
            {"Content-Type", "application/json"},
            {"Accept", "application/json"}};
}

std::optional<std::string> unfit(const Account&, const Outbound& message) {
    return too_long_for_sms(message.text, parts_max, 0);
}

HttpRequest build_send(const Account& account, const Outbound& message) {
    using Written = nlohmann::ordered_json;
    Written body;
    for (const char* key : {"from", "messaging_profile_id"})
        if (const auto value = setting(account, key); !value.empty())
            body[key] = value;
    body["to"] = message.to.value.starts_with('+') ? message.to.value : "+" + message.to.value;
    body["text"] = message.text;
    body["type"] = "SMS";
    body["webhook_url"] = receipt_url(account, message.token);
    return {"POST", account.base_url + "/v2/messages", headers(account),
            body.dump(-1, ' ', false, Written::error_handler_t::replace)};
}

// ---- reading answers ----

Answer read_refusal(const HttpResponse& response, Json root) {
    Answer answer;
    answer.kind = Answer::Kind::refused;
    answer.retry_after = retry_after(response);
    judge_status(answer, response.status, name_for_people, credentials);
    if (const auto code = code_of(root["errors"]))
        judge_code(answer, telnyx_errors, *code);
    return answer;
}

Answer meaning_of(int code) {
    Answer answer;
    answer.kind = Answer::Kind::refused;
    judge_code(answer, telnyx_errors, code);
    return answer;
}

Answer read_send(const Account&, const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    const Outcome outcome = outcome_of(response.status);
    if (outcome == Outcome::refused)
        return read_refusal(response, root);
    const std::string_view id = printable_id(root["data"]["id"].text());
    if (outcome == Outcome::unknown || id.empty())
        return unknown_answer(name_for_people);
    Answer answer;
    answer.kind = Answer::Kind::accepted;
    answer.provider_id = id;
    return answer;
}

HttpRequest build_probe(const Account& account, Timestamp) {
    return {
        "GET", account.base_url + "/v2/messaging_profiles?page%5Bsize%5D=1", headers(account), {}};
}

std::optional<std::string> read_probe(const Account&, const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    if (response.status == 200 && root["data"].is_array())
        return std::nullopt;
    if (response.status < 300)
        return "base_url answers, but not as Telnyx would: check base_url";
    if (response.status >= 500)
        return "Telnyx is out of order for the moment (HTTP " + std::to_string(response.status) +
               ")";
    return read_refusal(response, root).sentence;
}

}  // namespace

extern const Provider telnyx;
constinit const Provider telnyx{
    .name = "telnyx",
    .medium = core::Medium::sms,
    .default_base_url = "https://api.telnyx.com",
    .webhook_body_bytes_max = body_bytes_max,
    // A long code outside of the US; toll-free 20, short codes 1,000, US numbers by their campaign.
    // https://developers.telnyx.com/docs/messaging/messages/rate-limiting
    .rates = {.per_second = 0.1, .account_per_second = 50},
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

}  // namespace warmcall
