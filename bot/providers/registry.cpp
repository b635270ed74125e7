// Which providers there are: one row each.

#include <array>

#include "ports/provider.hpp"

namespace warmcall {

extern const Provider whatsapp_cloud;

namespace {
constexpr std::array providers = {&whatsapp_cloud};
}

const Provider* find_provider(std::string_view name) {
    for (const Provider* provider : providers)
        if (provider->name == name)
            return provider;
    return nullptr;
}

std::vector<std::string_view> provider_names() {
    std::vector<std::string_view> names;
    for (const Provider* provider : providers)
        names.push_back(provider->name);
    return names;
}

}  // namespace warmcall
