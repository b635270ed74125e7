// What is left of somebody who was erased: by every store's answers, in every table, and in every
// byte of SQLite's files.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "store/cluster.hpp"
#include "store/conformance.hpp"
#include "store/erasure.hpp"
#include "store/folder.hpp"
#include "store/people.hpp"
#include "store/postgres/postgres_store.hpp"
#include "store/shell.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "support/catch.hpp"
#include "support/crypto.hpp"

using namespace warmcall;
using namespace warmcall::people;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using conformance::stores;

namespace {

// Whatever would betray her, as it stands in what she left.
const std::vector<std::string> canaries{"Zerlina",
                                        "zerlina",
                                        "Quastenflosser",
                                        "QUASTENFLOSSER",
                                        "61491570156",
                                        "4915112345678",
                                        "AU.WARM0000000000000007",
                                        "wamid.ZERLINA/1",
                                        "violet oven",
                                        "ask sister Wilhelmine",
                                        "She is in hospital"};

std::string wamid_of(std::string_view digits) {
    return "wamid." + base64("\x1d\x0b" + std::string{digits} + "\x15\x02\x00\x11\x18\x12");
}

NewContact zerlina() {
    NewContact n = amara();
    n.contact.name = "Zerlina Quastenflosser";
    n.contact.addresses.push_back({core::AddressKind::whatsapp_user, "AU.WARM0000000000000007"});
    n.contact.topic = "the violet oven";
    n.contact.preferences.if_lost = "ask sister Wilhelmine";
    n.contact.consent->text = "I, Zerlina, agree.";
    n.contact.windows = {{{"wa"}, after(24h)}};
    n.contact.suppressions = {
        {core::SuppressionScope::address, phone("+61491570156"), {}, "Zerlina's bounced", t0}};
    return n;
}

// Everything a person can leave in every table, and a second record that was merged into the first.
core::ContactId who_leaves_everything(Store& store) {
    const core::ContactId id = with_message(store, zerlina());
    claim(store, store.contact(id)->messages.at(0).id, token(5));
    change(store, id,
           [](Case& c) {
               c.messages.at(0).facts.provider_id = "wamid.ZERLINA/1";
               c.messages.at(0).facts.accepted = after(1s);
               c.messages.at(0).state = core::MessageState::settled;
               c.outreach->phase = core::CallDue{};
               c.outreach->promise = {after(48h), "the violet oven again"};
               c.prompt = silent();
               c.prompt->reason = "No reply from Zerlina.";
               c.prompt->words = "She is in hospital";
               core::Message more = wellbeing(2);
               more.kind = core::MessageKind::conversation;
               more.text = "Dear Zerlina, get well!";
               c.messages.push_back(more);
           },
           {core::Noted{"replied", "She is in hospital"},
            core::KeepWords{t0, {"wa"}, core::ReplyKind::text, "She is in hospital, Zerlina says"},
            core::TellRep{{"ravi"}, core::TellRep::What::prompt, {}},
            core::TellRep{{"ravi"}, core::TellRep::What::notice, "Zerlina asked to stop."}});
    NewContact twin = plain("Zerlina Q.", "+4915112345678");
    twin.contact.consent = core::Consent{"by phone", t0, "Zerlina said yes"};
    const core::ContactId gone = with_prompt(store, twin);
    change(store, gone,
           [](Case& c) {
               c.outreach->phase = core::Closed{core::CloseReason::said_no, t0};
               c.prompt->open = false;
           },
           {core::Noted{"talked", "Zerlina would rather not"}});
    store.transact([&](Unit& u) {
        u.merge_contacts(gone, id, after(1min));
        const std::string wamid = wamid_of("61491570156");
        const std::vector<RawDelivery> raw{
            {{"wa"}, t0, R"({"from":"61491570156","name":"Zerlina"})"},
            {{"sms"}, t0, "From=%2B4915112345678&Body=Zerlina"},
            {{"wa"}, t0, R"({"id":"wamid.ZERLINA\/1","text":"Zerlina"})"},
            {{"wa"}, t0, R"({"user_id":"AU.WARM0000000000000007","text":"Zerlina"})"},
            {{"wa"}, t0, R"({"id":")" + wamid + R"(","text":"Zerlina"})"},
            {{"wa"}, t0, R"({"from":"61491570157","name":"Ben"})"}};
        const auto kept = u.keep(raw);
        u.quarantine(kept.at(1), "last read: 'Zerlina'", t0);
        const std::vector<ParkedReceipt> parked{{{"wa"}, "wamid.ZERLINA/1", {.delivered = t0}, t0},
                                                {{"wa"}, wamid, {.delivered = t0}, t0},
                                                {{"wa"}, "wamid.BEN", {.delivered = t0}, t0}};
        u.park(parked);
        u.keep_answer("hers", {"hash", 201, R"({"id":1,"name":"Zerlina Quastenflosser"})"}, t0);
        u.keep_answer("bens", {"hash", 201, R"({"id":2,"name":"Ben"})"}, t0);
    });
    return id;
}

void end_outreach(Store& store, core::ContactId id) {
    change(store, id, [](Case& c) {
        c.outreach->phase = core::Closed{core::CloseReason::opted_out, after(2min)};
        c.outreach->promise.reset();
        c.prompt->open = false;
    });
}

Erased erase(Store& store, core::ContactId id) {
    Erased erased;
    store.transact([&](Unit& u) { erased = u.erase(id, {}, "operator", after(3min)); });
    return erased;
}

#define EVERY_STORE                                                                   \
    const auto& kind = stores().at(GENERATE(range(std::size_t{0}, stores().size()))); \
    INFO("store: " << kind.name);                                                     \
    const auto bed = kind.make();                                                     \
    Store* store = &bed->store()

bool knows(Store& store, const core::Address& address) {
    bool known = false;
    store.transact([&](Unit& u) { known = u.erased({&address, 1}).front(); });
    return known;
}

std::string bytes_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<std::string> found_in(const std::string& bytes) {
    std::vector<std::string> found;
    for (const std::string& canary : canaries) {
        if (bytes.find(canary) != std::string::npos)
            found.push_back(canary);
    }
    return found;
}

// Of a database that is in use.
std::vector<std::string> found_in_files(const std::string& path) {
    std::vector<std::string> found;
    for (const char* file : {"", "-wal", "-shm"})
        std::ranges::move(found_in(bytes_of(path + file)), std::back_inserter(found));
    return found;
}

}  // namespace

