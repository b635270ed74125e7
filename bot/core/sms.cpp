// How long a text is as an SMS: 3GPP TS 23.038, 6.2.1 (default alphabet and its extension table).

#include <unicode/unistr.h>
#include <unicode/utf16.h>

#include <array>
#include <string_view>

#include "core/template.hpp"

namespace warmcall::core {
namespace {

constexpr std::u16string_view default_alphabet =
    u"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    u"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
constexpr std::u16string_view extension = u"\f^{}\\[~]|€";

// Septets of one UTF-16 unit; 0: not in the alphabet.
int septets(char16_t unit) {
    if (default_alphabet.find(unit) != std::u16string_view::npos)
        return 1;
    return extension.find(unit) != std::u16string_view::npos ? 2 : 0;
}

struct Room {
    int single, each;  // units in one message, and in each of several
};

// A character of two units never straddles two parts.
class Filling {
 public:
    explicit Filling(Room room) : room_{room} {}

    void add(int units) {
        total_ += units;
        if (in_part_ + units > room_.each) {
            ++parts_;
            in_part_ = 0;
        }
        in_part_ += units;
    }
    int total() const { return total_; }
    int parts() const {
        if (total_ == 0)
            return 0;
        return total_ <= room_.single ? 1 : parts_;
    }

 private:
    Room room_;
    int total_ = 0;
    int in_part_ = 0;
    int parts_ = 1;
};

}  // namespace

SmsLength sms_length(std::string_view utf8) {
    const auto text =
        icu::UnicodeString::fromUTF8({utf8.data(), static_cast<std::int32_t>(utf8.size())});
    bool gsm7 = true;
    for (std::int32_t i = 0; i < text.length(); ++i)
        gsm7 = gsm7 && septets(text[i]) > 0;
    Filling filling{gsm7 ? Room{160, 153} : Room{70, 67}};
    for (std::int32_t i = 0; i < text.length();) {
        const std::int32_t next = gsm7 ? i + 1 : text.moveIndex32(i, 1);
        filling.add(gsm7 ? septets(text[i]) : next - i);
        i = next;
    }
    return {gsm7, filling.total(), filling.parts()};
}

}  // namespace warmcall::core
