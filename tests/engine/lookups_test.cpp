// A provider with a list of what it sent: what it says of a send nobody knows the end of, and what
// people wrote while nobody could hear them.

#include "engine/lookups.hpp"

#include <boost/asio/detached.hpp>

#include "engine/door.hpp"
#include "engine/recovery.hpp"
#include "running.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

using How = core::SendSettled::How;

// The list is written in the answer's body: "id text" lines; "same" is our own text.
HttpRequest ask_for_list(const Account& account, const UnknownSend&, std::string_view page) {
    return {.url = account.base_url + "/list?page=" + std::string{page}};
}

Result<Page<Sighting>> read_list(const Account&, const UnknownSend& send,
                                 const HttpResponse& response) {
    if (response.status != 200) {
        return Error{Errc::unavailable, "the list is not there"};
    }
    Page<Sighting> page;
    std::string_view rest = response.body;
    while (!rest.empty()) {
        const std::string_view row = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), row.size() + 1));
        if (row.starts_with("next ")) {
            page.next = row.substr(5);
            continue;
        }
        Sighting& seen = page.found.emplace_back();
        seen.provider_id = row.substr(0, row.find(' '));
        seen.created = send.from;
        seen.facts.accepted = send.from;
        seen.same_text = row.ends_with(" same");
    }
    return page;
}

HttpRequest ask_for_missed(const Account& account, core::Timestamp, std::string_view) {
    return {.url = account.base_url + "/inbound"};
}

Result<Page<Inbound>> read_missed(const Account&, core::Timestamp, const HttpResponse& response) {
    Page<Inbound> page;  // newest first
    for (const char* words : {"and a second one", "fine, thanks"}) {
        Inbound& one = page.found.emplace_back();
        one.key = std::string(8, '\0') + words;
        one.at = core::from_unix_ms(std::stoll(response.body));
        one.who = {{core::AddressKind::phone, std::string{amara_number}}};
        one.what = InReply{.words = words};
    }
    return page;
}

Line listing_line(const Provider& provider) {
    Line one = line();
    one.provider = &provider;
    return one;
}

Provider with_lists() {
    Provider p = *line().provider;
    p.build_lookup = ask_for_list;
    p.read_lookup = read_list;
    p.build_missed = ask_for_missed;
    p.read_missed = read_missed;
    return p;
}

// A text of Amara's that was written and never answered, and a provider with a list.
struct Scene {
    World w;
    Wire wire;
    Provider provider = with_lists();
    asio::io_context context;
    core::MessageId message;
    std::unique_ptr<Door> door;
    std::unique_ptr<Lookups> lookups;

    Scene() {
        const Claimed claimed = w.claimed(w.amara);
        message = claimed.message.id;
        w.settle(claimed, written());
        door = std::make_unique<Door>(context, *w.applier, *w.store);
        lookups = std::make_unique<Lookups>(context, *door, *w.applier, wire,
                                            std::vector{listing_line(provider)}, w.clock);
    }
    void lists(std::vector<std::string> pages) {
        wire.script.clear();
        for (std::string& page : pages) {
            wire.script.push_back({.exchange = answered(200, std::move(page))});
        }
    }
    void look() { finish(context, lookups->settle(listing_line(provider))); }
    std::size_t asked() const { return wire.bodies.size(); }
    core::MessageState state() { return w.text(w.amara).state; }
};

}  // namespace

TEST_CASE("what a list says: one text like ours went out, none never arrived, else nobody knows") {
    const Sighting ours{.provider_id = "SM1", .same_text = true};
    const Sighting other{.provider_id = "SM2"};
    CHECK(looked_up({}) == LookedUp::absent);
    CHECK(looked_up(std::vector{ours}) == LookedUp::went_out);
    CHECK(looked_up(std::vector{other, ours}) == LookedUp::went_out);
    CHECK(looked_up(std::vector{ours, ours}) == LookedUp::cannot_tell);
    CHECK(looked_up(std::vector{other}) == LookedUp::cannot_tell);
}

