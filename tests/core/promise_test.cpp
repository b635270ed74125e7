// "I'll call you Thursday" is kept, whatever they write and whoever tries before.

#include <algorithm>

#include "core/decide.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

namespace {

// Promised for day 4, 11:00; and a word of thanks in the hour after the talk.
World thanked() {
    World world;
    world.on_call();
    world.logs(Said::talked, world.at(4, 11), "her new shop");
    world.advance(1h);
    world.reply("Thanks for the call!");
    return world;
}

}  // namespace

TEST_CASE("a try before the promised time that reaches nobody leaves the promise as it was") {
    World world = thanked();
    REQUIRE(world.prompt() == "replied");
    world.advance(1min);
    SECTION("no answer") {
        world.logs(Reached::no_answer);
    }
    SECTION("busy now") {
        world.logs(Said::busy_now);
    }
    CHECK(world.phase() == "waiting");
    CHECK(world.c.outreach->promise == Promise{world.at(4, 11), "her new shop"});
    CHECK(world.messages() == Strings{"wellbeing settled"});  // the next date is fixed already
    world.advance_to(world.at(4, 10, 59));
    CHECK(world.prompt() == "");
    world.advance(1min);
    CHECK(world.prompt() == "promised");
    CHECK(world.told() == Strings{"maya: prompt"});
    world.logs(Reached::no_answer);
    CHECK_FALSE(world.c.outreach->promise);  // it was kept
}

TEST_CASE("the rep may choose to try once more before the promised time") {
    World world = thanked();
    world.happens(Disposed{maya, {.reached = Reached::no_answer, .next_at = world.at(2, 15)}});
    world.advance_to(world.at(2, 15));
    CHECK(world.prompt() == "retry");
    CHECK(world.c.outreach->promise);
    world.logs(Reached::no_answer);
    world.advance_to(world.at(4, 11));
    CHECK(world.prompt() == "promised");
}

TEST_CASE("a prompt that was only looked at rings again at the promised time, and says why") {
    World world = thanked();
    world.advance(1min);
    world.happens(Acknowledged{maya});
    for (int hours = 0; hours < 200 && world.now < world.at(4, 10, 30); ++hours) {
        world.advance(30min);
        world.happens(Acknowledged{maya});
    }
    world.news.clear();
    world.advance_to(world.at(4, 10, 59));
    REQUIRE(world.news.empty());
    world.advance(1min);
    CHECK(world.told() == Strings{"maya: prompt"});
    CHECK(world.prompt() == "replied");
    CHECK(world.c.prompt->reason == "You promised Amara this call. Ask about: her new shop");
    CHECK(world.c.prompt->words == "Thanks for the call!");
}

TEST_CASE("a prompt put off beyond the promised time rings at it") {
    World world = thanked();
    world.happens(Snoozed{maya, world.at(8, 12)});
    world.advance_to(world.at(4, 10, 59));
    world.news.clear();
    world.advance(1min);
    CHECK(world.told() == Strings{"maya: prompt"});
    world.happens(Snoozed{maya, world.at(8, 12)});  // then it may be put off
    world.news.clear();
    world.advance_to(world.at(8, 11, 59));
    CHECK(std::ranges::count(world.news, "ring maya") == 0);
}

TEST_CASE(
    "a promise outside of the rep's hours rings at its time, whatever the prompt has become") {
    World world;
    world.on_call();
    world.logs(Said::talked, world.at(6, 11));  // a Saturday
    world.advance(1h);
    world.reply("Thanks for the call!");
    world.advance(1min);
    world.happens(Snoozed{maya, world.at(6, 11)});
    world.advance_to(world.at(6, 10, 59));
    world.news.clear();
    world.advance(1min);
    CHECK(std::ranges::count(world.news, "ring maya") == 1);
}

TEST_CASE("whoever has the prompt in hand at the promised time is not rung in their own call") {
    World world = thanked();
    world.advance_to(world.at(4, 10, 55));
    world.happens(Claimed{maya});
    world.news.clear();
    world.advance(9min);
    CHECK(world.news.empty());
    world.advance(1min);
    CHECK(world.told() == Strings{"maya: prompt"});
}
