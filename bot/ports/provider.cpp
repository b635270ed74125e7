#include "ports/provider.hpp"

namespace warmcall {

namespace {

std::optional<std::uint8_t> nibble(char c) {
    if (c >= '0' && c <= '9')
        return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f')
        return static_cast<std::uint8_t>(c - 'a' + 10);
    return std::nullopt;  // ours are lower case: anything else did not come from us
}

}  // namespace

std::string to_hex(const Token& token) {
    return hex({reinterpret_cast<const char*>(token.data()), token.size()});
}

std::optional<Token> token_from_hex(std::string_view text) {
    Token token{};
    if (text.size() != token.size() * 2)
        return std::nullopt;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const auto high = nibble(text[2 * i]);
        const auto low = nibble(text[2 * i + 1]);
        if (!high || !low)
            return std::nullopt;
        token[i] = static_cast<std::uint8_t>(*high << 4 | *low);
    }
    return token;
}

}  // namespace warmcall
