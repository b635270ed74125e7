// The door without its threads: what goes through together, and what a broken piece may do to the
// others.

#include "engine/apply.hpp"

#include <algorithm>
#include <stdexcept>

#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

constexpr std::string_view amara_id = "919876500001";

Work noting(std::string key) {
    return Write{
        [key = std::move(key)](Unit& unit, core::Timestamp) { unit.set_setting(key, "done"); }};
}

std::string setting(Store& store, const std::string& key) {
    std::string value;
    store.transact([&](Unit& unit) { value = unit.setting(key); });
    return value;
}

// One update of a delivery that the store cannot take: its kind has no word.
Inbound poison(core::Timestamp at) {
    InReply reply{.kind = static_cast<core::ReplyKind>(99), .words = "?"};
    return {.key = "poison",
            .at = at,
            .who = {{core::AddressKind::whatsapp, std::string{amara_id}}},
            .what = reply};
}

}  // namespace

TEST_CASE("a batch is one transaction: when it cannot be committed, nothing of it has happened") {
    World w;
    w.applier->between_steps = [](std::string_view step) {
        if (step == "saved") {
            throw StoreUnavailable{"the disk is full"};
        }
    };
    std::vector<Work> works;
    works.push_back(noting("first"));
    works.emplace_back(Happened{w.amara, core::Enrolled{"gentle"}});
    works.push_back(noting("last"));
    const std::vector<Outcome> outcomes = w.applier->apply(std::move(works));
    for (const Outcome& outcome : outcomes) {
        CHECK(failure_of(outcome) == "the disk is full");
    }
    w.applier->between_steps = nullptr;
    CHECK(w.phase(w.amara) == "none");
    CHECK(setting(*w.store, "first").empty());
    CHECK(setting(*w.store, "last").empty());
}

TEST_CASE("a batch of twenty is committed at once") {
    World w;
    int commits = 0;
    w.applier->between_steps = [&](std::string_view step) {
        commits += step == "committed" ? 1 : 0;
    };
    std::vector<Work> works;
    for (int i = 0; i < 20; ++i) {
        works.push_back(noting("k" + std::to_string(i)));
    }
    w.applier->apply(std::move(works));
    CHECK(commits == 1);
    CHECK(setting(*w.store, "k19") == "done");
}

TEST_CASE("looks come after what changes, and those that lock the shared counts last of all") {
    World w;
    std::vector<std::string> order;
    const auto look = [&](std::string name, bool counts) {
        return Look{.at = [&order, name](Unit&, core::Timestamp) { order.push_back(name); },
                    .counts = counts};
    };
    std::vector<Work> works;
    works.emplace_back(look("claim", true));
    works.emplace_back(look("last look", false));
    works.emplace_back(Write{[&](Unit&, core::Timestamp) { order.emplace_back("write"); }});
    for (const Outcome& outcome : w.applier->apply(std::move(works))) {
        CHECK_FALSE(outcome.failure);
    }
    CHECK(order == std::vector<std::string>{"write", "last look", "claim"});
}

TEST_CASE("one poisoned work among twenty holds up none of the others") {
    World w;
    std::vector<Work> works;
    for (int i = 0; i < 20; ++i) {
        works.push_back(noting("k" + std::to_string(i)));
    }
    SECTION("a write that throws: only it fails, with its own words") {
        works[13] = Write{[](Unit& unit, core::Timestamp) {
            unit.set_setting("k13", "half");
            throw std::runtime_error{"no such thing"};
        }};
        const std::vector<Outcome> outcomes = w.applier->apply(std::move(works));
        CHECK(failure_of(outcomes[13]) == "no such thing");
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            if (i != 13) {
                CHECK(failure_of(outcomes[i]).empty());
                CHECK(setting(*w.store, "k" + std::to_string(i)) == "done");
            }
        }
        CHECK(setting(*w.store, "k13").empty());
    }
    SECTION("something that happened to a contact nobody knows") {
        works[13] = Happened{core::ContactId{4711}, core::Woke{}};
        const std::vector<Outcome> outcomes = w.applier->apply(std::move(works));
        CHECK(failure_of(outcomes[13]) == "there is no contact 4711");
        CHECK(failure_of(outcomes[12]).empty());
        CHECK(setting(*w.store, "k12") == "done");
        CHECK(setting(*w.store, "k14") == "done");
    }
    SECTION("a webhook whose decision throws is kept raw in quarantine, and is answered as taken") {
        works[13] = Delivered{.channel = channel, .body = "{}", .events = {poison(w.clock.at)}};
        const std::vector<Outcome> outcomes = w.applier->apply(std::move(works));
        CHECK(failure_of(outcomes[13]).empty());
        CHECK(w.counts().quarantined == 1);
        CHECK(setting(*w.store, "k12") == "done");
        CHECK(setting(*w.store, "k14") == "done");
    }
}

