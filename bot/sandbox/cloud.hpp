#pragma once
// The account as Meta sees it: the people, what was sent to them, who may be written to. Plain
// state, no sockets, no clock of its own.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "sandbox/send.hpp"
#include "sandbox/templates.hpp"
#include "sandbox/wire.hpp"

namespace warmcall::sandbox {

struct Account {
    std::string waba_id = "200000000000001";
    std::string phone_number_id = "300000000000002";
    std::string display_number = "+1 202-555-0101";  // our own, as people read it
    std::string verified_name = "warmcall sandbox";

    std::string digits() const;  // of the display number
};

// How the pretended WhatsApp behaves when no script rule says otherwise.
struct Behaviour {
    enum class ClosedWindow { failed_later, refused_at_once };

    bool receipts = true;
    Duration sent_after{200};
    Duration delivered_after{700};
    Duration read_after{2500};
    double read_share = 0.7;
    ClosedWindow closed_window = ClosedWindow::failed_later;  // what Meta does most often
    bool pair_limit = true;                                   // 1 per 6 s to one person, 45 at once
    double sends_per_second_max = 80;                         // 0: no bound
    bool approve_templates_at_once = true;
    bool token_valid = true;  // false: as if the access token had been revoked
};

// Fills with time, empties with use.
struct Bucket {
    std::optional<double> level;  // full at first
    Timestamp at{};

    bool take(Timestamp now, double per_second, double most);
};

struct Person {
    std::string wa_id;    // digits
    std::string user_id;  // business-scoped
    std::string name;
    std::string username;
    bool hides_phone = false;  // a username user: webhooks leave the number out
    bool rep = false;
    bool on_whatsapp = true;
    bool marketing_stopped = false;
    std::optional<Timestamp> wrote_at;
    Bucket pair;

    bool window_open(Timestamp now) const;
};

struct Step {
    std::string status;  // accepted, sent, delivered, read, failed, …
    Timestamp at{};
    int code = 0;
};

// One bubble of a conversation.
struct Bubble {
    std::uint64_t number = 0;    // its place among all
    std::uint64_t revision = 0;  // grows with every change
    std::string id;              // wamid
    std::string wa_id;
    bool ours = false;  // the business wrote it
    std::string type;
    std::string shape;  // of an interactive: button, list, …
    std::string text;
    std::vector<std::string> buttons, payloads;
    std::string template_name;
    std::string category = "service";  // for the price
    std::string about;
    std::string token;
    Timestamp at{};
    std::vector<Step> steps;
};

struct Accepted {
    std::string wamid;
    int fails_with = 0;  // 0: it arrives
    Json answer;
};

struct Marked {};  // read receipt or typing indicator taken

class Cloud {
 public:
    Cloud(Account account, Behaviour behaviour, std::uint64_t seed);

    // One POST to /messages. `number` makes the message's id unique, also over restarts.
    std::variant<Refusal, Send, Marked> check(const Json& body, Timestamp now);
    Accepted accept(const Send& send, Timestamp now, std::uint64_t number);

    Person& person(std::string_view digits);  // made when there is none yet
    Person* find_by_user_id(std::string_view user_id);
    // A number as people write it; the error says what was expected.
    Result<Person*> person_at(std::string_view number);
    // The person behind the old number is reachable under the new one.
    Result<Person*> move(Person& from, std::string_view to_number, std::string& old_wa_id);

    Bubble& heard(Bubble from_them, Timestamp now);  // opens their window
    Bubble& wrote(Bubble by_us);                     // typed on the business phone: an echo
    Bubble* find(std::string_view wamid);
    const Bubble* last_to(std::string_view wa_id) const;  // the newest of ours
    void note(std::string_view wamid, Step step);

    std::string new_wamid(std::string_view wa_id, std::uint64_t number) const;
    double chance(std::string_view what) const;  // in [0, 1), the same for the same seed and word

    const std::deque<Bubble>& bubbles() const { return bubbles_; }
    std::map<std::string, Person>& people() { return people_; }

    Account account;
    Behaviour behaviour;
    TemplateBook templates;

 private:
    struct Whom {
        Person* person = nullptr;
        std::string input;
    };
    std::variant<Refusal, Whom> recipient(const Send& send);
    std::optional<Refusal> limits(Person& whom, Timestamp now);
    int fate(const Send& send, const Person& whom, const std::string& category,
             Timestamp now) const;
    Bubble& keep(Bubble bubble);

    std::map<std::string, Person> people_;  // by wa_id
    std::deque<Bubble> bubbles_;            // the newest bubbles_max
    std::unordered_map<std::string, std::uint64_t>
        place_;  // wamid -> how many bubbles came before it
    std::uint64_t dropped_ = 0;
    std::uint64_t revision_ = 0;
    std::uint64_t seed_;
    Bucket throughput_;
};

}  // namespace warmcall::sandbox
