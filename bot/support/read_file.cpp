#include "support/read_file.hpp"

#include <fstream>
#include <sstream>

namespace warmcall {

namespace fs = std::filesystem;

Result<std::string> read_file(const fs::path& path, std::uintmax_t bytes_max) {
    std::error_code failed;
    if (!fs::exists(path, failed))
        return Error{Errc::not_found, path.string() + ": there is no such file"};
    if (!fs::is_regular_file(path, failed))
        return Error{Errc::io, path.string() + ": expected a file"};
    const auto bytes = fs::file_size(path, failed);
    if (failed)
        return Error{Errc::io, path.string() + ": cannot be read: " + failed.message()};
    if (bytes > bytes_max)
        return Error{Errc::bad_input,
                     path.string() + ": larger than " + std::to_string(bytes_max) + " bytes"};
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    if (!in)
        return Error{Errc::io, path.string() + ": cannot be read (is it allowed to this user?)"};
    return text.str();
}

}  // namespace warmcall
