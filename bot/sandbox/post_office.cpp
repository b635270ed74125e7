#include "sandbox/post_office.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t lane_count = 8;  // POSTs under way at once
constexpr std::size_t updates_per_post_max = 1000;
constexpr std::size_t post_bytes_max = 3 * 1024 * 1024;
constexpr std::size_t answer_bytes_kept = 2048;

std::string origin_of(const std::string& url) {
    const std::size_t scheme = url.find("://");
    return url.substr(0, scheme == url.npos ? url.npos : url.find('/', scheme + 3));
}

std::string with_query(const std::string& url, const std::vector<Header>& pairs) {
    return url + (url.find('?') == url.npos ? "?" : "&") + encode_form(pairs);
}

}  // namespace

PostOffice::PostOffice(asio::io_context& context, Transport& transport, Ledger& ledger,
                       const JumpingClock& clock, const Account& account, Posting how)
    : posting{std::move(how)},
      context_{context},
      transport_{transport},
      ledger_{ledger},
      clock_{clock},
      account_{account},
      flushed_{context} {
    for (std::size_t i = 0; i < lane_count; ++i)
        lanes_.push_back(std::make_unique<Lane>(context_));
}

PostOffice::Lane& PostOffice::lane_for(const std::string& name) {
    // one lane when they are batched: what waits in different lanes cannot share a POST
    return *lanes_[posting.batch_max > 1 ? 0 : std::hash<std::string>{}(name) % lane_count];
}

std::size_t PostOffice::waiting() const {
    std::size_t count = 0;
    for (const auto& lane : lanes_) {
        count += lane->under_way;
        for (const auto& [due, parcel] : lane->queue)
            count += std::max<std::size_t>(parcel.updates.size(), 1);
    }
    return count;
}

bool PostOffice::put(Lane& lane, Parcel parcel, Timestamp due) {
    if (lane.queue.size() >= posting.queue_max / lane_count)
        return false;
    lane.queue.emplace(due, std::move(parcel));
    lane.wake.cancel();
    return true;
}

bool PostOffice::post(Update update, Timestamp due, const std::string& lane, std::size_t copies) {
    bool taken = true;
    update.due = due;
    if (copies > 1) {  // copies are alike to the byte, timestamps too
        update.value = [value = std::move(update.value),
                        first = std::make_shared<std::optional<Json>>()](Timestamp at) {
            if (!*first)
                *first = value(at);
            return **first;
        };
    }
    for (std::size_t i = 0; i < copies; ++i) {
        Parcel parcel;
        parcel.updates.push_back(update);
        update.posted = nullptr;
        taken = put(lane_for(lane), std::move(parcel), due) && taken;
    }
    if (!taken)
        ledger_.add("webhook_dropped", Json{{"field", update.field}, {"why", "the queue is full"}});
    return taken;
}

bool PostOffice::post_raw(std::string body, Signing signing, Timestamp due) {
    Parcel parcel;
    parcel.body = std::move(body);
    parcel.signing = signing;
    return put(*lanes_[0], std::move(parcel), due);
}

asio::awaitable<void> PostOffice::post_now(Update update) {
    Parcel parcel;
    update.due = clock_.now();
    parcel.updates.push_back(std::move(update));
    parcel.body = written(parcel);
    if (!posting.webhook_url.empty())
        co_await try_post(parcel);
}

asio::awaitable<PostOffice::Flushed> PostOffice::flush(Duration limit) {
    const std::uint64_t mine = ++flush_;
    flush_left_ = 0;
    flush_counts_ = {};
    const Timestamp now = clock_.now();
    for (const auto& lane : lanes_) {
        std::multimap<Timestamp, Parcel> due_now;
        for (auto& [due, parcel] : lane->queue) {
            parcel.flush = mine;
            parcel.released = true;
            flush_left_ += std::max<std::size_t>(parcel.updates.size(), 1);
            due_now.emplace(std::min(due, now), std::move(parcel));  // equal keys keep their order
        }
        lane->queue = std::move(due_now);
        flush_left_ += lane->under_way;
        lane->awaited_by = lane->under_way > 0 ? mine : 0;
        lane->wake.cancel();
    }
    flushed_.expires_after(limit);
    while (flush_left_ > 0 && flush_ == mine && !stopped_ && !posting.webhook_url.empty()) {
        const auto [ec] = co_await flushed_.async_wait(tuple_awaitable);
        if (!ec)
            break;  // the limit
    }
    Flushed counts = flush_counts_;
    counts.waiting = waiting();
    co_return counts;
}

