#include "world.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "core/speech.hpp"
#include "support/catch.hpp"

namespace warmcall::core {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::year_month_day first_day{std::chrono::year{2026}, std::chrono::November,
                                                std::chrono::day{2}};

std::string whole(const fs::path& path) {
    std::ifstream in{path};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::vector<fs::path> files(const fs::path& folder) {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator{folder}) {
        all.push_back(entry.path());
    }
    std::ranges::sort(all);
    return all;
}

template <class T>
T good(Result<T> read) {
    if (!read) {
        throw std::runtime_error{read.error().message};
    }
    return std::move(*read);
}

WeekHours office_hours() {
    WeekHours hours;
    for (int day = 0; day < 5; ++day) {
        hours.days[day] = {{DayTime{9 * 60}, DayTime{18 * 60}}};
    }
    return hours;
}

Plan read_plan() {
    const fs::path root{WARMCALL_SOURCE_DIR};
    Plan plan;
    for (const fs::path& path : files(root / "config/cadences")) {
        Cadence cadence = good(read_cadence(whole(path), path.string()));
        plan.cadences[cadence.name] = cadence;
    }
    for (const fs::path& path : files(root / "config/calendars")) {
        CountryRules rules = good(read_country_rules(whole(path), path.string()));
        plan.calendar.countries[rules.region] = rules;
    }
    for (const fs::path& path : files(root / "config/replies")) {
        REQUIRE(read_reply_words(plan.replies, whole(path), path.string()));
    }
    for (const fs::path& language : files(root / "templates")) {
        for (const fs::path& path : files(language)) {
            plan.templates.templates.push_back(good(
                read_template(whole(path), path.stem().string(), language.filename().string())));
        }
    }
    for (const auto& [id, name] : {std::pair{maya, "Maya Rao"}, std::pair{ravi, "Ravi Shah"},
                                   std::pair{lena, "Lena Bose"}}) {
        plan.reps[id] = {.id = id,
                         .name = name,
                         .zone = std::string{kolkata},
                         .hours = office_hours(),
                         .stand_in = ravi,
                         .lead = lena};
    }
    plan.channels = {{.id = whatsapp, .provider = "whatsapp_cloud", .medium = Medium::whatsapp}};
    return plan;
}

bool opted_out(const Contact& contact) {
    return std::ranges::find(contact.suppressions, SuppressionScope::all, &Suppression::scope) !=
           contact.suppressions.end();
}

template <class... E>
bool is_any(const Event& event) {
    return (std::holds_alternative<E>(event) || ...);
}

std::optional<MessageId> message_of(const Event& event) {
    return std::visit(
        [](const auto& e) -> std::optional<MessageId> {
            if constexpr (requires {
                              { e.message } -> std::convertible_to<MessageId>;
                          }) {
                return e.message;
            } else {
                return std::nullopt;
            }
        },
        event);
}

const Message* find(const std::vector<Message>& messages, MessageId id) {
    const auto at = std::ranges::find(messages, id, &Message::id);
    return id && at != messages.end() ? &*at : nullptr;
}

void check_messages(const Case& before, const Event& event, const Case& after,
                    std::vector<std::string>& wrong) {
    const auto* answer = std::get_if<SendSettled>(&event);
    for (const Message& was : before.messages) {
        const Message* is = find(after.messages, was.id);
        if (is == nullptr) {
            wrong.push_back("a stored message vanished");
            continue;
        }
        const auto can_become = [&](std::initializer_list<MessageState> states) {
            return is->state == was.state || std::ranges::find(states, is->state) != states.end();
        };
        using enum MessageState;
        const auto* perhaps = std::get_if<PerhapsLeft>(&event);
        const bool perhaps_left = perhaps != nullptr && perhaps->message == was.id;
        const bool fine = perhaps_left           ? can_become({unknown})
                          : was.state == queued  ? can_become({cancelled, settled})
                          : was.state == claimed ? can_become({queued, unknown, settled, cancelled})
                          : was.state == unknown ? can_become({queued, settled, cancelled})
                                                 : can_become({});
        const bool cannot_tell = answer != nullptr && answer->message == was.id &&
                                 answer->how == SendSettled::How::unknown;
        if (cannot_tell && is->state == queued) {
            wrong.push_back("what may have gone out is to be sent again (I2)");
        }
        if (!fine) {
            wrong.push_back(fmt::format("a message went from {} to {}", to_string(was.state),
                                        to_string(is->state)));
        }
        if (join(was.facts, is->facts) != is->facts) {
            wrong.push_back("a fact was forgotten");
        }
    }
}

void check_prompt(const Case& before, const Event& event, const Case& after,
                  std::vector<std::string>& wrong) {
    const bool was_open = before.prompt && before.prompt->open;
    const bool is_open = after.prompt && after.prompt->open;
    if (was_open && is_open && before.prompt->id != after.prompt->id) {
        wrong.push_back("a second prompt was opened beside the first (I5)");
    }
    if (was_open && is_open && after.prompt->kind < before.prompt->kind &&
        !is_any<StopAnswered>(event)) {
        wrong.push_back("a prompt sank in kind");
    }
    const bool is_live = after.outreach && live(*after.outreach);
    if (is_open && !is_live) {
        wrong.push_back("a prompt is open and nothing is live");
    }
    const bool wanted = is_live && (std::holds_alternative<CallDue>(after.outreach->phase) ||
                                    std::holds_alternative<OnCall>(after.outreach->phase) ||
                                    std::holds_alternative<WrapUp>(after.outreach->phase));
    if (wanted && !is_open) {
        wrong.push_back("a call is due and there is no prompt");
    }
    const bool quiet = is_live && (std::holds_alternative<Planned>(after.outreach->phase) ||
                                   std::holds_alternative<Warming>(after.outreach->phase) ||
                                   std::holds_alternative<Waiting>(after.outreach->phase));
    if (quiet && is_open) {
        wrong.push_back(fmt::format("a prompt is open while {}", to_string(after.outreach->phase)));
    }
}

void check_end(const Case& before, const Event& event, const Case& after,
               std::vector<std::string>& wrong) {
    const bool ended =
        before.outreach && live(*before.outreach) && after.outreach && !live(*after.outreach);
    if (!ended) {
        return;
    }
    const auto* disposed = std::get_if<Disposed>(&event);
    const bool said = disposed != nullptr && (disposed->disposition.said ||
                                              disposed->disposition.reached == Reached::bad_number);
    const bool stopped =
        is_any<Replied, StopAnswered, OptedOut, MarketingPreference, DeliveryLearned, SendSettled>(
            event) &&
        opted_out(after.contact);
    if (!said && !stopped && !is_any<MergedAway, ClosedByRep, AddressLearned>(event)) {
        wrong.push_back("it ended and nobody had said so (I7)");
    }
    for (const Message& m : after.messages) {
        if (m.state == MessageState::queued && m.kind != MessageKind::stop_confirmation) {
            wrong.push_back("a text still waits although all is over");
        }
    }
}

}  // namespace

