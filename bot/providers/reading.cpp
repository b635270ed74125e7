#include "providers/reading.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "providers/account.hpp"
#include "providers/json.hpp"

namespace warmcall {

namespace {

using core::Timestamp;
using std::chrono::seconds;

constexpr std::size_t what_bytes_max = 64;

// The number that `text` has at `at`, all `length` characters of it; -1 when they are no digits.
int number_at(std::string_view text, std::size_t at, std::size_t length) {
    if (at + length > text.size() || !is_digits(text.substr(at, length)))
        return -1;
    int value = -1;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
}

std::optional<Timestamp> moment(int year, int month, int day, int hour, int minute, int second) {
    if (year < 1970 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60)
        return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok())
        return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           seconds{second};
}

// "Z", "+01:00", "-0500": how far ahead of UTC.
std::optional<seconds> offset_of(std::string_view zone) {
    if (zone == "Z" || zone == "GMT" || zone == "UTC")
        return seconds{0};
    const bool colon = zone.size() == 6 && zone[3] == ':';
    if ((zone.size() != 5 && !colon) || (zone[0] != '+' && zone[0] != '-'))
        return std::nullopt;
    const int hours = number_at(zone, 1, 2);
    const int minutes = number_at(zone, colon ? 4 : 3, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
        return std::nullopt;
    const seconds ahead = std::chrono::hours{hours} + std::chrono::minutes{minutes};
    return zone[0] == '-' ? -ahead : ahead;
}

}  // namespace

std::string event_key(Timestamp at, std::initializer_list<std::string_view> parts) {
    std::string told;
    for (const std::string_view part : parts) {
        if (!told.empty())
            told += '\0';
        told += part;
    }
    const auto digest = sha256(told);
    const auto second =
        static_cast<std::uint64_t>(std::chrono::floor<seconds>(at).time_since_epoch().count());
    std::string key;
    key.reserve(20);
    for (int shift = 56; shift >= 0; shift -= 8)
        key.push_back(static_cast<char>((second >> shift) & 0xFF));
    key.append(reinterpret_cast<const char*>(digest.data()), 12);
    return key;
}

std::optional<Timestamp> iso_time(std::string_view text) {
    constexpr std::size_t zone_at_least = 19;
    if (text.size() <= zone_at_least || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':')
        return std::nullopt;
    const auto at = moment(number_at(text, 0, 4), number_at(text, 5, 2), number_at(text, 8, 2),
                           number_at(text, 11, 2), number_at(text, 14, 2), number_at(text, 17, 2));
    std::string_view rest = text.substr(zone_at_least);
    if (rest.starts_with('.')) {
        const std::size_t end = rest.find_first_not_of("0123456789", 1);
        if (end == 1 || end == std::string_view::npos)
            return std::nullopt;
        rest.remove_prefix(end);
    }
    const auto ahead = offset_of(rest);
    if (!at || !ahead)
        return std::nullopt;
    return *at - *ahead;
}

std::optional<Timestamp> http_date(std::string_view text) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    constexpr std::size_t zone_at = 26;
    if (text.size() <= zone_at || text[25] != ' ')
        return std::nullopt;
    const auto month = months.find(text.substr(8, 3));
    if (month == std::string_view::npos || month % 3 != 0)
        return std::nullopt;
    const auto at =
        moment(number_at(text, 12, 4), static_cast<int>(month / 3 + 1), number_at(text, 5, 2),
               number_at(text, 17, 2), number_at(text, 20, 2), number_at(text, 23, 2));
    const auto ahead = offset_of(text.substr(zone_at));
    if (!at || !ahead)
        return std::nullopt;
    return *at - *ahead;
}

std::optional<Timestamp> unix_time(std::string_view digits) {
    constexpr std::size_t digits_max = 10;  // until the year 2286
    if (!is_digits(digits) || digits.size() > digits_max)
        return std::nullopt;
    std::int64_t count = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (count == 0)
        return std::nullopt;
    return Timestamp{seconds{count}};
}

std::optional<core::Duration> retry_after(const HttpResponse& response) {
    const std::string_view said = response.header("Retry-After");
    constexpr int digits_max = 9;
    if (is_digits(said) && said.size() <= digits_max) {
        int wait_s = 0;
        std::from_chars(said.data(), said.data() + said.size(), wait_s);
        return seconds{wait_s};
    }
    const auto until = http_date(said);
    const auto now = http_date(response.header("Date"));
    if (!until || !now)
        return std::nullopt;
    return std::max(core::Duration{0}, *until - *now);
}

std::string_view printable_id(std::string_view id) {
    const bool printable = std::ranges::all_of(id, [](char c) { return c > ' ' && c < '\x7F'; });
    return printable && id.size() <= id_bytes_max ? id : std::string_view{};
}

std::optional<core::Address> phone_address(std::string_view text) {
    if (text.starts_with('+'))
        text.remove_prefix(1);
    if (text.starts_with("00"))  // the plus, as operators dial it
        text.remove_prefix(2);
    constexpr std::size_t digits_min = 7;  // below are short codes, which nobody can be called on
    constexpr std::size_t digits_max = 15;
    if (!is_digits(text) || text.size() < digits_min || text.size() > digits_max ||
        text.starts_with('0'))  // no country's code begins so
        return std::nullopt;
    return core::Address{core::AddressKind::phone, "+" + std::string{text}};
}

