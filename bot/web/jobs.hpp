#pragma once
// Imports under way and lately done. In memory: an import is one transaction, so after a restart it
// has happened or it has not.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/time.hpp"
#include "web/import_csv.hpp"

namespace warmcall::web {

struct Job {
    enum class State { running, done, failed };
    std::string id;
    std::string credential;  // whose it is; others do not see it
    bool dry_run = false;
    State state = State::running;
    std::string stage;  // what a person reads: "reading", "checking", "saving"
    std::size_t total = 0, done = 0, accepted = 0;
    std::vector<Reject> rejected;
    std::string problem;  // why it failed
    CsvRow header;
    char separator = ',';
    std::vector<std::string> columns;  // "phone = Mobile number": how the header was understood
    std::string encoding;
    core::Timestamp started_at{};
};

class Jobs {
 public:
    static constexpr std::size_t kept_max = 20;
    static constexpr std::size_t running_max = 2;

    // nullptr: too many are running.
    std::shared_ptr<Job> start(std::string id, std::string credential, core::Timestamp now);
    std::shared_ptr<Job> find(std::string_view id, std::string_view credential) const;

 private:
    std::deque<std::shared_ptr<Job>> jobs_;
};

}  // namespace warmcall::web
