#include "golden.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace golden {

using namespace warmcall;

namespace {

std::filesystem::path folder_of(std::string_view provider) {
    return std::filesystem::path{WARMCALL_SOURCE_DIR} / "tests/golden" / provider;
}

}  // namespace

const Provider& provider(std::string_view name) {
    const Provider* found = find_provider(name);
    if (found == nullptr)
        throw std::runtime_error(std::string{name} + " is not registered");
    return *found;
}

Account account(std::string_view name) {
    const Json written = Json::parse(read(folder_of(name) / "account.json"));
    Account account;
    account.id.value = "main";
    account.provider = name;
    account.base_url = provider(name).default_base_url;
    account.public_url = "https://warmcall.example.com";
    for (const auto& [key, value] : written.at("settings").items())
        account.settings[key] = value;
    for (const auto& [key, value] : written.at("secrets").items())
        account.secrets[key].emplace_back(value.get<std::string>());
    return account;
}

std::vector<std::filesystem::path> files_of(std::string_view provider, std::string_view kind) {
    std::vector<std::filesystem::path> found;
    const auto folder = folder_of(provider) / kind;
    if (std::filesystem::exists(folder))
        for (const auto& entry : std::filesystem::directory_iterator{folder})
            found.push_back(entry.path());
    std::ranges::sort(found);
    return found;
}

namespace {

std::vector<Header> pairs_from(const Json& written) {
    std::vector<Header> pairs;
    for (const Json& pair : written)
        pairs.push_back({pair.at(0), pair.at(1)});
    return pairs;
}

}  // namespace

HttpRequest request_from(const Json& written) {
    HttpRequest request{
        written.value("method", "POST"), written.value("url", "/webhooks/main"), {}, {}, now};
    const Json headers = written.value("headers", Json::object());
    for (const auto& [name, value] : headers.items())
        request.headers.push_back({name, value});
    if (written.contains("query"))
        request.url += "?" + encode_form(pairs_from(written.at("query")));
    if (written.contains("form"))
        request.body = encode_form(pairs_from(written.at("form")));
    else if (written.contains("json"))
        request.body = written.at("json").dump();
    else
        request.body = written.value("body", "");
    return request;
}

Account account() {
    Account account;
    account.id.value = "main";
    account.provider = "whatsapp_cloud";
    account.base_url = "https://graph.facebook.com";
    account.settings = {{"phone_number_id", "300000000000002"}, {"waba_id", "200000000000001"}};
    account.secrets["access_token"].emplace_back("invented-access-token");
    account.secrets["app_secret"].emplace_back("invented-app-secret");
    account.secrets["verify_token"].emplace_back("invented-verify-token");
    return account;
}

HttpRequest delivery(std::string body) {
    return {"POST", "/webhooks/main", {{"Content-Type", "application/json"}}, std::move(body)};
}

const Provider& whatsapp() {
    return provider("whatsapp_cloud");
}

std::filesystem::path folder(std::string_view kind) {
    return std::filesystem::path{WARMCALL_SOURCE_DIR} / "tests/golden/whatsapp_cloud" / kind;
}

std::vector<std::filesystem::path> files(std::string_view kind, std::string_view extension) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator{folder(kind)})
        if (entry.path().extension() == extension)
            found.push_back(entry.path());
    std::ranges::sort(found);
    return found;
}

std::string read(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    if (!in)
        throw std::runtime_error("cannot read " + file.string());
    return {std::istreambuf_iterator<char>{in}, {}};
}

bool updating() {
    const char* asked = std::getenv("UPDATE_GOLDEN");
    return asked != nullptr && std::string_view{asked} == "1";
}

void write(const std::filesystem::path& file, std::string_view text) {
    std::ofstream out{file, std::ios::binary};
    out << text;
    if (!out.flush())
        throw std::runtime_error("cannot write " + file.string());
}

