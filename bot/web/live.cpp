#include "web/live.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "web/sign_in.hpp"

namespace warmcall::web {

namespace {

constexpr std::size_t streams_per_rep_max = 8;
constexpr std::size_t events_at_once = 200;
constexpr std::int64_t behind_max =
    2000;  // further behind than this: the client is told to fetch everything anew
constexpr core::Duration news_gap =
    std::chrono::milliseconds{200};  // a burst of commits is one look
constexpr int pings_max = 240;       // an hour of them; the client connects again

// Counted while it lives. A rep's ninth ends their oldest: it may be a phone's that lost its line
// and that nobody will miss for a quarter of an hour.
struct Stream : OpenStream {
    Stream(Site& from, Who whose, std::string name)
        : site{from},
          who{std::move(whose)},
          counted_as{std::move(name)},
          listeners{from.listeners},
          next_ping_at{std::chrono::steady_clock::now() + from.options.ping_every} {
        auto& open = listeners->by_rep[counted_as];
        open.push_back(this);
        if (open.size() <= streams_per_rep_max)
            return;
        open.front()->over = true;
        if (open.front()->waits != nullptr)
            open.front()->waits->cancel();
        open.pop_front();
    }
    ~Stream() {
        auto& open = listeners->by_rep[counted_as];
        std::erase(open, this);
        if (open.empty())
            listeners->by_rep.erase(counted_as);
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    Site& site;
    Who who;
    std::string counted_as;
    std::shared_ptr<Listeners> listeners;
    std::chrono::steady_clock::time_point next_ping_at;
    std::int64_t after = 0;
    int pings = 0;
    bool greeted = false;
};

std::string event_text(std::int64_t id, const json& data) {
    return "id: " + std::to_string(id) + "\nevent: change\ndata: " + to_text(data) + "\n\n";
}

// An id without data is no event, but a place to resume from: whoever has heard nothing yet, or
// nothing of theirs for long, loses nothing when the line breaks either.
std::string id_text(const Stream& stream) {
    return "id: " + std::to_string(stream.after) + "\n";
}

struct News {
    std::string text;
    std::int64_t upto = 0;
};

// After these a contact may be somebody else's.
bool moves_ownership(std::string_view what) {
    return what == "reassigned" || what == "merged";
}

// What is new and theirs to see; the ids go on also over what is not.
News read_news(Store& store, const Site& site, const Who& who, std::int64_t after) {
    News news;
    news.upto = after;
    const std::int64_t end = store.feed_end();
    if (end - after > behind_max || after > end) {
        news.upto = end;
        news.text = event_text(end, {{"contact", nullptr}, {"what", "reset"}});
        return news;
    }
    std::map<core::ContactId, bool> seen;
    for (const TimelineRow& row : store.feed(after, events_at_once)) {
        news.upto = row.id;
        const auto [entry, fresh] = seen.try_emplace(row.contact, who.any_rep);
        if (fresh && !who.any_rep) {
            const auto subject = store.contact(row.contact);
            entry->second = subject && may_see(site, who, *subject);
        }
        if (entry->second)
            news.text += event_text(row.id, {{"contact", row.contact.value}, {"what", row.what}});
        else if (moves_ownership(row.what))  // it may have been theirs: they look again
            news.text += event_text(row.id, {{"contact", nullptr}, {"what", "reset"}});
    }
    return news;
}

// Until the next commit or the time for a ping, whichever comes first.
asio::awaitable<bool> commit_or_ping(Stream& stream) {
    asio::steady_timer timer{co_await asio::this_coro::executor, stream.next_ping_at};
    struct Registered {
        Stream& stream;
        ~Registered() {
            stream.listeners->waiting.erase(stream.waits);
            stream.waits = nullptr;
        }
    } registered{stream};
    stream.waits = &timer;
    stream.listeners->waiting.insert(&timer);
    const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return static_cast<bool>(error);  // cancelled: there is news
}

asio::awaitable<std::string> next_piece(std::shared_ptr<Stream> stream) {
    if (!std::exchange(stream->greeted, true))
        co_return "retry: 3000\n" + id_text(*stream) + ": warmcall\n\n";
    while (!stream->over) {
        // Also while there is news all the time: who listens takes a line without pings for dead,
        // and who was signed out hears no more.
        if (std::chrono::steady_clock::now() >= stream->next_ping_at) {
            stream->next_ping_at =
                std::chrono::steady_clock::now() + stream->site.options.ping_every;
            if (++stream->pings > pings_max || !co_await still_good(stream->site, stream->who))
                break;
            co_return id_text(*stream) + ": ping\n\n";
        }
        News news = co_await ask(stream->site,
                                 [&site = stream->site, who = stream->who, after = stream->after](
                                     Store& store) { return read_news(store, site, who, after); });
        const bool moved = news.upto != stream->after;
        stream->after = news.upto;
        if (!news.text.empty())
            co_return std::move(news.text);
        if (moved)
            continue;
        if (co_await commit_or_ping(*stream)) {
            asio::steady_timer gap{co_await asio::this_coro::executor, news_gap};
            co_await gap.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }
    co_return std::string{};
}

}  // namespace

Handled open_stream(Site& site, Call& call) {
    const std::string name =
        call.who.any_rep ? "token " + call.who.credential.substr(0, 12) : call.who.rep.value;
    auto stream = std::make_shared<Stream>(site, call.who, name);
    std::string_view last = call.request.header("Last-Event-ID");
    if (last.empty())
        last = call.ask("last_event_id");
    const bool resumes =
        !last.empty() &&
        std::from_chars(last.data(), last.data() + last.size(), stream->after).ec == std::errc{} &&
        stream->after >= 0;
    if (!resumes)
        stream->after = co_await ask(site, [](Store& store) { return store.feed_end(); });
    net::Outgoing answer;
    answer.headers.push_back({"Content-Type", "text/event-stream"});
    answer.headers.push_back({"X-Accel-Buffering", "no"});
    if (call.request.method == "HEAD")
        co_return answer;
    answer.next = [stream] { return next_piece(stream); };
    co_return answer;
}

}  // namespace warmcall::web
