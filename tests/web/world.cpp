#include "world.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "engine/door.hpp"
#include "net/server.hpp"
#include "ports/system.hpp"
#include "store/registry.hpp"
#include "support/catch.hpp"
#include "web/links.hpp"
#include "web/sign_in.hpp"
#include "web/web.hpp"

namespace warmcall::tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int patience_ms =
    30'000;  // then the test fails; nothing waits this long when all is well

class HeldClock : public Clock {
 public:
    core::Timestamp now() const override { return core::from_unix_ms(ms_.load()); }
    void advance(core::Duration time) { ms_ += time.count(); }

 private:
    std::atomic<std::int64_t> ms_{1'795'341'600'000};  // 2026-11-22T10:00:00Z, a Sunday
};

core::WeekHours always() {
    core::WeekHours hours;
    for (auto& day : hours.days)
        day = {{core::DayTime{0}, core::DayTime{24 * 60}}};
    return hours;
}

core::Rep rep(const char* id, const char* name, const char* stand_in, const char* lead) {
    core::Rep made;
    made.id = core::RepId{id};
    made.name = name;
    made.zone = "Europe/Madrid";
    made.hours = always();
    made.stand_in = core::RepId{stand_in};
    made.lead = core::RepId{lead};
    return made;
}

core::Template text(const char* name, core::TemplateKind kind, const char* body) {
    core::Template t;
    t.name = name;
    t.language = "en";
    t.kind = kind;
    t.text = body;
    t.variables = {"name", "rep"};
    t.provider_name = name;
    t.provider_language = "en";
    t.category = core::Category::marketing;
    t.reviewed_hash = sha256_hex(t.text);
    return t;
}

core::Plan plan() {
    core::Plan plan;
    core::Cadence gentle;
    gentle.name = "gentle";
    gentle.title = "Gentle";
    gentle.ladder = {{std::chrono::hours{2}, core::DayPart::any}};
    gentle.script_replied = {"Thank {{name}} for the answer.", "End with: I'll call you Thursday?"};
    gentle.script_called = {"{{name}} called you."};
    gentle.script_silent = {"Ask {{name}} about {{topic}}."};
    gentle.script_unsent = {"No text of ours reached {{name}}."};
    plan.cadences["gentle"] = gentle;
    plan.calendar.countries[""] = {.region = "", .allowed = always(), .as_of = "2026-11-01"};
    plan.templates.templates = {
        text("wellbeing", core::TemplateKind::wellbeing,
             "Hello {{name}}, this is {{rep}}. I hope that you are well."),
        text("call_me_back", core::TemplateKind::call_me_back,
             "Hello {{name}}, {{rep}} here. Call me back when you have time."),
        text("rep_notice", core::TemplateKind::rep_notice, "{{name}}: {{rep}}")};
    plan.replies.stop = {"stop"};
    plan.replies.stop_hints = {"stop"};
    plan.reps[core::RepId{"joel"}] = rep("joel", "Joel", "sam", "lena");
    plan.reps[core::RepId{"sam"}] = rep("sam", "Sam", "", "lena");
    plan.reps[core::RepId{"lena"}] = rep("lena", "Lena", "", "");
    plan.reps[core::RepId{"lena"}].language = "hi";
    plan.reps[core::RepId{"kim"}] = rep("kim", "Kim", "", "");
    plan.channels = {{.id = core::ChannelId{"main"},
                      .provider = "whatsapp_cloud",
                      .medium = core::Medium::whatsapp}};
    return plan;
}

Account account() {
    Account account;
    account.id = core::ChannelId{"main"};
    account.provider = "whatsapp_cloud";
    account.base_url = "https://graph.facebook.com";
    account.settings = {{"phone_number_id", "300000000000002"}, {"waba_id", "200000000000001"}};
    account.secrets["access_token"].emplace_back("invented-access-token");
    account.secrets["app_secret"].emplace_back("invented-app-secret");
    account.secrets["verify_token"].emplace_back("invented-verify-token");
    return account;
}

