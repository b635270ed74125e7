#include "sandbox/kannel.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "sandbox/exchange.hpp"
#include "sandbox/numbers.hpp"
#include "sandbox/sms.hpp"

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;
using net::Incoming;

constexpr int delivered = 1;
constexpr int failed = 2;
constexpr int at_smsc = 8;
constexpr int refused_by_smsc = 16;

HttpResponse text_answer(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.headers = {
        {"Content-Type", "text/html"}, {"Pragma", "no-cache"}, {"Cache-Control", "no-cache"}};
    response.body = std::move(body);
    return response;
}

Verdict refuse(int status, std::string words) {
    Verdict verdict;
    verdict.response = text_answer(status, std::move(words));
    verdict.noted = Json{{"accepted", false}, {"code", status}};
    return verdict;
}

// Kannel's escapes: "%d" and the like become their values, written for a query.
std::string filled(const std::string& url, const std::map<char, std::string>& values) {
    std::string out;
    for (std::size_t i = 0; i < url.size(); ++i) {
        if (url[i] != '%' || i + 1 == url.size()) {
            out += url[i];
            continue;
        }
        const auto value = values.find(url[i + 1]);
        const bool is_escape = value != values.end();
        out += is_escape ? percent_encode(value->second) : std::string{url[i]};
        if (is_escape || url[i + 1] == '%')
            ++i;
    }
    return out;
}

// What is left of a text in the default alphabet: what it has no letter for becomes a question
// mark.
std::string in_default_alphabet(const std::string& text) {
    std::u16string kept;
    for (const char16_t unit : utf16(text))
        kept += sms_size(utf8({&unit, 1})).gsm7 ? unit : u'?';
    return utf8(kept);
}

// As Kannel reads `text`: UTF-8 unless `charset` says otherwise; with coding 2 and no charset, raw
// UTF-16.
std::string text_of(const std::string& text, const std::string& coding,
                    const std::string& charset) {
    if (coding != "2")
        return in_default_alphabet(text);
    if (upper(charset) == "UTF-8")
        return text;
    std::u16string units;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        units += static_cast<char16_t>(static_cast<unsigned char>(text[i]) << 8U |
                                       static_cast<unsigned char>(text[i + 1]));
    return utf8(units);
}

// The text's bytes on their way to the gateway: Kannel recodes what is UCS-2 for nobody.
std::string raw_bytes(const std::string& text, bool gsm7) {
    if (gsm7)
        return text;
    std::string bytes;
    for (const char16_t unit : utf16(text)) {
        bytes += static_cast<char>(static_cast<unsigned char>(unit >> 8U));
        bytes += static_cast<char>(static_cast<unsigned char>(unit & 0xFFU));
    }
    return bytes;
}

// "%a": words with one space between them, even where the bytes are none of ASCII.
std::string squeezed(const std::string& bytes) {
    std::string words;
    bool gap = false;
    for (const char c : bytes) {
        const bool space = c == ' ' || (c >= '\t' && c <= '\r');
        if (!space && gap && !words.empty())
            words += ' ';
        gap = space;
        if (!space)
            words += c;
    }
    return words;
}

class KannelLine final : public Line {
 public:
    KannelLine(const LineOptions& given, Parts& parts) : Line{given, parts} {}

    int hears(const Incoming& request) const override {
        if (!request.path().starts_with("/cgi-bin/sendsms") && request.path() != "/sendsms")
            return 0;
        const auto form = parameters(request);
        return value_of(form, "username") + value_of(form, "user") == options.setting("username")
                   ? 3
                   : 2;
    }
    Json noted(const Incoming& request) const override {
        const auto form = parameters(request);
        return Json{{"to", value_of(form, "to")},
                    {"type", "text"},
                    {"token", last_segment(value_of(form, "dlr-url"))}};
    }
    Verdict answer(const Call& call) override;
    HttpResponse accepted(const Bubble&) const override {
        return text_answer(202, "0: Accepted for delivery");
    }
    // A scripted refusal names an HTTP status: Kannel has no other codes.
    HttpResponse refused(int code, std::uint64_t) const override {
        const bool is_status = code >= 400 && code < 600;
        return text_answer(is_status ? code : 403, "Not routable. Do not try again.");
    }
    HttpResponse broken(std::uint64_t) const override {
        return text_answer(500, "Internal Server Error");
    }
    HttpResponse too_many(std::uint64_t) const override {
        return text_answer(503, "Temporal failure, try again later.");
    }
    std::vector<Header> headers(std::uint64_t) const override {
        return {{"Server", "Kannel/1.4.5"}};
    }
    std::string new_id(const Person& who, std::uint64_t number) const override {
        return uuid(parts_.people.unique(number, who.wa_id));
    }
    int usual_code() const override { return failed; }
    std::string title(int code) const override {
        return code == refused_by_smsc ? "rejected by the SMSC" : "could not be delivered";
    }

    std::optional<Change> receipt(const Person& whom, const Bubble& about,
                                  const Step& step) const override;
    Result<Change> reply(const Json& wanted, Person& from, const Bubble* about,
                         Bubble& bubble) override;
    HttpRequest write(std::span<const Change> changes, BatchShape, Timestamp) const override {
        HttpRequest request = raw({});
        request.url = changes.front().url;
        return request;
    }
    HttpRequest raw(std::string body) const override {
        HttpRequest request;
        request.method = body.empty() ? "GET" : "POST";
        request.url = options.webhook_url;
        request.headers = {{"User-Agent", "Kannel/1.4.5"}, {"Accept", "*/*"}};
        request.body = std::move(body);
        return request;
    }
    void sign(HttpRequest&, Signing, Timestamp) const override {}  // Kannel signs nothing
    std::optional<Duration> wait_after(int tries, const HttpRequest&,
                                       const Exchange&) const override {
        constexpr int tries_max = 10;  // http-request-retry, and http-queue-delay between them
        return tries < tries_max ? std::optional<Duration>{10s} : std::nullopt;
    }
    std::string words_in(const Change& change, const HttpResponse& answer) const override {
        return change.field == "inbound" ? answer.body : std::string{};
    }
    std::string number() const override { return options.setting("from", "(the SMSC's own)"); }
    std::string_view medium() const override { return "sms"; }

