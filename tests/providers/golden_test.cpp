// The golden payloads of every provider that keeps a request and its meaning in one file:
// tests/golden/<provider>/{inbound,outbound,reply,list}/*.json and account.json.
// (whatsapp_cloud came before and has files of two halves: whatsapp_*_test.cpp.)

#include "golden.hpp"

#include <random>

#include "support/catch.hpp"

using namespace warmcall;
using golden::Json;

namespace {

std::vector<std::string> providers() {
    std::vector<std::string> names;
    for (const std::string_view name : provider_names())
        if (name != "whatsapp_cloud")
            names.emplace_back(name);
    return names;
}

// Runs `now_of` over every file of that kind: what it gives must be what stands under `key`.
template <class F>
std::size_t compare(const std::string& provider, const char* kind, const char* key, F&& now_of) {
    std::size_t compared = 0;
    for (const auto& file : golden::files_of(provider, kind)) {
        INFO(file.string());
        CHECK(file.extension() == ".json");
        Json written = Json::parse(golden::read(file));
        const Json now = now_of(written);
        if (golden::updating()) {
            written[key] = now;
            golden::write(file, written.dump(1) + "\n");
        }
        CHECK(written.value(key, Json{}).dump(1) == now.dump(1));
        ++compared;
    }
    return compared;
}

Json events_in(const std::string& name, const HttpRequest& request) {
    const auto found = golden::provider(name).parse(golden::account(name), request);
    return found ? golden::dump(*found) : Json(found.error().message);
}

template <class T>
Json page(const Result<Page<T>>& read) {
    if (!read)
        return {{"error", read.error().message}};
    Json found = Json::array();
    if constexpr (std::is_same_v<T, Inbound>) {
        found = golden::dump(read->found);
    } else {
        for (const T& one : read->found)
            found.push_back(golden::dump(one));
    }
    return {{"found", std::move(found)}, {"next", read->next}};
}

UnknownSend unknown_from(const Json& written) {
    return {golden::outbound_from(written.at("message")), golden::now,
            golden::now + std::chrono::minutes{2}};
}

// One file asks for a page and reads one: the lookup of a send, or what came in since `now`.
Json listed(const std::string& name, const Json& written) {
    const Provider& provider = golden::provider(name);
    const Account account = golden::account(name);
    const std::string wanted = written.value("page", "");
    const HttpResponse response = golden::response_from(written.at("response"));
    if (written.contains("message")) {
        const UnknownSend unknown = unknown_from(written);
        return {{"request", golden::dump(provider.build_lookup(account, unknown, wanted))},
                {"read", page(provider.read_lookup(account, unknown, response))}};
    }
    return {{"request", golden::dump(provider.build_missed(account, golden::now, wanted))},
            {"read", page(provider.read_missed(account, golden::now, response))}};
}

std::vector<HttpRequest> golden_requests(const std::string& name) {
    std::vector<HttpRequest> all;
    for (const auto& file : golden::files_of(name, "inbound"))
        all.push_back(golden::request_from(Json::parse(golden::read(file)).at("request")));
    return all;
}

// Events or a bad payload; each key has its length.
bool survives(const std::string& name, const Account& account, const HttpRequest& request) {
    const auto found = golden::provider(name).parse(account, request);
    if (!found)
        return found.error().code == Errc::bad_payload;
    return std::ranges::all_of(*found, [](const Inbound& one) { return one.key.size() == 20; });
}

}  // namespace

TEST_CASE("every golden delivery of every provider is read as it stands beside it") {
    for (const std::string& name : providers()) {
        INFO(name);
        CHECK(compare(name, "inbound", "events", [&](const Json& written) {
                  return events_in(name, golden::request_from(written.at("request")));
              }) > 5);
    }
}

TEST_CASE("every golden message to every provider is written as it stands beside it") {
    for (const std::string& name : providers()) {
        INFO(name);
        CHECK(compare(name, "outbound", "request", [&](const Json& written) {
                  const Outbound message = golden::outbound_from(written.at("message"));
                  return golden::dump(
                      golden::provider(name).build_send(golden::account(name), message));
              }) > 1);
    }
}

TEST_CASE("every golden answer of every provider is read as it stands beside it") {
    for (const std::string& name : providers()) {
        INFO(name);
        CHECK(compare(name, "reply", "answer", [&](const Json& written) {
                  return golden::dump(golden::provider(name).read_send(
                      golden::account(name), golden::response_from(written.at("response"))));
              }) > 2);
    }
}

TEST_CASE("every golden page of a provider's list is asked for and read as it stands beside it") {
    for (const std::string& name : providers()) {
        INFO(name);
        const Provider& provider = golden::provider(name);
        const std::size_t pages = compare(
            name, "list", "listed", [&](const Json& written) { return listed(name, written); });
        CHECK((pages > 0) == (provider.build_lookup != nullptr));
        CHECK((provider.read_lookup != nullptr) == (provider.build_lookup != nullptr));
        CHECK((provider.read_missed != nullptr) == (provider.build_missed != nullptr));
    }
}

TEST_CASE("every golden account is one that its provider has nothing to say against") {
    for (const std::string& name : providers()) {
        INFO(name);
        CHECK(golden::provider(name).check(golden::account(name)).empty());
        Account typing_error = golden::account(name);
        typing_error.settings["form"] = "x";
        typing_error.secrets["pasword"].emplace_back("invented");
        const auto wrong = golden::provider(name).check(typing_error);
        REQUIRE(wrong.size() == 2);
        CHECK(wrong[0].starts_with("form is not a key of " + name));
        CHECK(wrong[1].starts_with("pasword is not a key of " + name));
    }
}

