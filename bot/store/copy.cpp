#include "store/copy.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>

#include "store/copy_source.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/migrate.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "support/secret.hpp"

namespace warmcall {

namespace {

using store::CopySource;
using store::FieldType;
using store::SourceTable;
using store::pg::Bulk;

// What SQLite alone keeps: it follows from the rest.
const std::set<std::string> derived_tables{"wake"};
const std::set<std::string> derived_columns{
    "contact.last_line",  "contact.last_reply", "contact.window_times", "outreach.last_line",
    "outreach.prompt_id", "event_log.prior",    "reply.prior"};

struct CopyTable {
    const SourceTable* source = nullptr;
    std::vector<std::string> columns;
    std::vector<FieldType> types;
    std::int64_t rows = 0, done = 0;
    bool numbered = false;  // PostgreSQL gives its ids

    const std::string& name() const { return source->name; }
    std::string column_list() const {
        std::string text;
        for (const std::string& column : columns)
            text += (text.empty() ? "(" : ", ") + store::pg::quoted_name(column);
        return text + ")";
    }
};

std::int64_t number(const std::string& text) {
    std::int64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

FieldType field_type(const std::string& type, const std::string& column) {
    if (type == "int4")
        return FieldType::int4;
    if (type == "int8")
        return FieldType::int8;
    if (type == "bool")
        return FieldType::boolean;
    if (type == "text")
        return FieldType::text;
    if (type == "bytea")
        return FieldType::bytes;
    throw std::logic_error{"copying does not know the type of " + column + ": " + type};
}

// Both schemas hold the same; a column that only one of them has is forgotten work, not something
// to leave behind.
CopyTable matched(Bulk& target, const SourceTable& source) {
    CopyTable table{.source = &source};
    std::map<std::string, std::string> there;
    for (const auto& row :
         target.ask("SELECT column_name, udt_name, is_identity FROM information_schema.columns"
                    " WHERE table_schema = current_schema() AND table_name = $1",
                    {source.name})) {
        there[row[0]] = row[1];
        table.numbered = table.numbered || row[2] == "YES";
    }
    for (const std::string& column : source.columns) {
        const std::string full = source.name + "." + column;
        if (derived_columns.contains(full))
            continue;
        const auto at = there.find(column);
        if (at == there.end())
            throw std::logic_error{"PostgreSQL's schema has no " + full};
        table.columns.push_back(column);
        table.types.push_back(field_type(at->second, full));
    }
    return table;
}

// Rows in any order give the same sum. It finds what went wrong by accident; nobody forges here.
class ContentSum {
 public:
    void add(std::string_view row) {
        std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a, then mixed as MurmurHash3 ends
        for (const char c : row)
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
        hash ^= hash >> 33U;
        hash *= 0xff51afd7ed558ccdU;
        hash ^= hash >> 33U;
        sum_ += hash;
        ++rows_;
    }
    std::int64_t rows() const { return rows_; }
    std::string text() const {
        std::string out(16, '0');
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = "0123456789abcdef"[(sum_ >> (60 - 4 * i)) & 0xFU];
        return out;
    }

 private:
    std::uint64_t sum_ = 0;
    std::int64_t rows_ = 0;
};

class Copying {
 public:
    Copying(const std::string& file, const std::string& url, const CopyOptions& options)
        : options_{options},
          target_name_{store::pg::without_secrets(url)},
          origin_{open_sqlite(file, {.even_if_set_aside = true})} {
        if (!origin_->setting(store::backup_of_setting).empty())
            throw StoreUnavailable{
                file + " is a backup that was not put back yet: warmcall restore first"};
        bring_schema(url);
        target_ = std::make_unique<Bulk>(url);
        begin(file);
        source_ = std::make_unique<CopySource>(file);
        for (const SourceTable& table : source_->tables()) {
            if (!derived_tables.contains(table.name))
                tables_.push_back(matched(*target_, table));
        }
    }

    std::vector<CopiedTable> run() {
        look_where_it_stands();
        for (CopyTable& table : tables_)
            copy(table);
        for (const CopyTable& table : tables_)
            number_on(table);
        std::vector<CopiedTable> compared;
        progress_ = {.rows_of = progress_.rows_of, .comparing = true};
        for (const CopyTable& table : tables_)
            compared.push_back(compare(table));
        target_->run("UPDATE store_copy SET finished_at = now()");
        return compared;
    }

 private:
    static void bring_schema(const std::string& url) {
        store::pg::Connection db{url};
        db.connect();
        migrate(db, store::postgres_migrations());
    }

    std::string note() {  // in the source: "<id of the copy> <target>", or nothing
        std::string text;
        origin_->transact([&](Unit& unit) { text = unit.setting(store::copied_to_setting); });
        return text;
    }

    // Goes on with a copy, or begins one. The note in the source comes first: from then on nobody
    // serves from it.
    void begin(const std::string& file) {
        const std::string noted = note();
        const std::string noted_id = noted.substr(0, noted.find(' '));
        if (!noted.empty() && noted.substr(noted_id.size() + 1) != target_name_)
            throw StoreUnavailable{
                file + " was copied to " + noted.substr(noted_id.size() + 1) +
                ", or half of it. If that copy is not to be used: warmcall store "
                "copy --from sqlite:" +
                file + " --give-up"};
        const auto copies =
            target_->ask("SELECT id, finished_at IS NOT NULL, source FROM store_copy");
        if (!copies.empty()) {
            if (copies[0][0] != noted_id)
                throw StoreUnavailable{target_name_ + " holds a copy of " + copies[0][2] +
                                       ": copy into an empty database"};
            if (copies[0][1] == "t")
                throw StoreUnavailable{file + " was copied to " + target_name_ +
                                       " already, and compared. Serve from there"};
            return;
        }
        refuse_other_data();
        const std::string id = random_token();
        origin_->transact([&](Unit& unit) {
            unit.set_setting(store::copied_to_setting, id + " " + target_name_);
        });
        target_->ask("INSERT INTO store_copy (id, source) VALUES ($1, $2)", {id, "sqlite:" + file});
    }

    void refuse_other_data() {
        for (const auto& row :
             target_->ask("SELECT table_name FROM information_schema.tables WHERE table_schema ="
                          " current_schema() AND table_type = 'BASE TABLE'"
                          " AND table_name NOT IN ('schema_step', 'store_copy_table')"
                          " ORDER BY table_name <> 'contact', table_name")) {
            if (target_->one("SELECT EXISTS (SELECT 1 FROM " + store::pg::quoted_name(row[0]) +
                             ")") == "t")
                throw StoreUnavailable{target_name_ + " is not empty (there are rows in \"" +
                                       row[0] + "\"): copy into a database of its own"};
        }
    }

    void look_where_it_stands() {
        std::map<std::string, std::int64_t> done;
        for (const auto& row : target_->ask("SELECT name, rows FROM store_copy_table"))
            done[row[0]] = number(row[1]);
        for (CopyTable& table : tables_) {
            table.rows = source_->rows(*table.source);
            table.done = done[table.name()];
            progress_.rows += table.done;
            progress_.rows_of += table.rows;
        }
    }

    void copy(CopyTable& table) {
        progress_.table = table.name();
        options_.progress(progress_);
        if (table.done >= table.rows)
            return;
        CopySource::Rows rows = source_->rows(*table.source, table.columns, table.done);
        constexpr std::size_t bytes_at_once = 4U << 20U;
        std::string batch;
        std::int64_t n = 0;
        while (rows.next()) {
            batch += rows.tuple(table.types).wire();
            if (static_cast<std::size_t>(++n) >= options_.rows_at_once ||
                batch.size() >= bytes_at_once)
                store(table, batch, n);
        }
        if (n > 0)
            store(table, batch, n);
    }

    // The rows and how far it is, together, in the time it takes. The last commit of all waits for
    // the disk, and these with it.
    void store(CopyTable& table, std::string& batch, std::int64_t& n) {
        target_->run("BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL statement_timeout = 0");
        target_->load(table.name(), table.column_list(), batch);
        target_->ask(
            "INSERT INTO store_copy_table (name, rows) VALUES ($1, $2)"
            " ON CONFLICT (name) DO UPDATE SET rows = excluded.rows",
            {table.name(), std::to_string(table.done + n)});
        target_->run("COMMIT");
        table.done += n;
        progress_.rows += n;
        batch.clear();
        n = 0;
        options_.progress(progress_);
    }

    // What is new gets numbers that were never used.
    void number_on(const CopyTable& table) {
        if (!table.numbered)
            return;
        const std::int64_t last = source_->last_id(*table.source);
        target_->ask(
            "SELECT setval(pg_get_serial_sequence($1, 'id'), greatest($2::bigint, 1),"
            " $2::bigint > 0)",
            {store::pg::quoted_name(table.name()), std::to_string(last)});
    }

    CopiedTable compare(const CopyTable& table) {
        progress_.table = table.name();
        options_.progress(progress_);
        ContentSum ours, theirs;
        for (CopySource::Rows rows = source_->rows(*table.source, table.columns, 0); rows.next();)
            ours.add(rows.tuple(table.types).wire());
        target_->unload(table.name(), table.column_list(),
                        [&](std::string_view row) { theirs.add(row); });
        if (ours.rows() != theirs.rows() || ours.text() != theirs.text())
            throw StoreUnavailable{
                "the copy differs in \"" + table.name() + "\" (" + std::to_string(ours.rows()) +
                " rows here, " + std::to_string(theirs.rows()) +
                " there): it must not be used. Begin again with an empty database"};
        progress_.rows += ours.rows();
        return {table.name(), ours.rows(), ours.text()};
    }

    const CopyOptions& options_;
    std::string target_name_;
    std::unique_ptr<Store> origin_;  // held open: nobody else opens the file meanwhile
    std::unique_ptr<Bulk> target_;
    std::unique_ptr<CopySource> source_;
    std::vector<CopyTable> tables_;
    CopyProgress progress_;
};

}  // namespace

std::vector<CopiedTable> copy_store(const std::string& file, const std::string& url,
                                    const CopyOptions& options) {
    return Copying{file, url, options}.run();
}

void give_up_copy(const std::string& file) {
    open_sqlite(file, {.even_if_set_aside = true})->transact([](Unit& unit) {
        unit.set_setting(store::copied_to_setting, "");
    });
}

}  // namespace warmcall
