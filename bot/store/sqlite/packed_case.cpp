#include "store/sqlite/packed_case.hpp"

#include <cassert>
#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <variant>
#include <vector>

namespace warmcall::store {

namespace {

template <class T, class Of>
concept A = std::same_as<std::remove_const_t<T>, Of>;

template <class T>
concept Number = std::integral<T> || std::is_enum_v<T>;

// Numbers take seven bits a byte, the sign is the lowest one
// (https://protobuf.dev/programming-guides/encoding/#signed-ints).
class Packer {
 public:
    template <class... T>
    void operator()(const T&... values) {
        (put(values), ...);
    }
    std::string bytes() const { return bytes_.substr(0, size_); }

 private:
    char* room(std::size_t most) {
        if (bytes_.size() - size_ < most)
            bytes_.resize(2 * bytes_.size() + most);
        return bytes_.data() + size_;
    }
    void put_number(std::uint64_t n) {
        char* at = room(10);
        for (; n >= 0x80; n >>= 7U)
            *at++ = static_cast<char>(n | 0x80U);
        *at++ = static_cast<char>(n);
        size_ = static_cast<std::size_t>(at - bytes_.data());
    }

    template <Number T>
    void put(const T& value) {
        const auto n = static_cast<std::int64_t>(value);
        put_number((static_cast<std::uint64_t>(n) << 1U) ^ static_cast<std::uint64_t>(n >> 63U));
    }
    void put(const core::Timestamp& at) { put(core::unix_ms(at)); }
    template <class Tag>
    void put(const core::Id<Tag>& id) {
        put(id.value);
    }
    template <class Tag>
    void put(const core::Name<Tag>& name) {
        put(name.value);
    }
    void put(const std::string& text) {
        put_number(text.size());
        text.copy(room(text.size()), text.size());
        size_ += text.size();
    }
    template <class T>
    void put(const std::optional<T>& value) {
        put(value.has_value());
        if (value)
            put(*value);
    }
    template <class T>
    void put(const std::vector<T>& values) {
        put_number(values.size());
        for (const T& value : values)
            put(value);
    }
    template <class... T>
    void put(const std::variant<T...>& value) {
        put_number(value.index());
        std::visit([this](const auto& v) { this->put(v); }, value);
    }
    template <class T>
    void put(const T& whole) {
        members(*this, whole);
    }

    std::string bytes_ = std::string(1'024, '\0');
    std::size_t size_ = 0;
};

class Unpacker {
 public:
    explicit Unpacker(std::string_view bytes) : left_{bytes} {}

    template <class... T>
    void operator()(T&... values) {
        (get(values), ...);
    }
    bool done() const { return left_.empty(); }

 private:
    std::uint64_t get_number() {
        std::uint64_t n = 0;
        for (unsigned shift = 0;; shift += 7) {
            const auto byte = static_cast<unsigned char>(left_.front());
            left_.remove_prefix(1);
            n |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
            if (byte < 0x80)
                return n;
        }
    }

    template <Number T>
    void get(T& value) {
        const std::uint64_t n = get_number();
        value = static_cast<T>(static_cast<std::int64_t>((n >> 1U) ^ (0 - (n & 1U))));
    }
    void get(core::Timestamp& at) {
        std::int64_t ms = 0;
        get(ms);
        at = core::from_unix_ms(ms);
    }
    template <class Tag>
    void get(core::Id<Tag>& id) {
        get(id.value);
    }
    template <class Tag>
    void get(core::Name<Tag>& name) {
        get(name.value);
    }
    void get(std::string& text) {
        const std::size_t size = get_number();
        text.assign(left_.substr(0, size));
        left_.remove_prefix(size);
    }
    template <class T>
    void get(std::optional<T>& value) {
        bool has_value = false;
        get(has_value);
        if (has_value)
            get(value.emplace());
    }
    template <class T>
    void get(std::vector<T>& values) {
        values.resize(get_number());
        for (T& value : values)
            get(value);
    }
    template <class... T>
    void get(std::variant<T...>& value) {
        const std::uint64_t index = get_number();
        std::uint64_t i = 0;
        ((index == i++ ? get(value.template emplace<T>()) : void()), ...);
    }
    template <class T>
    void get(T& whole) {
        members(*this, whole);
    }

