// One line, written in several ways: WhatsApp knows it without the 9 of Brazil's mobiles and with
// the 1 that Mexico has done away with, a phone is dialled as the country writes it today.

#include <algorithm>

#include "core/phone.hpp"
#include "support/catch.hpp"
#include "world.hpp"

namespace warmcall::tests {

namespace {

core::Address phone(std::string_view e164) {
    return {core::AddressKind::phone, std::string{e164}};
}
core::Address whatsapp(std::string_view digits) {
    return {core::AddressKind::whatsapp, std::string{digits}};
}

// As the form for new contacts makes them: with the aliases of the number.
core::ContactId add(World& w, std::string name, const std::string& number) {
    const core::ContactId like = w.add(name + " before", "+4930123125");
    NewContact made{.contact = w.of(like).contact};
    made.contact.name = std::move(name);
    made.contact.addresses = {phone(number)};
    const auto read = core::read_phone(number, "");
    REQUIRE(read);
    for (const std::string& alias : read->aliases) {
        made.aliases.push_back(phone(alias));
    }
    core::ContactId id;
    w.store->transact([&](Unit& unit) {
        unit.merge_contacts(like, w.amara, w.clock.at);
        id = unit.add_contacts({&made, 1}, w.clock.at).front().id;
    });
    return id;
}

std::string changed(std::string_view from, std::string_view to, World& w) {
    return text_from(
        from, "", "wamid.C", w.clock.at,
        {{"type", "system"},
         {"system", {{"type", "user_changed_number"}, {"wa_id", to}, {"body", "changed"}}}});
}

// What a phone would dial, and an SMS go to: the first number.
std::string dialled(World& w, core::ContactId id) {
    const auto all = w.of(id).contact.addresses;
    const auto first = std::ranges::find(all, core::AddressKind::phone, &core::Address::kind);
    return first == all.end() ? "" : first->value;
}

std::ptrdiff_t told_of_a_new_number(World& w) {
    std::ptrdiff_t n = 0;
    w.store->transact([&](Unit& unit) {
        n = std::ranges::count_if(
            unit.claim_alerts(w.clock.at, 1min, w.tokens(10)),
            [](const Alert& alert) { return alert.text.ends_with("has a new number."); });
    });
    return n;
}

struct Move {
    std::string where;
    std::string old_number, old_id;
    std::string new_number, new_id;
    std::string stranger_id;  // of another line
};

}  // namespace

TEST_CASE(
    "who changed the number is written to at the new one as it is dialled, and the rep hears of it "
    "once") {
    const std::vector<Move> moves{
        {"Brazil", "+5531988887777", "553188887777", "+5531977776666", "553177776666", {}},
        {"Mexico", "+525512345678", "5215512345678", "+525587654321", "5215587654321", {}},
        {"Australia", "+61491570156", "61491570156", "+61491570157", "61491570157", {}},
    };
    for (const Move& move : moves) {
        for (const bool known_there : {false, true}) {  // has WhatsApp told its id for the old one?
            INFO(move.where << (known_there ? ", and its id" : ""));
            World w;
            const core::ContactId ana = add(w, "Ana Souza", move.old_number);
            w.queue_text(ana);
            if (known_there) {
                w.happens(ana, core::AddressLearned{.now = whatsapp(move.old_id)});
            }
            w.delivered({changed(move.old_id, move.new_id, w)});
            CHECK(dialled(w, ana) == move.new_number);
            CHECK(w.text(ana).to == phone(move.new_number));
            for (const core::Address& theirs :
                 {phone(move.new_number), phone("+" + move.new_id), whatsapp(move.new_id)}) {
                CHECK(w.store->contact_by(theirs) == ana);
            }
            for (const core::Address& gone :
                 {phone(move.old_number), phone("+" + move.old_id), whatsapp(move.old_id)}) {
                CHECK_FALSE(w.store->contact_by(gone));  // perhaps somebody else's soon
            }
            CHECK(told_of_a_new_number(w) == 1);
            w.delivered({text_from(move.new_id, "New phone!", "wamid.D", w.clock.at)});
            CHECK(w.phase(ana) == "call_due");
        }
    }
}

TEST_CASE("who changes the number twice is left with the last") {
    World w;
    const core::ContactId ana = add(w, "Ana Souza", "+5531988887777");
    w.delivered({changed("553188887777", "553177776666", w)});
    json second = json::parse(changed("553177776666", "553166665555", w));
    second["entry"][0]["changes"][0]["value"]["messages"][0]["id"] = "wamid.C2";
    w.delivered({second.dump()});
    CHECK(dialled(w, ana) == "+5531966665555");
    CHECK_FALSE(w.store->contact_by(phone("+5531977776666")));
    CHECK_FALSE(w.store->contact_by(phone("+553177776666")));
}

TEST_CASE(
    "when the new number is another contact's, nothing of the old one is lost or shown twice") {
    World w;
    const core::ContactId ana = add(w, "Ana Souza", "+5531988887777");
    const core::ContactId other = add(w, "Rui Prado", "+5531977776666");
    w.delivered({changed("553188887777", "553177776666", w)});
    CHECK(w.store->contact_by(phone("+5531977776666")) == other);
    CHECK(w.store->contact_by(phone("+553188887777")) == ana);
    CHECK(std::ranges::count(w.of(ana).contact.addresses, core::AddressKind::phone,
                             &core::Address::kind) == 1);
}

TEST_CASE("a number shared as WhatsApp writes it is kept as it is dialled") {
    World w;
    const core::ContactId ana = w.add("Ana Souza", "+4930123125");
    const core::Address user{core::AddressKind::whatsapp_user, "BR.WARM0000000000000001"};
    w.happens(ana, core::AddressLearned{
                       .known = phone("+4930123125"),
                       .now = user,
                       .how = core::AddressLearned::How::replaced});  // only her user id is known
    json card = json::parse(text_from(
        "5531", "", "wamid.K", w.clock.at,
        {{"type", "contacts"},
         {"contacts",
          json::array({json{{"origin", "contact_request"},
                            {"name", {{"formatted_name", "Ana"}}},
                            {"phones", json::array({json{{"phone", "031 7777-6666"},
                                                         {"wa_id", "553177776666"}}})}}})}}));
    json& value = card["entry"][0]["changes"][0]["value"];
    value["messages"][0].erase("from");
    value["messages"][0]["from_user_id"] = user.value;
    value["contacts"] = json::array({json{{"profile", {{"name", "A"}}}, {"user_id", user.value}}});
    w.delivered({card.dump()});
    CHECK(dialled(w, ana) == "+5531977776666");
    CHECK(w.store->contact_by(phone("+553177776666")) == ana);
    CHECK(w.store->contact_by(user) == ana);
}

TEST_CASE("a rep in Mexico or Brazil is known by the number WhatsApp writes, too") {
    World w;
    core::Plan mexican = plan();
    mexican.reps.at(maya).phone = "+525512345678";
    mexican.reps.at(ravi).phone = "+5531988887777";
    w.applier = std::make_unique<Applier>(*w.store, mexican, w.clock);
    w.delivered({text_from("5215512345678", "1", "wamid.R", w.clock.at)});
    w.delivered({text_from("553188887777", "1", "wamid.S", w.clock.at)});
    CHECK(w.ignored("reply of a stranger") == 0);
    for (const core::RepId& rep : {maya, ravi}) {
        CHECK(w.applier->rep_states().at(rep).windows.contains(channel));
    }
}

}  // namespace warmcall::tests
