#include "sandbox/whatsapp/graph.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "sandbox/exchange.hpp"
#include "sandbox/numbers.hpp"
#include "sandbox/whatsapp/cloud.hpp"
#include "sandbox/whatsapp/events.hpp"

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;
using net::Incoming;

std::string trace_of(std::uint64_t number) {
    return "A" + base64url(sha256_hex("trace|" + std::to_string(number)).substr(0, 16));
}

bool is_version(std::string_view segment) {
    if (!segment.starts_with('v') || segment.size() < 4)
        return false;
    const std::size_t dot = segment.find('.');
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return dot != segment.npos && dot > 1 &&
           std::ranges::all_of(segment.substr(1, dot - 1), digit) && dot + 1 < segment.size() &&
           std::ranges::all_of(segment.substr(dot + 1), digit);
}

class GraphLine final : public Line {
 public:
    GraphLine(const LineOptions& given, Parts& parts)
        : Line{given, parts}, cloud_{account_of(given), given.id, parts.people, parts.behaviour} {}

    int hears(const Incoming& request) const override;
    Json noted(const Incoming& request) const override;
    Verdict answer(const Call& call) override;
    HttpResponse accepted(const Bubble& taken) const override;
    HttpResponse refused(int code, std::uint64_t number) const override;
    HttpResponse broken(std::uint64_t number) const override;
    HttpResponse too_many(std::uint64_t number) const override;
    std::vector<Header> headers(std::uint64_t number) const override;
    std::string new_id(const Person& who, std::uint64_t number) const override;
    std::string call_id(const Person& who, std::uint64_t number) const override {
        return "wacid." + new_id(who, number).substr(6);
    }
    int usual_code() const override { return 131000; }
    std::string title(int code) const override { return sandbox::title(code); }

    bool tells_read() const override { return true; }
    std::optional<Change> receipt(const Person& whom, const Bubble& about,
                                  const Step& step) const override;
    Result<Change> reply(const Json& wanted, Person& from, const Bubble* about,
                         Bubble& bubble) override;
    std::optional<Change> call(const Person& from, const std::string& event, const std::string& id,
                               Timestamp at, int duration_s) const override;
    bool batches() const override { return true; }
    HttpRequest write(std::span<const Change> changes, BatchShape shape,
                      Timestamp now) const override;
    HttpRequest raw(std::string body) const override;
    void sign(HttpRequest& request, Signing how, Timestamp now) const override;
    // Meta alone insists on 200 itself.
    bool received(const HttpResponse& answer) const override { return answer.status == 200; }
    std::optional<Duration> wait_after(int tries, const HttpRequest& request,
                                       const Exchange& last) const override;
    std::string number() const override { return cloud_.account.display_number; }
    std::string_view medium() const override { return "whatsapp"; }
    void know(const Template& known) override { cloud_.templates.put(known); }
    Cloud* cloud() override { return &cloud_; }

 private:
    static Account account_of(const LineOptions& given);

    bool may(const Call& call) const;
    Verdict post_message(const Call& call);
    Verdict route(const Call& call);
    Verdict at_number(const Call& call);
    Verdict at_account(const Call& call);
    Verdict at_template(const Call& call, Template& known);
    Json health() const;
    Json number_node() const;
    Json account_node() const;
    Verdict list_templates(const Call& call) const;
    Verdict create_template(const Call& call);
    Verdict delete_template(const Call& call);
    Verdict edit_template(const Call& call, Template& known);
    Verdict history(const Call& call) const;
    Verdict call_permissions(const Call& call) const;
    void tell_template(const Template& t, const std::string& event);

    Cloud cloud_;
};

Account GraphLine::account_of(const LineOptions& given) {
    Account account;
    account.waba_id = given.setting("waba_id", account.waba_id);
    account.phone_number_id = given.setting("phone_number_id", account.phone_number_id);
    account.display_number = given.setting("display_number", account.display_number);
    account.verified_name = given.company;
    return account;
}

