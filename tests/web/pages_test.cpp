// /p/<token>: one prompt on any phone's browser, without script or sign-in.

#include <set>

#include "core/calendar.hpp"
#include "support/catch.hpp"
#include "web/links.hpp"
#include "web/page_words.hpp"
#include "web/suggestions.hpp"
#include "world.hpp"

using namespace warmcall;
using namespace warmcall::tests;
using namespace std::chrono_literals;

namespace {

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
    const std::size_t at = text.find(begin);
    if (at == std::string::npos)
        return {};
    return text.substr(at + begin.size(), text.find(end, at + begin.size()) - at - begin.size());
}

std::string form_of(const std::string& page) {
    return between(page, "name=\"form\" value=\"", "\"");
}

Reply post_form(World& world, const std::string& path, const std::vector<Header>& fields,
                Headers more = {}) {
    more.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    return world.send("POST", path, encode_form(fields), std::move(more));
}

json prompt_of(World& world, const World::Called& ana) {
    return world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object()["prompt"];
}

}  // namespace

TEST_CASE("the page shows who, why, their words, what to say, and the number to call") {
    World world;
    const auto ana = world.called("joel");
    const Reply page = world.send("GET", world.page(ana.prompt, "joel"));
    INFO(page.body);
    REQUIRE(page.status == 200);
    CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
    for (const char* part :
         {"<bdi>Ana Pérez</bdi>", "Sun 11:00 there · Madrid", "Ana replied. Call now.",
          "I&apos;m well, thank you!", "Thank Ana for the answer.", "href=\"tel:+34612345678\"",
          "/page.css", "Asked me to call later", "<span>Today 13:00</span>",
          "<span>Tomorrow 17:00</span>", "value=\"2026-11-23T16:00:00Z\""})
        CHECK(page.body.find(part) != std::string::npos);
    CHECK(page.body.find("<script") == std::string::npos);
    CHECK(page.body.find("style=") == std::string::npos);
}

TEST_CASE("opening the page changes nothing, however often a scanner does it") {
    World world;
    const auto ana = world.called("joel");
    const json before = prompt_of(world, ana);
    for (int i = 0; i < 3; ++i) {
        world.send("GET", world.page(ana.prompt, "joel"));
        world.send("HEAD", world.page(ana.prompt, "joel"));
    }
    CHECK(prompt_of(world, ana) == before);
}

TEST_CASE("a forged link, one for another prompt, and one for a stranger show nothing") {
    World world;
    const auto ana = world.called("joel");
    const std::string good = world.page(ana.prompt, "joel");
    const auto [first, rest] =
        std::pair{good.substr(0, good.find('.')), good.substr(good.find('.'))};
    for (const std::string& path :
         {good.substr(0, good.size() - 1), good + "x", first + "9" + rest, std::string{"/p/"},
          std::string{"/p/1"}, std::string{"/p/1..x"}, std::string{"/p/-1.joel.x"},
          std::string{"/p/99999999999999999999.joel.x"}, world.page(ana.prompt + 1, "joel"),
          world.page(ana.prompt, "kim"), world.page(ana.prompt, "nobody")}) {
        const Reply page = world.send("GET", path);
        INFO(path);
        CHECK(page.status == 404);
        CHECK(page.body.find("Ana") == std::string::npos);
        CHECK(post_form(world, path + "/dial", {{"form", form_of(world.send("GET", good).body)}})
                  .status == 404);
    }
    CHECK(prompt_of(world, ana)["phase"] == "call_due");
}

