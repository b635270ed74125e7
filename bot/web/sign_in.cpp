#include "web/sign_in.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/asio/ip/address.hpp>
#include <qrcodegen/qrcodegen.hpp>

#include "web/files.hpp"
#include "web/when.hpp"

namespace warmcall::web {

namespace {

constexpr core::Duration touch_every = std::chrono::minutes{10};

std::string cookie_name(const Site& site) {
    return site.https() ? "__Host-wc" : "wc";
}

std::string_view cookie(const net::Incoming& request, std::string_view name) {
    std::string_view rest = request.header("Cookie");
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        while (!pair.empty() && pair.front() == ' ')
            pair.remove_prefix(1);
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            return pair.substr(equals + 1);
    }
    return {};
}

std::string set_cookie(const Site& site, std::string_view value, core::Duration age) {
    return cookie_name(site) + "=" + std::string{value} +
           "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" +
           std::to_string(std::chrono::duration_cast<std::chrono::seconds>(age).count()) +
           (site.https() ? "; Secure" : "");
}

bool alive(const Session& session, core::Timestamp now) {
    return now < session.expires_at && now < session.seen_at + session_idle_max;
}

// Reps come and go with the configuration; what they were given stays in the store.
bool good(const Site& site, const std::optional<Session>& session) {
    return session && alive(*session, site.now()) && site.plan.reps.contains(session->rep);
}
bool good(const Site& site, const std::optional<ApiToken>& token) {
    return token && !token->revoked_at && (!token->rep || site.plan.reps.contains(token->rep));
}

std::string_view bearer(const net::Incoming& request) {
    const std::string_view value = request.header("Authorization");
    constexpr std::string_view scheme = "bearer ";
    if (value.size() <= scheme.size())
        return {};
    for (std::size_t i = 0; i < scheme.size(); ++i)
        if ((value[i] | 0x20) != scheme[i])
            return {};
    return value.substr(scheme.size());
}

std::string origin_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos)
        return {};
    return std::string{url.substr(0, url.find('/', scheme + 3))};
}

// What a list of sessions calls a browser: enough to know one's own phone by.
std::string device_of(std::string_view agent) {
    const auto has = [&](std::string_view word) {
        return agent.find(word) != std::string_view::npos;
    };
    const std::string browser = has("Firefox")  ? "Firefox"
                                : has("Edg")    ? "Edge"
                                : has("Chrom")  ? "Chrome"
                                : has("Safari") ? "Safari"
                                                : "a browser";
    const std::string system = has("Android")                 ? "Android"
                               : has("iPhone") || has("iPad") ? "iPhone or iPad"
                               : has("Windows")               ? "Windows"
                               : has("Mac OS")                ? "a Mac"
                               : has("Linux") || has("CrOS")  ? "Linux"
                                                              : "";
    return system.empty() ? browser : browser + " on " + system;
}

std::string session_id(const Session& session) {
    return session.hash.substr(0, 16);
}

// The one-time token of the request, from JSON or a form, or the whole link when somebody pasted
// that.
std::string token_of(const net::Incoming& request) {
    std::string token;
    if (request.header("Content-Type").starts_with("application/json")) {
        const auto body = read_json(request.body);
        if (body && body->is_object() && body->contains("token") && body->at("token").is_string())
            token = body->at("token").get<std::string>();
    } else {
        for (const Header& pair : decode_form(request.body))
            if (pair.name == "token")
                token = pair.value;
    }
    if (const std::size_t mark = token.find("#t="); mark != std::string::npos)
        token.erase(0, mark + 3);
    return trimmed(token);
}

std::string qr_svg(const std::string& text) {
    using qrcodegen::QrCode;
    const QrCode code = QrCode::encodeText(text.c_str(), QrCode::Ecc::MEDIUM);
    const std::string size = std::to_string(code.getSize() + 8);
    std::string path;
    for (int y = 0; y < code.getSize(); ++y)
        for (int x = 0; x < code.getSize(); ++x)
            if (code.getModule(x, y))
                path += "M" + std::to_string(x + 4) + "," + std::to_string(y + 4) + "h1v1h-1z";
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size + " " + size +
           "\"><path fill=\"#fff\" d=\"M0,0h" + size + "v" + size + "H0z\"/><path d=\"" + path +
           "\"/></svg>";
}

// Whose failures are counted together. A proxy on this machine says whom it speaks for in the last
// entry; those before it anybody can write.
std::string asker(const net::Incoming& request) {
    boost::system::error_code unreadable;
    auto address = asio::ip::make_address(request.peer, unreadable);
    if (unreadable)
        return request.peer;
    if (address.is_loopback()) {
        std::string told;
        for (const Header& header : request.headers)
            if (boost::algorithm::iequals(header.name, "X-Forwarded-For"))
                told = trimmed(header.value.substr(header.value.rfind(',') + 1));
        const auto last = asio::ip::make_address(told, unreadable);
        if (!unreadable)
            address = last;
    }
    return net::counted_address(address);
}

json rep_json(const core::Rep& rep) {
    return {
        {"id", rep.id.value}, {"name", rep.name}, {"zone", rep.zone}, {"language", rep.language}};
}

}  // namespace

