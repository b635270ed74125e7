#include "sandbox/people.hpp"

#include <algorithm>

#include "sandbox/numbers.hpp"

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t bubbles_max = 200'000;
constexpr std::size_t people_max = 1'000'000;
constexpr std::size_t steps_max = 64;

}  // namespace

bool Bucket::take(Timestamp now, double per_second, double most, double amount) {
    const double passed = std::max(0.0, std::chrono::duration<double>(now - at).count());
    const double filled = level ? std::min(most, *level + passed * per_second) : most;
    at = now;
    const bool enough = filled >= amount;
    level = enough ? filled - amount : filled;
    return enough;
}

bool Person::window_open(const std::string& channel, Timestamp now) const {
    const auto found = wrote_at.find(channel);
    return found != wrote_at.end() && now - found->second < 24h;
}

double People::chance(std::string_view what) const {
    const auto hash = sha256(std::to_string(seed_) + "|" + std::string{what});
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 6; ++i)
        bits = bits << 8U | hash[i];
    return static_cast<double>(bits) / static_cast<double>(1ULL << 48U);
}

std::string People::unique(std::uint64_t number, std::string_view word) const {
    return sha256_hex(std::to_string(seed_) + "|" + std::to_string(number) + "|" +
                      std::string{word});
}

Person& People::person(std::string_view digits) {
    const std::string wa_id = wa_id_of(digits);
    if (const auto found = people_.find(wa_id); found != people_.end())
        return found->second;
    if (people_.size() >= people_max)
        people_.erase(people_.begin());
    Person made;
    made.wa_id = wa_id;
    made.phone = std::string{digits};
    made.user_id = iso_country(wa_id) + ".WARM" + upper(sha256_hex("user|" + wa_id).substr(0, 16));
    return people_.emplace(wa_id, std::move(made)).first->second;
}

Person* People::find_by_user_id(std::string_view user_id) {
    const auto found =
        std::ranges::find_if(people_, [&](const auto& p) { return p.second.user_id == user_id; });
    return found == people_.end() ? nullptr : &found->second;
}

Result<Person*> People::person_at(std::string_view number) {
    const auto digits = digits_of(number);
    if (!digits)
        return Error{Errc::bad_input,
                     "a phone number with its country code was expected, like +61491570156"};
    return &person(*digits);
}

Result<Person*> People::move(Person& from, std::string_view to_number, std::string& old_wa_id) {
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

Bubble& People::keep(Bubble bubble) {
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

Bubble& People::heard(Bubble from_them, Timestamp now) {
    person(from_them.wa_id).wrote_at[from_them.channel] = now;
    return keep(std::move(from_them));
}

Bubble& People::wrote(Bubble by_us) {
    return keep(std::move(by_us));
}

Bubble* People::find(std::string_view id) {
    const auto found = place_.find(std::string{id});
    return found == place_.end() ? nullptr : &bubbles_[found->second - dropped_];
}

const Bubble* People::last_to(std::string_view wa_id, std::string_view channel) const {
    const auto found = std::find_if(bubbles_.rbegin(), bubbles_.rend(), [&](const Bubble& b) {
        return b.ours && b.wa_id == wa_id && (channel.empty() || b.channel == channel);
    });
    return found == bubbles_.rend() ? nullptr : &*found;
}

void People::note(std::string_view id, Step step) {
    Bubble* bubble = find(id);
    if (bubble == nullptr)
        return;
    if (bubble->steps.size() < steps_max)
        bubble->steps.push_back(std::move(step));
    bubble->revision = ++revision_;
}

}  // namespace warmcall::sandbox
