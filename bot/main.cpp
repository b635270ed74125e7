// The command line: finds the command, reads its arguments, runs it. Exit codes: 0, 1 it failed, 2
// it was called wrongly.

#include <array>
#include <exception>
#include <string>

#include "cli/commands.hpp"

namespace {

using namespace warmcall;

std::string footer(const cli::Command& command) {
    return "\nExample:\n  " + std::string{command.example};
}

int run(int argc, char** argv) {
    CLI::App app{
        "warmcall asks customers how they are before a rep calls, and makes sure that the call "
        "happens."};
    app.set_version_flag("--version", "warmcall " WARMCALL_VERSION);
    app.require_subcommand(1);
    app.footer("\nEach command explains itself: warmcall COMMAND --help");
    std::array<cli::Run, std::size(cli::commands)> runs;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const cli::Command& command = cli::commands[i];
        CLI::App* sub = app.add_subcommand(std::string{command.name}, std::string{command.summary});
        sub->footer(footer(command));
        runs[i] = command.set_up(*sub);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? cli::succeeded : cli::usage;
    }
    for (std::size_t i = 0; i < runs.size(); ++i)
        if (app.got_subcommand(std::string{cli::commands[i].name}))
            return runs[i]();
    return cli::usage;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        return cli::complain(e.what());
    }
}
