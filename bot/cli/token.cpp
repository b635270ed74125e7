// API tokens, and one-time sign-in links for reps. What a token or link opens is shown once and
// kept as a hash only.

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/open.hpp"
#include "core/toml_file.hpp"
#include "support/secret.hpp"
#include "web/fields.hpp"
#include "web/sign_in.hpp"
#include "web/when.hpp"

namespace warmcall::cli {
namespace {

constexpr core::Duration link_time_max = std::chrono::hours{24};
constexpr std::size_t token_name_bytes_max = 100;

struct TokenOptions {
    std::filesystem::path config;
    std::string name;
    std::string rep;
    std::string valid = "10m";
};

std::optional<std::string> unknown_rep(const Settings& settings, const std::string& rep) {
    if (settings.plan.reps.contains(core::RepId{rep}))
        return std::nullopt;
    std::string sentence = "there is no rep \"" + rep + "\"; there are:";
    for (const auto& [id, one] : settings.plan.reps)
        sentence += " " + id.value;
    return sentence;
}

// Reads the configuration and opens the database, and does `work` with both.
int at_desk(const TokenOptions& options, Desk::Missing missing,
            int (*work)(const TokenOptions&, const Settings&, const Desk&)) {
    auto settings = load_settings(options.config, Secrets::unasked);
    if (!settings)
        return complain(settings.error().message);
    const auto desk = Desk::open(*settings, missing);
    if (!desk)
        return complain(desk.error().message);
    return work(options, *settings, *desk);
}

int create(const TokenOptions& options, const Settings& settings, const Desk& desk) {
    if (!options.rep.empty())
        if (const auto problem = unknown_rep(settings, options.rep))
            return complain(*problem);
    if (options.name.size() > token_name_bytes_max || !web::clean(options.name, web::Lines::one))
        return complain("a token's name is one line of at most 100 bytes");
    const auto tokens = desk.store().tokens();
    if (std::any_of(tokens.begin(), tokens.end(),
                    [&](const ApiToken& t) { return t.name == options.name && !t.revoked_at; }))
        return complain("a token named \"" + options.name +
                        "\" is in use; revoke it first, or take another name");
    const web::NewToken made = web::new_token(options.name, core::RepId{options.rep}, {});
    const auto done = desk.carry_out({{"do", "add_token"},
                                      {"name", made.stored.name},
                                      {"hash", made.stored.hash},
                                      {"rep", options.rep}});
    if (!done)
        return complain(done.error().message);
    std::fputs("Shown this once, kept as a hash only. Use it as: Authorization: Bearer TOKEN\n",
               stderr);
    std::printf("%s\n", made.shown.c_str());
    return succeeded;
}

int list(const TokenOptions&, const Settings&, const Desk& desk) {
    std::printf("%-20s %-12s %-21s %-21s %s\n", "NAME", "REP", "MADE", "LAST USED", "STATE");
    for (const ApiToken& token : desk.store().tokens())
        std::printf(
            "%-20s %-12s %-21s %-21s %s\n", token.name.c_str(),
            token.rep ? token.rep.value.c_str() : "(all)", web::rfc3339(token.created_at).c_str(),
            token.last_used_at ? web::rfc3339(*token.last_used_at).c_str() : "never",
            token.revoked_at ? ("revoked " + web::rfc3339(*token.revoked_at)).c_str() : "valid");
    return succeeded;
}

int revoke(const TokenOptions& options, const Settings&, const Desk& desk) {
    const auto done = desk.carry_out({{"do", "revoke_token"}, {"name", options.name}});
    if (!done)
        return complain(done.error().message);
    if (!done->value("found", false))
        return complain("there is no valid token named \"" + options.name + "\"");
    std::printf("%s no longer opens anything\n", options.name.c_str());
    return succeeded;
}

int link(const TokenOptions& options, const Settings& settings, const Desk& desk) {
    if (const auto problem = unknown_rep(settings, options.rep))
        return complain(*problem);
    const auto valid = core::read_duration(options.valid);
    const std::string secret = random_token(32);
    const auto done = desk.carry_out({{"do", "add_link"},
                                      {"hash", sha256_hex(secret)},
                                      {"rep", options.rep},
                                      {"valid_ms", valid->count()}});
    if (!done)
        return complain(done.error().message);
    std::fputs(
        ("Opens the console for " + options.rep + " once, within " + options.valid + ".\n").c_str(),
        stderr);
    std::printf("%s/login#t=%s\n", settings.server.public_url.c_str(), secret.c_str());
    return succeeded;
}

std::string valid_time(const std::string& text) {  // CLI11: what is wrong, or nothing
    const auto read = core::read_duration(text);
    return read && *read > core::Duration::zero() && *read <= link_time_max
               ? ""
               : "expected a length of time such as 10m, at most 24h";
}

}  // namespace

Run token(CLI::App& app) {
    const auto options = std::make_shared<TokenOptions>();
    const auto chosen = std::make_shared<std::function<int()>>();
    app.require_subcommand(1);
    const auto add = [&](const char* name, const char* summary, const char* example,
                         int (*work)(const TokenOptions&, const Settings&, const Desk&)) {
        CLI::App* sub = app.add_subcommand(name, summary);
        sub->footer(std::string{"\nExample:\n  warmcall token "} + example);
        sub->callback([chosen, options, work] {
            const auto missing = work == list ? Desk::Missing::is_an_error : Desk::Missing::is_made;
            *chosen = [options, missing, work] { return at_desk(*options, missing, work); };
        });
        add_config(*sub, options->config);
        return sub;
    };
    CLI::App* create_app =
        add("create", "Makes a token for the API and prints it, once", "create crm", create);
    create_app->add_option("NAME", options->name, "What it is for")->required();
    create_app->add_option("--rep", options->rep, "It may do what this rep may [everything]")
        ->type_name("ID");
    add("list", "Lists the tokens, without what they are", "list", list);
    add("revoke", "Ends a token at once", "revoke crm", revoke)
        ->add_option("NAME", options->name, "Which")
        ->required();
    CLI::App* link_app =
        add("link", "Makes a sign-in link for a rep, to be used once", "link joel", link);
    link_app->add_option("REP", options->rep, "The rep's id")->required();
    link_app->add_option("--valid", options->valid, "How long it can be used")
        ->capture_default_str()
        ->check(CLI::Validator{valid_time, "", ""});
    return [chosen] { return (*chosen)(); };
}

}  // namespace warmcall::cli
