#pragma once

#include <string>
#include <string_view>

namespace warmcall::store {

// What a search for contacts looks for: part of a name, or of a number however it is written.
struct Needle {
    explicit Needle(std::string_view search);

    std::string name;    // folded
    std::string digits;  // when there is nothing in it but what numbers are written with
};

}  // namespace warmcall::store
