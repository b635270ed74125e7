#include "sandbox/world.hpp"
#include "support/catch.hpp"

using namespace sandbox_tests;
using namespace std::chrono_literals;

namespace {

Heard hurried(const World& world, const Json& body, std::chrono::milliseconds limit) {
    return ask(world.port, "POST", std::string{"/v24.0/"} + number_id + "/messages", body.dump(),
               {bearer, "Content-Type: application/json"}, limit);
}

void script(World& world, const Json& rule) {
    const Heard heard = world.control("rules", rule);
    INFO(heard.body);
    REQUIRE(heard.status == 200);
}

std::vector<std::string> words(const std::vector<Json>& statuses) {
    std::vector<std::string> found;
    for (const Json& status : statuses)
        found.push_back(status["status"]);
    return found;
}

}  // namespace

TEST_CASE("taken and then silence: the client waits, the message is out, and the ledger knows it") {
    World world;
    script(world, {{"then", "accept-then-hang"}, {"times", 1}});
    CHECK(hurried(world, wellbeing_to(ines, "Ines", "tok-1"), 300ms).end == Heard::End::silent);
    CHECK(world.entries("accepted").at(0)["token"] == "tok-1");
    CHECK(world.entries("answer").at(0)["ending"] == "hang");
    world.gateway.wait_for(3);
    CHECK(world.send(wellbeing_to(ines)).status == 200);
}

TEST_CASE("a silence ends by itself, without an answer") {
    auto options = usual();
    options.hang_time = 50ms;
    World world{options};
    script(world, {{"then", "accept-then-hang"}});
    const Heard heard = world.send(wellbeing_to(ines));
    CHECK(heard.end != Heard::End::whole);
    CHECK(heard.end != Heard::End::silent);
    CHECK(heard.status == 0);
}

TEST_CASE("taken and then the connection is torn down") {
    World world;
    script(world, {{"then", "accept-then-reset"}});
    CHECK(world.send(wellbeing_to(ines)).end == Heard::End::reset);
    CHECK(world.entries("accepted").size() == 1);
    world.gateway.wait_for(3);
}

TEST_CASE("taken and then a 500: the receipts come all the same") {
    World world;
    script(world, {{"then", "accept-then-500"}});
    const Heard heard = world.send(wellbeing_to(ines, "Ines", "tok-2"));
    CHECK(heard.status == 500);
    CHECK(code_of(heard) == 131000);
    world.gateway.wait_for(3);
    CHECK(world.statuses()[0]["biz_opaque_callback_data"] == "tok-2");
}

TEST_CASE("not taken looks just the same on the wire, and no receipt follows") {
    const std::string then = GENERATE("reject-then-hang", "reject-then-reset", "reject-then-500");
    World world;
    script(world, {{"then", then}});
    const Heard heard = hurried(world, wellbeing_to(ines), 300ms);
    if (then == "reject-then-500")
        CHECK(heard.status == 500);
    else
        CHECK(heard.end == (then == "reject-then-hang" ? Heard::End::silent : Heard::End::reset));
    world.flush();
    CHECK(world.entries("accepted").empty());
    CHECK(world.gateway.posts().empty());
}

TEST_CASE("any refusal of Meta's list can be played") {
    World world;
    for (const auto& [code, status] : std::vector<std::pair<int, int>>{{131048, 400},
                                                                       {368, 403},
                                                                       {131016, 500},
                                                                       {133004, 503},
                                                                       {131031, 403},
                                                                       {3, 500},
                                                                       {131045, 500},
                                                                       {131057, 500},
                                                                       {134102, 500}}) {
        ask(world.port, "DELETE", "/_control/rules");
        script(world, {{"then", "reject"}, {"code", code}});
        const Heard heard = world.send(wellbeing_to(ines));
        CHECK(heard.status == status);
        CHECK(code_of(heard) == code);
    }
    CHECK(world.entries("accepted").empty());
}

TEST_CASE("429 says when to come back") {
    World world;
    script(world, {{"then", "too-many-requests"}, {"retry_after_s", 7}, {"times", 2}});
    for (int i = 0; i < 2; ++i) {
        const Heard heard = world.send(wellbeing_to(ines));
        CHECK(heard.status == 429);
        CHECK(heard.headers.at("retry-after") == "7");
        CHECK(code_of(heard) == 80007);
    }
    CHECK(world.send(wellbeing_to(ines)).status == 200);
}

