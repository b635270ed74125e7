#pragma once
// The API's own description, OpenAPI 3.1: the file bot/web/openapi.json, embedded.

#include "web/routes.hpp"

namespace warmcall::web {

Handled show_openapi(Site& site, Call& call);

}  // namespace warmcall::web
