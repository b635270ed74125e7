// The channels in config/warmcall.toml that are commented out: each is in order once it is not.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "settings/settings.hpp"
#include "support/catch.hpp"

namespace fs = std::filesystem;
using namespace warmcall;

namespace {

const fs::path source{WARMCALL_SOURCE_DIR};

// A copy of the installation's configuration, with every commented [[channel]] brought to life.
class Uncommented {
 public:
    explicit Uncommented(const std::string& further = "") {
        std::string name = (fs::temp_directory_path() / "warmcall-channels-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr)
            throw std::runtime_error{"no temporary folder"};
        root_ = name;
        fs::copy(source / "config", root_ / "config", fs::copy_options::recursive);
        fs::copy(source / "templates", root_ / "templates", fs::copy_options::recursive);
        std::ifstream in{source / "config/warmcall.toml"};
        std::ofstream out{root_ / "config/warmcall.toml"};
        bool inside = false;
        for (std::string line; std::getline(in, line);) {
            inside = line.starts_with("# [[channel]]") || (inside && line.starts_with("# "));
            out << (inside ? line.substr(2) : line) << "\n";
            if (inside && line.find("\"twilio_whatsapp\"") != std::string::npos)
                out << further;
        }
        fs::copy_file(source / "tests/golden/vonage_whatsapp/private_key.pem",
                      root_ / "config/vonage.key");
    }
    ~Uncommented() { fs::remove_all(root_); }
    Uncommented(const Uncommented&) = delete;
    Uncommented& operator=(const Uncommented&) = delete;

    ReadSettings read() const {
        return read_settings(root_ / "config/warmcall.toml", [](const std::string&) {
            return std::optional<std::string>{"invented-and-long-enough-0123456789"};
        });
    }

 private:
    fs::path root_;
};

std::string told(const ReadSettings& read) {
    std::string all;
    for (const Problem& problem : read.problems)
        all += problem.sentence + "\n";
    return all;
}

}  // namespace

TEST_CASE("the commented channels of the example are in order once they are brought to life") {
    const std::string every_text = R"(content_call_me_back = "HX00000000000000000000000000000001"
content_wellbeing = "HX00000000000000000000000000000002"
)";
    const ReadSettings read = Uncommented{every_text}.read();
    CHECK(told(read) == "");
    std::set<std::string> providers;
    for (const ChannelSettings& channel : read.settings.channels)
        providers.insert(channel.account.provider);
    CHECK(providers == std::set<std::string>{"whatsapp_cloud", "twilio_sms", "twilio_whatsapp",
                                             "kannel", "telnyx", "vonage_sms"});
}

TEST_CASE("every provider has a rate of its own, and only WhatsApp counts people") {
    for (const ChannelSettings& channel : Uncommented{}.read().settings.channels) {
        INFO(channel.account.provider);
        CHECK(channel.rates.per_second > 0);
        CHECK((channel.rates.people_per_day == 250) == (channel.medium == core::Medium::whatsapp));
        CHECK((channel.account.provider != "twilio_sms" || channel.rates.per_second == 1));
    }
}

TEST_CASE("a text that a channel's provider would not take is a problem that names both") {
    const std::string problems = told(Uncommented{}.read());
    CHECK(problems.find("wellbeing.txt cannot go out over channel \"whatsapp\"") !=
          std::string::npos);
    CHECK(problems.find("content_wellbeing_hi") != std::string::npos);
}
