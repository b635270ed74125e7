#include "providers/json.hpp"

#include "support/catch.hpp"

using namespace warmcall;

namespace {
std::string string_of(std::string_view text) {
    JsonDocument document;
    const Json root = document.read(text);
    return root ? std::string{root.text()} : "(not JSON)";
}
bool is_json(std::string_view text) {
    JsonDocument document;
    return static_cast<bool>(document.read(text));
}
}  // namespace

TEST_CASE("a string's escapes are undone") {
    CHECK(string_of(R"("a\"b\\c\/d\b\f\n\r\t")") == "a\"b\\c/d\b\f\n\r\t");
    CHECK(string_of(R"("\u0041\u00e9\u20ac\ud83d\ude42")") == "Aé€🙂");
    CHECK(string_of("\"Aé€🙂\"") == "Aé€🙂");
}

TEST_CASE("half a surrogate pair and broken UTF-8 become the replacement character") {
    CHECK(string_of(R"("\ud83d")") == "\xEF\xBF\xBD");
    CHECK(string_of(R"("\ude42\ud83d\u0041")") ==
          "\xEF\xBF\xBD\xEF\xBF\xBD"
          "A");
    CHECK(string_of("\"\xC3\"") == "\xEF\xBF\xBD");
    CHECK(string_of("\"\xED\xA0\x80\"") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(string_of("\"\xF8\x88\"") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(string_of("\"\xC0\xAF\"") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("what is not JSON is not read") {
    for (const char* text :
         {"",         "{",     "}",   "[1,]",    "[,1]",      "{\"a\":1,}",  "{\"a\"}",  "{a:1}",
          "{\"a\":}", "01",    "-",   "1.",      ".5",        "1e",          "1e+",      "+1",
          "tru",      "nulll", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "1 2",
          "[1 2]",    "'a'",   "\"\\"}) {
        INFO(text);
        CHECK_FALSE(is_json(text));
    }
    for (const char* text : {"0", "-0", "1.5e-3", "1E+2", " [ ] ", "{ }", "[[],{}]", "\"\"", "true",
                             "false", "null"}) {
        INFO(text);
        CHECK(is_json(text));
    }
}

TEST_CASE("reading on from nothing gives nothing") {
    JsonDocument document;
    const Json root =
        document.read(R"({"a":{"b":[1,"2",{"c":"d"}]},"n":12,"big":99999999999999999999,"f":1.5})");
    CHECK(root["a"]["b"].first().integer() == 1);
    CHECK_FALSE(root["a"]["x"]["y"].first()["z"]);
    CHECK_FALSE(root["n"]["b"]);
    CHECK(root["n"].scalar() == "12");
    CHECK(root["n"].text().empty());
    CHECK_FALSE(root["big"].integer());
    CHECK_FALSE(root["f"].integer());
    CHECK(root["a"].source() == R"({"b":[1,"2",{"c":"d"}]})");
    std::string all;
    for (const Json value : root["a"]["b"])
        all.append(value.scalar()).append(value["c"].text());
    CHECK(all == "12d");
    for (const Json value : root["n"])
        FAIL("a number has no values: " << value.source());
}

TEST_CASE("nesting is read to its limit and not beyond") {
    const auto nested = [](int depth) {
        return std::string(static_cast<std::size_t>(depth), '[') +
               std::string(static_cast<std::size_t>(depth), ']');
    };
    CHECK(is_json(nested(JsonDocument::depth_max)));
    CHECK_FALSE(is_json(nested(JsonDocument::depth_max + 1)));
}

TEST_CASE("a text is never cut inside a character") {
    CHECK(cut_utf8("aé", 2) == "a");
    CHECK(cut_utf8("aé", 3) == "aé");
    CHECK(cut_utf8("🙂🙂", 7) == "🙂");
    CHECK(cut_utf8("🙂", 3).empty());
}
