// What keeps a well-being text from being one. The words are data below; a phrase matches whole
// words, whatever their case.

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "core/template.hpp"
#include "core/words.hpp"

namespace warmcall::core {
namespace {

struct Rule {
    std::string_view code;
    std::string_view sentence;
    std::vector<std::string> phrases;  // words apart by one space; "a*" any word that begins with a
};

std::vector<Rule> with_folded_phrases(std::vector<Rule> rules) {
    for (Rule& rule : rules)
        for (std::string& phrase : rule.phrases)
            phrase = folded(phrase);
    return rules;
}

const std::vector<Rule>& rules() {
    static const std::vector<Rule> all = with_folded_phrases({
        {"money",
         "Leave money out: a well-being text asks how they are. Talk about amounts on the call.",
         {"dollar*",   "euro",        "euros",      "rupee",   "rupees",   "usd",       "eur",
          "gbp",       "inr",         "rs",         "lakh",    "lakhs",    "crore",     "crores",
          "money",     "cash",        "cashback",   "refund*", "invoice*", "payment*",  "price*",
          "pricing",   "cost",        "costs",      "fee",     "fees",     "your bill", "bills",
          "billing",   "balance due", "amount due", "budget",  "pay",      "paid",      "loan*",
          "mortgage*", "credit card", "रुपये",        "रुपए",     "रुपया",     "रुपयों",      "पैसा",
          "पैसे",        "पैसों",         "भुगतान",      "बकाया",   "कीमत",     "क़ीमत",      "दाम",
          "बिल",       "कर्ज",         "क़र्ज़",        "लोन",     "लाख",      "करोड़",      "किस्त",
          "क़िस्त",      "rupaye",      "paisa",      "paise"}},
        {"percentage",
         "Leave percentages out: they read as an offer. Just ask how they are.",
         {"percent", "per cent", "percentage", "प्रतिशत", "फीसदी", "फ़ीसदी", "परसेंट", "pratishat"}},
        {"pitch",
         "Nothing about products or offers: this text only asks how they are. Bring it up on the "
         "call, after listening.",
         {"offer",
          "offers",
          "offering",
          "discount*",
          "sale",
          "sales",
          "deal",
          "deals",
          "bargain*",
          "promo",
          "promos",
          "promotion*",
          "promotional",
          "product",
          "products",
          "our service",
          "our services",
          "new service",
          "subscription*",
          "subscribe",
          "upgrade*",
          "demo",
          "demos",
          "brochure*",
          "catalog",
          "catalogue*",
          "catalogs",
          "newsletter*",
          "webinar*",
          "buy",
          "buying",
          "purchase*",
          "order now",
          "your order",
          "place an order",
          "free trial",
          "trial period",
          "for free",
          "free of charge",
          "free gift",
          "coupon*",
          "voucher*",
          "reward points",
          "loyalty points",
          "proposal",
          "proposals",
          "quotation*",
          "contract*",
          "business opportunity",
          "great opportunity",
          "exciting opportunity",
          "opportunity to",
          "investment*",
          "invest",
          "investing",
          "insurance",
          "new feature",
          "new features",
          "our solution",
          "our solutions",
          "best seller*",
          "bestseller*",
          "exclusive",
          "save big",
          "savings",
          "new arrival*",
          "new collection",
          "launch",
          "launching",
          "renew",
          "renewal*",
          "partnership*",
          "work with us",
          "our company",
          "our team can",
          "win a",
          "winner",
          "prize*",
          "giveaway*",
          "referral*",
          "refer a friend",
          "ऑफर",
          "ऑफ़र",
          "छूट",
          "डिस्काउंट",
          "सेल",
          "योजना",
          "स्कीम",
          "उत्पाद",
          "प्रोडक्ट",
          "प्रॉडक्ट",
          "खरीदें",
          "ख़रीदें",
          "खरीदिए",
          "ख़रीदिए",
          "खरीद",
          "बीमा",
          "निवेश",
          "मुफ्त",
          "मुफ़्त",
          "फ्री",
          "कूपन",
          "इनाम",
          "हमारी सेवा",
          "हमारी सेवाएं",
          "हमारी सेवाएँ",
          "सदस्यता",
          "सब्सक्रिप्शन",
          "अनुबंध",
          "प्रस्ताव",
          "डेमो",
          "chhoot",
          "muft"}},
        {"threat",
         "Nothing about closing or losing anything: it turns a greeting into a threat. Ask how "
         "they are and leave it there.",
         {"your account",    "your accounts", "your subscription",
          "close your",      "closing your",  "suspend*",
          "deactivat*",      "terminat*",     "lose access",
          "losing access",   "legal action",  "legal notice",
          "penalty",         "penalties",     "overdue",
          "final notice",    "last notice",   "last warning",
          "final warning",   "blacklist*",    "collections department",
          "debt*",           "consequences",  "or else",
          "we will have to", "खाता बंद",       "खाते बंद",
          "आपका खाता",       "आपके खाते",       "अकाउंट",
          "निलंबित",          "जुर्माना",        "कानूनी कार्रवाई",
          "क़ानूनी कार्रवाई",   "चेतावनी",        "नोटिस"}},
        {"urgency",
         "No hurry in this text: whatever presses for an answer is not a greeting. Write that "
         "there is no rush, or nothing.",
         {"urgent",
          "urgently",
          "asap",
          "immediately",
          "right away",
          "right now",
          "hurry up",
          "please hurry",
          "last chance",
          "limited time",
          "limited period",
          "time is running out",
          "today only",
          "only today",
          "act now",
          "act fast",
          "deadline*",
          "expire*",
          "expiring",
          "expiry",
          "ends today",
          "ends tonight",
          "ends soon",
          "ending soon",
          "as soon as possible",
          "don't miss",
          "dont miss",
          "do not miss",
          "don't wait",
          "dont wait",
          "do not wait",
          "without delay",
          "before it's too late",
          "before its too late",
          "final call",
          "final reminder",
          "last reminder",
          "reply by",
          "respond by",
          "answer by",
          "within 24 hours",
          "within 48 hours",
          "time sensitive",
          "important notice",
          "तुरंत",
          "तुरन्त",
          "फौरन",
          "फ़ौरन",
          "अभी के अभी",
          "जल्दी करें",
          "जल्दी कीजिए",
          "आखिरी मौका",
          "आख़िरी मौका",
          "अंतिम मौका",
          "अंतिम तिथि",
          "आखिरी तारीख",
          "आख़िरी तारीख़",
          "समय सीमा",
          "सीमित समय",
          "केवल आज",
          "सिर्फ आज",
          "सिर्फ़ आज",
          "turant",
          "jaldi karein",
          "jaldi karo"}},
        {"meeting",
         "Do not ask for time or a meeting here: the call comes whether or not they answer. Ask "
         "how they are instead.",
         {"meeting*",
          "appointment*",
          "schedule",
          "scheduling",
          "reschedule",
          "calendar",
          "zoom",
          "google meet",
          "book a",
          "book some time",
          "set up a call",
          "set up a time",
          "set up some time",
          "arrange a call",
          "have a call",
          "hop on a call",
          "jump on a call",
          "get on a call",
          "quick call",
          "short call",
          "brief call",
          "quick chat",
          "time to talk",
          "time to chat",
          "time for a call",
          "can we talk",
          "could we talk",
          "can we speak",
          "could we speak",
          "can i call",
          "may i call",
          "could i call",
          "shall i call",
          "when can i call",
          "when should i call",
          "when can we",
          "are you free",
          "are you available",
          "when are you free",
          "your availability",
          "meet you",
          "meet up",
          "meet with",
          "let us meet",
          "let's meet",
          "lets meet",
          "can we meet",
          "catch up call",
          "call me",
          "give me a call",
          "give us a call",
          "ring me",
          "call back",
          "visit us",
          "visit you",
          "stop by our",
          "मीटिंग",
          "मुलाकात",
          "मुलाक़ात",
          "अपॉइंटमेंट",
          "मिल सकते",
          "मिलना चाह*",
          "कॉल करें",
          "कॉल कीजिए",
          "कॉल कर सकता",
          "कॉल कर सकती",
          "फोन करें",
          "फ़ोन करें",
          "फोन कीजिए",
          "फ़ोन कीजिए",
          "फोन कर सकता",
          "फ़ोन कर सकता",
          "फोन कर सकती",
          "फ़ोन कर सकती",
          "बात कर सकते",
          "समय तय",
          "समय दें",
          "समय दीजिए"}},
        {"attachment",
         "Send nothing along: no file, picture or paper. A greeting stands alone.",
         {"attached",     "attachment*",  "attaching", "enclosed",      "pdf",
          "see the file", "the file",     "document*", "presentation*", "slides",
          "powerpoint",   "spreadsheet*", "अटैच*",      "अटैचमेंट",         "संलग्न",
          "दस्तावेज*",      "दस्तावेज़*",      "फाइल",      "फ़ाइल",          "पीडीएफ"}},
        {"illness",
         "Nothing about health or illness: it is private, and keeping it would be unlawful in many "
         "places. Ask how they have been.",
         {"ill",         "illness*",
          "sick",        "sickness",
          "unwell",      "fever",
          "flu",         "covid*",
          "corona",      "coronavirus",
          "virus",       "pandemic",
          "disease*",    "hospital*",
          "doctor*",     "surgery",
          "diagnos*",    "medicine*",
          "medical",     "medication*",
          "treatment*",  "cancer",
          "pain",        "pregnan*",
          "get well",    "feeling better",
          "recover",     "recovering",
          "recovered",   "recovery",
          "health",      "healthy",
          "healthier",   "symptom*",
          "injur*",      "accident*",
          "depress*",    "anxiety",
          "died",        "death",
          "passed away", "condolence*",
          "बीमार",       "बीमारी",
          "बुखार",        "बुख़ार",
          "अस्पताल",      "हॉस्पिटल",
          "डॉक्टर",       "दवा",
          "दवाई",        "दवाइयाँ",
          "इलाज",        "तबीयत",
          "तबियत",       "सेहत",
          "स्वास्थ्य",      "स्वस्थ",
          "दर्द",         "कोरोना",
          "कोविड",       "ऑपरेशन",
          "मृत्यु",         "निधन",
          "tabiyat",     "sehat",
          "bimar",       "beemar"}},
        {"url",
         "No link in this text. It asks how they are, and there is nothing to open.",
         {"click here", "click below", "click the", "tap here", "tap below", "the link",
          "this link", "link below", "our website", "our site", "our app", "download", "sign up",
          "log in", "login", "लिंक", "वेबसाइट", "क्लिक"}},
    });
    return all;
}

// Top-level names that a phone makes a link of, or that people write.
constexpr std::array<std::string_view, 46> link_endings{
    "com",   "net", "org", "io",   "in",    "co",  "uk",   "de",   "fr",   "es",  "it",     "br",
    "pt",    "ai",  "app", "dev",  "ly",    "me",  "link", "shop", "info", "biz", "online", "site",
    "store", "xyz", "gl",  "eu",   "us",    "au",  "ca",   "mx",   "ae",   "id",  "tr",     "ru",
    "tv",    "to",  "gg",  "page", "click", "gle", "club", "live", "nz",   "za"};

class Text {
 public:
    explicit Text(const Template& t) : template_{t}, text_{t.text}, words_{words_of(t.text)} {}

