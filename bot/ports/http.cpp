#include "ports/http.hpp"

namespace warmcall {

namespace {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_name(std::string_view a, std::string_view b) {
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

std::string_view first(const std::vector<Header>& headers, std::string_view name) {
    for (const Header& header : headers)
        if (same_name(header.name, name))
            return header.value;
    return {};
}

constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (lower(c) >= 'a' && lower(c) <= 'f')
        return lower(c) - 'a' + 10;
    return -1;
}

// A '%' that leads no two hex digits stands for itself: such text comes from outside and is not
// ours to judge here.
std::string decode(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            plain += ' ';
        } else if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                   hex_value(text[i + 2]) >= 0) {
            plain += static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
            i += 2;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

constexpr bool unreserved(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
    return first(headers, name);
}
std::string_view HttpResponse::header(std::string_view name) const {
    return first(headers, name);
}

std::string_view HttpRequest::path() const {
    return std::string_view{url}.substr(0, url.find('?'));
}

std::string_view HttpRequest::query() const {
    const std::size_t mark = url.find('?');
    return mark == std::string::npos ? std::string_view{} : std::string_view{url}.substr(mark + 1);
}

std::vector<Header> decode_form(std::string_view encoded) {
    std::vector<Header> pairs;
    while (!encoded.empty()) {
        const std::size_t end = encoded.find('&');
        const std::string_view pair = encoded.substr(0, end);
        encoded = end == std::string_view::npos ? std::string_view{} : encoded.substr(end + 1);
        if (pair.empty())
            continue;
        const std::size_t equals = pair.find('=');
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        pairs.push_back({decode(pair.substr(0, equals)), decode(value)});
    }
    return pairs;
}

std::string encode_form(const std::vector<Header>& pairs) {
    std::string encoded;
    for (const Header& pair : pairs) {
        if (!encoded.empty())
            encoded += '&';
        encoded += percent_encode(pair.name);
        encoded += '=';
        encoded += percent_encode(pair.value);
    }
    return encoded;
}

std::string percent_encode(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (unreserved(c)) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded += '%';
            encoded += digits[byte >> 4];
            encoded += digits[byte & 15];
        }
    }
    return encoded;
}

}  // namespace warmcall
