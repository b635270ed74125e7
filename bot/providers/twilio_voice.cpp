// Twilio Programmable Voice: what a call on our number means, what its caller hears, and calls that
// Twilio carries for a rep. No call is ever recorded: the word does not stand in any request here.
// https://www.twilio.com/docs/voice/twiml, https://www.twilio.com/docs/voice/api/call-resource

#include <algorithm>
#include <charconv>

#include "providers/account.hpp"
#include "providers/errors.hpp"
#include "providers/json.hpp"
#include "providers/reading.hpp"
#include "providers/twilio.hpp"

namespace warmcall::twilio {

namespace {

constexpr std::string_view whatsapp_mark = "whatsapp:";

// What Twilio writes for "anonymous", "restricted", "blocked", "unknown" and "unavailable" callers:
// the words on a telephone's keys.
bool is_hidden(std::string_view number) {
    constexpr std::string_view hidden[] = {"+266696687", "+7378742833", "+2562533", "+8656696",
                                           "+86282452253"};
    return std::ranges::find(hidden, number) != std::end(hidden);
}

std::optional<core::Address> caller(std::string_view from) {
    if (from.starts_with(whatsapp_mark))
        return whatsapp_address(from.substr(whatsapp_mark.size()));
    return from.starts_with('+') && !is_hidden(from) ? phone_address(from) : std::nullopt;
}

std::string escaped(std::string_view text) {
    std::string xml;
    for (const char c : text) {
        switch (c) {
            case '&':
                xml += "&amp;";
                break;
            case '<':
                xml += "&lt;";
                break;
            case '>':
                xml += "&gt;";
                break;
            case '"':
                xml += "&quot;";
                break;
            default:
                xml += c;
        }
    }
    return xml;
}

// Twilio's voices are named with a country; where a language has several, the most spoken.
// https://www.twilio.com/docs/voice/twiml/say/text-speech
std::string voice_language(std::string_view language) {
    constexpr std::pair<std::string_view, std::string_view> voices[] = {
        {"ar", "arb"},   {"de", "de-DE"}, {"en", "en-US"}, {"es", "es-ES"},
        {"fr", "fr-FR"}, {"hi", "hi-IN"}, {"id", "id-ID"}, {"it", "it-IT"},
        {"nl", "nl-NL"}, {"pt", "pt-BR"}, {"ru", "ru-RU"}, {"tr", "tr-TR"}};
    std::string written{language};
    std::ranges::replace(written, '_', '-');
    const auto known = std::ranges::find(voices, written, [](const auto& v) { return v.first; });
    return known == std::end(voices) ? written : std::string{known->second};
}

std::string say(std::string_view words, std::string_view language) {
    return "<Say language=\"" + escaped(voice_language(language)) + "\">" + escaped(words) +
           "</Say>";
}

std::string seconds(core::Duration patience) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(patience).count());
}

std::string response(std::string_view verbs) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>" + std::string{verbs} +
           "</Response>";
}

HttpResponse twiml(std::string_view verbs) {
    return {200, {{"Content-Type", "text/xml; charset=utf-8"}}, response(verbs)};
}

// Tried again for 15 s, whatever kept it from us; neither sent nor signed.
std::string told_at(const Bridge& bridge) {
    return bridge.url + "#rc=5&rp=all";
}

int number_in(std::string_view digits) {
    constexpr int a_day_s = 86'400;
    int number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return std::clamp(number, 0, a_day_s);
}

// The contact's leg ended; its CallStatus says how.
LineNews end_of(std::string_view status, std::string_view duration) {
    using enum core::LineState;
    core::Line line{.state = failed};
    if (status == "completed")
        line = {completed, number_in(duration)};
    else if (status == "no-answer" || status == "canceled")  // or the rep hung up first
        line.state = no_answer;
    else if (status == "busy")
        line.state = busy;
    return {LineNews::Stage::ended, line};
}

bool is_end(std::string_view status) {
    return status == "completed" || status == "no-answer" || status == "busy" ||
           status == "failed" || status == "canceled";
}

}  // namespace

