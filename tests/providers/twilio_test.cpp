// What is particular to Twilio: who sends, templates, STOP, its list, and its table of errors.

#include "golden.hpp"
#include "providers/twilio_errors.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using golden::Json;

namespace {

const Provider& sms() {
    return golden::provider("twilio_sms");
}
const Provider& whatsapp() {
    return golden::provider("twilio_whatsapp");
}

Outbound hello() {
    Outbound message;
    message.to = {core::AddressKind::phone, "+61491570156"};
    message.text = "Hello";
    return message;
}

Outbound from_template(std::string name) {
    Outbound message = hello();
    message.template_name = std::move(name);
    message.template_language = "en";
    message.parameters = {{"name", "Ines"}};
    return message;
}

std::string complaint(std::string_view provider, void (*change)(Account&)) {
    Account account = golden::account(provider);
    change(account);
    const auto sentences = golden::provider(provider).check(account);
    REQUIRE(sentences.size() == 1);
    CHECK(sentences[0].find("invented") == std::string::npos);
    return sentences[0];
}

Answer answer_with(int code, int status = 400) {
    return sms().read_send(golden::account("twilio_sms"),
                           {status, {}, R"({"code":)" + std::to_string(code) + "}"});
}

std::vector<Inbound> arrived(const std::vector<Header>& form) {
    HttpRequest request{"POST", "/webhooks/main", {}, encode_form(form), golden::now};
    const auto found = sms().parse(golden::account("twilio_sms"), request);
    REQUIRE(found);
    return *found;
}

}  // namespace

TEST_CASE("a delivery is answered with nothing that could reach the customer") {
    const HttpResponse answer = sms().received(golden::account("twilio_sms"));
    CHECK(answer.status == 200);
    CHECK(answer.header("Content-Type") == "text/xml; charset=utf-8");
    CHECK(answer.body == "<Response></Response>");
}

TEST_CASE("what Twilio took for STOP counts, whatever the word was, and their words are kept") {
    using Choice = core::MarketingPreference::Choice;
    const auto found =
        arrived({{"AccountSid", golden::account("twilio_sms").settings["account_sid"]},
                 {"MessageSid", "SM1"},
                 {"From", "+61491570156"},
                 {"Body", "ARRET"},
                 {"OptOutType", "STOP"}});
    REQUIRE(found.size() == 2);
    CHECK(std::get<InPreference>(found[0].what).choice == Choice::stop);
    CHECK(std::get<InReply>(found[1].what).words == "ARRET");
    CHECK(found[0].key != found[1].key);
    CHECK(found[0].who == found[1].who);
}

TEST_CASE("Twilio answers STOP itself on SMS, and leaves it to us on WhatsApp") {
    const auto confirmed = [](const Provider& provider, std::string_view from, std::string words,
                              std::string opt_out_type) {
        const Account account = golden::account(provider.name);
        std::vector<Header> form{{"AccountSid", account.settings.at("account_sid")},
                                 {"MessageSid", "SM1"},
                                 {"From", std::string{from}},
                                 {"Body", std::move(words)}};
        if (!opt_out_type.empty())
            form.push_back({"OptOutType", std::move(opt_out_type)});
        const auto found =
            provider.parse(account, {"POST", "/webhooks/main", {}, encode_form(form), golden::now});
        REQUIRE(found);
        return std::get<InReply>(found->back().what).confirmed_stop;
    };
    const std::string_view number = "+61491570156", user = "whatsapp:+61491570156";
    CHECK(confirmed(sms(), number, "STOP", ""));
    CHECK(confirmed(sms(), number, " stop\n", ""));
    CHECK(confirmed(sms(), number, "Unsubscribe", ""));
    CHECK(confirmed(sms(), number, "ARRET", "STOP"));
    CHECK_FALSE(confirmed(sms(), number, "take me off your list", ""));
    CHECK_FALSE(confirmed(sms(), number, "Please stop writing to me", ""));
    CHECK_FALSE(confirmed(sms(), number, "START", "START"));
    CHECK_FALSE(confirmed(whatsapp(), user, "STOP", ""));
    CHECK(sms().medium == core::Medium::sms);
    CHECK(whatsapp().medium == core::Medium::whatsapp);
}

