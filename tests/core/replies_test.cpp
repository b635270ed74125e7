#include "core/replies.hpp"

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "support/catch.hpp"

using namespace warmcall;
using core::normalise;
using std::chrono::year_month_day;
using Kind = core::Reading::Kind;
using namespace std::string_literals;

namespace {

std::string file(const std::filesystem::path& path) {
    std::ifstream in{path};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

const core::ReplyWords& shipped() {
    static const core::ReplyWords words = [] {
        core::ReplyWords all;
        for (const auto& entry :
             std::filesystem::directory_iterator{WARMCALL_SOURCE_DIR "/config/replies"}) {
            const auto read =
                core::read_reply_words(all, file(entry.path()), entry.path().filename().string());
            INFO((read ? "" : read.error().message));
            REQUIRE(read);
        }
        return all;
    }();
    return words;
}

year_month_day day(int y, unsigned m, unsigned d) {
    return {std::chrono::year{y}, std::chrono::month{m}, std::chrono::day{d}};
}

core::Timestamp noon(year_month_day d) {
    return std::chrono::sys_days{d} + std::chrono::hours{12};
}

const core::Timestamp today = noon(day(2026, 11, 22));  // a Sunday

std::string kind(std::string_view text) {
    switch (core::read_reply(shipped(), text, today).kind) {
        case Kind::human:
            return "human";
        case Kind::stop:
            return "stop";
        case Kind::perhaps_stop:
            return "perhaps";
        case Kind::automatic:
            return "automatic";
    }
    return "?";
}

// A file of sentences, one a line; what begins with # is said of them.
std::vector<std::string> sentences(const std::string& name) {
    std::istringstream in{
        file(std::filesystem::path{WARMCALL_SOURCE_DIR "/tests/core/replies"} / name)};
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);)
        if (!line.empty() && !line.starts_with('#'))
            all.push_back(line);
    REQUIRE(all.size() > 60);
    return all;
}

}  // namespace

TEST_CASE("normalising takes away what people and their phones add") {
    CHECK(normalise("  STOP!!! ") == "stop");
    CHECK(normalise("St\u200Bop") == "stop");
    CHECK(normalise("ＳＴＯＰ") == "stop");
    CHECK(normalise("stoр") == "stop");  // a Cyrillic р
    CHECK(normalise("ЅТОР") == "stop");  // Cyrillic through and through
    CHECK(normalise("𝐒𝐓𝐎𝐏") == "stop");  // bold letters out of the symbol keyboard
    CHECK(normalise("Don’t\n\nwrite 🛑 me") == "dont write me");
    CHECK(normalise("🛑✋") == "");
    CHECK(normalise("") == "");
    CHECK(normalise("बंद करो।") == "बंद करो");
    CHECK(normalise("opt-out") == "opt out");
    CHECK(normalise("{{stop}}") == "stop");
}

TEST_CASE("a plain STOP is understood in every shipped language, however it is typed") {
    const auto text = GENERATE(
        as<std::string>{}, "STOP", "stop", "Stop.", "STOP!!!", "stop 🛑", "\"STOP\"", "  stop  ",
        "s t o p", "S.T.O.P.", "st0p", "STOOOP", "stoр", "ЅТОР", "STOP STOP STOP", "Stop please",
        "please stop", "Please STOP, thank you", "ok stop now", "Hi, stop", "stop it", "STOPALL",
        "stop all", "UNSUBSCRIBE", "unsubscribe me please", "END", "quit", "Cancel", "REVOKE",
        "opt out", "opt-out", "OPTOUT", "OPT OUT please", "remove", "remove me", "leave me alone",
        "ARRET", "TD", "no more messages please", "stop unsubscribe", "baja", "BAJA", "alto",
        "parar", "¡Basta!", "cancelar", "no más", "no mas", "Darme de baja por favor", "sair",
        "SAIR", "pare", "remover", "descadastrar", "arrêt", "Arrêtez svp", "désabonner",
        "desabonner", "Désinscrire", "stopp", "Stopp!", "abmelden", "ABMELDEN bitte", "abbestellen",
        "aufhören", "Schluss jetzt", "cancella", "disiscrivi", "basta", "توقف", "إيقاف", "الغاء",
        "إلغاء الاشتراك", "توقف من فضلك", "बंद करो", "बंद करो!", "रोकें", "मैसेज मत भेजो", "कृपया बंद करो",
        "band karo", "Band Karo bhai", "rok do", "message mat bhejo", "mat karo",
        "msg band karo plz", "стоп", "СТОП!", "Отпишите меня, пожалуйста", "afmelden",
        "Afmelden aub", "berhenti", "Tolong berhenti", "dur", "İptal", "lütfen iptal");
    INFO(text);
    CHECK(kind(text) == "stop");
}

