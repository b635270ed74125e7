#pragma once
// The rest of the crypto that providers' webhooks and credentials are made of (OpenSSL underneath).
// Nothing here throws for what came from outside: what cannot be read is nothing, or false.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "support/secret.hpp"

namespace warmcall {

std::array<std::uint8_t, 20> hmac_sha1(const Secret& key, std::string_view data);

std::string base64(std::string_view bytes);  // RFC 4648, 4: with padding
// Either alphabet, padding optional; nothing when it is neither.
std::optional<std::string> from_base64(std::string_view text);

// Is `signature` (64 bytes) of `data` by the owner of `public_key` (32 bytes). RFC 8032.
bool ed25519_verified(std::string_view public_key, std::string_view signature,
                      std::string_view data);

// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, 3.3) by a private key in PEM; nothing when it is none.
std::optional<std::string> rs256_signature(const Secret& pem, std::string_view data);

}  // namespace warmcall
