#include "world.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "notifiers/registry.hpp"
#include "store/registry.hpp"
#include "store/words.hpp"
#include "support/catch.hpp"

namespace warmcall::tests {

namespace {

namespace fs = std::filesystem;

std::string whole(const fs::path& path) {
    std::ifstream in{path};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

template <class T>
T good(Result<T> read) {
    if (!read) {
        throw std::runtime_error{read.error().message};
    }
    return std::move(*read);
}

core::WeekHours office_hours() {
    core::WeekHours hours;
    for (int day = 0; day < 5; ++day) {
        hours.days[day] = {{core::DayTime{9 * 60}, core::DayTime{18 * 60}}};
    }
    return hours;
}

core::Plan read_plan() {
    const fs::path root{WARMCALL_SOURCE_DIR};
    core::Plan plan;
    const fs::path cadence = root / "config/cadences/gentle.toml";
    plan.cadences["gentle"] = good(core::read_cadence(whole(cadence), cadence.string()));
    for (const auto& entry : fs::directory_iterator{root / "config/calendars"}) {
        core::CountryRules rules =
            good(core::read_country_rules(whole(entry.path()), entry.path().string()));
        plan.calendar.countries[rules.region] = rules;
    }
    REQUIRE(
        core::read_reply_words(plan.replies, whole(root / "config/replies/en.toml"), "en.toml"));
    for (const auto& entry : fs::directory_iterator{root / "templates/en"}) {
        plan.templates.templates.push_back(
            good(core::read_template(whole(entry.path()), entry.path().stem().string(), "en")));
    }
    plan.company = "Kestrel Foods";
    plan.reps[maya] = {.id = maya,
                       .name = "Maya Rao",
                       .zone = "Asia/Kolkata",
                       .hours = office_hours(),
                       .stand_in = ravi,
                       .phone = std::string{maya_number},
                       .channel = channel};
    plan.reps[ravi] = {
        .id = ravi, .name = "Ravi Shah", .zone = "Asia/Kolkata", .hours = office_hours()};
    plan.channels = {
        {.id = channel, .provider = "whatsapp_cloud", .medium = core::Medium::whatsapp}};
    return plan;
}

std::string seconds(core::Timestamp at) {
    return std::to_string(core::unix_ms(at) / 1000);
}

}  // namespace

core::Plan plan() {
    static const core::Plan once = read_plan();
    return once;
}

Line line() {
    Account account;
    account.id = channel;
    account.provider = "whatsapp_cloud";
    account.base_url = "https://graph.test";
    account.settings = {{"phone_number_id", "300000000000002"}, {"waba_id", "200000000000001"}};
    account.secrets["access_token"].emplace_back("invented-access-token");
    account.secrets["app_secret"].emplace_back("invented-app-secret");
    return {.account = account, .provider = find_provider("whatsapp_cloud")};
}

World::World(std::string_view store_url) : store{make_store(store_url)} {
    clock.at = core::instant(std::chrono::year_month_day{std::chrono::year{2026} / 11 / 2},
                             core::DayTime{10 * 60}, "Asia/Kolkata");
    restart();
    amara = add("Amara Okafor", std::string{amara_number});
}

void World::restart() {
    applier = std::make_unique<Applier>(*store, plan(), clock);
}

core::ContactId World::add(std::string name, std::string number, core::RepId owner) {
    core::Contact c;
    c.name = std::move(name);
    c.addresses = {{core::AddressKind::phone, std::move(number)}};
    c.owner = std::move(owner);
    c.language = "en";
    c.zones = {"Asia/Kolkata"};
    c.zone_source = core::ZoneSource::given;
    c.region = "IN";
    c.consent =
        core::Consent{"the sign-up form", clock.at - 24h, "You may write to me on WhatsApp"};
    const NewContact contact{c, {}};
    core::ContactId id;
    store->transact(
        [&](Unit& unit) { id = unit.add_contacts({&contact, 1}, clock.at).front().id; });
    return id;
}

std::string World::phase(core::ContactId id) {
    const core::Case c = of(id);
    return c.outreach ? std::string{store::phase_word(c.outreach->phase)} : "none";
}

core::Message World::text(core::ContactId id) {
    const auto all = store->messages(id, 1);
    REQUIRE(all.size() == 1);
    return all.front();
}

std::int64_t World::ignored(const std::string& what) {
    const auto all = counts().ignored;
    const auto at = all.find(what);
    return at == all.end() ? 0 : at->second;
}

Outcome World::happens(core::ContactId id, core::Event event, std::string actor) {
    std::vector<Work> works;
    works.emplace_back(Happened{id, std::move(event), std::move(actor)});
    return applier->apply(std::move(works)).front();
}

Work World::webhook(const std::string& body) const {
    Result<std::vector<Inbound>> events = main.provider->parse(
        main.account, HttpRequest{.method = "POST", .url = "/webhooks/main", .body = body});
    REQUIRE(events);
    return Delivered{.channel = channel, .body = body, .events = std::move(*events)};
}

std::vector<Outcome> World::delivered(const std::vector<std::string>& bodies) {
    std::vector<Work> works;
    for (const std::string& body : bodies) {
        works.push_back(webhook(body));
    }
    return applier->apply(std::move(works));
}

void World::queue_text(core::ContactId id) {
    REQUIRE(!happens(id, core::Enrolled{"gentle"}).refusal);
    applier->wake(100);
    REQUIRE(text(id).state == core::MessageState::queued);
}

std::vector<Token> World::tokens(std::size_t n) {
    std::vector<Token> all(n);
    std::ranges::generate(all, [this] { return in_order_of_time(rng.token(), clock.at); });
    return all;
}

std::vector<Claimed> World::claim(std::size_t at_most) {
    return applier->claim(tokens(at_most), Dispatch::lease);
}

Claimed World::claimed(core::ContactId id) {
    queue_text(id);
    for (Claimed& one : claim()) {
        if (one.contact == id) {
            return std::move(one);
        }
    }
    FAIL("the text was not claimed");
    return {};
}

Outcome World::settle(const Claimed& c, const Exchange& exchange) {
    return happens(c.contact, warmcall::settle(main, c.message, exchange, clock.at, rng).event,
                   "provider");
}

std::string World::sent(core::ContactId id) {
    std::string provider_id = "wamid.OUT" + std::to_string(++ids_);
    settle(claimed(id), accepted(provider_id));
    return provider_id;
}

void World::prompt(core::ContactId id, std::string words) {
    sent(id);
    advance(10min);
    const std::string wa_id = of(id).contact.addresses.front().value.substr(1);
    delivered({text_from(wa_id, words, "wamid.IN" + std::to_string(++ids_), clock.at)});
    advance(1min);
    applier->wake(100);
    REQUIRE(of(id).prompt);
}

std::string envelope(std::string_view field, json value) {
    if (field == "messages") {
        value["messaging_product"] = "whatsapp";
        value["metadata"] = {{"display_phone_number", "12025550101"},
                             {"phone_number_id", "300000000000002"}};
    }
    json entry{{"id", "200000000000001"}, {"time", 1793593800}};
    entry["changes"] = json::array({json{{"field", field}, {"value", std::move(value)}}});
    return json{{"object", "whatsapp_business_account"}, {"entry", json::array({std::move(entry)})}}
        .dump();
}

std::string text_from(std::string_view wa_id, std::string_view words, std::string_view id,
                      core::Timestamp at, json more) {
    json message{{"from", wa_id},
                 {"id", id},
                 {"timestamp", seconds(at)},
                 {"type", "text"},
                 {"text", {{"body", words}}}};
    message.update(more);
    const json contact{{"profile", {{"name", "Somebody"}}}, {"wa_id", wa_id}};
    return envelope("messages",
                    {{"contacts", json::array({contact})}, {"messages", json::array({message})}});
}

std::string receipt(std::string_view id, std::string_view status, core::Timestamp at,
                    std::optional<Token> token, int code) {
    json s{{"id", id},
           {"status", status},
           {"timestamp", seconds(at)},
           {"recipient_id", "919876500001"}};
    if (token) {
        s["biz_opaque_callback_data"] = "wc1." + to_hex(*token);
    }
    if (code != 0) {
        s["errors"] = json::array({json{{"code", code}, {"title", "not delivered"}}});
    }
    return envelope("messages", {{"statuses", json::array({s})}});
}

std::string merged(const std::vector<std::string>& bodies) {
    json all = json::parse(bodies.front());
    for (std::size_t i = 1; i < bodies.size(); ++i) {
        const json more = json::parse(bodies[i]);
        for (const json& entry : more.at("entry")) {
            all["entry"].push_back(entry);
        }
    }
    return all.dump();
}

Exchange answered(int status, std::string body) {
    return {.progress = Exchange::Progress::answered,
            .response = {.status = status,
                         .headers = {{"Content-Type", "application/json"}},
                         .body = std::move(body)}};
}

Exchange accepted(std::string_view id, std::string_view wa_id) {
    json body{{"messaging_product", "whatsapp"}};
    body["contacts"] = json::array({json{{"input", wa_id}, {"wa_id", wa_id}}});
    body["messages"] = json::array({json{{"id", id}}});
    return answered(200, body.dump());
}

Exchange refused(int code, int status, std::string_view retry_after) {
    Exchange exchange =
        answered(status, json{{"error", {{"message", "no"}, {"code", code}}}}.dump());
    if (!retry_after.empty()) {
        exchange.response.headers.push_back({"Retry-After", std::string{retry_after}});
    }
    return exchange;
}

Exchange not_sent() {
    return {.progress = Exchange::Progress::not_sent, .problem = "cannot connect"};
}
Exchange written() {
    return {.progress = Exchange::Progress::written, .problem = "timeout"};
}

std::string failure_of(const Outcome& outcome) {
    if (!outcome.failure) {
        return {};
    }
    try {
        std::rethrow_exception(outcome.failure);
    } catch (const std::exception& problem) {
        return problem.what();
    }
}

}  // namespace warmcall::tests
