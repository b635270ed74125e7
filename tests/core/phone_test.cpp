#include "core/phone.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "core/calendar.hpp"
#include "core/phone_table.hpp"
#include "support/catch.hpp"

using namespace warmcall;
using core::masked;
using core::read_phone;

namespace {

std::string e164(std::string_view text, std::string_view region = "") {
    const auto phone = read_phone(text, region);
    return phone ? phone->e164 : phone.error().message;
}

std::vector<std::string> aliases(std::string_view text) {
    const auto phone = read_phone(text, "");
    REQUIRE(phone);
    return phone->aliases;
}

std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> out;
    std::istringstream in{line};
    for (std::string cell; std::getline(in, cell, '\t');)
        out.push_back(cell);
    return out;
}

std::vector<std::vector<std::string>> output_of(const std::string& command) {
    std::vector<std::vector<std::string>> rows;
    FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    char line[512];
    while (std::fgets(line, sizeof line, pipe) != nullptr)
        rows.push_back(cells(std::string{line, std::string_view{line}.find_last_not_of('\n') + 1}));
    INFO(command);
    REQUIRE(::pclose(pipe) == 0);
    return rows;
}

}  // namespace

TEST_CASE("a number is read however it is typed") {
    const auto [text, region, expected] = GENERATE(table<std::string, std::string, std::string>({
        {"+61491570156", "", "+61491570156"},
        {" +61 491 570 156 ", "", "+61491570156"},
        {"+61 (0) 491-570-156", "", "+61491570156"},
        {"0491 570 156", "AU", "+61491570156"},
        {"491570156", "AU", "+61491570156"},
        {"61491570156", "AU", "+61491570156"},
        {"0061491570156", "", "+61491570156"},
        {"0011 61 491 570 156", "AU", "+61491570156"},
        {"00 61 491 570 156", "US", "+61491570156"},
        {"011 61 491 570 156", "US", "+61491570156"},
        {"tel:+61-491-570-156", "", "+61491570156"},
        {"TEL:0491570156", "AU", "+61491570156"},
        {"tel:491-570-156;phone-context=+61", "", "+61491570156"},
        {"\xE2\x80\xAA+61 491 570 156\xE2\x80\xAC", "",
         "+61491570156"},  // copied from a contact card: direction marks
        {"＋６１４９１５７０１５６", "", "+61491570156"},
        {"+९१ ९८१२३ ४५६७८", "", "+919812345678"},
        {"٩٨١٢٣٤٥٦٧٨", "IN", "+919812345678"},
        {"098123 45678", "IN", "+919812345678"},
        {"9198765432", "IN",
         "+919198765432"},  // begins with the country's code and is a whole number all the same
        {"(202) 555-0123", "US", "+12025550123"},
        {"1-202-555-0123", "US", "+12025550123"},
        {"202.555.0123", "US", "+12025550123"},
        {"07400 123456", "GB", "+447400123456"},
        {"+44 (0)20 7946 0958", "", "+442079460958"},
        {"06 698 12345", "IT", "+390669812345"},  // the zero belongs to the number there
        {"8 (912) 345-67-89", "RU", "+79123456789"},
        {"0 11 15 2345 6789", "AR", "+5491123456789"},  // 15 at home is 9 from abroad
        {"044 55 1234 5678", "MX", "+525512345678"},
        {"+52 1 55 1234 5678", "", "+525512345678"},
        {"+800 1234 5678", "", "+80012345678"},
        {"01.23.45.67.00", "FR", "+33123456700"},  // zeros at the end, and no decimal number
    }));
    INFO(text << " in " << region);
    CHECK(e164(text, region) == expected);
}

