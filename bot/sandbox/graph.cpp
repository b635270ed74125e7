#include "sandbox/graph.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "sandbox/numbers.hpp"

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;
using net::Incoming;
using net::Outgoing;

enum class Ending { answer, hang, reset };

// What comes of one call: the answer, what the ledger says about it, and how the connection ends.
struct Verdict {
    HttpResponse response;
    Json noted = Json::object();
    Ending ending = Ending::answer;
    Duration after{0};
    std::string taken;  // the message that was taken, whose receipts are now due
    Rule rule;
    int fails_with = 0;
};

struct Call {
    const Incoming& request;
    std::vector<std::string> path;  // without the version
    std::vector<Header> query;
    std::string trace;

    std::string asked(std::string_view name) const {
        const auto found = std::ranges::find(query, name, &Header::name);
        return found == query.end() ? "" : found->value;
    }
    bool is(std::string_view method, std::size_t length) const {
        return request.method == method && path.size() == length;
    }
};

bool is_version(std::string_view segment) {
    if (!segment.starts_with('v') || segment.size() < 4)
        return false;
    const std::size_t dot = segment.find('.');
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return dot != segment.npos && dot > 1 &&
           std::ranges::all_of(segment.substr(1, dot - 1), digit) && dot + 1 < segment.size() &&
           std::ranges::all_of(segment.substr(dot + 1), digit);
}

std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> found;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        if (end > 0)
            found.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    if (!found.empty() && is_version(found.front()))
        found.erase(found.begin());
    return found;
}

Json noted_headers(const Incoming& request) {
    Json headers = Json::object();
    for (const Header& header : request.headers) {
        std::string name = header.name;
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        });
        headers[name] = name == "authorization"
                            ? header.value.substr(0, header.value.find(' ')) + " (not kept)"
                            : header.value;
    }
    return headers;
}

