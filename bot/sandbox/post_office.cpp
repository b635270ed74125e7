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

std::size_t weight(const std::vector<Update>& updates) {
    return std::max<std::size_t>(updates.size(), 1);
}

bool arrived(const Line& line, const Exchange& last) {
    return last.progress == Exchange::Progress::answered && line.received(last.response);
}

}  // namespace

PostOffice::PostOffice(asio::io_context& context, Transport& transport, Ledger& ledger,
                       const JumpingClock& clock, Posting how)
    : posting{std::move(how)},
      context_{context},
      transport_{transport},
      ledger_{ledger},
      clock_{clock},
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
            count += weight(parcel.updates);
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
        using First = std::optional<std::optional<Change>>;
        update.change = [change = std::move(update.change),
                         first = std::make_shared<First>()](Timestamp at) {
            if (!*first)
                *first = change(at);
            return **first;
        };
    }
    for (std::size_t i = 0; i < copies; ++i) {
        Parcel parcel;
        parcel.line = update.line;
        parcel.updates.push_back(update);
        update.posted = nullptr;
        taken = put(lane_for(lane), std::move(parcel), due) && taken;
    }
    if (!taken)
        ledger_.add("webhook_dropped",
                    Json{{"channel", update.line->options.id}, {"why", "the queue is full"}});
    return taken;
}

bool PostOffice::post_raw(Line& line, std::string body, Signing signing, Timestamp due) {
    Parcel parcel;
    parcel.line = &line;
    parcel.request = line.raw(std::move(body));
    parcel.signing = signing;
    return put(*lanes_[0], std::move(parcel), due);
}

asio::awaitable<void> PostOffice::post_now(Update update) {
    Parcel parcel;
    update.due = clock_.now();
    parcel.line = update.line;
    parcel.updates.push_back(std::move(update));
    write_once(parcel);
    if (parcel.request && !parcel.request->url.empty())
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
            flush_left_ += weight(parcel.updates);
            due_now.emplace(std::min(due, now), std::move(parcel));  // equal keys keep their order
        }
        lane->queue = std::move(due_now);
        flush_left_ += lane->under_way;
        lane->awaited_by = lane->under_way > 0 ? mine : 0;
        lane->wake.cancel();
    }
    flushed_.expires_after(limit);
    while (flush_left_ > 0 && flush_ == mine && !stopped_) {
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
        const bool idle = lane.queue.empty();
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
        lane.under_way = weight(parcel.updates);
        Exchange last;
        if (parcel.request)
            last = co_await try_post(parcel);
        lane.under_way = 0;
        settle(lane, std::move(parcel), last);
    }
}

// The first that is due, and with it as many others due as may share its POST.
PostOffice::Parcel PostOffice::take(Lane& lane) {
    Parcel first = std::move(lane.queue.begin()->second);
    lane.queue.erase(lane.queue.begin());
    const std::size_t most =
        first.line->batches() ? std::min(posting.batch_max, updates_per_post_max) : 1;
    const Timestamp now = clock_.now();
    while (!first.request && first.updates.size() < most && !lane.queue.empty()) {
        auto next = lane.queue.begin();
        if (next->first > now || next->second.request || next->second.flush != first.flush ||
            next->second.line != first.line)
            break;
        std::ranges::move(next->second.updates, std::back_inserter(first.updates));
        lane.queue.erase(next);
    }
    return first;
}

// At most 3 MB: what is too much goes back to the head of the queue.
void PostOffice::write(Lane& lane, Parcel& parcel) {
    if (parcel.request)
        return;
    write_once(parcel);
    while (parcel.request && parcel.request->body.size() > post_bytes_max &&
           parcel.updates.size() > 1) {
        Parcel rest;
        rest.line = parcel.line;
        rest.flush = parcel.flush;
        rest.released = parcel.released;
        const auto half =
            parcel.updates.begin() + static_cast<std::ptrdiff_t>(parcel.updates.size() / 2);
        std::move(half, parcel.updates.end(), std::back_inserter(rest.updates));
        parcel.updates.erase(half, parcel.updates.end());
        lane.queue.emplace_hint(lane.queue.begin(), Timestamp{}, std::move(rest));
        write_once(parcel);
    }
    for (Update& update : parcel.updates) {
        if (update.posted)
            update.posted(std::min(update.due, clock_.now()));
    }
}

