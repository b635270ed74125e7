// Every route, by everybody: nobody, a colleague, the wrong method. Generated from the table, so
// that a new route is in it by itself.

#include "web/routes.hpp"

#include <fstream>
#include <set>

#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall;
using namespace warmcall::tests;

namespace {

std::string filled(std::string_view pattern, const World::Called& ana) {
    std::string path{pattern};
    const auto put = [&](std::string_view name, const std::string& value) {
        if (const std::size_t at = path.find(name); at != std::string::npos)
            path.replace(at, name.size(), value);
    };
    if (path.find("/outreaches/") != std::string::npos)
        put("{id}", std::to_string(ana.outreach));
    if (path.find("/prompts/") != std::string::npos)
        put("{id}", std::to_string(ana.prompt));
    if (path.find("/reps/") != std::string::npos)
        put("{id}", "joel");
    if (path.find("/jobs/") != std::string::npos || path.find("/sessions/") != std::string::npos)
        put("{id}", "0123456789abcdef");
    put("{id}", std::to_string(ana.contact));
    put("{channel}", "main");
    put("{token}", "1.joel.forged");
    put("{console}", "");
    return path;
}

// A body that would be good, so that only the right to do it is in question.
json body_for(std::string_view pattern, const World::Called& ana) {
    if (pattern.ends_with("/disposition"))
        return {{"reached", "no_answer"}};
    if (pattern.ends_with("/snooze") || pattern.ends_with("/hold"))
        return {{"until", "2026-11-22T12:00:00Z"}};
    if (pattern.ends_with("/answer"))
        return {{"stop", true}};
    if (pattern.ends_with("/close"))
        return {{"reason", "said_no"}};
    if (pattern.ends_with("/reassign"))
        return {{"rep", "kim"}};
    if (pattern.ends_with("/merge"))
        return {{"into", ana.contact + 1}};
    if (pattern.ends_with("/messages"))
        return {{"text", "hello"}};
    if (pattern.ends_with("/outreaches"))
        return {{"contact_id", ana.contact}, {"cadence", "gentle"}};
    if (pattern.ends_with("/contacts"))
        return new_contact("Bo", "+34612345699", "joel");
    return json::object();
}

Reply send(World& world, const web::Route& route, const World::Called& ana, Headers headers) {
    std::string path = filled(route.pattern, ana);
    if (route.pattern.ends_with("/import")) {
        headers.emplace_back("Content-Type", "text/csv");
        return world.send(route.method, path + "?rep=joel", "name,phone\nBo,612345698\n",
                          std::move(headers));
    }
    headers.emplace_back("Content-Type", "application/json");
    const bool carries = route.method == "POST" || route.method == "PATCH";
    return world.send(route.method, path, carries ? body_for(route.pattern, ana).dump() : "",
                      std::move(headers));
}

bool needs_sign_in(const web::Route& route) {
    return route.access == web::Access::signed_in || route.access == web::Access::installation;
}

}  // namespace

TEST_CASE("without signing in nothing of the API is to be had, and the answer says how to") {
    World world;
    const auto ana = world.called("joel");
    const json before = world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object();
    for (const web::Route& route : web::routes()) {
        if (!needs_sign_in(route))
            continue;
        for (const Headers& headers : {Headers{}, Headers{{"Authorization", "Bearer wc_forged"}},
                                       Headers{{"Cookie", "wc=forged"}}}) {
            const Reply reply = send(world, route, ana, headers);
            INFO(route.method << " " << route.pattern << " -> " << reply.body);
            CHECK(reply.status == 401);
            CHECK(reply.header("WWW-Authenticate").starts_with("Bearer"));
            CHECK(reply.body.find("Ana") == std::string::npos);
        }
    }
    CHECK(world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object() == before);
}

