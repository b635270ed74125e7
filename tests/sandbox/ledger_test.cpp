#include "sandbox/ledger.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sandbox/world.hpp"
#include "support/catch.hpp"

using namespace sandbox_tests;

namespace {

struct Folder {
    Folder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "warmcall-ledger-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string file() const { return (path / "ledger.jsonl").string(); }

    std::filesystem::path path;
};

std::string content(const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<Json> lines(const std::string& file) {
    std::vector<Json> found;
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);)
        found.push_back(Json::parse(line, nullptr, false));
    return found;
}

Json first_of(const std::vector<Json>& entries, const std::string& kind) {
    for (const Json& entry : entries) {
        if (entry["kind"] == kind)
            return entry;
    }
    FAIL("no entry of kind " << kind);
    return {};
}

}  // namespace

TEST_CASE(
    "the ledger has every request, answer and webhook, each on a line of its own and numbered "
    "without a gap") {
    const Folder folder;
    auto options = usual();
    options.ledger_path = folder.file();
    {
        World world{options};
        world.send(wellbeing_to(ines, "Ines", "tok-7"));
        world.gateway.wait_for(3);
        world.send(text_to("nobody"));
        world.control("reply", {{"from", ines}, {"text", "Fine 🙂"}});
        world.flush();
    }
    const auto entries = lines(folder.file());
    std::map<std::string, int> kinds;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        REQUIRE(entries[i].is_object());
        CHECK(entries[i]["seq"] == i + 1);
        CHECK(entries[i]["at"].is_number_integer());
        ++kinds[entries[i]["kind"]];
    }
    CHECK(kinds == std::map<std::string, int>{{"start", 1},
                                              {"request", 2},
                                              {"accepted", 1},
                                              {"answer", 2},
                                              {"webhook", 4},
                                              {"webhook_answer", 4},
                                              {"control", 2},
                                              {"stop", 1}});
    const Json request = first_of(entries, "request");
    CHECK(request["to"] == ines);
    CHECK(request["token"] == "tok-7");
    CHECK(Json::parse(request["body"].get<std::string>()) == wellbeing_to(ines, "Ines", "tok-7"));
    CHECK(content(folder.file()).find("the access token") == std::string::npos);
    CHECK(content(folder.file()).find(app_secret) == std::string::npos);
    const Json taken = first_of(entries, "accepted");
    CHECK(taken["request"] == request["seq"]);
    CHECK(taken["token"] == "tok-7");
    CHECK(taken["wa_id"] == "61491570156");
}

TEST_CASE("a second run goes on in the same ledger and never gives an id twice") {
    const Folder folder;
    auto options = usual();
    options.ledger_path = folder.file();
    std::string first;
    std::string second;
    {
        World world{options};
        first = world.send(wellbeing_to(ines)).json()["messages"][0]["id"];
    }
    const std::string before = content(folder.file());
    {
        World world{options};
        second = world.send(wellbeing_to(ines)).json()["messages"][0]["id"];
    }
    CHECK(first != second);
    CHECK(content(folder.file()).substr(0, before.size()) == before);
    const auto entries = lines(folder.file());
    for (std::size_t i = 0; i < entries.size(); ++i)
        CHECK(entries[i]["seq"] == i + 1);
}

TEST_CASE("a line torn by a crash stays as it is, and the next begins its own") {
    const Folder folder;
    std::ofstream{folder.file()} << R"({"seq":1,"at":5,"kind":"start"})" << "\n"
                                 << R"({"seq":2,"at":6,"ki)";
    const warmcall::sandbox::JumpingClock clock;
    auto ledger = warmcall::sandbox::Ledger::open(folder.file(), clock);
    REQUIRE(ledger);
    CHECK(ledger->add("start", {}) == 2);
    const auto entries = lines(folder.file());
    REQUIRE(entries.size() == 3);
    CHECK(entries[1].is_discarded());
    CHECK(entries[2]["seq"] == 2);
    CHECK(ledger->read(0, "", 10).entries.size() == 2);
}

TEST_CASE("a file that is no ledger is left alone") {
    const Folder folder;
    std::ofstream{folder.file()} << "name,phone\nInes,+61491570156\n";
    const warmcall::sandbox::JumpingClock clock;
    const auto ledger = warmcall::sandbox::Ledger::open(folder.file(), clock);
    REQUIRE_FALSE(ledger);
    CHECK(ledger.error().message.find("not a ledger") != std::string::npos);
    CHECK(content(folder.file()) == "name,phone\nInes,+61491570156\n");
    std::ofstream{folder.file()} << "a note without an end of line";
    CHECK_FALSE(warmcall::sandbox::Ledger::open(folder.file(), clock));
    CHECK(content(folder.file()) == "a note without an end of line");
    CHECK_FALSE(warmcall::sandbox::Ledger::open("/nowhere/at/all", clock));
}

TEST_CASE("the ledger is read page by page, by kind, from any place in it") {
    const warmcall::sandbox::JumpingClock clock;
    auto ledger = warmcall::sandbox::Ledger::open("", clock);
    REQUIRE(ledger);
    for (int i = 1; i <= 2000; ++i)
        ledger->add(i % 10 == 0 ? "webhook" : "request", {{"n", i}});
    const auto page = ledger->read(1500, "", 3);
    REQUIRE(page.entries.size() == 3);
    CHECK(page.entries[0]["n"] == 1501);
    CHECK(page.last == 1503);
    const auto webhooks = ledger->read(1000, "webhook", 1000);
    CHECK(webhooks.entries.size() == 100);
    CHECK(webhooks.entries[0]["n"] == 1010);
    CHECK(webhooks.last == 2000);
    CHECK(ledger->read(2000, "", 10).entries.empty());
    CHECK(ledger->read(99'999, "", 10).entries.empty());
}
