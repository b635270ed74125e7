#include "web/fields.hpp"

#include <algorithm>

#include "web/when.hpp"

namespace warmcall::web {

namespace {

constexpr int depth_max = 32;

// Brackets outside of strings; counted before parsing, so that no depth is ever built.
bool too_deep(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > depth_max)
                return true;
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return false;
}

}  // namespace

Result<json> read_json(std::string_view text) try {
    if (too_deep(text))
        return Error{Errc::bad_input, "The JSON is nested more than 32 levels deep."};
    return json::parse(text);
} catch (const json::parse_error& e) {
    return Error{Errc::bad_input,
                 "The body is not JSON: it breaks at byte " + std::to_string(e.byte) + "."};
}

bool clean(std::string_view text, Lines lines) {
    return std::all_of(text.begin(), text.end(), [lines](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7f) ||
               (lines == Lines::several && (c == '\n' || c == '\r' || c == '\t'));
    });
}

std::string trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos)
        return {};
    return std::string{text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1)};
}

Fields::Fields(const json& object, std::initializer_list<std::string_view> known)
    : Fields{object, known, "", std::make_shared<std::vector<FieldError>>()} {}

Fields::Fields(const json& object, std::initializer_list<std::string_view> known,
               std::string prefix, std::shared_ptr<std::vector<FieldError>> errors)
    : object_(object), prefix_{std::move(prefix)}, errors_{std::move(errors)} {
    if (!object_.is_object()) {
        errors_->push_back({prefix_.empty() ? "body" : prefix_.substr(0, prefix_.size() - 1),
                            "must be a JSON object, like {\"name\": \"Ana\"}"});
        object_ = json::object();
    }
    for (const auto& [name, value] : object_.items())
        if (std::find(known.begin(), known.end(), name) == known.end() && errors_->size() < 20)
            wrong(name.substr(0, 64), "is not a field of this request; check the spelling");
}

const json* Fields::find(std::string_view name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool Fields::has(std::string_view name) const {
    return find(name) != nullptr;
}

void Fields::wrong(std::string_view name, std::string_view detail, std::string_view code,
                   Values values) {
    errors_->push_back(
        {prefix_ + std::string{name}, std::string{detail}, std::string{code}, std::move(values)});
}

std::vector<std::string> Fields::words(std::string_view name, std::size_t count_max) {
    constexpr std::size_t bytes_max = 64;
    const json* value = find(name);
    if (value == nullptr)
        return {};
    const bool fits =
        value->is_array() && value->size() <= count_max &&
        std::ranges::all_of(*value, [](const json& word) {
            return word.is_string() && word.get_ref<const std::string&>().size() <= bytes_max;
        });
    if (!fits) {
        wrong(name, "must be a list of at most " + std::to_string(count_max) + " words");
        return {};
    }
    return value->get<std::vector<std::string>>();
}

std::string Fields::text(std::string_view name, std::size_t bytes_max) {
    const auto found = text_if(name, bytes_max);
    if (!found && !has(name))
        wrong(name, "is missing");
    else if (found && found->empty())
        wrong(name, "must not be empty");
    return found.value_or("");
}

std::optional<std::string> Fields::text_if(std::string_view name, std::size_t bytes_max) {
    const json* value = find(name);
    if (value == nullptr)
        return std::nullopt;
    if (!value->is_string()) {
        wrong(name, "must be a text");
        return std::nullopt;
    }
    const std::string text = trimmed(value->get_ref<const std::string&>());
    if (text.size() > bytes_max) {
        wrong(name, "is longer than " + std::to_string(bytes_max) + " bytes");
        return std::nullopt;
    }
    if (!clean(text, Lines::several)) {
        wrong(name, "holds a control character");
        return std::nullopt;
    }
    return text;
}

std::optional<core::Timestamp> Fields::time_if(std::string_view name) {
    const json* value = find(name);
    if (value == nullptr)
        return std::nullopt;
    const auto read =
        value->is_string() ? read_rfc3339(value->get_ref<const std::string&>()) : read_rfc3339("");
    if (!read) {
        wrong(name, read.error().message);
        return std::nullopt;
    }
    return *read;
}

std::optional<bool> Fields::flag_if(std::string_view name) {
    const json* value = find(name);
    if (value == nullptr)
        return std::nullopt;
    if (!value->is_boolean()) {
        wrong(name, "must be true or false");
        return std::nullopt;
    }
    return value->get<bool>();
}

std::int64_t Fields::id(std::string_view name) {
    const json* value = find(name);
    if (value == nullptr) {
        wrong(name, "is missing");
        return 0;
    }
    const bool fits = value->is_number_integer() &&
                      !(value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX);
    if (!fits || value->get<std::int64_t>() <= 0) {
        wrong(name, "must be an id, a whole number above 0");
        return 0;
    }
    return value->get<std::int64_t>();
}

std::optional<core::DayTime> Fields::day_time_if(std::string_view name) {
    const auto text = text_if(name, 16);
    if (!text)
        return std::nullopt;
    const auto digit = [&](std::size_t i) { return (*text)[i] >= '0' && (*text)[i] <= '9'; };
    if (text->size() == 5 && digit(0) && digit(1) && (*text)[2] == ':' && digit(3) && digit(4)) {
        const int hours = ((*text)[0] - '0') * 10 + ((*text)[1] - '0');
        const int minutes = ((*text)[3] - '0') * 10 + ((*text)[4] - '0');
        if (minutes < 60 && hours * 60 + minutes <= 24 * 60)
            return core::DayTime{hours * 60 + minutes};
    }
    wrong(name, "write the time of day as 18:00");
    return std::nullopt;
}

Fields Fields::inside(std::string_view name, std::initializer_list<std::string_view> known) {
    const json* value = find(name);
    return Fields{value == nullptr ? json::object() : *value, known,
                  prefix_ + std::string{name} + ".", errors_};
}

}  // namespace warmcall::web
