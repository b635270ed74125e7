#pragma once
// The configuration: warmcall.toml and the folders it names, read into values. Every mistake is
// found in one go and named by file and line. Secrets are references ("env:NAME", "file:PATH") and
// never stand in the file itself.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/plan.hpp"
#include "ports/notifier.hpp"
#include "ports/provider.hpp"
#include "support/result.hpp"

namespace warmcall {

struct ServerSettings {
    std::string listen = "127.0.0.1:8080";
    std::string public_url;  // without a trailing slash; what providers and reps call
    std::vector<std::string>
        hosts;  // Host names answered to: of public_url, of listen when loopback, and those listed
    std::size_t connections_max = 4096;
    std::size_t connections_per_address_max = 0;  // 0: no bound, which is right behind a proxy
    core::Duration send_timeout =
        std::chrono::seconds{30};  // a provider that has not answered by then: unknown
};

struct ChannelSettings {
    Account account;
    core::Medium medium = core::Medium::whatsapp;
    Rates rates;            // the provider's own, where the file says nothing else
    std::string portfolio;  // channels of the same one share rates.people_per_day
};

struct VoiceSettings {
    core::ChannelId bridge;  // the channel whose number rings rep and contact; none: off
    core::Duration ring_for = std::chrono::seconds{25};
    CallAnswer::How answer = CallAnswer::How::decline;
};

struct PushSettings {
    std::string subject;  // "mailto:…" or "https://…": whom a push service may write to
    std::vector<std::string> services;  // origins besides the known push services: a sandbox's
};

struct Settings {
    std::string company;         // who the messages come from
    std::string default_region;  // ISO alpha-2, for numbers written without a country; "" when none
    std::string log_level = "info";
    ServerSettings server;
    std::string store_url = "sqlite:warmcall.db";  // absolute path once read; or postgresql://
    std::vector<ChannelSettings> channels;         // in order of preference
    std::map<core::RepId, std::vector<Device>> devices;  // as written; "message" is added later
    PushSettings push;
    VoiceSettings voice;
    core::Plan plan;  // with reps, channels and policy from the file
};

// What is wrong, and in which part of the configuration.
struct Problem {
    enum class Part { config, cadences, calendars, replies, templates } part = Part::config;
    std::string sentence;  // "FILE:LINE: what was expected", or a marked-up text; may span lines
};

struct ReadSettings {
    Settings settings;  // as far as it could be read
    std::vector<Problem> problems;
};

enum class Secrets {
    needed,   // a reference that leads nowhere is a problem
    unasked,  // for commands that speak to no provider: the form is checked, the value is not
              // fetched
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

// Relative paths in the file count from the file's own folder.
ReadSettings read_settings(const std::filesystem::path& file, const Environment& environment,
                           Secrets secrets = Secrets::needed);

// All or nothing: bad_input with every problem, one a line.
Result<Settings> load_settings(const std::filesystem::path& file,
                               Secrets secrets = Secrets::needed);

}  // namespace warmcall
