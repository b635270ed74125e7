#include "sandbox/cloud.hpp"

#include <algorithm>

#include "sandbox/numbers.hpp"

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t bubbles_max = 200'000;
constexpr std::size_t people_max = 1'000'000;
constexpr double pair_per_second = 1.0 / 6;
constexpr double pair_burst = 45;

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    return text;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return text;
}

}  // namespace

std::string Account::digits() const {
    return digits_of(display_number).value_or("0");
}

bool Bucket::take(Timestamp now, double per_second, double most) {
    const double passed = std::max(0.0, std::chrono::duration<double>(now - at).count());
    const double filled = level ? std::min(most, *level + passed * per_second) : most;
    at = now;
    const bool enough = filled >= 1;
    level = enough ? filled - 1 : filled;
    return enough;
}

bool Person::window_open(Timestamp now) const {
    return wrote_at && now - *wrote_at < 24h;
}

Cloud::Cloud(Account a, Behaviour b, std::uint64_t seed)
    : account{std::move(a)}, behaviour{b}, seed_{seed} {}

double Cloud::chance(std::string_view what) const {
    const auto hash = sha256(std::to_string(seed_) + "|" + std::string{what});
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 6; ++i)
        bits = bits << 8U | hash[i];
    return static_cast<double>(bits) / static_cast<double>(1ULL << 48U);
}

std::string Cloud::new_wamid(std::string_view wa_id, std::uint64_t number) const {
    const std::string hash = upper(sha256_hex(std::to_string(seed_) + "|" + std::to_string(number) +
                                              "|" + std::string{wa_id}));
    return "wamid.HBgL" + base64url(std::string{wa_id} + "\x15\x02" + hash.substr(0, 20)) +
           std::to_string(number);
}

Person& Cloud::person(std::string_view digits) {
    const std::string wa_id = wa_id_of(digits);
    if (const auto found = people_.find(wa_id); found != people_.end())
        return found->second;
    if (people_.size() >= people_max)
        people_.erase(people_.begin());
    Person made;
    made.wa_id = wa_id;
    made.user_id = iso_country(wa_id) + ".WARM" + upper(sha256_hex("user|" + wa_id).substr(0, 16));
    return people_.emplace(wa_id, std::move(made)).first->second;
}

Person* Cloud::find_by_user_id(std::string_view user_id) {
    const auto found =
        std::ranges::find_if(people_, [&](const auto& p) { return p.second.user_id == user_id; });
    return found == people_.end() ? nullptr : &found->second;
}

Result<Person*> Cloud::person_at(std::string_view number) {
    const auto digits = digits_of(number);
    if (!digits)
        return Error{Errc::bad_input,
                     "a phone number with its country code was expected, like +61491570156"};
    return &person(*digits);
}

Result<Person*> Cloud::move(Person& from, std::string_view to_number, std::string& old_wa_id) {
    const auto digits = digits_of(to_number);
    if (!digits)
        return Error{Errc::bad_input,
                     "to: a phone number with its country code was expected, like +61491570157"};
    old_wa_id = from.wa_id;
    if (wa_id_of(*digits) == old_wa_id)
        return Error{Errc::bad_input, "to: that is the number they already have"};
    Person& now_at = person(*digits);
    now_at.name = from.name;
    now_at.rep = from.rep;
    from.on_whatsapp = false;
    return &now_at;
}

