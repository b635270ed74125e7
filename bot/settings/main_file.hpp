#pragma once
// warmcall.toml itself: every value, and every mistake by its line.

#include <filesystem>

#include "core/toml_file.hpp"
#include "settings/folders.hpp"
#include "settings/settings.hpp"

namespace warmcall {

// Reads what the file says into `out`; gives the folders it names, which count from `folder`.
Folders read_main_file(const core::TomlFile& file, const std::filesystem::path& folder,
                       const Environment& environment, Secrets secrets, ReadSettings& out);

}  // namespace warmcall
