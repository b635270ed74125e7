// A prompt over ntfy (docs.ntfy.sh/publish), the public server or one's own. JSON goes to the
// server's root: posted to the topic it would be shown as it stands. What is said here is readable
// to the server and to whoever knows the topic, so nothing secret is in it.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/speech.hpp"
#include "notifiers/registry.hpp"
#include "notifiers/words.hpp"

namespace warmcall::notifiers {

namespace {

using nlohmann::json;

constexpr std::string_view public_server = "https://ntfy.sh";
constexpr std::size_t message_bytes_max = 4096;  // longer ones become attachments
constexpr std::size_t title_bytes_max = 250;
constexpr std::size_t topic_length_max = 64;

std::string setting(const Device& device, const char* key, std::string_view otherwise = {}) {
    const auto at = device.settings.find(key);
    return at == device.settings.end() ? std::string{otherwise} : at->second;
}

bool is_topic(std::string_view topic) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    return !topic.empty() && topic.size() <= topic_length_max &&
           std::all_of(topic.begin(), topic.end(), fits);
}

json view(std::string_view label, const std::string& url) {
    return {{"action", "view"}, {"label", label}, {"url", url}, {"clear", true}};
}

Result<HttpRequest> compose(const Telling& t, const Means&) {
    const Said said = say(t, Travels::readable);
    json actions = json::array();
    if (!said.phone.empty()) {
        actions.push_back(view(said.call, "tel:" + said.phone));
    }
    actions.push_back(view(said.open, said.link));
    const json body{{"topic", setting(t.device, "topic")},
                    {"title", core::cut(said.title, title_bytes_max)},
                    {"message", core::cut(said.body, message_bytes_max)},
                    {"priority", said.pressing ? 5 : 4},
                    {"tags", json::array({"telephone_receiver"})},
                    {"click", said.link},
                    {"actions", std::move(actions)}};
    HttpRequest request{"POST",
                        setting(t.device, "url", public_server) + "/",
                        {{"Content-Type", "application/json"}},
                        body.dump(-1, ' ', false, json::error_handler_t::replace)};
    if (const auto token = t.device.secrets.find("token"); token != t.device.secrets.end()) {
        request.headers.push_back({"Authorization", "Bearer " + token->second.reveal()});
    }
    return request;
}

// {"code":40301,"http":403,"error":"forbidden"}; its words may repeat the topic, its code does not.
std::string code_of(const HttpResponse& response) {
    const json body = json::parse(response.body, nullptr, false);
    return body.is_object() && body.contains("code") && body["code"].is_number_integer()
               ? std::to_string(body["code"].get<std::int64_t>())
               : std::to_string(response.status);
}

Told read(const Device&, const Means&, const HttpResponse& response) {
    Told told = told_by_status("ntfy", response);
    if (told.kind == Told::Kind::accepted) {
        const json body = json::parse(response.body, nullptr, false);
        if (body.is_object() && body.contains("id") && body["id"].is_string()) {
            told.provider_id = body["id"].get<std::string>();
        }
        return told;
    }
    told.sentence = "ntfy answers " + code_of(response);
    if (response.status == 401) {
        told.sentence += ": the token is not right";
    } else if (response.status == 403) {
        told.sentence += ": this topic is not open to us";
    } else if (told.kind == Told::Kind::again) {
        told.sentence += ": it is busy, we try again";
    }
    return told;
}

std::vector<std::string> check(const Device& device) {
    std::vector<std::string> wrong;
    if (!is_topic(setting(device, "topic"))) {
        wrong.emplace_back(
            "topic is missing or is none: at most 64 letters, digits, \"_\" and \"-\", and hard to "
            "guess");
    }
    for (const auto& [key, value] : device.settings) {
        if (key != "topic" && key != "url") {
            wrong.push_back(key + " is not known to ntfy; expected topic, url, token");
        }
    }
    return wrong;
}

}  // namespace

extern const Notifier ntfy{.name = "ntfy", .check = &check, .compose = &compose, .read = &read};

}  // namespace warmcall::notifiers