TEST_CASE("one poisoned update of a webhook holds up none of the others in the same POST") {
    World w;
    const core::ContactId ines = w.add("Ines Moreau", "+919876500002");
    w.sent(w.amara);
    w.sent(ines);
    Work work = w.webhook(merged({text_from(amara_id, "I am fine", "wamid.A", w.clock.at),
                                  text_from("919876500002", "All good", "wamid.B", w.clock.at)}));
    auto& delivered = std::get<Delivered>(work);
    delivered.events.insert(delivered.events.begin() + 1, poison(w.clock.at));
    std::vector<Work> works;
    works.push_back(std::move(work));
    CHECK(failure_of(w.applier->apply(std::move(works)).front()).empty());
    CHECK(w.phase(w.amara) == "call_due");
    CHECK(w.phase(ines) == "call_due");
    CHECK(w.counts().quarantined == 1);
}

TEST_CASE("a webhook that cannot be read is kept and counted") {
    World w;
    std::vector<Work> works;
    works.emplace_back(Delivered{
        .channel = channel, .body = "not json", .unreadable = "the delivery is not JSON"});
    CHECK(failure_of(w.applier->apply(std::move(works)).front()).empty());
    CHECK(w.counts().quarantined == 1);
}

TEST_CASE("the same webhook again changes nothing") {
    World w;
    w.sent(w.amara);
    const std::string body = text_from(amara_id, "I am fine", "wamid.IN1", w.clock.at);
    SECTION("within one batch") {
        w.delivered({body, body, body});
    }
    SECTION("in one batch after the other") {
        w.delivered({body});
        w.delivered({body});
    }
    SECTION("after a restart") {
        w.delivered({body});
        w.restart();
        w.delivered({body});
    }
    CHECK(w.phase(w.amara) == "call_due");
    CHECK(w.counts().inbox == 1);
    const auto spoken = w.store->conversation(w.amara, 10);
    CHECK(std::ranges::count_if(spoken, &ConversationRow::from_contact) == 1);
    CHECK(w.of(w.amara).prompt->words == "I am fine");
}

TEST_CASE("a receipt that is quicker than the answer to our send is joined by its token") {
    World w;
    const Claimed c = w.claimed(w.amara);
    w.delivered({receipt("wamid.OUT", "delivered", w.clock.at, c.token)});
    CHECK(core::shown(w.text(w.amara).facts) == core::Shown::delivered);
    w.settle(c, accepted("wamid.OUT"));
    const core::Message m = w.text(w.amara);
    CHECK(m.state == core::MessageState::settled);
    CHECK(core::shown(m.facts) == core::Shown::delivered);
    CHECK(m.facts.provider_id == "wamid.OUT");
    CHECK(m.facts.accepted);
}

TEST_CASE("a receipt for an id nobody knows yet is parked, and joined when the id turns up") {
    World w;
    const Claimed c = w.claimed(w.amara);
    w.delivered({receipt("wamid.OUT", "delivered", w.clock.at)});
    CHECK(w.counts().parked == 1);
    CHECK(core::shown(w.text(w.amara).facts) != core::Shown::delivered);
    w.settle(c, accepted("wamid.OUT"));
    CHECK(w.counts().parked == 0);
    CHECK(core::shown(w.text(w.amara).facts) == core::Shown::delivered);
}

TEST_CASE(
    "the answer and a receipt without a token, in one batch and either order, find each other") {
    World w;
    const Claimed c = w.claimed(w.amara);
    std::vector<Work> works;
    works.emplace_back(Happened{
        c.contact, settle(w.main, c.message, accepted("wamid.OUT"), w.clock.at, w.rng).event,
        "provider"});
    works.push_back(w.webhook(receipt("wamid.OUT", "delivered", w.clock.at)));
    SECTION("answer first") {}
    SECTION("receipt first") {
        std::swap(works[0], works[1]);
    }
    w.applier->apply(std::move(works));
    CHECK(w.counts().parked == 0);
    CHECK(core::shown(w.text(w.amara).facts) == core::Shown::delivered);
}

