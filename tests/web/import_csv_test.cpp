// Reading files of contacts: encodings, quotes, columns, and a verdict for each row.

#include "web/import_csv.hpp"

#include <fstream>

#include "support/catch.hpp"
#include "web/when.hpp"

using namespace warmcall;
using namespace warmcall::web;

namespace {

const core::Timestamp now = core::from_unix_ms(1'795'341'600'000);

core::Plan small_plan() {
    core::Plan plan;
    plan.reps[core::RepId{"joel"}].id = core::RepId{"joel"};
    plan.reps[core::RepId{"sam"}].id = core::RepId{"sam"};
    plan.cadences["gentle"].name = "gentle";
    return plan;
}

std::vector<std::string> verdicts(std::string_view file, ImportRules rules) {
    static const core::Plan plan = small_plan();
    const auto table = read_csv(file);
    if (!table)
        return {table.error().message};
    const auto columns = guess_columns(table->header.fields);
    if (!columns)
        return {columns.error().message};
    RowChecker checker{plan, std::move(rules), *columns, now};
    std::vector<std::string> all;
    for (const CsvRow& row : table->rows) {
        const auto verdict = checker.check(row);
        if (const auto* reject = std::get_if<Reject>(&verdict)) {
            all.push_back(std::to_string(reject->line) + " " + reject->reason);
        } else {
            const auto& good = std::get<ImportRow>(verdict);
            all.push_back(std::to_string(good.line) + " " + good.add.contact.name + " " +
                          good.add.contact.addresses.at(0).value + " " +
                          good.add.contact.owner.value);
        }
    }
    return all;
}

ImportRules for_joel() {
    return {core::RepId{"joel"}, "", "ES", "en", {}};
}

std::string utf16(std::u16string_view text, bool little, bool mark) {
    std::string bytes;
    const auto put = [&](char16_t c) {
        const char low = static_cast<char>(c & 0xff);
        const char high = static_cast<char>(c >> 8);
        bytes += little ? low : high;
        bytes += little ? high : low;
    };
    if (mark)
        put(0xfeff);
    for (const char16_t c : text)
        put(c);
    return bytes;
}

std::string why_not(std::string_view file) {
    const auto table = read_csv(file);
    return table ? "" : table.error().message;
}

}  // namespace

TEST_CASE("a plain file gives a contact per line") {
    CHECK(verdicts("name,phone\nAna,+34 612 34 56 78\nBo,612345679\n", for_joel()) ==
          std::vector<std::string>{"2 Ana +34612345678 joel", "3 Bo +34612345679 joel"});
}

TEST_CASE("semicolons, tabs, CRLF, blank lines and a missing last line end are read") {
    const std::vector<std::string> both{"2 Ana +34612345678 joel", "4 Bo +34612345679 sam"};
    CHECK(verdicts("Name;Mobile number;Owner\r\nAna;612345678;\r\n\r\nBo;612345679;sam",
                   for_joel()) == both);
    CHECK(verdicts("Name\tMobile number\tOwner\nAna\t612345678\t\n\t\t\nBo\t612345679\tsam",
                   for_joel()) == both);
}

TEST_CASE("quoted fields hold separators, quotes and line ends, and the line counts go on") {
    const auto table = read_csv(
        "name,phone,topic\n\"Ana \"\"Nani\"\" Pérez, "
        "Dr.\",612345678,\"mother's\nknee\"\nBo,612345679,\n");
    REQUIRE(table);
    REQUIRE(table->rows.size() == 2);
    CHECK(table->rows[0].fields ==
          std::vector<std::string>{"Ana \"Nani\" Pérez, Dr.", "612345678", "mother's\nknee"});
    CHECK(table->rows[1].line == 4);
}

TEST_CASE(
    "a broken quote is refused with its line, because nobody can tell where the rows after it "
    "begin") {
    CHECK(why_not("name,phone\nAna,612345678\n\"Bo,612345679\nCy,612345680\n") ==
          "Line 3: the quote opened here is never closed.");
    CHECK(why_not("name,phone\n\"Ana\"x,612345678\n")
              .starts_with("Line 2: there is text after a closing quote"));
    CHECK(why_not("name,phone\n\"An\na\"\"\" b,612345678\n")
              .starts_with("Line 3: there is text after a closing quote"));
}

