#include "sandbox/world.hpp"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "support/catch.hpp"

namespace sandbox_tests {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

void set_limit(tcp::socket& socket, std::chrono::milliseconds limit) {
    timeval time{};
    time.tv_sec = limit.count() / 1000;
    time.tv_usec = static_cast<suseconds_t>(limit.count() % 1000 * 1000);
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

std::string lower(std::string text) {
    for (char& c : text)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

void take_headers(Heard& heard) {
    std::size_t at = heard.head.find("\r\n");
    while (at != heard.head.npos && at + 2 < heard.head.size()) {
        const std::size_t begin = at + 2;
        at = heard.head.find("\r\n", begin);
        const std::string line = heard.head.substr(begin, at - begin);
        const std::size_t colon = line.find(": ");
        if (colon != line.npos)
            heard.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
    }
}

// Blocking on the descriptor itself: Asio's own would turn the time limit into a poll for ever.
Heard::End read_more(tcp::socket& socket, std::string& held) {
    char piece[16384];
    const ssize_t got = ::recv(socket.native_handle(), piece, sizeof piece, 0);
    if (got > 0) {
        held.append(piece, static_cast<std::size_t>(got));
        return Heard::End::whole;
    }
    if (got == 0)
        return Heard::End::closed;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Heard::End::silent : Heard::End::reset;
}

Heard read_one(tcp::socket& socket, std::string& held) {
    Heard heard;
    std::size_t end = held.npos;
    while ((end = held.find("\r\n\r\n")) == held.npos) {
        heard.end = read_more(socket, held);
        if (heard.end != Heard::End::whole)
            return heard;
    }
    heard.head = held.substr(0, end);
    held.erase(0, end + 4);
    take_headers(heard);
    const auto length = heard.headers.find("content-length");
    const std::size_t wanted = length == heard.headers.end() ? 0 : std::stoul(length->second);
    while (held.size() < wanted) {
        heard.end = read_more(socket, held);
        if (heard.end != Heard::End::whole)
            return heard;
    }
    heard.body = held.substr(0, wanted);
    held.erase(0, wanted);
    return heard;
}

}  // namespace

Heard ask(unsigned short port, const std::string& method, const std::string& path,
          const std::string& body, const std::vector<std::string>& headers,
          std::chrono::milliseconds limit) {
    boost::asio::io_context context;
    tcp::socket socket{context};
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
    set_limit(socket, limit);
    std::string request = method + " " + path +
                          " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                          "\r\nConnection: close\r\n";
    for (const std::string& header : headers)
        request += header + "\r\n";
    if (method != "GET")
        request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    request += "\r\n" + body;
    error_code ec;
    boost::asio::write(socket, boost::asio::buffer(request), ec);
    std::string held;
    Heard heard = read_one(socket, held);
    if (heard.head.size() > 12)
        heard.status = std::stoi(heard.head.substr(9, 3));
    return heard;
}

Listener::Listener() : acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}} {
    acceptor_thread_ = std::thread{[this] { accept(); }};
}

Listener::~Listener() {
    {
        const std::lock_guard lock{mutex_};
        stopped_ = true;
    }
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    acceptor_thread_.join();
    for (tcp::socket& socket : sockets_)
        ::shutdown(socket.native_handle(), SHUT_RDWR);
    for (std::thread& thread : threads_)
        thread.join();
}

std::string Listener::url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) +
           "/webhooks/main";
}

void Listener::answer_next(std::deque<int> statuses) {
    const std::lock_guard lock{mutex_};
    statuses_ = std::move(statuses);
}

void Listener::answer_gets_with(std::optional<std::string> body) {
    const std::lock_guard lock{mutex_};
    get_body_ = std::move(body);
}

void Listener::answer_with(std::string type, std::string body) {
    const std::lock_guard lock{mutex_};
    type_ = std::move(type);
    body_ = std::move(body);
}

std::vector<Heard> Listener::posts() {
    const std::lock_guard lock{mutex_};
    return posts_;
}

std::vector<Heard> Listener::wait_for(std::size_t posts) {
    std::unique_lock lock{mutex_};
    const bool came = changed_.wait_for(lock, 10s, [&] { return posts_.size() >= posts; });
    REQUIRE(came);
    return posts_;
}

int Listener::status_now() {
    if (statuses_.empty())
        return 200;
    const int status = statuses_.front();
    statuses_.pop_front();
    return status;
}

