#pragma once
// The whole service under a virtual clock: the real door, decide, gate, store and provider
// functions; only time, chance and the outside network are simulated, all from one seed. `warmcall
// simulate` shows a user their own days with it; the tests look for broken promises with it.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/plan.hpp"
#include "engine/dispatch.hpp"
#include "ports/store.hpp"

namespace warmcall::simulator {

struct Options {
    std::uint64_t seed = 1;
    int days = 30;
    core::Timestamp begin{};
    bool faults =
        false;           // provider, network, duplicates, reordering, crashes between any two steps
    bool story = false;  // keep what happened as lines
    std::string cadence = "gentle";
    std::vector<NewContact> contacts;  // empty: a few made up from the seed
};

struct StoryLine {
    core::Timestamp at{};
    core::ContactId contact;
    std::string who;   // first name
    std::string what;  // "-> Hi Ana, it's Joel. …", "Ana replies: …", "prompt on Joel's phone: …"
};

struct Report {
    std::uint64_t steps = 0, requests = 0, webhooks = 0, crashes = 0, alerts = 0, calls = 0,
                  replies = 0, stops = 0;
    std::vector<std::string> violations;  // empty: every promise was kept
    std::vector<StoryLine> story;
};

Report simulate(const Options& options, core::Plan plan, const Line& line, Store& store);

}  // namespace warmcall::simulator
