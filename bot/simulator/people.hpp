#pragma once
// The contacts of a simulated world: what they do when a text or a call reaches them. Chance comes
// from the run's seed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/event.hpp"
#include "ports/clock.hpp"
#include "ports/store.hpp"

namespace warmcall::simulator {

// A small, fast, repeatable generator (SplitMix64): the same seed gives the same days on every
// machine.
class SeededRng : public Rng {
 public:
    explicit SeededRng(std::uint64_t seed) : state_{seed * 0x9E3779B97F4A7C15ULL + 1} {}
    std::uint64_t next() override {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }
    bool chance(int percent) { return next() % 100 < static_cast<std::uint64_t>(percent); }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
    }

 private:
    std::uint64_t state_;
};

enum class Temper {
    answers,
    silent,
    stops,
    perhaps_stops,
    calls_back,
    away,
    reacts,
    unreachable,
    talkative,
    switches_off
};

struct Person {
    core::ContactId contact;
    std::string name;
    std::string phone;  // E.164
    std::string zone;
    Temper temper = Temper::silent;
    bool asked_to_stop = false;
    int texts_seen = 0;
};

Temper temper_for(SeededRng& rng);
// A few people, made up from the seed.
std::vector<NewContact> make_people(SeededRng& rng, const std::vector<core::RepId>& reps);

struct Reply {
    core::Duration after{};
    std::string words;
    enum class Form { text, reaction, voice, call, preference_stop } form = Form::text;
};
// What the person does once a text has arrived.
std::vector<Reply> replies_of(Person& person, SeededRng& rng);
// What came of a call to them.
core::Disposition outcome_of(const Person& person, SeededRng& rng, core::Timestamp now);

}  // namespace warmcall::simulator
