#include "web/insights.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "core/calendar.hpp"
#include "web/when.hpp"

namespace warmcall::web {

namespace {

constexpr int days_default = 28, days_min = 7, days_max = 90;
constexpr std::size_t calls_max = 5000;        // of one rep in three months
constexpr std::size_t rows_max = 300;          // of one contact
constexpr std::size_t contacts_at_once = 100;  // so that other readers wait for a moment only
constexpr core::Duration dial_to_log_max = std::chrono::hours{4};

// What has happened to one contact since the last call that was logged.
struct Since {
    std::optional<core::Timestamp> replied_at, dialled_at, promised_at;
    bool they_called = false;
};

int minutes_between(core::Timestamp from, core::Timestamp to) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(to - from).count());
}

struct Counting {
    const core::RepId& rep;
    std::string_view zone;
    core::Timestamp from;
    LookBack& found;
    std::vector<int>& reply_minutes;

    void day(core::Timestamp at, bool reached) const {
        const auto date = core::local(at, zone).day;
        const auto row = std::ranges::find(found.days, date, [](const auto& d) { return d.first; });
        if (row == found.days.end())
            return;
        ++row->second.calls;
        row->second.reached += reached ? 1 : 0;
    }

    void call(const CallHistory& history, const Since& since, const TimelineRow& row,
              int tries) const {
        const bool reached = row.what == "talked";
        const bool dial_fits = since.dialled_at && row.at - *since.dialled_at <= dial_to_log_max;
        const core::Timestamp at = dial_fits ? *since.dialled_at : row.at;
        day(at, reached);
        if (!since.they_called)
            count(since.replied_at ? found.after_reply : found.without_reply, reached);
        if (!history.zone.empty()) {
            const core::LocalTime there = core::local(at, history.zone);
            count(found.hours[there.weekday][static_cast<std::size_t>(there.minutes / 60)],
                  reached);
        }
        if (reached)
            ++found.tries[static_cast<std::size_t>(std::min(tries, LookBack::tries_max)) - 1];
        if (since.promised_at)
            ++(at <= *since.promised_at + promise_grace ? found.promises_kept
                                                        : found.promises_late);
        if (since.replied_at)
            reply(std::max(0, minutes_between(*since.replied_at, at)));
    }

    static void count(Reached& one, bool reached) {
        ++one.calls;
        one.reached += reached ? 1 : 0;
    }

    void reply(int minutes) const {
        const auto bucket = std::ranges::lower_bound(LookBack::minutes_up_to, minutes);
        ++found.reply_to_call[static_cast<std::size_t>(bucket - LookBack::minutes_up_to.begin())];
        reply_minutes.push_back(minutes);
    }

    void contact(const CallHistory& history) const {
        Since since;
        int tries = 1;
        for (const TimelineRow& row : history.rows) {
            if (row.what == "replied") {
                since.replied_at = since.replied_at.value_or(row.at);
            } else if (row.what == "they_called") {
                since.they_called = true;
            } else if (row.what == "dialled") {
                since.dialled_at = row.at;
            } else if (row.what == "promised_due") {
                since.promised_at = row.at;
            } else if (row.what == "talked" || row.what == "attempt") {
                if (row.actor == rep.value && row.at >= from)
                    call(history, since, row, tries);
                since = {};
                tries = row.what == "talked" ? 1 : tries + 1;
            }
        }
        if (since.promised_at && *since.promised_at >= from)
            ++found.promises_open;
    }
};

int days_in(const Call& call) {
    const std::string_view text = call.ask("days");
    int days = days_default;
    std::from_chars(text.data(), text.data() + text.size(), days);
    return std::clamp(days, days_min, days_max);
}

json reached_json(const Reached& one) {
    return {{"calls", one.calls}, {"reached", one.reached}};
}

json hours_json(const LookBack& found) {
    json cells = json::array();
    for (std::size_t weekday = 0; weekday < found.hours.size(); ++weekday)
        for (std::size_t hour = 0; hour < found.hours[weekday].size(); ++hour)
            if (const Reached& cell = found.hours[weekday][hour]; cell.calls > 0)
                cells.push_back({{"weekday", weekday},
                                 {"hour", hour},
                                 {"calls", cell.calls},
                                 {"reached", cell.reached}});
    return cells;
}

