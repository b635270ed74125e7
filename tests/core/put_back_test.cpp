// After a backup was put back: what may have left since it was made is not sent again, and every
// call still comes.

#include "core/world.hpp"
#include "support/catch.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;

namespace {

// As restore does it: each waiting text, then whoever has an outreach under way.
void put_back(World& world, Timestamp unknown_until) {
    world.plan.unknown_until = unknown_until;
    const auto texts = world.outbox;
    for (const auto& [id, m] : texts) {
        if (m.state == MessageState::queued && m.not_before <= unknown_until) {
            world.happens(PerhapsLeft{id});
        }
    }
    world.happens(PutBack{unknown_until});
}

}  // namespace

TEST_CASE("a text that waited when the backup was made is not sent again, and its call comes") {
    World world;
    world.enrol();
    world.advance(1min);
    REQUIRE(world.messages() == std::vector<std::string>{"wellbeing queued"});
    world.now += 5h;  // of which the backup knows nothing
    put_back(world, world.now);
    CHECK(world.messages() == std::vector<std::string>{"wellbeing unknown"});
    CHECK(world.noted("put_back"));
    CHECK(world.phase() == "warming");  // its receipt, or their reply, may still come
    world.advance(4h);
    CHECK(world.prompt() == "silent");
    world.advance(3 * 24h);
    CHECK(world.messages() == std::vector<std::string>{"wellbeing unknown"});
}

TEST_CASE("whoever was due since is called without a text, and the rep reads why") {
    World world;
    world.happens(Enrolled{"gentle"});
    REQUIRE(world.phase() == "planned");
    world.now += 24h;  // its text left the installation that is gone
    put_back(world, world.now);
    world.advance(1min);
    REQUIRE(world.prompt() == "no_warmup");
    CHECK(world.c.prompt->reason ==
          "A backup was put back, so we cannot tell whether they were asked how they are less than "
          "a week ago. Call Amara anyway.");
    CHECK(world.messages().empty());
}

TEST_CASE("whoever had a later date is asked how they are when it comes") {
    World world;
    world.on_call();
    world.logs(Said::agreed_next, world.now + 20 * 24h, "the harvest");
    REQUIRE(world.phase() == "waiting");
    world.advance(24h);
    put_back(world, world.now);
    world.network = Network::delivers;
    world.advance(20 * 24h);
    CHECK(world.message(world.newest()).facts.delivered);
    CHECK(world.prompt() == "promised");
}

TEST_CASE("whoever is enrolled in the week after is called without a text, and later with one") {
    World world;
    world.plan.unknown_until = world.now;
    world.enrol();
    world.advance(1min);
    CHECK(world.prompt() == "no_warmup");
    World later;
    later.plan.unknown_until = later.now - 7 * 24h;
    later.enrol();
    later.advance(1min);
    CHECK(later.messages() == std::vector<std::string>{"wellbeing queued"});
}

TEST_CASE("nobody is asked a second time to call back on the day of the backup") {
    World world;
    world.call_is_due();
    world.happens(Dialled{maya});
    put_back(world, world.now);  // meanwhile Maya may have noted that nobody picked up
    world.logs(Reached::no_answer);
    CHECK(world.phase() == "waiting");
    for (const std::string& m : world.messages()) {
        CHECK(m.find("call_me_back") == std::string::npos);
    }
}

TEST_CASE("twice is like once: an interrupted restore begins anew") {
    World world;
    world.enrol();
    world.advance(1min);
    put_back(world, world.now);
    const Case once = world.c;
    put_back(world, world.now);
    CHECK(world.c == once);
}
