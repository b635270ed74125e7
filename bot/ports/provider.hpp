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
#include "core/outreach.hpp"
#include "core/template.hpp"
#include "ports/http.hpp"
#include "support/result.hpp"
#include "support/secret.hpp"

namespace warmcall {

using Token =
    std::array<std::uint8_t, 16>;  // ours, on the wire with the message, back in every receipt
std::string to_hex(const Token& token);
std::optional<Token> token_from_hex(std::string_view hex);
// The first 48 bits are the milliseconds, as in a UUID of version 7 (RFC 9562), the other 80 stay
// random: an index of tokens grows at its end, and receipts ask for neighbours.
Token in_order_of_time(Token random, core::Timestamp now);
core::Timestamp time_of(const Token& token);  // that it was made with

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
    std::string caption;  // what they wrote under a file; part of `words` as well
    std::string profile_name;
    std::string about_provider_id;  // the message they answered, "" if the provider does not say
    std::string button_payload;     // of a tapped button: ours, when it was a rep's
    bool confirmed_stop = false;    // the provider took it for a STOP, and answered it itself
    std::optional<core::Reading> reading;  // of the words, by who has our words for it
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
    // The channel rests: not at all, a quarter of an hour, an hour.
    enum class Severity { note, slow_down, stop } severity = Severity::note;
};
struct InIgnored {  // understood to be none of our business, or unknown: counted under `what`
    std::string what;
};

using InWhat = std::variant<InReply, InStatus, InCall, InEcho, InPreference, InAddressChange,
                            InTemplate, InAccount, InIgnored>;

struct Inbound {
    std::string key;  // 20 bytes, the same for every copy of the event (providers/reading.hpp):
                      // the provider's seconds and a hash, so that new rows lie side by side
    core::Timestamp at{};  // the provider's time; where it tells none, received_at of the request
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
        buttons;                    // id, title: reply buttons; of a template, its quick replies
    std::string url_button_suffix;  // the one variable of a template's URL button, "" if none
    core::Duration useful_for{};    // how long the provider should go on trying
    core::Timestamp at{};           // when it leaves: some credentials carry the time
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
    std::optional<int> again_max;  // how often it may be tried again; none: as often as any
    // What it says of the template, whoever it goes to; unknown: nothing.
    core::TemplateStatus template_is = core::TemplateStatus::unknown;
    // Whom slow_down and config slow down. portfolio: all that may be written to people first.
    enum class Scope { message, pair, sender, portfolio, account } scope = Scope::message;
    std::string sentence;  // for the rep or the log: no number, no text
};

// ---- what the provider's own list knows ----

// A send nobody can tell about: it was written, and no answer came.
struct UnknownSend {
    Outbound message;
    core::Timestamp from{};   // the provider made its record of it not before this (claimed) …
    core::Timestamp until{};  // … and not after this (the lease's end)
};

// A message to that person which the provider has in that time.
struct Sighting {
    std::string provider_id;
    core::Timestamp created{};
    core::Facts facts;       // as far as the list tells; with provider_id, at least `accepted`
    bool same_text = false;  // a template's text at the provider may have strayed from ours
};

template <class T>
struct Page {
    std::vector<T> found;
    std::string next;  // hand it back for the next page; "" when this was the last
};

// ---- calls ----

// What whoever rings our number hears: kind words and the end, a rep's phone, or that it is busy.
struct CallAnswer {
    enum class How { say, forward, decline } how = How::decline;
    std::string words;  // to say, in this language: "en", "pt_BR"
    std::string language;
    std::string phone;  // to forward to: E.164
};

// A call that the provider carries: the rep's phone rings first, the contact's once the rep has
// pressed a key, so that no voice box ever talks to a contact. It is not recorded.
struct Bridge {
    std::string rep;    // E.164
    std::string words;  // what the rep hears: whose phone rings at the press of a key
    std::string language;
    std::string contact;        // E.164
    std::string url;            // ours: asked when the rep is there, told when the call has ended
    core::Duration patience{};  // how long each phone rings
};

struct LineNews {
    enum class Stage { under_way, rep_is_there, ended } stage = Stage::under_way;
    core::Line line;
};

// What became of handing in a text.
struct Submitted {
    std::string next;  // not done yet: hand it back for the next step; "" when this was the last
    std::string note;  // what is left for a person to do, "" for nothing
};

// How fast a provider lets us write, where the configuration says nothing else (PROVIDERS.md 2.10,
// 3.6).
struct Rates {
    double per_second = 10;          // of one sender; of an SMS every part counts
    double account_per_second = 0;   // of all senders of the account together; 0: no bound
    core::Duration pair_gap{6'000};  // one message in this time to the same person …
    int pair_burst = 10;             // … with some in a row forgiven
    // How many different people may be written to in 24 hours outside of their windows, by all
    // numbers of the business together; 0: no bound.
    std::size_t people_per_day = 0;
};

struct Provider {
    std::string_view name;
    core::Medium medium = core::Medium::whatsapp;
    std::string_view default_base_url;
    std::size_t webhook_body_bytes_max = 256 * 1024;
    Rates rates{};
    bool writes_buttons = false;   // in free-form messages; those of templates are in the template
    std::string_view account_key;  // the setting that names the account; "": the provider's all one

