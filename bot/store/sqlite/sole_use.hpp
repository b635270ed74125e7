#pragma once

#include <string>

namespace warmcall::store {

// Two writing processes on one file would meet Debian's WAL-reset bug. The lock is on a file of its
// own: closing any descriptor of the database itself would drop SQLite's locks with it. It lies
// where the database is, by whatever symlink that was reached. Throws StoreUnavailable when another
// has it.
class SoleUse {
 public:
    explicit SoleUse(const std::string& path);
    ~SoleUse();
    SoleUse(const SoleUse&) = delete;
    SoleUse& operator=(const SoleUse&) = delete;

 private:
    int fd_ = -1;
};

}  // namespace warmcall::store
