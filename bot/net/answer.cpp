#include "net/answer.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace warmcall::net {

namespace {

constexpr std::pair<int, std::string_view> reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return lower(x) == lower(y); });
}

bool frames(std::string_view name) {
    return same(name, "Content-Length") || same(name, "Transfer-Encoding") ||
           same(name, "Connection") || same(name, "Date");
}

}  // namespace

std::string_view reason_of(int status) {
    for (const auto& [known, reason] : reasons)
        if (known == status)
            return reason;
    return {};  // the reason may be empty (RFC 9112 4)
}

std::string http_date(std::time_t at) {
    static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&at, &utc);
    std::array<char, 64> text{};  // not strftime: that speaks the locale's language
    std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                  months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                  utc.tm_min, utc.tm_sec);
    return text.data();
}

const std::string& DateLine::now() {
    const std::time_t second = std::time(nullptr);
    if (second != second_) {
        second_ = second;
        line_ = "Date: " + http_date(second) + "\r\n";
    }
    return line_;
}

bool has_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

bool breaks_head(const Header& header) {
    constexpr std::string_view breaking{"\r\n\0", 3};
    return header.name.empty() || header.name.find_first_of(breaking) != std::string::npos ||
           header.name.find_first_of(": \t") != std::string::npos ||
           header.value.find_first_of(breaking) != std::string::npos;
}

void write_head(std::string& into, const HttpResponse& response, DateLine& date, Body body,
                std::size_t body_bytes, bool close) {
    if (response.status < 200 || response.status > 599)
        throw std::logic_error{"an answer's status must be between 200 and 599"};
    into = "HTTP/1.1 ";
    into += std::to_string(response.status);
    into += ' ';
    into += reason_of(response.status);
    into += "\r\n";
    into += date.now();
    for (const Header& header : response.headers) {
        if (breaks_head(header))
            throw std::logic_error{"a header field of an answer holds a line break"};
        if (frames(header.name))
            continue;
        into += header.name;
        into += ": ";
        into += header.value;
        into += "\r\n";
    }
    if (close)
        into += "Connection: close\r\n";
    if (body == Body::sized) {
        into += "Content-Length: ";
        into += std::to_string(body_bytes);
        into += "\r\n";
    } else if (body == Body::chunked) {
        into += "Transfer-Encoding: chunked\r\n";
    }
    into += "\r\n";
}

}  // namespace warmcall::net