TEST_CASE("an empty account lacks something, and each sentence begins with the key it is about") {
    for (const std::string& name : providers()) {
        INFO(name);
        Account empty;
        empty.provider = name;
        const auto wrong = golden::provider(name).check(empty);
        CHECK(wrong.size() >= 3);
        for (const std::string& sentence : wrong) {
            INFO(sentence);
            CHECK(sentence.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == sentence.find(' '));
            CHECK(sentence.find(" is missing: ") != std::string::npos);
        }
    }
}

TEST_CASE("nothing that is unsigned or signed by another is believed, whoever the provider is") {
    for (const std::string& name : providers()) {
        const Account account = golden::account(name);
        Account without = account;
        without.secrets.clear();
        without.settings.clear();
        for (const HttpRequest& request : golden_requests(name)) {
            INFO(name);
            HttpRequest bare = request;
            bare.headers.clear();
            bare.url = request.path();
            CHECK_FALSE(golden::provider(name).authentic(account, bare));
            CHECK_FALSE(golden::provider(name).authentic(without, bare));
            CHECK_FALSE(golden::provider(name).authentic(without, request));
        }
    }
}

TEST_CASE("a receipt comes back with the token its message left with") {
    for (const std::string& name : providers()) {
        INFO(name);
        std::size_t with_token = 0;
        for (const HttpRequest& request : golden_requests(name)) {
            const auto found = golden::provider(name).parse(golden::account(name), request);
            if (!found)
                continue;
            for (const Inbound& one : *found)
                if (const auto* status = std::get_if<InStatus>(&one.what);
                    status != nullptr && status->token)
                    with_token +=
                        to_hex(*status->token) == "000102030405060708090a0b0c0d0e0f" ? 1 : 0;
        }
        CHECK(with_token > 0);
    }
}

TEST_CASE("the same delivery twice has the same keys, and no two golden deliveries share one") {
    for (const std::string& name : providers()) {
        INFO(name);
        std::set<std::string> keys;
        for (const HttpRequest& request : golden_requests(name)) {
            const Account account = golden::account(name);
            HttpRequest later = request;
            later.received_at += std::chrono::hours{1};
            const auto once = golden::provider(name).parse(account, request);
            const auto again = golden::provider(name).parse(account, later);
            REQUIRE(static_cast<bool>(once) == static_cast<bool>(again));
            if (!once)
                continue;
            REQUIRE(once->size() == again->size());
            for (std::size_t i = 0; i < once->size(); ++i) {
                CHECK((*once)[i].key == (*again)[i].key);
                CHECK(keys.insert((*once)[i].key).second);
            }
        }
    }
}

TEST_CASE("an answer of the server's fault class leaves a send unknown at every provider") {
    for (const std::string& name : providers()) {
        INFO(name);
        for (const int status : {408, 500, 502, 504, 599})
            CHECK(golden::provider(name)
                      .read_send(golden::account(name), {status, {}, "<html>"})
                      .kind == Answer::Kind::unreadable);
        for (const int status : {400, 401, 403, 404, 422, 429})
            CHECK(golden::provider(name)
                      .read_send(golden::account(name), {status, {}, "<html>"})
                      .kind == Answer::Kind::refused);
    }
}

TEST_CASE("too many requests slow down at every provider, for as long as it says") {
    for (const std::string& name : providers()) {
        const Answer answer = golden::provider(name).read_send(golden::account(name),
                                                               {429, {{"Retry-After", "7"}}, ""});
        INFO(name);
        CHECK(answer.failure == core::FailureClass::slow_down);
        CHECK(answer.retry_after == core::Duration{std::chrono::seconds{7}});
    }
}

TEST_CASE("a probe that is refused says which keys to look at") {
    for (const std::string& name : providers()) {
        INFO(name);
        const Provider& provider = golden::provider(name);
        const auto refused = provider.read_probe(golden::account(name), {401, {}, ""});
        REQUIRE(refused);
        CHECK(refused->find("check ") != std::string::npos);
        REQUIRE(provider.read_probe(golden::account(name), {503, {}, ""}));
        REQUIRE(provider.read_probe(golden::account(name), {200, {}, "<html>"}));
    }
}

TEST_CASE("golden deliveries of every provider, broken on purpose, are survived") {
    std::mt19937 random{20260203};
    for (const std::string& name : providers()) {
        const Account account = golden::account(name);
        std::size_t failed = 0;
        for (const HttpRequest& request : golden_requests(name)) {
            for (std::size_t length = 0; length < request.body.size(); length += 5) {
                HttpRequest cut = request;
                cut.body.resize(length);
                failed += survives(name, account, cut) ? 0 : 1;
            }
            for (int round = 0; round < 40; ++round) {
                HttpRequest broken = request;
                std::string& text = broken.body.empty() ? broken.url : broken.body;
                for (int flips = 0; flips < 1 + round % 4; ++flips)
                    text[random() % text.size()] = static_cast<char>(random() % 256);
                failed += survives(name, account, broken) ? 0 : 1;
            }
        }
        INFO(name);
        CHECK(failed == 0);
    }
}