TEST_CASE("a sentence that plainly asks to be left alone is a STOP") {
    const auto text = GENERATE(
        as<std::string>{}, "Don't message me again", "please do not contact me anymore",
        "Take me off your list", "take my number off this list right now", "I said stop texting me",
        "Hi Max, I'm busy these days. Please stop messaging me.", "No. Don't text me.",
        "no don’t message me", "Remove my number from your system",
        "I don't want to receive these messages", "I no longer wish to receive messages from you",
        "lose my number", "I want to opt out of this", "you should unsubscribe me from everything",
        "No me escribas más por favor, gracias", "Quiero que me dejen: dame de baja ya mismo",
        "deje de escribirme señor", "Por favor, não me mande mais mensagens",
        "pare de me mandar mensagem", "não quero mais receber nada de vocês",
        "Merci de ne plus recevoir vos messages", "Je ne souhaite plus recevoir de messages",
        "arrêtez de m'écrire", "Bitte schreiben Sie mir nicht mehr", "Löschen Sie meine Nummer",
        "nehmen Sie mich aus dem Verteiler", "per favore non scrivermi più",
        "non voglio più ricevere messaggi", "من فضلك لا ترسل لي رسائل", "توقف عن مراسلتي",
        "मुझे मैसेज मत भेजो यार", "आप मैसेज भेजना बंद कीजिए", "bhai mujhe message mat bhejo",
        "mera number hata do please");
    INFO(text);
    CHECK(kind(text) == "stop");
}

TEST_CASE("where a word may mean stop or something else, the rep is asked") {
    const auto text = GENERATE(
        as<std::string>{}, "stop by at 5", "non-stop rain", "can't stop smiling",
        "we have got to STOP this bill", "Please don't stop messaging me",
        "I had to cancel my trip, sorry", "I quit my job last week!",
        "they should remove that tree", "why would I unsubscribe?", "I thought about opting out",
        "la inflación baja otra vez", "basta con eso, hablamos luego", "vou cancelar a viagem",
        "il faut arrêter de fumer", "ich muss mit dem Rauchen aufhören",
        "bas ab ye band karo aur ghar aao", "पंखा बंद करो", "🛑", "✋", "🚫", "✋✋", "busy 🛑",
        "I will report you", "who gave you my number?");
    INFO(text);
    CHECK(kind(text) == "perhaps");
}

TEST_CASE("who asks to be left alone in whatever form is at least asked about") {
    const auto text = GENERATE(
        as<std::string>{}, "Do not call me", "Take me out of your list", "I don't want messages",
        "I don't want to be contacted", "please take my name off your list", "No me escriban",
        "No me manden mensajes", "No quiero mensajes", "Quitenme de la lista",
        "Por favor no me llamen", "no quiero que me contacten", "Não me mandem mensagens",
        "Não quero mensagens", "não me liguem", "Ne m'envoyez pas de messages",
        "Plus de message svp", "ne m'appelez plus jamais", "laissez moi tranquille svp",
        "Bitte schreiben Sie mir nicht", "Lasst mich in Ruhe", "Ruft mich nicht mehr an",
        "Ich will keine Nachrichten", "Non mi scriva", "Non mandatemi messaggi",
        "non voglio essere contattato", "Stuur geen berichten", "bel me niet meer", "Bana yazmayın",
        "Mesaj istemiyorum", "beni aramayın lütfen", "Удалите меня из базы", "Не надо мне писать",
        "не звоните мне", "Tolong jangan chat saya lagi", "jangan hubungi nomor ini",
        "الرجاء عدم الإرسال", "وقف الرسائل", "لا تتصلوا بي", "mujhe msg mat karna",
        "मुझे मैसेज मत करना", "mujhe call mat karo bhai");
    INFO(text);
    const std::string found = kind(text);
    CHECK((found == "perhaps" || found == "stop"));
}

