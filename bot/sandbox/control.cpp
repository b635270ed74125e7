#include "sandbox/control.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "sandbox/exchange.hpp"
#include "sandbox/fields.hpp"
#include "sandbox/numbers.hpp"
#include "sandbox/whatsapp/cloud.hpp"
#include "sandbox/whatsapp/events.hpp"

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;
using net::Incoming;
using net::Outgoing;

constexpr int a_day_ms = 86'400'000;
constexpr std::size_t replies_max = 10'000;
constexpr std::size_t rules_max = 1000;

Error expected(std::string what) {
    return {Errc::bad_input, std::move(what) + " was expected"};
}

constexpr const char* a_number = "a phone number with its country code, like +61491570156,";

Person* needed_person(Parts& parts, Fields& fields, const char* key) {
    const auto found = parts.people.person_at(fields.text(key));
    if (!found)
        fields.fail(key, a_number);
    return found ? *found : nullptr;
}

// The channel that is named, or else the one they were last written to on, or else the first.
Line* line_to(Parts& parts, Fields& fields, const Person* who) {
    std::string id = fields.text("channel");
    if (id.empty() && who != nullptr) {
        if (const Bubble* last = parts.people.last_to(who->wa_id))
            id = last->channel;
    }
    Line* found = id.empty() ? parts.lines.front().get() : parts.line(id);
    if (found == nullptr)
        fields.fail("channel", "the id of a channel that is played here");
    return found;
}

// The channel of the WhatsApp Cloud API that is named, or else the first.
Line* whatsapp_line(Parts& parts, Fields& fields) {
    const std::string id = fields.text("channel");
    for (const auto& line : parts.lines) {
        if (line->cloud() != nullptr && (id.empty() || line->options.id == id))
            return line.get();
    }
    fields.fail("channel", "a channel of whatsapp_cloud that is played here");
    return nullptr;
}

void post(Parts& parts, Line* line, std::function<std::optional<Change>(Timestamp)> change,
          Timestamp due, const std::string& lane, int copies) {
    Update update;
    update.line = line;
    update.change = std::move(change);
    parts.office.post(std::move(update), due, lane, static_cast<std::size_t>(copies));
}

void post_field(Parts& parts, Line* line, const std::string& field,
                std::function<Json(Timestamp)> value, const std::string& lane) {
    post(
        parts, line,
        [field, value = std::move(value)](Timestamp at) { return Change{field, value(at), {}}; },
        parts.clock.now(), lane, 1);
}

// -- what people do
// ------------------------------------------------------------------------------------------------

const Bubble* about_of(Parts& parts, Fields& fields, const Person& from, const Line* line) {
    const std::string about = fields.text("about");
    if (about.empty() && !fields.has("tap"))
        return nullptr;
    const std::string channel = line == nullptr ? "" : line->options.id;
    const Bubble* found = about.empty() || about == "last"
                              ? parts.people.last_to(from.wa_id, channel)
                              : parts.people.find(about);
    if (found == nullptr)
        fields.fail(
            "about",
            "a wamid the sandbox knows, or \"last\" when something was sent to that number,");
    return found;
}

// {"tap": 0} on a message with buttons becomes the reply that such a tap makes.
void tap(Fields& fields, const Bubble* about, Json& wanted) {
    if (!fields.has("tap"))
        return;
    const auto place = static_cast<std::size_t>(fields.whole("tap", 0, 0, 9));
    if (about == nullptr || place >= about->buttons.size()) {
        fields.fail("tap", "the place of a button on that message, 0 is the first,");
        return;
    }
    const std::string& label = about->buttons[place];
    const std::string& payload = about->payloads[place];
    if (about->type == "template") {
        wanted["type"] = "button";
        wanted["text"] = label;
        wanted["payload"] = payload;
    } else {
        wanted["type"] = about->shape == "list" ? "list_reply" : "button_reply";
        wanted["id"] = payload;
        wanted["title"] = label;
    }
}

// The words of a gateway's answer that the provider takes for an answer to the person.
void heard(Parts& parts, const Line& line, const std::string& wa_id, const Change& change,
           const HttpResponse& answer) {
    const std::string words = line.words_in(change, answer);
    if (words.empty())
        return;
    Bubble bubble;
    bubble.channel = line.options.id;
    bubble.wa_id = wa_id;
    bubble.ours = true;
    bubble.type = "text";
    bubble.text = words;
    bubble.at = parts.clock.now();
    bubble.id = line.new_id(parts.people.person(wa_id), parts.next_number());
    parts.ledger.add("accepted", Json{{"channel", line.options.id},
                                      {"to", "+" + wa_id},
                                      {"wa_id", wa_id},
                                      {"type", "answer_to_webhook"},
                                      {"id", bubble.id},
                                      {"text", words}});
    parts.people.wrote(std::move(bubble));
}

void read_reply_keys(Fields& fields) {
    for (const char* key : {"type", "text", "payload", "id", "title", "description", "emoji",
                            "response", "filename", "phone"})
        fields.text(key);
    fields.number("latitude", 0, -90, 90);
    fields.number("longitude", 0, -180, 180);
    fields.flag("forwarded", false);
    fields.any("referral");
}

