// Signing in: one-time links, sessions, tokens, and that no other site can use a rep's browser.

#include "web/sign_in.hpp"

#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall;
using namespace warmcall::tests;
using namespace std::chrono_literals;

namespace {

const Headers::value_type own{"X-Requested-With", "warmcall"};
const Headers::value_type from_here{"Origin", "http://warmcall.test"};
const Headers::value_type as_json{"Content-Type", "application/json"};

Reply me(World& world, const std::string& cookie) {
    return world.send("GET", "/api/v1/me", {}, {{"Cookie", cookie}});
}

Reply log_in(World& world, const std::string& token, Headers more = {}) {
    more.push_back(as_json);
    return world.send("POST", "/login", json{{"token", token}}.dump(), std::move(more));
}

}  // namespace

TEST_CASE("a one-time link signs a phone in, once") {
    World world;
    const std::string token = world.link("joel");
    CHECK(token.size() >= 22);  // 128 bits
    const Reply in = log_in(world, token);
    REQUIRE(in.status == 204);
    const std::string set = in.header("Set-Cookie");
    CHECK(set.starts_with("wc="));
    CHECK(set.find("HttpOnly") != std::string::npos);
    CHECK(set.find("SameSite=Lax") != std::string::npos);
    CHECK(set.find("Path=/") != std::string::npos);
    CHECK(set.find("Secure") == std::string::npos);
    CHECK(me(world, set.substr(0, set.find(';'))).object()["rep"]["id"] == "joel");
    const Reply again = log_in(world, token);
    CHECK(again.status == 401);
    CHECK(again.header("Set-Cookie").empty());
}

TEST_CASE("looking at a link uses nothing up; the link dies after ten minutes") {
    World world;
    const std::string token = world.link("joel");
    world.send("GET", "/login?t=" + token);
    world.send("HEAD", "/login");
    world.advance(9min);
    CHECK(log_in(world, token).status == 204);
    const std::string late = world.link("joel");
    world.advance(11min);
    CHECK(log_in(world, late).status == 401);
}

TEST_CASE("without script a form does it, with the code or with the whole link") {
    World world;
    const Headers form{{"Content-Type", "application/x-www-form-urlencoded"}, {"Origin", "null"}};
    const Reply in =
        world.send("POST", "/login",
                   "token=http%3A%2F%2Fwarmcall.test%2Flogin%23t%3D" + world.link("joel"), form);
    CHECK(in.status == 303);
    CHECK(in.header("Location") == "/");
    CHECK_FALSE(in.header("Set-Cookie").empty());
    const Reply wrong = world.send("POST", "/login", "token=%3Cscript%3E", form);
    CHECK(wrong.status == 401);
    CHECK(wrong.body.find("<script>") == std::string::npos);
    CHECK(world.send("GET", "/login").body.find("action=\"/login\"") != std::string::npos);
}

TEST_CASE("behind https the cookie is bound to the host and never sent in the clear") {
    World world{{.public_url = "https://calls.example.com/"}};
    const Reply made = world.post("/api/v1/reps/joel/sign_in_link", json::object());
    const std::string url = made.object()["url"];
    CHECK(url.starts_with("https://calls.example.com/login#t="));
    CHECK(made.object()["qr_svg"].get<std::string>().starts_with("<svg"));
    const Reply in =
        log_in(world, url.substr(url.find("#t=") + 3), {{"Origin", "https://calls.example.com"}});
    CHECK(in.status == 204);
    CHECK(in.header("Set-Cookie").starts_with("__Host-wc="));
    CHECK(in.header("Set-Cookie").find("Secure") != std::string::npos);
}

TEST_CASE("guessing links is stopped after five tries a minute") {
    World world;
    for (int i = 0; i < 5; ++i)
        CHECK(log_in(world, "guess").status == 401);
    const Reply stopped = log_in(world, "guess");
    CHECK(stopped.status == 429);
    CHECK(stopped.header("Retry-After") == "60");
    CHECK(log_in(world, world.link("joel")).status == 204);  // whoever has a good link is let in
    world.advance(61s);
    CHECK(log_in(world, "guess").status == 401);
}

TEST_CASE(
    "a session ends by logging out, by a week without use, after thirty days, and when it is "
    "revoked") {
    World world;
    const std::string cookie = world.sign_in("joel");
    CHECK(world.send("POST", "/logout", {}, {{"Cookie", cookie}, own, from_here}).status == 204);
    CHECK(me(world, cookie).status == 401);

    const std::string idle = world.sign_in("joel");
    world.advance(6 * 24h);
    CHECK(me(world, idle).status == 200);
    world.advance(6 * 24h);
    CHECK(me(world, idle).status == 200);
    world.advance(7 * 24h + 1s);
    CHECK(me(world, idle).status == 401);

    const std::string busy = world.sign_in("joel");
    for (int day = 0; day < 29; ++day) {
        world.advance(24h);
        REQUIRE(me(world, busy).status == 200);
    }
    world.advance(24h);
    CHECK(me(world, busy).status == 401);
}

