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

namespace {

constexpr std::size_t time_bytes = 6;

}  // namespace

Token in_order_of_time(Token random, core::Timestamp now) {
    const auto ms = static_cast<std::uint64_t>(core::unix_ms(now));
    for (std::size_t i = 0; i < time_bytes; ++i)
        random[i] = static_cast<Token::value_type>(ms >> (40 - 8 * i));
    return random;
}

core::Timestamp time_of(const Token& token) {
    std::int64_t ms = 0;
    for (std::size_t i = 0; i < time_bytes; ++i)
        ms = ms << 8 | token[i];
    return core::from_unix_ms(ms);
}

}  // namespace warmcall
