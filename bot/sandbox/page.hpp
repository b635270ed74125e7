#pragma once
// The page on which a newcomer plays the contacts, held in the binary.

#include <optional>
#include <string_view>

#include "net/server.hpp"

namespace warmcall::sandbox {

// The answer to a GET of the page or its files; nothing for any other path.
std::optional<net::Outgoing> answer_page(std::string_view path);

}  // namespace warmcall::sandbox
