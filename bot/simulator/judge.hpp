#pragma once
// Watches a simulated run from outside and says which promise was broken: by what went over the
// wire, and by the invariants I1-I8.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulator/simulation.hpp"
#include "simulator/world.hpp"

namespace warmcall::simulator {

class Judge {
 public:
    Judge(Report& report, const core::Plan& plan) : report_{report}, plan_{plan} {}

    void knows(const Person& person);
    void taken(const Sent& sent, core::Timestamp at);    // a request the provider accepted
    void refused(const Sent& sent, core::Timestamp at);  // one it refused
    void stop_acknowledged(const std::string& phone, core::Timestamp at);
    void changed(core::ContactId contact);  // something is written of them: the next look sees it
    // The invariants, after each step: over everybody, or in a large town over whom it changed and
    // whose time has come, and over everybody once an hour.
    void look(Store& store, core::Timestamp at);
    void finish(Store& store, core::Timestamp at);
    void violation(core::Timestamp at, std::string what);

 private:
    struct Seen {
        Person person;
        std::vector<core::Timestamp> wellbeing, call_me_back;
        int confirmations = 0;
        std::optional<core::Timestamp> stopped;
        std::optional<core::Case> last;
        std::optional<core::Timestamp> unchanged_since;
    };
    void look_at(Seen& seen, Store& store, core::Timestamp at);
    void one(Seen& seen, const core::Case& now, core::Timestamp at);

    Report& report_;
    const core::Plan& plan_;
    std::map<std::string, Seen> seen_;  // by phone
    std::map<core::ContactId, std::string> phones_;
    std::set<std::string> changed_;                          // phones
    std::set<std::pair<core::Timestamp, std::string>> due_;  // when each is to be woken
    core::Timestamp next_round_{};
};

}  // namespace warmcall::simulator