TEST_CASE(
    "a text in the language of one country is found at Twilio under the key that submit names") {
    Account account = golden::account("twilio_whatsapp");
    Outbound message;
    message.to = {core::AddressKind::phone, "+61491570156"};
    message.template_name = "wellbeing";
    for (const char* language : {"pt-BR", "pt_BR"}) {
        INFO(language);
        message.template_language = language;
        account.settings.erase("content_wellbeing_pt_BR");
        const auto missing = whatsapp().unfit(account, message);
        REQUIRE(missing);
        CHECK(missing->find("content_wellbeing_pt_BR") != std::string::npos);
        const std::string sid = "HX" + std::string(32, '9');
        account.settings["content_wellbeing_pt_BR"] = sid;
        CHECK_FALSE(whatsapp().unfit(account, message));
        CHECK(whatsapp().build_send(account, message).body.find(sid) != std::string::npos);
    }
}

TEST_CASE("a message found in the list has the key its webhook had") {
    const std::string sid = "SM" + std::string(32, 'a');
    const Account account = golden::account("twilio_sms");
    const auto came = arrived({{"AccountSid", account.settings.at("account_sid")},
                               {"MessageSid", sid},
                               {"From", "+61491570156"},
                               {"Body", "hello"}});
    const auto page = sms().read_missed(
        account, golden::now,
        {200,
         {},
         R"({"messages":[{"sid":")" + sid +
             R"(","direction":"inbound","from":"+61491570156","body":"hello","num_media":"0",)"
             R"("date_sent":"Tue, 03 Feb 2026 10:00:00 +0000"}]})"});
    REQUIRE(page);
    REQUIRE(page->found.size() == 1);
    CHECK(page->found[0].key == came[0].key);
    CHECK(std::get<InReply>(page->found[0].what).words == "hello");
}

TEST_CASE("what came to other numbers and services of the account is not ours") {
    const std::string ours = "MG00000000000000000000000000000002";
    const auto missed = [](std::string_view name, const Account& account, std::string_view from,
                           const std::string& service) {
        golden::Json row{{"sid", "SM1"},
                         {"direction", "inbound"},
                         {"from", from},
                         {"body", "hello"},
                         {"date_sent", "Tue, 03 Feb 2026 10:05:00 +0000"}};
        if (!service.empty())
            row["messaging_service_sid"] = service;
        const golden::Json list{{"messages", golden::Json::array({row})}};
        const auto page =
            golden::provider(name).read_missed(account, golden::now, {200, {}, list.dump()});
        REQUIRE(page);
        return page->found.size();
    };
    for (const char* name : {"twilio_sms", "twilio_whatsapp"}) {
        INFO(name);
        const std::string from =
            std::string{name == std::string_view{"twilio_sms"} ? "" : "whatsapp:"} + "+61491570156";
        Account account = golden::account(name);
        account.settings.erase("from");
        account.settings["messaging_service_sid"] = ours;
        CHECK(missed(name, account, from, ours) == 1);
        CHECK(missed(name, account, from, "") == 0);
        CHECK(missed(name, account, from, "MG" + std::string(32, 'f')) == 0);
        account.settings["from"] = "+12025550101";  // the list is asked for by our number
        CHECK(missed(name, account, from, "") == 1);
    }
    Account account = golden::account("twilio_sms");
    account.settings.erase("messaging_service_sid");
    account.settings["from"] = "12345";
    CHECK(sms().build_missed(account, golden::now, "").url.find("?To=12345&") != std::string::npos);
    CHECK(missed("twilio_sms", account, "+61491570156", "") == 1);
    account.settings["from"] = "KESTREL";  // nobody can answer a name
    CHECK(missed("twilio_sms", account, "+61491570156", "") == 0);
}

TEST_CASE("a template that nobody can get any more is known by its code") {
    for (const int code : {63027, 63041})
        CHECK(whatsapp().meaning(code).template_is == core::TemplateStatus::paused);
    for (const int code : {63028, 63016, 21211})
        CHECK(whatsapp().meaning(code).template_is == core::TemplateStatus::unknown);
}

TEST_CASE("a text is found in the list by its words, and an empty one by nothing") {
    const auto same_text = [](std::string ours, const std::string& theirs) {
        UnknownSend unknown{hello(), golden::now, golden::now};
        unknown.message.text = std::move(ours);
        const auto page = sms().read_lookup(
            golden::account("twilio_sms"), unknown,
            {200,
             {},
             R"({"messages":[{"sid":"SM1","direction":"outbound-api","status":"sent","body":")" +
                 theirs + R"(","date_created":"Tue, 03 Feb 2026 10:00:00 +0000"}]})"});
        REQUIRE(page);
        REQUIRE(page->found.size() == 1);
        return page->found[0].same_text;
    };
    CHECK(same_text("Hello", "Hello"));
    CHECK_FALSE(same_text("Hello", "Hello!"));
    CHECK_FALSE(same_text("", "anything"));
}

