#include "sandbox/page.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

namespace warmcall::sandbox {

namespace {

// Raw string literals by #include: the build then knows by itself what this file depends on.
constexpr std::string_view html =
#include "sandbox/page/index.html.inc"
    ;
constexpr std::string_view script =
#include "sandbox/page/app.js.inc"
    ;
constexpr std::string_view style =
#include "sandbox/page/style.css.inc"
    ;

struct File {
    std::string_view path, type, content;
};

constexpr std::array files{
    File{"/", "text/html; charset=utf-8", html},
    File{"/_page/app.js", "text/javascript; charset=utf-8", script},
    File{"/_page/style.css", "text/css; charset=utf-8", style},
};

}  // namespace

std::optional<net::Outgoing> answer_page(std::string_view path) {
    const auto found = std::ranges::find(files, path, &File::path);
    if (found == files.end())
        return std::nullopt;
    net::Outgoing out;
    out.headers = {{"Content-Type", std::string{found->type}},
                   {"Cache-Control", "no-cache"},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Referrer-Policy", "no-referrer"},
                   {"X-Frame-Options", "DENY"},
                   {"Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                    "img-src 'self' data:; base-uri 'none'; "
                    "form-action 'none'; frame-ancestors 'none'"}};
    out.body = std::string{found->content};
    return out;
}

}  // namespace warmcall::sandbox
