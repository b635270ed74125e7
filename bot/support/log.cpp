#include "support/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <memory>
#include <utility>

namespace warmcall {

namespace {

constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 5> levels{{
    {"debug", spdlog::level::debug},
    {"info", spdlog::level::info},
    {"warn", spdlog::level::warn},
    {"error", spdlog::level::err},
    {"off", spdlog::level::off},
}};

}  // namespace

Result<void> start_log(std::string_view level) {
    for (const auto& [name, value] : levels) {
        if (name != level)
            continue;
        auto log = std::make_shared<spdlog::logger>(
            "warmcall", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %v", spdlog::pattern_time_type::utc);
        log->set_level(value);
        log->flush_on(spdlog::level::warn);
        spdlog::set_default_logger(std::move(log));
        return {};
    }
    return Error{Errc::bad_input, "the log level must be one of debug, info, warn, error, off"};
}

std::string masked(std::string_view address) {
    constexpr std::size_t head = 3;
    constexpr std::size_t tail = 4;
    constexpr std::string_view hidden = "•••••";
    if (address.size() < head + tail + 3)
        return std::string{hidden};
    std::string shown{address.substr(0, head)};
    shown += hidden;
    shown += address.substr(address.size() - tail);
    return shown;
}

}  // namespace warmcall
