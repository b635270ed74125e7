#pragma once
// Twilio's Programmable Voice on loopback: calls that the gateway places ring the phones of the
// sandbox's people, who pick up, press a key, talk or do not, as the control API said of them.
// https://www.twilio.com/docs/voice/twiml

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/line.hpp"
#include "sandbox/parts.hpp"

namespace warmcall::sandbox {

// What a document of TwiML asks for, as far as the gateway uses it.
struct Twiml {
    std::vector<std::string> says;
    std::string gather_action;
    std::string redirect;
    std::string dial_number;
    std::string dial_callback;  // of the number's leg
    std::string caller_id;
    bool rejects = false;
    bool records = false;  // any attribute or verb that would record a voice
};
Twiml read_twiml(std::string_view document);

class TwilioCalls {
 public:
    TwilioCalls(Line& line, Parts& parts, std::string account_sid, std::string number)
        : line_{line}, parts_{parts}, sid_{std::move(account_sid)}, number_{std::move(number)} {}

    // The code of what is wrong with a POST to Calls.json; 0: nothing.
    int wrong(const std::vector<Header>& form) const;
    // Somebody's phone rings; the rest follows by itself.
    void begin(const std::string& call, const std::vector<Header>& form);

 private:
    struct Leg {
        std::string sid, parent, to, callback;
        std::string direction = "outbound-api";
    };
    Json form_of(const Leg& leg, std::string_view status) const;
    void tell(const Leg& leg, std::string_view status, int seconds);
    void ask(const Leg& leg, const std::string& url, std::string_view digits);
    void follow(const Leg& leg, const HttpResponse& answer);
    void ring(const Leg& leg, std::string_view who) const;
    void post(const std::string& lane, std::string field, Json form, std::string url,
              std::function<void(const HttpResponse&)> heard = {});

    Line& line_;
    Parts& parts_;
    std::string sid_, number_;
};

}  // namespace warmcall::sandbox
