#include "web/outreaches.hpp"

#include "web/contacts.hpp"
#include "web/json_views.hpp"
#include "web/when.hpp"

namespace warmcall::web {

namespace {

struct Found {
    core::Case subject;
    bool is_live = false;  // and the one that was asked for
};

asio::awaitable<std::optional<Found>> find_outreach(Site& site, const Who& who,
                                                    core::OutreachId id) {
    auto found = co_await ask(site, [id](Store& store) -> std::optional<Found> {
        const auto contact = id ? store.contact_of(id) : std::nullopt;
        auto subject = contact ? store.contact(*contact) : std::nullopt;
        if (!subject)
            return std::nullopt;
        const bool is_live = subject->outreach && subject->outreach->id == id;
        return Found{std::move(*subject), is_live};
    });
    if (found && !may_see(site, who, found->subject))
        found.reset();
    co_return found;
}

net::Outgoing over() {
    return problem(409, "none_live", "This outreach is over. Start a new one.");
}

Handled change(Site& site, Call& call, const Fields& fields, core::Event event) {
    if (!fields.good())
        co_return fields.problem();
    const core::OutreachId id{call.id(0).value_or(0)};
    const auto found = co_await find_outreach(site, call.who, id);
    if (!found)
        co_return not_among_yours("outreach", id.value);
    if (!found->is_live)
        co_return over();
    const core::ContactId contact = found->subject.contact.id;
    const Outcome outcome = co_await happen(site, contact, std::move(event), call.actor());
    if (outcome.refusal)
        co_return refused(site.plan, *outcome.refusal);
    json extras{{"outreach", nullptr}};
    if (outcome.after && outcome.after->outreach)
        extras["outreach"] = outreach_json(*outcome.after->outreach);
    co_return co_await contact_answer(site, contact, 200, std::move(extras));
}

std::optional<core::CloseReason> reason_from(std::string_view word) {
    if (word == "won")
        return core::CloseReason::won;
    if (word == "said_no")
        return core::CloseReason::said_no;
    if (word == "wrong_person")
        return core::CloseReason::wrong_person;
    if (word == "opted_out")
        return core::CloseReason::opted_out;
    return std::nullopt;
}

}  // namespace

Handled create_outreach(Site& site, Call& call) {
    auto fields = body_fields(call, {"contact_id", "cadence"});
    if (!fields)
        co_return bad_body(fields.error());
    const core::ContactId contact{fields->id("contact_id")};
    const std::string cadence = fields->text("cadence", 64);
    if (!fields->good())
        co_return fields->problem();
    if (!co_await visible_contact(site, call.who, contact))
        co_return not_among_yours("contact", contact.value);
    const Outcome outcome = co_await happen(site, contact, core::Enrolled{cadence}, call.actor());
    if (outcome.refusal)
        co_return refused(site.plan, *outcome.refusal);
    const auto subject =
        co_await ask(site, [contact](Store& store) { return store.contact(contact); });
    json extras = json::object();
    if (subject && subject->outreach)
        extras["outreach"] = outreach_json(*subject->outreach);
    co_return co_await contact_answer(site, contact, 201, std::move(extras));
}

Handled show_outreach(Site& site, Call& call) {
    const core::OutreachId id{call.id(0).value_or(0)};
    const auto found = co_await find_outreach(site, call.who, id);
    if (!found)
        co_return not_among_yours("outreach", id.value);
    if (found->is_live)
        co_return co_await contact_answer(site, found->subject.contact.id, 200,
                                          {{"outreach", outreach_json(*found->subject.outreach)}});
    const auto last = co_await ask(site, [contact = found->subject.contact.id](Store& store) {
        return store.last_outreach(contact);
    });
    if (!last || last->id != id)
        co_return over();
    co_return co_await contact_answer(site, found->subject.contact.id, 200,
                                      {{"outreach", outreach_json(*last)}});
}

Handled hold_outreach(Site& site, Call& call) {
    auto fields = body_fields(call, {"until"});
    if (!fields)
        co_return bad_body(fields.error());
    const auto until = fields->time_if("until");
    if (!until && fields->good())
        fields->wrong("until", "is missing: every pause has an end");
    co_return co_await change(site, call, *fields,
                              core::HeldByRep{until.value_or(core::Timestamp{})});
}

Handled resume_outreach(Site& site, Call& call) {
    auto fields = body_fields(call, {});
    if (!fields)
        co_return bad_body(fields.error());
    co_return co_await change(site, call, *fields, core::Resumed{});
}

Handled close_outreach(Site& site, Call& call) {
    auto fields = body_fields(call, {"reason"});
    if (!fields)
        co_return bad_body(fields.error());
    const std::string word = fields->text("reason", 32);
    const auto reason = reason_from(word);
    if (!reason && fields->good())
        fields->wrong("reason",
                      "must be one of won, said_no, wrong_person, opted_out: nothing ends because "
                      "nobody answered");
    co_return co_await change(site, call, *fields,
                              core::ClosedByRep{reason.value_or(core::CloseReason::said_no)});
}

Handled reassign_outreach(Site& site, Call& call) {
    auto fields = body_fields(call, {"rep"});
    if (!fields)
        co_return bad_body(fields.error());
    const std::string name = fields->text("rep", 64);
    const auto rep = fields->good() ? known_rep(site.plan, name, *fields, "rep") : std::nullopt;
    co_return co_await change(site, call, *fields, core::Reassigned{rep.value_or(core::RepId{})});
}

}  // namespace warmcall::web
