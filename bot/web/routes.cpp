#include "web/routes.hpp"

#include <algorithm>

#include "web/calls.hpp"
#include "web/contacts.hpp"
#include "web/devices.hpp"
#include "web/files.hpp"
#include "web/health.hpp"
#include "web/ics.hpp"
#include "web/imports.hpp"
#include "web/insights.hpp"
#include "web/live.hpp"
#include "web/openapi.hpp"
#include "web/outreaches.hpp"
#include "web/pages.hpp"
#include "web/prompts.hpp"
#include "web/settings.hpp"
#include "web/sign_in.hpp"
#include "web/webhooks.hpp"

namespace warmcall::web {

namespace {

constexpr std::size_t none =
    4 * 1024;  // nothing is expected; what a client sends all the same is read and dropped
constexpr std::size_t form = 16 * 1024;
constexpr std::size_t small = 64 * 1024;
constexpr std::size_t by_provider = 3 * 1024 * 1024;  // the most any provider may say

constexpr auto anybody = Access::anybody;
constexpr auto signed_in = Access::signed_in;

constexpr Route route_table[] = {
    {"POST", "/webhooks/{channel}", Access::signed_by_provider, by_provider, take_webhook},
    {"GET", "/webhooks/{channel}", Access::signed_by_provider, none, shake_hands},
    {"POST", "/webhooks/{channel}/status/{token}", Access::signed_by_provider, by_provider,
     take_webhook},
    {"GET", "/webhooks/{channel}/status/{token}", Access::signed_by_provider, none, take_webhook},
    {"POST", "/webhooks/{channel}/line/{token}", Access::signed_by_provider, by_provider,
     take_line},

    {"GET", "/healthz", anybody, none, alive},
    {"GET", "/readyz", anybody, none, ready},
    {"GET", "/metrics", Access::loopback, none, show_metrics},

    {"GET", "/login", anybody, none, login_page},
    {"POST", "/login", anybody, form, log_in},
    {"POST", "/logout", signed_in, none, log_out},

    {"GET", "/api/v1/openapi.json", anybody, none, show_openapi},
    {"GET", "/api/v1/me", signed_in, none, who_am_i},
    {"GET", "/api/v1/sessions", signed_in, none, list_sessions},
    {"DELETE", "/api/v1/sessions/{id}", signed_in, none, revoke_session},
    {"GET", "/api/v1/today", signed_in, none, show_today},
    {"GET", "/api/v1/stream", signed_in, none, open_stream},

    {"GET", "/api/v1/contacts", signed_in, none, list_contacts},
    {"POST", "/api/v1/contacts", signed_in, small, create_contact},
    {"POST", "/api/v1/contacts/import", signed_in, import_bytes_max, import_contacts},
    {"GET", "/api/v1/contacts/{id}", signed_in, none, show_contact},
    {"PATCH", "/api/v1/contacts/{id}", signed_in, small, change_contact},
    {"DELETE", "/api/v1/contacts/{id}", signed_in, none, erase_contact},
    {"POST", "/api/v1/contacts/{id}/opt_out", signed_in, small, opt_out_contact},
    {"POST", "/api/v1/contacts/{id}/merge", signed_in, small, merge_contact},
    {"GET", "/api/v1/contacts/{id}/conversation", signed_in, none, show_conversation},
    {"POST", "/api/v1/contacts/{id}/messages", signed_in, small, write_message},
    {"GET", "/api/v1/jobs/{id}", signed_in, none, show_job},
    {"GET", "/api/v1/jobs/{id}/rejects.csv", signed_in, none, show_rejects},

    {"POST", "/api/v1/outreaches", signed_in, small, create_outreach},
    {"GET", "/api/v1/outreaches/{id}", signed_in, none, show_outreach},
    {"POST", "/api/v1/outreaches/{id}/hold", signed_in, small, hold_outreach},
    {"POST", "/api/v1/outreaches/{id}/resume", signed_in, small, resume_outreach},
    {"POST", "/api/v1/outreaches/{id}/close", signed_in, small, close_outreach},
    {"POST", "/api/v1/outreaches/{id}/reassign", signed_in, small, reassign_outreach},

    {"GET", "/api/v1/prompts", signed_in, none, list_prompts},
    {"GET", "/api/v1/prompts/{id}", signed_in, none, show_prompt},
    {"POST", "/api/v1/prompts/{id}/claim", signed_in, small, claim_prompt},
    {"POST", "/api/v1/prompts/{id}/dial", signed_in, small, dial_prompt},
    {"POST", "/api/v1/prompts/{id}/ring", signed_in, small, ring_prompt},
    {"POST", "/api/v1/prompts/{id}/ended", signed_in, small, end_prompt},
    {"POST", "/api/v1/prompts/{id}/not_called", signed_in, small, not_called_prompt},
    {"POST", "/api/v1/prompts/{id}/snooze", signed_in, small, snooze_prompt},
    {"POST", "/api/v1/prompts/{id}/acknowledge", signed_in, small, acknowledge_prompt},
    {"POST", "/api/v1/prompts/{id}/answer", signed_in, small, answer_prompt},
    {"POST", "/api/v1/prompts/{id}/disposition", signed_in, small, dispose_prompt},

    {"GET", "/api/v1/reps", signed_in, none, list_reps},
    {"POST", "/api/v1/reps/{id}/sign_in_link", signed_in, small, make_sign_in_link},
    {"POST", "/api/v1/reps/{id}/away", signed_in, small, set_away},
    {"GET", "/api/v1/insights", signed_in, none, show_insights},
    {"GET", "/api/v1/channels", signed_in, none, list_channels},
    {"GET", "/api/v1/devices", signed_in, none, list_devices},
    {"POST", "/api/v1/devices", signed_in, small, add_device},
    {"DELETE", "/api/v1/devices/{id}", signed_in, none, remove_device},
    {"POST", "/api/v1/devices/{id}/test", signed_in, small, try_device},
    {"GET", "/api/v1/templates", signed_in, none, list_templates},

    {"GET", "/api/v1/calendar", signed_in, none, calendar_address},
    {"POST", "/api/v1/calendar/rotate", signed_in, small, rotate_calendar},
    {"GET", "/cal/{token}", Access::by_link, none, show_calendar},

    {"GET", "/p/{token}", Access::by_link, none, show_page},
    {"POST", "/p/{token}/dial", Access::by_link, form, page_dial},
    {"POST", "/p/{token}/ring", Access::by_link, form, page_ring},
    {"POST", "/p/{token}/ended", Access::by_link, form, page_ended},
    {"POST", "/p/{token}/not_called", Access::by_link, form, page_not_called},
    {"POST", "/p/{token}/snooze", Access::by_link, form, page_snooze},
    {"POST", "/p/{token}/acknowledge", Access::by_link, form, page_acknowledge},
    {"POST", "/p/{token}/answer", Access::by_link, form, page_answer},
    {"POST", "/p/{token}/disposition", Access::by_link, form, page_disposition},

    {"GET", "/{console}", anybody, none, show_file},
};

constexpr std::size_t segments_max = 8;

struct Segments {
    std::array<std::string_view, segments_max> parts{};
    std::size_t count = 0;  // more than segments_max: no route is that long
};

constexpr Segments split(std::string_view path) {
    Segments found;
    while (!path.empty()) {
        path.remove_prefix(1);  // the '/'
        const std::size_t end = std::min(path.find('/'), path.size());
        if (found.count < segments_max)
            found.parts[found.count] = path.substr(0, end);
        ++found.count;
        path.remove_prefix(end);
    }
    return found;
}

constexpr bool is_parameter(std::string_view part) {
    return part.starts_with('{');
}

// The routes' patterns, split when the program was compiled.
constexpr auto patterns = [] {
    std::array<Segments, std::size(route_table)> all{};
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = split(route_table[i].pattern);
    return all;
}();

bool fits(const Segments& pattern, const Segments& path) {
    if (pattern.count != path.count)
        return false;
    for (std::size_t i = 0; i < pattern.count; ++i)
        if (!is_parameter(pattern.parts[i]) && pattern.parts[i] != path.parts[i])
            return false;
    return true;
}

std::string decoded(std::string_view part) {
    if (part.find('%') == std::string_view::npos)
        return std::string{part};
    std::string escaped_plus;  // in a path '+' is itself
    for (const char c : part)
        escaped_plus += c == '+' ? std::string{"%2B"} : std::string{c};
    const auto pairs = decode_form("p=" + escaped_plus);
    return pairs.empty() ? std::string{} : pairs.front().value;
}

std::vector<std::string> parameters_of(const Segments& pattern, const Segments& path) {
    std::vector<std::string> parameters;
    for (std::size_t i = 0; i < pattern.count; ++i)
        if (is_parameter(pattern.parts[i]))
            parameters.push_back(decoded(path.parts[i]));
    return parameters;
}

bool fixed_wins(std::size_t row, const Segments& path) {
    // "/contacts/import" is not the contact "import": a row without a parameter in that place goes
    // first.
    return std::none_of(std::begin(patterns), std::end(patterns), [&](const Segments& other) {
        if (&other == &patterns[row] || !fits(other, path))
            return false;
        for (std::size_t i = 0; i < other.count; ++i)
            if (is_parameter(patterns[row].parts[i]) && !is_parameter(other.parts[i]))
                return true;
        return false;
    });
}

}  // namespace

std::span<const Route> routes() {
    return route_table;
}

Match match(std::string_view method, std::string_view path) {
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    const Segments segments = split(path);
    Match found;
    if (!path.starts_with('/') || segments.count > segments_max)
        return found;
    constexpr std::size_t console = std::size(route_table) - 1;
    for (std::size_t row = 0; row < console; ++row) {
        if (!fits(patterns[row], segments) || !fixed_wins(row, segments))
            continue;
        if (route_table[row].method == wanted) {
            found.route = &route_table[row];
            found.parameters = parameters_of(patterns[row], segments);
            found.allow.clear();
            return found;
        }
        found.allow += (found.allow.empty() ? "" : ", ") + std::string{route_table[row].method};
        if (route_table[row].method == "GET")
            found.allow += ", HEAD";
    }
    if (!found.allow.empty() || path.starts_with("/api/") || path.starts_with("/webhooks/") ||
        path.starts_with("/p/"))
        return found;
    if (wanted == "GET")
        found.route = &route_table[console];  // the console's files: at any depth
    else
        found.allow = "GET, HEAD";
    return found;
}

}  // namespace warmcall::web
