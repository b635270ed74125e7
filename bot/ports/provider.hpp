#pragma once
// The shape of a provider: a table of pure functions between its wire format and our words. No I/O,
// no clock, no state. A provider is one file, its golden payloads and one word in
// providers/registry.cpp.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/contact.hpp"
#include "core/delivery.hpp"
#include "core/event.hpp"
#include "core/ids.hpp"
#include "core/template.hpp"
#include "ports/http.hpp"
#include "support/result.hpp"
#include "support/secret.hpp"

namespace warmcall {

using Token =
    std::array<std::uint8_t, 16>;  // ours, on the wire with the message, back in every receipt
std::string to_hex(const Token& token);
std::optional<Token> token_from_hex(std::string_view hex);

// One configured account at a provider. Keys are the provider's own and checked by its `check`.
struct Account {
    core::ChannelId id;
    std::string provider;
    std::string base_url;    // without a trailing slash
    std::string public_url;  // [server] public_url: what the provider was told to call
    std::map<std::string, std::string> settings;  // "phone_number_id", "waba_id", …
    std::map<std::string, std::vector<Secret>>
        secrets;  // "app_secret" (two during rotation), "access_token", "verify_token"
};

// ---- what comes in ----

struct InReply {
    core::ReplyKind kind = core::ReplyKind::text;
    std::string words;
    std::string profile_name;
    std::string about_provider_id;  // the message they answered, "" if the provider does not say
    std::string button_payload;     // of a tapped button: ours, when it was a rep's
};
struct InStatus {
    std::string provider_id;
    std::optional<Token> token;
    core::Facts facts;
};
struct InCall {
    enum class Stage { ringing, ended } stage = Stage::ringing;
};
struct InEcho {  // the rep wrote from the phone's own app; `who` is the contact
    std::string provider_id;
};
struct InPreference {
    core::MarketingPreference::Choice choice = core::MarketingPreference::Choice::stop;
};
struct InAddressChange {
    core::Address now;
    core::AddressLearned::How how = core::AddressLearned::How::replaced;
};
struct InTemplate {
    std::string name;
    std::string language;  // with "_"
    std::optional<core::TemplateStatus> status;
    std::string category;  // set when it changed
    std::string quality;   // set when it changed: GREEN, YELLOW, RED
    std::string reason;
};
struct InAccount {     // about the account or the number: kept, shown, and acted on by `severity`
    std::string what;  // the provider's word
    enum class Severity { note, slow_down, stop } severity = Severity::note;
};
struct InIgnored {  // understood to be none of our business, or unknown: counted under `what`
    std::string what;
};

using InWhat = std::variant<InReply, InStatus, InCall, InEcho, InPreference, InAddressChange,
                            InTemplate, InAccount, InIgnored>;

struct Inbound {
    std::string key;       // compact, unique per event, led by the provider's timestamp (8 bytes
                           // big-endian seconds, then a hash)
    core::Timestamp at{};  // the provider's time
    std::vector<core::Address> who;  // of the person, best evidence first; empty for account events
    InWhat what;
};

// ---- what goes out ----

struct Outbound {
    Token token{};
    core::Address to;
    std::string text;  // free-form; or what the template will read like, for our own record
    std::string template_name;  // the provider's name of it; empty: free-form
    std::string template_language;
    std::vector<std::pair<std::string, std::string>>
        parameters;  // in order; names as in the template
    bool named_parameters = true;
    std::vector<std::pair<std::string, std::string>>
        buttons;                    // id, title: free-form reply buttons, at most 3
    std::string url_button_suffix;  // the one variable of a template's URL button, "" if none
    core::Duration useful_for{};    // how long the provider should go on trying
};

struct Answer {
    enum class Kind {
        accepted,
        refused,
        unreadable
    } kind = Kind::unreadable;  // unreadable: treat as unknown
    std::string provider_id;
    std::vector<core::Address> learned;  // wa_id, user id that go with the number we wrote to
    core::FailureClass failure = core::FailureClass::permanent;
    int code = 0;
    std::optional<core::Duration> retry_after;  // Retry-After, clamped by the engine
    enum class Scope { message, pair, sender, account } scope = Scope::message;  // of slow_down
    std::string sentence;  // for the rep or the log: no number, no text
};

struct Provider {
    std::string_view name;
    core::Medium medium = core::Medium::whatsapp;
    std::string_view default_base_url;
    bool can_list_sent = false;  // may an unknown send be looked up
    std::size_t webhook_body_bytes_max = 256 * 1024;

    // Settings and secrets the account lacks or has wrong, each a sentence with the key's name.
    std::vector<std::string> (*check)(const Account&) = nullptr;
    // GET on the webhook: the answer to the provider's handshake.
    HttpResponse (*handshake)(const Account&, const HttpRequest&) = nullptr;
    // Is this delivery really from the provider: over the raw bytes, in constant time.
    bool (*authentic)(const Account&, const HttpRequest&) = nullptr;
    // Everything in one delivery, in order. bad_payload when it cannot be read at all (it is then
    // kept raw).
    Result<std::vector<Inbound>> (*parse)(const Account&, const HttpRequest&) = nullptr;
    // What the provider wants to hear once all of it is durable.
    HttpResponse (*received)(const Account&) = nullptr;
    HttpRequest (*build_send)(const Account&, const Outbound&) = nullptr;
    Answer (*read_send)(const Account&, const HttpResponse&) = nullptr;
    // A harmless request that shows whether the credentials work, and its reading: nothing when all
    // is well, else a sentence.
    HttpRequest (*build_probe)(const Account&) = nullptr;
    std::optional<std::string> (*read_probe)(const Account&, const HttpResponse&) = nullptr;
};

// nullptr when there is none of that name.
const Provider* find_provider(std::string_view name);
std::vector<std::string_view> provider_names();

}  // namespace warmcall
