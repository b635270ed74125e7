#pragma once
// A SQLite database as tables of rows, whatever they are about: the side a copy is read from.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/postgres/bulk.hpp"

namespace warmcall::store {

struct SourceTable {
    std::string name;
    std::vector<std::string> columns;
    std::vector<std::string> key;  // its primary key: rows come in this order
};

enum class FieldType { int4, int8, boolean, text, bytes };

class CopySource {
 public:
    explicit CopySource(const std::string& file);

    const std::vector<SourceTable>& tables() const { return tables_; }
    std::int64_t rows(const SourceTable& table) const;
    // Ids up to this one were used, perhaps of rows that are gone.
    std::int64_t last_id(const SourceTable& table) const;

    // The rows of a table in order, from one on.
    class Rows {
     public:
        bool next();
        // Of the row it is at.
        pg::Tuple tuple(const std::vector<FieldType>& types) const;

     private:
        friend class CopySource;
        struct Finalizer {
            void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
        };
        std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
    };
    Rows rows(const SourceTable& table, const std::vector<std::string>& columns,
              std::int64_t from) const;

 private:
    struct Closer {
        void operator()(sqlite3* db) const { sqlite3_close(db); }
    };
    Rows ask(const std::string& sql) const;
    std::int64_t number(const std::string& sql) const;
    std::string filter(const SourceTable& table) const;

    std::unique_ptr<sqlite3, Closer> db_;
    std::vector<SourceTable> tables_;
};

}  // namespace warmcall::store