    std::string_view left_;
};

// Each names all members of its structure: one that is added does not compile until it stands here.

template <class Io, class T>
    requires std::is_empty_v<T>
void members(Io&, T&) {}

void members(auto& io, A<core::Address> auto& address) {
    auto& [kind, value] = address;
    io(kind, value);
}

void members(auto& io, A<core::Consent> auto& consent) {
    auto& [source, at, text, covers] = consent;
    io(source, at, text, covers);
}

void members(auto& io, A<core::Suppression> auto& suppression) {
    auto& [scope, address, channel, reason, at] = suppression;
    io(scope, address, channel, reason, at);
}

void members(auto& io, A<core::DayTime> auto& time) {
    auto& [minutes] = time;
    io(minutes);
}

void members(auto& io, A<core::Preferences> auto& preferences) {
    auto& [from, to, reach, if_lost] = preferences;
    io(from, to, reach, if_lost);
}

void members(auto& io, A<core::Window> auto& window) {
    auto& [channel, until] = window;
    io(channel, until);
}

void members(auto& io, A<core::Contact> auto& contact) {
    auto& [id, name, addresses, owner, language, zones, zone_source, region, preferences, consent,
           suppressions, windows, topic, unreachable_at, wellbeing_at, call_me_back_at, reply_at,
           version] = contact;
    io(id, name, addresses, owner, language, zones, zone_source, region, preferences, consent,
       suppressions, windows, topic, unreachable_at, wellbeing_at, call_me_back_at, reply_at,
       version);
}

void members(auto& io, A<core::OnCall> auto& phase) {
    auto& [by, since] = phase;
    io(by, since);
}

void members(auto& io, A<core::WrapUp> auto& phase) {
    auto& [by, since] = phase;
    io(by, since);
}

void members(auto& io, A<core::Held> auto& phase) {
    auto& [reason, until] = phase;
    io(reason, until);
}

void members(auto& io, A<core::Closed> auto& phase) {
    auto& [reason, at] = phase;
    io(reason, at);
}

void members(auto& io, A<core::NextAction> auto& next) {
    auto& [kind, owner, due_at] = next;
    io(kind, owner, due_at);
}

void members(auto& io, A<core::Promise> auto& promise) {
    auto& [at, topic] = promise;
    io(at, topic);
}

void members(auto& io, A<core::Outreach> auto& outreach) {
    auto& [id, contact, cadence, phase, next, wake_at, round, attempt, rerouted, replied_at,
           promise, enrolled_at, version] = outreach;
    io(id, contact, cadence, phase, next, wake_at, round, attempt, rerouted, replied_at, promise,
       enrolled_at, version);
}

void members(auto& io, A<core::Failure> auto& failure) {
    auto& [at, code, kind] = failure;
    io(at, code, kind);
}

void members(auto& io, A<core::Facts> auto& facts) {
    auto& [queued, claimed, unknown, accepted, sent, delivered, read, failed, provider_id] = facts;
    io(queued, claimed, unknown, accepted, sent, delivered, read, failed, provider_id);
}

void members(auto& io, A<core::Message> auto& message) {
    auto& [id, contact, outreach, round, step, kind, state, channel, to, template_name, language,
           text, not_before, not_after, tries, facts] = message;
    io(id, contact, outreach, round, step, kind, state, channel, to, template_name, language, text,
       not_before, not_after, tries, facts);
}

void members(auto& io, A<core::Lease> auto& lease) {
    auto& [holder, until] = lease;
    io(holder, until);
}

void members(auto& io, A<core::Line> auto& line) {
    auto& [state, seconds] = line;
    io(state, seconds);
}

void members(auto& io, A<core::Prompt> auto& prompt) {
    auto& [id, contact, outreach, rep, kind, reason, words, raised_at, due_at, alert_at,
           ladder_step, acknowledged_at, lease, line, open] = prompt;
    io(id, contact, outreach, rep, kind, reason, words, raised_at, due_at, alert_at, ladder_step,
       acknowledged_at, lease, line, open);
}

void members(auto& io, A<core::Case> auto& c) {
    auto& [contact, outreach, messages, prompt] = c;
    io(contact, outreach, messages, prompt);
}

}  // namespace

std::string packed(const core::Case& c) {
    Packer pack;
    pack(c);
    return pack.bytes();
}

core::Case unpacked(std::string_view bytes) {
    core::Case c;
    Unpacker unpack{bytes};
    unpack(c);
    assert(unpack.done());
    return c;
}

}  // namespace warmcall::store