Verdict refuse(const Refusal& refusal, const Call& call) {
    Verdict verdict;
    verdict.response = answer(refusal, trace_of(call.number));
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
               {"fbtrace_id", trace_of(call.number)}};
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
               {"fbtrace_id", trace_of(call.number)}};
    Verdict verdict;
    verdict.response = json_answer(404, Json{{"error", error}});
    return verdict;
}

bool GraphLine::may(const Call& call) const {
    std::string_view given = call.request.header("Authorization");
    constexpr std::string_view scheme = "Bearer ";
    const std::string in_query = call.asked("access_token");
    if (given.starts_with(scheme))
        given.remove_prefix(scheme.size());
    else
        given = in_query;
    return parts_.behaviour.token_valid &&
           equal_constant_time(given, options.secret("access_token").reveal());
}

Verdict GraphLine::post_message(const Call& call) {
    const auto body = read_json(call.request.body);
    if (!body)
        return refuse(Refusal{100, body.error().message, "Invalid parameter", 0}, call);
    const Timestamp now = parts_.clock.now();
    auto checked = cloud_.check(*body, now);
    if (const auto* refusal = std::get_if<Refusal>(&checked))
        return refuse(*refusal, call);
    if (std::holds_alternative<Marked>(checked))
        return say(Json{{"success", true}});
    auto& wanted = std::get<Taken>(checked);
    const std::string wa_id = wanted.bubble.wa_id;
    Verdict verdict = take(parts_, *this, call, std::move(wanted.bubble), wanted.fails_with);
    if (!verdict.taken.empty()) {
        verdict.noted["wamid"] = verdict.taken;
        cloud_.went_to(parts_.people.person(wa_id), now);
    }
    return verdict;
}

// -- the phone number, the account, its templates
// ------------------------------------------------------------------

Json GraphLine::health() const {
    const bool good = parts_.behaviour.token_valid;
    const auto entity = [&](const char* type, const std::string& id) {
        return Json{{"entity_type", type},
                    {"id", id},
                    {"can_send_message", good ? "AVAILABLE" : "BLOCKED"}};
    };
    return Json{{"can_send_message", good ? "AVAILABLE" : "BLOCKED"},
                {"entities", Json::array({entity("PHONE_NUMBER", cloud_.account.phone_number_id),
                                          entity("WABA", cloud_.account.waba_id)})}};
}

std::string tier(std::size_t users_per_day_max) {
    if (users_per_day_max == 0)
        return "TIER_UNLIMITED";
    return users_per_day_max < 1000 ? "TIER_" + std::to_string(users_per_day_max)
                                    : "TIER_" + std::to_string(users_per_day_max / 1000) + "K";
}

Json GraphLine::number_node() const {
    const Account& account = cloud_.account;
    return Json{
        {"id", account.phone_number_id},
        {"verified_name", account.verified_name},
        {"display_phone_number", account.display_number},
        {"quality_rating", "GREEN"},
        {"code_verification_status", "VERIFIED"},
        {"platform_type", "CLOUD_API"},
        {"throughput", Json{{"level", "STANDARD"}}},
        {"name_status", "APPROVED"},
        {"status", "CONNECTED"},
        {"whatsapp_business_manager_messaging_limit", tier(parts_.behaviour.users_per_day_max)},
        {"webhook_configuration", Json{{"application", options.webhook_url}}},
        {"health_status", health()}};
}

