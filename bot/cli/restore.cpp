// Puts a backup back. What happened since it was made is not in it: texts have left that it takes
// for waiting, people have asked us to stop. So before anybody serves from it, whatever may have
// left meanwhile is taken for sent (engine/recovery), and the operator is told what nobody but they
// can find out.

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/control.hpp"
#include "cli/database_file.hpp"
#include "engine/recovery.hpp"
#include "ports/system.hpp"
#include "settings/settings.hpp"
#include "store/registry.hpp"
#include "store/sqlite/sole_use.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "web/links.hpp"
#include "web/when.hpp"

namespace warmcall::cli {
namespace {

namespace fs = std::filesystem;

struct RestoreOptions {
    std::filesystem::path config;
    std::filesystem::path from;
    std::string stopped_at;
};

// By whatever symlink it is reached; empty on PostgreSQL.
fs::path file_of(const Settings& settings) {
    std::error_code trouble;
    const fs::path path = sqlite_path(settings.store_url);
    const fs::path file = fs::weakly_canonical(path, trouble);
    return trouble || path.empty() ? path : file;
}

// What is there may be damaged, and may be all there is: it is kept, with its WAL, under another
// name. A WAL that stayed would be taken for the backup's.
Result<void> set_aside(const fs::path& file, core::Timestamp now) {
    std::string suffix = ".before-" + web::rfc3339(now);
    std::erase(suffix, ':');
    for (const char* part : {"", "-wal", "-shm"}) {
        const fs::path there = file.string() + part;
        std::error_code problem;
        if (!fs::exists(there, problem))
            continue;
        fs::rename(there, file.string() + suffix + part, problem);
        if (problem)
            return Error{Errc::io, there.string() + ": " + problem.message()};
        if (*part == '\0')
            std::printf("%s: what was there is kept as %s%s\n", file.c_str(),
                        file.filename().c_str(), suffix.c_str());
    }
    return {};
}

// Only a whole and checked copy takes the place of what is there.
Result<void> put_in_place(const fs::path& from, const fs::path& file, core::Timestamp now) {
    std::error_code problem;
    if (!fs::exists(from, problem))
        return Error{Errc::not_found, from.string() + ": there is no such file"};
    if (fs::equivalent(from, file, problem))
        return Error{Errc::bad_input,
                     from.string() +
                         " is where the database is: say no FILE, and when the "
                         "installation that it is from was last running (--stopped-at)"};
    fs::create_directories(file.parent_path(), problem);
    const store::SoleUse alone{file.string()};
    const fs::path checked = file.string() + ".put-back";
    fs::remove(checked, problem);
    if (const auto copied = copy_database(from, checked); !copied)
        return copied;
    if (const auto aside = set_aside(file, now); !aside)
        return aside;
    return rename_durably(checked, file);
}

class ProgressLine {
 public:
    ~ProgressLine() {
        if (shown_)
            std::fputs("\r\033[K", stderr);
    }
    void show(const Recovered& done) {
        if (::isatty(STDERR_FILENO) != 1)
            return;
        std::fprintf(stderr, "\r\033[K%zu texts, %zu people", done.texts, done.people);
        std::fflush(stderr);
        shown_ = true;
    }