TEST_CASE("a parked receipt is forgotten after seven days") {
    World w;
    w.delivered({receipt("wamid.NOBODYS", "delivered", w.clock.at)});
    w.advance(std::chrono::days{7} - 1min);
    w.applier->tidy(100);
    CHECK(w.counts().parked == 1);
    w.advance(2min);
    w.applier->tidy(100);
    CHECK(w.counts().parked == 0);
}

TEST_CASE("a stranger's reply is counted and nothing else") {
    World w;
    w.delivered({text_from("4930123125", "Hello?", "wamid.S", w.clock.at)});
    CHECK(w.ignored("reply of a stranger") == 1);
    CHECK(w.counts().contacts == 1);
    CHECK(w.phase(w.amara) == "none");
}

TEST_CASE("what is written under a photo is read as any words of theirs") {
    World w;
    const auto shown = [&](std::string_view caption) {
        w.delivered(
            {text_from("919876500001", "", "wamid.P", w.clock.at,
                       {{"type", "image"}, {"image", {{"id", "1"}, {"caption", caption}}}})});
        return !w.of(w.amara).contact.suppressions.empty();
    };
    SECTION("a STOP is a STOP") {
        CHECK(shown("Stop"));
        CHECK(w.phase(w.amara) == "none");
    }
    SECTION("anything else is a reply, and so is nothing") {
        CHECK_FALSE(shown(GENERATE("Our new shop", "")));
        CHECK(w.phase(w.amara) == "call_due");
    }
}

TEST_CASE("a rep's own message opens the rep's window, and is never taken for a contact's reply") {
    World w;
    const core::ContactId as_contact = w.add("Maya herself", std::string{maya_number});
    w.delivered({text_from(maya_number.substr(1), "ok", "wamid.R", w.clock.at)});
    CHECK(w.phase(as_contact) == "none");
    CHECK(w.store->conversation(as_contact, 10).empty());
    CHECK(w.applier->rep_states().at(maya).windows.at(channel) == w.from_now(24h));
    SECTION("it is known after a restart") {
        w.restart();
        CHECK(w.applier->rep_states().at(maya).windows.at(channel) == w.from_now(24h));
    }
    SECTION("an older message that comes late does not shorten it") {
        w.delivered({text_from(maya_number.substr(1), "late", "wamid.R0", w.clock.at - 5h)});
        CHECK(w.applier->rep_states().at(maya).windows.at(channel) == w.from_now(24h));
    }
}

TEST_CASE("the id WhatsApp has for a number is learned from a reply") {
    World w;
    const core::Address id{core::AddressKind::whatsapp, std::string{amara_id}};
    w.delivered({text_from(amara_id, "Hello", "wamid.A", w.clock.at)});
    CHECK(w.store->contact_by(id) == w.amara);
    CHECK(w.of(w.amara).contact.addresses.size() == 2);
}

TEST_CASE(
    "who writes under a user id alone is known by it, when the same POST has taught us whose it "
    "is") {
    World w;
    const json user{{"from_user_id", "IN.WARM0000000000000001"}};
    const std::string first = text_from(amara_id, "Hello", "wamid.A", w.clock.at, user);
    json second = json::parse(text_from(amara_id, "me again", "wamid.B", w.clock.at, user));
    json& value = second["entry"][0]["changes"][0]["value"];
    value["messages"][0].erase("from");
    value["contacts"] =
        json::array({json{{"profile", {{"name", "A"}}}, {"user_id", "IN.WARM0000000000000001"}}});
    w.delivered({merged({first, second.dump()})});
    CHECK(w.ignored("reply of a stranger") == 0);
    const auto spoken = w.store->conversation(w.amara, 10);
    CHECK(std::ranges::count_if(spoken, &ConversationRow::from_contact) == 2);
}

TEST_CASE("a contact who changed the number is written to at the new one") {
    World w;
    json system{
        {"type", "system"},
        {"system",
         {{"type", "user_changed_number"}, {"wa_id", "919876500077"}, {"body", "changed"}}}};
    const std::string change = text_from(amara_id, "", "wamid.C", w.clock.at, system);
    const std::string hello = text_from("919876500077", "New phone!", "wamid.D", w.clock.at);
    const core::Address now_at{core::AddressKind::phone, "+919876500077"};
    w.queue_text(w.amara);
    SECTION("a message from it comes later") {
        w.delivered({change});
        CHECK(w.store->contact_by(now_at) == w.amara);
        CHECK_FALSE(w.store->contact_by({core::AddressKind::phone, std::string{amara_number}}));
        CHECK(w.text(w.amara).to == now_at);
        w.delivered({hello});
    }
    SECTION("a message from it comes in the same POST") {
        w.delivered({merged({change, hello})});
    }
    SECTION("a message from it comes in the same batch") {
        w.delivered({change, hello});
    }
    CHECK(w.store->contact_by(now_at) == w.amara);
    CHECK(w.ignored("reply of a stranger") == 0);
    CHECK(w.phase(w.amara) == "call_due");
}

