#include "simulator/world.hpp"

#include <nlohmann/json.hpp>

namespace warmcall::simulator {

using nlohmann::json;

namespace {

std::int64_t seconds(core::Timestamp at) {
    return core::unix_ms(at) / 1000;
}

std::string digits(const std::string& phone) {
    return phone.starts_with('+') ? phone.substr(1) : phone;
}

HttpResponse answer(int status, const json& body) {
    return {
        .status = status, .headers = {{"Content-Type", "application/json"}}, .body = body.dump()};
}

json error_body(int code, const std::string& message) {
    return {
        {"error",
         {{"message", message}, {"type", "OAuthException"}, {"code", code}, {"fbtrace_id", "A1"}}}};
}

}  // namespace

Fault World::fault() {
    switch (rng_.between(0, 39)) {
        case 0:
            return Fault::no_connection;
        case 1:
            return Fault::lost_after_write;
        case 2:
            return Fault::taken_then_silent;
        case 3:
            return Fault::taken_then_500;
        case 4:
            return Fault::throttled;
        case 5:
            return Fault::refused_500;
        default:
            return Fault::none;
    }
}

Sent World::take(const HttpRequest& request, Fault fault, core::Timestamp) {
    Sent sent;
    const json body = json::parse(request.body);
    sent.to = body.value("to", "");
    sent.callback_data = body.value("biz_opaque_callback_data", "");
    if (body.value("type", "") == "template") {
        sent.template_name = body.at("template").at("name");
    } else if (body.contains("text")) {
        sent.text = body.at("text").value("body", "");
    }
    switch (fault) {
        case Fault::no_connection:
            sent.exchange = {.progress = Exchange::Progress::not_sent, .problem = "cannot connect"};
            return sent;
        case Fault::lost_after_write:
            sent.exchange = {.progress = Exchange::Progress::written, .problem = "timeout"};
            return sent;
        case Fault::throttled:
            sent.kind = Sent::Kind::refused;
            sent.exchange = {
                .progress = Exchange::Progress::answered,
                .response = answer(429, error_body(130429, "(#130429) Rate limit hit"))};
            return sent;
        case Fault::refused_500:
            sent.exchange = {
                .progress = Exchange::Progress::answered,
                .response = answer(500, error_body(131000, "(#131000) Something went wrong"))};
            return sent;
        case Fault::none:
        case Fault::taken_then_silent:
        case Fault::taken_then_500:
            break;
    }
    sent.kind = Sent::Kind::taken;
    sent.id = "wamid.SIM" + std::to_string(++ids_);
    if (fault == Fault::taken_then_silent) {
        sent.exchange = {.progress = Exchange::Progress::written, .problem = "connection reset"};
    } else if (fault == Fault::taken_then_500) {
        sent.exchange = {
            .progress = Exchange::Progress::answered,
            .response = answer(500, error_body(131000, "(#131000) Something went wrong"))};
    } else {
        sent.exchange = {.progress = Exchange::Progress::answered,
                         .response = answer(
                             200, {{"messaging_product", "whatsapp"},
                                   {"contacts", {{{"input", sent.to}, {"wa_id", digits(sent.to)}}}},
                                   {"messages", {{{"id", sent.id}}}}})};
    }
    return sent;
}

std::vector<Receipt> World::receipts(const Sent&, bool reaches, bool faults) {
    using std::chrono::seconds;
    if (!reaches) {
        return {{seconds{rng_.between(1, 30)}, "failed", 131026}};
    }
    std::vector<Receipt> all{{seconds{1}, "sent"}, {seconds{rng_.between(2, 600)}, "delivered"}};
    if (rng_.chance(60)) {
        all.push_back({seconds{rng_.between(30, 3600)}, "read"});
    }
    if (faults) {
        for (Receipt& receipt : all) {
            receipt.after = rng_.chance(30)
                                ? seconds{rng_.between(0, 2000)}
                                : receipt.after;  // out of order, or before our answer is stored
        }
        std::erase_if(all, [this](const Receipt&) { return rng_.chance(4); });
        if (!all.empty() && rng_.chance(10)) {
            all.push_back(all.front());
        }
    }
    return all;
}

std::string World::envelope(const std::string& field, const std::string& value_members) const {
    return R"({"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":")" +
           field +
           R"(","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"61491570110","phone_number_id":")" +
           line_.account.settings.at("phone_number_id") + "\"}," + value_members + "}}]}]}";
}

std::string World::status(const Sent& sent, const Receipt& receipt, core::Timestamp at) const {
    json status{{"id", sent.id},
                {"status", receipt.status},
                {"timestamp", std::to_string(seconds(at))},
                {"recipient_id", digits(sent.to)},
                {"biz_opaque_callback_data", sent.callback_data}};
    if (receipt.code != 0) {
        status["errors"] = {{{"code", receipt.code}, {"title", "Message undeliverable"}}};
    }
    return envelope("messages", "\"statuses\":[" + status.dump() + "]");
}

std::string World::reply(const std::string& phone, const std::string& name, const Reply& reply,
                         const std::string& about, core::Timestamp at) {
    const std::string wa_id = digits(phone);
    const std::string id = "IN" + std::to_string(++ids_);
    const std::string contacts =
        "\"contacts\":" + json{{{"profile", {{"name", name}}}, {"wa_id", wa_id}}}.dump() + ",";
    json m{{"from", wa_id}, {"id", "wamid." + id}, {"timestamp", std::to_string(seconds(at))}};
    switch (reply.form) {
        case Reply::Form::call:
            return envelope("calls",
                            "\"calls\":" + json{{{"id", "wacid." + id},
                                                 {"from", wa_id},
                                                 {"to", "61491570110"},
                                                 {"event", "connect"},
                                                 {"direction", "USER_INITIATED"},
                                                 {"timestamp", std::to_string(seconds(at))}}}
                                               .dump());
        case Reply::Form::preference_stop:
            return envelope("user_preferences",
                            "\"user_preferences\":" + json{{{"wa_id", wa_id},
                                                            {"detail", "stop"},
                                                            {"category", "marketing_messages"},
                                                            {"value", "stop"},
                                                            {"timestamp", seconds(at)}}}
                                                          .dump());
        case Reply::Form::reaction:
            m["type"] = "reaction";
            m["reaction"] = {{"message_id", about}, {"emoji", "\xF0\x9F\x91\x8D"}};
            break;
        case Reply::Form::voice:
            m["type"] = "audio";
            m["audio"] = {{"id", "4"}, {"mime_type", "audio/ogg"}, {"voice", true}};
            break;
        case Reply::Form::text:
            m["type"] = "text";
            m["text"] = {{"body", reply.words}};
            break;
    }
    return envelope("messages", contacts + "\"messages\":" + json::array({m}).dump());
}

HttpRequest World::sign(const std::string& body) const {
    HttpRequest request{
        .method = "POST", .url = "/webhooks/" + line_.account.id.value, .body = body};
    request.headers.push_back({"Content-Type", "application/json"});
    request.headers.push_back(
        {"X-Hub-Signature-256",
         "sha256=" + hmac_sha256_hex(line_.account.secrets.at("app_secret").front(), body)});
    return request;
}

}  // namespace warmcall::simulator
