#pragma once
// One channel as the sandbox plays it: what its provider answers, and what it posts. A provider's
// wire format is one file behind this interface (WhatsApp's, with its templates, a folder). People,
// script, ledger and post office are the same for all and stand elsewhere.

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/server.hpp"
#include "ports/transport.hpp"
#include "sandbox/people.hpp"
#include "sandbox/script.hpp"

namespace warmcall::sandbox {

struct Parts;
struct Template;
class Cloud;

// One [[channel]] of the gateway's configuration; keys as they stand there.
struct LineOptions {
    std::string id = "main";
    std::string provider = "whatsapp_cloud";
    std::string webhook_url;  // empty: nothing is posted, what would be stays queued
    std::string company = "warmcall sandbox";
    std::map<std::string, std::string> settings;
    std::map<std::string, Secret> secrets;

    std::string setting(const std::string& key, std::string otherwise = {}) const;
    const Secret& secret(const std::string& key) const;  // an empty one when there is none
};

// One thing that a webhook tells.
struct Change {
    std::string field;  // what the ledger and the page call it
    Json value;
    std::string url;  // where it goes instead of the channel's webhook URL
};

// How several changes are put into one POST; Meta may do any of them.
enum class BatchShape {
    changes,  // one entry, many changes
    entries,  // an entry for each
    values,   // messages and statuses of one field side by side in one value
};

// Signed with another secret, or not at all: to try what the gateway refuses.
enum class Signing { right, wrong, none };

enum class Ending { answer, hang, reset };

// What comes of one call: the answer, what the ledger says about it, and how the connection ends.
struct Verdict {
    HttpResponse response;
    Json noted = Json::object();
    Ending ending = Ending::answer;
    Duration after{0};
    std::string taken;  // the message that was taken, whose receipts are now due
    Rule rule;
    int fails_with = 0;
};

// One request to the provider's API, taken apart.
struct Call {
    const net::Incoming& request;
    std::vector<std::string> path;  // its segments
    std::vector<Header> query;
    std::uint64_t number = 0;  // its line in the ledger

    std::string asked(std::string_view name) const;
    bool is(std::string_view method, std::size_t length) const {
        return request.method == method && path.size() == length;
    }
};

class Line {
 public:
    Line(LineOptions given, Parts& parts) : options{std::move(given)}, parts_{parts} {}
    virtual ~Line() = default;

    // ---- the provider's API ----
    // 0: not spoken to this provider; 1: perhaps, when to nobody else; 2: to it; 3: and it names
    // this very channel.
    virtual int hears(const net::Incoming& request) const = 0;
    // What the ledger notes of a request besides its bytes: to, type, token.
    virtual Json noted(const net::Incoming& request) const = 0;
    virtual Verdict answer(const Call& call) = 0;
    // The answers that take() chooses from.
    virtual HttpResponse accepted(const Bubble& taken) const = 0;
    virtual HttpResponse refused(int code, std::uint64_t number) const = 0;
    virtual HttpResponse broken(std::uint64_t number) const = 0;             // HTTP 500
    virtual HttpResponse too_many(std::uint64_t number) const = 0;           // HTTP 429 or its like
    virtual std::vector<Header> headers(std::uint64_t) const { return {}; }  // on every answer
    virtual std::string new_id(const Person& who, std::uint64_t number) const = 0;
    virtual std::string call_id(const Person& who, std::uint64_t number) const {
        return "call." + new_id(who, number);
    }
    virtual int usual_code() const = 0;  // of a scripted refusal that names none
    virtual std::string title(int code) const = 0;

    // ---- what it posts ----
    virtual bool tells_read() const { return false; }
    // One receipt of one of our messages; nothing when this channel tells no such thing.
    virtual std::optional<Change> receipt(const Person& whom, const Bubble& about,
                                          const Step& step) const = 0;
    // What a reply looks like, out of the control API's words ({type, text, emoji, about, …});
    // fills the bubble the page shows.
    virtual Result<Change> reply(const Json& wanted, Person& from, const Bubble* about,
                                 Bubble& bubble) = 0;
    // They call: "connect", then "terminate" with its seconds. Nothing where no call comes.
    virtual std::optional<Change> call(const Person&, const std::string& /*event*/,
                                       const std::string& /*id*/, Timestamp,
                                       int /*duration_s*/) const {
        return std::nullopt;
    }
    // May several changes share a POST?
    virtual bool batches() const { return false; }
    // The request, unsigned; the same bytes at every try.
    virtual HttpRequest write(std::span<const Change> changes, BatchShape shape,
                              Timestamp now) const = 0;
    // `body` as any POST to the webhook would carry it.
    virtual HttpRequest raw(std::string body) const = 0;
    virtual void sign(HttpRequest& request, Signing how, Timestamp now) const = 0;
    virtual bool received(const HttpResponse& answer) const {
        return answer.status >= 200 && answer.status < 300;
    }
    // How long to wait after so many failed tries; nothing: it is given up.
    virtual std::optional<Duration> wait_after(int tries, const HttpRequest& request,
                                               const Exchange& last) const = 0;
    // Words in the gateway's answer that the provider would send on to the person.
    virtual std::string words_in(const Change&, const HttpResponse&) const { return {}; }

    virtual std::string number() const = 0;       // our own, as people read it
    virtual std::string_view medium() const = 0;  // "whatsapp" or "sms"
    virtual void know(const Template&) {}         // approved from the start
    virtual Cloud* cloud() { return nullptr; }

    LineOptions options;

 protected:
    Parts& parts_;
};

// The line for a channel; the error says which of its keys is missing or wrong.
Result<std::unique_ptr<Line>> make_line(const LineOptions& options, Parts& parts);
std::vector<std::string_view> playable();  // the providers there are lines for

}  // namespace warmcall::sandbox