TEST_CASE(
    "a colleague neither sees nor moves another rep's contact, prompt or outreach, by any route") {
    World world;
    const auto ana = world.called("joel");
    const json before = world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object();
    for (const web::Route& route : web::routes()) {
        if (!needs_sign_in(route) || route.pattern.ends_with("/stream"))
            continue;
        const Reply reply = send(world, route, ana, {world.rep_bearer.at("kim")});
        INFO(route.method << " " << route.pattern << " -> " << reply.status << " " << reply.body);
        const bool about_one = route.pattern.find("{id}") != std::string_view::npos;
        if (about_one)
            CHECK((reply.status == 404 || reply.status == 403));
        CHECK(reply.body.find("Ana P") == std::string::npos);
        CHECK(reply.body.find("34612345678") == std::string::npos);
    }
    CHECK(world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object() == before);
    for (const char* path : {"/api/v1/contacts?rep=joel", "/api/v1/prompts?rep=joel"})
        CHECK(world.get_as("kim", path).status == 403);
    CHECK(world.get_as("kim", "/api/v1/today?rep=joel").status == 422);
}

TEST_CASE("the stand-in and the lead do see it") {
    World world;
    const auto ana = world.called("joel");
    for (const char* rep : {"joel", "sam", "lena"}) {
        CHECK(world.get_as(rep, "/api/v1/contacts/" + std::to_string(ana.contact)).status == 200);
        CHECK(world.get_as(rep, "/api/v1/prompts?rep=joel").object()["items"].size() == 1);
    }
}

TEST_CASE("a wrong method is answered with those that fit") {
    World world;
    const World::Called nobody{1, 1, 1};
    for (const web::Route& route : web::routes()) {
        const Reply reply = world.send("PUT", filled(route.pattern, nobody), "{}",
                                       {world.bearer, {"Content-Type", "application/json"}});
        INFO(route.method << " " << route.pattern << " -> " << reply.body);
        CHECK(reply.status == 405);
        CHECK(reply.header("Allow").find(route.method) != std::string::npos);
    }
}

TEST_CASE("every answer carries the headers that keep browsers honest") {
    World world;
    for (const char* path : {"/", "/healthz", "/login", "/api/v1/me", "/p/forged", "/nothing/here",
                             "/webhooks/main", "/webhooks/nobody", "/assets/main-4F2K.js"}) {
        const Reply reply = world.get(path);
        INFO(path << "\n" << reply.head);
        const std::string policy = reply.header("Content-Security-Policy");
        CHECK(policy.starts_with("default-src 'none'"));
        CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
        CHECK(policy.find("unsafe") == std::string::npos);
        CHECK(reply.header("X-Content-Type-Options") == "nosniff");
        CHECK(reply.header("Referrer-Policy") == "no-referrer");
        CHECK(reply.header("Strict-Transport-Security").empty());
    }
    World https{{.public_url = "https://calls.example.com"}};
    CHECK(https.get("/healthz").header("Strict-Transport-Security") == "max-age=31536000");
    CHECK(https.webhook("{}").header("Strict-Transport-Security") == "max-age=31536000");
}

TEST_CASE("HEAD is GET without the body") {
    World world;
    const Reply head = world.send("HEAD", "/healthz");
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK(world.send("HEAD", "/api/v1/stream", {}, {world.bearer}).status == 200);
}

TEST_CASE("the API's description has every route of the table, and no other") {
    std::ifstream file{WARMCALL_SOURCE_DIR "/bot/web/openapi.json"};
    const json described = json::parse(file);
    std::set<std::string> in_document;
    for (const auto& [path, methods] : described.at("paths").items())
        for (const auto& [method, operation] : methods.items()) {
            std::string upper = method;
            for (char& c : upper)
                c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            in_document.insert(upper + " " + path);
            CHECK(operation.contains("summary"));
            CHECK(operation.at("responses").contains("default"));
        }
    std::set<std::string> in_table;
    for (const web::Route& route : web::routes())
        if (route.pattern != "/{console}")
            in_table.insert(std::string{route.method} + " " + std::string{route.pattern});
    CHECK(in_document == in_table);
    World world;
    CHECK(world.send("GET", "/api/v1/openapi.json").object() == described);
}