std::string text_in(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Json noted_request(const Incoming& request) {
    std::string url = request.url;
    if (const std::size_t token = url.find("access_token="); token != url.npos)
        url.replace(token, std::min(url.find('&', token), url.size()) - token,
                    "access_token=(not kept)");
    Json noted{{"method", request.method},
               {"url", url},
               {"peer", request.peer},
               {"headers", noted_headers(request)},
               {"body", request.body}};
    if (const auto body = read_json(request.body); body && body->is_object()) {
        for (const char* key : {"to", "recipient", "type"}) {
            if (const std::string value = text_in(*body, key); !value.empty())
                noted[key] = value;
        }
        if (const std::string token = text_in(*body, "biz_opaque_callback_data"); !token.empty())
            noted["token"] = token;
    }
    return noted;
}

Verdict refuse(const Refusal& refusal, const Call& call) {
    Verdict verdict;
    verdict.response = answer(refusal, call.trace);
    verdict.noted = Json{{"accepted", false}, {"code", refusal.code}};
    return verdict;
}

Verdict say(const Json& body) {
    Verdict verdict;
    verdict.response = json_answer(200, body);
    return verdict;
}

Verdict no_such_object(const Call& call) {
    const std::string verb = call.request.method == "POST"     ? "post"
                             : call.request.method == "DELETE" ? "delete"
                                                               : "get";
    const std::string id = call.path.empty() ? "" : call.path.front().substr(0, 64);
    Json error{{"message", "Unsupported " + verb + " request. Object with ID '" + id +
                               "' does not exist, cannot be loaded due to missing permissions, or "
                               "does not support this operation"},
               {"type", "GraphMethodException"},
               {"code", 100},
               {"error_subcode", 33},
               {"fbtrace_id", call.trace}};
    Verdict verdict;
    verdict.response = json_answer(400, Json{{"error", error}});
    return verdict;
}

Verdict unknown_path(const Call& call) {
    std::string path;
    for (const std::string& segment : call.path)
        path += "/" + segment.substr(0, 64);
    Json error{{"message", "Unknown path components: " + path},
               {"type", "OAuthException"},
               {"code", 2500},
               {"fbtrace_id", call.trace}};
    Verdict verdict;
    verdict.response = json_answer(404, Json{{"error", error}});
    return verdict;
}

bool may(const Parts& parts, const Call& call) {
    std::string_view given = call.request.header("Authorization");
    constexpr std::string_view scheme = "Bearer ";
    const std::string in_query = call.asked("access_token");
    if (given.starts_with(scheme))
        given.remove_prefix(scheme.size());
    else
        given = in_query;
    return parts.cloud.behaviour.token_valid &&
           equal_constant_time(given, parts.options.access_token.reveal());
}

// -- messages
// ------------------------------------------------------------------------------------------------------

bool is_taken(Then then) {
    return then == Then::accept || then == Then::accept_then_hang ||
           then == Then::accept_then_reset || then == Then::accept_then_500;
}

Ending ending_of(Then then) {
    if (then == Then::accept_then_hang || then == Then::reject_then_hang)
        return Ending::hang;
    return then == Then::accept_then_reset || then == Then::reject_then_reset ? Ending::reset
                                                                              : Ending::answer;
}

HttpResponse failure_500(const Call& call) {
    return answer(Refusal{131000, {}, {}, 500}, call.trace);
}

HttpResponse refusal_by(const Rule& rule, const Call& call) {
    if (rule.then == Then::reject_then_500)
        return failure_500(call);
    Refusal refusal{rule.code, status_error(rule.code)["error_data"]["details"], {}, 0};
    if (rule.then == Then::too_many_requests)
        refusal =
            Refusal{80007, "The WhatsApp Business Account has reached its rate limit.", {}, 429};
    HttpResponse response = answer(refusal, call.trace);
    if (rule.retry_after_s > 0)
        response.headers.push_back({"Retry-After", std::to_string(rule.retry_after_s)});
    return response;
}

std::string wa_id_to(Parts& parts, const Send& send) {
    if (send.to.empty())
        return parts.cloud.find_by_user_id(send.recipient)->wa_id;
    return parts.cloud.person(*dialled(send.to, parts.cloud.account.digits())).wa_id;
}

Verdict take_send(Parts& parts, const Call& call, const Send& send) {
    const std::string wa_id = wa_id_to(parts, send);
    Verdict verdict;
    verdict.rule = parts.script.for_send(wa_id, send.type, text_in(send.content, "name"));
    const Then then = verdict.rule.then;
    verdict.ending = ending_of(then);
    verdict.after = verdict.rule.answer_after;
    verdict.noted = Json{{"accepted", is_taken(then)}, {"wa_id", wa_id}, {"type", send.type}};
    if (!send.token.empty())
        verdict.noted["token"] = send.token;
    if (!is_taken(then)) {
        verdict.response = refusal_by(verdict.rule, call);
        return verdict;
    }
    const Accepted accepted = parts.cloud.accept(send, parts.clock.now(), parts.next_number());
    verdict.noted["wamid"] = accepted.wamid;
    if (send.type == "template")
        verdict.noted["template"] = send.content["name"];
    verdict.taken = accepted.wamid;
    verdict.fails_with =
        verdict.rule.fails_with != 0 ? verdict.rule.fails_with : accepted.fails_with;
    verdict.response =
        then == Then::accept_then_500 ? failure_500(call) : json_answer(200, accepted.answer);
    return verdict;
}

Verdict post_message(Parts& parts, const Call& call) {
    const auto body = read_json(call.request.body);
    if (!body)
        return refuse(Refusal{100, body.error().message, "Invalid parameter", 0}, call);
    const auto checked = parts.cloud.check(*body, parts.clock.now());
    if (const auto* refusal = std::get_if<Refusal>(&checked))
        return refuse(*refusal, call);
    if (std::holds_alternative<Marked>(checked))
        return say(Json{{"success", true}});
    return take_send(parts, call, std::get<Send>(checked));
}

// Receipts in their order, or as the rule wants them.
asio::awaitable<void> plan_receipts(Parts& parts, const Verdict& verdict) {
    const Behaviour& usual = parts.cloud.behaviour;
    const Rule& rule = verdict.rule;
    const Bubble* kept = parts.cloud.find(verdict.taken);
    if (kept == nullptr || rule.receipts == Receipts::none ||
        (!usual.receipts && rule.receipts == Receipts::normal))
        co_return;
    const Bubble bubble = *kept;
    std::vector<std::string> statuses{"sent", "delivered"};
    if (parts.cloud.chance("read|" + bubble.id) < usual.read_share)
        statuses.emplace_back("read");
    if (verdict.fails_with != 0)
        statuses = {"failed"};
    if (rule.receipts == Receipts::reversed)
        std::ranges::reverse(statuses);
    std::array<Duration, 3> after{usual.sent_after, usual.delivered_after, usual.read_after};
    const Timestamp now = parts.clock.now() + rule.receipts_after;
    std::size_t first = 0;
    if (rule.receipts == Receipts::before_answer) {
        Update update;
        update.field = "messages";
        update.value = [&parts, bubble, status = statuses.front(),
                        code = verdict.fails_with](Timestamp at) {
            return status_change(parts.cloud.account, parts.cloud.person(bubble.wa_id), bubble,
                                 {status, at, code});
        };
        co_await parts.office.post_now(std::move(update));
        parts.cloud.note(bubble.id, {statuses.front(), parts.clock.now(), verdict.fails_with});
        first = 1;
    }
    for (std::size_t i = first; i < statuses.size(); ++i)
        plan_status(parts, bubble, statuses[i], verdict.fails_with, now + after[i],
                    rule.webhook_copies);
}

// -- the phone number, the account, its templates
// ------------------------------------------------------------------

Json health(const Parts& parts) {
    const bool good = parts.cloud.behaviour.token_valid;
    const auto entity = [&](const char* type, const std::string& id) {
        return Json{{"entity_type", type},
                    {"id", id},
                    {"can_send_message", good ? "AVAILABLE" : "BLOCKED"}};
    };
    return Json{
        {"can_send_message", good ? "AVAILABLE" : "BLOCKED"},
        {"entities", Json::array({entity("PHONE_NUMBER", parts.cloud.account.phone_number_id),
                                  entity("WABA", parts.cloud.account.waba_id)})}};
}

Json number_node(const Parts& parts) {
    const Account& account = parts.cloud.account;
    return Json{{"id", account.phone_number_id},
                {"verified_name", account.verified_name},
                {"display_phone_number", account.display_number},
                {"quality_rating", "GREEN"},
                {"code_verification_status", "VERIFIED"},
                {"platform_type", "CLOUD_API"},
                {"throughput", Json{{"level", "STANDARD"}}},
                {"name_status", "APPROVED"},
                {"status", "CONNECTED"},
                {"whatsapp_business_manager_messaging_limit", "TIER_10K"},
                {"webhook_configuration", Json{{"application", parts.office.posting.webhook_url}}},
                {"health_status", health(parts)}};
}

Json account_node(const Parts& parts) {
    return Json{{"id", parts.cloud.account.waba_id},
                {"name", parts.cloud.account.verified_name},
                {"timezone_id", "1"},
                {"message_template_namespace", "warmcall_sandbox"},
                {"health_status", health(parts)}};
}

// The asked fields of a node; without any, those Graph gives unasked.
std::variant<Refusal, Json> picked(const Json& node, const std::string& fields,
                                   std::initializer_list<const char*> usual) {
    Json out = Json::object();
    if (fields.empty()) {
        for (const char* key : usual)
            out[key] = node[key];
        return out;
    }
    std::string_view rest = fields;
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const std::string key{rest.substr(0, comma)};
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        if (!node.contains(key))
            return Refusal{
                100, {}, "Tried accessing nonexisting field (" + key.substr(0, 64) + ")", 0};
        out[key] = node[key];
    }
    out["id"] = node["id"];
    return out;
}

