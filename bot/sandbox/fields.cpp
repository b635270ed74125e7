#include "sandbox/fields.hpp"

#include <algorithm>
#include <cmath>

namespace warmcall::sandbox {

Fields::Fields(const Json& object) : object_{object} {
    if (!object.is_object())
        problem_ = Error{Errc::bad_input, "a JSON object was expected"};
}

void Fields::fail(const char* key, const std::string& expected) {
    if (!problem_)
        problem_ = Error{Errc::bad_input, std::string{key} + ": " + expected + " was expected"};
}

const Json* Fields::look(const char* key) {
    known_.emplace_back(key);
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
}

std::string Fields::text(const char* key, std::string otherwise) {
    const Json* value = look(key);
    if (value == nullptr)
        return otherwise;
    if (!value->is_string()) {
        fail(key, "a text");
        return otherwise;
    }
    return value->get<std::string>();
}

std::string Fields::needed_text(const char* key) {
    std::string value = text(key);
    if (value.empty())
        fail(key, "a text");
    return value;
}

double Fields::number(const char* key, double otherwise, double least, double most) {
    const Json* value = look(key);
    if (value == nullptr)
        return otherwise;
    const double given = value->is_number() ? value->get<double>() : std::nan("");
    if (!(given >= least && given <= most)) {
        const auto in_words = [](double bound) {
            return Json(bound == std::floor(bound) ? Json(static_cast<std::int64_t>(bound))
                                                   : Json(bound))
                .dump();
        };
        fail(key, "a number from " + in_words(least) + " to " + in_words(most));
        return otherwise;
    }
    return given;
}

int Fields::whole(const char* key, int otherwise, int least, int most) {
    const double given = number(key, otherwise, least, most);
    if (given != std::floor(given)) {
        fail(key, "a whole number");
        return otherwise;
    }
    return static_cast<int>(given);
}

bool Fields::flag(const char* key, bool otherwise) {
    const Json* value = look(key);
    if (value == nullptr)
        return otherwise;
    if (!value->is_boolean()) {
        fail(key, "true or false");
        return otherwise;
    }
    return value->get<bool>();
}

std::size_t Fields::word(const char* key, std::size_t otherwise,
                         const std::vector<std::string>& words) {
    const Json* value = look(key);
    if (value == nullptr)
        return otherwise;
    const auto found =
        value->is_string() ? std::ranges::find(words, value->get<std::string>()) : words.end();
    if (found == words.end()) {
        std::string list;
        for (const std::string& word : words)
            list += (list.empty() ? "" : ", ") + word;
        fail(key, "one of " + list);
        return otherwise;
    }
    return static_cast<std::size_t>(found - words.begin());
}

bool Fields::has(const char* key) {
    return look(key) != nullptr;
}

const Json& Fields::any(const char* key) {
    static const Json none;
    const Json* value = look(key);
    return value == nullptr ? none : *value;
}

Result<void> Fields::finish() const {
    if (problem_)
        return *problem_;
    for (const auto& [key, value] : object_.items()) {
        if (std::ranges::find(known_, key) == known_.end())
            return Error{Errc::bad_input, "unknown key '" + key + "'"};
    }
    return {};
}

}  // namespace warmcall::sandbox
