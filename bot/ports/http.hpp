#pragma once
// HTTP messages as plain values, shared by the server, the client and the providers' pure
// functions.

#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"

namespace warmcall {

struct Header {
    std::string name;
    std::string value;

    bool operator==(const Header&) const = default;
};

struct HttpRequest {
    std::string method = "GET";
    std::string
        url;  // outgoing: absolute. Incoming: origin form, as it came ("/webhooks/main?hub.mode=…")
    std::vector<Header> headers;
    std::string body;
    core::Timestamp received_at{};  // incoming: by our clock, where the time matters (webhooks)

    // The first header of that name, any case; "" when there is none.
    std::string_view header(std::string_view name) const;
    std::string_view path() const;   // of an incoming request: up to the '?'
    std::string_view query() const;  // after the '?', still encoded
};

struct HttpResponse {
    int status = 200;
    std::vector<Header> headers;
    std::string body;

    std::string_view header(std::string_view name) const;
};

// Percent-decoding of a query or form ("a=1&b=%20"); pairs in order, '+' is a space.
std::vector<Header> decode_form(std::string_view encoded);
std::string encode_form(const std::vector<Header>& pairs);
std::string percent_encode(std::string_view text);

}  // namespace warmcall