TEST_CASE("a path that only looks like one of ours is not one") {
    CHECK(web::match("GET", "/api/v1/contacts/").route !=
          nullptr);  // an empty id: the handler says that there is none
    CHECK(web::match("GET", "/api/v1/contacts/1/2").route == nullptr);
    CHECK(web::match("GET", "/api/v1").route == nullptr);
    CHECK(web::match("GET", "/webhooks/").route != nullptr);
    CHECK(web::match("GET", "/webhooks").route != nullptr);  // the console's: answers 404
    CHECK(web::match("GET", "x").route == nullptr);
    CHECK(web::match("GET", "/a/b/c/d/e/f/g/h/i").route == nullptr);
    CHECK(web::match("POST", "/api/v1/contacts/import").route->pattern ==
          "/api/v1/contacts/import");
    CHECK(web::match("POST", "/api/v1/contacts/7/messages").parameters ==
          std::vector<std::string>{"7"});
    CHECK(web::match("GET", "/p/1.joel%20x.a+b").parameters ==
          std::vector<std::string>{"1.joel x.a+b"});
}

TEST_CASE("the console's files are served packed, cached by their tag, and nothing else") {
    World world;
    CHECK(world.send("GET", "/").body.find("<title>console</title>") != std::string::npos);
    CHECK(world.send("GET", "/?from=push").status == 200);
    const Reply script =
        world.send("GET", "/assets/main-4F2K.js", {}, {{"Accept-Encoding", "br, gzip"}});
    CHECK(script.header("Content-Encoding") == "gzip");
    CHECK(script.header("Cache-Control") == "public, max-age=31536000, immutable");
    CHECK(script.body == "packed");
    CHECK(world.send("GET", "/assets/main-4F2K.js").body == "console.log(1)");
    CHECK(world.send("GET", "/", {}, {{"If-None-Match", "\"e1\""}}).status == 304);
    const Reply lost = world.send("GET", "/nothing/../here", {}, {{"Accept", "text/html"}});
    CHECK((lost.status == 404 || lost.status == 400));
    CHECK(world.send("GET", "/api/v1/nothing", {}, {world.bearer}).header("Content-Type") ==
          "application/problem+json");
}

TEST_CASE("health, readiness and numbers are told without a sign-in on this machine") {
    World world;
    CHECK(world.send("GET", "/healthz").status == 200);
    CHECK(world.send("GET", "/readyz").object()["status"] == "ready");
    world.called("joel");
    world.send("POST", "/webhooks/main", "{}", {});
    const Reply metrics = world.send("GET", "/metrics");
    CHECK(metrics.status == 200);
    CHECK(metrics.body.find("warmcall_webhooks_total{channel=\"main\",result=\"taken\"} 1\n") !=
          std::string::npos);
    CHECK(metrics.body.find(
              "warmcall_webhooks_total{channel=\"main\",result=\"not_authentic\"} 1\n") !=
          std::string::npos);
    CHECK(metrics.body.find("warmcall_prompts_open 1\n") != std::string::npos);
    CHECK(metrics.body.find("warmcall_store_writable 1\n") != std::string::npos);
    CHECK(metrics.body.find(
              "warmcall_http_answers_total{route=\"/api/v1/contacts\",status=\"201\"} 1\n") !=
          std::string::npos);
    CHECK(metrics.body.find("Ana") == std::string::npos);
    CHECK(world.send("GET", "/metrics", {}, {{"X-Forwarded-For", "203.0.113.9"}}).status == 401);
}

TEST_CASE("a large file is read for those who are known, not for a made-up credential") {
    World world;
    const auto announced = [&](Headers headers) {
        headers.emplace_back("Content-Type", "text/csv");
        return world.announce("/api/v1/contacts/import?rep=joel", 1'000'000, std::move(headers))
            .status;
    };
    CHECK(announced({{"Cookie", "wc=made-up"}}) == 401);
    CHECK(announced({{"Authorization", "Bearer wc_made-up"}}) == 401);
    CHECK(announced({}) == 413);
    CHECK(world
              .send("POST", "/api/v1/contacts/import?rep=joel",
                    "name,phone\nAna,612345678\n" + std::string(1'000'000, '\n'),
                    {world.bearer, {"Content-Type", "text/csv"}})
              .status == 202);
}
