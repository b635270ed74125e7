#include "web/page_words.hpp"

#include <spdlog/fmt/fmt.h>
#include <unicode/locid.h>

#include <stdexcept>

#include "core/calendar.hpp"

namespace warmcall::web {

namespace {

struct Entry {
    std::string_view key;
    std::string_view in[3];  // English, Hindi, Arabic
};

constexpr std::string_view languages[] = {"en", "hi", "ar"};

constexpr Entry page_table[] = {
    {"stop_question",
     {"Did {name} ask us to stop?", "क्या {name} ने बंद करने को कहा?", "هل طلب {name} أن نتوقف؟"}},
    {"stop_no", {"No, I will call", "नहीं, मैं कॉल करूँगा", "لا، سأتصل"}},
    {"stop_yes", {"Yes, stop writing", "हाँ, लिखना बंद करें", "نعم، توقفوا عن الكتابة"}},
    {"stop_hint",
     {"Nothing is sent until you say.", "आपके कहने तक कुछ नहीं भेजा जाएगा।", "لا يُرسل شيء حتى تقول."}},
    {"say", {"What to say", "क्या कहें", "ماذا تقول"}},
    {"call", {"Call", "कॉल करें", "اتصل"}},
    {"calling", {"I am calling now", "मैं अभी कॉल कर रहा हूँ", "أتصل الآن"}},
    {"calling_hint",
     {"So that nobody else calls meanwhile.", "ताकि इस बीच कोई और कॉल न करे।",
      "كي لا يتصل غيرك في الأثناء."}},
    {"ring", {"Ring my phone instead", "इसके बजाय मेरा फ़ोन बजाएँ", "رنّ هاتفي بدلًا من ذلك"}},
    {"ring_hint",
     {"Your phone rings first. Press any key, and {name}'s rings.",
      "पहले आपका फ़ोन बजेगा। कोई भी बटन दबाइए, तब {name} का फ़ोन बजेगा।",
      "يرن هاتفك أولًا. اضغط أي زر ليرن هاتف {name}."}},
    {"rings",
     {"Your phone rings now. Press any key, and {name}'s rings.",
      "आपका फ़ोन अभी बजेगा। कोई भी बटन दबाइए, तब {name} का फ़ोन बजेगा।",
      "سيرن هاتفك الآن. اضغط أي زر ليرن هاتف {name}."}},
    {"ring_unknown",
     {"We can't tell whether your phone will ring. It isn't tried again.",
      "पता नहीं चला कि आपका फ़ोन बजेगा या नहीं। दोबारा कोशिश नहीं होगी।",
      "لا نعرف إن كان هاتفك سيرن. لن تُعاد المحاولة."}},
    {"ring_not",
     {"Nobody's phone rings. Call from your own phone.", "किसी का फ़ोन नहीं बजेगा। अपने फ़ोन से कॉल करें।",
      "لن يرن أي هاتف. اتصل من هاتفك."}},
    {"not_called", {"I did not call", "मैंने कॉल नहीं किया", "لم أتصل"}},
    {"ended", {"The call is over", "कॉल पूरी हुई", "انتهت المكالمة"}},
    {"how",
     {"How did it go with {name}?", "{name} से बात कैसी रही?", "كيف كانت المكالمة مع {name}؟"}},
    {"outcome", {"What happened", "क्या हुआ", "ماذا حدث"}},
    {"next", {"Your next action", "आपका अगला क़दम", "خطوتك التالية"}},
    {"another", {"Another time", "कोई और समय", "وقت آخر"}},
    {"topic", {"What to ask next time", "अगली बार क्या पूछें", "عمّ تسأل في المرة القادمة"}},
    {"leave_message",
     {"Nobody answered: send “call me back when you have time”",
      "किसी ने नहीं उठाया: “समय मिले तो कॉल करें” भेजें", "لم يجب أحد: أرسل «اتصل بي عندما يتسع وقتك»"}},
    {"save", {"Save", "सहेजें", "احفظ"}},
    {"save_hint",
     {"Every call ends with a next action that is yours. “They said yes”, “Asked to stop”, “Not "
      "interested” and “Wrong person” need none.",
      "हर कॉल के अंत में अगला क़दम आपका होता है। “उन्होंने हाँ कहा”, “बंद करने को कहा”, “रुचि नहीं” और “ग़लत "
      "व्यक्ति” में इसकी ज़रूरत नहीं।",
      "كل مكالمة تنتهي بخطوة تالية هي لك. «قال نعم» و«طلب التوقف» و«غير مهتم» و«الشخص الخطأ» لا تحتاج "
      "إليها."}},
    {"not_now", {"Not now", "अभी नहीं", "ليس الآن"}},
    {"seen",
     {"I have seen it, no more reminders for now", "मैंने देख लिया, अभी और याद न दिलाएँ",
      "رأيته، لا تذكّرني الآن"}},
    {"console", {"Open the console", "कंसोल खोलें", "افتح لوحة العمل"}},

    // the console's own words
    {"o_talked", {"We talked", "बात हुई", "تحدثنا"}},
    {"o_no_answer", {"No answer", "नहीं उठाया", "لا رد"}},
    {"o_machine", {"Voicemail", "वॉइसमेल", "بريد صوتي"}},
    {"o_busy", {"Busy or declined", "व्यस्त या काट दिया", "مشغول أو رفض"}},
    {"o_callback", {"Asked me to call later", "बाद में कॉल करने को कहा", "طلب الاتصال لاحقًا"}},
    {"o_someone_else", {"Someone else answered", "किसी और ने उठाया", "ردّ شخص آخر"}},
    {"o_won", {"They said yes", "उन्होंने हाँ कहा", "قال نعم"}},
    {"o_stop", {"Asked to stop", "बंद करने को कहा", "طلب التوقف"}},
    {"o_not_interested", {"Not interested", "रुचि नहीं", "غير مهتم"}},
    {"o_wrong_person", {"Wrong person", "ग़लत व्यक्ति", "الشخص الخطأ"}},
    {"o_bad_number", {"Number does not work", "नंबर काम नहीं करता", "الرقم لا يعمل"}},

    {"f_topic", {"From last time", "पिछली बार से", "من المرة السابقة"}},
    {"f_prefers", {"Prefers", "पसंद", "يفضّل"}},
    {"f_lost", {"If lost", "न मिलें तो", "إن لم تجده"}},
    {"f_speaks", {"Speaks", "भाषा", "اللغة"}},
    {"f_message", {"Our message", "हमारा संदेश", "رسالتنا"}},
    {"after", {"after {time}", "{time} के बाद", "بعد {time}"}},
    {"until", {"until {time}", "{time} तक", "حتى {time}"}},
    {"s_none", {"none", "नहीं भेजा", "لم تُرسل"}},
    {"s_queued", {"queued", "भेजा जाने वाला है", "على وشك الإرسال"}},
    {"s_sent", {"sent", "भेजा गया", "أُرسلت"}},
    {"s_delivered", {"delivered", "पहुँचा", "وصلت"}},
    {"s_read", {"read", "पढ़ा गया", "قُرئت"}},
    {"s_replied", {"replied", "जवाब आया", "جاء الرد"}},
    {"s_undeliverable", {"undeliverable", "नहीं पहुँच सका", "تعذّر إيصالها"}},
    {"s_unknown", {"unknown", "शायद भेजा गया", "ربما أُرسلت"}},
    {"s_opted_out", {"opted_out", "बंद करने को कहा", "طلب التوقف"}},

    {"why_replied", {"{name} replied.", "{name} ने जवाब दिया।", "ردّ {name}."}},
    {"why_they_called", {"{name} called you.", "{name} ने आपको कॉल किया।", "اتصل بك {name}."}},
    {"why_promised",
     {"You promised to call {name}.", "आपने {name} को कॉल करने का वादा किया था।",
      "وعدت {name} بالاتصال."}},
    {"why_retry",
     {"Nobody answered last time. Try again.", "पिछली बार किसी ने नहीं उठाया। फिर कोशिश करें।",
      "لم يجب أحد في المرة الماضية. حاول مرة أخرى."}},
    {"why_silent",
     {"No reply came. Call anyway.", "जवाब नहीं आया। फिर भी कॉल करें।",
      "لم يأتِ ردّ. اتصل على أي حال."}},
    {"why_undelivered",
     {"The message could not be delivered. Call anyway.", "संदेश नहीं पहुँच सका। फिर भी कॉल करें।",
      "تعذّر إيصال الرسالة. اتصل على أي حال."}},
    {"why_no_warmup",
     {"No message could be sent first. Call anyway.", "पहले संदेश नहीं भेजा जा सका। फिर भी कॉल करें।",
      "تعذّر إرسال رسالة أولًا. اتصل على أي حال."}},
    {"why_unanswered_question",
     {"{name} may have asked not to get messages.", "शायद {name} ने संदेश न भेजने को कहा है।",
      "ربما طلب {name} ألا تصله رسائل."}},
    {"taken",
     {"{rep} has this one until {time}. You don't have to call.",
      "यह कॉल {time} तक {rep} के पास है। आपको कॉल नहीं करनी है।",
      "هذه المكالمة مع {rep} حتى {time}. لا حاجة أن تتصل."}},

    {"done", {"{name}: this is done", "{name}: यह हो गया", "{name}: تمّ هذا"}},
    {"done_nothing", {"Nothing is left to do here.", "यहाँ करने को कुछ नहीं बचा।", "لم يبقَ شيء هنا."}},
    {"done_next", {"Next: {time}.", "आगे: {time}।", "التالي: {time}."}},
    {"again_title", {"Open the link again", "लिंक फिर से खोलें", "افتح الرابط مرة أخرى"}},
    {"again_text",
     {"This form did not come from warmcall's page, or is old.",
      "यह फ़ॉर्म warmcall के पेज से नहीं आया, या पुराना है।",
      "لم يأتِ هذا النموذج من صفحة warmcall، أو هو قديم."}},
    {"choose_answer",
     {"Answer with one of the two buttons.", "दो में से एक बटन से जवाब दें।", "أجب بأحد الزرين."}},
    {"topic_unfit",
     {"The topic holds a character that cannot be kept.", "विषय में ऐसा अक्षर है जो रखा नहीं जा सकता।",
      "في الموضوع حرف لا يمكن حفظه."}},
    {"choose_outcome", {"Choose what happened.", "बताएँ क्या हुआ।", "اختر ما حدث."}},
    {"choose_next",
     {"Choose your next action: when will you call again?", "अगला क़दम चुनें: फिर कब कॉल करेंगे?",
      "اختر خطوتك التالية: متى تتصل مرة أخرى؟"}},

    {"refused_taken", {"{rep} has this one.", "यह कॉल {rep} के पास है।", "هذه المكالمة مع {rep}."}},
    {"refused_late",
     {"This has been dealt with already.", "यह पहले ही हो चुका है।", "تمّ هذا من قبل."}},
    {"refused_next_action_missing",
     {"Choose a time ahead of now, and not too far away.", "आगे का कोई समय चुनें, बहुत दूर का नहीं।",
      "اختر وقتًا قادمًا غير بعيد جدًا."}},
    {"refused_wrong_phase",
     {"This can't be done just now. What can is on this page.",
      "यह अभी नहीं हो सकता। जो हो सकता है, वह इस पेज पर है।",
      "لا يمكن هذا الآن. ما يمكن فعله تجده في هذه الصفحة."}},
    {"refused",
     {"This can't be done here. Try it in the console.", "यह यहाँ नहीं हो सकता। कंसोल में कोशिश करें।",
      "لا يمكن هذا هنا. جرّبه في لوحة العمل."}},

    {"in_30_min", {"30 min", "30 मिनट", "30 دقيقة"}},
    {"in_2_h", {"2 h", "2 घंटे", "ساعتان"}},
    {"there", {"there", "वहाँ", "هناك"}},
    {"today", {"Today {time}", "आज {time}", "اليوم {time}"}},
    {"tomorrow", {"Tomorrow {time}", "कल {time}", "غدًا {time}"}},
    {"day_0", {"Mon", "सोम", "الاثنين"}},
    {"day_1", {"Tue", "मंगल", "الثلاثاء"}},
    {"day_2", {"Wed", "बुध", "الأربعاء"}},
    {"day_3", {"Thu", "गुरु", "الخميس"}},
    {"day_4", {"Fri", "शुक्र", "الجمعة"}},
    {"day_5", {"Sat", "शनि", "السبت"}},
    {"day_6", {"Sun", "रवि", "الأحد"}},
};

std::string isolated(const std::string& value) {
    return "\u2068" + value + "\u2069";
}

std::string filled(std::string_view text, const std::map<std::string_view, std::string>& values,
                   bool isolate) {
    std::string made;
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        const std::size_t close = open == text.npos ? text.npos : text.find('}', open);
        if (close == text.npos)
            break;
        made += text.substr(0, open);
        const auto value = values.find(text.substr(open + 1, close - open - 1));
        if (value != values.end())
            made += isolate ? isolated(value->second) : value->second;
        text.remove_prefix(close + 1);
    }
    return made += text;
}

}  // namespace

