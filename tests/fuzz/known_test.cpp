// Every fuzz target over what is known: its seeds, each cut short and with bytes changed in places,
// and the inputs that once broke something (tests/fuzz/found/TARGET/*).

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/catch.hpp"
#include "targets.hpp"

namespace warmcall::fuzz {

namespace {

void run(const Target& target, const std::string& input) {
    try {
        target.run(input);
    } catch (const std::exception& problem) {
        FAIL(target.name << ": " << problem.what() << "\n" << input.substr(0, 2'000));
    }
}

void run_changed(const Target& target, std::string input) {
    constexpr std::size_t places = 7;
    for (std::size_t i = 1; i < places; ++i) {
        const std::size_t at = input.size() * i / places;
        run(target, input.substr(0, at));
        if (at < input.size()) {
            const char was = input[at];
            for (const char c : {'"', '\xFF'}) {
                input[at] = c;
                run(target, input);
            }
            input[at] = was;
        }
    }
}

}  // namespace

TEST_CASE("what is known breaks no reader of bytes from outside") {
    for (const Target& target : targets()) {
        const auto seeds = target.seeds();
        REQUIRE(!seeds.empty());
        for (const std::string& seed : seeds) {
            run(target, seed);
            run_changed(target, seed.substr(0, 20'000));
        }
    }
}

TEST_CASE("what was found once stays mended") {
    const std::filesystem::path found =
        std::filesystem::path{WARMCALL_SOURCE_DIR} / "tests/fuzz/found";
    for (const Target& target : targets()) {
        if (!std::filesystem::exists(found / target.name))
            continue;
        for (const auto& entry : std::filesystem::directory_iterator{found / target.name}) {
            std::ifstream in{entry.path(), std::ios::binary};
            run(target, {std::istreambuf_iterator<char>{in}, {}});
        }
    }
}

// For scripts/fuzz: the seeds as files.
TEST_CASE("write the seeds", "[.seeds]") {
    const char* folder = std::getenv("FUZZ_SEEDS");
    REQUIRE(folder != nullptr);
    for (const Target& target : targets()) {
        const auto into = std::filesystem::path{folder} / target.name;
        std::filesystem::create_directories(into);
        int n = 0;
        for (const std::string& seed : target.seeds())
            std::ofstream{into / ("seed" + std::to_string(++n)), std::ios::binary} << seed;
    }
}

}  // namespace warmcall::fuzz
