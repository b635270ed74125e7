#include "sandbox/sms.hpp"

#include <algorithm>
#include <array>

namespace warmcall::sandbox {

namespace {

constexpr std::u16string_view basic =
    u"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    u"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
constexpr std::u16string_view extended = u"^{}\\[~]|€\f";  // each is two septets

constexpr char16_t replacement = 0xFFFD;

// One code point from the front of the text, which then is shorter by it.
char32_t next(std::string_view& text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0x80 || lead < 0xC2 || lead > 0xF4 || text.size() < length) {
        text.remove_prefix(1);
        return lead < 0x80 ? lead : replacement;
    }
    char32_t point = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            text.remove_prefix(i);
            return replacement;
        }
        point = point << 6U | (byte(i) & 0x3FU);
    }
    text.remove_prefix(length);
    return point;
}

int parts_of(std::size_t units, std::size_t alone, std::size_t joined) {
    return static_cast<int>(units <= alone ? 1 : (units + joined - 1) / joined);
}

}  // namespace

std::u16string utf16(std::string_view utf8_text) {
    std::u16string units;
    while (!utf8_text.empty()) {
        const char32_t point = next(utf8_text);
        if (point < 0x10000) {
            units += static_cast<char16_t>(point);
        } else {
            units += static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10U));
            units += static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FFU));
        }
    }
    return units;
}

std::string utf8(std::u16string_view units) {
    std::string text;
    for (std::size_t i = 0; i < units.size(); ++i) {
        char32_t point = units[i];
        const bool pair = point >= 0xD800 && point < 0xDC00 && i + 1 < units.size() &&
                          units[i + 1] >= 0xDC00 && units[i + 1] < 0xE000;
        if (pair)
            point = 0x10000 + ((point - 0xD800) << 10U) + (units[++i] - 0xDC00U);
        else if (point >= 0xD800 && point < 0xE000)
            point = replacement;
        const auto add = [&](char32_t byte) {
            text += static_cast<char>(static_cast<unsigned char>(byte));
        };
        if (point < 0x80) {
            add(point);
            continue;
        }
        const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        add((more == 1 ? 0xC0U : more == 2 ? 0xE0U : 0xF0U) | point >> (6 * more));
        for (int left = more - 1; left >= 0; --left)
            add(0x80U | (point >> (6 * left) & 0x3FU));
    }
    return text;
}

SmsSize sms_size(std::string_view utf8_text) {
    const std::u16string units = utf16(utf8_text);
    std::size_t septets = 0;
    for (const char16_t unit : units) {
        if (basic.find(unit) != basic.npos)
            septets += 1;
        else if (extended.find(unit) != extended.npos)
            septets += 2;
        else
            return {false, parts_of(units.size(), 70, 67)};
    }
    return {true, parts_of(septets, 160, 153)};
}

}  // namespace warmcall::sandbox
