#pragma once
// What a channel's table in the configuration gives a provider, what it lacks, and the addresses
// made of it. Sentences begin with the key they are about: the configuration finds its line by it.

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "ports/provider.hpp"

namespace warmcall {

std::string_view setting(const Account& account, std::string_view key);  // "" when not given
const std::vector<Secret>& secrets(const Account& account, std::string_view key);
const Secret& secret(const Account& account, std::string_view key);  // the first; empty when none

// ---- check ----

using Wrong = std::vector<std::string>;

// `where_from` tells where the provider shows it.
void check_secret(const Account& account, std::string_view key, std::size_t count_max,
                  std::string_view where_from, Wrong& wrong);
// Every key that is none of these; `prefix` ("" for none) lets through the keys that begin with it.
void check_keys(const Account& account, std::initializer_list<std::string_view> settings,
                std::initializer_list<std::string_view> secrets, Wrong& wrong,
                std::string_view prefix = {});
// "+61491570156", a sender name of up to 11 letters and digits, or a short code of 3 to 8 digits.
bool is_sender(std::string_view text);
// A sender name: nobody can answer what comes from it.
bool is_sender_name(std::string_view text);
bool is_e164(std::string_view text);
bool is_digits(std::string_view text);
bool is_letter_or_digit(char c);  // of ASCII, whatever the locale

// ---- addresses ----

// PUBLIC_URL/webhooks/CHANNEL/status/TOKEN: where receipts of one message are sent.
std::string receipt_url(const Account& account, const Token& token);
// The token that ends the path of such a delivery; nothing in any other.
std::optional<Token> token_in_path(const HttpRequest& request);
// What was called, as the outside knows it: public_url and the request's own path and query.
std::string called_url(const Account& account, const HttpRequest& request);

std::string basic(std::string_view user, std::string_view password);  // of an Authorization header

}  // namespace warmcall
