#pragma once
// The database of a configuration, for the commands that look into it or write to it.

#include <memory>

#include "cli/control.hpp"
#include "ports/store.hpp"
#include "settings/settings.hpp"

namespace warmcall::cli {

// Reads for itself; writes by itself, or through the gateway when one is running.
class Desk {
 public:
    // Whether a database is made where there is none. Looking into a mistyped path must not be
    // answered with an empty list.
    enum class Missing { is_made, is_an_error };
    static Result<Desk> open(Settings& settings, Missing missing);

    Store& store() const { return *store_; }
    bool beside_gateway() const { return gateway_; }
    // One piece of work (control.hpp), in one transaction. `progress` is told when we do it
    // ourselves.
    Result<json> carry_out(const json& request,
                           std::function<void(std::size_t, std::size_t)> progress = {}) const;

 private:
    const Settings* settings_ = nullptr;
    std::unique_ptr<Store> store_;
    bool gateway_ = false;
};

}  // namespace warmcall::cli
