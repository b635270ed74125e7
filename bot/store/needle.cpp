#include "store/needle.hpp"

#include "core/phone.hpp"
#include "store/fold.hpp"

namespace warmcall::store {

Needle::Needle(std::string_view search)
    : name{fold(search)}, digits{core::part_of_number(search)} {}

}  // namespace warmcall::store