Verdict show(const Call& call, const Json& node, std::initializer_list<const char*> usual) {
    const auto fields = picked(node, call.asked("fields"), usual);
    if (const auto* refusal = std::get_if<Refusal>(&fields))
        return refuse(*refusal, call);
    return say(std::get<Json>(fields));
}

std::size_t number_in(const std::string& text, std::size_t otherwise) {
    std::size_t value = otherwise;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    return problem == std::errc{} && end == text.data() + text.size() ? value : otherwise;
}

Verdict list_templates(const Parts& parts, const Call& call) {
    const std::size_t limit = std::clamp<std::size_t>(number_in(call.asked("limit"), 25), 1, 1000);
    const std::size_t after = number_in(call.asked("after"), 0);
    std::vector<const Template*> fitting;
    for (const Template& t : parts.cloud.templates.all()) {
        const auto fits = [&](const char* key, const std::string& value) {
            return call.asked(key).empty() || call.asked(key) == value;
        };
        if (fits("name", t.name) && fits("language", t.language) && fits("status", t.status) &&
            fits("category", t.category))
            fitting.push_back(&t);
    }
    Json data = Json::array();
    std::size_t next = std::min(after, fitting.size());
    for (; next < fitting.size() && data.size() < limit; ++next) {
        const auto fields = picked(
            shown(*fitting[next]), call.asked("fields"),
            {"name", "parameter_format", "components", "language", "status", "category", "id"});
        if (const auto* refusal = std::get_if<Refusal>(&fields))
            return refuse(*refusal, call);
        data.push_back(std::get<Json>(fields));
    }
    Json paging{
        {"cursors", Json{{"before", std::to_string(after)}, {"after", std::to_string(next)}}}};
    if (next < fitting.size())
        paging["next"] = "http://" + std::string{call.request.header("Host")} + "/" +
                         parts.cloud.account.waba_id +
                         "/message_templates?limit=" + std::to_string(limit) +
                         "&after=" + std::to_string(next);
    return say(Json{{"data", data}, {"paging", paging}});
}

