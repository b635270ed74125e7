#pragma once
// What POST /{phone_number_id}/messages may carry: the shape alone, before anybody asks who the
// recipient is.

#include <string>
#include <variant>
#include <vector>

#include "sandbox/whatsapp/refusals.hpp"

namespace warmcall::sandbox {

struct Send {
    std::string to;         // as it was given
    std::string recipient;  // a business-scoped id, where there is no `to`
    std::string type;       // text, template, interactive, …
    std::string text;       // what the phone shows; a template's is rendered later
    std::vector<std::string> buttons;
    std::vector<std::string> payloads;  // by button
    std::string about;                  // the message it quotes
    std::string token;                  // biz_opaque_callback_data
    Json content;                       // the object under the type's own key
};

struct MarkRead {
    std::string message_id;
    bool typing = false;
};

std::variant<Refusal, Send, MarkRead> read_send(const Json& body);

}  // namespace warmcall::sandbox