    void find_phrases(std::string_view skip) {
        for (const Rule& rule : rules())
            if (rule.code != skip)
                for (const std::string& phrase : rule.phrases)
                    find_phrase(rule, phrase);
    }
    void find_links();
    void find_signs();
    void find_shouting();
    void find_questions();
    void need_variable(std::string_view variable, std::string_view code, std::string_view sentence);
    void check_ends();
    void check_length();
    void check_variables();

    // In the order of the text; of several of one kind in one place, the longest.
    std::vector<Finding> findings() &&;

 private:
    void add(std::size_t begin, std::size_t end, std::string_view code, std::string sentence) {
        found_.push_back({begin, end, std::string{code}, std::move(sentence)});
    }
    void find_phrase(const Rule& rule, std::string_view phrase);
    std::size_t matched(std::size_t first, std::string_view phrase) const;
    void find_link(std::size_t begin, std::size_t end);

    const Template& template_;
    std::string_view text_;
    std::vector<Word> words_;
    std::vector<Finding> found_;
};

// How many words from `first` on are the phrase; 0: they are not.
std::size_t Text::matched(std::size_t first, std::string_view phrase) const {
    std::size_t count = 0;
    while (!phrase.empty()) {
        const auto space = phrase.find(' ');
        std::string_view word = phrase.substr(0, space);
        phrase.remove_prefix(space == std::string_view::npos ? phrase.size() : space + 1);
        if (first + count >= words_.size())
            return 0;
        const Word& here = words_[first + count];
        if (count > 0 && here.breaks)
            return 0;
        const bool beginning = word.ends_with('*');
        if (beginning)
            word.remove_suffix(1);
        if (beginning ? !here.folded.starts_with(word) : here.folded != word)
            return 0;
        ++count;
    }
    return count;
}

void Text::find_phrase(const Rule& rule, std::string_view phrase) {
    for (std::size_t i = 0; i < words_.size(); ++i)
        if (const auto count = matched(i, phrase); count > 0)
            add(words_[i].begin, words_[i + count - 1].end, rule.code, std::string{rule.sentence});
}

// One run of characters without a blank.
void Text::find_link(std::size_t begin, std::size_t end) {
    while (end > begin &&
           std::string_view{".,;:!?)]}\"'"}.find(text_[end - 1]) != std::string_view::npos)
        --end;
    const std::string run = folded(text_.substr(begin, end - begin));
    const auto slash = run.find('/');
    const std::string host = run.substr(0, slash);
    const auto dot = host.find_last_of('.');
    const bool named = dot != std::string::npos && dot > 0 &&
                       host.find("{{") == std::string::npos &&
                       std::find(link_endings.begin(), link_endings.end(), host.substr(dot + 1)) !=
                           link_endings.end();
    if (named || run.find("://") != std::string::npos || run.starts_with("www.") ||
        run.starts_with("mailto:"))
        add(begin, end, "url",
            "No link or mail address in this text. It asks how they are, and there is nothing to "
            "open.");
}

void Text::find_links() {
    for (std::size_t begin = 0; begin < text_.size();) {
        begin = text_.find_first_not_of(" \t\r\n", begin);
        if (begin == std::string_view::npos)
            return;
        const auto end = std::min(text_.find_first_of(" \t\r\n", begin), text_.size());
        find_link(begin, end);
        begin = end;
    }
}

// Signs that are no words: currencies, percent, a paper clip, more than one exclamation mark.
void Text::find_signs() {
    UChar32 before = 0;
    for (std::int32_t i = 0; static_cast<std::size_t>(i) < text_.size();) {
        const auto at = static_cast<std::size_t>(i);
        UChar32 c = 0;
        U8_NEXT_OR_FFFD(text_.data(), i, static_cast<std::int32_t>(text_.size()), c);
        const auto end = static_cast<std::size_t>(i);
        if (u_charType(c) == U_CURRENCY_SYMBOL)
            add(at, end, "money",
                "Leave money out: a well-being text asks how they are. Talk about amounts on the "
                "call.");
        if (c == '%' || c == 0xFF05 || c == 0x066A || c == 0x2030)
            add(at, end, "percentage",
                "Leave percentages out: they read as an offer. Just ask how they are.");
        if (c == 0x1F4CE || c == 0x1F4C4 || c == 0x1F587)
            add(at, end, "attachment",
                "Send nothing along: no file, picture or paper. A greeting stands alone.");
        if (c == '!' && before == '!')
            add(at, end, "urgency", "One exclamation mark is enough; two sound like selling.");
        before = c;
    }
}

// Long words all in capitals, and short ones side by side; one short word may be somebody's
// initials.
void Text::find_shouting() {
    const auto capitals = [&](const Word& word) {
        const std::string_view written = text_.substr(word.begin, word.end - word.begin);
        const bool all = std::all_of(written.begin(), written.end(),
                                     [](char c) { return c >= 'A' && c <= 'Z'; });
        return all && written.size() >= 3 ? written.size() : 0;
    };
    std::size_t before = 0;
    for (const Word& word : words_) {
        const std::size_t here = capitals(word);
        if (here >= 7 || (here > 0 && before > 0))
            add(word.begin, word.end, "urgency",
                "Capitals shout. Write the word in small letters.");
        before = here;
    }
}

void Text::find_questions() {
    bool asked = false;
    bool in_run = false;
    for (std::int32_t i = 0; static_cast<std::size_t>(i) < text_.size();) {
        const auto at = static_cast<std::size_t>(i);
        UChar32 c = 0;
        U8_NEXT_OR_FFFD(text_.data(), i, static_cast<std::int32_t>(text_.size()), c);
        const bool mark = c == '?' || c == 0xFF1F || c == 0x061F;
        if (mark && !in_run && asked)
            add(at, static_cast<std::size_t>(i), "questions",
                "One question is enough: keep the open one, \"How have you been?\", and drop the "
                "rest.");
        asked = asked || mark;
        in_run = mark || (in_run && c == '!');
    }
}

void Text::need_variable(std::string_view variable, std::string_view code,
                         std::string_view sentence) {
    const auto& used = template_.variables;
    if (std::find(used.begin(), used.end(), variable) == used.end())
        add(0, text_.size(), code, std::string{sentence});
}

// What a text of this kind is filled with. Any other variable would leave it unsent for ever.
std::vector<std::string_view> variables_for(TemplateKind kind) {
    if (kind == TemplateKind::rep_notice)
        return {"name", "rep", "company", "reason", "link", "count"};
    return {"name", "rep", "company"};
}

void Text::check_variables() {
    const auto known = variables_for(template_.kind);
    std::string listed;
    for (const std::string_view one : known)
        listed += (listed.empty()        ? "{{"
                   : one == known.back() ? "}} and {{"
                                         : "}}, {{") +
                  std::string{one};
    for (const std::string& variable : template_.variables) {
        if (std::ranges::find(known, variable) != known.end())
            continue;
        const std::size_t name = text_.find(variable, text_.find("{{"));
        const std::size_t begin = text_.rfind("{{", name);
        add(begin, text_.find("}}", name) + 2, "variable",
            "warmcall does not know what to put there: this text can hold " + listed + "}}.");
    }
}

// WhatsApp takes no template that begins or ends with a variable (error 2388299).
void Text::check_ends() {
    if (words_.empty())
        return;
    constexpr std::string_view sentence =
        "WhatsApp refuses a text that begins or ends with a variable. Put a word of your own "
        "there, such as a greeting.";
    const auto is_variable = [](const Word& w) { return w.folded.starts_with("{{"); };
    if (is_variable(words_.front()))
        add(words_.front().begin, words_.front().end, "variable_place", std::string{sentence});
    if (words_.size() > 1 && is_variable(words_.back()))
        add(words_.back().begin, words_.back().end, "variable_place", std::string{sentence});
}

// Judged with names of up to twelve characters put in.
void Text::check_length() {
    Variables names;
    for (const std::string& variable : template_.variables)
        names[variable] = "Maximiliano1";
    const auto filled = render(template_, names);
    if (!filled)
        return;  // read_template has refused it already
    const SmsLength length = sms_length(*filled);
    if (length.parts <= 1)
        return;
    const int room = length.gsm7 ? 160 : 70;
    std::string sentence = "With names of twelve characters this takes " +
                           std::to_string(length.units) + " of the " + std::to_string(room) +
                           " places in one SMS. Shorten it by " +
                           std::to_string(length.units - room) + ".";
    if (!length.gsm7)
        sentence +=
            " Letters outside the SMS alphabet, such as curly quotes, long dashes and emoji, "
            "leave room for 70 instead of 160.";
    add(0, text_.size(), "segments", std::move(sentence));
}

std::vector<Finding> Text::findings() && {
    std::sort(found_.begin(), found_.end(), [](const Finding& a, const Finding& b) {
        return std::tuple{a.begin, b.end, a.code} < std::tuple{b.begin, a.end, b.code};
    });
    std::vector<Finding> kept;
    for (Finding& finding : found_) {
        const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Finding& k) {
            return k.code == finding.code && k.begin <= finding.begin && finding.end <= k.end;
        });
        if (!covered)
            kept.push_back(std::move(finding));
    }
    return kept;
}

