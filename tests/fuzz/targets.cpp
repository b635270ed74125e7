#include "targets.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/error.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "core/cadence.hpp"
#include "core/calendar.hpp"
#include "core/phone.hpp"
#include "core/replies.hpp"
#include "core/template.hpp"
#include "net/request_parser.hpp"
#include "net/strict.hpp"
#include "ports/provider.hpp"
#include "providers/json.hpp"
#include "web/import_csv.hpp"

namespace warmcall::fuzz {

namespace {

constexpr core::Timestamp now = core::from_unix_ms(1'770'112'800'000);

void must(bool holds, const char* property) {
    if (!holds)
        throw std::logic_error{property};
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

std::filesystem::path source(std::string_view below) {
    return std::filesystem::path{WARMCALL_SOURCE_DIR} / below;
}

std::string read(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<std::string> files_below(std::string_view folder, std::string_view extension) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{source(folder)})
        if (entry.is_regular_file() && entry.path().extension() == extension)
            found.push_back(read(entry.path()));
    return found;
}

// ---- providers

Account account_of(const Provider& provider) {
    Account account;
    account.id.value = "main";
    account.provider = provider.name;
    account.base_url = provider.default_base_url;
    account.public_url = "https://warmcall.example.com";
    account.settings = {{"phone_number_id", "300000000000002"},
                        {"waba_id", "200000000000001"},
                        {"account_sid", "AC00000000000000000000000000000001"},
                        {"from", "+12025550101"}};
    return account;
}

// The first byte says which provider, so that one corpus serves all.
const Provider& provider_of(std::string_view& input) {
    const auto names = provider_names();
    const std::size_t which = input.empty() ? 0 : static_cast<unsigned char>(input.front());
    input.remove_prefix(std::min<std::size_t>(1, input.size()));
    return *find_provider(names[which % names.size()]);
}

struct Texts {  // of an event: all that people read later
    std::vector<std::string_view> all;

