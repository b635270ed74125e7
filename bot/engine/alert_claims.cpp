#include "engine/alert_claims.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "engine/devices.hpp"

namespace warmcall {

namespace {

constexpr core::Duration alert_lease = std::chrono::seconds{60};
constexpr core::Duration digest_minute = std::chrono::seconds{60};
constexpr std::size_t digest_from = 3;

AlertOutcome done(const Alert& alert, std::string problem) {
    return {.id = alert.id, .done = true, .problem = std::move(problem)};
}
AlertOutcome failed(const Alert& alert, std::string problem) {
    return {.id = alert.id, .done = true, .failed = true, .problem = std::move(problem)};
}
AlertOutcome held(const Alert& alert, core::Timestamp until) {
    return {.id = alert.id, .not_tried = true, .again_at = until};
}

// One turn of claiming, inside its transaction.
class Claiming {
 public:
    Claiming(Unit& unit, const Applier& applier, const Phones& phones, RecentlyTold& recent,
             core::Timestamp now)
        : unit_{unit}, applier_{applier}, phones_{phones}, recent_{recent}, now_{now} {}

    AlertsClaimed run(std::span<const Token> tokens) {
        std::vector<Alert> claimed = unit_.claim_alerts(now_, alert_lease, tokens);
        tokens = tokens.subspan(claimed.size());
        const bool any_whole = std::erase_if(claimed, [this](const Alert& alert) {
                                   if (alert.device.empty()) {
                                       split(alert);
                                   }
                                   return alert.device.empty();
                               }) > 0;
        if (any_whole && !tokens.empty()) {
            std::vector<Alert> parts = unit_.claim_alerts(now_, alert_lease, tokens);
            tokens = tokens.subspan(parts.size());
            std::ranges::move(parts, std::back_inserter(claimed));
        }
        for (Alert& alert : claimed) {
            take(std::move(alert));
        }
        make_digests();
        if (!settled_.empty()) {
            unit_.settle_alerts(settled_, now_);
        }
        return {.on_their_way = std::move(found_), .more = tokens.empty()};
    }

 private:
    const std::vector<Device>& devices_of(const core::RepId& rep) {
        const auto [at, fresh] = devices_.try_emplace(rep);
        if (fresh) {
            std::vector<Device> all;
            if (const auto known = phones_.devices.find(rep); known != phones_.devices.end()) {
                all = known->second;
            }
            for (const StoredDevice& stored : unit_.devices(rep)) {
                all.push_back(device_of(stored));
            }
            at->second = in_order(std::move(all));
        }
        return at->second;
    }

    void split(const Alert& alert) {
        if (alert.device.empty() && !alert.take_back) {
            std::vector<AlertPart> parts;
            for (const Device& device : devices_of(alert.rep)) {
                parts.push_back({device.id, now_ + device.after});
            }
            if (!parts.empty()) {
                unit_.split_alert(alert, parts, now_);
                return;
            }
        }
        settled_.push_back(done(alert, "this rep has no phone to write to; the console shows it"));
    }

    // One that cannot even be read, its contact being gone, must not keep the others from the reps.
    void take(Alert alert) {
        const std::int64_t id = alert.id;
        try {
            prepare(alert);
        } catch (const std::logic_error& problem) {
            spdlog::error("alert {}: {}", id, problem.what());
            settled_.push_back(
                {.id = id, .done = true, .problem = "it could not be put into words"});
        }
    }

    void prepare(const Alert& alert) {
        const auto rep = applier_.plan().reps.find(alert.rep);
        const auto& devices = devices_of(alert.rep);
        const auto device = std::ranges::find(devices, alert.device, &Device::id);
        if (rep == applier_.plan().reps.end() || device == devices.end() ||
            phones_.find(device->way) == nullptr) {
            settled_.push_back(failed(alert, "this phone is no longer there"));
            return;
        }
        const Wanted wanted{alert.contact, std::nullopt};
        core::Case subject = *unit_.load({&wanted, 1}).front();
        if (!alert.take_back) {
            if (alert.prompt && !waits_for(subject, alert.prompt)) {
                settled_.push_back(done(alert, "seen in the meantime"));
                return;
            }
            if (const auto until = quiet_until(rep->second, alert, subject)) {
                settled_.push_back(held(alert, *until));
                return;
            }
        }
        AlertOnItsWay one{.alerts = {alert},
                          .rep = rep->second,
                          .device = *device,
                          .notifier = phones_.find(device->way),
                          .link = phones_.link(alert.prompt, alert.rep),
                          .window_open = window_open(applier_, alert.rep, *device, now_),
                          .news_approved = is_approved("rep_news", rep->second.language)};
        if (alert.prompt && !alert.take_back && !is_question(subject)) {
            one.taps = prompt_taps(phones_.tap_key, alert.rep, alert.prompt, subject.contact.id);
        }
        one.subjects.push_back(std::move(subject));
        found_.push_back(std::move(one));
    }

    bool is_approved(std::string_view text, std::string_view language) const {
        const core::TemplateBook& book = applier_.plan().templates;
        const core::Template* found = book.find(text, language);
        return found != nullptr && book.status_of(*found) == core::TemplateStatus::approved;
    }

    // Did they ask to stop? That is answered on the card: it can be neither called nor put off.
    static bool is_question(const core::Case& subject) {
        return subject.prompt && subject.prompt->kind == core::PromptKind::unanswered_question;
    }

