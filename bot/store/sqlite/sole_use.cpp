#include "store/sqlite/sole_use.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

#include "ports/store.hpp"

namespace warmcall::store {

SoleUse::SoleUse(const std::string& path) {
    if (path == ":memory:")
        return;
    std::error_code trouble;
    if (std::filesystem::is_symlink(path, trouble) && !std::filesystem::exists(path, trouble))
        ::close(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));  // else it leads nowhere
    const auto file = std::filesystem::weakly_canonical(path, trouble);
    if (!trouble)
        fd_ = ::open((file.string() + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd_ < 0)
        throw StoreUnavailable{
            "the database " + path +
            " cannot be opened: does its folder exist, and may warmcall write there?"};
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        ::close(fd_);
        throw StoreUnavailable{"another warmcall is using " + path + ": stop it first"};
    }
}

SoleUse::~SoleUse() {
    if (fd_ >= 0)
        ::close(fd_);
}

}  // namespace warmcall::store
