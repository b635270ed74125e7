#pragma once
// Only one process ever writes to the database. A command that has something to write while the
// gateway runs hands it over, on a socket beside the database that only the same user (or root) may
// use; without a gateway it writes itself. Both ways the same function does the work.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/plan.hpp"
#include "engine/door.hpp"
#include "ports/store.hpp"
#include "support/result.hpp"

namespace warmcall::cli {

using json = nlohmann::json;

// What the work is done with.
struct Office {
    const core::Plan& plan;
    std::string default_region;
    std::function<void(std::size_t done, std::size_t of)> progress;  // may be empty
    // Told of each person that was erased; may be empty.
    std::function<void(const Erased&)> erased{};
};

// Does one piece of work inside the caller's transaction:
//   {"do": "add_token", "name", "hash", "rep"} → {}
//   {"do": "revoke_token", "name"} → {"found": true}
//   {"do": "add_link", "hash", "rep", "valid_ms"} → {}
//   {"do": "templates", "list": [{"name", "language", "status", "category", "quality", "reason"}]}
//   → {}
//   {"do": "opt_out", "phones": ["+919876543210"], "how"} → {"unknown": ["+91…"]}
//   {"do": "reassign", "contacts": [ID], "to"} → {"moved": 12}
//   {"do": "erase", "phones": ["+919876543210"]}
//     → {"unknown": ["+91…"], "people", "records", "messages", "replies", "deliveries"}; what is to
//     be done after the commit (Door::forget(), Store::clean_up()) is the caller's, and "left" what
//     that said
//   {"do": "import", "csv", "rep", "cadence", "language"} → {"rejected": [{"line", "reason"}]}
// or {"problem": SENTENCE}; then nothing was written.
json carry_out(const json& request, const Office& office, Unit& unit, core::Timestamp now);

// "/var/lib/warmcall/warmcall.db" → "/var/lib/warmcall/warmcall.db.control"; empty for a database
// in memory, and for PostgreSQL, where every process may write.
std::filesystem::path control_path(const std::string& store_url);

// The gateway's side. Takes at most a few requests at a time, each bounded in size and time.
class Control {
 public:
    // `door` and `plan` must outlive it. `written` is called on the writing thread after every
    // piece of work: who knows something by heart looks again.
    Control(boost::asio::io_context& context, Door& door, const core::Plan& plan,
            std::string default_region, std::filesystem::path path,
            std::function<void()> written = {});
    ~Control();  // removes the socket

    Result<void> listen();
    boost::asio::awaitable<void> run();  // until stop(), or cancelled
    void stop();

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// The command's side: is a gateway running there, and what it says to a request. not_found when
// none is.
bool gateway_runs(const std::filesystem::path& path);
Result<json> ask_gateway(const std::filesystem::path& path, const json& request);

}  // namespace warmcall::cli
