// The suite every store passes: what is said of each method in ports/store.hpp, and the constraints
// that hold the method's invariants.

#include "store/conformance.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "core/delivery.hpp"
#include "store/people.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using namespace warmcall::people;
using namespace std::chrono_literals;
using conformance::stores;

namespace {

// The store of this run of the test; every test runs once for each kind.
#define EVERY_STORE                                                                   \
    const auto& kind = stores().at(GENERATE(range(std::size_t{0}, stores().size()))); \
    INFO("store: " << kind.name);                                                     \
    const auto bed = kind.make();                                                     \
    Store* store = &bed->store()

std::vector<bool> accept(Store& store, const std::vector<InboxRow>& rows, Timestamp now = t0) {
    std::vector<bool> fresh;
    store.transact([&](Unit& u) { fresh = u.accept(rows, now); });
    return fresh;
}

std::vector<core::ContactId> due(Store& store, Timestamp now, std::size_t limit = 100) {
    std::vector<core::ContactId> found;
    store.transact([&](Unit& u) { found = u.due(now, limit); });
    return found;
}

std::vector<core::MessageId> due_messages(Store& store, Timestamp now, std::size_t limit = 100) {
    std::vector<core::MessageId> ids;
    store.transact([&](Unit& u) {
        const Room rooms[] = {{{"wa"}, limit}};
        for (const MessageRef& ref : u.due_messages(now, rooms))
            ids.push_back(ref.message);
    });
    return ids;
}

std::vector<Alert> claim_alerts(Store& store, Timestamp now, std::size_t n = 10,
                                core::Duration lease = 1min) {
    std::vector<Alert> alerts;
    store.transact([&](Unit& u) {
        std::vector<Token> tokens;
        for (std::size_t i = 0; i < n; ++i)
            tokens.push_back(token(static_cast<std::uint8_t>(i + 1)));
        alerts = u.claim_alerts(now, lease, tokens);
    });
    return alerts;
}

void settle(Store& store, const AlertOutcome& outcome, Timestamp now = t0) {
    store.transact([&](Unit& u) { u.settle_alerts({&outcome, 1}, now); });
}

const core::TellRep tell_prompt{{"ravi"}, core::TellRep::What::prompt, {}};

core::MessageId message_of(Store& store, core::ContactId id) {
    return store.contact(id)->messages.at(0).id;
}

void close(Case& c, core::CloseReason why = core::CloseReason::said_no) {
    c.outreach->phase = core::Closed{why, t0};
    if (c.prompt)
        c.prompt->open = false;
}

}  // namespace

// ---------------------------------------------------------------- the inbox

TEST_CASE("an event is new once, and old ever after") {
    EVERY_STORE;
    const std::vector<InboxRow> rows{{key(1, "a"), 1}, {key(1, "b"), 1}};
    CHECK(accept(*store, rows) == std::vector{true, true});
    CHECK(accept(*store, {{key(1, "b"), 2}, {key(2, "a"), 2}}) == std::vector{false, true});
    CHECK(store->counts().inbox == 3);
}

TEST_CASE("an event that comes twice in one delivery is new once") {
    EVERY_STORE;
    CHECK(accept(*store, {{key(1, "a"), 1}, {key(1, "a"), 1}, {key(1, "b"), 1}}) ==
          std::vector{true, false, true});
}

TEST_CASE("an event is not accepted when the transaction it came in failed") {
    EVERY_STORE;
    CHECK_THROWS_AS(store->transact([&](Unit& u) {
        const InboxRow row{key(1, "a"), 1};
        u.accept({&row, 1}, t0);
        throw std::runtime_error{"crash"};
    }),
                    std::runtime_error);
    CHECK(accept(*store, {{key(1, "a"), 1}}) == std::vector{true});
}

TEST_CASE(
    "raw deliveries are kept under rising numbers, and what cannot be read goes into quarantine") {
    EVERY_STORE;
    std::vector<std::int64_t> ids;
    store->transact([&](Unit& u) {
        const std::vector<RawDelivery> raw{{{"wa"}, t0, "{}"},
                                           {{"wa"}, t0, std::string{"\0\xff", 2}}};
        ids = u.keep(raw);
        u.quarantine(ids.at(1), "not JSON", t0);
        u.count_ignored("sticker", 2);
        u.count_ignored("sticker", 1);
    });
    REQUIRE(ids.size() == 2);
    CHECK(ids[0] > 0);
    CHECK(ids[1] > ids[0]);
    CHECK(store->counts().quarantined == 1);
    CHECK(store->counts().ignored.at("sticker") == 3);
}

TEST_CASE("old events are forgotten a few at a time, young ones are not") {
    EVERY_STORE;
    const std::int64_t day = 86'400, now_s = core::unix_ms(t0) / 1000;
    accept(*store, {{key(now_s - 50 * day, "old"), 1},
                    {key(now_s - 49 * day, "old"), 1},
                    {key(now_s - 8 * day, "replayed"), 1}});
    std::size_t first = 0, second = 0;
    store->transact([&](Unit& u) { first = u.drop_inbox(t0 - std::chrono::days{45}, 1); });
    store->transact([&](Unit& u) { second = u.drop_inbox(t0 - std::chrono::days{45}, 100); });
    CHECK(first == 1);
    CHECK(second == 1);
    CHECK(accept(*store, {{key(now_s - 8 * day, "replayed"), 2}}) == std::vector{false});
    CHECK(store->counts().inbox == 1);
}

TEST_CASE("a key is forgotten no sooner than what it came in, whatever time the provider tells") {
    EVERY_STORE;
    constexpr auto days_45 = std::chrono::days{45};
    const auto kept_at = [&](Timestamp at) {
        const RawDelivery raw{{"wa"}, at, "{}"};
        std::int64_t id = 0;
        store->transact([&](Unit& u) { id = u.keep({&raw, 1}).front(); });
        return id;
    };
    const auto dropped = [&](std::size_t limit) {
        std::size_t n = 0;
        store->transact([&](Unit& u) { n = u.drop_inbox(t0 - days_45, limit); });
        return n;
    };
    const std::int64_t year_2004_s = 1'100'000'000;
    const std::int64_t old = kept_at(t0 - days_45 - 1s);
    const std::int64_t young = kept_at(t0 - days_45 + 1s);
    accept(*store, {{key(0, "old"), old},
                    {key(0, "old, too"), old},
                    {key(0, "young"), young},
                    {key(year_2004_s, "a wrong clock"), young}});
    CHECK(dropped(100) == 2);
    CHECK(dropped(100) == 0);
    CHECK(accept(*store, {{key(0, "young"), young},
                          {key(year_2004_s, "a wrong clock"), young},
                          {key(0, "old"), young},
                          {key(0, "old, too"), young}}) == std::vector{false, false, true, true});
    CHECK(store->counts().inbox == 4);
}

TEST_CASE("what lies in quarantine does not keep older deliveries from being forgotten") {
    EVERY_STORE;
    std::vector<std::int64_t> ids;
    store->transact([&](Unit& u) {
        const std::vector<RawDelivery> raw(5, {{"wa"}, t0 - std::chrono::days{50}, "{}"});
        ids = u.keep(raw);
        for (std::size_t i = 0; i < 3; ++i)
            u.quarantine(ids.at(i), "not JSON", t0);
    });
    std::size_t n = 0;
    store->transact([&](Unit& u) { n = u.drop_inbox(t0 - std::chrono::days{45}, 2); });
    CHECK(n == 2);
    store->transact([&](Unit& u) { n = u.drop_inbox(t0 - std::chrono::days{45}, 2); });
    CHECK(n == 0);
}

// ---------------------------------------------------------------- whose is it

TEST_CASE("a contact is found by every address, also by another way to write the same line") {
    EVERY_STORE;
    const core::ContactId id = add(*store, amara());
    store->transact([&](Unit& u) {
        const std::vector<core::Address> asked{phone("+61491570156"), whatsapp("61491570156"),
                                               phone("+610491570156"), phone("+1"),
                                               whatsapp("+61491570156")};
        CHECK(u.contacts_by(asked) ==
              std::vector<std::optional<core::ContactId>>{id, id, id, std::nullopt, std::nullopt});
    });
    CHECK(store->contact_by(phone("+610491570156")) == id);
    CHECK(store->contact_by(phone("+1")) == std::nullopt);
}

TEST_CASE("a number leads to one contact: who has it already is named") {
    EVERY_STORE;
    const core::ContactId first = add(*store, amara());
    NewContact twin = plain("Twin", "+610491570156");  // an alias of Amara's
    std::vector<Added> added;
    store->transact([&](Unit& u) {
        const std::vector<NewContact> both{twin, plain("Ben", "+4915112345678"),
                                           plain("Ben again", "+4915112345678")};
        added = u.add_contacts(both, t0);
    });
    REQUIRE(added.size() == 3);
    CHECK(added[0].conflict);
    CHECK(added[0].id == first);
    CHECK_FALSE(added[1].conflict);
    CHECK(added[2].conflict);
    CHECK(added[2].id == added[1].id);
    CHECK(store->counts().contacts == 2);
}

TEST_CASE(
    "a message is found by its token, and by its id at the provider on the channel it went over") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const core::MessageId message = message_of(*store, id);
    claim(*store, message, token(7));
    change(*store, id, [](Case& c) { c.messages.at(0).facts.provider_id = "wamid.1"; });
    store->transact([&](Unit& u) {
        const std::vector<Token> tokens{token(7), token(8)};
        const auto by_token = u.messages_by(tokens);
        REQUIRE(by_token.at(0));
        CHECK(by_token.at(0)->message == message);
        CHECK(by_token.at(0)->contact == id);
        CHECK(by_token.at(0)->outreach.value > 0);
        CHECK(by_token.at(0)->round == 1);
        CHECK_FALSE(by_token.at(1));
        const std::vector<std::string> ids{"wamid.1", "wamid.2", ""};
        const auto by_id = u.messages_by({"wa"}, ids);
        REQUIRE(by_id.at(0));
        CHECK(by_id.at(0)->message == message);
        CHECK_FALSE(by_id.at(1));
        CHECK_FALSE(by_id.at(2));
        CHECK_FALSE(u.messages_by({"other"}, ids).at(0));
    });
}

TEST_CASE("what is asked ahead is answered as it stands, and the next time anew") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const core::MessageId message = message_of(*store, id);
    claim(*store, message, token(7));
    const core::Address known = store->contact(id)->contact.addresses.at(0);
    store->transact([&](Unit& u) {
        const std::vector<Token> tokens{token(7), token(7), token(8)};
        const std::vector<core::Address> addresses{phone("+1"), known};
        u.look_ahead(tokens, addresses);
        const std::vector<InboxRow> rows{{"key", 0}};
        CHECK(u.accept(rows, t0) == std::vector{true});
        const std::vector<Token> some{token(8), token(7), token(7)};
        const auto messages = u.messages_by(some);
        REQUIRE(messages.size() == 3);
        CHECK_FALSE(messages[0]);
        CHECK(messages[1]->message == message);
        CHECK(messages[2]->message == message);
        const std::vector<core::Address> more{known, phone("+2")};  // one that was not asked ahead
        CHECK(u.contacts_by(more) == std::vector<std::optional<core::ContactId>>{id, std::nullopt});

        u.look_ahead({}, addresses);
        const std::vector<core::Address> line{phone("+1")};
        CHECK(u.contacts_by(line).at(0) == std::nullopt);
        u.add_addresses(id, line, t0);
        CHECK(u.contacts_by(line).at(0) == id);
    });
}

