// When the first way to somebody fails: the second one, the night between them, and what it must
// not be taken for.

#include "core/decide.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall::core;
using namespace std::chrono_literals;
using How = SendSettled::How;
using Strings = std::vector<std::string>;

TEST_CASE("the night comes between the first way and the second: the SMS goes in the morning") {
    World world;
    world.add_sms();
    world.now = world.at(1, 20, 58);
    world.enrol();
    world.sends(world.newest());
    world.advance(1min);
    world.learns(world.newest(), fact_failed(world.now));
    REQUIRE(world.message(world.newest()).channel == sms);
    world.advance(2min);
    CHECK_FALSE(world.claims(world.newest()));
    REQUIRE(world.phase() == "planned");
    world.advance_to(world.at(2, 10));
    CHECK(world.phase() == "warming");
    CHECK(world.messages() ==
          Strings{"wellbeing settled", "wellbeing cancelled", "wellbeing queued"});
    CHECK(world.message(world.newest()).channel == sms);
}

TEST_CASE("the second way is full for today: it takes the text tomorrow") {
    World world;
    world.plan.channels.insert(world.plan.channels.begin(),
                               {.id = sms, .provider = "twilio", .medium = Medium::sms});
    world.enrol();
    REQUIRE(world.message(world.newest()).channel == sms);
    world.sends(world.newest());
    world.learns(world.newest(), fact_failed(world.now, 30003));
    REQUIRE(world.message(world.newest()).channel == whatsapp);
    world.happens(GateRefused{
        world.newest(),
        {.code = GateCode::channel_full, .sentence = "Full.", .again_at = world.at(2, 12)}});
    REQUIRE(world.phase() == "planned");
    world.advance_to(world.at(2, 12));
    CHECK(world.phase() == "warming");
    CHECK(world.message(world.newest()).channel == whatsapp);  // what failed is not tried again
}

TEST_CASE("sent again by the rep, and the night comes: the text goes in the morning") {
    World world;
    world.now = world.at(1, 20, 20);
    world.enrol();
    const MessageId first = world.newest();
    REQUIRE(world.claims(first));
    world.settles(first, How::unknown);
    world.advance(30min);
    world.happens(UnknownAnswered{first, UnknownAnswered::Answer::send_again});
    world.advance(20min);
    CHECK_FALSE(world.claims(world.newest()));
    REQUIRE(world.phase() == "planned");
    world.advance_to(world.at(2, 10));
    CHECK(world.phase() == "warming");
    CHECK(world.messages() ==
          Strings{"wellbeing settled", "wellbeing cancelled", "wellbeing queued"});
}