 private:
    bool shown_ = false;
};

void say_what_nobody_knows(const Settings& settings, core::Timestamp made_at,
                           core::Timestamp stopped_at, const Recovered& done) {
    const std::string week = web::rfc3339(stopped_at + settings.plan.policy.wellbeing_gap);
    std::printf(
        "What happened %s%s and %s is not in it.\n"
        "  %zu texts that waited may have left: none goes again.\n"
        "  %zu people have an outreach under way. Who was due meanwhile is called without a text, until %s;\n"
        "  so is whoever is enrolled until then, for perhaps they were enrolled before.\n",
        made_at == core::Timestamp{} ? "before" : "between ",
        made_at == core::Timestamp{} ? "" : web::rfc3339(made_at).c_str(),
        web::rfc3339(stopped_at).c_str(), done.texts, done.people, week.c_str());
}

void say_what_to_do(const Settings& settings) {
    std::printf("Do this now:\n");
    for (const ChannelSettings& channel : settings.channels) {
        const bool listed = find_provider(channel.account.provider)->build_missed != nullptr;
        std::printf(
            listed
                ? "  - %s: what people wrote since is fetched at the start, before anything is sent.\n"
                : "  - %s: this provider has no list of what people wrote. Look in its inbox for those who "
                  "asked to stop,\n    and note it before you start: warmcall optout NUMBER…\n",
            channel.account.id.value.c_str());
    }
    std::printf(
        "  - Tokens, sessions and devices that were taken away since work again: warmcall token list.\n"
        "  - Links on the reps' phones do not work any more; calendars have to be subscribed to again.\n"
        "Then start warmcall.\n");
}

// `made_at`: none when the store does not say.
int take_on(const Settings& settings, Store& store, core::Timestamp made_at,
            core::Timestamp stopped_at) {
    Recovered done;
    const bool nothing_since = made_at != core::Timestamp{} && stopped_at <= made_at;
    if (!nothing_since) {
        ProgressLine line;
        SystemClock clock;
        Applier applier{store, settings.plan, clock};
        done = recover(store, applier, stopped_at,
                       [&line](const Recovered& so_far) { line.show(so_far); });
    }
    store.transact([&](Unit& unit) {
        if (!nothing_since)
            web::forget_link_key(unit);
        unit.set_setting(store::backup_of_setting, "");
    });
    std::printf("%s: put back.\n", store_name(settings.store_url).c_str());
    if (nothing_since) {
        std::printf("Nothing happened after it was made, as you say: start warmcall.\n");
        return succeeded;
    }
    say_what_nobody_knows(settings, made_at, stopped_at, done);
    say_what_to_do(settings);
    return succeeded;
}

core::Timestamp made_at(Store& store) {
    const std::string text = store.setting(store::backup_of_setting);
    std::int64_t ms = 0;
    std::from_chars(text.data(), text.data() + text.size(), ms);
    return core::from_unix_ms(ms);
}

int run_restore(const RestoreOptions& options) {
    const auto settings = load_settings(options.config, Secrets::unasked);
    if (!settings)
        return complain(settings.error().message);
    const core::Timestamp now = SystemClock{}.now();
    core::Timestamp stopped_at = now;
    if (!options.stopped_at.empty()) {
        const auto read = web::read_rfc3339(options.stopped_at);
        if (!read)
            return complain("--stopped-at: " + read.error().message);
        stopped_at = std::min(*read, now);
    }
    const fs::path file = file_of(*settings);
    if (!options.from.empty() && file.empty())
        return complain(
            "the store is on PostgreSQL: put the backup back with its own tools, then say when the "
            "installation that is gone was last running: warmcall restore --stopped-at TIME");
    if (!file.empty()) {
        if (gateway_runs(control_path(settings->store_url)))
            return complain(file.string() + " is being served: stop that warmcall first");
        if (!options.from.empty()) {
            if (const auto placed = put_in_place(options.from, file, now); !placed)
                return complain(placed.error().message);
        } else if (std::error_code problem; !fs::exists(file, problem)) {
            return complain(file.string() +
                            ": there is no database: say which FILE is to be put back");
        }
    }
    const auto store = file.empty() ? make_store(settings->store_url)
                                    : open_sqlite(file.string(), {.even_if_set_aside = true});
    const core::Timestamp made = made_at(*store);
    if (made == core::Timestamp{} && options.stopped_at.empty() && options.from.empty())
        return complain(
            store_name(settings->store_url) +
            " does not say that it is a backup. If it was put back by other means, say when the "
            "installation that is gone was last running: --stopped-at TIME");
    return take_on(*settings, *store, made, stopped_at);
}

}  // namespace

Run restore(CLI::App& app) {
    const auto options = std::make_shared<RestoreOptions>();
    add_config(app, options->config);
    app.add_option(
        "FILE", options->from,
        "A backup. What is in its place is kept under another name. Without: the database "
        "that is in place was put back by other means, or putting it back was interrupted");
    app.add_option(
           "--stopped-at", options->stopped_at,
           "When the installation that is gone was last running, as 2026-11-22T09:00:00Z; what left until then "
           "may be missing in the backup [now]")
        ->type_name("TIME");
    return [options] { return run_restore(*options); };
}

}  // namespace warmcall::cli
