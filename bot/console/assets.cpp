#include "console/assets.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

// console_assets.inc and the labels come from bot/console/build.mjs.
#define PACKED(label, size) label, size
#define PLAIN() wc_no_asset, 0
#define ASSET(path, type, etag, label, size, gzip, immutable) \
    ASSET_ROW(path, type, etag, label, size, gzip, immutable)

extern "C" {
extern const char wc_no_asset[];
const char wc_no_asset[1] = {};
#define ASSET_ROW(path, type, etag, label, size, gzip, gzip_size, immutable) \
    extern const char label[], gzip[];
#include "console_assets.inc"
#undef ASSET_ROW
}

namespace warmcall {
namespace {

std::vector<Asset> table() {
    std::vector<Asset> rows{
#define ASSET_ROW(path, type, etag, label, size, gzip, gzip_size, immutable) \
    Asset{path, type, etag, {label, std::size_t{size}}, {gzip, std::size_t{gzip_size}}, immutable},
#include "console_assets.inc"
#undef ASSET_ROW
    };
    std::ranges::sort(rows, {}, &Asset::path);
    return rows;
}

}  // namespace

std::span<const Asset> assets() {
    static const std::vector<Asset> sorted = table();
    return sorted;
}

const Asset* find_asset(std::string_view path) {
    const auto found = std::ranges::lower_bound(assets(), path, {}, &Asset::path);
    return found != assets().end() && found->path == path ? &*found : nullptr;
}

}  // namespace warmcall
