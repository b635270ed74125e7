// A case in few bytes is the same case; and what is kept of cases never outlives what is stored.

#include "store/sqlite/packed_case.hpp"

#include "store/people.hpp"
#include "store/sqlite/case_cache.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using namespace warmcall::people;
using namespace warmcall::store;
using namespace std::chrono_literals;

namespace {

// All that may be there is there.
Case full() {
    Case c;
    c.contact = amara().contact;
    c.contact.id = {7};
    c.contact.consent->covers = {"whatsapp", "main"};
    c.contact.suppressions = {
        {core::SuppressionScope::address, phone("+61491570156"), {}, "wrong person", t0},
        {core::SuppressionScope::channel, {}, {"wa"}, "", after(1ms)}};
    c.contact.windows = {{{"wa"}, after(24h)}, {{"sms"}, t0 - 1ms}};
    c.contact.whatsapp_unreachable_at = t0;
    c.contact.last_wellbeing_at = after(1h);
    c.contact.last_call_me_back_at = after(2h);
    c.contact.last_reply_at = Timestamp{};
    c.contact.version = 1'000'000'007;
    c.outreach = planned();
    c.outreach->id = {8};
    c.outreach->replied_at = t0;
    c.outreach->rerouted = true;
    c.outreach->attempt = 300;
    c.outreach->promise = core::Promise{after(48h), "the new oven"};
    core::Message m = wellbeing();
    m.id = {9};
    m.text = std::string(2'000, 'x') + std::string{"\0\xFF", 2};
    m.facts.sent = after(1s);
    m.facts.failed = core::Failure{after(2s), -131026, core::FailureClass::suppress};
    m.facts.provider_id = "wamid.1";
    c.messages = {m, wellbeing(2)};
    c.prompt = silent();
    c.prompt->line = core::Line{core::LineState::busy, 12};
    c.prompt->lease = core::Lease{{"ravi"}, after(5min)};
    c.prompt->acknowledged_at = t0;
    return c;
}

}  // namespace

TEST_CASE("a packed case is the same when it is unpacked") {
    const Case empty;
    CHECK(unpacked(packed(empty)) == empty);
    CHECK(unpacked(packed(full())) == full());
}

TEST_CASE(
    "a packed case is less than half of what it is as an object, without all that hangs on it") {
    Case c = full();
    c.messages = {wellbeing()};
    CHECK(packed(c).size() < sizeof(Case) / 2);
}

TEST_CASE("a packed case knows each phase") {
    const core::Phase phases[] = {core::Planned{},
                                  core::Warming{},
                                  core::CallDue{},
                                  core::OnCall{{"ravi"}, t0},
                                  core::WrapUp{{"eva"}, after(1s)},
                                  core::Waiting{},
                                  core::Held{core::HoldReason::perhaps_stop, after(1h)},
                                  core::Closed{core::CloseReason::merged, after(2h)}};
    for (const core::Phase& phase : phases) {
        Case c = full();
        c.outreach->phase = phase;
        CHECK(unpacked(packed(c)) == c);
    }
}

namespace {

SharedCase numbered(std::int64_t id, std::string topic = "") {
    Case c;
    c.contact.id = {id};
    c.contact.topic = std::move(topic);
    return std::make_shared<const Case>(std::move(c));
}

}  // namespace

TEST_CASE("cases are kept when they are committed, and only then") {
    CaseCache cases;
    CHECK_FALSE(cases.find({0}));
    cases.put(numbered(1, "the oven"));
    CHECK(cases.find({1})->contact.topic == "the oven");
    cases.roll_back();
    CHECK_FALSE(cases.find({1}));
    cases.put(numbered(1, "the oven"));
    cases.commit();
    CHECK(cases.find({1})->contact.topic == "the oven");
    cases.put(numbered(1, "the garden"));
    cases.roll_back();
    CHECK_FALSE(cases.find({1}));  // to be read again
}

TEST_CASE("a transaction over more cases than are held open forgets, but never remembers wrongly") {
    CaseCache cases;
    cases.put(numbered(1, "the oven"));
    cases.put(numbered(2, "the roof"));
    cases.commit();
    cases.put(numbered(1, "the garden"));
    CHECK(cases.find({2}));
    for (std::int64_t id = 3; id < 10'000; ++id)
        cases.put(numbered(id));
    CHECK_FALSE(cases.find({1}));
    CHECK(cases.find({2})->contact.topic == "the roof");
    cases.commit();
    CHECK_FALSE(cases.find({1}));
    CHECK_FALSE(cases.find({3}));
    CHECK(cases.find({9'999}));
}
