#pragma once
// One SQLite connection set up the way warmcall wants it, and statements prepared once and held for
// its life. Errors come out as what they mean to the user; nothing here knows a table.

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "core/ids.hpp"
#include "core/time.hpp"
#include "ports/store.hpp"
#include "store/words.hpp"

namespace warmcall::store {

inline constexpr std::int32_t application_id = 0x5741524D;  // "WARM"

enum class Role { writer, reader };

class Query;

// The text of a statement: a literal, so that its address can stand for it.
struct Sql {
    consteval Sql(const char* literal) : text{literal} {}  // NOLINT(google-explicit-constructor)
    const char* text;
};

class Connection {
 public:
    Connection(const std::string& path, Role role);
    ~Connection();

    // What a writing connection is set to once the file is known to be ours: WAL, every commit
    // synced.
    void settle_to_write();

    // The statement, prepared when it is first asked for and held for the connection's life.
    Query& sql(Sql statement);

    sqlite3* handle() const { return db_.getHandle(); }
    const std::string& path() const { return path_; }
    bool in_memory() const { return path_ == ":memory:"; }

    void run(const char* script);
    std::int64_t number(Sql statement);  // the one integer a statement gives

    // Throws what `code` means: Conflict for a unique key, StoreUnavailable for the disk,
    // MustRestart when a sync failed, std::logic_error for a constraint our own code should have
    // kept.
    [[noreturn]] void fail(int code) const;

 private:
    std::string path_;
    SQLite::Database db_;
    std::unordered_map<const char*, std::unique_ptr<Query>> queries_;
};

class Rows;

// One statement. Values are bound and read as what they are: times, ids, closed sets, optionals.
class Query {
 public:
    Query(Connection& connection, const char* sql);
    ~Query() { sqlite3_finalize(statement_); }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    // Runs it to the end; the number of rows changed.
    template <class... Values>
    std::int64_t run(const Values&... values) {
        bind_all(SQLITE_STATIC, values...);
        const int code = sqlite3_step(statement_);
        sqlite3_reset(statement_);
        if (code != SQLITE_DONE && code != SQLITE_ROW)
            connection_.fail(code);
        return sqlite3_changes64(connection_.handle());
    }

    // run(), and the id of the row it inserted.
    template <class... Values>
    std::int64_t insert(const Values&... values) {
        run(values...);
        return sqlite3_last_insert_rowid(connection_.handle());
    }

    template <class... Values>
    Rows rows(const Values&... values);

 private:
    friend class Rows;

    template <class... Values>
    void bind_all(sqlite3_destructor_type lifetime, const Values&... values) {
        assert(sqlite3_bind_parameter_count(statement_) == static_cast<int>(sizeof...(values)));
        [[maybe_unused]] int index = 0;
        (bind(++index, lifetime, values), ...);
    }

    void check(int code) {
        if (code != SQLITE_OK)
            connection_.fail(code);
    }
    void bind(int i, sqlite3_destructor_type, std::nullptr_t) {
        check(sqlite3_bind_null(statement_, i));
    }
    void bind(int i, sqlite3_destructor_type, std::int64_t v) {
        check(sqlite3_bind_int64(statement_, i, v));
    }
    void bind(int i, sqlite3_destructor_type, int v) { check(sqlite3_bind_int(statement_, i, v)); }
    void bind(int i, sqlite3_destructor_type, bool v) {
        check(sqlite3_bind_int(statement_, i, v ? 1 : 0));
    }
    void bind(int i, sqlite3_destructor_type, std::size_t v) {
        check(sqlite3_bind_int64(statement_, i, static_cast<std::int64_t>(v)));
    }
    void bind(int i, sqlite3_destructor_type lifetime, std::string_view v) {
        check(sqlite3_bind_text64(statement_, i, v.data() == nullptr ? "" : v.data(), v.size(),
                                  lifetime, SQLITE_UTF8));
    }
    void bind(int i, sqlite3_destructor_type lifetime, const std::string& v) {
        bind(i, lifetime, std::string_view{v});
    }
    void bind(int i, sqlite3_destructor_type lifetime, const char* v) {
        bind(i, lifetime, std::string_view{v});
    }
    void bind(int i, sqlite3_destructor_type lifetime, const Token& v) {
        check(sqlite3_bind_blob64(statement_, i, v.data(), v.size(), lifetime));
    }
    void bind(int i, sqlite3_destructor_type, core::Timestamp v) {
        check(sqlite3_bind_int64(statement_, i, core::unix_ms(v)));
    }
    template <class Tag>
    void bind(int i, sqlite3_destructor_type lifetime, const core::Id<Tag>& v) {
        v ? bind(i, lifetime, v.value) : bind(i, lifetime, nullptr);  // 0 is "none"
    }
    template <class Tag>
    void bind(int i, sqlite3_destructor_type lifetime, const core::Name<Tag>& v) {
        bind(i, lifetime, v.value);
    }
    template <class T>
    void bind(int i, sqlite3_destructor_type lifetime, const std::optional<T>& v) {
        v ? bind(i, lifetime, *v) : bind(i, lifetime, nullptr);
    }
    template <class E>
        requires std::is_enum_v<E>
    void bind(int i, sqlite3_destructor_type lifetime, E v) {
        bind(i, lifetime, word(v));
    }
    template <class B>
        requires std::is_same_v<B, struct Blob>
    void bind(int i, sqlite3_destructor_type lifetime, const B& v) {
        check(sqlite3_bind_blob64(statement_, i, v.bytes.data() == nullptr ? "" : v.bytes.data(),
                                  v.bytes.size(), lifetime));
    }