TEST_CASE("a quote inside an unquoted field is just a character") {
    CHECK(verdicts("name,phone\nAna 5\" Pérez,612345678\n", for_joel()) ==
          std::vector<std::string>{"2 Ana 5\" Pérez +34612345678 joel"});
}

TEST_CASE("every usual encoding gives the same name") {
    const std::vector<std::string> wanted{"2 Ana Pérez +34612345678 joel"};
    CHECK(verdicts("name,phone\nAna Pérez,612345678\n", for_joel()) == wanted);
    CHECK(verdicts("\xef\xbb\xbfname,phone\nAna Pérez,612345678\n", for_joel()) == wanted);
    CHECK(verdicts("name,phone\nAna P\xe9rez,612345678\n", for_joel()) == wanted);
    for (const bool little : {true, false})
        for (const bool mark : {true, false})
            CHECK(verdicts(utf16(u"name,phone\nAna Pérez,612345678\n", little, mark), for_joel()) ==
                  wanted);
}

TEST_CASE("the encoding that was found is told") {
    CHECK(to_utf8("plain")->encoding == "UTF-8");
    CHECK(to_utf8("P\xe9rez")->encoding == "Windows-1252");
    CHECK(to_utf8("\x93quoted\x94")->text == "“quoted”");
    CHECK(to_utf8(utf16(u"a", true, true))->encoding == "UTF-16");
}

TEST_CASE("what is no text is refused in words that help") {
    CHECK(why_not("PK\x03\x04 and so on").find("spreadsheet") != std::string::npos);
    CHECK(why_not("\xef\xbb\xbfname\n\xff\xff").find("says it is UTF-8 and is not") !=
          std::string::npos);
    CHECK(why_not("").find("empty") != std::string::npos);
    CHECK(why_not("\n\n\n").find("empty") != std::string::npos);
    CHECK(why_not(std::string{"name,phone\nA\0a,1\n", 17}).find("zero bytes") != std::string::npos);
}

TEST_CASE("a file without a phone or a name column says which to add") {
    CHECK(verdicts("name,mail\nAna,a@b.c\n", for_joel()).at(0).find("call one of them \"phone\"") !=
          std::string::npos);
    CHECK(verdicts("phone\n612345678\n", for_joel()).at(0).find("call one of them \"name\"") !=
          std::string::npos);
}

TEST_CASE("first and last name in columns of their own are one name") {
    CHECK(verdicts("First name,Last name,WhatsApp\nAna,Pérez,612345678\n", for_joel()) ==
          std::vector<std::string>{"2 Ana Pérez +34612345678 joel"});
}

TEST_CASE("each bad row is rejected with its line and what is wrong") {
    const auto all = verdicts(
        "name,phone,rep,time_zone,language,cadence,consent_source,consent_at,consent_text\n"
        ",612345678,,,,,,,\n"
        "Bad number,12,,,,,,,\n"
        "Whose,612345679,nobody,,,,,,\n"
        "Where,612345680,,Europe/Madird,,,,,\n"
        "Tongue,612345681,,,e,,,,\n"
        "Which,612345682,,,,gentel,,,\n"
        "No consent,612345683,,,,gentle,,,\n"
        "Half a consent,612345684,,,,gentle,form,,yes\n"
        "Bad day,612345685,,,,gentle,form,1/2/2026,yes\n"
        "Good,612345686,,,,gentle,form,2026-11-01,yes\n"
        "Again,+34 612 345 686,,,,,,,\n",
        for_joel());
    REQUIRE(all.size() == 11);
    CHECK(all[0] == "2 name: is missing");
    CHECK(all[1].starts_with("3 phone: "));
    CHECK(all[2] == "4 rep: there is no such rep; there are: joel, sam");
    CHECK(all[3].starts_with("5 time_zone: is not a time zone"));
    CHECK(all[4].starts_with("6 language: "));
    CHECK(all[5] == "7 cadence: there is no such cadence; there are: gentle");
    CHECK(all[6].starts_with("8 consent: a cadence writes to nobody who has not agreed"));
    CHECK(all[7].starts_with("9 consent_at: is missing"));
    CHECK(all[8] == "10 consent_at: may be two days: write it as 2026-02-01 or as 2026-01-02");
    CHECK(all[9] == "11 Good +34612345686 joel");
    CHECK(all[10] == "12 phone: the same number as in line 11");
}

