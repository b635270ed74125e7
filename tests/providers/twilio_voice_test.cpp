// Calls at Twilio: what a caller hears, and the call that rings a rep and then a contact, byte for
// byte.

#include "golden.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using core::LineState;

namespace {

const Provider& sms() {
    return golden::provider("twilio_sms");
}

Account account() {
    Account account = golden::account("twilio_sms");
    account.settings["from"] = "+12025550101";
    account.settings.erase("messaging_service_sid");
    return account;
}

Bridge bridge() {
    return {.rep = "+61491570110",
            .words = "Hello Joel & Co. Press any key.",
            .language = "en",
            .contact = "+61491570156",
            .url = "https://calls.example.com/webhooks/main/line/7.joel.1770112800000.MAC",
            .patience = std::chrono::seconds{25}};
}

std::string said(const CallAnswer& answer) {
    const HttpResponse response = sms().answer_call(account(), answer);
    CHECK(response.status == 200);
    CHECK(response.header("Content-Type") == "text/xml; charset=utf-8");
    constexpr std::string_view opening = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>";
    constexpr std::string_view closing = "</Response>";
    REQUIRE(response.body.starts_with(opening));
    REQUIRE(response.body.ends_with(closing));
    return response.body.substr(opening.size(),
                                response.body.size() - opening.size() - closing.size());
}

LineNews told(std::vector<Header> form) {
    form.push_back({"AccountSid", account().settings["account_sid"]});
    form.push_back({"CallSid", "CA1"});
    const auto news = sms().read_line(
        account(), {"POST", "/webhooks/main/line/x", {}, encode_form(form), golden::now});
    REQUIRE(news);
    return *news;
}

LineNews contact_leg(std::string status, std::string seconds = "0") {
    return told({{"ParentCallSid", "CA0"},
                 {"Direction", "outbound-dial"},
                 {"CallStatus", std::move(status)},
                 {"CallDuration", std::move(seconds)}});
}

}  // namespace

TEST_CASE(
    "a caller hears the words in a voice of their language, the rep's phone, or that it is busy") {
    using How = CallAnswer::How;
    CHECK(said({How::say, "Tom & Ana <3", "en", ""}) ==
          "<Say language=\"en-US\">Tom &amp; Ana &lt;3</Say>");
    CHECK(said({How::say, "नमस्ते", "hi", ""}) == "<Say language=\"hi-IN\">नमस्ते</Say>");
    CHECK(said({How::say, "Oi", "pt_PT", ""}) == "<Say language=\"pt-PT\">Oi</Say>");
    CHECK(said({How::forward, "", "", "+61491570110"}) ==
          "<Dial answerOnBridge=\"true\" timeout=\"25\"><Number>+61491570110</Number></Dial>");
    CHECK(said({}) == "<Reject reason=\"busy\"/>");
}

TEST_CASE("a bridge rings the rep first, asks for a key, and is recorded nowhere") {
    const HttpRequest request = sms().build_bridge(account(), bridge());
    CHECK(request.method == "POST");
    CHECK(request.url.ends_with("/2010-04-01/Accounts/" + account().settings["account_sid"] +
                                "/Calls.json"));
    CHECK(request.header("Authorization").starts_with("Basic "));
    const std::vector<Header> form = decode_form(request.body);
    const auto value = [&](std::string_view name) -> std::string {
        for (const Header& pair : form)
            if (pair.name == name)
                return pair.value;
        return "(none)";
    };
    CHECK(value("To") == "+61491570110");
    CHECK(value("From") == "+12025550101");
    CHECK(value("Timeout") == "25");
    CHECK(value("StatusCallback") == bridge().url + "#rc=5&rp=all");
    CHECK(value("Twiml") ==
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Gather numDigits=\"1\" "
          "timeout=\"10\" action=\"" +
              bridge().url +
              "\"><Say language=\"en-US\">Hello Joel &amp; Co. Press any key.</Say></Gather>"
              "<Redirect>" +
              bridge().url + "</Redirect></Response>");
    CHECK(form.size() == 5);
    const std::string next = sms().connect_line(account(), bridge()).body;
    CHECK(next.find("<Dial callerId=\"+12025550101\" timeout=\"25\"><Number "
                    "statusCallbackEvent=\"completed\" statusCallback=\"" +
                    bridge().url + "#rc=5&amp;rp=all\">+61491570156</Number></Dial>") !=
          std::string::npos);
    for (const std::string& all : {request.body, next})
        CHECK(all.find("ecord") == std::string::npos);
    CHECK(sms().hang_up(account()).body.find("<Hangup/>") != std::string::npos);
}

TEST_CASE("a line tells that the rep is there, and how the contact's leg ended") {
    using Stage = LineNews::Stage;
    CHECK(told({{"CallStatus", "in-progress"}, {"Digits", "5"}}).stage == Stage::rep_is_there);
    const auto ended = [](const LineNews& news, LineState state, int seconds) {
        CHECK(news.stage == Stage::ended);
        CHECK(news.line == core::Line{state, seconds});
    };
    ended(contact_leg("completed", "63"), LineState::completed, 63);
    ended(contact_leg("completed", "-5"), LineState::completed, 0);
    ended(contact_leg("completed", "99999999999999999999"), LineState::completed, 0);
    ended(contact_leg("busy"), LineState::busy, 0);
    ended(contact_leg("no-answer"), LineState::no_answer, 0);
    ended(contact_leg("canceled"), LineState::no_answer, 0);
    ended(contact_leg("failed"), LineState::failed, 0);
    CHECK(contact_leg("ringing").stage == Stage::under_way);
    ended(told({{"CallStatus", "in-progress"}, {"msg", "Redirect"}}), LineState::not_rung, 0);
    for (const char* status : {"no-answer", "busy", "failed", "canceled", "completed"})
        ended(told({{"CallStatus", status}}), LineState::not_rung, 0);
    CHECK(told({{"CallStatus", "ringing"}}).stage == Stage::under_way);
    CHECK_FALSE(sms().read_line(account(), {"POST", "/x", {}, "CallSid=CA1", golden::now}));
}

TEST_CASE("a call that was placed has its id; a refusal its reason; else nobody can tell") {
    const auto read = [](int status, std::string body) {
        return sms().read_bridge(account(), {status, {}, std::move(body)});
    };
    CHECK(read(201, R"({"sid":"CA1"})").kind == Answer::Kind::accepted);
    CHECK(read(201, R"({"sid":"CA1"})").provider_id == "CA1");
    CHECK(read(201, "{}").kind == Answer::Kind::unreadable);
    CHECK(read(500, "").kind == Answer::Kind::unreadable);
    const Answer refused = read(401, R"({"code":20003})");
    CHECK(refused.kind == Answer::Kind::refused);
    CHECK(refused.sentence.find("auth_token") != std::string::npos);
}