void tell_template(Parts& parts, const Template& t, const std::string& event) {
    Update update;
    update.field = "message_template_status_update";
    update.value = [t, event](Timestamp) { return template_status(t, event, "NONE", ""); };
    parts.office.post(std::move(update), parts.clock.now(), "templates");
}

Verdict create_template(Parts& parts, const Call& call) {
    const auto body = read_json(call.request.body);
    if (!body || !body->is_object())
        return refuse(Refusal{100, "a JSON object is required", "Invalid parameter", 0}, call);
    auto made = read_creation(*body);
    if (const auto* refusal = std::get_if<Refusal>(&made))
        return refuse(*refusal, call);
    const auto& wanted = std::get<Template>(made);
    if (parts.cloud.templates.find(wanted.name, wanted.language) != nullptr)
        return refuse(
            Refusal{100,
                    "There is already " + wanted.language +
                        " content for this template. You can create a new template and try again.",
                    "Invalid parameter", 0},
            call);
    Template& kept = parts.cloud.templates.put(wanted);
    if (parts.cloud.behaviour.approve_templates_at_once) {
        kept.status = "APPROVED";
        tell_template(parts, kept, "APPROVED");
    }
    return say(Json{
        {"id", std::to_string(kept.id)}, {"status", kept.status}, {"category", kept.category}});
}

Verdict delete_template(Parts& parts, const Call& call) {
    const std::string name = call.asked("name");
    const std::string hsm_id = call.asked("hsm_id");
    const auto id =
        hsm_id.empty() ? std::nullopt : std::optional<std::uint64_t>{number_in(hsm_id, 0)};
    if (name.empty())
        return refuse(Refusal{100, {}, "The parameter name is required.", 0}, call);
    if (parts.cloud.templates.erase(name, id) == 0)
        return refuse(Refusal{100, "Message template not found", "Invalid parameter", 0}, call);
    return say(Json{{"success", true}});
}

