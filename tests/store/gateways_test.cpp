// What several gateways on one PostgreSQL share besides the contacts: how fast they send together,
// who rests, who was written to today; and the hint that there is news.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/shared_limits.hpp"
#include "store/cluster.hpp"
#include "store/people.hpp"
#include "store/postgres/postgres_store.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using namespace warmcall::people;
using namespace std::chrono_literals;

namespace {

const core::ChannelId wa{"wa"};

struct Database {
    std::string name, url;

    explicit Database(std::string called) : name{std::move(called)} {
        Cluster::shared().ask("postgres", "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        url = Cluster::shared().create(name);
    }
    std::string ask(const std::string& sql) const { return Cluster::shared().ask(name, sql); }
};

Rates rates(double per_second) {
    Rates r;
    r.per_second = per_second;
    r.account_per_second = 0;
    r.pair_gap = 0s;
    r.people_per_day = 0;
    return r;
}

// As many as one gateway alone would send, from a full bucket.
int in_a_second(double rate) {
    const TokenBucket bucket = TokenBucket::of(rate, t0);
    return static_cast<int>(bucket.burst + bucket.per_second);
}

// A gateway with its store and its limits.
struct Gateway {
    std::unique_ptr<Store> store;
    SharedLimits limits;

    Gateway(const Database& db, const Rates& r, Timestamp now = t0)
        : store{open_postgres(db.url, {.lease_time = LeaseTime::given})},
          limits{{{wa, r, "account", "portfolio"}}, now} {
        store->transact([&](Unit& u) { limits.begin(u, now); });
    }
    // How many of these may leave, in one claim.
    int leave(std::vector<core::Message> messages, Timestamp now, bool unasked = false) {
        int n = 0;
        store->transact([&](Unit& u) {
            n = 0;
            limits.rooms(u, now);
            for (const core::Message& m : messages)
                n += limits.take(u, {.message = &m, .unasked = unasked}, now) ? 0 : 1;
        });
        return n;
    }
};

core::Message message(const std::string& to, std::int64_t contact = 1) {
    core::Message m = wellbeing();
    m.contact = {contact};
    m.channel = wa;
    m.to = phone(to);
    return m;
}

std::vector<core::Message> many(int n, int from = 0) {
    std::vector<core::Message> all;
    for (int i = 0; i < n; ++i)
        all.push_back(message("+49151" + std::to_string(1'000'000 + from + i), from + i + 1));
    return all;
}

}  // namespace

TEST_CASE("three gateways together send no faster than one may") {
    const Database db{"one_pace"};
    Gateway a{db, rates(64)}, b{db, rates(64)}, c{db, rates(64)};
    int sent = 0;
    for (int tick = 0; tick <= 50; ++tick) {  // a second
        const Timestamp now = after(tick * 20ms);
        sent += a.leave(many(20), now) + b.leave(many(20), now) + c.leave(many(20), now);
    }
    CHECK(sent <= in_a_second(64));
    CHECK(sent > 58);
}

TEST_CASE("a gateway whose clock is behind does not send more, nor does one that is ahead") {
    const Database db{"clocks_apart"};
    Gateway a{db, rates(64)}, b{db, rates(64), t0 - 3s};
    int sent = 0;
    for (int tick = 0; tick <= 50; ++tick)
        sent += a.leave(many(20), after(tick * 20ms)) + b.leave(many(20), after(tick * 20ms - 3s));
    CHECK(sent <= in_a_second(64));
    CHECK(sent > 58);
}

TEST_CASE("what was claimed in a transaction that failed was not spent") {
    const Database db{"not_spent"};
    Gateway a{db, rates(64)};
    CHECK_THROWS(a.store->transact([&](Unit& u) {
        a.limits.rooms(u, t0);
        const core::Message m = message("+491");
        a.limits.take(u, {.message = &m, .parts = 2}, t0);
        throw std::runtime_error{"crash"};
    }));
    CHECK(a.leave(many(10), t0) == static_cast<int>(TokenBucket::of(64, t0).burst));
}

TEST_CASE("whom one gateway wrote to a moment ago, another lets rest") {
    const Database db{"one_pair"};
    Rates r = rates(1000);
    r.pair_gap = 6s;
    r.pair_burst = 1;
    Gateway a{db, r}, b{db, r};
    const core::ContactId id = with_message(*a.store);
    const core::Message m = a.store->contact(id)->messages.at(0);
    const auto leaves = [&](Gateway& g, Timestamp now) {
        bool left = false;
        g.store->transact([&](Unit& u) {
            g.limits.rooms(u, now);
            const Room room{m.channel, 5};
            REQUIRE(u.due_messages(now, {&room, 1}).size() == 1);
            left = !g.limits.take(u, {.message = &m}, now);
        });
        return left;
    };
    CHECK(leaves(a, t0));
    CHECK_FALSE(leaves(b, t0));
    CHECK(leaves(b, after(7s)));
    CHECK_FALSE(leaves(a, after(7s)));
}

TEST_CASE("a portfolio's people of the day are counted once, whichever gateway wrote to them") {
    const Database db{"people"};
    Rates r = rates(1000);
    r.people_per_day = 5;
    Gateway a{db, r}, b{db, r};
    CHECK(a.leave(many(3), t0, true) == 3);
    CHECK(b.leave(many(3), after(1s), true) == 3);      // the same people
    CHECK(b.leave(many(4, 10), after(2s), true) == 2);  // the fourth and the fifth
    CHECK(a.leave(many(1, 20), after(3s), true) == 0);
    Gateway late{db, r, after(4s)};  // starts afterwards
    CHECK(late.leave(many(1, 30), after(4s), true) == 0);
    CHECK(late.leave(many(1, 30), after(24h + 5min), true) == 1);
}

TEST_CASE("a sender that one gateway was asked to rest rests on the others") {
    const Database db{"rests"};
    Gateway a{db, rates(64)}, b{db, rates(64)};
    a.limits.rest(wa, after(30s));
    a.leave({}, t0);
    b.leave({}, t0);
    CHECK(b.limits.resting() == std::map<core::ChannelId, Timestamp>{{wa, after(30s)}});
    b.leave({}, after(31s));
    CHECK(b.limits.resting().empty());
}

TEST_CASE("a gateway hears that another has written, also after its connection was cut") {
    const Database db{"hints"};
    std::mutex mutex;
    std::condition_variable heard;
    int hints = 0;
    const auto here = open_postgres(db.url),
               there = open_postgres(db.url);  // they tell until they close
    here->on_news([&] {
        const std::lock_guard lock{mutex};
        ++hints;
        heard.notify_all();
    });
    there->on_news([] {});
    const core::ContactId id = add(*there, amara());
    const auto hears_more = [&] {
        std::unique_lock lock{mutex};
        const int before = hints;
        for (int tries = 0; tries < 50 && hints == before; ++tries) {
            lock.unlock();
            change(*there, id, [](Case&) {}, {core::Noted{"noted", ""}});
            lock.lock();
            heard.wait_for(lock, 200ms, [&] { return hints > before; });
        }
        return hints > before;
    };
    CHECK(hears_more());
    db.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'hints'"
        " AND pid <> pg_backend_pid()");
    CHECK(hears_more());
}

