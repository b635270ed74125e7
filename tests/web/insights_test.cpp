// What a rep's calls say when they look back: the counting as values, then over HTTP.

#include "web/insights.hpp"

#include "support/catch.hpp"
#include "world.hpp"

using namespace warmcall;
using namespace warmcall::tests;
using namespace warmcall::web;
using namespace std::chrono_literals;

namespace {

const core::RepId joel{"joel"};
const core::Timestamp monday = core::from_unix_ms(1'795'424'400'000);  // 23 Nov 2026, 09:00 UTC

TimelineRow row(core::Timestamp at, std::string what, std::string actor = "joel") {
    TimelineRow made;
    made.at = at;
    made.what = std::move(what);
    made.actor = std::move(actor);
    return made;
}

LookBack seen(std::vector<CallHistory> histories) {
    return look_back(joel, "Europe/Berlin", histories, monday - 24h * 6, monday + 12h);
}

}  // namespace

TEST_CASE("calls and people reached are counted on the rep's own day") {
    // 23:30 UTC on Sunday is Monday already in Berlin
    const auto found = seen({{"", {row(monday - 9h - 30min, "attempt"), row(monday, "talked")}}});
    REQUIRE(found.days.size() == 7);
    CHECK(found.days.back().first == core::local(monday, "Europe/Berlin").day);
    CHECK(found.days.back().second.calls == 2);
    CHECK(found.days.back().second.reached == 1);
    CHECK(found.days.front().second.calls == 0);
}

TEST_CASE("another rep's calls are nobody else's numbers, but they count as tries") {
    const auto found = seen({{"", {row(monday - 2h, "attempt", "sam"), row(monday, "talked")}}});
    CHECK(found.without_reply.calls == 1);
    CHECK(found.tries == std::array<int, LookBack::tries_max>{0, 1, 0, 0, 0});
}

TEST_CASE("a reply before the call is told from none, and a call they made is neither") {
    const auto found = seen({
        {"", {row(monday, "replied", "provider"), row(monday + 1h, "talked")}},
        {"", {row(monday, "attempt"), row(monday + 1h, "attempt")}},
        {"", {row(monday, "they_called", "provider"), row(monday + 1h, "talked")}},
        // a reply belongs to the next call only
        {"",
         {row(monday, "replied", "provider"), row(monday + 1h, "attempt"),
          row(monday + 2h, "attempt")}},
    });
    CHECK(found.after_reply.calls == 2);
    CHECK(found.after_reply.reached == 1);
    CHECK(found.without_reply.calls == 3);
    CHECK(found.without_reply.reached == 0);
}

TEST_CASE("minutes from reply to call are from the first bubble to the dialling") {
    const auto found = seen({
        {"",
         {row(monday, "replied", "provider"), row(monday + 2min, "replied", "provider"),
          row(monday + 4min, "dialled"), row(monday + 40min, "talked")}},
        {"", {row(monday, "replied", "provider"), row(monday + 3h, "attempt")}},
        {"", {row(monday, "replied", "provider"), row(monday + 10h, "attempt")}},
    });
    CHECK(found.reply_to_call == std::array<int, 5>{1, 0, 0, 1, 1});
    CHECK(found.reply_to_call_median_min == 180);
    CHECK_FALSE(seen({}).reply_to_call_median_min);
}

TEST_CASE("the best hour is the hour where they are") {
    const auto found =
        seen({{"Asia/Kolkata", {row(monday, "talked")}}, {"", {row(monday, "talked")}}});
    CHECK(found.hours[0][14].calls == 1);  // 09:00 UTC is 14:30 in Kolkata
    CHECK(found.hours[0][14].reached == 1);
    int calls = 0;
    for (const auto& day : found.hours)
        for (const Reached& cell : day)
            calls += cell.calls;
    CHECK(calls == 1);  // a contact whose zone is not known is left out
}

TEST_CASE("a promise is kept within its hour, late after it, open until the call") {
    const auto found = seen({
        {"", {row(monday, "promised_due", "warmcall"), row(monday + 59min, "attempt")}},
        {"", {row(monday, "promised_due", "warmcall"), row(monday + 61min, "talked")}},
        {"", {row(monday, "promised_due", "warmcall")}},
        // dialled in time, written down later
        {"",
         {row(monday, "promised_due", "warmcall"), row(monday + 30min, "dialled"),
          row(monday + 2h, "talked")}},
    });
    CHECK(found.promises_kept == 2);
    CHECK(found.promises_late == 1);
    CHECK(found.promises_open == 1);
}