Verdict edit_template(Parts& parts, const Call& call, Template& known) {
    if (known.status != "APPROVED" && known.status != "REJECTED" && known.status != "PAUSED")
        return refuse(Refusal{100, "Only approved, rejected and paused templates can be edited",
                              "Invalid parameter", 0},
                      call);
    auto body = read_json(call.request.body);
    if (!body || !body->is_object())
        return refuse(Refusal{100, "a JSON object is required", "Invalid parameter", 0}, call);
    Json whole{{"name", known.name},
               {"language", known.language},
               {"category", known.category},
               {"parameter_format", known.named ? "NAMED" : "POSITIONAL"},
               {"components", shown(known)["components"]}};
    whole.update(*body);
    auto made = read_creation(whole);
    if (const auto* refusal = std::get_if<Refusal>(&made))
        return refuse(*refusal, call);
    Template& kept = parts.cloud.templates.put(std::get<Template>(made));
    if (parts.cloud.behaviour.approve_templates_at_once)
        kept.status = "APPROVED";
    return say(Json{{"success", true}});
}

Verdict history(const Parts& parts, const Call& call) {
    Bubble* bubble = const_cast<Parts&>(parts).cloud.find(call.asked("message_id"));
    if (bubble == nullptr || !bubble->ours)
        return say(Json{{"data", Json::array()}});
    Json events = Json::array();
    for (const Step& step : bubble->steps) {
        std::string word = step.status;
        std::ranges::transform(word, word.begin(), [](char c) {
            return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        });
        Json event{{"delivery_status", word}, {"timestamp", core::unix_ms(step.at) / 1000}};
        if (step.code != 0)
            event["error_description"] = title(step.code);
        events.push_back(std::move(event));
    }
    const Json found{{"id", "700" + std::to_string(bubble->revision)},
                     {"message_id", bubble->id},
                     {"events", Json{{"data", events}}}};
    return say(Json{{"data", Json::array({found})},
                    {"paging", Json{{"cursors", Json{{"before", "0"}, {"after", "1"}}}}}});
}

Verdict call_permissions(Parts& parts, const Call& call) {
    const auto digits = digits_of(call.asked("user_wa_id"));
    if (!digits)
        return refuse(Refusal{100, {}, "The parameter user_wa_id is required.", 0}, call);
    const bool open = parts.cloud.person(*digits).window_open(parts.clock.now());
    const Json ask{{"action_name", "send_call_permission_request"}, {"can_perform_action", open}};
    return say(Json{{"messaging_product", "whatsapp"},
                    {"permission", Json{{"status", "no_permission"}}},
                    {"actions", Json::array({ask})}});
}

Verdict at_number(Parts& parts, const Call& call) {
    if (call.is("GET", 1))
        return show(call, number_node(parts),
                    {"id", "verified_name", "display_phone_number", "quality_rating",
                     "code_verification_status", "platform_type", "throughput"});
    if (call.is("POST", 1))
        return say(Json{{"success", true}});
    const std::string edge = call.path.size() == 2 ? call.path[1] : "";
    if (call.request.method == "POST" && edge == "messages")
        return post_message(parts, call);
    if (call.request.method == "POST" && (edge == "settings" || edge == "register"))
        return say(Json{{"success", true}});
    if (call.request.method == "GET" && edge == "message_history")
        return history(parts, call);
    if (call.request.method == "GET" && edge == "call_permissions")
        return call_permissions(parts, call);
    if (call.request.method == "GET" && edge == "messages")
        return no_such_object(call);
    return unknown_path(call);
}

Verdict at_account(Parts& parts, const Call& call) {
    if (call.is("GET", 1))
        return show(call, account_node(parts),
                    {"id", "name", "timezone_id", "message_template_namespace"});
    const std::string edge = call.path.size() == 2 ? call.path[1] : "";
    const std::string& method = call.request.method;
    if (edge == "message_templates" && method == "GET")
        return list_templates(parts, call);
    if (edge == "message_templates" && method == "POST")
        return create_template(parts, call);
    if (edge == "message_templates" && method == "DELETE")
        return delete_template(parts, call);
    if (edge == "phone_numbers" && method == "GET")
        return say(Json{{"data", Json::array({number_node(parts)})}});
    if (edge == "subscribed_apps" && method == "POST")
        return say(Json{{"success", true}});
    if (edge == "subscribed_apps" && method == "GET")
        return say(
            Json{{"data",
                  Json::array({Json{{"whatsapp_business_api_data",
                                     Json{{"id", "100000000000003"}, {"name", "warmcall"}}}}})}});
    return unknown_path(call);
}

