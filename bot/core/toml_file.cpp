#include "core/toml_file.hpp"

#include <charconv>

namespace warmcall::core {
namespace {

constexpr Duration longest = std::chrono::days{366};

toml::table parsed(std::string_view text, const std::string& file) {
    try {
        return toml::parse(text, file);
    } catch (const toml::parse_error& e) {
        throw TomlFault{Error{Errc::bad_input, file + ":" + std::to_string(e.source().begin.line) +
                                                   ": " + std::string{e.description()}}};
    }
}

std::string list(std::initializer_list<std::string_view> words) {
    std::string out;
    for (const auto word : words)
        out += (out.empty() ? "" : ", ") + std::string{word};
    return out;
}

std::string_view kind_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "a list";
        case toml::node_type::string:
            return "a text";
        case toml::node_type::integer:
        case toml::node_type::floating_point:
            return "a number";
        case toml::node_type::boolean:
            return "true or false";
        default:
            return "a date or time";
    }
}

}  // namespace

TomlFile::TomlFile(std::string_view text, std::string_view file_name)
    : file_{file_name}, root_{parsed(text, file_)} {}

void TomlFile::wrong(const toml::node& at, std::string_view sentence) const {
    throw TomlFault{Error{Errc::bad_input, file_ + ":" + std::to_string(at.source().begin.line) +
                                               ": " + std::string{sentence}}};
}

void TomlFile::only(const toml::table& table, std::initializer_list<std::string_view> keys) const {
    for (const auto& [key, node] : table) {
        bool known = false;
        for (const auto word : keys)
            known = known || key.str() == word;
        if (!known)
            throw TomlFault{Error{Errc::bad_input, file_ + ":" +
                                                       std::to_string(key.source().begin.line) +
                                                       ": unknown key \"" + std::string{key.str()} +
                                                       "\"; expected one of " + list(keys)}};
    }
}

const toml::node& TomlFile::need(const toml::table& table, std::string_view key,
                                 std::string_view meaning) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
        const auto line = std::max<toml::source_index>(table.source().begin.line, 1);
        throw TomlFault{Error{Errc::bad_input, file_ + ":" + std::to_string(line) + ": \"" +
                                                   std::string{key} + "\" is missing; expected " +
                                                   std::string{meaning}}};
    }
    return *node;
}

std::string TomlFile::text(const toml::node& node) const {
    const auto* value = node.as_string();
    if (value == nullptr)
        wrong(node, "expected a text in quotes, found " + std::string{kind_of(node)});
    if (value->get().empty())
        wrong(node, "expected a text, found an empty one");
    return value->get();
}

std::vector<std::string> TomlFile::texts(const toml::node& node) const {
    std::vector<std::string> out;
    for (const toml::node& item : array(node))
        out.push_back(text(item));
    return out;
}

Duration TomlFile::duration(const toml::node& node) const {
    constexpr std::string_view expected =
        "expected a length of time such as \"45m\", \"3h\" or \"14d\"";
    if (!node.is_string())
        wrong(node, std::string{expected} + ", found " + std::string{kind_of(node)});
    const std::string& written = node.as_string()->get();
    const auto read = read_duration(written);
    if (!read)
        wrong(node, std::string{expected} + ", found \"" + written + "\"");
    if (*read <= Duration::zero() || *read > longest)
        wrong(node, "expected a length of time above zero and at most 366 days, found \"" +
                        written + "\"");
    return *read;
}

std::chrono::year_month_day TomlFile::day(const toml::node& node) const {
    const auto* value = node.as_date();
    if (value == nullptr)
        wrong(node, "expected a day such as 2026-12-25 (without quotes), found " +
                        std::string{kind_of(node)});
    const toml::date d = value->get();
    return {std::chrono::year{d.year}, std::chrono::month{d.month}, std::chrono::day{d.day}};
}

const toml::array& TomlFile::array(const toml::node& node) const {
    if (!node.is_array())
        wrong(node, "expected a list in [ ], found " + std::string{kind_of(node)});
    return *node.as_array();
}

const toml::table& TomlFile::table(const toml::node& node) const {
    if (!node.is_table())
        wrong(node, "expected a table, found " + std::string{kind_of(node)});
    return *node.as_table();
}

std::optional<Duration> read_duration(std::string_view text) {
    if (text.size() < 2)
        return std::nullopt;
    const char unit = text.back();
    text.remove_suffix(1);
    int count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end != text.data() + text.size() || count < 0 || count > 10'000'000)
        return std::nullopt;
    switch (unit) {
        case 's':
            return std::chrono::seconds{count};
        case 'm':
            return std::chrono::minutes{count};
        case 'h':
            return std::chrono::hours{count};
        case 'd':
            return std::chrono::hours{24} * count;
        default:
            return std::nullopt;
    }
}

}  // namespace warmcall::core
