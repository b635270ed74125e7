#include "sandbox/twilio_voice.hpp"

#include "support/catch.hpp"

using namespace warmcall::sandbox;

TEST_CASE("a document of TwiML is read for what the phones are to do") {
    const Twiml read = read_twiml(
        "<?xml version=\"1.0\"?><Response><Gather numDigits=\"1\" action=\"http://a/b?c&amp;d\">"
        "<Say language=\"en-US\">Tom &amp; Ana</Say></Gather><Redirect>http://a/r</Redirect>"
        "<Dial callerId=\"+12025550101\"><Number statusCallback=\"http://a/s#rc=5&amp;rp=all\">"
        "+61491570156</Number></Dial></Response>");
    CHECK(read.says == std::vector<std::string>{"Tom & Ana"});
    CHECK(read.gather_action == "http://a/b?c&d");
    CHECK(read.redirect == "http://a/r");
    CHECK(read.caller_id == "+12025550101");
    CHECK(read.dial_number == "+61491570156");
    CHECK(read.dial_callback == "http://a/s#rc=5&rp=all");
    CHECK_FALSE(read.rejects);
    CHECK_FALSE(read.records);
}

TEST_CASE("a document that would record a voice is noticed, whichever way it says so") {
    for (const char* body :
         {"<Record/>", "<Dial record=\"record-from-answer\"><Number>+1</Number></Dial>",
          "<Dial recordingStatusCallback=\"http://a\"><Number>+1</Number></Dial>"})
        CHECK(read_twiml("<Response>" + std::string{body} + "</Response>").records);
    CHECK(read_twiml("<Response><Reject reason=\"busy\"/></Response>").rejects);
    CHECK_FALSE(read_twiml("<Response").records);
    CHECK(read_twiml("").dial_number.empty());
}
