#pragma once
// Message texts: templates/<language>/<name>.txt, rendered strictly, and linted: a well-being text
// has no business in it.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/contact.hpp"
#include "support/result.hpp"

namespace warmcall::core {

enum class TemplateKind {
    wellbeing,
    call_me_back,
    rep_notice,
    stop_confirmation,
    call_answer,  // spoken to whoever rings our number
    call_bridge   // spoken to the rep whose phone rings first
};

// Handed in at the provider and judged there; the others are free words, or spoken.
bool is_reviewed(TemplateKind kind);

struct Template {
    std::string name;      // file name without .txt
    std::string language;  // folder
    TemplateKind kind = TemplateKind::wellbeing;
    std::string text;                    // mustache, {{name}}
    std::vector<std::string> variables;  // in order of first use
    std::vector<std::string> buttons;    // its quick replies, at most 3
    std::string provider_name;           // its name at the provider; default: name
    std::string provider_language;       // default: language
    Category category = Category::marketing;
    std::string reviewed_hash;  // SHA-256 hex of `text`

    bool operator==(const Template&) const = default;
};

// What the provider says of it; unknown until it said something (then it may be sent).
enum class TemplateStatus { unknown, approved, pending, paused, rejected, disabled };

struct TemplateBook {
    std::vector<Template> templates;
    std::map<std::string, TemplateStatus> status;  // by provider_name + "/" + language with "_"
    std::map<std::string, Category> category;      // what the provider counts it as, likewise

    // The text for a language, else for its base language, else English; none: nullptr.
    const Template* find(std::string_view name, std::string_view language) const;
    TemplateStatus status_of(const Template& t) const;
    // Ours or the provider's, whichever has the stricter rules: marketing.
    Category category_of(const Template& t) const;
};

// The {{variables}} of a mustache text in order of first use. Anything else in braces (sections,
// partials, comments) is an error: a text that changes its shape could never match the one the
// provider approved.
Result<std::vector<std::string>> variables_of(std::string_view text);

// First lines are "key: value" (kind, provider_name, provider_language, category, and buttons as
// "Yes | Later | No"), then a line "---", then the text.
Result<Template> read_template(std::string_view file, std::string_view name,
                               std::string_view language);

using Variables = std::map<std::string, std::string>;

// A variable the text names and the map lacks (or has empty) is an error that names it. No HTML
// escaping. Done here and not by a mustache library: of mustache we let through {{variables}} only,
// and kainjow's takes 90 µs for one text; the tests hold the two side by side.
Result<std::string> render(const Template& t, const Variables& variables);

struct Finding {
    std::size_t begin = 0;  // bytes in the text
    std::size_t end = 0;
    std::string code;      // "url", "money", "percentage", "pitch", "threat", "urgency", "meeting",
                           // "questions", "name", "sender", "segments", "illness", "variable", …
    std::string sentence;  // what is wrong and what to write instead
};

// What keeps a well-being text from being one. Empty: fit to send.
std::vector<Finding> lint(const Template& t);
// The text with the spans marked, one finding a paragraph, for a terminal.
std::string explain(const Template& t, const std::vector<Finding>& findings);

// SMS: septets or UCS-2 units and parts (3GPP TS 23.038).
struct SmsLength {
    bool gsm7 = true;
    int units = 0;
    int parts = 0;
};
SmsLength sms_length(std::string_view utf8);

}  // namespace warmcall::core
