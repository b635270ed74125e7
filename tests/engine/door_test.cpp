// The door with its threads: grouped, in order, bounded, and honest about what was stored.

#include "engine/door.hpp"

#include <atomic>
#include <optional>
#include <thread>

#include "running.hpp"
#include "store/folder.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

struct OnDisk {
    Folder folder;
    World w{"sqlite:" + folder.file("warmcall.db")};
    asio::io_context context;
};

Work noting(const std::string& key, const std::string& value = "done") {
    return Write{[=](Unit& unit, core::Timestamp) { unit.set_setting(key, value); }};
}

std::string setting(Store& store, const std::string& key) {
    std::string value;
    store.transact([&](Unit& unit) { value = unit.setting(key); });
    return value;
}

struct Asked {
    bool answered = false;
    std::string failure;
};

void ask(
    asio::io_context& context, Door& door, Work work, Asked& asked,
    std::function<void()> then = [] {}) {
    asio::co_spawn(
        context,
        [](Door& d, Work one) -> asio::awaitable<void> { co_await d.apply(std::move(one)); }(
                                  door, std::move(work)),
        [&asked, then = std::move(then)](const std::exception_ptr& problem) {
            asked = {true, failure_of(Outcome{.failure = problem})};
            then();
        });
}

}  // namespace

TEST_CASE(
    "what arrives while a batch is being committed goes through together, and the answers come in "
    "order") {
    OnDisk d;
    Door door{d.context, *d.w.applier, *d.w.store};
    Holding holding;
    Asked first;
    ask(d.context, door, holding.work(), first);
    holding.wait_until_entered(d.context);
    constexpr std::size_t n = 200;
    std::vector<Asked> asked(n);
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < n; ++i) {
        ask(d.context, door, noting("last", std::to_string(i)), asked[i],
            [&order, i] { order.push_back(i); });
    }
    turn_until(d.context, [&] { return door.counts().waiting == n + 1; });
    CHECK(order.empty());
    holding.go_on();
    turn_until(d.context, [&] { return order.size() == n; });
    CHECK(std::ranges::is_sorted(order));
    CHECK(first.answered);
    CHECK(door.counts().works == n + 1);
    CHECK(door.counts().batches == 2);
    CHECK(door.counts().waiting == 0);
    CHECK(setting(*d.w.store, "last") == std::to_string(n - 1));
}

TEST_CASE(
    "several works asked for at once are answered in their order, each with what became of it") {
    OnDisk d;
    Door door{d.context, *d.w.applier, *d.w.store};
    std::vector<Outcome> outcomes;
    finish(d.context,
           [](Door& door_, World& w, std::vector<Outcome>& into) -> asio::awaitable<void> {
               std::vector<Work> works;
               works.push_back(noting("one"));
               works.emplace_back(Happened{w.amara, core::Woke{}});
               works.push_back(
                   Write{[](Unit&, core::Timestamp) { throw std::runtime_error{"broken"}; }});
               works.emplace_back(Happened{w.amara, core::Enrolled{"nonsense"}});
               works.push_back(noting("two"));
               into = co_await door_.apply_all(std::move(works));
           }(door, d.w, outcomes));
    REQUIRE(outcomes.size() == 5);
    CHECK(failure_of(outcomes[0]).empty());
    CHECK(outcomes[1].after);
    CHECK(failure_of(outcomes[2]) == "broken");
    REQUIRE(outcomes[3].refusal);
    CHECK(outcomes[3].refusal->code == core::Refusal::Code::unknown_cadence);
    CHECK(failure_of(outcomes[4]).empty());
    CHECK(setting(*d.w.store, "two") == "done");
}

TEST_CASE(
    "a store that cannot write is told to whoever asks, and the door says so until a write worked "
    "again") {
    OnDisk d;
    std::atomic<bool> full = true;
    d.w.applier->between_steps = [&](std::string_view step) {
        if (full && step == "saved") {
            throw StoreUnavailable{"the disk is full"};
        }
    };
    Door door{d.context, *d.w.applier, *d.w.store};
    int heard = 0;
    door.on_commit([&] { ++heard; });
    Asked asked;
    ask(d.context, door, noting("k"), asked);
    turn_until(d.context, [&] { return asked.answered; });
    CHECK(asked.failure == "the disk is full");
    CHECK_FALSE(door.writable());
    full = false;
    Asked again;
    ask(d.context, door, noting("k"), again);
    turn_until(d.context, [&] { return again.answered; });
    CHECK(again.failure.empty());
    CHECK(door.writable());
    CHECK(heard >= 1);
}

