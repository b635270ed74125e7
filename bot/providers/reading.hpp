#pragma once
// Small readings that every provider needs: times, ids, addresses, words for a rep, and the key an
// event is recognised by.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ports/provider.hpp"

namespace warmcall {

// ---- what tells one event from every other ----

// Eight bytes of seconds, then twelve of a hash over the parts: rows of the inbox that came
// together lie together. `at` must be the same in every copy of the event, so only the provider's
// own time will do; 1970 when it sends none.
std::string event_key(core::Timestamp at, std::initializer_list<std::string_view> parts);

// ---- times ----

// "2026-02-03T10:00:00Z", with a fraction or an offset ("+00:00", "-0500") or without.
std::optional<core::Timestamp> iso_time(std::string_view text);
// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), also with a numeric zone (RFC 5322, 3.3).
std::optional<core::Timestamp> http_date(std::string_view text);
// Seconds since 1970.
std::optional<core::Timestamp> unix_time(std::string_view digits);
// Retry-After, in seconds or as a date. A date counts from the answer's own Date, since nothing
// here has a clock.
std::optional<core::Duration> retry_after(const HttpResponse& response);

// ---- ids and addresses ----

inline constexpr std::size_t id_bytes_max = 256;
std::string_view printable_id(std::string_view id);  // "" when it is no id anybody could use
// A phone number, with its plus, with 00 in its place, or with neither; nothing for a sender name,
// a short code, or a number without its country ("0171 …").
std::optional<core::Address> phone_address(std::string_view text);
// The same as a WhatsApp id: digits alone.
std::optional<core::Address> whatsapp_address(std::string_view text);
// The same, or the user id of somebody who hides the number ("AU.WARM0000000000000001").
std::optional<core::Address> whatsapp_party(std::string_view text);

// The value of the first pair of that name, "" when there is none.
std::string_view value_of(const std::vector<Header>& pairs, std::string_view name);

// ---- words ----

// A word of the provider's as a label: whoever wrote it, it stays short and harmless.
std::string label(std::string_view first, std::string_view second = {});
// Their words as a rep may read them: no control characters, no more than a rep can read at a
// glance.
std::string tidy(std::string_view text, std::size_t bytes_max);
inline constexpr std::size_t words_bytes_max = 2'000;
inline constexpr std::size_t name_bytes_max = 200;
std::string sent_a(std::string_view thing, std::string_view about = {});
InReply reply_of(core::ReplyKind kind, std::string_view words);
// A file, in a rep's words, and what they wrote under it, which may be empty.
InReply captioned(core::ReplyKind kind, std::string_view words, std::string_view caption);
// The same, by the file's media type.
InReply file_reply(std::string_view media_type, std::string_view caption);

// At most so many characters, none of them cut in two.
std::string cut_characters(std::string_view text, std::size_t characters_max);
std::size_t characters_in(std::string_view text);
// Line breaks, tabs and runs of spaces become one space: what a template's variable may hold.
std::string on_one_line(std::string_view text);
// "pt_BR" of "pt-BR": a language as WhatsApp's API writes it; its webhooks have either.
std::string with_underscore(std::string_view language);
// "STOP" of " Stop\n": letters of ASCII in capitals, without the blanks around.
std::string trimmed_upper(std::string_view text);

// ---- sizes ----

// Why this is too long to go as an SMS: more than so many parts, or (0: no bound) characters.
std::optional<std::string> too_long_for_sms(std::string_view text, int parts_max,
                                            std::size_t characters_max);

}  // namespace warmcall
