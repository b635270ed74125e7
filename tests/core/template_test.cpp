#include "core/template.hpp"

#include <filesystem>
#include <fstream>
#include <kainjow/mustache.hpp>
#include <sstream>

#include "support/catch.hpp"

using namespace warmcall;
using core::read_template;
using core::render;
using core::sms_length;
using core::TemplateKind;

namespace {

core::Template text(const std::string& body) {
    const auto t = read_template("---\n" + body, "wellbeing", "en");
    REQUIRE(t);
    return *t;
}

std::string error_of(const std::string& file) {
    const auto t = read_template(file, "wellbeing", "en");
    return t ? "no error" : t.error().message;
}

}  // namespace

TEST_CASE("a template is its header and its text") {
    const auto t = read_template(
        "kind: call_me_back\nprovider_name: call_back_v2\nprovider_language: en_US\ncategory: "
        "utility\n\n---\nHi {{name}}, {{rep}} here, {{name}}.\n\n",
        "call_me_back", "en");
    REQUIRE(t);
    CHECK(t->kind == TemplateKind::call_me_back);
    CHECK(t->provider_name == "call_back_v2");
    CHECK(t->provider_language == "en_US");
    CHECK(t->category == core::Category::utility);
    CHECK(t->text == "Hi {{name}}, {{rep}} here, {{name}}.");
    CHECK(t->variables == std::vector<std::string>{"name", "rep"});
    CHECK(t->reviewed_hash.size() == 64);
}

TEST_CASE("a template saved on Windows reads the same") {
    const auto unix_file =
        read_template("kind: wellbeing\n---\nHi {{name}}\nfrom {{rep}}.\n", "w", "en");
    const auto windows = read_template(
        "\xEF\xBB\xBFkind: wellbeing\r\n---\r\nHi {{name}}\r\nfrom {{rep}}.\r\n", "w", "en");
    REQUIRE(unix_file);
    REQUIRE(windows);
    CHECK(*windows == *unix_file);
}

TEST_CASE("a template names its quick replies, at most three and short ones") {
    const auto read = [](const std::string& buttons) {
        return read_template("kind: rep_notice\nbuttons: " + buttons + "\n---\nHi {{rep}}!",
                             "rep_morning", "en");
    };
    const auto three = read("Start | In 2 hours|Off today");
    REQUIRE(three);
    CHECK(three->buttons == std::vector<std::string>{"Start", "In 2 hours", "Off today"});
    for (const char* wrong : {"A | B | C | D", "A | | C", "A |", "abcdefghijklmnopqrstuvwxyz"}) {
        INFO(wrong);
        CHECK_FALSE(read(wrong));
    }
}

TEST_CASE("a mistake in a template names file, line and what was expected") {
    CHECK(error_of("") == "en/wellbeing.txt:1: expected a line \"---\" and then the text");
    CHECK(error_of("Hi {{name}}") ==
          "en/wellbeing.txt:1: expected \"key: value\" or the line \"---\" before the text");
    CHECK(error_of("kind: newsletter\n---\nHi") ==
          "en/wellbeing.txt:1: expected kind: wellbeing, call_me_back, rep_notice or "
          "stop_confirmation, found "
          "\"newsletter\"");
    CHECK(error_of("kind: wellbeing\ncolour: red\n---\nHi") ==
          "en/wellbeing.txt:2: unknown key \"colour\"; expected one of kind, category, "
          "provider_name, provider_language, buttons");
    CHECK(error_of("category:\n---\nHi") ==
          "en/wellbeing.txt:1: expected a value after \"category:\"");
    CHECK(error_of("---\n  \n") ==
          "en/wellbeing.txt:2: expected a text after the line \"---\", found nothing");
    CHECK(error_of("---\nHi {{name") ==
          "en/wellbeing.txt:2: \"{{\" is never closed; expected \"}}\" after the variable's name");
    CHECK(
        error_of("---\nHi {{#name}}x{{/name}}") ==
        "en/wellbeing.txt:2: {{#name}} is not a variable; expected a plain name such as {{name}}");
    CHECK(error_of("---\nHi {{{name}}}").find("is not a variable") != std::string::npos);
    CHECK(error_of("---\nHi {{>part}}").find("is not a variable") != std::string::npos);
    CHECK(error_of("---\nHi {{=<% %>=}}").find("is not a variable") != std::string::npos);
    CHECK(error_of("---\nHi \xFF") ==
          "en/wellbeing.txt:2: the text is not UTF-8; save the file as UTF-8");
    CHECK(error_of("---\n" + std::string(1025, 'a')) ==
          "en/wellbeing.txt:2: the text has 1025 characters; expected at most 1024");
}

TEST_CASE("a text is rendered as it is written, without web escapes") {
    CHECK(*render(text("Hi {{name}}, {{ rep }} here."),
                  {{"name", "Zoë O'Neil & <Co>"}, {"rep", "Max"}}) ==
          "Hi Zoë O'Neil & <Co>, Max here.");
}

