#include "web/problem.hpp"

namespace warmcall::web {

std::string to_text(const json& body) {
    return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

net::Outgoing json_answer(int status, const json& body) {
    net::Outgoing answer;
    answer.status = status;
    answer.headers.push_back({"Content-Type", "application/json"});
    answer.body = to_text(body);
    return answer;
}

net::Outgoing no_content() {
    net::Outgoing answer;
    answer.status = 204;
    return answer;
}

net::Outgoing see_other(std::string_view where) {
    net::Outgoing answer;
    answer.status = 303;
    answer.headers.push_back({"Location", std::string{where}});
    return answer;
}

std::string_view title_of(int status) {
    switch (status) {
        case 400:
            return "This request cannot be read";
        case 401:
            return "Sign in first";
        case 403:
            return "Not yours to do";
        case 404:
            return "Not found";
        case 405:
            return "Not a method of this address";
        case 409:
            return "Not possible as things stand";
        case 410:
            return "Over";
        case 413:
            return "Too large";
        case 415:
            return "Not a content type read here";
        case 422:
            return "Something is missing or wrong";
        case 429:
            return "Too many at once";
        case 503:
            return "Busy, try again";
        default:
            return "Something went wrong here";
    }
}

net::Outgoing problem(int status, std::string_view code, std::string_view detail, json extras) {
    extras["type"] = "urn:warmcall:problem:" + std::string{code};
    extras["title"] = title_of(status);
    extras["status"] = status;
    extras["detail"] = detail;
    net::Outgoing answer;
    answer.status = status;
    answer.headers.push_back({"Content-Type", "application/problem+json"});
    answer.body = to_text(extras);
    return answer;
}

net::Outgoing invalid(const std::vector<FieldError>& errors) {
    json list = json::array();
    for (const FieldError& error : errors) {
        json one{{"field", error.field}, {"detail", error.detail}};
        if (!error.code.empty())
            one["code"] = error.code;
        if (!error.values.empty())
            one["values"] = error.values;
        list.push_back(std::move(one));
    }
    const std::string detail = errors.empty() ? std::string{"The request is not valid."}
                                              : errors.front().field + ": " + errors.front().detail;
    return problem(422, "invalid", detail, {{"errors", std::move(list)}});
}

namespace {

struct StatusAndCode {
    int status;
    std::string_view code;
};

StatusAndCode row_of(const core::Refusal& refusal) {
    using Code = core::Refusal::Code;
    switch (refusal.code) {
        case Code::none_live:
            return {409, "none_live"};
        case Code::has_live:
            return {409, "has_live"};
        case Code::no_consent:
            return {422, "no_consent"};
        case Code::no_address:
            return {422, "no_address"};
        case Code::suppressed:
            return {409, "suppressed"};
        case Code::unknown_cadence:
            return {422, "unknown_cadence"};
        case Code::wrong_phase:
            return {409, "wrong_phase"};
        case Code::taken:
            return {409, "taken"};
        case Code::next_action_missing:
            return {422, "next_action_missing"};
        case Code::not_a_disposition:
            return {422, "not_a_disposition"};
        case Code::late:
            return {409, "late"};
        case Code::template_unfit:
            return {422, "template_unfit"};
        case Code::gate:
            return {409, "gate"};
    }
    return {409, "refused"};
}

}  // namespace

std::string_view code_of(const core::Refusal& refusal) {
    return row_of(refusal).code;
}

net::Outgoing refused(const core::Plan& plan, const core::Refusal& refusal) {
    const StatusAndCode row = row_of(refusal);
    json extras = json::object();
    if (refusal.holder) {
        const auto rep = plan.reps.find(*refusal.holder);
        extras["holder_id"] = refusal.holder->value;
        extras["holder"] = rep == plan.reps.end() ? refusal.holder->value : rep->second.name;
    }
    return problem(row.status, row.code, refusal.sentence, std::move(extras));
}

net::Outgoing busy() {
    net::Outgoing answer =
        problem(503, "busy", "Nothing was taken in. Send it again in a few seconds.");
    answer.headers.push_back({"Retry-After", "2"});
    return answer;
}

}  // namespace warmcall::web
