#include "store/fold.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <stdexcept>

namespace warmcall::store {

namespace {

// Letters whose stroke Unicode does not take for an accent.
UChar32 without_stroke(UChar32 c) {
    switch (c) {
        case 0x00F8:
            return 'o';
        case 0x0142:
            return 'l';
        case 0x0111:
            return 'd';
        case 0x0131:
            return 'i';
        default:
            return c;
    }
}

}  // namespace

std::string fold(std::string_view text) {
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* nfkd = icu::Normalizer2::getNFKDInstance(error);
    icu::UnicodeString cased =
        icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
    cased.foldCase();
    const icu::UnicodeString apart = nfkd->normalize(cased, error);
    if (U_FAILURE(error))
        throw std::runtime_error{"ICU cannot fold a name: is its data installed?"};
    icu::UnicodeString bare;
    for (std::int32_t i = 0; i < apart.length();) {
        const UChar32 c = apart.char32At(i);
        i += U16_LENGTH(c);
        if (c != 0 && u_getCombiningClass(c) == 0)  // marks that sit on a letter have a class
            bare.append(without_stroke(c));
    }
    bare.foldCase();
    std::string out;
    bare.toUTF8String(out);
    return out;
}

}  // namespace warmcall::store
