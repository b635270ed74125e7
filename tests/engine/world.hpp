#pragma once
// The real door, SQLite store and WhatsApp functions, with the clock and chance in the test's hand.
// One contact, Amara in Kolkata, is there from the beginning; it is Monday, 2 November 2026, 10:00
// on her clock.

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/alerts.hpp"
#include "engine/apply.hpp"
#include "engine/dispatch.hpp"
#include "simulator/people.hpp"

namespace warmcall::tests {

using nlohmann::json;
using namespace std::chrono_literals;

inline const core::RepId maya{"maya"};  // the contacts' owner; her phone is told over the channel
inline const core::RepId ravi{"ravi"};  // her stand-in, without a phone
inline const core::ChannelId channel{"main"};
inline constexpr std::string_view amara_number = "+919876500001";
inline constexpr std::string_view maya_number = "+919876500099";

core::Plan plan();
Line line();

struct HandClock : Clock {
    core::Timestamp at{};
    core::Timestamp now() const override { return at; }
};

class World {
 public:
    explicit World(std::string_view store_url = "sqlite::memory:");

    HandClock clock;
    simulator::SeededRng rng{1};
    std::unique_ptr<Store> store;
    Line main = line();
    std::unique_ptr<Applier> applier;
    core::ContactId amara;

    void restart();  // what was only in memory is gone

    // -- people
    core::ContactId add(std::string name, std::string number, core::RepId owner = maya);
    core::Case of(core::ContactId id) { return *store->contact(id); }
    std::string phase(core::ContactId id);   // "none" when nothing is live
    core::Message text(core::ContactId id);  // the newest
    StoreCounts counts() { return store->counts(); }
    std::int64_t ignored(const std::string& what);

    // -- happenings
    Outcome happens(core::ContactId id, core::Event event, std::string actor = "warmcall");
    std::vector<Outcome> delivered(const std::vector<std::string>& bodies);  // in one batch
    Work webhook(const std::string& body) const;
    void advance(core::Duration by) { clock.at += by; }
    core::Timestamp from_now(core::Duration d) const { return clock.at + d; }

    // -- a text on its way
    void queue_text(core::ContactId id);  // enrolled and woken: the well-being text waits
    std::vector<Claimed> claim(std::size_t at_most = 20);
    Claimed claimed(core::ContactId id);  // queued and claimed
    Outcome settle(const Claimed& c, const Exchange& exchange);
    std::string sent(core::ContactId id);  // queued, claimed and accepted; its provider id
    void prompt(core::ContactId id,
                std::string words =
                    "I am fine, thanks for asking");  // a reply to it, and the prompt is due

    std::vector<Token> tokens(std::size_t n);

 private:
    int ids_ = 0;
};

// -- what WhatsApp posts
std::string envelope(std::string_view field, json value);
std::string text_from(std::string_view wa_id, std::string_view words, std::string_view id,
                      core::Timestamp at, json more = json::object());
std::string receipt(std::string_view id, std::string_view status, core::Timestamp at,
                    std::optional<Token> token = {}, int code = 0);
std::string merged(const std::vector<std::string>& bodies);  // several in one POST

// -- what WhatsApp answers
Exchange accepted(std::string_view id, std::string_view wa_id = "919876500001");
Exchange refused(int code, int status = 400, std::string_view retry_after = {});
Exchange answered(int status, std::string body);
Exchange not_sent();
Exchange written();

// The failure's words, "" when there is none.
std::string failure_of(const Outcome& outcome);

}  // namespace warmcall::tests
