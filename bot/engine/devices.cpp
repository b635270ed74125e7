#include "engine/devices.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace warmcall {

namespace {

constexpr core::Duration window_margin = std::chrono::minutes{3};
constexpr core::Duration message_after = std::chrono::minutes{3};
constexpr std::string_view stored_mark = "push-";  // no id of the configuration is without a "."

}  // namespace

std::map<core::RepId, std::vector<Device>> with_messages(
    const core::Plan& plan, std::map<core::RepId, std::vector<Device>> devices) {
    for (const auto& [id, rep] : plan.reps) {
        std::vector<Device>& own = devices[id];
        const bool has_one = std::ranges::find(own, message_way, &Device::way) != own.end();
        if (rep.phone.empty() || !rep.channel || has_one) {
            continue;
        }
        Device message{.id = message_device(id),
                       .rep = id,
                       .way = std::string{message_way},
                       .name = "Message to the phone",
                       .after = message_after};
        message.settings["channel"] = rep.channel.value;
        own.push_back(std::move(message));
    }
    return devices;
}

Device device_of(const StoredDevice& stored) {
    return {.id = std::string{stored_mark} + std::to_string(stored.id),
            .rep = stored.rep,
            .way = stored.way,
            .name = stored.name,
            .settings = {{"address", stored.address}, {"keys", stored.keys}}};
}

std::optional<std::int64_t> stored_id(const Device& device) {
    std::int64_t id = 0;
    const std::string_view text = device.id;
    if (!text.starts_with(stored_mark) ||
        std::from_chars(text.data() + stored_mark.size(), text.data() + text.size(), id).ec !=
            std::errc{}) {
        return std::nullopt;
    }
    return id;
}

std::vector<Device> in_order(std::vector<Device> devices) {
    std::multimap<core::Duration, Device> ordered;  // of the same time, the earlier one first
    for (Device& device : devices) {
        ordered.emplace(device.after, std::move(device));
    }
    devices.clear();
    for (auto& [after, device] : ordered) {
        device.after = after - ordered.begin()->first;
        devices.push_back(std::move(device));
    }
    return devices;
}

core::ChannelId channel_of(const Device& device) {
    const auto at = device.settings.find("channel");
    return {at == device.settings.end() ? std::string{} : at->second};
}

bool window_open(const Applier& applier, const core::RepId& rep, const Device& device,
                 core::Timestamp now) {
    const auto state = applier.rep_states().find(rep);
    if (state == applier.rep_states().end()) {
        return false;
    }
    const auto until = state->second.windows.find(channel_of(device));
    return until != state->second.windows.end() && now + window_margin < until->second;
}

}  // namespace warmcall
