#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "support/result.hpp"

namespace warmcall {

// All of a file. not_found; bad_input: larger than that; io: it cannot be read. Each names the
// file.
Result<std::string> read_file(const std::filesystem::path& path, std::uintmax_t bytes_max);

}  // namespace warmcall
