#pragma once
// Cases as they are stored, so that what happens to somebody soon again needs no reading. Only the
// writing connection has them: nobody else changes the tables. A place for each number modulo the
// size: bounded, and neighbours never fight for one.

#include <new>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ports/store.hpp"
#include "store/sqlite/packed_case.hpp"

namespace warmcall::store {

class CaseCache {
 public:
    SharedCase find(core::ContactId id) {
        if (const auto open = open_.find(id); open != open_.end())
            return open->second.stored;
        const Place& place = places_[place_of(id)];
        if (place.id != id || place.bytes.empty())
            return nullptr;
        auto stored = std::make_shared<const core::Case>(unpacked(place.bytes));
        open(id, {stored, false});
        return stored;
    }
    void put(SharedCase stored) {
        const core::ContactId id = stored->contact.id;
        forget(id);
        open(id, {std::move(stored), true});
    }
    void forget(core::ContactId id) {
        open_.erase(id);
        if (Place& place = places_[place_of(id)]; place.id == id)
            place = {};
    }

    // What is committed stands, whatever happens here: a case there is no memory for is read again.
    void commit() noexcept {
        try {
            for (const auto& [id, open] : open_) {
                if (open.is_new)
                    places_[place_of(id)] = {id, packed(*open.stored)};
            }
        } catch (const std::bad_alloc&) {
        }
        open_.clear();
    }
    void roll_back() { open_.clear(); }  // what was put meanwhile is not what is stored

 private:
    struct Place {
        core::ContactId id{};
        std::string bytes;
    };
    struct Open {
        SharedCase stored;
        bool is_new;
    };

    void open(core::ContactId id, Open one) {
        // An import is one transaction. What was put has emptied its place, so it is read again.
        if (open_.size() >= open_max)
            open_.clear();
        open_.emplace(id, std::move(one));
    }

    static constexpr std::size_t open_max = 4'096;
    static constexpr std::size_t size = 98'304;  // about 45 MB when all are taken
    static std::size_t place_of(core::ContactId id) {
        return static_cast<std::size_t>(id.value) % size;
    }

    std::vector<Place> places_{size};
    std::unordered_map<core::ContactId, Open> open_;  // in this transaction
};

}  // namespace warmcall::store
