#pragma once
// How a text travels by SMS: which alphabet it needs, and into how many parts it falls (3GPP TS
// 23.038 and 23.040). The judge's own reading, not the gateway's.

#include <string>
#include <string_view>

namespace warmcall::sandbox {

struct SmsSize {
    bool gsm7 = true;  // else UCS-2
    int parts = 1;
};

SmsSize sms_size(std::string_view utf8);

// UTF-16, big-endian; what is no UTF-8 becomes U+FFFD.
std::u16string utf16(std::string_view utf8);
std::string utf8(std::u16string_view units);

}  // namespace warmcall::sandbox
