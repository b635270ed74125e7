// A prompt as a Web Push (RFC 8030) to a browser. The body is always the declarative one, which
// iOS shows without a worker and our worker reads as well.

#include "notifiers/web_push.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "notifiers/push_crypto.hpp"
#include "notifiers/registry.hpp"
#include "notifiers/words.hpp"

namespace warmcall::notifiers {

namespace {

using nlohmann::json;

constexpr core::Duration signed_for = std::chrono::hours{12};
constexpr std::size_t address_bytes_max = 2000;
constexpr std::string_view key_setting = "push.key";

constexpr std::array<std::string_view, 2> hosts{"fcm.googleapis.com",
                                                "updates.push.services.mozilla.com"};
constexpr std::array<std::string_view, 3> host_endings{".push.services.mozilla.com",
                                                       ".push.apple.com", ".notify.windows.com"};

struct Address {
    std::string_view origin, host;
    bool https = false;
};

std::optional<Address> read_address(std::string_view url) {
    const bool https = url.starts_with("https://");
    const std::size_t begin = https ? 8 : 7;
    if ((!https && !url.starts_with("http://")) || url.size() > address_bytes_max) {
        return std::nullopt;
    }
    const std::size_t end = url.find('/', begin);
    const bool plain = std::ranges::all_of(url, [](char c) {
        return c > ' ' && c < 127 && c != '\\' && c != '"' && c != '<' && c != '>';
    });
    if (end == std::string_view::npos || end == begin || !plain ||
        url.substr(begin, end - begin).find_first_of("@?#") != std::string_view::npos) {
        return std::nullopt;
    }
    return Address{url.substr(0, end), url.substr(begin, end - begin), https};
}

bool allowed(const Address& address, std::span<const std::string> services) {
    if (std::ranges::find(services, address.origin) != services.end()) {
        return true;
    }
    return address.https && (std::ranges::find(hosts, address.host) != hosts.end() ||
                             std::ranges::any_of(host_endings, [&](std::string_view ending) {
                                 return address.host.size() > ending.size() &&
                                        address.host.ends_with(ending);
                             }));
}

Result<PushTarget> target_of(std::string_view keys) {
    const std::size_t space = std::min(keys.find(' '), keys.size());
    return read_push_target(keys.substr(0, space),
                            space == keys.size() ? std::string_view{} : keys.substr(space + 1));
}

std::string random_bytes(Rng& rng, std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) {
        const auto some = rng.token();
        bytes.append(reinterpret_cast<const char*>(some.data()), some.size());
    }
    bytes.resize(size);
    return bytes;
}

std::string setting(const Device& device, const char* key) {
    const auto at = device.settings.find(key);
    return at == device.settings.end() ? std::string{} : at->second;
}

// RFC 8030 with the declarative members: webkit.org/blog/16535/meet-declarative-web-push
std::string payload_of(const Telling& t, const Said& said) {
    json notification{{"title", said.title},
                      {"body", said.body},
                      {"navigate", said.link},
                      {"lang", said.language},
                      {"dir", said.right_to_left ? "rtl" : "ltr"},
                      {"tag", said.tag},
                      {"silent", t.alert.take_back}};
    json payload{{"web_push", 8030}, {"notification", std::move(notification)}};
    if (t.alert.take_back) {
        payload["warmcall"] = {{"take_back", true}};
    }
    return payload.dump(-1, ' ', false, json::error_handler_t::replace);
}

// What a push service is shown, signed anew once an hour for each of them: a service may count how
// often it sees a new one. Nothing but time is saved by it, so it is kept by the thread that sends.
std::string authorization_for(const PushKey& key, std::string_view origin, core::Timestamp now) {
    constexpr core::Duration shown_for = std::chrono::hours{1};
    constexpr std::size_t services_max = 64;
    struct Shown {
        core::Timestamp since{};
        std::string authorization;
    };
    thread_local std::map<std::string, Shown> all;
    const std::string whose = key.public_key + " " + key.subject + " " + std::string{origin};
    const auto known = all.find(whose);
    if (known != all.end() && known->second.since <= now && now < known->second.since + shown_for) {
        return known->second.authorization;
    }
    if (all.size() >= services_max) {
        all.clear();
    }
    return (all[whose] = {now, vapid_authorization(key, origin, now + signed_for)}).authorization;
}

Result<HttpRequest> compose(const Telling& t, const Means& means) {
    const std::string address = setting(t.device, "address");
    const std::string keys = setting(t.device, "keys");
    if (means.push_key == nullptr) {
        return Error{Errc::unavailable, "pushes are not set up here"};
    }
    if (std::string wrong = wrong_with(address, keys, means.push_services); !wrong.empty()) {
        return Error{Errc::refused, std::move(wrong)};
    }
    const Said said = say(t, Travels::encrypted);
    const Result<std::string> body =
        encrypt_push(payload_of(t, said), *target_of(keys), random_bytes(*means.rng, 16),
                     Secret{random_bytes(*means.rng, 32)});
    if (!body) {
        return body.error();
    }
    const auto ttl = std::chrono::duration_cast<std::chrono::seconds>(
        std::min<core::Duration>(said.useful_for, std::chrono::hours{4}));
    return HttpRequest{"POST",
                       address,
                       {{"TTL", std::to_string(ttl.count())},
                        {"Urgency", said.pressing ? "high" : "normal"},
                        {"Topic", said.tag},
                        {"Content-Encoding", "aes128gcm"},
                        {"Content-Type", "application/octet-stream"},
                        {"Authorization",
                         authorization_for(*means.push_key, read_address(address)->origin, t.now)}},
                       *body};
}

Told read(const Device&, const Means&, const HttpResponse& response) {
    switch (response.status) {
        case 404:
        case 410:
            return {.kind = Told::Kind::gone,
                    .sentence = std::to_string(response.status) +
                                ": this phone no longer listens; pair it again"};
        case 400:
        case 401:
        case 403:
            return {.kind = Told::Kind::refused,
                    .sentence = "The push service refuses our key (" +
                                std::to_string(response.status) +
                                "): turn notifications off and on again on this phone"};
        case 413:
            return {.kind = Told::Kind::refused, .sentence = "The push was too long (413)"};
        default:
            return told_by_status("The push service", response);
    }
}

std::vector<std::string> check(const Device&) {
    return {"way \"web_push\" needs no line here: a browser signs up by itself, on the console"};
}

}  // namespace

