#include "web/when.hpp"

#include <spdlog/fmt/fmt.h>

#include <optional>

namespace warmcall::web {

namespace {

const Error expected{
    Errc::bad_input,
    "write the time as 2026-11-22T09:00:00Z, or with an offset: 2026-11-22T14:30:00+05:30"};

// Takes pieces off the front of a text; once something is missing it stays broken.
struct Reader {
    std::string_view rest;
    bool broken = false;

    int number(std::size_t digits) {
        if (rest.size() < digits) {
            broken = true;
            return 0;
        }
        int value = 0;
        for (const char c : rest.substr(0, digits)) {
            broken = broken || c < '0' || c > '9';
            value = value * 10 + (c - '0');
        }
        rest.remove_prefix(digits);
        return value;
    }

    bool take(std::string_view any_of) {
        if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos)
            return false;
        rest.remove_prefix(1);
        return true;
    }

    void need(std::string_view any_of) { broken = !take(any_of) || broken; }

    int milliseconds() {
        if (!take("."))
            return 0;
        int value = 0;
        int scale = 100;
        std::size_t digits = 0;
        for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
             rest.remove_prefix(1), ++digits) {
            value += (rest.front() - '0') * scale;
            scale /= 10;
        }
        broken = broken || digits == 0 || digits > 9;
        return value;
    }

    std::chrono::minutes offset() {
        if (take("Zz"))
            return std::chrono::minutes{0};
        if (rest.empty() || (rest.front() != '+' && rest.front() != '-')) {
            broken = true;
            return std::chrono::minutes{0};
        }
        const int sign = rest.front() == '-' ? -1 : 1;
        rest.remove_prefix(1);
        const int hours = number(2);
        need(":");
        const int minutes = number(2);
        broken = broken || hours > 23 || minutes > 59;
        return std::chrono::minutes{sign * (hours * 60 + minutes)};
    }
};

}  // namespace

std::string rfc3339(core::Timestamp at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(at - day)};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

Result<core::Timestamp> read_rfc3339(std::string_view text) {
    Reader reader{text};
    const int year = reader.number(4);
    reader.need("-");
    const int month = reader.number(2);
    reader.need("-");
    const int day = reader.number(2);
    reader.need("Tt ");
    const int hour = reader.number(2);
    reader.need(":");
    const int minute = reader.number(2);
    reader.need(":");
    const int second = reader.number(2);
    const int milliseconds = reader.milliseconds();
    const std::chrono::minutes offset = reader.offset();
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (reader.broken || !reader.rest.empty() || !date.ok() || year < 1970 || hour > 23 ||
        minute > 59 || second > 60)
        return expected;
    return core::Timestamp{std::chrono::sys_days{date}.time_since_epoch()} +
           std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second} +
           std::chrono::milliseconds{milliseconds} - offset;
}

}  // namespace warmcall::web
