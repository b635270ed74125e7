#include "sandbox/twilio.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <map>
#include <set>

#include "sandbox/exchange.hpp"
#include "sandbox/numbers.hpp"
#include "sandbox/sms.hpp"
#include "sandbox/twilio_voice.hpp"
#include "sandbox/whatsapp/templates.hpp"
#include "support/crypto.hpp"

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;
using net::Incoming;

constexpr std::size_t body_characters_max = 1600;
constexpr double queue_segments_max = 36'000;  // ten hours of a long code, which sends one a second

struct KnownError {
    int code;
    int status;
    std::string_view message;
};

// https://www.twilio.com/docs/api/errors
constexpr std::array errors{
    KnownError{20001, 400, "Invalid parameter"},
    KnownError{20003, 401, "Authenticate"},
    KnownError{20404, 404, "The requested resource was not found"},
    KnownError{20429, 429, "Too many requests"},
    KnownError{20500, 500, "Internal Server Error"},
    KnownError{20503, 503, "Service is unavailable. Please try again"},
    KnownError{21201, 400, "No 'To' number specified"},
    KnownError{21205, 400, "Url parameter is invalid"},
    KnownError{21210, 400, "'From' phone number not verified"},
    KnownError{21211, 400, "Invalid 'To' Phone Number"},
    KnownError{21213, 400, "'From' phone number is required"},
    KnownError{21215, 403, "Account not authorized to call this number: Geo permissions"},
    KnownError{21266, 400, "'To' and 'From' number cannot be the same"},
    KnownError{21408, 403, "Permission to send an SMS has not been enabled for the region"},
    KnownError{21602, 400, "Message body is required."},
    KnownError{21603, 400, "A 'From' phone number is required."},
    KnownError{21604, 400, "A 'To' phone number is required."},
    KnownError{21606, 400,
               "The 'From' phone number provided is not a valid message-capable Twilio phone "
               "number for this destination."},
    KnownError{21609, 400, "The 'StatusCallback' URL is not a valid URL."},
    KnownError{21610, 400, "Attempt to send to unsubscribed recipient"},
    KnownError{21611, 429, "This 'From' number has exceeded the maximum number of queued messages"},
    KnownError{21612, 400, "The message cannot be sent with this combination of To and From"},
    KnownError{21614, 400, "'To' number is not a valid mobile number"},
    KnownError{21617, 400, "The concatenated message body exceeds the 1600 character limit"},
    KnownError{21655, 400, "The ContentSid is Invalid"},
    KnownError{21656, 400, "The ContentVariables Parameter is invalid"},
    KnownError{21701, 404, "The Messaging Service does not exist"},
    KnownError{30001, 0, "Queue overflow"},
    KnownError{30003, 0, "Unreachable destination handset"},
    KnownError{30004, 0, "Message blocked"},
    KnownError{30005, 0, "Unknown destination handset"},
    KnownError{30006, 0, "Landline or unreachable carrier"},
    KnownError{30007, 0, "Message filtered"},
    KnownError{30008, 0, "Unknown error"},
    KnownError{63016, 0,
               "Failed to send freeform message because you are outside the allowed window."},
    KnownError{63018, 0, "Rate limit exceeded for Channel"},
    KnownError{63024, 0, "Invalid message recipient"},
    KnownError{63033, 0, "Recipient blocked to receive message"},
    KnownError{63049, 0, "Meta chose not to deliver this WhatsApp marketing message"},
};

const KnownError& look_up(int code) {
    static constexpr KnownError other{-1, 400, "The message could not be sent"};
    const auto found = std::ranges::find(errors, code, &KnownError::code);
    return found == errors.end() ? other : *found;
}

HttpResponse error_answer(int code, std::string_view message = {}) {
    const KnownError& known = look_up(code);
    const int status = known.status == 0 ? 400 : known.status;
    return json_answer(
        status, Json{{"code", code},
                     {"message", message.empty() ? known.message : message},
                     {"more_info", "https://www.twilio.com/docs/errors/" + std::to_string(code)},
                     {"status", status}});
}

Verdict refuse(int code, std::string_view message = {}) {
    Verdict verdict;
    verdict.response = error_answer(code, message);
    verdict.noted = Json{{"accepted", false}, {"code", code}};
    return verdict;
}

Verdict say(int status, const Json& body) {
    Verdict verdict;
    verdict.response = json_answer(status, body);
    return verdict;
}

Verdict not_found(const Call& call) {
    return refuse(20404,
                  "The requested resource " + std::string{call.request.path()} + " was not found");
}

std::tm utc(Timestamp at) {
    const std::time_t seconds = core::unix_ms(at) / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    return parts;
}

// "Fri, 24 May 2019 17:44:46 +0000", as the API writes times.
std::string mail_date(Timestamp at) {
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::tm t = utc(at);
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d +0000",
                  days[static_cast<std::size_t>(t.tm_wday)], t.tm_mday,
                  months[static_cast<std::size_t>(t.tm_mon)], t.tm_year + 1900, t.tm_hour, t.tm_min,
                  t.tm_sec);
    return text.data();
}

std::string day_of(Timestamp at) {
    const std::tm t = utc(at);
    std::array<char, 16> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d", &t);
    return text.data();
}