TEST_CASE("a receipt that is quicker than the answer waits, and is taken out once") {
    EVERY_STORE;
    ParkedReceipt receipt{{"wa"}, "wamid.1", {}, t0};
    receipt.facts.delivered = after(3s);
    receipt.facts.failed = core::Failure{after(1s), 131026, core::FailureClass::permanent};
    receipt.facts.provider_id = "wamid.1";
    store->transact([&](Unit& u) {
        const std::vector<ParkedReceipt> both{
            receipt, {{"wa"}, "", {}, t0}};  // one without an id can never be joined
        u.park(both);
    });
    CHECK(store->counts().parked == 1);
    store->transact([&](Unit& u) {
        CHECK(u.unpark({"sms"}, "wamid.1").empty());
        const auto taken = u.unpark({"wa"}, "wamid.1");
        REQUIRE(taken.size() == 1);
        CHECK(taken[0].facts == receipt.facts);
        CHECK(taken[0].parked_at == t0);
        CHECK(u.unpark({"wa"}, "wamid.1").empty());
    });
    CHECK(store->counts().parked == 0);
}

TEST_CASE("receipts nobody asked for are dropped when they are old") {
    EVERY_STORE;
    store->transact([&](Unit& u) {
        const std::vector<ParkedReceipt> two{{{"wa"}, "old", {}, t0 - std::chrono::days{8}},
                                             {{"wa"}, "young", {}, t0}};
        u.park(two);
        CHECK(u.drop_parked(t0 - std::chrono::days{7}) == 1);
        CHECK(u.unpark({"wa"}, "young").size() == 1);
    });
}

// ---------------------------------------------------------------- cases

TEST_CASE("a contact comes back as it was given") {
    EVERY_STORE;
    NewContact n = amara();
    n.contact.suppressions = {
        {core::SuppressionScope::address, phone("+61491570156"), {}, "bounced", t0},
        {core::SuppressionScope::channel, {}, {"wa"}, "switched off", after(1s)}};
    n.contact.windows = {{{"sms"}, after(1h)}, {{"wa"}, after(24h)}};
    n.contact.last_reply_at = t0;
    n.contact.last_wellbeing_at = after(1ms);
    n.contact.last_call_me_back_at = after(2ms);
    n.contact.whatsapp_unreachable_at = after(3ms);
    const core::ContactId id = add(*store, n);
    core::Contact expected = n.contact;
    expected.id = id;
    CHECK(store->contact(id)->contact == expected);
    store->transact([&](Unit& u) { CHECK(load(u, id).contact == expected); });
    CHECK_FALSE(store->contact(id)->outreach);
}

TEST_CASE("every field of a contact can be changed and taken away again") {
    EVERY_STORE;
    const core::ContactId id = add(*store, plain("Ben", "+4915112345678"));
    core::Contact full = amara().contact;
    full.suppressions = {{core::SuppressionScope::all, {}, {}, "asked to stop", t0}};
    full.windows = {{{"wa"}, after(24h)}};
    full.last_reply_at = full.last_wellbeing_at = full.last_call_me_back_at =
        full.whatsapp_unreachable_at = t0;
    const core::Contact bare = store->contact(id)->contact;
    const auto become = [&](core::Contact to) {
        return change(*store, id,
                      [&](Case& c) {
                          to.id = c.contact.id;
                          to.version = c.contact.version;
                          c.contact = to;
                      })
            .contact;
    };
    core::Contact got = become(full);
    CHECK(got.version > bare.version);
    full.id = id;
    full.version = got.version;
    CHECK(got == full);
    core::Contact lesser = bare;
    got = become(lesser);
    lesser.version = got.version;
    CHECK(got == lesser);
    CHECK_FALSE(store->contact_by(whatsapp("61491570156")));
}

TEST_CASE("a contact nobody has is not there to be read, and cannot be loaded") {
    EVERY_STORE;
    CHECK_FALSE(store->contact({12345}));
    CHECK_FALSE(store->contact_of(core::OutreachId{1}));
    CHECK_FALSE(store->contact_of(core::PromptId{1}));
    CHECK_FALSE(store->prompt({1}));
    CHECK_FALSE(store->last_outreach({1}));
    CHECK_THROWS_AS(store->transact([](Unit& u) { load(u, {12345}); }), std::out_of_range);
    CHECK_THROWS_AS(store->transact([](Unit& u) { load(u, {0}); }), std::out_of_range);
}

TEST_CASE(
    "an outreach, its message and its prompt are numbered when they are saved, and come back as "
    "they were") {
    EVERY_STORE;
    const core::ContactId id = add(*store, amara());
    core::Outreach o = planned(after(1h));
    o.phase = core::Warming{};
    o.round = 3;
    o.attempt = 2;
    o.rerouted = true;
    o.replied_at = after(5s);
    o.promise = core::Promise{after(48h), "the oven"};
    core::Message m = wellbeing();
    m.round = 3;
    m.kind = core::MessageKind::conversation;
    m.text = "Thursday then.";
    m.tries = 2;
    core::Prompt p = silent();
    p.kind = core::PromptKind::replied;
    p.words = "Not so well";
    p.ladder_step = 2;
    p.acknowledged_at = after(2s);
    p.lease = core::Lease{{"mia"}, after(10min)};
    p.line = core::Line{core::LineState::completed, 63};
    const Case got = change(*store, id, [&](Case& c) {
        c.outreach = o;
        c.messages = {m};
        c.prompt = p;
    });
    REQUIRE(got.outreach);
    REQUIRE(got.messages.size() == 1);
    REQUIRE(got.prompt);
    o.id = got.outreach->id;
    o.contact = m.contact = p.contact = id;
    m.outreach = p.outreach = o.id;
    m.id = got.messages[0].id;
    p.id = got.prompt->id;
    CHECK(o.id.value > 0);
    CHECK(m.id.value > 0);
    CHECK(p.id.value > 0);
    CHECK(*got.outreach == o);
    CHECK(got.messages[0] == m);
    CHECK(*got.prompt == p);
    CHECK(store->contact_of(o.id) == id);
    CHECK(store->contact_of(p.id) == id);
    CHECK(*store->prompt(p.id) == p);
    CHECK(*store->last_outreach(id) == o);
}

TEST_CASE("every phase comes back with all that belongs to it") {
    EVERY_STORE;
    const core::ContactId id = enrolled(*store);
    const std::vector<core::Phase> phases{core::Planned{},
                                          core::Warming{},
                                          core::CallDue{},
                                          core::OnCall{{"ravi"}, after(1s)},
                                          core::WrapUp{{"mia"}, after(2s)},
                                          core::Waiting{},
                                          core::Held{core::HoldReason::automatic_reply, after(1h)},
                                          core::Held{core::HoldReason::perhaps_stop, after(1h)},
                                          core::Held{core::HoldReason::by_rep, after(1h)},
                                          core::Held{core::HoldReason::no_template, after(1h)}};
    for (const core::Phase& phase : phases)
        CHECK(change(*store, id, [&](Case& c) { c.outreach->phase = phase; }).outreach->phase ==
              phase);
    using Why = core::CloseReason;
    for (const Why why : {Why::won, Why::said_no, Why::wrong_person, Why::no_reachable_address,
                          Why::opted_out, Why::merged}) {
        change(*store, id, [&](Case& c) { close(c, why); });
        CHECK(store->last_outreach(id)->phase == core::Phase{core::Closed{why, t0}});
        change(*store, id, [](Case& c) { c.outreach = planned(); });
    }
}

TEST_CASE("what is new of several contacts is saved in one go, each under its own name") {
    EVERY_STORE;
    const core::ContactId a = add(*store, amara()), b = add(*store, plain("Ben", "+4915112345678"));
    store->transact([&](Unit& u) {
        const std::vector<Wanted> wanted{{b, std::nullopt}, {a, std::nullopt}};
        const std::vector<SharedCase> before = u.load(wanted);
        CHECK(before.at(0)->contact.id == b);
        std::vector<Case> next{*before.at(0), *before.at(1)};
        for (Case& c : next)
            c.outreach = planned();
        const std::vector<core::Effect> effects{core::Noted{"enrolled", ""}};
        const std::vector<Change> changes{{before[0].get(), &next[0], effects, "ravi"},
                                          {before[1].get(), &next[1], effects, "mia"}};
        u.save(changes, t0);
    });
    CHECK(store->contact(a)->outreach->contact == a);
    CHECK(store->contact(b)->outreach->contact == b);
    CHECK(store->timeline(a, 0, 10).at(0).actor == "mia");
    CHECK(store->timeline(b, 0, 10).at(0).actor == "ravi");
}

TEST_CASE("a case holds the messages of the present round, and the one that was asked for") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const core::MessageId old = message_of(*store, id);
    change(*store, id, [](Case& c) {
        c.messages.at(0).state = core::MessageState::settled;
        c.outreach->round = 2;
        core::Message m = wellbeing();
        m.round = 2;
        c.messages.push_back(m);
    });
    const Case now_is = *store->contact(id);
    REQUIRE(now_is.messages.size() == 1);
    CHECK(now_is.messages[0].round == 2);
    store->transact([&](Unit& u) {
        const std::vector<Wanted> wanted{{id, old}, {id, now_is.messages[0].id}};
        const auto cases = u.load(wanted);
        REQUIRE(cases.at(0)->messages.size() == 2);
        CHECK(cases.at(0)->messages.at(0).id == old);
        CHECK(cases.at(1)->messages.size() == 1);
        Case next = *cases.at(0);
        next.messages.at(0).facts.read = after(1h);
        save(u, *cases.at(0), next);
    });
    CHECK(store->messages(id, 10).at(1).facts.read == after(1h));
}

TEST_CASE("a message of somebody else is never in a contact's case") {
    EVERY_STORE;
    const core::ContactId a = with_message(*store), b = add(*store, plain("Ben", "+4915112345678"));
    const core::MessageId message = message_of(*store, a);
    store->transact([&](Unit& u) {
        const Wanted wanted{b, message};
        CHECK(u.load({&wanted, 1}).front()->messages.empty());
    });
}

TEST_CASE(
    "two decisions on the same state: the second is told to look again, and nothing of it stays") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    const Case seen = *store->contact(id);
    const auto claimed_by = [&](const char* rep) {
        Case next = seen;
        next.prompt->lease = core::Lease{{rep}, after(10min)};
        store->transact([&](Unit& u) { save(u, seen, next, {core::Noted{"claimed", rep}}); });
    };
    claimed_by("ravi");
    CHECK_THROWS_AS(claimed_by("mia"), Conflict);
    CHECK(store->contact(id)->prompt->lease->holder.value == "ravi");
    CHECK(store->timeline(id, 0, 10).size() == 1);
}

