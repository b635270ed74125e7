#include "store/postgres/values.hpp"

#include <charconv>
#include <cstring>

namespace warmcall::store::pg {

namespace {

// The object ids of PostgreSQL's own types never change (catalog/pg_type.dat).
struct Oids {
    Oid one, array;
};

Oids oids_of(Wire wire) {
    switch (wire) {
        case Wire::int8:
            return {20, 1016};
        case Wire::text:
            return {25, 1009};
        case Wire::bytes:
            return {17, 1001};
        case Wire::boolean:
            return {16, 1000};
        case Wire::float8:
            return {701, 1022};
    }
    return {};
}

}  // namespace

Oid oid_of(Wire wire) {
    return oids_of(wire).one;
}

Oid array_oid_of(Wire wire) {
    return oids_of(wire).array;
}

void append_int32(std::string& to, std::int32_t v) {
    const auto bits = static_cast<std::uint32_t>(v);
    for (int shift = 24; shift >= 0; shift -= 8)
        to += static_cast<char>((bits >> shift) & 0xFFU);
}

void append_int64(std::string& to, std::int64_t v) {
    const auto bits = static_cast<std::uint64_t>(v);
    for (int shift = 56; shift >= 0; shift -= 8)
        to += static_cast<char>((bits >> shift) & 0xFFU);
}

void Column::put_length(std::size_t at) {
    std::string length;
    append_int32(length, static_cast<std::int32_t>(elements_.size() - at - 4));
    elements_.replace(at, 4, length);
}

std::string Column::bytes() const {
    std::string out;
    out.reserve(elements_.size() + 20);
    append_int32(out, size_ == 0 ? 0 : 1);  // dimensions
    append_int32(out, has_null_ ? 1 : 0);
    append_int32(out, static_cast<std::int32_t>(oid_of(wire_)));
    if (size_ > 0) {
        append_int32(out, size_);
        append_int32(out, 1);  // the index of the first
        out += elements_;
    }
    return out;
}

std::int64_t Rows::changed() const {
    const std::string_view text = PQcmdTuples(result_.get());
    std::int64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

std::int64_t Rows::integer() {
    const std::string_view from = bytes();
    if (from.empty())
        return 0;
    std::uint64_t bits = (static_cast<unsigned char>(from.front()) & 0x80U) != 0 && from.size() > 1
                             ? ~std::uint64_t{0}
                             : 0;
    for (const char c : from)
        bits = bits << 8U | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(bits);
}

}  // namespace warmcall::store::pg