TEST_CASE("calling and saying how it went, with nothing but forms") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = world.page(ana.prompt, "joel");
    const std::string form = form_of(world.send("GET", path).body);
    const Reply dialled = post_form(world, path + "/dial", {{"form", form}});
    CHECK(dialled.status == 303);
    CHECK(dialled.header("Location") == path);
    CHECK(prompt_of(world, ana)["phase"] == "on_call");
    CHECK(post_form(world, path + "/ended", {{"form", form}}).status == 303);
    CHECK(prompt_of(world, ana)["phase"] == "wrap_up");

    const Reply without =
        post_form(world, path + "/disposition",
                  {{"form", form}, {"outcome", "talked"}, {"topic", "the <exams>"}});
    CHECK(without.status == 422);
    CHECK(without.body.find("Choose your next action") != std::string::npos);
    CHECK(without.body.find("value=\"the &lt;exams&gt;\"") !=
          std::string::npos);  // what was typed is not lost
    CHECK(without.body.find("value=\"talked\" required checked") != std::string::npos);

    const Reply saved = post_form(world, path + "/disposition",
                                  {{"form", form},
                                   {"outcome", "talked"},
                                   {"next", "pick"},
                                   {"pick", "2026-11-26T10:00"},
                                   {"topic", "the exams"}});
    INFO(saved.body);
    CHECK(saved.status == 303);
    const json contact = world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object();
    CHECK(contact["outreach"]["promise"] ==
          json{{"at", "2026-11-26T09:00:00Z"}, {"topic", "the exams"}});  // ten o'clock in Madrid
    const Reply done = world.send("GET", path);
    CHECK(done.status == 200);
    CHECK(done.body.find("Ana: this is done") != std::string::npos);
    CHECK(done.body.find("Next: Call Ana (Thu 10:00).") != std::string::npos);
    CHECK(done.body.find("+34612345678") == std::string::npos);
    CHECK(post_form(world, path + "/disposition", {{"form", form}, {"outcome", "stop"}})
              .body.find("this is done") != std::string::npos);
    CHECK(world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object()["opted_out"] ==
          false);
}

TEST_CASE("a long topic is cut between two letters, one with control characters is refused") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = world.page(ana.prompt, "joel");
    const std::string form = form_of(world.send("GET", path).body);
    const auto said = [&](const std::string& topic) {
        return post_form(world, path + "/disposition",
                         {{"form", form},
                          {"outcome", "talked"},
                          {"next", "pick"},
                          {"pick", "2026-11-26T10:00"},
                          {"topic", topic}});
    };
    const Reply refused = said("the\x1b[31m exams");
    CHECK(refused.status == 422);
    CHECK(refused.body.find("The topic holds a character that cannot be kept.") !=
          std::string::npos);
    CHECK(said("x" +
               [] {
                   std::string long_one;
                   for (int i = 0; i < 200; ++i)
                       long_one += "\u0928";
                   return long_one;
               }())
              .status == 303);
    const json contact = world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object();
    const std::string kept = contact["outreach"]["promise"]["topic"];
    CHECK(kept.size() == 499);  // one of three bytes is not begun
    CHECK(kept.ends_with("\u0928"));
}

TEST_CASE("asked to stop needs no next action and is kept at once") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = world.page(ana.prompt, "joel");
    CHECK(post_form(world, path + "/disposition",
                    {{"form", form_of(world.send("GET", path).body)}, {"outcome", "stop"}})
              .status == 303);
    CHECK(world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object()["opted_out"] ==
          true);
}

TEST_CASE("a yes ends it well, and somebody else on the phone is a try like another") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = world.page(ana.prompt, "joel");
    const std::string page = world.send("GET", path).body;
    for (const char* words : {"They said yes", "Someone else answered", "Voicemail"})
        CHECK(page.find("<span>" + std::string{words} + "</span>") != std::string::npos);
    REQUIRE(post_form(world, path + "/disposition", {{"form", form_of(page)}, {"outcome", "won"}})
                .status == 303);
    const json closed = world.get("/api/v1/contacts/" + std::to_string(ana.contact)).object();
    CHECK(closed["outreach"]["reason"] == "won");
    CHECK(closed["opted_out"] == false);

    const auto farid = world.called("joel", "Farid Al Amiri", "971501234567");
    const std::string other = world.page(farid.prompt, "joel");
    const std::string form = form_of(world.send("GET", other).body);
    CHECK(post_form(world, other + "/disposition", {{"form", form}, {"outcome", "someone_else"}})
              .status == 422);  // it needs a next action
    CHECK(post_form(world, other + "/disposition",
                    {{"form", form},
                     {"outcome", "someone_else"},
                     {"next", "pick"},
                     {"pick", "2026-11-26T10:00"}})
              .status == 303);
    const json waits = world.get("/api/v1/contacts/" + std::to_string(farid.contact)).object();
    CHECK(waits["outreach"]["phase"] == "waiting");
}

