// Which providers can be played: one row each.

#include <algorithm>
#include <array>

#include "sandbox/kannel.hpp"
#include "sandbox/line.hpp"
#include "sandbox/parts.hpp"
#include "sandbox/telnyx.hpp"
#include "sandbox/twilio.hpp"
#include "sandbox/vonage.hpp"
#include "sandbox/whatsapp/graph.hpp"

namespace warmcall::sandbox {

namespace {

struct Row {
    std::string_view provider;
    Result<std::unique_ptr<Line>> (*make)(const LineOptions&, Parts&);
};

constexpr std::array rows{
    Row{"whatsapp_cloud", make_graph_line},   Row{"twilio_sms", make_twilio_line},
    Row{"twilio_whatsapp", make_twilio_line}, Row{"kannel", make_kannel_line},
    Row{"telnyx", make_telnyx_line},          Row{"vonage_sms", make_vonage_line},
    Row{"vonage_whatsapp", make_vonage_line},
};

}  // namespace

std::string LineOptions::setting(const std::string& key, std::string otherwise) const {
    const auto found = settings.find(key);
    return found == settings.end() ? std::move(otherwise) : found->second;
}

const Secret& LineOptions::secret(const std::string& key) const {
    static const Secret none;
    const auto found = secrets.find(key);
    return found == secrets.end() ? none : found->second;
}

Line* Parts::line(std::string_view channel) const {
    const auto found =
        std::ranges::find_if(lines, [&](const auto& line) { return line->options.id == channel; });
    return found == lines.end() ? nullptr : found->get();
}

Result<std::unique_ptr<Line>> make_line(const LineOptions& options, Parts& parts) {
    const auto row = std::ranges::find(rows, options.provider, &Row::provider);
    if (row == rows.end())
        return Error{Errc::bad_input, "the sandbox cannot play " + options.provider};
    auto made = row->make(options, parts);
    if (!made)
        return Error{made.error().code, "channel \"" + options.id + "\": " + made.error().message};
    return made;
}

std::vector<std::string_view> playable() {
    std::vector<std::string_view> names;
    for (const Row& row : rows)
        names.push_back(row.provider);
    return names;
}

}  // namespace warmcall::sandbox
