// Importing over the API: a job with progress, a verdict per row, and never half a file.

#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall;
using namespace warmcall::tests;

namespace {

Reply start(World& world, const std::string& file, const std::string& query = "?rep=joel",
            const char* type = "text/csv") {
    return world.send("POST", "/api/v1/contacts/import" + query, file,
                      {world.bearer, {"Content-Type", type}});
}

json finished(World& world, const Reply& started) {
    INFO(started.body);
    REQUIRE(started.status == 202);
    for (int i = 0; i < 100'000; ++i) {
        const json job = world.get(started.header("Location")).object();
        if (job["state"] != "running")
            return job;
        for (int turn = 0; turn < 20; ++turn)
            world.transact(
                [](Unit&) {});  // paced by the writer, so that asking does not eat the machine
    }
    FAIL("the import does not end");
    return {};
}

std::size_t contacts(World& world) {
    return world.get("/api/v1/contacts?limit=200").object()["items"].size();
}

}  // namespace

TEST_CASE("a file is imported, its bad rows come back with line and reason") {
    World world;
    const Reply started = start(
        world,
        "Name;Mobile;Owner;Notes\nAna "
        "Pérez;612345678;;knee\n;612345679;;\nBo;12;;\nCy;612345680;sam;\nDi;+34 612 345 678;;\n");
    const json job = finished(world, started);
    INFO(job.dump(1));
    CHECK(job["state"] == "done");
    CHECK(job["total"] == 5);
    CHECK(job["done"] == 5);
    CHECK(job["accepted"] == 2);
    REQUIRE(job["rejected"].size() == 3);
    CHECK(job["rejected"][0] ==
          json{{"line", 3}, {"reason", "name: is missing"}, {"code", "name_missing"}});
    CHECK(job["rejected"][2] == json{{"line", 6},
                                     {"reason", "phone: the same number as in line 2"},
                                     {"code", "phone_twice"},
                                     {"values", {{"line", "2"}}}});
    CHECK(contacts(world) == 2);
    const json ana = world.get("/api/v1/contacts?search=ana").object()["items"][0];
    CHECK(ana["name"] == "Ana Pérez");
    CHECK(ana["topic"] == "knee");
    const Reply rejects = world.get(started.header("Location") + "/rejects.csv");
    CHECK(rejects.header("Content-Type") == "text/csv; charset=utf-8");
    CHECK(rejects.body.find(";612345679;;;3;name: is missing\r\n") != std::string::npos);
}

TEST_CASE("a dry run gives the verdicts and adds nobody") {
    World world;
    const json job =
        finished(world, start(world, "name,phone\nAna,612345678\nBo,12\n", "?rep=joel&dry_run=1"));
    CHECK(job["accepted"] == 1);
    CHECK(job["rejected"].size() == 1);
    CHECK(contacts(world) == 0);
}

TEST_CASE("strict is all or nothing") {
    World world;
    const json job =
        finished(world, start(world, "name,phone\nAna,612345678\nBo,12\n", "?rep=joel&strict=1"));
    CHECK(job["state"] == "failed");
    CHECK(job["problem"].get<std::string>().starts_with("Nothing was imported: 1 of 2 rows"));
    CHECK(contacts(world) == 0);
    CHECK(finished(world, start(world, "name,phone\nAna,612345678\nBo,612345679\n",
                                "?rep=joel&strict=1"))["accepted"] == 2);
    CHECK(contacts(world) == 2);
}

TEST_CASE("the same file twice adds nobody twice") {
    World world;
    const std::string file = "name,phone\nAna,612345678\nBo,612345679\n";
    CHECK(finished(world, start(world, file))["accepted"] == 2);
    const json again = finished(world, start(world, file));
    CHECK(again["accepted"] == 0);
    CHECK(again["rejected"][0]["reason"] == "phone: this number is a contact already");
    CHECK(again["rejected"][0]["code"] == "phone_known");
    CHECK(contacts(world) == 2);
}

