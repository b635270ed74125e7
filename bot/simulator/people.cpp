#include "simulator/people.hpp"

#include <algorithm>
#include <array>

#include "core/speech.hpp"

namespace warmcall::simulator {

namespace {

template <std::size_t N>
std::string_view one_of(const std::array<std::string_view, N>& all, SeededRng& rng) {
    return all.at(rng.next() % N);
}

constexpr auto first_names =
    std::to_array<std::string_view>({"Amara", "Ines", "Farid", "Rohan", "Grace", "Lin", "Mateo",
                                     "Priya", "Jonas", "Zahra", "Tomas", "Aiko"});
constexpr auto last_names = std::to_array<std::string_view>(
    {"Okafor", "Moreau", "Mehta", "Larsen", "Silva", "Tanaka", "Keller", "Haddad"});
constexpr auto warm_words = std::to_array<std::string_view>(
    {"I'm well, thank you! How are you?", "All good here, the kids have exams",
     "Doing fine, thanks for asking", "Busy week but fine"});

struct Place {
    std::string_view prefix, zone, region;
};
constexpr auto places = std::to_array<Place>({{"+6149157", "Australia/Sydney", "AU"},
                                              {"+9198765", "Asia/Kolkata", "IN"},
                                              {"+4930123", "Europe/Berlin", "DE"},
                                              {"+9715012", "Asia/Dubai", "AE"},
                                              {"+4420794", "Europe/London", "GB"}});

// Two of one first name could not be told apart in the story: the next one is taken.
std::string_view not_taken(std::string_view name, const std::vector<NewContact>& people) {
    const auto taken = [&people](std::string_view one) {
        return std::ranges::any_of(
            people, [one](const NewContact& p) { return core::first_name(p.contact.name) == one; });
    };
    auto at = std::ranges::find(first_names, name);
    while (taken(*at)) {
        at = std::next(at) == first_names.end() ? first_names.begin() : std::next(at);
    }
    return *at;
}

core::Duration minutes(std::int64_t n) {
    return std::chrono::minutes{n};
}

}  // namespace

Temper temper_for(SeededRng& rng) {
    const std::int64_t roll = rng.between(0, 99);
    if (roll < 30) {
        return Temper::answers;
    }
    if (roll < 55) {
        return Temper::silent;
    }
    constexpr auto rest = std::to_array<Temper>(
        {Temper::stops, Temper::perhaps_stops, Temper::calls_back, Temper::away, Temper::reacts,
         Temper::unreachable, Temper::talkative, Temper::switches_off});
    return rest.at(rng.next() % rest.size());
}

std::vector<NewContact> make_people(SeededRng& rng, const std::vector<core::RepId>& reps) {
    std::vector<NewContact> people;
    const auto n = rng.between(1, 3);
    for (std::int64_t i = 0; i < n; ++i) {
        const Place& place = places.at(rng.next() % places.size());
        std::string digits = std::to_string(10000 + rng.between(0, 899) * 100 + i);
        core::Contact c;
        c.name = std::string{not_taken(one_of(first_names, rng), people)} + " " +
                 std::string{one_of(last_names, rng)};
        c.addresses = {{core::AddressKind::phone, std::string{place.prefix} + digits}};
        c.owner = reps.at(rng.next() % reps.size());
        c.language = rng.chance(20) ? "hi" : "en";
        c.zones = {std::string{place.zone}};
        c.zone_source = core::ZoneSource::given;
        c.region = place.region;
        c.consent =
            core::Consent{"the sign-up form", core::Timestamp{}, "You may write to me on WhatsApp"};
        people.push_back({std::move(c), {}});
    }
    return people;
}

std::vector<Reply> replies_of(Person& person, SeededRng& rng) {
    ++person.texts_seen;
    const core::Duration soon = minutes(rng.between(1, 90));
    switch (person.temper) {
        case Temper::answers:
            return {{soon, std::string{one_of(warm_words, rng)}}};
        case Temper::talkative: {
            std::vector<Reply> all{{soon, "Hey!"}};
            for (std::int64_t i = rng.between(1, 3); i > 0; --i) {
                all.push_back({all.back().after + std::chrono::seconds{rng.between(1, 15)},
                               std::string{one_of(warm_words, rng)}});
            }
            return all;
        }
        case Temper::stops:
            return {{soon, person.texts_seen > 1 || rng.chance(60) ? "STOP" : "who is this?"}};
        case Temper::perhaps_stops:
            return {{soon, "can you stop by at 5?"}};
        case Temper::calls_back:
            return {{soon, "", Reply::Form::call}};
        case Temper::away:
            return {
                {std::chrono::seconds{20},
                 "I am out of office, thank you for your message. I will reply when I am back."}};
        case Temper::reacts:
            return {{soon, "", Reply::Form::reaction}};
        case Temper::switches_off:
            return {{soon, "", Reply::Form::preference_stop}};
        case Temper::silent:
        case Temper::unreachable:
            break;
    }
    return {};
}

core::Disposition outcome_of(const Person& person, SeededRng& rng, core::Timestamp now) {
    using core::Reached;
    using core::Said;
    const bool warm = person.temper == Temper::answers || person.temper == Temper::talkative ||
                      person.temper == Temper::calls_back;
    if (!rng.chance(warm ? 70 : 25)) {
        constexpr auto nobody =
            std::to_array<Reached>({Reached::no_answer, Reached::no_answer, Reached::machine,
                                    Reached::busy, Reached::rejected, Reached::someone_else});
        return {.reached = nobody.at(rng.next() % nobody.size()), .leave_message = rng.chance(80)};
    }
    const auto roll = rng.between(0, 99);
    const core::Timestamp next = now + std::chrono::hours{rng.between(20, 24 * 14)};
    if (roll < 50) {
        return {.reached = Reached::human,
                .said = Said::talked,
                .next_at = next,
                .topic = "the new shop"};
    }
    if (roll < 65) {
        return {.reached = Reached::human,
                .said = Said::callback_asked,
                .next_at = now + std::chrono::hours{rng.between(2, 50)}};
    }
    if (roll < 75) {
        return {.reached = Reached::human, .said = Said::busy_now};
    }
    if (roll < 85) {
        return {.reached = Reached::human,
                .said = Said::agreed_next,
                .next_at = next,
                .topic = "her exams"};
    }
    if (roll < 92) {
        return {.reached = Reached::human, .said = Said::not_interested};
    }
    if (roll < 96) {
        return {.reached = Reached::human, .said = Said::talked, .won = true};
    }
    return {.reached = Reached::human, .said = Said::stop};
}

}  // namespace warmcall::simulator
