#include "web/health.hpp"

namespace warmcall::web {

namespace {

// Builds the exposition; label values come from configuration and are escaped all the same.
class Exposition {
 public:
    void metric(std::string_view name, std::string_view type, std::string_view help) {
        text_ += "# HELP warmcall_" + std::string{name} + " " + std::string{help} +
                 "\n# TYPE warmcall_" + std::string{name} + " " + std::string{type} + "\n";
        name_ = name;
    }
    template <class Number>
    void value(Number number,
               std::initializer_list<std::pair<std::string_view, std::string_view>> labels = {}) {
        text_ += "warmcall_" + name_;
        char lead = '{';
        for (const auto& [label, of] : labels) {
            text_ += lead + std::string{label} + "=\"" + escaped(of) + "\"";
            lead = ',';
        }
        text_ += (labels.size() > 0 ? "} " : " ") + std::to_string(number) + "\n";
    }
    std::string take() { return std::move(text_); }

 private:
    static std::string escaped(std::string_view text) {
        std::string safe;
        for (const char c : text) {
            if (c == '\\' || c == '"')
                safe += '\\';
            safe += c == '\n' ? ' ' : c;
        }
        return safe;
    }

    std::string text_;
    std::string name_;
};

void add_http(Exposition& out, const Site& site) {
    out.metric("http_answers_total", "counter", "Answers by route and status.");
    std::map<std::pair<std::string_view, int>, std::uint64_t> sums;
    for (const auto& [key, n] : site.answers) {
        const auto* route = static_cast<const Route*>(key.first);
        sums[{route == nullptr ? std::string_view{"none"} : route->pattern, key.second}] += n;
    }
    for (const auto& [key, n] : sums)
        out.value(n, {{"route", key.first}, {"status", std::to_string(key.second)}});
    out.metric("webhooks_total", "counter",
               "Webhook deliveries by channel and what became of them.");
    for (const auto& [id, hook] : site.hooks) {
        out.value(hook.taken, {{"channel", id.value}, {"result", "taken"}});
        out.value(hook.unreadable, {{"channel", id.value}, {"result", "unreadable"}});
        out.value(hook.forged, {{"channel", id.value}, {"result", "not_authentic"}});
        out.value(hook.turned_away, {{"channel", id.value}, {"result", "turned_away"}});
    }
    out.metric("webhooks_unknown_channel_total", "counter",
               "Webhook deliveries for channels that are not configured.");
    out.value(site.unknown_channel);
    out.metric("streams_open", "gauge", "Live streams open now.");
    out.value(site.listeners->open());
}

void add_door(Exposition& out, const Site& site) {
    const DoorCounts door = site.door.counts();
    out.metric("door_batches_total", "counter", "Transactions committed by the door.");
    out.value(door.batches);
    out.metric("door_works_total", "counter", "Pieces of work that went through the door.");
    out.value(door.works);
    out.metric("door_refused_full_total", "counter",
               "Pieces of work refused because too many were waiting.");
    out.value(door.refused_full);
    out.metric("door_waiting", "gauge", "Pieces of work waiting now.");
    out.value(door.waiting);
    out.metric("store_writable", "gauge", "1 while the store takes writes.");
    out.value(site.door.writable() ? 1 : 0);
}

void add_server(Exposition& out, const Site& site) {
    if (!site.options.server_counts)
        return;
    const net::ServerCounts server = site.options.server_counts();
    out.metric("connections", "gauge", "Connections open now.");
    out.value(server.connections);
    out.metric("connections_accepted_total", "counter", "Connections accepted.");
    out.value(server.accepted);
    out.metric("requests_total", "counter", "Requests read.");
    out.value(server.requests);
    out.metric("requests_bad_total", "counter", "Requests refused as malformed.");
    out.value(server.bad_requests);
    out.metric("connections_refused_full_total", "counter",
               "Connections refused because too many were open.");
    out.value(server.refused_full);
    out.metric("timeouts_total", "counter", "Connections that took too long.");
    out.value(server.timeouts);
}

void add_store(Exposition& out, const StoreCounts& store) {
    out.metric("contacts", "gauge", "Contacts.");
    out.value(store.contacts);
    out.metric("outreaches", "gauge", "Outreaches by phase.");
    for (const auto& [phase, n] : store.outreaches_by_phase)
        out.value(n, {{"phase", phase}});
    out.metric("messages", "gauge", "Messages by state.");
    for (const auto& [state, n] : store.messages_by_state)
        out.value(n, {{"state", state}});
    out.metric("prompts_open", "gauge", "Calls that are due.");
    out.value(store.prompts_open);
    out.metric("inbox_rows", "gauge", "Events taken in.");
    out.value(store.inbox);
    out.metric("quarantined", "gauge", "Deliveries that could not be read and are kept raw.");
    out.value(store.quarantined);
    out.metric("receipts_parked", "gauge", "Receipts that wait for their message's id.");
    out.value(store.parked);
    out.metric("alerts_waiting", "gauge", "Notices that wait for a rep's phone.");
    out.value(store.alerts_waiting);
    out.metric("events_ignored_total", "counter",
               "Events of the providers that are none of our business, by their name.");
    for (const auto& [what, n] : store.ignored)
        out.value(n, {{"what", what}});
}

}  // namespace

Handled alive(Site&, Call&) {
    co_return json_answer(200, {{"status", "alive"}});
}

Handled ready(Site& site, Call&) {
    if (!site.door.writable())
        co_return problem(
            503, "not_writable",
            "The store cannot be written. Look at the disk it is on: is it full, or gone?");
    co_await ask(site, [](Store& store) { return store.feed_end(); });
    if (site.door.full())
        co_return problem(503, "busy", "More is waiting than can be written in a second.");
    co_return json_answer(200, {{"status", "ready"}});
}

Handled show_metrics(Site& site, Call&) {
    Exposition out;
    add_http(out, site);
    add_door(out, site);
    add_server(out, site);
    add_store(out, co_await counts(site));
    net::Outgoing answer;
    answer.headers.push_back({"Content-Type", "text/plain; version=0.0.4; charset=utf-8"});
    answer.body = out.take();
    co_return answer;
}

}  // namespace warmcall::web
