// Webhooks over real HTTP: only what is authentic goes in, nothing that is authentic is lost, and
// each refusal is clear.

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>
#include <thread>

#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall;
using namespace warmcall::tests;

namespace {

std::int64_t metric(World& world, const std::string& line) {
    const std::string all = world.send("GET", "/metrics").body;
    const std::string row = "\nwarmcall_" + line + " ";  // not its "# HELP" line
    const std::size_t at = all.find(row);
    return at == std::string::npos ? -1 : std::stoll(all.substr(at + row.size()));
}

}  // namespace

TEST_CASE("a signed delivery is decided when the provider sees 200") {
    World world;
    const auto ana = world.called("joel");
    CHECK(world.get("/api/v1/prompts/" + std::to_string(ana.prompt)).object()["words"] ==
          "I'm well, thank you!");
    REQUIRE(world.they_write("34612345678", "STOP").status == 200);
    CHECK(world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object()["reply_status"] ==
          "opted_out");
}

TEST_CASE("the same delivery twice, also at once, is one reply") {
    World world;
    json wish = new_contact("Ana", "+34612345678");
    wish["cadence"] = "gentle";
    const auto id = world.post("/api/v1/contacts", wish).object()["id"].get<std::int64_t>();
    const std::string body = message_body("34612345678", "Fine!", "wamid.one", world.now());
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] { CHECK_NOTHROW(world.webhook(body)); });
    }
    int replies = 0;
    const json contact = world.get("/api/v1/contacts/" + std::to_string(id)).object();
    for (const json& line : contact["timeline"])
        replies += line["what"] == "replied" ? 1 : 0;
    CHECK(replies == 1);
}

TEST_CASE(
    "forged, unsigned and altered deliveries are turned away, counted, and leave nothing behind") {
    World world;
    const auto ana = world.called("joel");
    const json before = world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object();
    const auto inbox = metric(world, "inbox_rows");
    const std::string body = message_body("34612345678", "STOP", "wamid.forged", world.now());
    const std::string other = message_body("34612345678", "STOP", "wamid.other", world.now());
    for (const Headers& headers :
         {Headers{}, Headers{{"X-Hub-Signature-256", "sha256=" + std::string(64, '0')}},
          Headers{{"X-Hub-Signature-256", signature_of(other)}},
          Headers{{"X-Hub-Signature-256", ""}}, Headers{{"X-Hub-Signature", signature_of(body)}}}) {
        const Reply reply = world.send("POST", "/webhooks/main", body, headers);
        CHECK(reply.status == 401);
        CHECK(reply.object()["type"] == "urn:warmcall:problem:not_authentic");
    }
    const std::string truncated = body.substr(0, body.size() / 2);
    CHECK(world
              .send("POST", "/webhooks/main", truncated,
                    {{"X-Hub-Signature-256", signature_of(body)}})
              .status == 401);
    CHECK(world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object() == before);
    world.advance(std::chrono::seconds{10});  // the numbers are at most five seconds old
    CHECK(metric(world, "inbox_rows") == inbox);
    CHECK(metric(world, "quarantined") == 0);
    CHECK(metric(world, "webhooks_total{channel=\"main\",result=\"not_authentic\"}") == 6);
}

TEST_CASE("whoever set a wrong secret finds one line a minute about it in the log") {
    std::ostringstream log;
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
    {
        World world;
        const auto forged = [&] {
            CHECK(world.send("POST", "/webhooks/main", "{\"words\":\"canary\"}").status == 401);
        };
        forged();
        for (int i = 0; i < 12; ++i)
            forged();
        world.advance(std::chrono::seconds{61});
        forged();
        world.send("GET", "/webhooks/main?hub.mode=subscribe&hub.verify_token=canary");
        world.send("POST", "/webhooks/mian", "{}");
        world.send("POST", "/webhooks/mian", "{}");
    }
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test"));
    const std::string lines = log.str();
    INFO(lines);
    const auto times = [&](std::string_view words) {
        int n = 0;
        for (std::size_t at = lines.find(words); at != std::string::npos;
             at = lines.find(words, at + 1))
            ++n;
        return n;
    };
    CHECK(times("channel main: a webhook with a wrong signature: is app_secret right?") == 1);
    CHECK(times("channel main: 13 webhooks with a wrong signature in the last minute: is "
                "app_secret right?") == 1);
    CHECK(times("channel main: a handshake with a wrong token: is verify_token right?") == 1);
    CHECK(times("a webhook for a channel that is not configured: mian") == 1);
    CHECK(times("canary") == 0);
}

TEST_CASE("an authentic delivery that cannot be read is kept and still answered 200") {
    World world;
    for (const std::string& body :
         {std::string{"{\"object\": "}, std::string{"not json"}, std::string(100'000, '['),
          std::string{"[]"}, std::string{"\xff\xfe"}}) {
        const Reply reply = world.webhook(body);
        INFO(body.substr(0, 40));
        CHECK(reply.status == 200);
    }
    world.advance(std::chrono::seconds{10});  // the numbers are at most five seconds old
    CHECK(metric(world, "quarantined") >= 4);
    CHECK(metric(world, "webhooks_total{channel=\"main\",result=\"unreadable\"}") >= 4);
}

TEST_CASE("the content type does not matter when the signature fits") {
    World world;
    const std::string body = message_body("34612345678", "hello", "wamid.1", world.now());
    CHECK(world
              .send("POST", "/webhooks/main", body,
                    {{"Content-Type", "text/plain"}, {"X-Hub-Signature-256", signature_of(body)}})
              .status == 200);
    CHECK(world.send("POST", "/webhooks/main", body, {{"X-Hub-Signature-256", signature_of(body)}})
              .status == 200);
}

TEST_CASE("an oversized delivery is refused before it is read, an almost oversized one is not") {
    World world;
    CHECK(world.announce("/webhooks/main", 3 * 1024 * 1024 + 1).status == 413);
    CHECK(world
              .webhook(message_body("34612345678", "hello", "wamid.1", world.now()) +
                       std::string(2'900'000, ' '))
              .status == 200);
    CHECK(world.announce("/webhooks/nobody", 70'000).status == 413);
}

TEST_CASE("an unknown channel is not found, and counted") {
    World world;
    CHECK(world.webhook("{}", "nobody").status == 404);
    CHECK(world.send("GET", "/webhooks/nobody?hub.mode=subscribe").status == 404);
    CHECK(metric(world, "webhooks_unknown_channel_total") == 2);
}

TEST_CASE(
    "the handshake answers the challenge to whoever knows the verify token, and to nobody else") {
    World world;
    const Reply right = world.send(
        "GET",
        "/webhooks/"
        "main?hub.mode=subscribe&hub.verify_token=invented-verify-token&hub.challenge=1158201444");
    CHECK(right.status == 200);
    CHECK(right.body == "1158201444");
    const Reply wrong = world.send(
        "GET", "/webhooks/main?hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1158201444");
    CHECK(wrong.status == 403);
    CHECK(wrong.body.find("1158201444") == std::string::npos);
}

TEST_CASE("a writer that wrote to nobody we know is no error of the provider's") {
    World world;
    CHECK(world.they_write("34699999999", "Hello, who is this?").status == 200);
}
