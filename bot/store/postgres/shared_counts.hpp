#pragma once
// The counts that gateways on one PostgreSQL share (ports/shared.hpp).

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/shared.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/postgres_store.hpp"

namespace warmcall::store::pg {

class SharedCounts final : public Shared {
 public:
    SharedCounts(Connection& db, LeaseTime time) : db_{db}, time_{time} {}

    void begin();   // forgets what a transaction that was rolled back had counted
    bool finish();  // queues what was kept, before the commit; true: there was something
    void expect(std::span<const MessageRef> due);  // whom paced_until() may be asked about

    Levels lock(std::span<const std::string> keys, core::Timestamp now) override;
    void keep(const std::string& key, const Level& level) override { kept_[key] = level; }
    std::optional<core::Timestamp> paced_until(const core::Message& message) override;
    void pace(const core::Message& message, core::Timestamp until) override;
    std::vector<PersonOfDay> people(const std::string& portfolio, std::int64_t after,
                                    core::Timestamp since) override;
    void add_person(const std::string& portfolio, const core::Address& to,
                    core::Timestamp at) override;

 private:
    using Pair = std::tuple<core::ContactId, core::ChannelId, core::Address>;
    void read_pairs();

    Connection& db_;
    LeaseTime time_;
    std::map<std::string, Level> kept_;
    std::set<core::ContactId> expected_;  // their pairs are still to be read
    std::map<Pair, core::Timestamp> pairs_, paced_;
    Many people_;
};

}  // namespace warmcall::store::pg
