// The console inside the binary: every page's files are there, whole, and nothing in them needs a
// weaker content security policy.

#include "console/assets.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace warmcall;

namespace {

// The local addresses that src="…" and href="…" of a page name.
std::vector<std::string> references(std::string_view page) {
    std::vector<std::string> found;
    for (const std::string_view attribute : {"src=\"/", "href=\"/"}) {
        for (std::size_t at = page.find(attribute); at != std::string_view::npos;
             at = page.find(attribute, at + 1)) {
            const std::size_t begin = at + attribute.size() - 1;
            found.emplace_back(page.substr(begin, page.find('"', begin) - begin));
        }
    }
    return found;
}

}  // namespace

TEST_CASE("the console's pages find every file they name") {
    for (const std::string_view path : {"/", "/login"}) {
        const Asset* page = find_asset(path);
        REQUIRE(page != nullptr);
        CHECK(page->type == "text/html; charset=utf-8");
        CHECK_FALSE(page->immutable);
        const auto named = references(page->bytes);
        CHECK(named.size() >= 3);
        for (const std::string& file : named) {
            INFO(file);
            CHECK(find_asset(file) != nullptr);
        }
    }
}

TEST_CASE("no page of the console carries a script or a style inside") {
    for (const Asset& asset : assets()) {
        if (!asset.type.starts_with("text/html"))
            continue;
        INFO(asset.path);
        CHECK(asset.bytes.find("<style") == std::string_view::npos);
        CHECK(asset.bytes.find(" style=") == std::string_view::npos);
        for (std::size_t at = asset.bytes.find("<script"); at != std::string_view::npos;
             at = asset.bytes.find("<script", at + 1))
            CHECK(asset.bytes.substr(at, asset.bytes.find('>', at) - at).find(" src=\"/") !=
                  std::string_view::npos);
    }
}

TEST_CASE("only files whose name carries their hash are kept for a year") {
    for (const Asset& asset : assets()) {
        INFO(asset.path);
        CHECK(asset.immutable == asset.path.starts_with("/assets/"));
        CHECK_FALSE(asset.bytes.empty());
        CHECK((asset.etag.size() == 18 && asset.etag.front() == '"' && asset.etag.back() == '"'));
        CHECK((asset.gzip.empty() || asset.gzip.starts_with("\x1f\x8b")));
    }
}

TEST_CASE("a phone loads at most 30 KB of packed script before the first screen, in any language") {
    std::size_t packed = 0;
    std::size_t largest_words = 0;
    for (const std::string& file : references(find_asset("/")->bytes)) {
        const Asset* asset = find_asset(file);
        if (asset == nullptr || !asset->type.starts_with("text/javascript"))
            continue;
        packed += asset->gzip.size();
        if (!file.starts_with("/assets/boot-"))
            continue;
        // the words of one language come with the first screen: boot names them all
        constexpr std::string_view mark = "\"/assets/";
        int languages = 0;
        for (std::size_t at = asset->bytes.find(mark); at != std::string_view::npos;
             at = asset->bytes.find(mark, at + 1)) {
            const std::size_t end = asset->bytes.find('"', at + 1);
            const Asset* words = find_asset(asset->bytes.substr(at + 1, end - at - 1));
            REQUIRE(words != nullptr);
            largest_words = std::max(largest_words, words->gzip.size());
            ++languages;
        }
        CHECK(languages == 3);
    }
    CHECK(packed > 5'000);
    CHECK(largest_words > 2'000);
    CHECK(packed + largest_words <= 30 * 1024);
}

TEST_CASE("the app has an icon that every phone takes") {
    for (const char* path : {"/icon-192.png", "/icon-512.png"}) {
        const Asset* icon = find_asset(path);
        REQUIRE(icon != nullptr);
        CHECK(icon->type == "image/png");
        CHECK(icon->bytes.starts_with("\x89PNG\r\n"));
        CHECK(find_asset("/manifest.webmanifest")->bytes.find(path) != std::string_view::npos);
    }
}

TEST_CASE("a file that does not exist is not found") {
    CHECK(find_asset("") == nullptr);
    CHECK(find_asset("/index.html/..") == nullptr);
    CHECK(find_asset("/assets/") == nullptr);
}
