#pragma once
// A plain connection to PostgreSQL for whole tables: COPY in and out, in its binary format. For
// moving data; what serves uses Connection.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/postgres/connection.hpp"

namespace warmcall::store::pg {

// One row of a binary COPY under construction.
class Tuple {
 public:
    explicit Tuple(std::size_t fields);
    void null();
    void integer(std::int64_t v, int bytes);  // as wide as the column: 4 or 8
    void boolean(bool v);
    void bytes(std::string_view v);
    void text(std::string_view v);  // as text.hpp keeps what PostgreSQL's text cannot hold
    const std::string& wire() const { return wire_; }

 private:
    std::string wire_;
};

class Bulk {
 public:
    // Throws StoreUnavailable when it is not to be reached, as every method does when the
    // connection breaks or the server refuses.
    explicit Bulk(const std::string& url);

    void run(const std::string& sql);
    // Rows of text; parameters are text, too.
    std::vector<std::vector<std::string>> ask(const std::string& sql,
                                              const std::vector<std::string>& values = {});
    std::string one(const std::string& sql, const std::vector<std::string>& values = {});

    // `columns`: "(a, b)"; `rows`: the wires of tuples, one after the other.
    void load(const std::string& table, const std::string& columns, std::string_view rows);
    // Each row as Tuple would have written it, in a transaction of its own that takes as long as it
    // takes. Gives how many there were.
    std::int64_t unload(const std::string& table, const std::string& columns,
                        const std::function<void(std::string_view tuple)>& each);

 private:
    [[noreturn]] void fail();

    std::unique_ptr<PGconn, ConnectionCloser> db_;
};

// An SQL name in quotes.
std::string quoted_name(std::string_view name);

}  // namespace warmcall::store::pg
