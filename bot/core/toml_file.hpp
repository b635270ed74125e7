#pragma once
// Reads a small TOML file of known shape: a wrong key, type or value is an error that names file,
// line and what was expected. Knows nothing of what the keys mean.

#include <toml++/toml.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "support/result.hpp"

namespace warmcall::core {

// Thrown while reading, caught in the public function that reads the whole file and returns the
// Error.
struct TomlFault {
    Error error;
};

class TomlFile {
 public:
    TomlFile(std::string_view text,
             std::string_view file_name);  // throws TomlFault where it is not TOML

    const toml::table& root() const { return root_; }
    [[noreturn]] void wrong(const toml::node& at, std::string_view sentence) const;

    // Every key of `table` must be one of these.
    void only(const toml::table& table, std::initializer_list<std::string_view> keys) const;
    // The value of a key that must be there.
    const toml::node& need(const toml::table& table, std::string_view key,
                           std::string_view meaning) const;

    // What a node holds, or a fault that says what was expected.
    std::string text(const toml::node& node) const;  // not empty
    std::vector<std::string> texts(const toml::node& node) const;
    Duration duration(
        const toml::node& node) const;  // "45m", "3h", "14d": above zero, at most 366 days
    std::chrono::year_month_day day(const toml::node& node) const;
    const toml::array& array(const toml::node& node) const;
    const toml::table& table(const toml::node& node) const;

 private:
    std::string file_;
    toml::table root_;
};

// "90s", "45m", "3h", "14d"; nothing else.
std::optional<Duration> read_duration(std::string_view text);

}  // namespace warmcall::core
