#include "state/state_store.h"

namespace mr::state {

Offset position_of(const std::vector<Position>& positions, std::string_view name) {
  for (const Position& position : positions) {
    if (position.name == name) return position.next;
  }
  return Offset(0);
}

}  // namespace mr::state
