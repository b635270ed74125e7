#pragma once
// What the Graph side, the control side and the page work on together.

#include <set>

#include "sandbox/ledger.hpp"
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
          cloud{options.account, options.behaviour, options.seed},
          script{options.seed},
          office{context, *transport, ledger, clock, cloud.account, options.posting},
          first_number{ledger.last() * 1'000'000} {}

    // Never given twice, not even after a restart on the same ledger.
    std::uint64_t next_number() { return first_number + ++numbers_given; }

    asio::io_context& context;
    std::unique_ptr<Transport> transport;
    JumpingClock& clock;
    Ledger ledger;
    Options options;
    Cloud cloud;
    Script script;
    PostOffice office;
    std::set<asio::steady_timer*> sleepers;  // waits of the script, woken when the sandbox stops
    std::uint64_t first_number;
    std::uint64_t numbers_given = 0;
};

// Real time, not the sandbox's; ends early when the sandbox stops.
asio::awaitable<void> sleep(Parts& parts, Duration time);

// Plans the webhook of one status of one of our messages.
void plan_status(Parts& parts, const Bubble& about, const std::string& status, int code,
                 Timestamp due, int copies);

}  // namespace warmcall::sandbox
