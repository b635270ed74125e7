#include "store/registry.hpp"

#include "store/sqlite/sqlite_store.hpp"

namespace warmcall {

std::unique_ptr<Store> make_store(std::string_view url) {
    constexpr std::string_view sqlite = "sqlite:";
    if (url.starts_with(sqlite) && url.size() > sqlite.size())
        return open_sqlite(std::string{url.substr(sqlite.size())});
    if (url.starts_with("postgresql:") ||
        url.starts_with("postgres:"))  // the address may hold a password: it is not repeated
        throw StoreUnavailable{
            "[store] url names PostgreSQL, which is not in this build: use \"sqlite:PATH\""};
    throw StoreUnavailable{"[store] url must be \"sqlite:PATH\" or \"sqlite::memory:\""};
}

}  // namespace warmcall
