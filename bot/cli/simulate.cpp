// A user's rehearsal: the whole service with their cadence, texts and contacts, days in seconds,
// and nothing is sent.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "cli/commands.hpp"
#include "core/calendar.hpp"
#include "ports/system.hpp"
#include "settings/settings.hpp"
#include "simulator/simulation.hpp"
#include "store/registry.hpp"
#include "support/log.hpp"
#include "web/import_csv.hpp"

namespace warmcall::cli {
namespace {

struct SimulateOptions {
    std::filesystem::path config;
    std::filesystem::path contacts;
    std::string cadence = "gentle";
    int days = 14;
    std::uint64_t seed = 1;
    bool faults = false;
};

Result<std::vector<NewContact>> contacts_of(const Settings& settings,
                                            const SimulateOptions& given) {
    std::vector<NewContact> contacts;
    if (given.contacts.empty()) {
        return contacts;
    }
    std::ifstream in{given.contacts, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in) {
        return Error{Errc::io, given.contacts.string() + ": cannot be read"};
    }
    const auto table = web::read_csv(text);
    if (!table) {
        return Error{Errc::bad_input, given.contacts.string() + ": " + table.error().message};
    }
    const auto columns = web::guess_columns(table->header.fields);
    if (!columns) {
        return Error{Errc::bad_input, given.contacts.string() + ": " + columns.error().message};
    }
    const core::RepId first =
        settings.plan.reps.empty() ? core::RepId{} : settings.plan.reps.begin()->first;
    web::ImportRules rules;
    rules.rep = first;
    rules.region = settings.default_region;
    web::RowChecker checker{settings.plan, rules, *columns, SystemClock{}.now()};
    std::optional<web::Reject> first_left_out;
    for (const web::CsvRow& row : table->rows) {
        auto checked = checker.check(row);
        if (auto* good = std::get_if<web::ImportRow>(&checked)) {
            if (!good->add.contact.consent) {  // a rehearsal writes to nobody
                good->add.contact.consent = core::Consent{"rehearsal", {}, {}};
            }
            contacts.push_back(std::move(good->add));
        } else if (!first_left_out) {
            first_left_out = std::get<web::Reject>(std::move(checked));
        }
    }
    if (first_left_out) {
        const std::string first_reason = "line " + std::to_string(first_left_out->line) + ": " +
                                         first_left_out->reason +
                                         " (`warmcall import --dry-run` lists them all)";
        if (contacts.empty()) {
            return Error{Errc::bad_input,
                         given.contacts.string() + ": no row can be used; " + first_reason};
        }
        std::fprintf(stderr, "%zu rows are left out; %s\n", table->rows.size() - contacts.size(),
                     first_reason.c_str());
    }
    return contacts;
}

std::string two(unsigned n) {
    return (n < 10 ? "0" : "") + std::to_string(n);
}

// To a column of ten letters: printf counts bytes, of which an ü has two.
std::string padded(std::string name) {
    const auto letters = std::ranges::count_if(
        name, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    name.append(static_cast<std::size_t>(std::max<std::ptrdiff_t>(10 - letters, 0)), ' ');
    return name;
}

void print_day(const std::string& day) {
    std::printf("\n%s\n", day.c_str());
}

void print(const simulator::Report& report, const std::string& zone, core::Timestamp begin) {
    std::string shown;
    const core::LocalTime first = core::local(begin, zone);
    for (const simulator::StoryLine& line : report.story) {
        const core::LocalTime at = core::local(line.at, zone);
        const auto n =
            (std::chrono::sys_days{at.day} - std::chrono::sys_days{first.day}).count() + 1;
        std::string day = "day " + std::to_string(n) + "  " +
                          std::to_string(static_cast<int>(at.day.year())) + "-" +
                          two(static_cast<unsigned>(at.day.month())) + "-" +
                          two(static_cast<unsigned>(at.day.day()));
        if (day != shown) {
            print_day(day);
            shown = std::move(day);
        }
        const auto minutes = static_cast<unsigned>(at.minutes);
        std::string what = line.what;
        for (std::size_t k = what.find('\n'); k != std::string::npos; k = what.find('\n', k + 1)) {
            what.replace(k, 1, " / ");
        }
        std::printf("  %s:%s  %s %s\n", two(minutes / 60).c_str(), two(minutes % 60).c_str(),
                    padded(line.who).c_str(), what.c_str());
    }
    std::printf(
        "\n%llu texts and prompts left, %llu replies came, %llu calls were made. All times are %s. Nothing was really sent.\n",
        static_cast<unsigned long long>(report.requests),
        static_cast<unsigned long long>(report.replies),
        static_cast<unsigned long long>(report.calls), zone.c_str());
}

int run_simulate(const SimulateOptions& given) {
    const auto settings = load_settings(given.config, Secrets::unasked);
    if (!settings) {
        return complain(settings.error().message);
    }
    if (const auto logging = start_log("error"); !logging) {
        return complain(logging.error().message);
    }
    if (settings->channels.empty()) {
        return complain("the configuration has no channel to send on");
    }
    if (!settings->plan.cadences.contains(given.cadence)) {
        return complain("there is no cadence \"" + given.cadence + "\"");
    }
    auto contacts = contacts_of(*settings, given);
    if (!contacts) {
        return complain(contacts.error().message);
    }
    const ChannelSettings& channel = settings->channels.front();
    Line line{channel.account, find_provider(channel.account.provider), channel.rates,
              channel.portfolio};
    for (const char* name : {"app_secret", "access_token",
                             "verify_token"}) {  // nothing leaves this process, so any will do
        line.account.secrets[name] = {Secret{"rehearsal"}};
    }
    simulator::Options options{.seed = given.seed,
                               .days = given.days,
                               .begin = SystemClock{}.now(),
                               .faults = given.faults,
                               .story = true,
                               .cadence = given.cadence,
                               .contacts = std::move(*contacts)};
    const std::unique_ptr<Store> store = make_store("sqlite::memory:");
    const simulator::Report report = simulator::simulate(options, settings->plan, line, *store);
    const std::string zone =
        settings->plan.reps.empty() ? "UTC" : settings->plan.reps.begin()->second.zone;
    print(report, zone, options.begin);
    for (const std::string& violation : report.violations) {
        std::fprintf(stderr, "warmcall: broken promise: %s\n", violation.c_str());
    }
    if (!report.violations.empty()) {
        std::fprintf(stderr, "replay: warmcall simulate --seed %llu --days %d%s\n",
                     static_cast<unsigned long long>(given.seed), given.days,
                     given.faults ? " --faults" : "");
    }
    return report.violations.empty() ? succeeded : failed;
}

}  // namespace

Run simulate(CLI::App& app) {
    const auto options = std::make_shared<SimulateOptions>();
    add_config(app, options->config);
    app.add_option("--contacts", options->contacts, "Contacts as CSV [a few made-up ones]")
        ->type_name("FILE");
    app.add_option("--cadence", options->cadence, "Which cadence to play")->capture_default_str();
    app.add_option("--days", options->days, "How many days")
        ->check(CLI::Range(1, 366))
        ->capture_default_str();
    app.add_option("--seed", options->seed,
                   "What chance goes by; the same seed gives the same days")
        ->capture_default_str();
    app.add_flag("--faults", options->faults,
                 "With a troubled provider, a bad network, and crashes");
    return [options] { return run_simulate(*options); };
}

}  // namespace warmcall::cli
