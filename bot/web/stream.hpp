#pragma once
// The live stream (text/event-stream): what happens to a rep's contacts, with the timeline's ids,
// so that Last-Event-ID resumes.

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <set>
#include <string>

namespace warmcall::web {

// Who waits for the next commit. Shared with the streams, which may outlive the site by a moment at
// the end.
struct Listeners {
    std::set<boost::asio::steady_timer*> waiting;
    std::map<std::string, int> by_rep;  // open streams

    void wake() {
        for (boost::asio::steady_timer* timer : waiting)
            timer->cancel();
    }
    int open() const {
        int sum = 0;
        for (const auto& [rep, n] : by_rep)
            sum += n;
        return sum;
    }
};

}  // namespace warmcall::web
