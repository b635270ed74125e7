#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "core/template.hpp"
#include "core/words.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using core::lint;
using core::TemplateKind;

namespace {

std::string file(const std::filesystem::path& path) {
    std::ifstream in{path};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

core::Template text(const std::string& body, std::string_view language = "en") {
    const auto t = core::read_template("kind: wellbeing\n---\n" + body, "wellbeing", language);
    REQUIRE(t);
    return *t;
}

std::set<std::string> codes(const core::Template& t) {
    std::set<std::string> found;
    for (const auto& finding : lint(t))
        found.insert(finding.code);
    return found;
}

}  // namespace

TEST_CASE(
    "a variable that nothing fills is found before the first text, and the known ones are named") {
    const auto t = text("Hi {{name}}, it's {{rep}}. How is {{ foo }} going?");
    const auto found = lint(t);
    REQUIRE(found.size() == 1);
    CHECK(found[0].code == "variable");
    CHECK(t.text.substr(found[0].begin, found[0].end - found[0].begin) == "{{ foo }}");
    CHECK(found[0].sentence ==
          "warmcall does not know what to put there: this text can hold {{name}}, {{rep}} and "
          "{{company}}.");
    const auto stop = core::read_template("kind: stop_confirmation\n---\nDone, {{nmae}}.",
                                          "stop_confirmation", "en");
    CHECK(codes(*stop) == std::set<std::string>{"variable"});
}

TEST_CASE("every shipped text is fit to send") {
    int seen = 0;
    for (const auto& folder : std::filesystem::directory_iterator{WARMCALL_SOURCE_DIR "/templates"})
        for (const auto& entry : std::filesystem::directory_iterator{folder}) {
            const auto t = core::read_template(file(entry.path()), entry.path().stem().string(),
                                               folder.path().filename().string());
            INFO(entry.path().string() << ": " << (t ? "" : t.error().message));
            REQUIRE(t);
            INFO(core::explain(*t, lint(*t)));
            CHECK(lint(*t).empty());
            ++seen;
        }
    CHECK(seen >= 6);
}

TEST_CASE("the shipped texts promise no other day, and in Hindi do not say who is a man") {
    const std::string folder = WARMCALL_SOURCE_DIR "/templates/";
    CHECK(file(folder + "en/call_me_back.txt").find(" day") == std::string::npos);
    for (const auto& entry : std::filesystem::directory_iterator{folder + "hi"})
        for (const char* masculine : {"ता हूँ", "ूँगा", "रहे हैं", "रहा है", "रेंगे"}) {
            INFO(entry.path().string() << ": " << masculine);
            CHECK(file(entry.path()).find(masculine) == std::string::npos);
        }
}

TEST_CASE("every shipped text for a contact fits into one SMS with everyday names") {
    for (const auto& [language, name, rep] :
         {std::tuple{"en", "Christopher", "Annabelle"}, std::tuple{"hi", "लक्ष्मीनारायण", "राजेश्वरी"}})
        for (const auto* kind : {"wellbeing", "call_me_back"}) {
            const auto t = core::read_template(file(std::string{WARMCALL_SOURCE_DIR "/templates/"} +
                                                    language + "/" + kind + ".txt"),
                                               kind, language);
            REQUIRE(t);
            const auto sent = core::render(*t, {{"name", name}, {"rep", rep}});
            REQUIRE(sent);
            INFO(*sent);
            CHECK(core::sms_length(*sent).parts == 1);
        }
}

TEST_CASE("a text with business in it is found out, and by the right name") {
    const auto [body, code] = GENERATE(table<std::string, std::string>({
        {"Hi {{name}}, {{rep}} here. Have a look at https://warm.example/hello and tell me how you "
         "are.",
         "url"},
        {"Hi {{name}}, {{rep}} here. How are you? See www.warm.example for news.", "url"},
        {"Hi {{name}}, {{rep}} here. How are you? We are at warmcall.com now.", "url"},
        {"Hi {{name}}, {{rep}} here. How are you? bit.ly/3xyz has the story.", "url"},
        {"Hi {{name}}, {{rep}} here. How are you? Write to team@warm.example.io soon.", "url"},
        {"Hi {{name}}, {{rep}} here. How are you? Click here for more.", "url"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। हमारी वेबसाइट देखिए।", "url"},
        {"Hi {{name}}, {{rep}} here. How are you? It is only $20 today.", "money"},
        {"Hi {{name}}, {{rep}} here. How are you? Just 20 € for you.", "money"},
        {"Hi {{name}}, {{rep}} here. How are you? Rs 500 for you.", "money"},
        {"Hi {{name}}, {{rep}} here. How are you? 500 RUPEES for you.", "money"},
        {"Hi {{name}}, {{rep}} here. How are you? Your invoice is here.", "money"},
        {"Hi {{name}}, {{rep}} here. How are you? Our prices fell.", "money"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। ₹500 का बकाया है।", "money"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। पैसे कब देंगे?", "money"},
        {"Hi {{name}}, {{rep}} here. How are you? You get 20% today.", "percentage"},
        {"Hi {{name}}, {{rep}} here. How are you? Twenty percent for you.", "percentage"},
        {"Hi {{name}}, {{rep}} here. How are you? Twenty per cent for you.", "percentage"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। बीस प्रतिशत कम।", "percentage"},
        {"Hi {{name}}, {{rep}} here. How are you? We have an offer for you.", "pitch"},
        {"Hi {{name}}, {{rep}} here. How are you? Our new product is out.", "pitch"},
        {"Hi {{name}}, {{rep}} here. How are you? Big Discounts this week.", "pitch"},
        {"Hi {{name}}, {{rep}} here. How are you? Start your free trial.", "pitch"},
        {"Hi {{name}}, {{rep}} here. How are you? Time to renew.", "pitch"},
        {"Hi {{name}}, {{rep}} here. How are you? Did you read our proposal.", "pitch"},
        {"Hi {{name}}, {{rep}} here. How are you? Your order is ready.", "pitch"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। नया ऑफ़र आया है।", "pitch"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। बीमा ले लीजिए।", "pitch"},
        {"Hi {{name}}, {{rep}} here. Or may we close your account?", "threat"},
        {"Hi {{name}}, {{rep}} here. How are you? Your account is idle.", "threat"},
        {"Hi {{name}}, {{rep}} here. How are you? It will be suspended.", "threat"},
        {"Hi {{name}}, {{rep}} here. How are you? This is the final notice.", "threat"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। खाता बंद हो जाएगा।", "threat"},
        {"Hi {{name}}, {{rep}} here. How are you? Answer ASAP please.", "urgency"},
        {"Hi {{name}}, {{rep}} here. How are you? Last chance today.", "urgency"},
        {"Hi {{name}}, {{rep}} here. How are you? It expires tonight.", "urgency"},
        {"Hi {{name}}, {{rep}} here!! How are you these days?", "urgency"},
        {"Hi {{name}}, {{rep}} here. HOW HAVE you been?", "urgency"},
        {"Hi {{name}}, {{rep}} here. How are you? Don't miss this.", "urgency"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। तुरंत जवाब दीजिए।", "urgency"},
        {"Hi {{name}}, {{rep}} here. How are you? Let us set up a meeting.", "meeting"},
        {"Hi {{name}}, {{rep}} here. Can we talk on Tuesday?", "meeting"},
        {"Hi {{name}}, {{rep}} here. Are you free for a quick call?", "meeting"},
        {"Hi {{name}}, {{rep}} here. How are you? Give me a call.", "meeting"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। मुलाक़ात कब हो?", "meeting"},
        {"Hi {{name}}, {{rep}} here. How are you? See the attached note.", "attachment"},
        {"Hi {{name}}, {{rep}} here. How are you? The PDF says it all.", "attachment"},
        {"Hi {{name}}, {{rep}} here. How are you? 📎 for you.", "attachment"},
        {"Hi {{name}}, {{rep}} here. How are you? How is the family?", "questions"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। आप कैसे हैं? घर पर सब?", "questions"},
        {"Hi {{name}}, {{rep}} here. Are you feeling better now?", "illness"},
        {"Hi {{name}}, {{rep}} here. How is your health these days?", "illness"},
        {"Hi {{name}}, {{rep}} here. I heard you were sick, how are you?", "illness"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। आपकी तबीयत कैसी है?", "illness"},
        {"Hi there, {{rep}} here. How have you been?", "name"},
        {"Hi {{name}}, how have you been?", "sender"},
        {"{{name}}, it's {{rep}}. How have you been?", "variable_place"},
        {"Hi {{name}}, how have you been? Best, {{rep}}", "variable_place"},
        {"Hi {{name}}, how have you been? Best, {{rep}}.", "variable_place"},
        {"Hi {{name}}, it's {{rep}}. You came to mind today and I wanted to say hello. How have "
         "you been? No hurry at all to write back, "
         "whenever it suits you is good.",
         "segments"},
        {"Hi {{name}}, it’s {{rep}}. You came to mind today and I wanted to say hello. How have "
         "you been?",
         "segments"},
        {"नमस्ते {{name}}, मैं {{rep}} हूँ। आज आपकी बहुत याद आई। आप इन दिनों कैसे हैं?", "segments"},
    }));
    INFO(body);
    CHECK(codes(text(body)) == std::set<std::string>{code});
}

TEST_CASE("a text that only asks how they are is left alone") {
    const auto body = GENERATE(
        as<std::string>{}, "Hi {{name}}, it's {{rep}}. How have you been?",
        "Hello {{name}}, this is {{rep}}. How is everything with you?",
        "Good morning {{name}}, {{rep}} here. What have you been up to?",
        "Dear {{name}}, {{rep}} here. Just thinking of you, no reply needed.",
        "Hi {{name}}, {{rep}} here. I hope the new year began well for you.",
        "Hi {{name}}, {{rep}} here. How did the summer treat you? Write whenever you are free.",
        "Hi {{name}}, {{rep}} here. How was the wedding? I hope everybody had a good time!",
        "Hi {{name}}, {{rep}} here. I hope you are well. How are things at home?",
        "Hi {{name}}, {{rep}} here. Hope your plans are working out. How are you?",
        "Hi {{name}}, {{rep}} here. It was a great deal of snow! How did you get on?"
        // "deal" is what it says: see below
        ,
        "Hi {{name}}, {{rep}} here. I enjoyed our talk about the garden. How is it coming along?",
        "Hi {{name}}, {{rep}} here. Greetings to the children. How are they?",
        "Hi {{name}}, {{rep}} here. No rush and no need to answer. How are you?",
        "Hi {{name}}, {{rep}} here. How is life in Berlin?",
        "Hi {{name}}, {{rep}} here. How is the OECD job?",
        "Hi {{name}}, {{rep}} here. In the end it rained after all. How was the trip?",
        "Hi {{name}}, {{rep}} here. I'll be back at work. We're all curious. How about you?",
        "Hi {{name}}, {{rep}} here.How are you?",  // a blank forgotten makes no link
        "Hello {{name}}! {{rep}} here. How is your mother doing?",
        "Hi {{name}}, {{rep}} here. How are you doing??", "नमस्ते {{name}}, मैं {{rep}} हूँ। आप कैसे हैं?",
        "नमस्ते {{name}}, मैं {{rep}} हूँ। कैसा चल रहा है?", "नमस्ते {{name}}, मैं {{rep}} हूँ। घर पर सब कैसे हैं?",
        "नमस्ते {{name}} जी, {{rep}} यहाँ। क्या हाल है?", "नमस्ते {{name}}, मैं {{rep}} हूँ। आप क्या खाते हैं?");
    const auto t = text(body);
    INFO(core::explain(t, lint(t)));
    if (body.find("great deal") != std::string::npos)
        CHECK(codes(t) == std::set<std::string>{"pitch"});
    else
        CHECK(codes(t).empty());
}

TEST_CASE("a finding points at the words and says what to write instead") {
    const auto t =
        text("Hi {{name}}, {{rep}} here. How are you? A SPECIAL-price for you, and कीमत too.");
    const auto findings = lint(t);
    std::vector<std::string> words;
    for (const auto& finding : findings) {
        words.push_back(t.text.substr(finding.begin, finding.end - finding.begin));
        CHECK(finding.sentence.size() > 20);
        CHECK(finding.sentence.back() == '.');
    }
    CHECK(std::find(words.begin(), words.end(), "price") != words.end());
    CHECK(std::find(words.begin(), words.end(), "SPECIAL") != words.end());
    CHECK(std::find(words.begin(), words.end(), "कीमत") != words.end());
}

TEST_CASE("words match whole, whatever their case, and phrases not across a full stop") {
    CHECK(codes(text("Hi {{name}}, {{rep}} here. Your Offerings are kind.")).empty());
    CHECK(codes(text("Hi {{name}}, {{rep}} here. Wholesale and resale, how is it?")).empty());
    CHECK(codes(text("Hi {{name}}, {{rep}} here. oFFeR it to them.")) ==
          std::set<std::string>{"pitch"});
    CHECK(codes(text("Hi {{name}}, {{rep}} here. Not for me. Free of it, how are you?")).empty());
    CHECK(codes(text("Hi {{name}}, {{rep}} here. ＯＦＦＥＲ for you.")) ==
          std::set<std::string>{"pitch"});  // full-width letters
}

TEST_CASE("the call-me-back text may ask for a call, and for nothing else") {
    const auto ask = core::read_template(
        "kind: call_me_back\n---\nHi {{name}}, {{rep}} here. Please call me back when you have "
        "time.",
        "c", "en");
    REQUIRE(ask);
    CHECK(lint(*ask).empty());
    const auto pitch = core::read_template(
        "kind: call_me_back\n---\nHi {{name}}, {{rep}} here. Please call me back about our offer.",
        "c", "en");
    REQUIRE(pitch);
    CHECK(codes(*pitch) == std::set<std::string>{"pitch"});
}

TEST_CASE("a notice to the rep is about business, and only its ends are looked at") {
    const auto good = core::read_template(
        "kind: rep_notice\n---\nCall {{name}}: {{reason}}\nOpen {{link}} now please.", "r", "en");
    REQUIRE(good);
    CHECK(lint(*good).empty());
    const auto bad =
        core::read_template("kind: rep_notice\n---\nCall {{name}}: {{link}}", "r", "en");
    REQUIRE(bad);
    CHECK(codes(*bad) == std::set<std::string>{"variable_place"});
}

TEST_CASE("the explanation shows the text with its words marked, one finding a paragraph") {
    const auto t = text("Hi {{name}}, {{rep}} here.\nWe have an offer for you.");
    CHECK(core::explain(t, lint(t)) ==
          "en/wellbeing: pitch\n  We have an »offer« for you.\n  Nothing about products or offers: "
          "this text only asks how they are. Bring it up "
          "on the call, after listening.\n");
    CHECK(core::explain(t, {}).empty());
}

TEST_CASE("words know the bytes they came from") {
    const auto words = core::words_of("I\u2019ll \u200Bsay 'hi', {{name}} 👩\u200D👧 नमस्ते. OK");
    std::vector<std::string> folded;
    for (const auto& word : words)
        folded.push_back(word.folded);
    CHECK(folded == std::vector<std::string>{"i'll", "say", "hi", "{{name}}", "नमस्ते", "ok"});
    CHECK(words[0].begin == 0);
    CHECK(words[0].end == 6);
    CHECK(words.back().breaks);
    CHECK_FALSE(words[1].breaks);
}
