#pragma once
// The log: one line per thing that happened, with ids, on stderr. Written with spdlog::info and its
// kin. Never a message's text, a full number or a secret, at any level: numbers go through
// `masked`.

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

#include "support/result.hpp"

namespace warmcall {

// Lines like "2026-01-02T10:00:00.123Z info  delivered message=17". Levels: debug, info, warn,
// error, off.
Result<void> start_log(std::string_view level);

// What may be shown of a number or an address: "+91•••••1234"; short ones are hidden whole.
std::string masked(std::string_view address);

}  // namespace warmcall