TEST_CASE("a send nobody knows the end of is found in the provider's list and settled") {
    Scene s;
    s.lists({"SM9 same"});
    s.look();
    CHECK(s.asked() == 0);  // the list may run behind: not in the first ten minutes
    s.w.advance(11min);
    s.look();
    CHECK(s.asked() == 1);
    CHECK(s.state() == core::MessageState::settled);
    CHECK(s.w.text(s.w.amara).facts.provider_id == "SM9");
    s.look();
    CHECK(s.asked() == 1);
}

TEST_CASE("what is missing from the list twice, ten minutes apart, never arrived and goes again") {
    Scene s;
    s.lists({""});
    s.w.advance(11min);
    s.look();
    s.look();
    CHECK(s.asked() == 1);
    CHECK(s.state() == core::MessageState::unknown);
    s.w.advance(10min);
    s.look();
    CHECK(s.asked() == 2);
    CHECK(s.state() == core::MessageState::queued);
    CHECK(s.w.claim().size() == 1);
}

TEST_CASE("the list is searched where the present send stands, not where an earlier one stood") {
    Scene s;  // the first one is unknown
    const Unsettled first =
        s.w.applier->unsettled(s.w.main.account.id, s.w.clock.at - 24h, 9).at(0);
    s.w.applier->apply({Happened{
        first.contact,
        core::SendSettled{.message = first.message, .how = How::not_sent, .again_at = s.w.clock.at},
        "provider", first.send.message.token}});
    s.w.advance(5min);
    const std::vector<Claimed> again = s.w.claim();
    REQUIRE(again.size() == 1);
    s.w.settle(again.front(), written());
    REQUIRE(s.state() == core::MessageState::unknown);
    const Unsettled second =
        s.w.applier->unsettled(s.w.main.account.id, s.w.clock.at - 24h, 9).at(0);
    CHECK(second.send.from == s.w.clock.at);
    CHECK(second.send.until == s.w.from_now(2min));
    s.lists({""});
    s.w.advance(11min);
    s.look();
    CHECK(s.asked() == 0);  // not in the first ten minutes after it
}

TEST_CASE("what was seen of one send proves nothing about the next of the same message") {
    Absences absences;
    const core::Timestamp noon{std::chrono::hours{12}};
    const Token first = in_order_of_time({1}, noon), second = in_order_of_time({2}, noon + 1h);
    CHECK_FALSE(absences.absent(first, noon + 20min));
    CHECK_FALSE(absences.absent(second, noon + 80min));
    CHECK_FALSE(absences.may_look(second, noon + 1h, noon + 89min));
    CHECK(absences.absent(second, noon + 90min));
    absences.forget_before(noon + 30min);
    CHECK(absences.size() == 1);
}

TEST_CASE("a send told of twice does not end the one that began since") {
    Scene s;
    const Claimed first = [&] {
        World& w = s.w;
        const core::ContactId ben = w.add("Ben", "+919876500002");
        return w.claimed(ben);
    }();
    const Settled failed =
        settle(s.w.main, first.message, Exchange{}, s.w.clock.at, s.w.rng);  // never left
    const Happened told{first.contact, failed.event, "provider", first.token};
    s.w.applier->apply({told});
    s.w.advance(1h);
    const std::vector<Claimed> again = s.w.claim();
    REQUIRE(again.size() == 1);
    REQUIRE(again.front().message.id == first.message.id);
    s.w.applier->apply({told});
    CHECK(s.w.text(first.contact).state == core::MessageState::claimed);
    CHECK(s.w.applier->may_leave(again.front(), 1s));
}

