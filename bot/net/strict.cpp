#include "net/strict.hpp"

#include <algorithm>
#include <charconv>

namespace warmcall::net {

namespace {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

bool digit(char c) {
    return c >= '0' && c <= '9';
}
bool hex_digit(char c) {
    return digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}
bool letter(char c) {
    return lower(c) >= 'a' && lower(c) <= 'z';
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

// Is `word` in a comma-separated list.
bool lists(std::string_view list, std::string_view word) {
    while (true) {
        const std::size_t comma = list.find(',');
        if (same(trimmed(list.substr(0, comma)), word))
            return true;
        if (comma == std::string_view::npos)
            return false;
        list.remove_prefix(comma + 1);
    }
}

bool known_method(std::string_view method) {
    return method == "GET" || method == "POST" || method == "HEAD" || method == "PUT" ||
           method == "PATCH" || method == "DELETE" || method == "OPTIONS";
}

// Visible ASCII but for what a URI cannot hold anywhere; browsers do send '|' and braces unencoded
// in a query.
bool valid_target(std::string_view target) {
    return !target.empty() && target.front() == '/' &&
           std::none_of(target.begin(), target.end(), [](char c) {
               return c < 0x21 || c > 0x7e || c == '#' || c == '"' || c == '<' || c == '>' ||
                      c == '\\';
           });
}

// The host of "host[:port]", or nothing when it is not one (RFC 3986 3.2.2: a bracketed IPv6, or a
// reg-name).
std::optional<std::string_view> host_of(std::string_view authority) {
    std::size_t end = 0;
    if (authority.starts_with('[')) {
        end = authority.find(']');
        if (end == std::string_view::npos || end < 3)
            return std::nullopt;
        const std::string_view inside = authority.substr(1, end - 1);
        if (!std::all_of(inside.begin(), inside.end(),
                         [](char c) { return hex_digit(c) || c == ':' || c == '.'; }))
            return std::nullopt;
        ++end;
    } else {
        while (end < authority.size() && authority[end] != ':') {
            const char c = authority[end++];
            if (!letter(c) && !digit(c) && c != '-' && c != '.' && c != '_')
                return std::nullopt;
        }
    }
    if (end == 0 || end > 255)
        return std::nullopt;
    const std::string_view host = authority.substr(0, end);
    if (end == authority.size())
        return host;
    const std::string_view port = authority.substr(end + 1);
    if (authority[end] != ':' || port.size() > 5 || !std::all_of(port.begin(), port.end(), digit))
        return std::nullopt;
    return host;
}

// Takes "http://authority" off the front of an absolute-form target and gives the authority;
// nothing for other forms.
std::optional<std::string> take_authority(std::string& target) {
    std::size_t start = 0;
    if (same(std::string_view{target}.substr(0, 7), "http://"))
        start = 7;
    else if (same(std::string_view{target}.substr(0, 8), "https://"))
        start = 8;
    else
        return std::nullopt;
    const std::size_t end = std::min(target.find_first_of("/?#", start), target.size());
    std::string authority = target.substr(start, end - start);
    target.erase(0, end);
    if (target.empty() || target.front() == '?')
        target.insert(0, 1, '/');
    return authority;
}

struct Fields {  // the ones that decide, and how often each came
    const std::string* host = nullptr;
    const std::string* length = nullptr;
    const std::string* coding = nullptr;
    const std::string* expect = nullptr;
    int hosts = 0, lengths = 0, codings = 0, expects = 0;
    bool close = false;
};

Fields fields_of(const HttpRequest& head) {
    Fields found;
    for (const Header& header : head.headers) {
        switch (header.name.size()) {  // most headers are told apart by their length alone
            case 4:
                if (same(header.name, "Host"))
                    ++found.hosts, found.host = &header.value;
                break;
            case 6:
                if (same(header.name, "Expect"))
                    ++found.expects, found.expect = &header.value;
                break;
            case 10:
                if (same(header.name, "Connection"))
                    found.close = found.close || lists(header.value, "close");
                break;
            case 14:
                if (same(header.name, "Content-Length"))
                    ++found.lengths, found.length = &header.value;
                break;
            case 17:
                if (same(header.name, "Transfer-Encoding"))
                    ++found.codings, found.coding = &header.value;
                break;
            default:
                break;
        }
    }
    return found;
}

std::optional<Refusal> wrong_host(HttpRequest& head, const Fields& fields,
                                  const std::vector<std::string>& hosts) {
    if (fields.hosts != 1)
        return Refusal{400, "exactly one Host header is needed"};
    const auto host = host_of(*fields.host);
    if (!host)
        return Refusal{400, "the Host header is not a host"};
    if (const auto authority = take_authority(head.url);
        authority && !same(*authority, *fields.host))
        return Refusal{400, "the target and the Host header name different hosts"};
    const bool allowed =
        hosts.empty() || std::any_of(hosts.begin(), hosts.end(),
                                     [&](const std::string& h) { return same(h, *host); });
    return allowed ? std::nullopt : std::optional{Refusal{400, "this host is not served here"}};
}

std::optional<Refusal> wrong_coding(const Fields& fields, int version) {
    if (fields.codings == 0)
        return std::nullopt;
    if (fields.lengths > 0)
        return Refusal{400, "Transfer-Encoding and Content-Length together are not taken"};
    if (version < 11 || fields.codings > 1)
        return Refusal{400, "this Transfer-Encoding is not taken"};
    if (!same(*fields.coding, "chunked"))
        return Refusal{501, "no Transfer-Encoding but chunked is known here"};
    return std::nullopt;
}

std::optional<Refusal> read_length(const Fields& fields, Framing& framing) {
    if (fields.lengths == 0)
        return std::nullopt;
    const std::string& text = *fields.length;
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (fields.lengths > 1 || error != std::errc{} || end != text.data() + text.size())
        return Refusal{400, "the Content-Length is not one number"};
    framing.content_length = length;
    return std::nullopt;
}

}  // namespace

HeadScan::State HeadScan::look(std::string_view seen) {
    if (!seen.empty() && !letter(seen.front()) && seen.front() != '\r')
        return State::bad;  // no HTTP at all: there may never be a line to wait for
    while (looked_ < seen.size()) {
        const std::size_t lf = seen.find('\n', looked_);
        if (lf == std::string_view::npos) {
            looked_ = seen.size();
            break;
        }
        if (lf == 0 || seen[lf - 1] != '\r')
            return State::bad;
        if (seen[line_] == ' ' || seen[line_] == '\t')
            return State::bad;
        looked_ = lf + 1;
        if (lf == line_ + 1) {
            size_ = looked_;
            return State::whole;
        }
        line_ = looked_;
    }
    return State::more;
}

std::variant<Framing, Refusal> judge(HttpRequest& head, int version,
                                     const std::vector<std::string>& hosts) {
    if (head.method == "TRACE" || head.method == "CONNECT")
        return Refusal{405, "this method is not allowed here"};
    if (!known_method(head.method))
        return Refusal{501, "this method is not known here"};
    if (head.headers.size() > headers_max)
        return Refusal{431, "too many header fields"};
    const Fields fields = fields_of(head);
    if (const auto refusal = wrong_host(head, fields, hosts))
        return *refusal;
    if (!valid_target(head.url))
        return Refusal{400, "the request target is not a path"};
    if (const auto refusal = wrong_coding(fields, version))
        return *refusal;
    Framing framing;
    if (const auto refusal = read_length(fields, framing))
        return *refusal;
    if (version >= 11 && fields.expects > 0) {  // an HTTP/1.0 client's Expect is to be ignored
        if (fields.expects > 1 || !same(*fields.expect, "100-continue"))
            return Refusal{417, "no expectation but 100-continue can be met"};
        framing.expects_continue = true;
    }
    framing.keep_alive = version >= 11 && !fields.close;
    return framing;
}

}  // namespace warmcall::net
