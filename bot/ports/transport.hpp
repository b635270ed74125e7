#pragma once
// Outgoing HTTP in two steps, connect and exchange, because the gate is asked once more in between;
// and an exchange always says how far it got, because that decides whether the message may be sent
// again (DESIGN.md 7).

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "ports/http.hpp"
#include "support/result.hpp"

namespace warmcall {

struct Exchange {
    enum class Progress {
        not_sent,  // the kernel took fewer bytes than the whole request
        written,   // all of it was taken, and no whole answer came back
        answered,
    };
    Progress progress = Progress::not_sent;
    HttpResponse response;  // when answered
    std::string problem;    // when not: "timeout", "connection reset", …
};

class Connection {
 public:
    virtual ~Connection() = default;
    // One request, one answer, within the limit as a whole. Never retries. Answers above 1 MiB
    // count as no answer.
    virtual boost::asio::awaitable<Exchange> exchange(HttpRequest request,
                                                      core::Duration limit) = 0;
};

class Transport {
 public:
    virtual ~Transport() = default;
    // A connection to the origin ("https://graph.facebook.com") with TLS finished and the
    // certificate verified; from the pool when one has idled less than 5 s. The error says what
    // failed: "cannot resolve …", "certificate …".
    virtual boost::asio::awaitable<Result<std::unique_ptr<Connection>>> connect(
        std::string_view origin, core::Duration limit) = 0;
};

}  // namespace warmcall
