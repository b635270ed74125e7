#include "settings/settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "support/catch.hpp"

namespace fs = std::filesystem;
using namespace warmcall;

namespace {

const char* const good_config = R"(company = "Kestrel Foods"

[server]
listen = "127.0.0.1:8080"
public_url = "https://warmcall.example.com/"

[store]
url = "sqlite:data/warmcall.db"

[calendar]
default_region = "IN"

[[channel]]
id = "main"
provider = "whatsapp_cloud"
phone_number_id = 300000000000002
waba_id = "200000000000001"
access_token = "env:WA_TOKEN"
app_secret = ["env:WA_APP_SECRET", "file:old_secret"]
verify_token = "env:WA_VERIFY"

[[rep]]
id = "joel"
name = "Joel"
zone = "Asia/Kolkata"
phone = "+91 98765 43210"
channel = "main"
stand_in = "mira"

[[rep]]
id = "mira"
name = "Mira"
zone = "Europe/Madrid"
hours = { mon = ["10:00-14:00", "16:00-20:00"] }
)";

// A folder with a configuration that is in order, to be spoilt by a test in one place.
class Folder {
 public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "warmcall-settings-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr)
            throw std::runtime_error{"no temporary folder"};
        root_ = name;
        const fs::path source{WARMCALL_SOURCE_DIR};
        fs::copy(source / "config", root_ / "config", fs::copy_options::recursive);
        fs::copy(source / "templates", root_ / "templates", fs::copy_options::recursive);
        write("config/warmcall.toml", good_config);
        write("config/old_secret", "the old one\n");
    }
    ~Folder() { fs::remove_all(root_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    void write(const std::string& name, const std::string& text) const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream{root_ / name, std::ios::binary} << text;
    }
    void remove(const std::string& name) const { fs::remove_all(root_ / name); }
    fs::path path(const std::string& name) const { return root_ / name; }

    // The good configuration with `what` replaced, as read.
    ReadSettings with(const std::string& what, const std::string& instead) const {
        std::string text = good_config;
        const auto at = text.find(what);
        REQUIRE(at != std::string::npos);
        write("config/warmcall.toml", text.replace(at, what.size(), instead));
        return read();
    }
    ReadSettings read(Secrets secrets = Secrets::needed) const {
        const auto& known = environment;
        return read_settings(
            root_ / "config/warmcall.toml",
            [known](const std::string& name) -> std::optional<std::string> {
                const auto found = known.find(name);
                return found == known.end() ? std::nullopt : std::optional{found->second};
            },
            secrets);
    }

    std::map<std::string, std::string> environment{{"WA_TOKEN", "canary-token"},
                                                   {"WA_APP_SECRET", "canary-secret"},
                                                   {"WA_VERIFY", "canary-verify"}};

 private:
    fs::path root_;
};

std::string all(const ReadSettings& read) {
    std::string text;
    for (const Problem& problem : read.problems)
        text += problem.sentence + "\n";
    return text;
}

// The one thing that is wrong: its line and its sentence.
void complains(const ReadSettings& read, int line, const std::string& sentence) {
    INFO(all(read));
    REQUIRE(read.problems.size() == 1);
    const std::string& said = read.problems.front().sentence;
    CHECK(said.find("warmcall.toml:" + std::to_string(line) + ": ") != std::string::npos);
    CHECK(said.find(sentence) != std::string::npos);
}

