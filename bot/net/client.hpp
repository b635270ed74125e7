#pragma once
// The outgoing side: pooled keep-alive connections, TLS verified, a deadline for every phase, never
// a retry of its own.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "ports/transport.hpp"

namespace warmcall::net {

struct ClientOptions {
    std::size_t idle_per_origin_max =
        160;  // as many as are used at once: engine/dispatch, engine/alerts
    core::Duration idle_time =
        std::chrono::seconds{4};  // below the 5 s after which a reused connection is doubtful
    std::size_t answer_bytes_max = 1024 * 1024;
    std::string ca_file;  // besides the system's; for tests
};

std::unique_ptr<Transport> make_transport(boost::asio::io_context& context,
                                          ClientOptions options = {});

}  // namespace warmcall::net