namespace {

template <class... F>
struct Overload : F... {
    using F::operator()...;
};

std::string_view word(core::AddressKind kind) {
    switch (kind) {
        case core::AddressKind::phone:
            return "phone";
        case core::AddressKind::whatsapp:
            return "whatsapp";
        case core::AddressKind::whatsapp_user:
            return "whatsapp_user";
    }
    return "?";
}

std::string_view word(core::ReplyKind kind) {
    switch (kind) {
        case core::ReplyKind::text:
            return "text";
        case core::ReplyKind::button:
            return "button";
        case core::ReplyKind::reaction:
            return "reaction";
        case core::ReplyKind::media:
            return "media";
        case core::ReplyKind::voice:
            return "voice";
        case core::ReplyKind::location:
            return "location";
        case core::ReplyKind::contact_card:
            return "contact_card";
        case core::ReplyKind::call_permission:
            return "call_permission";
        case core::ReplyKind::other:
            return "other";
    }
    return "?";
}

std::string_view word(core::FailureClass kind) {
    switch (kind) {
        case core::FailureClass::retry:
            return "retry";
        case core::FailureClass::slow_down:
            return "slow_down";
        case core::FailureClass::permanent:
            return "permanent";
        case core::FailureClass::suppress:
            return "suppress";
        case core::FailureClass::needs_window:
            return "needs_window";
        case core::FailureClass::template_fault:
            return "template_fault";
        case core::FailureClass::config:
            return "config";
    }
    return "?";
}

std::string_view word(core::TemplateStatus status) {
    switch (status) {
        case core::TemplateStatus::unknown:
            return "unknown";
        case core::TemplateStatus::approved:
            return "approved";
        case core::TemplateStatus::pending:
            return "pending";
        case core::TemplateStatus::paused:
            return "paused";
        case core::TemplateStatus::rejected:
            return "rejected";
        case core::TemplateStatus::disabled:
            return "disabled";
    }
    return "?";
}

std::string_view word(InAccount::Severity severity) {
    switch (severity) {
        case InAccount::Severity::note:
            return "note";
        case InAccount::Severity::slow_down:
            return "slow_down";
        case InAccount::Severity::stop:
            return "stop";
    }
    return "?";
}

std::string_view word(Answer::Scope scope) {
    switch (scope) {
        case Answer::Scope::message:
            return "message";
        case Answer::Scope::pair:
            return "pair";
        case Answer::Scope::sender:
            return "sender";
        case Answer::Scope::portfolio:
            return "portfolio";
        case Answer::Scope::account:
            return "account";
    }
    return "?";
}

std::string_view word(Answer::Kind kind) {
    switch (kind) {
        case Answer::Kind::accepted:
            return "accepted";
        case Answer::Kind::refused:
            return "refused";
        case Answer::Kind::unreadable:
            return "unreadable";
    }
    return "?";
}

Json dump(const core::Address& address) {
    return Json::array({word(address.kind), address.value});
}

Json dump(const std::vector<core::Address>& addresses) {
    Json all = Json::array();
    for (const core::Address& address : addresses)
        all.push_back(dump(address));
    return all;
}

Json dump(const core::Facts& facts) {
    Json all = Json::object();
    const auto put = [&all](const char* name, const std::optional<core::Timestamp>& at) {
        if (at)
            all[name] = core::unix_ms(*at);
    };
    put("queued", facts.queued);
    put("claimed", facts.claimed);
    put("unknown", facts.unknown);
    put("accepted", facts.accepted);
    put("sent", facts.sent);
    put("delivered", facts.delivered);
    put("read", facts.read);
    if (facts.failed)
        all["failed"] = {{"at", core::unix_ms(facts.failed->at)},
                         {"code", facts.failed->code},
                         {"kind", word(facts.failed->kind)}};
    all["provider_id"] = facts.provider_id;
    return all;
}

Json dump(const InWhat& what) {
    return std::visit(
        Overload{
            [](const InReply& r) {
                Json all{{"reply", word(r.kind)},
                         {"words", r.words},
                         {"profile_name", r.profile_name},
                         {"about", r.about_provider_id},
                         {"button_payload", r.button_payload}};
                if (!r.caption.empty()) {
                    all["caption"] = r.caption;
                }
                if (r.confirmed_stop) {
                    all["confirmed_stop"] = true;
                }
                return all;
            },
            [](const InStatus& s) {
                return Json{{"status", s.provider_id},
                            {"token", s.token ? to_hex(*s.token) : ""},
                            {"facts", dump(s.facts)}};
            },
            [](const InCall& c) {
                return Json{{"call", c.stage == InCall::Stage::ringing ? "ringing" : "ended"}};
            },
            [](const InEcho& e) { return Json{{"echo", e.provider_id}}; },
            [](const InPreference& p) {
                return Json{{"preference", p.choice == core::MarketingPreference::Choice::stop
                                               ? "stop"
                                               : "resume"}};
            },
            [](const InAddressChange& a) {
                return Json{
                    {"address_now", dump(a.now)},
                    {"how", a.how == core::AddressLearned::How::alias ? "alias" : "replaced"}};
            },
            [](const InTemplate& t) {
                return Json{{"template", t.name},
                            {"language", t.language},
                            {"status", t.status ? Json(word(*t.status)) : Json(nullptr)},
                            {"category", t.category},
                            {"quality", t.quality},
                            {"reason", t.reason}};
            },
            [](const InAccount& a) {
                return Json{{"account", a.what}, {"severity", word(a.severity)}};
            },
            [](const InIgnored& i) { return Json{{"ignored", i.what}}; },
        },
        what);
}

}  // namespace

