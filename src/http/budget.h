#pragma once

#include <cstddef>

namespace mr::http {

// How much of something (bytes, connections) may be held at a time: by one holder, who may be a
// part of a whole that has a bound of its own. One loop; the whole outlives its parts.
class Budget {
 public:
  explicit Budget(size_t max, Budget* whole = nullptr) : max_(max), whole_(whole) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // Takes all of it, or nothing and gives false.
  bool take(size_t count) {
    if (count > max_ - used_ || (whole_ != nullptr && !whole_->take(count))) return false;
    used_ += count;
    return true;
  }
  void give(size_t count) {
    used_ -= count;
    if (whole_ != nullptr) whole_->give(count);
  }
  size_t used() const { return used_; }

 private:
  size_t max_;
  size_t used_ = 0;
  Budget* whole_;
};

// What several servers may hold together, however it is spread over them.
struct ServerBudget {
  ServerBudget(size_t connections_max, size_t receive_memory_bytes_max)
      : connections(connections_max), receive_memory(receive_memory_bytes_max) {}

  Budget connections;
  Budget receive_memory;  // heads and bodies
};

}  // namespace mr::http