std::vector<std::string> wrong_with(const Case& before, const Event& event, const Transition& t,
                                    Timestamp now) {
    std::vector<std::string> wrong;
    if (t.refusal) {  // I8
        if (t.next != before || !t.effects.empty()) {
            wrong.push_back("a refusal changed something (I8)");
        }
        if (t.refusal->sentence.empty()) {
            wrong.push_back("a refusal without a reason");
        }
        return wrong;
    }
    if (t.next.outreach && live(*t.next.outreach)) {  // I1
        const Outreach& o = *t.next.outreach;
        if (!o.next.owner || o.next.due_at == Timestamp{} || o.wake_at == Timestamp{}) {
            wrong.push_back("nobody has the next move, or no time is set for it (I1)");
        }
        if (o.next.owner != t.next.contact.owner) {
            wrong.push_back("the next move is somebody else's than the contact");
        }
        if (is_any<Woke>(event) && o.wake_at < now) {
            wrong.push_back("it woke and is to be woken in the past");
        }
        if (const auto* held = std::get_if<Held>(&o.phase);
            held != nullptr && held->until != o.wake_at) {
            wrong.push_back("a hold without an end (I6)");
        }
    }
    if (before.outreach && live(*before.outreach) && !t.next.outreach) {
        wrong.push_back("a live outreach vanished");
    }
    if (opted_out(before.contact) && !opted_out(t.next.contact)) {
        wrong.push_back("an opt-out was forgotten");
    }
    check_prompt(before, event, t.next, wrong);
    check_messages(before, event, t.next, wrong);
    check_end(before, event, t.next, wrong);
    return wrong;
}

