#include "core/cadence.hpp"

#include <algorithm>
#include <array>

#include "core/template.hpp"
#include "core/toml_file.hpp"

namespace warmcall::core {
namespace {

constexpr std::array<std::string_view, 3> script_variables{"name", "rep", "topic"};

DayPart part_of(const TomlFile& file, const toml::node& node) {
    const std::string word = file.text(node);
    if (word == "any")
        return DayPart::any;
    if (word == "morning")
        return DayPart::morning;
    if (word == "afternoon")
        return DayPart::afternoon;
    if (word == "evening")
        return DayPart::evening;
    file.wrong(node, "expected \"any\", \"morning\", \"afternoon\" or \"evening\", found \"" +
                         word + "\"");
}

Rung rung_of(const TomlFile& file, const toml::node& node) {
    const toml::table& table = file.table(node);
    file.only(table, {"after", "part"});
    Rung rung;
    rung.after =
        file.duration(file.need(table, "after", "how long after the last attempt, such as \"4h\""));
    if (const auto* part = table.get("part"))
        rung.part = part_of(file, *part);
    return rung;
}

std::vector<Rung> ladder_of(const TomlFile& file) {
    const toml::node& node =
        file.need(file.root(), "ladder", "when to call again, such as [[ladder]] after = \"4h\"");
    std::vector<Rung> ladder;
    for (const toml::node& rung : file.array(node))
        ladder.push_back(rung_of(file, rung));
    if (ladder.empty())
        file.wrong(node, "expected at least one step in the ladder, found none");
    return ladder;
}

void check_line(const TomlFile& file, const toml::node& node, const std::string& line) {
    const auto variables = variables_of(line);
    if (!variables)
        file.wrong(node, variables.error().message);
    for (const std::string& variable : *variables)
        if (std::find(script_variables.begin(), script_variables.end(), variable) ==
            script_variables.end())
            file.wrong(node, "unknown variable {{" + variable +
                                 "}}; expected {{name}}, {{rep}} or {{topic}}");
}

std::vector<std::string> script_of(const TomlFile& file, const toml::node& node) {
    for (const toml::node& line : file.array(node))
        check_line(file, line, file.text(line));
    return file.texts(node);
}

// A name that may stand in a path: letters, digits, "_" and "-".
std::string template_name(const TomlFile& file, const toml::node& node) {
    const std::string name = file.text(node);
    const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    if (!plain)
        file.wrong(node, "expected a template's name in small letters, digits, _ and -, found \"" +
                             name + "\"");
    return name;
}

// "config/cadences/gentle.toml" → "gentle"
std::string stem(std::string_view file_name) {
    if (const auto slash = file_name.find_last_of('/'); slash != std::string_view::npos)
        file_name.remove_prefix(slash + 1);
    return std::string{file_name.substr(0, file_name.find_last_of('.'))};
}

}  // namespace

Result<Cadence> read_cadence(std::string_view toml, std::string_view file_name) try {
    const TomlFile file{toml, file_name};
    const toml::table& root = file.root();
    file.only(root, {"title", "wellbeing", "call_me_back", "lead_time", "lead_time_without_receipt",
                     "useful_life", "touch_base", "ladder", "script_replied", "script_called",
                     "script_silent", "script_unsent"});
    Cadence cadence;
    cadence.name = stem(file_name);
    cadence.title = file.text(file.need(root, "title", "what a rep reads, such as \"Gentle\""));
    cadence.ladder = ladder_of(file);
    if (const auto* node = root.get("wellbeing"))
        cadence.wellbeing = template_name(file, *node);
    if (const auto* node = root.get("call_me_back"))
        cadence.call_me_back = template_name(file, *node);
    if (const auto* node = root.get("lead_time"))
        cadence.lead_time = file.duration(*node);
    if (const auto* node = root.get("lead_time_without_receipt"))
        cadence.lead_time_without_receipt = file.duration(*node);
    if (const auto* node = root.get("useful_life"))
        cadence.useful_life = file.duration(*node);
    if (const auto* node = root.get("touch_base"))
        cadence.touch_base = file.duration(*node);
    if (const auto* node = root.get("script_replied"))
        cadence.script_replied = script_of(file, *node);
    cadence.script_called = cadence.script_replied;
    if (const auto* node = root.get("script_called"))
        cadence.script_called = script_of(file, *node);
    if (const auto* node = root.get("script_silent"))
        cadence.script_silent = script_of(file, *node);
    cadence.script_unsent = cadence.script_silent;
    if (const auto* node = root.get("script_unsent"))
        cadence.script_unsent = script_of(file, *node);
    return cadence;
} catch (const TomlFault& fault) {
    return fault.error;
}

}  // namespace warmcall::core
