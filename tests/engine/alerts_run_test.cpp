// The sending of alerts with its loop: side by side, bounded, and drained at the end.

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <optional>

#include "engine/alerts.hpp"
#include "running.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

// Every service answers 200 at once, but for one that keeps its callers waiting until it is let go.
class Services : public Transport {
 public:
    explicit Services(asio::io_context& context) : let_go{context} {
        let_go.expires_at(asio::steady_timer::time_point::max());
    }
    std::map<std::string, int> asked, answered;
    asio::steady_timer let_go;

    asio::awaitable<Result<std::unique_ptr<Connection>>> connect(std::string_view origin,
                                                                 core::Duration) override {
        std::unique_ptr<Connection> one = std::make_unique<One>(*this, std::string{origin});
        co_return std::move(one);
    }

 private:
    struct One : Connection {
        One(Services& s, std::string o) : services{s}, origin{std::move(o)} {}
        Services& services;
        std::string origin;
        asio::awaitable<Exchange> exchange(HttpRequest, core::Duration) override {
            ++services.asked[origin];
            if (origin == "https://slow.test") {
                boost::system::error_code woken;
                co_await services.let_go.async_wait(
                    asio::redirect_error(asio::use_awaitable, woken));
            }
            ++services.answered[origin];
            Exchange fine = warmcall::tests::answered(200, R"({"id":1})");
            co_return fine;
        }
    };
};

Device device(std::string id, std::string way, std::string url) {
    Device d{.id = std::move(id), .rep = maya, .way = std::move(way)};
    d.settings = {{"topic", "calls"}, {"url", std::move(url)}};
    d.secrets["token"] = Secret{"t"};
    return d;
}

struct Running {
    World w;
    asio::io_context context;
    Services services{context};
    Door door{context, *w.applier, *w.store};
    OwnLimits limits{senders_of({w.main}), w.clock.at};
    Dispatch lines{context, door, *w.applier, services, {w.main}, limits, w.clock, w.rng};
    core::Plan by = plan();
    Alerts alerts{context,  door, *w.applier, *w.store, lines,
                  services, by,   phones(),   w.clock,  w.rng};
    bool ended = false;

    static Phones phones() {
        Phones p;
        p.devices[maya] = {device("maya.ntfy", "ntfy", "https://slow.test"),
                           device("maya.gotify", "gotify", "https://fast.test")};
        p.link = [](core::PromptId, const core::RepId&) { return "https://calls.test/"; };
        p.tap_key = Secret{"key"};
        return p;
    }
    void start() {
        asio::co_spawn(context, alerts.run(), [this](std::exception_ptr) { ended = true; });
    }
    std::int64_t waiting() {
        std::int64_t n = 0;
        finish(context, count(door, n));
        return n;
    }
    static asio::awaitable<void> count(Door& at, std::int64_t& n) {
        auto look = [&n](Store& store) { n = store.counts().alerts_waiting; };
        co_await at.read(std::move(look));
    }
};

}  // namespace

TEST_CASE("a service that hangs keeps no other phone waiting") {
    Running r;
    r.w.prompt(r.w.amara);
    r.w.prompt(r.w.add("Ben Ray", "+919876500011"));
    r.start();
    turn_until(r.context, [&] { return r.services.answered["https://fast.test"] == 2; });
    turn_until(r.context, [&] { return r.services.asked["https://slow.test"] == 2; });
    CHECK(r.services.answered["https://slow.test"] == 0);
    r.services.let_go.cancel();
    turn_until(r.context, [&] { return r.waiting() == 0; });
    finish(r.context, r.alerts.drain(10s));
    turn_until(r.context, [&] { return r.ended; });
}

TEST_CASE("at the end what is on its way is finished, and nothing new is begun") {
    Running r;
    r.w.prompt(r.w.amara);
    r.start();
    turn_until(r.context, [&] { return r.services.asked["https://slow.test"] == 1; });
    bool drained = false;
    asio::co_spawn(r.context, r.alerts.drain(60s), [&](std::exception_ptr) { drained = true; });
    turn_until(r.context, [&] { return r.ended; });
    CHECK_FALSE(drained);
    r.services.let_go.cancel();
    turn_until(r.context, [&] { return drained; });
    CHECK(r.waiting() == 0);
}

TEST_CASE("what was being claimed when the end came is still told") {
    Running r;
    r.by.templates = {};  // nor is there a morning to be looked at first
    r.w.prompt(r.w.amara);
    Holding holding;
    holding.hold(r.context, r.door);
    r.start();
    turn_until(r.context, [&] { return r.door.counts().waiting == 2; });
    std::optional<int> told;
    asio::co_spawn(r.context, r.alerts.drain(60s),
                   [&](std::exception_ptr) { told = r.services.answered["https://fast.test"]; });
    r.services.let_go.expires_after(0s);
    holding.go_on();
    turn_until(r.context, [&] { return r.ended && told; });
    CHECK(*told == 1);
}

TEST_CASE("a trial goes to one device alone and brings back the service's own answer") {
    Running r;
    r.w.store->transact([&](Unit& u) {
        u.add_device({.rep = maya,
                      .way = "web_push",
                      .name = "Firefox",
                      .address = "https://push.test/1",
                      .keys = "x y",
                      .created_at = r.w.clock.at,
                      .seen_at = r.w.clock.at});
    });
    std::optional<Result<DeviceTrial>> tried;
    const auto attempt = [&](std::string id) {
        auto one = [](Running& at, std::string device,
                      std::optional<Result<DeviceTrial>>& into) -> asio::awaitable<void> {
            Result<DeviceTrial> came = co_await at.alerts.try_device(maya, device);
            into.emplace(std::move(came));
        };
        finish(r.context, one(r, std::move(id), tried));
        return *tried;
    };
    const auto fine = attempt("maya.gotify");
    REQUIRE(fine);
    CHECK(fine->went);
    CHECK(fine->status == 200);
    CHECK(fine->answer == R"({"id":1})");
    CHECK(r.services.asked.size() == 1);
    CHECK_FALSE(attempt("ravi.gotify"));
    CHECK_FALSE(attempt("push-99"));
    const auto unset = attempt("push-1");  // this gateway has no push key
    REQUIRE(unset);
    CHECK_FALSE(unset->went);
    CHECK(unset->status == 0);
    CHECK_FALSE(unset->sentence.empty());
}

}  // namespace warmcall::tests