Account sms_gateway() {  // one that has no handshake and delivers by GET
    Account account;
    account.id = core::ChannelId{"gateway"};
    account.provider = "kannel";
    account.settings = {{"username", "warmcall"}};
    account.secrets["password"].emplace_back("invented-password");
    account.secrets["webhook_secret"].emplace_back("invented-webhook-secret");
    return account;
}

// The console's files are somebody else's; these are enough to see how files are served.
const Asset* some_asset(std::string_view path) {
    static const Asset start{"/",      "text/html; charset=utf-8",
                             "\"e1\"", "<!doctype html><title>console</title>",
                             {},       false};
    static const Asset script{"/assets/main-4F2K.js", "text/javascript", "\"e2\"",
                              "console.log(1)",       "packed",          true};
    return path == start.path ? &start : path == script.path ? &script : nullptr;
}

int connected(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error{"the test cannot connect"};
    return fd;
}

void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return;  // it has heard enough: the answer says why
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

// False at the end of the connection.
bool read_some(int fd, std::string& into) {
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, patience_ms) <= 0)
        throw std::runtime_error{"the server does not answer"};
    char bytes[16384];
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0)
        return false;
    into.append(bytes, static_cast<std::size_t>(n));
    return true;
}

std::string request_text(std::string_view method, std::string_view path, std::string_view body,
                         const Headers& headers, std::string_view connection) {
    std::string text = std::string{method} + " " + std::string{path} + " HTTP/1.1\r\n";
    bool host = false;
    for (const auto& [name, value] : headers) {
        text += name + ": " + value + "\r\n";
        host = host || name == "Host";
    }
    if (!host)
        text += "Host: warmcall.test\r\n";
    text += "Connection: " + std::string{connection} + "\r\n";
    if (!body.empty() || (method != "GET" && method != "HEAD"))
        text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + std::string{body};
}

Reply read_reply(int fd) {
    std::string all;
    while (read_some(fd, all)) {
    }
    const std::size_t end = all.find("\r\n\r\n");
    if (end == std::string::npos || all.size() < 12)
        throw std::runtime_error{"the server closed without an answer"};
    return {std::stoi(all.substr(9, 3)), all.substr(0, end + 2), all.substr(end + 4)};
}

}  // namespace

std::string Reply::header(std::string_view name) const {
    std::string lower_head = head;
    std::string lower_name{name};
    for (char& c : lower_head)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (char& c : lower_name)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::size_t at = lower_head.find("\r\n" + lower_name + ": ");
    if (at == std::string::npos)
        return {};
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

Events::Events(std::uint16_t port, const Headers& headers, std::string_view path)
    : fd_{connected(port)} {
    write_all(fd_, request_text("GET", path, {}, headers, "keep-alive"));
    until("\r\n\r\n");
}
Events::~Events() {
    if (fd_ >= 0)
        ::close(fd_);
}
Events::Events(Events&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)}, seen_{std::move(other.seen_)} {}
int Events::status() const {
    return std::stoi(seen_.substr(9, 3));
}
bool Events::ends() {
    const auto patient_until = std::chrono::steady_clock::now() + patience_ms * 1ms;
    while (read_some(fd_, seen_))
        if (std::chrono::steady_clock::now() > patient_until)
            return false;
    return true;
}
const std::string& Events::until(std::string_view text) {
    const auto patient_until = std::chrono::steady_clock::now() + patience_ms * 1ms;
    while (seen_.find(text) == std::string::npos) {
        if (!read_some(fd_, seen_))
            throw std::runtime_error{"the stream ended before \"" + std::string{text} + "\" came"};
        if (std::chrono::steady_clock::now() > patient_until)
            throw std::runtime_error{"\"" + std::string{text} + "\" does not come"};
    }
    return seen_;
}