TEST_CASE("texts that are left to the rep do not stand before others that can be looked up") {
    Scene s;
    std::vector<core::ContactId> later;
    for (std::size_t i = 0; i < Lookups::at_once; ++i) {
        later.push_back(
            s.w.add("Number " + std::to_string(i), "+9198765" + std::to_string(10'000 + i)));
    }
    for (const core::ContactId id : later) {
        s.w.settle(s.w.claimed(id), written());
    }
    s.w.advance(1min);
    const core::ContactId last = s.w.add("Zoe", "+919876600002");
    s.w.settle(s.w.claimed(last), written());
    s.lists({"SM2 other"});
    s.w.advance(15min);
    s.look();  // the first hundred
    s.lists({"SM9 same", "SM10 same"});
    s.look();
    CHECK(s.w.text(last).state == core::MessageState::settled);
}

TEST_CASE("a list with another text to the same person proves nothing: the rep decides") {
    Scene s;
    s.lists({"SM2 other"});
    s.w.advance(11min);
    s.look();
    s.w.advance(10min);
    s.look();
    CHECK(s.asked() == 1);
    CHECK(s.state() == core::MessageState::unknown);
}

TEST_CASE("our other messages in the list are not taken for the one that is looked for") {
    Scene s;
    const core::ContactId ben = s.w.add("Ben", "+919876500002");
    const std::string known = s.w.sent(ben);
    s.lists({known + " same"});
    s.w.advance(11min);
    s.look();
    s.w.advance(10min);
    s.look();
    CHECK(s.state() == core::MessageState::queued);
}

TEST_CASE("half a list proves nothing: every page is read, or it is asked again later") {
    Scene s;
    s.wire.script = {{.exchange = answered(200, "next 2")}, {.exchange = answered(503, "")}};
    s.w.advance(11min);
    s.look();
    s.w.advance(10min);
    s.look();
    CHECK(s.state() == core::MessageState::unknown);
    s.lists({"next 2", "SM9 same"});
    s.look();
    CHECK(s.state() == core::MessageState::settled);
}

TEST_CASE("what people wrote while we could not hear is fetched once, oldest first") {
    Scene s;
    const Line one = listing_line(s.provider);
    const auto fetch = [&] {
        std::size_t n = 0;
        const auto work = [](Lookups& lookups, const Line& l,
                             std::size_t& got) -> asio::awaitable<void> {
            got = co_await lookups.fetch_missed(l);
        };
        finish(s.context, work(*s.lookups, one, n));
        return n;
    };
    s.lists({std::to_string(core::unix_ms(s.w.clock.at))});
    CHECK(fetch() == 0);  // a new installation has missed nothing
    CHECK(s.asked() == 0);
    s.w.advance(1h);
    CHECK(fetch() == 2);
    const auto all = s.w.store->conversation(s.w.amara, 10);
    std::vector<std::string> words;
    for (const ConversationRow& row : all) {
        if (row.from_contact) {
            words.push_back(row.text);
        }
    }
    CHECK(words.size() == 2);
    CHECK(s.w.of(s.w.amara).prompt->words == "fine, thanks\nand a second one");
    s.w.applier->tidy(100);  // their keys have no time in them, and are known all the same
    CHECK(fetch() == 0);
}

TEST_CASE("after a backup was put back, what people wrote since is in before anything is sent") {
    Scene s;
    const Line one = listing_line(s.provider);
    SECTION("until when the channel was heard is in the backup") {
        s.w.store->transact([&](Unit& u) {
            u.set_setting("heard_until/main", std::to_string(core::unix_ms(s.w.clock.at)));
        });
    }
    SECTION("it is not") {}
    s.w.advance(5h);
    recover(*s.w.store, *s.w.applier, s.w.clock.at, [](const Recovered&) {});
    s.w.restart();
    s.door = std::make_unique<Door>(s.context, *s.w.applier, *s.w.store);
    s.lookups = std::make_unique<Lookups>(s.context, *s.door, *s.w.applier, s.wire,
                                          std::vector{listing_line(s.provider)}, s.w.clock);
    s.lists({std::to_string(core::unix_ms(s.w.clock.at - 1h))});
    bool sends = false;
    const auto send = [](Lookups& lookups, bool& begun) -> asio::awaitable<void> {
        co_await lookups.caught_up();
        begun = true;
    };
    asio::co_spawn(s.context, send(*s.lookups, sends), asio::detached);
    for (int look = 0; look < 3; ++look) {
        finish(s.context, s.door->on_writer([] {}));
    }
    CHECK_FALSE(sends);
    const auto fetch = [](Lookups& lookups, const Line& l) -> asio::awaitable<void> {
        co_await lookups.fetch_missed(l);
    };
    finish(s.context, fetch(*s.lookups, one));
    turn_until(s.context, [&] { return sends; });
    CHECK(s.w.of(s.w.amara).prompt->words == "fine, thanks\nand a second one");
}

}  // namespace warmcall::tests