TEST_CASE("snoozing brings it back later; a time that makes no sense is refused on the page") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = world.page(ana.prompt, "joel");
    const std::string form = form_of(world.send("GET", path).body);
    const Reply wrong = post_form(world, path + "/snooze", {{"form", form}, {"until", "never"}});
    CHECK(wrong.status == 422);
    CHECK(wrong.body.find("role=\"alert\"") != std::string::npos);
    CHECK(post_form(world, path + "/snooze", {{"form", form}, {"until", "2026-11-22T10:30:00Z"}})
              .status == 303);
    CHECK(prompt_of(world, ana)["due_at"] == "2026-11-22T10:30:00Z");
    CHECK(post_form(world, path + "/acknowledge", {{"form", form}}).status == 303);
}

TEST_CASE("a form that did not come from our page does nothing") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = world.page(ana.prompt, "joel");
    const std::string form = form_of(world.send("GET", path).body);
    CHECK(post_form(world, path + "/dial", {}).status == 403);
    CHECK(post_form(world, path + "/dial", {{"form", "guess"}}).status == 403);
    CHECK(post_form(world, path + "/dial",
                    {{"form", form_of(world.send("GET", world.page(ana.prompt, "sam")).body)}})
              .status == 403);
    CHECK(post_form(world, path + "/dial", {{"form", form}}, {{"Sec-Fetch-Site", "cross-site"}})
              .status == 403);
    CHECK(prompt_of(world, ana)["phase"] == "call_due");
}

TEST_CASE("a hostile name is only a name") {
    World world;
    const std::string name = "<script>alert(1)</script>\"'&{{why}}";
    const auto ana = world.called("joel", name);
    REQUIRE(world.they_write("34612345678", "<img src=x onerror=alert(2)> {{form}}").status == 200);
    const Reply page = world.send("GET", world.page(ana.prompt, "joel"));
    CHECK(page.body.find("<script") == std::string::npos);
    CHECK(page.body.find("<img") == std::string::npos);
    CHECK(page.body.find("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&apos;&amp;{{why}}") !=
          std::string::npos);
    const Reply api = world.get("/api/v1/contacts/" + std::to_string(ana.contact));
    CHECK(api.object()["name"] == name);
    CHECK(api.header("Content-Type") == "application/json");
}

TEST_CASE("when somebody else has the call the page says who") {
    World world;
    const auto ana = world.called("joel");
    REQUIRE(world
                .post_as("sam", "/api/v1/prompts/" + std::to_string(ana.prompt) + "/claim",
                         json::object())
                .status == 200);
    const std::string body = world.send("GET", world.page(ana.prompt, "joel")).body;
    CHECK(body.find("Sam has this one until Sun 11:10. You don&apos;t have to call.") !=
          std::string::npos);
    CHECK(body.find("tel:") == std::string::npos);
    CHECK(world.send("GET", world.page(ana.prompt, "sam")).body.find("tel:+34612345678") !=
          std::string::npos);
}

TEST_CASE("why something did not happen is said in the rep's language, too") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = world.page(ana.prompt, "lena");  // she reads Hindi
    const std::string form = form_of(world.send("GET", path).body);
    const auto asked = [&](const std::string& what, std::vector<Header> more) {
        more.emplace_back("form", form);
        return post_form(world, path + what, more);
    };
    const Reply never = asked("/snooze", {{"until", "2035-01-01T09:00:00Z"}});
    CHECK(never.status == 422);
    CHECK(never.body.find("बहुत दूर का नहीं") != std::string::npos);
    CHECK(never.body.find("Choose a time") == std::string::npos);
    REQUIRE(world
                .post_as("sam", "/api/v1/prompts/" + std::to_string(ana.prompt) + "/claim",
                         json::object())
                .status == 200);
    const Reply taken = asked("/dial", {});
    CHECK(taken.status == 409);
    CHECK(taken.body.find("यह कॉल \u2068Sam\u2069 के पास है।") != std::string::npos);
    CHECK(taken.body.find("has this one") == std::string::npos);
}

TEST_CASE("perhaps a STOP is two buttons") {
    World world;
    const auto ana = world.called("joel");
    REQUIRE(world.they_write("34612345678", "please stop by at 5").status == 200);
    const std::string path = world.page(ana.prompt, "joel");
    const std::string body = world.send("GET", path).body;
    CHECK(body.find("ask us to stop?") != std::string::npos);
    CHECK(body.find("tel:") == std::string::npos);
    CHECK(post_form(world, path + "/answer", {{"form", form_of(body)}}).status == 422);
    CHECK(post_form(world, path + "/answer", {{"form", form_of(body)}, {"stop", "no"}}).status ==
          303);
    CHECK(prompt_of(world, ana)["kind"] == "replied");
}

