#pragma once
// Whom a template went to lately, from the end of the table of messages: ids grow as messages are
// queued, and none waits for two days, so this needs no tree of its own.

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "ports/store.hpp"

namespace warmcall::store {

// The columns that are read, newest messages first.
#define WARMCALL_WRITTEN_COLUMNS \
    "id, channel, to_kind, to_value, template_name, queued_at, claimed_at, unknown_at, accepted_at"

class WrittenLately {
 public:
    explicit WrittenLately(std::size_t most) : most_{most} {}

    void note(const core::Address& to, core::Timestamp at) {
        core::Timestamp& last = last_[to];
        last = std::max(last, at);
        if (last_.size() > 2 * most_)
            keep_newest();
    }
    std::vector<WrittenTo> earliest_first() {
        keep_newest();
        std::vector<WrittenTo> found = all();
        std::ranges::sort(found, {}, &WrittenTo::at);
        return found;
    }

 private:
    std::vector<WrittenTo> all() const {
        std::vector<WrittenTo> found;
        for (const auto& [to, at] : last_)
            found.push_back({to, at});
        return found;
    }
    void keep_newest() {
        if (last_.size() <= most_)
            return;
        std::vector<WrittenTo> found = all();
        const auto end = found.begin() + static_cast<std::ptrdiff_t>(most_);
        std::ranges::nth_element(found, end, std::ranges::greater{}, &WrittenTo::at);
        last_.clear();
        for (auto one = found.begin(); one != end; ++one)
            last_.emplace(one->to, one->at);
    }

    std::size_t most_;
    std::map<core::Address, core::Timestamp> last_;
};

// Unit::written_to(); `ask(before, limit)` gives the rows whose ids are below `before`.
template <class Ask>
std::vector<WrittenTo> written_lately(std::span<const core::ChannelId> channels,
                                      core::Timestamp since, std::size_t most, const Ask& ask) {
    constexpr std::int64_t at_once = 1'000;
    const core::Timestamp queued_since = since - std::chrono::days{2};
    WrittenLately lately{most};
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
    for (bool more = true; more;) {
        auto rows = ask(before, at_once);
        std::int64_t n = 0;
        for (; more && rows.next(); ++n) {
            core::ChannelId channel;
            core::Address to;
            std::string template_name;
            std::optional<core::Timestamp> queued, claimed, unknown, accepted;
            rows.read(before, channel, to.kind, to.value, template_name, queued, claimed, unknown,
                      accepted);
            more = !queued || *queued >= queued_since;
            if (to.value.empty())  // they were erased, and still count as somebody
                to.value = "erased " + std::to_string(before);
            // The claim that is kept is the first one: one that had to be tried again left later.
            const auto left = std::max({claimed, unknown, accepted});
            if (more && !template_name.empty() && claimed && *left >= since &&
                std::ranges::find(channels, channel) != channels.end())
                lately.note(to, *left);
        }
        more = more && n == at_once;
    }
    return lately.earliest_first();
}

}  // namespace warmcall::store