TEST_CASE("a new number that is another contact's stays theirs") {
    World w;
    const core::ContactId ines = w.add("Ines Moreau", "+919876500077");
    json system{
        {"type", "system"},
        {"system",
         {{"type", "user_changed_number"}, {"wa_id", "919876500077"}, {"body", "changed"}}}};
    w.delivered({text_from(amara_id, "", "wamid.C", w.clock.at, system)});
    CHECK(w.store->contact_by({core::AddressKind::phone, "+919876500077"}) == ines);
    CHECK(w.ignored("new number belongs to another contact") == 1);
}

TEST_CASE("a text the provider has paused is not sent, also after a restart") {
    World w;
    w.queue_text(w.amara);
    w.delivered({envelope("message_template_status_update", {{"event", "PAUSED"},
                                                             {"message_template_id", 5},
                                                             {"message_template_name", "wellbeing"},
                                                             {"message_template_language", "en"},
                                                             {"reason", "NONE"}})});
    SECTION("at once") {}
    SECTION("after a restart") {
        w.restart();
    }
    CHECK(w.claim().empty());
    CHECK(w.text(w.amara).state == core::MessageState::cancelled);
    CHECK(w.phase(w.amara) == "call_due");
}

TEST_CASE("an account that was stopped rests, and a shorter rest does not cut that short") {
    World w;
    w.queue_text(w.amara);
    w.delivered(
        {envelope("account_update",
                  {{"event", "DISABLED_UPDATE"},
                   {"ban_info", {{"waba_ban_state", "DISABLE"}, {"waba_ban_date", "today"}}}})});
    w.applier->channel_down(channel, w.from_now(30s));
    CHECK(w.claim().empty());
    w.advance(31min);
    CHECK(w.claim().empty());
    CHECK(w.text(w.amara).state == core::MessageState::queued);
    w.advance(1h);
    CHECK(w.claim().size() == 1);
}

TEST_CASE("a number that people complain about rests for a quarter of an hour") {
    World w;
    w.queue_text(w.amara);
    w.delivered({envelope("phone_number_quality_update", {{"event", "FLAGGED"}})});
    w.advance(14min);
    CHECK(w.claim().empty());
    w.advance(2min);
    CHECK(w.claim().size() == 1);
}

TEST_CASE("good news of the account stops nothing") {
    World w;
    w.queue_text(w.amara);
    w.delivered({envelope("phone_number_quality_update", {{"event", "UNFLAGGED"}})});
    CHECK(w.claim().size() == 1);
}

TEST_CASE("what was read of other gateways is not learnt once this one knows something newer") {
    World w;
    w.queue_text(w.amara);
    const Learned before = w.applier->read_others(*w.store);
    const core::RepId rep = w.of(w.amara).contact.owner;
    w.applier->remember({rep, w.from_now(24h)});
    const auto away = [&] { return w.applier->plan().reps.at(rep).away_until; };
    w.applier->learn(before);
    CHECK(away() == w.from_now(24h));
    w.store->transact([&](Unit& unit) { unit.set_rep_away(rep, w.from_now(2h)); });
    w.applier->learn(w.applier->read_others(*w.store));
    CHECK(away() == w.from_now(2h));
}

TEST_CASE("what of the plan has moved is told once") {
    World w;
    w.applier->take_plan_news();
    CHECK_FALSE(w.applier->take_plan_news());
    w.applier->channel_down(channel, w.from_now(1h), "no money left");
    w.applier->refresh(w.clock.at);
    const auto news = w.applier->take_plan_news();
    REQUIRE(news);
    CHECK_FALSE(news->channels.at(0).works(w.clock.at));
    CHECK(news->channels.at(0).works(w.from_now(1h)));
    CHECK(news->said.at(channel) == "no money left");
    CHECK_FALSE(w.applier->take_plan_news());
    w.applier->learn(w.applier->read_others(*w.store));  // it is what is known
    CHECK_FALSE(w.applier->take_plan_news());
    w.applier->channel_down(channel, w.from_now(2h));  // down already, and for longer now
    w.applier->refresh(w.clock.at);
    const auto longer = w.applier->take_plan_news();
    REQUIRE(longer);
    CHECK(longer->channels.at(0).back_at == w.from_now(2h));
    CHECK(longer->said.at(channel) == "no money left");
    w.advance(2h);
    w.applier->refresh(w.clock.at);
    w.applier->channel_down(channel, w.from_now(1h));  // for another reason
    w.applier->refresh(w.clock.at);
    CHECK(w.applier->take_plan_news()->said.empty());
}

