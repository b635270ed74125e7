#include "web/imports.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "web/new_contact.hpp"

namespace warmcall::web {

namespace {

constexpr std::size_t rows_at_once = 1000;

struct Import {
    std::string bytes;
    ImportRules rules;
    std::string actor;
    bool strict = false;  // all rows, or none
    // as it goes
    CsvTable table;
    std::vector<ImportRow> good;
};

struct Failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Reading and checking run on the reading thread, a thousand rows at a time, so that neither
// webhooks nor other readers wait for long.
asio::awaitable<void> read_file(Site& site, std::shared_ptr<Import> import) {
    const std::string problem = co_await ask(site, [import](Store&) {
        auto table = read_csv(import->bytes);
        if (!table)
            return table.error().message;
        import->table = std::move(*table);
        import->bytes = {};
        return std::string{};
    });
    if (!problem.empty())
        throw Failed{problem};
}

struct Checked {
    std::vector<ImportRow> good;
    std::vector<Reject> rejected;
};

Checked check_rows(Store& store, RowChecker& checker, const std::vector<CsvRow>& rows,
                   std::size_t begin, std::size_t end) {
    Checked checked;
    for (std::size_t i = begin; i < end; ++i) {
        auto verdict = checker.check(rows[i]);
        if (auto* reject = std::get_if<Reject>(&verdict)) {
            checked.rejected.push_back(std::move(*reject));
            continue;
        }
        ImportRow& row = std::get<ImportRow>(verdict);
        if (store.contact_by(row.add.contact.addresses.front()))
            checked.rejected.push_back(known_already(row.line, rows[i].fields));
        else
            checked.good.push_back(std::move(row));
    }
    return checked;
}

asio::awaitable<void> check_file(Site& site, std::shared_ptr<Job> job,
                                 std::shared_ptr<Import> import) {
    const auto columns = guess_columns(import->table.header.fields);
    if (!columns)
        throw Failed{columns.error().message};
    for (const auto& [column, index] : *columns)
        job->columns.push_back(column + " = " + import->table.header.fields.at(index));
    job->encoding = import->table.encoding;
    job->total = import->table.rows.size();
    auto checker =
        std::make_shared<RowChecker>(site.configured, import->rules, *columns, site.now());
    for (std::size_t begin = 0; begin < import->table.rows.size(); begin += rows_at_once) {
        const std::size_t end = std::min(begin + rows_at_once, import->table.rows.size());
        Checked checked = co_await ask(site, [import, checker, begin, end](Store& store) {
            return check_rows(store, *checker, import->table.rows, begin, end);
        });
        std::move(checked.good.begin(), checked.good.end(), std::back_inserter(import->good));
        std::move(checked.rejected.begin(), checked.rejected.end(),
                  std::back_inserter(job->rejected));
        job->done = end;
        job->accepted = import->good.size();
    }
}

// A number taken since it was checked, or an outreach that cannot begin: its row joins the
// rejected, with what the file said.
void add_late_rejects(Job& job, const Import& import, std::vector<Reject> late) {
    for (Reject& reject : late) {
        const auto row =
            std::ranges::lower_bound(import.table.rows, reject.line, {}, &CsvRow::line);
        if (row != import.table.rows.end() && row->line == reject.line)
            reject.fields = row->fields;
        if (reject.code != "not_enrolled")
            --job.accepted;
        job.rejected.push_back(std::move(reject));
    }
    std::sort(job.rejected.begin(), job.rejected.end(),
              [](const Reject& a, const Reject& b) { return a.line < b.line; });
}

asio::awaitable<void> run_import(Site& site, std::shared_ptr<Job> job,
                                 std::shared_ptr<Import> import) {
    job->stage = "reading";
    co_await read_file(site, import);
    job->stage = "checking";
    co_await check_file(site, job, import);
    if (import->strict && !job->rejected.empty()) {
        job->accepted = 0;
        throw Failed{"Nothing was imported: " + std::to_string(job->rejected.size()) + " of " +
                     std::to_string(job->total) +
                     " rows were rejected and all were to be good (strict=1)."};
    }
    if (job->dry_run || import->good.empty())
        co_return;
    job->stage = "saving";
    auto late =
        co_await put(site, [import, &plan = site.configured](Unit& unit, core::Timestamp now) {
            auto rejected = add_rows(unit, plan, import->good, import->actor, now);
            if (import->strict && !rejected.empty())
                throw Failed{"Nothing was imported: line " + std::to_string(rejected.front().line) +
                             ": " + rejected.front().reason + " (strict=1)."};
            return rejected;
        });
    add_late_rejects(*job, *import, std::move(late));
}

asio::awaitable<void> work_on(Site& site, std::shared_ptr<Job> job,
                              std::shared_ptr<Import> import) {
    try {
        co_await run_import(site, job, import);
        job->state = Job::State::done;
        job->stage = job->dry_run ? "checked" : "saved";
    } catch (const Failed& e) {
        job->state = Job::State::failed;
        job->problem = e.what();
        job->accepted = 0;
    } catch (const StoreUnavailable&) {
        job->state = Job::State::failed;
        job->problem = "The store could not be written. Nothing was imported: try again.";
    } catch (const std::exception& e) {
        job->state = Job::State::failed;
        job->problem =
            "Something went wrong here. Nothing was imported: try again, and look into the log.";
        spdlog::error("import failed job={} why={}", job->id, e.what());
    }
    job->header = import->table.header;
    job->separator = import->table.separator;
    spdlog::info("import {} job={} rows={} accepted={} rejected={}",
                 job->state == Job::State::done ? "done" : "failed", job->id, job->total,
                 job->accepted, job->rejected.size());
}

bool flag(const Call& call, std::string_view name) {
    const std::string_view value = call.ask(name);
    return value == "1" || value == "true" || value == "yes";
}

std::string_view state_word(Job::State state) {
    switch (state) {
        case Job::State::running:
            return "running";
        case Job::State::done:
            return "done";
        case Job::State::failed:
            return "failed";
    }
    return "failed";
}

net::Outgoing no_such_job(const Site& site) {
    if (site.options.shared_store)
        return problem(404, "no_such_job",
                       "There is no such job of yours at this gateway. It may run at another "
                       "gateway: ask again before you import the file anew.");
    return problem(404, "no_such_job",
                   "There is no such job of yours. After a restart jobs are forgotten: an import "
                   "is one whole or nothing, so import the file again; "
                   "nothing is doubled.");
}

// The rules for rows that do not say; mistakes in them are the request's.
std::optional<ImportRules> rules_of(const Site& site, const Call& call, Fields& fields) {
    ImportRules rules;
    rules.region = site.options.default_region;
    rules.cadence = std::string{call.ask("cadence")};
    if (!rules.cadence.empty() && !site.plan.cadences.contains(rules.cadence))
        fields.wrong("cadence", "there is no such cadence; there are: " + cadence_list(site.plan));
    if (const std::string_view language = call.ask("language"); !language.empty())
        rules.language = std::string{language};
    rules.rep = call.who.rep;
    if (const std::string_view rep = call.ask("rep"); !rep.empty())
        rules.rep = known_rep(site.plan, rep, fields, "rep").value_or(core::RepId{});
    if (!call.who.any_rep && !may_act_for(site.plan, call.who.rep, rules.rep))
        fields.wrong("rep", "you can import for yourself and those you stand in for or lead");
    if (!call.who.any_rep)
        for (const auto& [id, rep] : site.plan.reps)
            if (may_act_for(site.plan, call.who.rep, id))
                rules.allowed.insert(id);
    return fields.good() ? std::optional{rules} : std::nullopt;
}

}  // namespace

Handled import_contacts(Site& site, Call& call) {
    const std::string_view type = call.request.header("Content-Type");
    if (!type.starts_with("text/csv") && !type.starts_with("application/octet-stream") &&
        !type.starts_with("text/plain"))
        co_return problem(415, "content_type",
                          "Send the file itself, with \"Content-Type: text/csv\".");
    Fields fields{json::object(), {}};
    const auto rules = rules_of(site, call, fields);
    if (!rules)
        co_return fields.problem();
    auto job = site.jobs.start(random_token(), call.who.credential, site.now());
    if (job == nullptr) {
        auto answer = problem(429, "too_many_imports",
                              "Two imports are running already. Wait for one to end.");
        answer.headers.push_back({"Retry-After", "10"});
        co_return answer;
    }
    job->dry_run = flag(call, "dry_run");
    auto import = std::make_shared<Import>();
    import->bytes = std::move(call.request.body);
    import->rules = *rules;
    import->actor = call.actor();
    import->strict = flag(call, "strict");
    asio::co_spawn(co_await asio::this_coro::executor, work_on(site, job, import),
                   [](std::exception_ptr) {});  // it keeps its own failures
    auto answer = json_answer(202, {{"job", job->id}});
    answer.headers.push_back({"Location", "/api/v1/jobs/" + job->id});
    co_return answer;
}

Handled show_job(Site& site, Call& call) {
    const auto job = site.jobs.find(call.parameters.at(0), call.who.credential);
    if (job == nullptr)
        co_return no_such_job(site);
    constexpr std::size_t shown_max = 1000;  // the rest is in rejects.csv
    json rejected = json::array();
    for (const Reject& reject : job->rejected)
        if (rejected.size() < shown_max)
            rejected.push_back(to_json(reject));
    co_return json_answer(200,
                          {{"state", state_word(job->state)},
                           {"stage", job->stage},
                           {"dry_run", job->dry_run},
                           {"total", job->total},
                           {"done", job->done},
                           {"accepted", job->accepted},
                           {"rejected", rejected},
                           {"rejected_count", job->rejected.size()},
                           {"columns", job->columns},
                           {"encoding", job->encoding},
                           {"problem", job->problem.empty() ? json(nullptr) : json(job->problem)}});
}

Handled show_rejects(Site& site, Call& call) {
    const auto job = site.jobs.find(call.parameters.at(0), call.who.credential);
    if (job == nullptr)
        co_return no_such_job(site);
    net::Outgoing answer;
    answer.headers.push_back({"Content-Type", "text/csv; charset=utf-8"});
    answer.headers.push_back({"Content-Disposition", "attachment; filename=\"rejects.csv\""});
    answer.body = rejects_csv(job->header, job->rejected, job->separator);
    co_return answer;
}

}  // namespace warmcall::web
