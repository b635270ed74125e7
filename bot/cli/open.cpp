#include "cli/open.hpp"

#include "engine/recovery.hpp"
#include "ports/system.hpp"
#include "store/registry.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace warmcall::cli {
namespace {

void take_what_is_stored(core::Plan& plan, Store& store) {
    for (const StoredTemplate& t : store.templates())
        take(plan.templates, t);
    plan.unknown_until = unknown_until(store);
}

}  // namespace

Result<Desk> Desk::open(Settings& settings, Missing missing) try {
    const std::filesystem::path file = sqlite_path(settings.store_url);
    if (file.empty()) {
        Desk equal;  // to the gateways, if there are any: it reads and writes beside them
        equal.settings_ = &settings;
        equal.store_ = make_store(settings.store_url);
        take_what_is_stored(settings.plan, *equal.store_);
        return equal;
    }
    std::error_code trouble;
    if (missing == Missing::is_an_error && !std::filesystem::exists(file, trouble))
        return Error{Errc::not_found, file.string() + ": there is no database yet"};
    Desk desk;
    desk.settings_ = &settings;
    desk.gateway_ = gateway_runs(control_path(settings.store_url));
    if (missing == Missing::is_made && !desk.gateway_)
        std::filesystem::create_directories(file.parent_path(), trouble);
    const bool only_looks = desk.gateway_ || missing == Missing::is_an_error;
    desk.store_ = only_looks ? open_sqlite(file.string(), {.access = SqliteOptions::Access::read})
                             : make_store(settings.store_url);
    take_what_is_stored(settings.plan, *desk.store_);
    return desk;
} catch (const StoreUnavailable& e) {
    return Error{Errc::unavailable, e.what()};
}

Result<json> Desk::carry_out(const json& request,
                             std::function<void(std::size_t, std::size_t)> progress) const try {
    if (gateway_)
        return ask_gateway(control_path(settings_->store_url), request);
    json answer;
    const Office office{settings_->plan, settings_->default_region, std::move(progress)};
    store_->transact(
        [&](Unit& unit) { answer = cli::carry_out(request, office, unit, SystemClock{}.now()); });
    if (answer.contains("problem"))
        return Error{Errc::refused, answer["problem"].get<std::string>()};
    if (request.value("do", "") == "erase")
        answer["left"] = store_->clean_up();
    return answer;
} catch (const StoreUnavailable& e) {
    return Error{Errc::unavailable, e.what()};
}

}  // namespace warmcall::cli
