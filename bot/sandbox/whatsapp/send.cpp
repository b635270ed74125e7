#include "sandbox/whatsapp/send.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

namespace warmcall::sandbox {

namespace {

using Wrong = std::optional<Refusal>;

const Json& object_in(const Json& object, const char* key) {
    static const Json none = Json::object();
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? *found : none;
}

Refusal required(const std::string& parameter) {
    return Refusal{100, {}, "The parameter " + parameter + " is required.", 0};
}

Refusal not_valid(std::string details) {
    return Refusal{131009, std::move(details), {}, 0};
}

Wrong length(const std::string& what, const std::string& text, std::size_t from, std::size_t to) {
    const std::size_t size = characters(text);
    if (size >= from && size <= to)
        return std::nullopt;
    return not_valid(what + " length invalid. Min length: " + std::to_string(from) +
                     ", Max length: " + std::to_string(to));
}

Wrong unexpected(const std::string& where, const Json& object,
                 std::initializer_list<std::string_view> allowed) {
    for (const auto& [key, value] : object.items()) {
        if (std::ranges::find(allowed, std::string_view{key}) == allowed.end())
            return Refusal{
                100, {}, "Unexpected key \"" + key + "\" on param \"" + where + "\".", 0};
    }
    return std::nullopt;
}

Wrong read_text(Send& send) {
    if (auto wrong = unexpected("text", send.content, {"body", "preview_url"}))
        return wrong;
    const auto body = send.content.find("body");
    if (body == send.content.end() || !body->is_string() ||
        body->get_ref<const std::string&>().empty())
        return required("text['body']");
    send.text = body->get<std::string>();
    if (characters(send.text) > 4096)
        return Refusal{100, {}, "Param text['body'] must be at most 4096 characters long.", 0};
    return std::nullopt;
}

Wrong read_template(Send& send) {
    if (auto wrong = unexpected("template", send.content,
                                {"name", "language", "components", "namespace", "category"}))
        return wrong;
    if (text_in(send.content, "name").empty())
        return required("template['name']");
    const Json& language = object_in(send.content, "language");
    if (text_in(language, "code").empty())
        return required("template['language']['code']");
    if (auto wrong = unexpected("template['language']", language, {"code", "policy"}))
        return wrong;
    if (language.contains("policy") && language["policy"] != "deterministic")
        return Refusal{
            100, {}, "Param template['language']['policy'] must be one of {DETERMINISTIC}", 0};
    const auto components = send.content.find("components");
    if (components != send.content.end() && !components->is_array())
        return Refusal{100, {}, "Param template['components'] must be an array.", 0};
    return std::nullopt;
}

Wrong read_reply_buttons(Send& send, const Json& action) {
    const auto buttons = action.find("buttons");
    if (buttons == action.end() || !buttons->is_array() || buttons->empty() || buttons->size() > 3)
        return not_valid("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3");
    for (const Json& button : *buttons) {
        if (!button.is_object() || text_in(button, "type") != "reply")
            return not_valid("Button type invalid. Allowed: reply");
        const Json& reply = object_in(button, "reply");
        if (auto wrong = length("Button title", text_in(reply, "title"), 1, 20))
            return wrong;
        if (auto wrong = length("Button id", text_in(reply, "id"), 1, 256))
            return wrong;
        const std::string id = text_in(reply, "id");
        const std::string label = text_in(reply, "title");
        if (std::ranges::find(send.payloads, id) != send.payloads.end())
            return not_valid("Duplicated button id");
        if (std::ranges::find(send.buttons, label) != send.buttons.end())
            return not_valid("Duplicated button title");
        send.buttons.push_back(label);
        send.payloads.push_back(id);
    }
    return std::nullopt;
}

Wrong read_row(Send& send, const Json& row) {
    if (!row.is_object())
        return not_valid("Row is invalid");
    if (auto wrong = length("Row title", text_in(row, "title"), 1, 24))
        return wrong;
    if (auto wrong = length("Row id", text_in(row, "id"), 1, 200))
        return wrong;
    if (auto wrong = length("Row description", text_in(row, "description"), 0, 72))
        return wrong;
    send.buttons.push_back(text_in(row, "title"));
    send.payloads.push_back(text_in(row, "id"));
    return std::nullopt;
}

Wrong read_list(Send& send, const Json& action) {
    if (auto wrong = length("Button label", text_in(action, "button"), 1, 20))
        return wrong;
    const auto sections = action.find("sections");
    if (sections == action.end() || !sections->is_array() || sections->empty())
        return not_valid(
            "Invalid sections count. Min allowed sections: 1, Max allowed sections: 10");
    for (const Json& section : *sections) {
        const auto rows = section.is_object() ? section.find("rows") : section.end();
        if (!section.is_object() || rows == section.end() || !rows->is_array())
            return not_valid("Section rows are missing");
        for (const Json& row : *rows) {
            if (auto wrong = read_row(send, row))
                return wrong;
        }
    }
    if (send.buttons.empty() || send.buttons.size() > 10)
        return not_valid("Total row count exceed max allowed count: 10");
    return std::nullopt;
}

Wrong read_link_button(Send& send, const Json& action) {
    const Json& parameters = object_in(action, "parameters");
    if (auto wrong = length("Button text", text_in(parameters, "display_text"), 1, 20))
        return wrong;
    const std::string url = text_in(parameters, "url");
    if (!url.starts_with("https://") && !url.starts_with("http://"))
        return not_valid("url is not a valid URL");
    send.buttons.push_back(text_in(parameters, "display_text"));
    send.payloads.push_back(url);
    return std::nullopt;
}

Wrong read_call_button(Send& send, const Json& action) {
    const Json& parameters = object_in(action, "parameters");
    const std::string label = text_in(parameters, "display_text");
    if (auto wrong = length("Button text", label, 0, 20))
        return wrong;
    if (auto wrong = length("payload", text_in(parameters, "payload"), 0, 512))
        return wrong;
    send.buttons.push_back(label.empty() ? "Call now" : label);
    send.payloads.push_back(text_in(parameters, "payload"));
    return std::nullopt;
}

Wrong read_interactive(Send& send) {
    const std::string kind = text_in(send.content, "type");
    const Json& action = object_in(send.content, "action");
    send.text = text_in(object_in(send.content, "body"), "text");
    if (auto wrong = length("Body text", send.text, 1, kind == "list" ? 4096 : 1024))
        return wrong;
    if (auto wrong =
            length("Footer text", text_in(object_in(send.content, "footer"), "text"), 0, 60))
        return wrong;
    if (auto wrong =
            length("Header text", text_in(object_in(send.content, "header"), "text"), 0, 60))
        return wrong;
    if (kind == "button")
        return read_reply_buttons(send, action);
    if (kind == "list")
        return read_list(send, action);
    if (kind == "cta_url")
        return read_link_button(send, action);
    if (kind == "voice_call")
        return read_call_button(send, action);
    if (kind == "call_permission_request" || kind == "location_request_message" ||
        kind == "request_contact_info")
        return std::nullopt;
    return not_valid("Interactive type is invalid");
}

Wrong read_reaction(Send& send) {
    if (text_in(send.content, "message_id").empty())
        return required("reaction['message_id']");
    send.about = text_in(send.content, "message_id");
    send.text = text_in(send.content, "emoji");
    return std::nullopt;
}

Wrong read_contacts(Send& send, const Json& body) {
    const auto cards = body.find("contacts");
    if (cards == body.end() || !cards->is_array() || cards->empty())
        return required("contacts");
    for (const Json& card : *cards) {
        const std::string name =
            card.is_object() ? text_in(object_in(card, "name"), "formatted_name") : "";
        if (name.empty())
            return Refusal{131008, "contacts['name']['formatted_name'] is required", {}, 0};
        send.text += (send.text.empty() ? "" : ", ") + name;
        const auto phones = card.find("phones");
        if (phones != card.end() && phones->is_array() && !phones->empty() &&
            (*phones)[0].is_object())
            send.text += " " + text_in((*phones)[0], "phone");
    }
    return std::nullopt;
}

Wrong read_media(Send& send) {
    if (text_in(send.content, "id").empty() == text_in(send.content, "link").empty())
        return Refusal{100, {}, "Param " + send.type + " must have exactly one of id, link.", 0};
    send.text = text_in(send.content, "caption");
    if (characters(send.text) > 1024)
        return Refusal{
            100, {}, "Param " + send.type + "['caption'] must be at most 1024 characters long.", 0};
    return std::nullopt;
}

Wrong read_location(Send& send) {
    if (!send.content.contains("latitude") || !send.content.contains("longitude"))
        return required("location['latitude'], location['longitude']");
    send.text = text_in(send.content, "name");
    return std::nullopt;
}

Wrong read_content(Send& send, const Json& body) {
    static constexpr std::array types{"text",     "template", "interactive", "reaction",
                                      "contacts", "image",    "audio",       "video",
                                      "document", "sticker",  "location"};
    if (std::ranges::find(types, send.type) == types.end())
        return Refusal{131051, "Message type " + send.type + " is not currently supported", {}, 0};
    if (send.type == "contacts")
        return read_contacts(send, body);
    const auto content = body.find(send.type);
    if (content == body.end() || !content->is_object())
        return required(send.type);
    send.content = *content;
    if (send.type == "text")
        return read_text(send);
    if (send.type == "template")
        return read_template(send);
    if (send.type == "interactive")
        return read_interactive(send);
    if (send.type == "reaction")
        return read_reaction(send);
    if (send.type == "location")
        return read_location(send);
    return read_media(send);
}

std::variant<Refusal, Send, MarkRead> read_mark(const Json& body) {
    if (body["status"] != "read")
        return Refusal{100, {}, "Param status must be one of {READ}", 0};
    if (text_in(body, "message_id").empty())
        return required("message_id");
    const auto typing = body.find("typing_indicator");
    if (typing != body.end() && (!typing->is_object() || text_in(*typing, "type") != "text"))
        return Refusal{100, {}, "Param typing_indicator['type'] must be one of {TEXT}", 0};
    return MarkRead{text_in(body, "message_id"), typing != body.end()};
}

Wrong read_address(Send& send, const Json& body) {
    const auto to = body.find("to");
    send.recipient = text_in(body, "recipient");
    if (to == body.end() && send.recipient.empty())
        return required("to");
    if (to != body.end() && !to->is_string() && !to->is_number_unsigned())
        return Refusal{131009, "Parameter 'to' is not a valid phone number", {}, 0};
    if (to != body.end())
        send.to = to->is_string() ? to->get<std::string>() : to->dump();
    const std::string whom = text_in(body, "recipient_type");
    if (body.contains("recipient_type") && whom != "individual")
        return Refusal{131009, "recipient_type: the sandbox knows individual only", {}, 0};
    return std::nullopt;
}

}  // namespace

std::variant<Refusal, Send, MarkRead> read_send(const Json& body) {
    if (!body.is_object())
        return Refusal{100, {}, "Invalid parameter", 0};
    if (!body.contains("messaging_product"))
        return required("messaging_product");
    if (body["messaging_product"] != "whatsapp")
        return Refusal{100, {}, "Param messaging_product must be one of {WHATSAPP}", 0};
    if (body.contains("status"))
        return read_mark(body);
    Send send;
    if (auto wrong = read_address(send, body))
        return *std::move(wrong);
    send.type = body.contains("type") ? text_in(body, "type") : "text";
    send.about = text_in(object_in(body, "context"), "message_id");
    if (body.contains("biz_opaque_callback_data")) {
        send.token = text_in(body, "biz_opaque_callback_data");
        if (send.token.empty() || characters(send.token) > 512)
            return Refusal{
                131009, "biz_opaque_callback_data must be a string of 1 to 512 characters", {}, 0};
    }
    if (auto wrong = read_content(send, body))
        return *std::move(wrong);
    return send;
}

}  // namespace warmcall::sandbox
