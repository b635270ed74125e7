// Our texts and what became of them at the providers: shown, brought into the store, handed in for
// review.

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/open.hpp"
#include "engine/apply.hpp"
#include "net/client.hpp"
#include "ports/system.hpp"
#include "settings/settings.hpp"
#include "store/words.hpp"

namespace warmcall::cli {
namespace {

namespace asio = boost::asio;

struct TemplatesOptions {
    std::filesystem::path config;
    std::vector<std::string> names;
};

asio::awaitable<void> exchange(Transport& transport, HttpRequest request,
                               Result<HttpResponse>& answer) {
    constexpr core::Duration limit = std::chrono::seconds{30};
    const std::string_view url = request.url;
    const std::string origin{url.substr(0, url.find('/', url.find("://") + 3))};
    auto connection = co_await transport.connect(origin, limit);
    if (!connection) {
        answer = connection.error();
        co_return;
    }
    Exchange got = co_await (*connection)->exchange(std::move(request), limit);
    if (got.progress == Exchange::Progress::answered)
        answer = std::move(got.response);
    else
        answer = Error{Errc::unavailable, origin + " did not answer: " + got.problem};
}

// One question, one answer; a command line has nothing to do meanwhile.
Result<HttpResponse> ask(HttpRequest request) {
    asio::io_context context;
    const auto transport = net::make_transport(context);
    Result<HttpResponse> answer = Error{Errc::unavailable, "no answer"};
    std::exception_ptr failure;
    asio::co_spawn(context, exchange(*transport, std::move(request), answer),
                   [&failure](std::exception_ptr problem) { failure = std::move(problem); });
    context.run();
    if (failure)
        std::rethrow_exception(failure);
    return answer;
}

Result<std::vector<InTemplate>> listed(const Account& account, const Provider& provider) {
    constexpr int pages_max = 60;  // of 100: WhatsApp keeps at most 6,000
    std::vector<InTemplate> all;
    std::string next;
    for (int n = 0; n < pages_max; ++n) {
        const auto response = ask(provider.build_templates(account, next));
        if (!response)
            return response.error();
        auto page = provider.read_templates(account, *response);
        if (!page)
            return page.error();
        std::ranges::move(page->found, std::back_inserter(all));
        next = page->next;
        if (next.empty())
            return all;
    }
    return Error{Errc::bad_payload, "the list of texts does not end"};
}

std::string language_there(const core::Template& t) {
    std::string language = t.provider_language;
    std::ranges::replace(language, '-', '_');
    return language;
}

const InTemplate* find(const std::vector<InTemplate>& there, const core::Template& t) {
    const auto same = [&](const InTemplate& one) {
        return one.name == t.provider_name && one.language == language_there(t);
    };
    const auto at = std::ranges::find_if(there, same);
    return at == there.end() ? nullptr : &*at;
}

bool chosen(const TemplatesOptions& options, const core::Template& t) {
    return core::is_reviewed(t.kind) &&
           (options.names.empty() ||
            std::ranges::find(options.names, t.name) != options.names.end());
}

std::string_view word(core::TemplateStatus status) {
    switch (status) {
        case core::TemplateStatus::unknown:
            return "unknown";
        case core::TemplateStatus::approved:
            return "approved";
        case core::TemplateStatus::pending:
            return "in review";
        case core::TemplateStatus::paused:
            return "paused";
        case core::TemplateStatus::rejected:
            return "rejected";
        case core::TemplateStatus::disabled:
            return "disabled";
    }
    return "unknown";
}

std::string verdict(const core::Template& ours, const InTemplate* there) {
    if (there == nullptr)
        return "not there yet: warmcall templates submit " + ours.name;
    std::string text{there->status ? word(*there->status) : "unknown"};
    if (!there->category.empty())
        text += ", " + there->category;
    if (!there->quality.empty() && there->quality != "UNKNOWN")
        text += ", quality " + there->quality;
    if (!there->reason.empty())
        text += " (" + there->reason + ")";
    return text;
}

bool usable(const InTemplate* there) {
    return there != nullptr && there->status == core::TemplateStatus::approved;
}

// Each channel that reviews texts, with its list.
using Seen = std::function<void(const Account&, const Provider&, const std::vector<InTemplate>&)>;

int each_channel(const Settings& settings, const Seen& seen) {
    int result = succeeded;
    bool any = false;
    for (const ChannelSettings& channel : settings.channels) {
        const Provider& provider = *find_provider(channel.account.provider);
        if (provider.build_templates == nullptr)
            continue;
        any = true;
        const auto there = listed(channel.account, provider);
        if (!there)
            result = complain("channel " + channel.account.id.value + ": " + there.error().message);
        else
            seen(channel.account, provider, *there);
    }
    if (!any)
        std::puts("No channel has texts reviewed: they go out as they are written.");
    return result;
}

int status(Settings& settings, const TemplatesOptions& options) {
    bool all_usable = true;
    const int result = each_channel(settings, [&](const Account& account, const Provider&,
                                                  const std::vector<InTemplate>& there) {
        for (const core::Template& t : settings.plan.templates.templates) {
            if (!chosen(options, t))
                continue;
            const InTemplate* found = find(there, t);
            all_usable = all_usable && usable(found);
            std::printf("%s %-8s %-18s %-6s %s\n", usable(found) ? "✓" : "✗",
                        account.id.value.c_str(), t.name.c_str(), language_there(t).c_str(),
                        verdict(t, found).c_str());
        }
    });
    return result == succeeded && all_usable ? succeeded : failed;
}

// All the steps of handing in one text; what is left to do by hand, or why it was not taken.
Result<std::string> hand_in(const Account& account, const Provider& provider,
                            const core::Template& t) {
    constexpr int steps_max = 5;
    std::string step;
    for (int n = 0; n < steps_max; ++n) {
        const auto response = ask(provider.build_submit(account, t, step));
        if (!response)
            return response.error();
        auto submitted = provider.read_submit(account, t, step, *response);
        if (!submitted)
            return submitted.error();
        if (submitted->next.empty())
            return std::move(submitted->note);
        step = std::move(submitted->next);
    }
    return Error{Errc::bad_payload, "handing it in does not end"};
}

// What the provider says, into the store: by the running gateway when there is one.
Result<std::size_t> bring(Settings& settings, const std::vector<InTemplate>& there) {
    const auto desk = Desk::open(settings, Desk::Missing::is_made);
    if (!desk)
        return desk.error();
    SystemClock clock;
    Applier applier{desk->store(), settings.plan, clock};
    json list = json::array();
    for (const Inbound& event : applier.template_news(there)) {
        const auto& t = std::get<InTemplate>(event.what);
        list.push_back({{"name", t.name},
                        {"language", t.language},
                        {"status", store::word(t.status.value_or(core::TemplateStatus::unknown))},
                        {"category", t.category},
                        {"quality", t.quality},
                        {"reason", t.reason}});
    }
    const std::size_t n = list.size();
    if (n > 0) {
        const auto noted = desk->carry_out({{"do", "templates"}, {"list", std::move(list)}});
        if (!noted)
            return noted.error();
    }
    return n;
}

int sync(Settings& settings, const TemplatesOptions&) {
    int result = succeeded;
    const int asked = each_channel(settings, [&](const Account& account, const Provider&,
                                                 const std::vector<InTemplate>& there) {
        const auto n = bring(settings, there);
        if (n)
            std::printf("%s: %zu of our texts have news\n", account.id.value.c_str(), *n);
        else
            result = complain(n.error().message);
    });
    return asked == succeeded ? result : asked;
}

int submit(Settings& settings, const TemplatesOptions& options) {
    int result = succeeded;
    bool any = false, tried = false;
    const int asked = each_channel(settings, [&](const Account& account, const Provider& provider,
                                                 const std::vector<InTemplate>& there) {
        for (const core::Template& t : settings.plan.templates.templates) {
            if (!chosen(options, t) || find(there, t) != nullptr)
                continue;
            const auto taken = hand_in(account, provider, t);
            std::printf("%s %-8s %-18s %-6s %s\n", taken ? "✓" : "✗", account.id.value.c_str(),
                        t.name.c_str(), language_there(t).c_str(),
                        taken ? "handed in for review" : taken.error().message.c_str());
            if (taken && !taken->empty())
                std::printf("  %s\n", taken->c_str());
            any = any || taken;
            tried = true;
            if (!taken)
                result = failed;
        }
    });
    if (asked == succeeded && !tried)
        std::puts(
            "Nothing to hand in: every text is there. A text that you have changed is still the old one there: "
            "change it at the provider as well, or give it another provider_name and hand it in anew.");
    if (asked != succeeded || !any)
        return asked == succeeded ? result : asked;
    std::fflush(stdout);
    const int told = sync(settings, options);  // until it is approved, no gateway tries to send it
    return result == succeeded ? told : result;
}

using Doing = int (*)(Settings&, const TemplatesOptions&);

// A name that no text has would be answered with silence, as if all were well.
std::optional<std::string> unknown_name(const Settings& settings, const TemplatesOptions& options) {
    std::set<std::string> known;
    for (const core::Template& t : settings.plan.templates.templates)
        if (core::is_reviewed(t.kind))
            known.insert(t.name);
    for (const std::string& name : options.names) {
        if (known.contains(name))
            continue;
        std::string sentence = "there is no text \"" + name + "\" that is reviewed; there are:";
        for (const std::string& one : known)
            sentence += " " + one;
        return sentence;
    }
    return std::nullopt;
}

int run(const TemplatesOptions& options, Doing doing) {
    auto settings = load_settings(options.config);
    if (!settings)
        return complain(settings.error().message);
    if (const auto problem = unknown_name(*settings, options))
        return complain(*problem);
    return doing(*settings, options);
}

}  // namespace

Run templates(CLI::App& app) {
    const auto options = std::make_shared<TemplatesOptions>();
    add_config(app, options->config);
    const auto doing = std::make_shared<Doing>(nullptr);
    const auto add = [&](const char* name, const char* summary, Doing what) {
        CLI::App* sub = app.add_subcommand(name, summary);
        sub->add_option("NAME", options->names, "Only these texts");
        sub->fallthrough();
        sub->callback([doing, what] { *doing = what; });
    };
    add("status", "What became of each text at the provider", status);
    add("submit", "Hands in for review what is not there yet", submit);
    add("sync", "Brings what became of them into the store (a running gateway does it every hour)",
        sync);
    app.require_subcommand(1);
    return [options, doing] { return run(*options, *doing); };
}

}  // namespace warmcall::cli
