#pragma once
// Cases as they are stored, so that what happens to somebody soon again needs no reading. Only the
// writing connection has them: nobody else changes the tables. A place for each number modulo the
// size: bounded, and neighbours never fight for one.

#include <vector>

#include "ports/store.hpp"

namespace warmcall::store {

class CaseCache {
 public:
    SharedCase find(core::ContactId id) const {
        const SharedCase& place = places_[place_of(id)];
        return place != nullptr && place->contact.id == id ? place : nullptr;
    }
    void put(SharedCase stored) {
        const core::ContactId id = stored->contact.id;
        places_[place_of(id)] = std::move(stored);
        touched_.push_back(id);
    }
    void forget(core::ContactId id) {
        if (find(id) != nullptr)
            places_[place_of(id)].reset();
    }

    void commit() { touched_.clear(); }
    void roll_back() {  // what was put meanwhile is not what is stored
        for (const core::ContactId id : touched_)
            forget(id);
        touched_.clear();
    }

 private:
    static constexpr std::size_t size = 49'152;  // about 80 MB when all are taken
    static std::size_t place_of(core::ContactId id) {
        return static_cast<std::size_t>(id.value) % size;
    }

    std::vector<SharedCase> places_{size};
    std::vector<core::ContactId> touched_;  // in this transaction
};

}  // namespace warmcall::store
