#pragma once
// An answer's head as bytes. Pure but for the Date, which is made anew once a second.

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "ports/http.hpp"

namespace warmcall::net {

std::string_view reason_of(int status);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7)
std::string http_date(std::time_t at);

class DateLine {
 public:
    const std::string& now();  // "Date: …\r\n"

 private:
    std::time_t second_ = -1;
    std::string line_;
};

enum class Body { none, sized, chunked, until_close };

// Writes the status line and all header fields into `into` (cleared first). What frames the message
// is ours alone: such fields of the response are left out. Throws std::logic_error for a name or
// value that would break the head.
void write_head(std::string& into, const HttpResponse& response, DateLine& date, Body body,
                std::size_t body_bytes, bool close);

// May an answer of that status have a body at all.
bool has_body(int status);

// Would this name and value break the head they are put in.
bool breaks_head(const Header& header);

}  // namespace warmcall::net