std::variant<Refusal, Cloud::Whom> Cloud::recipient(const Send& send) {
    if (send.to.empty()) {
        Person* found = find_by_user_id(send.recipient);
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
    return Whom{&person(*digits), send.to};
}

std::optional<Refusal> Cloud::limits(Person& whom, Timestamp now) {
    const double most = behaviour.sends_per_second_max;
    if (most > 0 && !throughput_.take(now, most, most))
        return Refusal{130429,
                       "Message failed to send because there were too many messages sent from this "
                       "phone number in a short period of time",
                       {},
                       0};
    if (behaviour.pair_limit && !whom.pair.take(now, pair_per_second, pair_burst))
        return Refusal{131056,
                       "Message failed to send because there were too many messages sent from this "
                       "phone number to the same phone number in "
                       "a short period of time",
                       {},
                       0};
    return std::nullopt;
}

std::variant<Refusal, Send, Marked> Cloud::check(const Json& body, Timestamp now) {
    auto read = read_send(body);
    if (auto* wrong = std::get_if<Refusal>(&read))
        return std::move(*wrong);
    if (const auto* mark = std::get_if<MarkRead>(&read)) {
        const Bubble* about = find(mark->message_id);
        if (about == nullptr || about->ours)
            return Refusal{100, "message_id is not a message that came in on this phone number",
                           "Invalid parameter", 0};
        note(mark->message_id, Step{mark->typing ? "typing" : "read", now, 0});
        return Marked{};
    }
    auto send = std::get<Send>(std::move(read));
    auto whom = recipient(send);
    if (auto* wrong = std::get_if<Refusal>(&whom))
        return std::move(*wrong);
    Person& person = *std::get<Whom>(whom).person;
    if (send.type == "template") {
        const Template* used = nullptr;
        auto fitted = templates.fit(send.content, used);
        if (auto* wrong = std::get_if<Refusal>(&fitted))
            return std::move(*wrong);
        auto& rendered = std::get<Rendered>(fitted);
        send.text = std::move(rendered.text);
        send.buttons = std::move(rendered.buttons);
        send.payloads = std::move(rendered.payloads);
    } else if (behaviour.closed_window == Behaviour::ClosedWindow::refused_at_once &&
               !person.window_open(now)) {
        return Refusal{131047, status_error(131047)["error_data"]["details"], {}, 0};
    }
    if (auto wrong = limits(person, now))
        return *std::move(wrong);
    return send;
}

int Cloud::fate(const Send& send, const Person& whom, const std::string& category,
                Timestamp now) const {
    if (!whom.on_whatsapp)
        return 131026;
    if (send.type != "template")
        return whom.window_open(now) ? 0 : 131047;
    if (category == "marketing" && whom.marketing_stopped)
        return 131050;
    if (category == "marketing" && in_united_states(whom.wa_id))
        return 131049;
    return 0;
}

Accepted Cloud::accept(const Send& send, Timestamp now, std::uint64_t number) {
    Whom whom = std::get<Whom>(recipient(send));
    Bubble bubble;
    bubble.id = new_wamid(whom.person->wa_id, number);
    bubble.wa_id = whom.person->wa_id;
    bubble.ours = true;
    bubble.type = send.type;
    bubble.shape = send.type == "interactive" ? send.content["type"].get<std::string>() : "";
    bubble.text = send.text;
    bubble.buttons = send.buttons;
    bubble.payloads = send.payloads;
    bubble.about = send.about;
    bubble.token = send.token;
    bubble.at = now;
    bubble.steps.push_back({"accepted", now, 0});
    if (send.type == "template") {
        bubble.template_name = send.content["name"];
        const Template* used = templates.find(bubble.template_name,
                                              send.content["language"]["code"].get<std::string>());
        bubble.category = lower(used->category);
        // what goes to a rep is read on the rep's phone of the page
        whom.person->rep = whom.person->rep || bubble.template_name.starts_with("rep_notice");
    }
    Accepted accepted;
    accepted.wamid = bubble.id;
    accepted.fails_with = fate(send, *whom.person, bubble.category, now);
    Json contact{{"input", whom.input}};
    if (send.to.empty())
        contact["user_id"] = whom.person->user_id;
    else
        contact["wa_id"] = whom.person->wa_id;
    Json message{{"id", bubble.id}};
    if (send.type == "template")
        message["message_status"] = "accepted";
    accepted.answer = Json{{"messaging_product", "whatsapp"},
                           {"contacts", Json::array({contact})},
                           {"messages", Json::array({message})}};
    keep(std::move(bubble));
    return accepted;
}

Bubble& Cloud::keep(Bubble bubble) {
    if (bubbles_.size() >= bubbles_max) {
        place_.erase(bubbles_.front().id);
        bubbles_.pop_front();
        ++dropped_;
    }
    bubble.revision = ++revision_;
    bubble.number = dropped_ + bubbles_.size();
    place_[bubble.id] = bubble.number;
    return bubbles_.emplace_back(std::move(bubble));
}

Bubble& Cloud::heard(Bubble from_them, Timestamp now) {
    person(from_them.wa_id).wrote_at = now;
    return keep(std::move(from_them));
}

Bubble& Cloud::wrote(Bubble by_us) {
    return keep(std::move(by_us));
}

Bubble* Cloud::find(std::string_view wamid) {
    const auto found = place_.find(std::string{wamid});
    return found == place_.end() ? nullptr : &bubbles_[found->second - dropped_];
}

const Bubble* Cloud::last_to(std::string_view wa_id) const {
    const auto found = std::find_if(bubbles_.rbegin(), bubbles_.rend(),
                                    [&](const Bubble& b) { return b.ours && b.wa_id == wa_id; });
    return found == bubbles_.rend() ? nullptr : &*found;
}

void Cloud::note(std::string_view wamid, Step step) {
    Bubble* bubble = find(wamid);
    if (bubble == nullptr)
        return;
    constexpr std::size_t steps_max = 64;
    if (bubble->steps.size() < steps_max)
        bubble->steps.push_back(std::move(step));
    bubble->revision = ++revision_;
}

}  // namespace warmcall::sandbox
