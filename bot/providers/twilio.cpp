// Twilio Programmable Messaging: SMS, and WhatsApp through Twilio. Two rows of one file, because a
// channel has one medium; they share everything but the prefix of an address and what a template
// is.
// https://www.twilio.com/docs/messaging

#include "providers/twilio.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "providers/account.hpp"
#include "providers/json.hpp"
#include "providers/reading.hpp"
#include "providers/twilio_errors.hpp"
#include "support/crypto.hpp"

namespace warmcall {

namespace {

using core::Address;
using core::AddressKind;
using core::Medium;
using core::ReplyKind;
using core::Timestamp;
using std::chrono::seconds;

constexpr std::string_view name_for_people = "Twilio";
constexpr std::string_view credentials = "account_sid and auth_token (or the API key)";
constexpr std::string_view whatsapp_mark = "whatsapp:";
constexpr std::string_view content_mark = "content_";
constexpr std::size_t body_bytes_max = 64 * 1024;
constexpr std::size_t text_characters_max = 1'600;
constexpr int parts_max = 99;  // the characters are the bound here
constexpr std::size_t payload_bytes_max = 1'024;

bool is_whatsapp(const Account& account) {
    return account.provider == "twilio_whatsapp";
}

// ---- the account ----

using twilio::authorization;
using twilio::is_sid;

void check_sid(const Account& account, std::string_view key, std::string_view mark,
               std::string_view where_from, Wrong& wrong) {
    if (setting(account, key).empty())
        wrong.push_back(std::string{key} + " is missing: " + std::string{where_from});
    else if (!is_sid(setting(account, key), mark))
        wrong.push_back(std::string{key} + " must be " + std::string{mark} +
                        " and 32 letters and digits: " + std::string{where_from});
}

void check_sender(const Account& account, Wrong& wrong) {
    const std::string_view from = setting(account, "from");
    if (setting(account, "messaging_service_sid").empty()) {
        if (from.empty())
            wrong.push_back(
                "from is missing: the number or name messages come from (or give "
                "messaging_service_sid)");
    } else {
        check_sid(account, "messaging_service_sid", "MG", "Console > Messaging > Services shows it",
                  wrong);
    }
    if (from.empty())
        return;
    if (is_whatsapp(account) && !is_e164(from))
        wrong.push_back("from must be the WhatsApp sender's number such as \"+12025550101\"");
    if (!is_whatsapp(account) && !is_sender(from))
        wrong.push_back(
            "from must be a number such as \"+12025550101\", a short code, or a name of at most 11 "
            "letters");
}

std::vector<std::string> check(const Account& account) {
    Wrong wrong;
    check_sid(account, "account_sid", "AC", "the first page of Twilio's Console shows it", wrong);
    check_secret(account, "auth_token", 2, "the first page of Twilio's Console shows it", wrong);
    check_sender(account, wrong);
    if (!setting(account, "api_key_sid").empty() || !secrets(account, "api_key_secret").empty()) {
        check_sid(account, "api_key_sid", "SK", "Console > API keys shows it", wrong);
        check_secret(account, "api_key_secret", 1, "Twilio shows it once, with the new API key",
                     wrong);
    }
    for (const auto& [key, value] : account.settings)
        if (key.starts_with(content_mark))
            check_sid(account, key, "HX", "Console > Content Template Builder shows it", wrong);
    const std::string_view mark =
        is_whatsapp(account) ? content_mark : std::string_view{};  // an SMS needs no template
    check_keys(account, {"account_sid", "from", "messaging_service_sid", "api_key_sid"},
               {"auth_token", "api_key_secret"}, wrong, mark);
    return wrong;
}

// ---- whom to believe ----

// "https://host:8443/x?y" as its scheme with "://", its host, its port with ":" or "", and the
// rest, none of it changed: the path and query must keep the characters that were signed.
struct UrlParts {
    std::string_view scheme, host, port, rest;
};

std::optional<UrlParts> split_url(std::string_view url) {
    const std::size_t scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos)
        return std::nullopt;
    UrlParts parts;
    parts.scheme = url.substr(0, scheme_end + 3);
    url.remove_prefix(parts.scheme.size());
    const std::size_t authority_end = std::min(url.find_first_of("/?#"), url.size());
    const std::string_view authority = url.substr(0, authority_end);
    parts.rest = url.substr(authority_end);
    const std::size_t brackets_end = authority.rfind(']');  // of an IPv6 address
    const std::size_t colon =
        authority.find(':', brackets_end == std::string_view::npos ? 0 : brackets_end);
    parts.host = authority.substr(0, colon);
    parts.port = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
    return parts;
}

// A query as Node's querystring module would write it: some of Twilio's services sign that form.
std::string rewritten_query(std::string_view query) {
    constexpr std::string_view plain = "!'()*";
    std::string written;
    for (const Header& pair : decode_form(query)) {
        written.append(written.empty() ? "" : "&").append(percent_encode(pair.name));
        written.append("=").append(percent_encode(pair.value));
    }
    for (const char c : plain) {  // what percent_encode escapes and Node does not
        const std::string escaped = percent_encode(std::string_view{&c, 1});
        for (std::size_t at = written.find(escaped); at != std::string::npos;
             at = written.find(escaped, at + 1))
            written.replace(at, escaped.size(), 1, c);
    }
    return written;
}

// What Twilio may have signed: with and without a port, as its own libraries allow; each also with
// the query written anew.
std::vector<std::string> signed_urls(std::string_view url) {
    url = url.substr(0, url.find('#'));
    const auto parts = split_url(url);
    if (!parts)
        return {std::string{url}};
    const std::string_view usual = parts->scheme == "https://" ? ":443" : ":80";
    std::string without{parts->scheme};
    without.append(parts->host);
    std::string with = without + std::string{parts->port.empty() ? usual : parts->port};
    std::vector<std::string> all;
    const std::size_t question = parts->rest.find('?');
    for (const std::string& origin : {without, with}) {
        all.push_back(origin + std::string{parts->rest});
        if (question != std::string_view::npos && question + 1 < parts->rest.size())
            all.push_back(origin + std::string{parts->rest.substr(0, question + 1)} +
                          rewritten_query(parts->rest.substr(question + 1)));
    }
    return all;
}

// The form's keys in order, each followed by its values: unique, in order.
std::string signed_form(std::string_view body) {
    std::map<std::string, std::set<std::string>> fields;
    for (Header& pair : decode_form(body))
        fields[std::move(pair.name)].insert(std::move(pair.value));
    std::string told;
    for (const auto& [key, values] : fields)
        for (const std::string& value : values)
            told.append(key).append(value);
    return told;
}

// Another content type than a form's is signed by its hash, which stands in the query.
bool body_fits(std::string_view hash, std::string_view body) {
    return equal_constant_time(sha256_hex(body), hash);
}

bool authentic(const Account& account, const HttpRequest& request) {
    const std::string_view signature = request.header("X-Twilio-Signature");
    const std::vector<Header> query = decode_form(request.query());
    const std::string_view hash = value_of(query, "bodySHA256");
    if (signature.empty() || (!hash.empty() && !body_fits(hash, request.body)))
        return false;
    const std::string form =
        hash.empty() && request.method != "GET" ? signed_form(request.body) : std::string{};
    bool known = false;
    for (const std::string& url : signed_urls(called_url(account, request)))
        for (const Secret& token : secrets(account, "auth_token")) {
            const auto digest = hmac_sha1(token, url + form);
            const std::string_view bytes{reinterpret_cast<const char*>(digest.data()),
                                         digest.size()};
            known |= !token.empty() && equal_constant_time(base64(bytes), signature);
        }
    return known;
}

// Any words here would go to the customer as an answer.
HttpResponse received(const Account&) {
    return {200, {{"Content-Type", "text/xml; charset=utf-8"}}, "<Response></Response>"};
}

// ---- reading: addresses ----

// "whatsapp:+61491570156", "whatsapp:AU.WARM0000000000000001", "+61491570156"; nothing for what
// belongs to the other medium, a short code or a sender's name.
std::optional<Address> address_of(std::string_view text, bool whatsapp) {
    if (text.starts_with(whatsapp_mark) != whatsapp)
        return std::nullopt;
    if (!whatsapp)
        return text.starts_with('+') ? phone_address(text) : std::nullopt;
    return whatsapp_party(text.substr(whatsapp_mark.size()));
}

void add(std::vector<Address>& who, std::optional<Address> address) {
    if (address && std::ranges::find(who, *address) == who.end())
        who.push_back(std::move(*address));
}

// ---- reading: what they wrote ----

// Twilio puts no time into its webhooks, and its ids are random: a copy of an event must get the
// same key, so there is no time in it. That spreads the inbox's rows (PERFORMANCE.md: the dearer
// kind of insert); a time of our own would let every repeated delivery count twice.
std::string key_of(const Account& account, std::string_view kind, std::string_view sid,
                   std::string_view status = {}) {
    return event_key(Timestamp{}, {setting(account, "account_sid"), kind, sid, status});
}

using Form = std::vector<Header>;

InReply read_reply(const Form& form) {
    const std::string_view body = value_of(form, "Body");
    const std::string_view media = value_of(form, "MediaContentType0");
    const std::string_view files = value_of(form, "NumMedia");
    InReply reply;
    if (const auto button = value_of(form, "ButtonText");
        !button.empty() || !value_of(form, "ButtonPayload").empty()) {
        reply = reply_of(ReplyKind::button, button.empty() ? body : button);
        const std::string_view payload = value_of(form, "ButtonPayload");
        reply.button_payload = payload.size() <= payload_bytes_max ? payload : std::string_view{};
    } else if (!value_of(form, "Latitude").empty()) {
        std::string place{value_of(form, "Label")};
        if (const auto address = value_of(form, "Address"); !address.empty())
            place.append(place.empty() ? "" : ", ").append(address);
        reply = reply_of(ReplyKind::location, sent_a("location", place));
    } else if (!media.empty()) {
        reply = file_reply(media, body);
    } else if (!files.empty() && files != "0") {
        reply = captioned(ReplyKind::media, sent_a("file"), body);
    } else if (const auto type = value_of(form, "MessageType"); type == "reaction") {
        reply = reply_of(ReplyKind::reaction, "reacted with " + std::string{body});
    } else if (body.empty()) {
        reply = reply_of(ReplyKind::other, "sent something that cannot be shown here");
    } else {
        reply = reply_of(ReplyKind::text, body);
    }
    reply.profile_name = tidy(value_of(form, "ProfileName"), name_bytes_max);
    reply.about_provider_id = printable_id(value_of(form, "OriginalRepliedMessageSid"));
    return reply;
}

// The words that mean STOP can be changed at Twilio, to words we do not know: what Twilio took for
// one counts, besides what the words say to us.
std::optional<InPreference> read_opt_out(const Form& form) {
    using Choice = core::MarketingPreference::Choice;
    const std::string_view type = value_of(form, "OptOutType");
    if (type == "STOP")
        return InPreference{Choice::stop};
    if (type == "START")
        return InPreference{Choice::resume};
    return std::nullopt;
}

// On SMS Twilio answers by itself what it takes for a STOP: by OptOutType where Advanced Opt-Out is
// on, else when the whole message is one of these. On WhatsApp it leaves words to us.
// https://help.twilio.com/articles/223134027
bool confirms_stop(const Form& form) {
    constexpr std::string_view stop_words[] = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL",
                                               "END",  "QUIT",    "REVOKE",      "OPTOUT"};
    if (const std::string_view type = value_of(form, "OptOutType"); !type.empty())
        return type == "STOP";
    const std::string body = trimmed_upper(value_of(form, "Body"));
    return std::ranges::find(stop_words, body) != std::end(stop_words);
}