std::string without_prefix(std::string text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

bool is_sid(std::string_view text, std::string_view prefix) {
    return text.size() == 34 && text.starts_with(prefix) &&
           text.find_first_not_of("0123456789abcdefABCDEF", 2) == text.npos;
}

// Messages and calls are numbered alike here.
std::string call_sid(const std::string& message_sid) {
    return "CA" + message_sid.substr(2);
}

// Hosts with an underscore are refused, as by Twilio itself.
bool is_callback(const std::string& url) {
    const bool web = url.starts_with("http://") || url.starts_with("https://");
    const std::size_t host = url.find("://") + 3;
    return web && url.substr(host, url.find('/', host) - host).find('_') == std::string::npos;
}

enum class Keyword { none, stop, start };

// Whole message, any case (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out).
Keyword keyword(std::string text) {
    while (!text.empty() && text.back() == ' ')
        text.pop_back();
    text = upper(text.substr(std::min(text.find_first_not_of(' '), text.size())));
    constexpr std::array<std::string_view, 8> stops{"STOP",    "UNSUBSCRIBE", "END",    "QUIT",
                                                    "STOPALL", "REVOKE",      "OPTOUT", "CANCEL"};
    constexpr std::array<std::string_view, 3> starts{"START", "UNSTOP", "YES"};
    if (std::ranges::find(stops, text) != stops.end())
        return Keyword::stop;
    return std::ranges::find(starts, text) != starts.end() ? Keyword::start : Keyword::none;
}

// A Content template (https://www.twilio.com/docs/content).
struct Content {
    std::string sid;
    std::string name;
    std::string language;
    Json types;
    Json variables = Json::object();  // sample values
    std::string body;
    std::vector<std::string> buttons, payloads;
    std::string category = "MARKETING";
    std::string status = "unsubmitted";  // of the approval for WhatsApp
    Timestamp made{};
};

// {{first_name}} … by their order become {{1}} …, the only form Twilio knows.
std::string numbered(const std::string& body, const std::vector<std::string>& names) {
    std::string out;
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t open = body.find("{{", at);
        const std::size_t close = open == body.npos ? body.npos : body.find("}}", open);
        if (close == body.npos)
            return out.append(body, at);
        const std::string name = body.substr(open + 2, close - open - 2);
        const auto place = std::ranges::find(names, name) - names.begin();
        out.append(body, at, open - at).append("{{").append(std::to_string(place + 1)).append("}}");
        at = close + 2;
    }
    return out;
}

std::vector<std::string> placeholders(const std::string& body) {
    std::vector<std::string> found;
    for (std::size_t at = body.find("{{"); at != body.npos; at = body.find("{{", at + 2)) {
        const std::size_t end = body.find("}}", at);
        if (end == body.npos)
            break;
        std::string name = body.substr(at + 2, end - at - 2);
        if (std::ranges::find(found, name) == found.end())
            found.push_back(std::move(name));
    }
    return found;
}

struct Filled {
    std::string text;
    std::vector<std::string> payloads;
};

// Every placeholder has its value, and no value is empty.
std::optional<Filled> fill(const Content& content, const std::string& given) {
    const auto values = read_json(given.empty() ? "{}" : given);
    if (!values || !values->is_object())
        return std::nullopt;
    bool whole = true;
    const auto filled = [&](std::string text) {
        for (const std::string& name : placeholders(text)) {
            const std::string value = text_in(*values, name.c_str());
            whole = whole && !value.empty();
            const std::string from = "{{" + name + "}}";
            for (std::size_t at = text.find(from); at != text.npos;
                 at = text.find(from, at + value.size()))
                text.replace(at, from.size(), value);
        }
        return text;
    };
    Filled result{filled(content.body), {}};
    for (const std::string& payload : content.payloads)
        result.payloads.push_back(filled(payload));
    if (!whole)
        return std::nullopt;
    return result;
}

// What the page shows of a content's types, the richest first.
void read_types(Content& content) {
    for (const auto& [type, inner] : content.types.items()) {
        const std::string body = text_in(inner, "body");
        if (!body.empty() && content.body.empty())
            content.body = body;
        const auto actions = inner.is_object() ? inner.find("actions") : inner.end();
        if (!inner.is_object() || actions == inner.end() || !actions->is_array())
            continue;
        for (const Json& action : *actions) {
            content.buttons.push_back(text_in(action, "title"));
            content.payloads.push_back(text_in(action, "id", text_in(action, "url")));
        }
    }
}

// Nothing while it waits in Twilio's queue.
std::optional<Timestamp> sent_at(const Bubble& bubble) {
    if (!bubble.ours)
        return bubble.at;
    const auto left = std::ranges::find_if(
        bubble.steps, [](const Step& step) { return step.status != "accepted"; });
    return left == bubble.steps.end() ? std::nullopt : std::optional{left->at};
}

// Days are "2026-02-03", an empty one is no bound. What has not left yet has no day.
bool sent_between(const Bubble& bubble, const std::string& on, const std::string& from,
                  const std::string& to) {
    if (on.empty() && from.empty() && to.empty())
        return true;
    const auto sent = sent_at(bubble);
    const std::string day = sent ? day_of(*sent) : "";
    return sent && (on.empty() || day == on) && (from.empty() || day >= from) &&
           (to.empty() || day <= to);
}

class TwilioLine final : public Line {
 public:
    TwilioLine(const LineOptions& given, Parts& parts)
        : Line{given, parts},
          whatsapp_{given.provider == "twilio_whatsapp"},
          calls_{*this, parts, sid(), "+" + own_digits()} {}

    int hears(const Incoming& request) const override;
    Json noted(const Incoming& request) const override;
    Verdict answer(const Call& call) override;
    HttpResponse accepted(const Bubble& taken) const override {
        return json_answer(201, taken.type == "call" ? shown_call(taken) : shown(taken, true));
    }
    HttpResponse refused(int code, std::uint64_t) const override { return error_answer(code); }
    HttpResponse broken(std::uint64_t) const override { return error_answer(20500); }
    HttpResponse too_many(std::uint64_t) const override { return error_answer(20429); }
    std::vector<Header> headers(std::uint64_t number) const override {
        return {
            {"Twilio-Request-Id", "RQ" + parts_.people.unique(number, "request").substr(0, 32)}};
    }
    std::string new_id(const Person& who, std::uint64_t number) const override {
        return "SM" + parts_.people.unique(number, who.wa_id).substr(0, 32);
    }
    std::string call_id(const Person& who, std::uint64_t number) const override {
        return "CA" + parts_.people.unique(number, who.wa_id).substr(0, 32);
    }
    int usual_code() const override { return whatsapp_ ? 63018 : 30008; }
    std::string title(int code) const override { return std::string{look_up(code).message}; }