// The number's voice webhook asks while it rings, its status callback tells when it is over. Each
// of them alone says that they called, so both have one key: the second is a copy, and a call that
// rang while we were away is heard of at its end.
std::optional<Inbound> read_call(const Account& account, const std::vector<Header>& form,
                                 core::Timestamp at) {
    const std::string_view sid = printable_id(value_of(form, "CallSid"));
    if (sid.empty() || value_of(form, "Direction") != "inbound")
        return std::nullopt;
    Inbound call{
        event_key(core::Timestamp{}, {setting(account, "account_sid"), "call", sid}), at, {}, {}};
    if (auto who = caller(value_of(form, "From"))) {
        call.who.push_back(std::move(*who));
        call.what = InCall{};
    } else {
        call.what = InIgnored{"call without a number"};
    }
    return call;
}

HttpResponse answer_call(const Account&, const CallAnswer& answer) {
    constexpr core::Duration patience = std::chrono::seconds{25};
    switch (answer.how) {
        case CallAnswer::How::say:
            return twiml(say(answer.words, answer.language));
        case CallAnswer::How::forward:
            return twiml("<Dial answerOnBridge=\"true\" timeout=\"" + seconds(patience) +
                         "\"><Number>" + escaped(answer.phone) + "</Number></Dial>");
        case CallAnswer::How::decline:
            break;
    }
    return twiml("<Reject reason=\"busy\"/>");
}

HttpRequest build_bridge(const Account& account, const Bridge& bridge) {
    const std::string asked = escaped(bridge.url);
    const std::string verbs = "<Gather numDigits=\"1\" timeout=\"10\" action=\"" + asked + "\">" +
                              say(bridge.words, bridge.language) + "</Gather><Redirect>" + asked +
                              "</Redirect>";
    return {"POST",
            account.base_url + "/2010-04-01/Accounts/" +
                std::string{setting(account, "account_sid")} + "/Calls.json",
            {{"Authorization", authorization(account)},
             {"Content-Type", "application/x-www-form-urlencoded"},
             {"Accept", "application/json"}},
            encode_form({{"To", bridge.rep},
                         {"From", std::string{setting(account, "from")}},
                         {"Twiml", response(verbs)},
                         {"Timeout", seconds(bridge.patience)},
                         {"StatusCallback", told_at(bridge)}})};
}

Answer read_bridge(const Account&, const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    switch (outcome_of(response.status)) {
        case Outcome::accepted:
            break;
        case Outcome::refused:
            return read_refusal(response);
        case Outcome::unknown:
            return unknown_answer("Twilio");
    }
    Answer answer = unknown_answer("Twilio");
    answer.provider_id = printable_id(root["sid"].text());
    if (!answer.provider_id.empty())
        answer.kind = Answer::Kind::accepted;
    return answer;
}

// Four speak at the call's URL: the key the rep pressed, the redirect when there was none, the end
// of the contact's leg (a child of the rep's), and the end of the rep's.
Result<LineNews> read_line(const Account& account, const HttpRequest& request) {
    using enum LineNews::Stage;
    const std::vector<Header> form = decode_form(request.body);
    if (value_of(form, "CallSid").empty() ||
        value_of(form, "AccountSid") != setting(account, "account_sid"))
        return Error{Errc::bad_payload, "this is no form of Twilio's about a call"};
    const std::string_view status = value_of(form, "CallStatus");
    if (!value_of(form, "ParentCallSid").empty())
        return is_end(status) ? end_of(status, value_of(form, "CallDuration")) : LineNews{};
    if (!value_of(form, "Digits").empty())
        return LineNews{rep_is_there, {}};
    // The rep's leg is over, or nobody pressed a key: where the contact's phone rang, that has been
    // told, and this changes nothing.
    if (is_end(status) || status == "in-progress")
        return LineNews{ended, {core::LineState::not_rung, 0}};
    return LineNews{};
}

HttpResponse connect_line(const Account& account, const Bridge& bridge) {
    return twiml("<Dial callerId=\"" + escaped(setting(account, "from")) + "\" timeout=\"" +
                 seconds(bridge.patience) + "\"><Number statusCallbackEvent=\"completed\" " +
                 "statusCallback=\"" + escaped(told_at(bridge)) + "\">" + escaped(bridge.contact) +
                 "</Number></Dial>");
}

HttpResponse hang_up(const Account&) {
    return twiml("<Hangup/>");
}

}  // namespace warmcall::twilio
