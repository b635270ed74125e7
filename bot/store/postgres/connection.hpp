#pragma once
// One connection to PostgreSQL through libpq's pipeline: statements are queued and land together in
// one round trip. It connects when it is used and again after it was lost; it keeps no state in the
// session, so that a pooler in transaction mode may stand between. Nothing here knows a table.

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/postgres/values.hpp"

namespace warmcall::store::pg {

// The text of a statement: a literal, so that its address can stand for it.
struct Sql {
    consteval Sql(const char* literal) : text{literal} {}  // NOLINT(google-explicit-constructor)
    const char* text;
};

// The connection broke. What was not committed is rolled back by the server.
struct Lost : StoreUnavailable {
    using StoreUnavailable::StoreUnavailable;
};
// The server rolled the transaction back in favour of another: do the whole of it again.
struct Again : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Around a statement that changes rows: it must change as many as `expected`, a parameter, says;
// the server itself stops there, so that a COMMIT may follow in the same round trip.
#define WARMCALL_PG_EXACTLY(expected, statement)                                   \
    "WITH changed AS (" statement " RETURNING 1) SELECT 1 / (count(*) = " expected \
    ")::integer FROM changed"

struct ConnectionCloser {
    void operator()(PGconn* c) const { PQfinish(c); }
};
// A new connection, set up as warmcall wants it; whether it stands, PQstatus() tells.
std::unique_ptr<PGconn, ConnectionCloser> connect_to(const std::string& url);

class Connection {
 public:
    // An answer that has been asked for and will be there when the pipeline has landed.
    struct Ticket {
        std::uint64_t number = 0;
    };

    explicit Connection(std::string url) : url_{std::move(url)} {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Connects unless connected. Throws StoreUnavailable, at once while a failed attempt is young.
    void connect();
    void drop();  // whatever was under way is over
    bool connected() const { return db_ != nullptr; }

    // Queues a statement whose rows nobody reads.
    template <class... Values>
    void tell(Sql sql, const Values&... values) {
        queue(sql, values...);
    }
    // One that fails when it is not to do what it says (WARMCALL_PG_EXACTLY): Conflict{otherwise}
    // is thrown where the pipeline lands, and what is queued behind it is not done.
    template <class... Values>
    void tell_exactly(const char* otherwise, Sql sql, const Values&... values) {
        queue(sql, values...).otherwise = otherwise;
    }
    // Queues a statement, to be read later with take().
    template <class... Values>
    Ticket ask_later(Sql sql, const Values&... values) {
        Waiting& w = queue(sql, values...);
        w.ticket = ++tickets_;
        return {w.ticket};
    }
    Rows take(Ticket ticket);  // lands the pipeline unless it has landed since
    template <class... Values>
    Rows ask(Sql sql, const Values&... values) {
        return take(ask_later(sql, values...));
    }

    // Sends what is queued and waits for all of it. The first thing that went wrong is thrown as
    // what it means: Conflict for a unique key, Again, Lost, StoreUnavailable, or std::logic_error
    // for a constraint our own code should have kept.
    void land();
    void forget_queued() {
        queued_.clear();
        answers_.clear();
    }
    std::size_t queued() const { return queued_.size(); }

    // Several statements in one text, outside the pipeline: for migrations.
    void script(const std::string& text);

    std::size_t round_trips() const { return round_trips_; }

 private:
    struct Waiting {
        const char* sql = nullptr;
        Params params;
        std::uint64_t ticket = 0;
        const char* otherwise = nullptr;
    };
    struct Problem {
        std::string state, message;
        const char* otherwise = nullptr;  // of a statement that must change exactly so many rows
    };
    using Clock = std::chrono::steady_clock;

    template <class... Values>
    Waiting& queue(Sql sql, const Values&... values) {
        Waiting& w = queued_.emplace_back();
        w.sql = sql.text;
        (w.params.add(values), ...);
        return w;
    }
    void send(const Waiting& w, std::vector<const char*>& prepares);
    void receive(const std::vector<const char*>& prepares);
    void settle(Waiting& w, Result result, std::optional<Problem>& problem);
    void wait_for_server(Clock::time_point until);
    [[noreturn]] void lost();
    [[noreturn]] void fail(const Problem& problem);
    void look_at_server();

    std::string url_;
    std::unique_ptr<PGconn, ConnectionCloser> db_;
    bool prepares_ = false;  // no pooler between: statements may be prepared for the session
    std::map<const char*, std::string> prepared_;
    std::vector<Waiting> queued_;
    std::map<std::uint64_t, Result> answers_;
    std::uint64_t tickets_ = 0;
    std::size_t round_trips_ = 0;
    Clock::time_point not_before_{};
    int failures_ = 0;
};

// "postgresql://host:port/database" without user, password or anything else.
std::string without_secrets(const std::string& url);

}  // namespace warmcall::store::pg
