#include "core/calendar.hpp"

#include <date/tz.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "core/phone_table.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using namespace std::chrono_literals;
using core::DayTime;
using core::Timestamp;
using std::chrono::year_month_day;

namespace {

using Days = std::set<year_month_day>;

Timestamp utc(int y, unsigned m, unsigned d, int hour = 0, int minute = 0) {
    return std::chrono::sys_days{
               year_month_day{std::chrono::year{y}, std::chrono::month{m}, std::chrono::day{d}}} +
           std::chrono::hours{hour} + std::chrono::minutes{minute};
}

year_month_day day(int y, unsigned m, unsigned d) {
    return {std::chrono::year{y}, std::chrono::month{m}, std::chrono::day{d}};
}

core::WeekHours daily(int from, int to) {
    core::WeekHours hours;
    for (auto& spans : hours.days)
        spans = {{DayTime{from}, DayTime{to}}};
    return hours;
}

core::Contact contact(std::vector<std::string> zones, std::string region = "") {
    core::Contact c;
    c.zones = std::move(zones);
    c.region = std::move(region);
    return c;
}

core::Calendar calendar(const core::CountryRules& rules) {
    return {{{rules.region, rules}}};
}

std::string file(const std::filesystem::path& path) {
    std::ifstream in{path};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

core::Calendar shipped() {
    core::Calendar all;
    for (const auto& entry :
         std::filesystem::directory_iterator{WARMCALL_SOURCE_DIR "/config/calendars"}) {
        const auto rules =
            core::read_country_rules(file(entry.path()), entry.path().filename().string());
        INFO((rules ? "" : rules.error().message));
        REQUIRE(rules);
        all.countries[rules->region] = *rules;
    }
    return all;
}

const auto nine_to_eight = daily(9 * 60, 20 * 60);

}  // namespace

TEST_CASE("hours are those on the contact's own clock, half open") {
    const std::vector<std::string> kolkata{"Asia/Kolkata"};
    CHECK_FALSE(core::open(nine_to_eight, {}, kolkata, utc(2026, 11, 23, 3, 29)));
    CHECK(core::open(nine_to_eight, {}, kolkata, utc(2026, 11, 23, 3, 30)));
    CHECK(core::open(nine_to_eight, {}, kolkata, utc(2026, 11, 23, 14, 29)));
    CHECK_FALSE(core::open(nine_to_eight, {}, kolkata, utc(2026, 11, 23, 14, 30)));
}

TEST_CASE("where the zone is not certain, every candidate must agree") {
    const std::vector<std::string> coasts{"America/New_York", "America/Los_Angeles"};
    CHECK_FALSE(core::open(nine_to_eight, {}, coasts, utc(2026, 11, 23, 16, 59)));
    CHECK(core::open(nine_to_eight, {}, coasts,
                     utc(2026, 11, 23, 17, 0)));  // 9:00 in the west, 12:00 in the east
    CHECK_FALSE(core::open(nine_to_eight, {}, coasts, utc(2026, 11, 24, 1, 0)));
    CHECK(core::next_open(nine_to_eight, {}, coasts, utc(2026, 11, 23, 2, 0)) ==
          utc(2026, 11, 23, 17, 0));
}

TEST_CASE("no zone and an unknown zone are never open") {
    const std::vector<std::string> none;
    const std::vector<std::string> mars{"Mars/Olympus_Mons"};
    const std::vector<std::string> half{"Asia/Kolkata", "Mars/Olympus_Mons"};
    for (const auto& zones : {none, mars, half}) {
        CHECK_FALSE(core::open(daily(0, 1440), {}, zones, utc(2026, 11, 23, 12)));
        CHECK_FALSE(core::next_open(daily(0, 1440), {}, zones, utc(2026, 11, 23, 12)));
    }
    CHECK_FALSE(core::known_zone("Mars/Olympus_Mons"));
    CHECK_FALSE(core::known_zone(""));
    CHECK_FALSE(core::known_zone("../../etc/passwd"));
    CHECK(core::known_zone("Asia/Kolkata"));
    CHECK_THROWS(core::local(utc(2026, 1, 1), "Mars/Olympus_Mons"));
}

TEST_CASE("zones whose hours never meet are never open") {
    CHECK_FALSE(core::next_open(daily(9 * 60, 17 * 60), {}, {"Pacific/Auckland", "Europe/London"},
                                utc(2026, 11, 23)));
}

TEST_CASE(
    "a moment that is open already is its own next one, and otherwise the hours begin to the "
    "minute") {
    const std::vector<std::string> berlin{"Europe/Berlin"};
    const auto inside = utc(2026, 11, 23, 12) + 17s;
    CHECK(core::next_open(nine_to_eight, {}, berlin, inside) == inside);
    CHECK(core::next_open(nine_to_eight, {}, berlin, utc(2026, 11, 23, 20) + 17s) ==
          utc(2026, 11, 24, 8));
}

TEST_CASE("closed days and holidays are passed over") {
    auto weekdays = nine_to_eight;
    weekdays.days[5].clear();
    weekdays.days[6].clear();
    const std::vector<std::string> berlin{"Europe/Berlin"};
    CHECK(core::next_open(weekdays, {}, berlin, utc(2026, 12, 4, 21)) == utc(2026, 12, 7, 8));
    const Days christmas{day(2026, 12, 24), day(2026, 12, 25)};
    CHECK(core::next_open(weekdays, christmas, berlin, utc(2026, 12, 23, 21)) ==
          utc(2026, 12, 28, 8));
    CHECK_FALSE(core::open(weekdays, christmas, berlin, utc(2026, 12, 24, 12)));
}

TEST_CASE("nothing open within sixty days is no moment at all") {
    CHECK_FALSE(core::next_open(core::WeekHours{}, {}, {"Europe/Berlin"}, utc(2026, 11, 23)));
    Days all;
    for (auto d = std::chrono::sys_days{day(2026, 11, 1)};
         d < std::chrono::sys_days{day(2027, 3, 1)}; d += std::chrono::days{1})
        all.insert(d);
    CHECK_FALSE(core::next_open(nine_to_eight, all, {"Europe/Berlin"}, utc(2026, 11, 23)));
}

TEST_CASE("hours that begin in the hour that spring leaves out begin right after it") {
    const std::vector<std::string> ny{"America/New_York"};
    const auto half_past_two = daily(2 * 60 + 30, 6 * 60);
    CHECK(core::next_open(half_past_two, {}, ny, utc(2026, 3, 8, 5)) ==
          utc(2026, 3, 8, 7));  // 03:00 EDT
    CHECK(core::instant(day(2026, 3, 8), DayTime{150}, "America/New_York") == utc(2026, 3, 8, 7));
    const auto within = daily(2 * 60, 3 * 60);  // there is no such hour that night
    CHECK(core::next_open(within, {}, ny, utc(2026, 3, 8, 5)) == utc(2026, 3, 9, 6));
}

TEST_CASE("the hour that autumn repeats counts once, the first time") {
    const std::vector<std::string> ny{"America/New_York"};
    const auto one_to_two = daily(60, 120);
    CHECK(core::instant(day(2026, 11, 1), DayTime{90}, "America/New_York") ==
          utc(2026, 11, 1, 5, 30));
    CHECK(core::open(one_to_two, {}, ny, utc(2026, 11, 1, 5, 30)));
    CHECK_FALSE(core::open(one_to_two, {}, ny, utc(2026, 11, 1, 6, 30)));
    CHECK(core::next_open(one_to_two, {}, ny, utc(2026, 11, 1, 6, 0)) == utc(2026, 11, 2, 6));
    CHECK(core::next_open(daily(60, 300), {}, ny, utc(2026, 11, 1, 6, 10)) == utc(2026, 11, 1, 7));
}

TEST_CASE("a day that a country skipped has no hours") {
    CHECK(core::next_open(nine_to_eight, {}, {"Pacific/Apia"}, utc(2011, 12, 30, 8)) ==
          utc(2011, 12, 30, 19));  // 31st, 9:00
}

TEST_CASE("the wall clock of a zone") {
    const auto t = core::local(utc(2026, 11, 22, 19, 5), "Asia/Kolkata");
    CHECK(t.day == day(2026, 11, 23));
    CHECK(t.minutes == 35);
    CHECK(t.weekday == 0);
    CHECK(core::instant(day(2026, 11, 22), DayTime{1440}, "Asia/Kolkata") ==
          utc(2026, 11, 22, 18, 30));
    CHECK(core::local(utc(2036, 7, 1, 12), "America/New_York").minutes ==
          8 * 60);  // rules reach ahead
}

TEST_CASE("the next open moment is the one a patient watcher of every minute would find") {
    std::vector<std::string> names;
    for (const auto& plan : core::numbering_plans())
        for (const auto zone : plan.zones)
            names.emplace_back(zone);
    std::mt19937 random{7};
    const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    for (int round = 0; round < 400; ++round) {
        const std::string name = names[random() % names.size()];
        const auto* zone = date::locate_zone(name);
        auto change = zone->get_info(date::sys_seconds{std::chrono::sys_days{day(2025, 1, 1)} +
                                                       std::chrono::days{upto(2200)}})
                          .end;
        if (change > date::sys_seconds{std::chrono::sys_days{day(2032, 1, 1)}})
            change = date::sys_seconds{
                std::chrono::sys_days{day(2026, 6, 1)}};  // a zone that keeps its hours
        const int from = upto(1440);
        const auto hours = daily(from, from + 1 + upto(1440 - from));
        std::vector<std::string> zones{name};
        if (upto(3) == 0)
            zones.push_back(names[random() % names.size()]);
        const Timestamp start = std::chrono::floor<std::chrono::minutes>(Timestamp{change}) - 3h +
                                std::chrono::minutes{upto(360)};
        const auto found = core::next_open(hours, {}, zones, start);
        INFO(name << " and " << zones.back() << ", hours " << hours.days[0][0].from.minutes << "-"
                  << hours.days[0][0].to.minutes << ", from " << core::unix_ms(start));
        Timestamp at = start;
        while (at < start + 30h && !core::open(hours, {}, zones, at))
            at += 1min;
        if (at < start + 30h)
            REQUIRE(found == at);
        else
            REQUIRE((!found || *found >= at));
    }
}

TEST_CASE("nothing is open outside the hours on the wall clock, around any clock change") {
    const auto hours = daily(60 + 15, 4 * 60 + 45);
    for (const auto& plan : core::numbering_plans())
        for (const auto name : plan.zones) {
            const auto* zone = date::locate_zone(name);
            const std::vector<std::string> zones{std::string{name}};
            auto at = date::sys_seconds{std::chrono::sys_days{day(2026, 1, 1)}};
            const auto end = date::sys_seconds{std::chrono::sys_days{day(2027, 1, 1)}};
            for (auto info = zone->get_info(at); info.end < end; info = zone->get_info(info.end))
                for (Timestamp t = info.end - 3h; t < info.end + 3h; t += 5min)
                    if (core::open(hours, {}, zones, t)) {
                        const auto now = core::local(t, name);
                        INFO(name << " " << core::unix_ms(t));
                        REQUIRE(now.minutes >= 75);
                        REQUIRE(now.minutes < 285);
                    }
        }
}

TEST_CASE("a text is decent where the country's rules and the contact's own wishes agree") {
    core::CountryRules in;
    in.region = "IN";
    in.allowed = daily(10 * 60, 21 * 60);
    auto c = contact({"Asia/Kolkata"}, "IN");
    CHECK(core::next_decent(calendar(in), c, utc(2026, 11, 23, 0)) == utc(2026, 11, 23, 4, 30));
    c.preferences.from = DayTime{18 * 60};
    CHECK(core::next_decent(calendar(in), c, utc(2026, 11, 23, 0)) == utc(2026, 11, 23, 12, 30));
    CHECK_FALSE(core::decent(calendar(in), c, utc(2026, 11, 23, 12, 29)));
    CHECK(core::decent(calendar(in), c, utc(2026, 11, 23, 12, 30)));
    c.preferences.to = DayTime{19 * 60};
    CHECK_FALSE(core::decent(calendar(in), c, utc(2026, 11, 23, 13, 30)));
    c.preferences.from = DayTime{20 * 60};
    c.preferences.to =
        DayTime{11 * 60};  // over midnight: late or early, and the law's hours still hold
    CHECK(core::decent(calendar(in), c, utc(2026, 11, 23, 5, 0)));
    CHECK_FALSE(core::decent(calendar(in), c, utc(2026, 11, 23, 6, 0)));
    CHECK(core::next_decent(calendar(in), c, utc(2026, 11, 23, 6, 0)) == utc(2026, 11, 23, 14, 30));
    c.preferences.from = DayTime{22 * 60};
    c.preferences.to = DayTime{23 * 60};
    CHECK_FALSE(core::next_decent(calendar(in), c, utc(2026, 11, 23, 6, 0)));
}

TEST_CASE("a contact without a zone is never written to on a guess") {
    core::CountryRules any;
    any.allowed = daily(0, 1440);
    CHECK_FALSE(core::decent(calendar(any), contact({}), utc(2026, 11, 23, 12)));
    CHECK_FALSE(core::next_decent(calendar(any), contact({}), utc(2026, 11, 23, 12)));
}

TEST_CASE("a country without rules of its own goes by the rule for where nothing is known") {
    core::CountryRules fallback;
    fallback.as_of = "2026-11-01";
    CHECK(calendar(fallback).rules("NL").as_of == "2026-11-01");
    CHECK(core::Calendar{}.rules("NL").allowed == core::WeekHours{});
}

TEST_CASE("the shipped rule packs hold at their edges") {
    const auto all = shipped();
    REQUIRE(all.countries.contains(""));
    const auto at = [&](const char* region, const char* zone, Timestamp t) {
        return core::decent(all, contact({zone}, region), t);
    };
    CHECK_FALSE(at("IN", "Asia/Kolkata", utc(2026, 11, 23, 4, 30) - 1s));  // 09:59:59
    CHECK(at("IN", "Asia/Kolkata", utc(2026, 11, 23, 4, 30)));
    CHECK(at("IN", "Asia/Kolkata", utc(2026, 11, 23, 15, 30) - 1s));
    CHECK_FALSE(at("IN", "Asia/Kolkata", utc(2026, 11, 23, 15, 30)));  // 21:00:00
    CHECK_FALSE(at("IN", "Asia/Kolkata", utc(2027, 1, 26, 8)));        // Republic Day
    CHECK_FALSE(at("FR", "Europe/Paris", utc(2026, 11, 22, 12)));      // a Sunday
    CHECK_FALSE(at("FR", "Europe/Paris", utc(2027, 5, 6, 12)));        // Ascension
    CHECK(at("FR", "Europe/Paris", utc(2026, 11, 23, 12)));
    CHECK_FALSE(at("US", "America/New_York", utc(2026, 11, 26, 18)));  // Thanksgiving
    CHECK_FALSE(at("US", "America/New_York", utc(2026, 11, 23, 23, 0)));
    CHECK(at("NL", "Europe/Amsterdam", utc(2026, 11, 22, 12)));
    REQUIRE(all.rules("US").bans.size() == 1);
    CHECK(all.rules("US").bans.front().because ==
          "WhatsApp does not deliver this kind of message to US numbers");
    for (const auto& [region, rules] : all.countries) {
        INFO("rules of \"" << region << "\"");
        CHECK(rules.as_of == "2026-11-01");
        for (const auto& spans : rules.allowed.days)
            for (const auto& span : spans) {
                CHECK(span.from >= DayTime{8 * 60});
                CHECK(span.to <= DayTime{21 * 60});
            }
    }
}

TEST_CASE("an American number whose state is unknown still has an hour to be written in") {
    std::vector<std::string> zones;
    for (const auto& plan : core::numbering_plans())
        if (plan.region == "US")
            zones.assign(plan.zones.begin(), plan.zones.end());
    const auto next = core::next_decent(shipped(), contact(zones, "US"), utc(2026, 11, 23, 6));
    CHECK(next == utc(2026, 11, 23, 19));  // 9:00 in Hawaii, 14:00 in New York
}

TEST_CASE("a mistake in a rule pack names file, line and what was expected") {
    const auto error = [](const std::string& toml) {
        const auto rules = core::read_country_rules(toml, "xx.toml");
        return rules ? std::string{"no error"} : rules.error().message;
    };
    const std::string good = "region = \"XX\"\nas_of = 2026-11-01\n";
    CHECK(error(good + "[allowed]\nmon = [\"09:00-12:30\", \"14:00-24:00\"]\n") == "no error");
    CHECK(error("as_of = 2026-11-01\n[allowed]\nmon = [\"09:00-20:00\"]\n") ==
          "xx.toml:1: \"region\" is missing; expected a country such as \"IN\"");
    CHECK(error("region = \"India\"\nas_of = 2026-11-01\n") ==
          "xx.toml:1: expected two capital letters (ISO 3166) such as \"IN\", found \"India\"");
    CHECK(error("region = \"XX\"\nas_of = \"today\"\n") ==
          "xx.toml:2: expected a day such as 2026-12-25 (without quotes), found a text");
    CHECK(error(good) ==
          "xx.toml:1: \"allowed\" is missing; expected hours by day, such as mon = "
          "[\"09:00-20:00\"]");
    CHECK(
        error(good + "[allowed]\n") ==
        "xx.toml:3: expected at least one day with hours; with none nothing could ever be written");
    CHECK(error(good + "[allowed]\nmonday = []\n") ==
          "xx.toml:4: unknown key \"monday\"; expected one of mon, tue, wed, thu, fri, sat, sun");
    for (const std::string bad : {"9-17", "09:00-25:00", "17:00-09:00", "09:00-09:00",
                                  "09:60-10:00", "aa:00-10:00", "09:00–17:00"})
        CHECK(error(good + "[allowed]\nmon = [\"" + bad + "\"]\n") ==
              "xx.toml:4: expected hours such as \"09:00-17:30\" (at most \"00:00-24:00\"), found "
              "\"" +
                  bad + "\"");
    CHECK(error(good + "[allowed]\nmon = [\"09:00-12:00\", \"11:00-17:00\"]\n") ==
          "xx.toml:4: these hours overlap the ones before; expected them in order and apart");
    CHECK(
        error(good +
              "holidays = [\n2026-12-25,\n2026-12-25,\n]\n[allowed]\nmon = [\"09:00-12:00\"]\n") ==
        "xx.toml:5: this day is in the list twice");
    CHECK(error(good + "holidays = [2026-02-30]\n[allowed]\nmon = [\"09:00-12:00\"]\n")
              .starts_with("xx.toml:3: "));
    CHECK(error(good + "zone = 1\n").starts_with("xx.toml:3: unknown key \"zone\""));
    const std::string ban = good + "[allowed]\nmon = [\"09:00-12:00\"]\n[[ban]]\n";
    CHECK(error(ban +
                "medium = \"whatsapp\"\ncategory = \"marketing\"\nsince = 2025-04-01\nbecause = "
                "\"It is so.\"\n") == "no error");
    CHECK(error(ban + "medium = \"whatsap\"\n") ==
          "xx.toml:6: expected \"whatsapp\" or \"sms\", found \"whatsap\"");
    CHECK(error(ban + "medium = \"sms\"\ncategory = \"service\"\n") ==
          "xx.toml:7: expected \"marketing\" or \"utility\", found \"service\"");
    CHECK(
        error(
            ban +
            "medium = \"sms\"\ncategory = \"utility\"\nsince = 2026-01-01\nuntil = 2026-01-01\n") ==
        "xx.toml:9: expected a day after \"since\"");
    CHECK(error(ban + "mediums = \"sms\"\n").starts_with("xx.toml:6: unknown key \"mediums\""));
}
