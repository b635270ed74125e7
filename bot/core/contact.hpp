#pragma once
// A contact: a person, how they can be reached, when, and what they agreed to.

#include <optional>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/time.hpp"

namespace warmcall::core {

enum class AddressKind {
    phone,          // E.164 with its plus, "+61491570156"
    whatsapp,       // wa_id: digits without a plus; may differ from the number that was dialled
    whatsapp_user,  // business-scoped user id, "AU.WARM0000000000000001"
};

struct Address {
    AddressKind kind = AddressKind::phone;
    std::string value;

    auto operator<=>(const Address&) const = default;
};

enum class Medium { whatsapp, sms };
enum class Category { marketing, utility, service };  // the providers' words for what a text is

struct Consent {
    std::string source;  // where it was given: "signup form", "at the counter"
    Timestamp at{};
    std::string text;  // the wording they agreed to
    // Which ways they agreed to: "whatsapp", "sms", or the name of one channel. None: every way.
    std::vector<std::string> covers{};

    bool operator==(const Consent&) const = default;
};

enum class SuppressionScope { address, channel, all };

struct Suppression {
    SuppressionScope scope = SuppressionScope::all;
    Address address;    // for scope address
    ChannelId channel;  // for scope channel: marketing on that WhatsApp number, all on an SMS one
    std::string reason;
    Timestamp at{};

    bool operator==(const Suppression&) const = default;
};

// "HH:MM on their own clock", as minutes since midnight.
struct DayTime {
    int minutes = 0;

    auto operator<=>(const DayTime&) const = default;
};

struct Preferences {
    std::optional<DayTime> from;  // best reached from … to, on their clock
    std::optional<DayTime> to;
    std::string reach;    // "WhatsApp first"
    std::string if_lost;  // "ask sister Eva"

    bool operator==(const Preferences&) const = default;
};

enum class ZoneSource { given, number, unknown };

// The 24-hour customer service window on one of our numbers: free-form text may go out until then.
struct Window {
    ChannelId channel;
    Timestamp until{};

    bool operator==(const Window&) const = default;
};

struct Contact {
    ContactId id;
    std::string name;
    std::vector<Address> addresses;
    RepId owner;
    std::string language;  // BCP 47, "en", "hi"
    std::vector<std::string>
        zones;  // one when known; every candidate of the number's prefix when not
    ZoneSource zone_source = ZoneSource::unknown;
    std::string region;  // ISO 3166 alpha-2 of the phone number, "" when none is known
    Preferences preferences;
    std::optional<Consent> consent;
    std::vector<Suppression> suppressions;
    std::vector<Window> windows;
    std::string topic;                                 // what to pick up from last time
    std::optional<Timestamp> whatsapp_unreachable_at;  // the provider said: not on WhatsApp
    std::optional<Timestamp> last_wellbeing_at;
    std::optional<Timestamp> last_call_me_back_at;
    std::optional<Timestamp> last_reply_at;
    std::int64_t version = 0;

    bool operator==(const Contact&) const = default;
};

}  // namespace warmcall::core
