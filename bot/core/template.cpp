#include "core/template.hpp"

#include <unicode/utf8.h>

#include <algorithm>

#include "support/secret.hpp"

namespace warmcall::core {
namespace {

constexpr std::size_t longest_text =
    1024;  // what WhatsApp takes as a template's body, in characters

bool plain_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

std::string_view trimmed(std::string_view s) {
    constexpr std::string_view blank = " \t\r\n";
    const auto begin = s.find_first_not_of(blank);
    if (begin == std::string_view::npos)
        return {};
    return s.substr(begin, s.find_last_not_of(blank) - begin + 1);
}

// Characters in the text, or none where it is not UTF-8.
std::optional<std::size_t> characters(std::string_view text) {
    std::size_t count = 0;
    const auto length = static_cast<std::int32_t>(text.size());
    for (std::int32_t i = 0; i < length; ++count) {
        UChar32 c = 0;
        U8_NEXT(text.data(), i, length, c);
        if (c < 0)
            return std::nullopt;
    }
    return count;
}

// "hi-IN" and "hi_IN" are one language.
std::string folded_language(std::string_view language) {
    std::string out{language};
    for (char& c : out) {
        if (c == '-')
            c = '_';
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

const Template* exactly(const std::vector<Template>& all, std::string_view name,
                        const std::string& language) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Template& t) {
        return t.name == name && folded_language(t.language) == language;
    });
    return found == all.end() ? nullptr : &*found;
}

std::string key_there(const Template& t) {
    std::string language = t.provider_language;
    std::replace(language.begin(), language.end(), '-', '_');
    return t.provider_name + "/" + language;
}

std::optional<TemplateKind> kind_named(std::string_view word) {
    if (word == "wellbeing")
        return TemplateKind::wellbeing;
    if (word == "call_me_back")
        return TemplateKind::call_me_back;
    if (word == "rep_notice")
        return TemplateKind::rep_notice;
    if (word == "stop_confirmation")
        return TemplateKind::stop_confirmation;
    if (word == "call_answer")
        return TemplateKind::call_answer;
    if (word == "call_bridge")
        return TemplateKind::call_bridge;
    return std::nullopt;
}

std::optional<Category> category_named(std::string_view word) {
    if (word == "marketing")
        return Category::marketing;
    if (word == "utility")
        return Category::utility;
    if (word == "service")
        return Category::service;
    return std::nullopt;
}

// Takes one header line into the template; the sentence says what was expected instead.
// "Yes | Later | No"
std::optional<std::string> take_buttons(Template& t, std::string_view value) {
    constexpr std::size_t buttons_max = 3;
    constexpr std::size_t characters_max = 25;  // Meta's limit for a quick reply
    t.buttons.clear();
    for (bool more = true; more;) {
        const auto end = value.find('|');
        const std::string_view label = trimmed(value.substr(0, end));
        const auto count = characters(label);
        if (label.empty() || !count || *count > characters_max || t.buttons.size() == buttons_max)
            return "expected buttons: one to three labels of at most 25 characters with | between "
                   "them";
        t.buttons.emplace_back(label);
        more = end != std::string_view::npos;
        value.remove_prefix(more ? end + 1 : value.size());
    }
    return std::nullopt;
}

std::optional<std::string> take_header(Template& t, std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
        return "expected \"key: value\" or the line \"---\" before the text";
    const std::string_view key = trimmed(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (value.empty())
        return "expected a value after \"" + std::string{key} + ":\"";
    if (key == "kind") {
        const auto kind = kind_named(value);
        if (!kind)
            return "expected kind: wellbeing, call_me_back, rep_notice or stop_confirmation, found "
                   "\"" +
                   std::string{value} + "\"";
        t.kind = *kind;
    } else if (key == "category") {
        const auto category = category_named(value);
        if (!category)
            return "expected category: marketing, utility or service, found \"" +
                   std::string{value} + "\"";
        t.category = *category;
    } else if (key == "provider_name") {
        t.provider_name = value;
    } else if (key == "provider_language") {
        t.provider_language = value;
    } else if (key == "buttons") {
        return take_buttons(t, value);
    } else {
        return "unknown key \"" + std::string{key} +
               "\"; expected one of kind, category, provider_name, provider_language, buttons";
    }
    return std::nullopt;
}

std::optional<std::string> take_text(Template& t, std::string_view text) {
    t.text = trimmed(text);
    std::erase(t.text, '\r');
    if (t.text.empty())
        return "expected a text after the line \"---\", found nothing";
    const auto count = characters(t.text);
    if (!count)
        return "the text is not UTF-8; save the file as UTF-8";
    if (*count > longest_text)
        return "the text has " + std::to_string(*count) + " characters; expected at most " +
               std::to_string(longest_text);
    auto variables = variables_of(t.text);
    if (!variables)
        return variables.error().message;
    t.variables = *std::move(variables);
    t.reviewed_hash = sha256_hex(t.text);
    return std::nullopt;
}

}  // namespace

const Template* TemplateBook::find(std::string_view name, std::string_view language) const {
    const std::string wanted = folded_language(language);
    if (const auto* t = exactly(templates, name, wanted))
        return t;
    if (const auto* t = exactly(templates, name, wanted.substr(0, wanted.find('_'))))
        return t;
    return exactly(templates, name, "en");
}

TemplateStatus TemplateBook::status_of(const Template& t) const {
    const auto found = status.find(key_there(t));
    return found == status.end() ? TemplateStatus::unknown : found->second;
}

Category TemplateBook::category_of(const Template& t) const {
    const auto found = category.find(key_there(t));
    return found != category.end() && found->second == Category::marketing ? Category::marketing
                                                                           : t.category;
}

bool is_reviewed(TemplateKind kind) {
    return kind == TemplateKind::wellbeing || kind == TemplateKind::call_me_back ||
           kind == TemplateKind::rep_notice;
}

Result<std::vector<std::string>> variables_of(std::string_view text) {
    std::vector<std::string> found;
    for (std::size_t open = text.find("{{"); open != std::string_view::npos;
         open = text.find("{{", open)) {
        const auto close = text.find("}}", open);
        if (close == std::string_view::npos)
            return Error{Errc::bad_input,
                         "\"{{\" is never closed; expected \"}}\" after the variable's name"};
        const std::string name{trimmed(text.substr(open + 2, close - open - 2))};
        if (!plain_name(name))
            return Error{
                Errc::bad_input,
                "{{" + name + "}} is not a variable; expected a plain name such as {{name}}"};
        if (std::find(found.begin(), found.end(), name) == found.end())
            found.push_back(name);
        open = close + 2;
    }
    return found;
}

Result<Template> read_template(std::string_view file, std::string_view name,
                               std::string_view language) {
    Template t;
    t.name = name;
    t.language = language;
    t.provider_name = name;
    t.provider_language = language;
    t.kind = kind_named(name).value_or(TemplateKind::wellbeing);
    if (t.kind == TemplateKind::rep_notice)
        t.category = Category::utility;
    if (file.starts_with("\xEF\xBB\xBF"))
        file.remove_prefix(3);
    const std::string where = std::string{language} + "/" + std::string{name} + ".txt:";
    int number = 0;
    while (!file.empty()) {
        ++number;
        const auto end = file.find('\n');
        const std::string_view line = trimmed(file.substr(0, end));
        file.remove_prefix(end == std::string_view::npos ? file.size() : end + 1);
        const bool text_follows = line == "---";
        const auto wrong = text_follows   ? take_text(t, file)
                           : line.empty() ? std::nullopt
                                          : take_header(t, line);
        if (wrong)
            return Error{
                Errc::bad_input,
                where + std::to_string(text_follows ? number + 1 : number) + ": " + *wrong};
        if (text_follows)
            return t;
    }
    return Error{Errc::bad_input, where + std::to_string(std::max(number, 1)) +
                                      ": expected a line \"---\" and then the text"};
}

Result<std::string> render(const Template& t, const Variables& variables) {
    std::string out;
    std::string_view rest = t.text;
    for (auto open = rest.find("{{"); open != std::string_view::npos; open = rest.find("{{")) {
        const auto close = rest.find("}}", open);
        const auto name = std::string{
            trimmed(rest.substr(open + 2, close == rest.npos ? close : close - open - 2))};
        const auto found = variables.find(name);
        if (close == rest.npos || found == variables.end() || trimmed(found->second).empty())
            return Error{Errc::bad_input, "the text \"" + t.name + "\" (" + t.language +
                                              ") needs {{" + name + "}}, and it is " +
                                              (found == variables.end() ? "missing" : "empty")};
        out.append(rest.substr(0, open)).append(found->second);
        rest.remove_prefix(close + 2);
    }
    return out.append(rest);
}

}  // namespace warmcall::core
