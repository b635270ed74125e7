#include "core/calendar.hpp"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/toml_file.hpp"
#include "core/week_hours.hpp"

namespace warmcall::core {
namespace {

using std::chrono::floor;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::year_month_day;

constexpr int day_minutes = 24 * 60;
constexpr Duration horizon = std::chrono::days{60};
constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu",
                                                    "fri", "sat", "sun"};

const date::time_zone* zone_or_null(std::string_view name) {
    try {
        return date::locate_zone(name);
    } catch (const std::runtime_error&) {
        return nullptr;
    }
}

// Empty where one of them is unknown: then nothing is trusted.
std::vector<const date::time_zone*> located(const std::vector<std::string>& names) {
    std::vector<const date::time_zone*> zones;
    for (const std::string& name : names) {
        const auto* zone = zone_or_null(name);
        if (zone == nullptr)
            return {};
        zones.push_back(zone);
    }
    return zones;
}

unsigned weekday_of(year_month_day day) {
    return std::chrono::weekday{std::chrono::sys_days{day}}.iso_encoding() - 1;
}

LocalTime local_in(const date::time_zone& zone, Timestamp at) {
    const auto offset = zone.get_info(floor<seconds>(at)).offset;
    const auto shifted = at + offset;
    const auto midnight = floor<std::chrono::days>(shifted);
    const year_month_day day{std::chrono::sys_days{midnight}};
    return {day, static_cast<int>(floor<minutes>(shifted - midnight).count()), weekday_of(day)};
}

// The hour the clock shows a second time ends here; none when `at` is not in such an hour.
std::optional<Timestamp> end_of_repeated_hour(const date::time_zone& zone, Timestamp at) {
    const auto now = zone.get_info(floor<seconds>(at));
    if (now.begin == date::sys_seconds::min())
        return std::nullopt;
    const auto before = zone.get_info(now.begin - seconds{1});
    const Timestamp end = now.begin + (before.offset - now.offset);
    return before.offset > now.offset && at < end ? std::optional{end} : std::nullopt;
}

Timestamp instant_in(const date::time_zone& zone, year_month_day day, DayTime time) {
    const auto wall =
        date::local_seconds{std::chrono::sys_days{day}.time_since_epoch() + minutes{time.minutes}};
    const auto info = zone.get_info(wall);
    if (info.result == date::local_info::nonexistent)
        return info.second.begin;  // the first moment after the gap
    return date::sys_seconds{wall.time_since_epoch()} - info.first.offset;
}

using Holidays = std::set<year_month_day>;

const std::vector<Span>& spans_on(const WeekHours& hours, const Holidays& holidays,
                                  year_month_day day) {
    static const std::vector<Span> closed;
    return holidays.contains(day) ? closed : hours.days[weekday_of(day)];
}

bool open_in(const date::time_zone& zone, const WeekHours& hours, const Holidays& holidays,
             Timestamp at) {
    const LocalTime now = local_in(zone, at);
    const auto& spans = spans_on(hours, holidays, now.day);
    const bool inside = std::any_of(spans.begin(), spans.end(), [&](const Span& s) {
        return s.from.minutes <= now.minutes && now.minutes < s.to.minutes;
    });
    return inside && !end_of_repeated_hour(zone, at);
}

// The first moment of one span on one day at or after `from`.
std::optional<Timestamp> first_within(const date::time_zone& zone, year_month_day day,
                                      const Span& span, Timestamp from) {
    const Timestamp begin = instant_in(zone, day, span.from);
    const Timestamp end = instant_in(zone, day, span.to);
    Timestamp at = std::max(begin, from);
    if (const auto over = end_of_repeated_hour(zone, at))
        at = *over;
    return at < end ? std::optional{at} : std::nullopt;
}

std::optional<Timestamp> next_open_in(const date::time_zone& zone, const WeekHours& hours,
                                      const Holidays& holidays, Timestamp from, Timestamp until) {
    std::chrono::sys_days day{local_in(zone, from).day};
    for (; day <= floor<std::chrono::days>(until) + std::chrono::days{1};
         day += std::chrono::days{1}) {
        std::optional<Timestamp> first;
        for (const Span& span : spans_on(hours, holidays, day))
            if (const auto at = first_within(zone, day, span, from); at && (!first || *at < *first))
                first = at;
        if (first)
            return *first <= until ? first : std::nullopt;
    }
    return std::nullopt;
}

// The contact's own wishes as hours of any day; they may run over midnight.
std::vector<Span> wished(const Preferences& wishes) {
    const DayTime from = wishes.from.value_or(DayTime{0});
    const DayTime to = wishes.to.value_or(DayTime{day_minutes});
    if (from == to)
        return {{DayTime{0}, DayTime{day_minutes}}};
    if (from < to)
        return {{from, to}};
    return {{DayTime{0}, to}, {from, DayTime{day_minutes}}};
}

WeekHours both(const WeekHours& allowed, const std::vector<Span>& wishes) {
    WeekHours hours;
    for (std::size_t day = 0; day < 7; ++day)
        for (const Span& a : allowed.days[day])
            for (const Span& w : wishes)
                if (const Span common{std::max(a.from, w.from), std::min(a.to, w.to)};
                    common.from < common.to)
                    hours.days[day].push_back(common);
    return hours;
}

std::optional<DayTime> read_clock(std::string_view text) {
    if (text.size() != 5 || text[2] != ':')
        return std::nullopt;
    int hour = 0;
    int minute = 0;
    const auto h = std::from_chars(text.data(), text.data() + 2, hour);
    const auto m = std::from_chars(text.data() + 3, text.data() + 5, minute);
    const bool digits = h.ec == std::errc{} && h.ptr == text.data() + 2 && m.ec == std::errc{} &&
                        m.ptr == text.data() + 5;
    if (!digits || hour < 0 || minute < 0 || minute > 59 || hour * 60 + minute > day_minutes)
        return std::nullopt;
    return DayTime{hour * 60 + minute};
}

std::optional<Span> read_span(std::string_view text) {
    if (text.size() != 11 || text[5] != '-')
        return std::nullopt;
    const auto from = read_clock(text.substr(0, 5));
    const auto to = read_clock(text.substr(6));
    if (!from || !to || *from >= *to)
        return std::nullopt;
    return Span{*from, *to};
}

std::string region_of(const TomlFile& file, const toml::node& node) {
    if (!node.is_string())
        file.wrong(node,
                   "expected a country such as \"IN\", or \"\" for the rule where none is known");
    const std::string& region = node.as_string()->get();
    const bool letters =
        std::all_of(region.begin(), region.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!letters || (region.size() != 2 && !region.empty()))
        file.wrong(node, "expected two capital letters (ISO 3166) such as \"IN\", found \"" +
                             region + "\"");
    return region;
}

Holidays holidays_of(const TomlFile& file, const toml::node& node) {
    Holidays days;
    for (const toml::node& item : file.array(node))
        if (!days.insert(file.day(item)).second)
            file.wrong(item, "this day is in the list twice");
    return days;
}

}  // namespace

