#pragma once
// Watches a simulated run from outside and says which promise was broken: by what went over the
// wire, and by the invariants I1-I8.

#include <map>
#include <optional>
#include <string>
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
    void look(Store& store,
              core::Timestamp at);  // the invariants over every contact, after each step
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
    void one(Seen& seen, const core::Case& now, core::Timestamp at);

    Report& report_;
    const core::Plan& plan_;
    std::map<std::string, Seen> seen_;  // by phone
};

}  // namespace warmcall::simulator