    // Settings and secrets the account lacks or has wrong, each a sentence with the key's name.
    std::vector<std::string> (*check)(const Account&) = nullptr;
    // GET on the webhook: the answer to the provider's handshake. nullptr: it knows none, and a GET
    // is a delivery like any other.
    HttpResponse (*handshake)(const Account&, const HttpRequest&) = nullptr;
    // Is this delivery really from the provider: over the raw bytes, in constant time, and where it
    // carries a time, close to received_at.
    bool (*authentic)(const Account&, const HttpRequest&) = nullptr;
    // Everything in one delivery, in order. bad_payload when it cannot be read at all (it is then
    // kept raw). Receipts come to /webhooks/CHANNEL or, with the token,
    // /webhooks/CHANNEL/status/TOKEN.
    Result<std::vector<Inbound>> (*parse)(const Account&, const HttpRequest&) = nullptr;
    // What the provider wants to hear once all of it is durable.
    HttpResponse (*received)(const Account&) = nullptr;
    // Why the provider would not take this message as it is (too long, no such template there), in
    // a sentence without its text; nothing when it would. nullptr: it takes anything we compose.
    std::optional<std::string> (*unfit)(const Account&, const Outbound&) = nullptr;
    HttpRequest (*build_send)(const Account&, const Outbound&) = nullptr;
    Answer (*read_send)(const Account&, const HttpResponse&) = nullptr;
    // What the code of a receipt's failure means: as it would in the answer to a send, with whom it
    // slows down and how long. nullptr: receipts tell no codes.
    Answer (*meaning)(int code) = nullptr;
    // A harmless request that shows whether the credentials work, and its reading: nothing when all
    // is well, else a sentence.
    HttpRequest (*build_probe)(const Account&, core::Timestamp now) = nullptr;
    std::optional<std::string> (*read_probe)(const Account&, const HttpResponse&) = nullptr;

    // Looking up an unknown send. nullptr: the provider has no list; a receipt with our token or a
    // person settles it. To be asked no sooner than ten minutes after `until`, page by page from
    // page "" on. Of what is found, leave out the ids that belong to other messages of ours; then
    //   one with same_text              it went out: its id and facts settle it (accepted)
    //   nothing, twice, 10 min apart    it never arrived: it may be sent again
    //   anything else                   we cannot tell: a person settles it
    // Errors: unavailable (ask later), refused (our credentials), bad_payload.
    HttpRequest (*build_lookup)(const Account&, const UnknownSend&,
                                std::string_view page) = nullptr;
    Result<Page<Sighting>> (*read_lookup)(const Account&, const UnknownSend&,
                                          const HttpResponse&) = nullptr;

    // What people wrote since then, for after an outage: the same events with the same keys as
    // their webhooks had or would have had, so that they go through the door as a delivery and
    // what is known already is dropped there. Ordered as the provider lists them (newest first): to
    // be applied when all pages are there, oldest first. Ask from a day before the gap. nullptr:
    // the provider cannot. Errors as above.
    HttpRequest (*build_missed)(const Account&, core::Timestamp since,
                                std::string_view page) = nullptr;
    Result<Page<Inbound>> (*read_missed)(const Account&, core::Timestamp since,
                                         const HttpResponse&) = nullptr;

    // ---- our texts at the provider: what became of them there, and handing one in for review.
    // nullptr: it reviews none, a text goes out as it is written. Errors as above.
    HttpRequest (*build_templates)(const Account&, std::string_view page) = nullptr;
    Result<Page<InTemplate>> (*read_templates)(const Account&, const HttpResponse&) = nullptr;
    // Step by step, from step "" on.
    HttpRequest (*build_submit)(const Account&, const core::Template&,
                                std::string_view step) = nullptr;
    Result<Submitted> (*read_submit)(const Account&, const core::Template&, std::string_view step,
                                     const HttpResponse&) = nullptr;

    // ---- calls on the channel's own number. nullptr: the provider carries none, or answers them
    // elsewhere.
    HttpResponse (*answer_call)(const Account&, const CallAnswer&) = nullptr;
    HttpRequest (*build_bridge)(const Account&, const Bridge&) = nullptr;
    Answer (*read_bridge)(const Account&,
                          const HttpResponse&) = nullptr;  // provider_id: the call's
    // What is said at Bridge::url, and the answers to it: ring the contact, or hang up.
    Result<LineNews> (*read_line)(const Account&, const HttpRequest&) = nullptr;
    HttpResponse (*connect_line)(const Account&, const Bridge&) = nullptr;
    HttpResponse (*hang_up)(const Account&) = nullptr;
};

// nullptr when there is none of that name.
const Provider* find_provider(std::string_view name);
std::vector<std::string_view> provider_names();

}  // namespace warmcall
