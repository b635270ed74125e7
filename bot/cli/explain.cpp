// Why a contact's next thing is what it is: the state, the next action, what the gate says of a
// text now, and what happened. Shows no message's words: those are on the console, behind a
// sign-in.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/open.hpp"
#include "core/gate.hpp"
#include "core/phone.hpp"
#include "core/speech.hpp"
#include "ports/system.hpp"
#include "web/json_views.hpp"

namespace warmcall::cli {
namespace {

constexpr std::size_t timeline_max = 200;

struct ExplainOptions {
    std::filesystem::path config;
    std::string who;
    std::size_t lines = 30;
};

// "Sun 2026-11-22 10:00 Asia/Kolkata"
std::string when(core::Timestamp at, const std::string& zone) {
    static constexpr const char* days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    const core::LocalTime local = core::local(at, zone);
    char text[64];
    std::snprintf(text, sizeof text, "%s %04d-%02u-%02u %02d:%02d ", days[local.weekday],
                  static_cast<int>(local.day.year()), static_cast<unsigned>(local.day.month()),
                  static_cast<unsigned>(local.day.day()), local.minutes / 60, local.minutes % 60);
    return text + zone;
}

void say(const char* what, const std::string& text) {
    std::printf("%-10s %s\n", what, text.c_str());
}

std::string zone_of(const core::Plan& plan, const core::RepId& rep) {
    const auto found = plan.reps.find(rep);
    return found == plan.reps.end() ? "UTC" : found->second.zone;
}

std::string name_of(const core::Plan& plan, const core::RepId& rep) {
    const auto found = plan.reps.find(rep);
    return found == plan.reps.end() ? rep.value : found->second.name;
}

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& word : words)
        all += (all.empty() ? "" : ", ") + word;
    return all;
}

std::string sentence(const core::Verdict& verdict, const std::string& zone) {
    std::string text = verdict.sentence + " [" + std::string{core::to_string(verdict.code)} + "]";
    if (verdict.again_at)
        return text + ", again at " + when(*verdict.again_at, zone);
    return text + (verdict.other_route ? ", another channel might do" : "");
}

void print_contact(const core::Plan& plan, const core::Contact& contact) {
    std::string who = contact.name + ", contact " + std::to_string(contact.id.value);
    for (const core::Address& address : contact.addresses)
        who += ", " + address.value;
    say("Contact", who);
    const char* source = contact.zone_source == core::ZoneSource::given ? "given" : "by the number";
    say("", "of " + name_of(plan, contact.owner) + "; language " + contact.language + "; clock " +
                (contact.zones.empty() ? "unknown" : joined(contact.zones) + " (" + source + ")"));
    if (contact.consent)
        say("", "agreed: " + contact.consent->source + ", " + when(contact.consent->at, "UTC") +
                    (contact.consent->covers.empty()
                         ? ""
                         : "; to " + joined(contact.consent->covers) + " only"));
    else
        say("", "has not agreed to be written to");
    for (const core::Suppression& suppression : contact.suppressions)
        say("", "must not be written to since " + when(suppression.at, "UTC") + ": " +
                    suppression.reason);
}

std::string phase_of(const core::Outreach& outreach, const std::string& zone) {
    std::string text{core::to_string(outreach.phase)};
    if (const auto* held = std::get_if<core::Held>(&outreach.phase))
        text += " (" + std::string{core::to_string(held->reason)} + ") until " +
                when(held->until, zone);
    if (const auto* closed = std::get_if<core::Closed>(&outreach.phase))
        text += " (" + std::string{core::to_string(closed->reason)} + ") since " +
                when(closed->at, zone);
    return text + ", round " + std::to_string(outreach.round) + ", " +
           std::to_string(outreach.attempt) + " calls without an answer";
}

// The ways a text would have now, in the order they are tried.
void print_ways(const core::Plan& plan, const core::Case& subject, core::Timestamp now,
                const std::string& zone) {
    const std::vector<core::Route> ways = core::preview(plan, subject, now);
    const core::Route chosen = core::choose(ways);
    if (ways.empty())
        say("A text now", "would not go: " + sentence(chosen.verdict, zone));
    for (const core::Route& way : ways) {
        const bool this_one = way.verdict.go() && way.channel == chosen.channel;
        say(&way == &ways.front() ? "A text now" : "",
            this_one ? "might go over " + way.channel.value
            : way.verdict.go()
                ? "else over " + way.channel.value
                : "not over " + way.channel.value + ": " + sentence(way.verdict, zone));
    }
}

