// The live stream: what happens comes by itself, resumes where it broke off, and shows a rep their
// own contacts only.

#include <thread>

#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall;
using namespace warmcall::tests;

namespace {

std::string data_of(std::int64_t contact, const char* what) {
    return "\"contact\":" + std::to_string(contact) + ",\"what\":\"" + what + "\"";
}

// Others to whom something happens all the time.
class Busy {
 public:
    explicit Busy(World& world)
        : thread_{[&world](const std::stop_token& stop) {
              while (!stop.stop_requested())
                  world.transact([](Unit&) {});
          }} {}

 private:
    std::jthread thread_;
};

std::string last_id(const std::string& seen) {
    const std::size_t at = seen.rfind("id: ");
    return seen.substr(at + 4, seen.find('\n', at) - at - 4);
}

}  // namespace

TEST_CASE("a reply shows up on the stream without being asked for") {
    World world;
    const auto ana = world.called("joel");
    Events events{world.port(), {world.rep_bearer.at("joel")}, "/api/v1/stream"};
    CHECK(events.status() == 200);
    CHECK(events.until(": warmcall").find("text/event-stream") != std::string::npos);
    REQUIRE(world.they_write("34612345678", "And you?").status == 200);
    CHECK(events.until(data_of(ana.contact, "replied")).find("event: change") != std::string::npos);
}

TEST_CASE("a stream resumes after the last event that was seen, and misses nothing") {
    World world;
    const auto ana = world.called("joel");
    std::string seen_upto;
    {
        Events events{world.port(), {world.rep_bearer.at("joel")}, "/api/v1/stream"};
        events.until(": warmcall");
        REQUIRE(world.they_write("34612345678", "One").status == 200);
        seen_upto = last_id(events.until(data_of(ana.contact, "replied")));
    }
    REQUIRE(world
                .post_as("joel", "/api/v1/prompts/" + std::to_string(ana.prompt) + "/dial",
                         json::object())
                .status == 200);
    for (const bool by_header : {true, false}) {
        Headers headers{world.rep_bearer.at("joel")};
        if (by_header)
            headers.emplace_back("Last-Event-ID", seen_upto);
        Events again{world.port(), headers,
                     by_header ? std::string{"/api/v1/stream"}
                               : "/api/v1/stream?last_event_id=" + seen_upto};
        const std::string& seen = again.until(data_of(ana.contact, "dialled"));
        CHECK(seen.find(data_of(ana.contact, "replied")) == std::string::npos);
    }
}

TEST_CASE("a stream on which nothing was heard yet can be resumed, too") {
    World world;
    const auto ana = world.called("joel");
    std::string from;
    {
        Events events{world.port(), {world.rep_bearer.at("joel")}, "/api/v1/stream"};
        from = last_id(events.until(": warmcall"));
    }
    REQUIRE(world.they_write("34612345678", "while nobody listened").status == 200);
    Events again{
        world.port(), {world.rep_bearer.at("joel"), {"Last-Event-ID", from}}, "/api/v1/stream"};
    CHECK(again.until(data_of(ana.contact, "replied")).find("reset") == std::string::npos);
}

TEST_CASE("a rep's stream is silent about other reps' contacts") {
    World world;
    const auto ana = world.called("joel");
    const auto bo = world.called("kim", "Bo", "34612345679");
    Events events{world.port(), {world.rep_bearer.at("kim")}, "/api/v1/stream"};
    events.until(": warmcall");
    REQUIRE(world.they_write("34612345678", "for joel").status == 200);
    REQUIRE(world.they_write("34612345679", "for kim").status == 200);
    const std::string& seen = events.until(data_of(bo.contact, "replied"));
    CHECK(seen.find("\"contact\":" + std::to_string(ana.contact) + ",") == std::string::npos);
    CHECK(seen.find("for kim") == std::string::npos);  // no words on the stream
}

TEST_CASE("an id from another life makes the client fetch everything anew") {
    World world;
    world.called("joel");
    Events events{
        world.port(), {world.rep_bearer.at("joel"), {"Last-Event-ID", "999999"}}, "/api/v1/stream"};
    CHECK(events.until("\"what\":\"reset\"").find("\"contact\":null") != std::string::npos);
}

TEST_CASE("one rep holds at most eight streams: a ninth ends the oldest") {
    World world;
    std::vector<Events> open;
    for (int i = 0; i < 9; ++i) {
        open.emplace_back(world.port(), Headers{world.rep_bearer.at("joel")}, "/api/v1/stream");
        CHECK(open.back().status() == 200);
    }
    CHECK(open.front().ends());
    const auto ana = world.called("joel");
    for (std::size_t i = 1; i < open.size(); ++i)
        CHECK_NOTHROW(open[i].until(data_of(ana.contact, "replied")));
}

TEST_CASE("a line is not taken for dead while others are busy") {
    World world{{.ping_every = std::chrono::milliseconds{300}}};
    Events events{world.port(), {world.rep_bearer.at("joel")}, "/api/v1/stream"};
    const Busy others{world};
    CHECK_NOTHROW(events.until(": ping"));
}

TEST_CASE("whoever is signed out hears nothing more, however busy the others are") {
    World world{{.ping_every = std::chrono::milliseconds{300}}};
    const std::string cookie = world.sign_in("joel");
    Events events{world.port(), {{"Cookie", cookie}}, "/api/v1/stream"};
    events.until(": warmcall");
    const Busy others{world};
    REQUIRE(world
                .send("POST", "/logout", {},
                      {{"Cookie", cookie},
                       {"X-Requested-With", "warmcall"},
                       {"Origin", "http://warmcall.test"}})
                .status == 204);
    CHECK(events.ends());
}

TEST_CASE("whoever loses a contact to a colleague is told to look again") {
    World world;
    const auto ana = world.called("kim");
    Events before{world.port(), {world.rep_bearer.at("kim")}, "/api/v1/stream"};
    Events after{world.port(), {world.rep_bearer.at("sam")}, "/api/v1/stream"};
    before.until(": warmcall");
    after.until(": warmcall");
    REQUIRE(world
                .post("/api/v1/outreaches/" + std::to_string(ana.outreach) + "/reassign",
                      {{"rep", "sam"}})
                .status == 200);
    CHECK(before.until("\"what\":\"reset\"").find("\"contact\":null") != std::string::npos);
    CHECK_NOTHROW(after.until(data_of(ana.contact, "reassigned")));
}

TEST_CASE("whose record was merged into a colleague's is told to look again") {
    World world;
    const auto ana = world.called("joel");
    const auto other = world.post("/api/v1/contacts", new_contact("Ana P.", "+34612345679", "kim"))
                           .object()["id"]
                           .get<std::int64_t>();
    Events events{world.port(), {world.rep_bearer.at("kim")}, "/api/v1/stream"};
    events.until(": warmcall");
    REQUIRE(
        world.post("/api/v1/contacts/" + std::to_string(other) + "/merge", {{"into", ana.contact}})
            .status == 200);
    CHECK_NOTHROW(events.until("\"what\":\"reset\""));
}
