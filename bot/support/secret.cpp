#include "support/secret.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <memory>
#include <stdexcept>

namespace warmcall {

namespace {

std::string_view as_text(const std::array<std::uint8_t, 32>& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

using Digest = std::array<std::uint8_t, 32>;

// Algorithms are looked up once a thread, and their contexts used again: OpenSSL takes longer to
// find SHA-256 than to do it.
template <auto free>
struct Freed {
    void operator()(auto* held) const { free(held); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, Freed<&EVP_MAC_CTX_free>>;

const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return found;
}

MacContext hmac_sha256_context() {
    const std::unique_ptr<EVP_MAC, Freed<&EVP_MAC_free>> hmac{
        EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    MacContext context{EVP_MAC_CTX_new(hmac.get())};
    char name[] = "SHA256";
    const OSSL_PARAM with_sha256[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end()};
    if (!context || EVP_MAC_CTX_set_params(context.get(), with_sha256) != 1)
        throw std::runtime_error{"OpenSSL has no HMAC"};
    return context;
}

}  // namespace

std::array<std::uint8_t, 32> sha256(std::string_view data) {
    Digest digest{};
    unsigned int size = 0;
    if (EVP_Digest(data.data(), data.size(), digest.data(), &size, sha256_algorithm(), nullptr) !=
            1 ||
        size != digest.size())
        throw std::runtime_error{"OpenSSL gave no SHA-256"};
    return digest;
}

std::string sha256_hex(std::string_view data) {
    return hex(as_text(sha256(data)));
}

std::array<std::uint8_t, 32> hmac_sha256(const Secret& key, std::string_view data) {
    thread_local const MacContext context = hmac_sha256_context();
    const auto bytes = [](std::string_view text) {
        return reinterpret_cast<const unsigned char*>(text.data());
    };
    Digest digest{};
    std::size_t size = 0;
    const std::string& secret = key.reveal();
    if (EVP_MAC_init(context.get(), bytes(secret), secret.size(), nullptr) != 1 ||
        EVP_MAC_update(context.get(), bytes(data), data.size()) != 1 ||
        EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) != 1 ||
        size != digest.size())
        throw std::runtime_error{"OpenSSL gave no HMAC"};
    return digest;
}

std::string hmac_sha256_hex(const Secret& key, std::string_view data) {
    return hex(as_text(hmac_sha256(key, data)));
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hex(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::string base64url(std::string_view bytes) {
    static constexpr char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    unsigned bits = 0;
    int held = 0;  // how many bits of `bits` are not written yet
    for (const char c : bytes) {
        bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xffffU;
        for (held += 8; held >= 6; held -= 6)
            text += alphabet[bits >> (held - 6) & 63U];
    }
    if (held > 0)
        text += alphabet[bits << (6 - held) & 63U];
    return text;
}

std::string random_token(std::size_t bytes) {
    std::string raw(bytes, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) != 1)
        throw std::runtime_error{"the system gave no random bytes"};
    return base64url(raw);
}

}  // namespace warmcall
