// Services that are told by one POST, each a row of data. A body is JSON whose texts hold
// {placeholders}: {title}, {text} (title and body in one), {body}, {link}, {open}, and whatever
// setting or secret the row names. A new service is a new row and a line in tests/notifiers.

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "notifiers/registry.hpp"
#include "notifiers/words.hpp"

namespace warmcall::notifiers {

namespace {

using nlohmann::json;

struct Row {
    std::string_view name, title;
    std::string_view url;  // placeholders, too; {url} is `default_url` unless it is configured
    std::string_view default_url;
    std::span<const std::string_view> settings, secrets;  // all needed
    std::string_view header, header_value;                // "" when none
    enum class Body { json, form } body = Body::json;
    std::string_view body_text;
    int pressing = 0, calm = 0;     // what "{priority}" is
    std::string_view only_success;  // the answer's body must be this; "" when any will do
    std::string_view id_at;         // JSON pointer to the message's id in the answer
    std::string_view take_back_url, take_back_body;  // "{provider_id}" is what id_at gave
};

constexpr std::array<std::string_view, 1> url_key{"url"};
constexpr std::array<std::string_view, 1> token_key{"token"};
constexpr std::array<std::string_view, 1> chat_key{"chat_id"};
constexpr std::array<std::string_view, 1> hook_key{"hook_token"};
constexpr std::array<std::string_view, 2> pushover_keys{"token", "user_token"};

// Compared with what Apprise sends by tests/peers/apprise_test.py.
constexpr std::array<Row, 4> table{{
    // gotify.net/api-docs#/message/createMessage. No buttons, by its makers' choice (server#645).
    {.name = "gotify",
     .title = "Gotify",
     .url = "{url}/message",
     .settings = url_key,
     .secrets = token_key,
     .header = "X-Gotify-Key",
     .header_value = "{token}",
     .body_text = R"({"title": "{title}", "message": "{body}", "priority": "{priority}",
                      "extras": {"client::notification": {"click": {"url": "{link}"}}}})",
     .pressing = 8,
     .calm = 5,
     .id_at = "/id"},
    // pushover.net/api
    {.name = "pushover",
     .title = "Pushover",
     .url = "{url}/1/messages.json",
     .default_url = "https://api.pushover.net",
     .secrets = pushover_keys,
     .body = Row::Body::form,
     .body_text = R"({"token": "{token}", "user": "{user_token}", "title": "{title}",
                      "message": "{body}", "priority": "{priority}", "url": "{link}",
                      "url_title": "{open}", "ttl": "{ttl}"})",
     .pressing = 1,
     .calm = 0,
     .id_at = "/request"},
    // core.telegram.org/bots/api#sendmessage. A button may not be a tel: link.
    {.name = "telegram",
     .title = "Telegram",
     .url = "{url}/bot{token}/sendMessage",
     .default_url = "https://api.telegram.org",
     .settings = chat_key,
     .secrets = token_key,
     .body_text = R"({"chat_id": "{chat_id}", "text": "{text}",
                      "link_preview_options": {"is_disabled": true},
                      "reply_markup": {"inline_keyboard": [[{"text": "{open}", "url": "{link}"}]]}})",
     .id_at = "/result/message_id",
     .take_back_url = "{url}/bot{token}/deleteMessage",
     .take_back_body = R"({"chat_id": "{chat_id}", "message_id": "{provider_id}"})"},
    // docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. Success is the word "ok".
    {.name = "slack",
     .title = "Slack",
     .url = "{hook_token}",
     .secrets = hook_key,
     .body_text = R"({"text": "{text}\n<{link}|{open}>"})",
     .only_success = "ok"},
}};

const Row& row_of(const Device& device) {
    return *std::ranges::find(table, device.way, &Row::name);
}

using Values = std::map<std::string, std::string, std::less<>>;

std::string filled(std::string_view text, const Values& values) {
    std::string out;
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        out += text.substr(0, open);
        if (open == std::string_view::npos) {
            break;
        }
        const std::size_t close = text.find('}', open);
        const auto value = close == std::string_view::npos
                               ? values.end()
                               : values.find(text.substr(open + 1, close - open - 1));
        if (value == values.end()) {
            out += '{';
            text.remove_prefix(open + 1);
        } else {
            out += value->second;
            text.remove_prefix(close + 1);
        }
    }
    return out;
}