TEST_CASE("a WhatsApp template without its Content SID is known to be unfit before it is sent") {
    const Account account = golden::account("twilio_whatsapp");
    CHECK_FALSE(whatsapp().unfit(account, from_template("wellbeing_check_v3")));
    CHECK_FALSE(whatsapp().unfit(account, from_template("HX" + std::string(32, '0'))));
    CHECK_FALSE(whatsapp().unfit(account, hello()));
    const auto unfit = whatsapp().unfit(account, from_template("another"));
    REQUIRE(unfit);
    CHECK(unfit->find("content_another_en") != std::string::npos);
    CHECK_FALSE(sms().unfit(golden::account("twilio_sms"), from_template("another")));
}

TEST_CASE("a text longer than Twilio takes is known to be unfit, and its words are not shown") {
    const Account account = golden::account("twilio_sms");
    Outbound message = hello();
    message.text.clear();
    for (int i = 0; i < 1'600; ++i)
        message.text += "é";
    CHECK_FALSE(sms().unfit(account, message));
    message.text += "é";
    const auto unfit = sms().unfit(account, message);
    REQUIRE(unfit);
    CHECK(unfit->find("1601 characters") != std::string::npos);
    CHECK(unfit->find("é") == std::string::npos);
}

TEST_CASE("an address is written with its plus and, on WhatsApp, its mark") {
    const auto to = [](const Provider& provider, std::string_view name, core::Address address) {
        Outbound message = hello();
        message.to = std::move(address);
        const auto form = decode_form(provider.build_send(golden::account(name), message).body);
        return form.front();
    };
    using core::AddressKind;
    CHECK(to(sms(), "twilio_sms", {AddressKind::phone, "+61491570156"}) ==
          Header{"To", "+61491570156"});
    CHECK(to(whatsapp(), "twilio_whatsapp", {AddressKind::whatsapp, "61491570156"}) ==
          Header{"To", "whatsapp:+61491570156"});
    CHECK(to(whatsapp(), "twilio_whatsapp", {AddressKind::whatsapp_user, "AU.WARM1"}) ==
          Header{"To", "whatsapp:AU.WARM1"});
}

TEST_CASE("what a Twilio account has wrong is named, and a secret is never shown") {
    CHECK(complaint("twilio_sms", [](Account& a) {
              a.settings["account_sid"] = "+12025550101";
          }).starts_with("account_sid must be AC"));
    CHECK(complaint("twilio_sms", [](Account& a) {
              a.settings["from"] = "a name of many letters";
          }).starts_with("from must be"));
    CHECK(complaint("twilio_sms", [](Account& a) {
              a.settings.erase("from");
          }).starts_with("from is missing"));
    CHECK(complaint("twilio_sms", [](Account& a) {
              a.settings["messaging_service_sid"] = "MG1";
          }).starts_with("messaging_service_sid must be MG"));
    CHECK(complaint("twilio_sms", [](Account& a) {
              a.settings["api_key_sid"] = "SK" + std::string(32, '0');
          }).starts_with("api_key_secret is missing"));
    CHECK(complaint("twilio_sms", [](Account& a) {
              a.secrets["auth_token"].resize(3, Secret{"invented"});
          }).starts_with("auth_token is given 3 times"));
    CHECK(complaint("twilio_sms", [](Account& a) {
              a.settings["content_x_en"] = "HX" + std::string(32, '0');
          }).starts_with("content_x_en is not a key"));
    CHECK(complaint("twilio_whatsapp", [](Account& a) {
              a.settings["content_x_en"] = "x";
          }).starts_with("content_x_en must be HX"));
    CHECK(complaint("twilio_whatsapp", [](Account& a) {
              a.settings["from"] = "KESTREL";
          }).starts_with("from must be the WhatsApp sender's number"));
}

TEST_CASE("both tokens are good while one is being replaced") {
    HttpRequest request = golden::request_from(
        Json::parse(golden::read(golden::files_of("twilio_sms", "").back()))[0].at("request"));
    Account account = golden::account("twilio_sms");
    REQUIRE(sms().authentic(account, request));
    account.secrets["auth_token"].insert(account.secrets["auth_token"].begin(),
                                         Secret{"new-token"});
    CHECK(sms().authentic(account, request));
    account.secrets["auth_token"].pop_back();
    CHECK_FALSE(sms().authentic(account, request));
}

TEST_CASE("every error of Twilio's has a sentence for the rep and means what PROVIDERS.md says") {
    using enum core::FailureClass;
    for (const ProviderError& error : twilio_errors)
        CHECK(error.sentence.size() > 20);
    const std::pair<core::FailureClass, std::vector<int>> meanings[] = {
        {config,
         {20003, 20404, 21606, 21603, 21212, 21701, 21703, 21704, 21705, 21608, 30002, 30032, 30034,
          63001, 63002, 63007, 63008, 63015, 63051}},
        {slow_down, {20429, 21611, 30001, 30022, 30023, 30027, 30450, 63017, 63018, 63026, 63038}},
        {retry, {20500, 20503, 30003, 30008, 30017, 30610, 63009, 63010, 63012}},
        {permanent, {21211, 21217, 21604, 21612, 21614, 63024, 63003, 21408, 21602,
                     21617, 21619, 21620, 21623, 21655, 21656, 63028, 30004, 30005,
                     30006, 30007, 30036, 35111, 35118, 35125, 63032, 63049}},
        {suppress, {21610, 63014, 63033}},
        {template_fault, {63005, 63006, 63013, 63021, 63030, 63040, 63027, 63029, 63041}},
        {needs_window, {63016}}};
    for (const auto& [kind, codes] : meanings)
        for (const int code : codes) {
            INFO(code);
            const Answer answer = answer_with(code);
            CHECK(answer.kind == Answer::Kind::refused);
            CHECK(answer.failure == kind);
            CHECK(answer.code == code);
        }
    for (const int code : {-1, 1, 21409, 30009, 63052})
        CHECK(find_error(twilio_errors, code) == nullptr);
}

TEST_CASE("no sentence about a refusal repeats Twilio's own words, which hold the number") {
    const Answer answer = sms().read_send(
        golden::account("twilio_sms"),
        {400, {}, R"({"code":99999,"message":"The 'To' number +61491570156 is not a number"})"});
    CHECK(answer.sentence.find("61491570156") == std::string::npos);
    CHECK(answer.code == 0 + 99999);
}

TEST_CASE("Twilio's probe asks for one line of the list, and is content when it gets a list") {
    const Account account = golden::account("twilio_whatsapp");
    const HttpRequest probe = whatsapp().build_probe(account, golden::now);
    CHECK(probe.method == "GET");
    CHECK(probe.url.ends_with("/Messages.json?PageSize=1"));
    CHECK(probe.header("Authorization").starts_with("Basic U0sw"));  // SK0…: the API key
    CHECK_FALSE(whatsapp().read_probe(account, {200, {}, R"({"messages":[]})"}));
    CHECK(whatsapp().read_probe(account, {401, {}, R"({"code":20003})"})->find("account_sid") !=
          std::string::npos);
}

namespace {

Json handed_in(core::TemplateKind kind, std::vector<std::string> buttons) {
    core::Template t;
    t.name = t.provider_name = "hello";
    t.provider_language = "en";
    t.kind = kind;
    t.text = "Hi {{name}}, how are you?";
    t.variables = {"name"};
    t.buttons = std::move(buttons);
    return Json::parse(whatsapp().build_submit(golden::account("twilio_whatsapp"), t, "").body);
}

}  // namespace

TEST_CASE("a text is handed in to Twilio with its quick replies") {
    const Json content = handed_in(core::TemplateKind::wellbeing, {"Fine", "Call me"});
    CHECK(
        content["types"] ==
        Json{{"twilio/quick-reply",
              {{"body", "Hi {{1}}, how are you?"},
               {"actions",
                {{{"title", "Fine"}, {"id", "Fine"}}, {{"title", "Call me"}, {"id", "Call me"}}}}}},
             {"twilio/text", {{"body", "Hi {{1}}, how are you?"}}}});
    CHECK(content["variables"] == Json{{"1", "name"}});
    CHECK_FALSE(
        handed_in(core::TemplateKind::wellbeing, {})["types"].contains("twilio/quick-reply"));
}

TEST_CASE("what a rep's tap brings back is a variable of the text, filled in as it is sent") {
    const Json content = handed_in(core::TemplateKind::rep_notice, {"Start", "Off today"});
    const Json& actions = content["types"]["twilio/quick-reply"]["actions"];
    CHECK(actions[0] == Json{{"title", "Start"}, {"id", "{{2}}"}});
    CHECK(actions[1] == Json{{"title", "Off today"}, {"id", "{{3}}"}});
    CHECK(content["variables"] == Json{{"1", "name"}, {"2", "Start"}, {"3", "Off today"}});
}
