#include "sandbox/whatsapp/templates.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace warmcall::sandbox {

namespace {

constexpr std::size_t templates_max = 6000;  // of a verified account

// The variables of a text in the order of their first use: {{first_name}} or {{1}}.
std::vector<std::string> variables(std::string_view text) {
    std::vector<std::string> found;
    for (std::size_t at = text.find("{{"); at != text.npos; at = text.find("{{", at + 2)) {
        const std::size_t end = text.find("}}", at);
        if (end == text.npos)
            break;
        std::string name{text.substr(at + 2, end - at - 2)};
        std::erase(name, ' ');
        if (!name.empty() && std::ranges::find(found, name) == found.end())
            found.push_back(std::move(name));
    }
    return found;
}

std::string filled(std::string_view text, const std::map<std::string, std::string>& values) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t open = text.find("{{", at);
        const std::size_t close = open == text.npos ? text.npos : text.find("}}", open);
        if (close == text.npos)
            return out.append(text.substr(at));
        out.append(text.substr(at, open - at));
        std::string name{text.substr(open + 2, close - open - 2)};
        std::erase(name, ' ');
        if (const auto value = values.find(name); value != values.end())
            out += value->second;
        at = close + 2;
    }
    return out;
}

bool is_number(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

bool valid_name(std::string_view name) {
    return !name.empty() && name.size() <= 512 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

bool valid_language(std::string_view code) {
    const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const std::size_t split = std::min(code.find('_'), code.size());
    const std::string_view tongue = code.substr(0, split);
    if ((tongue.size() != 2 && tongue.size() != 3) || !std::ranges::all_of(tongue, lower))
        return false;
    const std::string_view land = code.substr(std::min(split + 1, code.size()));
    return split == code.size() || (!land.empty() && land.size() <= 4 && upper(land.front()));
}

// -- fitting a send
// ------------------------------------------------------------------------------------------------

using Values = std::map<std::string, std::string>;

std::optional<Refusal> wrong_text(const std::string& where, const std::string& text) {
    if (text.empty())
        return Refusal{131008, where + ": Parameter of type text is missing text value", {}, 0};
    if (text.find_first_of("\n\t") != text.npos || text.find("     ") != text.npos)
        return Refusal{132018,
                       where +
                           ": Param text cannot have new-line/tab characters or more than 4 "
                           "consecutive spaces",
                       {},
                       0};
    return std::nullopt;
}

std::variant<Refusal, Values> read_values(const std::string& where, const Json& given,
                                          const std::vector<std::string>& expected, bool named) {
    if (given.size() != expected.size())
        return Refusal{132000,
                       where + ": number of localizable_params (" + std::to_string(given.size()) +
                           ") does not match the expected number of params (" +
                           std::to_string(expected.size()) + ")",
                       {},
                       0};
    Values values;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const Json& parameter = given[i];
        const std::string type = parameter.is_object() ? text_in(parameter, "type") : "";
        if (type != "text")
            return Refusal{132012,
                           where + ": Format mismatch, expected TEXT, received " +
                               (type.empty() ? "UNKNOWN" : type),
                           {},
                           0};
        const std::string name = text_in(parameter, "parameter_name");
        if (named && name.empty())
            return Refusal{132012, where + ": Parameter name is missing or empty", {}, 0};
        if (!named && !name.empty())
            return Refusal{132012,
                           where + ": Parameter name is not expected, the template is positional",
                           {},
                           0};
        if (named && std::ranges::find(expected, name) == expected.end())
            return Refusal{132012,
                           where + ": Parameter name " + name + " does not exist in the template",
                           {},
                           0};
        const std::string text = text_in(parameter, "text");
        if (auto wrong = wrong_text(where, text))
            return *std::move(wrong);
        if (!values.emplace(named ? name : expected[i], text).second)
            return Refusal{132012, where + ": Parameter name " + name + " is given twice", {}, 0};
    }
    return values;
}

const Json& parameters_of(const Json& component) {
    static const Json none = Json::array();
    const auto found = component.find("parameters");
    return found != component.end() && found->is_array() ? *found : none;
}

std::optional<std::size_t> index_of(const Json& component) {
    const auto found = component.find("index");
    if (found == component.end())
        return std::nullopt;
    if (found->is_number_unsigned())
        return found->get<std::size_t>();
    const std::string text = found->is_string() ? found->get<std::string>() : "";
    std::size_t index = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (problem != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return index;
}

bool has_variable(const Json& button) {
    return text_in(button, "type") == "URL" &&
           text_in(button, "url").find("{{") != std::string::npos;
}

std::string expected_type(std::string sub_type) {
    std::ranges::transform(sub_type, sub_type.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    return sub_type;
}

std::optional<Refusal> fit_button(const Json& component, const Template& known,
                                  Rendered& shown_on_phone) {
    const auto index = index_of(component);
    const std::string sub_type = expected_type(text_in(component, "sub_type"));
    if (!index || *index >= known.buttons.size())
        return Refusal{132018, "buttons: Button index is missing or not in the template", {}, 0};
    const Json& button = known.buttons[*index];
    if (text_in(button, "type") != sub_type)
        return Refusal{132018,
                       "buttons: Button at index " + std::to_string(*index) +
                           " is not of sub_type " + sub_type,
                       {},
                       0};
    const Json& parameters = parameters_of(component);
    if (parameters.size() != 1 || !parameters[0].is_object())
        return Refusal{
            131008,
            "buttons: Button at index " + std::to_string(*index) + " requires a parameter",
            {},
            0};
    const Json& parameter = parameters[0];
    const std::string value = text_in(parameter, sub_type == "QUICK_REPLY" ? "payload" : "text");
    if (value.empty())
        return Refusal{131008,
                       "buttons: Button at index " + std::to_string(*index) + " requires a value",
                       {},
                       0};
    if (sub_type == "QUICK_REPLY" && value.size() > 256)
        return Refusal{131009, "buttons: payload must be at most 256 characters long", {}, 0};
    shown_on_phone.payloads[*index] =
        sub_type == "URL" ? filled(text_in(button, "url"), {{"1", value}}) : value;
    return std::nullopt;
}

std::optional<Refusal> missing_suffix(const Template& known, const Rendered& shown_on_phone) {
    for (std::size_t i = 0; i < known.buttons.size(); ++i) {
        if (has_variable(known.buttons[i]) &&
            shown_on_phone.payloads[i].find("{{") != std::string::npos)
            return Refusal{131008,
                           "buttons: Button at index " + std::to_string(i) +
                               " of type Url requires a parameter",
                           {},
                           0};
    }
    return std::nullopt;
}

Rendered plain_buttons(const Template& known) {
    Rendered rendered;
    for (const Json& button : known.buttons) {
        rendered.buttons.push_back(text_in(button, "text"));
        // a quick reply without a payload carries its own label back
        rendered.payloads.push_back(text_in(button, "type") == "URL" ? text_in(button, "url")
                                                                     : text_in(button, "text"));
    }
    return rendered;
}

std::variant<Refusal, Rendered> render(const Template& known, const Json& components) {
    Rendered rendered = plain_buttons(known);
    const Json* header = nullptr;
    const Json* body = nullptr;
    for (const Json& component : components) {
        const std::string type = component.is_object() ? text_in(component, "type") : "";
        if (type == "header")
            header = &component;
        else if (type == "body")
            body = &component;
        else if (type != "button")
            return Refusal{
                100,
                {},
                "Invalid parameter: template['components'] has a component of type '" + type + "'",
                0};
        else if (auto wrong = fit_button(component, known, rendered))
            return *std::move(wrong);
    }
    static const Json none = Json::object();
    auto in_header = read_values("header", parameters_of(header != nullptr ? *header : none),
                                 known.header_variables, known.named);
    if (auto* wrong = std::get_if<Refusal>(&in_header))
        return std::move(*wrong);
    auto in_body = read_values("body", parameters_of(body != nullptr ? *body : none),
                               known.body_variables, known.named);
    if (auto* wrong = std::get_if<Refusal>(&in_body))
        return std::move(*wrong);
    if (auto wrong = missing_suffix(known, rendered))
        return *std::move(wrong);

    const std::string text = filled(known.body, std::get<Values>(in_body));
    if (characters(text) > 1024)
        return Refusal{
            132005, "body: the text with its parameters is longer than 1024 characters", {}, 0};
    const std::string above = filled(known.header, std::get<Values>(in_header));
    rendered.text = (above.empty() ? "" : above + "\n") + text +
                    (known.footer.empty() ? "" : "\n" + known.footer);
    return rendered;
}

// -- making templates
// ----------------------------------------------------------------------------------------------

Refusal bad_template(std::string why) {
    return Refusal{100, std::move(why), {}, 0};
}

std::optional<Refusal> wrong_variables(const std::string& where, std::string_view text,
                                       bool named) {
    for (const std::string& name : variables(text)) {
        if (named && (is_number(name) || !valid_name(name)))
            return bad_template(
                where +
                ": with parameter_format NAMED a variable is lower-case letters, digits and _: {{" +
                name + "}}");
        if (!named && !is_number(name))
            return bad_template(
                where + ": with parameter_format POSITIONAL variables are {{1}}, {{2}}, …: {{" +
                name + "}}");
    }
    if (text.starts_with("{{") || text.ends_with("}}"))
        return Refusal{2388299, "Variables can't be at the start or end of the template.",
                       "Invalid parameter", 400};
    return std::nullopt;
}

bool has_example(const Json& component, const char* one, const char* other) {
    const auto example = component.find("example");
    return example != component.end() && example->is_object() &&
           (example->contains(one) || example->contains(other));
}

std::optional<Refusal> read_body(const Json& component, Template& made) {
    made.body = text_in(component, "text");
    made.body_variables = variables(made.body);
    if (made.body.empty() || characters(made.body) > 1024)
        return bad_template("BODY: text of 1 to 1024 characters is required");
    if (!made.body_variables.empty() &&
        !has_example(component, "body_text", "body_text_named_params"))
        return bad_template("BODY: a text with variables needs an example");
    return wrong_variables("BODY", made.body, made.named);
}

std::optional<Refusal> read_header(const Json& component, Template& made) {
    if (text_in(component, "format") != "TEXT")
        return bad_template("HEADER: the sandbox knows format TEXT only");
    made.header = text_in(component, "text");
    made.header_variables = variables(made.header);
    if (made.header.empty() || characters(made.header) > 60)
        return bad_template("HEADER: text of 1 to 60 characters is required");
    if (made.header_variables.size() > 1)
        return bad_template("HEADER: at most one variable");
    if (!made.header_variables.empty() &&
        !has_example(component, "header_text", "header_text_named_params"))
        return bad_template("HEADER: a text with variables needs an example");
    return std::nullopt;
}

std::optional<Refusal> read_buttons(const Json& component, Template& made) {
    const auto buttons = component.find("buttons");
    if (buttons == component.end() || !buttons->is_array() || buttons->empty() ||
        buttons->size() > 10)
        return bad_template("BUTTONS: 1 to 10 buttons are required");
    for (const Json& button : *buttons) {
        const std::string type = button.is_object() ? text_in(button, "type") : "";
        static constexpr std::array types{"QUICK_REPLY", "URL", "PHONE_NUMBER", "VOICE_CALL",
                                          "REQUEST_CONTACT_INFO"};
        if (std::ranges::find(types, type) == types.end())
            return bad_template("BUTTONS: unknown type '" + type + "'");
        const std::size_t label = characters(text_in(button, "text"));
        if (type != "REQUEST_CONTACT_INFO" && (label == 0 || label > 25))
            return bad_template("BUTTONS: text of 1 to 25 characters is required");
        if (type == "URL" &&
            (text_in(button, "url").empty() || text_in(button, "url").size() > 2000))
            return bad_template("BUTTONS: url of 1 to 2000 characters is required");
    }
    made.buttons = *buttons;
    return std::nullopt;
}

std::optional<Refusal> read_component(const Json& component, Template& made) {
    std::string type = expected_type(component.is_object() ? text_in(component, "type") : "");
    if (type == "BODY")
        return read_body(component, made);
    if (type == "HEADER")
        return read_header(component, made);
    if (type == "BUTTONS")
        return read_buttons(component, made);
    if (type == "CALL_PERMISSION_REQUEST")
        return std::nullopt;
    if (type != "FOOTER")
        return bad_template("components: unknown type '" + type + "'");
    made.footer = text_in(component, "text");
    if (made.footer.empty() || characters(made.footer) > 60)
        return bad_template("FOOTER: text of 1 to 60 characters is required");
    return std::nullopt;
}

Error bad_entry(std::size_t index, const std::string& what) {
    return {Errc::bad_input, "template " + std::to_string(index + 1) + ": " + what};
}

Result<Template> read_entry(const Json& entry, std::size_t index) {
    static constexpr std::array keys{"name",   "language", "category",      "text", "parameters",
                                     "header", "footer",   "quick_replies", "url"};
    if (!entry.is_object())
        return bad_entry(index, "an object {name, language, category, text, …} was expected");
    for (const auto& [key, value] : entry.items()) {
        if (std::ranges::find(keys, key) == keys.end())
            return bad_entry(index, "unknown key '" + key + "'");
    }
    Template made;
    made.name = text_in(entry, "name");
    made.language = text_in(entry, "language");
    made.body = text_in(entry, "text");
    made.header = text_in(entry, "header");
    made.footer = text_in(entry, "footer");
    if (!text_in(entry, "category").empty())
        made.category = expected_type(text_in(entry, "category"));
    if (!valid_name(made.name))
        return bad_entry(index, "name: lower-case letters, digits and _ were expected");
    if (!valid_language(made.language))
        return bad_entry(index, "language: a code like en_US or hi was expected");
    if (made.body.empty())
        return bad_entry(index, "text: the text of the template was expected");
    made.body_variables = variables(made.body);
    made.header_variables = variables(made.header);
    if (const auto parameters = entry.find("parameters"); parameters != entry.end()) {
        for (const std::string& used : made.body_variables) {
            if (!parameters->is_array() ||
                std::ranges::find(*parameters, Json(used)) == parameters->end())
                return bad_entry(index, "parameters: {{" + used +
                                            "}} is in the text and not in the list of names");
        }
        if (parameters->size() != made.body_variables.size())
            return bad_entry(index, "parameters: a name in the list is not used in the text");
    }
    made.named = std::ranges::none_of(made.body_variables, is_number);
    for (const Json& label : entry.value("quick_replies", Json::array()))
        made.buttons.push_back(Json{{"type", "QUICK_REPLY"}, {"text", label}});
    if (const std::string url = text_in(entry, "url"); !url.empty())
        made.buttons.push_back(Json{{"type", "URL"}, {"text", "Open"}, {"url", url}});
    return made;
}

}  // namespace

Result<std::vector<Template>> read_templates(std::string_view json) {
    const auto list = read_json(json);
    if (!list)
        return Error{Errc::bad_input, "the list of templates is " + list.error().message};
    if (!list->is_array())
        return Error{Errc::bad_input,
                     "the list of templates: [{name, language, category, text}, …] was expected"};
    std::vector<Template> found;
    for (std::size_t i = 0; i < list->size(); ++i) {
        auto entry = read_entry((*list)[i], i);
        if (!entry)
            return entry.error();
        found.push_back(*std::move(entry));
    }
    return found;
}

std::variant<Refusal, Template> read_creation(const Json& body) {
    Template made;
    made.status = "PENDING";
    made.name = text_in(body, "name");
    made.language = text_in(body, "language");
    made.category = expected_type(text_in(body, "category"));
    const std::string format = expected_type(text_in(body, "parameter_format"));
    made.named = format == "NAMED";
    if (!valid_name(made.name))
        return bad_template(
            "name: up to 512 lower-case letters, digits and underscores are required");
    if (!valid_language(made.language))
        return bad_template("language: a supported language code is required");
    if (made.category != "MARKETING" && made.category != "UTILITY" &&
        made.category != "AUTHENTICATION")
        return bad_template("category: must be one of AUTHENTICATION, MARKETING, UTILITY");
    if (!format.empty() && format != "NAMED" && format != "POSITIONAL")
        return bad_template("parameter_format: must be one of NAMED, POSITIONAL");
    const auto components = body.find("components");
    if (components == body.end() || !components->is_array())
        return bad_template("components: an array is required");
    for (const Json& component : *components) {
        if (auto wrong = read_component(component, made))
            return *std::move(wrong);
    }
    if (made.body.empty())
        return bad_template("components: a BODY is required");
    return made;
}

Template& TemplateBook::put(Template made) {
    if (Template* old = find(made.name, made.language)) {
        made.id = old->id;
        return *old = std::move(made);
    }
    if (all_.size() >= templates_max)
        all_.erase(all_.begin());
    made.id = next_id_++;
    return all_.emplace_back(std::move(made));
}

Template* TemplateBook::find(std::string_view name, std::string_view language) {
    const auto found = std::ranges::find_if(
        all_, [&](const Template& t) { return t.name == name && t.language == language; });
    return found == all_.end() ? nullptr : &*found;
}

Template* TemplateBook::find(std::uint64_t id) {
    const auto found = std::ranges::find(all_, id, &Template::id);
    return found == all_.end() ? nullptr : &*found;
}

bool TemplateBook::knows(std::string_view name) const {
    return std::ranges::find(all_, name, &Template::name) != all_.end();
}

std::size_t TemplateBook::erase(std::string_view name, std::optional<std::uint64_t> id) {
    return std::erase_if(all_,
                         [&](const Template& t) { return t.name == name && (!id || t.id == *id); });
}

std::variant<Refusal, Rendered> TemplateBook::fit(const Json& send, const Template*& used) {
    const std::string name = text_in(send, "name");
    const std::string language = text_in(send["language"], "code");
    used = find(name, language);
    if (used == nullptr)
        return Refusal{132001, "template name (" + name + ") does not exist in " + language, {}, 0};
    if (used->status == "PAUSED")
        return Refusal{132015, "template name (" + name + ") is paused", {}, 0};
    if (used->status == "DISABLED")
        return Refusal{132016, "template name (" + name + ") is disabled", {}, 0};
    if (used->status != "APPROVED")
        return Refusal{
            132001, "template name (" + name + ") is not approved in " + language, {}, 0};
    static const Json none = Json::array();
    const auto components = send.find("components");
    return render(*used, components != send.end() && components->is_array() ? *components : none);
}

Json shown(const Template& t) {
    Json components = Json::array();
    if (!t.header.empty())
        components.push_back(Json{{"type", "HEADER"}, {"format", "TEXT"}, {"text", t.header}});
    components.push_back(Json{{"type", "BODY"}, {"text", t.body}});
    if (!t.footer.empty())
        components.push_back(Json{{"type", "FOOTER"}, {"text", t.footer}});
    if (!t.buttons.empty())
        components.push_back(Json{{"type", "BUTTONS"}, {"buttons", t.buttons}});
    return Json{{"name", t.name},
                {"parameter_format", t.named ? "NAMED" : "POSITIONAL"},
                {"components", components},
                {"language", t.language},
                {"status", t.status},
                {"category", t.category},
                {"rejected_reason", t.rejected_reason},
                {"quality_score", Json{{"score", t.quality}}},
                {"id", std::to_string(t.id)}};
}

}  // namespace warmcall::sandbox
