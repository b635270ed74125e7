#include "store/postgres/bulk.hpp"

#include "store/postgres/connection.hpp"

namespace warmcall::store::pg {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view signature = "PGCOPY\n\377\r\n\0"sv;
constexpr std::size_t header_bytes = 11 + 4 + 4;  // with flags and the length of an extension

void append_int16(std::string& to, std::int16_t v) {
    const auto bits = static_cast<std::uint16_t>(v);
    to += static_cast<char>(bits >> 8U);
    to += static_cast<char>(bits & 0xFFU);
}

std::int32_t int_at(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint32_t v = 0;
    for (std::size_t i = 0; i < width; ++i)
        v = v << 8U | static_cast<unsigned char>(bytes[at + i]);
    return width == 2 ? static_cast<std::int16_t>(v) : static_cast<std::int32_t>(v);
}

// The bytes of the first whole row in there; 0: it is not all there yet, -1: the end of the data.
std::ptrdiff_t tuple_bytes(std::string_view data) {
    if (data.size() < 2)
        return 0;
    const std::int32_t fields = int_at(data, 0, 2);
    if (fields < 0)
        return -1;
    std::size_t at = 2;
    for (std::int32_t i = 0; i < fields; ++i) {
        if (data.size() < at + 4)
            return 0;
        const std::int32_t length = int_at(data, at, 4);
        at += 4 + static_cast<std::size_t>(std::max(length, 0));
    }
    return data.size() < at ? 0 : static_cast<std::ptrdiff_t>(at);
}

}  // namespace

std::string quoted_name(std::string_view name) {
    return '"' + std::string{name} + '"';
}

Tuple::Tuple(std::size_t fields) {
    append_int16(wire_, static_cast<std::int16_t>(fields));
}

void Tuple::null() {
    append_int32(wire_, -1);
}

void Tuple::integer(std::int64_t v, int bytes) {
    append_int32(wire_, bytes);
    if (bytes == 8)
        append_int64(wire_, v);
    else
        append_int32(wire_, static_cast<std::int32_t>(v));
}

void Tuple::boolean(bool v) {
    append_int32(wire_, 1);
    wire_ += v ? '\1' : '\0';
}

void Tuple::bytes(std::string_view v) {
    append_int32(wire_, static_cast<std::int32_t>(v.size()));
    wire_ += v;
}

void Tuple::text(std::string_view v) {
    std::string stored;
    append_storable(stored, v);
    bytes(stored);
}

Bulk::Bulk(const std::string& url) : db_{connect_to(url)} {
    if (PQstatus(db_.get()) != CONNECTION_OK)
        fail();
    PQsetNoticeProcessor(db_.get(), [](void*, const char*) {}, nullptr);
}

void Bulk::fail() {
    std::string why = PQerrorMessage(db_.get());
    why.resize(std::min(why.find('\n'), why.size()));
    throw StoreUnavailable{"PostgreSQL: " + why};
}

void Bulk::run(const std::string& sql) {
    const Result result{PQexec(db_.get(), sql.c_str())};
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail();
}

std::vector<std::vector<std::string>> Bulk::ask(const std::string& sql,
                                                const std::vector<std::string>& values) {
    std::vector<const char*> pointers;
    for (const std::string& v : values)
        pointers.push_back(v.c_str());
    const Result result{PQexecParams(db_.get(), sql.c_str(), static_cast<int>(values.size()),
                                     nullptr, pointers.data(), nullptr, nullptr, 0)};
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail();
    std::vector<std::vector<std::string>> rows(static_cast<std::size_t>(PQntuples(result.get())));
    for (int r = 0; r < PQntuples(result.get()); ++r)
        for (int c = 0; c < PQnfields(result.get()); ++c)
            rows[static_cast<std::size_t>(r)].emplace_back(PQgetvalue(result.get(), r, c));
    return rows;
}

std::string Bulk::one(const std::string& sql, const std::vector<std::string>& values) {
    const auto rows = ask(sql, values);
    return rows.empty() ? "" : rows.front().front();
}

void Bulk::load(const std::string& table, const std::string& columns, std::string_view rows) {
    const std::string begin =
        "COPY " + quoted_name(table) + " " + columns + " FROM STDIN (FORMAT binary)";
    if (PQresultStatus(Result{PQexec(db_.get(), begin.c_str())}.get()) != PGRES_COPY_IN)
        fail();
    std::string data{signature};
    data.append(header_bytes - signature.size(), '\0');
    data += rows;
    append_int16(data, -1);
    const bool sent = PQputCopyData(db_.get(), data.data(), static_cast<int>(data.size())) == 1 &&
                      PQputCopyEnd(db_.get(), nullptr) == 1;
    bool taken = sent;
    while (const Result result{PQgetResult(db_.get())})
        taken = taken && PQresultStatus(result.get()) == PGRES_COMMAND_OK;
    if (!taken)
        fail();
}

std::int64_t Bulk::unload(const std::string& table, const std::string& columns,
                          const std::function<void(std::string_view tuple)>& each) {
    run("BEGIN; SET LOCAL statement_timeout = 0");
    const std::string begin =
        "COPY " + quoted_name(table) + " " + columns + " TO STDOUT (FORMAT binary)";
    if (PQresultStatus(Result{PQexec(db_.get(), begin.c_str())}.get()) != PGRES_COPY_OUT)
        fail();
    std::string data;
    std::size_t header_left = header_bytes;
    std::int64_t rows = 0;
    char* piece = nullptr;
    int size = 0;
    while ((size = PQgetCopyData(db_.get(), &piece, 0)) > 0) {
        data.append(piece, static_cast<std::size_t>(size));
        PQfreemem(piece);
        const std::size_t of_header = std::min(header_left, data.size());
        data.erase(0, of_header);
        header_left -= of_header;
        std::size_t at = 0;
        for (std::ptrdiff_t n = 0; (n = tuple_bytes(std::string_view{data}.substr(at))) > 0;) {
            each(std::string_view{data}.substr(at, static_cast<std::size_t>(n)));
            at += static_cast<std::size_t>(n);
            ++rows;
        }
        data.erase(0, at);
    }
    bool whole = size == -1;
    while (const Result result{PQgetResult(db_.get())})
        whole = whole && PQresultStatus(result.get()) == PGRES_COMMAND_OK;
    if (!whole)
        fail();
    run("COMMIT");
    return rows;
}

}  // namespace warmcall::store::pg