TEST_CASE("more than the queue holds is refused at once, and what was in it goes through") {
    OnDisk d;
    Door door{d.context, *d.w.applier, *d.w.store, 3};
    Holding holding;
    Asked held, one, two, over;
    ask(d.context, door, holding.work(), held);
    holding.wait_until_entered(d.context);
    ask(d.context, door, noting("one"), one);
    ask(d.context, door, noting("two"), two);
    ask(d.context, door, noting("over"), over);
    turn_until(d.context, [&] { return over.answered; });
    CHECK(over.failure.find("more is waiting") != std::string::npos);
    CHECK_FALSE(one.answered);
    CHECK(door.counts().refused_full == 1);
    holding.go_on();
    turn_until(d.context, [&] { return held.answered && one.answered && two.answered; });
    CHECK(two.failure.empty());
    CHECK(setting(*d.w.store, "two") == "done");
    CHECK(setting(*d.w.store, "over").empty());
    Asked later;
    ask(d.context, door, noting("later"), later);
    turn_until(d.context, [&] { return later.answered; });
    CHECK(later.failure.empty());
}

TEST_CASE("closing the door finishes what was taken in, and the answers still arrive") {
    OnDisk d;
    std::vector<Asked> asked(50);
    int heard = 0;
    {
        Door door{d.context, *d.w.applier, *d.w.store};
        door.on_commit([&] { ++heard; });
        for (std::size_t i = 0; i < asked.size(); ++i) {
            ask(d.context, door, noting("k" + std::to_string(i)), asked[i]);
        }
        turn_until(d.context,
                   [&] { return door.counts().works + door.counts().waiting == asked.size(); });
    }
    CHECK(setting(*d.w.store, "k49") == "done");
    turn_until(d.context, [&] { return std::ranges::all_of(asked, &Asked::answered); });
    CHECK(heard > 0);
    for (const Asked& one : asked) {
        CHECK(one.failure.empty());
    }
}

TEST_CASE(
    "a door that closes finishes what is to be stored, begins to look for nothing, and lets nobody "
    "in") {
    OnDisk d;
    Door door{d.context, *d.w.applier, *d.w.store};
    Holding holding;
    holding.hold(d.context, door);
    bool looked = false;
    const std::function<void()> look = [&] { looked = true; };
    Asked note, job, claim, late;
    ask(d.context, door, noting("k"), note);
    ask(d.context, door, Look{.at = [&](Unit&, core::Timestamp) { look(); }}, claim);
    asio::co_spawn(d.context, door.on_writer(look), [&](const std::exception_ptr& problem) {
        job = {true, failure_of(Outcome{.failure = problem})};
    });
    turn_until(d.context, [&] { return door.counts().waiting == 4; });
    std::thread closing{[&] { door.close(); }};
    turn_until(d.context, [&] {
        ask(d.context, door, Look{.at = [&](Unit&, core::Timestamp) { look(); }}, late);
        d.context.poll();
        return late.answered;
    });
    holding.go_on();
    closing.join();
    turn_until(d.context, [&] { return note.answered && job.answered && claim.answered; });
    CHECK(note.failure.empty());
    CHECK(setting(*d.w.store, "k") == "done");
    CHECK_FALSE(looked);
    for (const Asked& one : {job, claim, late}) {
        CHECK(one.failure == "the gateway is stopping");
    }
    CHECK_THROWS_AS(finish(d.context, door.read([](Store&) {})), StoreUnavailable);
}

