// Deliveries broken on purpose: whatever comes, we get events or a bad payload, never a crash (this
// runs under ASan and UBSan).

#include <random>

#include "golden.hpp"
#include "providers/json.hpp"
#include "support/catch.hpp"

using namespace warmcall;

namespace {

Result<std::vector<Inbound>> parsed(const std::string& body) {
    static const Account account = golden::account();
    return golden::whatsapp().parse(account, golden::delivery(body));
}

// As Meta sends it: without line breaks. As it is for the two that are no JSON to others.
std::string compact(const std::filesystem::path& file) {
    const auto root = golden::Json::parse(golden::read(file), nullptr, false);
    return root.is_discarded() ? golden::read(file) : root.dump();
}

bool survives(const std::string& body) {
    const auto found = parsed(body);
    if (!found)
        return found.error().code == Errc::bad_payload;
    for (const Inbound& one : *found)
        if (one.key.size() != 20)
            return false;
    return true;
}

// What nlohmann, which has no mercy with broken letters, makes of a text that we read: the same
// values.
bool same(Json ours, const nlohmann::json& theirs) {
    if (theirs.is_object()) {
        if (!ours.is_object())
            return false;
        for (const auto& [key, value] : theirs.items())
            if (!same(ours[key], value))
                return false;
        return true;
    }
    if (theirs.is_array()) {
        auto at = ours.begin();
        for (const auto& value : theirs) {
            if (at == ours.end() || !same(*at, value))
                return false;
            ++at;
        }
        return ours.is_array() && at == ours.end();
    }
    if (theirs.is_string())
        return ours.text() == theirs.get<std::string>();
    if (theirs.is_number_integer())
        return ours.integer() == theirs.get<std::int64_t>();
    return ours.source() == theirs.dump() || theirs.is_number_float();
}

// The text with what we forgive put right: broken letters and halves of pairs.
std::string forgiven(std::string text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (static_cast<unsigned char>(text[i]) >= 0x80)
            text[i] = 'x';
        const bool surrogate = i + 6 <= text.size() && text[i] == '\\' && text[i + 1] == 'u' &&
                               (text[i + 2] == 'd' || text[i + 2] == 'D') && text[i + 3] >= '8';
        if (surrogate)
            text[i + 2] = '1';
        if (text[i] == '\\')
            ++i;  // the next one is escaped
    }
    return text;
}

// We find the same mistakes as nlohmann, but for what we forgive on purpose and for numbers too
// large to hold.
bool agrees(const std::string& body) {
    JsonDocument document;
    const Json ours = document.read(body);
    if (nlohmann::json::accept(body))
        return static_cast<bool>(ours);
    if (!ours)
        return true;
    try {
        const auto read = nlohmann::json::parse(forgiven(body));
        return !read.is_discarded();
    } catch (const nlohmann::json::out_of_range&) {
        return true;
    } catch (const nlohmann::json::exception&) {
        return false;
    }
}

}  // namespace

TEST_CASE("a golden delivery cut off at any byte is a bad payload") {
    std::size_t read_as_whole = 0;
    for (const auto& file : golden::files("inbound", ".json")) {
        std::string body = compact(file);
        while (body.back() == '\n')
            body.pop_back();
        for (std::size_t length = 0; length < body.size(); ++length)
            read_as_whole += parsed(body.substr(0, length)) ? 1 : 0;
    }
    CHECK(read_as_whole == 0);
}

TEST_CASE("a golden delivery with some bytes changed is a bad payload or gives some events") {
    std::mt19937 random{20260203};
    std::size_t survived = 0;
    std::size_t tried = 0;
    for (const auto& file : golden::files("inbound", ".json")) {
        const std::string body = golden::read(file);
        for (int round = 0; round < 80; ++round) {
            std::string broken = body;
            for (int flips = 0; flips < 1 + round % 4; ++flips)
                broken[random() % broken.size()] = static_cast<char>(random() % 256);
            ++tried;
            survived += survives(broken) && agrees(broken) ? 1 : 0;
        }
    }
    CHECK(survived == tried);
}

TEST_CASE("a golden delivery with pieces moved about is a bad payload or gives some events") {
    std::mt19937 random{19};
    std::size_t failed = 0;
    for (const auto& file : golden::files("inbound", ".json")) {
        const std::string body = golden::read(file);
        for (int round = 0; round < 50; ++round) {
            std::string moved = body;
            const std::size_t from = random() % moved.size();
            const std::string piece = moved.substr(from, random() % 40);
            moved.erase(from, piece.size() / 2);
            moved.insert(random() % (moved.size() + 1), piece);
            failed += survives(moved) && agrees(moved) ? 0 : 1;
        }
    }
    CHECK(failed == 0);
}

TEST_CASE("a value of the wrong kind in any place is survived") {
    const std::vector<nlohmann::json> strange = {nullptr,
                                                 -1,
                                                 std::string(5000, 'x'),
                                                 nlohmann::json::array(),
                                                 nlohmann::json::object(),
                                                 1e300,
                                                 true,
                                                 ""};
    std::size_t failed = 0;
    std::size_t turn = 0;
    for (const auto& file : golden::files("inbound", ".json")) {
        nlohmann::json root = nlohmann::json::parse(golden::read(file), nullptr, false);
        if (root.is_discarded())
            continue;
        std::set<std::string> places;
        const nlohmann::json leaves = root.flatten();
        for (const auto& [path, ignored] : leaves.items())
            for (auto place = nlohmann::json::json_pointer{path}; !place.empty(); place.pop_back())
                places.insert(place.to_string());
        for (const std::string& place : places) {
            nlohmann::json& value = root[nlohmann::json::json_pointer{place}];
            for (int round = 0; round < 3; ++round) {
                nlohmann::json before = std::exchange(value, strange[++turn % strange.size()]);
                failed += survives(root.dump()) ? 0 : 1;
                value = std::move(before);
            }
        }
    }
    CHECK(failed == 0);
}

TEST_CASE("our reader and nlohmann's agree on every golden delivery") {
    std::size_t compared = 0;
    for (const auto& file : golden::files("inbound", ".json")) {
        const std::string body = golden::read(file);
        const nlohmann::json theirs = nlohmann::json::parse(body, nullptr, false);
        if (theirs.is_discarded())
            continue;  // half an emoji
        JsonDocument document;
        INFO(file.filename().string());
        CHECK(same(document.read(body), theirs));
        ++compared;
    }
    CHECK(compared > 100);
}

TEST_CASE("a depth bomb is a bad payload") {
    for (const char* opening : {"[", "{\"a\":", "[{\"a\":"}) {
        std::string bomb = R"({"object":"whatsapp_business_account","entry":)";
        while (bomb.size() < 1'000'000)
            bomb += opening;
        const auto found = golden::whatsapp().parse(golden::account(), golden::delivery(bomb));
        REQUIRE_FALSE(found);
        CHECK(found.error().code == Errc::bad_payload);
    }
}

TEST_CASE("a delivery of a million tiny values is refused before it fills the memory") {
    std::string body = R"({"object":"whatsapp_business_account","entry":[1)";
    while (body.size() < 2'900'000)
        body += ",1";
    body += "]}";
    CHECK_FALSE(golden::whatsapp().parse(golden::account(), golden::delivery(body)));
}
