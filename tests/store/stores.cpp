#include "store/cluster.hpp"
#include "store/conformance.hpp"
#include "store/folder.hpp"
#include "store/postgres/postgres_store.hpp"
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

// One database in this program's cluster, empty for every test. Time is the test's: also of leases.
class Postgres final : public Bed {
 public:
    Postgres() {
        static const std::string url = Cluster::shared().create(name);
        store_ = open();
        const std::string problem = Cluster::shared().ask(
            name,
            "DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ')"
            " || ' RESTART IDENTITY' FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename <> 'schema_step'); END $$");
        if (!problem.empty())
            throw std::runtime_error{problem};
    }
    Store& store() override { return *store_; }
    bool reopen() override {
        store_.reset();
        store_ = open();
        return true;
    }

 private:
    static constexpr const char* name = "conformance";

    static std::unique_ptr<Store> open() {
        return open_postgres(Cluster::shared().url(name), {.lease_time = LeaseTime::given});
    }

    std::unique_ptr<Store> store_;
};

}  // namespace

const std::vector<StoreKind>& stores() {
    static const std::vector<StoreKind> all{
        {"sqlite, a file", [] { return std::make_unique<SqliteFile>(); }},
        {"sqlite, in memory", [] { return std::make_unique<SqliteMemory>(); }},
        {"postgresql", [] { return std::make_unique<Postgres>(); }},
    };
    return all;
}

}  // namespace warmcall::conformance
