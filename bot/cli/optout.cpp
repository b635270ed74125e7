// What people say by letter, at the counter, or while warmcall could not hear them: they are not
// written to any more.

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/open.hpp"
#include "core/phone.hpp"

namespace warmcall::cli {
namespace {

struct OptOutOptions {
    std::filesystem::path config;
    std::vector<std::string> numbers;
    std::string how = "They asked not to be written to.";
};

// All of them or none: a list with a slip in it is corrected and given once more.
Result<json> read_numbers(const OptOutOptions& options, const Settings& settings) {
    json phones = json::array();
    for (const std::string& number : options.numbers) {
        const auto phone = core::read_phone(number, settings.default_region);
        if (!phone)
            return Error{Errc::bad_input,
                         number + ": " + phone.error().message + "; nothing was noted"};
        phones.push_back(phone->e164);
    }
    return phones;
}

int run_optout(const OptOutOptions& options) {
    auto settings = load_settings(options.config, Secrets::unasked);
    if (!settings)
        return complain(settings.error().message);
    const auto phones = read_numbers(options, *settings);
    if (!phones)
        return complain(phones.error().message);
    const auto desk = Desk::open(*settings, Desk::Missing::is_made);
    if (!desk)
        return complain(desk.error().message);
    const auto answer =
        desk->carry_out({{"do", "opt_out"}, {"phones", *phones}, {"how", options.how}});
    if (!answer)
        return complain(answer.error().message);
    const json& unknown = answer->at("unknown");
    std::printf("%zu noted: nothing is sent to them any more, and their reps are told.\n",
                phones->size() - unknown.size());
    for (const json& phone : unknown)
        complain(
            phone.get<std::string>() +
            " is no contact's number: it is not written to now, but would be if it were added");
    return unknown.empty() ? succeeded : failed;
}

}  // namespace

Run optout(CLI::App& app) {
    const auto options = std::make_shared<OptOutOptions>();
    add_config(app, options->config);
    app.add_option("NUMBER", options->numbers, "Their phone numbers")->required();
    app.add_option("--how", options->how, "How they said it, for the contact's history")
        ->capture_default_str();
    return [options] { return run_optout(*options); };
}

}  // namespace warmcall::cli
