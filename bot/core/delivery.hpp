#pragma once
// What is known of one message's way: a set of facts that only grows. Joining facts is commutative,
// associative and idempotent, so the order and repetition of receipts cannot matter (invariant I3).

#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace warmcall::core {

// What a provider's refusal means for us (PROVIDERS.md 2.11, 3.8).
enum class FailureClass {
    retry,
    slow_down,
    permanent,
    suppress,
    needs_window,
    template_fault,
    config
};

struct Failure {
    Timestamp at{};
    int code = 0;
    FailureClass kind = FailureClass::permanent;

    bool operator==(const Failure&) const = default;
};

// Did the provider say that this person is not on WhatsApp? The providers' codes are far apart:
// Meta's 131026 (Vonage's own is taken for it, on WhatsApp), Twilio's 63003 and 63024.
constexpr bool not_on_whatsapp(const Failure& failure) {
    return failure.code == 131026 || failure.code == 63003 || failure.code == 63024;
}

struct Facts {
    std::optional<Timestamp> queued;
    std::optional<Timestamp> claimed;
    std::optional<Timestamp> unknown;  // the request was written and no answer came
    std::optional<Timestamp> accepted;
    std::optional<Timestamp> sent;
    std::optional<Timestamp> delivered;
    std::optional<Timestamp> read;
    std::optional<Failure> failed;
    std::string provider_id;

    bool operator==(const Facts&) const = default;
};

// The union of both; where both know a fact, the earlier time (the smaller code on a tie) stands.
Facts join(const Facts& a, const Facts& b);

enum class Shown { none, queued, unknown, accepted, sent, failed, delivered, read };

// What a person is shown: read > delivered > failed > sent > accepted > unknown > queued.
Shown shown(const Facts& facts);
std::string_view to_string(Shown shown);

}  // namespace warmcall::core
