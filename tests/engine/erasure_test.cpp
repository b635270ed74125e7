// Somebody is erased while their text is at some point of its way: it is kept from leaving, or it
// is settled and says nothing of them.

#include "engine/erasure.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

Erased erase(World& w, core::ContactId id) {
    Erased erased;
    w.store->transact([&](Unit& unit) {
        erased = warmcall::erase(unit, w.applier->plan(), id, "operator", w.clock.at);
    });
    w.applier->forget(erased.addresses);
    return erased;
}

core::Message only_text(World& w) {
    const auto all = w.store->messages(w.amara, 10);
    REQUIRE(all.size() == 1);
    return all.front();
}

}  // namespace

TEST_CASE("who is erased is called no more, and the text that waited for them never leaves") {
    World w;
    w.queue_text(w.amara);
    const Erased erased = erase(w, w.amara);
    CHECK(erased.messages == 1);
    CHECK(is_erased(w.of(w.amara).contact));
    CHECK(w.phase(w.amara) == "none");
    CHECK(w.claim().empty());
    CHECK(only_text(w).state == core::MessageState::cancelled);
    w.advance(25h);
    CHECK(w.applier->wake(100) == 0);
    CHECK(w.counts().prompts_open == 0);
}

TEST_CASE("an erasure that comes while the connection is being made keeps the text from leaving") {
    World w;
    const Claimed c = w.claimed(w.amara);
    erase(w, w.amara);
    CHECK_FALSE(w.applier->may_leave(c, 2 * Dispatch::io_budget));
    CHECK(w.claim().empty());
    CHECK(only_text(w).state == core::MessageState::cancelled);
}

TEST_CASE("a text that left as they were erased is settled, and its receipts, without a trace") {
    World w;
    const Claimed c = w.claimed(w.amara);
    REQUIRE(w.applier->may_leave(c, 2 * Dispatch::io_budget));
    erase(w, w.amara);
    w.settle(c, accepted("wamid.HERS"));
    CHECK(only_text(w).state == core::MessageState::settled);
    CHECK(only_text(w).facts.provider_id.empty());
    w.delivered({receipt("wamid.HERS", "delivered", w.clock.at, c.token)});
    CHECK(core::shown(only_text(w).facts) == core::Shown::delivered);
    CHECK(w.counts().parked == 0);
    CHECK(only_text(w).facts.provider_id.empty());
    CHECK(only_text(w).to.value.empty());
}

TEST_CASE("a text that did not leave as they were erased goes no more") {
    World w;
    const Claimed c = w.claimed(w.amara);
    REQUIRE(w.applier->may_leave(c, 2 * Dispatch::io_budget));
    erase(w, w.amara);
    w.settle(c, not_sent());
    for (int hour = 0; hour < 30; ++hour) {
        w.advance(1h);
        w.applier->wake(100);
        CHECK(w.claim().empty());
    }
    CHECK(only_text(w).state != core::MessageState::queued);
}

TEST_CASE("a claim of theirs whose holder died is nobody's question") {
    World w;
    w.claimed(w.amara);
    erase(w, w.amara);
    w.restart();
    w.advance(Dispatch::lease + 1s);
    CHECK(w.applier->reconcile(100) == 1);
    CHECK(w.counts().prompts_open == 0);
    CHECK(w.applier->unsettled(channel, w.clock.at - 1h, 10).empty());
}

TEST_CASE(
    "who writes after they were erased is a stranger, and stays suppressed when added again") {
    World w;
    w.sent(w.amara);
    erase(w, w.amara);
    w.delivered({text_from("919876500001", "It is me again", "wamid.L", w.clock.at)});
    CHECK(w.ignored("reply of a stranger") == 1);
    const core::ContactId again = w.add("Amara", std::string{amara_number});
    CHECK(again != w.amara);
    CHECK(w.of(again).contact.suppressions.size() == 1);
    const Outcome refused = w.happens(again, core::Enrolled{});
    CHECK((refused.refusal || w.claim().empty()));
}

}  // namespace warmcall::tests
