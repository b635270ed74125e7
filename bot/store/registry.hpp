#pragma once
// From [store] url to a store.

#include <memory>
#include <string>
#include <string_view>

#include "ports/store.hpp"

namespace warmcall {

// "sqlite:PATH", "sqlite::memory:", "postgresql://…". Throws StoreUnavailable with a sentence for
// the user when it cannot be opened or is unknown.
std::unique_ptr<Store> make_store(std::string_view url);

// The PATH of "sqlite:PATH"; "" of any other.
std::string sqlite_path(std::string_view url);

// The address to be shown: without user and password.
std::string store_name(std::string_view url);

}  // namespace warmcall
