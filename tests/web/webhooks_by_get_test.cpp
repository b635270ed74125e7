// Providers that deliver by GET, and receipts at an address of their own: the same door for all.

#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall;
using namespace warmcall::tests;

namespace {

const std::string secret = "secret=invented-webhook-secret";
const std::string token = "000102030405060708090a0b0c0d0e0f";

std::string status_of(World& world, std::int64_t contact) {
    return world.get("/api/v1/contacts/" + std::to_string(contact)).object()["reply_status"];
}

}  // namespace

TEST_CASE("an SMS that comes by GET is decided when its provider sees 200, with nothing in it") {
    World world;
    const auto ana = world.called("joel");
    const Reply reply =
        world.send("GET", "/webhooks/gateway?" + secret +
                              "&from=%2B34612345678&text=STOP&id=1&time=1770112800");
    CHECK(reply.status == 200);
    CHECK(reply.body.empty());
    CHECK(reply.header("Content-Type").starts_with("text/plain"));
    CHECK(status_of(world, ana.contact) == "opted_out");
}

TEST_CASE("a GET without the channel's secret is turned away, and changes nothing") {
    World world;
    const auto ana = world.called("joel");
    const std::string before = status_of(world, ana.contact);
    for (const char* query : {"from=%2B34612345678&text=STOP&id=1&time=1770112800",
                              "secret=wrong&from=%2B34612345678&text=STOP&id=1&time=1770112800"}) {
        CHECK(world.send("GET", std::string{"/webhooks/gateway?"} + query).status == 401);
        CHECK(world.send("GET", "/webhooks/gateway/status/" + token + "?" + query).status == 401);
    }
    CHECK(status_of(world, ana.contact) == before);
}

TEST_CASE("a receipt that comes by GET to its own address is taken") {
    World world;
    CHECK(world
              .send("GET", "/webhooks/gateway/status/" + token + "?" + secret +
                               "&type=1&time=1770112800&answer=")
              .status == 200);
}

TEST_CASE("a provider with a handshake of its own takes no delivery by GET") {
    World world;
    CHECK(world.send("GET", "/webhooks/main?" + secret + "&from=%2B34612345678&text=STOP").status ==
          403);
    CHECK(world.send("GET", "/webhooks/main/status/" + token + "?" + secret).status == 401);
}