const Plan& shipped_plan() {
    static const Plan plan = read_plan();
    return plan;
}

World::World() : now{instant(first_day, DayTime{10 * 60}, kolkata)} {
    c.contact = {.id = ContactId{1},
                 .name = "Amara Iyer",
                 .addresses = {{AddressKind::phone, "+919876543210"}},
                 .owner = maya,
                 .language = "en",
                 .zones = {std::string{kolkata}},
                 .zone_source = ZoneSource::number,
                 .region = "IN",
                 .consent = Consent{"signup form", now - std::chrono::days{30},
                                    "Yes, you may write to me."}};
}

// ---- making things happen ----

Case World::loaded_with(MessageId id) const {
    Case loaded = c;
    if (find(loaded.messages, id) == nullptr && outbox.contains(id)) {
        loaded.messages.push_back(outbox.at(id));
        std::ranges::sort(loaded.messages, {}, &Message::id);
    }
    return loaded;
}

void World::happens(const Event& event) {
    const auto about = message_of(event);
    const Case before = about ? loaded_with(*about) : c;
    last = decide(plan, before, event, now);
    judge(before, event);
    c = last.next;
    tell_news(before);
    store();
    work_the_network();
}

void World::judge(const Case& before, const Event& event) const {
    for (const std::string& wrong : wrong_with(before, event, last, now)) {
        FAIL(clock(now) << ": " << wrong);
    }
}

// What the store does between events: numbers what is new, forgets what is closed, keeps only this
// round's messages at hand.
void World::store() {
    if (c.outreach && !c.outreach->id) {
        c.outreach->id.value = ++ids_;
    }
    if (c.prompt && !c.prompt->id) {
        c.prompt->id.value = ++ids_;
    }
    for (Message& m : c.messages) {
        if (!m.id && m.state == MessageState::cancelled) {
            continue;
        }
        if (!m.id) {
            m.id.value = ++ids_;
            m.outreach = m.outreach ? m.outreach : c.outreach->id;
            for (const auto& [id, other] : outbox) {
                if (other.outreach == m.outreach && other.round == m.round &&
                    other.step == m.step && other.state != MessageState::cancelled) {
                    FAIL(clock(now)
                         << ": the same step of a round was asked for twice (I2): step " << m.step);
                }
            }
        }
        outbox[m.id] = m;
    }
    if (c.prompt) {
        c.prompt->outreach = c.outreach->id;
    }
    if (c.outreach && !live(*c.outreach)) {
        ended = c.outreach;
        c.outreach.reset();
    }
    if (c.prompt && !c.prompt->open) {
        c.prompt.reset();
    }
    c.messages.clear();
    for (const auto& [id, m] : outbox) {
        if (c.outreach && m.outreach == c.outreach->id && m.round == c.outreach->round) {
            c.messages.push_back(m);
        }
    }
}

void World::work_the_network() {
    if (network == Network::off) {
        return;
    }
    const Network how = std::exchange(network, Network::off);  // not while it is at work
    for (bool any = true; any;) {
        any = false;
        for (const auto& [id, m] : std::map{outbox}) {
            if (m.state == MessageState::queued && m.not_before <= now &&
                outbox.at(id).state == MessageState::queued) {
                any = true;
                if (!claims(id)) {
                    continue;
                }
                settles(id, SendSettled::How::accepted, fact_accepted(now));
                if (how == Network::delivers) {
                    learns(id, fact_delivered(now));
                }
            }
        }
    }
    network = how;
}

void World::advance_to(Timestamp to) {
    REQUIRE(to >= now);
    int at_once = 0;
    while (true) {
        std::optional<Timestamp> due;
        if (c.outreach) {
            due = c.outreach->wake_at;
        }
        if (network != Network::off) {
            for (const auto& [id, m] : outbox) {
                if (m.state == MessageState::queued) {
                    due = std::min(due.value_or(m.not_before), m.not_before);
                }
            }
        }
        if (!due || *due > to) {
            break;
        }
        at_once = *due <= now ? at_once + 1 : 0;
        if (at_once > 20) {
            FAIL(clock(now) << ": it wakes again and again");
        }
        now = std::max(now, *due);
        work_the_network();
        if (c.outreach && c.outreach->wake_at <= now) {
            happens(Woke{});
        }
    }
    now = to;
}

void World::enrol(Network with) {
    network = with;
    happens(Enrolled{"gentle"});
    REQUIRE(refused() == "");
    advance_to(now);
}