    static bool waits_for(const core::Case& subject, core::PromptId prompt) {
        return subject.prompt && subject.prompt->id == prompt && !subject.prompt->acknowledged_at;
    }

    // A promised call is told whenever it is due, and the answer to what the rep just wrote at
    // once; everything else waits for the rep's hours.
    std::optional<core::Timestamp> quiet_until(const core::Rep& rep, const Alert& alert,
                                               const core::Case& subject) const {
        const bool promised = alert.prompt && subject.outreach && subject.outreach->promise &&
                              subject.outreach->promise->at <= now_;
        const bool answer = alert.origin == 0;
        if (promised || answer) {
            return std::nullopt;
        }
        const auto next = core::next_open(rep.hours, {}, {rep.zone}, now_);
        return next && *next > now_ ? next : std::nullopt;
    }

    static bool is_prompt(const AlertOnItsWay& one) {
        return one.alerts.front().prompt && !one.alerts.front().take_back;
    }

    void make_digests() {
        std::map<std::string, std::vector<AlertOnItsWay>> by_device;
        std::vector<AlertOnItsWay> alone;
        for (AlertOnItsWay& one : found_) {
            (is_prompt(one) ? by_device[one.device.id] : alone).push_back(std::move(one));
        }
        found_ = std::move(alone);
        for (auto& [device, prompts] : by_device) {
            gather(device, std::move(prompts));
        }
    }

    // Three prompts for one device within a minute are told as one, and what follows in that
    // minute waits for its end.
    void gather(const std::string& device, std::vector<AlertOnItsWay> prompts) {
        const auto digest = recent_.digest_at(device, now_);
        if (digest && now_ < *digest + digest_minute) {
            for (const AlertOnItsWay& one : prompts) {
                settled_.push_back(held(one.alerts.front(), *digest + digest_minute));
            }
            return;
        }
        std::deque<RecentlyTold::Prompt> before = recent_.prompts(device, now_);
        std::erase_if(before, [&](const RecentlyTold::Prompt& told) {  // those that come again
            return std::ranges::any_of(prompts, [&](const AlertOnItsWay& one) {
                return one.alerts.front().prompt == told.prompt;
            });
        });
        if (before.size() + prompts.size() < digest_from) {
            for (AlertOnItsWay& one : prompts) {
                recent_.note(device, {now_, one.alerts.front().contact, one.alerts.front().prompt});
                found_.push_back(std::move(one));
            }
            return;
        }
        AlertOnItsWay all = std::move(prompts.front());
        for (auto one = std::next(prompts.begin()); one != prompts.end(); ++one) {
            all.alerts.push_back(one->alerts.front());
            if (!names(all, one->alerts.front().prompt)) {  // two steps of its ladder may be due
                all.subjects.push_back(std::move(one->subjects.front()));
            }
        }
        for (const RecentlyTold::Prompt& told : before) {
            add_if_open(all, told);
        }
        if (all.subjects.size() > 1) {
            all.taps.clear();
            all.link = phones_.link({}, all.rep.id);
            recent_.note_digest(device, now_);
        }
        found_.push_back(std::move(all));
    }

    static bool names(const AlertOnItsWay& all, core::PromptId prompt) {
        return std::ranges::any_of(all.subjects, [prompt](const core::Case& c) {
            return c.prompt && c.prompt->id == prompt;
        });
    }

    // What the device was told alone a moment ago is named once more, if it still waits.
    void add_if_open(AlertOnItsWay& all, const RecentlyTold::Prompt& told) {
        if (names(all, told.prompt)) {
            return;
        }
        const Wanted wanted{told.contact, std::nullopt};
        core::Case subject = *unit_.load({&wanted, 1}).front();
        if (waits_for(subject, told.prompt)) {
            all.subjects.push_back(std::move(subject));
        }
    }

    Unit& unit_;
    const Applier& applier_;
    const Phones& phones_;
    RecentlyTold& recent_;
    core::Timestamp now_;
    std::map<core::RepId, std::vector<Device>> devices_;
    std::vector<AlertOnItsWay> found_;
    std::vector<AlertOutcome> settled_;
};

}  // namespace

const std::deque<RecentlyTold::Prompt>& RecentlyTold::prompts(const std::string& device,
                                                              core::Timestamp now) {
    std::deque<Prompt>& all = prompts_[device];
    while (!all.empty() && all.front().at + digest_minute <= now) {
        all.pop_front();
    }
    return all;
}

std::optional<core::Timestamp> RecentlyTold::digest_at(const std::string& device,
                                                       core::Timestamp now) {
    const auto at = digests_.find(device);
    if (at == digests_.end()) {
        return std::nullopt;
    }
    at->second = std::min(at->second, now);
    return at->second;
}

void RecentlyTold::note(const std::string& device, const Prompt& prompt) {
    prompts_[device].push_back(prompt);
}

void RecentlyTold::note_digest(const std::string& device, core::Timestamp at) {
    digests_[device] = at;
    prompts_[device].clear();
}

AlertsClaimed claim_alerts(Store& store, const Applier& applier, const Phones& phones,
                           RecentlyTold& recent, std::span<const Token> tokens,
                           core::Timestamp now) {
    AlertsClaimed claimed;
    RecentlyTold told;  // what is rolled back and tried again has told nobody
    store.transact([&](Unit& unit) {
        told = recent;
        claimed = Claiming{unit, applier, phones, told, now}.run(tokens);
    });
    recent = std::move(told);
    return claimed;
}

}  // namespace warmcall
