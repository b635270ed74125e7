#include "cli/control.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/open.hpp"
#include "ports/system.hpp"
#include "store/registry.hpp"
#include "support/catch.hpp"
#include "support/secret.hpp"

namespace fs = std::filesystem;
using namespace warmcall;
using cli::Desk;
using cli::json;

namespace {

// A folder with a database to be made in it, and the configuration the project ships.
struct Place {
    fs::path folder;
    Settings settings;

    Place() {
        std::string name = (fs::temp_directory_path() / "warmcall-cli-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        folder = name;
        auto read =
            load_settings(fs::path{WARMCALL_SOURCE_DIR} / "config/warmcall.toml", Secrets::unasked);
        REQUIRE(read);
        settings = std::move(*read);
        settings.store_url = "sqlite:" + (folder / "warmcall.db").string();
    }
    ~Place() { fs::remove_all(folder); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
};

// The part of a gateway that takes commands, on its own thread.
class Gateway {
 public:
    explicit Gateway(Place& place)
        : store_{make_store(place.settings.store_url)},
          applier_{*store_, place.settings.plan, clock_},
          door_{context_, applier_, *store_},
          control_{context_, door_, place.settings.plan, place.settings.default_region,
                   cli::control_path(place.settings.store_url)} {
        REQUIRE(control_.listen());
        boost::asio::co_spawn(context_, control_.run(), boost::asio::detached);
        thread_ = std::thread{[this] { context_.run(); }};
    }
    ~Gateway() {
        boost::asio::post(context_, [this] {
            control_.stop();
            context_.stop();
        });
        thread_.join();
    }
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

 private:
    boost::asio::io_context context_{1};
    SystemClock clock_;
    std::unique_ptr<Store> store_;
    Applier applier_;
    Door door_;
    cli::Control control_;
    std::thread thread_;
};

json token_request(const std::string& name) {
    return {{"do", "add_token"}, {"name", name}, {"hash", sha256_hex(name)}, {"rep", ""}};
}

json import_request(const std::string& csv) {
    return {{"do", "import"}, {"csv", csv}, {"rep", "joel"}, {"cadence", ""}, {"language", "en"}};
}

std::vector<std::string> token_names(const Store& store) {
    std::vector<std::string> names;
    for (const ApiToken& token : const_cast<Store&>(store).tokens())
        names.push_back(token.name);
    return names;
}

// What the socket answers to raw bytes.
std::string raw_answer(const fs::path& path, std::string_view bytes) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    REQUIRE(path.string().size() < sizeof to.sun_path);
    path.string().copy(to.sun_path, sizeof to.sun_path - 1);
    REQUIRE(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    REQUIRE(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
    ::shutdown(socket, SHUT_WR);
    std::string answer;
    char piece[4096];
    for (ssize_t got = 0; (got = ::recv(socket, piece, sizeof piece, 0)) > 0;)
        answer.append(piece, static_cast<std::size_t>(got));
    ::close(socket);
    return answer;
}

}  // namespace

TEST_CASE("a command does its own writing when no gateway runs") {
    Place place;
    const auto desk = Desk::open(place.settings, Desk::Missing::is_made);
    REQUIRE(desk);
    REQUIRE(desk->carry_out(token_request("crm")));
    CHECK(token_names(desk->store()) == std::vector<std::string>{"crm"});
}

TEST_CASE("a command is handed to the gateway that runs, and only the gateway writes") {
    Place place;
    const Gateway gateway{place};
    const auto desk = Desk::open(place.settings, Desk::Missing::is_made);
    REQUIRE(desk);
    CHECK_THROWS_AS(desk->store().transact([](Unit&) {}), std::exception);  // it may only look
    const auto done = desk->carry_out(token_request("crm"));
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
    CHECK(token_names(desk->store()) == std::vector<std::string>{"crm"});
    const auto revoked = desk->carry_out({{"do", "revoke_token"}, {"name", "crm"}});
    REQUIRE(revoked);
    CHECK((*revoked)["found"] == true);
    const auto again = desk->carry_out({{"do", "revoke_token"}, {"name", "nobody"}});
    REQUIRE(again);
    CHECK((*again)["found"] == false);
}

TEST_CASE("an import beside the running gateway says of every bad row why") {
    Place place;
    const Gateway gateway{place};
    const auto desk = Desk::open(place.settings, Desk::Missing::is_made);
    REQUIRE(desk);
    const auto done = desk->carry_out(
        import_request("name,phone\nAna,+34612345678\nBad,12\nAlso Ana,+34 612 345 678\n"));
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
    REQUIRE((*done)["rejected"].size() == 2);
    CHECK((*done)["rejected"][0]["line"] == 3);
    CHECK((*done)["rejected"][1]["line"] == 4);
    CHECK(desk->store().contact_by({core::AddressKind::phone, "+34612345678"}));
    const auto twice = desk->carry_out(import_request("name,phone\nAna,+34612345678\n"));
    REQUIRE(twice);
    CHECK((*twice)["rejected"].size() == 1);
}

TEST_CASE(
    "who asked to stop by another way is written to no more, and numbers nobody has are named") {
    Place place;
    const Gateway gateway{place};
    const auto desk = Desk::open(place.settings, Desk::Missing::is_made);
    REQUIRE(desk);
    REQUIRE(desk->carry_out(import_request("name,phone\nAna,+34612345678\nEva,+34612345679\n")));
    const auto done = desk->carry_out(
        {{"do", "opt_out"}, {"phones", {"+34612345678", "+34612345670"}}, {"how", "by letter"}});
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
    CHECK((*done)["unknown"] == json{"+34612345670"});
    const auto of = [&](const char* number) {
        Store& store = desk->store();
        return store.contact(*store.contact_by({core::AddressKind::phone, number}))->contact;
    };
    REQUIRE(of("+34612345678").suppressions.size() == 1);
    CHECK(of("+34612345678").suppressions[0].scope == core::SuppressionScope::all);
    CHECK(of("+34612345678").suppressions[0].reason == "by letter");
    CHECK(of("+34612345679").suppressions.empty());
}

TEST_CASE("a rep's contacts are given to another, and only to one whom the gateway knows") {
    Place place;
    const Gateway gateway{place};
    const auto desk = Desk::open(place.settings, Desk::Missing::is_made);
    REQUIRE(desk);
    json import = import_request(
        "name,phone,consent_source,consent_at,consent_text\n"
        "Ana,+34612345678,form,2026-01-05,You may write to me\n"
        "Eva,+34612345679,form,2026-01-05,You may write to me\n");
    import["cadence"] = "gentle";
    REQUIRE((*desk->carry_out(import))["rejected"].empty());
    const auto ana = *desk->store().contact_by({core::AddressKind::phone, "+34612345678"});
    const auto eva = *desk->store().contact_by({core::AddressKind::phone, "+34612345679"});
    CHECK(desk->store().owners() == std::vector{core::RepId{"joel"}});
    const auto to = [&](const char* rep) {
        return desk->carry_out({{"do", "reassign"}, {"contacts", {ana.value}}, {"to", rep}});
    };
    CHECK_FALSE(to("nobody"));
    const auto moved = to("mira");
    REQUIRE(moved);
    CHECK((*moved)["moved"] == 1);
    CHECK((*to("mira"))["moved"] == 0);
    CHECK(desk->store().contact(ana)->contact.owner.value == "mira");
    CHECK(desk->store().contact(eva)->contact.owner.value == "joel");
    CHECK(desk->store().owners() == std::vector{core::RepId{"joel"}, core::RepId{"mira"}});
}

TEST_CASE("people are erased beside the running gateway, and numbers nobody has are named") {
    Place place;
    const Gateway gateway{place};
    const auto desk = Desk::open(place.settings, Desk::Missing::is_made);
    REQUIRE(desk);
    REQUIRE(desk->carry_out(import_request("name,phone\nAna,+34612345678\nEva,+34612345679\n")));
    const auto done =
        desk->carry_out({{"do", "erase"}, {"phones", {"+34612345678", "+34612345670"}}});
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
    CHECK((*done)["people"] == 1);
    CHECK((*done)["unknown"] == json{"+34612345670"});
    CHECK((*done)["left"] == "");
    CHECK_FALSE(desk->store().contact_by({core::AddressKind::phone, "+34612345678"}));
    CHECK(desk->store().contact_by({core::AddressKind::phone, "+34612345679"}));
}

TEST_CASE("a file with a broken quote is refused as a whole") {
    Place place;
    const auto desk = Desk::open(place.settings, Desk::Missing::is_made);
    REQUIRE(desk);
    const auto done =
        desk->carry_out(import_request("name,phone\nAna,+34612345678\n\"Broken,+34612345679\n"));
    REQUIRE_FALSE(done);
    CHECK(done.error().message.find("Line 3") != std::string::npos);
    CHECK_FALSE(desk->store().contact_by({core::AddressKind::phone, "+34612345678"}));
}

TEST_CASE("a sign-in link made beside the gateway opens once") {
    Place place;
    {
        const Gateway gateway{place};
        const auto desk = Desk::open(place.settings, Desk::Missing::is_made);
        REQUIRE(desk);
        REQUIRE(desk->carry_out({{"do", "add_link"},
                                 {"hash", sha256_hex("secret")},
                                 {"rep", "joel"},
                                 {"valid_ms", 60'000}}));
        CHECK_FALSE(desk->carry_out({{"do", "add_link"},
                                     {"hash", sha256_hex("other")},
                                     {"rep", "nobody"},
                                     {"valid_ms", 60'000}}));
    }
    const auto store = make_store(place.settings.store_url);
    const core::Timestamp now = SystemClock{}.now();
    std::optional<core::RepId> first, second;
    store->transact([&](Unit& unit) { first = unit.use_link(sha256_hex("secret"), now); });
    store->transact([&](Unit& unit) { second = unit.use_link(sha256_hex("secret"), now); });
    REQUIRE(first);
    CHECK(first->value == "joel");
    CHECK_FALSE(second);
}

TEST_CASE(
    "the socket is for its own user, goes with the gateway, and one left behind is replaced") {
    Place place;
    const fs::path path = cli::control_path(place.settings.store_url);
    std::ofstream{path} << "left behind";
    {
        const Gateway gateway{place};
        CHECK(cli::gateway_runs(path));
        struct stat found{};
        REQUIRE(::stat(path.c_str(), &found) == 0);
        CHECK((found.st_mode & 0777) == 0600);
    }
    CHECK_FALSE(fs::exists(path));
    CHECK_FALSE(cli::gateway_runs(path));
}

TEST_CASE("nonsense on the socket is answered with a sentence and changes nothing") {
    Place place;
    const Gateway gateway{place};
    const fs::path path = cli::control_path(place.settings.store_url);
    for (const char* nonsense :
         {"{", "[]", "{\"do\": 7}", "{\"do\": \"drop_everything\"}", "\xff\xfe"}) {
        const json said = json::parse(raw_answer(path, nonsense), nullptr, false);
        INFO(nonsense);
        CHECK(said.contains("problem"));
    }
    CHECK(raw_answer(path, "").empty());
    CHECK(cli::gateway_runs(path));
}

TEST_CASE("a path longer than a socket's address works too") {
    Place place;
    const fs::path deep = place.folder / std::string(90, 'a') / std::string(90, 'b');
    fs::create_directories(deep);
    place.settings.store_url = "sqlite:" + (deep / "warmcall.db").string();
    const Gateway gateway{place};
    const auto desk = Desk::open(place.settings, Desk::Missing::is_made);
    REQUIRE(desk);
    CHECK(desk->carry_out(token_request("crm")));
}

TEST_CASE("looking where there is no database makes none") {
    Place place;
    const auto desk = Desk::open(place.settings, Desk::Missing::is_an_error);
    REQUIRE_FALSE(desk);
    CHECK(desk.error().message.find("there is no database yet") != std::string::npos);
    CHECK(fs::is_empty(place.folder));
}
