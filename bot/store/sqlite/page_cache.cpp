// SQLite's own page cache, but for one question: is there a page beyond the end of the file? It is
// asked at every commit. When a tree is balanced a page has the number of the lock page, 1 GiB on,
// for a moment (balance_nonroot), and from then on SQLite's cache looks through all it holds to
// answer it: with 64 MB that was a tenth of what a webhook costs (3.40.1). Here the moment does not
// count. The interface: https://sqlite.org/c3ref/pcache_methods2.html

#include "store/sqlite/page_cache.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <new>

namespace warmcall::store {

namespace {

sqlite3_pcache_methods2 usual;

struct PageCache {
    sqlite3_pcache* pages;
    unsigned lock_page;
    unsigned last = 0;  // no page in it has a higher number

    void saw(unsigned page) {
        if (page != lock_page)
            last = std::max(last, page);
    }
};

PageCache& of(sqlite3_pcache* cache) {
    return *reinterpret_cast<PageCache*>(cache);
}

sqlite3_pcache* create(int page_bytes, int extra_bytes, int purgeable) {
    sqlite3_pcache* pages = usual.xCreate(page_bytes, extra_bytes, purgeable);
    if (pages == nullptr)
        return nullptr;
    const unsigned lock_page = (1U << 30U) / static_cast<unsigned>(page_bytes) + 1;
    auto* cache = new (std::nothrow) PageCache{pages, lock_page};  // destroy() deletes it
    if (cache == nullptr)
        usual.xDestroy(pages);
    return reinterpret_cast<sqlite3_pcache*>(cache);
}

void destroy(sqlite3_pcache* cache) {
    const std::unique_ptr<PageCache> gone{&of(cache)};
    usual.xDestroy(gone->pages);
}

void cache_size(sqlite3_pcache* cache, int pages) {
    usual.xCachesize(of(cache).pages, pages);
}

int page_count(sqlite3_pcache* cache) {
    return usual.xPagecount(of(cache).pages);
}

sqlite3_pcache_page* fetch(sqlite3_pcache* cache, unsigned page, int may_create) {
    if (may_create != 0)
        of(cache).saw(page);
    return usual.xFetch(of(cache).pages, page, may_create);
}

void unpin(sqlite3_pcache* cache, sqlite3_pcache_page* page, int discard) {
    usual.xUnpin(of(cache).pages, page, discard);
}

void rekey(sqlite3_pcache* cache, sqlite3_pcache_page* page, unsigned was, unsigned is) {
    of(cache).saw(is);
    usual.xRekey(of(cache).pages, page, was, is);
}

void truncate(sqlite3_pcache* cache, unsigned from) {
    if (from > of(cache).last)
        return;
    usual.xTruncate(of(cache).pages, from);
    of(cache).last = from - 1;
}

void shrink(sqlite3_pcache* cache) {
    usual.xShrink(of(cache).pages);
}

}  // namespace

void use_page_cache() {
    if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &usual) != SQLITE_OK)
        return;
    sqlite3_pcache_methods2 ours = usual;
    ours.xCreate = create;
    ours.xDestroy = destroy;
    ours.xCachesize = cache_size;
    ours.xPagecount = page_count;
    ours.xFetch = fetch;
    ours.xUnpin = unpin;
    ours.xRekey = rekey;
    ours.xTruncate = truncate;
    ours.xShrink = shrink;
    sqlite3_config(SQLITE_CONFIG_PCACHE2, &ours);
}

}  // namespace warmcall::store