TEST_CASE("none of five hundred ways to ask for quiet in twelve languages passes as a reply") {
    for (const std::string& text : sentences("asked_to_stop.txt")) {
        INFO(text);
        const std::string found = kind(text);
        CHECK((found == "perhaps" || found == "stop"));
    }
}

TEST_CASE("who answers opts out of nothing, whatever words are in it") {
    for (const std::string& text : sentences("answered.txt")) {
        INFO(text);
        CHECK(kind(text) != "stop");
    }
}

TEST_CASE("please and thank you change nothing about a STOP, wherever they stand") {
    const auto text =
        GENERATE(as<std::string>{}, "Schreiben Sie mir bitte nicht mehr",
                 "Kontaktieren Sie mich bitte nicht mehr", "Löschen Sie bitte meine Nummer",
                 "Удалите, пожалуйста, мой номер", "schrijf me alstublieft uit",
                 "no me escriban por favor más", "मैसेज बंद कर दीजिए", "message band kar dijiye");
    INFO(text);
    CHECK(kind(text) == "stop");
}

TEST_CASE("a wish for another hour or place is asked about, and opts nobody out") {
    const auto text = GENERATE(
        as<std::string>{}, "Don't text me at work, call me after six please",
        "please do not contact me before Monday", "don't message me while I'm driving",
        "don't text me today", "stop calling me at night", "don't send me messages until Friday",
        "Bitte schreiben Sie mir nicht mehr vor acht", "no me escriban más hasta el lunes",
        "ne m'écrivez plus avant lundi", "Не пишите мне больше до обеда");
    INFO(text);
    CHECK(kind(text) == "perhaps");
}

TEST_CASE("what a person says is a person's reply") {
    const auto text = GENERATE(
        as<std::string>{}, "Fine, thanks! And you?", "no", "No", "nope", "yes", "ok", "Thanks",
        "please", "👍", "👎", "❤️", "✋ hi there!", "START", "start", "Who is this?",
        "I'm not interested", "see you at the end of the week", "In the end it all worked out",
        "my band plays tonight", "mera music band kal gig hai", "bahut badhiya, aap kaise hain?",
        "मैं ठीक हूँ, आप कैसे हैं?", "vou sair agora, falamos depois", "para mim está ótimo",
        "estoy en Alto Palermo", "muy bien, gracias por preguntar", "ça va bien, merci, et vous ?",
        "Mir geht es gut, und Ihnen?", "tutto bene, grazie", "الحمد لله بخير", "call me at 5",
        "unstoppable!", "nonstop work here", "weekend was great",
        "I was out of office last week, sorry! All good.", "Thanks for reaching out, all good here",
        "", "   ", "...", "123", "Hi Max! I went on vacation, it was great. How are you?",
        "I'm driving, talk later", "lo siento, estaba de viaje", "всё хорошо, спасибо",
        "met mij gaat het goed", "kabar baik, terima kasih", "iyiyim, durum güzel",
        "das ist das Ende vom Lied", "fin de semana genial", "You can call me after six",
        "I don't want to bother you, call whenever", "Mi scriva pure domani",
        "mi chiamo Anna, non mi ricordo di voi", "No me acuerdo, ¿quién es?",
        "no me digas, qué bien", "Não me lembro de você", "je ne me souviens pas de vous",
        "Schreiben Sie mir gern morgen", "ich bin in Ruhe zu Hause", "bel me morgen maar",
        "напишите мне завтра", "bana yarın yaz", "chat saya besok ya", "mujhe kal call karo",
        "मुझे कल फोन करना", "call me at work", "text me before you come");
    INFO(text);
    CHECK(kind(text) == "human");
}