// Takes every call it is asked for.
class VoiceTransport : public Transport {
 public:
    VoiceTransport(std::shared_ptr<int> rung, bool hangs) : rung_{std::move(rung)}, hangs_{hangs} {}

    asio::awaitable<Result<std::unique_ptr<Connection>>> connect(std::string_view,
                                                                 core::Duration) override {
        if (hangs_) {
            ++*rung_;
            asio::steady_timer for_ever{co_await asio::this_coro::executor,
                                        asio::steady_timer::time_point::max()};
            co_await for_ever.async_wait(asio::use_awaitable);
        }
        struct One : Connection {
            explicit One(std::shared_ptr<int> rung) : rung_{std::move(rung)} {}
            asio::awaitable<Exchange> exchange(HttpRequest, core::Duration) override {
                ++*rung_;
                Exchange got{.progress = Exchange::Progress::answered};
                got.response.status = 201;
                got.response.body =
                    R"({"sid":"CA00000000000000000000000000000001","status":"queued"})";
                co_return got;
            }
            std::shared_ptr<int> rung_;
        };
        co_return std::make_unique<One>(rung_);
    }

 private:
    std::shared_ptr<int> rung_;
    bool hangs_ = false;
};

Account voice_account() {
    Account account;
    account.id = core::ChannelId{"line"};
    account.provider = "twilio_sms";
    account.base_url = "https://api.twilio.test";
    account.settings = {{"account_sid", "AC00000000000000000000000000000000"},
                        {"from", "+12025550101"}};
    account.secrets["auth_token"].emplace_back("invented-auth-token");
    return account;
}

struct World::Impl {
    std::filesystem::path folder;
    asio::io_context context{1};
    HeldClock clock;
    SystemRng rng;
    core::Plan plan = tests::plan();
    std::unique_ptr<Store> store;
    std::unique_ptr<Applier> applier;
    std::unique_ptr<Door> door;
    Secret link_key;
    std::unique_ptr<VoiceTransport> voice;
    std::unique_ptr<Web> web;
    std::unique_ptr<net::Server> server;
    std::uint16_t port = 0;
    std::thread thread;
    int messages = 0;
    std::vector<int> left;  // connections that nobody reads
};

World::World(WorldOptions options) : impl_{std::make_unique<Impl>()} {
    std::string folder = std::filesystem::temp_directory_path() / "warmcall-web-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr)
        throw std::runtime_error{"no folder for the test"};
    impl_->folder = folder;
    impl_->store =
        make_store(options.store.empty() ? "sqlite:" + folder + "/warmcall.db" : options.store);
    impl_->link_key = web::link_key(*impl_->store);
    std::map<core::ChannelId, Account> accounts{{core::ChannelId{"main"}, account()},
                                                {core::ChannelId{"gateway"}, sms_gateway()}};
    if (options.rung) {
        impl_->voice = std::make_unique<VoiceTransport>(options.rung, options.line_hangs);
        accounts[core::ChannelId{"line"}] = voice_account();
        impl_->plan.reps.at(core::RepId{"joel"}).phone = "+34600000001";
        impl_->plan.templates.templates.push_back(
            {.name = "call_bridge", .language = "en", .text = "Press a key.", .variables = {}});
    }
    impl_->applier = std::make_unique<Applier>(*impl_->store, impl_->plan, impl_->clock);

    const auto token = [&](const std::string& name, const std::string& rep) {
        web::NewToken made = web::new_token(name, core::RepId{rep}, impl_->clock.now());
        impl_->store->transact([&](Unit& unit) { unit.add_token(made.stored); });
        return Headers::value_type{"Authorization", "Bearer " + made.shown};
    };
    bearer = token("all", "");
    for (const auto& [id, known] : impl_->plan.reps)
        rep_bearer[id.value] = token("of " + id.value, id.value);

    impl_->door = std::make_unique<Door>(impl_->context, *impl_->applier, *impl_->store);
    WebOptions web_options;
    web_options.public_url = options.public_url;
    web_options.default_region = "ES";
    web_options.link_key = impl_->link_key;
    web_options.find_asset = some_asset;
    web_options.push_public_key = "PUBLIC";
    web_options.wrong_with_push = [](std::string_view address, std::string_view) {
        return address.starts_with("https://push.test/") ? std::string{} : "not a push service";
    };
    web_options.server_counts = [this] { return impl_->server->counts(); };
    web_options.shared_store = options.shared_store;
    if (options.ping_every > core::Duration{})
        web_options.ping_every = options.ping_every;
    if (options.rung) {
        web_options.voice.bridge = core::ChannelId{"line"};
        web_options.voice.transport = impl_->voice.get();
    }
    impl_->web = std::make_unique<Web>(*impl_->door, impl_->plan, std::move(accounts), impl_->clock,
                                       impl_->rng, std::move(web_options));
    net::ServerLimits limits;
    limits.connections_per_address_max = 0;
    impl_->server = std::make_unique<net::Server>(
        impl_->context, limits,
        [this](const net::Incoming& request) { return impl_->web->body_limit(request); },
        [this](net::Incoming request) { return impl_->web->handle(std::move(request)); },
        [this](const net::Incoming& request) { return impl_->web->turn_away(request); });
    const auto endpoint = impl_->server->listen("127.0.0.1:0");
    if (!endpoint)
        throw std::runtime_error{endpoint.error().message};
    impl_->port = endpoint->port();
    asio::co_spawn(impl_->context, impl_->server->run(), [](std::exception_ptr) {});
    impl_->thread = std::thread{[this] { impl_->context.run(); }};
}

