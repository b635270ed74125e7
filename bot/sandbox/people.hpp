#pragma once
// The people the sandbox plays, and every bubble on their phones, whichever channel it came over.
// Plain state: no sockets, no clock of its own, no provider's format.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sandbox/json.hpp"

namespace warmcall::sandbox {

// How the pretended networks behave when no script rule says otherwise.
struct Behaviour {
    enum class ClosedWindow { failed_later, refused_at_once };

    bool receipts = true;
    Duration sent_after{200};
    Duration delivered_after{700};
    Duration read_after{2500};
    double read_share = 0.7;
    ClosedWindow closed_window = ClosedWindow::failed_later;  // what Meta does most often
    bool pair_limit = true;             // WhatsApp: 1 per 6 s to one person, 45 at once
    double sends_per_second_max = 80;   // of one channel; 0: no bound
    std::size_t users_per_day_max = 0;  // WhatsApp: different people in 24 h; 0: no bound
    bool approve_templates_at_once = true;
    bool token_valid = true;  // false: as if the credentials had been revoked
};

// Fills with time, empties with use.
struct Bucket {
    std::optional<double> level;  // full at first
    Timestamp at{};

    bool take(Timestamp now, double per_second, double most, double amount = 1);
};

struct Person {
    std::string wa_id;    // digits; they are found by it
    std::string phone;    // digits, as they were first dialled
    std::string user_id;  // business-scoped
    std::string name;
    std::string username;
    bool hides_phone = false;  // a username user: webhooks leave the number out
    bool rep = false;
    bool on_whatsapp = true;
    bool marketing_stopped = false;
    std::string on_call = "completed";  // when their phone rings; or no-answer, busy, failed
    bool presses_key = true;            // when a voice asks for it; a voice box does not
    int talks_s = 42;
    std::set<std::string> opted_out;            // channels whose provider keeps their STOP
    std::map<std::string, Timestamp> wrote_at;  // by channel
    std::map<std::string, Bucket> pair;         // by channel

    bool window_open(const std::string& channel, Timestamp now) const;
};

// One fact about a message of ours, in words that all channels share.
struct Step {
    std::string status;  // accepted, sent, delivered, read, failed, …
    Timestamp at{};
    int code = 0;
};

// One bubble of a conversation.
struct Bubble {
    std::uint64_t number = 0;    // its place among all
    std::uint64_t revision = 0;  // grows with every change
    std::string id;              // the provider's
    std::string channel;
    std::string wa_id;  // whose phone it is on
    bool ours = false;  // the business wrote it
    std::string type;
    std::string shape;  // of an interactive: button, list, …
    std::string text;
    std::vector<std::string> buttons, payloads;
    std::string template_name;
    std::string category = "service";  // for the price
    std::string about;
    std::string token;     // the gateway's own mark on it
    std::string callback;  // where its receipts go, when the send itself named it
    Json kept;             // whatever else the channel's format has to remember
    Timestamp at{};
    std::vector<Step> steps;
};

class People {
 public:
    explicit People(std::uint64_t seed) : seed_{seed} {}

    Person& person(std::string_view digits);  // made when there is none yet
    Person* find_by_user_id(std::string_view user_id);
    // A number as people write it; the error says what was expected.
    Result<Person*> person_at(std::string_view number);
    // The person behind the old number is reachable under the new one.
    Result<Person*> move(Person& from, std::string_view to_number, std::string& old_wa_id);

    Bubble& heard(Bubble from_them, Timestamp now);  // opens their window on that channel
    Bubble& wrote(Bubble by_us);
    Bubble* find(std::string_view id);
    // The newest of ours to them; on one channel, or on any for "".
    const Bubble* last_to(std::string_view wa_id, std::string_view channel = {}) const;
    void note(std::string_view id, Step step);

    double chance(std::string_view what) const;  // in [0, 1), the same for the same seed and word
    // 64 hexadecimal digits, others for every number and word.
    std::string unique(std::uint64_t number, std::string_view word) const;

    const std::deque<Bubble>& bubbles() const { return bubbles_; }
    std::map<std::string, Person>& all() { return people_; }
    const std::map<std::string, Person>& all() const { return people_; }

 private:
    Bubble& keep(Bubble bubble);

    std::map<std::string, Person> people_;                  // by wa_id
    std::deque<Bubble> bubbles_;                            // the newest bubbles_max
    std::unordered_map<std::string, std::uint64_t> place_;  // id -> how many bubbles came before it
    std::uint64_t dropped_ = 0;
    std::uint64_t revision_ = 0;
    std::uint64_t seed_;
};

}  // namespace warmcall::sandbox