TEST_CASE("a name that looks like a variable stays a name") {
    CHECK(*render(text("Hi {{name}}."), {{"name", "{{rep}}"}, {"rep", "secret"}}) == "Hi {{rep}}.");
}

TEST_CASE("a mustache library renders the same") {
    const std::string body = GENERATE(as<std::string>{}, "Hi {{name}}.", "{{name}}",
                                      "a{{name}}{{ rep }}b\n{{rep}}\n{{name}} {x} }} {",
                                      "no variable", "{ {name}}", "नमस्ते {{name}}, मैं {{rep}} हूँ।");
    kainjow::mustache::mustache other{body};
    other.set_custom_escape([](const std::string& s) { return s; });
    kainjow::mustache::data values;
    values.set("name", "Zoë & {{rep}} <b>");
    values.set("rep", "}}Max{{");
    REQUIRE(other.is_valid());
    CHECK(*render(text(body), {{"name", "Zoë & {{rep}} <b>"}, {"rep", "}}Max{{"}}) ==
          other.render(values));
}

TEST_CASE("a missing or empty variable is an error that names it") {
    const auto t = text("Hi {{name}}, {{rep}} here.");
    const auto missing = render(t, {{"name", "Ana"}});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message ==
          "the text \"wellbeing\" (en) needs {{rep}}, and it is missing");
    const auto empty = render(t, {{"name", "Ana"}, {"rep", "  "}});
    REQUIRE_FALSE(empty);
    CHECK(empty.error().message == "the text \"wellbeing\" (en) needs {{rep}}, and it is empty");
}

TEST_CASE("a text is found in the language, else in its base language, else in English") {
    core::TemplateBook book;
    for (const auto* language : {"en", "pt", "pt_BR", "hi"})
        book.templates.push_back(*read_template("---\nHi", "wellbeing", language));
    const auto language = [&](std::string_view wanted) {
        return book.find("wellbeing", wanted)->language;
    };
    CHECK(language("pt-BR") == "pt_BR");
    CHECK(language("pt-PT") == "pt");
    CHECK(language("hi-IN") == "hi");
    CHECK(language("HI") == "hi");
    CHECK(language("ja") == "en");
    CHECK(language("") == "en");
    CHECK(book.find("farewell", "en") == nullptr);
}

TEST_CASE("what the provider says of a text is found by its own name and language") {
    core::TemplateBook book;
    const auto t =
        read_template("provider_name: well\nprovider_language: pt-BR\n---\nOi", "wellbeing", "pt");
    REQUIRE(t);
    CHECK(book.status_of(*t) == core::TemplateStatus::unknown);
    book.status["well/pt_BR"] = core::TemplateStatus::paused;
    CHECK(book.status_of(*t) == core::TemplateStatus::paused);
}

TEST_CASE("a text counts as marketing when we or the provider say so") {
    core::TemplateBook book;
    core::Template t;
    t.provider_name = "well";
    t.provider_language = "en-US";
    t.category = core::Category::utility;
    CHECK(book.category_of(t) == core::Category::utility);
    book.category["well/en_US"] = core::Category::marketing;
    CHECK(book.category_of(t) == core::Category::marketing);
    t.category = core::Category::marketing;
    book.category["well/en_US"] = core::Category::utility;
    CHECK(book.category_of(t) == core::Category::marketing);
}

TEST_CASE("an SMS counts septets, or UCS-2 units where a letter is outside the alphabet") {
    const auto is = [](const std::string& s, bool gsm7, int units, int parts) {
        INFO(s);
        const auto length = sms_length(s);
        CHECK(length.gsm7 == gsm7);
        CHECK(length.units == units);
        CHECK(length.parts == parts);
    };
    const auto many = [](int n, const std::string& s) {
        std::string out;
        for (int i = 0; i < n; ++i)
            out += s;
        return out;
    };
    is("", true, 0, 0);
    is("Hello", true, 5, 1);
    is("àèéìòù ÄÖÜß @£$¥ ¿¡", true, 19, 1);
    is("10 € {~}", true, 12, 1);  // the extension table takes two each
    is(many(160, "a"), true, 160, 1);
    is(many(161, "a"), true, 161, 2);
    is(many(306, "a"), true, 306, 2);
    is(many(307, "a"), true, 307, 3);
    is(many(152, "a") + "€" + many(152, "a"), true, 306, 3);  // no part ends inside a character
    is("it’s", false, 4, 1);                                  // a curly quote
    is("नमस्ते", false, 6, 1);
    is("👋", false, 2, 1);
    is(many(70, "é") + "ő", false, 71, 2);
    is(many(35, "👋"), false, 70, 1);
    is(many(36, "👋"), false, 72, 2);
    is(many(34, "👋") + many(33, "👋"), false, 134, 3);  // 33 fit into 67
}