World::~World() {
    asio::post(impl_->context, [this] { impl_->server->stop(); });
    asio::post(impl_->context, [this] { impl_->context.stop(); });
    impl_->thread.join();
    for (const int fd : impl_->left)
        ::close(fd);
    impl_->server.reset();
    impl_->door.reset();
    impl_->web.reset();
    impl_->applier.reset();
    impl_->store.reset();
    std::filesystem::remove_all(impl_->folder);
}

std::uint16_t World::port() const {
    return impl_->port;
}
core::Timestamp World::now() const {
    return impl_->clock.now();
}
void World::advance(core::Duration time) {
    impl_->clock.advance(time);
}

Reply World::send(std::string_view method, std::string_view path, std::string_view body,
                  Headers headers) {
    const int fd = connected(impl_->port);
    write_all(fd, request_text(method, path, body, headers, "close"));
    try {
        Reply reply = read_reply(fd);
        ::close(fd);
        return reply;
    } catch (...) {
        ::close(fd);
        throw;
    }
}

void World::leave(std::string_view method, std::string_view path, std::string_view body,
                  Headers headers) {
    impl_->left.push_back(connected(impl_->port));
    write_all(impl_->left.back(), request_text(method, path, body, headers, "close"));
}

Reply World::announce(std::string_view path, std::size_t bytes, Headers headers) {
    headers.emplace_back("Content-Length", std::to_string(bytes));
    const int fd = connected(impl_->port);
    std::string head = request_text("GET", path, {}, headers, "close");
    head.replace(0, 3, "POST");
    write_all(fd, head);
    ::shutdown(fd, SHUT_WR);
    Reply reply = read_reply(fd);
    ::close(fd);
    return reply;
}

Reply World::post(std::string_view path, const json& body, Headers more) {
    more.push_back(bearer);
    more.emplace_back("Content-Type", "application/json");
    return send("POST", path, body.dump(), std::move(more));
}

Reply World::get_as(const std::string& rep, std::string_view path) {
    return send("GET", path, {}, {rep_bearer.at(rep)});
}

Reply World::post_as(const std::string& rep, std::string_view path, const json& body,
                     Headers more) {
    more.push_back(rep_bearer.at(rep));
    more.emplace_back("Content-Type", "application/json");
    return send("POST", path, body.dump(), std::move(more));
}