    bool tells_read() const override { return whatsapp_; }
    std::optional<Change> receipt(const Person& whom, const Bubble& about,
                                  const Step& step) const override;
    Result<Change> reply(const Json& wanted, Person& from, const Bubble* about,
                         Bubble& bubble) override;
    std::optional<Change> call(const Person& from, const std::string& event, const std::string& id,
                               Timestamp at, int duration_s) const override;
    HttpRequest write(std::span<const Change> changes, BatchShape shape,
                      Timestamp now) const override;
    HttpRequest raw(std::string body) const override;
    void sign(HttpRequest& request, Signing how, Timestamp now) const override;
    std::optional<Duration> wait_after(int tries, const HttpRequest& request,
                                       const Exchange& last) const override;
    std::string words_in(const Change& change, const HttpResponse& answer) const override;
    std::string number() const override;
    std::string_view medium() const override { return whatsapp_ ? "whatsapp" : "sms"; }
    void know(const Template& known) override;

 private:
    std::string sid() const { return options.setting("account_sid"); }
    std::string own_digits() const;
    std::string own_address() const { return (whatsapp_ ? "whatsapp:+" : "+") + own_digits(); }
    std::string address_of(const Person& person) const;
    bool may(const Call& call) const;
    Verdict at_account(const Call& call);
    Verdict create(const Call& call);
    Verdict create_call(const Call& call);
    Json shown_call(const Bubble& bubble) const;
    int wrong_sender(const std::vector<Header>& form) const;
    int fate(const Bubble& bubble, Person& whom, bool approved) const;
    Verdict compose(const Call& call, const std::vector<Header>& form, Person& whom);
    Json shown(const Bubble& bubble, bool fresh = false) const;
    bool is_ours(const Bubble& bubble) const;
    Verdict list(const Call& call) const;
    Verdict one(const Call& call, const std::string& id);
    Verdict at_content(const Call& call);
    Verdict create_content(const Call& call);
    Json shown(const Content& content) const;
    Content* find_content(std::string_view content_sid);
    std::string status_word(const Bubble& bubble, const Step& step) const;
    void keyword_said(Person& from, const std::string& text, Json& form);

    bool whatsapp_;
    TwilioCalls calls_;
    Bucket queue_;
    std::vector<Content> contents_;
};

std::string TwilioLine::own_digits() const {
    return digits_of(without_prefix(options.setting("from"), "whatsapp:")).value_or("12025550101");
}

std::string TwilioLine::number() const {
    return options.setting("from").empty() ? options.setting("messaging_service_sid")
                                           : "+" + own_digits();
}

std::string TwilioLine::address_of(const Person& person) const {
    if (!whatsapp_)
        return "+" + person.phone;
    return "whatsapp:" + (person.hides_phone ? person.user_id : "+" + person.wa_id);
}

// -- the API
// ------------------------------------------------------------------------------------------

int TwilioLine::hears(const Incoming& request) const {
    const std::string_view path = request.path();
    if (path.starts_with("/v1/Content") || path.starts_with("/v2/Content"))
        return whatsapp_ ? 3 : 2;
    if (!path.starts_with("/2010-04-01/"))
        return 0;
    const bool calls = path.ends_with("/Calls.json");
    if (path.find("/" + sid()) == path.npos || request.method != "POST" ||
        (!calls && !path.ends_with("/Messages.json")))
        return 2;
    const auto form = decode_form(request.body);
    if (calls)
        return value_of(form, "From") == "+" + own_digits() ? 3 : 2;
    const bool to_whatsapp = value_of(form, "To").starts_with("whatsapp:");
    const std::string from = value_of(form, "From");
    const bool sender = from.empty() ? value_of(form, "MessagingServiceSid") ==
                                           options.setting("messaging_service_sid")
                                     : from == own_address();
    return sender && to_whatsapp == whatsapp_ ? 3 : 2;
}

Json TwilioLine::noted(const Incoming& request) const {
    const auto form = decode_form(request.body);
    return Json{{"to", without_prefix(value_of(form, "To"), "whatsapp:")},
                {"type", value_of(form, "ContentSid").empty()
                             ? (value_of(form, "Body").empty() ? "" : "text")
                             : "template"},
                {"token", last_segment(value_of(form, "StatusCallback"))}};
}

// Basic: the account's SID with its token, or an API key with its secret.
bool TwilioLine::may(const Call& call) const {
    constexpr std::string_view scheme = "Basic ";
    const std::string_view given = call.request.header("Authorization");
    if (!given.starts_with(scheme) || !parts_.behaviour.token_valid)
        return false;
    const auto pair = from_base64(given.substr(scheme.size()));
    if (!pair)
        return false;
    const auto is = [&](const std::string& user, const Secret& password) {
        return !password.empty() && equal_constant_time(*pair, user + ":" + password.reveal());
    };
    return is(sid(), options.secret("auth_token")) ||
           is(options.setting("api_key_sid"), options.secret("api_key_secret"));
}

Verdict TwilioLine::answer(const Call& call) {
    if (!may(call))
        return refuse(20003);
    if (call.path.size() >= 2 && call.path[1].starts_with("Content") &&
        call.path[0] != "2010-04-01")
        return at_content(call);
    if (call.path.size() < 3 || call.path[0] != "2010-04-01" || call.path[1] != "Accounts" ||
        call.path[2].substr(0, 34) != sid())
        return not_found(call);
    return at_account(call);
}