TEST_CASE("a stale view of the contact, of the outreach or of a message is a conflict") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const Case seen = *store->contact(id);
    const auto save_from = [&](const auto& how) {
        Case next = seen;
        how(next);
        store->transact([&](Unit& u) { save(u, seen, next); });
    };
    change(*store, id, [](Case& c) {
        c.contact.topic = "first";
        c.outreach->attempt = 1;
    });
    CHECK_THROWS_AS(save_from([](Case& c) { c.contact.topic = "second"; }), Conflict);
    CHECK_THROWS_AS(save_from([](Case& c) { c.contact.name = "second"; }), Conflict);
    CHECK_THROWS_AS(save_from([](Case& c) { c.contact.suppressions.push_back({}); }), Conflict);
    CHECK_THROWS_AS(save_from([](Case& c) { c.outreach->attempt = 2; }), Conflict);
    claim(*store, message_of(*store, id), token(1));
    CHECK_THROWS_AS(
        save_from([](Case& c) { c.messages.at(0).state = core::MessageState::cancelled; }),
        Conflict);
    CHECK_THROWS_AS(save_from([](Case& c) { c.messages.at(0).facts.accepted = t0; }), Conflict);
    CHECK(store->contact(id)->messages.at(0).state == core::MessageState::claimed);
    CHECK(store->contact(id)->contact.topic == "first");
}

TEST_CASE("nothing of a failed transaction stays, and the next one works") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    const Case seen = *store->contact(id);
    const StoreCounts counted = store->counts();
    CHECK_THROWS_AS(store->transact([&](Unit& u) {
        Case next = seen;
        next.contact.name = "Somebody";
        next.contact.addresses.push_back(whatsapp("1"));
        next.contact.consent.reset();
        next.messages.push_back(wellbeing());
        close(next);
        save(u, seen, next,
             {tell_prompt, core::Noted{"x", "y"},
              core::KeepWords{t0, {"wa"}, core::ReplyKind::text, "words"}});
        u.set_setting("k", "v");
        u.rep_wrote({"ravi"}, {"wa"}, t0);
        const NewContact n = plain("Ben", "+4915112345678");
        u.add_contacts({&n, 1}, t0);
        throw std::runtime_error{"crash"};
    }),
                    std::runtime_error);
    CHECK(*store->contact(id) == seen);
    CHECK(store->timeline(id, 0, 10).empty());
    CHECK(store->conversation(id, 10).empty());
    CHECK(store->rep_states().empty());
    CHECK_FALSE(store->contact_by(phone("+4915112345678")));
    CHECK(store->counts().contacts == counted.contacts);
    CHECK(store->counts().outreaches_by_phase == counted.outreaches_by_phase);
    store->transact([](Unit& u) {
        CHECK(u.setting("k").empty());
        u.set_setting("k", "v2");
    });
    store->transact([](Unit& u) { CHECK(u.setting("k") == "v2"); });
    CHECK(store->setting("k") == "v2");
    CHECK(store->setting("none").empty());
}

// ---------------------------------------------------------------- the invariants, as the store
// refuses to break them

TEST_CASE("I1: a live outreach without an owner of the next action is refused") {
    EVERY_STORE;
    const core::ContactId id = enrolled(*store);
    CHECK_THROWS_AS(change(*store, id, [](Case& c) { c.outreach->next.owner = {}; }),
                    std::logic_error);
    const core::ContactId other = add(*store, plain("Ben", "+4915112345678"));
    CHECK_THROWS_AS(change(*store, other,
                           [](Case& c) {
                               c.outreach = planned();
                               c.outreach->next.owner = {};
                           }),
                    std::logic_error);
    CHECK(store->contact(id)->outreach->next.owner.value == "ravi");
    CHECK_FALSE(store->contact(other)->outreach);
}

TEST_CASE("I5: a second live outreach for one contact is refused") {
    EVERY_STORE;
    const core::ContactId id = add(*store, amara());
    const Case seen = *store->contact(id);
    Case next = seen;
    next.outreach = planned();
    store->transact([&](Unit& u) { save(u, seen, next); });
    CHECK_THROWS_AS(store->transact([&](Unit& u) { save(u, seen, next); }), Conflict);
    CHECK(store->counts().outreaches_by_phase.at("planned") == 1);
}

TEST_CASE("I5: a second open prompt for one outreach is refused") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    Case blind = *store->contact(id);
    blind.prompt.reset();  // a decision that did not see the open one
    Case next = blind;
    next.prompt = silent();
    CHECK_THROWS_AS(store->transact([&](Unit& u) { save(u, blind, next); }), Conflict);
    CHECK(store->counts().prompts_open == 1);
}

TEST_CASE("I2: the same step of the same round is not queued twice") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const auto again = [](Case& c) { c.messages.push_back(wellbeing()); };
    CHECK_THROWS_AS(change(*store, id, again), Conflict);
    change(*store, id, [](Case& c) { c.messages.at(0).state = core::MessageState::settled; });
    CHECK_THROWS_AS(change(*store, id, again), Conflict);
    CHECK(store->messages(id, 10).size() == 1);
    SECTION("another step may go") {
        CHECK_NOTHROW(change(*store, id, [](Case& c) { c.messages.push_back(wellbeing(2)); }));
    }
}

TEST_CASE(
    "a step whose message was cancelled may be queued anew, and its cancelled message is still "
    "there") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    for (int i = 0; i < 3; ++i) {
        change(*store, id,
               [](Case& c) { c.messages.back().state = core::MessageState::cancelled; });
        change(*store, id, [](Case& c) { c.messages.push_back(wellbeing()); });
    }
    CHECK(store->messages(id, 10).size() == 4);
    CHECK(due_messages(*store, after(1h)).size() == 1);
    CHECK(store->counts().messages_by_state ==
          std::map<std::string, std::int64_t>{{"queued", 1}, {"cancelled", 3}});
}

TEST_CASE("a message that was queued and cancelled in one decision never was") {
    EVERY_STORE;
    const core::ContactId id = enrolled(*store);
    change(*store, id, [](Case& c) {
        c.messages.push_back(wellbeing());
        c.messages.back().state = core::MessageState::cancelled;
    });
    CHECK(store->messages(id, 10).empty());
}

TEST_CASE(
    "cancelling what somebody else has just cancelled is a conflict, not a second cancelling") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const Case seen = *store->contact(id);
    Case next = seen;
    next.messages.at(0).state = core::MessageState::cancelled;
    store->transact([&](Unit& u) { save(u, seen, next); });
    CHECK_THROWS_AS(store->transact([&](Unit& u) { save(u, seen, next); }), Conflict);
    CHECK(store->counts().messages_by_state ==
          std::map<std::string, std::int64_t>{{"cancelled", 1}});
    SECTION("and it does not come back to life") {
        CHECK_THROWS_AS(
            change(*store, id,
                   [](Case& c) { c.messages.at(0).state = core::MessageState::queued; }),
            std::logic_error);
    }
}

TEST_CASE("a live outreach cannot silently vanish from its case") {
    EVERY_STORE;
    const core::ContactId id = enrolled(*store);
    CHECK_THROWS_AS(change(*store, id, [](Case& c) { c.outreach.reset(); }), std::logic_error);
    CHECK_THROWS_AS(change(*store, id, [](Case& c) { c.outreach = planned(); }), std::logic_error);
    CHECK(store->contact(id)->outreach);
}

// ---------------------------------------------------------------- delivery facts

TEST_CASE("receipts in any order leave the same facts") {
    EVERY_STORE;
    std::vector<core::Facts> receipts(4);
    receipts[0].sent = after(2s);
    receipts[1].delivered = after(3s);
    receipts[2].failed = core::Failure{after(4s), 131000, core::FailureClass::retry};
    receipts[3].failed = core::Failure{after(4s), 130472, core::FailureClass::permanent};
    core::Facts expected = wellbeing().facts;
    for (const core::Facts& f : receipts)
        expected = core::join(expected, f);
    std::vector<std::size_t> order(receipts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    int number = 0;
    do {
        const core::ContactId id =
            with_message(*store, plain("Ben", "+49151" + std::to_string(1'000'000 + number++)));
        // Every receipt is decided on what was known before any of them, as replicas might: nothing
        // may be lost.
        const Case seen = *store->contact(id);
        for (const std::size_t i : order) {
            Case next = seen;
            next.messages.at(0).facts = core::join(seen.messages.at(0).facts, receipts[i]);
            store->transact([&](Unit& u) { save(u, seen, next); });
        }
        REQUIRE(store->contact(id)->messages.at(0).facts == expected);
    } while (std::next_permutation(order.begin(), order.end()));
    CHECK(number == 24);
}

TEST_CASE("a fact that is known is never unlearned") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    change(*store, id, [](Case& c) { c.messages.at(0).facts.delivered = after(3s); });
    const Case got = change(*store, id, [](Case& c) {
        c.messages.at(0).facts = core::Facts{.read = after(9s), .provider_id = "wamid.1"};
    });
    CHECK(got.messages.at(0).facts.delivered == after(3s));
    CHECK(got.messages.at(0).facts.read == after(9s));
    CHECK(got.messages.at(0).facts.provider_id == "wamid.1");
}

// ---------------------------------------------------------------- closing

TEST_CASE("a closed outreach is over but not forgotten, and makes room for the next") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const core::OutreachId first = store->contact(id)->outreach->id;
    change(*store, id, [](Case& c) {
        c.messages.at(0).state = core::MessageState::cancelled;
        close(c);
    });
    const Case closed = *store->contact(id);
    CHECK_FALSE(closed.outreach);
    CHECK(closed.messages.empty());
    CHECK(due(*store, after(1000h)).empty());
    CHECK(store->last_outreach(id)->id == first);
    CHECK(store->live({}, 10).empty());
    CHECK_FALSE(store->next_due());
    change(*store, id, [](Case& c) { c.outreach = planned(); });
    CHECK(store->live({}, 10) == std::vector{id});
    CHECK(store->live(id, 10).empty());
    CHECK(store->last_outreach(id)->id != first);
    CHECK(store->contact_of(first) == id);
    CHECK(store->messages(id, 10).size() == 1);
    change(*store, id, [](Case& c) { close(c, core::CloseReason::won); });
    CHECK(store->last_outreach(id)->phase == core::Phase{core::Closed{core::CloseReason::won, t0}});
    CHECK(store->counts().outreaches_by_phase ==
          std::map<std::string, std::int64_t>{{"closed", 2}});
}

TEST_CASE(
    "a prompt that is dealt with is closed, whichever way the decision says so, and the phone is "
    "left in peace") {
    EVERY_STORE;
    const bool forgotten = GENERATE(true, false);
    const core::ContactId id = with_prompt(*store);
    const core::PromptId prompt = store->contact(id)->prompt->id;
    change(*store, id, [](Case&) {}, {tell_prompt});
    CHECK(store->counts().alerts_waiting == 1);
    change(*store, id, [&](Case& c) {
        if (forgotten)
            c.prompt.reset();
        else
            c.prompt->open = false;
    });
    CHECK_FALSE(store->contact(id)->prompt);
    CHECK_FALSE(store->prompt(prompt)->open);
    CHECK(store->counts().alerts_waiting == 0);
    CHECK(store->counts().prompts_open == 0);
    CHECK(claim_alerts(*store, after(1h)).empty());
    SECTION("the outreach can have another") {
        change(*store, id, [](Case& c) { c.prompt = silent(); });
        CHECK(store->contact(id)->prompt->id != prompt);
    }
}

TEST_CASE("one prompt follows another in a single decision") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    const core::PromptId first = store->contact(id)->prompt->id;
    change(*store, id, [](Case& c) { c.prompt = silent(); });
    CHECK_FALSE(store->prompt(first)->open);
    CHECK(store->contact(id)->prompt->id != first);
    CHECK(store->counts().prompts_open == 1);
}

