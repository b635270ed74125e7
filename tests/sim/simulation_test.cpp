// The whole service under a virtual clock. WARMCALL_SIM_SEEDS (default 200) and WARMCALL_SIM_FIRST
// choose the seeds.

#include "simulator/simulation.hpp"

#include <chrono>
#include <cstdlib>
#include <string>

#include "settings/settings.hpp"
#include "store/registry.hpp"
#include "support/catch.hpp"

namespace warmcall {

namespace {

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

Settings settings() {
    const ReadSettings read =
        read_settings(WARMCALL_SOURCE_DIR "/tests/sim/simulation.toml",
                      [](const std::string&) { return std::optional<std::string>{"sim"}; });
    for (const Problem& problem : read.problems) {
        FAIL(problem.sentence);
    }
    return read.settings;
}

simulator::Report run(const Settings& s, std::uint64_t seed, bool faults) {
    const std::unique_ptr<Store> store = make_store("sqlite::memory:");
    const ChannelSettings& channel = s.channels.front();
    const Line line{channel.account, find_provider(channel.account.provider), channel.rates,
                    channel.portfolio};
    simulator::Options options;
    options.seed = seed;
    options.faults = faults;
    options.begin = core::Timestamp{std::chrono::sys_days{std::chrono::year{2026} / 3 / 2}} +
                    std::chrono::hours{6};
    return simulator::simulate(options, s.plan, line, *store);
}

void check(const simulator::Report& report, std::uint64_t seed) {
    for (const std::string& violation : report.violations) {
        FAIL_CHECK(violation << "\nreplay: WARMCALL_SIM_FIRST=" << seed
                             << " WARMCALL_SIM_SEEDS=1 build/release/test_sim");
    }
}

}  // namespace

TEST_CASE("over many seeds of thirty days with faults and crashes, no promise is broken") {
    const Settings s = settings();
    const std::uint64_t first = number_from_environment("WARMCALL_SIM_FIRST", 1);
    const std::uint64_t seeds = number_from_environment("WARMCALL_SIM_SEEDS", 200);
    simulator::Report sum;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        const simulator::Report report = run(s, seed, true);
        check(report, seed);
        sum.steps += report.steps;
        sum.requests += report.requests;
        sum.webhooks += report.webhooks;
        sum.crashes += report.crashes;
        sum.calls += report.calls;
        sum.stops += report.stops;
    }
    WARN(seeds << " seeds: " << sum.steps << " steps, " << sum.requests << " requests, "
               << sum.webhooks << " webhooks, " << sum.crashes << " crashes, " << sum.calls
               << " calls, " << sum.stops << " stops");
    if (seeds >= 100) {  // a simulation in which nothing happens proves nothing
        CHECK(sum.crashes > seeds / 2);
        CHECK(sum.calls > seeds);
        CHECK(sum.stops > 0);
    }
}

TEST_CASE("the same seed gives the same days") {
    const Settings s = settings();
    const simulator::Report a = run(s, 7, true);
    const simulator::Report b = run(s, 7, true);
    CHECK(a.steps == b.steps);
    CHECK(a.requests == b.requests);
    CHECK(a.webhooks == b.webhooks);
    CHECK(a.crashes == b.crashes);
}

}  // namespace warmcall
