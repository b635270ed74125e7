#pragma once
// Golden payloads: where they lie, how they are compared and rewritten (UPDATE_GOLDEN=1), and our
// values as JSON to compare.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "ports/provider.hpp"

namespace golden {

using Json = nlohmann::ordered_json;

// Of the provider of that name: the invented account in tests/golden/<provider>/account.json, and
// what lies there. Every golden request came, and every golden message leaves, at `now`.
const warmcall::Provider& provider(std::string_view name);
warmcall::Account account(std::string_view provider);
std::vector<std::filesystem::path> files_of(std::string_view provider, std::string_view kind);
inline constexpr warmcall::core::Timestamp now = warmcall::core::from_unix_ms(1'770'112'800'000);
warmcall::HttpRequest request_from(
    const Json& written);  // method, url, headers; form, json or body

// An invented WhatsApp account whose numbers and tokens all golden payloads carry.
warmcall::Account account();
warmcall::HttpRequest delivery(std::string body);
const warmcall::Provider& whatsapp();

std::filesystem::path folder(std::string_view kind);  // inbound, outbound, reply
std::vector<std::filesystem::path> files(std::string_view kind, std::string_view extension);
std::string read(const std::filesystem::path& file);
bool updating();
void write(const std::filesystem::path& file, std::string_view text);

Json dump(const std::vector<warmcall::Inbound>& found);
Json dump(const warmcall::HttpRequest& request);
Json dump(const warmcall::Answer& answer);
Json dump(const warmcall::Sighting& sighting);
warmcall::Outbound outbound_from(const Json& written);
warmcall::HttpResponse response_from(const Json& written);

}  // namespace golden