TEST_CASE("a reader sees what was committed and nothing of what is under way") {
    OnDisk d;
    Door door{d.context, *d.w.applier, *d.w.store};
    Holding holding;
    Asked asked;
    std::vector<Work> works;
    works.emplace_back(Happened{d.w.amara, core::Enrolled{"gentle"}});
    works.push_back(holding.work());
    bool done = false;
    asio::co_spawn(
        d.context,
        [](Door& one, std::vector<Work> all) -> asio::awaitable<void> {
            co_await one.apply_all(std::move(all));
        }(door, std::move(works)),
        [&](const std::exception_ptr&) { done = true; });
    holding.wait_until_entered(d.context);
    std::optional<bool> live;
    const auto look = [&] {
        finish(
            d.context,
            [](Door& one, core::ContactId id, std::optional<bool>& into) -> asio::awaitable<void> {
                co_await one.read(
                    [&](Store& store) { into = store.contact(id)->outreach.has_value(); });
            }(door, d.w.amara, live));
    };
    look();
    CHECK(live == false);
    holding.go_on();
    turn_until(d.context, [&] { return done; });
    look();
    CHECK(live == true);
    SECTION("what it throws passes on") {
        const auto throws = [](Door& one) -> asio::awaitable<void> {
            co_await one.read([](Store&) { throw std::runtime_error{"no such page"}; });
        };
        CHECK_THROWS_WITH(finish(d.context, throws(door)), "no such page");
    }
}

TEST_CASE(
    "who sends is called when a text waits, who tells reps when there is something to tell, and "
    "a receipt calls neither") {
    OnDisk d;
    const std::string id = d.w.sent(d.w.amara);
    d.w.applier->take_errands();
    Door door{d.context, *d.w.applier, *d.w.store};
    int commits = 0, texts = 0, alerts = 0;
    door.on_commit([&] { ++commits; });
    door.on_errands([&](Errands left) {
        texts += left.texts ? 1 : 0;
        alerts += left.alerts ? 1 : 0;
    });
    const auto let_in = [&](Work work) {
        Asked asked;
        const int before = commits;
        ask(d.context, door, std::move(work), asked);
        turn_until(d.context, [&] { return asked.answered && commits > before; });
        CHECK(asked.failure.empty());
    };
    SECTION("a receipt") {
        let_in(d.w.webhook(receipt(id, "delivered", d.w.clock.at)));
        CHECK(core::shown(d.w.text(d.w.amara).facts) == core::Shown::delivered);
        CHECK(texts == 0);
        CHECK(alerts == 0);
    }
    SECTION("a STOP, which is confirmed and told") {
        let_in(d.w.webhook(text_from("919876500001", "STOP", "wamid.IN1", d.w.clock.at)));
        CHECK(texts == 1);
        CHECK(alerts == 1);
    }
    SECTION("a look that left something to do, which is told with the next news") {
        const auto stopped = [&] {
            std::vector<Work> batch;
            batch.push_back(
                d.w.webhook(text_from("919876500001", "STOP", "wamid.IN1", d.w.clock.at)));
            d.w.applier->apply(std::move(batch));
        };
        finish(d.context, door.on_writer(stopped));
        CHECK(texts + alerts == 0);
        let_in(d.w.webhook(receipt(id, "delivered", d.w.clock.at)));
        CHECK(texts == 1);
        CHECK(alerts == 1);
    }
    SECTION("a write of which nobody else knows what it did") {
        let_in(noting("k"));
        CHECK(texts == 1);
        CHECK(alerts == 1);
    }
}

TEST_CASE("what only looks around wakes nobody by itself, and what it throws passes on") {
    OnDisk d;
    Door door{d.context, *d.w.applier, *d.w.store};
    int heard = 0;
    door.on_commit([&] { ++heard; });
    bool looked = false;
    const std::function<void()> look = [&] { looked = true; };
    const std::function<void()> fail = [] { throw std::runtime_error{"nothing there"}; };
    const auto within = [&](std::function<void()> f) -> asio::awaitable<void> {
        co_await door.apply(Look{.at = [f](Unit&, core::Timestamp) { f(); }});
    };
    SECTION("a job on the writing thread") {
        finish(d.context, door.on_writer(look));
        CHECK_THROWS_WITH(finish(d.context, door.on_writer(fail)), "nothing there");
    }
    SECTION("a look within a batch") {
        finish(d.context, within(look));
        CHECK_THROWS_WITH(finish(d.context, within(fail)), "nothing there");
    }
    CHECK(looked);
    CHECK(heard == 0);
    Asked asked;
    ask(d.context, door, noting("k"), asked);
    turn_until(d.context, [&] { return asked.answered && heard == 1; });
}

}  // namespace warmcall::tests
