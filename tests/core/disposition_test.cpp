#include "core/disposition.hpp"

#include <array>

#include "support/catch.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;

namespace {

constexpr Timestamp now = from_unix_ms(1'793'600'000'000);

constexpr std::array all_reached{Reached::human,     Reached::someone_else, Reached::machine,
                                 Reached::no_answer, Reached::busy,         Reached::rejected,
                                 Reached::bad_number};
constexpr std::array<std::optional<Said>, 8> all_said{
    std::nullopt,         Said::talked, Said::busy_now,     Said::callback_asked,
    Said::not_interested, Said::stop,   Said::wrong_person, Said::agreed_next};
constexpr std::array<std::optional<Timestamp>, 6> all_dates{std::nullopt,
                                                            now - 1h,
                                                            now,
                                                            now + 1ms,
                                                            now + std::chrono::days{366},
                                                            now + std::chrono::days{367}};

enum class Found { complete, lacks_a_date, does_not_fit };

Found by_the_book(const Disposition& d) {
    if ((d.reached == Reached::human) != d.said.has_value()) {
        return Found::does_not_fit;
    }
    if (d.won && d.said != Said::talked) {
        return Found::does_not_fit;
    }
    if (d.next_at && (*d.next_at <= now || *d.next_at > now + std::chrono::days{366})) {
        return Found::lacks_a_date;
    }
    if (!d.said || d.said == Said::busy_now) {
        return Found::complete;  // the ladder knows when
    }
    const bool over =
        d.said == Said::not_interested || d.said == Said::stop || d.said == Said::wrong_person;
    if (over) {
        return d.next_at ? Found::does_not_fit : Found::complete;
    }
    return d.won || d.next_at ? Found::complete : Found::lacks_a_date;
}

}  // namespace

TEST_CASE("every outcome of a call is either complete, or the rep is told what it lacks") {
    int complete = 0;
    for (const Reached reached : all_reached) {
        for (const auto& said : all_said) {
            for (const auto& date : all_dates) {
                for (const bool won : {false, true}) {
                    const Disposition d{
                        .reached = reached, .said = said, .next_at = date, .won = won};
                    const auto missing = what_is_missing(d, now);
                    const Found found = !missing               ? Found::complete
                                        : missing->next_action ? Found::lacks_a_date
                                                               : Found::does_not_fit;
                    CHECK(found == by_the_book(d));
                    if (missing) {
                        CHECK(missing->sentence.size() > 10);
                    }
                    complete += missing ? 0 : 1;
                }
            }
        }
    }
    CHECK(complete == 6 * 3 + 3 + 3 + 2 + 2 + 2 + 3);
}

TEST_CASE("every outcome has one word, and the word leads back to it") {
    for (const Reached reached : all_reached) {
        CHECK(reached_from(to_string(reached)) == reached);
    }
    for (const auto& said : all_said) {
        if (said) {
            CHECK(said_from(to_string(*said)) == said);
        }
    }
    CHECK_FALSE(reached_from("human "));
    CHECK_FALSE(said_from(""));
}
