#pragma once

namespace warmcall::store {

// Puts page_cache.cpp between SQLite and its page cache. To be called before SQLite's first use.
void use_page_cache();

}  // namespace warmcall::store