TEST_CASE("an automatic reply is no reply") {
    const auto text = GENERATE(
        as<std::string>{}, "I'm out of office until 3 March", "Automatic reply: I am away.",
        "Thank you for contacting Blue Dental! Please let us know how we can help you.",
        "Thank you for contacting ACME, we'll get back to you.",
        "Thanks for your message. We're unavailable right now, but will respond as soon as "
        "possible.",
        "Hi, I am on annual leave until 5 January. For urgent matters call me on my mobile.",
        "This is an automated message. Reply STOP to unsubscribe.",
        "I'm driving with Do Not Disturb While Driving turned on. I'll see your message when I get "
        "where I'm going.",
        "Gracias por contactar con nosotros. Te responderemos pronto.",
        "Gracias por comunicarte con Ferretería Sol",
        "Agradecemos sua mensagem. Não estamos disponíveis no momento.",
        "Merci de nous avoir contactés. Nous vous répondrons dès que possible.",
        "Je suis absent du bureau jusqu'au 3 mars",
        "Abwesenheitsnotiz: Ich bin im Urlaub bis 3. März.",
        "Vielen Dank für Ihre Nachricht! Wir melden uns schnellstmöglich.",
        "Grazie per averci contattato", "شكرا لتواصلك معنا، سنرد عليك قريبا",
        "संपर्क करने के लिए धन्यवाद। हम जल्द ही आपसे संपर्क करेंगे।", "Sampark karne ke liye dhanyavad");
    INFO(text);
    CHECK(kind(text) == "automatic");
}

TEST_CASE("an automatic reply that asks to stop is for the rep to judge") {
    CHECK(kind("Automatic reply: please remove me from your list") == "perhaps");
    CHECK(kind("I'm on leave until Monday. Stop.") == "perhaps");
    CHECK(kind("Please don't call me, we will get back to you") == "perhaps");
    CHECK(kind("We are closed. Please do not contact us on this number.") == "perhaps");
}

TEST_CASE("an automatic reply may say how one stops it, or cancels something, and asks nothing") {
    const auto text =
        GENERATE(as<std::string>{}, "This is an automated message. Reply STOP to unsubscribe.",
                 "Thank you for contacting Blue Dental! To cancel an appointment call the desk.",
                 "Thanks for contacting us. Text STOP to opt out.",
                 "Automatische Antwort. Antworten Sie mit STOP, um sich abzumelden.",
                 "Mensaje automático. Responda BAJA para darse de baja.",
                 "Réponse automatique. Répondez STOP pour vous désabonner.");
    INFO(text);
    CHECK(kind(text) == "automatic");
}

TEST_CASE("what people say of themselves is no machine, though machines say it as well") {
    const auto text = GENERATE(
        as<std::string>{}, "Alles bestens, wir melden uns nächste Woche",
        "Great! Currently out of town with the kids", "Estaré ausente mañana pero hoy puedo hablar",
        "je suis absente ce matin, appelez-moi cet après-midi", "izindeyim, her şey yolunda",
        "chutti par hu, kal call karo", "sono in ferie, tutto ok, chiamami pure",
        "Bin derzeit nicht so fit, ruf gern an", "entraremos em contato semana que vem");
    INFO(text);
    CHECK(kind(text) == "human");
}