std::vector<Inbound> read_message(const Account& account, const Form& form, std::string_view sid,
                                  Timestamp at) {
    const bool whatsapp = is_whatsapp(account);
    std::vector<Address> who;
    add(who, address_of(value_of(form, "From"), whatsapp));
    if (whatsapp && !who.empty()) {
        add(who, whatsapp_address(value_of(form, "WaId")));
        add(who, address_of(value_of(form, "ExternalUserId"), whatsapp));
    }
    if (who.empty())
        return {{key_of(account, "ignored", sid), at, {}, InIgnored{"sender is no phone"}}};
    std::vector<Inbound> found;
    if (const auto choice = read_opt_out(form))
        found.push_back({key_of(account, "preference", sid), at, who, *choice});
    InReply reply = read_reply(form);
    reply.confirmed_stop = !whatsapp && confirms_stop(form);
    found.push_back({key_of(account, "message", sid), at, std::move(who), std::move(reply)});
    return found;
}

// ---- reading: receipts ----

std::optional<int> code_of(std::string_view text) {
    constexpr std::size_t digits_max = 6;
    if (!is_digits(text) || text.size() > digits_max)
        return std::nullopt;
    int code = 0;
    std::from_chars(text.data(), text.data() + text.size(), code);
    return code;
}

// That Twilio speaks of it at all shows that it took it: an unknown send is settled by any word.
std::optional<core::Facts> facts_of(std::string_view status, std::string_view error, Timestamp at) {
    core::Facts facts;
    if (status == "queued" || status == "accepted" || status == "scheduled" || status == "sending")
        facts.accepted = at;
    else if (status == "sent" || status == "partially_delivered")
        facts.sent = at;
    else if (status == "delivered")
        facts.delivered = at;
    else if (status == "read")
        facts.read = at;
    else if (status == "failed" || status == "undelivered" || status == "canceled")
        facts.failed = failure_of(twilio_errors, code_of(error).value_or(0), at);
    else
        return std::nullopt;
    return facts;
}

