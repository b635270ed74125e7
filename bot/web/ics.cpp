#include "web/ics.hpp"

#include <libical/ical.h>

#include <charconv>
#include <memory>

#include "core/speech.hpp"
#include "web/links.hpp"

namespace warmcall::web {

namespace {

constexpr core::Duration ahead = std::chrono::days{60};
constexpr std::size_t entries_max = 500;
constexpr std::size_t token_bytes_max = 200;

struct FreeComponent {
    void operator()(icalcomponent* it) const { icalcomponent_free(it); }
};

icaltimetype time_of(core::Timestamp at) {
    return icaltime_from_timet_with_zone(static_cast<time_t>(core::unix_ms(at) / 1000), 0,
                                         icaltimezone_get_utc_timezone());
}

void put_x(icalcomponent* to, const char* name, const std::string& value) {
    icalproperty* property = icalproperty_new_x(value.c_str());
    icalproperty_set_x_name(property, name);
    icalcomponent_add_property(to, property);
}

// RFC 7986: how often a reader may come; hours and days are what they really do.
void put_refresh(icalcomponent* to) {
    icalproperty* refresh = icalproperty_new_x("PT1H");
    icalproperty_set_x_name(refresh, "REFRESH-INTERVAL");
    icalproperty_add_parameter(refresh, icalparameter_new_value(ICAL_VALUE_DURATION));
    icalcomponent_add_property(to, refresh);
    put_x(to, "X-PUBLISHED-TTL", "PT1H");
}

icalcomponent* alarm_for(const CalendarEntry& entry) {
    icaltriggertype trigger{};
    trigger.time = icaltime_null_time();
    trigger.duration = icaldurationtype_from_int(-5 * 60);
    return icalcomponent_vanew(ICAL_VALARM_COMPONENT, icalproperty_new_action(ICAL_ACTION_DISPLAY),
                               icalproperty_new_description(entry.summary.c_str()),
                               icalproperty_new_trigger(trigger), static_cast<void*>(nullptr));
}

icalcomponent* event_for(const CalendarEntry& entry) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(entry.length).count();
    icalcomponent* event = icalcomponent_vanew(
        ICAL_VEVENT_COMPONENT, icalproperty_new_uid(entry.uid.c_str()),
        icalproperty_new_dtstamp(time_of(entry.changed_at)),
        icalproperty_new_dtstart(time_of(entry.at)),
        icalproperty_new_duration(icaldurationtype_from_int(static_cast<int>(seconds))),
        icalproperty_new_summary(entry.summary.c_str()),
        icalproperty_new_sequence(static_cast<int>(entry.sequence)),
        icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT), icalproperty_new_url(entry.url.c_str()),
        static_cast<void*>(nullptr));
    if (!entry.description.empty())
        icalcomponent_add_property(event, icalproperty_new_description(entry.description.c_str()));
    icalcomponent_add_component(event, alarm_for(entry));
    return event;
}

std::string mac(const Secret& key, const core::RepId& rep, std::int64_t generation) {
    const auto bytes =
        hmac_sha256(key, "calendar\n" + rep.value + "\n" + std::to_string(generation));
    return base64url({reinterpret_cast<const char*>(bytes.data()), 18});
}

std::string setting_of(const core::RepId& rep) {
    return "calendar." + rep.value;
}

std::int64_t number(std::string_view text) {
    std::int64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

// Whose feed this is, and the generation it says; none: not made by us.
struct Subscribed {
    core::RepId rep;
    std::int64_t generation = 0;
};
std::optional<Subscribed> read_token(const Site& site, std::string_view token) {
    if (token.ends_with(".ics"))
        token.remove_suffix(4);
    const std::size_t first = token.find('.'), last = token.rfind('.');
    if (token.size() > token_bytes_max || first == token.npos || last == first)
        return std::nullopt;
    Subscribed who{core::RepId{std::string{token.substr(0, first)}},
                   number(token.substr(first + 1, last - first - 1))};
    const Secret& key = site.options.link_key;
    if (key.empty() || !site.plan.reps.contains(who.rep) ||
        !equal_constant_time(token, calendar_token(key, who.rep, who.generation)))
        return std::nullopt;
    return who;
}

// A promise is worth a line in the calendar; "call today" is not, it would come too late.
CalendarEntry entry_of(const Site& site, const core::Case& subject) {
    const core::Outreach& o = *subject.outreach;
    const bool promised = o.promise.has_value();
    CalendarEntry entry{
        .uid =
            "outreach-" + std::to_string(o.id.value) + "-" + std::to_string(o.round) + "@warmcall",
        .summary = core::first_name(subject.contact.name),
        .url = site.options.public_url + "/#/contact/" + std::to_string(subject.contact.id.value),
        .at = promised ? o.promise->at : o.next.due_at,
        .sequence = o.version,
        .changed_at = o.enrolled_at};
    if (promised)
        entry.description = o.promise->topic;
    return entry;
}

std::vector<CalendarEntry> entries_of(const Site& site, const std::vector<core::Case>& cases,
                                      const core::RepId& rep) {
    std::vector<CalendarEntry> entries;
    for (const core::Case& subject : cases)
        if (subject.outreach && core::live(*subject.outreach) &&
            subject.outreach->next.owner == rep &&
            (subject.outreach->promise || (subject.outreach->next.kind == core::ActionKind::call &&
                                           subject.outreach->next.due_at > site.now())))
            entries.push_back(entry_of(site, subject));
    return entries;
}

asio::awaitable<std::int64_t> generation_of(Site& site, core::RepId rep) {
    co_return co_await put(
        site, [rep](Unit& unit, core::Timestamp) { return number(unit.setting(setting_of(rep))); });
}

json address_json(const Site& site, const core::RepId& rep, std::int64_t generation) {
    return {{"url", site.options.public_url + "/cal/" +
                        calendar_token(site.options.link_key, rep, generation) + ".ics"}};
}

}  // namespace

