#include "sandbox/push.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "support/secret.hpp"

namespace warmcall::sandbox {

namespace {

using std::chrono::seconds;

constexpr std::size_t body_bytes_max = 4096;
constexpr std::size_t header_bytes = 16 + 4 + 1;  // salt, record size, length of the key
constexpr std::size_t point_bytes = 65;
constexpr std::size_t tag_and_mark_bytes = 17;
constexpr std::size_t topic_length_max = 32;
constexpr long ttl_s_max = 60L * 60 * 24 * 28;
constexpr std::string_view prefix = "/push/";

HttpResponse answer(int status, std::string words) {
    return {.status = status,
            .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
            .body = std::move(words)};
}

std::optional<std::string> decoded(std::string_view text) {
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string bytes;
    unsigned bits = 0;
    int held = 0;
    for (const char c : text) {
        constexpr std::string_view alphabet =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        const std::size_t value = alphabet.find(c);
        if (value == alphabet.npos)
            return std::nullopt;
        bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffffU;
        if ((held += 6) >= 8)
            bytes += static_cast<char>(bits >> (held -= 8) & 0xffU);
    }
    return bytes;
}

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* it) const {
        Free(it);
    }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;

Key key_of(const std::string& point) {
    const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> build{OSSL_PARAM_BLD_new()};
    OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
    const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters{OSSL_PARAM_BLD_to_param(build.get())};
    const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context{
        EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
    EVP_PKEY* key = nullptr;
    if (!parameters || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        return nullptr;
    return Key{key};
}

// ES256: r and s, 32 bytes each, over "header.claims".
bool signed_by(const std::string& point, std::string_view said, const std::string& signature) {
    const Key key = key_of(point);
    if (!key || signature.size() != 64)
        return false;
    const auto* raw = reinterpret_cast<const unsigned char*>(signature.data());
    const Owned<ECDSA_SIG, ECDSA_SIG_free> pair{ECDSA_SIG_new()};
    ECDSA_SIG_set0(pair.get(), BN_bin2bn(raw, 32, nullptr), BN_bin2bn(raw + 32, 32, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context{EVP_MD_CTX_new()};
    const bool good =
        size > 0 &&
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
        EVP_DigestVerify(context.get(), der, static_cast<std::size_t>(size),
                         reinterpret_cast<const unsigned char*>(said.data()), said.size()) == 1;
    OPENSSL_free(der);
    return good;
}

// "vapid t=…, k=…": the token and the key; none: it is not that.
struct Vapid {
    std::string_view token, key;
};
std::optional<Vapid> read_vapid(std::string_view header) {
    constexpr std::string_view scheme = "vapid ";
    if (!header.starts_with(scheme))
        return std::nullopt;
    header.remove_prefix(scheme.size());
    Vapid found;
    while (!header.empty()) {
        const std::size_t comma = std::min(header.find(','), header.size());
        std::string_view part = header.substr(0, comma);
        header.remove_prefix(std::min(comma + 1, header.size()));
        while (part.starts_with(' '))
            part.remove_prefix(1);
        if (part.starts_with("t="))
            found.token = part.substr(2);
        else if (part.starts_with("k="))
            found.key = part.substr(2);
    }
    return found.token.empty() || found.key.empty() ? std::nullopt : std::optional{found};
}

std::optional<long> whole_number(std::string_view text) {
    long n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    return error == std::errc{} && end == text.data() + text.size() && n >= 0 ? std::optional{n}
                                                                              : std::nullopt;
}

bool good_topic(std::string_view topic) {
    return topic.size() <= topic_length_max && decoded(topic).has_value() && !topic.ends_with('=');
}

// salt, record size, key length and key, at least one record: no more can be seen from outside.
bool good_body(const std::string& body) {
    if (body.size() < header_bytes + point_bytes + tag_and_mark_bytes)
        return false;
    const auto byte = [&](std::size_t at) -> unsigned long {
        return static_cast<unsigned char>(body[at]);
    };
    const unsigned long record = byte(16) << 24 | byte(17) << 16 | byte(18) << 8 | byte(19);
    return byte(20) == point_bytes && byte(21) == 4 && record >= 18;
}

bool reachable_subject(const std::string& subject) {
    const bool mail = subject.starts_with("mailto:") && subject.find('@') != subject.npos;
    return (mail || subject.starts_with("https://")) && subject.find("localhost") == subject.npos;
}

}  // namespace

std::string PushService::subscribe(const std::string& browser, const std::string& channel,
                                   std::string key) {
    if (subscriptions_.size() >= subscriptions_max || !(key.empty() || key.size() == point_bytes))
        return {};
    std::string id = random_token(16);
    subscriptions_[id] = {.browser = browser, .channel = channel, .key = std::move(key)};
    return origin_ + std::string{prefix} + id;
}

void PushService::unsubscribe(const std::string& browser, const std::string& channel) {
    for (auto& [id, one] : subscriptions_) {
        if (one.browser == browser && one.channel == channel) {
            one.gone = true;
            one.waiting.clear();
        }
    }
}

std::optional<HttpResponse> PushService::wrong_signer(const HttpRequest& request,
                                                      const Subscription& to,
                                                      Clock::time_point now) const {
    const auto vapid = read_vapid(request.header("Authorization"));
    if (!vapid)
        return answer(401, "authorization must be: vapid t=<token>, k=<key>\n");
    const auto key = decoded(vapid->key);
    const std::size_t first = vapid->token.find('.'), last = vapid->token.rfind('.');
    if (!key || key->size() != point_bytes || first == last)
        return answer(400, "the vapid key or token cannot be read\n");
    if (!to.key.empty() && *key != to.key)
        return answer(403,
                      "the key in the authorization header does not correspond to the sender ID "
                      "used to subscribe this user.\n");
    const auto signature = decoded(vapid->token.substr(last + 1));
    if (!signature || !signed_by(*key, vapid->token.substr(0, last), *signature))
        return answer(403, "the signature of the token is not valid\n");
    const auto text = decoded(vapid->token.substr(first + 1, last - first - 1));
    const Json claims = text ? Json::parse(*text, nullptr, false) : Json();
    if (!claims.is_object() || claims.value("aud", Json()) != origin_)
        return answer(403,
                      "the aud claim in the authorization header must include the origin of the "
                      "endpoint that received the push message\n");
    const Json expires = claims.value("exp", Json());
    const auto now_s = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
    if (!expires.is_number_integer() || expires.get<std::int64_t>() <= now_s)
        return answer(403, "the token has expired\n");
    if (expires.get<std::int64_t>() > now_s + 24 * 3600)
        return answer(403,
                      "the exp claim in the authorization header MUST NOT be more than 24 hours "
                      "from now\n");
    const Json subject = claims.value("sub", Json());
    if (!subject.is_string() || !reachable_subject(subject.get<std::string>()))
        return answer(403, R"({"reason":"BadJwtToken"})");  // Apple's
    return std::nullopt;
}

std::optional<HttpResponse> PushService::wrong_with(const HttpRequest& request,
                                                    const Subscription& to,
                                                    Clock::time_point now) const {
    if (auto wrong = wrong_signer(request, to, now))
        return wrong;
    if (!whole_number(request.header("TTL")))
        return answer(400, "TTL is missing or no number of seconds\n");
    if (request.header("Content-Encoding") != "aes128gcm")
        return answer(400, "Content-Encoding must be aes128gcm\n");
    if (request.body.size() > body_bytes_max)
        return answer(413, "at most 4096 bytes\n");
    if (!request.body.empty() && !good_body(request.body))
        return answer(400, "the body is not one of RFC 8188\n");
    if (!good_topic(request.header("Topic")))
        return answer(400, "Topic is at most 32 characters of base64url\n");
    constexpr std::array<std::string_view, 5> urgencies{"", "very-low", "low", "normal", "high"};
    if (std::ranges::find(urgencies, request.header("Urgency")) == urgencies.end())
        return answer(400, "Urgency is very-low, low, normal or high\n");
    return std::nullopt;
}

HttpResponse PushService::take(const HttpRequest& request, Clock::time_point now) {
    const std::string id{request.path().substr(std::min(prefix.size(), request.path().size()))};
    const auto at = subscriptions_.find(id);
    if (at == subscriptions_.end())
        return answer(404, "there is no such subscription\n");
    Subscription& to = at->second;
    if (to.gone) {
        note({.subscription = id, .status = 410});
        return answer(410, "this subscription has ended\n");
    }
    if (request.method != "POST")
        return answer(405, "POST a message\n");
    if (auto wrong = wrong_with(request, to, now)) {
        note({.subscription = id, .status = wrong->status});
        return *std::move(wrong);
    }
    const long ttl = std::min(*whole_number(request.header("TTL")), ttl_s_max);
    PushMessage message{.subscription = id,
                        .channel = to.channel,
                        .version = "v" + std::to_string(++versions_),
                        .data = base64url(request.body),
                        .topic = std::string{request.header("Topic")},
                        .lives_until = now + seconds{std::max(ttl, 30L)}};
    if (!message.topic.empty())
        std::erase_if(to.waiting,
                      [&](const PushMessage& old) { return old.topic == message.topic; });
    if (to.waiting.size() >= waiting_max)
        to.waiting.pop_front();
    note({.version = message.version, .subscription = id, .status = 201});
    HttpResponse taken = answer(201, "");
    taken.headers.push_back({"Location", origin_ + "/push-message/" + message.version});
    taken.headers.push_back({"TTL", std::to_string(ttl)});
    to.waiting.push_back(std::move(message));
    on_news(to.browser);
    return taken;
}

std::vector<PushMessage> PushService::waiting(const std::string& browser, Clock::time_point now) {
    std::vector<PushMessage> found;
    for (auto& [id, one] : subscriptions_) {
        std::erase_if(one.waiting, [&](const PushMessage& m) { return m.lives_until <= now; });
        if (one.browser == browser)
            found.insert(found.end(), one.waiting.begin(), one.waiting.end());
    }
    return found;
}

void PushService::acknowledge(const std::string& browser, const std::string& version, int code) {
    for (auto& [id, one] : subscriptions_)
        if (one.browser == browser)
            std::erase_if(one.waiting, [&](const PushMessage& m) { return m.version == version; });
    for (Seen& seen : seen_)
        if (seen.version == version)
            seen.ack = code;
}

void PushService::note(Seen seen) {
    if (seen_.size() >= report_max)
        seen_.pop_front();
    seen_.push_back(std::move(seen));
}

Json PushService::report() const {
    Json subscriptions = Json::array(), messages = Json::array();
    for (const auto& [id, one] : subscriptions_)
        subscriptions.push_back({{"endpoint", origin_ + std::string{prefix} + id},
                                 {"gone", one.gone},
                                 {"waiting", one.waiting.size()}});
    for (const Seen& seen : seen_)
        messages.push_back({{"version", seen.version},
                            {"endpoint", origin_ + std::string{prefix} + seen.subscription},
                            {"status", seen.status},
                            {"ack", seen.ack ? Json(*seen.ack) : Json()}});
    return {{"subscriptions", subscriptions}, {"messages", messages}};
}

}  // namespace warmcall::sandbox
