#pragma once
// A running sandbox, a gateway that only listens, and a client that speaks HTTP by hand: none of
// them shares code with what is tested.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/sandbox.hpp"

namespace sandbox_tests {

using Json = nlohmann::json;

struct Heard {
    std::string head;  // request line and header fields, or the status line and its
    std::map<std::string, std::string> headers;  // lower-case names
    std::string body;
    int status = 0;
    enum class End { whole, closed, reset, silent } end = End::whole;

    Json json() const { return Json::parse(body, nullptr, false); }
};

// One request on a connection of its own; waits for the answer at most that long.
Heard ask(unsigned short port, const std::string& method, const std::string& path,
          const std::string& body = {}, const std::vector<std::string>& headers = {},
          std::chrono::milliseconds limit = std::chrono::seconds{10});

// What the webhooks are posted to.
class Listener {
 public:
    Listener();
    ~Listener();

    std::string url() const;
    void answer_next(std::deque<int> statuses);  // then 200 again
    void answer_gets_with(
        std::optional<std::string> body);  // nothing: the challenge, as it should be
    void answer_with(std::string type, std::string body);  // instead of an empty body
    std::vector<Heard> posts();
    // Waits until there are so many; fails the test when they do not come in 10 s.
    std::vector<Heard> wait_for(std::size_t posts);

 private:
    void accept();
    void serve(boost::asio::ip::tcp::socket& socket);
    int status_now();

    boost::asio::io_context context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Heard> posts_;
    std::deque<int> statuses_;
    std::optional<std::string> get_body_;
    std::string type_, body_;
    std::list<boost::asio::ip::tcp::socket> sockets_;
    std::vector<std::thread> threads_;
    bool stopped_ = false;
    std::thread acceptor_thread_;
};

warmcall::sandbox::Options usual();

class World {
 public:
    explicit World(warmcall::sandbox::Options options = usual());
    ~World();

    // POST /v24.0/{number}/messages with the right token.
    Heard send(const Json& body) { return send_raw(body.dump()); }
    Heard send_raw(const std::string& body);
    Heard graph(const std::string& method, const std::string& path, const Json& body = nullptr);
    Heard control(const std::string& path, const Json& body = Json::object());
    Json view(const std::string& path);
    Json flush() { return control("flush").json(); }
    void advance(std::chrono::seconds by) { control("clock", {{"advance_s", by.count()}}); }
    std::string opened(const std::string& number);  // they have just written: the window is open

    // All that was posted so far, taken apart: [{field, value}].
    std::vector<Json> changes();
    std::vector<Json> statuses();  // of value.statuses, in the order they came
    std::vector<Json> entries(const std::string& kind);

    Listener gateway;
    unsigned short port = 0;

 private:
    boost::asio::io_context context_;
    warmcall::sandbox::Sandbox sandbox_;
    std::thread thread_;
};

constexpr const char* ines = "+61491570156";
constexpr const char* farid = "+61491570157";
constexpr const char* number_id = "300000000000002";
constexpr const char* waba_id = "200000000000001";
constexpr const char* app_secret = "the app secret";
constexpr const char* bearer = "Authorization: Bearer the access token";

// Channels of the other providers, as the gateway's configuration would have them.
warmcall::sandbox::LineOptions twilio(const std::string& id, const std::string& provider);
warmcall::sandbox::LineOptions kannel();
warmcall::sandbox::LineOptions telnyx();
warmcall::sandbox::LineOptions vonage();
warmcall::sandbox::Options all_providers();
constexpr const char* account_sid = "AC00000000000000000000000000000001";
// "Basic AC…01:the auth token"
constexpr const char* twilio_basic =
    "Authorization: Basic "
    "QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTp0aGUgYXV0aCB0b2tlbg==";
// "Basic abcd1234:the API secret"
constexpr const char* vonage_basic = "Authorization: Basic YWJjZDEyMzQ6dGhlIEFQSSBzZWNyZXQ=";

std::string form_of(const std::vector<std::pair<std::string, std::string>>& pairs);
std::map<std::string, std::string> read_form(const std::string& text);

Json text_to(const std::string& number, const std::string& text = "Hello");
Json wellbeing_to(const std::string& number, const std::string& first_name = "Ines",
                  const std::string& token = {});
int code_of(const Heard& heard);

}  // namespace sandbox_tests
