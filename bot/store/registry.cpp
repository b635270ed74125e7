#include "store/registry.hpp"

#include "store/postgres/connection.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace warmcall {

namespace {

bool is_postgres(std::string_view url) {
    return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

}  // namespace

std::string store_name(std::string_view url) {
    return is_postgres(url) ? store::pg::without_secrets(std::string{url}) : std::string{url};
}

std::string sqlite_path(std::string_view url) {
    constexpr std::string_view scheme = "sqlite:";
    return url.starts_with(scheme) ? std::string{url.substr(scheme.size())} : "";
}

std::unique_ptr<Store> make_store(std::string_view url) {
    if (const std::string path = sqlite_path(url); !path.empty())
        return open_sqlite(path);
    if (is_postgres(url))
        return open_postgres(std::string{url});
    // The address may hold a password: it is not repeated.
    throw StoreUnavailable{
        "[store] url must be \"sqlite:PATH\", \"sqlite::memory:\" or \"postgresql://…\""};
}

}  // namespace warmcall
