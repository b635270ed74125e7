#include "sandbox/twilio_voice.hpp"

#include <utility>

#include "sandbox/numbers.hpp"

namespace warmcall::sandbox {

namespace {

std::string unescaped(std::string_view text) {
    constexpr std::pair<std::string_view, char> names[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    std::string plain;
    while (!text.empty()) {
        bool found = false;
        for (const auto& [name, letter] : names) {
            if (!text.starts_with(name))
                continue;
            plain += letter;
            text.remove_prefix(name.size());
            found = true;
            break;
        }
        if (found)
            continue;
        plain += text.front();
        text.remove_prefix(1);
    }
    return plain;
}

// The value of an attribute in the text of a tag: `Dial timeout="25"`.
std::string attribute(std::string_view tag, std::string_view name) {
    const std::string mark = " " + std::string{name} + "=\"";
    const std::size_t begin = tag.find(mark);
    if (begin == std::string_view::npos)
        return {};
    const std::size_t from = begin + mark.size();
    const std::size_t to = tag.find('"', from);
    return to == std::string_view::npos ? std::string{} : unescaped(tag.substr(from, to - from));
}

std::string_view name_of(std::string_view tag) {
    return tag.substr(0, tag.find_first_of(" /"));
}

void take(Twiml& read, std::string_view tag, std::string_view text) {
    const std::string_view name = name_of(tag);
    if (name == "Say")
        read.says.push_back(unescaped(text));
    else if (name == "Gather")
        read.gather_action = attribute(tag, "action");
    else if (name == "Redirect")
        read.redirect = unescaped(text);
    else if (name == "Dial")
        read.caller_id = attribute(tag, "callerId");
    else if (name == "Reject")
        read.rejects = true;
    read.records = read.records || name == "Record" || !attribute(tag, "record").empty() ||
                   !attribute(tag, "recordingStatusCallback").empty();
    if (name == "Number") {
        read.dial_number = unescaped(text);
        read.dial_callback = attribute(tag, "statusCallback");
    }
}

std::string digits_alone(std::string_view number) {
    return digits_of(std::string{number}).value_or(std::string{number});
}

}  // namespace

Twiml read_twiml(std::string_view document) {
    Twiml read;
    for (std::size_t open = document.find('<'); open != std::string_view::npos;
         open = document.find('<', open + 1)) {
        const std::size_t close = document.find('>', open);
        if (close == std::string_view::npos)
            return read;
        const std::size_t end = document.find('<', close);
        take(read, document.substr(open + 1, close - open - 1),
             end == std::string_view::npos ? "" : document.substr(close + 1, end - close - 1));
    }
    return read;
}

// https://www.twilio.com/docs/api/errors
int TwilioCalls::wrong(const std::vector<Header>& form) const {
    if (value_of(form, "To").empty())
        return 21201;
    if (value_of(form, "From").empty())
        return 21213;
    if (value_of(form, "From") != number_)
        return 21210;
    if (value_of(form, "Twiml").empty() && value_of(form, "Url").empty())
        return 21205;
    return digits_of(value_of(form, "To")) ? 0 : 21211;
}

void TwilioCalls::begin(const std::string& call, const std::vector<Header>& form) {
    const Leg leg{
        .sid = call, .to = value_of(form, "To"), .callback = value_of(form, "StatusCallback")};
    ring(leg, "rep");
    const Twiml wanted = read_twiml(value_of(form, "Twiml"));
    if (wanted.records || !value_of(form, "Record").empty())
        parts_.ledger.add("recorded", Json{{"call", call}});
    const Person& person = parts_.people.person(digits_alone(leg.to));
    if (person.on_call != "completed")
        return tell(leg, person.on_call, 0);
    if (person.presses_key)
        return ask(leg, wanted.gather_action, "5");
    ask(leg, wanted.redirect, "");
}

// The ledger's word for it: whose phone rang, and how often, is judged by this.
void TwilioCalls::ring(const Leg& leg, std::string_view who) const {
    parts_.ledger.add(
        "ring",
        Json{{"channel", line_.options.id}, {"who", who}, {"to", leg.to}, {"call", leg.sid}});
}

Json TwilioCalls::form_of(const Leg& leg, std::string_view status) const {
    Json form{{"CallSid", leg.sid},
              {"AccountSid", sid_},
              {"From", number_},
              {"To", leg.to},
              {"Caller", number_},
              {"Called", leg.to},
              {"CallStatus", status},
              {"ApiVersion", "2010-04-01"},
              {"Direction", leg.direction},
              {"FromCountry", iso_country(number_.substr(1))}};
    if (!leg.parent.empty())
        form["ParentCallSid"] = leg.parent;
    return form;
}

void TwilioCalls::post(const std::string& lane, std::string field, Json form, std::string url,
                       std::function<void(const HttpResponse&)> heard) {
    Update update;
    update.line = &line_;
    update.change = [change = Change{std::move(field), std::move(form), std::move(url)}](
                        Timestamp) { return std::optional{change}; };
    if (heard)
        update.heard = [heard = std::move(heard)](const Change&, const HttpResponse& answer) {
            heard(answer);
        };
    parts_.office.post(std::move(update), parts_.clock.now(), lane);
}

// One leg is over.
void TwilioCalls::tell(const Leg& leg, std::string_view status, int seconds) {
    Json form = form_of(leg, status);
    form["CallbackSource"] = "call-progress-events";
    form["SequenceNumber"] = "0";
    form["CallDuration"] = std::to_string(seconds);
    if (!leg.callback.empty())
        post(leg.to, "call: " + std::string{status}, std::move(form), leg.callback);
}

void TwilioCalls::ask(const Leg& leg, const std::string& url, std::string_view digits) {
    Json form = form_of(leg, "in-progress");
    if (!digits.empty()) {
        form["Digits"] = digits;
        form["FinishedOnKey"] = "";
    }
    form["msg"] = digits.empty() ? "Redirect" : "Gather End";
    post(leg.to, "call: asks", std::move(form), url,
         [this, leg](const HttpResponse& answer) { follow(leg, answer); });
}

// The gateway's TwiML after the key: the other phone rings, or it is over.
void TwilioCalls::follow(const Leg& leg, const HttpResponse& answer) {
    const Twiml wanted = read_twiml(answer.body);
    if (wanted.records)
        parts_.ledger.add("recorded", Json{{"call", leg.sid}});
    if (wanted.dial_number.empty())
        return tell(leg, "completed", 3);
    Leg other{.sid = leg.sid.substr(0, 33) + (leg.sid.back() == 'f' ? "0" : "f"),
              .parent = leg.sid,
              .to = wanted.dial_number,
              .callback = wanted.dial_callback,
              .direction = "outbound-dial"};
    ring(other, "contact");
    const Person& person = parts_.people.person(digits_alone(other.to));
    const bool talked = person.on_call == "completed";
    tell(other, person.on_call, talked ? person.talks_s : 0);
    tell(leg, "completed", 5 + (talked ? person.talks_s : 0));
}

}  // namespace warmcall::sandbox
