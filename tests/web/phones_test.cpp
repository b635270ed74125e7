// A rep's phones and calendar over the API.

#include "support/catch.hpp"
#include "web/ics.hpp"
#include "world.hpp"

using namespace warmcall;
using namespace warmcall::tests;
using namespace std::chrono_literals;

namespace {

json browser(std::string endpoint = "https://push.test/1") {
    return {{"name", "Firefox · Android"},
            {"endpoint", std::move(endpoint)},
            {"keys", {{"p256dh", "key"}, {"auth", "secret"}}}};
}

Reply as(World& world, const char* rep, std::string_view method, std::string_view path,
         const json& body = {}) {
    return world.send(method, path, body.is_null() ? "" : body.dump(),
                      {world.rep_bearer.at(rep), {"Content-Type", "application/json"}});
}

}  // namespace

TEST_CASE("a browser signs up, twice is once, and only its rep can remove it") {
    World world;
    const Reply made = as(world, "joel", "POST", "/api/v1/devices", browser());
    INFO(made.body);
    REQUIRE(made.status == 201);
    const std::string id = made.object().at("id");
    CHECK(as(world, "joel", "POST", "/api/v1/devices", browser()).object().at("id") == id);
    CHECK(as(world, "sam", "DELETE", "/api/v1/devices/" + id).status == 404);
    CHECK(as(world, "joel", "DELETE", "/api/v1/devices/" + id).status == 204);
    CHECK(as(world, "joel", "DELETE", "/api/v1/devices/" + id).status == 404);
    CHECK(as(world, "joel", "DELETE", "/api/v1/devices/joel.message").status == 404);
    CHECK(as(world, "joel", "GET", "/api/v1/devices").object().at("push_key") == "PUBLIC");
    CHECK(world.send("GET", "/api/v1/devices").status == 401);
}

TEST_CASE("an address that is no push service is refused with the field's name") {
    World world;
    const Reply refused =
        as(world, "joel", "POST", "/api/v1/devices", browser("http://169.254.169.254/x"));
    CHECK(refused.status == 422);
    CHECK(refused.object().at("errors").at(0).at("field") == "endpoint");
    json bare = browser();
    bare.erase("keys");
    CHECK(as(world, "joel", "POST", "/api/v1/devices", bare).status == 422);
    bare = browser();
    bare["keys"].erase("auth");
    CHECK(as(world, "joel", "POST", "/api/v1/devices", bare).status == 422);
    CHECK(as(world, "joel", "POST", "/api/v1/devices/push-1/test", json::object()).status == 404);
}

TEST_CASE("a rep keeps at most twenty browsers; the one not seen for longest goes") {
    World world;
    std::string first;
    for (int i = 0; i < 21; ++i) {
        const Reply made = as(world, "joel", "POST", "/api/v1/devices",
                              browser("https://push.test/" + std::to_string(i)));
        REQUIRE(made.status == 201);
        if (i == 0) {
            first = made.object().at("id");
        }
    }
    CHECK(as(world, "joel", "DELETE", "/api/v1/devices/" + first).status == 404);
}

TEST_CASE("a calendar's address is a secret of its rep, and a new one ends the old") {
    World world;
    const auto path = [&](const char* rep) {
        const std::string url = as(world, rep, "GET", "/api/v1/calendar").object().at("url");
        return url.substr(url.find("/cal/"));
    };
    const std::string address = path("joel");
    CHECK(address.ends_with(".ics"));
    const Reply feed = world.send("GET", address);
    CHECK(feed.status == 200);
    CHECK(feed.header("Content-Type") == "text/calendar; charset=utf-8");
    CHECK(feed.body.starts_with("BEGIN:VCALENDAR\r\n"));
    CHECK(feed.body.find("REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n") != std::string::npos);
    CHECK(world.send("GET", address, {}, {{"If-None-Match", feed.header("ETag")}}).status == 304);
    std::string wrong = address;
    wrong[wrong.size() - 6] = wrong[wrong.size() - 6] == 'A' ? 'B' : 'A';
    CHECK(world.send("GET", wrong).status == 404);
    CHECK(world.send("GET", "/cal/").status == 404);
    CHECK(path("sam") != address);
    CHECK(as(world, "joel", "POST", "/api/v1/calendar/rotate", json::object()).status == 200);
    CHECK(world.send("GET", address).status == 404);
    CHECK(world.send("GET", path("joel")).status == 200);
}

TEST_CASE("calendar text is folded at 75 octets and never inside a character") {
    web::CalendarEntry entry{.uid = "outreach-1-1@warmcall",
                             .url = "https://calls.test/#/contact/1"};
    entry.summary = "बीना; \"B\", और \\ बहुत लंबा नाम जो कई पंक्तियों में मुड़ेगा 📚📚📚📚📚📚📚📚📚📚📚📚";
    entry.description = "first line\nsecond line";
    entry.at = core::from_unix_ms(1'793'593'800'000);
    const std::string text = web::calendar_text("Joel: calls", {entry});
    std::size_t begin = 0;
    for (std::size_t end = text.find("\r\n"); end != std::string::npos;
         begin = end + 2, end = text.find("\r\n", begin)) {
        CHECK(end - begin <= 75);
        CHECK((static_cast<unsigned char>(text[begin]) & 0xC0) != 0x80);
        if (text[begin] == ' ') {
            CHECK((static_cast<unsigned char>(text[begin + 1]) & 0xC0) != 0x80);
        }
    }
    CHECK(begin == text.size());
    CHECK(text.find("\\;") != std::string::npos);
    CHECK(text.find("\\n") != std::string::npos);
    CHECK(text.find("TRANSP:TRANSPARENT\r\n") != std::string::npos);
    CHECK(text.find("TRIGGER:-PT5M\r\n") != std::string::npos);
}