TEST_CASE("a commit whose answer was lost is there, and is not done again") {
    const Database db{"answer_lost"};
    const auto store = open_postgres(db.url);
    const core::ContactId id = add(*store, amara());
    // The commit is on the disk and waits for a standby that is not there; then its session is
    // ended before it could answer.
    db.ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    db.ask("SELECT pg_reload_conf()");
    std::atomic<int> times = 0;
    std::thread writer{[&] {
        store->transact([&](Unit& u) {
            ++times;
            const Case seen = load(u, id);
            save(u, seen, seen, {core::Noted{"noted", ""}});
        });
    }};
    const std::string ended =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = 'answer_lost' AND wait_event = 'SyncRep'";
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (db.ask(ended) == "0" && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    db.ask("ALTER SYSTEM RESET synchronous_standby_names");
    db.ask("SELECT pg_reload_conf()");
    writer.join();
    CHECK(times == 1);
    CHECK(db.ask("SELECT count(*) FROM event_log WHERE what = 'noted'") == "1");
}

TEST_CASE("a commit that the server did not get to is done again, once") {
    const Database db{"not_committed"};
    const auto store = open_postgres(db.url);
    const core::ContactId id = add(*store, amara());
    db.ask(
        "CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$");
    db.ask(
        "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON event_log DEFERRABLE INITIALLY"
        " DEFERRED FOR EACH ROW EXECUTE FUNCTION end_session()");
    int times = 0;
    store->transact([&](Unit& u) {
        if (++times == 2)
            db.ask("DROP TRIGGER at_commit ON event_log");
        const Case seen = load(u, id);
        save(u, seen, seen, {core::Noted{"noted", ""}});
    });
    CHECK(times == 2);
    CHECK(db.ask("SELECT count(*) FROM event_log WHERE what = 'noted'") == "1");
}