TEST_CASE("who is erased has no name, no number and no words any more, and what happened stays") {
    EVERY_STORE;
    const core::ContactId ben = add(*store, plain("Ben", "+61491570157"));
    const core::ContactId id = who_leaves_everything(*store);
    end_outreach(*store, id);
    const auto lines_before = store->timeline(id, 0, 100);
    const StoreCounts before = store->counts();
    const Erased erased = erase(*store, id);
    CHECK(erased.contact == id);
    CHECK(erased.records == 2);
    CHECK(erased.messages == 2);
    CHECK(erased.replies == 1);
    CHECK(erased.deliveries == 5);
    CHECK(erased.addresses.size() == 5);

    const Case left = *store->contact(id);
    CHECK(left.contact.name.empty());
    CHECK(left.contact.addresses.empty());
    CHECK(left.contact.topic.empty());
    CHECK(left.contact.preferences == core::Preferences{});
    CHECK(left.contact.windows.empty());
    CHECK(left.contact.owner == core::RepId{"ravi"});
    REQUIRE(left.contact.consent);
    CHECK(left.contact.consent->source == "signup form");
    CHECK(left.contact.consent->at == t0);
    CHECK(left.contact.consent->text.empty());
    REQUIRE(left.contact.suppressions.size() == 1);
    CHECK(left.contact.suppressions[0].scope == core::SuppressionScope::all);
    CHECK(left.contact.suppressions[0].reason == store::erased_reason);

    const auto lines = store->timeline(id, 0, 100);
    REQUIRE(lines.size() == lines_before.size() + 1);
    CHECK(lines[0].what == "erased");
    CHECK(lines[0].actor == "operator");
    for (std::size_t i = 0; i < lines_before.size(); ++i) {
        CHECK(lines[i + 1].what == lines_before[i].what);
        CHECK(lines[i + 1].at == lines_before[i].at);
        CHECK(lines[i + 1].text.empty());
    }
    for (const core::Message& m : store->messages(id, 10)) {
        CHECK(m.to.value.empty());
        CHECK(m.text.empty());
        CHECK(m.facts.provider_id.empty());
        CHECK(m.state != core::MessageState::queued);
    }
    for (const ConversationRow& row : store->conversation(id, 10))
        CHECK(row.text.empty());
    CHECK(store->contact_by(phone("+61491570156")) == std::nullopt);
    for (const char* search : {"", "zerlina", "Quasten", "61491570156", "4915"})
        for (const Case& c : store->contacts({.search = search}))
            CHECK(c.contact.id == ben);
    CHECK(store->contacts({.rep = core::RepId{"ravi"}}).size() == 1);
    const StoreCounts counts = store->counts();
    CHECK(counts.contacts == 1);
    CHECK(counts.parked == 1);
    CHECK(counts.quarantined == 1);
    CHECK(counts.alerts_waiting == 0);
    CHECK(counts.messages_by_state.at("cancelled") == 1);
    CHECK(before.messages_by_state.at("settled") == counts.messages_by_state.at("settled"));
    store->transact([](Unit& u) {
        CHECK(u.kept_answer("hers")->body.empty());
        CHECK(u.kept_answer("hers")->status == 201);
        CHECK_FALSE(u.kept_answer("bens")->body.empty());
    });
    CHECK_NOTHROW(store->clean_up());
    CHECK(erase(*store, id).records == 0);  // again: there is nothing left to do
    CHECK(store->counts().contacts == 1);
}

