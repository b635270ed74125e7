#include "core/cadence.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/catch.hpp"

using namespace warmcall;
using namespace std::chrono_literals;
using core::read_cadence;

namespace {

std::string file(const std::filesystem::path& path) {
    std::ifstream in{path};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

const std::string least = "title = \"T\"\n[[ladder]]\nafter = \"4h\"\n";

std::string error_of(const std::string& toml) {
    const auto cadence = read_cadence(toml, "config/cadences/mine.toml");
    return cadence ? "no error" : cadence.error().message;
}

}  // namespace

TEST_CASE("the shipped cadence is read as it is written") {
    const std::string path = WARMCALL_SOURCE_DIR "/config/cadences/gentle.toml";
    const auto gentle = read_cadence(file(path), path);
    REQUIRE(gentle);
    CHECK(gentle->name == "gentle");
    CHECK(gentle->title == "Gentle");
    CHECK(gentle->lead_time == 45min);
    CHECK(gentle->lead_time_without_receipt == 3h);
    CHECK(gentle->useful_life == 4h);
    CHECK(gentle->touch_base == std::chrono::days{14});
    REQUIRE(gentle->ladder.size() == 5);
    CHECK(gentle->ladder[1] == core::Rung{24h, core::DayPart::morning});
    CHECK(gentle->script_replied.size() == 4);
    CHECK(gentle->script_called.size() == 4);
    CHECK(gentle->script_silent.size() == 4);
    CHECK(gentle->script_unsent.size() == 4);
}

TEST_CASE("a cadence needs no more than a title and one step") {
    const auto cadence = read_cadence(least, "least.toml");
    REQUIRE(cadence);
    CHECK(cadence->name == "least");
    CHECK(cadence->wellbeing == "wellbeing");
    CHECK(cadence->lead_time == 45min);
    CHECK(cadence->ladder == std::vector{core::Rung{4h, core::DayPart::any}});
}

TEST_CASE("a cadence of before there were four scripts goes on with its two") {
    const auto cadence = read_cadence(
        "title = \"T\"\nscript_replied = [\"r\"]\nscript_silent = [\"s\"]\n"
        "[[ladder]]\nafter = \"4h\"\n",
        "two.toml");
    REQUIRE(cadence);
    CHECK(cadence->script_called == std::vector<std::string>{"r"});
    CHECK(cadence->script_unsent == std::vector<std::string>{"s"});
}

TEST_CASE("a mistake in a cadence names file, line and what was expected") {
    const std::string at = "config/cadences/mine.toml:";
    CHECK(error_of("title = \"T\"\nlead_tme = \"45m\"\n[[ladder]]\nafter = \"4h\"\n")
              .starts_with(at + "2: unknown key \"lead_tme\"; expected one of title,"));
    CHECK(error_of("title = \"T\"\n") == at + "1: \"ladder\" is missing; expected when to call "
                                              "again, such as [[ladder]] after = \"4h\"");
    CHECK(error_of("title = \"T\"\nladder = []\n") ==
          at + "2: expected at least one step in the ladder, found none");
    CHECK(error_of("[[ladder]]\nafter = \"4h\"\n") ==
          at + "1: \"title\" is missing; expected what a rep reads, such as \"Gentle\"");
    CHECK(error_of("title = \"T\"\nlead_time = 45\n[[ladder]]\nafter = \"4h\"\n") ==
          at + "2: expected a length of time such as \"45m\", \"3h\" or \"14d\", found a number");
    CHECK(error_of("title = \"T\"\nlead_time = \"45 minutes\"\n[[ladder]]\nafter = \"4h\"\n") ==
          at + "2: expected a length of time such as \"45m\", \"3h\" or \"14d\", found \"45 "
               "minutes\"");
    CHECK(error_of("title = \"T\"\nlead_time = \"0m\"\n[[ladder]]\nafter = \"4h\"\n") ==
          at + "2: expected a length of time above zero and at most 366 days, found \"0m\"");
    CHECK(error_of("title = \"T\"\ntouch_base = \"9999d\"\n[[ladder]]\nafter = \"4h\"\n") ==
          at + "2: expected a length of time above zero and at most 366 days, found \"9999d\"");
    CHECK(
        error_of("title = \"T\"\n[[ladder]]\npart = \"any\"\n")
            .starts_with(at + "2: \"after\" is missing; expected how long after the last attempt"));
    CHECK(error_of("title = \"T\"\n[[ladder]]\nafter = \"4h\"\npart = \"noon\"\n") ==
          at + "4: expected \"any\", \"morning\", \"afternoon\" or \"evening\", found \"noon\"");
    CHECK(error_of("title = \"T\"\n[[ladder]]\nafter = \"4h\"\nday = 1\n") ==
          at + "4: unknown key \"day\"; expected one of after, part");
    CHECK(error_of("title = \"T\"\nwellbeing = \"../secret\"\n[[ladder]]\nafter = \"4h\"\n")
              .starts_with(at + "2: expected a template's name"));
    CHECK(error_of("title = 5\n[[ladder]]\nafter = \"4h\"\n") ==
          at + "1: expected a text in quotes, found a number");
    CHECK(error_of("title = \"T\nx").starts_with(at + "1: "));
}

TEST_CASE("a script line uses only what the card knows") {
    const auto with = [](const std::string& line) {
        return error_of("title = \"T\"\nscript_silent = [\n  \"" + line +
                        "\",\n]\n[[ladder]]\nafter = \"4h\"\n");
    };
    CHECK(with("Ask {{name}} about {{topic}}, {{rep}}") == "no error");
    CHECK(with("Dear {{surname}}") ==
          "config/cadences/mine.toml:3: unknown variable {{surname}}; expected {{name}}, {{rep}} "
          "or {{topic}}");
    CHECK(with("Dear {{name").find(":3: ") != std::string::npos);
    CHECK(with("{{#name}}x{{/name}}").find(":3: ") != std::string::npos);
}
