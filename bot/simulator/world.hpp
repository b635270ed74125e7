#pragma once
// The outside network of a simulated run: the WhatsApp Cloud API as the wire shows it, with faults
// from the seed.

#include <map>
#include <string>
#include <vector>

#include "engine/dispatch.hpp"
#include "simulator/people.hpp"

namespace warmcall::simulator {

enum class Fault {
    none,
    no_connection,
    lost_after_write,
    taken_then_silent,
    taken_then_500,
    throttled,
    refused_500
};

struct Sent {
    enum class Kind { taken, refused, never_arrived } kind = Kind::never_arrived;
    Exchange exchange;
    std::string id;             // of the message, when taken
    std::string to;             // E.164
    std::string template_name;  // "" for free-form
    std::string text;           // of free-form
    std::string callback_data;  // our token
};

struct Receipt {
    core::Duration after{};
    std::string status;  // sent, delivered, read, failed
    int code = 0;
};

class World {
 public:
    World(const Line& line, SeededRng& rng) : line_{line}, rng_{rng} {}

    Fault fault();
    // One request on the wire: what the provider does with it, and what we get to see of that.
    Sent take(const HttpRequest& request, Fault fault, core::Timestamp now);
    std::vector<Receipt> receipts(const Sent& sent, bool reaches, bool faults);

    // Webhook bodies.
    std::string status(const Sent& sent, const Receipt& receipt, core::Timestamp at) const;
    std::string reply(const std::string& phone, const std::string& name, const Reply& reply,
                      const std::string& about, core::Timestamp at);
    HttpRequest sign(const std::string& body) const;

 private:
    std::string envelope(const std::string& field, const std::string& value_members) const;

    const Line& line_;
    SeededRng& rng_;
    std::uint64_t ids_ = 0;
};

}  // namespace warmcall::simulator