// Placeholders are filled after the JSON is read, so that a name with a quote stays a name.
json filled_json(const json& body, const Values& values) {
    if (body.is_string()) {
        const std::string& text = body.get_ref<const std::string&>();
        if (text == "{priority}" || text == "{ttl}") {
            return std::stoi(values.at(text.substr(1, text.size() - 2)));
        }
        return filled(text, values);
    }
    if (!body.is_structured()) {
        return body;
    }
    json out = body;
    for (json& part : out) {
        part = filled_json(part, values);
    }
    return out;
}

// Slack reads "&", "<" and ">" as its own marks.
std::string escaped_for_slack(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
    }
    return out;
}

Values values_of(const Row& row, const Telling& t) {
    const Said said = say(t, Travels::readable);
    const auto ttl = std::chrono::duration_cast<std::chrono::seconds>(said.useful_for).count();
    Values values{{"title", said.title},
                  {"body", said.body},
                  {"text", said.title + "\n" + said.body},
                  {"link", said.link},
                  {"open", said.open},
                  {"priority", std::to_string(said.pressing ? row.pressing : row.calm)},
                  {"ttl", std::to_string(ttl)},
                  {"url", std::string{row.default_url}},
                  {"provider_id", t.alert.provider_id}};
    if (row.name == "slack") {
        values["text"] = escaped_for_slack(values["text"]);
    }
    for (const auto& [key, value] : t.device.settings) {
        values[key] = value;
    }
    for (const auto& [key, secret] : t.device.secrets) {
        values[key] = secret.reveal();
    }
    return values;
}

std::string encoded(const Row& row, const json& body) {
    if (row.body == Row::Body::json) {
        return body.dump(-1, ' ', false, json::error_handler_t::replace);
    }
    std::vector<Header> pairs;
    for (const auto& [key, value] : body.items()) {
        pairs.push_back({key, value.is_string() ? value.get<std::string>() : value.dump()});
    }
    return encode_form(pairs);
}

Result<HttpRequest> compose(const Telling& t, const Means&) {
    const Row& row = row_of(t.device);
    const Values values = values_of(row, t);
    const bool back = t.alert.take_back;
    HttpRequest request{
        "POST",
        filled(back ? row.take_back_url : row.url, values),
        {{"Content-Type",
          row.body == Row::Body::json ? "application/json" : "application/x-www-form-urlencoded"}},
        encoded(row, filled_json(json::parse(back ? row.take_back_body : row.body_text), values))};
    if (!row.header.empty()) {
        request.headers.push_back({std::string{row.header}, filled(row.header_value, values)});
    }
    return request;
}

std::string id_in(const Row& row, const std::string& body) {
    const json answer = json::parse(body, nullptr, false);
    const json::json_pointer at{std::string{row.id_at}};
    if (row.id_at.empty() || !answer.is_structured() || !answer.contains(at)) {
        return {};
    }
    const json& id = answer[at];
    return id.is_string() ? id.get<std::string>() : id.dump();
}

Told read(const Device& device, const Means&, const HttpResponse& response) {
    const Row& row = row_of(device);
    Told told = told_by_status(row.title, response);
    if (told.kind != Told::Kind::accepted) {
        return told;
    }
    if (!row.only_success.empty() && response.body != row.only_success) {
        return {.kind = Told::Kind::refused,
                .sentence = std::string{row.title} + " did not take it"};
    }
    told.provider_id = id_in(row, response.body);
    return told;
}

std::vector<std::string> check(const Device& device) {
    const Row& row = row_of(device);
    std::vector<std::string> wrong;
    for (const std::string_view key : row.settings) {
        if (!device.settings.contains(std::string{key})) {
            wrong.push_back(std::string{key} + " is missing, which " + std::string{row.title} +
                            " needs");
        }
    }
    for (const std::string_view key : row.secrets) {
        if (!device.secrets.contains(std::string{key})) {
            wrong.push_back(std::string{key} + " is missing, which " + std::string{row.title} +
                            " needs");
        }
    }
    for (const auto& [key, value] : device.settings) {
        if (key != "url" && std::ranges::find(row.settings, key) == row.settings.end()) {
            wrong.push_back(key + " is not known to " + std::string{row.title});
        }
    }
    return wrong;
}

}  // namespace

std::span<const Notifier> rows() {
    static const std::vector<Notifier> all = [] {
        std::vector<Notifier> made;
        for (const Row& row : table) {
            made.push_back({.name = row.name,
                            .can_take_back = !row.take_back_url.empty(),
                            .check = &check,
                            .compose = &compose,
                            .read = &read});
        }
        return made;
    }();
    return all;
}

}  // namespace warmcall::notifiers
