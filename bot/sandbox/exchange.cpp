#include "sandbox/exchange.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace warmcall::sandbox {

namespace {

using namespace std::chrono_literals;
using net::Incoming;
using net::Outgoing;

bool is_taken(Then then) {
    return then == Then::accept || then == Then::accept_then_hang ||
           then == Then::accept_then_reset || then == Then::accept_then_500;
}

Ending ending_of(Then then) {
    if (then == Then::accept_then_hang || then == Then::reject_then_hang)
        return Ending::hang;
    return then == Then::accept_then_reset || then == Then::reject_then_reset ? Ending::reset
                                                                              : Ending::answer;
}

HttpResponse refusal_by(const Line& line, const Rule& rule, std::uint64_t number) {
    if (rule.then == Then::reject_then_500)
        return line.broken(number);
    HttpResponse response = rule.then == Then::too_many_requests ? line.too_many(number)
                                                                 : line.refused(rule.code, number);
    if (rule.retry_after_s > 0)
        response.headers.push_back({"Retry-After", std::to_string(rule.retry_after_s)});
    return response;
}

std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> found;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        if (end > 0)
            found.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return found;
}

// Credentials in a URL do not go into the ledger.
std::string without_secrets(std::string url) {
    for (const std::string_view key : {"access_token=", "password=", "api_secret="}) {
        std::size_t at = url.find(key);
        while (at != url.npos) {
            at += key.size();
            url.replace(at, std::min(url.find('&', at), url.size()) - at, "(not kept)");
            at = url.find(key, at);
        }
    }
    return url;
}

Json noted_headers(const Incoming& request) {
    Json headers = Json::object();
    for (const Header& header : request.headers) {
        const std::string name = lower(header.name);
        headers[name] = name == "authorization"
                            ? header.value.substr(0, header.value.find(' ')) + " (not kept)"
                            : header.value;
    }
    return headers;
}

Json noted_request(const Line& line, const Incoming& request) {
    Json noted{{"channel", line.options.id},          {"method", request.method},
               {"url", without_secrets(request.url)}, {"peer", request.peer},
               {"headers", noted_headers(request)},   {"body", request.body}};
    const Json more = line.noted(request);
    for (const auto& [key, value] : more.items()) {
        if (!value.is_string() || !value.get_ref<const std::string&>().empty())
            noted[key] = value;
    }
    return noted;
}

// The receipts of a message in their order, each with its delay.
std::vector<std::pair<std::string, Duration>> usual_receipts(const Parts& parts, const Line& line,
                                                             const Bubble& bubble, int fails_with) {
    const Behaviour& usual = parts.behaviour;
    if (fails_with != 0)
        return {{"failed", usual.sent_after}};
    std::vector<std::pair<std::string, Duration>> list{{"sent", usual.sent_after},
                                                       {"delivered", usual.delivered_after}};
    if (line.tells_read() && parts.people.chance("read|" + bubble.id) < usual.read_share)
        list.emplace_back("read", usual.read_after);
    return list;
}

// Receipts in their order, or as the rule wants them.
asio::awaitable<void> plan_receipts(Parts& parts, Line& line, const Verdict& verdict) {
    const Rule& rule = verdict.rule;
    const Bubble* kept = parts.people.find(verdict.taken);
    if (kept == nullptr || rule.receipts == Receipts::none ||
        (!parts.behaviour.receipts && rule.receipts == Receipts::normal))
        co_return;
    const Bubble bubble = *kept;
    auto receipts = usual_receipts(parts, line, bubble, verdict.fails_with);
    if (rule.receipts == Receipts::reversed) {
        for (std::size_t i = 0; i < receipts.size() / 2; ++i)
            std::swap(receipts[i].first, receipts[receipts.size() - 1 - i].first);
    }
    const Timestamp now = parts.clock.now() + rule.receipts_after;
    std::size_t first = 0;
    if (rule.receipts == Receipts::before_answer) {
        Update update;
        update.line = &line;
        update.change = [&parts, &line, bubble, status = receipts.front().first,
                         code = verdict.fails_with](Timestamp at) {
            return line.receipt(parts.people.person(bubble.wa_id), bubble, {status, at, code});
        };
        co_await parts.office.post_now(std::move(update));
        parts.people.note(bubble.id,
                          {receipts.front().first, parts.clock.now(), verdict.fails_with});
        first = 1;
    }
    for (std::size_t i = first; i < receipts.size(); ++i)
        plan_status(parts, bubble, receipts[i].first, verdict.fails_with, now + receipts[i].second,
                    rule.webhook_copies);
}

