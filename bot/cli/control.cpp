#include "cli/control.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "engine/erasure.hpp"
#include "ports/system.hpp"
#include "store/registry.hpp"
#include "store/words.hpp"
#include "web/import_csv.hpp"

namespace warmcall::cli {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using namespace asio::experimental::awaitable_operators;

constexpr std::size_t request_bytes_max =
    2 * web::import_bytes_max;  // JSON escapes make a file larger
constexpr std::size_t answer_bytes_max = 64 * 1024 * 1024;
constexpr int requests_at_once_max = 4;
constexpr std::chrono::seconds transfer_limit{30};
constexpr int answer_limit_s = 300;  // a hundred thousand rows take their time

std::string text(const json& request, const char* key) {
    const auto found = request.find(key);
    return found != request.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

json problem(std::string sentence) {
    return {{"problem", std::move(sentence)}};
}

json add_token(const json& request, Unit& unit, core::Timestamp now) {
    ApiToken token;
    token.name = text(request, "name");
    token.hash = text(request, "hash");
    token.rep.value = text(request, "rep");
    token.created_at = now;
    if (token.name.empty() || token.hash.size() != 64)
        return problem("a token needs a name and a hash");
    unit.add_token(token);
    return json::object();
}

json add_link(const json& request, const Office& office, Unit& unit, core::Timestamp now) {
    const core::RepId rep{text(request, "rep")};
    if (!office.plan.reps.contains(rep))
        return problem("the running gateway knows no rep \"" + rep.value +
                       "\": restart it after changing its configuration");
    unit.add_link(text(request, "hash"), rep,
                  now + core::Duration{request.value("valid_ms", std::int64_t{0})});
    return json::object();
}

json note_templates(const json& request, Unit& unit, core::Timestamp now) {
    for (const json& t : request.at("list"))
        unit.note_template({text(t, "name"), text(t, "language"),
                            store::from_word<core::TemplateStatus>(text(t, "status")),
                            text(t, "category"), text(t, "quality"), text(t, "reason"), now});
    return json::object();
}

// Whoever has such a number is not written to any more; the numbers that nobody has are given back.
json opt_out(const json& request, const Office& office, Unit& unit, core::Timestamp now) {
    std::vector<core::Address> addresses;
    for (const json& phone : request.at("phones"))
        addresses.push_back({core::AddressKind::phone, phone.get<std::string>()});
    const auto contacts = unit.contacts_by(addresses);
    json unknown = json::array();
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        if (!contacts[i]) {
            unknown.push_back(addresses[i].value);
            continue;
        }
        const Wanted wanted{*contacts[i], std::nullopt};
        const SharedCase before = unit.load({&wanted, 1}).front();
        const core::Transition decided =
            core::decide(office.plan, *before, core::OptedOut{text(request, "how")}, now);
        const Change change{before.get(), &decided.next, decided.effects, "operator"};
        unit.save({&change, 1}, now);
    }
    return {{"unknown", std::move(unknown)}};
}

// Once more is as good as once: what the rep has already is left as it is.
json reassign(const json& request, const Office& office, Unit& unit, core::Timestamp now) {
    const core::RepId to{text(request, "to")};
    if (!office.plan.reps.contains(to))
        return problem("the running gateway knows no rep \"" + to.value +
                       "\": restart it after changing its configuration");
    std::vector<Wanted> wanted;
    for (const json& contact : request.at("contacts"))
        wanted.push_back({core::ContactId{contact.get<std::int64_t>()}, std::nullopt});
    const std::vector<SharedCase> before = unit.load(wanted);
    std::vector<core::Transition> decided;
    decided.reserve(before.size());
    std::vector<Change> changes;
    for (const SharedCase& subject : before) {
        const bool known = subject && subject->contact.id;
        const bool theirs = known && subject->contact.owner == to &&
                            (!subject->outreach || subject->outreach->next.owner == to);
        if (!known || theirs)
            continue;
        const core::Transition& next =
            decided.emplace_back(core::decide(office.plan, *subject, core::Reassigned{to}, now));
        changes.push_back({subject.get(), &next.next, next.effects, "operator"});
    }
    unit.save(changes, now);
    return {{"moved", changes.size()}};
}

// All of them in one transaction. Of a number that nobody has, what came from it is emptied.
json erase_people(const json& request, const Office& office, Unit& unit, core::Timestamp now) {
    json unknown = json::array();
    Erased all;
    std::int64_t people = 0;
    for (const json& phone : request.at("phones")) {
        const core::Address address{core::AddressKind::phone, phone.get<std::string>()};
        const auto contact = unit.contacts_by({&address, 1}).front();
        if (!contact)
            unknown.push_back(phone);
        const Erased one = contact ? erase(unit, office.plan, *contact, "operator", now)
                                   : unit.erase({}, {&address, 1}, "operator", now);
        people += contact ? 1 : 0;
        all.records += one.records;
        all.messages += one.messages;
        all.replies += one.replies;
        all.deliveries += one.deliveries;
        if (office.erased)
            office.erased(one);
    }
    return {{"unknown", std::move(unknown)}, {"people", people},
            {"records", all.records},        {"messages", all.messages},
            {"replies", all.replies},        {"deliveries", all.deliveries}};
}

// Every row checked, then all good ones added.
json import_rows(const json& request, const Office& office, Unit& unit, core::Timestamp now) {
    constexpr std::size_t rows_at_once = 500;
    const auto table = web::read_csv(text(request, "csv"));
    if (!table)
        return problem(table.error().message);
    const auto columns = web::guess_columns(table->header.fields);
    if (!columns)
        return problem(columns.error().message);
    web::RowChecker checker{office.plan,
                            {core::RepId{text(request, "rep")},
                             text(request, "cadence"),
                             office.default_region,
                             text(request, "language"),
                             {}},
                            *columns,
                            now};
    json rejected = json::array();
    std::vector<web::ImportRow> good;
    const auto reject = [&](const web::Reject& r) {
        rejected.push_back({{"line", r.line}, {"reason", r.reason}});
    };
    const auto add = [&] {
        for (const web::Reject& late : web::add_rows(unit, office.plan, good, "import", now))
            reject(late);
        good.clear();
    };
    for (std::size_t i = 0; i < table->rows.size(); ++i) {
        auto verdict = checker.check(table->rows[i]);
        if (const auto* r = std::get_if<web::Reject>(&verdict))
            reject(*r);
        else
            good.push_back(std::move(std::get<web::ImportRow>(verdict)));
        if (good.size() < rows_at_once)
            continue;
        add();
        if (office.progress)
            office.progress(i + 1, table->rows.size());
    }
    add();
    return {{"rejected", std::move(rejected)}};
}

// A Unix address holds 107 bytes and a path may be longer: it is reached through its folder's
// descriptor.
class Address {
 public:
    explicit Address(const std::filesystem::path& path)
        : folder_{::open((path.has_parent_path() ? path.parent_path() : ".").c_str(),
                         O_PATH | O_DIRECTORY | O_CLOEXEC)},
          short_{"/proc/self/fd/" + std::to_string(folder_) + "/" + path.filename().string()} {}
    ~Address() {
        if (folder_ >= 0)
            ::close(folder_);
    }
    Address(const Address&) = delete;
    Address& operator=(const Address&) = delete;

