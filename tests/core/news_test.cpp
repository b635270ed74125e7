// They write or call while somebody is already at it: on the phone with them, or with the prompt
// seen, put off, or in hand. No word of theirs is lost, and none waits for days.

#include <algorithm>

#include "core/decide.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

namespace {

void they_call(World& world) {
    world.happens(TheyCalled{world.now, whatsapp, world.c.contact.addresses.front()});
}

std::ptrdiff_t rings(const World& world) {
    return std::ranges::count(world.news, "ring maya");
}

}  // namespace

TEST_CASE(
    "they call back and write while nobody has said how the call went: the rep is told, and rung when it was no answer") {
    World world;
    world.on_call();
    world.advance(5min);
    they_call(world);
    world.advance(1min);
    world.reply("Please call me now!");
    CHECK(world.phase() == "on_call");
    world.news.clear();
    world.advance(4min);
    CHECK(world.phase() == "wrap_up");
    CHECK(world.told() == Strings{"maya: Amara called or wrote since you called. How did it go?"});
    const PromptId id = world.c.prompt->id;
    world.advance(1min);
    world.logs(Reached::no_answer);
    CHECK(world.messages() == Strings{"wellbeing settled"});  // nobody asks them to call back
    CHECK(world.phase() == "call_due");
    CHECK(world.prompt() == "they_called");
    CHECK(world.c.prompt->id == id);
    CHECK(world.c.prompt->words == "Please call me now!");
    CHECK(world.c.outreach->attempt == 1);
    CHECK_FALSE(world.c.prompt->lease);
    world.news.clear();
    world.advance(1min);
    CHECK(rings(world) == 1);
}

TEST_CASE(
    "what they wrote while the phone rang is on the next card, and no text asks them to call back") {
    World world;
    world.on_call();
    world.advance(1min);
    world.reply("In a meeting, call at 12");
    SECTION("no answer") {
        world.logs(Reached::no_answer);
    }
    SECTION("busy now") {
        world.logs(Said::busy_now);
    }
    CHECK(world.messages() == Strings{"wellbeing settled"});
    CHECK(world.prompt() == "replied");
    CHECK(world.c.prompt->reason == "Amara replied. Call now.");
    CHECK(world.c.prompt->words == "In a meeting, call at 12");
    CHECK(world.next() == "call");
}

TEST_CASE(
    "they write when the call is over and not yet logged: the rep is told at once, and once") {
    World world;
    world.on_call();
    world.advance(2min);
    world.happens(CallEnded{maya});
    CHECK(world.told().empty());
    world.advance(1min);
    SECTION("they write") {
        world.reply("I'm free now");
        CHECK(world.told() ==
              Strings{"maya: Amara called or wrote since you called. How did it go?"});
        world.reply("Call me");
        CHECK(world.told().empty());
    }
    SECTION("they call") {
        they_call(world);
        CHECK(world.told() ==
              Strings{"maya: Amara called or wrote since you called. How did it go?"});
    }
    world.logs(Said::agreed_next, world.at(4, 15));  // it has been talked about
    CHECK(world.phase() == "waiting");
}

TEST_CASE("what they wrote before the call is no news after it") {
    World world;
    world.warm();
    world.reply("All good");
    world.advance(1min);
    world.happens(Dialled{maya});
    world.advance(1min);
    world.happens(Acknowledged{maya});
    world.logs(Reached::no_answer);
    CHECK(world.phase() == "waiting");
    CHECK(world.messages() == Strings{"wellbeing settled", "call_me_back settled"});
}

TEST_CASE("a second message of theirs brings back what was put off or only looked at") {
    World world;
    world.warm();
    world.reply("All good");
    world.advance(20s);
    SECTION("put off for days") {
        world.happens(Snoozed{maya, world.at(5, 12)});
    }
    SECTION("looked at") {
        world.happens(Acknowledged{maya});
    }
    SECTION("taken, and let go") {
        world.happens(Claimed{maya});
        world.advance(10min);
    }
    SECTION("gone round all phones, and left for tomorrow") {
        world.advance(3 * 15min);
        REQUIRE(world.c.prompt->rep == lena);
    }
    world.news.clear();
    world.advance(2min);
    REQUIRE(rings(world) == 0);
    world.reply("It is urgent, please call me today");
    CHECK(world.c.prompt->alert_at == world.now + 20s);
    CHECK(world.c.prompt->due_at <= world.now);
    world.advance(20s);
    CHECK(world.told() == Strings{"maya: prompt"});
}

TEST_CASE("a call of theirs brings back what was put off") {
    World world;
    world.warm();
    they_call(world);
    world.advance(1min);
    world.happens(Snoozed{maya, world.at(5, 12)});
    world.advance(1h);
    world.news.clear();
    they_call(world);
    world.advance(1min);
    CHECK(rings(world) == 1);
}

TEST_CASE("a second message while the rep has it in hand rings no phone, nor one in a burst") {
    World world;
    world.warm();
    world.reply("All good");
    world.advance(20s);
    world.news.clear();
    SECTION("in hand") {
        world.happens(Claimed{maya});
        world.advance(1min);
        world.reply("And you?");
        world.advance(8min);
    }
    SECTION("in a burst") {
        world.reply("And you?");
        world.reply("How is it going?");
        world.advance(14min);
    }
    CHECK(rings(world) == 0);
}

TEST_CASE("a second message at night brings back what was put off in the morning") {
    World world;
    world.warm();
    world.reply("All good");
    world.happens(Snoozed{maya, world.at(5, 12)});
    world.advance_to(world.at(1, 23));
    world.news.clear();
    world.reply("It is urgent");
    world.advance_to(world.at(2, 9, 59));
    CHECK(rings(world) == 0);
    world.advance(1min);
    CHECK(rings(world) == 1);
}

TEST_CASE(
    "they write while a line that never came to their phone is tried: the call is due again at once") {
    World world;
    world.call_is_due();
    world.happens(Dialled{maya, Dialled::Over::line});
    const Timestamp dialled = world.now;
    world.advance(1min);
    world.reply("I'm free now");
    world.happens(LineTold{maya, dialled, {LineState::not_rung, 0}});
    CHECK(world.prompt() == "replied");
    CHECK(world.c.prompt->alert_at == world.now);
}
