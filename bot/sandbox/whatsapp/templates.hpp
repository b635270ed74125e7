#pragma once
// The message templates of the account: how they are made, what a send must fit, and what the phone
// then shows.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sandbox/whatsapp/refusals.hpp"

namespace warmcall::sandbox {

struct Template {
    std::uint64_t id = 0;
    std::string name;
    std::string language;                // with an underscore: "en_US"
    std::string category = "MARKETING";  // MARKETING | UTILITY | AUTHENTICATION
    std::string status = "APPROVED";
    std::string rejected_reason = "NONE";
    std::string quality = "UNKNOWN";
    bool named = true;                 // {{first_name}} rather than {{1}}
    std::string header, body, footer;  // texts, with their variables
    std::vector<std::string> header_variables, body_variables;
    Json buttons =
        Json::array();  // [{type: QUICK_REPLY | URL | PHONE_NUMBER | VOICE_CALL…, text, url?}]
};

// What a template send becomes on the phone.
struct Rendered {
    std::string text;
    std::vector<std::string> buttons;
    std::vector<std::string> payloads;  // by button; what a tap carries back
};

// Templates known from the start: [{name, language, category?, text, parameters?, header?, footer?,
// quick_replies?, url?}]. The error says which entry, which key, and what was expected.
Result<std::vector<Template>> read_templates(std::string_view json);

// The body of POST /{waba}/message_templates.
std::variant<Refusal, Template> read_creation(const Json& body);

class TemplateBook {
 public:
    // Gives it an id; a template of the same name and language is replaced.
    Template& put(Template made);
    Template* find(std::string_view name, std::string_view language);
    Template* find(std::uint64_t id);
    bool knows(std::string_view name) const;
    std::size_t erase(std::string_view name, std::optional<std::uint64_t> id);
    const std::vector<Template>& all() const { return all_; }
    // A send's `template` object against the book.
    std::variant<Refusal, Rendered> fit(const Json& send, const Template*& used);

 private:
    std::vector<Template> all_;
    std::uint64_t next_id_ = 500'000'000'000'001;
};

Json shown(const Template& t);  // one element of `data` in the list

}  // namespace warmcall::sandbox