int line_of(const std::string& text) {
    const std::string config = good_config;
    const auto at = config.find(text);
    REQUIRE(at != std::string::npos);
    return 1 + static_cast<int>(std::count(config.begin(),
                                           config.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace

TEST_CASE("a configuration that is in order is read into values") {
    const Folder folder;
    const auto read = folder.read();
    INFO(all(read));
    REQUIRE(read.problems.empty());
    const Settings& s = read.settings;
    CHECK(s.company == "Kestrel Foods");
    CHECK(s.default_region == "IN");
    CHECK(s.server.public_url == "https://warmcall.example.com");
    CHECK(s.store_url == "sqlite:" + folder.path("config/data/warmcall.db").string());
    REQUIRE(s.channels.size() == 1);
    const Account& account = s.channels[0].account;
    CHECK(account.base_url == "https://graph.facebook.com");
    CHECK(account.public_url == "https://warmcall.example.com");
    CHECK(account.settings.at("phone_number_id") == "300000000000002");
    CHECK(account.secrets.at("access_token").at(0).reveal() == "canary-token");
    REQUIRE(account.secrets.at("app_secret").size() == 2);
    CHECK(account.secrets.at("app_secret")[1].reveal() == "the old one");
    CHECK_FALSE(account.settings.contains("access_token"));
    REQUIRE(s.plan.reps.size() == 2);
    const core::Rep& joel = s.plan.reps.at(core::RepId{"joel"});
    CHECK(joel.phone == "+919876543210");
    CHECK(joel.stand_in.value == "mira");
    CHECK(joel.hours.days[0].size() == 1);  // office hours where none are given
    CHECK(joel.hours.days[6].empty());
    CHECK(s.plan.reps.at(core::RepId{"mira"}).hours.days[0].size() == 2);
    CHECK(s.plan.cadences.contains("gentle"));
    CHECK(s.plan.calendar.countries.contains(""));
    CHECK_FALSE(s.plan.replies.stop.sorted().empty());
    CHECK(s.plan.channels.size() == 1);
    CHECK(s.plan.templates.find("wellbeing", "en") != nullptr);
}

TEST_CASE("a company of ten thousand reps is read, and a file beyond all reason is not") {
    const Folder folder;
    std::string text = good_config;
    constexpr std::size_t more = 10'000;
    for (std::size_t i = 0; i < more; ++i) {
        const std::string number = std::to_string(i);
        text += "\n[[rep]]\nid = \"rep" + number + "\"\nname = \"Rep " + number +
                "\"\nzone = \"Europe/Madrid\"\nstand_in = \"mira\"\n"
                "hours = { mon = [\"10:00-14:00\"], tue = [\"16:00-20:00\"] }\n";
    }
    folder.write("config/warmcall.toml", text);
    const auto read = folder.read();
    INFO(all(read));
    REQUIRE(read.problems.empty());
    CHECK(read.settings.plan.reps.size() == more + 2);
    folder.write("config/warmcall.toml", text + std::string(16 * 1024 * 1024, '\n'));
    CHECK(all(folder.read()).find("larger than 16777216 bytes") != std::string::npos);
}

TEST_CASE("the configuration that is shipped is in order") {
    Folder folder;
    const fs::path source{WARMCALL_SOURCE_DIR};
    for (const char* name : {"config/warmcall.toml", "config/demo.toml"}) {
        const auto read = read_settings(
            source / name,
            [](const std::string& variable) -> std::optional<std::string> {
                if (variable.ends_with("LISTEN"))
                    return "127.0.0.1:1";
                if (variable.ends_with("STORE"))
                    return "sqlite:/nowhere/warmcall.db";
                if (variable.ends_with("URL"))
                    return "http://127.0.0.1:2";
                return "1";
            },
            Secrets::unasked);
        INFO(name << "\n" << all(read));
        CHECK(read.problems.empty());
    }
}

TEST_CASE("an unknown key is an error that names its line and what was probably meant") {
    const Folder folder;
    complains(folder.with("public_url", "publik_url"), line_of("public_url"),
              "unknown key \"publik_url\"; did you mean \"public_url\"?");
    complains(folder.with("company", "firm"), 1, "unknown key \"firm\"; expected one of company");
    complains(folder.with("stand_in", "standin"), line_of("stand_in"),
              "did you mean \"stand_in\"?");
}

TEST_CASE("how long a provider may take to answer is between a second and what the lease covers") {
    const Folder folder;
    const auto patient = folder.with("[store]", "send_timeout = \"5s\"\n[store]");
    CHECK(all(patient).empty());
    CHECK(patient.settings.server.send_timeout == std::chrono::seconds{5});
    const auto endless = folder.with("[store]", "send_timeout = \"41s\"\n[store]");
    CHECK_THAT(all(endless), Catch::Contains("\"1s\" to \"40s\""));
}

TEST_CASE("a channel sends as fast as its provider allows, unless the file says otherwise") {
    const Folder folder;
    const Rates usual = folder.read().settings.channels.front().rates;
    CHECK(usual.per_second == 80);
    CHECK(usual.people_per_day == 250);
    const auto own =
        folder.with("waba_id =",
                    "per_second = 20\npeople_per_day = 2000\nportfolio = \"acme\"\n"
                    "account_per_second = 0.5\npair_gap = \"9s\"\ncost = 3\nwaba_id =");
    CHECK(all(own) == "");
    const ChannelSettings& channel = own.settings.channels.front();
    CHECK(channel.rates.per_second == 20);
    CHECK(channel.rates.account_per_second == 0.5);
    CHECK(channel.rates.people_per_day == 2000);
    CHECK(channel.rates.pair_gap == std::chrono::seconds{9});
    CHECK(channel.portfolio == "acme");
    CHECK(own.settings.plan.channels.front().cost == 3);
    const auto wrong = [&](const std::string& line, const std::string& sentence) {
        complains(folder.with("waba_id =", line + "\nwaba_id ="), line_of("waba_id"), sentence);
    };
    wrong("people_per_day = \"many\"", "250, 2000, 10000 or 100000; 0 where there is no limit");
    wrong("people_per_day = -1", "250, 2000, 10000 or 100000");
    wrong("per_second = 0", "expected how many messages a second, from 0.01 to 10000");
    wrong("account_per_second = \"50\"", "expected how many messages a second");
    wrong("cost = 10", "expected a class from 0 (free) to 9 (dear)");
    wrong("peple_per_day = 250", "peple_per_day");
}

TEST_CASE("an unknown key of a channel is an error that names its line") {
    const Folder folder;
    const auto read = folder.with("waba_id =", "colour = \"blue\"\nwaba_id =");
    complains(read, line_of("waba_id"), "colour");
}

TEST_CASE("several mistakes are reported together") {
    const Folder folder;
    auto read = folder.with("\"Asia/Kolkata\"", "\"Asia/Atlantis\"");
    CHECK(read.problems.size() == 1);
    std::string text = good_config;
    text.replace(text.find("Asia/Kolkata"), 12, "Asia/Atlantis");
    text.replace(text.find("10:00-14:00"), 11, "14:00-10:00");
    text.replace(text.find("listen = \"127.0.0.1:8080\""), 25, "listen = 8080");
    text.replace(text.find("\"mira\"\n\n"), 6, "\"miro\"");
    folder.write("config/warmcall.toml", text);
    read = folder.read();
    INFO(all(read));
    CHECK(read.problems.size() == 4);
    const std::string said = all(read);
    CHECK(said.find("unknown time zone \"Asia/Atlantis\"") != std::string::npos);
    CHECK(said.find("14:00-10:00") != std::string::npos);
    CHECK(said.find("expected a text in quotes, found a number") != std::string::npos);
    CHECK(said.find("there is no rep with the id \"miro\"") != std::string::npos);
}

TEST_CASE("a secret in the file itself is refused and not repeated") {
    const Folder folder;
    for (const char* key : {"access_token", "verify_token"}) {
        const std::string was =
            std::string{key} + " = \"env:" + (key[0] == 'a' ? "WA_TOKEN" : "WA_VERIFY") + "\"";
        const auto read = folder.with(was, std::string{key} + " = \"EAAGcanary\"");
        complains(read, line_of(was), "a secret must not stand in this file");
        CHECK(all(read).find("EAAGcanary") == std::string::npos);
    }
    const auto rotated = folder.with("\"file:old_secret\"", "\"EAAGcanary\"");
    complains(rotated, line_of("app_secret"), "expected \"env:NAME\"");
    CHECK(all(rotated).find("EAAGcanary") == std::string::npos);
}

TEST_CASE("a secret that is not there is named, and never another one shown") {
    Folder folder;
    folder.environment.erase("WA_TOKEN");
    complains(folder.read(), line_of("access_token"),
              "the environment variable WA_TOKEN is not set");
    CHECK(folder.read(Secrets::unasked).problems.empty());
    folder.environment["WA_TOKEN"] = "canary-token";
    folder.remove("config/old_secret");
    complains(folder.read(), line_of("app_secret"), "old_secret: there is no such file");
    folder.write("config/old_secret", "\n");
    complains(folder.read(), line_of("app_secret"), "the file is empty");
    CHECK(all(folder.read()).find("canary") == std::string::npos);
}

TEST_CASE("three values of one secret are one too many") {
    const Folder folder;
    complains(folder.with("\"file:old_secret\"]", "\"file:old_secret\", \"env:WA_TOKEN\"]"),
              line_of("app_secret"), "two while the secret is being rotated");
}

TEST_CASE("text that is not TOML is named by its line") {
    const Folder folder;
    const auto read = folder.with("listen = \"127.0.0.1:8080\"", "listen = 127.0.0.1:8080");
    REQUIRE(read.problems.size() >= 1);
    CHECK(read.problems[0].sentence.find("warmcall.toml:" + std::to_string(line_of("listen"))) !=
          std::string::npos);
}

TEST_CASE("a file that is not there is said so") {
    const auto read = read_settings("/nowhere/warmcall.toml", process_environment());
    REQUIRE(read.problems.size() == 1);
    CHECK(read.problems[0].sentence == "/nowhere/warmcall.toml: there is no such file");
}

TEST_CASE("a value of the wrong form says what was expected") {
    const Folder folder;
    complains(folder.with("\"https://warmcall.example.com/\"", "\"warmcall.example.com\""),
              line_of("public_url"), "such as \"https://warmcall.example.com\"");
    complains(folder.with("sqlite:data/warmcall.db", "mysql:x"), line_of("sqlite:"),
              "expected \"sqlite:PATH\"");
    complains(folder.with("127.0.0.1:8080", "127.0.0.1"), line_of("listen"), "\"ADDRESS:PORT\"");
    complains(folder.with("\"IN\"", "\"India\""), line_of("\"IN\""), "two capital letters");
    complains(folder.with("whatsapp_cloud", "whatsap_cloud"), line_of("whatsapp_cloud"),
              "did you mean \"whatsapp_cloud\"?");
    complains(folder.with("+91 98765 43210", "12"), line_of("+91 98765"),
              "this is not a phone number");
    CHECK(all(folder.with("[[channel]]", "[channel]"))
              .find("warmcall.toml:" + std::to_string(line_of("[[channel]]")) +
                    ": expected [[channel]] with double brackets") != std::string::npos);
}

TEST_CASE("an id must be short, plain and its own") {
    const Folder folder;
    complains(
        folder.with("stand_in = \"mira\"\n\n[[rep]]\nid = \"mira\"", "\n\n[[rep]]\nid = \"joel\""),
        line_of("id = \"mira\""), "is taken");
    complains(folder.with("stand_in = \"mira\"\n\n[[rep]]\nid = \"mira\"",
                          "\n\n[[rep]]\nid = \"Mira B\""),
              line_of("id = \"mira\""), "small letters");
}

TEST_CASE("a cadence whose template is missing cannot be activated") {
    const Folder folder;
    folder.remove("templates/en/call_me_back.txt");
    const auto read = folder.read();
    INFO(all(read));
    REQUIRE_FALSE(read.problems.empty());
    CHECK(read.problems[0].part == Problem::Part::templates);
    CHECK(all(read).find("there is no templates/en/call_me_back.txt") != std::string::npos);
}

TEST_CASE("a cadence whose text has business in it cannot be activated, and the words are shown") {
    const Folder folder;
    folder.write("templates/en/wellbeing.txt",
                 "kind: wellbeing\ncategory: marketing\n---\nHi {{name}}, {{rep}} here. Get 20% "
                 "off at https://x.example today!\n");
    const auto read = folder.read();
    INFO(all(read));
    REQUIRE(read.problems.size() == 1);
    CHECK(read.problems[0].part == Problem::Part::templates);
    CHECK(read.problems[0].sentence.find("templates/en/wellbeing.txt is not fit to send") !=
          std::string::npos);
    CHECK(read.problems[0].sentence.find("https://x.example") != std::string::npos);
}

TEST_CASE("a cadence file with a mistake is named by file and line") {
    const Folder folder;
    folder.write("config/cadences/fast.toml", "title = \"Fast\"\nlead_tyme = \"4m\"\n");
    const auto read = folder.read();
    REQUIRE(read.problems.size() == 1);
    CHECK(read.problems[0].part == Problem::Part::cadences);
    CHECK(read.problems[0].sentence.find("fast.toml:2: ") != std::string::npos);
}

TEST_CASE("without the words for STOP nothing starts") {
    const Folder folder;
    folder.remove("config/replies");
    fs::create_directories(folder.path("config/replies"));
    const auto read = folder.read();
    REQUIRE(read.problems.size() == 1);
    CHECK(read.problems[0].part == Problem::Part::replies);
}

TEST_CASE("without a rule for unknown countries nothing starts") {
    const Folder folder;
    folder.remove("config/calendars");
    fs::create_directories(folder.path("config/calendars"));
    const auto read = folder.read();
    REQUIRE(read.problems.size() == 1);
    CHECK(read.problems[0].part == Problem::Part::calendars);
}

TEST_CASE("any text may come from the environment") {
    Folder folder;
    folder.environment["LISTEN"] = "127.0.0.1:9999";
    CHECK(folder.with("127.0.0.1:8080", "env:LISTEN").settings.server.listen == "127.0.0.1:9999");
    folder.environment.clear();
    const auto read = folder.with("127.0.0.1:8080", "env:LISTEN");
    CHECK(all(read).find("LISTEN is not set") != std::string::npos);
}

TEST_CASE("without a public address we are called where we listen") {
    const Folder folder;
    const auto read = folder.with("public_url = \"https://warmcall.example.com/\"\n", "");
    INFO(all(read));
    CHECK(read.problems.empty());
    CHECK(read.settings.server.public_url == "http://127.0.0.1:8080");
}
