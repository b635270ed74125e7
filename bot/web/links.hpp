#pragma once
// Links to one prompt, /p/<token>: they need no sign-in, so the token carries a MAC and is for one
// prompt and one rep.

#include <optional>
#include <string>
#include <string_view>

#include "core/ids.hpp"
#include "ports/store.hpp"
#include "support/secret.hpp"

namespace warmcall::web {

struct PromptLink {
    core::PromptId prompt;
    core::RepId rep;
};

// "<prompt id>.<rep>.<mac>": safe in a URL's path.
std::string prompt_token(const Secret& key, const PromptLink& link);
std::optional<PromptLink> read_prompt_token(const Secret& key, std::string_view token);

// Where the provider tells of a call it carries: which prompt's, whose, and dialled when.
struct LineLink {
    PromptLink prompt;
    core::Timestamp dialled_at{};
};
// "<prompt id>.<rep>.<ms>.<mac>".
std::string line_token(const Secret& key, const LineLink& link);
std::optional<LineLink> read_line_token(const Secret& key, std::string_view token);

// Rides in the page's forms, so that a POST comes from a page we made.
std::string form_token(const Secret& key, const PromptLink& link);

// The installation's key for links, made at the first start and kept in the store.
Secret link_key(Store& store);
// The next start makes a new one: every link that was given out is void.
void forget_link_key(Unit& unit);

}  // namespace warmcall::web
