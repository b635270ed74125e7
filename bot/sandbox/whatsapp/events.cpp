#include "sandbox/whatsapp/events.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace warmcall::sandbox {

namespace {

Json metadata(const Account& account) {
    return Json{{"display_phone_number", account.digits()},
                {"phone_number_id", account.phone_number_id}};
}

Json value_of(const Account& account) {
    return Json{{"messaging_product", "whatsapp"}, {"metadata", metadata(account)}};
}

Json contact(const Person& who) {
    Json profile{{"name", who.name.empty() ? "+" + who.wa_id : who.name}};
    if (!who.username.empty())
        profile["username"] = who.username;
    Json made{{"profile", profile}};
    if (!who.hides_phone)
        made["wa_id"] = who.wa_id;
    made["user_id"] = who.user_id;
    return made;
}

Json price(const Bubble& bubble) {
    const bool free = bubble.category == "service";
    return Json{{"billable", !free},
                {"pricing_model", "PMP"},
                {"type", free ? "free_customer_service" : "regular"},
                {"category", bubble.category}};
}

// The number is in what the webhook is about only when the person does not hide it behind a
// username.
void say_who(Json& message, const Person& from) {
    Json head = Json::object();
    if (!from.hides_phone)
        head["from"] = from.wa_id;
    head["from_user_id"] = from.user_id;
    head.update(message);
    message = std::move(head);
}

void append(Json& into, const Json& more, const char* list) {
    if (!more.contains(list))
        return;
    if (!into.contains(list))
        into[list] = Json::array();
    for (const Json& element : more[list]) {
        if (std::string_view{list} != "contacts" ||
            std::ranges::find(into[list], element) == into[list].end())
            into[list].push_back(element);
    }
}

// Side by side in one value: only fields whose values are lists of the same account can be joined.
std::vector<Change> joined(std::vector<Change> changes) {
    std::vector<Change> result;
    for (Change& change : changes) {
        const auto same = std::ranges::find_if(result, [&](const Change& c) {
            return c.field == "messages" && change.field == "messages" &&
                   c.value["metadata"] == change.value["metadata"];
        });
        if (same == result.end()) {
            result.push_back(std::move(change));
            continue;
        }
        for (const char* list : {"contacts", "messages", "statuses"})
            append(same->value, change.value, list);
    }
    return result;
}

Json as_json(Change change) {
    return Json{{"value", std::move(change.value)}, {"field", std::move(change.field)}};
}

bool is_management(const Change& change) {
    return change.field != "messages" && change.field != "calls";
}

std::string language_with_dash(std::string language) {
    std::ranges::replace(language, '_', '-');
    return language;
}

// -- the types of reply
// --------------------------------------------------------------------------------------------

using Maker = std::function<Result<Json>(const Json& wanted, const Bubble* about, Bubble& bubble)>;

Error expected(const std::string& what) {
    return {Errc::bad_input, what};
}

Result<Json> text_reply(const Json& wanted, const Bubble*, Bubble& bubble) {
    bubble.text = text_in(wanted, "text");
    if (bubble.text.empty())
        return expected("text: the words of the reply were expected");
    return Json{{"text", Json{{"body", bubble.text}}}};
}

Result<Json> button_tap(const Json& wanted, const Bubble* about, Bubble& bubble) {
    bubble.text = text_in(wanted, "text");
    if (bubble.text.empty())
        return expected("text: the label of the tapped button was expected");
    if (about == nullptr)
        return expected("about: the message with the button was expected (a wamid, or \"last\")");
    return Json{{"button", Json{{"payload", text_in(wanted, "payload", bubble.text)},
                                {"text", bubble.text}}}};
}

Result<Json> interactive(const char* kind, Json inner) {
    return Json{{"type", "interactive"},
                {"interactive", Json{{"type", kind}, {kind, std::move(inner)}}}};
}

Result<Json> button_reply(const Json& wanted, const Bubble*, Bubble& bubble) {
    bubble.text = text_in(wanted, "title");
    if (bubble.text.empty() || text_in(wanted, "id").empty())
        return expected("id and title of the tapped button were expected");
    return interactive("button_reply", Json{{"id", text_in(wanted, "id")}, {"title", bubble.text}});
}

Result<Json> list_reply(const Json& wanted, const Bubble*, Bubble& bubble) {
    bubble.text = text_in(wanted, "title");
    if (bubble.text.empty() || text_in(wanted, "id").empty())
        return expected("id and title of the chosen row were expected");
    Json row{{"id", text_in(wanted, "id")}, {"title", bubble.text}};
    if (wanted.contains("description"))
        row["description"] = text_in(wanted, "description");
    return interactive("list_reply", std::move(row));
}

Result<Json> form_reply(const Json& wanted, const Bubble*, Bubble& bubble) {
    bubble.text = "Sent";
    const Json data = wanted.value("response", Json::object());
    return interactive("nfm_reply",
                       Json{{"name", "flow"}, {"body", "Sent"}, {"response_json", data.dump()}});
}

Result<Json> permission_reply(const Json& wanted, const Bubble*, Bubble& bubble) {
    const std::string response = text_in(wanted, "response", "accept");
    if (response != "accept" && response != "reject")
        return expected("response: accept or reject was expected");
    bubble.text = response == "accept" ? "You may call me" : "Please do not call";
    Json inner{{"response", response}};
    if (response == "accept")
        inner["expiration_timestamp"] = core::unix_ms(bubble.at) / 1000 + 7 * 86'400;
    inner["response_source"] = "user_action";
    return interactive("call_permission_reply", std::move(inner));
}

Result<Json> reaction(const Json& wanted, const Bubble* about, Bubble& bubble) {
    if (about == nullptr)
        return expected("about: the message reacted to was expected (a wamid, or \"last\")");
    bubble.text = text_in(wanted, "emoji", "\xF0\x9F\x91\x8D");
    Json inner{{"message_id", about->id}};
    if (!bubble.text.empty())  // without an emoji: the reaction was taken back
        inner["emoji"] = bubble.text;
    return Json{{"reaction", inner}};
}

Result<Json> media(const std::string& type, const char* mime, const Json& wanted, Bubble& bubble) {
    const std::string id = std::to_string(400'000'000'000'000ULL +
                                          std::hash<std::string>{}(bubble.id) % 100'000'000'000ULL);
    Json inner{{"id", id},
               {"mime_type", mime},
               {"sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}};
    bubble.text = text_in(wanted, "text");
    if (type == "audio")
        inner["voice"] = text_in(wanted, "type") == "voice";
    else if (type == "sticker")
        inner["animated"] = false;
    else if (!bubble.text.empty())
        inner["caption"] = bubble.text;
    if (type == "document")
        inner["filename"] = text_in(wanted, "filename", "notes.pdf");
    bubble.payloads = {id};
    return Json{{"type", type}, {type, inner}};
}

Result<Json> location(const Json& wanted, const Bubble*, Bubble& bubble) {
    bubble.text = text_in(wanted, "text", "Circular Quay");
    return Json{{"location", Json{{"latitude", wanted.value("latitude", -33.8612)},
                                  {"longitude", wanted.value("longitude", 151.2108)},
                                  {"name", bubble.text}}}};
}

Result<Json> card(const Json& wanted, const Bubble*, Bubble& bubble) {
    bubble.text = text_in(wanted, "text", "A friend");
    const std::string phone = text_in(wanted, "phone", "+61491570158");
    return Json{{"contacts",
                 Json::array({Json{
                     {"name", Json{{"formatted_name", bubble.text}, {"first_name", bubble.text}}},
                     {"phones", Json::array({Json{{"phone", phone}, {"type", "CELL"}}})}}})}};
}

Result<Json> order(const Json& wanted, const Bubble*, Bubble& bubble) {
    bubble.text = text_in(wanted, "text");
    return Json{{"order", Json{{"catalog_id", "600000000000005"},
                               {"text", bubble.text},
                               {"product_items", Json::array()}}}};
}

Result<Json> unsupported(const Json& wanted, const Bubble*, Bubble&) {
    Json error = status_error(131051);
    error.erase("href");
    return Json{{"errors", Json::array({error})},
                {"unsupported", Json{{"type", text_in(wanted, "text", "poll")}}}};
}

Result<Json> edit(const Json& wanted, const Bubble* about, Bubble& bubble) {
    bubble.text = text_in(wanted, "text");
    if (about == nullptr || bubble.text.empty())
        return expected("about (the message that is changed) and text were expected");
    return Json{
        {"edit", Json{{"original_message_id", about->id},
                      {"message", Json{{"type", "text"}, {"text", Json{{"body", bubble.text}}}}}}}};
}

Result<Json> revoke(const Json&, const Bubble* about, Bubble&) {
    if (about == nullptr)
        return expected("about: the message that is taken back was expected");
    return Json{{"revoke", Json{{"original_message_id", about->id}}}};
}

Maker media_maker(std::string type, const char* mime) {
    return [type = std::move(type), mime](const Json& wanted, const Bubble*, Bubble& bubble) {
        return media(type, mime, wanted, bubble);
    };
}

const std::vector<std::pair<std::string_view, Maker>>& makers() {
    static const std::vector<std::pair<std::string_view, Maker>> all{
        {"text", text_reply},
        {"button", button_tap},
        {"button_reply", button_reply},
        {"list_reply", list_reply},
        {"nfm_reply", form_reply},
        {"call_permission_reply", permission_reply},
        {"reaction", reaction},
        {"voice", media_maker("audio", "audio/ogg; codecs=opus")},
        {"audio", media_maker("audio", "audio/mpeg")},
        {"image", media_maker("image", "image/jpeg")},
        {"video", media_maker("video", "video/mp4")},
        {"document", media_maker("document", "application/pdf")},
        {"sticker", media_maker("sticker", "image/webp")},
        {"location", location},
        {"contacts", card},
        {"order", order},
        {"unsupported", unsupported},
        {"edit", edit},
        {"revoke", revoke},
    };
    return all;
}

bool has_own_reference(std::string_view type) {
    return type == "reaction" || type == "edit" || type == "revoke";
}

std::string all_types() {
    std::string list;
    for (const auto& [name, maker] : makers())
        list += (list.empty() ? "" : ", ") + std::string{name};
    return list;
}

}  // namespace

Json envelope(const Account& account, std::vector<Change> changes, BatchShape shape, Timestamp at) {
    if (shape == BatchShape::values)
        changes = joined(std::move(changes));
    Json entries = Json::array();
    for (Change& change : changes) {
        const bool management = is_management(change);
        if (entries.empty() || shape == BatchShape::entries ||
            management != entries.back().contains("time")) {
            Json entry{{"id", account.waba_id}};
            if (management)
                entry["time"] = core::unix_ms(at) / 1000;
            entry["changes"] = Json::array();
            entries.push_back(std::move(entry));
        }
        entries.back()["changes"].push_back(as_json(std::move(change)));
    }
    return Json{{"object", "whatsapp_business_account"}, {"entry", std::move(entries)}};
}

Json status_change(const Account& account, const Person& whom, const Bubble& bubble,
                   const Step& step) {
    Json status{{"id", bubble.id}, {"status", step.status}, {"timestamp", unix_seconds(step.at)}};
    if (!whom.hides_phone)
        status["recipient_id"] = whom.wa_id;
    status["recipient_user_id"] = whom.user_id;
    if (!bubble.token.empty())
        status["biz_opaque_callback_data"] = bubble.token;
    if (step.status == "sent" || step.status == "delivered")
        status["pricing"] = price(bubble);
    if (step.status == "failed")
        status["errors"] = Json::array({status_error(step.code)});
    Json value = value_of(account);
    if (step.status != "failed") {
        Json who = contact(whom);
        who.erase("profile");
        value["contacts"] = Json::array({who});
    }
    value["statuses"] = Json::array({status});
    return value;
}

Result<Json> reply_message(const Account& account, const Json& wanted, const Bubble* about,
                           Bubble& bubble) {
    const std::string type = text_in(wanted, "type", "text");
    const auto found =
        std::ranges::find(makers(), type, &std::pair<std::string_view, Maker>::first);
    if (found == makers().end())
        return expected("type: one of " + all_types() + " was expected");
    const auto body = found->second(wanted, about, bubble);
    if (!body)
        return body.error();
    bubble.type = type;
    Json message{{"id", bubble.id},
                 {"timestamp", unix_seconds(bubble.at)},
                 {"type", text_in(*body, "type", type)}};
    if (about != nullptr) {
        bubble.about = about->id;
        if (!has_own_reference(type))
            message["context"] =
                Json{{"from", about->ours ? account.digits() : about->wa_id}, {"id", about->id}};
    }
    if (wanted.value("forwarded", false))
        message["context"] = Json{{"forwarded", true}};
    for (const auto& [key, value] : body->items())
        message[key] = value;
    if (const auto ad = wanted.find("referral"); ad != wanted.end())
        message["referral"] = *ad;
    return message;
}

Json reply_change(const Account& account, const Person& from, const Json& message, const Bubble&) {
    Json said = message;
    say_who(said, from);
    Json value = value_of(account);
    value["contacts"] = Json::array({contact(from)});
    value["messages"] = Json::array({said});
    return value;
}

Json number_changed(const Account& account, const std::string& old_wa_id, const Person& now_at,
                    const std::string& wamid, Timestamp at) {
    Json value = value_of(account);
    value["messages"] =
        Json::array({Json{{"from", old_wa_id},
                          {"id", wamid},
                          {"timestamp", unix_seconds(at)},
                          {"type", "system"},
                          {"system", Json{{"body", "User " + now_at.name + " changed from " +
                                                       old_wa_id + " to " + now_at.wa_id},
                                          {"wa_id", now_at.wa_id},
                                          {"type", "user_changed_number"}}}}});
    return value;
}

Json call_change(const Account& account, const Person& from, const std::string& event,
                 const std::string& call_id, Timestamp at, int duration_s) {
    Json call{{"id", call_id}, {"to", account.digits()}};
    if (!from.hides_phone)
        call["from"] = from.wa_id;
    call["from_user_id"] = from.user_id;
    call["event"] = event;
    call["direction"] = "USER_INITIATED";
    call["timestamp"] = unix_seconds(at);
    if (event == "connect") {
        call["session"] =
            Json{{"sdp_type", "offer"},
                 {"sdp", "v=0\r\no=- 7602563789789945080 2 IN IP4 127.0.0.1\r\ns=-\r\n"}};
    } else {
        call["status"] = duration_s > 0 ? "COMPLETED" : "FAILED";
        if (duration_s > 0) {
            call["start_time"] = unix_seconds(at - std::chrono::seconds{duration_s});
            call["end_time"] = unix_seconds(at);
            call["duration"] = duration_s;
        }
    }
    Json value = value_of(account);
    value["contacts"] = Json::array({contact(from)});
    value["calls"] = Json::array({call});
    return value;
}

Json preference_change(const Account& account, const Person& whom, const std::string& value_word,
                       Timestamp at) {
    Json value = value_of(account);
    value["contacts"] = Json::array({contact(whom)});
    Json preference = Json::object();
    if (!whom.hides_phone)
        preference["wa_id"] = whom.wa_id;
    preference["user_id"] = whom.user_id;
    preference["detail"] = value_word == "stop" ? "User requested to stop marketing messages"
                                                : "User requested to resume marketing messages";
    preference["category"] = "marketing_messages";
    preference["value"] = value_word;
    preference["timestamp"] = core::unix_ms(at) / 1000;
    value["user_preferences"] = Json::array({preference});
    return value;
}

namespace {

Json about_template(const Template& t) {
    return Json{{"message_template_id", t.id},
                {"message_template_name", t.name},
                {"message_template_language", language_with_dash(t.language)}};
}

}  // namespace

Json template_status(const Template& t, const std::string& event, const std::string& reason,
                     const std::string& other_title) {
    Json value{{"event", event}};
    value.update(about_template(t));
    value["reason"] = reason;
    value["message_template_category"] = t.category;
    if (!other_title.empty())
        value["other_info"] = Json{{"title", other_title}, {"description", "by the sandbox"}};
    if (event == "REJECTED" && reason == "INVALID_FORMAT")
        value["rejection_info"] = Json{{"reason", "The format is not valid."},
                                       {"recommendation", "Check the variables."}};
    return value;
}

Json template_quality(const Template& t, const std::string& before) {
    Json value{{"previous_quality_score", before}, {"new_quality_score", t.quality}};
    value.update(about_template(t));
    return value;
}

Json template_category(const Template& t, const std::string& before) {
    Json value = about_template(t);
    value["previous_category"] = before;
    value["new_category"] = t.category;
    return value;
}

Json echo_change(const Account& account, const Person& to, const Bubble& bubble) {
    Json value = value_of(account);
    value["message_echoes"] = Json::array({Json{{"from", account.digits()},
                                                {"to", to.wa_id},
                                                {"id", bubble.id},
                                                {"timestamp", unix_seconds(bubble.at)},
                                                {"type", "text"},
                                                {"text", Json{{"body", bubble.text}}}}});
    return value;
}

}  // namespace warmcall::sandbox