TEST_CASE("a cadence enrols the imported, and who has not agreed is not taken") {
    World world;
    const json job =
        finished(world, start(world,
                              "name,phone,consent_source,consent_at,consent_text,time_zone\n"
                              "Ana,612345678,form,2026-11-01,yes,Europe/Madrid\n"
                              "Bo,612345679,,,,\n",
                              "?rep=joel&cadence=gentle"));
    INFO(job.dump(1));
    CHECK(job["accepted"] == 1);
    REQUIRE(job["rejected"].size() == 1);
    CHECK(job["rejected"][0]["reason"].get<std::string>().starts_with(
        "consent: a cadence writes to nobody who has not agreed"));
    CHECK(world.get("/api/v1/contacts").object()["items"][0]["outreach"]["cadence"] == "gentle");
}

TEST_CASE("a file that cannot be read fails whole, with the line") {
    World world;
    for (const auto& [file, sentence] : std::vector<std::pair<std::string, std::string>>{
             {"name,phone\nAna,612345678\n\"Bo,612345679\n",
              "Line 3: the quote opened here is never closed."},
             {"", "The file is empty"},
             {"a,b\n1,2\n", "No column is a phone number"},
             {"PK\x03\x04zip", "This is a spreadsheet"}}) {
        const json job = finished(world, start(world, file));
        CHECK(job["state"] == "failed");
        CHECK(job["problem"].get<std::string>().starts_with(sentence));
    }
    CHECK(contacts(world) == 0);
}

TEST_CASE("what the request itself gets wrong is said at once") {
    World world;
    CHECK(start(world, "{}", "", "application/json").status == 415);
    CHECK(start(world, "name,phone\n", "?rep=nobody").status == 422);
    CHECK(start(world, "name,phone\n", "?rep=joel&cadence=gentel").status == 422);
    CHECK(world.get("/api/v1/jobs/guess").status == 404);
}

TEST_CASE("a job is seen only by who started it") {
    World world;
    const Reply started = start(world, "name,phone\nAna,612345678\n");
    finished(world, started);
    CHECK(world.get_as("joel", started.header("Location")).status == 404);
    CHECK(world.get_as("joel", started.header("Location") + "/rejects.csv").status == 404);
}

TEST_CASE("strangers cannot make us read a large file") {
    World world;
    const Headers::value_type csv{"Content-Type", "text/csv"};
    CHECK(world.announce("/api/v1/contacts/import", 200'000, {csv}).status == 413);
    CHECK(world.announce("/api/v1/contacts/import", 33 * 1024 * 1024, {csv, world.bearer}).status ==
          413);
}

TEST_CASE("a hundred thousand rows are imported whole, and the console is answered meanwhile") {
    World world;
    std::string file = "name,phone\n";
    for (int i = 0; i < 100'000; ++i)
        file += "Ana " + std::to_string(i) + ",6" + std::to_string(12'000'000 + i) + "\n";
    file += "Bad,12\n";
    CHECK(finished(world, start(world, file))["problem"].get<std::string>().find(
              "more than 100,000 rows") != std::string::npos);
    file.resize(file.size() - 7);
    const json job = finished(world, start(world, file));
    CHECK(job["state"] == "done");
    CHECK(job["accepted"] == 100'000);
    CHECK(job["rejected"].empty());
}

TEST_CASE("where several gateways share a store, an unknown job may run at another") {
    const std::string path = "/api/v1/jobs/0123456789abcdef";
    World alone;
    CHECK(alone.get(path).object()["detail"].get<std::string>().find("import the file again") !=
          std::string::npos);
    World one_of_many{{.shared_store = true}};
    const Reply reply = one_of_many.get(path);
    CHECK(reply.status == 404);
    const std::string detail = reply.object()["detail"];
    CHECK(detail.find("another gateway") != std::string::npos);
    CHECK(detail.find("import the file again") == std::string::npos);
}
