#pragma once
// Contacts and cases for the store's tests, and short ways to put them in and change them.

#include <string>
#include <vector>

#include "ports/store.hpp"

namespace warmcall::people {

using core::Case;
using core::Timestamp;

inline constexpr Timestamp t0 = core::from_unix_ms(1'790'000'000'000);

inline Timestamp after(std::chrono::milliseconds d) {
    return t0 + d;
}

inline core::Address phone(std::string number) {
    return {core::AddressKind::phone, std::move(number)};
}
inline core::Address whatsapp(std::string id) {
    return {core::AddressKind::whatsapp, std::move(id)};
}

// Everything a contact can have.
inline NewContact amara() {
    core::Contact c;
    c.name = "Amara Ökçü";
    c.addresses = {phone("+61491570156"), whatsapp("61491570156")};
    c.owner = {"ravi"};
    c.language = "en";
    c.zones = {"Australia/Sydney", "Australia/Brisbane"};
    c.zone_source = core::ZoneSource::number;
    c.region = "AU";
    c.preferences = {.from = core::DayTime{9 * 60},
                     .to = core::DayTime{17 * 60 + 30},
                     .reach = "WhatsApp first",
                     .if_lost = "ask sister Eva"};
    c.consent = core::Consent{"signup form", t0, "Yes, write to me."};
    c.topic = "the new oven";
    return {c, {phone("+610491570156")}};
}

// As little as a contact can have.
inline NewContact plain(std::string name, std::string number, std::string owner = "ravi") {
    core::Contact c;
    c.name = std::move(name);
    c.addresses = {phone(std::move(number))};
    c.owner = {std::move(owner)};
    c.language = "en";
    return {c, {}};
}

inline core::ContactId add(Store& store, const NewContact& n) {
    core::ContactId id;
    store.transact([&](Unit& u) { id = u.add_contacts({&n, 1}, t0).front().id; });
    return id;
}

inline Case load(Unit& u, core::ContactId id) {
    const Wanted wanted{id, std::nullopt};
    return *u.load({&wanted, 1}).front();
}

inline void save(Unit& u, const Case& before, const Case& now_is,
                 std::vector<core::Effect> effects = {}, Timestamp now = t0,
                 std::string_view actor = "warmcall") {
    const Change change{&before, &now_is, effects, actor};
    u.save({&change, 1}, now);
}

// Loads, lets `how` change it, saves.
template <class How>
Case change(Store& store, core::ContactId id, const How& how,
            std::vector<core::Effect> effects = {}, Timestamp now = t0) {
    store.transact([&](Unit& u) {
        const Case before = load(u, id);
        Case next = before;
        how(next);
        save(u, before, next, effects, now);
    });
    return *store.contact(id);
}

inline core::Outreach planned(Timestamp wake_at = t0) {
    core::Outreach o;
    o.cadence = "gentle";
    o.next = {core::ActionKind::send, {"ravi"}, wake_at};
    o.wake_at = wake_at;
    o.enrolled_at = t0;
    return o;
}

inline core::Message wellbeing(int step = 1) {
    core::Message m;
    m.step = step;
    m.channel = {"wa"};
    m.to = whatsapp("61491570156");
    m.template_name = "how_are_you";
    m.language = "en";
    m.not_before = t0;
    m.not_after = after(std::chrono::hours{20});
    m.facts.queued = t0;
    return m;
}

inline core::Prompt silent() {
    core::Prompt p;
    p.rep = {"ravi"};
    p.kind = core::PromptKind::silent;
    p.reason = "No reply from Amara. Call anyway.";
    p.raised_at = t0;
    p.due_at = t0;
    p.alert_at = t0;
    return p;
}

inline core::ContactId enrolled(Store& store, const NewContact& n = amara()) {
    const core::ContactId id = add(store, n);
    change(store, id, [](Case& c) { c.outreach = planned(); });
    return id;
}

// Enrolled, with a well-being message queued.
inline core::ContactId with_message(Store& store, const NewContact& n = amara()) {
    const core::ContactId id = enrolled(store, n);
    change(store, id, [](Case& c) {
        c.outreach->phase = core::Warming{};
        c.messages.push_back(wellbeing());
    });
    return id;
}

// Enrolled, with an open prompt.
inline core::ContactId with_prompt(Store& store, const NewContact& n = amara()) {
    const core::ContactId id = enrolled(store, n);
    change(store, id, [](Case& c) {
        c.outreach->phase = core::CallDue{};
        c.outreach->next.kind = core::ActionKind::call;
        c.prompt = silent();
    });
    return id;
}

inline Token token(std::uint8_t n) {
    Token t{};
    t.fill(n);
    return t;
}

inline void claim(Store& store, core::MessageId message, const Token& with, Timestamp now = t0,
                  std::chrono::milliseconds lease = std::chrono::seconds{30}) {
    store.transact([&](Unit& u) {
        const Claim c{message, with, now + lease, "Hello Amara, how are you?"};
        u.claim({&c, 1}, now);
    });
}

// A key as providers make it: the provider's seconds, then a hash.
inline std::string key(std::int64_t seconds, std::string rest) {
    std::string k;
    for (int shift = 56; shift >= 0; shift -= 8)
        k += static_cast<char>((static_cast<std::uint64_t>(seconds) >> shift) & 0xFF);
    return k + std::move(rest);
}

}  // namespace warmcall::people
