// SQLite overwrites what is deleted (secure_delete), but not what it moves: when a tree is
// balanced, cells go to other pages, and their bytes stay in the old one, between its list of cells
// and the first of them. Somebody's name could be found there long after they were erased. That
// room means nothing to SQLite, so here it goes to the disk as zeros. The formats:
// https://sqlite.org/fileformat2.html#b_tree_pages and https://sqlite.org/c3ref/io_methods.html

#include "store/sqlite/page_file.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <span>

namespace warmcall::store {

namespace {

// What SQLite sees; its own file lies behind it in the same memory.
struct PageFile {
    sqlite3_file base;
    sqlite3_int64 bytes;  // that it had when it was looked at, and nothing was written behind since

    sqlite3_file* own() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
static_assert(sizeof(PageFile) == page_file_bytes);

PageFile& page_file(sqlite3_file* file) {
    return *reinterpret_cast<PageFile*>(file);
}

template <auto Method, class... Args>
auto pass(sqlite3_file* file, Args... args) {
    sqlite3_file* behind = page_file(file).own();
    return (behind->pMethods->*Method)(behind, args...);
}

using Page = std::span<const unsigned char>;

std::size_t two_bytes(Page page, std::size_t at) {
    return static_cast<std::size_t>(page[at]) << 8U | page[at + 1];
}

struct Room {
    std::size_t from = 0, to = 0;
};

// Between the list of cells and the first cell; none of what is not a page of a tree. Never of the
// first page, which begins with the file's own header.
Room unused(Page page) {
    constexpr std::size_t header_of_leaf = 8, header_of_branch = 12;
    const unsigned char kind = page[0];
    const bool leaf = kind == 10 || kind == 13;
    if (!leaf && kind != 2 && kind != 5)
        return {};
    const std::size_t cells = two_bytes(page, 3);
    const std::size_t list = leaf ? header_of_leaf : header_of_branch;
    const Room room{list + 2 * cells, two_bytes(page, 5)};  // 65,536 is written as 0: left alone
    if (room.from > room.to || room.to > page.size())
        return {};
    for (std::size_t i = 0; i < cells; ++i) {
        if (two_bytes(page, list + 2 * i) < room.to)
            return {};
    }
    return room;
}

// Other pages begin with the number of a page, which begins like a tree's only in a file of 2^25
// pages and more.
bool tells_pages_apart(sqlite3_file* file, int page_bytes, sqlite3_int64 at) {
    constexpr sqlite3_int64 pages_max = 1U << 24U;
    sqlite3_int64& known = page_file(file).bytes;
    if (at + page_bytes > known && pass<&sqlite3_io_methods::xFileSize>(file, &known) != SQLITE_OK)
        return false;
    return std::max(known, at) / page_bytes < pages_max;
}

int write_page(sqlite3_file* file, const void* from, int amount, sqlite3_int64 at) {
    constexpr std::size_t page_bytes_min = 512, page_bytes_max = 65'536;
    static thread_local std::array<unsigned char, page_bytes_max> cleaned;
    const auto bytes = static_cast<std::size_t>(amount);
    const bool is_page = bytes >= page_bytes_min && bytes <= page_bytes_max &&
                         (bytes & (bytes - 1)) == 0 && at >= amount && at % amount == 0;
    if (is_page) {
        const Page page{static_cast<const unsigned char*>(from), bytes};
        const auto [begin, end] = unused(page);
        const Page room = page.subspan(begin, end - begin);
        if (std::ranges::any_of(room, [](unsigned char byte) { return byte != 0; }) &&
            tells_pages_apart(file, amount, at)) {
            std::ranges::copy(page, cleaned.begin());
            std::fill(cleaned.begin() + static_cast<std::ptrdiff_t>(begin),
                      cleaned.begin() + static_cast<std::ptrdiff_t>(end), std::uint8_t{0});
            from = cleaned.data();
        }
    }
    return pass<&sqlite3_io_methods::xWrite>(file, from, amount, at);
}

using IoMethods = sqlite3_io_methods;

constexpr IoMethods page_methods{
    .iVersion = 2,  // nobody maps the database
    .xClose = pass<&IoMethods::xClose>,
    .xRead = pass<&IoMethods::xRead, void*, int, sqlite3_int64>,
    .xWrite = write_page,
    .xTruncate = pass<&IoMethods::xTruncate, sqlite3_int64>,
    .xSync = pass<&IoMethods::xSync, int>,
    .xFileSize = pass<&IoMethods::xFileSize, sqlite3_int64*>,
    .xLock = pass<&IoMethods::xLock, int>,
    .xUnlock = pass<&IoMethods::xUnlock, int>,
    .xCheckReservedLock = pass<&IoMethods::xCheckReservedLock, int*>,
    .xFileControl = pass<&IoMethods::xFileControl, int, void*>,
    .xSectorSize = pass<&IoMethods::xSectorSize>,
    .xDeviceCharacteristics = pass<&IoMethods::xDeviceCharacteristics>,
    .xShmMap = pass<&IoMethods::xShmMap, int, int, int, void volatile**>,
    .xShmLock = pass<&IoMethods::xShmLock, int, int, int>,
    .xShmBarrier = pass<&IoMethods::xShmBarrier>,
    .xShmUnmap = pass<&IoMethods::xShmUnmap, int>};

}  // namespace

int open_page_file(sqlite3_vfs* own, const char* name, sqlite3_file* file, int flags, int* got) {
    auto* f = new (file) PageFile{};
    const int code = own->xOpen(own, name, f->own(), flags, got);
    if (f->own()->pMethods != nullptr)
        f->base.pMethods = &page_methods;
    return code;
}

}  // namespace warmcall::store
