#pragma once
// What is fuzzed: each reads bytes from outside as the service would, and throws where a property
// does not hold. scripts/fuzz feeds them with libFuzzer; the test `fuzz` with what is known.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace warmcall::fuzz {

struct Target {
    std::string_view name;
    void (*run)(std::string_view input);
    std::vector<std::string> (*seeds)();  // good inputs to begin with
};

std::span<const Target> targets();

}  // namespace warmcall::fuzz
