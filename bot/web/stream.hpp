#pragma once
// The live stream (text/event-stream): what happens to a rep's contacts, with the timeline's ids,
// so that Last-Event-ID resumes.

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <set>
#include <string>

namespace warmcall::web {

// One open stream, as the others of its rep see it.
struct OpenStream {
    bool over = false;                           // a newer one has taken its place
    boost::asio::steady_timer* waits = nullptr;  // while it waits
};

// Who waits for the next commit. Shared with the streams, which may outlive the site by a moment at
// the end.
struct Listeners {
    std::set<boost::asio::steady_timer*> waiting;
    std::map<std::string, std::deque<OpenStream*>> by_rep;  // the oldest first

    void wake() {
        for (boost::asio::steady_timer* timer : waiting)
            timer->cancel();
    }
    std::size_t open() const {
        std::size_t sum = 0;
        for (const auto& [rep, streams] : by_rep)
            sum += streams.size();
        return sum;
    }
};

}  // namespace warmcall::web