// ---------------------------------------------------------------- what is due

TEST_CASE("wake-ups come when they are due, earliest first, at most as many as asked for") {
    EVERY_STORE;
    const core::ContactId a = enrolled(*store),
                          b = enrolled(*store, plain("Ben", "+4915112345678")),
                          c = enrolled(*store, plain("Cem", "+4915112345679"));
    change(*store, a, [](Case& x) { x.outreach->wake_at = after(3min); });
    change(*store, b, [](Case& x) { x.outreach->wake_at = after(1min); });
    change(*store, c, [](Case& x) { x.outreach->wake_at = after(2min); });
    CHECK(due(*store, after(59s)).empty());
    CHECK(due(*store, after(1min)) == std::vector{b});
    CHECK(due(*store, after(1h)) == std::vector{b, c, a});
    CHECK(due(*store, after(1h), 2) == std::vector{b, c});
    CHECK(store->next_due() == after(1min));
}

TEST_CASE("messages are due from their time on; a confirmation of a stop goes first") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const core::MessageId first = message_of(*store, id);
    change(*store, id, [](Case& c) {
        core::Message m = wellbeing(90);
        m.kind = core::MessageKind::stop_confirmation;
        m.not_before = after(1min);
        c.messages.push_back(m);
    });
    CHECK(due_messages(*store, t0 - 1ms).empty());
    CHECK(due_messages(*store, t0) == std::vector{first});
    const auto both = due_messages(*store, after(1min));
    REQUIRE(both.size() == 2);
    CHECK(both.at(1) == first);
    CHECK(due_messages(*store, after(1min), 1) == std::vector{both.at(0)});
}

TEST_CASE(
    "of each channel leaves what there is room for, and who is in a conversation goes first") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const core::MessageId first = message_of(*store, id);
    const auto add_one = [&](int step, core::MessageKind kind, const char* channel,
                             Timestamp not_before) {
        change(*store, id, [&](Case& c) {
            core::Message m = wellbeing(step);
            m.kind = kind;
            m.channel = {channel};
            m.not_before = not_before;
            c.messages.push_back(m);
        });
        return store->messages(id, 1).front().id;
    };
    using Kind = core::MessageKind;
    const auto back = add_one(10, Kind::call_me_back, "wa", after(1s));
    const auto words = add_one(100, Kind::conversation, "wa", after(2s));
    const auto stop = add_one(90, Kind::stop_confirmation, "wa", after(3s));
    const auto by_sms = add_one(11, Kind::call_me_back, "sms", after(4s));
    const auto due = [&](std::vector<Room> rooms) {
        std::vector<core::MessageId> ids;
        store->transact([&](Unit& u) {
            for (const MessageRef& ref : u.due_messages(after(1min), rooms))
                ids.push_back(ref.message);
        });
        return ids;
    };
    CHECK(due({{{"wa"}, 9}}) == std::vector{stop, words, back, first});
    CHECK(due({{{"wa"}, 2}, {{"sms"}, 2}}) == std::vector{stop, words, by_sms});
    CHECK(due({{{"sms"}, 2}}) == std::vector{by_sms});
    CHECK(due({}).empty());
    const auto waiting = [&](const char* channel, Timestamp now, std::size_t limit) {
        std::size_t n = 0;
        store->transact([&](Unit& u) { n = u.waiting({channel}, now, limit); });
        return n;
    };
    CHECK(waiting("wa", after(1min), 9) == 1);
    CHECK(waiting("wa", after(1min), 0) == 0);
    CHECK(waiting("wa", t0 - 1ms, 9) == 0);
    CHECK(waiting("sms", after(1min), 9) == 0);
}

TEST_CASE("whom a template went to lately is known, by the last time and its channel") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const auto written = [&](const char* channel, Timestamp since, std::size_t most = 9) {
        std::vector<WrittenTo> all;
        const core::ChannelId channels[] = {{channel}};
        store->transact([&](Unit& u) { all = u.written_to(channels, since, most); });
        return all;
    };
    CHECK(written("wa", t0 - 24h).empty());  // it has not left
    claim(*store, message_of(*store, id), token(1), t0);
    const auto found = written("wa", t0);
    REQUIRE(found.size() == 1);
    CHECK(found.front().to == store->messages(id, 1).front().to);
    CHECK(found.front().at == t0);
    CHECK(written("wa", after(1ms)).empty());
    CHECK(written("sms", t0).empty());
    change(*store, id, [](Case& c) {
        core::Message m = wellbeing(100);
        m.kind = core::MessageKind::conversation;
        m.template_name.clear();  // in their window: nobody counts that
        m.not_before = t0;
        c.messages.push_back(m);
    });
    claim(*store, store->messages(id, 1).front().id, token(2), after(1h));
    CHECK(written("wa", after(1ms)).empty());
}

TEST_CASE(
    "a text that was tried again counts from when it left, not from when it was tried first") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    claim(*store, message_of(*store, id), token(1), t0);
    const auto written_at = [&] {
        std::vector<WrittenTo> found;
        const core::ChannelId channels[] = {{"wa"}};
        store->transact([&](Unit& u) { found = u.written_to(channels, t0, 9); });
        REQUIRE(found.size() == 1);
        return found.front().at;
    };
    CHECK(written_at() == t0);
    change(*store, id, [](Case& c) {
        c.messages.front().state = core::MessageState::unknown;
        c.messages.front().facts.unknown = after(1h);
    });
    CHECK(written_at() == after(1h));
    change(*store, id, [](Case& c) {
        c.messages.front().state = core::MessageState::settled;
        c.messages.front().facts.accepted = after(3h);
        c.messages.front().facts.provider_id = "wamid.1";
    });
    CHECK(written_at() == after(3h));
}

TEST_CASE("of more people than are asked for, the last ones written to are given, earliest first") {
    EVERY_STORE;
    for (const int i : {3, 1, 4, 2, 5}) {  // not in the order of their ids
        const std::string n = std::to_string(i);
        const core::ContactId id = enrolled(*store, plain("Number " + n, "+6149157010" + n));
        change(*store, id, [&](Case& c) {
            c.messages.push_back(wellbeing());
            c.messages.front().to = whatsapp(n);
        });
        claim(*store, message_of(*store, id), token(static_cast<std::uint8_t>(i)),
              after(std::chrono::minutes{i}));
    }
    const core::ChannelId channels[] = {{"wa"}};
    const auto newest = [&](std::size_t most) {
        std::vector<std::string> whom;
        store->transact([&](Unit& u) {
            for (const WrittenTo& one : u.written_to(channels, t0, most))
                whom.push_back(one.to.value);
        });
        return whom;
    };
    CHECK(newest(9) == std::vector<std::string>{"1", "2", "3", "4", "5"});
    CHECK(newest(2) == std::vector<std::string>{"4", "5"});
    CHECK(newest(1) == std::vector<std::string>{"5"});
}

TEST_CASE("a message is claimed once") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const core::MessageId message = message_of(*store, id);
    claim(*store, message, token(1), after(5s));
    CHECK(due_messages(*store, after(1h)).empty());
    CHECK_THROWS_AS(claim(*store, message, token(2)), Conflict);
    store->transact([&](Unit& u) {
        const auto held = u.claim_of(message);
        REQUIRE(held);
        CHECK(held->token == token(1));
        CHECK(held->lease_until == after(35s));
        CHECK(held->text == "Hello Amara, how are you?");
    });
    const core::Message got = store->contact(id)->messages.at(0);
    CHECK(got.state == core::MessageState::claimed);
    CHECK(got.facts.claimed == after(5s));
    CHECK(store->next_due() == t0);  // the outreach itself; the lease is later
}

TEST_CASE("of a batch of claims with one that is gone, none stands") {
    EVERY_STORE;
    const core::ContactId a = with_message(*store),
                          b = with_message(*store, plain("Ben", "+4915112345678"));
    const core::MessageId first = message_of(*store, a), second = message_of(*store, b);
    change(*store, b, [](Case& c) { c.messages.at(0).state = core::MessageState::cancelled; });
    CHECK_THROWS_AS(store->transact([&](Unit& u) {
        const std::vector<Claim> claims{{first, token(1), after(30s), ""},
                                        {second, token(2), after(30s), ""}};
        u.claim(claims, t0);
    }),
                    Conflict);
    CHECK(due_messages(*store, after(1h)) == std::vector{first});
}

TEST_CASE("a token is never on two messages") {
    EVERY_STORE;
    const core::ContactId a = with_message(*store),
                          b = with_message(*store, plain("Ben", "+4915112345678"));
    claim(*store, message_of(*store, a), token(1));
    CHECK_THROWS_AS(claim(*store, message_of(*store, b), token(1)), Conflict);
}

TEST_CASE("a claim whose lease ran out shows up, and is not sendable by that") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const core::MessageId message = message_of(*store, id);
    claim(*store, message, token(1));
    const auto lapsed = [&](Timestamp now) {
        std::vector<core::MessageId> ids;
        store->transact([&](Unit& u) {
            for (const MessageRef& ref : u.lapsed(now, 10))
                ids.push_back(ref.message);
        });
        return ids;
    };
    CHECK(lapsed(after(29s)).empty());
    CHECK(lapsed(after(30s)) == std::vector{message});
    CHECK(due_messages(*store, after(1h)).empty());
    change(*store, id, [](Case& c) { c.messages.at(0).state = core::MessageState::unknown; });
    CHECK(lapsed(after(1h)).empty());
    store->transact([&](Unit& u) { CHECK(u.claim_of(message)->token == token(1)); });
}

TEST_CASE("what nobody can tell about is listed by its channel, from when it was claimed") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const core::MessageId message = message_of(*store, id);
    claim(*store, message, token(1));
    const core::ChannelId channel = store->contact(id)->messages.at(0).channel;
    const auto unsettled = [&](const core::ChannelId& of, Timestamp since) {
        std::vector<core::MessageId> ids;
        store->transact([&](Unit& u) {
            for (const MessageRef& ref : u.unsettled(of, since, 10))
                ids.push_back(ref.message);
        });
        return ids;
    };
    CHECK(unsettled(channel, t0).empty());  // it may still be on its way
    change(*store, id, [](Case& c) { c.messages.at(0).state = core::MessageState::unknown; });
    CHECK(unsettled(channel, t0) == std::vector{message});
    CHECK(unsettled(channel, after(1s)).empty());
    CHECK(unsettled(core::ChannelId{"another"}, t0).empty());
}

TEST_CASE("which events were taken in before can be asked without taking them in") {
    EVERY_STORE;
    accept(*store, {{key(1, "a"), 1}});
    const std::vector<std::string> keys{key(1, "b"), key(1, "a")};
    store->transact([&](Unit& u) { CHECK(u.accepted(keys) == std::vector{false, true}); });
    CHECK(accept(*store, {{key(1, "b"), 1}}) == std::vector{true});
}

TEST_CASE("a message that was definitely not sent goes again, with a token of its own") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const core::MessageId message = message_of(*store, id);
    claim(*store, message, token(1));
    change(*store, id, [](Case& c) {
        c.messages.at(0).state = core::MessageState::queued;
        c.messages.at(0).not_before = after(2min);
        c.messages.at(0).tries = 1;
    });
    store->transact([&](Unit& u) { CHECK_FALSE(u.claim_of(message)); });
    CHECK(due_messages(*store, after(1min)).empty());
    CHECK(due_messages(*store, after(2min)) == std::vector{message});
    claim(*store, message, token(2), after(2min));
    store->transact([&](Unit& u) { CHECK(u.claim_of(message)->token == token(2)); });
    const core::Message got = store->contact(id)->messages.at(0);
    CHECK(got.tries == 1);
    CHECK(got.facts.claimed == t0);
}

