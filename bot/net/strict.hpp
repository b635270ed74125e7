#pragma once
// The strict gate over a request's head: what RFC 9110 and 9112 leave open is closed here, and what
// is doubtful is refused. Pure: bytes and values in, a verdict out. Beast parses; this decides what
// of it we take.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ports/http.hpp"

namespace warmcall::net {

inline constexpr std::size_t headers_max = 100;

// How far a head has come. Looks at every byte once, however it trickles in.
class HeadScan {
 public:
    enum class State { more, whole, bad };
    // `seen` is all of the head so far. bad: a line that ends in a bare LF, or one that goes on
    // after a line break.
    State look(std::string_view seen);
    std::size_t size() const { return size_; }  // of the head with its empty line, when whole

 private:
    std::size_t looked_ = 0;
    std::size_t line_ = 0;  // where the line under way begins
    std::size_t size_ = 0;
};

struct Refusal {
    int status = 400;
    std::string_view why;
};

// What a head that is taken says about the rest.
struct Framing {
    bool keep_alive = true;
    bool expects_continue = false;
    std::optional<std::uint64_t> content_length;
};

inline constexpr std::string_view methods_known = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

// Judges a parsed head; an absolute-form target ("http://host/path", RFC 9112 3.2.2) is brought
// into origin form. `hosts` is the allow-list, lower case and without ports; empty: any one valid
// Host.
std::variant<Framing, Refusal> judge(HttpRequest& head, int version,
                                     const std::vector<std::string>& hosts);

}  // namespace warmcall::net
