#pragma once
// What every store has to keep, whatever it is made of. A new kind of store adds a row to stores()
// and passes.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ports/store.hpp"

namespace warmcall::conformance {

// One empty store, and the means to close it and open it again.
class Bed {
 public:
    virtual ~Bed() = default;
    virtual Store& store() = 0;
    virtual bool reopen() = 0;  // false: what this kind holds is gone when it is closed
};

struct StoreKind {
    std::string name;
    std::function<std::unique_ptr<Bed>()> make;
};

const std::vector<StoreKind>& stores();

}  // namespace warmcall::conformance