TEST_CASE("a message can be sent another way before it went") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    const Case got = change(*store, id, [](Case& c) {
        core::Message& m = c.messages.at(0);
        m.channel = {"sms"};
        m.to = phone("+61491570156");
        m.template_name = "";
        m.language = "hi";
        m.text = "Hello";
    });
    CHECK(got.messages.at(0).channel.value == "sms");
    CHECK(got.messages.at(0).to == phone("+61491570156"));
    CHECK(got.messages.at(0).text == "Hello");
}

TEST_CASE("the confirmation of a stop outlives the outreach, and needs none") {
    EVERY_STORE;
    const core::ContactId id = add(*store, amara());
    change(*store, id, [](Case& c) {
        core::Message m = wellbeing(90);
        m.kind = core::MessageKind::stop_confirmation;
        c.messages.push_back(m);
    });
    const auto ids = due_messages(*store, t0);
    REQUIRE(ids.size() == 1);
    CHECK(store->messages(id, 10).at(0).id == ids[0]);
    store->transact([&](Unit& u) {
        const Wanted wanted{id, ids[0]};
        CHECK(u.load({&wanted, 1}).front()->messages.size() == 1);
    });
}

// ---------------------------------------------------------------- the reps' phones

TEST_CASE("a prompt is told once for each rep and step, and again when it has news") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    const core::PromptId prompt = store->contact(id)->prompt->id;
    change(*store, id, [](Case&) {}, {tell_prompt, tell_prompt});
    const auto alerts = claim_alerts(*store, t0);
    REQUIRE(alerts.size() == 1);
    CHECK(alerts[0].prompt == prompt);
    CHECK(alerts[0].contact == id);
    CHECK(alerts[0].rep.value == "ravi");
    CHECK(alerts[0].tries == 1);
    CHECK(alerts[0].token == token(1));
    SECTION("while it is on its way it is not claimed again, but when the lease is over it is") {
        CHECK(claim_alerts(*store, after(59s)).empty());
        const auto again = claim_alerts(*store, after(61s));
        REQUIRE(again.size() == 1);
        CHECK(again[0].tries == 2);
    }
    SECTION("news while it is on its way: told again when it comes back") {
        change(*store, id, [](Case&) {}, {tell_prompt});
        settle(*store, {.id = alerts[0].id, .done = true});
        CHECK(claim_alerts(*store, t0).size() == 1);
    }
    SECTION("news after it was told: told again") {
        settle(*store, {.id = alerts[0].id, .done = true});
        CHECK(claim_alerts(*store, after(1h)).empty());
        change(*store, id, [](Case&) {}, {tell_prompt});
        CHECK(claim_alerts(*store, t0).size() == 1);
    }
    SECTION("another step of the ladder is another alert") {
        change(*store, id, [](Case& c) { ++c.prompt->ladder_step; }, {tell_prompt});
        CHECK(claim_alerts(*store, t0).size() == 1);
    }
    SECTION("acknowledged: nothing more to tell, whatever becomes of what is on its way") {
        change(*store, id, [](Case& c) { c.prompt->acknowledged_at = t0; });
        settle(*store, {.id = alerts[0].id, .done = false, .again_at = t0});
        CHECK(claim_alerts(*store, after(1h)).empty());
        CHECK(store->counts().alerts_waiting == 0);
    }
}

TEST_CASE("a prompt that was raised and dealt with in one batch is not told") {
    EVERY_STORE;
    const core::ContactId id = enrolled(*store);
    change(*store, id,
           [](Case& c) {
               c.prompt = silent();
               c.prompt->open = false;
           },
           {tell_prompt});
    CHECK(claim_alerts(*store, after(1h)).empty());
    CHECK(store->counts().prompts_open == 0);
}

TEST_CASE("notices are each told, oldest first, at most as many as there are tokens") {
    EVERY_STORE;
    const core::ContactId id = add(*store, amara());
    for (const char* text : {"one", "two", "three"})
        change(*store, id, [](Case&) {},
               {core::TellRep{{"ravi"}, core::TellRep::What::notice, text}});
    CHECK(store->next_due() == t0);
    const auto two = claim_alerts(*store, t0, 2);
    REQUIRE(two.size() == 2);
    CHECK(two[0].text == "one");
    CHECK(two[1].text == "two");
    CHECK_FALSE(two[0].prompt);
    CHECK(two[0].token != two[1].token);
    CHECK(claim_alerts(*store, t0).size() == 1);
}

TEST_CASE("an alert that did not get through is tried again at the time that was given") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    change(*store, id, [](Case&) {}, {tell_prompt});
    const Alert alert = claim_alerts(*store, t0).at(0);
    settle(*store, {.id = alert.id,
                    .done = false,
                    .again_at = after(5min),
                    .needs_template = true,
                    .provider_id = "wamid.9",
                    .problem = "The window is closed."});
    CHECK(claim_alerts(*store, after(4min)).empty());
    const auto again = claim_alerts(*store, after(5min));
    REQUIRE(again.size() == 1);
    CHECK(again[0].needs_template);
    CHECK(again[0].tries == 2);
    store->transact([&](Unit& u) {
        const auto found = u.alerts_by({"wa"}, "wamid.9");
        REQUIRE(found.size() == 1);
        CHECK(found[0].id == alert.id);
        CHECK(u.alerts_by({"wa"}, "wamid.8").empty());
        CHECK(u.alerts_by({"wa"}, "").empty());
    });
    settle(*store, {.id = again[0].id, .done = true});
    CHECK(store->counts().alerts_waiting == 0);
    SECTION("a receipt says later that it failed: it goes again") {
        settle(*store,
               {.id = alert.id, .done = false, .again_at = after(6min), .needs_template = true});
        CHECK(claim_alerts(*store, after(6min)).size() == 1);
        CHECK(store->counts().alerts_waiting == 1);
    }
}

TEST_CASE("a message that told several alerts together is found with all of them") {
    EVERY_STORE;
    std::vector<std::int64_t> told;
    for (const char* number : {"+61491570156", "+61491570157", "+61491570158"}) {
        const core::ContactId id = with_prompt(*store, plain("Ben Ray", number));
        change(*store, id, [](Case&) {}, {tell_prompt});
    }
    for (const Alert& alert : claim_alerts(*store, t0)) {
        settle(*store, {.id = alert.id, .done = true, .provider_id = "wamid.D"});
        told.push_back(alert.id);
    }
    REQUIRE(told.size() == 3);
    std::ranges::sort(told);
    std::vector<std::int64_t> found;
    store->transact([&](Unit& u) {
        for (const Alert& alert : u.alerts_by({"wa"}, "wamid.D"))
            found.push_back(alert.id);
    });
    CHECK(found == told);
}

TEST_CASE("what became of one telling says nothing of an alert that is being told anew") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    change(*store, id, [](Case&) {}, {tell_prompt});
    const Alert first = claim_alerts(*store, t0).at(0);
    const Token anew = token(200);
    store->transact(
        [&](Unit& u) { REQUIRE(u.claim_alerts(after(10min), 1min, {&anew, 1}).size() == 1); });
    settle(*store, {.id = first.id, .done = true, .claim = first.token});
    CHECK(store->counts().alerts_waiting == 1);
    settle(*store, {.id = first.id, .done = true, .claim = anew});
    CHECK(store->counts().alerts_waiting == 0);
}

TEST_CASE("alerts of a prompt can be dropped") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    change(*store, id, [](Case&) {},
           {tell_prompt, core::TellRep{{"mia"}, core::TellRep::What::notice, "stays"}});
    const core::PromptId prompt = store->contact(id)->prompt->id;
    store->transact([&](Unit& u) { u.drop_alerts(prompt); });
    const auto left = claim_alerts(*store, t0);
    REQUIRE(left.size() == 1);
    CHECK(left[0].text == "stays");
}

namespace {

void split(Store& store, const Alert& alert, const std::vector<AlertPart>& parts, Timestamp now) {
    store.transact([&](Unit& u) { u.split_alert(alert, parts, now); });
}

// A prompt split over the phone, told at once, and the watch, told three minutes later.
std::vector<Alert> told_on_two(Store& store, core::ContactId id) {
    change(store, id, [](Case&) {}, {tell_prompt});
    const Alert whole = claim_alerts(store, t0).at(0);
    split(store, whole, {{"phone", t0}, {"watch", after(3min)}}, t0);
    return claim_alerts(store, t0);
}

}  // namespace

TEST_CASE("an alert is split by device, and each part is told at its own time") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    const auto now = told_on_two(*store, id);
    REQUIRE(now.size() == 1);
    CHECK(now[0].device == "phone");
    CHECK(now[0].origin != 0);
    CHECK(now[0].prompt == store->contact(id)->prompt->id);
    CHECK(now[0].rep.value == "ravi");
    CHECK_FALSE(now[0].take_back);
    CHECK(store->counts().alerts_waiting == 2);
    SECTION("the second device is told when its time comes") {
        settle(*store, {.id = now[0].id, .done = true});
        CHECK(claim_alerts(*store, after(179s)).empty());
        const auto later = claim_alerts(*store, after(3min));
        REQUIRE(later.size() == 1);
        CHECK(later[0].device == "watch");
    }
    SECTION("the first one cannot be told: the second is told at once") {
        settle(*store, {.id = now[0].id, .done = true, .failed = true, .problem = "gone"});
        const auto next = claim_alerts(*store, t0);
        REQUIRE(next.size() == 1);
        CHECK(next[0].device == "watch");
    }
    SECTION("the first one is tried again: the second waits for its time") {
        settle(*store, {.id = now[0].id, .again_at = after(1min), .problem = "busy"});
        CHECK(claim_alerts(*store, t0).empty());
    }
    SECTION("a receipt says that the first one failed after all: the second is told at once") {
        settle(*store, {.id = now[0].id, .done = true, .provider_id = "wamid.1"});
        settle(*store, {.id = now[0].id, .done = true, .failed = true, .problem = "undelivered"});
        CHECK(claim_alerts(*store, t0).at(0).device == "watch");
    }
    SECTION("it was put back untried: that claim does not count") {
        settle(*store, {.id = now[0].id, .not_tried = true, .again_at = after(1min)});
        const auto again = claim_alerts(*store, after(1min));
        REQUIRE(again.size() == 1);
        CHECK(again[0].tries == 1);
    }
    SECTION("acknowledged: the second is never told") {
        settle(*store, {.id = now[0].id, .done = true});
        change(*store, id, [](Case& c) { c.prompt->acknowledged_at = t0; });
        CHECK(claim_alerts(*store, after(1h)).empty());
        CHECK(store->counts().alerts_waiting == 0);
    }
    SECTION("news of the same step: both are told again") {
        settle(*store, {.id = now[0].id, .done = true});
        change(*store, id, [](Case&) {}, {tell_prompt});
        const Alert whole = claim_alerts(*store, after(1min)).at(0);
        CHECK(whole.device.empty());
        split(*store, whole, {{"phone", after(1min)}, {"watch", after(4min)}}, after(1min));
        CHECK(claim_alerts(*store, after(1min)).at(0).device == "phone");
        CHECK(store->counts().alerts_waiting == 2);
    }
}

