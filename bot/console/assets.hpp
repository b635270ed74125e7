#pragma once
// The rep's web app as bytes inside the binary. Knows paths and bytes; knows nothing of HTTP.

#include <span>
#include <string_view>

namespace warmcall {

struct Asset {
    std::string_view path;  // as asked for: "/", "/login", "/assets/main-4F2K.js"
    std::string_view type;  // Content-Type
    std::string_view etag;  // with its quotes
    std::string_view bytes;
    std::string_view gzip;   // the same, packed; empty where packing gains nothing
    bool immutable = false;  // its name carries its hash: may be cached for a year
};

// nullptr: there is no such file. A query or fragment must already be cut off.
const Asset* find_asset(std::string_view path);

// All of them, sorted by path.
std::span<const Asset> assets();

}  // namespace warmcall
