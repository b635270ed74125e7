#include "support/crypto.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>

namespace warmcall {

namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;
using Bio = std::unique_ptr<BIO, Free>;

const unsigned char* as_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<unsigned> value_of(char c) {
    if (c == '-')
        c = '+';
    if (c == '_')
        c = '/';
    const std::size_t at = alphabet.find(c);
    if (at == std::string_view::npos)
        return std::nullopt;
    return static_cast<unsigned>(at);
}

}  // namespace

std::array<std::uint8_t, 20> hmac_sha1(const Secret& key, std::string_view data) {
    std::array<std::uint8_t, 20> digest{};
    unsigned int size = 0;
    const std::string& bytes = key.reveal();
    if (HMAC(EVP_sha1(), bytes.data(), static_cast<int>(bytes.size()), as_bytes(data), data.size(),
             digest.data(), &size) == nullptr ||
        size != digest.size())
        throw std::runtime_error{"OpenSSL gave no HMAC"};
    return digest;
}

std::string base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    unsigned bits = 0;
    int held = 0;  // how many bits of `bits` are not written yet
    for (const char c : bytes) {
        bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xFFFFU;
        for (held += 8; held >= 6; held -= 6)
            text += alphabet[bits >> (held - 6) & 63U];
    }
    if (held > 0)
        text += alphabet[bits << (6 - held) & 63U];
    while (text.size() % 4 != 0)
        text += '=';
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.ends_with('=') && text.size() % 4 != 0)
        return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    if (text.size() % 4 == 1)
        return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    unsigned bits = 0;
    int held = 0;
    for (const char c : text) {
        const auto value = value_of(c);
        if (!value)
            return std::nullopt;
        bits = (bits << 6 | *value) & 0xFFFFU;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        bytes += static_cast<char>(bits >> held & 0xFFU);
    }
    if ((bits & ((1U << held) - 1)) != 0)  // bits that nobody wrote: another spelling of the same
        return std::nullopt;
    return bytes;
}

bool ed25519_verified(std::string_view public_key, std::string_view signature,
                      std::string_view data) {
    if (public_key.size() != 32 || signature.size() != 64)
        return false;
    const Key key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, as_bytes(public_key),
                                              public_key.size())};
    const Context context{EVP_MD_CTX_new()};
    return key && context &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), as_bytes(signature), signature.size(), as_bytes(data),
                            data.size()) == 1;
}

std::optional<std::string> rs256_signature(const Secret& pem, std::string_view data) {
    const std::string& text = pem.reveal();
    const Bio bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
    constexpr auto no_password = [](char*, int, int, void*) { return 0; };  // never asks a terminal
    const Key key{bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, +no_password, nullptr)
                      : nullptr};
    const Context context{EVP_MD_CTX_new()};
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || !context ||
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1)
        return std::nullopt;
    std::size_t size = 0;
    if (EVP_DigestSign(context.get(), nullptr, &size, as_bytes(data), data.size()) != 1)
        return std::nullopt;
    std::string signature(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       as_bytes(data), data.size()) != 1)
        return std::nullopt;
    signature.resize(size);
    return signature;
}

}  // namespace warmcall
