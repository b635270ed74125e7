#pragma once
// A rep's devices: those of the configuration, those that signed up by themselves, and the number
// they get messages on.

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/plan.hpp"
#include "engine/apply.hpp"
#include "ports/notifier.hpp"

namespace warmcall {

inline constexpr std::string_view message_way = "message";

// A rep with a number and a channel, and no "message" device of their own, gets one: at once when
// it is the only one, else after three minutes.
std::map<core::RepId, std::vector<Device>> with_messages(
    const core::Plan& plan, std::map<core::RepId, std::vector<Device>> devices);

// A device that signed up by itself, as a device; and its number in the store, of such a one.
Device device_of(const StoredDevice& stored);
std::optional<std::int64_t> stored_id(const Device& device);

// In the order they are told; the first one at once, whatever it is.
std::vector<Device> in_order(std::vector<Device> devices);

// Of a device that is told over one of our channels.
core::ChannelId channel_of(const Device& device);
// May free-form text go to it: the rep wrote to us within a day, less a few minutes.
bool window_open(const Applier& applier, const core::RepId& rep, const Device& device,
                 core::Timestamp now);

}  // namespace warmcall