TEST_CASE("what was put on a screen is taken off it once the prompt is dealt with") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    const Alert phone = told_on_two(*store, id).at(0);
    const auto acknowledge = [&] {
        change(*store, id, [](Case& c) { c.prompt->acknowledged_at = t0; });
    };
    SECTION("it was shown") {
        settle(*store, {.id = phone.id, .done = true, .can_take_back = true});
        acknowledge();
        const auto back = claim_alerts(*store, t0);
        REQUIRE(back.size() == 1);
        CHECK(back[0].take_back);
        CHECK(back[0].device == "phone");
        settle(*store, {.id = phone.id, .done = true, .can_take_back = true});
    }
    SECTION("it was on its way") {
        acknowledge();
        settle(*store, {.id = phone.id, .done = true, .can_take_back = true});
        CHECK(claim_alerts(*store, t0).at(0).take_back);
        settle(*store, {.id = phone.id, .done = true});
    }
    SECTION("its way cannot take anything back") {
        settle(*store, {.id = phone.id, .done = true});
        acknowledge();
    }
    SECTION("it never got there") {
        settle(*store, {.id = phone.id, .done = true, .failed = true, .problem = "gone"});
        acknowledge();
    }
    CHECK(claim_alerts(*store, after(1h)).empty());
    CHECK(store->counts().alerts_waiting == 0);
}

TEST_CASE("a notice is told on one device; on the next one only if that fails") {
    EVERY_STORE;
    const core::ContactId id = add(*store, amara());
    change(*store, id, [](Case&) {},
           {core::TellRep{{"ravi"}, core::TellRep::What::notice, "Amara asked to stop."}});
    split(*store, claim_alerts(*store, t0).at(0), {{"phone", t0}, {"watch", after(3min)}}, t0);
    const Alert phone = claim_alerts(*store, t0).at(0);
    CHECK(phone.text == "Amara asked to stop.");
    SECTION("it went well") {
        settle(*store, {.id = phone.id, .done = true});
        CHECK(claim_alerts(*store, after(1h)).empty());
    }
    SECTION("it failed") {
        settle(*store, {.id = phone.id, .done = true, .failed = true, .problem = "gone"});
        CHECK(claim_alerts(*store, t0).at(0).device == "watch");
        settle(*store, {.id = phone.id + 1, .done = true});
    }
    CHECK(store->counts().alerts_waiting == 0);
}

TEST_CASE("a rep can be told one sentence, on one device or by the ladder") {
    EVERY_STORE;
    const core::ContactId id = add(*store, amara());
    store->transact([&](Unit& u) {
        u.tell_rep({{"ravi"}, id, "Noted.", "watch"}, t0);
        u.tell_rep({{"ravi"}, id, "Noted, too.", {}}, t0);
    });
    const auto told = claim_alerts(*store, t0);
    REQUIRE(told.size() == 2);
    CHECK(told[0].text == "Noted.");
    CHECK(told[0].device == "watch");
    CHECK(told[0].contact == id);
    CHECK_FALSE(told[0].prompt);
    CHECK(told[1].device.empty());
}

TEST_CASE("the last prompt a rep was sent as a message is found") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    const auto last = [&] {
        std::optional<Alert> found;
        store->transact([&](Unit& u) { found = u.last_alert({"ravi"}); });
        return found;
    };
    const Alert phone = told_on_two(*store, id).at(0);
    CHECK_FALSE(last());
    settle(*store, {.id = phone.id, .done = true, .provider_id = "wamid.7"});
    REQUIRE(last());
    CHECK(last()->contact == id);
    CHECK(last()->prompt == store->contact(id)->prompt->id);
}

TEST_CASE("a device signs up once, moves with its rep, and can be removed") {
    EVERY_STORE;
    StoredDevice d{.rep = {"ravi"},
                   .way = "web_push",
                   .name = "Firefox on Android",
                   .address = "https://push.test/1",
                   .keys = "k a",
                   .created_at = t0,
                   .seen_at = t0};
    std::int64_t id = 0;
    store->transact([&](Unit& u) { id = u.add_device(d); });
    const auto of = [&](const char* rep) {
        std::vector<StoredDevice> inside;
        store->transact([&](Unit& u) { inside = u.devices({rep}); });
        CHECK(inside.size() == store->devices({rep}).size());
        return inside;
    };
    REQUIRE(of("ravi").size() == 1);
    CHECK(of("ravi")[0].id == id);
    CHECK(of("ravi")[0].way == "web_push");
    CHECK(of("ravi")[0].address == "https://push.test/1");
    CHECK(of("ravi")[0].keys == "k a");
    CHECK(of("ravi")[0].created_at == t0);
    CHECK_FALSE(of("ravi")[0].told_at);
    store->transact([&](Unit& u) { u.note_device(id, "", after(1min)); });
    CHECK(of("ravi")[0].told_at == after(1min));
    store->transact([&](Unit& u) { u.note_device(id, "The push service is away.", after(2min)); });
    CHECK(of("ravi")[0].problem == "The push service is away.");
    CHECK(of("ravi")[0].told_at == after(1min));
    d.rep = {"mia"};
    d.keys = "k2 a2";
    d.seen_at = after(1h);
    store->transact([&](Unit& u) { CHECK(u.add_device(d) == id); });
    CHECK(of("ravi").empty());
    REQUIRE(of("mia").size() == 1);
    CHECK(of("mia")[0].keys == "k2 a2");
    CHECK(of("mia")[0].seen_at == after(1h));
    CHECK(of("mia")[0].problem.empty());
    store->transact([&](Unit& u) { CHECK(u.remove_device(id)); });
    store->transact([&](Unit& u) { CHECK_FALSE(u.remove_device(id)); });
    CHECK(of("mia").empty());
}

TEST_CASE("a rep's own window is kept by channel and never shrinks; away is set and taken back") {
    EVERY_STORE;
    store->transact([](Unit& u) {
        u.rep_wrote({"ravi"}, {"wa"}, after(24h));
        u.rep_wrote({"ravi"}, {"wa"}, after(23h));
        u.rep_wrote({"ravi"}, {"wa2"}, after(1h));
        u.set_rep_away({"mia"}, after(48h));
    });
    auto states = store->rep_states();
    CHECK(states.at({"ravi"}).windows ==
          std::map<core::ChannelId, Timestamp>{{{"wa"}, after(24h)}, {{"wa2"}, after(1h)}});
    CHECK(states.at({"mia"}).away_until == after(48h));
    store->transact([](Unit& u) { u.set_rep_away({"mia"}, std::nullopt); });
    CHECK_FALSE(store->rep_states().at({"mia"}).away_until);
}

// ---------------------------------------------------------------- timeline and conversation

TEST_CASE("the timeline is read backwards, the feed forwards, and both by number") {
    EVERY_STORE;
    const core::ContactId a = enrolled(*store),
                          b = enrolled(*store, plain("Ben", "+4915112345678"));
    CHECK(store->feed_end() == 0);
    for (int i = 0; i < 5; ++i) {
        change(
            *store, a, [](Case&) {}, {core::Noted{"a" + std::to_string(i), "text"}}, after(i * 1s));
        change(*store, b, [](Case&) {}, {core::Noted{"b" + std::to_string(i), ""}});
    }
    const auto lines = store->timeline(a, 0, 3);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].what == "a4");
    CHECK(lines[0].text == "text");
    CHECK(lines[0].at == after(4s));
    CHECK(lines[0].actor == "warmcall");
    CHECK(lines[0].contact == a);
    CHECK(lines[0].outreach == store->contact(a)->outreach->id);
    const auto older = store->timeline(a, lines[2].id, 10);
    REQUIRE(older.size() == 2);
    CHECK(older[0].what == "a1");
    const auto feed = store->feed(0, 100);
    REQUIRE(feed.size() == 10);
    CHECK(feed[0].what == "a0");
    CHECK(feed[1].what == "b0");
    CHECK(store->feed(feed[7].id, 100).size() == 2);
    CHECK(store->feed(0, 4).size() == 4);
    CHECK(store->feed_end() == feed.back().id);
}

TEST_CASE("what a rep logged of their calls is listed since a moment, newest first, theirs only") {
    EVERY_STORE;
    const core::ContactId id = enrolled(*store);
    const auto log = [&](std::string_view actor, const char* what, Timestamp at) {
        store->transact([&](Unit& u) {
            const Case seen = load(u, id);
            save(u, seen, seen, {core::Noted{what, ""}}, at, actor);
        });
    };
    log("ravi", "attempt", after(1h));
    log("ravi", "talked", after(2h));
    log("ravi", "delivery", after(3h));
    log("mia", "talked", after(3h));
    const auto all = store->calls_logged({"ravi"}, t0, 10);
    REQUIRE(all.size() == 2);
    CHECK(all[0].what == "talked");
    CHECK(all[1].what == "attempt");
    CHECK(store->calls_logged({"ravi"}, after(2h), 10).size() == 1);
    CHECK(store->calls_logged({"ravi"}, t0, 1).size() == 1);
}

TEST_CASE("a conversation shows their words and ours as they went out, newest first") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    CHECK(store->conversation(id, 10).empty());  // queued: not said yet
    claim(*store, message_of(*store, id), token(1), after(1min));
    change(*store, id, [](Case& c) {
        c.messages.at(0).state = core::MessageState::settled;
        c.messages.at(0).facts.delivered = after(2min);
    });
    change(*store, id, [](Case&) {},
           {core::KeepWords{after(3min), {"wa"}, core::ReplyKind::voice, "sent a voice message"}});
    const auto rows = store->conversation(id, 10);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].from_contact);
    CHECK(rows[0].kind == core::ReplyKind::voice);
    CHECK(rows[0].text == "sent a voice message");
    CHECK(rows[0].at == after(3min));
    CHECK_FALSE(rows[1].from_contact);
    CHECK(rows[1].text == "Hello Amara, how are you?");
    CHECK(rows[1].shown == core::Shown::delivered);
    CHECK(rows[1].message == message_of(*store, id));
    CHECK(store->conversation(id, 1).size() == 1);
}

// ---------------------------------------------------------------- lists

TEST_CASE("contacts are listed page by page, for one rep or for all") {
    EVERY_STORE;
    std::vector<core::ContactId> ids;
    for (int i = 0; i < 5; ++i)
        ids.push_back(
            add(*store, plain("Person " + std::to_string(i), "+4915112345" + std::to_string(i),
                              i % 2 == 0 ? "ravi" : "mia")));
    const auto listed = [&](ContactQuery q) {
        std::vector<core::ContactId> found;
        for (const Case& c : store->contacts(q))
            found.push_back(c.contact.id);
        return found;
    };
    CHECK(listed({.limit = 2}) == std::vector{ids[0], ids[1]});
    CHECK(listed({.after = ids[1], .limit = 2}) == std::vector{ids[2], ids[3]});
    CHECK(listed({.after = ids[4]}).empty());
    CHECK(listed({.rep = core::RepId{"mia"}}) == std::vector{ids[1], ids[3]});
    CHECK(listed({.rep = core::RepId{"mia"}, .after = ids[1]}) == std::vector{ids[3]});
    CHECK(listed({.rep = core::RepId{"nobody"}}).empty());
}

