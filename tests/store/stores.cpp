#include "store/conformance.hpp"
#include "store/folder.hpp"
#include "store/registry.hpp"

namespace warmcall::conformance {

namespace {

class SqliteFile final : public Bed {
 public:
    SqliteFile() : store_{make_store("sqlite:" + folder_.file("warmcall.db"))} {}
    Store& store() override { return *store_; }
    bool reopen() override {
        store_.reset();
        store_ = make_store("sqlite:" + folder_.file("warmcall.db"));
        return true;
    }

 private:
    Folder folder_;
    std::unique_ptr<Store> store_;
};

class SqliteMemory final : public Bed {
 public:
    Store& store() override { return *store_; }
    bool reopen() override { return false; }

 private:
    std::unique_ptr<Store> store_ = make_store("sqlite::memory:");
};

}  // namespace

const std::vector<StoreKind>& stores() {
    static const std::vector<StoreKind> all{
        {"sqlite, a file", [] { return std::make_unique<SqliteFile>(); }},
        {"sqlite, in memory", [] { return std::make_unique<SqliteMemory>(); }},
    };
    return all;
}

}  // namespace warmcall::conformance
