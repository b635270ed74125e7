#include "providers/account.hpp"

#include <algorithm>

#include "support/crypto.hpp"

namespace warmcall {

std::string_view setting(const Account& account, std::string_view key) {
    const auto found = account.settings.find(std::string{key});
    return found == account.settings.end() ? std::string_view{} : std::string_view{found->second};
}

const std::vector<Secret>& secrets(const Account& account, std::string_view key) {
    static const std::vector<Secret> none;
    const auto found = account.secrets.find(std::string{key});
    return found == account.secrets.end() ? none : found->second;
}

const Secret& secret(const Account& account, std::string_view key) {
    static const Secret none;
    const auto& given = secrets(account, key);
    return given.empty() ? none : given.front();
}

void check_secret(const Account& account, std::string_view key, std::size_t count_max,
                  std::string_view where_from, Wrong& wrong) {
    const auto& given = secrets(account, key);
    std::size_t filled = 0;
    for (const Secret& one : given)
        filled += one.empty() ? 0 : 1;
    const std::string name{key};
    if (filled == 0)
        wrong.push_back(name + " is missing: " + std::string{where_from});
    else if (filled < given.size())
        wrong.push_back(name + " is given more than once and one of them is empty");
    else if (filled > count_max)
        wrong.push_back(name + " is given " + std::to_string(filled) + " times: at most " +
                        std::to_string(count_max));
}

void check_keys(const Account& account, std::initializer_list<std::string_view> settings,
                std::initializer_list<std::string_view> secrets, Wrong& wrong,
                std::string_view prefix) {
    std::string all;
    for (const auto& known : {settings, secrets})
        for (const std::string_view key : known)
            all.append(all.empty() ? "" : ", ").append(key);
    const auto check = [&](const std::string& key, const auto& known) {
        const bool ours = !prefix.empty() && key.starts_with(prefix);
        if (!ours && std::ranges::find(known, key) == known.end())
            wrong.push_back(key + " is not a key of " + account.provider + " (" + all + ")");
    };
    for (const auto& [key, value] : account.settings)
        check(key, settings);
    for (const auto& [key, values] : account.secrets)
        check(key, secrets);
}

bool is_letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_e164(std::string_view text) {
    return text.starts_with('+') && text.size() >= 8 && text.size() <= 16 &&
           is_digits(text.substr(1)) && text[1] != '0';
}

bool is_sender(std::string_view text) {
    const bool short_code = is_digits(text) && text.size() >= 3 && text.size() <= 8;
    return is_e164(text) || short_code || is_sender_name(text);
}

bool is_sender_name(std::string_view text) {
    return !is_digits(text) && !text.empty() && text.size() <= 11 &&
           std::ranges::all_of(text, [](char c) {
               return is_letter_or_digit(c) || c == ' ' || c == '-' || c == '_';
           });
}

std::string receipt_url(const Account& account, const Token& token) {
    return account.public_url + "/webhooks/" + account.id.value + "/status/" + to_hex(token);
}

std::optional<Token> token_in_path(const HttpRequest& request) {
    constexpr std::string_view mark = "/status/";
    const std::string_view path = request.path();
    const std::size_t at = path.rfind(mark);
    return at == std::string_view::npos ? std::nullopt
                                        : token_from_hex(path.substr(at + mark.size()));
}

std::string called_url(const Account& account, const HttpRequest& request) {
    return account.public_url + request.url;
}

std::string basic(std::string_view user, std::string_view password) {
    return "Basic " + base64(std::string{user}.append(":").append(password));
}

}  // namespace warmcall