TEST_CASE("every rejection has a code of the API's list, so that it can be told in any language") {
    static const core::Plan plan = small_plan();
    const auto table = read_csv(
        "name,phone,rep,time_zone,language,topic,cadence,consent_source,consent_at,consent_text,"
        "consent_covers\n"
        ",612345601,,,,,,,,,\n" +
        std::string(201, 'a') +
        ",612345602,,,,,,,,,\n"
        "Ana,,,,,,,,,,\n"
        "Ana,12,,,,,,,,,\n"
        "Ana,612345603,nobody,,,,,,,,\n"
        "Ana,612345604,,Europe/Madird,,,,,,,\n"
        "Ana,612345605,,,e,,,,,,\n"
        "Ana,612345606,,,," +
        std::string(501, 't') +
        ",,,,,\n"
        "Ana,612345607,,,,,gentel,,,,\n"
        "Ana,612345608,,,,,gentle,,,,\n"
        "Ana,612345609,,,,,,,2026-11-01,yes,\n"
        "Ana,612345610,,,,,,form,,yes,\n"
        "Ana,612345611,,,,,,form,1/2/2026,yes,\n"
        "Ana,612345612,,,,,,form,2027-11-01,yes,\n"
        "Ana,612345613,,,,,,form,2026-11-01,,\n"
        "Ana,612345614,,,,,,form,2026-11-01,yes,fax\n"
        "Ana,612345615,sam,,,,,,,,\n"
        "Ana,612345616,,,,,,form,2026-11-01,yes,WhatsApp / SMS\n"
        "Ana,+34 612 345 616,,,,,,,,,\n");
    REQUIRE(table);
    ImportRules rules = for_joel();
    rules.allowed = {core::RepId{"joel"}};
    RowChecker checker{plan, rules, *guess_columns(table->header.fields), now};
    std::vector<std::string> codes;
    std::vector<std::string> covers;
    for (const CsvRow& row : table->rows) {
        const auto verdict = checker.check(row);
        const auto* reject = std::get_if<Reject>(&verdict);
        codes.push_back(reject == nullptr ? "" : reject->code);
        if (reject == nullptr)
            covers = std::get<ImportRow>(verdict).add.contact.consent->covers;
    }
    CHECK(codes == std::vector<std::string>{
                       "name_missing", "name_unfit", "phone_missing", "phone_unreadable",
                       "rep_unknown", "zone_unknown", "language_unknown", "topic_long",
                       "cadence_unknown", "consent_missing", "consent_source_missing",
                       "consent_at_missing", "consent_at_unreadable", "consent_at_future",
                       "consent_text_missing", "consent_covers_unknown", "rep_not_yours", "",
                       "phone_twice"});
    CHECK(covers == std::vector<std::string>{"sms", "whatsapp"});
    std::ifstream file{WARMCALL_SOURCE_DIR "/bot/web/openapi.json"};
    const json known = json::parse(file)["components"]["schemas"]["Job"]["properties"]["rejected"]
                                        ["items"]["properties"]["code"]["enum"];
    for (const std::string& code : codes)
        CHECK((code.empty() || std::find(known.begin(), known.end(), json(code)) != known.end()));
}

TEST_CASE("a rep cannot slip contacts to a colleague through a column") {
    ImportRules rules = for_joel();
    rules.allowed = {core::RepId{"joel"}};
    CHECK(verdicts("name,phone,rep\nAna,612345678,sam\n", rules)
              .at(0)
              .starts_with("2 rep: you can import for yourself"));
}

