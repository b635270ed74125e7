#pragma once
// The cryptography of Web Push: RFC 8291 (aes128gcm to one browser's key) and RFC 8292 (who sends).
// Salt and key come from the caller, so that the RFC's own example can be made again.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "ports/notifier.hpp"
#include "support/result.hpp"
#include "support/secret.hpp"

namespace warmcall::notifiers {

constexpr std::size_t push_plaintext_bytes_max = 3993;  // RFC 8291, 4: a body of 4096 bytes

struct PushTarget {          // what a browser's subscription says, decoded
    std::string public_key;  // 65 bytes
    std::string auth;        // 16 bytes
};

// base64url, padded or not (Firefox pads).
Result<std::string> base64url_decoded(std::string_view text);
// A point of P-256, on the curve, and an auth secret of the right length.
Result<PushTarget> read_push_target(std::string_view p256dh, std::string_view auth);

// 32 bytes that are a private key of P-256, and the public half of it. Throws if they are none.
std::string public_key_of(const Secret& private_key);

// The body to POST: header, our fresh public key, one record.
Result<std::string> encrypt_push(std::string_view plaintext, const PushTarget& target,
                                 std::string_view salt, const Secret& private_key);

// "vapid t=…, k=…" for the origin ("https://host") of the subscription.
std::string vapid_authorization(const PushKey& key, std::string_view origin,
                                core::Timestamp expires_at);

}  // namespace warmcall::notifiers