asio::awaitable<void> PostOffice::run() {
    static_assert(lane_count == 8);
    co_await (serve(*lanes_[0]) && serve(*lanes_[1]) && serve(*lanes_[2]) && serve(*lanes_[3]) &&
              serve(*lanes_[4]) && serve(*lanes_[5]) && serve(*lanes_[6]) && serve(*lanes_[7]));
}

void PostOffice::stop() {
    stopped_ = true;
    flushed_.cancel();
}

void PostOffice::look_again() {
    for (const auto& lane : lanes_)
        lane->wake.cancel();
}

asio::awaitable<void> PostOffice::serve(Lane& lane) {
    while (true) {  // until it is cancelled
        const bool idle = lane.queue.empty() || posting.webhook_url.empty();
        const Duration ahead = idle ? Duration{1h} : lane.queue.begin()->first - clock_.now();
        const bool held = !idle && posting.hold && !lane.queue.begin()->second.released;
        if (idle || held || ahead > 0ms) {
            lane.wake.expires_after(held ? Duration{1h} : std::min(ahead, Duration{1h}));
            co_await lane.wake.async_wait(
                tuple_awaitable);  // cancelled when there is something new to look at
            continue;
        }
        Parcel parcel = take(lane);
        write(lane, parcel);
        lane.under_way = std::max<std::size_t>(parcel.updates.size(), 1);
        const bool arrived = co_await try_post(parcel);
        lane.under_way = 0;
        settle(lane, std::move(parcel), arrived);
    }
}

// The first that is due, and with it as many others due as may share its POST.
PostOffice::Parcel PostOffice::take(Lane& lane) {
    Parcel first = std::move(lane.queue.begin()->second);
    lane.queue.erase(lane.queue.begin());
    const std::size_t most = std::min(posting.batch_max, updates_per_post_max);
    const Timestamp now = clock_.now();
    while (first.body.empty() && first.updates.size() < most && !lane.queue.empty()) {
        auto next = lane.queue.begin();
        if (next->first > now || !next->second.body.empty() || next->second.flush != first.flush)
            break;
        std::ranges::move(next->second.updates, std::back_inserter(first.updates));
        lane.queue.erase(next);
    }
    return first;
}

// At most 3 MB: what is too much goes back to the head of the queue.
void PostOffice::write(Lane& lane, Parcel& parcel) {
    if (!parcel.body.empty())
        return;
    std::string body = written(parcel);
    while (body.size() > post_bytes_max && parcel.updates.size() > 1) {
        Parcel rest;
        rest.flush = parcel.flush;
        rest.released = parcel.released;
        const auto half =
            parcel.updates.begin() + static_cast<std::ptrdiff_t>(parcel.updates.size() / 2);
        std::move(half, parcel.updates.end(), std::back_inserter(rest.updates));
        parcel.updates.erase(half, parcel.updates.end());
        lane.queue.emplace_hint(lane.queue.begin(), Timestamp{}, std::move(rest));
        body = written(parcel);
    }
    parcel.body = std::move(body);
    for (Update& update : parcel.updates) {
        if (update.posted)
            update.posted(std::min(update.due, clock_.now()));
    }
}

std::string PostOffice::written(const Parcel& parcel) const {
    const Timestamp now = clock_.now();
    std::vector<Change> changes;
    for (const Update& update : parcel.updates)
        changes.push_back({update.field, update.value(std::min(update.due, now))});
    return to_wire(envelope(account_, std::move(changes), posting.shape, now));
}

