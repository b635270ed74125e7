// Prompts on their way to the reps' phones.

#include "engine/alerts.hpp"

#include "notifiers/registry.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

const Notifier& by_message() {
    return *find_notifier("provider_message");
}

std::vector<AlertOnItsWay> due(World& w) {
    const PromptLink link = [](core::PromptId id, const core::RepId& rep) {
        return "https://calls.test/p/" + std::to_string(id.value) + rep.value;
    };
    return claim_alerts(*w.store, *w.applier, by_message(), link, w.tokens(10), w.clock.at);
}

void save(World& w, const AlertOnItsWay& one, const AlertOutcome& outcome) {
    w.store->transact(
        [&](Unit& unit) { save_outcome(unit, one.alert, one.channel, outcome, w.clock.at); });
}

AlertOutcome after(World& w, const AlertOnItsWay& one, const Exchange& exchange) {
    const AlertOutcome outcome = settle_alert(w.main, one.alert, exchange, w.clock.at, w.rng);
    save(w, one, outcome);
    return outcome;
}

void maya_writes(World& w) {
    w.delivered({text_from(maya_number.substr(1), "here", "wamid.R", w.clock.at)});
}

AlertOnItsWay only(World& w) {
    auto all = due(w);
    REQUIRE(all.size() == 1);
    return std::move(all.front());
}

}  // namespace

TEST_CASE("inside the rep's own window the prompt is a plain message that quotes their words") {
    World w;
    maya_writes(w);
    w.prompt(w.amara, "Fine, the kids have exams");
    const AlertOnItsWay one = only(w);
    CHECK(one.outbound->template_name.empty());
    CHECK(one.outbound->to.value == maya_number);
    CHECK(one.outbound->text.find("\"Fine, the kids have exams\"") != std::string::npos);
    CHECK(one.outbound->text.find("https://calls.test/p/") != std::string::npos);
    CHECK(one.outbound->text.find("Amara") != std::string::npos);
}

TEST_CASE("outside the window the prompt is the approved text, and no words of theirs are in it") {
    World w;
    SECTION("the rep has never written") {}
    SECTION("the rep's window ends in a moment") {
        w.advance(1h);
        maya_writes(w);
        w.advance(24h - 12min);  // the prompt comes eleven minutes later
    }
    w.prompt(w.amara, "Fine, the kids have exams");
    const AlertOnItsWay one = only(w);
    CHECK(one.outbound->template_name == "rep_notice");
    CHECK(one.outbound->template_language == "en");
    CHECK(one.outbound->parameters.size() == 3);
    for (const auto& [name, value] : one.outbound->parameters) {
        INFO(name);
        CHECK_FALSE(value.empty());
        CHECK(value.find("exams") == std::string::npos);
    }
}

TEST_CASE(
    "the provider says the rep's window is closed: the prompt goes again at once, as the approved "
    "text") {
    World w;
    maya_writes(w);
    w.prompt(w.amara);
    const AlertOnItsWay first = only(w);
    REQUIRE(first.outbound->template_name.empty());
    SECTION("in its answer") {
        const AlertOutcome outcome = after(w, first, refused(131047));
        CHECK_FALSE(outcome.done);
        CHECK(outcome.again_at == w.clock.at);
    }
    SECTION("in a receipt") {
        after(w, first, accepted("wamid.P"));
        w.delivered({receipt("wamid.P", "failed", w.clock.at, first.alert.token, 131047)});
    }
    SECTION("in a receipt that is quicker than the answer") {
        w.delivered({receipt("wamid.P", "failed", w.clock.at, first.alert.token, 131047)});
        after(w, first, accepted("wamid.P"));
        CHECK(w.counts().parked == 0);
    }
    const AlertOnItsWay second = only(w);
    CHECK(second.outbound->template_name == "rep_notice");
    CHECK(after(w, second, refused(131047)).done);  // that does not go either: given up
    w.advance(1min);
    CHECK(due(w).empty());
}

TEST_CASE("a prompt that was acknowledged meanwhile is not sent") {
    World w;
    w.prompt(w.amara);
    SECTION("before it was claimed") {
        w.happens(w.amara, core::Acknowledged{maya}, "maya");
        CHECK(due(w).empty());
    }
    SECTION("while its first try was on its way") {
        const AlertOnItsWay one = only(w);
        w.happens(w.amara, core::Acknowledged{maya}, "maya");
        after(w, one, not_sent());
        w.advance(5min);
        CHECK(due(w).empty());
    }
    CHECK(w.counts().alerts_waiting == 0);
}

TEST_CASE("a prompt in doubt is sent again") {
    World w;
    w.prompt(w.amara);
    const AlertOnItsWay first = only(w);
    SECTION("no answer came") {
        const AlertOutcome outcome = after(w, first, written());
        CHECK_FALSE(outcome.done);
        REQUIRE(outcome.again_at);
        CHECK(*outcome.again_at > w.clock.at);
        CHECK(*outcome.again_at <= w.from_now(10s));
        CHECK(due(w).empty());
        w.clock.at = *outcome.again_at;
    }
    SECTION("their server failed") {
        CHECK_FALSE(after(w, first, answered(500, "")).done);
        w.advance(10s);
    }
    SECTION("we died with it") {
        w.advance(59s);
        CHECK(due(w).empty());
        w.advance(1s);
    }
    const AlertOnItsWay second = only(w);
    CHECK(second.alert.id == first.alert.id);
    CHECK(second.alert.tries == 2);
    CHECK(after(w, second, accepted("wamid.P")).done);
    w.advance(5min);
    CHECK(due(w).empty());
}

TEST_CASE("after six tries a prompt's message is given up") {
    World w;
    w.prompt(w.amara);
    int tries = 0;
    for (AlertOutcome outcome; !outcome.done && tries < 20; ++tries) {
        outcome = after(w, only(w), not_sent());
        CHECK(outcome.problem == "cannot connect");
        w.clock.at = outcome.again_at.value_or(w.clock.at);
    }
    CHECK(tries == 6);
    CHECK(w.counts().alerts_waiting == 0);
    CHECK(w.of(w.amara).prompt->open);
}

TEST_CASE("a refusal that will not change is not tried again") {
    World w;
    w.prompt(w.amara);
    const AlertOutcome outcome = after(w, only(w), refused(131026));
    CHECK(outcome.done);
    CHECK_FALSE(outcome.problem.empty());
}

TEST_CASE("a rep without a phone keeps the prompt on the console alone") {
    World w;
    const core::ContactId ines = w.add("Ines Moreau", "+919876500002", ravi);
    w.prompt(ines);
    CHECK(w.counts().alerts_waiting == 1);
    CHECK(due(w).empty());
    CHECK(w.counts().alerts_waiting == 0);
    CHECK(w.of(ines).prompt->open);
}

TEST_CASE("a notice carries its own sentence and no words of theirs") {
    World w;
    maya_writes(w);
    w.sent(w.amara);
    w.delivered({text_from("919876500001", "STOP", "wamid.S", w.clock.at)});
    const AlertOnItsWay one = only(w);
    CHECK_FALSE(one.alert.prompt);
    CHECK(one.outbound->text.find("asked to stop") != std::string::npos);
    CHECK(one.outbound->text.find('"') == std::string::npos);
}

}  // namespace warmcall::tests
