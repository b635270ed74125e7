// Plays the providers on this machine, as their own process. The gateway's configuration says what
// there is to play: the accounts, their secrets, where the gateway listens, and the texts, which
// count as approved.

#include "sandbox/sandbox.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "ports/system.hpp"
#include "settings/settings.hpp"
#include "support/log.hpp"
#include "support/read_file.hpp"
#include "web/import_csv.hpp"

namespace warmcall::cli {
namespace {

namespace asio = boost::asio;

struct SandboxOptions {
    std::filesystem::path config;
    std::string channel;
    std::string listen;
    std::string webhook;
    std::string ledger;
    std::string push;
    std::string people;
    std::uint64_t seed = 1;
};

bool can_play(const ChannelSettings& channel) {
    const auto known = sandbox::playable();
    return std::find(known.begin(), known.end(), channel.account.provider) != known.end();
}

// "http://127.0.0.1:9000" → "127.0.0.1:9000"; "" where the address is not one we could listen on.
std::string listen_of(const std::string& base_url) {
    constexpr std::string_view scheme = "http://";
    if (!base_url.starts_with(scheme))
        return {};
    const std::string authority =
        base_url.substr(scheme.size(), base_url.find('/', scheme.size()) - scheme.size());
    return authority.rfind(':') == std::string::npos ? authority + ":80" : authority;
}

std::string with_underscore(std::string language) {
    std::replace(language.begin(), language.end(), '-', '_');
    return language;
}

std::vector<sandbox::Template> templates_of(const core::TemplateBook& book) {
    std::vector<sandbox::Template> made;
    for (const core::Template& t : book.templates) {
        sandbox::Template one;
        one.name = t.provider_name.empty() ? t.name : t.provider_name;
        one.language =
            with_underscore(t.provider_language.empty() ? t.language : t.provider_language);
        one.category = t.category == core::Category::utility ? "UTILITY" : "MARKETING";
        one.body = t.text;
        one.body_variables = t.variables;
        for (const std::string& label : t.buttons)
            one.buttons.push_back({{"type", "QUICK_REPLY"}, {"text", label}});
        made.push_back(std::move(one));
    }
    return made;
}

// The people the page shows: the reps, and those of a contacts file.
Result<std::vector<sandbox::Known>> people_of(const Settings& settings, const std::string& file) {
    std::vector<sandbox::Known> people;
    for (const auto& [id, rep] : settings.plan.reps)
        if (!rep.phone.empty())
            people.push_back({rep.phone, rep.name, true});
    if (file.empty())
        return people;
    const auto text = read_file(file, web::import_bytes_max);
    if (!text)
        return text.error();
    const auto table = web::read_csv(*text);
    if (!table)
        return Error{Errc::bad_input, file + ": " + table.error().message};
    const auto columns = web::guess_columns(table->header.fields);
    if (!columns)
        return Error{Errc::bad_input, file + ": " + columns.error().message};
    web::ImportRules rules;
    rules.region = settings.default_region;
    if (!settings.plan.reps.empty())
        rules.rep = settings.plan.reps.begin()->first;
    web::RowChecker checker{settings.plan, rules, *columns, SystemClock{}.now()};
    for (const web::CsvRow& row : table->rows) {
        const auto checked = checker.check(row);
        if (const auto* good = std::get_if<web::ImportRow>(&checked))
            people.push_back({good->add.contact.addresses.front().value, good->add.contact.name});
    }
    return people;
}

// The channels to play: the one that is named, else all that share an address on this machine with
// the first that has one; with --listen, all.
Result<std::vector<const ChannelSettings*>> channels_of(const Settings& settings,
                                                        const SandboxOptions& given) {
    const bool anywhere = !given.listen.empty() || !given.channel.empty();
    std::vector<const ChannelSettings*> found;
    const ChannelSettings* elsewhere = nullptr;
    std::string address;
    for (const ChannelSettings& channel : settings.channels) {
        if (!can_play(channel) ||
            (!given.channel.empty() && channel.account.id.value != given.channel))
            continue;
        const std::string here = listen_of(channel.account.base_url);
        if (address.empty())
            address = here;
        if (anywhere || (!here.empty() && here == address))
            found.push_back(&channel);
        if (here.empty())
            elsewhere = &channel;
    }
    if (!found.empty() && (!given.listen.empty() || !address.empty()))
        return found;
    if (elsewhere != nullptr)
        return Error{Errc::bad_input,
                     "channel \"" + elsewhere->account.id.value + "\" has base_url " +
                         elsewhere->account.base_url +
                         ", which is not on this machine: say where with --listen 127.0.0.1:PORT"};
    return Error{Errc::bad_input, given.channel.empty()
                                      ? "the configuration has no channel that can be played"
                                      : "there is no channel \"" + given.channel + "\" to play"};
}

sandbox::LineOptions line_of(const Settings& settings, const Account& account) {
    sandbox::LineOptions line;
    line.id = account.id.value;
    line.provider = account.provider;
    line.webhook_url = settings.server.public_url + "/webhooks/" + account.id.value;
    if (!settings.company.empty())
        line.company = settings.company;
    line.settings = account.settings;
    for (const auto& [key, secrets] : account.secrets) {
        if (!secrets.empty())
            line.secrets[key] = secrets.front();  // the newest
    }
    return line;
}

Result<sandbox::Options> options_of(const Settings& settings, const SandboxOptions& given) {
    const auto channels = channels_of(settings, given);
    if (!channels)
        return channels.error();
    if (!given.webhook.empty() && channels->size() > 1)
        return Error{Errc::bad_input,
                     "--webhook is for one channel: say which with --channel, or leave it out"};
    sandbox::Options options;
    options.listen =
        given.listen.empty() ? listen_of(channels->front()->account.base_url) : given.listen;
    options.ledger_path = given.ledger;
    options.push_listen = given.push;
    for (const ChannelSettings* channel : *channels) {
        options.lines.push_back(line_of(settings, channel->account));
        if (!given.webhook.empty())
            options.lines.back().webhook_url = given.webhook;
    }
    options.templates = templates_of(settings.plan.templates);
    options.seed = given.seed;
    auto people = people_of(settings, given.people);
    if (!people)
        return people.error();
    options.people = std::move(*people);
    return options;
}

asio::awaitable<void> stop_on_signal(asio::signal_set& signals, sandbox::Sandbox& sandbox) {
    co_await signals.async_wait(asio::use_awaitable);
    sandbox.stop();
}

int run_sandbox(const SandboxOptions& given) {
    const auto settings = load_settings(given.config);
    if (!settings)
        return complain(settings.error().message);
    if (const auto logging = start_log(settings->log_level); !logging)
        return complain(logging.error().message);
    auto options = options_of(*settings, given);
    if (!options)
        return complain(options.error().message);
    const std::vector<sandbox::LineOptions> lines = options->lines;
    asio::io_context context;
    asio::signal_set signals{context, SIGTERM, SIGINT};
    sandbox::Sandbox sandbox{context, std::move(*options)};
    const auto endpoint = sandbox.listen();
    if (!endpoint)
        return complain(endpoint.error().message);
    for (const sandbox::LineOptions& line : lines)
        std::printf("sandbox: http://%s:%d plays channel \"%s\" (%s) and posts to %s\n",
                    endpoint->address().to_string().c_str(), endpoint->port(), line.id.c_str(),
                    line.provider.c_str(), line.webhook_url.c_str());
    std::fflush(stdout);
    std::exception_ptr failure;
    asio::co_spawn(context, stop_on_signal(signals, sandbox), [](std::exception_ptr) {});
    asio::co_spawn(context, sandbox.run(), [&](std::exception_ptr e) {
        failure = e;
        signals.cancel();
    });
    context.run();
    if (failure)
        std::rethrow_exception(failure);
    return succeeded;
}

}  // namespace

Run sandbox(CLI::App& app) {
    const auto options = std::make_shared<SandboxOptions>();
    add_config(app, options->config);
    app.add_option("--channel", options->channel,
                   "Which channel to play [all whose base_url is the same address here]")
        ->type_name("ID");
    app.add_option("--listen", options->listen,
                   "Where to listen [the channel's base_url]; port 0 picks one")
        ->type_name("ADDRESS:PORT");
    app.add_option("--webhook", options->webhook,
                   "Where webhooks go, for one channel [public_url/webhooks/CHANNEL]")
        ->type_name("URL");
    app.add_option("--push", options->push,
                   "Play a push service, too: where browsers keep their line open, such as "
                   "127.0.0.1:9100 (Firefox: dom.push.serverURL)");
    app.add_option("--ledger", options->ledger,
                   "Keep every request and webhook in this file, as JSON lines")
        ->type_name("FILE");
    app.add_option("--people", options->people, "Contacts to show on the page, as CSV")
        ->type_name("FILE");
    app.add_option("--seed", options->seed, "What chance goes by")->capture_default_str();
    return [options] { return run_sandbox(*options); };
}

}  // namespace warmcall::cli
