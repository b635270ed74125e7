#include "store/postgres/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace warmcall::store::pg {

namespace {

constexpr std::chrono::seconds answer_wait_max{20};  // beyond every timeout the server has
constexpr std::chrono::milliseconds backoff_first{50}, backoff_max{2'000};

std::string first_line(std::string_view text) {
    return std::string{text.substr(0, text.find('\n'))};
}

bool begins(std::string_view state, std::string_view with) {
    return state.starts_with(with);
}

std::string unreachable(const std::string& why) {
    return "PostgreSQL cannot be reached (" + why + "): nothing that was confirmed is lost";
}

}  // namespace

std::string without_secrets(const std::string& url) {
    std::string host = "localhost", port = "5432", name;
    if (PQconninfoOption* parts = PQconninfoParse(url.c_str(), nullptr)) {
        for (const PQconninfoOption* p = parts; p->keyword != nullptr; ++p) {
            const std::string_view keyword = p->keyword, value = p->val == nullptr ? "" : p->val;
            if (value.empty())
                continue;
            if (keyword == "host")
                host = value;
            else if (keyword == "port")
                port = value;
            else if (keyword == "dbname")
                name = value;
        }
        PQconninfoFree(parts);
    }
    return "postgresql://" + host + ":" + port + "/" + name;
}

// What the address itself says comes last and stands.
std::unique_ptr<PGconn, ConnectionCloser> connect_to(const std::string& url) {
    constexpr std::size_t n = 9;
    const std::array<const char*, n + 1> keywords{"application_name",
                                                  "connect_timeout",
                                                  "target_session_attrs",
                                                  "keepalives_idle",
                                                  "keepalives_interval",
                                                  "keepalives_count",
                                                  "tcp_user_timeout",
                                                  "client_encoding",
                                                  "dbname",
                                                  nullptr};
    const std::array<const char*, n + 1> values{"warmcall", "5",    "read-write", "10",   "5", "3",
                                                "15000",    "UTF8", url.c_str(),  nullptr};
    return std::unique_ptr<PGconn, ConnectionCloser>{
        PQconnectdbParams(keywords.data(), values.data(), 1)};
}

Connection::~Connection() = default;

void Connection::drop() {
    db_.reset();
    prepared_.clear();
    forget_queued();
}

void Connection::connect() {
    if (db_ != nullptr)
        return;
    if (Clock::now() < not_before_)
        throw StoreUnavailable{unreachable("tried a moment ago")};
    db_ = connect_to(url_);
    if (PQstatus(db_.get()) != CONNECTION_OK) {
        const std::string why = first_line(PQerrorMessage(db_.get()));
        drop();
        not_before_ =
            Clock::now() + std::min(backoff_max, backoff_first * (1 << std::min(failures_, 6)));
        ++failures_;
        throw StoreUnavailable{unreachable(why)};
    }
    failures_ = 0;
    not_before_ = {};
    PQsetNoticeProcessor(db_.get(), [](void*, const char*) {}, nullptr);
    PQsetnonblocking(db_.get(), 1);
    PQenterPipelineMode(db_.get());
    look_at_server();
}

// A pooler makes up the process id it tells its clients: where the two differ, the next
// transaction may run in another session, and nothing is prepared for one.
void Connection::look_at_server() {
    Rows rows = ask("SELECT pg_backend_pid()");
    int pid = 0;
    if (rows.next())
        rows.read(pid);
    prepares_ = pid == PQbackendPID(db_.get());
}

Rows Connection::take(Ticket ticket) {
    if (!answers_.contains(ticket.number))
        land();
    auto found = answers_.extract(ticket.number);
    if (found.empty())
        throw std::logic_error{"an answer of PostgreSQL is asked for that is not on its way"};
    return Rows{std::move(found.mapped())};
}

void Connection::send(const Waiting& w, std::vector<const char*>& prepares) {
    const auto n = static_cast<int>(w.params.types().size());
    std::vector<const char*> values;
    std::vector<int> lengths, formats(static_cast<std::size_t>(n), 1);
    for (const auto& v : w.params.values()) {
        values.push_back(v ? v->data() : nullptr);
        lengths.push_back(v ? static_cast<int>(v->size()) : 0);
    }
    constexpr int binary = 1;
    if (!prepares_) {
        if (PQsendQueryParams(db_.get(), w.sql, n, w.params.types().data(), values.data(),
                              lengths.data(), formats.data(), binary) == 0)
            lost();
        return;
    }
    const auto [entry, fresh] = prepared_.try_emplace(w.sql);
    if (fresh) {
        entry->second = "w" + std::to_string(prepared_.size());
        if (PQsendPrepare(db_.get(), entry->second.c_str(), w.sql, n, w.params.types().data()) == 0)
            lost();
        prepares.push_back(w.sql);
    }
    if (PQsendQueryPrepared(db_.get(), entry->second.c_str(), n, values.data(), lengths.data(),
                            formats.data(), binary) == 0)
        lost();
}

void Connection::land() {
    if (queued_.empty())
        return;
    if (db_ == nullptr)
        throw Lost{unreachable("the connection was lost")};
    std::vector<const char*> prepares;
    for (const Waiting& w : queued_) {
        const std::size_t before = prepares.size();
        send(w, prepares);
        if (prepares.size() == before)
            prepares.push_back(nullptr);
    }
    if (PQpipelineSync(db_.get()) == 0)
        lost();
    ++round_trips_;
    receive(prepares);
}

// Answers come in the order of what was sent, the preparing of a statement just before its first
// use; everything after the first that failed comes back as skipped.
void Connection::receive(const std::vector<const char*>& prepares) {
    const auto until = Clock::now() + answer_wait_max;
    std::optional<Problem> problem;
    std::size_t i = 0;
    bool preparing = !prepares.empty() && prepares.front() != nullptr;
    Result last;
    for (;;) {
        while (PQisBusy(db_.get()) != 0)
            wait_for_server(until);
        Result result{PQgetResult(db_.get())};
        if (result != nullptr) {
            const ExecStatusType status = PQresultStatus(result.get());
            if (status == PGRES_PIPELINE_SYNC)
                break;
            if (PQstatus(db_.get()) != CONNECTION_OK)
                lost();
            last = std::move(result);
            continue;
        }
        if (i >= queued_.size())
            lost();
        if (last == nullptr) {  // nothing came: the server is gone in the middle
            wait_for_server(until);
            continue;
        }
        if (preparing) {
            preparing = false;
            if (PQresultStatus(last.get()) != PGRES_COMMAND_OK)
                prepared_.erase(prepares[i]);
            if (PQresultStatus(last.get()) == PGRES_FATAL_ERROR)
                settle(queued_[i], std::move(last), problem);
            last.reset();
            continue;
        }
        settle(queued_[i], std::move(last), problem);
        last.reset();
        ++i;
        preparing = i < queued_.size() && prepares[i] != nullptr;
    }
    queued_.clear();
    if (problem)
        fail(*problem);
}

void Connection::settle(Waiting& w, Result result, std::optional<Problem>& problem) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR && !problem) {
        const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
        const char* message = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
        problem =
            Problem{state == nullptr ? "" : state, message == nullptr ? "" : message, w.otherwise};
    }
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return;
    if (w.ticket != 0)
        answers_[w.ticket] = std::move(result);
}