TEST_CASE("what is wrong with a number is said in a sentence") {
    const auto [text, region, expected] = GENERATE(table<std::string, std::string, std::string>({
        {"+6149157015", "", "too short for Australia: 8 digits, expected 9"},
        {"49157015", "AU", "too short for Australia: 8 digits, expected 9"},
        {"+614915701567", "", "too long for Australia: 10 digits, expected 9"},
        {"+91 12345", "", "too short for India: 5 digits, expected 10"},
        {"+1 202 555 01234", "", "too long for United States: 11 digits, expected 10"},
        {"+43 664 12", "",
         "too short for Austria: 5 digits; numbers there that begin with 664 have at least 6"},
        {"+49 171392001234567", "",
         "too long for Germany: 15 digits; numbers there that begin with 171 have at most 14"},
        {"+999 12345678", "", "begins with +999, which is no country's code"},
        {"", "", "is empty"},
        {"---", "", "has no digits"},
        {"0491570156", "",
         "begins without + and no country is known for it; write it with its country code, such as "
         "+91 …"},
        {"0491570156", "XX",
         "\"XX\" is no country with phone numbers of its own; expected two capital letters such as "
         "\"IN\""},
        {"1800FLOWERS", "US", "has letters or an extension in it; expected digits only"},
        {"+61491570156 ext 5", "", "has letters or an extension in it; expected digits only"},
        {"tel:+61491570156;ext=5", "",
         "has an extension; give the number that reaches the person directly"},
        {"+61491570156, +61491570157", "", "looks like more than one number; expected one"},
        {"+61491570156+61491570157", "", "has a + in the middle; is it two numbers?"},
        {"+61 \xFF 491570156", "", "is not UTF-8"},
        {"+61491570156€", "", "has a sign in it that does not belong into a number"},
        {std::string(5000, '1'), "US", "is too long: 5000 digits; a number has at most 15"},
    }));
    INFO(text << " in " << region);
    const auto phone = read_phone(text, region);
    REQUIRE_FALSE(phone);
    CHECK(phone.error().message == expected);
}

TEST_CASE("a number that a spreadsheet has made another is told so, and never guessed") {
    for (const char* text : {"4,91701E+11", "4.91701e+11", "+4,9E11", "4,9 E+11", "4E+11"})
        CHECK(read_phone(text, "DE").error().message ==
              "was shortened by a spreadsheet (E+) and has lost its digits: make the column text, "
              "write the number again and save");
    for (const char* text : {"491701234567.0", "+491701234567,00", "1701234567.00"})
        CHECK(read_phone(text, "DE").error().message ==
              "was made a decimal number by a spreadsheet: take the zeros behind its point away");
    CHECK(e164("01.23.45.67.00", "FR") == "+33123456700");
    CHECK(e164("0123 4567.00", "FR") == "+33123456700");
}

TEST_CASE("a number tells its region where several share a calling code") {
    const auto region = [](std::string_view text) { return read_phone(text, "")->region; };
    CHECK(region("+12025550123") == "US");
    CHECK(region("+16135550123") == "CA");
    CHECK(region("+18765550123") == "JM");
    CHECK(region("+77012345678") == "KZ");
    CHECK(region("+79123456789") == "RU");
    CHECK(region("+447400123456") == "GB");
    CHECK(region("+447797712345") == "JE");
    CHECK(region("+80012345678").empty());
}

TEST_CASE("a number's zones are those of its region, and all of them where nobody can tell") {
    CHECK(read_phone("+919812345678", "")->zones == std::vector<std::string>{"Asia/Kolkata"});
    const auto au = read_phone("+61491570156", "")->zones;
    CHECK(au.size() > 5);
    CHECK(std::find(au.begin(), au.end(), "Australia/Perth") != au.end());
    const auto us = read_phone("+12025550123", "")->zones;
    CHECK(std::find(us.begin(), us.end(), "Pacific/Honolulu") != us.end());
    CHECK(std::find(us.begin(), us.end(), "America/Toronto") == us.end());
    const auto nobodys = read_phone("+15550101234", "");  // no such area: any country of +1
    REQUIRE(nobodys);
    CHECK(std::find(nobodys->zones.begin(), nobodys->zones.end(), "America/Toronto") !=
          nobodys->zones.end());
    CHECK(read_phone("+80012345678", "")->zones.empty());
}

TEST_CASE("every zone of the table is one the clock knows") {
    std::set<std::string_view> zones;
    for (const auto& plan : core::numbering_plans())
        zones.insert(plan.zones.begin(), plan.zones.end());
    CHECK(zones.size() > 350);
    for (const auto zone : zones) {
        INFO(zone);
        CHECK(core::known_zone(zone));
    }
}

