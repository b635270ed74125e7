// What is particular to Kannel: alphabets, its receipts, and an answer that must stay empty.

#include "golden.hpp"
#include "support/catch.hpp"

using namespace warmcall;

namespace {

const Provider& kannel() {
    return golden::provider("kannel");
}

std::vector<Header> sent(const Account& account, std::string text) {
    Outbound message;
    message.to = {core::AddressKind::phone, "+61491570156"};
    message.text = std::move(text);
    return decode_form(std::string_view{kannel().build_send(account, message).url}.substr(
        account.base_url.size() + std::string_view{"/cgi-bin/sendsms?"}.size()));
}

std::string value(const std::vector<Header>& pairs, std::string_view name) {
    for (const Header& pair : pairs)
        if (pair.name == name)
            return pair.value;
    return "none";
}

std::string words_of(const std::vector<Header>& query) {
    const auto found =
        kannel().parse(golden::account("kannel"),
                       {"GET", "/webhooks/main?" + encode_form(query), {}, {}, golden::now});
    REQUIRE(found);
    return std::get<InReply>(found->at(0).what).words;
}

}  // namespace

TEST_CASE("Kannel is answered with 200 and not a letter, which it would send to the customer") {
    const HttpResponse answer = kannel().received(golden::account("kannel"));
    CHECK(answer.status == 200);
    CHECK(answer.body.empty());
}

TEST_CASE("a text within the SMS alphabet goes out as it is, any other as UCS-2") {
    const Account account = golden::account("kannel");
    CHECK(value(sent(account, "Olé, [£5] for Ines?"), "coding") == "none");
    CHECK(value(sent(account, "नमस्ते"), "coding") == "2");
    CHECK(value(sent(account, "well 🙂"), "coding") == "2");
    CHECK(value(sent(account, "well 🙂"), "text") == "well 🙂");
    CHECK(value(sent(account, "well 🙂"), "charset") == "UTF-8");
}

TEST_CASE("Kannel's receipts come to an address with our token and our secret") {
    CHECK(value(sent(golden::account("kannel"), "Hello"), "dlr-url") ==
          "https://warmcall.example.com/webhooks/main/status/00000000000000000000000000000000"
          "?secret=invented-webhook-secret&type=%d&time=%T&answer=%A");
}

TEST_CASE("a text that Kannel would cut off is known to be unfit, and why") {
    Account account = golden::account("kannel");
    account.settings.erase("parts_max");
    Outbound message;
    message.text = std::string(160, 'a');
    CHECK_FALSE(kannel().unfit(account, message));
    message.text += 'a';
    CHECK(kannel().unfit(account, message)->find("2 parts") != std::string::npos);
    account.settings["parts_max"] = "2";
    CHECK_FALSE(kannel().unfit(account, message));
    message.text = std::string(135, 'a') + "🙂";
    const auto unfit = kannel().unfit(account, message);
    REQUIRE(unfit);
    CHECK(unfit->find("outside the SMS alphabet") != std::string::npos);
    CHECK(unfit->find("parts_max") != std::string::npos);
}

TEST_CASE("words in UTF-16 are read, with a charset or by their coding") {
    const std::string utf16{"\x09\x28\x09\x2E\xD8\x3D\xDE\x42", 8};
    CHECK(words_of(
              {{"from", "+61491570156"}, {"id", "1"}, {"charset", "UTF-16BE"}, {"text", utf16}}) ==
          "नम🙂");
    CHECK(words_of({{"from", "+61491570156"}, {"id", "1"}, {"coding", "2"}, {"text", utf16}}) ==
          "नम🙂");
    CHECK(words_of({{"from", "+61491570156"},
                    {"id", "1"},
                    {"charset", "ISO-8859-1"},
                    {"text", "caf\xE9"}}) == "café");
    CHECK(words_of({{"from", "+61491570156"},
                    {"id", "1"},
                    {"charset", "no such charset"},
                    {"text", "well"}}) == "well");
}

TEST_CASE("a secret that Kannel might take for one of its marks is refused") {
    const auto complaint = [](std::string secret) {
        Account account = golden::account("kannel");
        account.secrets["webhook_secret"] = {Secret{std::move(secret)}};
        const auto wrong = kannel().check(account);
        return wrong.size() == 1 && wrong[0].starts_with("webhook_secret must be");
    };
    CHECK(complaint("percent%in-a-long-secret"));
    CHECK(complaint("with a space in the middle"));
    CHECK(complaint("short"));
    CHECK_FALSE(complaint("long-enough_and-plain-1234"));
}

TEST_CASE("Kannel's probe has no receiver, and is content when that is what is missing") {
    const Account account = golden::account("kannel");
    CHECK(kannel().build_probe(account, golden::now).url.find("to=") == std::string::npos);
    CHECK_FALSE(kannel().read_probe(account, {400, {}, "Missing receiver number, rejected"}));
    CHECK(kannel()
              .read_probe(account, {403, {}, "Authorization failed for sendsms"})
              ->find("username") != std::string::npos);
}
