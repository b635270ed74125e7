// Kannel, the SMS gateway that speaks SMPP to operators: sendsms out, get-url and dlr-url in. It
// signs nothing, so a secret of ours stands in every address it calls.
// https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html

#include <unicode/unistr.h>

#include <charconv>
#include <chrono>
#include <vector>

#include "core/template.hpp"
#include "providers/account.hpp"
#include "providers/errors.hpp"
#include "providers/reading.hpp"

namespace warmcall {

namespace {

using core::FailureClass;
using core::ReplyKind;
using core::Timestamp;

constexpr std::string_view name_for_people = "Kannel";
constexpr std::string_view credentials = "username and password";
constexpr std::size_t body_bytes_max = 64 * 1024;
constexpr std::size_t secret_bytes_min = 16;

// ---- the account ----

// As many as Kannel joins (max-messages of its sendsms-user): what is longer it cuts off silently.
int parts_max(const Account& account) {
    const std::string_view given = setting(account, "parts_max");
    int parts = 1;
    std::from_chars(given.data(), given.data() + given.size(), parts);
    return parts;
}

// It stands in addresses that Kannel fills in itself: an escaped letter would be taken for one of
// its own marks.
bool is_plain_secret(const Secret& secret) {
    const std::string& text = secret.reveal();
    return text.size() >= secret_bytes_min && std::ranges::all_of(text, [](char c) {
               return is_letter_or_digit(c) || c == '-' || c == '_';
           });
}

std::vector<std::string> check(const Account& account) {
    Wrong wrong;
    if (setting(account, "username").empty())
        wrong.push_back("username is missing: of the sendsms-user group in kannel.conf");
    check_secret(account, "password", 1, "of the sendsms-user group in kannel.conf", wrong);
    check_secret(account, "webhook_secret", 2,
                 "letters of your own, the same as in get-url in kannel.conf", wrong);
    for (const Secret& secret : secrets(account, "webhook_secret"))
        if (!secret.empty() && !is_plain_secret(secret))
            wrong.push_back(
                "webhook_secret must be at least 16 letters, digits, \"-\" and \"_\", and no other");
    if (const auto from = setting(account, "from"); !from.empty() && !is_sender(from))
        wrong.push_back(
            "from must be a number such as \"+12025550101\", a short code, or a name of at most 11 "
            "letters");
    if (const auto parts = setting(account, "parts_max");
        !parts.empty() && (!is_digits(parts) || parts.size() > 2 || parts_max(account) < 1 ||
                           parts_max(account) > 10))
        wrong.push_back("parts_max must be from 1 to 10, as max-messages in kannel.conf");
    check_keys(account, {"username", "from", "smsc", "parts_max"}, {"password", "webhook_secret"},
               wrong);
    return wrong;
}

// ---- whom to believe ----

bool authentic(const Account& account, const HttpRequest& request) {
    const std::vector<Header> query = decode_form(request.query());
    const std::string_view given = value_of(query, "secret");
    bool known = false;
    for (const Secret& secret : secrets(account, "webhook_secret"))
        known |= !secret.empty() && equal_constant_time(secret.reveal(), given);
    return known;
}

// Kannel sends whatever stands in the answer to the customer.
HttpResponse received(const Account&) {
    return {200, {{"Content-Type", "text/plain; charset=utf-8"}}, {}};
}

// ---- reading ----

// What Kannel has in another charset (UTF-16BE when it came as UCS-2) as UTF-8.
std::string in_utf8(std::string_view text, std::string_view charset, std::string_view coding) {
    constexpr std::size_t charset_bytes_max = 40;
    std::string from{charset.substr(0, charset_bytes_max)};
    if (from.empty() && coding == "2")
        from = "UTF-16BE";
    if (from.empty() || from == "UTF-8" || from == "GSM" || from == "GSM7")
        return std::string{text};
    const icu::UnicodeString read{text.data(), static_cast<std::int32_t>(text.size()),
                                  from.c_str()};
    std::string utf8;
    read.toUTF8String(utf8);
    return utf8.empty() ? std::string{text} : utf8;
}

// "01713920012": whose it is, only the operator's country could tell.
bool lacks_country(std::string_view from) {
    constexpr std::size_t digits_min = 7;
    return is_digits(from) && from.size() >= digits_min && from[0] == '0' && from[1] != '0';
}

Result<std::vector<Inbound>> read_message(const Account& account, const HttpRequest& request,
                                          const std::vector<Header>& form) {
    const std::string_view from = value_of(form, "from");
    const std::string_view id = printable_id(value_of(form, "id"));
    const auto sent_at = unix_time(value_of(form, "time"));
    const Timestamp at = sent_at.value_or(request.received_at);
    if (from.empty() || (id.empty() && !sent_at))
        return Error{Errc::bad_payload,
                     "the message has no from, or neither id nor time: get-url must have "
                     "from=%q&text=%b&charset=%C&coding=%c&id=%I&time=%T"};
    if (lacks_country(from))
        return Error{Errc::bad_payload,
                     "the sender's number has no country: get-url must have from=%q, and "
                     "unified-prefix of the smsc in kannel.conf must say what a leading 0 stands "
                     "for, such as \"+49,0049,0\""};
    const std::string_view text = value_of(form, "text");
    std::string key =
        event_key(sent_at.value_or(Timestamp{}), {account.id.value, "message", id, from, text});
    const auto who = phone_address(from);
    if (!who)
        return std::vector<Inbound>{{std::move(key), at, {}, InIgnored{"sender is no phone"}}};
    const std::string words = in_utf8(text, value_of(form, "charset"), value_of(form, "coding"));
    InReply reply = value_of(form, "coding") == "1" || words.empty()
                        ? reply_of(ReplyKind::other, "sent something that cannot be shown here")
                        : reply_of(ReplyKind::text, words);
    return std::vector<Inbound>{{std::move(key), at, {*who}, std::move(reply)}};
}

// The operator's own words at the end of a failed report, as SMPP writes them:
// "id:… stat:UNDELIV err:027 …", or "NACK/0x0000000b/Invalid Destination Address" at once.
int operator_code(std::string_view words) {
    const auto number_after = [words](std::string_view mark, int base) {
        int code = 0;
        if (const std::size_t at = words.find(mark); at != std::string_view::npos)
            std::from_chars(words.data() + at + mark.size(), words.data() + words.size(), code,
                            base);
        return code;
    };
    if (words.starts_with("NACK/"))
        return number_after("0x", 16);
    return number_after("err:", 10);
}

// SMPP 3.4, 5.1.3: what a refusal at the operator's door means. Codes of a report ("err:") are the
// operator's own and mean nothing to us.
constexpr ProviderError smpp_errors[] = {
    {0x0A, 0x0A, FailureClass::config, Answer::Scope::sender, 0,
     "The operator does not let us send from this number or name: check from"},
    {0x0B, 0x0B, FailureClass::permanent, Answer::Scope::message, 0,
     "The operator does not know this number"},
    {0x14, 0x14, FailureClass::slow_down, Answer::Scope::sender, 0,
     "The operator has too many messages of ours waiting"},
    {0x58, 0x58, FailureClass::slow_down, Answer::Scope::sender, 0,
     "We send faster than the operator allows"},
};
static_assert(in_order(smpp_errors));

core::Failure failure_of(std::string_view words, Timestamp at) {
    const int code = operator_code(words);
    if (words.starts_with("NACK/"))
        return warmcall::failure_of(smpp_errors, code, at);
    return {at, code, FailureClass::permanent};
}

// Delivery reports by Kannel's own numbers.
std::optional<core::Facts> facts_of(std::string_view type, std::string_view words, Timestamp at) {
    core::Facts facts;
    if (type == "1")  // delivered to the phone
        facts.delivered = at;
    else if (type == "8")  // taken by the operator
        facts.sent = at;
    else if (type == "4")  // waits at Kannel or at the operator
        facts.accepted = at;
    else if (type == "2" || type == "16")  // not delivered; refused by the operator
        facts.failed = failure_of(words, at);
    else
        return std::nullopt;
    return facts;
}

Result<std::vector<Inbound>> read_report(const Account& account, const HttpRequest& request,
                                         const std::vector<Header>& form, const Token& token) {
    const std::string_view type = value_of(form, "type");
    const Timestamp at = unix_time(value_of(form, "time")).value_or(request.received_at);
    // Kannel gives a message no id that we could know before: our token is its id for us. The time
    // is no part of the key, as a report that Kannel reads back from its spool may have another.
    const std::string id = to_hex(token);
    std::string key = event_key(Timestamp{}, {account.id.value, "status", id, type});
    auto facts = facts_of(type, value_of(form, "answer"), at);
    if (!facts)
        return std::vector<Inbound>{{std::move(key), at, {}, InIgnored{label("report", type)}}};
    return std::vector<Inbound>{{std::move(key), at, {}, InStatus{id, token, std::move(*facts)}}};
}

Result<std::vector<Inbound>> parse(const Account& account, const HttpRequest& request) {
    const std::vector<Header> form = decode_form(request.query());
    if (const auto token = token_in_path(request))
        return read_report(account, request, form, *token);
    return read_message(account, request, form);
}

// ---- sending ----

// Kannel replaces the marks (%d: what became of it, %T: when, %A: the operator's words).
std::string report_url(const Account& account, const Token& token) {
    return receipt_url(account, token) + "?secret=" + secret(account, "webhook_secret").reveal() +
           "&type=%d&time=%T&answer=%A";
}

HttpRequest sendsms(const Account& account, std::vector<Header> more) {
    std::vector<Header> query = {{"username", std::string{setting(account, "username")}},
                                 {"password", secret(account, "password").reveal()}};
    for (Header& pair : more)
        query.push_back(std::move(pair));
    return {"GET", account.base_url + "/cgi-bin/sendsms?" + encode_form(query), {}, {}};
}

std::optional<std::string> unfit(const Account& account, const Outbound& message) {
    auto why = too_long_for_sms(message.text, parts_max(account), 0);
    if (why)
        *why += " (parts_max of the channel, max-messages in kannel.conf)";
    return why;
}

HttpRequest build_send(const Account& account, const Outbound& message) {
    std::vector<Header> query;
    if (const auto from = setting(account, "from"); !from.empty())
        query.push_back({"from", std::string{from}});
    query.push_back(
        {"to", message.to.value.starts_with('+') ? message.to.value : "+" + message.to.value});
    query.push_back({"text", message.text});
    query.push_back({"charset", "UTF-8"});
    if (!core::sms_length(message.text).gsm7)
        query.push_back({"coding", "2"});  // UCS-2; else Kannel would put "?" for each such letter
    if (const auto smsc = setting(account, "smsc"); !smsc.empty())
        query.push_back({"smsc", std::string{smsc}});
    constexpr std::int64_t validity_max = 10'080;  // minutes: a week
    const auto useful = std::chrono::ceil<std::chrono::minutes>(message.useful_for).count();
    if (useful > 0 && useful <= validity_max)
        query.push_back({"validity", std::to_string(useful)});
    query.push_back({"dlr-mask", "31"});
    query.push_back({"dlr-url", report_url(account, message.token)});
    return sendsms(account, std::move(query));
}

// ---- reading answers ----

Answer read_refusal(const HttpResponse& response) {
    Answer answer;
    answer.kind = Answer::Kind::refused;
    answer.retry_after = retry_after(response);
    judge_status(answer, response.status, name_for_people, credentials);
    if (response.body.starts_with("Not routable")) {
        answer.failure = FailureClass::permanent;
        answer.scope = Answer::Scope::message;
        answer.sentence = "Kannel has no operator for this number";
    }
    return answer;
}

Answer meaning_of(int code) {
    Answer answer;
    answer.kind = Answer::Kind::refused;
    judge_code(answer, smpp_errors, code);
    return answer;
}

// "0: Accepted for delivery", "3: Queued for later delivery"
Answer read_send(const Account&, const HttpResponse& response) {
    Answer answer;
    switch (outcome_of(response.status)) {
        case Outcome::accepted:
            if (!response.body.starts_with("0:") && !response.body.starts_with("3:"))
                break;
            answer.kind = Answer::Kind::accepted;
            return answer;
        case Outcome::refused:
            return read_refusal(response);
        case Outcome::unknown:
            if (!response.body.starts_with("Temporal failure, try again later"))
                break;
            answer.kind = Answer::Kind::refused;  // its own words for: not taken
            answer.failure = FailureClass::retry;
            answer.sentence = "Kannel could not hand the message on and did not keep it";
            return answer;
    }
    return unknown_answer(name_for_people);
}

// Without a receiver nothing is sent: the credentials are judged first, then it misses the number.
HttpRequest build_probe(const Account& account, Timestamp) {
    return sendsms(account, {});
}

std::optional<std::string> read_probe(const Account&, const HttpResponse& response) {
    if (response.status == 400 && response.body.starts_with("Missing"))
        return std::nullopt;
    if (response.status >= 500)
        return "Kannel is out of order for the moment (HTTP " + std::to_string(response.status) +
               ")";
    if (response.status < 300 || response.status == 400)
        return "base_url answers, but not as Kannel would: check base_url";
    return read_refusal(response).sentence;
}

}  // namespace

extern const Provider kannel;
constinit const Provider kannel{
    .name = "kannel",
    .medium = core::Medium::sms,
    .default_base_url = "http://127.0.0.1:13013",
    .webhook_body_bytes_max = body_bytes_max,
    .rates = {.per_second = 10},
    .account_key = "username",
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
