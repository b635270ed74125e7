#include "web/webhooks.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "web/calls.hpp"

namespace warmcall::web {

namespace {

// What this channel's webhooks are signed with, as the configuration names it.
std::string_view signed_with(const Account& account) {
    for (const std::string_view name :
         {"app_secret", "webhook_secret", "signature_secret", "auth_token"})
        if (account.secrets.contains(std::string{name}))
            return name;
    if (account.settings.contains("public_key"))
        return "public_key";
    return "its secret";
}

bool is_plain(std::string_view name) {
    return name.size() <= 64 && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
           });
}

void complain_of_signature(Hook& hook, core::Timestamp now) {
    const std::string& channel = hook.account.id.value;
    const std::string_view secret = signed_with(hook.account);
    if (const auto n = hook.wrong_signature.count(now); n == 1)
        spdlog::warn("channel {}: a webhook with a wrong signature: is {} right?", channel, secret);
    else if (n > 1)
        spdlog::warn(
            "channel {}: {} webhooks with a wrong signature in the last minute: is {} right?",
            channel, n, secret);
}

Hook* find_hook(Site& site, const Call& call) {
    const auto found = site.hooks.find(core::ChannelId{call.parameters.at(0)});
    if (found != site.hooks.end())
        return &found->second;
    ++site.unknown_channel;
    const std::string& name = call.parameters.at(0);  // anybody's words
    if (const auto n = site.channel_unknown.count(site.now()); n == 1)
        spdlog::warn("a webhook for a channel that is not configured: {}",
                     is_plain(name) ? name : "(no plain name)");
    else if (n > 1)
        spdlog::warn("{} webhooks for channels that are not configured in the last minute", n);
    return nullptr;
}

net::Outgoing no_such_channel() {
    return problem(404, "no_such_channel", "No channel of this name is configured here.");
}

// A payload our parser trips over must not be lost, and must not come back for ever either: it is
// kept raw.
Result<std::vector<Inbound>> parsed(const Site& site, const Hook& hook,
                                    const net::Incoming& request) try {
    Result<std::vector<Inbound>> events = hook.provider->parse(hook.account, request);
    if (events)
        read_replies(site.plan.replies, *events, request.received_at);
    return events;
} catch (const std::exception& e) {
    return Error{Errc::bad_payload, e.what()};
}

// Who rings, when the delivery is a call and the provider waits to be told what they hear.
std::optional<core::Address> caller_in(const Hook& hook, const Delivered& delivered) {
    if (hook.provider->answer_call == nullptr || delivered.events.size() != 1)
        return std::nullopt;
    const Inbound& event = delivered.events.front();
    if (!std::holds_alternative<InCall>(event.what) || event.who.empty())
        return std::nullopt;
    return event.who.front();
}

bool is_secret(const Account& account, std::string_view value) {
    for (const auto& [key, both] : account.secrets)
        for (const Secret& secret : both)
            if (!secret.empty() && secret.reveal() == value)
                return true;
    return false;
}

// What of a delivery is kept raw: its body; of a GET, which has none, the query without the secret
// that some providers can only put there.
std::string raw_of(const Account& account, net::Incoming& request) {
    if (request.method != "GET")
        return std::move(request.body);
    std::vector<Header> pairs = decode_form(request.query());
    std::erase_if(pairs, [&](const Header& pair) { return is_secret(account, pair.value); });
    return encode_form(pairs);
}

}  // namespace

Handled take_webhook(Site& site, Call& call) {
    Hook* hook = find_hook(site, call);
    if (hook == nullptr)
        co_return no_such_channel();
    call.request.received_at = site.now();
    if (!hook->provider->authentic(hook->account, call.request)) {
        ++hook->forged;
        complain_of_signature(*hook, site.now());
        co_return problem(401, "not_authentic",
                          "The signature does not fit the body and this channel's secret.");
    }
    if (site.door.full()) {
        ++hook->turned_away;
        co_return busy();
    }
    Delivered delivered;
    delivered.channel = hook->account.id;
    auto events = parsed(site, *hook, call.request);
    if (events)
        delivered.events = std::move(*events);
    else
        delivered.unreadable =
            events.error().message.empty() ? "it cannot be read" : events.error().message;
    const bool readable = delivered.unreadable.empty();
    delivered.body = raw_of(hook->account, call.request);

    const std::optional<core::Address> caller = caller_in(*hook, delivered);
    const Outcome outcome = co_await site.door.apply(std::move(delivered));
    if (outcome.failure) {
        ++hook->turned_away;
        std::rethrow_exception(outcome.failure);
    }
    ++(readable ? hook->taken : hook->unreadable);
    if (caller)
        co_return co_await answer_caller(site, *hook, *caller);
    co_return hook->received;
}

Handled shake_hands(Site& site, Call& call) {
    Hook* hook = find_hook(site, call);
    if (hook == nullptr)
        co_return no_such_channel();
    if (hook->provider->handshake == nullptr)  // then what comes by GET is a delivery
        co_return co_await take_webhook(site, call);
    net::Outgoing answer;
    static_cast<HttpResponse&>(answer) = hook->provider->handshake(hook->account, call.request);
    if (answer.status >= 400) {
        ++hook->forged;
        if (hook->wrong_token.count(site.now()) > 0)
            spdlog::warn("channel {}: a handshake with a wrong token: is verify_token right?",
                         hook->account.id.value);
    }
    co_return answer;
}

}  // namespace warmcall::web