    Connection& connection_;
    sqlite3_stmt* statement_ = nullptr;
};

// Bytes bound as a BLOB.
struct Blob {
    std::string_view bytes;
};

// Text that is NULL when empty.
inline std::optional<std::string_view> unless_empty(std::string_view text) {
    return text.empty() ? std::nullopt : std::optional{text};
}

// The rows of one running query; the statement is free again when this is gone.
class Rows {
 public:
    explicit Rows(Query& query) : query_{query} {}
    ~Rows() { sqlite3_reset(query_.statement_); }
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    bool next() {
        const int code = sqlite3_step(query_.statement_);
        column_ = 0;
        if (code == SQLITE_ROW)
            return true;
        if (code != SQLITE_DONE)
            query_.connection_.fail(code);
        return false;
    }

    // Reads the next columns of this row, in order.
    template <class... Values>
    void read(Values&... values) {
        (take(values), ...);
    }
    bool next_is_null() const {
        return sqlite3_column_type(query_.statement_, column_) == SQLITE_NULL;
    }
    void skip(int columns) { column_ += columns; }

 private:
    std::string_view text_at(int i) {
        const auto* text = sqlite3_column_blob(query_.statement_, i);  // the bytes, text or blob
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(query_.statement_, i));
        return text == nullptr ? std::string_view{}
                               : std::string_view{static_cast<const char*>(text), size};
    }

    void take(std::int64_t& v) { v = sqlite3_column_int64(query_.statement_, column_++); }
    void take(int& v) { v = sqlite3_column_int(query_.statement_, column_++); }
    void take(bool& v) { v = sqlite3_column_int(query_.statement_, column_++) != 0; }
    void take(std::string& v) { v.assign(text_at(column_++)); }
    void take(core::Timestamp& v) {
        v = core::from_unix_ms(sqlite3_column_int64(query_.statement_, column_++));
    }
    void take(Token& v) {
        const std::string_view bytes = text_at(column_++);
        if (bytes.size() == v.size())
            std::copy(bytes.begin(), bytes.end(), v.begin());
    }
    template <class Tag>
    void take(core::Id<Tag>& v) {
        take(v.value);
    }
    template <class Tag>
    void take(core::Name<Tag>& v) {
        take(v.value);
    }
    template <class T>
    void take(std::optional<T>& v) {
        if (next_is_null()) {
            v.reset();
            ++column_;
        } else {
            take(v.emplace());
        }
    }
    template <class E>
        requires std::is_enum_v<E>
    void take(E& v) {
        v = from_word<E>(text_at(column_++));
    }

    Query& query_;
    int column_ = 0;
};

template <class... Values>
Rows Query::rows(const Values&... values) {
    bind_all(SQLITE_TRANSIENT,
             values...);  // the caller's temporaries are gone before the first row
    return Rows{*this};
}

}  // namespace warmcall::store