Json dump(const std::vector<Inbound>& found) {
    Json all = Json::array();
    for (const Inbound& one : found)
        all.push_back({{"key", hex(one.key)},
                       {"at", core::unix_ms(one.at)},
                       {"who", dump(one.who)},
                       {"what", dump(one.what)}});
    return all;
}

Json dump(const HttpRequest& request) {
    Json headers = Json::object();
    for (const Header& header : request.headers)
        headers[header.name] = header.value;
    Json body;
    if (request.header("Content-Type") == "application/x-www-form-urlencoded") {
        body = Json::object();
        for (const Header& pair : decode_form(request.body))
            body[pair.name] = pair.value;
    } else if (!request.body.empty()) {
        body = Json::parse(request.body);
    }
    return {{"method", request.method},
            {"url", request.url},
            {"headers", headers},
            {"body", std::move(body)}};
}

Json dump(const Sighting& sighting) {
    return {{"id", sighting.provider_id},
            {"created", core::unix_ms(sighting.created)},
            {"facts", dump(sighting.facts)},
            {"same_text", sighting.same_text}};
}

Json dump(const Answer& answer) {
    Json read = {{"kind", word(answer.kind)}};
    if (answer.kind == Answer::Kind::accepted) {
        read["provider_id"] = answer.provider_id;
        read["learned"] = dump(answer.learned);
    } else {
        read["failure"] = word(answer.failure);
        read["scope"] = word(answer.scope);
        read["code"] = answer.code;
        read["retry_after_s"] =
            answer.retry_after ? Json(answer.retry_after->count() / 1000) : Json(nullptr);
    }
    read["sentence"] = answer.sentence;
    return read;
}

Outbound outbound_from(const Json& written) {
    Outbound message;
    for (std::size_t i = 0; i < message.token.size(); ++i)
        message.token[i] = static_cast<std::uint8_t>(i);
    const std::string kind = written.at("to").at(0);
    message.to.kind = kind == "phone"      ? core::AddressKind::phone
                      : kind == "whatsapp" ? core::AddressKind::whatsapp
                                           : core::AddressKind::whatsapp_user;
    message.to.value = written.at("to").at(1);
    message.text = written.value("text", "");
    message.template_name = written.value("template", "");
    message.template_language = written.value("language", "");
    message.named_parameters = written.value("named", true);
    message.url_button_suffix = written.value("url_suffix", "");
    message.useful_for = std::chrono::seconds{written.value("useful_for_s", 0)};
    message.at = now;
    for (const Json& pair : written.value("parameters", Json::array()))
        message.parameters.emplace_back(pair.at(0), pair.at(1));
    for (const Json& pair : written.value("buttons", Json::array()))
        message.buttons.emplace_back(pair.at(0), pair.at(1));
    return message;
}

HttpResponse response_from(const Json& written) {
    HttpResponse response;
    response.status = written.at("status");
    const Json headers = written.value("headers", Json::object());
    for (const auto& [name, value] : headers.items())
        response.headers.push_back({name, value});
    const Json& body = written.at("body");
    response.body = body.is_string() ? body.get<std::string>() : body.dump();
    return response;
}

}  // namespace golden
