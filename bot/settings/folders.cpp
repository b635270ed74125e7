#include "settings/folders.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "support/read_file.hpp"

namespace warmcall {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t file_bytes_max = 1024 * 1024;
constexpr std::size_t files_per_folder_max = 1000;

using Taker = std::function<void(const std::string& text, const std::string& name)>;

// Every file of that ending in the folder, in the order of their names.
void each_file(const fs::path& folder, std::string_view ending, Problem::Part part,
               std::vector<Problem>& problems, const Taker& take) {
    std::error_code failed;
    std::vector<fs::path> files;
    for (fs::directory_iterator at{folder, failed}, end; !failed && at != end; at.increment(failed))
        if (at->path().extension() == ending)
            files.push_back(at->path());
    if (failed) {
        problems.push_back(
            {part, folder.string() + ": the folder cannot be read: " + failed.message()});
        return;
    }
    if (files.size() > files_per_folder_max) {
        problems.push_back({part, folder.string() + ": more than 1000 files"});
        return;
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
        const auto text = read_file(file, file_bytes_max);
        if (text)
            take(*text, file.string());
        else
            problems.push_back({part, text.error().message});
    }
}

void read_cadences(const fs::path& folder, ReadSettings& out) {
    constexpr auto part = Problem::Part::cadences;
    each_file(folder, ".toml", part, out.problems,
              [&](const std::string& text, const std::string& name) {
                  auto cadence = core::read_cadence(text, name);
                  if (cadence)
                      out.settings.plan.cadences[cadence->name] = std::move(*cadence);
                  else
                      out.problems.push_back({part, cadence.error().message});
              });
    if (out.settings.plan.cadences.empty())
        out.problems.push_back(
            {part, folder.string() + ": no usable cadence (NAME.toml) in this folder"});
}

void read_calendars(const fs::path& folder, ReadSettings& out) {
    constexpr auto part = Problem::Part::calendars;
    auto& countries = out.settings.plan.calendar.countries;
    each_file(
        folder, ".toml", part, out.problems, [&](const std::string& text, const std::string& name) {
            auto rules = core::read_country_rules(text, name);
            if (!rules)
                out.problems.push_back({part, rules.error().message});
            else if (std::string region = rules->region;
                     !countries.emplace(region, std::move(*rules)).second)
                out.problems.push_back({part, name + ": another file has rules for region \"" +
                                                  region + "\" already"});
        });
    if (!countries.contains(""))
        out.problems.push_back(
            {part, folder.string() +
                       ": no file has region = \"\", the rule where no country's own is known"});
}

void read_replies(const fs::path& folder, ReadSettings& out) {
    constexpr auto part = Problem::Part::replies;
    bool any = false;
    each_file(folder, ".toml", part, out.problems,
              [&](const std::string& text, const std::string& name) {
                  any = true;
                  const auto read = core::read_reply_words(out.settings.plan.replies, text, name);
                  if (!read)
                      out.problems.push_back({part, read.error().message});
              });
    if (!any)
        out.problems.push_back(
            {part,
             folder.string() + ": no words (LANGUAGE.toml); without them nobody could say STOP"});
}

void read_templates(const fs::path& folder, ReadSettings& out) {
    constexpr auto part = Problem::Part::templates;
    std::error_code failed;
    std::vector<fs::path> languages;
    for (fs::directory_iterator at{folder, failed}, end; !failed && at != end; at.increment(failed))
        if (at->is_directory())
            languages.push_back(at->path());
    if (failed)
        out.problems.push_back(
            {part, folder.string() + ": the folder cannot be read: " + failed.message()});
    std::sort(languages.begin(), languages.end());
    for (const fs::path& language : languages)
        each_file(language, ".txt", part, out.problems,
                  [&](const std::string& text, const std::string& name) {
                      auto read = core::read_template(text, fs::path{name}.stem().string(),
                                                      language.filename().string());
                      if (read)
                          out.settings.plan.templates.templates.push_back(std::move(*read));
                      else
                          out.problems.push_back({part, name + ": " + read.error().message});
                  });
}

// ---- do the texts fit the cadences ----

std::string_view to_string(core::TemplateKind kind) {
    switch (kind) {
        case core::TemplateKind::wellbeing:
            return "wellbeing";
        case core::TemplateKind::call_me_back:
            return "call_me_back";
        case core::TemplateKind::rep_notice:
            return "rep_notice";
        case core::TemplateKind::stop_confirmation:
            return "stop_confirmation";
        case core::TemplateKind::call_answer:
            return "call_answer";
        case core::TemplateKind::call_bridge:
            return "call_bridge";
    }
    return "";
}

// A text that somebody uses must exist in English (the last resort of every language) and be of its
// kind in all.
void check_text(const std::string& user, const std::string& name, core::TemplateKind kind,
                ReadSettings& out) {
    constexpr auto part = Problem::Part::templates;
    bool english = false;
    for (const core::Template& t : out.settings.plan.templates.templates) {
        if (t.name != name)
            continue;
        english = english || t.language == "en";
        if (t.kind != kind)
            out.problems.push_back({part, user + " uses \"" + name + "\" (" + t.language + ") as " +
                                              std::string{to_string(kind)} +
                                              ", but it is of kind " +
                                              std::string{to_string(t.kind)}});
    }
    if (!english)
        out.problems.push_back({part, user + " uses the template \"" + name +
                                          "\", and there is no templates/en/" + name + ".txt"});
}

void check_texts(const fs::path& folder, ReadSettings& out) {
    const core::Plan& plan = out.settings.plan;
    std::set<std::string> used;
    for (const auto& [name, cadence] : plan.cadences) {
        check_text("cadence \"" + name + "\"", cadence.wellbeing, core::TemplateKind::wellbeing,
                   out);
        check_text("cadence \"" + name + "\"", cadence.call_me_back,
                   core::TemplateKind::call_me_back, out);
        used.insert({cadence.wellbeing, cadence.call_me_back});
    }
    check_text("confirming a STOP", "stop_confirmation", core::TemplateKind::stop_confirmation,
               out);
    const bool told_by_message =
        std::any_of(plan.reps.begin(), plan.reps.end(),
                    [](const auto& rep) { return bool{rep.second.channel}; });
    if (told_by_message)
        check_text("telling reps over a channel", "rep_notice", core::TemplateKind::rep_notice,
                   out);
    if (out.settings.voice.bridge)
        check_text("the bridge", "call_bridge", core::TemplateKind::call_bridge, out);
    if (out.settings.voice.answer != CallAnswer::How::decline)
        check_text("answering calls", "call_answer", core::TemplateKind::call_answer, out);
    for (const core::Template& t : plan.templates.templates) {
        if (!used.contains(t.name))
            continue;
        const auto findings = core::lint(t);
        if (findings.empty())
            continue;
        std::string marked = core::explain(t, findings);
        marked.erase(marked.find_last_not_of(" \n") + 1);
        const fs::path file = folder / t.language / (t.name + ".txt");
        out.problems.push_back(
            {Problem::Part::templates, file.string() + " is not fit to send:\n" + marked});
    }
}

// A text as it would leave, with names longer than most.
Outbound sample_of(const core::Template& t, const Settings& settings) {
    const core::Variables known{
        {"name", "Maximiliana"},
        {"rep", "Bartholomew"},
        {"company", settings.company},
        {"reason", "Maximiliana replied: I am well, thank you for asking"},
        {"link", settings.server.public_url + "/p/" + std::string(43, 'x')}};
    Outbound sample;
    for (const std::string& variable : t.variables) {
        const auto value = known.find(variable);
        sample.parameters.emplace_back(variable, value == known.end() ? "x" : value->second);
    }
    const core::Variables values{sample.parameters.begin(), sample.parameters.end()};
    if (const auto text = core::render(t, values))
        sample.text = *text;
    if (core::is_reviewed(t.kind)) {  // the others go out as plain words
        sample.template_name = t.provider_name;
        sample.template_language = t.provider_language;
    }
    return sample;
}

// Every text must be one that every channel's provider takes: not too long, and known there.
void check_fit(const fs::path& folder, ReadSettings& out) {
    const Settings& settings = out.settings;
    std::set<std::string> used{"stop_confirmation"};
    for (const auto& [name, cadence] : settings.plan.cadences)
        used.insert({cadence.wellbeing, cadence.call_me_back});
    for (const core::Template& t : settings.plan.templates.templates)
        for (const ChannelSettings& channel : settings.channels) {
            const Provider* provider = find_provider(channel.account.provider);
            if (!used.contains(t.name) || provider == nullptr || provider->unfit == nullptr)
                continue;
            const auto why = provider->unfit(channel.account, sample_of(t, settings));
            if (why)
                out.problems.push_back(
                    {Problem::Part::templates, (folder / t.language / (t.name + ".txt")).string() +
                                                   " cannot go out over channel \"" +
                                                   channel.account.id.value + "\": " + *why});
        }
}

}  // namespace

void read_folders(const Folders& folders, ReadSettings& out) {
    read_cadences(folders.cadences.lexically_normal(), out);
    read_calendars(folders.calendars.lexically_normal(), out);
    read_replies(folders.replies.lexically_normal(), out);
    const fs::path templates = folders.templates.lexically_normal();
    read_templates(templates, out);
    check_texts(templates, out);
    check_fit(templates, out);
}

}  // namespace warmcall