std::string signature_of(std::string_view body) {
    return "sha256=" + hmac_sha256_hex(Secret{"invented-app-secret"}, body);
}

Reply World::webhook(const std::string& body, std::string_view channel) {
    return send(
        "POST", "/webhooks/" + std::string{channel}, body,
        {{"Content-Type", "application/json"}, {"X-Hub-Signature-256", signature_of(body)}});
}

Reply World::they_write(std::string_view digits, std::string_view words) {
    return webhook(
        message_body(digits, words, "wamid." + std::to_string(++impl_->messages), now()));
}

std::string World::link(const std::string& rep) {
    const Reply made = post("/api/v1/reps/" + rep + "/sign_in_link", json::object());
    REQUIRE(made.status == 201);
    const std::string url = made.object().at("url");
    return url.substr(url.find("#t=") + 3);
}

std::string World::sign_in(const std::string& rep) {
    const Reply in = send("POST", "/login", json{{"token", link(rep)}}.dump(),
                          {{"Content-Type", "application/json"}});
    REQUIRE(in.status == 204);
    const std::string cookie = in.header("Set-Cookie");
    return cookie.substr(0, cookie.find(';'));
}

World::Called World::called(const std::string& rep, const std::string& name,
                            const std::string& digits) {
    json wish = new_contact(name, "+" + digits, rep);
    wish["cadence"] = "gentle";
    const Reply made = post("/api/v1/contacts", wish);
    INFO(made.body);
    REQUIRE(made.status == 201);
    REQUIRE(they_write(digits, "I'm well, thank you!").status == 200);
    const json contact =
        get("/api/v1/contacts/" + std::to_string(made.object().at("id").get<std::int64_t>()))
            .object();
    INFO(contact.dump(1));
    REQUIRE(contact.at("prompt").is_object());
    return {contact.at("id"), contact.at("outreach").at("id"), contact.at("prompt").at("id")};
}

void World::transact(const std::function<void(Unit&)>& work) {
    asio::co_spawn(impl_->context,
                   impl_->door->apply(Write{[work](Unit& unit, core::Timestamp) { work(unit); }}),
                   asio::use_future)
        .get();
}

std::string World::page(std::int64_t prompt, const std::string& rep) const {
    return "/p/" + web::prompt_token(impl_->link_key, {core::PromptId{prompt}, core::RepId{rep}});
}

json consent() {
    return {{"source", "signup form"},
            {"at", "2026-11-01T09:00:00Z"},
            {"text", "You may write to me."}};
}

json new_contact(const std::string& name, const std::string& phone, const std::string& rep) {
    return {{"name", name},
            {"phone", phone},
            {"rep", rep},
            {"consent", consent()},
            {"time_zone", "Europe/Madrid"}};
}

std::string message_body(std::string_view digits, std::string_view words, std::string_view id,
                         core::Timestamp at) {
    const std::string from{digits};
    const json message{{"from", from},
                       {"id", id},
                       {"timestamp", std::to_string(core::unix_ms(at) / 1000)},
                       {"type", "text"},
                       {"text", {{"body", words}}}};
    const json value{
        {"messaging_product", "whatsapp"},
        {"metadata",
         {{"display_phone_number", "15550100002"}, {"phone_number_id", "300000000000002"}}},
        {"contacts", json::array({{{"profile", {{"name", "Ana"}}}, {"wa_id", from}}})},
        {"messages", json::array({message})}};
    return news_of("messages", value);
}

std::string news_of(std::string_view field, const json& value) {
    const json change{{"field", field}, {"value", value}};
    const json entry{{"id", "200000000000001"}, {"changes", json::array({change})}};
    return json{{"object", "whatsapp_business_account"}, {"entry", json::array({entry})}}.dump();
}

}  // namespace warmcall::tests
