#pragma once
// /_control/…: what a test or the page makes happen, and what it may look at. Not part of WhatsApp.

#include "net/server.hpp"
#include "sandbox/parts.hpp"

namespace warmcall::sandbox {

asio::awaitable<net::Outgoing> answer_control(Parts& parts, net::Incoming request);

}  // namespace warmcall::sandbox