TEST_CASE("a link's token reads back, whatever the rep is called, and only with its key") {
    const Secret key{"0123456789abcdef"};
    for (const char* rep : {"joel", "a.b.c", "Ünïcode x", ""}) {
        const web::PromptLink link{core::PromptId{7}, core::RepId{rep}};
        const std::string token = web::prompt_token(key, link);
        REQUIRE(web::read_prompt_token(key, token));
        CHECK(web::read_prompt_token(key, token)->rep == link.rep);
        CHECK(web::read_prompt_token(key, token)->prompt == link.prompt);
        CHECK_FALSE(web::read_prompt_token(Secret{"another"}, token));
        CHECK_FALSE(web::read_prompt_token(Secret{}, token));
        CHECK(web::form_token(key, link) != token.substr(token.rfind('.') + 1));
    }
}

TEST_CASE("the page speaks the rep's language, and Arabic runs the other way") {
    using web::PageWords;
    for (const char* language : {"en", "hi", "ar"}) {
        INFO(language);
        const PageWords words{language};
        CHECK(words.language() == language);
        for (const auto& [key, text] : words.all("Ana")) {
            INFO(key);
            CHECK_FALSE(text.empty());
            CHECK(text.find_first_of("{}") == std::string::npos);
        }
    }
    CHECK(PageWords{"ar-AE"}.right_to_left());
    CHECK_FALSE(PageWords{"hi"}.right_to_left());
    CHECK(PageWords{"xx"}.language() == "en");
    CHECK(PageWords{"hi"}.say("how", {{"name", "Ana"}}) !=
          PageWords{"en"}.say("how", {{"name", "Ana"}}));
    CHECK(PageWords{"en"}.say("how", {{"name", "Ana"}}) == "How did it go with Ana?");
    // a Latin name inside an Arabic sentence is isolated
    CHECK(PageWords{"ar"}
              .say("how", {{"name", "Ana"}})
              .find("\u2068"
                    "Ana"
                    "\u2069") != std::string::npos);
    CHECK_THROWS(PageWords{"en"}.say("no_such_words"));
}

TEST_CASE("a page names days as its reader does") {
    const core::Timestamp nine =
        core::from_unix_ms(1'795'424'400'000);  // Mon 23 Nov 2026, 09:00 UTC
    const web::PageWords english{"en"};
    CHECK(english.when(nine + 1h, "UTC", nine) == "Today 10:00");
    CHECK(english.when(nine + 24h, "UTC", nine) == "Tomorrow 09:00");
    CHECK(english.when(nine + 72h, "UTC", nine) == "Thu 09:00");
    CHECK(english.when(nine + 24h * 14, "UTC", nine) == "Mon 7.12. 09:00");
    CHECK(english.when(nine + 1h, "Asia/Kolkata", nine) == "Today 15:30");
    CHECK(web::PageWords{"hi"}.clock(nine, "UTC") == "सोम 09:00");
}

TEST_CASE("a page names languages as its reader does") {
    CHECK(web::PageWords{"en"}.name_of_language("hi") == "Hindi");
    CHECK(web::PageWords{"en"}.name_of_language("pt-BR") == "Portuguese (Brazil)");
    CHECK(web::PageWords{"hi"}.name_of_language("es") == "स्पेनिश");
    CHECK(web::PageWords{"ar"}.name_of_language("hi") == "الهندية");
    CHECK(web::PageWords{"en"}.name_of_language("xx") == "xx");
}

TEST_CASE("without a line the page has the number to dial and nothing else") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = world.page(ana.prompt, "joel");
    const Reply page = world.send("GET", path);
    CHECK(page.body.find("href=\"tel:") != std::string::npos);
    CHECK(page.body.find("/ring") == std::string::npos);
    CHECK(post_form(world, path + "/ring", {{"form", form_of(page.body)}}).status == 404);
    CHECK(prompt_of(world, ana)["lease"].is_null());
}