TEST_CASE("the receipt can be there before the answer") {
    World world;
    script(world, {{"receipts", "before-answer"}});
    const Heard heard = world.send(wellbeing_to(ines));
    REQUIRE(heard.status == 200);
    REQUIRE_FALSE(world.statuses().empty());  // not waited for
    CHECK(world.statuses()[0]["status"] == "sent");
    CHECK(world.statuses()[0]["id"] == heard.json()["messages"][0]["id"]);
    std::uint64_t receipt = 0;
    std::uint64_t answer = 0;
    const Json page = world.view("ledger?limit=1000");
    for (const Json& entry : page["entries"]) {
        if (entry["kind"] == "webhook_answer" && receipt == 0)
            receipt = entry["seq"];
        if (entry["kind"] == "answer")
            answer = entry["seq"];
    }
    CHECK(receipt > 0);
    CHECK(receipt < answer);
}

TEST_CASE("receipts can be doubled, turned round, late or missing") {
    World world;
    SECTION("doubled") {
        script(world, {{"webhook_copies", 3}});
        world.send(wellbeing_to(ines));
        const auto posts = world.gateway.wait_for(9);
        CHECK(words(world.statuses()) ==
              std::vector<std::string>{"sent", "sent", "sent", "delivered", "delivered",
                                       "delivered", "read", "read", "read"});
        CHECK(posts[0].body == posts[2].body);
        CHECK(world.view("messages")["messages"][0]["steps"].size() ==
              4);  // accepted and once each
    }
    SECTION("turned round") {
        script(world, {{"receipts", "reversed"}});
        world.send(wellbeing_to(ines));
        world.gateway.wait_for(3);
        CHECK(words(world.statuses()) == std::vector<std::string>{"read", "delivered", "sent"});
    }
    SECTION("missing") {
        script(world, {{"receipts", "none"}});
        world.send(wellbeing_to(ines));
        CHECK(world.flush() == Json{{"posted", 0}, {"failed", 0}, {"waiting", 0}});
    }
    SECTION("late, by the sandbox's own clock") {
        script(world, {{"receipts_after_ms", 600'000}});
        world.send(wellbeing_to(ines));
        CHECK(world.view("state")["webhooks_waiting"] == 3);
        CHECK(world.gateway.posts().empty());
        world.advance(11min);
        world.gateway.wait_for(3);
    }
    SECTION("failing later") {
        script(world, {{"fails_with", 131026}});
        world.send(wellbeing_to(ines));
        world.flush();
        CHECK(words(world.statuses()) == std::vector<std::string>{"failed"});
        CHECK(world.statuses()[0]["errors"][0]["code"] == 131026);
    }
}

TEST_CASE("the first rule that fits is the one that counts") {
    World world;
    script(world, {{"rules",
                    {{{"to", "+61 491 570 157"}, {"then", "reject"}, {"code", 131048}},
                     {{"kind", "template"}, {"nth", 2}, {"then", "reject"}, {"code", 131016}},
                     {{"template", "rep_notice"}, {"then", "reject"}, {"code", 368}}}}});
    world.opened(ines);
    CHECK(code_of(world.send(wellbeing_to(ines))) == 0);
    CHECK(code_of(world.send(wellbeing_to(farid))) == 131048);
    CHECK(code_of(world.send(text_to(ines))) == 0);
    CHECK(code_of(world.send(wellbeing_to(ines))) == 131016);
    CHECK(code_of(world.send(wellbeing_to(ines))) == 0);
    const Json rules = world.view("rules")["rules"];
    CHECK(rules[0]["applied"] == 1);
    CHECK(rules[1]["applied"] == 1);
    CHECK(rules[2]["applied"] == 0);
}

TEST_CASE("chance comes from the seed: the same sends meet the same luck") {
    const auto luck = [](std::uint64_t seed) {
        auto options = usual();
        options.seed = seed;
        options.behaviour.pair_limit = false;
        options.behaviour.receipts = false;
        World world{options};
        script(world, {{"then", "reject"}, {"code", 131000}, {"probability", 0.5}});
        std::string drawn;
        for (int i = 0; i < 40; ++i)
            drawn += world.send(wellbeing_to(ines)).status == 200 ? '1' : '0';
        return drawn;
    };
    const std::string seven = luck(7);
    CHECK(seven == luck(7));
    CHECK(seven != luck(8));
    CHECK(seven.find('0') != seven.npos);
    CHECK(seven.find('1') != seven.npos);
}

TEST_CASE("an answer can be slow") {
    World world;
    script(world, {{"delay_ms", 150}});
    const auto began = std::chrono::steady_clock::now();
    CHECK(world.send(wellbeing_to(ines)).status == 200);
    CHECK(std::chrono::steady_clock::now() - began >= 150ms);
}

TEST_CASE("the sandbox stops at once although a client is kept hanging") {
    std::chrono::steady_clock::time_point stopping;
    {
        World world;
        script(world, {{"then", "accept-then-hang"}});
        CHECK(hurried(world, wellbeing_to(ines), 100ms).end == Heard::End::silent);
        stopping = std::chrono::steady_clock::now();
    }
    CHECK(std::chrono::steady_clock::now() - stopping < 10s);
}