Verdict TwilioLine::at_account(const Call& call) {
    if (call.is("GET", 3))
        return say(200, Json{{"sid", sid()},
                             {"friendly_name", options.company},
                             {"status", "active"},
                             {"type", "Full"},
                             {"uri", "/2010-04-01/Accounts/" + sid() + ".json"}});
    if (call.is("POST", 4) && call.path[3] == "Messages.json")
        return create(call);
    if (call.is("POST", 4) && call.path[3] == "Calls.json")
        return create_call(call);
    if (call.is("GET", 4) && call.path[3] == "Messages.json")
        return list(call);
    constexpr std::string_view json = ".json";
    if (call.path.size() == 5 && call.path[3] == "Messages" && call.path[4].ends_with(json))
        return one(call, call.path[4].substr(0, call.path[4].size() - json.size()));
    return not_found(call);
}

// https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource
Verdict TwilioLine::create_call(const Call& call) {
    const auto form = decode_form(call.request.body);
    if (const int wrong = calls_.wrong(form); wrong != 0)
        return refuse(wrong);
    Bubble bubble;
    bubble.type = "call";
    bubble.text = "Call";
    bubble.wa_id = parts_.people.person(*digits_of(value_of(form, "To"))).wa_id;
    Verdict verdict = take(parts_, *this, call, std::move(bubble), 0);
    if (!verdict.taken.empty())
        calls_.begin(call_sid(verdict.taken), form);
    return verdict;
}

Json TwilioLine::shown_call(const Bubble& bubble) const {
    const std::string id = call_sid(bubble.id);
    return Json{{"sid", id},
                {"account_sid", sid()},
                {"to", "+" + bubble.wa_id},
                {"from", "+" + own_digits()},
                {"status", "queued"},
                {"direction", "outbound-api"},
                {"date_created", mail_date(bubble.at)},
                {"duration", nullptr},
                {"api_version", "2010-04-01"},
                {"uri", "/2010-04-01/Accounts/" + sid() + "/Calls/" + id + ".json"}};
}

// The code of what is wrong with From and MessagingServiceSid; 0: nothing.
int TwilioLine::wrong_sender(const std::vector<Header>& form) const {
    const std::string from = value_of(form, "From");
    const std::string service = value_of(form, "MessagingServiceSid");
    if (from.empty() && service.empty())
        return 21603;
    if (!service.empty() && service != options.setting("messaging_service_sid"))
        return 21701;
    if (!from.empty() && from != own_address())
        return 21606;
    return 0;
}

