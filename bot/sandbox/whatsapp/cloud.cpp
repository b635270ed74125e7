#include "sandbox/whatsapp/cloud.hpp"

#include "sandbox/numbers.hpp"

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;

constexpr double pair_per_second = 1.0 / 6;
constexpr double pair_burst = 45;

}  // namespace

std::string Account::digits() const {
    return digits_of(display_number).value_or("0");
}

Cloud::Cloud(Account a, std::string channel, People& people, const Behaviour& behaviour)
    : account{std::move(a)}, channel_{std::move(channel)}, people_{people}, behaviour_{behaviour} {}

std::variant<Refusal, Cloud::Whom> Cloud::recipient(const Send& send) {
    if (send.to.empty()) {
        Person* found = people_.find_by_user_id(send.recipient);
        if (found == nullptr)
            return Refusal{
                131026, "The business-scoped user id is not known to this business", {}, 0};
        return Whom{found, send.recipient};
    }
    const auto digits = dialled(send.to, account.digits());
    if (!digits)
        return Refusal{131009, "Parameter 'to' is not a valid phone number", {}, 0};
    if (*digits == account.digits())
        return Refusal{131021, "The recipient's phone number is the business phone number", {}, 0};
    return Whom{&people_.person(*digits), send.to};
}

// Different people in 24 hours, outside of windows they have opened themselves.
bool Cloud::over_daily_limit(const Person& whom, Timestamp now) {
    const std::size_t most = behaviour_.users_per_day_max;
    if (most == 0 || whom.window_open(channel_, now))
        return false;
    if (written_to_.size() < most)
        return false;
    std::erase_if(written_to_, [&](const auto& entry) { return now - entry.second >= 24h; });
    return written_to_.size() >= most && !written_to_.contains(whom.wa_id);
}

std::optional<Refusal> Cloud::limits(Person& whom, Timestamp now) {
    const double most = behaviour_.sends_per_second_max;
    if (most > 0 && !throughput_.take(now, most, most))
        return Refusal{130429,
                       "Message failed to send because there were too many messages sent from this "
                       "phone number in a short period of time",
                       {},
                       0};
    if (behaviour_.pair_limit && !whom.pair[channel_].take(now, pair_per_second, pair_burst))
        return Refusal{131056,
                       "Message failed to send because there were too many messages sent from this "
                       "phone number to the same phone number in "
                       "a short period of time",
                       {},
                       0};
    if (over_daily_limit(whom, now))
        return Refusal{131048, status_error(131048)["error_data"]["details"], {}, 0};
    return std::nullopt;
}

std::variant<Refusal, Taken, Marked> Cloud::check(const Json& body, Timestamp now) {
    auto read = read_send(body);
    if (auto* wrong = std::get_if<Refusal>(&read))
        return std::move(*wrong);
    if (const auto* mark = std::get_if<MarkRead>(&read)) {
        const Bubble* about = people_.find(mark->message_id);
        if (about == nullptr || about->ours || about->channel != channel_)
            return Refusal{100, "message_id is not a message that came in on this phone number",
                           "Invalid parameter", 0};
        people_.note(mark->message_id, Step{mark->typing ? "typing" : "read", now, 0});
        return Marked{};
    }
    auto send = std::get<Send>(std::move(read));
    auto whom = recipient(send);
    if (auto* wrong = std::get_if<Refusal>(&whom))
        return std::move(*wrong);
    Person& person = *std::get<Whom>(whom).person;
    std::string category = "service";
    if (send.type == "template") {
        const Template* used = nullptr;
        auto fitted = templates.fit(send.content, used);
        if (auto* wrong = std::get_if<Refusal>(&fitted))
            return std::move(*wrong);
        auto& rendered = std::get<Rendered>(fitted);
        send.text = std::move(rendered.text);
        send.buttons = std::move(rendered.buttons);
        send.payloads = std::move(rendered.payloads);
        category = lower(used->category);
    } else if (behaviour_.closed_window == Behaviour::ClosedWindow::refused_at_once &&
               !person.window_open(channel_, now)) {
        return Refusal{131047, status_error(131047)["error_data"]["details"], {}, 0};
    }
    if (auto wrong = limits(person, now))
        return *std::move(wrong);
    return taken(send, person, category, now);
}

int Cloud::fate(const Send& send, const Person& whom, const std::string& category,
                Timestamp now) const {
    if (!whom.on_whatsapp)
        return 131026;
    if (send.type != "template")
        return whom.window_open(channel_, now) ? 0 : 131047;
    if (category == "marketing" && whom.marketing_stopped)
        return 131050;
    if (category == "marketing" && in_united_states(whom.wa_id))
        return 131049;
    return 0;
}

Taken Cloud::taken(const Send& send, const Person& whom, const std::string& category,
                   Timestamp now) const {
    Bubble bubble;
    bubble.channel = channel_;
    bubble.wa_id = whom.wa_id;
    bubble.ours = true;
    bubble.type = send.type;
    bubble.shape = send.type == "interactive" ? send.content["type"].get<std::string>() : "";
    bubble.text = send.text;
    bubble.buttons = send.buttons;
    bubble.payloads = send.payloads;
    bubble.about = send.about;
    bubble.token = send.token;
    bubble.category = category;
    if (send.type == "template")
        bubble.template_name = send.content["name"];
    bubble.kept = Json{{"input", send.to.empty() ? send.recipient : send.to},
                       {"by_user_id", send.to.empty()}};
    return {std::move(bubble), fate(send, whom, category, now)};
}

void Cloud::went_to(const Person& whom, Timestamp now) {
    if (behaviour_.users_per_day_max > 0 && !whom.window_open(channel_, now))
        written_to_.emplace(whom.wa_id, now);
}

}  // namespace warmcall::sandbox
