#pragma once
// The numbering plans of the world as data. The definition is generated at build time
// (scripts/cmake/phone_table.cmake) out of npm's libphonenumber-js metadata and tzdata's zone.tab.

#include <cstdint>
#include <span>
#include <string_view>

namespace warmcall::core {

struct NumberingPlan {
    std::string_view region;        // ISO 3166 alpha-2; "" for non-geographic codes
    std::string_view calling_code;  // "61"
    std::string_view idd;           // pattern of what is dialled before a foreign number, "0011"
    std::string_view number;        // pattern of any national number
    std::string_view
        trunk;  // pattern of what is dialled before a national number at home; may capture
    std::string_view trunk_becomes;  // what the captured parts turn into, "9$1"; "": nothing
    std::string_view
        leading;  // national numbers that begin so are this region's, within a shared calling code
    std::span<const std::string_view>
        kinds;  // patterns of each kind of number, where the calling code is shared
    std::span<const std::uint8_t>
        lengths;  // of fixed and mobile national numbers, rising, at least one
    std::span<const std::string_view> zones;  // every IANA zone of the region
};

// Plans of one calling code stand together, the main region first.
std::span<const NumberingPlan> numbering_plans();

}  // namespace warmcall::core
