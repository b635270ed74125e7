#include "providers/json.hpp"

#include <algorithm>
#include <charconv>

namespace warmcall {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

void append_utf8(std::string& to, std::uint32_t code) {
    const auto put = [&to](std::uint32_t byte) { to.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | (code >> 6));
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3F));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

std::optional<std::uint32_t> hex4(std::string_view text) {
    if (text.size() < 4)
        return std::nullopt;
    std::uint32_t code = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 4, code, 16);
    if (error != std::errc{} || end != text.data() + 4)
        return std::nullopt;
    return code;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    const auto byte = [text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto follows = [&byte](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned lead = byte(0);
    if (text.empty())
        return 0;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return follows(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
        const bool surrogate = lead == 0xED && byte(1) > 0x9F;
        return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const bool overlong = lead == 0xF0 && byte(1) < 0x90;
        const bool beyond = lead == 0xF4 && byte(1) > 0x8F;
        return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max)
        return text;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return text.substr(0, end);
}

struct JsonLexer {
    using Kind = JsonDocument::Kind;

    JsonDocument& document;
    const char* at;
    const char* const end;

    std::string_view rest() const { return {at, static_cast<std::size_t>(end - at)}; }
    void skip_space() {
        while (at != end && is_space(*at))
            ++at;
    }
    bool take(char c) {
        if (at == end || *at != c)
            return false;
        ++at;
        return true;
    }
    bool take(std::string_view word) {
        if (!rest().starts_with(word))
            return false;
        at += word.size();
        return true;
    }

    bool value(std::string_view key, int depth) {
        skip_space();
        if (at == end || document.values_.size() == JsonDocument::values_max)
            return false;
        const std::size_t index = document.values_.size();
        const char* const begin = at;
        document.values_.emplace_back().key = key;
        Kind kind = Kind::null;
        std::string_view decoded;
        bool good = false;
        switch (*at) {
            case '{':
                kind = Kind::object;
                good = depth < JsonDocument::depth_max && object(depth + 1);
                break;
            case '[':
                kind = Kind::array;
                good = depth < JsonDocument::depth_max && array(depth + 1);
                break;
            case '"':
                kind = Kind::string;
                good = string(decoded);
                break;
            case 't':
                kind = Kind::yes;
                good = take("true");
                break;
            case 'f':
                kind = Kind::no;
                good = take("false");
                break;
            case 'n':
                kind = Kind::null;
                good = take("null");
                break;
            default:
                kind = Kind::number;
                good = number();
                break;
        }
        JsonDocument::Value& value =
            document.values_[index];  // only now: reading its members moved the list
        value.kind = kind;
        value.source = {begin, static_cast<std::size_t>(at - begin)};
        value.text = kind == Kind::string ? decoded : value.source;
        value.next = static_cast<std::uint32_t>(document.values_.size());
        return good;
    }

    bool object(int depth) {
        ++at;
        skip_space();
        if (take('}'))
            return true;
        do {
            skip_space();
            std::string_view key;
            if (at == end || *at != '"' || !string(key))
                return false;
            skip_space();
            if (!take(':') || !value(key, depth))
                return false;
            skip_space();
        } while (take(','));
        return take('}');
    }

    bool array(int depth) {
        ++at;
        skip_space();
        if (take(']'))
            return true;
        do {
            if (!value({}, depth))
                return false;
            skip_space();
        } while (take(','));
        return take(']');
    }

    bool number() {
        take('-');
        if (!take('0') && !digits())
            return false;
        if (take('.') && !digits())
            return false;
        if (take('e') || take('E')) {
            if (!take('+'))
                take('-');
            return digits();
        }
        return true;
    }
    bool digits() {
        const char* const begin = at;
        while (at != end && is_digit(*at))
            ++at;
        return at != begin;
    }

    static bool is_plain(char c) {
        return static_cast<unsigned char>(c) - 0x20U < 0x60U && c != '"' && c != '\\';
    }

    bool string(std::string_view& decoded) {
        const char* const begin = ++at;
        at = std::find_if_not(at, end, is_plain);
        if (at == end)
            return false;
        if (*at == '"') {
            decoded = {begin, static_cast<std::size_t>(at - begin)};
            ++at;
            return true;
        }
        std::string& text = document.decoded_.emplace_back(begin, at);
        if (!decode_into(text))
            return false;
        decoded = text;
        return true;
    }

    bool decode_into(std::string& text) {
        while (at != end) {
            const char* const plain = at;
            at = std::find_if_not(at, end, is_plain);
            text.append(plain, at);
            if (at == end)
                return false;
            const auto c = static_cast<unsigned char>(*at);
            if (c == '"') {
                ++at;
                return true;
            }
            if (c == '\\') {
                if (!escape(text))
                    return false;
            } else if (c < 0x20) {
                return false;
            } else if (const std::size_t length = utf8_length(rest()); length != 0) {
                text.append(at, length);
                at += length;
            } else {
                text += replacement;
                ++at;
            }
        }
        return false;
    }

    bool escape(std::string& text) {
        ++at;
        if (at == end)
            return false;
        switch (*at++) {
            case '"':
                text += '"';
                return true;
            case '\\':
                text += '\\';
                return true;
            case '/':
                text += '/';
                return true;
            case 'b':
                text += '\b';
                return true;
            case 'f':
                text += '\f';
                return true;
            case 'n':
                text += '\n';
                return true;
            case 'r':
                text += '\r';
                return true;
            case 't':
                text += '\t';
                return true;
            case 'u':
                return unicode(text);
            default:
                return false;
        }
    }

    bool unicode(std::string& text) {
        const auto code = hex4(rest());
        if (!code)
            return false;
        at += 4;
        const bool high = *code >= 0xD800 && *code < 0xDC00;
        const bool low = *code >= 0xDC00 && *code < 0xE000;
        if (high && rest().starts_with("\\u")) {
            const auto second = hex4(rest().substr(2));
            if (second && *second >= 0xDC00 && *second < 0xE000) {
                at += 6;
                append_utf8(text, 0x10000 + ((*code - 0xD800) << 10) + (*second - 0xDC00));
                return true;
            }
        }
        if (high || low)
            text += replacement;
        else
            append_utf8(text, *code);
        return true;
    }
};

Json JsonDocument::read(std::string_view text) {
    values_.reserve(std::min<std::size_t>(text.size() / 12 + 8, 4096));
    JsonLexer lexer{*this, text.data(), text.data() + text.size()};
    if (!lexer.value({}, 0))
        return {};
    lexer.skip_space();
    if (lexer.at != lexer.end)
        return {};
    return {this, 0};
}

bool Json::is_object() const {
    return document_ != nullptr && document_->at(index_).kind == JsonDocument::Kind::object;
}
bool Json::is_array() const {
    return document_ != nullptr && document_->at(index_).kind == JsonDocument::Kind::array;
}
bool Json::is_true() const {
    return document_ != nullptr && document_->at(index_).kind == JsonDocument::Kind::yes;
}

Json Json::operator[](std::string_view key) const {
    if (!is_object())
        return {};
    const std::uint32_t last = document_->at(index_).next;
    for (std::uint32_t i = index_ + 1; i < last; i = document_->at(i).next)
        if (document_->at(i).key == key)
            return {document_, i};
    return {};
}

Json Json::first() const {
    return begin() == end() ? Json{} : *begin();
}

std::string_view Json::text() const {
    if (document_ == nullptr || document_->at(index_).kind != JsonDocument::Kind::string)
        return {};
    return document_->at(index_).text;
}

std::string_view Json::scalar() const {
    if (document_ == nullptr)
        return {};
    const auto& value = document_->at(index_);
    const bool fits =
        value.kind == JsonDocument::Kind::string || value.kind == JsonDocument::Kind::number;
    return fits ? value.text : std::string_view{};
}

std::optional<std::int64_t> Json::integer() const {
    const std::string_view digits = scalar();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
        return std::nullopt;
    return number;
}

std::string_view Json::source() const {
    return document_ == nullptr ? std::string_view{} : document_->at(index_).source;
}

Json::Iterator& Json::Iterator::operator++() {
    index_ = document_->at(index_).next;
    return *this;
}

Json::Iterator Json::begin() const {
    return is_array() ? Iterator{document_, index_ + 1} : Iterator{nullptr, 0};
}
Json::Iterator Json::end() const {
    return is_array() ? Iterator{document_, document_->at(index_).next} : Iterator{nullptr, 0};
}

}  // namespace warmcall
