#include "web/jobs.hpp"

#include <algorithm>

namespace warmcall::web {

std::shared_ptr<Job> Jobs::start(std::string id, std::string credential, core::Timestamp now) {
    const auto running = [](const auto& job) { return job->state == Job::State::running; };
    if (std::count_if(jobs_.begin(), jobs_.end(), running) >=
        static_cast<std::ptrdiff_t>(running_max))
        return nullptr;
    if (jobs_.size() >= kept_max) {
        const auto oldest = std::find_if_not(jobs_.begin(), jobs_.end(), running);
        jobs_.erase(oldest);
    }
    auto job = std::make_shared<Job>();
    job->id = std::move(id);
    job->credential = std::move(credential);
    job->started_at = now;
    jobs_.push_back(job);
    return job;
}

std::shared_ptr<Job> Jobs::find(std::string_view id, std::string_view credential) const {
    for (const auto& job : jobs_)
        if (job->id == id && job->credential == credential)
            return job;
    return nullptr;
}

}  // namespace warmcall::web