NewToken new_token(std::string name, core::RepId rep, core::Timestamp now) {
    NewToken made;
    made.shown = "wc_" + random_token(32);
    made.stored.name = std::move(name);
    made.stored.hash = sha256_hex(made.shown);
    made.stored.rep = std::move(rep);
    made.stored.created_at = now;
    return made;
}

std::string new_sign_in_link(Unit& unit, const core::RepId& rep, std::string_view public_url,
                             core::Timestamp now, core::Duration life) {
    const std::string token = random_token(16);
    unit.add_link(sha256_hex(token), rep, now + life);
    return std::string{public_url} + "/login#t=" + token;
}

asio::awaitable<void> identify(Site& site, Call& call) {
    const std::string_view token = bearer(call.request);
    if (!token.empty()) {
        const std::string hash = sha256_hex(token);
        const auto known = co_await ask(site, [hash](Store& store) { return store.token(hash); });
        if (good(site, known))
            call.who = {Who::By::token, known->rep, !known->rep, hash};
        co_return;
    }
    const std::string_view value = cookie(call.request, cookie_name(site));
    if (value.empty())
        co_return;
    const std::string hash = sha256_hex(value);
    const auto session = co_await ask(site, [hash](Store& store) { return store.session(hash); });
    if (!good(site, session))
        co_return;
    const core::Timestamp now = site.now();
    call.who = {Who::By::session, session->rep, false, hash};
    if (now >= session->seen_at + touch_every && site.door.writable())
        co_await put(site, [hash](Unit& unit, core::Timestamp at) {
            unit.touch_session(hash, at);
            return true;
        });
}

asio::awaitable<bool> still_good(Site& site, Who who) {
    const std::string hash = who.credential;
    if (who.by == Who::By::token) {
        const auto known = co_await ask(site, [hash](Store& store) { return store.token(hash); });
        co_return good(site, known);
    }
    const auto session = co_await ask(site, [hash](Store& store) { return store.session(hash); });
    co_return good(site, session);
}

bool same_origin(const Site& site, const net::Incoming& request) {
    const std::string_view fetched = request.header("Sec-Fetch-Site");
    if (!fetched.empty() && fetched != "same-origin" && fetched != "none")
        return false;
    const std::string_view origin = request.header("Origin");
    if (origin.empty() || origin == "null")  // a form of a page with no-referrer says "null"
        return !fetched.empty();
    const std::string own = std::string{request.secure || site.https() ? "https://" : "http://"} +
                            std::string{request.header("Host")};
    return origin == origin_of(site.options.public_url) || origin == own;
}

std::optional<net::Outgoing> admit(const Site& site, const Route& route, const Call& call) {
    const bool changes = call.request.method != "GET" && call.request.method != "HEAD";
    if (route.access == Access::anybody || route.access == Access::signed_by_provider ||
        route.access == Access::by_link)
        return std::nullopt;
    if (route.access == Access::loopback) {
        const bool here = (call.request.peer == "127.0.0.1" || call.request.peer == "::1" ||
                           call.request.peer == "::ffff:127.0.0.1") &&
                          call.request.header("X-Forwarded-For").empty() &&
                          call.request.header("Forwarded").empty();
        if (here || call.who)
            return std::nullopt;
    }
    if (!call.who) {
        auto answer = problem(401, "signed_out",
                              "Open your sign-in link, or send \"Authorization: Bearer wc_…\" "
                              "(made by: warmcall token create).");
        answer.headers.push_back({"WWW-Authenticate", "Bearer realm=\"warmcall\""});
        return answer;
    }
    if (call.who.by == Who::By::session && changes) {
        if (call.request.header("X-Requested-With") != "warmcall" ||
            !same_origin(site, call.request))
            return problem(
                403, "cross_site",
                "This did not come from the console itself. Open the console and try there.");
    }
    if (route.access == Access::installation && !call.who.any_rep)
        return problem(
            403, "installation_only",
            "Only a token of the whole installation may do this (warmcall token create NAME).");
    return std::nullopt;
}

Handled login_page(Site& site, Call& call) {
    if (auto page = console_file(site, call))
        co_return std::move(*page);
    co_return page_of("login", {});
}

