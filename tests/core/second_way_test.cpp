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

TEST_CASE(
    "the rep writes to them while our text is leaving: they get no SMS besides, and the call waits") {
    World world;
    world.add_sms();
    world.enrol();
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    world.advance(1min);
    world.happens(RepWrote{world.now});
    REQUIRE(world.may_go(text).code == GateCode::frequency);
    world.happens(GateRefused{text, world.may_go(text)});
    CHECK(world.outbox.size() == 1);
    CHECK(world.c.contact.last_wellbeing_at == world.now);
    CHECK(world.phase() == "warming");
    world.advance(45min);
    CHECK(world.prompt() == "silent");
    CHECK(world.c.prompt->reason == "No reply from Amara. Call anyway.");
}

TEST_CASE("what no other way could mend is not tried another way") {
    World world;
    world.add_sms();
    world.enrol();
    world.happens(GateRefused{
        world.newest(),
        {.code = GateCode::too_late, .sentence = "It was no longer fresh enough to send."}});
    CHECK(world.outbox.size() == 1);
    CHECK(world.prompt() == "no_warmup");
}

TEST_CASE("a promised call comes at its time while the second way still waits to go") {
    World world;
    world.add_sms();
    world.on_call();
    world.logs(Said::agreed_next, world.at(15, 15));
    world.network = Network::off;
    world.advance_to(world.at(15, 14));
    const MessageId text = world.newest();
    REQUIRE(world.claims(text));
    SECTION("because the first failed") {
        world.settles(text, How::refused, fact_failed(world.now));
        REQUIRE(world.message(world.newest()).channel == sms);
    }
    SECTION("because the rep sent it again") {
        world.settles(text, How::unknown);
        world.happens(UnknownAnswered{text, UnknownAnswered::Answer::send_again});
        REQUIRE(world.newest() != text);
    }
    world.advance_to(world.at(15, 15));
    CHECK(world.prompt() == "promised");
}

TEST_CASE("whoever writes or calls on WhatsApp is on WhatsApp") {
    World world;
    world.add_sms();
    world.enrol();
    world.sends(world.newest());
    world.learns(world.newest(), fact_failed(world.now));
    REQUIRE(world.c.contact.whatsapp_unreachable_at);
    SECTION("writes") {
        world.reply("Hi Maya!");
        world.happens(WroteByRep{maya, "How is the shop?"});
        CHECK(world.refused() == "");
    }
    SECTION("calls") {
        world.happens(TheyCalled{world.now, whatsapp, {AddressKind::whatsapp, "919876543210"}});
    }
    CHECK_FALSE(world.c.contact.whatsapp_unreachable_at);
}

TEST_CASE("a number that does not work is the one that was dialled, not the others") {
    World world;
    world.c.contact.addresses.push_back({AddressKind::phone, "+919811111111"});
    world.on_call();
    world.logs(Reached::bad_number);
    CHECK(world.phase() == "waiting");
    CHECK(world.c.contact.addresses == std::vector<Address>{{AddressKind::phone, "+919811111111"}});
    CHECK(world.told() ==
          Strings{"maya: That number of Amara does not work. The next call goes to the other."});
}