Inbound read_status(const Account& account, const HttpRequest& request, const Form& form,
                    std::string_view sid, std::string_view status) {
    const Timestamp at = request.received_at;
    auto facts = facts_of(status, value_of(form, "ErrorCode"), at);
    if (!facts)
        return {
            key_of(account, "ignored", sid, status), at, {}, InIgnored{label("status", status)}};
    facts->provider_id = sid;
    std::vector<Address> who;
    add(who, address_of(value_of(form, "To"), is_whatsapp(account)));
    return {key_of(account, "status", sid, status), at, std::move(who),
            InStatus{std::string{sid}, token_in_path(request), std::move(*facts)}};
}

// ---- reading: one delivery ----

Inbound ignored(const Account& account, const HttpRequest& request, std::string what) {
    return {key_of(account, "ignored", sha256_hex(request.body)),
            request.received_at,
            {},
            InIgnored{std::move(what)}};
}

Result<std::vector<Inbound>> parse(const Account& account, const HttpRequest& request) {
    if (request.body.size() > body_bytes_max)
        return Error{Errc::bad_payload, "the delivery is larger than any of Twilio's"};
    const Form form =
        decode_form(request.method == "GET" ? request.query() : std::string_view{request.body});
    if (value_of(decode_form(request.query()), "bodySHA256") != "")
        return std::vector{ignored(account, request, "json")};  // other products' events
    std::string_view sid = printable_id(value_of(form, "MessageSid"));
    if (sid.empty())
        sid = printable_id(value_of(form, "SmsSid"));
    if (value_of(form, "AccountSid").empty())
        return Error{Errc::bad_payload,
                     "the delivery is no form of Twilio's: it has no AccountSid"};
    if (value_of(form, "AccountSid") != setting(account, "account_sid"))
        return std::vector{ignored(account, request, "other account")};
    if (auto call = twilio::read_call(account, form, request.received_at); call && sid.empty())
        return std::vector{std::move(*call)};
    if (sid.empty())
        return std::vector{ignored(account, request, "no message")};
    std::string_view status = value_of(form, "MessageStatus");
    if (status.empty())
        status = value_of(form, "SmsStatus");
    if (status.empty() || status == "received" || status == "receiving")
        return read_message(account, form, sid, request.received_at);
    return std::vector{read_status(account, request, form, sid, status)};
}

