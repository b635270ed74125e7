#pragma once
// Reading other people's JSON without building it: one pass gives a flat list of values that point
// into the text. It never throws, nests at most depth_max deep, and puts U+FFFD for broken UTF-8
// and lone surrogates, because half an emoji in one message must not cost the other 999 of the
// delivery. Writing JSON is left to nlohmann.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace warmcall {

class JsonDocument;

// A value, or nothing. Reading on from nothing gives nothing, so a path needs one check, at its
// end.
class Json {
 public:
    Json() = default;

    explicit operator bool() const { return document_ != nullptr; }
    bool is_object() const;
    bool is_array() const;
    bool is_true() const;
    Json operator[](std::string_view key) const;  // of an object; the first of that name
    Json first() const;                           // of an array
    std::string_view text() const;                // of a string, else ""
    std::string_view scalar() const;  // of a string or a number as it was written, else ""
    std::optional<std::int64_t> integer() const;  // of a number, or of a string of digits
    std::string_view source() const;              // the bytes it was read from

    class Iterator {
     public:
        Iterator(const JsonDocument* document, std::uint32_t index)
            : document_{document}, index_{index} {}
        Json operator*() const { return {document_, index_}; }
        Iterator& operator++();
        bool operator==(const Iterator& other) const { return index_ == other.index_; }

     private:
        const JsonDocument* document_;
        std::uint32_t index_;
    };
    Iterator begin() const;  // over an array's values, in order; anything else has none
    Iterator end() const;

 private:
    friend class JsonDocument;
    Json(const JsonDocument* document, std::uint32_t index) : document_{document}, index_{index} {}

    const JsonDocument* document_ = nullptr;
    std::uint32_t index_ = 0;
};

// Owns what Json points at; the text it was read from must outlive it.
class JsonDocument {
 public:
    static constexpr int depth_max = 64;
    static constexpr std::size_t values_max = 400'000;

    JsonDocument() = default;
    JsonDocument(const JsonDocument&) = delete;
    JsonDocument& operator=(const JsonDocument&) = delete;

    // The root; nothing when the text is not JSON, too deep or too much. To be called once.
    Json read(std::string_view text);

 private:
    friend class Json;
    friend class Json::Iterator;
    friend struct JsonLexer;

    enum class Kind : std::uint8_t { object, array, string, number, yes, no, null };
    struct Value {
        std::string_view key;   // when inside an object
        std::string_view text;  // of a string: decoded; of anything else: as it was written
        std::string_view source;
        std::uint32_t next = 0;  // the index after this value and everything in it
        Kind kind = Kind::null;
    };

    const Value& at(std::uint32_t index) const { return values_[index]; }

    std::vector<Value> values_;
    std::deque<std::string> decoded_;  // strings that could not be pointed at as they are; a deque,
                                       // so that they stay put
};

// The longest beginning of `text` of at most that many bytes that does not cut a character in two.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);
// How many bytes the character at the beginning of `text` has; 0 when it is not valid UTF-8.
std::size_t utf8_length(std::string_view text);

}  // namespace warmcall