TEST_CASE("who was erased and is added again with any of their addresses is not written to") {
    EVERY_STORE;
    const core::ContactId id = who_leaves_everything(*store);
    end_outreach(*store, id);
    CHECK_FALSE(knows(*store, phone("+61491570156")));
    erase(*store, id);
    for (const core::Address& address :
         {phone("+61491570156"), whatsapp("61491570156"), phone("+4915112345678"),
          phone("+610491570156"), whatsapp("4915112345678"),
          core::Address{core::AddressKind::whatsapp_user, "AU.WARM0000000000000007"}})
        CHECK(knows(*store, address));
    CHECK_FALSE(knows(*store, phone("+61491570157")));

    const core::ContactId again = add(*store, plain("Anna", "+4915112345678"));
    const auto suppressed = store->contact(again)->contact.suppressions;
    REQUIRE(suppressed.size() == 1);
    CHECK(suppressed[0].scope == core::SuppressionScope::all);
    CHECK(suppressed[0].reason == store::erased_reason);
    // By an alias, among others who are added with it, and learned later.
    NewContact alias = plain("Bea", "+61491570199");
    alias.aliases = {phone("+610491570156")};
    const std::vector<NewContact> list{plain("Ben", "+61491570157"), alias};
    store->transact([&](Unit& u) {
        const auto added = u.add_contacts(list, t0);
        CHECK(load(u, added[0].id).contact.suppressions.empty());
        CHECK(load(u, added[1].id).contact.suppressions.size() == 1);
    });
    const core::ContactId ben = *store->contact_by(phone("+61491570157"));
    CHECK(change(*store, ben, [](Case& c) {
              c.contact.addresses.push_back(whatsapp("61491570156"));
          }).contact.suppressions.size() == 1);
    const core::ContactId cleo = add(*store, plain("Cleo", "+61491570111"));
    store->transact([&](Unit& u) {
        const core::Address learned = phone("+61491570156");
        u.add_addresses(cleo, {&learned, 1}, t0);
    });
    CHECK(store->contact(cleo)->contact.suppressions.size() == 1);
}

