// Wake-ups with their loop: everything that is due, also while people come and go.

#include "engine/wakeups.hpp"

#include "engine/door.hpp"
#include "running.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

TEST_CASE("what is due is woken, in a calm hour and while people come and go") {
    const bool people = GENERATE(false, true);
    World w;
    constexpr std::size_t due = 3 * Wakeups::a_few + 5;
    for (std::size_t i = 0; i < due; ++i) {
        const core::ContactId id = w.add("Ben Ray", "+9198765" + std::to_string(10'000 + i));
        REQUIRE(!w.happens(id, core::Enrolled{"gentle"}).refusal);
    }
    REQUIRE(w.store->counts().messages_by_state.empty());
    asio::io_context context;
    Door door{context, *w.applier, *w.store};
    Wakeups wakeups{context, door, *w.applier};
    bool ended = false, gone = false;
    asio::co_spawn(context, wakeups.run(), [&](const std::exception_ptr&) { ended = true; });
    const auto come_and_go = [&]() -> asio::awaitable<void> {
        while (people && !ended) {
            co_await door.apply(
                Write{[](Unit& unit, core::Timestamp) { unit.set_setting("k", "v"); }});
        }
    };
    asio::co_spawn(context, come_and_go(), [&](const std::exception_ptr&) { gone = true; });
    turn_until(context, [&] { return w.store->counts().messages_by_state["queued"] == due; });
    wakeups.stop();
    turn_until(context, [&] { return ended && gone; });
}

}  // namespace warmcall::tests