json look_back_json(const LookBack& found) {
    json days = json::array();
    for (const auto& [date, count] : found.days) {
        json day = reached_json(count);
        day["date"] =
            fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
        days.push_back(std::move(day));
    }
    return {{"days", days},
            {"after_reply", reached_json(found.after_reply)},
            {"without_reply", reached_json(found.without_reply)},
            {"tries", found.tries},
            {"hours", hours_json(found)},
            {"promises",
             {{"kept", found.promises_kept},
              {"late", found.promises_late},
              {"open", found.promises_open}}},
            {"reply_to_call",
             {{"up_to_min", LookBack::minutes_up_to},
              {"calls", found.reply_to_call},
              {"median_min", found.reply_to_call_median_min ? json(*found.reply_to_call_median_min)
                                                            : json(nullptr)}}}};
}

std::vector<CallHistory> read_histories(Store& store, const std::vector<core::ContactId>& ids) {
    std::vector<CallHistory> found;
    for (const core::ContactId id : ids) {
        const auto subject = store.contact(id);
        if (!subject)
            continue;
        CallHistory history;
        if (subject->contact.zones.size() == 1 && core::known_zone(subject->contact.zones.front()))
            history.zone = subject->contact.zones.front();
        history.rows = store.timeline(id, 0, rows_max);
        std::ranges::reverse(history.rows);
        found.push_back(std::move(history));
    }
    return found;
}

std::vector<core::ContactId> contacts_called(Store& store, const core::RepId& rep,
                                             core::Timestamp from) {
    std::set<core::ContactId> ids;
    for (const TimelineRow& row : store.calls_logged(rep, from, calls_max))
        if (const auto subject = store.contact(row.contact))
            ids.insert(subject->contact.id);  // of a merged one: where they live on
    return {ids.begin(), ids.end()};
}

}  // namespace

LookBack look_back(const core::RepId& rep, std::string_view zone,
                   const std::vector<CallHistory>& histories, core::Timestamp from,
                   core::Timestamp now) {
    LookBack found;
    const std::chrono::sys_days last{core::local(now, zone).day};
    for (std::chrono::sys_days day{core::local(from, zone).day}; day <= last;
         day += std::chrono::days{1})
        found.days.emplace_back(std::chrono::year_month_day{day}, Reached{});
    std::vector<int> minutes;
    const Counting counting{rep, zone, from, found, minutes};
    for (const CallHistory& history : histories)
        counting.contact(history);
    if (!minutes.empty()) {
        const auto middle = minutes.begin() + static_cast<std::ptrdiff_t>(minutes.size() / 2);
        std::ranges::nth_element(minutes, middle);
        found.reply_to_call_median_min = *middle;
    }
    return found;
}

Handled show_insights(Site& site, Call& call) {
    Fields fields{json::object(), {}};
    const auto rep = acting_rep(site, call, fields);
    if (!rep)
        co_return fields.problem();
    const core::Rep& who = site.plan.reps.at(*rep);
    const std::string zone = core::known_zone(who.zone) ? who.zone : std::string{"UTC"};
    const int days = days_in(call);
    const std::chrono::sys_days today{core::local(site.now(), zone).day};
    const core::Timestamp from = core::instant(
        std::chrono::year_month_day{today - std::chrono::days{days - 1}}, core::DayTime{0}, zone);
    const auto ids = co_await ask(
        site, [rep = *rep, from](Store& store) { return contacts_called(store, rep, from); });
    std::vector<CallHistory> histories;
    for (std::size_t begin = 0; begin < ids.size(); begin += contacts_at_once) {
        const auto first = ids.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto size = std::min(contacts_at_once, ids.size() - begin);
        std::vector<core::ContactId> some{first, first + static_cast<std::ptrdiff_t>(size)};
        auto read = co_await ask(
            site, [some = std::move(some)](Store& store) { return read_histories(store, some); });
        std::ranges::move(read, std::back_inserter(histories));
    }
    json body = look_back_json(look_back(*rep, zone, histories, from, site.now()));
    body["zone"] = zone;
    co_return json_answer(200, body);
}

}  // namespace warmcall::web