TEST_CASE(
    "contacts are found by part of the name without its accents, and by part of the number however "
    "it is written") {
    EVERY_STORE;
    const core::ContactId amara_id = add(*store, amara());
    const core::ContactId jose = add(*store, plain("José Łukasz Strauß", "+4915112345678", "mia"));
    const core::ContactId hindi = add(*store, plain("अमारा", "+919812345678"));
    const auto found = [&](std::string what, std::optional<core::RepId> rep = std::nullopt) {
        std::vector<core::ContactId> ids;
        for (const Case& c : store->contacts({.rep = rep, .search = std::move(what)}))
            ids.push_back(c.contact.id);
        return ids;
    };
    CHECK(found("okcu") == std::vector{amara_id});
    CHECK(found("ÖKÇÜ") == std::vector{amara_id});
    CHECK(found("jose") == std::vector{jose});
    CHECK(found("lukasz strauss") == std::vector{jose});
    CHECK(found("अमा") == std::vector{hindi});
    CHECK(found("+49 (151) 1234-5678") == std::vector{jose});
    CHECK(found("570156") == std::vector{amara_id});
    for (const char* typed :
         {"0151 12", "0049 151 12", "+49 (0)151/12", "\u0660\u0661\u0665\u0661 1",
          "\u202a+49\u00a0151\u202c", "49\u2011151"})
        CHECK(found(typed) == std::vector{jose});
    CHECK(found("jose", core::RepId{"mia"}) == std::vector{jose});
    CHECK(found("jose", core::RepId{"ravi"}).empty());
    CHECK(found("%").empty());
    CHECK(found("_").empty());
    CHECK(found("1") == std::vector{amara_id, jose, hindi});
    CHECK(found("ß") == std::vector{jose});
    CHECK(found("strauss 49").empty());
    CHECK(found("\"").empty());
    CHECK(found("a\" OR \"b").empty());
    SECTION("and by what they are called now") {
        change(*store, jose,
               [](Case& c) { c.contact.name = std::string{"\0Zoë \"50% off\" O'Brien", 23}; });
        CHECK(found("zoe") == std::vector{jose});
        CHECK(found("zoë \"50% o") == std::vector{jose});
        CHECK(found("50_ off").empty());
        CHECK(found("jose").empty());
        CHECK(found("49151") == std::vector{jose});
    }
    SECTION("and by the numbers they have now") {
        store->transact([&](Unit& unit) {
            const core::Address other{core::AddressKind::phone, "+4930555666"};
            unit.add_addresses(jose, {&other, 1}, t0);
        });
        CHECK(found("0555 666") == std::vector{jose});
        change(*store, jose,
               [](Case& c) { c.contact.addresses.erase(c.contact.addresses.begin()); });
        CHECK(found("0555 666") == std::vector{jose});
        CHECK(found("49151").empty());
        CHECK(found("lukasz") == std::vector{jose});
    }
    SECTION("and under the record they were merged into") {
        store->transact([&](Unit& unit) { unit.merge_contacts(jose, hindi, t0); });
        CHECK(found("jose").empty());
        CHECK(found("+49 151 1234") == std::vector{hindi});
        CHECK(found("अमारा") == std::vector{hindi});
    }
    SECTION("page by page") {
        const auto page = [&](core::ContactId after_id) {
            return store->contacts({.search = "+91 98", .after = after_id, .limit = 1});
        };
        const core::ContactId next = add(*store, plain("Ela", "+919812345679"));
        REQUIRE(page({}).size() == 1);
        CHECK(page({})[0].contact.id == hindi);
        REQUIRE(page(hindi).size() == 1);
        CHECK(page(hindi)[0].contact.id == next);
        CHECK(page(next).empty());
    }
}

TEST_CASE("a rep's queue: what is due, who is on the phone, what was asked of them; by due time") {
    EVERY_STORE;
    const auto at = [&](core::ContactId id, Timestamp due_at, core::Phase phase = core::Waiting{}) {
        change(*store, id, [&](Case& c) {
            c.outreach->phase = phase;
            c.outreach->next.due_at = due_at;
        });
        return id;
    };
    const core::ContactId later = at(enrolled(*store), after(5h));
    const core::ContactId soon = at(enrolled(*store, plain("Ben", "+491")), after(30min));
    const core::ContactId calling =
        at(enrolled(*store, plain("Cem", "+492")), after(6h), core::OnCall{{"ravi"}, t0});
    const core::ContactId asked =
        at(with_prompt(*store, plain("Dan", "+493")), after(7h), core::CallDue{});
    change(*store, asked, [](Case& c) {
        c.prompt->rep = {"mia"};
        c.outreach->next.owner = {"mia"};
    });
    const core::ContactId closed = enrolled(*store, plain("Eve", "+494"));
    change(*store, closed, [](Case& c) { close(c); });
    const auto listed = [&](QueueQuery q) {
        std::vector<core::ContactId> found;
        for (const Case& c : store->queue(q))
            found.push_back(c.contact.id);
        return found;
    };
    CHECK(listed({.rep = core::RepId{"ravi"}, .until = after(1h)}) == std::vector{soon, calling});
    CHECK(listed({.rep = core::RepId{"mia"}, .until = after(1h)}) == std::vector{asked});
    CHECK(listed({.rep = std::nullopt, .until = after(1h)}) == std::vector{soon, calling, asked});
    CHECK(listed({.rep = core::RepId{"ravi"}, .until = after(5h)}) ==
          std::vector{soon, later, calling});
    CHECK(listed({.rep = std::nullopt, .until = after(24h), .limit = 2}) ==
          std::vector{soon, later});
    CHECK(listed({.rep = core::RepId{"ravi"}, .until = after(24h), .limit = 2}) ==
          std::vector{soon, later});

    // page by page, nobody twice and nobody left out
    for (const auto& rep : {std::optional{core::RepId{"ravi"}}, std::optional<core::RepId>{}}) {
        QueueQuery page{.rep = rep, .until = after(24h), .limit = 1};
        std::vector<core::ContactId> paged;
        while (true) {
            const auto found = store->queue(page);
            if (found.empty())
                break;
            REQUIRE(found.size() == 1);
            REQUIRE(paged.size() < 10);
            paged.push_back(found.front().contact.id);
            page.after_due = found.front().outreach->next.due_at;
            page.after = found.front().outreach->id;
        }
        CHECK(paged == listed({.rep = rep, .until = after(24h)}));
    }

    // whoever was put off, or handed on, is found where they are now
    const auto due = [&](core::ContactId id, Timestamp due_at) {
        change(*store, id,
               [&](Case& c) { c.outreach->next.due_at = c.outreach->wake_at = due_at; });
    };
    due(soon, after(10min));
    due(later, after(20min));
    due(soon, after(2h));
    CHECK(listed({.rep = std::nullopt, .until = after(24h), .limit = 2}) ==
          std::vector{later, soon});
    CHECK(listed({.rep = core::RepId{"ravi"}, .until = after(1h)}) == std::vector{later, calling});
    change(*store, later, [](Case& c) { c.outreach->next.owner = {"mia"}; });
    CHECK(listed({.rep = core::RepId{"ravi"}, .until = after(1h)}) == std::vector{calling});
    CHECK(listed({.rep = core::RepId{"mia"}, .until = after(1h)}) == std::vector{later, asked});
}

TEST_CASE("messages are listed newest first over all rounds and outreaches") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    change(*store, id, [](Case& c) {
        c.messages.at(0).state = core::MessageState::settled;
        close(c);
    });
    change(*store, id, [](Case& c) {
        c.outreach = planned();
        c.messages = {wellbeing(), wellbeing(2)};
    });
    const auto all = store->messages(id, 10);
    REQUIRE(all.size() == 3);
    CHECK(all[0].step == 2);
    CHECK(all[0].id > all[1].id);
    CHECK(all[2].outreach != all[0].outreach);
    CHECK(store->messages(id, 2).size() == 2);
}

TEST_CASE("the counts follow what happens") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store);
    enrolled(*store, plain("Ben", "+4915112345678"));
    claim(*store, message_of(*store, id), token(1));
    StoreCounts counts = store->counts();
    CHECK(counts.contacts == 2);
    CHECK(counts.outreaches_by_phase.at("warming") == 1);
    CHECK(counts.outreaches_by_phase.at("planned") == 1);
    CHECK(counts.messages_by_state == std::map<std::string, std::int64_t>{{"claimed", 1}});
    change(*store, id, [](Case& c) { c.messages.at(0).state = core::MessageState::settled; });
    CHECK(store->counts().messages_by_state == std::map<std::string, std::int64_t>{{"settled", 1}});
}

// ---------------------------------------------------------------- addresses and merging

TEST_CASE("what a provider tells of a person's addresses is added, unless it is somebody else's") {
    EVERY_STORE;
    const core::ContactId id = add(*store, amara()),
                          other = add(*store, plain("Ben", "+4915112345678"));
    const core::Address learned{core::AddressKind::whatsapp_user, "AU.1"};
    store->transact([&](Unit& u) {
        const std::vector<core::Address> all{learned, whatsapp("61491570156"),
                                             phone("+610491570156"), phone("+4915112345678")};
        u.add_addresses(id, all, t0);
    });
    CHECK(store->contact(id)->contact.addresses ==
          std::vector{phone("+61491570156"), whatsapp("61491570156"), learned});
    CHECK(store->contact_by(phone("+4915112345678")) == other);
    CHECK(store->timeline(id, 0, 10).at(0).what == "shared_address");
    // An address a decision adds and another contact has stays where it is; nothing is held up by
    // it.
    change(*store, id, [](Case& c) { c.contact.addresses.push_back(phone("+4915112345678")); });
    CHECK(store->contact_by(phone("+4915112345678")) == other);
    CHECK(store->contact(id)->contact.addresses.size() == 3);
}