void Connection::wait_for_server(Clock::time_point until) {
    const int flushed = PQflush(db_.get());
    if (flushed < 0)
        lost();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0)
        lost();
    pollfd fd{PQsocket(db_.get()), static_cast<short>(POLLIN | (flushed > 0 ? POLLOUT : 0)), 0};
    if (::poll(&fd, 1, static_cast<int>(left)) < 0 && errno != EINTR)
        lost();
    if (PQconsumeInput(db_.get()) == 0)
        lost();
}

void Connection::lost() {
    std::string why = db_ == nullptr ? "" : first_line(PQerrorMessage(db_.get()));
    drop();
    throw Lost{unreachable(why.empty() ? "the connection was lost" : why)};
}

void Connection::fail(const Problem& p) {
    answers_.clear();
    constexpr std::string_view division_by_zero = "22012";
    if (p.otherwise != nullptr && p.state == division_by_zero)
        throw Conflict{p.otherwise};
    const std::string detail = p.message + " (PostgreSQL " + p.state + ")";
    const std::string_view state = p.state;
    if (state == "23505")
        throw Conflict{"somebody else was faster: " + detail};
    if (begins(state, "40"))  // serialization, deadlock
        throw Again{detail};
    if (state == "55P03")  // whoever keeps it is not done sooner when we ask again at once
        throw StoreUnavailable{"another session of PostgreSQL keeps a lock for too long: " +
                               detail};
    if (begins(state, "08") || begins(state, "57P") || state == "25P03" || state == "25006" ||
        state == "26000" || state == "42P05" || state.empty()) {
        // The session is over, or of no use: a standby that cannot write, statements of another.
        drop();
        throw Lost{unreachable(detail)};
    }
    if (begins(state, "53"))
        throw StoreUnavailable{"PostgreSQL is out of disk, memory or connections: " + detail};
    if (state == "57014")
        throw StoreUnavailable{"PostgreSQL took too long and was stopped: " + detail};
    if (begins(state, "58") || begins(state, "XX"))
        throw StoreUnavailable{"PostgreSQL gives errors; look at its disk: " + detail};
    if (begins(state, "42"))  // never the fault of what was to be stored
        throw StoreUnavailable{
            "PostgreSQL's tables or our rights to them are not what this warmcall works with: " +
            detail};
    if (begins(state, "23") || begins(state, "22"))
        throw std::logic_error{"the database refused what would break its rules: " + detail};
    throw std::runtime_error{"the database answered: " + detail};
}

void Connection::script(const std::string& text) {
    land();
    PQexitPipelineMode(db_.get());
    PQsetnonblocking(db_.get(), 0);
    const Result result{PQexec(db_.get(), text.c_str())};
    const ExecStatusType status = PQresultStatus(result.get());
    PQsetnonblocking(db_.get(), 1);
    PQenterPipelineMode(db_.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
        return;
    if (PQstatus(db_.get()) != CONNECTION_OK)
        lost();
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const char* message = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
    fail({state == nullptr ? "" : state, message == nullptr ? "" : message});
}

}  // namespace warmcall::store::pg
