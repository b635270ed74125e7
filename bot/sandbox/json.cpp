#include "sandbox/json.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace warmcall::sandbox {

namespace {

constexpr int depth_max = 32;

}  // namespace

Result<Json> read_json(std::string_view text) {
    bool too_deep = false;
    const auto bounded = [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > depth_max;
        return !too_deep;
    };
    try {
        Json parsed = Json::parse(text, bounded);
        if (too_deep)
            return Error{Errc::bad_input,
                         "the JSON is nested deeper than " + std::to_string(depth_max) + " levels"};
        return parsed;
    } catch (const nlohmann::json::parse_error& e) {
        return Error{Errc::bad_input, "not JSON: it breaks at byte " + std::to_string(e.byte)};
    } catch (const nlohmann::json::exception&) {
        return Error{Errc::bad_input, "not JSON"};
    }
}

std::string unix_seconds(Timestamp at) {
    return std::to_string(core::unix_ms(at) / 1000);
}

std::string iso_time(Timestamp at) {
    const auto ms = core::unix_ms(at);
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    const std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
    return std::string{text.data()} + "." + fraction + "Z";
}

std::string uuid(const std::string& hex_digits) {
    return hex_digits.substr(0, 8) + "-" + hex_digits.substr(8, 4) + "-4" +
           hex_digits.substr(13, 3) + "-a" + hex_digits.substr(17, 3) + "-" +
           hex_digits.substr(20, 12);
}

std::string value_of(const std::vector<Header>& pairs, std::string_view name) {
    const auto found = std::ranges::find(pairs, name, &Header::name);
    return found == pairs.end() ? "" : found->value;
}

std::string last_segment(const std::string& url) {
    const std::string path = url.substr(0, url.find_first_of("?#"));
    const std::size_t slash = path.rfind('/');
    return slash == path.npos ? "" : path.substr(slash + 1);
}

HttpResponse json_answer(int status, const Json& body) {
    HttpResponse response;
    response.status = status;
    response.headers = {{"Content-Type", "application/json; charset=UTF-8"},
                        {"Cache-Control", "no-store"},
                        {"X-Content-Type-Options", "nosniff"}};
    response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return response;
}

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(
        utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string text_in(const Json& object, const char* key, std::string otherwise) {
    if (!object.is_object())
        return otherwise;
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>()
                                                       : std::move(otherwise);
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    return text;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return text;
}

}  // namespace warmcall::sandbox
