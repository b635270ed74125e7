#pragma once
// JSON and small things of the wire that every provider's format needs. What is Meta's, Twilio's or
// another's alone stands with it.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "ports/http.hpp"
#include "support/result.hpp"
#include "support/secret.hpp"

namespace warmcall::sandbox {

using Json = nlohmann::ordered_json;
using core::Duration;
using core::Timestamp;

// JSON no deeper than 32 levels; the error says where it breaks.
Result<Json> read_json(std::string_view text);

std::string unix_seconds(Timestamp at);  // "1770112345"

std::string iso_time(Timestamp at);  // "2026-02-03T10:00:00.123Z"

HttpResponse json_answer(int status, const Json& body);

// "0bf6a2f4-…": the form of a version 4 UUID, out of hexadecimal digits.
std::string uuid(const std::string& hex_digits);

// The first value of that name; "" when there is none.
std::string value_of(const std::vector<Header>& pairs, std::string_view name);

// The last segment of a URL's path: where the gateway puts its mark into a callback.
std::string last_segment(const std::string& url);

// The text under that key; "" when there is none, or it is no text.
std::string text_in(const Json& object, const char* key, std::string otherwise = {});

std::size_t characters(std::string_view utf8);  // code points

std::string upper(std::string text);  // ASCII letters alone
std::string lower(std::string text);

}  // namespace warmcall::sandbox