void World::warm() {
    enrol(Network::delivers);
    REQUIRE(phase() == "warming");
}

void World::call_is_due() {
    warm();
    advance(std::chrono::minutes{45});
    REQUIRE(prompt() == "silent");
}

void World::on_call() {
    call_is_due();
    happens(Dialled{maya});
    REQUIRE(phase() == "on_call");
}

void World::reply(std::string words, ReplyKind kind) {
    happens(Replied{.at = now,
                    .channel = whatsapp,
                    .from = c.contact.addresses.front(),
                    .kind = kind,
                    .words = std::move(words)});
}

void World::logs(Reached reached, bool leave_message, const RepId& by) {
    happens(Disposed{by, {.reached = reached, .leave_message = leave_message}});
}

void World::logs(Said said, std::optional<Timestamp> next_at, std::string topic, const RepId& by) {
    happens(Disposed{
        by,
        {.reached = Reached::human, .said = said, .next_at = next_at, .topic = std::move(topic)}});
}

void World::add_sms() {
    plan.channels.push_back({.id = sms, .provider = "twilio", .medium = Medium::sms});
}

// ---- the sender's side ----

MessageId World::newest() const {
    REQUIRE(!outbox.empty());
    return outbox.rbegin()->first;
}

bool World::claims(MessageId id) {
    REQUIRE(outbox.at(id).state == MessageState::queued);
    if (const Verdict verdict = may_go(id); !verdict.go()) {
        happens(GateRefused{id, verdict});
        return false;
    }
    const bool confirmation = outbox.at(id).kind == MessageKind::stop_confirmation;
    if (opted_out(c.contact) && !confirmation) {
        FAIL("a text was let go to somebody who said stop (I4)");
    }
    Message& m = outbox.at(id);
    m.state = MessageState::claimed;
    m.facts.claimed = now;
    for (Message& here : c.messages) {
        if (here.id == id) {
            here = m;
        }
    }
    return true;
}

void World::settles(MessageId id, SendSettled::How how, Facts facts,
                    std::optional<Timestamp> again_at) {
    happens(SendSettled{id, how, std::move(facts), again_at});
}

void World::sends(MessageId id) {
    REQUIRE(claims(id));
    settles(id, SendSettled::How::accepted, fact_accepted(now));
}

void World::delivers(MessageId id) {
    sends(id);
    learns(id, fact_delivered(now));
}

// ---- looking ----

std::string World::phase() const {
    return c.outreach ? std::string{to_string(c.outreach->phase)} : ended ? "closed" : "none";
}
std::string World::prompt() const {
    return c.prompt ? std::string{to_string(c.prompt->kind)} : std::string{};
}
std::string World::next() const {
    return c.outreach ? std::string{to_string(c.outreach->next.kind)} : std::string{};
}

std::string World::why() const {
    if (c.outreach) {
        const auto* held = std::get_if<Held>(&c.outreach->phase);
        return held == nullptr ? std::string{} : std::string{to_string(held->reason)};
    }
    return ended ? std::string{to_string(std::get<Closed>(ended->phase).reason)} : std::string{};
}

std::vector<std::string> World::messages() const {
    std::vector<std::string> all;
    for (const Message& m : c.messages) {
        all.push_back(fmt::format("{} {}", to_string(m.kind), to_string(m.state)));
    }
    return all;
}

std::string World::state(MessageId id) const {
    return std::string{to_string(outbox.at(id).state)};
}

bool World::noted(std::string_view what) const {
    return std::ranges::any_of(last.effects, [&](const Effect& effect) {
        const auto* noted = std::get_if<Noted>(&effect);
        return noted != nullptr && noted->what == what;
    });
}

std::vector<std::string> World::told() const {
    std::vector<std::string> all;
    for (const Effect& effect : last.effects) {
        if (const auto* tell = std::get_if<TellRep>(&effect)) {
            all.push_back(tell->rep.value + ": " +
                          (tell->what == TellRep::What::prompt ? "prompt" : tell->text));
        }
    }
    return all;
}

std::string World::refused() const {
    return last.refusal ? to_string(last.refusal->code) : std::string{};
}

Timestamp World::at(int day, int hour, int minute) const {
    const std::chrono::sys_days then =
        std::chrono::sys_days{first_day} + std::chrono::days{day - 1};
    return instant(std::chrono::year_month_day{then}, DayTime{hour * 60 + minute},
                   c.contact.zones.empty() ? kolkata : std::string_view{c.contact.zones.front()});
}