const CountryRules& Calendar::rules(std::string_view region) const {
    static const CountryRules closed;  // no rule at all: nothing is written
    if (const auto found = countries.find(std::string{region}); found != countries.end())
        return found->second;
    const auto fallback = countries.find("");
    return fallback == countries.end() ? closed : fallback->second;
}

bool open(const WeekHours& hours, const Holidays& holidays, const std::vector<std::string>& zones,
          Timestamp at) {
    const auto found = located(zones);
    return !found.empty() && std::all_of(found.begin(), found.end(), [&](const auto* zone) {
        return open_in(*zone, hours, holidays, at);
    });
}

std::optional<Timestamp> next_open(const WeekHours& hours, const Holidays& holidays,
                                   const std::vector<std::string>& zones, Timestamp from) {
    const auto found = located(zones);
    if (found.empty())
        return std::nullopt;
    const Timestamp until = from + horizon;
    Timestamp at = from;
    std::size_t agreeing = 0;  // zones in a row that are open at `at`
    for (std::size_t i = 0; agreeing < found.size(); i = (i + 1) % found.size()) {
        const auto next = next_open_in(*found[i], hours, holidays, at, until);
        if (!next)
            return std::nullopt;
        agreeing = *next == at ? agreeing + 1 : 1;
        at = *next;
    }
    return at;
}