std::string calendar_text(std::string_view name, const std::vector<CalendarEntry>& entries) {
    icalerror_set_errors_are_fatal(0);  // what cannot be written is left out, not an abort
    const std::unique_ptr<icalcomponent, FreeComponent> calendar{icalcomponent_vanew(
        ICAL_VCALENDAR_COMPONENT, icalproperty_new_version("2.0"),
        icalproperty_new_prodid("-//warmcall//calls//EN"),
        icalproperty_new_method(ICAL_METHOD_PUBLISH), static_cast<void*>(nullptr))};
    put_x(calendar.get(), "X-WR-CALNAME", std::string{name});
    put_refresh(calendar.get());
    for (const CalendarEntry& entry : entries)
        icalcomponent_add_component(calendar.get(), event_for(entry));
    const std::unique_ptr<char, void (*)(void*)> text{
        icalcomponent_as_ical_string_r(calendar.get()), icalmemory_free_buffer};
    return text ? std::string{text.get()} : std::string{};
}

std::string calendar_token(const Secret& key, const core::RepId& rep, std::int64_t generation) {
    return rep.value + "." + std::to_string(generation) + "." + mac(key, rep, generation);
}

Handled show_calendar(Site& site, Call& call) {
    const auto who = read_token(site, call.parameters.at(0));
    if (!who || who->generation != co_await generation_of(site, who->rep))
        co_return problem(404, "no_such_calendar",
                          "This calendar address is not valid any more. Copy the present one from "
                          "Settings.");
    const auto cases =
        co_await ask(site, [rep = who->rep, until = site.now() + ahead](Store& store) {
            return store.queue({.rep = rep, .until = until, .limit = entries_max});
        });
    const std::string text = calendar_text(site.plan.reps.at(who->rep).name + ": calls",
                                           entries_of(site, cases, who->rep));
    const std::string tag = '"' + sha256_hex(text).substr(0, 32) + '"';
    net::Outgoing answer;
    answer.headers = {{"ETag", tag}, {"Cache-Control", "private, max-age=300"}};
    if (call.request.header("If-None-Match") == tag) {
        answer.status = 304;
        co_return answer;
    }
    answer.headers.push_back({"Content-Type", "text/calendar; charset=utf-8"});
    answer.body = text;
    co_return answer;
}

Handled calendar_address(Site& site, Call& call) {
    Fields fields{json::object(), {}};
    const auto rep = acting_rep(site, call, fields);
    if (!rep)
        co_return fields.problem();
    co_return json_answer(200, address_json(site, *rep, co_await generation_of(site, *rep)));
}

Handled rotate_calendar(Site& site, Call& call) {
    auto fields = body_fields(call, {"rep"});
    if (!fields)
        co_return bad_body(fields.error());
    const auto rep = acting_rep(site, call, *fields);
    if (!rep)
        co_return fields->problem();
    call.kept.reset();  // the address is a secret, and is not kept in clear for a second try
    const std::int64_t generation = co_await put(site, [rep = *rep](Unit& unit, core::Timestamp) {
        const std::int64_t next = number(unit.setting(setting_of(rep))) + 1;
        unit.set_setting(setting_of(rep), std::to_string(next));
        return next;
    });
    co_return json_answer(200, address_json(site, *rep, generation));
}

}  // namespace warmcall::web