TEST_CASE("one line that is written in two ways is known by both") {
    CHECK(aliases("+5511987654321") == std::vector<std::string>{"+551187654321"});
    CHECK(aliases("+551187654321") == std::vector<std::string>{"+5511987654321"});
    CHECK(aliases("+551123456789").empty());   // a landline never had the 9
    CHECK(aliases("+5511953456789").empty());  // without its 9 it would be somebody's landline
    CHECK(aliases("+525512345678") == std::vector<std::string>{"+5215512345678"});
    CHECK(aliases("+5491123456789") == std::vector<std::string>{"+541123456789"});
    CHECK(aliases("+541123456789") == std::vector<std::string>{"+5491123456789"});
    CHECK(aliases("+61491570156").empty());
}

TEST_CASE("a masked number tells two apart and cannot be called") {
    CHECK(masked("+61491570156") == "+61•••••156");
    CHECK(masked("+12025550123") == "+1•••••123");
    CHECK(masked("919812345678") == "+91•••••678");
    CHECK(masked("12345") == "•••••");
    CHECK(masked("") == "•••••");
}

TEST_CASE("no bytes at all upset the reader of numbers") {
    std::mt19937 random{5};
    const std::vector<std::string> bits{
        "+", "0",    "00",    "61",   "4915", "1", "(", ")",     " ",
        "-", "tel:", ";ext=", "\xFF", "٣",    "x", ",", "99999", "\u202A"};
    int read = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (auto n = random() % 9; n > 0; --n)
            text += bits[random() % bits.size()];
        const auto phone = read_phone(text, round % 2 == 0 ? "AU" : "");
        if (!phone) {
            CHECK_FALSE(phone.error().message.empty());
            continue;
        }
        ++read;
        INFO(text);
        REQUIRE(phone->e164.size() >= 5);
        REQUIRE(phone->e164.size() <= 16);
        CHECK(read_phone(phone->e164, "")->e164 == phone->e164);  // what it gives, it reads
        CHECK(masked(phone->e164).find(phone->e164.substr(4)) == std::string::npos);
    }
    CHECK(read > 10);
}

// The same metadata, other people's code.
TEST_CASE("libphonenumber-js reads the same numbers the same way", "[peer]") {
    const auto rows = output_of(std::string{WARMCALL_NODE} +
                                " " WARMCALL_SOURCE_DIR
                                "/tests/core/phone_peer.mjs " WARMCALL_PHONE_PACKAGE " 6000");
    REQUIRE(rows.size() == 6000);
    int valid = 0;
    int refused = 0;
    for (const auto& row : rows) {
        REQUIRE(row.size() == 5);
        INFO(row[1] << " in " << row[0] << ": " << row[2] << " " << row[3] << " " << row[4]);
        const auto phone = read_phone(row[1], row[0]);
        if (row[4] == "valid") {
            ++valid;
            REQUIRE(phone);
            CHECK(phone->e164 == row[2]);
            CHECK(phone->region == row[3]);
        } else if (phone && row[4] == "possible" && row[1].find('+') != std::string::npos) {
            CHECK(phone->e164 == row[2]);
        } else if (!phone) {
            ++refused;
        }
    }
    CHECK(valid > 2000);
    CHECK(refused > 500);
}

// Google's own port, with the metadata of another year: what both read must be the same number.
TEST_CASE("python3-phonenumbers reads the same numbers the same way", "[peer]") {
    const auto list = std::filesystem::temp_directory_path() /
                      ("warmcall_phones_" + std::to_string(::getpid()) + ".tsv");
    const auto rows =
        output_of(std::string{WARMCALL_NODE} +
                  " " WARMCALL_SOURCE_DIR "/tests/core/phone_peer.mjs " WARMCALL_PHONE_PACKAGE
                  " 4000 | tee " +
                  list.string());
    const auto theirs = output_of(
        "/usr/bin/python3 " WARMCALL_SOURCE_DIR "/tests/core/phone_peer.py " + list.string());
    std::filesystem::remove(list);
    REQUIRE(theirs.size() == rows.size());
    int both = 0;
    int only_theirs = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto phone = read_phone(rows[i][1], rows[i][0]);
        if (theirs[i][1] != "valid")
            continue;
        INFO(rows[i][1] << " in " << rows[i][0] << ": " << theirs[i][0]);
        if (phone) {
            ++both;
            CHECK(phone->e164 == theirs[i][0]);
        } else {
            ++only_theirs;
        }
    }
    INFO("both " << both << ", only theirs " << only_theirs);
    CHECK(both > 1500);
    CHECK(only_theirs * 50 < both);  // numbering plans move on: 2 in 100
}
