#pragma once
// The limits of all gateways on one store together. When a claim begins, what the others have spent
// is read under a lock that lasts until the claim is committed: so the provider sees one sender
// that keeps to its pace, however many gateways there are. Time is the store's.

#include "engine/limits.hpp"

namespace warmcall {

class SharedLimits final : public OwnLimits {
 public:
    SharedLimits(const std::vector<Sender>& senders, core::Timestamp now);

    void begin(Unit& unit, core::Timestamp now) override;
    std::vector<Room> rooms(Unit& unit, core::Timestamp now) override;
    std::optional<Wait> take(Unit& unit, const Leaving& leaving, core::Timestamp now) override;
    std::optional<core::Timestamp> next_room(core::Timestamp now) override;
    // The other gateways hear of it with this one's next claim. What a provider says of one pair
    // stays here: the message that was refused knows it by itself.
    void hold(const core::Message& message, Answer::Scope scope, core::Timestamp now,
              core::Timestamp until) override;
    void rest(const core::ChannelId& channel, core::Timestamp until) override;
    std::map<core::ChannelId, core::Timestamp> resting() const override { return resting_; }

 private:
    void read_people(Shared& shared, core::Timestamp now);
    void exchange_rests(Shared& shared, const Levels& levels);

    std::vector<std::string> keys_;
    core::Duration ahead_{};                        // the store's clock before ours
    std::map<std::string, core::Timestamp> rests_;  // by key, in the store's time
    std::map<core::ChannelId, core::Timestamp> resting_;
    std::map<std::string, std::int64_t> people_seen_;  // by portfolio
};

}  // namespace warmcall