bool decent(const Calendar& calendar, const Contact& contact, Timestamp at) {
    const CountryRules& rules = calendar.rules(contact.region);
    return open(both(rules.allowed, wished(contact.preferences)), rules.holidays, contact.zones,
                at);
}

std::optional<Timestamp> next_decent(const Calendar& calendar, const Contact& contact,
                                     Timestamp from) {
    const CountryRules& rules = calendar.rules(contact.region);
    return next_open(both(rules.allowed, wished(contact.preferences)), rules.holidays,
                     contact.zones, from);
}

LocalTime local(Timestamp at, std::string_view zone) {
    return local_in(*date::locate_zone(zone), at);
}

Timestamp instant(year_month_day day, DayTime time, std::string_view zone) {
    return instant_in(*date::locate_zone(zone), day, time);
}

bool known_zone(std::string_view zone) {
    return zone_or_null(zone) != nullptr;
}

WeekHours week_hours(const TomlFile& file, const toml::node& node) {
    const toml::table& table = file.table(node);
    file.only(table, {"mon", "tue", "wed", "thu", "fri", "sat", "sun"});
    WeekHours hours;
    for (std::size_t day = 0; day < day_names.size(); ++day) {
        const toml::node* list = table.get(day_names[day]);
        if (list == nullptr)
            continue;  // closed that day
        for (const toml::node& item : file.array(*list)) {
            const auto span = read_span(file.text(item));
            if (!span)
                file.wrong(
                    item,
                    "expected hours such as \"09:00-17:30\" (at most \"00:00-24:00\"), found \"" +
                        file.text(item) + "\"");
            auto& spans = hours.days[day];
            if (!spans.empty() && span->from < spans.back().to)
                file.wrong(item,
                           "these hours overlap the ones before; expected them in order and apart");
            spans.push_back(*span);
        }
    }
    return hours;
}

namespace {

Ban read_ban(const TomlFile& file, const toml::table& table) {
    file.only(table, {"medium", "category", "since", "until", "because"});
    const auto one_of = [&](std::string_view key, std::string_view a, std::string_view b) {
        const toml::node& node = file.need(table, key, "what does not get through");
        const std::string word = file.text(node);
        if (word != a && word != b)
            file.wrong(node, "expected \"" + std::string{a} + "\" or \"" + std::string{b} +
                                 "\", found \"" + word + "\"");
        return word == a;
    };
    Ban ban;
    ban.medium = one_of("medium", "whatsapp", "sms") ? Medium::whatsapp : Medium::sms;
    ban.category =
        one_of("category", "marketing", "utility") ? Category::marketing : Category::utility;
    ban.since = file.day(file.need(table, "since", "the first day of it, such as 2026-11-01"));
    if (const auto* until = table.get("until")) {
        ban.until = file.day(*until);
        if (*ban.until <= ban.since)
            file.wrong(*until, "expected a day after \"since\"");
    }
    ban.because = file.text(file.need(table, "because", "a sentence for the rep"));
    while (ban.because.ends_with('.'))
        ban.because.pop_back();
    return ban;
}

}  // namespace

Result<CountryRules> read_country_rules(std::string_view toml, std::string_view file_name) try {
    const TomlFile file{toml, file_name};
    const toml::table& root = file.root();
    file.only(root, {"region", "as_of", "allowed", "holidays", "ban"});
    CountryRules rules;
    rules.region = region_of(file, file.need(root, "region", "a country such as \"IN\""));
    const year_month_day as_of =
        file.day(file.need(root, "as_of", "the day these rules were checked, such as 2026-11-01"));
    rules.as_of =
        date::format("%F", date::sys_days{std::chrono::sys_days{as_of}.time_since_epoch()});
    rules.allowed = week_hours(
        file, file.need(root, "allowed", "hours by day, such as mon = [\"09:00-20:00\"]"));
    if (rules.allowed == WeekHours{})
        file.wrong(*root.get("allowed"),
                   "expected at least one day with hours; with none nothing could ever be written");
    if (const auto* holidays = root.get("holidays"))
        rules.holidays = holidays_of(file, *holidays);
    if (const auto* bans = root.get("ban"))
        for (const toml::node& one : file.array(*bans))
            rules.bans.push_back(read_ban(file, file.table(one)));
    return rules;
} catch (const TomlFault& fault) {
    return fault.error;
}

}  // namespace warmcall::core