TEST_CASE("the last day away is read from the text") {
    const auto [text, expected] = GENERATE(table<std::string, year_month_day>({
        {"I'm out of office until 3 March", day(2027, 3, 3)},
        {"out of office until March 3rd", day(2027, 3, 3)},
        {"Out of office till Mar. 3", day(2027, 3, 3)},
        {"away until the 3rd of March 2027", day(2027, 3, 3)},
        {"away until 2026-12-03", day(2026, 12, 3)},
        {"away until 03/12", day(2026, 12, 3)},
        {"away until 12/25", day(2026, 12, 25)},
        {"away until 03/12/2026", day(2026, 12, 3)},
        {"away until 3.12.26", day(2026, 12, 3)},
        {"away until 3-12-2026", day(2026, 12, 3)},
        {"away until today, 22 November", day(2026, 11, 22)},
        {"back on 4 March", day(2027, 3, 3)},
        {"I return on January 5, 2027", day(2027, 1, 4)},
        {"I am back on Monday 30 November", day(2026, 11, 29)},
        {"on leave from 20 November to 30 November", day(2026, 11, 30)},
        {"on leave from 1 November to 30 November", day(2026, 11, 30)},
        {"on leave 20 Nov - 2 Jan", day(2027, 1, 2)},
        {"away until Friday", day(2026, 11, 27)},
        {"back on Monday", day(2026, 11, 22)},
        {"estaré de vacaciones hasta el 3 de marzo", day(2027, 3, 3)},
        {"de vacaciones del 20 de noviembre al 4 de enero de 2027", day(2027, 1, 4)},
        {"until 12/05.", day(2026, 12, 5)},
        {"until 05/12.", day(2026, 12, 5)},
        {"closed on 24 November", day(2026, 11, 24)},
        {"closed 23-27 November", day(2026, 11, 27)},
        {"closed 23/11 - 27/11", day(2026, 11, 27)},
        {"vom 23.11. bis 27.11. geschlossen", day(2026, 11, 27)},
        {"vom 23. – 27. November", day(2026, 11, 27)},
        {"afwezig tot 3-12-2026", day(2026, 12, 3)},
        {"в отпуске до 03.12.", day(2026, 12, 3)},
        {"sedang cuti sampai 3/12", day(2026, 12, 3)},
        {"03.12.'ye kadar izindeyim", day(2026, 12, 3)},
        {"We reopen soon and are open 24/7; I am away until 3 December", day(2026, 12, 3)},
        {"absent jusqu'au 1er février", day(2027, 2, 1)},
        {"de retour le 4 janvier", day(2027, 1, 3)},
        {"im Urlaub bis 3. März", day(2027, 3, 3)},
        {"bis einschließlich 03.12.", day(2026, 12, 3)},
        {"ab dem 4. Januar wieder erreichbar", day(2027, 1, 3)},
        {"bis Freitag nicht da", day(2026, 11, 27)},
        {"मैं 3 मार्च तक छुट्टी पर हूँ", day(2027, 3, 3)},
        {"मैं ३ मार्च तक छुट्टी पर हूँ", day(2027, 3, 3)},
        {"main 3 march tak chutti par hoon", day(2027, 3, 3)},
        {"सोमवार तक बाहर हूँ", day(2026, 11, 23)},
    }));
    INFO(text);
    const auto away = core::away_until(text, today);
    REQUIRE(away);
    CHECK(*away == expected);
}

TEST_CASE("a text without a day, or with one that is past or far off, tells no day") {
    for (const std::string text :
         {"I'm out of office", "away until further notice", "I was away until 3 October",
          "away until 31 February", "away until 45/12", "office hours 9-17", "call +1 202 555 0123",
          "open 10.30 to 18.30", "back at 5", "until 2", "on Monday we are closed", "",
          "until 99999999999999999999 March", "until 2026-13-45"}) {
        INFO(text);
        CHECK_FALSE(core::away_until(text, today));
    }
}

