#pragma once
// Values on their way to PostgreSQL and back, in its binary format: a row's parameters, and whole
// columns of them for the statements that unnest().

#include <libpq-fe.h>

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/ids.hpp"
#include "core/time.hpp"
#include "ports/store.hpp"
#include "store/postgres/text.hpp"
#include "store/words.hpp"

namespace warmcall::store::pg {

// Bytes of a bytea.
struct Blob {
    std::string_view bytes;
};

// Text that is NULL when empty.
inline std::optional<std::string_view> unless_empty(std::string_view text) {
    return text.empty() ? std::nullopt : std::optional{text};
}

enum class Wire { int8, text, bytes, boolean, float8 };

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_id = false;
template <class Tag>
inline constexpr bool is_id<core::Id<Tag>> = true;
template <class T>
inline constexpr bool is_name = false;
template <class Tag>
inline constexpr bool is_name<core::Name<Tag>> = true;

template <class T>
constexpr Wire wire_of() {
    if constexpr (is_optional<T>)
        return wire_of<typename T::value_type>();
    else if constexpr (std::same_as<T, bool>)
        return Wire::boolean;
    else if constexpr (std::same_as<T, double>)
        return Wire::float8;
    else if constexpr (std::integral<T> || std::same_as<T, core::Timestamp> || is_id<T>)
        return Wire::int8;
    else if constexpr (std::same_as<T, Blob> || std::same_as<T, Token>)
        return Wire::bytes;
    else
        return Wire::text;
}

Oid oid_of(Wire wire);
Oid array_oid_of(Wire wire);

void append_int32(std::string& to, std::int32_t v);
void append_int64(std::string& to, std::int64_t v);

// Appends the bytes of a value; false: it is NULL.
template <class T>
bool append_value(std::string& to, const T& v) {
    if constexpr (is_optional<T>) {
        return v && append_value(to, *v);
    } else if constexpr (std::same_as<T, bool>) {
        to += v ? '\1' : '\0';
    } else if constexpr (std::same_as<T, double>) {
        append_int64(to, std::bit_cast<std::int64_t>(v));
    } else if constexpr (std::same_as<T, core::Timestamp>) {
        append_int64(to, core::unix_ms(v));
    } else if constexpr (is_id<T>) {
        if (!v)
            return false;  // 0 is "none"
        append_int64(to, v.value);
    } else if constexpr (std::integral<T>) {
        append_int64(to, static_cast<std::int64_t>(v));
    } else if constexpr (std::same_as<T, Blob>) {
        to += v.bytes;
    } else if constexpr (std::same_as<T, Token>) {
        to.append(v.begin(), v.end());
    } else if constexpr (is_name<T>) {
        append_storable(to, v.value);
    } else if constexpr (std::is_enum_v<T>) {
        to += word(v);
    } else {
        append_storable(to, v);
    }
    return true;
}

// One column of many rows: an array.
class Column {
 public:
    explicit Column(Wire wire) : wire_{wire} {}

    template <class T>
    void add(const T& v) {
        const std::size_t at = elements_.size();
        append_int32(elements_, -1);  // the length of NULL
        if (append_value(elements_, v))
            put_length(at);
        else
            has_null_ = true;
        ++size_;
    }

    std::size_t size() const { return static_cast<std::size_t>(size_); }
    Oid oid() const { return array_oid_of(wire_); }
    std::string bytes() const;

 private:
    void put_length(std::size_t at);

    Wire wire_;
    bool has_null_ = false;
    std::int32_t size_ = 0;
    std::string elements_;
};

template <class T>
Column column_of(const std::vector<T>& values) {
    Column column{wire_of<T>()};
    for (const T& v : values)
        column.add(v);
    return column;
}

// Many rows for one statement, column by column: add() takes the values of a row.
class Many {
 public:
    template <class... Values>
    void add(const Values&... values) {
        if (columns_.empty())
            (columns_.emplace_back(wire_of<Values>()), ...);
        std::size_t i = 0;
        (columns_[i++].add(values), ...);
    }
    std::size_t size() const { return columns_.empty() ? 0 : columns_.front().size(); }
    bool empty() const { return columns_.empty(); }
    const std::vector<Column>& columns() const { return columns_; }

 private:
    std::vector<Column> columns_;
};

// The parameters of one statement.
class Params {
 public:
    template <class T>
    void add(const T& v) {
        if constexpr (std::same_as<T, Many>) {
            for (const Column& column : v.columns())
                add(column);
        } else if constexpr (std::same_as<T, Column>) {
            types_.push_back(v.oid());
            values_.emplace_back(v.bytes());
        } else if constexpr (std::is_array_v<T>) {
            add(std::string_view{v});
        } else {
            types_.push_back(oid_of(wire_of<T>()));
            std::string bytes;
            if (append_value(bytes, v))
                values_.emplace_back(std::move(bytes));
            else
                values_.emplace_back(std::nullopt);
        }
    }
    const std::vector<Oid>& types() const { return types_; }
    const std::vector<std::optional<std::string>>& values() const { return values_; }

 private:
    std::vector<Oid> types_;
    std::vector<std::optional<std::string>> values_;
};

struct ResultDeleter {
    void operator()(PGresult* r) const { PQclear(r); }
};
using Result = std::unique_ptr<PGresult, ResultDeleter>;

// The rows of one answer, read in order.
class Rows {
 public:
    Rows() = default;
    explicit Rows(Result result) : result_{std::move(result)} {}

    bool next() {
        column_ = 0;
        return ++row_ < size();
    }
    int size() const { return result_ == nullptr ? 0 : PQntuples(result_.get()); }
    std::int64_t changed() const;  // rows that were inserted, updated or deleted
    bool is(std::string_view command) const { return command == PQcmdStatus(result_.get()); }

    // Reads the next columns of this row, in order.
    template <class... Values>
    void read(Values&... values) {
        (take(values), ...);
    }
    bool next_is_null() const { return PQgetisnull(result_.get(), row_, column_) != 0; }
    void skip(int columns) { column_ += columns; }
    std::string_view bytes() {  // of the next column as they are; good as long as this
        const int c = column_++;
        return {PQgetvalue(result_.get(), row_, c),
                static_cast<std::size_t>(PQgetlength(result_.get(), row_, c))};
    }

 private:
    std::int64_t integer();  // of any width; 0 for NULL

    template <class T>
    void take(T& v) {
        if constexpr (is_optional<T>) {
            if (next_is_null()) {
                v.reset();
                ++column_;
            } else {
                take(v.emplace());
            }
        } else if constexpr (std::same_as<T, bool>) {
            v = integer() != 0;
        } else if constexpr (std::same_as<T, double>) {
            v = std::bit_cast<double>(integer());
        } else if constexpr (std::integral<T>) {
            v = static_cast<T>(integer());
        } else if constexpr (std::same_as<T, core::Timestamp>) {
            v = core::from_unix_ms(integer());
        } else if constexpr (is_id<T> || is_name<T>) {
            take(v.value);
        } else if constexpr (std::same_as<T, Token>) {
            const std::string_view from = bytes();
            if (from.size() == v.size())
                std::copy(from.begin(), from.end(), v.begin());
        } else if constexpr (std::is_enum_v<T>) {
            v = from_word<T>(bytes());
        } else {
            v = from_storable(bytes());
        }
    }

    Result result_;
    int row_ = -1;
    int column_ = 0;
};

}  // namespace warmcall::store::pg
