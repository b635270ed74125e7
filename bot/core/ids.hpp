#pragma once
// Ids are types, so that a prompt's number can never be taken for a contact's.

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace warmcall::core {

template <class Tag>
struct Id {
    std::int64_t value = 0;  // 0: not stored yet

    explicit operator bool() const { return value != 0; }
    auto operator<=>(const Id&) const = default;
};

template <class Tag>
struct Name {
    std::string value;  // empty: none

    explicit operator bool() const { return !value.empty(); }
    auto operator<=>(const Name&) const = default;
};

using ContactId = Id<struct ContactTag>;
using OutreachId = Id<struct OutreachTag>;
using MessageId = Id<struct MessageTag>;
using PromptId = Id<struct PromptTag>;

using RepId = Name<struct RepTag>;          // the id given to the rep in warmcall.toml
using ChannelId = Name<struct ChannelTag>;  // the id given to the channel in warmcall.toml

}  // namespace warmcall::core

template <class Tag>
struct std::hash<warmcall::core::Id<Tag>> {
    std::size_t operator()(const warmcall::core::Id<Tag>& id) const noexcept {
        return std::hash<std::int64_t>{}(id.value);
    }
};

template <class Tag>
struct std::hash<warmcall::core::Name<Tag>> {
    std::size_t operator()(const warmcall::core::Name<Tag>& name) const noexcept {
        return std::hash<std::string>{}(name.value);
    }
};
