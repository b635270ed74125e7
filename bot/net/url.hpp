#pragma once
// The two questions the client asks of a URL: whom to connect to, and what to ask for there. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "support/result.hpp"

namespace warmcall::net {

struct Origin {
    std::string text;  // "https://graph.facebook.com", lower case, without a default port: equal
                       // texts, equal origins
    std::string authority;  // for the Host header
    std::string host;       // without port and brackets
    std::uint16_t port = 0;
    bool tls = false;
};

// Of "https://host", "http://host:8080" or any URL that starts so. Sentences name the host at most,
// never path or query.
Result<Origin> origin_of(std::string_view url);

// The origin-form target of a URL that lies on this origin, or of a path that already is one.
Result<std::string> target_on(const Origin& origin, std::string_view url);

}  // namespace warmcall::net