void Listener::accept() {
    while (true) {
        error_code ec;
        tcp::socket socket = acceptor_.accept(ec);
        if (ec)
            return;
        const std::lock_guard lock{mutex_};
        if (stopped_)
            return;
        tcp::socket& kept = sockets_.emplace_back(std::move(socket));
        threads_.emplace_back([this, &kept] { serve(kept); });
    }
}

void Listener::serve(tcp::socket& socket) {
    std::string held;
    while (true) {
        Heard heard = read_one(socket, held);
        if (heard.end != Heard::End::whole)
            return;
        std::string answer;
        {
            const std::lock_guard lock{mutex_};
            std::string body = body_;
            const bool handshake = heard.head.find("hub.challenge=") != heard.head.npos;
            if (handshake) {
                const std::size_t at = heard.head.find("hub.challenge=") + 14;
                body = get_body_.value_or(
                    heard.head.substr(at, heard.head.find_first_of("& ", at) - at));
            }
            answer = "HTTP/1.1 " + std::to_string(status_now()) + " X\r\n" +
                     (type_.empty() ? "" : "Content-Type: " + type_ + "\r\n") +
                     "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
            if (!handshake)
                posts_.push_back(std::move(heard));
        }
        changed_.notify_all();
        error_code ec;
        boost::asio::write(socket, boost::asio::buffer(answer), ec);
        if (ec)
            return;
    }
}

warmcall::sandbox::Options usual() {
    warmcall::sandbox::Options options;
    warmcall::sandbox::LineOptions line;
    line.secrets["access_token"] = warmcall::Secret{"the access token"};
    line.secrets["verify_token"] = warmcall::Secret{"the verify token"};
    line.secrets["app_secret"] = warmcall::Secret{app_secret};
    options.lines.push_back(line);
    options.posting.retry_factor = 0.01;
    options.behaviour.sent_after = 10ms;
    options.behaviour.delivered_after = 30ms;
    options.behaviour.read_after = 60ms;
    options.behaviour.read_share = 1;
    auto templates = warmcall::sandbox::read_templates(R"([
        {"name": "wellbeing", "language": "en_US", "category": "MARKETING", "parameters": ["first_name", "rep_name"],
         "text": "Hi {{first_name}}, it is {{rep_name}}. I hope you are well these days.", "quick_replies": ["All good", "Call me"]},
        {"name": "rep_notice", "language": "en_US", "category": "UTILITY", "text": "{{name}} answered. Open the call card.",
         "url": "https://example.org/p/{{1}}"},
        {"name": "old_style", "language": "hi", "category": "UTILITY", "text": "Namaste {{1}}, yours {{2}}."}])");
    REQUIRE(templates);
    options.templates = *std::move(templates);
    return options;
}

World::World(warmcall::sandbox::Options options)
    : sandbox_{context_, [&] {
                   for (auto& line : options.lines) {
                       if (line.webhook_url.empty())
                           line.webhook_url = gateway.url();
                   }
                   return options;
               }()} {
    const auto endpoint = sandbox_.listen();
    INFO((endpoint ? "" : endpoint.error().message));
    REQUIRE(endpoint);
    port = endpoint->port();
    boost::asio::co_spawn(context_, sandbox_.run(), boost::asio::detached);
    thread_ = std::thread{[this] { context_.run(); }};
}

World::~World() {
    boost::asio::post(context_, [this] { sandbox_.stop(); });
    thread_.join();
}

Heard World::send_raw(const std::string& body) {
    return ask(port, "POST", std::string{"/v24.0/"} + number_id + "/messages", body,
               {bearer, "Content-Type: application/json"});
}

Heard World::graph(const std::string& method, const std::string& path, const Json& body) {
    return ask(port, method, path, body.is_null() ? "" : body.dump(),
               {bearer, "Content-Type: application/json"});
}

Heard World::control(const std::string& path, const Json& body) {
    return ask(port, "POST", "/_control/" + path, body.dump(), {"Content-Type: application/json"},
               40s);
}

Json World::view(const std::string& path) {
    return ask(port, "GET", "/_control/" + path).json();
}

std::string World::opened(const std::string& number) {
    const Heard heard = control("reply", {{"from", number}, {"text", "Hello there"}});
    REQUIRE(heard.status == 200);
    return heard.json()["wamid"];
}

std::vector<Json> World::changes() {
    std::vector<Json> found;
    for (const Heard& post : gateway.posts()) {
        const Json body = post.json();
        for (const Json& entry : body["entry"]) {
            for (const Json& change : entry["changes"])
                found.push_back(change);
        }
    }
    return found;
}

