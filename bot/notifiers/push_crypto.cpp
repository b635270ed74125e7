#include "notifiers/push_crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace warmcall::notifiers {

namespace {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* it) const {
        Free(it);
    }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Number = Owned<BIGNUM, BN_clear_free>;

constexpr std::size_t point_bytes = 65;
constexpr std::size_t scalar_bytes = 32;
constexpr std::size_t auth_bytes = 16;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t tag_bytes = 16;

[[noreturn]] void broken(const char* what) {
    throw std::runtime_error{std::string{"OpenSSL: "} + what};
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

Key key_from(OSSL_PARAM_BLD* parameters, int selection) {
    const Owned<OSSL_PARAM, OSSL_PARAM_free> built{OSSL_PARAM_BLD_to_param(parameters)};
    const KeyContext context{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
    EVP_PKEY* key = nullptr;
    if (!built || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, selection, built.get()) != 1) {
        return nullptr;
    }
    return Key{key};
}

using Parameters = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;

Parameters on_p256() {
    Parameters parameters{OSSL_PARAM_BLD_new()};
    if (!parameters || OSSL_PARAM_BLD_push_utf8_string(parameters.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                                       "prime256v1", 0) != 1) {
        broken("no parameters");
    }
    return parameters;
}

// None when the point is not on the curve.
Key public_key(std::string_view point) {
    if (point.size() != point_bytes || point.front() != 4) {
        return nullptr;
    }
    const Parameters parameters = on_p256();
    OSSL_PARAM_BLD_push_octet_string(parameters.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
    Key key = key_from(parameters.get(), EVP_PKEY_PUBLIC_KEY);
    const KeyContext context{key ? EVP_PKEY_CTX_new(key.get(), nullptr) : nullptr};
    return context && EVP_PKEY_public_check(context.get()) == 1 ? std::move(key) : nullptr;
}

Key private_key_with(const Secret& scalar, std::string_view point) {
    const Parameters parameters = on_p256();
    const Number number{BN_bin2bn(bytes_of(scalar.reveal()), scalar_bytes, nullptr)};
    OSSL_PARAM_BLD_push_BN(parameters.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get());
    OSSL_PARAM_BLD_push_octet_string(parameters.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
    Key key = key_from(parameters.get(), EVP_PKEY_KEYPAIR);
    if (!key) {
        broken("the private key cannot be used");
    }
    return key;
}

std::string shared_secret(EVP_PKEY* ours, EVP_PKEY* theirs) {
    const KeyContext context{EVP_PKEY_CTX_new(ours, nullptr)};
    std::string secret(scalar_bytes, '\0');
    std::size_t size = secret.size();
    if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_derive_set_peer(context.get(), theirs) != 1 ||
        EVP_PKEY_derive(context.get(), bytes_of(secret), &size) != 1 || size != secret.size()) {
        broken("no shared secret");
    }
    return secret;
}

std::string text_of(const std::array<std::uint8_t, 32>& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// HKDF (RFC 5869) for at most 32 bytes, which is one block.
std::string hkdf(std::string_view salt, std::string_view secret, std::string_view info,
                 std::size_t size) {
    const Secret extracted{text_of(hmac_sha256(Secret{std::string{salt}}, secret))};
    return text_of(hmac_sha256(extracted, std::string{info} + '\1')).substr(0, size);
}

std::string sealed(std::string_view plaintext, std::string_view key, std::string_view nonce) {
    const Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context{EVP_CIPHER_CTX_new()};
    std::string out(plaintext.size() + tag_bytes, '\0');
    int size = 0, rest = 0;
    if (!context ||
        EVP_EncryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, bytes_of(key),
                           bytes_of(nonce)) != 1 ||
        EVP_EncryptUpdate(context.get(), bytes_of(out), &size, bytes_of(plaintext),
                          static_cast<int>(plaintext.size())) != 1 ||
        EVP_EncryptFinal_ex(context.get(), bytes_of(out) + size, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes,
                            bytes_of(out) + plaintext.size()) != 1) {
        broken("AES-GCM failed");
    }
    return out;
}

// r and s, 32 bytes each, out of OpenSSL's DER.
std::string raw_signature(EVP_PKEY* key, std::string_view said) {
    const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context{EVP_MD_CTX_new()};
    std::string der(80, '\0');
    std::size_t size = der.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
        EVP_DigestSign(context.get(), bytes_of(der), &size, bytes_of(said), said.size()) != 1) {
        broken("cannot sign");
    }
    const unsigned char* at = bytes_of(std::string_view{der});
    const Owned<ECDSA_SIG, ECDSA_SIG_free> signature{
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size))};
    std::string raw(2 * scalar_bytes, '\0');
    if (!signature ||
        BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes_of(raw), scalar_bytes) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes_of(raw) + scalar_bytes,
                     scalar_bytes) < 0) {
        broken("cannot read a signature");
    }
    return raw;
}