Json GraphLine::account_node() const {
    return Json{{"id", cloud_.account.waba_id},
                {"name", cloud_.account.verified_name},
                {"timezone_id", "1"},
                {"message_template_namespace", "warmcall_sandbox"},
                {"health_status", health()}};
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

Verdict GraphLine::list_templates(const Call& call) const {
    const std::size_t limit = std::clamp<std::size_t>(number_in(call.asked("limit"), 25), 1, 1000);
    const std::size_t after = number_in(call.asked("after"), 0);
    std::vector<const Template*> fitting;
    for (const Template& t : cloud_.templates.all()) {
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
        paging["next"] =
            "http://" + std::string{call.request.header("Host")} + "/" + cloud_.account.waba_id +
            "/message_templates?limit=" + std::to_string(limit) + "&after=" + std::to_string(next);
    return say(Json{{"data", data}, {"paging", paging}});
}

void GraphLine::tell_template(const Template& t, const std::string& event) {
    Update update;
    update.line = this;
    update.change = [t, event](Timestamp) {
        return Change{"message_template_status_update", template_status(t, event, "NONE", ""), {}};
    };
    parts_.office.post(std::move(update), parts_.clock.now(), "templates");
}

Verdict GraphLine::create_template(const Call& call) {
    const auto body = read_json(call.request.body);
    if (!body || !body->is_object())
        return refuse(Refusal{100, "a JSON object is required", "Invalid parameter", 0}, call);
    auto made = read_creation(*body);
    if (const auto* refusal = std::get_if<Refusal>(&made))
        return refuse(*refusal, call);
    const auto& wanted = std::get<Template>(made);
    if (cloud_.templates.find(wanted.name, wanted.language) != nullptr)
        return refuse(
            Refusal{100,
                    "There is already " + wanted.language +
                        " content for this template. You can create a new template and try again.",
                    "Invalid parameter", 0},
            call);
    Template& kept = cloud_.templates.put(wanted);
    if (parts_.behaviour.approve_templates_at_once) {
        kept.status = "APPROVED";
        tell_template(kept, "APPROVED");
    }
    return say(Json{
        {"id", std::to_string(kept.id)}, {"status", kept.status}, {"category", kept.category}});
}

Verdict GraphLine::delete_template(const Call& call) {
    const std::string name = call.asked("name");
    const std::string hsm_id = call.asked("hsm_id");
    const auto id =
        hsm_id.empty() ? std::nullopt : std::optional<std::uint64_t>{number_in(hsm_id, 0)};
    if (name.empty())
        return refuse(Refusal{100, {}, "The parameter name is required.", 0}, call);
    if (cloud_.templates.erase(name, id) == 0)
        return refuse(Refusal{100, "Message template not found", "Invalid parameter", 0}, call);
    return say(Json{{"success", true}});
}

Verdict GraphLine::edit_template(const Call& call, Template& known) {
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
    Template& kept = cloud_.templates.put(std::get<Template>(made));
    if (parts_.behaviour.approve_templates_at_once)
        kept.status = "APPROVED";
    return say(Json{{"success", true}});
}

Verdict GraphLine::history(const Call& call) const {
    Bubble* bubble = parts_.people.find(call.asked("message_id"));
    if (bubble == nullptr || !bubble->ours)
        return say(Json{{"data", Json::array()}});
    Json events = Json::array();
    for (const Step& step : bubble->steps) {
        const std::string word = upper(step.status);
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

Verdict GraphLine::call_permissions(const Call& call) const {
    const auto digits = digits_of(call.asked("user_wa_id"));
    if (!digits)
        return refuse(Refusal{100, {}, "The parameter user_wa_id is required.", 0}, call);
    const bool open = parts_.people.person(*digits).window_open(options.id, parts_.clock.now());
    const Json ask{{"action_name", "send_call_permission_request"}, {"can_perform_action", open}};
    return say(Json{{"messaging_product", "whatsapp"},
                    {"permission", Json{{"status", "no_permission"}}},
                    {"actions", Json::array({ask})}});
}

Verdict GraphLine::at_number(const Call& call) {
    if (call.is("GET", 1))
        return show(call, number_node(),
                    {"id", "verified_name", "display_phone_number", "quality_rating",
                     "code_verification_status", "platform_type", "throughput"});
    if (call.is("POST", 1))
        return say(Json{{"success", true}});
    const std::string edge = call.path.size() == 2 ? call.path[1] : "";
    if (call.request.method == "POST" && edge == "messages")
        return post_message(call);
    if (call.request.method == "POST" && (edge == "settings" || edge == "register"))
        return say(Json{{"success", true}});
    if (call.request.method == "GET" && edge == "message_history")
        return history(call);
    if (call.request.method == "GET" && edge == "call_permissions")
        return call_permissions(call);
    if (call.request.method == "GET" && edge == "messages")
        return no_such_object(call);
    return unknown_path(call);
}

Verdict GraphLine::at_account(const Call& call) {
    if (call.is("GET", 1))
        return show(call, account_node(),
                    {"id", "name", "timezone_id", "message_template_namespace"});
    const std::string edge = call.path.size() == 2 ? call.path[1] : "";
    const std::string& method = call.request.method;
    if (edge == "message_templates" && method == "GET")
        return list_templates(call);
    if (edge == "message_templates" && method == "POST")
        return create_template(call);
    if (edge == "message_templates" && method == "DELETE")
        return delete_template(call);
    if (edge == "phone_numbers" && method == "GET")
        return say(Json{{"data", Json::array({number_node()})}});
    if (edge == "subscribed_apps" && method == "POST")
        return say(Json{{"success", true}});
    if (edge == "subscribed_apps" && method == "GET")
        return say(
            Json{{"data",
                  Json::array({Json{{"whatsapp_business_api_data",
                                     Json{{"id", "100000000000003"}, {"name", "warmcall"}}}}})}});
    return unknown_path(call);
}

Verdict GraphLine::at_template(const Call& call, Template& known) {
    if (call.is("GET", 1)) {
        Json node = shown(known);
        node["health_status"] = health();
        return show(
            call, node,
            {"name", "parameter_format", "components", "language", "status", "category", "id"});
    }
    if (call.is("POST", 1))
        return edit_template(call, known);
    if (call.is("POST", 2) && call.path[1] == "unpause") {
        const bool paused = known.status == "PAUSED";
        if (paused)
            known.status = "APPROVED";
        return say(Json{{"success", paused}});
    }
    return unknown_path(call);
}

Verdict GraphLine::route(const Call& call) {
    if (!may(call))
        return refuse(Refusal{190, {}, {}, 0}, call);
    if (call.path.empty())
        return no_such_object(call);
    if (call.path.front() == cloud_.account.phone_number_id)
        return at_number(call);
    if (call.path.front() == cloud_.account.waba_id)
        return at_account(call);
    if (Template* known = cloud_.templates.find(number_in(call.path.front(), 0)))
        return at_template(call, *known);
    return no_such_object(call);
}

// -- behind the interface
// ------------------------------------------------------------------------------------

// Whatever no other provider knows is a path of Graph's.
int GraphLine::hears(const Incoming& request) const {
    const std::string_view path = request.path();
    const bool ours = path.find("/" + cloud_.account.phone_number_id) != path.npos ||
                      path.find("/" + cloud_.account.waba_id) != path.npos;
    return ours ? 3 : 1;
}

Json GraphLine::noted(const Incoming& request) const {
    Json noted = Json::object();
    const auto body = read_json(request.body);
    if (!body || !body->is_object())
        return noted;
    for (const char* key : {"to", "recipient", "type"})
        noted[key] = text_in(*body, key);
    noted["token"] = text_in(*body, "biz_opaque_callback_data");
    return noted;
}

Verdict GraphLine::answer(const Call& call) {
    Call plain = call;  // versioned and unversioned paths alike
    if (!plain.path.empty() && is_version(plain.path.front()))
        plain.path.erase(plain.path.begin());
    return route(plain);
}

HttpResponse GraphLine::accepted(const Bubble& taken) const {
    Json contact{{"input", taken.kept["input"]}};
    if (taken.kept["by_user_id"].get<bool>())
        contact["user_id"] = parts_.people.all().at(taken.wa_id).user_id;
    else
        contact["wa_id"] = taken.wa_id;
    Json message{{"id", taken.id}};
    if (taken.type == "template")
        message["message_status"] = "accepted";
    return json_answer(200, Json{{"messaging_product", "whatsapp"},
                                 {"contacts", Json::array({contact})},
                                 {"messages", Json::array({message})}});
}

HttpResponse GraphLine::refused(int code, std::uint64_t number) const {
    return sandbox::answer(Refusal{code, status_error(code)["error_data"]["details"], {}, 0},
                           trace_of(number));
}

HttpResponse GraphLine::broken(std::uint64_t number) const {
    return sandbox::answer(Refusal{131000, {}, {}, 500}, trace_of(number));
}

HttpResponse GraphLine::too_many(std::uint64_t number) const {
    return sandbox::answer(
        Refusal{80007, "The WhatsApp Business Account has reached its rate limit.", {}, 429},
        trace_of(number));
}

std::vector<Header> GraphLine::headers(std::uint64_t number) const {
    return {{"facebook-api-version", "v24.0"}, {"x-fb-trace-id", trace_of(number)}};
}

std::string GraphLine::new_id(const Person& who, std::uint64_t number) const {
    const std::string hash = upper(parts_.people.unique(number, who.wa_id));
    return "wamid.HBgL" + base64url(who.wa_id + "\x15\x02" + hash.substr(0, 20)) +
           std::to_string(number);
}

std::optional<Change> GraphLine::receipt(const Person& whom, const Bubble& about,
                                         const Step& step) const {
    return Change{"messages", status_change(cloud_.account, whom, about, step), {}};
}

Result<Change> GraphLine::reply(const Json& wanted, Person& from, const Bubble* about,
                                Bubble& bubble) {
    const auto message = reply_message(cloud_.account, wanted, about, bubble);
    if (!message)
        return message.error();
    return Change{"messages", reply_change(cloud_.account, from, *message, bubble), {}};
}

std::optional<Change> GraphLine::call(const Person& from, const std::string& event,
                                      const std::string& id, Timestamp at, int duration_s) const {
    return Change{"calls", call_change(cloud_.account, from, event, id, at, duration_s), {}};
}

HttpRequest GraphLine::write(std::span<const Change> changes, BatchShape shape,
                             Timestamp now) const {
    return raw(to_wire(envelope(cloud_.account, {changes.begin(), changes.end()}, shape, now)));
}

HttpRequest GraphLine::raw(std::string body) const {
    HttpRequest request;
    request.method = "POST";
    request.url = options.webhook_url;
    request.headers = {{"Content-Type", "application/json"},
                       {"User-Agent", "facebookexternalua"},
                       {"Accept", "*/*"}};
    request.body = std::move(body);
    return request;
}

void GraphLine::sign(HttpRequest& request, Signing how, Timestamp) const {
    const Secret other{"not the app secret"};
    if (how != Signing::none)
        request.headers.push_back(
            {"X-Hub-Signature-256",
             signature(how == Signing::right ? options.secret("app_secret") : other,
                       request.body)});
}

// At once, then less and less often (PROVIDERS.md 2.2).
std::optional<Duration> GraphLine::wait_after(int tries, const HttpRequest&,
                                              const Exchange&) const {
    static constexpr std::array waits{0ms,      1000ms,    2000ms,    5000ms,     15'000ms,
                                      60'000ms, 300'000ms, 900'000ms, 3'600'000ms};
    return waits[std::min(static_cast<std::size_t>(tries - 1), waits.size() - 1)];
}

}  // namespace

Result<std::unique_ptr<Line>> make_graph_line(const LineOptions& given, Parts& parts) {
    const auto is_id = [&](const char* key, const char* otherwise) {
        const std::string id = given.setting(key, otherwise);
        return !id.empty() && id.find_first_not_of("0123456789") == id.npos;
    };
    const auto wrong = [](const char* what) { return Error{Errc::bad_input, what}; };
    if (given.secret("access_token").empty())
        return wrong("the sandbox needs the access token that the gateway will send");
    if (given.secret("app_secret").empty())
        return wrong("the sandbox needs the app secret its webhooks are signed with");
    if (!is_id("phone_number_id", "1") || !is_id("waba_id", "1"))
        return wrong("phone_number_id and waba_id are digits");
    if (!digits_of(given.setting("display_number", "+12025550101")))
        return wrong(
            "the business's own number: a phone number with its country code was expected, like "
            "+12025550101");
    return std::unique_ptr<Line>{std::make_unique<GraphLine>(given, parts)};
}

}  // namespace warmcall::sandbox