PageWords::PageWords(std::string_view wanted) {
    const std::string_view tongue = wanted.substr(0, wanted.find('-'));
    for (int i = 0; i < 3; ++i)
        if (languages[i] == tongue)
            column_ = i;
}

std::string_view PageWords::language() const {
    return languages[column_];
}

std::string PageWords::say(std::string_view key,
                           const std::map<std::string_view, std::string>& values) const {
    for (const Entry& entry : page_table)
        if (entry.key == key)
            return filled(entry.in[column_], values, !english());
    throw std::logic_error{"no such words: " + std::string{key}};
}

std::string PageWords::clock(core::Timestamp at, std::string_view zone) const {
    const core::LocalTime t = core::local(at, zone);
    return fmt::format("{} {:02}:{:02}", say(fmt::format("day_{}", t.weekday % 7)), t.minutes / 60,
                       t.minutes % 60);
}

std::string PageWords::when(core::Timestamp at, std::string_view zone, core::Timestamp now) const {
    const core::LocalTime then = core::local(at, zone);
    const auto days =
        (std::chrono::sys_days{then.day} - std::chrono::sys_days{core::local(now, zone).day})
            .count();
    const std::string time = fmt::format("{:02}:{:02}", then.minutes / 60, then.minutes % 60);
    if (days == 0 || days == 1)
        return say(days == 0 ? "today" : "tomorrow", {{"time", time}});
    if (days > 1 && days < 7)
        return clock(at, zone);
    return fmt::format("{} {}.{}. {}", say(fmt::format("day_{}", then.weekday % 7)),
                       static_cast<unsigned>(then.day.day()),
                       static_cast<unsigned>(then.day.month()), time);
}

std::string PageWords::name_of_language(const std::string& tag) const {
    icu::UnicodeString name;
    icu::Locale{tag.c_str()}.getDisplayName(icu::Locale{std::string{language()}.c_str()}, name);
    std::string made;
    return name.toUTF8String(made);
}

std::map<std::string, std::string> PageWords::all(const std::string& name) const {
    std::map<std::string, std::string> found;
    for (const Entry& entry : page_table)
        found.emplace("w_" + std::string{entry.key}, say(entry.key, {{"name", name}}));
    return found;
}

}  // namespace warmcall::web