    void operator()(const InReply& r) {
        all = {r.words, r.profile_name, r.about_provider_id, r.button_payload};
    }
    void operator()(const InStatus& s) { all = {s.provider_id}; }
    void operator()(const InEcho& e) { all = {e.provider_id}; }
    void operator()(const InAddressChange& c) { all = {c.now.value}; }
    void operator()(const InTemplate& t) {
        all = {t.name, t.language, t.category, t.quality, t.reason};
    }
    void operator()(const InAccount& a) { all = {a.what}; }
    void operator()(const InIgnored& i) { all = {i.what}; }
    void operator()(const auto&) {}
};

void check_event(const Inbound& event) {
    must(event.key.size() == 20, "an event's key has 20 bytes");
    for (const core::Address& address : event.who)
        must(!address.value.empty(), "an address is not empty");
    Texts texts;
    std::visit(texts, event.what);
    for (const std::string_view text : texts.all)
        must(is_utf8(text), "what is taken from a delivery is UTF-8");
}

void webhook(std::string_view input) {
    const Provider& provider = provider_of(input);
    const Account account = account_of(provider);
    HttpRequest request{"POST", "/webhooks/main", {}, {}, now};
    if (provider.name == "kannel") {
        request.method = "GET";
        request.url += "?" + std::string{input};
    } else {
        const bool form = provider.name.starts_with("twilio");
        request.headers.push_back(
            {"Content-Type", form ? "application/x-www-form-urlencoded" : "application/json"});
        request.body = input;
    }
    if (provider.authentic(account, request))
        throw std::logic_error{"a delivery without a signature is not authentic"};
    const auto found = provider.parse(account, request);
    if (!found)
        return;
    const auto again = provider.parse(account, request);
    must(again && again->size() == found->size(), "a copy of a delivery has the same events");
    for (std::size_t i = 0; i < found->size(); ++i) {
        check_event((*found)[i]);
        must((*found)[i].key == (*again)[i].key, "a copy of an event has the same key");
    }
}

std::vector<std::string> webhook_seeds() {
    std::vector<std::string> seeds;
    const auto names = provider_names();
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto folder = source("tests/golden") / names[i] / "inbound";
        for (const auto& entry : std::filesystem::directory_iterator{folder}) {
            const auto written = nlohmann::ordered_json::parse(read(entry.path()), nullptr, false);
            if (!written.is_object())
                continue;
            const auto& request = written.contains("request") ? written["request"] : written;
            std::string body;
            for (const char* key : {"form", "query"}) {
                std::vector<Header> pairs;
                if (request.contains(key) && request[key].is_array())
                    for (const auto& pair : request[key])
                        pairs.push_back({pair.at(0), pair.at(1)});
                if (!pairs.empty())
                    body = encode_form(pairs);
            }
            if (request.contains("json"))
                body = request["json"].dump();
            if (body.empty())
                body = request.dump();
            seeds.push_back(static_cast<char>(i) + body);
        }
    }
    return seeds;
}

void answer(std::string_view input) {
    const Provider& provider = provider_of(input);
    const Account account = account_of(provider);
    static constexpr std::array<int, 8> statuses{200, 201, 202, 400, 401, 404, 429, 500};
    const std::size_t which = input.empty() ? 0 : static_cast<unsigned char>(input.front());
    input.remove_prefix(std::min<std::size_t>(1, input.size()));
    const HttpResponse response{statuses[which % statuses.size()], {}, std::string{input}};
    const Answer a = provider.read_send(account, response);
    must(a.kind != Answer::Kind::accepted || (response.status < 300 && !a.provider_id.empty()),
         "only a 2xx with an id is accepted");
    must(a.kind != Answer::Kind::refused || response.status < 500,
         "a 5xx refuses nothing: the message may have gone out");
    must(is_utf8(a.sentence), "a sentence is UTF-8");
    if (provider.read_lookup != nullptr) {
        UnknownSend send;
        send.message.to = {core::AddressKind::phone, "+61491570156"};
        if (const auto page = provider.read_lookup(account, send, response))
            for (const Sighting& s : page->found)
                must(!s.provider_id.empty(), "what is found has an id");
    }
    if (provider.read_missed != nullptr)
        if (const auto page = provider.read_missed(account, now, response))
            std::ranges::for_each(page->found, check_event);
    if (provider.read_templates != nullptr)
        (void)provider.read_templates(account, response);
}

std::vector<std::string> answer_seeds() {
    std::vector<std::string> seeds;
    const auto names = provider_names();
    for (std::size_t i = 0; i < names.size(); ++i) {
        for (const char* kind : {"reply", "list"}) {
            const auto folder = source("tests/golden") / names[i] / kind;
            if (!std::filesystem::exists(folder))
                continue;
            for (const auto& entry : std::filesystem::directory_iterator{folder})
                for (const char status : {'\0', '\3'})
                    seeds.push_back(std::string{static_cast<char>(i), status} + read(entry.path()));
        }
    }
    return seeds;
}

// ---- JSON: whatever nlohmann takes, we take, and read the same strings and numbers

void compare(const nlohmann::ordered_json& theirs, Json ours) {
    if (theirs.is_array()) {
        auto at = ours.begin();
        for (const auto& value : theirs) {
            must(at != ours.end(), "an array has all its values");
            compare(value, *at);
            ++at;
        }
        must(at == ours.end(), "an array has no more than its values");
    } else if (theirs.is_object()) {
        must(ours.is_object(), "an object is one");
        std::set<std::string> seen;
        for (const auto& [key, value] : theirs.items())
            if (seen.insert(key).second && value.is_string())
                must(static_cast<bool>(ours[key]), "a key is found");
    } else if (theirs.is_string()) {
        must(ours.text() == theirs.get_ref<const std::string&>(), "a string reads the same");
    } else if (theirs.is_number_integer() && !theirs.is_number_unsigned()) {
        must(ours.integer() == theirs.get<std::int64_t>(), "a number reads the same");
    }
}

void json(std::string_view input) {
    JsonDocument document;
    const Json ours = document.read(input);
    if (!nlohmann::json::accept(input))
        return;
    const auto theirs = nlohmann::ordered_json::parse(input, nullptr, false);
    const auto deepest = [](std::string_view text) {
        int depth = 0, most = 0;
        for (const char c : text) {
            depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
            most = std::max(most, depth);
        }
        return most;
    };
    if (!ours) {
        must(deepest(input) > JsonDocument::depth_max / 2, "what is JSON is read");
        return;
    }
    compare(theirs, ours);
}

std::vector<std::string> json_seeds() {
    return files_below("tests/golden", ".json");
}

// ---- what a sales team brings: files with contacts

void contacts_file(std::string_view input) {
    static const core::Plan plan = [] {
        core::Plan p;
        core::Rep rep;
        rep.id = core::RepId{"joel"};
        p.reps[rep.id] = rep;
        return p;
    }();
    const auto table = web::read_csv(input);
    if (!table)
        return;
    must(is_utf8(table->encoding), "an encoding has a name");
    const auto columns = web::guess_columns(table->header.fields);
    if (!columns)
        return;
    web::RowChecker checker{plan, {.rep = core::RepId{"joel"}, .region = "IN"}, *columns, now};
    std::vector<web::Reject> rejected;
    for (const web::CsvRow& row : table->rows) {
        for (const std::string& field : row.fields)
            must(is_utf8(field), "a field is UTF-8");
        auto checked = checker.check(row);
        if (auto* bad = std::get_if<web::Reject>(&checked))
            rejected.push_back(std::move(*bad));
        else
            must(!std::get<web::ImportRow>(checked).add.contact.addresses.empty(),
                 "who is taken has a number");
    }
    const auto back = web::read_csv(web::rejects_csv(table->header, rejected));
    must(back && back->rows.size() == rejected.size(), "the rejects can be read again, row by row");
}

std::vector<std::string> contacts_seeds() {
    std::vector<std::string> seeds = files_below("config", ".csv");
    seeds.emplace_back("\xEF\xBB\xBFname;phone\r\n\"Ana; \"\"Moreau\"\"\";+61491570156\r\n");
    seeds.emplace_back("First name\tLast name\tMobile number\nJos\xE9\tGil\t98765 43210\n");
    return seeds;
}

// ---- what a team writes: templates, cadences, calendars

void texts(std::string_view input) {
    if (const auto t = core::read_template(input, "wellbeing", "en")) {
        for (const core::Finding& f : core::lint(*t)) {
            must(f.begin <= f.end && f.end <= t->text.size(), "a finding lies in the text");
            must(!f.code.empty() && !f.sentence.empty(), "a finding says what is wrong");
        }
        core::Variables variables;
        for (const std::string& name : t->variables)
            variables[name] = "Zoë";
        must(static_cast<bool>(core::render(*t, variables)), "with every variable it is rendered");
    }
    const core::SmsLength length = core::sms_length(input);
    must(length.units >= 0 && length.parts <= length.units, "a part has at least one unit");
    (void)core::read_cadence(input, "fuzz.toml");
    (void)core::read_country_rules(input, "fuzz.toml");
    core::ReplyWords words;
    (void)core::read_reply_words(words, input, "fuzz.toml");
}

std::vector<std::string> texts_seeds() {
    std::vector<std::string> seeds = files_below("templates", ".txt");
    for (std::string& text : files_below("config", ".toml"))
        seeds.push_back(std::move(text));
    return seeds;
}

// ---- what a customer writes, and the numbers they have

void words(std::string_view input) {
    static const core::ReplyWords known = [] {
        core::ReplyWords w;
        for (const std::string& file : files_below("config/replies", ".toml"))
            (void)core::read_reply_words(w, file, "replies");
        return w;
    }();
    const std::string plain = core::normalise(input);
    must(core::normalise(plain) == plain, "normalising twice is normalising once");
    (void)core::read_reply(known, input, now);
    for (const std::string_view region : {"IN", "US", ""}) {
        const auto phone = core::read_phone(input, region);
        if (!phone)
            continue;
        must(phone->e164.size() <= 16 && phone->e164.starts_with('+'), "E.164 is short");
        const auto again = core::read_phone(phone->e164, "");
        must(again && again->e164 == phone->e164, "a number read again is the same");
    }
}

std::vector<std::string> words_seeds() {
    std::vector<std::string> seeds{
        "STOP",           "Doing well, thanks!", "I am away until 12 January", "+91 98765 43210",
        "(202) 555-0101", "00 61 491 570 156",   "\xF0\x9F\x9B\x91",           "बंद करो"};
    return seeds;
}

// ---- HTTP as it comes

void http(std::string_view input) {
    HttpRequest request;
    net::RequestParser parser{request, 16 * 1024};
    parser.limit_body(64 * 1024);
    parser.eager(true);
    boost::beast::error_code problem;
    std::string_view rest = input;
    while (!rest.empty() && !parser.is_done()) {
        const std::size_t used = parser.put(boost::asio::buffer(rest.data(), rest.size()), problem);
        rest.remove_prefix(used);
        if (problem || used == 0)
            break;
    }
    must(request.body.size() <= 64 * 1024, "a body is no larger than allowed");
    for (const Header& pair : decode_form(request.query()))
        must(decode_form(encode_form({pair})) == std::vector{pair}, "a form comes back as it was");
}

std::vector<std::string> http_seeds() {
    return {
        "POST /webhooks/main?a=1&b=%20+c HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"};
}

constexpr std::array<Target, 7> all{{{"webhook", webhook, webhook_seeds},
                                     {"answer", answer, answer_seeds},
                                     {"json", json, json_seeds},
                                     {"contacts", contacts_file, contacts_seeds},
                                     {"texts", texts, texts_seeds},
                                     {"words", words, words_seeds},
                                     {"http", http, http_seeds}}};

}  // namespace

std::span<const Target> targets() {
    return all;
}

}  // namespace warmcall::fuzz
