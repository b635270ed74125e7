// A prompt as signed JSON to an address of the user's own (standardwebhooks.com): Zapier, n8n, a
// script. The signature is over "id.timestamp.body", and the id stays the same when it is sent
// again.

#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/speech.hpp"
#include "notifiers/registry.hpp"
#include "notifiers/words.hpp"

namespace warmcall::notifiers {

namespace {

using nlohmann::json;

constexpr std::size_t secret_bytes_min = 24;

std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

// "whsec_" and base64, as the standard has it; anything else is taken as it stands.
Secret signing_key(const std::string& written) {
    constexpr std::string_view mark = "whsec_";
    if (!written.starts_with(mark)) {
        return Secret{written};
    }
    const std::string encoded = written.substr(mark.size());
    std::string bytes(encoded.size() / 4 * 3 + 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(encoded.data()),
                                     static_cast<int>(encoded.size()));
    if (size < 0) {
        return Secret{written};
    }
    const auto padding = static_cast<std::size_t>(std::count(encoded.begin(), encoded.end(), '='));
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return Secret{bytes};
}

json people_of(const Telling& t) {
    json people = json::array();
    for (const core::Case& subject : t.subjects) {
        json one{{"id", subject.contact.id.value},
                 {"first_name", core::first_name(subject.contact.name)}};
        if (subject.prompt) {
            one["prompt"] = subject.prompt->id.value;
            one["why"] = core::to_string(subject.prompt->kind);
        }
        people.push_back(std::move(one));
    }
    return people;
}

std::string_view kind_of(const Telling& t) {
    if (t.alert.take_back) {
        return "prompt.done";
    }
    if (t.subjects.size() > 1) {
        return "prompts";
    }
    if (t.alert.prompt) {
        return "prompt";
    }
    return t.subjects.empty() ? "test" : "notice";
}

std::string id_of(const Telling& t) {
    if (t.alert.id == 0) {
        return "test-" + to_hex(t.alert.token);
    }
    return "alert-" + std::to_string(t.alert.id) + (t.alert.take_back ? "-done" : "");
}

Result<HttpRequest> compose(const Telling& t, const Means&) {
    const auto url = t.device.settings.find("url");
    const auto secret = t.device.secrets.find("secret");
    if (url == t.device.settings.end() || secret == t.device.secrets.end()) {
        return Error{Errc::not_found, "url or secret is missing"};
    }
    const Said said = say(t, Travels::readable);
    const json body{
        {"type", kind_of(t)},    {"rep", t.rep.id.value},
        {"title", said.title},   {"text", said.body},
        {"link", said.link},     {"tel", said.phone.empty() ? json(nullptr) : json(said.phone)},
        {"tag", said.tag},       {"pressing", said.pressing},
        {"people", people_of(t)}};
    std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
    const std::string id = id_of(t);
    const std::string at = std::to_string(core::unix_ms(t.now) / 1000);
    const auto mac = hmac_sha256(signing_key(secret->second.reveal()), id + "." + at + "." + text);
    return HttpRequest{"POST",
                       url->second,
                       {{"Content-Type", "application/json"},
                        {"webhook-id", id},
                        {"webhook-timestamp", at},
                        {"webhook-signature",
                         "v1," + base64({reinterpret_cast<const char*>(mac.data()), mac.size()})}},
                       std::move(text)};
}

Told read(const Device&, const Means&, const HttpResponse& response) {
    return told_by_status("The webhook", response);
}

std::vector<std::string> check(const Device& device) {
    std::vector<std::string> wrong;
    if (!device.settings.contains("url")) {
        wrong.emplace_back("url is missing: where the JSON is posted to");
    }
    const auto secret = device.secrets.find("secret");
    if (secret == device.secrets.end() || secret->second.reveal().size() < secret_bytes_min) {
        wrong.emplace_back(
            "secret is missing or shorter than 24 characters: it signs what is posted");
    }
    for (const auto& [key, value] : device.settings) {
        if (key != "url") {
            wrong.push_back(key + " is not known to a webhook; expected url, secret");
        }
    }
    return wrong;
}

}  // namespace

extern const Notifier webhook{
    .name = "webhook", .can_take_back = true, .check = &check, .compose = &compose, .read = &read};

}  // namespace warmcall::notifiers
