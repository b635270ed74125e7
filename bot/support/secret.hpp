#pragma once
// A secret that cannot be printed by accident, and the crypto the webhooks and sessions need
// (OpenSSL underneath).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace warmcall {

class Secret {
 public:
    Secret() = default;
    explicit Secret(std::string value) : value_{std::move(value)} {}
    const std::string& reveal() const {
        return value_;
    }  // every use of this word is a place to look at
    bool empty() const { return value_.empty(); }

 private:
    std::string value_;
};

std::array<std::uint8_t, 32> sha256(std::string_view data);
std::string sha256_hex(std::string_view data);
std::array<std::uint8_t, 32> hmac_sha256(const Secret& key, std::string_view data);
std::string hmac_sha256_hex(const Secret& key, std::string_view data);
bool equal_constant_time(std::string_view a,
                         std::string_view b);  // also false when the lengths differ
std::string hex(std::string_view bytes);
std::string base64url(std::string_view bytes);     // without padding
std::string random_token(std::size_t bytes = 16);  // base64url, from the system's source

}  // namespace warmcall
