#pragma once
// What the providers' side, the control side and the page work on together.

#include <map>
#include <memory>
#include <set>

#include "sandbox/ledger.hpp"
#include "sandbox/line.hpp"
#include "sandbox/people.hpp"
#include "sandbox/post_office.hpp"
#include "sandbox/sandbox.hpp"
#include "sandbox/script.hpp"

namespace warmcall::sandbox {

struct Parts {
    Parts(asio::io_context& context_, std::unique_ptr<Transport> transport_, Ledger opened,
          JumpingClock& clock_, Options options_)
        : context{context_},
          transport{std::move(transport_)},
          clock{clock_},
          ledger{std::move(opened)},
          options{std::move(options_)},
          behaviour{options.behaviour},
          people{options.seed},
          script{options.seed},
          office{context, *transport, ledger, clock, options.posting},
          first_number{ledger.last() * 1'000'000} {}

    // Never given twice, not even after a restart on the same ledger.
    std::uint64_t next_number() { return first_number + ++numbers_given; }
    Line* line(std::string_view channel) const;  // nullptr when there is none of that id

    asio::io_context& context;
    std::unique_ptr<Transport> transport;
    JumpingClock& clock;
    Ledger ledger;
    Options options;
    Behaviour behaviour;
    People people;
    Script script;
    PostOffice office;
    std::vector<std::unique_ptr<Line>> lines;  // in the configuration's order
    std::map<std::string, Bucket> rates;       // by channel
    std::set<asio::steady_timer*> sleepers;    // waits of the script, woken when the sandbox stops
    std::uint64_t first_number;
    std::uint64_t numbers_given = 0;
};

}  // namespace warmcall::sandbox