TEST_CASE("a text that is on its way while its contact is erased is settled without a trace") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store, zerlina());
    const core::MessageId message = store->contact(id)->messages.at(0).id;
    claim(*store, message, token(5));
    change(*store, id,
           [](Case& c) { c.outreach->phase = core::Closed{core::CloseReason::opted_out, t0}; });
    erase(*store, id);
    store->transact([&](Unit& u) {
        CHECK(u.claim_of(message)->token == token(5));
        CHECK(u.claim_of(message)->text.empty());
        const Wanted wanted{id, message};
        const Case before = *u.load({&wanted, 1}).front();
        Case settled = before;
        settled.messages.at(0).state = core::MessageState::settled;
        settled.messages.at(0).facts.accepted = after(4min);
        settled.messages.at(0).facts.provider_id = wamid_of("61491570156");
        save(u, before, settled);
    });
    const core::Message m = store->messages(id, 1).at(0);
    CHECK(m.state == core::MessageState::settled);
    CHECK(m.facts.accepted == after(4min));
    CHECK(m.facts.provider_id.empty());
    store->transact([](Unit& u) {
        const Token t = token(5);
        CHECK(u.messages_by({&t, 1}).at(0));  // so that receipts find it, and nobody is asked
        const core::ChannelId channels[] = {{"wa"}};
        const auto written = u.written_to(channels, t0 - 1h, 10);
        REQUIRE(written.size() == 1);  // still somebody of the day
        CHECK(written[0].to.value.find("6149") == std::string::npos);
    });
}

TEST_CASE("a live outreach keeps its contact from being erased") {
    EVERY_STORE;
    const core::ContactId id = with_prompt(*store, zerlina());
    CHECK_THROWS_AS(erase(*store, id), std::logic_error);
    CHECK(store->contact(id)->contact.name == "Zerlina Quastenflosser");
    CHECK_FALSE(knows(*store, phone("+61491570156")));
}

TEST_CASE("what a stranger sent is emptied, and they are nobody's contact") {
    EVERY_STORE;
    store->transact([](Unit& u) {
        const std::vector<RawDelivery> raw{{{"wa"}, t0, R"({"from":"61491570156"})"},
                                           {{"wa"}, t0, R"({"from":"61491570157"})"}};
        u.keep(raw);
        const std::vector<core::Address> known_as{phone("+61491570156")};
        const Erased erased = u.erase({}, known_as, "operator", t0);
        CHECK_FALSE(erased.contact);
        CHECK(erased.deliveries == 1);
    });
    CHECK_FALSE(knows(*store, phone("+61491570156")));
}

TEST_CASE("a number that is somebody else's by now does not betray who had it before") {
    EVERY_STORE;
    const core::ContactId id = with_message(*store, plain("Zerlina", "+4915112345678"));
    change(*store, id,
           [](Case& c) { c.outreach->phase = core::Closed{core::CloseReason::opted_out, t0}; });
    add(*store, plain("Ben", "+61491570156"));  // the text went to this number once
    store->transact([&](Unit& u) {
        const RawDelivery bens{{"wa"}, t0, R"({"from":"61491570156"})"};
        u.keep({&bens, 1});
        CHECK(u.erase(id, {}, "operator", t0).deliveries == 0);
    });
}

TEST_CASE("numbers and ids betray a person however they are written, and nobody else") {
    store::Traces traces;
    traces.add(phone("+61491570156"));
    traces.add_id("wamid.a/b+c=");
    for (const std::string& text :
         {std::string{"61491570156"}, std::string{"%2B61491570156&x"}, wamid_of("61491570156"),
          wamid_of("x61491570156"), wamid_of("xy61491570156"), std::string{R"("wamid.a\/b+c=")"},
          std::string{"wamid.a%2Fb%2Bc%3D"}, std::string{"wamid.a%2fb%2bc%3d"}}) {
        INFO(text);
        CHECK(traces.in(text));
    }
    for (const std::string& text : {std::string{"61491570157"}, wamid_of("61491570157"),
                                    std::string{"wamid.a/b"}, std::string{}}) {
        INFO(text);
        CHECK_FALSE(traces.in(text));
    }
    CHECK(store::erased_hash("k", phone("+61491570156")) ==
          store::erased_hash("k", whatsapp("61491570156")));
    CHECK(store::erased_hash("k", phone("+61491570156")) !=
          store::erased_hash("l", phone("+61491570156")));
}