TEST_CASE("a phone number, opening hours and a holiday weeks ahead are no absence") {
    const core::Timestamp early = noon(day(2026, 11, 2));
    for (const std::string text :
         {"Our hotline is open 24/7.", "You can always talk to us 24/7", "Tel. 030/12 345 67",
          "Your ticket is 2026-12-03", "Invoice 03/12/2026 is paid", "Call 03/12 34 56",
          "We will be closed on 25 December", "We are closed from 24 December to 2 January",
          "closed 24-26 December", "closed 24/12 - 2/1", "Mon - Fri 9-17"}) {
        INFO(text);
        CHECK_FALSE(core::away_until(text, early));
    }
    CHECK_FALSE(core::away_until("Our hotline is open 24/7.", noon(day(2026, 5, 4))));
}

TEST_CASE("an automatic reply carries its day") {
    const auto reading =
        core::read_reply(shipped(), "Automatic reply: I am on leave until 3 March.", today);
    CHECK(reading.kind == Kind::automatic);
    CHECK(reading.away_until == day(2027, 3, 3));
    CHECK_FALSE(core::read_reply(shipped(), "Fine, thanks, talk on 3 March!", today).away_until);
}

TEST_CASE("hostile text is read like any other") {
    CHECK(kind(std::string(100'000, 'a')) == "human");
    CHECK(kind(std::string(100'000, '0')) == "human");
    std::string stops;
    for (int i = 0; i < 20'000; ++i)
        stops += "stop ";
    CHECK(kind(stops) == "perhaps");
    CHECK(kind("\xFF\xFE stop \xFF") == "stop");
    CHECK(kind("{{stop}}") == "stop");
    CHECK(kind("sto\0p\0"s.substr(0, 3)) == "human");
}

TEST_CASE("a mistake in the words names file and line") {
    core::ReplyWords words;
    const auto error = [&](const std::string& toml) {
        const auto read = core::read_reply_words(words, toml, "xx.toml");
        return read ? std::string{"no error"} : read.error().message;
    };
    CHECK(error("stop = [\"halt\"]\nstpo = []\n")
              .starts_with("xx.toml:2: unknown key \"stpo\"; expected one of stop,"));
    CHECK(words.stop.sorted().empty());  // nothing of a bad file is taken
    CHECK(error("stop = \"halt\"\n") == "xx.toml:1: expected a list in [ ], found a text");
    CHECK(error("stop = [\n\"halt\",\n5]\n") ==
          "xx.toml:3: expected a text in quotes, found a number");
    CHECK(error("stop = [\n\"!!!\"]\n") ==
          "xx.toml:2: expected words, found nothing but punctuation");
    CHECK(error("stop = [\"no wr*\"]\n") ==
          "xx.toml:1: a * may end a phrase of two words or more in stop_hints only");
    CHECK(error("stop_hints = [\"wr*\"]\n") ==
          "xx.toml:1: a * may end a phrase of two words or more in stop_hints only");
    CHECK(error("stop_hints = [\"don't wr*\"]\n") == "no error");
    CHECK(core::read_reply(words, "please don't write", today).kind == Kind::perhaps_stop);
    CHECK(core::read_reply(words, "please don't cry", today).kind == Kind::human);
    CHECK(error("stop = [\"Halt!\"]\n") == "no error");
    CHECK(words.stop.sorted() == std::vector<std::string>{"halt"});
    CHECK(core::read_reply(words, "HALT", today).kind == Kind::stop);
}

TEST_CASE("no bytes at all upset the readers") {
    std::mt19937 random{11};
    const std::vector<std::string> bits{"stop",  "until ", "3",   "/",      "12",   ".",
                                        "march", " ",      "{{",  "}}",     "\xE0", "\xA4",
                                        "\xFF",  "बंद",     "करो", "\n",     "-",    "2026",
                                        "🛑",    "\u200D", "'",   "please", "\0"s};
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (auto n = random() % 12; n > 0; --n)
            text += bits[random() % bits.size()];
        const auto reading = core::read_reply(shipped(), text, today);
        if (reading.away_until)
            CHECK(reading.away_until->ok());
        CHECK(normalise(normalise(text)) == normalise(text));
    }
}
