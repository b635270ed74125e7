#pragma once
// A message as the provider will carry it: the text rendered with today's names, and its
// parameters.

#include <string>

#include "core/outreach.hpp"
#include "core/plan.hpp"
#include "ports/provider.hpp"
#include "support/result.hpp"

namespace warmcall {

// The error names the variable the text lacks.
Result<Outbound> compose(const core::Plan& plan, const core::Case& subject,
                         const core::Message& message, const Token& token);

}  // namespace warmcall
