// What libFuzzer calls. $FUZZ_TARGET says which target; see scripts/fuzz.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "targets.hpp"

namespace {

const warmcall::fuzz::Target& chosen() {
    const char* name = std::getenv("FUZZ_TARGET");
    for (const warmcall::fuzz::Target& target : warmcall::fuzz::targets())
        if (name != nullptr && target.name == name)
            return target;
    std::fputs("fuzzer: $FUZZ_TARGET names none of the targets; use scripts/fuzz\n", stderr);
    std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const warmcall::fuzz::Target& target = chosen();
    try {
        target.run({reinterpret_cast<const char*>(data), size});
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "%s: %s\n", std::string{target.name}.c_str(), problem.what());
        std::abort();
    }
    return 0;
}
