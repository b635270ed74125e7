#include "notifiers/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/speech.hpp"

namespace warmcall::notifiers {

namespace {

constexpr core::Duration prompt_useful = std::chrono::hours{4};
constexpr core::Duration notice_useful = std::chrono::hours{12};
constexpr std::size_t quote_bytes_max = 600;
constexpr std::size_t names_max = 3;

struct Words {
    std::string_view language;
    std::string_view replied, they_called, promised, retry, undelivered, silent, no_warmup,
        question;
    std::string_view tap_to_call, nothing_sent, somebody, several, and_more, open_list, news, done;
    std::string_view trial_title, trial_body;
    std::string_view call, open;
    std::string_view calling, in_half_hour, in_two_hours, start, off_today;
};

// {} stands for the name, or the number of people.
constexpr std::array<Words, 3> all_words{{
    {.language = "en",
     .replied = "{} replied",
     .they_called = "{} called you",
     .promised = "You promised {} a call",
     .retry = "Try {} again",
     .undelivered = "{} did not get the message",
     .silent = "No reply from {}",
     .no_warmup = "Call {}",
     .question = "Did {} ask us to stop?",
     .tap_to_call = "Tap to call.",
     .nothing_sent = "Nothing is sent until you say.",
     .somebody = "A contact",
     .several = "{} people to call",
     .and_more = "and {} more",
     .open_list = "Tap to open the list.",
     .news = "There is news for you. Tap to read it.",
     .done = "{}: taken care of",
     .trial_title = "This works",
     .trial_body = "This is how a call reaches you.",
     .call = "Call",
     .open = "Open",
     .calling = "I'll call now",
     .in_half_hour = "In 30 minutes",
     .in_two_hours = "In 2 hours",
     .start = "Start",
     .off_today = "Off today"},
    {.language = "hi",
     .replied = "{} ने जवाब दिया",
     .they_called = "{} ने आपको फ़ोन किया",
     .promised = "आपने {} को फ़ोन करने का वादा किया है",
     .retry = "{} को फिर फ़ोन कीजिए",
     .undelivered = "{} को संदेश नहीं मिला",
     .silent = "{} का जवाब नहीं आया",
     .no_warmup = "{} को फ़ोन कीजिए",
     .question = "क्या {} ने रुकने को कहा?",
     .tap_to_call = "फ़ोन करने के लिए टैप करें।",
     .nothing_sent = "आपके बताने तक कुछ नहीं भेजा जाएगा।",
     .somebody = "एक संपर्क",
     .several = "{} लोगों को फ़ोन करना है",
     .and_more = "और {}",
     .open_list = "सूची खोलने के लिए टैप करें।",
     .news = "आपके लिए समाचार है। पढ़ने के लिए टैप करें।",
     .done = "{}: काम हो गया",
     .trial_title = "यह काम करता है",
     .trial_body = "कॉल की सूचना ऐसे आएगी।",
     .call = "फ़ोन करें",
     .open = "खोलें",
     .calling = "अभी फ़ोन",
     .in_half_hour = "30 मिनट में",
     .in_two_hours = "2 घंटे में",
     .start = "शुरू करें",
     .off_today = "आज छुट्टी"},
    {.language = "ar",
     .replied = "ردّ {}",
     .they_called = "اتصل بك {}",
     .promised = "وعدت {} بمكالمة",
     .retry = "حاول الاتصال بـ {} مجددًا",
     .undelivered = "لم تصل الرسالة إلى {}",
     .silent = "لا رد من {}",
     .no_warmup = "اتصل بـ {}",
     .question = "هل طلب {} التوقف؟",
     .tap_to_call = "اضغط للاتصال.",
     .nothing_sent = "لن يُرسل شيء حتى تجيب.",
     .somebody = "جهة اتصال",
     .several = "مكالمات تنتظرك: {}",
     .and_more = "(+{})",
     .open_list = "اضغط لفتح القائمة.",
     .news = "لديك خبر جديد. اضغط للقراءة.",
     .done = "{}: تم",
     .trial_title = "يعمل جيدًا",
     .trial_body = "هكذا تصلك المكالمة.",
     .call = "اتصال",
     .open = "فتح",
     .calling = "سأتصل الآن",
     .in_half_hour = "بعد 30 دقيقة",
     .in_two_hours = "بعد ساعتين",
     .start = "ابدأ",
     .off_today = "إجازة اليوم"},
}};

const Words& in_language(std::string_view language) {
    const auto at = std::ranges::find(all_words, language.substr(0, 2), &Words::language);
    return at == all_words.end() ? all_words.front() : *at;
}

std::string with(std::string_view sentence, std::string_view what) {
    std::string text{sentence};
    if (const auto at = text.find("{}"); at != std::string::npos) {
        text.replace(at, 2, what);
    }
    return text;
}

std::string_view sentence_of(const Words& words, core::PromptKind kind) {
    switch (kind) {
        case core::PromptKind::replied:
            return words.replied;
        case core::PromptKind::they_called:
            return words.they_called;
        case core::PromptKind::promised:
            return words.promised;
        case core::PromptKind::retry:
            return words.retry;
        case core::PromptKind::undelivered:
            return words.undelivered;
        case core::PromptKind::silent:
            return words.silent;
        case core::PromptKind::no_warmup:
            return words.no_warmup;
        case core::PromptKind::unanswered_question:
            return words.question;
    }
    return words.no_warmup;
}

bool is_pressing(core::PromptKind kind) {
    return kind == core::PromptKind::replied || kind == core::PromptKind::promised ||
           kind == core::PromptKind::they_called;
}

std::string phone_of(const core::Contact& contact) {
    const auto at =
        std::ranges::find(contact.addresses, core::AddressKind::phone, &core::Address::kind);
    return at == contact.addresses.end() ? std::string{} : at->value;
}

using LockScreen = core::Rep::LockScreen;

std::string name_for(const Telling& t, const Words& words, const core::Case& subject) {
    return t.rep.lock_screen == LockScreen::no_names ? std::string{words.somebody}
                                                     : core::first_name(subject.contact.name);
}

void say_digest(Said& said, const Telling& t, const Words& words) {
    said.title = with(words.several, std::to_string(t.subjects.size()));
    said.tag = "digest";
    said.pressing = true;
    if (t.rep.lock_screen == LockScreen::no_names) {
        said.body = words.open_list;
        return;
    }
    const std::size_t named = std::min(names_max, t.subjects.size());
    for (std::size_t i = 0; i < named; ++i) {
        said.body += (i == 0 ? "" : ", ") + core::first_name(t.subjects[i].contact.name);
    }
    if (const std::size_t more = t.subjects.size() - named; more > 0) {
        said.body += " " + with(words.and_more, std::to_string(more));
    }
}

void say_prompt(Said& said, const Telling& t, const Words& words, Travels travels) {
    const core::Case& subject = t.subjects.front();
    const auto kind = subject.prompt ? subject.prompt->kind : core::PromptKind::no_warmup;
    said.title = with(sentence_of(words, kind), name_for(t, words, subject));
    said.tag = "prompt-" + std::to_string(t.alert.prompt.value);
    said.pressing = is_pressing(kind);
    said.body =
        kind == core::PromptKind::unanswered_question ? words.nothing_sent : words.tap_to_call;
    if (t.rep.lock_screen == LockScreen::quote && travels == Travels::encrypted && subject.prompt &&
        !subject.prompt->words.empty()) {
        said.body = "“" + core::cut(subject.prompt->words, quote_bytes_max) + "”";
    }
    if (t.rep.lock_screen != LockScreen::no_names &&
        kind != core::PromptKind::unanswered_question) {
        said.phone = phone_of(subject.contact);
    }
}

void say_notice(Said& said, const Telling& t, const Words& words) {
    said.title = t.plan.company.empty() ? "warmcall" : t.plan.company;
    said.body = t.rep.lock_screen == LockScreen::no_names ? std::string{words.news} : t.alert.text;
    said.tag = "notice-" + std::to_string(t.alert.id);
    said.useful_for = notice_useful;
}

std::string_view title_of(std::string_view verb, const Words& words) {
    if (verb == "call") {
        return words.calling;
    }
    if (verb == "snooze") {
        return words.in_half_hour;
    }
    if (verb == "start") {
        return words.start;
    }
    return verb == "off" ? words.off_today : words.in_two_hours;
}

}  // namespace

std::string name_for(const Telling& t, const core::Case& subject) {
    return name_for(t, in_language(t.rep.language), subject);
}

Said say(const Telling& t, Travels travels) {
    const Words& words = in_language(t.rep.language);
    Said said{.link = t.link,
              .call = std::string{words.call},
              .open = std::string{words.open},
              .language = std::string{words.language},
              .right_to_left = words.language == "ar",
              .useful_for = prompt_useful};
    if (t.alert.take_back) {
        said.title = with(words.done, t.subjects.empty() ? words.somebody
                                                         : name_for(t, words, t.subjects.front()));
        said.tag = "prompt-" + std::to_string(t.alert.prompt.value);
    } else if (t.subjects.empty() && t.alert.text.empty()) {
        said.title = words.trial_title;
        said.body = words.trial_body;
        said.tag = "trial";
        said.pressing = true;
    } else if (t.subjects.size() > 1) {
        say_digest(said, t, words);
    } else if (!t.alert.prompt) {
        say_notice(said, t, words);
    } else {
        say_prompt(said, t, words, travels);
    }
    return said;
}

std::string title_of(const Tap& tap, std::string_view language) {
    return std::string{title_of(tap.verb, in_language(language))};
}

std::string digits_of(std::span<const Tap> taps, std::string_view language) {
    std::string text;
    for (std::size_t i = 0; i < taps.size(); ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(i + 1) + " " + title_of(taps[i], language);
    }
    return text;
}

std::optional<core::Duration> retry_after(const HttpResponse& response) {
    const std::string_view said = response.header("Retry-After");
    int seconds = 0;
    const auto [end, error] = std::from_chars(said.data(), said.data() + said.size(), seconds);
    if (said.empty() || error != std::errc{} || end != said.data() + said.size() || seconds < 0) {
        return std::nullopt;
    }
    return std::chrono::seconds{seconds};
}

Told told_by_status(std::string_view service, const HttpResponse& response) {
    const int status = response.status;
    if (status >= 200 && status < 300) {
        return {.kind = Told::Kind::accepted};
    }
    Told told{.sentence = std::string{service} + " answers " + std::to_string(status)};
    if (status == 408 || status == 425 || status == 429 || status >= 500) {
        told.kind = Told::Kind::again;
        told.sentence += ": it is busy, we try again";
        told.retry_after = retry_after(response);
    } else if (status == 401 || status == 403) {
        told.kind = Told::Kind::refused;
        told.sentence += ": the key, or what it may do, is not right";
    } else {
        told.kind = Told::Kind::refused;
    }
    return told;
}

}  // namespace warmcall::notifiers