std::size_t line_begin(std::string_view text, std::size_t at) {
    const auto newline = text.substr(0, at).find_last_of('\n');
    return newline == std::string_view::npos ? 0 : newline + 1;
}

}  // namespace

std::vector<Finding> lint(const Template& t) {
    Text text{t};
    text.check_variables();
    if (t.kind == TemplateKind::stop_confirmation || t.kind == TemplateKind::call_bridge)
        return std::move(text).findings();  // answers a STOP in the window it opened, or is spoken
                                            // to our own rep: no provider reviews it
    const bool spoken = t.kind == TemplateKind::call_answer;
    if (!spoken)
        text.check_ends();
    if (t.kind == TemplateKind::rep_notice)
        return std::move(text).findings();  // goes to our own rep and is about business
    const bool asks_for_a_call = t.kind == TemplateKind::call_me_back;
    text.find_phrases(asks_for_a_call ? "meeting" : "");
    text.find_links();
    text.find_signs();
    text.find_shouting();
    text.find_questions();
    text.need_variable("name", "name", "Say whom you greet: put {{name}} into the text.");
    text.need_variable("rep", "sender", "Say who writes: put {{rep}} into the text.");
    if (!spoken)
        text.check_length();
    return std::move(text).findings();
}

std::string explain(const Template& t, const std::vector<Finding>& findings) {
    std::string out;
    for (const Finding& finding : findings) {
        const std::size_t begin = line_begin(t.text, finding.begin);
        const std::size_t end = std::min(t.text.find('\n', finding.end), t.text.size());
        const bool whole = finding.begin == 0 && finding.end == t.text.size();
        if (!out.empty())
            out += '\n';
        out += t.language + "/" + t.name + ": " + finding.code + "\n  ";
        if (whole)
            out += t.text.substr(begin, end - begin);
        else
            out += t.text.substr(begin, finding.begin - begin) + "»" +
                   t.text.substr(finding.begin, finding.end - finding.begin) + "«" +
                   t.text.substr(finding.end, end - finding.end);
        out += "\n  " + finding.sentence + "\n";
    }
    return out;
}

}  // namespace warmcall::core
