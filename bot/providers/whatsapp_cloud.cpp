// Meta's WhatsApp Cloud API: its webhooks read into our words, our messages written in its own.
// https://developers.facebook.com/documentation/business-messaging/whatsapp

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "ports/provider.hpp"
#include "providers/account.hpp"
#include "providers/json.hpp"
#include "providers/reading.hpp"
#include "providers/whatsapp_errors.hpp"

namespace warmcall {

namespace {

using core::Address;
using core::AddressKind;
using core::ReplyKind;
using core::Timestamp;
using std::chrono::seconds;

constexpr std::size_t body_bytes_max = 3 * 1024 * 1024;  // what the page on webhooks allows Meta
constexpr std::size_t updates_max = 10'000;              // ten times what it allows
constexpr std::size_t contacts_max = 1'000;
constexpr std::size_t payload_bytes_max = 1024;
constexpr std::size_t challenge_bytes_max = 256;
constexpr std::string_view token_mark = "wc1.";

// ---- the account ----

bool is_version(std::string_view text) {
    const auto dot = text.find('.');
    return text.starts_with('v') && dot != std::string_view::npos &&
           is_digits(text.substr(1, dot - 1)) && is_digits(text.substr(dot + 1));
}

std::vector<std::string> check(const Account& account) {
    std::vector<std::string> wrong;
    const auto check_id = [&](const char* key, const char* where_from) {
        if (setting(account, key).empty())
            wrong.push_back(std::string{key} + " is missing: " + where_from);
        else if (!is_digits(setting(account, key)))
            wrong.push_back(std::string{key} +
                            " must be digits only, as Meta shows it (not the phone number)");
    };
    check_id("phone_number_id", "App Dashboard > WhatsApp > API Setup shows it under the number");
    check_id("waba_id",
             "App Dashboard > WhatsApp > API Setup calls it WhatsApp Business Account ID");
    if (const auto version = setting(account, "version"); !version.empty() && !is_version(version))
        wrong.push_back("version must look like v24.0");
    for (const auto& [key, value] : account.settings)
        if (key != "phone_number_id" && key != "waba_id" && key != "version" &&
            key != "display_name")
            wrong.push_back(key +
                            " is not a setting of whatsapp_cloud (phone_number_id, waba_id, "
                            "version, display_name)");
    check_secret(account, "access_token", 1,
                 "a system user's token with whatsapp_business_messaging", wrong);
    check_secret(account, "app_secret", 2, "App Dashboard > App settings > Basic shows it", wrong);
    check_secret(account, "verify_token", 2,
                 "any words of your own, the same as on Meta's webhook page", wrong);
    return wrong;
}

// ---- whom to believe ----

HttpResponse plain_text(int status, std::string body) {
    return {status,
            {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
            std::move(body)};
}

HttpResponse handshake(const Account& account, const HttpRequest& request) {
    const std::vector<Header> asked = decode_form(request.query());
    const std::string_view token = value_of(asked, "hub.verify_token");
    bool known = false;
    for (const Secret& ours : secrets(account, "verify_token"))
        known |= !ours.empty() && equal_constant_time(ours.reveal(), token);
    if (!known || value_of(asked, "hub.mode") != "subscribe")
        return plain_text(403, "This is not the verify token of this channel.");
    std::string challenge{value_of(asked, "hub.challenge")};
    if (challenge.empty() || challenge.size() > challenge_bytes_max)
        return plain_text(400, "hub.challenge is missing or too long.");
    return plain_text(200, std::move(challenge));
}

bool authentic(const Account& account, const HttpRequest& request) {
    constexpr std::string_view mark = "sha256=";
    const std::string_view signature = request.header("X-Hub-Signature-256");
    if (!signature.starts_with(mark))
        return false;
    bool known = false;
    for (const Secret& secret :
         secrets(account, "app_secret"))  // every one, so that the time does not tell which
        known |= !secret.empty() && equal_constant_time(hmac_sha256_hex(secret, request.body),
                                                        signature.substr(mark.size()));
    return known;
}

HttpResponse received(const Account&) {
    return {200, {}, {}};
}  // 201 or 204 would be sent again for a week

// ---- reading: small things ----

// Seconds, as a number or in a string; milliseconds, where a sender got that wrong.
std::optional<Timestamp> time_of(Json value) {
    constexpr std::int64_t year_2286 = 10'000'000'000;
    auto count = value.integer();
    if (count && *count >= year_2286)
        *count /= 1000;
    if (!count || *count <= 0 || *count >= year_2286)
        return std::nullopt;
    return Timestamp{seconds{*count}};
}

std::string_view id_of(Json value) {
    return printable_id(value.scalar());
}

// "AU.WARM0000000000000001", also with ".ENT." of linked portfolios.
bool is_user_id(std::string_view text) {
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    return text.size() > 3 && text.size() <= 160 && upper(text[0]) && upper(text[1]) &&
           text[2] == '.' && std::ranges::all_of(text.substr(3), [](char c) {
               return is_letter_or_digit(c) || c == '.';
           });
}

std::optional<Address> address_of(std::string_view text) {
    if (text.starts_with('+'))
        text.remove_prefix(1);
    if (is_digits(text) && text.size() >= 5 && text.size() <= 20)
        return Address{AddressKind::whatsapp, std::string{text}};
    if (is_user_id(text))
        return Address{AddressKind::whatsapp_user, std::string{text}};
    return std::nullopt;
}

void add_address(std::vector<Address>& who, Json value) {
    if (auto address = address_of(value.scalar());
        address && std::ranges::find(who, *address) == who.end())
        who.push_back(std::move(*address));
}

// The one of the kind that changed comes first: like replaces like.
std::vector<Address> with_kind_first(std::vector<Address> who, AddressKind kind) {
    const auto same = std::ranges::find(who, kind, &Address::kind);
    if (same != who.end())
        std::rotate(who.begin(), same, same + 1);
    return who;
}

core::Failure failure_of(Json error, Timestamp at) {
    const auto code = error["code"].integer();
    const int known = code && *code > 0 && *code < 10'000'000 ? static_cast<int>(*code) : 0;
    const WhatsappError* meaning = known == 0 ? nullptr : whatsapp_error(known);
    return {at, known, meaning == nullptr ? core::FailureClass::permanent : meaning->kind};
}

// ---- reading: one delivery ----

// What is found, and what an update inherits from where it stands.
struct Delivery {
    std::string_view our_number;   // phone_number_id
    std::string_view our_account;  // waba_id
    Timestamp entry_at{};          // of the entry being read; 1970 when it does not say
    Json value;                    // of the change being read
    std::vector<Inbound> found;

    // `parts` tell this event from every other with the same second.
    void add(Timestamp at, std::initializer_list<std::string_view> parts, std::vector<Address> who,
             InWhat what) {
        std::string told{our_number};
        for (const std::string_view part : parts)
            told.append(1, '\0').append(part);
        found.push_back({event_key(at, {told}), at, std::move(who), std::move(what)});
    }
    void ignore(std::string what, Json json) {
        const Timestamp at = time_of(json["timestamp"]).value_or(entry_at);
        add(at, {"ignored", what, json.source()}, {}, InIgnored{what});
    }
};

// What the change says of the person: matched by id, never by position.
Json contact_of(Json value, std::string_view from, std::string_view user_id) {
    std::size_t seen = 0;
    for (const Json contact : value["contacts"]) {
        if (++seen > contacts_max)
            break;
        const bool same_number = !from.empty() && contact["wa_id"].scalar() == from;
        const bool same_user = !user_id.empty() && contact["user_id"].scalar() == user_id;
        const bool user_in_from = !from.empty() && contact["user_id"].scalar() == from;
        if (same_number || same_user || user_in_from)
            return contact;
    }
    return {};
}

struct Sender {
    std::vector<Address> who;
    std::string name;
};

Sender sender_of(const Delivery& delivery, Json message) {
    Sender sender;
    const Json contact =
        contact_of(delivery.value, message["from"].scalar(), message["from_user_id"].scalar());
    add_address(sender.who, message["from"]);
    add_address(sender.who, contact["wa_id"]);
    add_address(sender.who, message["from_user_id"]);
    add_address(sender.who, contact["user_id"]);
    add_address(sender.who, message["from_parent_user_id"]);
    add_address(sender.who, contact["parent_user_id"]);
    const Json profile = contact["profile"];
    const std::string_view name = profile["name"].text();
    sender.name = tidy(name.empty() ? profile["username"].text() : name, name_bytes_max);
    return sender;
}

// ---- reading: what they wrote ----

InReply tapped(std::string_view words, std::string_view payload) {
    InReply tap = reply_of(ReplyKind::button, words);
    tap.button_payload = payload.size() <= payload_bytes_max ? payload : std::string_view{};
    return tap;
}

InWhat read_document(Json document) {
    std::string thing = "document";
    if (const auto name = document["filename"].text(); !name.empty())
        thing.append(" (").append(tidy(name, name_bytes_max)).append(")");
    return captioned(ReplyKind::media, sent_a(thing), document["caption"].text());
}

InWhat read_location(Json location) {
    std::string place{location["name"].text()};
    if (const auto address = location["address"].text(); !address.empty())
        place.append(place.empty() ? "" : ", ").append(address);
    return reply_of(ReplyKind::location, sent_a("location", place));
}

InWhat read_reaction(Json reaction) {
    const std::string_view emoji = reaction["emoji"].text();
    if (emoji.empty())
        return InIgnored{"reaction removed"};
    InReply read = reply_of(ReplyKind::reaction, "reacted with " + std::string{emoji});
    read.about_provider_id = id_of(reaction["message_id"]);
    return read;
}

InWhat read_call_permission(Json answer) {
    if (answer["response_source"].text() == "automatic")
        return InIgnored{"call permission by itself"};  // WhatsApp's own doing, nobody answered
    const bool yes = answer["response"].text() == "accept";
    InReply read =
        reply_of(ReplyKind::call_permission, yes ? "agreed to be called on WhatsApp"
                                                 : "does not want to be called on WhatsApp");
    read.button_payload = yes ? "accept" : "reject";
    return read;
}

InWhat read_interactive(Json interactive) {
    const std::string_view type = interactive["type"].text();
    if (type == "button_reply" || type == "list_reply")
        return tapped(interactive[type]["title"].text(), interactive[type]["id"].text());
    if (type == "call_permission_reply")
        return read_call_permission(interactive[type]);
    if (type == "nfm_reply")
        return reply_of(ReplyKind::other, "filled in a form");
    return reply_of(ReplyKind::other, "sent an answer that cannot be shown here");
}

InWhat read_order(Json order) {
    const std::string_view text = order["text"].text();
    return text.empty() ? reply_of(ReplyKind::other, "sent an order")
                        : reply_of(ReplyKind::text, text);
}

InWhat read_unsupported(Json message) {
    constexpr std::int64_t media_lost = 131052;
    if (message["errors"].first()["code"].integer() == media_lost)
        return reply_of(ReplyKind::media, "sent a file that WhatsApp could not fetch");
    std::string words = "sent something that cannot be shown here";
    if (const auto type = message["unsupported"]["type"].text(); !type.empty())
        words.append(" (").append(label(type)).append(")");
    return reply_of(ReplyKind::other, words);
}

bool asked_for_contact(Json message) {
    const Json card = message["contacts"].first();
    return message["origin"].text().starts_with("contact_request") ||
           card["origin"].text().starts_with("contact_request");
}

InWhat read_cards(Json message) {
    if (asked_for_contact(message))
        return reply_of(ReplyKind::contact_card, "shared their phone number");
    return reply_of(
        ReplyKind::contact_card,
        sent_a("contact card", message["contacts"].first()["name"]["formatted_name"].text()));
}

using ReadMessage = InWhat (*)(Json message);
struct MessageType {
    std::string_view name;
    ReadMessage read = nullptr;
};

// Every type but `system`, which is about the person and not from them.
constexpr std::array message_types = {
    MessageType{
        "text",
        [](Json m) -> InWhat { return reply_of(ReplyKind::text, m["text"]["body"].text()); }},
    MessageType{"button",
                [](Json m) -> InWhat {
                    return tapped(m["button"]["text"].text(), m["button"]["payload"].text());
                }},
    MessageType{"interactive", [](Json m) { return read_interactive(m["interactive"]); }},
    MessageType{"reaction", [](Json m) { return read_reaction(m["reaction"]); }},
    MessageType{"image",
                [](Json m) -> InWhat {
                    return captioned(ReplyKind::media, sent_a("photo"),
                                     m["image"]["caption"].text());
                }},
    MessageType{"video",
                [](Json m) -> InWhat {
                    return captioned(ReplyKind::media, sent_a("video"),
                                     m["video"]["caption"].text());
                }},
    MessageType{"audio",
                [](Json m) -> InWhat {
                    return m["audio"]["voice"].is_true()
                               ? reply_of(ReplyKind::voice, sent_a("voice message"))
                               : reply_of(ReplyKind::media, "sent an audio file");
                }},
    MessageType{"voice",
                [](Json) -> InWhat { return reply_of(ReplyKind::voice, sent_a("voice message")); }},
    MessageType{"document", [](Json m) { return read_document(m["document"]); }},
    MessageType{"sticker",
                [](Json) -> InWhat { return reply_of(ReplyKind::media, sent_a("sticker")); }},
    MessageType{"location", [](Json m) { return read_location(m["location"]); }},
    MessageType{"contacts", [](Json m) { return read_cards(m); }},
    MessageType{"order", [](Json m) { return read_order(m["order"]); }},
    MessageType{"unsupported", [](Json m) { return read_unsupported(m); }},
    MessageType{"edit", [](Json) -> InWhat { return InIgnored{"edit"}; }},
    MessageType{"revoke", [](Json) -> InWhat { return InIgnored{"revoke"}; }},
};

// A user who hid their number has sent it because we asked: it goes beside what we know, and
// replaces nothing.
void learn_shared_phone(Delivery& delivery, Json message, Timestamp at,
                        const std::vector<Address>& who) {
    const Json phone = message["contacts"].first()["phones"].first();
    std::string digits;
    for (const char c : phone["phone"].text())
        if (c >= '0' && c <= '9')
            digits += c;
    const bool international = phone["phone"].text().starts_with('+');
    const auto address =
        address_of(international ? std::string_view{digits} : phone["wa_id"].scalar());
    if (!address || address->kind != AddressKind::whatsapp)
        return;
    if (std::ranges::find(who, *address) != who.end())
        return;
    const Address now{AddressKind::phone, "+" + address->value};
    delivery.add(at, {"address", id_of(message["id"]), now.value}, who,
                 InAddressChange{now, core::AddressLearned::How::alias});
}

void read_system(Delivery& delivery, Json message, Timestamp at, std::string_view id) {
    const Json system = message["system"];
    const std::string_view type = system["type"].text();
    if (type != "user_changed_number" && type != "user_changed_user_id")
        return delivery.ignore(label("system", type), message);
    std::vector<Address> who;
    add_address(who, system["previous_user_id"]);
    for (Address& address : sender_of(delivery, message).who)
        if (std::ranges::find(who, address) == who.end())
            who.push_back(std::move(address));
    std::vector<Address> now;
    add_address(now, system["wa_id"]);
    add_address(now, system["user_id"]);
    if (now.empty() || who.empty())
        return delivery.ignore("malformed system", message);
    for (const Address& address : now)
        delivery.add(at, {"address", id, address.value}, with_kind_first(who, address.kind),
                     InAddressChange{address});
}

void read_message(Delivery& delivery, Json message) {
    const auto at = time_of(message["timestamp"]);
    const std::string_view id = id_of(message["id"]);
    const std::string_view type = message["type"].text();
    if (!at || id.empty() || type.empty())
        return delivery.ignore("malformed message", message);
    if (message["group_id"])
        return delivery.ignore("group message", message);
    if (type == "system")
        return read_system(delivery, message, *at, id);
    const auto known = std::ranges::find(message_types, type, &MessageType::name);
    if (known == message_types.end())
        return delivery.ignore(label("type", type), message);
    Sender sender = sender_of(delivery, message);
    if (sender.who.empty())
        return delivery.ignore("malformed message", message);

    InWhat what = known->read(message);
    if (const auto* ignored = std::get_if<InIgnored>(&what))
        return delivery.ignore(ignored->what, message);
    auto& answer = std::get<InReply>(what);
    answer.profile_name = std::move(sender.name);
    if (answer.about_provider_id.empty())
        answer.about_provider_id = id_of(message["context"]["id"]);
    if (type == "contacts" && asked_for_contact(message))
        learn_shared_phone(delivery, message, *at, sender.who);
    delivery.add(*at, {"message", id}, std::move(sender.who), std::move(what));
}

// ---- reading: receipts, calls, echoes ----

std::optional<core::Facts> facts_of(std::string_view status, Timestamp at, Json errors) {
    core::Facts facts;
    if (status == "sent")
        facts.sent = at;
    else if (status == "delivered")
        facts.delivered = at;
    else if (status == "read" || status == "played")
        facts.read = at;
    else if (status == "failed")
        facts.failed = failure_of(errors.first(), at);
    else
        return std::nullopt;
    return facts;
}

std::optional<Token> token_of(std::string_view opaque) {
    if (!opaque.starts_with(token_mark))
        return std::nullopt;
    return token_from_hex(opaque.substr(token_mark.size()));
}

void read_status(Delivery& delivery, Json status) {
    const auto at = time_of(status["timestamp"]);
    const std::string_view id = id_of(status["id"]);
    const std::string_view word = status["status"].text();
    if (!at || id.empty() || word.empty())
        return delivery.ignore("malformed status", status);
    if (status["type"].text() == "call")
        return delivery.ignore(label("call status", word), status);
    if (status["recipient_type"].text() == "group")
        return delivery.ignore("group status", status);
    auto facts = facts_of(word, *at, status["errors"]);
    if (!facts)
        return delivery.ignore(label("status", word), status);
    facts->provider_id = id;
    std::vector<Address> who;
    add_address(who, status["recipient_id"]);
    add_address(who, status["recipient_user_id"]);
    for (const char* key :
         {"recipient_parent_user_id", "parent_recipient_user_id", "parent_user_id"})
        add_address(who, status[key]);
    const std::string recipient = who.empty() ? std::string{} : who.front().value;
    delivery.add(*at, {"status", id, word, recipient}, std::move(who),
                 InStatus{std::string{id}, token_of(status["biz_opaque_callback_data"].text()),
                          std::move(*facts)});
}

void read_call(Delivery& delivery, Json call) {
    const auto at = time_of(call["timestamp"]);
    const std::string_view id = id_of(call["id"]);
    const std::string_view event = call["event"].text();
    if (!at || id.empty())
        return delivery.ignore("malformed call", call);
    if (call["direction"].text() != "USER_INITIATED")
        return delivery.ignore("call of ours", call);
    if (event != "connect" && event != "terminate")
        return delivery.ignore(label("call", event), call);
    Sender caller = sender_of(delivery, call);
    if (caller.who.empty())
        return delivery.ignore("malformed call", call);
    delivery.add(*at, {"call", id, event}, std::move(caller.who),
                 InCall{event == "connect" ? InCall::Stage::ringing : InCall::Stage::ended});
}

void read_echo(Delivery& delivery, Json echo) {
    const auto at = time_of(echo["timestamp"]);
    const std::string_view id = id_of(echo["id"]);
    std::vector<Address> who;
    for (const char* key : {"to", "to_user_id", "to_parent_user_id"})
        add_address(who, echo[key]);
    if (echo["group_id"])
        return delivery.ignore("group message", echo);
    if (!at || id.empty() || who.empty())
        return delivery.ignore("malformed echo", echo);
    delivery.add(*at, {"echo", id}, std::move(who), InEcho{std::string{id}});
}

void read_preference(Delivery& delivery, Json preference) {
    const auto at = time_of(preference["timestamp"]);
    const std::string_view category = preference["category"].text();
    const std::string_view choice = preference["value"].text();
    std::vector<Address> who;
    for (const char* key : {"wa_id", "user_id", "parent_user_id"})
        add_address(who, preference[key]);
    if (!at || who.empty() || (choice != "stop" && choice != "resume"))
        return delivery.ignore("malformed preference", preference);
    if (category != "marketing_messages")
        return delivery.ignore(label("preference", category), preference);
    const std::string person = who.front().value;
    using Choice = core::MarketingPreference::Choice;
    delivery.add(*at, {"preference", person, choice}, std::move(who),
                 InPreference{choice == "stop" ? Choice::stop : Choice::resume});
}

void read_user_id_update(Delivery& delivery, Json update) {
    std::vector<Address> who;
    for (const auto& [outer, inner] :
         {std::pair{"user_id", "previous"}, std::pair{"parent_user_id", "previous"}})
        add_address(who, update[outer][inner]);
    add_address(who, update["wa_id"]);
    const auto now = address_of(update["user_id"]["current"].scalar());
    if (!now || who.empty())
        return delivery.ignore("malformed user_id_update", update);
    const Timestamp at = time_of(update["timestamp"]).value_or(delivery.entry_at);
    const std::string before = who.front().value;
    delivery.add(at, {"address", before, now->value}, std::move(who), InAddressChange{*now});
}

// ---- reading: templates ----

struct TemplateEvent {
    std::string_view name;
    std::optional<core::TemplateStatus> status;
};

constexpr std::array template_events = {
    TemplateEvent{"APPROVED", core::TemplateStatus::approved},
    TemplateEvent{"REINSTATED", core::TemplateStatus::approved},
    TemplateEvent{"PENDING", core::TemplateStatus::pending},
    TemplateEvent{"IN_APPEAL", core::TemplateStatus::pending},
    TemplateEvent{"PAUSED", core::TemplateStatus::paused},
    TemplateEvent{"LOCKED", core::TemplateStatus::paused},
    TemplateEvent{"REJECTED", core::TemplateStatus::rejected},
    TemplateEvent{"DISABLED", core::TemplateStatus::disabled},
    TemplateEvent{"ARCHIVED", core::TemplateStatus::disabled},
    TemplateEvent{"DELETED", core::TemplateStatus::disabled},
    TemplateEvent{"PENDING_DELETION", core::TemplateStatus::disabled},
    TemplateEvent{"FLAGGED", std::nullopt},  // a warning: it can still be sent
    TemplateEvent{"LIMIT_EXCEEDED", std::nullopt},
};

// The webhooks write "en-US" where the API has "en_US".
InTemplate named_template(Json value) {
    InTemplate read;
    read.name = tidy(value["message_template_name"].text(), 512);
    read.language = label(value["message_template_language"].text());
    std::ranges::replace(read.language, '-', '_');
    return read;
}

// Why, from wherever the page or the practice puts it.
std::string template_reason(Json change) {
    const Json value = change["value"];
    for (const Json said : {value["reason"], value["rejection_info"]["reason"],
                            change["rejection_info"]["reason"], value["other_info"]["title"]})
        if (!said.text().empty() && said.text() != "NONE")
            return label(said.text());
    return {};
}

// By its keys, not by its field: Meta's own example of a quality change carries the field of a
// status change.
void read_template(Delivery& delivery, Json change) {
    const Json value = delivery.value;
    InTemplate read = named_template(value);
    if (read.name.empty())
        return delivery.ignore("malformed template", change);
    if (value["new_quality_score"]) {
        read.quality = label(value["new_quality_score"].text());
    } else if (value["new_category"]) {
        const bool done = static_cast<bool>(value["previous_category"]);
        const std::string_view category =
            (done ? value["new_category"] : value["correct_category"]).text();
        if (done)
            read.category = label(category);
        else
            read.reason = label("category will become", category);
    } else if (value["event"]) {
        const auto known =
            std::ranges::find(template_events, value["event"].text(), &TemplateEvent::name);
        if (known == template_events.end())
            return delivery.ignore(label("template event", value["event"].text()), change);
        read.status = known->status;
        read.reason = template_reason(change);
        if (!read.status && read.reason.empty())
            read.reason = label(known->name);
    } else {
        read.reason = "content changed";
    }
    delivery.add(delivery.entry_at, {"template", change.source()}, {}, std::move(read));
}

// ---- reading: the account ----

using Severity = InAccount::Severity;

Severity account_update_severity(Json value) {
    const std::string_view event = value["event"].text();
    if (event == "ACCOUNT_DELETED" || event == "ACCOUNT_OFFBOARDED")
        return Severity::stop;
    if (event == "DISABLED_UPDATE") {
        const std::string_view state = value["ban_info"]["waba_ban_state"].text();
        return state == "DISABLE"                ? Severity::stop
               : state == "SCHEDULE_FOR_DISABLE" ? Severity::slow_down
                                                 : Severity::note;
    }
    if (event == "ACCOUNT_RESTRICTION") {
        for (const Json restriction : value["restriction_info"])
            if (restriction["restriction_type"].text().ends_with("_MESSAGING"))
                return Severity::stop;
        return Severity::note;
    }
    return event == "ACCOUNT_VIOLATION" ? Severity::slow_down : Severity::note;
}

InAccount read_account(std::string_view field, Json value) {
    if (field == "account_update") {
        std::string event{value["event"].text()};
        if (const auto state = value["ban_info"]["waba_ban_state"].text(); !state.empty())
            event.append(" ").append(state);
        return {label(field, event), account_update_severity(value)};
    }
    if (field == "account_alerts") {
        const Json alert = value["alert_info"] ? value["alert_info"] : value;
        const bool grave = alert["alert_severity"].text() == "CRITICAL";
        return {label(field, alert["alert_type"].text()),
                grave ? Severity::slow_down : Severity::note};
    }
    if (field == "phone_number_quality_update") {
        const std::string_view event = value["event"].text();
        const bool worse = event == "FLAGGED" || event == "DOWNGRADE";
        return {label(field, event), worse ? Severity::slow_down : Severity::note};
    }
    for (const char* key :
         {"max_daily_conversations_per_business", "max_daily_conversation_per_phone"})
        if (value[key])
            return {label(field, value[key].scalar()), Severity::note};
    return {label(field), Severity::note};
}

void read_error(Delivery& delivery, Json error) {
    const core::Failure failure = failure_of(error, delivery.entry_at);
    const bool stop = failure.kind == core::FailureClass::config;
    const bool slow = failure.kind == core::FailureClass::slow_down;
    const Severity severity = stop ? Severity::stop : slow ? Severity::slow_down : Severity::note;
    delivery.add(delivery.entry_at, {"error", error.source()}, {},
                 InAccount{label("error", std::to_string(failure.code)), severity});
}

// ---- reading: the envelope ----

struct List {
    std::string_view key;
    void (*read)(Delivery&, Json) = nullptr;
};

// What may stand in a change of one of our numbers, whatever its field is called.
constexpr std::array lists = {
    List{"messages", read_message},
    List{"statuses", read_status},
    List{"calls", read_call},
    List{"message_echoes", read_echo},
    List{"user_preferences", read_preference},
    List{"user_id_update", read_user_id_update},
    List{"errors", read_error},
};

// Copies of what is long past, when a number joins: nothing in them is news.
bool is_past(std::string_view field) {
    return field == "history" || field == "smb_app_state_sync";
}

void read_number_change(Delivery& delivery, std::string_view field, Json change) {
    if (delivery.value["metadata"]["phone_number_id"].scalar() != delivery.our_number)
        return delivery.ignore("other number", change);
    if (is_past(field))
        return delivery.ignore(std::string{field}, change);
    bool known = false;
    for (const List& list : lists) {
        const Json updates = delivery.value[list.key];
        if (!updates)
            continue;
        known = true;
        if (!updates.is_array())
            delivery.ignore(label("malformed", list.key), change);
        for (const Json update : updates) {
            if (delivery.found.size() > updates_max)
                return;
            list.read(delivery, update);
        }
    }
    if (!known)
        delivery.ignore(label("field", field), change);
}

bool is_template_field(std::string_view field) {
    return field.starts_with("message_template_") || field == "template_category_update";
}

bool is_account_field(std::string_view field) {
    return field == "account_update" || field == "account_alerts" ||
           field == "phone_number_quality_update" || field == "business_capability_update";
}

void read_change(Delivery& delivery, Json entry, Json change) {
    const std::string_view field = change["field"].text();
    delivery.value = change["value"];
    if (field.empty() || !delivery.value.is_object())
        return delivery.ignore("malformed change", change);
    if (delivery.value["metadata"])
        return read_number_change(delivery, field, change);
    if (!delivery.our_account.empty() && entry["id"].scalar() != delivery.our_account)
        return delivery.ignore("other account", change);
    if (is_template_field(field))
        return read_template(delivery, change);
    if (is_account_field(field))
        return delivery.add(delivery.entry_at, {"account", change.source()}, {},
                            read_account(field, delivery.value));
    delivery.ignore(label("field", field), change);
}

Result<std::vector<Inbound>> parse(const Account& account, const HttpRequest& request) {
    if (request.body.size() > body_bytes_max)
        return Error{Errc::bad_payload, "the delivery is larger than WhatsApp's own limit of 3 MB"};
    JsonDocument document;
    const Json root = document.read(request.body);
    if (!root["entry"].is_array())
        return Error{Errc::bad_payload,
                     "the delivery is not JSON, is nested too deep, or has no list of entries"};
    Delivery delivery;
    delivery.our_number = setting(account, "phone_number_id");
    delivery.our_account = setting(account, "waba_id");
    if (root["object"].text() != "whatsapp_business_account") {
        delivery.ignore(label("object", root["object"].text()), root);
        return std::move(delivery.found);
    }
    for (const Json entry : root["entry"]) {
        delivery.entry_at = time_of(entry["time"]).value_or(Timestamp{});
        if (!entry["changes"].is_array())
            delivery.ignore("malformed entry", entry);
        for (const Json change : entry["changes"])
            if (delivery.found.size() <= updates_max)
                read_change(delivery, entry, change);
        if (delivery.found.size() > updates_max)
            return Error{Errc::bad_payload,
                         "the delivery holds more updates than WhatsApp ever combines"};
    }
    return std::move(delivery.found);
}

// ---- sending ----

using Written = nlohmann::ordered_json;

// WhatsApp counts characters, not bytes. A parameter may hold no line break, no tab and no four
// spaces in a row: 132018.
Written body_parameters(const Outbound& message) {
    constexpr std::size_t parameter_characters_max = 1024;  // of the whole body
    Written parameters = Written::array();
    for (const auto& [name, value] : message.parameters) {
        Written parameter = {{"type", "text"}};
        if (message.named_parameters)
            parameter["parameter_name"] = name;
        parameter["text"] = cut_characters(on_one_line(value), parameter_characters_max);
        parameters.push_back(std::move(parameter));
    }
    return parameters;
}

Written template_of(const Outbound& message) {
    Written components = Written::array();
    if (!message.parameters.empty())
        components.push_back({{"type", "body"}, {"parameters", body_parameters(message)}});
    if (!message.url_button_suffix.empty())
        components.push_back(
            {{"type", "button"},
             {"sub_type", "url"},
             {"index", "0"},
             {"parameters",
              Written::array({Written{{"type", "text"}, {"text", message.url_button_suffix}}})}});
    // what a tap on a quick reply brings back; without one it would be its label
    std::size_t index = message.url_button_suffix.empty() ? 0 : 1;
    for (const auto& [id, title] : message.buttons)
        components.push_back(
            {{"type", "button"},
             {"sub_type", "quick_reply"},
             {"index", std::to_string(index++)},
             {"parameters",
              Written::array(
                  {Written{{"type", "payload"}, {"payload", cut_characters(id, id_bytes_max)}}})}});
    Written content = {
        {"name", message.template_name},
        {"language",
         {{"policy", "deterministic"}, {"code", with_underscore(message.template_language)}}}};
    if (!components.empty())
        content["components"] = std::move(components);
    return content;
}

Written interactive_of(const Outbound& message) {
    constexpr std::size_t buttons_max = 3;
    constexpr std::size_t text_characters_max = 1024;
    constexpr std::size_t title_characters_max = 20;
    Written buttons = Written::array();
    for (const auto& [id, title] : message.buttons)
        if (buttons.size() < buttons_max)
            buttons.push_back({{"type", "reply"},
                               {"reply",
                                {{"id", cut_characters(id, id_bytes_max)},
                                 {"title", cut_characters(title, title_characters_max)}}}});
    return {{"type", "button"},
            {"body", {{"text", cut_characters(message.text, text_characters_max)}}},
            {"action", {{"buttons", std::move(buttons)}}}};
}

// Always with a plus: without one, Meta takes the number for one of the business's own country and
// writes to a stranger.
void address_to(Written& body, const Address& to) {
    if (to.kind == AddressKind::whatsapp_user)
        body["recipient"] = to.value;
    else
        body["to"] = to.value.starts_with('+') ? to.value : "+" + to.value;
}

// A node of the Graph API and what is asked of it.
std::string node_url(const Account& account, std::string_view node, std::string_view rest) {
    constexpr std::string_view version_default = "v24.0";
    constexpr std::string_view base_default = "https://graph.facebook.com";
    const std::string_view version = setting(account, "version");
    std::string url{account.base_url.empty() ? base_default : std::string_view{account.base_url}};
    url.append("/").append(version.empty() ? version_default : version);
    url.append("/").append(node).append(rest);
    return url;
}

std::string graph_url(const Account& account, std::string_view rest) {
    return node_url(account, setting(account, "phone_number_id"), rest);
}

std::string bearer(const Account& account) {
    const auto& tokens = secrets(account, "access_token");
    return tokens.empty() ? std::string{} : "Bearer " + tokens.front().reveal();
}

// How long WhatsApp goes on trying is a property of the template there; `useful_for` cannot be said
// with the message.
HttpRequest build_send(const Account& account, const Outbound& message) {
    Written body = {{"messaging_product", "whatsapp"}, {"recipient_type", "individual"}};
    address_to(body, message.to);
    if (!message.template_name.empty()) {
        body["type"] = "template";
        body["template"] = template_of(message);
    } else if (!message.buttons.empty()) {
        body["type"] = "interactive";
        body["interactive"] = interactive_of(message);
    } else {
        constexpr std::size_t text_characters_max = 4096;
        body["type"] = "text";
        body["text"] = {{"preview_url", false},
                        {"body", cut_characters(message.text, text_characters_max)}};
    }
    body["biz_opaque_callback_data"] = std::string{token_mark} + to_hex(message.token);
    return {"POST",
            graph_url(account, "/messages"),
            {{"Authorization", bearer(account)},
             {"Content-Type", "application/json"},
             {"Accept", "application/json"}},
            body.dump(-1, ' ', false, Written::error_handler_t::replace)};
}

// ---- reading answers ----

// What an HTTP status means when no code of WhatsApp's explains it.
void judge_status(Answer& answer, int status) {
    using enum core::FailureClass;
    if (status == 429) {
        answer.failure = slow_down;
        answer.scope = Answer::Scope::sender;
        answer.sentence = "WhatsApp asks to slow down";
    } else if (status == 401 || status == 403) {
        answer.failure = config;
        answer.scope = Answer::Scope::account;
        answer.sentence =
            "WhatsApp does not let this access_token send: check it and its permissions";
    } else if (status == 404 || status < 400) {
        answer.failure = config;
        answer.scope = Answer::Scope::account;
        answer.sentence =
            "There is nothing to send to at this address: check phone_number_id, version and "
            "base_url";
    } else {
        answer.failure = permanent;
        answer.sentence =
            "WhatsApp refused the message without saying why (HTTP " + std::to_string(status) + ")";
    }
}

Answer read_refusal(const HttpResponse& response, Json root) {
    Answer answer;
    answer.kind = Answer::Kind::refused;
    answer.retry_after = retry_after(response);
    judge_status(answer, response.status);
    constexpr std::int64_t code_max = 10'000'000;
    if (const auto code = root["error"]["code"].integer(); code && *code >= 0 && *code < code_max)
        judge_code(answer, whatsapp_errors, static_cast<int>(*code));
    return answer;
}

Answer read_acceptance(Json root) {
    Answer answer;
    const Json message = root["messages"].first();
    answer.provider_id = id_of(message["id"]);
    if (answer.provider_id.empty()) {
        answer.sentence =
            "WhatsApp's answer cannot be read: nobody knows whether the message goes out";
        return answer;
    }
    answer.kind = Answer::Kind::accepted;
    if (message["message_status"].text() == "held_for_quality_assessment")
        answer.sentence = "WhatsApp holds the message back while it judges the template";
    const Json contact = root["contacts"].first();
    for (const char* key : {"wa_id", "user_id", "parent_user_id"})
        add_address(answer.learned, contact[key]);
    return answer;
}

Answer meaning_of(int code) {
    Answer answer;
    answer.kind = Answer::Kind::refused;
    judge_code(answer, whatsapp_errors, code);
    return answer;
}

// Faults of the server's class whose code says that nothing was taken (PROVIDERS.md 2.11), where
// it is Graph that says so: what the account, the number or the template lacks, or that it did not
// get as far as looking at the message.
bool was_not_taken(Json root) {
    constexpr std::array<std::int64_t, 5> codes{3, 131045, 131057, 133004, 134102};
    const auto code = root["error"]["code"].integer();
    return code && std::ranges::find(codes, *code) != codes.end();
}

// Any other 5xx may have been accepted all the same: it is never sent again, a receipt or a person
// settles it.
Answer read_send(const Account&, const HttpResponse& response) {
    constexpr std::size_t answer_bytes_max = 256 * 1024;
    JsonDocument document;
    const Json root =
        response.body.size() <= answer_bytes_max ? document.read(response.body) : Json{};
    if (response.status >= 200 && response.status < 300)
        return read_acceptance(root);
    const bool says_no = response.status >= 300 && response.status < 500 && response.status != 408;
    if (says_no || (response.status >= 500 && was_not_taken(root)))
        return read_refusal(response, root);
    Answer answer = read_refusal(response, root);
    answer.kind = Answer::Kind::unreadable;
    answer.sentence =
        "WhatsApp had a fault while it was taking the message: nobody knows whether it goes out";
    return answer;
}

HttpRequest build_probe(const Account& account, Timestamp) {
    return {"GET",
            graph_url(account, "?fields=id,display_phone_number,quality_rating,verified_name"),
            {{"Authorization", bearer(account)}, {"Accept", "application/json"}},
            {}};
}

std::optional<std::string> read_probe(const Account& account, const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    if (response.status == 200 && root["id"].scalar() == setting(account, "phone_number_id"))
        return std::nullopt;
    if (response.status == 200)
        return "base_url answers, but not as WhatsApp would: check base_url";
    const Answer answer = read_refusal(response, root);
    if (answer.code != 0 || response.status < 500)
        return answer.sentence;
    return "WhatsApp is out of order for the moment (HTTP " + std::to_string(response.status) + ")";
}

// ---- our texts at WhatsApp: message_templates of the account (PROVIDERS.md 2.9) ----

HttpRequest build_templates(const Account& account, std::string_view page) {
    std::string rest =
        "/message_templates?fields=name,language,status,category,quality_score,rejected_reason"
        "&limit=100";
    if (!page.empty())
        rest.append("&after=").append(percent_encode(page));
    return {"GET",
            node_url(account, setting(account, "waba_id"), rest),
            {{"Authorization", bearer(account)}, {"Accept", "application/json"}},
            {}};
}

Error list_error(const HttpResponse& response, Json root) {
    if (response.status >= 500)
        return {Errc::unavailable, "WhatsApp is out of order for the moment (HTTP " +
                                       std::to_string(response.status) + ")"};
    return {Errc::refused, read_refusal(response, root).sentence};
}

// The list says APPROVED where a webhook says what happened; PENDING and the like are the same.
std::optional<core::TemplateStatus> status_in_list(std::string_view word) {
    using enum core::TemplateStatus;
    constexpr std::pair<std::string_view, core::TemplateStatus> words[] = {
        {"APPROVED", approved},      {"PENDING", pending},          {"IN_APPEAL", pending},
        {"PAUSED", paused},          {"REJECTED", rejected},        {"DISABLED", disabled},
        {"LIMIT_EXCEEDED", pending}, {"PENDING_DELETION", disabled}};
    const auto known = std::ranges::find(words, word, [](const auto& w) { return w.first; });
    return known == std::end(words) ? std::nullopt : std::optional{known->second};
}

Result<Page<InTemplate>> read_templates(const Account&, const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    if (response.status != 200)
        return list_error(response, root);
    if (!root["data"])
        return Error{Errc::bad_payload, "WhatsApp's list of texts cannot be read"};
    Page<InTemplate> page;
    for (const Json row : root["data"]) {
        InTemplate& t = page.found.emplace_back();
        t.name = tidy(row["name"].text(), 512);
        t.language = label(row["language"].text());
        std::ranges::replace(t.language, '-', '_');
        t.status = status_in_list(row["status"].text());
        t.category = label(row["category"].text());
        t.quality = label(row["quality_score"]["score"].text());
        if (const auto reason = row["rejected_reason"].text(); reason != "NONE")
            t.reason = label(reason);
    }
    if (root["paging"]["next"])
        page.next = tidy(root["paging"]["cursors"]["after"].text(), 1024);
    return page;
}

// What a reviewer at WhatsApp reads in place of our variables.
std::string_view example_of(std::string_view variable) {
    constexpr std::pair<std::string_view, std::string_view> examples[] = {
        {"name", "Amara"},
        {"rep", "Joel"},
        {"company", "Kestrel Foods"},
        {"reason", "They wrote back: fine, thank you."},
        {"topic", "the new shop"},
        {"link", "https://example.com/p/1"},
        {"count", "6"}};
    const auto known = std::ranges::find(examples, variable, [](const auto& e) { return e.first; });
    return known == std::end(examples) ? "Amara" : known->second;
}

HttpRequest build_submit(const Account& account, const core::Template& t, std::string_view) {
    Written parameters = Written::array();
    for (const std::string& variable : t.variables)
        parameters.push_back({{"param_name", variable}, {"example", example_of(variable)}});
    Written body{{"type", "BODY"}, {"text", t.text}};
    if (!parameters.empty())
        body["example"] = {{"body_text_named_params", parameters}};
    Written components = Written::array({body});
    if (!t.buttons.empty()) {
        Written buttons = Written::array();
        for (const std::string& label : t.buttons)
            buttons.push_back({{"type", "QUICK_REPLY"}, {"text", label}});
        components.push_back({{"type", "BUTTONS"}, {"buttons", std::move(buttons)}});
    }
    const Written root{
        {"name", t.provider_name},
        {"language", with_underscore(t.provider_language)},
        {"category", t.category == core::Category::marketing ? "MARKETING" : "UTILITY"},
        {"parameter_format", "NAMED"},
        {"components", std::move(components)}};
    return {"POST",
            node_url(account, setting(account, "waba_id"), "/message_templates"),
            {{"Authorization", bearer(account)},
             {"Content-Type", "application/json"},
             {"Accept", "application/json"}},
            root.dump(-1, ' ', false, Written::error_handler_t::replace)};
}

// WhatsApp says in its own words what is wrong with a text; they are for whoever wrote it.
Result<Submitted> read_submit(const Account&, const core::Template&, std::string_view,
                              const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    if (response.status >= 200 && response.status < 300 && root["id"])
        return Submitted{};
    Error error = list_error(response, root);
    for (const char* key : {"error_user_msg", "message"})
        if (const auto said = root["error"][key].text(); !said.empty()) {
            error.message = "WhatsApp says: " + tidy(said, 500);
            break;
        }
    return error;
}

}  // namespace

extern const Provider whatsapp_cloud;
constinit const Provider whatsapp_cloud{
    .name = "whatsapp_cloud",
    .medium = core::Medium::whatsapp,
    .default_base_url = "https://graph.facebook.com",
    .webhook_body_bytes_max = body_bytes_max,
    .rates = {.per_second = 80, .people_per_day = 250},
    .writes_buttons = true,
    .account_key = "waba_id",
    .check = check,
    .handshake = handshake,
    .authentic = authentic,
    .parse = parse,
    .received = received,
    .build_send = build_send,
    .read_send = read_send,
    .meaning = meaning_of,
    .build_probe = build_probe,
    .read_probe = read_probe,
    .build_templates = build_templates,
    .read_templates = read_templates,
    .build_submit = build_submit,
    .read_submit = read_submit,
};

}  // namespace warmcall