 private:
    static std::vector<Header> parameters(const Incoming& request) {
        return decode_form(request.method == "POST" ? std::string_view{request.body}
                                                    : request.query());
    }
    // As the get-url of Kannel's own configuration has it: the URL itself when it has Kannel's
    // escapes, else with the gateway's usual ones behind it.
    std::string get_url() const {
        const std::string& url = options.webhook_url;
        if (url.find('%') != std::string::npos)
            return url;
        const std::string secret = options.secret("webhook_secret").reveal();
        return url + "?" + (secret.empty() ? "" : "secret=" + secret + "&") +
               "from=%q&to=%Q&text=%b&charset=%C&coding=%c&id=%I&time=%T";
    }
    bool may(const std::vector<Header>& form) const {
        const std::string user = value_of(form, "username") + value_of(form, "user");
        const std::string password = value_of(form, "password") + value_of(form, "pass");
        return parts_.behaviour.token_valid && user == options.setting("username") &&
               equal_constant_time(password, options.secret("password").reveal());
    }
};

Verdict KannelLine::answer(const Call& call) {
    const auto form = parameters(call.request);
    if (!may(form))
        return refuse(403, "Authorization failed for sendsms");
    if (!within_rate(parts_, *this))
        return refuse(503, "Temporal failure, try again later.");
    const std::string to = value_of(form, "to");
    if (to.empty())
        return refuse(400, "Missing receiver number, rejected");
    const auto digits = to.starts_with('+') ? digits_of(to) : std::nullopt;
    if (!digits)
        return refuse(400, "Number(s) has/have been denied by white- and/or black-lists.");
    if (value_of(form, "from").empty() && options.setting("from").empty())
        return refuse(400, "Sender missing and no global set, rejected");
    Bubble bubble;
    bubble.wa_id = parts_.people.person(*digits).wa_id;
    bubble.type = "text";
    bubble.text =
        text_of(value_of(form, "text"), value_of(form, "coding"), value_of(form, "charset"));
    bubble.callback = value_of(form, "dlr-url");
    bubble.token = last_segment(bubble.callback);
    int mask = 0;
    const std::string wanted = value_of(form, "dlr-mask");
    std::from_chars(wanted.data(), wanted.data() + wanted.size(), mask);
    bubble.kept = Json{{"mask", mask}, {"from", value_of(form, "from")}};
    return take(parts_, *this, call, std::move(bubble), 0);
}

std::optional<Change> KannelLine::receipt(const Person& whom, const Bubble& about,
                                          const Step& step) const {
    const int code = step.status == "sent"          ? at_smsc
                     : step.status == "delivered"   ? delivered
                     : step.status != "failed"      ? 0
                     : step.code == refused_by_smsc ? refused_by_smsc
                                                    : failed;
    const int mask = about.kept.value("mask", 0);
    if (about.callback.empty() || (mask & code) == 0)
        return std::nullopt;
    const std::string operator_text = code == at_smsc ? "ACK/"
                                      : code == refused_by_smsc
                                          ? "NACK/0x0000000b/Invalid Destination Address"
                                      : code == failed ? "id:" + about.id + " stat:UNDELIV err:027"
                                                       : "";
    const std::string url = filled(about.callback, {{'d', std::to_string(code)},
                                                    {'T', unix_seconds(step.at)},
                                                    {'i', "sandbox"},
                                                    {'A', operator_text},
                                                    {'F', code == at_smsc ? "" : about.id},
                                                    {'I', about.id},
                                                    {'p', "+" + whom.phone},
                                                    {'P', text_in(about.kept, "from")},
                                                    {'n', options.setting("username")}});
    return Change{"dlr: " + std::to_string(code), Json::object(), url};
}

Result<Change> KannelLine::reply(const Json& wanted, Person& from, const Bubble*, Bubble& bubble) {
    bubble.type = text_in(wanted, "type", "text");
    bubble.text = text_in(wanted, "text");
    if (bubble.type != "text" || bubble.text.empty())
        return Error{Errc::bad_input,
                     "text: the words of the reply were expected; nothing else "
                     "goes by SMS"};
    const bool plain = sms_size(bubble.text).gsm7;
    const std::string bytes = raw_bytes(bubble.text, plain);
    const std::string url = filled(get_url(), {{'p', "+" + from.phone},
                                               {'q', "+" + from.phone},
                                               {'P', options.setting("from")},
                                               {'Q', options.setting("from")},
                                               {'a', squeezed(bytes)},
                                               {'b', bytes},
                                               {'I', bubble.id},
                                               {'T', unix_seconds(bubble.at)},
                                               {'i', "sandbox"},
                                               {'c', plain ? "0" : "2"},
                                               {'C', plain ? "UTF-8" : "UTF-16BE"}});
    return Change{"inbound", Json::object(), url};
}

}  // namespace

Result<std::unique_ptr<Line>> make_kannel_line(const LineOptions& given, Parts& parts) {
    const auto wrong = [](const char* what) { return Error{Errc::bad_input, what}; };
    if (given.setting("username").empty() || given.secret("password").empty())
        return wrong("username and password of the sendsms-user are needed");
    return std::unique_ptr<Line>{std::make_unique<KannelLine>(given, parts)};
}

}  // namespace warmcall::sandbox
