#include "settings/settings.hpp"

#include <cstdlib>

#include "core/toml_file.hpp"
#include "settings/folders.hpp"
#include "settings/main_file.hpp"
#include "support/read_file.hpp"

namespace warmcall {

namespace {

namespace fs = std::filesystem;
using core::TomlFault;
using core::TomlFile;

constexpr std::uintmax_t config_bytes_max = 16 * 1024 * 1024;  // ten thousand reps take three

}  // namespace

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>{value};
    };
}

ReadSettings read_settings(const fs::path& file, const Environment& environment, Secrets secrets) {
    ReadSettings out;
    const auto fail = [&](std::string sentence) {
        out.problems.push_back({Problem::Part::config, std::move(sentence)});
        return out;
    };
    const auto text = read_file(file, config_bytes_max);
    if (!text)
        return fail(text.error().message);
    std::error_code failed;
    const fs::path folder = fs::absolute(file, failed).parent_path();
    std::optional<TomlFile> toml;
    try {
        toml.emplace(*text, file.string());
    } catch (const TomlFault& fault) {
        return fail(fault.error.message);
    }
    read_folders(read_main_file(*toml, folder, environment, secrets, out), out);
    return out;
}

Result<Settings> load_settings(const fs::path& file, Secrets secrets) {
    ReadSettings read = read_settings(file, process_environment(), secrets);
    if (read.problems.empty())
        return std::move(read.settings);
    std::string all;
    for (const Problem& problem : read.problems)
        all += (all.empty() ? "" : "\n") + problem.sentence;
    return Error{Errc::bad_input, all};
}

}  // namespace warmcall