    const std::string& path() const { return short_; }
    bool fits() const { return folder_ >= 0 && short_.size() < sizeof(sockaddr_un::sun_path); }

 private:
    int folder_;
    std::string short_;
};

class Descriptor {
 public:
    explicit Descriptor(int fd) : fd_{fd} {}
    ~Descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    Descriptor& operator=(Descriptor&&) = delete;
    int get() const { return fd_; }

 private:
    int fd_;
};

Descriptor connected(const std::filesystem::path& path) {
    const Address address{path};
    Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path.empty() || !address.fits() || socket.get() < 0)
        return Descriptor{-1};
    address.path().copy(to.sun_path, sizeof to.sun_path - 1);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        return Descriptor{-1};
    return socket;
}

bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return ::shutdown(socket, SHUT_WR) == 0;
}

std::optional<std::string> receive_all(int socket) {
    std::string bytes;
    char piece[65536];
    while (bytes.size() <= answer_bytes_max) {
        const ssize_t got = ::recv(socket, piece, sizeof piece, 0);
        if (got == 0)
            return bytes;
        if (got < 0)
            return std::nullopt;
        bytes.append(piece, static_cast<std::size_t>(got));
    }
    return std::nullopt;
}

// The socket's mode keeps others out; this also holds where a file system ignores modes.
bool same_user(stream_protocol::socket& socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    return peer.uid == ::geteuid() || peer.uid == 0;
}

}  // namespace