Verdict at_template(Parts& parts, const Call& call, Template& known) {
    if (call.is("GET", 1)) {
        Json node = shown(known);
        node["health_status"] = health(parts);
        return show(
            call, node,
            {"name", "parameter_format", "components", "language", "status", "category", "id"});
    }
    if (call.is("POST", 1))
        return edit_template(parts, call, known);
    if (call.is("POST", 2) && call.path[1] == "unpause") {
        const bool paused = known.status == "PAUSED";
        if (paused)
            known.status = "APPROVED";
        return say(Json{{"success", paused}});
    }
    return unknown_path(call);
}

Verdict route(Parts& parts, const Call& call) {
    if (!may(parts, call))
        return refuse(Refusal{190, {}, {}, 0}, call);
    if (call.path.empty())
        return no_such_object(call);
    if (call.path.front() == parts.cloud.account.phone_number_id)
        return at_number(parts, call);
    if (call.path.front() == parts.cloud.account.waba_id)
        return at_account(parts, call);
    if (Template* known = parts.cloud.templates.find(number_in(call.path.front(), 0)))
        return at_template(parts, call, *known);
    return no_such_object(call);
}

std::string trace_of(std::uint64_t number) {
    return "A" + base64url(sha256_hex("trace|" + std::to_string(number)).substr(0, 16));
}

Outgoing outgoing(HttpResponse response, const std::string& trace) {
    Outgoing out;
    static_cast<HttpResponse&>(out) = std::move(response);
    out.headers.push_back({"facebook-api-version", "v24.0"});
    out.headers.push_back({"x-fb-trace-id", trace});
    return out;
}

}  // namespace

asio::awaitable<void> sleep(Parts& parts, Duration time) {
    asio::steady_timer timer{parts.context, time};
    parts.sleepers.insert(&timer);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    parts.sleepers.erase(&timer);
}

void plan_status(Parts& parts, const Bubble& about, const std::string& status, int code,
                 Timestamp due, int copies) {
    Update update;
    update.field = "messages";
    update.value = [&parts, about, status, code](Timestamp at) {
        return status_change(parts.cloud.account, parts.cloud.person(about.wa_id), about,
                             {status, at, code});
    };
    update.posted = [&parts, id = about.id, status, code](Timestamp at) {
        parts.cloud.note(id, {status, at, code});
    };
    parts.office.post(std::move(update), due, about.wa_id, static_cast<std::size_t>(copies));
}

asio::awaitable<Outgoing> answer_graph(Parts& parts, Incoming request) {
    const std::uint64_t seq = parts.ledger.add("request", noted_request(request));
    const std::string trace = trace_of(seq);
    const Call call{request, segments(request.path()), decode_form(request.query()), trace};
    const Verdict verdict = route(parts, call);
    if (!verdict.taken.empty()) {
        // at once and by itself: whatever becomes of the answer, this message was taken
        Json taken{{"request", seq}};
        taken.update(verdict.noted);
        taken.erase("accepted");
        parts.ledger.add("accepted", taken);
    }
    if (!verdict.taken.empty())
        co_await plan_receipts(parts, verdict);
    if (verdict.after > 0ms)
        co_await sleep(parts, verdict.after);
    static constexpr std::array endings{"answer", "hang", "reset"};
    Json noted{{"request", seq}};
    noted.update(verdict.noted);
    noted["ending"] = endings[static_cast<std::size_t>(verdict.ending)];
    noted["status"] = verdict.ending == Ending::answer ? verdict.response.status : 0;
    noted["body"] = verdict.ending == Ending::answer ? verdict.response.body : "";
    parts.ledger.add("answer", noted);
    if (verdict.ending == Ending::hang)
        co_await sleep(parts, parts.options.hang_time);
    Outgoing out = outgoing(verdict.response, trace);
    if (verdict.ending != Ending::answer)
        out.ending = Outgoing::Ending::reset;
    co_return out;
}

}  // namespace warmcall::sandbox
