#pragma once
// The route table: one row per route. What is not in it does not exist.

#include <array>
#include <span>
#include <string_view>

#include "web/call.hpp"

namespace warmcall::web {

enum class Access {
    anybody,
    signed_by_provider,  // the handler checks the provider's signature over the raw bytes
    by_link,             // the handler checks the path's MAC
    signed_in,           // a rep's session, or a token
    installation,        // a token that is not bound to a rep
    loopback,            // from this machine, or with a token
};

struct Route {
    std::string_view method;
    std::string_view pattern;  // "/api/v1/contacts/{id}"
    Access access = Access::signed_in;
    std::size_t body_bytes_max = 0;
    Handled (*handler)(Site&, Call&) = nullptr;
};

std::span<const Route> routes();

struct Match {
    const Route* route = nullptr;         // none: see `allow`
    std::vector<std::string> parameters;  // percent-decoded
    std::string allow;  // methods of this path, when only the method is wrong: "GET, POST"
};
Match match(std::string_view method, std::string_view path);

}  // namespace warmcall::web
