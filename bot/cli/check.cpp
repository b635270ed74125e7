// Is everything in order before the first message leaves: the configuration, the texts, and the
// providers' answer to our credentials. Sends nothing to anybody.

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "core/calendar.hpp"
#include "core/gate.hpp"
#include "net/client.hpp"
#include "ports/system.hpp"
#include "providers/account.hpp"
#include "settings/settings.hpp"
#include "store/registry.hpp"

namespace warmcall::cli {
namespace {

namespace asio = boost::asio;

constexpr core::Duration connect_limit = std::chrono::seconds{10};
constexpr core::Duration answer_limit = std::chrono::seconds{15};

struct CheckOptions {
    std::filesystem::path config;
    bool offline = false;
};

void line(std::string_view mark, std::string_view what, std::string_view text) {
    std::printf("%s %-10.*s %.*s\n", std::string{mark}.c_str(), static_cast<int>(what.size()),
                what.data(), static_cast<int>(text.size()), text.data());
}

// Texts of several lines stand below their mark.
void indented(const std::string& text) {
    std::size_t from = 0;
    while (from <= text.size()) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        std::printf("    %s\n", text.substr(from, end - from).c_str());
        from = end + 1;
    }
}

std::string count(std::size_t n, const std::string& one, const std::string& many) {
    return std::to_string(n) + " " + (n == 1 ? one : many);
}

struct Part {
    Problem::Part part;
    const char* name;
    std::string fine;
};

std::vector<Part> parts(const Settings& s) {
    std::string cadences;
    for (const auto& [name, cadence] : s.plan.cadences)
        cadences += (cadences.empty() ? "" : ", ") + name;
    return {
        {Problem::Part::config, "config",
         count(s.channels.size(), "channel", "channels") + ", " +
             count(s.plan.reps.size(), "rep", "reps") + ", " + store_name(s.store_url)},
        {Problem::Part::cadences, "cadences", cadences},
        {Problem::Part::calendars, "calendars",
         count(s.plan.calendar.countries.size(), "set of rules", "sets of rules")},
        {Problem::Part::replies, "replies",
         count(s.plan.replies.stop.sorted().size(), "word", "words") + " for STOP"},
        {Problem::Part::templates, "templates",
         count(s.plan.templates.templates.size(), "text", "texts") + ", fit to send"},
    };
}

// Prints one line a part; whether all of them are in order.
bool print(const ReadSettings& read) {
    const bool unread = read.settings.plan.cadences.empty();  // the file that names the folders
    for (const Part& part : parts(read.settings)) {
        const auto of_this = [&](const Problem& problem) { return problem.part == part.part; };
        if (unread && part.part != Problem::Part::config &&
            std::none_of(read.problems.begin(), read.problems.end(), of_this)) {
            line("–", part.name, "not read");
            continue;
        }
        if (std::none_of(read.problems.begin(), read.problems.end(), of_this)) {
            line("✓", part.name, part.fine);
            continue;
        }
        line("✗", part.name, "");
        for (const Problem& problem : read.problems)
            if (of_this(problem))
                indented(problem.sentence);
    }
    return read.problems.empty();
}

// "https://host:1/x" → "https://host:1"
std::string origin_of(const std::string& url) {
    const std::size_t scheme = url.find("://");
    return url.substr(0, scheme == std::string::npos ? scheme : url.find('/', scheme + 3));
}

struct Probe {
    const Account* account = nullptr;
    std::optional<std::string> problem = "no answer";
};

asio::awaitable<std::optional<std::string>> ask(Transport& transport, const Account& account) {
    const Provider& provider = *find_provider(account.provider);
    HttpRequest request = provider.build_probe(account, SystemClock{}.now());
    auto connection = co_await transport.connect(origin_of(request.url), connect_limit);
    if (!connection)
        co_return connection.error().message;
    const Exchange exchange = co_await (*connection)->exchange(std::move(request), answer_limit);
    if (exchange.progress != Exchange::Progress::answered)
        co_return account.base_url + " did not answer: " + exchange.problem;
    co_return provider.read_probe(account, exchange.response);
}

// Every channel's credentials, all asked at once.
std::vector<Probe> ask_all(const Settings& settings) {
    asio::io_context context;
    const auto transport = net::make_transport(context);
    std::vector<Probe> probes;
    for (const ChannelSettings& channel : settings.channels)
        probes.push_back({&channel.account});
    for (Probe& probe : probes)
        asio::co_spawn(context, ask(*transport, *probe.account),
                       [&probe](std::exception_ptr failure, std::optional<std::string> problem) {
                           if (!failure)
                               probe.problem = std::move(problem);
                       });
    context.run();
    return probes;
}

bool check_channels(const Settings& settings) {
    bool fine = true;
    for (const Probe& probe : ask_all(settings)) {
        const std::string who = probe.account->id.value + " (" + probe.account->provider + ")";
        if (!probe.problem) {
            line("✓", "channel", who + ": the credentials work");
            continue;
        }
        fine = false;
        line("✗", "channel", who);
        indented(*probe.problem);
    }
    return fine;
}

// Somebody in that country who agreed, at a decent hour: which way a first text would take to them,
// and why not another.
std::string way_to(const core::Plan& plan, const std::string& region,
                   const std::vector<std::string>& agreed_to = {}) {
    core::Case somebody;
    somebody.contact.addresses = {{core::AddressKind::phone, "+0"}};
    somebody.contact.region = region;
    somebody.contact.language = "en";
    somebody.contact.zones = {"UTC"};
    somebody.contact.consent = core::Consent{};
    somebody.contact.consent->covers = agreed_to;
    const core::Timestamp now = SystemClock{}.now();
    const auto at = core::next_decent(plan.calendar, somebody.contact, now);
    const std::vector<core::Route> ways = core::preview(plan, somebody, at.value_or(now));
    const core::Route chosen = core::choose(ways);
    return chosen.verdict.go() ? core::explain(chosen, ways)
                               : "no text, only the call: " + chosen.verdict.sentence;
}

// Countries that are alike stand in one line; those that no rule tells apart are "elsewhere".
void print_routes(const Settings& settings) {
    const std::string usual = way_to(settings.plan, "");
    std::map<std::string, std::string> countries;  // by their way
    for (const auto& [region, rules] : settings.plan.calendar.countries) {
        const std::string way = region.empty() ? usual : way_to(settings.plan, region);
        if (way != usual)
            countries[way] += (countries[way].empty() ? "" : ", ") + region;
    }
    line("✓", "routes", usual);
    for (const auto& [way, regions] : countries)
        line("✓", "routes", regions + ": " + way);
    // Who agreed to one way only; where there is but one, that is said above.
    if (settings.plan.channels.size() > 1)
        for (const char* way : {"whatsapp", "sms"})
            line(
                "✓", "routes",
                "who agreed to " + std::string{way} + " only: " + way_to(settings.plan, "", {way}));
}

void print_limits(const Settings& settings) {
    for (const ChannelSettings& channel : settings.channels) {
        const Rates& rates = channel.rates;
        char rate[32];
        std::snprintf(rate, sizeof rate, "%g", rates.per_second);
        line("✓", "limits",
             channel.account.id.value + ": " + rate + " a second" +
                 (rates.people_per_day == 0 ? ""
                                            : ", " + std::to_string(rates.people_per_day) +
                                                  " new people in 24 hours (people_per_day)"));
    }
}

// What can be read, and will not do what is wanted of it.
void print_doubts(const Settings& settings) {
    if (settings.channels.empty())
        line("!", "config",
             "there is no [[channel]]: nothing can be sent, and nobody's reply comes in");
    for (const ChannelSettings& channel : settings.channels)
        if (channel.medium == core::Medium::sms && is_sender_name(setting(channel.account, "from")))
            line("!", "channel",
                 channel.account.id.value +
                     ": from is a name, so nobody can answer its texts or say STOP. Texts that ask "
                     "how somebody is do not belong there: give it a number");
    if (settings.plan.reps.empty())
        line("!", "config", "there is no [[rep]]: nobody is there to call");
    for (const auto& [id, rep] : settings.plan.reps) {
        if (rep.stand_in == id || rep.lead == id)
            line("!", "config",
                 "rep \"" + id.value +
                     "\" stands in for, or leads, themselves: nobody else is told");
        const core::Template* notice = settings.plan.templates.find("rep_notice", rep.language);
        if (rep.channel && notice != nullptr && notice->language == "en" &&
            !rep.language.starts_with("en"))
            line("!", "templates",
                 "rep \"" + id.value + "\" is told in English: there is no templates/" +
                     rep.language + "/rep_notice.txt");
    }
}

int run_check(const CheckOptions& options) {
    const ReadSettings read = read_settings(options.config, process_environment());
    const bool in_order = print(read);
    if (in_order && !read.settings.channels.empty()) {
        print_routes(read.settings);
        print_limits(read.settings);
    }
    if (in_order)
        print_doubts(read.settings);
    bool answered = true;
    if (options.offline || !in_order)
        for (const ChannelSettings& channel : read.settings.channels)
            line("–", "channel", channel.account.id.value + ": not asked");
    else
        answered = check_channels(read.settings);
    return in_order && answered ? succeeded : failed;
}

}  // namespace

Run check(CLI::App& app) {
    const auto options = std::make_shared<CheckOptions>();
    add_config(app, options->config);
    app.add_flag("--offline", options->offline,
                 "Do not ask the providers whether the credentials work");
    return [options] { return run_check(*options); };
}

}  // namespace warmcall::cli
