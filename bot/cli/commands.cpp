#include "cli/commands.hpp"

#include <cstdio>
#include <string>

namespace warmcall::cli {

CLI::Option* add_config(CLI::App& app, std::filesystem::path& config) {
    config = "config/warmcall.toml";
    return app.add_option("--config", config, "The configuration file")
        ->type_name("FILE")
        ->envname("WARMCALL_CONFIG")
        ->capture_default_str();
}

int complain(std::string_view sentence) {
    const std::string line = "warmcall: " + std::string{sentence} + "\n";
    std::fputs(line.c_str(), stderr);
    return failed;
}

}  // namespace warmcall::cli