// ---- sending ----

std::string api_url(const Account& account, std::string_view rest) {
    return account.base_url + "/2010-04-01/Accounts/" +
           std::string{setting(account, "account_sid")} + "/Messages.json" + std::string{rest};
}

HttpRequest get(const Account& account, std::string url) {
    return {"GET",
            std::move(url),
            {{"Authorization", authorization(account)}, {"Accept", "application/json"}},
            {}};
}

std::string written(const Address& to, bool whatsapp) {
    std::string address = to.kind == AddressKind::whatsapp_user || to.value.starts_with('+')
                              ? to.value
                              : "+" + to.value;
    return whatsapp ? std::string{whatsapp_mark} + address : address;
}

// The HX… of a text: its provider_name itself, else what the channel's content_NAME_LANGUAGE or
// content_NAME says.
std::string_view content_sid(const Account& account, const Outbound& message) {
    if (is_sid(message.template_name, "HX"))
        return message.template_name;
    const std::string key = std::string{content_mark} + message.template_name;
    const std::string_view in_language =
        setting(account, key + "_" + with_underscore(message.template_language));
    return in_language.empty() ? setting(account, key) : in_language;
}

// Values by number, in the order in which the text has them; none may be empty.
std::string content_variables(const Outbound& message) {
    nlohmann::ordered_json variables = nlohmann::ordered_json::object();
    const auto put = [&](std::string_view value) {
        variables[std::to_string(variables.size() + 1)] =
            cut_characters(on_one_line(value), text_characters_max);
    };
    for (const auto& [name, value] : message.parameters)
        put(value);
    if (!message.url_button_suffix.empty())
        put(message.url_button_suffix);
    for (const auto& [id, title] : message.buttons)  // as twilio_content.cpp hands them in
        put(id);
    return variables.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

bool needs_content(const Account& account, const Outbound& message) {
    return is_whatsapp(account) && !message.template_name.empty();
}

std::optional<std::string> unfit(const Account& account, const Outbound& message) {
    if (!needs_content(account, message))
        return too_long_for_sms(message.text, parts_max, text_characters_max);
    if (content_sid(account, message).empty())
        return "there is no content template for it: set " + std::string{content_mark} +
               message.template_name + "_" + with_underscore(message.template_language) +
               " = \"HX…\" in the channel";
    return std::nullopt;
}

// Receipts are tried again for 15 s, whatever kept them from us. The mark of it is Twilio's own and
// stays there: it is neither sent nor signed.
// https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
constexpr std::string_view try_again = "#rc=5&rp=all";

HttpRequest build_send(const Account& account, const Outbound& message) {
    const bool whatsapp = is_whatsapp(account);
    Form form = {{"To", written(message.to, whatsapp)}};
    if (const auto from = setting(account, "from"); !from.empty())
        form.push_back(
            {"From", whatsapp ? std::string{whatsapp_mark}.append(from) : std::string{from}});
    if (const auto service = setting(account, "messaging_service_sid"); !service.empty())
        form.push_back({"MessagingServiceSid", std::string{service}});
    if (needs_content(account, message)) {
        form.push_back({"ContentSid", std::string{content_sid(account, message)}});
        if (!message.parameters.empty() || !message.url_button_suffix.empty() ||
            !message.buttons.empty())
            form.push_back({"ContentVariables", content_variables(message)});
    } else {
        form.push_back({"Body", cut_characters(message.text, text_characters_max)});
    }
    form.push_back(
        {"StatusCallback", receipt_url(account, message.token) + std::string{try_again}});
    constexpr std::int64_t validity_max_s = 36'000;
    const auto useful_s = std::chrono::floor<seconds>(message.useful_for).count();
    if (useful_s > 0 && useful_s < validity_max_s)
        form.push_back({"ValidityPeriod", std::to_string(useful_s)});
    return {"POST",
            api_url(account, {}),
            {{"Authorization", authorization(account)},
             {"Content-Type", "application/x-www-form-urlencoded"},
             {"Accept", "application/json"}},
            encode_form(form)};
}

// ---- reading answers ----

Answer read_refusal(const HttpResponse& response, Json root) {
    Answer answer;
    answer.kind = Answer::Kind::refused;
    answer.retry_after = retry_after(response);
    judge_status(answer, response.status, name_for_people, credentials);
    if (const auto code = code_of(root["code"].scalar()))
        judge_code(answer, twilio_errors, *code);
    return answer;
}

Answer read_acceptance(Json root) {
    const std::string_view sid = printable_id(root["sid"].text());
    if (sid.empty())
        return unknown_answer(name_for_people);
    Answer answer;
    answer.provider_id = sid;
    answer.kind = Answer::Kind::accepted;
    const std::string_view status = root["status"].text();
    if (status == "failed" || status == "undelivered" || status == "canceled") {
        answer.kind = Answer::Kind::refused;
        answer.sentence = "Twilio took the message and gave it up at once";
        judge_code(answer, twilio_errors, code_of(root["error_code"].scalar()).value_or(0));
    }
    return answer;
}

Answer meaning_of(int code) {
    Answer answer;
    answer.kind = Answer::Kind::refused;
    judge_code(answer, twilio_errors, code);
    return answer;
}

Answer read_send(const Account&, const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    switch (outcome_of(response.status)) {
        case Outcome::accepted:
            return read_acceptance(root);
        case Outcome::refused:
            return read_refusal(response, root);
        case Outcome::unknown:
            break;
    }
    return unknown_answer(name_for_people);
}

HttpRequest build_probe(const Account& account, Timestamp) {
    return get(account, api_url(account, "?PageSize=1"));
}

std::optional<std::string> read_probe(const Account&, const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    if (response.status == 200 && root["messages"].is_array())
        return std::nullopt;
    if (response.status < 300)
        return "base_url answers, but not as Twilio would: check base_url";
    if (response.status >= 500)
        return "Twilio is out of order for the moment (HTTP " + std::to_string(response.status) +
               ")";
    return read_refusal(response, root).sentence;
}

// ---- its list of messages ----
// https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources

// Pages are named by the path that Twilio gave; another path than the list's own is not followed.
std::string list_url(const Account& account, std::string_view page, const Form& query) {
    return page.empty() ? api_url(account, "?" + encode_form(query))
                        : account.base_url + std::string{page};
}

bool is_own_page(const Account& account, std::string_view page) {
    return page.empty() || page.starts_with(api_url(account, "?").substr(account.base_url.size()));
}

std::optional<Error> list_fault(const Account& account, const HttpResponse& response, Json root) {
    if (response.status == 200)
        return root["messages"].is_array() && is_own_page(account, root["next_page_uri"].text())
                   ? std::nullopt
                   : std::optional{Error{Errc::bad_payload, "Twilio's list cannot be read"}};
    if (response.status == 429 || response.status >= 500)
        return Error{Errc::unavailable, "Twilio's list is out of order for the moment (HTTP " +
                                            std::to_string(response.status) + ")"};
    return Error{Errc::refused, read_refusal(response, root).sentence};
}

// Asked for by person alone. A filter by DateSent would leave out what Twilio has not sent yet, and
// what waits in its queue would look as if it had never arrived: the way to a double.
HttpRequest build_lookup(const Account& account, const UnknownSend& unknown,
                         std::string_view page) {
    return get(account, list_url(account, page,
                                 {{"To", written(unknown.message.to, is_whatsapp(account))},
                                  {"PageSize", "50"}}));
}

Sighting sighting_of(Json row, std::string_view text, Timestamp created) {
    Sighting seen;
    seen.provider_id = printable_id(row["sid"].text());
    seen.created = created;
    const Timestamp updated = http_date(row["date_updated"].text()).value_or(created);
    if (auto facts = facts_of(row["status"].text(), row["error_code"].scalar(), updated))
        seen.facts = std::move(*facts);
    seen.facts.accepted = created;
    seen.facts.provider_id = seen.provider_id;
    // A trial account's texts begin with a line of Twilio's own.
    seen.same_text = !text.empty() && row["body"].text().ends_with(text);
    return seen;
}

Result<Page<Sighting>> read_lookup(const Account& account, const UnknownSend& unknown,
                                   const HttpResponse& response) {
    constexpr auto clocks_apart = std::chrono::minutes{2};
    JsonDocument document;
    const Json root = document.read(response.body);
    if (auto fault = list_fault(account, response, root))
        return std::move(*fault);
    Page<Sighting> page;
    page.next = root["next_page_uri"].text();
    for (const Json row : root["messages"]) {
        const auto created = http_date(row["date_created"].text());
        if (!created || printable_id(row["sid"].text()).empty())
            return Error{Errc::bad_payload, "a line of Twilio's list cannot be read"};
        if (*created < unknown.from - clocks_apart)
            page.next.clear();  // newest first: from here on all is too old
        else if (*created <= unknown.until + clocks_apart &&
                 row["direction"].text().starts_with("outbound"))
            page.found.push_back(sighting_of(row, unknown.message.text, *created));
    }
    return page;
}

// Not a sender's name: to that nobody can write.
bool is_number(std::string_view from) {
    return is_e164(from) || is_digits(from);
}

// Here the date is right: what came in has one from the start.
HttpRequest build_missed(const Account& account, Timestamp since, std::string_view page) {
    const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(since)};
    const auto padded = [](unsigned number) {
        return std::string{number < 10 ? "0" : ""} + std::to_string(number);
    };
    Form query = {{"DateSent>", std::to_string(static_cast<int>(day.year())) + "-" +
                                    padded(static_cast<unsigned>(day.month())) + "-" +
                                    padded(static_cast<unsigned>(day.day()))},
                  {"PageSize", "100"}};
    if (const auto from = setting(account, "from"); is_number(from))
        query.insert(query.begin(),
                     {"To", is_whatsapp(account) ? std::string{whatsapp_mark}.append(from)
                                                 : std::string{from}});
    return get(account, list_url(account, page, query));
}

