#pragma once
// The commands of the program: one file each. A command adds its options and gives back what runs
// it.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string_view>

namespace warmcall::cli {

constexpr int succeeded = 0;
constexpr int failed = 1;
constexpr int usage = 2;

// Runs once the arguments are read; gives the exit code.
using Run = std::function<int()>;

struct Command {
    std::string_view name;
    std::string_view summary;
    std::string_view example;
    Run (*set_up)(CLI::App& app);
};

Run serve(CLI::App& app);
Run sandbox(CLI::App& app);
Run import(CLI::App& app);
Run check(CLI::App& app);
Run simulate(CLI::App& app);
Run explain(CLI::App& app);
Run templates(CLI::App& app);
Run token(CLI::App& app);
Run backup(CLI::App& app);
Run restore(CLI::App& app);
Run optout(CLI::App& app);
Run reassign(CLI::App& app);
Run erase(CLI::App& app);
Run store(CLI::App& app);

inline constexpr Command commands[] = {
    {"serve", "Runs the gateway: messages, webhooks, call prompts, the console",
     "warmcall serve --config /etc/warmcall/warmcall.toml", serve},
    {"sandbox",
     "Plays every provider on this machine, with a customer's and a rep's phone to type on",
     "warmcall sandbox --config config/demo.toml", sandbox},
    {"import", "Brings contacts in from a CSV file",
     "warmcall import contacts.csv --rep joel --dry-run", import},
    {"check", "Checks the configuration, the texts, and whether each channel's credentials answer",
     "warmcall check --config /etc/warmcall/warmcall.toml", check},
    {"simulate", "Plays days of a cadence with your contacts, and sends nothing",
     "warmcall simulate --contacts contacts.csv --days 14 --seed 1", simulate},
    {"optout", "Notes that people asked, by whatever way, not to be written to any more",
     "warmcall optout +919876543210 +491511234567", optout},
    {"reassign", "Gives all contacts of a rep to another, say when one leaves the team",
     "warmcall reassign sam joel", reassign},
    {"erase", "Erases people who asked for it, and keeps that nothing may go to them again",
     "warmcall erase +919876543210", erase},
    {"explain", "Says why a contact's next thing is what it is", "warmcall explain +61491570156",
     explain},
    {"templates", "Shows what became of our texts at the provider, and hands them in for review",
     "warmcall templates status", templates},
    {"token", "Makes, lists and revokes API tokens, and makes sign-in links for reps",
     "warmcall token link joel", token},
    {"backup", "Copies the database into a file while the gateway runs",
     "warmcall backup /backups/monday.db", backup},
    {"restore", "Puts a backup back, so that nothing is sent twice",
     "warmcall restore /backups/monday.db", restore},
    {"store", "Moves everything from SQLite to PostgreSQL",
     "warmcall store copy --from sqlite:/var/lib/warmcall/warmcall.db --to "
     "postgresql://warmcall@db.example.com/warmcall",
     store},
};

// --config FILE, the same everywhere.
CLI::Option* add_config(CLI::App& app, std::filesystem::path& config);

// "warmcall: SENTENCE" on standard error; gives `failed`.
int complain(std::string_view sentence);

}  // namespace warmcall::cli