std::string wrong_with(std::string_view address, std::string_view keys,
                       std::span<const std::string> services) {
    const auto read = read_address(address);
    if (!read) {
        return "The browser gave no usable address for notifications.";
    }
    if (!allowed(*read, services)) {
        return "This browser's push service is not one we know; the owner can add it under [push] "
               "services.";
    }
    if (const auto target = target_of(keys); !target) {
        return "The browser's key cannot be used: " + target.error().message + ".";
    }
    return {};
}

bool is_push_subject(std::string_view subject) {
    if (subject.starts_with("https://")) {
        const std::string_view host = subject.substr(8);
        return !host.empty() && !host.starts_with("localhost") && !host.starts_with("127.") &&
               !host.starts_with('[');
    }
    const std::size_t at = subject.find('@');
    return subject.starts_with("mailto:") && at != std::string_view::npos && at > 7 &&
           at + 1 < subject.size() && subject.substr(at + 1) != "localhost";
}

PushKey push_key(Store& store, std::string subject) {
    std::string kept;
    store.transact([&](Unit& unit) {
        kept = unit.setting(key_setting);
        while (kept.empty()) {
            const std::string fresh = random_token(32);
            try {
                public_key_of(Secret{*base64url_decoded(fresh)});
            } catch (const std::runtime_error&) {
                continue;  // one in 2^32 is no key
            }
            unit.set_setting(key_setting, fresh);
            kept = fresh;
        }
    });
    auto bytes = base64url_decoded(kept);
    PushKey key{.private_key = Secret{bytes ? *bytes : std::string{}},
                .subject = std::move(subject)};
    key.public_key = public_key_of(key.private_key);
    return key;
}

extern const Notifier web_push{
    .name = "web_push", .can_take_back = true, .check = &check, .compose = &compose, .read = &read};

}  // namespace warmcall::notifiers