// The list has no more of a message than this; the rest of its form stays empty.
Form form_of(Json row) {
    return {{"From", std::string{row["from"].text()}},
            {"Body", std::string{row["body"].text()}},
            {"NumMedia", std::string{row["num_media"].scalar()}}};
}

// A list that was asked for by our number has no others; else it has what came to the whole
// account, and only our own service tells what is ours.
bool came_to_us(const Account& account, Json row) {
    const std::string_view service = row["messaging_service_sid"].text();
    const std::string_view ours = setting(account, "messaging_service_sid");
    const bool of_our_service = is_number(setting(account, "from"))
                                    ? service.empty() || ours.empty() || service == ours
                                    : !ours.empty() && service == ours;
    return row["direction"].text() == "inbound" &&
           row["from"].text().starts_with(whatsapp_mark) == is_whatsapp(account) && of_our_service;
}

Result<Page<Inbound>> read_missed(const Account& account, Timestamp since,
                                  const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    if (auto fault = list_fault(account, response, root))
        return std::move(*fault);
    Page<Inbound> page;
    page.next = root["next_page_uri"].text();
    for (const Json row : root["messages"]) {
        const std::string_view sid = printable_id(row["sid"].text());
        auto at = http_date(row["date_sent"].text());
        if (!at)
            at = http_date(row["date_created"].text());
        if (!came_to_us(account, row))
            continue;
        if (sid.empty() || !at)
            return Error{Errc::bad_payload, "a line of Twilio's list cannot be read"};
        if (*at < since)
            continue;
        for (Inbound& event : read_message(account, form_of(row), sid, *at))
            page.found.push_back(std::move(event));
    }
    return page;
}

