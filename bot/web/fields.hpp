#pragma once
// Reads the members of a JSON object from outside. Every mistake is kept with its member's name, so
// that one answer tells all of them.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/contact.hpp"
#include "web/problem.hpp"

namespace warmcall::web {

// At most 32 levels deep and valid UTF-8; the error says where it broke.
Result<json> read_json(std::string_view text);

class Fields {
 public:
    // Members other than `known` are mistakes (a typo would otherwise be lost in silence). null
    // counts as absent.
    Fields(const json& object, std::initializer_list<std::string_view> known);

    bool has(std::string_view name) const;
    std::string text(std::string_view name, std::size_t bytes_max);  // must be there and not blank
    std::optional<std::string> text_if(std::string_view name, std::size_t bytes_max);
    std::optional<core::Timestamp> time_if(std::string_view name);
    std::optional<bool> flag_if(std::string_view name);
    std::int64_t id(std::string_view name);                           // must be there, positive
    std::optional<core::DayTime> day_time_if(std::string_view name);  // "18:00"
    Fields inside(std::string_view name,
                  std::initializer_list<std::string_view> known);  // has(name) must hold

    // A short list of words; [] where it is not there.
    std::vector<std::string> words(std::string_view name, std::size_t count_max);

    void wrong(std::string_view name, std::string_view detail, std::string_view code = {},
               Values values = {});
    bool good() const { return errors_->empty(); }
    net::Outgoing problem() const { return invalid(*errors_); }

 private:
    Fields(const json& object, std::initializer_list<std::string_view> known, std::string prefix,
           std::shared_ptr<std::vector<FieldError>> errors);
    const json* find(std::string_view name) const;

    json object_;
    std::string prefix_;
    std::shared_ptr<std::vector<FieldError>> errors_;
};

// Printable text from outside: no control characters besides what `lines` allows.
enum class Lines { one, several };
bool clean(std::string_view text, Lines lines);
std::string trimmed(std::string_view text);

}  // namespace warmcall::web
