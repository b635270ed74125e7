// Which providers there are: one row each.

#include <array>

#include "ports/provider.hpp"

namespace warmcall {

extern const Provider whatsapp_cloud, twilio_sms, twilio_whatsapp, kannel, telnyx, vonage_sms,
    vonage_whatsapp;

namespace {
constexpr std::array providers = {&whatsapp_cloud, &twilio_sms, &twilio_whatsapp, &kannel,
                                  &telnyx,         &vonage_sms, &vonage_whatsapp};
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
