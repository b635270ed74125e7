// People who ask to be erased: who they were and what was said goes, and nothing is sent to them
// again.

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/open.hpp"
#include "core/phone.hpp"
#include "store/registry.hpp"

namespace warmcall::cli {
namespace {

struct EraseOptions {
    std::filesystem::path config;
    std::vector<std::string> numbers;
    bool yes = false;
    bool vacuum = false;
};

constexpr const char* what_is_promised = R"(
What goes: name, numbers and ids, topic, preferences, what they wrote and what was written to them,
the raw webhooks that name them, what the reps were told; of records merged with theirs as well.
What is under way ends first, as when they ask to stop.

What stays, under a number: what happened when and by whom, where and when consent was given and
taken back, and a keyed hash of each of their numbers, so that nothing goes to whoever is added or
imported with one.

On SQLite they are in no byte of the database and its -wal when the command ends, or as soon as
whoever reads just then has ended. A database that an older warmcall has written, needs
--vacuum once for that; one of 32 GiB and more needs it each time.
On PostgreSQL the tables hold them no more, and are vacuumed; its write-ahead log, archives and
replicas do until they are recycled, and free space of its files until --vacuum.
Backups made before, your logs and spreadsheets, and the providers still hold them.)";

// All of them or none: who is erased cannot be brought back.
Result<json> read_phones(const EraseOptions& options, const Settings& settings) {
    json phones = json::array();
    for (const std::string& number : options.numbers) {
        const auto phone = core::read_phone(number, settings.default_region);
        if (!phone)
            return Error{Errc::bad_input,
                         number + ": " + phone.error().message + "; nobody was erased"};
        phones.push_back(phone->e164);
    }
    return phones;
}

Result<void> confirmed(const EraseOptions& options) {
    if (options.yes || options.numbers.empty())
        return {};
    if (::isatty(STDIN_FILENO) != 1)
        return Error{Errc::refused,
                     "this cannot be undone: say --yes if it is meant; nobody was erased"};
    std::printf("Who has %s is erased, and cannot be brought back. Type \"erase\" to go on: ",
                options.numbers.size() == 1 ? "this number" : "one of these numbers");
    std::fflush(stdout);
    std::string typed;
    std::getline(std::cin, typed);
    if (typed != "erase")
        return Error{Errc::refused, "nobody was erased"};
    return {};
}

std::string count(const json& answer, const char* what, const char* one, const char* several) {
    const auto n = answer.at(what).get<std::int64_t>();
    return std::to_string(n) + " " + (n == 1 ? one : several);
}

int say(const json& answer) {
    std::printf("%s erased, with %s, %s and %s that named them.\n",
                count(answer, "people", "person", "people").c_str(),
                count(answer, "messages", "text", "texts").c_str(),
                count(answer, "replies", "reply", "replies").c_str(),
                count(answer, "deliveries", "raw webhook", "raw webhooks").c_str());
    if (answer.at("people") != 0)
        std::printf(
            "What stays does not say who they were: what happened when, the proof of consent, and a keyed hash of each\n"
            "number, so that nothing goes to it when it is added again.\n");
    std::printf("Backups made before still hold them: erase again after putting one back.\n");
    if (const auto left = answer.value("left", std::string{}); !left.empty())
        std::printf("%s\n", left.c_str());
    const json& unknown = answer.at("unknown");
    for (const json& phone : unknown)
        complain(phone.get<std::string>() +
                 " is no contact's number, or of somebody who was erased before: it would be "
                 "written to if it were added and is not on that list");
    return unknown.empty() ? succeeded : failed;
}

// Nobody else may be writing: the files are written anew.
int vacuum(const Desk& desk, const Settings& settings) {
    if (desk.beside_gateway())
        return complain("a gateway is running on " + store_name(settings.store_url) +
                        ": stop it first, --vacuum writes the files anew");
    const std::string left = desk.store().clean_up(Store::CleanUp::all_anew);
    std::printf("Everything was written anew, without what nothing stands in any more.\n");
    if (!left.empty())
        std::printf("%s\n", left.c_str());
    return succeeded;
}

int run_erase(const EraseOptions& options) {
    auto settings = load_settings(options.config, Secrets::unasked);
    if (!settings)
        return complain(settings.error().message);
    const auto phones = read_phones(options, *settings);
    if (!phones)
        return complain(phones.error().message);
    const auto desk = Desk::open(*settings, Desk::Missing::is_made);
    if (!desk)
        return complain(desk.error().message);
    if (options.vacuum && desk->beside_gateway())
        return vacuum(*desk, *settings);  // says why not, before anybody is erased
    if (const auto sure = confirmed(options); !sure)
        return complain(sure.error().message);
    int result = succeeded;
    if (!options.numbers.empty()) {
        const auto answer = desk->carry_out({{"do", "erase"}, {"phones", *phones}});
        if (!answer)
            return complain(answer.error().message);
        result = say(*answer);
    }
    if (options.vacuum)
        result = std::max(result, vacuum(*desk, *settings));
    return result;
}

}  // namespace

Run erase(CLI::App& app) {
    const auto options = std::make_shared<EraseOptions>();
    add_config(app, options->config);
    auto* numbers = app.add_option("NUMBER", options->numbers, "Their phone numbers");
    app.add_flag("--yes", options->yes, "Without asking whether it is meant");
    auto* vacuum =
        app.add_flag("--vacuum", options->vacuum,
                     "Also writes all files of the store anew, for databases that an older "
                     "warmcall has written; with warmcall stopped");
    app.footer(app.get_footer() + "\n" + what_is_promised);
    return [options, numbers, vacuum] {
        if (numbers->empty() && vacuum->empty()) {
            complain("whose NUMBER? See warmcall erase --help");
            return usage;
        }
        return run_erase(*options);
    };
}

}  // namespace warmcall::cli
