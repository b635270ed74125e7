#include "web/openapi.hpp"

#include "web/files.hpp"

namespace warmcall::web {

Handled show_openapi(Site&, Call&) {
    net::Outgoing answer;
    answer.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-cache"}};
    answer.body = std::string{embedded("openapi.json")};
    co_return answer;
}

}  // namespace warmcall::web