asio::awaitable<bool> PostOffice::try_post(const Parcel& parcel) {
    HttpRequest request;
    request.method = "POST";
    request.url = posting.webhook_url;
    request.headers = {{"Content-Type", "application/json"},
                       {"User-Agent", "facebookexternalua"},
                       {"Accept", "*/*"}};
    if (parcel.signing != Signing::none) {
        const Secret other{"not the app secret"};
        request.headers.push_back(
            {"X-Hub-Signature-256",
             signature(parcel.signing == Signing::right ? posting.app_secret : other,
                       parcel.body)});
    }
    request.body = parcel.body;
    Json headers = Json::object();
    for (const Header& header : request.headers)
        headers[header.name] = header.value;
    const std::uint64_t seq =
        ledger_.add("webhook", Json{{"url", request.url},
                                    {"try", parcel.tries + 1},
                                    {"updates", std::max<std::size_t>(parcel.updates.size(), 1)},
                                    {"headers", headers},
                                    {"body", parcel.body}});
    const auto began = std::chrono::steady_clock::now();
    const Exchange result = co_await exchange(std::move(request));
    Json answer{{"webhook", seq}};
    if (result.progress == Exchange::Progress::answered) {
        answer["status"] = result.response.status;
        answer["body"] = result.response.body.substr(0, answer_bytes_kept);
    } else {
        answer["status"] = 0;
        answer["problem"] = result.problem;
    }
    answer["took_ms"] =
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began).count();
    ledger_.add("webhook_answer", answer);
    co_return result.progress == Exchange::Progress::answered&& result.response.status == 200;
}

asio::awaitable<Exchange> PostOffice::exchange(HttpRequest request) {
    const std::string origin =
        origin_of(request.url);  // gcc and clang agree on this form: no temporaries across co_await
    auto connection = co_await transport_.connect(origin, posting.answer_time);
    if (!connection) {
        Exchange none;
        none.problem = connection.error().message;
        co_return none;
    }
    co_return co_await (*connection)->exchange(std::move(request), posting.answer_time);
}

void PostOffice::settle(Lane& lane, Parcel parcel, bool arrived) {
    const std::size_t updates = std::max<std::size_t>(parcel.updates.size(), 1);
    ++(arrived ? flush_counts_.posted : flush_counts_.failed);
    if (parcel.flush == flush_ || lane.awaited_by == flush_)
        flush_left_ -= std::min(flush_left_, updates);
    lane.awaited_by = 0;
    parcel.flush = 0;
    if (!arrived) {
        const Timestamp now = clock_.now();
        if (++parcel.tries == 1)
            parcel.first_try = now;
        const Timestamp due = now + wait_after(parcel.tries);
        if (due - parcel.first_try > posting.give_up_after)
            ledger_.add("webhook_dropped",
                        Json{{"tries", parcel.tries}, {"why", "not answered 200 for too long"}});
        else if (!put(lane, std::move(parcel), due))
            ledger_.add("webhook_dropped", Json{{"why", "the queue is full"}});
    }
    if (flush_left_ == 0)
        flushed_.cancel();
}

// At once, then less and less often (PROVIDERS.md 2.2).
Duration PostOffice::wait_after(int tries) const {
    static constexpr std::array waits{0ms,      1000ms,    2000ms,    5000ms,     15'000ms,
                                      60'000ms, 300'000ms, 900'000ms, 3'600'000ms};
    const std::size_t place = std::min(static_cast<std::size_t>(tries - 1), waits.size() - 1);
    const double ms = static_cast<double>(waits[place].count()) * posting.retry_factor;
    return Duration{static_cast<Duration::rep>(ms)} + (tries > 1 ? 1ms : 0ms);
}

asio::awaitable<Json> PostOffice::handshake(std::string verify_token) {
    const std::string challenge = random_token(12);
    HttpRequest request;
    request.method = "GET";
    request.url = with_query(posting.webhook_url, {{"hub.mode", "subscribe"},
                                                   {"hub.challenge", challenge},
                                                   {"hub.verify_token", verify_token}});
    request.headers = {{"User-Agent", "facebookplatform/1.0"}, {"Accept", "*/*"}};
    const Exchange result = co_await exchange(std::move(request));
    const bool answered = result.progress == Exchange::Progress::answered;
    const bool right =
        answered && result.response.status == 200 && result.response.body == challenge;
    Json said{{"ok", right}, {"status", answered ? result.response.status : 0}};
    if (!answered)
        said["problem"] = result.problem;
    else if (!right)
        said["problem"] = result.response.status == 200 ? "the body is not exactly the challenge"
                                                        : "200 was expected";
    ledger_.add("handshake", said);
    co_return said;
}

}  // namespace warmcall::sandbox