json carry_out(const json& request, const Office& office, Unit& unit, core::Timestamp now) {
    const std::string what = request.is_object() ? text(request, "do") : "";
    if (what == "add_token")
        return add_token(request, unit, now);
    if (what == "revoke_token")
        return {{"found", unit.revoke_token(text(request, "name"), now)}};
    if (what == "add_link")
        return add_link(request, office, unit, now);
    if (what == "templates")
        return note_templates(request, unit, now);
    if (what == "opt_out")
        return opt_out(request, office, unit, now);
    if (what == "reassign")
        return reassign(request, office, unit, now);
    if (what == "erase")
        return erase_people(request, office, unit, now);
    if (what == "import")
        return import_rows(request, office, unit, now);
    return problem("the running gateway does not know how to do this: is it an older version?");
}

std::filesystem::path control_path(const std::string& store_url) {
    const std::string path = sqlite_path(store_url);
    if (path.empty() || path == ":memory:")
        return {};            // on PostgreSQL anybody may write beside the gateways
    std::error_code trouble;  // with the file: who opens it says so
    const auto file = std::filesystem::weakly_canonical(path, trouble);
    return (trouble ? path : file.string()) + ".control";
}

bool gateway_runs(const std::filesystem::path& path) {
    return connected(path).get() >= 0;
}

