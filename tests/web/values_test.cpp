// Times, JSON and limits as values, without a server.

#include "support/catch.hpp"
#include "web/fields.hpp"
#include "web/limiter.hpp"
#include "web/when.hpp"

using namespace warmcall;
using namespace warmcall::web;
using namespace std::chrono_literals;

TEST_CASE("a time is written in UTC and reads back") {
    CHECK(rfc3339(core::from_unix_ms(1'795'341'600'000)) == "2026-11-22T10:00:00Z");
    CHECK(rfc3339(core::from_unix_ms(1'795'341'600'999)) == "2026-11-22T10:00:00Z");
    for (const char* same :
         {"2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000Z", "2026-11-22t10:00:00z",
          "2026-11-22T15:30:00+05:30", "2026-11-22T05:00:00-05:00", "2026-11-22T10:00:00+00:00"}) {
        INFO(same);
        const auto read = read_rfc3339(same);
        REQUIRE(read);
        CHECK(core::unix_ms(*read) == 1'795'341'600'000);
    }
    CHECK(core::unix_ms(*read_rfc3339("2026-11-22T10:00:00.1234567Z")) == 1'795'341'600'123);
}

TEST_CASE("what is not a time is refused, whatever it looks like") {
    for (const char* wrong :
         {"", "tomorrow", "2026-11-22", "2026-11-22T10:00", "2026-11-22T10:00:00",
          "2026-13-22T10:00:00Z", "2026-02-30T10:00:00Z", "2026-11-22T24:00:00Z",
          "2026-11-22T10:60:00Z", "2026-11-22T10:00:61Z", "2026-11-22T10:00:00.Z",
          "2026-11-22T10:00:00Zx", "2026-11-22T10:00:00+5:30", "2026-11-22T10:00:00+05:60",
          "1969-12-31T10:00:00Z", "-026-11-22T10:00:00Z", "2026-11-22T10:00:0٣Z"}) {
        INFO(wrong);
        CHECK_FALSE(read_rfc3339(wrong));
    }
}

TEST_CASE("brackets inside a text are not depth") {
    CHECK(read_json("\"" + std::string(1000, '[') + "\""));
    CHECK(read_json(R"(["\"[[[[", {}])"));
    CHECK(read_json(std::string(32, '[') + std::string(32, ']')));
    CHECK_FALSE(read_json(std::string(33, '[') + std::string(33, ']')));
    CHECK_FALSE(read_json(std::string(100'000, '[')));
}

TEST_CASE("failures are forgotten one by one, and per address") {
    Limiter limiter{2, 60s};
    const core::Timestamp t{};
    limiter.failed("a", t);
    limiter.failed("a", t + 30s);
    CHECK(limiter.blocked("a", t + 59s));
    CHECK_FALSE(limiter.blocked("b", t + 59s));
    CHECK_FALSE(limiter.blocked("a", t + 60s));
    limiter.failed("a", t + 61s);
    CHECK(limiter.blocked("a", t + 62s));
    CHECK_FALSE(limiter.blocked("a", t + 200s));
}