void PostOffice::write_once(Parcel& parcel) const {
    const Timestamp now = clock_.now();
    parcel.changes.clear();
    for (const Update& update : parcel.updates) {
        if (auto change = update.change(std::min(update.due, now)))
            parcel.changes.push_back(*std::move(change));
    }
    if (parcel.changes.empty())
        return;
    parcel.request = parcel.line->write(parcel.changes, posting.shape, now);
    parcel.written_for = parcel.line->options.webhook_url;
}

asio::awaitable<Exchange> PostOffice::try_post(const Parcel& parcel) {
    HttpRequest request = *parcel.request;
    const std::string& url = parcel.line->options.webhook_url;  // it may have moved meanwhile
    if (!parcel.written_for.empty() && request.url.starts_with(parcel.written_for))
        request.url.replace(0, parcel.written_for.size(), url);
    parcel.line->sign(request, parcel.signing, clock_.now());
    Json headers = Json::object();
    for (const Header& header : request.headers)
        headers[header.name] = header.value;
    Json told = Json::array();
    for (const Change& change : parcel.changes)
        told.push_back(change.field);
    const std::uint64_t seq = ledger_.add("webhook", Json{{"channel", parcel.line->options.id},
                                                          {"method", request.method},
                                                          {"url", request.url},
                                                          {"try", parcel.tries + 1},
                                                          {"updates", weight(parcel.updates)},
                                                          {"tells", std::move(told)},
                                                          {"headers", std::move(headers)},
                                                          {"body", request.body}});
    const auto began = std::chrono::steady_clock::now();
    Exchange result;
    if (request.url.empty())
        result.problem = "this channel has no webhook URL";
    else
        result = co_await exchange(std::move(request));
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
    co_return result;
}

asio::awaitable<Exchange> PostOffice::exchange(HttpRequest request) {
    request.url.resize(std::min(request.url.find('#'), request.url.size()));
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

void PostOffice::settle(Lane& lane, Parcel parcel, const Exchange& last) {
    const bool done = !parcel.request || arrived(*parcel.line, last);
    if (parcel.request)
        ++(done ? flush_counts_.posted : flush_counts_.failed);
    if (parcel.flush == flush_ || lane.awaited_by == flush_)
        flush_left_ -= std::min(flush_left_, weight(parcel.updates));
    lane.awaited_by = 0;
    parcel.flush = 0;
    if (done) {
        for (std::size_t i = 0; i < std::min(parcel.changes.size(), parcel.updates.size()); ++i) {
            if (parcel.updates[i].heard)
                parcel.updates[i].heard(parcel.changes[i], last.response);
        }
    } else {
        again(lane, std::move(parcel), last);
    }
    if (flush_left_ == 0)
        flushed_.cancel();
}

// Once more when the provider has the patience, else it is dropped, and the ledger says so.
void PostOffice::again(Lane& lane, Parcel parcel, const Exchange& last) {
    const Timestamp now = clock_.now();
    if (++parcel.tries == 1)
        parcel.first_try = now;
    const auto wait = parcel.line->wait_after(parcel.tries, *parcel.request, last);
    const auto dropped = [&](const char* why) {
        ledger_.add(
            "webhook_dropped",
            Json{{"channel", parcel.line->options.id}, {"tries", parcel.tries}, {"why", why}});
    };
    if (!wait)
        return dropped("the provider does not try it again");
    const double ms = static_cast<double>(wait->count()) * posting.retry_factor;
    const Timestamp due =
        now + Duration{static_cast<Duration::rep>(ms)} + (parcel.tries > 1 ? 1ms : 0ms);
    if (due - parcel.first_try > posting.give_up_after)
        return dropped("not taken for too long");
    if (!put(lane, std::move(parcel), due))
        dropped("the queue is full");
}

}  // namespace warmcall::sandbox
