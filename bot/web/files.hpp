#pragma once
// The console's files out of the binary, and our own pages (mustache, everything escaped) that work
// without script.

#include <optional>
#include <string>
#include <string_view>

#include "web/call.hpp"

namespace warmcall::web {

// The console's file of this path: with its ETag, packed where the browser takes it. None: there is
// no such file.
std::optional<net::Outgoing> console_file(const Site& site, const Call& call);
Handled show_file(Site& site, Call& call);

// A page of bot/web/pages with these values filled in: texts, flags, lists and objects. Everything
// is escaped for HTML.
net::Outgoing page_of(std::string_view name, const json& values, int status = 200);
net::Outgoing html(int status, std::string body);

// The text of bot/web/pages/<name>.mustache or bot/web/openapi.json, embedded at build time; throws
// when there is none.
std::string_view embedded(std::string_view name);

// On every answer; which policy depends on whether a browser shows it as a page.
void add_security_headers(const Site& site, net::Outgoing& answer);

}  // namespace warmcall::web
