#include "net/url.hpp"

#include <algorithm>
#include <charconv>

namespace warmcall::net {

namespace {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool host_character(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == ':';  // the last in brackets only
}

// After "scheme://", up to the path.
std::size_t authority_end(std::string_view url, std::size_t start) {
    return std::min(url.find_first_of("/?#", start), url.size());
}

}  // namespace

Result<Origin> origin_of(std::string_view url) {
    const Error wrong{Errc::bad_input,
                      "the address of a server must look like https://host or http://host:port"};
    Origin origin;
    if (url.starts_with("https://"))
        origin.tls = true;
    else if (!url.starts_with("http://"))
        return wrong;
    const std::size_t start = origin.tls ? 8 : 7;
    std::string authority{url.substr(start, authority_end(url, start) - start)};
    std::transform(authority.begin(), authority.end(), authority.begin(), lower);
    std::string_view rest = authority;
    const bool bracketed = rest.starts_with('[');
    const std::size_t host_end = bracketed ? rest.find(']') : std::min(rest.find(':'), rest.size());
    if (host_end == std::string_view::npos)
        return wrong;
    origin.host = rest.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0));
    rest.remove_prefix(host_end + (bracketed ? 1 : 0));
    if (origin.host.empty() || !std::all_of(origin.host.begin(), origin.host.end(), host_character))
        return wrong;
    const std::uint16_t usual = origin.tls ? 443 : 80;
    origin.port = usual;
    if (!rest.empty()) {
        const char* const end = rest.data() + rest.size();
        const auto [stop, bad] = std::from_chars(rest.data() + 1, end, origin.port);
        if (rest.front() != ':' || bad != std::errc{} || stop != end || origin.port == 0)
            return wrong;
    }
    origin.authority = bracketed ? "[" + origin.host + "]" : origin.host;
    if (origin.port != usual)
        origin.authority += ":" + std::to_string(origin.port);
    origin.text = (origin.tls ? "https://" : "http://") + origin.authority;
    return origin;
}

Result<std::string> target_on(const Origin& origin, std::string_view url) {
    std::string_view target = url;
    if (!url.starts_with('/')) {
        const auto its = origin_of(url);
        if (!its || its->text != origin.text)
            return Error{Errc::bad_input, "this request is not for " + origin.text};
        target.remove_prefix(authority_end(url, url.find("//") + 2));
    }
    target = target.substr(0, target.find('#'));
    if (!std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; }))
        return Error{Errc::bad_input,
                     "the request's path for " + origin.text + " is not percent-encoded"};
    return target.starts_with('/') ? std::string{target} : "/" + std::string{target};
}

}  // namespace warmcall::net
