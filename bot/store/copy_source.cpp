#include "store/copy_source.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "store/sqlite/sqlite_store.hpp"

namespace warmcall::store {

namespace {

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + pg::quoted_name(name);
    return text;
}

std::string text_at(sqlite3_stmt* statement, int column) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
    return {bytes == nullptr ? "" : bytes,
            static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

}  // namespace

CopySource::CopySource(const std::string& file) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
    db_.reset(opened);
    if (code != SQLITE_OK)
        throw StoreUnavailable{file + ": " + sqlite3_errstr(code)};
    // Checkpoints are the store's own connection's.
    sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    ask("BEGIN").next();  // one snapshot for all of it
    for (Rows rows =
             ask("SELECT m.name, i.name FROM pragma_table_list m, pragma_table_info(m.name) i"
                 " WHERE m.schema = 'main' AND m.type IN ('table', 'view')"
                 " AND m.name NOT LIKE 'sqlite_%'"
                 " ORDER BY m.name <> 'contact', m.name, i.cid");
         rows.next();) {
        const std::string table = text_at(rows.statement_.get(), 0);
        if (tables_.empty() || tables_.back().name != table)
            tables_.push_back({table, {}, {}});
        tables_.back().columns.push_back(text_at(rows.statement_.get(), 1));
    }
    for (SourceTable& table : tables_) {
        for (Rows rows = ask("SELECT name FROM pragma_table_info('" + table.name +
                             "') WHERE pk > 0 ORDER BY pk");
             rows.next();)
            table.key.push_back(text_at(rows.statement_.get(), 0));
        if (table.key.empty())
            table.key = table.columns;  // a view: what are rows of their own over there
    }
}

CopySource::Rows CopySource::ask(const std::string& sql) const {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK)
        throw StoreUnavailable{std::string{"SQLite: "} + sqlite3_errmsg(db_.get())};
    Rows rows;
    rows.statement_.reset(prepared);
    return rows;
}

std::int64_t CopySource::number(const std::string& sql) const {
    Rows rows = ask(sql);
    return rows.next() ? sqlite3_column_int64(rows.statement_.get(), 0) : 0;
}

// The note that the file was copied stays with the file.
std::string CopySource::filter(const SourceTable& table) const {
    return table.name == "setting" ? " WHERE key <> '" + std::string{copied_to_setting} + "'" : "";
}

std::int64_t CopySource::rows(const SourceTable& table) const {
    return number("SELECT count(*) FROM " + pg::quoted_name(table.name) + filter(table));
}

std::int64_t CopySource::last_id(const SourceTable& table) const {
    const bool counts = number("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'");
    const std::int64_t used =
        counts ? number("SELECT max(seq) FROM sqlite_sequence WHERE name = '" + table.name + "'")
               : 0;
    return std::max(used, number("SELECT max(id) FROM " + pg::quoted_name(table.name)));
}

CopySource::Rows CopySource::rows(const SourceTable& table, const std::vector<std::string>& columns,
                                  std::int64_t from) const {
    return ask("SELECT " + listed(columns) + " FROM " + pg::quoted_name(table.name) +
               filter(table) + " ORDER BY " + listed(table.key) + " LIMIT -1 OFFSET " +
               std::to_string(from));
}

bool CopySource::Rows::next() {
    const int code = sqlite3_step(statement_.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        throw StoreUnavailable{std::string{"SQLite: "} +
                               sqlite3_errmsg(sqlite3_db_handle(statement_.get()))};
    return code == SQLITE_ROW;
}

pg::Tuple CopySource::Rows::tuple(const std::vector<FieldType>& types) const {
    pg::Tuple tuple{types.size()};
    sqlite3_stmt* row = statement_.get();
    for (int i = 0; i < static_cast<int>(types.size()); ++i) {
        if (sqlite3_column_type(row, i) == SQLITE_NULL) {
            tuple.null();
            continue;
        }
        switch (types[static_cast<std::size_t>(i)]) {
            case FieldType::int4:
                tuple.integer(sqlite3_column_int64(row, i), 4);
                break;
            case FieldType::int8:
                tuple.integer(sqlite3_column_int64(row, i), 8);
                break;
            case FieldType::boolean:
                tuple.boolean(sqlite3_column_int64(row, i) != 0);
                break;
            case FieldType::text:
                tuple.text(text_at(row, i));
                break;
            case FieldType::bytes:
                tuple.bytes(text_at(row, i));
                break;
        }
    }
    return tuple;
}

}  // namespace warmcall::store