Verdict TwilioLine::create(const Call& call) {
    if (!within_rate(parts_, *this))
        return refuse(20429);
    const auto form = decode_form(call.request.body);
    const std::string to = value_of(form, "To");
    if (to.empty())
        return refuse(21604);
    if (const int wrong = wrong_sender(form); wrong != 0)
        return refuse(wrong);
    const bool to_whatsapp = to.starts_with("whatsapp:");
    if (to_whatsapp != whatsapp_)
        return refuse(21612);
    const std::string plain = without_prefix(to, "whatsapp:");
    const auto digits = plain.starts_with('+') ? digits_of(plain) : std::nullopt;
    if (!digits)
        return refuse(21211, "Invalid 'To' Phone Number: " + to.substr(0, 8) + "XXXX");
    if (*digits == own_digits())
        return refuse(21266);
    const std::string callback = value_of(form, "StatusCallback");
    if (!callback.empty() && !is_callback(callback))
        return refuse(21609);
    if (const std::string seconds = value_of(form, "ValidityPeriod"); !seconds.empty()) {
        int value = 0;
        const auto [end, problem] =
            std::from_chars(seconds.data(), seconds.data() + seconds.size(), value);
        if (problem != std::errc{} || end != seconds.data() + seconds.size() || value < 1 ||
            value > 36'000)
            return refuse(20001, "ValidityPeriod must be between 1 and 36000 seconds");
    }
    return compose(call, form, parts_.people.person(*digits));
}

Verdict TwilioLine::compose(const Call& call, const std::vector<Header>& form, Person& whom) {
    Bubble bubble;
    bubble.wa_id = whom.wa_id;
    bubble.type = "text";
    bubble.text = value_of(form, "Body");
    bubble.callback = value_of(form, "StatusCallback");
    bubble.token = last_segment(bubble.callback);
    bool approved = false;
    if (const std::string wanted = value_of(form, "ContentSid"); !wanted.empty()) {
        const Content* content = find_content(wanted);
        if (content == nullptr)
            return refuse(21655);
        const auto filled = fill(*content, value_of(form, "ContentVariables"));
        if (!filled)
            return refuse(21656);
        bubble.type = "template";
        bubble.template_name = content->name;
        bubble.category = lower(content->category);
        bubble.text = filled->text;
        bubble.buttons = content->buttons;
        bubble.payloads = filled->payloads;
        approved = content->status == "approved";
    } else if (bubble.text.empty() && value_of(form, "MediaUrl").empty()) {
        return refuse(21602);
    }
    if (characters(bubble.text) > body_characters_max)
        return refuse(21617);
    if (whom.opted_out.contains(options.id))
        return refuse(21610);
    const int parts = whatsapp_ ? 1 : sms_size(bubble.text).parts;
    const std::string service = value_of(form, "MessagingServiceSid");
    if (!whatsapp_ && service.empty() &&
        !queue_.take(parts_.clock.now(), 1, queue_segments_max, parts))
        return refuse(21611);
    bubble.kept = Json{{"to", value_of(form, "To")},
                       {"from", value_of(form, "From")},
                       {"service", service},
                       {"segments", parts}};
    const int fails_with = fate(bubble, whom, approved);
    return take(parts_, *this, call, std::move(bubble), fails_with);
}

int TwilioLine::fate(const Bubble& bubble, Person& whom, bool approved) const {
    if (!whatsapp_)
        return 0;
    const Timestamp now = parts_.clock.now();
    constexpr double pair_per_second = 1.0 / 6;
    if (!whom.on_whatsapp)
        return 63024;
    if (!approved && !whom.window_open(options.id, now))
        return 63016;
    if (approved && bubble.category == "marketing") {
        if (whom.marketing_stopped)
            return 63033;
        if (in_united_states(whom.wa_id))
            return 63049;
    }
    if (parts_.behaviour.pair_limit && !whom.pair[options.id].take(now, pair_per_second, 45))
        return 63018;
    return 0;
}

// In Twilio's words. What could not even leave has failed, what came back is undelivered.
std::string TwilioLine::status_word(const Bubble& bubble, const Step& step) const {
    if (step.status == "accepted")
        return text_in(bubble.kept, "service").empty() ? "queued" : "accepted";
    if (step.status == "failed")
        return step.code >= 30'003 && step.code <= 30'008 ? "undelivered" : "failed";
    return step.status;
}

bool TwilioLine::is_ours(const Bubble& bubble) const {
    const Line* line = parts_.line(bubble.channel);
    return line != nullptr && line->options.setting("account_sid") == sid() &&
           bubble.type != "call";
}

Json TwilioLine::shown(const Bubble& bubble, bool fresh) const {
    const auto* line = static_cast<const TwilioLine*>(parts_.line(bubble.channel));
    const std::string theirs = line->address_of(parts_.people.all().at(bubble.wa_id));
    const std::string service = text_in(bubble.kept, "service");
    const std::string from = text_in(bubble.kept, "from");
    const Step last = bubble.steps.empty() ? Step{} : bubble.steps.back();
    const bool failed = last.status == "failed";
    const std::string uri = "/2010-04-01/Accounts/" + sid() + "/Messages/" + bubble.id + ".json";
    Json out{{"body", bubble.text},
             {"num_segments", std::to_string(bubble.kept.value("segments", 1))},
             {"direction", bubble.ours ? "outbound-api" : "inbound"},
             {"from", nullptr},
             {"to", bubble.ours ? text_in(bubble.kept, "to", theirs) : line->own_address()},
             {"date_updated", mail_date(fresh ? bubble.at : std::max(bubble.at, last.at))},
             {"price", nullptr},
             {"error_message", nullptr},
             {"uri", uri},
             {"account_sid", sid()},
             {"num_media", "0"},
             {"status", bubble.ours ? line->status_word(bubble, last) : "received"},
             {"messaging_service_sid", nullptr},
             {"sid", bubble.id},
             {"date_sent", nullptr},
             {"date_created", mail_date(bubble.at)},
             {"error_code", nullptr},
             {"price_unit", "USD"},
             {"api_version", "2010-04-01"},
             {"subresource_uris", Json{{"media", "/2010-04-01/Accounts/" + sid() + "/Messages/" +
                                                     bubble.id + "/Media.json"}}}};
    if (!bubble.ours)
        out["from"] = theirs;
    else if (!from.empty() || last.status != "accepted")  // a service picks the sender later
        out["from"] = from.empty() ? line->own_address() : from;
    if (!service.empty())
        out["messaging_service_sid"] = service;
    if (const auto sent = sent_at(bubble))
        out["date_sent"] = mail_date(*sent);
    if (failed) {
        out["error_code"] = last.code;
        out["error_message"] = look_up(last.code).message;
    }
    return out;
}

// Newest first. `DateSent>=` comes as a key "DateSent>", as the library writes it.
Verdict TwilioLine::list(const Call& call) const {
    const auto whole = [&](const char* key, std::size_t otherwise) {
        const std::string text = call.asked(key);
        std::size_t value = otherwise;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    };
    const std::size_t size = std::clamp<std::size_t>(whole("PageSize", 50), 1, 1000);
    const std::size_t page = whole("Page", 0);
    const std::string on = call.asked("DateSent").substr(0, 10);
    const std::string from_day = call.asked("DateSent>").substr(0, 10);
    const std::string to_day = call.asked("DateSent<").substr(0, 10);
    std::vector<Json> fitting;
    const auto& bubbles = parts_.people.bubbles();
    for (auto bubble = bubbles.rbegin(); bubble != bubbles.rend(); ++bubble) {
        if (!is_ours(*bubble) || !sent_between(*bubble, on, from_day, to_day))
            continue;
        Json one = shown(*bubble);
        if ((call.asked("To").empty() || one["to"] == call.asked("To")) &&
            (call.asked("From").empty() || one["from"] == call.asked("From")))
            fitting.push_back(std::move(one));
        if (fitting.size() > (page + 1) * size)
            break;
    }
    const std::size_t start = std::min(page * size, fitting.size());
    const std::size_t end = std::min(start + size, fitting.size());
    const std::string base = "/2010-04-01/Accounts/" + sid() + "/Messages.json";
    const auto page_uri = [&](std::size_t number) {
        std::vector<Header> pairs = call.query;
        std::erase_if(pairs, [](const Header& h) { return h.name == "Page"; });
        pairs.push_back({"Page", std::to_string(number)});
        return base + "?" + encode_form(pairs);
    };
    Json out{{"first_page_uri", page_uri(0)},
             {"end", end == start ? 0 : end - 1},
             {"previous_page_uri", nullptr},
             {"messages", Json::array()},
             {"uri", page_uri(page)},
             {"page_size", size},
             {"start", start},
             {"next_page_uri", nullptr},
             {"page", page}};
    for (std::size_t i = start; i < end; ++i)
        out["messages"].push_back(std::move(fitting[i]));
    if (page > 0)
        out["previous_page_uri"] = page_uri(page - 1);
    if (fitting.size() > end)
        out["next_page_uri"] = page_uri(page + 1);
    return say(200, out);
}

Verdict TwilioLine::one(const Call& call, const std::string& id) {
    const Bubble* found = parts_.people.find(id);
    if (found == nullptr || !is_ours(*found))
        return not_found(call);
    if (call.request.method == "GET")
        return say(200, shown(*found));
    if (call.request.method != "POST")
        return refuse(20404, "Method not allowed");
    const auto form = decode_form(call.request.body);
    if (value_of(form, "Status") == "canceled")
        return refuse(30409, "Message is not in a cancelable state");
    return say(200, shown(*found));
}

// -- Content templates
// --------------------------------------------------------------------------------

void TwilioLine::know(const Template& known) {
    // the configuration says which content a template is: content_NAME_LANGUAGE, or content_NAME
    const std::string key = "content_" + known.name;
    const std::string usual =
        "HX" + sha256_hex("content|" + known.name + "|" + known.language).substr(0, 32);
    Content content;
    content.sid = is_sid(known.name, "HX")
                      ? known.name
                      : options.setting(key + "_" + known.language, options.setting(key, usual));
    if (find_content(content.sid) != nullptr)
        return;  // one content for several languages
    content.name = known.name;
    content.language = known.language;
    content.category = known.category;
    content.status = "approved";
    content.made = parts_.clock.now();
    content.body = numbered(known.body, known.body_variables);
    for (std::size_t i = 0; i < known.body_variables.size(); ++i)
        content.variables[std::to_string(i + 1)] = known.body_variables[i];
    for (const Json& button : known.buttons) {
        content.buttons.push_back(text_in(button, "text"));
        content.payloads.push_back(text_in(button, "url", text_in(button, "text")));
    }
    content.types = Json{{"twilio/text", Json{{"body", content.body}}}};
    contents_.push_back(std::move(content));
}

Content* TwilioLine::find_content(std::string_view content_sid) {
    const auto found = std::ranges::find(contents_, content_sid, &Content::sid);
    return found == contents_.end() ? nullptr : &*found;
}

Json TwilioLine::shown(const Content& content) const {
    const std::string url = "https://content.twilio.com/v1/Content/" + content.sid;
    return Json{{"sid", content.sid},
                {"account_sid", sid()},
                {"friendly_name", content.name},
                {"language", content.language},
                {"variables", content.variables},
                {"types", content.types},
                {"date_created", iso_time(content.made)},
                {"date_updated", iso_time(content.made)},
                {"url", url},
                {"links", Json{{"approval_create", url + "/ApprovalRequests/whatsapp"},
                               {"approval_fetch", url + "/ApprovalRequests"}}}};
}

Json approval(const Content& content) {
    return Json{{"name", content.name},
                {"category", content.category},
                {"content_type", content.types.begin().key()},
                {"status", content.status},
                {"rejection_reason", ""},
                {"allow_category_change", true},
                {"type", "whatsapp"}};
}

Verdict TwilioLine::create_content(const Call& call) {
    const auto body = read_json(call.request.body);
    if (!body || !body->is_object() || !body->contains("types") || !(*body)["types"].is_object() ||
        (*body)["types"].empty())
        return refuse(20001, "types: at least one type of content is required");
    Content content;
    content.name = text_in(*body, "friendly_name");
    content.language = text_in(*body, "language");
    if (content.language.empty())
        return refuse(20001, "language is required");
    content.types = (*body)["types"];
    content.variables = body->value("variables", Json::object());
    content.made = parts_.clock.now();
    content.sid = "HX" + parts_.people.unique(call.number, "content").substr(0, 32);
    read_types(content);
    if (content.body.empty())
        return refuse(20001, "types: a body is required");
    constexpr std::size_t contents_max = 10'000;
    if (contents_.size() >= contents_max)
        contents_.erase(contents_.begin());
    return say(201, shown(contents_.emplace_back(std::move(content))));
}

// /v1/Content, /v1/ContentAndApprovals, /v1/Content/HX…[/ApprovalRequests[/whatsapp]]
Verdict TwilioLine::at_content(const Call& call) {
    const bool with_approvals = call.path[1] == "ContentAndApprovals";
    if (call.is("POST", 2) && !with_approvals)
        return create_content(call);
    if (call.is("GET", 2)) {
        Json list = Json::array();
        for (const Content& content : contents_) {
            Json one = shown(content);
            if (with_approvals)
                one["approval_requests"] = approval(content);
            list.push_back(std::move(one));
        }
        const std::string url = "https://content.twilio.com" + call.request.url;
        return say(200, Json{{"contents", std::move(list)},
                             {"meta", Json{{"page", 0},
                                           {"page_size", 1000},
                                           {"first_page_url", url},
                                           {"previous_page_url", nullptr},
                                           {"next_page_url", nullptr},
                                           {"url", url},
                                           {"key", "contents"}}}});
    }
    Content* content = call.path.size() >= 3 ? find_content(call.path[2]) : nullptr;
    if (content == nullptr)
        return not_found(call);
    if (call.is("GET", 3))
        return say(200, shown(*content));
    if (call.is("DELETE", 3)) {
        const std::string gone = content->sid;
        std::erase_if(contents_, [&](const Content& c) { return c.sid == gone; });
        Verdict verdict;
        verdict.response.status = 204;
        return verdict;
    }
    if (call.is("GET", 4) && call.path[3] == "ApprovalRequests")
        return say(200, Json{{"sid", content->sid},
                             {"account_sid", sid()},
                             {"whatsapp", approval(*content)},
                             {"url", "https://content.twilio.com" + call.request.url}});
    if (call.is("POST", 5) && call.path[3] == "ApprovalRequests" && call.path[4] == "whatsapp") {
        const auto body = read_json(call.request.body);
        if (!body || text_in(*body, "name").empty() || text_in(*body, "category").empty())
            return refuse(20001, "name and category are required");
        content->category = upper(text_in(*body, "category"));
        const bool at_once = parts_.behaviour.approve_templates_at_once;
        content->status = "received";
        const Json said = approval(*content);
        content->status = at_once ? "approved" : "pending";
        return say(201, said);
    }
    return not_found(call);
}

// -- webhooks
// -----------------------------------------------------------------------------------------

std::optional<Change> TwilioLine::receipt(const Person& whom, const Bubble& about,
                                          const Step& step) const {
    if (about.callback.empty())
        return std::nullopt;
    const std::string word = status_word(about, step);
    const std::string service = text_in(about.kept, "service");
    Json form{{"SmsSid", about.id},     {"SmsStatus", word},
              {"MessageStatus", word},  {"To", text_in(about.kept, "to", address_of(whom))},
              {"MessageSid", about.id}, {"AccountSid", sid()},
              {"From", own_address()},  {"ApiVersion", "2010-04-01"}};
    if (!service.empty())
        form["MessagingServiceSid"] = service;
    if (step.status == "failed")
        form["ErrorCode"] = std::to_string(step.code);
    if (whatsapp_) {
        form["ChannelPrefix"] = "whatsapp";
        form["ChannelInstallSid"] = "XE" + sha256_hex(sid()).substr(0, 32);
        if (step.status == "failed")
            form["ChannelStatusMessage"] = look_up(step.code).message;
        if (step.status == "read")
            form["EventType"] = "READ";
    } else if (step.status == "delivered" || word == "undelivered") {
        const std::tm t = utc(step.at);
        std::array<char, 16> done{};
        std::strftime(done.data(), done.size(), "%y%m%d%H%M", &t);
        form["RawDlrDoneDate"] = done.data();
    }
    return Change{"status: " + word, std::move(form), about.callback};
}

void TwilioLine::keyword_said(Person& from, const std::string& text, Json& form) {
    const Keyword said = keyword(text);
    if (said == Keyword::none || whatsapp_)
        return;
    const bool stop = said == Keyword::stop;
    if (!options.setting("messaging_service_sid").empty())  // with Advanced Opt-Out
        form["OptOutType"] = stop ? "STOP" : "START";
    if (stop)
        from.opted_out.insert(options.id);
    else if (from.opted_out.erase(options.id) == 0)
        return;
    Bubble answer;  // Twilio's own, not the gateway's
    answer.channel = options.id;
    answer.wa_id = from.wa_id;
    answer.ours = true;
    answer.type = "text";
    answer.text = stop ? "You have successfully been unsubscribed. You will not receive any more "
                         "messages from this number. Reply START to resubscribe."
                       : "You have successfully been re-subscribed to messages from this number.";
    answer.at = parts_.clock.now();
    answer.id = new_id(from, parts_.next_number());
    answer.kept = Json{{"from", own_address()}};
    parts_.ledger.add("provider_text", Json{{"channel", options.id},
                                            {"wa_id", from.wa_id},
                                            {"id", answer.id},
                                            {"text", answer.text}});
    parts_.people.wrote(std::move(answer));
}

struct MediaType {
    std::string_view type, mime;
};
constexpr std::array media_types{
    MediaType{"voice", "audio/ogg"},          MediaType{"audio", "audio/mpeg"},
    MediaType{"image", "image/jpeg"},         MediaType{"video", "video/mp4"},
    MediaType{"document", "application/pdf"}, MediaType{"sticker", "image/webp"}};

Result<Change> TwilioLine::reply(const Json& wanted, Person& from, const Bubble* about,
                                 Bubble& bubble) {
    bubble.type = text_in(wanted, "type", "text");
    bubble.text = text_in(wanted, "text");
    const bool tapped = bubble.type == "button" || bubble.type == "button_reply";
    const auto media = std::ranges::find(media_types, bubble.type, &MediaType::type);
    const bool place = bubble.type == "location" && whatsapp_;
    if (bubble.type != "text" && media == media_types.end() && !place && !(tapped && whatsapp_))
        return Error{Errc::bad_input, whatsapp_ ? "type: text, button, location or a kind of file "
                                                  "(voice, image, …) was expected"
                                                : "type: text or a kind of file (voice, image, …) "
                                                  "was expected"};
    if (bubble.type == "text" && bubble.text.empty())
        return Error{Errc::bad_input, "text: the words of the reply were expected"};
    if (tapped && bubble.text.empty())
        bubble.text = text_in(wanted, "title");
    const bool file = media != media_types.end();
    if (file)
        bubble.id.replace(0, 2, "MM");
    bubble.kept = Json{{"segments", whatsapp_ ? 1 : sms_size(bubble.text).parts}};
    Json form{{"SmsMessageSid", bubble.id},
              {"NumMedia", file ? "1" : "0"},
              {"SmsSid", bubble.id},
              {"SmsStatus", "received"},
              {"Body", bubble.text},
              {"To", own_address()},
              {"NumSegments", std::to_string(bubble.kept["segments"].get<int>())},
              {"MessageSid", bubble.id},
              {"AccountSid", sid()},
              {"From", address_of(from)},
              {"ApiVersion", "2010-04-01"}};
    if (const std::string service = options.setting("messaging_service_sid"); !service.empty())
        form["MessagingServiceSid"] = service;
    if (file) {
        form["MediaContentType0"] = media->mime;
        form["MediaUrl0"] = "https://api.twilio.com/2010-04-01/Accounts/" + sid() + "/Messages/" +
                            bubble.id + "/Media/ME" + sha256_hex(bubble.id).substr(0, 32);
    }
    if (whatsapp_) {
        form["ProfileName"] = from.name.empty() ? "+" + from.wa_id : from.name;
        form["MessageType"] = tapped ? "button" : bubble.type == "voice" ? "audio" : bubble.type;
        if (from.hides_phone)
            form["ExternalUserId"] = "whatsapp:" + from.user_id;
        else
            form["WaId"] = from.wa_id;
        if (tapped) {
            form["ButtonText"] = bubble.text;
            form["ButtonPayload"] = text_in(wanted, "payload", text_in(wanted, "id", bubble.text));
        }
        if (place) {
            form["Latitude"] = std::to_string(wanted.value("latitude", -33.8612));
            form["Longitude"] = std::to_string(wanted.value("longitude", 151.2108));
            form["Label"] = bubble.text;
        }
        if (about != nullptr) {
            bubble.about = about->id;
            form["OriginalRepliedMessageSid"] = about->id;
            form["OriginalRepliedMessageSender"] = about->ours ? own_address() : address_of(from);
        }
    } else {
        form["FromCountry"] = iso_country(from.phone);
        form["ToCountry"] = iso_country(own_digits());
        keyword_said(from, bubble.text, form);
    }
    return Change{"inbound: " + bubble.type, std::move(form), {}};
}

// Programmable Voice on the same number: the call, then how it ended.
std::optional<Change> TwilioLine::call(const Person& from, const std::string& event,
                                       const std::string& id, Timestamp, int duration_s) const {
    const bool rings = event == "connect";
    Json form{{"CallSid", id},
              {"AccountSid", sid()},
              {"From", "+" + from.phone},
              {"To", "+" + own_digits()},
              {"CallStatus", rings            ? "ringing"
                             : duration_s > 0 ? "completed"
                                              : "no-answer"},
              {"ApiVersion", "2010-04-01"},
              {"Caller", "+" + from.phone},
              {"Called", "+" + own_digits()},
              {"FromCountry", iso_country(from.phone)},
              {"ToCountry", iso_country(own_digits())},
              {"Direction", "inbound"}};
    if (!rings) {
        form["CallDuration"] = std::to_string(duration_s);
        form["CallbackSource"] = "call-progress-events";
        form["SequenceNumber"] = "0";
    }
    return Change{"call: " + event, std::move(form), {}};
}

HttpRequest TwilioLine::write(std::span<const Change> changes, BatchShape, Timestamp) const {
    const Change& change = changes.front();
    std::vector<Header> pairs;
    for (const auto& [key, value] : change.value.items())
        pairs.push_back({key, value.get<std::string>()});
    HttpRequest request = raw(encode_form(pairs));
    if (!change.url.empty())
        request.url = change.url;
    return request;
}

HttpRequest TwilioLine::raw(std::string body) const {
    const bool json = body.starts_with('{') || body.starts_with('[');
    HttpRequest request;
    request.method = "POST";
    request.url = options.webhook_url;
    request.headers = {{"Content-Type", json ? "application/json"
                                             : "application/x-www-form-urlencoded; charset=UTF-8"},
                       {"User-Agent", "TwilioProxy/1.1"},
                       {"Accept", "*/*"},
                       {"I-Twilio-Idempotency-Token", sha256_hex(body).substr(0, 36)}};
    request.body = std::move(body);
    return request;
}

// Over the exact URL without its fragment, then every parameter by its key (PROVIDERS.md 3.1). JSON
// is signed through a hash of it in the URL.
void TwilioLine::sign(HttpRequest& request, Signing how, Timestamp) const {
    if (how == Signing::none)
        return;
    std::string& url = request.url;
    const std::size_t fragment = std::min(url.find('#'), url.size());
    std::string signed_text;
    if (request.header("Content-Type") == "application/json") {
        url.insert(fragment, (url.find('?') == url.npos ? "?bodySHA256=" : "&bodySHA256=") +
                                 sha256_hex(request.body));
        signed_text = url.substr(0, url.find('#'));
    } else {
        signed_text = url.substr(0, fragment);
        std::map<std::string, std::set<std::string>> fields;
        for (Header& pair : decode_form(request.body))
            fields[pair.name].insert(std::move(pair.value));
        for (const auto& [key, values] : fields) {
            for (const std::string& value : values)
                signed_text += key + value;
        }
    }
    static const Secret other{"not the auth token"};
    const auto mac =
        hmac_sha1(how == Signing::right ? options.secret("auth_token") : other, signed_text);
    request.headers.push_back(
        {"X-Twilio-Signature", base64({reinterpret_cast<const char*>(mac.data()), mac.size()})});
}

// Once more, and only when nobody was there, unless the URL's fragment asks for more
// ("#rc=5&rp=all"; https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
std::optional<Duration> TwilioLine::wait_after(int tries, const HttpRequest& request,
                                               const Exchange& last) const {
    const std::size_t hash = request.url.find('#');
    const auto overrides =
        decode_form(hash == std::string::npos ? "" : request.url.substr(hash + 1));
    const std::string wanted = value_of(overrides, "rc");
    int retries = 1;
    std::from_chars(wanted.data(), wanted.data() + wanted.size(), retries);
    const std::string policy = value_of(overrides, "rp").empty() ? "ct" : value_of(overrides, "rp");
    const bool answered = last.progress == Exchange::Progress::answered;
    const std::string what = last.progress == Exchange::Progress::not_sent ? "ct"
                             : !answered                                   ? "rt"
                             : last.response.status >= 500                 ? "5xx"
                                                                           : "4xx";
    if (tries > std::min(retries, 5) || (policy != "all" && policy.find(what) == std::string::npos))
        return std::nullopt;
    return 1000ms;
}

// TwiML, or plain text, in the answer to an incoming message is sent to the person.
std::string TwilioLine::words_in(const Change& change, const HttpResponse& answer) const {
    if (!change.field.starts_with("inbound"))
        return {};
    const std::string_view type = answer.header("Content-Type");
    if (type.starts_with("text/plain"))
        return answer.body;
    const std::size_t begin = answer.body.find("<Message");
    if (begin == std::string::npos)
        return {};
    const std::size_t from = answer.body.find('>', begin);
    const std::size_t to = answer.body.find("</Message>", begin);
    return from == std::string::npos || to == std::string::npos || to < from
               ? std::string{}
               : answer.body.substr(from + 1, to - from - 1);
}

}  // namespace

Result<std::unique_ptr<Line>> make_twilio_line(const LineOptions& given, Parts& parts) {
    const auto wrong = [](const char* what) { return Error{Errc::bad_input, what}; };
    if (!is_sid(given.setting("account_sid"), "AC"))
        return wrong("account_sid is AC and 32 hexadecimal digits");
    if (given.secret("auth_token").empty())
        return wrong("auth_token is what webhooks are signed with, and is needed");
    if (given.setting("from").empty() && given.setting("messaging_service_sid").empty())
        return wrong("from or messaging_service_sid is needed");
    return std::unique_ptr<Line>{std::make_unique<TwilioLine>(given, parts)};
}

}  // namespace warmcall::sandbox