Result<Json> reply(Parts& parts, const Json& given) {
    Fields fields{given};
    Person* from = needed_person(parts, fields, "from");
    Line* line = line_to(parts, fields, from);
    const std::string name = fields.text("name");
    const int copies = fields.whole("copies", 1, 1, 1000);
    const int delay = fields.whole("delay_ms", 0, 0, a_day_ms);
    read_reply_keys(fields);
    const Bubble* about = from == nullptr ? nullptr : about_of(parts, fields, *from, line);
    Json wanted = given;
    tap(fields, about, wanted);
    if (auto read = fields.finish(); !read)
        return read.error();

    Bubble bubble;
    bubble.channel = line->options.id;
    bubble.wa_id = from->wa_id;
    bubble.id = line->new_id(*from, parts.next_number());
    bubble.at = parts.clock.now();
    if (!name.empty())
        from->name = name;
    const auto change = line->reply(wanted, *from, about, bubble);
    if (!change)
        return change.error();
    const std::string id = bubble.id;
    const std::string wa_id = from->wa_id;
    parts.people.heard(std::move(bubble), parts.clock.now());
    Update update;
    update.line = line;
    update.change = [change = *change](Timestamp) { return change; };
    update.heard = [&parts, line, wa_id](const Change& said, const HttpResponse& answer) {
        heard(parts, *line, wa_id, said, answer);
    };
    parts.office.post(std::move(update), parts.clock.now() + Duration{delay}, wa_id,
                      static_cast<std::size_t>(copies));
    return Json{{"id", id}, {"wamid", id}, {"wa_id", wa_id}, {"channel", line->options.id}};
}

Result<Json> replies(Parts& parts, const Json& given) {
    const auto list = given.find("replies");
    if (list == given.end())
        return reply(parts, given);
    if (!list->is_array() || list->size() > replies_max)
        return expected("replies: a list of at most " + std::to_string(replies_max) + " replies");
    Json ids = Json::array();
    for (const Json& one : *list) {
        const auto done = reply(parts, one);
        if (!done)
            return Error{done.error().code, "replies[" + std::to_string(ids.size()) +
                                                "]: " + done.error().message +
                                                "; those before it were sent"};
        ids.push_back((*done)["wamid"]);
    }
    return Json{{"wamids", ids}};
}

