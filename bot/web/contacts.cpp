#include "web/contacts.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/calendar.hpp"
#include "core/gate.hpp"
#include "core/phone.hpp"
#include "core/speech.hpp"
#include "engine/erasure.hpp"
#include "web/new_contact.hpp"
#include "web/when.hpp"

namespace warmcall::web {

namespace {

struct EnrolRefused : std::runtime_error {  // takes the new contact back with it
    explicit EnrolRefused(core::Refusal why)
        : std::runtime_error{why.sentence}, refusal{std::move(why)} {}
    core::Refusal refusal;
};

std::optional<core::Preferences> preferences_in(Fields& fields) {
    if (!fields.has("preferences"))
        return std::nullopt;
    Fields inside = fields.inside("preferences", {"from", "to", "reach", "if_lost"});
    core::Preferences wanted;
    wanted.from = inside.day_time_if("from");
    wanted.to = inside.day_time_if("to");
    wanted.reach = inside.text_if("reach", 200).value_or("");
    wanted.if_lost = inside.text_if("if_lost", 200).value_or("");
    return wanted;
}

std::optional<core::Consent> consent_in(Fields& fields, bool* says_covers = nullptr) {
    if (!fields.has("consent"))
        return std::nullopt;
    Fields inside = fields.inside("consent", {"source", "at", "text", "covers"});
    core::Consent consent;
    consent.source = inside.text("source", consent_source_bytes_max);
    consent.text = inside.text("text", consent_text_bytes_max);
    if (const auto at = inside.time_if("at"))
        consent.at = *at;
    else if (!inside.has("at"))
        inside.wrong("at", "is missing: when did they agree?", "consent_at_missing");
    consent.covers = inside.words("covers", 20);
    if (says_covers)
        *says_covers = inside.has("covers");
    return consent;
}

ContactWish wish_in(Fields& fields,
                    const core::RepId& signed_in) {  // whose it is where the body does not say
    ContactWish wish;
    wish.name = fields.text_if("name", 200).value_or("");
    wish.phone = fields.text_if("phone", 64).value_or("");
    wish.rep = fields.text_if("rep", 64).value_or(signed_in.value);
    wish.language = fields.text_if("language", 35).value_or("");
    wish.time_zone = fields.text_if("time_zone", 64).value_or("");
    wish.topic = fields.text_if("topic", topic_bytes_max).value_or("");
    wish.preferences = preferences_in(fields).value_or(core::Preferences{});
    wish.consent = consent_in(fields);
    return wish;
}

// What a check says of a field that reading it has already complained about is not repeated.
void add_errors(Fields& fields, const std::vector<FieldError>& errors) {
    if (!fields.good())
        return;
    for (const FieldError& error : errors)
        fields.wrong(error.field, error.detail, error.code, error.values);
}

void check_cadence(const core::Plan& plan, const std::string& cadence, const ContactWish& wish,
                   Fields& fields) {
    if (cadence.empty())
        return;
    if (!plan.cadences.contains(cadence))
        fields.wrong("cadence", "there is no such cadence; there are: " + cadence_list(plan),
                     "cadence_unknown", {{"known", cadence_list(plan)}});
    if (!wish.consent)
        fields.wrong("consent",
                     "is needed before anybody is written to: {\"source\", \"at\", \"text\"}",
                     "consent_missing");
}

Handled number_taken(Site& site, const Who& who, core::ContactId id) {
    const auto known = co_await ask(site, [id](Store& store) { return store.contact(id); });
    if (!known)
        co_return problem(409, "number_taken", "This number belongs to a contact already.");
    const core::RepId& owner = known->contact.owner;
    const auto rep = site.plan.reps.find(owner);
    const std::string holder = rep == site.plan.reps.end() ? owner.value : rep->second.name;
    const bool seen = may_see(site, who, *known);
    const std::string whose =
        seen ? "This number belongs to " + known->contact.name + ", a contact of " + holder +
                   ". Open that one instead."
             : "This number belongs to a contact of " + holder + ". Ask them to hand it over.";
    co_return problem(409, "number_taken", whose,
                      {{"contact_id", id.value}, {"holder", holder}, {"holder_id", owner.value}});
}

struct Changes {
    std::optional<std::string> name, topic, language, time_zone;
    std::optional<core::Phone> phone;
    std::optional<core::Preferences> preferences;
    std::optional<core::Consent> consent;
    bool says_covers = false;  // else a new consent covers what the one before it did, not more
};

Changes changes_in(const core::Plan& plan, std::string_view default_region, core::Timestamp now,
                   Fields& fields) {
    Changes changes;
    if (const auto typed = fields.text_if("phone", 64)) {
        const auto phone = core::read_phone(*typed, default_region);
        if (phone)
            changes.phone = *phone;
        else
            fields.wrong("phone", phone.error().message, "phone_unreadable");
    }
    changes.name = fields.text_if("name", 200);
    changes.topic = fields.text_if("topic", topic_bytes_max);
    changes.language = fields.text_if("language", 35);
    changes.time_zone = fields.text_if("time_zone", 64);
    changes.preferences = preferences_in(fields);
    changes.consent = consent_in(fields, &changes.says_covers);
    if (changes.consent && fields.good()) {
        std::vector<FieldError> errors;
        check_consent(plan, *changes.consent, now, errors);
        add_errors(fields, errors);
    }
    if (changes.name && (changes.name->empty() || !clean(*changes.name, Lines::one)))
        fields.wrong("name", "must be one line and not empty");
    if (changes.language && !language_tag(*changes.language))
        fields.wrong("language", "write it as en, hi or pt-BR", "language_unknown");
    if (changes.time_zone && !core::known_zone(*changes.time_zone))
        fields.wrong("time_zone", "is not a time zone; write it as Europe/Madrid", "zone_unknown");
    return changes;
}

// The lines under which a number may be known already.
std::vector<core::Address> lines_of(const core::Phone& phone) {
    std::vector<core::Address> lines{{core::AddressKind::phone, phone.e164}};
    for (const std::string& alias : phone.aliases)
        lines.push_back({core::AddressKind::phone, alias});
    return lines;
}

// It is called first from now on; the ones before it stay known, so that whoever writes from one is
// still recognised.
bool set_phone(core::Contact& contact, const core::Phone& phone) {
    const auto first =
        std::ranges::find(contact.addresses, core::AddressKind::phone, &core::Address::kind);
    if (first != contact.addresses.end() && first->value == phone.e164)
        return false;
    const std::vector<core::Address> lines = lines_of(phone);
    std::erase_if(contact.addresses, [&](const core::Address& known) {
        return std::ranges::find(lines, known) != lines.end();
    });
    contact.addresses.insert(contact.addresses.begin(), lines.begin(), lines.end());
    contact.region = phone.region;
    if (contact.zone_source != core::ZoneSource::given) {
        contact.zones = phone.zones;
        contact.zone_source =
            phone.zones.empty() ? core::ZoneSource::unknown : core::ZoneSource::number;
    }
    return true;
}

// What still waits would go to somebody else, and what was known of the number that was called
// until now is not known of the new one.
void follow_phone(core::Case& subject) {
    subject.contact.whatsapp_unreachable_at.reset();
    subject.contact.windows.clear();
    for (core::Message& m : subject.messages)
        if (m.state == core::MessageState::queued &&
            m.kind != core::MessageKind::stop_confirmation &&
            m.to.kind != core::AddressKind::whatsapp_user)
            m.to = subject.contact.addresses.front();
}

// Applies them; the words name what changed, for the timeline.
std::string change(core::Contact& contact, const Changes& changes) {
    std::string what;
    const auto set = [&](std::string_view name, auto& field, const auto& to) {
        if (!to || field == *to)
            return;
        field = *to;
        what += (what.empty() ? "" : ", ") + std::string{name};
    };
    set("name", contact.name, changes.name);
    set("topic", contact.topic, changes.topic);
    set("language", contact.language, changes.language);
    set("preferences", contact.preferences, changes.preferences);
    if (changes.phone && set_phone(contact, *changes.phone))
        what += what.empty() ? "phone" : ", phone";
    std::optional<core::Consent> consent = changes.consent;
    if (consent && !changes.says_covers && contact.consent)
        consent->covers = contact.consent->covers;
    if (consent && contact.consent != consent) {
        contact.consent = std::move(consent);
        what += what.empty() ? "consent" : ", consent";
    }
    if (changes.time_zone && contact.zones != std::vector{*changes.time_zone}) {
        contact.zones = {*changes.time_zone};
        contact.zone_source = core::ZoneSource::given;
        what += what.empty() ? "time zone" : ", time zone";
    }
    return what;
}

std::string_view status_word(core::Shown shown) {
    switch (shown) {
        case core::Shown::none:
        case core::Shown::queued:
            return "queued";
        case core::Shown::unknown:
            return "unknown";
        case core::Shown::accepted:
        case core::Shown::sent:
            return "sent";
        case core::Shown::failed:
            return "undeliverable";
        case core::Shown::delivered:
            return "delivered";
        case core::Shown::read:
            return "read";
    }
    return "unknown";
}

// The door's own work on one contact, for a write that does more in the same transaction.
std::optional<core::Refusal> decide_one(Unit& unit, const core::Plan& plan, core::ContactId id,
                                        const core::Event& event, std::string_view actor,
                                        core::Timestamp now) {
    const Wanted wanted{id, std::nullopt};
    const core::Case before = *unit.load(std::span{&wanted, 1}).at(0);
    const core::Transition decided = core::decide(plan, before, event, now);
    if (decided.refusal)
        return decided.refusal;
    const Change change{&before, &decided.next, decided.effects, actor};
    unit.save(std::span{&change, 1}, now);
    return std::nullopt;
}

// Why a text of the rep's own words would be refused now, before it is typed.
struct WhyNot {
    std::string_view code;  // of the gate, or "none_live"
    std::string sentence;
};
std::optional<WhyNot> why_no_text(const core::Plan& plan, const core::Case& subject,
                                  core::Timestamp now) {
    if (opted_out(subject.contact))
        return WhyNot{core::to_string(core::GateCode::suppressed),
                      core::first_name(subject.contact.name) + " asked to stop. You can't write."};
    const auto refusal =
        core::decide(plan, subject, core::WroteByRep{subject.contact.owner, "?"}, now).refusal;
    if (!refusal)
        return std::nullopt;
    if (refusal->code != core::Refusal::Code::gate)
        return WhyNot{"none_live", refusal->sentence};
    const core::Route way = core::route(plan, subject, core::MessageKind::conversation, now);
    return WhyNot{core::to_string(way.verdict.code), refusal->sentence};
}

}  // namespace

std::size_t limit_of(const Call& call) {
    const std::string_view text = call.ask("limit");
    std::size_t limit = 50;
    if (!text.empty() &&
        std::from_chars(text.data(), text.data() + text.size(), limit).ec != std::errc{})
        return 50;
    return std::clamp<std::size_t>(limit, 1, 200);
}

asio::awaitable<std::optional<core::Case>> visible_contact(Site& site, const Who& who,
                                                           core::ContactId id) {
    auto found = co_await ask(site, [id](Store& store) { return store.contact(id); });
    if (found && (is_erased(found->contact) || !may_see(site, who, *found)))
        found.reset();
    co_return found;
}

Handled contact_answer(Site& site, core::ContactId id, int status, json extras) {
    const auto subject = co_await ask(site, [id](Store& store) {
        auto found = store.contact(id);
        return found ? std::optional{read_subject(store, std::move(*found), Depth::full)}
                     : std::nullopt;
    });
    if (!subject)
        co_return problem(404, "no_such_contact", "There is no such contact any more.");
    const Viewer viewer{site.plan, site.now()};
    extras["contact"] = contact_json(viewer, *subject, Depth::full);
    extras["prompt"] = extras["contact"]["prompt"];
    co_return json_answer(status, extras);
}

Handled create_contact(Site& site, Call& call) {
    auto fields = body_fields(call, {"name", "phone", "rep", "language", "time_zone", "topic",
                                     "preferences", "consent", "cadence"});
    if (!fields)
        co_return bad_body(fields.error());
    const core::RepId owner = call.who.rep
                                  ? call.who.rep
                                  : core::RepId{std::string{call.request.header("X-Warmcall-Rep")}};
    const ContactWish wish = wish_in(*fields, owner);
    const std::string cadence = fields->text_if("cadence", 64).value_or("");
    const MadeContact made = make_contact(site.plan, wish, site.options.default_region, site.now());
    add_errors(*fields, made.errors);
    check_cadence(site.plan, cadence, wish, *fields);
    if (!call.who.any_rep && !may_act_for(site.plan, call.who.rep, core::RepId{wish.rep}))
        fields->wrong("rep",
                      "you can add contacts for yourself and those you stand in for or lead");
    if (!fields->good())
        co_return fields->problem();

    Added added;
    std::optional<core::Refusal> refusal;
    try {
        added = co_await put(site, [&plan = site.configured, add = made.add, cadence,
                                    actor = call.actor()](Unit& unit, core::Timestamp now) {
            const Added one = unit.add_contacts(std::span{&add, 1}, now).at(0);
            if (one.conflict || cadence.empty())
                return one;
            if (const auto refused_for = enrol(unit, plan, {{one.id, cadence}}, actor, now).at(0))
                throw EnrolRefused{*refused_for};
            return one;
        });
    } catch (const EnrolRefused& e) {
        refusal = e.refusal;
    }
    if (refusal)
        co_return refused(site.plan, *refusal);
    if (added.conflict)
        co_return co_await number_taken(site, call.who, added.id);

    const auto subject = co_await ask(site, [id = added.id](Store& store) {
        return read_subject(store, store.contact(id).value(), Depth::full);
    });
    auto answer = json_answer(201, contact_json({site.plan, site.now()}, subject, Depth::full));
    answer.headers.push_back({"Location", "/api/v1/contacts/" + std::to_string(added.id.value)});
    co_return answer;
}

Handled list_contacts(Site& site, Call& call) {
    ContactQuery query;
    query.limit = limit_of(call);
    query.search = core::cut(trimmed(call.ask("search")), 100);
    if (const std::string_view rep = call.ask("rep"); !rep.empty())
        query.rep = core::RepId{std::string{rep}};
    else if (!call.who.any_rep)
        query.rep = call.who.rep;
    if (query.rep && !call.who.any_rep && !may_act_for(site.plan, call.who.rep, *query.rep))
        co_return problem(
            403, "not_yours",
            "You can list your own contacts and those of reps you stand in for or lead.");
    const std::string_view after = call.ask("after");
    if (!after.empty() &&
        std::from_chars(after.data(), after.data() + after.size(), query.after.value).ec !=
            std::errc{})
        co_return invalid({{"after", "is not a cursor; use \"next\" of the page before"}});

    const auto subjects = co_await ask(site, [query](Store& store) {
        std::vector<Subject> found;
        for (core::Case& one : store.contacts(query))
            found.push_back(read_subject(store, std::move(one), Depth::list));
        return found;
    });
    const Viewer viewer{site.plan, site.now()};
    json items = json::array();
    for (const Subject& subject : subjects)
        items.push_back(contact_json(viewer, subject, Depth::list));
    const bool more = subjects.size() == query.limit;
    co_return json_answer(
        200, {{"items", items},
              {"next",
               more ? json(std::to_string(subjects.back().now.contact.id.value)) : json(nullptr)}});
}

Handled show_contact(Site& site, Call& call) {
    const core::ContactId id{call.id(0).value_or(0)};
    if (!co_await visible_contact(site, call.who, id))
        co_return not_among_yours("contact", id.value);
    const auto subject = co_await ask(site, [id](Store& store) {
        return read_subject(store, store.contact(id).value(), Depth::full);
    });
    co_return json_answer(200, contact_json({site.plan, site.now()}, subject, Depth::full));
}

Handled change_contact(Site& site, Call& call) {
    auto fields = body_fields(
        call, {"name", "phone", "topic", "language", "time_zone", "preferences", "consent"});
    if (!fields)
        co_return bad_body(fields.error());
    const Changes changes = changes_in(site.plan, site.options.default_region, site.now(), *fields);
    if (!fields->good())
        co_return fields->problem();
    const core::ContactId id{call.id(0).value_or(0)};
    if (!co_await visible_contact(site, call.who, id))
        co_return not_among_yours("contact", id.value);
    const auto holder =
        co_await put(site,
                     [id, changes, actor = call.actor()](
                         Unit& unit, core::Timestamp now) -> std::optional<core::ContactId> {
                         if (changes.phone)
                             for (const auto& known : unit.contacts_by(lines_of(*changes.phone)))
                                 if (known && *known != id)
                                     return known;
                         const Wanted wanted{id, std::nullopt};
                         const core::Case before = *unit.load(std::span{&wanted, 1}).at(0);
                         core::Case after = before;
                         const std::string what = change(after.contact, changes);
                         if (what.empty())
                             return std::nullopt;
                         if (after.contact.addresses != before.contact.addresses)
                             follow_phone(after);
                         const std::vector<core::Effect> effects{core::Noted{"edited", what}};
                         const Change one{&before, &after, effects, actor};
                         unit.save(std::span{&one, 1}, now);
                         return std::nullopt;
                     });
    if (holder)
        co_return co_await number_taken(site, call.who, *holder);
    const auto subject = co_await ask(site, [id](Store& store) {
        return read_subject(store, store.contact(id).value(), Depth::full);
    });
    co_return json_answer(200, contact_json({site.plan, site.now()}, subject, Depth::full));
}

Handled opt_out_contact(Site& site, Call& call) {
    auto fields = body_fields(call, {"how", "rep"});
    if (!fields)
        co_return bad_body(fields.error());
    const std::string how = fields->text_if("how", 200).value_or("");
    if (!fields->good())
        co_return fields->problem();
    const core::ContactId id{call.id(0).value_or(0)};
    if (!co_await visible_contact(site, call.who, id))
        co_return not_among_yours("contact", id.value);
    const Outcome outcome = co_await happen(site, id, core::OptedOut{how}, call.actor());
    if (outcome.refusal)
        co_return refused(site.plan, *outcome.refusal);
    co_return co_await contact_answer(site, id, 200);
}

Handled erase_contact(Site& site, Call& call) {
    const core::ContactId id{call.id(0).value_or(0)};
    if (!co_await visible_contact(site, call.who, id))
        co_return not_among_yours("contact", id.value);
    const Erased erased = co_await put(
        site, [id, &plan = site.configured, actor = call.actor()](Unit& unit, core::Timestamp now) {
            return erase(unit, plan, id, actor, now);
        });
    const std::string left = co_await site.door.forget(erased.addresses);
    co_return json_answer(200, {{"contact_id", erased.contact.value},
                                {"records", erased.records},
                                {"messages", erased.messages},
                                {"replies", erased.replies},
                                {"deliveries", erased.deliveries},
                                {"left", left.empty() ? json(nullptr) : json(left)}});
}

Handled merge_contact(Site& site, Call& call) {
    auto fields = body_fields(call, {"into"});
    if (!fields)
        co_return bad_body(fields.error());
    const core::ContactId into{fields->id("into")};
    const core::ContactId from{call.id(0).value_or(0)};
    if (fields->good() && from == into)
        fields->wrong("into", "is the same contact");
    if (!fields->good())
        co_return fields->problem();
    if (!co_await visible_contact(site, call.who, from))
        co_return not_among_yours("contact", from.value);
    if (!co_await visible_contact(site, call.who, into))
        co_return not_among_yours("contact", into.value);
    const bool merged = co_await put(site, [from, into, &plan = site.configured,
                                            actor = call.actor()](Unit& unit, core::Timestamp now) {
        const std::vector<Wanted> wanted{{from, std::nullopt}, {into, std::nullopt}};
        const std::vector<SharedCase> both = unit.load(wanted);
        if (both[0]->contact.id == both[1]->contact.id)
            return true;  // one already: it has come a second time
        const auto is_live = [](const core::Case& c) {
            return c.outreach && core::live(*c.outreach);
        };
        if (is_live(*both[0]) && !is_live(*both[1]))
            return false;  // what is under way would end, and nothing would go on in its place
        const core::Transition end = core::decide(plan, *both[0], core::MergedAway{}, now);
        const Change one{both[0].get(), &end.next, end.effects, actor};
        unit.save(std::span{&one, 1}, now);
        unit.merge_contacts(from, into, now);
        if (opted_out(both[0]->contact) && is_live(*both[1]))
            decide_one(unit, plan, into, core::OptedOut{"They asked under another record."}, actor,
                       now);
        return true;
    });
    if (!merged)
        co_return problem(409, "merge_the_other_way",
                          "Only this contact has an outreach under way. Merge contact " +
                              std::to_string(into.value) + " into " + std::to_string(from.value) +
                              " instead.");
    co_return co_await contact_answer(site, into, 200);
}

Handled show_conversation(Site& site, Call& call) {
    const core::ContactId id{call.id(0).value_or(0)};
    const auto subject = co_await visible_contact(site, call.who, id);
    if (!subject)
        co_return not_among_yours("contact", id.value);
    const auto rows = co_await ask(
        site, [id, limit = limit_of(call)](Store& store) { return store.conversation(id, limit); });
    json items = json::array();
    for (const ConversationRow& row : rows)
        items.push_back(
            {{"at", rfc3339(row.at)},
             {"from_contact", row.from_contact},
             {"text", row.text},
             {"kind", row.from_contact ? word_of(row.kind) : core::to_string(row.message_kind)},
             {"status", row.from_contact ? json(nullptr) : json(status_word(row.shown))}});
    std::optional<core::Timestamp> open_until;
    for (const core::Window& window : subject->contact.windows)
        if (window.until > site.now())
            open_until = std::max(open_until.value_or(window.until), window.until);
    const auto why_not = why_no_text(site.plan, *subject, site.now());
    co_return json_answer(
        200, {{"items", items},
              {"window_open_until", open_until ? json(rfc3339(*open_until)) : json(nullptr)},
              {"may_write", !why_not},
              {"why_not", why_not ? json(why_not->sentence) : json(nullptr)},
              {"why_not_code", why_not ? json(why_not->code) : json(nullptr)}});
}

Handled write_message(Site& site, Call& call) {
    auto fields = body_fields(call, {"text", "rep"});
    if (!fields)
        co_return bad_body(fields.error());
    const std::string text = fields->text("text", 4096);
    const auto rep = acting_rep(site, call, *fields);
    if (!fields->good())
        co_return fields->problem();
    const core::ContactId id{call.id(0).value_or(0)};
    if (!co_await visible_contact(site, call.who, id))
        co_return not_among_yours("contact", id.value);
    // The answer is kept in the same transaction: a second try after a crash must not send a second
    // text. `once` need not keep it again.
    const std::string taken = to_text({{"status", "queued"}});
    const auto kept = std::exchange(call.kept, std::nullopt);
    const auto refusal = co_await put(site, [=, &plan = site.configured, rep = *rep](
                                                Unit& unit, core::Timestamp now) {
        auto refused_for = decide_one(unit, plan, id, core::WroteByRep{rep, text}, rep.value, now);
        if (!refused_for && kept)
            unit.keep_answer(kept->key, {kept->request_hash, 202, taken}, now);
        return refused_for;
    });
    if (refusal)
        co_return refused(site.plan, *refusal);
    co_return json_answer(202, {{"status", "queued"}});
}

}  // namespace warmcall::web