std::vector<Json> World::statuses() {
    std::vector<Json> found;
    for (const Json& change : changes()) {
        for (const Json& status : change["value"].value("statuses", Json::array()))
            found.push_back(status);
    }
    return found;
}

std::vector<Json> World::entries(const std::string& kind) {
    std::vector<Json> found;
    const Json page = view("ledger?limit=10000&kind=" + kind);
    for (const Json& entry : page["entries"])
        found.push_back(entry);
    return found;
}

Json text_to(const std::string& number, const std::string& text) {
    return {{"messaging_product", "whatsapp"},
            {"to", number},
            {"type", "text"},
            {"text", {{"body", text}}}};
}

Json wellbeing_to(const std::string& number, const std::string& first_name,
                  const std::string& token) {
    Json body{{"messaging_product", "whatsapp"},
              {"recipient_type", "individual"},
              {"to", number},
              {"type", "template"},
              {"template",
               {{"name", "wellbeing"},
                {"language", {{"code", "en_US"}}},
                {"components",
                 {{{"type", "body"},
                   {"parameters",
                    {{{"type", "text"}, {"parameter_name", "first_name"}, {"text", first_name}},
                     {{"type", "text"}, {"parameter_name", "rep_name"}, {"text", "Joel"}}}}}}}}}};
    if (!token.empty())
        body["biz_opaque_callback_data"] = token;
    return body;
}

warmcall::sandbox::LineOptions twilio(const std::string& id, const std::string& provider) {
    warmcall::sandbox::LineOptions line;
    line.id = id;
    line.provider = provider;
    line.settings = {{"account_sid", account_sid}, {"from", "+12025550101"}};
    line.secrets["auth_token"] = warmcall::Secret{"the auth token"};
    return line;
}

warmcall::sandbox::LineOptions kannel() {
    warmcall::sandbox::LineOptions line;
    line.id = "kannel";
    line.provider = "kannel";
    line.settings = {{"username", "warmcall"}, {"from", "+12025550103"}};
    line.secrets["password"] = warmcall::Secret{"the password"};
    return line;
}

warmcall::sandbox::LineOptions telnyx() {
    warmcall::sandbox::LineOptions line;
    line.id = "telnyx";
    line.provider = "telnyx";
    line.settings = {{"from", "+12025550104"}};
    line.secrets["api_key"] = warmcall::Secret{"the API key"};
    return line;
}

warmcall::sandbox::LineOptions vonage() {
    warmcall::sandbox::LineOptions line;
    line.id = "vonage";
    line.provider = "vonage_sms";
    line.settings = {{"from", "+12025550105"}};
    line.secrets["api_key"] = warmcall::Secret{"abcd1234"};
    line.secrets["api_secret"] = warmcall::Secret{"the API secret"};
    line.secrets["signature_secret"] = warmcall::Secret{"the signature secret"};
    return line;
}

warmcall::sandbox::Options all_providers() {
    auto options = usual();
    options.lines.push_back(twilio("sms", "twilio_sms"));
    options.lines.push_back(twilio("twilio_wa", "twilio_whatsapp"));
    options.lines.push_back(kannel());
    options.lines.push_back(telnyx());
    options.lines.push_back(vonage());
    return options;
}

std::string form_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
    std::string text;
    for (const auto& [key, value] : pairs) {
        text += (text.empty() ? "" : "&") + key + "=";
        for (const char c : value) {
            constexpr const char* digits = "0123456789ABCDEF";
            if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
                text += c;
            } else {
                text += '%';
                text += digits[static_cast<unsigned char>(c) >> 4];
                text += digits[static_cast<unsigned char>(c) & 15];
            }
        }
    }
    return text;
}

std::map<std::string, std::string> read_form(const std::string& text) {
    std::map<std::string, std::string> found;
    std::string key;
    std::string now;
    const auto end = [&] {
        found[key] = now;
        key.clear();
        now.clear();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '&') {
            end();
        } else if (text[i] == '=' && key.empty()) {
            key = std::exchange(now, {});
        } else if (text[i] == '%') {
            now += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        } else {
            now += text[i] == '+' ? ' ' : text[i];
        }
    }
    end();
    return found;
}

int code_of(const Heard& heard) {
    const Json body = heard.json();
    return body.is_object() && body.contains("error") && body["error"].is_object()
               ? body["error"].value("code", -1)
               : 0;
}

}  // namespace sandbox_tests
