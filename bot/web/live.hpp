#pragma once
// The route of the live stream; see stream.hpp for who waits.

#include "web/routes.hpp"

namespace warmcall::web {

Handled open_stream(Site& site, Call& call);

}  // namespace warmcall::web
