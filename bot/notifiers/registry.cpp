#include "notifiers/registry.hpp"

#include <algorithm>

namespace warmcall {

namespace {

std::vector<const Notifier*> all() {
    using namespace notifiers;
    std::vector<const Notifier*> ways{&message, &web_push, &ntfy, &webhook};
    for (const Notifier& row : rows()) {
        ways.push_back(&row);
    }
    return ways;
}

}  // namespace

const Notifier* find_notifier(std::string_view name) {
    static const std::vector<const Notifier*> ways = all();
    const auto at = std::ranges::find(ways, name, &Notifier::name);
    return at == ways.end() ? nullptr : *at;
}

std::vector<std::string_view> notifier_names() {
    std::vector<std::string_view> names;
    for (const Notifier* way : all()) {
        names.push_back(way->name);
    }
    return names;
}

}  // namespace warmcall
