#include "web/devices.hpp"

#include <algorithm>
#include <charconv>

#include "web/when.hpp"

namespace warmcall::web {

namespace {

constexpr std::size_t devices_per_rep_max = 20;
constexpr std::size_t address_bytes_max = 2000;
constexpr std::size_t key_bytes_max = 200;
constexpr std::size_t name_bytes_max = 80;
constexpr std::string_view mark = "push-";

std::optional<std::int64_t> stored_id(std::string_view id) {
    std::int64_t number = 0;
    if (!id.starts_with(mark))
        return std::nullopt;
    const auto [end, error] =
        std::from_chars(id.data() + mark.size(), id.data() + id.size(), number);
    return error == std::errc{} && end == id.data() + id.size() ? std::optional{number}
                                                                : std::nullopt;
}

net::Outgoing no_such_device() {
    return problem(404, "no_such_device", "There is no such phone of yours.");
}

json device_json(const Device& device, const std::vector<StoredDevice>& stored) {
    json body{{"id", device.id},
              {"way", device.way},
              {"name", device.name},
              {"after_s", std::chrono::duration_cast<std::chrono::seconds>(device.after).count()},
              {"removable", false},
              {"seen_at", nullptr},
              {"told_at", nullptr},
              {"problem", nullptr}};
    const auto id = stored_id(device.id);
    const auto at = std::find_if(stored.begin(), stored.end(),
                                 [&](const StoredDevice& d) { return id && d.id == *id; });
    if (at != stored.end()) {
        body["removable"] = true;
        body["seen_at"] = rfc3339(at->seen_at);
        if (at->told_at)
            body["told_at"] = rfc3339(*at->told_at);
        if (!at->problem.empty())
            body["problem"] = at->problem;
    }
    return body;
}

// Room for one more: the phone that was not seen for longest goes.
void make_room(Unit& unit, const core::RepId& rep, std::string_view address) {
    const auto all = unit.devices(rep);
    const bool known = std::any_of(all.begin(), all.end(),
                                   [&](const StoredDevice& d) { return d.address == address; });
    if (known || all.size() < devices_per_rep_max)
        return;
    const auto oldest = std::min_element(
        all.begin(), all.end(), [](const auto& a, const auto& b) { return a.seen_at < b.seen_at; });
    unit.remove_device(oldest->id);
}

}  // namespace

Handled list_devices(Site& site, Call& call) {
    Fields fields{json::object(), {}};
    const auto rep = acting_rep(site, call, fields);
    if (!rep)
        co_return fields.problem();
    const auto stored =
        co_await ask(site, [rep = *rep](Store& store) { return store.devices(rep); });
    json items = json::array();
    if (site.options.alerts != nullptr)
        for (const Device& device : co_await site.options.alerts->devices(*rep))
            items.push_back(device_json(device, stored));
    const std::string& key = site.options.push_public_key;
    co_return json_answer(
        200, {{"items", items}, {"push_key", key.empty() ? json(nullptr) : json(key)}});
}

Handled add_device(Site& site, Call& call) {
    auto fields = body_fields(call, {"rep", "name", "endpoint", "keys"});
    if (!fields)
        co_return bad_body(fields.error());
    const auto rep = acting_rep(site, call, *fields);
    StoredDevice device{.way = "web_push",
                        .name = fields->text("name", name_bytes_max),
                        .address = fields->text("endpoint", address_bytes_max)};
    if (fields->has("keys")) {
        Fields keys = fields->inside("keys", {"p256dh", "auth"});
        device.keys = keys.text("p256dh", key_bytes_max) + " " + keys.text("auth", key_bytes_max);
    } else {
        fields->wrong("keys", "must be there, as the browser gave them");
    }
    if (fields->good() && site.options.wrong_with_push)
        if (std::string wrong = site.options.wrong_with_push(device.address, device.keys);
            !wrong.empty())
            fields->wrong("endpoint", wrong);
    if (!fields->good() || !rep)
        co_return fields->problem();
    if (!site.options.wrong_with_push || site.options.push_public_key.empty())
        co_return problem(503, "no_push", "Notifications to browsers are not set up here.");
    device.rep = *rep;
    const std::int64_t id = co_await put(site, [device](Unit& unit, core::Timestamp now) {
        StoredDevice fresh = device;
        fresh.created_at = fresh.seen_at = now;
        make_room(unit, fresh.rep, fresh.address);
        return unit.add_device(fresh);
    });
    co_return json_answer(201, {{"id", std::string{mark} + std::to_string(id)}});
}

Handled remove_device(Site& site, Call& call) {
    Fields fields{json::object(), {}};
    const auto rep = acting_rep(site, call, fields);
    if (!rep)
        co_return fields.problem();
    const auto id = stored_id(call.parameters.at(0));
    const bool removed =
        id && co_await put(site, [id = *id, rep = *rep](Unit& unit, core::Timestamp) {
            const auto own = unit.devices(rep);
            return std::any_of(own.begin(), own.end(),
                               [&](const StoredDevice& d) { return d.id == id; }) &&
                   unit.remove_device(id);
        });
    co_return removed ? no_content() : no_such_device();
}

Handled try_device(Site& site, Call& call) {
    auto fields = body_fields(call, {"rep"});
    if (!fields)
        co_return bad_body(fields.error());
    const auto rep = acting_rep(site, call, *fields);
    if (!rep)
        co_return fields->problem();
    if (site.options.alerts == nullptr)
        co_return no_such_device();
    const Result<DeviceTrial> tried =
        co_await site.options.alerts->try_device(*rep, call.parameters.at(0));
    if (!tried)
        co_return no_such_device();
    co_return json_answer(200,
                          {{"went", tried->went},
                           {"status", tried->status == 0 ? json(nullptr) : json(tried->status)},
                           {"sentence", tried->sentence},
                           {"answer", tried->answer}});
}

}  // namespace warmcall::web
