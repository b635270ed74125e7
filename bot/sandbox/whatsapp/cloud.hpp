#pragma once
// The account as Meta sees it: what may be sent to whom, and what becomes of it. Plain state, no
// sockets, no clock of its own.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sandbox/people.hpp"
#include "sandbox/whatsapp/send.hpp"
#include "sandbox/whatsapp/templates.hpp"

namespace warmcall::sandbox {

struct Account {
    std::string waba_id = "200000000000001";
    std::string phone_number_id = "300000000000002";
    std::string display_number = "+1 202-555-0101";  // our own, as people read it
    std::string verified_name = "warmcall sandbox";

    std::string digits() const;  // of the display number
};

struct Taken {
    Bubble bubble;
    int fails_with = 0;  // 0: it arrives
};

struct Marked {};  // read receipt or typing indicator taken

class Cloud {
 public:
    Cloud(Account account, std::string channel, People& people, const Behaviour& behaviour);

    // One POST to /messages.
    std::variant<Refusal, Taken, Marked> check(const Json& body, Timestamp now);
    void went_to(const Person& whom, Timestamp now);  // it was taken: counts for the day

    Account account;
    TemplateBook templates;

 private:
    struct Whom {
        Person* person = nullptr;
        std::string input;
    };
    std::variant<Refusal, Whom> recipient(const Send& send);
    std::optional<Refusal> limits(Person& whom, Timestamp now);
    bool over_daily_limit(const Person& whom, Timestamp now);
    int fate(const Send& send, const Person& whom, const std::string& category,
             Timestamp now) const;
    Taken taken(const Send& send, const Person& whom, const std::string& category,
                Timestamp now) const;

    std::string channel_;
    People& people_;
    const Behaviour& behaviour_;
    Bucket throughput_;
    std::map<std::string, Timestamp> written_to_;  // by wa_id: in the last 24 h, outside windows
};

}  // namespace warmcall::sandbox