TEST_CASE("a rep sees their phones and signs out a lost one, but nobody else's") {
    World world;
    const std::string phone = world.sign_in("joel");
    const std::string lost = world.sign_in("joel");
    const std::string sams = world.sign_in("sam");
    const auto sessions = [&](const std::string& cookie) {
        return world.send("GET", "/api/v1/sessions", {}, {{"Cookie", cookie}}).object()["items"];
    };
    REQUIRE(sessions(phone).size() == 2);
    std::string lost_id;
    for (const json& s : sessions(lost))
        if (s["current"] == true)
            lost_id = s["id"];
    const auto revoke = [&](const std::string& cookie) {
        return world
            .send("DELETE", "/api/v1/sessions/" + lost_id, {}, {{"Cookie", cookie}, own, from_here})
            .status;
    };
    CHECK(revoke(sams) == 404);
    CHECK(revoke(phone) == 204);
    CHECK(me(world, lost).status == 401);
    CHECK(me(world, phone).status == 200);
}

TEST_CASE("no other site can make a signed-in browser do anything") {
    World world;
    const auto ana = world.called("joel");
    const std::string cookie = world.sign_in("joel");
    const std::string path = "/api/v1/prompts/" + std::to_string(ana.prompt) + "/claim";
    const auto claim = [&](Headers headers) {
        headers.emplace_back("Cookie", cookie);
        headers.push_back(as_json);
        return world.send("POST", path, "{}", std::move(headers)).status;
    };
    CHECK(claim({}) == 403);
    CHECK(claim({own}) == 403);
    CHECK(claim({from_here}) == 403);
    CHECK(claim({own, {"Origin", "https://evil.example"}}) == 403);
    CHECK(claim({own, {"Origin", "http://warmcall.test.evil.example"}}) == 403);
    CHECK(claim({own, {"Origin", "null"}}) == 403);
    CHECK(claim({own, from_here, {"Sec-Fetch-Site", "cross-site"}}) == 403);
    CHECK(claim({own, from_here, {"Sec-Fetch-Site", "same-site"}}) == 403);
    CHECK(world.get("/api/v1/prompts/" + std::to_string(ana.prompt))
              .object()["claimed_by"]
              .is_null());
    CHECK(claim({own, {"Sec-Fetch-Site", "same-origin"}}) == 200);
    CHECK(claim({own, from_here}) == 200);
    CHECK(log_in(world, world.link("joel"), {{"Origin", "https://evil.example"}}).status == 403);
    CHECK(log_in(world, world.link("joel"), {{"Sec-Fetch-Site", "cross-site"}}).status == 403);
}

TEST_CASE("a revoked token is worth nothing, and tokens are kept as hashes only") {
    World world;
    const auto made = web::new_token("till", core::RepId{}, world.now());
    CHECK(made.shown.starts_with("wc_"));
    CHECK(made.stored.hash == sha256_hex(made.shown));
    world.transact([&](Unit& unit) { unit.add_token(made.stored); });
    const Headers bearer{{"Authorization", "Bearer " + made.shown}};
    CHECK(world.send("GET", "/api/v1/me", {}, bearer).object()["token"] == "till");
    CHECK(world.send("GET", "/api/v1/me", {}, {{"Authorization", "bearer " + made.shown}}).status ==
          200);
    CHECK(world.send("GET", "/api/v1/me", {}, {{"Authorization", "Basic " + made.shown}}).status ==
          401);
    CHECK(world.send("GET", "/api/v1/me", {}, {{"Authorization", "Bearer " + made.stored.hash}})
              .status == 401);
    world.transact(
        [&](Unit& unit) { unit.revoke_token("till", core::Timestamp{std::chrono::seconds{1}}); });
    CHECK(world.send("GET", "/api/v1/me", {}, bearer).status == 401);
}

TEST_CASE("a rep pairs their own phones only") {
    World world;
    const Headers console{{"Cookie", world.sign_in("joel")}, own, from_here, as_json};
    const auto pair = [&](const std::string& rep) {
        return world.send("POST", "/api/v1/reps/" + rep + "/sign_in_link", "{}", console).status;
    };
    CHECK(pair("joel") == 201);
    CHECK(pair("sam") == 403);
    CHECK(world.post("/api/v1/reps/nobody/sign_in_link", json::object()).status == 404);
}

TEST_CASE("a rep's token makes no session that would outlive it") {
    World world;
    const Reply made = world.post_as("joel", "/api/v1/reps/joel/sign_in_link", json::object());
    CHECK(made.status == 403);
    CHECK(made.object()["type"] == "urn:warmcall:problem:sign_in_first");
}

TEST_CASE("the token of a rep who is no longer in the configuration is worth nothing") {
    World world;
    const auto made = web::new_token("of old", core::RepId{"gone"}, world.now());
    world.transact([&](Unit& unit) { unit.add_token(made.stored); });
    for (const char* path : {"/api/v1/today", "/api/v1/insights", "/api/v1/me"})
        CHECK(world.send("GET", path, {}, {{"Authorization", "Bearer " + made.shown}}).status ==
              401);
}

TEST_CASE("behind a proxy a stranger's guesses lock out nobody but the stranger") {
    World world;
    const auto guess = [&](const char* from) {
        return log_in(world, "guess", {{"X-Forwarded-For", from}}).status;
    };
    for (int i = 0; i < 5; ++i)
        CHECK(guess("203.0.113.9") == 401);
    CHECK(guess("198.51.100.7, 203.0.113.9") == 429);  // what the proxy itself has added counts
    CHECK(guess("198.51.100.7") == 401);
    for (int i = 0; i < 5; ++i)
        CHECK(guess("2001:db8::1") == 401);
    CHECK(guess("2001:db8::2") == 429);  // one customer has the whole /64
    CHECK(guess("2001:db8:0:1::2") == 401);
    CHECK(guess("somewhere") == 401);
}
