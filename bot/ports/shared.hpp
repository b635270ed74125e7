#pragma once
// What gateways that share a store count together, because a provider counts them together: how
// much of a sender's pace is used up, until when somebody rests, who was written to today. Kept in
// the store, and changed inside the transaction that claims: so no two gateways spend the same.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/contact.hpp"
#include "core/outreach.hpp"
#include "core/time.hpp"

namespace warmcall {

// A quantity as of a moment; or only a moment.
struct Level {
    double amount = 0;
    core::Timestamp at{};
};

struct Levels {
    core::Timestamp now{};                // by the store's own clock, the same for every gateway
    std::map<std::string, Level> by_key;  // what nobody has counted yet is not there
};

struct PersonOfDay {
    std::int64_t number = 0;  // grows
    core::Address to;
    core::Timestamp at{};
};

class Shared {
 public:
    virtual ~Shared() = default;

    // Locks the levels until the transaction ends: whoever else wants one of them waits.
    virtual Levels lock(std::span<const std::string> keys, core::Timestamp now) = 0;
    virtual void keep(const std::string& key, const Level& level) = 0;  // one that is locked

    // Until when what was written to the message's address is paid off; of a message that
    // due_messages() gave, whose contact is locked.
    virtual std::optional<core::Timestamp> paced_until(const core::Message& message) = 0;
    virtual void pace(const core::Message& message, core::Timestamp until) = 0;

    // Under the lock of a level of the portfolio's: then no smaller number comes after a greater.
    virtual std::vector<PersonOfDay> people(const std::string& portfolio, std::int64_t after,
                                            core::Timestamp since) = 0;
    virtual void add_person(const std::string& portfolio, const core::Address& to,
                            core::Timestamp at) = 0;
};

}  // namespace warmcall
