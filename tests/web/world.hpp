#pragma once
// The real web, door and SQLite store behind the real server on loopback, and a client that sends
// what it is told to.

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan.hpp"
#include "ports/store.hpp"

namespace warmcall::tests {

using nlohmann::json;
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Reply {
    int status = 0;
    std::string head;  // status line and headers, as they came
    std::string body;

    json object() const { return json::parse(body); }
    std::string header(std::string_view name) const;  // "" when there is none
};

// An open live stream.
class Events {
 public:
    Events(std::uint16_t port, const Headers& headers, std::string_view path);
    ~Events();
    Events(Events&& other) noexcept;
    Events(const Events&) = delete;
    // Everything read so far, once it contains `text`; fails the test when that does not come.
    const std::string& until(std::string_view text);
    int status() const;
    bool ends();  // whatever comes before

 private:
    int fd_ = -1;
    std::string seen_;
};

struct WorldOptions {
    std::string public_url = "http://warmcall.test";
    std::string store = "";  // a file in a folder of the world's own
    // With a line of Twilio's that rings reps, whose own number is known then; `rung` counts.
    std::shared_ptr<int> rung = nullptr;
    core::Duration ping_every{};  // 0: as it is
    bool line_hangs = false;
    bool shared_store = false;
};

class World {
 public:
    explicit World(WorldOptions options = {});
    ~World();

    Reply send(std::string_view method, std::string_view path, std::string_view body = {},
               Headers headers = {});

    // Only announces a body of this size: what is refused before it is read need not be sent.
    Reply announce(std::string_view path, std::size_t bytes, Headers headers = {});

    // Asks, and waits for no answer.
    void leave(std::string_view method, std::string_view path, std::string_view body,
               Headers headers);

    // With the installation's token.
    Reply get(std::string_view path) { return send("GET", path, {}, {bearer}); }
    Reply post(std::string_view path, const json& body, Headers more = {});
    // As a rep's token.
    Reply get_as(const std::string& rep, std::string_view path);
    Reply post_as(const std::string& rep, std::string_view path, const json& body,
                  Headers more = {});

    // Signed as Meta signs.
    Reply webhook(const std::string& body, std::string_view channel = "main");
    Reply they_write(std::string_view digits, std::string_view words);

    std::string sign_in(
        const std::string& rep);               // the Cookie header's value, through a one-time link
    std::string link(const std::string& rep);  // a fresh one-time token

    // A contact with an outreach that has just got a reply: its prompt is open.
    struct Called {
        std::int64_t contact = 0, outreach = 0, prompt = 0;
    };
    Called called(const std::string& rep, const std::string& name = "Ana Pérez",
                  const std::string& digits = "34612345678");

    void advance(core::Duration time);
    core::Timestamp now() const;
    void transact(const std::function<void(Unit&)>& work);                // on the writing thread
    std::string page(std::int64_t prompt, const std::string& rep) const;  // "/p/…"
    std::uint16_t port() const;

    Headers::value_type bearer;
    std::map<std::string, Headers::value_type> rep_bearer;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

json consent();
json new_contact(const std::string& name, const std::string& phone,
                 const std::string& rep = "joel");
std::string message_body(std::string_view digits, std::string_view words, std::string_view id,
                         core::Timestamp at);
std::string news_of(std::string_view field, const json& value);  // as Meta wraps it
std::string signature_of(std::string_view body);

}  // namespace warmcall::tests