// What the gate says: of each text that waits, or of a well-being text if one were sent now.
void print_gate(const core::Plan& plan, const core::Case& subject, core::Timestamp now,
                const std::string& zone) {
    bool waits = false;
    for (const core::Message& message : subject.messages) {
        say("Message", std::string{core::to_string(message.kind)} + " over " +
                           message.channel.value + ": " +
                           std::string{core::to_string(message.state)} + ", " +
                           std::string{core::to_string(core::shown(message.facts))});
        if (message.state != core::MessageState::queued)
            continue;
        waits = true;
        const core::Verdict verdict = core::gate(plan, subject, message, now);
        say("", verdict.go() ? "may go now" : "does not go: " + sentence(verdict, zone));
    }
    if (waits)
        return;
    print_ways(plan, subject, now, zone);
}

void print_live(const core::Plan& plan, const core::Case& subject, core::Timestamp now) {
    const core::Outreach& outreach = *subject.outreach;
    const std::string zone = zone_of(plan, outreach.next.owner);
    say("Outreach", outreach.cadence + ": " + phase_of(outreach, zone));
    say("Next", web::sentence_of(subject) + " [" +
                    std::string{core::to_string(outreach.next.kind)} + "], " +
                    name_of(plan, outreach.next.owner) + ", due " +
                    when(outreach.next.due_at, zone));
    say("", "warmcall looks again at " + when(outreach.wake_at, zone));
    if (outreach.promise)
        say("Promised", when(outreach.promise->at, zone));
    if (subject.prompt)
        say("Why", subject.prompt->reason + " [" +
                       std::string{core::to_string(subject.prompt->kind)} + "]");
    print_gate(plan, subject, now, zone);
}

void print_timeline(Store& store, core::ContactId contact, const std::string& zone,
                    std::size_t lines) {
    const auto rows = store.timeline(contact, 0, std::min(lines, timeline_max));
    if (rows.empty())
        return;
    std::printf("\nWhat happened, newest first (%s)\n", zone.c_str());
    for (const TimelineRow& row : rows) {
        const std::string at = when(row.at, zone);
        std::printf("  %s  %-10s %-16s %s\n", at.substr(0, at.rfind(' ')).c_str(),
                    row.actor.c_str(), row.what.c_str(), row.text.c_str());
    }
}

Result<core::ContactId> find_contact(Store& store, const Settings& settings,
                                     const std::string& who) {
    core::ContactId id;
    const auto [end, problem] = std::from_chars(who.data(), who.data() + who.size(), id.value);
    const bool number = problem == std::errc{} && end == who.data() + who.size();
    if (number && store.contact(id))
        return id;
    if (const auto phone = core::read_phone(who, settings.default_region)) {
        if (const auto found = store.contact_by({core::AddressKind::phone, phone->e164}))
            return *found;
    } else if (!number) {
        return Error{
            Errc::bad_input,
            "expected a contact's number in warmcall, or a phone number: " + phone.error().message};
    }
    return Error{Errc::not_found, "there is no such contact"};
}

int run_explain(const ExplainOptions& options) {
    auto settings = load_settings(options.config, Secrets::unasked);
    if (!settings)
        return complain(settings.error().message);
    const core::Timestamp now = SystemClock{}.now();
    const auto desk = Desk::open(*settings, Desk::Missing::is_an_error);
    if (!desk)
        return complain(desk.error().message);
    Store& store = desk->store();
    const auto id = find_contact(store, *settings, options.who);
    if (!id)
        return complain(id.error().message);
    const core::Case subject = *store.contact(*id);
    print_contact(settings->plan, subject.contact);
    const std::string zone = zone_of(settings->plan, subject.contact.owner);
    if (subject.outreach)
        print_live(settings->plan, subject, now);
    else if (const auto last = store.last_outreach(*id))
        say("Outreach", last->cadence + ": " + phase_of(*last, zone));
    else
        say("Outreach", "none: not enrolled in a cadence");
    if (!subject.outreach)
        print_ways(settings->plan, subject, now, zone);
    print_timeline(store, *id, zone, options.lines);
    return succeeded;
}

}  // namespace

Run explain(CLI::App& app) {
    const auto options = std::make_shared<ExplainOptions>();
    add_config(app, options->config);
    app.add_option("WHO", options->who, "A phone number, or the contact's number in warmcall")
        ->required();
    app.add_option("--lines", options->lines, "How much of what happened")->capture_default_str();
    return [options] { return run_explain(*options); };
}

}  // namespace warmcall::cli
