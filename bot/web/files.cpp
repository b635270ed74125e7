#include "web/files.hpp"

#include <kainjow/mustache.hpp>
#include <stdexcept>

namespace warmcall::web {

namespace mustache = kainjow::mustache;

namespace {

constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src "
    "'self'; connect-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors "
    "'none'";
constexpr std::string_view data_policy = "default-src 'none'; frame-ancestors 'none'";

bool takes_gzip(const net::Incoming& request) {
    const std::string_view takes = request.header("Accept-Encoding");
    const std::size_t at = takes.find("gzip");
    return at != std::string_view::npos && takes.substr(at, 8) != "gzip;q=0";
}

mustache::data data_of(const json& value) {
    if (value.is_object()) {
        mustache::data object;
        for (const auto& [name, member] : value.items())
            object.set(name, data_of(member));
        return object;
    }
    if (value.is_array()) {
        mustache::data list{mustache::data::type::list};
        for (const json& item : value)
            list.push_back(data_of(item));
        return list;
    }
    if (value.is_string())
        return mustache::data{value.get<std::string>()};
    return mustache::data{value.is_boolean() && value.get<bool>()
                              ? mustache::data::type::bool_true
                              : mustache::data::type::bool_false};
}

bool etag_matches(std::string_view wanted, std::string_view etag) {
    return wanted == "*" || (!wanted.empty() && wanted.find(etag) != std::string_view::npos);
}

}  // namespace

void add_security_headers(const Site& site, net::Outgoing& answer) {
    const std::string_view type = answer.header("Content-Type");
    const bool page =
        type.starts_with("text/html") ||
        type.starts_with("text/javascript");  // a service worker lives under its own file's policy
    answer.headers.push_back(
        {"Content-Security-Policy", std::string{page ? page_policy : data_policy}});
    answer.headers.push_back({"X-Content-Type-Options", "nosniff"});
    answer.headers.push_back({"Referrer-Policy", "no-referrer"});
    answer.headers.push_back({"X-Frame-Options", "DENY"});
    answer.headers.push_back({"Cross-Origin-Opener-Policy", "same-origin"});
    answer.headers.push_back({"Cross-Origin-Resource-Policy", "same-origin"});
    if (site.https())
        answer.headers.push_back({"Strict-Transport-Security", "max-age=31536000"});
    if (answer.header("Cache-Control").empty())
        answer.headers.push_back({"Cache-Control", "no-store"});
}

std::optional<net::Outgoing> console_file(const Site& site, const Call& call) {
    const Asset* asset =
        site.options.find_asset == nullptr ? nullptr : site.options.find_asset(call.request.path());
    if (asset == nullptr)
        return std::nullopt;
    net::Outgoing answer;
    const bool packed = !asset->gzip.empty() && takes_gzip(call.request);
    answer.headers = {
        {"Content-Type", std::string{asset->type}},
        {"ETag", std::string{asset->etag}},
        {"Vary", "Accept-Encoding"},
        {"Cache-Control", asset->immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
    if (etag_matches(call.request.header("If-None-Match"), asset->etag)) {
        answer.status = 304;
        return answer;
    }
    if (packed)
        answer.headers.push_back({"Content-Encoding", "gzip"});
    answer.body = std::string{packed ? asset->gzip : asset->bytes};
    return answer;
}

Handled show_file(Site& site, Call& call) {
    if (auto file = console_file(site, call))
        co_return std::move(*file);
    const bool browser = call.request.header("Accept").find("text/html") != std::string_view::npos;
    if (browser)
        co_return page_of(
            "note",
            {{"title", "There is no such page"},
             {"text", "The link is not whole, or old. Open the console from the start."}},
            404);
    co_return problem(
        404, "no_such_address",
        "There is nothing at this address. The API is described at /api/v1/openapi.json.");
}

net::Outgoing html(int status, std::string body) {
    net::Outgoing answer;
    answer.status = status;
    answer.headers.push_back({"Content-Type", "text/html; charset=utf-8"});
    answer.body = std::move(body);
    return answer;
}

net::Outgoing page_of(std::string_view name, const json& values, int status) {
    mustache::mustache page{std::string{embedded(std::string{name} + ".mustache")}};
    if (!page.is_valid())
        throw std::logic_error{"page " + std::string{name} + ": " + page.error_message()};
    return html(status, page.render(data_of(values)));
}

}  // namespace warmcall::web