Result<json> ask_gateway(const std::filesystem::path& path, const json& request) {
    const Descriptor socket = connected(path);
    if (socket.get() < 0)
        return Error{Errc::not_found, "no gateway is running on this database"};
    const timeval limit{answer_limit_s, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    std::optional<std::string> answer;
    if (send_all(socket.get(), request.dump(-1, ' ', false, json::error_handler_t::replace)))
        answer = receive_all(socket.get());
    const json read = answer ? json::parse(*answer, nullptr, false) : json{};
    if (!read.is_object())
        return Error{
            Errc::unavailable,
            "the running gateway did not answer; look first whether it was done, then try again"};
    if (read.contains("problem"))
        return Error{Errc::refused, text(read, "problem")};
    return read;
}

struct Control::Impl {
    asio::io_context& context;
    Door& door;
    Office office;
    std::filesystem::path path;
    std::function<void()> written;
    stream_protocol::acceptor acceptor{context};
    int under_way = 0;

    asio::awaitable<json> answer(std::string bytes);
    asio::awaitable<void> serve(stream_protocol::socket socket);
    asio::awaitable<void> exchange(stream_protocol::socket& socket);
};

asio::awaitable<json> Control::Impl::answer(std::string bytes) {
    auto request = std::make_shared<json>(json::parse(bytes, nullptr, false));
    auto made = std::make_shared<json>();
    auto gone = std::make_shared<std::vector<core::Address>>();
    const Outcome outcome =
        co_await door.apply(Write{[this, request, made, gone](Unit& unit, core::Timestamp now) {
            gone->clear();
            Office here = office;
            here.erased = [&](const Erased& one) {
                gone->insert(gone->end(), one.addresses.begin(), one.addresses.end());
            };
            *made = carry_out(*request, here, unit, now);
        }});
    if (outcome.failure)
        std::rethrow_exception(outcome.failure);
    if (text(*request, "do") == "erase" && !made->contains("problem"))
        (*made)["left"] = co_await door.forget(std::move(*gone));
    if (written)
        co_await door.on_writer(written);
    if (made->contains("problem"))
        spdlog::info("command refused");  // what it asked for is not ours to repeat
    else
        spdlog::info("command done what={}", text(*request, "do"));
    co_return std::move(*made);
}

asio::awaitable<void> Control::Impl::exchange(stream_protocol::socket& socket) {
    std::string bytes;
    asio::steady_timer limit{co_await asio::this_coro::executor, transfer_limit};
    constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
    const auto read = co_await (
        asio::async_read(socket, asio::dynamic_buffer(bytes, request_bytes_max), quietly) ||
        limit.async_wait(quietly));
    if (read.index() != 0 || std::get<0>(std::get<0>(read)) != asio::error::eof)
        co_return;  // too slow, too large, or gone
    if (bytes.empty())
        co_return;  // somebody only looked whether we are here
    json said;
    try {
        said = co_await answer(std::move(bytes));
    } catch (const std::exception& e) {
        said = problem(e.what());
    }
    const std::string out = said.dump(-1, ' ', false, json::error_handler_t::replace);
    limit.expires_after(transfer_limit);
    co_await (asio::async_write(socket, asio::buffer(out), quietly) || limit.async_wait(quietly));
}

asio::awaitable<void> Control::Impl::serve(stream_protocol::socket socket) {
    if (same_user(socket))
        co_await exchange(socket);
}

Control::Control(asio::io_context& context, Door& door, const core::Plan& plan,
                 std::string default_region, std::filesystem::path path,
                 std::function<void()> written)
    : impl_{std::make_unique<Impl>(Impl{context,
                                        door,
                                        {plan, std::move(default_region), {}},
                                        std::move(path),
                                        std::move(written)})} {}

Control::~Control() {
    if (impl_->acceptor.is_open())
        ::unlink(impl_->path.c_str());
}

// Whoever gets here holds the database's lock, so a socket that is there was left behind by a
// killed gateway.
Result<void> Control::listen() {
    if (impl_->path.empty())
        return {};
    const Address address{impl_->path};
    if (!address.fits())
        return Error{Errc::io, impl_->path.string() +
                                   ": the folder cannot be opened, or the name is too long"};
    ::unlink(impl_->path.c_str());
    boost::system::error_code trouble;
    impl_->acceptor.open({}, trouble);
    const mode_t others = ::umask(0177);
    impl_->acceptor.bind(stream_protocol::endpoint{address.path()}, trouble);
    ::umask(others);
    if (!trouble)
        impl_->acceptor.listen(requests_at_once_max, trouble);
    if (trouble) {
        impl_->acceptor.close();
        return Error{Errc::io, impl_->path.string() + ": " + trouble.message()};
    }
    return {};
}

asio::awaitable<void> Control::run() {
    Impl& impl = *impl_;
    asio::steady_timer pause{impl.context};
    while (impl.acceptor.is_open()) {
        if (impl.under_way >= requests_at_once_max) {
            pause.expires_after(std::chrono::milliseconds{50});
            co_await pause.async_wait(asio::use_awaitable);
            continue;
        }
        auto [trouble, socket] =
            co_await impl.acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (trouble == asio::error::operation_aborted)
            co_return;
        if (trouble) {  // out of descriptors: later
            pause.expires_after(std::chrono::milliseconds{100});
            co_await pause.async_wait(asio::use_awaitable);
            continue;
        }
        ++impl.under_way;
        asio::co_spawn(impl.context, impl.serve(std::move(socket)),
                       [&impl](std::exception_ptr failure) {
                           --impl.under_way;
                           if (failure)
                               spdlog::warn("command failed");
                       });
    }
}

void Control::stop() {
    boost::system::error_code ignored;
    if (impl_->acceptor.is_open())
        ::unlink(impl_->path.c_str());
    impl_->acceptor.close(ignored);
}

}  // namespace warmcall::cli