Result<Json> call(Parts& parts, const Json& given) {
    Fields fields{given};
    Person* from = needed_person(parts, fields, "from");
    Line* line = line_to(parts, fields, from);
    const std::string name = fields.text("name");
    const int duration = fields.whole("duration_s", 0, 0, 86'400);
    const std::size_t events = fields.word("events", 2, {"connect", "terminate", "both"});
    if (auto read = fields.finish(); !read)
        return read.error();
    if (!name.empty())
        from->name = name;
    const Timestamp now = parts.clock.now();
    const std::string id = line->call_id(*from, parts.next_number());
    if (!line->call(*from, "connect", id, now, duration))
        return Error{Errc::refused, "nobody can call over channel \"" + line->options.id + "\""};
    const auto plan = [&](const std::string& event, Timestamp due) {
        Update update;
        update.line = line;
        update.change = [line, person = *from, event, id, duration](Timestamp at) {
            return line->call(person, event, id, at, duration);
        };
        if (event == "connect")
            update.heard = [&parts, id](const Change&, const HttpResponse& answer) {
                parts.ledger.add("caller_hears", Json{{"call", id}, {"body", answer.body}});
            };
        parts.office.post(std::move(update), due, from->wa_id, 1);
    };
    if (events != 1)
        plan("connect", now);
    if (events != 0)
        plan("terminate", now + 1ms);
    Bubble bubble;
    bubble.id = id;
    bubble.channel = line->options.id;
    bubble.wa_id = from->wa_id;
    bubble.type = "call";
    bubble.text = duration > 0 ? "Call, " + std::to_string(duration) + " s" : "Missed call";
    bubble.at = now;
    const std::string wa_id = from->wa_id;
    parts.people.heard(std::move(bubble), now);  // a call opens the window as well
    return Json{{"call_id", id}, {"wa_id", wa_id}};
}

Result<Json> stop_marketing(Parts& parts, const Json& given) {
    Fields fields{given};
    Person* from = needed_person(parts, fields, "from");
    Line* line = whatsapp_line(parts, fields);
    const bool resume = fields.word("value", 0, {"stop", "resume"}) == 1;
    if (auto read = fields.finish(); !read)
        return read.error();
    from->marketing_stopped = !resume;
    post_field(
        parts, line, "user_preferences",
        [line, person = *from, word = std::string{resume ? "resume" : "stop"}](Timestamp at) {
            return preference_change(line->cloud()->account, person, word, at);
        },
        from->wa_id);
    return Json{{"wa_id", from->wa_id}, {"marketing_stopped", from->marketing_stopped}};
}

Result<Json> number_change(Parts& parts, const Json& given) {
    Fields fields{given};
    Person* from = needed_person(parts, fields, "from");
    Line* line = whatsapp_line(parts, fields);
    const std::string to = fields.needed_text("to");
    if (auto read = fields.finish(); !read)
        return read.error();
    std::string old_wa_id;
    const auto moved = parts.people.move(*from, to, old_wa_id);
    if (!moved)
        return moved.error();
    const std::string wamid = line->new_id(*from, parts.next_number());
    post_field(
        parts, line, "messages",
        [line, old_wa_id, person = **moved, wamid](Timestamp at) {
            return number_changed(line->cloud()->account, old_wa_id, person, wamid, at);
        },
        old_wa_id);
    return Json{{"from", old_wa_id}, {"wa_id", (*moved)->wa_id}, {"wamid", wamid}};
}

bool window_open(const Person& person, Timestamp now) {
    return std::ranges::any_of(
        person.wrote_at, [&](const auto& entry) { return person.window_open(entry.first, now); });
}

Json shown(const Person& person, Timestamp now) {
    Json out{{"phone", "+" + person.wa_id},
             {"name", person.name},
             {"wa_id", person.wa_id},
             {"user_id", person.user_id},
             {"rep", person.rep},
             {"on_whatsapp", person.on_whatsapp},
             {"marketing_stopped", person.marketing_stopped},
             {"window_open", window_open(person, now)}};
    if (!person.username.empty())
        out["username"] = person.username;
    if (!person.opted_out.empty())
        out["opted_out"] = person.opted_out;
    return out;
}

Result<Json> contact(Parts& parts, const Json& given) {
    Fields fields{given};
    Person* person = needed_person(parts, fields, "phone");
    Person changed = person == nullptr ? Person{} : *person;
    changed.name = fields.text("name", changed.name);
    changed.username = fields.text("username", changed.username);
    changed.hides_phone = fields.flag("hides_phone", changed.hides_phone);
    changed.rep = fields.flag("rep", changed.rep);
    changed.on_whatsapp = fields.flag("on_whatsapp", changed.on_whatsapp);
    changed.marketing_stopped = fields.flag("marketing_stopped", changed.marketing_stopped);
    const std::vector<std::string> calls{"completed", "no-answer", "busy", "failed"};
    if (fields.has("on_call"))
        changed.on_call = calls[fields.word("on_call", 0, calls)];
    changed.presses_key = fields.flag("presses_key", changed.presses_key);
    changed.talks_s = fields.whole("talks_s", changed.talks_s, 0, 86'400);
    const std::size_t window = fields.word("window", 2, {"open", "closed", "as it is"});
    if (auto read = fields.finish(); !read)
        return read.error();
    const Timestamp now = parts.clock.now();
    if (window < 2)
        changed.wrote_at.clear();
    for (const auto& line : parts.lines) {
        if (window == 0)
            changed.wrote_at[line->options.id] = now;
    }
    *person = changed;
    return shown(changed, now);
}

// -- what WhatsApp and the business do
// -----------------------------------------------------------------------------

Result<Json> status(Parts& parts, const Json& given) {
    Fields fields{given};
    const std::string other_key = fields.text("wamid");
    const std::string id = fields.text("id", other_key);
    const std::string channel = fields.text("channel");
    const Bubble* about = id.empty() ? nullptr : parts.people.find(id);
    if (id.empty()) {
        if (Person* to = needed_person(parts, fields, "to"))
            about = parts.people.last_to(to->wa_id, channel);
    }
    const std::string word = fields.needed_text("status");
    const int code = fields.whole("code", 0, 0, 9'999'999);
    const int delay = fields.whole("delay_ms", 0, 0, a_day_ms);
    const int copies = fields.whole("copies", 1, 1, 1000);
    if (auto read = fields.finish(); !read)
        return read.error();
    if (about == nullptr || !about->ours)
        return expected(
            "wamid of a message the business sent (or `to`, for the last one to that number)");
    const Line* line = parts.line(about->channel);
    plan_status(parts, *about, word, code == 0 && word == "failed" ? line->usual_code() : code,
                parts.clock.now() + Duration{delay}, copies);
    return Json{{"id", about->id}, {"wamid", about->id}, {"status", word}};
}

Result<Json> echo(Parts& parts, const Json& given) {
    Fields fields{given};
    Person* to = needed_person(parts, fields, "to");
    Line* line = whatsapp_line(parts, fields);
    Bubble bubble;
    bubble.text = fields.needed_text("text");
    if (auto read = fields.finish(); !read)
        return read.error();
    bubble.id = line->new_id(*to, parts.next_number());
    bubble.channel = line->options.id;
    bubble.wa_id = to->wa_id;
    bubble.ours = true;
    bubble.type = "text";
    bubble.at = parts.clock.now();
    const Json change = echo_change(line->cloud()->account, *to, bubble);
    post_field(
        parts, line, "smb_message_echoes", [change](Timestamp) { return change; }, to->wa_id);
    return Json{{"wamid", parts.people.wrote(std::move(bubble)).id}};
}

void tell_template(Parts& parts, Line* line, const std::string& field, const Json& value) {
    post_field(parts, line, field, [value](Timestamp) { return value; }, "templates");
}

void change_status(Parts& parts, Line* line, Template& known, const std::string& event,
                   const std::string& reason, const std::string& other_title) {
    known.status = event == "REINSTATED" ? "APPROVED" : event == "FLAGGED" ? known.status : event;
    known.rejected_reason = event == "REJECTED" ? reason : "NONE";
    tell_template(parts, line, "message_template_status_update",
                  template_status(known, event, reason, other_title));
}

Result<Json> template_event(Parts& parts, const Json& given) {
    static const std::vector<std::string> events{
        "APPROVED",   "ARCHIVED",         "DELETED", "DISABLED", "FLAGGED",
        "IN_APPEAL",  "LIMIT_EXCEEDED",   "LOCKED",  "PAUSED",   "PENDING",
        "REINSTATED", "PENDING_DELETION", "REJECTED"};
    Fields fields{given};
    Line* line = whatsapp_line(parts, fields);
    const std::string name = fields.needed_text("name");
    const std::string language = fields.needed_text("language");
    const bool has_event = fields.has("event");
    const std::string event = events[fields.word("event", 0, events)];
    const std::string reason = fields.text("reason", "NONE");
    const std::string other_title = fields.text("title");
    const std::string quality = fields.text("quality");
    const std::string category = fields.text("category");
    if (auto read = fields.finish(); !read)
        return read.error();
    Template* known = line->cloud()->templates.find(name, language);
    if (known == nullptr)
        return Error{Errc::not_found, "there is no template of that name and language here"};
    if (!has_event && quality.empty() && category.empty())
        return expected("event, quality or category");
    if (has_event)
        change_status(parts, line, *known, event, reason, other_title);
    if (!quality.empty()) {
        const std::string before = std::exchange(known->quality, quality);
        tell_template(parts, line, "message_template_quality_update",
                      template_quality(*known, before));
    }
    if (!category.empty()) {
        const std::string before = std::exchange(known->category, category);
        tell_template(parts, line, "template_category_update", template_category(*known, before));
    }
    return sandbox::shown(*known);
}

Result<Json> add_templates(Parts& parts, const Json& given) {
    const auto found =
        read_templates(given.is_array() ? given.dump() : Json::array({given}).dump());
    if (!found)
        return found.error();
    for (const auto& line : parts.lines) {
        for (const Template& made : *found)
            line->know(made);
    }
    Json ids = Json::array();
    for (const auto& line : parts.lines) {
        if (line->cloud() == nullptr)
            continue;
        for (const Template& made : *found)
            ids.push_back(
                std::to_string(line->cloud()->templates.find(made.name, made.language)->id));
        break;
    }
    return Json{{"ids", ids}};
}

Result<Json> account_event(Parts& parts, const Json& given) {
    Fields fields{given};
    Line* line = whatsapp_line(parts, fields);
    const std::string field = fields.needed_text("field");
    const Json value = fields.any("value");
    if (!value.is_object())
        fields.fail("value", "an object, as the webhook is to carry it,");
    if (auto read = fields.finish(); !read)
        return read.error();
    post_field(parts, line, field, [value](Timestamp) { return value; }, "account");
    return Json{{"field", field}};
}

// -- the script, the clock, the settings
// ---------------------------------------------------------------------------

Json all_rules(const Parts& parts) {
    Json list = Json::array();
    for (const Rule& rule : parts.script.rules())
        list.push_back(sandbox::shown(rule));
    return Json{{"rules", list}};
}

Result<Json> add_rules(Parts& parts, const Json& given) {
    const auto list = given.find("rules");
    const Json wanted = list == given.end() ? Json::array({given}) : *list;
    if (!wanted.is_array() || wanted.size() + parts.script.rules().size() > rules_max)
        return expected("rules: a list of at most " + std::to_string(rules_max) + " rules in all");
    std::vector<Rule> read;
    for (const Json& one : wanted) {
        auto rule = read_rule(one);
        if (!rule)
            return Error{rule.error().code,
                         "rule " + std::to_string(read.size() + 1) + ": " + rule.error().message};
        read.push_back(*std::move(rule));
    }
    for (Rule& rule : read)  // all or none
        parts.script.add(std::move(rule));
    return all_rules(parts);
}

Json clock(const Parts& parts) {
    return Json{{"now", core::unix_ms(parts.clock.now())},
                {"ahead_s", static_cast<double>(parts.clock.ahead().count()) / 1000}};
}

Result<Json> advance(Parts& parts, const Json& given) {
    Fields fields{given};
    const double seconds = fields.number("advance_s", 0, 0, 400.0 * 86'400);
    if (!fields.has("advance_s"))
        fields.fail("advance_s", "how many seconds to jump ahead");
    if (auto read = fields.finish(); !read)
        return read.error();
    parts.clock.advance(Duration{static_cast<Duration::rep>(seconds * 1000)});
    parts.office.look_again();
    return clock(parts);
}

const std::vector<std::string> shapes{"changes", "entries", "values"};
const std::vector<std::string> closed_windows{"failed-later", "refused-at-once"};

Json settings(const Parts& parts) {
    const Posting& posting = parts.office.posting;
    const Behaviour& usual = parts.behaviour;
    return Json{{"webhook_url", parts.lines.front()->options.webhook_url},
                {"batch_max", posting.batch_max},
                {"batch_shape", shapes[static_cast<std::size_t>(posting.shape)]},
                {"hold_webhooks", posting.hold},
                {"retry_factor", posting.retry_factor},
                {"receipts", usual.receipts},
                {"sent_after_ms", usual.sent_after.count()},
                {"delivered_after_ms", usual.delivered_after.count()},
                {"read_after_ms", usual.read_after.count()},
                {"read_share", usual.read_share},
                {"closed_window", closed_windows[static_cast<std::size_t>(usual.closed_window)]},
                {"pair_limit", usual.pair_limit},
                {"sends_per_second_max", usual.sends_per_second_max},
                {"users_per_day_max", usual.users_per_day_max},
                {"approve_templates_at_once", usual.approve_templates_at_once},
                {"token_valid", usual.token_valid}};
}

// Where one channel's webhooks go; the first channel's, when none is named.
void read_webhook_url(Fields& fields, const Line& line, std::string& url) {
    url = fields.text("webhook_url", line.options.webhook_url);
    if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://"))
        fields.fail("webhook_url", "an address that begins with http:// or https://");
}

void read_posting(Fields& fields, Posting& posting) {
    posting.batch_max = static_cast<std::size_t>(
        fields.whole("batch_max", static_cast<int>(posting.batch_max), 1, 1000));
    posting.shape = static_cast<BatchShape>(
        fields.word("batch_shape", static_cast<std::size_t>(posting.shape), shapes));
    posting.hold = fields.flag("hold_webhooks", posting.hold);
    posting.retry_factor = fields.number("retry_factor", posting.retry_factor, 0, 100);
}

Duration read_ms(Fields& fields, const char* key, Duration now) {
    return Duration{fields.whole(key, static_cast<int>(now.count()), 0, a_day_ms)};
}

void read_behaviour(Fields& fields, Behaviour& usual) {
    usual.receipts = fields.flag("receipts", usual.receipts);
    usual.sent_after = read_ms(fields, "sent_after_ms", usual.sent_after);
    usual.delivered_after = read_ms(fields, "delivered_after_ms", usual.delivered_after);
    usual.read_after = read_ms(fields, "read_after_ms", usual.read_after);
    usual.read_share = fields.number("read_share", usual.read_share, 0, 1);
    const auto now = static_cast<std::size_t>(usual.closed_window);
    usual.closed_window =
        static_cast<Behaviour::ClosedWindow>(fields.word("closed_window", now, closed_windows));
    usual.pair_limit = fields.flag("pair_limit", usual.pair_limit);
    usual.sends_per_second_max =
        fields.number("sends_per_second_max", usual.sends_per_second_max, 0, 1e9);
    usual.users_per_day_max = static_cast<std::size_t>(fields.whole(
        "users_per_day_max", static_cast<int>(usual.users_per_day_max), 0, 10'000'000));
    usual.approve_templates_at_once =
        fields.flag("approve_templates_at_once", usual.approve_templates_at_once);
    usual.token_valid = fields.flag("token_valid", usual.token_valid);
}

Result<Json> change_settings(Parts& parts, const Json& given) {
    Fields fields{given};
    Posting posting = parts.office.posting;
    Behaviour usual = parts.behaviour;
    Line* line = line_to(parts, fields, nullptr);
    std::string webhook_url;
    if (line != nullptr)
        read_webhook_url(fields, *line, webhook_url);
    read_posting(fields, posting);
    read_behaviour(fields, usual);
    if (auto read = fields.finish(); !read)
        return read.error();
    line->options.webhook_url = webhook_url;
    parts.office.posting = posting;
    parts.behaviour = usual;
    parts.office.look_again();
    return settings(parts);
}

// -- looking
// -------------------------------------------------------------------------------------------------------

Json shown(const Parts& parts, const Bubble& bubble) {
    const Line* line = parts.line(bubble.channel);
    Json steps = Json::array();
    for (const Step& step : bubble.steps) {
        Json one{{"status", step.status}, {"at", core::unix_ms(step.at)}};
        if (step.code != 0) {
            one["code"] = step.code;
            one["title"] = line == nullptr ? "" : line->title(step.code);
        }
        steps.push_back(std::move(one));
    }
    Json out{{"number", bubble.number},
             {"revision", bubble.revision},
             {"id", bubble.id},
             {"wamid", bubble.id},
             {"channel", bubble.channel},
             {"wa_id", bubble.wa_id},
             {"from", bubble.ours ? "business" : "contact"},
             {"type", bubble.type},
             {"text", bubble.text},
             {"at", core::unix_ms(bubble.at)},
             {"steps", std::move(steps)}};
    if (!bubble.buttons.empty())
        out["buttons"] = bubble.buttons;
    if (bubble.ours && !bubble.payloads.empty())
        out["payloads"] = bubble.payloads;
    if (!bubble.template_name.empty())
        out["template"] = bubble.template_name;
    if (!bubble.about.empty())
        out["about"] = bubble.about;
    if (!bubble.token.empty())
        out["token"] = bubble.token;
    return out;
}

struct Asked {
    std::vector<Header> pairs;
    std::string text(std::string_view name) const {
        const auto found = std::ranges::find(pairs, name, &Header::name);
        return found == pairs.end() ? "" : found->value;
    }
    Result<std::uint64_t> number(std::string_view name, std::uint64_t otherwise) const {
        const std::string given = text(name);
        if (given.empty())
            return otherwise;
        std::uint64_t value = 0;
        const auto [end, problem] =
            std::from_chars(given.data(), given.data() + given.size(), value);
        if (problem != std::errc{} || end != given.data() + given.size())
            return expected(std::string{name} + ": a whole number");
        return value;
    }
};

Result<Json> messages(Parts& parts, const Asked& asked) {
    const auto after = asked.number("after", 0);
    const auto limit = asked.number("limit", 500);
    if (!after || !limit)
        return !after ? after.error() : limit.error();
    std::string wa_id;
    if (const std::string phone = asked.text("phone"); !phone.empty()) {
        const auto digits = digits_of(phone);
        if (!digits)
            return expected(std::string{"phone: "} + a_number);
        wa_id = wa_id_of(*digits);
    }
    std::vector<const Bubble*> changed;
    for (const Bubble& bubble : parts.people.bubbles()) {
        if (bubble.revision > *after && (wa_id.empty() || bubble.wa_id == wa_id))
            changed.push_back(&bubble);
    }
    std::ranges::sort(changed, {}, &Bubble::revision);
    if (changed.size() > *limit)
        changed.resize(*limit);
    Json list = Json::array();
    for (const Bubble* bubble : changed)
        list.push_back(shown(parts, *bubble));
    return Json{{"now", core::unix_ms(parts.clock.now())},
                {"last", changed.empty() ? *after : changed.back()->revision},
                {"messages", std::move(list)}};
}

Result<Json> people(Parts& parts, const Asked&) {
    constexpr std::size_t shown_max = 1000;
    Json list = Json::array();
    for (const auto& [wa_id, person] : parts.people.all()) {
        if (list.size() < shown_max)
            list.push_back(shown(person, parts.clock.now()));
    }
    return Json{{"contacts", list}, {"count", parts.people.all().size()}};
}

Result<Json> ledger(Parts& parts, const Asked& asked) {
    const auto after = asked.number("after", 0);
    const auto limit = asked.number("limit", 1000);
    if (!after || !limit)
        return !after ? after.error() : limit.error();
    Ledger::Page page =
        parts.ledger.read(*after, asked.text("kind"), std::min<std::uint64_t>(*limit, 10'000));
    return Json{
        {"entries", std::move(page.entries)}, {"last", page.last}, {"end", parts.ledger.last()}};
}

Json channels(const Parts& parts) {
    Json list = Json::array();
    for (const auto& line : parts.lines) {
        Json one{{"id", line->options.id},
                 {"provider", line->options.provider},
                 {"phone", line->number()},
                 {"webhook_url", line->options.webhook_url},
                 {"medium", line->medium()}};
        if (const Cloud* cloud = line->cloud(); cloud != nullptr) {
            one["phone_number_id"] = cloud->account.phone_number_id;
            one["waba_id"] = cloud->account.waba_id;
        }
        list.push_back(std::move(one));
    }
    return list;
}

Result<Json> state(Parts& parts, const Asked&) {
    return Json{{"run", parts.first_number},  // another after each start
                {"clock", clock(parts)},
                {"webhooks_waiting", parts.office.waiting()},
                {"messages", parts.people.bubbles().size()},
                {"contacts", parts.people.all().size()},
                {"ledger_end", parts.ledger.last()},
                {"channels", channels(parts)},
                {"business", channels(parts).front()},
                {"settings", settings(parts)},
                {"rules", all_rules(parts)["rules"]}};
}

// -- routes
// --------------------------------------------------------------------------------------------------------

struct Deed {
    std::string_view path;
    Result<Json> (*run)(Parts&, const Json&);
    std::string_view words;
};

constexpr std::array deeds{
    Deed{
        "reply", replies,
        "{from, channel?, type?, text?, about?: id|\"last\", tap?, emoji?, name?, copies?, delay_ms?} or "
        "{replies: […]}: they write"},
    Deed{"call", call,
         "{from, channel?, duration_s?, events?: connect|terminate|both}: they call the business"},
    Deed{"stop-marketing", stop_marketing,
         "{from, value?: stop|resume}: the switch in WhatsApp itself"},
    Deed{"number-change", number_change, "{from, to}: they have a new number"},
    Deed{"contact", contact,
         "{phone, name?, rep?, on_whatsapp?, marketing_stopped?, username?, hides_phone?, window?: "
         "open|closed, on_call?: completed|no-answer|busy|failed, presses_key?, talks_s?}"},
    Deed{"status", status, "{id | to, channel?, status, code?, delay_ms?, copies?}: one receipt"},
    Deed{"echo", echo, "{to, text}: typed on the business phone itself"},
    Deed{"template", add_templates,
         "{name, language, category?, text, parameters?, quick_replies?, url?}, or a list: known "
         "and approved"},
    Deed{"template-event", template_event,
         "{name, language, event? | quality? | category?, reason?, title?}"},
    Deed{"account-event", account_event, "{field, value}: any other webhook of the account"},
    Deed{
        "rules", add_rules,
        "{channel?, to?, kind?, template?, nth?, probability?, times?, then, …} or {rules: […]}: added "
        "behind those there are"},
    Deed{"clock", advance, "{advance_s}: the sandbox's clock jumps ahead"},
    Deed{"settings", change_settings,
         "any of what GET settings shows; webhook_url with {channel?}"},
};

struct View {
    std::string_view path;
    Result<Json> (*run)(Parts&, const Asked&);
    std::string_view words;
};

Result<Json> help(Parts&, const Asked&);

constexpr std::array views{
    View{"", help, "this list"},
    View{"ledger", ledger, "?after=seq&kind=&limit=: what came and went"},
    View{"messages", messages, "?after=revision&phone=&limit=: the conversations, rendered"},
    View{"contacts", people, "who has written or was written to"},
    View{"state", state, "everything at a glance"},
    View{"rules", [](Parts& parts, const Asked&) { return Result<Json>{all_rules(parts)}; },
         "the script"},
    View{"settings", [](Parts& parts, const Asked&) { return Result<Json>{settings(parts)}; },
         "how it behaves"},
    View{"clock", [](Parts& parts, const Asked&) { return Result<Json>{clock(parts)}; },
         "the sandbox's clock"},
};

Result<Json> help(Parts&, const Asked&) {
    Json out = Json::object();
    for (const View& view : views)
        out["GET /_control/" + std::string{view.path}] = view.words;
    for (const Deed& deed : deeds)
        out["POST /_control/" + std::string{deed.path}] = deed.words;
    out["POST /_control/raw"] =
        "any body: signed and posted as it is; ?channel=, ?signature=right|wrong|none, "
        "?bytes=as-sent keeps the very bytes of JSON";
    out["POST /_control/flush"] =
        "{limit_s?}: all waiting webhooks now; answers when each was tried";
    out["POST /_control/handshake"] = "{verify_token?}: Meta's GET to the webhook";
    out["DELETE /_control/rules"] = "forget the script";
    return out;
}

int status_for(Errc code) {
    if (code == Errc::not_found)
        return 404;
    return code == Errc::conflict ? 409 : 400;
}

Outgoing outgoing(const Result<Json>& done) {
    Outgoing out;
    static_cast<HttpResponse&>(out) =
        done ? json_answer(200, *done)
             : json_answer(status_for(done.error().code), Json{{"error", done.error().message}});
    return out;
}

asio::awaitable<Result<Json>> flush(Parts& parts, const Json& given) {
    Fields fields{given};
    const int limit_s = fields.whole("limit_s", 30, 1, 300);
    if (auto read = fields.finish(); !read)
        co_return read.error();
    const PostOffice::Flushed counts = co_await parts.office.flush(std::chrono::seconds{limit_s});
    co_return Json{
        {"posted", counts.posted}, {"failed", counts.failed}, {"waiting", counts.waiting}};
}

// Meta's GET with hub.mode=subscribe; what came back.
asio::awaitable<Result<Json>> handshake(Parts& parts, const Json& given) {
    Fields fields{given};
    const Line* line = whatsapp_line(parts, fields);
    const std::string token = fields.text(
        "verify_token", line == nullptr ? "" : line->options.secret("verify_token").reveal());
    if (auto read = fields.finish(); !read)
        co_return read.error();
    const std::string& url = line->options.webhook_url;
    if (url.empty())
        co_return expected("webhook_url in the settings, before a handshake,");
    const std::string challenge = random_token(12);
    HttpRequest request;
    request.url =
        url + (url.find('?') == url.npos ? "?" : "&") +
        encode_form(
            {{"hub.mode", "subscribe"}, {"hub.challenge", challenge}, {"hub.verify_token", token}});
    request.headers = {{"User-Agent", "facebookplatform/1.0"}, {"Accept", "*/*"}};
    const Exchange result = co_await parts.office.exchange(std::move(request));
    const bool answered = result.progress == Exchange::Progress::answered;
    const bool right =
        answered && result.response.status == 200 && result.response.body == challenge;
    Json said{{"ok", right}, {"status", answered ? result.response.status : 0}};
    if (!answered)
        said["problem"] = result.problem;
    else if (!right)
        said["problem"] = result.response.status == 200 ? "the body is not exactly the challenge"
                                                        : "200 was expected";
    parts.ledger.add("handshake", said);
    co_return said;
}

// Ids in it are then known here, so that the gateway may mark them as read.
void learn(Parts& parts, const Line& line, const Json& payload) {
    for (const Json& entry : payload.value("entry", Json::array())) {
        for (const Json& change :
             entry.is_object() ? entry.value("changes", Json::array()) : Json::array()) {
            const Json value =
                change.is_object() ? change.value("value", Json::object()) : Json::object();
            for (const Json& message :
                 value.is_object() ? value.value("messages", Json::array()) : Json::array()) {
                const bool whole = message.is_object() && message.contains("id") &&
                                   message["id"].is_string() && message.contains("from") &&
                                   message["from"].is_string() &&
                                   digits_of(message["from"].get<std::string>());
                if (!whole || parts.people.find(message["id"].get<std::string>()) != nullptr)
                    continue;
                Bubble bubble;
                bubble.id = message["id"];
                bubble.channel = line.options.id;
                bubble.wa_id = parts.people.person(message["from"].get<std::string>()).wa_id;
                bubble.type = message.value("type", Json("raw")).is_string()
                                  ? message.value("type", "raw")
                                  : "raw";
                const Json text = message.value("text", Json::object());
                bubble.text = text.is_object() && text.contains("body") && text["body"].is_string()
                                  ? text["body"].get<std::string>()
                                  : "";
                bubble.at = parts.clock.now();
                parts.people.heard(std::move(bubble), parts.clock.now());
            }
        }
    }
}

Result<Json> raw(Parts& parts, const std::string& body, const Asked& asked) {
    static const std::array<std::string, 3> words{"right", "wrong", "none"};
    const std::string word = asked.text("signature").empty() ? "right" : asked.text("signature");
    const auto place = std::ranges::find(words, word);
    if (place == words.end())
        return expected("signature: one of right, wrong, none");
    const std::string channel = asked.text("channel");
    Line* line = channel.empty() ? parts.lines.front().get() : parts.line(channel);
    if (line == nullptr)
        return expected("channel: the id of a channel that is played here");
    const bool as_sent = asked.text("bytes") == "as-sent" || line->cloud() == nullptr;
    const auto payload = read_json(body);
    if (!payload && !as_sent)
        return Error{Errc::bad_input, "the body is " + payload.error().message +
                                          " (with ?bytes=as-sent it is posted all the same)"};
    if (body.empty())
        return expected("a body");
    if (line->cloud() != nullptr && payload && payload->is_object()) {
        try {
            learn(parts, *line, *payload);
        } catch (const nlohmann::json::exception&) {
            // of a shape WhatsApp never sends: posted, not understood
        }
    }
    const std::string wire = as_sent ? body : to_wire(*payload);
    if (!parts.office.post_raw(*line, wire, static_cast<Signing>(place - words.begin()),
                               parts.clock.now()))
        return Error{Errc::refused, "too many webhooks are waiting already"};
    return Json{{"bytes", wire.size()}};
}

// A page of somebody else's in the same browser must not be able to play here.
bool from_elsewhere(const Incoming& request) {
    const std::string_view origin = request.header("Origin");
    return !origin.empty() && origin != "http://" + std::string{request.header("Host")} &&
           origin != "https://" + std::string{request.header("Host")};
}

bool is_json(std::string_view content_type) {
    constexpr std::string_view json = "application/json";
    return content_type.starts_with(json) &&
           (content_type.size() == json.size() || content_type[json.size()] == ';' ||
            content_type[json.size()] == ' ');
}

asio::awaitable<Result<Json>> post_deed(Parts& parts, std::string path, const Incoming& request) {
    const Asked asked{decode_form(request.query())};
    if (path == "raw")
        co_return raw(parts, request.body, asked);
    const auto body = read_json(request.body.empty() ? "{}" : request.body);
    if (!body)
        co_return Error{Errc::bad_input, "the body is " + body.error().message};
    if (path == "flush")
        co_return co_await flush(parts, *body);
    if (path == "handshake")
        co_return co_await handshake(parts, *body);
    const auto deed = std::ranges::find(deeds, std::string_view{path}, &Deed::path);
    if (deed == deeds.end())
        co_return Error{Errc::not_found, "there is no POST /_control/" + path +
                                             "; GET /_control/ lists what there is"};
    co_return deed->run(parts, *body);
}

}  // namespace

asio::awaitable<Outgoing> answer_control(Parts& parts, Incoming request) {
    std::string path{request.path().substr(std::string_view{"/_control"}.size())};
    std::erase(path, '/');
    if (request.method == "GET") {
        const auto view = std::ranges::find(views, std::string_view{path}, &View::path);
        if (view == views.end())
            co_return outgoing(Error{Errc::not_found, "there is no GET /_control/" + path +
                                                          "; GET /_control/ lists what there is"});
        const Asked asked{decode_form(request.query())};
        co_return outgoing(view->run(parts, asked));
    }
    if (from_elsewhere(request))
        co_return outgoing(
            Error{Errc::refused, "this request comes from a page of another origin"});
    if (request.method == "DELETE" && path == "rules") {
        parts.ledger.add("control", Json{{"method", "DELETE"}, {"path", "rules"}});
        parts.script.clear();
        co_return outgoing(Result<Json>{all_rules(parts)});
    }
    if (request.method != "POST")
        co_return outgoing(expected("GET, or POST with JSON,"));
    if (!is_json(request.header("Content-Type")))
        co_return outgoing(expected("Content-Type: application/json"));
    constexpr std::size_t kept_bytes_max = 64 * 1024;
    parts.ledger.add("control", Json{{"method", "POST"},
                                     {"path", path},
                                     {"query", request.query()},
                                     {"body", request.body.substr(0, kept_bytes_max)}});
    const Result<Json> done = co_await post_deed(parts, path, request);
    if (!done)
        parts.ledger.add("control_refused", Json{{"path", path}, {"error", done.error().message}});
    co_return outgoing(done);
}

}  // namespace warmcall::sandbox
