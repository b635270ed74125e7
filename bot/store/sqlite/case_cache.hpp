#pragma once
// Cases as they are stored, so that what happens to somebody soon again needs no reading. Only the
// writing connection has them: nobody else changes the tables. A place for each number modulo the
// size: bounded, and neighbours never fight for one.

#include <memory>
#include <vector>

#include "core/outreach.hpp"

namespace warmcall::store {

class CaseCache {
 public:
    const core::Case* find(core::ContactId id) const {
        const auto& place = places_[place_of(id)];
        return place != nullptr && place->contact.id == id ? place.get() : nullptr;
    }
    // To be changed as the tables are.
    core::Case* change(core::ContactId id) {
        if (find(id) == nullptr)
            return nullptr;
        touched_.push_back(id);
        return places_[place_of(id)].get();
    }
    const core::Case& put(core::Case stored) {
        const core::ContactId id = stored.contact.id;
        auto& place = places_[place_of(id)];
        if (place == nullptr)
            place = std::make_unique<core::Case>(std::move(stored));
        else
            *place = std::move(stored);
        touched_.push_back(id);
        return *place;
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

    std::vector<std::unique_ptr<core::Case>> places_{size};
    std::vector<core::ContactId> touched_;  // in this transaction
};

}  // namespace warmcall::store
