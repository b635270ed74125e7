// Our texts as Twilio's Content templates, and what WhatsApp's review made of them.
// https://www.twilio.com/docs/content/content-api-resources

#include <algorithm>
#include <nlohmann/json.hpp>

#include "providers/account.hpp"
#include "providers/errors.hpp"
#include "providers/json.hpp"
#include "providers/reading.hpp"
#include "providers/twilio.hpp"

namespace warmcall::twilio {

namespace {

using Written = nlohmann::ordered_json;

constexpr std::string_view content_mark = "content_";

// Content has a host of its own; whoever sets another base_url has both there.
std::string content_url(const Account& account, std::string_view rest) {
    const std::string_view base = account.base_url;
    return std::string{base == "https://api.twilio.com" ? "https://content.twilio.com" : base} +
           "/v1/" + std::string{rest};
}

std::optional<core::TemplateStatus> status_of(std::string_view word) {
    using enum core::TemplateStatus;
    constexpr std::pair<std::string_view, core::TemplateStatus> words[] = {
        {"approved", approved}, {"received", pending},  {"pending", pending},    {"paused", paused},
        {"rejected", rejected}, {"disabled", disabled}, {"unsubmitted", pending}};
    const auto known = std::ranges::find(words, word, [](const auto& w) { return w.first; });
    return known == std::end(words) ? std::nullopt : std::optional{known->second};
}

// Which of our texts a content is: the channel's content_NAME_LANGUAGE or content_NAME say it by
// its sid, a text's provider_name may be the sid itself; any other keeps the name it has there.
InTemplate named(const Account& account, std::string_view sid, std::string_view friendly_name,
                 std::string_view language) {
    InTemplate t;
    t.language = with_underscore(label(language));
    for (const auto& [key, value] : account.settings)
        if (key.starts_with(content_mark) && value == sid) {
            t.name = key.substr(content_mark.size());
            if (const std::string end = "_" + t.language; t.name.ends_with(end))
                t.name.resize(t.name.size() - end.size());
            return t;
        }
    t.name = tidy(friendly_name, name_bytes_max);
    return t;
}

Error fault(const HttpResponse& response) {
    if (response.status == 429 || response.status >= 500)
        return {Errc::unavailable, "Twilio is out of order for the moment (HTTP " +
                                       std::to_string(response.status) + ")"};
    return {Errc::refused, read_refusal(response).sentence};
}

HttpRequest post(const Account& account, std::string url, const Written& body) {
    return {"POST",
            std::move(url),
            {{"Authorization", authorization(account)},
             {"Content-Type", "application/json"},
             {"Accept", "application/json"}},
            body.dump(-1, ' ', false, Written::error_handler_t::replace)};
}

// {{first_name}} becomes {{1}} and so on: Twilio's variables are numbers.
std::string numbered(const core::Template& t) {
    std::string text = t.text;
    for (std::size_t i = 0; i < t.variables.size(); ++i) {
        const std::string from = "{{" + t.variables[i] + "}}";
        const std::string to = "{{" + std::to_string(i + 1) + "}}";
        for (std::size_t at = text.find(from); at != std::string::npos;
             at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
    }
    return text;
}

// Its quick replies, and the same text for phones that show none. What a rep's tap comes back with
// is signed and so another one each time: a variable, after those of the text.
// https://www.twilio.com/docs/content/twilio-quick-reply
Written types_of(const core::Template& t, Written& variables) {
    const std::string body = numbered(t);
    Written types = Written::object();
    if (!t.buttons.empty()) {
        Written actions = Written::array();
        for (const std::string& label : t.buttons) {
            std::string id = label;
            if (t.kind == core::TemplateKind::rep_notice) {
                const std::string number = std::to_string(variables.size() + 1);
                variables[number] = label;
                id = "{{" + number + "}}";
            }
            actions.push_back({{"title", label}, {"id", id}});
        }
        types["twilio/quick-reply"] = {{"body", body}, {"actions", std::move(actions)}};
    }
    types["twilio/text"] = {{"body", body}};
    return types;
}

}  // namespace

HttpRequest build_templates(const Account& account, std::string_view page) {
    const std::string first = content_url(account, "ContentAndApprovals?PageSize=500");
    return {"GET",
            page.empty() ? first : content_url(account, page),
            {{"Authorization", authorization(account)}, {"Accept", "application/json"}},
            {}};
}

Result<Page<InTemplate>> read_templates(const Account& account, const HttpResponse& response) {
    if (response.status != 200)
        return fault(response);
    JsonDocument document;
    const Json root = document.read(response.body);
    if (!root["contents"].is_array())
        return Error{Errc::bad_payload, "Twilio's list of texts cannot be read"};
    Page<InTemplate> page;
    for (const Json row : root["contents"]) {
        const Json review = row["approval_requests"];
        InTemplate t =
            named(account, row["sid"].text(), row["friendly_name"].text(), row["language"].text());
        t.status = status_of(review["status"].text());
        t.category = label(review["category"].text());
        t.reason = tidy(review["rejection_reason"].text(), name_bytes_max);
        page.found.push_back(std::move(t));
    }
    // Another path than the list's own is not followed.
    const std::string_view next = root["meta"]["next_page_url"].text();
    if (const auto at = next.find("/v1/ContentAndApprovals?"); at != std::string_view::npos)
        page.next = next.substr(at + 4);
    return page;
}

// First the content, then its review for WhatsApp; the step between is the content's sid.
HttpRequest build_submit(const Account& account, const core::Template& t, std::string_view step) {
    const char* category = t.category == core::Category::marketing ? "MARKETING" : "UTILITY";
    if (!step.empty())
        return post(
            account,
            content_url(account, "Content/" + std::string{step} + "/ApprovalRequests/whatsapp"),
            {{"name", t.provider_name}, {"category", category}});
    Written variables = Written::object();
    for (std::size_t i = 0; i < t.variables.size(); ++i)
        variables[std::to_string(i + 1)] = t.variables[i];
    Written types = types_of(t, variables);
    return post(account, content_url(account, "Content"),
                {{"friendly_name", t.provider_name},
                 {"language", with_underscore(t.provider_language)},
                 {"variables", std::move(variables)},
                 {"types", std::move(types)}});
}

Result<Submitted> read_submit(const Account&, const core::Template& t, std::string_view step,
                              const HttpResponse& response) {
    JsonDocument document;
    const Json root = document.read(response.body);
    if (response.status < 200 || response.status >= 300) {
        Error error = fault(response);
        if (const auto said = root["message"].text(); !said.empty())
            error.message = "Twilio says: " + tidy(said, 500);
        return error;
    }
    const std::string_view sid = root["sid"].text();
    if (step.empty())
        return is_sid(sid, "HX") ? Result<Submitted>{Submitted{std::string{sid}, {}}}
                                 : Error{Errc::bad_payload, "Twilio's answer cannot be read"};
    return Submitted{{},
                     "write it into the channel: " + std::string{content_mark} + t.provider_name +
                         "_" + with_underscore(t.provider_language) + " = \"" + std::string{step} +
                         "\""};
}

}  // namespace warmcall::twilio