std::string World::clock(Timestamp t) const {
    const LocalTime there =
        local(t, c.contact.zones.empty() ? kolkata : std::string_view{c.contact.zones.front()});
    const auto days = std::chrono::sys_days{there.day} - std::chrono::sys_days{first_day};
    return fmt::format("day {} {:02}:{:02}", days.count() + 1, there.minutes / 60,
                       there.minutes % 60);
}

// ---- what came of it, as a story has it ----

void World::tell_news(const Case& before) {
    if (last.refusal) {
        news.push_back("refused " + to_string(last.refusal->code));
        return;
    }
    for (const Message& m : c.messages) {
        const Message* was = find(before.messages, m.id);
        const auto channel = std::ranges::find(plan.channels, m.channel, &Channel::id);
        const bool by_sms = channel != plan.channels.end() && channel->medium == Medium::sms;
        if (was == nullptr && m.state == MessageState::queued) {
            news.push_back(
                fmt::format("send {} ({})", to_string(m.kind), by_sms ? "sms" : "whatsapp"));
        }
        if (was != nullptr && was->state != m.state && m.state == MessageState::cancelled) {
            news.push_back(fmt::format("cancel {}", to_string(m.kind)));
        }
    }
    const bool is_open = c.prompt && c.prompt->open;
    const bool was_open = before.prompt && before.prompt->open;
    if (is_open && (!was_open || before.prompt->kind != c.prompt->kind)) {
        news.push_back(fmt::format("prompt {}", to_string(c.prompt->kind)));
    }
    for (const Effect& effect : last.effects) {
        if (const auto* tell = std::get_if<TellRep>(&effect)) {
            news.push_back(tell->what == TellRep::What::prompt
                               ? "ring " + tell->rep.value
                               : "tell " + tell->rep.value + " \"" + tell->text + "\"");
        }
    }
    if (!c.outreach) {
        return;
    }
    const bool moved = !before.outreach ||
                       before.outreach->phase.index() != c.outreach->phase.index() ||
                       before.outreach->wake_at != c.outreach->wake_at;
    const Phase& phase = c.outreach->phase;
    if (const auto* closed = std::get_if<Closed>(&phase)) {
        news.push_back(fmt::format("end {}", to_string(closed->reason)));
    } else if (moved && std::holds_alternative<Held>(phase)) {
        news.push_back("hold until " + clock(c.outreach->wake_at));
    } else if (moved && c.outreach->wake_at > now &&
               (std::holds_alternative<Waiting>(phase) || std::holds_alternative<Planned>(phase))) {
        news.push_back("wake " + clock(c.outreach->wake_at));
    } else if (moved && was_open && !is_open && std::holds_alternative<Warming>(phase)) {
        news.push_back("prompt taken back");
    }
}

// ---- small words ----

Facts fact_accepted(Timestamp at) {
    return {.accepted = at, .provider_id = "wamid.1"};
}
Facts fact_sent(Timestamp at) {
    return {.sent = at};
}
Facts fact_delivered(Timestamp at) {
    return {.delivered = at};
}
Facts fact_read(Timestamp at) {
    return {.read = at};
}
Facts fact_failed(Timestamp at, int code, FailureClass kind) {
    return {.failed = Failure{at, code, kind}};
}

std::string to_string(Refusal::Code code) {
    switch (code) {
        case Refusal::Code::none_live:
            return "none_live";
        case Refusal::Code::has_live:
            return "has_live";
        case Refusal::Code::no_consent:
            return "no_consent";
        case Refusal::Code::no_address:
            return "no_address";
        case Refusal::Code::suppressed:
            return "suppressed";
        case Refusal::Code::unknown_cadence:
            return "unknown_cadence";
        case Refusal::Code::wrong_phase:
            return "wrong_phase";
        case Refusal::Code::taken:
            return "taken";
        case Refusal::Code::next_action_missing:
            return "next_action_missing";
        case Refusal::Code::not_a_disposition:
            return "not_a_disposition";
        case Refusal::Code::late:
            return "late";
        case Refusal::Code::template_unfit:
            return "template_unfit";
        case Refusal::Code::gate:
            return "gate";
    }
    return "?";
}

}  // namespace warmcall::core