constexpr Provider row(std::string_view name, Medium medium) {
    const bool reviewed = medium == Medium::whatsapp;  // an SMS goes out as it is written
    return {
        .name = name,
        .medium = medium,
        .default_base_url = "https://api.twilio.com",
        .webhook_body_bytes_max = body_bytes_max,
        // A long code; short codes and registered numbers may more.
        .rates = medium == Medium::sms
                     ? Rates{.per_second = 1, .account_per_second = 2000}
                     : Rates{.per_second = 80, .account_per_second = 2000, .people_per_day = 250},
        .account_key = "account_sid",
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
        .build_lookup = build_lookup,
        .read_lookup = read_lookup,
        .build_missed = build_missed,
        .read_missed = read_missed,
        .build_templates = reviewed ? twilio::build_templates : nullptr,
        .read_templates = reviewed ? twilio::read_templates : nullptr,
        .build_submit = reviewed ? twilio::build_submit : nullptr,
        .read_submit = reviewed ? twilio::read_submit : nullptr,
        .answer_call = twilio::answer_call,
        .build_bridge = twilio::build_bridge,
        .read_bridge = twilio::read_bridge,
        .read_line = twilio::read_line,
        .connect_line = twilio::connect_line,
        .hang_up = twilio::hang_up,
    };
}

}  // namespace

namespace twilio {

std::string authorization(const Account& account) {
    if (const auto key = setting(account, "api_key_sid"); !key.empty())
        return basic(key, secret(account, "api_key_secret").reveal());
    return basic(setting(account, "account_sid"), secret(account, "auth_token").reveal());
}

Answer read_refusal(const HttpResponse& response) {
    JsonDocument document;
    return warmcall::read_refusal(response, document.read(response.body));
}

bool is_sid(std::string_view text, std::string_view mark) {
    return text.size() == 34 && text.starts_with(mark) &&
           text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
}

}  // namespace twilio

extern const Provider twilio_sms;
extern const Provider twilio_whatsapp;
constinit const Provider twilio_sms = row("twilio_sms", Medium::sms);
constinit const Provider twilio_whatsapp = row("twilio_whatsapp", Medium::whatsapp);

}  // namespace warmcall
