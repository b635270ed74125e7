#pragma once
// When it is decent: working hours, quiet hours by country, holidays, zones. Daylight saving is the
// date library's.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/contact.hpp"
#include "core/time.hpp"
#include "support/result.hpp"

namespace warmcall::core {

// Half-open [from, to) on the local clock; `to` may be 24:00 (1440). Empty list for a day: closed.
struct Span {
    DayTime from, to;
    auto operator<=>(const Span&) const = default;
};

struct WeekHours {
    std::vector<Span> days[7];  // 0 = Monday
    bool operator==(const WeekHours&) const = default;
};

// A kind of text that does not get through in a country, on one medium, while it is so.
struct Ban {
    Medium medium = Medium::whatsapp;
    Category category = Category::marketing;
    std::chrono::year_month_day since{};
    std::optional<std::chrono::year_month_day> until;  // the first day it is over
    std::string because;                               // for the rep: one sentence without its end

    bool operator==(const Ban&) const = default;
};

// When a country lets a business text be written, and which kinds do not get through there: a dated
// rule pack, config/calendars/*.toml.
struct CountryRules {
    std::string region;  // ISO 3166 alpha-2; "" is the rule where nothing else is known
    WeekHours allowed;
    std::set<std::chrono::year_month_day> holidays;  // nothing is written on these
    std::string as_of;                               // "2026-11-01", printed where the rule refuses
    std::vector<Ban> bans;

    bool operator==(const CountryRules&) const = default;
};

struct Calendar {
    std::map<std::string, CountryRules> countries;  // by region; "" must exist

    const CountryRules& rules(std::string_view region) const;
};

// Is `at` inside for every one of the zones? An empty list of zones means UTC is not trusted:
// false.
bool open(const WeekHours& hours, const std::set<std::chrono::year_month_day>& holidays,
          const std::vector<std::string>& zones, Timestamp at);

// The first moment at or after `from` that is open in every zone, to the minute; none within 60
// days: nullopt. In a daylight-saving gap the first moment after it; an overlapping hour counts
// once.
std::optional<Timestamp> next_open(const WeekHours& hours,
                                   const std::set<std::chrono::year_month_day>& holidays,
                                   const std::vector<std::string>& zones, Timestamp from);

// May a text reach this contact at `at`, by country rules and the contact's own wishes; and when
// next.
bool decent(const Calendar& calendar, const Contact& contact, Timestamp at);
std::optional<Timestamp> next_decent(const Calendar& calendar, const Contact& contact,
                                     Timestamp from);

// The wall clock's hour and minute in a zone; of the first zone when there are several.
struct LocalTime {
    std::chrono::year_month_day day{};
    int minutes = 0;
    unsigned weekday = 0;  // 0 = Monday
};
LocalTime local(Timestamp at, std::string_view zone);
// The instant of a wall clock time; a gap gives the first moment after it, an overlap the earlier
// one. Unknown zone: throws.
Timestamp instant(std::chrono::year_month_day day, DayTime time, std::string_view zone);
bool known_zone(std::string_view zone);

// "HH:MM-HH:MM" lists, as in config: { mon = ["09:00-12:30", "14:00-18:00"], … }
Result<CountryRules> read_country_rules(std::string_view toml, std::string_view file_name);

}  // namespace warmcall::core