int value_of(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

}  // namespace

Result<std::string> base64url_decoded(std::string_view text) {
    while (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) {
        return Errc::bad_input;
    }
    std::string bytes;
    unsigned bits = 0;
    int held = 0;
    for (const char c : text) {
        const int value = value_of(c);
        if (value < 0) {
            return Errc::bad_input;
        }
        bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffffU;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes += static_cast<char>(bits >> held & 0xffU);
        }
    }
    return bytes;
}

Result<PushTarget> read_push_target(std::string_view p256dh, std::string_view auth) {
    auto point = base64url_decoded(p256dh);
    auto secret = base64url_decoded(auth);
    if (!point || !public_key(*point)) {
        return Error{Errc::bad_input, "p256dh is not a key of this browser"};
    }
    if (!secret || secret->size() != auth_bytes) {
        return Error{Errc::bad_input, "auth is not 16 bytes"};
    }
    return PushTarget{std::move(*point), std::move(*secret)};
}

std::string public_key_of(const Secret& private_key) {
    const Owned<EC_GROUP, EC_GROUP_free> group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
    const Number scalar{BN_bin2bn(bytes_of(private_key.reveal()),
                                  static_cast<int>(private_key.reveal().size()), nullptr)};
    const Owned<EC_POINT, EC_POINT_free> point{EC_POINT_new(group.get())};
    std::string out(point_bytes, '\0');
    if (private_key.reveal().size() != scalar_bytes || !group || !scalar || !point ||
        BN_is_zero(scalar.get()) || BN_cmp(scalar.get(), EC_GROUP_get0_order(group.get())) >= 0 ||
        EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, nullptr) != 1 ||
        EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, bytes_of(out),
                           out.size(), nullptr) != point_bytes) {
        broken("these bytes are no key");
    }
    return out;
}

Result<std::string> encrypt_push(std::string_view plaintext, const PushTarget& target,
                                 std::string_view salt, const Secret& private_key_bytes) {
    if (plaintext.size() > push_plaintext_bytes_max || salt.size() != salt_bytes) {
        return Error{Errc::bad_input, "a push holds at most 3993 bytes"};
    }
    const Key theirs = public_key(target.public_key);
    if (!theirs) {
        return Error{Errc::bad_input, "p256dh is not a key of this browser"};
    }
    const std::string our_point = public_key_of(private_key_bytes);
    const Key ours = private_key_with(private_key_bytes, our_point);
    const std::string secret =
        hkdf(target.auth, shared_secret(ours.get(), theirs.get()),
             std::string{"WebPush: info"} + '\0' + target.public_key + our_point, 32);
    using namespace std::string_literals;
    const std::string key = hkdf(salt, secret, "Content-Encoding: aes128gcm\0"s, 16);
    const std::string nonce = hkdf(salt, secret, "Content-Encoding: nonce\0"s, 12);
    constexpr char record_size[] = {0, 0, 0x10, 0};
    std::string body{salt};
    body.append(record_size, sizeof record_size);
    body += static_cast<char>(point_bytes);
    body += our_point;
    body += sealed(std::string{plaintext} + '\2', key, nonce);
    return body;
}

std::string vapid_authorization(const PushKey& key, std::string_view origin,
                                core::Timestamp expires_at) {
    const nlohmann::json claims{
        {"aud", origin}, {"exp", core::unix_ms(expires_at) / 1000}, {"sub", key.subject}};
    const std::string said =
        base64url(R"({"typ":"JWT","alg":"ES256"})") + "." + base64url(claims.dump());
    const Key pair = private_key_with(key.private_key, key.public_key);
    return "vapid t=" + said + "." + base64url(raw_signature(pair.get(), said)) +
           ", k=" + base64url(key.public_key);
}

}  // namespace warmcall::notifiers
