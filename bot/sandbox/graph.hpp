#pragma once
// graph.facebook.com, as far as a messaging gateway uses it. Versioned ("/v24.0/…") and unversioned
// paths alike.

#include "net/server.hpp"
#include "sandbox/parts.hpp"

namespace warmcall::sandbox {

asio::awaitable<net::Outgoing> answer_graph(Parts& parts, net::Incoming request);

}  // namespace warmcall::sandbox