Handled log_in(Site& site, Call& call) {
    const net::Incoming& request = call.request;
    const bool by_form = !request.header("Content-Type").starts_with("application/json");
    const std::string_view origin = request.header("Origin");
    const bool lured = !origin.empty() && origin != "null"
                           ? !same_origin(site, request)
                           : request.header("Sec-Fetch-Site") == "cross-site";
    if (lured)
        co_return problem(403, "cross_site",
                          "Open the link on this phone itself and press the button there.");
    const std::string token = token_of(request);
    const std::string link = sha256_hex(token);
    const std::string secret = random_token(32);
    const std::string hash = sha256_hex(secret);
    const std::string device = device_of(request.header("User-Agent"));
    const core::Plan& plan = site.configured;
    const auto rep = co_await put(
        site, [=, &plan](Unit& unit, core::Timestamp now) -> std::optional<core::RepId> {
            auto found = token.empty() ? std::nullopt : unit.use_link(link, now);
            if (!found || !plan.reps.contains(*found))
                return std::nullopt;
            unit.add_session({hash, *found, now, now, now + session_length_max, device});
            return found;
        });
    if (!rep) {
        const std::string from = asker(request);
        if (site.sign_ins.blocked(from, site.now())) {
            auto answer =
                problem(429, "too_many_tries", "Too many links that do not work. Wait a minute.");
            answer.headers.push_back({"Retry-After", "60"});
            co_return answer;
        }
        site.sign_ins.failed(from, site.now());
        spdlog::warn("a sign-in failed peer={}", from);
        const std::string sentence =
            "This link was used already, is older than 10 minutes, or is not whole. Ask for a new "
            "one.";
        co_return by_form
            ? page_of("note", {{"title", "This link no longer works"}, {"text", sentence}}, 401)
            : problem(401, "link_over", sentence);
    }
    spdlog::info("signed in rep={}", rep->value);
    net::Outgoing answer = by_form ? see_other("/") : no_content();
    answer.headers.push_back({"Set-Cookie", set_cookie(site, secret, session_length_max)});
    co_return answer;
}

Handled log_out(Site& site, Call& call) {
    if (call.who.by == Who::By::session) {
        const std::string hash = call.who.credential;
        co_await put(site, [hash](Unit& unit, core::Timestamp) {
            unit.end_session(hash);
            return true;
        });
    }
    net::Outgoing answer = no_content();
    answer.headers.push_back({"Set-Cookie", set_cookie(site, "", core::Duration{0})});
    co_return answer;
}

Handled who_am_i(Site& site, Call& call) {
    json body{
        {"rep", nullptr}, {"token", nullptr}, {"cadences", json::array()}, {"reps", json::array()}};
    if (const auto rep = site.plan.reps.find(call.who.rep); rep != site.plan.reps.end())
        body["rep"] = rep_json(rep->second);
    if (call.who.by == Who::By::token) {
        const std::string hash = call.who.credential;
        const auto token = co_await ask(site, [hash](Store& store) { return store.token(hash); });
        body["token"] = token ? json(token->name) : json(nullptr);
    }
    for (const auto& [name, cadence] : site.plan.cadences)
        body["cadences"].push_back({{"name", name}, {"title", cadence.title}});
    for (const auto& [id, rep] : site.plan.reps)
        body["reps"].push_back({{"id", id.value}, {"name", rep.name}});
    co_return json_answer(200, body);
}

Handled list_sessions(Site& site, Call& call) {
    Fields fields{json::object(), {}};
    const auto rep = acting_rep(site, call, fields);
    if (!rep)
        co_return fields.problem();
    const auto sessions =
        co_await ask(site, [rep = *rep](Store& store) { return store.sessions(rep); });
    json items = json::array();
    for (const Session& s : sessions)
        if (alive(s, site.now()))
            items.push_back({{"id", session_id(s)},
                             {"device", s.device},
                             {"created_at", rfc3339(s.created_at)},
                             {"seen_at", rfc3339(s.seen_at)},
                             {"expires_at", rfc3339(s.expires_at)},
                             {"current", s.hash == call.who.credential}});
    co_return json_answer(200, {{"items", items}});
}

Handled revoke_session(Site& site, Call& call) {
    Fields fields{json::object(), {}};
    const auto rep = acting_rep(site, call, fields);
    if (!rep)
        co_return fields.problem();
    const auto sessions =
        co_await ask(site, [rep = *rep](Store& store) { return store.sessions(rep); });
    const auto found = std::find_if(sessions.begin(), sessions.end(), [&](const Session& s) {
        return session_id(s) == call.parameters.at(0);
    });
    if (found == sessions.end())
        co_return problem(404, "no_such_session", "There is no such session of yours.");
    co_await put(site, [hash = found->hash](Unit& unit, core::Timestamp) {
        unit.end_session(hash);
        return true;
    });
    co_return no_content();
}

Handled make_sign_in_link(Site& site, Call& call) {
    const core::RepId rep{call.parameters.at(0)};
    if (!site.plan.reps.contains(rep))
        co_return problem(404, "no_such_rep",
                          "There is no such rep. Reps are written in warmcall.toml.");
    if (!call.who.any_rep && call.who.rep != rep)
        co_return problem(403, "not_yours", "You can pair your own phones only.");
    if (!call.who.any_rep && call.who.by == Who::By::token)
        co_return problem(403, "sign_in_first",
                          "A rep's token makes no session, which would outlive it. Sign in, or "
                          "send a token of the whole installation.");
    call.kept.reset();  // the link is a secret, and is not kept in clear for a second try
    const std::string url = site.options.public_url;
    const auto link = co_await put(site, [rep, url](Unit& unit, core::Timestamp now) {
        return new_sign_in_link(unit, rep, url, now);
    });
    co_return json_answer(
        201,
        {{"url", link}, {"expires_at", rfc3339(site.now() + link_life)}, {"qr_svg", qr_svg(link)}});
}

}  // namespace warmcall::web