TEST_CASE("rejects come back as CSV that no spreadsheet runs, and can be imported again") {
    const CsvRow header{1, {"name", "phone"}};
    const std::string csv =
        rejects_csv(header, {{2, "phone: \"+34 1\" is too short", {"=HYPERLINK(\"x\")", "+341"}},
                             {3, "name: is missing", {"", "@b"}}});
    CHECK(csv ==
          "\xef\xbb\xbfname,phone,line,reason\r\n"
          "\"'=HYPERLINK(\"\"x\"\")\",'+341,2,\"phone: \"\"+34 1\"\" is too short\"\r\n"
          ",'@b,3,name: is missing\r\n");
    CHECK(verdicts("name,phone\nAna,'+34612345678\n", for_joel()) ==
          std::vector<std::string>{"2 Ana +34612345678 joel"});
}

TEST_CASE("a hundred thousand rows are read, and one more is refused") {
    std::string file = "name,phone\n";
    for (int i = 0; i < 100'000; ++i)
        file += "Ana,612345678\n";
    const auto table = read_csv(file);
    REQUIRE(table);
    CHECK(table->rows.size() == 100'000);
    CHECK(table->rows.back().line == 100'001);
    CHECK(why_not(file + "Bo,612345679\n").find("more than 100,000 rows") != std::string::npos);
}

TEST_CASE("a line that is no row of a file is refused by its number, not read to its end") {
    const std::string head = "name,phone\nAna,612345678\n";
    CHECK(why_not(head + std::string(1000, ',') + "\n") ==
          "Line 3: there are more than 200 fields in this line. Is the separator right?");
    CHECK(why_not(head + "Bo,612345679,\"" + std::string(20'000, 'x') + "\"\n") ==
          "Line 3: a field is longer than 16,384 bytes. Is a quote missing?");
    CHECK(why_not(head + "Bo,612345679," + std::string(20'000, 'x') + "\n") ==
          "Line 3: a field is longer than 16,384 bytes. Is a quote missing?");
    CHECK(why_not(head + "Bo" + std::string(199, ',') + "\n") == "");
}

TEST_CASE("what stands beyond the last column is not kept") {
    const auto table = read_csv("name,phone\nAna,612345678,,,,,x\n");
    REQUIRE(table);
    CHECK(table->rows.at(0).fields == std::vector<std::string>{"Ana", "612345678"});
}

TEST_CASE("a file of very many cells is refused whole") {
    std::string file = "name,phone" + std::string(150, ',') + "\n";
    for (int row = 0; row < 50'000; ++row)
        file += "Ana,612345678" + std::string(150, ',') + "\n";
    CHECK(why_not(file) ==
          "The file has more than 4,000,000 cells. Leave out the columns that nobody needs, or "
          "split it.");
}

TEST_CASE("a file's consent and topic are held to the rules of the API") {
    const auto one = [](const std::string& source, const std::string& text,
                        const std::string& topic) {
        return verdicts("name,phone,consent_source,consent_at,consent_text,topic\nAna,612345678," +
                            source + ",2026-11-01," + text + "," + topic + "\n",
                        for_joel())
            .at(0);
    };
    CHECK(one("form", "yes", "knee") == "2 Ana +34612345678 joel");
    CHECK(one(std::string(201, 's'), "yes", "") == "2 consent_source: is longer than 200 bytes");
    CHECK(one("form", std::string(2001, 't'), "") == "2 consent_text: is longer than 2000 bytes");
    CHECK(one("fo\x01rm", "yes", "") == "2 consent_source: holds a control character");
    CHECK(one("form", "y\x1b[31mes", "") == "2 consent_text: holds a control character");
    CHECK(one("form", "yes",
              "kn\x07"
              "ee") == "2 topic: holds a control character");
    CHECK(one("form", "yes", std::string(501, 'k')) == "2 topic: is longer than 500 bytes");
}

TEST_CASE("the columns of a German, French, Spanish or Italian office are known by their names") {
    const std::vector<std::string> ana{"2 Ana Pérez +34612345678 joel"};
    for (const std::string header : {"Nachname;Vorname;Telefonnummer", "NAME;VORNAME;HANDYNUMMER",
                                     "Nom;PRÉNOM;Téléphone", "Nom;Pre\xcc\x81nom;Portable",
                                     "Apellidos;Nombre;Teléfono móvil", "Cognome;Nome;Cellulare"})
        CHECK(verdicts(header + "\r\nPérez;Ana;612345678\r\n", for_joel()) == ana);
}

TEST_CASE("a name that is whole already does not get the first name once more") {
    CHECK(verdicts("Full name,First name,Last name,Phone\nAna Pérez,Ana,Pérez,612345678\n",
                   for_joel()) == std::vector<std::string>{"2 Ana Pérez +34612345678 joel"});
    CHECK(verdicts("Name,First name,Phone\nPérez Ana,Ana,612345678\n", for_joel()) ==
          std::vector<std::string>{"2 Pérez Ana +34612345678 joel"});
    CHECK(verdicts("Name,First name,Phone\nAnaya,Ana,612345678\n", for_joel()) ==
          std::vector<std::string>{"2 Ana Anaya +34612345678 joel"});
}

TEST_CASE("the line in which Excel names the separator is no row") {
    for (const std::string first : {"sep=;\r\n", "SEP=;\n", "\"sep=;\"\r\n"}) {
        const auto table = read_csv("\xef\xbb\xbf" + first + "name;phone\nAna, Dr.;612345678\n");
        REQUIRE(table);
        CHECK(table->separator == ';');
        CHECK(table->header.fields == std::vector<std::string>{"name", "phone"});
        REQUIRE(table->rows.size() == 1);
        CHECK(table->rows[0].line == 3);
    }
}

TEST_CASE("a day is read as offices write it, and one that may be two days is asked for again") {
    const auto day = [](std::string_view text) {
        const auto at = read_date(text);
        return at ? rfc3339(*at).substr(0, 16) : at.error().message;
    };
    for (const char* text : {"2026-12-24", "24.12.2026", "24/12/2026", "24-12-2026", "12/24/2026",
                             "2026/12/24", "2026.12.24", "2026-12-24T00:00:00Z"})
        CHECK(day(text) == "2026-12-24T00:00");
    CHECK(day("3.4.2026") == "2026-04-03T00:00");  // nobody writes the month first before dots
    CHECK(day("03.04.2026") == "2026-04-03T00:00");
    CHECK(day("5/5/2026") == "2026-05-05T00:00");
    CHECK(day("24.12.2026 10:30") == "2026-12-24T10:30");
    CHECK(day("24/12/2026 9:05:07") == "2026-12-24T09:05");
    CHECK(day("2026-12-24 10:30") == "2026-12-24T10:30");
    CHECK(day("2026-12-24T10:30:00+05:30") == "2026-12-24T05:00");
    const std::string asked = "may be two days: write it as 2026-04-03 or as 2026-03-04";
    CHECK(day("03/04/2026") == asked);
    CHECK(day("03-04-2026") == asked);
    CHECK(day("3/4/2026 10:00") == asked);
    const std::string unread = "write the day as 2026-11-01";
    for (const char* text : {"31.02.2026", "29.02.2025", "32/12/2026", "13/13/2026", "12.24.2026",
                             "24.12/2026", "24.12.2026 25:00", "24.12.2026 10", "24.12.2026x",
                             "24..2026", "0/12/2026", "yesterday", "1/2", "2026-13-01", ""})
        CHECK(day(text) == unread);
    CHECK(day("24.12.26") == "write the year in full: 2026-11-01");
    CHECK(day("3/4/26") == "write the year in full: 2026-11-01");
    CHECK(day("46380") == "is a spreadsheet's number for a day: write the day as 2026-11-01");
}

TEST_CASE("an ambiguous day of consent rejects its row and says both ways to write it") {
    const std::string head = "name;phone;consent_source;consent_at;consent_text\n";
    CHECK(verdicts(head + "Ana;612345678;form;24.10.2026;yes\n", for_joel()) ==
          std::vector<std::string>{"2 Ana +34612345678 joel"});
    CHECK(verdicts(head + "Ana;612345678;form;03/04/2026;yes\n", for_joel()) ==
          std::vector<std::string>{
              "2 consent_at: may be two days: write it as 2026-04-03 or as 2026-03-04"});
}

TEST_CASE("a row with several mistakes is told all of them, in one line") {
    const auto table = read_csv(
        "name,phone,rep,time_zone,cadence,consent_source,consent_at,consent_text\n"
        ",12,nobody,Mars,gentel,,1/2/2026,\n"
        "Ana,612345678,,,,,,\n"
        ",612345678,,,gentle,,,\n");
    REQUIRE(table);
    static const core::Plan plan = small_plan();
    RowChecker checker{plan, for_joel(), *guess_columns(table->header.fields), now};
    const auto first = std::get<Reject>(checker.check(table->rows[0]));
    CHECK(first.reason ==
          "name: is missing; phone: too short for Spain: 2 digits, expected 9; "
          "rep: there is no such rep; there are: joel, sam; "
          "time_zone: is not a time zone; write it as Europe/Madrid; "
          "consent_source: is missing: where did they agree (\"signup form\")?; "
          "consent_text: is missing: which wording did they agree to?; "
          "consent_at: may be two days: write it as 2026-02-01 or as 2026-01-02; "
          "cadence: there is no such cadence; there are: gentle");
    const json told = to_json(first);
    CHECK(told["code"] == "name_missing");
    REQUIRE(told["more"].size() == 7);
    CHECK(told["more"][0] == json{{"code", "phone_unreadable"}});
    CHECK(told["more"][1] == json{{"code", "rep_unknown"}, {"values", {{"known", "joel, sam"}}}});
    CHECK(std::holds_alternative<ImportRow>(checker.check(table->rows[1])));
    const auto last = to_json(std::get<Reject>(checker.check(table->rows[2])));
    CHECK(last["code"] == "name_missing");
    CHECK(last["more"] == json{{{"code", "consent_missing"}},
                               {{"code", "phone_twice"}, {"values", {{"line", "3"}}}}});
}

TEST_CASE("a rejected row does not take the number away from the good one after it") {
    CHECK(verdicts("name,phone\n,612345678\nAna,612345678\n", for_joel()) ==
          std::vector<std::string>{"2 name: is missing", "3 Ana +34612345678 joel"});
}

TEST_CASE("a row's own country goes before the configured one, by its letters or its name") {
    const auto one = [](const std::string& country, const std::string& phone) {
        return verdicts("name;Land;phone\nAna;" + country + ";" + phone + "\n", for_joel()).at(0);
    };
    for (const char* germany : {"DE", "de", "Germany", "Deutschland", "ALLEMAGNE", "Alemania"})
        CHECK(one(germany, "0170 1234567") == "2 Ana +491701234567 joel");
    CHECK(one("España", "612345678") == "2 Ana +34612345678 joel");
    CHECK(one("", "612345678") == "2 Ana +34612345678 joel");
    for (const char* nowhere : {"Atlantis", "XX", "49"}) {
        CHECK(one(nowhere, "612345678").starts_with("2 region: write the country as two letters"));
        CHECK(one(nowhere, "+34612345678") == "2 Ana +34612345678 joel");
    }
}

TEST_CASE("a number that a spreadsheet has shortened is told so, and is never guessed") {
    const std::string lost =
        "2 phone: was shortened by a spreadsheet (E+) and has lost its digits: make the column "
        "text, write the number again and save";
    CHECK(verdicts("name;phone\nAna;4,91701E+11\n", for_joel()).at(0) == lost);
    CHECK(verdicts("name,phone\nAna,4.91701e+11\n", for_joel()).at(0) == lost);
}

TEST_CASE("whom nobody may write to is rejected with the columns that would say otherwise") {
    CHECK(verdicts("name,phone,cadence\nAna,612345678,gentle\n", for_joel()).at(0) ==
          "2 consent: a cadence writes to nobody who has not agreed: say in the columns "
          "consent_source, consent_at and consent_text where, when (2026-11-01) and to which words "
          "they did, or import without a cadence");
}

TEST_CASE("a no in the column of consent is no consent") {
    for (const char* no : {"no", "No", "NEIN", "non", "0", "false"})
        CHECK(verdicts(std::string{"name,phone,consent,consent date,consent text\nAna,612345678,"} +
                           no + ",2026-11-01,May we write?\n",
                       for_joel())
                  .at(0)
                  .starts_with("2 consent_source: says no"));
}
