#include <algorithm>

#include "core/decide.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using std::chrono::days;
using Strings = std::vector<std::string>;

TEST_CASE(
    "a prompt nobody looks at goes to the rep again, to the stand-in, to the lead, and the next day starts over") {
    World world;
    world.call_is_due();
    world.news.clear();
    world.advance(15min);
    CHECK(world.told() == Strings{"maya: prompt"});
    world.advance(15min);
    CHECK(world.told() == Strings{"ravi: prompt"});
    CHECK(world.c.prompt->rep == ravi);
    world.advance(15min);
    CHECK(world.told() == Strings{"lena: prompt"});
    world.news.clear();
    world.advance_to(world.at(2, 9));
    CHECK(world.news.empty());
    world.advance_to(world.at(2, 12));
    CHECK(std::ranges::count(world.news, "ring maya") == 2);
}

TEST_CASE("a rep who is away is not rung; the stand-in is") {
    World world;
    world.plan.reps[maya].away_until = world.at(3, 9);
    world.call_is_due();
    CHECK(world.told() == Strings{"ravi: prompt"});
}

TEST_CASE("whose rep the configuration does not have any more is called by the lead") {
    World world;
    world.call_is_due();
    world.news.clear();
    world.plan.reps.erase(maya);
    world.advance(1h);
    CHECK(world.told().front() == "lena: prompt");
    world.happens(Dialled{lena});
    world.advance(world.plan.policy.call_length_max + world.plan.policy.wrap_up_reminder);
    CHECK(world.told().back() == "lena: You called Amara. How did it go?");
}

TEST_CASE("a prompt that was seen is quiet for an hour, then comes back") {
    World world;
    world.call_is_due();
    world.happens(Acknowledged{maya});
    CHECK(world.c.prompt->acknowledged_at == world.now);
    world.news.clear();
    world.advance(59min);
    CHECK(world.news.empty());
    world.advance(1min);
    CHECK(world.news == Strings{"ring maya"});
}

TEST_CASE("who looks at a card that is due later is rung when it is due, and not before") {
    World world;
    world.c.contact.region = "DE";
    world.c.contact.zones = {"Europe/Berlin"};
    world.now = world.at(1, 5, 30);  // ten in the morning in Kolkata
    world.reply("Good morning!");
    REQUIRE(world.prompt() == "replied");
    const Timestamp due = world.c.prompt->due_at;
    REQUIRE(due > world.now + 2h);
    world.news.clear();
    SECTION("looked at") {
        world.happens(Acknowledged{maya});
    }
    SECTION("taken") {
        world.happens(Claimed{maya});
    }
    world.advance_to(due - 1s);
    CHECK(world.news.empty());
    world.advance_to(due);
    CHECK(world.news == Strings{"ring maya"});
}

TEST_CASE("the ladder rests when the contact's day has ended, unless they wait for us") {
    World world;
    world.c.contact.preferences.to = DayTime{15 * 60};
    world.now = world.at(1, 14);
    world.warm();
    world.advance(45min);
    REQUIRE(world.prompt() == "silent");
    SECTION("nobody waits") {
        CHECK(world.c.prompt->alert_at == world.at(2, 10));
        world.news.clear();
        world.advance_to(world.at(2, 9, 59));
        CHECK(world.news.empty());
        world.advance(1min);
        CHECK(world.news == Strings{"ring maya"});
    }
    SECTION("they called") {
        world.happens(TheyCalled{world.now, whatsapp, {}});
        world.advance(30min);
        CHECK(world.c.prompt->alert_at < world.at(1, 16));
    }
}

TEST_CASE("where the rep's hours and the contact's never meet, the rep's own count") {
    World world;
    world.c.contact.region = "US";
    world.c.contact.zones = {"America/Chicago"};
    world.enrol();
    world.advance(16h);  // morning in Chicago
    REQUIRE(world.prompt() == "no_warmup");
    const Rep& rep = world.plan.reps.at(maya);
    CHECK(open(rep.hours, {}, {rep.zone}, world.c.prompt->due_at));
}

TEST_CASE("no phone rings outside the rep's hours") {
    World world;
    world.now = world.at(1, 17, 20);
    world.warm();
    world.advance(45min);
    CHECK(world.prompt() == "silent");
    CHECK(world.c.prompt->due_at == world.at(2, 10));
    CHECK(std::ranges::count(world.news, "ring maya") == 0);
}

TEST_CASE("a snoozed prompt comes back when the rep asked, and is nobody's meanwhile") {
    World world;
    world.call_is_due();
    world.happens(Claimed{maya});
    world.happens(Snoozed{maya, world.at(1, 15)});
    CHECK(world.phase() == "call_due");
    CHECK_FALSE(world.c.prompt->lease);
    world.news.clear();
    world.advance_to(world.at(1, 14, 59));
    CHECK(world.news.empty());
    world.advance(1min);
    CHECK(world.news == Strings{"ring maya"});
}

TEST_CASE(
    "a prompt that had gone up to the lead comes back to its owner when there is news, or the time it was put off to has come") {
    World world;
    world.call_is_due();
    world.advance(45min);
    REQUIRE(world.c.prompt->rep == lena);
    SECTION("news") {
        world.reply("Here I am");
        world.advance(20s);
    }
    SECTION("put off") {
        world.happens(Snoozed{lena, world.at(1, 15)});
        world.advance_to(world.at(1, 15));
    }
    SECTION("seen, and nothing done") {
        world.happens(Acknowledged{lena});
        world.advance(1h);
    }
    CHECK(world.told() == Strings{"maya: prompt"});
    CHECK(world.c.prompt->rep == maya);
}

TEST_CASE("a snooze has an end, in the future and within a month") {
    World world;
    world.call_is_due();
    world.happens(Snoozed{maya, world.now});
    CHECK(world.refused() == "next_action_missing");
    world.happens(Snoozed{maya, world.now + days(32)});
    CHECK(world.refused() == "next_action_missing");
    world.happens(Dialled{maya});
    world.happens(Snoozed{maya, world.now + 1h});
    CHECK(world.refused() == "wrong_phase");
}
