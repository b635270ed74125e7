// The same for the parts that await; and our ports, which all of those include anyway.
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "ports/notifier.hpp"
#include "ports/provider.hpp"
#include "ports/store.hpp"
#include "ports/transport.hpp"
#include "support/precompiled.hpp"
