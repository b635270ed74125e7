#include "web/idempotency.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace warmcall::web {

namespace {

constexpr std::size_t idempotency_key_bytes_max = 200;
constexpr std::size_t under_way_max = 1000;
constexpr int rounds_max = 8;  // several may wait for the same one
constexpr core::Duration patience = std::chrono::seconds{20};
constexpr std::size_t kept_bytes_max = 64 * 1024;

// While it lives, others of the same key wait.
struct Turn {
    Turn(std::shared_ptr<UnderWay> of, std::string name, std::shared_ptr<asio::steady_timer> done)
        : under_way{std::move(of)}, key{std::move(name)}, timer{std::move(done)} {
        under_way->emplace(key, timer);
    }
    ~Turn() {
        under_way->erase(key);
        timer->cancel();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    std::shared_ptr<UnderWay> under_way;
    std::string key;
    std::shared_ptr<asio::steady_timer> timer;
};

net::Outgoing used_otherwise() {
    return problem(422, "key_used",
                   "This Idempotency-Key was used for another request. Make a new key for each new "
                   "thing to do.");
}

// Where what was made is to be found, as the handlers say it; of an answer only status and body are
// kept.
std::string location_of(std::string_view path, const KeptAnswer& answer) {
    const bool contact = answer.status == 201 && path == "/api/v1/contacts";
    const bool job = answer.status == 202 && path == "/api/v1/contacts/import";
    const json body = contact || job ? json::parse(answer.body, nullptr, false) : json();
    if (contact && body.is_object() && body.contains("id"))
        return "/api/v1/contacts/" + body["id"].dump();
    if (job && body.is_object() && body.contains("job"))
        return "/api/v1/jobs/" + body["job"].get<std::string>();
    return {};
}

net::Outgoing kept(std::string_view path, const KeptAnswer& answer) {
    net::Outgoing again;
    again.status = answer.status;
    if (std::string location = location_of(path, answer); !location.empty())
        again.headers.push_back({"Location", std::move(location)});
    if (!answer.body.empty())
        again.headers.push_back({"Content-Type", "application/json"});
    again.headers.push_back({"Idempotent-Replayed", "true"});
    again.body = answer.body;
    return again;
}

KeptKey key_of(const Call& call) {
    const std::string_view given = call.request.header("Idempotency-Key");
    const std::string owner =
        call.who.any_rep
            ? call.who.credential
            : "rep " + call.who.rep.value;  // a session that was renewed is the same rep
    const auto header = [&](std::string_view name) {
        return std::string{call.request.header(name)};
    };
    return {
        sha256_hex(owner + "\n" + std::string{given}),
        sha256_hex(call.request.method + "\n" + call.request.url + "\n" + header("X-Warmcall-Rep") +
                   "\n" + header("Content-Type") + "\n" + call.request.body)};
}

}  // namespace

Handled once(Site& site, const Route& route, Call& call) {
    const std::string_view given = call.request.header("Idempotency-Key");
    if (given.empty() || call.request.method != "POST" || !call.who)
        co_return co_await route.handler(site, call);
    if (given.size() > idempotency_key_bytes_max)
        co_return problem(400, "key_too_long", "An Idempotency-Key has at most 200 bytes.");
    const KeptKey key = key_of(call);
    for (int round = 0; round < rounds_max && site.under_way->contains(key.key); ++round) {
        const auto timer = site.under_way->at(key.key);
        co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (site.under_way->contains(key.key) || site.under_way->size() >= under_way_max)
        co_return busy();
    const Turn turn{
        site.under_way, key.key,
        std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, patience)};

    const auto before = co_await put(
        site, [key](Unit& unit, core::Timestamp) { return unit.kept_answer(key.key); });
    if (before && before->request_hash != key.request_hash)
        co_return used_otherwise();
    if (before)
        co_return kept(call.request.path(), *before);
    call.kept = key;
    net::Outgoing answer = co_await route.handler(site, call);
    // Only what had an effect is kept: a request that was refused may be corrected and sent again
    // under its key.
    if (call.kept && answer.status >= 200 && answer.status < 300 &&
        answer.body.size() <= kept_bytes_max)
        co_await put(site, [key, status = answer.status, body = answer.body](Unit& unit,
                                                                             core::Timestamp now) {
            unit.keep_answer(key.key, {key.request_hash, status, body}, now);
            return true;
        });
    co_return answer;
}

}  // namespace warmcall::web