Outgoing outgoing(const Line& line, HttpResponse response, std::uint64_t number) {
    Outgoing out;
    static_cast<HttpResponse&>(out) = std::move(response);
    for (Header& header : line.headers(number))
        out.headers.push_back(std::move(header));
    return out;
}

}  // namespace

std::string Call::asked(std::string_view name) const {
    return value_of(query, name);
}

bool within_rate(Parts& parts, const Line& line) {
    const double most = parts.behaviour.sends_per_second_max;
    return most <= 0 || parts.rates[line.options.id].take(parts.clock.now(), most, most);
}

Verdict take(Parts& parts, const Line& line, const Call& call, Bubble message, int fails_with) {
    Verdict verdict;
    verdict.rule =
        parts.script.for_send(line.options.id, message.wa_id, message.type, message.template_name);
    if (verdict.rule.code == 0)
        verdict.rule.code = line.usual_code();
    const Then then = verdict.rule.then;
    verdict.ending = ending_of(then);
    verdict.after = verdict.rule.answer_after;
    verdict.noted = Json{{"accepted", is_taken(then)},
                         {"channel", line.options.id},
                         {"to", "+" + message.wa_id},
                         {"wa_id", message.wa_id},
                         {"type", message.type}};
    if (!message.token.empty())
        verdict.noted["token"] = message.token;
    if (!is_taken(then)) {
        verdict.response = refusal_by(line, verdict.rule, call.number);
        return verdict;
    }
    Person& person = parts.people.person(message.wa_id);
    // what goes to a rep is read on the rep's phone of the page
    person.rep = person.rep || message.template_name.starts_with("rep_");
    message.channel = line.options.id;
    message.ours = true;
    message.at = parts.clock.now();
    message.id = line.new_id(person, parts.next_number());
    message.steps.push_back({"accepted", message.at, 0});
    verdict.taken = message.id;
    verdict.noted["id"] = message.id;
    verdict.noted["text"] = message.text;
    if (!message.template_name.empty())
        verdict.noted["template"] = message.template_name;
    verdict.fails_with = verdict.rule.fails_with != 0 ? verdict.rule.fails_with : fails_with;
    const Bubble& kept = parts.people.wrote(std::move(message));
    verdict.response =
        then == Then::accept_then_500 ? line.broken(call.number) : line.accepted(kept);
    return verdict;
}

asio::awaitable<void> sleep(Parts& parts, Duration time) {
    asio::steady_timer timer{parts.context, time};
    parts.sleepers.insert(&timer);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    parts.sleepers.erase(&timer);
}

void plan_status(Parts& parts, const Bubble& about, const std::string& status, int code,
                 Timestamp due, int copies) {
    Line* line = parts.line(about.channel);
    if (line == nullptr)
        return;
    Update update;
    update.line = line;
    update.change = [&parts, line, about, status, code](Timestamp at) {
        return line->receipt(parts.people.person(about.wa_id), about, {status, at, code});
    };
    update.posted = [&parts, id = about.id, status, code](Timestamp at) {
        parts.people.note(id, {status, at, code});
    };
    parts.office.post(std::move(update), due, about.wa_id, static_cast<std::size_t>(copies));
}

asio::awaitable<Outgoing> answer_line(Parts& parts, Line& line, Incoming request) {
    const std::uint64_t seq = parts.ledger.add("request", noted_request(line, request));
    const Call call{request, segments(request.path()), decode_form(request.query()), seq};
    const Verdict verdict = line.answer(call);
    if (!verdict.taken.empty()) {
        // at once and by itself: whatever becomes of the answer, this message was taken
        Json taken{{"request", seq}};
        taken.update(verdict.noted);
        taken.erase("accepted");
        parts.ledger.add("accepted", taken);
        co_await plan_receipts(parts, line, verdict);
    }
    if (verdict.after > 0ms)
        co_await sleep(parts, verdict.after);
    static constexpr std::array endings{"answer", "hang", "reset"};
    Json noted{{"request", seq}};
    noted.update(verdict.noted);
    noted["ending"] = endings[static_cast<std::size_t>(verdict.ending)];
    noted["status"] = verdict.ending == Ending::answer ? verdict.response.status : 0;
    noted["body"] = verdict.ending == Ending::answer ? verdict.response.body : "";
    parts.ledger.add("answer", noted);
    if (verdict.ending == Ending::hang)
        co_await sleep(parts, parts.options.hang_time);
    Outgoing out = outgoing(line, verdict.response, seq);
    if (verdict.ending != Ending::answer)
        out.ending = Outgoing::Ending::reset;
    co_return out;
}

}  // namespace warmcall::sandbox
