#include "core/delivery.hpp"

#include <algorithm>
#include <tuple>

namespace warmcall::core {

namespace {

template <class T>
std::optional<T> earlier(const std::optional<T>& a, const std::optional<T>& b) {
    if (!a || !b) {
        return a ? a : b;
    }
    return std::min(*a, *b);
}

std::optional<Failure> earlier_failure(const std::optional<Failure>& a,
                                       const std::optional<Failure>& b) {
    if (!a || !b) {
        return a ? a : b;
    }
    const auto order = [](const Failure& f) { return std::tuple{f.at, f.code, f.kind}; };
    return order(*a) <= order(*b) ? a : b;
}

// A message has one id at the provider; should two ever be claimed, the smaller one stands, so that
// order cannot matter.
const std::string& the_id(const std::string& a, const std::string& b) {
    if (a.empty() || b.empty()) {
        return a.empty() ? b : a;
    }
    return std::min(a, b);
}

}  // namespace

Facts join(const Facts& a, const Facts& b) {
    return {
        .queued = earlier(a.queued, b.queued),
        .claimed = earlier(a.claimed, b.claimed),
        .unknown = earlier(a.unknown, b.unknown),
        .accepted = earlier(a.accepted, b.accepted),
        .sent = earlier(a.sent, b.sent),
        .delivered = earlier(a.delivered, b.delivered),
        .read = earlier(a.read, b.read),
        .failed = earlier_failure(a.failed, b.failed),
        .provider_id = the_id(a.provider_id, b.provider_id),
    };
}

Shown shown(const Facts& facts) {
    if (facts.read) {
        return Shown::read;
    }
    if (facts.delivered) {
        return Shown::delivered;
    }
    if (facts.failed) {
        return Shown::failed;
    }
    if (facts.sent) {
        return Shown::sent;
    }
    if (facts.accepted) {
        return Shown::accepted;
    }
    if (facts.unknown) {
        return Shown::unknown;
    }
    return facts.queued || facts.claimed ? Shown::queued : Shown::none;
}

std::string_view to_string(Shown shown) {
    switch (shown) {
        case Shown::none:
            return "none";
        case Shown::queued:
            return "queued";
        case Shown::unknown:
            return "unknown";
        case Shown::accepted:
            return "accepted";
        case Shown::sent:
            return "sent";
        case Shown::failed:
            return "failed";
        case Shown::delivered:
            return "delivered";
        case Shown::read:
            return "read";
    }
    return "none";
}

}  // namespace warmcall::core
