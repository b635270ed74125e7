#pragma once
// Which prompts and notices go to which of a rep's devices now: claimed, split by device, held back
// until the rep's hours or the minute of a digest is over.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/apply.hpp"
#include "engine/taps.hpp"
#include "ports/notifier.hpp"

namespace warmcall {

using PromptLink = std::function<std::string(core::PromptId, const core::RepId&)>;

// How the reps are told: everything that does not change while the service runs.
struct Phones {
    const Notifier* (*find)(std::string_view way) = &find_notifier;
    std::map<core::RepId, std::vector<Device>> devices;  // of the configuration
    PromptLink link;                                     // of a prompt; without one: the day's list
    Secret tap_key;                                      // signs the buttons' ids
    std::optional<PushKey> push_key;
    std::vector<std::string> push_services;
};

// What each device was told in the last minute: three prompts within it become one.
class RecentlyTold {
 public:
    struct Prompt {
        core::Timestamp at{};
        core::ContactId contact;
        core::PromptId prompt;
    };
    // Of the minute before `now`, oldest first.
    const std::deque<Prompt>& prompts(const std::string& device, core::Timestamp now);
    // Never after `now`: the clock may have been put back since.
    std::optional<core::Timestamp> digest_at(const std::string& device, core::Timestamp now);
    void note(const std::string& device, const Prompt& prompt);
    void note_digest(const std::string& device, core::Timestamp at);

 private:
    std::map<std::string, std::deque<Prompt>> prompts_;
    std::map<std::string, core::Timestamp> digests_;
};

// One request to one device: claimed, with all that its composing needs.
struct AlertOnItsWay {
    std::vector<Alert> alerts;  // one; several: told together
    core::Rep rep;
    Device device;
    const Notifier* notifier = nullptr;
    std::vector<core::Case> subjects;
    std::string link;
    std::vector<Tap> taps;
    bool window_open = false;
    bool news_approved = false;  // the text "rep_news", in the rep's language
};

struct AlertsClaimed {
    std::vector<AlertOnItsWay> on_their_way;
    bool more = false;  // every token was used: there may be more that are due
};

// Claims what is due, splits what is new by device, and puts back what must wait: until the rep's
// hours begin, or until the minute of a digest is over. On the writing thread.
AlertsClaimed claim_alerts(Store& store, const Applier& applier, const Phones& phones,
                           RecentlyTold& recent, std::span<const Token> tokens,
                           core::Timestamp now);

}  // namespace warmcall