std::optional<core::Address> whatsapp_address(std::string_view text) {
    auto address = phone_address(text);
    if (!address)
        return std::nullopt;
    return core::Address{core::AddressKind::whatsapp, address->value.substr(1)};
}

std::optional<core::Address> whatsapp_party(std::string_view text) {
    if (text.size() > 3 && text[2] == '.' && printable_id(text) == text)
        return core::Address{core::AddressKind::whatsapp_user, std::string{text}};
    return whatsapp_address(text);
}

std::string_view value_of(const std::vector<Header>& pairs, std::string_view name) {
    const auto found = std::ranges::find(pairs, name, &Header::name);
    return found == pairs.end() ? std::string_view{} : std::string_view{found->value};
}

std::string label(std::string_view first, std::string_view second) {
    std::string what{first};
    if (!second.empty())
        what.append(" ").append(second.substr(0, what_bytes_max));
    what.resize(std::min(what.size(), what_bytes_max));
    for (char& c : what)
        if (!is_letter_or_digit(c) && c != '_' && c != '-' && c != '.' && c != ' ')
            c = '?';
    return what;
}

std::string tidy(std::string_view text, std::size_t bytes_max) {
    constexpr std::string_view more = "…";
    constexpr std::string_view broken = "\xEF\xBF\xBD";
    const bool long_text = text.size() > bytes_max;
    const std::string_view kept = long_text ? cut_utf8(text, bytes_max - more.size()) : text;
    std::string tidied;
    tidied.reserve(kept.size());
    for (std::size_t at = 0; at < kept.size();) {
        const std::size_t length = utf8_length(kept.substr(at));
        const auto c = static_cast<unsigned char>(kept[at]);
        if (length == 0)
            tidied += broken;
        else if (c < 0x20 && c != '\n' && c != '\t')
            tidied += ' ';
        else
            tidied.append(kept.substr(at, length));
        at += std::max<std::size_t>(length, 1);
    }
    if (long_text)
        tidied += more;
    return tidied;
}

namespace {

std::string with(std::string words, std::string_view more) {
    if (!more.empty())
        words.append(": ").append(more);
    return words;
}

}  // namespace

std::string sent_a(std::string_view thing, std::string_view about) {
    return with("sent a " + std::string{thing}, about);
}

InReply reply_of(core::ReplyKind kind, std::string_view words) {
    InReply reply;
    reply.kind = kind;
    reply.words = tidy(words, words_bytes_max);
    return reply;
}

InReply captioned(core::ReplyKind kind, std::string_view words, std::string_view caption) {
    InReply reply = reply_of(kind, with(std::string{words}, caption));
    reply.caption = tidy(caption, words_bytes_max);
    return reply;
}

InReply file_reply(std::string_view media_type, std::string_view caption) {
    using core::ReplyKind;
    if (media_type.starts_with("audio/ogg"))  // what WhatsApp records
        return captioned(ReplyKind::voice, sent_a("voice message"), caption);
    if (media_type.starts_with("audio/"))
        return captioned(ReplyKind::media, "sent an audio file", caption);
    if (media_type == "text/vcard" || media_type == "text/x-vcard")
        return captioned(ReplyKind::contact_card, sent_a("contact card"), caption);
    const bool photo = media_type.starts_with("image/");
    const bool video = media_type.starts_with("video/");
    return captioned(ReplyKind::media,
                     sent_a(photo   ? "photo"
                            : video ? "video"
                                    : "document"),
                     caption);
}

std::string cut_characters(std::string_view text, std::size_t characters_max) {
    std::size_t at = 0;
    for (std::size_t count = 0; at < text.size() && count < characters_max; ++count)
        at += std::max<std::size_t>(utf8_length(text.substr(at)), 1);
    return std::string{text.substr(0, at)};
}

std::size_t characters_in(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count)
        at += std::max<std::size_t>(utf8_length(text.substr(at)), 1);
    return count;
}

std::string on_one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
        if (!space)
            line += c;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    return line;
}

std::string with_underscore(std::string_view language) {
    std::string written{language};
    std::ranges::replace(written, '-', '_');
    return written;
}

std::string trimmed_upper(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
    std::string upper{text.substr(begin, text.find_last_not_of(blanks) + 1 - begin)};
    for (char& c : upper)
        if (c >= 'a' && c <= 'z')
            c = static_cast<char>(c - 'a' + 'A');
    return upper;
}

std::optional<std::string> too_long_for_sms(std::string_view text, int parts_max,
                                            std::size_t characters_max) {
    const std::size_t characters = characters_in(text);
    if (characters_max != 0 && characters > characters_max)
        return "it has " + std::to_string(characters) + " characters, and at most " +
               std::to_string(characters_max) + " are taken";
    const core::SmsLength length = core::sms_length(text);
    if (length.parts > parts_max)
        return "as an SMS it has " + std::to_string(length.parts) + " parts" +
               (length.gsm7 ? "" : " (it has letters outside the SMS alphabet: 67 to a part)") +
               ", and at most " + std::to_string(parts_max) + " are taken";
    return std::nullopt;
}

}  // namespace warmcall
