#include "web/links.hpp"

#include <charconv>

namespace warmcall::web {

namespace {

std::string mac(const Secret& key, std::string_view use, const PromptLink& link) {
    const auto bytes = hmac_sha256(
        key, std::string{use} + "\n" + std::to_string(link.prompt.value) + "\n" + link.rep.value);
    return base64url({reinterpret_cast<const char*>(bytes.data()), 16});
}

}  // namespace

std::string prompt_token(const Secret& key, const PromptLink& link) {
    return std::to_string(link.prompt.value) + "." + link.rep.value + "." +
           mac(key, "prompt", link);
}

std::optional<PromptLink> read_prompt_token(const Secret& key, std::string_view token) {
    const std::size_t first = token.find('.');
    const std::size_t last = token.rfind('.');
    if (key.empty() || first == std::string_view::npos || last == first)
        return std::nullopt;
    PromptLink link;
    const char* const end = token.data() + first;
    if (const auto [stop, error] = std::from_chars(token.data(), end, link.prompt.value);
        error != std::errc{} || stop != end)
        return std::nullopt;
    link.rep.value = token.substr(first + 1, last - first - 1);
    if (!equal_constant_time(token.substr(last + 1), mac(key, "prompt", link)))
        return std::nullopt;
    return link;
}

std::string line_token(const Secret& key, const LineLink& link) {
    const std::string ms = std::to_string(core::unix_ms(link.dialled_at));
    return std::to_string(link.prompt.prompt.value) + "." + link.prompt.rep.value + "." + ms + "." +
           mac(key, "line " + ms, link.prompt);
}

std::optional<LineLink> read_line_token(const Secret& key, std::string_view token) {
    const std::size_t last = token.rfind('.');
    const std::size_t middle =
        last == std::string_view::npos || last == 0 ? last : token.rfind('.', last - 1);
    const std::size_t first = token.find('.');
    if (key.empty() || middle == std::string_view::npos || first >= middle)
        return std::nullopt;
    LineLink link;
    std::int64_t ms = 0;
    const auto number = [](std::string_view digits, std::int64_t& to) {
        const char* const end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, to);
        return error == std::errc{} && stop == end;
    };
    if (!number(token.substr(0, first), link.prompt.prompt.value) ||
        !number(token.substr(middle + 1, last - middle - 1), ms))
        return std::nullopt;
    link.prompt.rep.value = token.substr(first + 1, middle - first - 1);
    link.dialled_at = core::from_unix_ms(ms);
    if (!equal_constant_time(token.substr(last + 1),
                             mac(key, "line " + std::to_string(ms), link.prompt)))
        return std::nullopt;
    return link;
}

std::string form_token(const Secret& key, const PromptLink& link) {
    return mac(key, "form", link);
}

namespace {

constexpr std::string_view link_key_setting = "web.link_key";

}  // namespace

Secret link_key(Store& store) {
    std::string key;
    store.transact([&](Unit& unit) {
        key = unit.setting(link_key_setting);
        if (key.empty()) {
            key = random_token(32);
            unit.set_setting(link_key_setting, key);
        }
    });
    return Secret{key};
}

void forget_link_key(Unit& unit) {
    unit.set_setting(link_key_setting, "");
}

}  // namespace warmcall::web
