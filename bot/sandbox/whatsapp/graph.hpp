#pragma once
// graph.facebook.com, as far as a messaging gateway uses it. Versioned ("/v24.0/…") and unversioned
// paths alike.

#include "sandbox/parts.hpp"

namespace warmcall::sandbox {

// Settings: phone_number_id, waba_id, display_number?; secrets: access_token, app_secret.
Result<std::unique_ptr<Line>> make_graph_line(const LineOptions& options, Parts& parts);

}  // namespace warmcall::sandbox
