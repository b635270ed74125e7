#pragma once
// The providers' APIs on loopback: takes messages and refuses them as the real ones do, posts
// signed webhooks, keeps its own ledger, can be scripted to fail, and has a page to play the
// contacts on. It shares no provider, engine or store code with the gateway: it is the judge.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/line.hpp"
#include "sandbox/people.hpp"
#include "sandbox/post_office.hpp"
#include "sandbox/whatsapp/templates.hpp"
#include "support/result.hpp"
#include "support/secret.hpp"

namespace warmcall::sandbox {

struct Known {  // a person the page shows from the start
    std::string number;
    std::string name;
    bool rep = false;
};

struct Options {
    std::string listen = "127.0.0.1:0";
    std::string ledger_path;         // empty: in memory only
    std::vector<LineOptions> lines;  // at least one; several share the port, each hears its own
    Posting posting;
    Behaviour behaviour;
    std::vector<Template> templates;  // read_templates() makes them out of JSON
    std::vector<Known> people;
    std::string push_listen;  // where browsers keep their line open; empty: pushes are not played
    std::uint64_t seed = 1;
    Duration hang_time{60'000};  // how long accept-then-hang keeps the connection
};

class Sandbox {
 public:
    Sandbox(asio::io_context& context, Options options);
    ~Sandbox();

    // Opens the ledger and the port. The error says which of them, and why not.
    Result<asio::ip::tcp::endpoint> listen();
    // Serves until stop().
    asio::awaitable<void> run();
    void stop();

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace warmcall::sandbox