TEST_CASE("tries begin anew after a talk") {
    const auto found = seen({{"",
                              {row(monday - 72h, "attempt"), row(monday - 48h, "attempt"),
                               row(monday - 24h, "talked"), row(monday, "talked")}}});
    CHECK(found.tries == std::array<int, LookBack::tries_max>{1, 0, 1, 0, 0});
}

TEST_CASE("a rep's calls come back as insights, theirs only") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = "/api/v1/prompts/" + std::to_string(ana.prompt);
    CHECK(world.post_as("joel", path + "/dial", json::object()).status == 200);
    world.advance(3min);
    CHECK(world
              .post_as("joel", path + "/disposition",
                       {{"reached", "human"},
                        {"said", "talked"},
                        {"next_at", "2026-12-01T10:00:00Z"},
                        {"topic", "the exams"}})
              .status == 200);
    const Reply reply = world.get_as("joel", "/api/v1/insights?days=14");
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    const json found = reply.object();
    CHECK(found["days"].size() == 14);
    CHECK(found["days"].back()["calls"] == 1);
    CHECK(found["days"].back()["reached"] == 1);
    CHECK(found["after_reply"] == json{{"calls", 1}, {"reached", 1}});
    CHECK(found["tries"] == json{1, 0, 0, 0, 0});
    REQUIRE(found["hours"].size() == 1);
    CHECK(found["reply_to_call"]["calls"][0] == 1);
    CHECK(reply.body.find("Ana") == std::string::npos);
    CHECK(world.get_as("sam", "/api/v1/insights").object()["after_reply"]["calls"] == 0);
    CHECK(world.get_as("joel", "/api/v1/insights?days=0").object()["days"].size() == 7);
    CHECK(world.get_as("joel", "/api/v1/insights?days=9999").object()["days"].size() == 90);
    CHECK(world.send("GET", "/api/v1/insights").status == 401);
}

TEST_CASE("a rep says when they are away and that they are back, for themselves only") {
    World world;
    const Reply away =
        world.post_as("joel", "/api/v1/reps/joel/away", {{"until", "2026-12-01T10:00:00Z"}});
    INFO(away.body);
    REQUIRE(away.status == 200);
    const auto state = [&] {
        const json reps = world.get("/api/v1/reps").object();
        for (const json& rep : reps["items"])
            if (rep["id"] == "joel")
                return rep["away_until"];
        return json{"not listed"};
    };
    CHECK(state() == "2026-12-01T10:00:00Z");

    CHECK(world.post_as("joel", "/api/v1/reps/joel/away", {{"until", nullptr}}).status == 200);
    CHECK(state().is_null());

    CHECK(world.post_as("joel", "/api/v1/reps/sam/away", {{"until", nullptr}}).status == 403);
    CHECK(world.post_as("joel", "/api/v1/reps/nobody/away", {{"until", nullptr}}).status == 404);
    CHECK(world.post_as("joel", "/api/v1/reps/joel/away", {{"until", "2020-01-01T10:00:00Z"}})
              .status == 422);
    CHECK(world.post_as("joel", "/api/v1/reps/joel/away", {{"until", "2099-01-01T10:00:00Z"}})
              .status == 422);
}

TEST_CASE("the conversation says beforehand whether a text may go, and why not") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = "/api/v1/contacts/" + std::to_string(ana.contact) + "/conversation";
    const json open = world.get_as("joel", path).object();
    CHECK(open["may_write"] == true);
    CHECK(open["why_not"].is_null());
    world.advance(25h);
    const json closed = world.get_as("joel", path).object();
    CHECK(closed["may_write"] == false);
    CHECK_FALSE(closed["why_not"].get<std::string>().empty());
    const Reply tried = world.post_as(
        "joel", "/api/v1/contacts/" + std::to_string(ana.contact) + "/messages", {{"text", "Hi"}});
    CHECK(tried.object()["detail"] == closed["why_not"]);
}