TEST_CASE(
    "merging two contacts keeps every address, every word, every suppression, and one live "
    "outreach") {
    EVERY_STORE;
    NewContact twin = plain("Amara O.", "+4915112345678");
    twin.contact.suppressions = {
        {core::SuppressionScope::address, phone("+4915112345678"), {}, "bounced", t0}};
    twin.contact.windows = {{{"wa"}, after(24h)}};
    twin.contact.last_reply_at = after(1s);
    const core::ContactId into = with_message(*store), from = with_prompt(*store, twin);
    const core::PromptId prompt = store->contact(from)->prompt->id;
    const core::OutreachId gone = store->contact(from)->outreach->id,
                           stays = store->contact(into)->outreach->id;
    change(*store, from, [](Case& c) { c.messages.push_back(wellbeing()); },
           {tell_prompt, core::Noted{"theirs", ""},
            core::KeepWords{t0, {"wa"}, core::ReplyKind::text, "hello"}});
    const core::MessageId message = message_of(*store, from);
    claim(*store, message, token(5));
    change(*store, from, [](Case& c) { c.messages.at(0).facts.sent = after(30s); });
    store->transact([&](Unit& u) { u.merge_contacts(from, into, after(1min)); });

    const Case merged = *store->contact(into);
    CHECK(merged.contact.addresses ==
          std::vector{phone("+61491570156"), whatsapp("61491570156"), phone("+4915112345678")});
    CHECK(merged.contact.suppressions == twin.contact.suppressions);
    CHECK(merged.contact.windows == twin.contact.windows);
    CHECK(merged.contact.last_reply_at == after(1s));
    CHECK(merged.contact.consent == amara().contact.consent);
    CHECK(merged.outreach->id == stays);
    CHECK(store->contact_by(phone("+4915112345678")) == into);
    CHECK(store->contact_of(gone) == into);
    CHECK(store->contact_of(prompt) == into);
    CHECK_FALSE(store->prompt(prompt)->open);
    CHECK(store->prompt(prompt)->contact == into);
    CHECK(store->counts().alerts_waiting == 0);
    CHECK(store->counts().contacts == 1);
    CHECK(store->conversation(into, 10).at(0).text == "Hello Amara, how are you?");
    CHECK(store->conversation(into, 10).at(1).text == "hello");
    CHECK(store->messages(into, 10).size() == 2);
    const auto lines = store->timeline(into, 0, 10);
    CHECK(std::any_of(lines.begin(), lines.end(),
                      [](const TimelineRow& r) { return r.what == "theirs"; }));
    // Whoever still has the old number is led to the person.
    CHECK(store->contact(from)->contact.id == into);
    store->transact([&](Unit& u) {
        CHECK(load(u, from).contact.id == into);
        const Token t = token(5);
        CHECK(u.messages_by({&t, 1}).at(0)->contact == into);
    });
    CHECK(store->contacts({}).size() == 1);
    store->transact(
        [&](Unit& u) { u.merge_contacts(from, into, after(2min)); });  // again: nothing to do
    CHECK(store->counts().contacts == 1);
}

TEST_CASE("merging into a contact without a live outreach brings the live one along") {
    EVERY_STORE;
    const core::ContactId into = add(*store, amara()),
                          from = with_prompt(*store, plain("Amara O.", "+4915112345678"));
    const Case was = *store->contact(from);
    store->transact([&](Unit& u) { u.merge_contacts(from, into, t0); });
    const Case merged = *store->contact(into);
    REQUIRE(merged.outreach);
    CHECK(merged.outreach->id == was.outreach->id);
    CHECK(merged.outreach->contact == into);
    CHECK(merged.prompt->id == was.prompt->id);
    CHECK(merged.prompt->contact == into);
    CHECK(due(*store, t0) == std::vector{into});
}

TEST_CASE("after merges one after the other everything is found with the last") {
    EVERY_STORE;
    const core::ContactId a = enrolled(*store), b = add(*store, plain("B", "+491")),
                          c = add(*store, plain("C", "+492"));
    change(*store, a, [](Case&) {}, {core::Noted{"first", ""}});
    store->transact([&](Unit& u) { u.merge_contacts(a, b, t0); });
    store->transact([&](Unit& u) { u.merge_contacts(b, c, t0); });
    CHECK(store->contact(a)->contact.id == c);
    CHECK(store->contact(a)->contact.addresses.size() == 4);
    CHECK(store->timeline(a, 0, 10).back().what == "first");
    CHECK(store->contact_by(phone("+610491570156")) == c);
}

TEST_CASE("consent that was taken back on either record stays taken back when they are merged") {
    EVERY_STORE;
    const bool on_the_gone = GENERATE(true, false);
    NewContact other = plain("Amara O.", "+4915112345678");
    other.contact.consent = core::Consent{"at the counter", t0, ""};
    const core::ContactId into = add(*store, amara()), from = add(*store, other);
    change(*store, on_the_gone ? from : into, [](Case& c) { c.contact.consent.reset(); });
    store->transact([&](Unit& u) { u.merge_contacts(from, into, t0); });
    CHECK_FALSE(store->contact(into)->contact.consent);
}

TEST_CASE(
    "which ways a consent covers is kept, changed with it, and the narrower one stays when records are merged") {
    EVERY_STORE;
    NewContact both = amara();
    both.contact.consent->covers = {"sms", "wa-two"};
    const core::ContactId into = add(*store, both);
    CHECK(store->contact(into)->contact.consent == both.contact.consent);
    change(*store, into, [](Case& c) { c.contact.consent->covers = {"whatsapp"}; });
    CHECK(store->contact(into)->contact.consent->covers == std::vector<std::string>{"whatsapp"});
    change(*store, into, [](Case& c) { c.contact.consent->covers.clear(); });
    CHECK(store->contact(into)->contact.consent->covers.empty());

    const bool narrow_is_older = GENERATE(true, false);
    const auto narrow = [](Case& c) { c.contact.consent = core::Consent{"form", t0, "", {"sms"}}; };
    const auto wide = [](Case& c) { c.contact.consent = core::Consent{"desk", t0, "", {}}; };
    const core::ContactId from = add(*store, plain("Amara O.", "+4915112345678"));
    if (narrow_is_older) {
        change(*store, from, narrow);
        change(*store, into, wide);
    } else {
        change(*store, from, wide);
        change(*store, into, narrow);
    }
    store->transact([&](Unit& u) { u.merge_contacts(from, into, t0); });
    CHECK(store->contact(into)->contact.consent->covers == std::vector<std::string>{"sms"});
}

// ---------------------------------------------------------------- the rest

TEST_CASE("what a provider says of a template is kept; what it is silent about stays as it was") {
    EVERY_STORE;
    store->transact([](Unit& u) {
        u.note_template(
            {"how_are_you", "en", core::TemplateStatus::approved, "UTILITY", "", "", t0});
        u.note_template(
            {"how_are_you", "en", core::TemplateStatus::unknown, "", "RED", "", after(1s)});
        u.note_template(
            {"how_are_you", "hi", core::TemplateStatus::paused, "", "", "too many reports", t0});
        u.note_account({"wa"}, "FLAGGED", t0);
    });
    const auto all = store->templates();
    REQUIRE(all.size() == 2);
    CHECK(all[0].status == core::TemplateStatus::approved);
    CHECK(all[0].category == "UTILITY");
    CHECK(all[0].quality == "RED");
    CHECK(all[0].at == after(1s));
    CHECK(all[1].status == core::TemplateStatus::paused);
    CHECK(all[1].reason == "too many reports");
}

TEST_CASE("tokens of the API are found by their hash, and revoked by name once") {
    EVERY_STORE;
    store->transact([](Unit& u) {
        u.add_token({.name = "crm", .hash = "h1", .rep = {}, .created_at = t0});
        u.add_token({.name = "ravi's script", .hash = "h2", .rep = {"ravi"}, .created_at = t0});
    });
    CHECK(store->tokens().size() == 2);
    CHECK(store->token("h2")->rep.value == "ravi");
    CHECK_FALSE(store->token("h3"));
    store->transact([](Unit& u) {
        CHECK(u.revoke_token("crm", after(1s)));
        CHECK_FALSE(u.revoke_token("crm", after(2s)));
        CHECK_FALSE(u.revoke_token("nobody's", after(2s)));
        u.add_token({.name = "crm",
                     .hash = "h4",
                     .rep = {},
                     .created_at = after(3s)});  // the name is free again
    });
    CHECK(store->token("h1")->revoked_at == after(1s));
    CHECK_FALSE(store->token("h4")->revoked_at);
}

TEST_CASE("sessions are listed, touched and ended; those that ran out are swept") {
    EVERY_STORE;
    const Session first{"s1", {"ravi"}, t0, t0, after(12h), "Firefox on Android"},
        second{"s2", {"ravi"}, after(1h), after(1h), after(13h), "Safari"};
    store->transact([&](Unit& u) {
        u.add_session(first);
        u.add_session(second);
        u.touch_session("s1", after(2h));
    });
    CHECK(store->session("s1")->seen_at == after(2h));
    CHECK(store->session("s1")->device == "Firefox on Android");
    CHECK(store->sessions({"ravi"}).size() == 2);
    CHECK(store->sessions({"mia"}).empty());
    store->transact(
        [&](Unit& u) { u.add_session({"s3", {"mia"}, after(12h), after(12h), after(24h), ""}); });
    CHECK_FALSE(store->session("s1"));
    store->transact([&](Unit& u) { u.end_session("s2"); });
    CHECK_FALSE(store->session("s2"));
    CHECK(store->session("s3"));
}

TEST_CASE("a sign-in link works once and not for long") {
    EVERY_STORE;
    store->transact([](Unit& u) {
        u.add_link("l1", {"ravi"}, after(10min));
        u.add_link("l2", {"ravi"}, after(10min));
        CHECK_FALSE(u.use_link("l3", after(1min)));
        CHECK(u.use_link("l1", after(1min)) == core::RepId{"ravi"});
        CHECK_FALSE(u.use_link("l1", after(1min)));
        CHECK_FALSE(u.use_link("l2", after(10min)));
    });
}

TEST_CASE("an answer is kept for a day under its key, and not overwritten meanwhile") {
    EVERY_STORE;
    store->transact([](Unit& u) {
        CHECK_FALSE(u.kept_answer("k"));
        u.keep_answer("k", {"hash", 201, "{}"}, t0);
    });
    CHECK_THROWS_AS(
        store->transact([](Unit& u) { u.keep_answer("k", {"other", 409, ""}, after(1h)); }),
        Conflict);
    store->transact([](Unit& u) {
        const auto kept = u.kept_answer("k");
        REQUIRE(kept);
        CHECK(kept->request_hash == "hash");
        CHECK(kept->status == 201);
        CHECK(kept->body == "{}");
        u.keep_answer("k2", {"hash", 200, ""}, after(24h));
        CHECK_FALSE(u.kept_answer("k"));
        u.drop_answers(after(48h - 1ms));
        CHECK(u.kept_answer("k2"));
        u.drop_answers(after(48h));
        CHECK_FALSE(u.kept_answer("k2"));
    });
}

TEST_CASE("settings are kept, and none is an empty one") {
    EVERY_STORE;
    store->transact([](Unit& u) {
        CHECK(u.setting("vapid").empty());
        u.set_setting("vapid", "1");
        u.set_setting("vapid", "2");
        CHECK(u.setting("vapid") == "2");
    });
}

TEST_CASE("text of any kind comes back byte for byte") {
    EVERY_STORE;
    NewContact n =
        plain("Robert'); DROP TABLE contact;-- \xF0\x9F\x99\x82 \"x\" %s", "+4915112345678");
    n.contact.topic = std::string{"before\0after", 12};
    const core::ContactId id = add(*store, n);
    CHECK(store->contact(id)->contact.name == n.contact.name);
    CHECK(store->contact(id)->contact.topic == n.contact.topic);
}

TEST_CASE("what was saved is there after a restart") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store);
    change(*store, id, [](Case& c) { c.messages.push_back(wellbeing()); },
           {tell_prompt, core::Noted{"enrolled", ""}});
    accept(*store, {{key(1, "a"), 1}});
    store->idle();
    const Case seen = *store->contact(id);
    if (!bed->reopen())
        return;
    store = &bed->store();
    CHECK(*store->contact(id) == seen);
    CHECK(store->timeline(id, 0, 10).size() == 1);
    CHECK(accept(*store, {{key(1, "a"), 1}}) == std::vector{false});
    CHECK(claim_alerts(*store, t0).size() == 1);
    CHECK(store->counts().contacts == 1);
}

TEST_CASE("a store names itself without secrets") {
    EVERY_STORE;
    const std::string family = kind.name.substr(0, kind.name.find(','));
    CHECK(store->describe().find(family + ":") == 0);
}