TEST_CASE("what was read before a commit is not learnt after it") {
    World w;
    const auto says = [](const char* event) {
        return envelope("message_template_status_update", {{"event", event},
                                                           {"message_template_name", "wellbeing"},
                                                           {"message_template_language", "en"}});
    };
    w.delivered({says("APPROVED")});
    Learned before = w.applier->read_others(*w.store);
    std::vector<Work> works;
    works.push_back(w.webhook(says("PAUSED")));
    works.emplace_back(Write{[&](Unit&, core::Timestamp) {
        before.as_of = w.applier->moves();  // nobody else sees what this transaction does
    }});
    for (const Outcome& outcome : w.applier->apply(std::move(works))) {
        CHECK(failure_of(outcome).empty());
    }
    w.applier->learn(before);
    CHECK(w.applier->plan().templates.status.at("wellbeing/en") == core::TemplateStatus::paused);
}

TEST_CASE("enrolled, woken and answered within one batch leaves one prompt and nothing to send") {
    World w;
    std::vector<Work> works;
    works.emplace_back(Happened{w.amara, core::Enrolled{"gentle"}});
    works.emplace_back(Happened{w.amara, core::Woke{}});
    works.push_back(w.webhook(text_from(amara_id, "Hello you", "wamid.A", w.clock.at)));
    for (const Outcome& outcome : w.applier->apply(std::move(works))) {
        CHECK(failure_of(outcome).empty());
        CHECK_FALSE(outcome.refusal);
    }
    CHECK(w.phase(w.amara) == "call_due");
    CHECK(w.of(w.amara).prompt->words == "Hello you");
    CHECK(w.claim().empty());
}

TEST_CASE("an outreach that was closed makes room for a new one in the same batch") {
    World w;
    w.sent(w.amara);
    const core::OutreachId old = w.of(w.amara).outreach->id;
    std::vector<Work> works;
    works.emplace_back(Happened{w.amara, core::ClosedByRep{core::CloseReason::said_no}, "maya"});
    works.push_back(w.webhook(text_from(amara_id, "Are you there?", "wamid.A", w.clock.at)));
    for (const Outcome& outcome : w.applier->apply(std::move(works))) {
        CHECK(failure_of(outcome).empty());
        CHECK_FALSE(outcome.refusal);
    }
    CHECK(w.phase(w.amara) == "call_due");
    CHECK(w.of(w.amara).outreach->id != old);
}

TEST_CASE("a row that somebody else changed is read again and decided again") {
    World w;
    int conflicts = 0;
    const auto conflict = [&](int times) {
        w.applier->between_steps = [&conflicts, times](std::string_view step) {
            if (step == "decided" && conflicts < times) {
                ++conflicts;
                throw Conflict{"somebody was quicker"};
            }
        };
    };
    SECTION("twice: it goes through") {
        conflict(2);
        const Outcome outcome = w.happens(w.amara, core::Enrolled{"gentle"});
        CHECK(failure_of(outcome).empty());
        CHECK(w.phase(w.amara) == "planned");
    }
    SECTION("again and again: whoever asked is told that nothing was stored") {
        conflict(100);
        const Outcome outcome = w.happens(w.amara, core::Enrolled{"gentle"});
        CHECK(failure_of(outcome) == "somebody was quicker");
        w.applier->between_steps = nullptr;
        CHECK(w.phase(w.amara) == "none");
    }
}

TEST_CASE("a refused event changes nothing and names its reason") {
    World w;
    w.queue_text(w.amara);
    const core::Case before = w.of(w.amara);
    const Outcome outcome = w.happens(w.amara, core::Enrolled{"gentle"});
    REQUIRE(outcome.refusal);
    CHECK(outcome.refusal->code == core::Refusal::Code::has_live);
    CHECK(w.of(w.amara) == before);
}

}  // namespace warmcall::tests
