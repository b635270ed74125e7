// A rep leaves the team: everybody they looked after is another's, and whose call is due is told.

#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/open.hpp"
#include "web/new_contact.hpp"

namespace warmcall::cli {
namespace {

constexpr std::size_t contacts_at_once = 500;  // each in one transaction

struct ReassignOptions {
    std::filesystem::path config;
    std::string from;
    std::string to;
};

// In parts, each in a transaction of its own. Interrupted, it is given once more: whoever was moved
// is not theirs any longer.
Result<std::size_t> move_all(const Desk& desk, const ReassignOptions& options) {
    std::size_t moved = 0;
    for (core::ContactId after;;) {
        json contacts = json::array();
        for (const core::Case& one :
             desk.store().contacts({core::RepId{options.from}, "", after, contacts_at_once})) {
            after = one.contact.id;
            contacts.push_back(after.value);
        }
        if (contacts.empty())
            return moved;
        const auto answer =
            desk.carry_out({{"do", "reassign"}, {"contacts", contacts}, {"to", options.to}});
        if (!answer)
            return answer.error();
        moved += answer->at("moved").get<std::size_t>();
    }
}

int run_reassign(const ReassignOptions& options) {
    auto settings = load_settings(options.config, Secrets::unasked);
    if (!settings)
        return complain(settings.error().message);
    if (!settings->plan.reps.contains(core::RepId{options.to}))
        return complain("there is no rep \"" + options.to +
                        "\"; there are: " + web::rep_list(settings->plan));
    if (options.from == options.to)
        return complain("they are theirs already");
    const auto desk = Desk::open(*settings, Desk::Missing::is_an_error);
    if (!desk)
        return complain(desk.error().message);
    const auto moved = move_all(*desk, options);
    if (!moved)
        return complain(moved.error().message + "; the same command again goes on from there");
    std::printf("%zu contacts of %s are with %s now.\n", *moved, options.from.c_str(),
                options.to.c_str());
    return succeeded;
}

}  // namespace

Run reassign(CLI::App& app) {
    const auto options = std::make_shared<ReassignOptions>();
    add_config(app, options->config);
    app.add_option("FROM", options->from, "The rep they are with; need not be configured any more")
        ->required();
    app.add_option("TO", options->to, "The rep who takes them over")->required();
    return [options] { return run_reassign(*options); };
}

}  // namespace warmcall::cli