// ---------------------------------------------------------------- SQLite's files

TEST_CASE(
    "no byte of who was erased is left in SQLite's files, after thousands of others came and "
    "changed") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    const auto store = open_sqlite(path);
    std::mt19937 random{20261124};
    std::vector<core::ContactId> others, sisters;  // of hers, to be erased with her
    const auto more_people = [&](std::size_t n) {
        std::vector<NewContact> list;
        for (std::size_t i = 0; i < n; ++i)
            list.push_back(plain("Person " + std::to_string(random()),
                                 "+49" + std::to_string(1'000'000'000 + others.size() + i)));
        store->transact([&](Unit& u) {
            for (const Added& added : u.add_contacts(list, t0)) {
                others.push_back(added.id);
                if (others.size() % 3 == 0)
                    sisters.push_back(added.id);
            }
        });
    };
    // Rows that grow, so that pages are split and cells move, hers among them.
    const auto unrest = [&](std::size_t n) {
        store->transact([&](Unit& u) {
            for (std::size_t i = 0; i < n; ++i) {
                const Case before = load(u, others[random() % others.size()]);
                Case next = before;
                next.contact.topic = std::string(random() % 400, 'x');
                const bool sister = std::ranges::binary_search(sisters, before.contact.id);
                next.contact.name = (sister ? "Zerlina " : "Renamed ") + std::to_string(random());
                // Right beside hers in the tree of addresses.
                next.contact.addresses.push_back(whatsapp(
                    (random() % 2 == 0 ? "6149156" : "6149158") + std::to_string(random())));
                save(u, before, next, {core::Noted{"edited", std::string(random() % 100, 'y')}});
            }
        });
        store->pause();
    };
    more_people(1500);
    unrest(3000);
    const core::ContactId id = who_leaves_everything(*store);
    for (int i = 0; i < 5; ++i) {
        more_people(300);
        unrest(2000);
        change(*store, id, [&](Case& c) {
            c.contact.topic = "the violet oven " + std::string(random() % 900, 'z');
        });
    }
    end_outreach(*store, id);
    CHECK(found_in_files(path).size() >= canaries.size());  // the search itself works
    erase(*store, id);
    for (const core::ContactId sister : sisters)
        erase(*store, sister);
    std::erase_if(others,
                  [&](core::ContactId one) { return std::ranges::binary_search(sisters, one); });
    sisters.clear();
    CHECK(store->clean_up().empty());
    CHECK(found_in_files(path) == std::vector<std::string>{});
    CHECK(std::filesystem::file_size(path + "-wal") == 0);
    unrest(600);  // nothing that was in memory comes back
    CHECK(found_in_files(path) == std::vector<std::string>{});
    store->idle();
    CHECK(found_in_files(path) == std::vector<std::string>{});
    CHECK(Shell{path}.text("PRAGMA integrity_check") == "ok");
    // Nor can the search's index be put together to who she was.
    Shell shell{path};
    shell.run(
        "CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'contact_search', 'instance')");
    CHECK(shell.number("SELECT count(*) FROM words WHERE doc = " + std::to_string(id.value)) == 0);
    CHECK(shell.number("SELECT count(*) > 0 FROM words WHERE doc = " +
                       std::to_string(others.front().value)) == 1);
}

TEST_CASE(
    "while somebody reads the last copies stay in the WAL, and go as soon as they have ended") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    const auto store = open_sqlite(path);
    const core::ContactId id = who_leaves_everything(*store);
    end_outreach(*store, id);
    Shell reader{path};
    reader.run("BEGIN; SELECT count(*) FROM contact;");
    CHECK(reader.number("SELECT count(*) FROM contact") == 2);
    erase(*store, id);
    CHECK_THAT(store->clean_up(), Contains("Somebody is reading"));
    reader.run("COMMIT");
    store->pause();
    CHECK(found_in_files(path) == std::vector<std::string>{});
}

TEST_CASE("what only grows may lose its words, and nothing else") {
    const Folder folder;
    const std::string path = folder.file("warmcall.db");
    who_leaves_everything(*open_sqlite(path));
    Shell shell{path};
    for (const char* refused :
         {"UPDATE event_log SET text = 'x'", "UPDATE event_log SET text = '', what = 'x'",
          "UPDATE event_log SET text = '', at = at + 1",
          "UPDATE event_log SET text = '', actor = 'x'",
          "UPDATE event_log SET text = '', contact_id = 2",
          "UPDATE event_log SET text = '', prior = 99",
          "UPDATE event_log SET text = '', outreach_id = 99", "DELETE FROM event_log"})
        CHECK_THAT(shell.refusal(refused), Contains("event_log only grows"));
    for (const char* refused :
         {"UPDATE consent SET text = 'x'", "UPDATE consent SET text = '', given = 1 - given",
          "UPDATE consent SET text = '', source = 'x'", "UPDATE consent SET text = '', at = at + 1",
          "UPDATE consent SET text = '', covers = 'sms'",
          "UPDATE consent SET text = '', contact_id = 3 - contact_id", "DELETE FROM consent"})
        CHECK_THAT(shell.refusal(refused), Contains("consent only grows"));
    CHECK(shell.refusal("UPDATE event_log SET text = ''").empty());
    CHECK(shell.refusal("UPDATE consent SET text = ''").empty());
}

// ---------------------------------------------------------------- PostgreSQL's tables

TEST_CASE("no row of PostgreSQL's tables names who was erased, and what only grows still does") {
    const std::string name = "erased";
    auto store = open_postgres(Cluster::shared().create(name), {.lease_time = LeaseTime::given});
    const auto ask = [&](const std::string& sql) { return Cluster::shared().ask(name, sql); };
    const core::ContactId id = who_leaves_everything(*store);
    store->transact([&](Unit& u) {
        const std::string key = "people wa";
        (void)u.shared()->lock({&key, 1}, t0);
        u.shared()->add_person("wa", whatsapp("61491570156"), t0);
        core::Message m = wellbeing();
        m.contact = id;
        u.shared()->pace(m, after(1h));
    });
    end_outreach(*store, id);
    const auto hits = [&] {
        std::string found;
        for (const std::string& canary : canaries) {
            std::string pattern = canary;
            if (ask("SELECT count(*) FROM (SELECT query_to_xml('SELECT * FROM ' || quote_ident(tablename),"
                    " true, false, '')::text AS x FROM pg_tables WHERE schemaname = 'public') t WHERE"
                    " position('" +
                    pattern + "' IN x) > 0") != "0")
                found += canary + " ";
        }
        return found;
    };
    const auto raw_hits = [&] {
        return ask("SELECT count(*) FROM delivery WHERE position('Zerlina'::bytea IN body) > 0");
    };
    CHECK_THAT(hits(), Contains("Zerlina"));
    CHECK(raw_hits() == "5");
    erase(*store, id);
    CHECK(hits().empty());
    CHECK(raw_hits() == "0");
    CHECK(ask("SELECT count(*) FROM person_of_day") == "1");
    CHECK_THAT(store->clean_up(), Contains("until they are recycled") && !Contains("by this role"));
    store.reset();  // waits for the VACUUM
    CHECK(ask("SELECT count(*) FROM pg_stat_user_tables WHERE last_vacuum IS NOT NULL"
              " AND relname IN ('reply', 'delivery', 'address')") == "3");
    for (const char* refused :
         {"UPDATE event_log SET text = 'x'", "UPDATE event_log SET text = '', what = 'x'",
          "DELETE FROM event_log"})
        CHECK_THAT(ask(refused), Contains("event_log only grows"));
    for (const char* refused :
         {"UPDATE consent SET text = 'x'", "UPDATE consent SET text = '', source = 'x'",
          "DELETE FROM consent"})
        CHECK_THAT(ask(refused), Contains("consent only grows"));
}
