// After a backup was put back, through the real door and store.

#include "engine/recovery.hpp"

#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

TEST_CASE(
    "after a backup was put back nothing that may have left goes again, for more people than fit in one look") {
    World w;
    std::vector<core::ContactId> people;
    for (int i = 0; i < 600; ++i) {
        people.push_back(
            w.add("Number " + std::to_string(i), "+91987651" + std::to_string(1'000 + i)));
        w.queue_text(people.back());
    }
    const core::ContactId planned = w.add("Zoe", "+919876600002");
    w.happens(planned, core::Enrolled{"gentle"});
    w.advance(3h);
    std::size_t looks = 0;
    const Recovered done =
        recover(*w.store, *w.applier, w.clock.at, [&looks](const Recovered&) { ++looks; });
    CHECK(done.texts == 600);
    CHECK(done.people == 601);
    CHECK(looks == 4);
    CHECK(unknown_until(*w.store) == w.clock.at);
    w.restart();
    CHECK(w.applier->plan().unknown_until == w.clock.at);
    w.advance(1min);
    w.applier->wake(1000);
    CHECK(w.claim(100).empty());
    CHECK(w.text(people.front()).state == core::MessageState::unknown);
    CHECK(w.of(planned).prompt->kind == core::PromptKind::no_warmup);
    w.advance(24h);
    while (w.applier->wake(1000) > 0) {
    }
    CHECK(w.claim(100).empty());
    CHECK(w.of(people.back()).prompt->kind == core::PromptKind::silent);
}

TEST_CASE("what did not go before a date that is still to come goes then") {
    World w;
    w.queue_text(w.amara);
    const core::Timestamp stopped = w.text(w.amara).not_before - 1min;
    const Recovered done = recover(*w.store, *w.applier, stopped, [](const Recovered&) {});
    CHECK(done.texts == 0);
    CHECK(w.text(w.amara).state == core::MessageState::queued);
}

}  // namespace warmcall::tests
