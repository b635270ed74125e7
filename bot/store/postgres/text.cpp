#include "store/postgres/text.hpp"

#include <algorithm>
#include <cstdint>

namespace warmcall::store::pg {

namespace {

constexpr char substitute = '\x1A';
constexpr std::string_view hex = "0123456789abcdef";

std::uint8_t byte_at(std::string_view text, std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
}

bool continues(std::uint8_t byte) {
    return (byte & 0xC0U) == 0x80;
}

// How many bytes the character that begins here has; 0 when none of UTF-8 does.
std::size_t character_at(std::string_view text, std::size_t i) {
    const std::uint8_t a = byte_at(text, i), b = byte_at(text, i + 1);
    if (a < 0x80)
        return a == 0 ? 0 : 1;
    if (a >= 0xC2 && a <= 0xDF)
        return continues(b) ? 2 : 0;
    const bool third = continues(byte_at(text, i + 2));
    if (a >= 0xE0 && a <= 0xEF) {
        const bool too_long = a == 0xE0 && b < 0xA0, surrogate = a == 0xED && b > 0x9F;
        return continues(b) && third && !too_long && !surrogate ? 3 : 0;
    }
    if (a >= 0xF0 && a <= 0xF4) {
        const bool too_long = a == 0xF0 && b < 0x90, too_high = a == 0xF4 && b > 0x8F;
        return continues(b) && third && continues(byte_at(text, i + 3)) && !too_long && !too_high
                   ? 4
                   : 0;
    }
    return 0;
}

bool plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<std::uint8_t>(c) < 0x80 && c != '\0' && c != substitute;
    });
}

std::uint8_t value_of(char digit) {
    const std::size_t at = hex.find(digit);
    return static_cast<std::uint8_t>(at == std::string_view::npos ? 0 : at);
}

}  // namespace

void append_storable(std::string& to, std::string_view text) {
    if (plain(text)) {
        to += text;
        return;
    }
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t size = text[i] == substitute ? 0 : character_at(text, i);
        if (size > 0) {
            to += text.substr(i, size);
            i += size;
            continue;
        }
        const std::uint8_t byte = byte_at(text, i++);
        to += {substitute, hex[byte >> 4U], hex[byte & 0xFU]};
    }
}

std::string from_storable(std::string_view stored) {
    std::string text;
    text.reserve(stored.size());
    for (std::size_t at = stored.find(substitute);
         at != std::string_view::npos && at + 2 < stored.size(); at = stored.find(substitute)) {
        text += stored.substr(0, at);
        text += static_cast<char>(value_of(stored[at + 1]) << 4U | value_of(stored[at + 2]));
        stored.remove_prefix(at + 3);
    }
    text += stored;
    return text;
}

}  // namespace warmcall::store::pg
