#include "store/erasure.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <nlohmann/json.hpp>

#include "support/crypto.hpp"

namespace warmcall::store {

namespace {

bool is_number(const core::Address& address) {
    return address.kind != core::AddressKind::whatsapp_user;
}

std::string_view digits_of(const core::Address& address) {
    std::string_view digits = address.value;
    if (digits.starts_with('+'))
        digits.remove_prefix(1);
    return digits;
}

// The characters that a piece of text always becomes inside of base64, when so many bytes stand
// before it in its group of three.
constexpr std::size_t unsure_characters(std::size_t before) {
    return before == 0 ? 0 : before + 1;
}
std::string inside_base64(std::string_view text, std::size_t before) {
    const std::string padded = std::string(before, '\0') + std::string{text};
    const std::size_t first = unsure_characters(before);
    const std::size_t sure = padded.size() * 8 / 6;
    return base64(padded).substr(first, sure - first);
}

std::size_t find_bytes(std::string_view text, std::string_view bytes, std::size_t from) {
    const void* at = from > text.size() ? nullptr
                                        : ::memmem(text.data() + from, text.size() - from,
                                                   bytes.data(), bytes.size());
    return at == nullptr ? std::string_view::npos
                         : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

std::string replaced(std::string_view text, char what, std::string_view by) {
    std::string made;
    for (const char c : text)
        c == what ? made += by : made += c;
    return made;
}

std::string percent_encoded(std::string_view text, std::string_view digits) {
    std::string made;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~')
            made += c;
        else
            made += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
    return made;
}

}  // namespace

std::string make_erasure_key() {
    return random_token(32);
}

std::string erased_hash(const std::string& key, const core::Address& address) {
    const std::string known_as =
        is_number(address) ? "number " + std::string{digits_of(address)} : "user " + address.value;
    const auto hash = hmac_sha256(Secret{key}, known_as);
    return {hash.begin(), hash.end()};
}

void Traces::add(const core::Address& address) {
    if (!is_number(address)) {
        add_id(address.value);
        return;
    }
    const std::string digits{digits_of(address)};
    add_bytes(digits);
    for (const std::size_t before : {0U, 1U, 2U}) {
        hidden_.push_back({inside_base64(digits, before), before, digits});
        all_.push_back(hidden_.back().seen);
    }
}

void Traces::add_id(std::string_view provider_id) {
    add_bytes(std::string{provider_id});
    add_bytes(replaced(provider_id, '/', "\\/"));
    add_bytes(percent_encoded(provider_id, "0123456789ABCDEF"));
    add_bytes(percent_encoded(provider_id, "0123456789abcdef"));
}

void Traces::add_name(std::string_view name) {
    if (!name.empty())
        add_bytes(
            nlohmann::json(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void Traces::add_bytes(std::string bytes) {
    constexpr std::size_t bytes_min = 5;  // less says nothing, and is found everywhere
    if (bytes.size() < bytes_min || std::ranges::find(plain_, bytes) != plain_.end())
        return;
    all_.push_back(bytes);
    plain_.push_back(std::move(bytes));
}

bool Traces::in(std::string_view text) const {
    return std::ranges::any_of(plain_,
                               [text](const std::string& one) {
                                   return find_bytes(text, one, 0) != std::string_view::npos;
                               }) ||
           std::ranges::any_of(hidden_, [text](const Hidden& one) { return one.in(text); });
}

bool Traces::Hidden::in(std::string_view text) const {
    const std::size_t unsure = unsure_characters(before);
    const std::size_t characters = (before + digits.size() + 2) / 3 * 4;
    for (std::size_t at = find_bytes(text, seen, 0); at != std::string_view::npos;
         at = find_bytes(text, seen, at + 1)) {
        if (at < unsure)
            continue;
        const auto decoded = from_base64(text.substr(at - unsure, characters));
        if (decoded && decoded->substr(std::min(before, decoded->size()), digits.size()) == digits)
            return true;
    }
    return false;
}

std::vector<core::Address> both_kinds(const core::Address& address) {
    if (!is_number(address))
        return {address};
    const std::string digits{digits_of(address)};
    return {{core::AddressKind::phone, "+" + digits}, {core::AddressKind::whatsapp, digits}};
}

}  // namespace warmcall::store