TEST_CASE("with a line the page offers to ring the rep's phone, once, and the number stays first") {
    const auto rung = std::make_shared<int>(0);
    World world{{.rung = rung}};
    const auto ana = world.called("joel");
    const std::string path = world.page(ana.prompt, "joel");
    const Reply page = world.send("GET", path);
    REQUIRE(page.body.find("Ring my phone instead") != std::string::npos);
    CHECK(page.body.find("href=\"tel:") < page.body.find("Ring my phone instead"));
    CHECK(*rung == 0);  // looking rings nobody

    const std::vector<Header> form{{"form", form_of(page.body)}};
    const Reply asked = post_form(world, path + "/ring", form);
    CHECK(asked.status == 303);
    CHECK(*rung == 1);
    const Reply after = world.send("GET", asked.header("Location"));
    CHECK(after.body.find("Your phone rings now.") != std::string::npos);
    CHECK(after.body.find("Ring my phone instead") == std::string::npos);
    CHECK(post_form(world, path + "/ring", form).status == 409);
    CHECK(*rung == 1);
}

TEST_CASE("how the line ended is chosen already on the page, and the rep corrects it") {
    World world;
    const auto ana = world.called("joel");
    const std::string path = world.page(ana.prompt, "joel");
    const auto checked = [&] {
        const std::string body = world.send("GET", path).body;
        const std::size_t at = body.find("name=\"outcome\"");
        std::string found;
        for (std::size_t next = at; next != std::string::npos;
             next = body.find("name=\"outcome\"", next + 1))
            if (body.substr(next, body.find('>', next) - next).find(" checked") !=
                std::string::npos)
                found += between(body.substr(next), "value=\"", "\"");
        return found;
    };
    const auto ended = [&](core::Line line) {
        world.transact([&](Unit& unit) {
            const Wanted wanted{core::ContactId{ana.contact}, std::nullopt};
            const core::Case before = *unit.load(std::span{&wanted, 1}).at(0);
            core::Case after = before;
            after.prompt->line = line;
            const Change change{&before, &after, {}, "provider"};
            unit.save(std::span{&change, 1}, world.now());
        });
    };
    CHECK(checked().empty());
    ended({core::LineState::no_answer, 0});
    CHECK(checked() == "no_answer");
    ended({core::LineState::busy, 0});
    CHECK(checked() == "busy");
    ended({core::LineState::completed, 75});
    CHECK(checked() == "talked");
    ended({core::LineState::completed, 4});
    CHECK(checked().empty());
}

TEST_CASE("an offered time is one when both may talk, and the page calls it by what it is") {
    // Rep in Kolkata at work from 10 to 19, contact in Tokyo to be reached from 9 to 17:30 there:
    // "tomorrow 17:00" of the rep's is 20:30 in Tokyo, and 9:00 in Tokyo is 5:30 in Kolkata.
    core::Plan plan;
    core::WeekHours all_day;
    for (auto& day : all_day.days)
        day = {{core::DayTime{0}, core::DayTime{24 * 60}}};
    plan.calendar.countries[""] = {.region = "", .allowed = all_day, .as_of = "2026-11-01"};
    core::Rep ravi;
    ravi.id = core::RepId{"ravi"};
    ravi.zone = "Asia/Kolkata";
    for (auto& day : ravi.hours.days)
        day = {{core::DayTime{10 * 60}, core::DayTime{19 * 60}}};
    core::Case yuki;
    yuki.contact.zones = {"Asia/Tokyo"};
    yuki.contact.zone_source = core::ZoneSource::given;
    yuki.contact.preferences.from = core::DayTime{9 * 60};
    yuki.contact.preferences.to = core::DayTime{17 * 60 + 30};
    const core::Timestamp nine_utc = core::from_unix_ms(1'795'424'400'000);  // Monday, 14:30 there

    const web::Suggestions offered = web::suggestions(plan, yuki, ravi, nine_utc);
    const web::PageWords words{"en"};
    for (const auto* some : {&offered.no_answer, &offered.talked, &offered.callback}) {
        std::set<core::Timestamp> apart;
        for (const web::Suggestion& s : *some) {
            INFO(s.label);
            CHECK(core::decent(plan.calendar, yuki.contact, s.at));
            CHECK(core::open(ravi.hours, {}, {ravi.zone}, s.at));
            CHECK(apart.insert(s.at).second);
            const bool by_name = s.label == words.when(s.at, ravi.zone, nine_utc);
            CHECK((by_name || s.label == "In a week" || s.label == "In two weeks" ||
                   s.label == "In a month"));
        }
    }
    CHECK(offered.no_answer.front().label == "Tomorrow 10:00");  // not "Call again in 2 h"
    CHECK(offered.no_answer.at(1).label == "Wed 10:00");         // not "Tomorrow 17:00"
}
