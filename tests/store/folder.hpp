#pragma once
// A folder of the test's own, gone afterwards.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace warmcall {

class Folder {
 public:
    Folder() {
        // In memory where there is such a place: what a disk's syncs take is not what these tests
        // are about.
        const std::filesystem::path shm{"/dev/shm"};
        const std::filesystem::path where =
            ::access(shm.c_str(), W_OK) == 0 ? shm : std::filesystem::temp_directory_path();
        std::string pattern = (where / "warmcall-store-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw std::runtime_error{"no temporary folder"};
        path_ = pattern;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
    std::filesystem::path path_;
};

}  // namespace warmcall
