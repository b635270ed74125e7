#pragma once
// The folders beside warmcall.toml: cadences, calendars, the words of replies, and the texts, which
// must fit the cadences and the channels' providers.

#include <filesystem>

#include "settings/settings.hpp"

namespace warmcall {

struct Folders {
    std::filesystem::path cadences, calendars, replies, templates;
};

void read_folders(const Folders& folders, ReadSettings& out);

}  // namespace warmcall
