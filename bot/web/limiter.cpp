#include "web/limiter.hpp"

namespace warmcall::web {

namespace {
constexpr std::size_t addresses_max = 10'000;
}

void Limiter::forget(core::Timestamp now) {
    std::erase_if(failures_,
                  [&](const auto& entry) { return entry.second.back() + within_ <= now; });
    if (failures_.size() >= addresses_max)
        failures_.clear();  // somebody with very many addresses: being blocked cannot be worth our
                            // memory
}

bool Limiter::blocked(const std::string& address, core::Timestamp now) {
    const auto found = failures_.find(address);
    if (found == failures_.end())
        return false;
    while (!found->second.empty() && found->second.front() + within_ <= now)
        found->second.pop_front();
    if (found->second.empty()) {
        failures_.erase(found);
        return false;
    }
    return found->second.size() >= failures_max_;
}

void Limiter::failed(const std::string& address, core::Timestamp now) {
    if (failures_.size() >= addresses_max && !failures_.contains(address))
        forget(now);
    auto& times = failures_[address];
    times.push_back(now);
    if (times.size() > failures_max_)
        times.pop_front();
}

}  // namespace warmcall::web
